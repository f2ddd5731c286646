"""`explainer ask`: what is accepted, what is sent back, what is kept and marked, and what is written about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from explainer.asking.conversation import MAX_ANSWER
from tests.endpoint.faults import Canned, Fault, Status
from tests.endpoint.proxy import Deduplicator, FaultProxy
from tests.helpers.ask import (
    BAD,
    GOOD,
    MENDABLE,
    WARNED,
    WITH_PAPER,
    ask,
    drawn_on,
    is_sent_back,
    journal,
    project,
    record,
    start,
)
from tests.helpers.support import explainer, process, write_tree

pytest.importorskip("httpx2")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.chdir(project(tmp_path / "p", "rain"))


def bad_then_good(seen: Deduplicator) -> Fault:
    return Canned(GOOD if is_sent_back(seen) else BAD)


def test_stdout_carries_the_accepted_answer_and_nothing_else(canned: FaultProxy) -> None:
    canned.script(Canned(GOOD))
    done = ask(canned, "questions/rain.yaml")
    assert (done.status, done.out) == (0, GOOD)
    assert "answer 1" in done.err
    assert "1 settled: 1 grounded" in done.err


def test_a_question_may_come_as_text_or_on_stdin(canned: FaultProxy) -> None:
    canned.otherwise = Canned(GOOD)
    assert ask(canned, "--text", "Which of Alpha and Beta falls?", "--papers", "0").status in (0, 1)
    done = explainer(
        "ask",
        "-",
        "--model",
        "m",
        "--base-url",
        canned.base_url,
        stdin=Path("questions/rain.yaml").read_bytes(),
    )
    assert done.out == GOOD


def test_what_is_asked_is_the_prompt_with_its_roles_and_the_body_of_the_options(
    canned: FaultProxy,
) -> None:
    canned.script(Canned(GOOD))
    ask(
        canned,
        "questions/rain.yaml",
        "--body",
        "temperature=0.5",
        "--body",
        "max_completion_tokens=800",
        model="gpt-x",
    )
    body = canned.seen[0].body
    prompt = explainer("build", "questions/rain.yaml", "--template", "evidence").out
    assert canned.seen[0].said == prompt
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert {key: body[key] for key in ("model", "stream", "temperature", "max_completion_tokens")} == {
        "model": "gpt-x", "stream": True, "temperature": 0.5, "max_completion_tokens": 800,
    }  # fmt: skip
    assert body["stream_options"] == {"include_usage": True}


def test_a_null_drops_a_key_that_an_endpoint_does_not_know(canned: FaultProxy) -> None:
    canned.script(Canned(GOOD))
    assert ask(canned, "questions/rain.yaml", "--body", "stream_options=null").status == 0
    assert "stream_options" not in canned.seen[0].body


def test_an_answer_that_is_not_grounded_goes_back_with_its_faults_and_is_accepted_when_it_is_mended(
    canned: FaultProxy,
) -> None:
    canned.rule(bad_then_good)
    done = ask(canned, "questions/rain.yaml", "--repair-body", "temperature=0", "--out", "out")
    assert done.status == 0
    first, second = canned.seen
    assert second.messages[:2] == first.messages
    assert second.messages[2] == {"role": "assistant", "content": BAD}
    assert "https://github.com/else/where" in second.messages[3]["content"]
    assert "Cite only these sources" in second.messages[3]["content"]
    assert ("temperature" in first.body, second.body["temperature"]) == (False, 0)
    assert Path("out/rain.answer.md").read_text() == GOOD
    kept = record(Path("out/rain.record.json"))
    assert (kept["grounded"], kept["round"], kept["fixed"]) == (True, 2, False)
    assert [one["answer"] for one in kept["candidates"][0]["rounds"]] == [BAD, GOOD]
    assert "A201" in [finding["code"] for finding in kept["candidates"][0]["rounds"][0]["findings"]]


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_it_goes_back_so_often_at_most(canned: FaultProxy, rounds: int) -> None:
    canned.rule(lambda seen: Canned(BAD + f"\nAgain {seen.number}."))
    assert ask(canned, "questions/rain.yaml", "--rounds", str(rounds)).status == 1
    assert len(canned.seen) == 1 + rounds


def test_an_answer_that_comes_back_the_same_is_not_sent_back_again(canned: FaultProxy) -> None:
    canned.otherwise = Canned(BAD)
    assert ask(canned, "questions/rain.yaml", "--rounds", "5").status == 1
    assert len(canned.seen) == 2


def test_what_stays_not_grounded_is_never_passed_off_as_good(canned: FaultProxy) -> None:
    canned.otherwise = Canned(BAD)
    done = ask(canned, "questions/rain.yaml", "--out", "out")
    assert (done.status, done.out) == (1, "")
    assert "R803" in done.err
    assert "A201" in done.err
    assert not Path("out/rain.answer.md").exists()
    assert Path("out/rain.ungrounded.md").read_text() == BAD
    assert record(Path("out/rain.record.json"))["grounded"] is False
    assert json.loads(Path("out/provenance.jsonl").read_text())["grounded"] is False
    assert explainer("check", "out/provenance.jsonl").status == 1
    assert explainer("check", "out", "--question", "questions").status == 1


def test_without_a_place_an_answer_that_is_not_grounded_is_on_stderr_alone(
    canned: FaultProxy,
) -> None:
    canned.otherwise = Canned(BAD)
    done = ask(canned, "questions/rain.yaml")
    assert (done.status, done.out) == (1, "")
    assert "else/where" in done.err


def test_its_empty_lines_are_shown_too(canned: FaultProxy) -> None:
    canned.otherwise = Canned(BAD)
    assert BAD in ask(canned, "questions/rain.yaml", "--rounds", "0").err


def test_the_best_of_the_rounds_is_kept(canned: FaultProxy) -> None:
    worse = BAD + "\nSee https://github.com/a/a and https://github.com/b/b\n"
    canned.rule(lambda seen: Canned(worse if is_sent_back(seen) else BAD))
    ask(canned, "questions/rain.yaml", "--rounds", "1", "--out", "out")
    assert Path("out/rain.ungrounded.md").read_text() == BAD
    assert record(Path("out/rain.record.json"))["round"] == 1


def test_what_is_safe_is_mended_at_last_and_the_record_says_so(
    canned: FaultProxy, tmp_path: Path
) -> None:
    project(tmp_path / "p", "snow", question=WITH_PAPER)
    canned.otherwise = Canned(MENDABLE)
    assert ask(canned, "questions/snow.yaml", "--rounds", "0", "--out", "out").status == 0
    assert Path("out/snow.answer.md").read_text() == MENDABLE.replace("waters", "water")
    kept = record(Path("out/snow.record.json"))
    assert (kept["grounded"], kept["fixed"]) == (True, True)
    assert kept["candidates"][0]["rounds"][0]["answer"] == MENDABLE
    assert (
        ask(canned, "questions/snow.yaml", "--rounds", "0", "--no-fix", "--out", "out").status == 1
    )
    assert not Path("out/snow.answer.md").exists()


def test_strict_sends_warnings_back_too(canned: FaultProxy) -> None:
    canned.otherwise = Canned(WARNED)
    assert ask(canned, "questions/rain.yaml").status == 0
    assert len(canned.seen) == 1
    done = ask(canned, "questions/rain.yaml", "--strict", "--no-fix")
    assert (done.status, done.out) == (1, "")
    assert "too bad for --strict, though it is grounded: 1 warning (A306)" in done.err
    assert len(canned.seen) == 3


def test_an_answer_that_was_cut_off_is_not_grounded(canned: FaultProxy) -> None:
    canned.otherwise = Canned(GOOD, finish_reason="length")
    assert ask(canned, "questions/rain.yaml", "--rounds", "0", "--out", "out").status == 1
    kept = record(Path("out/rain.record.json"))
    assert kept["candidates"][0]["rounds"][0]["finish_reason"] == "length"
    assert "A104" in [finding["code"] for finding in kept["findings"]]


def test_of_several_models_the_best_answer_counts_and_the_others_are_kept(
    canned: FaultProxy,
) -> None:
    texts = {"first": BAD, "second": WARNED, "third": GOOD, "fourth": GOOD}
    canned.rule(lambda seen: Canned(texts[seen.body["model"]]))
    models = [part for model in texts for part in ("--model", model)]
    assert (
        ask(
            canned, "questions/rain.yaml", *models, "--rounds", "0", "--out", "out", model=None
        ).status
        == 0
    )
    kept = record(Path("out/rain.record.json"))
    assert kept["model"] == "third"
    assert [(one["model"], one["grounded"]) for one in kept["candidates"]] == [
        ("first", False), ("second", True), ("third", True), ("fourth", True),
    ]  # fmt: skip


def test_a_model_that_fails_costs_only_its_own_answer(canned: FaultProxy) -> None:
    canned.rule(lambda seen: Status(400) if seen.body["model"] == "broken" else Canned(GOOD))
    models = ("--model", "broken", "--model", "whole")
    done = ask(canned, "questions/rain.yaml", *models, "--out", "out", model=None)
    assert done.status == 1
    assert "R801 broken did not answer: status 400" in done.err
    assert Path("out/rain.answer.md").read_text() == GOOD


def test_a_folder_gets_every_answer_its_prompt_its_record_and_their_proof(
    canned: FaultProxy, tmp_path: Path
) -> None:
    project(tmp_path / "p", "a/snow", "hail")
    canned.otherwise = Canned(GOOD)
    done = ask(canned, "questions", "--out", "out", "--report", "r.html")
    assert (done.status, done.out) == (0, "")
    names = sorted(
        path.relative_to("out").as_posix() for path in Path("out").rglob("*") if path.is_file()
    )
    each = ["answer.md", "prompt.md", "record.json"]
    about = [f"{id_}.{what}" for id_ in ("a/snow", "hail", "rain") for what in each]
    assert names == sorted([*about, "ask.journal.jsonl", "provenance.jsonl"])
    assert (
        Path("out/hail.prompt.md").read_text()
        == explainer("build", "questions/hail.yaml", "--template", "evidence").out
    )
    assert "3 of 3 answers are grounded" in Path("r.html").read_text()
    for way in (
        ("out/provenance.jsonl",),
        ("out", "--question", "questions"),
        ("out", "--prompt", "out"),
    ):
        assert explainer("check", *way).status == 0, way
    kept = record(Path("out/hail.record.json"))
    assert kept["schema"] == "explainer/ask/1"
    assert kept["answer_sha256"] == sha256(Path("out/hail.answer.md").read_bytes()).hexdigest()
    assert kept["prompt_sha256"] == sha256(Path("out/hail.prompt.md").read_bytes()).hexdigest()
    assert [source["name"] for source in kept["sources"]] == ["Beta"]
    assert {row["entry"] for row in kept["citations"]} == {"Beta"}


def test_asking_one_question_again_leaves_the_proofs_of_the_others(
    canned: FaultProxy, tmp_path: Path
) -> None:
    project(tmp_path / "p", "snow", "hail")
    canned.otherwise = Canned(GOOD)
    ask(canned, "questions", "--out", "out")
    Path("out/snow.answer.md").write_text("changed\n")
    canned.otherwise = Canned(WARNED)
    ask(canned, "questions/rain.yaml", "--out", "out", "--force")
    proofs = [json.loads(line) for line in Path("out/provenance.jsonl").read_text().splitlines()]
    assert [(proof["id"], proof["answer"]) for proof in proofs] == [
        ("hail", GOOD),
        ("rain", WARNED),
    ]
    assert explainer("check", "out/provenance.jsonl").status == 0


def test_lines_get_lines_in_the_order_of_the_source_that_check_takes(
    canned: FaultProxy, tmp_path: Path
) -> None:
    project(tmp_path / "p", "one", "two", "three")
    canned.rule(
        lambda seen: Canned(
            BAD if "two" in seen.said else GOOD, delay=0.02 if "one" in seen.said else 0
        )
    )
    assert ask(canned, "q.jsonl", "--out", "out/answers.jsonl", "--concurrency", "3").status == 1
    rows = [json.loads(line) for line in Path("out/answers.jsonl").read_text().splitlines()]
    assert [(row["id"], row["grounded"]) for row in rows] == [
        ("one", True),
        ("two", False),
        ("three", True),
    ]
    checked = explainer("check", "out/answers.jsonl", "--format", "jsonl")
    assert [json.loads(line)["grounded"] for line in checked.out.splitlines()] == [
        True,
        False,
        True,
    ]
    assert explainer("check", "out/provenance.jsonl").status == 2
    assert explainer("check", "out/answers.provenance.jsonl").status == 1
    assert len(Path("out/answers.records.jsonl").read_text().splitlines()) == 3


def test_the_report_may_go_to_stdout_when_the_answer_does_not(canned: FaultProxy) -> None:
    canned.otherwise = Canned(GOOD)
    done = ask(canned, "questions/rain.yaml", "--out", "out", "--report", "-")
    assert (done.status, done.out.startswith("<!doctype html>")) == (0, True)
    assert not Path("-").exists()


def test_one_answer_may_have_a_file_of_its_own(canned: FaultProxy) -> None:
    canned.script(Canned(BAD), Canned(BAD))
    assert ask(canned, "questions/rain.yaml", "--out", "answer.md").status == 1
    assert (Path("answer.md").exists(), Path("answer.ungrounded.md").exists()) == (False, True)
    canned.otherwise = Canned(GOOD)
    assert ask(canned, "questions/rain.yaml", "--out", "answer.md", "--force").status == 0
    assert (Path("answer.md").read_text(), Path("answer.ungrounded.md").exists()) == (GOOD, False)


def test_a_question_with_a_mistake_costs_that_question_and_is_not_paid(canned: FaultProxy) -> None:
    write_tree(Path(), {"questions/bad.yaml": "question: What?\nmodels: [Gamma]\npapers: []\n"})
    canned.otherwise = Canned(GOOD)
    done = ask(canned, "questions", "--out", "out")
    assert done.status == 1
    assert "Q401" in done.err
    assert len(canned.seen) == 1
    assert Path("out/rain.answer.md").exists()


def test_ids_that_are_one_file_are_refused_before_anything_is_paid(canned: FaultProxy) -> None:
    write_tree(
        Path(), {"questions/other.yaml": "id: RAIN\nquestion: What?\nmodels: [Beta]\npapers: []\n"}
    )
    write_tree(
        Path(), {"questions/zother.yaml": "id: rain\nquestion: What?\nmodels: [Beta]\npapers: []\n"}
    )
    write_tree(
        Path(), {"questions/zz.yaml": "id: con\nquestion: What?\nmodels: [Beta]\npapers: []\n"}
    )
    canned.otherwise = Canned(GOOD)
    done = ask(canned, "questions", "--out", "out")
    assert done.status == 1
    assert all(code in done.err for code in ("B702", "B703"))
    assert len(canned.seen) == 1


def test_a_question_that_offers_nothing_is_not_asked(canned: FaultProxy) -> None:
    write_tree(Path(), {"q.yaml": "question: What?\nmodels: []\npapers: []\n"})
    done = ask(canned, "q.yaml")
    assert (done.status, done.out, canned.seen) == (3, "", [])
    assert "A102" in done.err


@pytest.mark.parametrize("name", ["a.md", "a.jsonl"])
def test_a_folder_with_the_name_of_a_file_is_refused_before_anything_is_paid(
    canned: FaultProxy, name: str
) -> None:
    Path(name).mkdir()
    done = ask(canned, "questions/rain.yaml", "--out", name)
    assert (done.status, canned.seen) == (2, [])
    assert "this is a folder" in done.err


def test_a_line_that_offers_nothing_is_named(canned: FaultProxy) -> None:
    write_tree(Path(), {"n.jsonl": '\n\n{"question": "How?", "models": [], "papers": []}\n'})
    done = ask(canned, "n.jsonl", "--out", "out")
    assert (done.status, canned.seen) == (3, [])
    assert done.err.startswith("n.jsonl:3:1: A102")


def test_a_dry_run_says_what_it_will_be_and_neither_connects_nor_writes(
    canned: FaultProxy, tmp_path: Path
) -> None:
    project(tmp_path / "p", "snow")
    options = (
        "--rounds",
        "1",
        "--body",
        "max_tokens=100",
        "--price-in",
        "2",
        "--price-out",
        "m=10",
    )
    done = ask(canned, "questions", "--out", "out", "--dry-run", *options)
    lines = done.out.splitlines()
    assert done.status == 0
    assert lines[0] == "2 questions, 1 model, sent back 1× at most"
    assert lines[1].startswith("calls: 2 at least, 4 at most")
    assert lines[3] == "tokens out: 400 at most"
    assert lines[4].startswith("cost: 0.00")
    assert canned.seen == []
    assert not Path("out").exists()
    free = ask(canned, "questions", "--dry-run").out
    assert "no limit" in free
    assert "cost" not in free
    canned.otherwise = Canned(GOOD)
    assert (
        ask(canned, "questions/rain.yaml", "--out", "out", "--body", "max_tokens=100").status == 0
    )
    again = ask(canned, "questions", "--out", "out", "--dry-run", *options).out
    assert "calls: 1 at least, 2 at most" in again
    assert len(canned.seen) == 1


def test_a_dry_run_needs_no_endpoint_and_no_key() -> None:
    assert explainer("ask", "questions/rain.yaml", "--model", "m", "--dry-run").status == 0


def test_tokens_and_money_are_counted_and_guesses_are_marked(canned: FaultProxy) -> None:
    canned.script(Canned(GOOD), Canned(GOOD, usage=False))
    done = ask(
        canned, "questions/rain.yaml", "--out", "a", "--price-in", "1000", "--price-out", "1000"
    )
    kept = record(Path("a/rain.record.json"))
    tokens = kept["usage"]["prompt_tokens"] + kept["usage"]["completion_tokens"]
    assert kept["cost"] == pytest.approx(tokens / 1000)
    assert f"cost {tokens / 1000:.6g}" in done.err
    assert "estimated" not in kept["usage"]
    done = ask(canned, "questions/rain.yaml", "--out", "b")
    kept = record(Path("b/rain.record.json"))
    assert kept["usage"]["estimated"] is True
    assert kept["usage"]["completion_tokens"] == -(-len(GOOD) // 4)
    assert "estimated" in done.err
    assert "cost" not in kept


def test_an_answer_that_does_not_end_is_cut_off(canned: FaultProxy) -> None:
    canned.otherwise = Canned("endless " * (MAX_ANSWER // 4), pieces=64)
    assert ask(canned, "questions/rain.yaml", "--rounds", "0", "--out", "out").status == 1
    assert journal(Path("out/ask.journal.jsonl"))[0]["finish_reason"] == "length"
    assert Path("out/rain.ungrounded.md").stat().st_size == MAX_ANSWER + 1


def test_what_could_control_a_terminal_is_on_no_terminal_and_in_no_file(canned: FaultProxy) -> None:
    hostile = GOOD.replace("It falls.", "It\x1b]0;owned\x07 \x9b31mfalls\u202e.\r\nIt\rfalls.")
    canned.otherwise = Canned(hostile)
    done = ask(canned, "questions/rain.yaml")
    assert done.status == 0
    assert "R804" in done.err
    told = done.stdout + done.stderr
    assert not any(sign in told.decode() for sign in "\x1b\x07\x9b\u202e\r")
    assert ask(canned, "questions/rain.yaml", "--out", "out").status == 0
    for path in Path("out").iterdir():
        assert not any(sign.encode() in path.read_bytes() for sign in "\x1b\x07\x9b\u202e\r"), path


def test_nothing_is_written_outside_the_target_through_a_link(
    canned: FaultProxy, tmp_path: Path
) -> None:
    project(tmp_path / "p", "a/snow")
    outside = tmp_path / "outside"
    outside.mkdir()
    Path("out").mkdir()
    Path("out/a").symlink_to(outside)
    canned.otherwise = Canned(GOOD)
    done = ask(canned, "questions", "--out", "out")
    assert done.status == 2
    assert "a link in it" in done.err
    assert list(outside.iterdir()) == []


def test_findings_may_be_one_json_document(canned: FaultProxy) -> None:
    canned.otherwise = Canned(BAD)
    done = ask(canned, "questions", "--out", "out", "--findings", "json", "--rounds", "0")
    lines = done.err.partition("{")
    assert "R803" in [one["code"] for one in json.loads(lines[1] + lines[2])["findings"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give a question file"),
        (("questions",), "--base-url"),
        (("questions/rain.yaml", "--text", "x"), "give a question file"),
        (("questions", "--base-url", "http://localhost:1/v1"), "many answers need a place"),
        (
            ("questions", "--base-url", "http://localhost:1/v1", "--out", "a.md"),
            "do not fit one file",
        ),
        (("questions", "--base-url", "http://localhost:1/v1", "--out", "-"), "need a folder"),
        (("q.jsonl", "--base-url", "http://localhost:1/v1", "--out", "q.jsonl"), "overwritten"),
        (("questions/rain.yaml", "--base-url", "localhost:1/v1"), "not the URL of an endpoint"),
        (
            (
                "questions/rain.yaml",
                "--base-url",
                "http://localhost:1/v1",
                "--body",
                "stream=false",
            ),
            "set already",
        ),
        (
            ("questions/rain.yaml", "--base-url", "http://localhost:1/v1", "--price-in", "cheap"),
            "no price",
        ),
        (
            ("questions/rain.yaml", "--base-url", "http://localhost:1/v1", "--template", "answer"),
            "builds answers",
        ),
        (
            ("questions/rain.yaml", "--base-url", "http://localhost:1/v1", "--tokenizer", "o200"),
            "o200k",
        ),
        (
            ("questions/rain.yaml", "--base-url", "http://localhost:1/v1", "--report", "-"),
            "goes to stdout",
        ),
        (
            (
                "questions/rain.yaml",
                "--base-url",
                "http://localhost:1/v1",
                "--report",
                "questions/rain.yaml",
            ),
            "overwritten",
        ),
        (
            (
                "--text",
                "x",
                "--base-url",
                "http://localhost:1/v1",
                "--out",
                "a.md",
                "--report",
                "./a.md",
            ),
            "overwritten",
        ),
    ],
)
def test_wrong_usage_is_said_before_anything_is_asked(
    arguments: tuple[str, ...], said: str
) -> None:
    done = explainer(
        "ask",
        *arguments,
        "--model",
        "m",
        *(("--out", "out") if arguments == ("questions",) else ()),
    )
    assert (done.status, done.out) == (2, "")
    assert said in done.err.replace("\n", " ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--model", "\x1b[31m"),
        ("--model", ""),
        ("--model", "m", "--body", 'x="\\ud800"'),
        ("--model", "m", "--timeout", "nan"),
    ],
)
def test_what_no_record_can_hold_is_refused(arguments: tuple[str, ...]) -> None:
    done = explainer(
        "ask", "questions/rain.yaml", "--base-url", "http://localhost:1/v1", *arguments
    )
    assert done.status == 2
    assert "Traceback" not in done.err


def test_a_model_must_be_named() -> None:
    done = explainer("ask", "questions/rain.yaml", "--base-url", "http://localhost:1/v1")
    assert done.status == 2
    assert "name the model to ask" in done.err


@pytest.mark.skipif(os.name == "nt", reason="POSIX")
def test_a_terminal_shows_the_answer_as_it_comes_and_stdout_is_the_same_as_ever(
    canned: FaultProxy,
) -> None:
    import pty

    canned.otherwise = Canned(GOOD, delay=0.05, pieces=20)
    master, slave = pty.openpty()
    run = start(
        canned.base_url,
        "questions/rain.yaml",
        "--model",
        "m",
        stderr=slave,
        env={"TERM": "xterm", "COLUMNS": "30"},
    )
    os.close(slave)
    drawn = drawn_on(master)
    out, _ = run.communicate(timeout=30)
    assert (run.returncode, out.decode()) == (0, GOOD)
    assert "m answers" in drawn
    assert drawn.index("### 1. Task") < drawn.index("### 2. Workflow") < drawn.index("grounded")
    frames = [frame for frame in drawn.split("\x1b[2K") if "m answers" in frame]
    assert len(frames) > 3
    assert all(len(line) < 30 for line in frames[1].splitlines())


def test_no_escape_leaves_a_run_that_is_on_no_terminal(canned: FaultProxy) -> None:
    canned.otherwise = Canned(GOOD)
    run = start(canned.base_url, "questions", "--model", "m", "--out", "out", "-v")
    out, err = run.communicate(timeout=30)
    assert (run.returncode, out) == (0, b"")
    assert b"\x1b" not in err
    assert b"rain: m, answer 1" in err


def test_without_the_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    done = explainer(
        "ask", "questions/rain.yaml", "--model", "m", "--base-url", "http://localhost:1/v1"
    )
    assert done.status == 2
    assert "E704" in done.err
    assert "pip install 'cnaps-explainer[ask]'" in done.err


def test_start_up_needs_no_client_until_something_is_asked() -> None:
    code = "import sys; import explainer.cli.ask; sys.exit('httpx2' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ)).returncode
        == 0
    )
    assert process("ask", "--help").status == 0


def test_the_question_may_be_words(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "models: [{name: Cut, summary: Cuts things out of a photo.}]\n"
    )
    options = ("--catalog", str(tmp_path / "c.yaml"), "--model", "m", "--dry-run")
    done = explainer("ask", "Who", "cuts", "things", "out", "of", "a", "photo?", *options)
    assert (done.status, done.out) == (
        0,
        explainer("ask", "--text", "Who cuts things out of a photo?", *options).out,
    )
    assert explainer("ask", "no.yaml", *options).status == 2
    assert explainer("ask", "x" * 5000 + "?", *options).status == 1  # longer than a path can be

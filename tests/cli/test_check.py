"""`explainer check` as people and scripts call it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from explainer.__main__ import run
from tests.helpers.support import ROOT, explainer, write_tree

CASES = Path(__file__).resolve().parents[1] / "cases" / "check"
FAITHFUL = (CASES / "faithful/answer.md").read_text(encoding="utf-8")
UNDRAWABLE = CASES / "workflow-does-not-parse"
WARNED = (UNDRAWABLE / "answer.md", "--question", UNDRAWABLE / "question.yaml")
RESPELLED = (
    (CASES / "other-spelling/answer.md")
    .read_text(encoding="utf-8")
    .replace("glownet.git", "glownet")
)
QUESTION = CASES / "faithful/question.yaml"
Capture = pytest.CaptureFixture[bytes]


def entries() -> dict[str, Any]:
    import yaml

    catalog = yaml.safe_load((CASES / "catalog.yaml").read_text(encoding="utf-8"))
    return {"question": "How?", "models": catalog["models"][:1], "papers": catalog["papers"][:2]}


def check(*arguments: str | Path) -> int:
    return run(["check", *map(str, arguments)])


def test_a_faithful_answer_passes_and_a_faulty_one_fails(capfdbinary: Capture) -> None:
    assert check(CASES / "faithful/answer.md", "--question", QUESTION) == 0
    assert (
        b": grounded: all 7 citations are offered, correctly named and linked"
        in capfdbinary.readouterr().out
    )
    assert check(CASES / "foreign-link/answer.md", "--question", QUESTION) == 1
    out, err = capfdbinary.readouterr()
    assert b"A201" in out
    assert b"^^^^" in out
    assert err == b""


def test_a_prompt_is_a_door_too(tmp_path: Path, capfdbinary: Capture) -> None:
    assert run(["build", str(QUESTION), "--out", str(tmp_path / "p.txt")]) == 0
    assert check(CASES / "faithful/answer.md", "--prompt", tmp_path / "p.txt") == 0
    assert (
        check(CASES / "swapped-links/answer.md", "--prompt", tmp_path / "p.txt", "--format", "json")
        == 1
    )
    data = json.loads(capfdbinary.readouterr().out.split(b"\n", 1)[1])
    assert {finding["code"] for finding in data["findings"]} == {"A401"}


def test_lines_hold_their_own_prompt_or_question(tmp_path: Path, capfdbinary: Capture) -> None:
    rows: list[Any] = [
        {"id": "b", "answer": FAITHFUL, **entries()},
        {"id": "a", "answer": FAITHFUL.replace("2401.10000", "1706.03762"), **entries()},
        {"id": "empty", "answer": "", **entries()},
        {"id": "none", "answer": "x"},
        {"id": "b", "answer": FAITHFUL, **entries()},
        {"id": "number", "answer": 3, **entries()},
    ]
    lines = [json.dumps(row) for row in rows] + ["not json", "[]"]
    (tmp_path / "answers.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert check(tmp_path / "answers.jsonl", "--format", "jsonl") == 1
    reports = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [report["id"] for report in reports] == [
        "b",
        "a",
        "empty",
        "none",
        "b",
        "number",
        "line-7",
        "line-8",
    ]
    assert [report["grounded"] for report in reports] == [True] + [False] * 7
    codes = [
        {finding["code"] for finding in report["findings"] if finding["severity"] == "error"}
        for report in reports
    ]
    assert codes[2:] == [{"A101"}, {"A601"}, {"A603"}, {"A601"}, {"Y102"}, {"S203"}]


def test_a_folder_beside_a_folder_of_questions(tmp_path: Path, capfdbinary: Capture) -> None:
    questions, answers = tmp_path / "q", tmp_path / "a"
    for name in ("one", "deep/two", "three"):
        (questions / name).parent.mkdir(parents=True, exist_ok=True)
        (questions / f"{name}.yaml").write_text(
            QUESTION.read_text(encoding="utf-8"), encoding="utf-8"
        )
    for name in ("one.answer.md", "deep/two.md", "four.md"):
        (answers / name).parent.mkdir(parents=True, exist_ok=True)
        (answers / name).write_text(FAITHFUL, encoding="utf-8")
    assert (
        check(
            answers,
            "--question",
            questions,
            "--catalog",
            CASES / "catalog.yaml",
            "--format",
            "jsonl",
        )
        == 1
    )
    reports = {row["id"]: row for row in map(json.loads, capfdbinary.readouterr().out.splitlines())}
    assert {name: row["grounded"] for name, row in reports.items()} == {
        "deep/two": True, "four": False, "one": True, "three": False,
    }  # fmt: skip
    assert reports["four"]["findings"][0]["code"] == "A604"
    assert reports["three"]["findings"][0]["code"] == "A602"


def response(name: str, text: str | None, status: int = 200, error: Any = None) -> dict[str, Any]:
    body = {
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]
    }
    return {
        "id": "r",
        "custom_id": name,
        "response": {"status_code": status, "body": body},
        "error": error,
    }


def test_the_output_of_a_batch_is_joined_whatever_its_order(
    tmp_path: Path, capfdbinary: Capture
) -> None:
    questions = [{"id": name, **entries()} for name in ("q1", "q2", "q3", "q4")]
    (tmp_path / "q.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in questions), encoding="utf-8"
    )
    rows = [
        response("q3.3f2a9c", FAITHFUL),
        response("q1.0aa111", FAITHFUL.replace("2401", "2501")),
        response("q2.beef01", None, 500),
    ]
    (tmp_path / "out.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    assert (
        check(tmp_path / "out.jsonl", "--question", tmp_path / "q.jsonl", "--format", "jsonl") == 1
    )
    reports = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [row["id"] for row in reports] == ["q3", "q1", "q2", "q4"]
    assert [row["grounded"] for row in reports] == [True, False, False, False]
    assert [row["findings"][0]["code"] for row in reports[1:]] == ["A202", "A605", "A602"]


def test_the_output_of_a_batch_is_joined_with_its_requests(
    tmp_path: Path, capfdbinary: Capture
) -> None:
    assert (
        run(["build", str(QUESTION), "--format", "messages", "--out", str(tmp_path / "m.json")])
        == 0
    )
    messages = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    request = {
        "custom_id": "q.3f2a9c",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "m", "messages": messages},
    }
    (tmp_path / "req.jsonl").write_text(json.dumps(request) + "\n", encoding="utf-8")
    (tmp_path / "out.jsonl").write_text(
        json.dumps(response("q.3f2a9c", FAITHFUL)) + "\n", encoding="utf-8"
    )
    assert (
        check(tmp_path / "out.jsonl", "--prompt", tmp_path / "req.jsonl", "--format", "jsonl") == 0
    )
    assert (
        check(
            tmp_path / "out.jsonl", "--prompt", tmp_path / "req.manifest.jsonl", "--format", "jsonl"
        )
        == 0
    )
    assert b"false" not in capfdbinary.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 2),
        (["answer.md"], 2),
        (["missing.md", "--question", QUESTION], 2),
        ([CASES / "faithful/answer.md", "--question", "missing.yaml"], 2),
        ([CASES / "faithful/answer.md", "--question", QUESTION, "--prompt", "x"], 2),
        ([CASES / "faithful/answer.md", "--question", QUESTION, "--format", "xml"], 2),
        ([CASES / "faithful/answer.md", "--question", QUESTION, "--select", "Z9"], 2),
        ([CASES / "faithful/answer.md", "--prompt", CASES / "faithful/answer.md"], 1),
        ([CASES / "other-spelling/answer.md", "--question", QUESTION], 0),
        ([CASES / "other-spelling/answer.md", "--question", QUESTION, "--fail-on", "note"], 0),
        (
            [
                CASES / "other-spelling/answer.md",
                "--question",
                QUESTION,
                "--strict-links",
                "--fail-on",
                "note",
            ],
            1,
        ),
        ([*WARNED, "--strict"], 1),
        ([*WARNED, "--fail-on", "warning"], 1),
        ([*WARNED, "--strict", "--ignore", "A8"], 0),
        ([CASES / "foreign-link/answer.md", "--question", QUESTION, "--select", "A3"], 0),
        (
            [
                CASES / "foreign-link/answer.md",
                "--question",
                QUESTION,
                "--ignore",
                "A2",
                "--select",
                "A201",
            ],
            1,
        ),
        (
            [
                CASES / "faithful/answer.md",
                CASES / "foreign-link/answer.md",
                "--question",
                QUESTION,
            ],
            1,
        ),
        (["--explain", "a201"], 0),
        (["--explain", "A999"], 2),
    ],
)
def test_the_exit_status_says_how_it_went(
    arguments: list[str | Path], status: int, capfdbinary: Capture
) -> None:
    assert check(*arguments) == status
    assert b"Traceback" not in capfdbinary.readouterr().err


def test_nothing_to_check_is_3_and_cannot_be_ignored(tmp_path: Path) -> None:
    (tmp_path / "empty.md").write_text("\n", encoding="utf-8")
    assert check(tmp_path / "empty.md", "--question", QUESTION) == 3
    assert check(tmp_path / "empty.md", "--question", QUESTION, "--ignore", "A1") == 3
    (tmp_path / "none.jsonl").write_text("", encoding="utf-8")
    assert check(tmp_path / "none.jsonl") == 3


def test_fix_mends_what_is_safe_and_says_so(tmp_path: Path, capfdbinary: Capture) -> None:
    path = tmp_path / "answer.md"
    path.write_bytes((CASES / "other-spelling/answer.md").read_bytes().replace(b"\n", b"\r\n"))
    assert check(path, "--question", QUESTION, "--fix", "--strict-links") == 0
    assert path.read_bytes() == RESPELLED.encode().replace(b"\n", b"\r\n")
    out, err = capfdbinary.readouterr()
    assert b"fixed 1 place" in err
    assert out.count(b"A203") == 1


def test_the_repair_prompt_is_the_product(capfdbinary: Capture) -> None:
    assert check(CASES / "foreign-link/answer.md", "--question", QUESTION, "--repair-prompt") == 1
    out, _ = capfdbinary.readouterr()
    assert out.startswith(b"Your answer has these errors.")
    assert b"GitHub: https://github.com/lightlab/glownet" in out


def test_lines_of_json_are_mended_in_their_place(tmp_path: Path, capfdbinary: Capture) -> None:
    spelled = (CASES / "other-spelling/answer.md").read_text(encoding="utf-8")
    rows = [
        json.dumps({"id": "good", "answer": FAITHFUL, "n": 1.50, **entries()}),
        json.dumps({"id": "odd", "answer": spelled, **entries()}, ensure_ascii=False),
        json.dumps({**response("batch", spelled), **entries()}) + "\r",
    ]
    path = tmp_path / "answers.jsonl"
    path.write_bytes("\n".join(rows).replace("1.5", "1.50").encode())
    assert check(path, "--fix", "--strict-links", "--format", "jsonl") == 0
    lines = path.read_bytes().split(b"\n")
    # what needs no mending stays byte for byte
    assert lines[0] == rows[0].replace("1.5", "1.50").encode()
    assert json.loads(lines[1])["answer"] == RESPELLED
    assert json.loads(lines[2])["response"]["body"]["choices"][0]["message"]["content"] == RESPELLED
    assert lines[2].endswith(b"\r")
    out, err = capfdbinary.readouterr()
    assert b"fixed 2 places" in err
    assert out.count(b"A203") == 2


def test_repair_prompts_of_lines_are_lines(tmp_path: Path, capfdbinary: Capture) -> None:
    foreign = (CASES / "foreign-link/answer.md").read_text(encoding="utf-8")
    rows = [
        {"id": "good", "answer": FAITHFUL, **entries()},
        {"id": "bad", "answer": foreign, **entries()},
    ]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert check(path, "--repair-prompt") == 1
    found = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [row["id"] for row in found] == ["bad"]
    assert found[0]["text"].startswith("Your answer has these errors.")


def test_lines_on_stdin_cannot_be_mended(capfdbinary: Capture) -> None:
    assert check("-", "--fix") == 2
    assert b"have no place" in capfdbinary.readouterr().err


def test_the_output_of_our_own_batch_is_joined_with_its_manifest(
    tmp_path: Path, capfdbinary: Capture
) -> None:
    questions = [{"id": name, **entries()} for name in ("one", "deep/two", "three")]
    (tmp_path / "q.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in questions), encoding="utf-8"
    )
    requests = tmp_path / "req.jsonl"
    assert (
        run(
            [
                "batch",
                str(tmp_path / "q.jsonl"),
                "--out",
                str(requests),
                "--format",
                "openai-batch",
                "--model",
                "m",
            ]
        )
        == 0
    )
    names = [
        json.loads(line)["custom_id"] for line in requests.read_text(encoding="utf-8").splitlines()
    ]
    assert [name.startswith(own["id"]) for name, own in zip(names, questions, strict=True)] == [
        True
    ] * 3
    rows = [
        response(names[2], FAITHFUL),
        response(names[0], FAITHFUL.replace("2401.10000", "1706.03762")),
    ]
    (tmp_path / "out.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    manifests = [path for path in tmp_path.iterdir() if "manifest" in path.name]
    assert len(manifests) == 1
    capfdbinary.readouterr()
    for sources in (
        ("--prompt", requests),
        ("--prompt", manifests[0]),
        ("--question", tmp_path / "q.jsonl"),
    ):
        assert check(tmp_path / "out.jsonl", *sources, "--format", "jsonl") == 1
        found = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
        assert [row["grounded"] for row in found] == [True, False, False]
        assert [row["findings"][0]["code"] for row in found[1:]] == ["A201", "A602"]
        assert found[2]["id"].startswith("deep/two")


def test_waivers_hold_until_their_day_and_are_reviewed(
    tmp_path: Path, capfdbinary: Capture
) -> None:
    waivers = tmp_path / "waivers.yaml"
    row = "- {id: answer, code: A201, reason: agreed, until: %s}\n- {id: answer, code: A202, reason: agreed, until: 2999-01-01}\n"
    waivers.write_text(row % "2999-01-01", encoding="utf-8")
    arguments = (CASES / "foreign-link/answer.md", "--question", QUESTION, "--waivers", waivers)
    assert check(*arguments) == 0
    assert b"2 waived" in capfdbinary.readouterr().out
    waivers.write_text(row % "2001-01-01", encoding="utf-8")
    assert check(*arguments) == 1
    assert b"A702" in capfdbinary.readouterr().err
    waivers.write_text(
        "- {id: answer, code: A101, reason: x, until: 2999-01-01}\n- {id: a, code: A201}\n",
        encoding="utf-8",
    )
    assert check(*arguments) == 1
    assert capfdbinary.readouterr().err.count(b"A701") == 2


def test_a_baseline_lets_only_what_is_known_pass(tmp_path: Path, capfdbinary: Capture) -> None:
    baseline = tmp_path / "baseline.json"
    one = (CASES / "foreign-link/answer.md", "--question", QUESTION)
    assert check(*one, "--write-baseline", baseline) == 1
    assert check(*one, "--baseline", baseline) == 0
    text = (CASES / "foreign-link/answer.md").read_text(encoding="utf-8")
    (tmp_path / "answer.md").write_text(
        text.replace("lightlab/glownett", "someone/else"), encoding="utf-8"
    )
    assert check(tmp_path / "answer.md", "--question", QUESTION, "--baseline", baseline) == 1
    baseline.write_text("{}", encoding="utf-8")
    assert check(*one, "--baseline", baseline) == 1
    assert b"A701" in capfdbinary.readouterr().err


def test_a_finding_about_the_question_shows_no_line_of_the_answer() -> None:
    write_tree(Path(), {
        "c.yaml": "models: [{name: Net}]\n",
        "q.yaml": "question: How?\nmodels: [Ney]\npapers: []\ncatalog: c.yaml\n",
        "a.md": "one\ntwo\n",
    })  # fmt: skip
    outcome = explainer("check", "a.md", "--question", "q.yaml")
    assert outcome.out.splitlines()[:2] == [
        "q.yaml:2:10: Q401 unknown model 'Ney'",
        "    did you mean 'Net'?",
    ]


FAULTY = FAITHFUL.replace("2401.10000", "1706.03762")


def answers_folder(root: Path) -> Path:
    return write_tree(
        root, {"answers/a1.md": FAITHFUL, "answers/a2.md": FAULTY, "answers/deep/a3.md": FAITHFUL}
    )


def test_a_folder_of_answers_to_one_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(answers_folder(tmp_path))
    outcome = explainer("check", "answers", "--question", QUESTION)
    assert outcome.status == 1
    lines = outcome.out.splitlines()
    assert re.match(r"answers/a2\.md:\d+:\d+: A20\d ", lines[0])  # an editor opens it
    assert any(line.startswith("answers/a2.md: not grounded: ") for line in lines)
    assert lines[-1] == "3 answers checked: 2 grounded, 1 not grounded; 1 error"
    assert explainer("check", "answers", "--question", "missing.yaml").out.count("F101") == 1


def test_lines_of_answers_to_one_question(tmp_path: Path) -> None:
    rows = [{"id": "a", "answer": FAITHFUL}, {"id": "b", "answer": FAULTY}]
    write_tree(tmp_path, {"a.jsonl": "".join(json.dumps(row) + "\n" for row in rows)})
    outcome = explainer("check", tmp_path / "a.jsonl", "--question", QUESTION)
    assert outcome.status == 1
    assert re.match(rf"{re.escape(str(tmp_path))}/a\.jsonl:2:1: A20\d b:\d+:\d+: ", outcome.out)
    assert "a.jsonl:2 (b): not grounded" in outcome.out


@pytest.mark.parametrize(
    ("ending", "beginning"),
    [(".json", "{"), (".jsonl", '{"schema"'), (".sarif", '{\n  "$schema"'), (".xml", "<?xml"), (".HTML", "<!doctype"),
     (".txt", "answers")],
)  # fmt: skip
def test_the_ending_of_a_report_is_its_format_and_stderr_says_why(
    ending: str, beginning: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(answers_folder(tmp_path))
    out = tmp_path / f"report{ending}"
    outcome = explainer("check", "answers", "--question", QUESTION, "--out", out)
    assert (outcome.status, outcome.out) == (1, "")
    assert out.read_text(encoding="utf-8").lstrip().startswith(beginning)
    assert "answers/a2.md:" in outcome.err
    assert outcome.err.splitlines()[-1].startswith("3 answers checked: ")
    explainer("check", "answers", "--question", QUESTION, "--out", out, "--format", "github")
    assert out.read_text(encoding="utf-8").startswith("::error file=answers/a2.md")


def test_statistics_group_the_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(answers_folder(tmp_path))
    outcome = explainer("check", "answers", "--question", QUESTION, "--statistics")
    assert re.match(r" +1  A20\d  .+ \(in 1\)\n\ngrounded: ", outcome.out)
    assert outcome.out.splitlines()[-1].startswith("3 answers checked: ")
    assert (
        explainer(
            "check", "answers", "--question", QUESTION, "--statistics", "--format", "json"
        ).status
        == 2
    )


def test_a_byte_that_is_not_utf8_costs_one_row(tmp_path: Path) -> None:
    questions = [json.dumps({"id": name, **entries()}).encode() for name in "abc"]
    answers = [json.dumps({"id": name, "answer": FAITHFUL}).encode() for name in "abc"]
    answers[1] = answers[1].replace(b'answer": "', b'answer": "\xff', 1)
    (tmp_path / "q.jsonl").write_bytes(b"\n".join(questions))
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(answers))
    outcome = explainer(
        "check", tmp_path / "a.jsonl", "--question", tmp_path / "q.jsonl", "--format", "jsonl"
    )
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [(row["id"], row["grounded"]) for row in rows] == [
        ("a", True),
        ("b", False),
        ("c", True),
    ]
    finding = rows[1]["findings"][0]
    assert (finding["code"], finding["line"], finding["column"]) == (
        "Y101",
        2,
        answers[1].index(b"\xff") + 1,
    )
    (tmp_path / "q.jsonl").write_bytes(
        b"\n".join([questions[0], questions[1] + b"\xfe", questions[2]])
    )
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(answers[::2]))
    outcome = explainer(
        "check", tmp_path / "a.jsonl", "--question", tmp_path / "q.jsonl", "--format", "jsonl"
    )
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [row["grounded"] for row in rows] == [True, True, False]
    assert rows[2]["findings"][0]["code"] == "Y101"


def test_a_key_that_a_row_has_twice_is_an_error(tmp_path: Path) -> None:
    line = (
        json.dumps({"id": "a", **entries()})[:-1]
        + f', "answer": "bad", "answer": {json.dumps(FAITHFUL)}}}'
    )
    write_tree(tmp_path, {"a.jsonl": line})
    outcome = explainer("check", tmp_path / "a.jsonl", "--format", "json")
    assert outcome.status == 1
    assert [finding["code"] for finding in json.loads(outcome.out)["findings"]] == ["Y103"]


def test_each_choice_of_a_completion_is_judged_and_mended(tmp_path: Path) -> None:
    respelled = FAITHFUL.replace("https://arxiv.org", "http://arxiv.org")
    row = response("a", FAITHFUL)
    row["response"]["body"]["choices"] += [
        {"message": {"content": FAULTY}},
        {"message": {"content": respelled}},
    ]
    write_tree(
        tmp_path, {"a.jsonl": json.dumps(row), "q.jsonl": json.dumps({"id": "a", **entries()})}
    )
    arguments = ("check", tmp_path / "a.jsonl", "--question", tmp_path / "q.jsonl")
    outcome = explainer(*arguments, "--format", "jsonl")
    assert outcome.status == 1
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [(row["id"], row["grounded"]) for row in rows] == [
        ("a", True),
        ("a#2", False),
        ("a#3", True),
    ]
    assert explainer(*arguments, "--fix").status == 1
    choices = json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8"))["response"]["body"][
        "choices"
    ]
    assert choices[0]["message"]["content"] == FAITHFUL


def test_the_verdict_says_what_is_right_and_what_is_not(tmp_path: Path) -> None:
    ignored = explainer(
        "check", CASES / "foreign-link/answer.md", "--question", QUESTION, "--ignore", "A"
    )
    assert "offered, correctly named and linked" not in ignored.out
    assert re.search(
        r": grounded: \d of \d citations are correct(; claims .*)?$", ignored.out.rstrip()
    )
    empty = write_tree(tmp_path, {"a.md": ""}) / "a.md"
    assert (
        explainer("check", empty, "--question", QUESTION)
        .out.rstrip()
        .endswith("a.md: not grounded: 1 error")
    )
    missing = explainer("check", "missing.md", "--question", QUESTION)
    assert (missing.status, missing.out.splitlines()[-1]) == (2, "missing.md: not checked: 1 error")


def test_a_grounded_answer_with_a_refuted_statement_is_called_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT / "examples" / "project")
    outcome = explainer("check", "quoted.md", "--question", "questions/read-aloud.yaml")
    verdict = "quoted.md: grounded, but claims refuted (1 of 2 statements): 1 error and 1 note; all 6 citations are"
    assert (outcome.status, outcome.out.splitlines()[-1]) == (
        1,
        f"{verdict} offered, correctly named and linked",
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Missing argument ANSWER: give"),
        (("a.md",), "Missing option --question/--prompt: give"),
    ],
)
def test_what_is_missing_is_said_to_be_missing(arguments: tuple[str, ...], says: str) -> None:
    outcome = explainer("check", *arguments)
    assert (outcome.status, says in outcome.err) == (2, True), outcome.err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_lines_in_other_encodings_are_read_as_files_are(encoding: str, tmp_path: Path) -> None:
    text = json.dumps({"id": "ä", "answer": FAITHFUL, **entries()}, ensure_ascii=False)
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    (tmp_path / "a.jsonl").write_bytes((mark + text).encode(encoding))
    outcome = explainer("check", tmp_path / "a.jsonl", "--format", "jsonl")
    assert [row["id"] for row in map(json.loads, outcome.out.splitlines())] == ["ä"]
    assert outcome.status == 0


@pytest.mark.parametrize("command", ["check", "cite", "publish"])
@pytest.mark.parametrize(("answers", "says"), [
    (("empty", "--question", "q.yaml"), "empty:1:1: A607 no answer in the folder (.md, .txt)"),
    (("blank.jsonl",), "blank.jsonl:1:1: A607 no answer in any line"),
])  # fmt: skip
def test_where_there_is_no_answer_nothing_could_be_checked(
    command: str, answers: tuple[str, ...], says: str
) -> None:
    write_tree(
        Path(),
        {
            "empty/.hidden": "",
            "blank.jsonl": "\n",
            "q.yaml": "question: Why?\nmodels: []\npapers: []\n",
        },
    )
    write_tree(Path(), {"catalogs/c.yaml": "models:\n  - name: A\n"})
    outcome = explainer(command, *answers, *(("--out", "site") if command == "publish" else ()))
    assert outcome.status == 3
    assert says in outcome.out + outcome.err
    assert not Path("site/index.html").exists()


def test_a_fix_that_changes_nothing_and_a_warning_are_said_in_one_line_each() -> None:
    outcome = explainer("check", *WARNED, "--fix")
    assert outcome.err.startswith(
        "nothing fixed: no finding has a safe fix; correct the answer by hand, or "
    )
    assert outcome.err.count("\n") == 1
    assert re.search(
        r": grounded: 1 warning; all \d citations are offered, correctly named and linked",
        outcome.out,
    )

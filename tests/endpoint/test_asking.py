"""`explainer ask` against the real server: each of its promises, with a model that answers as badly as it can."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.endpoint.faults import Fault, Pass, Status, too_many
from tests.endpoint.grammar import grammar_for
from tests.endpoint.proxy import Deduplicator, FaultProxy
from tests.endpoint.running import KEY, Endpoint
from tests.helpers.ask import GOOD, ask, drawn_on, is_sent_back, journal, project, record, start
from tests.helpers.support import explainer, slow

pytest.importorskip("httpx2")

MODEL = Endpoint.model
SHORT = ("--body", "max_tokens=8", "--rounds", "0")
FORCED = f"grammar={grammar_for(GOOD)}"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.chdir(project(tmp_path / "p", "rain"))


def the_key_is_nowhere(*texts: bytes) -> bool:
    files = [path.read_bytes() for path in Path().rglob("*") if path.is_file()]
    return not any(KEY.encode() in text for text in (*texts, *files))


@slow
def test_a_bad_answer_is_caught_and_kept_with_what_it_took(proxy: FaultProxy) -> None:
    done = ask(
        proxy,
        "questions/rain.yaml",
        "--body",
        "max_tokens=16",
        "--rounds",
        "1",
        "--out",
        "out",
        model=MODEL,
    )
    assert (done.status, done.out) == (1, "")
    assert "R803" in done.err
    assert not Path("out/rain.answer.md").exists()
    kept = record(Path("out/rain.record.json"))
    rounds = kept["candidates"][0]["rounds"]
    assert 1 <= len(rounds) <= 2
    assert len(proxy.seen) == len(rounds)
    assert all(
        one["usage"]["prompt_tokens"] > 50 and "estimated" not in one["usage"] for one in rounds
    )
    assert all(one["findings"] for one in rounds)
    published = explainer("publish", "out", "--question", "questions/rain.yaml", "--out", "site")
    assert published.status == 1, published.err
    assert 'class="alert"' in Path("site/answers/rain.html").read_text(encoding="utf-8")
    assert the_key_is_nowhere(done.stdout, done.stderr)


def test_round_one_is_free_and_round_two_is_forced_to_be_grounded(proxy: FaultProxy) -> None:
    done = ask(
        proxy, "questions/rain.yaml", "--body", "max_tokens=12", "--repair-body", "max_tokens=100",
        "--repair-body", FORCED, "--rounds", "1", "--out", "out", "--report", "r.html", model=MODEL,
    )  # fmt: skip
    assert done.status == 0
    assert Path("out/rain.answer.md").read_text() == GOOD
    kept = record(Path("out/rain.record.json"))
    assert [one["grounded"] for one in kept["candidates"][0]["rounds"]] == [False, True]
    assert [is_sent_back(seen) for seen in proxy.seen] == [False, True]
    assert explainer("check", "out/provenance.jsonl").status == 0
    assert explainer("check", "out/rain.answer.md", "--question", "questions/rain.yaml").status == 0
    assert "The answer is grounded" in Path("r.html").read_text()
    assert the_key_is_nowhere(done.stdout, done.stderr)


@slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX")
def test_the_answer_is_seen_while_it_comes(proxy: FaultProxy) -> None:
    import pty

    proxy.otherwise = Pass(delay=0.1)
    master, slave = pty.openpty()
    run = start(
        proxy.base_url, "questions/rain.yaml", "--model", MODEL, "--body", "max_tokens=100", "--body", FORCED,
        stderr=slave, env={"TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(slave)
    drawn = drawn_on(master)
    out, _ = run.communicate(timeout=60)
    assert (run.returncode, out.decode()) == (0, GOOD)
    steps = re.split(r"\x1b\[(?:J|2K)", drawn)
    first, last = (
        [number for number, one in enumerate(steps) if part in one]
        for part in ("1. Task", "3. References")
    )
    assert first[0] < last[0], "not all at once"


@slow
def test_two_are_asked_at_once(proxy: FaultProxy, tmp_path: Path) -> None:
    project(tmp_path / "p", "snow", "hail", "sleet")
    ask(proxy, "questions", "--out", "out", "--concurrency", "2", *SHORT, model=MODEL)
    assert proxy.most_at_once == 2
    assert len(journal(Path("out/ask.journal.jsonl"))) == 4


@pytest.mark.parametrize(
    "faults",
    [
        (Pass(dies_after=3), Status(500), too_many(0)),
        pytest.param((Status(429), Pass(dies_after=0), Status(503)), marks=slow),
        pytest.param((Pass(delay=0.2),), marks=slow),
    ],
)
def test_the_answer_is_the_same_whatever_happened_on_its_way(
    proxy: FaultProxy, faults: tuple[Fault, ...]
) -> None:
    ask(proxy, "questions/rain.yaml", "--out", "straight", *SHORT, model=MODEL)
    proxy.script(*faults)
    ask(proxy, "questions/rain.yaml", "--out", "crooked", *SHORT, model=MODEL)
    straight, crooked = (
        journal(Path(name, "ask.journal.jsonl")) for name in ("straight", "crooked")
    )
    assert [row["text"] for row in crooked] == [row["text"] for row in straight]
    assert crooked[0]["attempts"] == (
        len(faults) if faults == (Pass(delay=0.2),) else len(faults) + 1
    )


def test_a_silent_server_is_asked_again(proxy: FaultProxy) -> None:
    proxy.script(Pass(delay=3.0))
    done = ask(proxy, "questions/rain.yaml", "--timeout", "2.5", *SHORT, model=MODEL)
    assert "no data for 2.5 s" in done.err
    assert len(proxy.seen) >= 2


@slow
def test_of_two_models_the_grounded_answer_is_chosen(proxy: FaultProxy) -> None:
    proxy.rule(
        lambda seen: (
            Pass(grammar=grammar_for(GOOD), max_tokens=100)
            if seen.body["model"] == "forced"
            else None
        )
    )
    models = ("--model", MODEL, "--model", "forced")
    assert (
        ask(proxy, "questions/rain.yaml", "--out", "out", *models, *SHORT, model=None).status == 0
    )
    kept = record(Path("out/rain.record.json"))
    assert kept["model"] == "forced"
    assert [one["grounded"] for one in kept["candidates"]] == [False, True]


def test_a_dry_run_asks_nothing_of_a_real_server(proxy: FaultProxy) -> None:
    done = ask(proxy, "questions", "--dry-run", *SHORT, model=MODEL)
    assert "calls: 1 at least, 1 at most" in done.out
    assert proxy.seen == []


def test_a_wrong_key_ends_with_2_and_is_said_nowhere(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-the-wrong-key-123")
    done = explainer(
        "ask",
        "questions/rain.yaml",
        "--model",
        MODEL,
        "--base-url",
        endpoint.base_url,
        "--out",
        "out",
    )
    assert done.status == 2
    assert "R802 status 401" in done.err
    assert b"sk-the-wrong-key" not in done.stdout + done.stderr


def resume_after_a_kill(
    endpoint: Endpoint,
    proxy: FaultProxy,
    count: int,
    after: int,
    running: Callable[..., subprocess.Popen[bytes]],
) -> None:
    """Kill a run and its server when so many answers are there; both come back; nothing is asked twice."""
    options = ("questions", "--out", "out", "--model", MODEL, "--concurrency", "2", *SHORT)
    file = Path("out/ask.journal.jsonl")
    run = running(proxy.base_url, *options)
    while len(journal(file)) < after and run.poll() is None:
        time.sleep(0.02)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    kept = journal(file)
    assert after <= len(kept) < count
    endpoint.restart()
    before = list(proxy.seen)
    done = ask(proxy, *options[:3], "--model", MODEL, *options[5:], model=None)
    assert (done.status, f"{count} settled" in done.err) == (1, True)
    again = proxy.seen[len(before) :]
    assert len(again) == count - len(kept)
    rows = journal(file)
    assert rows[: len(kept)] == kept
    assert len({row["key"] for row in rows}) == len(rows) == count
    # the killed one may have sent a half
    asked = Counter(seen.said for seen in proxy.seen if seen.body is not None)
    twice = [said for said, times in asked.items() if times > 1]
    assert len(twice) <= 2, "but for what was on its way when the run was killed"
    assert len(list(Path("out").glob("*.record.json"))) == count
    assert the_key_is_nowhere(done.stdout, done.stderr)
    count_before = len(proxy.seen)
    ask(proxy, *options[:3], "--model", MODEL, *options[5:], model=None)
    assert len(proxy.seen) == count_before


@slow
def test_a_killed_run_goes_on_with_a_restarted_server(
    endpoint: Endpoint, proxy: FaultProxy, tmp_path: Path
) -> None:
    project(tmp_path / "p", *(f"q{number}" for number in range(9)))
    resume_after_a_kill(endpoint, proxy, 10, 4, start)


@slow
def test_fifty_questions_survive_a_kill_and_a_restarted_server(
    endpoint: Endpoint, proxy: FaultProxy, tmp_path: Path
) -> None:
    project(tmp_path / "p", *(f"q{number}" for number in range(49)))
    resume_after_a_kill(endpoint, proxy, 50, 20, start)


@slow
def test_a_server_that_goes_away_in_the_middle_stops_the_run_and_the_next_one_goes_on(
    endpoint: Endpoint, proxy: FaultProxy, tmp_path: Path
) -> None:
    project(tmp_path / "p", "snow", "hail", "sleet")

    def end_the_server(seen: Deduplicator) -> Fault | None:
        if seen.number == 2:
            endpoint.stop()
        return None

    proxy.rule(end_the_server)
    options = ("questions", "--out", "out", "--concurrency", "1", *SHORT, "--retries", "1")
    try:
        done = ask(proxy, *options, model=MODEL)
    finally:
        endpoint.start()
    assert done.status == 1
    assert "broke off" in done.err
    kept = len(journal(Path("out/ask.journal.jsonl")))
    assert kept == 2
    proxy.forget()
    assert "4 settled" in ask(proxy, *options, model=MODEL).err
    assert len(proxy.seen) == 4 - kept


@slow
def test_lines_are_asked_and_checked_by_themselves(proxy: FaultProxy) -> None:
    done = ask(
        proxy,
        "q.jsonl",
        "--out",
        "a.jsonl",
        "--body",
        FORCED,
        "--body",
        "max_tokens=100",
        model=MODEL,
    )
    assert done.status == 0
    assert json.loads(Path("a.jsonl").read_text())["grounded"] is True
    assert explainer("check", "a.jsonl").status == 0
    assert explainer("check", "a.provenance.jsonl").status == 0

"""`explainer ask` goes on where it was: nothing that was answered is asked twice, nothing is lost, nothing is torn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from explainer.asking.outputs import JOURNAL_SCHEMA, Journal
from tests.endpoint.faults import Canned, Fault
from tests.endpoint.proxy import Deduplicator, FaultProxy
from tests.helpers.ask import BAD, GOOD, ask, is_sent_back, journal, project, start
from tests.helpers.support import SLOW, explainer

pytest.importorskip("httpx2")

COUNT = 50
JOURNAL = Path("out/ask.journal.jsonl")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.chdir(project(tmp_path / "p", *(f"q{number:02}" for number in range(COUNT))))


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that a test starts; what still runs is ended with it."""
    runs: list[subprocess.Popen[bytes]] = []
    yield runs
    for run in runs:
        run.kill()
        run.communicate()


def half_are_sent_back(seen: Deduplicator) -> Fault:
    good = is_sent_back(seen) or int(seen.said[seen.said.index("How does q") + 10 :][:2]) % 2
    return Canned(GOOD if good else BAD, delay=0.01)


def wait_for(count: int, run: subprocess.Popen[bytes]) -> None:
    while len(journal(JOURNAL)) < count and run.poll() is None:
        time.sleep(0.01)


def answers() -> dict[str, bytes]:
    """Every answer in the target, whole."""
    return {path.name: path.read_bytes() for path in Path("out").glob("*.md")}


def test_a_second_run_asks_nothing_and_changes_no_file(canned: FaultProxy) -> None:
    canned.rule(half_are_sent_back)
    options = ("questions", "--out", "out", "--concurrency", "16")
    assert ask(canned, *options).status == 0
    assert len(canned.seen) == COUNT + COUNT // 2
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in Path("out").iterdir()}
    done = ask(canned, *options)
    assert done.status == 0
    assert "0 answers paid, 75 from the journal" in done.err
    assert len(canned.seen) == COUNT + COUNT // 2
    assert {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in Path("out").iterdir()
    } == before


def test_another_prompt_another_parameter_another_model_are_asked(canned: FaultProxy) -> None:
    canned.otherwise = Canned(GOOD)
    one = ("questions/q00.yaml", "--out", "out")
    for count, more in enumerate(
        ([], ["--body", "seed=1"], ["--body", "seed=2"], ["--papers", "2"]), start=1
    ):
        ask(canned, *one, *more)
        assert len(canned.seen) == min(count, 3)
    ask(canned, *one, model="other")
    Path("questions/q00.yaml").write_text("question: What else?\nmodels: [Beta]\npapers: []\n")
    ask(canned, *one)
    assert len(canned.seen) == 5
    ask(canned, *one, "--force")
    assert len(canned.seen) == 6


def test_two_questions_with_one_prompt_are_asked_once(canned: FaultProxy) -> None:
    Path("two").mkdir()
    for name in ("a", "b"):
        Path(f"two/{name}.yaml").write_text("question: The same?\nmodels: [Beta]\npapers: []\n")
    canned.otherwise = Canned(GOOD, delay=0.02)
    assert ask(canned, "two", "--out", "out", "--catalog", "catalogs").status == 0
    assert len(canned.seen) == 1
    assert {path.name for path in Path("out").glob("*.answer.md")} == {"a.answer.md", "b.answer.md"}


@pytest.mark.parametrize("after", [1, 20, 60] if SLOW else [20])
def test_a_killed_run_goes_on_with_another_server_and_asks_nothing_twice(
    canned: FaultProxy, running: list[subprocess.Popen[bytes]], after: int
) -> None:
    canned.rule(half_are_sent_back)
    options = ("questions", "--out", "out", "--model", "m", "--concurrency", "4")
    running.append(start(canned.base_url, *options))
    wait_for(after, running[0])
    os.kill(running[0].pid, signal.SIGKILL)
    running[0].wait()
    kept = journal(JOURNAL)
    assert after <= len(kept) < COUNT + COUNT // 2
    first = len(canned.seen)
    with FaultProxy(None, Canned(GOOD)) as other:
        other.rule(half_are_sent_back)
        assert ask(other, *options[:3], *options[5:]).status == 0
        assert len(other.seen) == COUNT + COUNT // 2 - len(kept)
    assert first - len(kept) <= 4  # what was on its way when the run was killed
    rows = journal(JOURNAL)
    assert rows[: len(kept)] == kept
    assert len({row["key"] for row in rows}) == len(rows) == COUNT + COUNT // 2
    resumed = answers()
    canned.forget()
    canned.rule(half_are_sent_back)
    Path("out").rename("killed")
    assert ask(canned, *options[:3], "--concurrency", "16").status == 0
    assert answers() == resumed
    assert not [path for path in Path("killed").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("end", range(1, 200, 5 if SLOW else 29))
def test_a_torn_journal_costs_the_torn_answer_alone(canned: FaultProxy, end: int) -> None:
    canned.otherwise = Canned(GOOD)
    ask(canned, "questions/q00.yaml", "--out", "out")
    ask(canned, "questions/q01.yaml", "--out", "out")
    whole = JOURNAL.read_bytes()
    JOURNAL.write_bytes(whole[:-end])
    done = ask(canned, "questions", "--out", "out", "--dry-run")
    assert f"calls: {COUNT - 1} at least" in done.out
    assert ask(canned, "questions/q01.yaml", "--out", "out").status == 0
    assert len(canned.seen) == 3
    assert [row["text"] for row in journal(JOURNAL)] == [GOOD, GOOD]


def test_a_damaged_line_is_said_and_asked_for_again(canned: FaultProxy) -> None:
    canned.otherwise = Canned(GOOD)
    ask(canned, "questions/q00.yaml", "--out", "out")
    JOURNAL.write_bytes(JOURNAL.read_bytes().replace(b'"text"', b'"tixt"') + b"[]\n\xff\n")
    done = ask(canned, "questions/q00.yaml", "--out", "out")
    assert (done.status, len(canned.seen)) == (0, 2)
    assert "R806 warning: 3 lines" in done.err


@pytest.mark.parametrize(
    "text", ["my own notes", "my own notes\n", '{"schema": "explainer/ask-journal/99"}\n', "[]\n"]
)
def test_a_file_that_is_no_journal_is_left_as_it_is(canned: FaultProxy, text: str) -> None:
    Path("out").mkdir()
    JOURNAL.write_text(text)
    done = ask(canned, "questions/q00.yaml", "--out", "out")
    assert (done.status, canned.seen, JOURNAL.read_text()) == (2, [], text)
    assert "not a journal" in done.err


@pytest.mark.parametrize("end", [1, 20, 38])
def test_a_journal_that_is_torn_in_its_first_line_begins_anew(canned: FaultProxy, end: int) -> None:
    canned.otherwise = Canned(GOOD)
    ask(canned, "questions/q00.yaml", "--out", "out")
    JOURNAL.write_bytes(JOURNAL.read_bytes().partition(b"\n")[0][: end - 1])
    assert ask(canned, "questions/q00.yaml", "--out", "out").status == 0
    assert len(canned.seen) == 2


@pytest.mark.parametrize("target", ["a.md", "a.jsonl", "out"])
def test_what_a_killed_run_left_half_written_is_removed_and_nothing_else(
    canned: FaultProxy, target: str
) -> None:
    canned.otherwise = Canned(GOOD)
    folder = Path("out" if target == "out" else ".")
    folder.mkdir(exist_ok=True)
    answer = "q00.answer.md" if target == "out" else target
    left = folder / f".{answer}.123-0123abcd.explainer-tmp"
    others = [folder / f".{answer}.explainer-tmp.mine", Path(".b.md.123-0123abcd.explainer-tmp")]
    for path in (left, *others):
        path.write_text("half")
    assert ask(canned, "questions/q00.yaml", "--out", target).status == 0
    assert not left.exists()
    assert all(path.exists() for path in others)


def test_a_run_that_waits_leaves_the_files_of_the_one_at_work_alone(
    canned: FaultProxy, running: list[subprocess.Popen[bytes]]
) -> None:
    canned.otherwise = Canned(GOOD)
    at_work = Path("out/.q00.answer.md.1-0123abcd.explainer-tmp")
    with Journal(JOURNAL, lambda: None):
        at_work.write_text("half")
        second = start(canned.base_url, "questions/q00.yaml", "--model", "m", "--out", "out")
        running.append(second)
        assert second.stderr is not None
        assert b"waiting for another run" in second.stderr.readline()
        assert at_work.exists()


def test_an_answer_that_somebody_changed_or_removed_comes_back_without_being_asked(
    canned: FaultProxy,
) -> None:
    canned.otherwise = Canned(GOOD)
    answer, record = Path("out/q00.answer.md"), Path("out/q00.record.json")
    ask(canned, "questions/q00.yaml", "--out", "out")
    answer.write_text("changed")
    ask(canned, "questions/q00.yaml", "--out", "out")
    assert answer.read_text() == GOOD
    answer.unlink()
    record.unlink()
    ask(canned, "questions/q00.yaml", "--out", "out")
    assert answer.read_text() == GOOD
    assert record.exists()
    assert len(canned.seen) == 1


@pytest.mark.skipif(os.name == "nt", reason="POSIX")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_ends_cleanly_and_says_how_to_go_on(
    canned: FaultProxy, running: list[subprocess.Popen[bytes]], number: int, status: int
) -> None:
    canned.otherwise = Canned(GOOD, delay=0.02)
    # what runs in the background may be deaf to it
    hear = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    running.append(
        start(canned.base_url, "questions", "--out", "out", "--model", "m", preexec_fn=hear)
    )
    wait_for(5, running[0])
    running[0].send_signal(number)
    _, err = running[0].communicate(timeout=30)
    assert running[0].returncode == status
    said = err.decode()
    assert "Traceback" not in said
    assert "run it again to go on" in said
    assert f"of {COUNT} settled" in said
    assert not [path.name for path in Path("out").iterdir() if path.name.startswith(".")]
    kept = len(journal(JOURNAL))
    before = len(canned.seen)
    canned.otherwise = Canned(GOOD)
    assert ask(canned, "questions", "--out", "out").status == 0
    assert len(canned.seen) - before == COUNT - kept


def test_a_second_run_on_one_target_waits_and_finds_nothing_to_do(
    canned: FaultProxy, running: list[subprocess.Popen[bytes]]
) -> None:
    canned.otherwise = Canned(GOOD, delay=0.01)
    options = ("questions", "--out", "out", "--model", "m", "--concurrency", "8")
    running.extend(start(canned.base_url, *options) for _ in range(2))
    said = [run.communicate(timeout=60)[1].decode() for run in running]
    assert [run.returncode for run in running] == [0, 0]
    assert len(canned.seen) == COUNT
    assert sum("waiting for another run" in one for one in said) == 1


def test_a_target_that_cannot_be_written_ends_with_2_and_nothing_is_paid(
    canned: FaultProxy,
) -> None:
    Path("file").write_text("")
    done = ask(canned, "questions", "--out", "file/out")
    assert (done.status, canned.seen) == (2, [])
    assert "F105" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_stdout_is_said(canned: FaultProxy) -> None:
    canned.otherwise = Canned(GOOD)
    with Path("/dev/full").open("wb") as full:
        run = start(canned.base_url, "questions/q00.yaml", "--model", "m", stdout=full)
        _, err = run.communicate(timeout=30)
    assert run.returncode == 2
    assert b"cannot write to stdout" in err


def test_the_journal_holds_what_an_answer_took(canned: FaultProxy) -> None:
    canned.otherwise = Canned(GOOD)
    ask(canned, "questions/q00.yaml", "--out", "out")
    (row,) = journal(JOURNAL)
    assert (row["model"], row["finish_reason"], row["attempts"], row["text"]) == (
        "m",
        "stop",
        1,
        GOOD,
    )
    assert row["endpoint"] == canned.base_url
    assert row["usage"]["completion_tokens"] == len(GOOD) // 4
    assert JOURNAL_SCHEMA in JOURNAL.read_text().splitlines()[0]


def test_a_closed_terminal_is_no_traceback() -> None:
    done = explainer("ask", "questions/q00.yaml", "--model", "m", "--dry-run")
    assert done.status == 0
    run = subprocess.run(
        [sys.executable, "-m", "explainer", "ask", "questions", "--model", "m", "--dry-run"],
        stdout=subprocess.PIPE, stderr=None, preexec_fn=lambda: os.close(2), check=False,
    )  # fmt: skip
    assert run.returncode == 0

"""The command line as a process: closed pipes, full disks, other locales, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.support import ROOT, explainer, process, write_tree

QUESTION = str(ROOT / "questions" / "studio-portrait.yaml")
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX")


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONUTF8": "0"},
    ],
)
def test_bytes_are_utf8_whatever_the_locale(env: dict[str, str]) -> None:
    outcome = process("build", QUESTION, "--as", "answer", env=env)
    assert outcome.status == 0
    assert outcome.out.startswith("🧠 **User Question:**  \n")
    assert b"\r" not in outcome.stdout


@posix
def test_bytes_are_the_same_in_a_pipe_in_a_file_and_on_a_terminal(tmp_path: Path) -> None:
    import pty

    piped = process("build", QUESTION).stdout
    with (tmp_path / "out").open("wb") as out:
        subprocess.run(
            [sys.executable, "-m", "explainer", "build", QUESTION], stdout=out, check=True
        )
    assert (tmp_path / "out").read_bytes() == piped
    master, slave = pty.openpty()
    import termios

    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST  # the terminal's own rewriting of line breaks is not ours
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    with subprocess.Popen(
        [sys.executable, "-m", "explainer", "build", QUESTION],
        stdout=slave,
        env={**os.environ, "COLUMNS": "40"},
    ) as run:
        os.close(slave)
        seen = b""
        while len(seen) < len(piped):
            seen += os.read(master, 65536)
        run.wait(timeout=30)
    os.close(master)
    assert seen == piped


@posix
def test_a_closed_stdout_is_said_and_ends_with_2() -> None:
    outcome = process("build", QUESTION, preexec_fn=lambda: os.close(1))
    assert outcome.status == 2
    assert outcome.err == "Error: stdout is closed\n"


@posix
def test_a_full_disk_is_said_in_one_line_and_ends_with_2() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "explainer", "build", QUESTION],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"Error: cannot write to stdout: No space left on device\n"


@posix
def test_a_reader_that_has_gone_ends_it_silently() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "explainer", "build", QUESTION],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


@posix
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_the_shells_status(number: signal.Signals, status: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "explainer", "build", "-", "-v"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdin is not None
        _wait_until_it_reads(run.pid)
        run.send_signal(number)
        _, stderr = run.communicate(timeout=30)
    assert run.returncode == status
    assert b"Traceback" not in stderr


def _wait_until_it_reads(pid: int) -> None:
    """Wait until a process sleeps in a read of its stdin: then its modules are loaded and its handlers set."""
    import time

    for _ in range(600):
        try:
            waits = Path(f"/proc/{pid}/syscall").read_text().split()
        except OSError:
            waits = []
        if waits[:2] == ["0", "0x0"]:
            return
        time.sleep(0.05)
    pytest.skip("cannot see what the process waits for")


def test_stdin_is_not_read_unless_asked() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "explainer", "build", QUESTION],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as run:
        assert run.stdout is not None
        assert run.stdout.read().startswith(b"You are an AI scientist.")
        assert run.wait(timeout=30) == 0


def test_help_version_and_completion() -> None:
    assert process("--version").out == "explainer 0.1.0\n"
    assert "build" in process("--help").out
    assert completions("bu") == ["build"]


def completions(words: str) -> list[str]:
    """What bash offers for the last of some words."""
    words = f"explainer {words}"
    count = str(len(words.split(" ")) - 1)
    done = process(
        env={"_EXPLAINER_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": count}
    )
    assert (done.status, done.err) == (0, "")
    return done.out.split()


COMPLETIONS = {
    "build --as pr": ["prompt"],
    "build --template an": ["answer"],
    "build --template own/": ["own/mine.j2"],
    "check --ignore A90": ["A901", "A902", "A903", "A904", "A905", "A906", "A907"],
    "check --explain Y10": ["Y101", "Y102", "Y103", "Y104", "Y105", "Y106", "Y107", "Y108", "Y109"],
    "catalog lint --select L701": ["L701"],
    "catalog show Wh": ["Whisper"],
    "catalog show --catalog own/c.yaml ": ["Own", "own-paper"],
    "catalog used-by a-": ["a-paper"],
    "catalog rename W": ["Whisper"],
    "catalog list --task my": ["my-task"],
}


@pytest.mark.parametrize("words", COMPLETIONS)
def test_what_a_project_holds_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    catalog = "models: [{name: Whisper}]\npapers: [{title: A Paper}]\ntasks: [{id: my-task}]\n"
    own = "models: [{name: Own}]\npapers: [{title: Own Paper}]\n"
    write_tree(
        tmp_path, {"catalogs/c.yaml": catalog, "own/c.yaml": own, "own/mine.j2": "", "own/x.md": ""}
    )
    assert completions(words) == COMPLETIONS[words]


def test_completion_stays_silent_where_a_project_has_mistakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(
        write_tree(tmp_path, {"catalogs/c.yaml": "models: [", "explainer.toml": "x ="})
    )
    assert completions("catalog show a") == []


def test_help_of_a_command_is_asked_for_in_either_way() -> None:
    assert (
        explainer("help", "catalog", "import").out == explainer("catalog", "import", "--help").out
    )
    assert explainer("help").out == explainer("--help").out
    assert "No such command 'nix'" in explainer("help", "nix").err


def test_a_number_out_of_range_is_refused_in_plain_words() -> None:
    assert (
        "Error: Invalid value for '--models': must be 0 or more\n"
        in explainer("build", "--models", "-1", "x.yaml").err
    )
    assert (
        "Error: Invalid value for '--rounds': must be 20 or less\n"
        in explainer("ask", "--rounds", "99", "x.yaml").err
    )

from __future__ import annotations

import os
import pty
import subprocess
import sys

from explainer.cli.terminal import LiveDisplay, Progress, tail
from tests.helpers.ask import drawn_on
from tests.helpers.support import process

CODE = """
import time
from explainer.cli.terminal import LiveDisplay, Progress
progress = Progress("records")
for count in range(1, 5):
    progress.update(1000 * count, 4000)
    time.sleep(0.11)
progress.clear()
display = LiveDisplay()
display.show(lambda width: ["word " * 60, "red\\x1b[31m", f"{width} columns"], now=True)
display.clear()
"""


def test_lines_are_drawn_in_place_cut_to_the_terminal_and_gone_in_the_end() -> None:
    leader, follower = pty.openpty()
    terminal = {"TERM": "xterm", "COLUMNS": "40"}
    running = subprocess.Popen(
        [sys.executable, "-c", CODE],
        stderr=follower,
        stdout=subprocess.PIPE,
        env={**os.environ, **terminal},
    )
    os.close(follower)
    drawn = drawn_on(leader)
    assert (running.communicate()[0], running.returncode) == (b"", 0)
    assert "1,000 of 4,000 records · " in drawn
    assert drawn.count("\x1b[2K") > 3
    assert ("39 columns" in drawn, "red\\x1b[31m" in drawn, "\x1b[31m" in drawn) == (
        True,
        True,
        False,
    )
    assert all(
        len(line.rpartition("\x1b[")[2]) < 50 for line in drawn.splitlines() if "word" in line
    )
    assert drawn.rstrip("\r").endswith("\x1b[2K")


def test_nothing_is_drawn_where_there_is_no_terminal() -> None:
    assert not LiveDisplay().active
    assert not Progress().active


def test_the_end_of_a_text_fits_on_a_terminal() -> None:
    assert tail("a\n\n" + "x" * 9, 4, 3) == ["xxxx", "xxxx", "x"]
    assert tail("a\n\nb", 4, 3) == ["a", "", "b"]


def on_terminal(*arguments: str, **variables: str) -> str:
    """Everything that a command writes to a terminal."""
    leader, follower = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    running = subprocess.Popen(
        [sys.executable, "-m", "explainer", *arguments],
        stdout=follower, stderr=follower, env={**environment, "TERM": "xterm", **variables},
    )  # fmt: skip
    os.close(follower)
    written = drawn_on(leader)
    running.wait(timeout=60)
    return written.replace("\r\n", "\n")


def test_findings_have_colors_on_a_terminal() -> None:
    plain = (
        "nix.yaml:1:1: F101 no such file\n    to ask in words: explainer build --text 'nix.yaml'\n"
    )
    colored = (
        plain.replace("F101", "\x1b[31mF101\x1b[0m")
        .replace("to ask", "\x1b[2mto ask")
        .replace("l'\n", "l'\x1b[0m\n")
    )
    assert on_terminal("build", "nix.yaml") == colored
    assert on_terminal("build", "nix.yaml", NO_COLOR="1") == plain
    assert on_terminal("build", "nix.yaml", TERM="dumb") == plain
    assert on_terminal("build", "nix.yaml", NO_COLOR="") == colored
    assert process("build", "nix.yaml").err == plain


def test_what_programs_read_has_no_colors_on_a_terminal() -> None:
    assert "\x1b" not in on_terminal("build", "nix.yaml", "--findings", "json")
    assert "\x1b" not in on_terminal("build", "nix.yaml", "--findings", "github")


def test_the_findings_of_validate_and_wrong_usage_have_colors_too() -> None:
    assert "\x1b[31mF101\x1b[0m" in on_terminal("validate", "nix.yaml")
    assert "\x1b[31mError: \x1b[0mNo such option" in on_terminal("build", "--nix")
    assert "\x1b" not in process("validate", "nix.yaml").out

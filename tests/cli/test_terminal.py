from __future__ import annotations

import os
import pty
import subprocess
import sys

from explainer.cli.terminal import LiveDisplay, Progress, tail
from tests.helpers.ask import drawn_on

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
        [sys.executable, "-c", CODE], stderr=follower, stdout=subprocess.PIPE, env={**os.environ, **terminal}
    )
    os.close(follower)
    drawn = drawn_on(leader)
    assert (running.communicate()[0], running.returncode) == (b"", 0)
    assert "1,000 of 4,000 records · " in drawn
    assert drawn.count("\x1b[2K") > 3
    assert ("39 columns" in drawn, "red\\x1b[31m" in drawn, "\x1b[31m" in drawn) == (True, True, False)
    assert all(len(line.rpartition("\x1b[")[2]) < 50 for line in drawn.splitlines() if "word" in line)
    assert drawn.rstrip("\r").endswith("\x1b[2K")


def test_nothing_is_drawn_where_there_is_no_terminal() -> None:
    assert not LiveDisplay().active
    assert not Progress().active


def test_the_end_of_a_text_fits_on_a_terminal() -> None:
    assert tail("a\n\n" + "x" * 9, 4, 3) == ["xxxx", "xxxx", "x"]
    assert tail("a\n\nb", 4, 3) == ["a", "", "b"]

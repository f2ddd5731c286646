"""A line on a terminal that says how far a batch is, at which rate, and how long it will take.

A few lines at the foot of a terminal that are drawn anew, and are gone when the product comes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from explainer.diagnostics.text import printable

_EVERY: Final = 0.1
_CLEAR: Final = "\r\x1b[K"


class Progress:
    """Shows progress on stderr when that is a terminal, and nothing anywhere else."""

    def __init__(self, *, wanted: bool = True) -> None:
        self._shown = False
        self._begun = self._last = time.monotonic()
        self.active = wanted and sys.stderr is not None and sys.stderr.isatty()

    def update(self, done: int, size: int | None) -> None:
        """Say that so many questions are done, of so many if that is known."""
        now = time.monotonic()
        if not self.active or now - self._last < _EVERY:
            return
        self._last = now
        rate = done / max(now - self._begun, 1e-9)
        text = f"{done:,}"
        if size:
            text += f" of {size:,}"
        text += f" · {rate:,.0f}/s"
        if size and rate:
            text += f" · {max(size - done, 0) / rate:,.0f} s left"
        self._write(_CLEAR + text)
        self._shown = True

    def clear(self) -> None:
        """Take the line away, before anything else is said."""
        if self._shown:
            self._write(_CLEAR)
            self._shown = False

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.buffer.write(text.encode())
            sys.stderr.buffer.flush()


_DRAW_EVERY: Final = 0.1


class LiveDisplay:
    """Shows lines on stderr when that is a terminal, and nothing anywhere else."""

    def __init__(self) -> None:
        self._drawn = 0
        self._last = 0.0
        self.active = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, lines: Callable[[int], Sequence[str]], *, now: bool = False) -> None:
        """Draw some lines in the place of those before.

        Args:
            lines: makes them, for a width in columns.
            now: draw them even if others were drawn a moment ago.
        """
        moment = time.monotonic()
        if not self.active or (not now and moment - self._last < _DRAW_EVERY):
            return
        self._last = moment
        from rich.cells import set_cell_size

        size = _size()
        width = max(size.columns - 1, 10)
        fitting = lines(width)[: max(size.lines - 1, 1)]  # what has left the screen cannot be taken away
        drawn = [set_cell_size(printable(line), width).rstrip() for line in fitting]
        self._write(self._erasure() + "".join(f"{line}\n" for line in drawn))
        self._drawn = len(drawn)

    def clear(self) -> None:
        """Take the lines away, before anything else is said."""
        if self._drawn:
            self._write(self._erasure())
            self._drawn = 0

    def _erasure(self) -> str:
        return f"\x1b[{self._drawn}F\x1b[J" if self._drawn else ""

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.buffer.write(text.encode(errors="backslashreplace"))
            sys.stderr.buffer.flush()


def _size() -> os.terminal_size:
    """The size of the terminal that stderr is: stdout may be another one, or a file."""
    with contextlib.suppress(OSError, ValueError):
        size = os.get_terminal_size(sys.stderr.fileno())
        given = os.environ.get("COLUMNS", "")
        columns = int(given) if given.isdecimal() and int(given) else size.columns
        if columns and size.lines:
            return os.terminal_size((columns, size.lines))
    return shutil.get_terminal_size()


def tail(text: str, width: int, most: int) -> list[str]:
    """Return the end of a text as lines that are no wider than a terminal, and so many at most."""
    from rich.cells import chop_cells

    lines = [piece for line in text[-4 * width * most :].split("\n") for piece in chop_cells(line, width) or [""]]
    return lines[-most:]

"""A line on a terminal that says how far a batch is, at which rate, and how long it will take."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Final

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

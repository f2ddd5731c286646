"""Where something is in a text: offsets become lines and columns here, and nowhere else."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from explainer.diagnostics.text import lazy_regex

_LINE_BREAK: Final = lazy_regex(r"\r\n|\r|\n")


class Lines:
    """The lines of a text, for finding many positions in it; CR, LF and CRLF each end a line."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]

    def position(self, index: int) -> tuple[int, int]:
        """Return the line and the column (both from 1) of a character."""
        line = bisect_right(self.starts, index)
        return line, index - self.starts[line - 1] + 1


def line_column(text: str, index: int) -> tuple[int, int]:
    """Return the line and the column (both from 1) of one character of a text; see `Lines`."""
    return Lines(text).position(index)

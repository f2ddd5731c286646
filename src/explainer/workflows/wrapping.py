"""Labels on several lines, for all drawings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator


def wrapped(text: str, room: float, width: Callable[[str], float], breaks: str) -> Iterator[str]:
    """Yield the lines of a text.

    Args:
        text: the text; runs of spaces count as one.
        room: how wide a line may be.
        width: measures a text.
        breaks: the characters behind which a line may end; a word that is too wide is cut anywhere.
    """
    behind = re.escape(breaks)
    line = ""
    for word in re.findall(f"[^{behind}]*[{behind}]|[^{behind}]+", " ".join(text.split())):
        if line and width(line) + width(word.rstrip()) > room:
            yield line.rstrip()
            line = ""
        rest_of_word = word
        while width(rest_of_word.rstrip()) > room:
            cut = _fitting(rest_of_word, room, width)
            yield rest_of_word[:cut]
            rest_of_word = rest_of_word[cut:]
        line += rest_of_word
    yield line.rstrip()


def _fitting(word: str, room: float, width: Callable[[str], float]) -> int:
    """How many characters fit; one at least, so that there is an end."""
    lengths = range(len(word) - 1, 1, -1)
    return next((length for length in lengths if width(word[:length]) <= room), 1)

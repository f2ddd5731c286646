"""What Mermaid passes over before it reads a flowchart: front matter, directives and comments."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["without_comments"]

_FRONT_MATTER: Final = re.compile(
    r"\s*+---[ \t]*+\r?\n(?:(?!---[ \t]*+\r?$)[^\n]*+\n)*+---[ \t]*+(?:\r?\n|\Z)", re.MULTILINE
)
_COMMENT: Final = re.compile(r"^[ \t]*+%%(?!\{)[^\n]*+", re.MULTILINE)
_NOT_A_BREAK: Final = re.compile(r"[^\r\n]")


def without_comments(text: str) -> str:
    """Return the text with front matter, directives and comments blanked out, so that nothing moves."""
    front = _FRONT_MATTER.match(text)
    if front is not None:
        text = _blank(front.group()) + text[front.end() :]
    if "%%" not in text:
        return text
    pieces, at = [], 0
    while (start := text.find("%%{", at)) >= 0 and (end := text.find("}%%", start)) >= 0:
        pieces += [text[at:start], _blank(text[start : end + 3])]
        at = end + 3
    return _COMMENT.sub(lambda match: _blank(match.group()), "".join(pieces) + text[at:])


def _blank(text: str) -> str:
    return _NOT_A_BREAK.sub(" ", text)

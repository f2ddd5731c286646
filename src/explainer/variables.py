"""Whether a template asks for workflows: composing them costs time, and most templates do without."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

__all__ = ["asks_for_workflow"]

_TAG: Final = re.compile(r"\{[{%]((?:(?![%}]\}).)*+)", re.DOTALL)
_VARIABLE: Final = re.compile(r"\b(?:workflow|tasks|ports)\b")
_QUOTED: Final = re.compile(r"""["']([^"'\n]{1,200})["']""")
_ANY_FILE: Final = re.compile(r"\b(?:include|extends|import|from)\s++[^\s\"']")
_MOST_FILES: Final = 100


def asks_for_workflow(name: str, find: Callable[[str], str | None]) -> bool:
    """Whether a template, or one that it names, has one of the variables `workflow`, `tasks` and `ports` in a tag.

    Nothing is parsed: it may say yes for a word that is no variable, and does so where a file is not named outright.

    Args:
        name: the template.
        find: returns the source of a template, or None.
    """
    seen = {name}
    waiting = [name]
    while waiting:
        source = find(waiting.pop())
        for tag in _TAG.findall(source or ""):
            if _VARIABLE.search(tag) or _ANY_FILE.search(tag) or len(seen) > _MOST_FILES:
                return True
            new = [quoted for quoted in _QUOTED.findall(tag) if quoted not in seen]
            seen.update(new)
            waiting += new
    return False

"""A rendering → the text of a file. A format is one function and one line of `FORMATS`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from explainer.render import Rendering

__all__ = ["FORMATS", "Format"]


@dataclass(frozen=True, slots=True)
class Format:
    """One output format.

    Attributes:
        encode: makes the text of one rendering; it ends in a line break.
        suffix: the ending of its files.
        chat: it is made of roles, so it is for prompts only.
    """

    encode: Callable[[Rendering], str]
    suffix: str
    chat: bool = False


def _text(rendering: Rendering) -> str:
    return rendering.text


def _messages(rendering: Rendering) -> str:
    messages = [{"role": segment.role, "content": segment.text} for segment in rendering.segments]
    return json.dumps(messages, ensure_ascii=False, indent=2) + "\n"


FORMATS: Final[dict[str, Format]] = {
    "text": Format(_text, ".md"),
    "messages": Format(_messages, ".json", chat=True),
}

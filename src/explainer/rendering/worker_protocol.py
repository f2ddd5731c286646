"""How renderings travel from the process that made them: a piece of text that comes again is sent once.

A message is a line of JSON and the texts whose sizes it gives, one after the other. For each rendering it has a
finding, or the parts: a role, and numbers. A number is that of a piece which both sides know, or `ONCE`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from explainer.diagnostics.finding import Finding, Location

if TYPE_CHECKING:
    from explainer.rendering.renderer import Parts

ONCE: Final = -1
_MOST_PIECES: Final = 50_000
_MOST_CHARACTERS: Final = 16 * 1024 * 1024


class Sender:
    """Makes messages, and knows which pieces the other side has."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._seen: set[int] = set()
        self._characters = 0

    def message(self, outcomes: Sequence[Parts | Finding]) -> list[bytes]:
        """Return the bytes of a message about some renderings."""
        forget = len(self._numbers) > _MOST_PIECES or self._characters > _MOST_CHARACTERS
        if forget:
            self._numbers.clear()
            self._characters = 0
        if forget or len(self._seen) > _MOST_PIECES:
            self._seen.clear()
        new: list[bytes] = []
        once: list[bytes] = []
        heads: list[Any] = []
        for outcome in outcomes:
            if isinstance(outcome, Finding):
                place = outcome.location
                where = (place.file, place.line, place.column)
                heads.append({"finding": (outcome.code, *where, outcome.message, outcome.hint)})
            else:
                heads.append([(role, self._sequence(pieces, new, once)) for role, pieces in outcome])
        sizes = {"new": [len(text) for text in new], "once": [len(text) for text in once]}
        head = {"forget": forget, **sizes, "heads": heads}
        return [json.dumps(head).encode(), b"\n", *new, *once]

    def _sequence(self, pieces: list[str], new: list[bytes], once: list[bytes]) -> list[int]:
        try:
            return [self._numbers[piece] for piece in pieces]
        except KeyError:
            return [self._number(piece, new, once) for piece in pieces]

    def _number(self, piece: str, new: list[bytes], once: list[bytes]) -> int:
        number = self._numbers.get(piece)
        if number is not None:
            return number
        hash_ = hash(piece)
        if hash_ not in self._seen:
            self._seen.add(hash_)
            once.append(piece.encode())
            return ONCE
        number = self._numbers[piece] = len(self._numbers)
        self._characters += len(piece)
        new.append(piece.encode())
        return number


def size_of(head: dict[str, Any]) -> int:
    """Return how many bytes of text follow the line of a message."""
    return int(sum(head["new"]) + sum(head["once"]))


class Receiver:
    """Takes messages apart, and keeps the pieces that come again."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def outcomes(self, head: dict[str, Any], texts: bytes) -> list[Parts | Finding]:
        """Return the renderings that a message is about."""
        if head["forget"]:
            self._pieces.clear()
        at = 0
        for size in head["new"]:
            self._pieces.append(texts[at : at + size].decode())
            at += size
        once = []
        for size in head["once"]:
            once.append(texts[at : at + size].decode())
            at += size
        inline = iter(once)
        known = self._pieces
        outcomes: list[Parts | Finding] = []
        for one in head["heads"]:
            if isinstance(one, dict):
                code, file, line, column, message, hint = one["finding"]
                outcomes.append(Finding(code, Location(file, line, column), message, hint))
            else:
                parts: Parts = []
                for role, numbers in one:
                    parts.append((role, [known[number] if number >= 0 else next(inline) for number in numbers]))
                outcomes.append(parts)
        return outcomes

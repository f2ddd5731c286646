"""Keeps a key out of everything that is shown or written, also where a server says it back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

# Characters of a key that is worth hiding: local servers take any word, such as `none`, and answers hold words.
SHORTEST: Final = 8

HIDDEN: Final = "[key]"  # stands in the place of a key


# Characters of a key that are worth hiding when they come without the others.
_RUN: Final = 12
# A character as servers send it back: percent-encoded, once or more often; a reference of HTML; an escape of JSON.
_ENCODED: Final = re.compile(
    r"%(?:25){0,3}(?P<percent>[0-9A-Fa-f]{2})|&#0{0,6}(?P<decimal>[0-9]{1,3});|&#[xX]0{0,6}(?P<hex>[0-9A-Fa-f]{1,2});"
    r"|&(?P<name>amp|lt|gt|quot|apos);|\\u00(?P<unit>[0-9A-Fa-f]{2})|\\x(?P<byte>[0-9A-Fa-f]{2})|\\(?P<sign>[\\/\"'])"
)
_NAMES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
# What may be the beginning of such a character, at the end of a piece of text.
_HALF: Final = re.compile(r"(?:%[0-9A-Fa-f]{0,7}|&[#\w]{0,9}|\\[ux]?[0-9A-Fa-f]{0,3})\Z", re.ASCII)


class _Decoded(NamedTuple):
    """A text with its encoded characters decoded, and where each character begins in it; the last place is its end."""

    text: str
    places: Sequence[int]


def _decoded(text: str) -> _Decoded:
    if _ENCODED.search(text) is None:
        return _Decoded(text, range(len(text) + 1))
    pieces, places, end = list[str](), list[int](), 0
    for match in _ENCODED.finditer(text):
        pieces += (text[end : match.start()], _character(match))
        places += range(end, match.start() + 1)
        end = match.end()
    places += range(end, len(text) + 1)
    return _Decoded("".join([*pieces, text[end:]]), places)


def _character(match: re.Match[str]) -> str:
    kind, value = match.lastgroup or "", match[match.lastgroup or 0]
    if kind == "name":
        return _NAMES[value]
    if kind == "sign":
        return value
    return chr(int(value, 10 if kind == "decimal" else 16))


class Redactor:
    """Replaces a key, and every run of twelve of its characters, in all the forms in which they may come back.

    Args:
        key: the key; None or a short one hides nothing.
    """

    def __init__(self, key: str | None) -> None:
        self._key = key if key is not None and len(key) >= SHORTEST else ""
        self._size = min(_RUN, len(self._key))
        self._runs = {self._key[at : at + self._size] for at in range(len(self._key) - self._size + 1)}
        self._pattern = re.compile("|".join(map(re.escape, sorted(self._runs))))

    def __call__(self, text: str) -> str:
        """Return the text without the key."""
        if not self._key:
            return text
        decoded = _decoded(text)
        pieces, end = list[str](), 0
        for begin, behind in self._found(decoded.text):
            pieces += (text[end : decoded.places[begin]], HIDDEN)
            end = decoded.places[behind]
        return "".join([*pieces, text[end:]])

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Where characters of the key stand in a text, each run of them as a whole."""
        position = 0
        while match := self._pattern.search(text, position):
            position = match.end()
            while text[position + 1 - self._size : position + 1] in self._runs and position < len(text):
                position += 1
            yield match.start(), position

    def waits(self, text: str) -> int:
        """Return how many characters at the end of a text may be a part of the key that goes on."""
        if not self._key:
            return 0
        half = _HALF.search(text)
        whole = text[: half.start()] if half else text
        decoded = _decoded(whole)
        size = 0
        while size < len(decoded.text) and decoded.text[-size - 1 :] in self._key:
            size += 1
        return len(text) - decoded.places[len(decoded.text) - size]


NO_REDACTION: Final = Redactor(None)


class StreamRedactor:
    """Redacts a text that comes in pieces: what may be a part of the key waits for the next piece."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact
        self._waiting = ""

    def feed(self, piece: str) -> str:
        """Return what of the text so far is safe to show."""
        text = self._waiting + piece
        safe = len(text) - self._redact.waits(text)
        self._waiting = text[safe:]
        return self._redact(text[:safe])

    def finish(self) -> str:
        """Return what waited, when nothing follows."""
        text, self._waiting = self._waiting, ""
        return self._redact(text)


def public_url(url: str) -> str:
    """Return a URL as it may be shown: without a user, a password, a query and a fragment."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" * bool(parts.port)
    except ValueError:
        return "(not a URL)"
    host = parts.hostname
    if not host:
        return parts.path
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{parts.path}"

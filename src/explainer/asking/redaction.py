"""Keeps a key out of everything that is shown or written, also where a server says it back.

What comes from a server is redacted where it comes in, as values: what is made of it later has no key in it, and what
this program writes itself is never taken for one, whatever word the key is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.entities import html5
from itertools import chain
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

# Characters of a key that is worth hiding: local servers take any word, such as `none`, and answers hold words.
SHORTEST: Final = 8

HIDDEN: Final = "[key]"  # stands in the place of a key


# Characters of a key that are worth hiding when they come without the others.
_RUN: Final = 12
# How often a text is decoded: references of HTML, percent-encoded, in JSON, are decoded three times.
_LAYERS: Final = 6
# What nobody sees of a text when it is shown: it may stand between the characters of a key.
_UNSEEN: Final = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Of text in Markdown or HTML, nobody sees these either: emphasis, code, tags and comments.
_DROPPED: Final = re.compile(rf"[{_UNSEEN}*`~]+|<[^<>\n]{{0,60}}>")
# Characters that look like those of keys: other hyphens, and the full width of East Asian type.
_LOOKS: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2212\ufe63"), "-") | {
    code + 0xFEE0: chr(code) for code in range(ord("!"), ord("~") + 1)
}
# The named references of HTML to what keys are made of, or to what nobody sees; some also without their semicolon.
_NAMES: Final = {
    name: value
    for name, value in html5.items()
    if value.isascii() or (len(value) == 1 and (ord(value) in _LOOKS or _DROPPED.match(value)))
}
# A character as servers send it back: percent-encoded UTF-8; a reference of HTML, for which browsers need no semicolon;
# an escape of JSON, of Markdown or of a programming language.
_ENCODED: Final = re.compile(
    r"(?P<percent>%[0-7][0-9A-Fa-f]|%[C-Fc-f][0-9A-Fa-f](?:%[89ABab][0-9A-Fa-f]){1,3})"
    r"|&(?:#(?P<decimal>[0-9]{1,64});?|#[xX](?P<hex>[0-9A-Fa-f]{1,64});?"
    rf"|(?P<name>{'|'.join(sorted(_NAMES, reverse=True))}))"
    r"|\\(?:u(?P<unit>[0-9A-Fa-f]{4})|u\{(?P<braced>[0-9A-Fa-f]{1,8})\}|U(?P<long>[0-9A-Fa-f]{8})"
    r"|x(?P<byte>[0-9A-Fa-f]{2})|(?P<octal>[01][0-7]{2})|(?P<sign>[!-/:-@\[-`{-~]))"
)
# of the numbers of characters; all others are hexadecimal
_BASES: Final = {
    "decimal": 10,
    "octal": 8,
}
# What may be the beginning of such a character, or of a tag, at the end of a piece of text, and how far back it is
# looked for.
_HALF: Final = re.compile(
    r"(?:%[0-9A-Fa-f]?(?:[0-9A-Fa-f](?:%[0-9A-Fa-f]{0,2}){0,3})?|&#?\w{0,66}|\\[uUx]?[{0-9A-Fa-f]{0,9}|<[^<>\n]{0,60})\Z",
    re.ASCII,
)
_LONGEST_HALF: Final = 80
# How much of a text that comes in pieces waits at most, by characters of the key: each may be encoded twice, with what
# nobody sees beside it. What is kept back is decoded again with each piece.
_LONGEST_WAIT: Final = 40


class _Decoded(NamedTuple):
    """A text, decoded so far, and where each of its characters was in the beginning; the last place is its end."""

    text: str
    places: Sequence[int]


def _layers(text: str, *, goes_on: bool = False) -> Iterator[_Decoded]:
    """A text as it came, and decoded once, twice and so on, while there is something to decode.

    Of a text that goes on, a character that may not be complete yet is left out each time.
    """
    layer = _Decoded(text, range(len(text) + 1))
    for _ in range(_LAYERS + 1):
        half = (
            _HALF.search(layer.text, max(0, len(layer.text) - _LONGEST_HALF)) if goes_on else None
        )
        if half:
            layer = _Decoded(layer.text[: half.start()], layer.places[: half.start() + 1])
        yield layer
        if _ENCODED.search(layer.text) is None:
            return
        layer = _replaced(layer, _ENCODED, _meant)


def _as_seen(layer: _Decoded) -> _Decoded:
    """A text without what nobody sees of it when it is shown."""
    return _replaced(_Decoded(layer.text.translate(_LOOKS), layer.places), _DROPPED, lambda _: "")


def _replaced(
    layer: _Decoded, pattern: re.Pattern[str], meant: Callable[[re.Match[str]], str]
) -> _Decoded:
    text, places, end = list[str](), list[int](), 0
    for match in pattern.finditer(layer.text):
        characters = meant(match)
        text += (layer.text[end : match.start()], characters)
        places += layer.places[end : match.start()]
        places += [layer.places[match.start()]] * len(characters)
        end = match.end()
    return _Decoded("".join([*text, layer.text[end:]]), [*places, *layer.places[end:]])


def _meant(match: re.Match[str]) -> str:
    """The character that an encoded one means; what means none stays."""
    form = match.lastgroup or ""
    if form == "name":
        return _NAMES[match[form]]
    if form == "sign":
        return match[form]
    if form == "percent":
        return bytes.fromhex(match[form].replace("%", "")).decode("utf-8", "replace")
    number = int(match[form], _BASES.get(form, 16))
    return chr(number) if number <= sys.maxunicode else match[0]


class _Runs:
    """Finds the runs of some characters of a key in a text."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._size = min(_RUN, len(key))
        self._runs = {key[start : start + self._size] for start in range(len(key) - self._size + 1)}
        self._pattern = re.compile("|".join(map(re.escape, sorted(self._runs))))

    def spans(self, layer: _Decoded) -> Iterator[tuple[int, int]]:
        """Yield where characters of the key were in the beginning, each run of them as a whole."""
        text, position = layer.text, 0
        while match := self._pattern.search(text, position):
            position = match.end()
            while text[position + 1 - self._size : position + 1] in self._runs and position < len(
                text
            ):
                position += 1
            yield layer.places[match.start()], layer.places[position]

    def end_of_safe(self, layer: _Decoded) -> int:
        """Return where the end of a text began that may be a part of the key."""
        begin = len(layer.text)
        while begin and layer.text[begin - 1 :] in self._key:
            begin -= 1
        return layer.places[begin]


class Redactor:
    """Replaces a key, and every run of twelve of its characters, in all the forms in which they may come back.

    Args:
        key: the key; None or a short one hides nothing.
    """

    def __init__(self, key: str | None) -> None:
        self._key = key if key is not None and len(key) >= SHORTEST else ""
        self._runs = _Runs(self._key)
        shown = _as_seen(_Decoded(self._key, range(len(self._key) + 1))).text
        # a key of nothing but what nobody sees would be found everywhere
        self._seen_runs = _Runs(shown if len(shown) >= SHORTEST else self._key)

    def __call__(self, text: str) -> str:
        """Return the text without the key."""
        if not self._key:
            return text
        pieces, end = list[str](), 0
        for begin, behind in sorted(chain.from_iterable(map(self._spans, _layers(text)))):
            if begin >= end:  # else it was found in another layer, too
                pieces += (text[end:begin], HIDDEN)
            end = max(end, behind)
        return "".join([*pieces, text[end:]])

    def values(self, data: Any) -> Any:
        """Return plain data without the key in its strings and in the keys of its mappings."""
        if isinstance(data, str):
            return self(data)
        if isinstance(data, Mapping):
            return dict(zip(map(self.values, data), map(self.values, data.values()), strict=True))
        if isinstance(data, list):
            return list(map(self.values, data))
        return data

    def _spans(self, layer: _Decoded) -> Iterator[tuple[int, int]]:
        yield from self._runs.spans(layer)
        yield from self._seen_runs.spans(_as_seen(layer))

    def waits(self, text: str) -> int:
        """Return how many characters at the end of a text may be a part of the key that goes on."""
        if not self._key:
            return 0
        waiting = len(text) - min(map(self._end_of_safe, _layers(text, goes_on=True)))
        return min(waiting, _LONGEST_WAIT * max(len(self._key), 4 * _RUN))

    def _end_of_safe(self, layer: _Decoded) -> int:
        return min(self._runs.end_of_safe(layer), self._seen_runs.end_of_safe(_as_seen(layer)))


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

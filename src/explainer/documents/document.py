"""What reading a text gives: plain data, its findings, and the way back from every value to its line and column."""

from __future__ import annotations

import codecs
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from operator import getitem
from typing import Any, Final, TypeAlias, TypeGuard

from msgspec import Struct

from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import (
    describe_character,
    invisible_characters,
    is_plain,
    lazy_regex,
    refused_characters,
)

KeyPath: TypeAlias = tuple[str | int, ...]

MAX_DEPTH: Final = 32
"""Levels of nesting that a text may have; a catalog needs four."""

_BOMS: Final = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
# Bytes that are not UTF-8 stand in a text that was decoded with `surrogateescape` as these characters (PEP 383).
_UNDECODED: Final = lazy_regex("[\udc80-\udcff]")
_FIRST_UNDECODED: Final = 0xDC00
_LINE_BREAK: Final = lazy_regex(r"\r\n|\r|\n")


class Lines:
    """The lines of a text, for finding many positions in it; CR, LF and CRLF each end a line."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]

    def position(self, index: int) -> tuple[int, int]:
        """Return the line and the column (both from 1) of a character."""
        line = bisect_right(self.starts, index)
        return line, index - self.starts[line - 1] + 1

    def index(self, line: int, column: int) -> int:
        """Return the character at a position: the other way round."""
        return self.starts[line - 1] + column - 1


def line_column(text: str, index: int) -> tuple[int, int]:
    """Return the line and the column (both from 1) of one character of a text; see `Lines`."""
    return Lines(text).position(index)


class Spans(Struct):
    """Where values and keys begin, by path: (line, column), both from 1.

    Attributes:
        values: the values.
        keys: the keys.
        verbatim: how many characters, such as a quote, stand before the text of those that stand there as they are.
    """

    values: dict[KeyPath, tuple[int, int]] = {}
    keys: dict[KeyPath, tuple[int, int]] = {}
    verbatim: dict[KeyPath, int] = {}


class Document(Struct):
    """Plain data read from one text.

    Attributes:
        file: the name that findings give it.
        data: the value; None when the text holds none.
        findings: what is wrong with the text itself.
        readable: False when nothing, or only a part, could be read.
        unreliable: paths whose value stands for something refused: what else is wrong there is not worth saying.
        is_yaml: whether it is written in YAML, not in JSON or TOML: hints say what to type.
        find_spans: computes the positions. It reads the text again, on demand: success pays nothing for positions.
    """

    file: str
    data: Any = None
    findings: list[Finding] = []
    readable: bool = True
    unreliable: set[KeyPath] = set()
    is_yaml: bool = True
    find_spans: Callable[[], Spans] = Spans
    _spans: Spans | None = None

    @property
    def spans(self) -> Spans:
        """The positions, computed when they are first asked for."""
        if self._spans is None:
            self._spans = self.find_spans()
        return self._spans

    def locate(self, path: Sequence[str | int], *, key: bool = False) -> Location:
        """Return where a value is, or the nearest value around it if there is none at that path.

        Args:
            path: keys and indexes from the top; steps that lead nowhere are passed over.
            key: point at the key of the last step, not at its value.
        """
        nearest: KeyPath = ()
        for step in path:
            if (*nearest, step) in self.spans.values:
                nearest = (*nearest, step)
        place = self.spans.values.get(nearest, (1, 1))
        if key:
            place = self.spans.keys.get(nearest, place)
        return Location(self.file, *place)

    def report(
        self, code: str, path: Sequence[str | int], message: str, hint: str | None = None, *, key: bool = False,
        text: str = "",
    ) -> None:  # fmt: skip
        """Add a finding about the value (or the key) at a path, unless that value was refused already."""
        # A refused value has its finding already; what else is wrong with it would only repeat that.
        if not self.is_unreliable(path):
            self.findings.append(Finding(code, self.locate(path, key=key), message, hint, text))

    def report_within(
        self,
        code: str,
        path: Sequence[str | int],
        text: str,
        offset: int,
        message: str,
        hint: str | None = None,
    ) -> None:
        """Add a finding about a character of a text value; in a value that is quoted or folded, about the value.

        Args:
            code: the rule.
            path: where the value is.
            text: the value.
            offset: the character, from 0.
            message: what is wrong.
            hint: what to do about it.
        """
        if not self.is_unreliable(path):
            self.findings.append(
                Finding(code, self._locate_within(tuple(path), offset), message, hint, text)
            )

    def _locate_within(self, path: KeyPath, offset: int) -> Location:
        place = self.locate(path)
        before = self.spans.verbatim.get(path)
        if before is None:
            return place
        return Location(place.file, place.line, place.column + before + offset)

    def is_unreliable(self, path: Sequence[str | int]) -> bool:
        """Whether the value at a path, or one around it, was refused already."""
        around = (tuple(path[:end]) for end in range(len(path) + 1))
        return not self.unreliable.isdisjoint(around)


def decode(raw: bytes, file: str) -> Parsed[str]:
    """Decode the bytes of a file: UTF-8, or what a byte order mark says (YAML 1.2.2, section 5.2)."""
    codec, label = _encoding_of(raw)
    # a text begins with ASCII here, of which UTF-16 and -32 pad each
    if label == "UTF-8" and b"\0" in raw[:4]:
        return _undecodable(
            Location(file), "this looks like UTF-16 or UTF-32 without a byte order mark"
        )
    try:
        return Parsed(raw.decode(codec))
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode(codec, "replace")
        location = Location(file, *line_column(before, len(before)))
        return _undecodable(
            location, f"the byte 0x{raw[error.start]:02x} at offset {error.start} is not {label}"
        )


class Undecoded(Struct, frozen=True):
    """A byte of a text that could not be decoded: where its character stands, and what to say about it."""

    position: int
    message: str


def undecoded(text: str, start: int = 0, end: int | None = None) -> Undecoded | None:
    """Return the first byte in a part of a text that could not be decoded; None for a sound one."""
    match = _UNDECODED.search(text, start, len(text) if end is None else end)
    if match is None:
        return None
    return Undecoded(
        match.start(), f"the byte 0x{ord(match.group()) - _FIRST_UNDECODED:02x} is not UTF-8"
    )


def _encoding_of(raw: bytes) -> tuple[str, str]:
    """The codec that a byte order mark asks for, and what it is called."""
    for mark, codec, label in _BOMS:
        if raw.startswith(mark):
            return codec, label
    return "utf-8", "UTF-8"


def _undecodable(location: Location, message: str) -> Parsed[str]:
    return Parsed(None, (Finding("Y101", location, message, "save the file as UTF-8"),))


def character_findings(text: str, file: str, *, source: bool = True) -> list[Finding]:
    """Findings about the characters of a text: Y108 for refused ones, Y111 for invisible ones.

    Args:
        text: the text.
        file: the name that findings give it.
        source: it is a whole file, where a carriage return is a line break.
    """
    # nearly all are, and finding the lines of a text takes longer than looking at it
    if is_plain(text):
        return []
    lines = Lines(text)
    return [
        Finding(code, Location(file, *lines.position(index)), message, hint, text[index])
        for index, code, message, hint in character_problems(text, source=source)
    ]


def character_problems(text: str, *, source: bool) -> Iterator[tuple[int, str, str, str]]:
    """Yield the index, code, message and hint of each problem; see `character_findings`."""
    for index, char in refused_characters(text, source=source):
        yield index, "Y108", f"the character {describe_character(char)} is not allowed", "remove it"
    for index, char in invisible_characters(text):
        yield (
            index,
            "Y111",
            f"the invisible character {describe_character(char)}",
            "remove it if it is not meant",
        )


def as_list(value: Any) -> list[Any]:
    """Return a value that is a list; an empty one for any other."""
    return value if isinstance(value, list) else []


def as_mapping(value: Any) -> dict[str, Any]:
    """Return a value that is a mapping; an empty one for any other."""
    return value if isinstance(value, dict) else {}


def is_text(value: Any) -> TypeGuard[str]:
    """Whether a value is text."""
    return isinstance(value, str)


def items_of(data: Any, key: str) -> list[Any]:
    """Return the list that data has under a key; an empty one when it has none there, or is no mapping."""
    return as_list(as_mapping(data).get(key))


def text_of(data: Any, key: str) -> str:
    """Return the text that data has under a key; an empty one when it has none there, or is no mapping."""
    value = as_mapping(data).get(key)
    return value if is_text(value) else ""


def value_at(data: Any, *path: str | int) -> Any:
    """Return the value at a path of keys and indexes in data of any shape; None where there is none."""
    try:
        return reduce(getitem, path, data)
    except (LookupError, TypeError):
        return None


def listed_items(data: Any, keys: Iterable[str]) -> Iterator[tuple[tuple[str, int], Any]]:
    """Yield the items of the lists that data has under some keys, each with its path."""
    for key in keys:
        for index, item in enumerate(items_of(data, key)):
            yield (key, index), item


def mappings_in(items: Any) -> list[dict[str, Any]]:
    """Return the mappings in a list; none in what is no list."""
    return [item for item in as_list(items) if isinstance(item, dict)]

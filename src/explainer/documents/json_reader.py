"""One line of JSON Lines → plain data with positions, with the same findings as YAML text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import describe_character, invisible_characters, refused_characters
from explainer.documents.document import MAX_DEPTH, Document, KeyPath, Spans

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_STRUCTURE: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')


def read_json_line(text: str, file: str, line: int = 1) -> Document:
    """Read one JSON value (RFC 8259).

    Args:
        text: the line, without its line break.
        file: the name that findings give it.
        line: the number of the line in its file, from 1.
    """
    document = Document(file, find_spans=lambda: _Walker(text, line).spans)
    if not text.strip():
        return _unreadable(document, "Y109", line, 1, "the line is empty")
    if _depth(text) > MAX_DEPTH:
        return _unreadable(document, "Y106", line, 1, f"values are nested more than {MAX_DEPTH} levels deep")
    repeated = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        mapping = dict(items)
        if len(mapping) < len(items):
            repeated = True
            mapping = dict(reversed(items))  # of a repeated key the first value counts, as in YAML text
        return mapping

    try:
        document.data = json.loads(text, object_pairs_hook=pairs, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return _unreadable(document, "Y102", line, error.pos + 1, f"not valid JSON: {error.msg}")
    except ValueError as error:  # NaN, Infinity, a number of thousands of digits
        return _unreadable(document, "Y102", line, 1, f"not valid JSON: {error}")
    if repeated:
        for key, column in _Walker(text, line).repeated:
            message = f"the key {key!r} stands twice in one object"
            location = Location(file, line, column)
            document.findings.append(Finding("Y103", location, message, "remove one of the two", key))
    _report_characters(document)
    return document


def _unreadable(document: Document, code: str, line: int, column: int, message: str) -> Document:
    document.findings.append(Finding(code, Location(document.file, line, column), message))
    document.readable = False
    return document


def _refuse_constant(name: str) -> float:
    message = f"{name} is not a JSON value"
    raise ValueError(message)


def _report_characters(document: Document) -> None:
    for path, text in _texts(document.data):
        for _, char in refused_characters(text):
            message = f"the character {describe_character(char)} is not allowed"
            document.report("Y108", path, message, "remove it", text=char)
        for _, char in invisible_characters(text):
            message = f"the invisible character {describe_character(char)}"
            document.report("Y111", path, message, "remove it if it is not meant", text=char)


def _depth(text: str) -> int:
    """The nesting of a JSON text; 0 when its brackets are too few to matter."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for match in _STRUCTURE.finditer(text):
        if match.group() in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif match.group() in ("]", "}"):
            depth -= 1
    return deepest


def _texts(data: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """All texts of plain data that is at most `MAX_DEPTH` deep, keys among them."""
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield (*path, key), key
            yield from _texts(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _texts(value, (*path, index))


class _Walker:
    """Finds the positions in one line of valid JSON, by walking along it with the standard decoder."""

    def __init__(self, text: str, line: int) -> None:
        self.spans = Spans()
        self.repeated: list[tuple[str, int]] = []
        self._text = text
        self._line = line
        self._decode = json.JSONDecoder().raw_decode
        try:
            self._walk(0, ())
        except (IndexError, ValueError):
            return  # not valid JSON: a finding says so already, and the start of the line is position enough

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def _walk(self, at: int, path: KeyPath) -> int:
        """Note the value at or after an index; return the index behind it."""
        at = self._skip(at)
        self.spans.values.setdefault(path, (self._line, at + 1))
        opening = self._text[at]
        if opening not in "[{":
            value, end = self._decode(self._text, at)
            if opening == '"' and self._text[at + 1 : end - 1] == value:
                self.spans.verbatim.setdefault(path, 1)
            return end
        closing, index = ("}" if opening == "{" else "]"), 0
        at = self._skip(at + 1)
        while self._text[at] != closing:
            step: str | int = index
            if opening == "{":
                step, at = self._key(at, path)
            at = self._skip(self._walk(at, (*path, step)))
            if self._text[at] == ",":
                at = self._skip(at + 1)
            index += 1
        return at + 1

    def _key(self, at: int, path: KeyPath) -> tuple[str, int]:
        """Note the key at an index; return it, and the index behind its colon."""
        key, end = self._decode(self._text, at)
        if (*path, key) in self.spans.keys:
            self.repeated.append((key, at + 1))
        self.spans.keys.setdefault((*path, key), (self._line, at + 1))
        return key, self._skip(end) + 1

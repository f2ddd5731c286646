"""One line of JSON Lines → plain data with positions, with the same findings as YAML text."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any, Final

from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import is_plain, lazy_regex, reason_of
from explainer.documents.document import MAX_DEPTH, Document, KeyPath, Spans, character_problems

_SPACE: Final = lazy_regex(r"[ \t\n\r]*")
# A string, which may hold brackets, or a bracket outside of strings.
_STRUCTURE: Final = lazy_regex(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')


def parse_json(text: str | bytes, **options: Any) -> Any:
    """Return the value that a JSON text is, as `json.loads` does, but with one kind of error for all that is wrong.

    Raises:
        ValueError: when it is none, or nested so deeply that nothing could read it.
    """
    try:
        return json.loads(text, **options)
    except ValueError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever the library raises, it is no JSON
        message = (
            "values are nested too deeply"
            if isinstance(error, RecursionError)
            else reason_of(error)
        )
        raise ValueError(message) from None


def read_json_line(text: str, file: str, line: int = 1) -> Document:
    """Read one JSON value (RFC 8259).

    Args:
        text: the line, without its line break.
        file: the name that findings give it.
        line: the number of the line in its file, from 1.
    """
    document = Document(file, is_yaml=False, find_spans=lambda: _Walker(text, line).spans)
    if not text.strip():
        return _unreadable(document, "Y109", line, 1, "the line is empty")
    if _depth(text) > MAX_DEPTH:
        return _unreadable(
            document, "Y106", line, 1, f"values are nested more than {MAX_DEPTH} levels deep"
        )
    repeated: list[dict[str, Any]] = []

    def mapping_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            # of a repeated key the first value counts, as in YAML text
            mapping = dict(reversed(pairs))
            repeated.append(mapping)
        return mapping

    try:
        document.data = parse_json(
            text, object_pairs_hook=mapping_of, parse_constant=_refuse_constant
        )
    except json.JSONDecodeError as error:
        return _unreadable(document, "Y102", line, error.pos + 1, f"not valid JSON: {error.msg}")
    except ValueError as error:  # NaN, Infinity, a number of thousands of digits
        return _unreadable(document, "Y102", line, 1, f"not valid JSON: {error}")
    if repeated:
        _report_repeated(document, _Walker(text, line), line)
    _report_characters(document)
    return document


def _unreadable(document: Document, code: str, line: int, column: int, message: str) -> Document:
    document.findings.append(Finding(code, Location(document.file, line, column), message))
    document.readable = False
    return document


def _refuse_constant(name: str) -> float:
    message = f"{name} is not a JSON value"
    raise ValueError(message)


def _report_repeated(document: Document, walker: _Walker, line: int) -> None:
    for key, column in walker.repeated:
        location = Location(document.file, line, column)
        message = f"duplicate key {key!r} in one object"
        document.findings.append(Finding("Y103", location, message, "remove one of the two", key))


def _report_characters(document: Document) -> None:
    for path, text in _texts(document.data):
        if is_plain(text):  # nearly all are, and this is the quickest way to know
            continue
        for index, code, message, hint in character_problems(text, source=False):
            document.report(code, path, message, hint, text=text[index])


def _depth(text: str) -> int:
    """The nesting of a JSON text; 0 when its brackets are too few to matter."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for match in _STRUCTURE.finditer(text):
        depth += _DEEPER.get(match.group(), 0)
        deepest = max(deepest, depth)
    return deepest


_DEEPER: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


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
        # Of JSON that is not valid a finding says so already, and the start of the line is position enough.
        with contextlib.suppress(IndexError, ValueError):
            self._walk(0, ())

    def _skip(self, offset: int) -> int:
        """Return the offset of what comes behind spaces."""
        match = _SPACE.match(self._text, offset)
        return match.end() if match else offset

    def _walk(self, offset: int, path: KeyPath) -> int:
        """Note the value at or after an offset; return the offset behind it."""
        start = self._skip(offset)
        self.spans.values.setdefault(path, (self._line, start + 1))
        if self._text[start] == "{":
            return self._walk_items(start + 1, path, "}")
        if self._text[start] == "[":
            return self._walk_items(start + 1, path, "]")
        value, end = self._decode(self._text, start)
        if self._text[start] == '"' and self._text[start + 1 : end - 1] == value:
            self.spans.verbatim.setdefault(path, 1)
        return end

    def _walk_items(self, offset: int, path: KeyPath, closing: str) -> int:
        """Note the values of a list or an object; return the offset behind its bracket."""
        offset = self._skip(offset)
        index = 0
        while self._text[offset] != closing:
            step: str | int = index
            if closing == "}":
                step, offset = self._walk_key(offset, path)
            offset = self._skip(self._walk(offset, (*path, step)))
            if self._text[offset] == ",":
                offset = self._skip(offset + 1)
            index += 1
        return offset + 1

    def _walk_key(self, offset: int, path: KeyPath) -> tuple[str, int]:
        """Note the key at an offset; return it, and the offset behind its colon."""
        key, end = self._decode(self._text, offset)
        if (*path, key) in self.spans.keys:
            self.repeated.append((key, offset + 1))
        self.spans.keys.setdefault((*path, key), (self._line, offset + 1))
        return key, self._skip(end) + 1

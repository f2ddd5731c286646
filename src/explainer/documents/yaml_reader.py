"""YAML text → plain data with positions. Nothing is ever executed or expanded.

One pass over libyaml's events is three times faster than `yaml.load`, and it shows what a loader hides: duplicate keys,
aliases, tags, depth, and a scalar's text as it was written. Plain scalars stay text (`no`, `12:30` and `2401.10000`
too), except the nulls of YAML 1.2.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import Lines, describe_character, refused_characters, replace_refused, shorten
from explainer.documents.document import MAX_DEPTH, Document, KeyPath, Spans, character_findings

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_NAMED_ESCAPES: Final = {
    "0": "\0", "a": "\a", "b": "\b", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    "N": "\x85", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str, file: str) -> Document:
    """Read one YAML document.

    Args:
        text: the whole text; line breaks of any kind.
        file: the name that findings give it.

    Returns:
        Its data, with every text exactly as YAML means it, and the findings Y102 to Y111.
    """
    text = text.removeprefix("\ufeff")
    document = Document(file, findings=character_findings(text, file))
    if document.findings:
        text = replace_refused(text)  # the rest of the file is still worth reading, and no position moves
    reader = _Reader(text, document)
    reader.read()
    document.data = reader.root

    def find_spans() -> Spans:
        again = _Reader(text, Document(file), Spans())
        again.read()
        return again.spans or Spans()

    document.find_spans = find_spans
    for path, index in reader.duplicates:
        first = document.locate(path, key=True)
        location = Location(file, *reader.lines.position(index))
        message = f"the key {path[-1]!r} stands twice in one mapping, first on line {first.line}"
        document.findings.append(Finding("Y103", location, message, "remove one of the two", str(path[-1])))
    return document


class _Frame:
    """A mapping or sequence that is being read."""

    __slots__ = ("attached", "container", "key")

    def __init__(self, container: Any, *, attached: bool) -> None:
        self.container = container
        self.attached = attached
        """False below a key that was refused: the values are read, and dropped."""
        self.key: Any = _NO_KEY


_NO_KEY: Final = object()
_BAD_KEY: Final = object()


class _Reader:
    """One pass over the events of one document, without recursion."""

    def __init__(self, text: str, document: Document, spans: Spans | None = None) -> None:
        self.text = text
        self.document = document
        self.spans = spans
        self.root: Any = None
        self.lines = Lines(text)
        self._anchors: dict[str, Any] = {}
        """Anchors that no alias uses: most likely they are texts that begin with `&`."""
        self.duplicates: list[tuple[KeyPath, int]] = []
        self._stack: list[_Frame] = []
        self._documents = 0

    def read(self) -> None:
        """Read all events; whatever is wrong becomes a finding of the document."""
        try:
            for event in yaml.parse(self.text, Loader=_LOADER):
                if not self._take(event):
                    break
        except yaml.MarkedYAMLError as error:
            self._syntax_error(error)
        except yaml.YAMLError as error:  # pragma: no cover - refused characters are replaced before
            self._refuse("Y102", 0, f"not valid YAML: {error}")
        else:
            if self._documents == 0:
                self._refuse("Y109", 0, "the file is empty")
        for anchor, event in self._anchors.items():
            self._note(
                "Y104", event, f"the anchor &{shorten(anchor)} is not allowed", "quote a text that begins with &"
            )

    def _take(self, event: Any) -> bool:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            return self._open(event, {} if kind is yaml.MappingStartEvent else [])
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._stack.pop()
        elif kind is yaml.AliasEvent:
            self._anchors.pop(event.anchor, None)
            self._note("Y104", event, f"the alias *{event.anchor} is not allowed", "write the value out")
            self._distrust()
            self._place(None, event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                self._note("Y107", event, "a second document starts here", "one file holds one document")
                return False
        return True

    def _open(self, event: Any, container: Any) -> bool:
        if len(self._stack) >= MAX_DEPTH:
            self._refuse("Y106", event.start_mark.index, f"values are nested more than {MAX_DEPTH} levels deep")
            return False
        self._check_properties(event)
        self._stack.append(_Frame(container, attached=self._place(container, event)))
        return True

    def _scalar(self, event: Any) -> None:
        value: str | None = event.value
        self._check_properties(event)
        if not event.style:
            top = self._stack[-1] if self._stack else None
            is_key = top is not None and type(top.container) is dict and top.key is _NO_KEY
            if value in _NULLS and not is_key:
                value = None
        elif event.style == '"' and "\\" in self.text[event.start_mark.index : event.end_mark.index]:
            self._check_escapes(event)
        self._place(value, event)

    def _place(self, value: Any, event: Any) -> bool:
        """Put a value where it belongs; return whether it hangs on the document's tree."""
        if not self._stack:
            self.root = value
            self._mark((), event)
            return True
        top = self._stack[-1]
        container = top.container
        if type(container) is list:
            container.append(value)
            if self.spans is not None and top.attached:
                self._mark((*self._path(), len(container) - 1), event)
            return top.attached
        if top.key is _NO_KEY:
            self._take_key(top, value, event)
            return False
        key, top.key = top.key, _NO_KEY
        if key is _BAD_KEY:
            return False
        container[key] = value
        if self.spans is not None and top.attached:
            self._mark((*self._path(), key), event)
        return top.attached

    def _take_key(self, top: _Frame, value: Any, event: Any) -> None:
        mark: Any = event.start_mark
        if not isinstance(value, str) or value == "" or type(event) is not yaml.ScalarEvent:
            if top.attached and type(event) is not yaml.AliasEvent:
                self._note("Y110", event, "a key must be plain text", "quote it, or check the indentation")
            top.key = _BAD_KEY
        elif value in top.container:
            if top.attached:
                self.duplicates.append(((*self._path(), value), mark.index))
            top.key = _BAD_KEY
        else:
            top.key = value
            if self.spans is not None and top.attached:
                self.spans.keys.setdefault((*self._path(), value), _position(event.start_mark))

    def _path(self) -> KeyPath:
        """The path of the innermost open container."""
        return tuple(_last_step(frame) for frame in self._stack[:-1])

    def _mark(self, path: KeyPath, event: Any) -> None:
        if self.spans is not None:
            self.spans.values.setdefault(path, _position(event.start_mark))
            if type(event) is yaml.ScalarEvent and "\n" not in event.value:
                mark: Any = event.start_mark
                before = next((lead for lead in (0, 1) if self.text.startswith(event.value, mark.index + lead)), None)
                if before is not None:
                    self.spans.verbatim.setdefault(path, before)

    def _distrust(self) -> None:
        """Remember that the value about to be placed stands for something that was refused."""
        if not self._stack:
            self.document.unreliable.add(())
            return
        top = self._stack[-1]
        if not top.attached:
            return
        step: Any = len(top.container) if type(top.container) is list else top.key
        if isinstance(step, str | int):
            self.document.unreliable.add((*self._path(), step))

    def _check_properties(self, event: Any) -> None:
        """Refuse what YAML allows before a value: a tag, an anchor."""
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._note("Y105", event, f"the tag {shorten(tag)} is not allowed", "remove it: text stays text here")
            self._distrust()
        if event.anchor is not None:
            self._anchors.setdefault(event.anchor, event)

    def _check_escapes(self, event: Any) -> None:
        start = event.start_mark.index
        for match in _ESCAPE.finditer(self.text[start : event.end_mark.index]):
            code = match[1] or match[2] or match[3]
            char = chr(int(code, 16)) if code else _NAMED_ESCAPES.get(match[4], "")
            if any(True for _ in refused_characters(char)):
                message = f"the escape {match.group()} stands for {describe_character(char)}, which is not allowed"
                location = Location(self.document.file, *self.lines.position(start + match.start()))
                self.document.findings.append(Finding("Y108", location, message, "remove it", match.group()))

    def _note(self, code: str, event: Any, message: str, hint: str) -> None:
        location = Location(self.document.file, *_position(event.start_mark))
        self.document.findings.append(Finding(code, location, message, hint))

    def _refuse(self, code: str, index: int, message: str, hint: str | None = None) -> None:
        location = Location(self.document.file, *self.lines.position(index))
        self.document.findings.append(Finding(code, location, message, hint))
        self.document.readable = False

    def _syntax_error(self, error: Any) -> None:
        problem = error.problem or "cannot be read"
        mark = error.problem_mark or error.context_mark
        if "end of stream" in problem:  # where the quote or bracket was opened says more than where the file ends
            mark = error.context_mark or mark
        hint = None
        if "mapping values" in problem or "expected <block end>" in problem or "expected ':'" in problem:
            hint = "check the indentation; quote a text that holds ': ' or begins with a special character"
        elif "cannot start any token" in problem:
            hint = "indent with spaces, and quote a text that begins with a special character"
        index = min(mark.index if mark else 0, len(self.text))
        context = f" {error.context}" if error.context else ""
        self._refuse("Y102", index, f"not valid YAML: {problem}{context}", hint)


def _last_step(frame: _Frame) -> str | int:
    """The index or the key of the value that was put into a container last."""
    if type(frame.container) is list:
        return len(frame.container) - 1
    key: str = next(reversed(frame.container))
    return key


def _position(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1

"""YAML text → plain data with positions. Nothing is ever executed or expanded.

One pass over libyaml's events is three times faster than `yaml.load`, and it shows what a loader hides: duplicate keys,
aliases, tags, depth, and a scalar's text as it was written. Plain scalars stay text (`no`, `12:30` and `2401.10000`
too), except the nulls of YAML 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import yaml

from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import Lines, describe_character, is_allowed, replace_refused, shorten
from explainer.documents.document import MAX_DEPTH, Document, KeyPath, Spans, character_findings

# The nulls of YAML 1.2. All else that is plain stays text: `no` is a word, and 2401.10000 is an id.
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
# The escapes of a double-quoted text (YAML 1.2.2, section 5.7): they could write what the text itself may not hold.
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_NAMED_ESCAPES: Final = {
    "0": "\0", "a": "\a", "b": "\b", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    "N": "\x85", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INDENTATION: Final = "check the indentation; quote a text that holds ': ' or begins with a special character"
# What to do about a problem, by words of libyaml's message.
_SYNTAX_HINTS: Final = {
    "mapping values": _INDENTATION,
    "expected <block end>": _INDENTATION,
    "expected ':'": _INDENTATION,
    "cannot start any token": "indent with spaces, and quote a text that begins with a special character",
}


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
    document.data = next(iter(reader.roots), None)

    def find_spans() -> Spans:
        again = _Reader(text, Document(file), Spans())
        again.read()
        return again.spans or Spans()

    # Positions are found by a second reading, when somebody asks: most files have nothing wrong with them.
    document.find_spans = find_spans
    for path, index in reader.repeated_keys:
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

    @property
    def expects_key(self) -> bool:
        """Whether the next value is a key."""
        return self.key is _NO_KEY and type(self.container) is dict

    @property
    def next_step(self) -> Any:
        """The index or the key of the value that comes next."""
        return len(self.container) if type(self.container) is list else self.key

    @property
    def last_step(self) -> Any:
        """The index or the key of the value that came last."""
        return len(self.container) - 1 if type(self.container) is list else next(reversed(self.container))


_NO_KEY: Final = object()
_BAD_KEY: Final = object()


class _Reader:
    """One pass over the events of one document, without recursion."""

    def __init__(self, text: str, document: Document, spans: Spans | None = None) -> None:
        self.text = text
        self.document = document
        self.spans = spans
        self.roots: list[Any] = []
        """The value of the document, once it is there."""
        self.lines = Lines(text)
        self.repeated_keys: list[tuple[KeyPath, int]] = []
        self._unused_anchors: dict[str, Any] = {}
        """Anchors that no alias uses: most likely they are texts that begin with `&`."""
        # The document itself is a list of one value, so that every value has a place in something.
        self._stack = [_Frame(self.roots, attached=True)]
        self._documents = 0
        self._stopped = False
        self._handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: lambda event: self._open(event, {}),
            yaml.SequenceStartEvent: lambda event: self._open(event, []),
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._begin_document,
        }

    def read(self) -> None:
        """Read all events; whatever is wrong becomes a finding of the document."""
        try:
            self._read_events()
        except yaml.MarkedYAMLError as error:
            self._report_syntax(error)
        except yaml.YAMLError as error:  # pragma: no cover - refused characters are replaced before
            self._refuse("Y102", 0, f"not valid YAML: {error}")
        for anchor, event in self._unused_anchors.items():
            message = f"the anchor &{shorten(anchor)} is not allowed"
            self._note("Y104", event, message, "quote a text that begins with &")

    def _read_events(self) -> None:
        for event in yaml.parse(self.text, Loader=_LOADER):
            handler = self._handlers.get(type(event))
            if handler is not None:
                handler(event)
            if self._stopped:
                return
        if self._documents == 0:
            self._refuse("Y109", 0, "the file is empty")

    def _begin_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._note("Y107", event, "a second document starts here", "one file holds one document")
            self._stopped = True

    def _alias(self, event: Any) -> None:
        self._unused_anchors.pop(event.anchor, None)
        self._note("Y104", event, f"the alias *{event.anchor} is not allowed", "write the value out")
        self._distrust()
        self._place(None, event)

    def _open(self, event: Any, container: Any) -> None:
        if len(self._stack) > MAX_DEPTH:
            self._refuse("Y106", event.start_mark.index, f"values are nested more than {MAX_DEPTH} levels deep")
            self._stopped = True
            return
        self._check_properties(event)
        self._stack.append(_Frame(container, attached=self._place(container, event)))

    def _close(self, _event: Any) -> None:
        self._stack.pop()

    def _scalar(self, event: Any) -> None:
        self._check_properties(event)
        value: str | None = event.value
        if event.style == '"' and "\\" in self.text[event.start_mark.index : event.end_mark.index]:
            self._check_escapes(event)
        elif not event.style and value in _NULLS and not self._stack[-1].expects_key:
            value = None
        self._place(value, event)

    def _place(self, value: Any, event: Any) -> bool:
        """Put a value where it belongs; return whether it hangs on the document's tree."""
        top = self._stack[-1]
        if top.expects_key:
            self._take_key(top, value, event)
            return False
        step = top.next_step
        top.key = _NO_KEY
        if step is _BAD_KEY:
            return False
        if type(top.container) is list:
            top.container.append(value)
        else:
            top.container[step] = value
        if self.spans is not None and top.attached:  # a path for each value would cost those who need none
            self._mark(self.spans, self._path_to(step), event)
        return top.attached

    def _take_key(self, top: _Frame, value: Any, event: Any) -> None:
        top.key = _BAD_KEY
        if type(event) is not yaml.ScalarEvent or not value:
            self._report_key(top, event)
            return
        if value not in top.container:
            top.key = value
        if not top.attached:
            return
        path = self._path_to(value)
        mark: Any = event.start_mark
        if top.key is _BAD_KEY:
            self.repeated_keys.append((path, mark.index))
        elif self.spans is not None:
            self.spans.keys.setdefault(path, _position(mark))

    def _report_key(self, top: _Frame, event: Any) -> None:
        if top.attached and type(event) is not yaml.AliasEvent:  # of an alias there is a finding already
            self._note("Y110", event, "a key must be plain text", "quote it, or check the indentation")

    def _path_to(self, step: str | int) -> KeyPath:
        """The path of a value in the innermost open container; the step into the document itself is none."""
        return (*(frame.last_step for frame in self._stack[:-1]), step)[1:]

    def _mark(self, spans: Spans, path: KeyPath, event: Any) -> None:
        """Note where a value is, and whether its text stands there as it is, behind a quote or not."""
        spans.values.setdefault(path, _position(event.start_mark))
        if type(event) is not yaml.ScalarEvent or "\n" in event.value:
            return
        mark: Any = event.start_mark
        for before in (0, 1):
            if self.text.startswith(event.value, mark.index + before):
                spans.verbatim.setdefault(path, before)
                return

    def _distrust(self) -> None:
        """Remember that the value about to be placed stands for something that was refused."""
        top = self._stack[-1]
        if top.attached and isinstance(top.next_step, str | int):
            self.document.unreliable.add(self._path_to(top.next_step))

    def _check_properties(self, event: Any) -> None:
        """Refuse what YAML allows before a value: a tag, an anchor."""
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._note("Y105", event, f"the tag {shorten(tag)} is not allowed", "remove it: text stays text here")
            self._distrust()
        if event.anchor is not None:
            self._unused_anchors.setdefault(event.anchor, event)

    def _check_escapes(self, event: Any) -> None:
        start = event.start_mark.index
        for match in _ESCAPE.finditer(self.text[start : event.end_mark.index]):
            *numbers, name = match.groups("")
            number = "".join(numbers)
            char = chr(int(number, 16)) if number else _NAMED_ESCAPES.get(name, "")
            if not is_allowed(char):
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

    def _report_syntax(self, error: Any) -> None:
        problem = error.problem or "cannot be read"
        mark = error.problem_mark or error.context_mark
        if "end of stream" in problem:  # where the quote or bracket was opened says more than where the file ends
            mark = error.context_mark or mark
        index = min(mark.index, len(self.text)) if mark else 0
        hint = next((hint for words, hint in _SYNTAX_HINTS.items() if words in problem), None)
        message = f"not valid YAML: {problem} {error.context or ''}".rstrip()
        self._refuse("Y102", index, message, hint)


def _position(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1

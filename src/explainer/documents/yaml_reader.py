"""YAML text → plain data with positions. Nothing is ever executed or expanded.

One pass over libyaml's events is three times faster than `yaml.load`, and it shows what a loader hides: duplicate keys,
aliases, tags, depth, and a scalar's text as it was written. Plain scalars stay text (`no`, `12:30` and `2401.10000`
too), except the nulls of YAML 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Final

import yaml

from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import (
    describe_character,
    is_allowed,
    lazy_regex,
    reason_of,
    replace_refused,
    shorten,
)
from explainer.documents.document import (
    MAX_DEPTH,
    Document,
    KeyPath,
    Lines,
    Spans,
    character_findings,
)
from explainer.documents.yaml_writer import quoted

# The nulls of YAML 1.2. All else that is plain stays text: `no` is a word, and 2401.10000 is an id.
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
# The escapes of a double-quoted text (YAML 1.2.2, section 5.7): they could write what the text itself may not hold.
_ESCAPE: Final = lazy_regex(
    r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL
)
_NAMED_ESCAPES: Final = {
    "0": "\0", "a": "\a", "b": "\b", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    "N": "\x85", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Behind a space, `#` ends an unquoted text: what is glued to the sign, and the comment to the end of its line. Two
# spaces before the sign are how comments are set off, and a rule of signs (`##`, `#---`) is no part of a sentence.
_COMMENT: Final = lazy_regex(r" #(?![#=*!-])([^ \t\r\n]*+)([^\r\n]*+)")
# Comments that are often written without a space behind the sign.
_REMARK: Final = lazy_regex(
    r"(?:TODO|FIXME|XXX|HACK|NOTE|todo|fixme|noqa|yaml-language-server|region|endregion)\b"
)
_BEGINS_QUESTION: Final = lazy_regex(
    r"(?:who|whose|what|when|where|which|why|how|is|are|was|were|can|could|do|does|did|will|would|should|may)\b",
    re.IGNORECASE,
)
# A key without the space behind its colon; `https://` is none.
_GLUED_KEY: Final = lazy_regex(r"^([ ]*(?:- )?[a-z]+):(?!//)([^\s\[{][^\n]*)$", re.MULTILINE)
# A key whose text holds another `: `.
_SECOND_COLON: Final = lazy_regex(
    r"[ ]*(?:- )?([a-z]+): ([^\s'\"\[{|>#](?:(?!: )[^\n])*+: [^\n]*+)"
)
# What libyaml was doing when the mistake is where that began.
_BEGINS_EARLIER: Final = lazy_regex("simple key|an alias|an anchor")
# Spaces other than those of ASCII where a line begins: YAML takes them for text.
_WIDE_INDENTATION: Final = lazy_regex(
    r"^[ \t]*([\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000])", re.MULTILINE
)

_INDENTATION: Final = (
    "check the indentation; quote a text that holds ': ' or begins with a special character"
)
# What to do about a problem, by words of libyaml's message.
_SYNTAX_HINTS: Final = {
    "simple key": "write 'key: text', and indent the further lines of a text, or write it behind '>-'",
    "mapping values": _INDENTATION,
    "expected <block end>": _INDENTATION,
    "expected ':'": _INDENTATION,
    "flow": "close the bracket, or quote a text that begins with one",
    "<document start>": "begin all keys at the top in one column",
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
        # the rest of the file is still worth reading, and no position moves
        text = replace_refused(text)
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
        message = f"duplicate key {path[-1]!r} in one mapping, first on line {first.line}"
        document.findings.append(
            Finding("Y103", location, message, "remove one of the two", str(path[-1]))
        )
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
        return (
            len(self.container) - 1
            if type(self.container) is list
            else next(reversed(self.container))
        )


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
        self.repeated_keys: list[tuple[KeyPath, int]] = []
        self._unused_anchors: dict[str, Any] = {}
        """Anchors that no alias uses: most likely they are texts that begin with `&`."""
        # The document itself is a list of one value, so that every value has a place in something.
        self._stack = [_Frame(self.roots, attached=True)]
        self._documents = 0
        self._stopped = False
        self._has_comments = " #" in text
        self._last_scalar: Any = None
        self._handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: lambda event: self._open(event, {}),
            yaml.SequenceStartEvent: lambda event: self._open(event, []),
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._begin_document,
        }

    @cached_property
    def lines(self) -> Lines:
        """The lines of the text, for the places of findings."""
        return Lines(self.text)

    def read(self) -> None:
        """Read all events; whatever is wrong becomes a finding of the document."""
        try:
            self._read_events()
        except yaml.MarkedYAMLError as error:
            self._report_syntax(error)
        except yaml.YAMLError as error:
            self._refuse("Y102", 0, f"not valid YAML: {error}")
        for anchor, event in self._unused_anchors.items():
            message = f"the anchor &{shorten(anchor)} is not allowed"
            self._note("Y104", event, message, "quote a text that begins with &")

    def _events(self) -> Iterator[yaml.Event]:
        """The events of the library, which raises one kind of error alone."""
        try:
            yield from yaml.parse(self.text, Loader=_LOADER)
        except yaml.YAMLError:
            raise
        except Exception as error:  # noqa: BLE001  # numbers and dates that Python does not have, deep nesting
            raise yaml.YAMLError(reason_of(error)) from None

    def _read_events(self) -> None:
        for event in self._events():
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
            self._note(
                "Y107", event, "a second document starts here", "one file holds one document"
            )
            self._stopped = True

    def _alias(self, event: Any) -> None:
        self._unused_anchors.pop(event.anchor, None)
        self._note(
            "Y104", event, f"the alias *{event.anchor} is not allowed", "write the value out"
        )
        self._distrust()
        self._place(None, event)

    def _open(self, event: Any, container: Any) -> None:
        if len(self._stack) > MAX_DEPTH:
            self._refuse(
                "Y106",
                event.start_mark.index,
                f"values are nested more than {MAX_DEPTH} levels deep",
            )
            self._stopped = True
            return
        self._check_properties(event)
        self._stack.append(_Frame(container, attached=self._place(container, event)))

    def _close(self, _event: Any) -> None:
        self._stack.pop()

    def _scalar(self, event: Any) -> None:
        self._check_properties(event)
        self._last_scalar = event
        if event.style:
            start, end = event.start_mark.index, event.end_mark.index
            if event.style == '"' and "\\" in self.text[start:end]:
                self._check_escapes(event)
            self._place(event.value, event)
            return
        if self._has_comments:
            self._check_comment(event)
        is_null = event.value in _NULLS and not self._stack[-1].expects_key
        self._place(None if is_null else event.value, event)

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
        # a path for each value would cost those who need none
        if self.spans is not None and top.attached:
            self._mark(self.spans, self._path_to(step), event)
        return top.attached

    def _take_key(self, top: _Frame, value: Any, event: Any) -> None:
        """Take the key of the next value; what hangs on the tree is also reported, and its place is kept."""
        if type(event) is not yaml.ScalarEvent or not value:
            top.key = _BAD_KEY
            self._report_key(top, event)
            return
        is_repeated = value in top.container
        top.key = _BAD_KEY if is_repeated else value
        if not top.attached:
            return
        if not event.style and value[0].isspace():
            self._report_space(value, event)
        mark: Any = event.start_mark
        # a path for each key would cost those who need none
        if is_repeated:
            self.repeated_keys.append((self._path_to(value), mark.index))
        elif self.spans is not None:
            self.spans.keys.setdefault(self._path_to(value), _position(mark))

    def _report_space(self, key: str, event: Any) -> None:
        """Report a key that begins with a space which is no indentation."""
        message = f"the key {key.strip()!r} begins with {describe_character(key[0])}"
        self._note("Y110", event, message, "indent with plain spaces")
        self.document.unreliable.add(self._path_to(key))

    def _report_key(self, top: _Frame, event: Any) -> None:
        # of an alias there is a finding already
        if top.attached and type(event) is not yaml.AliasEvent:
            self._note(
                "Y110", event, "a key must be plain text", "quote it, or check the indentation"
            )

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
            self._note(
                "Y105",
                event,
                f"the tag {shorten(tag)} is not allowed",
                "remove it: text stays text here",
            )
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
                self.document.findings.append(
                    Finding("Y108", location, message, "remove it", match.group())
                )

    def _check_comment(self, event: Any) -> None:
        """Report a text that was meant to go on where YAML sees a comment."""
        comment = _COMMENT.match(self.text, event.end_mark.index)
        if comment is None or not _continues(event.value, *comment.groups()):
            return
        remainder = comment.group()[1:].rstrip()
        location = Location(self.document.file, *self.lines.position(comment.start() + 1))
        message = (
            f"the text ends before {shorten(remainder, 40)!r}: behind a space, '#' begins a comment"
        )
        hint = f"quote the text: {quoted(shorten(f'{event.value} {remainder}'.lstrip()))}"
        self.document.findings.append(Finding("Y112", location, message, hint, remainder))

    def _note(self, code: str, event: Any, message: str, hint: str) -> None:
        location = Location(self.document.file, *_position(event.start_mark))
        self.document.findings.append(Finding(code, location, message, hint))

    def _refuse(self, code: str, index: int, message: str, hint: str | None = None) -> None:
        location = Location(self.document.file, *self.lines.position(index))
        self.document.findings.append(Finding(code, location, message, hint))
        self.document.readable = False

    def _report_syntax(self, error: Any) -> None:
        index = self._index_of(error)
        problem, context = error.problem or "cannot be read", error.context or ""
        message = f"not valid YAML: {problem} {context}".rstrip()
        for explain in (
            self._explain_indentation,
            self._explain_quotes,
            self._explain_colon,
            self._explain_start,
        ):
            if explanation := explain(index):
                self._refuse("Y102", explanation[0], message, explanation[1])
                return
        hints = (hint for words, hint in _SYNTAX_HINTS.items() if words in message)
        self._refuse("Y102", index, message, next(hints, None))

    def _index_of(self, error: Any) -> int:
        """Where an error is: where a quote, a bracket or a line of text begins says more than where the file ends."""
        mark = error.problem_mark or error.context_mark
        begins_earlier = _BEGINS_EARLIER.search(error.context or "") is not None
        is_at_end = not self.text[mark.index :].strip()
        if begins_earlier or is_at_end:
            mark = error.context_mark or mark
        return min(int(mark.index), len(self.text))

    def _explain_indentation(self, index: int) -> tuple[int, str] | None:
        """Where a wide space stands in the indentation of the line of an error, or just before it; and what to do."""
        for space in _WIDE_INDENTATION.finditer(self.text, self._line_before(index)):
            if space.start() <= index:
                hint = f"indent with plain spaces: this is {describe_character(space[1])}"
                return space.start(1), hint
        return None

    def _explain_quotes(self, index: int) -> tuple[int, str] | None:
        """Where the quotation mark stands that is not closed, or closed too early; and what to type instead."""
        last = self._last_scalar
        is_quoted = last is not None and last.style in _QUOTES
        if not is_quoted or self.text[last.end_mark.index : index].strip(" "):
            return self._explain_unclosed(index)
        start = last.start_mark.index
        if last.start_mark.line != last.end_mark.line:
            return start, f"close the quotation mark: {self._line_from(start)}{last.style}"
        text = self.text[start : self._line_end(index)].rstrip()
        goes_on = last.end_mark.index == index and self.text[index : index + 1].isalnum()
        if goes_on or text.endswith(last.style):
            text = text[1:].removesuffix(last.style)
        return index, f"quote the whole text: {quoted(text)}"

    def _explain_unclosed(self, index: int) -> tuple[int, str] | None:
        """What to type for a text in quotes that runs to the end of the file: it never became an event."""
        line = self._line_from(index)
        mark = line[:1]
        if mark not in _QUOTES or (len(line) > 1 and line.endswith(mark)):
            return None
        return index, f"close the quotation mark: {line}{mark}"

    def _explain_colon(self, index: int) -> tuple[int, str] | None:
        """Where a colon lacks its space, or is one too many, near the line of an error; and what to type."""
        line_end = self._line_end(index)
        glued = _GLUED_KEY.search(self.text, self._line_before(index), line_end)
        if glued:
            line = f"{glued[1].strip(' -')}: {shorten(glued[2].strip())}"
            return glued.end(1) + 1, f"put a space after the colon: {line}"
        second = _SECOND_COLON.match(self.text, self._line_start(index), line_end)
        if second and second.start(2) < index:
            return index, f"quote the text: {second[1]}: {quoted(second[2].rstrip(' '))}"
        return None

    def _explain_start(self, index: int) -> tuple[int, str] | None:
        """What to type for a text that begins with a sign that no plain text may begin with."""
        if self.text[index : index + 1] in _RESERVED:
            return index, f"quote the text: {quoted(self._line_from(index))}"
        return None

    def _line_from(self, index: int) -> str:
        """The line of a character, from that on."""
        return self.text[index : self._line_end(index)].rstrip()

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _line_before(self, index: int) -> int:
        """The beginning of the line before the one in which a character stands."""
        return self._line_start(max(self._line_start(index) - 1, 0))

    def _line_end(self, index: int) -> int:
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end


_QUOTES: Final = ("'", '"')
# Signs that YAML keeps for itself (YAML 1.2.2, section 5.3), of those that a text may begin with by mistake.
_RESERVED: Final = ("@", "`", "%", "*", "&")


def _continues(value: str, glued: str, behind: str) -> bool:
    """Whether what follows ` #` is the rest of a text, not a comment.

    Args:
        value: the text before.
        glued: what follows the sign without a space.
        behind: the comment behind that.
    """
    if "://" in value or _REMARK.match(glued):
        return False
    if not glued:
        return _goes_on_behind_space(value.rstrip(), behind.strip())
    # A number, or a sign that ends a clause, belongs to the sentence; a word does where there is a sentence.
    return not glued[0].isalpha() or " " in value


def _goes_on_behind_space(value: str, behind: str) -> bool:
    """The same for what follows `# `: only a question without its end tells that the sentence goes on."""
    if not behind:
        return True
    if value.endswith((".", "?", "!", "…")) and not behind.endswith("?"):
        return False
    return _BEGINS_QUESTION.match(value) is not None


def _position(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1

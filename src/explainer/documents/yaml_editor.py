"""Small changes to YAML text that keep everything else: comments, order, quotes, line breaks.

Values are changed where they stand. Whoever edits then reads the result again and compares: `Editor.finish` gives no
text that would mean anything else than what was asked for.
"""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import yaml
from msgspec import Struct

from explainer.diagnostics.finding import Finding, Location, Parsed, has_errors
from explainer.documents.document import KeyPath
from explainer.documents.yaml_reader import read_yaml
from explainer.documents.yaml_writer import entry_block, field_lines, flow, scalar

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BLOCK_SCALARS: Final = ("|", ">")


class Edit(Struct, frozen=True, order=True):
    """`text[start:end]` becomes `replacement`."""

    start: int
    end: int
    replacement: str


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """Return the text with edits that do not overlap; of several at one place the first comes first."""
    parts: list[str] = []
    copied = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [text[copied : edit.start], edit.replacement]
        copied = edit.end
    return "".join(parts) + text[copied:]


def unified_diff(text: str, edits: Sequence[Edit], file: str) -> str:
    """Return the edits of a file as a unified diff; empty when there are none."""
    return whole_diff(text, apply_edits(text, edits), file) if edits else ""


def whole_diff(old: str, new: str, file: str) -> str:
    """Return the difference of two texts of a file as a unified diff, as `diff -u` and `git diff` write it."""
    import difflib  # noqa: PLC0415  # few ask for it

    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), file, file
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


class _Node(Struct):
    """A value in the text: `text[start:end]`; what is behind a block is not in it.

    Attributes:
        start: where it begins; for an empty value the place behind the colon.
        end: where it ends.
        flow: it stands in brackets, or is itself in brackets.
        key: where its key begins; None in a list.
        is_mapping: it has keys.
        keys: the keys of a mapping, in order.
        size: the number of values in it.
    """

    start: int
    end: int
    flow: bool
    key: int | None
    is_mapping: bool = False
    keys: list[str] = []
    size: int = 0


class Editor:
    """Changes to one YAML text, all made at the end. It must be text that `read_yaml` reads without errors."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.edits: list[Edit] = []
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._expected: Any = read_yaml(text, file).data
        if self._expected is None:  # an empty file, or one of comments
            self._expected = {}
        self._nodes = _nodes(text)
        self._added: dict[str, list[Mapping[str, Any]]] = {}

    def set(self, path: KeyPath, value: Any, *, after: Sequence[str] = ()) -> None:
        """Give a value to a key or an item.

        Args:
            path: where it is, or where it should be.
            value: text, a number, a list of texts or None.
            after: the keys behind which a new key is put, the best last.
        """
        self._expect(path, value)
        node = self._nodes.get(path)
        if node is None:
            self._insert(path, value, after)
        elif node.flow or node.key is None:
            self._replace(node, _inline(value))
        else:
            self._replace_lines(node.key, node, str(path[-1]), value)

    def substitute(self, path: KeyPath, old: str, new: str) -> None:
        """Replace a part of a text, wherever it stands in it, without touching how the text is laid out."""
        node = self._nodes[path]
        self._expect(path, _value_at(self._expected, path).replace(old, new))
        start = self.text.find(old, node.start, node.end)
        while start >= 0:
            end = start + len(old)
            self.edits.append(Edit(start, end, new))
            start = self.text.find(old, end, node.end)

    def remove(self, path: KeyPath) -> None:
        """Remove a key with its value; whole lines where it has lines of its own, else the value becomes null."""
        node = self._nodes[path]
        parent = self._nodes[path[:-1]]
        # The first key of an entry stands behind the dash of the list, which cannot go with it.
        if node.key is None or node.flow or parent.keys[:1] == [path[-1]]:
            self.set(path, None)
            return
        del _value_at(self._expected, path[:-1])[path[-1]]
        end = self.text.find("\n", node.end) + 1
        self.edits.append(Edit(self._line_start(node.key), end or len(self.text), ""))

    def put_list(self, key: str, items: Sequence[str]) -> None:
        """Give a list to a key at the top, an item a line: where the key stands without a value, else at the end."""
        self._expect((key,), list(items))
        indent = " " * self._indent_at_top()
        lines = [f"{indent}  - {json.dumps(item, ensure_ascii=False)}" for item in items]
        empty_list = "" if items else " []"
        node = self._nodes.get((key,))
        if node is None or node.key is None:
            self._append_text(
                self._newline.join([f"{indent}{key}:{empty_list}", *lines]) + self._newline
            )
            return
        # The value goes from the line of the key, and the list comes below it: a comment between them stays.
        colon = self.text.index(":", node.key + len(key)) + 1
        self.edits.append(Edit(colon, max(node.end, colon), empty_list))
        self._insert_lines(node.end, lines)

    def append(self, kind: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Add entries at the end of a list at the top, which need not be there yet."""
        self._added.setdefault(kind, []).extend(records)

    def finish(self) -> Parsed[str]:
        """Return the changed text, or a finding when it would mean anything else than what was asked for."""
        for kind, records in self._added.items():
            self._append(kind, records)
        self._added = {}
        changed = apply_edits(self.text, self.edits)
        # YAML has many shapes, and this editor knows the usual ones: reading the result again finds all others.
        after = read_yaml(changed, self.file)
        if has_errors(after.findings) or after.data != self._expected:
            message = "this file has a shape in which the change cannot be made without changing something else"
            return Parsed(
                None, (Finding("F105", Location(self.file), message, "change it by hand"),)
            )
        return Parsed(changed)

    def _expect(self, path: KeyPath, value: Any) -> None:
        """Remember what the text must mean in the end."""
        _value_at(self._expected, path[:-1])[path[-1]] = _as_read(value)

    def _replace(self, node: _Node, text: str) -> None:
        needs_space = node.start == node.end and not self.text[: node.start].endswith((" ", "\n"))
        if needs_space:
            text = f" {text}"
        self.edits.append(Edit(node.start, node.end, text))

    def _replace_lines(self, start: int, node: _Node, key: str, value: Any) -> None:
        """Write a key that has lines of its own anew, with its value."""
        lines = field_lines(key, value, " " * self._column(start))
        # a comment that would become a part of the value
        if len(lines) > 1 and self._rest_of_line(node.end).strip():
            lines = [f"{key}: {_inline(value)}"]
        self.edits.append(
            Edit(start, max(node.end, node.start), self._newline.join(lines).lstrip(" "))
        )

    def _insert(self, path: KeyPath, value: Any, after: Sequence[str]) -> None:
        """Add a key to a mapping, behind the last of some keys that it has, else behind its first."""
        key = str(path[-1])
        parent = self._nodes[path[:-1]]
        if parent.flow:
            self.edits.append(Edit(parent.end - 1, parent.end - 1, f", {key}: {_inline(value)}"))
            return
        first = parent.keys[0]
        previous = next(filter(parent.keys.__contains__, reversed(after)), first)
        indent = " " * self._column(self._nodes[*path[:-1], first].key or 0)
        self._insert_lines(self._nodes[*path[:-1], previous].end, field_lines(key, value, indent))

    def _append(self, kind: str, records: Sequence[Mapping[str, Any]]) -> None:
        if not isinstance(self._expected.get(kind), list):
            self._expected[kind] = []
        self._expected[kind] += _as_read(records)
        node = self._nodes.get((kind,))
        if node is None:
            self._append_text(f"{kind}:{self._newline}{self._blocks(records)}")
        elif not node.size:  # the key stands without a value, or with an empty list
            # A comment stays on the line of the key: behind a folded text it would become a part of that.
            self.edits.append(Edit(len(self.text[: node.start].rstrip(" ")), node.end, ""))
            self._insert_lines(node.end, [self._blocks(records).rstrip("\r\n")])
        elif node.flow:
            items = ", ".join(["", *map(_inline, records)])
            self.edits.append(Edit(node.end - 1, node.end - 1, items))
        else:
            dash = self.text.rfind("-", 0, self._nodes[kind, 0].start)
            indent = " " * self._column(dash)
            self._insert_lines(node.end, [self._blocks(records, indent).rstrip("\r\n")])

    def _append_text(self, text: str) -> None:
        end = len(self.text)
        before = apply_edits(self.text, self.edits)
        if before and not before.endswith("\n"):
            text = self._newline + text
        self.edits.append(Edit(end, end, text))

    def _insert_lines(self, offset: int, lines: Sequence[str]) -> None:
        """Add lines behind the line in which an offset lies."""
        end = self._line_end(offset)
        self.edits.append(Edit(end, end, self._newline.join(["", *lines])))

    def _blocks(self, records: Sequence[Mapping[str, Any]], indent: str = "  ") -> str:
        return "".join(entry_block(record, indent) for record in records).replace(
            "\n", self._newline
        )

    def _indent_at_top(self) -> int:
        """The column of the first key at the top."""
        for path, node in self._nodes.items():
            if len(path) == 1:
                return self._column(node.key or 0)
        return self._column(0)

    def _column(self, offset: int) -> int:
        return offset - self._line_start(offset)

    def _line_start(self, offset: int) -> int:
        return self.text.rfind("\n", 0, offset) + 1

    def _line_end(self, offset: int) -> int:
        """The end of a line, before its line break."""
        return offset + len(self._rest_of_line(offset))

    def _rest_of_line(self, offset: int) -> str:
        end = self.text.find("\n", offset)
        if end < 0:
            end = len(self.text)
        return self.text[offset:end].removesuffix("\r")


def _value_at(data: Any, path: KeyPath) -> Any:
    return functools.reduce(operator.getitem, path, data)


def _as_read(value: Any) -> Any:
    """A value as `read_yaml` gives it: numbers are text there."""
    return json.loads(json.dumps(value), parse_int=str, parse_float=str)


def _inline(value: Any) -> str:
    """A value in one line of YAML."""
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return flow(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_inline(item)}" for key, item in value.items()) + "}"
    return scalar(str(value))


def _nodes(text: str) -> dict[KeyPath, _Node]:
    """Where every value of a YAML text without aliases and errors begins and ends."""
    body = text.removeprefix("\ufeff")
    nodes = _NodeReader(body).read(yaml.parse(body, Loader=_LOADER))
    if body is text:
        return nodes
    for (
        node
    ) in nodes.values():  # the byte order mark is a character of the text, but not of the YAML
        node.start += 1
        node.end += 1
        if node.key is not None:
            node.key += 1
    return nodes


class _NodeReader:
    """Makes nodes of the events of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._nodes: dict[KeyPath, _Node] = {}
        # Around the whole text is a node that is neither a mapping nor a list, so that every value has one around it.
        self._open: list[tuple[_Node, KeyPath]] = [(_Node(0, 0, flow=False, key=None), ())]
        self._step: KeyPath = ()
        """The key whose value comes next; empty where a key comes next, or an item of a list."""
        self._key_start: int | None = None

    def read(self, events: Iterable[Any]) -> dict[KeyPath, _Node]:
        """Return the nodes by their paths, inner ones before those around them."""
        for event in events:
            if isinstance(event, yaml.CollectionEndEvent):
                self._close(event)
            elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
                self._take(event)
        return self._nodes

    def _take(self, event: Any) -> None:
        parent = self._open[-1][0]
        if parent.is_mapping and not self._step:
            parent.keys.append(event.value)
            self._step, self._key_start = (event.value,), event.start_mark.index
            return
        node = self._node(event, in_flow=parent.flow)
        path = self._next_path()
        self._step, self._key_start = (), None
        parent.end = max(parent.end, node.end)
        if isinstance(event, yaml.ScalarEvent):
            self._nodes[path] = node
        else:
            self._open.append((node, path))

    def _close(self, event: Any) -> None:
        node, path = self._open.pop()
        # the end of a block is where the next one begins: it ends with its last value
        if node.flow:
            node.end = event.end_mark.index
        # What is around a value ends where its last value ends, at least.
        parent = self._open[-1][0]
        parent.end = max(parent.end, node.end)
        self._nodes[path] = node

    def _node(self, event: Any, *, in_flow: bool) -> _Node:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.CollectionStartEvent):
            is_flow = in_flow or bool(event.flow_style)
            return _Node(
                start, start, is_flow, self._key_start, isinstance(event, yaml.MappingStartEvent)
            )
        if event.style in _BLOCK_SCALARS:  # its end is behind the empty lines that follow
            end = start + len(self._text[start:end].rstrip())
        return _Node(start, end, in_flow, self._key_start)

    def _next_path(self) -> KeyPath:
        """The path of the value that comes."""
        parent, path = self._open[-1]
        parent.size += 1
        # A value that has no key is an item of a list, unless it is the whole text.
        if len(self._open) > 1 and not self._step:
            return (*path, parent.size - 1)
        return (*path, *self._step)

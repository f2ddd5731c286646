"""Small changes to YAML text that keep everything else: comments, order, quotes, line breaks.

Values are changed where they stand. Whoever edits then reads the result again and compares: `Editor.finish` gives no
text that would mean anything else than what was asked for.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.documents.document import KeyPath
from explainer.documents.edits import Edit, apply_edits
from explainer.documents.yaml_reader import read_yaml
from explainer.documents.yaml_writer import entry_block, field_lines, flow, scalar

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BLOCK_SCALARS: Final = ("|", ">")


@dataclass(slots=True)
class _Node:
    """A value in the text: `text[start:end]`; what is behind a block is not in it.

    Attributes:
        start: where it begins; for an empty value the place behind the colon.
        end: where it ends.
        flow: it stands in brackets, or is itself in brackets.
        key: where its key begins; None in a list.
        keys: the keys of a mapping, in order; None for anything else.
        size: the number of items of a list; None for anything else.
    """

    start: int
    end: int
    flow: bool
    key: int | None
    keys: list[str] | None = None
    size: int | None = None


class Editor:
    """Changes to one YAML text, all made at the end. It must be text that `read_yaml` reads without errors."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.edits: list[Edit] = []
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._data: Any = read_yaml(text, file).data
        self._wanted: Any = copy.deepcopy(self._data) if self._data is not None else {}
        self._nodes = _nodes(text)
        self._added: dict[str, list[Mapping[str, Any]]] = {}

    def set(self, path: KeyPath, value: Any, *, after: Sequence[str] = ()) -> None:
        """Give a value to a key or an item.

        Args:
            path: where it is, or where it should be.
            value: text, a number, a list of texts or None.
            after: the keys behind which a new key is put, the best last.
        """
        node = self._nodes.get(path)
        self._want(path, value)
        if node is None:
            self._insert(path, value, after)
        elif node.flow or node.key is None:
            self._replace(node, flow(value) if isinstance(value, list | tuple) else _inline(value))
        else:
            lines = field_lines(str(path[-1]), value, " " * self._column(node.key))
            if len(lines) > 1 and self._rest_of_line(node.end).strip():  # a comment that would become a part of it
                lines = [f"{path[-1]}: {flow(value) if isinstance(value, list | tuple) else _inline(value)}"]
            text = self._newline.join(lines).lstrip(" ")
            self.edits.append(Edit(node.key, max(node.end, node.start), text))

    def substitute(self, path: KeyPath, old: str, new: str) -> None:
        """Replace a part of a text, wherever it stands in it, without touching how the text is laid out."""
        node = self._nodes[path]
        self._want(path, _at(self._wanted, path).replace(old, new))
        at = self.text.find(old, node.start, node.end)
        while at >= 0:
            self.edits.append(Edit(at, at + len(old), new))
            at = self.text.find(old, at + len(old), node.end)

    def remove(self, path: KeyPath) -> None:
        """Remove a key with its value; whole lines where it has lines of its own, else the value becomes null."""
        node = self._nodes[path]
        parent = self._nodes[path[:-1]]
        if node.flow or node.key is None or parent.keys is None or parent.keys[0] == path[-1]:
            self.set(path, None)
            return
        self._drop(path)
        start = self.text.rfind("\n", 0, node.key) + 1
        stop = self.text.find("\n", node.end)
        self.edits.append(Edit(start, len(self.text) if stop < 0 else stop + 1, ""))

    def put_list(self, key: str, items: Sequence[str]) -> None:
        """Give a list to a key at the top, an item a line: where the key stands without a value, else at the end."""
        node = self._nodes.get((key,))
        indent = " " * self._column(next((one.key for path, one in self._nodes.items() if len(path) == 1), 0) or 0)
        lines = [f"{indent}  - {json.dumps(item, ensure_ascii=False)}" for item in items]
        self._want((key,), list(items))
        if node is None or node.key is None:
            end = len(self.text)
            ended = self.text.endswith("\n") or any(edit.start == end for edit in self.edits)
            block = self._newline.join([f"{indent}{key}:{'' if items else ' []'}", *lines])
            self.edits.append(Edit(end, end, f"{'' if ended else self._newline}{block}{self._newline}"))
            return
        colon = self.text.index(":", node.key + len(key)) + 1
        at = self._end_of_line(node.end)
        self.edits.append(Edit(colon, max(node.end, colon), "" if items else " []"))
        self.edits.append(Edit(at, at, "".join(f"{self._newline}{line}" for line in lines)))

    def append(self, kind: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Add entries at the end of a list at the top, which need not be there yet."""
        self._added.setdefault(kind, []).extend(records)

    def finish(self) -> Parsed[str]:
        """Return the changed text, or a finding when it would mean anything else than what was asked for."""
        for kind, records in self._added.items():
            self._append(kind, records)
        self._added = {}
        changed = apply_edits(self.text, self.edits)
        after = read_yaml(changed, self.file)
        if any(finding.is_error for finding in after.findings) or after.data != self._wanted:
            message = "this file has a shape in which the change cannot be made without changing something else"
            return Parsed(None, (Finding("F105", Location(self.file), message, "change it by hand"),))
        return Parsed(changed)

    def _want(self, path: KeyPath, value: Any) -> None:
        wanted = _at(self._wanted, path[:-1])
        wanted[path[-1]] = list(value) if isinstance(value, tuple | list) else _as_read(value)

    def _drop(self, path: KeyPath) -> None:
        del _at(self._wanted, path[:-1])[path[-1]]

    def _replace(self, node: _Node, text: str) -> None:
        glue = " " if node.start == node.end and not self.text[: node.start].endswith((" ", "\n")) else ""
        self.edits.append(Edit(node.start, node.end, glue + text))

    def _insert(self, path: KeyPath, value: Any, after: Sequence[str]) -> None:
        """Add a key to a mapping, behind the last of some keys that it has, else behind its first."""
        parent = self._nodes[path[:-1]]
        key = str(path[-1])
        if parent.flow:
            text = f"{key}: {flow(value) if isinstance(value, list | tuple) else _inline(value)}"
            self.edits.append(Edit(parent.end - 1, parent.end - 1, f", {text}"))
            return
        keys = parent.keys or []
        behind = next((name for name in reversed(after) if name in keys), keys[0])
        node = self._nodes[*path[:-1], behind]
        indent = " " * self._column(self._nodes[*path[:-1], keys[0]].key or 0)
        lines = field_lines(key, value, indent)
        at = self._end_of_line(node.end)
        self.edits.append(Edit(at, at, "".join(f"{self._newline}{line}" for line in lines)))

    def _append(self, kind: str, records: Sequence[Mapping[str, Any]]) -> None:
        if not isinstance(self._wanted.get(kind), list):
            self._wanted[kind] = []
        self._wanted[kind] += [{key: _as_read(value) for key, value in record.items()} for record in records]
        node = self._nodes.get((kind,))
        if node is not None and node.flow and node.size:
            items = "".join(f", {_flow_mapping(record)}" for record in records)
            self.edits.append(Edit(node.end - 1, node.end - 1, items))
            return
        if node is not None and node.size:
            first = self._nodes[kind, 0]
            dash = self.text.rfind("-", 0, first.start)
            at = self._end_of_line(node.end)
            self.edits.append(
                Edit(at, at, self._newline + self._blocks(records, " " * self._column(dash)).rstrip("\r\n"))
            )
        elif node is not None:
            start = len(self.text[: node.start].rstrip(" "))
            self.edits.append(Edit(start, node.end, self._newline + self._blocks(records).rstrip("\r\n")))
        else:
            glue = "" if self.text.endswith("\n") or not self.text else self._newline
            self.edits.append(
                Edit(len(self.text), len(self.text), f"{glue}{kind}:{self._newline}{self._blocks(records)}")
            )

    def _blocks(self, records: Sequence[Mapping[str, Any]], indent: str = "  ") -> str:
        return "".join(entry_block(record, indent) for record in records).replace("\n", self._newline)

    def _column(self, at: int) -> int:
        return at - (self.text.rfind("\n", 0, at) + 1)

    def _end_of_line(self, at: int) -> int:
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        return end - 1 if end and self.text[end - 1] == "\r" and end > at else end

    def _rest_of_line(self, at: int) -> str:
        return self.text[at : self._end_of_line(at)]


def _at(data: Any, path: KeyPath) -> Any:
    for step in path:
        data = data[step]
    return data


def _as_read(value: Any) -> Any:
    """A value as `read_yaml` gives it: numbers are text there."""
    if isinstance(value, list | tuple):
        return [_as_read(item) for item in value]
    return value if value is None or isinstance(value, str) else str(value)


def _inline(value: Any) -> str:
    return "null" if value is None else scalar(str(value))


def _flow_mapping(record: Mapping[str, Any]) -> str:
    pairs = (
        f"{key}: {flow(value) if isinstance(value, list | tuple) else _inline(value)}" for key, value in record.items()
    )
    return "{" + ", ".join(pairs) + "}"


def _nodes(text: str) -> dict[KeyPath, _Node]:
    """Where every value of a YAML text begins and ends."""
    nodes: dict[KeyPath, _Node] = {}
    shift = 1 if text.startswith("\ufeff") else 0
    for path, node in _walk(yaml.parse(text[shift:], Loader=_LOADER), text[shift:]):
        if shift:
            node.start, node.end = node.start + shift, node.end + shift
            node.key = None if node.key is None else node.key + shift
        nodes[path] = node
    return nodes


def _walk(events: Any, text: str) -> Iterator[tuple[KeyPath, _Node]]:
    """Yield the nodes of a text without aliases and errors, inner ones before those around them."""
    stack: list[tuple[_Node, KeyPath]] = []
    pending: tuple[str, int] | None = None
    for event in events:
        kind = type(event)
        if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            node, path = stack.pop()
            if node.flow:
                node.end = event.end_mark.index
            if stack:
                stack[-1][0].end = max(stack[-1][0].end, node.end)
            yield path, node
            continue
        opening = kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent
        if not opening and kind is not yaml.ScalarEvent:
            continue
        parent = stack[-1][0] if stack else None
        if parent is not None and parent.keys is not None and pending is None:
            parent.keys.append(event.value)
            pending = (event.value, event.start_mark.index)
            continue
        node = _node(event, text, parent, pending)
        path = _path(stack, pending)
        pending = None
        if parent is not None:
            parent.end = max(parent.end, node.end)
        if opening:
            stack.append((node, path))
        else:
            yield path, node


def _node(event: Any, text: str, parent: _Node | None, pending: tuple[str, int] | None) -> _Node:
    start, end = event.start_mark.index, event.end_mark.index
    inside = parent is not None and parent.flow
    key = pending[1] if pending else None
    if type(event) is yaml.ScalarEvent:
        if event.style in _BLOCK_SCALARS:
            end = start + len(text[start:end].rstrip())
        return _Node(start, end, inside, key)
    in_brackets = inside or bool(event.flow_style)
    if type(event) is yaml.MappingStartEvent:
        return _Node(start, start, in_brackets, key, keys=[])
    return _Node(start, start, in_brackets, key, size=0)


def _path(stack: Sequence[tuple[_Node, KeyPath]], pending: tuple[str, int] | None) -> KeyPath:
    if not stack:
        return ()
    parent, path = stack[-1]
    if parent.size is None:
        return (*path, pending[0] if pending else "")
    parent.size += 1
    return (*path, parent.size - 1)

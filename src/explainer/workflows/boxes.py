"""A workflow drawn with characters: a box for each node, from top to bottom, and a rail for everything that is used.

A rail begins where a step gives something and runs down on the left, past every step that takes it:

        ┌────────────────────────┐
    ┌───┤ Img  in hand: an image │
    │   └────────────────────────┘
    │   ┌────────────────────────┐
    └──▶│ Img  1. Img2Txt-Blip   │
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from explainer.workflows.graph import Edge, End, Node, WorkflowGraph

LEAST_WIDTH: Final = 40
"""Columns below which boxes are not drawn any narrower."""
_LEAST_TEXT: Final = 16
_ASCII: Final = str.maketrans({
    "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+", "│": "|", "─": "-", "▶": ">", "…": ".",
})  # fmt: skip


@dataclass(slots=True)
class _Rail:
    """What a node gives, on its way down."""

    source: str
    port: str | None
    users: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a box: the rail that ends or begins there, what it carries, and whether it leaves."""

    port: str
    rail: _Rail | None = None
    leaves: bool = False


def boxes(workflow: WorkflowGraph, width: int, cells: Callable[[str], int], *, ascii_only: bool = False) -> str:
    """Return a drawing; it ends in a line break.

    Args:
        workflow: what is drawn, each step behind those that feed it.
        width: columns that it may have; it has more when there are very many rails.
        cells: measures a text in columns.
        ascii_only: use no character outside ASCII; those of labels become escapes.
    """
    rails = _rails(workflow)
    slots: list[_Rail | None] = []
    lines: list[str] = []
    longest = _most_rails(workflow, rails)
    ports = {port for step in workflow.steps if step.signature for port in step.signature.outputs}
    names = max(map(len, {*ports, *(rail.port or "?" for rail in rails.values())}), default=0)
    inner = max(width, LEAST_WIDTH, 2 * longest + names + 8 + _LEAST_TEXT) - 2 * longest - 4
    numbers = {step.key: number for number, step in enumerate(workflow.steps, 1)}
    for node in workflow.nodes:
        title = _title(node, workflow, numbers)
        if ascii_only:
            title = title.encode("ascii", "backslashreplace").decode()
        lines += _box(_rows(node, workflow, rails), title, slots, longest, inner, names, cells)
    text = "".join(f"{line.rstrip()}\n" for line in lines)
    return text.translate(_ASCII) if ascii_only else text


def _title(node: Node, workflow: WorkflowGraph, numbers: dict[str, int]) -> str:
    if isinstance(node, End):
        return f"{'in hand' if node in workflow.inputs else 'wanted'}: {node.label}"
    return f"{numbers[node.key]}. {node.label}"


def _rails(workflow: WorkflowGraph) -> dict[tuple[str, str | None], _Rail]:
    rails: dict[tuple[str, str | None], _Rail] = {}
    for edge in workflow.edges:
        rail = rails.setdefault((edge.source, edge.port), _Rail(edge.source, edge.port))
        rail.users.append(edge.target)
    return rails


def _rows(node: Node, workflow: WorkflowGraph, rails: dict[tuple[str, str | None], _Rail]) -> list[_Row]:
    """The lines of a box: what comes in, then what goes out; of what nobody uses, only the name."""
    into: Sequence[Edge] = workflow.edges_into(node.key)
    rows = [_Row(edge.port or "?", rails[edge.source, edge.port]) for edge in into]
    rows += [_Row(rail.port or "?", rail, leaves=True) for (key, _), rail in rails.items() if key == node.key]
    if not isinstance(node, End) and node.signature is not None:
        rows += [_Row(port) for port in node.signature.outputs if (node.key, port) not in rails]
    return rows or [_Row("")]


def _most_rails(workflow: WorkflowGraph, rails: dict[tuple[str, str | None], _Rail]) -> int:
    """How many rails run side by side at most."""
    left = {id(rail): len(rail.users) for rail in rails.values()}
    open_ = most = 0
    for node in workflow.nodes:
        for edge in workflow.edges_into(node.key):
            rail = rails[edge.source, edge.port]
            left[id(rail)] -= 1
            open_ -= left[id(rail)] == 0
        open_ += sum(key == node.key for key, _ in rails)
        most = max(most, open_)
    return most


def _box(
    rows: list[_Row],
    title: str,
    slots: list[_Rail | None],
    longest: int,
    inner: int,
    names: int,
    cells: Callable[[str], int],
) -> Iterator[str]:
    """The lines of one box with the rails beside it; rails that end or begin there change `slots`."""
    room = inner - names - 4
    texts = list(_wrapped(title, room, cells))
    yield f"{_margin(slots, longest)}┌{'─' * inner}┐"
    for at in range(max(len(rows), len(texts))):
        row = rows[at] if at < len(rows) else _Row("")
        margin = _margin(slots, longest, row)
        text = texts[at] if at < len(texts) else ""
        body = f"{row.port}{' ' * (names - len(row.port))}  {text}{' ' * (room - cells(text))}"
        side = "┤" if row.rail is not None and row.leaves else "│"
        yield f"{margin}{side} {body} │"
    yield f"{_margin(slots, longest)}└{'─' * inner}┘"


def _margin(slots: list[_Rail | None], longest: int, row: _Row | None = None) -> str:
    """What stands left of a box on one line: a mark for each rail, and the way from one of them to the box."""
    rail = row.rail if row is not None else None
    at = -1
    mark = ""
    if row is not None and rail is not None and row.leaves:
        at = slots.index(None) if None in slots else len(slots)
        slots[at : at + 1] = [rail]
        mark = "┌"
    elif rail is not None:
        at = slots.index(rail)
        rail.users.pop(0)
        mark = "├" if rail.users else "└"
    marks = [" " if one is None else "│" for one in slots] + [" "] * (longest - len(slots))
    line = ""
    for number, own in enumerate(marks):
        if at < 0 or number < at:
            line += f"{own} "
        elif number == at:
            line += f"{mark}─"
        else:
            line += f"{own if own != ' ' else '─'}─"
    if rail is None or row is None:
        line += "  "
    else:
        line += "──" if row.leaves else "─▶"
        if not rail.users:
            slots[at] = None
    return line


def _wrapped(text: str, room: int, cells: Callable[[str], int]) -> Iterator[str]:
    """The lines of a text, broken at spaces and behind hyphens, else anywhere."""
    line = ""
    for word in _words(text):
        if line and cells(line) + cells(word.rstrip()) > room:
            yield line.rstrip()
            line = ""
        piece = word
        while cells(piece.rstrip()) > room:
            cut = max((n for n in range(1, len(piece)) if cells(piece[:n]) <= room), default=1)
            yield piece[:cut]
            piece = piece[cut:]
        line += piece
    yield line.rstrip()


def _words(text: str) -> Iterator[str]:
    """The words of a text, each with what is behind it: a space or a hyphen."""
    word = ""
    for char in " ".join(text.split()):
        word += char
        if char in " -/":
            yield word
            word = ""
    if word:
        yield word

"""Composed workflows as text, as data for JSON, as Mermaid and as SVG.

The text is drawn with characters: a box for each node, from top to bottom, and a rail for everything that is used. A
rail begins where a step gives something and runs down on the left, past every step that takes it:

        ┌────────────────────────┐
    ┌───┤ Img  input: an image   │
    │   └────────────────────────┘
    │   ┌────────────────────────┐
    └──▶│ Img  1. Img2Txt-Blip   │
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from explainer.diagnostics.text import json_document, printable, shorten
from explainer.workflows.graph import End, Node, Step, WorkflowGraph, mermaid, wrapped
from explainer.workflows.planning import WorkflowPlan, why_useless

SCHEMA: Final = "explainer/workflow/1"
# Alternatives of a step that are named in the text.
_FEW: Final = 4
# Characters of a question that title its image.
_TITLE: Final = 120


def as_text(
    plan: WorkflowPlan,
    shown: Sequence[int],
    width: int,
    cells: Callable[[str], int],
    *,
    ascii_only: bool = False,
) -> str:
    """Return workflows drawn with characters, and the models that are in none.

    Args:
        plan: the workflows.
        shown: the places of those that are drawn.
        width: columns that a drawing may have.
        cells: measures a text in columns.
        ascii_only: use no character outside ASCII.
    """
    blocks: list[str] = []
    for position in shown:
        workflow = plan.composition.workflows[position]
        number = len(workflow.steps)
        models = f"{number} model{'s' * (number != 1)}"
        drawing = boxes(_printable(workflow), width, cells, ascii_only=ascii_only)
        blocks.append(
            f"Workflow {position + 1} ({models})\n\n{drawing}{''.join(_alternatives(plan, position))}"
        )
    left_out = "".join(_left_out(plan))
    if left_out:
        blocks.append(left_out)
    text = "\n".join(blocks)
    return text.encode("ascii", "backslashreplace").decode() if ascii_only else text


def _printable(workflow: WorkflowGraph) -> WorkflowGraph:
    """The same workflow with labels that are safe for a terminal."""
    return replace(
        workflow,
        inputs=_relabelled(workflow.inputs),
        steps=_relabelled(workflow.steps),
        outputs=_relabelled(workflow.outputs),
    )


_AnyNode = TypeVar("_AnyNode", End, Step)


def _relabelled(nodes: tuple[_AnyNode, ...]) -> tuple[_AnyNode, ...]:
    return tuple(replace(node, label=printable(node.label)) for node in nodes)


def _alternatives(plan: WorkflowPlan, position: int) -> Iterator[str]:
    """For each step of a workflow the models that could do the same."""
    for number, place in enumerate(plan.composition.uses[position], 1):
        names = [printable(name) for name in _names_instead(plan, place)]
        if names:
            further = f" and {len(names) - _FEW} more" * (len(names) > _FEW)
            yield f"Instead of {number}: {', '.join(names[:_FEW])}{further}\n"


def _names_instead(plan: WorkflowPlan, place: int) -> list[str]:
    places = dict(plan.composition.alternatives).get(place, ())
    return [plan.models[place].name for place in places]


def _left_out(plan: WorkflowPlan) -> Iterator[str]:
    for model in plan.untyped:
        yield f"Untyped, so in no workflow: {printable(model.name)}\n"
    for place, lacking in plan.composition.useless:
        yield f"In no workflow: {printable(plan.models[place].name)} ({why_useless(plan, lacking)})\n"


def as_json(plan: WorkflowPlan, shown: Sequence[int]) -> str:
    """Return workflows, and the models that are in none, as a JSON document."""
    composition = plan.composition
    unused: list[dict[str, Any]] = []
    for place, lacking in composition.useless:
        reason = why_useless(plan, lacking)
        unused.append({"model": plan.models[place].name, "lacks": list(lacking), "why": reason})
    document = {
        "schema": SCHEMA,
        "input": list(composition.inputs),
        "output": list(composition.outputs),
        "workflows": [_workflow_data(plan, position) for position in shown],
        "untyped": [model.name for model in plan.untyped],
        "unused": unused,
        "complete": composition.complete,
    }
    return json_document(document)


def _workflow_data(plan: WorkflowPlan, position: int) -> dict[str, Any]:
    workflow = plan.composition.workflows[position]
    steps: list[dict[str, Any]] = []
    for step, place in zip(workflow.steps, plan.composition.uses[position], strict=True):
        steps.append({
            "key": step.key,
            "model": step.label,
            "signature": str(step.signature),
            "alternatives": _names_instead(plan, place),
        })  # fmt: skip
    return {
        "inputs": list(map(_end_data, workflow.inputs)),
        "steps": steps,
        "outputs": list(map(_end_data, workflow.outputs)),
        "edges": [
            {"from": edge.source, "to": edge.target, "port": edge.port} for edge in workflow.edges
        ],
    }


def _end_data(end: End) -> dict[str, Any]:
    return {"key": end.key, "port": end.port, "label": end.label}


def as_mermaid(plan: WorkflowPlan, shown: Sequence[int]) -> str:
    """Return workflows as Mermaid flowcharts."""
    return "".join(mermaid(plan.composition.workflows[position]) for position in shown)


def as_svg(plan: WorkflowPlan, shown: Sequence[int]) -> str:
    """Return workflows as SVG images, titled by the question."""
    from explainer.workflows.svg import svg  # noqa: PLC0415  # it loads urllib, by xml.sax, and the text needs none

    title = shorten(plan.loaded.question.question, _TITLE) if plan.loaded else ""
    return "".join(svg(plan.composition.workflows[position], title) for position in shown)


LEAST_WIDTH: Final = 40
"""Columns below which boxes are not drawn any narrower."""
# Columns that the text of a box has, however many rails run beside it.
_LEAST_TEXT: Final = 16
# Columns between the rails and the text of a box: the way to it, its sides, its margins.
_FRAME: Final = 4
_BREAKS: Final = " -/"
_ASCII: Final = str.maketrans({
    "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+", "│": "|", "─": "-", "▶": ">", "…": ".",
})  # fmt: skip


class _Rail(Struct, eq=False):
    """Data that a node gives, on its way down to those that take it, the next one first."""

    port: str
    users: list[str] = []


class _Row(Struct, frozen=True):
    """A line of a box: the kind of data, the rail that ends or begins there, and whether it begins."""

    port: str
    rail: _Rail | None = None
    leaves: bool = False


_EMPTY_ROW: Final = _Row("")


def boxes(
    workflow: WorkflowGraph, width: int, cells: Callable[[str], int], *, ascii_only: bool = False
) -> str:
    """Return a drawing; it ends in a line break.

    Args:
        workflow: what is drawn, each step behind those that feed it.
        width: columns that it may have; it has more when there are very many rails.
        cells: measures a text in columns.
        ascii_only: use no character outside ASCII; those of labels become escapes.
    """
    drawing = _Drawing(workflow, width, cells)
    lines: list[str] = []
    for node, kind, label in workflow.captions():
        title = ": ".join(part for part in (kind, label) if part)
        if ascii_only:
            title = title.encode("ascii", "backslashreplace").decode()
        lines += drawing.box(node, title)
    text = "".join(f"{line.rstrip()}\n" for line in lines)
    return text.translate(_ASCII) if ascii_only else text


class _Drawing:
    """Boxes from top to bottom, and the rails that run beside the next one."""

    def __init__(self, workflow: WorkflowGraph, width: int, cells: Callable[[str], int]) -> None:
        self._workflow = workflow
        self._cells = cells
        self._rails: dict[tuple[str, str | None], _Rail] = {}
        self._leaving: defaultdict[str, list[_Rail]] = defaultdict(list)
        names = [""]
        for edge in workflow.edges:
            rail = self._rails.setdefault((edge.source, edge.port), _Rail(edge.port or "?"))
            if not rail.users:
                self._leaving[edge.source].append(rail)
            rail.users.append(edge.target)
            names.append(rail.port)
        self._slots: list[_Rail | None] = []
        self._most = self._most_rails()
        for step in workflow.steps:
            names += step.gives
        self._name_width = max(map(len, names))
        beside = 2 * self._most + _FRAME
        # labels keep some room, however many rails run beside them
        least = beside + self._name_width + _FRAME + _LEAST_TEXT
        self._inner = max(width, LEAST_WIDTH, least) - beside

    def _most_rails(self) -> int:
        """How many rails run side by side at most."""
        places = {node.key: place for place, node in enumerate(self._workflow.nodes)}
        changes = [0] * len(places)
        for (source, _), rail in self._rails.items():
            # a rail runs from its giver to the last of those who take from it
            changes[places[source]] += 1
            changes[max(places[user] for user in rail.users)] -= 1
        return max(accumulate(changes), default=0)

    def box(self, node: Node, title: str) -> Iterator[str]:
        """The lines of one box with the rails beside it."""
        room = self._inner - self._name_width - _FRAME
        texts = list(wrapped(title, room, self._cells, _BREAKS))
        rows = self._rows(node)
        # each line of a box has a port and a text, of which one may be empty
        rows += [_EMPTY_ROW] * (len(texts) - len(rows))
        texts += [""] * (len(rows) - len(texts))
        yield f"{self._margin()}┌{'─' * self._inner}┐"
        for row, text in zip(rows, texts, strict=True):
            margin = self._margin(row)
            side = "┤" if row.leaves else "│"
            padding = " " * (room - self._cells(text))
            yield f"{margin}{side} {row.port.ljust(self._name_width)}  {text}{padding} │"
        yield f"{self._margin()}└{'─' * self._inner}┘"

    def _rows(self, node: Node) -> list[_Row]:
        """The lines of a box: what comes in, then what goes out; of what nobody uses, only the name."""
        rows: list[_Row] = []
        for edge in self._workflow.edges_into(node.key):
            rail = self._rails[edge.source, edge.port]
            rows.append(_Row(rail.port, rail))
        rows += [_Row(rail.port, rail, leaves=True) for rail in self._leaving[node.key]]
        for port in node.gives:
            if (node.key, port) not in self._rails:
                rows.append(_Row(port))
        return rows

    def _margin(self, row: _Row = _EMPTY_ROW) -> str:
        """What stands left of a box on one line: a mark for each rail, and the way from one of them to the box."""
        if row.rail is None:
            return f"{self._marks()}  "
        slot, corner, tip = self._begin(row.rail) if row.leaves else self._reach(row.rail)
        marks = self._marks()
        if not row.rail.users:
            self._slots[slot] = None
        # The way runs through the spaces behind its own rail, and over the rails between.
        return f"{marks[: 2 * slot]}{corner}─{marks[2 * slot + 2 :].replace(' ', '─')}{tip}"

    def _marks(self) -> str:
        """The rails that run, two columns each."""
        return "".join("│ " if rail else "  " for rail in self._slots).ljust(2 * self._most)

    def _begin(self, rail: _Rail) -> tuple[int, str, str]:
        """Put a rail where the first free slot is."""
        if None not in self._slots:
            self._slots.append(None)
        slot = self._slots.index(None)
        self._slots[slot] = rail
        return slot, "┌", "──"

    def _reach(self, rail: _Rail) -> tuple[int, str, str]:
        """Lead a rail to the next of its users."""
        rail.users.pop(0)
        return self._slots.index(rail), "├" if rail.users else "└", "─▶"

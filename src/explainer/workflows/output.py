"""Composed workflows as text, as data for JSON, as Mermaid and as SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from explainer.diagnostics.text import json_document, printable, shorten
from explainer.workflows.boxes import boxes
from explainer.workflows.graph import End, Step, WorkflowGraph, mermaid
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

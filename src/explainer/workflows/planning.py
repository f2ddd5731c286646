"""The workflows of what a question is offered: its models as parts, its own words for what it has and wants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from explainer.catalogs.catalog import LoadedCatalog
from explainer.catalogs.library import Library, kinds_of_data
from explainer.catalogs.question import LoadedQuestion
from explainer.catalogs.schema import Catalog, ModelEntry, Task
from explainer.catalogs.signature import Ports, Signature
from explainer.rendering.fastpath import EntryData
from explainer.rendering.layout import neutralise
from explainer.rendering.renderer import entry_data
from explainer.workflows.compose import MOST_MODELS, Component, Composition, compose
from explainer.workflows.graph import Step, WorkflowGraph
from explainer.workflows.mermaid import mermaid


class Tasks:
    """Tasks by id and alias, in any letter case; the first of two with one name has it."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._by_name: dict[str, Task] = {}
        for task in tasks:
            for name in (task.id, *task.aliases):
                self._by_name.setdefault(name.casefold(), task)

    @classmethod
    @lru_cache(maxsize=8)
    def of(cls, library: Library) -> Tasks:
        """Return the tasks of a library, and behind them those that ship."""
        return cls((*library.tasks, *library.vocabulary()))

    def find(self, label: str | None) -> Task | None:
        """Return the task that a label means."""
        return self._by_name.get(label.casefold()) if label else None


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """What can be made of the models of a question.

    Attributes:
        models: the models with a signature, in the order of the question.
        parts: the same as parts of workflows.
        untyped: the models without one.
        composition: the workflows; its places are those of `models`.
        ports: the kinds of data.
    """

    models: tuple[ModelEntry, ...]
    parts: tuple[Component, ...]
    untyped: tuple[ModelEntry, ...]
    composition: Composition
    ports: Ports


def plan_workflows(
    loaded: LoadedQuestion | None,
    models: Sequence[ModelEntry],
    library: Library,
    tasks: Tasks,
    *,
    max_models: int = MOST_MODELS,
    limit: int = 3,
) -> WorkflowPlan:
    """Compose the workflows of some models.

    Args:
        loaded: the question, for what it has and wants; None when it says nothing about that.
        models: the models offered to it, in its order.
        library: knows the ports.
        tasks: tells which models do the same work.
        max_models: models of one workflow, at most.
        limit: workflows, at most.
    """
    typed: list[ModelEntry] = []
    untyped: list[ModelEntry] = []
    parts: list[Component] = []
    for model in models:
        signature = library.ports.parse(model.signature) if model.signature else None
        if isinstance(signature, Signature):
            task = tasks.find(model.task)
            typed.append(model)
            parts.append(Component(model.name, signature, task.id if task is not None else model.task or ""))
        else:
            untyped.append(model)
    composition = compose(
        parts,
        library.ports,
        inputs=kinds_of_data(loaded, "input", library) if loaded is not None else None,
        outputs=kinds_of_data(loaded, "output", library) if loaded is not None else None,
        max_models=max_models,
        limit=limit,
    )
    return WorkflowPlan(tuple(typed), tuple(parts), tuple(untyped), composition, library.ports)


def what_is_missing(plan: WorkflowPlan, max_models: int = MOST_MODELS) -> str | None:
    """Return why there is no workflow, as a sentence without a full stop; None when there is one."""
    found = plan.composition
    if found.workflows:
        return None
    if not plan.models:
        return "none of the models has a signature" if plan.untyped else "the question offers no models"
    if not found.outputs:
        return "the question wants nothing"
    if found.missing:
        return f"these models cannot be joined because {_nothing_turns(found.reached, found.missing)}"
    if found.fewest:
        return f"these models cannot be joined by at most {max_models} of them; {found.fewest} can do it"
    return f"no workflow of at most {max_models} of these models was found"


def why_useless(plan: WorkflowPlan, lacking: Sequence[str]) -> str:
    """Return why a model is in no workflow, from the ports that it lacks."""
    if not lacking:
        return "nothing wanted needs what it gives"
    return _nothing_turns(plan.composition.reached, lacking)


def _nothing_turns(have: Sequence[str], into: Sequence[str]) -> str:
    return (
        f"nothing turns {' or '.join(have)} into {' or '.join(into)}" if have else f"nothing gives {' or '.join(into)}"
    )


def variables(
    loaded: LoadedQuestion | None, models: Sequence[tuple[ModelEntry, EntryData]], library: Library
) -> dict[str, Any]:
    """Return what templates that ask get beside the question and the entries: `workflow`, `tasks` and `ports`.

    Args:
        loaded: the question; None when it says nothing about what it has and wants.
        models: the models offered, each with what templates see of it.
        library: where they come from.
    """
    tasks = Tasks.of(library)
    plan = plan_workflows(loaded, [entry for entry, _ in models], library, tasks, limit=1)
    used = dict.fromkeys(port for part in plan.parts for port in (*part.signature.inputs, *part.signature.outputs))
    ports = dict.fromkeys((*plan.composition.inputs, *plan.composition.outputs, *used))
    return {
        "workflow": _workflow_data(plan, models, tasks),
        "tasks": _tasks_data([entry for entry, _ in models], tasks),
        "ports": [_port_data(port, library.ports) for port in ports],
    }


def sample_variables() -> dict[str, Any]:
    """Return variables of a made-up question, for trying a template out."""
    sample = ModelEntry(name="Sample", signature="Txt2Img", task="sample")
    library = Library([LoadedCatalog("sample", Catalog(models=(sample,), tasks=(Task(id="sample"),)))])
    return variables(None, [(sample, entry_data(sample))], library)


def _port_data(port: str, ports: Ports) -> dict[str, str]:
    return {"id": port, "description": ports.describe(port)}


def _task_data(task: Task) -> dict[str, Any]:
    return {"id": task.id, "description": neutralise(task.description) if task.description else None}


def _tasks_data(models: Sequence[ModelEntry], tasks: Tasks) -> list[dict[str, Any]]:
    """The tasks of some models, each with the names of those that do it."""
    found: dict[str, dict[str, Any]] = {}
    for model in models:
        task = tasks.find(model.task)
        if task is not None:
            found.setdefault(task.id, {**_task_data(task), "models": []})["models"].append(model.name)
    return list(found.values())


def _workflow_data(plan: WorkflowPlan, offered: Sequence[tuple[ModelEntry, EntryData]], tasks: Tasks) -> dict[str, Any]:
    composition, ports = plan.composition, plan.ports
    data = {id(model): one for model, one in offered}
    signatures = {id(model): part.signature for model, part in zip(plan.models, plan.parts, strict=True)}
    steps: list[dict[str, Any]] = []
    if composition.workflows:
        alternatives = dict(composition.alternatives)
        for number, (step, place) in enumerate(
            zip(composition.workflows[0].steps, composition.uses[0], strict=True), 1
        ):
            model = plan.models[place]
            task = tasks.find(model.task)
            steps.append({
                "number": number,
                "model": data[id(model)],
                "signature": str(plan.parts[place].signature),
                "task": _task_data(task) if task is not None else None,
                "takes": _sides(composition.workflows[0], step, ports, into=True),
                "gives": _sides(composition.workflows[0], step, ports, into=False),
                "instead": [data[id(plan.models[other])] for other in alternatives.get(place, ())],
            })  # fmt: skip
    return {
        "inputs": [_port_data(port, ports) for port in composition.inputs],
        "outputs": [_port_data(port, ports) for port in composition.outputs],
        "models": [
            {"model": data[id(model)], "signature": str(signatures[id(model)]) if id(model) in signatures else None}
            for model, _ in offered
        ],
        "steps": steps,
        "mermaid": mermaid(composition.workflows[0]) if composition.workflows else "",
        "problem": what_is_missing(plan),
        "unused": [
            {"model": data[id(plan.models[place])], "signature": str(plan.parts[place].signature),
             "why": why_useless(plan, lacking)}
            for place, lacking in composition.useless
        ],
        "untyped": [data[id(model)] for model in plan.untyped],
    }  # fmt: skip


def _sides(workflow: WorkflowGraph, step: Step, ports: Ports, *, into: bool) -> list[dict[str, Any]]:
    """What a step takes, or gives: the port, and the numbers of the steps at the other end; 0 stands for an end."""
    numbers = {one.key: number for number, one in enumerate(workflow.steps, 1)}
    found: dict[str, list[int]] = {}
    for edge in workflow.edges_into(step.key) if into else workflow.edges_from(step.key):
        other = numbers.get(edge.source if into else edge.target, 0)
        found.setdefault(edge.port or "", []).append(other)
    if not into and step.signature is not None:
        for port in step.signature.outputs:
            found.setdefault(port, [])
    return [{**_port_data(port, ports), "steps": steps} for port, steps in found.items()]

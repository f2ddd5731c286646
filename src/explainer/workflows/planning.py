"""The workflows of what a question is offered: its models as parts, its own words for its inputs and outputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from explainer.catalogs.library import Library, kinds_of_data
from explainer.catalogs.parsing import LoadedCatalog, LoadedQuestion
from explainer.catalogs.schema import Catalog, ModelEntry, Task
from explainer.catalogs.signature import Ports, Signature
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import shorten
from explainer.rendering.formats import EntryData
from explainer.rendering.layout import neutralise
from explainer.rendering.renderer import entry_data
from explainer.workflows.compose import MOST_MODELS, Component, Composition, compose
from explainer.workflows.graph import Step, WorkflowGraph, mermaid

# Why there is no model to join, by whether any was offered.
_NO_MODELS: Final = {
    True: "none of the models has a signature",
    False: "the question offers no models",
}


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
        return self._by_name.get((label or "").casefold())


class WorkflowPlan(Struct, frozen=True):
    """The models of a question, and the workflows that they form.

    Attributes:
        loaded: the question; None when it says nothing about its inputs and outputs.
        models: the models with a signature, in the order of the question.
        parts: the same as parts of workflows.
        untyped: the models without one.
        composition: the workflows; its places are those of `models`.
        ports: the kinds of data.
    """

    loaded: LoadedQuestion | None
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
        loaded: the question, for its inputs and outputs; None when it says nothing about them.
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
        signature = library.ports.parse(model.signature or "")
        if not isinstance(signature, Signature):
            untyped.append(model)
            continue
        task = tasks.find(model.task)
        # a task that no catalog knows tells by its label alone who does the same work
        work = task.id if task is not None else model.task or ""
        typed.append(model)
        parts.append(Component(model.name, signature, work))
    ends = {}
    if loaded is not None:
        ends["inputs"] = kinds_of_data(loaded, "input", library)
        ends["outputs"] = kinds_of_data(loaded, "output", library)
    composition = compose(parts, library.ports, **ends, max_models=max_models, limit=limit)
    return WorkflowPlan(
        loaded, tuple(typed), tuple(parts), tuple(untyped), composition, library.ports
    )


def what_is_missing(plan: WorkflowPlan, max_models: int = MOST_MODELS) -> str | None:
    """Return why there is no workflow, as a sentence without a full stop; None when there is one."""
    composition = plan.composition
    if composition.workflows:
        return None
    if not plan.models:
        return _NO_MODELS[bool(plan.untyped)]
    if not composition.outputs:
        return "the question wants nothing"
    if composition.missing:
        return f"these models cannot be joined because {_nothing_turns(composition.reached, composition.missing)}"
    if composition.fewest:
        return f"these models cannot be joined by at most {max_models} of them; {composition.fewest} can do it"
    return f"no workflow of at most {max_models} of these models was found"


def why_useless(plan: WorkflowPlan, lacking: Sequence[str]) -> str:
    """Return why a model is in no workflow, from the ports that it lacks."""
    if not lacking:
        return "no output needs what it gives"
    return _nothing_turns(plan.composition.reached, lacking)


def _nothing_turns(reached: Sequence[str], into: Sequence[str]) -> str:
    missing = " or ".join(into)
    if not reached:
        return f"nothing gives {missing}"
    return f"nothing turns {' or '.join(reached)} into {missing}"


def plan_findings(plan: WorkflowPlan, max_models: int, *, recommended: bool) -> list[Finding]:
    """Return why there are no workflows (W603), or that there are more than were looked at (W606).

    Args:
        plan: the workflows.
        max_models: models of one workflow, at most.
        recommended: the models were recommended, not named.
    """
    place = _models_place(plan)
    missing = what_is_missing(plan, max_models)
    if missing is not None:
        return [Finding("W603", place, missing, _what_may_change(plan, recommended=recommended))]
    if not plan.composition.complete:
        message = "there are more workflows than were looked at"
        return [Finding("W606", place, message, "offer fewer models")]
    return []


def _models_place(plan: WorkflowPlan) -> Location:
    return plan.loaded.document.locate(("models",)) if plan.loaded else Location("<models>")


def _what_may_change(plan: WorkflowPlan, *, recommended: bool) -> str:
    if recommended:
        return "the models were recommended; --models N recommends more, `models:` in the question names them"
    if not plan.models:
        return "give models with a `signature`, such as Txt2Img"
    inputs, outputs = (
        _described(plan.composition.inputs, plan),
        _described(plan.composition.outputs, plan),
    )
    return f"input: {inputs}; output: {outputs}; `input:` and `output:` of the question change that"


def _described(names: Iterable[str], plan: WorkflowPlan) -> str:
    return ", ".join(map(plan.ports.describe, names)) or "nothing"


def left_out_findings(plan: WorkflowPlan) -> list[Finding]:
    """Return the models that are in no workflow: those without a signature (W605), and the useless ones (W604)."""
    place = _models_place(plan)
    findings: list[Finding] = []
    for model in plan.untyped:
        message = f"{shorten(model.name)!r} has no signature"
        findings.append(Finding("W605", place, message, text=model.name))
    for position, lacking in plan.composition.useless:
        name = plan.models[position].name
        message = f"{shorten(name)!r} is in no workflow: {why_useless(plan, lacking)}"
        findings.append(Finding("W604", place, message, text=name))
    return findings


def variables(
    loaded: LoadedQuestion | None, models: Sequence[tuple[ModelEntry, EntryData]], library: Library
) -> dict[str, Any]:
    """Return the variables of typed templates beside the question and the entries: `workflow`, `tasks` and `ports`.

    Args:
        loaded: the question; None when it says nothing about its inputs and outputs.
        models: the models offered, each with what templates see of it.
        library: where they come from.
    """
    tasks = Tasks.of(library)
    entries = [model for model, _ in models]
    plan = plan_workflows(loaded, entries, library, tasks, limit=1)
    ports = [*plan.composition.inputs, *plan.composition.outputs]
    for part in plan.parts:
        ports += (*part.signature.inputs, *part.signature.outputs)
    return {
        "workflow": _workflow_data(plan, models, tasks),
        "tasks": _tasks_data(entries, tasks),
        "ports": _ports_data(dict.fromkeys(ports), library.ports),
    }


def sample_variables() -> dict[str, Any]:
    """Return variables of a made-up question, for trying a template out."""
    sample = ModelEntry(name="Sample", signature="Txt2Img", task="sample")
    library = Library(
        [LoadedCatalog("sample", Catalog(models=(sample,), tasks=(Task(id="sample"),)))]
    )
    return variables(None, [(sample, entry_data(sample))], library)


def _ports_data(names: Iterable[str], ports: Ports) -> list[dict[str, Any]]:
    return [{"id": name, "description": ports.describe(name)} for name in names]


def _task_data(task: Task | None) -> dict[str, Any] | None:
    if task is None:
        return None
    return {
        "id": task.id,
        "description": neutralise(task.description) if task.description else None,
    }


def _tasks_data(models: Sequence[ModelEntry], tasks: Tasks) -> list[dict[str, Any]]:
    """The tasks of some models, each with the names of those that do it."""
    data: dict[str, dict[str, Any]] = {}
    for model in models:
        task = _task_data(tasks.find(model.task))
        if task is not None:
            data.setdefault(task["id"], {**task, "models": []})["models"].append(model.name)
    return list(data.values())


def _workflow_data(
    plan: WorkflowPlan, offered: Sequence[tuple[ModelEntry, EntryData]], tasks: Tasks
) -> dict[str, Any]:
    """The best workflow, and what became of each model."""
    composition, ports = plan.composition, plan.ports
    # Two models may be equal and still be two, so they are told apart by identity.
    entries = {id(model): entry for model, entry in offered}
    typed = [entries[id(model)] for model in plan.models]
    untyped = [entries[id(model)] for model in plan.untyped]
    signatures = {
        id(model): part.signature for model, part in zip(plan.models, plan.parts, strict=True)
    }
    steps: list[dict[str, Any]] = []
    diagram = ""
    if composition.workflows:
        steps = _steps_data(plan, typed, tasks)
        diagram = mermaid(composition.workflows[0])
    unused: list[dict[str, Any]] = []
    for position, lacking in composition.useless:
        signature = str(plan.parts[position].signature)
        unused.append(
            {"model": typed[position], "signature": signature, "why": why_useless(plan, lacking)}
        )
    return {
        "inputs": _ports_data(composition.inputs, ports),
        "outputs": _ports_data(composition.outputs, ports),
        "models": [
            _model_data(entry, signatures.get(id(model)), ports) for model, entry in offered
        ],
        "steps": steps,
        "mermaid": diagram,
        "problem": what_is_missing(plan),
        "unused": unused,
        "untyped": untyped,
    }


def _model_data(entry: EntryData, signature: Signature | None, ports: Ports) -> dict[str, Any]:
    """A model with its signature, and what that says it takes and gives."""
    if signature is None:
        return {"model": entry, "signature": None, "takes": [], "gives": []}
    takes, gives = _ports_data(signature.inputs, ports), _ports_data(signature.outputs, ports)
    return {"model": entry, "signature": str(signature), "takes": takes, "gives": gives}


def _steps_data(
    plan: WorkflowPlan, typed: Sequence[EntryData], tasks: Tasks
) -> list[dict[str, Any]]:
    """The steps of the best workflow."""
    workflow, places = plan.composition.workflows[0], plan.composition.uses[0]
    alternatives = dict(plan.composition.alternatives)
    steps: list[dict[str, Any]] = []
    for step, place in zip(workflow.steps, places, strict=True):
        steps.append({
            "number": len(steps) + 1,
            "model": typed[place],
            "signature": str(plan.parts[place].signature),
            "task": _task_data(tasks.find(plan.models[place].task)),
            "takes": _takes(workflow, step, plan.ports),
            "gives": _gives(workflow, step, plan.ports),
            "instead": [typed[other] for other in alternatives.get(place, ())],
        })  # fmt: skip
    return steps


def _takes(workflow: WorkflowGraph, step: Step, ports: Ports) -> list[dict[str, Any]]:
    """The ports that a step takes, each with the numbers of the steps that give them; 0 stands for an input."""
    numbers = _numbers(workflow)
    givers: defaultdict[str, list[int]] = defaultdict(list)
    for edge in workflow.edges_into(step.key):
        givers[edge.port or ""].append(numbers.get(edge.source, 0))
    return _with_steps(givers, ports)


def _gives(workflow: WorkflowGraph, step: Step, ports: Ports) -> list[dict[str, Any]]:
    """The ports that a step gives, each with the numbers of the steps that take them; 0 stands for an output."""
    numbers = _numbers(workflow)
    takers: defaultdict[str, list[int]] = defaultdict(list)
    for edge in workflow.edges_from(step.key):
        takers[edge.port or ""].append(numbers.get(edge.target, 0))
    # a port that nobody takes is given all the same
    return _with_steps(takers | {port: takers[port] for port in step.gives}, ports)


def _with_steps(steps: Mapping[str, list[int]], ports: Ports) -> list[dict[str, Any]]:
    described = _ports_data(steps, ports)
    for port, numbers in zip(described, steps.values(), strict=True):
        port["steps"] = numbers
    return described


def _numbers(workflow: WorkflowGraph) -> dict[str, int]:
    return {step.key: number for number, step in enumerate(workflow.steps, 1)}

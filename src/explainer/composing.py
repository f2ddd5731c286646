"""The workflows of what a question is offered: its models as parts, its own words for what it has and wants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from explainer.question import LoadedQuestion
from explainer.resolve import Library, kinds_of_data
from explainer.schema import ModelEntry, Task
from explainer.signature import Ports, Signature
from explainer.workflows.compose import MOST_MODELS, Composition, Part, compose

__all__ = ["Plan", "Tasks", "plan_workflows", "what_is_missing", "why_useless"]


class Tasks:
    """Tasks by id and alias, in any letter case; the first of two with one name has it."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._by_name: dict[str, Task] = {}
        for task in tasks:
            for name in (task.id, *task.aliases):
                self._by_name.setdefault(name.casefold(), task)

    @classmethod
    def of(cls, library: Library) -> Tasks:
        """Return the tasks of a library, and behind them those that ship."""
        return cls((*library.tasks, *library.vocabulary()))

    def find(self, label: str | None) -> Task | None:
        """Return the task that a label means."""
        return self._by_name.get(label.casefold()) if label else None


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be made of the models of a question.

    Attributes:
        models: the models with a signature, in the order of the question.
        untyped: the models without one.
        composition: the workflows; its places are those of `models`.
        ports: the kinds of data.
    """

    models: tuple[ModelEntry, ...]
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
) -> Plan:
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
    parts: list[Part] = []
    for model in models:
        signature = library.ports.parse(model.signature) if model.signature else None
        if isinstance(signature, Signature):
            task = tasks.find(model.task)
            typed.append(model)
            parts.append(Part(model.name, signature, task.id if task is not None else model.task or ""))
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
    return Plan(tuple(typed), tuple(untyped), composition, library.ports)


def what_is_missing(plan: Plan, max_models: int = MOST_MODELS) -> str | None:
    """Return why there is no workflow, as a sentence without a full stop; None when there is one."""
    found = plan.composition
    if found.workflows:
        return None
    if not plan.models:
        return "none of the models has a signature" if plan.untyped else "the question offers no models"
    if found.missing:
        return f"these models cannot be joined because {_nothing_turns(found.reached, found.missing)}"
    if found.fewest:
        return f"these models cannot be joined by at most {max_models} of them; {found.fewest} can do it"
    return f"no workflow of at most {max_models} of these models was found"


def why_useless(plan: Plan, lacking: Sequence[str]) -> str:
    """Return why a model is in no workflow, from the ports that it lacks."""
    if not lacking:
        return "nothing wanted needs what it gives"
    return _nothing_turns(plan.composition.reached, lacking)


def _nothing_turns(have: Sequence[str], into: Sequence[str]) -> str:
    return (
        f"nothing turns {' or '.join(have)} into {' or '.join(into)}" if have else f"nothing gives {' or '.join(into)}"
    )

"""Given models and what is in hand and wanted: the workflows that type-check, best first.

The order of workflows:

1. those that use everything in hand come before those that leave some of it;
2. when the models that can take part are no more than one workflow may have, as in a question that names them, those of
   more models come first; out of a larger choice those of fewer;
3. then the order in which the models are named decides: a workflow that uses an earlier one, earlier, comes first.

Models of one signature and one task do the same work: the first of them stands for all, and the others are its
alternatives. A step takes the newest data of its kind (`bench`). What is wanted is made by a step, and
never handed through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from explainer.catalogs.signature import Ports, Signature
from explainer.workflows.graph import Edge, End, Step, WorkflowGraph
from explainer.workflows.search import Search, SearchResult, levels, missing_ports, read_inputs, read_outputs

MOST_MODELS: Final = 6
"""Models of one workflow, unless somebody wants more."""
LARGEST: Final = 50
"""Models of one workflow, whatever anybody wants."""


class Component(NamedTuple):
    """A model that may take part.

    Attributes:
        name: its name.
        signature: what it takes and gives.
        work: what it does, by any name; models of one signature and one work can stand for each other. Nothing stands
            for a model of unknown work.
    """

    name: str
    signature: Signature
    work: str = ""


@dataclass(frozen=True, slots=True)
class Composition:
    """What became of some models.

    Attributes:
        inputs: the ports in hand.
        outputs: the ports wanted.
        workflows: the first workflows, best first.
        uses: for each workflow the places of its steps among the models that were given.
        alternatives: the places of the models that could stand in for a model, by its place.
        reached: the ports that are in hand or can be made.
        missing: what stands in the way when there are no workflows: ports that nothing makes.
        useless: the places of models that can take part in no workflow, each with the ports that it lacks; without any
            when nobody needs what it gives.
        fewest: when there are workflows but all that were found are too large: how many models the smallest has.
        complete: False when the search stopped before it had seen every workflow.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    workflows: tuple[WorkflowGraph, ...] = ()
    uses: tuple[tuple[int, ...], ...] = ()
    alternatives: tuple[tuple[int, tuple[int, ...]], ...] = ()
    reached: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    useless: tuple[tuple[int, tuple[str, ...]], ...] = ()
    fewest: int = 0
    complete: bool = True


def compose(
    parts: Sequence[Component],
    ports: Ports,
    *,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    max_models: int = MOST_MODELS,
    limit: int = 3,
) -> Composition:
    """Compose workflows.

    Args:
        parts: the models, those that are preferred first.
        ports: describes the kinds of data.
        inputs: the ports in hand; when None, read from the signatures, of the first model alone when they are many.
        outputs: the ports wanted; read in the same way.
        max_models: models of one workflow, at most.
        limit: workflows, at most.

    Returns:
        The workflows, or what stands in the way.
    """
    max_models = min(max_models, LARGEST)
    groups = _groups(parts)
    signatures = [parts[group[0]].signature for group in groups]
    leading = signatures if len(groups) <= max_models else signatures[:1]
    have = tuple(read_inputs(leading) if inputs is None else inputs)
    wanted = tuple(read_outputs(leading, have) if outputs is None else outputs)
    reached = tuple(dict.fromkeys((*have, *levels(signatures, have))))
    lacks = _lacks(signatures, reached, wanted)
    useful = [at for at, lack in enumerate(lacks) if lack is None]
    useless = sorted(
        (place, lack) for group, lack in zip(groups, lacks, strict=True) if lack is not None for place in group
    )
    missing = missing_ports(signatures, have, wanted)
    composition = Composition(have, wanted, reached=reached, missing=missing, useless=tuple(useless))
    if missing or not wanted or not useful:
        return composition
    found, fewest, complete = _search([signatures[at] for at in useful], have, wanted, max_models, limit)
    uses = [tuple(groups[useful[at]][0] for at in one.order) for one in found]
    return replace(
        composition,
        workflows=tuple(
            _workflow(one, [parts[place] for place in places], have, ports, wanted)
            for one, places in zip(found, uses, strict=True)
        ),
        uses=tuple(uses),
        alternatives=tuple((first, tuple(others)) for first, *others in (groups[at] for at in useful) if others),
        fewest=fewest,
        complete=complete,
    )


def _groups(parts: Sequence[Component]) -> list[list[int]]:
    """The places of models that can stand for each other, together; the groups in the order of their first ones."""
    groups: dict[object, list[int]] = {}
    first: dict[Component, int] = {}
    for place, part in enumerate(parts):
        if first.setdefault(part, place) == place:
            groups.setdefault((part.signature, part.work) if part.work else place, []).append(place)
    return list(groups.values())


def _lacks(
    signatures: Sequence[Signature], reached: Sequence[str], wanted: Sequence[str]
) -> list[tuple[str, ...] | None]:
    """For each model None when it can take part, else the ports that it lacks: none when nobody needs it."""
    there = frozenset(reached)
    able = [one for one in dict.fromkeys(signatures) if there.issuperset(one.inputs)]
    needed = set(wanted)
    more = needed
    while more:
        more = {port for one in able if more.intersection(one.outputs) for port in one.inputs} - needed
        needed |= more
    return [
        tuple(dict.fromkeys(port for port in one.inputs if port not in there))
        if not there.issuperset(one.inputs)
        else (None if needed.intersection(one.outputs) else ())
        for one in signatures
    ]


def _search(
    signatures: Sequence[Signature], have: Sequence[str], wanted: Sequence[str], max_models: int, limit: int
) -> tuple[list[SearchResult], int, bool]:
    """The best workflows in order; how many models the one found has when that is too many; whether all were seen."""
    search = Search(signatures, have, wanted)
    most = min(max_models, len(signatures))
    sizes = range(most, 0, -1) if len(signatures) <= max_models else range(1, most + 1)
    whole: dict[frozenset[tuple[int, str, int]], SearchResult] = {}
    partial: dict[frozenset[tuple[int, str, int]], SearchResult] = {}
    for size in sizes:
        for found in search.of_size(size):
            (whole if len(found.inputs) == len(have) else partial).setdefault(found.shape, found)
            if len(whole) >= limit:
                break
        if len(whole) >= limit or search.stopped:
            break
    best = [*whole.values(), *partial.values()][:limit]
    if best:
        return best, 0, not search.stopped
    anyhow = search.any_of(len(signatures))
    if anyhow is None:
        return [], 0, not search.stopped
    size = len(anyhow.order)
    return ([anyhow], 0, False) if size <= max_models else ([], size, not search.stopped)


def _workflow(
    found: SearchResult, parts: Sequence[Component], have: Sequence[str], ports: Ports, wanted: Sequence[str]
) -> WorkflowGraph:
    used = sorted(found.inputs)
    inputs = {-at - 1: End(f"in{number}", have[at], ports.describe(have[at])) for number, at in enumerate(used, 1)}
    steps = [Step(f"s{number}", part.name, part.signature) for number, part in enumerate(parts, 1)]
    outputs = [End(f"out{number}", port, ports.describe(port)) for number, port in enumerate(wanted, 1)]
    edges = [
        Edge(inputs[giver].key if giver < 0 else steps[giver].key, steps[at].key, port)
        for at, wires in enumerate(found.wires)
        for port, giver in wires
    ]
    edges += [Edge(steps[at].key, end.key, port) for (port, at), end in zip(found.outputs, outputs, strict=True)]
    return WorkflowGraph(tuple(inputs.values()), tuple(steps), tuple(outputs), tuple(edges))

"""Models, and the data that is given and asked for, to the workflows that type-check, best first.

The order of workflows:

1. those that use all inputs come before those that leave some;
2. when the models that can take part are no more than one workflow may have, as in a question that names them, those of
   more models come first; out of a larger choice those of fewer;
3. then the order in which the models are named decides: a workflow that uses an earlier one, earlier, comes first.

Models of one signature and one task do the same work: the first of them stands for all, and the others are its
alternatives. A step takes the newest data of its kind (`search.PortStacks`). An output is made by a step, and never
handed through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from explainer.catalogs.signature import Ports, Signature
from explainer.workflows.graph import Edge, End, Step, WorkflowGraph
from explainer.workflows.search import (
    Search,
    SearchResult,
    lacking,
    levels,
    missing_ports,
    read_inputs,
    read_outputs,
)

MOST_MODELS: Final = 6
"""Models of one workflow, unless the caller says another number."""
LARGEST: Final = 50
"""Models of one workflow, whatever the caller says."""

_FIRST: Final = itemgetter(0)


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


class Composition(Struct, frozen=True):
    """The workflows of some models, or why there are none.

    Attributes:
        inputs: the ports that are given.
        outputs: the ports that are asked for.
        workflows: the first workflows, best first.
        uses: for each workflow the places of its steps among the models that were given.
        alternatives: the places of the models that could stand in for a model, by its place.
        reached: the ports that are given or can be made.
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
        inputs: the ports that are given; when None, read from the signatures, of the first when there are many models.
        outputs: the ports that are asked for; read in the same way.
        max_models: models of one workflow, at most.
        limit: workflows, at most.

    Returns:
        The workflows, or what stands in the way.
    """
    max_models = min(max_models, LARGEST)
    groups = _groups(parts)
    signatures = _signatures_at(parts, map(_FIRST, groups))
    leading = signatures
    if len(groups) > max_models:
        # Of a larger choice only the first model says what it is for: the others may be there by chance.
        leading = signatures[:1]
    if inputs is None:
        inputs = read_inputs(leading)
    if outputs is None:
        outputs = read_outputs(leading, inputs)
    reached = tuple(dict.fromkeys((*inputs, *levels(signatures, inputs))))
    missing = missing_ports(signatures, inputs, outputs)
    useful, useless = _sorted_out(groups, signatures, reached, outputs)
    composition = Composition(
        tuple(inputs), tuple(outputs), reached=reached, missing=missing, useless=useless
    )
    if missing or not (outputs and useful):
        return composition
    return _with_workflows(composition, parts, ports, useful, max_models, limit)


def _signatures_at(parts: Sequence[Component], places: Iterable[int]) -> list[Signature]:
    return [parts[place].signature for place in places]


def _with_workflows(
    composition: Composition, parts: Sequence[Component], ports: Ports, useful: Sequence[Sequence[int]],
    max_models: int, limit: int,
) -> Composition:  # fmt: skip
    """The composition with the workflows of models that can be of use, each of which stands for its group."""
    first = list(map(_FIRST, useful))
    outcome = _search(_signatures_at(parts, first), composition, max_models, limit)
    workflows: list[WorkflowGraph] = []
    uses: list[tuple[int, ...]] = []
    for result in outcome.results:
        places = tuple(first[number] for number in result.order)
        used_parts = [parts[place] for place in places]
        uses.append(places)
        workflows.append(_workflow(result, used_parts, composition, ports))
    return replace(
        composition,
        workflows=tuple(workflows),
        uses=tuple(uses),
        alternatives=tuple((place, tuple(instead)) for place, *instead in useful if instead),
        fewest=outcome.fewest,
        complete=outcome.complete,
    )


def _groups(parts: Sequence[Component]) -> list[list[int]]:
    """The places of models that can stand for each other, together; the groups in the order of their first ones."""
    groups: defaultdict[object, list[int]] = defaultdict(list)
    different: set[Component] = set()
    for place, part in enumerate(parts):
        if part in different:
            continue
        different.add(part)
        # Nobody knows what a model of unknown work does, so it is alone in its group.
        groups[part.signature, part.work or part].append(place)
    return list(groups.values())


def _sorted_out(
    groups: Sequence[list[int]],
    signatures: Sequence[Signature],
    reached: Sequence[str],
    outputs: Sequence[str],
) -> tuple[list[list[int]], tuple[tuple[int, tuple[str, ...]], ...]]:
    """The groups that can take part; the places of all other models, each with the ports that it lacks."""
    needed = _needed(signatures, frozenset(reached), outputs)
    useful: list[list[int]] = []
    useless: list[tuple[int, tuple[str, ...]]] = []
    for places, signature in zip(groups, signatures, strict=True):
        lacks = tuple(dict.fromkeys(lacking(signature, reached)))
        if not lacks and not needed.isdisjoint(signature.outputs):
            useful.append(places)
        else:
            useless += [(place, lacks) for place in places]
    return useful, tuple(sorted(useless))


def _needed(
    signatures: Sequence[Signature], reached: frozenset[str], outputs: Sequence[str]
) -> set[str]:
    """The outputs, and all ports that models take which can work and give something needed."""
    needed = set(outputs)
    before = 0
    while len(needed) > before:
        before = len(needed)
        for signature in dict.fromkeys(signatures):
            if reached.issuperset(signature.inputs) and not needed.isdisjoint(signature.outputs):
                needed.update(signature.inputs)
    return needed


class _Outcome(NamedTuple):
    """The best workflows in order; how many models the smallest has when all are too large; whether all were seen."""

    results: list[SearchResult]
    fewest: int
    complete: bool


def _search(
    signatures: Sequence[Signature], ends: Composition, max_models: int, limit: int
) -> _Outcome:
    """Look for the workflows from the inputs of a composition to its outputs."""
    search = Search(signatures, ends.inputs, ends.outputs)
    most = min(max_models, len(signatures))
    # A question that names its models means all of them; out of a larger choice the fewest say it best.
    sizes = range(most, 0, -1) if len(signatures) <= max_models else range(1, most + 1)
    results = _best(search, sizes, len(ends.inputs), limit)
    if results:
        return _Outcome(results, 0, not search.stopped)
    fallback = search.any_of()
    if fallback is None:
        return _Outcome([], 0, not search.stopped)
    size = len(fallback.order)
    if size > max_models:
        return _Outcome([], size, not search.stopped)
    return _Outcome([fallback], 0, complete=False)


def _best(search: Search, sizes: Iterable[int], inputs: int, limit: int) -> list[SearchResult]:
    """The first workflows that use all inputs, then those that leave some; of each shape the first."""
    with_all: dict[object, SearchResult] = {}
    with_some: dict[object, SearchResult] = {}
    for result in _results(search, sizes):
        (with_some, with_all)[len(result.inputs) == inputs].setdefault(result.shape, result)
        if len(with_all) >= limit:
            break
    return [*with_all.values(), *with_some.values()][:limit]


def _results(search: Search, sizes: Iterable[int]) -> Iterator[SearchResult]:
    for size in sizes:
        yield from search.of_size(size)
        if search.stopped:
            return


def _workflow(
    result: SearchResult, parts: Sequence[Component], composition: Composition, ports: Ports
) -> WorkflowGraph:
    """The graph of an order of models; inputs that nothing takes are left out."""
    steps = [Step(f"s{number}", part.name, part.signature) for number, part in enumerate(parts, 1)]
    keys = {number: step.key for number, step in enumerate(steps)}
    inputs: list[End] = []
    for number, position in enumerate(sorted(result.inputs), 1):
        inputs.append(_end(f"in{number}", composition.inputs[position], ports))
        keys[-position - 1] = inputs[-1].key  # as inputs count in wires
    edges: list[Edge] = []
    for step, wires in zip(steps, result.wires, strict=True):
        edges += [Edge(keys[giver], step.key, port) for port, giver in wires]
    outputs: list[End] = []
    for number, (port, giver) in enumerate(result.outputs, 1):
        outputs.append(_end(f"out{number}", port, ports))
        edges.append(Edge(keys[giver], outputs[-1].key, port))
    return WorkflowGraph(tuple(inputs), tuple(steps), tuple(outputs), tuple(edges))


def _end(key: str, port: str, ports: Ports) -> End:
    return End(key, port, ports.describe(port))

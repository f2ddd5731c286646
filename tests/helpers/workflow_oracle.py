"""Whether a workflow type-checks: everything that a step takes is made before, and everything made is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

from explainer.workflows.graph import Edge, Node, Step, WorkflowGraph


class ProblemKind(StrEnum):
    """What may be wrong with a workflow."""

    REPEATED = "two nodes have one key"
    LOOSE = "an edge begins or ends nowhere"
    CYCLE = "steps wait for each other"
    MISFIT = "an edge carries what its source does not give, or what its target does not take"
    UNFED = "a step takes something that nothing brings"
    UNUSED = "nothing uses what a step gives"
    UNMADE = "nothing makes an output"
    IDLE = "nothing uses an input"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: what it is.
        key: the node that it is about; of an edge, its target.
        port: the kind of data that it is about, if any.
        edge: the edge that it is about, if any.
        path: for a cycle its nodes, from one back to itself.
    """

    kind: ProblemKind
    key: str
    port: str | None = None
    edge: Edge | None = None
    path: tuple[str, ...] = ()


def check_types(workflow: WorkflowGraph) -> tuple[Problem, ...]:
    """Check a workflow in time linear in its size.

    Returns:
        Its problems: first those of keys and edges, then of cycles, then of inputs, steps and outputs in their order.
        None of them for a workflow that type-checks.
    """
    return (*_bad_keys(workflow), *_bad_edges(workflow), *_cycles(workflow), *_bad_nodes(workflow))


def gives(node: Node | None) -> frozenset[str] | None:
    """Return the ports that a node may give; None for any."""
    if isinstance(node, Step):
        return None if node.signature is None else frozenset(node.signature.outputs)
    return None if node is None or node.port is None else frozenset((node.port,))


def takes(node: Node | None) -> frozenset[str] | None:
    """Return the ports that a node may take; None for any."""
    if isinstance(node, Step):
        return None if node.signature is None else frozenset(node.signature.inputs)
    return None if node is None or node.port is None else frozenset((node.port,))


def _bad_keys(workflow: WorkflowGraph) -> Iterator[Problem]:
    for key, number in Counter(node.key for node in workflow.nodes).items():
        if number > 1:
            yield Problem(ProblemKind.REPEATED, key)


def _bad_edges(workflow: WorkflowGraph) -> Iterator[Problem]:
    nodes = {node.key: node for node in workflow.nodes}
    sources = nodes.keys() - {end.key for end in workflow.outputs}
    targets = nodes.keys() - {end.key for end in workflow.inputs}
    for edge in workflow.edges:
        if edge.source not in sources or edge.target not in targets:
            yield Problem(ProblemKind.LOOSE, edge.target, edge.port, edge)
        elif not _fits(edge, gives(nodes[edge.source]), takes(nodes[edge.target])):
            yield Problem(ProblemKind.MISFIT, edge.target, edge.port, edge)


def _fits(edge: Edge, given: frozenset[str] | None, taken: frozenset[str] | None) -> bool:
    if edge.port is not None:
        return (given is None or edge.port in given) and (taken is None or edge.port in taken)
    return given is None or taken is None or bool(given & taken)


def _cycles(workflow: WorkflowGraph) -> Iterator[Problem]:
    sources: dict[str, list[str]] = {node.key: [] for node in workflow.nodes}
    for edge in workflow.edges:
        if sources.keys() >= {edge.source, edge.target}:
            sources[edge.target].append(edge.source)
    try:
        TopologicalSorter(sources).prepare()
    except CycleError as error:
        cycle = error.args[1]
        yield Problem(ProblemKind.CYCLE, cycle[0], path=tuple(cycle))


def _bad_nodes(workflow: WorkflowGraph) -> Iterator[Problem]:
    nodes = {node.key: node for node in workflow.nodes}
    brought = Counter(
        (edge.target, port)
        for edge in workflow.edges
        for port in _carried(edge, gives(nodes.get(edge.source)))
    )
    used = {edge.source for edge in workflow.edges}
    fed = {edge.target for edge in workflow.edges}
    for end in workflow.inputs:
        if end.key not in used:
            yield Problem(ProblemKind.IDLE, end.key, end.port)
    for step in workflow.steps:
        needed = Counter(step.signature.inputs if step.signature else ())
        for port, number in needed.items():
            if brought[step.key, port] + brought[step.key, None] < number:
                yield Problem(ProblemKind.UNFED, step.key, port)
        if step.key not in used:
            yield Problem(ProblemKind.UNUSED, step.key)
    for end in workflow.outputs:
        if end.key not in fed:
            yield Problem(ProblemKind.UNMADE, end.key, end.port)


def _carried(edge: Edge, given: frozenset[str] | None) -> tuple[str | None, ...]:
    """The ports that an edge brings, when its source gives these; None stands for any."""
    if edge.port is not None:
        return (edge.port,) if given is None or edge.port in given else ()
    return (None,) if given is None else tuple(given)

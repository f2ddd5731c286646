"""A Mermaid flowchart as a value: nodes, edges, subgraphs, by the names of Mermaid 11."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

__all__ = ["MAX_EDGES", "OTHER_DIAGRAMS", "Arrow", "FlowEdge", "FlowNode", "Flowchart", "Subgraph"]

MAX_EDGES: Final = 500
"""Edges that Mermaid draws unless it is configured otherwise (`maxEdges`)."""
OTHER_DIAGRAMS: Final = frozenset(
    "architecture-beta block block-beta C4Component C4Container C4Context C4Deployment C4Dynamic classDiagram "  # noqa: SIM905
    "classDiagram-v2 erDiagram gantt gitGraph journey kanban mindmap packet packet-beta pie quadrantChart radar-beta "
    "requirement requirementDiagram sankey sankey-beta sequenceDiagram stateDiagram stateDiagram-v2 timeline "
    "treemap-beta xychart xychart-beta zenuml".split()
)
"""The first words of diagrams that are no flowcharts."""

Arrow: TypeAlias = Literal["forward", "both", "none", "hidden"]


@dataclass(frozen=True, slots=True)
class FlowNode:
    """A node: its id, what it shows, its shape by Mermaid's name, and where that stands in the text."""

    id: str
    label: str
    shape: str = "rect"
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class FlowEdge:
    """An edge between two nodes (or subgraphs), by id, with its text and which of its ends have a head."""

    source: str
    target: str
    label: str = ""
    arrow: Arrow = "forward"
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A box around nodes: its id, its title, what stands in it by id, and where its title stands."""

    id: str
    title: str
    members: tuple[str, ...] = ()
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Flowchart:
    """What a flowchart draws, in the order of its text.

    Attributes:
        direction: as written: `TD`, `LR`, or None.
        nodes: its nodes; `edges`: its edges; `subgraphs`: its boxes.
        whole: nothing was passed over that could not be read.
    """

    direction: str | None = None
    nodes: tuple[FlowNode, ...] = ()
    edges: tuple[FlowEdge, ...] = ()
    subgraphs: tuple[Subgraph, ...] = ()
    whole: bool = True

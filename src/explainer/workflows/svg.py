"""A workflow as an SVG image of its own: no scripts, no fonts or links from elsewhere, readable in light and in dark.

The nodes stand in columns from left to right, each right of all that feed it. An edge that passes columns gets a place
of its own in each of them, so that no edge runs through a box (Sugiyama, Tagawa and Toda, "Methods for visual
understanding of hierarchical system structures", IEEE Transactions on Systems, Man, and Cybernetics, 1981).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from explainer.diagnostics.text import invisible_characters, printable
from explainer.workflows.graph import End, Node, WorkflowGraph, sources_first

_BOX: Final = 196
"""Width of a box, in pixels, like all lengths here."""
_GAP: Final = 100
_LABEL: Final = 46
"""Room for the name of a port, before the tip of its edge."""
_LINE: Final = 17
_PADDING: Final = 11
_BETWEEN: Final = 22
_LANE: Final = 20
"""Height of an edge that passes a column."""
_MARGIN: Final = 20
_ROOM: Final = 182
"""What a line of a label may have of the width of a box."""
_LATIN: Final = 0x24F
_MOST_LINES: Final = 6
_SWEEPS: Final = 4
_STYLE: Final = """
    :root { color-scheme: light dark; }
    .page { fill: #ffffff; }
    .step { fill: #eaf2fc; stroke: #2f6fb5; }
    .end { fill: #f3f4f6; stroke: #6b7280; }
    .edge { fill: none; stroke: #57606a; stroke-width: 1.5; }
    .tip { fill: #57606a; }
    text { font: 13px system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; fill: #1b1f24; }
    .port, .kind { font-size: 11px; fill: #454c54; }
    .port { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; }
      .step { fill: #12263f; stroke: #6cb0f5; }
      .end { fill: #21262d; stroke: #9aa4af; }
      .edge { stroke: #a3adb8; }
      .tip { fill: #a3adb8; }
      text { fill: #e6edf3; }
      .port, .kind { fill: #c3ccd6; }
      .port { stroke: #0d1117; }
    }
"""


@dataclass(slots=True, eq=False)
class _Place:
    """A node, or an edge that passes, in a column."""

    node: Node | None
    lines: tuple[str, ...] = ()
    kind: str = ""
    before: list[_Place] = field(default_factory=list)
    after: list[_Place] = field(default_factory=list)
    x: float = 0
    y: float = 0
    """The middle."""

    @property
    def height(self) -> float:
        if self.node is None:
            return _LANE
        return max(len(self.lines) * _LINE + (_LINE if self.kind else 0) + 2 * _PADDING, len(self.before) * 18 + 8)


@dataclass(frozen=True, slots=True)
class _Path:
    """An edge: its places from source to target, and its port."""

    places: tuple[_Place, ...]
    port: str


def svg(workflow: WorkflowGraph, title: str = "Workflow") -> str:
    """Return the SVG document of a workflow without cycles; it ends in a line break.

    Args:
        workflow: what is drawn.
        title: what the image is called, for people who hear it.
    """
    columns, paths = _arranged(workflow)
    _sort(columns)
    _place(columns)
    width = 2 * _MARGIN + len(columns) * _BOX + max(len(columns) - 1, 0) * _GAP
    height = 2 * _MARGIN + max((sum(p.height for p in c) + _BETWEEN * (len(c) - 1) for c in columns if c), default=0)
    size = f'width="{width:g}" height="{height:g}"'
    about = f'role="img" aria-label={quoteattr(_safe(title))}'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {about} {size} viewBox="0 0 {width:g} {height:g}">',
        f"  <title>{escape(_safe(title))}</title>",
        f"  <style>{_STYLE}  </style>",
        f'  <rect class="page" {size}/>',
        *(f"  {line}" for path in paths for line in _edge(path, paths)),
        *(f"  {line}" for column in columns for place in column for line in _box(place)),
        *(f"  {line}" for path in paths for line in _port(path, paths)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _safe(text: str) -> str:
    """Text on one line without anything that XML refuses or nobody sees."""
    shown = printable(" ".join(text.split()))
    unseen = {char for _, char in invisible_characters(shown)}
    return "".join(char for char in shown if char not in unseen)


def _arranged(workflow: WorkflowGraph) -> tuple[list[list[_Place]], list[_Path]]:
    """The columns, and the edges as paths through them."""
    depth: dict[str, int] = {}
    order, _cycle = sources_first(workflow)
    into: dict[str, list[str]] = {}
    for edge in workflow.edges:
        into.setdefault(edge.target, []).append(edge.source)
    for key in order:
        depth[key] = max((depth[source] + 1 for source in into.get(key, ()) if source in depth), default=0)
    last = max((depth[node.key] for node in workflow.nodes), default=0)
    for end in workflow.outputs:
        depth[end.key] = last
    columns: list[list[_Place]] = [[] for _ in range(last + 1)]
    places: dict[str, _Place] = {}
    numbers = {step.key: number for number, step in enumerate(workflow.steps, 1)}
    for node in workflow.nodes:
        kind = "in hand" if node in workflow.inputs else "wanted" if isinstance(node, End) else ""
        label = _safe(node.label if kind else f"{numbers[node.key]}. {node.label}")
        place = places[node.key] = _Place(node, tuple(_lines(label)), kind)
        columns[depth[node.key]].append(place)
    paths: list[_Path] = []
    for edge in workflow.edges:
        way = [places[edge.source]]
        for column in columns[depth[edge.source] + 1 : depth[edge.target]]:
            column.append(_Place(None))
            way.append(column[-1])
        way.append(places[edge.target])
        for source, target in pairwise(way):
            source.after.append(target)
            target.before.append(source)
        paths.append(_Path(tuple(way), edge.port or ""))
    return columns, paths


def _sort(columns: list[list[_Place]]) -> None:
    """Order each column by the middles of its neighbours (the barycentre method), forth and back."""
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for at in range(1, len(columns)) if forth else range(len(columns) - 2, -1, -1):
            beside = {id(place): rank for rank, place in enumerate(columns[at - 1 if forth else at + 1])}
            ranks: dict[int, float] = {}
            for rank, place in enumerate(columns[at]):
                near = place.before if forth else place.after
                ranks[id(place)] = sum(beside[id(one)] for one in near) / len(near) if near else rank
            columns[at].sort(key=lambda place, ranks=ranks: ranks[id(place)])  # type: ignore[misc]


def _place(columns: list[list[_Place]]) -> None:
    """Give each place its middle; a column stands in the middle of the image."""
    heights = [sum(place.height for place in column) + _BETWEEN * (len(column) - 1) for column in columns]
    highest = max(heights, default=0)
    for number, (column, height) in enumerate(zip(columns, heights, strict=True)):
        y = _MARGIN + (highest - height) / 2
        for place in column:
            place.x = _MARGIN + number * (_BOX + _GAP) + _BOX / 2
            place.y = y + place.height / 2
            y += place.height + _BETWEEN


def _width(text: str) -> float:
    """How wide a text is, about and rather too much: no font is at hand (wide characters: Unicode, Annex #11)."""
    return sum(
        0 if unicodedata.combining(char)
        else 13.5 if unicodedata.east_asian_width(char) in "WF" or char in "WM@%mw"
        else 9.5 if char.isupper() or ord(char) > _LATIN
        else 7.6
        for char in text
    )  # fmt: skip


def _lines(text: str) -> Iterator[str]:
    """The lines of a label; one that is far too long is cut."""
    lines: list[str] = [""]
    for word in text.replace("-", "-\0").replace("_", "_\0").replace(" ", " \0").split("\0"):
        if lines[-1] and _width(lines[-1]) + _width(word.rstrip()) > _ROOM:
            lines.append("")
        for char in word:
            if _width(lines[-1]) + _width(char) > _ROOM and char != " ":
                lines.append("")
            lines[-1] += char
    shown = [line.rstrip() for line in lines]
    if len(shown) > _MOST_LINES:
        shown = [*shown[: _MOST_LINES - 1], f"{shown[_MOST_LINES - 1][:-1]}…"]
    yield from shown


def _box(place: _Place) -> Iterator[str]:
    if place.node is None:
        return
    left, top = place.x - _BOX / 2, place.y - place.height / 2
    css, radius = ("end", min(place.height / 2, 18)) if place.kind else ("step", 6)
    yield (
        f'<rect class="{css}" x="{left:g}" y="{top:g}" width="{_BOX}" height="{place.height:g}" rx="{radius:g}" '
        f'stroke-width="1.5"/>'
    )
    rows = [("kind", place.kind)] if place.kind else []
    rows += [("", line) for line in place.lines]
    y = place.y - len(rows) * _LINE / 2 + _LINE * 0.74
    for css, line in rows:
        marked = f' class="{css}"' if css else ""
        yield f'<text{marked} x="{place.x:g}" y="{y:g}" text-anchor="middle" direction="ltr">{escape(line)}</text>'
        y += _LINE


def _ends(path: _Path, paths: list[_Path]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where an edge leaves its source and reaches its target; several at one box stand below each other."""
    source, target = path.places[0], path.places[-1]
    arriving = sorted((one for one in paths if one.places[-1] is target), key=lambda one: one.places[-2].y)
    at = next(number for number, one in enumerate(arriving) if one is path)
    y = target.y + (at - (len(arriving) - 1) / 2) * 18
    leaving = sorted({one.port for one in paths if one.places[0] is source})
    start = source.y + (leaving.index(path.port) - (len(leaving) - 1) / 2) * 18
    return (source.x + _BOX / 2, start), (target.x - _BOX / 2, y)


def _edge(path: _Path, paths: list[_Path]) -> Iterator[str]:
    (x, y), (end_x, end_y) = _ends(path, paths)
    way = [f"M{x:g} {y:g}"]
    for place in path.places[1:-1]:
        way.append(_curve(x, y, place.x - _BOX / 2, place.y))
        x, y = place.x + _BOX / 2, place.y
        way.append(f"H{x:g}")
    way += [_curve(x, y, end_x - _LABEL, end_y), f"H{end_x - 8:g}"]
    yield f'<path class="edge" d="{" ".join(way)}"/>'
    yield f'<path class="tip" d="M{end_x:g} {end_y:g} l-9 -4.5 v9 z"/>'


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    half = (to_x - x) / 2
    return f"C{x + half:g} {y:g} {to_x - half:g} {to_y:g} {to_x:g} {to_y:g}"


def _port(path: _Path, paths: list[_Path]) -> Iterator[str]:
    """The name of what an edge carries, before its tip."""
    if path.port:
        _, (x, y) = _ends(path, paths)
        text = escape(_safe(path.port))
        yield f'<text class="port" x="{x - 12:g}" y="{y - 5:g}" text-anchor="end">{text}</text>'

"""A workflow as an SVG image of its own: no scripts, no fonts or links from elsewhere, readable in light and in dark.

The nodes stand in columns from left to right, each right of all that feed it. An edge that passes columns gets a place
of its own in each of them, so that no edge runs through a box (Sugiyama, Tagawa and Toda, "Methods for visual
understanding of hierarchical system structures", IEEE Transactions on Systems, Man, and Cybernetics, 1981).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from operator import attrgetter
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct

from explainer.diagnostics.text import invisible_characters, one_line, printable
from explainer.workflows.graph import WorkflowGraph, wrapped

# Width of a box, in pixels, like all lengths here.
_BOX: Final = 196
_GAP: Final = 100
# Room for the name of a port, before the tip of its edge.
_LABEL: Final = 46
_LINE: Final = 17
_PADDING: Final = 11
_BETWEEN: Final = 22
# Height of an edge that passes a column.
_LANE: Final = 20
_MARGIN: Final = 20
# Width of a line of a label; the rest of the box is its margin.
_ROOM: Final = 182
_BREAKS: Final = " -_"
# Between two edges at one side of a box.
_APART: Final = 18
# Lines of a label; a longer one is cut, so that one name cannot push the image out of sight.
_MOST_LINES: Final = 6
# Times that all columns are sorted, half of them forth and half back.
_SWEEPS: Final = 4
# Letters of most other scripts are wider, in the fonts that show them.
_LAST_LATIN: Final = "\u024f"
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


class _Place(Struct, eq=False):
    """A box, or the lane of an edge that passes, in a column."""

    lines: tuple[str, ...] = ()
    kind: str = ""
    before: list[_Place] = []
    after: list[_Place] = []
    leaving: list[_Path] = []
    arriving: list[_Path] = []
    x: float = 0
    y: float = 0
    """The middle."""

    @property
    def height(self) -> float:
        if not self.lines:
            return _LANE
        rows = len(self.lines) + bool(self.kind)
        return max(rows * _LINE + 2 * _PADDING, len(self.before) * _APART + 8)


class _Path(Struct, frozen=True, eq=False):
    """An edge: its places from source to target, and its port."""

    places: tuple[_Place, ...]
    port: str


def svg(workflow: WorkflowGraph, title: str = "Workflow") -> str:
    """Return the SVG document of a workflow; it ends in a line break.

    Args:
        workflow: what is drawn, each step behind those that feed it.
        title: what the image is called, for people who hear it.
    """
    columns, paths = _arranged(workflow)
    _sort(columns)
    _place(columns)
    width = 2 * _MARGIN + len(columns) * (_BOX + _GAP) - _GAP
    height = 2 * _MARGIN + max(map(_height, columns))
    size = f'width="{width:g}" height="{height:g}"'
    name = _safe(title)
    # Boxes hide the ends of edges, and the names of ports stand on both.
    boxes = filter(attrgetter("lines"), chain.from_iterable(columns))
    lines = chain(
        *map(_edge, paths), *map(_box, boxes), *map(_port, filter(attrgetter("port"), paths))
    )
    about = f'role="img" aria-label={quoteattr(name)} {size} viewBox="0 0 {width:g} {height:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {about}>',
        f"  <title>{escape(name)}</title>",
        f"  <style>{_STYLE}  </style>",
        f'  <rect class="page" {size}/>',
        *map("  {}".format, lines),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _safe(text: str) -> str:
    """Text on one line without anything that XML refuses or nobody sees."""
    shown = printable(one_line(text))
    return shown.translate({ord(char): None for _, char in invisible_characters(shown)})


def _arranged(workflow: WorkflowGraph) -> tuple[list[list[_Place]], list[_Path]]:
    """The columns, and the edges as paths through them."""
    depths = _depths(workflow)
    columns: list[list[_Place]] = [[] for _ in range(max(depths.values(), default=0) + 1)]
    places: dict[str, _Place] = {}
    for node, kind, text in workflow.captions():
        places[node.key] = _Place(_lines(text), kind)
        columns[depths[node.key]].append(places[node.key])
    paths: list[_Path] = []
    for edge in workflow.edges:
        way = [places[edge.source]]
        for column in columns[depths[edge.source] + 1 : depths[edge.target]]:
            way.append(_Place())
            column.append(way[-1])
        way.append(places[edge.target])
        for source, target in pairwise(way):
            source.after.append(target)
            target.before.append(source)
        paths.append(_Path(tuple(way), edge.port or ""))
        way[0].leaving.append(paths[-1])
        way[-1].arriving.append(paths[-1])
    return columns, paths


def _depths(workflow: WorkflowGraph) -> dict[str, int]:
    """The column of each node: right of all that feed it; what is asked for is in the last one."""
    depths: dict[str, int] = {}
    for node in workflow.nodes:
        depths[node.key] = 0
        for edge in workflow.edges_into(node.key):
            depths[node.key] = max(depths[node.key], depths[edge.source] + 1)
    last = max(depths.values(), default=0)
    return depths | dict.fromkeys(map(attrgetter("key"), workflow.outputs), last)


def _sort(columns: list[list[_Place]]) -> None:
    """Order each column by the middles of its neighbours (the barycentre method), forth and back."""
    for _ in range(_SWEEPS // 2):
        for beside, column in pairwise(columns):
            _sort_column(column, beside, attrgetter("before"))
        for beside, column in pairwise(reversed(columns)):
            _sort_column(column, beside, attrgetter("after"))


def _sort_column(
    column: list[_Place], beside: list[_Place], neighbours: Callable[[_Place], list[_Place]]
) -> None:
    ranks = dict(zip(beside, range(len(beside)), strict=True))
    middles: dict[_Place, float] = {}
    for rank, place in enumerate(column):
        # A place without neighbours stays where it is.
        near = [ranks[neighbour] for neighbour in neighbours(place)] or [rank]
        middles[place] = sum(near) / len(near)
    column.sort(key=middles.__getitem__)


def _height(column: list[_Place]) -> float:
    return max(sum(place.height + _BETWEEN for place in column) - _BETWEEN, 0)


def _place(columns: list[list[_Place]]) -> None:
    """Give each place its middle; a column stands in the middle of the image."""
    highest = max(map(_height, columns))
    for number, column in enumerate(columns):
        y = _MARGIN + (highest - _height(column)) / 2
        for place in column:
            place.x = _MARGIN + number * (_BOX + _GAP) + _BOX / 2
            place.y = y + place.height / 2
            y += place.height + _BETWEEN


def _width(text: str) -> float:
    """How wide a text is, about and rather too much: no font can be asked (wide characters: Unicode, Annex #11)."""
    return sum(map(_character_width, text))


def _character_width(char: str) -> float:
    if unicodedata.combining(char):
        return 0
    if unicodedata.east_asian_width(char) in "WF" or char in "WM@%mw":
        return 13.5
    if char.isupper() or char > _LAST_LATIN:
        return 9.5
    return 7.6


def _lines(label: str) -> tuple[str, ...]:
    """The lines of a label; one that is far too long is cut."""
    lines = tuple(wrapped(_safe(label), _ROOM, _width, _BREAKS))
    if len(lines) > _MOST_LINES:
        return (*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1][:-1]}…")
    return lines


def _box(place: _Place) -> Iterator[str]:
    x, y = place.x - _BOX / 2, place.y - place.height / 2
    rows = [("", line) for line in place.lines]
    css, radius = "step", 6.0
    if place.kind:
        rows.insert(0, (' class="kind"', place.kind))
        css, radius = "end", min(place.height / 2, 18)
    yield (
        f'<rect class="{css}" x="{x:g}" y="{y:g}" width="{_BOX}" height="{place.height:g}" rx="{radius:g}" '
        f'stroke-width="1.5"/>'
    )
    # a baseline is about three quarters down its line
    y = place.y - len(rows) * _LINE / 2 + _LINE * 0.74
    for kind, line in rows:
        yield f'<text{kind} x="{place.x:g}" y="{y:g}" text-anchor="middle" direction="ltr">{escape(line)}</text>'
        y += _LINE


def _ends(path: _Path) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where an edge leaves its source and reaches its target; several at one box stand below each other."""
    source, target = path.places[0], path.places[-1]
    leaving = sorted(set(map(attrgetter("port"), source.leaving)))
    arriving = sorted(target.arriving, key=lambda beside: beside.places[-2].y)
    start = source.y + (leaving.index(path.port) - (len(leaving) - 1) / 2) * _APART
    end = target.y + (arriving.index(path) - (len(arriving) - 1) / 2) * _APART
    return (source.x + _BOX / 2, start), (target.x - _BOX / 2, end)


def _edge(path: _Path) -> Iterator[str]:
    (x, y), (end_x, end_y) = _ends(path)
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


def _port(path: _Path) -> Iterator[str]:
    """The name of what an edge carries, before its tip."""
    _, (x, y) = _ends(path)
    text = escape(_safe(path.port))
    yield f'<text class="port" x="{x - 12:g}" y="{y - 5:g}" text-anchor="end">{text}</text>'

"""The counts of catalogs as one self-contained HTML page: a picture of bars, and the same figures as tables.

The picture is SVG without a view box: lengths of bars are shares of its width, while text keeps its size, so that it
can be read on a phone as on a wide screen.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from explainer.catalogs.kinds import SOURCE_KINDS, Kind
from explainer.curation.stats import NONE, Stats, gap_rows
from explainer.diagnostics.html import html_page
from explainer.diagnostics.text import counted

MAX_BARS: Final = 60
"""Rows of one picture; what is behind them is one row together."""

# What fits beside the figures on a narrow screen; a wide sign takes two columns.
_LABEL_COLUMNS: Final = 30

# Pixels: the height of a row, where its bars begin below its label, and the heights of bars.
_ROW: Final = 40
_BARS_BELOW: Final = 20
_BAR: Final = 11
_THIN_ROW: Final = 7
_THIN_BAR: Final = 5


@dataclass(frozen=True, slots=True)
class _Bar:
    """A rectangle: lengths across in per cent of the picture, lengths down in pixels."""

    css: str
    x: float
    y: int
    width: float
    height: int


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a picture: where it begins, its label short and whole, its figures, its bars."""

    y: int
    label: str
    full_label: str
    figure: str
    bars: tuple[_Bar, ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture with its table.

    Attributes:
        name: what it is called in the page.
        title: its heading.
        note: what the bars mean.
        rows: its rows, from the top.
        height: its height in pixels.
        head: the head of the table.
        table: the rows of the table.
    """

    name: str
    title: str
    note: str
    rows: tuple[_Row, ...]
    height: int
    head: tuple[str, ...]
    table: tuple[tuple[str, ...], ...]


def stats_page(stats: Stats) -> str:
    """Return the page."""
    models, papers = stats.totals["models"], stats.totals["papers"]
    tasks = len(stats.tasks.keys() - {NONE})
    return html_page(
        "explainer.curation",
        "stats.html.j2",
        "stats.css",
        title=f"{counted(models, 'model', ',')} and {counted(papers, 'paper', ',')}",
        tiles=[
            ("Models", f"{models:,}", _deprecated(stats, Kind.MODELS)),
            ("Papers", f"{papers:,}", _deprecated(stats, Kind.PAPERS)),
            ("Tasks", f"{tasks:,}", "that entries are filed under"),
            ("Without any link", f"{sum(stats.linkless.values()):,}", "of both kinds"),
        ],
        pictures=[_by_task(stats), _by_signature(stats), _gaps(stats)],
    )


def _deprecated(stats: Stats, kind: Kind) -> str:
    number = stats.deprecated[kind]
    return f"{number:,} of them deprecated" if number else "none of them deprecated"


def _by_task(stats: Stats) -> _Picture:
    counts = {name: tuple(row.values()) for name, row in stats.tasks.items()}
    return _stacked("tasks", "By task", "Entries filed under each task.", ("Task", "Models", "Papers"), counts)


def _by_signature(stats: Stats) -> _Picture:
    counts = {name: (number,) for name, number in stats.signatures.items()}
    note = "What models take and give: inputs, the sign 2, outputs."
    return _stacked("signatures", "By signature", note, ("Signature", "Models"), counts)


def _stacked(
    name: str, title: str, note: str, head: tuple[str, ...], counts: Mapping[str, tuple[int, ...]]
) -> _Picture:
    """A picture whose bars stand one behind the other, the longest across the whole width."""
    shown = dict(itertools.islice(counts.items(), MAX_BARS))
    hidden = list(counts.values())[MAX_BARS:]
    if hidden:
        shown[f"{counted(len(hidden), 'row', ',')} more"] = tuple(map(sum, zip(*hidden, strict=True)))
    most = max(map(sum, shown.values()), default=0) or 1
    rows = []
    for index, (label, numbers) in enumerate(shown.items()):
        y, x = index * _ROW, 0.0
        bars = []
        for kind, number in zip(SOURCE_KINDS, numbers, strict=False):
            width = 100 * number / most
            bars.append(_Bar(kind, round(x, 2), y + _BARS_BELOW, round(width, 2), _BAR))
            x += width
        rows.append(_Row(y, _fitting(label), label, " + ".join(map(_figure, numbers)), tuple(bars)))
    table = tuple((label, *map(_figure, numbers)) for label, numbers in counts.items())
    return _Picture(name, title, note, tuple(rows), len(rows) * _ROW, head, table)


def _figure(number: int) -> str:
    return f"{number:,}"


def _gaps(stats: Stats) -> _Picture:
    """A picture with a bar for each kind: which share of its entries lacks a key."""
    rows, table = [], []
    for index, (label, *numbers) in enumerate(gap_rows(stats)):
        bars, figures, cells = [], [], []
        y = index * _ROW
        for line, (kind, number) in enumerate(zip(SOURCE_KINDS, numbers, strict=True)):
            total, share, figure, cell = stats.totals[kind], 0.0, "–", "–"
            if isinstance(number, int) and total:  # else the kind has no such key, or no entries
                share = 100 * number / total
                figure, cell = f"{share:.0f} %", f"{number:,} of {total:,}"
            figures.append(figure)
            cells.append(cell)
            bars.append(_Bar(kind, 0, y + _BARS_BELOW + line * _THIN_ROW, round(share, 2), _THIN_BAR))
        rows.append(_Row(y, label, label, " · ".join(figures), tuple(bars)))
        table.append((label, *cells))
    note = "The share of models and of papers that lack a key. Not every entry needs every one."
    head = ("Missing", "Models", "Papers")
    return _Picture("gaps", "What is missing", note, tuple(rows), len(rows) * _ROW, head, tuple(table))


def _fitting(label: str) -> str:
    """A label that is no wider than `_LABEL_COLUMNS`."""
    columns = 0
    for index, char in enumerate(label):
        columns += 1 + (unicodedata.east_asian_width(char) in "WF")
        if columns > _LABEL_COLUMNS:
            return f"{label[: index - 1]}…"
    return label

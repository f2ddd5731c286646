"""The counts of catalogs as one self-contained HTML page: a picture of bars, and the same figures as tables.

The picture is SVG without a view box: lengths of bars are shares of its width, while text keeps its size, so that it
can be read on a phone as on a wide screen.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from explainer.curation.stats import NONE, Stats, gap_rows
from explainer.diagnostics.html import html_page

MAX_BARS: Final = 60
"""Rows of one picture; what is behind them is one row together."""

_LABEL_COLUMNS: Final = 30
"""What fits beside the figures on a narrow screen; a wide sign takes two columns."""

_ROW: Final = 40
_BAR: Final = 11


@dataclass(frozen=True, slots=True)
class _Bar:
    """One rectangle: lengths across in per cent of the picture, lengths down in pixels."""

    css: str
    x: float
    y: int
    width: float
    height: int


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a picture: where it begins, its label short and whole, its figures, its bars."""

    y: int
    label: str
    whole: str
    figure: str
    bars: tuple[_Bar, ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    """One picture with its table.

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
    tasks = sum(1 for name in stats.tasks if name != NONE)
    return html_page(
        "explainer.curation",
        "stats.html.j2",
        "stats.css",
        title=f"{_counted(models, 'model')} and {_counted(papers, 'paper')}",
        tiles=[
            ("Models", f"{models:,}", _gone(stats, "models")),
            ("Papers", f"{papers:,}", _gone(stats, "papers")),
            ("Tasks", f"{tasks:,}", "that entries are filed under"),
            ("Without any link", f"{sum(stats.linkless.values()):,}", "of both kinds"),
        ],
        pictures=[_by_task(stats), _by_signature(stats), _gaps(stats)],
    )


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _gone(stats: Stats, kind: str) -> str:
    number = stats.deprecated[kind]
    return f"{number:,} of them deprecated" if number else "none of them deprecated"


def _by_task(stats: Stats) -> _Picture:
    counts = {name: tuple(row.values()) for name, row in stats.tasks.items()}
    table = tuple((name, *(f"{number:,}" for number in row)) for name, row in counts.items())
    return _stacked("tasks", "By task", "Entries filed under each task.", ("Task", "Models", "Papers"), counts, table)


def _by_signature(stats: Stats) -> _Picture:
    counts = {name: (number,) for name, number in stats.signatures.items()}
    table = tuple((name, f"{number:,}") for name, number in stats.signatures.items())
    note = "What models take and give: inputs, the sign 2, outputs."
    return _stacked("signatures", "By signature", note, ("Signature", "Models"), counts, table)


def _stacked(
    name: str,
    title: str,
    note: str,
    head: tuple[str, ...],
    counts: Mapping[str, tuple[int, ...]],
    table: tuple[tuple[str, ...], ...],
) -> _Picture:
    """A picture whose bars stand one behind the other, the longest across the whole width."""
    shown = dict(list(counts.items())[:MAX_BARS])
    rest = list(counts.values())[MAX_BARS:]
    if rest:
        shown[f"{_counted(len(rest), 'row')} more"] = tuple(sum(column) for column in zip(*rest, strict=True))
    most = max((sum(row) for row in shown.values()), default=0) or 1
    rows = []
    for at, (label, numbers) in enumerate(shown.items()):
        bars, x = [], 0.0
        for css, number in zip(("models", "papers"), numbers, strict=False):
            width = 100 * number / most
            bars.append(_Bar(css, round(x, 2), at * _ROW + 20, round(width, 2), _BAR))
            x += width
        figure = " + ".join(f"{number:,}" for number in numbers)
        rows.append(_Row(at * _ROW, _fitting(label), label, figure, tuple(bars)))
    return _Picture(name, title, note, tuple(rows), len(rows) * _ROW, head, table)


def _gaps(stats: Stats) -> _Picture:
    """A picture with a bar for each kind: which share of its entries lacks a key."""
    rows, table = [], []
    for at, (label, *numbers) in enumerate(gap_rows(stats)):
        bars, figures, cells = [], [], []
        for line, (kind, number) in enumerate(zip(("models", "papers"), numbers, strict=True)):
            share = _share(number, stats.totals[kind])
            figures.append("–" if share is None else f"{100 * share:.0f} %")
            cells.append("–" if share is None else f"{number:,} of {stats.totals[kind]:,}")
            bars.append(_Bar(kind, 0, at * _ROW + 20 + line * 7, round(100 * (share or 0), 2), 5))
        rows.append(_Row(at * _ROW, label, label, " · ".join(figures), tuple(bars)))
        table.append((label, *cells))
    note = "The share of models and of papers that lack a key. Not every entry needs every one."
    head = ("Missing", "Models", "Papers")
    return _Picture("gaps", "What is missing", note, tuple(rows), len(rows) * _ROW, head, tuple(table))


def _share(number: int | str, total: int) -> float | None:
    """The part of a whole; None where a kind has no such key, or nothing is counted."""
    return number / total if isinstance(number, int) and total else None


def _fitting(label: str) -> str:
    """A label that is no wider than `_LABEL_COLUMNS`."""
    columns = 0
    for at, char in enumerate(label):
        columns += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if columns > _LABEL_COLUMNS:
            return f"{label[: at - 1]}…"
    return label

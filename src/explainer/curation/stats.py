"""Entries → counts by task, by signature, and of what is missing: as data, as text, as one self-contained HTML page.

The picture of the page is SVG without a view box: lengths of bars are shares of its width, while text keeps its size,
so that it can be read on a phone as on a wide screen.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from explainer.catalogs.schema import SOURCE_KINDS, Entry, Kind, ModelEntry
from explainer.diagnostics.text import counted

NONE: Final = "(none)"
"""The row of the entries without a task or without a signature."""

GAPS: Final = {
    Kind.MODELS: (
        "task",
        "signature",
        "dataset",
        "paper",
        "github",
        "huggingface",
        "summary",
        "examples",
    ),
    Kind.PAPERS: ("task", "year", "authors", "paper", "github", "summary", "examples"),
}
"""The keys whose absence is counted."""

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


class Stats(Struct, frozen=True):
    """The counts of some catalogs.

    Attributes:
        totals: entries by kind.
        deprecated: how many of them are deprecated, by kind.
        tasks: entries by task, by kind.
        signatures: models by signature.
        gaps: entries that lack a key, by kind.
        linkless: entries without any link, by kind.
    """

    totals: dict[str, int]
    deprecated: dict[str, int]
    tasks: dict[str, dict[str, int]]
    signatures: dict[str, int]
    gaps: dict[str, dict[str, int]]
    linkless: dict[str, int]


def count(models: Iterable[ModelEntry], papers: Iterable[Entry]) -> Stats:
    """Count entries."""
    stats = Stats({}, {}, {}, {}, {}, {})
    models = list(models)
    by_kind: dict[Kind, list[Entry]] = {Kind.MODELS: [*models], Kind.PAPERS: list(papers)}
    tasks: dict[str, dict[str, int]] = {}
    for kind, entries in by_kind.items():
        stats.totals[kind] = len(entries)
        stats.deprecated[kind] = len(entries) - _missing("deprecated", entries)
        stats.linkless[kind] = sum(map(_has_no_link, entries))
        stats.gaps[kind] = {key: _missing(key, entries) for key in GAPS[kind]}
        for entry in entries:
            row = tasks.setdefault(entry.task or NONE, dict.fromkeys(SOURCE_KINDS, 0))
            row[kind] += 1
    signatures = Counter(model.signature or NONE for model in models)
    # the most frequent first, equal ones by their names
    stats.tasks.update(sorted(tasks.items(), key=lambda item: (-sum(item[1].values()), item[0])))
    stats.signatures.update(sorted(signatures.items(), key=lambda item: (-item[1], item[0])))
    return stats


def _missing(key: str, entries: Iterable[Entry]) -> int:
    """How many entries have nothing under a key."""
    return sum(not getattr(entry, key) for entry in entries)


def _has_no_link(entry: Entry) -> bool:
    return not any((entry.paper, entry.github, entry.huggingface, entry.links))


def stats_data(stats: Stats) -> dict[str, Any]:
    """Return the counts as plain data, for JSON."""
    return {
        "schema": "explainer/catalog-stats/1",
        "totals": stats.totals,
        "deprecated": stats.deprecated,
        "tasks": [{"task": _name_or_null(task), **row} for task, row in stats.tasks.items()],
        "signatures": [
            {"signature": _name_or_null(name), "models": number}
            for name, number in stats.signatures.items()
        ],
        "gaps": {
            kind: {**row, "any link": stats.linkless[kind]} for kind, row in stats.gaps.items()
        },
    }


def _name_or_null(label: str) -> str | None:
    return {NONE: None}.get(label, label)


def stats_text(stats: Stats) -> str:
    """Return the counts as tables; names are as they stand in the catalogs, so print them with care."""
    text = _table(
        ("task", "models", "papers"), [(task, *row.values()) for task, row in stats.tasks.items()]
    )
    text += "\n" + _table(("signature", "models"), list(stats.signatures.items()))
    text += "\n" + _table(("missing", "models", "papers"), gap_rows(stats))
    text += "\n" + ", ".join(counted(stats.totals[kind], kind.singular) for kind in SOURCE_KINDS)
    deprecated = sum(stats.deprecated.values())
    if deprecated:
        text += f", {deprecated} of them deprecated"
    return text + "\n"


def gap_rows(stats: Stats) -> list[tuple[str, int | str, int | str]]:
    """Return how many models and papers lack each key; `-` where a kind has no such key."""
    models, papers = stats.gaps[Kind.MODELS], stats.gaps[Kind.PAPERS]
    rows = [(key, models.get(key, "-"), papers.get(key, "-")) for key in models | papers]
    return [*rows, ("any link", stats.linkless[Kind.MODELS], stats.linkless[Kind.PAPERS])]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str | int, ...]]) -> str:
    """A table in plain text: the first column to the left, figures to the right."""
    cells = [head, *(tuple(map(str, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    text = ""
    for first, *figures in cells:
        text += first.ljust(widths[0])
        for width, figure in zip(widths[1:], figures, strict=True):
            text += f"  {figure.rjust(width)}"
        text += "\n"
    return text


class _Bar(Struct, frozen=True):
    """A rectangle: lengths across in per cent of the picture, lengths down in pixels."""

    css: str
    x: float
    y: int
    width: float
    height: int


class _Row(Struct, frozen=True):
    """A row of a picture: where it begins, its label short and whole, its figures, its bars."""

    y: int
    label: str
    full_label: str
    figure: str
    bars: tuple[_Bar, ...]


class _Picture(Struct, frozen=True):
    """A picture, its height in pixels, and the table of the same figures; `name` is its id in the page."""

    name: str
    title: str
    note: str
    rows: tuple[_Row, ...]
    height: int
    head: tuple[str, ...]
    table: tuple[tuple[str, ...], ...]


def stats_page(stats: Stats) -> str:
    """Return the page."""
    models, papers = stats.totals[Kind.MODELS], stats.totals[Kind.PAPERS]
    tasks = len(stats.tasks.keys() - {NONE})
    # the library of templates is loaded for a page alone
    from explainer.diagnostics.html import html_page  # noqa: PLC0415

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
    return _stacked(
        "tasks", "By task", "Entries filed under each task.", ("Task", "Models", "Papers"), counts
    )


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
        shown[f"{counted(len(hidden), 'row', ',')} more"] = tuple(
            map(sum, zip(*hidden, strict=True))
        )
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
            share, figure, cell = _share(number, stats.totals[kind])
            figures.append(figure)
            cells.append(cell)
            bars.append(_Bar(kind, 0, y + _BARS_BELOW + line * _THIN_ROW, share, _THIN_BAR))
        rows.append(_Row(y, label, label, " · ".join(figures), tuple(bars)))
        table.append((label, *cells))
    note = "The share of models and of papers that lack a key. Not every entry needs every one."
    head = ("Missing", "Models", "Papers")
    return _Picture(
        "gaps", "What is missing", note, tuple(rows), len(rows) * _ROW, head, tuple(table)
    )


def _share(number: int | str, total: int) -> tuple[float, str, str]:
    """A number of entries as per cent of all, and how it is written beside a bar and in a table."""
    # the kind has no such key, or no entries
    if isinstance(number, str) or not total:
        return 0.0, "–", "–"
    share = 100 * number / total
    return round(share, 2), f"{share:.0f} %", f"{number:,} of {total:,}"


def _fitting(label: str) -> str:
    """A label that is no wider than `_LABEL_COLUMNS`."""
    columns = 0
    for index, char in enumerate(label):
        columns += 1 + (unicodedata.east_asian_width(char) in "WF")
        if columns > _LABEL_COLUMNS:
            return f"{label[: index - 1]}…"
    return label

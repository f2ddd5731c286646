"""Entries → counts by task, by signature, and of what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from explainer.catalogs.kinds import SOURCE_KINDS, Kind
from explainer.catalogs.schema import Entry, ModelEntry
from explainer.diagnostics.text import counted

NONE: Final = "(none)"
"""The row of the entries without a task or without a signature."""

GAPS: Final = {
    Kind.MODELS: ("task", "signature", "dataset", "paper", "github", "huggingface", "summary", "examples"),
    Kind.PAPERS: ("task", "year", "authors", "paper", "github", "summary", "examples"),
}
"""The keys whose absence is counted."""


@dataclass(frozen=True, slots=True)
class Stats:
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


def count(models: Iterable[Entry], papers: Iterable[Entry]) -> Stats:
    """Count entries."""
    stats = Stats({}, {}, {}, {}, {}, {})
    tasks: dict[str, dict[str, int]] = {}
    signatures: Counter[str] = Counter()
    for kind, entries in ((Kind.MODELS, list(models)), (Kind.PAPERS, list(papers))):
        stats.totals[kind] = len(entries)
        stats.deprecated[kind] = sum(bool(entry.deprecated) for entry in entries)
        stats.linkless[kind] = sum(map(_has_no_link, entries))
        for key in GAPS[kind]:
            gaps = stats.gaps.setdefault(kind, {})
            gaps[key] = sum(not getattr(entry, key) for entry in entries)
        for entry in entries:
            row = tasks.setdefault(entry.task or NONE, dict.fromkeys(SOURCE_KINDS, 0))
            row[kind] += 1
            if isinstance(entry, ModelEntry):
                signatures[entry.signature or NONE] += 1
    # the most frequent first, equal ones by their names
    stats.tasks.update(sorted(tasks.items(), key=lambda item: (-sum(item[1].values()), item[0])))
    stats.signatures.update(sorted(signatures.items(), key=lambda item: (-item[1], item[0])))
    return stats


def _has_no_link(entry: Entry) -> bool:
    return not (entry.paper or entry.github or entry.huggingface or entry.links)


def stats_data(stats: Stats) -> dict[str, Any]:
    """Return the counts as plain data, for JSON."""
    return {
        "schema": "explainer/catalog-stats/1",
        "totals": stats.totals,
        "deprecated": stats.deprecated,
        "tasks": [{"task": None if task == NONE else task, **row} for task, row in stats.tasks.items()],
        "signatures": [
            {"signature": None if name == NONE else name, "models": number} for name, number in stats.signatures.items()
        ],
        "gaps": {kind: {**row, "any link": stats.linkless[kind]} for kind, row in stats.gaps.items()},
    }


def stats_text(stats: Stats) -> str:
    """Return the counts as tables; names are as they stand in the catalogs, so print them with care."""
    text = _table(("task", "models", "papers"), [(task, *row.values()) for task, row in stats.tasks.items()])
    text += "\n" + _table(("signature", "models"), list(stats.signatures.items()))
    text += "\n" + _table(("missing", "models", "papers"), gap_rows(stats))
    text += "\n" + ", ".join(counted(stats.totals[kind], kind.singular) for kind in SOURCE_KINDS)
    deprecated = sum(stats.deprecated.values())
    if deprecated:
        text += f", {deprecated} of them deprecated"
    return text + "\n"


def gap_rows(stats: Stats) -> list[tuple[str, int | str, int | str]]:
    """Return how many models and papers lack each key; `-` where a kind has no such key."""
    models, papers = stats.gaps["models"], stats.gaps["papers"]
    rows = [(key, models.get(key, "-"), papers.get(key, "-")) for key in models | papers]
    return [*rows, ("any link", stats.linkless["models"], stats.linkless["papers"])]


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

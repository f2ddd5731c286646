"""Entries → counts by task, by signature, and of what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from explainer.catalogs.kinds import SOURCE_KINDS
from explainer.catalogs.schema import Entry, ModelEntry

NONE: Final = "(none)"
"""The row of the entries without a task or without a signature."""

GAPS: Final = {
    "models": ("task", "signature", "dataset", "paper", "github", "huggingface", "summary", "examples"),
    "papers": ("task", "year", "authors", "paper", "github", "summary", "examples"),
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
    entries: dict[str, Sequence[Entry]] = {"models": tuple(models), "papers": tuple(papers)}
    by_task: dict[str, dict[str, int]] = {}
    for kind, found in entries.items():
        for entry in found:
            row = by_task.setdefault(entry.task or NONE, dict.fromkeys(SOURCE_KINDS, 0))
            row[kind] += 1
    signatures = Counter(entry.signature or NONE for entry in entries["models"] if isinstance(entry, ModelEntry))
    return Stats(
        {kind: len(found) for kind, found in entries.items()},
        {kind: sum(1 for entry in found if entry.deprecated) for kind, found in entries.items()},
        dict(sorted(by_task.items(), key=lambda item: (-sum(item[1].values()), item[0]))),
        dict(sorted(signatures.items(), key=lambda item: (-item[1], item[0]))),
        {
            kind: {key: sum(1 for entry in entries[kind] if not getattr(entry, key)) for key in keys}
            for kind, keys in GAPS.items()
        },
        {kind: sum(1 for entry in found if not _has_link(entry)) for kind, found in entries.items()},
    )


def _has_link(entry: Entry) -> bool:
    return bool(entry.paper or entry.github or entry.huggingface or entry.links)


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
    parts = [
        _table(("task", "models", "papers"), [(task, *row.values()) for task, row in stats.tasks.items()]),
        _table(("signature", "models"), list(stats.signatures.items())),
        _table(("missing", "models", "papers"), gap_rows(stats)),
    ]
    total = ", ".join(f"{number} {kind[:-1] if number == 1 else kind}" for kind, number in stats.totals.items())
    gone = sum(stats.deprecated.values())
    return "\n".join(parts) + f"\n{total}" + (f", {gone} of them deprecated" if gone else "") + "\n"


def gap_rows(stats: Stats) -> list[tuple[str, int | str, int | str]]:
    """Return how many models and papers lack each key; `-` where a kind has no such key."""
    keys = dict.fromkeys(key for row in stats.gaps.values() for key in row)
    rows: list[tuple[str, int | str, int | str]] = [
        (key, stats.gaps["models"].get(key, "-"), stats.gaps["papers"].get(key, "-")) for key in keys
    ]
    return [*rows, ("any link", stats.linkless["models"], stats.linkless["papers"])]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str | int, ...]]) -> str:
    """A table in plain text: the first column to the left, figures to the right."""
    cells = [head, *(tuple(str(cell) for cell in row) for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    lines = []
    for first, *figures in cells:
        line = first.ljust(widths[0])
        for width, figure in zip(widths[1:], figures, strict=True):
            line += f"  {figure.rjust(width)}"
        lines.append(f"{line}\n")
    return "".join(lines)

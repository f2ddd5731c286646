"""Figures over a set of checked answers, each defined where it is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from explainer.checking.check import Checked
from explainer.findings import Severity

__all__ = ["DEFINITIONS", "GOOD_STATUSES", "metrics_data", "metrics_lines"]

GOOD_STATUSES: Final = frozenset({"offered", "respelled", "shortened", "reworded", "known"})
"""What a citation of an offered entry may be."""

DEFINITIONS: Final = {
    "grounded": "answers that were checked and have no error, of all answers",
    "precision": "citations (links, titles, names) of an offered entry and of the right one, of all citations",
    "recall": "offered entries that their own answer names or links, of all entries offered to an answer",
    "coverage": "different entries that at least one answer names or links, of all different entries offered",
}


def metrics_data(reports: Sequence[Checked]) -> dict[str, Any]:
    """Return the figures as plain data; a share of nothing is None."""
    citations = Counter(citation.status for report in reports for citation in report.citations)
    good = sum(citations[status] for status in GOOD_STATUSES)
    offered = sum(len(report.offered) for report in reports)
    used = sum(len(report.used) for report in reports)
    entries = {name for report in reports for name in report.offered}
    covered = {name for report in reports for name in report.used}
    codes = Counter(
        finding.code for report in reports for finding in report.findings if finding.severity is not Severity.NOTE
    )
    return {
        "answers": len(reports),
        "grounded": sum(report.grounded for report in reports),
        "share_grounded": _share(sum(report.grounded for report in reports), len(reports)),
        "citations": sum(citations.values()),
        "citation_precision": _share(good, sum(citations.values())),
        "citation_recall": _share(used, offered),
        "source_coverage": _share(len(covered), len(entries)),
        "codes": dict(sorted(codes.items())),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def metrics_lines(reports: Sequence[Checked]) -> list[str]:
    """Return the figures for people, with what they mean."""
    data = metrics_data(reports)
    rows = [
        (
            f"{data['grounded']} of {data['answers']}",
            data["share_grounded"],
            "grounded",
            DEFINITIONS["grounded"],
        ),
        (f"{data['citations']} citations", data["citation_precision"], "precision", DEFINITIONS["precision"]),
        ("", data["citation_recall"], "recall", DEFINITIONS["recall"]),
        ("", data["source_coverage"], "coverage", DEFINITIONS["coverage"]),
    ]
    lines = []
    for count, share, name, meaning in rows:
        figure = "none" if share is None else f"{share:.1%}"
        lines.append(f"{name + ':':11}{figure:>7}  {meaning}" + (f" ({count})" if count else ""))
    return lines

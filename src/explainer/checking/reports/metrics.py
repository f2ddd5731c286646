"""Figures over a set of checked answers, each defined where it is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from explainer.checking.check import CheckReport
from explainer.checking.verdict import GOOD
from explainer.diagnostics.rules import Severity

DEFINITIONS: Final = {
    "grounded": "answers that were checked and have no error, of all answers",
    "precision": "citations (links, titles, names) of an offered entry and of the right one, of all citations",
    "recall": "offered entries that their own answer names or links, of all entries offered to an answer",
    "coverage": "different entries that at least one answer names or links, of all different entries offered",
}


def metrics_data(reports: Sequence[CheckReport]) -> dict[str, Any]:
    """Return the figures as plain data; a share of nothing is None."""
    citations = list(chain.from_iterable(report.citations for report in reports))
    offered = list(chain.from_iterable(report.offered for report in reports))
    used = list(chain.from_iterable(report.used for report in reports))
    findings = chain.from_iterable(report.findings for report in reports)
    codes = Counter(finding.code for finding in findings if finding.severity is not Severity.NOTE)
    grounded = sum(report.grounded for report in reports)
    return {
        "answers": len(reports),
        "grounded": grounded,
        "share_grounded": _share(grounded, len(reports)),
        "citations": len(citations),
        "citation_precision": _share(sum(citation.status in GOOD for citation in citations), len(citations)),
        "citation_recall": _share(len(used), len(offered)),
        "source_coverage": _share(len(set(used)), len(set(offered))),
        "codes": dict(sorted(codes.items())),
    }


def _share(part: int, total: int) -> float | None:
    return round(part / total, 4) if total else None


def metrics_lines(reports: Sequence[CheckReport]) -> list[str]:
    """Return the figures for people, with what they mean."""
    data = metrics_data(reports)
    return [
        _line("grounded", data["share_grounded"], f" ({data['grounded']} of {data['answers']})"),
        _line("precision", data["citation_precision"], f" ({data['citations']} citations)"),
        _line("recall", data["citation_recall"]),
        _line("coverage", data["source_coverage"]),
    ]


def _line(name: str, share: float | None, count: str = "") -> str:
    figure = "none" if share is None else f"{share:.1%}"
    return f"{name + ':':11}{figure:>7}  {DEFINITIONS[name]}{count}"

"""One self-contained HTML page about many answers: figures, codes, and each answer with its citations marked in place.

The page runs no script and loads nothing, see `pages`. All text from answers and catalogs is escaped by the template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from explainer.checking.check import CheckReport, Workflow
from explainer.checking.reports.text import DEFINITIONS, GOOD_STATUSES, metrics_data
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.html import html_page
from explainer.diagnostics.rules import RULES, Severity
from explainer.diagnostics.text import replace_refused

MAX_TEXTS: Final = 400
"""Answers that are shown whole, those with faults first; of the others the findings are shown."""

_SEVERITY_ORDER: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of an answer's text: how it is marked, what it means, and the codes of the findings that end there."""

    text: str
    css: str = ""
    title: str = ""
    codes: tuple[tuple[int, str, str], ...] = ()


def as_html(reports: Sequence[CheckReport]) -> str:
    """Return the page."""
    whole = {id(report) for report in sorted(reports, key=lambda report: report.grounded)[:MAX_TEXTS]}
    return html_page(
        "explainer.checking.reports",
        "html.html.j2",
        "html.css",
        title=_title_of_page(reports),
        figures=metrics_data(reports),
        definitions=DEFINITIONS,
        codes=list(_codes(reports)),
        answers=[_answer(number, report, whole=id(report) in whole) for number, report in enumerate(reports, start=1)],
        unused=_unused(reports),
        offered_count=len({name for report in reports for name in report.offered}),
    )


def _title_of_page(reports: Sequence[CheckReport]) -> str:
    grounded = sum(report.grounded for report in reports)
    if len(reports) == 1:
        return f"The answer is {'' if grounded else 'not '}grounded"
    return f"{grounded} of {len(reports)} answers {'is' if grounded == 1 else 'are'} grounded"


def _codes(reports: Sequence[CheckReport]) -> Iterator[dict[str, Any]]:
    """Each code that was found: how often, in how many answers, and its share of the most frequent one."""
    found = Counter(finding.code for report in reports for finding in report.findings)
    in_answers = Counter(code for report in reports for code in {finding.code for finding in report.findings})
    most = max(found.values(), default=1)
    for code in sorted(found, key=lambda code: (_SEVERITY_ORDER[RULES[code].severity], -found[code], code)):
        rule = RULES[code]
        yield {
            "code": code,
            "severity": str(rule.severity),
            "meaning": rule.meaning,
            "count": found[code],
            "answers": in_answers[code],
            "width": max(1, round(100 * found[code] / most)),
        }


def _unused(reports: Sequence[CheckReport]) -> list[tuple[str, int]]:
    """The entries that no answer uses, and to how many answers each was offered."""
    used = {name for report in reports for name in report.used}
    offered = Counter(name for report in reports for name in report.offered)
    return sorted(
        ((name, count) for name, count in offered.items() if name not in used),
        key=lambda row: (-row[1], row[0]),
    )


def _answer(number: int, report: CheckReport, *, whole: bool) -> dict[str, Any]:
    counts = Counter(str(finding.severity) for finding in report.findings)
    return {
        "number": number,
        "id": report.id,
        "file": report.file,
        "status": "grounded" if report.grounded else "faulty",
        "warned": report.grounded and counts["warning"] > 0,
        "counts": counts,
        "cited": len(report.citations),
        "good": sum(citation.status in GOOD_STATUSES for citation in report.citations),
        "findings": report.findings,
        "waived": len(report.waived),
        "sources": [
            {
                "name": source.name,
                "used": source.name in report.used,
                "links": [own.url for own in source.links if own.role != "summary"],
            }
            for source in report.sources
        ],
        "workflows": [workflow for workflow in report.workflow if workflow.kind == "mermaid" or _names(workflow)],
        "pieces": list(_pieces(report)) if whole else None,
    }


def _names(workflow: Workflow) -> bool:
    """Whether a workflow names any entry, so that it is worth showing."""
    return any(step.entries for step in workflow.steps)


def _pieces(report: CheckReport) -> Iterator[_Piece]:
    """The text of an answer in parts that are marked alike; every part of the text is in exactly one."""
    text = replace_refused(report.text)
    starts = _line_starts(text)
    marks = [(c.start, c.end, f"c-{c.status}", _title(c.status, c.entry)) for c in report.citations if c.end > c.start]
    ends: dict[int, list[tuple[int, str, str]]] = {}
    taken = {(start, end) for start, end, _, _ in marks}
    for number, finding in enumerate(report.findings):
        start, end = _span(finding, starts)
        if end <= start or finding.severity is Severity.NOTE:
            continue
        ends.setdefault(end, []).append((number, finding.code, str(finding.severity)))
        if (start, end) not in taken:
            marks.append((start, end, f"f-{finding.severity}", finding.message))
    cuts = sorted({0, len(text), *(at for start, end, _, _ in marks for at in (start, end)), *ends})
    cuts = [cut for cut in cuts if cut <= len(text)]
    for first, last in pairwise(cuts):
        over = [mark for mark in marks if mark[0] <= first and last <= mark[1]]
        mark = min(over, key=lambda mark: mark[1] - mark[0], default=None)
        codes = tuple(ends.get(last, ()))
        yield _Piece(text[first:last], mark[2] if mark else "", mark[3] if mark else "", codes)


def _title(status: str, entry: str | None) -> str:
    return f"{status}: {entry}" if entry else status


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.replace("\r\n", "\0\n").replace("\r", "\n").split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _span(finding: Finding, starts: Sequence[int]) -> tuple[int, int]:
    line = min(finding.location.line, len(starts)) - 1
    start = starts[line] + finding.location.column - 1
    return start, start + len(finding.text)

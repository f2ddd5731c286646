"""One self-contained HTML page about many answers: figures, codes, and each answer with its citations marked in place.

The page runs no script and loads nothing, see `pages`. All text from answers and catalogs is escaped by the template.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from operator import attrgetter
from typing import Any, Final

from explainer.checking.check import CheckReport, Citation, Workflow
from explainer.checking.match import GOOD
from explainer.checking.reports.json import DEFINITIONS, all_of, metrics_data
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.html import html_page
from explainer.diagnostics.rules import RULES, Severity
from explainer.diagnostics.text import Lines, replace_refused

MAX_TEXTS: Final = 400
"""Answers that are shown whole, those with faults first; of the others the findings are shown."""

# errors first: they decide whether an answer is grounded
_SEVERITY_ORDER: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


_code: Final = attrgetter("code")
_span: Final = attrgetter("start", "end")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of an answer's text: how it is marked, what it means, and the codes of the findings that end there."""

    text: str
    css: str = ""
    title: str = ""
    codes: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place in an answer's text that is marked: how, and what the mark means."""

    start: int
    end: int
    css: str = ""
    title: str = ""


def as_html(reports: Sequence[CheckReport]) -> str:
    """Return the page."""
    answers = [_answer(number, report) for number, report in enumerate(reports, start=1)]
    faulty_first = sorted(zip(answers, reports, strict=True), key=lambda pair: pair[1].grounded)
    for answer, report in faulty_first[:MAX_TEXTS]:
        answer["pieces"] = list(_pieces(report))
    return html_page(
        "explainer.checking.reports",
        "html.html.j2",
        "html.css",
        title=_title_of_page(reports),
        figures=metrics_data(reports),
        definitions=DEFINITIONS,
        codes=list(_codes(reports)),
        answers=answers,
        unused=_unused(reports),
        offered_count=len(set(all_of(reports, "offered"))),
    )


def _title_of_page(reports: Sequence[CheckReport]) -> str:
    grounded = sum(map(attrgetter("grounded"), reports))
    if len(reports) == 1:
        return ("The answer is not grounded", "The answer is grounded")[grounded]
    verb = "is" if grounded == 1 else "are"
    return f"{grounded} of {len(reports)} answers {verb} grounded"


def _codes(reports: Sequence[CheckReport]) -> Iterator[dict[str, Any]]:
    """Each code that was found: how often, in how many answers, and its share of the most frequent one."""
    counts = Counter(map(_code, all_of(reports, "findings")))
    in_answers: Counter[str] = Counter()
    for report in reports:
        in_answers.update(set(map(_code, report.findings)))
    most = max(counts.values(), default=1)
    for code in sorted(counts, key=lambda code: (_SEVERITY_ORDER[RULES[code].severity], -counts[code], code)):
        rule = RULES[code]
        yield {
            "code": code,
            "severity": str(rule.severity),
            "meaning": rule.meaning,
            "count": counts[code],
            "answers": in_answers[code],
            "width": max(1, round(100 * counts[code] / most)),
        }


def _unused(reports: Sequence[CheckReport]) -> list[tuple[str, int]]:
    """The entries that no answer uses, and to how many answers each was offered."""
    offered = Counter(all_of(reports, "offered"))
    for name in all_of(reports, "used"):
        offered.pop(name, None)
    return sorted(offered.items(), key=lambda row: (-row[1], row[0]))


def _answer(number: int, report: CheckReport) -> dict[str, Any]:
    counts = Counter(map(str, map(attrgetter("severity"), report.findings)))
    return {
        "number": number,
        "id": report.id,
        "file": report.file,
        "status": ("faulty", "grounded")[report.grounded],
        "warned": report.grounded and counts["warning"] > 0,
        "counts": counts,
        "cited": len(report.citations),
        "good": sum(map(GOOD.__contains__, map(attrgetter("status"), report.citations))),
        "findings": report.findings,
        "waived": len(report.waived),
        "sources": report.sources,
        "used": report.used,
        "workflows": list(filter(_is_worth_showing, report.workflow)),
        "pieces": None,
    }


def _is_worth_showing(workflow: Workflow) -> bool:
    """Whether a workflow is drawn, or names any entry."""
    return workflow.kind == "mermaid" or any(map(attrgetter("entries"), workflow.steps))


def _pieces(report: CheckReport) -> Iterator[_Piece]:
    """The text of an answer in parts that are marked alike; every part of the text is in exactly one."""
    text = replace_refused(report.text)
    marks = [_citation_mark(citation) for citation in report.citations if citation.end > citation.start]
    cited = set(map(_span, marks))
    codes: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for number, mark, finding in _finding_marks(report, Lines(text)):
        codes[mark.end].append((number, finding.code, str(finding.severity)))
        if _span(mark) not in cited:
            marks.append(mark)
    cuts = {0, len(text), *codes, *chain.from_iterable(map(_span, marks))}
    for first, last in pairwise(sorted(filter(len(text).__ge__, cuts))):
        mark = _inmost(marks, first, last)
        yield _Piece(text[first:last], mark.css, mark.title, tuple(codes.get(last, ())))


def _inmost(marks: Sequence[_Mark], first: int, last: int) -> _Mark:
    """The shortest mark around a part of a text; one that says nothing where there is none."""
    around = (mark for mark in marks if mark.start <= first < last <= mark.end)
    return min(around, key=lambda mark: mark.end - mark.start, default=_Mark(first, last))


def _finding_marks(report: CheckReport, lines: Lines) -> Iterator[tuple[int, _Mark, Finding]]:
    """The findings that have a text of their own: number, mark, finding."""
    for number, finding in enumerate(report.findings):
        line = min(finding.location.line, len(lines.starts))
        start = lines.starts[line - 1] + finding.location.column - 1
        if finding.text and finding.severity is not Severity.NOTE:
            mark = _Mark(start, start + len(finding.text), f"f-{finding.severity}", finding.message)
            yield number, mark, finding


def _citation_mark(citation: Citation) -> _Mark:
    title = ": ".join(filter(None, (citation.status, citation.entry)))
    return _Mark(citation.start, citation.end, f"c-{citation.status}", title)

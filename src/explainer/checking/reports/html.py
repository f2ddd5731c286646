"""One self-contained HTML page about many answers: figures, codes, and each answer as it is read beside its source.

The page runs no script and loads nothing. All text from answers and catalogs is escaped by the template.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise, starmap
from operator import attrgetter
from typing import Any, Final

from markupsafe import Markup, escape
from msgspec import Struct

from explainer.checking.answer import judged_markdown
from explainer.checking.check import CheckedStatement, CheckReport, Citation, Workflow
from explainer.checking.evidence.judging import StatementVerdict
from explainer.checking.match import GOOD
from explainer.checking.offered import echoes_of
from explainer.checking.reports.json import DEFINITIONS, all_of, code_counts, metrics_data
from explainer.diagnostics.codes import RULES, Severity
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.html import TextMark, TextMarks, html_page, markdown_html
from explainer.diagnostics.text import printable, replace_refused
from explainer.documents.document import Lines

MAX_TEXTS: Final = 400
"""Answers that are shown whole, those with faults first; of the others the findings are shown."""
_MOST_OPEN: Final = 10  # answers that are open when the page is: more would bury the list
_LONGEST_MARK: Final = 300  # characters: what is longer is a whole part of an answer

_VERDICT_ORDER: Final = (*StatementVerdict,)


_span: Final = attrgetter("start", "end")


class _Piece(Struct, frozen=True):
    """A part of an answer's text: how it is marked, what it means, and the codes of the findings that end there."""

    text: str
    css: str = ""
    title: str = ""
    codes: tuple[tuple[int, str, str], ...] = ()


class _Mark(Struct, frozen=True):
    """A place in an answer's text that is marked: how, and what the mark means."""

    start: int
    end: int
    css: str = ""
    title: str = ""


def as_html(reports: Sequence[CheckReport]) -> str:
    """Return the page: answers that are not grounded come first, and the first of these are open."""
    faulty_first = sorted(reports, key=_badness)
    answers = list(starmap(_answer, enumerate(faulty_first, start=1)))
    for answer, report in zip(answers[:MAX_TEXTS], faulty_first, strict=False):
        answer["pieces"] = list(_pieces(report))
        answer["rendered"] = answer_html(report, text_marks(report), top=4)
    # one answer is open in any case: there is no list that it could bury
    for answer in answers[:_MOST_OPEN]:
        answer["is_open"] = (
            "faulty" in answer["status"] or answer["claims"] == "refuted" or len(answers) == 1
        )
    return html_page(
        "explainer.checking.reports",
        "html.html.j2",
        "html.css",
        title=_title_of_page(reports),
        figures=metrics_data(reports),
        definitions=DEFINITIONS,
        codes=code_counts(reports),
        answers=answers,
        unused=_unused(reports),
        offered_count=len(set(all_of(reports, "offered"))),
    )


def text_marks(report: CheckReport) -> dict[str, TextMark]:
    """Return how the texts that an answer cites, and those that faults are about, are marked where they are read.

    A text that is cited rightly in one place and wrongly in another is marked as wrong.
    """
    marks: dict[str, TextMark] = {}
    wrong_last = sorted(report.citations, key=lambda citation: citation.status not in GOOD)
    for citation in wrong_last:
        marks[citation.text] = TextMark(f"c-{citation.status}", _meaning(citation))
    for finding in report.faults:
        is_short = 0 < len(finding.text) <= _LONGEST_MARK
        if is_short and (finding.is_error or finding.text not in marks):
            marks[finding.text] = TextMark(
                _finding_css(finding), f"{finding.code}: {finding.message}"
            )
    return marks


def answer_html(report: CheckReport, marks: Mapping[str, TextMark], top: int) -> Markup:
    """Return an answer as people read it, its highest headings on the level `top`.

    It is what was judged, for that is parsed already: what the model thought aloud is left out. The echo of the
    question, which the check leaves out, is put back, as plain text.
    """
    # an echo over several lines is no quotation that the check leaves out
    echoes = [echo for echo in echoes_of(report.question) if "\n" not in echo]
    # the check blanks the echo, at its length: so no place moves
    html = markdown_html(judged_markdown(report.text, echoes), TextMarks(marks), top)
    for echo in filter(None, echoes):
        html = html.replace(escape('"{}"'.format(" " * len(echo))), escape(f'"{echo}"'), 1)
    return html


def _finding_css(finding: Finding) -> str:
    is_refuted = finding.is_error and RULES[finding.code].about_statement
    return "f-refuted" if is_refuted else f"f-{finding.severity}"


def _badness(report: CheckReport) -> tuple[bool, bool]:
    """The order of answers: those that are not grounded, then those with a refuted statement, then the others."""
    return report.grounded, report.claims is not StatementVerdict.REFUTED


def refuted_first(statement: CheckedStatement) -> tuple[int, int]:
    """Return the key of the order in which statements are shown: refuted, proved, open."""
    return _VERDICT_ORDER.index(statement.verdict), statement.start


def _title_of_page(reports: Sequence[CheckReport]) -> str:
    grounded = sum(report.grounded for report in reports)
    if len(reports) == 1:
        outcome = ("The answer is not grounded", "The answer is grounded")[grounded]
        return outcome + ", and a statement is refuted" * (
            reports[0].claims is StatementVerdict.REFUTED
        )
    verb = "is" if grounded == 1 else "are"
    return f"{grounded} of {len(reports)} answers {verb} grounded"


def _unused(reports: Sequence[CheckReport]) -> list[tuple[str, int]]:
    """The entries that no answer uses, and to how many answers each was offered."""
    offered = Counter(all_of(reports, "offered"))
    for name in all_of(reports, "used"):
        offered.pop(name, None)
    return sorted(offered.items(), key=lambda row: (-row[1], row[0]))


def _answer(number: int, report: CheckReport) -> dict[str, Any]:
    counts = Counter(str(finding.severity) for finding in report.findings)
    return {
        "number": number,
        "id": printable(report.id),
        "question": report.question,
        "file": printable(report.file),
        "status": ("faulty", "grounded")[report.grounded],
        "warned": report.grounded and counts["warning"] > 0,
        "counts": counts,
        "cited": len(report.citations),
        "good": sum(citation.status in GOOD for citation in report.citations),
        "findings": report.findings,
        "claims": str(report.claims),
        "statements": sorted(report.statements, key=refuted_first),
        "verdicts": list(
            zip(map(str, StatementVerdict), map(report.count, StatementVerdict), strict=True)
        ),
        "waived": len(report.waived),
        "sources": report.sources,
        "used": report.used,
        "workflows": list(filter(_is_worth_showing, report.workflow)),
        "pieces": None,
        "is_open": False,
    }


def _is_worth_showing(workflow: Workflow) -> bool:
    """Whether a workflow is drawn, or names any entry."""
    return workflow.kind == "mermaid" or any(map(attrgetter("entries"), workflow.steps))


def _pieces(report: CheckReport) -> Iterator[_Piece]:
    """The text of an answer in parts that are marked alike; every part of the text is in exactly one."""
    text = replace_refused(report.text)
    marks = list(map(_citation_mark, filter(_has_text, report.citations)))
    cited = set(map(_span, marks))
    codes: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for number, mark, finding in _finding_marks(report, Lines(text)):
        codes[mark.end].append((number, finding.code, str(finding.severity)))
        if _span(mark) not in cited:
            marks.append(mark)
    # marks may overlap: between two cuts a text is marked in one way
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
            mark = _Mark(start, start + len(finding.text), _finding_css(finding), finding.message)
            yield number, mark, finding


def _has_text(citation: Citation) -> bool:
    return citation.end > citation.start


def _citation_mark(citation: Citation) -> _Mark:
    return _Mark(citation.start, citation.end, f"c-{citation.status}", _meaning(citation))


def _meaning(citation: Citation) -> str:
    return ": ".join(filter(None, (citation.status, citation.entry)))

"""Checked answers as text for people: findings with their source lines, verdicts, and the figures of several."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from explainer.checking.check import CheckReport, WorkflowStep
from explainer.checking.reports.metrics import metrics_lines
from explainer.checking.workflow.reading import PLACES
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.rules import Severity
from explainer.diagnostics.text import printable, shorten

# findings after which it helps to see what was offered
_NOT_OFFERED: Final = frozenset({"A201", "A207", "A208", "A209", "A301", "A303", "A308"})
_MAX_LINE: Final = 100  # characters of a source line that are shown around a finding
_MARGIN: Final = 20  # characters that are shown before a finding in a longer line
_MAX_NAMES: Final = 400  # characters of a list of names that a line shows


def as_text(reports: Sequence[CheckReport]) -> str:
    """Return findings with their source lines, a verdict for each answer, and the figures of several."""
    if len(reports) == 1:
        return _joined(_one_report(reports[0]))
    lines: list[str] = []
    for report in reports:
        findings = [finding for finding in report.findings if finding.severity is not Severity.NOTE]
        source_lines = _source_lines(report)
        for finding in findings:
            place = f"{report.id}:{finding.location.line}:{finding.location.column}"
            lines += _finding_lines(place, finding, source_lines)
        if findings:
            lines += [*_what_was_offered(report), verdict_line(report), ""]
    return _joined([*lines, *(metrics_lines(reports) if reports else ())])


def _one_report(report: CheckReport) -> Iterator[str]:
    source_lines = _source_lines(report)
    for finding in report.findings:
        yield from _finding_lines(str(finding.location), finding, source_lines)
    yield from (*_what_was_offered(report), *_what_workflows_say(report), verdict_line(report))


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _what_was_offered(report: CheckReport) -> Iterator[str]:
    """The sources that may be cited, once, when something else was."""
    if _NOT_OFFERED.isdisjoint(finding.code for finding in report.findings):
        return
    yield "  offered are:"
    for source in report.sources:
        links = ", ".join(own_link.url for own_link in source.field_links) or "no link"
        yield printable(f"    {source.name}: {links}")


def _what_workflows_say(report: CheckReport) -> Iterator[str]:
    """Each workflow in a line or two: its models, and its steps that are none."""
    for workflow in report.workflow:
        models = dict.fromkeys(name for step in workflow.steps for name in step.entries)
        others = dict.fromkeys(step.text for step in workflow.steps if _is_other_step(step))
        if workflow.kind == "mermaid" or (models and others):
            names = ", ".join(models) or "no offered model"
            yield printable(f"  workflow on line {workflow.line}: {shorten(names, _MAX_NAMES)}")
            if others:
                yield printable(f"    other steps: {shorten(', '.join(map(repr, others)), _MAX_NAMES)}")


def _is_other_step(step: WorkflowStep) -> bool:
    return step.status == "other" and step.role == "step" and step.text.casefold() not in PLACES


def verdict_line(report: CheckReport) -> str:
    """Return the outcome of one answer in one line."""
    counts = ", ".join(_counts(report)) or "nothing to say"
    verdict = "grounded" if report.grounded else "not grounded"
    place = report.file if report.file == report.id else f"{report.file} ({report.id})"
    return printable(f"{place}: {verdict}: {_plural(len(report.citations), 'citation')}, {counts}")


def _counts(report: CheckReport) -> Iterator[str]:
    for severity in Severity:
        count = sum(finding.severity is severity for finding in report.findings)
        if count:
            yield _plural(count, severity)
    if report.waived:
        yield f"{len(report.waived)} waived"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _finding_lines(place: str, finding: Finding, source_lines: Sequence[str]) -> Iterator[str]:
    severity = "" if finding.is_error else f"{finding.severity}: "
    yield f"{printable(place)}: {finding.code} {severity}{printable(finding.message)}"
    if finding.text and finding.location.line <= len(source_lines):
        yield from _excerpt(finding, source_lines[finding.location.line - 1])
    if finding.hint:
        yield f"    {printable(finding.hint)}"


def _source_lines(report: CheckReport) -> list[str]:
    return report.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _excerpt(finding: Finding, line: str) -> Iterator[str]:
    """The line of a finding, cut around it where it is long, with carets under the text that it is about."""
    start = finding.location.column - 1
    length = max(1, min(len(finding.text.splitlines()[0]), len(line) - start))
    first = max(0, start - _MARGIN) if len(line) > _MAX_LINE else 0
    shown = line[first : first + _MAX_LINE]
    before, marked = shown[: start - first], shown[start - first : start - first + length]
    lead = "…" if first else ""
    tail = "…" if first + _MAX_LINE < len(line) else ""
    yield f"{finding.location.line:>5} | {lead}{printable(shown)}{tail}"
    pad = " " * (len(lead) + _columns(printable(before)))
    yield f"{' ' * 5} | {pad}{'^' * max(1, _columns(printable(marked)))}"


def _columns(text: str) -> int:
    """The columns of a terminal that a text takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(char: str) -> int:
    """The columns that a character takes: East Asian wide ones take two, combining ones none."""
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 1 + (unicodedata.east_asian_width(char) in "WF")

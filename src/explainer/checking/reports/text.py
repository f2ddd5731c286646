"""Figures over a set of checked answers, each defined where it is printed.

Checked answers → text for people, JSON, annotations. A format is one function and one line of `CHECK_FORMATS`.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from importlib import import_module
from typing import Any, Final

from explainer.checking.check import CheckReport, Workflow
from explainer.checking.workflow.reading import PLACES
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.report import REPORTERS
from explainer.diagnostics.rules import Severity
from explainer.diagnostics.text import printable, shorten

GOOD_STATUSES: Final = frozenset({"offered", "respelled", "shortened", "reworded", "known"})
"""What a citation of an offered entry may be."""

DEFINITIONS: Final = {
    "grounded": "answers that were checked and have no error, of all answers",
    "precision": "citations (links, titles, names) of an offered entry and of the right one, of all citations",
    "recall": "offered entries that their own answer names or links, of all entries offered to an answer",
    "coverage": "different entries that at least one answer names or links, of all different entries offered",
}


def metrics_data(reports: Sequence[CheckReport]) -> dict[str, Any]:
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


def metrics_lines(reports: Sequence[CheckReport]) -> list[str]:
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


SCHEMA: Final = "explainer/check/1"
"""The version of the JSON documents."""

_NOT_OFFERED: Final = frozenset({"A201", "A207", "A208", "A209", "A301", "A303", "A308"})
_WIDTH: Final = 100
_MARGIN: Final = 20
_MOST_SHOWN: Final = 400
"""Characters of a list of names that a line shows."""


def render_report(name: str, reports: Sequence[CheckReport]) -> str:
    """Return the report of some answers in one of the formats of `CHECK_FORMATS`."""
    home, function = CHECK_FORMATS[name].split(":")
    render: Callable[[Sequence[CheckReport]], str] = getattr(
        import_module(f"explainer.checking.reports.{home}"), function
    )
    return render(reports)


CHECK_FORMATS: Final = {
    "text": "text:as_text",
    "json": "text:as_json",
    "jsonl": "text:as_jsonl",
    "sarif": "sarif:as_sarif",
    "github": "text:as_github",
    "junit": "junit:as_junit",
    "html": "html:as_html",
}
"""The formats, each by its module and function: a module is imported when its format is asked for."""


def finding_row(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain data, without its file."""
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "line": finding.location.line,
        "column": finding.location.column,
        "message": finding.message,
        "text": finding.text,
        "hint": finding.hint,
    }


def report_data(report: CheckReport) -> dict[str, Any]:
    """Return the report of one answer as plain data."""
    citations = [
        {
            "text": c.text,
            "kind": c.kind,
            "status": c.status,
            "entry": c.entry,
            "line": c.line,
            "column": c.column,
        }
        for c in report.citations
    ]
    findings = [finding_row(finding) for finding in report.findings]
    return {
        "schema": SCHEMA,
        "id": report.id,
        "grounded": report.grounded,
        "findings": findings,
        "citations": citations,
        "workflow": [_workflow_data(workflow) for workflow in report.workflow],
    }


def _workflow_data(workflow: Workflow) -> dict[str, Any]:
    links = [{"from": source, "to": target} for source, target in workflow.links]
    return {
        "kind": workflow.kind,
        "line": workflow.line,
        "steps": [asdict(step) for step in workflow.steps],
        "links": links,
    }


def as_json(reports: Sequence[CheckReport]) -> str:
    """One document: the report of one answer, or of several with the figures over all of them."""
    data: dict[str, Any]
    if len(reports) == 1:
        data = report_data(reports[0])
    else:
        data = {
            "schema": SCHEMA,
            "summary": metrics_data(reports),
            "answers": [report_data(report) for report in reports],
        }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def as_jsonl(reports: Sequence[CheckReport]) -> str:
    """A line of JSON for each answer, in their order."""
    return "".join(json.dumps(report_data(report), ensure_ascii=False) + "\n" for report in reports)


def in_file(report: CheckReport, finding: Finding) -> Finding:
    """Return a finding with its place in the file: an answer in a line of JSON has its own lines and columns."""
    if not report.line:
        return finding
    place = finding.location
    message = f"{report.id}:{place.line}:{place.column}: {finding.message}"
    return replace(finding, location=Location(place.file, report.line), message=message)


def as_github(reports: Sequence[CheckReport]) -> str:
    """Workflow commands of GitHub Actions."""
    return REPORTERS["github"]([in_file(report, finding) for report in reports for finding in report.findings])


def as_text(reports: Sequence[CheckReport]) -> str:
    """Findings with their source lines, a verdict for each answer, and the figures of several."""
    several = len(reports) > 1
    lines: list[str] = []
    for report in reports:
        source = _SourceLines(report.text)
        for finding in report.findings:
            if several and finding.severity is Severity.NOTE:
                continue
            lines += _finding_lines(report, finding, source, several=several)
        if not several or any(finding.severity is not Severity.NOTE for finding in report.findings):
            shown = () if several else _what_workflows_say(report)
            lines += [*_what_was_offered(report), *shown, verdict_line(report), ""]
    if several:
        lines += metrics_lines(reports)
    elif lines:
        lines.pop()
    return "".join(f"{line}\n" for line in lines)


def _what_was_offered(report: CheckReport) -> Iterator[str]:
    """The sources that may be cited, once, when something else was."""
    if any(finding.code in _NOT_OFFERED for finding in report.findings):
        yield "  offered are:"
        for source in report.sources:
            links = ", ".join(own.url for own in source.links if own.role != "summary") or "no link"
            yield printable(f"    {source.name}: {links}")


def _what_workflows_say(report: CheckReport) -> Iterator[str]:
    """Each workflow in a line or two: its models, and its steps that are none."""
    for workflow in report.workflow:
        models = dict.fromkeys(name for step in workflow.steps for name in step.entries)
        others = dict.fromkeys(
            step.text
            for step in workflow.steps
            if step.status == "other" and step.role == "step" and step.text.casefold() not in PLACES
        )
        if workflow.kind != "mermaid" and not (models and others):
            continue
        names = ", ".join(models) or "no offered model"
        lines = [f"  workflow on line {workflow.line}: {_few(names)}"]
        if others:
            lines.append(f"    other steps: {_few(', '.join(map(repr, others)))}")
        yield from map(printable, lines)


def _few(text: str) -> str:
    return shorten(text, _MOST_SHOWN)


def verdict_line(report: CheckReport) -> str:
    """Return the outcome of one answer in one line."""
    counts = ", ".join(_counts(report)) or "nothing to say"
    verdict = "grounded" if report.grounded else "not grounded"
    where = f"{report.file}: " if report.file == report.id else f"{report.file} ({report.id}): "
    cited = len(report.citations)
    return printable(f"{where}{verdict}: {cited} citation{'s' * (cited != 1)}, {counts}")


def _counts(report: CheckReport) -> Iterator[str]:
    for severity in Severity:
        count = sum(finding.severity is severity for finding in report.findings)
        if count:
            yield f"{count} {severity}{'s' * (count != 1)}"
    if report.waived:
        yield f"{len(report.waived)} waived"


def _finding_lines(report: CheckReport, finding: Finding, source: _SourceLines, *, several: bool) -> Iterator[str]:
    severity = "" if finding.is_error else f"{finding.severity}: "
    place = f"{report.id}:{finding.location.line}:{finding.location.column}" if several else str(finding.location)
    yield f"{printable(place)}: {finding.code} {severity}{printable(finding.message)}"
    if finding.text:
        yield from source.excerpt(finding)
    if finding.hint:
        yield f"    {printable(finding.hint)}"


class _SourceLines:
    """The lines of an answer, shown around a finding."""

    def __init__(self, text: str) -> None:
        self._lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def excerpt(self, finding: Finding) -> Iterator[str]:
        """The line of a finding, cut around it where it is long, with carets under the text that it is about."""
        number, column = finding.location.line, finding.location.column
        if number > len(self._lines):
            return
        line, start = self._lines[number - 1], column - 1
        length = max(1, min(len(finding.text.splitlines()[0]) if finding.text else 1, len(line) - start))
        first = max(0, start - _MARGIN) if len(line) > _WIDTH else 0
        shown = line[first : first + _WIDTH]
        before, marked = shown[: start - first], shown[start - first : start - first + length]
        lead = "…" if first else ""
        tail = "…" if first + _WIDTH < len(line) else ""
        gutter = f"{number:>5} | "
        yield f"{gutter}{lead}{printable(shown)}{tail}"
        pad = " " * (len(lead) + _columns(printable(before)))
        yield f"{' ' * 5} | {pad}{'^' * max(1, _columns(printable(marked)))}"


def _columns(text: str) -> int:
    """The columns of a terminal that a text takes: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(char) or unicodedata.category(char) == "Cf"
        else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )

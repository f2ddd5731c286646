"""Checked answers as plain data and as JSON: one document, or a line for each answer; and figures over many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from msgspec.structs import asdict

from explainer.checking.check import CheckReport, Citation, Workflow, claims_data
from explainer.checking.match import GOOD
from explainer.diagnostics.codes import RULES, Severity
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.text import json_document

_SEVERITIES: Final = tuple(map(str, Severity))  # errors first
_code: Final = attrgetter("code")
SCHEMA: Final = "explainer/check/1"
"""The version of the JSON documents."""

DEFINITIONS: Final = {
    "grounded": "answers that were checked and have no error, of all answers",
    "precision": "citations (links, titles, names) of an offered entry and of the right one, of all citations",
    "recall": "offered entries that their own answer names or links, of all entries offered to an answer",
    "coverage": "different entries that at least one answer names or links, of all different entries offered",
}
"""What the figures are, where they are printed."""


def as_json(reports: Sequence[CheckReport]) -> str:
    """One document: the report of one answer, or of several with the figures over all of them."""
    # one answer is no list of one, and has no figures
    answers = list(map(report_data, reports))
    several = {"schema": SCHEMA, "summary": metrics_data(reports), "answers": answers}
    return json_document(answers[0] if len(answers) == 1 else several)


def as_jsonl(reports: Sequence[CheckReport]) -> str:
    """A line of JSON for each answer, in their order."""
    return "".join(json_document(report_data(report), indent=None) for report in reports)


def report_data(report: CheckReport) -> dict[str, Any]:
    """Return the report of one answer as plain data."""
    return {
        "schema": SCHEMA,
        "id": report.id,
        "grounded": report.grounded,
        "claims": claims_data(report),
        "findings": list(map(finding_row, report.findings)),
        "citations": list(map(_citation_row, report.citations)),
        "workflow": list(map(_workflow_data, report.workflow)),
    }


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


def _citation_row(citation: Citation) -> dict[str, Any]:
    keys = ("text", "kind", "status", "entry", "line", "column")
    return {key: getattr(citation, key) for key in keys}


def _workflow_data(workflow: Workflow) -> dict[str, Any]:
    return {
        "kind": workflow.kind,
        "line": workflow.line,
        "steps": list(map(asdict, workflow.steps)),
    }


def metrics_data(reports: Sequence[CheckReport]) -> dict[str, Any]:
    """Return the figures over some answers as plain data; a share of nothing is None."""
    statuses = list(map(attrgetter("status"), all_of(reports, "citations")))
    offered = list(all_of(reports, "offered"))
    used = list(all_of(reports, "used"))
    codes = Counter(map(_code, all_of(reports, "faults")))
    grounded = sum(report.grounded for report in reports)
    return {
        "answers": len(reports),
        "grounded": grounded,
        "share_grounded": _share(grounded, len(reports)),
        "citations": len(statuses),
        "citation_precision": _share(sum(map(GOOD.__contains__, statuses)), len(statuses)),
        "citation_recall": _share(len(used), len(offered)),
        "source_coverage": _share(len(set(used)), len(set(offered))),
        "codes": dict(sorted(codes.items())),
    }


def code_counts(reports: Sequence[CheckReport]) -> list[dict[str, Any]]:
    """Return each code that was found, errors first: how often, and in how many answers.

    `width` is its share of the most frequent one, in per cent.
    """
    counts = Counter(map(_code, all_of(reports, "findings")))
    in_answers: Counter[str] = Counter()
    for report in reports:
        in_answers.update(set(map(_code, report.findings)))
    most = max(counts.values(), default=1)

    def row(code: str) -> dict[str, Any]:
        return {
            "code": code,
            "severity": str(RULES[code].severity),
            "meaning": RULES[code].meaning,
            "count": counts[code],
            "answers": in_answers[code],
            # a bar that nobody sees would say that there is none
            "width": max(1, round(100 * counts[code] / most)),
        }

    def order(code: str) -> tuple[int, int, str]:
        return _SEVERITIES.index(RULES[code].severity), -counts[code], code

    return list(map(row, sorted(counts, key=order)))


def all_of(reports: Sequence[CheckReport], attribute: str) -> Iterator[Any]:
    """Return the values of one attribute of all reports, such as their findings."""
    return chain.from_iterable(map(attrgetter(attribute), reports))


def _share(part: int, total: int) -> float | None:
    if not total:
        return None
    return round(part / total, 4)

"""Checked answers as plain data and as JSON: one document, or a line for each answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from explainer.checking.check import CheckReport, Citation, Workflow
from explainer.checking.reports.metrics import metrics_data
from explainer.diagnostics.finding import Finding

SCHEMA: Final = "explainer/check/1"
"""The version of the JSON documents."""


def as_json(reports: Sequence[CheckReport]) -> str:
    """One document: the report of one answer, or of several with the figures over all of them."""
    answers = list(map(report_data, reports))
    several = {"schema": SCHEMA, "summary": metrics_data(reports), "answers": answers}
    return json.dumps(answers[0] if len(answers) == 1 else several, ensure_ascii=False, indent=2) + "\n"


def as_jsonl(reports: Sequence[CheckReport]) -> str:
    """A line of JSON for each answer, in their order."""
    return "".join(json.dumps(report_data(report), ensure_ascii=False) + "\n" for report in reports)


def report_data(report: CheckReport) -> dict[str, Any]:
    """Return the report of one answer as plain data."""
    return {
        "schema": SCHEMA,
        "id": report.id,
        "grounded": report.grounded,
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
        "links": [{"from": source, "to": target} for source, target in workflow.links],
    }

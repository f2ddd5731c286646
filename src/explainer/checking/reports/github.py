"""Findings as workflow commands of GitHub Actions, which show as annotations of a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from explainer.checking.check import CheckReport
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.report import REPORTERS


def as_github(reports: Sequence[CheckReport]) -> str:
    """A line for each finding."""
    return REPORTERS["github"]([in_file(report, finding) for report in reports for finding in report.findings])


def in_file(report: CheckReport, finding: Finding) -> Finding:
    """Return a finding with its place in the file: an answer in a line of JSON has its own lines and columns."""
    if not report.line:
        return finding
    place = finding.location
    message = f"{report.id}:{place.line}:{place.column}: {finding.message}"
    return replace(finding, location=Location(place.file, report.line), message=message)

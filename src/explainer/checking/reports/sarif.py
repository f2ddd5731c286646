"""SARIF 2.1.0 (OASIS, docs.oasis-open.org/sarif/sarif/v2.1.0): findings for code scanning tools and editors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from explainer._package import __version__
from explainer.checking.check import CheckReport
from explainer.checking.reports.github import in_file
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.rules import RULES, Severity
from explainer.diagnostics.text import digest

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
# SARIF's names of the severities (section 3.27.10)
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def as_sarif(reports: Sequence[CheckReport]) -> str:
    """One run with all findings; what was waived is there too, as suppressed."""
    codes = sorted({finding.code for report in reports for finding in (*report.findings, *report.waived)})
    results = [
        _result(report, finding, codes, waived=waived)
        for report in reports
        for waived, findings in ((False, report.findings), (True, report.waived))
        for finding in findings
    ]
    run = {
        "tool": {"driver": {"name": "explainer", "version": __version__, "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _rule(code: str) -> dict[str, Any]:
    rule = RULES[code]
    return {
        "id": code,
        "shortDescription": {"text": rule.meaning},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(report: CheckReport, finding: Finding, codes: list[str], *, waived: bool) -> dict[str, Any]:
    placed = in_file(report, finding)
    place = placed.location
    region: dict[str, Any] = {"startLine": max(1, place.line), "startColumn": max(1, place.column)}
    if finding.text and not report.line and "\n" not in finding.text and "\r" not in finding.text:
        region["endColumn"] = place.column + len(finding.text)
        region["snippet"] = {"text": finding.text}
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": placed.message + (f" ({finding.hint})" if finding.hint else "")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(place.file.replace("\\", "/"))},
                    "region": region,
                },
                "logicalLocations": [{"name": report.id, "kind": "answer"}],
            }
        ],
        "partialFingerprints": {"finding/v1": digest(f"{report.id}\n{finding.code}\n{finding.text}", 8)},
    }
    if waived:
        result["suppressions"] = [{"kind": "external"}]
    return result

"""SARIF 2.1.0 (OASIS, docs.oasis-open.org/sarif/sarif/v2.1.0): findings for code scanning tools and editors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from operator import itemgetter
from typing import Any, Final
from urllib.parse import quote

from explainer._package import __version__
from explainer.checking.check import CheckReport
from explainer.checking.reports.text import in_file
from explainer.diagnostics.codes import RULES
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.text import digest, json_document, lazy_regex

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_ONE_LINE: Final = lazy_regex(r"[^\r\n]+")


def as_sarif(reports: Sequence[CheckReport]) -> str:
    """One run with all findings; what was waived is there too, as suppressed."""
    results: list[dict[str, Any]] = []
    for report in reports:
        results += map(partial(_result, report), report.findings)
        results += map(partial(_suppressed, report), report.waived)
    codes = sorted(set(map(itemgetter("ruleId"), results)))
    for result in results:
        result["ruleIndex"] = codes.index(result["ruleId"])
    run = {
        "tool": {
            "driver": {
                "name": "explainer",
                "version": __version__,
                "rules": list(map(_rule, codes)),
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json_document({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str) -> dict[str, Any]:
    rule = RULES[code]
    return {
        "id": code,
        "shortDescription": {"text": rule.meaning},
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _suppressed(report: CheckReport, finding: Finding) -> dict[str, Any]:
    return {**_result(report, finding), "suppressions": [{"kind": "external"}]}


def _result(report: CheckReport, finding: Finding) -> dict[str, Any]:
    placed = in_file(report, finding)
    place = placed.location
    region: dict[str, Any] = {"startLine": max(1, place.line), "startColumn": max(1, place.column)}
    if not report.line and _ONE_LINE.fullmatch(finding.text):
        region["endColumn"] = place.column + len(finding.text)
        region["snippet"] = {"text": finding.text}
    return {
        "ruleId": finding.code,
        "ruleIndex": 0,  # it is known when all results are
        # SARIF's names of the levels (section 3.27.10) are those of severities
        "level": str(finding.severity),
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
        "partialFingerprints": {
            "finding/v1": digest(f"{report.id}\n{finding.code}\n{finding.text}", 8)
        },
    }

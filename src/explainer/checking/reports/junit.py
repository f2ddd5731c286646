"""JUnit XML, as CI servers read it: each answer is a test case, which its errors fail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from explainer.checking.check import CheckReport
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.rules import RULES

# What XML 1.0 cannot hold, even escaped (W3C, section 2.2)
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(reports: Sequence[CheckReport]) -> str:
    """One test suite. An answer with nothing to check is an error, not a failure, and never a pass."""
    failed = sum(not report.grounded and not _unchecked(report) for report in reports)
    errors = sum(_unchecked(report) for report in reports)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites tests="{len(reports)}" failures="{failed}" errors="{errors}">',
        f'  <testsuite name="explainer check" tests="{len(reports)}" failures="{failed}" errors="{errors}">',
    ]
    for report in reports:
        lines += _case(report)
    return "\n".join([*lines, "  </testsuite>", "</testsuites>", ""])


def _unchecked(report: CheckReport) -> bool:
    rules = (RULES[finding.code] for finding in report.findings)
    return any(rule.nothing_checked or rule.unusable_file for rule in rules)


def _case(report: CheckReport) -> list[str]:
    opening = f"    <testcase classname={_attribute(report.file)} name={_attribute(report.id)}"
    if not report.findings:
        return [f"{opening}/>"]
    errors = [finding for finding in report.findings if finding.is_error]
    remarks = [finding for finding in report.findings if not finding.is_error]
    lines = [f"{opening}>"]
    if errors:
        element = "error" if _unchecked(report) else "failure"
        count = f"{len(errors)} error{'s' * (len(errors) != 1)}"
        codes = ", ".join(sorted({finding.code for finding in errors}))
        attributes = f"type={_attribute(codes)} message={_attribute(count)}"
        lines.append(f"      <{element} {attributes}>{_text(errors)}</{element}>")
    if remarks:
        lines.append(f"      <system-out>{_text(remarks)}</system-out>")
    return [*lines, "    </testcase>"]


def _line(finding: Finding) -> str:
    place = f"{finding.location.line}:{finding.location.column}"
    quoted = f" [{finding.text}]" if finding.text else ""
    return f"{place}: {finding.code} {finding.message}{quoted}" + (f" ({finding.hint})" if finding.hint else "")


def _text(findings: Sequence[Finding]) -> str:
    return escape(_NOT_XML.sub("\ufffd", "\n".join(map(_line, findings))))


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))

"""JUnit XML, as CI servers read it: each answer is a test case, which its errors fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, filterfalse
from operator import attrgetter
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from explainer.checking.check import CheckReport
from explainer.diagnostics.codes import RULES
from explainer.diagnostics.finding import Finding, errors_in
from explainer.diagnostics.text import counted, visible

# what says that there was nothing to check, or no way to
_UNCHECKED: Final = {
    code for code, rule in RULES.items() if rule.nothing_checked or rule.unusable_file
}
_code: Final = attrgetter("code")


def as_junit(reports: Sequence[CheckReport]) -> str:
    """One test suite. An answer with nothing to check is an error, not a failure, and never a pass."""
    outcomes = Counter(map(_outcome, reports))
    counts = f'tests="{len(reports)}" failures="{outcomes["failure"]}" errors="{outcomes["error"]}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites {counts}>",
        f'  <testsuite name="explainer check" {counts}>',
        *chain.from_iterable(map(_case, reports)),
    ]
    return "\n".join([*lines, "  </testsuite>", "</testsuites>", ""])


def _outcome(report: CheckReport) -> str:
    if not _UNCHECKED.isdisjoint(map(_code, report.findings)):
        return "error"
    return ("failure", "pass")[report.grounded]


def _case(report: CheckReport) -> list[str]:
    opening = f"    <testcase classname={_attribute(report.file)} name={_attribute(report.id)}"
    if not report.findings:
        return [f"{opening}/>"]
    errors = errors_in(report.findings)
    # warnings and notes fail nothing: they are what the test case prints
    remarks = list(filterfalse(attrgetter("is_error"), report.findings))
    lines = [f"{opening}>"]
    if errors:
        element = _outcome(report)
        codes = ", ".join(sorted(set(map(_code, errors))))
        attributes = f"type={_attribute(codes)} message={_attribute(counted(len(errors), 'error'))}"
        lines.append(f"      <{element} {attributes}>{_text(errors)}</{element}>")
    if remarks:
        lines.append(f"      <system-out>{_text(remarks)}</system-out>")
    return [*lines, "    </testcase>"]


def _line(finding: Finding) -> str:
    place = f"{finding.location.line}:{finding.location.column}"
    quoted = f" [{finding.text}]" if finding.text else ""
    return f"{place}: {finding.code} {finding.message}{quoted}" + (
        f" ({finding.hint})" if finding.hint else ""
    )


def _text(findings: Sequence[Finding]) -> str:
    return escape(visible("\n".join(map(_line, findings))))


def _attribute(text: str) -> str:
    return quoteattr(visible(text))

"""What is let pass, and who decides: a reviewed file of waivers, a baseline of old findings, codes that are selected.

Nothing inside an answer can waive anything: an LLM must not be able to silence its judge. What says that there was
nothing to check cannot be waived either.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from explainer.checking.check import CheckReport
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.rules import RULES, Severity
from explainer.diagnostics.text import suggest
from explainer.documents.yaml_reader import read_yaml

BASELINE_SCHEMA: Final = "explainer/baseline/1"
Baseline: TypeAlias = Counter[tuple[str, str, str]]
# families of what an answer says. The others are about files, rows, waivers and proofs
_WAIVABLE: Final = frozenset({"A1", "A2", "A3", "A4", "A5", "A8"})
# Pydantic's names for keys that are unknown, missing or blank
_SHAPE_FAULTS: Final = frozenset({"extra_forbidden", "missing", "string_pattern_mismatch"})
_FilledText = Annotated[str, StringConstraints(pattern=r"\S")]


@dataclass(frozen=True, slots=True)
class Waiver:
    """One finding, or all of a code in one answer, that a person has looked at and lets pass.

    Attributes:
        id: the id of the answer.
        code: the code of the finding.
        reason: why.
        until: the last day on which it holds.
        text: the text that the finding is about; None for all of the code.
        location: where it stands.
    """

    id: str
    code: str
    reason: str
    until: dt.date
    location: Location
    text: str | None = None

    def covers(self, report: CheckReport, finding: Finding) -> bool:
        """Whether it is about a finding."""
        return self.id == report.id and self.code == finding.code and self.text in (None, finding.text)


class _WaiverItem(BaseModel):
    """A waiver as its file writes it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: _FilledText
    code: _FilledText
    reason: _FilledText
    until: _FilledText
    text: str = ""


class _BaselineRow(BaseModel):
    id: str
    code: str
    text: str
    count: int


class _BaselineFile(BaseModel):
    version: Literal["explainer/baseline/1"] = Field(alias="schema")
    findings: list[_BaselineRow]


class _UnusableError(Exception):
    """A waiver that cannot be used: what is wrong with it, and what to do."""

    def __init__(self, message: str, hint: str | None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def waivable(code: str) -> bool:
    """Whether findings of a code may be let pass: those about what answers say, not `nothing was checked`."""
    return code in RULES and code[:2] in _WAIVABLE and not RULES[code].nothing_checked


def parse_waivers(text: str, file: str) -> Parsed[list[Waiver]]:
    """Read waivers from YAML: a list of mappings with `id`, `code`, `reason`, `until` (a date) and perhaps `text`."""
    document = read_yaml(text, file)
    prefix = ("waivers",) if isinstance(document.data, dict) else ()
    items = document.data.get("waivers") if isinstance(document.data, dict) else document.data
    if not isinstance(items, list):
        if not document.findings:
            document.report("A701", (), "waivers are a list, each with id, code, reason and until")
        return Parsed(None, tuple(document.findings))
    waivers: list[Waiver] = []
    for index, item in enumerate(items):
        try:
            waivers.append(_waiver(item, document.locate((*prefix, index))))
        except _UnusableError as problem:
            document.report("A701", (*prefix, index), problem.message, problem.hint)
    return Parsed(waivers, tuple(document.findings))


def _waiver(data: Any, location: Location) -> Waiver:
    try:
        item = _WaiverItem.model_validate(data)
    except ValidationError as error:
        raise _shape_problem(error) from None
    if not waivable(item.code):
        meant = suggest(item.code, filter(waivable, RULES))
        message = f"the code {item.code!r} cannot be waived"
        raise _UnusableError(message, f"did you mean {meant}?" if meant else None)
    try:
        until = dt.date.fromisoformat(item.until)
    except ValueError:
        message = f"{item.until!r} is no date"
        raise _UnusableError(message, "write it as 2027-01-31") from None
    # no text waives all of the code; an empty one only what is about no text
    text = item.text if "text" in item.model_fields_set else None
    return Waiver(item.id, item.code, item.reason, until, location, text)


def _shape_problem(error: ValidationError) -> _UnusableError:
    faults = error.errors(include_url=False, include_context=False)
    if not {fault["type"] for fault in faults} <= _SHAPE_FAULTS:
        return _UnusableError("a waiver is a mapping of texts", "write id, code, reason and until")
    unknown = next((fault for fault in faults if fault["type"] == "extra_forbidden"), None)
    key = (unknown or faults[0])["loc"][0]
    message = f"unknown key {key!r}" if unknown is not None else f"the key {key!r} is missing"
    return _UnusableError(message, "the keys are id, code, reason, until, and perhaps text")


def apply_waivers(
    reports: Sequence[CheckReport], waivers: Sequence[Waiver], today: dt.date
) -> tuple[list[CheckReport], list[Finding]]:
    """Return the reports without what is waived, and findings about waivers that have expired or waive nothing."""
    current = [waiver for waiver in waivers if waiver.until >= today]
    used: set[int] = set()

    def is_waived(report: CheckReport, finding: Finding) -> bool:
        covering = [number for number, waiver in enumerate(current) if waiver.covers(report, finding)]
        used.update(covering)
        return bool(covering)

    result = [_without(report, is_waived) for report in reports]
    findings = [_expired(waiver) for waiver in waivers if waiver.until < today]
    findings += [_idle(waiver) for number, waiver in enumerate(current) if number not in used]
    return result, findings


def _expired(waiver: Waiver) -> Finding:
    message = f"the waiver of {waiver.code} for {waiver.id!r} expired on {waiver.until}"
    return Finding("A702", waiver.location, message, "look again, or remove it")


def _idle(waiver: Waiver) -> Finding:
    message = f"the waiver of {waiver.code} for {waiver.id!r} waives nothing"
    return Finding("A703", waiver.location, message, "remove it")


def _without(report: CheckReport, is_waived: Callable[[CheckReport, Finding], bool]) -> CheckReport:
    """A report whose waived findings are set apart; each finding is judged once, in order."""
    remaining: list[Finding] = []
    waived = list(report.waived)
    for finding in report.findings:
        (waived if is_waived(report, finding) else remaining).append(finding)
    return replace(report, findings=tuple(remaining), waived=tuple(waived))


def select(reports: Iterable[CheckReport], selected: Sequence[str], ignored: Sequence[str]) -> list[CheckReport]:
    """Return the reports with the findings of some codes only; a code may be cut short (`A2` is all about links).

    What cannot be waived stays, whatever is selected.
    """

    def stays(code: str) -> bool:
        return not waivable(code) or _is_selected(code, selected, ignored)

    result = []
    for report in reports:
        findings = tuple(finding for finding in report.findings if stays(finding.code))
        fixes = tuple((code, fix) for code, fix in report.fixes if stays(code))
        result.append(replace(report, findings=findings, fixes=fixes))
    return result


def _is_selected(code: str, selected: Sequence[str], ignored: Sequence[str]) -> bool:
    """Whether a code is chosen; where one prefix selects it and another ignores it, the longer one decides."""
    choosing, dropping = _longest_prefix(code, selected), _longest_prefix(code, ignored)
    if selected and not choosing:
        return False
    return not dropping or choosing > dropping


def _longest_prefix(code: str, prefixes: Sequence[str]) -> int:
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=0)


def baseline_text(reports: Iterable[CheckReport]) -> str:
    """Return the baseline of some reports: what is known already, as JSON that reads well in a review."""
    counted: Baseline = Counter()
    for report in reports:
        for finding in (*report.findings, *report.waived):
            if waivable(finding.code) and finding.severity is not Severity.NOTE:
                counted[report.id, finding.code, finding.text] += 1
    rows = [{"id": i, "code": code, "text": text, "count": count} for (i, code, text), count in sorted(counted.items())]
    return json.dumps({"schema": BASELINE_SCHEMA, "findings": rows}, ensure_ascii=False, indent=1) + "\n"


def parse_baseline(text: str, file: str) -> Parsed[Baseline]:
    """Read what `baseline_text` wrote."""
    try:
        rows = _BaselineFile.model_validate_json(text).findings
    except ValidationError:
        message = f"not a baseline ({BASELINE_SCHEMA})"
        return Parsed(None, (Finding("A701", Location(file), message, "write one with --write-baseline"),))
    return Parsed(Counter({(row.id, row.code, row.text): row.count for row in rows}))


def apply_baseline(reports: Iterable[CheckReport], baseline: Baseline) -> list[CheckReport]:
    """Return the reports without what the baseline knows; a finding more than it counts is new."""
    remaining = Counter(baseline)

    def is_known(report: CheckReport, finding: Finding) -> bool:
        key = (report.id, finding.code, finding.text)
        if remaining[key] <= 0 or not waivable(finding.code):
            return False
        remaining[key] -= 1
        return True

    return [_without(report, is_known) for report in reports]

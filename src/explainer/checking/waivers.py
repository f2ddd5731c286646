"""What is let pass, and who decides: a reviewed file of waivers, a baseline of old findings, codes that are selected.

Nothing inside an answer can waive anything: an LLM must not be able to silence its judge. What says that there was
nothing to check cannot be waived either.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from explainer.checking.check import CheckReport
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.rules import RULES, Severity
from explainer.diagnostics.text import suggest
from explainer.documents.yaml_reader import read_yaml

BASELINE_SCHEMA: Final = "explainer/baseline/1"
_KEYS: Final = frozenset({"id", "code", "reason", "until", "text"})


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


def can_be_waived(code: str) -> bool:
    """Whether findings of a code may be let pass: those about citations and sections, not `nothing was checked`."""
    return code.startswith("A") and code < "A6" and not RULES[code].nothing_checked


def parse_waivers(text: str, file: str) -> Parsed[list[Waiver]]:
    """Read waivers from YAML: a list of mappings with `id`, `code`, `reason`, `until` (a date) and perhaps `text`."""
    document = read_yaml(text, file)
    waivers: list[Waiver] = []
    data = document.data
    items = data.get("waivers") if isinstance(data, dict) else data
    if not isinstance(items, list):
        if not document.findings:
            document.report("A701", (), "waivers are a list, each with id, code, reason and until")
        return Parsed(None, tuple(document.findings))
    prefix: tuple[str | int, ...] = ("waivers",) if isinstance(data, dict) else ()
    for index, item in enumerate(items):
        path = (*prefix, index)
        problem = _problem(item)
        if problem is not None:
            document.report("A701", path, *problem)
            continue
        until = dt.date.fromisoformat(item["until"])
        waivers.append(Waiver(item["id"], item["code"], item["reason"], until, document.locate(path), item.get("text")))
    return Parsed(waivers, tuple(document.findings))


def _problem(item: Any) -> tuple[str, str | None] | None:
    """What is wrong with one waiver, and what to do."""
    if not isinstance(item, dict) or not all(isinstance(value, str) for value in item.values()):
        return "a waiver is a mapping of texts", "write id, code, reason and until"
    unknown = next((key for key in item if key not in _KEYS), None)
    missing = next((key for key in ("id", "code", "reason", "until") if not str(item.get(key, "")).strip()), None)
    if unknown is not None or missing is not None:
        what = f"unknown key {unknown!r}" if unknown is not None else f"the key {missing!r} is missing"
        return what, "the keys are id, code, reason, until, and perhaps text"
    if item["code"] not in RULES or not can_be_waived(item["code"]):
        meant = suggest(item["code"], filter(can_be_waived, RULES))
        return f"the code {item['code']!r} cannot be waived", f"did you mean {meant}?" if meant else None
    try:
        dt.date.fromisoformat(item["until"])
    except ValueError:
        return f"{item['until']!r} is no date", "write it as 2027-01-31"
    return None


def apply_waivers(
    reports: Sequence[CheckReport], waivers: Sequence[Waiver], today: dt.date
) -> tuple[list[CheckReport], list[Finding]]:
    """Return the reports without what is waived, and findings about waivers that have expired or waive nothing."""
    used: set[int] = set()
    current = [(number, waiver) for number, waiver in enumerate(waivers) if waiver.until >= today]
    found = [
        Finding(
            "A702",
            w.location,
            f"the waiver of {w.code} for {w.id!r} expired on {w.until}",
            "look again, or remove it",
        )
        for w in waivers
        if w.until < today
    ]
    result = []
    for report in reports:
        waived = []
        for finding in report.findings:
            covering = [number for number, waiver in current if waiver.covers(report, finding)]
            used.update(covering)
            if covering:
                waived.append(finding)
        result.append(_without(report, waived))
    for number, waiver in current:
        if number not in used:
            message = f"the waiver of {waiver.code} for {waiver.id!r} waives nothing"
            found.append(Finding("A703", waiver.location, message, "remove it"))
    return result, found


def _without(report: CheckReport, waived: Collection[Finding]) -> CheckReport:
    if not waived:
        return report
    dropped = {id(finding) for finding in waived}
    kept = tuple(finding for finding in report.findings if id(finding) not in dropped)
    return replace(report, findings=kept, waived=(*report.waived, *waived))


def select(reports: Iterable[CheckReport], selected: Sequence[str], ignored: Sequence[str]) -> list[CheckReport]:
    """Return the reports with the findings of some codes only; a code may be cut short (`A2` is all about links).

    What cannot be waived stays, whatever is selected.
    """

    def stays(code: str) -> bool:
        if not can_be_waived(code):
            return True
        chosen = not selected or code.startswith(tuple(selected))
        dropped = max((len(prefix) for prefix in ignored if code.startswith(prefix)), default=0)
        kept = max((len(prefix) for prefix in selected if code.startswith(prefix)), default=0)
        return chosen and (dropped == 0 or kept > dropped)

    if not selected and not ignored:
        return list(reports)
    return [
        replace(
            report,
            findings=tuple(finding for finding in report.findings if stays(finding.code)),
            fixes=tuple(fix for fix in report.fixes if stays(fix[0])),
        )
        for report in reports
    ]


def baseline_text(reports: Iterable[CheckReport]) -> str:
    """Return the baseline of some reports: what is known already, as JSON that reads well in a review."""
    counted = Counter(
        (report.id, finding.code, finding.text)
        for report in reports
        for finding in (*report.findings, *report.waived)
        if can_be_waived(finding.code) and finding.severity is not Severity.NOTE
    )
    rows = [{"id": i, "code": code, "text": text, "count": count} for (i, code, text), count in sorted(counted.items())]
    return json.dumps({"schema": BASELINE_SCHEMA, "findings": rows}, ensure_ascii=False, indent=1) + "\n"


def parse_baseline(text: str, file: str) -> Parsed[Counter[tuple[str, str, str]]]:
    """Read what `baseline_text` wrote."""
    try:
        data = json.loads(text)
        if data["schema"] != BASELINE_SCHEMA:
            raise KeyError(data["schema"])  # noqa: TRY301
        rows = {(str(row["id"]), str(row["code"]), str(row["text"])): int(row["count"]) for row in data["findings"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        message = f"not a baseline ({BASELINE_SCHEMA})"
        return Parsed(None, (Finding("A701", Location(file), message, "write one with --write-baseline"),))
    return Parsed(Counter(rows))


def apply_baseline(reports: Iterable[CheckReport], baseline: Counter[tuple[str, str, str]]) -> list[CheckReport]:
    """Return the reports without what the baseline knows; a finding more than it counts is new."""
    left = Counter(baseline)
    result = []
    for report in reports:
        known = []
        for finding in report.findings:
            key = (report.id, finding.code, finding.text)
            if left[key] > 0 and can_be_waived(finding.code):
                left[key] -= 1
                known.append(finding)
        result.append(_without(report, known))
    return result

"""What is let pass, and who decides: a reviewed file of waivers, a baseline of old findings, codes that are selected.

Nothing inside an answer can waive anything: an LLM must not be able to silence its judge. What says that there was
nothing to check cannot be waived either.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import filterfalse
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from explainer.checking.check import CheckReport
from explainer.diagnostics.codes import RULES, Severity
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import did_you_mean, json_document
from explainer.documents.document import KeyPath, is_text

BASELINE_SCHEMA: Final = "explainer/baseline/1"
Baseline: TypeAlias = Counter[tuple[str, str, str]]
T = TypeVar("T")
_WAIVABLE: Final = [code for code, rule in RULES.items() if rule.waivable]
_IN_BASELINE: Final = {code for code in _WAIVABLE if RULES[code].severity is not Severity.NOTE}
_NEEDED: Final = ("id", "code", "reason", "until")
_KEYS: Final = (*_NEEDED, "text")


class Waiver(Struct, frozen=True):
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
        return (
            self.id == report.id and self.code == finding.code and self.text in (None, finding.text)
        )


class _BaselineRow(Struct):
    id: str
    code: str
    text: str
    count: int


_BASELINE_KEYS: Final = _BaselineRow.__struct_fields__


class _BaselineFile(Struct):
    version: Literal["explainer/baseline/1"] = field(name="schema")
    findings: list[_BaselineRow]


class _Unusable(NamedTuple):
    """What is wrong with a waiver that cannot be used, and what to do."""

    message: str
    hint: str | None


def parse_waivers(text: str, file: str) -> Parsed[list[Waiver]]:
    """Read waivers from YAML: a list of mappings with `id`, `code`, `reason`, `until` (a date) and perhaps `text`."""
    from explainer.documents.yaml_reader import read_yaml  # noqa: PLC0415

    document = read_yaml(text, file)
    items = document.data
    prefix: KeyPath = ()
    if isinstance(items, dict):
        # under a key, beside whatever else a team keeps there
        items, prefix = items.get("waivers"), ("waivers",)
    if not isinstance(items, list):
        if not document.findings:
            document.report("A701", (), "waivers are a list, each with id, code, reason and until")
        return Parsed(None, tuple(document.findings))
    waivers: list[Waiver] = []
    for index, item in enumerate(items):
        path = (*prefix, index)
        waiver = _waiver(item, document.locate(path))
        if isinstance(waiver, Waiver):
            waivers.append(waiver)
        else:
            document.report("A701", path, *waiver)
    return Parsed(waivers, tuple(document.findings))


def _waiver(data: Any, location: Location) -> Waiver | _Unusable:
    if not isinstance(data, dict) or not all(map(is_text, (*data, *_values_of_known_keys(data)))):
        return _Unusable("a waiver is a mapping of texts", "write id, code, reason and until")
    fault = _fault_of_keys(data)
    if fault is not None:
        return _Unusable(fault, "the keys are id, code, reason, until, and perhaps text")
    code = data["code"]
    if code not in _WAIVABLE:
        return _Unusable(f"the code {code!r} cannot be waived", did_you_mean(code, _WAIVABLE))
    try:
        until = dt.date.fromisoformat(data["until"])
    except ValueError:
        return _Unusable(f"{data['until']!r} is not a date", "write it as 2027-01-31")
    # no text waives all of the code; an empty one only what is about no text
    return Waiver(data["id"], code, data["reason"], until, location, data.get("text"))


def _values_of_known_keys(data: dict[str, Any]) -> list[Any]:
    return [data[key] for key in _KEYS if key in data]


def _fault_of_keys(data: dict[str, Any]) -> str | None:
    """The fault that helps most: an unknown key before a missing one, which is often the same key."""
    for key in data:
        if key not in _KEYS:
            return f"unknown key {key!r}"
    for key in _NEEDED:
        if not data.get(key, "").strip():
            return f"missing key {key!r}"
    return None


def apply_waivers(
    reports: Iterable[CheckReport], waivers: Iterable[Waiver], today: dt.date
) -> tuple[list[CheckReport], list[Finding]]:
    """Return the reports without what is waived, and findings about waivers that have expired or waive nothing."""
    current, expired = _split(waivers, lambda waiver: waiver.until >= today)
    # a waiver that waives nothing is said: an answer may have got better, or its id may be misspelled
    used: set[Waiver] = set()

    def is_waived(report: CheckReport, finding: Finding) -> bool:
        covering, _ = _split(current, lambda waiver: waiver.covers(report, finding))
        used.update(covering)
        return bool(covering)

    result = [_without(report, is_waived) for report in reports]
    idle = filterfalse(used.__contains__, current)
    return result, [*map(_expired, expired), *map(_idle, idle)]


def _expired(waiver: Waiver) -> Finding:
    message = f"the waiver of {waiver.code} for {waiver.id!r} expired on {waiver.until}"
    return Finding("A702", waiver.location, message, "look again, or remove it")


def _idle(waiver: Waiver) -> Finding:
    message = f"the waiver of {waiver.code} for {waiver.id!r} waives nothing"
    return Finding("A703", waiver.location, message, "remove it")


def _without(report: CheckReport, is_waived: Callable[[CheckReport, Finding], bool]) -> CheckReport:
    """A report whose waived findings are set apart; each finding is judged once, in order."""
    waived, remaining = _split(report.findings, partial(is_waived, report))
    return replace(report, findings=tuple(remaining), waived=(*report.waived, *waived))


def _split(items: Iterable[T], test: Callable[[T], bool]) -> tuple[list[T], list[T]]:
    """What passes a test, and what fails it."""
    passing: list[T] = []
    failing: list[T] = []
    for item in items:
        (passing if test(item) else failing).append(item)
    return passing, failing


def select(
    reports: Iterable[CheckReport], selected: Sequence[str], ignored: Sequence[str]
) -> list[CheckReport]:
    """Return the reports with the findings of some codes only; a code may be cut short (`A2` is all about links).

    What cannot be waived stays, whatever is selected.
    """
    dropped = {code for code in _WAIVABLE if not _is_selected(code, selected, ignored)}
    result = []
    for report in reports:
        findings = filterfalse(lambda finding: finding.code in dropped, report.findings)
        fixes = filterfalse(lambda fix: fix[0] in dropped, report.fixes)
        result.append(replace(report, findings=tuple(findings), fixes=tuple(fixes)))
    return result


def _is_selected(code: str, selected: Sequence[str], ignored: Sequence[str]) -> bool:
    """Whether a code is chosen; where one prefix selects it and another ignores it, the longer one decides."""
    return _longest_prefix(code, selected or ("",)) > _longest_prefix(code, ignored)


def _longest_prefix(code: str, prefixes: Iterable[str]) -> int:
    """The length of the longest prefix that a code has; -1 when it has none."""
    return max(map(len, filter(code.startswith, prefixes)), default=-1)


def baseline_text(reports: Iterable[CheckReport]) -> str:
    """Return the baseline of some reports: what is known already, as JSON that reads well in a review."""
    counts: Baseline = Counter()
    for report in reports:
        for finding in (*report.findings, *report.waived):
            if finding.code in _IN_BASELINE:
                counts[report.id, finding.code, finding.text] += 1
    # in an order of their own: whoever reviews the file sees only what is new
    rows = [
        dict(zip(_BASELINE_KEYS, (*key, count), strict=True))
        for key, count in sorted(counts.items())
    ]
    return json_document({"schema": BASELINE_SCHEMA, "findings": rows}, indent=1)


def parse_baseline(text: str, file: str) -> Parsed[Baseline]:
    """Read what `baseline_text` wrote."""
    try:
        rows = msgspec.json.decode(text, type=_BaselineFile).findings
    # no JSON, half a character, nesting without end
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        message = f"not a baseline ({BASELINE_SCHEMA})"
        return Parsed(
            None, (Finding("A701", Location(file), message, "write one with --write-baseline"),)
        )
    return Parsed(Counter({(row.id, row.code, row.text): row.count for row in rows}))


def apply_baseline(reports: Iterable[CheckReport], baseline: Baseline) -> list[CheckReport]:
    """Return the reports without what the baseline knows; a finding more than it counts is new."""
    # each is taken once: a finding that is there more often than before is a new one
    remaining = Counter(baseline)

    def is_known(report: CheckReport, finding: Finding) -> bool:
        key = (report.id, finding.code, finding.text)
        if remaining[key] <= 0 or finding.code not in _WAIVABLE:
            return False
        remaining[key] -= 1
        return True

    return [_without(report, is_known) for report in reports]

"""What waivers, baselines and selections let pass, and what they never do."""

from __future__ import annotations

import datetime as dt

import pytest

from explainer.checking.check import CheckReport
from explainer.checking.waivers import (
    apply_baseline,
    apply_waivers,
    baseline_text,
    parse_baseline,
    parse_waivers,
    select,
)
from explainer.diagnostics.codes import RULES
from explainer.diagnostics.finding import Finding, Location

TODAY = dt.date(2026, 11, 26)


def report_with(*codes: str) -> CheckReport:
    return CheckReport(
        "a", "a.md", tuple(Finding(code, Location("a.md"), "wrong", text=code) for code in codes)
    )


def codes_of(report: CheckReport) -> list[str]:
    return [finding.code for finding in report.findings]


def test_what_the_answer_says_can_be_waived_and_what_was_not_checked_cannot() -> None:
    waivable = {code: rule for code, rule in RULES.items() if rule.waivable}
    assert {code[:2] for code in waivable} == {"A1", "A2", "A3", "A4", "A5", "A8"}
    assert not any(rule.nothing_checked or rule.unusable_file for rule in waivable.values())
    (report,) = select([report_with(*RULES)], [], list(waivable))
    assert codes_of(report) == [code for code in RULES if code not in waivable]
    (report,) = select([report_with(*RULES)], [], ["A"])
    assert codes_of(report) == [code for code in RULES if code not in waivable]


@pytest.mark.parametrize("ignored", [["A8"], ["A815"], ["A"]])
def test_findings_about_workflows_are_ignored_when_asked(ignored: list[str]) -> None:
    (report,) = select([report_with("A815")], [], ignored)
    assert codes_of(report) == []


def test_the_longer_code_wins() -> None:
    reports = [report_with("A201", "A203", "A301", "A601", "A815")]
    assert codes_of(select(reports, [], ["A2"])[0]) == ["A301", "A601", "A815"]
    assert codes_of(select(reports, ["A203"], ["A2"])[0]) == ["A203", "A601"]
    assert codes_of(select(reports, ["A2"], ["A201"])[0]) == ["A203", "A601"]
    assert codes_of(select(reports, ["A8"], [])[0]) == ["A601", "A815"]


def test_findings_about_workflows_are_waived_and_kept_in_a_baseline() -> None:
    text = "- {id: a, code: A815, reason: it is drawn so, until: 2999-01-01}\n"
    waivers = parse_waivers(text, "w.yaml").unwrap()
    (report,), findings = apply_waivers([report_with("A815", "A201")], waivers, TODAY)
    assert (codes_of(report), [finding.code for finding in report.waived], findings) == (
        ["A201"],
        ["A815"],
        [],
    )
    baseline = parse_baseline(baseline_text([report_with("A815")]), "b.json").unwrap()
    (report,) = apply_baseline([report_with("A815", "A815")], baseline)
    assert codes_of(report) == ["A815"]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("{id: a, code: A201, reason: r}", "missing key 'until'"),
        ("{id: ' ', code: A201, reason: r, until: 2999-01-01}", "missing key 'id'"),
        ("{id: a, code: A201, reason: r, until: 2999-01-01, why: x}", "unknown key 'why'"),
        ("{id: a, code: A201, reason: r, until: 2999-01-01, why: [x]}", "unknown key 'why'"),
        ("{id: a, code: A601, reason: r, until: 2999-01-01}", "the code 'A601' cannot be waived"),
        ("{id: a, code: A999, reason: r, until: 2999-01-01}", "the code 'A999' cannot be waived"),
        ("{id: a, cod: A201, reason: r, until: 2999-01-01}", "unknown key 'cod'"),
        ("{id: a, code: A201, reason: r, until: soon}", "'soon' is not a date"),
        ("{id: a, code: A201, reason: [r], until: 2999-01-01}", "a waiver is a mapping of texts"),
        (
            "{id: a, code: A201, reason: r, until: 2999-01-01, text: null}",
            "a waiver is a mapping of texts",
        ),
        ("only text", "a waiver is a mapping of texts"),
    ],
)
def test_a_waiver_that_cannot_be_used_is_named_where_it_stands(item: str, message: str) -> None:
    parsed = parse_waivers(f"waivers:\n  - {item}\n", "w.yaml")
    (finding,) = parsed.findings
    assert (finding.code, finding.message, finding.location.line) == ("A701", message, 2)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "{", '{"schema": "explainer/baseline/1"}', "[" * 100_000]
)
def test_what_is_no_baseline_is_refused(text: str) -> None:
    parsed = parse_baseline(text, "b.json")
    assert (parsed.value, [finding.code for finding in parsed.findings]) == (None, ["A701"])

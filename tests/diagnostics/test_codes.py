from __future__ import annotations

from explainer.diagnostics.codes import FAMILIES, RULES


def test_every_code_has_a_family() -> None:
    assert {rule.family for rule in RULES.values()} == set(FAMILIES.values())
    assert all(code == rule.code for code, rule in RULES.items())


def test_what_answers_cite_and_how_they_work_can_be_waived_but_not_that_nothing_was_checked() -> (
    None
):
    waivable = {code for code, rule in RULES.items() if rule.waivable}
    assert {"A103", "A201", "A304", "A402", "A502", "A801", "A815"} <= waivable
    assert waivable.isdisjoint({"A101", "A102", "A601", "A701", "A901", "F101", "C303", "L701"})


def test_only_findings_that_fixes_exist_for_are_fixable() -> None:
    assert [code for code, rule in RULES.items() if rule.fixable] == [
        "A203",
        "A302",
        "L701",
        "L702",
        "L706",
    ]

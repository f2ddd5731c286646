"""Forms in which answers are written: layouts, references and remarks, as data with the verdict that each must get.

The rows stand in tests/data/check_*.yaml. Each is a form, and is filled in with what the small world below offers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from explainer.catalogs.library import resolve
from explainer.catalogs.question import parse_question_line
from explainer.checking.check import CheckReport, check_answer
from explainer.checking.offered import CatalogLookup, Offered, offered_by_sources
from explainer.diagnostics.rules import Severity
from explainer.project import parse_catalog
from tests.helpers.support import ROOT

WORLD: dict[str, Any] = yaml.safe_load((ROOT / "tests/data/check_world.yaml").read_text(encoding="utf-8"))
LAYOUTS: dict[str, Any] = yaml.safe_load((ROOT / "tests/data/check_layouts.yaml").read_text(encoding="utf-8"))


def _offered() -> Offered:
    question = json.dumps({"question": WORLD["question"], **WORLD["offered"]})
    loaded = parse_question_line(question, "<test>", 1).unwrap()
    library = parse_catalog("models: []").unwrap()
    return offered_by_sources(resolve(loaded, library).unwrap(), WORLD["question"], CatalogLookup(library))


OFFERED = _offered()


def filled(form: str, values: dict[str, str]) -> str:
    for mark, value in values.items():
        form = form.replace(mark, value)
    return form


def judged(text: str) -> CheckReport:
    return check_answer(text, OFFERED)


def _layouts() -> Iterator[tuple[str, str]]:
    known, unknown = LAYOUTS["languages"], LAYOUTS["unknown"]
    for group in ("numbered", "unnumbered", "unnumbered, by words"):
        for name in LAYOUTS[group]:
            for language in known if group.endswith("words") else {**known, **unknown}:
                yield f"{group}/{name}", language


def _in_layout(form: str, language: str) -> str:
    headings = {**LAYOUTS["languages"], **LAYOUTS["unknown"]}[language]
    marks = dict(zip(("{1}", "{2}", "{3}"), headings, strict=True))
    parts = {"{t}": WORLD["task"], "{w}": WORLD["workflow"], "{r}": WORLD["references"], "{i}": WORLD["inline"]}
    return filled(form, {**marks, **parts})


@pytest.mark.parametrize(("layout", "language"), list(_layouts()))
def test_a_good_answer_is_grounded_in_any_layout_and_language(layout: str, language: str) -> None:
    group, _, name = layout.partition("/")
    form = LAYOUTS[group][name]
    report = judged(_in_layout(form.replace("§", ""), language))
    assert [finding for finding in report.findings if finding.severity is not Severity.NOTE] == []
    sections = form.split("§")
    for left_out in range(len(sections) if len(sections) == 3 else 0):
        rest = "".join(section for number, section in enumerate(sections) if number != left_out)
        assert not judged(_in_layout(rest, language)).grounded, f"section {left_out + 1} is not missed"

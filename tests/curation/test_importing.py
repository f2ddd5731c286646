"""Runs the folders of tests/cases/import: a source, the catalog that it becomes, and what is said about it."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from explainer.catalogs.parsing import parse_catalog
from tests.helpers.support import ROOT, explainer

CASES = sorted((ROOT / "tests" / "cases" / "import").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_source_becomes_the_expected_catalog(case: Path) -> None:
    source = next(case.glob("source*"))
    (shutil.copytree if source.is_dir() else shutil.copy)(source, source.name)
    outcome = explainer(
        "catalog", "import", source.name, "--retrieved", "2026-01-31", "-o", "out.yaml"
    )
    made = {
        "expected.yaml": Path("out.yaml").read_bytes(),
        "expected.sources.jsonl": Path("out.sources.jsonl").read_bytes(),
        "expected.txt": outcome.stderr,
    }
    for name, text in made.items():
        if os.environ.get("EXPLAINER_UPDATE") == "1":
            (case / name).write_bytes(text)
        assert text.decode() == (case / name).read_text(encoding="utf-8")
    errors = re.search(r"^\S+: [A-Z]\d+ (?!warning:|note:)", outcome.err, re.MULTILINE)
    assert outcome.status == (1 if errors else 0)
    assert parse_catalog(made["expected.yaml"].decode(), "out.yaml").findings == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_second_import_changes_nothing(case: Path) -> None:
    source = next(case.glob("source*"))
    arguments = ("catalog", "import", source, "-o", "out.yaml")
    explainer(*arguments, "--retrieved", "2026-01-31")
    first = Path("out.yaml").read_bytes(), Path("out.sources.jsonl").read_bytes()
    again = explainer(*arguments, "--retrieved", "2026-02-28")
    assert (Path("out.yaml").read_bytes(), Path("out.sources.jsonl").read_bytes()) == first
    assert (again.out, "added" in again.err, "changed," in again.err.replace("unchanged", "")) == (
        "",
        False,
        False,
    )

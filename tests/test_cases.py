"""Runs the folders of tests/cases; see its README."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.support import ROOT, explainer

CASES = ROOT / "tests" / "cases"


def cases(pattern: str) -> list[Path]:
    return sorted(path for path in CASES.glob(pattern) if path.is_dir())


def name_of(path: Path) -> str:
    return path.relative_to(CASES).as_posix()


@pytest.fixture
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the case, in which the test stands."""
    folder: Path = shutil.copytree(request.param, tmp_path / "case")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("here", cases("catalog/pass/*"), ids=name_of, indirect=True)
def test_a_good_catalog_has_no_findings(here: Path) -> None:
    outcome = explainer("validate", "catalog.yaml")
    assert (outcome.status, outcome.out) == (0, "")


@pytest.mark.parametrize("here", cases("*/fail/*"), ids=name_of, indirect=True)
def test_the_findings_are_the_expected_ones(here: Path) -> None:
    file = "question.yaml" if (here / "question.yaml").exists() else "catalog.yaml"
    outcome = explainer("validate", file)
    assert outcome.status == 1
    assert outcome.out == (here / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("here", cases("render/*"), ids=name_of, indirect=True)
@pytest.mark.parametrize("kind", ["prompt", "answer"])
def test_a_question_renders_to_the_expected_bytes(here: Path, kind: str) -> None:
    expected = here / f"expected.{kind}.md"
    if not expected.exists():
        pytest.skip(f"the case expects no {kind}")
    outcome = explainer("build", "question.yaml", "--as", kind)
    assert outcome.status == 0, outcome.err
    assert outcome.stdout == expected.read_bytes()


@pytest.mark.parametrize("here", cases("workflow/*"), ids=name_of, indirect=True)
def test_a_question_composes_to_the_expected_workflows(here: Path) -> None:
    expected = (here / "expected.txt").read_text(encoding="utf-8").strip()
    outcome = explainer(
        "workflow",
        "question.yaml",
        "--catalog",
        *catalogs(here),
        "--format",
        "json",
        "--limit",
        "9",
    )
    if "-->" not in expected:
        assert outcome.status == 1
        assert expected in outcome.err
        return
    assert outcome.status == 0, outcome.err
    blocks = [set(block.splitlines()) for block in expected.split("\n\n")]
    found = [edge_lines(one) for one in json.loads(outcome.stdout)["workflows"]]
    assert found[: len(blocks)] == blocks


def catalogs(here: Path) -> list[Path]:
    own = here / "catalog.yaml"
    return [own if own.exists() else ROOT / "catalogs"]


def edge_lines(workflow: Any) -> set[str]:
    label = {end["key"]: "input" for end in workflow["inputs"]}
    label |= {end["key"]: "output" for end in workflow["outputs"]}
    label |= {step["key"]: step["model"] for step in workflow["steps"]}
    return {
        f"{label[edge['from']]} --{edge['port']}--> {label[edge['to']]}"
        for edge in workflow["edges"]
    }

"""What ships: files that validate, that editors understand, and a wheel that works in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.helpers.support import ROOT, explainer, slow

YAML_FILES = sorted([*(ROOT / "catalogs").rglob("*.yaml"), *(ROOT / "questions").rglob("*.yaml")])


def test_all_shipped_files_are_without_findings() -> None:
    outcome = explainer("validate", ROOT / "catalogs", ROOT / "questions", ROOT / "templates")
    assert outcome.out == ""
    assert outcome.status == 0


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.name)
def test_editors_complete_and_check_the_file(path: Path) -> None:
    kind = "catalog" if path.parent.name == "catalogs" else "question"
    text = path.read_text(encoding="utf-8")
    modeline = text.splitlines()[0]
    assert modeline == f"# yaml-language-server: $schema=../schemas/{kind}.schema.json"
    schema = json.loads(
        (path.parent / modeline.partition("$schema=")[2]).read_text(encoding="utf-8")
    )
    jsonschema.Draft202012Validator.check_schema(schema)
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(text)))
    assert not errors


def test_a_mistake_is_one_for_editors_too() -> None:
    schema = json.loads((ROOT / "schemas" / "catalog.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    wrongs: tuple[object, ...] = (
        {"modls": []},
        {"models": [{"id": "x"}]},
        {"models": [{"name": "x", "paper": "ftp://x"}]},
        {"models": [{"name": 1}]},
    )
    for wrong in wrongs:
        assert not validator.is_valid(wrong)


def test_the_seeds_catalog_holds_the_eight_entries_of_the_two_seeds() -> None:
    data = yaml.safe_load((ROOT / "catalogs" / "seeds.yaml").read_text(encoding="utf-8"))
    assert (len(data["models"]), len(data["papers"])) == (1, 7)


@slow
def test_the_wheel_builds_a_question_in_an_empty_folder(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "-w", str(tmp_path / "dist"), str(ROOT)], check=True
    )
    wheel = next((tmp_path / "dist").glob("cnaps_explainer-*.whl"))
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    binaries = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([str(binaries / "python"), "-m", "pip", "install", "-q", str(wheel)], check=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "q.yaml").write_text(
        "question: Why?\nmodels: [CyberRealistic]\npapers: []\n", encoding="utf-8"
    )
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(binaries / "explainer"), "build", "q.yaml", "-v"],
        cwd=empty,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Model: Txt2Img-StableDiffusionV1-CyberRealistic\n" in done.stdout
    assert "seeds.yaml" in done.stderr

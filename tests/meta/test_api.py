from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import explainer
from tests.helpers.support import ROOT


def test_the_public_api_is_pinned() -> None:
    assert sorted(explainer.__all__) == [
        "BuildResult", "Built", "Catalog", "CheckReport", "Checked", "Citation", "ExplainerError", "Finding", "Library", "Location", "ModelEntry", "Offered",
        "PaperEntry", "Parsed", "Printed", "PrintedEntry", "PromptContent", "Question", "Severity", "Sources", "Task", "Workflow", "WorkflowStep",
        "__version__", "build_answer", "build_prompt", "check_answer", "load_catalogs", "load_question", "offered_by_prompt",
        "offered_by_question", "parse_catalog", "parse_prompt", "parse_question",
    ]  # fmt: skip
    assert all(getattr(explainer, name).__doc__ for name in explainer.__all__)


def test_three_lines_of_python_build_a_prompt() -> None:
    from explainer import build_prompt, load_catalogs, load_question

    library = load_catalogs(ROOT / "catalogs" / "seeds.yaml")
    built = build_prompt(load_question(ROOT / "questions" / "studio-portrait.yaml"), library).unwrap()
    assert built.text.startswith("You are an AI scientist.")
    assert [model.name for model in built.sources.models] == ["Txt2Img-StableDiffusionV1-CyberRealistic"]


def test_a_few_lines_of_python_check_an_answer() -> None:
    library = explainer.load_catalogs(ROOT / "catalogs" / "seeds.yaml").unwrap()
    question = explainer.load_question(ROOT / "questions" / "studio-portrait.yaml").unwrap()
    answer = explainer.build_answer(question, library).unwrap().text
    prompt = explainer.build_prompt(question, library).unwrap().text
    for offered in (
        explainer.offered_by_question(question, library).unwrap(),
        explainer.offered_by_prompt(explainer.parse_prompt(prompt).unwrap()),
    ):
        report = explainer.check_answer(answer, offered)
        assert report.grounded
        assert {citation.status for citation in report.citations} == {"offered"}
        assert not explainer.check_answer(answer.replace("2502.10663", "2502.10664"), offered).grounded


def test_findings_come_back_as_values() -> None:
    library = explainer.parse_catalog("models: [{name: M}]\n")
    built = explainer.build_answer(
        explainer.parse_question("question: x\nmodels: [N]\npapers: []\n", "q.yaml"), library
    )
    assert built.value is None
    assert [(f.code, str(f.location), f.severity) for f in built.findings] == [("Q401", "q.yaml:2:10", "error")]
    missing = explainer.load_question(Path("nope.yaml"))
    assert [f.code for f in missing.findings] == ["F101"]


def test_unwrapping_what_has_errors_raises_all_of_them() -> None:
    with pytest.raises(explainer.ExplainerError) as raised:
        explainer.parse_catalog("modls: []\npaper: []\n", "c.yaml").unwrap()
    assert len(raised.value.findings) == 2
    assert str(raised.value) == "c.yaml:1:1: S201 unknown key 'modls'\nc.yaml:2:1: S201 unknown key 'paper'"


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, explainer; print(sorted({'jinja2', 'pydantic', 'yaml', 'typer', 'rich'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_command_imports_only_what_it_needs() -> None:
    code = (
        "import sys; from explainer.cli.run import run; "
        f"run(['build', {str(ROOT / 'questions' / 'studio-portrait.yaml')!r}]); "
        "print(sorted({'rich', 'markdown_it', 'jsonschema', 'explainer.rendering.isolated', 'explainer.preflight'} & set(sys.modules)), file=sys.stderr)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr == "[]\n"

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.support import explainer


def test_a_new_project_builds_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert explainer("init", "demo").status == 0
    monkeypatch.chdir("demo")
    questions = sorted(Path("questions").glob("*.yaml"))
    built = explainer("build", *questions)
    assert (built.status, built.err) == (0, "")
    assert (len(questions), built.out.count("You are an AI scientist.")) == (2, 2)
    assert "Model: resnet-50\n" in built.out
    assert "Model: whisper-large-v3\n" in built.out
    validated = explainer("validate", "--strict")
    assert (validated.status, validated.out) == (0, "")


def test_its_catalog_leaves_lint_nothing_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    explainer("init", "demo")
    monkeypatch.chdir("demo")
    linted = explainer("catalog", "lint", "--strict")
    assert (linted.status, linted.out) == (0, "")


def test_its_questions_may_leave_everything_out(monkeypatch: pytest.MonkeyPatch) -> None:
    explainer("init", "demo")
    monkeypatch.chdir("demo")
    assert "whisper-large-v3" in explainer("build", "--text", "Who wrote down my spoken recording?").out


def test_an_empty_folder_will_do_and_one_with_something_in_it_will_not() -> None:
    Path("demo/.git").mkdir(parents=True)
    assert explainer("init", "demo").status == 0
    before = sorted(Path("demo").rglob("*"))
    outcome = explainer("init", "demo")
    assert (outcome.status, outcome.out) == (2, "")
    assert "demo:1:1: F105 the folder is not empty" in outcome.err
    assert sorted(Path("demo").rglob("*")) == before

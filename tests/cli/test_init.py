from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from explainer._package import __version__
from tests.helpers.support import explainer


def test_a_new_project_builds_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert explainer("init", "demo").status == 0
    monkeypatch.chdir("demo")
    questions = sorted(Path("questions").glob("*.yaml"))
    built = explainer("build", *questions)
    assert (built.status, built.err) == (0, "")
    assert (len(questions), built.out.count("quote one short passage")) == (2, 2)
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
    assert (
        "whisper-large-v3"
        in explainer("build", "--text", "Who wrote down my spoken recording?").out
    )


def test_an_empty_folder_will_do_and_one_with_something_in_it_will_not() -> None:
    Path("demo/.git").mkdir(parents=True)
    assert explainer("init", "demo").status == 0
    before = sorted(Path("demo").rglob("*"))
    outcome = explainer("init", "demo")
    assert (outcome.status, outcome.out) == (2, "")
    assert "demo:1:1: F105 the folder is not empty" in outcome.err
    assert sorted(Path("demo").rglob("*")) == before


def test_nothing_about_pictures_is_offered_to_a_meeting(monkeypatch: pytest.MonkeyPatch) -> None:
    explainer("init", "demo")
    monkeypatch.chdir("demo")
    prompt = explainer("build", "questions/loud-meeting.yaml").out
    assert "Robust Speech Recognition" in prompt
    assert "Residual" not in prompt


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("origin", "requirement"),
    [
        (None, f"cnaps-explainer=={__version__}"),
        (
            {"url": "https://example.org/e.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"cnaps-explainer @ git+https://example.org/e.git@{COMMIT}",
        ),
        (
            {"url": "https://example.org/e.whl", "archive_info": {}},
            "cnaps-explainer @ https://example.org/e.whl",
        ),
        ({"url": "file:///home/me/explainer", "dir_info": {"editable": True}}, None),
        ({"url": "file:///home/me/e.whl", "archive_info": {}}, None),
    ],
)
def test_ci_and_pre_commit_install_from_where_the_package_was_had(
    monkeypatch: pytest.MonkeyPatch, origin: object, requirement: str | None
) -> None:
    record = None if origin is None else json.dumps(origin)
    monkeypatch.setattr("explainer.cli.project._origin", lambda: record)
    outcome = explainer("init", "demo")
    workflow = yaml.safe_load(
        Path("demo/.github/workflows/explainer.yml").read_text(encoding="utf-8")
    )
    hooks = yaml.safe_load(Path("demo/.pre-commit-config.yaml").read_text(encoding="utf-8"))[
        "repos"
    ][0]["hooks"]
    installed = requirement or "cnaps-explainer @ git+https://WHERE-IT-IS/explainer.git"
    assert {"run": f'pip install "{installed}"'} in workflow["jobs"]["check"]["steps"]
    assert hooks[0]["additional_dependencies"] == [installed]
    assert ("set where to install this package" in outcome.err) == (requirement is None)

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.support import explainer, write_tree

FILES = {
    "catalogs/c.yaml": "models:\n  # ours\n  - name: Old Net  # keep\n    aliases: [ON]\n  - name: Other\npapers:\n  - title: Other\n",
    "questions/a.yaml": "question: q?\nmodels: [Old Net]  # why\npapers: []\n",
    "questions/b.yaml": "question: q?\nmodels:\n  - ON\npapers: []\n",
    "questions/c.jsonl": '{"question": "q?", "models": ["Other", "old-net"], "papers": []}\n',
    "questions/d.yaml": "question: q?\nmodels: [Other]\npapers: []\n",
}


@pytest.fixture(autouse=True)
def _project() -> None:
    write_tree(Path(), FILES)


def test_the_questions_that_name_an_entry_are_listed_by_place() -> None:
    assert explainer("catalog", "used-by", "old-net").out == (
        "questions/a.yaml:2:10: a names 'Old Net'\n"
        "questions/b.yaml:3:5: b names 'ON'\n"
        "questions/c.jsonl:1:40: line-1 names 'old-net'\n"
    )
    document = json.loads(explainer("catalog", "used-by", "Old Net", "--format", "json").out)
    assert [row["question"] for row in document["questions"]] == ["a", "b", "line-1"]


def test_an_unknown_name_is_a_finding() -> None:
    outcome = explainer("catalog", "used-by", "Old Nat")
    assert (outcome.status, outcome.out) == (1, "")
    assert "did you mean 'Old Net'?" in outcome.err


def test_a_new_name_reaches_every_question_that_needs_it_and_comments_stay() -> None:
    outcome = explainer("catalog", "rename", "Old Net", "New: Net")
    assert (outcome.status, outcome.out) == (0, "")
    assert (
        Path("catalogs/c.yaml")
        .read_text()
        .startswith('models:\n  # ours\n  - name: "New: Net"  # keep\n    aliases: [ON]\n')
    )
    assert (
        Path("questions/a.yaml").read_text()
        == 'question: q?\nmodels: ["New: Net"]  # why\npapers: []\n'
    )
    assert Path("questions/b.yaml").read_text() == FILES["questions/b.yaml"]
    assert (
        Path("questions/c.jsonl").read_text()
        == '{"question": "q?", "models": ["Other", "New: Net"], "papers": []}\n'
    )
    assert explainer("validate").status == 0


def test_the_old_name_can_stay_as_an_alias() -> None:
    assert explainer("catalog", "rename", "Old Net", "New", "--alias").status == 0
    assert (
        '  - name: New  # keep\n    aliases: ["ON", Old Net]\n'
        in Path("catalogs/c.yaml").read_text()
    )
    assert Path("questions/a.yaml").read_text() == FILES["questions/a.yaml"]
    assert explainer("validate").status == 0


def test_a_dry_run_shows_the_diff_and_writes_nothing() -> None:
    out = explainer("catalog", "rename", "Old Net", "New", "--dry-run").out
    assert "-  - name: Old Net  # keep\n+  - name: New  # keep\n" in out
    assert {path: Path(path).read_text() for path in FILES} == FILES


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["Old Net", "Other"], "C301"), (["Other", "New"], "Q403"), (["Nope", "New"], "Q401")],
)
def test_what_cannot_be_renamed_changes_nothing(arguments: list[str], code: str) -> None:
    outcome = explainer("catalog", "rename", *arguments)
    assert outcome.status == 1
    assert code in outcome.err
    assert {path: Path(path).read_text() for path in FILES} == FILES


def test_the_name_that_an_entry_has_changes_nothing() -> None:
    outcome = explainer("catalog", "rename", "Old Net", "Old Net")
    assert (outcome.status, outcome.err) == (0, "changed 0 files; 0 questions named 'Old Net'\n")
    assert {path: Path(path).read_text() for path in FILES} == FILES


def test_a_mistake_in_a_question_stops_everything() -> None:
    Path("questions/e.yaml").write_text("question: q?\nmodels: [Old Net\n")
    outcome = explainer("catalog", "rename", "Old Net", "New")
    assert outcome.status == 1
    assert Path("catalogs/c.yaml").read_text() == FILES["catalogs/c.yaml"]


def test_two_catalogs_are_compared_by_entry_and_by_prompt() -> None:
    changed = FILES["catalogs/c.yaml"].replace(
        "- name: Other\n", "- name: Other\n    github: https://x.y\n"
    )
    changed = changed.replace("title: Other", "title: Another").replace("Old Net", "New Net")
    write_tree(Path(), {"new.yaml": changed})
    arguments = ("catalog", "diff", "catalogs", "new.yaml", "--questions", "questions")
    outcome = explainer(*arguments)
    assert (outcome.status, outcome.err) == (0, "")
    assert "~ model Other\n    github:\n      - (none)\n      + https://x.y\n" in outcome.out
    assert "+ paper Another\n- paper Other\n" in outcome.out
    assert "questions/a.yaml: the prompt of a is broken\n" in outcome.out
    assert "questions/d.yaml: the prompt of d is changed\n" in outcome.out
    assert explainer(*arguments, "--exit-code").status == 1
    document = json.loads(explainer(*arguments, "--format", "json").out)
    assert document["schema"] == "explainer/catalog-diff/1"


def test_equal_catalogs_do_not_differ() -> None:
    outcome = explainer("catalog", "diff", "catalogs", "catalogs", "--exit-code")
    assert (outcome.status, outcome.out) == (0, "no entry differs\n")


def test_stats_and_exports_of_a_project() -> None:
    assert "2 models, 1 paper\n" in explainer("catalog", "stats").out
    document = json.loads(explainer("catalog", "stats", "--format", "json").out)
    assert document["totals"] == {"models": 2, "papers": 1}
    assert (
        explainer("catalog", "export").out.splitlines()[0]
        == '{"kind": "model", "name": "Old Net", "aliases": ["ON"]}'
    )
    assert (
        explainer("catalog", "export", "--format", "bibtex", "--kind", "papers").out
        == "@misc{other,\n  title = {{Other}},\n}\n\n"
    )


@pytest.mark.parametrize("name", ["out.docx", "out.xlsx", "out.PDF", "out.parquet"])
def test_a_name_that_other_programs_open_is_refused(name: str) -> None:
    write_tree(Path(), {"c.yaml": "models:\n  - name: A\n"})
    outcome = explainer("catalog", "export", "--catalog", "c.yaml", "-o", name)
    assert (outcome.status, Path(name).exists()) == (2, False)
    assert "cannot be written: end the name in .jsonl" in outcome.err
    assert (
        explainer("catalog", "export", "--catalog", "c.yaml", "-o", name, "--format", "csv").status
        == 0
    )

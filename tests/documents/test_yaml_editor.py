from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.documents.yaml_editor import Editor, apply_edits, unified_diff
from explainer.documents.yaml_reader import read_yaml
from tests.helpers.strategies import layout_text, one_line
from tests.helpers.support import examples

CATALOG = """\
# top
models:
  # the first group
  - name: A  # keep
    github:
    summary: >-
      some folded
      text

    # about links
    links:
      - http://a.b
      - http://c.d
    aliases: [x, y]  # names
  - {name: B, paper: null}

  # the end of models
papers: []  # none yet
"""


def edited(editor: Editor) -> str:
    return editor.finish().unwrap()


def test_a_value_is_changed_where_it_stands_and_comments_stay() -> None:
    editor = Editor(CATALOG, "c")
    editor.set(("models", 0, "name"), "yes: no")
    editor.set(("models", 0, "summary"), "short")
    editor.set(("models", 0, "aliases"), ["z"])
    text = edited(editor)
    assert '  - name: "yes: no"  # keep\n' in text
    assert "    summary: short\n\n    # about links\n" in text
    assert "    aliases: [z]  # names\n" in text


def test_an_empty_value_is_filled() -> None:
    editor = Editor(CATALOG, "c")
    editor.set(("models", 0, "github"), "https://g.h/x")
    assert "    github: https://g.h/x\n" in edited(editor)


def test_a_new_key_stands_behind_those_that_come_before_it() -> None:
    editor = Editor(CATALOG, "c")
    editor.set(("models", 0, "task"), "t", after=["name", "signature"])
    editor.set(("models", 1, "task"), "t")
    text = edited(editor)
    assert "  - name: A  # keep\n    task: t\n    github:\n" in text
    assert "  - {name: B, paper: null, task: t}\n" in text


def test_a_key_is_removed_with_its_lines() -> None:
    editor = Editor(CATALOG, "c")
    editor.remove(("models", 0, "links"))
    assert "    # about links\n    aliases:" in edited(editor)


def test_entries_are_added_at_the_end_of_a_list() -> None:
    editor = Editor(CATALOG, "c")
    editor.append("models", [{"name": "C"}])
    editor.append("tasks", [{"id": "t"}])
    text = edited(editor)
    assert "paper: null}\n  - name: C\n\n  # the end of models\n" in text
    assert text.endswith("tasks:\n  - id: t\n")


@pytest.mark.parametrize(
    "before",
    [
        "",
        "# nothing yet\n",
        "models:\n",
        "models: []\n",
        "models: [{name: A}]\n",
        "models:\n- name: A",
    ],
)
def test_entries_are_added_to_whatever_is_there(before: str) -> None:
    editor = Editor(before, "c")
    editor.append("models", [{"name": "B", "aliases": ["b"]}])
    data = read_yaml(edited(editor), "c").data
    assert data["models"][-1] == {"name": "B", "aliases": ["b"]}
    assert edited(editor).startswith(before.split("[", maxsplit=1)[0].rstrip())


def test_line_breaks_stay_what_they_are() -> None:
    editor = Editor("models:\r\n  - name: A\r\n    task: t\r\n", "c")
    editor.set(("models", 0, "dataset"), "d", after=["name"])
    editor.append("models", [{"name": "B"}])
    assert (
        edited(editor)
        == "models:\r\n  - name: A\r\n    dataset: d\r\n    task: t\r\n  - name: B\r\n"
    )


def test_a_part_of_a_folded_text_is_replaced_without_new_folds() -> None:
    editor = Editor(CATALOG, "c")
    editor.substitute(("models", 0, "summary"), "folded", "old")
    assert "      some old\n      text\n" in edited(editor)


def test_a_change_that_would_change_more_is_refused() -> None:
    editor = Editor("models:\n  - name: A\n    summary: >-\n      one\n      two\n", "c")
    editor.substitute(("models", 0, "summary"), "one two", "three")
    done = editor.finish()
    assert done.value is None
    assert [finding.code for finding in done.findings] == ["F105"]


def test_a_comment_behind_an_empty_list_is_no_part_of_a_folded_text() -> None:
    editor = Editor("papers: []  # none yet\n", "c")
    editor.append("papers", [{"title": "T", "examples": ["### " * 30]}])
    text = edited(editor)
    assert text.startswith("papers:  # none yet\n")
    assert read_yaml(text, "c").data["papers"][0]["examples"] == ["### " * 30]


@given(
    st.lists(
        st.tuples(one_line(), layout_text(), st.lists(layout_text(), max_size=3)),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=examples(40, 1000))
def test_whatever_is_set_is_read_back(values: list[tuple[str, str, list[str]]]) -> None:
    editor = Editor(CATALOG, "c")
    editor.append(
        "papers",
        [{"title": title, "summary": text, "examples": items} for title, text, items in values],
    )
    editor.set(("models", 0, "name"), values[0][0])
    editor.set(("models", 1, "summary"), values[0][1])
    done = editor.finish()
    assert done.value is not None, done.findings
    data = read_yaml(done.value, "c").data
    assert [
        (paper["title"], paper["summary"], paper["examples"]) for paper in data["papers"]
    ] == values
    assert (data["models"][0]["name"], data["models"][1]["summary"]) == (values[0][0], values[0][1])
    assert "# about links" in done.value


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs the program patch")
def test_the_diff_is_one_that_patch_understands() -> None:
    editor = Editor(CATALOG, "c")
    editor.set(("models", 0, "name"), "Z")
    editor.remove(("models", 0, "links"))
    editor.append("papers", [{"title": "P", "summary": "word " * 60}])
    wanted = edited(editor)
    Path("c").write_text(CATALOG)
    diff = unified_diff(CATALOG, editor.edits, "c")
    subprocess.run(
        ["patch", "-p0", "--fuzz=0"], input=diff, text=True, check=True, capture_output=True
    )
    assert Path("c").read_text() == wanted == apply_edits(CATALOG, editor.edits)

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from explainer.diagnostics import text
from tests.helpers.support import explainer, write_tree

GOOD = {
    "catalogs/c.yaml": "models:\n  - {name: M, task: t}\npapers:\n  - title: P\ntasks:\n  - id: t\n",
    "questions/q.yaml": "question: Why?\nmodels: [M]\npapers: [P]\n",
    "questions/deep/er/q.yaml": "question: Why?\nmodels: []\npapers: []\n",
    "questions/lines.jsonl": '{"question": "Why?", "models": [{"name": "Own"}], "papers": []}\n',
    "templates/t.md.j2": "{{ question }}{% include '_part.j2' %}\n",
    "templates/_part.j2": "{{ nothing_of_its_own }}" * 0 + "part",
}


def test_a_good_project_is_said_to_be_good() -> None:
    write_tree(Path(), GOOD)
    outcome = explainer("validate")
    assert (outcome.status, outcome.out) == (0, "")
    assert outcome.err == "1 catalog, 3 questions, 2 templates: no errors\n"


def test_everything_that_is_wrong_is_said_at_once() -> None:
    write_tree(
        Path(),
        {
            **GOOD,
            "catalogs/d.yaml": "models:\n  - {name: N, tsk: t}\n",
            "catalogs/e.yaml": "papers:\n  - {title: Q, task: deblurr}\n",
            "questions/r.yaml": "question: Why?\nmodels: [O]\npapers: []\n",
            "questions/s.yaml": "question: Why?\nid: q\nmodels: []\npapers: []\n",
            "questions/bad.jsonl": '{"question": "x", "models": [], "papers": []}\n{"question": \n',
            "templates/u.md.j2": "{{ question }}\n{{ modles }}\n",
            "templates/v.md.j2": "# Title\n\n## Empty\n\n## Full\n{{ question }} {name}\n",
        },
    )
    outcome = explainer("validate")
    assert outcome.status == 1
    places = [
        line.split(" ")[0] + " " + line.split(" ")[1]
        for line in outcome.out.splitlines()
        if not line.startswith(" ")
    ]
    assert places == [
        "catalogs/d.yaml:2:15: S201",
        "catalogs/e.yaml:2:22: C303",
        "questions/bad.jsonl:2:14: Y102",
        "questions/r.yaml:2:10: Q401",
        "questions/s.yaml:2:5: Q407",
        "templates/u.md.j2:2:1: T502",
        "templates/v.md.j2:1:1: T511",
        "templates/v.md.j2:3:1: T511",
        "templates/v.md.j2:6:16: T510",
    ]
    assert outcome.err == "3 catalogs, 7 questions, 4 templates: 5 errors, 4 warnings\n"


def test_warnings_fail_only_when_strict() -> None:
    write_tree(Path(), {"c.yaml": "models:\n  - {name: M, task: x}\ntasks:\n  - id: t\n"})
    assert explainer("validate", "c.yaml").status == 0
    assert explainer("validate", "c.yaml", "--strict").status == 1


@pytest.mark.parametrize("arguments", [[], ["."], ["empty"]])
def test_nothing_to_check_is_never_a_pass(arguments: list[str]) -> None:
    Path("empty").mkdir()
    outcome = explainer("validate", *arguments)
    assert outcome.status == 3
    assert "nothing to check" in outcome.err


def test_a_path_that_is_not_there_ends_with_2() -> None:
    assert explainer("validate", "missing").status == 2
    assert "F101" in explainer("validate", "missing").out


def test_json_is_valid_with_and_without_findings() -> None:
    write_tree(Path(), GOOD)
    assert json.loads(explainer("validate", "--format", "json").out) == {
        "schema": "explainer/findings/1",
        "findings": [],
    }
    assert (
        json.loads(explainer("validate", "missing", "--format", "json").out)["findings"][0]["code"]
        == "F101"
    )


def test_a_single_file_may_be_a_question_a_catalog_or_a_template() -> None:
    write_tree(Path(), GOOD)
    for path, counted in (
        ("questions/q.yaml", "0 catalogs, 1 question, 0 templates"),
        ("catalogs/c.yaml", "1 catalog, 0 questions, 0 templates"),
        ("templates/t.md.j2", "0 catalogs, 0 questions, 1 template"),
    ):
        assert explainer("validate", path).err == f"{counted}: no errors\n"


def test_the_catalog_of_the_command_line_is_what_questions_are_answered_from() -> None:
    write_tree(Path(), {**GOOD, "other.yaml": "models:\n  - name: X\n"})
    outcome = explainer("validate", "questions/q.yaml", "--catalog", "other.yaml")
    assert outcome.status == 1
    assert outcome.out.count("Q40") == 2


def test_one_mistake_in_a_file_is_not_many_in_others() -> None:
    question = "question: x\nmodels: [M, N]\npapers: []\n"
    write_tree(
        Path(),
        {"catalogs/c.yaml": "models:\n  - name: M\n  - name: 'N\n", "questions/q.yaml": question},
    )
    assert [
        line.split()[1]
        for line in explainer("validate").out.splitlines()
        if not line.startswith(" ")
    ] == ["Y102"]
    missing = explainer("build", "questions/q.yaml", "--catalog", "nowhere.yaml")
    assert (missing.status, missing.err) == (2, "nowhere.yaml:1:1: F101 no such file\n")


def test_a_question_with_a_mistake_still_has_its_names_looked_up() -> None:
    write_tree(
        Path(),
        {**GOOD, "questions/q.yaml": "question: x\nmodels: [Mm, [y], null]\npaper: []\nid: ../x\n"},
    )
    out = explainer("validate", "questions/q.yaml").out
    codes = [line.split()[1] for line in out.splitlines() if not line.startswith(" ")]
    assert codes == ["Q401", "S203", "S203", "S201", "S207"]


def test_folders_above_the_project_say_nothing_about_its_files() -> None:
    write_tree(Path(), {"questions/project/catalogs/c.yaml": "models: []\n"})
    assert explainer("validate", "questions/project/catalogs").status == 0


def test_a_task_that_many_entries_share_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for the nearest name takes milliseconds: a thousand entries of one unknown task took seven seconds."""
    entries = "".join(f"  - {{name: M{number}, task: deblurr}}\n" for number in range(50))
    write_tree(Path(), {"c.yaml": f"tasks:\n  - id: deblur\nmodels:\n{entries}"})
    words = []

    def suggest(word: str, names: Iterable[str]) -> str | None:
        words.append(word)
        return next(iter(names))

    monkeypatch.setattr(text, "suggest", suggest)
    outcome = explainer("validate", "c.yaml")
    assert outcome.out.count("C303") == outcome.out.count("did you mean 'deblur'?") == 50
    assert words == ["deblurr"]


def test_a_file_that_is_cut_is_judged_by_what_it_was_meant_to_be(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "a.yaml": 'models:\n- name: "A\n',
            "b.yaml": 'question: "Why\nmodels: [a]\n',
            "c.yaml": "papers:\n- title: 'It's'\n",
        },
    )
    outcome = explainer("validate", tmp_path)
    assert outcome.err.endswith("2 catalogs, 1 question, 0 templates: 3 errors\n")
    assert outcome.out.count("Y102") == 3
    assert "S203" not in outcome.out


def test_tasks_that_ship_are_known_beside_those_of_a_catalog(tmp_path: Path) -> None:
    tasks = "tasks:\n  - id: own-task\nmodels:\n"
    models = "".join(
        f"  - {{name: {name}, task: {name}}}\n" for name in ("own-task", "colorization", "no-such")
    )
    write_tree(tmp_path, {"c.yaml": tasks + models})
    assert [
        line for line in explainer("validate", tmp_path).out.splitlines() if "C303" in line
    ] == [f"{tmp_path / 'c.yaml'}:6:27: C303 warning: unknown task 'no-such'"]


def test_outputs_and_manifests_in_a_folder_are_no_questions() -> None:
    write_tree(Path(), GOOD)
    assert explainer("batch", "questions", "--out", "out.jsonl").status == 0
    assert explainer("batch", "questions", "--out", "prompts").status == 0
    outcome = explainer("validate", ".")
    assert (outcome.status, outcome.out) == (0, "")
    counts = "1 catalog, 3 questions, 2 templates: no errors"
    assert outcome.err == f"{counts}; 3 files of lines passed over: no questions\n"
    # a file that is named is read, whatever it holds
    assert "S202 missing key 'question'" in explainer("validate", "out.jsonl").out


def test_a_file_of_lines_whose_first_is_broken_is_judged() -> None:
    for line in ('{"questoin": "How?"}', '{"id": 1', "How?", '["How?"]'):
        write_tree(Path(), {"q.jsonl": f"{line}\n"})
        assert explainer("validate", ".").status == 1, line


def test_where_there_is_nothing_it_is_said_what_was_looked_for() -> None:
    write_tree(Path(), {"a/notes.txt": "", "b/notes.txt": ""})
    outcome = explainer("validate", "a", "b")
    assert outcome.err == (
        "nothing to check in a, b: looked for catalogs and questions (.yaml, .yml, .jsonl) and templates (.j2)\n"
    )


def test_a_question_beside_the_folders_is_not_taken_for_a_checked_one() -> None:
    write_tree(
        Path(), {"catalogs/c.yaml": "models:\n  - name: Own\n", "question.yaml": "question: Why?\n"}
    )
    assert (
        explainer("validate").err
        == "1 catalog, 0 questions, 0 templates: no errors; looked only in catalogs\n"
    )

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.support import ROOT, explainer, shared, write_tree

CATALOG = """\
models:
  - {name: M, github: https://github.com/a/m}
papers:
  - {title: P, paper: https://example.org/p, summary: About.}
"""
QUESTION = "question: Why?\nmodels: [M]\npapers: [P]\n"


def test_the_studio_portrait_comes_out_byte_for_byte() -> None:
    outcome = explainer("build", ROOT / "questions" / "studio-portrait.yaml")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.stdout == shared("seeds", "prompt.txt").read_bytes()


def test_the_skin_shadow_answer_comes_out_byte_for_byte_once_the_seed_is_repaired() -> None:
    ftfy = pytest.importorskip("ftfy")
    lines = shared("seeds", "answer.txt").read_text(encoding="utf-8").split("\n")
    repaired = [ftfy.fix_encoding(line) for line in lines]
    # the first line's space was the last byte of the emoji (A0, a no-break space), so its own space is put back
    repaired[0] = repaired[0].replace("🧠**", "🧠 **")
    outcome = explainer("build", ROOT / "questions" / "skin-shadow.yaml", "--as", "answer")
    assert outcome.status == 0
    assert outcome.out == "\n".join(repaired)
    assert repaired[0] == "🧠 **User Question:**  "


def test_messages_are_chat_json_whose_contents_joined_are_the_text(tmp_path: Path) -> None:
    write_tree(tmp_path, {"catalogs/c.yaml": CATALOG, "q.yaml": QUESTION})
    text = explainer("build", tmp_path / "q.yaml").out
    messages = json.loads(explainer("build", tmp_path / "q.yaml", "--format", "messages").out)
    assert [message["role"] for message in messages] == ["system", "user"]
    assert "".join(message["content"] for message in messages) == text
    assert messages[0]["content"] == "You are an AI scientist.\n\n"


def test_a_question_may_come_from_stdin_or_from_the_command_line(tmp_path: Path) -> None:
    write_tree(tmp_path, {"c.yaml": CATALOG})
    from_stdin = explainer("build", "-", "--catalog", tmp_path / "c.yaml", stdin=QUESTION.encode())
    assert from_stdin.status == 0
    assert '"Why?"' in from_stdin.out
    assert "Model: M" in from_stdin.out


def test_out_writes_a_file_and_nothing_to_stdout(tmp_path: Path) -> None:
    write_tree(tmp_path, {"catalogs/c.yaml": CATALOG, "q.yaml": QUESTION})
    outcome = explainer("build", tmp_path / "q.yaml", "--out", tmp_path / "new" / "p.md")
    assert (outcome.status, outcome.out) == (0, "")
    assert (tmp_path / "new" / "p.md").read_text().startswith("You are an AI scientist.")


@pytest.mark.parametrize(
    ("files", "arguments", "used"),
    [
        ({"catalogs/c.yaml": CATALOG}, [], "catalogs/c.yaml"),
        ({"../../catalogs/c.yaml": CATALOG}, [], "../../catalogs/c.yaml"),
        (
            {"catalogs/c.yaml": "models: []\n", "own.yaml": CATALOG},
            ["catalog: own.yaml\n"],
            "own.yaml",
        ),
        (
            {"catalogs/c.yaml": "models: []\n", "folder/a.yml": CATALOG},
            ["catalog: [folder]\n"],
            "folder/a.yml",
        ),
    ],
)
def test_catalogs_are_found_as_promised(
    tmp_path: Path, files: dict[str, str], arguments: list[str], used: str
) -> None:
    base = tmp_path / "project" / "a" / "b"
    base.mkdir(parents=True)
    write_tree(base, {**files, "q.yaml": QUESTION + "".join(arguments)})
    outcome = explainer("build", base / "q.yaml", "-v")
    assert outcome.status == 0, outcome.err
    assert outcome.err.count("catalog: ") == 1
    assert (
        outcome.err.strip().endswith(str((base / used).resolve()))
        or used.rsplit("/", maxsplit=1)[-1] in outcome.err
    )


def test_catalogs_above_the_projects_root_are_not_taken(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {"catalogs/c.yaml": CATALOG, "project/pyproject.toml": "", "project/q.yaml": QUESTION},
    )
    outcome = explainer("build", tmp_path / "project" / "q.yaml")
    assert outcome.status == 1
    assert "Q401 unknown model 'M'" in outcome.err


def test_the_catalog_of_the_command_line_wins_over_the_questions(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "own.yaml": "models: []\n",
            "given.yaml": CATALOG,
            "q.yaml": QUESTION + "catalog: own.yaml\n",
        },
    )
    assert explainer("build", tmp_path / "q.yaml").status == 1
    assert explainer("build", tmp_path / "q.yaml", "--catalog", tmp_path / "given.yaml").status == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a question file"),
        (["q.yaml", "--text", "x"], "give a question file"),
        (["q.yaml", "--as", "anser"], "did you mean 'answer'?"),
        (["q.yaml", "--format", "mesages"], "did you mean 'messages'?"),
        (["q.yaml", "--template", "promt"], "did you mean 'prompt'?"),
        (
            ["q.yaml", "--template", "answer", "--as", "prompt"],
            "the template 'answer' builds answers",
        ),
        (["q.yaml", "--template", "answer", "--format", "messages"], "is for prompts"),
        (["q.yaml", "--as", "answer", "--format", "messages"], "is for prompts"),
        (["--nope"], "No such option"),
        (["a", "-"], "several questions go to stdout as text"),
        (["a", "b", "--out", "x"], "several questions go to stdout as text"),
        (["a", "b", "--format", "messages"], "several questions go to stdout as text"),
    ],
)
def test_wrong_usage_is_explained_and_ends_with_2(arguments: list[str], message: str) -> None:
    outcome = explainer("build", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err
    assert "Try 'explainer build --help'" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["missing.yaml"], "F101"),
        (["."], "F102"),
        (["/dev/zero"], "F102"),
        (["q.yaml", "--catalog", "missing.yaml"], "F101"),
        (["q.yaml", "--catalog", "empty"], "F106"),
        (["q.yaml", "--template", "./missing.j2"], "F101"),
        (["q.yaml", "--catalog", "c.yaml", "--out", "q.yaml/p.md"], "F105"),
    ],
)
def test_what_cannot_be_read_or_written_ends_with_2(arguments: list[str], code: str) -> None:
    write_tree(Path(), {"q.yaml": QUESTION, "c.yaml": CATALOG, "empty/readme.txt": ""})
    outcome = explainer("build", *arguments)
    assert outcome.status == 2
    assert f" {code} " in outcome.err
    assert outcome.out == ""


def test_bad_input_ends_with_1_and_lists_everything() -> None:
    write_tree(
        Path(), {"q.yaml": "question: x\nmodels: [Mm]\npapers: [Pp]\n", "catalogs/c.yaml": CATALOG}
    )
    outcome = explainer("build", "q.yaml")
    assert outcome.status == 1
    assert outcome.err == (
        "q.yaml:2:10: Q401 unknown model 'Mm'\n    did you mean 'M'?\n"
        "q.yaml:3:10: Q402 unknown paper 'Pp'\n    did you mean 'P'?\n"
    )


def test_findings_speak_json_and_github() -> None:
    write_tree(Path(), {"q.yaml": "question: x\nmodels: [Mm]\n", "catalogs/c.yaml": CATALOG})
    document = json.loads(explainer("build", "q.yaml", "--findings", "json").err)
    assert document["schema"] == "explainer/findings/1"
    assert {
        "file": "q.yaml",
        "line": 2,
        "column": 10,
        "code": "Q401",
        "severity": "error",
    }.items() <= document["findings"][0].items()
    github = explainer("build", "q.yaml", "--findings", "github").err
    assert (
        github
        == "::error file=q.yaml,line=2,col=10,title=Q401::unknown model 'Mm' (did you mean 'M'?)\n"
    )


def test_warnings_fail_only_when_strict() -> None:
    catalog = CATALOG.replace("name: M,", "name: M, deprecated: use N,")
    write_tree(Path(), {"q.yaml": QUESTION, "catalogs/c.yaml": catalog})
    relaxed = explainer("build", "q.yaml")
    assert relaxed.status == 0
    assert "q.yaml:2:10: Q405 warning: 'M' is deprecated: use N" in relaxed.err
    assert relaxed.out
    assert explainer("build", "q.yaml", "--strict").status == 1


def test_a_template_of_ones_own_may_extend_the_built_in_one() -> None:
    template = (
        "{% extends 'builtin/prompt.md.j2' %}{% block system %}You are a poet.\n\n{% endblock %}"
    )
    write_tree(Path(), {"q.yaml": QUESTION, "catalogs/c.yaml": CATALOG, "t/poet.j2": template})
    standard = explainer("build", "q.yaml").out
    outcome = explainer("build", "q.yaml", "--template", "t/poet.j2")
    assert outcome.status == 0, outcome.err
    assert outcome.out == standard.replace("an AI scientist", "a poet")


def test_a_template_that_fails_names_file_and_line_and_ends_with_1() -> None:
    write_tree(
        Path(),
        {"q.yaml": QUESTION, "catalogs/c.yaml": CATALOG, "t.j2": "x\n{{ models[0].titel }}\n"},
    )
    outcome = explainer("build", "q.yaml", "--template", "t.j2")
    assert outcome.status == 1
    assert outcome.err.startswith("t.j2:2:1: T502 ")
    assert outcome.out == ""


def test_with_no_models_their_heading_goes_and_with_no_papers_theirs_stays() -> None:
    write_tree(Path(), {"q.yaml": "question: x\nmodels: []\npapers: []\n"})
    out = explainer("build", "q.yaml").out
    assert "### Recommended AI Models:" not in out
    assert out.endswith("### Related Papers:\n\nAnswer:\n")


def test_a_path_with_dots_has_the_parents_of_where_it_leads() -> None:
    write_tree(Path(), {"w/catalogs/a.yaml": CATALOG, "w/sub/x": "", "q/x.yaml": QUESTION})
    outcome = explainer("build", "w/sub/../../q/x.yaml", "-v")
    assert outcome.status == 1
    assert "w/catalogs/a.yaml" not in outcome.err


def test_a_device_or_a_pipe_is_written_to_and_never_replaced() -> None:
    write_tree(Path(), {"q.yaml": QUESTION, "catalogs/c.yaml": CATALOG})
    os.mkfifo("pipe")
    code = "print(len(open('pipe', 'rb').read()))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as reader:
        assert explainer("build", "q.yaml", "--out", "pipe").status == 0
        assert reader.stdout is not None
        assert int(reader.stdout.read()) == len(explainer("build", "q.yaml").stdout)
    assert Path("pipe").is_fifo()
    outcome = explainer("build", "q.yaml", "--out", "catalogs")
    assert (outcome.status, outcome.err) == (
        2,
        "catalogs:1:1: F105 cannot be written: it is a folder\n",
    )


def test_links_that_run_in_circles_are_read_once() -> None:
    write_tree(Path(), {"q.yaml": QUESTION, "catalogs/c.yaml": CATALOG})
    Path("catalogs/one").symlink_to(".")
    Path("catalogs/two").symlink_to(".")
    outcome = explainer("build", "q.yaml", "-v")
    assert outcome.status == 0
    assert outcome.err == "catalog: catalogs/c.yaml (the nearest catalogs folder)\n"


@pytest.mark.parametrize(
    "source", ['{{ "\\ud800" }}', '{{ "\\x1b[31m" }}', "{{ '%c' % 27 }}", "\x1b[31m"]
)
def test_a_template_cannot_write_what_loading_refuses(source: str) -> None:
    write_tree(Path(), {"q.yaml": QUESTION, "catalogs/c.yaml": CATALOG, "t.j2": source})
    outcome = explainer("build", "q.yaml", "--template", "t.j2")
    assert (outcome.status, outcome.out) == (1, "")
    assert "t.j2:1:1: T504 the template writes U+" in outcome.err


def test_parts_are_named_by_their_path_and_hidden_files_are_not_parts() -> None:
    files = {
        "q.yaml": QUESTION,
        "catalogs/c.yaml": CATALOG,
        "t/.env": "SECRET",
        "t/part.j2": "\n{{ nope }}",
    }
    write_tree(
        Path(), {**files, "t/a.j2": "{% include 'part.j2' %}", "t/b.j2": "{% include '.env' %}"}
    )
    assert explainer("build", "q.yaml", "--template", "t/a.j2").err.startswith(
        "t/part.j2:2:1: T502 "
    )
    assert explainer("build", "q.yaml", "--template", "t/b.j2").err.startswith("t/b.j2:1:1: T509 ")


def test_a_folder_called_builtin_is_not_built_in() -> None:
    template = "{% extends 'builtin/prompt.md.j2' %}"
    write_tree(
        Path(), {"q.yaml": QUESTION, "catalogs/c.yaml": CATALOG, "builtin/prompt.md.j2": template}
    )
    outcome = explainer("build", "q.yaml", "--template", "builtin/prompt.md.j2")
    assert outcome.out == explainer("build", "q.yaml").out


def test_several_questions_follow_each_other_and_a_bad_one_costs_only_itself() -> None:
    write_tree(
        Path(),
        {"catalogs/c.yaml": CATALOG, "a.yaml": QUESTION, "b.yaml": QUESTION.replace("Why", "How")},
    )
    single = [explainer("build", name).out for name in ("a.yaml", "b.yaml")]
    outcome = explainer("build", "a.yaml", "b.yaml")
    assert (outcome.status, outcome.out, outcome.err) == (0, "".join(single), "")
    write_tree(Path(), {"broken.yaml": "question: Why?\nmodels: [Nope]\n"})
    outcome = explainer("build", "a.yaml", "broken.yaml", "b.yaml")
    assert (outcome.status, outcome.out) == (1, "".join(single))
    assert "broken.yaml:2:10: Q401" in outcome.err
    assert explainer("build", "a.yaml", "missing.yaml", "broken.yaml").status == 2


@pytest.mark.parametrize(
    "words",
    [
        ["How", "did", "the", "photo", "get", "colors?"], ["How did the photo get colors?"], ["How did the", "photo get colors"],
        ["Photo", "and/or", "video:", "colors?"],
    ],
)  # fmt: skip
def test_words_are_a_question(words: list[str]) -> None:
    outcome = explainer("build", *words)
    assert outcome.out == explainer("build", "--text", " ".join(words)).out
    assert f'"{" ".join(words)}"' in outcome.out


def test_words_are_no_question_where_there_is_one_already() -> None:
    outcome = explainer("build", "How", "so?", "--text", "Why?")
    assert (outcome.status, outcome.out) == (2, "")


@pytest.mark.parametrize(
    "words", [["nix.yaml"], ["nix"], ["questions/nix"], ["nix.yaml", "two.yaml"], ["a", "b.yaml"]]
)
def test_a_path_that_is_missing_says_so_and_names_text(words: list[str]) -> None:
    outcome = explainer("build", *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert f"{words[0]}:1:1: F101 no such file\n" in outcome.err
    assert f"    to ask in words: explainer build --text '{words[0]}'\n" in outcome.err


def test_a_folder_is_for_batch(tmp_path: Path) -> None:
    outcome = explainer("build", f"{tmp_path}/")
    assert outcome.status == 2
    assert "F102 this is a folder\n" in outcome.err
    assert f"explainer batch {tmp_path} --out DIR\n" in outcome.err


def test_an_ambiguous_name_is_said_with_both_places_and_what_differs() -> None:
    one = "# one\nmodels:\n- {name: Same}\n- {name: X, dataset: a, github: 'https://github.com/a/b'}\n"
    two = "models:\n- {name: Same}\n- {name: X, dataset: b, github: 'https://github.com/a/b', aliases: [y]}\n"
    write_tree(
        Path(),
        {
            "catalogs/one.yaml": one,
            "catalogs/two.yaml": two,
            "q.yaml": "question: Why?\nmodels: [Same, X]\n",
        },
    )
    told = explainer("build", "q.yaml").err
    assert (
        "q.yaml:2:16: Q403 'X' means 2 different entries: those in catalogs/one.yaml:4 and catalogs/two.yaml:3"
        in told
    )
    assert "differ in aliases, dataset\n" in told


@pytest.mark.parametrize("rest", ["models: [A]\n", "", "models: []\npapers: []\n"])
def test_a_catalog_that_is_not_there_is_all_that_is_said(rest: str) -> None:
    write_tree(Path(), {"q.yaml": f"question: Why?\n{rest}"})
    outcome = explainer("build", "q.yaml", "--catalog", "nope.yaml")
    assert (outcome.status, outcome.err) == (2, "nope.yaml:1:1: F101 no such file\n")

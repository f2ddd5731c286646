"""The project file: defaults of options, in every command that has them, with a place for each mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainer import ExplainerError, Project
from explainer.catalogs.settings import parse_settings
from tests.helpers.support import explainer, write_tree

FILES = {
    "data/own.yaml": "models:\n- {name: Own, paper: 'https://example.org/1'}\n- {name: Next, summary: Takes noise out of photos.}\n",
    "data/other.yaml": "models:\n- {name: Own, paper: 'https://example.org/2'}\n- {name: Noisy, summary: Takes noise out of photos.}\n",
    "templates/short.j2": "{{ question }}{% for model in models %} [{{ model.name }}]{% endfor %}\n",
    "questions/named.yaml": "question: How does it work?\nmodels: [Own]\npapers: []\n",
    "questions/open.yaml": "question: How is noise taken out of photos?\npapers: []\n",
}
SETTINGS = 'catalogs = [\n  "data/own.yaml",\n  "data/other.yaml",\n]\ntemplate = "templates/short.j2"\nmodels = 2\nstrict = true\n'


@pytest.fixture(params=["explainer.toml", "pyproject.toml"])
def project(request: pytest.FixtureRequest) -> Path:
    """The working folder, with a project in it."""
    head = (
        "" if request.param == "explainer.toml" else '[project]\nname = "x"\n\n[tool.explainer]\n'
    )
    return write_tree(Path(), FILES | {request.param: head + SETTINGS})


@pytest.mark.usefixtures("project")
def test_no_option_is_typed_twice() -> None:
    done = explainer("build", "questions/open.yaml")
    assert (done.status, done.out) == (0, "How is noise taken out of photos? [Next] [Noisy]")
    assert explainer("build", "--text", "How is noise taken out of photos?").out == done.out
    assert explainer("batch", "questions", "--out", "out").status == 0
    assert Path("out/open.prompt.md").read_text() == done.out
    assert explainer("recommend", "noise in photos").out.count("\n  ") >= 2


@pytest.mark.usefixtures("project")
def test_the_first_catalog_wins() -> None:
    done = explainer("build", "questions/named.yaml", "--template", "prompt")
    assert "https://example.org/1" in done.out


@pytest.mark.usefixtures("project")
def test_what_is_typed_goes_before_the_file() -> None:
    done = explainer("build", "questions/open.yaml", "--models", "1", "--template", "prompt")
    assert done.out.count("Model: ") == 1
    assert (
        "Noisy"
        in explainer(
            "build", "questions/open.yaml", "--catalog", "data/other.yaml", "--models", "1"
        ).out
    )


@pytest.mark.usefixtures("project")
def test_what_a_question_says_goes_before_the_file() -> None:
    write_tree(
        Path(),
        {
            "questions/own.yaml": "question: x y z\ncatalog: ../data/other.yaml\nmodels: [Own]\npapers: []\n"
        },
    )
    assert (
        "https://example.org/2"
        in explainer("build", "questions/own.yaml", "--template", "prompt").out
    )


def test_the_file_is_that_of_the_question_wherever_the_command_runs() -> None:
    write_tree(Path("deep/down"), FILES | {"explainer.toml": SETTINGS})
    assert explainer("build", "deep/down/questions/open.yaml").out.endswith("[Next] [Noisy]")
    assert "built-in" not in explainer("batch", "deep/down/questions", "--out", "out").err
    assert Path("out/open.prompt.md").read_text().endswith("[Next] [Noisy]")


@pytest.mark.usefixtures("project")
def test_strict_holds_everywhere_and_can_be_turned_off() -> None:
    write_tree(Path(), {"questions/twice.yaml": "question: How?\nmodels: [Own, Own]\npapers: []\n"})
    for command in (
        ("build", "questions/twice.yaml"),
        ("validate",),
        ("batch", "questions", "--out", "out"),
    ):
        assert explainer(*command).status == 1, command
        assert explainer(*command, "--no-strict").status == 0, command


@pytest.mark.usefixtures("project")
def test_the_template_is_one_of_prompts() -> None:
    assert "Referenced Models" in explainer("build", "questions/open.yaml", "--as", "answer").out


def test_verbose_says_where_a_value_comes_from() -> None:
    write_tree(Path(), FILES | {"explainer.toml": SETTINGS})
    told = explainer("build", "questions/named.yaml", "-v").err
    assert "template: templates/short.j2 (explainer.toml:5)\n" in told
    assert "strict: true (explainer.toml:7)\n" in told
    assert "catalog: data/own.yaml (explainer.toml:1)\n" in told
    assert "models: " not in explainer("build", "questions/named.yaml", "-v", "--models", "1").err


def test_a_model_is_for_requests_alone() -> None:
    write_tree(Path(), FILES | {"explainer.toml": 'model = "acme-1"\ncatalogs = "data/own.yaml"\n'})
    assert explainer("build", "questions/named.yaml").status == 0
    assert '"acme-1"' in explainer("build", "questions/named.yaml", "--format", "openai-batch").out
    done = explainer("ask", "questions/named.yaml", "--dry-run")
    assert done.status == 0
    assert done.out.startswith("1 question, 1 model,")


MISTAKES = {
    "catalog = 1": ("S201", 1, 1),
    "\n  strict = 'yes'": ("S203", 2, 3),
    "# strict\nstrict = 1979-05-27": ("S203", 2, 1),
    "template = ''": ("S205", 1, 1),
    'template = """\na\nb"""\npapers = 2': ("S206", 1, 1),
    'model = """\nx"""\npapers = 2.5': ("S203", 3, 1),
    "models = -1": ("S208", 1, 1),
    "papers = 1\nmodels = true": ("S203", 2, 1),
    "catalogs = []": ("S208", 1, 1),
    "catalogs = [1]": ("S203", 1, 1),
    "models = 1\nmodels = 2\n": ("Y102", 2, 11),
    "papers = 1\nmodels = [": ("Y102", 2, 1),
    "template = 'promt'": ("F101", 1, 1),
    "papers = 0\ntemplate = 'answer'": ("S208", 2, 1),
    "papers = 0\ncatalogs = ['data/own.yaml', 'data/none.yaml']": ("F101", 2, 1),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_are_findings_with_their_place(text: str) -> None:
    code, line, column = MISTAKES[text]
    write_tree(Path(), FILES | {"explainer.toml": text})
    place = f"explainer.toml:{line}:{column}: {code} "
    done = explainer("build", "questions/named.yaml")
    assert place in done.err
    assert done.status == (2 if code == "F101" else 1)
    assert not done.out
    assert place in explainer("validate").out
    with pytest.raises(ExplainerError, match=code):
        Project().build("questions/named.yaml")


def test_a_project_of_a_stranger_prints_no_file_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hunter2")
    write_tree(Path("theirs"), FILES)
    Path("theirs/templates/link.j2").symlink_to(tmp_path / "secret.txt")
    for template in (str(tmp_path / "secret.txt"), "templates/link.j2", "../" * 9 + "etc/hostname"):
        write_tree(Path("theirs"), {"explainer.toml": f"template = '{template}'\n"})
        done = explainer("build", "theirs/questions/named.yaml")
        assert (done.status, done.out) in {(1, ""), (2, "")}
        assert "explainer.toml:1:1: " in done.err
        assert Project().try_build("theirs/questions/named.yaml").value is None


@pytest.mark.parametrize("text", [
    "[tool]\nexplainer = 1\n", "tool.explainer.bogus = 1\n", "[tool]\nexplainer = {strict = 2}\n", "[tool.explainer]\nnope=1\n",
    '[ tool . "explainer" ]\nnope=1\n', '"tool"."explainer".bogus = 1\n', "tool = {explainer = {bogus = 1}}\n", "['tool']\nexplainer.no = 1\n",
])  # fmt: skip
def test_mistakes_in_a_shared_file_have_their_place(text: str) -> None:
    write_tree(Path(), FILES | {"pyproject.toml": text})
    line = text.count("\n")
    assert f"pyproject.toml:{line}:1: S20" in explainer("build", "questions/named.yaml").err


@pytest.mark.parametrize(
    "text", ["", "[tool.other]\nx = 1\n", "[project]\ndependencies = ['cnaps-explainer']\n[tool]\n"]
)
def test_a_shared_file_without_a_table_of_ours_says_nothing(text: str) -> None:
    write_tree(Path(), FILES | {"pyproject.toml": text, "catalogs/c.yaml": FILES["data/own.yaml"]})
    assert explainer("build", "questions/named.yaml").status == 0


def test_help_comes_also_with_a_file_that_has_mistakes() -> None:
    write_tree(Path(), {"explainer.toml": "strict = 3"})
    assert explainer("build", "--help").status == 0


def test_python_reads_the_same(project: Path) -> None:
    built = Project().build("questions/open.yaml")
    assert built.text == explainer("build", "questions/open.yaml").out
    assert Project().build("questions/open.yaml", models=1).text.endswith("[Next]")
    assert len(Project().recommend("noise in photos").models) == 2
    assert Project().batch("questions", "out").rendered == 2
    write_tree(
        project, {"questions/twice.yaml": "question: How?\nmodels: [Own, Own]\npapers: []\n"}
    )
    assert Project().try_build("questions/twice.yaml").value is None


KEYS = {
    "template": '"prompt"',
    "model": '"""\nm"""',
    "models": "1",
    "papers": "0",
    "strict": "false",
    "catalogs": "[\n'a',\n]",
}


@given(
    keys=st.permutations(list(KEYS)),
    gaps=st.lists(st.sampled_from(["", "# models = 1", "  "]), min_size=6, max_size=6),
)
def test_the_place_of_a_key_is_the_line_that_begins_with_it(
    keys: list[str], gaps: list[str]
) -> None:
    parts = [f"{gap}\n{key} = {KEYS[key]}" for key, gap in zip(keys, gaps, strict=True)]
    text = "\n".join(parts)
    parsed = parse_settings(text, "explainer.toml", "explainer.toml")
    _, document = parsed.unwrap()
    lines = text.split("\n")
    for key in keys:
        place = document.locate((key,), key=True)
        assert lines[place.line - 1].startswith(f"{key} = ")


@pytest.mark.parametrize(("text", "hint"), [
    ('template = "a\\nb"', "write it on one line"),
    ("model = 5", "quote it, so that it stays the text that you wrote"),
])  # fmt: skip
def test_hints_say_what_to_type_in_toml(text: str, hint: str) -> None:
    assert [
        finding.hint
        for finding in parse_settings(text, "explainer.toml", "explainer.toml").findings
    ] == [hint]


def test_hints_say_what_to_type_in_json() -> None:
    write_tree(Path(), {"q.jsonl": '{"question": "How?", "models": "A"}\n"How?"\n'})
    told = explainer("batch", "q.jsonl", "--out", "out").err
    assert 'put it in brackets, as in ["one", "two"]' in told
    assert "write an object with the keys question, " in told


@pytest.mark.parametrize(("template", "expected"), [("evidence", []), ("prompt", ["A206", "A206"])])
def test_links_that_the_template_of_the_project_prints_are_offered(
    template: str, expected: list[str]
) -> None:
    link = "https://huggingface.co/lab/own"
    catalog = f"models:\n- {{name: Own, paper: 'https://example.org/1', huggingface: '{link}'}}\n"
    answer = f"# 1. Task\n\nTo see.\n\n# 2. Workflow\n\nOwn looks: {link}\n\n# 3. References\n\n- Own: {link}\n"
    files = {
        "data/own.yaml": catalog,
        "questions/named.yaml": FILES["questions/named.yaml"],
        "answer.md": answer,
    }
    write_tree(
        Path(),
        files | {"explainer.toml": f'catalogs = ["data/own.yaml"]\ntemplate = "{template}"\n'},
    )
    done = explainer("check", "answer.md", "--question", "questions/named.yaml", "--format", "json")
    assert [finding["code"] for finding in json.loads(done.out)["findings"]] == expected
    report = Project().check(Path("answer.md"), "questions/named.yaml")
    assert [finding.code for finding in report.findings] == expected


def test_questions_are_not_blamed_for_a_mistake_in_the_project_file() -> None:
    write_tree(
        Path(), {"explainer.toml": "modles = 2\n", "catalogs/c.yaml": "models:\n  - name: A\n"}
    )
    write_tree(Path(), {"questions/q.yaml": "question: Why?\nmodels: [A]\npapers: []\n"})
    outcome = explainer("validate")
    assert (
        outcome.out == "explainer.toml:1:1: S201 unknown key 'modles'\n    did you mean 'models'?\n"
    )

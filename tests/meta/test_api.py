from __future__ import annotations

import ast
import pydoc
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

import explainer
import explainer.engines
from tests.helpers.support import ROOT, write_tree
from tests.helpers.support import explainer as command


def test_the_public_api_is_pinned() -> None:
    assert sorted(explainer.__all__) == [
        "BatchResult", "BuildResult", "Built", "Catalog", "CheckReport", "Checked", "CheckedStatement", "Choice", "Citation", "Document", "ExplainerError",
        "Finding", "Fix", "Library", "Link", "LoadedQuestion", "Location", "ModelEntry", "Offered", "OfferedEntry", "OwnLink",
        "PaperEntry", "Parsed", "PortEntry", "Printed", "PrintedEntry", "Project", "Prompt", "PromptContent", "Question",
        "Recommendation", "Recommendations", "Rendering", "Segment", "Severity", "Share", "Signature", "Sources", "Spans", "StatementVerdict", "Task",
        "ValidationReport", "Workflow", "WorkflowStep",
        "__version__", "build_answer", "build_prompt", "check_answer", "load_catalogs", "load_question", "offered_by_prompt",
        "offered_by_question", "parse_catalog", "parse_prompt", "parse_question",
    ]  # fmt: skip
    assert all(getattr(explainer, name).__doc__ for name in explainer.__all__)


@pytest.mark.parametrize("name", sorted(set(explainer.__all__) - {"__version__"}))
def test_python_can_show_help_about_each_name(name: str) -> None:
    """Help evaluates the annotations of some classes: the names in these must be there."""
    assert pydoc.render_doc(getattr(explainer, name))


RESULTS = (
    explainer.Prompt, explainer.CheckReport, explainer.Recommendations, explainer.ValidationReport, explainer.BatchResult,
    explainer.BuildResult, explainer.LoadedQuestion, explainer.PromptContent, explainer.Catalog, explainer.Finding,
)  # fmt: skip


def test_every_type_that_is_reachable_from_a_result_is_public() -> None:
    public = {name: getattr(explainer, name) for name in explainer.__all__}
    waiting, reached = list(RESULTS), set[type]()
    while waiting:
        kind = waiting.pop()
        reached.add(kind)
        hints = get_type_hints(kind, vars(sys.modules[kind.__module__]) | public)
        for hint in [hint for name, hint in hints.items() if not name.startswith("_")]:
            waiting += set(classes_in(hint)) - reached - set(waiting)
    assert {kind.__name__ for kind in reached} <= public.keys()


def classes_in(hint: Any) -> Iterator[type]:
    """The classes of this package that a type mentions."""
    for part in (hint, get_origin(hint), *get_args(hint)):
        if isinstance(part, type) and part.__module__.startswith("explainer."):
            yield part
        elif part is not hint and get_args(part):
            yield from classes_in(part)


PUBLIC_IN = {
    "explainer": set(explainer.__all__),
    "explainer.engines": set(explainer.engines.__all__),
    "explainer.engines.ray": {"check", "recommend", "render"},
    "explainer.engines.spark": {"check", "recommend", "render"},
}
"""What docs and examples may import: a reader takes them for promises."""


def code_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    return "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize(
    "path",
    [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("examples/*.py"))],
    ids=lambda path: path.name,
)
def test_what_docs_and_examples_import_is_public(path: Path) -> None:
    for node in ast.walk(ast.parse(code_of(path))):
        if (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").partition(".")[0] == "explainer"
        ):
            assert {alias.name for alias in node.names} <= PUBLIC_IN[node.module or ""]
        elif isinstance(node, ast.Import):
            ours = {
                alias.name for alias in node.names if alias.name.partition(".")[0] == "explainer"
            }
            assert ours <= PUBLIC_IN.keys()


def project() -> explainer.Project:
    return explainer.Project(ROOT / "catalogs" / "seeds.yaml")


def test_a_project_builds_checks_and_recommends_in_a_line_each() -> None:
    path = ROOT / "questions" / "studio-portrait.yaml"
    prompt = project().build(path)
    assert prompt.text == "".join(message["content"] for message in prompt.messages)
    assert [message["role"] for message in prompt.messages] == ["system", "user"]
    assert [model.name for model in prompt.sources.models] == [
        "Txt2Img-StableDiffusionV1-CyberRealistic"
    ]
    answer = project().build(str(path), as_="answer").text
    report = project().check(answer, path)
    assert (report.grounded, report.id) == (True, "studio-portrait")
    assert not project().check(answer.replace("2502.10663", "2502.10664"), path).grounded
    best = project().recommend("Remove the scratches from an old photo", models=1, papers=0)
    assert (len(best.models), best.papers, best.findings) == (1, (), ())


def test_a_question_may_be_text_a_file_or_a_value() -> None:
    text = "Which model made a portrait from my words?"
    Path("q.yaml").write_text(f"question: {text}\n")
    loaded = explainer.load_question("q.yaml").unwrap()
    assert (
        len(
            {
                project().build(question).text
                for question in (text, "q.yaml", Path("q.yaml"), loaded)
            }
        )
        == 1
    )
    assert project().build(text).choice is not None


def test_a_template_of_ones_own_and_what_is_wrong_with_it() -> None:
    Path("t.md.j2").write_text("Ask: {{ question }}")
    Path("bad.md.j2").write_text("{{ nothing }}")
    assert (
        project().build("Why a portrait?", template="t.md.j2", models=0, papers=0).text
        == "Ask: Why a portrait?"
    )
    tried = project().try_build("Why a portrait?", template=Path("bad.md.j2"), models=0, papers=0)
    assert (tried.value, [finding.code for finding in tried.findings]) == (None, ["T502"])


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: project().build("missing.yaml"), "F101"),
        (lambda: project().check("missing.md", "What is it?"), "F101"),
        (lambda: project().check("An answer.", "missing.yaml"), "F101"),
        (lambda: project().recommend(""), "S205"),
        (lambda: project().batch("missing", "out"), "F101"),
    ],
)
def test_an_error_that_leaves_no_value_is_raised_with_its_findings(
    call: Callable[[], object], code: str
) -> None:
    with pytest.raises(explainer.ExplainerError) as raised:
        call()
    assert [finding.code for finding in raised.value.findings] == [code]


def test_where_nothing_fits_that_is_a_finding_of_the_value() -> None:
    assert [finding.code for finding in project().recommend("xyzzy plugh").findings] == ["Q406"]


def test_a_project_validates() -> None:
    Path("c.yaml").write_text("models: [{name: M, tsk: t}]\n")
    report = project().validate("c.yaml")
    assert (report.catalogs, [finding.code for finding in report.findings]) == (1, ["S201"])


@pytest.mark.parametrize("out", ["out", "out.jsonl"])
def test_a_batch_of_a_project_is_the_batch_of_the_command_line(out: str) -> None:
    write_tree(
        Path(), {"q/a.yaml": "question: Why?\nmodels: []\npapers: []\n", "q/b.yaml": "question: \n"}
    )
    first = project().batch("q", out)
    assert (first.rendered, first.failed, {finding.code for finding in first.findings}) == (
        1,
        1,
        {"S203"},
    )
    outcome = command("batch", "q", "--out", out, "--catalog", ROOT / "catalogs" / "seeds.yaml")
    assert outcome.err.endswith("0 rendered, 1 unchanged, 0 removed, 1 failed\n")


def test_three_lines_of_python_build_a_prompt() -> None:
    from explainer import build_prompt, load_catalogs, load_question

    library = load_catalogs(ROOT / "catalogs" / "seeds.yaml")
    built = build_prompt(
        load_question(ROOT / "questions" / "studio-portrait.yaml"), library
    ).unwrap()
    assert built.text.startswith("You are an AI scientist.")
    assert [model.name for model in built.sources.models] == [
        "Txt2Img-StableDiffusionV1-CyberRealistic"
    ]


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
        assert not explainer.check_answer(
            answer.replace("2502.10663", "2502.10664"), offered
        ).grounded


def test_findings_come_back_as_values() -> None:
    library = explainer.parse_catalog("models: [{name: M}]\n")
    built = explainer.build_answer(
        explainer.parse_question("question: x\nmodels: [N]\npapers: []\n", "q.yaml"), library
    )
    assert built.value is None
    assert [(f.code, str(f.location), f.severity) for f in built.findings] == [
        ("Q401", "q.yaml:2:10", "error")
    ]
    missing = explainer.load_question(Path("nope.yaml"))
    assert [f.code for f in missing.findings] == ["F101"]


def test_unwrapping_what_has_errors_raises_all_of_them() -> None:
    with pytest.raises(explainer.ExplainerError) as raised:
        explainer.parse_catalog("modls: []\npaper: []\n", "c.yaml").unwrap()
    assert len(raised.value.findings) == 2
    assert (
        str(raised.value)
        == "c.yaml:1:1: S201 unknown key 'modls'\nc.yaml:2:1: S201 unknown key 'paper'"
    )


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, explainer; print(sorted({'jinja2', 'pydantic', 'yaml', 'typer', 'rich'} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "[]\n"
    )


def test_a_command_imports_only_what_it_needs() -> None:
    code = (
        "import sys; from explainer.__main__ import run; "
        f"run(['build', {str(ROOT / 'questions' / 'studio-portrait.yaml')!r}]); "
        "print(sorted({'rich', 'markdown_it', 'jsonschema', 'explainer.rendering.isolated', 'explainer.validate'} & set(sys.modules)), file=sys.stderr)"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stderr
        == "[]\n"
    )


def _imported_by(*arguments: str) -> set[str]:
    """The modules that are imported when a command has ended."""
    code = (
        "import sys; from explainer.__main__ import run; "
        "status = run(sys.argv[1:]); print(status or 0, *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    status, *modules = done.stderr.splitlines()[-1].split()
    assert status == "0", done.stderr
    return set(modules)


def test_a_batch_in_which_nothing_changed_reads_no_catalog(tmp_path: Path) -> None:
    (tmp_path / "questions").mkdir()
    (tmp_path / "catalogs").mkdir()
    shutil.copy(ROOT / "questions" / "studio-portrait.yaml", tmp_path / "questions")
    shutil.copy(ROOT / "catalogs" / "seeds.yaml", tmp_path / "catalogs")
    batch = ("batch", str(tmp_path / "questions"), "--out", str(tmp_path / "out"))
    heavy = {"yaml", "jinja2", "explainer.catalogs.schema"}
    assert heavy <= _imported_by(*batch)
    assert heavy.isdisjoint(_imported_by(*batch))


def test_a_check_of_an_answer_renders_nothing(tmp_path: Path) -> None:
    question = str(ROOT / "questions" / "studio-portrait.yaml")
    answer = tmp_path / "answer.md"
    assert "jinja2" in _imported_by("build", question, "--as", "answer", "--out", str(answer))
    assert "jinja2" not in _imported_by("check", str(answer), "--question", question)


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "q.yaml"),
        ("build", "q.yaml", "--as", "answer", "--catalog", "catalogs/seeds.yaml", "--papers", "2"),
        ("build", "How does AI colourise old photos?", "--catalog", "catalogs/seeds.yaml"),
        ("check", "answer.md", "--question", "q.yaml"),
        ("validate", "."),
        ("batch", "q.jsonl", "--out", "out.jsonl", "--jobs", "1"),
        ("recommend", "How does AI colourise old photos?"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_what_is_plainly_right_needs_no_pydantic(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("catalogs").mkdir()
    shutil.copy(ROOT / "catalogs" / "seeds.yaml", "catalogs")
    question = (ROOT / "questions" / "studio-portrait.yaml").read_text("utf-8")
    Path("q.yaml").write_text(question.replace("../catalogs", "catalogs"), "utf-8")
    Path("q.jsonl").write_text('{"question": "How?", "models": [], "papers": []}\n')
    subprocess.run(
        [
            sys.executable,
            "-m",
            "explainer",
            "build",
            "q.yaml",
            "--as",
            "answer",
            "--out",
            "answer.md",
        ],
        check=True,
    )
    assert "pydantic" not in _imported_by(*arguments)

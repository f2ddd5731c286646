from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from explainer.diagnostics.finding import ExplainerError
from explainer.rendering import isolated as isolation
from explainer.rendering.isolated import IsolatedRenderer
from explainer.rendering.renderer import render_context
from explainer.rendering.templates import user_renderer
from explainer.rendering.worker import TemplateFile

CONTEXT = render_context("Why?", [], [])


@contextmanager
def running(source: str, folder: Path | None = None, **builtin: str) -> Iterator[IsolatedRenderer]:
    template = TemplateFile(
        "t.j2",
        folder or Path(),
        source,
        {f"builtin/{name}.md.j2": text for name, text in builtin.items()},
    )
    with IsolatedRenderer(template) as renderer:
        yield renderer


def test_it_renders_like_a_renderer_in_this_process() -> None:
    with running("{% block system %}s\n{% endblock %}{{ question }} “é🧠”") as renderer:
        parts = renderer.render(CONTEXT).unwrap()
    assert [(s.role, s.text) for s in parts.segments] == [("system", "s\n"), ("user", "Why? “é🧠”")]


def test_one_process_serves_a_whole_run() -> None:
    with running("{{ question }}") as renderer:
        renderer.render(CONTEXT)
        first = renderer._process
        assert renderer.render(render_context("Again?", [], [])).unwrap().text == "Again?"
        assert renderer._process is first


@pytest.mark.skipif(os.name == "nt", reason="the kernel's limits are POSIX's")
@pytest.mark.parametrize(
    ("source", "codes"),
    [
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            {"T505"},
        ),
        (
            "{% set ns = namespace(x='x') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
            {"T506"},
        ),
        ("{{ 'x' * 10000000000 }}", {"T506"}),
        ("{% set x = [0] * 1000000000 %}", {"T506"}),
        ("{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}", {"T507"}),
        ("{{ 10 ** (10 ** 8) }}", {"T503"}),
        ("{{ 'x'.rjust(10000000000) }}", {"T506", "T504"}),
        ("{{ '%9999999999d' % 1 }}", {"T504", "T506"}),
        ("{% for i in range(99999) %}{{ range(99999) | sum }}{% endfor %}", {"T505"}),
        ("{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}", {"T504"}),
    ],
)
def test_a_bomb_costs_its_own_process_and_is_a_finding(source: str, codes: set[str]) -> None:
    with running(source) as renderer:
        assert {f.code for f in renderer.render(CONTEXT).findings} & codes


@pytest.mark.parametrize(
    "source",
    [
        "{{ '{%c' % 27 }}",
        "{{ ('{%}c' | replace('}', '')) % 27 }}",
        "{{'%c'%27}}",
        "{% set a = '{%c' %}{{ a%27 }}",
        "{{ '{%c' | format(27) }}",
        "{{ '\\x1b' }}",
    ],
)
def test_a_template_writes_no_control_character_however_it_makes_it(source: str) -> None:
    with running(source) as renderer:
        assert [f.code for f in renderer.render(CONTEXT).findings] == ["T504"]


def test_after_a_bomb_the_next_rendering_gets_a_new_process() -> None:
    bomb = "{% if question == 'bomb' %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{% endif %}ok"
    with running(bomb) as renderer:
        assert renderer.render(render_context("bomb", [], [])).findings
        assert renderer.render(CONTEXT).unwrap().text == "ok"


def test_a_process_that_is_killed_is_a_finding() -> None:
    with running("{{ question }}") as renderer:
        renderer.render(CONTEXT)
        assert renderer._process is not None
        os.kill(renderer._process.pid, signal.SIGKILL)
        assert [f.code for f in renderer.render(CONTEXT).findings] == ["T508"]
        assert renderer.render(CONTEXT).ok


def test_time_on_the_clock_is_bounded_where_the_kernel_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolation, "WALL_SECONDS", 0.4)
    monkeypatch.setattr(isolation, "CPU_SECONDS", 1_000)
    with running(
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    ) as renderer:
        assert [f.code for f in renderer.render(CONTEXT).findings] == ["T505"]


def test_it_includes_from_its_own_folder_and_extends_what_is_built_in(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "part.j2").write_text("part {{ question }}")
    with running("{% include 'sub/part.j2' %}", tmp_path) as renderer:
        assert renderer.render(CONTEXT).unwrap().text == "part Why?"
    with running("{% extends 'builtin/base.md.j2' %}", base="base {{ question }}") as renderer:
        assert renderer.render(CONTEXT).unwrap().text == "base Why?"


@pytest.mark.parametrize(
    "name", ["../secret.j2", "/etc/hostname", "link.j2", "sub/../../secret.j2", "missing.j2"]
)
def test_it_reads_nothing_outside_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.j2").write_text("SECRET")
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "link.j2").symlink_to(tmp_path / "secret.j2")
    with running(f"{{% include '{name}' %}}", folder) as renderer:
        parsed = renderer.render(CONTEXT)
    assert [f.code for f in parsed.findings] == ["T509"]


def test_no_process_is_left_behind() -> None:
    with running("{{ question }}") as renderer:
        renderer.render(CONTEXT)
        process = renderer._process
        assert process is not None
    assert process.poll() is not None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_template_may_lie_at_a_path_that_is_no_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"t\xff")
    folder.mkdir()
    (folder / "part.j2").write_text("included", "utf-8")
    path = folder / os.fsdecode(b"\xff.j2")
    path.write_text("{{ question }} {% include 'part.j2' %}{{ nope }}", "utf-8")
    with user_renderer(path).unwrap() as renderer:
        (finding,) = renderer.render(CONTEXT).findings
    assert finding.code == "T502"
    assert finding.location.file.endswith("\\xff.j2")


def test_an_entry_that_comes_again_is_sent_once_and_prints_the_same_each_time() -> None:
    entries = [{"name": f"name {number} " + "é" * number} for number in range(40)]
    contexts = [render_context("Why?", entries[number % 7 :: 5], []) for number in range(300)]
    with running("{% for model in models %}{{ model.name }}, {% endfor %}") as renderer:
        for _ in range(2):
            texts = [rendered.unwrap().text for rendered in renderer.render_all(contexts)]
            assert texts == [
                "".join(f"{model['name']}, " for model in context["models"]) for context in contexts
            ]


def test_what_a_template_prints_of_any_question_is_known_beforehand() -> None:
    with running(
        "{% for model in models %}{{ model.name }}{% if model.bad %}{{ model.nope }}{% endif %}, {% endfor %}{{ question }}"
    ) as renderer:
        outline = renderer.outline
        assert outline is not None
        assert outline.cases[False, False].text.count("question") == 1
        assert outline.printed(0, {"name": "a", "bad": False}) == "a, "
        with pytest.raises(ExplainerError, match="nope"):
            outline.printed(0, {"name": "a", "bad": True})
        first = renderer._process
        assert outline.printed(0, {"name": "b", "bad": False}) == "b, "
        assert renderer._process is first  # what fails costs nobody the process
    with running("{% for model in models %}{{ '%c' % 27 }}{% endfor %}{{ question }}") as renderer:
        assert renderer.outline is not None
        with pytest.raises(ExplainerError, match="not allowed"):
            renderer.outline.printed(0, {})
    with running("{{ loop }}") as renderer:
        assert renderer.outline is None
        assert [f.code for f in renderer.render(CONTEXT).findings] == ["T502"]

from __future__ import annotations

from pathlib import Path

import pytest

from explainer.rendering.renderer import asks_for_workflow
from explainer.rendering.templates import BUILTIN_TEMPLATES, builtin_renderer, user_renderer


@pytest.mark.parametrize(
    ("files", "asks"),
    [
        ({"t": "{{ question }}"}, False),
        ({"t": "a workflow of tasks and ports {{ question }} workflow"}, False),
        ({"t": "{# workflow #}{{ question }}"}, False),
        ({"t": "{{ workflow.mermaid }}"}, True),
        ({"t": "{%- for task in tasks -%}x{% endfor %}"}, True),
        ({"t": "{% include 'part' %}", "part": "{{ ports }}"}, True),
        ({"t": "{% include 'part' %}", "part": "{{ question }}"}, False),
        ({"t": "{% extends 't' %}"}, False),
        ({"t": "{% include 'gone' %}"}, False),
        ({"t": "{% include question %}"}, True),
        ({"t": "{% include ['a', 'b'] %}"}, True),
        ({"t": "{{ workflow"}, True),
        ({}, False),
    ],
)
def test_a_template_asks_with_a_tag(files: dict[str, str], asks: bool) -> None:
    assert asks_for_workflow("t", files.get) is asks


def test_a_text_of_braces_is_read_in_linear_time() -> None:
    assert asks_for_workflow("t", {"t": "{{ " * 200_000 + "%}" * 100_000}.get) is False


def test_the_seeds_templates_do_not_ask() -> None:
    assert {name: builtin_renderer(name).asks for name in BUILTIN_TEMPLATES} == {
        "prompt": False, "evidence": True, "answer": False, "workflow": True, "typed": True,
    }  # fmt: skip


def test_a_template_of_ones_own_asks_through_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "part.j2").write_text("{{ tasks }}", encoding="utf-8")
    for name, source, asks in (
        ("a.j2", "{% include 'part.j2' %}", True),
        ("b.j2", "{% extends 'builtin/typed.md.j2' %}", True),
        ("c.j2", "{% extends 'builtin/prompt.md.j2' %}", False),
        ("d.j2", "{% include '../part.j2' %}", False),
    ):
        (tmp_path / name).write_text(source, encoding="utf-8")
        assert user_renderer(tmp_path / name).unwrap().asks is asks

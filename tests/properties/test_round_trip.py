"""The layout holds: what was rendered comes back, whatever strangers wrote, by two parsers that share no code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from explainer.catalogs.schema import ModelEntry, PaperEntry
from explainer.rendering.layout import parse_prompt
from explainer.rendering.renderer import entry_data, render_context
from explainer.rendering.templates import builtin_renderer
from tests.helpers import second_parser
from tests.helpers.strategies import layout_text, models, papers
from tests.helpers.support import examples, shared

PROMPT = builtin_renderer("prompt")
ANSWER = builtin_renderer("answer")
MARKDOWN = MarkdownIt("commonmark")


def render(
    question: str,
    offered_models: list[ModelEntry],
    offered_papers: list[PaperEntry],
    kind: str = "prompt",
) -> str:
    context = render_context(
        question, [entry_data(m) for m in offered_models], [entry_data(p) for p in offered_papers]
    )
    return (PROMPT if kind == "prompt" else ANSWER).render(context).unwrap().text


def headings(text: str) -> list[str]:
    tokens = MARKDOWN.parse(text)
    return [
        tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"
    ]


@settings(max_examples=examples(500, 20_000))
@given(layout_text(), st.lists(models(), max_size=2), st.lists(papers(), max_size=3))
def test_what_was_rendered_comes_back(
    question: str, offered_models: list[ModelEntry], offered_papers: list[PaperEntry]
) -> None:
    text = render(question, offered_models, offered_papers)
    expected = (
        question,
        [(m.name, m.paper, m.github, None) for m in offered_models],
        [(p.title, p.paper, p.github, p.summary) for p in offered_papers],
    )
    parsed = parse_prompt(text)
    assert parsed.findings == ()
    assert parsed.value is not None
    content = parsed.value
    assert expected == (
        content.question,
        [(m.name, m.paper, m.github, m.summary) for m in content.models],
        [(p.name, p.paper, p.github, p.summary) for p in content.papers],
    )
    second = second_parser.read(text)
    assert expected == (
        second.question,
        [tuple(m) for m in second.models],
        [tuple(p) for p in second.papers],
    )


@settings(max_examples=examples(500, 10_000))
@given(layout_text(), st.lists(models(), max_size=2), st.lists(papers(), max_size=2))
@example("x\n- ", [], [])
@example("x\n\n> y\n> - ", [], [PaperEntry(title="t", summary="x\n- ")])
def test_a_reader_of_markdown_sees_the_templates_headings_and_no_others(
    question: str, offered_models: list[ModelEntry], offered_papers: list[PaperEntry]
) -> None:
    prompt = (["Recommended AI Models:"] if offered_models else []) + ["Related Papers:"]
    assert headings(render(question, offered_models, offered_papers)) == prompt
    answer = headings(render(question, offered_models, offered_papers, "answer"))
    assert [heading[:2] for heading in answer] == ["1.", "2.", "3."]


@settings(max_examples=examples(200, 5_000))
@given(layout_text())
@example("x\n\\ ### y")
@example("x\n\\ ### ü")
def test_the_answer_skeleton_holds_the_question_too(question: str) -> None:
    text = render(question, [], [], "answer")
    body = text.removeprefix('🧠 **User Question:**  \n"').split('"\n\n---\n\n### 1. What task', 1)[
        0
    ]
    assert second_parser.undo(body) == question


def test_rendering_changes_no_byte_of_the_corpus() -> None:
    texts: list[str] = []
    for name, keys in (
        ("models", ("summary",)),
        ("papers", ("summary",)),
        ("questions_dev", ("question",)),
        ("golden", ("question",)),
    ):
        for line in shared("corpus", f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            texts += [record[key] for key in keys if record[key]]
    for text in texts:
        assert f"\nSummary: {text}\n" in render("x", [], [PaperEntry(title="t", summary=text)])
        assert f'\n"{text}"\n' in render(text, [], [])


@pytest.mark.parametrize("kind", ["prompt", "answer"])
def test_the_golden_corpus_comes_out_byte_for_byte(kind: str, tmp_path: Path) -> None:
    import yaml

    from tests.helpers.support import explainer

    golden = [
        json.loads(line)
        for line in shared("corpus", "golden.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for case in golden:
        if case[kind] is None:
            continue
        catalog = {"models": case["models"], "papers": case["papers"]}
        (tmp_path / "catalog.yaml").write_text(
            yaml.safe_dump(catalog, allow_unicode=True), encoding="utf-8"
        )
        question = {
            "question": case["question"],
            "models": [model["name"] for model in case["models"]],
            "papers": [paper["title"] for paper in case["papers"]],
            "catalog": "catalog.yaml",
        }
        (tmp_path / "q.yaml").write_text(
            yaml.safe_dump(question, allow_unicode=True), encoding="utf-8"
        )
        outcome = explainer("build", tmp_path / "q.yaml", "--as", kind)
        assert outcome.status == 0, outcome.err
        assert outcome.stdout == case[kind].encode()

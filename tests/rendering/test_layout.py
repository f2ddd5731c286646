from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from explainer.rendering.layout import neutralise, parse_prompt, restore
from tests.helpers.strategies import layout_text
from tests.helpers.support import examples


@pytest.mark.parametrize(
    "line",
    [
        "### Related Papers:", "# x", "#", "   ## x", "\t# x", "> # x", "- # x", "1. # x", "* > 2) ### x",
        "Answer:", "answer :", "ANSWER:", "**Answer:**", "**Answer**:", "- **Model**: x", "Model: x", "Paper: x", "GitHub:",
        "Summary: x", "### Answer:", "Ans\u200bwer:", "Ａｎｓｗｅｒ：", "＃ x", "Model：",
        "```", "~~~~", "> ```python", "---", "===", "-", "=", "--- ", "- ", "> - ",
        "<!-- x", "<h3>x</h3>", "</h1>", "<hr>", "<script>", "<pre>", "<![CDATA[", "<?php", "<!DOCTYPE html>", "<style",
        "A user has asked the following question:", "Based on the following recommended models, explain:",
        "\\# x", "\\\\Answer:", "  \\### x",
    ],
)  # fmt: skip
def test_a_line_that_reads_as_layout_gets_one_backslash_and_loses_it(line: str) -> None:
    text = f"first\n{line}\nlast"
    safe = neutralise(text)
    assert len(safe) == len(text) + 1
    assert safe.replace("\\", "") == text.replace("\\", "")
    assert restore(safe) == text


@pytest.mark.parametrize(
    "line",
    ["", "plain", "#hashtag", "a # b", "1.5 million", "- item", "1. item", "Model maker", "The answer: 42", "modelling: x",
     "a --- b", "-- x", "<b>bold</b>", "<3", "`code`", "\\alpha", "\\begin{x}", "* * *", "C# is fine", "“Answer”", "回答：是"],
)  # fmt: skip
def test_harmless_lines_are_left_exactly_as_they_are(line: str) -> None:
    assert neutralise(f"first\n{line}\nlast") == f"first\n{line}\nlast"


def test_the_first_line_is_never_touched() -> None:
    assert neutralise("# x") == "# x"
    assert neutralise("Answer: y\nplain") == "Answer: y\nplain"


@settings(max_examples=examples(500, 20_000))
@given(layout_text())
@example("a\n\\")
@example("a\n \\ \\# x")
def test_neutralising_can_always_be_undone(text: str) -> None:
    assert restore(neutralise(text)) == text


@pytest.mark.parametrize("char", list("#-=`~<>*_ \\.:1\t"))
def test_a_megabyte_of_one_character_is_no_trouble(char: str) -> None:
    text = "x\n" + char * 1_000_000 + "y"
    assert restore(neutralise(text)) == text


PROMPT = """\
A user has asked the following question:
"Why?"

Based on the following recommended models, explain:

### Recommended AI Models:
Model: M
Paper: None
GitHub: https://github.com/a/b

### Related Papers:
Model: P
Paper: https://example.org
Summary: one
two

Model: Q
Paper: None


Answer:
"""


def test_a_prompt_is_read_back() -> None:
    content = parse_prompt(PROMPT).unwrap()
    assert content.question == "Why?"
    assert [(m.name, m.paper, m.github) for m in content.models] == [
        ("M", None, "https://github.com/a/b")
    ]
    assert [(p.name, p.summary, p.line) for p in content.papers] == [
        ("P", "one\ntwo", 12),
        ("Q", None, 17),
    ]


def test_crlf_and_a_missing_last_line_break_are_forgiven() -> None:
    assert parse_prompt(PROMPT.replace("\n", "\r\n")).unwrap() == parse_prompt(PROMPT).unwrap()
    assert parse_prompt(PROMPT.rstrip("\n")).unwrap() == parse_prompt(PROMPT).unwrap()


@pytest.mark.parametrize(
    ("cut", "code"),
    [
        ("A user has asked the following question:\n", "P601"),
        ("Based on the following recommended models, explain:\n", "P601"),
        ("### Related Papers:\n", "P601"),
        ("\nAnswer:\n", "P601"),
        ('"', "P601"),
    ],
)
def test_what_is_missing_is_named(cut: str, code: str) -> None:
    assert code in [f.code for f in parse_prompt(PROMPT.replace(cut, "", 1)).findings]


def test_a_stray_line_is_a_finding_with_its_line() -> None:
    parsed = parse_prompt(PROMPT.replace("Paper: None\nGitHub", "Paper: None\nTwitter: x\nGitHub"))
    assert [(f.code, f.location.line) for f in parsed.findings] == [("P602", 9), ("P602", 10)]


@given(st.text())
def test_any_text_can_be_read_without_a_traceback(text: str) -> None:
    assert parse_prompt(text).findings

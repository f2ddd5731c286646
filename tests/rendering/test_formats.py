from __future__ import annotations

import json

import jinja2
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.rendering.formats import (
    FORMATS,
    NO_OPTIONS,
    Output,
    Rendering,
    Segment,
    json_escape,
    promptfoo_config,
)
from tests.helpers.support import examples

TEXT = st.lists(
    st.sampled_from(
        ["{", "}", "%", "#", "'", "file://", "f", "ile://", "prompt", " ", "\n", "-", "raw", "x"]
    )
).map("".join)


def variable(text: str) -> str:
    line = FORMATS["promptfoo"].line
    assert line is not None
    value: str = json.loads(
        line(Output("q", "q.1", Rendering((Segment("user", text),))), NO_OPTIONS)
    )["vars"]["prompt"]
    return value


@given(text=TEXT)
@settings(max_examples=examples(150, 2_000))
def test_a_variable_of_promptfoo_renders_to_exactly_its_text(text: str) -> None:
    """Jinja reads these templates as Nunjucks does, but for a comment's end alone, which is an error there."""
    template = variable(text)
    assert (
        jinja2.Environment(keep_trailing_newline=True).from_string(template).render(prompt="no")
        == text
    )
    assert not template.startswith("file://")
    assert "#}" not in template
    assert variable(text) == text or "{{ '" in template


def test_a_pattern_of_promptfoo_stands_in_a_list_and_a_file_does_not() -> None:
    assert yaml.safe_load(promptfoo_config("**/*.json", pattern=True))["tests"] == [
        "file://**/*.json"
    ]
    assert yaml.safe_load(promptfoo_config("odd [*].jsonl"))["tests"] == "file://odd [*].jsonl"


@given(text=st.text())
@settings(max_examples=examples(200, 2_000))
def test_a_text_stands_in_a_line_as_json_writes_it(text: str) -> None:
    assert b'"' + json_escape(text) + b'"' == json.dumps(text, ensure_ascii=False).encode()


def test_each_character_stands_in_a_line_as_json_writes_it() -> None:
    text = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF)
    assert b'"' + json_escape(text) + b'"' == json.dumps(text, ensure_ascii=False).encode()

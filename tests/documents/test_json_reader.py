from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainer.documents.json_reader import read_json_line


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ('{"a": 1, "a": 2}', "Y103", 10),
        ('{"x": [{"a": 1}, {"b": "a", "b": 2}]}', "Y103", 29),
        ('{"a": }', "Y102", 7),
        ("", "Y109", 1),
        ("   ", "Y109", 1),
        ('{"a": NaN}', "Y102", 1),
        ('{"a": ' + "1" * 5000 + "}", "Y102", 1),
        ("[" * 100_000, "Y106", 1),
        ('{"a": "\\u202e"}', "Y108", 7),
        ('{"a": "x\\r\\ny"}', "Y108", 7),
        ('{"a": "\\ud800"}', "Y108", 7),
        ('{"a": ["x", "\\u200b"]}', "Y111", 13),
    ],
)
def test_every_refusal_has_a_code_and_a_position(text: str, code: str, column: int) -> None:
    document = read_json_line(text, "f.jsonl", 7)
    assert [(f.code, f.location.line, f.location.column) for f in document.findings] == [
        (code, 7, column)
    ]


def test_brackets_inside_texts_are_not_depth() -> None:
    document = read_json_line(json.dumps({"a": "[{" * 50}), "f")
    assert not document.findings
    assert document.data == {"a": "[{" * 50}


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(_json, st.booleans())
def test_every_value_is_found_where_it_stands(data: object, ascii_only: bool) -> None:
    text = json.dumps(data, ensure_ascii=ascii_only)
    document = read_json_line(text, "f", 3)

    def walk(value: object, path: tuple[str | int, ...]) -> None:
        location = document.locate(path)
        assert location.line == 3
        decoded, _ = json.JSONDecoder().raw_decode(text, location.column - 1)
        assert decoded == value
        for step, inner in (
            value.items()
            if isinstance(value, dict)
            else enumerate(value if isinstance(value, list) else ())
        ):
            walk(inner, (*path, step))

    walk(data, ())

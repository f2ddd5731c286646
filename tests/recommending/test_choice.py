from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.documents.yaml_reader import read_yaml
from explainer.recommending.choice import insert_choice
from tests.helpers.support import examples

NAMES = {"models": ["M: one"], "papers": ['P "two"', "P three"]}


def pinned(text: str, names: dict[str, list[str]] = NAMES) -> str | None:
    return insert_choice(text, "q.yaml", names).value


def test_what_is_missing_is_added_at_the_end_and_the_rest_stays() -> None:
    text = "# mine\nquestion: Why?  # really\nid: q\n"
    assert (
        pinned(text) == text + 'models:\n  - "M: one"\npapers:\n  - "P \\"two\\""\n  - "P three"\n'
    )


def test_a_key_without_a_value_is_filled_where_it_stands() -> None:
    text = "models: null  # to do\nquestion: Why?\npapers:\n"
    assert pinned(text) == (
        'models:  # to do\n  - "M: one"\nquestion: Why?\npapers:\n  - "P \\"two\\""\n  - "P three"\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "question: Why?",
        "question: |\n  Why?\n\n\n",
        "question: Why?\r\nid: q\r\n",
        "  question: a\n",
    ],
)
def test_endings_and_indents_of_any_kind_do(text: str) -> None:
    result = pinned(text)
    assert result is not None
    assert read_yaml(result, "q.yaml").data == {**read_yaml(text, "q.yaml").data, **NAMES}


@pytest.mark.parametrize(
    "key", ['"models": ~', "models:", "'models' :   null   # soon", "models: # soon"]
)
def test_an_empty_key_may_be_written_in_any_way(key: str) -> None:
    text = f"question: Why?\n{key}\nid: q\n"
    assert read_yaml(pinned(text, {"models": ["M"]}) or "", "q.yaml").data == {
        "question": "Why?",
        "models": ["M"],
        "id": "q",
    }
    assert read_yaml(pinned(text, {"models": []}) or "", "q.yaml").data == {
        "question": "Why?",
        "models": [],
        "id": "q",
    }
    assert ("# soon" in (pinned(text, {"models": ["M"]}) or "")) is ("# soon" in key)


def test_nothing_chosen_is_an_empty_list() -> None:
    assert pinned("question: Why?\n", {"models": []}) == "question: Why?\nmodels: []\n"


@pytest.mark.parametrize("text", ["{question: Why?}\n", "question: Why?\n...\n"])
def test_what_cannot_be_edited_safely_is_left_alone(text: str) -> None:
    result = insert_choice(text, "q.yaml", NAMES)
    assert result.value is None
    assert [finding.code for finding in result.findings] == ["Q409"]


@settings(max_examples=examples(100, 2_000))
@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Cn", "Zl", "Zp")), min_size=1))
def test_any_name_comes_back_as_it_was(name: str) -> None:
    result = pinned("question: Why?\n", {"models": [name]})
    assert result is not None
    assert read_yaml(result, "q.yaml").data["models"] == [name]

"""What is plainly right is read without the rules of Pydantic; both ways must say the same of everything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from explainer.catalogs.parsing import read_value
from explainer.catalogs.schema import (
    Catalog,
    ModelEntry,
    PaperEntry,
    PortEntry,
    Question,
    SchemaValue,
    Task,
)
from explainer.catalogs.validation import RULES, validate_value
from explainer.documents.document import Document
from tests.helpers.support import examples

TEXTS = st.sampled_from(
    [
        "", " ", "a", "Txt2Img", "Img", "3D", "a b", "a\nb", "\n", "a\n", "\na", "画像", "é", "a\u0301", "\u00a0", "a\u00a0b",
        "\u200b", "\x1c", "\x1f\x1f", "\x85", "\u2028", "a\u2028b", "\ufeffa", "\x00", "\x7f", "\ud800", "a\udfaa", "🧠", "x/y",
        "x//y", "/x", "x/", ".x", "x.", "_x", "-x", "x" * 40, "x" * 41, "x" * 200, "x" * 201, "X" * 40, "X" * 41, "ko", "KO",
        "kor", "korea", "https://example.org", "HTTP://example.org/a?b#c", "https://", "https:///a", "https://a b.org",
        "https://u@example.org", "https://example.org/a\\b", 'https://example.org/"', "https://example.org/<", "https://é.org/é",
        "https://example.org:80/{a}|b~", "https://example.org/a\n", "https://example.org`", "https://[::1]/", "2020", "02020",
        "٢٠٢٠", "true", "null",
    ]
)  # fmt: skip
SCALARS = TEXTS | st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        -1,
        1799,
        1800,
        2020,
        2999,
        3000,
        2020.0,
        2020.5,
        10**30,
        float("inf"),
    ]
)
ANY = st.recursive(
    SCALARS,
    lambda items: (
        st.lists(items, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "ko", "K", 1]), items, max_size=2)
    ),
    max_leaves=4,
)


def data_of(shape: type[Struct]) -> st.SearchStrategy[dict[Any, Any]]:
    """Data that is mostly right for a shape: each key with a value of its kind, or of any other."""
    values: dict[str, st.SearchStrategy[Any]] = {}
    for field in fields(shape):
        values[field.name] = TEXTS | st.lists(TEXTS, max_size=3) | ANY
    nested: dict[str, type[SchemaValue]] = {
        "models": ModelEntry,
        "papers": PaperEntry,
        "tasks": Task,
        "ports": PortEntry,
    }
    if shape in (Catalog, Question):
        for key, item in nested.items():
            if key in values:
                values[key] = st.lists(data_of(item) | TEXTS, max_size=2) | ANY
    if "vocabulary" in values:
        values["vocabulary"] = st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2), max_size=2) | ANY
    required = {field.name: values[field.name] for field in fields(shape) if field.required}
    optional = {name: strategy for name, strategy in values.items() if name not in required}
    known = st.fixed_dictionaries(required, optional=optional)
    return known | st.builds(lambda data, key, value: {**data, key: value}, known, TEXTS, ANY)


@pytest.mark.parametrize("shape", RULES, ids=lambda shape: shape.__name__)
@given(data=st.data())
@settings(max_examples=examples(50, 2_000))
def test_both_ways_say_the_same(shape: type[SchemaValue], data: st.DataObject) -> None:
    written = data.draw(data_of(shape))
    plainly = read_value(Document("f.yaml", written), shape)
    by_rules = validate_value(Document("f.yaml", written), shape)
    assert plainly == by_rules


@pytest.mark.parametrize("shape", RULES, ids=lambda shape: shape.__name__)
def test_shapes_and_rules_have_the_same_keys_and_defaults(shape: type[SchemaValue]) -> None:
    rules = RULES[shape].model_fields
    assert list(rules) == [field.name for field in fields(shape)]
    for field in fields(shape):
        assert rules[field.name].is_required() == field.required
        if not field.required:
            default = field.default if field.default is not NODEFAULT else field.default_factory()
            assert rules[field.name].default == default


@pytest.mark.parametrize("shape", RULES, ids=lambda shape: shape.__name__)
def test_what_people_read_names_no_class_of_rules(shape: type[SchemaValue]) -> None:
    descriptions = (field.description or "" for field in RULES[shape].model_fields.values())
    assert [text for text in descriptions if "Rules" in text] == []

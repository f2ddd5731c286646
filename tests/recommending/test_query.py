from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.recommending.query import Query, stated_scale
from tests.helpers.support import examples


@pytest.mark.parametrize(
    ("question", "scale"),
    [
        ("upscale it 4x", 4),
        ("make my picture 4 times bigger", 4),
        ("a photo twice as large", 2),
        ("double the resolution", 2),
        ("enlarge ×3", 3),
        ("I tripled the size of a drawing", 3),
        ("fourfold enlargement", 4),
        ("eight times larger", 8),
        ("I enlarged it 2.7 times", 0),
        ("I tried twice to talk to it", 0),
        ("it is 4 times faster", 0),
        ("a bigger picture", 0),
    ],
)
def test_a_scale_is_read_where_a_question_speaks_of_enlarging(question: str, scale: int) -> None:
    assert stated_scale(question) == scale


@pytest.mark.parametrize(
    ("question", "dropped", "kept"),
    [
        ("restore it without colouring the sky", "color", "restor"),
        ("a drawing instead of a photo", "photo", "draw"),
        ("deblur, not denoise", "denois", "deblur"),
        ("a song rather than a speech, and fast", "speech", "fast"),
    ],
)
def test_what_follows_a_negation_is_not_wanted(question: str, dropped: str, kept: str) -> None:
    words = Query.of(question).words
    assert dropped not in words
    assert kept in words


@pytest.mark.parametrize(
    "question", ["Why is my photo not sharp?", "not only a sharp photo", "I could not see it sharp"]
)
def test_a_complaint_and_not_only_negate_nothing(question: str) -> None:
    assert "sharp" in Query.of(question).words


@pytest.mark.parametrize("number", ["(13)", "13", "“13”", "1,000", "2.5", "#7", "13:"])
def test_lone_and_quoted_numbers_carry_nothing(number: str) -> None:
    assert Query.of(f"a sharp photo {number}").words == Query.of("a sharp photo").words


def test_the_number_of_a_name_is_a_word() -> None:
    assert "18" in Query.of("resnet-18").words


WORDS = [
    *[
        "not",
        "without",
        "instead",
        "of",
        "rather",
        "than",
        "x",
        "twice",
        "bigger",
        "text",
        "to",
        "image",
        "from",
        ",",
        ".",
        "2",
        "and",
        "(",
        "×",
    ],
    "4 times",
]


@settings(max_examples=examples(200, 5_000))
@given(st.lists(st.sampled_from(WORDS)))
def test_no_words_in_any_order_raise(words: list[str]) -> None:
    query = Query.of(" ".join(words))
    assert Query.of(query.text) == query

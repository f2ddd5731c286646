from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.recommending.bm25f import FieldedIndex
from tests.helpers.support import examples

DOCUMENTS = [
    {"name": ["rain"], "summary": ["water", "water", "sky"]},
    {"name": ["snow"], "summary": ["rain", "cold", "sky"]},
    {"name": ["fog"], "summary": ["sky"]},
]
WEIGHTS = {"name": 3.0, "summary": 1.0}


def test_a_word_in_a_heavier_field_counts_more() -> None:
    first, second, third = FieldedIndex(DOCUMENTS, WEIGHTS).scores(["rain"])
    assert first > second > third == 0


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    index = FieldedIndex(DOCUMENTS, WEIGHTS)
    assert index.score_of("cold", 1) > index.score_of("sky", 1)


def test_a_score_is_the_sum_of_what_its_terms_add() -> None:
    index = FieldedIndex(DOCUMENTS, WEIGHTS)
    question = ["rain", "sky", "cold", "unknown"]
    for number, score in enumerate(index.scores(question)):
        assert score == pytest.approx(sum(index.score_of(term, number) for term in question))


def test_an_index_of_nothing_scores_nothing() -> None:
    assert FieldedIndex([], WEIGHTS).scores(["rain"]) == []
    assert FieldedIndex([{}], WEIGHTS).scores(["rain"]) == [0.0]


def test_a_small_collection_does_not_make_its_only_word_worthless() -> None:
    alone = [{"name": ["rain"]}]
    assert FieldedIndex(alone, WEIGHTS, background=100).scores(["rain"]) > FieldedIndex(alone, WEIGHTS).scores(["rain"])


@settings(max_examples=examples(50, 500))
@given(st.permutations(range(3)))
def test_the_order_of_the_documents_does_not_matter(order: list[int]) -> None:
    shuffled = FieldedIndex([DOCUMENTS[number] for number in order], WEIGHTS).scores(["rain", "sky"])
    straight = FieldedIndex(DOCUMENTS, WEIGHTS).scores(["rain", "sky"])
    assert shuffled == pytest.approx([straight[number] for number in order])

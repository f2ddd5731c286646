from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.recommending.bm25f import FieldedIndex, IndexTables
from tests.helpers.support import examples

DOCUMENTS = [
    {"name": ["rain"], "summary": ["water", "water", "sky"]},
    {"name": ["snow"], "summary": ["rain", "cold", "sky"]},
    {"name": ["fog"], "summary": ["sky"]},
]
WEIGHTS = {"name": 3.0, "summary": 1.0}


def test_a_word_in_a_heavier_field_counts_more() -> None:
    first, second, third = FieldedIndex.of(DOCUMENTS, WEIGHTS).scores(["rain"])
    assert first > second > third == 0


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    index = FieldedIndex.of(DOCUMENTS, WEIGHTS)
    assert index.score_of("cold", 1) > index.score_of("sky", 1)


def test_a_score_is_the_sum_of_what_its_terms_add() -> None:
    index = FieldedIndex.of(DOCUMENTS, WEIGHTS)
    question = ["rain", "sky", "cold", "unknown"]
    for number, score in enumerate(index.scores(question)):
        assert score == pytest.approx(sum(index.score_of(term, number) for term in question))


def test_an_index_of_nothing_scores_nothing() -> None:
    assert FieldedIndex.of([], WEIGHTS).scores(["rain"]) == []
    assert FieldedIndex.of([{}], WEIGHTS).scores(["rain"]) == [0.0]


def test_a_small_collection_does_not_make_its_only_word_worthless() -> None:
    alone = [{"name": ["rain"]}]
    assert FieldedIndex.of(alone, WEIGHTS, background=100).scores(["rain"]) > FieldedIndex.of(
        alone, WEIGHTS
    ).scores(["rain"])


@settings(max_examples=examples(50, 500))
@given(st.permutations(range(3)))
def test_the_order_of_the_documents_does_not_matter(order: list[int]) -> None:
    shuffled = FieldedIndex.of([DOCUMENTS[number] for number in order], WEIGHTS).scores(
        ["rain", "sky"]
    )
    straight = FieldedIndex.of(DOCUMENTS, WEIGHTS).scores(["rain", "sky"])
    assert shuffled == pytest.approx([straight[number] for number in order])


words = st.text("abc가", min_size=1, max_size=3)
documents = st.lists(
    st.fixed_dictionaries(
        {"name": st.lists(words, max_size=4), "summary": st.lists(words, max_size=9)}
    )
)


@settings(max_examples=examples(50, 1000))
@given(documents, st.lists(words, max_size=5))
def test_an_index_that_was_kept_is_the_index(
    collection: list[dict[str, list[str]]], question: list[str]
) -> None:
    fresh = FieldedIndex.of(collection, WEIGHTS)
    kept = FieldedIndex.unpacked(fresh.packed())
    assert list(kept.postings()) == list(fresh.postings())
    assert kept.scores(question) == fresh.scores(question)
    tables = IndexTables()
    tables.get("words", fresh.size, lambda: fresh)
    again = IndexTables.unpacked(tables.packed()).get(
        "words", fresh.size, lambda: FieldedIndex(0, ())
    )
    assert again.packed() == fresh.packed()


@settings(max_examples=examples(50, 1000))
@given(st.integers(0, 200), st.binary(max_size=9), st.integers(0, 9))
def test_bytes_that_are_no_index_are_refused_or_answer_like_one(
    place: int, instead: bytes, cut: int
) -> None:
    data = FieldedIndex.of(DOCUMENTS, WEIGHTS).packed()
    damaged = data[:place] + instead + data[place + cut :]
    try:
        index = FieldedIndex.unpacked(damaged)
    except ValueError:
        return
    assert len(index.scores(["rain", "sky"])) == index.size
    with suppress(ValueError):
        IndexTables.unpacked(damaged)


def test_an_index_of_another_number_of_documents_is_made_anew() -> None:
    fresh = FieldedIndex.of(DOCUMENTS, WEIGHTS)
    assert (
        IndexTables({"words": FieldedIndex.of([], WEIGHTS)}).get("words", 3, lambda: fresh) is fresh
    )

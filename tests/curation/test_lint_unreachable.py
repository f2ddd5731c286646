"""What is never recommended, found quickly: the verdict is the recommender's own on every entry."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer import project as api
from explainer.catalogs.catalog import parse_catalog
from explainer.catalogs.library import Library
from explainer.catalogs.schema import ModelEntry
from explainer.curation.lint.links import near_equal, near_keys
from explainer.curation.lint.unreachable import UnreachableFinder
from explainer.recommending.recommend import Recommender, suffices
from tests.helpers.support import ROOT, examples

WORDS = [
    "photo",
    "picture",
    "blurry",
    "sharp",
    "rain",
    "snow",
    "voice",
    "word",
    "video",
    "cat",
    "dog",
    "tree",
    "house",
    "red",
    "blue",
    "tiny",
    "fast",
    "old",
    "paint",
    "box",
]
DEPTH = 5


def finder_of(recommender: Recommender) -> UnreachableFinder[ModelEntry]:
    ranking: Any = recommender.models
    return UnreachableFinder(ranking, DEPTH, partial(suffices, ranking))


def asks(recommender: Recommender, entry: ModelEntry) -> dict[str, bool]:
    """Each example of an entry, and whether it leads to it."""
    found = {}
    for question in entry.examples:
        choice = recommender.recommend(question, models=DEPTH, papers=0)
        found[question] = any(one.entry.label == entry.label for one in choice.models)
    return found


def catalog_of(rows: list[tuple[int, int, list[list[str]]]]) -> Library:
    entries = ""
    for number, (family, task, asked) in enumerate(rows):
        shown = ", ".join(f"how {' '.join(one)}" for one in asked)
        entries += f"  - {{name: Net{family} {number}x, task: t{task}, examples: [{shown}]}}\n"
    tasks = "tasks:\n  - {id: t0, description: rain and snow}\n  - {id: t1, aliases: [blurry picture, old photo]}\n"
    return Library([parse_catalog(f"models:\n{entries}{tasks}", "c").unwrap()])


QUESTION = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5)
ROW = st.tuples(st.integers(0, 3), st.integers(0, 3), st.lists(QUESTION, min_size=1, max_size=2))


@settings(max_examples=examples(40, 1_000))
@given(st.lists(ROW, min_size=1, max_size=40))
def test_what_is_said_without_asking_is_what_the_recommender_says(rows: list[tuple[int, int, list[list[str]]]]) -> None:
    library = catalog_of(rows)
    recommender = Recommender(library)
    finder = finder_of(recommender)
    for entry in library.models:
        found = asks(recommender, entry)
        for question in entry.examples:
            said = finder.is_found(entry, [question], lambda _: False)
            assert found[question] or not said, (entry.label, question)
        assert finder.is_found(entry, entry.examples, found.__getitem__) is any(found.values())


def test_nearly_all_of_the_shipped_entries_are_settled_without_asking() -> None:
    library = api.load_catalogs(ROOT / "catalogs").unwrap()
    recommender = Recommender(library)
    finder = finder_of(recommender)
    open_cases = [
        entry.label for entry in library.models if not finder.is_found(entry, entry.examples, lambda _: False)
    ]
    assert len(open_cases) * 20 <= len(recommender.models)
    assert all(any(asks(recommender, entry).values()) for entry in library.models if entry.label not in open_cases)


NAME = st.lists(st.sampled_from(["Real", "ESRGAN", "restoration", "restoratoin", "x", "2", "denoiser"]), max_size=4)


@settings(max_examples=examples(200, 5_000))
@given(NAME, NAME, st.sampled_from(["-", "_", " "]))
def test_nearly_equal_names_have_a_key_in_common(one: list[str], other: list[str], mark: str) -> None:
    first, second = "-".join(one), mark.join(other)
    if near_equal(first, second):
        assert set(near_keys(first)) & set(near_keys(second))


@pytest.mark.parametrize(
    ("one", "other"),
    [("denoiser", "denoisr"), ("denoiser", "denoiset"), ("denoiser", "denosier"), ("Real-ESRGAN", "real esrgan"), ("b-a", "a b")],
)  # fmt: skip
def test_a_slip_at_any_place_leaves_a_key_in_common(one: str, other: str) -> None:
    assert near_equal(one, other)
    assert set(near_keys(one)) & set(near_keys(other))

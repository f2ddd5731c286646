from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainer.catalogs.library import Library
from explainer.catalogs.loading import load_catalog
from explainer.recommending.intent import clauses_of
from explainer.recommending.recommend import Recommender
from tests.helpers.support import ROOT


@cache
def recommender() -> Recommender:
    return Recommender(
        Library(
            [load_catalog(path).unwrap() for path in sorted((ROOT / "catalogs").glob("*.yaml"))]
        )
    )


@pytest.mark.parametrize(
    ("question", "tasks"),
    [
        ("Dictate my notes and summarise them", ["asr", "text-to-text"]),
        ("I want to dictate my notes, and then to summarise them.", ["asr", "text-to-text"]),
        ("Transcribe the interview and translate it into German", ["asr", "text-to-text"]),
        ("How can I transcribe and translate my interview?", ["asr", "text-to-text"]),
        ("Describe this picture and read the description aloud", ["image-captioning", "tts"]),
        ("Sharpen my blurry photo and add colour to it", ["deblur", "colorization"]),
        ("Denoise the night shot; then enlarge it four times", ["denoise", "super-resolution"]),
        (
            "How can I make a picture from my poem and turn it into a 3D figure?",
            ["text-to-image", "image-to-3d"],
        ),
        ("Can a computer listen to my podcast and write a summary of it?", ["asr", "text-to-text"]),
        (
            "Generate a portrait from my description and swap my face into it",
            ["text-to-image", "face-edit"],
        ),
        ("Recognise my speech and turn it into text", ["asr"]),
        ("I typed a sentence and it came out blurry, how do I sharpen the photo?", ["deblur"]),
    ],
)
def test_each_step_that_a_question_asks_for_gets_a_model_that_takes_what_comes_before(
    question: str, tasks: list[str]
) -> None:
    choice = recommender().recommend(question, models=1, papers=3)
    assert [chosen.entry.task for chosen in choice.models] == tasks
    assert len(choice.papers) == 3
    for before, behind in zip(choice.models, choice.models[1:], strict=False):
        assert (before.entry.signature or "").rpartition("2")[2] in (
            behind.entry.signature or ""
        ).partition("2")[0]


def test_questions_about_one_thing_stay_whole() -> None:
    for name in ("lay_questions", "shipped_questions", "blunt_questions"):
        for line in (
            (ROOT / "tests" / "data" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        ):
            question = json.loads(line)["question"]
            assert len(recommender().recommend(question, models=1, papers=0).models) < 2, question


def test_papers_stand_for_all_steps() -> None:
    choice = recommender().recommend("Dictate my notes and summarise them", models=1, papers=3)
    assert {chosen.entry.task for chosen in choice.papers} == {"asr", "text-to-text"}


@given(
    st.lists(
        st.sampled_from(["turn", "and", "then", "it", "photo", ",", ".", "into", "describe", ";"]),
        max_size=30,
    )
)
def test_clauses_are_words_of_the_question_and_none_is_empty(words: list[str]) -> None:
    for clause in clauses_of(" ".join(words)):
        assert clause
        assert {*clause} <= {*words, "it"}

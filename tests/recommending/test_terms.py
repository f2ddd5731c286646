from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from explainer.recommending.terms import term, terms, words
from tests.helpers.support import examples


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("colourise", "colorize"),
        ("colourisation", "colorization"),
        ("analysed", "analyzed"),
        ("greyscale", "grayscale"),
        ("centres", "centers"),
        ("labelling", "labeling"),
        ("artefacts", "artifacts"),
        ("neighbours", "neighbors"),
    ],
)
def test_british_and_american_spellings_are_one_term(british: str, american: str) -> None:
    assert term(british) == term(american)


@pytest.mark.parametrize(
    "word", ["exercise", "promise", "noise", "precise", "wise", "four", "hour", "our"]
)
def test_words_that_only_look_british_stay_as_they_are(word: str) -> None:
    assert "z" not in term(word)
    assert term("four") != term("for")


def test_names_are_split_at_camel_case_and_digits_and_kept_whole() -> None:
    found = terms("Txt2Img SwinIR")
    assert {"txt2img", "txt", "img", "swinir", "swin", "ir"} <= set(found)


def test_a_multiplication_sign_is_an_x() -> None:
    assert words("4× bigger") == ["4x", "bigger"]


def test_the_words_of_asking_are_dropped() -> None:
    assert terms("How does the AI do that? Can you explain how it works?") == []


def test_accents_do_not_matter() -> None:
    assert term("naïve") == term("naive")


@settings(max_examples=examples(200, 5_000))
@given(st.text())
@example("ー")
def test_any_text_has_terms_that_are_not_empty(text: str) -> None:
    assert all(terms(text))

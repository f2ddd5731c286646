from __future__ import annotations

import pytest

from explainer import parse_catalog
from explainer.recommending.recommend import Recommender
from explainer.recommending.terms import readings

KNOWN = {"pictur": 9, "restor": 5, "reston": 1, "sharp": 2, "check": 7}


@pytest.mark.parametrize("slip", ["pcitur", "pixtur", "picttur", "pictor", "picturo"])
def test_one_slip_is_read_as_the_word_that_was_meant(slip: str) -> None:
    assert readings([slip], lambda term: KNOWN.get(term, 0)) == {slip: "pictur"}


@pytest.mark.parametrize(
    "term", ["pictur", "xictur", "pcitru", "shar", "cheek", "colour2", "", "цвета"]
)
def test_known_short_and_far_words_stay(term: str) -> None:
    assert readings([term], lambda term: KNOWN.get(term, 0)) == {}


def test_of_two_words_the_one_that_is_used_more_is_meant() -> None:
    assert readings(["restoo"], lambda term: KNOWN.get(term, 0)) == {"restoo": "restor"}


def test_a_corrected_word_is_said_in_the_reason() -> None:
    text = "models: [{name: A, task: t, summary: It sharpens blurry portraits.}]\ntasks: [{id: t, aliases: [blurry]}]\n"
    recommender = Recommender(parse_catalog(text).unwrap())
    (model,) = recommender.recommend("sharpen a blurrry portrait", papers=0).models
    assert "“blurrry” was read as “blurry”" in model.why


NAMES = "models: [{name: A, task: t, summary: It matches blurry portraits.}]\ntasks: [{id: t, aliases: [match]}]\n"


@pytest.mark.parametrize(
    "question", ["match the portrait of Portrail and me", "mein altes Porträt ist nur noch Matsch"]
)
def test_a_name_and_a_word_of_another_language_are_no_slips(question: str) -> None:
    recommender = Recommender(parse_catalog(NAMES).unwrap())
    for model in recommender.recommend(question, papers=0).models:
        assert "was read as “" not in model.why


def test_a_question_in_title_case_has_no_names_and_its_slips_are_corrected() -> None:
    recommender = Recommender(parse_catalog(NAMES).unwrap())
    (model,) = recommender.recommend("Match My Blurrry Portraits", papers=0).models
    assert "“Blurrry” was read as “blurry”" in model.why


def test_a_word_that_only_papers_know_is_no_slip_of_one_that_models_know() -> None:
    text = NAMES + "papers: [{title: Blurrry fields, task: t}]\n"
    recommender = Recommender(parse_catalog(text).unwrap())
    (model,) = recommender.recommend("match a blurrry portrait", papers=0).models
    assert "was read as" not in model.why

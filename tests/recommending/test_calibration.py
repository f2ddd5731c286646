from __future__ import annotations

import json

import pytest
import yaml

from explainer import load_catalogs
from explainer.recommending.calibration import LENGTHS, MEAN_SIZES, Calibration
from explainer.recommending.query import Query
from explainer.recommending.recommend import Recommender
from tests.helpers.support import ROOT

DATA = ROOT / "tests" / "data"


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return Recommender(load_catalogs(ROOT / "catalogs").unwrap())


def questions(name: str) -> list[str]:
    return [
        json.loads(line)["question"]
        for line in (DATA / name).read_text(encoding="utf-8").splitlines()
    ]


def offers(recommender: Recommender, question: str) -> bool:
    choice = recommender.recommend(question, models=1, papers=3)
    return bool(choice.models or choice.papers)


def first_of(recommender: Recommender, question: str) -> list[str]:
    models = recommender.recommend(question, models=1, papers=0).models
    return [recommendation.entry.label for recommendation in models] or [""]


@pytest.mark.parametrize(
    "question",
    ["How do I boil an egg?", "Who won the cup?", "When must I hand in my tax return this year?"],
)
def test_a_question_about_something_else_is_offered_nothing(
    recommender: Recommender, question: str
) -> None:
    assert not offers(recommender, question)


def test_most_questions_about_something_else_are_offered_nothing(recommender: Recommender) -> None:
    asked = questions("off_topic_questions.jsonl")
    one_liners, stories = asked[:40], asked[40:]
    assert sum(not offers(recommender, question) for question in one_liners) >= 34
    assert sum(not offers(recommender, question) for question in stories) >= 4


def test_questions_in_both_styles_about_something_else_are_offered_nothing(
    recommender: Recommender,
) -> None:
    asked = questions("everyday_questions.jsonl")
    how_do_i, statements = asked[:30], asked[30:]
    assert sum(not offers(recommender, question) for question in how_do_i) >= 28
    assert sum(not offers(recommender, question) for question in statements) >= 26


@pytest.mark.parametrize(
    "file", ["lay_questions.jsonl", "blunt_questions.jsonl", "everyday_questions.jsonl"]
)
def test_numbers_punctuation_and_politeness_change_no_answer(
    recommender: Recommender, file: str
) -> None:
    for question in questions(file):
        (first,) = first_of(recommender, question)
        for variant in (
            f"{question} (13)",
            f"{question.rstrip('?.')}!!",
            f"Dear Sir, please tell me: {question} Thanks!",
        ):
            assert first_of(recommender, variant) == [first], variant


def test_every_question_that_belongs_is_offered_something(recommender: Recommender) -> None:
    shipped = [
        yaml.safe_load(file.read_text(encoding="utf-8"))["question"]
        for file in ROOT.glob("questions/*.yaml")
    ]
    refused = [
        one for one in [*questions("lay_questions.jsonl"), *shipped] if not offers(recommender, one)
    ]
    assert refused == []


def test_the_mean_sizes_are_those_of_the_calibration_questions() -> None:
    sizes: list[int] = []

    def reaches(question: Query) -> float:
        sizes.append(len(question.words))
        return 0.0

    for length, mean_size in MEAN_SIZES.items():
        sizes.clear()
        Calibration(reaches).bar_of(length)
        assert sum(sizes) / len(sizes) == pytest.approx(mean_size)


def test_a_longer_question_must_reach_what_longer_questions_reach_by_chance() -> None:
    sizes: list[int] = []

    def reaches(question: Query) -> float:
        sizes.append(len(question.words))
        return float(len(question.words))

    calibration = Calibration(reaches)
    bars = [calibration.bar(size) for size in (1, 6, 12, 24, 48, 500)]
    assert bars == sorted(bars)
    assert bars[0] < bars[-1]
    assert len(sizes) == len(LENGTHS) * 80
    assert calibration.bar(1) == bars[0]
    assert len(sizes) == len(LENGTHS) * 80  # asked once

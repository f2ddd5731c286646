from __future__ import annotations

import pytest

from explainer.recommending.bm25f import FieldedIndex
from explainer.recommending.intent import LEAST_LOG, PRIOR_WEIGHT, TaskCounter, TaskPrior
from explainer.recommending.terms import terms

PHRASES = [("rain", "drizzle"), ("sound", "rain in the microphone"), ("nobody",)]


def prior(tasks: tuple[int, ...] = (0, 1)) -> TaskPrior:
    counter = TaskCounter(PHRASES, ["when the train leaves"])
    counter.add(0, terms("rain and drizzle spoilt the picture"))
    counter.add(-1, terms("microphone microphone"))
    return TaskPrior(
        FieldedIndex(len(PHRASES) + 1, counter.postings().items()).postings_of,
        counter.offsets(),
        tasks,
    )


def test_the_likeliest_task_loses_nothing_and_the_others_lose() -> None:
    scores = prior().scores(terms("drizzle in my picture"))
    assert scores[0] == 0 > scores[1]
    assert prior().scores(terms("microphone"))[1] == 0 > prior().scores(terms("microphone"))[0]


def test_an_entry_without_a_task_loses_what_tasks_lose_on_average() -> None:
    scores = prior().scores(terms("drizzle"))
    assert scores[-1] == pytest.approx((scores[0] + scores[1]) / 2)


def test_a_task_that_no_entry_has_is_not_compared() -> None:
    assert prior((1,)).scores(terms("drizzle")) == [0, 0, 0, 0]


def test_a_question_is_about_a_task_or_about_other_topics() -> None:
    assert (
        prior().odds(terms("drizzle"), 0) > 0 > prior().odds(terms("when does my train leave"), 0)
    )
    assert prior().odds(["sourdough"], 0) == 0


def test_words_that_nobody_knows_say_nothing() -> None:
    assert prior().scores(["sourdough"]) == [0, 0, 0, 0]


def test_no_task_loses_more_than_the_most() -> None:
    assert (
        min(prior().scores(terms("rain drizzle spoilt picture") * 99)) >= PRIOR_WEIGHT * LEAST_LOG
    )

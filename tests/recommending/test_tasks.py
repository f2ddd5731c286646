from __future__ import annotations

import pytest

from explainer.catalogs.schema import Task
from explainer.recommending.intent import Taxonomy
from explainer.recommending.terms import terms

TASKS = (
    Task(id="weather-removal", aliases=("Weather Removal", "rain streaks")),
    Task(id="super-resolution", aliases=("SISR", "upscale")),
)


@pytest.mark.parametrize(
    ("label", "number"),
    [
        ("weather-removal", 0),
        ("weather_removal", 0),
        ("WeatherRemoval", 0),
        ("SISR", 1),
        ("SISR Any", 1),
        ("something else", None),
        ("", None),
    ],
)
def test_a_label_means_the_task_that_it_names_or_begins_to_name(label: str, number: int | None) -> None:
    assert Taxonomy(TASKS).find(label) == number


def test_lay_words_find_the_task() -> None:
    scores = Taxonomy(TASKS).scores(terms("the rain spoilt my picture"))
    assert scores[0] > scores[1] == 0


def test_a_task_of_the_same_id_adds_its_words() -> None:
    taxonomy = Taxonomy([Task(id="weather-removal", description="Mine."), *TASKS])
    assert [task.id for task in taxonomy.tasks] == ["weather-removal", "super-resolution"]
    assert taxonomy.tasks[0].description == "Mine."
    assert taxonomy.find("rain streaks") == 0


def test_a_label_of_thousands_of_words_takes_no_time() -> None:
    assert Taxonomy(TASKS).find("x " * 20_000) is None

from __future__ import annotations

import pytest

from explainer.catalogs.schema import Task
from explainer.recommending.intent import QueryIntent, Taxonomy, leading_signature
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
def test_a_label_means_the_task_that_it_names_or_begins_to_name(
    label: str, number: int | None
) -> None:
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


@pytest.mark.parametrize(
    ("text", "inputs", "outputs"),
    [
        ("Txt2Img", {"Txt"}, {"Img"}),
        ("ImgMsk2Img", {"Img", "Msk"}, {"Img"}),
        ("Voice2Txt", {"Snd"}, {"Txt"}),
        ("Txt2Img-StableDiffusionV1-5", {"Txt"}, {"Img"}),
    ],
)
def test_signatures_are_read(text: str, inputs: set[str], outputs: set[str]) -> None:
    signature = leading_signature(text)
    assert signature is not None
    assert (set(signature.inputs), set(signature.outputs)) == (inputs, outputs)


@pytest.mark.parametrize("text", ["", "Object Tracking", "img2img", "2Img", "SISR-CARN-2x"])
def test_what_is_no_signature_is_none(text: str) -> None:
    assert leading_signature(text) is None


@pytest.mark.parametrize(
    ("question", "fits", "differs"),
    [
        ("I typed a sentence and got a portrait", "Txt2Img", "Img2Txt"),
        ("I uploaded a photo and it wrote a caption", "Img2Txt", "Txt2Snd"),
        ("the recording of my speech became a transcript", "Snd2Txt", "Img2Img"),
    ],
)
def test_what_a_question_has_and_wants_favours_what_fits(
    question: str, fits: str, differs: str
) -> None:
    intent = QueryIntent.of(terms(question))
    assert (
        intent.fit(leading_signature(fits))
        > intent.fit(None)
        == 0
        > intent.fit(leading_signature(differs))
    )


def test_a_question_that_does_not_tell_favours_nobody() -> None:
    assert QueryIntent.of([]).fit(leading_signature("Txt2Img")) == 0

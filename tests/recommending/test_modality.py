from __future__ import annotations

import pytest

from explainer.recommending.intent import QueryIntent, leading_signature
from explainer.recommending.terms import terms


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
def test_what_a_question_has_and_wants_favours_what_fits(question: str, fits: str, differs: str) -> None:
    wish = QueryIntent.of(terms(question))
    assert wish.fit(leading_signature(fits)) > wish.fit(None) == 0 > wish.fit(leading_signature(differs))


def test_a_question_that_does_not_tell_favours_nobody() -> None:
    assert QueryIntent.of([]).fit(leading_signature("Txt2Img")) == 0

from __future__ import annotations

from collections.abc import Iterable

import pytest

from explainer import load_catalogs
from explainer.catalogs.schema import ModelEntry
from explainer.catalogs.signature import Signature
from explainer.recommending.intent import leading_signature
from explainer.recommending.query import Direction, Query
from explainer.recommending.ranking import signature_of, task_label, task_number
from explainer.recommending.recommend import Recommender
from explainer.recommending.terms import tokens_of
from tests.helpers.support import ROOT


def stated(question: str) -> tuple[set[str], set[str]]:
    direction = Query.of(question).direction
    return set(direction.inputs), set(direction.outputs)


@pytest.mark.parametrize(
    ("question", "inputs", "outputs"),
    [
        ("text to speech", "Txt", "Snd"),
        ("speech to text", "Snd", "Txt"),
        ("image-to-text", "Img", "Txt"),
        ("text → image", "Txt", "Img"),
        ("turn a sketch into a real photo", "Img", "Img"),
        ("How did it turn my voice message into written text?", "Snd", "Txt"),
        ("make a film from a photo", "Img", "Vid"),
        ("get the text out of a picture", "Img", "Txt"),
        ("from text to image", "Txt", "Img"),
        ("from a photo to a film", "Img", "Vid"),
        ("text and image to image", "Txt Img", "Img"),
        ("describe this picture", "Img", "Txt"),
        ("caption my video clip", "Vid", "Txt"),
        ("transcribe an interview", "Snd", "Txt"),
        ("animate a drawing", "Img", "Vid"),
        ("read my email aloud", "Txt", "Snd"),
        ("a computer that reads the newspaper to me", "Txt", "Snd"),
        ("ask a photo how many people are in it", "Img Txt", "Txt"),
        ("txt2img", "Txt", "Img"),
        ("speech2text", "Snd", "Txt"),
        ("ImgMsk2Img for my holiday", "Img Msk", "Img"),
        ("text 2 speech", "Txt", "Snd"),
        ("remove the text from a photo", "Img", "Img"),
        ("add music to a silent film", "Vid", ""),
        ("text to image, not image to text", "Txt", "Img"),
        ("not text to speech but speech to text", "Snd", "Txt"),
        ("image to text instead of text to image", "Img", "Txt"),
    ],
)
def test_a_direction_is_read_in_the_order_of_the_words(
    question: str, inputs: str, outputs: str
) -> None:
    assert stated(question) == (set(inputs.split()), set(outputs.split()))


@pytest.mark.parametrize(
    "question",
    [
        "",
        "I listen to the text",
        "How does it know what is in a picture?",
        "I showed the photo to my mother, and the film to nobody",
        "a picture. To speech therapists it means nothing",
    ],
)
def test_where_no_direction_is_stated_none_is_read(question: str) -> None:
    assert not Query.of(question).direction


def test_what_is_stated_must_be_there_and_what_is_not_stated_costs_little() -> None:
    direction = Direction.of(tokens_of("image to image"))
    exact, with_mask, other = map(leading_signature, ("Img2Img", "ImgMsk2Img", "Txt2Img"))
    assert (
        direction.fit(exact)
        == 1
        > direction.fit(with_mask)
        > 0
        > direction.fit(None)
        > direction.fit(other)
    )
    assert direction.fit(leading_signature("Txt2Snd")) == -1


def test_a_kind_of_data_that_no_entry_has_decides_nothing() -> None:
    direction = Direction.of(tokens_of("turn a song into a spreadsheet"))
    assert direction.within([leading_signature("Snd2Txt")]) == Direction(frozenset({"Snd"}))


WORDS = {
    "Img": "picture", "Txt": "text", "Snd": "speech", "Vid": "video", "3D": "3D model", "Msk": "mask",
    "Depth": "depth map", "Pose": "pose", "Box": "bounding boxes", "Tab": "table", "Vec": "embedding",
}  # fmt: skip
FORMS = (
    "{0} to {1}",
    "{0} into {1}",
    "from {0} to {1}",
    "turn {0} into {1}",
    "How does AI turn a {0} into a {1}?",
    "{1} from {0}",
    "make a {1} from a {0}",
    "how can a computer make a {1} out of a {0}",
)


def in_words(ports: Iterable[str]) -> str:
    return " and ".join(WORDS[port] for port in ports)


def effective(recommender: Recommender, entry: ModelEntry) -> Signature | None:
    """The signature of a model, or that by which its task is known."""
    return signature_of(
        entry, task_number(recommender.taxonomy, task_label(entry)), recommender.taxonomy
    )


def test_every_pair_of_ports_that_the_shipped_catalog_serves_is_served() -> None:
    library = load_catalogs(ROOT / "catalogs").unwrap()
    recommender = Recommender(library)
    pairs = set()
    for model in library.models:
        signature = leading_signature(model.signature or "")
        if signature is not None and not model.deprecated:
            pairs.add((signature.inputs, signature.outputs))
            pairs |= {
                ((taken,), (given,)) for taken in signature.inputs for given in signature.outputs
            }
    wrong = []
    for taken, given in sorted(pairs):
        for form in FORMS:
            question = form.format(in_words(taken), in_words(given))
            first = recommender.recommend(question, models=1, papers=0).models
            signature = effective(recommender, first[0].entry) if first else None
            if signature is None or not (
                set(taken) <= set(signature.inputs) and set(given) <= set(signature.outputs)
            ):
                wrong.append((question, first[0].entry.label if first else None))
    assert not wrong, "\n".join(map(str, wrong))

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.catalogs.signature import (
    BUILTIN_PORTS,
    Port,
    Ports,
    Signature,
    SignatureProblem,
    builtin_ports,
    parse_signature,
)
from tests.helpers.support import examples, shared

PLATFORM = {
    "Img2Img": (("Img",), ("Img",)),
    "Txt2Img": (("Txt",), ("Img",)),
    "Img2ImgTxt": (("Img",), ("Img", "Txt")),
    "ImgMsk2Img": (("Img", "Msk"), ("Img",)),
    "Img2Txt": (("Img",), ("Txt",)),
    "Txt2Snd": (("Txt",), ("Snd",)),
    "Txt2Txt": (("Txt",), ("Txt",)),
    "ImgTxt2Img": (("Img", "Txt"), ("Img",)),
    "ImgTxt2Txt": (("Img", "Txt"), ("Txt",)),
    "Snd2Txt": (("Snd",), ("Txt",)),
}
"""The ten signatures of the platform's models."""


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        *PLATFORM.items(),
        ("Txt23D", (("Txt",), ("3D",))),
        ("3D2Img", (("3D",), ("Img",))),
        ("3D23D", (("3D",), ("3D",))),
        ("Vid3D2Depth", (("Vid", "3D"), ("Depth",))),
        ("Voice2Txt", (("Snd",), ("Txt",))),
        ("Text2Voice", (("Txt",), ("Snd",))),
        ("ImgImg2Depth", (("Img", "Img"), ("Depth",))),
    ],
)
def test_a_signature_has_two_sides(
    text: str, sides: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    assert parse_signature(text) == Signature(*sides)


def test_all_signatures_of_the_platform_are_read() -> None:
    lines = shared("corpus", "models.jsonl").read_text(encoding="utf-8").splitlines()
    found = [
        text
        for line in lines
        if isinstance(parse_signature(text := json.loads(line)["category"] or ""), Signature)
    ]
    assert len(found) == 158
    assert set(found) == set(PLATFORM)


@pytest.mark.parametrize(
    ("text", "offset", "wrong", "hint"),
    [
        ("Txt2Immg", 4, "Immg", "did you mean 'Txt2Img'?"),
        ("Imgx2Txt", 0, "Imgx", "did you mean 'Img2Txt'?"),
        ("ImgMks2Img", 3, "Mks", "did you mean 'ImgMsk2Img'?"),
        ("txt2img", 0, "txt", "did you mean 'Txt2Img'?"),
        ("Imgtxt2Img", 0, "Imgtxt", "did you mean 'ImgTxt2Img'?"),
        ("Img 2 Txt", 3, " ", "did you mean 'Img2Txt'?"),
        ("Txt24D", 4, "4D", None),
        ("Txt2Img2Img", 7, "2", None),
        ("Img2", 4, "", None),
        ("2Img", 0, "2Img", None),
        ("Img", 3, "", None),
        ("", 0, "", None),
        ("Object Tracking", 0, "Object", None),
        ("Txt2图", 4, "图", None),
    ],
)
def test_a_fault_says_where_it_is_and_what_was_meant(
    text: str, offset: int, wrong: str, hint: str | None
) -> None:
    fault = parse_signature(text)
    assert isinstance(fault, SignatureProblem)
    assert (fault.offset, fault.text) == (offset, wrong)
    assert hint is None or fault.hint == hint


def test_a_text_that_is_far_too_long_is_refused_at_once() -> None:
    fault = parse_signature("Img" * 100_000 + "2Txt")
    assert isinstance(fault, SignatureProblem)
    assert "at most 200 characters" in fault.message


def test_ports_are_data_that_anybody_adds_to() -> None:
    ports = Ports(
        [Port("Mood", "a mood", ("Feeling", "atmosphere")), Port("Img", "", ("postcard",))]
    )
    assert parse_signature("Img2Mood", ports) == Signature(("Img",), ("Mood",))
    assert parse_signature("Feeling2Txt", ports) == Signature(("Mood",), ("Txt",))
    assert (ports.find("an atmosphere"), ports.find("Postcard"), ports.find("selfie")) == (
        "Mood",
        "Img",
        "Img",
    )
    assert isinstance(parse_signature("Img2Mood"), SignatureProblem)


def test_of_several_readings_the_leftmost_separator_and_the_longest_names_win() -> None:
    ports = Ports(
        [Port("A", "an a"), Port("2B", "a b"), Port("B", "another b"), Port("AB", "both")]
    )
    assert parse_signature("A2B", ports) == Signature(("A",), ("B",))
    assert parse_signature("A22B", ports) == Signature(("A",), ("2B",))
    assert parse_signature("AB2A", ports) == Signature(("AB",), ("A",))
    assert parse_signature("A2B2A", ports) == Signature(("A", "2B"), ("A",))


@pytest.mark.parametrize(
    ("word", "port"),
    [
        ("photo", "Img"),
        ("a photo", "Img"),
        (" My   Picture", "Img"),
        ("Msk", "Msk"),
        ("3d model", "3D"),
        ("words", "Txt"),
    ],
)
def test_lay_words_mean_ports(word: str, port: str) -> None:
    assert builtin_ports().find(word) == port


def test_a_word_that_means_no_port_gets_a_suggestion() -> None:
    assert (builtin_ports().find("fotos"), builtin_ports().suggestion("fotos")) == (None, "photos")


def test_a_longer_name_may_begin_with_a_signature() -> None:
    assert builtin_ports().parse_start("Txt2Img-StableDiffusion") == Signature(("Txt",), ("Img",))
    assert builtin_ports().parse_start("Denoise-SwinIR") is None


_ids = st.sampled_from([port.id for port in BUILTIN_PORTS])
signatures = st.builds(
    Signature,
    st.lists(_ids, min_size=1, max_size=4).map(tuple),
    st.lists(_ids, min_size=1, max_size=3).map(tuple),
)


@given(signatures)
def test_every_signature_is_read_back(signature: Signature) -> None:
    assert parse_signature(str(signature)) == signature


@given(st.text() | st.from_regex(r"(Img|Txt|2|3D|Ms|k|x){0,12}", fullmatch=True))
@settings(max_examples=examples(200, 5000))
def test_any_text_is_a_signature_or_a_fault_inside_it(text: str) -> None:
    read = parse_signature(text)
    if isinstance(read, SignatureProblem):
        assert 0 <= read.offset <= len(text)
        assert text.startswith(read.text, read.offset)


def test_a_text_that_need_not_be_a_signature_costs_no_suggestions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Names of models are tried by the hundred in each recommended prompt: nobody sees why they are none."""
    monkeypatch.setattr(Ports, "_problem", lambda *_: pytest.fail("a problem was put into words"))
    assert [Ports().parse_start(name) for name in ("Denoise-SwinIR", "Txt2Imgx", "2Img")] == [
        None,
        None,
        None,
    ]

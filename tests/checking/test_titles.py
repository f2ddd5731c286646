"""Titles: harmless retyping is equal, everything else stays apart."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainer.checking.titles import NEAR, acronyms, canonical, own_words, similarity, words

SHARED = Path(os.environ.get("EXPLAINER_SHARED", Path(__file__).resolve().parents[3] / "shared"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Attention Is All You Need", "attention is all you need."),
        ("A–B — “C”: D’s", 'a-b - "c": d\'s'),
        ("Café Society", "cafe society"),
        ("R&D in Vision", "R and D in Vision"),
        ("Generation∗", "Generation"),
        ("The {BERT} Model", "the bert model"),
        (r"$\alpha$-OCC", "α-OCC"),
        ("ＦＵＬＬ width", "full width"),
        ("Userâ€™s guide", "User’s guide"),
    ],
)
def test_harmless_retyping_is_equal(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C", "C++"),
        ("C", "C#"),
        ("$α$-OCC", "OCC"),
        ("深度学习", "机器学习"),
        ("が", "か"),
        ("YOLOv3", "YOLOv8"),
        ("Modelling", "Modeling"),
        ("🤗 Transformers", "Transformers"),
        ("कि", "की"),
    ],
)
def test_what_tells_names_apart_stays(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
    assert canonical(one)
    assert canonical(other)


@given(st.text(max_size=80))
def test_the_canonical_form_is_its_own(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)


def test_a_near_miss_is_near_and_another_title_is_not() -> None:
    true = canonical("Human-Centered Evaluation of XAI Methods")
    assert NEAR <= similarity(true, canonical("Human-Centred Evaluation of XAI Models")) < 1
    assert similarity(true, canonical("Attention Is All You Need")) < NEAR


def test_names_are_told_from_terms_of_the_field() -> None:
    assert acronyms("CoIC: a GAN for LLMs with MLS2LoD3 and Self-Supervised CNNs") == [
        "CoIC",
        "MLS2LoD3",
    ]


def test_words_of_a_title_are_found_in_other_forms_and_as_initials() -> None:
    vocabulary = [
        canonical(word)
        for word in words("Removing Reflections with Generative Adversarial Networks")
    ]
    assert own_words("Reflection Removal by GANs", vocabulary) == 1
    assert own_words("Snow Detection", vocabulary) == 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data")
@pytest.mark.parametrize(
    ("file", "key"), [("models", "name"), ("papers", "title"), ("arxiv_papers", "title")]
)
def test_no_two_entries_of_a_catalog_become_one(file: str, key: str) -> None:
    lines = (SHARED / f"corpus/{file}.jsonl").read_text(encoding="utf-8").splitlines()
    names = {json.loads(line)[key] for line in lines}
    folded: dict[str, set[str]] = {}
    for name in names:
        folded.setdefault(canonical(name), set()).add(
            " ".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
        )
    assert all(canonical(name) for name in names)
    assert not {
        form: group
        for form, group in folded.items()
        if len({part.replace(" ", "") for part in group}) > 1
    }

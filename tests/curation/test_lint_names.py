from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.curation.lint_rules import near_equal, near_keys
from tests.helpers.support import examples


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("RealESRGAN_x4plus", "RealESRGAN-x4-plus", True),
        ("Stable Diffusion", "Stable Difusion", True),
        ("VGGT: Visual Geometry", "Visual Geometry - VGGT", True),
        ("Pictures of Cats", "Pictrues of Cats", True),
        ("resnet-18", "resnet-50", False),
        ("yolov8s", "yolov8m", False),
        ("vit-b", "vit-l", False),
        ("MSSNet-RealBlurJ", "MSSNet-RealBlurR", False),
        ("SwinIR-Color", "SwinIR-Gray", False),
    ],
)
def test_siblings_are_not_twins(one: str, other: str, equal: bool) -> None:
    assert near_equal(one, other) is equal
    assert near_equal(other, one) is equal


NAME = st.lists(
    st.sampled_from(["Real", "ESRGAN", "restoration", "restoratoin", "x", "2", "denoiser"]),
    max_size=4,
)


@settings(max_examples=examples(200, 5_000))
@given(NAME, NAME, st.sampled_from(["-", "_", " "]))
def test_nearly_equal_names_have_a_key_in_common(
    one: list[str], other: list[str], mark: str
) -> None:
    first, second = "-".join(one), mark.join(other)
    if near_equal(first, second):
        assert set(near_keys(first)) & set(near_keys(second))


@pytest.mark.parametrize(
    ("one", "other"),
    [("denoiser", "denoisr"), ("denoiser", "denoiset"), ("denoiser", "denosier"), ("Real-ESRGAN", "real esrgan"), ("b-a", "a b")],
)  # fmt: skip
def test_a_slip_at_any_place_leaves_a_key_in_common(one: str, other: str) -> None:
    assert near_equal(one, other)
    assert set(near_keys(one)) & set(near_keys(other))

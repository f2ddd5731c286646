from __future__ import annotations

import pytest

from explainer.curation.lint.links import near_equal
from explainer.curation.lint.text import damage


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Input â†’ Model", [("â†’", "→")]),
        ("ItÃ¢â‚¬â„¢s", [("â‚¬", "€")]),
        ("cafÃ© and donâ€™t", [("Ã©", "é"), ("â€™", "’")]),
        ("ðŸ§\xa0 User", [("ðŸ§\xa0", "🧠")]),
        ("gone \ufffd", [("\ufffd", None)]),
        ("São Paulo, IRMÃ», café, «CAFÉ», Ångström, 20 °C, naïve → “so”", []),
    ],
)
def test_damaged_text_is_told_from_text_with_accents(text: str, found: list[tuple[str, str | None]]) -> None:
    assert [pair for pair in damage(text) if pair in found] == found
    if not found:
        assert list(damage(text)) == []


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

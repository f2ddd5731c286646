from __future__ import annotations

import pytest

from explainer.curating.canonical import arxiv_link, belongs_to, canonical
from explainer.curating.mojibake import damage
from explainer.curating.twins import near_equal


@pytest.mark.parametrize(
    ("url", "short"),
    [
        ("https://github.com/a/b?tab=readme-ov-file", "https://github.com/a/b"),
        ("http://www.github.com/a/b.git/", "https://github.com/a/b"),
        ("https://github.com/a/b/tree/main#usage", "https://github.com/a/b"),
        ("https://github.com/a/b/blob/master/README.md", "https://github.com/a/b"),
        ("https://github.com/a/b/tree/main/configs/x", "https://github.com/a/b/tree/main/configs/x"),
        ("https://hf.co/a/b/tree/main", "https://huggingface.co/a/b"),
        ("https://arxiv.org/abs/2401.10000?context=cs", "https://arxiv.org/abs/2401.10000"),
        ("http://arxiv.org/pdf/2502.10663v1.pdf", "http://arxiv.org/pdf/2502.10663v1.pdf"),
        ("https://x.org/p?utm_source=a&id=1", "https://x.org/p?id=1"),
        ("https://x.org/p?id=1#part", "https://x.org/p?id=1#part"),
    ],
)
def test_links_have_one_short_spelling(url: str, short: str) -> None:
    assert canonical(url) == short
    assert canonical(short) == short


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("https://huggingface.co/a/b", "huggingface"),
        ("https://github.com/a/b", "github"),
        ("https://github.com/a/b/raw/main/paper.pdf", None),
        ("https://arxiv.org/abs/2401.10000", "paper"),
        ("https://huggingface.co/papers/2401.10000", "paper"),
        ("https://a.github.io/b", None),
    ],
)
def test_a_host_tells_where_a_link_belongs(url: str, field: str | None) -> None:
    assert belongs_to(url) == field


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("2401.10000", "https://arxiv.org/abs/2401.10000"),
        ("arXiv:2401.10000v2", "https://arxiv.org/abs/2401.10000v2"),
        ("0704.0001", "https://arxiv.org/abs/0704.0001"),
        ("hep-th/9901001", "https://arxiv.org/abs/hep-th/9901001"),
        ("2401.1", None),
        ("2401.1000", None),
        ("704.0001", None),
        ("12.5", None),
    ],
)
def test_an_id_that_lost_a_zero_is_no_id(text: str, link: str | None) -> None:
    assert arxiv_link(text) == link


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

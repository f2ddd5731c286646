from __future__ import annotations

import gc
import importlib
import pkgutil
import re
import re._parser as parser  # type: ignore[import-not-found]
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

import explainer.catalogs
import explainer.checking
import explainer.recommending
from explainer.diagnostics.text import (
    LazyRegex,
    did_you_mean,
    invisible_characters,
    is_plain,
    lazy_regex,
    printable,
    refused_characters,
    shorten,
    slugify,
    suggest,
    without_case,
)
from tests.hostile.patterns import spellings


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Txt2Img-StableDiffusionV1-CyberRealistic", "txt2img-stablediffusionv1-cyberrealistic"),
        ("VGGT: Visual Geometry Grounded Transformer", "vggt-visual-geometry-grounded-transformer"),
        ("  spaces  ", "spaces"),
        ("画像生成", "画像生成"),
        ("हिन्दी", "हिन्दी"),
        ("نموذج", "نموذج"),
    ],
)
def test_a_slug_is_readable_in_any_script(name: str, slug: str) -> None:
    assert slugify(name) == slug


@pytest.mark.parametrize(
    ("one", "other"),
    [("画像！", "画像？"), ("é", "e\u0301"), ("α→β", "α←β"), ("🧠", "🦊"), ("++", "+")],
)
def test_names_that_differ_outside_ascii_get_different_slugs(one: str, other: str) -> None:
    assert slugify(one) != slugify(other)


@given(st.text())
def test_a_slug_is_never_empty_and_stays_a_slug(name: str) -> None:
    slug = slugify(name)
    assert slug
    assert "/" not in slug
    assert not slug.startswith("-")


@given(st.text())
def test_what_is_printable_cannot_move_a_terminal(text: str) -> None:
    shown = printable(text)
    assert not list(refused_characters(shown))
    assert "\n" not in shown
    assert "\t" not in shown


@pytest.mark.parametrize(
    ("word", "candidates", "expected"),
    [
        ("titel", ["title", "task"], "title"),
        ("CYBERREALISTIC", ["CyberRealistic"], "CyberRealistic"),
        ("REAL", ["REAL: Realism Evaluation of Text-to-Image Generation Models", "Other"],
         "REAL: Realism Evaluation of Text-to-Image Generation Models"),
        ("xyz", ["title"], None),
        ("", ["title"], None),
    ],
)  # fmt: skip
def test_a_suggestion_is_the_nearest_spelling_or_none(
    word: str, candidates: list[str], expected: str | None
) -> None:
    assert suggest(word, candidates) == expected


def test_a_shortened_text_says_that_it_was_cut() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"


def test_a_hint_names_what_was_probably_meant() -> None:
    assert did_you_mean("promt", ["answer", "prompt"]) == "did you mean 'prompt'?"
    assert did_you_mean("xyzzy", ["answer", "prompt"]) is None


@cache
def waiting_expressions() -> list[LazyRegex]:
    for package in (explainer.catalogs, explainer.checking, explainer.recommending):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return [value for value in gc.get_objects() if isinstance(value, LazyRegex)]


def test_every_regular_expression_that_waits_for_its_first_use_is_one() -> None:
    waiting = waiting_expressions()

    assert len(waiting) > 200
    for regex in waiting:
        assert isinstance(regex.flags, int)


def test_every_match_has_what_its_expression_needs() -> None:
    needy = [regex for regex in waiting_expressions() if regex.needs]

    assert len(needy) > 40
    for regex in needy:
        needs = regex.needs
        spelled = spellings(parser.parse(regex.pattern, regex.flags))
        if regex.flags & re.IGNORECASE:
            needs, spelled = tuple(map(without_case, needs)), set(map(without_case, spelled))
        assert needs == regex.needs
        for text in spelled:
            assert any(needed in text for needed in needs), (regex.pattern, text)


@pytest.mark.parametrize("text", ["", "none here", "a see b also", "SEE", "ſee it", "aLSO also"])
def test_an_expression_that_needs_something_gives_what_a_compiled_one_gives(text: str) -> None:
    pattern = re.compile("(s)ee|also", re.IGNORECASE)

    def lazy() -> re.Pattern[str]:
        return lazy_regex(pattern.pattern, pattern.flags, needs=("see", "also"))

    assert str(lazy().search(text)) == str(pattern.search(text))
    assert str(lazy().match(text, 1)) == str(pattern.match(text, 1))
    assert str(lazy().fullmatch(text)) == str(pattern.fullmatch(text))
    assert str(list(lazy().finditer(text))) == str(list(pattern.finditer(text)))
    assert lazy().findall(text) == pattern.findall(text)
    assert lazy().split(text, maxsplit=1) == pattern.split(text, maxsplit=1)
    assert lazy().sub("-", text, count=1) == pattern.sub("-", text, count=1)


def test_what_can_be_printed_is_plain() -> None:
    """Such a text is looked at no more."""
    characters = "".join(filter(str.isprintable, map(chr, range(0x110000))))
    assert not list(refused_characters(characters))
    assert not list(invisible_characters(characters))


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "½ “é” 画 👩\u200d🔬 \u00a0"])
def test_line_breaks_and_spaces_are_plain_too(text: str) -> None:
    assert is_plain(text)

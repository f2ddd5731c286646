"""Phrases that CONTRIBUTING.md retires stay out of what people and language models read: messages, docs and templates."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.support import ROOT

RETIRED = re.compile(
    r"stands? (?:twice|behind|on line|above)\b|\bcan be had\b|(?:folder|response) holds no\b|something else than"
    r"|nothing to say|\b(?:is|are) no (?:date|link|value|field|number)\b"
    r"|what came (?:is|holds)|nothing came|\bsee that\b|\bin hand\b|\bmend(?:ed|s|ing)?\b|\brightly\b",
    re.IGNORECASE,
)


def messages(path: Path) -> Iterator[str]:
    """The texts in a module that may be shown: all but docstrings and comments."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node not in statements
        ):
            yield node.value


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_message_uses_a_retired_phrase(path: Path) -> None:
    assert [text for text in messages(path) if RETIRED.search(text) and " " in text] == []


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "README.md",
        *sorted(ROOT.glob("docs/*.md")),
        *sorted(ROOT.glob("templates/*.j2")),
        *sorted(ROOT.glob("src/**/*.j2")),
    ],
    ids=lambda path: path.name,
)
def test_no_page_uses_a_retired_phrase(path: Path) -> None:
    assert RETIRED.findall(path.read_text(encoding="utf-8")) == []

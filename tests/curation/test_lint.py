"""What is never recommended: the recommender's own verdict on every entry, up to so many entries."""

from __future__ import annotations

from pathlib import Path

import pytest

from explainer.curation import lint_rules
from explainer.curation.lint import CatalogText, lint
from tests.helpers.support import explainer, write_tree

SAME = "".join(
    f"  - {{name: Clear {at}, examples: [Why is my night photo so clean?]}}\n" for at in range(7)
)
CATALOG = CatalogText(Path("c.yaml"), f"models:\n{SAME}")


def test_an_entry_behind_five_others_is_never_recommended() -> None:
    result = lint([CATALOG], ["L709"])
    assert [finding.location.line for finding in result.findings] == [7, 8]
    assert not result.unasked


def test_among_too_many_entries_nothing_is_asked_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lint_rules, "MOST_ASKED", 6)
    result = lint([CATALOG], ["L709"])
    assert (result.findings, result.unasked) == ((), True)
    assert not lint([CATALOG], ["L707"]).unasked
    write_tree(Path(), {"c.yaml": CATALOG.text})
    assert (
        "L709 was not looked for" in explainer("catalog", "lint", "c.yaml", "--ignore", "L710").err
    )

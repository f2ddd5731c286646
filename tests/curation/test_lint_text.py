from __future__ import annotations

import pytest

from explainer.curation.lint_rules import damage


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
def test_damaged_text_is_told_from_text_with_accents(
    text: str, found: list[tuple[str, str | None]]
) -> None:
    assert [pair for pair in damage(text) if pair in found] == found
    if not found:
        assert list(damage(text)) == []

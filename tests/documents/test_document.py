from __future__ import annotations

import pytest

from explainer.documents.document import Lines, line_column


@pytest.mark.parametrize(
    ("text", "index", "expected"),
    [
        ("abc", 0, (1, 1)),
        ("a\nb", 2, (2, 1)),
        ("a\r\nb", 3, (2, 1)),
        ("a\rb", 2, (2, 1)),
        ("é🧠x", 2, (1, 3)),
        ("", 0, (1, 1)),
    ],
)
def test_positions_count_characters_from_one(
    text: str, index: int, expected: tuple[int, int]
) -> None:
    assert line_column(text, index) == expected
    assert Lines(text).index(*expected) == index

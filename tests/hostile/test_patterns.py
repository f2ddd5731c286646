"""Every regular expression of the package in linear time, on texts made to slow it down."""

from __future__ import annotations

import time

import pytest

from tests.helpers.support import slow
from tests.hostile.patterns import Expression, Pump, expressions, pumps, run, text_of
from tests.hostile.support import time_limit

SIZE = 1_024
"""Characters of a text: a pattern that takes the square of that needs some 5 ms for it, a linear one 0.05 ms."""
SUSPICIOUS = 0.001
"""Seconds of CPU for `SIZE` characters from which on it is seen how they grow."""
MOST_GROWTH = 2.9
"""How much longer twice the text may take: 2 if linear, 4 if quadratic."""
SECONDS = 2.0
"""CPU time of a million characters."""

BOUNDED = {
    "checking.reference_lines._BEHIND_NAME": 80,
    "checking.references._TITLE_BEFORE_LINK": 200,
    "checking.evidence.judging._EXAMPLE": 60,
    "checking.rules.sections._OPEN_END": 600,
    "checking.sections._WEAK": 400,
    "checking.evidence.passages._TAG": 4_096,
    "checking.workflow.naming._VERSION": 80,
    "checking.workflow.mermaid._LINKS_WITH_TEXT": 4_096,
    "checking.workflow.mermaid._PASSED_OVER": 4_096,
    "curation.importers.model_card._BEFORE_CODE": 300,
    "curation.importers.model_card._BEFORE_PAPER": 300,
    "catalogs.links._DOI_VIEW": 4_096,
    "catalogs.links._PUBLICATIONS": 4_096,
}
"""Patterns that meet no longer text, or look no further themselves: so many characters."""


def _seconds(expression: Expression, text: str | bytes) -> float:
    begun = time.process_time()
    with time_limit(120):  # by the clock, on a machine that others use as well
        run(expression, text)
    return time.process_time() - begun


def _growth(expression: Expression, pump: Pump, size: int) -> float:
    """How much longer a text of twice the size takes; the best of three pairs, for others use the machine as well."""
    pairs = []
    for _ in range(3):
        short = _seconds(expression, text_of(pump, size, expression))
        pairs.append(_seconds(expression, text_of(pump, 2 * size, expression)) / max(short, 1e-6))
        if pairs[-1] < MOST_GROWTH:
            break
    return min(pairs)


def _suspicious(expression: Expression) -> list[tuple[float, Pump]]:
    """The texts that take longest, the longest first."""
    taken = [
        (_seconds(expression, text_of(pump, SIZE, expression)), pump) for pump in pumps(expression)
    ]
    return sorted((pair for pair in taken if pair[0] > SUSPICIOUS), reverse=True)


@pytest.mark.parametrize("part", range(4))
def test_time_grows_with_the_text(part: int) -> None:
    """Twice the text takes twice the time, whatever is repeated in it."""
    everything = expressions()
    assert len(everything) > 300
    for expression in everything[part::4]:
        if expression.table in BOUNDED:
            continue
        for _, pump in _suspicious(expression)[:3]:
            assert _growth(expression, pump, SIZE) < MOST_GROWTH, (expression.place, pump)


def test_patterns_for_short_texts_are_quick_on_these() -> None:
    everything = expressions()
    assert set(BOUNDED) <= {expression.table for expression in everything}
    for expression in everything:
        for pump in pumps(expression) if expression.table in BOUNDED else ():
            assert (
                _seconds(expression, text_of(pump, BOUNDED[expression.table], expression))
                < SECONDS / 8
            ), pump


@slow
def test_a_million_characters() -> None:
    """The text of each pattern that takes longest at a small size, at the greatest size that an answer may have."""
    for expression in expressions():
        if expression.table not in BOUNDED:
            for _, pump in _suspicious(expression)[:1]:
                assert _seconds(expression, text_of(pump, 1_000_000, expression)) < SECONDS, (
                    expression.place,
                    pump,
                )

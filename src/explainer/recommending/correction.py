"""Words that nobody knows, read as one that is known and differs by one letter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from string import ascii_lowercase
from typing import Final

# A shorter word has too many neighbours.
_SHORTEST: Final = 5


def readings(words: Iterable[str], frequency: Callable[[str], int]) -> dict[str, str]:
    """Return the term that is meant, for each that is not known and has a known neighbour.

    Args:
        words: the terms of a question.
        frequency: how often a term is used; 0 for one that is not known.
    """
    meant: dict[str, str] = {}
    for term in words:
        if len(term) < _SHORTEST or not (term.isascii() and term.isalpha()) or frequency(term):
            continue
        # of several neighbours the one that is used most; in the order of the alphabet among equals
        nearest = min(_neighbours(term), key=lambda neighbour: (-frequency(neighbour), neighbour))
        if frequency(nearest):
            meant[term] = nearest
    return meant


def _neighbours(term: str) -> Iterator[str]:
    """All terms that one slip makes of another; hardly anybody mistypes the first letter."""
    for place in range(1, len(term) + 1):
        before, behind = term[:place], term[place:]
        yield before + behind[1:]
        if len(behind) > 1:
            yield before + behind[1] + behind[0] + behind[2:]
        for letter in ascii_lowercase:
            yield before + letter + behind
            if behind:
                yield before + letter + behind[1:]

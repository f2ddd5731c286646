"""An index of documents with fields, ranked by BM25F, in memory.

BM25F: Robertson, Zaragoza, Taylor, "Simple BM25 extension to multiple weighted fields" (CIKM 2004). The
frequencies of a term in all fields are weighted, each by the length of its field against the average, and added up
before they are saturated once.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

Fields = Mapping[str, Sequence[str] | Counter[str]]
"""The terms of each field of a document, or how often each stands there."""

Postings = tuple["array[int]", "array[float]"]
"""The numbers of the documents that have a term, in ascending order, and what it is worth in each."""


# The two constants of BM25, as in the literature; nothing here gains from others. k1: how slowly the repetition of a
# term stops counting; b: how much a long field is held against a document, from 0 to 1.
SATURATION: Final = 1.2
LENGTH_PENALTY: Final = 0.75
_NOWHERE: Final[Postings] = (array("l"), array("d"))


class FieldedIndex:
    """Terms to the documents that have them, and what each is worth there."""

    def __init__(self, documents: Iterable[Fields], weights: Mapping[str, float], *, background: int = 0) -> None:
        """Index documents, which are numbered from 0 in their order.

        Args:
            documents: the terms of each field; fields without a weight are passed over.
            weights: what one term of a field counts, against 1 in an ordinary one.
            background: judge how rare a term is as if there were at least so many documents.
        """
        collection = list(documents)
        self.size = len(collection)
        averages = {name: _average_length(collection, name) for name in weights}
        self._background = max(self.size, background)
        self._frequencies: dict[str, dict[int, float]] = defaultdict(dict)
        for number, fields in enumerate(collection):
            for term, frequency in _frequencies(fields, weights, averages).items():
                self._frequencies[term][number] = frequency
        self._postings: dict[str, Postings] = {}

    def __contains__(self, term: str) -> bool:
        return term in self._frequencies

    def frequency(self, term: str) -> int:
        """Return how many documents have a term."""
        return len(self._frequencies.get(term, ()))

    def scores(self, terms: Iterable[str]) -> list[float]:
        """Return the score of every document for a query; a repeated term counts each time."""
        totals = [0.0] * self.size
        for term in terms:
            add_postings(totals, self._postings_of(term))
        return totals

    def postings(self) -> Iterable[tuple[str, Postings]]:
        """Return each term with the documents that have it and what it is worth there."""
        for term in self._frequencies:
            yield term, self._postings_of(term)

    def _postings_of(self, term: str) -> Postings:
        """The documents that have a term. Made when first asked for: most terms of a catalog stand in no question."""
        if term not in self._frequencies:
            return _NOWHERE
        if term not in self._postings:
            frequencies = self._frequencies[term]
            weight = rarity(len(frequencies), self._background)
            worths = (weight * frequency / (SATURATION + frequency) for frequency in frequencies.values())
            self._postings[term] = (array("l", frequencies), array("d", worths))
        return self._postings[term]

    def score_of(self, term: str, number: int) -> float:
        """Return what one term adds to the score of one document."""
        return worth_in(self._postings_of(term), number)


def add_postings(totals: list[float], postings: Postings) -> None:
    """Add to the score of each document what a term is worth in it."""
    for number, value in zip(*postings, strict=True):
        totals[number] += value


def worth_in(postings: Postings, number: int) -> float:
    """Return what a term is worth in one document; 0 when it does not have it."""
    numbers, values = postings
    # documents are indexed in the order of their numbers
    place = bisect_left(numbers, number)
    return values[place] if place < len(numbers) and numbers[place] == number else 0.0


def _average_length(documents: Sequence[Fields], name: str) -> float:
    """The average length of a field among the documents that have it; 1 when none has."""
    lengths = [_length(fields[name]) for fields in documents if fields.get(name)]
    return sum(lengths) / max(1, len(lengths)) or 1.0


def _length(terms: Sequence[str] | Counter[str]) -> int:
    return terms.total() if isinstance(terms, Counter) else len(terms)


def _frequencies(fields: Fields, weights: Mapping[str, float], averages: Mapping[str, float]) -> dict[str, float]:
    """The weighted and length-normalised frequency of each term of a document."""
    frequencies: dict[str, float] = {}
    for name, weight in weights.items():
        terms = fields.get(name)
        if not terms:
            continue
        worth = weight / (1 - LENGTH_PENALTY + LENGTH_PENALTY * _length(terms) / averages[name])
        for term, count in Counter(terms).items():
            frequencies[term] = frequencies.get(term, 0.0) + count * worth
    return frequencies


def rarity(containing: int, documents: int) -> float:
    """Return the inverse document frequency of BM25, in the form that is never negative."""
    return math.log(1 + (documents - containing + 0.5) / (containing + 0.5))

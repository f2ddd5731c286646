"""An index of documents with fields, ranked by BM25F, in memory.

BM25F: Robertson, Zaragoza, Taylor, "Simple BM25 extension to multiple weighted fields" (CIKM 2004). The
frequencies of a term in all fields are weighted, each by the length of its field against the average, and added up
before they are saturated once.
"""

from __future__ import annotations

import math
import operator
import struct
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

Fields = Mapping[str, Sequence[str] | Counter[str]]
"""The terms of each field of a document, or how often each stands there."""

Postings = tuple["array[int]", "array[float]"]
"""The numbers of the documents that have a term, in ascending order, and what it is worth in each."""


# The two constants of BM25, as in the literature; nothing here gains from others. k1: how slowly the repetition of a
# term stops counting; b: how much a long field is held against a document, from 0 to 1.
SATURATION: Final = 1.2
LENGTH_PENALTY: Final = 0.75
NOWHERE: Final[Postings] = (array("I"), array("d"))
"""The postings of a term that no document has."""
# What a packed index begins with: how many documents, bytes of words, words and postings there are.
_HEAD: Final = struct.Struct("4I")
_ITEM: Final = array("I").itemsize
# No term is worth so much: of 1,150 shipped entries the most is 6.5, and the least -10.
_MOST_WORTH: Final = 1e3
# What stands before each of several indexes: the lengths of its name and of itself.
_PART: Final = struct.Struct("2I")


class FieldedIndex:
    """Terms to the documents that have them, and what each is worth there.

    All postings stand in two rows of numbers, one term behind the other: so an index is read from a file at once.
    """

    def __init__(self, size: int, postings: Iterable[tuple[str, Postings]]) -> None:
        """Take what was counted.

        Args:
            size: how many documents there are; they are numbered from 0.
            postings: each term with the documents that have it and what it is worth there.
        """
        self.size = size
        self._places: dict[str, int] = {}
        self._ends = array("I", (0,))
        self._numbers = array("I")
        self._values = array("d")
        for term, (numbers, values) in postings:
            self._places[term] = len(self._places)
            self._numbers.extend(numbers)
            self._values.extend(values)
            self._ends.append(len(self._numbers))

    @classmethod
    def of(
        cls, documents: Iterable[Fields], weights: Mapping[str, float], *, background: int = 0
    ) -> FieldedIndex:
        """Index documents, which are numbered from 0 in their order.

        Args:
            documents: the terms of each field; fields without a weight are passed over.
            weights: what one term of a field counts, against 1 in an ordinary one.
            background: judge how rare a term is as if there were at least so many documents.
        """
        collection = list(documents)
        averages = {name: _average_length(collection, name) for name in weights}
        of_terms: dict[str, dict[int, float]] = defaultdict(dict)
        for number, fields in enumerate(collection):
            for term, frequency in _frequencies(fields, weights, averages).items():
                of_terms[term][number] = frequency
        least_size = max(len(collection), background)
        return cls(
            len(collection), ((term, _weighed(row, least_size)) for term, row in of_terms.items())
        )

    def __contains__(self, term: str) -> bool:
        return term in self._places

    def frequency(self, term: str) -> int:
        """Return how many documents have a term."""
        return len(self.postings_of(term)[0])

    def scores(self, terms: Iterable[str]) -> list[float]:
        """Return the score of every document for a query; a repeated term counts each time."""
        totals = [0.0] * self.size
        for term in terms:
            add_postings(totals, self.postings_of(term))
        return totals

    def postings(self) -> Iterable[tuple[str, Postings]]:
        """Return each term with the documents that have it and what it is worth there."""
        return zip(self._places, map(self.postings_of, self._places), strict=True)

    def postings_of(self, term: str) -> Postings:
        """Return the documents that have a term, and what it is worth in each."""
        place = self._places.get(term)
        if place is None:
            return NOWHERE
        start, end = self._ends[place : place + 2]
        return self._numbers[start:end], self._values[start:end]

    def score_of(self, term: str, number: int) -> float:
        """Return what one term adds to the score of one document."""
        return worth_in(self.postings_of(term), number)

    def packed(self) -> bytes:
        """Return the index as bytes, for `unpacked`."""
        words = "\n".join(self._places).encode("utf-8", "surrogatepass")
        head = _HEAD.pack(self.size, len(words), len(self._places), len(self._numbers))
        return b"".join(
            (head, words, self._ends.tobytes(), self._numbers.tobytes(), self._values.tobytes())
        )

    @classmethod
    def unpacked(cls, data: bytes) -> FieldedIndex:
        """Return the index that `packed` made these bytes of.

        Raises:
            ValueError: when they are none.
        """
        if len(data) < _HEAD.size:
            message = "no head"
            raise ValueError(message)
        index = cls(0, ())
        index.size, letters, terms, postings = _HEAD.unpack_from(data)
        sizes = (_HEAD.size, letters, _ITEM * (terms + 1), _ITEM * postings, len(data))
        _, text, ends, numbers, values = _cut(data, sizes)
        words = text.decode("utf-8", "surrogatepass").split("\n") if terms else []
        index._places = {word: place for place, word in enumerate(words)}
        index._ends, index._numbers, index._values = (
            array("I", ends),
            array("I", numbers),
            array("d", values),
        )
        if not index._is_sound(terms, postings):
            message = "its parts do not fit together"
            raise ValueError(message)
        return index

    def _is_sound(self, terms: int, postings: int) -> bool:
        """Whether every term has its place, every number is that of a document and no value is out of bounds."""
        sizes = (len(self._places), len(self._ends) - 1, len(self._numbers), len(self._values))
        if sizes != (terms, terms, postings, postings) or any(
            map(operator.gt, self._ends, self._ends[1:])
        ):
            return False
        within = self._ends[0] == 0 and self._ends[-1] == postings
        is_sane = (
            -_MOST_WORTH
            < min(self._values, default=0.0)
            <= max(self._values, default=0.0)
            < _MOST_WORTH
        )
        # of numbers that are none, the least and the greatest say nothing
        is_sane = is_sane and math.isfinite(sum(self._values))
        return within and is_sane and max(self._numbers, default=-1) < self.size


class IndexTables:
    """Indexes by name: those that were kept, and those that were made since."""

    def __init__(self, tables: Mapping[str, FieldedIndex] = MappingProxyType({})) -> None:
        self._kept = tables
        self._tables: dict[str, FieldedIndex] = {}

    @property
    def were_kept(self) -> bool:
        """Whether any of them were made by another run."""
        return bool(self._kept)

    def get(self, name: str, size: int, make: Callable[[], FieldedIndex]) -> FieldedIndex:
        """Return the index of a name, of so many documents; it is made where none was kept."""
        table = self._kept.get(name)
        self._tables[name] = table if table and table.size == size else make()
        return self._tables[name]

    def packed(self) -> bytes:
        """Return all of them as bytes, for `unpacked`."""
        parts = []
        for name, table in self._tables.items():
            body = table.packed()
            parts += [_PART.pack(len(name), len(body)), name.encode(), body]
        return b"".join(parts)

    @classmethod
    def unpacked(cls, data: bytes) -> IndexTables:
        """Return the indexes that `packed` made these bytes of.

        Raises:
            ValueError: when they are none.
        """
        tables: dict[str, FieldedIndex] = {}
        while data:
            letters, size = _PART.unpack(data[: _PART.size].ljust(_PART.size))
            _, name, body, data = _cut(data, (_PART.size, letters, size, len(data)))
            tables[name.decode()] = FieldedIndex.unpacked(body)
        return cls(tables)


def _cut(data: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    """Bytes in parts of some sizes, each as large as what is left of them at most."""
    start = 0
    for size in sizes:
        yield data[start : start + size]
        start += size


def _weighed(frequencies: Mapping[int, float], documents: int) -> Postings:
    """The documents that have a term with some frequencies, and what it is worth in each."""
    weight = rarity(len(frequencies), documents)
    worths = (weight * frequency / (SATURATION + frequency) for frequency in frequencies.values())
    return array("I", frequencies), array("d", worths)


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


def _frequencies(
    fields: Fields, weights: Mapping[str, float], averages: Mapping[str, float]
) -> dict[str, float]:
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

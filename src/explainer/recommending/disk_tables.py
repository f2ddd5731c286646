"""The tables beside an index on disk: what ranking needs of each entry, in one SQLite file.

An entry has a row: its label, the link of its paper, how often each term stands in each of its fields, and itself as
JSON, which is read for the few entries that are shown. Kin have what each term is worth in them.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from explainer.recommending.bm25f import FieldedIndex
from explainer.recommending.ranking import FIELD_WEIGHTS

_FIELDS: Final = tuple(FIELD_WEIGHTS)
_BITS: Final = 6
_MOST: Final = (1 << _BITS) - 1
"""The largest frequency of a term in a field that is told apart."""

_HEAD: Final = 5 + len(_FIELDS)
"""Numbers before the terms of an entry: group, task + 1, signature, examples, terms, and the length of each field."""

_SCHEMA: Final = """
    CREATE TABLE entries (number INTEGER PRIMARY KEY, label TEXT, link TEXT, terms BLOB, entry TEXT);
    CREATE TABLE kin (term TEXT PRIMARY KEY, numbers BLOB, worths BLOB) WITHOUT ROWID;
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
_AT_ONCE: Final = 10_000


class PostingRow(NamedTuple):
    """What ranking needs of one entry.

    Attributes:
        number: the number of the entry.
        label: its name or title.
        link: the bare link of its paper; empty without one.
        data: numbers, 32 bits each: the number of its label of a task, of its task (from 1), of its signature, of its
            examples, of its terms, of the terms of each field; the keys of its terms, in ascending order; for each of
            these how often the term stands in each field, six bits each.
    """

    number: int
    label: str
    link: str
    data: array[int]

    @property
    def group(self) -> int:
        """The number of its label of a task."""
        return self.data[0]

    @property
    def task(self) -> int:
        """The number of its task, or -1."""
        return self.data[1] - 1

    @property
    def signature(self) -> int:
        """The number of its signature."""
        return self.data[2]

    @property
    def examples(self) -> int:
        """The number of its examples."""
        return self.data[3]

    @property
    def lengths(self) -> array[int]:
        """The number of terms of each field."""
        return self.data[5:_HEAD]

    def frequencies(self, wanted: frozenset[int], worths: Sequence[float]) -> list[tuple[int, float]]:
        """Return the frequency of those of some terms that stand in the entry, by key, each field weighted."""
        data = self.data
        count = data[4]
        end = _HEAD + count
        found = []
        for key in wanted.intersection(data[_HEAD:end]):
            counts = _counts(data[bisect_left(data, key, _HEAD, end) + count])
            found.append((key, sum([worths[place] * each for place, each in counts])))
        return found


@lru_cache(maxsize=10_000)
def _counts(together: int) -> tuple[tuple[int, int], ...]:
    """The fields of a term, by place, and how often it stands in each."""
    every = ((place, together >> (_BITS * place) & _MOST) for place in range(len(_FIELDS)))
    return tuple((place, count) for place, count in every if count)


def key_of(term: str) -> int:
    """Return the key of a term: 32 bits."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass"))


def packed(fields: Mapping[str, Sequence[str]], group: int, task: int, signature: int, examples: int) -> bytes:
    """Return the terms of an entry as bytes."""
    counts: dict[int, int] = {}
    for place, name in enumerate(_FIELDS):
        for term, count in Counter(fields.get(name, ())).items():
            key = key_of(term)
            counts[key] = counts.get(key, 0) + (min(count, _MOST) << (_BITS * place))
    ordered = sorted(counts)
    lengths = [len(fields.get(name, ())) for name in _FIELDS]
    head = [group, task + 1, signature, examples, len(ordered), *lengths]
    return array("I", [*head, *ordered, *(counts[key] for key in ordered)]).tobytes()


def unpacked(number: int, label: str, link: str, raw: bytes) -> PostingRow:
    """Return the row that `packed` made.

    Raises:
        ValueError: when it is damaged.
    """
    data = array("I")
    data.frombytes(raw)
    if len(data) < _HEAD or len(data) != _HEAD + 2 * data[4]:
        message = "the index is damaged"
        raise ValueError(message)
    return PostingRow(number, label, link, data)


class TablesWriter:
    """Writes tables, entry by entry."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, isolation_level=None)
        self._base.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA} BEGIN;")
        self._waiting: list[tuple[int, str, str, bytes, str]] = []

    def add(self, number: int, label: str, link: str, terms: bytes, entry: str) -> None:
        """Add a row."""
        self._waiting.append((number, label, link, terms, entry))
        if len(self._waiting) >= _AT_ONCE:
            self._flush()

    def close(self, kin: FieldedIndex, facts: Mapping[str, Any]) -> None:
        """Write what is the same for all entries, and end."""
        self._flush()
        rows = ((term, numbers.tobytes(), values.tobytes()) for term, numbers, values in kin.postings())
        self._base.executemany("INSERT INTO kin VALUES (?, ?, ?)", rows)
        self.add_facts(facts)
        self._base.execute("COMMIT")
        self._base.close()

    def add_facts(self, facts: Mapping[str, Any]) -> None:
        """Write facts by name."""
        self._base.executemany("INSERT INTO facts VALUES (?, ?)", ((name, json.dumps(v)) for name, v in facts.items()))

    def _flush(self) -> None:
        self._base.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", self._waiting)
        self._waiting.clear()


class Tables:
    """Tables that are open for reading."""

    def __init__(self, path: Path) -> None:
        """Open tables.

        Raises:
            ValueError: when there are none, or they are damaged.
        """
        self._base = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        rows = self._all("SELECT name, value FROM facts")
        self.facts: dict[str, Any] = {name: json.loads(value) for name, value in rows}
        if not self.facts:
            message = "the index is damaged"
            raise ValueError(message)

    def rows(self, numbers: Sequence[int]) -> list[PostingRow]:
        """Return the rows of some entries, by number."""
        marks = ",".join("?" * len(numbers))
        found = self._all(f"SELECT number, label, link, terms FROM entries WHERE number IN ({marks})", numbers)  # noqa: S608  # only marks
        return [unpacked(*row) for row in found]

    def entry(self, number: int) -> str:
        """Return an entry as JSON."""
        for (found,) in self._all("SELECT entry FROM entries WHERE number = ?", (number,)):
            return str(found)
        message = "the index is damaged"
        raise ValueError(message)

    def kin(self, term: str) -> tuple[array[int], array[float]]:
        """Return the kin that have a term, and what it is worth there."""
        numbers, worths = array("l"), array("d")
        for raw_numbers, raw_worths in self._all("SELECT numbers, worths FROM kin WHERE term = ?", (term,)):
            numbers.frombytes(raw_numbers)
            worths.frombytes(raw_worths)
        return numbers, worths

    def write_facts(self, path: Path, facts: Mapping[str, Any]) -> None:
        """Add facts to the tables of a file, and to these."""
        with sqlite3.connect(path) as base:
            base.executemany("INSERT INTO facts VALUES (?, ?)", ((name, json.dumps(v)) for name, v in facts.items()))
        base.close()
        self.facts.update(facts)

    def _all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._base.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            message = "the index is damaged"
            raise ValueError(message) from error


class SameTaskTable:
    """The kin of an index on disk as documents; see `ranking.SupportsTerms`."""

    def __init__(self, tables: Tables, size: int) -> None:
        self._tables = tables
        self._size = size
        self._known: dict[str, tuple[array[int], array[float]]] = {}

    def __contains__(self, term: str) -> bool:
        return bool(self._postings(term)[0])

    def scores(self, terms: Iterable[str]) -> list[float]:
        """Return the score of every kin."""
        totals = [0.0] * self._size
        for term in terms:
            for number, worth in zip(*self._postings(term), strict=True):
                totals[number] += worth
        return totals

    def score_of(self, term: str, number: int) -> float:
        """Return what one term adds to the score of one kin."""
        numbers, worths = self._postings(term)
        at = bisect_left(numbers, number)
        return worths[at] if at < len(numbers) and numbers[at] == number else 0.0

    def _postings(self, term: str) -> tuple[array[int], array[float]]:
        if term not in self._known:
            if len(self._known) >= _AT_ONCE:
                self._known.clear()
            self._known[term] = self._tables.kin(term)
        return self._known[term]

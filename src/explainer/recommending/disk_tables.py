"""The tables beside an index on disk: what ranking needs of each entry, in one SQLite file.

An entry has a row: its label, the link of its paper, how often each term stands in each of its fields, and itself as
JSON, which is read for the few entries that are shown. The entries of a task have together what each term is worth.
"""

from __future__ import annotations

import sqlite3
import zlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import starmap
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from explainer.catalogs.signature import Signature
from explainer.recommending.bm25f import FieldedIndex, Postings, add_postings, worth_in
from explainer.recommending.ranking import FIELD_WEIGHTS

_FIELDS: Final = tuple(FIELD_WEIGHTS)
# Five fields of six bits each fit into 32: a term that stands more often in a field than 63 times counts as 63.
_BITS: Final = 6
_MOST: Final = (1 << _BITS) - 1
# Numbers before the terms of an entry: label of a task, task + 1, signature, examples, terms, length of each field.
_HEAD: Final = 5 + len(_FIELDS)
_SCHEMA: Final = """
    CREATE TABLE entries (number INTEGER PRIMARY KEY, label TEXT, link TEXT, terms BLOB, entry TEXT);
    CREATE TABLE same_task (term TEXT PRIMARY KEY, numbers BLOB, worths BLOB) WITHOUT ROWID;
    CREATE TABLE prior (term TEXT PRIMARY KEY, numbers BLOB, worths BLOB) WITHOUT ROWID;
    CREATE TABLE facts (value TEXT);
"""

# Rows that are written together, and terms of tasks that are remembered.
_AT_ONCE: Final = 10_000
_DAMAGED: Final = "the index is damaged"


class Facts(msgspec.Struct, frozen=True):
    """What is known of all entries of an index together.

    Attributes:
        groups: for each label of a task the number of its entries as one document (-1 for an entry that is alone), and
            the number of its task (-1 for none).
        signatures: the different signatures.
        averages: the average length of each field.
        group_signatures: for each label of a task the number of the signature of its first entry.
        same_task: how many documents the entries of the tasks make.
        prior_offsets: for each task what a term of a question makes it less likely by.
        bars: what calibration questions reach, by how many are asked as one.
    """

    groups: list[tuple[int, int]]
    signatures: list[Signature | None]
    averages: list[float]
    group_signatures: list[int]
    same_task: int
    prior_offsets: list[float]
    bars: dict[int, float] = {}


class PostingRow(NamedTuple):
    """What ranking needs of one entry.

    Attributes:
        label: its name or title.
        link: the bare link of its paper; empty without one.
        entry: itself, as JSON.
        group: the number of its label of a task.
        task: the number of its task, or -1.
        signature: the number of its signature.
        examples: the number of its examples.
        lengths: the number of terms of each field.
        keys: the keys of its terms, in ascending order.
        counts: for each of these how often the term stands in each field, six bits each.
    """

    label: str
    link: str
    entry: str
    group: int
    task: int
    signature: int
    examples: int
    lengths: array[int]
    keys: array[int]
    counts: array[int]

    def frequencies(self, keys: frozenset[int], worths: Sequence[float]) -> list[tuple[int, float]]:
        """Return the frequency of those of some terms that stand in the entry, by key, each field weighted."""
        frequencies = []
        for key in keys.intersection(self.keys):
            counts = _unpacked_counts(self.counts[bisect_left(self.keys, key)])
            frequencies.append((key, sum([worths[place] * count for place, count in counts])))
        return frequencies


@lru_cache(maxsize=10_000)
def _unpacked_counts(packed: int) -> tuple[tuple[int, int], ...]:
    """The fields of a term, by place, and how often it stands in each."""
    counts = []
    for place in range(len(_FIELDS)):
        count = packed >> (_BITS * place) & _MOST
        if count:
            counts.append((place, count))
    return tuple(counts)


def key_of(term: str) -> int:
    """Return the key of a term: 32 bits."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass"))


def packed_row(
    fields: Mapping[str, Sequence[str]], group: int, task: int, signature: int, examples: int
) -> bytes:
    """Return what `PostingRow` holds of an entry as bytes: numbers of 32 bits each.

    Args:
        fields: the terms of each field.
        group: the number of its label of a task.
        task: the number of its task, or -1.
        signature: the number of its signature.
        examples: the number of its examples.
    """
    counts: Counter[int] = Counter()
    for place, name in enumerate(_FIELDS):
        for term, count in Counter(fields[name]).items():
            counts[key_of(term)] += min(count, _MOST) << (_BITS * place)
    keys = sorted(counts)
    lengths = [len(fields[name]) for name in _FIELDS]
    head = [group, task + 1, signature, examples, len(keys), *lengths]
    return array("I", [*head, *keys, *(counts[key] for key in keys)]).tobytes()


def _unpacked_row(label: str, link: str, entry: str, raw: bytes) -> PostingRow:
    data = array("I")
    data.frombytes(raw)
    group, task, signature, examples, size = data[:5]
    end = _HEAD + size
    if len(data) != end + size:
        raise ValueError(_DAMAGED)
    return PostingRow(
        label,
        link,
        entry,
        group,
        task - 1,
        signature,
        examples,
        data[5:_HEAD],
        data[_HEAD:end],
        data[end:],
    )


class TablesWriter:
    """Writes tables, entry by entry."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, isolation_level=None)
        # a file that is not finished is thrown away, so nothing need be safe before
        self._base.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA} BEGIN;"
        )
        self._waiting: list[tuple[int, str, str, bytes, str]] = []

    def add(self, row: tuple[int, str, str, bytes, str]) -> None:
        """Add a row: the number of an entry, its label, its link, its terms, itself."""
        self._waiting.append(row)
        if len(self._waiting) >= _AT_ONCE:
            self._flush()

    def close(self, same_task: FieldedIndex, prior: Mapping[str, Postings], facts: Facts) -> None:
        """Write what is known of all entries together, and end.

        Args:
            same_task: the entries of each task as one document.
            prior: what each term makes each task more likely by.
            facts: all else.
        """
        self._flush()
        for table, postings in (("same_task", same_task.postings()), ("prior", prior.items())):
            for term, (numbers, worths) in postings:
                row = (term, numbers.tobytes(), worths.tobytes())
                self._base.execute(f"INSERT INTO {table} VALUES (?, ?, ?)", row)  # noqa: S608  # one of two names
        self._base.execute("INSERT INTO facts VALUES (?)", (msgspec.json.encode(facts).decode(),))
        self._base.execute("COMMIT")
        self._base.close()

    def _flush(self) -> None:
        self._base.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", self._waiting)
        self._waiting.clear()


def replace_facts(path: Path, facts: Facts) -> None:
    """Replace the facts in the tables of a file."""
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("UPDATE facts SET value = ?", (msgspec.json.encode(facts).decode(),))
    base.close()


class Tables:
    """Tables that are open for reading. Every method raises ValueError when they are damaged."""

    def __init__(self, path: Path) -> None:
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._base = sqlite3.connect(uri, uri=True, check_same_thread=False)
        ((facts,),) = self._all("SELECT value FROM facts")
        try:
            self.facts = msgspec.json.decode(facts, type=Facts)
        except msgspec.DecodeError as error:
            raise ValueError(_DAMAGED) from error

    def rows(self, numbers: Sequence[int]) -> list[PostingRow]:
        """Return the rows of some entries, by number."""
        marks = ",".join("?" * len(numbers))
        statement = f"SELECT label, link, entry, terms FROM entries WHERE number IN ({marks})"  # noqa: S608  # only marks
        return list(starmap(_unpacked_row, self._all(statement, numbers)))

    def postings(self, table: str, term: str) -> Postings:
        """Return the tasks that have a term in the table `same_task` or `prior`, and what it is worth there."""
        numbers, worths = array("I"), array("d")
        statement = f"SELECT numbers, worths FROM {table} WHERE term = ?"  # noqa: S608  # one of two names
        for raw_numbers, raw_worths in self._all(statement, (term,)):
            numbers.frombytes(raw_numbers)
            worths.frombytes(raw_worths)
        return numbers, worths

    def _all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._base.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise ValueError(_DAMAGED) from error


class SameTaskTable:
    """The entries of each task of an index on disk as documents; see `ranking.SupportsTerms`."""

    def __init__(self, tables: Tables) -> None:
        self._size = tables.facts.same_task
        self._postings = lru_cache(maxsize=_AT_ONCE)(partial(tables.postings, "same_task"))

    def __contains__(self, term: str) -> bool:
        return self.frequency(term) > 0

    def frequency(self, term: str) -> int:
        """Return how many tasks have entries with a term."""
        return len(self._postings(term)[0])

    def scores(self, terms: Iterable[str]) -> list[float]:
        """Return the score of the entries of every task."""
        totals = [0.0] * self._size
        for term in terms:
            add_postings(totals, self._postings(term))
        return totals

    def score_of(self, term: str, number: int) -> float:
        """Return what one term adds to the score of the entries of one task."""
        return worth_in(self._postings(term), number)

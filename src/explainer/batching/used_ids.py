"""Which ids the questions of a run have: each stands once."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import Final

from explainer.batching.manifest import loads, short_hash
from explainer.batching.sources import SourceItem
from explainer.diagnostics.finding import Finding

# Repeated ids that are looked up in what was written; beyond these, equal hashes are taken for equal ids.
_MOST_LOOKUPS: Final = 200


class UsedIds:
    """The ids of a run, as hashes of 60 bits: memory hardly grows with the questions.

    Args:
        files: ids become the names of files, which many disks compare without letter case.
        rows: reads the manifest as it is written so far.
    """

    def __init__(self, *, files: bool, rows: Callable[[], Iterable[bytes]]) -> None:
        self._files = files
        self._rows = rows
        self._hashes: set[int] = set()
        self._unwritten: list[tuple[str, str | int]] = []
        self._lookups = 0

    def __contains__(self, id_: str) -> bool:
        return short_hash(self._folded(id_)) in self._hashes

    def claim(self, id_: str, item: SourceItem) -> Finding | None:
        """Take an id for a question; a finding when another one has it."""
        hash_ = short_hash(self._folded(id_))
        if hash_ not in self._hashes:
            self._hashes.add(hash_)
            self._unwritten.append((id_, item.source))
            return None
        owner = self._owner(id_)
        if owner is None:
            return None
        first, source = owner
        where = item.location
        place = f"on line {source}" if isinstance(source, int) else f"in {source!r}"
        if first != id_:
            message = f"the ids {id_!r} and {first!r} ({place}) are one file on many disks"
            return Finding("B702", where, message, "rename one of the two", id_)
        message = f"the id {id_!r} stands twice, first {place}"
        return Finding("Q407", where, message, "give one of the two another id", id_)

    def all_written(self) -> None:
        """Note that the manifest has a row for every id that was claimed."""
        self._unwritten.clear()

    def _owner(self, id_: str) -> tuple[str, str | int] | None:
        """Who has an id whose hash was seen before; None when only the hash is the same."""
        name = self._folded(id_)
        self._lookups += 1
        for claimed, source in self._unwritten:
            if name == self._folded(claimed):
                return claimed, source
        if self._lookups > _MOST_LOOKUPS:
            return id_, "an earlier part of the source"
        for row in map(loads, self._rows()):
            if "id" in row and name == self._folded(row["id"]):
                return row["id"], row["source"]
        return None

    def _folded(self, id_: str) -> str:
        return folded(id_) if self._files else id_


def folded(id_: str) -> str:
    """What an id is on a disk that ignores letter case and Unicode forms."""
    return id_ if id_.isascii() and id_.islower() else unicodedata.normalize("NFC", id_).casefold()

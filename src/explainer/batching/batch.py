"""Many questions → outputs and a manifest: renders what has changed, keeps the rest; one mistake costs one question."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from explainer.batching.fingerprint import hash_of_catalogs
from explainer.batching.manifest import ManifestRow, RenderOptions, content_hash, short_hash
from explainer.batching.previous_run import loads, moved
from explainer.batching.sources import QuestionSource, Skipped, SourceItem
from explainer.batching.workers import WorkerPool
from explainer.catalogs.loading import CatalogPath, catalogs_for
from explainer.diagnostics.finding import Finding, Location
from explainer.files import display_path
from explainer.rendering.formats import FORMATS

if TYPE_CHECKING:
    from explainer.batching.target import Bytes, Output, Target

MadeLight: TypeAlias = tuple[Any, ...]
"""A `press.Made` without its bytes."""
Task: TypeAlias = tuple[tuple[Any, ...], ManifestRow | None]
"""The fields of an item, and what an earlier run knew of it."""
Chunk: TypeAlias = tuple[tuple[list[MadeLight], tuple[Finding, ...]], list[bytes]]
"""What was made of a chunk and the findings about catalogs; and all bytes: of each output its row, then itself."""

CHUNK: Final = 128
_MOST_LOOKUPS: Final = 200
"""Repeated ids that are looked up in what was written; beyond these, equal hashes are taken for equal ids."""


@dataclass(slots=True)
class Summary:
    """What became of a batch: how many questions met which end."""

    rendered: int = 0
    unchanged: int = 0
    failed: int = 0
    removed: int = 0
    gone: int = 0
    hidden: int = 0
    skipped: int = 0

    @property
    def done(self) -> int:
        """Questions that were dealt with."""
        return self.rendered + self.unchanged + self.failed


@dataclass(frozen=True)
class BatchConfig:
    """What every process of a batch needs in order to work.

    Attributes:
        recipe: what decides an output, but for the question and its entries.
        template: the name of a built-in template, or a file.
        given: the catalogs of the command line.
        base: the source's folder.
        lines: the source's items are lines of JSON.
        files: outputs become files.
    """

    recipe: RenderOptions
    template: str
    given: tuple[Path, ...]
    base: Path
    lines: bool
    files: bool

    def catalogs(
        self, named: Sequence[str] | None, source: str | int
    ) -> tuple[tuple[CatalogPath, ...], tuple[Finding, ...]]:
        """Return the catalogs of a question, from its own `catalog:` and its place in the source."""
        folder = self.base / _folder_of(source)
        found = catalogs_for(self.given, named, folder)
        return tuple(found.value or ()), found.findings


class _CatalogHashes:
    """The hashes of the catalogs that questions are made from; nothing is parsed."""

    def __init__(self, shop: BatchConfig) -> None:
        self._shop = shop
        self._by_place: dict[tuple[Any, str], str] = {}
        self._by_paths: dict[tuple[CatalogPath, ...], str] = {}

    def hash(self, named: Sequence[str] | None, source: str | int) -> str:
        key = (named, _folder_of(source))
        if key not in self._by_place:
            paths = self._shop.catalogs(named, source)[0]
            if paths not in self._by_paths:
                self._by_paths[paths] = hash_of_catalogs(paths)
            self._by_place[key] = self._by_paths[paths]
        return self._by_place[key]


@dataclass(slots=True)
class _Entry:
    """A question on its way: unchanged at first sight, or to be made."""

    item: SourceItem | Skipped
    known: ManifestRow | None = None
    row: bytes = b""
    to_do: bool = False
    skipped_row: bytes = b""


@dataclass
class Batch:
    """One run.

    Attributes:
        source: where the questions come from.
        target: where the outputs go; it is open.
        shop: what their making needs.
        make: returns the function that makes a chunk of them; called once in each process, when there is work.
        jobs: how many processes make them.
        report: called with findings as they come.
        skip: called with everything in the source that is no question.
        progress: called now and then.
        prune: remove the outputs of questions that are gone.
        crew: the workers, made of how many there are to be and of what makes one; every engine has its own.
        sharded: the source is a part of one: what is not in it is not gone.
    """

    source: QuestionSource
    target: Target
    shop: BatchConfig
    make: Callable[[BatchConfig], Callable[[list[Task]], Chunk]]
    jobs: int
    report: Callable[[Iterable[Finding]], None]
    skip: Callable[[Skipped], None]
    progress: Callable[[Summary], None]
    prune: bool = False
    crew: Callable[..., Any] = WorkerPool
    sharded: bool = False
    summary: Summary = field(default_factory=Summary)

    def __post_init__(self) -> None:
        self._hashes = _CatalogHashes(self.shop)
        self._seen: set[int] = set()
        self._fresh: list[tuple[str, str | int]] = []
        self._failed_sources: set[str | int] = set()
        self._failed_ids: set[str] = set()
        self._unreadable_ids = False
        self._lookups = 0
        self._found_again = 0
        self._suffix = f".{self.shop.recipe.kind}{FORMATS[self.shop.recipe.format].suffix}"

    def run(self) -> Summary:
        """Make what has changed, put everything in its place, and say what became of it.

        Raises:
            OSError: when the source cannot be read or the target cannot be written; nothing is torn then.
            WorkerLostError: when a worker process is gone.
        """
        with self.crew(self.jobs, partial(self.make, self.shop)) as crew:
            for entries, result in crew.work(self._chunks()):
                (made, findings), bulk = result if result is not None else (([], ()), [])
                self.report(findings)
                self._settle(entries, iter(made), iter(bulk))
                self.progress(self.summary)
        if not self.sharded:
            self._account_for_the_gone()
        self.target.complete()
        return self.summary

    def _chunks(self) -> Iterator[tuple[list[_Entry], list[Task] | None]]:
        entries: list[_Entry] = []
        work: list[Task] = []
        for item in self.source:
            entry = self._triage(item)
            entries.append(entry)
            if entry.to_do and isinstance(item, SourceItem):
                work.append((tuple(item), entry.known))  # plain tuples travel faster
            if len(work) >= CHUNK or len(entries) >= 8 * CHUNK:
                yield entries, work or None
                entries, work = [], []
        yield entries, work or None

    def _triage(self, item: SourceItem | Skipped) -> _Entry:
        """Whether a question is unchanged can be seen from its bytes, when its catalogs are the same too."""
        if isinstance(item, Skipped):
            return _Entry(item)
        if not self.target.past or isinstance(item.raw, Finding):
            return _Entry(item, to_do=True)
        hash_ = content_hash(item.raw)
        known, row = self.target.past.find(item.source, hash_)
        if known is None:
            return _Entry(item, row=row, to_do=not row)
        unchanged = (
            known.current and known.raw == hash_ and known.library == self._hashes.hash(known.catalogs, item.source)
        )
        if not self.target.is_intact(known):
            return _Entry(item, to_do=True)
        return _Entry(item, known, row, to_do=not unchanged)

    def _settle(self, entries: list[_Entry], made: Iterator[MadeLight], bulk: Iterator[Bytes]) -> None:
        """Give the outputs of one chunk to the target."""
        outputs: list[Output] = []
        others: list[bytes] = []
        findings: list[Finding] = []
        for entry in entries:
            item = entry.item
            if isinstance(item, Skipped):
                self._skipped(item)
            elif entry.to_do:
                output = self._take(entry, next(made), bulk, findings)
                if output is not None:
                    outputs.append(output)
                elif entry.skipped_row:
                    others.append(entry.skipped_row)
            elif entry.known is None:  # no question, as the last time
                self._skipped(Skipped(str(item.source), _why(entry.row)))
                others.append(entry.row)
            elif (problem := self._claim(entry.known.id, item)) is not None:
                self._fail(item, entry.known.id, findings, (problem,))
            else:
                self.summary.unchanged += 1
                row = entry.row if entry.known.source == item.source else moved(entry.row, item.source)
                outputs.append((row, entry.known.out, entry.known))
                self._found_again += 1
        self._fresh.clear()
        self.report(findings)
        self.target.put(outputs)
        if others:
            self.target.keep(b"".join(others))

    def _take(self, entry: _Entry, made: MadeLight, bulk: Iterator[Bytes], findings: list[Finding]) -> Output | None:
        """Return what to give to the target for a question that was made, or None when it has no output."""
        item = entry.item
        _, status, id_, found, why = made
        if not isinstance(item, SourceItem):  # pragma: no cover - what is skipped is not made
            return None
        if status == "skipped":
            self._skipped(Skipped(str(item.source), why))
            entry.skipped_row = _skipped_row(item, why)
            return None
        if status == "failed":
            self._fail(item, id_, findings, found)
            return None
        row = next(bulk)
        data = next(bulk) if status == "rendered" else None
        problem = self._claim(id_, item)
        if problem is not None:
            self._fail(item, id_, findings, (*found, problem))
            return None
        findings += found
        if data is not None:
            self.summary.rendered += 1
            return row, id_ + self._suffix, data
        self.summary.unchanged += 1
        return None if entry.known is None else (row, entry.known.out, entry.known)

    def _skipped(self, skipped: Skipped) -> None:
        if skipped.why == "hidden":
            self.summary.hidden += 1
        else:
            self.summary.skipped += 1
        self.skip(skipped)

    def _fail(self, item: SourceItem, id_: str, findings: list[Finding], why: Iterable[Finding]) -> None:
        self.summary.failed += 1
        findings += why
        self._failed_sources.add(item.source)
        if id_:
            self._failed_ids.add(id_)
        elif self.shop.lines:
            self._unreadable_ids = True

    def _claim(self, id_: str, item: SourceItem) -> Finding | None:
        """Take an id for a question; a finding when another one has it."""
        name = folded(id_) if self.shop.files else id_
        hash_ = short_hash(name)
        if hash_ not in self._seen:
            self._seen.add(hash_)
            self._fresh.append((id_, item.source))
            return None
        other = self._owner(id_, name)
        if other is None:
            return None
        first, place = other
        where = Location(item.file, item.source if isinstance(item.source, int) else 1)
        there = f"on line {place}" if isinstance(place, int) else f"in {place!r}"
        if first != id_:
            message = f"the ids {id_!r} and {first!r} ({there}) are one file on many disks"
            return Finding("B702", where, message, "rename one of the two", id_)
        return Finding(
            "Q407", where, f"the id {id_!r} stands twice, first {there}", "give one of the two another id", id_
        )

    def _owner(self, id_: str, name: str) -> tuple[str, str | int] | None:
        """Who has an id whose hash was seen before; None when only the hash is the same."""
        self._lookups += 1
        for other, place in self._fresh:
            if name == (folded(other) if self.shop.files else other):
                return other, place
        if self._lookups > _MOST_LOOKUPS:
            return id_, "an earlier part of the source"
        for line in self.target.own_rows():
            row = loads(line)
            other = str(row.get("id", ""))
            if other and name == (folded(other) if self.shop.files else other):
                return other, row["source"]
        return None

    def _account_for_the_gone(self) -> None:
        """Outputs of earlier runs whose questions are not there any more, or have mistakes now."""
        if self._found_again == self.target.past.outputs:
            return  # each of them is unchanged
        done: set[int] = set()
        outdated: list[bytes] = []
        for known, row in self.target.past.rows() if self.target.past else ():
            name = folded(known.id) if self.shop.files else known.id
            same_file = not self.shop.files or known.out == known.id + self._suffix
            if (short_hash(name) in self._seen and same_file) or short_hash(known.out or known.id) in done:
                continue
            done.add(short_hash(known.out or known.id))
            if not self.shop.files:
                self.summary.removed += known.id not in self._failed_ids
            elif known.source in self._failed_sources or known.id in self._failed_ids or not self._is_there(known):
                outdated += [_without_hash(row)] if self._is_there(known) else []
            elif self.prune and not self._unreadable_ids:
                self.target.remove(known)
                self.summary.removed += 1
            else:
                self.summary.gone += 1
                place = Location(display_path(Path(self.target.manifest.parent, known.out)))
                message = f"its question ({known.source}) is gone" if same_file else "an output of another format"
                self.report([Finding("B706", place, message, "remove it with --prune")])
                outdated.append(_without_hash(row))
        if outdated:
            self.target.keep(b"".join(outdated))

    def _is_there(self, known: ManifestRow) -> bool:
        return os.path.lexists(Path(self.target.manifest.parent, known.out))


def _folder_of(source: str | int) -> str:
    """The folder of a file below the source's folder; lines have none."""
    return source.rpartition("/")[0] if isinstance(source, str) else ""


def folded(id_: str) -> str:
    """What an id is on a disk that ignores letter case and Unicode forms."""
    return id_ if id_.isascii() and id_.islower() else unicodedata.normalize("NFC", id_).casefold()


def _why(row: bytes) -> str:
    return str(loads(row).get("skipped", ""))


def _skipped_row(item: SourceItem, why: str) -> bytes:
    raw = item.raw if isinstance(item.raw, bytes) else b""
    return (
        json.dumps({"source": item.source, "raw": content_hash(raw), "skipped": why}, ensure_ascii=False).encode()
        + b"\n"
    )


def _without_hash(row: bytes) -> bytes:
    """A row whose output no question is ever unchanged for."""
    return json.dumps({**json.loads(row), "raw": "", "key": ""}, ensure_ascii=False).encode() + b"\n"

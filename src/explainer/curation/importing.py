"""Reads a source and writes the catalog: as a stream where the catalog is new, as a merge where it is not.

A new catalog is written while the source is read: memory holds one record, and which names were taken stands in a
temporary database on the disk. The catalog takes its place when it is complete.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from msgspec import Struct, field

from explainer.catalogs.loading import sources_path
from explainer.catalogs.parsing import parse_catalog
from explainer.catalogs.schema import Kind
from explainer.curation.importers import IMPORTERS, Importer, RecordStream, SourceRecord
from explainer.curation.importers.reading import FirstLines
from explainer.curation.merge import (
    MAX_ORIGINS_BYTES,
    Counts,
    ImportedSource,
    Merger,
    ProjectEntries,
    parse_origins,
)
from explainer.curation.normalize import NormalizedEntry, Normalizer
from explainer.diagnostics.finding import Finding, Location, Parsed, errors_in
from explainer.diagnostics.text import shorten
from explainer.documents.yaml_editor import unified_diff
from explainer.documents.yaml_writer import entry_block
from explainer.files import (
    MAX_CATALOG_BYTES,
    STDIN,
    display_path,
    files_below,
    open_file,
    read_text,
    write_stream,
    write_together,
)

_CARD_SUFFIXES: Final = (".md",)
# Findings that are kept: a list of a million records may have a million.
_MOST_FINDINGS: Final = 1_000

# Records between two signs of progress.
_TELL_EVERY: Final = 1_000


class ImportJob(Struct, frozen=True):
    """What is imported, and how.

    Attributes:
        path: the file, a folder of model cards, or `-`.
        source: what is recorded about the source.
        out: the catalog; None for stdout.
        format: a key of `IMPORTERS`.
        kind: what records are that do not say it.
        mapping: fields by column.
        dry_run: write nothing.
        tell: called with the number of records, now and then.
    """

    path: Path
    source: ImportedSource
    out: Path | None
    format: str
    kind: Kind | None = None
    mapping: Mapping[str, str] = {}
    dry_run: bool = False
    tell: Callable[[int], None] = lambda _: None


class ImportResult(Struct):
    """Result of an import.

    Attributes:
        counts: the records.
        findings: what there is to say about them.
        dropped: how many findings there were too many to keep.
        diff: what changes in a catalog that was there before.
        product: the catalog, open for reading, where it does not go to a file.
        resources: what is to be closed when the product was read.
    """

    counts: Counts = field(default_factory=Counts)
    findings: list[Finding] = []
    dropped: int = 0
    diff: str = ""
    product: TextIO | None = None
    resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def note(self, findings: Iterable[Finding]) -> None:
        """Keep findings, unless there are far too many."""
        for finding in findings:
            if len(self.findings) < _MOST_FINDINGS:
                self.findings.append(finding)
            else:
                self.dropped += 1

    @property
    def is_unusable(self) -> bool:
        """Whether a file could not be read: then nothing is written."""
        return any(finding.code.startswith("F") for finding in self.findings)


def import_source(job: ImportJob) -> ImportResult:
    """Import a source.

    Raises:
        MissingLibraryError: when the format needs a library that is not installed.
    """
    with contextlib.ExitStack() as stack:
        run = _Import(job, stack)
        if job.out is not None and job.out.exists():
            run.merge_into(job.out)
        else:
            run.write_new()
    return run.result


def _is_record_of_origins(path: Path) -> bool:
    """Whether a file is one that an import writes beside its catalog."""
    text = read_text(path, limit=MAX_ORIGINS_BYTES).value
    return text is not None and not parse_origins(text, display_path(path))[1]


class _Import:
    """One import: the job, its result so far, and the temporary files that the stack closes."""

    def __init__(self, job: ImportJob, stack: contextlib.ExitStack) -> None:
        self.result = ImportResult()
        self._job = job
        self._stack = stack

    def write_new(self) -> None:
        """Write a catalog that was not there before, while the source is read."""
        parts: dict[Kind, TextIO] = defaultdict(self._temporary_text)
        origins = self._temporary_text()
        for entry in self._entries():
            parts[entry.kind].write(entry_block(entry.record))
            origins.write(self._job.source.origin_of(entry, entry.name).to_line())
            self.result.counts.added += 1
        # a file without entries would be no catalog
        if not parts or self.result.is_unusable:
            return
        catalog = self._joined(parts)
        if self._job.out is None or self._job.dry_run:
            catalog.seek(0)
            # whoever shows the catalog closes the temporary files
            self.result.product = catalog
            self.result.resources = self._stack.pop_all()
            return
        self._replace(self._job.out, catalog, origins)

    def _joined(self, parts: Mapping[Kind, TextIO]) -> TextIO:
        """A catalog of the entries of each kind."""
        catalog = self._temporary_text()
        for kind in sorted(parts, key=list(Kind).index):
            catalog.write(f"{kind}:\n")
            parts[kind].seek(0)
            shutil.copyfileobj(parts[kind], catalog)
        return catalog

    def _replace(self, out: Path, catalog: TextIO, origins: TextIO) -> None:
        size = catalog.tell()
        if size > MAX_CATALOG_BYTES:
            message = f"the catalog has {size:,} bytes; commands read at most {MAX_CATALOG_BYTES:,}"
            self.result.note(
                [Finding("I810", Location(display_path(out)), message, "split the source")]
            )
        beside = sources_path(out)
        if beside.exists() and not _is_record_of_origins(beside):
            message = "is not written over: no import wrote this file"
            hint = "choose another place, or move the file away"
            self.result.note([Finding("F105", Location(display_path(beside)), message, hint)])
            return
        for path, text in ((out, catalog), (beside, origins)):
            text.seek(0)
            problem = write_stream(path, text)
            if problem is not None:
                self.result.note([problem])
                return

    def _temporary_text(self) -> TextIO:
        return self._stack.enter_context(
            tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")
        )

    def merge_into(self, out: Path) -> None:
        """Merge the source into a catalog."""
        catalog = self._checked(out)
        if catalog is None:
            return
        beside = sources_path(out)
        recorded = Parsed("")
        if beside.exists():
            recorded = read_text(beside, limit=MAX_ORIGINS_BYTES)
        origins, damage = parse_origins(recorded.value or "", display_path(beside))
        damage += recorded.findings
        self.result.note(damage)
        # without a sound record of sources, edits by hand would be overwritten
        if damage:
            return
        merger = Merger(catalog, display_path(out), origins, self._job.source, self.result.counts)
        for entry in self._entries():
            self.result.note(merger.take(entry))
        if self.result.is_unusable:
            return
        merged = merger.finish()
        self.result.note(merged.findings)
        if merged.value is not None:
            text, editor = merged.value
            self.result.diff = unified_diff(catalog, editor.edits, display_path(out))
            self._write_changed(
                {out: (catalog, text), beside: (recorded.value, merger.new_origins())}
            )

    def _checked(self, out: Path) -> str | None:
        """The text of a catalog; None for one that cannot be read or has errors: nothing is merged into it."""
        read = read_text(out, limit=MAX_CATALOG_BYTES)
        findings = read.findings
        # an empty file is a catalog that entries can go into, though validation finds it wanting
        if read.value and read.value.strip():
            findings += parse_catalog(read.value, display_path(out)).findings
        errors = errors_in(findings)
        self.result.note(errors)
        if errors:
            return None
        return read.value

    def _write_changed(self, files: Mapping[Path, tuple[str | None, str]]) -> None:
        """Write the files whose text is not what it was, all or none."""
        changed = [(path, new.encode()) for path, (old, new) in files.items() if new != old]
        if self._job.dry_run:
            return
        problem = write_together(changed)
        if problem is not None:
            self.result.note([problem])

    def _entries(self) -> Iterator[NormalizedEntry]:
        """The entries of the source, each name once; what is wrong with the others is noted."""
        normalizer = Normalizer(self._job.kind, self._job.mapping)
        first_lines = FirstLines(self._stack)
        counts = self.result.counts
        project = ProjectEntries(self._job.out)
        for record in self._records():
            if isinstance(record, Finding):
                self.result.note([record])
                counts.records += record.is_error
                counts.left_out += record.is_error
                continue
            counts.records += 1
            if counts.records % _TELL_EVERY == 0:
                self._job.tell(counts.records)
            normalized = normalizer.normalize(record)
            self.result.note(normalized.findings)
            entry = normalized.value
            if entry is None or self._is_repeated(entry, first_lines):
                counts.left_out += 1
            else:
                self.result.note(project.collisions(entry))
                yield entry

    def _is_repeated(self, entry: NormalizedEntry, first_lines: FirstLines) -> bool:
        """Whether an earlier record had the name of an entry, or its id; then that is noted."""
        line = first_lines.add(f"{entry.kind} name {entry.name}", entry.location.line)
        own_id = entry.record.get("id")
        if line is None and own_id and own_id != entry.name:
            line = first_lines.add(f"{entry.kind} id {own_id}", entry.location.line)
        if line is None:
            return False
        message = (
            f"duplicate name {shorten(entry.name)!r}, first on line {line}; this record is left out"
        )
        self.result.note(
            [
                Finding(
                    "I804", entry.location, message, "names are unique within a catalog", entry.name
                )
            ]
        )
        return True

    def _records(self) -> Iterator[SourceRecord | Finding]:
        reader = IMPORTERS[self._job.format]
        for path, inside in self._files():
            if str(path) == STDIN:
                yield from _read(
                    reader, RecordStream("<stdin>", self._stdin(), inside, self._job.mapping)
                )
                continue
            try:
                with open_file(path) as stream:
                    yield from _read(
                        reader, RecordStream(display_path(path), stream, inside, self._job.mapping)
                    )
            except OSError as error:
                message = f"cannot be read: {error.strerror}"
                self.result.note([Finding("F104", Location(display_path(path)), message)])

    def _files(self) -> Iterator[tuple[Path, str]]:
        """The files of the source, each with its path inside the folder."""
        path = self._job.path
        location = Location(display_path(path))
        if str(path) == STDIN or path.is_file():
            yield path, ""
        elif path.is_dir():
            cards = list(files_below(path, _CARD_SUFFIXES))
            for card in cards:
                yield card, card.relative_to(path).as_posix()
            if not cards:
                message = "no model card in the folder (README.md)"
                self.result.note([Finding("F106", location, message)])
        elif path.exists():
            message = "this is not a regular file"
            self.result.note([Finding("F102", location, message, "use - to read from stdin")])
        else:
            self.result.note([Finding("F101", location, "no such file or folder")])

    def _stdin(self) -> BinaryIO:
        """Stdin in a file that can be read twice."""
        copy: BinaryIO = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # the stack closes it
        if sys.stdin is not None:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.seek(0)
        return copy


def _read(reader: Importer, feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """The records of a file; an empty one, such as a download that failed, is a finding in all formats."""
    is_empty = not feed.stream.read(1)
    feed.stream.seek(0)
    if is_empty:
        yield Finding("I813", Location(feed.file), "nothing is recognised: the file is empty")
        return
    yield from reader(feed)

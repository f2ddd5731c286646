"""Reads a source and writes the catalog: as a stream where the catalog is new, as a merge where it is not.

A new catalog is written while the source is read: memory holds one record, and which names were taken stands in a
temporary database on the disk. The catalog takes its place when it is complete.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from explainer.catalogs.catalog import parse_catalog
from explainer.catalogs.kinds import Kind
from explainer.catalogs.loading import sources_path
from explainer.curation.importers import IMPORTERS, RecordStream, SourceRecord
from explainer.curation.importers.record import Deduplicator
from explainer.curation.merge import Counts, Merger, origin_line, origin_of, parse_origins
from explainer.curation.normalize import NormalizedEntry, Normalizer
from explainer.diagnostics.finding import Finding, Location, has_errors
from explainer.diagnostics.text import shorten
from explainer.documents.edits import unified_diff
from explainer.documents.yaml_writer import entry_block
from explainer.files import MAX_CATALOG_BYTES, STDIN, display_path, files_below, read_text, write_stream, write_together

_CARD_SUFFIXES: Final = (".md",)
_MOST_FINDINGS: Final = 1_000
"""Findings of one kind of trouble that are kept: a list of a million records may have a million."""


@dataclass(frozen=True, slots=True)
class ImportJob:
    """What is imported, and how.

    Attributes:
        source: the file, a folder of model cards, or `-`.
        out: the catalog; None for stdout.
        format: a key of `IMPORTERS`.
        name: what the source is called in the record of sources.
        retrieved: the day, as YYYY-MM-DD.
        licence: the licence of the source, if it is known.
        kind: what records are that do not say it.
        mapping: fields by column.
        dry_run: write nothing.
        tell: called with the number of records, now and then.
    """

    source: Path
    out: Path | None
    format: str
    name: str
    retrieved: str
    licence: str | None = None
    kind: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    tell: Callable[[int], None] = lambda _: None


@dataclass(slots=True)
class ImportResult:
    """What became of an import.

    Attributes:
        counts: the records.
        findings: what there is to say about them.
        dropped: how many findings there were too many to keep.
        diff: what changes in a catalog that was there before.
        product: the catalog, open for reading, where it does not go to a file.
        resources: what is to be closed when the product was read.
    """

    counts: Counts = field(default_factory=Counts)
    findings: list[Finding] = field(default_factory=list)
    dropped: int = 0
    diff: str = ""
    product: TextIO | None = None
    resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def note(self, finding: Finding) -> None:
        """Keep a finding, unless there are far too many."""
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(finding)
        else:
            self.dropped += 1


def import_source(job: ImportJob) -> ImportResult:
    """Import a source.

    Raises:
        MissingLibraryError: when the format needs a library that is not installed.
    """
    done = ImportResult()
    with contextlib.ExitStack() as stack:
        if job.out is not None and job.out.exists():
            _merge(job, done, stack)
        else:
            _write_new(job, done, stack)
    return done


def _entries(job: ImportJob, done: ImportResult, stack: contextlib.ExitStack) -> Iterator[NormalizedEntry]:
    """The entries of a source, each name once; what is wrong with the others is noted."""
    shaper = Normalizer(job.kind, job.mapping)
    seen = Deduplicator(stack)
    for item in _records(job, done, stack):
        if isinstance(item, Finding):
            done.note(item)
            done.counts.records += item.is_error
            done.counts.left_out += item.is_error
            continue
        done.counts.records += 1
        if not done.counts.records % 1000:
            job.tell(done.counts.records)
        shaped = shaper.shape(item)
        for finding in shaped.findings:
            done.note(finding)
        entry = shaped.value
        if entry is None:
            done.counts.left_out += 1
            continue
        if (line := _line_before(seen, entry)) is not None:
            message = f"{shorten(entry.name)!r} stands on line {line} already; this record is left out"
            done.note(Finding("I804", entry.location, message, "names are unique within a catalog", entry.name))
            done.counts.left_out += 1
            continue
        yield entry


def _line_before(seen: Deduplicator, entry: NormalizedEntry) -> int | None:
    """The line of the record that had the name of an entry, or its id, before."""
    names = dict.fromkeys((entry.name, entry.record.get("id")))
    lines = (seen.add(f"{entry.kind}\0{name == entry.name}\0{name}", entry.location.line) for name in names if name)
    return next((line for line in lines if line is not None), None)


def _records(job: ImportJob, done: ImportResult, stack: contextlib.ExitStack) -> Iterator[SourceRecord | Finding]:
    reader = IMPORTERS[job.format]
    for path, inside in _files(job.source, done):
        if str(path) == STDIN:
            yield from reader(RecordStream("<stdin>", _stdin(stack), inside, job.mapping))
            continue
        try:
            with path.open("rb") as stream:
                yield from reader(RecordStream(display_path(path), stream, inside, job.mapping))
        except OSError as error:
            done.note(Finding("F104", Location(display_path(path)), f"cannot be read: {error.strerror}"))


def _files(source: Path, done: ImportResult) -> Iterator[tuple[Path, str]]:
    """The files of a source, each with its path inside the folder."""
    if str(source) == STDIN or source.is_file():
        yield source, ""
    elif source.is_dir():
        found = False
        for path in files_below(source, _CARD_SUFFIXES):
            found = True
            yield path, path.relative_to(source).as_posix()
        if not found:
            done.note(Finding("F106", Location(display_path(source)), "the folder holds no model card (README.md)"))
    elif source.exists():
        done.note(
            Finding("F102", Location(display_path(source)), "this is not a regular file", "use - to read from stdin")
        )
    else:
        done.note(Finding("F101", Location(display_path(source)), "no such file or folder"))


def _stdin(stack: contextlib.ExitStack) -> BinaryIO:
    """Stdin in a file that can be read twice."""
    copy: BinaryIO = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # the stack closes it
    if sys.stdin is not None:
        shutil.copyfileobj(sys.stdin.buffer, copy)
    copy.seek(0)
    return copy


def _write_new(job: ImportJob, done: ImportResult, stack: contextlib.ExitStack) -> None:
    """Write a catalog that was not there before, while the source is read."""
    kinds: dict[str, TextIO] = {}
    origins = _spool(stack)
    for entry in _entries(job, done, stack):
        if entry.kind not in kinds:
            kinds[entry.kind] = _spool(stack)
            kinds[entry.kind].write(f"{entry.kind}:\n")
        kinds[entry.kind].write(entry_block(entry.record))
        origins.write(origin_line(origin_of(entry, job.name, job.retrieved, job.licence)))
        done.counts.added += 1
    if not done.counts.added or any(finding.code.startswith("F") for finding in done.findings):
        return  # a file without entries would be no catalog
    catalog = _spool(stack)
    for part in [kinds[kind] for kind in Kind if kind in kinds]:
        part.seek(0)
        shutil.copyfileobj(part, catalog)
    size = catalog.tell()
    for spool in (catalog, origins):
        spool.seek(0)
    if job.out is None or job.dry_run:
        done.product = catalog
        done.resources = stack.pop_all()
        return
    if size > MAX_CATALOG_BYTES:
        message = f"the catalog has {size:,} bytes; commands read at most {MAX_CATALOG_BYTES:,}"
        done.note(Finding("I810", Location(display_path(job.out)), message, "split the source"))
    for path, spool in ((job.out, catalog), (sources_path(job.out), origins)):
        problem = write_stream(path, spool)
        if problem is not None:
            done.note(problem)
            return


def _spool(stack: contextlib.ExitStack) -> TextIO:
    return stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n"))


def _merge(job: ImportJob, done: ImportResult, stack: contextlib.ExitStack) -> None:
    """Merge a source into a catalog."""
    out = job.out or Path()
    text = read_text(out, limit=MAX_CATALOG_BYTES)
    for finding in text.findings:
        done.note(finding)
    file = display_path(out)
    if text.value is None or _has_mistakes(text.value, file, done):
        return
    beside = sources_path(out)
    sidecar = read_text(beside, limit=4 * MAX_CATALOG_BYTES).value if beside.exists() else ""
    origins = parse_origins(sidecar or "", display_path(beside))
    if origins.findings:
        done.findings += origins.findings
        return
    merger = Merger(text.value, file, origins.value or [], job.name, job.retrieved, job.licence, done.counts)
    for entry in _entries(job, done, stack):
        for finding in merger.take(entry):
            done.note(finding)
    if any(finding.code.startswith("F") for finding in done.findings):
        return
    changed = merger.finish()
    done.findings += changed.findings
    if changed.value is None:
        return
    new_text, editor = changed.value
    done.diff = unified_diff(text.value, editor.edits, file)
    lines = "".join(origin_line(origin) for origin in merger.new_origins())
    files = ((out, text.value, new_text), (beside, sidecar, lines))
    changed_files = [(path, new.encode()) for path, old, new in files if new != old and not job.dry_run]
    if (problem := write_together(changed_files)) is not None:
        done.note(problem)


def _has_mistakes(text: str, file: str, done: ImportResult) -> bool:
    """Whether a catalog has errors: then nothing is merged into it."""
    if not text.strip():
        return False
    parsed = parse_catalog(text, file)
    errors = [finding for finding in parsed.findings if finding.is_error]
    done.findings += errors
    return has_errors(errors)

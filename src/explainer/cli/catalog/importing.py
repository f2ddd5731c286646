"""`explainer catalog import`: a list kept elsewhere → a catalog, new or refreshed."""

from __future__ import annotations

import datetime as dt
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from explainer.catalogs.kinds import ENTRY_KEYS, Kind
from explainer.cli.app import new_app
from explainer.cli.options import FindingsOption, StrictOption, choice
from explainer.cli.terminal import complain, say, show_findings, write_stdout
from explainer.curation.importers import IMPORTERS, SUFFIXES, MissingLibraryError
from explainer.curation.importing import ImportJob, ImportResult, import_source
from explainer.curation.normalize import SYNONYMS
from explainer.diagnostics.finding import ExitStatus, exit_status
from explainer.diagnostics.text import printable, suggest
from explainer.files import STDIN

app = new_app()

_EVERY_SECONDS = 0.2
_DIFF_LINES = 200
_CHUNK = 1024 * 1024


@app.command("import")
def run(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A file, a folder of model cards, or - for stdin.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="The catalog, new or not; stdout when left out.")
    ] = None,
    source_format: Annotated[
        str | None,
        choice("--from", IMPORTERS, "The format; by default what the name says."),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help="What a column is in a catalog; may be repeated."),
    ] = None,
    kind: Annotated[
        str | None,
        choice("--kind", tuple(Kind), "What records are that do not say it."),
    ] = None,
    source_name: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="What to call the source; by default its file name.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", "--license", metavar="TEXT", help="The licence of the source.")
    ] = None,
    retrieved: Annotated[
        str | None, typer.Option("--retrieved", metavar="DATE", help="The day it was retrieved; by default today.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes as a diff, and write nothing.")] = False,
    strict: StrictOption = False,
    findings: FindingsOption = "text",
) -> None:  # fmt: skip
    """Make a catalog from a list that is kept elsewhere, or refresh one from it.

    Reads CSV, TSV, spreadsheets, JSON, JSON Lines, catalogs, BibTeX, Hugging Face model cards, and arXiv's Atom and
    snapshot.

    Records with mistakes are left out and pointed out, the others are written: exit status 1. In a catalog that is
    there already, new values come in and what was written by hand stays; the changes are shown first. Where each entry
    comes from is recorded beside the catalog, in NAME.sources.jsonl.
    """
    job = ImportJob(
        source=source,
        out=None if out is None or str(out) == STDIN else out,
        format=_format(source, source_format),
        name=source_name or ("stdin" if str(source) == STDIN else source.name or str(source)),
        retrieved=_day(retrieved),
        licence=licence,
        kind=kind,
        mapping=_mapping(mapping),
        dry_run=dry_run,
        tell=_Progress().tell,
    )
    try:
        done = import_source(job)
    except MissingLibraryError as error:
        complain(str(error))
        raise typer.Exit(ExitStatus.UNUSABLE) from None
    finally:
        _Progress.wipe()
    _show(job, done)
    show_findings(done.findings, findings)
    if done.dropped:
        say(f"and {done.dropped:,} findings more")
    say(_summary(job, done))
    raise typer.Exit(exit_status(done.findings, strict=strict))


class _Progress:
    """One line on stderr that counts records, on a terminal only."""

    shown = False

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._wanted = sys.stderr is not None and sys.stderr.isatty()

    def tell(self, records: int) -> None:
        now = time.monotonic()
        if self._wanted and now - self._last > _EVERY_SECONDS:
            self._last = now
            sys.stderr.write(f"\r{records:,} records")
            sys.stderr.flush()
            _Progress.shown = True

    @classmethod
    def wipe(cls) -> None:
        if cls.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            cls.shown = False


def _format(source: Path, given: str | None) -> str:
    """The format of a source, as the option or its name says."""
    if given is not None:
        return given
    if source.is_dir():
        return "modelcard"
    found = SUFFIXES.get(source.suffix.casefold())
    if found is None:
        message = f"what {str(source)!r} holds cannot be told from its name; say it with --from"
        raise typer.BadParameter(message, param_hint="SOURCE")
    return found


def _day(given: str | None) -> str:
    if given is None:
        return dt.datetime.now(tz=dt.UTC).date().isoformat()
    try:
        return dt.date.fromisoformat(given).isoformat()
    except ValueError:
        message = f"{given!r} is not a day; write it like 2026-01-31"
        raise typer.BadParameter(message, param_hint="--retrieved") from None


def _mapping(given: list[str] | None) -> dict[str, str]:
    """`--map COLUMN=FIELD` as fields by column."""
    found: dict[str, str] = {}
    fields = (*ENTRY_KEYS, *(key for key in SYNONYMS if key not in ENTRY_KEYS))
    for one in given or ():
        column, separator, field = one.rpartition("=")
        if not separator or field not in fields:
            meant = suggest(field, fields)
            hint = f"; did you mean {meant!r}?" if separator and meant else f"; fields are {', '.join(fields)}"
            message = f"{one!r} is not COLUMN=FIELD" if not separator else f"there is no field {field!r}"
            raise typer.BadParameter(message + hint, param_hint="--map")
        found[column] = field
    return found


def _show(job: ImportJob, done: ImportResult) -> None:
    """Show what changes, or write the catalog that goes to stdout."""
    if done.product is not None:
        with done.resources:
            if job.out is not None:
                write_stdout(f"--- /dev/null\n+++ {job.out}\n")
            while lines := done.product.readlines(_CHUNK):
                write_stdout("".join(lines if job.out is None else [f"+{line}" for line in lines]))
    elif job.dry_run:
        write_stdout(done.diff)
    elif done.diff:
        lines = done.diff.splitlines()
        for line in lines[:_DIFF_LINES]:
            say(printable(line))
        if len(lines) > _DIFF_LINES:
            say(f"and {len(lines) - _DIFF_LINES} lines more")


def _summary(job: ImportJob, done: ImportResult) -> str:
    """One line that says how it went."""
    counts = done.counts
    parts = [
        f"{number:,} {what}"
        for number, what in (
            (counts.added, "added"),
            (counts.changed, "changed"),
            (counts.unchanged, "unchanged"),
            (counts.removed_by_hand, "removed by hand before, and not brought back"),
            (counts.left_out, "left out"),
        )
        if number
    ]
    line = f"{counts.records:,} record{'' if counts.records == 1 else 's'}: {', '.join(parts) or 'nothing to do'}"
    if job.out is None or job.dry_run or not (counts.added or counts.changed):
        return line
    return f"{line}\nnext: explainer catalog lint {job.out}"

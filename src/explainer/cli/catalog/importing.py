"""`explainer catalog import`: a list kept elsewhere → a catalog, new or refreshed."""

from __future__ import annotations

import datetime as dt
import sys
import time
from pathlib import Path
from typing import Annotated, TextIO

import typer

from explainer.catalogs.schema import ENTRY_KEYS, Kind
from explainer.cli.app import new_app
from explainer.cli.options import FindingsOption, StrictOption, choice, refuse
from explainer.cli.terminal import complain, say, show_findings, write_stdout
from explainer.curation.importers import IMPORTERS, SUFFIXES, MissingLibraryError
from explainer.curation.importing import ImportJob, ImportResult, import_source
from explainer.curation.merge import Counts, ImportedSource
from explainer.curation.normalize import SYNONYMS
from explainer.diagnostics.finding import ExitStatus, exit_status
from explainer.diagnostics.text import counted, did_you_mean, printable
from explainer.files import STDIN, as_text

app = new_app()

_EVERY_SECONDS = 0.2
# Lines of a diff that are shown on the terminal, at most.
_DIFF_LINES = 200
_CHUNK = 1024 * 1024


@app.command(
    "import",
    epilog="explainer catalog import refs.bib -o catalogs/refs.yaml\n"
    "explainer catalog import list.csv --map Titel=title --dry-run -o catalogs/list.yaml",
)
def run(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A file, a folder of model cards, or - for stdin.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="The catalog, new or not; stdout when left out.")
    ] = None,
    source_format: Annotated[
        str | None,
        choice("--from", IMPORTERS, "The format; by default that of the file name."),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help="Read a column as this field; may be repeated."),
    ] = None,
    kind: Annotated[
        str | None,
        choice("--kind", tuple(Kind), "The kind of records that do not name one."),
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

    Reads CSV (Zotero's too), TSV, spreadsheets, JSON, JSON Lines, catalogs, BibTeX, RIS, CSL-JSON, OpenAlex works,
    OpenMMLab metafiles, Hugging Face model cards, and arXiv's Atom and snapshot.

    Records with mistakes are left out and pointed out, the others are written: exit status 1. In a catalog that is
    there already, new values come in and what was written by hand stays; the changes are shown first. Where each entry
    comes from is recorded beside the catalog, in NAME.sources.jsonl.
    """
    progress = _Progress()
    name = source_name or ("stdin" if str(source) == STDIN else source.name or str(source))
    job = ImportJob(
        path=source,
        source=ImportedSource(as_text(name), _day(retrieved), licence and as_text(licence)),
        out=None if str(out) == STDIN else out,
        format=source_format or _format_of(source),
        kind=Kind(kind) if kind else None,
        mapping=_mapping(mapping or []),
        dry_run=dry_run,
        tell=progress.tell,
    )
    try:
        result = import_source(job)
    except MissingLibraryError as error:
        complain(str(error))
        raise typer.Exit(ExitStatus.UNUSABLE) from None
    finally:
        progress.clear()
    _write_products(job, result)
    if findings == "json":  # stderr holds one document, and nothing else
        show_findings(result.findings, findings)
        raise typer.Exit(exit_status(result.findings, strict=strict))
    if not job.dry_run:
        _say_changes(result.diff)
    show_findings(result.findings, findings)
    if result.dropped:
        say(f"and {result.dropped:,} findings more")
    say(_summary(job, result.counts))
    raise typer.Exit(exit_status(result.findings, strict=strict))


class _Progress:
    """Counts records in a line of stderr, on a terminal only."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._is_terminal = sys.stderr is not None and sys.stderr.isatty()
        self._shown = False

    def tell(self, records: int) -> None:
        now = time.monotonic()
        if self._is_terminal and now - self._last > _EVERY_SECONDS:
            self._last = now
            self._shown = True
            sys.stderr.write(f"\r{records:,} records")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _format_of(source: Path) -> str:
    """The format of a source, as its name says."""
    if source.is_dir():
        return "modelcard"
    suffix = source.suffix.casefold()
    if suffix not in SUFFIXES:
        refuse(f"cannot tell the format of {str(source)!r} from its name; give it with --from", "SOURCE")
    return SUFFIXES[suffix]


def _day(text: str | None) -> str:
    if text is None:
        return dt.datetime.now(tz=dt.UTC).date().isoformat()
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        message = f"{text!r} is not a date; write it like 2026-01-31"
        refuse(message, "--retrieved")


def _mapping(pairs: list[str]) -> dict[str, str]:
    """`--map COLUMN=FIELD` as fields by column."""
    mapping: dict[str, str] = {}
    fields = tuple(dict.fromkeys((*ENTRY_KEYS, *SYNONYMS)))
    for pair in pairs:
        column, separator, field = pair.rpartition("=")
        if field not in fields or not separator:
            known = f"fields are {', '.join(fields)}"
            message = f"{pair!r} is not COLUMN=FIELD; {known}"
            if separator:
                message = f"unknown field {field!r}; {did_you_mean(field, fields) or known}"
            refuse(message, "--map")
        mapping[column] = field
    return mapping


def _write_products(job: ImportJob, result: ImportResult) -> None:
    """Write what goes to stdout: a new catalog, or the changes of one that is there."""
    if result.product is not None:
        _write_product(job, result, result.product)
    elif job.dry_run:
        write_stdout(result.diff)


def _say_changes(diff: str) -> None:
    lines = diff.splitlines()
    for line in lines[:_DIFF_LINES]:
        say(printable(line))
    if len(lines) > _DIFF_LINES:
        say(f"and {len(lines) - _DIFF_LINES} lines more")


def _write_product(job: ImportJob, result: ImportResult, product: TextIO) -> None:
    """Write a new catalog to stdout: as it is, or as a diff of what would be written."""
    sign = ""
    if job.out is not None:
        sign = "+"
        write_stdout(f"--- /dev/null\n+++ {job.out}\n")
    with result.resources:
        while lines := product.readlines(_CHUNK):
            write_stdout("".join(sign + line for line in lines))


def _summary(job: ImportJob, counts: Counts) -> str:
    """One line that says how it went."""
    numbers = {
        "added": counts.added,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "removed by hand before, and not brought back": counts.removed_by_hand,
        "left out": counts.left_out,
    }
    parts = [f"{number:,} {what}" for what, number in numbers.items() if number]
    line = f"{counted(counts.records, 'record', ',')}: {', '.join(parts) or 'nothing to do'}"
    if job.out is None or job.dry_run or not (counts.added or counts.changed):
        return line
    return f"{line}\nnext: explainer catalog lint {job.out}"

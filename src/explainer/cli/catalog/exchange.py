"""`explainer catalog import` and `export`: lists kept elsewhere to catalogs, and catalogs to other formats."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, TextIO

import typer

from explainer.catalogs.schema import ENTRY_KEYS, Kind
from explainer.cli.app import new_app
from explainer.cli.catalog.browse import open_library, write_or_end
from explainer.cli.options import (
    CatalogOption,
    FileOption,
    FindingsOption,
    StrictOption,
    choice,
    format_of,
    refuse,
    refuse_if,
)
from explainer.cli.terminal import Progress, complain, finish, say, show_findings, write_stdout
from explainer.curation.export import EXPORT_FORMATS
from explainer.curation.export import export as exported
from explainer.curation.importers import IMPORTERS, SUFFIXES, MissingLibraryError
from explainer.curation.importing import ImportJob, ImportResult, import_source
from explainer.curation.merge import ImportedSource
from explainer.curation.normalize import SYNONYMS
from explainer.diagnostics.finding import ExitStatus, exit_status
from explainer.diagnostics.text import counted, did_you_mean, printable
from explainer.files import STDIN, as_text

app = new_app()

# Lines of a diff that are shown on the terminal, at most.
_DIFF_LINES = 200
_CHUNK = 1024 * 1024
_EXPORT_SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".bib": "bibtex",
    ".ris": "ris",
}
# The formats of references, as a note calls them.
_REFERENCES = {"bibtex": "BibTeX", "ris": "RIS", "csl-json": "CSL-JSON"}
# What references have no room for.
_LOST = "signatures, tasks, examples, aliases and data sets"
_LOST_IN_BIBTEX = f"further links, {_LOST}"


@app.command(
    "import",
    epilog="explainer catalog import refs.bib -o catalogs/refs.yaml\n"
    "explainer catalog import list.csv --map Titel=title --dry-run -o catalogs/list.yaml",
)
def import_list(
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
    progress = Progress("records")
    job = ImportJob(
        path=source,
        source=_source(source, source_name, licence, retrieved),
        out=None if str(out) == STDIN else out,
        format=source_format or _format_of(source),
        kind=Kind(kind) if kind else None,
        mapping=_mapping(mapping or []),
        dry_run=dry_run,
        tell=progress.update,
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
        finish(result.findings, findings, strict=strict)
    if not job.dry_run:
        _say_changes(result.diff)
    show_findings(result.findings, findings)
    _say_summary(job, result)
    raise typer.Exit(exit_status(result.findings, strict=strict))


def _source(
    path: Path, name: str | None, licence: str | None, retrieved: str | None
) -> ImportedSource:
    """What is recorded of a source: its name, by default that of its file, the day, and its licence."""
    if not name and str(path) == STDIN:
        name = "stdin"
    # `..` and the like have no name
    shown_name = as_text(name or path.name or str(path))
    day = _day(retrieved)
    return ImportedSource(shown_name, day, licence and as_text(licence))


def _format_of(source: Path) -> str:
    """The format of a source, as its name says."""
    if source.is_dir():
        return "modelcard"
    suffix = source.suffix.casefold()
    message = f"cannot tell the format of {str(source)!r} from its name; give it with --from"
    refuse_if(suffix not in SUFFIXES, message, "SOURCE")
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
    advice = f"fields are {', '.join(fields)}"
    for pair in pairs:
        column, separator, field = pair.rpartition("=")
        refuse_if(not separator, f"{pair!r} is not COLUMN=FIELD; {advice}", "--map")
        if field not in fields:
            refuse(f"unknown field {field!r}; {did_you_mean(field, fields) or advice}", "--map")
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


def _say_summary(job: ImportJob, result: ImportResult) -> None:
    """Say in one line how it went, and what to type next where there is something new."""
    if result.dropped:
        say(f"and {result.dropped:,} findings more")
    counts = result.counts
    numbers = {
        "added": counts.added,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "removed by hand before, and not brought back": counts.removed_by_hand,
        "left out": counts.left_out,
    }
    parts = [f"{number:,} {what}" for what, number in numbers.items() if number]
    say(f"{counted(counts.records, 'record', ',')}: {', '.join(parts) or 'nothing to do'}")
    is_written = job.out is not None and not job.dry_run
    if is_written and counts.added + counts.changed:
        say(f"next: explainer catalog lint {job.out}")


@app.command("export", epilog="explainer catalog export -o references.bib")
def export(
    catalog: CatalogOption = None,
    output_format: Annotated[
        str | None,
        choice("--format", EXPORT_FORMATS, "The format; by default that of the output's name."),
    ] = None,
    kind: Annotated[
        str | None,
        choice("--kind", tuple(Kind), "Only entries of this kind."),
    ] = None,
    out: FileOption = None,
    findings: FindingsOption = "text",
) -> None:  # fmt: skip
    """Write catalogs as JSON Lines, CSV, BibTeX, RIS or CSL-JSON, so that nobody is locked in.

    JSON Lines and CSV hold everything, and `catalog import` reads them back without a loss. BibTeX, RIS and CSL-JSON
    have no room for tasks, examples, aliases and data sets.
    """
    chosen = format_of(output_format, out, _EXPORT_SUFFIXES, "jsonl")
    text = "".join(exported(open_library(catalog, findings), chosen, Kind(kind) if kind else None))
    # on stderr: the product may go to stdout
    if chosen in _REFERENCES and findings != "json":
        lost = _LOST_IN_BIBTEX if chosen == "bibtex" else _LOST
        say(f"note: {_REFERENCES[chosen]} has no room for {lost}; jsonl and csv keep everything")
    write_or_end(text, out, findings)

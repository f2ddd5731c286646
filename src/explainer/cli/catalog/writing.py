"""`explainer catalog export` and `stats`: whole catalogs in another format, and their counts, as a picture too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from explainer.catalogs.schema import Kind
from explainer.cli.app import new_app
from explainer.cli.catalog.browse import open_library
from explainer.cli.options import CatalogOption, FileOption, FindingsOption, choice, format_of
from explainer.cli.terminal import say, show_findings, write_product
from explainer.curation.export import EXPORT_FORMATS
from explainer.curation.export import export as exported
from explainer.curation.stats import Stats, count, stats_data, stats_page, stats_text
from explainer.diagnostics.finding import exit_status
from explainer.diagnostics.text import json_document, printable

app = new_app()

_EXPORT_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".bib": "bibtex", ".ris": "ris"}
# The formats of references, as a note calls them.
_REFERENCES = {"bibtex": "BibTeX", "ris": "RIS", "csl-json": "CSL-JSON"}
# What references have no room for.
_LOST = "signatures, tasks, examples, aliases and data sets"
_LOST_IN_BIBTEX = "further links, signatures, tasks, examples, aliases and data sets"
_STATS_SUFFIXES = {".json": "json", ".html": "html", ".htm": "html"}


def _printable_text(counts: Stats) -> str:
    # the names come from catalogs, which may be somebody else's: nothing of them may steer the terminal
    return "".join(f"{printable(line)}\n" for line in stats_text(counts).splitlines())


_STATS_WRITERS: dict[str, Callable[[Stats], str]] = {
    "text": _printable_text,
    "json": lambda counts: json_document(stats_data(counts)),
    "html": stats_page,
}


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
    chosen = output_format or format_of(out, _EXPORT_SUFFIXES, "jsonl")
    text = "".join(exported(open_library(catalog, findings), chosen, Kind(kind) if kind else None))
    # on stderr: the product may go to stdout
    if chosen in _REFERENCES and findings != "json":
        lost = _LOST_IN_BIBTEX if chosen == "bibtex" else _LOST
        say(f"note: {_REFERENCES[chosen]} has no room for {lost}; jsonl and csv keep everything")
    _write(text, out, findings)


@app.command("stats", epilog="explainer catalog stats -o counts.html")
def stats(
    catalog: CatalogOption = None,
    output_format: Annotated[
        str | None,
        choice("--format", _STATS_WRITERS, "The format; by default that of the output's name."),
    ] = None,
    out: FileOption = None,
    findings: FindingsOption = "text",
) -> None:  # fmt: skip
    """Count the entries of the catalogs: by task, by signature, and by what they lack.

    html is one page with a picture of the counts: it runs no script and loads nothing.
    """
    library = open_library(catalog, findings)
    chosen = output_format or format_of(out, _STATS_SUFFIXES, "text")
    counts = count(library.models, library.papers)
    _write(_STATS_WRITERS[chosen](counts), out, findings)


def _write(text: str, out: Path | None, findings: str) -> None:
    """Write the product; end the command where that cannot be done."""
    problem = write_product(text, out)
    if problem is not None:
        show_findings([problem], findings)
        raise typer.Exit(exit_status([problem]))

"""`explainer catalog export`: catalogs → JSON Lines, CSV or BibTeX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from explainer.cli.app import new_app
from explainer.cli.catalog import open_library
from explainer.cli.options import CatalogOption, FileOption, FindingsOption, choice
from explainer.cli.output import say, show_findings, write_product
from explainer.curating.export import EXPORTERS
from explainer.entrytext import NAME_KEYS, entry_record
from explainer.findings import exit_status
from explainer.resolve import Library

app = new_app()

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".bib": "bibtex"}


@app.command("export")
def export(
    catalog: CatalogOption = None,
    output_format: Annotated[
        str | None,
        choice("--format", EXPORTERS, "The format; by default what the name of the output says."),
    ] = None,
    kind: Annotated[
        str | None,
        choice("--kind", NAME_KEYS, "Only entries of this kind."),
    ] = None,
    out: FileOption = None,
    findings: FindingsOption = "text",
) -> None:  # fmt: skip
    """Write catalogs as JSON Lines, CSV or BibTeX, so that nobody is locked in.

    JSON Lines and CSV hold everything, and `catalog import` reads them back without a loss. BibTeX has no room for
    tasks, examples, aliases and data sets.
    """
    chosen = output_format or _SUFFIXES.get(out.suffix.lower() if out else "", "jsonl")
    text = "".join(EXPORTERS[chosen](_records(open_library(catalog, findings), kind)))
    if chosen == "bibtex":
        say("note: BibTeX has no room for tasks, examples, aliases and data sets; jsonl and csv keep everything")
    problem = write_product(text, out)
    if problem is not None:
        show_findings([problem], findings)
        raise typer.Exit(exit_status([problem]))


def _records(library: Library, kind: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    kinds = (
        ("models", library.models),
        ("papers", library.papers),
        ("tasks", library.tasks),
        ("ports", library.own_ports),
    )
    for name, entries in kinds:
        for entry in entries if kind in (None, name) else ():
            yield name, entry_record(name, entry)

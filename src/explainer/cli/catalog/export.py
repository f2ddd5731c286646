"""`explainer catalog export`: catalogs → JSON Lines, CSV or BibTeX."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer

from explainer.catalogs.kinds import Kind, entry_record
from explainer.catalogs.library import Library
from explainer.catalogs.schema import Entry, PortEntry, Task
from explainer.cli.app import new_app
from explainer.cli.catalog.browse import open_library
from explainer.cli.options import CatalogOption, FileOption, FindingsOption, choice
from explainer.cli.terminal import say, show_findings, write_product
from explainer.curation.export import EXPORTERS
from explainer.diagnostics.finding import exit_status

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
        choice("--kind", tuple(Kind), "Only entries of this kind."),
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
    entries_of: dict[Kind, Iterable[Entry | Task | PortEntry]] = {
        Kind.MODELS: library.models,
        Kind.PAPERS: library.papers,
        Kind.TASKS: library.tasks,
        Kind.PORTS: library.own_ports,
    }
    for each_kind in [Kind(kind)] if kind else Kind:
        for entry in entries_of[each_kind]:
            yield each_kind, entry_record(each_kind, entry)

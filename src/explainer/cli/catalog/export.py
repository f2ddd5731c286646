"""`explainer catalog export`: catalogs → JSON Lines, CSV, BibTeX, RIS or CSL-JSON."""

from __future__ import annotations

from typing import Annotated

import typer

from explainer.catalogs.kinds import Kind
from explainer.cli.app import new_app
from explainer.cli.catalog.browse import open_library
from explainer.cli.options import CatalogOption, FileOption, FindingsOption, choice
from explainer.cli.terminal import say, show_findings, write_product
from explainer.curation.export import EXPORT_FORMATS
from explainer.curation.export import export as write_entries
from explainer.diagnostics.finding import exit_status

app = new_app()

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".bib": "bibtex", ".ris": "ris"}
# The formats of references, as a note calls them.
_REFERENCES = {"bibtex": "BibTeX", "ris": "RIS", "csl-json": "CSL-JSON"}


@app.command("export")
def export(
    catalog: CatalogOption = None,
    output_format: Annotated[
        str | None,
        choice("--format", EXPORT_FORMATS, "The format; by default what the name of the output says."),
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
    chosen = output_format or _SUFFIXES.get(out.suffix.lower() if out else "", "jsonl")
    text = "".join(write_entries(open_library(catalog, findings), chosen, Kind(kind) if kind else None))
    if chosen in _REFERENCES:
        lost = f"{_REFERENCES[chosen]} has no room for tasks, examples, aliases and data sets"
        say(f"note: {lost}; jsonl and csv keep everything")
    problem = write_product(text, out)
    if problem is not None:
        show_findings([problem], findings)
        raise typer.Exit(exit_status([problem]))

"""`explainer catalog stats`: counts by task, by signature and by what entries lack; as a picture too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from explainer.cli.app import new_app
from explainer.cli.catalog.browse import json_text, open_library
from explainer.cli.options import CatalogOption, FileOption, FindingsOption, choice
from explainer.cli.terminal import show_findings, write_product
from explainer.curation.stats import Stats, count, stats_data, stats_text
from explainer.diagnostics.finding import exit_status
from explainer.diagnostics.text import printable

app = new_app()


def _text(counts: Stats) -> str:
    return "".join(f"{printable(line)}\n" for line in stats_text(counts).splitlines())


def _json(counts: Stats) -> str:
    return json_text(stats_data(counts))


def _html(counts: Stats) -> str:
    from explainer.curation.stats_html import stats_page

    return stats_page(counts)


_WRITERS: dict[str, Callable[[Stats], str]] = {"text": _text, "json": _json, "html": _html}
_SUFFIXES = {".json": "json", ".html": "html", ".htm": "html"}


@app.command("stats")
def stats(
    catalog: CatalogOption = None,
    output_format: Annotated[
        str | None,
        choice("--format", _WRITERS, "The format; by default what the name of the output says."),
    ] = None,
    out: FileOption = None,
    findings: FindingsOption = "text",
) -> None:  # fmt: skip
    """Count the entries of the catalogs: by task, by signature, and by what they lack.

    html is one page with a picture of the counts: it runs no script and loads nothing.
    """
    library = open_library(catalog, findings)
    chosen = output_format or _SUFFIXES.get(out.suffix.lower() if out else "", "text")
    counts = count(library.models, library.papers)
    problem = write_product(_WRITERS[chosen](counts), out)
    if problem is not None:
        show_findings([problem], findings)
        raise typer.Exit(exit_status([problem]))

"""`explainer validate`: the pre-flight of a project. Its findings are the product."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from explainer.cli.app import ProjectCommand, new_app
from explainer.cli.options import FINDINGS_STYLES, CatalogOption, StrictOption, choice
from explainer.cli.terminal import say, shows_colors, write_stdout
from explainer.diagnostics.report import report
from explainer.validate import summarise, validate_project

app = new_app()


class _ValidateCommand(ProjectCommand):
    stops_at_bad_settings = False


@app.command(
    cls=_ValidateCommand,
    epilog="explainer validate\nexplainer validate catalogs/own.yaml questions --strict",
)
def run(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", readable=False, help="Files and folders; by default this project's."),
    ] = None,
    catalog: CatalogOption = None,
    output_format: Annotated[
        str,
        choice("--format", FINDINGS_STYLES, "How findings are written to stdout."),
    ] = "text",
    strict: StrictOption = False,
) -> None:  # fmt: skip
    """Check catalogs, questions and templates in one pass, and report all findings at once.

    Without a PATH: the folders catalogs, questions and templates here, or everything here. Nothing is changed.
    """
    result = validate_project(paths or [], catalog or [])
    # they are the product, so they go to stdout; how it went goes to stderr
    write_stdout(report(result.findings, output_format, colored=shows_colors(sys.stdout)))
    say(summarise(result))
    raise typer.Exit(result.status(strict=strict))

"""`explainer init`: a new project folder that builds at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from explainer.cli.app import new_app
from explainer.cli.terminal import say, show_findings
from explainer.curation.scaffold import INSTALLING_FILES, PACKAGE, UNKNOWN_REQUIREMENT, project_files, requirement_of
from explainer.diagnostics.finding import ExitStatus, Finding, Location
from explainer.files import display_path, write_bytes

app = new_app()

# What an empty folder may hold: `git init` before `explainer init` is fine.
_HARMLESS = frozenset({".git"})


@app.command()
def run(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; it must be new or empty.")]) -> None:
    """Make a new project folder that builds at once: a catalog, questions, schemas for editors, a check in CI.

    A folder that holds something already is left alone: exit status 2.
    """
    requirement = requirement_of(_origin())
    problem = _refusal(folder) or _write_project(folder, requirement or UNKNOWN_REQUIREMENT)
    if problem is not None:
        show_findings([problem], "text")
        raise typer.Exit(ExitStatus.UNUSABLE)
    if folder.absolute() != Path.cwd():
        say(f"next: cd {folder}")
    say("then: explainer build questions/*.yaml")
    if requirement is None:
        say(f"before CI or pre-commit run: write where this package can be had in {' and '.join(INSTALLING_FILES)}")


def _origin() -> str | None:
    """The record of where this package was installed from; pip writes none for packages from an index."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution(PACKAGE).read_text("direct_url.json")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return '{"url": "file:"}'


def _refusal(folder: Path) -> Finding | None:
    """Why a project cannot be made in a folder, or None."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        return Finding("F105", Location(display_path(folder)), "this is not a folder")
    if all(child.name in _HARMLESS for child in folder.iterdir()):
        return None
    return Finding("F105", Location(display_path(folder)), "the folder is not empty", "name a new folder")


def _write_project(folder: Path, requirement: str) -> Finding | None:
    """Write the files of a new project, up to the first that cannot be written."""
    for name, text in project_files(requirement).items():
        problem = write_bytes(folder / name, text.encode())
        if problem is not None:
            return problem
        say(f"wrote {display_path(folder / name)}")
    return None

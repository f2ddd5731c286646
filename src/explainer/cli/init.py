"""`explainer init`: a new project folder that builds at once."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from explainer.catalogs.schema import Catalog, Question, json_schema
from explainer.cli.app import new_app
from explainer.cli.terminal import say, show_findings
from explainer.diagnostics.finding import ExitStatus, Finding, Location
from explainer.files import display_path, write_bytes

app = new_app()

# What an empty folder may hold: `git init` before `explainer init` is fine.
_HARMLESS = frozenset({".git"})

# The files of a project that builds offline: copies of those in the folder `new_project`, and schemas for editors.
_FILES: dict[str, str | type[Catalog | Question]] = {
    "catalogs/catalog.yaml": "catalog.yaml",
    "questions/bird-at-the-feeder.yaml": "bird-at-the-feeder.yaml",
    "questions/loud-meeting.yaml": "loud-meeting.yaml",
    "schemas/catalog.schema.json": Catalog,
    "schemas/question.schema.json": Question,
    ".github/workflows/explainer.yml": "workflow.yml",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    "README.md": "README.md",
}


@app.command()
def run(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; it must be new or empty.")]) -> None:
    """Make a new project folder that builds at once: a catalog, questions, schemas for editors, a check in CI.

    A folder that holds something already is left alone: exit status 2.
    """
    problem = _refusal(folder) or _write_project(folder)
    if problem is not None:
        show_findings([problem], "text")
        raise typer.Exit(ExitStatus.UNUSABLE)
    if folder.absolute() != Path.cwd():
        say(f"next: cd {folder}")
    say("then: explainer build questions/*.yaml")


def _refusal(folder: Path) -> Finding | None:
    """Why a project cannot be made in a folder, or None."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        return Finding("F105", Location(display_path(folder)), "this is not a folder")
    if all(child.name in _HARMLESS for child in folder.iterdir()):
        return None
    return Finding("F105", Location(display_path(folder)), "the folder is not empty", "name a new folder")


def _write_project(folder: Path) -> Finding | None:
    """Write the files of a new project, up to the first that cannot be written."""
    for name, source in _FILES.items():
        problem = write_bytes(folder / name, _text(source).encode())
        if problem is not None:
            return problem
        say(f"wrote {display_path(folder / name)}")
    return None


def _text(source: str | type[Catalog | Question]) -> str:
    if isinstance(source, str):
        return files("explainer.curation").joinpath("new_project", source).read_text(encoding="utf-8")
    return json.dumps(json_schema(source), ensure_ascii=False, indent=2) + "\n"

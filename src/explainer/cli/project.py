"""`explainer init` and `explainer validate`: a new project that builds at once, and the pre-flight of one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from explainer._package import __version__
from explainer.catalogs.schema import Catalog, Question
from explainer.cli.app import ProjectCommand, new_app
from explainer.cli.options import FINDINGS_STYLES, CatalogOption, StrictOption, choice
from explainer.cli.terminal import say, show_findings, shows_colors, write_stdout
from explainer.diagnostics.finding import ExitStatus, Finding, Location
from explainer.diagnostics.text import json_document
from explainer.files import display_path, write_bytes

PACKAGE: Final = "cnaps-explainer"
UNKNOWN_REQUIREMENT: Final = f"{PACKAGE} @ git+https://WHERE-IT-IS/explainer.git"
"""What a person has to complete; pip refuses it as it is, where the bare name could install something else."""
INSTALLING_FILES: Final = (".github/workflows/explainer.yml", ".pre-commit-config.yaml")
"""The files of a project that install this package."""
# What stands for the requirement in the files of the folder.
_REQUIREMENT: Final = "REQUIREMENT"

# The files of a project: copies of those in the folder `new_project`, and the schemas of what users write.
_FILES: Final[dict[str, str | type[Catalog | Question]]] = {
    "catalogs/catalog.yaml": "catalog.yaml",
    "questions/bird-at-the-feeder.yaml": "bird-at-the-feeder.yaml",
    "questions/loud-meeting.yaml": "loud-meeting.yaml",
    "schemas/catalog.schema.json": Catalog,
    "schemas/question.schema.json": Question,
    ".github/workflows/explainer.yml": "workflow.yml",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    "README.md": "README.md",
    "explainer.toml": "explainer.toml",
}


def project_files(requirement: str) -> dict[str, str]:
    """Return the files of a new project: relative path → text.

    Args:
        requirement: what pip installs this package by, on a machine that has only the project.
    """
    return {
        path: _text(source).replace(_REQUIREMENT, requirement) for path, source in _FILES.items()
    }


def requirement_of(origin: str | None) -> str | None:
    """Return what pip installs this package by on another machine, or None when that cannot be known.

    Args:
        origin: the record of where the package was installed from (PEP 610); None when it came from an index.
    """
    if origin is None:
        return f"{PACKAGE}=={__version__}"  # what was tried here, not what may come
    record = json.loads(origin)
    url = record["url"]
    if url.startswith("file:"):  # a checkout or an archive on this machine alone
        return None
    if "vcs_info" not in record:
        return f"{PACKAGE} @ {url}"
    return f"{PACKAGE} @ {record['vcs_info']['vcs']}+{url}@{record['vcs_info']['commit_id']}"


def _text(source: str | type[Catalog | Question]) -> str:
    if not isinstance(source, str):
        from explainer.catalogs.validation import json_schema

        return json_document(json_schema(source))
    from importlib.resources import files

    folder = files("explainer.curation").joinpath("new_project")
    return folder.joinpath(source).read_text(encoding="utf-8")


app = new_app()

# What an empty folder may hold: `git init` before `explainer init` is fine.
_HARMLESS = frozenset({".git"})


@app.command("init", epilog="explainer init my-project")
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder; it must be new or empty.")
    ],
) -> None:
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
        places = " and ".join(INSTALLING_FILES)
        say(f"before CI or pre-commit runs: set where to install this package from in {places}")


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
    return Finding(
        "F105", Location(display_path(folder)), "the folder is not empty", "name a new folder"
    )


def _write_project(folder: Path, requirement: str) -> Finding | None:
    """Write the files of a new project, up to the first that cannot be written."""
    for name, text in project_files(requirement).items():
        problem = write_bytes(folder / name, text.encode())
        if problem is not None:
            return problem
        say(f"wrote {display_path(folder / name)}")
    return None


class _ValidateCommand(ProjectCommand):
    stops_at_bad_settings = False


@app.command(
    "validate",
    cls=_ValidateCommand,
    epilog="explainer validate\nexplainer validate catalogs/own.yaml questions --strict",
)
def validate(
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
    from explainer.diagnostics.report import report
    from explainer.validate import summarise, validate_project

    result = validate_project(paths or [], catalog or [])
    # they are the product, so they go to stdout; how it went goes to stderr
    write_stdout(report(result.findings, output_format, colored=shows_colors(sys.stdout)))
    say(summarise(result))
    raise typer.Exit(result.status(strict=strict))

"""A new project: what its files are called and what stands in them. Everything in it builds, offline, as it is."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Final

from explainer.catalogs.schema import Catalog, Question, json_schema

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
}


def project_files(requirement: str) -> dict[str, str]:
    """Return the files of a new project: relative path → text.

    Args:
        requirement: what pip installs this package by, on a machine that has only the project.
    """
    return {path: _text(source).replace(_REQUIREMENT, requirement) for path, source in _FILES.items()}


def requirement_of(origin: str | None) -> str | None:
    """Return what pip installs this package by on another machine, or None when that cannot be known.

    Args:
        origin: the record of where the package was installed from (PEP 610); None when it came from an index.
    """
    if origin is None:
        return PACKAGE
    record = json.loads(origin)
    url = record["url"]
    if url.startswith("file:"):  # a checkout or an archive on this machine alone
        return None
    if "vcs_info" not in record:
        return f"{PACKAGE} @ {url}"
    return f"{PACKAGE} @ {record['vcs_info']['vcs']}+{url}@{record['vcs_info']['commit_id']}"


def _text(source: str | type[Catalog | Question]) -> str:
    if isinstance(source, str):
        return files("explainer.curation").joinpath("new_project", source).read_text(encoding="utf-8")
    return json.dumps(json_schema(source), ensure_ascii=False, indent=2) + "\n"

"""A new project: what its files are called and what stands in them. Everything in it builds, offline, as it is."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Final

from explainer.catalogs.schema import Catalog, Question, json_schema

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


def project_files() -> dict[str, str]:
    """Return the files of a new project: relative path → text."""
    return {path: _text(source) for path, source in _FILES.items()}


def _text(source: str | type[Catalog | Question]) -> str:
    if isinstance(source, str):
        return files("explainer.curation").joinpath("new_project", source).read_text(encoding="utf-8")
    return json.dumps(json_schema(source), ensure_ascii=False, indent=2) + "\n"

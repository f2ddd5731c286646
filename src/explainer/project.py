"""Reads questions and catalogs from the disk into values: the glue between `workspace` and the pure rooms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from explainer.cache import cached_catalog, keep_catalog
from explainer.catalog import LoadedCatalog, parse_catalog
from explainer.document import decode
from explainer.findings import Finding, Parsed
from explainer.question import LoadedQuestion, parse_question
from explainer.resolve import Library
from explainer.workspace import (
    MAX_CATALOG_BYTES,
    MAX_QUESTION_BYTES,
    STDIN,
    CatalogPath,
    catalogs_for,
    display_path,
    read_raw,
    read_stdin,
    read_text,
)

__all__ = ["Shelf", "catalogs_for", "load_catalog", "load_question"]


def load_question(path: Path) -> Parsed[LoadedQuestion]:
    """Read a question from a YAML file, or from stdin when the path is `-`."""
    if str(path) == STDIN:
        text, file, default_id = read_stdin(limit=MAX_QUESTION_BYTES), "<stdin>", "stdin"
    else:
        text, file, default_id = read_text(path, limit=MAX_QUESTION_BYTES), display_path(path), path.stem
    if text.value is None:
        return Parsed(None, text.findings)
    return parse_question(text.value, file, default_id=default_id)


def load_catalog(path: Path, *, rank: int = 0) -> Parsed[LoadedCatalog]:
    """Read a catalog from a YAML file, or from the cache when the same bytes were read and found right before."""
    raw = read_raw(path, limit=MAX_CATALOG_BYTES)
    if raw.value is None:
        return Parsed(None, raw.findings)
    file = display_path(path)
    cached = cached_catalog(raw.value)
    if cached is not None:
        return Parsed(LoadedCatalog(file, cached, rank))
    text = decode(raw.value, file)
    if text.value is None:
        return Parsed(None, text.findings)
    parsed = parse_catalog(text.value, file, rank=rank)
    if parsed.value is not None and not parsed.findings:
        keep_catalog(raw.value, parsed.value.catalog)
    return parsed


class Shelf:
    """Catalogs by path, each read once, and libraries made of them."""

    def __init__(self) -> None:
        self._catalogs: dict[CatalogPath, Parsed[LoadedCatalog]] = {}
        self._libraries: dict[tuple[CatalogPath, ...], Parsed[Library]] = {}

    def library(self, paths: Sequence[CatalogPath]) -> Parsed[Library]:
        """Return the library of some catalogs, beside the findings of all of them."""
        key = tuple(paths)
        if key not in self._libraries:
            self._libraries[key] = self._load(key)
        return self._libraries[key]

    def _load(self, paths: Sequence[CatalogPath]) -> Parsed[Library]:
        loaded: list[LoadedCatalog] = []
        findings: list[Finding] = []
        for entry in paths:
            if entry not in self._catalogs:
                self._catalogs[entry] = load_catalog(entry.path, rank=entry.rank)
            parsed = self._catalogs[entry]
            findings += parsed.findings
            if parsed.value is not None:
                loaded.append(parsed.value)
        return Parsed(Library(loaded), tuple(findings))

"""Reads questions and catalogs from the disk into values: the glue between `workspace` and the pure rooms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

from explainer.catalogs.cache import cached_catalog, keep_catalog
from explainer.catalogs.catalog import LoadedCatalog, parse_catalog
from explainer.catalogs.library import Library
from explainer.catalogs.question import LoadedQuestion, parse_question, parse_question_line
from explainer.catalogs.schema import Catalog, Task
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import shorten
from explainer.documents.document import decode
from explainer.files import (
    MAX_CATALOG_BYTES,
    MAX_QUESTION_BYTES,
    STDIN,
    CatalogPath,
    builtin_folder,
    display_path,
    read_raw,
    read_stdin,
    read_text,
)


def load_question(path: Path) -> Parsed[LoadedQuestion]:
    """Read a question from a YAML file, or from stdin when the path is `-`."""
    if str(path) == STDIN:
        text, file, default_id = read_stdin(limit=MAX_QUESTION_BYTES), "<stdin>", "stdin"
    else:
        text, file, default_id = read_text(path, limit=MAX_QUESTION_BYTES), display_path(path), path.stem
    if text.value is None:
        return Parsed(None, text.findings)
    return parse_question(text.value, file, default_id=default_id)


def load_lines(path: Path) -> Parsed[list[tuple[str, str, int]]]:
    """Read a file of JSON lines, or stdin when the path is `-`: the text of each, its file and its number.

    Empty lines are passed over.
    """
    stdin = str(path) == STDIN
    text = read_stdin(limit=MAX_CATALOG_BYTES) if stdin else read_text(path, limit=MAX_CATALOG_BYTES)
    if text.value is None:
        return Parsed(None, text.findings)
    file = "<stdin>" if stdin else display_path(path)
    numbered = enumerate(text.value.split("\n"), 1)
    return Parsed([(line, file, number) for number, line in numbered if line.strip()], text.findings)


def load_question_lines(path: Path, *, passed_over: Collection[str] = ()) -> Parsed[list[LoadedQuestion]]:
    """Read the questions of a file of JSON lines, or of stdin when the path is `-`.

    Args:
        path: the file.
        passed_over: keys that a line may have for other readers.
    """
    lines = load_lines(path)
    loaded: dict[str, LoadedQuestion] = {}
    findings: list[Finding] = list(lines.findings)
    for line, file, number in lines.value or ():
        one = parse_question_line(line, file, number, passed_over=passed_over)
        findings += one.findings
        if one.value is not None and one.value.id in loaded:
            message = f"the id {shorten(one.value.id)!r} stands on an earlier line too"
            findings.append(Finding("Q407", Location(file, number), message, "give each question an id of its own"))
        elif one.value is not None:
            loaded[one.value.id] = one.value
    return Parsed(list(loaded.values()) if lines.value is not None else None, tuple(findings))


def load_catalog(path: Path, *, rank: int = 0) -> Parsed[LoadedCatalog]:
    """Read a catalog from a YAML file, or from the cache when the same bytes were read and found right before."""
    raw = read_raw(path, limit=MAX_CATALOG_BYTES)
    if raw.value is None:
        return Parsed(None, raw.findings)
    return read_catalog(raw.value, display_path(path), rank=rank)


def read_catalog(raw: bytes, file: str, *, rank: int = 0) -> Parsed[LoadedCatalog]:
    """Read a catalog from the bytes of a YAML file; see `load_catalog`."""
    cached = cached_catalog(raw)
    if cached is not None:
        return Parsed(LoadedCatalog(file, cached, rank))
    text = decode(raw, file)
    if text.value is None:
        return Parsed(None, text.findings)
    parsed = parse_catalog(text.value, file, rank=rank)
    if parsed.value is not None and not parsed.findings:
        keep_catalog(raw, parsed.value.catalog)
    return parsed


@cache
def shipped_tasks() -> tuple[Task, ...]:
    """Return the tasks that ship with the package: general knowledge of which words mean which task."""
    loaded = load_catalog(builtin_folder("catalogs") / "tasks.yaml").value
    return loaded.catalog.tasks if loaded is not None else ()


class CatalogLoader:
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
            loaded.append(
                parsed.value or LoadedCatalog(display_path(entry.path), Catalog(), entry.rank, complete=False)
            )
        return Parsed(Library(loaded, vocabulary=shipped_tasks), tuple(findings))

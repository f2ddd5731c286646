"""The pre-flight of a project: every catalog, question and template in one pass, all findings at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from explainer.build import SupportsRender, build
from explainer.catalogs.catalog import LoadedCatalog, catalog_from
from explainer.catalogs.library import Library, SourceCounts
from explainer.catalogs.loading import SOURCES_SUFFIX, CatalogLoader
from explainer.catalogs.question import LoadedQuestion, parse_question_line, question_from
from explainer.catalogs.schema import ModelEntry, PaperEntry
from explainer.diagnostics.finding import Finding, Location, has_errors
from explainer.diagnostics.text import line_column, shorten, suggest
from explainer.documents.document import Document
from explainer.documents.yaml_reader import read_yaml
from explainer.files import MAX_CATALOG_BYTES, cannot_read, display_path, files_below, read_text
from explainer.rendering.renderer import render_context
from explainer.rendering.templates import builtin_renderer, user_renderer

_YAML: Final = (".yaml", ".yml")
_LINES: Final = (".jsonl",)
_TEMPLATES: Final = (".j2",)
_FOLDERS: Final = ("catalogs", "questions", "templates")
_NOTHING_CHOSEN: Final = SourceCounts(0, 0)

_SAMPLE: Final = {
    "id": "sample", "aliases": (), "category": "sample", "task": "sample", "dataset": "sample",
    "paper": "https://example.org/paper", "github": "https://example.org/code",
    "huggingface": "https://example.org/model", "links": (), "summary": "A sample.", "examples": (), "deprecated": None,
    "signature": "Img2Img", "year": 2026, "authors": ("Sample",),
}  # fmt: skip
_ENTRY_KEYS: Final = (*ModelEntry.model_fields, *PaperEntry.model_fields)
_PLACEHOLDER: Final = re.compile(r"\{\{|\{%|\{#|\{[A-Za-z_][\w.]*\}")
_HEADING: Final = re.compile(r"#{1,6} ")


@dataclass(slots=True)
class Preflight:
    """What a pre-flight looked at and found."""

    catalogs: int = 0
    questions: int = 0
    templates: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to check."""
        return not (self.catalogs or self.questions or self.templates)


def preflight(paths: Sequence[Path], given_catalogs: Sequence[Path] = ()) -> Preflight:
    """Check files and folders.

    Args:
        paths: files and folders; none: the folders `catalogs`, `questions` and `templates` here, or all that is here.
        given_catalogs: what questions are answered from, instead of the catalogs that they find themselves.
    """
    return _Checker(given_catalogs).check(paths or _default_paths())


def _default_paths() -> list[Path]:
    return [Path(name) for name in _FOLDERS if Path(name).is_dir()] or [Path()]


class _Checker:
    def __init__(self, given_catalogs: Sequence[Path]) -> None:
        self._given = given_catalogs
        self._loader = CatalogLoader(given_catalogs)
        self._result = Preflight()
        self._catalogs: list[tuple[LoadedCatalog, Document]] = []
        self._reported: set[Finding] = set()
        self._renderers = [builtin_renderer(name) for name in ("prompt", "answer")]

    def check(self, paths: Sequence[Path]) -> Preflight:
        for path in paths:
            seen: dict[str, Location] = {}
            for file, inside in _files(path, lambda where, error: self._add([cannot_read(where, error)])):
                self._check_file(file, inside, seen)
            if not path.exists():
                self._add([Finding("F101", Location(display_path(path)), "no such file or folder")])
        self._check_tasks()
        return self._result

    def _add(self, findings: Sequence[Finding]) -> None:
        """Add findings; those of a catalog that many questions read only once."""
        for finding in findings:
            if finding not in self._reported:
                self._reported.add(finding)
                self._result.findings.append(finding)

    def _check_file(self, path: Path, inside: Path | None, seen: dict[str, Location]) -> None:
        if path.suffix in _TEMPLATES:
            self._check_template(path)
            return
        text = read_text(path, limit=MAX_CATALOG_BYTES)
        self._add(text.findings)
        if text.value is None:
            return
        if path.suffix in _LINES:
            self._check_lines(text.value, path)
            return
        document = read_yaml(text.value, display_path(path))
        if _is_question(document.data, path.parts[:-1]):
            default_id = path.stem if inside is None else inside.with_suffix("").as_posix()
            loaded = question_from(document, default_id=default_id)
            self._add(loaded.findings)
            self._check_question(loaded.value, path.parent, seen)
        else:
            self._result.catalogs += 1
            catalog = catalog_from(document)
            self._add(catalog.findings)
            if catalog.value is not None:
                self._catalogs.append((catalog.value, document))

    def _check_lines(self, text: str, path: Path) -> None:
        seen: dict[str, Location] = {}  # a file of lines is a source of its own
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        for number, line in enumerate(lines, 1):
            loaded = parse_question_line(line.removesuffix("\r"), display_path(path), number)
            self._add(loaded.findings)
            self._check_question(loaded.value, path.parent, seen)

    def _check_question(self, loaded: LoadedQuestion | None, base: Path, seen: dict[str, Location]) -> None:
        self._result.questions += 1
        if loaded is None:
            return
        location = loaded.document.locate(("id",))
        if loaded.id in seen:
            message = f"the id {loaded.id!r} stands twice, first in {seen[loaded.id].file}:{seen[loaded.id].line}"
            self._add([Finding("Q407", location, message, "give one of the two another id", loaded.id)])
        seen.setdefault(loaded.id, location)
        library = self._loader.for_question(loaded.question, base)
        self._add(library.findings)
        for renderer in self._renderers:
            result = build(loaded, library.value or Library([]), renderer, _NOTHING_CHOSEN)
            self._add(result.findings)

    def _check_template(self, path: Path) -> None:
        self._result.templates += 1
        if path.name.startswith("_"):
            return  # a part that others include: it is checked with them
        renderer = user_renderer(path)
        self._add(renderer.findings)
        if renderer.value is None:
            return
        sample = {**_SAMPLE, "name": "Sample", "title": "Sample"}
        with renderer.value as running:
            rendered = running.render(render_context("A sample question?", [sample], [sample], _sample_of(running)))
        self._add(rendered.findings)
        if rendered.value is not None:
            source = read_text(path, limit=MAX_CATALOG_BYTES).value or ""
            self._add(list(_leftovers(rendered.value.text, source, display_path(path))))

    def _check_tasks(self) -> None:
        """Entries whose task no catalog of this run knows; catalogs without any tasks are not asked."""
        tasks = [task for loaded, _ in self._catalogs for task in loaded.catalog.tasks]
        names = list(dict.fromkeys(name for task in tasks for name in (task.id, *task.aliases)))
        known = set(names)
        for _, document in self._catalogs if names else ():
            for path, task in _tasks_used(document.data):
                if task not in known:
                    meant = suggest(task, names)
                    hint = f"did you mean {meant!r}?" if meant else "add it to the tasks of a catalog"
                    document.findings = []
                    document.report("C303", path, f"unknown task {shorten(task)!r}", hint, text=task)
                    self._add(document.findings)


def _sample_of(renderer: SupportsRender) -> dict[str, Any]:
    """What a template gets beside the question and the entries, when it asks."""
    if not renderer.asks:
        return {}
    from explainer.workflows.planning import sample_variables  # noqa: PLC0415  # few templates ask

    return sample_variables()


def _files(path: Path, unreadable: Callable[[Path, OSError], None]) -> Iterator[tuple[Path, Path | None]]:
    """The files of a path that may be checked, each with its path inside the folder, None for a single file."""
    if path.is_dir():
        for file in files_below(path, (*_YAML, *_LINES, *_TEMPLATES), unreadable=unreadable):
            if not file.name.endswith(SOURCES_SUFFIX):
                yield file, file.relative_to(path)
    elif path.exists():
        yield path, None


def _is_question(data: Any, folders: Sequence[str]) -> bool:
    """Whether YAML data is a question and not a catalog, also when it has mistakes; `folders` are those it lies in."""
    nearest = next((folder for folder in reversed(folders) if folder in ("catalogs", "questions")), None)
    if not isinstance(data, dict) or "question" in data or "tasks" in data:
        return "question" in data if isinstance(data, dict) else nearest == "questions"
    lists = [data[kind] for kind in ("models", "papers") if isinstance(data.get(kind), list)]
    items = [item for items in lists for item in items]
    if any(isinstance(item, dict) and any(suggest(key, _ENTRY_KEYS) for key in item) for item in items):
        return False
    return bool(items) or suggest("question", data) is not None or nearest == "questions"


def _tasks_used(data: Any) -> Iterator[tuple[tuple[str, int, str], str]]:
    for kind in ("models", "papers"):
        items = data.get(kind) if isinstance(data, dict) else None
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict) and isinstance(item.get("task"), str):
                yield (kind, index, "task"), item["task"]


def _leftovers(text: str, source: str, file: str) -> Iterator[Finding]:
    """What a rendering of plain sample data should not hold."""
    for match in _PLACEHOLDER.finditer(text):
        index = max(source.find(match.group()), 0)
        message = f"the rendered text holds {match.group()!r}, which looks like a placeholder"
        hint = "a variable is written {{ name }}"
        yield Finding("T510", Location(file, *line_column(source, index)), message, hint, match.group())
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if _HEADING.match(line):
            below = next((other for other in lines[number + 1 :] if other.strip()), None)
            if below is None or _HEADING.match(below):
                index = max(source.find(line), 0)
                message = f"nothing stands under the heading {shorten(line)!r}"
                yield Finding("T511", Location(file, *line_column(source, index)), message, text=line)


def summarise(result: Preflight) -> str:
    """One line that says what was checked and how it went."""
    errors = sum(1 for finding in result.findings if finding.is_error)
    others = len(result.findings) - errors
    checked = ", ".join(
        f"{count} {word if count == 1 else word + 's'}"
        for count, word in (
            (result.catalogs, "catalog"),
            (result.questions, "question"),
            (result.templates, "template"),
        )
    )
    verdict = "no errors" if not has_errors(result.findings) else f"{errors} error{'s' if errors > 1 else ''}"
    return f"{checked}: {verdict}" + (f", {others} warning{'s' if others > 1 else ''}" if others else "")

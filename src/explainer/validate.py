"""The pre-flight of a project: every catalog, question and template in one pass, all findings at once."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from explainer.build import SupportsRender, build
from explainer.catalogs.library import SourceCounts
from explainer.catalogs.loading import (
    SOURCES_SUFFIX,
    CatalogLoader,
    ProjectFile,
    project_file,
    repeated_id,
    shipped_tasks,
)
from explainer.catalogs.parsing import (
    LoadedCatalog,
    LoadedQuestion,
    catalog_from,
    parse_question_line,
    question_from,
)
from explainer.catalogs.schema import SOURCE_KINDS, Kind, ModelEntry, PaperEntry
from explainer.catalogs.settings import PROJECT_FILES
from explainer.diagnostics.finding import ExitStatus, Finding, Location, errors_in, exit_status
from explainer.diagnostics.text import (
    counted,
    did_you_mean,
    lazy_regex,
    shorten,
    suggest,
)
from explainer.documents.document import (
    Document,
    Lines,
    as_mapping,
    items_of,
    listed_items,
    text_of,
)
from explainer.documents.yaml_reader import read_yaml
from explainer.files import (
    MAX_CATALOG_BYTES,
    cannot_read,
    display_path,
    files_below,
    read_text,
    real_path,
)
from explainer.rendering.renderer import render_context
from explainer.rendering.templates import builtin_renderer, user_renderer, with_template

_YAML: Final = (".yaml", ".yml")
_LINES: Final = (".jsonl",)
_TEMPLATES: Final = (".j2",)
_FOLDERS: Final = ("catalogs", "questions", "templates")
# Names are checked, and nothing is recommended: that would take long, and has no mistakes.
_MOST_HINTS: Final = 100
_NOTHING_CHOSEN: Final = SourceCounts(0, 0)

# An entry with every key, so that whatever a template leaves unfilled is the template's fault.
_SAMPLE: Final = {
    "id": "sample", "aliases": (), "category": "sample", "task": "sample", "dataset": "sample",
    "paper": "https://example.org/paper", "github": "https://example.org/code",
    "huggingface": "https://example.org/model", "links": (), "summary": "A sample.", "examples": (), "deprecated": None,
    "signature": "Img2Img", "year": 2026, "authors": ("Sample",),
}  # fmt: skip
_ENTRY_KEYS: Final = (*ModelEntry.__struct_fields__, *PaperEntry.__struct_fields__)
# keys of what `batch` and `ask` write, and providers send back
_OUTPUT_KEYS: Final = (
    '"custom_id"', '"text"', '"messages"', '"vars"', '"prompt"', '"request"', '"response"', '"answer"',
)  # fmt: skip
# What Jinja leaves behind when it does not run, and `{name}` as Python's str.format writes it.
_PLACEHOLDER: Final = lazy_regex(r"\{\{|\{%|\{#|\{[A-Za-z_][\w.]*\}")
_QUESTION_KEY: Final = lazy_regex(r"^question[ \t]*:", re.MULTILINE)
_HEADING: Final = lazy_regex(r"#{1,6} ")


class ValidationReport(Struct, frozen=True):
    """What was checked, and what was found.

    Attributes:
        catalogs: the number of catalogs.
        questions: the number of questions.
        templates: the number of templates.
        findings: what was found, each finding once.
        places: the files and folders that were looked at.
        passed_over: the number of files of lines that hold no questions.
    """

    catalogs: int = 0
    questions: int = 0
    templates: int = 0
    findings: tuple[Finding, ...] = ()
    places: tuple[str, ...] = ()
    passed_over: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to check."""
        return not (self.catalogs or self.questions or self.templates)

    def status(self, *, strict: bool) -> ExitStatus:
        """Return how the run ends."""
        status = exit_status(self.findings, strict=strict)
        if self.is_empty and status is ExitStatus.OK:
            return ExitStatus.NOTHING_CHECKED
        return status


def validate_project(
    paths: Sequence[Path], given_catalogs: Sequence[Path] = ()
) -> ValidationReport:
    """Check files and folders.

    Args:
        paths: files and folders; none: the folders `catalogs`, `questions` and `templates` here, or all that is here.
        given_catalogs: what questions are answered from, instead of the catalogs that they find themselves.
    """
    checker = _Checker(given_catalogs)
    project = checker.check_settings(paths[0] if paths else Path())
    paths = paths or _default_paths(project)
    for path in paths:
        checker.check_path(path)
    checker.check_tasks()
    return ValidationReport(
        len(checker.catalogs), checker.questions, checker.templates, tuple(checker.findings),
        tuple(map(display_path, paths)), checker.passed_over,
    )  # fmt: skip


def _default_paths(project: ProjectFile | None) -> list[Path]:
    """The folders of a project that are here, else all that is here; and the catalogs that its settings name."""
    paths = list(filter(Path.is_dir, map(Path, _FOLDERS)))
    if not paths:
        paths = [Path()]
    if project is None:
        return paths
    root = Path(os.path.relpath(project.path.parent))
    catalogs = map(root.joinpath, project.settings.catalogs or ())
    paths += filter(Path.exists, catalogs)
    return paths


class _Checker:
    """Checks one file after another, and remembers what only all of them together show."""

    def __init__(self, given_catalogs: Sequence[Path]) -> None:
        self.catalogs: list[Document] = []
        self.questions = 0
        self.templates = 0
        self.passed_over = 0
        self.findings: dict[Finding, None] = {}
        """Each finding once: those about a catalog come back with every question that reads it."""
        self._checked: set[Path] = set()
        self._task_names: dict[str, None] = {}
        self._loader = CatalogLoader(given_catalogs)
        self._renderers = [builtin_renderer(name) for name in ("prompt", "answer")]

    def check_settings(self, path: Path) -> ProjectFile | None:
        """Check the project file of a file or folder, and return it."""
        project = with_template(project_file(path if path.is_dir() else path.parent))
        self._add(project.findings)
        return project.value

    def check_path(self, path: Path) -> None:
        """Check a file, or the files of a folder, whose questions must have different ids."""
        if path.is_dir():
            self._check_folder(path)
        elif path.exists():
            self._check_file(path, path.stem, {}, is_named=True)
        else:
            self._add([Finding("F101", Location(display_path(path)), "no such file or folder")])

    def _check_folder(self, folder: Path) -> None:
        documents: dict[str, Document] = {}
        suffixes = (*_YAML, *_LINES, *_TEMPLATES)
        for file in files_below(folder, suffixes, unreadable=self._add_unreadable):
            if file.name.endswith(SOURCES_SUFFIX):
                continue
            default_id = file.relative_to(folder).with_suffix("").as_posix()
            self._check_file(file, default_id, documents, is_named=False)

    def _add(self, findings: Iterable[Finding]) -> None:
        self.findings.update(dict.fromkeys(findings))

    def _add_unreadable(self, folder: Path, error: OSError) -> None:
        self._add([cannot_read(folder, error)])

    def _check_file(
        self, path: Path, default_id: str, documents: dict[str, Document], *, is_named: bool
    ) -> None:
        real = real_path(path)
        if real in self._checked:
            return
        self._checked.add(real)
        if path.name in PROJECT_FILES:
            self.check_settings(path)
        elif path.suffix in _TEMPLATES:
            self._check_template(path)
        else:
            self._check_text(path, default_id, documents, is_named=is_named)

    def _check_text(
        self, path: Path, default_id: str, documents: dict[str, Document], *, is_named: bool
    ) -> None:
        """Check a file of YAML or of lines."""
        text = read_text(path, limit=MAX_CATALOG_BYTES)
        self._add(text.findings)
        if text.value is None:
            return
        if path.suffix not in _LINES:
            self._check_yaml(text.value, path, default_id, documents)
        elif is_named or _holds_questions(path, text.value):
            self._check_lines(text.value, path)
        else:
            self._checked.discard(real_path(path))  # it may still be named
            self.passed_over += 1

    def _check_yaml(
        self, text: str, path: Path, default_id: str, documents: dict[str, Document]
    ) -> None:
        document = read_yaml(text, display_path(path))
        # Reading stopped before the end: what the file is meant to be shows in the part that could not be read, too.
        shows_question = not document.readable and _QUESTION_KEY.search(text) is not None
        if shows_question or _is_question(document.data, path.parts[:-1]):
            loaded = question_from(document, default_id=default_id)
            self._add(loaded.findings)
            self._check_question(loaded.value, path.parent, documents)
        else:
            parsed = catalog_from(document)
            self._add(parsed.findings)
            self.catalogs.append(document)
            self._learn_tasks(parsed.value)

    def _learn_tasks(self, loaded: LoadedCatalog | None) -> None:
        if loaded is None:
            return
        for task in loaded.catalog.tasks:
            self._task_names.update(dict.fromkeys((task.id, *task.aliases)))

    def _check_lines(self, text: str, path: Path) -> None:
        documents: dict[str, Document] = {}  # a file of lines is a source of its own
        lines = text.removesuffix("\n").split("\n") if text else []
        for number, line in enumerate(lines, 1):
            loaded = parse_question_line(line.removesuffix("\r"), display_path(path), number)
            self._add(loaded.findings)
            self._check_question(loaded.value, path.parent, documents)

    def _check_question(
        self, loaded: LoadedQuestion | None, base: Path, documents: dict[str, Document]
    ) -> None:
        self.questions += 1
        if loaded is None:
            return
        first = documents.setdefault(loaded.id, loaded.document)
        if first is not loaded.document:
            first_place = first.locate(("id",))
            where = f"in {first_place.file}:{first_place.line}"
            location = loaded.document.locate(("id",))
            self._add([repeated_id(loaded.id, location, loaded.id, where)])
        library = self._loader.for_question(loaded.question, base)
        self._add(library.findings)
        if library.value is None:
            return
        for renderer in self._renderers:
            result = build(loaded, library.value, renderer, _NOTHING_CHOSEN)
            self._add(result.findings)

    def _check_template(self, path: Path) -> None:
        self.templates += 1
        if path.name.startswith("_"):
            return  # a part that others include: it is checked with them
        renderer = user_renderer(path)
        self._add(renderer.findings)
        if renderer.value is None:
            return
        sample = {**_SAMPLE, "name": "Sample", "title": "Sample"}
        with renderer.value as running:
            context = render_context("A sample question?", [sample], [sample], _sample_of(running))
            rendered = running.render(context)
        self._add(rendered.findings)
        if rendered.value is not None:
            source = read_text(path, limit=MAX_CATALOG_BYTES).value or ""
            self._add(_leftovers(rendered.value.text, source, display_path(path)))

    def check_tasks(self) -> None:
        """Find entries whose task no catalog of this run knows; without any tasks there is nothing to know."""
        if not self._task_names:
            return
        # What ships is general knowledge: whoever adds tasks need not repeat the usual ones.
        names = dict(self._task_names)
        for task in shipped_tasks():
            names.update(dict.fromkeys((task.id, *task.aliases)))

        # Looking for the nearest of many names takes milliseconds, and a thousand entries may share one label.
        @cache
        def hint_of(label: str) -> str:
            return did_you_mean(label, names) or "add it to the tasks of a catalog"

        for document in self.catalogs:
            self._add(_unknown_tasks(replace(document, findings=[]), names, hint_of))


def _unknown_tasks(
    document: Document, names: Collection[str], hint_of: Callable[[str], str]
) -> list[Finding]:
    """The findings about tasks that the entries of a catalog name, and that have none of some names."""
    for path, item in listed_items(document.data, SOURCE_KINDS):
        label = text_of(item, "task")
        if not label or label in names:
            continue
        # looking up takes 4 ms among 20,000 names: of many labels the first show what is wrong
        hint = hint_of(label) if len(document.findings) < _MOST_HINTS else None
        message = f"unknown task {shorten(label)!r}"
        document.report("C303", (*path, "task"), message, hint, text=label)
    return document.findings


def _sample_of(renderer: SupportsRender) -> dict[str, Any]:
    """What a template gets beside the question and the entries, when it asks."""
    if not renderer.asks:
        return {}
    from explainer.workflows.planning import sample_variables  # noqa: PLC0415  # few templates ask

    return sample_variables()


def _holds_questions(path: Path, text: str) -> bool:
    """Whether a file of lines that nobody named holds questions: outputs and manifests lie in the same folders.

    What is neither is judged as questions: a broken line must not hide its file.
    """
    if path.parent.name == "questions":
        return True
    first = next(filter(str.strip, text.splitlines()), "")
    if '"schema"' in first:
        return False
    if '"question"' in first:
        return True
    return not any(key in first for key in _OUTPUT_KEYS)


def _is_question(data: Any, folders: Sequence[str]) -> bool:
    """Whether YAML data is a question and not a catalog, also when it has mistakes; `folders` are those it lies in."""
    is_among_questions = _nearest_home(folders) == "questions"
    if not isinstance(data, dict):
        return is_among_questions
    if "question" in data or "tasks" in data:
        return "question" in data
    # A misspelt `question:` leaves its lists of names; those of a catalog hold mappings with keys of entries.
    items = [*items_of(data, Kind.MODELS), *items_of(data, Kind.PAPERS)]
    if any(_resembles_entry(item) for item in items):
        return False
    if items or is_among_questions:
        return True
    return suggest("question", data) is not None


def _nearest_home(folders: Sequence[str]) -> str:
    """The innermost of some folders that says what is in it; empty where none does."""
    for folder in reversed(folders):
        if folder in ("catalogs", "questions"):
            return folder
    return ""


def _resembles_entry(item: Any) -> bool:
    """Whether an item has keys of an entry, or was cut before its first value."""
    if item == {}:
        return True
    return any(suggest(key, _ENTRY_KEYS) for key in as_mapping(item))


def _leftovers(text: str, source: str, file: str) -> Iterator[Finding]:
    """What a rendering of plain sample data should not hold."""
    source_lines = Lines(source)

    def place_of(leftover: str) -> Location:
        return Location(file, *source_lines.position(max(source.find(leftover), 0)))

    for match in _PLACEHOLDER.finditer(text):
        leftover = match.group()
        message = f"the rendered text holds {leftover!r}, which looks like a placeholder"
        yield Finding(
            "T510", place_of(leftover), message, "a variable is written {{ name }}", leftover
        )
    for line in _empty_headings(text):
        yield Finding(
            "T511", place_of(line), f"nothing stands under the heading {shorten(line)!r}", text=line
        )


def _empty_headings(text: str) -> Iterator[str]:
    """The headings that are followed by another heading, or by nothing."""
    lines = filter(str.strip, text.split("\n"))
    for line, below in itertools.pairwise([*lines, "# the end"]):
        if _HEADING.match(line) and _HEADING.match(below):
            yield line


def _checked(report: ValidationReport) -> str:
    catalogs, questions = counted(report.catalogs, "catalog"), counted(report.questions, "question")
    return f"{catalogs}, {questions}, {counted(report.templates, 'template')}"


def _counts(findings: Sequence[Finding]) -> str:
    """How many errors and warnings there are."""
    errors = len(errors_in(findings))
    warnings = len(findings) - errors
    line = counted(errors, "error") if errors else "no errors"
    if warnings:
        line += f", {counted(warnings, 'warning')}"
    return line


def summarise(report: ValidationReport) -> str:
    """One line that says what was checked and how it went."""
    if report.is_empty and not report.findings:
        looked_for = "catalogs and questions (.yaml, .yml, .jsonl) and templates (.j2)"
        return f"nothing to check in {', '.join(report.places)}: looked for {looked_for}"
    line = f"{_checked(report)}: {_counts(report.findings)}"
    if report.passed_over:
        line += f"; {counted(report.passed_over, 'file')} of lines passed over: no questions"
    # a question beside the folder of questions is easily taken for a checked one
    if not report.questions and set(report.places) <= set(_FOLDERS):
        line += f"; looked only in {', '.join(report.places)}"
    return line

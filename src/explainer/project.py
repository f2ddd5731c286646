"""The public functions: from files or text to values, in a few lines of Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

from explainer.build import BuildResult, build
from explainer.catalogs.catalog import parse_catalog as _parse_catalog
from explainer.catalogs.library import EntryIndex, Library, Sources
from explainer.catalogs.loading import CatalogLoader, shipped_tasks
from explainer.catalogs.loading import load_question as _load_question
from explainer.catalogs.question import LoadedQuestion, question_from_text
from explainer.catalogs.question import parse_question as _parse_question
from explainer.catalogs.schema import Entry
from explainer.diagnostics.finding import Finding, Parsed
from explainer.files import MAX_QUESTION_BYTES, builtin_folder, display_path, read_text, write_bytes
from explainer.rendering.templates import builtin_renderer

E = TypeVar("E", bound=Entry)
QuestionLike: TypeAlias = "str | LoadedQuestion | Parsed[LoadedQuestion]"
LibraryLike: TypeAlias = "Library | Parsed[Library]"


def load_catalogs(*paths: str | Path) -> Parsed[Library]:
    """Read catalog files and folders as one library.

    Args:
        paths: files or folders, the first one wins where names are the same; none: the catalogs that the package ships.

    Returns:
        The library, without the entries that have mistakes, beside the findings of all files. Nothing is raised.
    """
    return CatalogLoader([Path(path) for path in paths] or [builtin_folder("catalogs")]).for_named()


def load_question(path: str | Path) -> Parsed[LoadedQuestion]:
    """Read a question file (YAML). Nothing is raised."""
    return _load_question(Path(path))


def parse_catalog(text: str, file: str = "<catalog>") -> Parsed[Library]:
    """Read one catalog from YAML text as a library; `file` is how findings call it."""
    loaded = _parse_catalog(text, file)
    if loaded.value is None:
        return Parsed(None, loaded.findings)
    return Parsed(Library([loaded.value], vocabulary=shipped_tasks), loaded.findings)


def parse_question(text: str, file: str = "<question>") -> Parsed[LoadedQuestion]:
    """Read one question from YAML text; `file` is how findings call it."""
    return _parse_question(text, file, default_id="question")


def build_prompt(question: QuestionLike, library: LibraryLike) -> Parsed[BuildResult]:
    """Build the prompt of a question in the seed's layout.

    Args:
        question: plain text, or what `load_question` or `parse_question` returned.
        library: what `load_catalogs` or `parse_catalog` returned.

    Returns:
        The prompt (`.text`, `.rendering.segments`, `.sources`), or None; and all findings, the arguments' first.
    """
    return _build(question, library, "prompt")


def build_answer(question: QuestionLike, library: LibraryLike) -> Parsed[BuildResult]:
    """Build the skeleton of a question's answer in the seed's layout; see `build_prompt`."""
    return _build(question, library, "answer")


def _build(question: QuestionLike, library: LibraryLike, template: str) -> Parsed[BuildResult]:
    if isinstance(question, str):
        question = question_from_text(question)
    findings: Sequence[Finding] = ()
    for parsed in (question, library):
        findings = (*findings, *(parsed.findings if isinstance(parsed, Parsed) else ()))
    loaded = question.value if isinstance(question, Parsed) else question
    shelf = library.value if isinstance(library, Parsed) else library
    if loaded is None or shelf is None:
        return Parsed(None, tuple(findings))
    built = build(loaded, shelf, builtin_renderer(template))
    return Parsed(built.value, (*findings, *built.findings))


def save_choice(path: Path, loaded: LoadedQuestion, sources: Sources, library: Library) -> tuple[Finding, ...]:
    """Write the entries that were recommended to a question into its file.

    Args:
        path: the file.
        loaded: the question as it was read from there.
        sources: all its entries.
        library: where they come from.

    Returns:
        What went wrong; the file is then as it was.
    """
    from explainer.recommending.choice import insert_choice  # noqa: PLC0415  # few ask for it

    names = {}
    if loaded.question.models is None:
        names["models"] = [_name_of(entry, library.models) for entry in sources.models]
    if loaded.question.papers is None:
        names["papers"] = [_name_of(entry, library.papers) for entry in sources.papers]
    text = read_text(path, limit=MAX_QUESTION_BYTES)
    if text.value is None:
        return text.findings
    pinned = insert_choice(text.value, display_path(path), names)
    problem = write_bytes(path, pinned.value.encode()) if pinned.value is not None else None
    return pinned.findings + ((problem,) if problem else ())


def _name_of(entry: E, index: EntryIndex[E]) -> str:
    """The name of an entry, or its id where the name means several."""
    return entry.label if index.find(entry.label) == [entry] else index.id_of(entry)

"""Which questions name an entry, and where: by its name, its id or an alias."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from explainer.catalogs.kinds import SOURCE_KINDS, Kind
from explainer.catalogs.library import EntryIndex, Library
from explainer.catalogs.loading import CatalogLoader
from explainer.catalogs.question import LoadedQuestion, parse_question, parse_question_line
from explainer.diagnostics.finding import NOWHERE, Finding, Location, Parsed, has_errors
from explainer.diagnostics.text import shorten
from explainer.files import MAX_CATALOG_BYTES, display_path, files_below, read_text

_LINES: Final = ".jsonl"
_SUFFIXES: Final = (".yaml", ".yml", _LINES)
_WRONG_KEYS: Final = frozenset({"S201", "S202", "S203"})


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """A file of questions: one in YAML, or a line of JSON each."""

    path: Path
    text: str
    questions: tuple[LoadedQuestion, ...]

    @property
    def is_lines(self) -> bool:
        """Whether it holds lines of JSON."""
        return self.path.suffix == _LINES


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a question names an entry.

    Attributes:
        question: the id of the question.
        item: what stands there: the name, the id or an alias.
        position: the number of the item in its list, from 0.
        location: where it is.
    """

    question: str
    item: str
    position: int
    location: Location


@dataclass(frozen=True, slots=True)
class NamedEntries:
    """The entries that a name means, and the questions that may name them.

    Attributes:
        files: the questions.
        entries: the kind and the name of each entry, a model and a paper at most.
        findings: what is wrong with the questions, the catalogs or the name.
    """

    files: tuple[QuestionFile, ...]
    entries: tuple[tuple[Kind, str], ...]
    findings: tuple[Finding, ...]


def load_questions(paths: Sequence[Path]) -> Parsed[list[QuestionFile]]:
    """Read the questions of files and folders; without any, of the folder `questions` if it is here.

    A YAML file in a folder that holds no question is passed over: it may be a catalog.
    """
    files: list[QuestionFile] = []
    findings: list[Finding] = []
    for path in paths or filter(Path.is_dir, [Path("questions")]):
        if not path.exists():
            findings.append(Finding("F101", Location(display_path(path)), "no such file or folder"))
            continue
        folder = path if path.is_dir() else path.parent
        for file in files_below(path, _SUFFIXES) if path.is_dir() else [path]:
            loaded = _load(file, default_id=file.relative_to(folder).with_suffix("").as_posix())
            findings += loaded.findings
            files += filter(None, [loaded.value])
    return Parsed(files, tuple(findings))


def _load(path: Path, default_id: str) -> Parsed[QuestionFile]:
    text = read_text(path, limit=MAX_CATALOG_BYTES)
    if text.value is None:
        return Parsed(None, text.findings)
    is_lines = path.suffix == _LINES
    if not is_lines and "question" not in text.value:
        return Parsed(None)
    questions: list[LoadedQuestion] = []
    findings: list[Finding] = []
    for loaded in _parse(text.value, path, default_id):
        questions += filter(None, [loaded.value])
        findings += loaded.findings
    codes = {finding.code for finding in findings}
    # With nothing but wrong keys the file may be a catalog; where no catalogs are expected that is worth saying.
    if not is_lines and not questions and codes <= _WRONG_KEYS:
        return Parsed(None, () if "catalogs" in path.absolute().parts else tuple(findings))
    return Parsed(QuestionFile(path, text.value, tuple(questions)), tuple(findings))


def _parse(text: str, path: Path, default_id: str) -> Iterator[Parsed[LoadedQuestion]]:
    file = display_path(path)
    if path.suffix != _LINES:
        yield parse_question(text, file, default_id=default_id)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield parse_question_line(line, file, number)


def look_up(name: str, kind: str | None, questions: Sequence[Path], loader: CatalogLoader) -> NamedEntries:
    """Return the entries that a name means, beside the questions; a finding where it means none.

    Args:
        name: a name, an id or an alias.
        kind: whether a model or a paper is meant; None for either.
        questions: files and folders of questions; none for the folder `questions`.
        loader: reads the catalogs.
    """
    files = load_questions(questions)
    parsed = loader.for_named()
    library = parsed.value or Library([])
    findings = [*files.findings, *parsed.findings]
    kinds = [Kind(kind)] if kind else SOURCE_KINDS
    entries: dict[tuple[Kind, str], None] = {}
    for entry_kind in kinds:
        for entry in index_of(library, entry_kind).find(name):
            entries[entry_kind, entry.label] = None
    if not entries and not has_errors(findings):
        findings.append(_unknown(name, kinds, library))
    return NamedEntries(tuple(files.value or ()), tuple(entries), tuple(findings))


def _unknown(name: str, kinds: Sequence[Kind], library: Library) -> Finding:
    suggestions = (index_of(library, kind).suggestion(name) for kind in kinds)
    meant = next(filter(None, suggestions), None)
    code = "Q402" if kinds == [Kind.PAPERS] else "Q401"
    hint = f"did you mean {meant!r}?" if meant else None
    return Finding(code, NOWHERE, f"no model and no paper is called {shorten(name)!r}", hint, name)


def used_by(name: str, kind: str | None, questions: Sequence[Path], catalogs: Sequence[Path]) -> Parsed[list[Use]]:
    """Return where questions name an entry, each read with its own catalogs.

    Args:
        name: the name of the entry, its id or an alias.
        kind: whether a model or a paper is meant; None for either.
        questions: files and folders of questions; none for the folder `questions`.
        catalogs: the catalogs of the command line; none for those that are found.
    """
    loader = CatalogLoader(catalogs)
    named = look_up(name, kind, questions, loader)
    named_at: list[Use] = []
    for entry_kind, label in named.entries:
        for file in named.files:
            for loaded in file.questions:
                library = library_for(loaded, file, loader)
                named_at += uses(loaded, library, entry_kind, label)
    return Parsed(named_at, tuple(dict.fromkeys((*named.findings, *loader.findings))))


def library_for(loaded: LoadedQuestion, file: QuestionFile, loader: CatalogLoader) -> Library:
    """Return the library that a question of a file is answered from."""
    return loader.for_question(loaded.question, file.path.parent).value or Library([])


def index_of(library: Library, kind: Kind) -> EntryIndex[Any]:
    """Return the entries of one kind: models or papers."""
    return library.models if kind is Kind.MODELS else library.papers


def uses(loaded: LoadedQuestion, library: Library, kind: Kind, label: str) -> Iterator[Use]:
    """Yield the places where a question names the entry of one kind that is called `label`."""
    index = index_of(library, kind)
    for position, item in enumerate(getattr(loaded.question, kind) or ()):
        if isinstance(item, str) and any(entry.label == label for entry in index.find(item)):
            yield Use(loaded.id, item, position, loaded.document.locate((kind, position)))

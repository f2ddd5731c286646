"""What curators do with the files of a project: read its questions, rename an entry everywhere, write it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from explainer.catalogs.catalog import LoadedCatalog, parse_catalog
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogPath, catalogs_for, load_catalog, sources_path
from explainer.catalogs.question import LoadedQuestion, parse_question, parse_question_line
from explainer.curation.merge import origin_line, parse_origins
from explainer.curation.usage import (
    Use,
    index_of,
    outdated_uses,
    rename_in_catalog,
    rename_in_line,
    rename_in_question,
    uses,
)
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import shorten
from explainer.documents.edits import Edit, apply_edits, unified_diff
from explainer.files import MAX_CATALOG_BYTES, builtin_folder, display_path, files_below, read_text, write_together

_LINES: Final = ".jsonl"
_SUFFIXES: Final = (".yaml", ".yml", _LINES)


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
class FileChange:
    """A file, and the edits that it gets."""

    path: Path
    text: str
    edits: tuple[Edit, ...]

    @property
    def diff(self) -> str:
        """The edits as a unified diff."""
        return unified_diff(self.text, self.edits, display_path(self.path))


def load_questions(paths: Sequence[Path]) -> Parsed[list[QuestionFile]]:
    """Read the questions of files and folders; without any, of the folder `questions` if it is here.

    A YAML file in a folder that holds no question is passed over: it may be a catalog.
    """
    given = list(paths) or [path for path in (Path("questions"),) if path.is_dir()]
    files: list[QuestionFile] = []
    findings: list[Finding] = []
    for path in given:
        if not path.exists():
            findings.append(Finding("F101", Location(display_path(path)), "no such file or folder"))
        for file in files_below(path, _SUFFIXES) if path.is_dir() else [path] if path.exists() else []:
            loaded = _load(file, file.relative_to(path) if path.is_dir() else Path(file.name))
            findings += loaded.findings
            files += [loaded.value] if loaded.value is not None else []
    return Parsed(files, tuple(findings))


def _load(path: Path, inside: Path) -> Parsed[QuestionFile]:
    text = read_text(path, limit=MAX_CATALOG_BYTES)
    if text.value is None:
        return Parsed(None, text.findings)
    file = display_path(path)
    if path.suffix == _LINES:
        numbered = enumerate(text.value.split("\n"), 1)
        parsed = [parse_question_line(line, file, number) for number, line in numbered if line.strip()]
    elif "question" not in text.value:
        return Parsed(None)
    else:
        parsed = [parse_question(text.value, file, default_id=inside.with_suffix("").as_posix())]
        if parsed[0].value is None and {finding.code for finding in parsed[0].findings} <= {"S201", "S202", "S203"}:
            return Parsed(None, () if "catalogs" in path.absolute().parts else parsed[0].findings)
    questions = tuple(one.value for one in parsed if one.value is not None)
    return Parsed(
        QuestionFile(path, text.value, questions), tuple(finding for one in parsed for finding in one.findings)
    )


class Shelves:
    """Libraries of catalogs, each file read once; some of them may stand for a changed text that is not written yet."""

    def __init__(self, given: Sequence[Path], changed: Mapping[Path, str] | None = None) -> None:
        self.given = given
        self.findings: list[Finding] = []
        self._changed = {path.absolute(): text for path, text in (changed or {}).items()}
        self._catalogs: dict[CatalogPath, LoadedCatalog | None] = {}
        self._libraries: dict[tuple[CatalogPath, ...], Library] = {}

    def library_for(self, loaded: LoadedQuestion, base: Path) -> Library:
        """Return the library that a question in the folder `base` is answered from."""
        return self.library(self._taken(catalogs_for(self.given, loaded.question.catalog, base)))

    def paths(self) -> list[CatalogPath]:
        """Return the catalogs that were given, or that are found from here."""
        return self._taken(catalogs_for(self.given, None, Path()))

    def library(self, paths: Sequence[CatalogPath]) -> Library:
        """Return the library of some catalogs."""
        key = tuple(paths)
        if key not in self._libraries:
            self._libraries[key] = Library([loaded for path in key if (loaded := self._catalog(path)) is not None])
        return self._libraries[key]

    def _catalog(self, path: CatalogPath) -> LoadedCatalog | None:
        if path not in self._catalogs:
            text = self._changed.get(path.path.absolute())
            if text is None:
                parsed = load_catalog(path.path, rank=path.rank)
            else:
                parsed = parse_catalog(text, display_path(path.path), rank=path.rank)
            self.findings += [finding for finding in parsed.findings if finding not in self.findings]
            self._catalogs[path] = parsed.value
        return self._catalogs[path]

    def _taken(self, parsed: Parsed[list[CatalogPath]]) -> list[CatalogPath]:
        self.findings += [finding for finding in parsed.findings if finding not in self.findings]
        return parsed.value or []


def find_uses(files: Sequence[QuestionFile], shelves: Shelves, kind: str, label: str) -> list[Use]:
    """Return where questions name an entry, each read with its own catalogs."""
    return [
        use
        for file in files
        for loaded in file.questions
        for use in uses(loaded, shelves.library_for(loaded, file.path.parent), kind, label)
    ]


@dataclass(slots=True)
class Renaming:
    """What a renaming changes, and what stands in its way."""

    changes: list[FileChange] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    questions: int = 0


def rename(
    names: tuple[str, str], kind: str, given: Sequence[Path], files: Sequence[QuestionFile], *, keep_alias: bool
) -> Renaming:
    """Plan the new name of an entry in all catalogs and questions; nothing is written.

    Args:
        names: the name that it has, and the one that it gets.
        kind: `models` or `papers`.
        given: the catalogs of the command line; none for those that are found from here.
        files: the questions.
        keep_alias: the old name becomes an alias, so that questions may go on using it.
    """
    old, new = names
    plan = Renaming()
    if old == new:
        return plan
    before = Shelves(given)
    if index_of(before.library(before.paths()), kind).find(new):
        kept = [entry.label for entry in index_of(before.library(before.paths()), kind).find(new)]
        if kept != [old]:
            message = f"another entry is called {shorten(new)!r} already"
            plan.findings.append(Finding("C301", Location("NEW"), message, "choose another name", new))
            return plan
    changed = _rename_in_catalogs(plan, before, names, kind, keep_alias=keep_alias)
    after = Shelves(given, changed)
    after.library(after.paths())
    plan.findings += [*before.findings, *(finding for finding in after.findings if finding not in before.findings)]
    for file in files:
        outdated: list[Use] = []
        for loaded in file.questions:
            libraries = [shelves.library_for(loaded, file.path.parent) for shelves in (before, after)]
            outdated += outdated_uses(loaded, libraries[0], libraries[1], kind, names, keep_alias=keep_alias)
        if outdated:
            plan.questions += len({use.question for use in outdated})
            _rename_in_file(plan, file, outdated, kind, new)
    return plan


def _rename_in_catalogs(
    plan: Renaming, shelves: Shelves, names: tuple[str, str], kind: str, *, keep_alias: bool
) -> dict[Path, str]:
    changed: dict[Path, str] = {}
    for path in shelves.paths():
        text = read_text(path.path, limit=MAX_CATALOG_BYTES).value or ""
        editor = rename_in_catalog(text, display_path(path.path), kind, *names, keep_alias=keep_alias)
        if editor is None:
            continue
        if _is_shipped(path.path):
            message = "this catalog came with the package; copy it into your project to change it"
            plan.findings.append(Finding("F105", Location(display_path(path.path)), message))
        done = editor.finish()
        plan.findings += done.findings
        if done.value is not None:
            changed[path.path] = done.value
            plan.changes.append(FileChange(path.path, text, tuple(editor.edits)))
            plan.changes += _sources_change(sources_path(path.path), kind, names)
    return changed


def _sources_change(path: Path, kind: str, names: tuple[str, str]) -> list[FileChange]:
    """What the new name changes in the record of sources, if there is one: the next import must find the entry."""
    text = read_text(path, limit=4 * MAX_CATALOG_BYTES).value if path.exists() else None
    edits: list[Edit] = []
    at = 0
    for line in (text or "").splitlines(keepends=True):
        edits += [
            Edit(at, at + len(line), origin_line(replace(origin, name=names[1])))
            for origin in parse_origins(line, display_path(path)).value or []
            if (origin.kind, origin.name) == (kind, names[0])
        ]
        at += len(line)
    return [FileChange(path, text or "", tuple(edits))] if edits else []


def _is_shipped(path: Path) -> bool:
    """Whether a catalog lies inside the package, and the user is somewhere else."""
    shipped = builtin_folder("catalogs")
    return path.absolute().is_relative_to(shipped) and not shipped.is_relative_to(Path.cwd())


def _rename_in_file(plan: Renaming, file: QuestionFile, outdated: Sequence[Use], kind: str, new: str) -> None:
    if file.is_lines:
        plan.changes.append(FileChange(file.path, file.text, tuple(rename_in_line(file.text, outdated, new))))
        return
    editor = rename_in_question(file.text, display_path(file.path), kind, outdated, new)
    done = editor.finish()
    plan.findings += done.findings
    if done.value is not None:
        plan.changes.append(FileChange(file.path, file.text, tuple(editor.edits)))


def write_changes(changes: Sequence[FileChange]) -> list[Finding]:
    """Write all the changed files, or none."""
    problem = write_together([(change.path, apply_edits(change.text, change.edits).encode()) for change in changes])
    return [] if problem is None else [problem]

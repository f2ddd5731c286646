"""What a change of catalogs means for the questions that stand on them.

Which questions name an entry, by its name, its id or an alias; the entry under a new name, in its catalogs, their
sources and those questions; and two libraries, compared: which entries and which prompts differ.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, product
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from explainer.build import SupportsRender, build
from explainer.catalogs.library import Library, unknown_entry
from explainer.catalogs.loading import CatalogLoader, sources_path
from explainer.catalogs.parsing import LoadedQuestion, parse_question, parse_question_line
from explainer.catalogs.schema import SOURCE_KINDS, Kind
from explainer.curation.export import entries_of
from explainer.curation.merge import MAX_ORIGINS_BYTES, parse_origins, targets_of
from explainer.diagnostics.finding import NOWHERE, Finding, Location, Parsed, has_errors
from explainer.diagnostics.text import shorten
from explainer.documents.document import Lines
from explainer.documents.yaml_editor import Edit, Editor, apply_edits, unified_diff
from explainer.files import (
    MAX_CATALOG_BYTES,
    builtin_folder,
    display_path,
    files_below,
    read_text,
    write_together,
)
from explainer.rendering.templates import builtin_renderer

_LINES: Final = ".jsonl"
_SUFFIXES: Final = (".yaml", ".yml", _LINES)
# What a catalog is told that is read as a question: keys that are unknown, missing, or of the wrong type.
_WRONG_KEYS: Final = frozenset({"S201", "S202", "S203"})


class QuestionFile(Struct, frozen=True):
    """A file of questions: one in YAML, or a line of JSON each."""

    path: Path
    text: str
    questions: tuple[LoadedQuestion, ...]

    @property
    def is_lines(self) -> bool:
        """Whether it holds lines of JSON."""
        return self.path.suffix == _LINES


class Use(Struct, frozen=True):
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


class _NamedEntries(Struct, frozen=True):
    """The questions that may name an entry; the entries that a name means, by kind and name; and what is wrong."""

    files: tuple[QuestionFile, ...]
    entries: tuple[tuple[Kind, str], ...]
    findings: tuple[Finding, ...]


class FileChange(Struct, frozen=True):
    """A file, and the edits that it gets."""

    path: Path
    text: str
    edits: tuple[Edit, ...]

    @property
    def new_text(self) -> str:
        """The text with its edits."""
        return apply_edits(self.text, self.edits)


class Renaming(Struct):
    """What a new name changes, and what stands in its way.

    Attributes:
        label: the name that the entry has.
        changes: the files that change.
        findings: what is wrong; with errors nothing may be written.
        questions: how many questions named the entry by what it is no longer called.
    """

    label: str = ""
    changes: list[FileChange] = []
    findings: list[Finding] = []
    questions: int = 0

    @property
    def diff(self) -> str:
        """The changes as a unified diff; empty where nothing may be written."""
        if has_errors(self.findings):
            return ""
        return "".join(
            unified_diff(change.text, change.edits, display_path(change.path))
            for change in self.changes
        )


def load_questions(paths: Sequence[Path]) -> tuple[list[QuestionFile], list[Finding]]:
    """Read the questions of files and folders; without any, of the folder `questions` if it is here.

    A YAML file that holds no question is passed over: it may be a catalog.
    """
    files: list[QuestionFile] = []
    findings: list[Finding] = []
    for path in paths or filter(Path.is_dir, [Path("questions")]):
        for loaded in _load_below(path):
            findings += loaded.findings
            if loaded.value is not None:
                files.append(loaded.value)
    return files, findings


def _load_below(path: Path) -> Iterator[Parsed[QuestionFile]]:
    if path.is_dir():
        for file in files_below(path, _SUFFIXES):
            yield _load(file, file.relative_to(path).with_suffix("").as_posix())
    elif path.exists():
        yield _load(path, path.stem)
    else:
        missing = Finding("F101", Location(display_path(path)), "no such file or folder")
        yield Parsed(None, (missing,))


def _load(path: Path, default_id: str) -> Parsed[QuestionFile]:
    text = read_text(path, limit=MAX_CATALOG_BYTES)
    if text.value is None:
        return Parsed(None, text.findings)
    if path.suffix == _LINES:
        return _from_lines(path, text.value)
    return _from_yaml(path, text.value, default_id)


def _from_lines(path: Path, text: str) -> Parsed[QuestionFile]:
    questions: list[LoadedQuestion] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        loaded = parse_question_line(line, display_path(path), number)
        findings += loaded.findings
        if loaded.value is not None:
            questions.append(loaded.value)
    return Parsed(QuestionFile(path, text, tuple(questions)), tuple(findings))


def _from_yaml(path: Path, text: str, default_id: str) -> Parsed[QuestionFile]:
    # a file without the word has no such key: catalogs need not be read to be passed over
    if "question" not in text:
        return Parsed(None)
    loaded = parse_question(text, display_path(path), default_id=default_id)
    if loaded.value is not None:
        return Parsed(QuestionFile(path, text, (loaded.value,)), loaded.findings)
    codes = {finding.code for finding in loaded.findings}
    # with nothing but wrong keys it is a catalog; where no catalogs are expected that is worth saying
    if codes <= _WRONG_KEYS and "catalogs" in path.absolute().parts:
        return Parsed(None)
    return Parsed(None, loaded.findings)


def _look_up(
    name: str, kind: str | None, questions: Sequence[Path], loader: CatalogLoader
) -> _NamedEntries:
    """The entries that a name, an id or an alias means, beside the questions; a finding where it means none."""
    files, findings = load_questions(questions)
    parsed = loader.for_named()
    library = _library(parsed)
    findings += parsed.findings
    kinds = [Kind(kind)] if kind else SOURCE_KINDS
    entries = [(kind, label) for kind in kinds for label in _labels(library, kind, name)]
    if not entries and not has_errors(findings):
        findings.append(unknown_entry(name, library, kinds))
    # several unequal entries of one name count once: a question cannot tell them apart
    return _NamedEntries(tuple(files), tuple(dict.fromkeys(entries)), tuple(findings))


def used_by(
    name: str, kind: str | None, questions: Sequence[Path], catalogs: Sequence[Path]
) -> tuple[list[Use], list[Finding]]:
    """Return where questions name an entry, each read with its own catalogs.

    Args:
        name: the name of the entry, its id or an alias.
        kind: whether a model or a paper is meant; None for either.
        questions: files and folders of questions; none for the folder `questions`.
        catalogs: the catalogs of the command line; none for those that are found.
    """
    loader = CatalogLoader(catalogs)
    named = _look_up(name, kind, questions, loader)
    named_at: list[Use] = []
    for (entry_kind, label), file in product(named.entries, named.files):
        for loaded in file.questions:
            named_at += _uses(loaded, _library_for(loaded, file, loader), entry_kind, label)
    return named_at, list(dict.fromkeys((*named.findings, *loader.findings)))


def _library_for(loaded: LoadedQuestion, file: QuestionFile, loader: CatalogLoader) -> Library:
    """The library that a question of a file is answered from."""
    return _library(loader.for_question(loaded.question, file.path.parent))


def _library(parsed: Parsed[Library]) -> Library:
    """A library, empty where its catalogs cannot be read: their findings say so."""
    return parsed.value or Library([])


def _labels(library: Library, kind: Kind, name: str) -> list[str]:
    """The names of the entries of one kind that a name, an id or an alias means."""
    return [entry.label for entry in library.index_of(kind).find(name)]


def _uses(loaded: LoadedQuestion, library: Library, kind: Kind, label: str) -> Iterator[Use]:
    """The places where a question names the entry of one kind that is called `label`."""
    items = getattr(loaded.question, kind) or ()
    for position, item in enumerate(items):
        # an entry that stands in the question itself names nothing
        if not isinstance(item, str):
            continue
        if label in _labels(library, kind, item):
            yield Use(loaded.id, item, position, loaded.document.locate((kind, position)))


def plan_renaming(
    old: str,
    new: str,
    kind: str | None,
    questions: Sequence[Path],
    catalogs: Sequence[Path],
    *,
    keep_alias: bool,
) -> Renaming:
    """Plan the new name of an entry in all catalogs and questions; nothing is written.

    Args:
        old: what the entry is called: its name, its id or an alias.
        new: the name that it gets.
        kind: whether a model or a paper is meant; None for either.
        questions: files and folders of questions; none for the folder `questions`.
        catalogs: the catalogs of the command line; none for those that are found from here.
        keep_alias: the old name becomes an alias, so that questions may go on using it.
    """
    loader = CatalogLoader(catalogs)
    named = _look_up(old, kind, questions, loader)
    plan = Renaming(findings=list(named.findings))
    if len(named.entries) > 1:
        message = f"{shorten(old)!r} is a model and a paper"
        hint = "say which with --kind models or --kind papers"
        plan.findings.append(Finding("Q403", NOWHERE, message, hint, old))
    if has_errors(plan.findings):
        return plan
    ((entry_kind, plan.label),) = named.entries
    holders = _labels(_library(loader.for_named()), entry_kind, new)
    if holders not in ([], [plan.label]):
        message = f"another entry is called {shorten(new)!r} already"
        plan.findings.append(Finding("C301", NOWHERE, message, "choose another name", new))
    elif new != plan.label:
        _Planner(plan, entry_kind, new, keep_alias=keep_alias).plan_files(loader, named.files)
    return plan


def write_changes(plan: Renaming) -> list[Finding]:
    """Write all the changed files, or none; nothing is written where the plan has errors."""
    if has_errors(plan.findings):
        return []
    problem = write_together([(change.path, change.new_text.encode()) for change in plan.changes])
    return [] if problem is None else [problem]


class _Planner:
    """Plans what the new name of one entry changes in each file."""

    def __init__(self, plan: Renaming, kind: Kind, new: str, *, keep_alias: bool) -> None:
        self._plan = plan
        self._kind = kind
        self._old = plan.label
        self._new = new
        self._new_aliases = [plan.label] * keep_alias

    def plan_files(self, before: CatalogLoader, files: Sequence[QuestionFile]) -> None:
        """Plan the changes of the catalogs, then those of the questions that no longer lead to the entry."""
        for catalog in before.files().value or ():
            self._change_catalog(catalog.path)
        changed = {change.path: change.new_text for change in self._plan.changes}
        after = CatalogLoader(before.given, changed=changed)
        self._plan.findings += after.for_named().findings
        for file in files:
            self._change_questions(file, before, after)

    def _change_catalog(self, path: Path) -> None:
        text = read_text(path, limit=MAX_CATALOG_BYTES).value or ""
        editor = self._catalog_editor(text, display_path(path))
        if editor is None:
            return
        if _is_shipped(path):
            message = "this catalog came with the package; copy it into your project to change it"
            self._plan.findings.append(Finding("F105", Location(display_path(path)), message))
        if self._finish(path, editor):
            self._change_origins(sources_path(path))

    def _finish(self, path: Path, editor: Editor) -> bool:
        """Add the changes of an editor to the plan; False, and a finding, where they cannot be made."""
        changed = editor.finish()
        self._plan.findings += changed.findings
        if changed.value is not None:
            self._plan.changes.append(FileChange(path, editor.text, tuple(editor.edits)))
        return changed.value is not None

    def _catalog_editor(self, text: str, file: str) -> Editor | None:
        """The changes that give the entry its new name in a catalog; None when the catalog has no such entry."""
        target = targets_of(text, file).get((self._kind, self._old))
        # an alias of that name belongs to an entry that has another one
        if target is None or target.name != self._old:
            return None
        editor = Editor(text, file)
        editor.set((self._kind, target.index, self._kind.name_key), self._new)
        old_aliases = target.data.get("aliases") or []
        # where the new name was an alias of the entry, it is one no longer
        aliases = [alias for alias in (*old_aliases, *self._new_aliases) if alias != self._new]
        if aliases != old_aliases:
            editor.set(
                (self._kind, target.index, "aliases"),
                aliases,
                after=self._kind.keys_before("aliases"),
            )
        return editor

    def _change_origins(self, path: Path) -> None:
        """Rename the entry in the record of sources, if there is one: the next import must find it."""
        if not path.exists():
            return
        text = read_text(path, limit=MAX_ORIGINS_BYTES).value or ""
        edits = tuple(self._origin_edits(text, display_path(path)))
        if edits:
            self._plan.changes.append(FileChange(path, text, edits))

    def _origin_edits(self, text: str, file: str) -> Iterator[Edit]:
        """The edits that rename the entry in a record of sources."""
        start = 0
        for line in io.StringIO(text):
            # a damaged line is left as it is: the import says what is wrong with it
            origins, _ = parse_origins(line, file)
            for origin in origins:
                if (origin.kind, origin.name) == (self._kind.singular, self._old):
                    renamed = origin.model_copy(update={"name": self._new})
                    yield Edit(start, start + len(line), renamed.to_line())
            start += len(line)

    def _change_questions(
        self, file: QuestionFile, before: CatalogLoader, after: CatalogLoader
    ) -> None:
        """Let the questions of a file use the new name wherever they need it."""
        outdated = list(self._outdated(file, before, after))
        if not outdated:
            return
        self._plan.questions += len({use.question for use in outdated})
        if file.is_lines:
            edits = _line_edits(file.text, outdated, self._new)
            self._plan.changes.append(FileChange(file.path, file.text, edits))
            return
        editor = Editor(file.text, display_path(file.path))
        for use in outdated:
            editor.set((self._kind, use.position), self._new)
        self._finish(file.path, editor)

    def _outdated(
        self, file: QuestionFile, before: CatalogLoader, after: CatalogLoader
    ) -> Iterator[Use]:
        """The places where a file uses the old name, or what no longer leads to the entry: an id made of that name."""
        for loaded in file.questions:
            library = _library_for(loaded, file, after)
            for use in _uses(loaded, _library_for(loaded, file, before), self._kind, self._old):
                is_dropped = use.item == self._old and not self._new_aliases
                if is_dropped or _labels(library, self._kind, use.item) != [self._new]:
                    yield use


def _is_shipped(path: Path) -> bool:
    """Whether a catalog lies inside the package, and the user is somewhere else."""
    shipped = builtin_folder("catalogs")
    return path.absolute().is_relative_to(shipped) and not shipped.is_relative_to(Path.cwd())


def _line_edits(text: str, outdated: Sequence[Use], new: str) -> tuple[Edit, ...]:
    """The edits that make questions (lines of JSON) use the new name."""
    lines = Lines(text)
    edits = []
    for use in outdated:
        start = lines.index(use.location.line, use.location.column)
        _, end = json.JSONDecoder().raw_decode(text, start)
        edits.append(Edit(start, end, json.dumps(new, ensure_ascii=False)))
    return tuple(edits)


class Change(Struct, frozen=True):
    """How one entry differs.

    Attributes:
        kind: the kind of the entry.
        name: its name; the new one if it was renamed.
        what: `added`, `removed`, `renamed` or `changed`.
        fields: (key, old value, new value) of what differs; the old name of a renamed entry is among them.
    """

    kind: Kind
    name: str
    what: str
    fields: tuple[tuple[str, Any, Any], ...] = ()


class PromptChange(Struct, frozen=True):
    """How the prompt of one question differs: `changed`, `broken` (it cannot be built any more) or `mended`."""

    question: str
    file: str
    what: str


class Comparison(Struct):
    """The differences of two catalogs.

    Attributes:
        findings: what is wrong with catalogs and questions; with errors nothing is compared.
        changes: the entries that differ.
        prompts: the prompts that differ.
        questions: how many prompts were compared.
    """

    findings: list[Finding]
    changes: list[Change] = []
    prompts: list[PromptChange] = []
    questions: int = 0

    @property
    def differs(self) -> bool:
        """Whether an entry or a prompt differs."""
        return bool(self.changes or self.prompts)


def compare_catalogs(old: Path, new: Path, questions: Sequence[Path]) -> Comparison:
    """Compare two catalogs, files or folders.

    Args:
        old: the one.
        new: the other.
        questions: files and folders of questions whose prompts are compared; none for no prompts.
    """
    before, after = CatalogLoader([old]).for_named(), CatalogLoader([new]).for_named()
    comparison = Comparison([*before.findings, *after.findings])
    loaded: list[LoadedQuestion] = []
    # without paths the folder `questions` would be read, which nobody asked for
    if questions:
        files, mistakes = load_questions(questions)
        comparison.findings += mistakes
        loaded += chain.from_iterable(file.questions for file in files)
    if has_errors(comparison.findings):
        return comparison
    old_library, new_library = before.unwrap(), after.unwrap()
    for kind in Kind:
        comparison.changes += _compare_kind(
            kind, _by_name(old_library, kind), _by_name(new_library, kind)
        )
    comparison.prompts = list(
        _compare_prompts(loaded, old_library, new_library, builtin_renderer("prompt"))
    )
    comparison.questions = len(loaded)
    return comparison


def _by_name(library: Library, kind: Kind) -> dict[str, Any]:
    entries = list(entries_of(library, kind))
    if kind not in SOURCE_KINDS:
        entries.reverse()  # of one id the earliest counts
    return {getattr(entry, kind.name_key): entry for entry in entries}


def _compare_kind(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    gone = {name: entry for name, entry in old.items() if name not in new}
    for name, entry in new.items():
        if name not in old:
            yield _take_from_gone(kind, name, entry, gone)
            continue
        earlier = old[name]
        if earlier != entry:
            yield Change(kind, name, "changed", tuple(_fields(kind, earlier, entry)))
    # what was renamed has been taken out
    for name in gone:
        yield Change(kind, name, "removed")


def _take_from_gone(kind: Kind, name: str, entry: Any, gone: dict[str, Any]) -> Change:
    """How an entry of a new name came about; the entry that it was before, if any, is taken out of `gone`.

    A renamed entry is one, not one removed and another added, and no two entries were the same one before: the caller
    depends on it that what is left in `gone` was removed.
    """
    former = _former_name(kind, entry, gone)
    if former is None:
        return Change(kind, name, "added")
    earlier = gone.pop(former)
    return Change(kind, name, "renamed", tuple(_fields(kind, earlier, entry)))


def _former_name(kind: Kind, entry: Any, gone: Mapping[str, Any]) -> str | None:
    """The name that an entry had: an alias of it now, else that of an entry with the same identity."""
    for alias in entry.aliases:
        if alias in gone:
            return str(alias)
    if kind not in SOURCE_KINDS:  # of tasks and ports the name is the id
        return None
    identity = _identity(kind, entry)
    # nothing but a name says nothing
    if identity == type(entry)(**{kind.name_key: ""}):
        return None
    for name, earlier in gone.items():
        if _identity(kind, earlier) == identity:
            return name
    return None


def _identity(kind: Kind, entry: Any) -> Any:
    """What an entry keeps under another name: its explicit id, else all that it says beside its names."""
    return entry.id or replace(entry, **{kind.name_key: "", "aliases": ()})


def _fields(kind: Kind, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    for key in kind.keys:
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield key, before, after


def _compare_prompts(
    questions: Iterable[LoadedQuestion], old: Library, new: Library, renderer: SupportsRender
) -> Iterator[PromptChange]:
    """The questions whose prompt is not the same when it is built from the one library and from the other."""
    for loaded in questions:
        before, after = _text(loaded, old, renderer), _text(loaded, new, renderer)
        if before == after:
            continue
        what = "changed"
        if after is None:
            what = "broken"
        elif before is None:
            what = "mended"
        yield PromptChange(loaded.id, loaded.document.file, what)


def _text(loaded: LoadedQuestion, library: Library, renderer: SupportsRender) -> str | None:
    built = build(loaded, library, renderer).value
    return built.text if built is not None else None

"""Two libraries, compared: which entries were added, removed, renamed or changed, and which prompts change so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from explainer.build import SupportsRender, build
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogLoader
from explainer.catalogs.question import LoadedQuestion
from explainer.catalogs.schema import SOURCE_KINDS, Kind
from explainer.curation.export import entries_of
from explainer.curation.rename import load_questions
from explainer.diagnostics.finding import Finding, has_errors
from explainer.rendering.templates import builtin_renderer


@dataclass(frozen=True, slots=True)
class Change:
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


@dataclass(frozen=True, slots=True)
class PromptChange:
    """How the prompt of one question differs: `changed`, `broken` (it cannot be built any more) or `mended`."""

    question: str
    file: str
    what: str


@dataclass(slots=True)
class Comparison:
    """The differences of two catalogs.

    Attributes:
        findings: what is wrong with catalogs and questions; with errors nothing is compared.
        changes: the entries that differ.
        prompts: the prompts that differ.
        questions: how many prompts were compared.
    """

    findings: list[Finding]
    changes: list[Change] = field(default_factory=list)
    prompts: list[PromptChange] = field(default_factory=list)
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
            yield _new(kind, name, entry, gone)
        elif old[name] != entry:
            yield Change(kind, name, "changed", tuple(_fields(kind, old[name], entry)))
    for name in gone:
        yield Change(kind, name, "removed")


def _new(kind: Kind, name: str, entry: Any, gone: dict[str, Any]) -> Change:
    """How an entry of a new name came about: a renamed one is one, not one removed and another added."""
    former = _former_name(kind, entry, gone)
    if former is None:
        return Change(kind, name, "added")
    return Change(kind, name, "renamed", tuple(_fields(kind, gone.pop(former), entry)))


def _former_name(kind: Kind, entry: Any, gone: Mapping[str, Any]) -> str | None:
    """The name that an entry had: an alias of it now, else that of an entry with the same identity."""
    for alias in entry.aliases:
        if alias in gone:
            return str(alias)
    if kind not in SOURCE_KINDS:  # of tasks and ports the name is the id
        return None
    identity = _identity(kind, entry)
    if identity == type(entry).model_construct(
        **{kind.name_key: ""}
    ):  # nothing but a name says nothing
        return None
    for name, earlier in gone.items():
        if _identity(kind, earlier) == identity:
            return name
    return None


def _identity(kind: Kind, entry: Any) -> Any:
    """What an entry keeps under another name: its explicit id, else all that it says beside its names."""
    return entry.id or entry.model_copy(update={kind.name_key: "", "aliases": ()})


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

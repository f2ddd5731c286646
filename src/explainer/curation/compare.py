"""Two libraries, compared: which entries were added, removed, renamed or changed, and which prompts change so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explainer.build import SupportsRender, build
from explainer.catalogs.kinds import SOURCE_KINDS, Kind
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogLoader
from explainer.catalogs.question import LoadedQuestion
from explainer.curation.export import entries_of
from explainer.curation.usage import load_questions
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


def compare_catalogs(old: Path, new: Path, questions: Sequence[Path]) -> Comparison:
    """Compare two catalogs, files or folders.

    Args:
        old: the one.
        new: the other.
        questions: files and folders of questions whose prompts are compared; none for no prompts.
    """
    before, after = (CatalogLoader([path]).for_named() for path in (old, new))
    comparison = Comparison([*before.findings, *after.findings])
    loaded: list[LoadedQuestion] = []
    if questions:
        files = load_questions(questions)
        comparison.findings += files.findings
        for file in files.value or ():
            loaded += file.questions
    if before.value is not None and after.value is not None and not has_errors(comparison.findings):
        comparison.changes = compare(before.value, after.value)
        comparison.prompts = compare_prompts(loaded, before.value, after.value, builtin_renderer("prompt"))
        comparison.questions = len(loaded)
    return comparison


def compare(old: Library, new: Library) -> list[Change]:
    """Compare the entries of two libraries, those of each kind in the order of the catalogs."""
    changes: list[Change] = []
    for kind in Kind:
        changes += _compare_kind(kind, _by_name(old, kind), _by_name(new, kind))
    return changes


def _by_name(library: Library, kind: Kind) -> dict[str, Any]:
    entries = list(entries_of(library, kind))
    if kind not in SOURCE_KINDS:
        entries.reverse()  # of one id the earliest counts
    return {getattr(entry, kind.name_key): entry for entry in entries}


def _compare_kind(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    gone = {name: entry for name, entry in old.items() if name not in new}
    for name, entry in new.items():
        if name in old:
            if old[name] != entry:
                yield Change(kind, name, "changed", tuple(_fields(kind, old[name], entry)))
            continue
        # a renamed entry is one, not one removed and another added
        former = _former_name(kind, entry, gone)
        if former is None:
            yield Change(kind, name, "added")
        else:
            yield Change(kind, name, "renamed", tuple(_fields(kind, gone.pop(former), entry)))
    for name in gone:
        yield Change(kind, name, "removed")


def _former_name(kind: Kind, entry: Any, gone: Mapping[str, Any]) -> str | None:
    """The name that an entry had: an alias of it now, that of an entry with its explicit id, or with all else equal."""
    for alias in entry.aliases:
        if alias in gone:
            return str(alias)
    if kind is Kind.TASKS:
        return None
    if entry.id:
        same = (name for name, earlier in gone.items() if earlier.id == entry.id)
    else:
        nameless = {kind.name_key: "", "aliases": ()}
        bare = entry.model_copy(update=nameless)
        if bare == type(entry).model_construct(**{kind.name_key: ""}):
            return None  # nothing but a name says nothing
        same = (name for name, earlier in gone.items() if earlier.model_copy(update=nameless) == bare)
    return next(same, None)


def _fields(kind: Kind, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    for key in kind.keys:
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield key, before, after


def compare_prompts(
    questions: Iterable[LoadedQuestion], old: Library, new: Library, renderer: SupportsRender
) -> list[PromptChange]:
    """Build every question from both libraries, and return those whose prompt is not the same."""
    changes: list[PromptChange] = []
    for loaded in questions:
        before, after = (_text(loaded, library, renderer) for library in (old, new))
        if before == after:
            continue
        what = "changed"
        if after is None:
            what = "broken"
        elif before is None:
            what = "mended"
        changes.append(PromptChange(loaded.id, loaded.document.file, what))
    return changes


def _text(loaded: LoadedQuestion, library: Library, renderer: SupportsRender) -> str | None:
    built = build(loaded, library, renderer).value
    return built.text if built is not None else None

"""Two libraries, compared: which entries were added, removed, renamed or changed, and which prompts change so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from explainer.build import SupportsRender, build
from explainer.catalogs.kinds import Kind
from explainer.catalogs.library import Library
from explainer.catalogs.question import LoadedQuestion
from explainer.catalogs.schema import Entry, ModelEntry, PortEntry, Task


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one entry.

    Attributes:
        kind: `models`, `papers`, `tasks` or `ports`.
        name: its name; the new one if it was renamed.
        what: `added`, `removed`, `renamed` or `changed`.
        fields: (key, old value, new value) of what differs; the old name of a renamed entry is among them.
    """

    kind: str
    name: str
    what: str
    fields: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class PromptChange:
    """What becomes of the prompt of one question: `changed`, `broken` (it cannot be built any more) or `mended`."""

    question: str
    file: str
    what: str


def compare(old: Library, new: Library) -> list[Change]:
    """Compare the entries of two libraries, those of each kind in the order of the catalogs."""
    found: list[Change] = []
    for kind in Kind:
        found += _compare_kind(kind, _by_name(old, kind), _by_name(new, kind))
    return found


def _by_name(library: Library, kind: str) -> dict[str, Entry | Task | PortEntry]:
    if kind in ("tasks", "ports"):
        listed: tuple[Task | PortEntry, ...] = library.tasks if kind == "tasks" else library.own_ports
        return {one.id: one for one in reversed(listed)}
    return {entry.label: entry for entry in (library.models if kind == "models" else library.papers)}


def _compare_kind(kind: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    gone = {name: entry for name, entry in old.items() if name not in new}
    for name, entry in new.items():
        before = old.get(name)
        if before is not None:
            if before != entry:
                yield Change(kind, name, "changed", tuple(_fields(kind, before, entry)))
            continue
        former = _former_name(entry, gone)
        if former is not None:
            yield Change(kind, name, "renamed", tuple(_fields(kind, gone.pop(former), entry)))
        else:
            yield Change(kind, name, "added")
    for name in gone:
        yield Change(kind, name, "removed")


def _former_name(entry: Any, gone: dict[str, Any]) -> str | None:
    """The name that an entry had: an alias of it now, that of an entry with its explicit id, or with all else equal."""
    for alias in entry.aliases:
        if alias in gone:
            return str(alias)
    if getattr(entry, "id", None) and not isinstance(entry, Task):
        return next((name for name, before in gone.items() if before.id == entry.id), None)
    if isinstance(entry, Task):
        return None
    key = "name" if isinstance(entry, ModelEntry) else "title"
    bare = entry.model_copy(update={key: "", "aliases": ()})
    if bare == type(entry).model_construct(**{key: ""}):
        return None  # nothing but a name says nothing
    return next(
        (name for name, before in gone.items() if before.model_copy(update={key: "", "aliases": ()}) == bare), None
    )


def _fields(kind: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    for key in Kind(kind).keys:
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield key, before, after


def compare_prompts(
    questions: Iterable[LoadedQuestion], old: Library, new: Library, renderer: SupportsRender
) -> list[PromptChange]:
    """Build every question from both libraries, and return those whose prompt is not the same."""
    found: list[PromptChange] = []
    for loaded in questions:
        texts: Sequence[str | None] = [_text(loaded, library, renderer) for library in (old, new)]
        if texts[0] != texts[1]:
            what = "broken" if texts[1] is None else "mended" if texts[0] is None else "changed"
            found.append(PromptChange(loaded.id, loaded.document.file, what))
    return found


def _text(loaded: LoadedQuestion, library: Library, renderer: SupportsRender) -> str | None:
    built = build(loaded, library, renderer).value
    return built.text if built is not None else None

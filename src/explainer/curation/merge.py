"""Imported entries → changes to a catalog that exists. What was written by hand stays, always.

An entry is found by its source and what the source calls it, else by its exact name within its kind; never by a link,
which many siblings share. Then each of its values is a three-way merge: the digest of what the source gave last time
tells whether the catalog's value is still that one, or somebody's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from explainer.catalogs.kinds import SOURCE_KINDS, Kind
from explainer.curation.normalize import NormalizedEntry
from explainer.curation.origins import ImportedSource, Origin, digest_of
from explainer.diagnostics.finding import Finding, Parsed
from explainer.diagnostics.text import shorten
from explainer.documents.yaml_editor import Editor
from explainer.documents.yaml_reader import read_yaml

# Characters of a name or a value that a note quotes: two of them stand in one line.
_SHOWN: Final = 60


@dataclass(slots=True)
class Counts:
    """How many records of a source were read, and how they ended."""

    records: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left_out: int = 0
    removed_by_hand: int = 0


@dataclass(frozen=True, slots=True)
class _Target:
    """An entry of the catalog, as it stands there: number `index` of its kind."""

    index: int
    name: str
    data: Mapping[str, Any]


class Merger:
    """Takes the entries of one source, and changes one catalog."""

    def __init__(self, text: str, file: str, origins: Sequence[Origin], source: ImportedSource, counts: Counts) -> None:
        """Read the catalog.

        Args:
            text: the text of the catalog; without errors.
            file: the name that findings give it.
            origins: where its entries came from so far.
            source: the source.
            counts: counts what becomes of the entries.
        """
        self._source = source
        self._counts = counts
        self._editor = Editor(text, file)
        self._origins = {(origin.kind, origin.source, origin.id): origin for origin in origins}
        self._targets = _targets(read_yaml(text, file).data or {})
        self._added: dict[Kind, list[Mapping[str, Any]]] = {}

    def take(self, entry: NormalizedEntry) -> Iterator[Finding]:
        """Take one entry; yield what there is to say about it."""
        key = (entry.kind.singular, self._source.name, entry.id)
        former = self._origins.get(key)
        target = self._targets.get((entry.kind, former.name if former else entry.name))
        if target is None and former is not None:
            self._counts.removed_by_hand += 1
            return
        if target is None:
            self._added.setdefault(entry.kind, []).append(entry.record)
            self._counts.added += 1
        else:
            yield from self._merge(entry, target, former.fields if former else {})
        origin = self._source.origin_of(entry, target.name if target else None)
        # where the source says nothing new, the day stays that of the last change
        if former is None or former.fields != origin.fields:
            self._origins[key] = origin

    def _merge(self, entry: NormalizedEntry, target: _Target, last: Mapping[str, str]) -> Iterator[Finding]:
        changed = False
        for key in entry.kind.keys:
            current, new = target.data.get(key) or None, entry.record.get(key)
            if current == _as_text(new):
                continue
            if key == entry.kind.name_key:
                yield from _renamed(entry, target, last.get(key))
                continue
            is_missing = current is None and key not in last  # else somebody emptied it
            is_unedited = current is not None and last.get(key) == digest_of(current)
            if is_missing or is_unedited:
                self._set(entry.kind, target.index, key, new)
                changed = True
            elif current is not None and new is not None and last.get(key) != digest_of(new):
                theirs = shorten(str(new), _SHOWN)
                message = f"{shorten(target.name, _SHOWN)!r} keeps its own {key!r}; the source says {theirs!r}"
                yield Finding("I806", entry.location, message, text=str(new))
        self._counts.changed += changed
        self._counts.unchanged += not changed

    def _set(self, kind: Kind, index: int, key: str, value: Any) -> None:
        if value is None:
            self._editor.remove((kind, index, key))
        else:
            self._editor.set((kind, index, key), value, after=kind.keys[: kind.keys.index(key)])

    def finish(self) -> Parsed[tuple[str, Editor]]:
        """Return the changed text and its edits, or a finding when it cannot be changed safely."""
        for kind, records in self._added.items():
            self._editor.append(kind, records)
        changed = self._editor.finish()
        if changed.value is None:
            return Parsed(None, changed.findings)
        return Parsed((changed.value, self._editor))

    def new_origins(self) -> list[Origin]:
        """Return where all entries come from now."""
        return list(self._origins.values())


def _targets(data: Mapping[str, Any]) -> dict[tuple[str, str], _Target]:
    """The entries of a catalog by kind and name, or alias where no entry has that name."""
    names: dict[tuple[str, str], _Target] = {}
    aliases: dict[tuple[str, str], _Target] = {}
    for kind in Kind:
        for index, item in enumerate(data.get(kind) or ()):
            target = _Target(index, str(item[kind.name_key]), item)
            names[kind, target.name] = target
            if kind in SOURCE_KINDS:
                aliases.update({(kind, alias): target for alias in item.get("aliases") or ()})
    return aliases | names


def _renamed(entry: NormalizedEntry, target: _Target, last: str | None) -> Iterator[Finding]:
    """Another name at the source: the catalog keeps its own, because the questions know it."""
    if entry.name in (target.data.get("aliases") or ()) or last == digest_of(entry.name):
        return
    message = f"the source calls {shorten(target.name, _SHOWN)!r} {shorten(entry.name, _SHOWN)!r} now"
    hint = f"explainer catalog rename {shorten(target.name)!r} {shorten(entry.name)!r}"
    yield Finding("I807", entry.location, message, hint, entry.name)


def _as_text(value: Any) -> Any:
    """A value as it is read from YAML text."""
    if isinstance(value, list | tuple):
        return [str(item) for item in value] or None
    return None if value is None else str(value)

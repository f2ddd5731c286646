"""Imported entries → changes to a catalog that exists. What was written by hand stays, always.

An entry is found by its source and what the source calls it, else by its exact name within its kind; never by a link,
which many siblings share. Then each of its values is a three-way merge: the digest of what the source gave last time
tells whether the catalog's value is still that one, or somebody's own.

Where entries come from, and those digests, stand in a file beside the catalog, a line of JSON for each entry:
`papers.yaml` has `papers.sources.jsonl`. The format of catalogs has no room for it, and a comment is easily lost.

Which imported entries another catalog of the project has already: questions that name them would mean two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, ValidationError

from explainer.catalogs.links import identify
from explainer.catalogs.loading import find_catalogs
from explainer.catalogs.schema import SOURCE_KINDS, Kind
from explainer.curation.normalize import NormalizedEntry
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import digest, shorten
from explainer.documents.document import items_of, listed_items
from explainer.documents.yaml_editor import Editor
from explainer.documents.yaml_reader import read_yaml
from explainer.files import MAX_CATALOG_BYTES, builtin_folder, display_path, read_text, real_path

MAX_ORIGINS_BYTES: Final = 4 * MAX_CATALOG_BYTES
"""Bytes of a record of sources: a line of it may be longer than the entry that it is about."""

# Enough to tell the former value of one field from another one.
_DIGEST_BYTES: Final = 6

# Characters of a name or a value that a note quotes: two of them stand in one line.
_SHOWN: Final = 60


class Origin(BaseModel):
    """Where one entry comes from: a line of the record of sources.

    Attributes:
        kind: `model`, `paper`, `task` or `port`.
        name: its name in the catalog.
        source: the source: a file, an address, whatever the curator calls it.
        id: what the source calls the entry.
        retrieved: the day of the import, as YYYY-MM-DD.
        licence: the licence of the record, None when the source does not say; whatever a hand wrote there stays.
        fields: a digest of each value that the source gave.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    kind: str
    name: str
    source: str
    id: str
    retrieved: str
    licence: Any
    fields: Mapping[str, str]

    def to_line(self) -> str:
        """Return it as a line of JSON, with its line break."""
        return json.dumps(self.model_dump(), ensure_ascii=False) + "\n"


class ImportedSource(Struct, frozen=True):
    """A source that entries are imported from.

    Attributes:
        name: what it is called in the record of sources.
        retrieved: the day, as YYYY-MM-DD.
        licence: the licence of the whole source, if it is known; that of a record itself comes first.
    """

    name: str
    retrieved: str
    licence: str | None = None

    def origin_of(self, entry: NormalizedEntry, name: str) -> Origin:
        """Return where an entry comes from that has this name in the catalog."""
        return Origin(
            kind=entry.kind.singular,
            name=name,
            source=self.name,
            id=entry.id,
            retrieved=self.retrieved,
            licence=entry.licence or self.licence,
            fields={key: _digest_of(value) for key, value in entry.record.items()},
        )


def parse_origins(text: str, file: str) -> tuple[list[Origin], list[Finding]]:
    """Read the origins of a catalog."""
    origins: list[Origin] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            origins.append(Origin.model_validate_json(line))
        except ValidationError:
            hint = "restore the file; without it, hand edits cannot be told from old imports"
            findings.append(
                Finding("I809", Location(file, number), "not a line of a record of sources", hint)
            )
    return origins, findings


class Counts(Struct):
    """How many records of a source were read, and how they ended."""

    records: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left_out: int = 0
    removed_by_hand: int = 0


class ExistingEntry(Struct, frozen=True):
    """An entry of the catalog, as it stands there: number `index` of its kind."""

    index: int
    name: str
    data: Mapping[str, Any]


class Merger:
    """Takes the entries of one source, and changes one catalog."""

    def __init__(
        self,
        text: str,
        file: str,
        origins: Sequence[Origin],
        source: ImportedSource,
        counts: Counts,
    ) -> None:
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
        self._targets = targets_of(text, file)
        self._added: dict[Kind, list[Mapping[str, Any]]] = {}

    def take(self, entry: NormalizedEntry) -> Iterator[Finding]:
        """Take one entry; yield what there is to say about it."""
        former = self._origins.get((entry.kind.singular, self._source.name, entry.id))
        if former is None:
            yield from self._take_new(entry)
            return
        target = self._targets.get((entry.kind, former.name))
        if target is None:
            self._counts.removed_by_hand += 1
            return
        yield from self._merge(entry, target, former.fields)
        origin = self._source.origin_of(entry, target.name)
        # where the source says nothing new, the day stays that of the last change
        if former.fields != origin.fields:
            self._record(origin)

    def _take_new(self, entry: NormalizedEntry) -> Iterator[Finding]:
        """Take an entry that the source did not give before; one of its name may have been written by hand."""
        target = self._targets.get((entry.kind, entry.name))
        if target is None:
            self._added.setdefault(entry.kind, []).append(entry.record)
            self._counts.added += 1
            self._record(self._source.origin_of(entry, entry.name))
            return
        yield from self._merge(entry, target, {})
        self._record(self._source.origin_of(entry, target.name))

    def _record(self, origin: Origin) -> None:
        self._origins[origin.kind, origin.source, origin.id] = origin

    def _merge(
        self, entry: NormalizedEntry, target: ExistingEntry, last: Mapping[str, str]
    ) -> Iterator[Finding]:
        """Merge the values of an entry; `last` are the digests of what the source gave last time."""
        changed = False
        for key in entry.kind.keys:
            current, new = target.data.get(key) or None, entry.record.get(key)
            if current == _as_text(new):
                continue
            if key == entry.kind.name_key:
                yield from _renamed(entry, target, last.get(key))
            elif _is_as_imported(current, last.get(key)):
                self._set(entry.kind, target.index, key, new)
                changed = True
            elif current is not None:  # an emptied value stays empty without a word
                yield from _differing(entry, target, key, last.get(key))
        self._counts.changed += changed
        self._counts.unchanged += not changed

    def _set(self, kind: Kind, index: int, key: str, value: Any) -> None:
        if value is None:
            self._editor.remove((kind, index, key))
        else:
            self._editor.set((kind, index, key), value, after=kind.keys_before(key))

    def finish(self) -> Parsed[tuple[str, Editor]]:
        """Return the changed text and its edits, or a finding when it cannot be changed safely."""
        for kind, records in self._added.items():
            self._editor.append(kind, records)
        changed = self._editor.finish()
        if changed.value is None:
            return Parsed(None, changed.findings)
        return Parsed((changed.value, self._editor))

    def new_origins(self) -> str:
        """Return the record of where all entries come from now."""
        return "".join(map(Origin.to_line, self._origins.values()))


def targets_of(text: str, file: str) -> dict[tuple[str, str], ExistingEntry]:
    """Return the entries of a catalog without errors, by kind and name, or by alias where no entry has that name."""
    data = read_yaml(text, file).data
    names: dict[tuple[str, str], ExistingEntry] = {}
    aliases: dict[tuple[str, str], ExistingEntry] = {}
    for (key, index), item in listed_items(data, Kind):
        kind = Kind(key)
        target = ExistingEntry(index, str(item[kind.name_key]), item)
        names[kind, target.name] = target
        if kind in SOURCE_KINDS:
            aliases.update(dict.fromkeys(product([kind], items_of(item, "aliases")), target))
    return aliases | names


def _renamed(entry: NormalizedEntry, target: ExistingEntry, last: str | None) -> Iterator[Finding]:
    """Another name at the source: the catalog keeps its own, because the questions know it."""
    if entry.name in items_of(target.data, "aliases") or last == _digest_of(entry.name):
        return
    message = (
        f"the source calls {shorten(target.name, _SHOWN)!r} {shorten(entry.name, _SHOWN)!r} now"
    )
    hint = f"explainer catalog rename {shorten(target.name)!r} {shorten(entry.name)!r}"
    yield Finding("I807", entry.location, message, hint, entry.name)


def _differing(
    entry: NormalizedEntry, target: ExistingEntry, key: str, last: str | None
) -> Iterator[Finding]:
    """Another value at the source than by hand, unless it is the one that the source gave last time."""
    new = entry.record.get(key)
    if new is None or last == _digest_of(new):
        return
    theirs = shorten(str(new), _SHOWN)
    message = f"{shorten(target.name, _SHOWN)!r} keeps its own {key!r}; the source says {theirs!r}"
    yield Finding("I806", entry.location, message, text=str(new))


def _is_as_imported(current: Any, last: str | None) -> bool:
    """Whether a value is what the source gave last time, or was never there; else somebody changed or emptied it."""
    if current is None:
        return last is None
    return last == _digest_of(current)


def _digest_of(value: Any) -> str:
    """A digest of a value; a number counts as the text that a catalog shows."""
    text = _as_text(value)
    if isinstance(text, list):
        text = json.dumps(text, ensure_ascii=False)
    return digest(str(text), _DIGEST_BYTES)


def _as_text(value: Any) -> Any:
    """A value as it is read from YAML text."""
    if isinstance(value, list):
        return list(map(str, value))
    return None if value is None else str(value)


_SIGN: Final = re.compile(r"[\W_]+")


class ProjectEntries:
    """The entries of the other catalogs of a project: those that questions get beside the one that is written."""

    def __init__(self, out: Path | None) -> None:
        """Read the catalogs.

        Args:
            out: the catalog that is written; a catalog on stdout stands beside no others.
        """
        self._places: dict[str, Location] = {}
        if out is None:
            return
        shipped = builtin_folder("catalogs").resolve()
        for catalog in find_catalogs(out.absolute().parent).value or ():
            path = real_path(catalog.path)
            # a project without catalogs of its own has those that ship, and loses them with its first one
            if path != real_path(out) and shipped not in path.parents:
                self._read(catalog.path)

    def _read(self, path: Path) -> None:
        text = read_text(path, limit=MAX_CATALOG_BYTES).value or ""
        document = read_yaml(text, display_path(path))
        for place, item in listed_items(document.data, SOURCE_KINDS):
            kind = Kind(place[0])
            if isinstance(item, dict):
                for key in _keys(kind, item.get(kind.name_key), item.get("paper")):
                    self._places.setdefault(key, document.locate(place))

    def collisions(self, entry: NormalizedEntry) -> Iterator[Finding]:
        """Yield a finding about an entry that another catalog has."""
        keys = _keys(entry.kind, entry.name, entry.record.get("paper"))
        key = next((key for key in keys if key in self._places), None)
        if key is None:
            return
        place = self._places[key]
        same = key.split(" ", 2)[1]
        message = f"{shorten(entry.name)!r} is already in {place.file}:{place.line}, by its {same}"
        hint = "keep one of the two: a question that names it may mean both"
        yield Finding("I814", entry.location, message, hint, entry.name)


def _keys(kind: Kind, name: object, paper: object) -> Iterable[str]:
    """What makes an entry the same as another one: its name in any spelling, or the link of a paper.

    Models share the links of their papers with their siblings.
    """
    keys = [f"{kind} {kind.name_key} {_SIGN.sub(' ', str(name)).strip().casefold()}"]
    link = identify(paper) if kind is Kind.PAPERS and isinstance(paper, str) else None
    if link is not None:
        keys.append(f"{kind} link {link.key}")
    return keys

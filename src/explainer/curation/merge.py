"""Where imported entries come from: a line of JSON for each, in a file beside the catalog.

`papers.yaml` has `papers.sources.jsonl`. The format of catalogs has no room for it, and a comment is easily lost. Each
line also holds a digest of every value that the source gave: what differs from it now was changed by hand.

Imported entries → changes to a catalog that exists. What was written by hand stays, always.

An entry is found by its source and what the source calls it, else by its exact name within its kind; never by a link,
which many siblings share. Then each of its values is a three-way merge: the digest of what the source gave last time
tells whether the catalog's value is still that one, or somebody's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from explainer.catalogs.kinds import Kind
from explainer.curation.normalize import NormalizedEntry
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import digest, shorten
from explainer.documents.yaml_editor import Editor
from explainer.documents.yaml_reader import read_yaml

_DIGEST_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one entry comes from.

    Attributes:
        kind: `models`, `papers`, `tasks` or `ports`.
        name: its name in the catalog.
        source: the source: a file, an address, whatever the curator calls it.
        id: what the source calls the entry.
        retrieved: the day of the import, as YYYY-MM-DD.
        licence: the licence of the record, None when the source does not say.
        fields: a digest of each value that the source gave.
    """

    kind: str
    name: str
    source: str
    id: str
    retrieved: str
    licence: str | None
    fields: Mapping[str, str]


def digest_of(value: Any) -> str:
    """Return a digest of a value; a number counts as the text that a catalog shows."""
    if isinstance(value, list | tuple):
        return digest(json.dumps([str(item) for item in value], ensure_ascii=False), _DIGEST_BYTES)
    return digest(str(value), _DIGEST_BYTES)


def origin_line(origin: Origin) -> str:
    """Return an origin as a line of JSON, with its line break."""
    data = {
        "kind": origin.kind.removesuffix("s"),
        "name": origin.name,
        "source": origin.source,
        "id": origin.id,
        "retrieved": origin.retrieved,
        "licence": origin.licence,
        "fields": origin.fields,
    }
    return json.dumps(data, ensure_ascii=False) + "\n"


def _origin(
    *,
    kind: str,
    name: str,
    source: str,
    id: str,  # noqa: A002  # the key of the file
    retrieved: str,
    licence: str | None,
    fields: dict[str, str],
) -> Origin:
    if not isinstance(fields, dict) or not all(isinstance(one, str) for one in (kind, name, source, id, retrieved)):
        raise TypeError
    return Origin(f"{kind}s", name, source, id, retrieved, licence, fields)


def parse_origins(text: str, file: str) -> Parsed[list[Origin]]:
    """Read the origins of a catalog."""
    found: list[Origin] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            found.append(_origin(**data))
        except (ValueError, KeyError, TypeError, RecursionError):
            hint = "restore the file; without it, hand edits cannot be told from old imports"
            findings.append(Finding("I809", Location(file, number), "not a line of a record of sources", hint))
    return Parsed(found, tuple(findings))


_SHOWN: Final = 60
_ENTRIES: Final = ("models", "papers")


@dataclass(slots=True)
class Counts:
    """What became of the records of a source."""

    records: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left_out: int = 0
    removed_by_hand: int = 0


def origin_of(
    shaped: NormalizedEntry, source: str, retrieved: str, licence: str | None, name: str | None = None
) -> Origin:
    """Return where an entry comes from.

    Args:
        shaped: the entry.
        source: what the source is called.
        retrieved: the day, as YYYY-MM-DD.
        licence: the licence of the whole source; that of the record itself comes first.
        name: its name in the catalog, where that is another.
    """
    fields = {key: digest_of(value) for key, value in shaped.record.items()}
    return Origin(shaped.kind, name or shaped.name, source, shaped.id, retrieved, shaped.licence or licence, fields)


@dataclass(slots=True)
class _Target:
    """An entry of the catalog, as it stands there."""

    kind: str
    at: int
    data: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.data[Kind(self.kind).name_key])


@dataclass(slots=True)
class Merger:
    """Takes the entries of one source, and changes one catalog.

    Attributes:
        text: the text of the catalog; without errors.
        file: the name that findings give it.
        origins: where its entries came from so far.
        source: what the source is called.
        retrieved: the day, as YYYY-MM-DD.
        licence: the licence of the source.
    """

    text: str
    file: str
    origins: Sequence[Origin]
    source: str
    retrieved: str
    licence: str | None
    counts: Counts = field(default_factory=Counts)
    _editor: Editor = field(init=False)
    _known: dict[tuple[str, str, str], Origin] = field(init=False)
    _by_name: dict[tuple[str, str], _Target] = field(init=False)
    _added: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._editor = Editor(self.text, self.file)
        self._known = {(one.kind, one.source, one.id): one for one in self.origins}
        self._by_name = {}
        aliases: dict[tuple[str, str], _Target] = {}
        data = read_yaml(self.text, self.file).data
        for kind in Kind:
            for at, item in enumerate((data or {}).get(kind) or ()):
                target = _Target(kind, at, item)
                self._by_name[kind, item[kind.name_key]] = target
                aliases.update({(kind, alias): target for alias in item.get("aliases") or () if kind in _ENTRIES})
        self._by_name = {**aliases, **self._by_name}

    def take(self, shaped: NormalizedEntry) -> Iterator[Finding]:
        """Take one entry; yield what there is to say about it."""
        key = (shaped.kind, self.source, shaped.id)
        origin = self._known.get(key)
        target = self._by_name.get((shaped.kind, origin.name if origin else shaped.name))
        name = target.name if target is not None else shaped.name
        if target is not None:
            yield from self._merge(shaped, target, origin)
        elif origin is not None:
            self.counts.removed_by_hand += 1
            return
        else:
            self._added.setdefault(shaped.kind, []).append(shaped.record)
            self.counts.added += 1
        self._known[key] = origin_of(shaped, self.source, self.retrieved, self.licence, name)
        if origin is not None and origin.fields == self._known[key].fields:
            self._known[key] = origin  # nothing new: the day stays that of the last change

    def _merge(self, shaped: NormalizedEntry, target: _Target, origin: Origin | None) -> Iterator[Finding]:
        last = origin.fields if origin is not None else {}
        name_key, changed = Kind(shaped.kind).name_key, False
        keys = Kind(shaped.kind).keys
        for key in keys:
            now, new = target.data.get(key) or None, shaped.record.get(key)
            if now == _as_text(new):
                continue
            path = (shaped.kind, target.at, key)
            if key == name_key:
                yield from self._renamed(shaped, target, last.get(key))
            elif now is None and key in last:
                continue  # somebody emptied it
            elif now is None or (key in last and digest_of(now) == last[key]):
                if new is None:
                    self._editor.remove(path)
                else:
                    self._editor.set(path, new, after=keys[: keys.index(key)])
                changed = True
            elif new is not None and last.get(key) != digest_of(new):
                theirs = shorten(str(new), _SHOWN)
                message = f"{shorten(target.name, _SHOWN)!r} keeps its own {key!r}; the source says {theirs!r}"
                yield Finding("I806", shaped.location, message, text=str(new))
        self.counts.changed += changed
        self.counts.unchanged += not changed

    def _renamed(self, shaped: NormalizedEntry, target: _Target, last: str | None) -> Iterator[Finding]:
        """Another name at the source: the questions know the old one."""
        if shaped.name in (target.data.get("aliases") or ()) or last == digest_of(shaped.name):
            return
        message = f"the source calls {shorten(target.name, _SHOWN)!r} {shorten(shaped.name, _SHOWN)!r} now"
        hint = f"explainer catalog rename {shorten(target.name)!r} {shorten(shaped.name)!r}"
        yield Finding("I807", shaped.location, message, hint, shaped.name)

    def finish(self) -> Parsed[tuple[str, Editor]]:
        """Return the changed text and its edits, or a finding when it cannot be changed safely."""
        for kind, records in self._added.items():
            self._editor.append(kind, records)
        done = self._editor.finish()
        if done.value is None:
            return Parsed(None, done.findings)
        return Parsed((done.value, self._editor))

    def new_origins(self) -> list[Origin]:
        """Return where all entries come from now."""
        return list(self._known.values())


def _as_text(value: Any) -> Any:
    """A value as it is read from YAML text."""
    if isinstance(value, list | tuple):
        return [str(item) for item in value] or None
    return None if value is None else str(value)

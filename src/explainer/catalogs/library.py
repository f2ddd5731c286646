"""Several catalogs read as one, and the names in a question → the entries that it may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Generic, Literal, TypeVar

from explainer.catalogs.catalog import LoadedCatalog, ports_of, report_signature
from explainer.catalogs.question import LoadedQuestion
from explainer.catalogs.schema import Entry, ModelEntry, PaperEntry, PortEntry, Task
from explainer.catalogs.signature import Ports
from explainer.diagnostics.finding import Parsed
from explainer.diagnostics.text import digest, shorten, slugify, suggest
from explainer.documents.document import Document, KeyPath

E = TypeVar("E", bound=Entry)

_SUGGESTIONS: Final = 5
"""Unknown names of a list that get a suggestion: looking for one takes a while in a catalog of thousands."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The closed world of one prompt: the entries that are offered to a question, in the order of the question."""

    models: tuple[ModelEntry, ...] = ()
    papers: tuple[PaperEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """How many entries are recommended to a question that leaves them out, at most; as many as in the seed.

    Attributes:
        models: how many models.
        papers: how many papers.
    """

    models: int = 1
    papers: int = 3


class EntryIndex(Generic[E]):
    """Entries of one kind from several catalogs, found by name, id or alias.

    Names come before ids, ids before aliases. Among entries of the same name the one of the earliest catalog wins;
    where catalogs have no order, several unequal entries are all returned, and the caller calls that ambiguous.
    """

    def __init__(self, ranked: Iterable[tuple[int, E]]) -> None:
        self._ranked = tuple(ranked)
        self._names = _group((rank, entry.label, entry) for rank, entry in self._ranked)
        self._ids: dict[str, list[tuple[int, E]]] | None = None
        self._aliases: dict[str, list[tuple[int, E]]] | None = None
        self._id_of: dict[E, str] = {}

    def __iter__(self) -> Iterator[E]:
        """The entries that can be found by their name, in the order of the catalogs."""
        for candidates in self._names.values():
            yield from _best(candidates)

    def find(self, name: str) -> list[E]:
        """Return the entries that a name, id or alias means: none, one, or several when it is ambiguous."""
        for tier in (self._names, self.ids, self.aliases):
            if name in tier:
                return _best(tier[name])
        return []

    @property
    def ids(self) -> dict[str, list[tuple[int, E]]]:
        """Entries by id, explicit or default."""
        if self._ids is None:  # slugs of thousands of titles take time, and names are nearly always found before
            explicit = {entry.id for _, entry in self._ranked if entry.id}
            slugs: dict[str, set[str]] = {}
            for _, entry in self._ranked:
                if not entry.id:
                    slugs.setdefault(slugify(entry.label), set()).add(entry.label)
            for _, entry in self._ranked:
                slug = entry.id or slugify(entry.label)
                if not entry.id and (slug in explicit or len(slugs[slug]) > 1):
                    slug = f"{slug}-{digest(entry.label)}"
                self._id_of[entry] = slug
            self._ids = _group((rank, self._id_of[entry], entry) for rank, entry in self._ranked)
        return self._ids

    @property
    def aliases(self) -> dict[str, list[tuple[int, E]]]:
        """Entries by alias."""
        if self._aliases is None:
            self._aliases = _group((rank, alias, entry) for rank, entry in self._ranked for alias in entry.aliases)
        return self._aliases

    def id_of(self, entry: E) -> str:
        """Return the id of an entry of this index."""
        return self._id_of[entry] if self.ids else ""

    def suggestion(self, name: str) -> str | None:
        """Return the name, id or alias that was probably meant."""
        return suggest(name, [*self._names, *self.ids, *self.aliases])


def _group(items: Iterable[tuple[int, str, E]]) -> dict[str, list[tuple[int, E]]]:
    groups: dict[str, list[tuple[int, E]]] = {}
    for rank, key, entry in items:
        groups.setdefault(key, []).append((rank, entry))
    return groups


def _best(candidates: Sequence[tuple[int, E]]) -> list[E]:
    """The unequal entries of the earliest catalog."""
    first = min(rank for rank, _ in candidates)
    return list(dict.fromkeys(entry for rank, entry in candidates if rank == first))


class Library:
    """All catalogs that a question may draw from."""

    def __init__(self, catalogs: Sequence[LoadedCatalog], *, vocabulary: Callable[[], Sequence[Task]] = tuple) -> None:
        """Read catalogs as one.

        Args:
            catalogs: the catalogs; those of smaller rank win.
            vocabulary: gives more tasks with the words that people use for them. Only recommending asks for it.
        """
        ordered = sorted(catalogs, key=lambda loaded: loaded.rank)
        self.catalogs = tuple(ordered)
        self.models = EntryIndex((c.rank, entry) for c in ordered for entry in c.catalog.models)
        self.papers = EntryIndex((c.rank, entry) for c in ordered for entry in c.catalog.papers)
        self.broken = frozenset[str]().union(*(c.broken for c in ordered))
        self.complete = all(c.complete for c in ordered)
        """False when a part of the catalogs could not be read: then an unknown name may be no mistake."""
        self.vocabulary = vocabulary

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks of all catalogs, in their order."""
        return tuple(task for c in self.catalogs for task in c.catalog.tasks)

    @property
    def own_ports(self) -> tuple[PortEntry, ...]:
        """The ports of all catalogs, in their order."""
        return tuple(port for c in self.catalogs for port in c.catalog.ports)

    @cached_property
    def ports(self) -> Ports:
        """The built-in ports and those of all catalogs, of which the earlier ones win."""
        return ports_of(self.own_ports)


def resolve(loaded: LoadedQuestion, library: Library) -> Parsed[Sources]:
    """Resolve the names in a question.

    Returns:
        The sources, or None if a name is unknown or ambiguous; and a finding for each, at its place.
        What the question leaves out is empty here.
    """
    known = loaded.document
    document = Document(known.file, find_spans=known.find_spans, unreliable=known.unreliable)
    models = _resolve_items(loaded.question.models or (), "models", library.models, library, document)
    papers = _resolve_items(loaded.question.papers or (), "papers", library.papers, library, document)
    for key in ("input", "output"):
        kinds_of_data(loaded, key, library, document)
    if models is None or papers is None:
        return Parsed(None, tuple(document.findings))
    return Parsed(Sources(models, papers), tuple(document.findings))


def kinds_of_data(
    loaded: LoadedQuestion, key: Literal["input", "output"], library: Library, document: Document | None = None
) -> tuple[str, ...] | None:
    """Return the ids of the ports that a question names as its input or output; None when it leaves them out.

    Args:
        loaded: the question.
        key: which of the two.
        library: knows the ports.
        document: takes a finding for each word that names none.
    """
    words = loaded.question.input if key == "input" else loaded.question.output
    if words is None:
        return None
    found = [library.ports.find(word) for word in words]
    for at, word in enumerate(words if document is not None else ()):
        if found[at] is None and document is not None:
            meant = library.ports.suggestion(word)
            known = f"write a list of kinds of data, such as [photo, text], out of {', '.join(library.ports.ports)}"
            message = f"unknown kind of data {shorten(word)!r}"
            document.report("W602", (key, at), message, f"did you mean {meant!r}?" if meant else known, text=word)
    return tuple(port for port in found if port is not None)


def _resolve_items(
    items: Sequence[str | E], kind: str, index: EntryIndex[E], library: Library, document: Document
) -> tuple[E, ...] | None:
    chosen: list[E] = []
    complete = True
    unknown = 0
    for position, item in enumerate(items):
        path: KeyPath = (kind, position)
        if not isinstance(item, str):
            if isinstance(item, ModelEntry) and item.signature:
                report_signature(document, (*path, "signature"), item.signature, library.ports)
            chosen.append(item)
            continue
        if not item:  # left out of a question with mistakes
            complete = False
            continue
        found = index.find(item)
        if len(found) == 1:
            _report_chosen(found[0], item, chosen, document, path)
            chosen.append(found[0])
            continue
        complete = False
        if len(found) > 1:
            ids = sorted({index.id_of(entry) for entry in found})
            hint = "give the catalogs an order with --catalog, or make the entries equal"
            if len(ids) == len(found):
                hint = f"name one of them by its id: {', '.join(map(repr, ids))}; or {hint}"
            document.report("Q403", path, f"{shorten(item)!r} means {len(found)} different entries", hint, text=item)
        elif item not in library.broken and library.complete:
            unknown += 1
            _report_unknown(item, kind, index, library, document, path, suggesting=unknown <= _SUGGESTIONS)
    return tuple(chosen) if complete else None


def _report_chosen(entry: E, item: str, chosen: Sequence[E], document: Document, path: KeyPath) -> None:
    if entry in chosen:
        document.report("Q404", path, f"{shorten(item)!r} is named twice", "name it once", text=item)
    if entry.deprecated:
        document.report("Q405", path, f"{shorten(item)!r} is deprecated: {shorten(entry.deprecated)}", text=item)


def _report_unknown(
    item: str, kind: str, index: EntryIndex[E], library: Library, document: Document, path: KeyPath, *, suggesting: bool
) -> None:
    one = kind.removesuffix("s")
    other: EntryIndex[ModelEntry] | EntryIndex[PaperEntry]
    other = library.papers if kind == "models" else library.models
    meant = index.suggestion(item) if suggesting else None
    if other.find(item):
        hint = f"it is one of the {'papers' if kind == 'models' else 'models'}: move it there"
    elif meant is not None:
        hint = f"did you mean {meant!r}?"
    else:
        hint = f"the catalogs read are {', '.join(c.file for c in library.catalogs) or 'none'}"
    document.report("Q401" if kind == "models" else "Q402", path, f"unknown {one} {shorten(item)!r}", hint, text=item)

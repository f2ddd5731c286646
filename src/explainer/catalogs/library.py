"""Several catalogs read as one, and the names in a question → the entries that it may use.

`EntryIndex` says which entry wins where several catalogs define it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import filterfalse
from operator import attrgetter, itemgetter
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from explainer.catalogs.parsing import LoadedCatalog, LoadedQuestion, ports_of, report_signature
from explainer.catalogs.schema import (
    SOURCE_KINDS,
    Entry,
    Kind,
    ModelEntry,
    PaperEntry,
    PortEntry,
    Task,
)
from explainer.catalogs.signature import Ports
from explainer.diagnostics.finding import NOWHERE, Finding, Parsed
from explainer.diagnostics.text import digest, meant_hint, shorten, slugify, suggest
from explainer.documents.document import Document, KeyPath

E = TypeVar("E", bound=Entry)

# Places of an ambiguous name that are said: there are seldom more than two.
_MOST_PLACES: Final = 4
# Unknown names of a list that get a suggestion: looking for one takes a while in a catalog of thousands.
_SUGGESTIONS: Final = 5


class Sources(Struct, frozen=True):
    """The closed world of one prompt: the entries that are offered to a question, in the order of the question."""

    models: tuple[ModelEntry, ...] = ()
    papers: tuple[PaperEntry, ...] = ()


class SourceCounts(Struct, frozen=True):
    """How many entries are recommended to a question that leaves them out, at most; as many as in the built-in layout.

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

    def __init__(self, ranked: Sequence[tuple[int, E]]) -> None:
        """Index entries, each with the rank of its catalog, those of the smallest rank first."""
        self._ranked = ranked
        self._by_name = _group(ranked, lambda entry: (entry.label,))

    def __iter__(self) -> Iterator[E]:
        """The entries that can be found by their name, in the order of the catalogs."""
        for candidates in self._by_name.values():
            yield from candidates.unequal()

    def find(self, name: str) -> list[E]:
        """Return the entries that a name, id or alias means: none, one, or several when it is ambiguous."""
        # ids and aliases take time to make, and are seldom needed
        candidates = self._by_name.get(name) or self._by_id.get(name) or self._by_alias.get(name)
        if candidates is None:
            return []
        return candidates.unequal()

    @cached_property
    def _by_id(self) -> dict[str, _Candidates[E]]:
        return _group(self._ranked, lambda entry: (self._id_of[entry],))

    @cached_property
    def _by_alias(self) -> dict[str, _Candidates[E]]:
        return _group(self._ranked, lambda entry: entry.aliases)

    @cached_property
    def _id_of(self) -> dict[E, str]:
        """The id of each entry; slugs of thousands of titles take time, and names are nearly always found before."""
        entries = list(map(itemgetter(1), self._ranked))
        labels = set(map(attrgetter("label"), filterfalse(attrgetter("id"), entries)))
        uses = Counter(map(slugify, labels))
        uses.update(entry.id for entry in entries)
        return {entry: entry.id or _default_id(entry.label, uses) for entry in entries}

    def id_of(self, entry: E) -> str:
        """Return the id of an entry of this index."""
        return self._id_of[entry]

    def suggestion(self, name: str) -> str | None:
        """Return the name, id or alias that was probably meant."""
        return suggest(name, [*self._by_name, *self._by_id, *self._by_alias])


def _default_id(label: str, uses: Mapping[str, int]) -> str:
    """The slug of a name, with a hash of the name where the slug alone would mean several entries, or is empty."""
    slug = slugify(label)
    if slug and uses[slug] <= 1:
        return slug
    return f"{slug}-{digest(label)}"


class _Candidates(Struct, Generic[E], frozen=True):
    """The entries that a name means in the earliest catalog that has it, and the rank of that catalog."""

    rank: int
    entries: list[E]

    def unequal(self) -> list[E]:
        """Return the entries, of equal ones the first."""
        return list(dict.fromkeys(self.entries))


def _group(
    ranked: Iterable[tuple[int, E]], names_of: Callable[[E], Iterable[str]]
) -> dict[str, _Candidates[E]]:
    """Entries by each of their names; the smallest rank comes first, and wins."""
    groups: dict[str, _Candidates[E]] = {}
    for rank, entry in ranked:
        for name in names_of(entry):
            candidates = groups.setdefault(name, _Candidates(rank, []))
            if candidates.rank == rank:
                candidates.entries.append(entry)
    return groups


class SupportsStore(Protocol):
    """Keeps what takes long to make of a library."""

    def get(self) -> bytes | None:
        """Return what was put, whole; None where there is nothing."""

    def put(self, body: bytes) -> None:
        """Keep it, as far as that can be done."""


class Library:
    """All catalogs that a question may draw from."""

    def __init__(
        self,
        catalogs: Sequence[LoadedCatalog],
        *,
        vocabulary: Callable[[], Sequence[Task]] = tuple,
        index_store: SupportsStore | None = None,
    ) -> None:
        """Read catalogs as one.

        Args:
            catalogs: the catalogs; those of smaller rank win.
            vocabulary: gives more tasks with the words that people use for them. Only recommending asks for it.
            index_store: keeps an index of the words of these catalogs and of that vocabulary.
        """
        self.catalogs = tuple(sorted(catalogs, key=lambda loaded: loaded.rank))
        self.models: EntryIndex[ModelEntry] = EntryIndex(tuple(self._ranked(Kind.MODELS)))
        self.papers: EntryIndex[PaperEntry] = EntryIndex(tuple(self._ranked(Kind.PAPERS)))
        self.broken = frozenset[str]().union(*(loaded.broken for loaded in self.catalogs))
        self.complete = all(loaded.complete for loaded in self.catalogs)
        """False when a part of the catalogs could not be read: then an unknown name may be no mistake."""
        self.vocabulary = vocabulary
        self.index_store = index_store

    def _ranked(self, kind: Kind) -> Iterator[tuple[int, Any]]:
        """The entries of a kind, each with the rank of its catalog."""
        for loaded in self.catalogs:
            for entry in getattr(loaded.catalog, kind):
                yield loaded.rank, entry

    def _all_of(self, kind: Kind) -> tuple[Any, ...]:
        return tuple(entry for _, entry in self._ranked(kind))

    def place_of(self, kind: Kind, entry: Entry) -> str:
        """Return where an entry stands: the file and its line, as far as that can be known."""
        holder = next(loaded for loaded in self.catalogs if entry in getattr(loaded.catalog, kind))
        return holder.place_of(kind, entry.label)

    @property
    def where_read(self) -> str:
        """The hint about a name that nothing has: where it was looked for."""
        files = ", ".join(loaded.file for loaded in self.catalogs)
        return f"the catalogs read are {files or 'none'}"

    def suggestion(self, name: str, kinds: Sequence[Kind] = SOURCE_KINDS) -> str | None:
        """Return the name of an entry that was probably meant, of the first kind that has one."""
        suggestions = (self.index_of(kind).suggestion(name) for kind in kinds)
        return next(filter(None, suggestions), None)

    def index_of(self, kind: Kind) -> EntryIndex[Any]:
        """Return the models or the papers."""
        indexes: Mapping[Kind, EntryIndex[Any]] = {
            Kind.MODELS: self.models,
            Kind.PAPERS: self.papers,
        }
        return indexes[kind]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks of all catalogs, in their order."""
        return self._all_of(Kind.TASKS)

    @property
    def own_ports(self) -> tuple[PortEntry, ...]:
        """The ports of all catalogs, in their order."""
        return self._all_of(Kind.PORTS)

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
    document = replace(loaded.document, findings=[])
    models = _Resolver(Kind.MODELS, library.models, library, document).resolve(
        loaded.question.models
    )
    papers = _Resolver(Kind.PAPERS, library.papers, library, document).resolve(
        loaded.question.papers
    )
    _check_kinds_of_data(document, "input", loaded.question.input, library.ports)
    _check_kinds_of_data(document, "output", loaded.question.output, library.ports)
    if models is None or papers is None:
        return Parsed(None, tuple(document.findings))
    return Parsed(Sources(models, papers), tuple(document.findings))


def kinds_of_data(
    loaded: LoadedQuestion, key: Literal["input", "output"], library: Library
) -> tuple[str, ...] | None:
    """Return the ids of the ports that a question names as its input or output; None when it leaves them out."""
    words: tuple[str, ...] | None = getattr(loaded.question, key)
    if words is None:
        return None
    return tuple(filter(None, map(library.ports.find, words)))


def _check_kinds_of_data(
    document: Document, key: str, words: Sequence[str] | None, ports: Ports
) -> None:
    """Report the words that name no port."""
    for index, word in enumerate(words or ()):
        if ports.find(word) is not None:
            continue
        listed = (
            f"write a list of kinds of data, such as [photo, text], out of {', '.join(ports.ports)}"
        )
        hint = meant_hint(ports.suggestion(word)) or listed
        document.report(
            "W602", (key, index), f"unknown kind of data {shorten(word)!r}", hint, text=word
        )


class _Resolver(Generic[E]):
    """Resolves the names that a question lists of one kind, and reports those that mean nothing, or too much."""

    def __init__(
        self, kind: Kind, index: EntryIndex[E], library: Library, document: Document
    ) -> None:
        self._kind = kind
        self._index = index
        self._library = library
        self._document = document
        self._unknown = 0

    def resolve(self, items: Sequence[str | E] | None) -> tuple[E, ...] | None:
        """Return the entries, or None when a name means none or several; a question may leave all of them out."""
        entries: list[E | None] = []
        for position, item in enumerate(items or ()):
            entries.append(self._entry_of(item, (self._kind, position), entries))
        resolved = tuple(filter(None, entries))
        if len(resolved) < len(entries):
            return None
        return resolved

    def _entry_of(self, item: str | E, path: KeyPath, earlier: Sequence[E | None]) -> E | None:
        if not isinstance(item, str):  # a whole entry, in a line of JSON
            self._report_signature(item, path)
            return item
        if not item:  # where a question has a mistake
            return None
        candidates = self._index.find(item)
        if len(candidates) == 1:
            self._report_chosen(candidates[0], item, path, earlier)
            return candidates[0]
        if candidates:
            self._report_ambiguous(item, path, candidates)
        else:
            self._report_unknown(item, path)
        return None

    def _report_signature(self, entry: E, path: KeyPath) -> None:
        if isinstance(entry, ModelEntry) and entry.signature:
            report_signature(
                self._document, (*path, "signature"), entry.signature, self._library.ports
            )

    def _report_chosen(
        self, entry: E, name: str, path: KeyPath, earlier: Sequence[E | None]
    ) -> None:
        if entry in earlier:
            self._document.report(
                "Q404", path, f"{shorten(name)!r} is named twice", "name it once", text=name
            )
        if entry.deprecated:
            message = f"{shorten(name)!r} is deprecated: {shorten(entry.deprecated)}"
            self._document.report("Q405", path, message, text=name)

    def _report_ambiguous(self, name: str, path: KeyPath, candidates: Sequence[E]) -> None:
        hint = "give the catalogs an order with --catalog, or make the entries equal"
        ids = sorted({self._index.id_of(entry) for entry in candidates})
        if len(ids) == len(candidates):
            hint = f"name one of them by its id: {', '.join(map(repr, ids))}; or {hint}"
        place_of = partial(self._library.place_of, self._kind)
        places = " and ".join(dict.fromkeys(map(place_of, candidates[:_MOST_PLACES])))
        differing = ", ".join(_differing_keys(self._kind, candidates))
        message = f"{shorten(name)!r} means {len(candidates)} different entries"
        self._document.report(
            "Q403", path, f"{message}: those in {places} differ in {differing}", hint, text=name
        )

    def _report_unknown(self, name: str, path: KeyPath) -> None:
        # a name that a mistake in a catalog took away, or that may stand in an unread part, is no mistake here
        if name in self._library.broken or not self._library.complete:
            return
        self._unknown += 1
        code = {Kind.MODELS: "Q401", Kind.PAPERS: "Q402"}[self._kind]
        message = f"unknown {self._kind.singular} {shorten(name)!r}"
        self._document.report(code, path, message, self._hint_about(name), text=name)

    def _hint_about(self, name: str) -> str:
        """What to do about an unknown name: move it to the other kind, write it as it was meant, look elsewhere."""
        other_kind = _OTHER_KIND[self._kind]
        if self._library.index_of(other_kind).find(name):
            return f"it is one of the {other_kind}: move it there"
        if self._unknown > _SUGGESTIONS:
            return self._library.where_read
        return meant_hint(self._index.suggestion(name)) or self._library.where_read


def _differing_keys(kind: Kind, entries: Sequence[E]) -> Iterator[str]:
    """The keys whose values are not the same in all entries."""
    for key in kind.keys:
        if len(set(map(attrgetter(key), entries))) > 1:
            yield key


_OTHER_KIND: Final = {Kind.MODELS: Kind.PAPERS, Kind.PAPERS: Kind.MODELS}


def unknown_entry(name: str, library: Library, kinds: Sequence[Kind] = SOURCE_KINDS) -> Finding:
    """Return the finding about a name that somebody typed, and that no entry of some kinds has."""
    code = "Q402" if list(kinds) == [Kind.PAPERS] else "Q401"
    message = f"no model and no paper is called {shorten(name)!r}"
    return Finding(code, NOWHERE, message, meant_hint(library.suggestion(name, kinds)), name)

"""The closed world of one answer: what its prompt offered, what is known of those entries, and what was not offered.

Three doors lead here: a question with its catalogs, a prompt in the seed's layout, and a line of an answers file that
holds either. Whichever is taken, *offered* is what the prompt prints, with the URLs inside printed summaries; *known*
is what the catalogs add about the same entries; everything else in the catalogs is a gazetteer of what was not offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Literal, TypeAlias

from explainer.build import offer
from explainer.catalogs.library import Library, Sources
from explainer.catalogs.links import Link, identify
from explainer.catalogs.question import LoadedQuestion
from explainer.catalogs.schema import Entry, ModelEntry, PaperEntry
from explainer.catalogs.signature import Ports, Signature, builtin_ports
from explainer.checking.links_in_text import spot_links
from explainer.checking.titles import acronyms, canonical, content_words, head, tokens, words
from explainer.diagnostics.finding import Parsed
from explainer.rendering.layout import PrintedEntry, PromptContent, neutralise

Role: TypeAlias = Literal["paper", "github", "summary"]


@dataclass(frozen=True, slots=True)
class OwnLink:
    """A URL of a source: as it is offered or catalogued, what it leads to, and in which place it stands."""

    url: str
    link: Link
    role: Role


@dataclass(frozen=True)
class OfferedEntry:
    """One offered entry.

    Attributes:
        kind: model or paper.
        name: its name or title, as printed.
        links: what the prompt prints.
        known: other catalogued URLs of the same entry.
        aliases: other catalogued names.
        text: its summary, printed or not.
        authors: names of its authors.
        signature: what a model takes and gives, when that is known.
    """

    kind: Literal["model", "paper"]
    name: str
    links: tuple[OwnLink, ...] = ()
    known: tuple[OwnLink, ...] = ()
    aliases: tuple[str, ...] = ()
    text: str = ""
    authors: tuple[str, ...] = ()
    signature: Signature | None = None

    @cached_property
    def key(self) -> str:
        """The canonical form of the name."""
        return canonical(self.name)

    @cached_property
    def alias_keys(self) -> frozenset[str]:
        """The canonical forms of the aliases."""
        return frozenset(filter(None, map(canonical, self.aliases)))

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """The words of the name, in canonical form."""
        return tuple(filter(None, map(canonical, words(self.name))))

    @cached_property
    def call_names(self) -> frozenset[str]:
        """Canonical forms of what people call it: the title's head, its acronyms, its repository, its aliases."""
        found = {canonical(name) for name in (*acronyms(self.name), *self.repositories)}
        beginning = head(self.name)
        if beginning != self.name.strip() and len(words(beginning)) <= 5 and content_words(beginning):  # noqa: PLR2004
            found.add(canonical(beginning))
        if self.kind == "model":
            found |= set(map(canonical, _tails(self.name)))
        return frozenset(name for name in found | self.alias_keys | {self.key} if len(name) > 2)  # noqa: PLR2004

    @cached_property
    def nicknames(self) -> frozenset[str]:
        """Canonical forms of names in its summary: they may be its own, or those of what it compares itself with."""
        return frozenset(key for key in map(canonical, acronyms(self.text)) if len(key) > 2)  # noqa: PLR2004

    @property
    def repositories(self) -> Iterator[str]:
        """The names of its repositories."""
        for own in (*self.links, *self.known):
            name = own.link.key.rpartition("/")[2]
            if own.link.kind in ("github", "huggingface") and content_words(name):
                yield name

    @cached_property
    def all_text(self) -> str:
        """The canonical form of everything that was printed about it."""
        return canonical(f"{self.name} {self.text} " + " ".join(own.url for own in self.links))


def _tails(name: str) -> Iterator[str]:
    """A model's name without its first parts: `StableDiffusionV1-Oil` of `Txt2Img-StableDiffusionV1-Oil`."""
    parts = name.replace("_", "-").split("-")
    for start in range(1, len(parts)):
        tail = "-".join(parts[start:])
        if len(parts) - start > 1 or len(acronyms(tail)) == 1:
            yield tail


class CatalogLookup:
    """Every entry of the catalogs, found by link and by name: to say what it is that was not offered."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def ports(self) -> Ports:
        """The kinds of data that the catalogs know."""
        return self._library.ports

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        return (*self._library.models, *self._library.papers)

    @cached_property
    def _by_key(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for entry in self._entries:
            for url in (entry.paper, entry.github, entry.huggingface, *entry.links):
                link = identify(url) if url else None
                if link is not None:
                    found.setdefault(link.key, entry.label)
        return found

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {canonical(entry.label): entry.label for entry in reversed(self._entries)}

    @cached_property
    def runs(self) -> dict[str, list[tuple[tuple[str, ...], str]]]:
        """Names that are distinctive enough to be recognised in prose: (words, name), by their first word."""
        found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for entry in self._entries:
            parts = tuple(words(entry.label))
            if len(parts) >= 4 and len(content_words(entry.label)) >= 3:  # noqa: PLR2004
                found.setdefault(parts[0], []).append((parts, entry.label))
        return found

    def by_link(self, link: Link) -> str | None:
        """Return the name of the entry that a link belongs to."""
        return self._by_key.get(link.key)

    def by_name(self, key: str) -> str | None:
        """Return the name of the entry with a canonical name."""
        return self._by_name.get(key) if len(key) > 3 else None  # noqa: PLR2004

    def catalogued(self, name: str, kind: str) -> Entry | None:
        """Return the one entry of a kind with a name, as the catalogs have it."""
        index = self._library.models if kind == "model" else self._library.papers
        found: Sequence[Entry] = index.find(name)
        return found[0] if len(found) == 1 else None


class Offered:
    """What one answer may cite.

    Args:
        sources: the offered entries, models first.
        question: the question that the prompt quotes.
        gazetteer: what else is in the catalogs.
        entries: the offered entries themselves, whole; None when only what was printed of them is known.
    """

    def __init__(
        self,
        sources: Iterable[OfferedEntry],
        question: str = "",
        gazetteer: CatalogLookup | None = None,
        entries: Sources | None = None,
    ) -> None:
        self.sources: Final = tuple(sources)
        self.question: Final = question
        self.gazetteer: Final = gazetteer
        self.entries: Final = entries
        self._owners: dict[str, list[tuple[int, OwnLink]]] = {}
        self._known: dict[str, list[tuple[int, OwnLink]]] = {}
        for index, source in enumerate(self.sources):
            for own in source.links:
                self._owners.setdefault(own.link.key, []).append((index, own))
            for own in source.known:
                self._known.setdefault(own.link.key, []).append((index, own))

    def owners(self, link: Link) -> list[tuple[int, OwnLink]]:
        """Return the sources that a link was offered for, each with its own spelling; the nearest detail only."""
        found = self._owners.get(link.key, [])
        same = [(index, own) for index, own in found if own.link.detail == link.detail]
        return same or found

    def known_owners(self, link: Link) -> list[tuple[int, OwnLink]]:
        """Return the sources that a link is catalogued for, but was not offered for."""
        return self._known.get(link.key, [])

    @cached_property
    def urls(self) -> tuple[str, ...]:
        """All offered and known URLs, as they are spelled, and those in the question."""
        own = (own.url for source in self.sources for own in (*source.links, *source.known))
        return tuple(dict.fromkeys((*own, *(spotted.text for spotted in spot_links(self.question)))))

    @cached_property
    def question_keys(self) -> frozenset[str]:
        """The identities of the links in the question."""
        return frozenset(spotted.link.key for spotted in spot_links(self.question, self.urls) if spotted.link)

    @cached_property
    def text(self) -> str:
        """The canonical form of everything that the prompt says."""
        return canonical(self.question) + "".join(source.all_text for source in self.sources)

    @cached_property
    def echoes(self) -> tuple[str, ...]:
        """The forms in which an answer may repeat the question."""
        return tuple(dict.fromkeys((neutralise(self.question), self.question, " ".join(self.question.split()))))

    @property
    def ports(self) -> Ports:
        """The kinds of data that signatures name."""
        return self.gazetteer.ports if self.gazetteer is not None else builtin_ports()

    def called_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where a text calls an offered source by a name: (position, source)."""
        found = tokens(text)
        for position, (key, at) in enumerate(found):
            for parts, index in self.calls.get(key, ()):
                if tuple(token for token, _ in found[position : position + len(parts)]) == parts:
                    yield at, index

    @cached_property
    def calls(self) -> dict[str, list[tuple[tuple[str, ...], int]]]:
        """What the sources are called, for reading prose: (words in canonical form, source), by their first word."""
        found: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        for index, source in enumerate(self.sources):
            names = (
                source.name,
                head(source.name),
                *source.aliases,
                *acronyms(source.name),
                *acronyms(source.text),
            )
            names += (*source.repositories, *(_tails(source.name) if source.kind == "model" else ()))
            for name in dict.fromkeys(names):
                parts = tuple(filter(None, map(canonical, words(name))))
                if parts and (len(parts) > 1 or len(parts[0]) > 2) and content_words(name):  # noqa: PLR2004
                    found.setdefault(parts[0], []).append((parts, index))
        return found


@lru_cache(maxsize=64)
def gazetteer_of(library: Library) -> CatalogLookup:
    """Return the gazetteer of a library; the same one when asked again, so that many answers prepare it once."""
    return CatalogLookup(library)


def offered_by_sources(sources: Sources, question: str, gazetteer: CatalogLookup | None = None) -> Offered:
    """Return what the prompt of a question offers, from the entries that it is built from."""
    ports = gazetteer.ports if gazetteer is not None else builtin_ports()
    models = [_of_entry("model", entry, ports) for entry in sources.models]
    papers = [_of_entry("paper", entry, ports) for entry in sources.papers]
    return Offered([*models, *papers], question, gazetteer, sources)


def offered_by_question(question: LoadedQuestion, library: Library) -> Parsed[Offered]:
    """Return what the prompt of a question offers, recommended entries included, as `build` does.

    Args:
        question: the question.
        library: the catalogs in which its names are looked up.
    """
    chosen = offer(question, library)
    if chosen.value is None:
        return Parsed(None, chosen.findings)
    return Parsed(
        offered_by_sources(chosen.value[0], question.question.question, gazetteer_of(library)), chosen.findings
    )


def offered_by_prompt(content: PromptContent, gazetteer: CatalogLookup | None = None) -> Offered:
    """Return what a prompt offers, from what it prints; the catalogs add what is known of the same entries."""
    sources = []
    ports = gazetteer.ports if gazetteer is not None else builtin_ports()
    for printed in (*content.models, *content.papers):
        entry = gazetteer.catalogued(printed.name, printed.kind) if gazetteer else None
        sources.append(_of_printed(printed, entry, ports))
    return Offered(sources, content.question, gazetteer)


def _of_entry(kind: Literal["model", "paper"], entry: Entry, ports: Ports) -> OfferedEntry:
    summary = entry.summary if kind == "paper" else None
    return _of_printed(PrintedEntry(kind, entry.label, entry.paper, entry.github, summary), entry, ports)


def _of_printed(printed: PrintedEntry, entry: Entry | None, ports: Ports) -> OfferedEntry:
    links = [*_own(printed.paper, "paper"), *_own(printed.github, "github")]
    links += _inside(printed.name, "paper")
    links += _inside(printed.summary, "summary")
    known: list[OwnLink] = []
    if entry is not None:
        known += [
            *_own(entry.paper, "paper"),
            *_own(entry.github, "github"),
            *_own(entry.huggingface, "github"),
        ]
        known += [own for url in entry.links for own in _own(url, "summary")]
        known += _inside(entry.summary, "summary")
    spelled = {own.url for own in links}
    return OfferedEntry(
        printed.kind,
        printed.name.strip(),
        tuple(links),
        tuple(own for own in known if own.url not in spelled),
        tuple(entry.aliases) + ((entry.id,) if entry.id else ()) if entry else (),
        printed.summary or (entry.summary if entry else None) or "",
        entry.authors if isinstance(entry, PaperEntry) else (),
        _signature(printed, entry, ports) if printed.kind == "model" else None,
    )


def _signature(printed: PrintedEntry, entry: Entry | None, ports: Ports) -> Signature | None:
    """What a model takes and gives: as the prompt says, else the catalog, else as its name begins."""
    catalogued = entry.signature if isinstance(entry, ModelEntry) else None
    for text in filter(None, (printed.signature, catalogued)):
        read = ports.parse(text)
        if isinstance(read, Signature):
            return read
    return ports.parse_start(printed.name)


def _own(url: str | None, role: Role) -> list[OwnLink]:
    link = identify(url) if url else None
    return [OwnLink(url, link, role)] if url and link else []


def _inside(text: str | None, role: Role) -> list[OwnLink]:
    """The links inside a text; ids without a URL are theirs too, but no spelling to insist on."""
    found = spot_links(text) if text else ()
    return [OwnLink(spotted.text, spotted.link, role) for spotted in found if spotted.link]

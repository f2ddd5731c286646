"""The closed world of one answer: what its prompt offered, what is known of those entries, and what was not offered.

It comes from a question with its catalogs, or from a prompt in the built-in layout. Either way, *offered* is what the
prompt prints, with the URLs inside printed summaries; *known* is what the catalogs add about the same entries;
everything else in the catalogs is a lookup of what was not offered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import chain, repeat
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from explainer.build import offer
from explainer.catalogs.library import Library, Sources
from explainer.catalogs.links import Link, identify
from explainer.catalogs.parsing import LoadedQuestion
from explainer.catalogs.schema import Entry, Kind
from explainer.catalogs.signature import Ports
from explainer.checking.spotting import SeenText, spot_links
from explainer.checking.titles import acronyms, canonical, content_words, head, words
from explainer.diagnostics.finding import Parsed
from explainer.diagnostics.text import lazy_regex
from explainer.rendering.layout import PrintedEntry, PromptContent, neutralise

Role: TypeAlias = Literal["paper", "github", "summary"]
Calls: TypeAlias = dict[str, list[tuple[tuple[str, ...], int]]]

# The shortest names that count as such. Whatever is shorter stands in prose, and in other titles, by chance.
# canonical characters of what people may call an entry: `SAM`, but not `3D`
_MIN_CALL_NAME: Final = 3
# canonical characters of a name by which an entry is found that was not offered: a wrong hit is a false alarm
_MIN_CATALOGUED: Final = 4
# words before the colon of a title that are a name; more of them are half of the title
_MAX_HEAD_WORDS: Final = 5
_MIN_RUN_WORDS: Final = 4  # words of a catalogued name that is looked for in prose
# content words of such a name: `State of the Art` has four words and names nothing
_MIN_RUN_CONTENT: Final = 3

_KINDS: Final = {"model": Kind.MODELS, "paper": Kind.PAPERS}
_REPOSITORY_KINDS: Final = frozenset({"github", "huggingface"})
# fields of the template `evidence` that hold links, and the roles of these
_FURTHER_LINKS: Final[dict[str, Role]] = {"Hugging Face": "github", "Link": "summary"}
_NOT_A_WORD: Final = lazy_regex(r"(?:[^\w+#]|_)+")
_FIELDS: Final = ("paper", "github")  # the roles of links that stand in a field of their own


class OwnLink(Struct, frozen=True):
    """A URL of a source: as it is offered or catalogued, what it leads to, and in which place it stands."""

    url: str
    link: Link
    role: Role


class OfferedEntry(Struct, frozen=True, dict=True):
    """One offered entry.

    Attributes:
        kind: model or paper.
        name: its name or title, as printed.
        links: what the prompt prints.
        catalogued: other URLs that the catalogs have for the same entry.
        aliases: other catalogued names.
        text: its summary, printed or not.
        details: what else is printed of it, such as its data set and its year.
        authors: names of its authors.
    """

    kind: Literal["model", "paper"]
    name: str
    links: tuple[OwnLink, ...] = ()
    catalogued: tuple[OwnLink, ...] = ()
    aliases: tuple[str, ...] = ()
    text: str = ""
    authors: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """The canonical form of the name."""
        return canonical(self.name)

    @cached_property
    def alias_keys(self) -> frozenset[str]:
        """The canonical forms of the aliases."""
        return frozenset(_keys(self.aliases))

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """The words of the name, in canonical form."""
        return tuple(_keys(words(self.name)))

    @cached_property
    def call_names(self) -> frozenset[str]:
        """Canonical forms of what people call it: the title's head, its acronyms, its repository, its aliases."""
        names = [
            self.name,
            *self.aliases,
            *acronyms(self.name),
            *self.repositories,
            *self._tails,
            self._head,
        ]
        return frozenset(_keys(names, _MIN_CALL_NAME))

    @cached_property
    def nicknames(self) -> frozenset[str]:
        """Canonical forms of names in its summary: they may be its own, or those of what it compares itself with."""
        return frozenset(_keys(acronyms(self.text), _MIN_CALL_NAME))

    @property
    def own_links(self) -> tuple[OwnLink, ...]:
        """Its printed links, then its other catalogued ones."""
        return (*self.links, *self.catalogued)

    @property
    def repositories(self) -> Iterator[str]:
        """The names of its repositories."""
        for own_link in self.own_links:
            name = own_link.link.key.rpartition("/")[2]
            if own_link.link.kind in _REPOSITORY_KINDS and content_words(name):
                yield name

    @property
    def field_links(self) -> list[OwnLink]:
        """Its printed links that are not merely mentioned in its summary."""
        return [own_link for own_link in self.links if own_link.role in _FIELDS]

    @cached_property
    def all_text(self) -> str:
        """The canonical form of everything that was printed about it."""
        urls = (own_link.url for own_link in self.links)
        return canonical(" ".join((self.name, self.text, *self.details, *urls)))

    @cached_property
    def all_known_key(self) -> str:
        """The canonical form of that, with its authors."""
        return canonical(" ".join((*self.all_known, *self.authors)))

    @property
    def all_known(self) -> tuple[str, ...]:
        """Everything that was printed about it, or that the catalogs have."""
        urls = (own_link.url for own_link in self.own_links)
        return (self.name, self.text, *self.details, *self.aliases, *urls)

    @cached_property
    def calls(self) -> tuple[tuple[str, ...], ...]:
        """What prose may call it, each name by its words in canonical form."""
        title = (self.name, head(self.name), *self.aliases, *acronyms(self.name))
        names = dict.fromkeys((*title, *acronyms(self.text), *self.repositories, *self._tails))
        calls: list[tuple[str, ...]] = []
        for name in filter(content_words, names):
            call = tuple(_keys(words(name)))
            if len("".join(call)) >= _MIN_CALL_NAME:
                calls.append(call)
        return tuple(calls)

    @property
    def _head(self) -> str:
        """What stands before the colon of its title, when that may be a name; else nothing."""
        beginning = head(self.name)
        if len(words(beginning)) > _MAX_HEAD_WORDS or not content_words(beginning):
            return ""
        return beginning

    @property
    def _tails(self) -> Iterator[str]:
        """A model's name without its first parts: `StableDiffusionV1-Oil` of `Txt2Img-StableDiffusionV1-Oil`."""
        if self.kind != "model":
            return
        parts = self.name.replace("_", "-").split("-")
        for start in range(1, len(parts) - 1):
            # `gender-recognition` may be said of any model; a long name or one with capitals within is its own
            is_long = len(parts) - start >= _MIN_RUN_WORDS
            if is_long or any(acronyms(part) for part in parts[start:]):
                yield "-".join(parts[start:])
        # a last part alone is mostly a size or a style (`-Large`, `-Oil`), unless it is written as a name is
        if len(acronyms(parts[-1])) == 1:
            yield parts[-1]


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
        labels: dict[str, str] = {}
        for entry in self._entries:
            for own_link in _catalogued_links(entry):
                labels.setdefault(own_link.link.key, entry.label)
        return labels

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {canonical(entry.label): entry.label for entry in reversed(self._entries)}

    @cached_property
    def runs(self) -> dict[str, list[tuple[tuple[str, ...], str]]]:
        """Names that are distinctive enough to be recognised in prose: (words, name), by their first word."""
        runs: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        for entry in self._entries:
            parts = tuple(words(entry.label))
            if len(parts) >= _MIN_RUN_WORDS and len(content_words(entry.label)) >= _MIN_RUN_CONTENT:
                runs[parts[0]].append((parts, entry.label))
        return dict(runs)

    def by_link(self, link: Link) -> str | None:
        """Return the name of the entry that a link belongs to."""
        return self._by_key.get(link.key)

    def by_name(self, key: str) -> str | None:
        """Return the name of the entry with a canonical name."""
        if len(key) < _MIN_CATALOGUED:
            return None
        return self._by_name.get(key)

    def catalogued(self, name: str, kind: Literal["model", "paper"]) -> Entry | None:
        """Return the one entry of a kind with a name, as the catalogs have it."""
        entries: Sequence[Entry] = self._library.index_of(_KINDS[kind]).find(name)
        if len(entries) != 1:
            return None
        return entries[0]


class Offered:
    """What one answer may cite.

    Args:
        sources: the offered entries, models first; `names` has their names.
        question: the question that the prompt quotes.
        lookup: what else is in the catalogs.
        entries: the offered entries themselves, whole; None when only what was printed of them is known.
    """

    def __init__(
        self,
        sources: Iterable[OfferedEntry],
        question: str = "",
        lookup: CatalogLookup | None = None,
        entries: Sources | None = None,
    ) -> None:
        self.sources: Final = tuple(sources)
        self.question: Final = question
        self.lookup: Final = lookup or lookup_of(None)
        self.entries: Final = entries
        self.names: Final = tuple(source.name for source in self.sources)
        self._owners = self._by_link("links")
        self._catalogued = self._by_link("catalogued")

    def owners(self, link: Link) -> list[tuple[int, OwnLink]]:
        """Return the sources that a link was offered for, each with its own spelling; the nearest detail only."""
        owners = self._owners.get(link.key, [])
        return [owner for owner in owners if owner[1].link.detail == link.detail] or owners

    def known_owners(self, link: Link) -> list[tuple[int, OwnLink]]:
        """Return the sources that a link is catalogued for, but was not offered for."""
        return self._catalogued.get(link.key, [])

    def _by_link(
        self, attribute: Literal["links", "catalogued"]
    ) -> dict[str, list[tuple[int, OwnLink]]]:
        """The links of the sources, in their order, by what the links lead to."""
        owners: dict[str, list[tuple[int, OwnLink]]] = defaultdict(list)
        for index, source in enumerate(self.sources):
            for own_link in getattr(source, attribute):
                owners[own_link.link.key].append((index, own_link))
        return owners

    @cached_property
    def by_key(self) -> dict[str, tuple[int, ...]]:
        """The sources by the canonical form of their names."""
        return _grouped([source.key] for source in self.sources)

    @cached_property
    def by_alias(self) -> dict[str, tuple[int, ...]]:
        """The sources by the canonical forms of their aliases."""
        return _grouped(source.alias_keys for source in self.sources)

    @cached_property
    def by_call_name(self) -> dict[str, tuple[int, ...]]:
        """The sources by the canonical forms of what people call them."""
        return _grouped(source.call_names for source in self.sources)

    @cached_property
    def by_any_name(self) -> dict[str, int]:
        """The first source of each canonical form of a name, of an alias, or of what people call it."""
        indices: dict[str, int] = {}
        for index, source in enumerate(self.sources):
            for key in (source.key, *source.alias_keys, *source.call_names):
                indices.setdefault(key, index)
        return indices

    @cached_property
    def models(self) -> frozenset[int]:
        """The places of the models among the sources; of all sources where no model was offered."""
        models = frozenset(
            index for index, source in enumerate(self.sources) if source.kind == "model"
        )
        return models or frozenset(range(len(self.sources)))

    @cached_property
    def links(self) -> tuple[OwnLink, ...]:
        """All printed links of the sources."""
        return tuple(chain.from_iterable(source.links for source in self.sources))

    @cached_property
    def own_links(self) -> tuple[OwnLink, ...]:
        """All links of the sources, printed or catalogued."""
        return tuple(chain.from_iterable(source.own_links for source in self.sources))

    @cached_property
    def authors(self) -> str:
        """The canonical form of the names of all authors of the sources."""
        names = chain.from_iterable(source.authors for source in self.sources)
        return canonical(" ".join(names))

    def field_urls(self, sources: Iterable[int], *roles: str) -> list[str]:
        """Return the printed URLs of some sources, of some roles or of all but those in summaries."""
        printed = chain.from_iterable(self.sources[index].links for index in sources)
        wanted = roles or _FIELDS
        return [own_link.url for own_link in printed if own_link.role in wanted]

    @cached_property
    def urls(self) -> tuple[str, ...]:
        """All offered and known URLs, as they are spelled, and those in the question."""
        offered = [own_link.url for own_link in self.own_links]
        asked = [spotted.text for spotted in spot_links(self.question)]
        return tuple(dict.fromkeys(offered + asked))

    @cached_property
    def question_keys(self) -> frozenset[str]:
        """The identities of the links in the question."""
        return frozenset(
            spotted.link.key for spotted in spot_links(self.question, self.urls) if spotted.link
        )

    @cached_property
    def text(self) -> str:
        """The canonical form of everything that the prompt says."""
        return canonical(self.question) + "".join(source.all_text for source in self.sources)

    @cached_property
    def said(self) -> str:
        """Everything that was asked and offered, case-folded: the question, then the names and summaries."""
        printed = chain.from_iterable((source.name, source.text) for source in self.sources)
        return "\n".join((self.question, *printed)).casefold()

    @cached_property
    def said_words(self) -> str:
        """All words of the question and of what is known of the sources, case-folded, with a space around each."""
        texts = chain.from_iterable(source.all_known for source in self.sources)
        return f" {_NOT_A_WORD.sub(' ', ' '.join((self.question, *texts)).casefold())} "

    @cached_property
    def echoes(self) -> tuple[str, ...]:
        """The forms in which an answer may repeat the question; see `echoes_of`."""
        return echoes_of(self.question)

    def called_by(self, written: Sequence[str]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """Yield where a row of words calls an offered source by a name: (place in the row, source, words of the name).

        Args:
            written: the words, as they are written.
        """
        # few words begin a name, and most stand there more than once
        calls = self.calls
        beginnings = {word for word in set(written) if canonical(word) in calls}
        places = [position for position, word in enumerate(written) if word in beginnings]
        for position in places:
            for parts, index in calls[canonical(written[position])]:
                row = written[position : position + len(parts)]
                if tuple(map(canonical, row)) == parts:
                    yield position, index, parts

    @cached_property
    def calls(self) -> Calls:
        """What the sources are called, for reading prose: (words in canonical form, source), by their first word."""
        calls: Calls = defaultdict(list)
        for index, source in enumerate(self.sources):
            for parts in source.calls:
                calls[parts[0]].append((parts, index))
        return dict(calls)

    @property
    def ports(self) -> Ports:
        """The kinds of data that signatures name."""
        return self.lookup.ports


def echoes_of(question: str) -> tuple[str, ...]:
    """Return the forms in which an answer may repeat a question."""
    return tuple(dict.fromkeys((neutralise(question), question, " ".join(question.split()))))


def _keys(names: Iterable[str], least: int = 1) -> list[str]:
    """The canonical forms of some names, of those that have at least some characters of it."""
    return [key for key in map(canonical, names) if len(key) >= least]


def _grouped(keys_of_sources: Iterable[Iterable[str]]) -> dict[str, tuple[int, ...]]:
    """The places of the sources by their keys."""
    groups: dict[str, tuple[int, ...]] = {}
    for index, keys in enumerate(keys_of_sources):
        for key in keys:
            groups[key] = (*groups.get(key, ()), index)
    return groups


@lru_cache(maxsize=64)
def lookup_of(library: Library | None) -> CatalogLookup:
    """Return the lookup of a library; the same one when asked again, so that many answers prepare it once.

    That of no library finds nothing.
    """
    return CatalogLookup(library or Library([]))


def offered_by_sources(
    sources: Sources,
    question: str,
    lookup: CatalogLookup | None = None,
    *,
    prints_all: bool = False,
) -> Offered:
    """Return what the prompt of a question offers, from the entries that it is built from.

    Args:
        sources: the entries.
        question: the question.
        lookup: what else is in the catalogs.
        prints_all: the prompt prints all links of the entries, and the summaries of models, as that of `evidence` does.
    """
    models = [_of_entry("model", entry, prints_all=prints_all) for entry in sources.models]
    papers = [_of_entry("paper", entry, prints_all=prints_all) for entry in sources.papers]
    return Offered(models + papers, question, lookup, sources)


def offered_by_question(
    question: LoadedQuestion, library: Library, *, prints_all: bool = False
) -> Parsed[Offered]:
    """Return what the prompt of a question offers, recommended entries included, as `build` does.

    Args:
        question: the question.
        library: the catalogs in which its names are looked up.
        prints_all: see `offered_by_sources`.
    """
    chosen = offer(question, library)
    if chosen.value is None:
        return Parsed(None, chosen.findings)
    offered = offered_by_sources(
        chosen.value[0], question.question.question, lookup_of(library), prints_all=prints_all
    )
    return Parsed(offered, chosen.findings)


def offered_by_prompt(content: PromptContent, lookup: CatalogLookup | None = None) -> Offered:
    """Return what a prompt offers, from what it prints; the catalogs add what is known of the same entries."""
    lookup = lookup or lookup_of(None)
    sources = []
    for printed in (*content.models, *content.papers):
        entry = lookup.catalogued(printed.name, printed.kind)
        sources.append(_of_printed(printed, entry))
    return Offered(sources, content.question, lookup)


@lru_cache(maxsize=1024)  # the same entries are offered to many answers: each is prepared once
def _of_entry(kind: Literal["model", "paper"], entry: Entry, *, prints_all: bool) -> OfferedEntry:
    further: tuple[tuple[str, str], ...] = ()
    if prints_all:
        further = (("Hugging Face", entry.huggingface or ""), *zip(repeat("Link"), entry.links))
    # the layout of the template `prompt` has no summaries of models
    summary = entry.summary if prints_all or kind == "paper" else None
    return _of_printed(
        PrintedEntry(kind, entry.label, entry.paper, entry.github, summary, further=further), entry
    )


def _of_printed(printed: PrintedEntry, entry: Entry | None) -> OfferedEntry:
    links = tuple(_printed_links(printed))
    details = tuple(value for key, value in printed.further if key not in _FURTHER_LINKS)
    source = OfferedEntry(
        printed.kind, printed.name.strip(), links, text=printed.summary or "", details=details
    )
    if entry is None:
        return source
    return _with_known(source, entry)


def _printed_links(printed: PrintedEntry) -> Iterator[OwnLink]:
    yield from _own("paper", printed.paper)
    yield from _own("github", printed.github)
    for key, url in printed.further:
        if key in _FURTHER_LINKS:
            yield from _own(_FURTHER_LINKS[key], url)
    yield from _inside("paper", printed.name)
    yield from _inside("summary", printed.summary)


def _with_known(source: OfferedEntry, entry: Entry) -> OfferedEntry:
    """An offered entry with what its catalog adds to what the prompt prints."""
    printed = {own_link.url for own_link in source.links}
    catalogued = (*_catalogued_links(entry), *_inside("summary", entry.summary))
    return replace(
        source,
        catalogued=tuple(own_link for own_link in catalogued if own_link.url not in printed),
        aliases=tuple(filter(None, (*entry.aliases, entry.id))),
        text=source.text or entry.summary or "",
        authors=getattr(entry, "authors", ()),
        details=source.details or _known_details(entry),
    )


def _known_details(entry: Entry) -> tuple[str, ...]:
    year = getattr(entry, "year", None)
    return tuple(filter(None, (entry.dataset, str(year) if year else None)))


def _catalogued_links(entry: Entry) -> Iterator[OwnLink]:
    """The links that a catalog has for an entry, in the fields that they stand in."""
    yield from _own("paper", entry.paper)
    yield from _own("github", entry.github, entry.huggingface)
    yield from _own("summary", *entry.links)


def _own(role: Role, *urls: str | None) -> Iterator[OwnLink]:
    for url in filter(None, urls):
        link = identify(SeenText(url).text)
        if link is not None:
            yield OwnLink(url, link, role)


def _inside(role: Role, text: str | None) -> list[OwnLink]:
    """The links inside a text; ids without a URL are theirs too, but no spelling to insist on."""
    return [
        OwnLink(spotted.text, spotted.link, role)
        for spotted in spot_links(text or "")
        if spotted.link
    ]

"""References as JSON: CSL-JSON, as reference managers and Crossref write it, and works of OpenAlex."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, Final

from explainer.catalogs.links import identify
from explainer.catalogs.schema import Kind
from explainer.curation.importers.bibliography import (
    doi_address,
    mentioned_arxiv,
    names_in,
    reference_links,
    without_markup,
    year_of,
)
from explainer.curation.importers.record import SourceRecord, as_text, first_of, renamed, text_in, texts_in
from explainer.diagnostics.finding import Location
from explainer.documents.document import as_list, as_mapping, mappings_in

# The parts of a name, as people say it.
_NAME_PARTS: Final = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix")
_NAME_KEYS: Final = frozenset({"family", "given", "literal"})
# Keys that lists of other kinds do not have; keys that they do not have beside a type; and keys of theirs.
_OWN_KEYS: Final = frozenset({"issued", "accessed", "container-title", "citation-key", "publisher-place", "custom"})
_LINK_KEYS: Final = frozenset({"DOI", "URL"})
_FOREIGN_KEYS: Final = frozenset({"name", "authors"})
_CSL_NAMES: Final = {
    "authors": "author", "paper": "DOI", "github": "URL", "links": "URL", "year": "issued", "summary": "abstract",
    "name": "title", "category": "keyword",
}  # fmt: skip


def is_csl_item(value: dict[str, Any]) -> bool:
    """Whether a JSON object is a reference of CSL-JSON."""
    if value.keys() & _FOREIGN_KEYS:
        return False
    # a key of its own, a name in parts, or a link of a certain type
    name_keys = chain.from_iterable(mappings_in(value.get("author")))
    if not (_OWN_KEYS.isdisjoint(value) and _NAME_KEYS.isdisjoint(name_keys)):
        return True
    return "type" in value and not value.keys().isdisjoint(_LINK_KEYS)


def csl_record(value: dict[str, Any], where: Callable[[str], Location]) -> SourceRecord:
    """Return a reference as a record."""
    note, keywords, custom = text_in(value.get("note")), text_in(value.get("keyword")), as_mapping(value.get("custom"))
    # `catalog export` tells models by a note
    kind = Kind.MODELS if note == "AI model" else Kind.PAPERS
    mentioned = mentioned_arxiv(f"{text_in(value.get('number'))} {note}")
    pages = [doi_address(text_in(value.get("DOI"))), mentioned, text_in(value.get("URL"))]
    record = {
        kind.name_key: without_markup(value.get("title")),
        "authors": list(chain.from_iterable(map(_names, as_list(value.get("author"))))),
        "year": _year(value.get("issued")),
        "summary": without_markup(value.get("abstract")),
        # what `catalog export` has no other room for stands under `custom`
        "category": text_in(custom.get("category")) or keywords.split(",")[0],
        **reference_links(pages, texts_in(custom.get("links"))),
    }
    # lists that only resemble CSL-JSON have keys of catalogs too
    own = {key: value[key] for key in kind.keys if key in value and not record.get(key) and key != "id"}
    return SourceRecord({**record, **own}, renamed(where, _CSL_NAMES), as_text(value.get("id")), kind, ready=True)


def _names(author: Any) -> list[Any]:
    """The name of an author, or the names that stand in one text; what is none stays, to be pointed out."""
    if isinstance(author, str):
        return names_in(author)
    if not isinstance(author, dict):
        return [author]
    parts = " ".join(text_in(author.get(part)) for part in _NAME_PARTS)
    return [first_of([author.get("literal"), author.get("name"), parts])]


def _year(issued: Any) -> Any:
    """The year of a date, which stands as numbers or as a text."""
    date = as_mapping(issued)
    numbers = as_list(first_of(as_list(date.get("date-parts"))))
    texts = [*map(str, numbers[:1]), *map(text_in, (issued, date.get("raw"), date.get("literal")))]
    return year_of(first_of(texts) or "")


_WORKS: Final = "https://openalex.org/W"
_WORK_KEYS: Final = frozenset({"authorships", "publication_year"})
_OPENALEX_NAMES: Final = {
    "authors": "authorships", "year": "publication_year", "paper": "doi", "summary": "abstract_inverted_index",
    "category": "primary_topic", "links": "locations", "github": "locations",
}  # fmt: skip


def is_openalex_work(value: dict[str, Any]) -> bool:
    """Whether a JSON object is a work."""
    return text_in(value.get("id")).startswith(_WORKS) or value.keys() >= _WORK_KEYS


def openalex_record(value: dict[str, Any], where: Callable[[str], Location]) -> SourceRecord:
    """Return a work as a record."""
    primary = as_mapping(value.get("primary_location"))
    people = [as_mapping(item.get("author")) for item in mappings_in(value.get("authorships"))]
    authors = texts_in([person.get("display_name") for person in people])
    # other places of one work are its preprint, and copies of it in libraries, which are none of its links
    preprints = list(filter(_is_preprint, map(_page, mappings_in(value.get("locations")))))
    record = {
        "title": without_markup(first_of([value.get("title"), value.get("display_name")])),
        "authors": list(chain.from_iterable(map(names_in, authors))),
        "year": value.get("publication_year"),
        "summary": _abstract(as_mapping(value.get("abstract_inverted_index"))),
        "category": as_text(as_mapping(value.get("primary_topic")).get("display_name")),
        **reference_links([text_in(value.get("doi")), _page(primary), *preprints]),
    }
    licence = as_text(primary.get("license"))
    where = renamed(where, _OPENALEX_NAMES)
    return SourceRecord(record, where, as_text(value.get("id")), Kind.PAPERS, licence, ready=True)


def _page(location: Mapping[str, Any]) -> str:
    return text_in(location.get("landing_page_url"))


def _is_preprint(link: str) -> bool:
    meant = identify(link)
    return meant is not None and meant.kind == "arxiv"


def _abstract(index: Mapping[str, Any]) -> str | None:
    """An abstract, which stands there as the positions of its words."""
    words: dict[int, str] = {}
    for word, positions in index.items():
        numbers = filter(str.isdecimal, map(str, as_list(positions)))
        words.update(dict.fromkeys(map(int, numbers), word))
    return " ".join(words[position] for position in sorted(words)) or None

"""CSL-JSON, the references of citeproc: what Zotero, Pandoc, doi.org and Crossref give.

https://docs.citationstyles.org/en/stable/specification.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from explainer.catalogs.kinds import Kind
from explainer.curation.importers.record import SourceRecord, as_list, as_mapping, as_text
from explainer.curation.importers.references import (
    doi_address,
    mentioned_arxiv,
    reference_links,
    without_markup,
    year_of,
)
from explainer.diagnostics.finding import Location

# The parts of a name, as people say it.
_NAME_PARTS: Final = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix")
# Keys that lists of other kinds do not have.
_OWN_KEYS: Final = frozenset({"DOI", "URL", "issued", "container-title", "citation-key", "publisher-place"})
# The commonest of the types of CSL.
_TYPES: Final = frozenset({
    "article", "article-journal", "book", "chapter", "dataset", "paper-conference", "report", "software", "thesis",
    "webpage",
})  # fmt: skip
_CSL_NAMES: Final = {
    "authors": "author", "paper": "DOI", "github": "URL", "links": "URL", "year": "issued", "summary": "abstract",
    "name": "title", "category": "keyword",
}  # fmt: skip


def is_csl_item(value: dict[str, Any]) -> bool:
    """Whether a JSON object is a reference of CSL-JSON."""
    names = as_list(value.get("author"))
    has_names = bool(names) and all(as_mapping(name).keys() & {"family", "literal", "given"} for name in names)
    is_typed = value.get("type") in _TYPES
    return "title" in value and (is_typed or has_names or not _OWN_KEYS.isdisjoint(value))


def csl_record(value: dict[str, Any], where: Callable[[str], Location]) -> SourceRecord:
    """Return a reference as a record."""
    text = {key: as_text(value.get(key)) or "" for key in ("DOI", "URL", "note", "number", "keyword")}
    # `catalog export` tells models by a note
    kind = Kind.MODELS if text["note"] == "AI model" else Kind.PAPERS
    mentioned = mentioned_arxiv(f"{text['number']} {text['note']}")
    # what `catalog export` has no other room for
    links = map(as_text, as_list(as_mapping(value.get("custom")).get("links")))
    pages = [doi_address(text["DOI"]), mentioned, text["URL"]]
    record = {
        kind.name_key: without_markup(value.get("title")),
        "authors": list(filter(None, map(_name, as_list(value.get("author"))))),
        "year": _year(value.get("issued")),
        "summary": without_markup(value.get("abstract")),
        "category": text["keyword"].split(",")[0] or None,
        **reference_links(pages, links),
    }
    # lists that only resemble CSL-JSON have keys of catalogs too
    own = {key: value[key] for key in kind.keys if key in value and key != "id" and not record.get(key)}
    return SourceRecord({**record, **own}, partial(_renamed, where), as_text(value.get("id")), kind, ready=True)


def _name(author: Any) -> Any:
    """The name of an author; what is none stays, to be pointed out."""
    parts = as_mapping(author)
    literal = as_text(parts.get("literal")) or as_text(parts.get("name"))
    if literal or not parts:
        return literal or author
    return " ".join(as_text(parts.get(part)) or "" for part in _NAME_PARTS).strip()


def _year(issued: Any) -> Any:
    """The year of a date, which stands as numbers or as a text."""
    date = as_mapping(issued)
    numbers = as_list(next(iter(as_list(date.get("date-parts"))), None))
    if numbers:
        return numbers[0]
    text = as_text(issued) or as_text(date.get("raw")) or as_text(date.get("literal")) or ""
    return year_of(text)


def _renamed(where: Callable[[str], Location], key: str) -> Location:
    return where(_CSL_NAMES.get(key, key))

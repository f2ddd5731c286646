"""Works of OpenAlex: lines of its snapshot, and the answers of its API.

https://docs.openalex.org/api-entities/works/work-object
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from explainer.catalogs.kinds import Kind
from explainer.catalogs.links import identify
from explainer.curation.importers.record import (
    SourceRecord,
    as_list,
    as_mapping,
    as_text,
    first_of,
    mappings_in,
    text_in,
    texts_in,
)
from explainer.curation.importers.references import reference_links, without_markup
from explainer.diagnostics.finding import Location

_WORKS: Final = "https://openalex.org/W"
_OWN_KEYS: Final = frozenset({"authorships", "publication_year"})
_OPENALEX_NAMES: Final = {
    "authors": "authorships", "year": "publication_year", "paper": "doi", "summary": "abstract_inverted_index",
    "category": "primary_topic", "links": "locations", "github": "locations",
}  # fmt: skip


def is_openalex_work(value: dict[str, Any]) -> bool:
    """Whether a JSON object is a work."""
    return text_in(value.get("id")).startswith(_WORKS) or value.keys() >= _OWN_KEYS


def openalex_record(value: dict[str, Any], where: Callable[[str], Location]) -> SourceRecord:
    """Return a work as a record."""
    primary = as_mapping(value.get("primary_location"))
    authors = [as_mapping(item.get("author")) for item in mappings_in(value.get("authorships"))]
    # other places of one work are its preprint, and copies of it in libraries, which are none of its links
    preprints = list(filter(_is_preprint, map(_page, mappings_in(value.get("locations")))))
    record = {
        "title": without_markup(first_of([value.get("title"), value.get("display_name")])),
        "authors": texts_in([author.get("display_name") for author in authors]),
        "year": value.get("publication_year"),
        "summary": _abstract(as_mapping(value.get("abstract_inverted_index"))),
        "category": as_text(as_mapping(value.get("primary_topic")).get("display_name")),
        **reference_links([text_in(value.get("doi")), _page(primary), *preprints]),
    }
    licence = as_text(primary.get("license"))
    return SourceRecord(record, partial(_renamed, where), as_text(value.get("id")), Kind.PAPERS, licence, ready=True)


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


def _renamed(where: Callable[[str], Location], key: str) -> Location:
    return where(_OPENALEX_NAMES.get(key, key))

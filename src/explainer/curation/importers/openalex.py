"""Works of OpenAlex: lines of its snapshot, and the answers of its API.

https://docs.openalex.org/api-entities/works/work-object
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from explainer.catalogs.kinds import Kind
from explainer.catalogs.links import identify
from explainer.curation.importers.record import SourceRecord, as_list, as_mapping, as_text
from explainer.curation.importers.references import reference_links, without_markup
from explainer.diagnostics.finding import Location

_WORKS: Final = "https://openalex.org/W"
_OPENALEX_NAMES: Final = {
    "authors": "authorships", "year": "publication_year", "paper": "doi", "summary": "abstract_inverted_index",
    "category": "primary_topic", "links": "locations", "github": "locations",
}  # fmt: skip


def is_openalex_work(value: dict[str, Any]) -> bool:
    """Whether a JSON object is a work."""
    identifier = as_text(value.get("id")) or ""
    return identifier.startswith(_WORKS) or value.keys() >= {"authorships", "publication_year"}


def openalex_record(value: dict[str, Any], where: Callable[[str], Location]) -> SourceRecord:
    """Return a work as a record."""
    primary = as_mapping(value.get("primary_location"))
    places = [as_mapping(place) for place in as_list(value.get("locations"))]
    pages = [as_text(place.get("landing_page_url")) for place in [primary, *places]]
    # other places of one work are its preprint, and copies of it in libraries, which are none of its links
    preprints = [page for page in pages if page and (link := identify(page)) and link.kind == "arxiv"]
    topic = as_mapping(value.get("primary_topic"))
    authors = (as_mapping(as_mapping(item).get("author")) for item in as_list(value.get("authorships")))
    record = {
        "title": without_markup(value.get("title") or value.get("display_name")),
        "authors": [name for author in authors if (name := as_text(author.get("display_name")))],
        "year": value.get("publication_year"),
        "summary": _abstract(as_mapping(value.get("abstract_inverted_index"))),
        "category": as_text(topic.get("display_name")),
        **reference_links([as_text(value.get("doi")), *pages[:1], *preprints], preprints),
    }
    licence = as_text(primary.get("license"))
    own_id = as_text(value.get("id"))
    return SourceRecord(record, partial(_renamed, where), own_id, Kind.PAPERS, licence, ready=True)


def _abstract(index: Mapping[str, Any]) -> str | None:
    """An abstract, which stands there as the positions of its words."""
    words: dict[int, str] = {}
    for word, positions in index.items():
        numbers = filter(str.isdecimal, map(str, as_list(positions)))
        words.update(dict.fromkeys(map(int, numbers), word))
    return " ".join(words[position] for position in sorted(words)) or None


def _renamed(where: Callable[[str], Location], key: str) -> Location:
    return where(_OPENALEX_NAMES.get(key, key))

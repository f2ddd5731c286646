"""Zotero's CSV: a row for each item, whose columns have names of its own.

https://www.zotero.org/support/kb/exporting
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from explainer.catalogs.kinds import Kind
from explainer.curation.importers.record import SourceRecord
from explainer.curation.importers.references import (
    doi_address,
    in_order,
    mentioned_arxiv,
    reference_links,
    without_markup,
    year_of,
)
from explainer.diagnostics.finding import Location

_HEADER: Final = frozenset({"Key", "Item Type", "Title", "Author"})
_ZOTERO_NAMES: Final = {
    "title": "Title", "authors": "Author", "year": "Publication Year", "paper": "DOI", "links": "Url", "github": "Url",
    "summary": "Abstract Note", "category": "Manual Tags",
}  # fmt: skip


def is_zotero(header: Sequence[str]) -> bool:
    """Whether a table has the columns of Zotero."""
    return _HEADER.issubset(header)


def zotero_record(header: Sequence[str], cells: Sequence[str], where: Callable[[str], Location]) -> SourceRecord:
    """Return a row as a record."""
    row = dict.fromkeys([*_ZOTERO_NAMES.values(), "Key", "Date", "Extra"], "") | dict(zip(header, cells, strict=False))
    pages = [doi_address(row["DOI"]), mentioned_arxiv(row["Extra"]), row["Url"]]
    record = {
        "title": without_markup(row["Title"]),
        "authors": [in_order(name.split(",")) for name in row["Author"].split(";") if name.strip()],
        "year": year_of(row["Publication Year"], row["Date"]),
        "summary": without_markup(row["Abstract Note"]),
        "category": row["Manual Tags"].split(";")[0].strip() or None,
        **reference_links(pages),
    }
    licence = row.get("Rights") or None
    return SourceRecord(record, partial(_renamed, where), row["Key"] or None, Kind.PAPERS, licence, ready=True)


def _renamed(where: Callable[[str], Location], key: str) -> Location:
    return where(_ZOTERO_NAMES.get(key, key))

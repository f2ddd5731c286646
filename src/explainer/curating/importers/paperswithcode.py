"""The archive of Papers with Code: its table of links between papers and repositories has a row for each pair.

The rows of one paper stand one behind the other. Its own repository becomes its code, those of others become links.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from explainer.curating.importers.raw import Raw
from explainer.findings import Finding

__all__ = ["joined"]

_KEYS: Final = frozenset({"paper_title", "repo_url", "is_official"})


def joined(records: Iterable[Raw | Finding]) -> Iterator[Raw | Finding]:
    """Yield records, but neighbouring rows about one paper as one; memory holds one paper."""
    kept: list[Raw] = []
    for record in records:
        row = record if isinstance(record, Raw) and record.values.keys() >= _KEYS else None
        if kept and (row is None or _paper(row) != _paper(kept[0])):
            yield _one(kept)
            kept = []
        if row is None:
            yield record
        else:
            kept.append(row)
    if kept:
        yield _one(kept)


def _paper(row: Raw) -> tuple[Any, Any]:
    return row.values["paper_title"], row.values.get("paper_url")


def _one(rows: list[Raw]) -> Raw:
    """The record of a paper. Without a repository of its own it has none."""
    first = rows[0]
    own = next((row.values["repo_url"] for row in rows if row.values["is_official"] is True), None)
    others = [url for row in rows if isinstance(url := row.values["repo_url"], str) and url != own]
    arxiv = first.values.get("paper_arxiv_id")
    values = {
        "title": first.values["paper_title"],
        "paper": arxiv or first.values.get("paper_url_abs"),
        "github": own,
        "links": list(dict.fromkeys(others)),
    }
    return Raw(values, first.where, _source_id(first), "papers")


def _source_id(row: Raw) -> str | None:
    address = row.values.get("paper_url")
    return address if isinstance(address, str) and address else None

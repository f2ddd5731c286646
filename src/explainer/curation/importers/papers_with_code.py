"""The archive of Papers with Code: its table of links between papers and repositories has a row for each pair.

The rows of one paper stand one behind the other. Its own repository becomes its code, those of others become links.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from explainer.catalogs.kinds import Kind
from explainer.curation.importers.record import SourceRecord, as_text, first_of, texts_in
from explainer.diagnostics.finding import Finding

_KEYS: Final = frozenset({"paper_title", "repo_url", "is_official"})


def join_rows(records: Iterable[SourceRecord | Finding]) -> Iterator[SourceRecord | Finding]:
    """Yield records, but neighbouring rows about one paper as one; memory holds one paper."""
    for paper, neighbours in groupby(records, key=_paper):
        if paper is None:
            yield from neighbours
        else:
            yield _joined([row for row in neighbours if isinstance(row, SourceRecord)])


def _paper(record: SourceRecord | Finding) -> tuple[Any, Any] | None:
    """What a row is about; None for a record of another form."""
    if isinstance(record, Finding) or not record.values.keys() >= _KEYS:
        return None
    return record.values["paper_title"], record.values.get("paper_url")


def _joined(rows: Sequence[SourceRecord]) -> SourceRecord:
    """The record of a paper. Without a repository of its own it has none."""
    first = rows[0].values
    own_url = next((row.values["repo_url"] for row in rows if row.values["is_official"] is True), None)
    urls = dict.fromkeys(texts_in([row.values["repo_url"] for row in rows]))
    values = {
        "title": first["paper_title"],
        "paper": first_of([first.get("paper_arxiv_id"), first.get("paper_url_abs")]),
        "github": own_url,
        "links": [url for url in urls if url != own_url],
    }
    return SourceRecord(values, rows[0].where, as_text(first.get("paper_url")), Kind.PAPERS)

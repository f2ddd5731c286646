"""A catalog as a source: what others curate, taken over with its source."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from explainer.catalogs.kinds import Kind
from explainer.curation.importers.record import RecordStream, SourceRecord, whole_text
from explainer.diagnostics.finding import Finding, Location
from explainer.documents.document import Document, KeyPath
from explainer.documents.yaml_reader import read_yaml


def read_catalog(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read the entries of a catalog."""
    text = whole_text(feed)
    if isinstance(text, Finding):
        yield text
        return
    document = read_yaml(text, feed.file)
    yield from document.findings
    data = document.data if isinstance(document.data, dict) else {}
    for kind in Kind:
        items = data.get(kind)
        for at, item in enumerate(items if isinstance(items, list) else ()):
            where = partial(_place, document, (kind, at))
            if not isinstance(item, dict):
                yield Finding("I802", where(""), "the entry is not a mapping")
                continue
            yield SourceRecord(dict(item), where, kind=kind, ready=True, literal=True)


def _place(document: Document, path: KeyPath, key: str) -> Location:
    return document.locate((*path, key) if key else path)

"""A catalog as a source: what others curate, taken over with its source. A metafile of OpenMMLab is recognised."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from explainer.catalogs.kinds import Kind
from explainer.curation.importers.openmmlab import is_metafile, metafile_records
from explainer.curation.importers.reading import unrecognised, whole_text
from explainer.curation.importers.record import RecordStream, SourceRecord, as_list, as_mapping
from explainer.diagnostics.finding import Finding, Location
from explainer.documents.document import Document, KeyPath
from explainer.documents.yaml_reader import read_yaml


def read_catalog(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read the entries of a catalog, or of a metafile."""
    text = whole_text(feed)
    if text.value is None:
        yield from text.findings
        return
    document = read_yaml(text.value, feed.file)
    yield from document.findings
    data = as_mapping(document.data)
    if is_metafile(data):
        yield from metafile_records(document)
    elif document.readable and not any(kind in data for kind in Kind):
        yield from unrecognised(feed, "a list of models, papers, tasks or ports")
    for kind in Kind:
        for index, item in enumerate(as_list(data.get(kind))):
            yield _record(kind, item, partial(_place, document, (kind, index)))


def _record(kind: Kind, item: Any, where: partial[Location]) -> SourceRecord | Finding:
    if not isinstance(item, dict):
        return Finding("I802", where(""), "the entry is not a mapping")
    return SourceRecord(dict(item), where, kind=kind, ready=True, literal=True)


def _place(document: Document, path: KeyPath, key: str) -> Location:
    return document.locate((*path, key) if key else path)

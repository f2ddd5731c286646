"""Catalogs of this tool, and the metafiles of OpenMMLab: files of YAML → records with places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from explainer.catalogs.schema import Kind
from explainer.curation.importers.bibliography import task_of
from explainer.curation.importers.reading import unrecognised, whole_text
from explainer.curation.importers.record import (
    RecordStream,
    SourceRecord,
    as_text,
    first_of,
    text_in,
    texts_in,
    unread_lists,
)
from explainer.diagnostics.finding import Finding, Location
from explainer.documents.document import Document, KeyPath, as_list, as_mapping, mappings_in
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
    else:
        yield from unread_lists(data, lambda key: document.locate((key,), key=True))
    for kind in Kind:
        for index, item in enumerate(as_list(data.get(kind))):
            yield _catalog_record(kind, item, partial(_catalog_place, document, (kind, index)))


def _catalog_record(kind: Kind, item: Any, where: partial[Location]) -> SourceRecord | Finding:
    if not isinstance(item, dict):
        return Finding("I802", where(""), "the entry is not a mapping")
    return SourceRecord(dict(item), where, kind=kind, ready=True, literal=True)


def _catalog_place(document: Document, path: KeyPath, key: str) -> Location:
    return document.locate((*path, key) if key else path)


_LISTS: Final = ("Models", "Collections")
_METAFILE_NAMES: Final = {
    "name": "Name", "paper": "Paper", "github": "Code", "category": "Results", "task": "Results", "dataset": "Results",
    "links": "Weights", "aliases": "Alias",
}  # fmt: skip


def is_metafile(data: Mapping[str, Any]) -> bool:
    """Whether a YAML document is a metafile."""
    return any(isinstance(data.get(name), list) for name in _LISTS)


def metafile_records(document: Document) -> Iterator[SourceRecord | Finding]:
    """Yield the models of a metafile, and the collections to which none of them belongs."""
    data = as_mapping(document.data)
    models, groups = as_list(data.get("Models")), as_list(data.get("Collections"))
    collections = {text_in(group.get("Name")): group for group in mappings_in(groups)}
    used = {_collection_of(model) for model in models}
    for index, model in enumerate(models):
        yield _record(document, ("Models", index), model, collections.get(_collection_of(model), {}))
    for index, group in enumerate(groups):
        if text_in(as_mapping(group).get("Name")) not in used:
            yield _record(document, ("Collections", index), group, {})


def _collection_of(model: Any) -> str:
    return text_in(as_mapping(model).get("In Collection"))


def _record(document: Document, path: KeyPath, item: Any, collection: Mapping[str, Any]) -> SourceRecord | Finding:
    """The record of a model; what it does not say its collection says."""
    where = partial(_place, document, path)
    if not isinstance(item, dict):
        return Finding("I802", where(""), "the model is not a mapping")
    model = {**collection, **item}
    metadata = {**as_mapping(collection.get("Metadata")), **as_mapping(item.get("Metadata"))}
    results = list(map(as_mapping, _items(model.get("Results"))))
    task = first_of(text_in(result.get("Task")) for result in results)
    measured_on = texts_in([result.get("Dataset") for result in results])
    values = {
        "name": item.get("Name"),
        "aliases": _items(model.get("Alias")),
        "paper": _links(model.get("Paper")),
        "github": _links(model.get("Code")),
        "task": task_of(task),
        "category": task,
        "dataset": ", ".join(dict.fromkeys(texts_in(metadata.get("Training Data")) or measured_on)),
        "links": _items(item.get("Weights")),
    }
    return SourceRecord(values, where, as_text(item.get("Name")), Kind.MODELS, ready=True)


def _items(value: Any) -> list[Any]:
    """A list, also of a value that stands by itself."""
    if value in (None, ""):
        return []
    return as_list(value) or [value]


def _links(value: Any) -> list[str]:
    """The links of a paper or of code, which stand there as texts, as mappings with a URL, or as lists of these."""
    links: list[Any] = []
    for item in _items(value):
        links += _items(as_mapping(item).get("URL", item))
    return texts_in(links)


def _place(document: Document, path: KeyPath, key: str) -> Location:
    name = _METAFILE_NAMES.get(key, key)
    return document.locate((*path, name) if name else path)

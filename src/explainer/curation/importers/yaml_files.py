"""Catalogs of this tool, and the metafiles of OpenMMLab: files of YAML → records with places."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from explainer.catalogs.schema import Kind
from explainer.curation.importers.bibliography import task_of
from explainer.curation.importers.reading import (
    Records,
    RecordStream,
    SourceRecord,
    as_text,
    first_of,
    renamed,
    text_at,
    texts_in,
    unread_lists,
    unrecognised,
    whole_text,
)
from explainer.diagnostics.finding import Finding, Location
from explainer.documents.document import (
    Document,
    KeyPath,
    as_list,
    as_mapping,
    items_of,
    listed_items,
    mappings_in,
)
from explainer.documents.yaml_reader import read_yaml


def read_catalog(feed: RecordStream) -> Records:
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
    elif document.readable and data.keys().isdisjoint(Kind):
        yield from unrecognised(feed, "a list of models, papers, tasks or ports")
    else:
        yield from unread_lists(data, lambda key: document.locate((key,), key=True))
    for path, item in listed_items(data, Kind):
        where = partial(_place, document, path)
        if isinstance(item, dict):
            yield SourceRecord(dict(item), where, kind=Kind(path[0]), ready=True, literal=True)
        else:
            yield Finding("I802", where(""), "the entry is not a mapping")


def _place(document: Document, path: KeyPath, key: str) -> Location:
    return document.locate((*path, key) if key else path)


# The lists that a metafile has; one of them is enough.
_LISTS: Final = ("Models", "Collections")
# What the keys of a record are called in a metafile.
_METAFILE_NAMES: Final = {
    "name": "Name", "paper": "Paper", "github": "Code", "category": "Results", "task": "Results", "dataset": "Results",
    "links": "Weights", "aliases": "Alias",
}  # fmt: skip


def is_metafile(data: Mapping[str, Any]) -> bool:
    """Whether a YAML document is a metafile."""
    return any(isinstance(data.get(name), list) for name in _LISTS)


def metafile_records(document: Document) -> Records:
    """Yield the models of a metafile, and the collections to which none of them belongs."""
    groups = items_of(document.data, "Collections")
    collections = {text_at(group, "Name"): group for group in mappings_in(groups)}
    used: set[str] = set()
    for path, model in listed_items(document.data, ["Models"]):
        name = text_at(model, "In Collection")
        used.add(name)
        yield _record(document, path, model, collections.get(name, {}))
    for path, group in listed_items(document.data, ["Collections"]):
        if text_at(group, "Name") not in used:
            yield _record(document, path, group, {})


def _record(
    document: Document, path: KeyPath, item: Any, collection: Mapping[str, Any]
) -> SourceRecord | Finding:
    """The record of a model; what it does not say its collection says."""
    where = renamed(partial(_place, document, path), _METAFILE_NAMES)
    if not isinstance(item, dict):
        return Finding("I802", where(""), "the model is not a mapping")
    # a model inherits what its collection says, but for its own name and weights
    model = {**collection, **item}
    metadata = {**as_mapping(collection.get("Metadata")), **as_mapping(item.get("Metadata"))}
    results = list(map(as_mapping, _items(model.get("Results"))))
    task = first_of(text_at(result, "Task") for result in results)
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

"""Metafiles of OpenMMLab (`metafile.yml`): lists of models, and the collections that they belong to.

https://github.com/open-mmlab/mmpretrain/tree/main/configs has one for each architecture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from explainer.catalogs.kinds import Kind
from explainer.curation.importers.record import SourceRecord, as_list, as_mapping, as_text
from explainer.curation.importers.references import task_of
from explainer.diagnostics.finding import Finding, Location
from explainer.documents.document import Document, KeyPath

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
    collections = {as_text(as_mapping(item).get("Name")): as_mapping(item) for item in as_list(data.get("Collections"))}
    used = set()
    for index, item in enumerate(as_list(data.get("Models"))):
        collection = as_text(as_mapping(item).get("In Collection"))
        used.add(collection)
        yield _record(document, ("Models", index), item, collections.get(collection, {}))
    for index, item in enumerate(as_list(data.get("Collections"))):
        if as_text(as_mapping(item).get("Name")) not in used:
            yield _record(document, ("Collections", index), item, {})


def _record(document: Document, path: KeyPath, item: Any, collection: Mapping[str, Any]) -> SourceRecord | Finding:
    """The record of a model; what it does not say its collection says."""
    where = partial(_place, document, path)
    if not isinstance(item, dict):
        return Finding("I802", where(""), "the model is not a mapping")
    model = {**collection, **item}
    metadata = {**as_mapping(collection.get("Metadata")), **as_mapping(item.get("Metadata"))}
    results = [as_mapping(result) for result in _items(model.get("Results"))]
    task = next((text for result in results if (text := as_text(result.get("Task")))), None)
    datasets = [text for result in results if (text := as_text(result.get("Dataset")))]
    trained_on = list(map(str, _items(metadata.get("Training Data"))))
    values = {
        "name": item.get("Name"),
        "aliases": _items(model.get("Alias")),
        "paper": _link(model.get("Paper")),
        "github": _link(model.get("Code")),
        "task": task_of(task),
        "category": task,
        "dataset": ", ".join(dict.fromkeys(trained_on or datasets)) or None,
        "links": _items(item.get("Weights")),
    }
    return SourceRecord(values, where, as_text(item.get("Name")), Kind.MODELS, ready=True)


def _items(value: Any) -> list[Any]:
    """A list, also of a value that stands by itself."""
    if value in (None, ""):
        return []
    return as_list(value) or [value]


def _link(value: Any) -> Any:
    """The links of a paper or of code, which stand there as texts, as mappings with a URL, or as lists of these."""
    links: list[Any] = []
    for item in _items(value):
        links += _items(as_mapping(item).get("URL", item))
    return list(filter(as_text, links))


def _place(document: Document, path: KeyPath, key: str) -> Location:
    name = _METAFILE_NAMES.get(key, key)
    return document.locate((*path, name) if name else path)

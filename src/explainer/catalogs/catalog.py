"""One catalog file: YAML text → `LoadedCatalog`. What several catalogs mean together is the business of `resolve`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from explainer.catalogs.kinds import Kind
from explainer.catalogs.schema import Catalog, PortEntry
from explainer.catalogs.signature import Port, Ports, SignatureProblem, builtin_ports
from explainer.catalogs.validation import validate
from explainer.diagnostics.finding import Parsed, has_errors
from explainer.diagnostics.text import shorten
from explainer.documents.document import Document, KeyPath
from explainer.documents.yaml_reader import read_yaml


@dataclass(frozen=True, slots=True)
class LoadedCatalog:
    """A catalog and where it comes from.

    Attributes:
        file: the name of the file.
        catalog: its entries; those with mistakes are left out.
        rank: the order among catalogs, smaller first; equal where there is no order.
        broken: names of the entries that were left out: whoever names them made no mistake.
        complete: False when only a part of the file could be read: what it lacks may be in the rest.
    """

    file: str
    catalog: Catalog
    rank: int = 0
    broken: frozenset[str] = frozenset()
    complete: bool = True


def parse_catalog(text: str, file: str, *, rank: int = 0) -> Parsed[LoadedCatalog]:
    """Read a catalog from YAML text.

    Args:
        text: the text of the file.
        file: the name that findings give it.
        rank: the order among catalogs, smaller first.

    Returns:
        The catalog, without the entries that have mistakes, beside all findings.
    """
    return catalog_from(read_yaml(text, file), rank=rank)


def catalog_from(document: Document, *, rank: int = 0) -> Parsed[LoadedCatalog]:
    """Read a catalog from a document; see `parse_catalog`."""
    parsed = validate(document, Catalog)
    broken: frozenset[str] = frozenset()
    catalog = parsed.value
    if catalog is None:
        catalog, broken = _without_mistakes(document)
    _report_repeated(document)
    ports = ports_of(catalog.ports)
    for index, signature in _signatures(document.data):
        report_signature(document, ("models", index, "signature"), signature, ports)
    return Parsed(LoadedCatalog(document.file, catalog, rank, broken, document.readable), tuple(document.findings))


def ports_of(entries: Iterable[PortEntry]) -> Ports:
    """Return the table of some ports and the built-in ones; what nobody describes is described by its id."""
    own = tuple(Port(one.id, one.description or "", one.aliases) for one in entries)
    return Ports(own) if own else builtin_ports()


def report_signature(document: Document, path: KeyPath, text: str, ports: Ports) -> None:
    """Report what is wrong with a signature, at the character where it is wrong."""
    fault = ports.parse(text)
    if isinstance(fault, SignatureProblem):
        document.report_within("W601", path, text, fault.offset, fault.message, fault.hint)


def _signatures(data: Any) -> Iterator[tuple[int, str]]:
    """The signatures of the models of a file, by their places."""
    items = data.get("models") if isinstance(data, dict) else None
    for index, item in enumerate(items if isinstance(items, list) else ()):
        signature = item.get("signature") if isinstance(item, dict) else None
        if isinstance(signature, str) and signature.strip() and "\n" not in signature:
            yield index, signature


def _without_mistakes(document: Document) -> tuple[Catalog, frozenset[str]]:
    """The entries that are right on their own, and the names of the others."""
    data = document.data if isinstance(document.data, dict) else {}
    kept: dict[str, list[Any]] = {}
    broken: set[str] = set()
    for kind in Kind:
        items = data.get(kind)
        for item in items if isinstance(items, list) else ():
            alone = validate(Document(document.file, {kind: [item]}), Catalog)
            if alone.value is None or has_errors(alone.findings):
                broken.update(_names(item))
            else:
                kept.setdefault(kind, []).append(item)
    return Catalog.model_validate(kept), frozenset(broken)


def _names(item: Any) -> Iterator[str]:
    """Whatever may name a broken entry, also as it would be without the characters that were refused."""
    if not isinstance(item, dict):
        return
    aliases = item.get("aliases")
    for name in (item.get("name"), item.get("title"), item.get("id"), *(aliases if isinstance(aliases, list) else ())):
        if isinstance(name, str):
            yield name
            yield name.replace("\ufffd", "")


def _report_repeated(document: Document) -> None:
    """Names, titles and ids that stand twice within one kind of the file."""
    data = document.data if isinstance(document.data, dict) else {}
    for kind in Kind:
        items = data.get(kind)
        for key in dict.fromkeys((kind.name_key, "id")):
            first: dict[str, int] = {}
            for index, item in enumerate(items if isinstance(items, list) else ()):
                value = item.get(key) if isinstance(item, dict) else None
                if not isinstance(value, str):
                    continue
                if value in first:
                    line = document.locate((kind, first[value], key)).line
                    message = f"the {key} {shorten(value)!r} stands twice in {kind.value!r}, first on line {line}"
                    code = "C301" if key == kind.name_key else "C302"
                    document.report(code, (kind, index, key), message, "remove or rename one of the two", text=value)
                first.setdefault(value, index)

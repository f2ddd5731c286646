"""Texts → values: one catalog → `LoadedCatalog`, one question → `LoadedQuestion`, each beside all that is wrong in it.

A catalog is YAML; a question is YAML, a line of JSON, or plain text. What several catalogs mean together: `library`.
YAML is loaded late: a catalog of the cache and lines of JSON need none, and it takes a tenth of a start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from explainer.catalogs.schema import (
    SOURCE_KINDS,
    Catalog,
    Kind,
    PortEntry,
    Question,
    SchemaValue,
)
from explainer.catalogs.signature import Port, Ports, SignatureProblem, builtin_ports
from explainer.diagnostics.finding import Location, Parsed, has_errors
from explainer.diagnostics.text import lazy_regex, shorten
from explainer.documents.document import (
    Document,
    KeyPath,
    as_mapping,
    character_findings,
    is_text,
    items_of,
    text_of,
)
from explainer.documents.json_reader import read_json_line

_IS_LINE: Final = lazy_regex(r"(?=[^\n]*\S)[^\n]++")
V = TypeVar("V", bound=SchemaValue)

PLAIN_ID: Final = re.compile(
    r"(?=.{1,200}\Z)[A-Za-z0-9_][A-Za-z0-9._-]*+(?:/[A-Za-z0-9_][A-Za-z0-9._-]*+)*+\Z"
)
"""Ids about which there is nothing to say."""
_PLAIN_URL: Final = re.compile(r"https?://[A-Za-z0-9.:-]++(?:[/?#][!#-;=?-\[\]-_a-~]*+)?\Z")
_PLAIN_PORT: Final = re.compile(r"(?=.{1,40}\Z)[0-9]*+[A-Z][A-Za-z0-9]*+\Z")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}\Z")
# The keys of one text or several, which may be written without brackets.
_ONE_OR_MANY: Final = ("catalog", "catalogs", "input", "output")


def read_value(document: Document, shape: type[V]) -> Parsed[V]:
    """Read the data of a document as a value of `schema`.

    Returns:
        The value, or None and one finding for each mistake, at its place. The document's own findings come first.
    """
    value = _plain_value(document.data, shape)
    if value is not None:
        return Parsed(value, tuple(document.findings))
    # the long way, for what is not plainly right: loading it takes as long as building a prompt
    from explainer.catalogs.validation import validate_value  # noqa: PLC0415

    return validate_value(document, shape)


def _plain_value(data: Any, shape: type[V]) -> V | None:
    """The value that data is; None where something might be said about it, or where it has an unusual form."""
    if not isinstance(data, dict):
        return None
    written = {
        key: value
        for key, value in data.items()
        if value is not None or key not in shape.__struct_fields__
    }
    for key in _ONE_OR_MANY:
        if isinstance(written.get(key), str):
            written[key] = [written[key]]
    try:
        value = msgspec.convert(written, shape)
    # a message cannot quote a key that holds half a character
    except (msgspec.ValidationError, UnicodeEncodeError):
        return None
    return value if _is_plain(written) and _has_plain_ports(value) else None


def _is_plain(data: Any, key: str = "") -> bool:
    """Whether all texts of data are surely right under their keys, where their types are."""
    if isinstance(data, str):
        return bool(_PLAIN_TESTS.get(key, _is_plain_line)(data))
    if isinstance(data, list):
        return all(_is_plain(item, key) for item in data)
    if not isinstance(data, dict):
        return True
    if key == "vocabulary" and not all(map(_LANGUAGE.match, data)):
        return False
    return all(_is_plain(item, name) for name, item in data.items())


def _has_plain_ports(value: SchemaValue) -> bool:
    """Whether the ids of ports are surely right: they are of another form than all other ids."""
    ports: Sequence[PortEntry] = getattr(value, Kind.PORTS, ())
    if isinstance(value, PortEntry):
        ports = [value]
    return all(_PLAIN_PORT.match(port.id) for port in ports)


def _is_plain_line(text: str) -> bool:
    return text.isprintable() and not text.isspace() and text != ""


def _is_plain_text(text: str) -> bool:
    # of ASCII, which is quick to know, a text needs no more than one sign that is seen
    return text.strip() != "" if text.isascii() else _is_plain_line(text.replace("\n", " "))


# What is surely right under a key; under the others, a line is.
_PLAIN_TESTS: Final[Mapping[str, Callable[[str], object]]] = {
    "id": PLAIN_ID.match,
    **dict.fromkeys(("paper", "github", "huggingface", "links"), _PLAIN_URL.match),
    **dict.fromkeys(("question", "summary", "examples", "deprecated"), _is_plain_text),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LoadedCatalog:
    """A catalog and where it comes from.

    Attributes:
        file: the name of the file.
        catalog: its entries; those with mistakes are left out.
        rank: the order among catalogs, smaller first; equal where there is no order.
        broken: names of the entries that were left out: whoever names them made no mistake.
        complete: False when only a part of the file could be read: what it lacks may be in the rest.
        find_place: finds the entry of a kind and name in the file, which takes reading it again.
        raw: the bytes of the file, where it was read from one.
    """

    file: str
    catalog: Catalog
    rank: int = 0
    broken: frozenset[str] = frozenset()
    complete: bool = True
    find_place: Callable[[Kind, str], Location] | None = field(
        default=None, compare=False, repr=False
    )
    raw: bytes | None = field(default=None, compare=False, repr=False)

    def place_of(self, kind: Kind, name: str) -> str:
        """Return where an entry stands, as far as that can be known: the file and its line, or the file."""
        place = self.find_place(kind, name) if self.find_place is not None else Location(self.file)
        return f"{place.file}:{place.line}" if place.line > 1 else place.file


def parse_catalog(text: str, file: str, *, rank: int = 0) -> Parsed[LoadedCatalog]:
    """Read a catalog from YAML text.

    Args:
        text: the text of the file.
        file: the name that findings give it.
        rank: the order among catalogs, smaller first.

    Returns:
        The catalog, without the entries that have mistakes, beside all findings.
    """
    from explainer.documents.yaml_reader import read_yaml  # noqa: PLC0415

    return catalog_from(read_yaml(text, file), rank=rank)


def catalog_from(document: Document, *, rank: int = 0) -> Parsed[LoadedCatalog]:
    """Read a catalog from a document; see `parse_catalog`."""
    parsed = read_value(document, Catalog)
    broken: frozenset[str] = frozenset()
    catalog = parsed.value
    # One entry at a time is slow, so that is for catalogs with mistakes only.
    if catalog is None:
        catalog, broken = _entries_without_mistakes(document)
    _report_repeated(document)
    ports = ports_of(catalog.ports)
    for index, item in enumerate(items_of(document.data, Kind.MODELS)):
        signature = text_of(item, "signature")
        # one that is no line is reported as such
        if _IS_LINE.fullmatch(signature):
            report_signature(document, (Kind.MODELS, index, "signature"), signature, ports)
    return Parsed(
        LoadedCatalog(document.file, catalog, rank, broken, document.readable),
        tuple(document.findings),
    )


def ports_of(entries: Iterable[PortEntry]) -> Ports:
    """Return the table of some ports and the built-in ones; what nobody describes is described by its id."""
    ports = [Port(entry.id, entry.description or "", entry.aliases) for entry in entries]
    if not ports:
        return builtin_ports()
    return Ports(ports)


def report_signature(document: Document, path: KeyPath, text: str, ports: Ports) -> None:
    """Report what is wrong with a signature, at the character where it is wrong."""
    read = ports.parse(text)
    if isinstance(read, SignatureProblem):
        document.report_within("W601", path, text, read.offset, read.message, read.hint)


def _entries_without_mistakes(document: Document) -> tuple[Catalog, frozenset[str]]:
    """The entries that are right on their own, and the names of the others."""
    usable: dict[str, list[Any]] = {kind: [] for kind in Kind}
    broken: set[str] = set()
    for kind in Kind:
        for item in items_of(document.data, kind):
            alone = read_value(Document(document.file, {kind: [item]}), Catalog)
            if alone.ok:
                usable[kind] += getattr(alone.unwrap(), kind)
            else:
                broken.update(_names(item))
    entries = {kind: tuple(items) for kind, items in usable.items()}
    return Catalog(**entries), frozenset(broken)


def _names(item: Any) -> Iterator[str]:
    """Whatever may name a broken entry, also as it would be without the characters that were refused."""
    names = [*map(partial(text_of, item), ("name", "title", "id")), *items_of(item, "aliases")]
    for name in filter(is_text, names):
        yield name
        yield name.replace("\ufffd", "")


def _report_repeated(document: Document) -> None:
    """Report names, titles and ids that stand twice within one kind of the file."""
    for kind in Kind:
        # of tasks and ports the id is the name
        codes = {kind.name_key: "C301", "id": "C302"} | {kind.name_key: "C301"}
        for key, code in codes.items():
            _report_repeated_values(document, kind, key, code)


def _report_repeated_values(document: Document, kind: Kind, key: str, code: str) -> None:
    first: dict[str, int] = {}
    for index, item in enumerate(items_of(document.data, kind)):
        value = text_of(item, key)
        if value in first:
            line = document.locate((kind, first[value], key)).line
            message = f"duplicate {key} {shorten(value)!r} in {kind.value!r}, first on line {line}"
            document.report(
                code, (kind, index, key), message, "remove or rename one of the two", text=value
            )
        elif value:
            first[value] = index


@dataclass(frozen=True, slots=True)
class LoadedQuestion:
    """A question and where it comes from.

    Attributes:
        id: its own id, or the default that its source gives it.
        question: the question as it was written.
        document: the way back from its values to their places.
        partial: it has mistakes, and parts of it may be left out. Its names can be resolved, to find their mistakes
            too; it cannot be rendered.
    """

    id: str
    question: Question
    document: Document = field(compare=False, repr=False)
    partial: bool = False


def parse_question(text: str, file: str, *, default_id: str) -> Parsed[LoadedQuestion]:
    """Read a question from YAML text.

    Args:
        text: the text of the file.
        file: the name that findings give it.
        default_id: the id of a question that has none of its own.
    """
    from explainer.documents.yaml_reader import read_yaml  # noqa: PLC0415

    return question_from(read_yaml(text, file), default_id=default_id)


def question_from(document: Document, *, default_id: str) -> Parsed[LoadedQuestion]:
    """Read a question from a document of YAML; see `parse_question`."""
    for kind in SOURCE_KINDS:
        _report_mappings(document, kind)
    return load_document(document, default_id)


def _report_mappings(document: Document, kind: Kind) -> None:
    """Report the mappings in a list of names."""
    for index, item in enumerate(items_of(document.data, kind)):
        if isinstance(item, dict):
            message = f"item {index + 1} of {kind.value!r} must be a name, not a mapping"
            hint = "quote a title that holds ': '; whole entries belong in a catalog"
            document.report("S203", (kind, index), message, hint)
            # One mistake is one finding: what else the schema says about the mapping is not worth saying.
            document.unreliable.add((kind, index))


def parse_question_line(
    text: str, file: str, line: int, *, passed_over: Collection[str] = ()
) -> Parsed[LoadedQuestion]:
    """Read a question from a line of JSON, where items of `models` and `papers` may be whole entries.

    Args:
        text: the line.
        file: the name that findings give its file.
        line: its number, from 1; the default id is `line-N`.
        passed_over: keys that a line may have for other readers.
    """
    document = read_json_line(text, file, line)
    for key in passed_over:
        as_mapping(document.data).pop(key, None)
    return load_document(document, f"line-{line}")


def question_from_text(
    text: str, *, default_id: str = "question", file: str = "<text>"
) -> Parsed[LoadedQuestion]:
    """Make a question of plain text, with nothing said about models and papers."""
    return load_document(
        Document(file, {"question": text}, character_findings(text, file, source=False)), default_id
    )


def load_document(document: Document, default_id: str) -> Parsed[LoadedQuestion]:
    """Make a question of plain data that was read already."""
    parsed = read_value(document, Question)
    if parsed.value is not None:
        partial = has_errors(parsed.findings)
        return Parsed(
            LoadedQuestion(parsed.value.id or default_id, parsed.value, document, partial),
            parsed.findings,
        )
    if not document.readable or not isinstance(document.data, dict):
        return Parsed(None, parsed.findings)
    usable = _lists_without_mistakes(document.data)
    return Parsed(LoadedQuestion(default_id, usable, document, partial=True), parsed.findings)


def _lists_without_mistakes(data: dict[str, Any]) -> Question:
    """What can be used of a question with mistakes: its catalogs and its names. Other items become empty names."""
    usable: dict[str, Any] = {"question": "", "catalog": _catalogs_named(data.get("catalog"))}
    for kind in SOURCE_KINDS:
        if isinstance(data.get(kind), list):
            usable[kind] = tuple(map(_name_in, data[kind]))
    return Question(**usable)


def _name_in(item: Any) -> str:
    """An item of a list of names, or an empty name for what is none, or has lost characters that were refused."""
    if is_text(item) and "\ufffd" not in item:
        return item
    return ""


def _catalogs_named(value: Any) -> tuple[str, ...] | None:
    """The paths of `catalog:`, or None when one of them cannot be one."""
    question = read_value(Document("", {"question": "?", "catalog": value}), Question).value
    if question is None:
        return None
    return question.catalog or None

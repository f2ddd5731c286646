"""A record in its source's words → an entry of a catalog, or findings at the place of the record.

Nothing is invented and nothing is guessed that could be wrong: an id becomes the link that it means, a link that cannot
be one is left out and pointed out, and a number is the text that stood in the source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from explainer.catalogs.kinds import ENTRY_KEYS, Kind
from explainer.catalogs.links import arxiv_address
from explainer.catalogs.signature import Signature, SignatureProblem, parse_signature
from explainer.catalogs.validation import ITEMS, validate_item
from explainer.curation.export import LISTS
from explainer.curation.importers.record import SourceRecord
from explainer.diagnostics.finding import Finding, Location, Parsed, has_errors
from explainer.diagnostics.text import describe_character, refused_characters, shorten, suggest
from explainer.documents.document import Document, Spans

SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("model", "model name", "modelname", "model id", "modelid"),
    "title": ("paper title", "paper name", "publication title", "article title", "document title", "display name"),
    "kind": ("entry kind",),
    "id": ("key", "uid", "identifier"),
    "aliases": ("alias", "other names", "also known as", "aka"),
    "signature": ("type signature", "cnaps signature"),
    "task": ("tasks", "pipeline tag", "problem"),
    "category": ("area", "field", "topic", "domain", "categories", "primary category"),
    "dataset": ("data set", "datasets", "training data", "data"),
    "paper": (
        "paper url", "paper link", "paper href", "pdf", "pdf url", "url pdf", "url abs", "arxiv", "arxiv id",
        "arxiv url", "arxiv link", "doi", "link to paper", "publication", "publication url", "paper url abs",
        "paper arxiv id", "paper url pdf",
    ),
    "github": (
        "code", "code url", "code link", "repo", "repo url", "repository", "github url", "github link", "github repo",
        "source code", "link to code",
    ),
    "huggingface": (
        "hf", "hf url", "hf link", "hugging face", "hugging face url", "hugging face link", "huggingface url",
        "huggingface link", "hub", "hub url",
    ),
    "links": ("link", "url", "urls", "other links", "homepage", "website", "project page"),
    "summary": ("abstract", "description", "tldr", "tl dr", "about", "abstractnote"),
    "examples": ("example", "example questions", "questions"),
    "deprecated": ("deprecation", "superseded by"),
    "year": ("publication year", "pub year", "date", "published", "publication date"),
    "authors": ("author", "author s", "creators"),
    "licence": ("license", "licence", "rights"),
}  # fmt: skip
"""What columns and keys are called elsewhere, by what they are called in a catalog."""

_FIELD_OF: Final = {name: key for key, names in SYNONYMS.items() for name in (key, *names)} | {
    key: key for key in ENTRY_KEYS
}
_KINDS: Final = {one: kind for kind in Kind for one in (kind, kind.removesuffix("s"))}
_LINKS: Final = ("paper", "github", "huggingface")
_FREE_TEXT: Final = ("summary", "description", "deprecated")
_NOTHING: Final = frozenset({"", "-", "--", "n/a", "na", "nan", "null", "none", "nil", "?"})

_KEY_SIGNS: Final = re.compile(r"[\W_]+")
_URL: Final = re.compile(r"https?://\S+", re.IGNORECASE)
_BARE_URL: Final = re.compile(
    r"(?:www\.|arxiv\.org/|github\.com/|huggingface\.co/|hf\.co/|doi\.org/|openreview\.net/)\S+", re.IGNORECASE
)
_DOI: Final = re.compile(r"(?:doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_LOST_ZEROS: Final = re.compile(r"\d{3,4}\.\d{1,5}")
_YEAR: Final = re.compile(r"(?:1[89]|2\d)\d\d")


@dataclass(frozen=True, slots=True)
class NormalizedEntry:
    """An entry that can go into a catalog.

    Attributes:
        kind: `models`, `papers`, `tasks` or `ports`.
        record: its keys and values, in the order of `Kind.keys`, without what it does not say.
        id: what its source calls it; its name where the source has no ids.
        licence: the licence that the record states.
        location: where it stands in its source.
    """

    kind: str
    record: dict[str, Any]
    id: str
    licence: str | None
    location: Location

    @property
    def name(self) -> str:
        """Its name, title or id."""
        return str(self.record[Kind(self.kind).name_key])


@dataclass(slots=True)
class Normalizer:
    """Makes entries of records.

    Attributes:
        kind: what records are that do not say it; None for a guess by their keys.
        mapping: fields by column, as the user gave them.
    """

    kind: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    _fields: dict[str, str | None] = field(default_factory=dict)
    _unused: set[str] = field(default_factory=set)

    def shape(self, raw: SourceRecord) -> Parsed[NormalizedEntry]:
        """Make an entry of a record; without a value the record is left out, and the findings say why."""
        values, licence = self._renamed(raw)
        kind = self._kind_of(raw, values)
        findings: list[Finding] = list(self._unknown(raw, kind, values))
        literal = raw.literal or _states_kind(raw.values)
        record = dict(_exact(kind, values) if literal else _cleaned(kind, values, raw, findings))
        name_key = Kind(kind).name_key
        if not record.get(name_key):
            findings.append(Finding("I801", raw.where(""), f"the record has no {name_key}; it is left out"))
            return Parsed(None, tuple(findings))
        record = {key: record[key] for key in Kind(kind).keys if record.get(key) not in (None, [])}
        for key, value in record.items():
            findings += _character_findings(value, partial(self._where, raw, key))
        if not has_errors(findings):
            findings += self._invalid(kind, record, raw)
        if has_errors(findings):
            return Parsed(None, tuple(findings))
        return Parsed(
            NormalizedEntry(kind, record, raw.id or str(record[name_key]), licence, raw.where("")), tuple(findings)
        )

    def _field_of(self, column: str) -> str | None:
        """The key of a catalog that a column means; None for a column that is passed over."""
        if column not in self._fields:
            plain = _KEY_SIGNS.sub(" ", column).strip().casefold()
            given = self.mapping.get(column, self.mapping.get(plain))
            self._fields[column] = given if given is not None else _FIELD_OF.get(plain)
        return self._fields[column]

    def _renamed(self, raw: SourceRecord) -> tuple[dict[str, Any], str | None]:
        """The values of a record by the keys of catalogs; of several columns for one key the first that has text."""
        if raw.ready:
            return raw.values, raw.licence
        values: dict[str, Any] = {}
        licence = raw.licence
        literal = _states_kind(raw.values)
        for column, value in raw.values.items():
            key = self._field_of(column)
            if key == "licence":
                licence = value if isinstance(value, str) and value.strip() else licence
            elif key == "id" and not literal and self.mapping.get(column) != "id":
                continue  # what the source calls it is no id of ours
            elif key is not None and (key not in values or _is_nothing(values[key])):
                values[key] = value
        return values, licence

    def _kind_of(self, raw: SourceRecord, values: Mapping[str, Any]) -> str:
        stated = values.get("kind")
        if isinstance(stated, str) and stated.strip().casefold() in _KINDS:
            return _KINDS[stated.strip().casefold()]
        if raw.kind or self.kind:
            return raw.kind or self.kind or ""
        return "papers" if "title" in values and _is_nothing(values.get("name")) else "models"

    def _unknown(self, raw: SourceRecord, kind: str, values: Mapping[str, Any]) -> Iterator[Finding]:
        """Columns that mean nothing here: each is mentioned once in a run."""
        allowed = {*Kind(kind).keys, "kind", "name", "title"}
        columns = list(values) if raw.ready else list(raw.values)
        for column in columns:
            key = column if raw.ready else self._field_of(column)
            if column in self._unused or key in allowed or key in ("licence", "id"):
                continue
            if _is_nothing(values[column] if raw.ready else raw.values[column]):
                continue
            self._unused.add(column)
            meant = suggest(column, allowed)
            hint = f"to use it: --map {shorten(column)!r}={meant or 'FIELD'}"
            yield Finding(
                "I805", raw.where(column), f"the column {shorten(column)!r} is not used for {kind}", hint, column
            )

    def _where(self, raw: SourceRecord, key: str) -> Location:
        """The place of a key of a catalog in the source."""
        return raw.where(self._source_key(raw, key))

    def _source_key(self, raw: SourceRecord, key: str) -> str:
        """What a key is called in the source."""
        if raw.ready:
            return key
        return next((column for column in raw.values if self._field_of(column) == key), key)

    def _invalid(self, kind: str, record: dict[str, Any], raw: SourceRecord) -> tuple[Finding, ...]:
        """What the schema says against an entry, each finding at its place in the source."""
        where = raw.where("")

        def spans() -> Spans:
            places = {key: self._where(raw, key) for key in record}
            return Spans(
                {(): (where.line, where.column), **{(key,): (at.line, at.column) for key, at in places.items()}}
            )

        return validate_item(Document(where.file, record, find_spans=spans), ITEMS[kind])


def _states_kind(values: Mapping[str, Any]) -> bool:
    """Whether a record says what it is, as those of `catalog export` do: then its values are taken to the letter."""
    return isinstance(values.get("kind"), str) and values["kind"] in _KINDS


def _exact(kind: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values of a record that came out of a catalog, unchanged; a cell holds a list as JSON."""
    for key in Kind(kind).keys:
        value = values.get(key)
        if value in ("", None):
            continue
        if isinstance(value, str) and key in LISTS:
            yield key, _parsed_list(value) or _items(key, value)
        else:
            yield key, _year(value) if key == "year" else value


def _parsed_list(cell: str) -> Any:
    """A list that stands in a cell as JSON; None for anything else."""
    try:
        return json.loads(cell, parse_float=str, parse_int=str)
    except ValueError:
        return None


def _is_nothing(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and value.strip().casefold() in _NOTHING)


def _cleaned(
    kind: str, values: Mapping[str, Any], raw: SourceRecord, findings: list[Finding]
) -> Iterator[tuple[str, Any]]:
    """The values of one kind of entry, each in the shape that its key has; links that do not fit become `links`."""
    name_key = Kind(kind).name_key
    more: list[str] = []
    for key in Kind(kind).keys:
        value = values.get(key)
        if key == name_key and _is_nothing(value):
            value = values.get("title" if key == "name" else "name")
        if key == "links":
            continue
        if value is None or (key != name_key and _is_nothing(value)):
            continue
        if key in _LINKS and (text := _link_text(value)) is not None:
            yield key, _link(key, text, raw, findings, more)
        elif key == "signature" and isinstance(value, str):
            yield key, _signature(value.strip(), raw, findings)
        else:
            yield key, _shaped(key, value)
    if kind == "models" and not values.get("signature") and _is_signature(values.get("category")):
        yield "signature", values["category"]  # lists of the platform have it there
    if "links" in Kind(kind).keys:
        given = _items("links", values.get("links"))
        yield "links", _links(given, raw, findings, more)


def _shaped(key: str, value: Any) -> Any:
    if key in LISTS:
        return _items(key, value)
    return _year(value) if key == "year" else _text(key, value)


def _is_signature(value: Any) -> bool:
    return isinstance(value, str) and isinstance(parse_signature(value), Signature)


def _signature(value: str, raw: SourceRecord, findings: list[Finding]) -> str | None:
    """A signature, or None for what is none."""
    read = parse_signature(value)
    if isinstance(read, SignatureProblem):
        findings.append(Finding("I811", raw.where("signature"), read.message, read.hint, value))
    return value if isinstance(read, Signature) else None


def _link_text(value: Any) -> str | None:
    """The text of a field for one link; of several, such as the repositories of a paper, the first is the own one."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return value if isinstance(value, str) else None


def _text(key: str, value: Any) -> Any:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    if not isinstance(value, str):
        return value
    return value.strip().replace("\r\n", "\n") if key in _FREE_TEXT else " ".join(value.split())


def _items(key: str, value: Any) -> Any:
    """A list, also of a cell that holds one: as JSON, or its parts between semicolons, bars or line breaks."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                return _items(key, json.loads(text, parse_float=str, parse_int=str))
            except ValueError:
                pass
        if _is_nothing(text):
            return []
        value = re.split(r"\s*[;|\n]\s*|\s+and\s+" if key == "authors" else r"\s*[;|\n]\s*", text)
        if key == "authors" and len(value) == 1 and all(" " in part.strip() for part in text.split(",")):
            value = text.split(",")
        if key == "examples":
            value = [text] if "\n" not in text and "|" not in text else re.split(r"\s*[|\n]\s*", text)
    if not isinstance(value, list | tuple):
        return [] if value is None else value
    return [
        " ".join(item.split()) if isinstance(item, str) and key != "examples" else item
        for item in value
        if not _is_nothing(item)
    ]


def _year(value: Any) -> Any:
    """A year, also at the beginning of a date."""
    found = _YEAR.match(str(value).strip())
    return int(found.group()) if found and isinstance(value, str | int) else value


def _link(key: str, value: str, raw: SourceRecord, findings: list[Finding], more: list[str]) -> str | None:
    """The link that a value means; None, and a finding, when it is none."""
    urls = _URL.findall(value)
    if len(urls) > 1:
        more += [url.rstrip(",;") for url in urls[1:]]
        return str(urls[0]).rstrip(",;")
    text = value.strip()
    if urls and urls[0] == text:
        return text
    made = _meant(key, text)
    if made is None:
        findings.append(_not_a_link(key, text, raw))
    return made


def _meant(key: str, text: str) -> str | None:
    """The link that an id or a bare address stands for."""
    if key == "paper":
        if arxiv := arxiv_address(text):
            return arxiv
        if doi := _DOI.fullmatch(text):
            return f"https://doi.org/{doi[1]}"
    if _BARE_URL.fullmatch(text):
        return f"https://{text}"
    if key in ("github", "huggingface") and _REPOSITORY.fullmatch(text):
        return f"https://{'github.com' if key == 'github' else 'huggingface.co'}/{text}"
    return None


def _not_a_link(key: str, text: str, raw: SourceRecord) -> Finding:
    place = raw.where(key) if raw.ready else raw.where(_column_of(raw, text, key))
    message = f"{shorten(text)!r} is no link; {key!r} is left out"
    hint = "write the whole address, or an id of arXiv, a DOI, or owner/name"
    if key == "paper" and _LOST_ZEROS.fullmatch(text):
        message = f"{text!r} looks like an arXiv id that lost a zero, as spreadsheets do; {key!r} is left out"
        hint = f"if it is {_with_zeros(text)}, write that, in a column of text"
    return Finding("I803", place, message, hint, text)


def _column_of(raw: SourceRecord, text: str, key: str) -> str:
    return next(
        (column for column, value in raw.values.items() if isinstance(value, str) and value.strip() == text), key
    )


def _with_zeros(text: str) -> str:
    """What an arXiv id was before a spreadsheet took it for a number."""
    month, number = text.split(".")
    month = month.zfill(4)
    return f"{month}.{number.ljust(5 if month >= '1501' else 4, '0')}"


def _links(given: Any, raw: SourceRecord, findings: list[Finding], more: Sequence[str]) -> Any:
    if not isinstance(given, list):
        return given
    found: list[Any] = []
    for item in given:
        if not isinstance(item, str):
            return given
        made = [item] if _URL.fullmatch(item) else _URL.findall(item) or [_meant("links", item)]
        if made == [None]:
            findings.append(_not_a_link("links", item, raw))
            continue
        found += made
    return list(dict.fromkeys([*found, *more]))


def _character_findings(value: Any, where: Callable[[], Location]) -> Iterator[Finding]:
    """Characters that could hide or forge text: the record is left out."""
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str):
            for _, char in refused_characters(text):
                message = f"the character {describe_character(char)} is not allowed; the record is left out"
                yield Finding("Y108", where(), message, "remove it", char)
                break

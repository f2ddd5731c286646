"""A record in its source's words → an entry of a catalog, or findings at the place of the record.

Nothing is invented and nothing is guessed that could be wrong: an id becomes the link that it means, a link that cannot
be one is left out and pointed out, and a number is the text that stood in the source.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Final, TypeAlias

from explainer.catalogs.kinds import ENTRY_KEYS, Kind
from explainer.catalogs.links import arxiv_address
from explainer.catalogs.signature import Signature, parse_signature
from explainer.catalogs.validation import ITEMS, validate_item
from explainer.curation.export import LISTS
from explainer.curation.importers.record import REPOSITORY, SourceRecord, as_list, as_text
from explainer.diagnostics.finding import Finding, Location, Parsed, has_errors
from explainer.diagnostics.text import describe_character, refused_characters, shorten, suggest
from explainer.documents.document import Document, KeyPath, Spans

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
_KIND_OF: Final = {word: kind for kind in Kind for word in (kind.value, kind.singular)}
# The key that names a record whose own name key is empty; for tasks and ports that is `name` too.
_OTHER_NAMES: Final = {"name": "title"}
_LINK_KEYS: Final = ("paper", "github", "huggingface")
# Links may be left over from other keys where the record itself has none.
_WITHOUT_VALUE: Final[dict[str, list[str]]] = {"links": []}

# What people and programs write into a cell that has no value.
_NOTHING: Final = frozenset({"", "-", "--", "n/a", "na", "nan", "null", "none", "nil", "?"})
# `Paper_URL`, `paper-url` and `Paper URL` are one column.
_KEY_SIGNS: Final = re.compile(r"[\W_]+")
_BETWEEN_ITEMS: Final = re.compile(r"\s*[;|\n]\s*")
# Examples are sentences: a semicolon may stand in them.
_BETWEEN_EXAMPLES: Final = re.compile(r"\s*[|\n]\s*")
_BETWEEN_AUTHORS: Final = re.compile(r"\s*[;|\n]\s*|\s+and\s+")
_URL: Final = re.compile(r"https?://\S+", re.IGNORECASE)

# What may stand for a link, and the link that it means: addresses without https in every field, ids only in their own.
_WITHOUT_SCHEME: Final = r"(?:www\.|(?:arxiv|doi)\.org/|github\.com/|(?:huggingface|hf)\.co/|openreview\.net/)\S+"
_ADDRESSES: Final = ((_URL, r"\g<0>"), (re.compile(_WITHOUT_SCHEME, re.IGNORECASE), r"https://\g<0>"))
_IDS: Final = {
    # a DOI begins with 10, a point and the number of its registrant
    "paper": (re.compile(r"(?:doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE), r"https://doi.org/\1"),
    "github": (REPOSITORY, r"https://github.com/\g<0>"),
    "huggingface": (REPOSITORY, r"https://huggingface.co/\g<0>"),
}

# An arXiv id that a spreadsheet took for a number: `704.1` for `0704.0001`, `2401.1` for `2401.10000`.
_LOST_ZEROS: Final = re.compile(r"\d{3,4}\.\d{1,5}")

# The month since which arXiv numbers papers with five digits; before they had four.
_LONG_IDS_SINCE: Final = "1501"
# 1800 to 2999, as the schema has it.
_YEAR: Final = re.compile(r"(?:1[89]|2\d)\d\d")

_Shape: TypeAlias = Callable[[Any], Any]
_Split: TypeAlias = Callable[[str], list[Any]]


@dataclass(frozen=True, slots=True)
class NormalizedEntry:
    """An entry that can go into a catalog.

    Attributes:
        kind: what it is.
        record: its keys and values, in the order of `Kind.keys`, without what it does not say.
        id: what its source calls it; its name where the source has no ids.
        licence: the licence that the record states.
        location: where it stands in its source.
    """

    kind: Kind
    record: dict[str, Any]
    id: str
    licence: str | None
    location: Location

    @property
    def name(self) -> str:
        """Its name, title or id."""
        return str(self.record[self.kind.name_key])


@dataclass(frozen=True, slots=True)
class _Renamed:
    """A record whose values stand under the keys of catalogs, and the column that each of them came from."""

    raw: SourceRecord
    values: Mapping[str, Any]
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def licence(self) -> str | None:
        """The licence that stands in a column of its own, else the one that the format has a place for."""
        stated = as_text(self.values.get("licence"))
        if "licence" in self.columns and stated and stated.strip():
            return stated
        return self.raw.licence

    @property
    def is_exact(self) -> bool:
        """Whether the values are taken to the letter: they were written by `catalog export`, or are a catalog's."""
        return self.raw.literal or _states_kind(self.raw.values)

    def where(self, key: str) -> Location:
        """Return the place in the source where the value of a key stands."""
        return self.raw.where(self.columns.get(key, key))


class Normalizer:
    """Makes entries of records."""

    def __init__(self, kind: Kind | None = None, mapping: Mapping[str, str] | None = None) -> None:
        """Take what the user says: what records are that do not say it, and fields by column."""
        self._kind = kind
        self._mapping = mapping or {}
        self._meanings = {**_FIELD_OF, **self._mapping}
        # a source has few columns and many records: each column is looked up once
        self._field_of = cache(self._find_field)
        self._reported: set[str] = set()

    def normalize(self, raw: SourceRecord) -> Parsed[NormalizedEntry]:
        """Make an entry of a record; without a value the record is left out, and the findings say why."""
        renamed = self._renamed(raw)
        kind = self._kind_of(renamed)
        findings = list(self._unused(raw, kind))
        cleaner = _Cleaner(kind, renamed)
        cleaned = cleaner.record()
        findings += cleaner.findings
        if not cleaned.get(kind.name_key):
            message = f"the record has no {kind.name_key}; it is left out"
            return Parsed(None, (*findings, Finding("I801", raw.where(""), message)))
        # the order of the keys is that in which catalogs are written
        record = {key: cleaned[key] for key in kind.keys if cleaned.get(key) not in (None, [])}
        # a text that could hide something is not quoted by what else is wrong with it
        findings += _characters(record, renamed) or _invalid(kind, record, renamed)
        if has_errors(findings):
            return Parsed(None, tuple(findings))
        source_id = raw.id or str(record[kind.name_key])
        return Parsed(NormalizedEntry(kind, record, source_id, renamed.licence, raw.where("")), tuple(findings))

    def _find_field(self, column: str) -> str | None:
        """The key of a catalog that a column means; None for a column that is passed over."""
        plain = _KEY_SIGNS.sub(" ", column).strip().casefold()
        return self._meanings.get(column) or self._meanings.get(plain)

    def _renamed(self, raw: SourceRecord) -> _Renamed:
        """A record by the keys of catalogs; of several columns for one key the first that has text counts."""
        if raw.ready:
            return _Renamed(raw, raw.values)
        values: dict[str, Any] = {}
        columns: dict[str, str] = {}
        has_own_ids = _states_kind(raw.values)
        for column, value in raw.values.items():
            key = self._field_of(column)
            if key == "id" and not has_own_ids and self._mapping.get(column) != "id":
                continue  # what the source calls an entry is not its id in the catalog
            if key is not None and _is_nothing(values.get(key)):
                values[key], columns[key] = value, column
        return _Renamed(raw, values, columns)

    def _kind_of(self, renamed: _Renamed) -> Kind:
        stated = str(renamed.values.get("kind")).strip().casefold()
        kind = _KIND_OF.get(stated) or renamed.raw.kind or self._kind
        if kind is not None:
            return kind
        if "title" in renamed.values and _is_nothing(renamed.values.get("name")):
            return Kind.PAPERS
        return Kind.MODELS

    def _unused(self, raw: SourceRecord, kind: Kind) -> Iterator[Finding]:
        """Columns that mean nothing here: each is mentioned once in a run."""
        fields = {*kind.keys, "kind", "name", "title"}
        # what a source calls its records, and their licence, go into the record of sources
        used = fields | {"id", "licence"}
        for column, value in raw.values.items():
            key = column if raw.ready else self._field_of(column)
            if key in used or column in self._reported or _is_nothing(value):
                continue
            self._reported.add(column)
            hint = f"to use it: --map {shorten(column)!r}={suggest(column, fields) or 'FIELD'}"
            message = f"the column {shorten(column)!r} is not used for {kind}"
            yield Finding("I805", raw.where(column), message, hint, column)


def _characters(record: Mapping[str, Any], renamed: _Renamed) -> list[Finding]:
    """Characters that could hide or forge text: the record is left out."""
    findings: list[Finding] = []
    for key, value in record.items():
        for text in filter(_is_text, as_list(value) or [value]):
            # one of them is enough: the text is not used
            for _, character in itertools.islice(refused_characters(text), 1):
                message = f"the character {describe_character(character)} is not allowed; the record is left out"
                findings.append(Finding("Y108", renamed.where(key), message, "remove it", character))
    return findings


def _invalid(kind: Kind, record: dict[str, Any], renamed: _Renamed) -> tuple[Finding, ...]:
    """What the schema says against an entry, each finding at its place in the source."""
    record_at = renamed.raw.where("")

    def find_spans() -> Spans:
        places: dict[KeyPath, tuple[int, int]] = {(): (record_at.line, record_at.column)}
        for key in record:
            location = renamed.where(key)
            places[key,] = location.line, location.column
        return Spans(places)

    return validate_item(Document(record_at.file, record, find_spans=find_spans), ITEMS[kind])


def _states_kind(values: Mapping[str, Any]) -> bool:
    """Whether a record says what it is, as those of `catalog export` do."""
    return as_text(values.get("kind")) in _KIND_OF


class _Cleaner:
    """Brings the values of one record into the shape that their keys have.

    Attributes:
        findings: what could not be used.
    """

    def __init__(self, kind: Kind, renamed: _Renamed) -> None:
        self.findings: list[Finding] = []
        self._kind = kind
        self._renamed = renamed
        self._values = renamed.values
        # links that do not fit into their fields, which hold one each
        self._further_links: list[str] = []
        self._shapes: dict[str, _Shape] = {
            **_SHAPES,
            **{key: partial(self._link, key) for key in _LINK_KEYS},
            "links": self._links,
            "signature": self._signature,
        }

    def record(self) -> dict[str, Any]:
        """Return the values of all keys that the record has."""
        if self._renamed.is_exact:
            return self._exact()
        record: dict[str, Any] = {}
        for key in self._kind.keys:
            value = self._value_of(key)
            if value is not None:
                record[key] = self._shapes.get(key, _text)(value)
        category = self._values.get("category")
        # lists of the platform have the signature of a model there
        if not self._values.get("signature") and isinstance(parse_signature(str(category)), Signature):
            record["signature"] = category
        return record

    def _exact(self) -> dict[str, Any]:
        """The values of a record that came out of a catalog, unchanged; a cell holds a list as JSON."""
        record = {key: value for key, value in self._values.items() if value not in ("", None)}
        for key in LISTS.intersection(record):
            if isinstance(record[key], str):
                record[key] = _json(record[key]) or _items(record[key])
        if "year" in record:
            record["year"] = _year(record["year"])
        return record

    def _value_of(self, key: str) -> Any:
        """What the record says for a key; None for nothing."""
        value = self._values.get(key)
        if not _is_nothing(value):
            return value
        if key == self._kind.name_key:
            return self._values.get(_OTHER_NAMES.get(key, "name"))
        return _WITHOUT_VALUE.get(key)

    def _signature(self, value: Any) -> Any:
        """A signature, or None for a text that cannot be read as one."""
        if not isinstance(value, str):
            return _text(value)
        text = value.strip()
        signature = parse_signature(text)
        if isinstance(signature, Signature):
            return text
        place = self._renamed.where("signature")
        self.findings.append(Finding("I811", place, signature.message, signature.hint, text))
        return None

    def _link(self, key: str, value: Any) -> Any:
        """The link that a text means; None, and a finding, when it means none."""
        text = _joined(value, " ")
        if not isinstance(text, str):
            return value
        urls = [url.rstrip(",;") for url in _URL.findall(text)]
        # of several, such as the repositories of a paper, the first is its own
        if len(urls) > 1:
            self._further_links += urls[1:]
            return urls[0]
        return self._meant_link(key, text.strip())

    def _links(self, value: Any) -> Any:
        items = _items(value)
        if not _are_texts(items):
            return items
        links: list[str] = []
        for item in items:
            links += _URL.findall(item) or filter(None, [self._meant_link("links", item)])
        return list(dict.fromkeys([*links, *self._further_links]))

    def _meant_link(self, key: str, text: str) -> str | None:
        """The link that an id or a bare address stands for; a link stands for itself."""
        for pattern, link in (*_ADDRESSES, *filter(None, [_IDS.get(key)])):
            match = pattern.fullmatch(text)
            if match:
                return match.expand(link)
        link_to_arxiv = arxiv_address(text)
        if key == "paper" and link_to_arxiv:
            return link_to_arxiv
        self.findings.append(self._not_a_link(key, text))
        return None

    def _not_a_link(self, key: str, text: str) -> Finding:
        message = f"{shorten(text)!r} is no link; {key!r} is left out"
        hint = "write the whole address, or an id of arXiv, a DOI, or owner/name"
        if key == "paper" and _LOST_ZEROS.fullmatch(text):
            message = f"{text!r} looks like an arXiv id that lost a zero, as spreadsheets do; {key!r} is left out"
            hint = f"if it is {_with_zeros(text)}, write that, in a column of text"
        return Finding("I803", self._renamed.where(key), message, hint, text)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_nothing(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() in _NOTHING
    return value in (None, [])


def _json(cell: str) -> Any:
    """What stands in a cell as JSON, numbers as text; None for anything else."""
    try:
        return json.loads(cell, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None


def _joined(value: Any, between: str) -> Any:
    """A list of texts as one text; any other value is what it is."""
    if _are_texts(value):
        return between.join(value)
    return value


def _one_line(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.split())
    return value


def _text(value: Any) -> Any:
    return _one_line(_joined(value, ", "))


def _free_text(value: Any) -> Any:
    """A text that may have several lines."""
    text = _joined(value, ", ")
    if isinstance(text, str):
        return text.strip().replace("\r\n", "\n")
    return text


def _items(value: Any, split: _Split = _BETWEEN_ITEMS.split, tidy: _Shape = _one_line) -> Any:
    """A list, also of a cell that holds one: as JSON, or its parts between semicolons, bars or line breaks."""
    if isinstance(value, str):
        value = _listed(value.strip(), split)
    if not isinstance(value, list):
        return value
    return list(map(tidy, itertools.filterfalse(_is_nothing, value)))


def _listed(cell: str, split: _Split) -> Any:
    if cell.startswith("["):
        listed = _json(cell)
        if listed is not None:
            return listed
    return split(cell)


def _split_authors(cell: str) -> list[str]:
    names = _BETWEEN_AUTHORS.split(cell)
    parts = cell.split(",")
    # `Jane Doe, Al Roe` are two; `Doe, Jane` is one, for a part of it is a single word
    are_names = all(" " in part.strip() for part in parts)
    if len(names) == 1 and are_names:
        return parts
    return names


def _year(value: Any) -> Any:
    """A year, also at the beginning of a date."""
    match = _YEAR.match(str(value).strip())
    if match and isinstance(value, str | int):
        return int(match.group())
    return value


def _with_zeros(text: str) -> str:
    """What an arXiv id was before a spreadsheet took it for a number."""
    month, number = text.split(".")
    month = month.zfill(4)
    digits = 4 + (month >= _LONG_IDS_SINCE)
    return f"{month}.{number.ljust(digits, '0')}"


# What brings the value of a key into shape; the other values are texts of one line.
_SHAPES: Final[dict[str, _Shape]] = {
    "year": _year,
    "aliases": _items,
    "authors": partial(_items, split=_split_authors),
    # the spaces in an example are its author's
    "examples": partial(_items, split=_BETWEEN_EXAMPLES.split, tidy=lambda item: item),
    **dict.fromkeys(("summary", "description", "deprecated"), _free_text),
}

"""A record in its source's words → an entry of a catalog, or findings at the place of the record.

Nothing is invented and nothing is guessed that could be wrong: an id becomes the link that it means, a link that cannot
be one is left out and pointed out, and a number is the text that stood in the source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, TypeGuard

from msgspec import Struct

from explainer.catalogs.links import arxiv_address
from explainer.catalogs.schema import ENTRY_KEYS, Kind
from explainer.catalogs.signature import Signature, parse_signature
from explainer.catalogs.validation import ITEMS, validate_item
from explainer.curation.export import LISTS
from explainer.curation.importers.reading import (
    REPOSITORY,
    SourceRecord,
    as_text,
    on_one_line,
    split_links,
    text_in,
)
from explainer.diagnostics.finding import Finding, Location, Parsed, has_errors
from explainer.diagnostics.text import describe_character, refused_characters, shorten, suggest
from explainer.documents.document import Document, KeyPath, Spans, as_list, is_text
from explainer.documents.json_reader import parse_json

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
# Keys whose text may have several lines.
_FREE_TEXT: Final = ("summary", "description", "deprecated")

# What people and programs write into a cell that has no value.
_NOTHING: Final = frozenset({"", "-", "--", "n/a", "na", "nan", "null", "none", "nil", "?"})
# `Paper_URL`, `paper-url` and `Paper URL` are one column.
_KEY_SIGNS: Final = re.compile(r"[\W_]+")
_BETWEEN_ITEMS: Final = re.compile(r"(?:(?<!\s)\s*)?[;|\n]\s*+")
# Examples are sentences: a semicolon may stand in them.
_BETWEEN_EXAMPLES: Final = re.compile(r"(?:(?<!\s)\s*)?[|\n]\s*+")
_BETWEEN_AUTHORS: Final = re.compile(r"(?:(?<!\s)\s*)?[;|\n]\s*+|(?<!\s)\s++and\s++")
_URL: Final = re.compile(r"(https?://\S+)", re.IGNORECASE)
# Addresses that people write without https.
_BARE_URL: Final = re.compile(
    r"((?:www\.|arxiv\.org/|github\.com/|huggingface\.co/|hf\.co/|doi\.org/|openreview\.net/)\S+)",
    re.IGNORECASE,
)
# Text before a link that says what it is: `Demo: https://…`.
_LABELLED: Final = re.compile(r"\A[^:/]+(?::\s*+|(?<=\s))(https?://\S+)\Z", re.IGNORECASE)
# Signs that no link has.
_UNSAFE: Final = re.compile(r"[<>\"`\\]")
# A DOI begins with 10, a point and the number of its registrant.
_DOI: Final = re.compile(r"(?:doi[\s:]\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_REPOSITORY: Final = re.compile(f"({REPOSITORY.pattern})")
# What may stand for a link under a key: its form, and how the link begins that it means.
_LINK_FORMS: Final = {
    "paper": ((_URL, ""), (_DOI, "https://doi.org/"), (_BARE_URL, "https://")),
    "github": ((_URL, ""), (_BARE_URL, "https://"), (_REPOSITORY, "https://github.com/")),
    "huggingface": ((_URL, ""), (_BARE_URL, "https://"), (_REPOSITORY, "https://huggingface.co/")),
    "links": ((_URL, ""), (_DOI, "https://doi.org/"), (_BARE_URL, "https://")),
}

# An arXiv id that a spreadsheet took for a number: `704.1` for `0704.0001`, `2401.1` for `2401.10000`.
_LOST_ZEROS: Final = re.compile(r"\d{3,4}\.\d{1,5}")

# The month since which arXiv numbers papers with five digits; before they had four.
_LONG_IDS_SINCE: Final = "1501"
# 1800 to 2999, as the schema has it.
_YEAR: Final = re.compile(r"(?:1[89]|2\d)\d\d")


class NormalizedEntry(Struct, frozen=True):
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


class Normalizer(Struct):
    """Makes entries of records.

    Attributes:
        kind: what records are that do not say it; None for a guess by their keys.
        mapping: fields by column, as the user gave them.
    """

    kind: Kind | None = None
    mapping: Mapping[str, str] = {}
    _fields: dict[str, str | None] = {}
    _reported: set[str] = set()

    def normalize(self, raw: SourceRecord) -> Parsed[NormalizedEntry]:
        """Make an entry of a record; without a value the record is left out, and the findings say why."""
        values, licence = self._renamed(raw)
        kind = self._kind_of(raw, values)
        cleaner = _Cleaner(kind, values, raw)
        is_exact = raw.literal or _states_kind(raw.values)
        record = _exact(kind, values) if is_exact else cleaner.record()
        findings = [*self._unused(raw, kind), *cleaner.findings]
        if not record.get(kind.name_key):
            message = f"the record has no {kind.name_key}; it is left out"
            return Parsed(None, (*findings, Finding("I801", raw.where(""), message)))
        findings += self._character_findings(raw, record)
        if not has_errors(findings):
            record, problems = self._without_invalid(kind, record, raw)
            findings += problems
        if has_errors(findings):
            return Parsed(None, tuple(findings))
        source_id = raw.id or str(record[kind.name_key])
        entry = NormalizedEntry(kind, record, source_id, licence, raw.where(""))
        return Parsed(entry, tuple(findings))

    def _field_of(self, column: str, raw: SourceRecord) -> str | None:
        """The key of a catalog that a column of a record means; None for a column that is passed over."""
        if raw.ready:
            return column
        if column not in self._fields:
            plain = _KEY_SIGNS.sub(" ", column).strip().casefold()
            mapped = self.mapping.get(column) or self.mapping.get(plain)
            self._fields[column] = mapped or _FIELD_OF.get(plain)
        return self._fields[column]

    def _renamed(self, raw: SourceRecord) -> tuple[dict[str, Any], str | None]:
        """The values of a record by the keys of catalogs; of several columns for one key the first that has text."""
        if raw.ready:
            return raw.values, raw.licence
        values: dict[str, Any] = {}
        for column, value in raw.values.items():
            key = self._field_of(column, raw)
            # what a source calls an entry is not its id in the catalog
            if key == "id" and not self._is_own_id(raw, column):
                continue
            if key is not None and _is_nothing(values.get(key)):
                values[key] = value
        stated = values.get("licence")
        if text_in(stated):
            return values, stated
        return values, raw.licence

    def _is_own_id(self, raw: SourceRecord, column: str) -> bool:
        """Whether a column holds the ids that entries have in the catalog."""
        return _states_kind(raw.values) or self.mapping.get(column) == "id"

    def _kind_of(self, raw: SourceRecord, values: Mapping[str, Any]) -> Kind:
        """The kind that a record states, else that of its source or of the run; without these its keys tell."""
        stated = _KIND_OF.get(text_in(values.get("kind")).casefold())
        known = stated or raw.kind or self.kind
        if known:
            return known
        # only papers have a title and no name
        if "title" in values and _is_nothing(values.get("name")):
            return Kind.PAPERS
        return Kind.MODELS

    def _unused(self, raw: SourceRecord, kind: Kind) -> Iterator[Finding]:
        """Columns that mean nothing here: each is mentioned once in a run."""
        fields = {*kind.keys, "kind", "name", "title"}
        used = {*fields, "licence", "id"}
        for column, value in raw.values.items():
            if self._field_of(column, raw) in used or _is_nothing(value):
                continue
            if column in self._reported:
                continue
            self._reported.add(column)
            meant = suggest(column, fields) or "FIELD"
            hint = f"to use it: --map {shorten(column)!r}={meant}"
            message = f"the column {shorten(column)!r} is not used for {kind}"
            yield Finding("I805", raw.where(column), message, hint, column)

    def _where(self, raw: SourceRecord, key: str) -> Location:
        """The place of a key of a catalog in the source."""
        for column in raw.values:
            if self._field_of(column, raw) == key:
                return raw.where(column)
        return raw.where(key)

    def _character_findings(
        self, raw: SourceRecord, record: Mapping[str, Any]
    ) -> Iterator[Finding]:
        """Characters that could hide or forge text, the first one of each text: the record is left out."""
        for key, value in record.items():
            for text in filter(is_text, as_list(value) or [value]):
                refused = next(refused_characters(text), None)
                if refused is not None:
                    _, character = refused
                    message = f"the character {describe_character(character)} is not allowed; the record is left out"
                    yield Finding("Y108", self._where(raw, key), message, "remove it", character)

    def _without_invalid(
        self, kind: Kind, record: dict[str, Any], raw: SourceRecord
    ) -> tuple[dict[str, Any], list[Finding]]:
        """An entry without the values that their fields cannot hold: each costs its field, only a name the record."""
        if not self._invalid(kind, record, raw):
            return record, []
        sound = {kind.name_key: record[kind.name_key]}
        findings = list(self._invalid(kind, sound, raw))
        if findings:
            return record, findings
        for key, value in record.items():
            problem = next(iter(self._invalid(kind, sound | {key: value}, raw)), None)
            if problem is None:
                sound[key] = value
                continue
            message = f"{problem.message}; {key!r} is left out"
            findings.append(Finding("I803", problem.location, message, problem.hint, problem.text))
        return sound, findings

    def _invalid(
        self, kind: Kind, record: dict[str, Any], raw: SourceRecord
    ) -> tuple[Finding, ...]:
        """What the schema says against an entry, each finding at its place in the source."""
        where = raw.where("")

        def find_spans() -> Spans:
            places: dict[KeyPath, tuple[int, int]] = {(): (where.line, where.column)}
            for key in record:
                location = self._where(raw, key)
                places[key,] = location.line, location.column
            return Spans(places)

        document = Document(where.file, record, is_yaml=False, find_spans=find_spans)
        return validate_item(document, ITEMS[kind])


def _states_kind(values: Mapping[str, Any]) -> bool:
    """Whether a record says what it is, as those of `catalog export` do: then its values are taken to the letter."""
    return as_text(values.get("kind")) in _KIND_OF


def _exact(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a record that came out of a catalog, unchanged; a cell holds a list as JSON."""
    record: dict[str, Any] = {}
    for key in kind.keys:
        value = _EXACT_SHAPES.get(key, _as_it_is)(key, values.get(key))
        if value not in ("", None, []):
            record[key] = value
    return record


def _as_it_is(_key: str, value: Any) -> Any:
    return value


def _exact_list(key: str, value: Any) -> Any:
    if not is_text(value):
        return value
    return _json(value) or _items(key, value)


class _Cleaner:
    """Brings the values of one record into the shape that their keys have.

    Attributes:
        findings: what could not be used.
    """

    def __init__(self, kind: Kind, values: Mapping[str, Any], raw: SourceRecord) -> None:
        self.findings: list[Finding] = []
        self._kind = kind
        self._values = values
        self._raw = raw
        # of fields that hold one link each
        self._further_links: list[str] = []

    def record(self) -> dict[str, Any]:
        """Return the values of all keys that the record has, in the order in which catalogs are written."""
        record = {}
        for key in self._kind.keys:
            # links come behind the fields for one link each, which may leave some to them
            shape = _SHAPES_WITH_FINDINGS.get(key, _Cleaner.shaped)
            value = shape(self, key, self._value_of(key))
            if value not in (None, []):
                record[key] = value
        return record

    def _value_of(self, key: str) -> Any:
        """What the record says for a key; None for nothing."""
        value = self._values.get(key)
        if not _is_nothing(value):
            return value
        if key == self._kind.name_key:
            return self._values.get(_OTHER_NAMES.get(key, "name"))
        return None

    def shaped(self, key: str, value: Any) -> Any:
        """Return a value in the shape of its key."""
        if value is None:
            return None
        return _SHAPES.get(key, _text)(key, value)

    def signature(self, key: str, value: Any) -> Any:
        """Return a signature, or None for what cannot be read as one."""
        if value is None:
            # lists of the platform have the signature of a model among the categories
            category = self._values.get("category")
            value = category if _is_signature(category) else None
        if not is_text(value):
            return self.shaped(key, value)
        text = value.strip()
        signature = parse_signature(text)
        if isinstance(signature, Signature):
            return text
        place = self._raw.where("signature")
        self.findings.append(Finding("I811", place, signature.message, signature.hint, text))
        return None

    def link(self, key: str, value: Any) -> Any:
        """Return the link that a text means; None, and a finding, when it means none."""
        # a list, such as the repositories of a paper, is one text
        text = as_text(" ".join(value) if _are_texts(value) else value)
        if text is None:
            return self.shaped(key, value)
        urls = split_links(text)
        # of several, such as the repositories of a paper, the first is its own
        if len(urls) > 1 and all(_URL.fullmatch(url) for url in urls):
            self._further_links += urls[1:]
            text = urls[0]
        return self._meant(key, text.strip())

    def _meant(self, key: str, text: str) -> str | None:
        """The link that a text without space around it means; None, and a finding, when it means none."""
        link = _meant_link(key, text)
        if link is None or _UNSAFE.search(link):
            self.findings.append(_not_a_link(key, text, self._raw, link))
            return None
        return link

    def links(self, key: str, value: Any) -> Any:
        """Return the links of a list, without labels such as `Demo:`, and those that fit into no field of their own."""
        items = _items(key, value)
        if not _are_texts(items):
            return items
        addresses = chain.from_iterable(map(_addresses_in, items))
        links = [self._meant("links", address) for address in addresses]
        return list(dict.fromkeys(filter(None, [*links, *self._further_links])))


_SHAPES_WITH_FINDINGS: Final[dict[str, Callable[[_Cleaner, str, Any], Any]]] = {
    "signature": _Cleaner.signature,
    **dict.fromkeys(_LINK_KEYS, _Cleaner.link),
    "links": _Cleaner.links,
}


def _addresses_in(item: str) -> Iterator[str]:
    """The addresses of an item, which may hold several, each without a label such as `Demo:`."""
    texts = split_links(item) if _URL.match(item) else [item]
    for text in texts:
        yield _LABELLED.sub(r"\1", text)


def _are_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(is_text(item) for item in value)


def _is_nothing(value: Any) -> bool:
    if is_text(value):
        return value.strip().casefold() in _NOTHING
    return value in (None, [])


def _is_signature(value: Any) -> bool:
    return is_text(value) and isinstance(parse_signature(value), Signature)


def _json(cell: str) -> Any:
    """What stands in a cell as JSON, numbers as text; None for anything else."""
    try:
        return parse_json(cell, parse_float=str, parse_int=str)
    except ValueError:
        return None


def _text(_key: str, value: Any) -> Any:
    return on_one_line(_joined(value))


def _free_text(_key: str, value: Any) -> Any:
    text = _joined(value)
    return text.strip().replace("\r\n", "\n") if is_text(text) else text


def _joined(value: Any) -> Any:
    """A list of texts as one text."""
    return ", ".join(value) if _are_texts(value) else value


def _items(key: str, value: Any) -> Any:
    """A list, also of a cell that holds one: as JSON, or its parts between semicolons, bars or line breaks."""
    if value is None:
        return []
    if is_text(value):
        value = _split(key, value.strip())
    if not isinstance(value, list | tuple):
        return value
    items = [item for item in value if not _is_nothing(item)]
    if key == "examples":
        return items
    return [on_one_line(item) for item in items]


def _split(key: str, cell: str) -> Any:
    if _is_nothing(cell):
        return []
    listed = _json(cell) if cell.startswith("[") else None
    if listed is not None:
        return listed
    split = _SPLITTERS.get(key, _BETWEEN_ITEMS.split)
    return split(cell)


def _split_authors(cell: str) -> list[str]:
    names = _BETWEEN_AUTHORS.split(cell)
    parts = cell.split(",")
    # `Jane Doe, Al Roe` are two; `Doe, Jane` is one, for a part of it is a single word
    are_names = all(" " in part.strip() for part in parts)
    if len(names) == 1 and are_names:
        return parts
    return names


_SPLITTERS: Final[dict[str, Callable[[str], list[str]]]] = {
    "examples": _BETWEEN_EXAMPLES.split, "authors": _split_authors,
}  # fmt: skip


def _year(_key: str, value: Any) -> Any:
    """A year, also at the beginning of a date."""
    match = _YEAR.match(str(value).strip())
    if match and isinstance(value, str | int):
        return int(match.group())
    return value


# What brings the values of a key into shape; all other values are texts.
_SHAPES: Final[dict[str, Callable[[str, Any], Any]]] = {
    "year": _year,
    **dict.fromkeys(LISTS, _items),
    **dict.fromkeys(_FREE_TEXT, _free_text),
}
# The same for what came out of a catalog.
_EXACT_SHAPES: Final[dict[str, Callable[[str, Any], Any]]] = {
    "year": _year,
    **dict.fromkeys(LISTS, _exact_list),
}


def _meant_link(key: str, text: str) -> str | None:
    """The link that an id or a bare address stands for; a link stands for itself."""
    preprint = arxiv_address(text)
    if key == "paper" and preprint is not None:
        return preprint
    for form, beginning in _LINK_FORMS[key]:
        match = form.fullmatch(text)
        if match is not None:
            return f"{beginning}{match[1]}"
    return None


def _not_a_link(key: str, text: str, raw: SourceRecord, link: str | None = None) -> Finding:
    """The finding about a text that is no link, at the column that holds it, with what to write instead."""
    place = raw.where(_column_of(text, raw, key))
    if key == "paper" and _LOST_ZEROS.fullmatch(text):
        message = f"{text!r} looks like an arXiv id that lost a zero, as spreadsheets do; {key!r} is left out"
        return Finding(
            "I803",
            place,
            message,
            f"if it is {_with_zeros(text)}, write that, in a column of text",
            text,
        )
    hint = "write the whole address, or an id of arXiv, a DOI, or owner/name"
    # older DOIs have such signs: in a link they are written otherwise
    if link is not None and "\\" not in link:
        hint = f"if that is the link, write {_UNSAFE.sub(_percent, link)}"
    return Finding(
        "I803", place, f"{shorten(text)!r} is not a link; {key!r} is left out", hint, text
    )


def _column_of(text: str, raw: SourceRecord, key: str) -> str:
    """The column of a record that holds a text, where columns are not called as in catalogs; else the key."""
    # what is made ready has the keys of catalogs
    if raw.ready:
        return key
    for column, value in raw.values.items():
        if text_in(value) == text:
            return column
    return key


def _percent(match: re.Match[str]) -> str:
    return f"%{ord(match.group()):02X}"


def _with_zeros(text: str) -> str:
    """What an arXiv id was before a spreadsheet took it for a number."""
    month, number = text.split(".")
    month = month.zfill(4)
    digits = 4 + (month >= _LONG_IDS_SINCE)
    return f"{month}.{number.ljust(digits, '0')}"

"""What importers take and give: records with places, the text of a source as a stream, and values of any shape."""

from __future__ import annotations

import codecs
import contextlib
import importlib
import io
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, BinaryIO, Final, NamedTuple, TypeAlias

from msgspec import Struct

from explainer.catalogs.schema import Kind
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import one_line
from explainer.documents.document import (
    Undecoded,
    as_list,
    as_mapping,
    decode,
    is_text,
    mappings_in,
)

MAX_LINE: Final = 16 * 1024 * 1024
"""Bytes of one line, and of one record."""

MAX_WHOLE: Final = 64 * 1024 * 1024
"""Bytes of a file whose format can only be read as a whole."""

GITHUB_LINK: Final = re.compile(r"https?://(?:www\.)?github\.com/[\w.-]+/[\w.-]*\w")
"""A link to a repository in running text: the full stop of its sentence is no part of it."""

REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
"""`owner/name`, as GitHub and Hugging Face call repositories."""

# Between two links in one field; an archive's link has another one behind a slash, and that is one link.
_BETWEEN_LINKS: Final = re.compile(
    r"(?:(?<!\s)\s++and|(?<![\s,;|]))[\s,;|]++(?=https?://|www\.|\Z)", re.IGNORECASE
)


def split_links(text: str) -> list[str]:
    """Return the links of a field that may hold several; what is none stays with the link before it."""
    return list(filter(None, _BETWEEN_LINKS.split(text.strip())))


@dataclass(frozen=True, slots=True)
class RecordStream:
    """An open file.

    Attributes:
        file: the name that findings give it.
        stream: its bytes; it can be read again from its beginning.
        inside: its path below the folder that is imported; empty for a single file.
        mapping: the fields that the user gave to columns, by the name of the column.
    """

    file: str
    stream: BinaryIO = field(repr=False)
    inside: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)


Place: TypeAlias = Callable[[str], Location]
"""Gives the place of a key in a source."""


class SourceRecord(Struct, frozen=True):
    """One record of a source, in the source's own words.

    Attributes:
        values: its values by its own keys, numbers as the text that stands there.
        where: gives the place of a key; of the record for the empty key.
        id: what the source calls it, if it has ids of its own.
        kind: what it is, where the format says it.
        licence: the licence that the record itself states.
        ready: the keys are those of catalogs.
        literal: the values are those of a catalog too: not a character is changed.
    """

    values: dict[str, Any]
    where: Place
    id: str | None = None
    kind: Kind | None = None
    licence: str | None = None
    ready: bool = False
    literal: bool = False


Records: TypeAlias = Iterator[SourceRecord | Finding]
Importer: TypeAlias = Callable[[RecordStream], Records]


def renamed(where: Place, names: Mapping[str, str]) -> Place:
    """Return what gives the places of keys of catalogs, by what these keys are called in the source."""
    return lambda key: where(names.get(key, key))


def as_text(value: Any) -> str | None:
    """Return a value that is text, and not empty; None for any other."""
    return value or None if is_text(value) else None


def unread_lists(
    document: Mapping[str, Any], locate: Callable[[str], Location]
) -> Iterator[Finding]:
    """Yield a finding for each part of a catalog that is no list of entries, and for each other list beside them.

    Args:
        document: the document, which has a list of entries.
        locate: gives the place of a key.
    """
    kinds = list(Kind)
    for key, value in document.items():
        if key not in kinds:
            if mappings_in(value):
                names = ", ".join(kinds)
                yield Finding(
                    "I802",
                    locate(key),
                    f"the list {key!r} is not read",
                    f"lists are called {names}",
                )
        elif not isinstance(value, list | None):
            message = f"{key!r} is not a list of entries; it is left out"
            yield Finding(
                "I802", locate(key), message, "begin each entry with a dash, or put all in brackets"
            )


def text_in(value: Any) -> str:
    """Return a value that is text, stripped; an empty one for any other."""
    return value.strip() if is_text(value) else ""


def text_at(data: Any, key: str) -> str:
    """Return the text that data has under a key, stripped; an empty one when it has none there, or is no mapping."""
    return text_in(as_mapping(data).get(key))


def on_one_line(value: Any) -> Any:
    """Return a value that is text on one line; any other as it is."""
    return one_line(value) if is_text(value) else value


def texts_in(value: Any) -> list[str]:
    """Return the texts of a list, or a text that stands by itself; without empty ones."""
    items = [value] if is_text(value) else as_list(value)
    return list(filter(None, map(text_in, items)))


def first_of(values: Iterable[Any]) -> Any:
    """Return the first value that says something."""
    return next(filter(None, values), None)


def damaged(where: Location, broken: Undecoded, what: str) -> Finding:
    """Return the finding about a part of a source that has a byte which could not be decoded."""
    return Finding(
        "Y101", where, f"{broken.message}; the {what} is left out", "save the file as UTF-8"
    )


class MissingLibraryError(Exception):
    """A format needs a library that is not installed."""

    def __init__(self, library: str, what: str) -> None:
        super().__init__(f"{what} needs {library}; run: pip install 'cnaps-explainer[import]'")


def load_library(module: str, package: str, purpose: str) -> Any:
    """Import a module of a library that only some formats need.

    Args:
        module: the module.
        package: what to install.
        purpose: what it is needed for.

    Raises:
        MissingLibraryError: when it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingLibraryError(package, purpose) from None


# Bytes that are read at once to tell the encoding.
_PROBE: Final = 1024 * 1024
_UTF8: Final = "utf-8-sig"

# Bytes that show what a file is.
_HEAD: Final = 4 * 1024


class _Look(NamedTuple):
    """What the beginning of a file looks like: its pattern, what that is called, and what to do about it."""

    name: str
    pattern: re.Pattern[bytes]
    hint: str


_UNREAD: Final = "no command reads that"
_COMMENTS: Final = rb"(?:<!--(?:(?!-->).)*+-->\s*+)"
_XML_HEAD: Final = rb"\s*+(?:<\?xml[^>]*+>\s*+)*+" + _COMMENTS + rb"*+"
_LOOKS: Final = tuple(
    _Look(name, re.compile(pattern, re.IGNORECASE), hint)
    for name, pattern, hint in (
        ("RIS", rb"\s*TY  ?-", "--from ris"),
        ("a list of Web of Science", rb"\s*FN [A-Z]", _UNREAD),
        ("a list of PubMed", rb"\s*PMID ?-", _UNREAD),
        ("EndNote", rb"\s*%0 |\s*(?:<\?xml[^>]*>\s*)?<xml>\s*<records", _UNREAD),
        ("BibTeX", rb"(?:\s*%[^\n]*\n)*\s*@\w+\s*[{(]", "--from bibtex"),
        ("a PDF", rb"%PDF-", _UNREAD),
        ("a spreadsheet", rb"PK\x03\x04", "--from xlsx"),
        ("a web page", rb"\s*+" + _COMMENTS + rb"?<(?:!doctype html|html|head|body)\b", _UNREAD),
        ("a feed in RSS", _XML_HEAD + rb"<(?:rss|rdf:RDF)\b", _UNREAD),
        ("Atom", _XML_HEAD + rb"<(?:\w+:)?feed\b", "--from arxiv-atom"),
        ("XML", rb"\s*<\?xml\b|\s*<\w", _UNREAD),
        ("JSON", rb"\s*[\[{]", "--from json"),
        ("an OpenMMLab metafile", rb"(?ms:.*^(?:Models|Collections) ?:)", "--from openmmlab"),
        (
            "an index of OpenMMLab metafiles",
            rb"(?ms:.*^Import ?:)",
            "import the files that it lists",
        ),
        ("a question", rb"(?ms:.*^question ?:)", _UNREAD),
        ("a model card", rb"\s*---\s*\n", "--from modelcard"),
    )
)


def text_lines(feed: RecordStream) -> Iterator[tuple[int, str] | Finding]:
    """Yield (number, line) of a text file without its line breaks; a line that is not UTF-8 is a finding.

    Memory holds one line. UTF-16 is read where a byte order mark says so.
    """
    if _is_utf16(feed):
        with _decoded(feed, "utf-16") as lines:
            for number, line in enumerate(lines, 1):
                yield number, line.rstrip("\r\n")
        return
    number = 0
    while raw := feed.stream.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE:
            yield Finding(
                "F103", Location(feed.file, number), f"the line is longer than {MAX_LINE:,} bytes"
            )
            return
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        try:
            yield number, raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            # columns count characters
            column = len(raw[: error.start].decode("utf-8", "replace")) + 1
            message = f"the byte 0x{raw[error.start]:02x} is not UTF-8; the line is left out"
            yield Finding(
                "Y101", Location(feed.file, number, column), message, "save the file as UTF-8"
            )


@contextlib.contextmanager
def text_of(feed: RecordStream) -> Iterator[tuple[io.TextIOWrapper, tuple[Finding, ...]]]:
    """Open a file of any size as text, its line breaks as they are, and say what there is to say about it.

    It is in UTF-8, in UTF-16 with a byte order mark, else in Windows-1252. A file that is UTF-8 but for some bytes was
    damaged: these bytes stay recognisable (see `undecoded`), because all other letters would become others.
    """
    encoding = _encoding(feed)
    findings: tuple[Finding, ...] = ()
    if encoding == "cp1252":
        message = "the file is not UTF-8; it is read as Windows-1252"
        findings = (Finding("I808", Location(feed.file), message, "save it as UTF-8 to be sure"),)
    with _decoded(feed, encoding) as text:
        yield text, findings


@contextlib.contextmanager
def _decoded(feed: RecordStream, encoding: str) -> Iterator[io.TextIOWrapper]:
    errors = "surrogateescape" if encoding == _UTF8 else "replace"
    text = io.TextIOWrapper(feed.stream, encoding=encoding, errors=errors, newline="")
    try:
        yield text
    finally:
        text.detach()  # the stream is not ours to close


def _is_utf16(feed: RecordStream) -> bool:
    head = feed.stream.read(2)
    feed.stream.seek(0)
    return head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _encoding(feed: RecordStream) -> str:
    """The encoding of a file, found by reading it through, a piece at a time."""
    if _is_utf16(feed):
        return "utf-16"
    if _decodes(feed) or _has_wide_letters(feed):
        return _UTF8
    return "cp1252"


def _decodes(feed: RecordStream) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := feed.stream.read(_PROBE):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        feed.stream.seek(0)
    return True


def _has_wide_letters(feed: RecordStream) -> bool:
    """Whether a file that is not UTF-8 has letters of several bytes as UTF-8 writes them: then it was damaged.

    In Windows-1252 such sequences do not come about: `Ã©` is no text.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    try:
        while chunk := feed.stream.read(_PROBE):
            if not decoder.decode(chunk).isascii():
                return True
    finally:
        feed.stream.seek(0)
    return False


def or_unrecognised(
    records: Iterable[SourceRecord | Finding], feed: RecordStream, expected: str
) -> Records:
    """Yield records; where there are none in a file that is not empty, a finding that says what it looks like.

    Args:
        records: the records.
        feed: the file that they come from.
        expected: what was looked for in it.
    """
    is_silent = True
    for record in records:
        yield record
        is_silent = False
    if is_silent:
        yield from unrecognised(feed, expected)


def unrecognised(feed: RecordStream, expected: str) -> Iterator[Finding]:
    """Yield a finding about a file in which nothing was recognised; none about an empty file."""
    feed.stream.seek(0)
    head = feed.stream.read(_HEAD).removeprefix(codecs.BOM_UTF8)
    if not head.strip():
        return
    message = f"nothing is recognised: {expected} is not in it"
    hint = "say what it is with --from"
    for look in _LOOKS:
        if look.pattern.match(head):
            message += f"; it looks like {look.name}"
            hint = look.hint
            break
    yield Finding("I813", Location(feed.file), message, hint)


def whole_text(feed: RecordStream) -> Parsed[str]:
    """Return the text of a small file without its byte order mark: UTF-8, or what that mark says."""
    raw = feed.stream.read(MAX_WHOLE + 1)
    if len(raw) > MAX_WHOLE:
        hint = "split it; jsonl and csv may be of any size"
        return Parsed(
            None, (Finding("F103", Location(feed.file), f"larger than {MAX_WHOLE:,} bytes", hint),)
        )
    parsed = decode(raw, feed.file)
    return Parsed(parsed.value and parsed.value.removeprefix("\ufeff"), parsed.findings)


# What the database may keep in memory.
_CACHE_KIB: Final = 8 * 1024


class FirstLines:
    """Texts, and the line where each stood first: in a database on the disk, so that memory stays flat."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        """Open a temporary database that the stack closes."""
        self._database = stack.enter_context(contextlib.closing(sqlite3.connect("")))
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._database.execute("PRAGMA journal_mode = OFF")  # nobody needs it after a crash
        self._database.execute(
            "CREATE TABLE first_lines (name BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID"
        )

    def add(self, text: str, line: int) -> int | None:
        """Remember a text; return the line where it stood before, or None."""
        # a digest keeps the database small: names may be long, and two of one digest do not happen with 96 bits
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        try:
            self._database.execute("INSERT INTO first_lines VALUES (?, ?)", (key, line))
        except sqlite3.IntegrityError:
            row = self._database.execute(
                "SELECT line FROM first_lines WHERE name = ?", (key,)
            ).fetchone()
            return int(row[0])
        return None

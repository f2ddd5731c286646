"""The text of a source, read as a stream, and which texts of it were met before."""

from __future__ import annotations

import codecs
import contextlib
import io
import re
import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

from explainer.curation.importers.record import MAX_LINE, MAX_WHOLE, RecordStream, SourceRecord
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.documents.document import decode

# Bytes that are read at once to tell the encoding.
_PROBE: Final = 1024 * 1024
_UTF8: Final = "utf-8-sig"

# Bytes that show what a file is.
_HEAD: Final = 4 * 1024
# What the beginning of a file looks like: its name, and the format that reads it, if one does, or what to do.
_LOOKS: Final = {
    look: re.compile(pattern, re.IGNORECASE)
    for look, pattern in {
        "RIS|ris": rb"\s*TY  ?-",
        "a list of Web of Science": rb"\s*FN [A-Z]",
        "a list of PubMed": rb"\s*PMID ?-",
        "EndNote": rb"\s*%0 |\s*(?:<\?xml[^>]*>\s*)?<xml>\s*<records",
        "BibTeX|bibtex": rb"(?:\s*%[^\n]*\n)*\s*@\w+\s*[{(]",
        "a PDF": rb"%PDF-",
        "a spreadsheet|xlsx": rb"PK\x03\x04",
        "a web page": rb"\s*+(?:<!--(?:(?!-->).)*+-->\s*+)?<(?:!doctype html|html|head|body)\b",
        "a feed in RSS": rb"\s*+(?:<\?xml[^>]*+>\s*+)*+(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:rss|rdf:RDF)\b",
        "Atom|arxiv-atom": rb"\s*+(?:<\?xml[^>]*+>\s*+)*+(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:\w+:)?feed\b",
        "XML": rb"\s*<\?xml\b|\s*<\w",
        "JSON|json": rb"\s*[\[{]",
        "an OpenMMLab metafile|openmmlab": rb"(?ms:.*^(?:Models|Collections) ?:)",
        "an index of OpenMMLab metafiles|import the files that it lists": rb"(?ms:.*^Import ?:)",
        "a question": rb"(?ms:.*^question ?:)",
        "a model card|modelcard": rb"\s*---\s*\n",
    }.items()
}  # fmt: skip


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
            yield Finding("F103", Location(feed.file, number), f"the line is longer than {MAX_LINE:,} bytes")
            return
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        try:
            yield number, raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            # columns count characters
            column = len(raw[: error.start].decode("utf-8", "replace")) + 1
            message = f"the byte 0x{raw[error.start]:02x} is not UTF-8; the line is left out"
            yield Finding("Y101", Location(feed.file, number, column), message, "save the file as UTF-8")


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
) -> Iterator[SourceRecord | Finding]:
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
    looks = next((look for look, pattern in _LOOKS.items() if pattern.match(head)), None)
    message = f"nothing is recognised: {expected} is not in it"
    hint = "say what it is with --from"
    if looks:
        name, _, output_format = looks.partition("|")
        message += f"; it looks like {name}"
        hint = f"--from {output_format}" if output_format else "no command reads that"
        if " " in output_format:
            hint = output_format
    yield Finding("I813", Location(feed.file), message, hint)


def whole_text(feed: RecordStream) -> Parsed[str]:
    """Return the text of a small file without its byte order mark: UTF-8, or what that mark says."""
    raw = feed.stream.read(MAX_WHOLE + 1)
    if len(raw) > MAX_WHOLE:
        hint = "split it; jsonl and csv may be of any size"
        return Parsed(None, (Finding("F103", Location(feed.file), f"larger than {MAX_WHOLE:,} bytes", hint),))
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
        self._database.execute("CREATE TABLE first_lines (name BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")

    def add(self, text: str, line: int) -> int | None:
        """Remember a text; return the line where it stood before, or None."""
        # a digest keeps the database small: names may be long, and two of one digest do not happen with 96 bits
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        try:
            self._database.execute("INSERT INTO first_lines VALUES (?, ?)", (key, line))
        except sqlite3.IntegrityError:
            row = self._database.execute("SELECT line FROM first_lines WHERE name = ?", (key,)).fetchone()
            return int(row[0])
        return None

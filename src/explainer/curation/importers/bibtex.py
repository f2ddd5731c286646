r"""BibTeX: its entries, read leniently as people and programs write them, and taken out of LaTeX.

The grammar is read here. bibtexparser 2 loses entries without a key and those with a comma missing, reads values that
are joined by `#` as one text, and drops a command such as `\L` at the beginning of a name.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct

from explainer.catalogs.links import arxiv_address, identify
from explainer.catalogs.schema import Kind
from explainer.curation.importers.bibliography import (
    LatexDecoder,
    doi_address,
    in_order,
    is_code,
    mentioned_arxiv,
    reference_links,
    year_of,
)
from explainer.curation.importers.reading import (
    MAX_LINE,
    FirstLines,
    Records,
    RecordStream,
    SourceRecord,
    damaged,
    or_unrecognised,
    renamed,
    split_links,
    text_of,
)
from explainer.diagnostics.finding import Finding, Location
from explainer.documents.document import undecoded

# Characters that are parsed at once, about.
_PART: Final = 256 * 1024

# An entry at the beginning of a line: there a file is cut, and reading goes on behind an entry that is not closed.
_START: Final = re.compile(r"[ \t]*+@\w++[ \t]*+[{(]")

# The next entry between entries, where everything else is a comment; `%` comments one out.
_NEXT: Final = re.compile(r"^[ \t]*+%.*$|(?<![\w.])@[ \t]*+([A-Za-z]\w*+)\s*+([{(])", re.MULTILINE)
# What stands behind the bracket of an entry: its key, up to a comma; or up to the first field, where one is missing.
_KEY: Final = re.compile(r"\s*+([^,={}\"\n]*?)(?:,|(?=[\n})])|(?<=\s)(?=[A-Za-z][\w-]*\s*=))")
_FIELD: Final = re.compile(r"([^\s=,{}()\"#@%]+)\s*+=\s*+")
_SEPARATOR: Final = re.compile(r"\s*+(?:,\s*+)*+")
_WORD: Final = re.compile(r"[^\s,{}()\"#=@]+")
_JOINED: Final = re.compile(r"\s*+#\s*+")
# What counts within a value. A brace behind a backslash is text, though BibTeX itself counts it.
_MARK: Final = re.compile(r"\\.|[{}\"]|\n[ \t]*+@\w++[ \t]*+[{(]", re.DOTALL)
_CLOSING: Final = {"{": "}", "(": ")"}
_NOT_CLOSED: Final = "a brace or a quote is not closed"

# Blocks that are no entries.
_NO_ENTRIES: Final = frozenset({"comment", "preamble", "string"})

_URL: Final = re.compile(r"https?://[^\s{}\\\"<>]+", re.IGNORECASE)
# arXiv's own exports have the archive behind the id: `2401.10000 [cs.CV]`.
_ARCHIVE: Final = re.compile(r"(?:(?<!\s)\s++)?\[[\w.-]++\]\Z")
# A thin space between initials is no comma between names.
_THIN_SPACE: Final = re.compile(r"\\[,;:!]\s*")
# Between names, and between the parts of one; braces keep what stands in them together.
_AND: Final = re.compile(r"\\.|[{}]|(?<!\S)and(?!\S)", re.IGNORECASE | re.DOTALL)
_COMMA: Final = re.compile(r"\\.|[{},]", re.DOTALL)

# Where programs keep links beside `url` and `doi`.
_OTHER_LINK_FIELDS: Final = ("howpublished", "ee", "link", "pdf", "bdsk-url-1")
# The fields of BibTeX that hold the keys of a record, where they are called otherwise.
_SOURCE_FIELDS: Final = {
    "authors": "author", "summary": "abstract", "paper": "url", "github": "url", "name": "title", "links": "url",
}  # fmt: skip


def read_bibtex(feed: RecordStream) -> Records:
    """Read the entries of a file of any size; those that cannot be read are findings, and cost only themselves."""
    latex = LatexDecoder("reading BibTeX")
    # what it logs about broken LaTeX nobody could place
    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL + 1)
    yield from or_unrecognised(_entries(feed, latex), feed, "an entry of BibTeX")


def _entries(feed: RecordStream, latex: LatexDecoder) -> Records:
    with contextlib.ExitStack() as stack:
        text, findings = stack.enter_context(text_of(feed))
        yield from findings
        reader = _Reader(feed.file, FirstLines(stack), latex)
        for part in _parts(feed.file, iter(lambda: text.readline(MAX_LINE), "")):
            if isinstance(part, Finding):
                yield part
            else:
                yield from reader.records(part)


class _Part(Struct, frozen=True):
    """Some whole entries, and the number of the line where the first one begins."""

    text: str
    line: int


def _parts(file: str, lines: Iterable[str]) -> Iterator[_Part | Finding]:
    """Cut a file where an entry begins at the beginning of a line: there reading begins anew too."""
    part_lines: list[str] = []
    size, first = 0, 1
    for number, line in enumerate(lines, 1):
        if size >= min(_PART, MAX_LINE) and _START.match(line):
            yield from _part(file, first, size, part_lines)
            part_lines, size, first = [], 0, number
        size += len(line)
        part_lines.append(line.rstrip("\r\n") + "\n")
        if size > MAX_LINE:  # an entry that is never closed must not be kept in memory
            part_lines.clear()
    yield from _part(file, first, size, part_lines)


def _part(file: str, first: int, size: int, lines: Sequence[str]) -> Iterator[_Part | Finding]:
    if size > MAX_LINE:
        message = f"no entry begins in {MAX_LINE:,} characters; they are left out"
        yield Finding("I802", Location(file, first), message)
    elif lines:
        yield _Part("".join(lines), first)


class _SyntaxError(ValueError):
    """An entry that cannot be read."""


class _Entry(Struct):
    """An entry as it is written.

    Attributes:
        type: what stands behind the `@`, in small letters.
        line: the number of the line where it begins, of its part.
        key: its citation key, if it has one.
        fields: its values, by the names of the fields in small letters.
        lines: the lines where the fields begin.
        slips: the lines of fields before which a comma is missing.
        end: where it ends in its part.
    """

    type: str
    line: int
    key: str = ""
    fields: dict[str, str] = {}
    lines: dict[str, int] = {}
    slips: list[int] = []
    end: int = 0


class _Grammar:
    """Reads the entries of one part.

    Attributes:
        strings: what abbreviations (`@string`) stand for; those of the part are added.
    """

    def __init__(self, text: str, line: int, strings: dict[str, str]) -> None:
        self.strings = strings
        self._text = text
        self._position = 0
        self._counted, self._line = 0, line

    def blocks(self) -> Iterator[_Entry | tuple[int, str]]:
        """Yield the entries, and (line, problem) of those that cannot be read."""
        while match := _NEXT.search(self._text, self._position):
            self._position = match.end()
            if match[1] is None:  # a comment
                continue
            entry = _Entry(match[1].casefold(), self._line_at(match.start()))
            try:
                self._read(entry, match[2])
            except _SyntaxError as error:
                self._skip(match.end())
                yield entry.line, str(error)
                continue
            self.strings.update(entry.fields if entry.type == "string" else {})
            if entry.type not in _NO_ENTRIES:
                entry.end = self._position
                yield entry

    def _line_at(self, position: int) -> int:
        """The number of the line of a position; positions only grow."""
        self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        return self._line

    def _skip(self, position: int) -> None:
        """Go to the next line on which an entry begins."""
        self._position = position
        for mark in _MARK.finditer(self._text, position):
            if mark.group().startswith("\n"):
                self._position = mark.start()
                return
        self._position = len(self._text)

    def _read(self, entry: _Entry, opening: str) -> None:
        if entry.type in ("comment", "preamble"):
            self._delimited(self._position - 1, _CLOSING[opening])
            return
        if entry.type != "string":
            self._read_key(entry)
        self._advance(_SEPARATOR)
        has_comma = True
        while not self._text.startswith(_CLOSING[opening], self._position):
            self._read_field(entry, has_comma=has_comma)
            has_comma = "," in self._advance(_SEPARATOR)
        self._position += 1

    def _read_key(self, entry: _Entry) -> None:
        """The key of an entry; without one, what stands there is the first field."""
        match = _KEY.match(self._text, self._position)
        if match is None:
            return
        entry.key = match[1].rstrip()
        self._position = match.end()

    def _read_field(self, entry: _Entry, *, has_comma: bool) -> None:
        start = self._position
        name = self._advance(_FIELD).rstrip().removesuffix("=").rstrip().casefold()
        if not name:
            raise _SyntaxError(self._unexpected())
        line = self._line_at(start)
        if not has_comma:
            entry.slips.append(line)
        value = self._value()
        # programs repeat fields; which of two values is meant nobody can know
        if entry.fields.get(name, value) != value:
            message = f"it has two fields {name!r}"
            raise _SyntaxError(message)
        entry.fields[name] = value
        entry.lines.setdefault(name, line)

    def _unexpected(self) -> str:
        line = self._text[self._position :].split("\n", 1)[0].strip()
        if not line or _START.match(line):
            return _NOT_CLOSED
        return f"{line[:20]!r} is not a field"

    def _value(self) -> str:
        """A value: texts in braces or quotes, numbers and abbreviations, joined by `#`."""
        pieces = [self._piece()]
        while self._advance(_JOINED):
            pieces.append(self._piece())
        return "".join(pieces)

    def _piece(self) -> str:
        opening = self._text[self._position : self._position + 1]
        if opening == "{":
            return self._delimited(self._position, "}")
        if opening == '"':
            return self._delimited(self._position, '"')
        word = self._advance(_WORD)
        return self.strings.get(word.casefold(), word)

    def _delimited(self, start: int, closing: str) -> str:
        """The text between a bracket or quote and the one that closes it; go behind it."""
        depth = 0
        for mark in _MARK.finditer(self._text, start + 1):
            sign = mark.group()
            if sign == closing and depth == 0:
                self._position = mark.end()
                return self._text[start + 1 : mark.start()]
            if sign.startswith("\n"):
                break
            depth += _DEPTHS.get(sign, 0)
        raise _SyntaxError(_NOT_CLOSED)

    def _advance(self, pattern: re.Pattern[str]) -> str:
        """The text that a pattern matches here; go behind it."""
        match = pattern.match(self._text, self._position)
        if match is None:
            return ""
        self._position = match.end()
        return match.group()


_DEPTHS: Final = {"{": 1, "}": -1}


class _Reader:
    """Makes records of the entries of one file."""

    def __init__(self, file: str, first_lines: FirstLines, latex: LatexDecoder) -> None:
        self._file = file
        self._first_lines = first_lines
        self._latex = latex
        self._strings: dict[str, str] = {}

    def records(self, part: _Part) -> Records:
        """Yield the records of a part, and findings about what is none."""
        for block in _Grammar(part.text, part.line, self._strings).blocks():
            if isinstance(block, tuple):
                line, problem = block
                yield self._unreadable(line, problem)
                continue
            broken = undecoded("\n".join(block.fields.values()))
            if broken is not None:
                yield damaged(Location(self._file, block.line), broken, "entry")
            elif block.key and self._first_lines.add(block.key, block.line) is not None:
                yield self._unreadable(
                    block.line, f"duplicate key {block.key!r}: an earlier entry has it"
                )
            else:
                yield from self._slips(block)
                yield self._record(block)

    def _unreadable(self, line: int, problem: str) -> Finding:
        return Finding("I802", Location(self._file, line), f"the entry cannot be read: {problem}")

    def _slips(self, entry: _Entry) -> Iterator[Finding]:
        for line in entry.slips:
            yield Finding(
                "I812",
                Location(self._file, line),
                "a comma is missing before this field; it is read anyway",
            )

    def _record(self, entry: _Entry) -> SourceRecord:
        fields = entry.fields
        text = partial(_text_of, fields, self._latex.text)
        # `catalog export` tells models by a note
        kind = Kind.MODELS if text("note").casefold() == "ai model" else Kind.PAPERS
        record = {
            kind.name_key: text("title"),
            "authors": list(self._authors(fields.get("author", ""))),
            "year": year_of(text("year"), text("date")),
            "summary": text("abstract") or None,
            "category": text("primaryclass") or self._keyword(fields.get("keywords", "")),
            **_links(fields, self._latex),
        }
        where = renamed(partial(_place, self._file, entry), _SOURCE_FIELDS)
        return SourceRecord(record, where, entry.key or None, kind, ready=True)

    def _keyword(self, text: str) -> str | None:
        """The first keyword; braces keep the commas of it."""
        return self._latex.text(next(iter(_outside_braces(_COMMA, text)), "")) or None

    def _authors(self, text: str) -> Iterator[str]:
        for name in _outside_braces(_AND, _THIN_SPACE.sub(" ", text)):
            if name.strip().casefold() == "others":  # how BibTeX writes "et al."
                continue
            parts = _outside_braces(_COMMA, name)
            if len(parts) > 2:  # `Last, Jr., First`  # noqa: PLR2004
                parts[1:] = [*parts[2:], parts[1]]
            yield self._latex.text(in_order(parts))


def _outside_braces(separator: re.Pattern[str], text: str) -> list[str]:
    """The parts of a text between the separators that stand outside braces; the pattern matches braces too."""
    parts, start, depth = [], 0, 0
    for mark in separator.finditer(text):
        sign = mark.group()
        depth += _DEPTHS.get(sign, 0)
        if depth == 0 and sign not in _DEPTHS and not sign.startswith("\\"):
            parts.append(text[start : mark.start()])
            start = mark.end()
    return list(filter(str.strip, [*parts, text[start:]]))


def _text_of(fields: Mapping[str, str], decode: Callable[[str], str], name: str) -> str:
    return decode(fields.get(name, ""))


def _is_among(address: str, pages: Iterable[str | None]) -> bool:
    """Whether a page is the same publication, maybe in a version that `eprint` and `doi` leave out."""
    meant = identify(address)
    if meant is None:
        return False
    for page in filter(None, pages):
        link = identify(page)
        if link is not None and link.key == meant.key:
            return True
    return False


def _links(fields: Mapping[str, str], latex: LatexDecoder) -> Mapping[str, Any]:
    """The links of an entry by the keys of catalogs; of two of a kind the first is its own, the others are more."""
    texts = partial(_text_of, fields, latex.links)
    published = _mentioned(" ".join(map(texts, _OTHER_LINK_FIELDS)))
    pages: list[str | None] = [*_mentioned(texts("code")), *split_links(texts("url"))]
    # of one paper's links its page comes first, else its preprint, else what its DOI leads to
    addresses = list(filter(None, [_arxiv(texts), doi_address(texts("doi"))]))
    preprint_and_doi = [address for address in addresses if not _is_among(address, pages)]
    if all(is_code(page) for page in pages):
        pages += preprint_and_doi[:1] or [_eprint(texts)]
    further = [texts("huggingface"), *split_links(texts("links")), *_mentioned(texts("note"))]
    return reference_links([*pages, *published], [*preprint_and_doi, *published, *further])


def _mentioned(text: str) -> list[str]:
    """The links of running text, without the full stop of their sentences."""
    return [url.rstrip(".,;:)") for url in _URL.findall(text)]


def _arxiv(texts: Callable[[str], str]) -> str | None:
    """The link of the preprint, by its id; exports of Google Scholar and DBLP have it in other fields."""
    if _archive(texts) in ("", "arxiv"):
        address = arxiv_address(_ARCHIVE.sub("", texts("eprint")))
        if address is not None:
            return address
    return mentioned_arxiv(" ".join(map(texts, ("journal", "volume", "note"))))


def _archive(texts: Callable[[str], str]) -> str:
    """Which archive the field eprint speaks of."""
    return (texts("archiveprefix") or texts("eprinttype")).casefold()


def _eprint(texts: Callable[[str], str]) -> str | None:
    """What stands in the field eprint, if it is no id of arXiv: a link, or something to be pointed out."""
    eprint = texts("eprint")
    if not eprint:
        return None
    if _URL.fullmatch(eprint):
        return eprint
    archive = _archive(texts).replace("arxiv", "")
    return f"{archive}:{eprint}".removeprefix(":")


def _place(file: str, entry: _Entry, name: str) -> Location:
    """The line of a field; that of the entry for what it does not have."""
    return Location(file, entry.lines.get(name, entry.line))

"""BibTeX: entries whose titles, names and abstracts are taken out of LaTeX; links stay as they are."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from explainer.catalogs.kinds import Kind
from explainer.catalogs.links import arxiv_address
from explainer.curation.importers.reading import FirstLines, text_of
from explainer.curation.importers.record import MAX_LINE, RecordStream, SourceRecord, load_library
from explainer.diagnostics.finding import Finding, Location

# Characters that are parsed at once, about.
_PART: Final = 256 * 1024

# An entry at the beginning of a line.
_START: Final = re.compile(r"[ \t]*+@\w++[ \t]*+[{(]")

# A value that is a name: of a month, or of a `@string` of the file.
_ABBREVIATION: Final = re.compile(r"=[ \t]*+([A-Za-z][\w:.+-]*+)")

# Text in which nothing means anything to LaTeX: most names and titles, and decoding is slow.
_NO_LATEX: Final = re.compile(r"(?:[^\W_]|[\s.,:;?!()/+=*])*+")
_REPEATED: Final = "the key {!r} stands on an earlier entry too"

_URL: Final = re.compile(r"https?://[^\s{}\\\"<>]+")
_CODE: Final = re.compile(r"https?://(?:www\.)?github\.com/")
_YEAR: Final = re.compile(r"\b(?:1[89]|2\d)\d\d\b")
# An arXiv id as the fields journal and note have it: `arXiv preprint arXiv:2401.10000`, `.../abs/hep-th/9901001v2`.
_ARXIV: Final = re.compile(r"(?:abs/|arxiv[:.\s]*)((?:\d{4}\.\d{4,5}|[a-z-]+/\d{7})(?:v\d+)?)", re.IGNORECASE)

# The fields of BibTeX that hold the keys of a record, where they are called otherwise.
_SOURCE_FIELDS: Final = {
    "authors": "author", "summary": "abstract", "paper": "url", "github": "url", "name": "title",
}  # fmt: skip


def read_bibtex(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read the entries of a file of any size; those that cannot be read are findings, and cost only themselves."""
    purpose = "reading BibTeX"
    parser = load_library("bibtexparser.entrypoint", "bibtexparser", purpose)
    latex = load_library("pylatexenc.latex2text", "bibtexparser", purpose)
    for library in ("bibtexparser", "pylatexenc"):  # what they log is reported below
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)
    # formulas stay as they are: a title without them would be another one
    decode = latex.LatexNodes2Text(math_mode="verbatim", keep_comments=True).latex_to_text
    with contextlib.ExitStack() as stack:
        text, findings = stack.enter_context(text_of(feed))
        yield from findings
        reader = _Reader(feed.file, FirstLines(stack), parser.parse_string, partial(_plain, decode))
        for part in _parts(feed.file, iter(lambda: text.readline(MAX_LINE), "")):
            if isinstance(part, Finding):
                yield part
            else:
                yield from reader.records(part)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some whole entries, and the number of the line where the first one begins."""

    text: str
    line: int


def _parts(file: str, lines: Iterable[str]) -> Iterator[_Part | Finding]:
    """Cut a file where an entry begins at the beginning of a line: there the parser of the library begins anew too."""
    kept_lines: list[str] = []
    size, first, too_long = 0, 1, False
    for number, line in enumerate(lines, 1):
        if _START.match(line) and (size >= _PART or too_long):
            if not too_long:
                yield _Part("".join(kept_lines), first)
            kept_lines, size, first, too_long = [], 0, number, False
        size += len(line)
        # an entry that is never closed must not be kept in memory
        if size <= MAX_LINE:
            kept_lines.append(line.rstrip("\r\n") + "\n")
        elif not too_long:
            kept_lines, too_long = [], True
            message = f"no entry begins in {MAX_LINE:,} characters; they are left out"
            yield Finding("I802", Location(file, first), message)
    if kept_lines:
        yield _Part("".join(kept_lines), first)


class _Reader:
    """Reads the parts of one file, each with the abbreviations (`@string`) that earlier parts define."""

    def __init__(
        self, file: str, first_lines: FirstLines, parse: Callable[[str], Any], plain: Callable[[str], str]
    ) -> None:
        self._file = file
        self._first_lines = first_lines
        self._parse = parse
        self._plain = plain
        self._strings: dict[str, str] = {}

    def records(self, part: _Part) -> Iterator[SourceRecord | Finding]:
        """Yield the records of a part, and findings about what is none."""
        used = dict.fromkeys(_ABBREVIATION.findall(part.text))
        before = "".join(self._strings[name] for name in used if name in self._strings)
        shift = before.count("\n")  # the lines of the abbreviations that are put before the part
        library = self._parse(before + part.text)
        above = part.line - shift
        for block in sorted([*library.entries, *library.failed_blocks], key=_start):
            line = above + _start(block)
            if hasattr(block, "fields_dict") and self._first_lines.add(block.key, line) is None:
                yield self._record(block, above)
            elif line >= part.line:
                yield Finding("I802", Location(self._file, line), f"the entry cannot be read: {_problem(block)}")
        for block in library.strings:
            if _start(block) >= shift:
                self._strings[block.key] = f"{block.raw}\n"

    def _record(self, block: Any, above: int) -> SourceRecord:
        fields = {name.casefold(): field for name, field in block.fields_dict.items()}
        values = {name: str(field.value) for name, field in fields.items()}
        lines = {name: above + field.start_line for name, field in fields.items() if field.start_line}
        urls = _URL.findall(" ".join(values.get(key, "") for key in ("url", "howpublished", "note", "code")))
        code = next(filter(_CODE.match, urls), None)
        # `catalog export` tells models by a note
        kind = Kind.MODELS if values.get("note", "").casefold() == "ai model" else Kind.PAPERS
        years = _YEAR.findall(values.get("year", "") + " " + values.get("date", ""))
        keywords = self._plain(values.get("keywords", "")).split(",")
        record = {
            kind.name_key: self._plain(values.get("title", "")),
            "authors": self._authors(values.get("author", "")),
            "year": next(iter(years), None),
            "paper": _paper(values, [url for url in urls if url != code]),
            "github": code,
            "huggingface": values.get("huggingface"),
            "summary": self._plain(values.get("abstract", "")) or None,
            "category": values.get("primaryclass") or keywords[0].strip() or None,
        }
        where = partial(_place, self._file, above + _start(block), lines)
        return SourceRecord(record, where, block.key, kind, ready=True)

    def _authors(self, text: str) -> list[str]:
        return [self._plain(_turned(name)) for name in re.split(r"\s+and\s+", text) if name.strip()]


def _start(block: Any) -> int:
    return block.start_line or 0


def _problem(block: Any) -> str:
    """What is wrong with a block, in a few words."""
    if type(block).__name__ == "DuplicateFieldKeyBlock":
        return f"it has two fields {', '.join(map(repr, sorted(block.duplicate_keys)))}"
    if hasattr(block, "fields_dict") or type(block).__name__ == "DuplicateBlockKeyBlock":
        return f"the key {block.key!r} stands on an earlier entry too"
    return "a brace or a quote is not closed"


def _plain(decode: Callable[[str], str], text: str) -> str:
    """Text without LaTeX: accents, escapes, and the braces that keep capitals. A lone `%` is no comment here."""
    if not _NO_LATEX.fullmatch(text):
        text = decode(re.sub(r"(?<!\\)%", r"\\%", text))
    return " ".join(text.split())


def _turned(name: str) -> str:
    """`Last, First` as `First Last`; a name in braces stays whole."""
    if name.strip().startswith("{"):
        return name
    last, *first_names = [part.strip() for part in name.split(",")]
    return " ".join([*reversed(first_names), last])


def _paper(values: Mapping[str, str], urls: Iterable[str]) -> str | None:
    """The link of the paper: where its address stands, else what its arXiv id or DOI means."""
    for url in urls:
        if url in values.get("url", ""):
            return url
    # exports of Google Scholar have the id of a preprint in the field journal
    mentioned = _ARXIV.search(" ".join((values.get("journal", ""), values.get("note", ""))))
    arxiv = arxiv_address(values.get("eprint", "").strip())
    if arxiv is None and mentioned:
        arxiv = arxiv_address(mentioned[1])
    if arxiv:
        return arxiv
    doi = values.get("doi", "").strip().removeprefix("https://doi.org/").removeprefix("http://dx.doi.org/")
    return f"https://doi.org/{doi}" if doi.startswith("10.") else None


def _place(file: str, start: int, lines: Mapping[str, int], key: str) -> Location:
    """The line of a field, where the file has it on a line of its own; else that of the entry."""
    return Location(file, lines.get(_SOURCE_FIELDS.get(key, key), start))

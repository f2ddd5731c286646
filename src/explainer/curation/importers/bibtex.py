"""BibTeX: entries whose titles, names and abstracts are taken out of LaTeX; links stay as they are."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from explainer.catalogs.links import arxiv_address
from explainer.curation.importers.record import (
    MAX_LINE,
    Deduplicator,
    MissingLibraryError,
    RecordStream,
    SourceRecord,
    text_of,
)
from explainer.diagnostics.finding import Finding, Location

_PART: Final = 256 * 1024
"""Characters that are parsed at once, about."""

_START: Final = re.compile(r"[ \t]*+@\w++[ \t]*+[{(]")
_ABBREVIATION: Final = re.compile(r"=[ \t]*+([A-Za-z][\w:.+-]*+)")
_NO_LATEX: Final = re.compile(r"(?:[^\W_]|[\s.,:;?!()/+=*])*+")
"""Text in which nothing means anything to LaTeX: most names and titles, and decoding is slow."""

_REPEATED: Final = "the key {!r} stands on an earlier entry too"

_URL: Final = re.compile(r"https?://[^\s{}\\\"<>]+")
_CODE: Final = re.compile(r"https?://(?:www\.)?github\.com/")
_YEAR: Final = re.compile(r"\b(?:1[89]|2\d)\d\d\b")
_ARXIV: Final = re.compile(r"(?:abs/|arxiv[:.\s]*)((?:\d{4}\.\d{4,5}|[a-z-]+/\d{7})(?:v\d+)?)", re.IGNORECASE)


def read_bibtex(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read the entries of a file of any size; those that cannot be read are findings, and cost only themselves."""
    try:
        from bibtexparser.entrypoint import parse_string  # noqa: PLC0415  # an extra
        from pylatexenc.latex2text import LatexNodes2Text  # noqa: PLC0415
    except ImportError:
        library, what = "bibtexparser", "reading BibTeX"
        raise MissingLibraryError(library, what) from None
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL + 1)  # what it logs is reported below
    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL + 1)
    plain = partial(_plain, LatexNodes2Text(math_mode="verbatim", keep_comments=True).latex_to_text)
    with contextlib.ExitStack() as stack:
        text = stack.enter_context(text_of(feed))
        yield from text.findings
        seen = Deduplicator(stack)
        strings: dict[str, str] = {}
        for part in _parts(feed.file, iter(lambda: text.stream.readline(MAX_LINE), "")):
            if isinstance(part, Finding):
                yield part
                continue
            used = dict.fromkeys(_ABBREVIATION.findall(part.text))
            before = "".join(strings[name] for name in used if name in strings)
            shift = before.count("\n")
            library_of = parse_string(before + part.text)
            yield from _records(feed.file, library_of, shift, part.line, seen, plain)
            strings |= {block.key: f"{block.raw}\n" for block in library_of.strings if (block.start_line or 0) >= shift}


@dataclass(frozen=True, slots=True)
class _Part:
    """Some whole entries, and the number of the line where the first one begins."""

    text: str
    line: int


def _parts(file: str, lines: Iterable[str]) -> Iterator[_Part | Finding]:
    """Cut a file where an entry begins at the beginning of a line: there the parser of the library begins anew too."""
    kept: list[str] = []
    size, first, too_long = 0, 1, False
    for number, line in enumerate(lines, 1):
        if _START.match(line) and (size >= _PART or too_long):
            if not too_long:
                yield _Part("".join(kept), first)
            kept, size, first, too_long = [], 0, number, False
        size += len(line)
        if size <= MAX_LINE:
            kept.append(line.rstrip("\r\n") + "\n")
        elif not too_long:
            kept, too_long = [], True
            message = f"no entry begins in {MAX_LINE:,} characters; they are left out"
            yield Finding("I802", Location(file, first), message)
    if kept:
        yield _Part("".join(kept), first)


def _records(
    file: str, library: Any, shift: int, first: int, seen: Deduplicator, plain: Callable[[str], str]
) -> Iterator[SourceRecord | Finding]:
    """The records of a part that begins at line `first`; before it stand `shift` lines of abbreviations."""
    blocks: list[Any] = [*library.entries, *library.failed_blocks]
    for block in sorted(blocks, key=lambda block: block.start_line or 0):
        above = first - shift
        line = above + (block.start_line or 0)
        is_entry = hasattr(block, "fields_dict")
        if is_entry and seen.add(block.key, line) is None:
            yield _record(file, block, above, plain)
        elif line >= first:
            problem = _REPEATED.format(block.key) if is_entry else _problem(block)
            yield Finding("I802", Location(file, line), f"the entry cannot be read: {problem}")


def _problem(block: Any) -> str:
    """What is wrong with a block, in a few words."""
    name = type(block).__name__
    if name == "DuplicateBlockKeyBlock":
        return _REPEATED.format(block.key)
    if name == "DuplicateFieldKeyBlock":
        return f"it has two fields {', '.join(map(repr, sorted(block.duplicate_keys)))}"
    return "a brace or a quote is not closed"


def _plain(decode: Callable[[str], str], text: str) -> str:
    """Text without LaTeX: accents, escapes, and the braces that keep capitals. A lone `%` is no comment here."""
    if _NO_LATEX.fullmatch(text):
        return " ".join(text.split())
    escaped = re.sub(r"(?<!\\)%", r"\\%", text)
    return " ".join(decode(escaped).split())


def _record(file: str, block: Any, above: int, plain: Callable[[str], str]) -> SourceRecord:
    values = {name.casefold(): str(field.value) for name, field in block.fields_dict.items()}
    lines = {name.casefold(): field.start_line for name, field in block.fields_dict.items()}
    where = partial(_place, file, above, block.start_line or 0, lines)
    urls = [url for key in ("url", "howpublished", "note", "code") for url in _URL.findall(values.get(key, ""))]
    code = next((url for url in urls if _CODE.match(url)), None)
    is_model = values.get("note", "").casefold() == "ai model"
    record = {
        "name" if is_model else "title": plain(values.get("title", "")),
        "authors": [plain(_turned(name)) for name in re.split(r"\s+and\s+", values.get("author", "")) if name.strip()],
        "year": next(iter(_YEAR.findall(values.get("year", "") + " " + values.get("date", ""))), None),
        "paper": _paper(values, [url for url in urls if url != code]),
        "github": code,
        "huggingface": values.get("huggingface"),
        "summary": plain(values.get("abstract", "")) or None,
        "category": values.get("primaryclass") or plain(values.get("keywords", "")).split(",")[0].strip() or None,
    }
    return SourceRecord(record, where, block.key, "models" if is_model else "papers", ready=True)


def _turned(name: str) -> str:
    """`Last, First` as `First Last`; a name in braces stays whole."""
    parts = [part.strip() for part in name.split(",")] if not name.strip().startswith("{") else [name]
    return " ".join([*parts[1:][::-1], parts[0]])


def _paper(values: dict[str, str], urls: list[str]) -> str | None:
    """The link of the paper: where its address stands, else what its arXiv id or DOI means."""
    named = next((url for url in urls if url in values.get("url", "")), None)
    eprint = values.get("eprint", "").strip()
    id_like = _ARXIV.search(" ".join((values.get("journal", ""), values.get("note", ""))))
    arxiv = arxiv_address(eprint) or (arxiv_address(id_like[1]) if id_like else None)
    doi = values.get("doi", "").strip().removeprefix("https://doi.org/").removeprefix("http://dx.doi.org/")
    return named or arxiv or (f"https://doi.org/{doi}" if doi.startswith("10.") else None)


def _place(file: str, above: int, start: int, lines: dict[str, int | None], key: str) -> Location:
    """The line of a field, where the file has it on one of its own."""
    source = {"authors": "author", "summary": "abstract", "paper": "url", "github": "url", "name": "title"}.get(
        key, key
    )
    return Location(file, above + (lines.get(source) or start))

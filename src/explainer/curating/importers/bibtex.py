"""BibTeX: entries whose titles, names and abstracts are taken out of LaTeX; links stay as they are."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from explainer.curating.canonical import arxiv_link
from explainer.curating.importers.raw import Feed, MissingLibraryError, Raw, whole_text
from explainer.findings import Finding, Location

__all__ = ["read_bibtex"]

_URL: Final = re.compile(r"https?://[^\s{}\\\"<>]+")
_CODE: Final = re.compile(r"https?://(?:www\.)?github\.com/")
_YEAR: Final = re.compile(r"\b(?:1[89]|2\d)\d\d\b")
_ARXIV: Final = re.compile(r"(?:abs/|arxiv[:.\s]*)((?:\d{4}\.\d{4,5}|[a-z-]+/\d{7})(?:v\d+)?)", re.IGNORECASE)


def read_bibtex(feed: Feed) -> Iterator[Raw | Finding]:
    """Read the entries of a file; those that cannot be read are findings, and cost only themselves."""
    try:
        from bibtexparser.entrypoint import parse_string  # noqa: PLC0415  # an extra
        from pylatexenc.latex2text import LatexNodes2Text  # noqa: PLC0415
    except ImportError:
        library, what = "bibtexparser", "reading BibTeX"
        raise MissingLibraryError(library, what) from None
    text = whole_text(feed)
    if isinstance(text, Finding):
        yield text
        return
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL + 1)  # what it logs is reported below
    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL + 1)
    library_of = parse_string(text)
    plain = partial(_plain, LatexNodes2Text(math_mode="verbatim", keep_comments=True).latex_to_text)
    blocks: list[Any] = [*library_of.entries, *library_of.failed_blocks]
    for block in sorted(blocks, key=lambda block: block.start_line or 0):
        if hasattr(block, "fields_dict"):
            yield _record(feed.file, block, plain)
        else:
            line = (block.start_line or 0) + 1
            yield Finding("I802", Location(feed.file, line), f"the entry cannot be read: {_problem(block)}")


def _problem(block: Any) -> str:
    """What is wrong with a block, in a few words."""
    name = type(block).__name__
    if name == "DuplicateBlockKeyBlock":
        return f"the key {block.key!r} stands on an earlier entry too"
    if name == "DuplicateFieldKeyBlock":
        return f"it has two fields {', '.join(map(repr, sorted(block.duplicate_keys)))}"
    return "a brace or a quote is not closed"


def _plain(decode: Callable[[str], str], text: str) -> str:
    """Text without LaTeX: accents, escapes, and the braces that keep capitals. A lone `%` is no comment here."""
    escaped = re.sub(r"(?<!\\)%", r"\\%", text)
    return " ".join(decode(escaped).split())


def _record(file: str, block: Any, plain: Callable[[str], str]) -> Raw:
    values = {name.casefold(): str(field.value) for name, field in block.fields_dict.items()}
    lines = {name.casefold(): field.start_line for name, field in block.fields_dict.items()}
    where = partial(_place, file, block.start_line or 0, lines)
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
    return Raw(record, where, block.key, "models" if is_model else "papers", ready=True)


def _turned(name: str) -> str:
    """`Last, First` as `First Last`; a name in braces stays whole."""
    parts = [part.strip() for part in name.split(",")] if not name.strip().startswith("{") else [name]
    return " ".join([*parts[1:][::-1], parts[0]])


def _paper(values: dict[str, str], urls: list[str]) -> str | None:
    """The link of the paper: where its address stands, else what its arXiv id or DOI means."""
    named = next((url for url in urls if url in values.get("url", "")), None)
    eprint = values.get("eprint", "").strip()
    id_like = _ARXIV.search(" ".join((values.get("journal", ""), values.get("note", ""))))
    arxiv = arxiv_link(eprint) or (arxiv_link(id_like[1]) if id_like else None)
    doi = values.get("doi", "").strip().removeprefix("https://doi.org/").removeprefix("http://dx.doi.org/")
    return named or arxiv or (f"https://doi.org/{doi}" if doi.startswith("10.") else None)


def _place(file: str, start: int, lines: dict[str, int | None], key: str) -> Location:
    """The line of a field, where the file has it on one of its own."""
    source = {"authors": "author", "summary": "abstract", "paper": "url", "github": "url", "name": "title"}.get(
        key, key
    )
    return Location(file, (lines.get(source) or start) + 1)

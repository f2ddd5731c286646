"""Entries → JSON Lines, CSV or BibTeX, so that nobody is locked in. JSON Lines and CSV read back without a loss."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from explainer.catalogs.kinds import ENTRY_KEYS
from explainer.diagnostics.text import slugify

Records = Iterable[tuple[str, dict[str, Any]]]
"""(kind, entry as plain data) pairs."""

LISTS: Final = frozenset({"aliases", "links", "examples", "authors"})
_COLUMNS: Final = ("kind", *ENTRY_KEYS)

_FORMULA: Final = re.compile(r"'*+[=+\-@\t\r]")
"""What a spreadsheet takes for a formula (OWASP, "CSV Injection"), behind any number of apostrophes."""

_ARXIV: Final = re.compile(r"https?://(?:www\.)?arxiv\.org/(?:abs|pdf)/([\w.-]+(?:/\d+)?)", re.IGNORECASE)
_LATEX: Final = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_LATEX_TABLE: Final = str.maketrans(_LATEX)


def guard(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe stands before what would be one."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """Return what was guarded."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _jsonl(records: Records) -> Iterator[str]:
    for kind, record in records:
        yield json.dumps({"kind": kind.removesuffix("s"), **record}, ensure_ascii=False) + "\n"


class _Row:
    """Takes what `csv.writer` writes."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text = text
        return len(text)


def _csv(records: Records) -> Iterator[str]:
    row = _Row()
    writer = csv.writer(row, lineterminator="\n")
    writer.writerow(_COLUMNS)
    yield row.text
    for kind, record in records:
        writer.writerow([kind.removesuffix("s"), *(_cell(record.get(key)) for key in ENTRY_KEYS)])
        yield row.text


def _cell(value: Any) -> str:
    """A value in a cell; a list stands there as JSON."""
    if isinstance(value, list | tuple):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return "" if value is None else guard(str(value))


def _bibtex(records: Records) -> Iterator[str]:
    keys: set[str] = set()
    for kind, record in records:
        if kind in ("models", "papers"):
            key = _key(record, keys)
            fields = "".join(f"  {name} = {{{value}}},\n" for name, value in _bibtex_fields(kind, record))
            yield f"@misc{{{key},\n{fields}}}\n\n"


def _key(record: dict[str, Any], taken: set[str]) -> str:
    """A citation key in ASCII that no other entry of the file has."""
    name = str(record.get("id") or slugify(record.get("name") or record["title"]))
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:60] or "entry"
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    taken.add(key)
    return key


def _bibtex_fields(kind: str, record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "title", "{" + _latex(record.get("title") or record["name"]) + "}"
    if record.get("authors"):
        yield (
            "author",
            " and ".join("{" + _latex(name) + "}" if "," in name else _latex(name) for name in record["authors"]),
        )
    if record.get("year"):
        yield "year", str(record["year"])
    paper = record.get("paper") or ""
    if found := _ARXIV.match(paper):
        yield "eprint", re.sub(r"(?:v\d+)?(?:\.pdf)?$", "", found[1])
        yield "archiveprefix", "arXiv"
    for name, value in (("url", paper), ("code", record.get("github")), ("huggingface", record.get("huggingface"))):
        if value:
            yield name, value.replace("{", "%7B").replace("}", "%7D")
    if record.get("summary"):
        yield "abstract", _latex(record["summary"])
    words = [record[name] for name in ("task", "category") if record.get(name)]
    if words:
        yield "keywords", _latex(", ".join(words))
    if kind == "models":
        yield "note", "AI model"


def _latex(text: str) -> str:
    """A text whose signs LaTeX prints and does not obey; letters of any script stay (biber, lualatex)."""
    return text.translate(_LATEX_TABLE)


EXPORTERS: Final[dict[str, Callable[[Records], Iterator[str]]]] = {"jsonl": _jsonl, "csv": _csv, "bibtex": _bibtex}
"""The formats of `catalog export`."""

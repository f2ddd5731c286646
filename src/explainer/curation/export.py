"""Entries → JSON Lines, CSV, BibTeX, RIS or CSL-JSON, so that nobody is locked in.

JSON Lines and CSV read back without a loss. The others have no room for tasks, examples, aliases and data sets.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from explainer.catalogs.library import Library
from explainer.catalogs.schema import (
    ENTRY_KEYS,
    SOURCE_KINDS,
    Entry,
    Kind,
    PortEntry,
    Task,
    entry_record,
)
from explainer.diagnostics.text import one_line, slugify

Records: TypeAlias = Iterable[tuple[Kind, dict[str, Any]]]
"""(kind, entry as plain data) pairs."""

LISTS: Final = frozenset({"aliases", "links", "examples", "authors"})
_COLUMNS: Final = ("kind", *ENTRY_KEYS)

# What a spreadsheet takes for a formula (OWASP, "CSV Injection"), behind any number of apostrophes.
_FORMULA: Final = re.compile(r"'*+[=+\-@\t\r]")
_ARXIV: Final = re.compile(
    r"^https?://(?:www\.)?arxiv\.org/(?:abs|pdf)/([\w.-]+(?:/\d+)?)", re.IGNORECASE
)
# Braces as commands: BibTeX counts those behind a backslash too, so that only pairs of them may stand there.
_LATEX: Final = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", **{sign: f"\\{sign}" for sign in "&%$#_"},
}  # fmt: skip
# Between these signs LaTeX and the importer would make another one of them: a dash, a quote, `&amp;`.
_LIGATURE: Final = re.compile(r"(?<=-)(?=-)|(?<=')(?=')|(?<=[`?!])(?=`)|(?<=\\&)(?=#?\w+;)")
# What HTML takes for the beginning of a tag or of a reference, and the backslash that importers take for a part of it.
_HTML_SIGN: Final = re.compile(r"<(?=/?[A-Za-z])|\\?&(?=#?\w{2,8};)")
_NOT_A_NAME: Final = re.compile(r",|\b(?:and|others)\b", re.IGNORECASE)
# What tells a model from a paper, for `catalog import`.
_NOTES: Final = {Kind.MODELS: "AI model", Kind.PAPERS: ""}
_RIS_TYPES: Final = {Kind.MODELS: "COMP", Kind.PAPERS: "GEN"}
_CSL_TYPES: Final = {Kind.MODELS: "software", Kind.PAPERS: "article"}
_DOI_HOST: Final = "https://doi.org/"
_LATEX_TABLE: Final = str.maketrans(_LATEX)
# Pandoc (2.17) knows these, and drops the commands.
_PAIRED_BRACES: Final = str.maketrans({**_LATEX, "{": r"\{", "}": r"\}"})


def entries_of(library: Library, kind: Kind) -> Iterable[Entry | Task | PortEntry]:
    """Return the entries of one kind, in the order of the catalogs."""
    by_kind: dict[Kind, Iterable[Entry | Task | PortEntry]] = {
        Kind.MODELS: library.models,
        Kind.PAPERS: library.papers,
        Kind.TASKS: library.tasks,
        Kind.PORTS: library.own_ports,
    }
    return by_kind[kind]


def export(library: Library, output_format: str, kind: Kind | None = None) -> Iterator[str]:
    """Yield the text of the entries of a library, a part at a time.

    Args:
        library: the library.
        output_format: one of `EXPORT_FORMATS`.
        kind: only entries of this kind.
    """
    kinds = Kind if kind is None else [kind]
    return export_entries(
        ((kind, entry) for kind in kinds for entry in entries_of(library, kind)), output_format
    )


def export_entries(
    entries: Iterable[tuple[Kind, Entry | Task | PortEntry]], output_format: str
) -> Iterator[str]:
    """Yield the text of some entries, each with its kind, a part at a time; see `export`."""
    kinds, write = _EXPORTERS[output_format]
    return write((kind, entry_record(kind, entry)) for kind, entry in entries if kind in kinds)


def guard(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe stands before what would be one."""
    if _FORMULA.match(cell):
        return f"'{cell}"
    return cell


def unguard(cell: str) -> str:
    """Return what was guarded."""
    if _FORMULA.match(cell):
        return cell.removeprefix("'")
    return cell


def _jsonl(records: Records) -> Iterator[str]:
    for kind, record in records:
        yield json.dumps({"kind": kind.singular, **record}, ensure_ascii=False) + "\n"


def _csv(records: Records) -> Iterator[str]:
    yield _csv_line(_COLUMNS)
    for kind, record in records:
        yield _csv_line([kind.singular, *(_cell(record.get(key)) for key in ENTRY_KEYS)])


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _cell(value: Any) -> str:
    """A value in a cell; a list stands there as JSON."""
    if value in (None, []):
        return ""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return guard(str(value))


def _bibtex(records: Records) -> Iterator[str]:
    taken: set[str] = set()
    for kind, record in records:
        key = _citation_key(record, taken)
        fields = "".join(
            f"  {name} = {{{value}}},\n" for name, value in _bibtex_fields(kind, record)
        )
        yield f"@misc{{{key},\n{fields}}}\n\n"


def _ris(records: Records) -> Iterator[str]:
    for kind, record in records:
        lines = "".join(f"{tag}  - {one_line(text)}\n" for tag, text in _ris_lines(kind, record))
        yield f"TY  - {_RIS_TYPES[kind]}\n{lines}ER  - \n\n"


def _ris_lines(kind: Kind, record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The values that an entry has in RIS, by their tags."""
    paper = record.get("paper", "")
    doi = paper.removeprefix(_DOI_HOST) if paper.startswith(_DOI_HOST) else ""
    # a doubled comma is EndNote's sign for one that belongs to the name
    values: dict[str, Iterable[Any]] = {
        "TI": [_markup(record[kind.name_key])],
        "AU": [name.replace(",", ",,", 1) for name in record.get("authors", ())],
        "DO": [doi],
        "PY": [record.get("year")],
        "AB": [_markup(record.get("summary", ""))],
        "KW": [record.get("category")],
        "N1": [_NOTES[kind]],
        "UR": ["" if doi else paper, record.get("github"), record.get("huggingface")],
        "L3": record.get("links", ()),
    }
    for tag, texts in values.items():
        for text in filter(None, texts):
            yield tag, str(text)


def _markup(text: str) -> str:
    """A text in which nothing is a tag or a reference of HTML: formats with marks in their texts show it as it is."""
    return _HTML_SIGN.sub(lambda sign: html.escape(sign.group()).replace("\\", "&#92;"), text)


def _csl_json(records: Records) -> Iterator[str]:
    separator = "[\n"
    taken: set[str] = set()
    for kind, record in records:
        item = csl_item(kind, record)
        item["id"] = _untaken(item["id"], taken)
        yield separator + json.dumps(item, ensure_ascii=False)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def csl_item(kind: Kind, record: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as an item of CSL-JSON; what that has no variable for stands under `custom`."""
    links = [record.get("github"), record.get("huggingface"), *record.get("links", ())]
    category = record.get("category", "")
    item = {
        "id": record.get("id") or slugify(record[kind.name_key]) or "entry",
        "type": _CSL_TYPES[kind],
        "title": _markup(record[kind.name_key]),
        "author": [{"literal": name} for name in record.get("authors", ())],
        "issued": {"date-parts": [[record["year"]]]} if "year" in record else None,
        "URL": record.get("paper"),
        "abstract": _markup(record.get("summary", "")),
        "keyword": category,
        "note": _NOTES[kind],
        "custom": _with_values(
            {"links": list(filter(None, links)), "category": category if "," in category else ""}
        ),
    }
    return _with_values(item)


def _with_values(mapping: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if value}


def _citation_key(record: dict[str, Any], taken: set[str]) -> str:
    """A citation key in ASCII that no other entry of the file has."""
    name = str(record.get("id") or slugify(record.get("name") or record["title"]))
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    key = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:60]
    # nothing is left of a name in another script
    return _untaken(key or "entry", taken)


def _untaken(stem: str, taken: set[str]) -> str:
    """A key that no other entry of the file has; it is taken from now on."""
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    taken.add(key)
    return key


def _bibtex_fields(kind: Kind, record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields that an entry has in BibTeX; without a value they are left out."""
    paper = record.get("paper", "")
    arxiv = "".join(_ARXIV.findall(paper))
    texts = {
        "title": f"{{{_latex(record[kind.name_key])}}}",
        "author": " and ".join(map(_author, record.get("authors", ()))),
        "year": str(record.get("year") or ""),
        "eprint": re.sub(r"(?:v\d+)?(?:\.pdf)?$", "", arxiv),
        "archiveprefix": "arXiv" * bool(arxiv),
        "url": _url(paper),
        "code": _url(record.get("github", "")),
        "huggingface": _url(record.get("huggingface", "")),
        "links": " ".join(map(_url, record.get("links", ()))),
        "abstract": _latex(record.get("summary", "")),
        "keywords": _keyword(record.get("category", "")),
        "note": _NOTES[kind],
    }
    return ((name, text) for name, text in texts.items() if text)


def _author(name: str) -> str:
    """A name; in braces where a comma would turn it around, or a word of it would be none."""
    if _NOT_A_NAME.search(name):
        return f"{{{_latex(name)}}}"
    return _latex(name)


def _keyword(text: str) -> str:
    """A keyword; in braces where a comma would make two of it."""
    if "," in text:
        return f"{{{_latex(text)}}}"
    return _latex(text)


def _url(url: str) -> str:
    """A link whose braces do not end its field."""
    return url.replace("{", "%7B").replace("}", "%7D")


def _latex(text: str) -> str:
    """A text whose signs LaTeX prints and does not obey; letters of any script stay (biber, lualatex)."""
    table = _PAIRED_BRACES if _has_paired_braces(text) else _LATEX_TABLE
    return _LIGATURE.sub("{}", text.translate(table))


def _has_paired_braces(text: str) -> bool:
    depth = 0
    for brace in re.findall("[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


# The kinds of entries that a format has room for, and what writes it.
_EXPORTERS: Final[dict[str, tuple[Sequence[Kind], Callable[[Records], Iterator[str]]]]] = {
    "jsonl": (tuple(Kind), _jsonl),
    "csv": (tuple(Kind), _csv),
    "bibtex": (SOURCE_KINDS, _bibtex),
    "ris": (SOURCE_KINDS, _ris),
    "csl-json": (SOURCE_KINDS, _csl_json),
}
EXPORT_FORMATS: Final = tuple(_EXPORTERS)

"""Lists that people keep elsewhere → records with places. A format is a module, named in `IMPORTERS` and `SUFFIXES`.

An importer reads one open file as a stream, and yields records and findings in the order of the file. It knows its
format and nothing of catalogs: what the records mean there is the business of `normalize`.
"""

from __future__ import annotations

from typing import Final

from explainer.curation.importers.arxiv import read_atom
from explainer.curation.importers.bibtex import read_bibtex
from explainer.curation.importers.delimited import read_csv, read_tsv
from explainer.curation.importers.json_records import read_json, read_json_lines
from explainer.curation.importers.model_card import read_card
from explainer.curation.importers.reading import (
    Importer,
    MissingLibraryError,
    RecordStream,
    SourceRecord,
)
from explainer.curation.importers.ris import read_ris
from explainer.curation.importers.spreadsheet import read_spreadsheet
from explainer.curation.importers.yaml_files import read_catalog

__all__ = [
    "IMPORTERS",
    "SUFFIXES",
    "Importer",
    "MissingLibraryError",
    "RecordStream",
    "SourceRecord",
]

IMPORTERS: Final[dict[str, Importer]] = {
    "csv": read_csv,
    "tsv": read_tsv,
    "xlsx": read_spreadsheet,
    "jsonl": read_json_lines,
    "json": read_json,
    "yaml": read_catalog,
    "bibtex": read_bibtex,
    "ris": read_ris,
    "csl-json": read_json,
    "openalex": read_json,
    "openmmlab": read_catalog,
    "zotero-csv": read_csv,
    "modelcard": read_card,
    "arxiv-atom": read_atom,
}
"""The formats of `catalog import`. Some are read by the importer of what they are written in, which recognises them."""

SUFFIXES: Final[dict[str, str]] = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".xlsx": "xlsx", ".xlsm": "xlsx", ".ods": "xlsx", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".json": "json", ".yaml": "yaml", ".yml": "yaml", ".bib": "bibtex", ".ris": "ris",
    ".md": "modelcard", ".xml": "arxiv-atom", ".atom": "arxiv-atom",
}  # fmt: skip
"""The format that the name of a file speaks for."""

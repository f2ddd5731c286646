"""Which source a path means."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Final

from explainer.batching.sources import FolderSource, LinesSource, Source
from explainer.findings import Finding, Location, Parsed
from explainer.workspace import CATALOG_SUFFIXES, STDIN, display_path

__all__ = ["open_source"]

TABLE_SUFFIXES: Final = (".csv", ".parquet")


def open_source(path: Path, out: Path) -> Parsed[Source]:  # noqa: PLR0911  # each kind of path ends it
    """Return the source that a path means: a folder, a `.jsonl`, `-` for lines from stdin, a `.csv` or `.parquet`."""
    if str(path) == STDIN:
        if sys.stdin is None:
            return Parsed(None, (Finding("F104", Location("<stdin>"), "cannot be read: stdin is closed"),))
        return Parsed(LinesSource(path))
    file = display_path(path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Parsed(None, (Finding("F101", Location(file), "no such file or folder"),))
    except (OSError, ValueError) as error:
        return Parsed(None, (Finding("F104", Location(file), f"cannot be read: {error}"),))
    if stat.S_ISDIR(mode) and path.suffix != ".parquet":  # engines write tables as folders of parts
        return Parsed(FolderSource(path, out))
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return Parsed(None, (Finding("F102", Location(file), "not a regular file", "use - to read lines from stdin"),))
    if path.suffix in TABLE_SUFFIXES:
        from explainer.batching.tables import open_table  # noqa: PLC0415  # few batches read tables

        return open_table(path)
    if path.suffix in CATALOG_SUFFIXES:
        hint = "build one question with `explainer build`, or give the folder"
        message = "a source is a folder or a .jsonl, not a YAML file"
        return Parsed(None, (Finding("F102", Location(file), message, hint),))
    return Parsed(LinesSource(path))

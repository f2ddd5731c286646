"""What was met before in a source of any size: kept in a database on the disk, so that memory stays flat."""

from __future__ import annotations

import contextlib
import sqlite3
from hashlib import blake2b
from typing import Final

__all__ = ["Seen"]

_CACHE_KIB: Final = 8 * 1024


class Seen:
    """Texts, and the line where each stood first. The database goes away by itself."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        """Open a database that the stack closes."""
        self._database = stack.enter_context(contextlib.closing(sqlite3.connect("")))
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE seen (name BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")

    def add(self, text: str, line: int) -> int | None:
        """Remember a text; return the line where it stood before, or None."""
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        try:
            self._database.execute("INSERT INTO seen VALUES (?, ?)", (key, line))
        except sqlite3.IntegrityError:
            row = self._database.execute("SELECT line FROM seen WHERE name = ?", (key,)).fetchone()
            return int(row[0])
        return None

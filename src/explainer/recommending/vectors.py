"""Vectors on disk, found by the hash of their text: a cache that may be deleted, cut off or corrupted at any time.

A file of records of one size: the hash of a text, its vector, a checksum of both. Whole records are appended; what does
not check out is computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np

__all__ = ["VectorCache"]

_KEY: Final = 16
_CHECK: Final = 4


class VectorCache:
    """The vectors of one model. All texts get vectors of the same length."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._vectors: dict[bytes, np.ndarray[Any, Any]] = {}
        self._raw: dict[bytes, bytes] | None = None
        self._new: list[bytes] = []

    def get(self, text: str, embed: Callable[[str], np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        """Return the vector of a text: from memory, from the disk, or computed."""
        import numpy as np

        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()
        if key in self._vectors:
            return self._vectors[key]
        if self._raw is None and self._path.exists():
            size = len(embed("")) * 4
            self._raw = self._read(size)
        stored = (self._raw or {}).get(key)
        vector = np.frombuffer(stored, dtype="<f4") if stored is not None else embed(text)
        self._vectors[key] = vector
        if stored is None:
            body = key + vector.astype("<f4").tobytes()
            self._new.append(body + zlib.crc32(body).to_bytes(_CHECK, "big"))
        return vector

    def flush(self) -> None:
        """Append the new vectors to the file; a disk that takes nothing costs time later, and no more."""
        if not self._new:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            record = len(self._new[0])
            torn = self._path.stat().st_size % record if self._path.exists() else 0
            with self._path.open("ab") as stream:
                stream.write(b"\0" * ((record - torn) % record) + b"".join(self._new))
        self._new.clear()

    def _read(self, size: int) -> dict[bytes, bytes]:
        """The records that check out."""
        raw = b""
        with contextlib.suppress(OSError):
            raw = self._path.read_bytes()
        record = _KEY + size + _CHECK
        found = {}
        for start in range(0, len(raw) - record + 1, record):
            body, check = raw[start : start + _KEY + size], raw[start + _KEY + size : start + record]
            if zlib.crc32(body).to_bytes(_CHECK, "big") == check:
                found[body[:_KEY]] = body[_KEY:]
        return found

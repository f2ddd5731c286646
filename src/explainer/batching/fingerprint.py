"""Hashes of files that decide many outputs: catalogs and templates. Nothing is parsed, so nothing heavy is loaded."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from explainer.batching.manifest import content_hash
from explainer.workspace import CatalogPath, builtin_folder

__all__ = ["hash_of_catalogs", "hash_of_template"]

_QUOTED: Final = re.compile(r"""["']([^"'\n]{1,200})["']""")
_MOST_BYTES: Final = 1024 * 1024


def hash_of_catalogs(paths: Sequence[CatalogPath]) -> str:
    """Return the hash of the bytes of some catalogs, and of their order; one that is not there has none.

    Raises:
        OSError: when one cannot be read.
    """
    parts: list[bytes] = []
    for entry in paths:
        parts.append(f"{entry.rank}".encode())
        parts.append(entry.path.read_bytes() if entry.path.is_file() else b"")
    return content_hash(b"catalogs", *parts)


def hash_of_template(template: str, *, builtin: bool) -> str:
    """Return the hash of a template and of all that it may include: every file of its folder that it names.

    Raises:
        OSError: when it cannot be read.
    """
    shipped = builtin_folder("templates")
    with os.scandir(shipped) as scan:
        names = sorted(entry.name for entry in scan if entry.name.endswith(".j2"))
    parts = [(shipped / name).read_bytes() for name in names]
    if builtin:
        return content_hash(template.encode(), *parts)
    path = Path(template)
    folder = path.absolute().parent.resolve()
    found: dict[Path, bytes] = {}
    waiting = [path]
    while waiting:
        one = waiting.pop()
        source = one.read_bytes()
        found[one] = source
        for name in _QUOTED.findall(source.decode("utf-8", "replace")):
            named = (folder / name).resolve()
            if named not in found and named.is_relative_to(folder) and _is_small_file(named):
                waiting.append(named)
    return content_hash(*parts, *(source for _, source in sorted(found.items())))


def _is_small_file(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= _MOST_BYTES
    except (OSError, ValueError):
        return False

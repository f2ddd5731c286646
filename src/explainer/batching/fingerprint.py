"""Hashes of files that decide many outputs: catalogs and templates. Nothing is parsed, so nothing heavy is loaded."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from explainer.batching.manifest import content_hash
from explainer.catalogs.loading import CatalogPath
from explainer.files import builtin_folder

_QUOTED: Final = re.compile(r"""["']([^"'\n]{1,200})["']""")
_MOST_BYTES: Final = 1024 * 1024


def hash_of_catalogs(paths: Sequence[CatalogPath]) -> str:
    """Return the hash of the bytes of some catalogs, and of their order; one that is not there has none.

    Raises:
        OSError: when one cannot be read.
    """
    return hash_of_contents((path.rank, path.path.read_bytes() if path.path.is_file() else b"") for path in paths)


def hash_of_contents(catalogs: Iterable[tuple[int, bytes]]) -> str:
    """Return the hash of catalogs whose ranks and bytes are known; see `hash_of_catalogs`."""
    return content_hash(b"catalogs", *(part for rank, raw in catalogs for part in (f"{rank}".encode(), raw)))


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
    return content_hash(*parts, *(source for _, source in sorted(template_files(Path(template)).items())))


def template_files(path: Path) -> dict[Path, bytes]:
    """Return the bytes of a template, under its path as given, and of every file of its folder that it names.

    Raises:
        OSError: when it cannot be read.
    """
    folder = path.absolute().parent.resolve()
    sources: dict[Path, bytes] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        sources[file] = file.read_bytes()
        # every quoted text that is a file beside it: Jinja would have to be loaded to know what is included
        for name in _QUOTED.findall(sources[file].decode("utf-8", "replace")):
            included = (folder / name).resolve()
            if included not in sources and included.is_relative_to(folder) and _is_small_file(included):
                waiting.append(included)
    return sources


def _is_small_file(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= _MOST_BYTES
    except (OSError, ValueError):
        return False

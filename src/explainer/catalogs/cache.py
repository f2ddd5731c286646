"""Keeps catalogs that were read and found right, so that a large one is read once.

A cached catalog is found by the hash of its bytes, and is validated again like any other, only faster: JSON instead of
YAML, and no search for what is wrong. A file of the cache can be deleted or damaged at any time, then the catalog is
read as always. Only folders that belong to the user alone are trusted.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from explainer._version import __version__
from explainer.catalogs.schema import Catalog
from explainer.files import cache_folder, is_private, write_whole

LEAST_BYTES: Final = 64 * 1024
"""Smaller catalogs are read as fast as the cache."""
_HASH_CHARACTERS: Final = 64
# Another layout of the file gets another number, so that an old file is no catalog.
_MAGIC: Final = b"explainer/catalog/2\n"
# Catalogs that are kept; the oldest go first.
_MOST_FILES: Final = 32


def _path(raw: bytes) -> Path:
    # The version belongs to the key: another one may find mistakes where this one found none.
    key = sha256(__version__.encode() + b"/")
    key.update(raw)
    return cache_folder() / f"catalog-{key.hexdigest()}.json"


def _head(body: bytes) -> bytes:
    return _MAGIC + sha256(body).hexdigest().encode() + b"\n"


@contextlib.contextmanager
def _no_garbage() -> Iterator[None]:
    """Look for no circles while thousands of values are made that have none: it takes as long as making them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def cached_catalog(raw: bytes) -> Catalog | None:
    """Return the catalog that these bytes are, or None when it is not in the cache."""
    if len(raw) < LEAST_BYTES:
        return None
    try:
        path = _path(raw)
        if not is_private(path.parent):
            return None
        with path.open("rb", buffering=0) as stream:
            head = stream.read(len(_MAGIC) + _HASH_CHARACTERS + 1)
            body = stream.readall()
        if head != _head(body):
            return None
        with _no_garbage():
            return Catalog.model_validate_json(body)
    except (OSError, RuntimeError, ValidationError):  # RuntimeError: there is no home folder
        return None


def keep_catalog(raw: bytes, catalog: Catalog) -> None:
    """Put a catalog about which there is nothing to say into the cache; what goes wrong goes unsaid."""
    if len(raw) < LEAST_BYTES:
        return
    with contextlib.suppress(OSError, RuntimeError):
        path = _path(raw)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_private(path.parent):
            return
        body = catalog.model_dump_json(exclude_defaults=True).encode()
        write_whole(path, _head(body) + body)
        files = sorted(path.parent.glob("catalog-*.json"), key=lambda file: file.stat().st_mtime_ns)
        for old in files[:-_MOST_FILES]:
            old.unlink()

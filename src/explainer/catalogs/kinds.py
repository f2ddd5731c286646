"""The kinds of entries that a catalog holds, and the keys that an entry of each kind has."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from explainer.catalogs.schema import Entry, PortEntry, Task


class Kind(StrEnum):
    """One kind of entry. Its value is the key under which a catalog lists the entries of this kind."""

    MODELS = "models"
    PAPERS = "papers"
    TASKS = "tasks"
    PORTS = "ports"

    @property
    def name_key(self) -> str:
        """The key that names an entry of this kind."""
        return _NAME_KEYS[self]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of an entry of this kind, in the order in which they are written."""
        return _KEYS[self]

    @property
    def singular(self) -> str:
        """The word for one entry of this kind."""
        return self.value.removesuffix("s")


_NAME_KEYS: Final = {Kind.MODELS: "name", Kind.PAPERS: "title", Kind.TASKS: "id", Kind.PORTS: "id"}

# The order in which people read an entry: what it is called, what it does, where it is, what is said about it.
_KEYS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.MODELS: (
        "name", "id", "aliases", "signature", "task", "category", "dataset", "paper", "github", "huggingface", "links",
        "summary", "examples", "deprecated",
    ),
    Kind.PAPERS: (
        "title", "id", "aliases", "authors", "year", "task", "category", "dataset", "paper", "github", "huggingface",
        "links", "summary", "examples", "deprecated",
    ),
    Kind.TASKS: ("id", "description", "aliases"),
    Kind.PORTS: ("id", "description", "aliases"),
}  # fmt: skip

SOURCE_KINDS: Final = (Kind.MODELS, Kind.PAPERS)
"""The kinds whose entries can be offered to a question as sources."""

ENTRY_KEYS: Final = tuple(dict.fromkeys(key for kind in Kind for key in kind.keys))
"""Every key that an entry of some kind can have, each once."""


def entry_record(kind: Kind, entry: Entry | Task | PortEntry) -> dict[str, Any]:
    """Return what an entry says as plain data: its keys in the order of `Kind.keys`, without what it leaves out."""
    data = entry.model_dump(mode="json", exclude_defaults=True)
    return {key: data[key] for key in kind.keys if key in data}

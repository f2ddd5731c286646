"""Which questions name an entry, and where: by its name, its id or an alias."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from explainer.findings import Location
from explainer.question import LoadedQuestion
from explainer.resolve import EntryIndex, Library
from explainer.schema import Entry

__all__ = ["Use", "index_of", "uses"]


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a question names an entry.

    Attributes:
        question: the id of the question.
        item: what stands there: the name, the id or an alias.
        position: the number of the item in its list, from 0.
        location: where it is.
    """

    question: str
    item: str
    position: int
    location: Location


def index_of(library: Library, kind: str) -> EntryIndex[Entry]:
    """Return the entries of one kind: `models` or `papers`."""
    index: EntryIndex[Entry] = library.models if kind == "models" else library.papers  # type: ignore[assignment]
    return index


def uses(loaded: LoadedQuestion, library: Library, kind: str, label: str) -> Iterator[Use]:
    """Yield the places where a question names the entry of one kind that is called `label`."""
    index = index_of(library, kind)
    for position, item in enumerate(getattr(loaded.question, kind) or ()):
        if isinstance(item, str) and any(entry.label == label for entry in index.find(item)):
            yield Use(loaded.id, item, position, loaded.document.locate((kind, position)))

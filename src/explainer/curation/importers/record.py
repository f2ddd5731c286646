"""What importers take and give: the interface of this package."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, TypeAlias

from explainer.catalogs.schema import Kind
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import one_line
from explainer.documents.document import as_list, mappings_in

MAX_LINE: Final = 16 * 1024 * 1024
"""Bytes of one line, and of one record."""

MAX_WHOLE: Final = 64 * 1024 * 1024
"""Bytes of a file whose format can only be read as a whole."""

GITHUB_LINK: Final = re.compile(r"https?://(?:www\.)?github\.com/[\w.-]+/[\w.-]*\w")
"""A link to a repository in running text: the full stop of its sentence is no part of it."""

REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
"""`owner/name`, as GitHub and Hugging Face call repositories."""

# Between two links in one field; an archive's link has another one behind a slash, and that is one link.
_BETWEEN_LINKS: Final = re.compile(r"(?:(?<!\s)\s++and|(?<![\s,;|]))[\s,;|]++(?=https?://|www\.|\Z)", re.IGNORECASE)


def split_links(text: str) -> list[str]:
    """Return the links of a field that may hold several; what is none stays with the link before it."""
    return list(filter(None, _BETWEEN_LINKS.split(text.strip())))


@dataclass(frozen=True, slots=True)
class RecordStream:
    """An open file.

    Attributes:
        file: the name that findings give it.
        stream: its bytes; it can be read again from its beginning.
        inside: its path below the folder that is imported; empty for a single file.
        mapping: the fields that the user gave to columns, by the name of the column.
    """

    file: str
    stream: BinaryIO = field(repr=False)
    inside: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One record of a source, in the source's own words.

    Attributes:
        values: its values by its own keys, numbers as the text that stands there.
        where: gives the place of a key; of the record for the empty key.
        id: what the source calls it, if it has ids of its own.
        kind: what it is, where the format says it.
        licence: the licence that the record itself states.
        ready: the keys are those of catalogs.
        literal: the values are those of a catalog too: not a character is changed.
    """

    values: dict[str, Any]
    where: Callable[[str], Location]
    id: str | None = None
    kind: Kind | None = None
    licence: str | None = None
    ready: bool = False
    literal: bool = False


Importer: TypeAlias = Callable[[RecordStream], Iterator[SourceRecord | Finding]]


def renamed(where: Callable[[str], Location], names: Mapping[str, str]) -> Callable[[str], Location]:
    """Return what gives the places of keys of catalogs, by what these keys are called in the source."""
    return lambda key: where(names.get(key, key))


def as_text(value: Any) -> str | None:
    """Return a value that is text, and not empty; None for any other."""
    return value if isinstance(value, str) and value else None


def unread_lists(document: Mapping[str, Any], locate: Callable[[str], Location]) -> Iterator[Finding]:
    """Yield a finding for each part of a catalog that is no list of entries, and for each other list beside them.

    Args:
        document: the document, which has a list of entries.
        locate: gives the place of a key.
    """
    kinds = list(Kind)
    for key, value in document.items():
        if key not in kinds:
            if mappings_in(value):
                names = ", ".join(kinds)
                yield Finding("I802", locate(key), f"the list {key!r} is not read", f"lists are called {names}")
        elif not isinstance(value, list | None):
            message = f"{key!r} is not a list of entries; it is left out"
            yield Finding("I802", locate(key), message, "begin each entry with a dash, or put all in brackets")


def text_in(value: Any) -> str:
    """Return a value that is text, stripped; an empty one for any other."""
    return value.strip() if isinstance(value, str) else ""


def on_one_line(value: Any) -> Any:
    """Return a value that is text on one line; any other as it is."""
    return one_line(value) if isinstance(value, str) else value


def texts_in(value: Any) -> list[str]:
    """Return the texts of a list, or a text that stands by itself; without empty ones."""
    items = [value] if isinstance(value, str) else as_list(value)
    return list(filter(None, map(text_in, items)))


def first_of(values: Iterable[Any]) -> Any:
    """Return the first value that says something."""
    return next(filter(None, values), None)


class MissingLibraryError(Exception):
    """A format needs a library that is not installed."""

    def __init__(self, library: str, what: str) -> None:
        super().__init__(f"{what} needs {library}; run: pip install 'cnaps-explainer[import]'")


def load_library(module: str, package: str, purpose: str) -> Any:
    """Import a module of a library that only some formats need.

    Args:
        module: the module.
        package: what to install.
        purpose: what it is needed for.

    Raises:
        MissingLibraryError: when it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingLibraryError(package, purpose) from None

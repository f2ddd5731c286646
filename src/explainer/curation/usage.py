"""Which questions name an entry, and where: by its name, its id or an alias.

One entry under a new name: the change to its catalog, and to the text of each question that names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from explainer.catalogs.kinds import Kind
from explainer.catalogs.library import EntryIndex, Library
from explainer.catalogs.question import LoadedQuestion
from explainer.catalogs.schema import Entry
from explainer.diagnostics.finding import Location
from explainer.documents.edits import Edit
from explainer.documents.yaml_editor import Editor
from explainer.documents.yaml_reader import read_yaml


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


_BEFORE_ALIASES: Final = ("name", "title", "id")


def rename_in_catalog(text: str, file: str, kind: str, old: str, new: str, *, keep_alias: bool) -> Editor | None:
    """Return the changes that give an entry of a catalog its new name; None when the catalog has no such entry.

    Args:
        text: the text of the catalog.
        file: the name that findings give it.
        kind: `models` or `papers`.
        old: the name or title that it has.
        new: the one that it gets; where that was an alias of it, it is one no longer.
        keep_alias: the old name becomes an alias.
    """
    data: Any = read_yaml(text, file).data or {}
    at = next((at for at, item in enumerate(data.get(kind) or ()) if item.get(Kind(kind).name_key) == old), None)
    if at is None:
        return None
    editor = Editor(text, file)
    editor.set((kind, at, Kind(kind).name_key), new)
    entry = data[kind][at]
    aliases = [alias for alias in entry.get("aliases") or () if alias != new]
    if keep_alias:
        aliases.append(old)
    if aliases != (entry.get("aliases") or []):
        before = Kind(kind).keys[: Kind(kind).keys.index("aliases")]
        editor.set((kind, at, "aliases"), aliases, after=before)
    return editor


def outdated_uses(
    loaded: LoadedQuestion, before: Library, after: Library, kind: str, names: tuple[str, str], *, keep_alias: bool
) -> list[Use]:
    """Return the places where a question should name an entry anew.

    They are those that have its old name, unless that is kept as an alias; and those that no longer lead to it, such
    as an id that was made of the old name.
    """
    old, new = names
    index = index_of(after, kind)
    return [
        use
        for use in uses(loaded, before, kind, old)
        if (use.item == old and not keep_alias) or [entry.label for entry in index.find(use.item)] != [new]
    ]


def rename_in_question(text: str, file: str, kind: str, outdated: Sequence[Use], new: str) -> Editor:
    """Return the changes that make a question (YAML) use the new name."""
    editor = Editor(text, file)
    for use in outdated:
        editor.set((kind, use.position), new)
    return editor


def rename_in_line(text: str, outdated: Sequence[Use], new: str) -> list[Edit]:
    """Return the edits that make questions (lines of JSON) use the new name.

    Args:
        text: the whole text of the file.
        outdated: the places, of any of its lines.
        new: the new name.
    """
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    edits = []
    for use in outdated:
        start = starts[use.location.line - 1] + use.location.column - 1
        _, end = json.JSONDecoder().raw_decode(text, start)
        edits.append(Edit(start, end, json.dumps(new, ensure_ascii=False)))
    return edits

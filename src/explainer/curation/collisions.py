"""Which imported entries another catalog of the project has already: questions that name them would mean two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from explainer.catalogs.kinds import SOURCE_KINDS, Kind
from explainer.catalogs.links import identify
from explainer.catalogs.loading import find_catalogs
from explainer.curation.normalize import NormalizedEntry
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import shorten
from explainer.documents.document import Document
from explainer.documents.yaml_reader import read_yaml
from explainer.files import MAX_CATALOG_BYTES, builtin_folder, display_path, read_text

_SIGN: Final = re.compile(r"[\W_]+")


class ProjectEntries:
    """The entries of the other catalogs of a project: those that questions get beside the one that is written."""

    def __init__(self, out: Path) -> None:
        """Read the catalogs.

        Args:
            out: the catalog that is written.
        """
        self._places: dict[str, Location] = {}
        shipped = builtin_folder("catalogs").resolve()
        for path in (catalog.path for catalog in find_catalogs(out.absolute().parent)):
            # a project without catalogs of its own has those that ship, and loses them with its first one
            is_other = path.resolve() != out.resolve() and shipped not in path.resolve().parents
            text = read_text(path, limit=MAX_CATALOG_BYTES).value if is_other else None
            if text is not None:
                self._add(read_yaml(text, display_path(path)))

    def _add(self, document: Document) -> None:
        data = document.data if isinstance(document.data, dict) else {}
        for kind in SOURCE_KINDS:
            items = data.get(kind)
            for index, item in enumerate(items if isinstance(items, list) else ()):
                if isinstance(item, dict):
                    for key in _keys(kind, item.get(kind.name_key), item.get("paper")):
                        self._places.setdefault(key, document.locate((kind, index)))

    def collisions(self, entry: NormalizedEntry) -> Iterator[Finding]:
        """Yield a finding about an entry that another catalog has."""
        for key in _keys(entry.kind, entry.name, entry.record.get("paper")):
            place = self._places.get(key)
            if place is not None:
                same = key.split(" ", 2)[1]
                message = f"{shorten(entry.name)!r} stands in {place.file}:{place.line} already, by its {same}"
                hint = "keep one of the two: a question that names it may mean both"
                yield Finding("I814", entry.location, message, hint, entry.name)
                return


def _keys(kind: Kind, name: object, paper: object) -> Iterable[str]:
    """What makes an entry the same as another one: its name in any spelling, or the link of a paper.

    Models share the links of their papers with their siblings.
    """
    keys = [f"{kind} {kind.name_key} {_SIGN.sub(' ', str(name)).strip().casefold()}"]
    link = identify(paper) if kind is Kind.PAPERS and isinstance(paper, str) else None
    if link is not None:
        keys.append(f"{kind} link {link.key}")
    return keys

"""Where imported entries come from: a line of JSON for each, in a file beside the catalog.

`papers.yaml` has `papers.sources.jsonl`. The format of catalogs has no room for it, and a comment is easily lost. Each
line also holds a digest of every value that the source gave: what differs from it now was changed by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from explainer.curation.normalize import NormalizedEntry
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import digest
from explainer.files import MAX_CATALOG_BYTES

MAX_ORIGINS_BYTES: Final = 4 * MAX_CATALOG_BYTES
"""Bytes of a record of sources: a line of it may be longer than the entry that it is about."""

# Enough to tell the former value of one field from another one.
_DIGEST_BYTES: Final = 6


class Origin(BaseModel):
    """Where one entry comes from: a line of the record of sources.

    Attributes:
        kind: `model`, `paper`, `task` or `port`.
        name: its name in the catalog.
        source: the source: a file, an address, whatever the curator calls it.
        id: what the source calls the entry.
        retrieved: the day of the import, as YYYY-MM-DD.
        licence: the licence of the record, None when the source does not say; whatever a hand wrote there stays.
        fields: a digest of each value that the source gave.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    kind: str
    name: str
    source: str
    id: str
    retrieved: str
    licence: Any
    fields: Mapping[str, str]

    def to_line(self) -> str:
        """Return it as a line of JSON, with its line break."""
        return json.dumps(self.model_dump(), ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class ImportedSource:
    """A source that entries are imported from.

    Attributes:
        name: what it is called in the record of sources.
        retrieved: the day, as YYYY-MM-DD.
        licence: the licence of the whole source, if it is known; that of a record itself comes first.
    """

    name: str
    retrieved: str
    licence: str | None = None

    def origin_of(self, entry: NormalizedEntry, name: str | None = None) -> Origin:
        """Return where an entry comes from.

        Args:
            entry: the entry.
            name: its name in the catalog, where that is another.
        """
        return Origin(
            kind=entry.kind.singular,
            name=name or entry.name,
            source=self.name,
            id=entry.id,
            retrieved=self.retrieved,
            licence=entry.licence or self.licence,
            fields={key: digest_of(value) for key, value in entry.record.items()},
        )


def digest_of(value: Any) -> str:
    """Return a digest of a value; a number counts as the text that a catalog shows."""
    if isinstance(value, list | tuple):
        return digest(json.dumps([str(item) for item in value], ensure_ascii=False), _DIGEST_BYTES)
    return digest(str(value), _DIGEST_BYTES)


def parse_origins(text: str, file: str) -> Parsed[list[Origin]]:
    """Read the origins of a catalog."""
    origins: list[Origin] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            origins.append(Origin.model_validate_json(line))
        except ValidationError:
            hint = "restore the file; without it, hand edits cannot be told from old imports"
            findings.append(Finding("I809", Location(file, number), "not a line of a record of sources", hint))
    return Parsed(origins, tuple(findings))

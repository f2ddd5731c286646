"""Where imported entries come from: a line of JSON for each, in a file beside the catalog.

`papers.yaml` has `papers.sources.jsonl`. The format of catalogs has no room for it, and a comment is easily lost. Each
line also holds a digest of every value that the source gave: what differs from it now was changed by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from explainer.findings import Finding, Location, Parsed
from explainer.text import digest

__all__ = ["Origin", "digest_of", "origin_line", "parse_origins"]

_DIGEST_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one entry comes from.

    Attributes:
        kind: `models`, `papers`, `tasks` or `ports`.
        name: its name in the catalog.
        source: the source: a file, an address, whatever the curator calls it.
        id: what the source calls the entry.
        retrieved: the day of the import, as YYYY-MM-DD.
        licence: the licence of the record, None when the source does not say.
        fields: a digest of each value that the source gave.
    """

    kind: str
    name: str
    source: str
    id: str
    retrieved: str
    licence: str | None
    fields: Mapping[str, str]


def digest_of(value: Any) -> str:
    """Return a digest of a value; a number counts as the text that a catalog shows."""
    if isinstance(value, list | tuple):
        return digest(json.dumps([str(item) for item in value], ensure_ascii=False), _DIGEST_BYTES)
    return digest(str(value), _DIGEST_BYTES)


def origin_line(origin: Origin) -> str:
    """Return an origin as a line of JSON, with its line break."""
    data = {
        "kind": origin.kind.removesuffix("s"),
        "name": origin.name,
        "source": origin.source,
        "id": origin.id,
        "retrieved": origin.retrieved,
        "licence": origin.licence,
        "fields": origin.fields,
    }
    return json.dumps(data, ensure_ascii=False) + "\n"


def _origin(
    *,
    kind: str,
    name: str,
    source: str,
    id: str,  # noqa: A002  # the key of the file
    retrieved: str,
    licence: str | None,
    fields: dict[str, str],
) -> Origin:
    if not isinstance(fields, dict) or not all(isinstance(one, str) for one in (kind, name, source, id, retrieved)):
        raise TypeError
    return Origin(f"{kind}s", name, source, id, retrieved, licence, fields)


def parse_origins(text: str, file: str) -> Parsed[list[Origin]]:
    """Read the origins of a catalog."""
    found: list[Origin] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            found.append(_origin(**data))
        except (ValueError, KeyError, TypeError, RecursionError):
            hint = "restore the file; without it, hand edits cannot be told from old imports"
            findings.append(Finding("I809", Location(file, number), "not a line of a record of sources", hint))
    return Parsed(found, tuple(findings))

"""The manifest of a batch: one line of JSON for each output, which says what it was made of. Values only, no files.

The first line is the header: the version of the schema and of the tool, the template, the format, the options. Every
other line is a row; `docs/batch.md` lists the keys.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b, sha256
from typing import Any, Final, NamedTuple

SCHEMA: Final = "explainer/manifest/1"
_HASH_BYTES: Final = 12
_SIXTY_BITS: Final = (1 << 60) - 1


def content_hash(*parts: bytes) -> str:
    """Return the hexadecimal BLAKE2b hash of some bytes."""
    if len(parts) == 1:
        return blake2b(parts[0], digest_size=_HASH_BYTES).hexdigest()
    state = blake2b(digest_size=_HASH_BYTES)
    for part in parts:
        state.update(b"%d:" % len(part))
        state.update(part)
    return state.hexdigest()


def file_hash(data: bytes) -> str:
    """Return the hash of an output file: SHA-256, cut short; processors compute it faster than any other."""
    return sha256(data).hexdigest()[: 2 * _HASH_BYTES]


def short_hash(text: str) -> int:
    """Return 60 bits of a hash of a text: a small number, the same in this process alone."""
    return hash(text) & _SIXTY_BITS


_NOT_IN_OPTIONS: Final = frozenset({"version", "template", "strict", "models", "papers"})


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """Everything but the question and its entries that decides what an output is.

    Attributes:
        version: the version of the tool.
        kind: prompt or answer.
        template: the name of the template.
        template_hash: the hash of its source, and of the sources that it may include.
        format: the name of the format.
        model: the model that requests name.
        body: further keys of a request's body.
        max_tokens: the most tokens that a prompt may have.
        tokenizer: how they are counted.
        strict: warnings count as errors, so a question with a warning has no output.
        models: how many models are recommended to a question that leaves them out.
        papers: how many papers.
    """

    version: str
    kind: str
    template: str
    template_hash: str
    format: str = "text"
    model: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    max_tokens: int | None = None
    tokenizer: str = "estimate"
    strict: bool = False
    models: int = 1
    papers: int = 3

    @property
    def hash(self) -> str:
        """The hash of all of it."""
        return content_hash(json.dumps(asdict(self), sort_keys=True).encode())

    @property
    def options_hash(self) -> str:
        """The hash of what a `custom_id` depends on, but for the question and the entries that are offered."""
        options = {name: value for name, value in asdict(self).items() if name not in _NOT_IN_OPTIONS}
        return content_hash(json.dumps(options, sort_keys=True).encode())

    def header(self, suffix: str) -> bytes:
        """Return the first line of the manifest."""
        about = {key: value for key, value in asdict(self).items() if key not in ("version", "kind")}
        first = {"schema": SCHEMA, "version": self.version, "as": self.kind}
        header = {**first, **about, "suffix": suffix, "recipe": self.hash}
        return json.dumps(header, ensure_ascii=False).encode() + b"\n"


def read_header(line: bytes) -> dict[str, Any] | None:
    """Return the header of a manifest, or None if it is none that this version understands."""
    try:
        header = json.loads(line)
    except ValueError:
        return None
    return header if isinstance(header, dict) and header.get("schema") == SCHEMA else None


class ManifestRow(NamedTuple):
    """A row of an earlier run, as far as the next run needs it.

    Attributes:
        id: the id of the question.
        source: where the question was: a path below the source folder, or a line number.
        raw: the hash of the question's bytes.
        key: the hash of the question's text, its entries and the options.
        library: the hash of the catalogs that were read.
        catalogs: what the question's own `catalog:` said.
        size: the bytes of the output.
        output: the hash of the output's bytes, for files.
        out: the file of the output below the target folder.
        volume: which of the earlier runs it is from.
        offset: where the output begins in a `.jsonl`.
        current: the recipe is still the same.
    """

    id: str
    source: str | int
    raw: str
    key: str
    library: str
    catalogs: tuple[str, ...] | None
    size: int
    output: str = ""
    out: str = ""
    volume: int = 0
    offset: int = 0
    current: bool = True


_ROW: Final = re.compile(
    rb'\{"source": (?:"([^"\\]*+)"|(\d+)), "raw": "([0-9a-f]*)", "library": "([0-9a-f]*)", "key": "([0-9a-f]*)", '
    rb'"size": (\d+), "output": "([0-9a-f]*)", "id": "([^"\\]*+)", "custom_id": "[^"\\]*+"'
    rb'(?:, "out": "([^"\\]*+)")?, "(?:question|tokens)"'
)
"""A row as it is nearly always: then its long end need not be read."""


def read_row(row: bytes) -> dict[str, Any]:
    """Return what the next run needs of a row as plain data; empty when the row is damaged."""
    match = _ROW.match(row)
    if match is None:
        try:
            data = json.loads(row)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}
    file, line, raw, library, key, size, output, id_, out = match.groups()
    return {
        "source": int(line) if file is None else file.decode(), "raw": raw.decode(), "library": library.decode(),
        "key": key.decode(), "size": int(size), "output": output.decode(), "id": id_.decode(),
        "out": (out or b"").decode(),
    }  # fmt: skip


def known_of(row: Any, *, volume: int, offset: int, current: bool) -> ManifestRow | None:
    """Return what a row says, or None for a row that says nothing (damaged, or about a file that was skipped)."""
    try:
        catalogs = row.get("catalogs")
        return ManifestRow(
            str(row["id"]), row["source"], str(row["raw"]), str(row["key"]), str(row["library"]),
            None if catalogs is None else tuple(map(str, catalogs)), int(row["size"]), str(row.get("output", "")),
            str(row.get("out", "")), volume, offset, current,
        )  # fmt: skip
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


class RowIndex:
    """Numbers found by a hash, at 16 bytes a slot: a dictionary of a million rows would take ten times as much."""

    def __init__(self) -> None:
        self._slots = 1024
        self._used = 0
        self._hashes = array("Q", bytes(8 * self._slots))
        self._values = array("Q", bytes(8 * self._slots))

    def add(self, hash_: int, value: int) -> None:
        """Add a number under a hash; there may be several."""
        if self._used * 3 > self._slots * 2:
            self._grow()
        self._put(hash_, value + 1)
        self._used += 1

    def find(self, hash_: int) -> Iterator[int]:
        """Yield the numbers of a hash, in the order in which they were added."""
        mask = self._slots - 1
        at = hash_ & mask
        while self._values[at]:
            if self._hashes[at] == hash_:
                yield self._values[at] - 1
            at = (at + 1) & mask

    def _put(self, hash_: int, value: int) -> None:
        mask = self._slots - 1
        at = hash_ & mask
        while self._values[at]:
            at = (at + 1) & mask
        self._hashes[at], self._values[at] = hash_, value

    def _grow(self) -> None:
        # in the order of insertion, which is that of the values: rows are added as they stand in a file
        old = sorted((value, hash_) for hash_, value in zip(self._hashes, self._values, strict=True) if value)
        self._slots *= 2
        self._hashes = array("Q", bytes(8 * self._slots))
        self._values = array("Q", bytes(8 * self._slots))
        for value, hash_ in old:
            self._put(hash_, value)

"""The manifest of a batch: one line of JSON for each output, which says what it was made of.

The first line is the header: the version of the schema and of the tool, the template, the format, the options. Every
other line is a row; `docs/batch.md` lists the keys. Anyone can edit a manifest: what is no row is passed over. Catalogs
and templates decide many outputs: they are known by the hash of their bytes, and nothing is parsed for it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from explainer.catalogs.loading import CatalogPath
from explainer.files import builtin_folder, chosen_model, read_file, real_path
from explainer.rendering.templates import BUILTIN_TEMPLATES

SCHEMA: Final = "explainer/manifest/2"
# The first version said what was asked and offered in each row too; nothing that is read of it has changed.
_READ: Final = frozenset({SCHEMA, "explainer/manifest/1"})
_HASH_LENGTH: Final = 24
_SIXTY_BITS: Final = (1 << 60) - 1


def content_hash(*parts: bytes) -> str:
    """Return the hexadecimal hash of some bytes: SHA-256, cut short; processors compute it faster than any other."""
    if len(parts) == 1:
        return sha256(parts[0]).hexdigest()[:_HASH_LENGTH]
    state = sha256()
    for part in parts:
        state.update(b"%d:" % len(part))
        state.update(part)
    return state.hexdigest()[:_HASH_LENGTH]


def short_hash(text: str) -> int:
    """Return 60 bits of a hash of a text: a small number, the same in this process alone."""
    return hash(text) & _SIXTY_BITS


_NOT_IN_OPTIONS: Final = frozenset(
    {"version", "template", "strict", "models", "papers", "semantic"}
)


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
        semantic: which embedding model recommends them.
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
    semantic: str = field(default_factory=chosen_model)

    @property
    def hash(self) -> str:
        """The hash of all of it."""
        return content_hash(json.dumps(asdict(self), sort_keys=True).encode())

    @property
    def options_hash(self) -> str:
        """The hash of what a `custom_id` depends on, but for the question and the entries that are offered."""
        options = {
            name: value for name, value in asdict(self).items() if name not in _NOT_IN_OPTIONS
        }
        return content_hash(json.dumps(options, sort_keys=True).encode())

    def header(self, suffix: str) -> bytes:
        """Return the first line of the manifest."""
        about = {
            key: value for key, value in asdict(self).items() if key not in ("version", "kind")
        }
        first = {"schema": SCHEMA, "version": self.version, "as": self.kind}
        header = {**first, **about, "suffix": suffix, "recipe": self.hash}
        return json.dumps(header, ensure_ascii=False).encode() + b"\n"


class ManifestHeader(msgspec.Struct):
    """What is read of the first line of a manifest.

    Attributes:
        schema: the version of the schema.
        recipe: the hash of the options.
    """

    schema: str
    recipe: str


def read_header(line: bytes) -> ManifestHeader | None:
    """Return the header of a manifest, or None if it is none that this version understands."""
    try:
        header = msgspec.json.decode(line, type=ManifestHeader)
    except Exception:  # noqa: BLE001  # whatever the library raises, it is no header
        return None
    return header if header.schema in _READ else None


# Far more than an output can have, and few enough to be added up.
_MOST_OUTPUT: Final = 1 << 40


class ManifestRow(msgspec.Struct, omit_defaults=True, gc=False):
    """A row: what is needed to join an output to its question, to compare it, and to go on after a run that was killed.

    Attributes:
        source: where the question was: a path below the source folder, or a line number.
        raw: the hash of the question's bytes; empty when no question is ever unchanged for it.
        library: the hash of the catalogs that were read.
        key: the hash of the question's text, its entries and the options.
        size: the bytes of the output.
        id: the id of the question; empty when it was none.
        custom_id: the id of the output.
        output: the hash of the output's bytes, for files.
        out: the file of the output below the target folder.
        catalogs: what the question's own `catalog:` said.
        models: the models that were offered, where the question does not say it.
        papers: the papers that were offered, likewise.
        tokens: how many tokens a prompt has, when there is a budget.
        cut: what was cut to fit it.
        skipped: why it is no question.
    """

    source: int | str
    raw: str
    library: str = ""
    key: str = ""
    size: Annotated[int, msgspec.Meta(ge=0, le=_MOST_OUTPUT)] = 0
    id: str = ""
    custom_id: str = ""
    output: str = ""
    out: str = ""
    catalogs: tuple[str, ...] | None = None
    models: list[msgspec.Raw] | None = None
    papers: list[msgspec.Raw] | None = None
    tokens: int | None = None
    cut: list[dict[str, str]] | None = None
    skipped: str = ""


_encode: Final = msgspec.json.Encoder().encode
_decoder: Final = msgspec.json.Decoder(ManifestRow)


def row_line(row: ManifestRow) -> bytes:
    """Return a row as a line of a manifest."""
    return _encode(row) + b"\n"


def read_row(line: bytes) -> ManifestRow | None:
    """Return the row that a line is; None when it is none."""
    try:
        return _decoder.decode(line)
    except Exception:  # noqa: BLE001  # whatever the library raises, it is no row
        return None


_QUOTED: Final = re.compile(r"""["']([^"'\n]{1,200})["']""")
_MOST_BYTES: Final = 1024 * 1024


def hash_of_catalogs(paths: Sequence[CatalogPath]) -> str:
    """Return the hash of the bytes of some catalogs, and of their order; one that is not there has none.

    Raises:
        OSError: when one cannot be read.
    """
    return hash_of_contents(
        (path.rank, read_file(path.path) if path.path.is_file() else b"") for path in paths
    )


def hash_of_contents(catalogs: Iterable[tuple[int, bytes]]) -> str:
    """Return the hash of catalogs whose ranks and bytes are known; see `hash_of_catalogs`."""
    return content_hash(
        b"catalogs", *(part for rank, raw in catalogs for part in (f"{rank}".encode(), raw))
    )


def hash_of_template(template: str) -> str:
    """Return the hash of a template and of all that it may include: every file of its folder that it names.

    Raises:
        OSError: when it cannot be read.
    """
    shipped = builtin_folder("templates")
    with os.scandir(shipped) as scan:
        names = sorted(entry.name for entry in scan if entry.name.endswith(".j2"))
    parts = [(shipped / name).read_bytes() for name in names]
    if template in BUILTIN_TEMPLATES:
        return content_hash(template.encode(), *parts)
    return content_hash(
        *parts, *(source for _, source in sorted(template_files(Path(template)).items()))
    )


def template_files(path: Path) -> dict[Path, bytes]:
    """Return the bytes of a template, under its path as given, and of every file of its folder that it names.

    Raises:
        OSError: when it cannot be read.
    """
    folder = real_path(path.absolute().parent)
    sources: dict[Path, bytes] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        sources[file] = read_file(file)
        # every quoted text that is a file beside it: Jinja would have to be loaded to know what is included
        for name in _QUOTED.findall(sources[file].decode("utf-8", "replace")):
            included = real_path(folder / name)
            if (
                included not in sources
                and included.is_relative_to(folder)
                and _is_small_file(included)
            ):
                waiting.append(included)
    return sources


def _is_small_file(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= _MOST_BYTES
    except (OSError, ValueError):
        return False

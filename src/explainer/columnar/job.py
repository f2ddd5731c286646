"""What each worker of an engine needs, as content: catalogs, template and options as bytes, with their hash.

A worker may run on another machine, where no path of this one means anything. The content is a line of JSON, which says
what follows and how long each piece is, and the pieces: the files, as they were read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from explainer import __version__
from explainer.batching.fingerprint import hash_of_template, template_files
from explainer.batching.manifest import Recipe, content_hash
from explainer.batching.tokens import counter
from explainer.findings import Finding, Location, Parsed
from explainer.formats import FORMATS
from explainer.project import Shelf, catalogs_for
from explainer.rules import RULES
from explainer.templates import BUILTIN_TEMPLATES, builtin_sources, template_name
from explainer.workspace import CatalogPath, builtin_folder, display_path, read_text

__all__ = ["SCHEMA", "CatalogFile", "Job", "JobError", "Pieces", "make_job", "pack", "shipped_hash"]

SCHEMA: Final = "explainer/job/1"
_MAX_TEMPLATE: Final = 1024 * 1024

Named: TypeAlias = "tuple[str, ...] | None"
"""The `catalog:` of a question; None when it has none."""


class JobError(ValueError):
    """A job that cannot be meant, or that this worker cannot do as the one who made it would."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs, made once. It is a value: pickle it, or write `content` to a file.

    Attributes:
        content: the catalogs, the template and the options.
        hash: the hash of the content. A worker keeps what it made of a job under it, and refuses other content.
    """

    content: bytes = field(repr=False)
    hash: str


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """A catalog of a job.

    Attributes:
        file: how findings call it.
        rank: the order among catalogs, smaller first.
        raw: its bytes; None when it cannot be read.
    """

    file: str
    rank: int
    raw: bytes | None


@dataclass(frozen=True)
class Pieces:
    """What a job is made of.

    Attributes:
        recipe: the options.
        template: how findings call the template of a user; a built-in template is named by the recipe alone.
        files: the user's template under the name `""`, and the files that it may include.
        shelves: the catalogs for each `catalog:` that questions have.
        given: the catalogs were chosen by the one who made the job, whatever questions say.
        shipped: the hash of what the package itself brings along.
    """

    recipe: Recipe
    template: str | None
    files: Mapping[str, bytes]
    shelves: Mapping[Named, Sequence[CatalogFile]]
    given: bool
    shipped: str

    def pack(self) -> Job:
        """Return the job."""
        pieces: list[bytes] = []

        def place(raw: bytes | None) -> int | None:
            if raw is None:
                return None
            pieces.append(raw)
            return len(pieces) - 1

        shelves = [
            {"named": named, "catalogs": [[one.file, one.rank, place(one.raw)] for one in files]}
            for named, files in self.shelves.items()
        ]
        template = {"name": self.template, "files": [[name, place(raw)] for name, raw in self.files.items()]}
        head = {
            "schema": SCHEMA, "recipe": asdict(self.recipe), "shipped": self.shipped, "template": template,
            "shelves": shelves, "given": self.given, "sizes": [len(piece) for piece in pieces],
        }  # fmt: skip
        content = json.dumps(head, ensure_ascii=False, sort_keys=True).encode() + b"\n" + b"".join(pieces)
        return Job(content, content_hash(content))

    @classmethod
    def unpack(cls, job: Job) -> Pieces:
        """Return what a job is made of.

        Raises:
            JobError: when its content is not what its hash says, or of another version.
        """
        found = content_hash(job.content)
        if found != job.hash:
            message = f"the job {job.hash} came with the content of another one ({found}): make it again"
            raise JobError(message)
        line, _, rest = job.content.partition(b"\n")
        head = json.loads(line)
        if head.get("schema") != SCHEMA:
            message = f"this worker reads {SCHEMA}, and the job is {head.get('schema')}: install one version everywhere"
            raise JobError(message)
        pieces: list[bytes] = []
        at = 0
        for size in head["sizes"]:
            pieces.append(rest[at : at + size])
            at += size
        shelves = {
            None if one["named"] is None else tuple(one["named"]): [
                CatalogFile(file, rank, None if index is None else pieces[index])
                for file, rank, index in one["catalogs"]
            ]
            for one in head["shelves"]
        }
        files = {name: pieces[index] for name, index in head["template"]["files"]}
        try:
            recipe = Recipe(**head["recipe"])
        except TypeError:  # other options
            message = (
                f"the job was made by explainer {head['recipe'].get('version')}, and this worker has {__version__}: "
                "install one version everywhere"
            )
            raise JobError(message) from None
        return cls(recipe, head["template"]["name"], files, shelves, head["given"], head["shipped"])


def shipped_hash() -> str:
    """Return the hash of what the package brings along and a rendering may depend on: its templates and its tasks."""
    tasks = (builtin_folder("catalogs") / "tasks.yaml").read_bytes()
    sources = (part.encode() for item in sorted(builtin_sources().items()) for part in item)
    return content_hash(b"shipped", tasks, *sources)


def make_job(
    catalogs: str | Path | Sequence[str | Path] = (),
    *,
    kind: str = "prompt",
    template: str | Path | None = None,
    output_format: str = "text",
    model: str | None = None,
    body: Mapping[str, Any] | None = None,
    models: int = 1,
    papers: int = 3,
    max_tokens: int | None = None,
    tokenizer: str = "estimate",
    strict: bool = False,
) -> Parsed[Job]:
    """Make the job of a batch; the options are those of `explainer batch`.

    Args:
        catalogs: a file, a folder, or several, the first one wins; none: those that `explainer batch` finds from here.
        kind: prompt or answer; a built-in template knows it itself.
        template: a built-in template, or a file of your own.
        output_format: a format that has lines: text, messages, openai-batch, promptfoo, hf-chat.
        model: the model that requests name.
        body: further keys of a request's body.
        models: how many models are recommended to a question that leaves them out.
        papers: how many papers.
        max_tokens: the most tokens that a prompt may have.
        tokenizer: how they are counted.
        strict: warnings count as errors.

    Returns:
        The job, beside the findings about catalogs and template; no job, when one cannot be read.

    Raises:
        JobError: when the options contradict each other.
        UnknownTokenizerError: when the tokenizer is not there.
    """
    name = kind if template is None else str(template)
    kind = BUILTIN_TEMPLATES.get(name, kind)
    if kind not in BUILTIN_TEMPLATES.values():
        message = f"there is no kind {kind!r}; there are prompt and answer"
        raise JobError(message)
    _refuse_contradictions(kind, output_format, max_tokens)
    if max_tokens is not None:
        counter(tokenizer)
    try:
        template_hash = hash_of_template(name, builtin=name in BUILTIN_TEMPLATES)
    except OSError as error:
        return Parsed(None, (Finding("F104", Location(name), f"cannot be read: {error.strerror or error}"),))
    recipe = Recipe(
        __version__, kind, name, template_hash, output_format, model, dict(body or {}), max_tokens, tokenizer, strict,
        models, papers,
    )  # fmt: skip
    paths = [Path(catalogs)] if isinstance(catalogs, str | Path) else [Path(path) for path in catalogs]
    return pack(recipe, {None: catalogs_for(paths, None, Path())}, given=bool(paths))


def _refuse_contradictions(kind: str, output_format: str, max_tokens: int | None) -> None:
    if output_format not in FORMATS or FORMATS[output_format].line is None:
        known = ", ".join(name for name, one in FORMATS.items() if one.line is not None)
        message = f"there is no format {output_format!r} for rows; there are {known}"
        raise JobError(message)
    if kind == "answer" and (FORMATS[output_format].chat or max_tokens is not None):
        message = "chat formats and budgets are for prompts, not for answers"
        raise JobError(message)


def pack(recipe: Recipe, shelves: Mapping[Named, Parsed[list[CatalogPath]]], *, given: bool) -> Parsed[Job]:
    """Return the job of a recipe and of the catalogs for each `catalog:` that questions have; see `make_job`."""
    findings: list[Finding] = []
    files: dict[str, bytes] = {}
    shown = None
    if recipe.template not in BUILTIN_TEMPLATES:
        path = Path(recipe.template)
        shown = template_name(path)
        text = read_text(path, limit=_MAX_TEMPLATE)
        if text.value is None:
            return Parsed(None, text.findings)
        folder = path.absolute().parent.resolve()
        own = {one: raw for one, raw in template_files(path).items() if one != path}
        files = {"": text.value.encode(), **{one.relative_to(folder).as_posix(): raw for one, raw in own.items()}}
    packed: dict[Named, list[CatalogFile]] = {}
    shelf = Shelf()
    for named, found in shelves.items():
        library = shelf.library(found.value or [])
        about = (*found.findings, *library.findings)
        findings += about
        unusable = [finding for finding in about if RULES[finding.code].unusable_file]
        if unusable and named is None:
            return Parsed(None, tuple(findings))
        packed[named] = [CatalogFile(finding.location.file, 0, None) for finding in unusable] or [
            CatalogFile(display_path(one.path), one.rank, one.path.read_bytes()) for one in found.value or []
        ]
    pieces = Pieces(recipe, shown, files, packed, given, shipped_hash())
    return Parsed(pieces.pack(), tuple(findings))

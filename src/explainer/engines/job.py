"""What each worker of an engine needs, as content: catalogs, template and options as bytes, with their hash.

A worker may run on another machine, where no path of this one means anything. The content is a line of JSON, which says
how long each file is, and the files, as they were read. Each worker process opens it once.
"""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from explainer._package import __version__
from explainer.batching.manifest import (
    RenderOptions,
    content_hash,
    hash_of_contents,
    hash_of_template,
    template_files,
)
from explainer.batching.renderer import BatchRenderer, PreparedLibrary
from explainer.batching.tokens import counter
from explainer.batching.workers import Chunk, ChunkResult, render_chunk
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogLoader, CatalogPath, read_catalog, shipped_tasks
from explainer.catalogs.parsing import LoadedCatalog
from explainer.catalogs.schema import Catalog
from explainer.diagnostics.codes import RULES
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.files import builtin_folder, display_path, read_file, read_text, real_path
from explainer.rendering.formats import FORMATS
from explainer.rendering.isolated import IsolatedRenderer
from explainer.rendering.templates import (
    BUILTIN_TEMPLATES,
    AnyRenderer,
    builtin_renderer,
    builtin_sources,
    template_name,
)
from explainer.rendering.worker import TemplateFile

if TYPE_CHECKING:
    from explainer.checking.inputs import AnswerReader

SCHEMA: Final = "explainer/job/2"
_MAX_TEMPLATE: Final = 1024 * 1024

# The `catalog:` of a question; None when it has none.
Named: TypeAlias = "tuple[str, ...] | None"


class JobError(ValueError):
    """A job that cannot be meant, or that this worker cannot do as the one who made it would."""


def refuse_job_if(is_wrong: object, message: str) -> None:
    """Refuse a job where something is wrong with it.

    Raises:
        JobError: says what it is.
    """
    if is_wrong:
        raise JobError(message)


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs, made once. It is a value: pickle it, or write `content` to a file.

    Attributes:
        content: the catalogs, the template and the options.
        hash: the hash of the content. A worker keeps what it made of a job under it, and refuses other content.
    """

    content: bytes = field(repr=False)
    hash: str


class CatalogFile(NamedTuple):
    """A catalog of a job.

    Attributes:
        file: how findings call it.
        rank: the order among catalogs, smaller first.
        raw: its bytes.
    """

    file: str
    rank: int
    raw: bytes


class PackedCatalogs(NamedTuple):
    """The catalogs of a question, or those of them that cannot be read."""

    files: Sequence[CatalogFile] = ()
    unreadable: Sequence[str] = ()


@dataclass(frozen=True)
class JobContent:
    """What a job is made of.

    Attributes:
        options: the options.
        template: how findings call the template of a user; a built-in template is named by the options alone.
        files: the user's template under the name `""`, and the files that it may include.
        catalogs: the catalogs for each `catalog:` that questions have.
        overrides: its catalogs were chosen by the one who made the job, whatever questions say.
        shipped: the hash of what the package itself brings along.
    """

    options: RenderOptions
    template: str | None
    files: Mapping[str, bytes]
    catalogs: Mapping[Named, PackedCatalogs]
    overrides: bool
    shipped: str

    def pack(self) -> Job:
        """Return the job."""
        pieces: list[bytes] = []

        def size_of(raw: bytes) -> int:
            """The size of a file, which follows behind those before."""
            pieces.append(raw)
            return len(raw)

        files = [(name, size_of(raw)) for name, raw in self.files.items()]
        catalogs = []
        for named, packed in self.catalogs.items():
            sizes = [(catalog.file, catalog.rank, size_of(catalog.raw)) for catalog in packed.files]
            catalogs.append((named, sizes, packed.unreadable))
        head = {
            "schema": SCHEMA, "options": asdict(self.options), "shipped": self.shipped, "template": self.template,
            "files": files, "catalogs": catalogs, "overrides": self.overrides,
        }  # fmt: skip
        content = (
            json.dumps(head, ensure_ascii=False, sort_keys=True).encode() + b"\n" + b"".join(pieces)
        )
        return Job(content, content_hash(content))

    @classmethod
    def unpack(cls, job: Job) -> JobContent:
        """Return what a job is made of.

        Raises:
            JobError: when its content is not what its hash says, or of another version.
        """
        actual = content_hash(job.content)
        message = (
            f"the job {job.hash} came with the content of another one ({actual}): make it again"
        )
        refuse_job_if(actual != job.hash, message)
        stream = io.BytesIO(job.content)
        head = json.loads(stream.readline())
        schema = head.get("schema")
        message = (
            f"this worker reads {SCHEMA}, and the job is {schema}: install one version everywhere"
        )
        refuse_job_if(schema != SCHEMA, message)
        try:
            options = RenderOptions(**head["options"])
        except TypeError:  # other options
            raise version_error(head["options"].get("version")) from None
        files = {name: stream.read(size) for name, size in head["files"]}
        catalogs: dict[Named, PackedCatalogs] = {}
        for named, sizes, unreadable in head["catalogs"]:
            packed = [CatalogFile(file, rank, stream.read(size)) for file, rank, size in sizes]
            catalogs[named and tuple(named)] = PackedCatalogs(packed, unreadable)
        return cls(options, head["template"], files, catalogs, head["overrides"], head["shipped"])


def version_error(version: str, what: str = "") -> JobError:
    """Return what a worker says of a job that it would not do as the one who made it."""
    return JobError(
        f"the job was made by explainer {version}, and this worker has {__version__}{what}: "
        "install one version everywhere"
    )


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
    refuse_job_if(
        kind not in BUILTIN_TEMPLATES.values(), f"unknown kind {kind!r}; choose prompt or answer"
    )
    _refuse_contradictions(kind, output_format, max_tokens, model)
    if max_tokens is not None:
        counter(tokenizer)  # here, and not on each worker, it is said that there is none
    try:
        template_hash = hash_of_template(name)
    except OSError as error:
        return Parsed(
            None, (Finding("F104", Location(name), f"cannot be read: {error.strerror or error}"),)
        )
    options = RenderOptions(
        __version__, kind, name, template_hash, output_format, model, dict(body or {}), max_tokens, tokenizer, strict,
        models, papers,
    )  # fmt: skip
    paths = [catalogs] if isinstance(catalogs, str | Path) else catalogs
    return pack(options, CatalogLoader(list(map(Path, paths))), [None], Path())


def _refuse_contradictions(
    kind: str, output_format: str, max_tokens: int | None, model: str | None
) -> None:
    formats = {name: format_ for name, format_ in FORMATS.items() if format_.line is not None}
    message = f"unknown format {output_format!r} for rows; choose one of {', '.join(formats)}"
    refuse_job_if(output_format not in formats, message)
    chosen = formats[output_format]
    is_for_prompts = chosen.chat or max_tokens is not None
    refuse_job_if(
        is_for_prompts and kind == "answer",
        "chat formats and budgets are for prompts, not for answers",
    )
    refuse_job_if(chosen.names_model and model is None, "requests name a model: say which")


def pack(
    options: RenderOptions, loader: CatalogLoader, named: Sequence[Named], base: Path
) -> Parsed[Job]:
    """Return the job of some options and catalogs; see `make_job`.

    Args:
        options: what decides an output, but for the question and its entries.
        loader: finds the catalogs.
        named: each `catalog:` that questions have; None for those that have none.
        base: the folder that these are relative to.
    """
    template = _pack_template(options.template)
    if template.value is None:
        return Parsed(None, template.findings)
    catalogs: dict[Named, PackedCatalogs] = {}
    for names in named:
        catalogs[names] = _pack_catalogs(loader, names, base)
        # questions that choose none cannot do without it
        if names is None and catalogs[None].unreadable:
            return Parsed(None, loader.findings)
    content = JobContent(
        options,
        template.value.shown,
        template.value.files,
        catalogs,
        bool(loader.given),
        shipped_hash(),
    )
    return Parsed(content.pack(), loader.findings)


def _pack_catalogs(loader: CatalogLoader, names: Named, base: Path) -> PackedCatalogs:
    """The files of the catalogs that questions choose, or which of them cannot be read."""
    findings = loader.for_named(names, base).findings
    unreadable = [
        finding.location.file for finding in findings if RULES[finding.code].unusable_file
    ]
    if unreadable:
        return PackedCatalogs(unreadable=unreadable)
    paths = loader.files(names, base).value or ()
    return PackedCatalogs(list(map(_pack_catalog, paths)))


def _pack_catalog(catalog: CatalogPath) -> CatalogFile:
    return CatalogFile(display_path(catalog.path), catalog.rank, read_file(catalog.path))


class _PackedTemplate(NamedTuple):
    """How findings call a user's template, and its files; a built-in one is neither named nor packed."""

    shown: str | None = None
    files: Mapping[str, bytes] = {}


def _pack_template(template: str) -> Parsed[_PackedTemplate]:
    if template in BUILTIN_TEMPLATES:
        return Parsed(_PackedTemplate())
    path = Path(template)
    text = read_text(path, limit=_MAX_TEMPLATE)
    if text.value is None:
        return Parsed(None, text.findings)
    folder = real_path(path.absolute().parent)
    files = {"": text.value.encode()}
    for included, raw in template_files(path).items():
        if included != path:
            files[included.relative_to(folder).as_posix()] = raw
    return Parsed(_PackedTemplate(template_name(path), files))


# Jobs that a process keeps open: some engines keep a worker process from one job to the next.
_MOST_OPEN: Final = 4
_opening = threading.Lock()


class OpenJob:
    """What makes the outputs of one job. Use it under its `lock`: some engines work in threads of one process.

    Args:
        job: the job.

    Raises:
        JobError: when this worker would not do what the one who made the job would.
    """

    def __init__(self, job: Job) -> None:
        content = JobContent.unpack(job)
        if content.options.version != __version__:
            raise version_error(content.options.version)
        if content.shipped != shipped_hash():
            raise version_error(content.options.version, " with other templates or tasks")
        self.options = content.options
        self.lock = threading.Lock()
        self._content = content
        self._libraries: dict[tuple[str, ...] | None, PreparedLibrary] = {}
        self._renderers: dict[tuple[bool, bool], BatchRenderer] = {}

    def library_for(self, named: Sequence[str] | None, source: str | int = 0) -> PreparedLibrary:  # noqa: ARG002
        """Return the entries for a question, from its own `catalog:`, wherever it is."""
        # catalogs of the command line go before what questions say
        names = None if named is None or self._content.overrides else tuple(named)
        if names not in self._libraries:
            catalogs = self._content.catalogs.get(names)
            missing = names or ("<catalogs>",)
            if catalogs:
                self._libraries[names] = _prepare(catalogs)
            else:
                self._libraries[names] = _unusable(missing, "is not in the job")
        return self._libraries[names]

    def renderer(self, *, files: bool = False, offers: bool = False) -> BatchRenderer:
        """Return what makes outputs.

        Args:
            files: outputs become files, not rows or lines.
            offers: rows of the manifest say what was offered, also where the questions say it.
        """
        if (files, offers) not in self._renderers:
            self._renderers[files, offers] = BatchRenderer(
                self.options,
                self.library_for,
                self._template,
                files=files,
                offers=offers,
            )
        return self._renderers[files, offers]

    @cached_property
    def answer_reader(self) -> AnswerReader:
        """What reads answers and what was offered to them."""
        from explainer.checking.inputs import AnswerReader  # noqa: PLC0415  # those who render need none of it

        def load(named: Sequence[str] | None, _: Path) -> Parsed[Library]:
            prepared = self.library_for(named)
            return Parsed(None if prepared.unusable else prepared.library)

        return AnswerReader(load)

    @cached_property
    def _template(self) -> AnyRenderer:
        name = self._content.template
        if name is None:
            return builtin_renderer(self.options.template)
        folder = Path(tempfile.mkdtemp(prefix="explainer-")).resolve()
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        for relative, raw in self._content.files.items():
            path = folder / relative
            # a job may come from anyone: it writes nothing outside its folder
            if relative and path.resolve().is_relative_to(folder):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(raw)
        source = self._content.files[""].decode()
        renderer = IsolatedRenderer(TemplateFile(name, folder, source, builtin_sources()))
        weakref.finalize(self, renderer.close)
        return renderer


def _prepare(catalogs: PackedCatalogs) -> PreparedLibrary:
    """The entries of some catalogs; their findings were said where the job was made."""
    if catalogs.unreadable:
        return _unusable(catalogs.unreadable, "cannot be read")
    loaded = []
    for file, rank, raw in catalogs.files:
        parsed = read_catalog(raw, file, rank=rank)
        loaded.append(parsed.value or LoadedCatalog(file, Catalog(), rank, complete=False))
    hash_ = hash_of_contents((file.rank, file.raw) for file in catalogs.files)
    return PreparedLibrary(Library(loaded, vocabulary=shipped_tasks), hash_)


def _unusable(files: Sequence[str], why: str) -> PreparedLibrary:
    findings = [Finding("F104", Location(file), why) for file in files]
    return PreparedLibrary(Library([]), "", findings)


def open_job(job: Job) -> OpenJob:
    """Return a job unpacked, which this process does once.

    Raises:
        JobError: see `OpenJob`.
    """
    with _opening:
        return _open_job(job)


_open_job = lru_cache(_MOST_OPEN)(OpenJob)


class JobWorker:
    """Renders chunks of questions from a job; nothing is read from the paths of the machine that made it.

    Args:
        job: what decides the outputs.
        files: they become files.
        lines: the questions are lines of JSON.
    """

    def __init__(self, job: Job, *, files: bool, lines: bool) -> None:
        self._job = job
        self._files = files
        self._lines = lines

    def __call__(self, chunk: Chunk) -> ChunkResult:
        """Render a chunk."""
        if not chunk:
            return ChunkResult([])
        renderer = open_job(self._job).renderer(files=self._files)
        return render_chunk(renderer, chunk, lines=self._lines)

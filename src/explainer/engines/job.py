"""What each worker of an engine needs, as content: catalogs, template and options as bytes, with their hash.

A worker may run on another machine, where no path of this one means anything. The content is a line of JSON, which says
how long each file is, and the files, as they were read.

What record batches have in common: how rows are read, how findings become a column, how large a batch may be.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from explainer._package import __version__
from explainer.batching.manifest import RenderOptions, content_hash, hash_of_template, template_files
from explainer.batching.tokens import counter
from explainer.catalogs.loading import CatalogLoader, CatalogPath
from explainer.diagnostics.codes import RULES
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.report import finding_data
from explainer.files import Buffer, builtin_folder, display_path, read_file, read_text, real_path
from explainer.rendering.formats import FORMATS
from explainer.rendering.templates import BUILTIN_TEMPLATES, builtin_sources, template_name

SCHEMA: Final = "explainer/job/2"
_MAX_TEMPLATE: Final = 1024 * 1024

# The `catalog:` of a question; None when it has none.
Named: TypeAlias = "tuple[str, ...] | None"


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
        pieces = list(self.files.values())
        catalogs = []
        for named, (files, unreadable) in self.catalogs.items():
            pieces += [file.raw for file in files]
            sizes = [(file.file, file.rank, len(file.raw)) for file in files]
            catalogs.append((named, sizes, unreadable))
        head = {
            "schema": SCHEMA, "options": asdict(self.options), "shipped": self.shipped, "template": self.template,
            "files": [[name, len(raw)] for name, raw in self.files.items()], "catalogs": catalogs,
            "overrides": self.overrides,
        }  # fmt: skip
        content = json.dumps(head, ensure_ascii=False, sort_keys=True).encode() + b"\n" + b"".join(pieces)
        return Job(content, content_hash(content))

    @classmethod
    def unpack(cls, job: Job) -> JobContent:
        """Return what a job is made of.

        Raises:
            JobError: when its content is not what its hash says, or of another version.
        """
        actual = content_hash(job.content)
        if actual != job.hash:
            message = f"the job {job.hash} came with the content of another one ({actual}): make it again"
            raise JobError(message)
        stream = io.BytesIO(job.content)
        head = json.loads(stream.readline())
        if head.get("schema") != SCHEMA:
            message = f"this worker reads {SCHEMA}, and the job is {head.get('schema')}: install one version everywhere"
            raise JobError(message)
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
    if kind not in BUILTIN_TEMPLATES.values():
        message = f"unknown kind {kind!r}; choose prompt or answer"
        raise JobError(message)
    _refuse_contradictions(kind, output_format, max_tokens, model)
    if max_tokens is not None:
        counter(tokenizer)
    try:
        template_hash = hash_of_template(name)
    except OSError as error:
        return Parsed(None, (Finding("F104", Location(name), f"cannot be read: {error.strerror or error}"),))
    options = RenderOptions(
        __version__, kind, name, template_hash, output_format, model, dict(body or {}), max_tokens, tokenizer, strict,
        models, papers,
    )  # fmt: skip
    paths = [catalogs] if isinstance(catalogs, str | Path) else catalogs
    return pack(options, CatalogLoader([Path(path) for path in paths]), [None], Path())


def _refuse_contradictions(kind: str, output_format: str, max_tokens: int | None, model: str | None) -> None:
    formats = {name: format_ for name, format_ in FORMATS.items() if format_.line is not None}
    if output_format not in formats:
        message = f"unknown format {output_format!r} for rows; choose one of {', '.join(formats)}"
        raise JobError(message)
    if kind == "answer" and (formats[output_format].chat or max_tokens is not None):
        message = "chat formats and budgets are for prompts, not for answers"
        raise JobError(message)
    if formats[output_format].names_model and model is None:
        message = "requests name a model: say which"
        raise JobError(message)


def pack(options: RenderOptions, loader: CatalogLoader, named: Sequence[Named], base: Path) -> Parsed[Job]:
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
        if names is None and catalogs[None].unreadable:  # questions that choose none cannot do without it
            return Parsed(None, loader.findings)
    content = JobContent(
        options, template.value.shown, template.value.files, catalogs, bool(loader.given), shipped_hash()
    )
    return Parsed(content.pack(), loader.findings)


def _pack_catalogs(loader: CatalogLoader, names: Named, base: Path) -> PackedCatalogs:
    """The files of the catalogs that questions choose, or which of them cannot be read."""
    findings = loader.for_named(names, base).findings
    unreadable = [finding.location.file for finding in findings if RULES[finding.code].unusable_file]
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


# What findings call the row that they are about.
ROWS: Final = "<row>"
# The most rows of a record batch that is made.
AT_ONCE: Final = 1024
# About the most bytes of output of a record batch that is made; Arrow's texts end at 2 GiB.
_BYTES: Final = 64 * 1024 * 1024
# The texts of a finding; beside them stand `line` and `column`.
FINDINGS: Final = ("code", "severity", "message", "hint", "text", "file")
_NO_PLACE: Final = {"file": None, "line": None, "column": None}


def arrow() -> Any:
    """Return pyarrow.

    Raises:
        JobError: when it is not installed.
    """
    try:
        import pyarrow  # noqa: ICN001, PLC0415  # an extra
    except ImportError:
        message = "record batches need the package pyarrow: pip install 'cnaps-explainer[parquet]'"
        raise JobError(message) from None
    return pyarrow


def finding_type() -> Any:
    """Return the Arrow type of the column `findings`."""
    pa = arrow()
    numbers = [("line", pa.int32()), ("column", pa.int32())]
    return pa.list_(pa.struct([*((name, pa.string()) for name in FINDINGS), *numbers]))


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return findings as values of the column `findings`. One about the row itself has no other place."""
    return [finding_data(finding) | (_NO_PLACE if finding.location.file == ROWS else {}) for finding in findings]


def refuse_columns(names: Sequence[str], fault: tuple[str, str] | None, *, ids: Sequence[str]) -> None:
    """Refuse a table that is none of the kind that is wanted.

    Args:
        names: its columns.
        fault: what is wrong with them, and a hint.
        ids: the columns of which one must tell rows apart.

    Raises:
        JobError: says what is wrong with it.
    """
    if fault is not None:
        message = f"{fault[0]}; {fault[1]}"
        raise JobError(message)
    if not set(ids) & set(names):
        message = (
            f"the rows cannot be told apart: give the table a column {' or '.join(map(repr, ids))}"
            "; an engine does not know which row of a table it sees"
        )
        raise JobError(message)


def chunks(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield record batches of at most `AT_ONCE` rows; an empty one stays one."""
    for batch in batches:
        for begin in range(0, max(batch.num_rows, 1), AT_ONCE):
            yield batch.slice(begin, AT_ONCE)


def within_bytes(sizes: Sequence[int]) -> Iterator[slice]:
    """Yield slices of rows whose sizes add up to about 64 MiB at most; at least one slice."""
    begin = size = 0
    for index, next_size in enumerate(sizes):
        if index > begin and size + next_size > _BYTES:
            yield slice(begin, index)
            begin, size = index, 0
        size += next_size
    yield slice(begin, len(sizes))


def read_lines(lines: Sequence[Buffer | None], schema: Any) -> Any:
    """Return lines of JSON as a table; None becomes a row of nulls. Keys that the schema does not name are left out."""
    pa = arrow()
    import pyarrow.json  # noqa: F401, PLC0415  # registers itself in `pa`

    data = b"\n".join([b"{}" if line is None else line for line in lines])
    if not lines:
        return schema.empty_table()
    table = pa.json.read_json(
        pa.BufferReader(data),
        read_options=pa.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    )
    return table.select(schema.names)

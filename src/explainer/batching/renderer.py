"""Makes outputs of many questions, pure: bytes of a question → bytes of its output and its row of the manifest.

Whatever repeats is done once: the names of a catalog are resolved once, an entry is made ready for templates once, and
what a template prints of any question is known before (`rendering.outline`). A line that is plainly right is decoded
into a type; every other takes the path of `explainer build`, which also finds the words for what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from msgspec.structs import replace

from explainer.batching.manifest import (
    ManifestRow,
    RenderOptions,
    content_hash,
    row_line,
)
from explainer.batching.previous_run import EarlierRow
from explainer.batching.sources import LineBlock, SourceItem
from explainer.batching.tokens import counter, estimate
from explainer.build import BuildResult, offer, source_context
from explainer.catalogs.library import Library, SourceCounts
from explainer.catalogs.parsing import PLAIN_ID, LoadedQuestion, load_document, parse_question
from explainer.catalogs.schema import SOURCE_KINDS, Entry, Kind, ModelEntry, PaperEntry
from explainer.diagnostics.finding import Finding, Parsed, exit_status, has_errors
from explainer.diagnostics.text import is_plain, shorten, suggest
from explainer.documents.document import decode
from explainer.documents.json_reader import read_json_line
from explainer.files import Buffer, fits_windows
from explainer.rendering.formats import (
    FORMATS,
    NOTHING,
    Context,
    EntryData,
    FormatOptions,
    Output,
    Rendering,
    Segment,
)
from explainer.rendering.layout import neutralise
from explainer.rendering.renderer import entry_data, render_context
from explainer.rendering.templates import AnyRenderer, builtin_renderer

if TYPE_CHECKING:
    from explainer.rendering.outline import OutputOutline

# Names that are remembered: it bounds what a source costs whose names no catalog has.
_MOST_NAMES: Final = 200_000


class PreparedEntry:
    """An entry made ready: for templates, for the hash of a question, for the manifest."""

    __slots__ = ("data", "digest", "entry", "listed")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.data: EntryData = entry_data(entry)
        self.digest = content_hash(msgspec.json.encode(entry))
        self.listed = msgspec.Raw(msgspec.json.encode({"name": entry.label, "hash": self.digest}))


_DATA: Final = attrgetter("data")
_DIGEST: Final = attrgetter("digest")


def content_key(
    options_hash: str, question: str, models: Sequence[PreparedEntry], papers: Sequence[PreparedEntry],
    answer: str = "",
    more: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """Return the hash of what an output is made of: the options, the question, its entries, its given answer.

    Args:
        options_hash: that of the options.
        question: its text.
        models: the models offered.
        papers: the papers offered.
        answer: an answer that stands beside the question.
        more: what the template gets beside the question and the entries.
    """
    digests = [options_hash, question, "/", *map(_DIGEST, models), "/", *map(_DIGEST, papers)]
    if answer:
        digests += ["/", answer]
    if more:
        digests += ["//", json.dumps(more, ensure_ascii=False, sort_keys=True)]
    return content_hash("\0".join(digests).encode())


def output_file(result: BuildResult, question: str, options: RenderOptions) -> str:
    """Return the file that a batch with these options writes for what was built of a question."""
    models = list(map(PreparedEntry, result.sources.models))
    papers = list(map(PreparedEntry, result.sources.papers))
    key = content_key(options.options_hash, question, models, papers, more=result.variables)
    format_ = FORMATS[options.format]
    completion = NOTHING
    if format_.completes:
        completion = (
            builtin_renderer("answer").render(source_context(question, result.sources)).unwrap()
        )
    output = Output(result.id, f"{result.id}.{key[:8]}", result.rendering, completion)
    return format_.file(output, FormatOptions(options.model, options.body)).decode()


class PreparedLibrary:
    """The entries of a library, each made ready when it is first used.

    Attributes:
        library: the entries.
        hash: the hash of the catalogs.
        unusable: why a catalog could not be read: then no question can be answered for sure.
        models: models by what may name them.
        papers: papers by what may name them.
    """

    def __init__(self, library: Library, hash_: str, unusable: Sequence[Finding] = ()) -> None:
        self.library = library
        self.hash = hash_
        self.unusable = tuple(unusable)
        self.models = _EntriesByName(library.models)
        self.papers = _EntriesByName(library.papers)

    def ready(self, entry: Entry) -> PreparedEntry:
        """Return an entry made ready; those that are written in a question itself are not kept."""
        by_name = self.papers if isinstance(entry, PaperEntry) else self.models
        known = by_name[entry.label]
        if known is not None and known.entry is entry:
            return known
        return PreparedEntry(entry)


class _EntriesByName(dict[str, "PreparedEntry | None"]):
    """What names mean: the entry, the same for all of its names, or None when there is anything to say about it."""

    def __init__(self, index: Any) -> None:
        super().__init__()
        self._index = index

    def __missing__(self, name: str) -> PreparedEntry | None:
        if len(self) > _MOST_NAMES:
            return None
        entries = self._index.find(name)
        prepared = None
        if len(entries) == 1 and not entries[0].deprecated:
            label = entries[0].label
            prepared = PreparedEntry(entries[0]) if name == label else self[label]
        self[name] = prepared
        return prepared


Status = Literal["rendered", "same", "failed", "skipped"]
_SUFFIX: Final = re.compile(r"\.ya?ml$")
_KEYS: Final = frozenset({"question", "id", "models", "papers"})
# What outputs and their manifests are called: a folder of that name would take their place.
_NAME_OF_OUTPUT: Final = re.compile(
    r".*(?:\.(?:prompt|answer|ungrounded|record)\.[a-z]+|manifest\.jsonl|journal\.jsonl|provenance\.jsonl|promptfooconfig\.yaml)",
    re.DOTALL,
)
_SURELY_SHORT: Final = 60
_LONGEST_ENDING: Final = len(".ungrounded.md")
_LONGEST_NAME: Final = 255  # bytes, on nearly all disks
_LONGEST_ID: Final = (
    1000  # bytes: with the folder of the outputs, Linux allows 4,095 and macOS 1,023
)


class QuestionLine(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A line about which there is nothing to say, if its names are known: whatever has another form is not one.

    Attributes:
        answer: the answer that belongs to it, for formats that put one beside the prompt.
    """

    question: str
    models: list[str]
    papers: list[str]
    id: str = ""
    answer: str = ""


_decode_line: Final = msgspec.json.Decoder(QuestionLine).decode


# From a question's `catalog:` and its place in the source to the entries that it may use.
LibraryFor = Callable[[Sequence[str] | None, str | int], PreparedLibrary]


class RenderResult(msgspec.Struct, gc=False):
    """What rendering one question gave. A struct travels to another process in an eighth of a named tuple's time.

    Attributes:
        source: its place in the source.
        status: what happened.
        id: its id; empty when it could not be read.
        findings: what there is to say.
        why: why it is no question, when it was skipped.
        row: its row of the manifest, also when the output is the same as before.
        output: its output, when it was rendered.
    """

    source: str | int
    status: Status
    id: str = ""
    findings: tuple[Finding, ...] = ()
    why: str = ""
    row: bytes = b""
    output: Buffer | None = None


class RenderedLines(msgspec.Struct, gc=False):
    """Lines that were all rendered, with nothing to say about any of them: as nearly all are, in one piece.

    Attributes:
        ids: the id of each question.
        rows: their rows of the manifest.
        output: their outputs.
    """

    ids: list[str]
    rows: bytes
    output: Buffer

    @classmethod
    def joined(cls, results: Sequence[RenderResult]) -> RenderedLines | None:
        """Return results in one piece; None when they need to be looked at one by one."""
        outputs = [result.output for result in results if not result.findings]
        if len(outputs) < len(results) or None in outputs:
            return None
        rows = b"".join([result.row for result in results])
        return cls([result.id for result in results], rows, b"".join(filter(None, outputs)))

    def split(self, block: LineBlock) -> list[RenderResult]:
        """Return the result of each question of the block that they were rendered from."""
        rows = self.rows.splitlines(keepends=True)
        outputs = bytes(self.output).splitlines(keepends=True)
        return [
            RenderResult(item.source, "rendered", id_, row=row, output=output)
            for item, id_, row, output in zip(block.items(), self.ids, rows, outputs, strict=True)
        ]


def _has_each_key_once(raw: bytes, line: QuestionLine) -> bool:
    """Whether each key stands once: one that stands twice is decoded without a word, and so is an empty text for none.

    Then all quotes are those around keys and texts, and those within texts, unless one is written by its number.
    """
    keys = 3 + bool(line.id) + bool(line.answer)
    texts = keys - 2 + len(line.models) + len(line.papers)
    within = raw.count(b'"') - 2 * (keys + texts)
    if not within:
        return True
    joined = "".join([line.question, *line.models, *line.papers, line.id, line.answer])
    return joined.count('"') == within and b"u0022" not in raw


def _failed(item: SourceItem, findings: tuple[Finding, ...], id_: str = "") -> RenderResult:
    return RenderResult(item.source, "failed", id_, findings)


class _Job(msgspec.Struct, gc=False):
    """A question that was understood and is to be rendered."""

    item: SourceItem
    raw: str
    id: str
    question: str
    models: list[PreparedEntry]
    papers: list[PreparedEntry]
    library: PreparedLibrary
    answer: str = ""
    catalogs: tuple[str, ...] | None = None
    findings: tuple[Finding, ...] = ()
    key: str = ""
    custom_id: str = ""
    cut: list[dict[str, str]] = []
    tokens: int | None = None
    loaded: LoadedQuestion | None = None
    variables: dict[str, Any] | None = None
    recommended: bool = False

    @property
    def context(self) -> Context:
        return render_context(
            self.question, map(_DATA, self.models), map(_DATA, self.papers), self.variables
        )


class BatchRenderer:
    """Makes outputs.

    Args:
        options: what decides an output, but for the question and its entries.
        library_for: gives the entries that a question may use.
        renderer: renders the template.
        files: outputs become files, not lines of a `.jsonl`.
        offers: rows say what was offered, also where the questions say it.
    """

    def __init__(
        self, options: RenderOptions, library_for: LibraryFor, renderer: AnyRenderer, *, files: bool,
        offers: bool = False,
    ) -> None:  # fmt: skip
        self._options = options
        self._options_hash = options.options_hash
        self._format = FORMATS[options.format]
        self._library_for = library_for
        self._renderer = renderer
        self._completer = builtin_renderer("answer")
        self._count_tokens = (
            counter(options.tokenizer) if options.max_tokens is not None else estimate
        )
        self._files = files
        self._offers = offers
        line = None if files else self._format.line
        self._is_line = line is not None
        self._write = line or self._format.file
        self._escape = self._format.line_escape if self._is_line else self._format.file_escape
        self._format_options = FormatOptions(options.model, options.body)

    @cached_property
    def _library_of_lines(self) -> PreparedLibrary:
        """The entries that lines may use: they have one place, and plain ones choose no catalog."""
        return self._library_for(None, 1)

    @cached_property
    def _outline(self) -> OutputOutline | None:
        """What outputs are, but for the question and its entries; None where each has to be rendered."""
        from explainer.rendering.outline import OutputOutline, is_unmarked  # noqa: PLC0415  # `build` needs none

        if (
            self._escape is None
            or self._options.max_tokens is not None
            or not is_unmarked(self._format_options)
        ):
            return None
        prompt = self._renderer.outline
        skeleton = self._completer.outline if self._format.completes else None
        if prompt is None or (self._format.completes and skeleton is None):
            return None
        return OutputOutline(prompt, skeleton, self._write, self._escape, self._format_options)

    def run(
        self, tasks: Sequence[tuple[SourceItem, EarlierRow | None]], *, lines: bool
    ) -> list[RenderResult]:
        """Make the outputs of some questions, in their order.

        Args:
            tasks: the questions, each with what an earlier run knew of it.
            lines: they are lines of JSON, not YAML files.
        """
        steps = [self._prepare(item, earlier, lines=lines) for item, earlier in tasks]
        jobs = [step for step in steps if isinstance(step, _Job)]
        # all at once: a template of a user is rendered in a process of its own, and each way there takes time
        rendered = iter(self._renderer.render_all([job.context for job in jobs]))
        return [
            self._finish(step, next(rendered)) if isinstance(step, _Job) else step for step in steps
        ]

    # --- from bytes to a job ---

    def _prepare(
        self, item: SourceItem, earlier: EarlierRow | None, *, lines: bool
    ) -> _Job | RenderResult:
        """The result of a question, or its job when a template has to be rendered for it."""
        if isinstance(item.raw, Finding):
            return _failed(item, (item.raw,))
        job: _Job | None = None
        if lines:
            job = self._fast_path(item, item.raw)
        if job is None:
            understood = self._full_path(item, item.raw, lines=lines)
            if isinstance(understood, RenderResult):
                return understood
            job = understood
        if self._files:
            self._check_name(job)
        if job.findings and exit_status(job.findings, strict=self._options.strict):
            return _failed(item, job.findings, job.id)
        if self._renderer.asks:
            self._add_workflow_variables(job)
        job.key = content_key(
            self._options_hash, job.question, job.models, job.papers, job.answer, job.variables
        )
        job.custom_id = f"{job.id}.{job.key[:8]}"
        if earlier is not None:
            unchanged = self._unchanged(job, earlier)
            if unchanged is not None:
                return unchanged
        return self._filled(job) or job

    def _check_name(self, job: _Job) -> None:
        fault = name_fault(job.id)
        if fault is not None:
            job.findings += (
                Finding("B703", job.item.location, f"the id {shorten(job.id)!r} {fault}"),
            )

    def _unchanged(self, job: _Job, earlier: EarlierRow) -> RenderResult | None:
        """The result of a question that was changed in its bytes alone, or in nothing that it uses."""
        if not earlier.current or (earlier.row.key, earlier.row.id) != (job.key, job.id):
            return None
        row = self._row(job, earlier.row.size, earlier.row.output)
        return RenderResult(job.item.source, "same", job.id, job.findings, row=row)

    def _filled(self, job: _Job) -> RenderResult | None:
        """The result of a question for which no template has to be rendered."""
        if self._outline is None:
            return None
        texts = (job.id, job.custom_id, neutralise(job.question), job.answer)
        output = self._outline.fill(texts, (job.models, job.papers))
        return None if output is None else self._rendered(job, output)

    def _add_workflow_variables(self, job: _Job) -> None:
        from explainer.workflows.planning import variables  # noqa: PLC0415  # few templates ask

        models = [
            (model.entry, model.data) for model in job.models if isinstance(model.entry, ModelEntry)
        ]
        job.variables = variables(job.loaded, models, job.library.library)

    def _fast_path(self, item: SourceItem, raw: bytes) -> _Job | None:
        """Understand a line about which there is nothing to say; None for every other.

        `_full_path` gives the same for the same line, more slowly: here no positions are kept.
        tests/properties/test_fast_rendering.py compares the two.
        """
        line = self._line_of(raw)
        if line is None:
            return None
        library = self._library_of_lines
        if library.unusable:
            return None
        models = [library.models[name] for name in line.models]
        papers = [library.papers[name] for name in line.papers]
        sources = {*models, *papers}
        # a name that is unclear or unknown, or an entry that is named twice
        if None in sources or len(sources) < len(models) + len(papers):
            return None
        id_ = line.id or f"line-{item.source}"
        return _Job(
            item,
            content_hash(raw),
            id_,
            line.question,
            models,  # type: ignore[arg-type]
            papers,  # type: ignore[arg-type]
            library,
            line.answer,
        )

    def _line_of(self, raw: bytes) -> QuestionLine | None:
        """The line that some bytes are, if there is nothing to say about its texts and keys."""
        try:
            line = _decode_line(raw)
        except (ValueError, RecursionError):
            return None
        if not _has_each_key_once(raw, line):
            return None
        if line.id and not PLAIN_ID.match(line.id):
            return None
        # only formats that complete a prompt know an answer
        if line.answer and not (self._format.completes and is_plain(line.answer)):
            return None
        # a question of blanks alone is none
        if not (is_plain(line.question) and line.question.strip()):
            return None
        return line

    def _full_path(self, item: SourceItem, raw: bytes, *, lines: bool) -> _Job | RenderResult:
        """Understand a question as `explainer build` does, with a finding for everything that is wrong."""
        text = decode(raw, item.file)
        if text.value is None:
            return _failed(item, on_line(text.findings, item.source))
        loaded, answer = (
            self._load_line(text.value, item) if lines else self._load_file(text.value, item)
        )
        question = loaded.value
        # a question is read as well as can be: only one that was not read in full may be no question at all
        if not lines and (question is None or question.partial):
            why = no_question(text.value, item.file)
            if why is not None:
                return RenderResult(item.source, "skipped", why=why)
        if question is None:
            return _failed(item, loaded.findings)
        return self._choose_sources(item, content_hash(raw), question, answer, loaded.findings)

    def _choose_sources(
        self,
        item: SourceItem,
        raw: str,
        question: LoadedQuestion,
        answer: str,
        findings: tuple[Finding, ...],
    ) -> _Job | RenderResult:
        catalogs = question.question.catalog
        library = self._library_for(catalogs, item.source)
        if library.unusable:
            message = f"its catalog {library.unusable[0].location.file!r} cannot be read"
            unusable = Finding("B709", question.document.locate(("catalog",)), message)
            return _failed(item, (*findings, unusable), question.id)
        offered = offer(
            question, library.library, SourceCounts(self._options.models, self._options.papers)
        )
        findings += offered.findings
        if offered.value is None:
            if not has_errors(findings):
                findings += _broken_names(question, library.library)
            return _failed(item, findings, question.id)
        sources, _ = offered.value
        models = [library.ready(entry) for entry in sources.models]
        papers = [library.ready(entry) for entry in sources.papers]
        recommended = question.question.models is None or question.question.papers is None
        return _Job(
            item, raw, question.id, question.question.question, models, papers, library, answer, catalogs,
            findings, loaded=question, recommended=recommended,
        )  # fmt: skip

    def _load_file(self, text: str, item: SourceItem) -> tuple[Parsed[LoadedQuestion], str]:
        return parse_question(text, item.file, default_id=id_of_file(str(item.source))), ""

    def _load_line(self, text: str, item: SourceItem) -> tuple[Parsed[LoadedQuestion], str]:
        document = read_json_line(text, item.file, int(item.source))
        answer = ""
        # `answer` is no key of a question: only formats that complete a prompt know it
        if (
            self._format.completes
            and isinstance(document.data, dict)
            and isinstance(document.data.get("answer"), str)
        ):
            answer = document.data.pop("answer")
        return load_document(document, f"line-{item.source}"), answer

    # --- from a job to an output ---

    def _finish(self, job: _Job, rendered: Parsed[Rendering]) -> RenderResult:
        limit = self._options.max_tokens
        if limit is not None and rendered.value is not None:
            rendered = self._fit(job, rendered.value, limit)
        completion = self._completion(job) if self._format.completes else Parsed(NOTHING)
        if rendered.value is None or completion.value is None:
            findings = rendered.findings or completion.findings
            return self._rendering_failed(job, findings[0])
        output = Output(job.id, job.custom_id, rendered.value, completion.value)
        return self._rendered(job, self._write(output, self._format_options))

    def _rendered(self, job: _Job, output: bytes) -> RenderResult:
        row = self._row(job, len(output), "" if self._is_line else content_hash(output))
        return RenderResult(job.item.source, "rendered", job.id, job.findings, "", row, output)

    def _completion(self, job: _Job) -> Parsed[Rendering]:
        """The answer that stands beside a prompt: the question's own, or else the skeleton of one."""
        if job.answer:
            return Parsed(Rendering((Segment("user", job.answer),)))
        return self._completer.render(job.context)

    def _rendering_failed(self, job: _Job, finding: Finding) -> RenderResult:
        # what is too long has the question's own place; the template is all that others name
        if finding.code != "B704":
            finding = replace(finding, message=f"{finding.message} (rendering {job.id!r})")
        return _failed(job.item, (*job.findings, finding), job.id)

    def _row(self, job: _Job, size: int, output: str) -> bytes:
        """The row of the manifest. What was offered is not in it where the question says so itself."""
        row = ManifestRow(
            job.item.source, job.raw, job.library.hash, job.key, size, job.id, job.custom_id, output,
            f"{job.id}.{self._options.kind}{self._format.suffix}" if self._files else "", job.catalogs,
        )  # fmt: skip
        if self._offers or job.recommended:
            row.models = [model.listed for model in job.models]
            row.papers = [paper.listed for paper in job.papers]
        if job.tokens is not None:
            row.tokens, row.cut = job.tokens, job.cut
        return row_line(row)

    def _fit(self, job: _Job, rendering: Rendering, budget: int) -> Parsed[Rendering]:
        """Cut a prompt to a budget: the summaries of papers, the last one first, then the papers themselves."""
        job.tokens = self._count_tokens(rendering.text)
        cuts = _cuts(job)
        while job.tokens > budget and next(cuts, False):
            rendered = self._renderer.render_all([job.context])[0]
            if rendered.value is None:
                return rendered
            rendering = rendered.value
            job.tokens = self._count_tokens(rendering.text)
        if job.tokens <= budget:
            return Parsed(rendering)
        message = (
            f"the prompt has {job.tokens:,} tokens without any paper, and {budget:,} are allowed"
        )
        return Parsed(None, (Finding("B704", job.item.location, message),))


def _cuts(job: _Job) -> Iterator[bool]:
    """Cut one thing after the other."""
    for index in range(len(job.papers) - 1, -1, -1):
        paper = job.papers[index].entry
        if paper.summary:
            job.papers[index] = PreparedEntry(replace(paper, summary=None))
            job.cut.append({"paper": paper.label, "cut": "summary"})
            yield True
    while job.papers:
        job.cut.append({"paper": job.papers.pop().entry.label, "cut": "paper"})
        yield True


def on_line(findings: Sequence[Finding], source: str | int) -> tuple[Finding, ...]:
    """Move findings about the first line of a text to the line of the source that it is."""
    if isinstance(source, str):
        return tuple(findings)
    return tuple(
        replace(finding, location=replace(finding.location, line=source)) for finding in findings
    )


def id_of_file(name: str) -> str:
    """Return the id that a question has by the name of its file, where it says none."""
    return _SUFFIX.sub("", name)


def name_fault(id_: str) -> str | None:
    """Return why no file can be called like an id on every system, or None; the ending of an output comes behind it."""
    # nearly all are short names in ASCII
    is_plain_name = id_.isascii() and id_.isidentifier() and len(id_) < _SURELY_SHORT
    if is_plain_name and fits_windows(id_):
        return None
    return next(_name_faults(id_), None)


def _name_faults(id_: str) -> Iterator[str]:
    *folders, name = id_.split("/")
    for part in (*folders, name):
        if not fits_windows(part):
            yield f"cannot be a file on Windows because of {shorten(part)!r}"
        if len(part.encode()) > _LONGEST_NAME - _LONGEST_ENDING * (part is name):
            yield f"is too long for the name of a file: {len(part.encode())} bytes"
    if len(id_.encode()) > _LONGEST_ID:
        yield f"is too long for a path: {len(id_.encode()):,} bytes"
    for folder in folders:
        if _NAME_OF_OUTPUT.fullmatch(folder.casefold()):
            yield f"has a folder {shorten(folder)!r}, which is what outputs are called"


def no_question(text: str, file: str) -> str | None:
    """Why a YAML file is no question at all, or None when it is one, with mistakes."""
    from explainer.documents.yaml_reader import read_yaml  # noqa: PLC0415

    data = read_yaml(text, file).data
    if not isinstance(data, dict) or "question" in data:
        return None
    for kind in (*SOURCE_KINDS, Kind.TASKS):
        if _has_entries(data.get(kind)):
            return "a catalog"
    # a question that lacks its text
    if not _KEYS.isdisjoint(data):
        return None
    # a slip of the pen in the key of its text
    if any(suggest("question", [str(key)]) for key in data):
        return None
    return "no question"


def _has_entries(items: Any) -> bool:
    return isinstance(items, list) and any(isinstance(item, dict) for item in items)


def _broken_names(question: LoadedQuestion, library: Library) -> tuple[Finding, ...]:
    """A finding for each name whose entry was left out of its catalog for its mistakes."""
    findings = []
    for kind, items in (
        (Kind.MODELS, question.question.models),
        (Kind.PAPERS, question.question.papers),
    ):
        for index, name in enumerate(items or ()):
            if isinstance(name, str) and name in library.broken:
                place = question.document.locate((kind.value, index))
                findings.append(
                    Finding("B701", place, f"{name!r} has mistakes in its catalog", text=name)
                )
    return tuple(findings)

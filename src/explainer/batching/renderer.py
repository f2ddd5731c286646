"""The entries of a library made ready for many questions: each name is resolved once, each entry prepared once.

Makes outputs of many questions, pure: bytes of a question → bytes of its output and its row of the manifest.

Whatever repeats is done once: the names of a catalog are resolved once, an entry is made ready for templates once, and
its printed blocks and their encodings are kept (`memo`, `tape`, `formats.Encoder`). A line that is plainly right takes
a short way; every other goes the way of `explainer build`, which also finds the words for what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from json.encoder import encode_basestring
from typing import Any, Final, Literal, NamedTuple, Protocol

from explainer.batching.manifest import ManifestRow, RenderOptions, content_hash, file_hash
from explainer.batching.sources import SourceItem
from explainer.batching.tokens import Counter
from explainer.build import BuildResult, offer, source_context
from explainer.catalogs.library import Library, SourceCounts
from explainer.catalogs.question import LoadedQuestion, load_document, parse_question
from explainer.catalogs.schema import Entry, ModelEntry, PaperEntry
from explainer.diagnostics.finding import Finding, Location, Parsed, exit_status
from explainer.diagnostics.text import is_plain, suggest
from explainer.documents.document import decode
from explainer.documents.json_reader import read_json_line
from explainer.documents.yaml_reader import read_yaml
from explainer.rendering.fastpath import EntryData
from explainer.rendering.formats import FORMATS, Encoder, Options, Output, parts_of
from explainer.rendering.renderer import Context, Parts, entry_data, render_context
from explainer.rendering.templates import builtin_renderer

_MOST_NAMES: Final = 200_000


class PreparedEntry:
    """An entry made ready: for templates, for the hash of a question, for the manifest."""

    __slots__ = ("data", "digest", "entry", "listed")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.data: EntryData = entry_data(entry)
        self.digest = content_hash(entry.model_dump_json(exclude_defaults=True).encode())
        self.listed = f'{{"name": {encode_basestring(entry.label)}, "hash": "{self.digest}"}}'.encode()


def content_key(
    options_hash: str, question: str, models: Sequence[PreparedEntry], papers: Sequence[PreparedEntry],
    answer: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """Return the hash of what an output is made of: the options, the question, its entries, its given answer.

    Args:
        options_hash: that of the recipe.
        question: its text.
        models: the models offered.
        papers: the papers offered.
        answer: an answer that stands beside the question.
        more: what the template gets beside the question and the entries.
    """
    texts = [options_hash, question, "/"]
    texts += [model.digest for model in models]
    texts.append("/")
    texts += [paper.digest for paper in papers]
    if answer is not None:
        texts += ["/", answer]
    if more:
        texts += ["//", json.dumps(more, ensure_ascii=False, sort_keys=True)]
    return content_hash("\0".join(texts).encode())


def output_file(result: BuildResult, question: str, options: RenderOptions) -> str:
    """Return the file that a batch with these options writes for what was built of a question."""
    models = list(map(PreparedEntry, result.sources.models))
    papers = list(map(PreparedEntry, result.sources.papers))
    key = content_key(options.options_hash, question, models, papers, more=result.variables)
    format_ = FORMATS[options.format]
    completion: Parts = []
    if format_.completes:
        completion = parts_of(builtin_renderer("answer").render(source_context(question, result.sources)).unwrap())
    output = Output(result.id, f"{result.id}.{key[:8]}", parts_of(result.rendering), completion)
    return format_.file(output, Encoder(Options(options.model, options.body))).decode()


class PreparedLibrary:
    """The entries of a library, each made ready when it is first used."""

    def __init__(self, library: Library, hash_: str, unusable: Sequence[Finding] = ()) -> None:
        self.library = library
        self.hash = hash_
        self.unusable = tuple(unusable)
        """Why a catalog could not be read: then no question can be answered for sure."""
        self.models = _Named(library.models, self)
        self.papers = _Named(library.papers, self)
        self._ready: dict[int, PreparedEntry] = {}

    def ready(self, entry: Entry) -> PreparedEntry:
        """Return an entry made ready; those that are written in a question itself are not kept."""
        known = self._ready.get(id(entry))
        if known is not None:
            return known
        index: Any = self.library.papers if isinstance(entry, PaperEntry) else self.library.models
        if any(entry is candidate for candidate in index.find(entry.label)):
            return self.keep(entry)
        return PreparedEntry(entry)

    def keep(self, entry: Entry) -> PreparedEntry:
        """Return an entry of the library made ready; it is kept."""
        if id(entry) not in self._ready:
            self._ready[id(entry)] = PreparedEntry(entry)
        return self._ready[id(entry)]


class _Named(dict[str, "PreparedEntry | None"]):
    """What names mean: the entry, or None when there is anything to say about it."""

    def __init__(self, index: Any, offered: PreparedLibrary) -> None:
        super().__init__()
        self._index = index
        self._offered = offered

    def __missing__(self, name: str) -> PreparedEntry | None:
        if len(self) > _MOST_NAMES:  # names that no catalog has, one after the other
            self.clear()
        found = self._index.find(name)
        right = len(found) == 1 and not found[0].deprecated
        prepared = self[name] = self._offered.keep(found[0]) if right else None
        return prepared


Status = Literal["rendered", "same", "failed", "skipped"]
_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*+(?:/[A-Za-z0-9_][A-Za-z0-9._-]*+)*+", re.ASCII)
_MAX_ID: Final = 200
_SUFFIX: Final = re.compile(r"\.ya?ml$")
_SCAN: Final = json.JSONDecoder(object_pairs_hook=tuple).scan_once  # type: ignore[attr-defined]  # the scanner itself, in C
_KEYS: Final = frozenset({"question", "id", "models", "papers"})
_DEVICES: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)


class SupportsRenderAll(Protocol):
    """Renders one template many times."""

    @property
    def asks(self) -> bool:
        """Whether the template wants the variables of `composing.variables` too."""

    def render_all(self, contexts: Sequence[Context]) -> list[Parts | Finding]:
        """Render the template with each of these variables, in their order."""


LibraryFor = Callable[[Sequence[str] | None, str | int], PreparedLibrary]
"""From a question's `catalog:` and its place in the source to the entries that it may use."""


class RenderResult(NamedTuple):
    """What became of one question.

    Attributes:
        source: its place in the source.
        status: what happened.
        id: its id; empty when it could not be read.
        findings: what there is to say.
        why: why it is no question, when it was skipped.
        bulk: its row of the manifest (also when the output is the same as before), then its output.
    """

    source: str | int
    status: Status
    id: str = ""
    findings: tuple[Finding, ...] = ()
    why: str = ""
    bulk: tuple[bytes, ...] = ()


@dataclass(slots=True)
class _Job:
    """A question that was understood and is to be rendered."""

    item: SourceItem
    raw: str
    id: str
    question: str
    models: list[PreparedEntry]
    papers: list[PreparedEntry]
    offered: PreparedLibrary
    catalogs: Sequence[str] | None = None
    answer: str | None = None
    findings: tuple[Finding, ...] = ()
    key: str = ""
    cut: list[dict[str, str]] = field(default_factory=list)
    tokens: int | None = None
    loaded: LoadedQuestion | None = None
    more: dict[str, Any] | None = None

    def context(self) -> Context:
        return render_context(self.question, [m.data for m in self.models], [p.data for p in self.papers], self.more)


class BatchRenderer:
    """Makes outputs.

    Args:
        recipe: what decides an output, but for the question and its entries.
        library_for: gives the entries that a question may use.
        renderer: renders the template.
        completer: renders the answer that belongs to a prompt, for formats that need it.
        counter: counts tokens, when there is a budget.
        files: outputs become files, not lines of a `.jsonl`.
    """

    def __init__(
        self, recipe: RenderOptions, library_for: LibraryFor, renderer: SupportsRenderAll, completer: SupportsRenderAll,
        counter: Counter | None, *, files: bool,
    ) -> None:  # fmt: skip
        self._recipe = recipe
        self._options_hash = recipe.options_hash
        self._format = FORMATS[recipe.format]
        self._library_for = library_for
        self._renderer = renderer
        self._completer = completer
        self._count = counter
        self._files = files
        self._encoder = Encoder(Options(recipe.model, recipe.body))
        self._keys = _KEYS | {"answer"} if self._format.completes else _KEYS

    def run(self, work: Sequence[tuple[SourceItem, ManifestRow | None]], *, lines: bool) -> list[RenderResult]:
        """Make the outputs of some questions, in their order.

        Args:
            work: the questions, each with what an earlier run knew of it.
            lines: they are lines of JSON, not YAML files.
        """
        made: list[RenderResult | None] = []
        orders: list[tuple[int, _Job]] = []
        for item, known in work:
            order = self._understand(item, lines=lines)
            if isinstance(order, _Job) and known is not None and known.current:
                order = self._unchanged(order, known) or order
            if isinstance(order, _Job):
                orders.append((len(made), order))
                made.append(None)
            else:
                made.append(order)
        rendered = self._renderer.render_all([order.context() for _, order in orders])
        for (at, order), parts in zip(orders, rendered, strict=True):
            made[at] = self._finish(order, parts)
        return [one for one in made if one is not None]

    # --- from bytes to an order ---

    def _understand(self, item: SourceItem, *, lines: bool) -> _Job | RenderResult:
        raw = item.raw
        if isinstance(raw, Finding):
            return RenderResult(item.source, "failed", findings=(raw,))
        order = (self._short_way(item, raw) if lines else None) or self._long_way(item, raw, lines=lines)
        if isinstance(order, RenderResult):
            return order
        if self._files and (device := device_in(order.id)):
            message = f"the id {order.id!r} cannot be a file on Windows because of {device!r}"
            place = Location(item.file, item.source if isinstance(item.source, int) else 1)
            return RenderResult(
                item.source, "failed", order.id, findings=(*order.findings, Finding("B703", place, message))
            )
        if order.findings and exit_status(order.findings, strict=self._recipe.strict):
            return RenderResult(item.source, "failed", order.id, findings=order.findings)
        if self._renderer.asks:
            from explainer.workflows.planning import variables  # noqa: PLC0415  # few templates ask

            offered = [(one.entry, one.data) for one in order.models if isinstance(one.entry, ModelEntry)]
            order.more = variables(order.loaded, offered, order.offered.library)
        order.key = content_key(
            self._options_hash, order.question, order.models, order.papers, order.answer, order.more
        )
        return order

    def _short_way(self, item: SourceItem, raw: bytes) -> _Job | None:  # noqa: C901, PLR0911  # leaves at the first doubt
        """Understand a line about which there is nothing to say; None for every other."""
        try:
            text = raw.decode()
            pairs, end = _SCAN(text, 0)
        except (ValueError, StopIteration, RecursionError):
            return None
        if type(pairs) is not tuple or end != len(text):
            return None
        try:
            data = dict(pairs)
            given = data.get("id")
            id_ = f"line-{item.source}" if given is None or given == "" else given
            question, models, papers = data["question"], data["models"], data["papers"]
        except (KeyError, TypeError, ValueError):
            return None
        if len(data) != len(pairs) or not self._keys.issuperset(data):
            return None
        if type(question) is not str or type(id_) is not str or type(models) is not list or type(papers) is not list:
            return None
        if not is_plain(question) or not question.strip() or len(id_) > _MAX_ID or not _ID.fullmatch(id_):
            return None
        answer = data.get("answer")
        if answer is not None and (type(answer) is not str or not is_plain(answer)):
            return None
        offered = self._library_for(None, item.source)
        if offered.unusable:
            return None
        try:
            by_name = offered.models
            chosen_models = [by_name[name] for name in models]
            by_name = offered.papers
            chosen_papers = [by_name[name] for name in papers]
        except TypeError:  # a whole entry instead of a name
            return None
        chosen = {*chosen_models, *chosen_papers}
        if None in chosen or len(chosen) < len(models) + len(papers):
            return None
        return _Job(
            item, content_hash(raw), id_, question, chosen_models, chosen_papers, offered, None, answer,  # type: ignore[arg-type]
        )  # fmt: skip

    def _long_way(self, item: SourceItem, raw: bytes, *, lines: bool) -> _Job | RenderResult:
        """Understand a question as `explainer build` does, with a finding for everything that is wrong."""
        text = decode(raw, item.file)
        if text.value is None:
            return RenderResult(item.source, "failed", findings=on_line(text.findings, item.source))
        answer = None
        if lines:
            loaded, answer = self._line(text.value, item)
        else:
            loaded = parse_question(text.value, item.file, default_id=_SUFFIX.sub("", str(item.source)))
            if (loaded.value is None or loaded.value.partial) and (why := no_question(text.value, item.file)):
                return RenderResult(item.source, "skipped", why=why)
        question = loaded.value
        if question is None:
            return RenderResult(item.source, "failed", findings=loaded.findings)
        offered = self._library_for(question.question.catalog, item.source)
        if offered.unusable:
            message = f"its catalog {offered.unusable[0].location.file!r} cannot be read"
            unusable = Finding("B709", question.document.locate(("catalog",)), message)
            return RenderResult(item.source, "failed", question.id, findings=(*loaded.findings, unusable))
        chosen = offer(question, offered.library, SourceCounts(self._recipe.models, self._recipe.papers))
        findings = loaded.findings + chosen.findings
        if chosen.value is None:
            return RenderResult(
                item.source, "failed", question.id, findings=findings + _broken(question, offered, findings)
            )
        sources, _ = chosen.value
        models = [offered.ready(entry) for entry in sources.models]
        papers = [offered.ready(entry) for entry in sources.papers]
        return _Job(
            item, content_hash(raw), question.id, question.question.question, models, papers, offered,
            question.question.catalog, answer, findings, loaded=question,
        )  # fmt: skip

    def _line(self, text: str, item: SourceItem) -> tuple[Parsed[LoadedQuestion], str | None]:
        number = int(item.source)
        document = read_json_line(text, item.file, number)
        answer = None
        if self._format.completes and isinstance(document.data, dict) and isinstance(document.data.get("answer"), str):
            answer = document.data.pop("answer")
        return load_document(document, f"line-{number}"), answer

    def _unchanged(self, order: _Job, known: ManifestRow) -> RenderResult | None:
        """What there is to say of a question that was changed in its bytes alone, or in nothing that it uses."""
        if known.key != order.key or known.id != order.id:
            return None
        row = self._row(order, known.size, known.output)
        return RenderResult(order.item.source, "same", order.id, order.findings, bulk=(row,))

    # --- from an order to an output ---

    def _finish(self, order: _Job, parts: Parts | Finding) -> RenderResult:
        if self._recipe.max_tokens is not None and not isinstance(parts, Finding):
            parts = self._fit(order, parts, self._recipe.max_tokens)
        completion: Parts | Finding = []
        if self._format.completes and not isinstance(parts, Finding):
            completion = (
                [("user", [order.answer])] if order.answer else self._completer.render_all([order.context()])[0]
            )
        for outcome in (parts, completion):
            if isinstance(outcome, Finding):
                if outcome.code != "B704":
                    outcome = replace(outcome, message=f"{outcome.message} (rendering {order.id!r})")  # noqa: PLW2901
                return RenderResult(order.item.source, "failed", order.id, findings=(*order.findings, outcome))
        output = Output(order.id, f"{order.id}.{order.key[:8]}", parts, completion)  # type: ignore[arg-type]  # no findings
        if self._files or self._format.line is None:
            data = self._format.file(output, self._encoder)
            row = self._row(order, len(data), file_hash(data))
        else:
            data = self._format.line(output, self._encoder) + b"\n"
            row = self._row(order, len(data), "")
        return RenderResult(order.item.source, "rendered", order.id, order.findings, "", (row, data))

    def _row(self, order: _Job, size: int, output: str) -> bytes:
        source = order.item.source
        place = str(source) if isinstance(source, int) else encode_basestring(source)
        id_ = encode_basestring(order.id)
        more = ""
        if self._files:
            more = f', "out": {id_[:-1]}.{self._recipe.kind}{self._format.suffix}"'
        if order.catalogs is not None:
            more += f', "catalogs": {json.dumps(list(order.catalogs), ensure_ascii=False)}'
        if order.tokens is not None:
            more += f', "tokens": {order.tokens}, "cut": {json.dumps(order.cut, ensure_ascii=False)}'
        text = (
            f'{{"source": {place}, "raw": "{order.raw}", "library": "{order.offered.hash}", "key": "{order.key}", '
            f'"size": {size}, "output": "{output}", "id": {id_}, "custom_id": {id_[:-1]}.{order.key[:8]}"{more}, '
            f'"question": {encode_basestring(order.question)}, "models": ['
        )
        models = b", ".join([model.listed for model in order.models])
        papers = b", ".join([paper.listed for paper in order.papers])
        return b'%b%b], "papers": [%b]}\n' % (text.encode(), models, papers)

    def _fit(self, order: _Job, parts: Parts, budget: int) -> Parts | Finding:
        """Cut a prompt to a budget: the summaries of papers, the last one first, then the papers themselves."""
        outcome: Parts | Finding = parts
        order.tokens = self._tokens(parts)
        cuts = self._cuts(order)
        while order.tokens > budget and next(cuts, False):
            outcome = self._renderer.render_all([order.context()])[0]
            if isinstance(outcome, Finding):
                return outcome
            order.tokens = self._tokens(outcome)
        if order.tokens <= budget:
            return outcome
        place = Location(order.item.file, order.item.source if isinstance(order.item.source, int) else 1)
        message = f"the prompt has {order.tokens:,} tokens without any paper, and {budget:,} are allowed"
        return Finding("B704", place, message)

    def _cuts(self, order: _Job) -> Iterator[bool]:
        """Cut one thing after the other."""
        for at in range(len(order.papers) - 1, -1, -1):
            paper = order.papers[at].entry
            if paper.summary:
                order.papers[at] = PreparedEntry(paper.model_copy(update={"summary": None}))
                order.cut.append({"paper": paper.label, "cut": "summary"})
                yield True
        while order.papers:
            order.cut.append({"paper": order.papers.pop().entry.label, "cut": "paper"})
            yield True

    def _tokens(self, parts: Parts) -> int:
        return self._count("".join(["".join(pieces) for _, pieces in parts])) if self._count else 0


def on_line(findings: Sequence[Finding], source: str | int) -> tuple[Finding, ...]:
    """Move findings about the first line of a text to the line of the source that it is."""
    if isinstance(source, str):
        return tuple(findings)
    return tuple(
        Finding(f.code, Location(f.location.file, source, f.location.column), f.message, f.hint, f.text)
        for f in findings
    )


def device_in(id_: str) -> str | None:
    """The part of an id that cannot be the name of a file on Windows."""
    parts = id_.split("/")
    return next((part for part in parts if _DEVICES.match(part) or part.endswith((".", " "))), None)


def no_question(text: str, file: str) -> str | None:
    """Why a YAML file is no question at all, or None when it is one, with mistakes."""
    data = read_yaml(text, file).data
    if not isinstance(data, dict) or "question" in data:
        return None
    lists = [data.get(kind) for kind in ("models", "papers", "tasks")]
    if any(isinstance(items, list) and any(isinstance(item, dict) for item in items) for items in lists):
        return "a catalog"
    if _KEYS.isdisjoint(data) and not any(suggest("question", [str(key)]) for key in data):
        return "no question"
    return None


def _broken(question: LoadedQuestion, offered: PreparedLibrary, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """A finding for each name whose entry was left out of its catalog for its mistakes."""
    if any(finding.is_error for finding in findings):
        return ()
    return tuple(
        Finding("B701", question.document.locate((kind, at)), f"{name!r} has mistakes in its catalog", text=name)
        for kind, items in (("models", question.question.models), ("papers", question.question.papers))
        for at, name in enumerate(items or ())
        if isinstance(name, str) and name in offered.library.broken
    )

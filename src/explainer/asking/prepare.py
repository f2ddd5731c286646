"""Questions from wherever they are → questions that are ready to be asked, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from explainer.asking.conversation import Message, PreparedQuestion
from explainer.batching.renderer import device_in, no_question, on_line
from explainer.batching.sources import QuestionSource, Skipped, SourceItem
from explainer.batching.used_ids import folded
from explainer.build import SupportsRender, build
from explainer.catalogs.library import SourceCounts
from explainer.catalogs.loading import CATALOG_SUFFIXES, CatalogLoader
from explainer.catalogs.question import LoadedQuestion, parse_question, parse_question_line
from explainer.checking.offered import lookup_of, offered_by_sources
from explainer.diagnostics.finding import ExitStatus, Finding, Location, Parsed, exit_status
from explainer.documents.document import decode
from explainer.recommending.recommend import SupportsScores


@dataclass
class QuestionPreparer:
    """Makes questions ready to be asked.

    Attributes:
        loader: reads their catalogs.
        renderer: the template.
        counts: how many entries are chosen where a question names none.
        semantic: a second opinion on what fits.
        strict: a question with a warning is not asked.
        files: ids become the names of files.
    """

    loader: CatalogLoader
    renderer: SupportsRender
    counts: SourceCounts
    semantic: SupportsScores | None = None
    strict: bool = False
    files: bool = True
    _ids: dict[str, tuple[str, Location]] = field(default_factory=dict)

    def prepare(self, loaded: LoadedQuestion, base: Path) -> Parsed[PreparedQuestion]:
        """Make one question ready.

        Args:
            loaded: the question.
            base: the folder that its `catalog:` is relative to.
        """
        said_before = set(self.loader.findings)
        library = self.loader.for_question(loaded.question, base)
        findings = tuple(f for f in library.findings if f.is_error and f not in said_before)
        if library.value is None:
            return Parsed(None, findings)
        built = build(loaded, library.value, self.renderer, self.counts, self.semantic)
        findings += (*built.findings, *self._claim_id(loaded))
        if built.value is None or exit_status(findings, strict=self.strict) is not ExitStatus.OK:
            return Parsed(None, findings)
        question = loaded.question.question
        offered = offered_by_sources(built.value.sources, question, lookup_of(library.value))
        if not offered.sources:
            message = "nothing is offered, so no answer could be checked: it is not asked"
            unasked = Finding("A102", loaded.document.locate(()), message, "name models or papers")
            return Parsed(None, (*findings, unasked))
        prompt = tuple(Message(segment.role, segment.text) for segment in built.value.rendering.segments)
        return Parsed(PreparedQuestion(loaded.id, question, prompt, offered), findings)

    def prepare_all(self, source: QuestionSource) -> Iterator[Parsed[PreparedQuestion] | Skipped]:
        """Make all questions of a source ready, in their order.

        Raises:
            OSError: when the source cannot be read.
        """
        for item in source:
            yield item if isinstance(item, Skipped) else self._prepare_item(item, source)

    def _prepare_item(self, item: SourceItem, source: QuestionSource) -> Parsed[PreparedQuestion] | Skipped:
        loaded = _load(item, lines=source.lines)
        if isinstance(loaded, Skipped):
            return loaded
        folder, _, _ = str(item.source).rpartition("/")
        return self.prepare_loaded(loaded, source.base / folder)

    def prepare_loaded(self, loaded: Parsed[LoadedQuestion], base: Path) -> Parsed[PreparedQuestion]:
        """Make a question ready that was read, if it could be; see `prepare`."""
        if loaded.value is None:
            return Parsed(None, loaded.findings)
        prepared = self.prepare(loaded.value, base)
        return Parsed(prepared.value, loaded.findings + prepared.findings)

    def _claim_id(self, loaded: LoadedQuestion) -> Iterator[Finding]:
        """Take an id for a question; a finding when another one has it, or when no file can be called so."""
        id_, place = loaded.id, loaded.document.locate(("id",))
        name = id_
        if self.files:
            name = folded(id_)
            device = device_in(id_)
            if device:
                message = f"the id {id_!r} cannot be a file on Windows because of {device!r}"
                yield Finding("B703", place, message)
        first_id, first_place = self._ids.setdefault(name, (id_, place))
        if first_place == place:
            return
        if first_id == id_:
            message = f"the id {id_!r} stands twice, first at {first_place}"
            yield Finding("Q407", place, message, "give one of the two another id", id_)
        else:
            message = f"the ids {id_!r} and {first_id!r} ({first_place}) are one file on many disks"
            yield Finding("B702", place, message, "rename one of the two", id_)


def _load(item: SourceItem, *, lines: bool) -> Parsed[LoadedQuestion] | Skipped:
    if isinstance(item.raw, Finding):
        return Parsed(None, (item.raw,))
    text = decode(item.raw, item.file)
    if text.value is None:
        return Parsed(None, on_line(text.findings, item.source))
    if lines and isinstance(item.source, int):
        return parse_question_line(text.value, item.file, item.source)
    name = str(item.source)
    default_id = next((name.removesuffix(suffix) for suffix in CATALOG_SUFFIXES if name.endswith(suffix)), name)
    loaded = parse_question(text.value, item.file, default_id=default_id)
    if loaded.value is not None and not loaded.value.partial:
        return loaded
    why_none = no_question(text.value, item.file)
    return Skipped(name, why_none) if why_none else loaded

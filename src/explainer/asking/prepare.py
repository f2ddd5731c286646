"""Questions from wherever they are → orders that are ready to be asked, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from explainer.asking.chat import Message
from explainer.asking.conversation import PreparedQuestion
from explainer.batching.renderer import device_in, no_question, on_line
from explainer.batching.sources import QuestionSource, Skipped, SourceItem
from explainer.batching.used_ids import folded
from explainer.build import SupportsRender, build
from explainer.catalogs.library import SourceCounts
from explainer.catalogs.loading import CATALOG_SUFFIXES, CatalogLoader, catalogs_for
from explainer.catalogs.question import LoadedQuestion, parse_question, parse_question_line
from explainer.checking.offered import gazetteer_of, offered_by_sources
from explainer.diagnostics.finding import ExitStatus, Finding, Location, Parsed, exit_status
from explainer.documents.document import decode
from explainer.files import display_path
from explainer.recommending.recommend import SupportsScores


@dataclass
class QuestionPreparer:
    """Makes orders of questions.

    Attributes:
        given: the catalogs of the command line.
        renderer: the template.
        wanted: how many entries are chosen where a question names none.
        semantic: a second opinion on what fits.
        strict: a question with a warning is not asked.
        files: ids become the names of files.
        catalogs: the catalog files that were read, in order.
    """

    given: Sequence[Path]
    renderer: SupportsRender
    wanted: SourceCounts
    semantic: SupportsScores | None = None
    strict: bool = False
    files: bool = True
    catalogs: dict[str, None] = field(default_factory=dict)
    _shelf: CatalogLoader = field(default_factory=CatalogLoader)
    _ids: dict[str, tuple[str, Location]] = field(default_factory=dict)
    _said: set[Finding] = field(default_factory=set)

    def one(self, loaded: LoadedQuestion, base: Path) -> Parsed[PreparedQuestion]:
        """Make the order of one question.

        Args:
            loaded: the question.
            base: the folder that its `catalog:` is relative to.
        """
        paths = catalogs_for(self.given, loaded.question.catalog, base)
        library = self._shelf.library(paths.value or [])
        self.catalogs.update(dict.fromkeys(display_path(path.path) for path in paths.value or []))
        about_catalogs = [f for f in (*paths.findings, *library.findings) if f.is_error and f not in self._said]
        self._said.update(about_catalogs)
        findings = [*about_catalogs]
        if library.value is None:
            return Parsed(None, tuple(findings))
        built = build(loaded, library.value, self.renderer, self.wanted, self.semantic)
        findings += [*built.findings, *self._claim(loaded)]
        if built.value is None or exit_status(findings, strict=self.strict) is not ExitStatus.OK:
            return Parsed(None, tuple(findings))
        offered = offered_by_sources(built.value.sources, loaded.question.question, gazetteer_of(library.value))
        if not offered.sources:
            place = loaded.document.locate(())
            message = "nothing is offered, so no answer could be checked: it is not asked"
            return Parsed(None, (*findings, Finding("A102", place, message, "name models or papers")))
        prompt = tuple(Message(segment.role, segment.text) for segment in built.value.rendering.segments)
        return Parsed(PreparedQuestion(loaded.id, loaded.question.question, prompt, offered), tuple(findings))

    def many(self, source: QuestionSource) -> Iterator[Parsed[PreparedQuestion] | Skipped]:
        """Make the orders of all questions of a source, in their order.

        Raises:
            OSError: when the source cannot be read.
        """
        for item in source:
            if isinstance(item, Skipped):
                yield item
                continue
            loaded = self._read(item, lines=source.lines)
            if isinstance(loaded, Skipped) or loaded.value is None:
                yield loaded if isinstance(loaded, Skipped) else Parsed(None, loaded.findings)
                continue
            base = source.base / item.source.rpartition("/")[0] if isinstance(item.source, str) else source.base
            order = self.one(loaded.value, base)
            yield Parsed(order.value, loaded.findings + order.findings)

    def _read(self, item: SourceItem, *, lines: bool) -> Parsed[LoadedQuestion] | Skipped:
        if isinstance(item.raw, Finding):
            return Parsed(None, (item.raw,))
        text = decode(item.raw, item.file)
        if text.value is None:
            return Parsed(None, on_line(text.findings, item.source))
        if lines and isinstance(item.source, int):
            return parse_question_line(text.value, item.file, item.source)
        name = str(item.source)
        default = next((name.removesuffix(end) for end in CATALOG_SUFFIXES if name.endswith(end)), name)
        loaded = parse_question(text.value, item.file, default_id=default)
        if loaded.value is None or loaded.value.partial:
            why = no_question(text.value, item.file)
            return Skipped(name, why) if why else loaded
        return loaded

    def _claim(self, loaded: LoadedQuestion) -> Iterator[Finding]:
        """Take an id for a question; a finding when another one has it, or when no file can be called so."""
        id_, place = loaded.id, loaded.document.locate(("id",))
        device = device_in(id_) if self.files else None
        if device:
            message = f"the id {id_!r} cannot be a file on Windows because of {device!r}"
            yield Finding("B703", place, message)
        name = folded(id_) if self.files else id_
        other = self._ids.setdefault(name, (id_, place))
        if other[1] == place:
            return
        if other[0] == id_:
            message = f"the id {id_!r} stands twice, first at {other[1]}"
            yield Finding("Q407", place, message, "give one of the two another id", id_)
        else:
            message = f"the ids {id_!r} and {other[0]!r} ({other[1]}) are one file on many disks"
            yield Finding("B702", place, message, "rename one of the two", id_)

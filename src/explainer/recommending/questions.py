"""Recommends for the questions of a text or a file, from the catalogs of each: what `explainer recommend` does.

The catalogs are read into memory, or an index of them is kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from explainer.catalogs.kinds import Kind
from explainer.catalogs.library import Library, SourceCounts
from explainer.catalogs.loading import CatalogLoader, CatalogPath, load_question_lines
from explainer.catalogs.question import LoadedQuestion, question_from_text
from explainer.diagnostics.finding import ExitStatus, Finding, Parsed, exit_status
from explainer.files import STDIN, display_path
from explainer.recommending.choice import fit_findings
from explainer.recommending.recommend import Choice, Recommender, SupportsScores, recommender_of

if TYPE_CHECKING:
    from explainer.recommending.disk_index import IndexedRecommender

# What a line of labels has besides a question: the same file does for `catalog eval`.
_LABEL_KEYS: Final = ("model", "paper", "task")

Progress: TypeAlias = Callable[[int], object]
Chosen: TypeAlias = Parsed[tuple[Choice, tuple[Kind, ...]]]
"""A choice and the kinds of entries that should be in it, beside what was said about the catalogs; or None."""


@dataclass(frozen=True, slots=True)
class RecommendConfig:
    """What is recommended from, and to which questions.

    Attributes:
        text: the question, when there is only one.
        questions: a file of questions, a line of JSON each, when there are several.
        catalogs: the catalogs of the command line; they win over those that questions name.
        counts: how many models and papers are recommended, at most.
        semantic: a second opinion on what fits.
        use_index: keep an index of the catalogs on disk.
        progress: is told how many entries of a new index are done.
    """

    text: str = ""
    questions: Path | None = None
    catalogs: tuple[Path, ...] = ()
    counts: SourceCounts = field(default_factory=SourceCounts)
    semantic: SupportsScores | None = None
    use_index: bool = False
    progress: Progress = lambda _: None

    @property
    def base(self) -> Path:
        """The folder of the questions."""
        return Path() if self.questions is None or str(self.questions) == STDIN else self.questions.parent


@dataclass(frozen=True, slots=True)
class RecommendResult:
    """What was recommended.

    Attributes:
        choices: the questions whose catalogs could be read, each with what fits it.
        findings: what there is to say, each finding once.
        catalogs: the catalogs of all questions, as findings call them.
    """

    choices: tuple[tuple[LoadedQuestion, Choice], ...]
    findings: tuple[Finding, ...]
    catalogs: tuple[str, ...]


def recommend_questions(config: RecommendConfig) -> RecommendResult:
    """Recommend models and papers to all questions."""
    loader = CatalogLoader(config.catalogs)
    chooser = _IndexChooser(config, loader) if config.use_index else _MemoryChooser(config, loader)
    questions = _questions(config)
    findings = list(questions.findings)
    choices: list[tuple[LoadedQuestion, Choice]] = []
    catalogs: dict[CatalogPath, None] = {}
    for loaded in questions.value or ():
        files = loader.files(loaded.question.catalog, config.base)
        catalogs |= dict.fromkeys(files.value or ())
        chosen = chooser.choose(loaded)
        findings += [*files.findings, *chosen.findings]
        if chosen.value is not None:
            choice, kinds = chosen.value
            findings += fit_findings(choice, kinds, loaded.document)
            choices.append((loaded, choice))
    files_read = tuple(display_path(catalog.path) for catalog in catalogs)
    return RecommendResult(tuple(choices), tuple(dict.fromkeys(findings)), files_read)


def _questions(config: RecommendConfig) -> Parsed[list[LoadedQuestion]]:
    if config.questions is not None:
        return load_question_lines(config.questions, passed_over=_LABEL_KEYS)
    question = question_from_text(config.text, file="TEXT")
    return Parsed(None if question.value is None else [question.value], question.findings)


class _MemoryChooser:
    """Chooses from catalogs in memory."""

    def __init__(self, config: RecommendConfig, loader: CatalogLoader) -> None:
        self._config = config
        self._loader = loader

    def choose(self, loaded: LoadedQuestion) -> Chosen:
        """Choose for one question."""
        library = self._library(loaded)
        if library.value is None or exit_status(library.findings) is ExitStatus.UNUSABLE:
            return Parsed(None, library.findings)
        recommender = recommender_of(library.value, self._config.semantic)
        return Parsed(self._choice(recommender, loaded), library.findings)

    def _library(self, loaded: LoadedQuestion) -> Parsed[Library]:
        return self._loader.for_question(loaded.question, self._config.base)

    def _choice(self, recommender: Recommender, loaded: LoadedQuestion) -> tuple[Choice, tuple[Kind, ...]]:
        counts = self._config.counts
        choice = recommender.recommend(loaded.question.question, models=counts.models, papers=counts.papers)
        return choice, recommender.expected(counts)


class _IndexChooser(_MemoryChooser):
    """Chooses from indexes on disk, each of which is opened once."""

    def __init__(self, config: RecommendConfig, loader: CatalogLoader) -> None:
        super().__init__(config, loader)
        self._open: dict[tuple[CatalogPath, ...], Parsed[IndexedRecommender]] = {}

    def choose(self, loaded: LoadedQuestion) -> Chosen:
        """Choose for one question; an index that turns out to be damaged is built again."""
        findings: tuple[Finding, ...] = ()
        for rebuild in (False, True):
            recommender = self._recommender(loaded, rebuild=rebuild)
            findings += recommender.findings
            if recommender.value is None:
                break
            try:
                return Parsed(self._choice(recommender.value, loaded), findings)
            except ValueError:
                continue
        return Parsed(None, findings)

    def _recommender(self, loaded: LoadedQuestion, *, rebuild: bool) -> Parsed[IndexedRecommender]:
        from explainer.recommending.disk_index import open_indexed  # noqa: PLC0415  # validates rows of tables

        paths = self._loader.files(loaded.question.catalog, self._config.base).value or ()
        if rebuild or paths not in self._open:
            files = [catalog.path for catalog in paths]
            self._open[paths] = open_indexed(
                files, lambda: self._library(loaded), self._config.progress, rebuild=rebuild
            )
        return self._open[paths]

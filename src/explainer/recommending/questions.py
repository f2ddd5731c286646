"""Recommends for the questions of a text or a file, from the catalogs of each: what `explainer recommend` does.

The catalogs are read into memory, or an index of them is kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from explainer.catalogs.library import SourceCounts
from explainer.catalogs.loading import CatalogLoader, CatalogPath, empty_source, load_question_lines
from explainer.catalogs.parsing import LoadedQuestion, question_from_text
from explainer.catalogs.schema import Kind
from explainer.diagnostics.finding import ExitStatus, Finding, Location, Parsed, exit_status
from explainer.files import STDIN, input_name
from explainer.recommending.choice import fit_findings, weakness
from explainer.recommending.recommend import Choice, Recommender, SupportsMeanings, recommender_of

# What a line of labels has besides a question: the same file does for `catalog eval`.
_LABEL_KEYS: Final = ("model", "paper", "task")


class RecommendConfig(Struct, frozen=True):
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
    semantic: SupportsMeanings | None = None
    use_index: bool = False
    progress: Callable[[int], object] = lambda _: None


class RecommendResult(Struct, frozen=True):
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
    recommenders = _Recommenders(config)
    questions = _questions(config)
    findings = list(questions.findings)
    choices: list[tuple[LoadedQuestion, Choice]] = []
    catalogs: dict[str, None] = {}
    for loaded in questions.value or ():
        if loaded.partial:  # what is wrong with it is among the findings
            continue
        files = recommenders.files(loaded)
        catalogs |= dict.fromkeys(map(str, files.value or ()))
        chosen = recommenders.choose(loaded)
        findings += [*files.findings, *chosen.findings]
        if chosen.value is not None:
            choice, kinds = chosen.value
            findings += fit_findings(choice, kinds, loaded.document)
            # of many questions a program reads the scores
            if config.questions is None:
                findings += weakness(choice, loaded.document)
            choices.append((loaded, choice))
    return RecommendResult(tuple(choices), tuple(dict.fromkeys(findings)), tuple(catalogs))


def _questions(config: RecommendConfig) -> Parsed[list[LoadedQuestion]]:
    if config.questions is not None:
        loaded = load_question_lines(config.questions, passed_over=_LABEL_KEYS)
        if loaded.value or loaded.findings:
            return loaded
        return Parsed(None, (empty_source(input_name(config.questions)),))
    question = question_from_text(config.text, file="TEXT")
    return Parsed([] if question.value is None else [question.value], question.findings)


class _Recommenders:
    """The recommender of each question: of the catalogs in memory, or of an index that is opened once."""

    def __init__(self, config: RecommendConfig) -> None:
        self._config = config
        self._loader = CatalogLoader(config.catalogs)
        self._opened: dict[tuple[CatalogPath, ...], Parsed[Recommender]] = {}
        # questions of the command line and of stdin, which is called `-`, are asked where the command runs
        self._base = (config.questions or Path(STDIN)).parent

    def files(self, loaded: LoadedQuestion) -> Parsed[tuple[CatalogPath, ...]]:
        """Return the catalog files of a question."""
        return self._loader.files(loaded.question.catalog, self._base)

    def choose(
        self, loaded: LoadedQuestion, *, rebuild: bool = False
    ) -> Parsed[tuple[Choice, tuple[Kind, ...]]]:
        """Choose for a question, beside the kinds that should be chosen; None when its catalogs cannot be read."""
        recommender = self._recommender(loaded, rebuild=rebuild)
        if recommender.value is None:
            return Parsed(None, recommender.findings)
        counts = self._config.counts
        try:
            choice = recommender.value.recommend(
                loaded.question.question, models=counts.models, papers=counts.papers
            )
        except ValueError:
            # an index turned out to be damaged
            if not rebuild:
                return self.choose(loaded, rebuild=True)
            message = "the index cannot be read, though it is new"
            return Parsed(
                None, (Finding("F104", Location("--index"), message, "leave out --index"),)
            )
        return Parsed((choice, recommender.value.expected(counts)), recommender.findings)

    def _recommender(self, loaded: LoadedQuestion, *, rebuild: bool) -> Parsed[Recommender]:
        if self._config.use_index:
            return self._from_index(loaded, rebuild=rebuild)
        library = self._loader.for_question(loaded.question, self._base)
        if library.value is None or exit_status(library.findings) is ExitStatus.UNUSABLE:
            return Parsed(None, library.findings)
        return Parsed(recommender_of(library.value, self._config.semantic), library.findings)

    def _from_index(self, loaded: LoadedQuestion, *, rebuild: bool) -> Parsed[Recommender]:
        from explainer.recommending.disk_index import open_indexed  # noqa: PLC0415  # few ask for it

        catalogs = self.files(loaded).value or ()
        if rebuild or catalogs not in self._opened:
            files = [catalog.path for catalog in catalogs]
            library = partial(self._loader.for_question, loaded.question, self._base)
            opened = open_indexed(files, library, self._config.progress, rebuild=rebuild)
            self._opened[catalogs] = Parsed(opened.value, opened.findings)
        return self._opened[catalogs]

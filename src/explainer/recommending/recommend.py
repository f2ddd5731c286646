"""Which models and papers of a library fit a question, and why: the use case behind `recommend`, and behind `build`."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Final, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from explainer.catalogs.library import Library, SourceCounts
from explainer.catalogs.schema import SOURCE_KINDS, Entry, Kind, ModelEntry, PaperEntry
from explainer.recommending.bm25f import IndexTables
from explainer.recommending.intent import (
    Taxonomy,
    changes_nothing,
    clauses_of,
    leading_signature,
    with_result,
)
from explainer.recommending.query import Query
from explainer.recommending.ranking import (
    AGREEMENT,
    DIRECTION_FITS,
    PHRASE_FITS,
    Ranking,
    bare_link,
    task_label,
)
from explainer.recommending.reasons import Recommendation, explained
from explainer.recommending.terms import ENGLISH, UNSPACED, terms

E = TypeVar("E", bound=Entry)
Gains = Mapping[int, Mapping[str, float]]
"""What entries gain for other reasons than single words: by the number of the entry, by reason."""

# The score below which an entry is not offered, even under better ones. In units of BM25.
FLOOR: Final = 1.0
# What the best score, times the known part of the question, must reach, or else nothing fits: one word that happens to
# be known is no reason in a question about something else. Half of it does where no entry has a task: then entries have
# only their own words to go by. It must also reach the bar of `calibration.Calibration`.
CONFIDENCE: Final = 1.0
# The same for questions in other languages, for which nothing is calibrated; where there are no spaces, the terms are
# pairs of characters and more of them fit by chance. Of 240 questions, 5 are refused, and 51 of 60 about other things.
FOREIGN_BAR: Final = 0.75
UNSPACED_BAR: Final = 1.5
# Where no model fits, a paper must fit all the better: so many times the usual bar.
_WITHOUT_MODEL: Final = 2.0
# What the bar is multiplied by, for each of two further witnesses that speak for the task of the best entry: the task
# whose own words fit best, and the one that is likeliest by all words. Of 130 questions about other things 10 are
# offered something rather than 18 with one bar for all, and of 419 lay questions on the tasks 316 get the right one
# rather than 315, and 47 rather than 59 a wrong one.
_WITNESS_BARS: Final = (1.1, 1.0, 0.9)
# What is added where that task is known by few words of the question: none or one, two, three, more. Of 195 questions
# about other things 20 are offered something, rather than 28 with half as much of it; of 918 on the tasks 29 are
# refused rather than 22, and 64 get a model of a wrong task rather than 70.
_FEW_WORDS: Final = (0.4, 0.4, 0.3, 0.15, 0.0)
# What it is lowered by where the question is likelier about that task than about other topics, or raised by where it is
# less likely, and the logarithm of the odds that counts three quarters of it. With the bar of `calibration` raised to
# where it refuses as many questions about other things as before, 579 rather than 538 of 756 get the right task, and 78
# rather than 137 are refused.
_ODDS_BARS: Final = 0.5
_ODDS_SCALE: Final = 5.0
# A clause of a question is short, and what it must take is known: so many times the usual bar.
_STEP_BARS: Final = 0.6
# What the score of an entry is multiplied by for each better one of its family: a tenth less, not a fifth, held on
# nearly all sets of questions (benchmarks/README.md).
NEAR_DUPLICATE: Final = 0.9
# What a word about the chosen model's task counts for papers, against 1 for a word of the question.
MODEL_WEIGHT: Final = 0.5
# What a word of the chosen model's summary counts: no more than it takes to order papers that are else equal.
SUMMARY_WEIGHT: Final = 0.1
# What a paper gains by being that of the first model: it comes first. Those of the others gain one telling word.
OWN_PAPER: Final = 20.0
OTHER_PAPER: Final = 3.0
# What a paper gains by having the task of the chosen model.
TASK_GAIN: Final = 4.0
SAME_PAPER: Final = "it is the paper of a chosen model"
SAME_TASK: Final = "it is about the task of the chosen model"
SAME_WORDS: Final = "it mentions what the chosen model does"
ASKED_TASK: Final = "it is about what is asked for, which no model does"
ASKED_WORDS: Final = "it mentions what is asked for"
# Words of a question that may be a name and no more.
_NAME_ALONE: Final = 2
# Tasks that are named where nothing fits.
_NEAREST: Final = 3
# The best entries among which families are looked for, and those that get a second opinion.
_CONSIDERED: Final = 30
_SECOND_OPINIONS: Final = 300
# Decimals that count in a comparison: the order in which figures were added up must not decide.
_DIGITS: Final = 6
# With meanings whatever is above 0 may be offered: a far one has lost points already.
_FLOOR_OF_MEANING: Final = math.ulp(0.0)
MEANING_NEAR: Final = "its meaning is near"
MEANING_FAR: Final = "its meaning is far"


class Subject(Struct, frozen=True):
    """What papers should be about.

    Attributes:
        task: the number of the chosen model's task.
        terms: the terms of that task.
        summary_terms: the terms of the model's summary.
        own_links: the bare links of the chosen model, of which one may be that of its paper.
        links: those of the other models of the same task.
        has_model: whether a model was chosen, or the task is one that none has.
    """

    task: int | None = None
    terms: tuple[str, ...] = ()
    summary_terms: tuple[str, ...] = ()
    own_links: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    has_model: bool = False


NO_SUBJECT: Final = Subject()


class SupportsRanking(Protocol[E]):
    """Entries of one kind: all of them in memory, or an index on disk."""

    def __len__(self) -> int:
        """Return how many entries there are."""

    def uses(self, term: str) -> int:
        """Return how many entries and tasks have a term."""

    def around(self, query: Query, limit: int, subject: Subject = NO_SUBJECT) -> Ranking[E]:
        """Return the entries that a question may concern, or that go with a subject, ready to be scored."""


class MeaningScale(Struct, frozen=True):
    """What a nearness by one model counts. Scores are added, not ranks, which put fewer right entries first.

    Source: Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval" (2023).

    Attributes:
        weight: what a nearness of 1 adds to a score.
        usual: the nearness of the nearest entry of a question about other things.
        bars: by how many bars a nearness of 1 more than that lowers what a question must reach.
    """

    weight: float
    usual: float
    bars: float

    def lowers(self, nearness: float) -> float:
        """Return by how many bars a nearness lowers what a question must reach; less than 0 if it raises it."""
        return self.bars * (nearness - self.usual)


class SupportsScores(Protocol):
    """A second opinion: scores entries for a question by other means than their words."""

    @property
    def scale(self) -> MeaningScale:
        """What a nearness counts."""

    def scores(
        self, question: str, ranking: Ranking[E], candidates: Sequence[int]
    ) -> Mapping[int, float]:
        """Return the nearness of candidates by their numbers, as a sum of cosines."""


class SupportsMeanings(Protocol):
    """Second opinions on questions in several languages."""

    def __hash__(self) -> int:
        """Stand for the recommenders that were made with it."""

    def for_language(self, language: str) -> SupportsScores | None:
        """Return the opinion on questions in a language, if there is one."""


class Choice(Struct, frozen=True):
    """What fits a question, the best first.

    Attributes:
        models: the models.
        papers: the papers.
        nearest: where no model fits, the ids of the nearest tasks.
        language: the code of the language in which the question was read.
        unreadable: the catalogs have no vocabulary in that language.
    """

    models: tuple[Recommendation[ModelEntry], ...] = ()
    papers: tuple[Recommendation[PaperEntry], ...] = ()
    nearest: tuple[str, ...] = ()
    language: str = ENGLISH
    unreadable: bool = False


class Recommender:
    """The entries of one library, indexed when they are first needed."""

    def __init__(
        self,
        library: Library,
        *,
        semantic: SupportsMeanings | None = None,
        tables: IndexTables | None = None,
    ) -> None:
        """Prepare to recommend.

        Args:
            library: the entries.
            semantic: a second opinion on what fits.
            tables: what was indexed of them before.
        """
        self._library = library
        self._semantic = semantic
        self._tables = tables
        self.taxonomy = Taxonomy(library.tasks, library.vocabulary(), tables)

    def index(self) -> None:
        """Index all entries anew, and keep that where the library says."""
        self._tables = IndexTables()
        self.taxonomy = Taxonomy(self._library.tasks, self._library.vocabulary(), self._tables)
        for kind in SOURCE_KINDS:
            self.__dict__.pop(kind, None)
        for kind in self.kinds:
            getattr(self, kind)
        if self._library.index_store is not None:
            self._library.index_store.put(self._tables.packed())

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of which there are entries, models or papers or both."""
        return tuple(
            kind for kind in SOURCE_KINDS if next(iter(getattr(self._library, kind)), None)
        )

    @cached_property
    def models(self) -> SupportsRanking[ModelEntry]:
        """The models that may be recommended."""
        ranking = Ranking(current(self._library.models), self.taxonomy, self._tables, Kind.MODELS)
        return ranking.with_kept_bars(self._tables) if self._tables else ranking

    @cached_property
    def papers(self) -> SupportsRanking[PaperEntry]:
        """The papers that may be recommended."""
        return Ranking(current(self._library.papers), self.taxonomy, self._tables, Kind.PAPERS)

    def expected(self, counts: SourceCounts) -> tuple[Kind, ...]:
        """Return the kinds that should be chosen: what is asked for and there is; all that is asked for if none is."""
        asked_for = tuple(kind for kind in SOURCE_KINDS if getattr(counts, kind))
        available = tuple(kind for kind in asked_for if kind in self.kinds)
        if available:
            return available
        # of nothing that is asked for there are entries: all of it is missed
        return asked_for

    def recommend(
        self,
        question: str,
        *,
        models: int = 5,
        papers: int = 5,
        chosen: Sequence[ModelEntry] | None = None,
    ) -> Choice:
        """Choose models, and papers that fit the question and these models.

        Args:
            question: what was asked.
            models: how many models at most.
            papers: how many papers at most.
            chosen: the models that papers go with, when somebody else chose them.

        Returns:
            The choice; empty where nothing fits.
        """
        try:
            return self._recommend(question, models, papers, chosen)
        except Exception:
            if self._tables is None or not self._tables.were_kept:
                raise
            self.index()  # what was kept is not of these entries, whoever wrote it
            return self._recommend(question, models, papers, chosen)

    def _recommend(
        self, question: str, models: int, papers: int, chosen: Sequence[ModelEntry] | None
    ) -> Choice:
        query = self._corrected(Query.of(question, self.taxonomy))
        # for models that somebody chose, nothing is left to choose step by step
        is_choosing_models = models and chosen is None
        steps = self._steps(question) if is_choosing_models else ()
        if steps:
            models_of_steps = tuple(recommended for _, recommended in steps)
            return self._choice(query, models_of_steps, self._papers_of_steps(steps, papers))
        best_models, lacking = self._models_for(query, models) if models else ((), None)
        if chosen is None:
            chosen = entries_of(best_models)
        subject = self._subject(chosen, lacking)
        no_model_fits = models and not best_models and len(self.models)
        bars = _WITHOUT_MODEL if no_model_fits else 1.0
        return self._choice(query, best_models, self._papers_for(query, papers, subject, bars))

    def _papers_for(
        self, query: Query, papers: int, subject: Subject, bars: float = 1.0
    ) -> tuple[Recommendation[PaperEntry], ...]:
        if not papers:
            return ()
        ranking = self.papers.around(query, papers, subject)
        gains = _affinity(ranking, subject)
        return self._pick(ranking, query, papers, gains, bars, _strangers(ranking, subject))

    def _steps(self, question: str) -> tuple[tuple[Query, Recommendation[ModelEntry]], ...]:
        """The model for each step that a question asks for, each taking what the one before gives.

        None where it asks for one thing, or where no model does one of the steps.
        """
        steps: list[tuple[Query, Recommendation[ModelEntry]]] = []
        result = ""
        for clause in clauses_of(question):
            text = with_result(clause, result)
            if changes_nothing(text, result):
                continue
            query = self._corrected(Query.of(text))
            best = self._model_for_step(query, result)
            if best is None:
                return ()
            signature = leading_signature(best.entry.signature or "")
            if signature is None:
                return ()
            result = signature.outputs[0]
            why = f"for the step “{' '.join(clause)}”: {best.why}"
            steps.append((query, replace(best, why=why)))
        tasks = {step.entry.task for _, step in steps}
        return tuple(steps) if len(tasks) > 1 else ()

    def _model_for_step(self, query: Query, result: str) -> Recommendation[ModelEntry] | None:
        """The best model for a step that takes what the step before gave."""
        ranking = self.models.around(query, 1)
        unfit = [number for number in range(len(ranking)) if not ranking.takes(number, result)]
        return next(iter(self._pick(ranking, query, 1, {}, _STEP_BARS, unfit)), None)

    def _papers_of_steps(
        self, steps: Sequence[tuple[Query, Recommendation[ModelEntry]]], papers: int
    ) -> tuple[Recommendation[PaperEntry], ...]:
        """Papers for all steps, as many for each as for the others, one more for the first ones."""
        chosen: dict[str, Recommendation[PaperEntry]] = {}
        for number, (query, step) in enumerate(steps):
            share = (papers + len(steps) - 1 - number) // len(steps)
            for paper in self._papers_for(query, share, self._subject([step.entry], None)):
                chosen.setdefault(paper.entry.title, paper)
        return tuple(chosen.values())

    def _models_for(
        self, query: Query, limit: int
    ) -> tuple[tuple[Recommendation[ModelEntry], ...], int | None]:
        """The best models; none, and the number of the task, if the question is about one that no model has."""
        ranking = self.models.around(query, limit)
        scores = ranking.scores(query)
        if not scores:
            return (), None
        lacking = ranking.lacking_task(query, scores.index(max(scores)))
        return (self._pick(ranking, query, limit, {}) if lacking is None else ()), lacking

    def _choice(
        self,
        query: Query,
        models: tuple[Recommendation[ModelEntry], ...],
        papers: tuple[Recommendation[PaperEntry], ...],
    ) -> Choice:
        """A choice; where no model fits, with the tasks that are nearest."""
        if models:
            return Choice(models, papers, language=query.language)
        scores = self.taxonomy.scores(query.words)
        fitting = [number for number, score in enumerate(scores) if score]
        nearest = sorted(fitting, key=lambda number: -scores[number])[:_NEAREST]
        names = tuple(self.taxonomy.tasks[number].id for number in nearest)
        has_words = query.language in (ENGLISH, *self.taxonomy.languages)
        is_read = has_words or self._opinion(query.language)
        return Choice((), papers, names, query.language, unreadable=not is_read)

    def _opinion(self, language: str) -> SupportsScores | None:
        return self._semantic.for_language(language) if self._semantic else None

    def _subject(self, models: Sequence[ModelEntry], lacking: int | None) -> Subject:
        """What papers should be about, to go with some models, or with a task that no model has."""
        if not models and lacking is None:
            return Subject()
        if not models:
            return Subject(lacking, self._terms_about(lacking, ""))
        model = models[0]
        number = self.taxonomy.find(task_label(model))
        same_task = [further for further in models[1:] if task_label(further) == task_label(model)]
        return Subject(
            task=number,
            terms=self._terms_about(number, task_label(model)),
            summary_terms=tuple(dict.fromkeys(terms(model.summary or ""))),
            own_links=tuple(_paper_links([model])),
            links=tuple(_paper_links(same_task)),
            has_model=True,
        )

    def _terms_about(self, number: int | None, label: str) -> tuple[str, ...]:
        """The terms of a label of a task, and of the task that it means."""
        texts = [label]
        if number is not None:
            task = self.taxonomy.tasks[number]
            texts += [task.id, task.description or ""]
        return tuple(dict.fromkeys(terms(" ".join(texts))))

    def _corrected(self, query: Query) -> Query:
        """A question with its unknown words read as known ones; a word of either kind of entries is known."""
        return query.corrected(lambda term: self.models.uses(term) + self.papers.uses(term))

    def _pick(
        self, ranking: Ranking[E], query: Query, limit: int, gains: Gains, bars: float = 1.0,
        strangers: Collection[int] = (),
    ) -> tuple[Recommendation[E], ...]:  # fmt: skip
        """The best entries with their reasons; none when the very best does not reach so many times the bar."""
        word_scores = _with_gains(ranking.scores(query), gains, strangers)
        best_score = max(word_scores, default=-math.inf)
        # papers go with the model: meanings choose that
        opinion = None if gains else self._opinion(query.language)
        if best_score < (FLOOR if opinion is None else 0.0):
            return ()
        standing = _Standing(word_scores, gains, FLOOR, {}, bars)
        if opinion is not None:
            nearness = _nearness(opinion, query, ranking, word_scores)
            standing = _with_meaning(standing, nearness, opinion.scale)

        def fits(number: int, bars: float) -> bool:
            # papers of a chosen model, or of its task, fit whatever the question says
            return bool(gains) or suffices(ranking, query, number, word_scores[number], bars)

        if not fits(word_scores.index(best_score), standing.least_bars):
            return ()
        picked = []
        for score, demotion, number in _diverse(ranking, standing.scores, limit, standing.floor):
            weak = not fits(number, standing.bars.get(number, standing.least_bars))
            entry_gains = standing.gains.get(number, {})
            picked.append(
                explained(ranking, query, number, score, entry_gains, demotion=demotion, weak=weak)
            )
        return tuple(picked)


class _Standing(Struct, frozen=True):
    """How all entries stand for a question.

    Attributes:
        scores: the score of each.
        gains: what was added to it for other reasons than single words.
        floor: the score below which none is offered.
        bars: how many times the usual bar an entry must reach, by its number.
        usual_bars: the same for the others.
    """

    scores: Sequence[float]
    gains: Gains
    floor: float
    bars: Mapping[int, float]
    usual_bars: float

    @property
    def least_bars(self) -> float:
        """How many times the usual bar the best entry must reach."""
        return min(self.bars.values(), default=self.usual_bars)


def _with_gains(scores: Sequence[float], gains: Gains, strangers: Collection[int]) -> list[float]:
    """Scores with what entries gain for other reasons than words; strangers are never offered."""
    new_scores = list(scores)
    for number, entry_gains in gains.items():
        new_scores[number] += sum(entry_gains.values())
    for number in strangers:
        new_scores[number] = -math.inf
    return new_scores


@lru_cache(maxsize=4)
def recommender_of(library: Library, semantic: SupportsMeanings | None = None) -> Recommender:
    """Return the recommender of a library; the same one when asked again, so that a batch indexes once.

    The indexes of catalogs that were read from files are kept.
    """
    if library.index_store is None:
        return Recommender(library, semantic=semantic)
    packed = library.index_store.get()
    if packed is not None:
        # what is not an index is as good as none
        with suppress(ValueError):
            return Recommender(library, semantic=semantic, tables=IndexTables.unpacked(packed))
    recommender = Recommender(library, semantic=semantic)
    recommender.index()
    return recommender


def entries_of(recommendations: Iterable[Recommendation[E]]) -> tuple[E, ...]:
    """Return the entries of some recommendations."""
    return tuple(recommendation.entry for recommendation in recommendations)


def _paper_links(models: Iterable[ModelEntry]) -> Iterator[str]:
    """The bare links under which the papers of some models may be catalogued."""
    for model in models:
        yield from filter(None, map(bare_link, (model.paper or "", *model.links)))


def current(entries: Iterable[E]) -> list[E]:
    """Leave out what is deprecated: it is offered only to those who name it."""
    return [entry for entry in entries if not entry.deprecated]


def _affinity(ranking: Ranking[PaperEntry], subject: Subject) -> Gains:
    """What papers gain by going with the chosen models, or with a task that none of them has."""
    same_task, same_words = (
        (SAME_TASK, SAME_WORDS) if subject.has_model else (ASKED_TASK, ASKED_WORDS)
    )
    gains: dict[int, dict[str, float]] = defaultdict(dict)
    for number, score in filter(itemgetter(1), enumerate(_scores_for(ranking, subject))):
        gains[number][same_words] = score
    for number in _of_task(ranking, subject.task):
        gains[number][same_task] = TASK_GAIN
    for number in ranking.with_links(subject.links):
        gains[number][SAME_PAPER] = OTHER_PAPER
    for number in ranking.with_links(subject.own_links):
        gains[number][SAME_PAPER] = OWN_PAPER
    return gains


def _scores_for(ranking: Ranking[PaperEntry], subject: Subject) -> list[float]:
    """What the words about a subject add to the score of every paper."""
    by_task, by_summary = (
        ranking.own_scores(subject.terms),
        ranking.own_scores(subject.summary_terms),
    )
    return [
        MODEL_WEIGHT * task + SUMMARY_WEIGHT * summary
        for task, summary in zip(by_task, by_summary, strict=True)
    ]


def _of_task(ranking: Ranking[PaperEntry], task: int | None) -> Iterator[int]:
    """The numbers of the papers of a task; none where that is not known."""
    if task is None:
        return
    for number in range(len(ranking)):
        if ranking.task_number(number) == task:
            yield number


def _strangers(ranking: Ranking[PaperEntry], subject: Subject) -> set[int]:
    """The papers of other tasks than that of the chosen model, unless a chosen model is their own."""
    if subject.task is None:
        return set()
    tasks = map(ranking.task_number, range(len(ranking)))
    of_other_tasks = {
        number for number, task in enumerate(tasks) if task not in (None, subject.task)
    }
    return of_other_tasks.difference(ranking.with_links((*subject.own_links, *subject.links)))


def suffices(ranking: Ranking[E], query: Query, best: int, score: float, bars: float = 1.0) -> bool:
    """Whether anything is offered to a question, when its best entry has this score.

    Args:
        ranking: the entries.
        query: the question.
        best: the number of the best entry.
        score: what that one scores.
        bars: how many times the usual bar it must reach.
    """
    gains = ranking.gains(query, best)
    coverage = ranking.coverage(query, best)
    # by this it is better than other entries, but no surer to fit
    score -= gains.get(AGREEMENT, 0.0)
    # who says what goes in and what comes out, and is offered just that, asked for a model
    if query.direction.is_full and DIRECTION_FITS in gains:
        return True
    # who says no more than the name of a task asked for it
    says_name_alone = len(query.words) <= _NAME_ALONE and coverage == 1
    if PHRASE_FITS in gains and says_name_alone:
        return True
    return score * coverage >= _bar(ranking, query, best, bars)


def _bar(ranking: Ranking[E], query: Query, best: int, bars: float) -> float:
    """What the best entry must score, when that is so many times the usual bar."""
    if query.language != ENGLISH:
        return bars * (UNSPACED_BAR if query.language in UNSPACED else FOREIGN_BAR)
    word_bar = ranking.bar(len(query.words))
    if not ranking.has_tasks:
        return bars * max(CONFIDENCE / 2, word_bar)
    words_of_task = sum(share.task > 0 for share in ranking.shares(query.words, best))
    bars += _WITNESS_BARS[ranking.witnesses(query, best)] - 1 + _FEW_WORDS[: words_of_task + 1][-1]
    bars -= _ODDS_BARS * math.tanh(ranking.odds(query, best) / _ODDS_SCALE)
    return max(CONFIDENCE, word_bar) * bars


def _best(scores: Sequence[float], limit: int, floor: float = -math.inf) -> list[int]:
    """Return the numbers of the best entries that reach the floor; all of them that are as good as the last."""
    cutoff = max(floor, min(heapq.nlargest(limit, scores)))
    return [number for number, score in enumerate(scores) if score >= cutoff]


def _diverse(
    ranking: Ranking[E], scores: Sequence[float], limit: int, floor: float
) -> list[tuple[float, float, int]]:
    """Return (score, demotion, number) of the best entries, each of a family below the better ones of it.

    Equally good ones stand in the order of their names.
    """

    def order(number: int, score: float) -> tuple[float, str]:
        return -round(score, _DIGITS), ranking.label(number)

    family_sizes: Counter[tuple[int, str]] = Counter()
    demoted: list[tuple[float, float, int]] = []
    considered = _best(scores, max(_CONSIDERED, 3 * limit), floor)
    for number in sorted(considered, key=lambda number: order(number, scores[number])):
        family = ranking.family(number)
        demotion = NEAR_DUPLICATE ** family_sizes[family]
        family_sizes[family] += 1
        demoted.append((scores[number] * demotion, demotion, number))
    return sorted(demoted, key=lambda triple: order(triple[2], triple[0]))[:limit]


def _nearness(
    opinion: SupportsScores, query: Query, ranking: Ranking[E], scores: Sequence[float]
) -> Mapping[int, float]:
    """Return how near the best entries are to a question by their meanings, by their numbers."""
    candidates = [
        number for number in _best(scores, _SECOND_OPINIONS) if scores[number] > -math.inf
    ]
    return opinion.scores(query.text, ranking, candidates)


def _with_meaning(
    standing: _Standing, nearness: Mapping[int, float], scale: MeaningScale
) -> _Standing:
    """How entries stand with the nearness of the best ones, against that of all of these, and the gains by it."""
    if not nearness:
        return standing
    usual = sum(nearness.values()) / len(nearness)
    # entries that were not compared are taken for as far away as any
    farthest = scale.weight * (min(nearness.values()) - usual)
    scores = [score + farthest for score in standing.scores]
    gains: dict[int, dict[str, float]] = {}
    bars: dict[int, float] = {}
    for number, near in nearness.items():
        gain = scale.weight * (near - usual)
        scores[number] = standing.scores[number] + gain
        gains[number] = {MEANING_NEAR if gain > 0 else MEANING_FAR: gain}
        bars[number] = standing.usual_bars - scale.lowers(near)
    return _Standing(scores, gains, _FLOOR_OF_MEANING, bars, standing.usual_bars)

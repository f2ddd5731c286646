"""Which models and papers of a library fit a question, and why: the use case behind `recommend`, and behind `build`."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, TypeVar

from explainer.catalogs.library import Library
from explainer.catalogs.schema import Entry, ModelEntry, PaperEntry
from explainer.recommending.intent import Taxonomy
from explainer.recommending.ranking import Ranking, bare_link, task_label
from explainer.recommending.reasons import Query, Recommendation, explained
from explainer.recommending.terms import terms

E = TypeVar("E", bound=Entry)

FLOOR: Final = 1.0
"""The score below which an entry is not offered, even under better ones. In units of BM25."""

CONFIDENCE: Final = 1.0
"""What the best score, times the known part of the question, must reach, or else nothing fits: one word that happens to
be known is no reason in a question about something else. Half of it does where no entry has a task: then entries have
only their own words to go by. It must also reach the bar of `cohort.Cohort`."""

NEAR_DUPLICATE: Final = 0.9
"""What the score of an entry is multiplied by for each better one of its family."""

MODEL_WEIGHT: Final = 0.5
"""What a word about the chosen model's task counts for papers, against 1 for a word of the question."""

_OWN_PAPER: Final = 3.0
"""What a paper gains by being the one of a chosen model: about one telling word."""

SAME_PAPER: Final = "it is the paper of a chosen model"
SAME_TASK: Final = "it is about the task of the chosen model"

_CONSIDERED: Final = 30
_SECOND_OPINIONS: Final = 300
_DIGITS: Final = 6
"""Decimals that count in a comparison: the order in which figures were added up must not decide."""

_SEMANTIC_WEIGHT: Final = 8.0
"""What a nearness of 1 counts: about as much as two telling words. Scores are added, not ranks (Bruch, Gai and Ingber,
"An analysis of fusion functions for hybrid retrieval", 2023): fused by rank, fewer right entries came first."""

MEANING_NEAR: Final = "its meaning is near"
MEANING_FAR: Final = "its meaning is far"


class SupportsRanking(Protocol[E]):
    """Entries of one kind: all of them in memory, or an index on disk."""

    def __len__(self) -> int:
        """Return how many entries there are."""

    def around(
        self, question: Sequence[str], limit: int, more: Sequence[str] = (), links: Iterable[str] = ()
    ) -> Ranking[E]:
        """Return the entries that a question, and more terms or links, may concern, ready to be scored."""


class SupportsScores(Protocol):
    """A second opinion: scores entries for a question by other means than their words."""

    def __hash__(self) -> int:
        """Stand for the recommenders that were made with it."""

    def scores(self, question: str, ranking: Ranking[E], candidates: Sequence[int]) -> list[float]:
        """Return the nearness of each candidate, as a sum of cosines."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What fits a question, the best first."""

    models: tuple[Recommendation[ModelEntry], ...] = ()
    papers: tuple[Recommendation[PaperEntry], ...] = ()


class Recommender:
    """The entries of one library, indexed when they are first needed."""

    def __init__(self, library: Library, *, semantic: SupportsScores | None = None) -> None:
        self._library = library
        self._semantic = semantic
        self.taxonomy = Taxonomy((*library.tasks, *library.vocabulary()))
        self._models: Ranking[ModelEntry] | None = None
        self._papers: Ranking[PaperEntry] | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of which there are entries, `models` or `papers` or both."""
        pairs = (("models", self._library.models), ("papers", self._library.papers))
        return tuple(kind for kind, found in pairs if any(True for _ in found))

    @property
    def models(self) -> SupportsRanking[ModelEntry]:
        """The models that may be recommended."""
        if self._models is None:
            self._models = Ranking(_current(self._library.models), self.taxonomy)
        return self._models

    @property
    def papers(self) -> SupportsRanking[PaperEntry]:
        """The papers that may be recommended."""
        if self._papers is None:
            self._papers = Ranking(_current(self._library.papers), self.taxonomy)
        return self._papers

    def recommend(
        self, question: str, *, models: int = 5, papers: int = 5, chosen: Sequence[ModelEntry] | None = None
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
        query = Query.of(question)
        words = list(query.words)
        best = self._pick(self.models.around(words, models), query, models, {}) if models else ()
        if not papers:
            return Choice(best)
        with_models = [one.entry for one in best] if chosen is None else chosen
        more = self._about(with_models[:1], query)
        links = {bare_link(model.paper) for model in with_models if model.paper}
        ranking = self.papers.around(words, papers, more, links)
        # where no model fits, a paper must fit all the better
        times = 2.0 if models and not best and len(self.models) else 1.0
        return Choice(best, self._pick(ranking, query, papers, _affinity(ranking, more, links), times))

    def _about(self, models: Sequence[ModelEntry], query: Query) -> list[str]:
        """The terms of what models are for, but for those of the question."""
        found: list[str] = []
        for model in models:
            number = self.taxonomy.find(task_label(model))
            task = self.taxonomy.tasks[number] if number is not None else None
            found += terms(" ".join([task_label(model), *((task.id, task.description or "") if task else ())]))
        return [term for term in dict.fromkeys(found) if term not in query.words]

    def _pick(
        self,
        ranking: Ranking[E],
        query: Query,
        limit: int,
        gains: Mapping[int, Mapping[str, float]],
        times: float = 1.0,
    ) -> tuple[Recommendation[E], ...]:
        words = list(query.words)
        scores = ranking.scores(words)
        for at, gain in gains.items():
            scores[at] += sum(gain.values())
        best = max(range(len(scores)), key=scores.__getitem__, default=None)
        if best is None or scores[best] < FLOOR:
            return ()
        if not gains and not suffices(ranking, words, best, scores[best], times):
            return ()
        if self._semantic is None:
            scores = [score if score >= FLOOR else 0.0 for score in scores]
        else:
            scores, gains = _with_meaning(self._semantic, query, ranking, scores, gains)
        return tuple(
            explained(ranking, query, at, score, gains.get(at, {}), demotion=demotion)
            for score, demotion, at in _diverse(ranking, scores, limit)
        )


@lru_cache(maxsize=4)
def recommender_of(library: Library, semantic: SupportsScores | None = None) -> Recommender:
    """Return the recommender of a library; the same one when asked again, so that a batch indexes once."""
    return Recommender(library, semantic=semantic)


def _current(entries: Iterable[E]) -> list[E]:
    """Leave out what is deprecated: it is offered only to those who name it."""
    return [entry for entry in entries if not entry.deprecated]


def _affinity(ranking: Ranking[PaperEntry], more: Sequence[str], links: Iterable[str]) -> dict[int, dict[str, float]]:
    """What papers gain by going with the chosen models, by reason."""
    gains: dict[int, dict[str, float]] = {}
    for at, score in enumerate(ranking.scores(more) if more else ()):
        if score:
            gains[at] = {SAME_TASK: MODEL_WEIGHT * score}
    for at in ranking.with_links(links):
        gains.setdefault(at, {})[SAME_PAPER] = _OWN_PAPER
    return gains


def suffices(ranking: Ranking[E], question: Sequence[str], best: int, score: float, times: float = 1.0) -> bool:
    """Whether anything is offered to the terms of a question, when its best entry has this score.

    Args:
        ranking: the entries.
        question: its terms.
        best: the number of the best entry.
        score: what that one scores.
        times: how many times the usual bar it must reach.
    """
    bar = max(CONFIDENCE / (1 if ranking.has_tasks else 2), ranking.bar(len(question)))
    return score * ranking.coverage(question, best) >= times * bar


def _best(scores: Sequence[float], limit: int, *, least: float = 0.0) -> list[int]:
    """Return the numbers of the best entries above `least`; all of them that are as good as the last."""
    cutoff = min(heapq.nlargest(limit, scores), default=0.0)
    return [at for at, score in enumerate(scores) if score > least and score >= cutoff]


def _diverse(ranking: Ranking[E], scores: Sequence[float], limit: int) -> list[tuple[float, float, int]]:
    """Return (score, demotion, number) of the best entries, each of a family below the better ones of it.

    Equally good ones stand in the order of their names.
    """

    def order(at: int, score: float) -> tuple[float, str]:
        return -round(score, _DIGITS), ranking.label(at)

    seen: Counter[tuple[int, str]] = Counter()
    demoted: list[tuple[float, float, int]] = []
    for at in sorted(_best(scores, max(_CONSIDERED, 3 * limit)), key=lambda at: order(at, scores[at])):
        family = ranking.family(at)
        demotion = NEAR_DUPLICATE ** seen[family]
        seen[family] += 1
        demoted.append((scores[at] * demotion, demotion, at))
    return sorted(demoted, key=lambda one: order(one[2], one[0]))[:limit]


def _with_meaning(
    semantic: SupportsScores, query: Query, ranking: Ranking[E], scores: Sequence[float],
    gains: Mapping[int, Mapping[str, float]],
) -> tuple[list[float], dict[int, dict[str, float]]]:  # fmt: skip
    """Return scores with the nearness of the best entries, against that of all of these, and the gains with it."""
    candidates = _best(scores, _SECOND_OPINIONS, least=-math.inf)
    nearness = semantic.scores(query.text, ranking, candidates)
    usual = sum(nearness) / len(nearness)
    farthest = _SEMANTIC_WEIGHT * (min(nearness) - usual)
    together = [score + farthest for score in scores]  # the others are taken for as far away as any
    both = {at: dict(gain) for at, gain in gains.items()}
    for at, near in zip(candidates, nearness, strict=True):
        gain = _SEMANTIC_WEIGHT * (near - usual)
        together[at] = scores[at] + gain
        both.setdefault(at, {})[MEANING_NEAR if gain > 0 else MEANING_FAR] = gain
    return together, both

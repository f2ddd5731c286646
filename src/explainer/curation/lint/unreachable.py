"""Which entries are never recommended, without asking the recommender about each of them.

Whether an entry is among the first few for its own example is mostly plain: few others have its rare words, and what
all the others can score at most is less than what it scores. That is the pruning of MaxScore (Turtle and Flood, "Query
evaluation: strategies and optimizations", Information Processing & Management 31, 1995). Only where it is not plain is
the recommender asked, which looks at every entry. The verdict is the recommender's own in either case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, TypeAlias, TypeVar

from explainer.catalogs.schema import Entry
from explainer.recommending.query import Query
from explainer.recommending.ranking import Ranking, entry_fields, same_task_weight, task_label
from explainer.recommending.recommend import FLOOR, NEAR_DUPLICATE
from explainer.recommending.terms import terms

Suffices: TypeAlias = Callable[[Query, int, float], bool]
"""The terms of a question, the number of the best entry and its score → whether anything is offered."""

E = TypeVar("E", bound=Entry)
Group: TypeAlias = tuple[str, int | None, float]
"""What entries have in common that share what others of their task add: what they are filed under, its number, and what
a word of the same task counts for them."""

_SLACK: Final = 1e-5
"""Sums in another order differ in their last digits."""

_WORTH_COUNTING: Final = 50
"""Rivals that are looked at one by one; of more the recommender is quicker."""


class UnreachableFinder(Generic[E]):
    """The entries of one kind, and for each word which of them it speaks for, and how much."""

    def __init__(self, ranking: Ranking[E], depth: int, suffices: Suffices) -> None:
        """Look at all entries once.

        Args:
            ranking: the entries, as the recommender scores them.
            depth: among so many recommended entries one must be.
            suffices: whether the recommender offers anything, when this entry is the best with this score.
        """
        self._ranking = ranking
        self._depth = depth
        self._suffices = suffices
        self._numbers: dict[str, list[int]] = defaultdict(list)
        self._families: dict[tuple[int, str], list[int]] = defaultdict(list)
        self._groups: list[Group] = []
        self._own: dict[str, dict[int, float]] = defaultdict(dict)
        self._most: dict[str, float] = defaultdict(float)
        self._gains: dict[str, dict[Group, float]] = defaultdict(dict)
        for at, entry in enumerate(ranking.entries):
            group = task_label(entry).casefold(), ranking.task_number(at), same_task_weight(len(entry.examples))
            self._numbers[entry.label].append(at)
            self._families[ranking.family(at)].append(at)
            self._groups.append(group)
            for share in ranking.shares(set(terms("\n".join(entry_fields(entry).values()))), at):
                self._own[share.term][at] = share.own
                self._most[share.term] = max(self._most[share.term], share.own)
                self._gains[share.term][group] = share.same_task + share.task
        self._members = {group: at for at, group in enumerate(self._groups)}
        self._asked: set[str] = set()

    def is_found(self, entry: Entry, questions: Sequence[str], ask: Callable[[str], bool]) -> bool:
        """Whether an entry is recommended for one of some questions.

        Args:
            entry: the entry.
            questions: the questions.
            ask: asks the recommender one of them.
        """
        numbers = self._numbers[entry.label]
        plain = len(numbers) == 1 and any(self._is_plain(numbers[0], question) for question in questions)
        return plain or any(ask(question) for question in questions)

    def _is_plain(self, at: int, question: str) -> bool:
        """Whether an entry must be among the first for a question, whatever the others score."""
        query = Query.of(question)
        score = self._score(query, at)
        family = self._families[self._ranking.family(at)]
        if score < FLOOR + _SLACK or len(family) > _WORTH_COUNTING:
            return False
        better = sum(1 for other in family if other != at and self._score(query, other) >= score - _SLACK)
        rivals = self._rivals(at, query, score * NEAR_DUPLICATE**better - _SLACK)
        if rivals is None:
            return False
        (best, first), *others = sorted([(score, at), *rivals], reverse=True)
        tied = bool(others) and others[0][0] > best - _SLACK
        return not tied and self._suffices(query, first, best - _SLACK)

    def _score(self, query: Query, at: int) -> float:
        words = query.words
        own = sum(self._own[word].get(at, 0.0) for word in words if word in self._own)
        shared = sum(self._gains_of(word).get(self._groups[at], 0.0) for word in words)
        return own + shared + sum(self._ranking.gains(query, at).values())

    def _rivals(self, at: int, query: Query, least: float) -> list[tuple[float, int]] | None:
        """The others that score so much; None when they are `depth` or more, or when it takes long to tell."""
        words = query.words
        _, most = self._ranking.gain_bounds(query)
        shared: dict[Group, float] = defaultdict(float)
        for word in words:
            for group, gain in self._gains_of(word).items():
                shared[group] += gain
        needed = least - most - max(shared.values(), default=0.0)
        known = sorted((word for word in words if word in self._own), key=self._most.__getitem__)
        common, skipped = 0.0, 0
        while skipped < len(known) and common + self._most[known[skipped]] < needed:
            common += self._most[known[skipped]]
            skipped += 1
        if common >= needed:
            return None
        gathered: dict[int, float] = defaultdict(float)
        for word in known[skipped:]:
            for other, gain in self._own[word].items():
                gathered[other] += gain
        return self._reaching(at, gathered, query, shared, common, least)

    def _reaching(
        self,
        at: int,
        gathered: Mapping[int, float],
        query: Query,
        shared: Mapping[Group, float],
        common: float,
        least: float,
    ) -> list[tuple[float, int]] | None:
        """Those of the gathered ones that score so much; None as soon as they are too many."""
        open_cases, certain = [], 0
        lowest, most = self._ranking.gain_bounds(query)
        for other, own in gathered.items():
            bare = own + shared.get(self._groups[other], 0.0)
            if other != at and bare + common + most >= least:
                open_cases.append(other)
                certain += bare + lowest >= least
                if certain >= self._depth or len(open_cases) > _WORTH_COUNTING:
                    return None
        rivals = [(score, other) for other in open_cases if (score := self._score(query, other)) >= least]
        return rivals if len(rivals) < self._depth else None

    def _gains_of(self, word: str) -> dict[Group, float]:
        """What a word adds to the scores of all entries of a task, by the task; also where no entry has the word."""
        gains = self._gains[word]
        if word not in self._asked:
            self._asked.add(word)
            for group, at in self._members.items() if word in self._ranking.taxonomy else ():
                (share,) = self._ranking.shares([word], at)
                gains[group] = share.same_task + share.task
        return gains

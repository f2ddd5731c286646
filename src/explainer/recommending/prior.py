"""How likely each task is for a question: naive Bayes over the terms of examples and of the phrases of tasks.

BM25 adds up whatever fits; this also holds against a task what its entries never speak of, so that a few everyday words
do not carry a task that has nothing else to say for itself.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from explainer.recommending.bm25f import Postings, add_postings
from explainer.recommending.terms import terms

# What every term counts beforehand in every task; 0.2 was the best on 394 questions kept apart.
SMOOTHING: Final = 0.2
# What a logarithm of a probability counts, and how low it may be: a question never seen is no proof against a task.
PRIOR_WEIGHT: Final = 0.2
LEAST_LOG: Final = -12.0


class SupportsPostings(Protocol):
    """Terms to the tasks that have them."""

    def __call__(self, term: str) -> Postings:
        """Return the numbers of the tasks that have a term, and what it is worth in each."""


class TaskCounter:
    """How often each term stands in the examples and phrases of each task."""

    def __init__(self, phrases: Sequence[Iterable[str]]) -> None:
        """Begin with the phrases of each task."""
        self._counts: list[Counter[str]] = [Counter(terms(" ".join(texts))) for texts in phrases]

    def add(self, task: int, example_terms: Iterable[str]) -> None:
        """Add the terms of an entry's examples to those of its task; -1 is none."""
        if task >= 0:
            self._counts[task].update(example_terms)

    def postings(self) -> dict[str, Postings]:
        """Return for each term the tasks that have it, and by how much it makes each more likely."""
        postings: dict[str, Postings] = defaultdict(lambda: (array("l"), array("d")))
        for number, counts in enumerate(self._counts):
            for term, count in counts.items():
                numbers, values = postings[term]
                numbers.append(number)
                values.append(math.log(1 + count / SMOOTHING))
        return dict(postings)

    def offsets(self) -> list[float]:
        """Return what each known term of a question makes each task less likely by, whatever the term is."""
        size = len(set().union(*self._counts))
        return [-math.log(counts.total() / SMOOTHING + size) for counts in self._counts]


class TaskPrior:
    """How much less likely than the likeliest each task is, for the terms of a question."""

    def __init__(self, postings: SupportsPostings, offsets: Sequence[float], tasks: Iterable[int]) -> None:
        """Take what `TaskCounter` counted.

        Args:
            postings: the tasks that have a term.
            offsets: what each term makes a task less likely by.
            tasks: the numbers of the tasks that entries have; the others are not compared.
        """
        self._postings = postings
        self._offsets = offsets
        self._tasks = sorted({task for task in tasks if task >= 0})

    def part(self, term: str, task: int) -> float:
        """Return which part of a term's occurrences is in one task, from 0 to 1."""
        numbers, values = self._postings(term)
        # what the counter made of counts, undone
        counts = {number: math.expm1(value) for number, value in zip(numbers, values, strict=True)}
        return counts.get(task, 0.0) / sum(counts.values()) if counts else 0.0

    def scores(self, question: Iterable[str]) -> list[float]:
        """Return what each task loses, never more than 0; in the last place what an entry without a task loses."""
        totals = [0.0] * len(self._offsets)
        known = 0
        for term in question:
            postings = self._postings(term)
            known += bool(postings[0])
            add_postings(totals, postings)
        losses = [0.0] * (len(totals) + 1)
        if not known or not self._tasks:
            return losses
        logs = {task: totals[task] + known * self._offsets[task] for task in self._tasks}
        most = max(logs.values())
        for task, log in logs.items():
            losses[task] = PRIOR_WEIGHT * max(LEAST_LOG, log - most)
        # it stands neither before nor behind those that have one
        losses[-1] = sum(losses) / len(logs)
        return losses


def in_memory(postings: Mapping[str, Postings]) -> SupportsPostings:
    """Look postings up in a mapping."""
    nowhere: Postings = (array("l"), array("d"))

    def of_term(term: str) -> Postings:
        return postings.get(term, nowhere)

    return of_term

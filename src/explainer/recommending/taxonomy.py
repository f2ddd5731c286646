"""Tasks and the words that people use for them: which task a label means, and how well each fits a question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from explainer.recommending.lexical import FieldedIndex
from explainer.recommending.terms import terms
from explainer.schema import Task

__all__ = ["Taxonomy"]

_LABEL_WORD: Final = re.compile(r"[A-Z]++(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]++|\d++")
_BACKGROUND: Final = 50
"""Fewer tasks say too little about which words are rare."""

_LONGEST_LABEL: Final = 12
"""Words of a label that are looked at; its parts grow with their square."""


def _label_words(label: str) -> tuple[str, ...]:
    """The words of a label, so that `Weather Removal`, `weather_removal` and `WeatherRemoval` are one."""
    return tuple(word.casefold() for word in _LABEL_WORD.findall(label))


class Taxonomy:
    """Tasks by id and alias. Of two tasks with one name, the first one has it."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        """Take tasks, the most trusted first; a task whose id came before adds its aliases to that one."""
        merged: dict[str, Task] = {}
        for task in tasks:
            known = merged.get(task.id)
            merged[task.id] = task if known is None else _joined(known, task)
        self.tasks: tuple[Task, ...] = tuple(merged.values())
        self._by_label: dict[tuple[str, ...], int] = {}
        for number, task in enumerate(self.tasks):
            for label in (task.id, *task.aliases):
                self._by_label.setdefault(_label_words(label), number)
        vocabularies = ({"words": _vocabulary(task)} for task in self.tasks)
        self._index = FieldedIndex(vocabularies, {"words": 1.0}, background=_BACKGROUND)

    def __contains__(self, term: str) -> bool:
        return term in self._index

    def find(self, label: str) -> int | None:
        """Return the number of the task that a label means: by its name, else by the longest name that is a part of it.

        `SISR Any` means the task with the alias `SISR`, unless another one has the alias `SISR Any`.
        """
        wanted = _label_words(label)[:_LONGEST_LABEL]
        if wanted in self._by_label:
            return self._by_label[wanted]
        parts = [
            wanted[start:end]
            for start in range(len(wanted))
            for end in range(start + 1, len(wanted) + 1)
            if wanted[start:end] in self._by_label
        ]
        return self._by_label[max(parts, key=len)] if parts else None

    def scores(self, question: Sequence[str]) -> list[float]:
        """Return how well each task fits the terms of a question."""
        return self._index.scores(question)

    def score_of(self, term: str, number: int) -> float:
        """Return what one term adds to the score of one task."""
        return self._index.score_of(term, number)


def _joined(known: Task, more: Task) -> Task:
    return known.model_copy(
        update={
            "description": known.description or more.description,
            "aliases": tuple(dict.fromkeys((*known.aliases, *more.aliases))),
        }
    )


def _vocabulary(task: Task) -> list[str]:
    return terms(" ".join([task.id, task.description or "", *task.aliases]))

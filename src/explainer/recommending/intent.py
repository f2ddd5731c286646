"""Tasks and the words that people use for them: which task a label means, and how well each fits a question.

What a question has in hand and what it wants (a photo, text, sound …), and which signatures fit that.

A CNAPS signature names kinds of data on both sides of a `2`: `Txt2Img` makes images of texts, `ImgMsk2Img` images of
images and masks. A question seldom says so in these words, but “typed” tells of a text in hand, “portrait” of an image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from explainer.catalogs.schema import Task
from explainer.catalogs.signature import Signature, builtin_ports
from explainer.recommending.bm25f import FieldedIndex
from explainer.recommending.terms import term, terms

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


_IN_HAND: Final = {
    "Img": "photo photograph picture image selfie snapshot pic scan uploaded shot took snapped camera face",
    "Txt": "typed wrote write entered prompt sentence words text phrase described article document paragraph email",
    "Snd": "recording recorded audio spoke spoken dictated speech podcast voicemail song said",
    "Vid": "video clip footage filmed",
}
_WANTED: Final = {
    "Img": "photo photograph picture image portrait drew drawn painted painting illustration poster landscape",
    "Txt": "caption transcript transcribed subtitles summary summarized describes translation label tagged identified",
    "Snd": "voice aloud narrator narrated audiobook music melody sang pronounced intonation",
    "Vid": "video clip animation animated movie",
}


def leading_signature(text: str) -> Signature | None:
    """Read `ImgTxt2Img`, also at the beginning of a longer name; None when it is no signature of built-in ports."""
    return builtin_ports().parse_start(text)


@cache
def _votes(side: bool) -> Mapping[str, str]:
    """The kind that each telling term speaks for; True is what is in hand."""
    table = _IN_HAND if side else _WANTED
    return {term(word): kind for kind, found in table.items() for word in found.split()}


@dataclass(frozen=True, slots=True)
class QueryIntent:
    """What a question has in hand and what it wants: for each side the share of each kind among the words that tell."""

    in_hand: Mapping[str, float]
    wanted: Mapping[str, float]

    @classmethod
    def of(cls, question: Iterable[str]) -> QueryIntent:
        """Read it from the terms of a question."""
        found = list(question)
        return cls(_shares(found, _votes(True)), _shares(found, _votes(False)))

    def fit(self, signature: Signature | None) -> float:
        """Return how well a signature fits, from -1/2 to 1/2; 0 when the question or the signature does not tell."""
        if signature is None:
            return 0.0
        given = sum(share for kind, share in self.in_hand.items() if kind in signature.inputs)
        made = sum(share for kind, share in self.wanted.items() if kind in signature.outputs)
        possible = bool(self.in_hand) + bool(self.wanted)
        return (given + made) / 2 - possible / 4


def _shares(question: Iterable[str], votes: Mapping[str, str]) -> dict[str, float]:
    kinds = [votes[one] for one in question if one in votes]
    return {kind: kinds.count(kind) / len(kinds) for kind in dict.fromkeys(kinds)}

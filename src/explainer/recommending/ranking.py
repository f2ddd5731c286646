"""Entries of one kind, scored for a question: their own words, the words of their kin, and the words of their task.

People ask in lay words, catalogs answer in trade words, and a short entry has few words of its own. So each entry also
gets a share of what the entries of its task say together (the smoothing of cluster-based retrieval: Liu and Croft,
"Cluster-based retrieval using language models", SIGIR 2004), and of the task's own vocabulary.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from explainer.recommending.kinds import Signature, Wish, parse_signature
from explainer.recommending.lexical import FieldedIndex
from explainer.recommending.taxonomy import Taxonomy
from explainer.recommending.terms import terms
from explainer.schema import Entry, ModelEntry

__all__ = [
    "FIELD_WEIGHTS",
    "KIN_WEIGHT",
    "TASK_WEIGHT",
    "Ranking",
    "Share",
    "entry_fields",
    "family_name",
    "kin_numbers",
    "task_label",
]

E = TypeVar("E", bound=Entry)

FIELD_WEIGHTS: Final[Mapping[str, float]] = {
    "name": 3.0,
    "examples": 1.5,
    "task": 1.0,
    "data set": 1.0,
    "summary": 0.5,
}
"""What a word of each field counts. Nothing hangs on the exact figures: see docs/recommend.md."""

KIN_WEIGHT: Final = 0.5
TASK_WEIGHT: Final = 1.0
KIND_WEIGHT: Final = 1.0
_BACKGROUND: Final = 100
"""A smaller catalog says too little about which words are rare."""

_NUMBERS: Final = re.compile(r"\d++x?")


@dataclass(frozen=True, slots=True)
class Share:
    """What one term of the question adds to the score of one entry.

    Attributes:
        term: the term.
        own: by standing in the entry itself.
        kin: by standing in the entries of the same task.
        task: by belonging to the vocabulary of the task.
    """

    term: str
    own: float
    kin: float
    task: float

    @property
    def total(self) -> float:
        """All three."""
        return self.own + self.kin + self.task


def entry_fields(entry: Entry) -> dict[str, str]:
    """Return the text of each field of an entry that is searched."""
    signature = entry.signature if isinstance(entry, ModelEntry) else None
    return {
        "name": " ".join((entry.label, *entry.aliases)),
        "examples": "\n".join(entry.examples),
        "task": " ".join(filter(None, (entry.task, entry.category, signature))),
        "data set": entry.dataset or "",
        "summary": entry.summary or "",
    }


def task_label(entry: Entry) -> str:
    """Return what says best what an entry is for: its task, else its category, else its signature."""
    signature = entry.signature if isinstance(entry, ModelEntry) else None
    return (entry.task or entry.category or signature or "").strip()


def family_name(label: str) -> str:
    """Return the name of an entry but for its numbers: the same model at 2×, 3× and 4× has one."""
    return _NUMBERS.sub("", label.casefold())


class Ranking(Generic[E]):
    """Entries of one kind, indexed once, scored for many questions."""

    def __init__(self, entries: Iterable[E], taxonomy: Taxonomy) -> None:
        self.entries = tuple(entries)
        self.taxonomy = taxonomy
        fields = [{name: terms(text) for name, text in entry_fields(entry).items()} for entry in self.entries]
        self._index = FieldedIndex(fields, FIELD_WEIGHTS, background=_BACKGROUND)
        labels = [task_label(entry) for entry in self.entries]
        self._kin = kin_numbers(label.casefold() for label in labels)
        self._kin_index = FieldedIndex(_together(fields, self._kin), FIELD_WEIGHTS)
        found = {label: taxonomy.find(label) for label in dict.fromkeys(labels) if label}
        self._tasks = [_number(found.get(label)) for label in labels]
        signatures = [self._signature(entry, task) for entry, task in zip(self.entries, self._tasks, strict=True)]
        self._signatures = tuple(dict.fromkeys(signatures))
        places = {signature: at for at, signature in enumerate(self._signatures)}
        self._kinds = [places[signature] for signature in signatures]

    def scores(self, question: Sequence[str]) -> list[float]:
        """Return the score of every entry for the terms of a question."""
        own = self._index.scores(question)
        kin = [KIN_WEIGHT * score for score in self._kin_index.scores(question)]
        task = [TASK_WEIGHT * score for score in self.taxonomy.scores(question)]
        wish = Wish.of(question)
        kinds = [KIND_WEIGHT * wish.fit(one) for one in self._signatures]
        kin.append(0.0)  # the number -1 finds it: entries without kin, or without a task
        task.append(0.0)
        return [
            score + kin[kin_number] + task[task_number] + kinds[kind_number]
            for score, kin_number, task_number, kind_number in zip(
                own, self._kin, self._tasks, self._kinds, strict=True
            )
        ]

    def shares(self, question: Iterable[str], number: int) -> list[Share]:
        """Return what each term of a question adds to the score of one entry."""
        kin, task = self._kin[number], self._tasks[number]
        return [
            Share(
                term,
                self._index.score_of(term, number),
                KIN_WEIGHT * self._kin_index.score_of(term, kin) if kin >= 0 else 0.0,
                TASK_WEIGHT * self.taxonomy.score_of(term, task) if task >= 0 else 0.0,
            )
            for term in question
        ]

    @property
    def has_tasks(self) -> bool:
        """Whether any entry has a task that the taxonomy knows."""
        return max(self._tasks, default=-1) >= 0

    def coverage(self, question: Sequence[str], number: int) -> float:
        """Return which part of the terms of a question is known, from 0 to 1.

        Half of it is the part that any entry or task speaks of; half is what this entry, its kin or its task speak of.
        """
        known = sum(term in self._index or term in self.taxonomy for term in question)
        matched = sum(share.total > 0 for share in self.shares(question, number))
        return (known + matched) / (2 * len(question)) if question else 0.0

    def reach(self, question: Sequence[str]) -> float:
        """Return the best score for the terms of a question, times the part of them that is known."""
        scores = self.scores(question)
        best = max(range(len(scores)), key=scores.__getitem__, default=None)
        return 0.0 if best is None else scores[best] * self.coverage(question, best)

    def fit(self, question: Iterable[str], number: int) -> float:
        """Return what an entry's signature adds to its score."""
        return KIND_WEIGHT * Wish.of(question).fit(self._signatures[self._kinds[number]])

    def _signature(self, entry: E, task: int) -> Signature | None:
        """The signature of an entry: its own, or one by which its task is also known."""
        own = (entry.signature if isinstance(entry, ModelEntry) else None, entry.category, entry.task)
        known = self.taxonomy.tasks[task].aliases if task >= 0 else ()
        return next(filter(None, (parse_signature(text) for text in (*own, *known) if text)), None)

    def family(self, number: int) -> tuple[int, str]:
        """Return what an entry shares with its near-duplicates: the name but for numbers (2×, 3×, 4×), and its kin."""
        return self._kin[number], family_name(self.label(number))

    def label(self, number: int) -> str:
        """Return the name or the title of an entry."""
        return self.entries[number].label

    def task_number(self, number: int) -> int | None:
        """Return the number of an entry's task in the taxonomy, if it has one there."""
        return None if self._tasks[number] < 0 else self._tasks[number]


def kin_numbers(labels: Iterable[str]) -> list[int]:
    """Return for each label the number of the kin that share it; -1 for an entry without a label, or alone with it.

    What an entry that is alone with its task says was counted as its own already.
    """
    found = list(labels)
    shared = (label for label, count in Counter(found).items() if label and count > 1)
    numbers = {label: at for at, label in enumerate(shared)}
    return [numbers.get(label, -1) for label in found]


def _number(found: int | None) -> int:
    return -1 if found is None else found


def _together(fields: Sequence[Mapping[str, list[str]]], kin: Sequence[int]) -> list[dict[str, list[str]]]:
    """Return the fields of all entries of each task as one document; a text that several entries have counts once."""
    count = max(kin, default=-1) + 1
    together: list[dict[str, list[str]]] = [{name: [] for name in FIELD_WEIGHTS} for _ in range(count)]
    seen: set[tuple[int, str, tuple[str, ...]]] = set()
    for document, number in zip(fields, kin, strict=True):
        if number < 0:
            continue
        for name, found in document.items():
            key = (number, name, tuple(found))
            if key not in seen:
                seen.add(key)
                together[number][name] += found
    return together

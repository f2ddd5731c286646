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
from functools import lru_cache
from typing import Final, Generic, Protocol, TypeVar

from explainer.catalogs.schema import Entry, ModelEntry
from explainer.catalogs.signature import Signature
from explainer.recommending.bm25f import FieldedIndex, Fields
from explainer.recommending.calibration import Calibration
from explainer.recommending.intent import QueryIntent, Taxonomy, leading_signature
from explainer.recommending.terms import terms

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
"""What a word of the kin counts for an entry with at most one example; see `kin_weight`."""
TASK_WEIGHT: Final = 1.0
KIND_WEIGHT: Final = 1.0
BACKGROUND: Final = 100
"""A smaller catalog says too little about which words are rare."""

_REMEMBERED: Final = 1_000_000
"""Texts of kin that are remembered so that they count once; repeated farther apart, they count again."""

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


@lru_cache(maxsize=100_000)
def family_name(label: str) -> str:
    """Return the name of an entry but for its numbers: the same model at 2×, 3× and 4× has one."""
    return _NUMBERS.sub("", label.casefold())


class SupportsTerms(Protocol):
    """What each term is worth in each of some documents: an index in memory, or one on disk."""

    def __contains__(self, term: str) -> bool:
        """Whether any document has a term."""

    def scores(self, terms: Iterable[str]) -> list[float]:
        """Return the score of every document."""

    def score_of(self, term: str, number: int) -> float:
        """Return what one term adds to the score of one document."""


class Ranking(Generic[E]):
    """Entries of one kind, indexed once, scored for many questions."""

    _index: SupportsTerms
    _kin_index: SupportsTerms
    _kin: Sequence[int]
    _kin_weights: Sequence[float]
    _tasks: Sequence[int]
    _kinds: Sequence[int]
    _signatures: Sequence[Signature | None]

    def __init__(self, entries: Iterable[E], taxonomy: Taxonomy) -> None:
        self.entries: Sequence[E] = tuple(entries)
        self.taxonomy = taxonomy
        self._cohort = Calibration(self.reach)
        self._by_link: dict[str, list[int]] | None = None
        fields = [{name: terms(text) for name, text in entry_fields(entry).items()} for entry in self.entries]
        self._index = FieldedIndex(fields, FIELD_WEIGHTS, background=BACKGROUND)
        labels = [task_label(entry) for entry in self.entries]
        self._kin = kin_numbers(label.casefold() for label in labels)
        self._kin_weights = [kin_weight(len(entry.examples)) for entry in self.entries]
        together = TaskIndex()
        for document, number in zip(fields, self._kin, strict=True):
            together.add(document, number)
        self._kin_index = FieldedIndex(together.documents(max(self._kin, default=-1) + 1), FIELD_WEIGHTS)
        found = {label: task_number(label, taxonomy) for label in dict.fromkeys(labels)}
        self._tasks = [found[label] for label in labels]
        signatures = [
            signature_of(entry, task, taxonomy) for entry, task in zip(self.entries, self._tasks, strict=True)
        ]
        self._signatures = tuple(dict.fromkeys(signatures))
        places = {signature: at for at, signature in enumerate(self._signatures)}
        self._kinds = [places[signature] for signature in signatures]

    def __len__(self) -> int:
        return len(self.entries)

    def around(
        self,
        question: Sequence[str],  # noqa: ARG002  # a large index looks only there
        limit: int,  # noqa: ARG002
        more: Sequence[str] = (),  # noqa: ARG002
        links: Iterable[str] = (),  # noqa: ARG002
    ) -> Ranking[E]:
        """Return the entries that a question, and more terms or links, may concern; here that is all of them."""
        return self

    def bar(self, size: int) -> float:
        """Return what a question of so many terms must reach before anything fits it."""
        return self._cohort.bar(size)

    def scores(self, question: Sequence[str]) -> list[float]:
        """Return the score of every entry for the terms of a question."""
        own = self._index.scores(question)
        kin = list(self._kin_index.scores(question))
        task = [TASK_WEIGHT * score for score in self.taxonomy.scores(question)]
        wish = QueryIntent.of(question)
        kinds = [KIND_WEIGHT * wish.fit(one) for one in self._signatures]
        kin.append(0.0)  # the number -1 finds it: entries without kin, or without a task
        task.append(0.0)
        return [
            score + weight * kin[kin_number] + task[task_number] + kinds[kind_number]
            for score, weight, kin_number, task_number, kind_number in zip(
                own, self._kin_weights, self._kin, self._tasks, self._kinds, strict=True
            )
        ]

    def shares(self, question: Iterable[str], number: int) -> list[Share]:
        """Return what each term of a question adds to the score of one entry."""
        kin, task = self._kin[number], self._tasks[number]
        return [
            Share(
                term,
                self._index.score_of(term, number),
                self._kin_weights[number] * self._kin_index.score_of(term, kin) if kin >= 0 else 0.0,
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
        return KIND_WEIGHT * QueryIntent.of(question).fit(self._signatures[self._kinds[number]])

    def with_links(self, links: Iterable[str]) -> list[int]:
        """Return the numbers of the entries whose paper has one of some bare links."""
        if self._by_link is None:
            self._by_link = {}
            for at, entry in enumerate(self.entries):
                if entry.paper:
                    self._by_link.setdefault(bare_link(entry.paper), []).append(at)
        return [at for link in links for at in self._by_link.get(link, ())]

    def family(self, number: int) -> tuple[int, str]:
        """Return what an entry shares with its near-duplicates: the name but for numbers (2×, 3×, 4×), and its kin."""
        return self._kin[number], family_name(self.label(number))

    def label(self, number: int) -> str:
        """Return the name or the title of an entry."""
        return self.entries[number].label

    def task_number(self, number: int) -> int | None:
        """Return the number of an entry's task in the taxonomy, if it has one there."""
        return None if self._tasks[number] < 0 else self._tasks[number]


def kin_weight(examples: int) -> float:
    """Return what a word of its kin counts for an entry: the more examples it has, the better it speaks for itself."""
    return KIN_WEIGHT / max(1, examples)


def kin_numbers(labels: Iterable[str]) -> list[int]:
    """Return for each label the number of the kin that share it; -1 for an entry without a label, or alone with it.

    What an entry that is alone with its task says was counted as its own already.
    """
    found = list(labels)
    shared = (label for label, count in Counter(found).items() if label and count > 1)
    numbers = {label: at for at, label in enumerate(shared)}
    return [numbers.get(label, -1) for label in found]


def task_number(label: str, taxonomy: Taxonomy) -> int:
    """Return the number of the task that a label means; -1 when it means none."""
    found = taxonomy.find(label) if label else None
    return -1 if found is None else found


def signature_of(entry: Entry, task: int, taxonomy: Taxonomy) -> Signature | None:
    """Return the signature of an entry: its own, or one by which its task is also known."""
    own = (entry.signature if isinstance(entry, ModelEntry) else None, entry.category, entry.task)
    known = taxonomy.tasks[task].aliases if task >= 0 else ()
    return next(filter(None, (leading_signature(text) for text in (*own, *known) if text)), None)


def bare_link(link: str) -> str:
    """Return what two spellings of a link to one paper have in common: no scheme, no `.pdf`, no arXiv version."""
    bare = link.casefold().removeprefix("https://").removeprefix("http://").removeprefix("www.")
    bare = bare.removesuffix(".pdf").replace("arxiv.org/pdf/", "arxiv.org/abs/")
    before, mark, version = bare.rpartition("v")
    return before if mark and version.isdigit() and before.startswith("arxiv.org/abs/") else bare


class TaskIndex:
    """The fields of all entries of each kin as one document; a text that several entries have counts once."""

    def __init__(self) -> None:
        self._counts: dict[int, dict[str, Counter[str]]] = {}
        self._seen: set[int] = set()

    def add(self, fields: Fields, number: int) -> None:
        """Add the terms of an entry to those of its kin; an entry without kin has the number -1."""
        if number < 0:
            return
        document = self._counts.setdefault(number, {name: Counter() for name in FIELD_WEIGHTS})
        for name, found in fields.items():
            key = hash((number, name, tuple(found)))
            if found and key not in self._seen:
                if len(self._seen) >= _REMEMBERED:
                    self._seen.clear()
                self._seen.add(key)
                document[name].update(found)

    def documents(self, count: int) -> list[Fields]:
        """Return the documents of the first so many numbers."""
        return [self._counts.get(number, {}) for number in range(count)]

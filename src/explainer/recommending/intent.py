"""What a question is about: the tasks that its words belong to, and the kinds of data that it has and wants.

Tasks are known by their ids and by the words that people use for them.

A CNAPS signature names kinds of data on both sides of a `2`: `Txt2Img` makes images of texts, `ImgMsk2Img` images of
images and masks. A question seldom says so in these words, but “typed” tells of a text in hand, “portrait” of an image.

How likely each task is for a question: naive Bayes over the terms of examples and of the phrases of tasks.

BM25 adds up whatever fits; this also holds against a task what its entries never speak of, so that a few everyday words
do not carry a task that has nothing else to say for itself.

A question may ask for several things one after the other; it is split where it says so. “Dictate my notes and summarise
them” has two clauses, each with a verb of doing something to data, joined by “and” or “then” within one sentence. What
is told, “I typed … and it came out blurry”, has no such verbs in their plain form and stays whole: of 574 questions
with one task 3 were split, of 18 with several 17.
"""

from __future__ import annotations

import math
import operator
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain, combinations
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from explainer.catalogs.schema import Task
from explainer.catalogs.signature import SEPARATOR, Signature, builtin_ports
from explainer.diagnostics.text import lazy_regex
from explainer.recommending.bm25f import FieldedIndex, Fields, IndexTables, Postings, add_postings
from explainer.recommending.terms import (
    ENGLISH,
    is_foreign,
    term,
    terms,
    tokens_of,
    vocabulary_terms,
    word_terms,
)

# A label is split at changes of letter case and at digits, like a name in `terms`.
_LABEL_WORD: Final = lazy_regex(r"[A-Z]++(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]++|\d++")
# Fewer tasks say too little about which words are rare.
_BACKGROUND: Final = 50
# What a word counts that names a task by itself, such as “denoise”, one that does so only with others, such as “button”
# of “button on the screen”, and one of a question about the task. With the questions of one author as examples, of 756
# by another 538 rather than 481 get a model of the right task, and 81 rather than 121 one of a wrong task.
VOCABULARY_WEIGHTS: Final[Mapping[str, float]] = {"names": 2.0, "phrases": 1.0, "examples": 0.25}
# What a word of a vocabulary in another language counts: there, nobody says which phrases are names.
FOREIGN_WEIGHT: Final = 1.5
# What each word but the first two counts of a phrase that stands in a question as it stands in a task, up to so many
# words: chance makes a pair of words, seldom three in a row. With pairs, fewer of the corpus's questions were right.
PHRASE_WEIGHT: Final = 1.5
_FREE_WORDS: Final = 2
_PHRASE_WORDS: Final = 2
_LONGEST_PHRASE: Final = 6
# Words of a label that are looked at; its parts grow with their square.
_LONGEST_LABEL: Final = 12


def _label_words(label: str) -> tuple[str, ...]:
    """The words of a label, so that `Weather Removal`, `weather_removal` and `WeatherRemoval` are one."""
    return tuple(map(str.casefold, _LABEL_WORD.findall(label)))


class Taxonomy:
    """Tasks by id and alias. Of two tasks with one name, the first one has it."""

    def __init__(
        self,
        catalogued: Sequence[Task],
        vocabulary: Iterable[Task] = (),
        tables: IndexTables | None = None,
    ) -> None:
        """Take tasks, the most trusted first; a task whose id came before adds its aliases to that one.

        Args:
            catalogued: those that the catalogs list.
            vocabulary: more that only lend their words.
            tables: what was indexed before.
        """
        merged: dict[str, Task] = {}
        for task in chain(catalogued, vocabulary):
            merged[task.id] = _merged(merged[task.id], task) if task.id in merged else task
        self.tasks: tuple[Task, ...] = tuple(merged.values())
        # the others may be the same ones under another id, such as `asr` beside one's own `transcription`
        self.own_tasks = frozenset(range(len({task.id for task in catalogued})))
        self.languages = sorted(
            set(chain.from_iterable(map(operator.attrgetter("vocabulary"), self.tasks))) - {ENGLISH}
        )
        self._by_label = _numbers_by_label(self.tasks)
        get = partial((tables or IndexTables()).get, size=len(self.tasks))
        self._by_phrase = get("phrases", make=partial(_phrases_index, self.tasks))
        self._index = get("task words", make=partial(_words_index, self.tasks))

    @cached_property
    def _foreign_index(self) -> FieldedIndex:
        """The words in other languages: most questions need none of them, and to split them takes long."""
        weights = dict.fromkeys(self.languages, FOREIGN_WEIGHT)
        return FieldedIndex.of(
            map(_foreign_vocabulary, self.tasks), weights, background=_BACKGROUND
        )

    def _index_of(self, term: str) -> FieldedIndex:
        return self._foreign_index if is_foreign(term) else self._index

    def __contains__(self, term: str) -> bool:
        return term in self._index_of(term)

    def frequency(self, term: str) -> int:
        """Return how many tasks have a term."""
        return self._index_of(term).frequency(term)

    def named_by(self, term: str) -> int | None:
        """Return the number of the only task that a term names by itself, such as “photogrammetry”; None for none."""
        numbers = self._by_phrase.postings_of(term)[0]
        return numbers[0] if len(numbers) == 1 else None

    def phrase_scores(self, tokens: Sequence[str]) -> list[float]:
        """Return for each task what the longest of its phrases counts that stands word for word in a question."""
        keys = list(map(phrase_key, tokens))
        totals = [0.0] * len(self.tasks)
        for start, end in _windows(len(keys)):
            for number in self._by_phrase.postings_of(" ".join(keys[start:end]))[0]:
                totals[number] = max(
                    totals[number], PHRASE_WEIGHT * min(end - start - _FREE_WORDS, _PHRASE_WORDS)
                )
        return totals

    def find(self, label: str) -> int | None:
        """Return the number of the task that a label means: by its name, else by the longest name that is a part of it.

        `SISR Any` means the task with the alias `SISR`, unless another one has the alias `SISR Any`.
        """
        label_words = _label_words(label)[:_LONGEST_LABEL]
        if label_words in self._by_label:
            return self._by_label[label_words]
        parts = (
            label_words[start:end] for start, end in combinations(range(len(label_words) + 1), 2)
        )
        known_parts = (part for part in parts if part in self._by_label)
        longest = max(known_parts, key=len, default=())
        if not longest:
            return None
        return self._by_label[longest]

    def phrases(self) -> list[tuple[str, ...]]:
        """Return what each task is known by, and the questions that are asked about it."""
        return [(*known_phrases(task), *task.examples) for task in self.tasks]

    def scores(self, question: Iterable[str]) -> list[float]:
        """Return how well each task fits the terms of a question."""
        terms = list(question)
        scores = self._index.scores(terms)
        if any(is_foreign(term) for term in terms):
            scores = list(map(operator.add, scores, self._foreign_index.scores(terms)))
        return scores

    def score_of(self, term: str, number: int) -> float:
        """Return what one term adds to the score of one task."""
        return self._index_of(term).score_of(term, number)


def _numbers_by_label(tasks: Sequence[Task]) -> Mapping[tuple[str, ...], int]:
    """The number of the first task that has each label."""
    numbers: dict[tuple[str, ...], int] = {}
    for number, task in enumerate(tasks):
        for label in (task.id, *task.aliases):
            numbers.setdefault(_label_words(label), number)
    return numbers


def _phrases_index(tasks: Sequence[Task]) -> FieldedIndex:
    """Each phrase to the tasks that are known by it; it is worth nothing yet."""
    numbers: dict[str, dict[int, float]] = defaultdict(dict)
    for number, task in enumerate(tasks):
        for phrase in (task.id, *task.aliases, *task.vocabulary.get(ENGLISH, ())):
            numbers[" ".join(map(phrase_key, tokens_of(phrase)))][number] = 0.0
    postings = (
        (phrase, (array("I", row), array("d", row.values()))) for phrase, row in numbers.items()
    )
    return FieldedIndex(len(tasks), postings)


def _words_index(tasks: Sequence[Task]) -> FieldedIndex:
    return FieldedIndex.of(map(_vocabulary, tasks), VOCABULARY_WEIGHTS, background=_BACKGROUND)


def phrase_key(word: str) -> str:
    """Return what is compared of a word of a phrase: its term, and the word itself where that is a stop word."""
    return term(word) or word.casefold()


def _windows(size: int) -> Iterator[tuple[int, int]]:
    """The beginning and the end of all runs of words that may be a phrase."""
    for start in range(size):
        for end in range(start + _FREE_WORDS + 1, min(size, start + _LONGEST_PHRASE) + 1):
            yield start, end


def _merged(task: Task, later: Task) -> Task:
    """A task with what a later one of the same id adds."""
    aliases = tuple(dict.fromkeys((*task.aliases, *later.aliases)))
    vocabulary = dict(task.vocabulary)
    for language, phrases in later.vocabulary.items():
        vocabulary[language] = tuple(dict.fromkeys((*vocabulary.get(language, ()), *phrases)))
    added = {
        "description": task.description or later.description,
        "aliases": aliases,
        "vocabulary": vocabulary,
        "examples": tuple(dict.fromkeys((*task.examples, *later.examples))),
    }
    return replace(task, **added)


def known_phrases(task: Task) -> tuple[str, ...]:
    """Return what a task is known by in English."""
    return (task.id, task.description or "", *task.aliases, *task.vocabulary.get(ENGLISH, ()))


def _vocabulary(task: Task) -> Fields:
    """The words by which a task is known: those that name it by themselves, and those that only do so together."""
    names = [task.id]
    phrases = [task.description or "", *task.vocabulary.get(ENGLISH, ())]
    for alias in task.aliases:
        (phrases if len(terms(alias)) > 1 else names).append(alias)
    examples = " ".join(task.examples)
    return {
        "names": terms(" ".join(names)),
        "phrases": terms(" ".join(phrases)),
        "examples": terms(examples),
    }


def _foreign_vocabulary(task: Task) -> Fields:
    """The words by which a task is known in each other language."""
    return {
        language: vocabulary_terms("\n".join(texts), language)
        for language, texts in task.vocabulary.items()
        if language != ENGLISH
    }


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
    # most labels are none, and to say what is wrong with them takes long
    return builtin_ports().parse_start(text) if SEPARATOR in text else None


def _kinds_by_term(words_of_kinds: Mapping[str, str]) -> dict[str, str]:
    """The kind of data that each telling term speaks for."""
    kinds: dict[str, str] = {}
    for kind, words in words_of_kinds.items():
        kinds |= dict.fromkeys(map(term, words.split()), kind)
    return kinds


_KINDS_IN_HAND: Final = _kinds_by_term(_IN_HAND)
_KINDS_WANTED: Final = _kinds_by_term(_WANTED)


class QueryIntent(Struct, frozen=True):
    """The kinds of data that a question has and wants.

    Attributes:
        in_hand: the share of each kind among the words that tell what the question has.
        asked_for: the same for what it wants.
    """

    in_hand: Mapping[str, float]
    asked_for: Mapping[str, float]

    @classmethod
    def of(cls, question: Iterable[str]) -> QueryIntent:
        """Read it from the terms of a question."""
        question_terms = list(question)
        return cls(_shares(question_terms, _KINDS_IN_HAND), _shares(question_terms, _KINDS_WANTED))

    def fit(self, signature: Signature | None) -> float:
        """Return how well a signature fits, from -1/2 to 1/2; 0 when the question or the signature does not tell."""
        if signature is None:
            return 0.0
        fitting = _fitting(self.in_hand, signature.inputs) + _fitting(
            self.asked_for, signature.outputs
        )
        # each side that the question tells of counts up to 1/2, and costs 1/4 whatever the signature is
        sides = bool(self.in_hand) + bool(self.asked_for)
        return fitting / 2 - sides / 4


def _fitting(shares: Mapping[str, float], ports: Sequence[str]) -> float:
    """The share of the kinds that a signature has on this side."""
    return sum(share for kind, share in shares.items() if kind in ports)


def _shares(question: Sequence[str], kinds_by_term: Mapping[str, str]) -> dict[str, float]:
    kinds = [kinds_by_term[term] for term in question if term in kinds_by_term]
    return {kind: kinds.count(kind) / len(kinds) for kind in dict.fromkeys(kinds)}


# What every term counts beforehand in every task; 0.2 was the best on 394 questions kept apart.
SMOOTHING: Final = 0.2
# What a logarithm of a probability counts, and how low it may be: a question never seen is no proof against a task. Of
# 756 new questions 517 got a model of the right task, and 89 one of a wrong task; with 0.2 it was 501 and 104.
PRIOR_WEIGHT: Final = 0.6
LEAST_LOG: Final = -12.0


class SupportsPostings(Protocol):
    """Terms to the tasks that have them."""

    def __call__(self, term: str) -> Postings:
        """Return the numbers of the tasks that have a term, and what it is worth in each."""


class TaskCounter:
    """How often each term stands in the examples and phrases of each task, and in questions about none of them."""

    def __init__(self, phrases: Sequence[Iterable[str]], other_topics: Iterable[str]) -> None:
        """Begin with the phrases of each task; other topics are counted as if they were one more task, the last."""
        texts_of_tasks = (*phrases, other_topics)
        self._counts: list[Counter[str]] = [
            Counter(terms("\n".join(texts))) for texts in texts_of_tasks
        ]

    def add(self, task: int, example_terms: Iterable[str]) -> None:
        """Add the terms of an entry's examples to those of its task; -1 is none."""
        if task >= 0:
            self._counts[task].update(example_terms)

    def postings(self) -> dict[str, Postings]:
        """Return for each term the tasks that have it, and by how much it makes each more likely."""
        postings: dict[str, Postings] = defaultdict(lambda: (array("I"), array("d")))
        for number, counts in enumerate(self._counts):
            for stem, count in counts.items():
                numbers, values = postings[stem]
                numbers.append(number)
                values.append(math.log(1 + count / SMOOTHING))
        return dict(postings)

    def offsets(self) -> list[float]:
        """Return what each known term of a question makes each task less likely by, whatever the term is."""
        size = len(set().union(*self._counts))
        return [-math.log(counts.total() / SMOOTHING + size) for counts in self._counts]


class TaskPrior:
    """How much less likely than the likeliest each task is, for the terms of a question."""

    def __init__(
        self, postings: SupportsPostings, offsets: Sequence[float], tasks: Iterable[int]
    ) -> None:
        """Take what `TaskCounter` counted.

        Args:
            postings: the tasks that have a term.
            offsets: what each term makes a task less likely by.
            tasks: the numbers of the tasks that entries have; the others are not compared.
        """
        self._postings = postings
        self._offsets = offsets
        self._tasks = sorted({task for task in tasks if task >= 0})

    @property
    def tasks(self) -> Sequence[int]:
        """The numbers of the tasks that entries have, in ascending order."""
        return self._tasks

    def part(self, term: str, task: int) -> float:
        """Return which part of a term's occurrences is in one task, from 0 to 1."""
        numbers, values = self._postings(term)
        # what the counter made of counts, undone
        counts = {number: math.expm1(value) for number, value in zip(numbers, values, strict=True)}
        return counts.get(task, 0.0) / sum(counts.values()) if counts else 0.0

    def scores(self, question: Iterable[str], compared: Collection[int] = ()) -> list[float]:
        """Return what each task loses, never more than 0; in the last place what an entry without a task loses.

        Args:
            question: the terms of the question.
            compared: the numbers of tasks that are compared although no entry has them.
        """
        # the place of the other topics, the last one, becomes that of entries without a task
        losses = [0.0] * len(self._offsets)
        likelihoods = self._likelihoods(question)
        if not any(likelihoods) or not self._tasks:
            return losses
        logs = {task: likelihoods[task] for task in (*self._tasks, *compared)}
        most = max(logs.values())
        for task, log in logs.items():
            losses[task] = PRIOR_WEIGHT * max(LEAST_LOG, log - most)
        # it stands neither before nor behind those that have one
        losses[-1] = sum(losses) / len(logs)
        return losses

    def odds(self, question: Iterable[str], task: int) -> float:
        """Return how much likelier it is that a question is about a task than about other topics, as a logarithm."""
        likelihoods = self._likelihoods(question)
        return likelihoods[task] - likelihoods[-1]

    def _likelihoods(self, question: Iterable[str]) -> list[float]:
        """The logarithm of how likely the known terms of a question are by each task and, last, by other topics."""
        totals = [0.0] * len(self._offsets)
        count = 0
        for stem in question:
            postings = self._postings(stem)
            count += bool(postings[0])
            add_postings(totals, postings)
        return [total + count * offset for total, offset in zip(totals, self._offsets, strict=True)]


_VERBS_TEXT: Final = """
    add animate blur brighten build caption change clean colorize colour color colourise convert count create crop cut
    deblur denoise describe detect dictate draw edit enhance enlarge erase estimate extract fill find fix follow
    generate illustrate improve label lighten listen make mark measure narrate paint paste print put read recognise
    recognize recolor recolour remove repair replace restore restyle rewrite scan search segment sharpen shorten show
    simplify sing sort speak summarise summarize swap take tell track transcribe translate turn upscale write
"""
# What people have done to data, in the form in which it is asked for.
_VERBS: Final = frozenset(_VERBS_TEXT.split())
VERB_TERMS: Final = frozenset(chain.from_iterable(map(word_terms, _VERBS)))
"""The terms of these verbs."""
_JOINTS: Final = frozenset({"and", "then", "afterwards", "finally", ";"})
# What may stand between a joint and the verb.
_BETWEEN: Final = frozenset({"then", "afterwards", "finally", "also", "to", "after", "that", ","})
_SENTENCE_ENDS: Final = frozenset(".!?\n")
# What refers to the result of the step before, and what that is called, by its port.
_REFERRING: Final = frozenset({"it", "them", "him", "her", "that", "this", "result"})
_RESULTS: Final = {"Img": "picture", "Txt": "text", "Snd": "recording", "Vid": "film", "3D": "mesh"}
_TURNING: Final = ("turn ", "convert ", "change ", "make ")
# More steps than that are no question of one person.
_MOST_STEPS: Final = 4


def clauses_of(text: str) -> list[tuple[str, ...]]:
    """Return the clauses of the first sentence of a question that asks for several things; none where it does not."""
    for sentence in _sentences(tokens_of(text)):
        clauses = _clauses(sentence)
        if 1 < len(clauses) <= _MOST_STEPS:
            return clauses
    return []


def _sentences(tokens: Sequence[str]) -> Iterator[list[str]]:
    sentence: list[str] = []
    for token in tokens:
        if token in _SENTENCE_ENDS:
            yield sentence
            sentence = []
        else:
            sentence.append(token)
    yield sentence


def _clauses(sentence: Sequence[str]) -> list[tuple[str, ...]]:
    folded = list(map(str.casefold, sentence))
    starts: list[int] = []
    for place, token in enumerate(folded):
        # the first verb begins the first clause; each further one stands behind a joint
        if token in _VERBS and (not starts or _is_joined(folded, place)):
            starts.append(place)
    ends = [*starts[1:], len(sentence)][: len(starts)]
    return _with_objects(
        [_without_joint(sentence[start:end]) for start, end in zip(starts, ends, strict=True)]
    )


def _is_joined(folded: Sequence[str], place: int) -> bool:
    """Whether a joint stands before a verb, with nothing but small words between."""
    while place and folded[place - 1] in _BETWEEN | _JOINTS:
        place -= 1
        if folded[place] in _JOINTS:
            return True
    return False


def _without_joint(clause: Sequence[str]) -> tuple[str, ...]:
    end = len(clause)
    while end and clause[end - 1].casefold() in _JOINTS | _BETWEEN:
        end -= 1
    return tuple(clause[:end])


def _with_objects(clauses: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The clauses; a verb alone, as in `transcribe and translate the talk`, gets the object of the next one."""
    completed = list(clauses)
    for place, clause in enumerate(clauses[:-1]):
        if len(clause) == 1:
            verb, *object_words = completed[place + 1]
            completed[place] = (*clause, *object_words)
            completed[place + 1] = (verb, "it")
    return completed


def changes_nothing(text: str, result: str) -> bool:
    """Return whether a clause turns something into what it is: `recognise speech and turn it into text` is one step.

    Args:
        text: the clause, as `with_result` gives it.
        result: the port of what the step before gave; empty for the first step.
    """
    kind = _RESULTS.get(result)
    _, into, target = text.casefold().rpartition(" into ")
    turned = text.casefold().startswith(_TURNING)
    return bool(turned and into) and target.split()[-1:] == [kind]


def with_result(clause: Sequence[str], result: str) -> str:
    """Return the text of a clause, in which what the step before gave is called by its kind.

    Args:
        clause: the words.
        result: the port of what the step before gave; empty for the first step.
    """
    kind = _RESULTS.get(result)
    if kind is None:
        return " ".join(clause)
    return " ".join(kind if word.casefold() in _REFERRING else word for word in clause)

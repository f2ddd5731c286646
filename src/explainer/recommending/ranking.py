"""Entries of one kind, scored for a question: their own words, those of entries with the same task, those of the task.

People ask in lay words, catalogs answer in trade words, and a short entry has few words of its own. So each entry also
gets a share of what the entries of its task say together (the smoothing of cluster-based retrieval: Liu and Croft,
"Cluster-based retrieval using language models", SIGIR 2004), and of the task's own vocabulary.
"""

from __future__ import annotations

import operator
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, cached_property, lru_cache, partial
from itertools import count, groupby
from typing import Any, Final, Generic, Protocol, TypeVar

from msgspec import Struct

from explainer.catalogs.schema import Entry, ModelEntry, Task
from explainer.catalogs.signature import Signature
from explainer.diagnostics.text import lazy_regex
from explainer.recommending.bm25f import FieldedIndex, Fields, IndexTables
from explainer.recommending.calibration import LENGTHS, Calibration, other_topics
from explainer.recommending.intent import (
    VERB_TERMS,
    TaskCounter,
    TaskPrior,
    Taxonomy,
    leading_signature,
)
from explainer.recommending.query import Query
from explainer.recommending.terms import ENGLISH, terms

E = TypeVar("E", bound=Entry)
# What a word of each field counts. Nothing hangs on the exact figures: see benchmarks/README.md.
FIELD_WEIGHTS: Final[Mapping[str, float]] = {
    "name": 3.0,
    "examples": 1.5,
    "task": 1.0,
    "data set": 0.3,
    "summary": 0.5,
}

# What a word of the same task's entries counts for an entry with at most one example; see `same_task_weight`.
SAME_TASK_WEIGHT: Final = 0.5
# Less than 1: the prior beside it counts the words of a task, too (benchmarks/README.md).
TASK_WEIGHT: Final = 0.75
# The same for a verb of doing something to data, such as “rewrite”: it tells more of the task than what it is done to.
# Of 797 questions 3 more get a model of the right task.
VERB_WEIGHT: Final = 1.15
KIND_WEIGHT: Final = 1.5
# What a direction that is said outright counts for a signature that has just that, and against one that does not: it
# must outweigh the words, which are the same for “text to speech” and “speech to text”.
DIRECTION_WEIGHT: Final = 4.0
# What the likelihood of a task counts beside a direction that is said outright, so that words do not outvote it.
STATED_LIKELIHOOD: Final = 0.3
# What a word counts that names one task by itself, times the part of its occurrences that are in that task, and less
# where other tasks speak of it too: few everyday words together should not outvote it. Of 652 everyday sentences with
# one such word, 260 are offered a model for its task, and 122 without this; with 3 it is 339, but then words such as
# “restore” win over what they stand beside.
NAME_WEIGHT: Final = 2.0
# What a stated scale counts for an entry that has it in its name, and against one that has another; with 3 the right
# one came first for 90 % of 9 x 8 questions that state one, before it for 69 %.
SCALE_WEIGHT: Final = 3.0
# What a task gains that fits best by its words and is the likeliest by all words: an entry of another task, of which an
# example happens to have two rare words of the question, should not win. Of 25 questions in which it had won, 16 were
# about the task on which both agree, 7 about that of the entry.
AGREEMENT_GAIN: Final = 2.0
# By how much a task that no entry has must fit better than that of the best entry, so that nothing is offered, and what
# its likelihood counts for that. With the models of the right task taken away, it did for 77 % of 793 questions (58 %
# by a margin of 2 without the likelihood); with those of another task taken away, for 0.4 % in either way.
LACKING_MARGIN: Final = 0.5
LACKING_LIKELIHOOD: Final = 0.5
KINDS_FIT: Final = "its kinds of data fit"
KINDS_DIFFER: Final = "its kinds of data do not fit"
DIRECTION_FITS: Final = "it takes and gives what is asked for"
DIRECTION_DIFFERS: Final = "it does not take and give what is asked for"
PHRASE_FITS: Final = "the question names its task"
SCALE_FITS: Final = "its scale is the one that is asked for"
SCALE_DIFFERS: Final = "its scale is another one"
AGREEMENT: Final = "its task fits best by single words and by all together"
LESS_LIKELY: Final = "all words together make another task likelier"
# A smaller catalog says too little about which words are rare.
BACKGROUND: Final = 100
# The number of the task of an entry that has none, and of its list of entries with the same task.
NO_TASK: Final = -1
# Under these stands in an index what belongs to no term: what the prior takes off for each, and the bars.
OFFSETS: Final = ""
BARS: Final = ""
# Texts that are remembered so that they count once for a task; repeated farther apart, they count again.
_REMEMBERED: Final = 1_000_000
_NUMBERS: Final = lazy_regex(r"\d++x?")
_SCALE_IN_NAME: Final = lazy_regex(
    r"(?<![0-9a-z])(?:(?P<before>[2-8])x|x(?P<behind>[2-8]))(?![0-9a-z])"
)


class Share(Struct, frozen=True):
    """What one term of the question adds to the score of one entry.

    Attributes:
        term: the term.
        in_entry: by standing in the entry itself.
        same_task: by standing in the entries of the same task.
        task: by belonging to the vocabulary of the task.
    """

    term: str
    in_entry: float
    same_task: float
    task: float

    @property
    def total(self) -> float:
        """All three."""
        return self.in_entry + self.same_task + self.task


def own_signature(entry: Entry) -> str | None:
    """Return the signature of a model, as its catalog gives it; None for a paper."""
    return entry.signature if isinstance(entry, ModelEntry) else None


def entry_fields(entry: Entry) -> dict[str, str]:
    """Return the text of each field of an entry that is searched."""
    return {
        "name": " ".join((entry.label, *entry.aliases)),
        "examples": "\n".join(entry.examples),
        "task": " ".join(filter(None, (entry.task, entry.category, own_signature(entry)))),
        "data set": entry.dataset or "",
        "summary": entry.summary or "",
    }


def field_terms(entry: Entry) -> dict[str, list[str]]:
    """Return the terms of each field of an entry that is searched."""
    return {name: terms(text) for name, text in entry_fields(entry).items()}


def task_label(entry: Entry) -> str:
    """Return what says best what an entry is for: its task, else its category, else its signature."""
    label = entry.task or entry.category or own_signature(entry)
    if not label:
        return ""
    return label.strip()


@lru_cache(maxsize=100_000)
def family_name(label: str) -> str:
    """Return the name of an entry but for its numbers: the same model at 2×, 3× and 4× has one."""
    return _NUMBERS.sub("", label.casefold())


@lru_cache(maxsize=100_000)
def scale_of(label: str) -> int:
    """Return how many times a model enlarges, by its name; 0 when the name does not say."""
    match = _SCALE_IN_NAME.search(label.casefold().replace("_", "-"))
    return int(match["before"] or match["behind"]) if match else 0


class _Standing(Struct, frozen=True):
    """How the tasks and signatures of some entries stand for a question.

    Attributes:
        phrases: what each task gains by its phrases and its name; the last place is that of entries without a task.
        by_words: how well each task fits by all of its words.
        losses: what each task loses by being less likely than another; the last place as above.
        best_tasks: the task that fits best by its words, and the one that is likeliest by all words of the question.
        agreed: the task on which both agree, or `NO_TASK`.
        fits: what each signature adds to a score.
    """

    phrases: Sequence[float]
    by_words: Sequence[float]
    losses: Sequence[float]
    best_tasks: tuple[int, int]
    agreed: int
    fits: Sequence[float]


class SupportsTerms(Protocol):
    """What each term is worth in each of some documents: an index in memory, or one on disk."""

    def __contains__(self, term: str) -> bool:
        """Whether any document has a term."""

    def frequency(self, term: str) -> int:
        """Return how many documents have a term."""

    def scores(self, terms: Iterable[str]) -> list[float]:
        """Return the score of every document."""

    def score_of(self, term: str, number: int) -> float:
        """Return what one term adds to the score of one document."""


class Ranking(Generic[E]):
    """Entries of one kind, indexed once, scored for many questions. Entries are numbered from 0 in their order."""

    _index: SupportsTerms
    _same_task_index: SupportsTerms
    _same_task: Sequence[int]
    _same_task_weights: Sequence[float]
    _tasks: Sequence[int]
    _signatures: Sequence[Signature | None]
    _signature_numbers: Sequence[int]
    _prior: TaskPrior
    # the last question and how tasks stand for it: that is asked for again with each entry that is offered
    _last: tuple[Query, _Standing] | None = None

    def __init__(
        self,
        entries: Iterable[E],
        taxonomy: Taxonomy,
        tables: IndexTables | None = None,
        kind: str = "",
    ) -> None:
        """Index entries.

        Args:
            entries: the entries.
            taxonomy: the tasks.
            tables: what was indexed before.
            kind: what the entries are called there.
        """
        self.entries: Sequence[E] = tuple(entries)
        self._kind = kind
        self.taxonomy = taxonomy
        labels = list(map(task_label, self.entries))
        self._same_task = same_task_numbers(map(str.casefold, labels))
        self._same_task_weights = [same_task_weight(len(entry.examples)) for entry in self.entries]
        # a label is looked up once, however many entries have it
        self._tasks = list(map(cache(partial(task_number, taxonomy)), labels))
        get = (tables or IndexTables()).get
        self._index = get(f"{kind} words", len(self.entries), self._words_index)
        self._same_task_index = get(
            f"{kind} same task", max(self._same_task, default=NO_TASK) + 1, self._by_task_index
        )
        prior = get(f"{kind} prior", len(taxonomy.tasks) + 1, self._prior_index)
        self._prior = TaskPrior(prior.postings_of, prior.postings_of(OFFSETS)[1], self._tasks)
        numbers: dict[Signature | None, int] = {}
        self._signature_numbers = []
        for entry, task in zip(self.entries, self._tasks, strict=True):
            signature = signature_of(entry, task, taxonomy)
            self._signature_numbers.append(numbers.setdefault(signature, len(numbers)))
        self._signatures = tuple(numbers)
        self._calibration = Calibration(self.reach)

    def with_kept_bars(self, tables: IndexTables) -> Ranking[E]:
        """Return the ranking with its bars from the indexes; they are measured where none were kept."""
        bars = tables.get(f"{self._kind} bars", max(LENGTHS) + 1, self._bars_index).postings_of(
            BARS
        )
        self._calibration = Calibration(self.reach, dict(zip(*bars, strict=True)))
        return self

    @cached_property
    def _documents(self) -> Sequence[Fields]:
        return tuple(map(field_terms, self.entries))

    def _words_index(self) -> FieldedIndex:
        return FieldedIndex.of(self._documents, FIELD_WEIGHTS, background=BACKGROUND)

    def _by_task_index(self) -> FieldedIndex:
        by_task = TaskIndex()
        for document, number in zip(self._documents, self._same_task, strict=True):
            by_task.add(document, number)
        return FieldedIndex.of(
            by_task.documents(max(self._same_task, default=NO_TASK) + 1), FIELD_WEIGHTS
        )

    def _prior_index(self) -> FieldedIndex:
        counter = TaskCounter(self.taxonomy.phrases(), other_topics())
        for document, task in zip(self._documents, self._tasks, strict=True):
            counter.add(task, document["examples"])
        offsets = array("d", counter.offsets())
        places = array("I", range(len(offsets)))
        return FieldedIndex(
            len(offsets), [(OFFSETS, (places, offsets)), *counter.postings().items()]
        )

    def _bars_index(self) -> FieldedIndex:
        bars = (array("I", LENGTHS), array("d", map(self._calibration.bar_of, LENGTHS)))
        return FieldedIndex(max(LENGTHS) + 1, [(BARS, bars)])

    def __len__(self) -> int:
        return len(self.entries)

    def around(self, *_: Any, **__: Any) -> Ranking[E]:
        """Return the entries that a question may concern: all of them; see `recommend.SupportsRanking`."""
        return self

    def bar(self, size: int) -> float:
        """Return what a question of so many terms must reach before anything fits it."""
        return self._calibration.bar(size)

    def uses(self, term: str) -> int:
        """Return how many entries and tasks have a term."""
        return self._index.frequency(term) + self.taxonomy.frequency(term)

    def own_scores(self, terms: Iterable[str]) -> list[float]:
        """Return what some terms add to the score of every entry by standing in it."""
        return self._index.scores(terms)

    def scores(self, query: Query) -> list[float]:
        """Return the score of every entry for a question."""
        own_scores = self._index.scores(query.words)
        standing = self._standing(query)
        fits = standing.fits
        # the last place is what the number -1 finds: that of entries without a task
        same_task = [*self._same_task_index.scores(query.words), 0.0]
        of_tasks = list(map(operator.add, [*standing.by_words, 0.0], standing.losses))
        if standing.agreed != NO_TASK:
            of_tasks[standing.agreed] += AGREEMENT_GAIN
        scores = [
            score
            + weight * same_task[same_task_number]
            + of_tasks[task_number]
            + fits[signature_number]
            for score, weight, same_task_number, task_number, signature_number in zip(
                own_scores,
                self._same_task_weights,
                self._same_task,
                self._tasks,
                self._signature_numbers,
                strict=True,
            )
        ]
        for number in self._scaled if query.scale else ():
            scores[number] += _scale_fit(query, self.label(number))
        return scores

    def _standing(self, query: Query) -> _Standing:
        last = self._last
        if last is not None and last[0] is query:
            return last[1]
        by_words = task_scores(self.taxonomy, self._prior, query)
        losses = self._losses(query)
        best_tasks = self._best_tasks(by_words, losses)
        standing = _Standing(
            phrases=[*_phrase_gains(self.taxonomy, self._prior, query), 0.0],
            by_words=by_words,
            losses=losses,
            best_tasks=best_tasks,
            agreed=_agreed_task(query, best_tasks),
            fits=fits_of(query, self._signatures),
        )
        self._last = query, standing
        return standing

    def _losses(self, query: Query, compared: Collection[int] = ()) -> list[float]:
        """What each task loses by being less likely than another; see `TaskPrior.scores`."""
        losses = self._prior.scores(query.words, compared)
        return [STATED_LIKELIHOOD * loss for loss in losses] if query.direction.is_full else losses

    @cached_property
    def _scaled(self) -> list[int]:
        """The numbers of the entries that say in their names how many times they enlarge."""
        return [number for number in range(len(self)) if scale_of(self.label(number))]

    def shares(self, question: Iterable[str], number: int) -> list[Share]:
        """Return what each term of a question adds to the score of one entry."""
        return [self._share(term, number) for term in question]

    def _share(self, term: str, number: int) -> Share:
        in_entry = self._index.score_of(term, number)
        same_task = task = 0.0
        if self._same_task[number] != NO_TASK:
            score = self._same_task_index.score_of(term, self._same_task[number])
            same_task = self._same_task_weights[number] * score
        if self._tasks[number] != NO_TASK:
            task = _task_weight(term) * self.taxonomy.score_of(term, self._tasks[number])
        return Share(term, in_entry, same_task, task)

    @property
    def has_tasks(self) -> bool:
        """Whether any entry has a task that the taxonomy knows."""
        return max(self._tasks, default=NO_TASK) != NO_TASK

    def coverage(self, query: Query, number: int) -> float:
        """Return which part of the terms of a question is known, from 0 to 1.

        Half of it is the part that any entry or task speaks of; half is what this entry, the entries of its task or the
        task speak of. A word that was corrected is known only by half. Of a question that is not in English it is the
        part of the words that these speak of: a catalog in English knows next to none of the others.
        """
        if not query.words:
            return 0.0
        if query.language != ENGLISH:
            matched_words = {
                query.words[share.term]
                for share in self.shares(query.words, number)
                if share.total > 0
            }
            return len(matched_words) / len(set(query.words.values()))
        known_terms = sum(term in self._index or term in self.taxonomy for term in query.words)
        matched_terms = sum(share.total > 0 for share in self.shares(query.words, number))
        return (known_terms + matched_terms - len(query.corrections)) / (2 * len(query.words))

    def witnesses(self, query: Query, number: int) -> int:
        """Return how many of two speak for an entry's task: the words of the tasks, and their likelihood."""
        return self._standing(query).best_tasks.count(self._tasks[number])

    def odds(self, query: Query, number: int) -> float:
        """Return how much likelier a question is about the task of an entry than about other topics."""
        task = self._tasks[number]
        return 0.0 if task == NO_TASK else self._prior.odds(query.words, task)

    def _best_tasks(self, by_words: Sequence[float], losses: Sequence[float]) -> tuple[int, int]:
        """The task that fits best by its words, and the one that is likeliest by all words of a question."""
        best = max(by_words, default=0.0)
        best_by_words = by_words.index(best) if best > 0 else NO_TASK
        return best_by_words, max(self._prior.tasks, key=losses.__getitem__, default=NO_TASK)

    def reach(self, query: Query) -> float:
        """Return the best score for a question, less a gain by agreement, times the part of its terms that is known."""
        scores = self.scores(query)
        if not scores:
            return 0.0
        best_score = max(scores)
        best = scores.index(best_score)
        if self._tasks[best] == self._standing(query).agreed != NO_TASK:
            best_score -= AGREEMENT_GAIN
        return best_score * self.coverage(query, best)

    def gains(self, query: Query, number: int) -> dict[str, float]:
        """Return what is added to the score of an entry for other reasons than single words, by reason."""
        standing = self._standing(query)
        fit = standing.fits[self._signature_numbers[number]]
        scale = _scale_fit(query, self.label(number))
        stated = query.direction and query.direction.within(self._signatures)
        kinds = (DIRECTION_FITS, DIRECTION_DIFFERS) if stated else (KINDS_FIT, KINDS_DIFFER)
        task = self._tasks[number]
        gains = {
            PHRASE_FITS: standing.phrases[task],
            AGREEMENT: AGREEMENT_GAIN * (standing.agreed == task != NO_TASK),
            kinds[fit < 0]: fit,
            (SCALE_FITS, SCALE_DIFFERS)[scale < 0]: scale,
            LESS_LIKELY: standing.losses[task],
        }
        return {reason: gain for reason, gain in gains.items() if gain}

    def takes(self, number: int, port: str) -> bool:
        """Return whether an entry says what it takes, and a kind of data is part of it; an empty one is always."""
        signature = self._signatures[self._signature_numbers[number]]
        return signature is not None and (not port or port in signature.inputs)

    def lacking_task(self, query: Query, number: int) -> int | None:
        """Return the task that a question is about if no entry has it and the best entry has another one, else None.

        Args:
            query: the question.
            number: the number of the best entry.
        """
        lacking = self.taxonomy.own_tasks.difference(self._prior.tasks)
        task = self._tasks[number]
        if task == NO_TASK or not lacking:
            return None
        fits = self._standing(query).by_words
        losses = self._losses(query, lacking)
        scores = [fit + LACKING_LIKELIHOOD * loss for fit, loss in zip(fits, losses, strict=False)]
        likeliest = max(lacking, key=scores.__getitem__)
        margin = LACKING_MARGIN
        if query.direction.is_full:
            # what is said outright speaks for a task that no entry has, too, or against it
            own_signature = self._signatures[self._signature_numbers[number]]
            fit, own_fit = fits_of(
                query, [task_signature(self.taxonomy.tasks[likeliest]), own_signature]
            )
            margin += own_fit - fit
        return likeliest if scores[likeliest] > scores[task] + margin else None

    @cached_property
    def _by_link(self) -> Mapping[str, list[int]]:
        """The numbers of the entries with each link to a paper."""
        by_link: dict[str, list[int]] = defaultdict(list)
        for number, entry in enumerate(self.entries):
            by_link[bare_link(entry.paper or "")].append(number)
        by_link.pop("", None)
        return by_link

    def with_links(self, links: Iterable[str]) -> list[int]:
        """Return the numbers of the entries whose paper has one of some bare links."""
        return [number for link in links for number in self._by_link.get(link, ())]

    def family(self, number: int) -> tuple[int, str]:
        """Return what an entry shares with its near-duplicates: the name but for numbers (2×, 3×, 4×), and its task."""
        return self._same_task[number], family_name(self.label(number))

    def label(self, number: int) -> str:
        """Return the name or the title of an entry."""
        return self.entries[number].label

    def task_number(self, number: int) -> int | None:
        """Return the number of an entry's task in the taxonomy, if it has one there."""
        return None if self._tasks[number] == NO_TASK else self._tasks[number]


def task_scores(taxonomy: Taxonomy, prior: TaskPrior, query: Query) -> list[float]:
    """Return how well each task fits a question: by its words, its phrases and the words that are its name."""
    by_words = _phrase_gains(taxonomy, prior, query)
    for weight, terms_of_weight in groupby(sorted(query.words, key=_task_weight), _task_weight):
        for number, score in enumerate(taxonomy.scores(terms_of_weight)):
            by_words[number] += weight * score
    return by_words


def _task_weight(term: str) -> float:
    """What a term of a question counts for the tasks that are known by it."""
    return VERB_WEIGHT if term in VERB_TERMS else TASK_WEIGHT


def _agreed_task(query: Query, best_tasks: tuple[int, int]) -> int:
    """The task on which both agree; none where a direction is stated, which decides, or in other languages."""
    by_words, likeliest = best_tasks
    if by_words != likeliest:
        return NO_TASK
    if query.language != ENGLISH or query.direction.is_full:
        return NO_TASK
    return likeliest


def _phrase_gains(taxonomy: Taxonomy, prior: TaskPrior, query: Query) -> list[float]:
    """What each task gains by a phrase of it that stands in a question, or by a word that is its name."""
    gains = taxonomy.phrase_scores(query.tokens)
    for term in query.words:
        task = taxonomy.named_by(term)
        if task is not None:
            worth = prior.part(term, task) / taxonomy.frequency(term)
            gains[task] = max(gains[task], NAME_WEIGHT * worth)
    return gains


def fits_of(query: Query, signatures: Sequence[Signature | None]) -> list[float]:
    """Return what each of the signatures that entries have adds to a score.

    What the question says outright counts, else what its words hint at.
    """
    direction = query.direction
    if direction:
        # kinds of data that none of them has tell nothing apart
        direction = direction.within(signatures)
    if direction:
        return [DIRECTION_WEIGHT * direction.fit(signature) for signature in signatures]
    return [KIND_WEIGHT * query.intent.fit(signature) for signature in signatures]


def _scale_fit(query: Query, label: str) -> float:
    """What the scale in an entry's name adds to its score."""
    if not query.scale:
        return 0.0
    scale = scale_of(label)
    if not scale:
        return 0.0
    if scale == query.scale:
        return SCALE_WEIGHT
    return -SCALE_WEIGHT


def same_task_weight(examples: int) -> float:
    """Return what a word of the same task counts for an entry: with more examples it speaks better for itself."""
    return SAME_TASK_WEIGHT / max(1, examples)


def same_task_numbers(labels: Iterable[str]) -> list[int]:
    """Return for each label the number of the task that several share; -1 without a label, or for one that is alone.

    What an entry that is alone with its task says was counted as its own already.
    """
    all_labels = list(labels)
    numbers = dict.fromkeys(all_labels, NO_TASK)
    next_number = count()
    for label, frequency in Counter(all_labels).items():
        if label and frequency > 1:
            numbers[label] = next(next_number)
    return [numbers[label] for label in all_labels]


def task_number(taxonomy: Taxonomy, label: str) -> int:
    """Return the number of the task that a label means; -1 when it means none."""
    number = taxonomy.find(label)
    return NO_TASK if number is None or not label else number


def task_signature(task: Task) -> Signature | None:
    """Return the signature by which a task is also known."""
    return next(filter(None, map(leading_signature, (task.id, *task.aliases))), None)


def signature_of(entry: Entry, task: int, taxonomy: Taxonomy) -> Signature | None:
    """Return the signature of an entry: its own, or one by which its task is also known."""
    aliases = taxonomy.tasks[task].aliases if task != NO_TASK else ()
    names = filter(None, (own_signature(entry), entry.category, entry.task, *aliases))
    return next(filter(None, map(leading_signature, names)), None)


def bare_link(link: str) -> str:
    """Return what two spellings of a link to one paper have in common: no scheme, no `.pdf`, no arXiv version."""
    bare = link.casefold().removeprefix("https://").removeprefix("http://").removeprefix("www.")
    bare = bare.removesuffix(".pdf").replace("arxiv.org/pdf/", "arxiv.org/abs/")
    before, mark, version = bare.rpartition("v")
    if mark and version.isdigit() and before.startswith("arxiv.org/abs/"):
        return before
    return bare


class TaskIndex:
    """The fields of all entries of each task as one document; a text that several entries have counts once."""

    def __init__(self) -> None:
        self._counts: dict[int, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._counted: set[int] = set()

    def add(self, fields: Fields, number: int) -> None:
        """Add the terms of an entry to those of its task; an entry without one has the number -1."""
        if number == NO_TASK:
            return
        for name, field in fields.items():
            # a hash, because a million texts would fill the memory
            key = hash((number, name, tuple(field)))
            if not field or key in self._counted:
                continue
            if len(self._counted) >= _REMEMBERED:
                self._counted.clear()
            self._counted.add(key)
            self._counts[number][name].update(field)

    def documents(self, size: int) -> list[Fields]:
        """Return the documents of the first so many numbers."""
        return [self._counts.get(number, {}) for number in range(size)]

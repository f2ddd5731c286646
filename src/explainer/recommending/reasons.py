"""Why an entry is recommended: which words of the question stand where, in one line that a person understands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final, Generic, TypeVar

from msgspec import Struct

from explainer.catalogs.schema import Entry
from explainer.diagnostics.text import shorten
from explainer.recommending.query import Query
from explainer.recommending.ranking import (
    DIRECTION_FITS,
    PHRASE_FITS,
    SCALE_FITS,
    Ranking,
    Share,
    entry_fields,
    field_terms,
    task_label,
)
from explainer.recommending.terms import ENGLISH, NAMES, term, words

E = TypeVar("E", bound=Entry)
# Reasons that one line has room for; the others stand in `--explain`.
_SAID: Final = (PHRASE_FITS, DIRECTION_FITS, SCALE_FITS)
# What a reason must count to be said: a paper always shares some word with the summary of a model.
_TELLING_GAIN: Final = 1.0
# Words that a reason names for each place.
_TELLING: Final = 3
# Characters of a label of a task, and of a word, that a reason shows.
_LABEL_WIDTH: Final = 40
_WORD_WIDTH: Final = 30


class Recommendation(Struct, Generic[E], frozen=True):
    """One entry that fits a question.

    Attributes:
        entry: the entry.
        score: how well it fits; comparable within one list only.
        why: the reason, in one line.
        shares: the words of the question that tell, and what each added, the most telling first.
        places: the fields of the entry in which a term stands.
        gains: what was added for other reasons than single words, by reason.
        demotion: what the sum was multiplied by, because better entries of its family stand above it.
        weak: by itself it would not be offered: it does not reach the bar that the best one must reach.
    """

    entry: E
    score: float
    why: str
    shares: tuple[tuple[str, Share], ...] = ()
    places: Mapping[str, tuple[str, ...]] = {}
    gains: Mapping[str, float] = {}
    demotion: float = 1.0
    weak: bool = False


def explained(
    ranking: Ranking[E], query: Query, number: int, score: float, gains: Mapping[str, float], *,
    demotion: float = 1.0, weak: bool = False,
) -> Recommendation[E]:  # fmt: skip
    """Return an entry with the reasons for its score.

    Args:
        ranking: the entries.
        query: the question.
        number: the number of the entry.
        score: its score.
        gains: what was added for other reasons than single words, by reason.
        demotion: what the sum was multiplied by.
        weak: by itself it would not be offered.
    """
    entry = ranking.entries[number]
    shares = filter(attrgetter("total"), ranking.shares(query.words, number))
    telling = sorted(shares, key=lambda share: (-share.total, share.term))
    places = _places(entry, telling)
    own_gains = ranking.gains(query, number)
    said = [gain for gain in _SAID if gain in own_gains]
    language = (
        [] if query.language == ENGLISH else [f"the question was read as {NAMES[query.language]}"]
    )
    corrections = _corrections(ranking, query, number)
    telling_gains = [reason for reason, gain in gains.items() if abs(gain) >= _TELLING_GAIN]
    why = "; ".join(
        (
            *_reasons(entry, query.words, telling, places),
            *said,
            *telling_gains,
            *corrections,
            *language,
        )
    )
    gains = {**gains, **own_gains}
    word_shares = tuple((query.words[share.term], share) for share in telling)
    return Recommendation(entry, round(score, 3), why, word_shares, places, gains, demotion, weak)


def _places(entry: Entry, shares: Sequence[Share]) -> dict[str, tuple[str, ...]]:
    """The fields in which each term stands."""
    places: dict[str, tuple[str, ...]] = dict.fromkeys(map(attrgetter("term"), shares), ())
    for name, terms in field_terms(entry).items():
        for stem in places.keys() & terms:
            places[stem] += (name,)
    return places


def _reasons(
    entry: Entry,
    word_of_term: Mapping[str, str],
    shares: Sequence[Share],
    places: Mapping[str, Sequence[str]],
) -> list[str]:
    """What the words of the question say for an entry, those of its task first."""
    label = shorten(task_label(entry), _LABEL_WIDTH)
    reasons = []
    task_words = _words(_by_worth(shares, "task"), word_of_term)
    if task_words:
        reasons.append(f"{_quoted(task_words)} {_verb(task_words, 'fits', 'fit')} the task {label}")
    own_shares = _by_worth(shares, "in_entry")
    own_words = _words(own_shares, word_of_term)
    if own_words:
        fields: dict[str, None] = {}
        for share in own_shares[:_TELLING]:
            fields |= dict.fromkeys(places[share.term])
        reasons.append(
            f"{_quoted(own_words)} {_verb(own_words, 'is', 'are')} in its {_joined(list(fields))}"
        )
    same_task_words = _words(filter(attrgetter("same_task"), shares), word_of_term)
    # the weakest reason, so it is given only where there is no other
    if same_task_words and not reasons:
        reasons.append(f"others for {label} speak of {_quoted(same_task_words)}")
    return reasons


def _corrections(ranking: Ranking[E], query: Query, number: int) -> list[str]:
    """Which words were read as others, as the entry or its task writes these."""
    if not query.corrections:
        return []
    texts = list(entry_fields(ranking.entries[number]).values())
    task = ranking.task_number(number)
    if task is not None:
        texts += ranking.taxonomy.phrases()[task]
    spellings = {term(word): word.casefold() for word in reversed(words(" ".join(texts)))}
    return [
        f"{_quoted([word])} was read as {_quoted([spellings[meant]])}"
        for word, meant in query.corrections.items()
        if meant in spellings
    ]


def _by_worth(shares: Sequence[Share], part: str) -> list[Share]:
    """The shares of which a part is worth something, the most worth first."""
    worth = attrgetter(part)
    return sorted(filter(worth, shares), key=worth, reverse=True)


def _words(shares: Iterable[Share], word_of_term: Mapping[str, str]) -> list[str]:
    """The different words of the question that some shares come from."""
    return list(dict.fromkeys(word_of_term[share.term] for share in shares))


def _quoted(different_words: Sequence[str]) -> str:
    """The first few words, in quotes: `“old”, “photos” and “colourise”`."""
    return _joined([f"“{shorten(word, _WORD_WIDTH)}”" for word in different_words[:_TELLING]])


def _joined(parts: Sequence[str]) -> str:
    """`first`, `first and second`, `first, second and third`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _verb(subjects: Sequence[str], singular: str, plural: str) -> str:
    return singular if len(subjects) == 1 else plural

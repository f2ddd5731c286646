"""Why an entry is recommended: which words of the question stand where, in one line that a person understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from explainer.catalogs.schema import Entry
from explainer.diagnostics.text import shorten
from explainer.recommending.ranking import Ranking, Share, entry_fields, task_label
from explainer.recommending.terms import terms, word_terms, words

E = TypeVar("E", bound=Entry)

KINDS_FIT: Final = "its kinds of data fit"
KINDS_DIFFER: Final = "its kinds of data do not fit"

_MAX_WORDS: Final = 2_000
"""Words of a question that are read; the rest of a longer text says nothing new."""

_TELLING: Final = 3
"""Words that a reason names for each place."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question as it is compared.

    Attributes:
        text: the question.
        words: the terms, each once, in order, and the word of the question that it comes from.
    """

    text: str
    words: Mapping[str, str]

    @classmethod
    def of(cls, text: str) -> Query:
        """Take the telling words of a question."""
        found: dict[str, str] = {}
        for word in words(text)[:_MAX_WORDS]:
            for term in word_terms(word):
                found.setdefault(term, word)
        return cls(text, found)


@dataclass(frozen=True, slots=True)
class Recommendation(Generic[E]):
    """One entry that fits a question.

    Attributes:
        entry: the entry.
        score: how well it fits; comparable within one list only.
        why: the reason, in one line.
        shares: the words of the question that tell, and what each added, the most telling first.
        places: the fields of the entry in which a term stands.
        gains: what was added for other reasons than single words, by reason.
        demotion: what the sum was multiplied by, because better entries of its family stand above it.
    """

    entry: E
    score: float
    why: str
    shares: tuple[tuple[str, Share], ...] = ()
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gains: Mapping[str, float] = field(default_factory=dict)
    demotion: float = 1.0


def explained(
    ranking: Ranking[E], query: Query, at: int, score: float, gains: Mapping[str, float], *,
    demotion: float = 1.0,
) -> Recommendation[E]:  # fmt: skip
    """Return an entry with the reasons for its score."""
    entry = ranking.entries[at]
    shares = sorted(ranking.shares(query.words, at), key=lambda share: (-share.total, share.term))
    telling = tuple((query.words[share.term], share) for share in shares if share.total)
    fields = {name: set(terms(text)) for name, text in entry_fields(entry).items()}
    places = {share.term: tuple(name for name, found in fields.items() if share.term in found) for _, share in telling}
    why = _why(entry, telling, places, gains)
    fit = ranking.fit(query.words, at)
    if fit:
        gains = {**gains, KINDS_FIT if fit > 0 else KINDS_DIFFER: fit}
    return Recommendation(entry, round(score, 3), why, telling, places, gains, demotion)


def _why(
    entry: Entry,
    telling: Sequence[tuple[str, Share]],
    places: Mapping[str, Sequence[str]],
    gains: Mapping[str, float],
) -> str:
    reasons = []
    task = [word for word, share in sorted(telling, key=lambda one: -one[1].task) if share.task]
    if task:
        reasons.append(f"{_quoted(task)} {_verb(task, 'fits', 'fit')} the task {shorten(task_label(entry), 40)}")
    own = [(word, share) for word, share in sorted(telling, key=lambda one: -one[1].own) if share.own]
    if own:
        names = [word for word, _ in own]
        where = dict.fromkeys(place for _, share in own[:_TELLING] for place in places[share.term])
        reasons.append(f"{_quoted(names)} {_verb(names, 'stands', 'stand')} in its {_joined(list(where))}")
    kin = [word for word, share in telling if share.kin]
    if not task and not own and kin:
        reasons.append(f"others for {shorten(task_label(entry), 40)} speak of {_quoted(kin)}")
    reasons += gains
    return "; ".join(reasons)


def _quoted(found: Sequence[str]) -> str:
    """The first few different words, in quotes: `“old”, “photos” and “colourise”`."""
    shown = [f"“{shorten(word, 30)}”" for word in list(dict.fromkeys(found))[:_TELLING]]
    return _joined(shown)


def _joined(parts: Sequence[str]) -> str:
    """`one`, `one and two`, `one, two and three`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _verb(found: Sequence[str], one: str, many: str) -> str:
    return one if len(dict.fromkeys(found)) == 1 else many

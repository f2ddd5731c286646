"""A question as it is compared: its telling words, and what it says outright of data, scale and what is not wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from explainer.recommending.direction import GAP, Direction, tokens_of
from explainer.recommending.intent import QueryIntent
from explainer.recommending.terms import word_terms, words

# Words of a question that are read; the rest of a longer text says nothing new.
_MAX_WORDS: Final = 2_000
# A number that stands by itself, `(13)` or “1,000”: it counts something, and says nothing of what is wanted. That of
# `resnet-18` is a part of a name.
_LONE_NUMBER: Final = re.compile(r"(?<![\w-])\d[\d.,:/]*+(?![\w-])")
_NUMBER_FOR_TO: Final = re.compile(r"(?<=[a-z]) 2 (?=[a-z])")

# What follows these does not count as wanted, up to the end of the clause and no more than so many words.
_NEGATIONS: Final = {"without": ("without",), "instead": ("instead", "of"), "rather": ("rather", "than")}
_NEGATED_WORDS: Final = 3
_NOT: Final = "not"
# `is not sharp` complains of a defect, and `not only` negates nothing: `not` takes away where a clause begins with it.
_CLAUSE_STARTS: Final = frozenset({",", ";", ":", ".", "(", "and", "but"})
_NOT_ALONE: Final = frozenset({"only", "just", "sure", "yet"})
_CLAUSE_ENDS: Final = frozenset(',.;:!?()"“”\n') | {"and", "but", "or", "then", "because", "when", "while", "so"}

_SCALE_WORDS: Final[Mapping[str, int]] = {
    "double": 2, "doubled": 2, "doubles": 2, "doubling": 2, "twice": 2, "twofold": 2, "triple": 3, "tripled": 3,
    "thrice": 3, "threefold": 3, "quadruple": 4, "quadrupled": 4, "fourfold": 4, "eightfold": 8,
}  # fmt: skip
_TIMES: Final[Mapping[str, int]] = {"two": 2, "three": 3, "four": 4, "eight": 8}
# `2.7 times` is no scale that a name has.
_SCALE: Final = re.compile(
    rf"(?<![\w.,])(?P<digit>[2-8])(?:\s?x\b|\s?-?\s?times\b|\s?-?fold\b)|\bx\s?(?P<after>[2-8])(?![\w.,]\w)\b"
    rf"|\b(?P<times>{'|'.join(_TIMES)})[ -](?:times|fold)\b|\b(?P<word>{'|'.join(_SCALE_WORDS)})\b"
)
# A scale is one of pictures only where the question speaks of enlarging: “twice a day” is none.
_ENLARGING: Final = re.compile(
    r"\b(?:up-?scal|enlarg|bigger|larger|resolution|magnif|zoom|blow(?:n|s|ing)? up|blew|super-?res|pixels?\b|width|"
    r"height|as (?:big|large|wide|high|tall)|the size|(?:its|in|original) size)"
)


@dataclass(frozen=True, slots=True)
class Query:
    """A question as it is compared.

    Attributes:
        text: the question.
        words: the terms, each once, in order, and the word of the question that it comes from.
        intent: the kinds of data that its words hint at.
        tokens: all its words and marks, in order.
        direction: the kinds of data that it says go in and come out.
        scale: how many times as large a picture should be; 0 when it does not say.
        corrections: for each word that was corrected the word that it was read as.
    """

    text: str
    words: Mapping[str, str]
    intent: QueryIntent
    tokens: tuple[str, ...] = ()
    direction: Direction = field(default_factory=Direction)
    scale: int = 0
    corrections: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Query:
        """Take the telling words of a question, and what it says outright."""
        plain = text.replace("×", "x")
        tokens = without_negated(tokens_of(_NUMBER_FOR_TO.sub(" to ", plain)))
        kept_text = " ".join(without_negated(tokens_of(_LONE_NUMBER.sub(" ", plain))))
        word_of_term: dict[str, str] = {}
        for word in words(kept_text)[:_MAX_WORDS]:
            for term in word_terms(word):
                word_of_term.setdefault(term, word)
        return cls(
            text,
            word_of_term,
            QueryIntent.of(word_of_term),
            tuple(tokens[:_MAX_WORDS]),
            Direction.of(tokens),
            stated_scale(plain),
        )

    @classmethod
    def joined(cls, queries: Iterable[Query]) -> Query:
        """Ask several questions as one, which then says nothing outright."""
        word_of_term: dict[str, str] = {}
        tokens: list[str] = []
        for query in queries:
            word_of_term |= query.words
            tokens += query.tokens
        return cls(" ".join(tokens), word_of_term, QueryIntent.of(word_of_term), tuple(tokens))

    def corrected(self, readings: Mapping[str, str]) -> Query:
        """Return the question with some terms read as others.

        Args:
            readings: the term that is meant, for each that is not known.
        """
        if not readings:
            return self
        word_of_term: dict[str, str] = {}
        for term, word in self.words.items():
            word_of_term.setdefault(readings.get(term, term), word)
        corrections = {self.words[term]: meant for term, meant in readings.items()}
        return replace(self, words=word_of_term, intent=QueryIntent.of(word_of_term), corrections=corrections)


def without_negated(tokens: Sequence[str]) -> list[str]:
    """Return tokens without what a question says it does not want; a gap stands in its place."""
    kept: list[str] = []
    place = 0
    while place < len(tokens):
        length = _negation_at(tokens, place)
        if not length:
            kept.append(tokens[place])
            place += 1
            continue
        kept.append(GAP)
        place = _clause_end(tokens, place + length)
    return kept


def _negation_at(tokens: Sequence[str], place: int) -> int:
    """How many tokens the negation has that begins here; 0 when none does."""
    token = tokens[place].casefold()
    if token in _NEGATIONS:
        negation = _NEGATIONS[token]
        return len(negation) * (tuple(map(str.casefold, tokens[place : place + len(negation)])) == negation)
    if token != _NOT:
        return 0
    before = tokens[place - 1].casefold() if place else ","
    behind = tokens[place + 1].casefold() if place + 1 < len(tokens) else ""
    return int(before in _CLAUSE_STARTS and behind not in _NOT_ALONE)


def _clause_end(tokens: Sequence[str], start: int) -> int:
    """Where what is negated ends."""
    for place in range(start, min(len(tokens), start + _NEGATED_WORDS)):
        if tokens[place].casefold() in _CLAUSE_ENDS:
            return place
    return min(len(tokens), start + _NEGATED_WORDS)


def stated_scale(text: str) -> int:
    """Return how many times as large a question wants a picture; 0 when it does not say."""
    folded = text.replace("×", "x").casefold()
    match = _SCALE.search(folded)
    if match is None or not _ENLARGING.search(folded):
        return 0
    digit = match["digit"] or match["after"]
    if digit:
        return int(digit)
    return _TIMES.get(match["times"], 0) or _SCALE_WORDS[match["word"]]

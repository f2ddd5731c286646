"""What a prompt prints of an entry, as evidence: its sentences, and where in them a quotation stands.

A quotation is compared word by word. Typographic quotes, an ellipsis, line breaks, punctuation, LaTeX and letter case
make no difference; a word more, less, or in another place does.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cached_property, lru_cache, partial
from itertools import accumulate, chain, filterfalse
from typing import Final

from msgspec import Struct

from explainer.checking.evidence.figures import (
    Figure,
    PlacedFigure,
    derived_from,
    figures_in,
    placed_figures,
    products_of,
)
from explainer.checking.titles import same_word
from explainer.diagnostics.text import lazy_regex
from explainer.recommending.terms import term, terms

_COMMAND: Final = lazy_regex(r"\\(?:text|math|emph|url|href|textit|textbf)[a-z]{0,8}\s?(?=\{)")
_CITED: Final = lazy_regex(r"\\(?:cite[a-z]*|footnote|ref)\{[^{}]*\}")
_SIGNS: Final = {
    "\\%": "%", "\\times": "×", "\\sim": "~", "\\&": "&", "\\_": "_", "\\#": "#", "\\,": " ", "\\pm": "±",
    "``": '"', "''": '"', "$": "", "{": "", "}": "",
}  # fmt: skip
_SIGN: Final = lazy_regex("|".join(map(re.escape, sorted(_SIGNS, key=len, reverse=True))))
# `[^1]`, `[2]`, `[1, 4]`: a mark that sends to a footnote, or to an item of the references
CITATION_MARK: Final = r"\[(?:\^[\w-]{1,40}|\d{1,3}(?:\s?[,;]\s?\d{1,3}){0,9})\](?![(:])"
# a full stop, a question or exclamation mark with a space and the beginning of another sentence behind it; what a mark
# behind the full stop cites is cited for the sentence before it
_SENTENCE_END: Final = lazy_regex(
    rf"(?<=[.!?])[\"”’)\]*_]{{0,3}}(?P<cited>(?:\s?{CITATION_MARK}){{0,5}})\s+(?=[\"“‘(\[*_]{{0,3}}[^\W_a-z])"
)
# what a full stop ends without ending a sentence
_ABBREVIATED: Final = lazy_regex(
    r"(?:\b(?:e\.g|i\.e|et al|vs|cf|Fig|Eq|Sec|Dr|Mr|Ms|approx|resp|No)|\b[A-Z])\.\Z"
)
# a tag of HTML, or a comment; `<https://…>` is a link
_TAG: Final = lazy_regex(
    r"<!--.{0,2000}?-->|</?[A-Za-z][A-Za-z0-9-]{0,20}(?:\s[^<>]{0,2000})?/?>", re.DOTALL
)
_NOT_BREAK: Final = lazy_regex(r"[^\n]")
_THOUSANDS: Final = lazy_regex(r"(?<=\d),(?=\d{3}(?!\d))")  # `14,500` is `14500`
_LEADING_ZERO: Final = lazy_regex(r"(?<![\d.,])0(?=\.\d)")  # `0.62` is `.62`
# `doesn't` is `does not`; `cannot` is one word either way, since spaces make no difference
_CONTRACTED: Final = (("can't", "cannot"), ("won't", "will not"), ("n't", " not"))
_TOKEN: Final = lazy_regex(r"\d+(?:[.,]\d+)*|\.\d+|[^\W\d_]+|[%+×#<>=]")
# where a quotation leaves something out, or has a word in brackets that its author put there
_ELLIPSIS: Final = lazy_regex(r"(?:(?<!\s)\s++)?[\[(]?(?:\.{3,}|…|\. \. \.)[\])]?\s*")
_EDITED: Final = lazy_regex(r"\[[^\[\]]{0,40}\]")
_SOLID: Final = 3  # words in a row by which a passage is known; two stand together by chance
_NEAR: Final = 6  # words between two pieces of a quotation within which words were left out, not passages joined
# the share of a quotation's words that an altered one still has in their order; of unrelated text some 30 % fit
_ALTERED_SHARE: Final = 0.6
# that share where no words of it stand in a row: four words of five may be small ones
_ALTERED_ALONE: Final = 0.8
_STITCHED_SHARE: Final = 0.9  # of a quotation that pieces of passages make up
_MAX_TOKENS: Final = 120  # of a quotation that is compared


class QuotationFit(StrEnum):
    """How a quotation fits what was offered."""

    VERBATIM = "verbatim"
    INFLECTED = "inflected"
    ALTERED = "altered"
    STITCHED = "stitched"
    ABSENT = "absent"


class Sentence(Struct, frozen=True, dict=True):
    """A sentence of an entry."""

    text: str

    @cached_property
    def terms(self) -> frozenset[str]:
        """Its terms."""
        return frozenset(terms(self.text))

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """Its figures; most answers have none, and ask for none."""
        return tuple(figures_in(self.text))


def plain(text: str) -> str:
    """Return a text without the marks of LaTeX."""
    if "\\" in text or "$" in text or "``" in text:
        text = _COMMAND.sub("", _CITED.sub("", text))
        text = _SIGN.sub(lambda match: _SIGNS[match[0]], text)
    return text


@lru_cache(maxsize=2)  # statements and names are read from the same answer
def without_tags(text: str) -> str:
    """Return a text with its tags of HTML blanked out: no reader sees what their attributes say."""
    if "<" not in text:
        return text
    return _TAG.sub(lambda tag: _NOT_BREAK.sub(" ", tag[0]), text)


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each sentence of a text begins and ends."""
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if _ABBREVIATED.search(text, max(start, match.start() - 8), match.start()):
            continue
        if match["cited"]:
            yield start, match.end("cited")
        else:
            yield start, match.start()
        start = match.end()
    if text[start:].strip():
        yield start, len(text)


def tokens(text: str) -> list[str]:
    """Return the words, numbers and signs of a text as quotations are compared by them."""
    if not text.isascii():
        text = "".join(filterfalse(unicodedata.combining, unicodedata.normalize("NFKD", text)))
    text = _THOUSANDS.sub("", text.casefold()).replace("’", "'")
    for contracted, full in _CONTRACTED:
        text = text.replace(contracted, full)
    return _TOKEN.findall(_LEADING_ZERO.sub("", text))


class EntryText(Struct, frozen=True, dict=True):
    """The text that a prompt prints of an entry.

    Attributes:
        name: its name or title.
        text: its summary, and what else is printed of it.
    """

    name: str
    text: str

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The title, then the sentences of the text."""
        clean_text = plain(self.text)
        parts = [
            plain(self.name),
            *(clean_text[start:end].strip() for start, end in sentence_spans(clean_text)),
        ]
        return tuple(map(Sentence, filter(None, parts)))

    @cached_property
    def terms(self) -> frozenset[str]:
        """All terms of it."""
        return frozenset().union(*(sentence.terms for sentence in self.sentences))

    @cached_property
    def figures(self) -> tuple[tuple[Figure, Sentence], ...]:
        """All figures of it, each with its sentence."""
        return tuple(
            (figure, sentence) for sentence in self.sentences for figure in sentence.figures
        )

    @cached_property
    def placed(self) -> tuple[tuple[PlacedFigure, Sentence], ...]:
        """Its figures that have words of their own beside them, each with its sentence."""
        return tuple(
            (placed, sentence)
            for sentence in self.sentences
            for placed in placed_figures(sentence.text)
        )

    @cached_property
    def derived(self) -> tuple[Figure, ...]:
        """What follows from its figures: those of one sentence, and of so much each (`30 hours per city`) all of it."""
        in_sentences = chain.from_iterable(
            derived_from(sentence.figures) for sentence in self.sentences
        )
        return (*in_sentences, *products_of(figure for figure, _ in self.figures))

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """Its words in order, the title first; a sign between them that no quotation has."""
        return (*tokens(plain(self.name)), "\n", *tokens(plain(self.text)))

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(map(len, self.tokens))]

    @cached_property
    def _joined(self) -> str:
        return "".join(self.tokens)

    def find(
        self, words: Sequence[str], after: int = 0, *, loose: tuple[bool, bool] = (False, False)
    ) -> int | None:
        """Return the place behind words that stand in it in a row, by tokens; None when they do not.

        Args:
            words: the words; joined or hyphenated in another way they are the same.
            after: the token from which they are looked for.
            loose: whether they may begin, and end, within a word.
        """
        joined, starts = "".join(words), self._starts
        at = self._joined.find(joined, starts[after])
        while at >= 0:
            end = at + len(joined)
            behind = bisect_left(starts, end)
            begins = loose[0] or starts[bisect_left(starts, at)] == at
            ends = loose[1] or starts[behind] == end
            if begins and ends:
                return behind
            at = self._joined.find(joined, at + 1)
        return None

    def sentence_with(self, words: Sequence[str]) -> str:
        """Return the sentence that shares most with some words."""
        wanted_terms = set(terms(" ".join(words)))
        return max(self.sentences, key=lambda sentence: len(sentence.terms & wanted_terms)).text


@lru_cache(maxsize=1024)
def entry_text(name: str, text: str) -> EntryText:
    """Return the text of an entry; the same one when asked again, so that many answers prepare it once."""
    return EntryText(name, text)


class QuotedPart(Struct, frozen=True):
    """Words in a row of a quotation, and whether they may begin and end within a word: `[o]n real noise`."""

    words: tuple[str, ...]
    begins_loose: bool
    ends_loose: bool


class Quotation(Struct, frozen=True, dict=True):
    """A quotation, read for comparing: its words, in parts where its author left something out or edited."""

    parts: tuple[QuotedPart, ...]

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """All its words."""
        return tuple(chain.from_iterable(part.words for part in self.parts))[:_MAX_TOKENS]

    def stands_in(self, entry: EntryText) -> bool:
        """Whether an entry has all parts of it, word by word and in their order."""
        position = 0
        for part in self.parts:
            behind = entry.find(part.words, position, loose=(part.begins_loose, part.ends_loose))
            if behind is None:
                return False
            position = behind
        return bool(self.parts)


@lru_cache(maxsize=64)  # of an answer: each is read once for each thing that is asked of it
def read_quotation(text: str) -> Quotation:
    """Return a quotation read for comparing."""
    return Quotation(tuple(chain.from_iterable(map(_edited_parts, _ELLIPSIS.split(plain(text))))))


def _edited_parts(piece: str) -> Iterator[QuotedPart]:
    """The parts of a piece around the brackets with which its author changed it."""
    edits = _EDITED.split(piece)
    for number, part in enumerate(edits):
        words = tuple(tokens(part))
        if words:
            yield QuotedPart(words, number > 0, number + 1 < len(edits))


class _Piece(Struct, frozen=True):
    """A run of a quotation's words that stands in an entry: its place in the quotation, by tokens."""

    start: int
    end: int
    entry: int


def compare(quotation: Quotation, entries: Sequence[EntryText]) -> tuple[QuotationFit, int | None]:
    """Return how a quotation fits some entries, and the place of the entry that it fits best.

    Args:
        quotation: the quotation.
        entries: the entries, the likeliest first.
    """
    for number, entry in enumerate(entries):
        if quotation.stands_in(entry):
            return QuotationFit.VERBATIM, number
    words = quotation.tokens
    solid = [piece for piece in _pieces(words, entries) if piece.end - piece.start >= _SOLID]
    if _is_stitched(words, solid, entries):
        return QuotationFit.STITCHED, solid[0].entry
    least_share = _ALTERED_SHARE if solid else _ALTERED_ALONE
    return _resemblance(words, entries, least_share)


def _is_stitched(
    words: Sequence[str], pieces: Sequence[_Piece], entries: Sequence[EntryText]
) -> bool:
    """Whether pieces of passages make up a quotation that stand in no entry together."""
    covered = sum(piece.end - piece.start for piece in pieces)
    if len(pieces) < 2 or covered < _STITCHED_SHARE * len(words):  # noqa: PLR2004
        return False
    return not any(map(partial(_stand_together, words, pieces), entries))


def _resemblance(
    words: Sequence[str], entries: Sequence[EntryText], least_share: float
) -> tuple[QuotationFit, int | None]:
    """How a quotation fits that stands nowhere word by word, and the entry that has most of its words in order."""
    shares = [_share(words, entry) for entry in entries]
    share = max(shares, default=0.0)
    if share < least_share:
        return QuotationFit.ABSENT, None
    number = shares.index(share)
    if _inflected(words, entries[number]):
        return QuotationFit.INFLECTED, number
    return QuotationFit.ALTERED, number


def _pieces(words: Sequence[str], entries: Sequence[EntryText]) -> Iterator[_Piece]:
    """The longest runs of a quotation that stand in an entry, one behind the other."""
    position = 0
    while position < len(words):
        longest = max(
            (_longest_run(words, position, entry, number) for number, entry in enumerate(entries)),
            key=lambda piece: piece.end,
            default=_Piece(position, position, 0),
        )
        if longest.end > position:
            yield longest
        position = max(longest.end, position + 1)


def _longest_run(words: Sequence[str], start: int, entry: EntryText, number: int) -> _Piece:
    end = start
    while end < len(words) and entry.find(words[start : end + 1]) is not None:
        end += 1
    return _Piece(start, end, number)


def _stand_together(words: Sequence[str], pieces: Sequence[_Piece], entry: EntryText) -> bool:
    """Whether pieces stand in an entry in their order, with few words between: words were left out or changed."""
    runs = [words[piece.start : piece.end] for piece in pieces]
    position = 0
    # the first run may stand in several places
    while (behind := entry.find(runs[0], position)) is not None:
        if _follow(runs[1:], behind, entry):
            return True
        position = behind
    return False


def _follow(runs: Sequence[Sequence[str]], position: int, entry: EntryText) -> bool:
    """Whether runs of words follow each other behind a token, each with few words before it."""
    for run in runs:
        behind = entry.find(run, position)
        if behind is None or behind - len(run) - position > _NEAR:
            return False
        position = behind
    return True


def _share(words: Sequence[str], entry: EntryText) -> float:
    """The share of a quotation's words that stand in their order in the passage of an entry that has most of them."""
    first = _likeliest(words, entry.tokens)
    window = entry.tokens[first : first + len(words) + _SOLID]
    blocks = SequenceMatcher(None, window, words, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / max(1, len(words))


def _likeliest(words: Sequence[str], text: Sequence[str]) -> int:
    """Where the passage begins that has most of some words, wherever they stand in it."""
    width, missing = len(words) + _SOLID, Counter(words)
    score, best, first = 0, 0, 0
    for index, token in enumerate(text):
        score += missing[token] > 0
        missing[token] -= 1
        if index >= width:
            left_behind = text[index - width]
            missing[left_behind] += 1
            score -= missing[left_behind] > 0
        if score > best:
            best, first = score, max(0, index - width + 1)
    return first


def _inflected(words: Sequence[str], entry: EntryText) -> bool:
    """Whether a quotation differs from an entry in the endings or the spelling of its words only."""
    run = len(words)
    for start in range(len(entry.tokens) - run + 1):
        window = entry.tokens[start : start + run]
        if all(map(_is_same_word, words, window)):
            return True
    return False


def _is_same_word(one: str, other: str) -> bool:
    if one == other:
        return True
    # words without a stem have no other endings: `without` is no form of `with`
    if not term(one) or not term(other):
        return False
    return same_word(one, other) or term(one) == term(other)

"""The words of texts as they are compared: stems, stop words, and words that nobody knows read as one that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from string import ascii_lowercase
from typing import Final

import Stemmer

from explainer.diagnostics.text import lazy_regex
from explainer.recommending.languages import (
    ENGLISH,
    KOREAN,
    foreign_term,
    is_unspaced,
    pieces,
    without_accents,
)

# A longer run of letters is no word of any language: a hash, or base64.
_LONGEST_WORD: Final = 60
# A run of letters and digits; an apostrophe may stand inside. Possessive, so that no text takes long.
_WORD: Final = lazy_regex(r"[^\W_]++(?:['’][^\W_]++)*+")
# Where a name such as `Txt2Img` or `SwinIRLight` is split: at changes of letter case and at digits.
_PARTS: Final = lazy_regex(r"[A-Z]++(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]++|\d++")
# Function words, and the words with which people ask for an explanation whatever it is about.
_STOP_TEXT: Final = """
    a about above across actually after again against all almost already also although am an and another any anyone
    anything are around as at away back be became because been before behind being below between both but by came can
    cannot come comes could did do does doing done down each either else enough even ever every everything exactly few
    first for from get gets getting give given gives go goes going gone got had has have having he her here hers him his
    how however i if in inside instead into is it its itself just keep keeps kept kind know knows last least less let
    like likely looks lot made make makes making many may maybe me mean means might mine more most much must my myself
    near nearly need needs never next no nor not now of off often on once one only onto or other others our ours out
    over own perhaps put quite rather really same saw see seem seemed seems seen several shall she should since so some
    someone something sometimes still such sure take takes than that the their theirs them then there these they thing
    things think this those though through thus to together too took toward towards under until up upon us use used uses
    using very via want wanted was way we well went were what whatever when where whether which while who whole whom
    whose why will with within without would yes yet you your yours
    ai algorithm amazed amazing answer ask asked best better create created decide explain figure good great handle help
    helped helps learn learned learns model models please possible
    question recommend result results show shown shows system technique techniques technology tell tool tools
    tried try trying understand understands work worked working works
    dear greetings hello hi kindly regards sir thank thanks madam
    don't doesn't didn't isn't wasn't weren't can't couldn't won't wouldn't i'm i've i'd i'll it's that's there's what's
    couldn wasn didn doesn isn don
"""
_STOP_WORDS: Final = frozenset(_STOP_TEXT.split())
# Stems of words such as `exercise`, whose `-ise` is no other spelling of `-ize`.
_NEVER_IZE_TEXT: Final = """
    advert adv chast circumc compr comprom conc cru dem desp dev disgu enterpr exc exerc expert franch improv inc
    likew merchand otherw parad porpo prec prem prom rev superv surm surpr telev torto treat turquo
"""
_NEVER_IZE: Final = frozenset(_NEVER_IZE_TEXT.split())
# At least three letters come before, so that `wise` and `rise` stay as they are.
_ISE: Final = lazy_regex(r"(\w{3,}?)is(e|ed|es|er|ers|ing|ation|ations|able)")
# Only these stems: `four` and `hour` end alike.
_OUR: Final = lazy_regex(
    r"(arm|behavi|col|discol|endeav|fav|flav|glam|harb|hon|hum|lab|neighb|od|parl|rum|sav|tum|vap|vig)our(\w*)"
)
# `labelled` to `labeled`; `called` and `filled` have two in either spelling.
_DOUBLE_L: Final = lazy_regex(
    r"(cancel|channel|counsel|dial|fuel|label|level|marvel|model|panel|pixel|signal|travel)l(e\w*|ing)"
)
_YSE: Final = lazy_regex(r"((?:an|par|cat)aly)s(e|ed|es|er|ers|ing)")
_SPELLINGS: Final = ((_OUR, r"\1or\2"), (_DOUBLE_L, r"\1\2"), (_YSE, r"\1z\2"))
# One of these stands in whatever the four patterns match.
_BRITISH: Final = ("is", "our", "ll", "lys")
_AMERICAN: Final = {
    "aeroplane": "airplane", "aluminium": "aluminum", "artefact": "artifact", "calibre": "caliber",
    "catalogue": "catalog", "centre": "center", "centred": "centered", "defence": "defense", "dialogue": "dialog",
    "fibre": "fiber", "grey": "gray", "greyscale": "grayscale", "jewellery": "jewelry", "licence": "license",
    "litre": "liter", "lustre": "luster", "metre": "meter", "mould": "mold", "offence": "offense", "plough": "plow",
    "programme": "program", "spectre": "specter", "theatre": "theater", "tyre": "tire",
}  # fmt: skip

# The stem of `colorize` is that of `color`, which is a word of many tasks; the verb names one. So it is a term, too.
_IZE: Final = lazy_regex(r"(\w{4,}?)iz(?:e|ed|es|er|ers|ing|ation|ations)")
# The stem of these is a term of hardly any other word: with two terms, “recognise” would count twice.
_IZE_ALONE: Final = frozenset(
    {"apolog", "critic", "emphas", "maxim", "minim", "optim", "real", "recogn", "summar"}
)
# Words that people clip, and what they are compared as.
_CLIPPED: Final = {
    "photograph": "photo",
    "photographs": "photos",
    "pic": "picture",
    "pics": "pictures",
}
_STEMMER: Final = Stemmer.Stemmer("english")

# Words, and the marks that end a clause or stand for a word. Possessive, so that no text takes long.
_TOKEN: Final = lazy_regex(r"[^\W_]++(?:['’][^\W_]++)*+|->|→|\+|[,.;:!?()\"“”\n]")


def tokens_of(text: str) -> list[str]:
    """Return the words and marks of a text, as they are written."""
    return _TOKEN.findall(text)


def _american(word: str) -> str:
    """Fold a British spelling into the American one; a word that has none stays as it is."""
    word = _CLIPPED.get(word, word)
    singular = word.removesuffix("s")
    if word in _AMERICAN:
        return _AMERICAN[word]
    if singular in _AMERICAN:
        return _AMERICAN[singular] + "s"
    # most words have nothing of these endings, and to look for one substring is much faster than to match four patterns
    if not any(map(word.__contains__, _BRITISH)):
        return word
    match = _ISE.fullmatch(word)
    if match is not None and match[1] not in _NEVER_IZE:
        word = f"{match[1]}iz{match[2]}"
    # a word may have two of these, such as `colourise`
    for pattern, spelling in _SPELLINGS:
        match = pattern.fullmatch(word)
        if match is not None:
            word = match.expand(spelling)
    return word


@lru_cache(maxsize=100_000)
def term(word: str) -> str:
    """Return the term of a word: lower case, no accents, American spelling, stemmed; empty for a stop word."""
    folded = word.casefold().replace("’", "'").removesuffix("'s")
    if not folded.isascii():
        folded = without_accents(folded)
    if folded in _STOP_WORDS or len(folded) > _LONGEST_WORD:
        return ""
    stem: str = _STEMMER.stemWord(_american(folded))
    return stem


@lru_cache(maxsize=100_000)
def word_terms(word: str) -> tuple[str, ...]:
    """Return the terms of one word: its own, and those of the parts that a name such as `SwinIR` or `Txt2Img` has.

    A run of Korean, Japanese or Chinese has the terms of its pairs of characters.
    """
    if is_unspaced(word):
        return pieces(word)
    found_terms = [term(word)]
    match = _IZE.fullmatch(_american(word.casefold()))
    if match and match[1] not in _IZE_ALONE:
        found_terms.append(f"{match[1]}ize")
    parts = _PARTS.findall(word)
    if len(parts) > 1:
        found_terms += map(term, filter(_says_something, parts))
    return tuple(dict.fromkeys(filter(None, found_terms)))


def _says_something(part: str) -> bool:
    """Whether a part of a word is more than a single letter or a bare number."""
    return len(part) > 1 and not part.isdigit()


def words(text: str) -> list[str]:
    """Return the words of a text, as they are written; `4×` is the word `4x`."""
    return _WORD.findall(text.replace("×", "x"))


def terms(text: str) -> list[str]:
    """Return the terms of a text, in order, as often as they stand in it."""
    return list(chain.from_iterable(map(word_terms, words(text))))


def vocabulary_terms(text: str, language: str) -> list[str]:
    """Return the terms of a text of a vocabulary that is not in English, as often as they stand in it."""
    return list(map(itemgetter(0), _foreign_terms(text, language)))


def terms_with_words(text: str, language: str, limit: int) -> dict[str, str]:
    """Return the terms of a question, each with the word that shows it in a reason.

    Args:
        text: the question.
        language: the code of its language.
        limit: how many words of a longer text are read.
    """
    word_of_term: dict[str, str] = {}
    if language == ENGLISH:
        for word in words(text)[:limit]:
            _add_terms(word_of_term, word)
        return word_of_term
    for term, word in _foreign_terms(text, language)[:limit]:
        word_of_term.setdefault(term, word)
        if not is_unspaced(
            word
        ):  # what the word is in a catalog in English, such as `photo` or SVG
            _add_terms(word_of_term, word)
    return word_of_term


def _add_terms(word_of_term: dict[str, str], word: str) -> None:
    for term in word_terms(word):
        word_of_term.setdefault(term, word)


def _foreign_terms(text: str, language: str) -> list[tuple[str, str]]:
    """The terms of a text that is not in English; those of a language without spaces show themselves."""
    shown_words: list[tuple[str, str]] = []
    # French and Italian put short words before others: `l'image`
    for word in words(text.replace("'", " ").replace("’", " ")):
        if is_unspaced(word):
            shown_words += [(term, word if language == KOREAN else term) for term in pieces(word)]
        elif marked := foreign_term(word, language):
            shown_words.append((marked, word))
    return shown_words


# A shorter word has too many neighbours: of five letters, “cheek” would be read as “check”.
_SHORTEST: Final = 6


def readings(words: Iterable[str], frequency: Callable[[str], int]) -> dict[str, str]:
    """Return the term that is meant, for each that is not known and has a known neighbour.

    Args:
        words: the terms of a question.
        frequency: how often a term is used; 0 for one that is not known.
    """
    meant: dict[str, str] = {}
    for term in words:
        if len(term) < _SHORTEST or not (term.isascii() and term.isalpha()) or frequency(term):
            continue
        # of several neighbours the one that is used most; in the order of the alphabet among equals
        nearest = min(_neighbours(term), key=lambda neighbour: (-frequency(neighbour), neighbour))
        if frequency(nearest):
            meant[term] = nearest
    return meant


def _neighbours(term: str) -> Iterator[str]:
    """All terms that one slip makes of another; hardly anybody mistypes the first letter."""
    for place in range(1, len(term) + 1):
        before, behind = term[:place], term[place:]
        yield before + behind[1:]
        if len(behind) > 1:
            yield before + behind[1] + behind[0] + behind[2:]
        for letter in ascii_lowercase:
            yield before + letter + behind
            if behind:
                yield before + letter + behind[1:]

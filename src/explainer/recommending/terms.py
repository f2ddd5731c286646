"""Text → the terms that are compared: split at camel case and digits, in one spelling, stemmed, no request words.

The same function makes the terms of questions and of entries, so whatever it does to a word, it does on both sides.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import Stemmer

_LONGEST_WORD: Final = 60
_WORD: Final = re.compile(r"[^\W_]++(?:['’][^\W_]++)*+")
"""A run of letters and digits; an apostrophe may stand inside."""

_PARTS: Final = re.compile(r"[A-Z]++(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]++|\d++")
"""Where a name such as `Txt2Img` or `SwinIRLight` is split: at changes of letter case and at digits."""

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
    don't doesn't didn't isn't wasn't weren't can't couldn't won't wouldn't i'm i've i'd i'll it's that's there's what's
    couldn wasn didn doesn isn don
"""
_STOP_WORDS: Final = frozenset(_STOP_TEXT.split())
"""Function words, and the words with which people ask for an explanation whatever it is about."""

_NEVER_IZE_TEXT: Final = """
    advert adv chast circumc compr comprom conc cru dem desp dev disgu enterpr exc exerc expert franch improv inc
    likew merchand otherw parad porpo prec prem prom rev superv surm surpr telev torto treat turquo
"""
_NEVER_IZE: Final = frozenset(_NEVER_IZE_TEXT.split())
"""Stems of words such as `exercise`, whose `-ise` is no other spelling of `-ize`."""

_ISE: Final = re.compile(r"(\w{3,}?)is(e|ed|es|er|ers|ing|ation|ations|able)")
_OUR: Final = re.compile(
    r"(arm|behavi|col|discol|endeav|fav|flav|glam|harb|hon|hum|lab|neighb|od|parl|rum|sav|tum|vap|vig)our(\w*)"
)
_DOUBLE_L: Final = re.compile(
    r"(cancel|channel|counsel|dial|fuel|label|level|marvel|model|panel|pixel|signal|travel)l(e\w*|ing)"
)
_YSE: Final = re.compile(r"((?:an|par|cat)aly)s(e|ed|es|er|ers|ing)")
_AMERICAN: Final = {
    "aeroplane": "airplane", "aluminium": "aluminum", "artefact": "artifact", "calibre": "caliber",
    "catalogue": "catalog", "centre": "center", "centred": "centered", "defence": "defense", "dialogue": "dialog",
    "fibre": "fiber", "grey": "gray", "greyscale": "grayscale", "jewellery": "jewelry", "licence": "license",
    "litre": "liter", "lustre": "luster", "metre": "meter", "mould": "mold", "offence": "offense", "plough": "plow",
    "programme": "program", "spectre": "specter", "theatre": "theater", "tyre": "tire",
}  # fmt: skip

_WHOLE: Final = {"photograph": "photo", "photographs": "photos", "pic": "picture", "pics": "pictures"}
"""A word that people clip, and what it is compared as."""

_STEMMER: Final = Stemmer.Stemmer("english")


def _american(word: str) -> str:
    """Fold a British spelling into the American one; a word that has none stays as it is."""
    word = _WHOLE.get(word, word)
    if word in _AMERICAN:
        return _AMERICAN[word]
    if word.endswith("s") and word[:-1] in _AMERICAN:
        return _AMERICAN[word[:-1]] + "s"
    if (found := _ISE.fullmatch(word)) and found[1] not in _NEVER_IZE:
        word = f"{found[1]}iz{found[2]}"
    if found := _OUR.fullmatch(word):
        word = f"{found[1]}or{found[2]}"
    if found := _DOUBLE_L.fullmatch(word):
        return f"{found[1]}{found[2]}"
    if found := _YSE.fullmatch(word):
        return f"{found[1]}z{found[2]}"
    return word


@lru_cache(maxsize=100_000)
def term(word: str) -> str:
    """Return the term of a word: lower case, no accents, American spelling, stemmed; empty for a stop word."""
    folded = word.casefold().replace("’", "'").removesuffix("'s")
    if not folded.isascii():
        decomposed = unicodedata.normalize("NFKD", folded)
        folded = "".join(char for char in decomposed if not unicodedata.combining(char))
    if folded in _STOP_WORDS or len(folded) > _LONGEST_WORD:
        return ""
    stem: str = _STEMMER.stemWord(_american(folded))
    return stem


@lru_cache(maxsize=100_000)
def word_terms(word: str) -> tuple[str, ...]:
    """Return the terms of one word: its own, and those of the parts that a name such as `SwinIR` or `Txt2Img` has."""
    found = [term(word)]
    parts = _PARTS.findall(word)
    if len(parts) > 1:
        found += [term(part) for part in parts if len(part) > 1 and not part.isdigit()]
    return tuple(dict.fromkeys(one for one in found if one))


def words(text: str) -> list[str]:
    """Return the words of a text, as they are written; `4×` is the word `4x`."""
    return _WORD.findall(text.replace("×", "x"))


def terms(text: str) -> list[str]:
    """Return the terms of a text, in order, as often as they stand in it."""
    return [one for word in words(text) for one in word_terms(word)]

"""Figures in prose: numbers with their units, written as digits or as words, and whether one says what another says.

A figure is compared by its amount, its unit and the words of comparison beside it: `20 times faster` is not `200 times
faster`, nor `20 % faster`, nor `20 times slower`. Numbers that belong to a name (`GPT-4`, `3D`, `ResNet50`) are none.
What follows from printed figures by one step of arithmetic is as good as printed: `8.5 % missed` for `91.5 % found`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache, partial
from itertools import chain, pairwise, product, starmap
from operator import attrgetter
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from explainer.diagnostics.text import lazy_regex
from explainer.recommending.terms import term, terms

FigureKind: TypeAlias = Literal[
    "percent", "factor", "measure", "decimal", "count", "year", "rank", "share", "size"
]
Bound: TypeAlias = Literal["most", "least", "about", ""]

_ONES_TEXT: Final = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_ONES: Final = _ONES_TEXT.split()
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
_COUNT_VALUES: Final = {
    **dict(zip(_ONES, range(20), strict=True)),
    **dict(zip(_TENS, range(20, 100, 10), strict=True)),
    "dozen": 12,
}
# words that say a factor by themselves
_FACTOR_VALUES: Final = {
    "twice": 2,
    "double": 2,
    "doubles": 2,
    "doubled": 2,
    "thrice": 3,
    "triple": 3,
    "triples": 3,
}
_WORD_VALUES: Final = {**_COUNT_VALUES, **_FACTOR_VALUES, "a": 1, "an": 1}
_FIGURE_WORDS: Final = frozenset(
    {*_COUNT_VALUES, *_FACTOR_VALUES, "magnitude", "thousand", "million", "billion"}
)
_ORDER_OF_MAGNITUDE: Final = 10.0
_MAGNITUDES: Final = {
    "hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9, "b": 1e9,
    "trillion": 1e12,
}  # fmt: skip
# what a unit is compared as: its base unit, and how many of these it is
_MEASURES: Final[dict[str, tuple[str, float]]] = {
    "ns": ("s", 1e-9), "ms": ("s", 1e-3), "millisecond": ("s", 1e-3), "s": ("s", 1), "sec": ("s", 1),
    "second": ("s", 1), "min": ("s", 60), "minute": ("s", 60), "h": ("s", 3600), "hr": ("s", 3600),
    "hour": ("s", 3600), "day": ("s", 86_400), "week": ("s", 604_800), "month": ("month", 1), "year": ("month", 12),
    "fps": ("fps", 1), "fpm": ("fps", 1 / 60), "fph": ("fps", 1 / 3600),
    "hz": ("hz", 1), "khz": ("hz", 1e3), "mhz": ("hz", 1e6), "ghz": ("hz", 1e9),
    "kb": ("byte", 1e3), "mb": ("byte", 1e6), "gb": ("byte", 1e9), "tb": ("byte", 1e12),
    "px": ("px", 1), "pixel": ("px", 1), "megapixel": ("px", 1e6), "gigapixel": ("px", 1e9),
    "p": ("line", 1), "mm": ("m", 1e-3), "cm": ("m", 1e-2), "m": ("m", 1),
    "meter": ("m", 1), "metre": ("m", 1), "km": ("m", 1e3), "kilometer": ("m", 1e3), "kilometre": ("m", 1e3),
    "kg": ("g", 1e3), "g": ("g", 1), "mg": ("g", 1e-3), "db": ("db", 1), "w": ("w", 1), "kw": ("w", 1e3),
    "bit": ("bit", 1), "flops": ("flop", 1), "gflops": ("flop", 1e9), "tflops": ("flop", 1e12),
}  # fmt: skip
_ATTACHED_MAGNITUDES: Final = frozenset({"k", "m", "b", "bn"})


class _Unit(Struct, frozen=True):
    """What the word behind a number says of it: the kind of the figure, its base unit and how many of these it is."""

    kind: FigureKind | None
    base: str = ""
    size: float = 1.0


_NO_UNIT: Final = _Unit(None)
_MEASURE_UNITS: Final = {
    word: _Unit("measure", *base_and_size) for word, base_and_size in _MEASURES.items()
}
_ATTACHED_UNITS: Final = {
    **{f"{word}s": unit for word, unit in _MEASURE_UNITS.items()},
    **_MEASURE_UNITS,
    **dict.fromkeys(("%", "percent", "percentage", "p.p.", "pp", "pts"), _Unit("percent")),
    **dict.fromkeys(("times", "x", "×", "fold"), _Unit("factor")),
    **dict.fromkeys(("st", "nd", "rd", "th"), _Unit("rank")),
}
# endings of ranks, and units of one letter, which are units only right behind a number
_ONLY_ATTACHED: Final = frozenset("st nd rd th h hs p ps w ws".split())  # noqa: SIM905
_UNITS_APART: Final = {
    word: unit for word, unit in _ATTACHED_UNITS.items() if word not in _ONLY_ATTACHED
}
_NUMBER_WORDS: Final = "|".join(_COUNT_VALUES)
# A number that is no part of a name: no letter, digit or point before it, nor a letter with a hyphen.
_FIGURE: Final = lazy_regex(
    rf"""(?<![\w.])(?<![^\W\d_]-)(?<!\d,)
    (?:(?P<digits>0,\d+|\d+,\d{{1,2}}(?![\d,])|\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)
     | \b(?P<word>(?:{"|".join(_TENS)})[- ](?:{"|".join(_ONES[1:10])})\b
         |(?:{_NUMBER_WORDS})\b(?!\s(?:that|which|who|whose)\b))
     | (?<!half\s)(?<!of\s)\b(?P<article>an?)(?=\s(?:thousand|million|billion|trillion)\b)
     | \b(?P<factor>{"|".join(_FACTOR_VALUES)})\b
     | (?P<order>\borders?\sof\smagnitude\b))
    (?P<attached>[^\W\d_]{{1,8}}(?![\w@])|[%×])?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ARXIV_ID: Final = lazy_regex(r"\d{4}\.\d{4,5}")
# `30.000` is thirty thousand in half of Europe
_GROUPED: Final = lazy_regex(r"[1-9]\d{0,2}\.\d{3}(?![\d.])")
DECIMAL_COMMA: Final = lazy_regex(r"0,\d+|\d+,\d{1,2}")
"""A number whose comma is a point: `0,782`."""
# pictures of a second, a minute or an hour have many names
_RATE: Final = lazy_regex(
    r"[\s-]{0,3}(?:frames|pictures|images|photos|photographs|times)(?:\s(?:per|an?)\s|\s?/\s?)"
    r"(?P<time>s(?:ec(?:ond)?)?|min(?:ute)?|h(?:our)?)\b",
    re.IGNORECASE,
)
# by how much two things differ: `30 pictures per second more`, `larger by 200 million`
_DIFFERENCE_BEFORE: Final = lazy_regex(
    r"\b(?:by|gap\sof|difference\sof|los(?:es?|t)|costs\sit|saves?)\s(?:(?:about|around|roughly|almost|nearly|some|only)\s)?\Z",
    re.IGNORECASE,
)
_DIFFERENCE_BEHIND: Final = lazy_regex(
    r"[\s-](?:[\w/-]+\s){0,2}(?:more|fewer|less|larger|bigger|smaller|longer|shorter|higher|lower|faster|slower|above|below|"
    r"ahead|behind)\b",
    re.IGNORECASE,
)
# `4 times per second` is how often, and no factor
_TIMES: Final = lazy_regex(r"\stimes\s(?:per|a|an|each|every|out\sof)\s", re.IGNORECASE)
# `640x480`, `640 by 480`: how large a picture is
_BY: Final = r"\s?(?:[x×]|by)\s?"
_SIZE_BEFORE: Final = lazy_regex(rf"(?<![\w.-])\d{{1,5}}{_BY}\Z", re.IGNORECASE)
_SIZE_BEHIND: Final = lazy_regex(rf"{_BY}\d", re.IGNORECASE)
# a part of a whole: `17 of 20`, `nine out of ten`, `two thirds of`, `half of`
_PARTS: Final = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_SHARE: Final = lazy_regex(
    rf"""\b(?P<part>\d{{1,6}}|{_NUMBER_WORDS})\s(?:(?:times\s)?out\sof|of|in)\s(?:the\s|every\s)?
      (?P<whole>\d{{1,6}}|{_NUMBER_WORDS})\b(?![.,]?\d|\s?%)
     | \b(?:(?P<times>an?|one|two|three|four)[\s-])?(?P<name>half|(?:third|quarter|fifth|tenth)s?)\s(?:of|the)\b""",
    re.VERBOSE | re.IGNORECASE,
)
# by what a figure of one kind is multiplied to be one of another: `62 %` is `0.62`; an index such as mAP is `62.4` or
# `62.4 %`. A count may be written with a point in the source
_SIZES_OF_KINDS: Final[dict[tuple[str, str], tuple[float, ...]]] = {
    ("percent", "decimal"): (100.0, 1.0), ("decimal", "percent"): (0.01, 1.0), ("percent", "share"): (100.0,),
    ("share", "percent"): (0.01,), ("share", "decimal"): (1.0,), ("decimal", "share"): (1.0,),
    ("decimal", "count"): (1.0,), ("count", "decimal"): (1.0,), ("year", "count"): (1.0,), ("count", "year"): (1.0,),
}  # fmt: skip
_TELLING_KINDS: Final = frozenset({"percent", "factor", "measure", "decimal", "size"})
_BARE_KINDS: Final = frozenset({"year", "rank", "count", "decimal"})
_COMMON_NUMBERS: Final = frozenset({"", "0", "1"})  # that stand with two units by chance
_TIME_UNITS: Final = frozenset({"s", "fps"})
# kinds of two figures whose number is the same, and units that are often read on one side only
_UNREAD_UNITS: Final = {
    frozenset({"size", "measure"}): frozenset({"px"}),
    frozenset({"decimal", "measure"}): frozenset(base for base, _ in _MEASURES.values()),
    frozenset({"count", "measure"}): frozenset({"fps"}),
}
# `45 minutes for 60 objects` is no other value of 45 seconds for each
_FOR_SEVERAL: Final = lazy_regex(r"\s(?:for|of|with)\s(?:\w+\s)?(?:\d|all\b|several\b|many\b)")
_EACH: Final = lazy_regex(r"\s(?:per|each|for each|every|a)\s", re.IGNORECASE)
_SCALE: Final = lazy_regex(
    r"[\s-]{1,3}(hundred|thousand|million|billion|trillion)s?\b", re.IGNORECASE
)
_UNIT: Final = lazy_regex(r"[\s-]{0,3}(%|×|p\.p\.|per\s?cent|[^\W\d_]+|)", re.IGNORECASE)
_NEXT_WORD: Final = lazy_regex(r"[\s-]{1,3}([^\W\d_]+)")
# between the beginning and the end of a range, and between the members of a list: `7, 27 and 78 billion`
_BETWEEN: Final = frozenset(
    {"-", "--", "–", "—", "to", "and", "%", ",", ", and", "or", ", or", "/"}
)
# a clause ends where its words no longer go with the figure
_CLAUSE_END: Final = lazy_regex(r"[,;:.()]|\b(?:and|or|while|but|with|whereas)\b", re.IGNORECASE)
_NO_NOUNS: Final = frozenset("and or of in on for to with the from".split())  # noqa: SIM905
_DIGITS: Final = lazy_regex(r"[\d.,]+")
_YEARS: Final = range(1900, 2100)
_WHOLE: Final = 100
# words behind a count among which its noun stands: `five medical image classification sets`
_MOST_NOUNS: Final = 4
_AROUND: Final = 5  # words on either side of a figure that say how it compares
_ABOUT_SHARE: Final = 0.1  # by which what is said to be about an amount may differ from it
# how far from an amount a bound may be and still be said of it: `over 10` for 15
_BOUND_RATIO: Final = 1.5
# the same for what is reckoned, of which there is much: `over 90 %` for 90.7
_RECKONED_RATIO: Final = 1.02
# of two figures that a factor is said of: any two equal ones are `1 times` as much
_LEAST_RATIO: Final = 1.5
_MOST_COUNTS: Final = 40  # of an entry that products are made of
# counts up to it are an author's own enumeration as often as a figure of the source
_SMALL: Final = 10

_MOST: Final = lazy_regex(
    r"\b(?:up\sto|at\smost|no\smore\sthan|less\sthan|fewer\sthan|under|below|a\smaximum\sof)\W{0,3}(?:\w+\W){0,2}\Z",
    re.IGNORECASE,
)
_LEAST: Final = lazy_regex(
    r"\b(?:at\sleast|no\sless\sthan|more\sthan|over|above|a\sminimum\sof|exceed(?:s|ing)?)\W{0,3}(?:\w+\W){0,2}\Z",
    re.IGNORECASE,
)
_ABOUT: Final = lazy_regex(
    r"(?:\b(?:about|around|roughly|approximately|approx\.|some|nearly|almost|close\sto|circa)\s(?:an?\s)?|[~≈∼])\W?\Z",
    re.IGNORECASE,
)
_BOUNDS: Final[dict[Bound, re.Pattern[str]]] = {"most": _MOST, "least": _LEAST, "about": _ABOUT}
# `none reached an accuracy above 30 %`, up to where something else is spoken of
_NONE: Final = lazy_regex(
    r"\b(?:none|never|neither|nobody)\b(?:(?!\b(?:but|while|whereas|although)\b)[^.;]|\.(?!\s))*\Z",
    re.IGNORECASE,
)
_DENIED_WITHIN: Final = 160  # characters before a figure
_OPPOSITE_BOUNDS: Final[dict[Bound, Bound]] = {"most": "least", "least": "most"}
_BOUND_WORDS: Final = lazy_regex(r"\b(?:no\s)?(?:more|less|fewer)\sthan\b", re.IGNORECASE)
# words of comparison: the scale that they are of, and the way in which they go on it
_SCALES_TEXT: Final = """
    speed: fast faster quick quicker quickly accelerate acceleration speedup | slow slower slowly slowdown;
    amount: more | less fewer;
    time: earlier sooner | later;
    level: high higher increase increases increased increasing gain gains rise rises rose raise raises boost boosts grow
        grows grew | shrink shrinks shrank low lower lowers decrease decreases decreased decreasing reduce reduces
        reduced reducing reduction drop drops dropped decline declines cut cuts fall falls;
    quality: improve improves improved improving improvement improvements better outperform outperforms outperforming
        surpass surpasses surpassing exceed exceeds superior enhance enhances
        | degrade degrades degraded degrading degradation worsen worsens worse underperform underperforms inferior
        impair impairs;
    size: large larger big bigger | small smaller tiny;
    length: long longer | short shorter
"""
_SCALES: Final = [row.split(":") for row in _SCALES_TEXT.split(";")]
_DIRECTIONS: Final = {
    word: (scale.strip(), sign)
    for scale, sides in _SCALES
    for sign, side in zip((1, -1), sides.split("|"), strict=True)
    for word in side.split()
}
# the ends of a change: `from 25 to 59`; and the words that say which way it goes, however far before it they stand
_CHANGE: Final = lazy_regex(
    r"\b(?P<end>from|to)\s(?:(?:about|around|roughly|almost|nearly|only|just)\s)?\Z", re.IGNORECASE
)
_CLAUSE_BREAK: Final = lazy_regex(rf"(?:{_CLAUSE_END.pattern})(?!\d)", re.IGNORECASE)
_CHANGING: Final = frozenset(
    word for word, (scale, _) in _DIRECTIONS.items() if scale == "level"
) - {
    *("high", "higher", "low", "lower", "gain", "gains", "cut", "cuts", "reduction"),
}
_FAR: Final = 160  # characters before a figure
_RIGHT_BEFORE: Final = 20
_WORD: Final = lazy_regex(r"[^\W\d_]+")
# between two figures, where the words of the one end and those of the other begin; and where they end before and behind
_PART_END: Final = lazy_regex(
    r"[,;.]\s|\||\b(?:and|while|whereas|but|versus|vs|than|against|compared (?:to|with))\b",
    re.IGNORECASE,
)
_PART_EDGE: Final = lazy_regex(
    r"[,;.]\s|\||\b(?:while|whereas|but|versus|vs|than|against|compared)\b", re.IGNORECASE
)
# `the short ones` and `ones ten times as long` have no word in common
_PRONOUNS: Final = frozenset({"one"})
_RESPECTIVELY: Final = lazy_regex(r"(?<![\s,])[\s,]*+\brespectively\b", re.IGNORECASE)
_LISTED: Final = lazy_regex(r"(?<!\s)\s*(?:,\s*and\s|,\s|\s(?:and|or)\s)\s*", re.IGNORECASE)
_LISTED_WORDS: Final = 3  # words of the first and the last one of a list that are surely of it


_Directions: TypeAlias = frozenset[tuple[str, int]]


class Figure(Struct, frozen=True):
    """One figure of a text.

    Attributes:
        text: as it is written, with its unit.
        start: where it begins; `end`: where it ends.
        kind: what it counts in.
        amount: its value, in the base unit.
        step: how exact it is written: one in the last place.
        unit: the base unit of a measure.
        number: its digits, with a point where the comma is one; empty for words.
        nouns: the terms of what a count is of.
        bound: whether it is given as a greatest, a least or an approximate value.
        directions: the words of comparison beside it: scale and sign.
        is_each: it is so much for each of several: `30 hours per city`.
        is_for_several: it is for several together: `45 minutes for 60 objects`.
        spelled: it is written as a word.
        magnitude: that of the end of its list, which it may have, too: 7 of `7, 27 and 78 billion`.
        grouping: a thousand, where its point may part thousands: `30.000`.
        is_difference: it is by how much two things differ: `52 seconds more`.
        change: `from` or `to`, where it is one end of a change.
    """

    text: str
    start: int
    end: int
    kind: FigureKind
    amount: float
    step: float
    unit: str = ""
    number: str = ""
    nouns: frozenset[str] = frozenset()
    bound: Bound = ""
    directions: _Directions = frozenset()
    is_each: bool = False
    is_for_several: bool = False
    spelled: bool = False
    magnitude: float = 1.0
    grouping: float = 1.0
    is_difference: bool = False
    change: str = ""

    @property
    def is_telling(self) -> bool:
        """Whether nobody writes it by the way: it has a unit, or is more than a small count."""
        if self.kind == "count":
            return self.amount > _SMALL and not self.spelled
        return self.kind in _TELLING_KINDS

    @property
    def is_article(self) -> bool:
        """Whether it is a `one` that counts nothing: `one test`, `one network sees, a second one writes`."""
        return self.spelled and (self.kind, self.amount) == ("count", 1)

    @property
    def scales(self) -> frozenset[str]:
        """What it compares, such as speed and size."""
        return frozenset(scale for scale, _ in self.directions)

    @property
    def leading_word(self) -> str:
        """The number that it is written with, or the first of its words."""
        return self.number or self.text.split()[0]

    # --- what it says beside another figure ---------------------------------------------------------------------

    def equals(self, other: Figure) -> bool:
        """Whether it is the same amount as another one, as exactly as it is written itself."""
        readings = (self.amount, self.amount * self.grouping, self.amount * self.magnitude)
        about_share = _ABOUT_SHARE if "about" in (self.bound, other.bound) else 0.0
        for amount in self._amounts_of(other):
            for value in readings:
                tolerance = max(self.step / 2, about_share * value)
                if abs(value - amount) <= tolerance + 1e-9 * abs(amount):
                    return True
        return False

    def bounds(self, other: Figure, most_ratio: float = _BOUND_RATIO) -> bool:
        """Whether another one, which is no bound itself, is within the bound that this one is: `over 90 %` for 91.5."""
        if self.bound not in _OPPOSITE_BOUNDS or other.bound in _OPPOSITE_BOUNDS:
            return False
        first, last = {"least": (1.0, most_ratio), "most": (1 / most_ratio, 1.0)}[self.bound]
        return any(
            first * self.amount <= amount <= last * self.amount
            for amount in self._amounts_of(other)
        )

    def bounds_its_kind(self, other: Figure) -> bool:
        """Whether it is a bound of another one that says how much of the same thing there is."""
        return self.is_of_kind(other) and self.bounds(other)

    def covers(self, other: Figure) -> bool:
        """Whether it is the same amount as one that is reckoned, or a bound right below or above it."""
        return self.equals(other) or self.bounds(other, _RECKONED_RATIO)

    def _amounts_of(self, other: Figure) -> list[float]:
        """The amount of another figure in what this one counts in; none where the two cannot be compared."""
        if self.kind == other.kind:
            if self.unit != other.unit:
                return []
            return [other.amount]
        sizes = _SIZES_OF_KINDS.get((self.kind, other.kind), ())
        if min(self.amount, other.amount) <= 1:
            sizes = sizes[:1]
        return [other.amount * size for size in sizes]

    def contradicts(self, other: Figure) -> bool:
        """Whether it compares in the opposite way: faster for slower, up to for at least."""
        if {self.bound, other.bound} == _OPPOSITE_BOUNDS.keys():
            return True
        return not turned(_unambiguous(self.directions)).isdisjoint(_unambiguous(other.directions))

    def is_of_kind(self, other: Figure) -> bool:
        """Whether both say how much of the same thing there is."""
        if (self.kind, self.unit) != (other.kind, other.unit) or self.kind == "size":
            return False
        # faster by 40 % is no other value of 95 % found, nor four networks of seven collections
        subject = _SUBJECTS.get(self.kind, _no_subject)
        own_subject, other_subject = subject(self), subject(other)
        if own_subject == other_subject:  # also where nothing is known of both
            return True
        return not own_subject.isdisjoint(other_subject)

    def has_other_unit(self, other: Figure) -> bool:
        """Whether both are one number with different units."""
        # a number without a unit may have one by another name: `13.2 words per minute`
        if self.kind in _BARE_KINDS or other.kind in _BARE_KINDS:
            return False
        return self.number == other.number != ""

    def has_unread_unit(self, other: Figure) -> bool:
        """Whether both are one number, whose unit is read on one side only: `13,2 Bilder pro Sekunde`.

        A side of `1024x576` may be given as `1024 pixels`.
        """
        if self.number != other.number or not self.number:
            return False
        return self.unit + other.unit in _UNREAD_UNITS.get(frozenset((self.kind, other.kind)), ())

    def is_rescaled(self, other: Figure) -> bool:
        """Whether both are one number of another scale or unit of time: `157 billion` for `157 million`."""
        if self.amount == other.amount:
            return False
        if self.kind == other.kind == "count":
            if self.leading_word != other.leading_word:
                return False
            return not self.nouns.isdisjoint(other.nouns)
        if self.number != other.number or self.number in _COMMON_NUMBERS:
            return False
        if _TIME_UNITS.issuperset((self.unit, other.unit)):
            return not self.is_for_several
        return self.unit == other.unit == "px"

    def may_be_exchanged_with(self, rival: Figure) -> bool:
        """Whether a different figure may stand in its place: a factor stands in that of factors only."""
        return (self.kind == "factor") == (rival.kind == "factor") and not self.equals(rival)


def turns_change_round(stated: Iterable[Figure], printed: Iterable[Figure]) -> bool:
    """Whether a change is stated the other way round: `from 59 to 25` for `rises from 25 to 59`."""
    ends = list(filter(attrgetter("change"), (*stated, *printed)))
    if [figure.change for figure in ends] != ["from", "to", "from", "to"]:
        return False
    first, last, printed_first, printed_last = ends
    # a range such as `between 25 and 59` goes no way
    if not printed_first.directions and not printed_last.directions:
        return False
    if not first.equals(printed_last):
        return False
    return last.equals(printed_first)


def _no_subject(_: Figure) -> frozenset[str]:
    return frozenset()


# by what two figures of a kind are of the same thing: words of comparison, or what is counted
_SUBJECTS: Final[dict[FigureKind, Callable[[Figure], frozenset[str]]]] = {
    **dict.fromkeys(("percent", "factor"), attrgetter("scales")),
    **dict.fromkeys(("count", "share"), attrgetter("nouns")),
}


class Relation(StrEnum):
    """How a figure that is stated stands to one that is printed."""

    UNREAD_UNIT = "the same number, whose unit is read on one side only"
    SAME = "the same"
    BOUND = "a bound of it"
    RESCALED = "the same number with another magnitude or unit of time"
    OTHER_UNIT = "the same number with another unit"
    OTHER_VALUE = "another value of the same thing"
    UNRELATED = "of something else"


# the first that holds is the relation of two figures
_RELATIONS: Final[tuple[tuple[Relation, Callable[[Figure, Figure], bool]], ...]] = (
    (Relation.UNREAD_UNIT, Figure.has_unread_unit),
    (Relation.SAME, Figure.equals),
    (Relation.BOUND, Figure.bounds_its_kind),
    (Relation.RESCALED, Figure.is_rescaled),
    (Relation.OTHER_UNIT, Figure.has_other_unit),
    (Relation.OTHER_VALUE, Figure.is_of_kind),
)


def relation_of(stated: Figure, printed: Figure) -> Relation:
    """Return how a figure that is stated stands to one that is printed."""
    for relation, holds in _RELATIONS:
        if holds(stated, printed):
            return relation
    return Relation.UNRELATED


# --- reading -----------------------------------------------------------------------------------------------------


def may_have_figures(text: str, words: Iterable[str]) -> bool:
    """Return whether a text, with its words in lower case, is worth reading for figures: it has a digit or a number."""
    return any(map(str.isdigit, text)) or not _FIGURE_WORDS.isdisjoint(words)


def figures_in(text: str) -> list[Figure]:
    """Return the figures of a text in order; the first one of a range has the unit of the second."""
    figures = list(filter(None, map(partial(_read, text), _FIGURE.finditer(text))))
    return [*_with_shared_units(text, figures), *_shares(text)]


def whole_figures_in(text: str) -> list[Figure]:
    """Return the figures of a text without the numbers that a share such as `3 of 5` is written with."""
    figures = figures_in(text)
    within_shares = set[int]()
    for figure in figures:
        if figure.kind == "share":
            within_shares.update(range(figure.start, figure.end))
    return [
        figure for figure in figures if figure.kind == "share" or figure.start not in within_shares
    ]


def _read(text: str, match: re.Match[str]) -> Figure | None:
    """The figure that begins with a number; None where this is a part of a name."""
    number = _number(text, match)
    if _is_side_of_size(text, match.start(), number.end):
        return _side_of_size(match, number)
    unit, end = _unit_of(text, match, number)
    if unit.kind is None and _is_of_name(match, number):
        return None
    kind = unit.kind or _kind_without_unit(match, number)
    before, behind = _around(text, match.start(), end)
    change = _change_before(text, match.start())
    written = text[match.start() : end]
    return Figure(
        text=written,
        start=match.start(),
        end=end,
        kind=kind,
        amount=number.value * unit.size,
        step=number.step * unit.size,
        unit=unit.base,
        number=_written_number(written),
        nouns=_nouns(text, end) if kind == "count" else frozenset(),
        bound=_bound(text, match.start(), before),
        directions=directions(_words(_BOUND_WORDS.sub(" ", before)))
        | directions(_words(behind))
        | change.directions,
        is_each=_EACH.match(text, end) is not None,
        is_for_several=_FOR_SEVERAL.match(text, end) is not None,
        spelled=match["digits"] is None,
        grouping=1000.0 if _GROUPED.match(written) else 1.0,
        is_difference=_is_difference(text, match.start(), end),
        change=change.end,
    )


class _Number(Struct, frozen=True):
    """A number that is written: its value, one in its last place, where it ends, and the letters right behind it."""

    value: float
    step: float
    end: int
    attached: str

    def times(self, size: float, end: int) -> _Number:
        """Return it with the magnitude that is written behind it."""
        return _Number(self.value * size, self.step * size, end, "")


def _number(text: str, match: re.Match[str]) -> _Number:
    """The number of a match, with its magnitude: `1.5 million`, `11K`."""
    value, step = _value(match)
    attached = match["attached"] or ""
    number = _Number(value, step, match.end() - len(attached), attached)
    # `5m` is five metres, `0.5m` half a million, and `5M` five of them
    if attached.lower() in _ATTACHED_MAGNITUDES and (attached != "m" or value < 1):
        return number.times(_MAGNITUDES[attached.lower()], match.end())
    scale = _SCALE.match(text, number.end)
    if attached or scale is None:
        return number
    return number.times(_MAGNITUDES[scale[1].lower()], scale.end())


def _value(match: re.Match[str]) -> tuple[float, float]:
    """The number that is written, and one in its last place."""
    if match["order"]:
        return _ORDER_OF_MAGNITUDE, 1.0
    if not match["digits"]:
        words = match[0].removesuffix(match["attached"] or "").lower()
        return float(sum(_WORD_VALUES[word] for word in re.split("[- ]", words))), 1.0
    digits = match["digits"]
    comma = "." if DECIMAL_COMMA.fullmatch(digits) else ""
    digits = digits.replace(",", comma)
    _, _, decimals = digits.partition(".")
    return float(digits), 10.0 ** -len(decimals)


def _written_number(text: str) -> str:
    """The digits that a figure begins with."""
    match = _DIGITS.match(text)
    if match is None:
        return ""
    number = match[0].rstrip(".,")
    if DECIMAL_COMMA.fullmatch(number):
        return number.replace(",", ".")
    return number


def _is_side_of_size(text: str, start: int, end: int) -> bool:
    if _SIZE_BEHIND.match(text, end):
        return True
    return _SIZE_BEFORE.search(text, max(0, start - 10), start) is not None


def _side_of_size(match: re.Match[str], number: _Number) -> Figure:
    written = match["digits"] or ""
    return Figure(
        text=written,
        start=match.start(),
        end=number.end,
        kind="size",
        amount=number.value,
        step=number.step,
        number=_written_number(written),
    )


def _is_of_name(match: re.Match[str], number: _Number) -> bool:
    """Whether a number without a unit is a part of a name, such as `3D` and `4DGS`, or an id."""
    if number.attached:
        return True
    return _ARXIV_ID.fullmatch(match["digits"] or "") is not None


def _unit_of(text: str, match: re.Match[str], number: _Number) -> tuple[_Unit, int]:
    """What a number counts in, and where it ends with its unit."""
    if match["factor"] or match["order"]:
        return _UNITS_APART["times"], number.end
    unit, end = _unit_behind(text, number)
    if not unit.kind:
        return unit, number.end
    return unit, end


def _unit_behind(text: str, number: _Number) -> tuple[_Unit, int]:
    """What the word behind a number says of it, and where that ends."""
    rate = _RATE.match(text, number.end)
    if rate is not None:
        return _UNITS_APART[f"fp{rate['time'][0].lower()}"], rate.end()
    match = _UNIT.match(text, number.end)
    if match is None or _TIMES.match(text, number.end):
        return _NO_UNIT, number.end
    units = _ATTACHED_UNITS if number.attached else _UNITS_APART
    return units.get(match[1].lower().replace(" ", ""), _NO_UNIT), match.end()


def _kind_without_unit(match: re.Match[str], number: _Number) -> FigureKind:
    """What a number without a unit is: a decimal, a year or a count."""
    if number.step < 1:
        return "decimal"
    digits = match["digits"]
    if digits is None or "," in digits or number.value not in _YEARS:
        return "count"
    return "year"


def _is_difference(text: str, start: int, end: int) -> bool:
    if _DIFFERENCE_BEHIND.match(text, end):
        return True
    return _DIFFERENCE_BEFORE.search(text, max(0, start - 30), start) is not None


class _Change(Struct, frozen=True):
    """Which end of a change a figure is, and which way it goes."""

    end: str = ""
    directions: _Directions = frozenset()


def _change_before(text: str, start: int) -> _Change:
    match = _CHANGE.search(text, max(0, start - _RIGHT_BEFORE), start)
    if match is None:
        return _Change()
    clause = _CLAUSE_BREAK.split(text[max(0, start - _FAR) : start])[-1]
    return _Change(match["end"].lower(), directions(_CHANGING.intersection(_words(clause))))


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    """The words before and behind a figure that go with it: of its clause, and up to the next figure."""
    before = _CLAUSE_END.split(text[max(0, start - 60) : start])[-1]
    behind = _CLAUSE_END.split(text[end : end + 60], maxsplit=1)[0]
    behind = re.split(r"\d", behind, maxsplit=1)[0]
    return " ".join(before.split()[-_AROUND:]) + " ", " ".join(behind.split()[:_AROUND])


def _nouns(text: str, end: int) -> frozenset[str]:
    """The terms of the words behind a count, up to the end of its clause."""
    nouns, position = set(), end
    for _ in range(_MOST_NOUNS):
        match = _NEXT_WORD.match(text, position)
        if match is None or match[1].lower() in _NO_NOUNS:
            break
        nouns.add(term(match[1]))
        position = match.end()
    return frozenset(nouns - {""})


def _bound(text: str, start: int, before: str) -> Bound:
    """Whether the words before a figure bound it: the other way round where it is said of none."""
    bound = _bound_in(before)
    if _NONE.search(text, max(0, start - _DENIED_WITHIN), start):
        return _OPPOSITE_BOUNDS.get(bound, bound)
    return bound


def _bound_in(before: str) -> Bound:
    for bound, pattern in _BOUNDS.items():
        if pattern.search(before):
            return bound
    return ""


def _words(text: str) -> Iterable[str]:
    return map(str.lower, _WORD.findall(text))


def directions(words: Iterable[str]) -> _Directions:
    """Return the words of comparison among some words in lower case: scale and sign."""
    return frozenset(_DIRECTIONS[word] for word in words if word in _DIRECTIONS)


def turned(some_directions: _Directions) -> _Directions:
    """Return the directions the other way round."""
    return frozenset((scale, -sign) for scale, sign in some_directions)


def _unambiguous(some_directions: _Directions) -> _Directions:
    """Directions on a scale on which not both ways are named, which tells nothing."""
    return some_directions - turned(some_directions)


def _with_shared_units(text: str, figures: Sequence[Figure]) -> list[Figure]:
    """Give a number without a unit that of the end of its range or list, whose magnitude it may have, too."""
    result = list(figures[-1:])
    for figure in reversed(figures[:-1]):
        result.append(_with_unit_of(text, figure, result[-1]))
    return result[::-1]


def _with_unit_of(text: str, figure: Figure, following: Figure) -> Figure:
    if figure.kind not in ("count", "decimal") or figure.nouns:
        return figure
    if text[figure.end : following.start].strip(" $") not in _BETWEEN:
        return figure
    size = _unit_size(text, following)
    if following.kind == "count":
        return replace(figure, magnitude=max(size, following.magnitude))
    amount, step = figure.amount * size, figure.step * size
    return replace(figure, kind=following.kind, amount=amount, step=step, unit=following.unit)


def _unit_size(text: str, figure: Figure) -> float:
    """How many base units the unit of a figure is, or how large its magnitude."""
    written = _DIGITS.match(text, figure.start, figure.end)
    if written is None or figure.kind not in ("measure", "count"):
        return 1.0
    number = float(written[0].replace(",", "").rstrip("."))
    return figure.amount / number if number else 1.0


def _shares(text: str) -> Iterator[Figure]:
    """The parts of a whole in a text, beside the numbers that they are written with."""
    for match in _SHARE.finditer(text):
        part, whole = _part_and_whole(match)
        if not 0 < part <= whole or whole in _YEARS:
            continue
        before, _ = _around(text, match.start(), match.end())
        yield Figure(
            text=match[0],
            start=match.start(),
            end=match.end(),
            kind="share",
            amount=part / whole,
            step=0.0,
            number=_written_number(match[0]),
            nouns=_nouns(text, match.end()),
            bound=_bound_in(before) or ("about" if match["name"] else ""),
            spelled=True,
        )


def _part_and_whole(match: re.Match[str]) -> tuple[int, int]:
    """`two thirds` is two of three, like `2 of 3`."""
    if match["name"] is None:
        return _count(match["part"]), _count(match["whole"])
    return _count(match["times"] or "one"), _PARTS[match["name"].lower().removesuffix("s")]


def _count(written: str) -> int:
    if written.isdigit():
        return int(written)
    return _WORD_VALUES[written.lower()]


# --- what follows from figures -----------------------------------------------------------------------------------


def derived_from(figures: Sequence[Figure]) -> Iterator[Figure]:
    """Yield what follows from the figures of a sentence by one step: complement, difference, change, ratio, rate."""
    yield from _sums_of_counts(figures)
    amounts = [figure for figure in figures if figure.amount and not figure.is_article]
    for figure in amounts:
        yield from _DERIVED_FROM_ONE.get(figure.kind, _nothing)(figure)
    for first, second in pairwise(amounts):
        yield from _derived_from_two(first, second)


def _sums_of_counts(figures: Sequence[Figure]) -> Iterator[Figure]:
    """What two counts in a row make: `three artificial and four real collections` are seven."""
    for first, second in pairwise(figures):
        if first.kind == second.kind == "count":
            yield _derived("count", first.amount + second.amount)


def _nothing(_: Figure) -> Iterable[Figure]:
    return ()


def _derived_from_percentage(figure: Figure) -> Iterator[Figure]:
    """The complement, and by how many per cent the other one is slower where one is 42 % faster: 30 %."""
    yield _derived("percent", 100 - figure.amount)
    if not figure.directions:
        return
    yield _derived("percent", 100 * figure.amount / (100 + figure.amount))
    if figure.amount < _WHOLE:
        yield _derived("percent", 100 * figure.amount / (100 - figure.amount))


def _derived_from_share(figure: Figure) -> Iterator[Figure]:
    yield _derived("percent", 100 * (1 - figure.amount))


def _derived_from_measure(figure: Figure) -> Iterator[Figure]:
    """How many of what takes so long are done in a second."""
    if figure.unit == "s":
        yield _derived("measure", 1 / figure.amount, "fps")


_DERIVED_FROM_ONE: Final[dict[FigureKind, Callable[[Figure], Iterable[Figure]]]] = {
    "percent": _derived_from_percentage,
    "share": _derived_from_share,
    "measure": _derived_from_measure,
}


def _derived_from_two(first: Figure, second: Figure) -> Iterator[Figure]:
    """By how much, by how many per cent, and how many times one figure is more than another of its unit."""
    if (first.kind, first.unit) != (second.kind, second.unit):
        return
    difference = abs(first.amount - second.amount)
    yield _derived(first.kind, difference, first.unit)
    yield _derived("percent", 100 * difference / first.amount)
    ratio = max(first.amount, second.amount) / min(first.amount, second.amount)
    if ratio > _LEAST_RATIO:
        yield _derived("factor", ratio)


def products_of(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Yield what so much each comes to: `30 hours per city` in 12 cities, 83 % of 640 comparisons."""
    figures = list(figures)
    counts = [figure.amount for figure in figures if figure.kind == "count"]
    for figure, count in product(figures, counts[:_MOST_COUNTS]):
        together = figure.amount * count
        if figure.kind == "percent":
            yield _derived("count", together / 100)
        elif figure.is_each and figure.kind == "measure":
            yield _derived("measure", together, figure.unit)


def _derived(kind: FigureKind, amount: float, unit: str = "") -> Figure:
    return Figure("", 0, 0, kind, amount, 0.0, unit)


# --- the words beside figures ------------------------------------------------------------------------------------


class PlacedFigure(Struct, frozen=True):
    """A figure with the terms that stand before it, and behind it, in its part of a sentence."""

    figure: Figure
    before: frozenset[str]
    behind: frozenset[str]

    @property
    def terms(self) -> frozenset[str]:
        """All terms of its part."""
        return self.before | self.behind


@lru_cache(maxsize=256)  # the figures of a statement are looked at one by one
def placed_figures(text: str) -> tuple[PlacedFigure, ...]:
    """Return the figures of a text that share the words beside them with none of their kind."""
    figures = [figure for figure in figures_in(text) if _is_placed(text, figure)]
    ordered = _in_order(text, figures)
    if ordered:
        return tuple(ordered)
    blanked = text
    for figure in figures:
        blanked = (
            blanked[: figure.start] + " " * (figure.end - figure.start) + blanked[figure.end :]
        )
    return tuple(chain.from_iterable(starmap(partial(_placed, blanked), _parts(text, figures))))


def _is_placed(text: str, figure: Figure) -> bool:
    """Whether a figure may be known by the words beside it: no size, bare count or part of a name (`Gemma-2-27b`)."""
    if figure.kind == "size":
        return False
    if figure.kind != "count":
        return figure.is_telling
    before = text[max(0, figure.start - 1) : figure.start]
    behind = text[figure.end : figure.end + 1]
    if "-" in (before, behind):
        return False
    return figure.is_telling or bool(figure.nouns)


def _parts(text: str, figures: Sequence[Figure]) -> Iterator[tuple[int, int, list[Figure]]]:
    """The parts of a text, each with its figures: where it begins and ends."""
    if not figures:
        return
    start, members = _last_end(_PART_EDGE, text, 0, figures[0].start), [figures[0]]
    for figure, following in pairwise(figures):
        ends = list(_PART_END.finditer(text, figure.end, following.start))
        if ends:
            yield start, ends[-1].start(), members
            start, members = ends[-1].end(), []
        members.append(following)
    edge = _PART_EDGE.search(text, figures[-1].end)
    yield start, edge.start() if edge else len(text), members


def _last_end(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    """Where the last match of a pattern in a part of a text ends; the start of the part without any."""
    for match in pattern.finditer(text, start, end):
        start = match.end()
    return start


def _placed(text: str, start: int, end: int, figures: Iterable[Figure]) -> Iterator[PlacedFigure]:
    for figure in figures:
        before, behind = (
            frozenset(terms(text[start : figure.start])),
            frozenset(terms(text[figure.end : end])),
        )
        yield PlacedFigure(figure, before - _PRONOUNS, behind - _PRONOUNS)


def _in_order(text: str, figures: Sequence[Figure]) -> list[PlacedFigure]:
    """The figures of a list that belong to those of another one: `8 % and 14 % for X and Y, respectively`.

    Figures that end their part (`beats X and Y by 8 % and 14 %`) need no `respectively`.
    """
    said = _RESPECTIVELY.search(text)
    end = said.start() if said else len(text)
    listed = _last_list(text, [figure for figure in figures if figure.end <= end])
    if len(listed) < 2:  # noqa: PLR2004
        return []
    items = _LISTED.split(_listed_beside(text, listed, end, is_said=said is not None))[
        -len(listed) :
    ]
    if len(items) < len(listed):
        return []
    items[0] = " ".join(items[0].split()[-_LISTED_WORDS:])
    items[-1] = " ".join(items[-1].split()[:_LISTED_WORDS])
    return [
        PlacedFigure(figure, frozenset(), frozenset(terms(item)))
        for figure, item in zip(listed, items, strict=True)
    ]


def _listed_beside(text: str, listed: Sequence[Figure], end: int, *, is_said: bool) -> str:
    """The list to which one of figures belongs: behind it, or before it where the figures end their part."""
    behind = text[listed[-1].end : end].strip()
    if is_said and behind:
        return behind
    if behind and not _PART_EDGE.match(f"{behind} "):
        return ""
    return text[: listed[0].start]


def _last_list(text: str, figures: Sequence[Figure]) -> list[Figure]:
    """The last figures between which nothing but a comma or an `and` stands."""
    listed = list(figures[-1:])
    for figure, following in pairwise(reversed(figures)):
        if _LISTED.fullmatch(text, following.end, figure.start) is None:
            break
        listed.insert(0, following)
    return listed


def tell_apart(one: PlacedFigure, other: PlacedFigure) -> tuple[frozenset[str], frozenset[str]]:
    """Return the terms beside only one, and beside only the other, of two figures.

    Where both have some on one side (`5 % on A and by 3 % on B`), those on the other one are of both.
    """
    own, others = frozenset[str](), frozenset[str]()
    for side, other_side in ((one.before, other.before), (one.behind, other.behind)):
        if side and other_side:
            own, others = own | side, others | other_side
    if not own:
        own, others = one.terms, other.terms
    return own - others, others - own

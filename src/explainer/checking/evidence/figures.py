"""Figures in prose: numbers with their units, written as digits or as words, and whether one says what another says.

A figure is compared by its amount, its unit and the words of comparison beside it: `20 times faster` is not `200 times
faster`, nor `20 % faster`, nor `20 times slower`. Numbers that belong to a name (`GPT-4`, `3D`, `ResNet50`) are none.
What follows from printed figures by one step of arithmetic is as good as printed: `8.5 % missed` for `91.5 % found`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import chain, pairwise, product, starmap
from typing import Final, Literal, NamedTuple, TypeAlias

from explainer.diagnostics.text import lazy_regex
from explainer.recommending.terms import term, terms

FigureKind: TypeAlias = Literal["percent", "factor", "measure", "decimal", "count", "year", "rank", "share", "size"]
Bound: TypeAlias = Literal["most", "least", "about", ""]

_ONES_TEXT: Final = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_ONES: Final = _ONES_TEXT.split()
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
_WORD_VALUES: Final = {
    **dict(zip(_ONES, range(20), strict=True)),
    **dict(zip(_TENS, range(20, 100, 10), strict=True)),
    "dozen": 12,
}
_MAGNITUDES: Final = {
    "hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9, "b": 1e9,
    "trillion": 1e12,
}  # fmt: skip
# words that say a factor by themselves
_FACTOR_WORDS: Final = {"twice": 2, "double": 2, "doubles": 2, "doubled": 2, "thrice": 3, "triple": 3, "triples": 3}
_FIGURE_WORDS: Final = frozenset({*_WORD_VALUES, *_FACTOR_WORDS, "magnitude"})
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
_KINDS_WITH_UNIT: Final = frozenset({"percent", "factor", "measure", "rank"})
_LETTER_UNITS: Final = frozenset("smg")  # units of one letter that may stand apart from their number: `5 s`
_KINDS_OF_UNITS: Final[dict[str, FigureKind]] = {
    **dict.fromkeys(("%", "percent", "percentage", "p.p.", "pp", "pts"), "percent"),
    **dict.fromkeys(("times", "x", "×", "fold"), "factor"),
}
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th"})
_NUMBER_WORDS: Final = "|".join([*_ONES, *_TENS, "dozen"])
# A number that is no part of a name: no letter, digit or point before it, nor a letter with a hyphen.
_FIGURE: Final = lazy_regex(
    rf"""(?<![\w.])(?<![^\W\d_]-)(?<!\d,)
    (?:(?P<digits>0,\d+|\d+,\d{{1,2}}(?![\d,])|\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)
     | \b(?P<tens>{"|".join(_TENS)})[- ](?P<ones>{"|".join(_ONES[1:10])})\b
     | \b(?P<word>{_NUMBER_WORDS})\b(?!\s(?:that|which|who|whose)\b)
     | (?<!half\s)(?<!of\s)\b(?P<article>an?)(?=\s(?:thousand|million|billion|trillion)\b)
     | \b(?P<factor>{"|".join(_FACTOR_WORDS)})\b
     | (?P<order>\borders?\sof\smagnitude\b))
    (?P<attached>[^\W\d_]{{1,8}}(?![\w@])|[%×])?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ARXIV_ID: Final = lazy_regex(r"\d{4}\.\d{4,5}")
_GROUPED: Final = lazy_regex(r"[1-9]\d{0,2}\.\d{3}(?![\d.])")  # `30.000` is thirty thousand in half of Europe
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
_EACH: Final = lazy_regex(r"\s(?:per|each|for each|every|a)\s", re.IGNORECASE)
_SCALE: Final = lazy_regex(r"[\s-]{1,3}(hundred|thousand|million|billion|trillion)s?\b", re.IGNORECASE)
_UNIT: Final = lazy_regex(r"[\s-]{0,3}(%|×|p\.p\.|per\s?cent|[^\W\d_]+|)", re.IGNORECASE)
_NEXT_WORD: Final = lazy_regex(r"[\s-]{1,3}([^\W\d_]+)")
# between the beginning and the end of a range, and between the members of a list: `7, 27 and 78 billion`
_BETWEEN: Final = frozenset({"-", "--", "–", "—", "to", "and", "%", ",", ", and", "or", ", or", "/"})
# a clause ends where its words no longer go with the figure
_CLAUSE_END: Final = lazy_regex(r"[,;:.()]|\b(?:and|or|while|but|with|whereas)\b", re.IGNORECASE)
_YEARS: Final = range(1900, 2100)
_MOST_NOUNS: Final = 4  # words behind a count among which its noun stands: `five medical image classification sets`
_AROUND: Final = 5  # words on either side of a figure that say how it compares
_ABOUT_SHARE: Final = 0.1  # by which what is said to be about an amount may differ from it
_BOUND_RATIO: Final = 1.5  # how far from an amount a bound may be and still be said of it: `over 10` for 15
_RECKONED_RATIO: Final = 1.02  # the same for what is reckoned, of which there is much: `over 90 %` for 90.7
_LEAST_RATIO: Final = 1.5  # of two figures that a factor is said of: any two equal ones are `1 times` as much
_MOST_COUNTS: Final = 40  # of an entry that products are made of
_SMALL: Final = 10  # counts up to it are an author's own enumeration as often as a figure of the source

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
    r"\b(?:none|never|neither|nobody)\b(?:(?!\b(?:but|while|whereas|although)\b)[^.;]|\.(?!\s))*\Z", re.IGNORECASE
)
_DENIED_WITHIN: Final = 160  # characters before a figure
_OPPOSITE_BOUNDS: Final[dict[Bound, Bound]] = {"most": "least", "least": "most"}
_BOUND_WORDS: Final = lazy_regex(r"\b(?:no\s)?(?:more|less|fewer)\sthan\b", re.IGNORECASE)
# words of comparison: the scale that they are of, and the way in which they go on it
_SCALES_TEXT: Final = """
    speed: fast faster quick quicker quickly accelerate acceleration speedup | slow slower slowly slowdown
    amount: more | less fewer
    time: earlier sooner | later
    level: high higher increase increases increased increasing gain gains rise rises rose raise raises boost boosts grow
        grows grew | shrink shrinks shrank low lower lowers decrease decreases decreased decreasing reduce reduces
        reduced reducing reduction drop drops dropped decline declines cut cuts fall falls
    quality: improve improves improved improving improvement improvements better outperform outperforms outperforming
        surpass surpasses surpassing exceed exceeds superior enhance enhances
        | degrade degrades degraded degrading degradation worsen worsens worse underperform underperforms inferior
        impair impairs
    size: large larger big bigger | small smaller tiny
    length: long longer | short shorter
"""
_SCALES: Final = re.findall(r"(\w+): ([^|:]+)\|([^:|]+)(?=\n\s*\w+:|\Z)", _SCALES_TEXT)
_DIRECTIONS: Final = {
    word: (scale, sign)
    for scale, *sides in _SCALES
    for sign, side in zip((1, -1), sides, strict=True)
    for word in side.split()
}
_WORD: Final = lazy_regex(r"[^\W\d_]+")
# between two figures, where the words of the one end and those of the other begin; and where they end before and behind
_PART_END: Final = lazy_regex(
    r"[,;.]\s|\||\b(?:and|while|whereas|but|versus|vs|than|against|compared (?:to|with))\b", re.IGNORECASE
)
_PART_EDGE: Final = lazy_regex(r"[,;.]\s|\||\b(?:while|whereas|but|versus|vs|than|against|compared)\b", re.IGNORECASE)
_PRONOUNS: Final = frozenset({"one"})  # `the short ones` and `ones ten times as long` have no word in common
_RESPECTIVELY: Final = lazy_regex(r"(?<![\s,])[\s,]*+\brespectively\b", re.IGNORECASE)
_LISTED: Final = lazy_regex(r"(?<!\s)\s*(?:,\s*and\s|,\s|\s(?:and|or)\s)\s*", re.IGNORECASE)
_LISTED_WORDS: Final = 3  # words of the first and the last one of a list that are surely of it


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a text.

    Attributes:
        text: as it is written, with its unit.
        start: where it begins; `end`: where it ends.
        kind: what it counts in.
        amount: its value, in the base unit.
        step: how exact it is written: one in the last place.
        unit: the base unit of a measure.
        nouns: the terms of what a count is of.
        bound: whether it is given as a greatest, a least or an approximate value.
        directions: the words of comparison beside it: scale and sign.
        is_each: it is so much for each of several: `30 hours per city`.
        spelled: it is written as a word.
        magnitude: that of the end of its list, which it may have, too: 7 of `7, 27 and 78 billion`.
        is_difference: it is by how much two things differ: `52 seconds more`.
    """

    text: str
    start: int
    end: int
    kind: FigureKind
    amount: float
    step: float
    unit: str = ""
    nouns: frozenset[str] = frozenset()
    bound: Bound = ""
    directions: frozenset[tuple[str, int]] = frozenset()
    is_each: bool = False
    spelled: bool = False
    magnitude: float = 1.0
    is_difference: bool = False

    @property
    def is_telling(self) -> bool:
        """Whether nobody writes it by the way: it has a unit, or is more than a small count."""
        return self.kind in ("percent", "factor", "measure", "decimal", "size") or (
            self.kind == "count" and self.amount > _SMALL and not self.spelled
        )

    @property
    def is_article(self) -> bool:
        """Whether it is a `one` that counts nothing: `one test`, `one network sees, a second one writes`."""
        return self.spelled and self.kind == "count" and self.amount == 1

    def equals(self, other: Figure) -> bool:
        """Whether it is the same amount as another one, as exactly as it is written itself."""
        amounts = self._amounts_of(other)
        is_about = "about" in (self.bound, other.bound)
        return any(self._is_one_of(amounts, value, is_about=is_about) for value in self._readings())

    def _readings(self) -> Iterator[float]:
        """The values that may be meant by what is written."""
        yield self.amount
        if _GROUPED.match(self.text):
            yield self.amount * 1000
        if self.magnitude > 1:
            yield self.amount * self.magnitude

    def _is_one_of(self, amounts: Iterable[float], value: float, *, is_about: bool) -> bool:
        tolerance = max(self.step / 2, _ABOUT_SHARE * value if is_about else 0)
        return any(abs(value - amount) <= tolerance + 1e-9 * abs(amount) for amount in amounts)

    def bounds(self, other: Figure, most_ratio: float = _BOUND_RATIO) -> bool:
        """Whether another one, which is no bound itself, is within the bound that this one is: `over 90 %` for 91.5."""
        if other.bound in ("most", "least"):
            return False
        first, last = {"least": (1.0, most_ratio), "most": (1 / most_ratio, 1.0)}.get(self.bound, (1.0, 0.0))
        return any(first * self.amount <= amount <= last * self.amount for amount in self._amounts_of(other))

    def covers(self, other: Figure) -> bool:
        """Whether it is the same amount as one that is reckoned, or a bound right below or above it."""
        return self.equals(other) or self.bounds(other, _RECKONED_RATIO)

    def _amounts_of(self, other: Figure) -> list[float]:
        """The amount of another figure in what this one counts in; none where the two cannot be compared."""
        if self.kind == other.kind:
            return [other.amount] if self.unit == other.unit else []
        sizes = _SIZES_OF_KINDS.get((self.kind, other.kind), ())
        if other.amount <= 1 or self.amount <= 1:
            sizes = sizes[:1]
        return [other.amount * size for size in sizes]

    def contradicts(self, other: Figure) -> bool:
        """Whether it compares in the opposite way: faster for slower, up to for at least."""
        if {self.bound, other.bound} == {"most", "least"}:
            return True
        return any(
            (scale, -sign) in other.directions
            # a scale on which both ways are named tells nothing
            and (scale, sign) not in other.directions
            and (scale, -sign) not in self.directions
            for scale, sign in self.directions
        )

    @property
    def scales(self) -> frozenset[str]:
        """What it compares, such as speed and size."""
        return frozenset(scale for scale, _ in self.directions)


def may_have_figures(text: str, words: Iterable[str]) -> bool:
    """Return whether a text, with its words in lower case, is worth reading for figures: it has a digit or a number."""
    return any(map(str.isdigit, text)) or not _FIGURE_WORDS.isdisjoint(words)


def figures_in(text: str) -> list[Figure]:
    """Return the figures of a text in order; the first one of a range has the unit of the second."""
    figures = list(filter(None, (_figure(text, match) for match in _FIGURE.finditer(text))))
    return [*_with_shared_units(text, figures), *_shares(text)]


def _shares(text: str) -> Iterator[Figure]:
    """The parts of a whole in a text, beside the numbers that they are written with."""
    for match in _SHARE.finditer(text):
        is_named = match["name"] is not None
        part, whole = _named_part(match) if is_named else (_count(match["part"]), _count(match["whole"]))
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
            nouns=_nouns(text, match.end()),
            bound=_bound(before) or ("about" if is_named else ""),
            spelled=True,
        )


def _named_part(match: re.Match[str]) -> tuple[int, int]:
    """`two thirds` is two of three."""
    times = _WORD_VALUES.get((match["times"] or "one").lower(), 1)
    return times, _PARTS[match["name"].lower().removesuffix("s")]


def _count(written: str) -> int:
    return int(written) if written.isdigit() else _WORD_VALUES[written.lower()]


def derived_from(figures: Sequence[Figure]) -> Iterator[Figure]:
    """Yield what follows from the figures of a sentence by one step: complement, difference, change, ratio, rate."""
    amounts = [figure for figure in figures if figure.amount and not figure.is_article]
    for figure in amounts:
        if figure.kind == "percent":
            yield _derived("percent", 100 - figure.amount)
            yield from _inverse_changes(figure)
        elif figure.kind == "share":
            yield _derived("percent", 100 * (1 - figure.amount))
        elif figure.unit == "s":
            yield _derived("measure", 1 / figure.amount, "fps")
    for first, second in pairwise(amounts):
        if (first.kind, first.unit) == (second.kind, second.unit):
            yield from _derived_from_two(first, second)


def _inverse_changes(figure: Figure) -> Iterator[Figure]:
    """By how many per cent the other one is slower where one is 42 % faster: 30 %; or the other way round."""
    if figure.directions:
        yield _derived("percent", 100 * figure.amount / (100 + figure.amount))
    if figure.directions and figure.amount < 100:  # noqa: PLR2004
        yield _derived("percent", 100 * figure.amount / (100 - figure.amount))


def _derived_from_two(first: Figure, second: Figure) -> Iterator[Figure]:
    """By how much, by how many per cent, and how many times one figure is more than another."""
    difference = abs(first.amount - second.amount)
    yield _derived(first.kind, difference, first.unit)
    if first.kind == "count":  # `three artificial and four real collections` are seven
        yield _derived("count", first.amount + second.amount)
    yield _derived("percent", 100 * difference / first.amount)
    ratio = max(first.amount, second.amount) / min(first.amount, second.amount)
    if ratio > _LEAST_RATIO:
        yield _derived("factor", ratio)


def products_of(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Yield what so much each comes to: `30 hours per city` in 12 cities, 83 % of 640 comparisons."""
    figures = list(figures)
    counts = [figure.amount for figure in figures if figure.kind == "count"][:_MOST_COUNTS]
    for figure, count in product(figures, counts):
        if figure.kind == "percent":
            yield _derived("count", figure.amount * count / 100)
        elif figure.kind == "measure" and figure.is_each:
            yield _derived("measure", figure.amount * count, figure.unit)


def _derived(kind: FigureKind, amount: float, unit: str = "") -> Figure:
    return Figure("", 0, 0, kind, amount, 0.0, unit)


class PlacedFigure(NamedTuple):
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
    figures = [figure for figure in figures_in(text) if figure.is_telling and not _is_of_name(text, figure)]
    ordered = _in_order(text, figures)
    if ordered:
        return tuple(ordered)
    blanked = text
    for figure in figures:
        blanked = blanked[: figure.start] + " " * (figure.end - figure.start) + blanked[figure.end :]
    return tuple(chain.from_iterable(starmap(partial(_placed, blanked), _parts(text, figures))))


def _is_of_name(text: str, figure: Figure) -> bool:
    """Whether a number is the part of a name, or a size: `Gemma-2-27b-it`."""
    beside = text[max(0, figure.start - 1) : figure.start] + text[figure.end : figure.end + 1]
    return figure.kind == "size" or (figure.kind == "count" and "-" in beside)


def _parts(text: str, figures: Sequence[Figure]) -> Iterator[tuple[int, int, list[Figure]]]:
    """The parts of a text, each with its figures: where it begins and ends."""
    if not figures:
        return
    edges = [0, *(edge.end() for edge in _PART_EDGE.finditer(text, 0, figures[0].start))]
    start, members = edges[-1], [figures[0]]
    for figure, following in pairwise(figures):
        ends = list(_PART_END.finditer(text, figure.end, following.start))
        if ends:
            yield start, ends[-1].start(), members
            start, members = ends[-1].end(), []
        members.append(following)
    edge = _PART_EDGE.search(text, figures[-1].end)
    yield start, edge.start() if edge else len(text), members


def _placed(text: str, start: int, end: int, figures: Sequence[Figure]) -> Iterator[PlacedFigure]:
    for figure in figures:
        before, behind = frozenset(terms(text[start : figure.start])), frozenset(terms(text[figure.end : end]))
        yield PlacedFigure(figure, before - _PRONOUNS, behind - _PRONOUNS)


def _in_order(text: str, figures: Sequence[Figure]) -> list[PlacedFigure]:
    """The figures of a list that belong to those of another one: `8 % and 14 % for X and Y, respectively`.

    Figures that end their part (`beats X and Y by 8 % and 14 %`) need no `respectively`.
    """
    said = _RESPECTIVELY.search(text)
    end = said.start() if said is not None else len(text)
    listed = _last_list(text, [figure for figure in figures if figure.end <= end])
    if len(listed) < 2:  # noqa: PLR2004
        return []
    behind = text[listed[-1].end : end].strip()
    if said is None and behind and not _PART_EDGE.match(f"{behind} "):
        return []
    items = _LISTED.split(behind if said is not None and behind else text[: listed[0].start])[-len(listed) :]
    if len(items) < len(listed):
        return []
    items[0] = " ".join(items[0].split()[-_LISTED_WORDS:])
    items[-1] = " ".join(items[-1].split()[:_LISTED_WORDS])
    return [
        PlacedFigure(figure, frozenset(), frozenset(terms(item))) for figure, item in zip(listed, items, strict=True)
    ]


def _last_list(text: str, figures: Sequence[Figure]) -> list[Figure]:
    """The last figures between which nothing but a comma or an `and` stands."""
    first = len(figures) - 1
    while first > 0 and _LISTED.fullmatch(text, figures[first - 1].end, figures[first].start):
        first -= 1
    return list(figures[max(0, first) :])


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


class _Number(NamedTuple):
    """A number that is written: its value, one in its last place, where it ends, and the letters right behind it."""

    value: float
    step: float
    end: int
    attached: str

    def times(self, size: float, end: int) -> _Number:
        """Return it with the magnitude that is written behind it."""
        return _Number(self.value * size, self.step * size, end, "")


def _figure(text: str, match: re.Match[str]) -> Figure | None:
    number = _number(text, match)
    unit = _unit_behind(text, number.end)
    if _SIZE_BEFORE.search(text, max(0, match.start() - 10), match.start()) or _SIZE_BEHIND.match(text, number.end):
        return Figure(match["digits"] or "", match.start(), number.end, "size", number.value, number.step)
    described = _described(number.value, number.step, unit.word, bool(number.attached), match)
    if described is None:
        return None
    kind, amount, step, base = described
    says_unit_itself = match["factor"] or match["order"]
    end = unit.end if kind in _KINDS_WITH_UNIT and not says_unit_itself else number.end
    before, behind = _around(text, match.start(), end)
    bound = _bound(before)
    return Figure(
        text=text[match.start() : end],
        start=match.start(),
        end=end,
        kind=kind,
        amount=amount,
        step=step,
        unit=base,
        nouns=_nouns(text, end) if kind == "count" else frozenset(),
        bound=_opposite(bound) if _is_denied(text, match.start()) else bound,
        directions=_directions_in(_BOUND_WORDS.sub(" ", before)) | _directions_in(behind),
        is_each=_EACH.match(text, end) is not None,
        spelled=match["digits"] is None,
        is_difference=_is_difference(text, match.start(), end),
    )


def _number(text: str, match: re.Match[str]) -> _Number:
    """The number of a match, with its magnitude: `1.5 million`, `11K`."""
    value, step = _value(match)
    written = match["attached"] or ""
    attached = written.lower()
    number = _Number(value, step, match.start("attached") if attached else match.end(), attached)
    # `5m` is five metres, `0.5m` half a million, and `5M` five of them
    if attached in _ATTACHED_MAGNITUDES and (written != "m" or value < 1):
        return number.times(_MAGNITUDES[attached], match.end())
    scale = None if attached else _SCALE.match(text, number.end)
    return number if scale is None else number.times(_MAGNITUDES[scale[1].lower()], scale.end())


def _is_difference(text: str, start: int, end: int) -> bool:
    before = _DIFFERENCE_BEFORE.search(text, max(0, start - 30), start)
    return before is not None or _DIFFERENCE_BEHIND.match(text, end) is not None


class _Unit(NamedTuple):
    """The word behind a number, which may be its unit, and where it ends."""

    word: str
    end: int


def _unit_behind(text: str, start: int) -> _Unit:
    rate = _RATE.match(text, start)
    if rate is not None:
        return _Unit(f"fp{rate['time'][0].lower()}", rate.end())
    if _TIMES.match(text, start):
        return _Unit("", start)
    unit = _UNIT.match(text, start)
    return _Unit(unit[1].lower(), unit.end()) if unit is not None else _Unit("", start)


def _value(match: re.Match[str]) -> tuple[float, float]:
    """The number that is written, and one in its last place."""
    if match["digits"]:
        digits = match["digits"]
        digits = digits.replace(",", "." if DECIMAL_COMMA.fullmatch(digits) else "")
        _, _, decimals = digits.partition(".")
        return float(digits), 10.0 ** -len(decimals)
    if match["tens"]:
        return float(_WORD_VALUES[match["tens"].lower()] + _WORD_VALUES[match["ones"].lower()]), 1.0
    if match["order"]:
        return 10.0, 1.0
    if match["article"]:
        return 1.0, 1.0
    word = (match["word"] or match["factor"]).lower()
    return float(_WORD_VALUES.get(word, _FACTOR_WORDS.get(word, 0))), 1.0


def _described(
    value: float, step: float, word: str, is_attached: bool, match: re.Match[str]
) -> tuple[FigureKind, float, float, str] | None:
    """What a number with the word behind it is: kind, amount, exactness and base unit; None when it is no figure."""
    kind = _unit_kind(word, is_attached=is_attached)
    if match["factor"] or match["order"]:
        kind = "factor"
    if kind == "measure":
        base, size = _MEASURES[_singular(word)]
        return kind, value * size, step * size, base
    if kind is None and (is_attached or _ARXIV_ID.fullmatch(match["digits"] or "")):  # `3D`, `4DGS`: a part of a name
        return None
    return kind or _bare_kind(value, step, match), value, step, ""


def _unit_kind(word: str, *, is_attached: bool) -> FigureKind | None:
    """What a unit says that a number is; None when the word is no unit."""
    kind = _KINDS_OF_UNITS.get(word.replace(" ", ""))
    if kind is not None:
        return kind
    if is_attached and word in _ORDINALS:
        return "rank"
    unit = _singular(word)
    if unit not in _MEASURES or (len(unit) == 1 and unit not in _LETTER_UNITS and not is_attached):
        return None
    return "measure"


def _singular(word: str) -> str:
    return word if word in _MEASURES else word.removesuffix("s")


def _bare_kind(value: float, step: float, match: re.Match[str]) -> FigureKind:
    """What a number without a unit is: a decimal, a year or a count."""
    if step < 1:
        return "decimal"
    is_plain = match["digits"] is not None and "," not in match["digits"]
    return "year" if is_plain and value in _YEARS else "count"


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    """The words before and behind a figure that go with it: of its clause, and up to the next figure."""
    before, behind = text[max(0, start - 60) : start], text[end : end + 60]
    clauses = list(_CLAUSE_END.finditer(before))
    before = before[clauses[-1].end() :] if clauses else before
    clause = _CLAUSE_END.search(behind)
    behind = behind[: clause.start()] if clause else behind
    number = re.search(r"\d", behind)
    behind = behind[: number.start()] if number else behind
    return " ".join(before.split()[-_AROUND:]) + " ", " ".join(behind.split()[:_AROUND])


def _nouns(text: str, end: int) -> frozenset[str]:
    """The terms of the words behind a count, up to the end of its clause."""
    nouns, position = set(), end
    for _ in range(_MOST_NOUNS):
        match = _NEXT_WORD.match(text, position)
        if match is None or match[1].lower() in ("and", "or", "of", "in", "on", "for", "to", "with", "the", "from"):
            break
        nouns.add(term(match[1]))
        position = match.end()
    return frozenset(filter(None, nouns))


def _bound(before: str) -> Bound:
    return next((bound for bound, pattern in _BOUNDS.items() if pattern.search(before)), "")


def _is_denied(text: str, start: int) -> bool:
    """Whether a figure is said of none: `none of the four networks, however large, gets above 30 %`."""
    return _NONE.search(text, max(0, start - _DENIED_WITHIN), start) is not None


def _opposite(bound: Bound) -> Bound:
    return _OPPOSITE_BOUNDS.get(bound, bound)


def _directions_in(text: str) -> frozenset[tuple[str, int]]:
    return frozenset(filter(None, map(_DIRECTIONS.get, map(str.lower, _WORD.findall(text)))))


def directions(words: Iterable[str]) -> frozenset[tuple[str, int]]:
    """Return the words of comparison among some words in lower case: scale and sign."""
    return frozenset(filter(None, map(_DIRECTIONS.get, words)))


def _with_shared_units(text: str, figures: Sequence[Figure]) -> list[Figure]:
    """Give a number without a unit that of the end of its range or list, whose magnitude it may have, too."""
    result: list[Figure] = []
    for figure in reversed(figures):
        following = result[-1] if result else None
        result.append(figure if following is None else _with_unit_of(text, figure, following))
    return result[::-1]


def _with_unit_of(text: str, figure: Figure, following: Figure) -> Figure:
    is_bare = figure.kind in ("count", "decimal") and not figure.nouns
    if not is_bare or text[figure.end : following.start].strip(" $") not in _BETWEEN:
        return figure
    size = _unit_size(text, following)
    if following.kind == "count":
        return replace(figure, magnitude=max(size, following.magnitude))
    amount, step = figure.amount * size, figure.step * size
    return replace(figure, kind=following.kind, amount=amount, step=step, unit=following.unit)


def _unit_size(text: str, figure: Figure) -> float:
    """How many base units the unit of a figure is, or how large its magnitude."""
    written = re.match(r"[\d.,]+", text[figure.start : figure.end])
    if figure.kind not in ("measure", "count") or written is None:
        return 1.0
    number = float(written[0].replace(",", "").rstrip(".") or 1)
    return figure.amount / number if number else 1.0

"""Figures in prose: numbers with their units, written as digits or as words, and whether one says what another says.

A figure is compared by its amount, its unit and the words of comparison beside it: `20 times faster` is not `200 times
faster`, nor `20 % faster`, nor `20 times slower`. Numbers that belong to a name (`GPT-4`, `3D`, `ResNet50`) are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final, Literal, NamedTuple, TypeAlias

from explainer.diagnostics.text import lazy_regex
from explainer.recommending.terms import term

FigureKind: TypeAlias = Literal["percent", "factor", "measure", "decimal", "count", "year", "rank"]
Bound: TypeAlias = Literal["most", "least", ""]

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
    "fps": ("fps", 1), "hz": ("hz", 1), "khz": ("hz", 1e3), "mhz": ("hz", 1e6), "ghz": ("hz", 1e9),
    "kb": ("byte", 1e3), "mb": ("byte", 1e6), "gb": ("byte", 1e9), "tb": ("byte", 1e12),
    "px": ("px", 1), "pixel": ("px", 1), "p": ("line", 1), "mm": ("m", 1e-3), "cm": ("m", 1e-2), "m": ("m", 1),
    "meter": ("m", 1), "metre": ("m", 1), "km": ("m", 1e3), "kilometer": ("m", 1e3), "kilometre": ("m", 1e3),
    "kg": ("g", 1e3), "g": ("g", 1), "mg": ("g", 1e-3), "db": ("db", 1), "w": ("w", 1), "kw": ("w", 1e3),
    "bit": ("bit", 1), "flops": ("flop", 1), "gflops": ("flop", 1e9), "tflops": ("flop", 1e12),
}  # fmt: skip
_ATTACHED_MAGNITUDES: Final = frozenset({"k", "m", "b", "bn"})
_KINDS_WITH_UNIT: Final = frozenset({"percent", "factor", "measure", "rank"})
_LETTER_UNITS: Final = frozenset("smg")  # units of one letter that may stand apart from their number: `5 s`
_PERCENT: Final = frozenset({"%", "percent", "percentage", "p.p.", "pp", "pts"})
_FACTOR: Final = frozenset({"times", "x", "×", "fold"})
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th"})
_NUMBER_WORDS: Final = "|".join([*_ONES, *_TENS, "dozen"])
# A number that is no part of a name: no letter, digit or point before it, nor a letter with a hyphen.
_FIGURE: Final = lazy_regex(
    rf"""(?<![\w.])(?<![^\W\d_]-)(?<!\d,)
    (?:(?P<digits>0,\d+|\d+,\d{{1,2}}(?![\d,])|\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)
     | \b(?P<tens>{"|".join(_TENS)})[- ](?P<ones>{"|".join(_ONES[1:10])})\b
     | \b(?P<word>{_NUMBER_WORDS})\b
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
# pictures of a second have many names
_RATE: Final = lazy_regex(
    r"[\s-]{0,3}(?:frames|pictures|images|photos|photographs)(?:\s(?:per|a)\s|\s?/\s?)s(?:ec(?:ond)?)?\b", re.IGNORECASE
)
# what a figure of one kind is in that of another: `62 %` is `0.62`
_PERCENT_SIZES: Final = {("percent", "decimal"): 100.0, ("decimal", "percent"): 0.01}
_SCALE: Final = lazy_regex(r"[\s-]{1,3}(hundred|thousand|million|billion|trillion)s?\b", re.IGNORECASE)
_UNIT: Final = lazy_regex(r"[\s-]{0,3}(%|×|p\.p\.|per\s?cent|[^\W\d_]+|)", re.IGNORECASE)
_NEXT_WORD: Final = lazy_regex(r"[\s-]{1,3}([^\W\d_]+)")
_BETWEEN: Final = frozenset({"-", "--", "–", "—", "to", "and", "%"})  # the beginning and the end of a range
# a clause ends where its words no longer go with the figure
_CLAUSE_END: Final = lazy_regex(r"[,;:.()]|\b(?:and|or|while|but|with|whereas)\b", re.IGNORECASE)
_YEARS: Final = range(1900, 2100)
_MOST_NOUNS: Final = 4  # words behind a count among which its noun stands: `five medical image classification sets`
_AROUND: Final = 5  # words on either side of a figure that say how it compares
_SMALL: Final = 10  # counts up to it are an author's own enumeration as often as a figure of the source

_MOST: Final = lazy_regex(
    r"\b(?:up\sto|at\smost|no\smore\sthan|less\sthan|fewer\sthan|under|below|a\smaximum\sof)\W{0,3}(?:\w+\W){0,2}\Z",
    re.IGNORECASE,
)
_LEAST: Final = lazy_regex(
    r"\b(?:at\sleast|no\sless\sthan|more\sthan|over|above|a\sminimum\sof|exceed(?:s|ing)?)\W{0,3}(?:\w+\W){0,2}\Z",
    re.IGNORECASE,
)
_BOUND_WORDS: Final = lazy_regex(r"\b(?:no\s)?(?:more|less|fewer)\sthan\b", re.IGNORECASE)
# words of comparison: the scale that they are of, and the way in which they go on it
_SCALES_TEXT: Final = """
    speed: fast faster quick quicker quickly accelerate acceleration speedup | slow slower slowly slowdown
    amount: more | less fewer
    level: high higher increase increases increased increasing gain gains rise rises raise raises boost boosts grow
        grows | low lower lowers decrease decreases decreased decreasing reduce reduces reduced reducing reduction drop
        drops dropped decline declines cut cuts fall falls
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
        bound: whether it is given as a greatest or a least value.
        directions: the words of comparison beside it: scale and sign.
        spelled: it is written as a word.
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
    spelled: bool = False

    @property
    def is_telling(self) -> bool:
        """Whether nobody writes it by the way: it has a unit, or is more than a small count."""
        return self.kind in ("percent", "factor", "measure", "decimal") or (
            self.kind == "count" and self.amount > _SMALL and not self.spelled
        )

    def equals(self, other: Figure) -> bool:
        """Whether it is the same amount as another one, as exactly as it is written itself."""
        if not _comparable(self, other):
            return False
        amount = other.amount * _PERCENT_SIZES.get((self.kind, other.kind), 1.0)
        amounts = (self.amount, self.amount * 1000 if _GROUPED.match(self.text) else self.amount)
        return any(abs(own - amount) <= self.step / 2 + 1e-9 * abs(amount) for own in amounts)

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


def _comparable(one: Figure, other: Figure) -> bool:
    kinds = {one.kind, other.kind}
    if kinds == {"measure"}:
        return one.unit == other.unit
    # `62 %` is `0.62`; a count may be written with a point in the source
    return len(kinds) == 1 or kinds in ({"percent", "decimal"}, {"decimal", "count"}, {"year", "count"})


def may_have_figures(text: str, words: Iterable[str]) -> bool:
    """Return whether a text, with its words in lower case, is worth reading for figures: it has a digit or a number."""
    return any(map(str.isdigit, text)) or not _FIGURE_WORDS.isdisjoint(words)


def figures_in(text: str) -> list[Figure]:
    """Return the figures of a text in order; the first one of a range has the unit of the second."""
    figures = [_figure(text, match) for match in _FIGURE.finditer(text)]
    return list(_with_units_of_ranges(text, list(filter(None, figures))))


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
    described = _described(number.value, number.step, unit.word, bool(number.attached), match)
    if described is None:
        return None
    kind, amount, step, base = described
    says_unit_itself = match["factor"] or match["order"]
    end = unit.end if kind in _KINDS_WITH_UNIT and not says_unit_itself else number.end
    before, behind = _around(text, match.start(), end)
    return Figure(
        text=text[match.start() : end],
        start=match.start(),
        end=end,
        kind=kind,
        amount=amount,
        step=step,
        unit=base,
        nouns=_nouns(text, end) if kind == "count" else frozenset(),
        bound=_bound(before),
        directions=_directions_in(_BOUND_WORDS.sub(" ", before)) | _directions_in(behind),
        spelled=match["digits"] is None,
    )


def _number(text: str, match: re.Match[str]) -> _Number:
    """The number of a match, with its magnitude: `1.5 million`, `11K`."""
    value, step = _value(match)
    attached = (match["attached"] or "").lower()
    number = _Number(value, step, match.start("attached") if attached else match.end(), attached)
    # `5m` is five metres, and `0.5m` half a million
    if attached in _ATTACHED_MAGNITUDES and (attached != "m" or value < 1):
        return number.times(_MAGNITUDES[attached], match.end())
    scale = None if attached else _SCALE.match(text, number.end)
    return number if scale is None else number.times(_MAGNITUDES[scale[1].lower()], scale.end())


class _Unit(NamedTuple):
    """The word behind a number, which may be its unit, and where it ends."""

    word: str
    end: int


def _unit_behind(text: str, start: int) -> _Unit:
    rate = _RATE.match(text, start)
    if rate is not None:
        return _Unit("fps", rate.end())
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
    if word in _FACTOR:
        return "factor"
    if word.replace(" ", "") in _PERCENT:
        return "percent"
    if is_attached and word in _ORDINALS:
        return "rank"
    unit = _singular(word)
    may_be_unit = is_attached or len(unit) > 1 or unit in _LETTER_UNITS
    return "measure" if may_be_unit and unit in _MEASURES else None


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
    if _MOST.search(before):
        return "most"
    return "least" if _LEAST.search(before) else ""


def _directions_in(text: str) -> frozenset[tuple[str, int]]:
    return frozenset(filter(None, map(_DIRECTIONS.get, map(str.lower, _WORD.findall(text)))))


def directions(words: Iterable[str]) -> frozenset[tuple[str, int]]:
    """Return the words of comparison among some words in lower case: scale and sign."""
    return frozenset(filter(None, map(_DIRECTIONS.get, words)))


def _with_units_of_ranges(text: str, figures: Sequence[Figure]) -> Iterator[Figure]:
    for figure, following in zip_longest(figures, figures[1:]):
        if following is None or not _is_range(text, figure, following):
            yield figure
            continue
        size = _measure_size(text, following)
        amount, step = figure.amount * size, figure.step * size
        yield replace(
            figure, kind=following.kind, amount=amount, step=step, unit=following.unit, nouns=frozenset[str]()
        )


def _is_range(text: str, figure: Figure, following: Figure) -> bool:
    """Whether a number without a unit begins a range whose end has one."""
    if figure.kind not in ("count", "decimal") or following.kind == "count":
        return False
    return text[figure.end : following.start].strip(" $") in _BETWEEN


def _measure_size(text: str, figure: Figure) -> float:
    """How many base units the unit of a figure is."""
    written = re.match(r"[\d.,]+", text[figure.start : figure.end])
    if figure.kind != "measure" or written is None:
        return 1.0
    number = float(written[0].replace(",", "").rstrip(".") or 1)
    return figure.amount / number if number else 1.0

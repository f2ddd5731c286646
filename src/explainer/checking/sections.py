"""Which parts of an answer are its three sections: task, workflow and references, whatever form their headings have.

A heading is a Markdown heading of any level, a line in bold, a numbered line, or a short line of its own. What it says
decides; its number decides where its words do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, filterfalse
from operator import attrgetter
from typing import Final, Literal, TypeAlias

from explainer.checking.answer import Answer

SectionKind: TypeAlias = Literal["task", "workflow", "references"]
KINDS: Final[tuple[SectionKind, ...]] = ("task", "workflow", "references")
NAMES: Final[dict[SectionKind, str]] = {
    "task": "section 1, what task the user is trying to perform",
    "workflow": "section 2, how the model works in the workflow",
    "references": "section 3, the referenced models, papers and tools",
}

# what headings say of the sections that prompts ask for; the strong words are enough, whatever else stands there
_STRONG: Final[dict[SectionKind, re.Pattern[str]]] = {
    "task": re.compile(r"^tasks?\b|\btask (?:analysis|description|definition|identification|overview|summary)|"
                       r"\b(?:what|which)\b.{0,40}\btask\b|\btask\b.{0,40}\buser\b|"
                       r"\buser\b.{0,40}\btask\b|\buser (?:goal|intent)"),
    "workflow": re.compile(r"workflow|\bcnaps\b|\bpipeline\b"),
    "references": re.compile(r"\breferenc|\bpapers?\b|\btools\b|\bcitations?\b|\bbibliograph|\bsources\b|\bliterature"),
}  # fmt: skip
# words that may name a section, and stand in other headings too: only tried when no heading has a strong word
_WEAK: Final[dict[SectionKind, re.Pattern[str]]] = {
    "task": re.compile(r"\btasks?\b|\bgoal|\bobjective|\bproblem\b|\bintent|what .*\buser"),
    "workflow": re.compile(r"\bhow\b.*\b(?:models?|works?|it)\b|\binput\b.*\boutput\b|\bmechanism|\bprocess\b"),
    "references": re.compile(r"\blinks?\b|\bresources?\b|\bfurther reading|\bsupporting\b|\bevidence\b"),
}
# `2.`, `Section 2:`, `II)`, `2 -`; a bare number counts before a capital: `3 References`, but not `3 models`
_NUMBER: Final = re.compile(
    r"(?:section|part|step|task)?\s{0,3}(\d{1,2}|i{1,3}|iv|vi?)\s{0,2}(?:[.):：、．）]|[-–—]\s|\s(?=[A-Z]))\s*",
    re.IGNORECASE,
)
# `I.` to `III.` number sections; up to `VI.` to know that a heading is another section
_ROMAN: Final = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
# an entry of a list and a field of the references, such as `**Paper:** …`, look like headings, and are none
_ENTRY: Final = re.compile(
    r".*http|\W*(?:model|paper|papers|github|link|title|input|output|source|url|arxiv)\b[\s*]*[:：]", re.IGNORECASE
)
_LINK: Final = re.compile(r"http|\]\(")
# `## 🔎 2. Workflow`: signs and emoji before the number or the first word
_LEADING_MARKS: Final = re.compile(r"\A[^\w(]+")
# headings that follow the sections, and end the last of them
_CLOSING: Final = re.compile(r"\b(?:summary|conclusion|conclusions|final|note|notes|disclaimer|takeaways?|in short)\b")
# headings that only divide a section: `Primary model`, `Input`
_CONTINUING: Final = re.compile(
    r"\b(?:primary|supporting|main|core|models?|papers?|frameworks?|tools?|github|links?|input|output)\b"
)
_DIVIDING: Final = re.compile(f"{_CLOSING.pattern}|{_CONTINUING.pattern}")
_EXPECTED: Final[dict[SectionKind, int]] = {"task": 1, "workflow": 2, "references": 3}
_DIRECTIONS: Final[dict[SectionKind, int]] = {"task": 1, "workflow": 1, "references": -1}  # which of equals is first
_NUMBERED_KINDS: Final = {number: kind for kind, number in _EXPECTED.items()}
_BOLD, _NUMBERED, _PLAIN = 7, 8, 9  # levels behind the six of Markdown: these lines only look like headings


def _line(form: str) -> re.Pattern[str]:
    """A line of a form that may be a heading; four spaces before it would make it code or a part of a list."""
    return re.compile(rf"\s{{0,3}}{form}\s{{0,3}}", re.IGNORECASE)


# A line that holds what is marked as `certain` is a heading, another one must name a section. A whole line in bold is
# what many models write in place of a heading; a numbered line is one when it asks or announces something; a plain
# line is short and without a full stop, because what is longer, or ends as a sentence does, is prose.
_LINE_FORMS: Final = {
    _BOLD: _line(r"(?P<certain>(?:\d{1,2}[.)]\s+)?(?:\*\*|__)(?=\S).{1,200}(?:\*\*|__)\s*[:：]?)"),
    _NUMBERED: _line(r"(?:\*\*|__)?(?:\(?\d{1,2}[.):]\s*\S|section\s\d).{0,200}?(?P<certain>[?:：])?"),
    _PLAIN: _line(r"[^\W\d_][^.!?\n]{2,60}[:：]?"),
}
# plain lines are so often no headings that they count only where hardly a section was found
_ENOUGH: Final = {_BOLD: 3, _NUMBERED: 3, _PLAIN: 2}
_MAX_TITLE: Final = 300  # characters of a heading that are read
# headings of one form that are looked at: far more than answers have, and a bound on the work
_MAX_HEADINGS: Final = 300


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that reads as a heading.

    Attributes:
        line: where it stands, from 0.
        level: 1 to 6, then bold, numbered and plain lines.
        number: its number, if it has one.
        title: its words.
        names: the sections that its words certainly name.
        hints: the sections that its words may name.
    """

    line: int
    level: int
    number: int | None
    title: str
    names: frozenset[SectionKind]
    hints: frozenset[SectionKind]

    def matches(self, pattern: re.Pattern[str]) -> bool:
        """Whether its words hold some word."""
        return pattern.search(self.title.casefold()) is not None


_LINE: Final = attrgetter("line")
_LEVEL: Final = attrgetter("level")
_NUMBER_OF: Final = attrgetter("number")


@dataclass(frozen=True, slots=True)
class Section:
    """One of the three sections: its heading, and the lines of its content."""

    kind: SectionKind
    heading: Heading
    first: int
    last: int

    @property
    def number(self) -> int:
        """The number that it should have."""
        return _EXPECTED[self.kind]

    @property
    def by_words(self) -> bool:
        """Whether the words of its heading say which section it is."""
        return self.kind in self.heading.names | self.heading.hints


@dataclass(frozen=True, slots=True)
class Sections:
    """The sections that were found, in the order in which they should stand, and headings of their level besides."""

    found: dict[SectionKind, Section]
    extra: tuple[Heading, ...]

    def lines(self, kind: SectionKind) -> range:
        """The lines (from 0) of a section's content."""
        section = self.found.get(kind)
        return range(section.first, section.last) if section is not None else range(0)


def find_sections(answer: Answer, cites: Callable[[int, int], bool]) -> Sections:
    """Find the three sections.

    Args:
        answer: the answer.
        cites: whether lines from the first up to the second cite anything.
    """
    finder = _Finder(_markdown_headings(answer), answer.lines, cites)
    for level, enough in _ENOUGH.items():
        if len(finder.chosen) >= enough:
            break
        candidates = filter(finder.may_begin, _line_headings(answer, level))
        headings = {heading.line: heading for heading in chain(candidates, finder.headings)}
        finder = _Finder(sorted(headings.values(), key=_LINE), answer.lines, cites)
    return finder.sections()


def _markdown_headings(answer: Answer) -> list[Heading]:
    """Markdown's own headings; one that holds a link is an entry of a list, not a section."""
    headings = []
    for line, level in sorted(answer.headings.items()):
        text = answer.line(line)
        if _LINK.search(text) is None:
            headings.append(_heading(text, line, level))
    return headings[:_MAX_HEADINGS]


def _line_headings(answer: Answer, level: int) -> list[Heading]:
    """Lines of one form that may be headings, such as a line in bold."""
    headings = []
    for line in filterfalse(answer.is_structural, range(answer.lines)):
        match = _LINE_FORMS[level].fullmatch(answer.line(line))
        if match is None or _ENTRY.match(match[0]):
            continue
        heading = _heading(match[0], line, level)
        if match.lastgroup or heading.names:
            headings.append(heading)
    return headings[:_MAX_HEADINGS]


def _heading(text: str, line: int, level: int) -> Heading:
    bare = _LEADING_MARKS.sub("", text[:_MAX_TITLE], count=1)
    match = _NUMBER.match(bare)
    if match is None:
        return _titled(bare, line, level, None)
    digits = match[1].lower()
    return _titled(bare[match.end() :], line, level, _ROMAN.get(digits) or int(digits))


def _titled(text: str, line: int, level: int, number: int | None) -> Heading:
    title = text.strip().strip("*_#: ").strip()
    said = _named_by(title, _STRONG)
    numbered = said & {_NUMBERED_KINDS.get(number or 0)}
    # `Papers on this task`: the word for the references is the one that stands in other headings, too
    names = numbered or said - {"references"} or said
    return Heading(line, level, number, title, names, _named_by(title, _WEAK))


def _named_by(title: str, patterns: Mapping[SectionKind, re.Pattern[str]]) -> frozenset[SectionKind]:
    folded = title.casefold()
    return frozenset(kind for kind, pattern in patterns.items() if pattern.search(folded))


class _Finder:
    """Chooses among the headings of an answer those of the three sections.

    Args:
        headings: all headings, in order.
        lines: the number of lines of the answer.
        cites: whether lines from the first up to the second cite anything.
    """

    def __init__(self, headings: list[Heading], lines: int, cites: Callable[[int, int], bool]) -> None:
        self.headings = headings
        self.chosen: dict[SectionKind, Heading] = {}
        self._free = list(headings)
        self._lines = lines
        self._cites = cites
        # words say most, then numbers; where a heading stands says least, and only beside others that are certain
        for fits in (self._is_named, self._is_hinted_at, self._is_numbered, self._is_in_place):
            for kind in KINDS:
                self._choose(kind, fits)

    def _choose(self, kind: SectionKind, fits: Callable[[Heading, SectionKind], bool]) -> None:
        """Choose the most prominent of the headings that fit a kind which has none yet."""
        fitting = [heading for heading in self._free if kind not in self.chosen and fits(heading, kind)]
        if fitting:
            self.chosen[kind] = _most_prominent(fitting, kind)
            self._free.remove(self.chosen[kind])

    @staticmethod
    def _is_named(heading: Heading, kind: SectionKind) -> bool:
        return kind in heading.names

    @staticmethod
    def _is_hinted_at(heading: Heading, kind: SectionKind) -> bool:
        return kind in heading.hints and heading.number in (None, _EXPECTED[kind])

    def _is_numbered(self, heading: Heading, kind: SectionKind) -> bool:
        return heading.number == _EXPECTED[kind] and not heading.names and self._may_be(heading, kind)

    def _is_in_place(self, heading: Heading, kind: SectionKind) -> bool:
        """Whether a heading without a number, on the level of the others, stands where the section belongs."""
        levels = set(map(_LEVEL, self.chosen.values())) - _LINE_FORMS.keys()
        if heading.number is not None or heading.level not in levels or heading.matches(_DIVIDING):
            return False
        return _in_order({**self.chosen, kind: heading}) and self._may_be(heading, kind)

    def _may_be(self, heading: Heading, kind: SectionKind) -> bool:
        """Whether what follows a heading fits a kind of section: references cite something."""
        return kind != "references" or self._cites(heading.line + 1, self._end(heading))

    def may_begin(self, heading: Heading) -> bool:
        """Whether a line may begin a section: none that stands within one, unless it says that another one begins."""
        if heading.number is not None or len(self.headings) <= 1:
            return True
        first = min(map(_LINE, self.chosen.values()), default=heading.line)
        return heading.line <= first or not heading.names <= self.chosen.keys()

    def sections(self) -> Sections:
        """Return the sections that were found."""
        found: dict[SectionKind, Section] = {}
        for kind in filter(self.chosen.__contains__, KINDS):
            heading = self.chosen[kind]
            found[kind] = Section(kind, heading, heading.line + 1, self._end(heading))
        return Sections(found, tuple(filter(self._is_extra, self._free)))

    def _is_extra(self, heading: Heading) -> bool:
        """Whether a heading is on the level of the sections, numbered as they are, and none of them."""
        chosen = self.chosen.values()
        if heading.number is None or heading.level not in map(_LEVEL, chosen):
            return False
        # a numbered line is a section of its own only behind them: it may be an item of a list inside one
        is_behind = heading.line > max(map(_LINE, chosen)) and heading.number not in map(_NUMBER_OF, chosen)
        return heading.level < _BOLD or is_behind

    def _end(self, heading: Heading) -> int:
        """The line behind the last one of a section."""
        for candidate in self.headings:
            if candidate.line > heading.line and self._ends(candidate, heading):
                return candidate.line
        return self._lines

    def _ends(self, candidate: Heading, heading: Heading) -> bool:
        """Whether a later heading ends a section."""
        if candidate not in self._free or candidate.level < min(heading.level, _BOLD):
            return True
        is_divider = candidate.number is None and _divides(candidate, heading)
        return candidate.level == heading.level and not is_divider


def _divides(candidate: Heading, heading: Heading) -> bool:
    """Whether a heading without a number, on the level of a section's own, only divides it: `Primary model:`."""
    if candidate.matches(_CLOSING):
        return False
    return heading.level >= _BOLD or (heading.number is not None and candidate.matches(_CONTINUING))


def _in_order(chosen: Mapping[SectionKind, Heading]) -> bool:
    lines = [chosen[kind].line for kind in KINDS if kind in chosen]
    return lines == sorted(lines)


def _most_prominent(headings: list[Heading], kind: SectionKind) -> Heading:
    """The heading of the highest level; among equals one with the right number, or any; the last of the references."""
    return min(headings[:: _DIRECTIONS[kind]], key=lambda heading: (heading.level, _mismatch(heading, kind)))


def _mismatch(heading: Heading, kind: SectionKind) -> int:
    """How badly the number of a heading fits: not when it is right, most when there is none."""
    return {_EXPECTED[kind]: 0, None: 2}.get(heading.number, 1)

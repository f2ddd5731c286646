"""Which parts of an answer are its three sections: task, workflow and references, whatever form their headings have.

A heading is a Markdown heading of any level, a line in bold, a numbered line, or a short line of its own. What it says
decides; its number decides where its words do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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
    r"(?:section|part|step|task)?\s{0,3}(\d{1,2}|[ivx]{1,4})\s{0,2}(?:[.):：、．）]|[-–—]\s|\s(?=[A-Z]))\s*",
    re.IGNORECASE,
)
# `I.` to `III.` number sections; up to `VI.` to know that a heading is another section
_ROMAN: Final = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
# a whole line in bold is what many models write in place of a heading
_BOLD_LINE: Final = re.compile(r"(?:\d{1,2}[.)]\s+)?(?:\*\*|__)(?=\S).{1,200}(?:\*\*|__)\s*[:：]?")
_NUMBERED_LINE: Final = re.compile(
    r"(?:\*\*|__)?\(?\d{1,2}[.):]\s*\S.{0,200}|(?:\*\*|__)?section\s\d.{0,200}", re.IGNORECASE
)
# a short line without a full stop; what is longer, or ends as a sentence does, is prose
_PLAIN_LINE: Final = re.compile(r"[^\W\d_][^.!?\n]{2,60}[:：]?")
# entries of the references look like headings, too: `**Paper:** …`
_FIELD_LINE: Final = re.compile(
    r"\W*(?:model|paper|papers|github|link|title|input|output|source|url|arxiv)\b[\s*]*[:：]", re.IGNORECASE
)
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
_NUMBERED_KINDS: Final = {number: kind for kind, number in _EXPECTED.items()}
_BOLD, _NUMBERED, _PLAIN = 7, 8, 9  # levels behind the six of Markdown: these lines only look like headings
_MARKDOWN_LEVELS: Final = frozenset(range(1, _BOLD))
_LINE_FORMS: Final = ((_BOLD, _BOLD_LINE), (_NUMBERED, _NUMBERED_LINE), (_PLAIN, _PLAIN_LINE))
_MAX_TITLE: Final = 300  # characters of a heading that are read
# headings of one form that are looked at: far more than answers have, and a bound on the work
_MAX_HEADINGS: Final = 300
_MAX_INDENT: Final = 3  # spaces before a line and behind it; four before it make it code or a part of a list


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that reads as a heading: its level (1 to 6, then bold, numbered and plain lines) and its number."""

    line: int
    level: int
    number: int | None
    title: str

    def says(self, kind: SectionKind, patterns: dict[SectionKind, re.Pattern[str]] = _STRONG) -> bool:
        """Whether its words name a kind of section."""
        return patterns[kind].search(self.title.casefold()) is not None

    def says_any(self, kinds: Iterable[SectionKind]) -> bool:
        """Whether its words certainly name one of some kinds."""
        return any(map(self.says, kinds))

    def matches(self, pattern: re.Pattern[str]) -> bool:
        """Whether its words hold some word."""
        return pattern.search(self.title.casefold()) is not None


@dataclass(frozen=True, slots=True)
class Section:
    """One of the three sections: its heading, the lines of its content, and whether its words say which one it is."""

    kind: SectionKind
    heading: Heading
    first: int
    last: int
    by_words: bool = True

    @property
    def number(self) -> int:
        """The number that it should have."""
        return _EXPECTED[self.kind]


@dataclass(frozen=True, slots=True)
class Sections:
    """The sections that were found, by kind, and headings on their level that are none of the three."""

    found: dict[SectionKind, Section]
    extra: tuple[Heading, ...]

    @property
    def ordered(self) -> list[Section]:
        """The sections in the order in which they should stand."""
        return sorted(self.found.values(), key=lambda section: section.number)

    def of_line(self, line: int) -> SectionKind | None:
        """The section that a line (from 0) is in."""
        inside = (kind for kind, section in self.found.items() if section.heading.line <= line < section.last)
        return next(inside, None)


def find_sections(answer: Answer, cites: Callable[[int, int], bool]) -> Sections:
    """Find the three sections.

    Args:
        answer: the answer.
        cites: whether lines from the first up to the second cite anything.
    """
    headings = _markdown_headings(answer)
    finder = _Finder(headings, answer.lines, cites)
    for level, pattern in _LINE_FORMS:
        # plain lines are so often no headings that they count only where hardly a section was found
        if len(finder.chosen) == len(KINDS) or (level == _PLAIN and len(finder.chosen) > 1):
            break
        lines = {
            heading.line: heading for heading in _line_headings(answer, level, pattern) if finder.may_begin(heading)
        }
        lines.update((heading.line, heading) for heading in headings)
        headings = [lines[line] for line in sorted(lines)]
        finder = _Finder(headings, answer.lines, cites)
    return Sections({kind: finder.section(kind) for kind in finder.chosen}, tuple(filter(finder.is_extra, headings)))


def _markdown_headings(answer: Answer) -> list[Heading]:
    """Markdown's own headings; one that holds a link is an entry of a list, not a section."""
    lines = ((line, level, answer.line(line)) for line, level in sorted(answer.headings.items()))
    headings = [_heading(text, line, level) for line, level, text in lines if "http" not in text and "](" not in text]
    return headings[:_MAX_HEADINGS]


def _line_headings(answer: Answer, level: int, pattern: re.Pattern[str]) -> list[Heading]:
    """Lines of one form that may be headings, such as a line in bold."""
    headings = []
    for line in range(answer.lines):
        text = answer.line(line)
        bare = text.strip()
        if answer.is_structural(line) or len(text) - len(bare) > _MAX_INDENT or not pattern.fullmatch(bare):
            continue
        if "http" in bare or _FIELD_LINE.match(bare):
            continue
        heading = _heading(bare, line, level)
        is_asking = level == _NUMBERED and bare.endswith(("?", ":", "："))
        if level == _BOLD or is_asking or heading.says_any(KINDS):
            headings.append(heading)
    return headings[:_MAX_HEADINGS]


def _heading(text: str, line: int, level: int) -> Heading:
    bare = _LEADING_MARKS.sub("", text[:_MAX_TITLE], count=1)
    match = _NUMBER.match(bare)
    number = _number(match[1].lower()) if match is not None else None
    if match is not None and number is not None:
        bare = bare[match.end() :]
    return Heading(line, level, number, bare.strip().strip("*_#: ").strip())


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else _ROMAN.get(text)


class _Finder:
    """Chooses among the headings of an answer those of the three sections.

    Args:
        headings: all headings, in order.
        lines: the number of lines of the answer.
        cites: whether lines from the first up to the second cite anything.
    """

    def __init__(self, headings: Sequence[Heading], lines: int, cites: Callable[[int, int], bool]) -> None:
        self._headings = headings
        self._lines = lines
        self._cites = cites
        self.chosen: dict[SectionKind, Heading] = {}
        # words say most, then numbers; where a heading stands says least, and only beside others that are certain
        for choose in (self._by_words, self._by_number, self._by_place):
            for kind in KINDS:
                heading = choose(kind) if kind not in self.chosen else None
                if heading is not None:
                    self.chosen[kind] = heading

    def may_begin(self, heading: Heading) -> bool:
        """Whether a line may begin a section: none that stands within one, unless it says that another one begins."""
        if heading.number is not None or len(self._headings) <= 1:
            return True
        is_inside = any(candidate.line < heading.line for candidate in self.chosen.values())
        return not is_inside or heading.says_any(kind for kind in KINDS if kind not in self.chosen)

    def section(self, kind: SectionKind) -> Section:
        """Return the section that was found for a kind."""
        heading = self.chosen[kind]
        by_words = heading.says(kind) or heading.says(kind, _WEAK)
        return Section(kind, heading, heading.line + 1, self._end(heading), by_words)

    def is_extra(self, heading: Heading) -> bool:
        """Whether a heading is on the level of the sections, numbered as they are, and none of them."""
        chosen = self.chosen.values()
        levels = {section.level for section in chosen}
        if heading.number is None or heading in chosen or heading.level not in levels:
            return False
        return heading.level < _BOLD or self._follows_sections(heading)

    def _follows_sections(self, heading: Heading) -> bool:
        """Whether a numbered line may be a section of its own: an item of a list inside a section is none."""
        numbers = {candidate.number for candidate in self.chosen.values()} - {None}
        is_last = heading.line > max(candidate.line for candidate in self.chosen.values())
        return bool(numbers) and heading.number not in numbers and is_last

    def _free(self, headings: Iterable[Heading]) -> list[Heading]:
        taken = self.chosen.values()
        return [heading for heading in headings if heading not in taken]

    def _by_words(self, kind: SectionKind) -> Heading | None:
        fitting = [h for h in self._headings if h.says(kind) and not _says_another(h, kind)]
        if not fitting:
            fitting = [h for h in self._headings if h.says(kind, _WEAK) and h.number in (None, _EXPECTED[kind])]
        return _most_prominent(self._free(fitting), kind)

    def _by_number(self, kind: SectionKind) -> Heading | None:
        other_kinds = [candidate for candidate in KINDS if candidate != kind]
        numbered = [heading for heading in self._free(self._headings) if heading.number == _EXPECTED[kind]]
        fitting = [heading for heading in numbered if not heading.says_any(other_kinds) and self._may_be(kind, heading)]
        return min(fitting, key=lambda heading: (heading.level, heading.line), default=None)

    def _by_place(self, kind: SectionKind) -> Heading | None:
        """A heading without a number, on the level of the other sections, that stands where the section belongs."""
        lines = {_EXPECTED[chosen_kind]: heading.line for chosen_kind, heading in self.chosen.items()}
        before = max((line for number, line in lines.items() if number < _EXPECTED[kind]), default=-1)
        after = min((line for number, line in lines.items() if number > _EXPECTED[kind]), default=self._lines)
        levels = {heading.level for heading in self.chosen.values()} & _MARKDOWN_LEVELS
        between = (heading for heading in self._headings if before < heading.line < after)
        unnumbered = (heading for heading in between if heading.number is None and heading.level in levels)
        fitting = (heading for heading in unnumbered if not heading.matches(_DIVIDING) and self._may_be(kind, heading))
        return next(fitting, None)

    def _may_be(self, kind: SectionKind, heading: Heading) -> bool:
        """Whether what follows a heading fits a kind of section: references cite something."""
        return kind != "references" or self._cites(heading.line + 1, self._end(heading))

    def _end(self, heading: Heading) -> int:
        """The line behind the last one of a section."""
        below = (candidate for candidate in self._headings if candidate.line > heading.line)
        return next((candidate.line for candidate in below if self._ends(candidate, heading)), self._lines)

    def _ends(self, candidate: Heading, heading: Heading) -> bool:
        """Whether a later heading ends a section."""
        if candidate in self.chosen.values() or candidate.level < min(heading.level, _BOLD):
            return True
        if candidate.level != heading.level:
            return False
        return candidate.number is not None or candidate.matches(_CLOSING) or not _divides(candidate, heading)


def _divides(candidate: Heading, heading: Heading) -> bool:
    """Whether a heading without a number, on the level of a section's own, only divides it: `Primary model:`."""
    return heading.level >= _BOLD or (heading.number is not None and candidate.matches(_CONTINUING))


def _says_another(heading: Heading, kind: SectionKind) -> bool:
    """Whether a heading's number and words both speak for another section."""
    if heading.number is None:
        # `Papers on this task`: the word for the references is the one that stands in other headings, too
        return kind == "references" and heading.says_any(KINDS[:-1])
    numbered = _NUMBERED_KINDS.get(heading.number)
    return numbered is not None and numbered != kind and heading.says(numbered)


def _most_prominent(headings: Sequence[Heading], kind: SectionKind) -> Heading | None:
    """The heading of the highest level; among equals one with the right number, or any; the last of the references."""
    step = -1 if kind == "references" else 1
    return min(headings[::step], key=lambda heading: (heading.level, _mismatch(heading, kind)), default=None)


def _mismatch(heading: Heading, kind: SectionKind) -> int:
    """How badly the number of a heading fits: not when it is right, most when there is none."""
    if heading.number is None:
        return 2
    return int(heading.number != _EXPECTED[kind])

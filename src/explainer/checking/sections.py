"""Which parts of an answer are its three sections: task, workflow and references, whatever form their headings have.

A heading is a Markdown heading of any level, a line in bold, a numbered line, or a short line of its own. What it says
decides; its number decides where its words do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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

_STRONG: Final[dict[SectionKind, re.Pattern[str]]] = {
    "task": re.compile(r"^tasks?\b|\btask (?:analysis|description|definition|identification|overview|summary)|"
                       r"\b(?:what|which)\b.{0,40}\btask\b|\btask\b.{0,40}\buser\b|"
                       r"\buser\b.{0,40}\btask\b|\buser (?:goal|intent)"),
    "workflow": re.compile(r"workflow|\bcnaps\b|\bpipeline\b"),
    "references": re.compile(r"\breferenc|\bpapers?\b|\btools\b|\bcitations?\b|\bbibliograph|\bsources\b|\bliterature"),
}  # fmt: skip
_WEAK: Final[dict[SectionKind, re.Pattern[str]]] = {
    "task": re.compile(r"\btasks?\b|\bgoal|\bobjective|\bproblem\b|\bintent|what .*\buser"),
    "workflow": re.compile(r"\bhow\b.*\b(?:models?|works?|it)\b|\binput\b.*\boutput\b|\bmechanism|\bprocess\b"),
    "references": re.compile(r"\blinks?\b|\bresources?\b|\bfurther reading|\bsupporting\b|\bevidence\b"),
}
_NUMBER: Final = re.compile(
    r"(?:section|part|step|task)?\s{0,3}(\d{1,2}|[ivx]{1,4})\s{0,2}(?:[.):：、．）]|[-–—]\s|\s(?=[A-Z]))\s*",
    re.IGNORECASE,
)
_ROMAN: Final = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
_BOLD_LINE: Final = re.compile(r"(?:\d{1,2}[.)]\s+)?(?:\*\*|__)(?=\S).{1,200}(?:\*\*|__)\s*[:：]?")
_NUMBERED_LINE: Final = re.compile(
    r"(?:\*\*|__)?\(?\d{1,2}[.):]\s*\S.{0,200}|(?:\*\*|__)?section\s\d.{0,200}", re.IGNORECASE
)
_PLAIN_LINE: Final = re.compile(r"[^\W\d_][^.!?\n]{2,60}[:：]?")
_FIELD_LINE: Final = re.compile(
    r"\W*(?:model|paper|papers|github|link|title|input|output|source|url|arxiv)\b[\s*]*[:：]", re.IGNORECASE
)
_LEADING_MARKS: Final = re.compile(r"[^\w(]+")
_CLOSING: Final = re.compile(r"\b(?:summary|conclusion|conclusions|final|note|notes|disclaimer|takeaways?|in short)\b")
_CONTINUING: Final = re.compile(
    r"\b(?:primary|supporting|main|core|models?|papers?|frameworks?|tools?|github|links?|input|output)\b"
)
_BOLD, _NUMBERED, _PLAIN = 7, 8, 9
_LONGEST: Final = 300
_MOST_HEADINGS: Final = 300


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that reads as a heading: its level (1 to 6, then bold, numbered and plain lines) and its number."""

    line: int
    level: int
    number: int | None
    title: str

    def says(self, kind: SectionKind, patterns: dict[SectionKind, re.Pattern[str]]) -> bool:
        """Whether its words name a kind of section."""
        return patterns[kind].search(self.title.casefold()) is not None


@dataclass(frozen=True, slots=True)
class Section:
    """One of the three sections: its heading, the lines of its content, and whether its words say which one it is."""

    kind: SectionKind
    heading: Heading
    first: int
    last: int
    by_words: bool = True


@dataclass(frozen=True, slots=True)
class Sections:
    """The sections that were found, by kind, and headings on their level that are none of the three."""

    found: dict[SectionKind, Section]
    extra: tuple[Heading, ...]

    def of_line(self, line: int) -> SectionKind | None:
        """The section that a line (from 0) is in."""
        return next(
            (kind for kind, section in self.found.items() if section.heading.line <= line < section.last),
            None,
        )


def find_sections(answer: Answer, cites: Callable[[int, int], bool]) -> Sections:
    """Find the three sections.

    Args:
        answer: the answer.
        cites: whether lines from the first up to the second cite anything.
    """
    headings = list(_markdown_headings(answer))
    chosen = _choose(headings, answer, cites)
    for level, pattern in ((_BOLD, _BOLD_LINE), (_NUMBERED, _NUMBERED_LINE), (_PLAIN, _PLAIN_LINE)):
        if len(chosen) == len(KINDS) or (level == _PLAIN and len(chosen) > 1):
            break
        more = [heading for heading in _line_headings(answer, level, pattern) if not _inside(heading, chosen, headings)]
        headings = sorted({heading.line: heading for heading in (*more, *headings)}.values(), key=lambda h: h.line)
        chosen = _choose(headings, answer, cites)
    found = {}
    for kind, heading in chosen.items():
        last = _end(heading, headings, chosen, answer.lines)
        by_words = heading.says(kind, _STRONG) or heading.says(kind, _WEAK)
        found[kind] = Section(kind, heading, heading.line + 1, last, by_words)
    levels = {heading.level for heading in chosen.values()}
    extra = [h for h in headings if h.level in levels and h.number is not None and h not in chosen.values()]
    return Sections(found, tuple(h for h in extra if h.level < _BOLD or _stands_between(h, chosen)))


def _stands_between(heading: Heading, chosen: dict[SectionKind, Heading]) -> bool:
    """Whether a numbered line may be a section of its own: an item of a list inside a section is none."""
    numbers = [h.number for h in chosen.values() if h.number is not None]
    return bool(numbers) and heading.number not in numbers and heading.line > max(h.line for h in chosen.values())


def _inside(heading: Heading, chosen: dict[SectionKind, Heading], headings: Sequence[Heading]) -> bool:
    """Whether a line stands in a section that was found already, with nothing that says that it ends that section."""
    return (
        heading.number is None
        and any(h.line < heading.line for h in chosen.values())
        and len(headings) > 1
        and not any(heading.says(kind, _STRONG) for kind in KINDS if kind not in chosen)
    )


def _markdown_headings(answer: Answer) -> list[Heading]:
    """Markdown's own headings; one that holds a link is an entry of a list, not a section."""
    lines = ((line, level, answer.line(line)) for line, level in sorted(answer.headings.items()))
    found = [_heading(text, line, level) for line, level, text in lines if "http" not in text and "](" not in text]
    return found[:_MOST_HEADINGS]


def _line_headings(answer: Answer, level: int, pattern: re.Pattern[str]) -> list[Heading]:
    found = []
    for line in range(answer.lines):
        text = answer.line(line)
        bare = text.strip()
        if (
            line in answer.headings or line in answer.code_lines or line in answer.tables or len(text) - len(bare) > 3  # noqa: PLR2004
        ):
            continue
        if not pattern.fullmatch(bare) or "http" in bare or _FIELD_LINE.match(bare):
            continue
        heading = _heading(bare, line, level)
        if (
            level == _BOLD
            or any(heading.says(kind, _STRONG) for kind in KINDS)
            or (level == _NUMBERED and bare.endswith(("?", ":", "：")))
        ):
            found.append(heading)
    return found[:_MOST_HEADINGS]


def _heading(text: str, line: int, level: int) -> Heading:
    text = text[:_LONGEST]
    bare = _LEADING_MARKS.sub("", text, count=1) if _LEADING_MARKS.match(text) else text
    number = None
    match = _NUMBER.match(bare)
    if match:
        number = _ROMAN.get(match[1].lower()) or (int(match[1]) if match[1].isdigit() else None)
        bare = bare[match.end() :] if number is not None else bare
    return Heading(line, level, number, bare.strip().strip("*_#: ").strip())


def _choose(
    headings: Sequence[Heading], answer: Answer, cites: Callable[[int, int], bool]
) -> dict[SectionKind, Heading]:
    chosen: dict[SectionKind, Heading] = {}
    for kind, expected in zip(KINDS, (1, 2, 3), strict=True):
        fitting = [h for h in headings if h.says(kind, _STRONG) and not _says_another(h, kind, expected)]
        fitting = fitting or [h for h in headings if h.says(kind, _WEAK) and h.number in (None, expected)]
        fitting = [h for h in fitting if h not in chosen.values()]
        if fitting:
            chosen[kind] = _most_prominent(fitting, expected, last=kind == "references")
    for kind, expected in zip(KINDS, (1, 2, 3), strict=True):
        if kind in chosen:
            continue
        numbered = [h for h in headings if h.number == expected and h not in chosen.values()]
        numbered = [h for h in numbered if not any(h.says(other, _STRONG) for other in KINDS if other != kind)]
        if kind == "references":
            numbered = [h for h in numbered if cites(h.line + 1, _end(h, headings, chosen, answer.lines))]
        if numbered:
            chosen[kind] = min(numbered, key=lambda h: (h.level, h.line))
    for kind in KINDS:
        if kind not in chosen and chosen:
            _choose_by_place(kind, headings, chosen, answer, cites)
    return chosen


def _choose_by_place(
    kind: SectionKind,
    headings: Sequence[Heading],
    chosen: dict[SectionKind, Heading],
    answer: Answer,
    cites: Callable[[int, int], bool],
) -> None:
    """Take a heading without a number, on the level of the other sections, that stands where the section belongs."""
    before = max((h.line for other, h in chosen.items() if KINDS.index(other) < KINDS.index(kind)), default=-1)
    after = min((h.line for other, h in chosen.items() if KINDS.index(other) > KINDS.index(kind)), default=answer.lines)
    levels = {heading.level for heading in chosen.values() if heading.level < _BOLD}
    for heading in headings:
        fits = heading.number is None and heading.level in levels and before < heading.line < after
        if not fits or _CLOSING.search(heading.title.casefold()) or _CONTINUING.search(heading.title.casefold()):
            continue
        if kind == "references" and not cites(heading.line + 1, _end(heading, headings, chosen, answer.lines)):
            continue
        chosen[kind] = heading
        return


def _says_another(heading: Heading, kind: SectionKind, expected: int) -> bool:
    """Whether a heading's number and words both speak for another section."""
    if heading.number in (None, expected):
        return (
            heading.number is None
            and any(heading.says(other, _STRONG) for other in KINDS if other != kind)
            and (kind == "references")
        )
    others = dict(zip((1, 2, 3), KINDS, strict=True))
    own = others.get(heading.number)
    return own is not None and heading.says(own, _STRONG)


def _most_prominent(headings: Sequence[Heading], expected: int, *, last: bool) -> Heading:
    level = min(heading.level for heading in headings)
    same = [heading for heading in headings if heading.level == level]
    numbered = [heading for heading in same if heading.number == expected] or [h for h in same if h.number is not None]
    return (numbered or same)[-1 if last else 0]


def _end(heading: Heading, headings: Sequence[Heading], chosen: dict[SectionKind, Heading], lines: int) -> int:
    """The line behind the last one of a section."""
    for other in headings:
        if other.line <= heading.line:
            continue
        if other in chosen.values() or other.level < min(heading.level, _BOLD):
            return other.line
        if other.level == heading.level and (other.number is not None or _ends(other, heading)):
            return other.line
    return lines


def _ends(other: Heading, heading: Heading) -> bool:
    """Whether a heading without a number ends the section before it; `Primary model:` only divides it."""
    title = other.title.casefold()
    if _CLOSING.search(title):
        return True
    return heading.level < _BOLD and not (heading.number is not None and _CONTINUING.search(title))

"""Which parts of an answer are its three sections: task, workflow and references, whatever form their headings have.

A heading is one of Markdown or HTML, a line in bold, a numbered line, a row of a table, a short line of its own, or the
beginning of a line whose text follows at once (`**1. Task:** …`). What it says decides, in the languages that answers
come in; then its number; where neither tells, the order does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from operator import attrgetter
from typing import Final, Literal, TypeAlias, TypeVar

from msgspec import Struct

from explainer.checking.answer import Answer
from explainer.diagnostics.text import lazy_regex

_T = TypeVar("_T")
SectionKind: TypeAlias = Literal["task", "workflow", "references"]
KINDS: Final[tuple[SectionKind, ...]] = ("task", "workflow", "references")
NAMES: Final[dict[SectionKind, str]] = {
    "task": "section 1, what task the user is trying to perform",
    "workflow": "section 2, how the model works in the workflow",
    "references": "section 3, the referenced models, papers and tools",
}

# what headings say, without accents, of the sections that prompts ask for; the strong words are enough, whatever else
# stands there
_STRONG: Final[dict[SectionKind, re.Pattern[str]]] = {
    "task": lazy_regex(
        r"^tasks?\b|\btask (?:analysis|description|definition|identification|overview|summary)|"
        r"\b(?:what|which)\b.{0,40}\btask\b|\btask\b.{0,40}\buser\b|\buser\b.{0,40}\btask\b|\buser (?:goal|intent)|"
        r"\b(?:aufgabe|tache|tarea|tarefa|compito|taak|uppgift|opgave|oppgave|tehtava|zadanie|ukol|gorev|"
        r"задача|задание|завдання)|任务|任務|タスク|課題|과제|작업|المهمة|مهمة|कार्य|nhiem vu|\btugas\b|משימה|εργασια"
    ),
    "workflow": lazy_regex(
        r"workflow|\bcnaps\b|\bpipeline\b|\bhow (?:the|this|these|each) models? works?\b|"
        r"\b(?:arbeitsablauf|arbeitsweise|ablauf|flux de travail|flujo|fluxo|flusso|"
        r"werkstroom|werkwijze|arbetsflode|arbeidsflyt|tyonkulku|przep[łl]yw|pracovni postup|is ak[ıi]s|"
        r"рабочии процесс|процесс|робочии процес)|工作流|流程|ワークフロー|워크플로|سير العمل|कार्यप्रवाह|"
        r"quy trinh|alur kerja|תהליך|ροη"
    ),
    "references": lazy_regex(
        r"\breferen[csz]|\bpapers?\b|\btools\b|\bcitations?\b|\bcited\b|\bbibliogra|\bsources\b|\bliteratu|"
        r"\b(?:quellen|fuentes|fontes?|fonti|riferimenti|bronnen|kallor|kilder|lahteet|zrod[łl]a|zdroje|kaynak|"
        r"источник|литератур|ссылк|джерела)|参考|參考|文献|来源|參照|出典|참고|출처|مراجع|مصادر|المراجع|"
        r"संदर्भ|tham khao|\bpustaka|מקורות|πηγες|βιβλιογραφ"
    ),
}
# words that may name a section, and stand in other headings too: only tried when no heading has a strong word
_WEAK: Final[dict[SectionKind, re.Pattern[str]]] = {
    "task": lazy_regex(r"\btasks?\b|\bgoal|\bobjective|\bproblem\b|\bintent|what .*\buser"),
    "workflow": lazy_regex(
        r"\bhow\b.*\b(?:models?|works?|it)\b|\binput\b.*\boutput\b|\bmechanism|\bprocess\b"
    ),
    "references": lazy_regex(
        r"\blinks?\b|\bresources?\b|\bfurther reading|\bsupporting\b|\bevidence\b"
    ),
}
_EXPECTED: Final[dict[SectionKind, int]] = {"task": 1, "workflow": 2, "references": 3}
_NUMBERED_KINDS: Final[dict[int | None, SectionKind]] = {
    number: kind for kind, number in _EXPECTED.items()
}
# headings that follow the sections, and end the last of them
_CLOSING: Final = lazy_regex(
    r"\b(?:summary|conclusion|conclusions|final|note|notes|disclaimer|takeaways?|in short)\b"
)
# headings that only divide a section: `Primary model`, `Input`
_CONTINUING: Final = lazy_regex(
    r"\b(?:primary|supporting|main|core|models?|papers?|frameworks?|tools?|github|links?|input|output)\b"
)
# headings of one more list of references, and nothing else
_LIST: Final = (
    r"(?:references?|bibliograph\w+|sources?|readings?|literatur\w*|links|resources|citations|works?(?: cited)?|"
    r"papers|publications|quellen|referencias|fuentes|références|lectures?|lecturas?|参考文献|文献|来源|参考資料|出典)"
)
_MORE_REFERENCES: Final = lazy_regex(
    rf"(?:(?:additional|further|other|more|related|recommended|suggested|selected|useful|external|key|supplementary|"
    rf"background|weitere|weiterführende|autres|otras) )?{_LIST}(?:(?: and |/| & ){_LIST})?",
    re.IGNORECASE,
)
_DIVIDING: Final = lazy_regex(f"{_CLOSING.pattern}|{_CONTINUING.pattern}")
# fields of the references, such as `**Paper:** …`, look like headings, and are none
_FIELD_LABELS: Final = frozenset(
    "model paper github link title input output source url arxiv".split()  # noqa: SIM905
)
_ACCENTS: Final = lazy_regex("[\u0300-\u036f]")  # of Latin, Greek and Cyrillic letters

# --- the parts of a line that may be a heading, from left to right

# four spaces would make the line code or a part of a list; bullets, hashes and the tags of HTML stand in front
_OPENING: Final = lazy_regex(
    r"[ >]{0,3}(?P<row>\|\s*)?(?:<t[rd]\b[^<>]{0,200}>\s*){0,2}"
    r"(?:(?P<hashes>#{1,6})\s+|<h(?P<html>[1-6])\b[^<>]{0,200}>\s*)?(?:[-*+•]\s+)?"
)
_EMPHASIS: Final = r"(?:\*\*|__|</?(?:b|strong|u)\b[^<>]{0,200}>)"
# `## 🔎 2. Workflow`: signs and emoji before the number or the first word, but no marks of emphasis and no brackets
_ORNAMENTS: Final = lazy_regex(r"[^\w\s(*_<|\[]{0,8}+\s{0,3}")
_HEADING_TAG: Final = lazy_regex("<h", re.IGNORECASE, needs=("<",))
_OPENED_TAG: Final = lazy_regex(r"<\w", needs=("<",))
_MARKS: Final = lazy_regex(rf"(?:{_EMPHASIS}\s{{0,3}})*")
_SECTION_WORDS: Final = (
    r"(?:第|(?:section|part|step|task|abschnitt|teil|schritt|partie|[ée]tape|parte|paso|passo|secci[óo]n|se[çc][ãa]o|"
    r"sezione|deel|del|часть|раздел|частина|パート|セクション|bölüm|część)\s{0,3})?"
)
# `2.`, `Section 2:`, `II)`, `2 -`, `二、`, `②`, `2️⃣`; a bare number counts before a capital, as in `3 References`
_BEHIND_NUMBER: Final = (
    r"(?:部分|节|節|章|부)?"
    r"(?:\ufe0f?\u20e3|\s{0,2}(?:\\?[.)](?!\d)|[:：、．）,，]|[-–—·•]\s)|(?<=[①-⑥])|\s(?-i:(?=[^\W\d_a-z])))\s*"
)
_NUMBER: Final = lazy_regex(
    rf"{_SECTION_WORDS}[(（]?(?P<number>\d{{1,2}}|i{{1,3}}|iv|vi?|[一二三四五六①-⑥Ⅰ-Ⅵ]){_BEHIND_NUMBER}",
    re.IGNORECASE,
)
# the same where it begins with a digit, as most do: it takes a third of the time to compile
_DIGITS: Final = lazy_regex(rf"(?P<number>\d{{1,2}}){_BEHIND_NUMBER}")
_NUMERALS: Final = dict(zip("i ii iii iv v vi 一 二 三 四 五 六 ① ② ③ ④ ⑤ ⑥ ⅰ ⅱ ⅲ ⅳ ⅴ ⅵ".split(), (1, 2, 3, 4, 5, 6) * 4, strict=True))  # fmt: skip  # noqa: E501, SIM905
_LONGEST: Final = 400  # characters of a title that are read
# where a title ends, and the text of the section may begin on the same line
_BEHIND_BOLD: Final = lazy_regex(
    rf"(?:(?<!\s)\s++)?(?:[:：]\s*+)?{_EMPHASIS}\s*+(?:[:：.]|[-–—]+(?=\s))?"
)
_BEHIND_HTML: Final = lazy_regex(r"</h[1-6]>")
_BEHIND_CELL: Final = lazy_regex(r"(?:(?<!\s)\s++)?\|")
_BEHIND_PLAIN: Final = lazy_regex(r"\s?:(?=\s)|\s?：|\s[-–—]+\s")
_ONE_WORD: Final = lazy_regex(r"[^\W\d_]{4,20}(?=\.\s)")
_STOP: Final = lazy_regex(r"\.\s++(?=\S)")
_NO_TEXT: Final = lazy_regex(r"(?:[\s|*_#]|</?\w[^<>]*>)*")
# no name alone: `BLIP`
_CAPITALS: Final = lazy_regex(r"[A-Z]{2,20}(?:[ &/,'-]{1,3}[A-Z]{2,20}){1,8}:?\s*\Z")
_ANNOUNCING: Final = ("?", "？", ":", "：")

# levels behind the six of Markdown: lines that only look like headings
_BOLD, _NUMBERED, _RUN_IN, _PLAIN = (
    7,
    8,
    9,
    10,
)
# how many sections are enough not to look at lines of a form: plain lines are so often no headings
_ENOUGH: Final = {_BOLD: 3, _NUMBERED: 3, _RUN_IN: 3, _PLAIN: 2}
_MAX_TITLE: Final = 300  # characters of a heading that are read
# what the title of a heading may be: one with a link is an entry of a list, not a section
_TITLE: Final = lazy_regex(rf"\A(?!.*(?:http|\]\()).{{1,{_MAX_TITLE}}}")
# the same of lines that only look like headings: a longer title whose text follows on its line is prose with a colon,
# and a plain line that is longer, or has a full stop, as a sentence does, is prose
_TITLES: Final = {
    _RUN_IN: lazy_regex(r"\A(?!.*(?:http|\]\()).{1,60}"),
    _PLAIN: lazy_regex(r"\A(?!.*(?:http|\]\())[^\W\d_][^.!?\n]{1,60}"),
}
# headings of one form that are looked at: far more than answers have, and a bound on the work
_MAX_HEADINGS: Final = 300
_LINE: Final = attrgetter("line")


class Heading(Struct, frozen=True):
    """A line, or the beginning of one, that reads as a heading.

    Attributes:
        line: where it stands, from 0.
        level: 1 to 6, then bold, numbered, run-in and plain lines.
        number: its number, if it has one.
        title: its words.
        names: the sections that its words certainly name.
        hints: the sections that its words may name.
        text_at: where, on its line, the text of the section begins; None when that begins on the next line.
        announces: it ends as a question or with a colon.
    """

    line: int
    level: int
    number: int | None
    title: str
    names: frozenset[SectionKind]
    hints: frozenset[SectionKind]
    text_at: int | None = None
    announces: bool = False

    @property
    def numbered_kind(self) -> SectionKind | None:
        """The section that its number stands for."""
        return _NUMBERED_KINDS.get(self.number)

    @property
    def first(self) -> int:
        """The first line of the text behind it, which may be its own."""
        return self.line if self.text_at is not None else self.line + 1

    @property
    def form(self) -> tuple[int, int | None, frozenset[SectionKind]]:
        """What two headings have in common that head the same part of two answers."""
        return self.level, self.number, self.names

    def matches(self, pattern: re.Pattern[str]) -> bool:
        """Whether its words hold some word."""
        return pattern.search(self.title.casefold()) is not None


class Section(Struct, frozen=True):
    """One of the three sections: its heading, and the lines of its content, of the first of them from `text_at` on."""

    kind: SectionKind
    heading: Heading
    first: int
    last: int
    text_at: int = 0

    @property
    def number(self) -> int:
        """The number that it should have."""
        return _EXPECTED[self.kind]

    def line(self, answer: Answer, number: int) -> str:
        """A line of its content, as long as in the answer; the heading on it is blank."""
        text = answer.line(number)
        if number != self.first:
            return text
        return " " * self.text_at + text[self.text_at :]


class Sections(Struct, frozen=True):
    """The sections that were found, in the order in which they should stand, and headings of their level besides.

    Attributes:
        found: the sections by their kind.
        extra: numbered headings of other sections.
        repeated: the headings of a second answer that has all three sections, too.
    """

    found: dict[SectionKind, Section]
    extra: tuple[Heading, ...] = ()
    repeated: tuple[Heading, ...] = ()

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
    headings = [heading for heading in _headings(answer) if heading.level < _BOLD]
    finder = _Finder(headings[:_MAX_HEADINGS], answer.lines, cites)
    if len(finder.chosen) == len(KINDS):
        return finder.sections()
    line_headings = list(_line_headings(answer))
    for level, enough in _ENOUGH.items():
        if len(finder.chosen) >= enough:
            break
        candidates = [heading for heading in line_headings if heading.level == level]
        finder = _Finder(finder.joined(candidates[:_MAX_HEADINGS]), answer.lines, cites)
    return finder.sections()


def _headings(answer: Answer) -> Iterator[Heading]:
    """The headings of Markdown and HTML."""
    tagged = {answer.line_of(tag.start()) for tag in _HEADING_TAG.finditer(answer.body)}
    for number in sorted(answer.headings.keys() | (tagged - answer.code_lines.keys())):
        heading = _read_heading(answer.line(number), number, answer.headings.get(number))
        if heading is not None:
            yield heading


def _line_headings(answer: Answer) -> Iterator[Heading]:
    """Lines that are no headings for Markdown, and may be some for people."""
    plain_lines = set(range(answer.lines)) - answer.headings.keys() - answer.code_lines.keys()
    for number in sorted(plain_lines):
        heading = _read_heading(answer.line(number), number, None)
        if heading is not None and _is_believable(heading):
            yield heading


def _is_believable(heading: Heading) -> bool:
    """Whether a line that only looks like a heading may be one: it names a section, or has the form for certain."""
    if heading.title.casefold() in _FIELD_LABELS:
        return False
    if heading.names or heading.level == _BOLD:
        return True
    if heading.level == _RUN_IN:
        return heading.numbered_kind is not None
    if heading.level != _NUMBERED:
        return False
    # `2. How the model works`: its words and its number tell the same
    return heading.announces or heading.numbered_kind in heading.hints


class _Parts(Struct, frozen=True):
    """A line taken apart: what opens it, its number, where its title stands, and where the text behind that begins."""

    opening: re.Match[str]
    number: int | None
    is_bold: bool
    start: int
    end: int
    text_at: int


def _read_heading(line: str, number: int, level: int | None) -> Heading | None:
    """Read a line as a heading, of a level that Markdown gives it or by its form; None where it can be none."""
    parts = _parts(line, is_heading=level is not None)
    if parts is None or parts.end - parts.start > _MAX_TITLE:
        return None
    title = line[parts.start : parts.end].strip(" \t*_#:：")
    has_text = _NO_TEXT.fullmatch(line, parts.text_at) is None
    announces = line.rstrip(" *_").endswith(_ANNOUNCING)
    if level is None:
        level = _level(line, parts, announces=announces, has_text=has_text)
    if _TITLES.get(level, _TITLE).fullmatch(title) is None:
        return None
    names, hints = _named_by(title, parts.number)
    return Heading(
        number,
        level,
        parts.number,
        title,
        names,
        hints,
        parts.text_at if has_text else None,
        announces,
    )


def _parts(line: str, *, is_heading: bool) -> _Parts | None:
    opening = _OPENING.match(line)
    if opening is None or not line[opening.end() :].strip():
        return None
    start = _behind(_ORNAMENTS, line, opening.end())
    at = _behind(_ORNAMENTS, line, _behind(_MARKS, line, start))
    numbers = _DIGITS if line[at : at + 1].isdecimal() else _NUMBER
    number, numeral = None, numbers.match(line, at)
    if numeral is not None:
        number, at = _value(numeral["number"]), numeral.end()
    at = _behind(_MARKS, line, at)
    is_bold = _is_open(line[start:at])
    gap = _gap_behind_title(line, at, opening, is_bold=is_bold, is_heading=is_heading)
    end, text_at = gap.span() if gap else (len(line), len(line))
    return _Parts(opening, number, is_bold, at, end, text_at)


def _behind(pattern: re.Pattern[str], line: str, at: int) -> int:
    match = pattern.match(line, at)
    return match.end() if match else at


def _is_open(marks: str) -> bool:
    """Whether emphasis is opened, and not closed yet, before a title."""
    opened = len(_OPENED_TAG.findall(marks)) - marks.count("</")
    return opened > 0 or (marks.count("**") + marks.count("__")) % 2 > 0


def _gap_behind_title(
    line: str, at: int, opening: re.Match[str], *, is_bold: bool, is_heading: bool
) -> re.Match[str] | None:
    """What parts a title from the text behind it on its line; None where the title is all of the line."""
    # the heading of Markdown is the whole line: `## 2. Workflow: Input → Model → Output`
    if is_heading and (is_bold or not opening["html"]):
        return None
    # the full stop behind one word that names a section, as letters have it: `References. LanternNet, …`
    word = _ONE_WORD.match(line, at)
    names_section = word is not None and _named_by(word[0], None)[0]
    pattern = _first_that_holds(
        (is_bold, _BEHIND_BOLD),
        (opening["html"], _BEHIND_HTML),
        (opening["row"], _BEHIND_CELL),
        (names_section, _STOP),
        (True, _BEHIND_PLAIN),
    )
    return pattern.search(line, at)


def _first_that_holds(*rules: tuple[object, _T]) -> _T:
    """What the first of some rules gives whose condition holds; the last one always does."""
    return next(result for holds, result in rules if holds)


def _level(line: str, parts: _Parts, *, announces: bool, has_text: bool) -> int:
    if parts.opening["html"]:
        return int(parts.opening["html"])
    return _first_that_holds(
        (has_text, _RUN_IN),
        (parts.opening["row"], _RUN_IN),
        (parts.is_bold, _BOLD),
        (parts.number is not None, _NUMBERED),
        (_CAPITALS.match(line, parts.start), _BOLD),
        (announces, _RUN_IN),  # such as `References:` before a list
        (True, _PLAIN),
    )


def _value(numeral: str) -> int:
    numeral = numeral.lower()
    return _NUMERALS.get(numeral) or int(numeral)


def _named_by(
    title: str, number: int | None
) -> tuple[frozenset[SectionKind], frozenset[SectionKind]]:
    """The sections that a title names for certain, and those that it may name."""
    folded = unicodedata.normalize(
        "NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", title[:_LONGEST].casefold()))
    )
    strong, weak = _kinds_in(folded, _STRONG), _kinds_in(folded, _WEAK)
    numbered = strong & {_NUMBERED_KINDS.get(number)}
    # `Papers on this task`: the word for the references is the one that stands in other headings, too
    return numbered or strong - {"references"} or strong, weak


def _kinds_in(
    title: str, patterns: Mapping[SectionKind, re.Pattern[str]]
) -> frozenset[SectionKind]:
    """The kinds of sections whose words stand in a title."""
    return frozenset(kind for kind, pattern in patterns.items() if pattern.search(title))


class _Finder:
    """Chooses among the headings of an answer those of the three sections.

    Args:
        headings: all headings, in order.
        lines: the number of lines of the answer.
        cites: whether lines from the first up to the second cite anything.
    """

    def __init__(
        self, headings: list[Heading], lines: int, cites: Callable[[int, int], bool]
    ) -> None:
        self.headings = headings
        self.chosen: dict[SectionKind, Heading] = {}
        self._free = list(headings)
        self._lines = lines
        self._cites = cites
        # words say most, then numbers; where a heading stands says least
        tellings = (self._is_named, self._is_hinted_at, self._is_numbered, self._is_in_place)
        for fits, kind in product(tellings, KINDS):
            self._choose(kind, fits)
        if not self.chosen:
            self._choose_by_order()

    def _choose(self, kind: SectionKind, fits: Callable[[Heading, SectionKind], bool]) -> None:
        """Choose the most prominent of the headings that fit a kind which has none yet."""
        if kind in self.chosen:
            return
        fitting = [heading for heading in self._free if fits(heading, kind)]
        if not fitting:
            return
        best = _most_prominent(fitting, kind)
        self._take(kind, self._first_in_row(best, fitting))

    def _first_in_row(self, heading: Heading, fitting: list[Heading]) -> Heading:
        """The first of lists of references that follow each other: `References`, then `Bibliography`."""
        if heading.number is not None:
            return heading
        equals = [other for other in fitting if other.level == heading.level]
        lists = [other for other in equals if lists_references(other.title)]
        place = self.headings.index(heading)
        for other in reversed(self.headings[: place + 1]):
            if other not in lists:
                break
            heading = other
        return heading

    def _take(self, kind: SectionKind, heading: Heading) -> None:
        self.chosen[kind] = heading
        self._free.remove(heading)

    def _choose_by_order(self) -> None:
        """Where no heading tells, three or more of one level are the sections when one behind the second cites."""
        for level in range(_NUMBERED):  # the levels of Markdown, and lines in bold
            equals = [heading for heading in self.headings if heading.level == level]
            citing = [heading for heading in equals[2:] if self._may_be(heading, "references")]
            if not citing:
                continue
            in_order = (*equals[:2], citing[-1])
            for kind, heading in zip(KINDS, in_order, strict=True):
                self._take(kind, heading)
            return

    @staticmethod
    def _is_named(heading: Heading, kind: SectionKind) -> bool:
        return kind in heading.names

    @staticmethod
    def _is_hinted_at(heading: Heading, kind: SectionKind) -> bool:
        return kind in heading.hints and heading.number in (None, _EXPECTED[kind])

    def _is_numbered(self, heading: Heading, kind: SectionKind) -> bool:
        is_numbered = heading.numbered_kind == kind and not heading.names
        return is_numbered and self._may_be(heading, kind)

    def _is_in_place(self, heading: Heading, kind: SectionKind) -> bool:
        """Whether a heading without a number, on the level of the others, stands where the section belongs."""
        if heading.number is not None:
            return False
        levels = {section.level for section in self.chosen.values()}
        if heading.level not in levels - _ENOUGH.keys():
            return False
        if heading.matches(_DIVIDING):
            return False
        if not _in_order({**self.chosen, kind: heading}):
            return False
        return self._may_be(heading, kind)

    def _may_be(self, heading: Heading, kind: SectionKind) -> bool:
        """Whether what follows a heading fits a kind of section: references cite something."""
        return kind != "references" or self._cites(heading.first, self._end(heading))

    def may_begin(self, heading: Heading) -> bool:
        """Whether a line may begin a section: none that stands within one, unless it says that another one begins."""
        if not heading.names <= self.chosen.keys():
            return True
        if heading.level == _RUN_IN:
            return not heading.names and self._is_before_all(heading)
        if heading.number is not None:
            return True
        if len(self.headings) <= 1:
            return True
        return self._is_before_all(heading)

    def _is_before_all(self, heading: Heading) -> bool:
        """Whether a line stands before all chosen headings."""
        lines = [section.line for section in self.chosen.values()]
        return heading.line <= min(lines, default=heading.line)

    def joined(self, candidates: Iterable[Heading]) -> list[Heading]:
        """Return its headings with those of some candidates that may begin a section, in order."""
        added = filter(self.may_begin, candidates)
        by_line = {heading.line: heading for heading in (*added, *self.headings)}
        return sorted(by_line.values(), key=_LINE)

    def sections(self) -> Sections:
        """Return the sections that were found."""
        found: dict[SectionKind, Section] = {}
        for kind in sorted(self.chosen, key=KINDS.index):
            heading = self.chosen[kind]
            end = self._end(heading)
            found[kind] = Section(kind, heading, heading.first, end, heading.text_at or 0)
        extra = tuple(filter(self._is_extra, self._free))
        return Sections(found, extra, self._repeated())

    def _repeated(self) -> tuple[Heading, ...]:
        """The headings of a second answer: each section is named again, by a heading like its own."""
        if len(self.chosen) < len(KINDS):
            return ()
        last = {heading.form: heading for heading in self._free}
        again: list[Heading] = []
        for heading in self.chosen.values():
            if heading.form not in last:
                return ()
            again.append(last[heading.form])
        return tuple(again)

    def _is_extra(self, heading: Heading) -> bool:
        """Whether a heading is on the level of the sections, numbered as they are, and none of them."""
        chosen = self.chosen.values()
        if heading.number is None:
            return False
        levels = {section.level for section in chosen} - {_RUN_IN}
        if heading.level not in levels:
            return False
        if heading.level < _BOLD:
            return True
        # a numbered line is a section of its own only behind them: it may be an item of a list inside one
        last_line = max(section.line for section in chosen)
        numbers = {section.number for section in chosen}
        return heading.line > last_line and heading.number not in numbers

    def _end(self, heading: Heading) -> int:
        """The line behind the last one of a section."""
        for candidate in self.headings:
            if candidate.line > heading.line and self._ends(candidate, heading):
                return candidate.line
        return self._lines

    def _ends(self, candidate: Heading, heading: Heading) -> bool:
        """Whether a later heading ends a section."""
        if candidate not in self._free:
            return True
        if candidate.level == _RUN_IN:  # an item of a list, unless it was chosen
            return False
        is_list = self.chosen.get("references") == heading
        if is_list and lists_references(candidate.title):  # one more list of references
            return False
        if candidate.level < min(heading.level, _BOLD):
            return True
        if candidate.level != heading.level:
            return False
        return candidate.number is not None or not _divides(candidate, heading)


def lists_references(title: str) -> bool:
    """Whether a heading says that references follow, and nothing else: `Further reading`."""
    return _MORE_REFERENCES.fullmatch(title) is not None


def _divides(candidate: Heading, heading: Heading) -> bool:
    """Whether a heading without a number, on the level of a section's own, only divides it: `Primary model:`."""
    if candidate.matches(_CLOSING):
        return False
    if heading.level >= _BOLD:
        return True
    return heading.number is not None and candidate.matches(_CONTINUING)


def _in_order(chosen: Mapping[SectionKind, Heading]) -> bool:
    lines = [chosen[kind].line for kind in KINDS if kind in chosen]
    return lines == sorted(lines)


def _most_prominent(headings: list[Heading], kind: SectionKind) -> Heading:
    """The heading of the highest level; among equals one with the right number, or any; the last of the references."""
    in_preference = headings[::-1] if kind == "references" else headings
    return min(in_preference, key=lambda heading: (heading.level, _mismatch(heading, kind)))


def _mismatch(heading: Heading, kind: SectionKind) -> int:
    """How badly the number of a heading fits: not when it is right, most when there is none."""
    return {_EXPECTED[kind]: 0, None: 2}.get(heading.number, 1)

"""Reads an answer as it is: what it says where, every position in the text as it was given.

`prepare` blanks out what is no part of the answer (the echo of the question, `<think>` blocks, an outer fence, residue
such as `[cite: 12]`) character by character, so that nothing moves. A CommonMark parser then tells links, emphasis,
code and headings; what hides from it is found in the plain text. What reaches the parser is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from explainer.checking.links_in_text import LinkInText, spot_links
from explainer.diagnostics.text import Lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_CHARACTERS: Final = 40_000
"""How much of an answer is read, spaces and thoughts not counted: ten times as long as real ones are."""
MAX_LENGTH: Final = 400_000
"""How much of an answer is looked at, spaces and thoughts counted."""
MAX_LINES: Final = 8_000
"""How many lines of an answer are read."""
MAX_BRACKETS: Final = 2_000
"""Opening brackets that reach the Markdown parser."""
MAX_LINKS: Final = 1_000
"""Links of one answer that are looked at."""

PhraseKind: TypeAlias = Literal["label", "strong", "emphasis", "code", "quote"]
Position: TypeAlias = tuple[int, int]

_NOT_A_BREAK: Final = re.compile(r"[^\r\n]")
# what reasoning models think aloud; one that is never closed takes all that follows
_THINKING: Final = re.compile(r"<(think|thinking|reasoning|scratchpad)>.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL)
# marks that chat interfaces leave in copied answers; their digits would read as ids
_RESIDUE: Final = re.compile(
    r"\[cite_start\]|\[cite(?:_end)?:?[\s\d,.;-]*+\]|【[^】\n]{0,80}】"
    r"|:contentReference\[[^\]\n]{0,80}\](?:\{[^}\n]{0,40}\})?"
    r"|\[oaicite:[^\]\n]{0,40}\]",
    re.IGNORECASE,
)
# Markdown's parser passes over HTML, but readers of a rendered answer see its links
_ANCHOR: Final = re.compile(r"<a\s[^<>]{0,500}>([^<>]{1,500})</a>", re.IGNORECASE)
# an opening or closing fence; backticks behind it would make it inline code (CommonMark 0.31, section 4.5)
_FENCE_LINE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})[^`\n]*$", re.MULTILINE)
# quotations in the scripts that answers come in; eight characters exclude single words and inch marks
_QUOTED: Final = re.compile(
    '"([^"\n]{8,300})"|“([^”\n]{8,300})”|«([^»\n]{8,300})»|「([^」\n]{4,300})」|《([^》\n]{4,300})》'
)
# a run of one mark of 64 or more is an ornament, or an attack on the parser's backtracking
_METACHARACTER_RUN: Final = re.compile(r"([^\w\s])\1{63,}+")
# half characters, which JSON can carry into a text and no report could write
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A part of the answer that stands out: the text of a link, something emphasised, quoted or in code."""

    kind: PhraseKind
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cited:
    """A link of the answer, with the text that it stands behind, if any."""

    spotted: LinkInText
    label: Phrase | None = None


@dataclass(frozen=True, slots=True)
class _Label:
    """The text of a link: the destination behind it, and where the whole link stands, destination included."""

    href: str
    phrase: Phrase
    start: int
    end: int


@dataclass(slots=True)
class Answer:
    """What was read of one answer.

    Attributes:
        text: the answer as it was given.
        body: the same text with everything blanked out that is no part of it; positions are the same in both.
        positions: finds lines and columns in the body.
        line_starts: where each line begins.
        citations: links, in order.
        phrases: what stands out, in order.
        headings: Markdown headings: line (from 0) and level.
        code_lines: lines (from 0) inside fences and indented code.
        tables: lines (from 0) inside tables.
        odd_hrefs: link destinations that are no URL, such as `#`, `link` or nothing, with their link text.
        cut: the answer is longer than what was read.
        unclosed_fence: a fence is opened and never closed.
    """

    text: str
    body: str
    positions: Lines
    line_starts: list[int] = field(init=False)
    citations: list[Cited] = field(default_factory=list)
    phrases: list[Phrase] = field(default_factory=list)
    headings: dict[int, int] = field(default_factory=dict)
    code_lines: set[int] = field(default_factory=set)
    tables: set[int] = field(default_factory=set)
    odd_hrefs: list[tuple[str, Phrase]] = field(default_factory=list)
    cut: bool = False
    unclosed_fence: int | None = None

    def __post_init__(self) -> None:
        self.line_starts = self.positions.starts

    @property
    def lines(self) -> int:
        """The number of lines."""
        return len(self.line_starts)

    def line_of(self, index: int) -> int:
        """The line, from 0, of a character."""
        return self.positions.position(index)[0] - 1

    def position(self, index: int) -> Position:
        """The line and the column, both from 1, of a character."""
        return self.positions.position(index)

    def line(self, number: int) -> str:
        """A line of the body, counted from 0, without its line break."""
        return self.body[self.line_starts[number] : self.start_of(number + 1)].rstrip("\r\n")

    def start_of(self, number: int) -> int:
        """Where a line begins, counted from 0; the end of the body for one behind the last."""
        return self.line_starts[number] if number < self.lines else len(self.body)

    def span(self, number: int) -> Position:
        """Where a line, counted from 0, begins and ends, without its line break."""
        start = self.line_starts[number]
        return start, start + len(self.line(number))

    def is_structural(self, number: int) -> bool:
        """Whether a line, counted from 0, is a heading of Markdown, code, or in a table."""
        return number in self.headings or number in self.code_lines or number in self.tables


def parse_answer(text: str, *, echoes: Iterable[str] = (), urls: Sequence[str] = ()) -> Answer:
    """Read an answer.

    Args:
        text: the answer.
        echoes: forms in which it may repeat the question; what stands inside the echo is not its own.
        urls: URLs that may hold punctuation which usually ends a URL.
    """
    body = _within_bounds(prepare(text[:MAX_LENGTH], echoes))
    answer = Answer(text, body, Lines(body), cut=len(text) > len(body))
    labels = _MarkdownReader(answer).read()
    all_labels = [*labels, *_anchors(body)]
    spotted_links = list(islice(spot_links(body, urls), MAX_LINKS))
    answer.cut = answer.cut or len(spotted_links) == MAX_LINKS
    answer.citations = [Cited(spotted, _label_of(spotted, all_labels)) for spotted in spotted_links]
    cited_labels = {id(cited.label) for cited in answer.citations}
    answer.odd_hrefs = [
        (label.href, label.phrase)
        for label in labels
        if id(label.phrase) not in cited_labels and next(spot_links(label.href), None) is None
    ]
    answer.phrases += _quotations(body)
    answer.phrases.sort(key=lambda phrase: (phrase.start, phrase.end))
    return answer


def _anchors(body: str) -> Iterator[_Label]:
    """The links of HTML, with their text; their destinations are found in the plain text."""
    for match in _ANCHOR.finditer(body):
        yield _Label("", Phrase("label", match[1], *match.span(1)), *match.span())


def _quotations(body: str) -> Iterator[Phrase]:
    for match in _QUOTED.finditer(body):
        group = match.lastindex or 0
        yield Phrase("quote", match[group], *match.span(group))


def _within_bounds(body: str) -> str:
    """The beginning of a body that is read: whole lines as far as they fit, or a part of a line that fits in no way."""
    if len(body) <= MAX_CHARACTERS and body.count("\n") < MAX_LINES:
        return body
    remaining, at = MAX_CHARACTERS, 0
    for number, match in enumerate(re.finditer(r"[^\r\n]*+(?:\r\n|\r|\n|\Z)", body)):
        remaining -= len(match.group().strip())
        if number >= MAX_LINES:
            return body[:at]
        if remaining < 0:
            return body[: max(at, min(match.end(), MAX_CHARACTERS))]
        at = match.end()
    return body


def _label_of(spotted: LinkInText, labels: Iterable[_Label]) -> Phrase | None:
    around = (label.phrase for label in labels if label.start <= spotted.start and spotted.end <= label.end)
    return next(around, None)


def clean(text: str) -> str:
    """Return a text without half characters, which JSON can hold and no output can."""
    return _SURROGATE.sub("\ufffd", text)


def prepare(text: str, echoes: Iterable[str] = ()) -> str:
    """Return the text with all that is no part of the answer blanked out, at its full length."""
    text = clean(text).replace("\x00", "\ufffd")
    for echo in echoes:
        at = text.find(f'"{echo}"') if echo else -1
        if at >= 0:
            text = _blank(text, at + 1, at + 1 + len(echo))
    text = _THINKING.sub(lambda match: _NOT_A_BREAK.sub(" ", match.group()), text)
    text = _without_outer_fence(text)
    return _RESIDUE.sub(lambda match: " " * len(match.group()), text)


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + _NOT_A_BREAK.sub(" ", text[start:end]) + text[end:]


def _without_outer_fence(text: str) -> str:
    """Blank out the two lines of a fence that holds most of the text: the answer was delivered in it."""
    opening = _FENCE_LINE.search(text)
    if opening is None or opening.group().rstrip().casefold().endswith("mermaid"):  # a diagram may be most of an answer
        return text
    fences = list(_FENCE_LINE.finditer(text))
    closings = [match for match in fences[1:] if _closes_fence(match, opening[1])]
    if not closings:
        return text
    inner = text[opening.end() : closings[-1].start()].strip()
    if len(inner) * 2 <= len(text.strip()):
        return text
    # the last fence closes the outer one only when those between come in pairs; else the first one does
    closing = closings[-1] if len(fences) % 2 == 0 else closings[0]
    return _blank(_blank(text, *closing.span()), *opening.span())


def _closes_fence(match: re.Match[str], mark: str) -> bool:
    return match[1].startswith(mark) and match.group().strip() == match[1]


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  # 40 ms that only answers need

    parser = MarkdownIt("commonmark", {"maxNesting": 40}).enable("table")
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # none is hidden  # noqa: ARG005
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


def _bounded(body: str) -> str:
    """The body for the Markdown parser: one kind of line break, no heap of marks that takes it quadratic time."""
    text = body.replace("\r\n", " \n").replace("\r", "\n")
    text = _METACHARACTER_RUN.sub(lambda match: " " * len(match.group()), text)
    if text.count("[") > MAX_BRACKETS:
        text = text.replace("[", " ").replace("]", " ")
    return text


_FAR: Final = 2_000  # characters behind the last thing found within which the next one is looked for
# characters behind the text of a link within which its destination stands, titles and spaces included
_BEHIND_LABEL: Final = 200
_OPENINGS: Final = frozenset({"strong_open", "em_open", "link_open"})
_CLOSINGS: Final[dict[str, PhraseKind]] = {"strong_close": "strong", "em_close": "emphasis", "link_close": "label"}


@dataclass(slots=True)
class _Opened:
    """A part of the text whose closing mark is still to come."""

    href: str
    start: int
    pieces: list[str] = field(default_factory=list)


class _MarkdownReader:
    """Walks the tokens of the Markdown parser and finds each again in the body."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._labels: list[_Label] = []
        self._opened: list[_Opened] = []
        self._at = 0
        self._end = 0
        self._readers = {
            "text": self._text,
            "softbreak": self._break,
            "code_inline": self._code,
            "image": self._image,
        }

    def read(self) -> list[_Label]:
        """Fill the answer in; return the texts of its inline links."""
        for token in _markdown().parse(_bounded(self._answer.body)):
            first, last = token.map or (0, 0)
            if token.type == "heading_open":
                self._answer.headings[first] = int(token.tag[1])
            elif token.type in ("fence", "code_block"):
                self._answer.code_lines.update(range(first, last))
                self._note_fence(token, first, last)
            elif token.type == "table_open":
                self._answer.tables.update(range(first, last))
            elif token.type == "inline" and token.children:
                self._inline(token.children, first, last)
        return self._labels

    def _note_fence(self, token: Token, first: int, last: int) -> None:
        """Note a fence that reaches to the end of the answer and has no closing line."""
        if token.type != "fence" or last < self._answer.lines - 1:
            return
        closing = self._answer.line(min(last, self._answer.lines) - 1).strip()
        is_closed = last > first + 1 and closing.startswith(token.markup) and not closing.strip(token.markup[0])
        if not is_closed:
            self._answer.unclosed_fence = self._answer.line_starts[first]

    def _inline(self, children: list[Token], first: int, last: int) -> None:
        if last > first:  # the cells of a table have no place of their own: they go on from the last one
            self._at = max(self._answer.line_starts[first], self._at)
            self._end = self._answer.start_of(last)
        self._opened = []
        for child in children:
            if child.type in self._readers:
                self._readers[child.type](child)
            elif child.type in _OPENINGS:
                self._opened.append(_Opened(str(child.attrs.get("href", "")), self._at))
            elif child.type in _CLOSINGS and self._opened:
                self._close(_CLOSINGS[child.type], self._opened.pop())

    def _text(self, child: Token) -> None:
        self._add(child.content)
        self._find(child.content)

    def _break(self, _: Token) -> None:
        self._add(" ")

    def _code(self, child: Token) -> None:
        self._add(child.content)
        start = self._find(child.content)
        self._answer.phrases.append(Phrase("code", child.content, start, self._at))

    def _image(self, child: Token) -> None:
        start = self._find(child.content)
        self._label(str(child.attrs.get("src", "")), child.content, start, self._at)

    def _add(self, content: str) -> None:
        for opened in self._opened:
            opened.pieces.append(content)

    def _close(self, kind: PhraseKind, opened: _Opened) -> None:
        text = "".join(opened.pieces)
        begin = self._place_of("".join(opened.pieces[:1]), opened.start)
        end = max(self._at, begin)
        if kind == "label":
            self._label(opened.href, text, begin, end)
        elif text.strip():
            self._answer.phrases.append(Phrase(kind, text, begin, end))

    def _place_of(self, content: str, start: int) -> int:
        """Where a piece of text begins at or after a place, as nearly as can be told."""
        at = self._answer.body.find(content, start, min(self._end, start + len(content) + _FAR))
        return at if at >= 0 else start

    def _label(self, href: str, text: str, begin: int, end: int) -> None:
        """Note the text of a link, with where the link stands, its destination included."""
        phrase = Phrase("label", text, begin, end)
        at = self._destination(href, text, begin, end)
        start = min(begin, at) if at < end else at
        self._labels.append(_Label(href, phrase, start, max(end, at + len(href))))
        if href != text:
            self._answer.phrases.append(phrase)

    def _destination(self, href: str, text: str, begin: int, end: int) -> int:
        """Where the destination of a link stands; move on behind it when it follows the text."""
        if not href:
            return end
        at = self._answer.body.find(href, begin, min(self._end, end + len(href) + _BEHIND_LABEL))
        if at >= end:
            self._at = max(self._at, at + len(href))
        elif href != text:  # a reference link: its destination stands elsewhere
            elsewhere = self._answer.body.find(href)
            return elsewhere if elsewhere >= 0 else begin
        return at

    def _find(self, content: str) -> int:
        """Move on behind a piece of text; return where it begins, as nearly as can be told."""
        end = min(self._end, self._at + len(content) + _FAR)
        at = self._answer.body.find(content, self._at, end) if content else -1
        if at < 0:
            return self._at
        self._at = at + len(content)
        return at

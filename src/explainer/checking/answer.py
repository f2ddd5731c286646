"""Reads an answer as it is: what it says where, every position in the text as it was given.

`prepare` blanks out what is no part of the answer (the echo of the question, `<think>` blocks, an outer fence, residue
such as `[cite: 12]`) character by character, so that nothing moves. A CommonMark parser then tells links, emphasis,
code and headings; what hides from it is found in the plain text. What reaches the parser is bounded.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from explainer.checking.links_in_text import LinkInText, spot_links

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

_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
_NOT_A_BREAK: Final = re.compile(r"[^\r\n]")
_THINKING: Final = re.compile(r"<(think|thinking|reasoning|scratchpad)>.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL)
_RESIDUE: Final = re.compile(
    r"\[cite_start\]|\[cite(?:_end)?:?[\s\d,.;-]*+\]|【[^】\n]{0,80}】"
    r"|:contentReference\[[^\]\n]{0,80}\](?:\{[^}\n]{0,40}\})?"
    r"|\[oaicite:[^\]\n]{0,40}\]",
    re.IGNORECASE,
)
_ANCHOR: Final = re.compile(r"<a\s[^<>]{0,500}>([^<>]{1,500})</a>", re.IGNORECASE)
_FENCE_LINE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})[^`\n]*$", re.MULTILINE)
_QUOTED: Final = re.compile(
    '"([^"\n]{8,300})"|“([^”\n]{8,300})”|«([^»\n]{8,300})»|「([^」\n]{4,300})」|《([^》\n]{4,300})》'
)
_METACHARACTER_RUN: Final = re.compile(r"([^\w\s])\1{63,}+")
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


@dataclass(slots=True)
class Answer:
    """What was read of one answer.

    Attributes:
        text: the answer as it was given.
        body: the same text with everything blanked out that is no part of it; positions are the same in both.
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
    line_starts: list[int]
    citations: list[Cited] = field(default_factory=list)
    phrases: list[Phrase] = field(default_factory=list)
    headings: dict[int, int] = field(default_factory=dict)
    code_lines: set[int] = field(default_factory=set)
    tables: set[int] = field(default_factory=set)
    odd_hrefs: list[tuple[str, Phrase]] = field(default_factory=list)
    cut: bool = False
    unclosed_fence: int | None = None

    def line_of(self, index: int) -> int:
        """The line, from 0, of a character."""
        return bisect_right(self.line_starts, index) - 1

    def position(self, index: int) -> Position:
        """The line and the column, both from 1, of a character."""
        line = self.line_of(index)
        return line + 1, index - self.line_starts[line] + 1

    def line(self, number: int) -> str:
        """A line of the body, counted from 0, without its line break."""
        end = self.line_starts[number + 1] if number + 1 < len(self.line_starts) else len(self.body)
        return self.body[self.line_starts[number] : end].rstrip("\r\n")

    @property
    def lines(self) -> int:
        """The number of lines."""
        return len(self.line_starts)


def parse_answer(text: str, *, echoes: Iterable[str] = (), urls: Sequence[str] = ()) -> Answer:
    """Read an answer.

    Args:
        text: the answer.
        echoes: forms in which it may repeat the question; what stands inside the echo is not its own.
        urls: URLs that may hold punctuation which usually ends a URL.
    """
    body = _within_bounds(prepare(text[:MAX_LENGTH], echoes))
    answer = Answer(text, body, [0, *(match.end() for match in _LINE_BREAK.finditer(body))], cut=len(text) > len(body))
    labels = [*_MarkdownReader(answer).read(), *_anchors(body)]
    for spotted in spot_links(body, urls):
        answer.citations.append(Cited(spotted, _label_of(spotted, labels)))
        if len(answer.citations) >= MAX_LINKS:
            answer.cut = True
            break
    seen = {id(cited.label) for cited in answer.citations if cited.label}
    answer.odd_hrefs = [
        (href, label) for href, label, _ in labels if id(label) not in seen and href != "html:" and not _is_url(href)
    ]
    for match in _QUOTED.finditer(body):
        group = match.lastindex or 0
        answer.phrases.append(Phrase("quote", match[group], match.start(group), match.end(group)))
    answer.phrases.sort(key=lambda phrase: (phrase.start, phrase.end))
    return answer


def _anchors(body: str) -> Iterator[tuple[str, Phrase, Position]]:
    """The links of HTML, with their text; their destinations are found in the plain text."""
    for match in _ANCHOR.finditer(body):
        yield "html:", Phrase("label", match[1], match.start(1), match.end(1)), match.span()


def _within_bounds(body: str) -> str:
    """The beginning of a body that is read: whole lines as far as they fit, or a part of a line that fits in no way."""
    if len(body) <= MAX_CHARACTERS and body.count("\n") < MAX_LINES:
        return body
    left, at = MAX_CHARACTERS, 0
    for number, match in enumerate(re.finditer(r"[^\r\n]*+(?:\r\n|\r|\n|\Z)", body)):
        left -= len(match.group().strip())
        if left < 0 or number >= MAX_LINES:
            return body[: max(at, min(match.end(), MAX_CHARACTERS))] if number < MAX_LINES else body[:at]
        at = match.end()
    return body


def _is_url(href: str) -> bool:
    return next(spot_links(href), None) is not None


def _label_of(spotted: LinkInText, labels: Sequence[tuple[str, Phrase, Position]]) -> Phrase | None:
    for _, label, (start, end) in labels:
        if start <= spotted.start and spotted.end <= end:
            return label
    return None


def prepare(text: str, echoes: Iterable[str] = ()) -> str:
    """Return the text with all that is no part of the answer blanked out, at its full length."""
    text = _SURROGATE.sub("\ufffd", text).replace("\x00", "\ufffd")
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
    mark = opening[1]
    closings = [
        match
        for match in _FENCE_LINE.finditer(text, opening.end())
        if match[1].startswith(mark) and match.group().strip() == match[1]
    ]
    inner = len(text[opening.end() : closings[-1].start() if closings else len(text)].strip())
    if inner * 2 <= len(text.strip()) or not closings:
        return text
    # the last fence closes the outer one only when those between come in pairs; else the first one does
    closing = closings[-1] if len(list(_FENCE_LINE.finditer(text))) % 2 == 0 else closings[0]
    text = _blank(text, closing.start(), closing.end())
    return _blank(text, opening.start(), opening.end())


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


_FAR: Final = 2_000
"""Characters behind the last thing found within which the next one is looked for."""


class _MarkdownReader:
    """Walks the tokens of the Markdown parser and finds each again in the body."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._labels: list[tuple[str, Phrase, Position]] = []
        self._at = 0
        self._end = 0

    def read(self) -> list[tuple[str, Phrase, Position]]:
        """Fill the answer in; return its inline links: destination, link text, and where the whole link stands."""
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
        if token.type != "fence" or last < self._answer.lines - 1:
            return
        closing = self._answer.line(min(last, self._answer.lines) - 1).strip()
        if last - first < 2 or not closing.startswith(token.markup) or closing.strip(token.markup[0]):  # noqa: PLR2004
            self._answer.unclosed_fence = self._answer.line_starts[first]

    def _inline(self, children: list[Token], first: int, last: int) -> None:
        starts = self._answer.line_starts
        if last > first:  # the cells of a table have no place of their own: they go on from the last one
            self._at = max(starts[first], self._at)
            self._end = starts[last] if last < len(starts) else len(self._answer.body)
        opened: list[tuple[str, str, int, list[str]]] = []
        for child in children:
            if child.type in ("strong_open", "em_open", "link_open"):
                opened.append((child.type, str(child.attrs.get("href", "")), self._at, []))
            elif child.type in ("strong_close", "em_close", "link_close") and opened:
                self._close(*opened.pop())
            elif child.type in ("text", "code_inline", "softbreak"):
                self._text(child, [pieces for _, _, _, pieces in opened])
            elif child.type == "image":
                self._image(child)

    def _text(self, child: Token, opened: list[list[str]]) -> None:
        content = child.content if child.type != "softbreak" else " "
        for pieces in opened:
            pieces.append(content)
        if child.type == "softbreak":
            return
        start = self._find(content)
        if child.type == "code_inline":
            self._answer.phrases.append(Phrase("code", content, start, self._at))

    def _image(self, token: Token) -> None:
        source = str(token.attrs.get("src", ""))
        start = self._find(token.content)
        self._label(source, token.content, start, self._at)

    def _close(self, kind: str, href: str, start: int, pieces: list[str]) -> None:
        text = "".join(pieces)
        begin = (
            self._answer.body.find(pieces[0], start, min(self._end, start + len(pieces[0]) + _FAR)) if pieces else -1
        )
        begin = begin if begin >= 0 else start
        end = max(self._at, begin)
        if kind == "link_open":
            self._label(href, text, begin, end)
        elif text.strip():
            self._answer.phrases.append(Phrase("strong" if kind == "strong_open" else "emphasis", text, begin, end))

    def _label(self, href: str, text: str, begin: int, end: int) -> None:
        phrase = Phrase("label", text, begin, end)
        at = self._answer.body.find(href, begin, min(self._end, end + len(href) + 200)) if href else end
        if href and at >= end:
            self._at = max(self._at, at + len(href))
        elif href and href != text:  # a reference link: its destination stands elsewhere
            elsewhere = self._answer.body.find(href)
            at = elsewhere if elsewhere >= 0 else begin
        self._labels.append((href, phrase, (min(begin, at) if at < end else at, max(end, at + len(href)))))
        if href != text:
            self._answer.phrases.append(phrase)

    def _find(self, content: str) -> int:
        """Move on behind a piece of text; return where it begins, as nearly as can be told."""
        end = min(self._end, self._at + len(content) + _FAR)
        found = self._answer.body.find(content, self._at, end) if content else -1
        if found < 0:
            return self._at
        self._at = found + len(content)
        return found

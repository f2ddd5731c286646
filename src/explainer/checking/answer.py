"""Reads an answer as it is: what it says where, every position in the text as it was given.

`prepare` blanks out what is no part of the answer (the echo of the question, `<think>` blocks, an outer fence, residue
such as `[cite: 12]`) character by character, so that nothing moves. A CommonMark parser then tells links, emphasis,
code and headings; what hides from it is found in the plain text. What reaches the parser is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from explainer.catalogs.links import Link, arxiv_link, doi_link, identify
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
Form: TypeAlias = Literal["url", "bare", "arxiv", "doi", "number", "broken"]
Position: TypeAlias = tuple[int, int]

# what a URL may consist of: up to a space, a quote or a bracket of prose; Markdown may escape some of its signs
_RUN: Final = re.compile(r"(?:[^\s<>\"`\\|，。、；：！？）】」』》“”]++|\\(?=[_~*&#-]))++")
_SCHEMES: Final = r"""(?P<url>https?://)
      | (?P<broken>(?<![\w/.])(?:hxxps?|htps?|htt?ps?|ttps?|ftp|file|javascript|data)(?:[:;]/{0,3}|/{2})(?=[\w/]))
      | (?P<arxiv>(?<![\w/.])arxiv(?:\s?id)?\s{0,2}[:\s]\s{0,2}(?=\d{4}\.\d{4,5}|[a-z-]{2,10}(?:\.[a-z]{2})?/\d{7}))
      | (?P<doi>(?<![\w/.])10\.\d{4,9}/(?=\S))
      | (?P<ssh>(?<!\w)git@(?=github\.com[:/]))
      | (?P<number>(?<![\w.:/-])(?:0[7-9]|[12]\d)(?:0[1-9]|1[0-2])\.\d{4,5}(?:v\d{1,2})?(?![\w.]*\w))
"""
# top-level domains that links of papers and code have; with a path behind them, so that `e.g.` and `U.S.` are none
_DOMAINS: Final = r"(?:com|org|io|net|ai|edu|co|dev|gov|cn|de|uk|jp|fr|eu|ch|info|app|tech|me|site)/(?=\w)"
_FLAGS: Final = re.VERBOSE | re.IGNORECASE
_WITH_SCHEME: Final = re.compile(_SCHEMES, _FLAGS)
_WITH_OR_WITHOUT: Final = re.compile(
    rf"{_SCHEMES} | (?P<bare>(?<![\w@/.:-])(?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.){{1,4}}{_DOMAINS})", _FLAGS
)
# the domains inside whole URLs are no hint at addresses without a scheme
_WHOLE_URL: Final = re.compile(r"https?://\S+", re.IGNORECASE)
_DOMAIN_HINT: Final = re.compile(rf"\.{_DOMAINS}", re.IGNORECASE)
_ARXIV: Final = re.compile(r"(?:\d{4}\.\d{4,5}|[a-z-]{2,10}(?:\.[a-z]{2})?/\d{7})(?:v\d{1,3})?", re.IGNORECASE)
_LONGEST: Final = 4_096  # characters that a URL may have
# punctuation of the sentence around a URL, and marks of emphasis
_TRAILING: Final = ".,;:!?'’*_~†"
# what goes on as a URL would, behind such punctuation
_GOES_ON: Final = re.compile(rf"[{_TRAILING}]*+(?:[^\W_]|[-/%&=#+@(])")
_CLOSING: Final = {")": "(", "]": "["}
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
class LinkInText:
    """A link in a text.

    Attributes:
        start: where it begins.
        end: where it ends.
        text: the link as it is written, without punctuation around it.
        form: how it is written: a `url`, a `bare` address, an `arxiv` id, a `doi`, a `number` that reads like an arXiv
            id, or a `broken` URL.
        link: what it leads to; None when that cannot be told.
    """

    start: int
    end: int
    text: str
    form: Form
    link: Link | None


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
    citations: list[Cited] = field(default_factory=list)
    phrases: list[Phrase] = field(default_factory=list)
    headings: dict[int, int] = field(default_factory=dict)
    code_lines: set[int] = field(default_factory=set)
    tables: set[int] = field(default_factory=set)
    odd_hrefs: list[tuple[str, Phrase]] = field(default_factory=list)
    cut: bool = False
    unclosed_fence: int | None = None

    @property
    def line_starts(self) -> list[int]:
        """Where each line begins."""
        return self.positions.starts

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
    answer.cut |= len(spotted_links) == MAX_LINKS
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
    around = (label.phrase for label in labels if label.start <= spotted.start <= spotted.end <= label.end)
    return next(around, None)


def clean(text: str) -> str:
    """Return a text without half characters, which JSON can hold and no output can."""
    return _SURROGATE.sub("\ufffd", text)


def spot_links(text: str, exact: Sequence[str] = ()) -> Iterator[LinkInText]:
    """Yield the links in a text, in order.

    Args:
        text: any text.
        exact: URLs that are taken as they are, even where they hold punctuation that usually ends a URL.
    """
    # an address without a scheme is rare, and looking for one takes longer than for all else
    pattern = _WITH_OR_WITHOUT if _DOMAIN_HINT.search(_WHOLE_URL.sub(" ", text)) else _WITH_SCHEME
    position = 0
    while (match := pattern.search(text, position)) is not None:
        position = match.end()
        spotted = _link_at(text, match, exact)
        if spotted is not None:
            yield spotted
            position = max(spotted.end, match.start() + 1)


def _link_at(text: str, match: re.Match[str], exact: Sequence[str]) -> LinkInText | None:
    """The link that begins as a match says; None where nothing follows that makes it one."""
    kind, start = str(match.lastgroup), match.start()
    if kind == "number":
        return LinkInText(start, match.end(), match[0], "number", arxiv_link(match[0]))
    if kind == "arxiv":
        number = _ARXIV.match(text, match.end())
        if number is None:
            return None
        return LinkInText(start, number.end(), text[start : number.end()], "arxiv", arxiv_link(number[0]))
    run = _RUN.match(text, start, start + _LONGEST) or match
    written = _exactly(run[0], exact) or _trimmed(run[0])
    if kind in _BEGINNINGS and len(written.rstrip("/")) <= len(match[0].rstrip("/")):
        return None
    form, read = _FORMS[kind]
    link = read(written.replace("\\", ""))
    if link is None and form == "url":
        form = "broken"
    return LinkInText(start, start + len(written), written, form, link)


_FORMS: Final[dict[str, tuple[Form, Callable[[str], Link | None]]]] = {
    "url": ("url", identify),
    "ssh": ("url", identify),
    "bare": ("bare", identify),
    "doi": ("doi", doi_link),
    "broken": ("broken", lambda _: None),
}
# what these begin with is no link by itself
_BEGINNINGS: Final = frozenset({"doi", "broken"})


def _exactly(run: str, exact: Sequence[str]) -> str | None:
    """The longest of some URLs that a run of characters begins with, if the run does not go on as a URL would."""
    fitting = [url for url in exact if run.startswith(url) and not _GOES_ON.match(run, len(url))]
    return max(fitting, key=len, default=None)


def _trimmed(run: str) -> str:
    """A run of characters up to the first bracket that closes nothing, without trailing punctuation."""
    depth = dict.fromkeys(_CLOSING.values(), 0)
    for index, char in enumerate(run):
        if char in depth:
            depth[char] += 1
        elif char in _CLOSING:
            depth[_CLOSING[char]] -= 1
            if depth[_CLOSING[char]] < 0:
                return run[:index].rstrip(_TRAILING)
    return run.rstrip(_TRAILING)


def prepare(text: str, echoes: Iterable[str] = ()) -> str:
    """Return the text with all that is no part of the answer blanked out, at its full length."""
    text = clean(text).replace("\x00", "\ufffd")
    for echo in filter(None, echoes):
        text = text.replace(f'"{echo}"', f'"{_blank(echo)}"', 1)
    text = _THINKING.sub(lambda match: _blank(match[0]), text)
    text = _without_outer_fence(text)
    return _RESIDUE.sub(lambda match: _blank(match[0]), text)


def _blank(text: str) -> str:
    return _NOT_A_BREAK.sub(" ", text)


def _without_outer_fence(text: str) -> str:
    """Blank out the two lines of a fence that holds most of the text: the answer was delivered in it."""
    fences = list(_FENCE_LINE.finditer(text))
    closings = [fence for fence in fences[1:] if _closes_fence(fence, fences[0][1])]
    if not closings:
        return text
    opening = fences[0]
    if opening[0].rstrip().casefold().endswith("mermaid"):  # a diagram may be most of an answer
        return text
    inner = text[opening.end() : closings[-1].start()].strip()
    if len(inner) * 2 <= len(text.strip()):
        return text
    # the last fence closes the outer one only when those between come in pairs; else the first one does
    closing = closings[0] if len(fences) % 2 else closings[-1]
    between = text[opening.end() : closing.start()]
    return text[: opening.start()] + _blank(opening[0]) + between + _blank(closing[0]) + text[closing.end() :]


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
        self._blocks = {
            "heading_open": self._heading,
            "table_open": self._table,
            "code_block": self._code_block,
            "fence": self._fence,
            "inline": self._inline,
        }
        self._readers = {
            "text": self._text,
            "softbreak": self._break,
            "code_inline": self._code,
            "image": self._image,
            **dict.fromkeys(_OPENINGS, self._open),
            **dict.fromkeys(_CLOSINGS, self._close),
        }

    def read(self) -> list[_Label]:
        """Fill the answer in; return the texts of its inline links."""
        for token in _markdown().parse(_bounded(self._answer.body)):
            if token.type in self._blocks:
                self._blocks[token.type](token, *(token.map or (0, 0)))
        return self._labels

    def _heading(self, token: Token, first: int, _: int) -> None:
        self._answer.headings[first] = int(token.tag[1])

    def _table(self, _: Token, first: int, last: int) -> None:
        self._answer.tables.update(range(first, last))

    def _code_block(self, _: Token, first: int, last: int) -> None:
        self._answer.code_lines.update(range(first, last))

    def _fence(self, token: Token, first: int, last: int) -> None:
        """Note a block of code; and that it is not closed, when it reaches to the end of the answer."""
        self._code_block(token, first, last)
        if last < self._answer.lines - 1:
            return
        closing = self._answer.line(min(last, self._answer.lines) - 1).strip()
        is_closed = last > first + 1 and closing.startswith(token.markup) and not closing.strip(token.markup[0])
        if not is_closed:
            self._answer.unclosed_fence = self._answer.line_starts[first]

    def _inline(self, token: Token, first: int, last: int) -> None:
        if last > first:  # the cells of a table have no place of their own: they go on from the last one
            self._at = max(self._answer.line_starts[first], self._at)
            self._end = self._answer.start_of(last)
        self._opened = []
        for child in token.children or ():
            if child.type in self._readers:
                self._readers[child.type](child)

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

    def _open(self, child: Token) -> None:
        self._opened.append(_Opened(str(child.attrs.get("href", "")), self._at))

    def _close(self, child: Token) -> None:
        kind, opened = _CLOSINGS[child.type], self._opened.pop()
        text = "".join(opened.pieces)
        begin = self._place_of("".join(opened.pieces[:1]), opened.start)
        end = max(self._at, begin)
        if kind == "label":
            self._label(opened.href, text, begin, end)
        elif text.strip():
            self._answer.phrases.append(Phrase(kind, text, begin, end))

    def _place_of(self, content: str, start: int) -> int:
        """Where a piece of text begins at or after a place, as nearly as can be told."""
        return max(start, self._answer.body.find(content, start, min(self._end, start + len(content) + _FAR)))

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
        start = self._answer.body.find(content, self._at, end)
        if start < 0:
            return self._at
        self._at = start + len(content)
        return start

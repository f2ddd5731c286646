"""Reads an answer as it is: what it says where, every position in the text as it was given.

`prepare` blanks out what is no part of the answer (the echo of the question, `<think>` blocks, an outer fence, residue
such as `[cite: 12]`) character by character, so that nothing moves. A CommonMark parser then tells links, emphasis,
code and headings; what hides from it is found in the plain text. What reaches the parser is bounded.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from msgspec import Struct

from explainer.catalogs.links import Link, home_field, identify, is_placeholder_host, opened_url
from explainer.checking.spotting import (
    Destination,
    Form,
    LinkInText,
    anchor_text,
    html_destinations,
    spot_links,
    tag_destinations,
    unparsed_destinations,
)
from explainer.checking.titles import content_words
from explainer.diagnostics.text import lazy_regex, reason_of
from explainer.documents.document import Lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
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

# a destination of another scheme than http, such as `javascript:`; in front may stand what browsers take off
_OTHER_SCHEME: Final = lazy_regex(r"[\s\x00-\x20]*+[a-z][a-z0-9+.\s-]{0,60}:", re.IGNORECASE)
_NOT_A_BREAK: Final = lazy_regex(r"[^\r\n]")
# What reasoning models think aloud before they answer, in the forms in which servers send it: an opening mark, the
# thoughts, and a closing mark of the same kind. Tags may have attributes; the first column names the tags.
_THOUGHT_TAGS: Final = (
    "think|thinking|thought|thoughts|thought_process|reason|reasoning|reasoning_content|reflection|scratchpad|analysis"
    "|inner_monologue|internal_monologue|chain_of_thought|cot|(?:seed|mm|antml):think(?:ing)?"
)
_THOUGHT_OPENING: Final = lazy_regex(
    rf"\s*+(?:(?:```+\w*\s+)?<(?P<tag>{_THOUGHT_TAGS}|details(?=[^>]{{0,200}}reasoning))(?:\s[^<>]{{0,200}})?>"
    r"|\[(?P<bracket>THINK|REASONING)\]|◁(?P<triangle>think)▷|<\|(?:begin_of_thought|START_THINKING|thinking)\|>(?P<mark>)"
    r"|(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)(?P<channel>)|analysis(?=[A-Z\W])(?P<bare>)"
    r"|<unused94>(?P<unused>))",
    re.IGNORECASE,
)
# what an opening mark, which is slow to compile, begins with
_THOUGHT_BEGINNINGS: Final = ("`", "<", "[", "◁", "a", "A")
_THOUGHT_CLOSINGS: Final = {
    "tag": lazy_regex(
        rf"<(?P<slash>/?)(?:{_THOUGHT_TAGS}|details)(?:\s[^<>]{{0,200}})?>", re.IGNORECASE
    ),
    "bracket": lazy_regex(r"\[/(?:THINK|REASONING)\]", re.IGNORECASE),
    "triangle": lazy_regex("◁/think▷", re.IGNORECASE),
    "mark": lazy_regex(r"<\|(?:end_of_thought|END_THINKING|/thinking)\|>", re.IGNORECASE),
    "channel": lazy_regex(r"(?:<\|start\|>assistant)?<\|channel\|>final[^<\n]{0,80}<\|message\|>"),
    "bare": lazy_regex(r"assistantfinal"),
    "unused": lazy_regex("<unused95>"),
}
# a closing tag whose opening one stands in the prompt, as the templates of some models have it: it ends its line
_LONE_CLOSING: Final = lazy_regex(
    rf"</(?:{_THOUGHT_TAGS})>[ \t]*(?=[\r\n#]|\Z)|\[/THINK\]|◁/think▷",
    re.IGNORECASE,
    needs=("</", "[/", "◁/"),
)
# Marks that chat interfaces leave in copied answers, whose digits would read as ids. Each is spelled out, for whatever
# else stands in such brackets is a part of the answer.
_RESIDUE: Final = lazy_regex(
    r"\[cite_start\]|\[cite(?:_end)?:?(?:[\s,;-]|\d{1,3}(?![\d.]))*+\]"
    r"|【\s*(?:cite:\s*)?\d{1,3}(?:[:,]\s*\d{1,3}){0,8}"
    r"(?:†(?:L\d{1,5}(?:-L?\d{1,5})?|[A-Za-z_ -]{0,60}(?:\.[a-z]{2,4})?))?\s*】"
    r"|:contentReference\[oaicite:\d{1,3}\](?:\{index=\d{1,3}\})?|\[oaicite:\d{1,3}\]",
    re.IGNORECASE,
    needs=("[", "【"),
)
# languages of programs and of shells, whose quoted addresses are data; those of markup and data may hold references
_PROGRAMMING: Final = frozenset(
    "bash c c++ console cpp cs csharp curl dockerfile go http ipython java javascript js julia kotlin php powershell "  # noqa: SIM905
    "py pycon python python3 r rb rs ruby rust scala sh shell shell-session swift ts tsx typescript zsh".split()
)
# what stands before an address that a program uses: the quote of a string, or a command that loads it, in no comment
_IN_PROGRAM: Final = lazy_regex(
    r"\A(?!.*(?:#|//|/?\*)(?:\s|\Z)).*(?:[\"'`]|\b(?:curl|wget|http|fetch)\s(?:.*\s)?)\Z"
)
# pictures, sounds, films and data, but no documents
_DATA_FILE: Final = lazy_regex(
    r"\.(?:jpe?g|png|gif|webp|bmp|tiff?|svg|mp[34]|wav|flac|ogg|avi|mov|webm|csv|json|npy)"
    r"(?:[?#]|\Z)",
    re.IGNORECASE,
)
# languages of a fence in which a whole answer may be delivered, and not a part of one
_PROSE_FENCES: Final = frozenset({"", "markdown", "md", "text", "txt", "plaintext"})
# an opening or closing fence; backticks behind it would make it inline code (CommonMark 0.31, section 4.5)
_FENCE_LINE: Final = lazy_regex(r"^ {0,3}(`{3,}|~{3,})[^`\n]*$", re.MULTILINE, needs=("```", "~~~"))
# quotations in the scripts that answers come in; eight characters exclude single words and inch marks
_QUOTED: Final = lazy_regex(
    '"([^"\n]{8,300})"|“([^“”\n]{8,300})”|«([^«»\n]{8,300})»|「([^「」\n]{4,300})」|《([^《》\n]{4,300})》'
    "|„([^„“”\n]{8,300})[“”]|»([^«»\n]{8,300})«|『([^『』\n]{4,300})』|(?<!\\w)‘([^‘’\n]{8,300})’(?!\\w)"
    "|<(?:cite|q|i|em|dfn)>([^<>\n]{8,300})</(?:cite|q|i|em|dfn)>"
    "|<[a-z][^<>\n]{0,300}>"  # the quotes within a tag are no quotations
)
# a line with the first item of a numbered list, and what begins an item behind it: `1. Task: … 2. Workflow: … 3. …`
_FIRST_ITEM: Final = lazy_regex(r"^[ \t>*_#-]{0,8}\(?1[.)][*_]{0,2}[ \t][^\r\n]*", re.MULTILINE)
_NEXT_ITEM: Final = lazy_regex(
    r"[ \t](?=[*_(]{0,3}(?P<number>\d{1,2})[.)][*_]{0,2}[ \t]+[*_\[\"“]{0,3}[^\W\d_])"
)
# in a line that is a whole list: there are three sections, and `Fig. 2. The …` is no item
_MIN_ITEMS: Final = 3
# a run of one mark of 64 or more is an ornament, or an attack on the parser's backtracking
_METACHARACTER_RUN: Final = lazy_regex(r"([^\w\s/\\])\1{63,}+")
# half characters, which JSON can carry into a text and no report could write
_SURROGATE: Final = lazy_regex("[\ud800-\udfff]")


class Phrase(Struct, frozen=True):
    """A part of the answer that stands out: the text of a link, something emphasised, quoted or in code."""

    kind: PhraseKind
    text: str
    start: int
    end: int


class Cited(Struct, frozen=True):
    """A link of the answer, with the text that it stands behind, if any."""

    spotted: LinkInText
    label: Phrase | None = None


class _MarkedLink(Struct, frozen=True):
    """A link of Markdown or HTML: its destination with its place, its text if any, and where its construct stands."""

    href: str
    start: int
    end: int
    label: Phrase | None
    around: Position
    is_base: bool = False


class Answer(Struct):
    """What was read of one answer.

    Attributes:
        text: the answer as it was given.
        body: the same text with everything blanked out that is no part of it, and the items of a list on lines of their
            own; positions are the same in both.
        positions: finds the lines of the body; `given`: those of the text.
        citations: links, in order.
        phrases: what stands out, in order.
        headings: Markdown headings: line (from 0) and level.
        samples: links in code that only show what an address may be.
        code_lines: lines (from 0) inside fences and indented code, with the language of the code, which may be empty.
        tables: lines (from 0) inside tables.
        odd_hrefs: link destinations that are no URL, such as `#`, `link` or nothing, with their link text.
        cut: the answer is longer than what was read.
        unclosed_fence: a fence is opened and never closed.
    """

    text: str
    body: str
    positions: Lines
    given: Lines
    citations: list[Cited] = []
    samples: list[Cited] = []
    phrases: list[Phrase] = []
    headings: dict[int, int] = {}
    code_lines: dict[int, str] = {}
    tables: set[int] = set()
    odd_hrefs: list[tuple[str, Phrase]] = []
    cut: bool = False
    unclosed_fence: int | None = None
    _texts: list[str] = []

    def __post_init__(self) -> None:
        """Cut the body into lines once: every reader and every rule goes through them."""
        ends = [*self.line_starts[1:], len(self.body)]
        self._texts = [
            self.body[start:end].rstrip("\r\n")
            for start, end in zip(self.line_starts, ends, strict=True)
        ]

    @property
    def line_starts(self) -> list[int]:
        """Where each line begins."""
        return self.positions.starts

    @property
    def lines(self) -> int:
        """The number of lines."""
        return len(self._texts)

    def line_of(self, index: int) -> int:
        """The line, from 0, of a character."""
        return self.positions.position(index)[0] - 1

    def position(self, index: int) -> Position:
        """The line and the column, both from 1, of a character in the answer as it was given."""
        return self.given.position(index)

    def line(self, number: int) -> str:
        """A line of the body, counted from 0, without its line break."""
        return self._texts[number]

    def start_of(self, number: int) -> int:
        """Where a line begins, counted from 0; the end of the body for one behind the last."""
        return self.line_starts[number] if number < self.lines else len(self.body)

    def span(self, number: int) -> Position:
        """Where a line, counted from 0, begins and ends, without its line break."""
        start = self.line_starts[number]
        return start, start + len(self.line(number))

    def phrases_of(self, *kinds: PhraseKind) -> list[Phrase]:
        """The phrases of some kinds."""
        return [phrase for phrase in self.phrases if phrase.kind in kinds]

    def cite_samples(self, lines: Collection[int]) -> None:
        """Take for citations the samples in spans of code on some lines, counted from 0, but files with data."""
        for cited in self.samples:
            line = self.line_of(cited.spotted.start)
            if line not in lines or line in self.code_lines:
                continue
            if _DATA_FILE.search(cited.spotted.url) is None:
                self.citations.append(cited)
        self.citations.sort(key=lambda cited: cited.spotted.start)

    def is_program(self, number: int) -> bool:
        """Whether a line, counted from 0, is the code of a program, which cites nothing by name."""
        return self.code_lines.get(number) in _PROGRAMMING


def parse_answer(text: str, *, echoes: Iterable[str] = (), urls: Sequence[str] = ()) -> Answer:
    """Read an answer.

    Args:
        text: the answer.
        echoes: forms in which it may repeat the question; what stands inside the echo is not its own.
        urls: URLs that may hold punctuation which usually ends a URL.
    """
    body = _within_bounds(prepare(text[:MAX_LENGTH], echoes))
    answer = Answer(text, body, Lines(body), Lines(text), cut=len(text) > len(body))
    marked_links = _MarkdownReader(answer).read()
    spotted_links = list(islice(spot_links(body, urls), MAX_LINKS))
    answer.cut |= max(len(spotted_links), len(marked_links)) >= MAX_LINKS
    base = next((opened_url(marked.href) for marked in marked_links if marked.is_base), None)
    links = _LinksByPlace(body, spotted_links)
    for marked in marked_links[:MAX_LINKS]:
        odd = links.add(marked, base)
        if odd and marked.label:
            answer.odd_hrefs.append((marked.href, marked.label))
    answer.phrases += _quotations(body)
    samples = _Samples(answer, urls)
    for cited in links.cited():
        place = answer.samples if samples.contains(cited) else answer.citations
        place.append(cited)
    answer.phrases.sort(key=lambda phrase: (phrase.start, phrase.end))
    return answer


class _Samples:
    """The links in code that only show what an address may be, as in `requests.get("https://images.dev/cat.jpg")`.

    A repository or a paper is never one of them, nor what stands in a comment, in prose or in markup.
    """

    def __init__(self, answer: Answer, urls: Sequence[str]) -> None:
        self._answer = answer
        self._urls = frozenset(urls)
        self._spans = answer.phrases_of("code")

    def contains(self, cited: Cited) -> bool:
        spotted = cited.spotted
        if spotted.form not in ("url", "bare"):
            return False
        if spotted.url in self._urls:
            return False
        if home_field(spotted.url):
            return False
        is_made_up = is_placeholder_host(spotted.url)
        if self._answer.line_of(spotted.start) not in self._answer.code_lines:
            return is_made_up and self._is_in_span(spotted.start)
        return is_made_up or self._is_data(spotted)

    def _is_data(self, spotted: LinkInText) -> bool:
        """Whether a link in a block of code is that of a file with data, or one that a program opens."""
        number = self._answer.line_of(spotted.start)
        if self._answer.code_lines[number] != "mermaid" and _DATA_FILE.search(spotted.url):
            return True  # but a diagram shows its pictures
        line = self._answer.body[self._answer.start_of(number) : spotted.start]
        return self._answer.is_program(number) and _IN_PROGRAM.search(line) is not None

    def _is_in_span(self, at: int) -> bool:
        return any(span.start <= at < span.end for span in self._spans)


class _LinksByPlace:
    """The links of a text: those that are seen in it, and those that its markup leads to, each place once."""

    def __init__(self, body: str, spotted_links: Iterable[LinkInText]) -> None:
        self._body = body
        self._spotted = {spotted.start: spotted for spotted in spotted_links}
        self._starts = sorted(self._spotted)
        self._added: list[Cited] = []
        self._labels: dict[int, Phrase] = {}

    def add(self, marked: _MarkedLink, base: str | None) -> bool:
        """Add a link of the markup; return whether it leads nowhere."""
        seen = self._inside(marked.start, marked.end)
        self._keep_label(marked, seen)
        url = opened_url(marked.href, None if marked.is_base else base)
        if url is None and not _OTHER_SCHEME.match(marked.href):
            return not seen
        link = identify(url) if url else None
        self._forget_shown(marked, link, seen)
        if [self._spotted[start].link for start in seen] == [link]:
            return False
        self._forget(seen)
        written = self._body[marked.start : marked.end]
        form: Form = "url" if link else "broken"
        spotted = LinkInText(marked.start, marked.end, written, form, link, url or marked.href)
        self._added.append(Cited(spotted, marked.label))
        return False

    def _keep_label(self, marked: _MarkedLink, seen: Iterable[int]) -> None:
        if marked.label is None:
            return
        for start in (*seen, *self._inside(*marked.around)):
            self._labels.setdefault(start, marked.label)

    def _forget_shown(self, marked: _MarkedLink, link: Link | None, seen: Sequence[int]) -> None:
        """Leave out the text of a link that shows where it leads: it is one citation."""
        if marked.label is None or link is None:
            return
        shown = set(self._inside(marked.label.start, marked.label.end)).difference(seen)
        leading_there = {start for start in shown if self._spotted[start].link == link}
        self._forget(leading_there)

    def _forget(self, starts: Collection[int]) -> None:
        if not starts:
            return
        self._starts = [start for start in self._starts if start not in starts]
        for start in starts:
            del self._spotted[start]

    def _inside(self, start: int, end: int) -> list[int]:
        """Where the links begin that are seen in a part of the text."""
        return self._starts[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def cited(self) -> list[Cited]:
        """All links, in the order of the text."""
        seen = [Cited(spotted, self._labels.get(start)) for start, spotted in self._spotted.items()]
        cited = [*seen, *self._added]
        return sorted(cited, key=lambda link: (link.spotted.start, link.spotted.end))


def _quotations(body: str) -> Iterator[Phrase]:
    for match in _QUOTED.finditer(body):
        if match.lastindex is not None:
            yield Phrase("quote", match[match.lastindex], *match.span(match.lastindex))


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


def clean(text: str) -> str:
    """Return a text without half characters, which JSON can hold and no output can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def prepare(text: str, echoes: Iterable[str] = ()) -> str:
    """Return the text with all that is no part of the answer blanked out, at its full length."""
    text = clean(text).replace("\x00", "\ufffd")
    for echo in filter(None, echoes):
        text = text.replace(f'"{echo}"', f'"{_blank(echo)}"', 1)
    text = _without_thoughts(text)
    text = _without_outer_fence(text)
    text = _RESIDUE.sub(lambda match: _blank(match[0]), text)
    return _FIRST_ITEM.sub(_items_on_lines, text)


def _blank(text: str) -> str:
    return _NOT_A_BREAK.sub(" ", text)


def _items_on_lines(match: re.Match[str]) -> str:
    """A line that holds a whole numbered list, each item on a line of its own; any other line as it is."""
    line, breaks = match[0], list[int]()
    for item in _NEXT_ITEM.finditer(line):
        if int(item["number"]) == len(breaks) + 2:
            breaks.append(item.start())
    if len(breaks) + 1 < _MIN_ITEMS:
        return line
    return "\n".join(line[begin + 1 : end] for begin, end in pairwise([-1, *breaks, len(line)]))


def _without_thoughts(text: str) -> str:
    """Blank out what a model thought before it answered; what stands elsewhere, or is not closed, is a part of it."""
    end = _end_of_thoughts(text)
    return _blank(text[:end]) + text[end:]


def _end_of_thoughts(text: str) -> int:
    end = 0
    may_begin = text.lstrip().startswith(_THOUGHT_BEGINNINGS)
    while may_begin and (opening := _THOUGHT_OPENING.match(text, end)) is not None:
        closing = _closing_thought(text, opening)
        if closing is None:
            return end
        end = closing.end()
    if end:
        return end
    closing = _LONE_CLOSING.search(text)
    if closing is None or _has_opening(text[: closing.start()]):
        return 0
    return closing.end()


def _closing_thought(text: str, opening: re.Match[str]) -> re.Match[str] | None:
    """The mark that closes a thought; tags may be nested."""
    depth = 1
    for closing in _THOUGHT_CLOSINGS[str(opening.lastgroup)].finditer(text, opening.end()):
        depth += 1 if closing.groupdict().get("slash") == "" else -1
        if not depth:
            return closing
    return None


def _has_opening(text: str) -> bool:
    """Whether a thought begins in a text, so that a closing mark behind it is not alone."""
    return any(match["slash"] == "" for match in _THOUGHT_CLOSINGS["tag"].finditer(text))


def _without_outer_fence(text: str) -> str:
    """Blank out the two lines of a fence that holds most of the text: the answer was delivered in it."""
    fences = list(_FENCE_LINE.finditer(text))
    if not fences or _language(fences[0]) not in _PROSE_FENCES:
        return text
    closing = _outer_closing(fences)
    if closing is None:
        return text
    opening = fences[0]
    between = text[opening.end() : closing.start()]
    if len(between.strip()) * 2 <= len(text.strip()):
        return text
    before, behind = text[: opening.start()], text[closing.end() :]
    return before + _blank(opening[0]) + between + _blank(closing[0]) + behind


def _outer_closing(fences: Sequence[re.Match[str]]) -> re.Match[str] | None:
    """The fence that closes the first one, when those between are pairs: one with a language opens, a bare one closes.

    In an answer that says that it is Markdown, the blocks within may have no language either; then the last one closes.
    """
    depth = 0
    for fence in fences:
        if depth and _closes_fence(fence, fences[0][1][0] * 3):
            depth -= 1
        else:
            depth += 1
        if not depth:
            return fences[-1] if _holds_all_others(fences) else fence
    return None


def _holds_all_others(fences: Sequence[re.Match[str]]) -> bool:
    """Whether the first fence, which says its language, is closed by the last one, and the others are pairs."""
    first, last = fences[0], fences[-1]
    if len(fences) % 2:
        return False
    if not _closes_fence(last, first[1]):
        return False
    return bool(_language(first))


def _language(fence: re.Match[str]) -> str:
    return fence[0].strip().lstrip("`~").strip().casefold()


def _closes_fence(match: re.Match[str], mark: str) -> bool:
    if not match[1].startswith(mark):
        return False
    # what closes a block has nothing behind it
    return match.group().strip() == match[1]


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  # 40 ms that only answers need

    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table")
    for name in _PLACED_RULES:
        rule = next(rule.fn for rule in parser.inline.ruler.__rules__ if rule.name == name)
        parser.inline.ruler.at(name, _placed(rule))
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # none is hidden  # noqa: ARG005
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


_MAX_NESTING: Final = 40  # blocks within blocks, of which a list in a list is two
# rules of the Markdown parser whose tokens are told where they stand
_PLACED_RULES: Final = ("link", "image", "autolink", "html_inline", "backticks")
_PLACED_TOKENS: Final = frozenset({"link_open", "image", "html_inline", "code_inline"})


def _placed(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """The same rule of the parser, which also notes where in the source of a block the text of its token stands.

    `meta["span"]` is where the construct stands; of links, `meta["label"]` is where their text ends, and `meta["href"]`
    where the destination stands behind it.
    """

    def placed(state: StateInline, silent: bool) -> bool:  # as the parser calls its rules
        start, count = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        if silent:
            return True
        for token in state.tokens[count:]:
            if token.type in _PLACED_TOKENS and "span" not in token.meta:
                token.meta["span"] = (start, state.pos)
                _place_destination(state, token, start)
                break
        return True

    return placed


def _place_destination(state: StateInline, token: Token, start: int) -> None:
    """Note where the text of a link ends, and where its destination stands."""
    if token.type not in ("link_open", "image"):
        return
    if state.src[start] == "<":
        token.meta["label"] = state.pos - 1
        token.meta["href"] = (start + 1, state.pos - 1)
        return
    end, helpers = state.pos, state.md.helpers
    label_end = helpers.parseLinkLabel(state, start + state.src.startswith("!", start), True)
    token.meta["label"] = label_end
    if end > label_end + 1 and state.src[label_end + 1] == "(":
        begin = label_end + 2
        while state.src[begin].isspace():
            begin += 1
        token.meta["href"] = (begin, helpers.parseLinkDestination(state.src, begin, end).pos)


def _bounded(body: str) -> str:
    """The body for the Markdown parser: one kind of line break, no heap of marks that takes it quadratic time."""
    text = body.replace("\r\n", " \n").replace("\r", "\n")
    text = _METACHARACTER_RUN.sub(lambda match: " " * len(match.group()), text)
    if text.count("[") > MAX_BRACKETS:
        text = text.replace("[", " ").replace("]", " ")
    return text


_INDENT: Final = lazy_regex("^ +", re.MULTILINE)
# characters behind the last thing found within which the next one is looked for
_FAR: Final = 2_000
# what a tag shows under the pointer
_TITLE: Final = lazy_regex(r"\stitle\s{0,9}=\s{0,9}([\"'])(.*?)\1", re.IGNORECASE)
_OPENINGS: Final = frozenset({"strong_open", "em_open", "link_open"})
_CLOSINGS: Final[dict[str, PhraseKind]] = {
    "strong_close": "strong",
    "em_close": "emphasis",
    "link_close": "label",
}


def judged_markdown(text: str, echoes: Iterable[str]) -> Sequence[Token]:
    """Return the tokens of an answer as `parse_answer` reads it: without thoughts, residue and echoes.

    A parser that meets too deep a list passes over the rest of the text: then all of it is one token, as it is written.
    """
    from markdown_it.token import Token  # noqa: PLC0415  # see `_markdown`

    source = _own_indents(text, _bounded(_within_bounds(prepare(text[:MAX_LENGTH], echoes))))
    tokens = _tokens(source)[0]
    is_too_deep = any(token.level >= _MAX_NESTING - 1 for token in tokens)
    return [Token("html_block", "", 0, content=source)] if is_too_deep else tokens


class UnreadableAnswerError(Exception):
    """The library that reads Markdown failed at an answer; the text says how."""


@lru_cache(maxsize=1)  # an answer is judged, and then shown
def _tokens(source: str) -> tuple[Sequence[Token], Mapping[str, Any]]:
    """The tokens of a Markdown text, and its definitions of reference links."""
    environment: dict[str, Any] = {}
    try:
        tokens = _markdown().parse(source, environment)
    except Exception as error:
        raise UnreadableAnswerError(reason_of(error)) from error
    return tokens, environment.get("references", {})


def _own_indents(text: str, source: str) -> str:
    """The source without the spaces at the beginning of lines that stand for thoughts or residue: it is no code."""
    return _INDENT.sub(
        lambda match: "" if text[match.start() : match.end()].strip() else match[0], source
    )


class _Opened(Struct):
    """A part of the text whose closing mark is still to come."""

    token: Token
    start: int
    pieces: list[str] = []


class _MarkdownReader:
    """Walks the tokens of the Markdown parser and finds each again in the body."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._source = _bounded(answer.body)
        self._definitions: dict[str, Any] = {}  # of reference links, as the parser keeps them
        self._links: list[_MarkedLink] = []
        self._opened: list[_Opened] = []
        self._contents = [0]  # where each line of a block begins in its content
        self._lines = [0]  # and in the body
        self._at = 0
        self._end = 0
        self._blocks = {
            "heading_open": self._heading,
            "table_open": self._table,
            "code_block": self._code_block,
            "fence": self._fence,
            "html_block": self._html_block,
            "inline": self._inline,
        }
        self._readers = {
            "text": self._text,
            "softbreak": self._break,
            "code_inline": self._code,
            "image": self._image,
            "html_inline": self._html,
            **dict.fromkeys(_OPENINGS, self._open),
            **dict.fromkeys(_CLOSINGS, self._close),
        }

    def read(self) -> list[_MarkedLink]:
        """Fill the answer in; return the links of its markup."""
        tokens, references = _tokens(_own_indents(self._answer.text, self._source))
        self._definitions = {item["href"]: item["map"] for item in references.values()}
        for token in tokens:
            if token.type in self._blocks:
                self._blocks[token.type](token, *(token.map or (0, 0)))
        for destination in self._unmarked(unparsed_destinations(self._answer.body)):
            self._mark_unparsed(destination)
        for destination in self._unmarked(tag_destinations(self._answer.body)):
            if self._is_opened(destination):
                self._mark_html(destination, destination.start, destination.end)
        return self._links

    def _is_opened(self, destination: Destination) -> bool:
        """Whether a tag leads somewhere: code may show what HTML looks like, and there only addresses count."""
        if destination.start not in self._characters_in_code:
            return True
        return opened_url(destination.href) is not None

    def _unmarked(self, destinations: Iterable[Destination]) -> list[Destination]:
        """Those of some destinations at whose places no link is noted yet."""
        places = {link.start for link in self._links}
        return [destination for destination in destinations if destination.start not in places]

    def _mark_unparsed(self, destination: Destination) -> None:
        """Note what the parser does not read; `click A href "/p"` in a diagram opens nothing, and is shown itself."""
        place = (destination.start, destination.end)
        label = None if opened_url(destination.href) else Phrase("label", destination.href, *place)
        self._links.append(_MarkedLink(destination.href, *place, label, place))

    @cached_property
    def _characters_in_code(self) -> set[int]:
        """The places of the characters in code, in blocks and within lines."""
        code: set[int] = set()
        for line in self._answer.code_lines:
            code.update(range(self._answer.start_of(line), self._answer.start_of(line + 1)))
        for phrase in self._answer.phrases_of("code"):
            code.update(range(phrase.start, phrase.end))
        return code

    def _heading(self, token: Token, first: int, _: int) -> None:
        self._answer.headings[first] = int(token.tag[1])

    def _table(self, _: Token, first: int, last: int) -> None:
        self._answer.tables.update(range(first, last))

    def _code_block(self, token: Token, first: int, last: int) -> None:
        language = "".join(token.info.split()[:1]).strip("{.}").casefold()
        self._answer.code_lines.update(dict.fromkeys(range(first, last), language))

    def _fence(self, token: Token, first: int, last: int) -> None:
        """Note a block of code; and that it is not closed, when it reaches to the end of the answer."""
        self._code_block(token, first, last)
        if last < self._answer.lines - 1:
            return
        closing = self._answer.line(min(last, self._answer.lines) - 1).strip()
        is_mark = closing.startswith(token.markup) and not closing.strip(token.markup[0])
        if not is_mark or last <= first + 1:
            self._answer.unclosed_fence = self._answer.line_starts[first]

    def _inline(self, token: Token, first: int, last: int) -> None:
        # the cells of a table have no place of their own: they go on from the last one
        if last > first:
            self._at = max(self._answer.line_starts[first], self._at)
            self._end = self._answer.start_of(last)
        self._place_lines(token.content, first)
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
        start, end = child.meta["span"]
        label_start, label_end = self._place(start + 2), self._place(child.meta["label"])
        phrase = Phrase("label", child.content, label_start, label_end)
        self._mark(child, str(child.attrs.get("src", "")), phrase)
        self._at = max(self._at, self._place(end))

    def _html_block(self, token: Token, first: int, _: int) -> None:
        self._place_lines(token.content, first)
        self._html_in(token.content, 0)

    def _html(self, child: Token) -> None:
        self._html_in(child.content, child.meta["span"][0])

    def _html_in(self, html: str, offset: int) -> None:
        """Note the destinations in HTML that begins at a place in the content of its block."""
        for destination in html_destinations(html):
            start, end = offset + destination.start, offset + destination.end
            self._mark_html(destination, self._place(start), self._place(end))

    def _mark_html(self, destination: Destination, start: int, end: int) -> None:
        """Note a destination in HTML, which is written at a place in the body."""
        label = self._anchor_text(end) if destination.is_anchor else None
        around = (start, label.end if label else end)
        self._links.append(
            _MarkedLink(destination.href, start, end, label, around, destination.is_base)
        )

    def _anchor_text(self, at: int) -> Phrase | None:
        """The text between the tag that a place is in and the end of its link."""
        found = anchor_text(self._answer.body, at)
        if found is None:
            return None
        begin = self._answer.body.rfind("<", max(0, at - _FAR), at)
        tooltip = _TITLE.search(self._answer.body, begin, found[1]) if begin >= 0 else None
        return self._telling(Phrase("label", *found), tooltip[2] if tooltip else "", begin)

    def _place_lines(self, content: str, first: int) -> None:
        """Find the lines of a block's content in the body, where containers such as quotations may indent them."""
        self._contents, self._lines = [], []
        offset = 0
        for number, line in enumerate(content.split("\n"), start=first):
            begin = self._answer.start_of(min(number, self._answer.lines))
            if self._at < self._answer.start_of(number + 1):
                begin = max(begin, self._at)
            self._contents.append(offset)
            self._lines.append(max(begin, self._source.find(line, begin, begin + len(line) + _FAR)))
            offset += len(line) + 1

    def _place(self, index: int) -> int:
        """Where in the body a character of the block's content stands."""
        line = bisect_right(self._contents, index) - 1
        return self._lines[line] + index - self._contents[line]

    def _add(self, content: str) -> None:
        for opened in self._opened:
            opened.pieces.append(content)

    def _open(self, child: Token) -> None:
        self._opened.append(_Opened(child, self._at))

    def _close(self, child: Token) -> None:
        kind, opened = _CLOSINGS[child.type], self._opened.pop()
        text = "".join(opened.pieces)
        begin = self._place_of("".join(opened.pieces[:1]), opened.start)
        end = max(self._at, begin)
        if kind == "label":
            self._close_link(opened.token, text)
        elif text.strip():
            self._answer.phrases.append(Phrase(kind, text, begin, end))

    def _close_link(self, token: Token, text: str) -> None:
        start, end = token.meta["span"]
        href = str(token.attrs.get("href", ""))
        phrase = Phrase("label", text, self._place(start + 1), self._place(token.meta["label"]))
        self._mark(token, href, phrase)
        if href != text:
            self._answer.phrases.append(phrase)
        self._at = max(self._at, self._place(end))

    def _mark(self, token: Token, href: str, phrase: Phrase) -> None:
        """Note a link, whose destination stands behind its text, or where a reference is defined."""
        phrase = self._telling(
            phrase, str(token.attrs.get("title", "")), self._place(token.meta["span"][0])
        )
        begin, finish = map(self._place, token.meta["span"])
        if "href" in token.meta:
            start, end = map(self._place, token.meta["href"])
        elif href in self._definitions:
            first, last = self._definitions[href]
            start, end = self._answer.start_of(first), self._answer.start_of(last)
            start = max(start, self._source.find(":", start, end) + 1)
            written = self._source[start:end]
            start += len(written) - len(written.lstrip())
            if written.strip():
                end = start + len(written.split(maxsplit=1)[0])
        else:
            start, end = begin, finish
        self._links.append(_MarkedLink(href, start, end, phrase, (begin, finish)))

    def _telling(self, label: Phrase, tooltip: str, at: int) -> Phrase:
        """The text of a link, or what it shows under the pointer, where its text says only `paper` or `here`."""
        if "/" in tooltip:  # a link is judged as a link
            return label
        if content_words(label.text) or not content_words(tooltip):
            return label
        start = self._answer.body.find(tooltip, at, at + _FAR)
        if start < 0:
            return label
        return Phrase("label", tooltip, start, start + len(tooltip))

    def _place_of(self, content: str, start: int) -> int:
        """Where a piece of text begins at or after a place, as nearly as can be told."""
        end = min(self._end, start + len(content) + _FAR)
        return max(start, self._answer.body.find(content, start, end))

    def _find(self, content: str) -> int:
        """Move on behind a piece of text; return where it begins, as nearly as can be told."""
        end = min(self._end, self._at + len(content) + _FAR)
        start = self._answer.body.find(content, self._at, end)
        if start < 0:
            return self._at
        self._at = start + len(content)
        return start

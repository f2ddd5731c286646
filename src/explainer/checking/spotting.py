"""The links in a text: those that its reader sees, and those that a browser opens from the attributes of its HTML.

What is seen is read behind character references and escapes. Attributes are found wherever one may stand that a browser
follows, also inside comments, scripts and broken tags, since more is judged than is opened, never less.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from html import unescape
from itertools import islice
from typing import Final, Literal, TypeAlias
from unicodedata import normalize

from msgspec import Struct
from msgspec.structs import replace

from explainer.catalogs.links import (
    HIDDEN_CHARACTERS,
    Link,
    arxiv_link,
    doi_link,
    identify,
    opened_url,
)
from explainer.diagnostics.text import lazy_regex

Form: TypeAlias = Literal["url", "bare", "arxiv", "doi", "number", "broken"]

# what a URL may consist of: up to a space, a quote or a bracket of prose
_RUN: Final = lazy_regex(r"[^\s<>\"`\\|，。、；：！？）】」』》“”]++")
# how links begin, those first that may stand within a word
_SCHEMES: Final = r"""(?P<url>https?://)
      | (?P<ssh>(?<!\w)git(?:@(?=github\.com[:/])|://(?=\w)))
      | (?P<doi>(?:(?<![\w/.])|(?<=\bdoi)|(?<=\binfo:doi/))10\.\d{4,9}/(?=\S))
      | (?<![\w/.])(?:
          (?P<broken>(?:(?:hxxps?|htps?|htt?ps?|ttps?|ftp|file|javascript|data)(?:[:;∶]/{0,3}|/{2})
              | [htpsx]{3,8}[^\w\s/]{0,2}//)(?=[\w/]))
          | (?P<arxiv>(?:abs|pdf)/(?=\d{4}\.\d{4,5})
              | arxiv(?:[\s.-]{0,2}(?:id|no|nr|number|preprint|paper|e-?print)\b\.?)?
              [\])*_`]{0,3}[:\s\#=/_-]{1,3}[\[(*_`]{0,3}(?=\d{4}\.\d{4,5}|[a-z-]{2,10}(?:\.[a-z]{2})?/\d{7}))
          | (?P<number>(?<![:-])(?:0[7-9]|[12]\d)(?:0[1-9]|1[0-2])\.\d{4,5}(?:v\d{1,2})?(?![\w.]*\w)))
"""
# top-level domains that links of papers and code have; with a path behind them, so that `e.g.` and `U.S.` are none
_DOMAINS: Final = (
    r"(?:com|org|io|net|ai|edu|co|dev|gov|cn|de|uk|jp|fr|eu|ch|info|app|tech|me|site|ly|be|gl|gg|xyz|cloud|science|page"
    r"|us|ca|au|nl|es|kr|ru|se|pl|br|hk|tw|sg|il|at|wiki|online|space|blog|art|video|news|live|top|to)(?::\d{1,5})?/(?=\w)"
)
_FLAGS: Final = re.VERBOSE | re.IGNORECASE | re.MULTILINE
# a look at the first character takes a third of the time
_WITH_SCHEME: Final = lazy_regex(rf"(?=[adfghjpstx\d])(?:{_SCHEMES})", _FLAGS)
_WITH_OR_WITHOUT: Final = lazy_regex(
    rf"""{_SCHEMES}
      | (?P<bare>(?<![^\W_])(?<![@.-])www\d?\.(?=[^\W_])
      | (?:(?<![\w@/.:-])|(?<=\s//)|(?<=^//))(?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.){{1,4}}{_DOMAINS})""",
    _FLAGS,
)
# every text that is a link has one of these
_LINK_MARK: Final = lazy_regex(r"/|\d\.\d|\bwww", re.IGNORECASE)
# the domains inside whole URLs are no hint at addresses without a scheme
_WHOLE_URL: Final = lazy_regex(rf"https?://{_RUN.pattern}", re.IGNORECASE)
# viewers of GitHub's Markdown end a bare URL at a space or `<` alone, which matters where it climbs behind a bracket
_BARE_RUN: Final = lazy_regex(r"[^\s<]++")
_CLIMBS: Final = lazy_regex(r"[/\\](?:\.|%2e){2}(?:[/\\?#]|\Z)", re.IGNORECASE, needs=("..", "%"))
_DOMAIN_HINT: Final = lazy_regex(
    rf"\.(?:{_DOMAINS}|(?<=www\.)|(?<=www\d\.))", re.IGNORECASE, needs=("/", "www")
)
_ARXIV: Final = lazy_regex(
    r"(?:\d{4}\.\d{4,5}|[a-z-]{2,10}(?:\.[a-z]{2})?/\d{7})(?:v\d{1,3})?", re.IGNORECASE
)
_LONGEST: Final = 4_096  # characters that a URL may have
# punctuation of the sentence around a URL, and marks of emphasis
_TRAILING: Final = ".,;:!?'’*_~†"
# what goes on as a URL would, behind such punctuation
_GOES_ON: Final = lazy_regex(rf"[{_TRAILING}]*+(?:[^\W_]|[-/%&=#+@(])")
_CLOSING: Final = {")": "(", "]": "[", "}": "{"}
_SPACE: Final = r"[\t\n\f\r ]"
# attributes whose value, or a part of it, is opened or loaded (HTML Standard, "Attributes"; SVG 2, "Linking")
_ATTRIBUTE: Final = lazy_regex(
    r"(?<![\w:.-])(?P<name>(?:xlink:)?href|src|srcset|imagesrcset|srcdoc|action|formaction|data|poster|background|cite"
    r"|longdesc|codebase|classid|archive|manifest|ping|content|to|from|by|values|style|on[a-z]{3,20})"
    rf"{_SPACE}*+={_SPACE}*+"
    # a value in quotes ends where the next attribute opens its own, so that looking for all ends takes linear time
    r"(?:\"(?P<double>[^\"]*+)|'(?P<single>[^']*+)"
    r"|(?P<bare>[\x00-\x08\x0e-\x1f]*+[^\t\n\f\r >\"'][^\t\n\f\r >]{0,4096}))",
    re.IGNORECASE,
)
_SCRIPT: Final = lazy_regex(r"<script\b", re.IGNORECASE, needs=("<",))
# destinations of Markdown where its parser does not look: in footnotes, in what is indented too far or nested too deep;
# and those of diagrams, formulas, wikis and reStructuredText
_UNPARSED: Final = lazy_regex(
    r"\]\(\s{0,9}+<?(?P<inline>[^\s<>()]{1,4096})"
    r"|^[ \t>]{0,99}+\[[^\]\n]{1,200}\]:\s{0,9}+<?(?=(?P<defined>[^\s<>]{1,4096}))"
    r"|^[ \t]{0,99}+click\s{1,9}+\S{1,99}\s{1,9}+(?:href\s{1,9}+)?\"(?P<clicked>[^\"\n]{1,4096})"
    r"|@\{[^{}\n]{0,400}?\bimg:\s{0,9}+[\"']?(?P<pictured>[^\s\"'{},]{1,4096})"
    r"|\\(?:href|url|includegraphics)(?:\[[^\]\n]{0,99}\])?\s{0,9}+\{\s{0,9}+(?P<typeset>[^\s{}]{1,4096})"
    r"|\[(?:\[\s{0,9}+|(?=//\w))(?P<wiki>[^\s\[\]|]{1,4096})"
    r"|<(?P<restructured>[^\s<>]{1,4096})>`_"
    r"|^[ \t]{0,99}+\.\.[ \t](?:_[^:\n]{1,200}|image:|figure:):[ \t]{1,9}+(?P<directive>\S{1,4096})",
    re.IGNORECASE | re.MULTILINE,
    needs=("[", "](", "]:", "click", "{", ">`_", ".."),
)
# a tag as browsers take it, also one that is none for CommonMark, such as `<a/href=x>` or `<a title="x"href=y>`
_ODD_TAG: Final = lazy_regex(
    r"<[a-z](?:[^<>\"']++|\"[^\"]{0,1000}+\"|'[^']{0,1000}+'|[\"'])*+", re.IGNORECASE, needs=("<",)
)
_TAG: Final = lazy_regex(r"<[^<>]{0,4096}>")
_IS_ANCHOR: Final = lazy_regex(r"a(?![a-z])")
_ANCHOR_END: Final = lazy_regex(r"</a\b|<a\b", re.IGNORECASE)
_LONGEST_LABEL: Final = 500
_REFRESH: Final = lazy_regex(
    r"[\s\d.]{0,40}[;,]?\s{0,40}(?:url\s{0,40}=)?\s{0,40}['\"]?([^'\"]*)", re.IGNORECASE
)
_STYLE_URL: Final = lazy_regex(r"url\(\s{0,40}['\"]?([^'\")]{0,4096})", re.IGNORECASE)
_STYLE_ESCAPE: Final = lazy_regex(r"\\([0-9a-fA-F]{1,6})[ \t\n\f\r]?")
# a URL of a `srcset` ends at a space, and what describes it at a comma
_CANDIDATE: Final = lazy_regex(r"[\s,]*(\S*[^\s,])(?:\s[^,]*)?")
# values of these are links only where they say so themselves: `content="width=device-width"`, `values="0;1"`
_SPELLED_OUT: Final = frozenset(
    {"content", "to", "from", "by", "values", "style", "data", "archive", "classid"}
)
_ABSOLUTE: Final = lazy_regex(
    r"[\s\x00-\x20]*+(?:[a-z][a-z0-9+.\s-]{0,60}:|[/\\]{2})", re.IGNORECASE
)
_LEADS_AWAY: Final = lazy_regex(
    r"[\s\x00-\x20]*+(?:(?:https?|javascript|vbscript|data|file|blob):|[/\\]{2})", re.IGNORECASE
)
_MAX_DOCUMENTS: Final = 3  # of `srcdoc` within `srcdoc`
# what stands for other characters: character references, backslash escapes, what cannot be told from a letter, stops in
# brackets, and markup in the middle of a word
_ENCODED: Final = lazy_regex(
    # a look at the first character takes half of the time: `&`, `(`, `*`, `<`, `[`, `\`, or none of ASCII, which takes
    # 0.5 ms to compile, where naming all others took 4
    r"(?=[^\x00-%')+-;=-Z\]-\x7f])(?:"
    r"&(?i:#\d{1,8};?|#x[0-9a-f]{1,8};?|[a-z][a-z0-9]{1,31};)|\\[!-/:-@\[-`{-~]"
    r"|[\[(](?:\.|(?i:dot))[\])]"
    r"|(?<=[\w./:-])(?:</?(?i:b|i|em|strong|u|s|wbr|span|font|mark|small|big|tt|kbd)\b[^<>]{0,200}>|<!--[^<>]{0,200}-->){1,9}"
    r"(?=[\w./:-])"
    r"|(?<=[\d.])\*{1,2}(?=[\d.])"
    rf"|[{HIDDEN_CHARACTERS}\u2024\uff0e\uff0f\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff])"
)


class LinkInText(Struct, frozen=True):
    """A link in a text.

    Attributes:
        start: where it begins.
        end: where it ends.
        text: the link as it is written, without punctuation around it.
        form: how it is written: a `url`, a `bare` address, an `arxiv` id, a `doi`, a `number` that reads like an arXiv
            id, or a `broken` URL.
        link: what it leads to; None when that cannot be told.
        url: the same as its reader sees it, without character references and escapes.
    """

    start: int
    end: int
    text: str
    form: Form
    link: Link | None
    url: str


class Destination(Struct, frozen=True):
    """Where a piece of markup leads.

    Attributes:
        href: the destination, decoded from its markup, as it is handed to the browser.
        start: where it is written; `end`: where that ends.
        is_base: it is what the relative destinations of the page start from.
        is_anchor: the text behind its tag is what is clicked.
    """

    href: str
    start: int
    end: int
    is_base: bool = False
    is_anchor: bool = False


class SeenText:
    """A text as its reader sees it, its references and escapes decoded, with the way back to the places in the source.

    Attributes:
        text: what is seen.
    """

    def __init__(self, source: str) -> None:
        pieces: list[str] = []
        self._seen, self._written = [0], [0]
        at = length = 0
        for match in _ENCODED.finditer(source):
            decoded = _decoded(match[0])
            pieces += [source[at : match.start()], decoded]
            length += match.start() - at
            # the place of the character itself, and that of what stands behind it
            self._seen += [length, length + len(decoded)]
            self._written += [match.start(), match.end()]
            length += len(decoded)
            at = match.end()
        self.text: Final = "".join([*pieces, source[at:]]) if pieces else source

    def place(self, index: int) -> int:
        """Where in the source a character of the text is written; behind the last one, where the source ends."""
        piece = bisect_right(self._seen, index) - 1
        return self._written[piece] + index - self._seen[piece]


# what stands for another character, by what it begins with
_DECODERS: Final[dict[str, Callable[[str], str]]] = {
    "&": unescape,
    "\\": lambda escape: escape[1],
    **dict.fromkeys("[(", lambda _: "."),
    **dict.fromkeys("<*", lambda _: ""),
    **dict.fromkeys(HIDDEN_CHARACTERS, lambda _: ""),
}


def _decoded(encoded: str) -> str:
    """What is seen of something encoded; of a letter that only looks unlike one of ASCII, that one."""
    decode = _DECODERS.get(encoded[0])
    if decode is None:
        return normalize("NFKC", encoded)
    return decode(encoded)


def is_link(text: str) -> bool:
    """Whether a text is a link and nothing else, such as a DOI or `arXiv:2401.10000`."""
    written = text.strip(" .,;:()[]")
    if not _LINK_MARK.search(written):
        return False
    links = islice(spot_links(written), 1)
    return any(spotted.text == written and spotted.form != "broken" for spotted in links)


def spot_links(text: str, exact: Sequence[str] = ()) -> Iterator[LinkInText]:
    """Yield the links in a text, in order.

    Args:
        text: any text.
        exact: URLs that are taken as they are, even where they hold punctuation that usually ends a URL.
    """
    seen = SeenText(text)
    if seen.text is text:
        yield from _spot_links(text, exact)
        return
    for spotted in _spot_links(seen.text, exact):
        start, end = seen.place(spotted.start), seen.place(spotted.end)
        written = text[start:end]
        # a backslash that Markdown would take for an escape ends the host for a browser: `https://a.org\@b.org`
        as_opened = None
        if "\\" in written and "@" in written:
            as_opened = opened_url(written)
        link = identify(as_opened) if as_opened else spotted.link
        yield replace(spotted, start=start, end=end, text=written, link=link)


def _spot_links(text: str, exact: Sequence[str]) -> Iterator[LinkInText]:
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
    kind = str(match.lastgroup)
    if kind == "number":
        return LinkInText(*match.span(), match[0], "number", arxiv_link(match[0]), match[0])
    if kind == "arxiv":
        return _arxiv_at(text, match)
    return _url_at(text, match, kind, exact)


def _arxiv_at(text: str, match: re.Match[str]) -> LinkInText | None:
    """The id of arXiv behind its name."""
    number = _ARXIV.match(text, match.end())
    if number is None:
        return None
    written = text[match.start() : number.end()]
    return LinkInText(match.start(), number.end(), written, "arxiv", arxiv_link(number[0]), written)


def _url_at(text: str, match: re.Match[str], kind: str, exact: Sequence[str]) -> LinkInText | None:
    """The URL that begins at a match, as far as it goes."""
    start = match.start()
    behind = _RUN.match(text, match.end(), start + _LONGEST)
    run = match[0] + (behind[0] if behind else "")
    written = _climbing(text, start, _exactly(run, exact) or _trimmed(run))
    goes_on = len(written.rstrip("/")) > len(match[0].rstrip("/"))
    if kind in _BEGINNINGS and not goes_on:
        return None
    form, read = _FORMS[kind]
    link = read(written) if len(run) < _LONGEST else None
    if link is None and form == "url":
        form = "broken"
    return LinkInText(start, start + len(written), written, form, link, written)


def _climbing(text: str, start: int, written: str) -> str:
    """A URL with what viewers of Markdown add to it, where that climbs to another page: `…/repo)/../../other`."""
    bare = _BARE_RUN.match(text, start, start + _LONGEST)
    if bare is None:
        return written
    if not _CLIMBS.search(bare[0], len(written)):
        return written
    return bare[0].rstrip(_TRAILING)


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
    if run in exact:  # no other is as long
        return run
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


def html_destinations(html: str, depth: int = 1) -> Iterator[Destination]:
    """Yield the destinations in HTML, with their places in it."""
    for script in _SCRIPT.finditer(html):
        yield Destination("javascript:", *script.span())
    position = 0
    while (match := _ATTRIBUTE.search(html, position)) is not None:
        position = match.end("name")
        group = str(match.lastgroup)
        name, value = match["name"].lower(), unescape(match[group])
        tag = html[html.rfind("<", 0, match.start()) : match.start()][1:8].lower()
        is_base, is_anchor = tag.startswith("base"), _IS_ANCHOR.match(tag) is not None
        for href in _hrefs(name, value, depth):
            if name in _SPELLED_OUT and not _ABSOLUTE.match(href):
                continue
            start, end = match.span(group)
            written = html.find(href, start, end)
            if written >= 0:
                start, end = written, written + len(href)
            yield Destination(href, start, end, is_base, is_anchor)


def unparsed_destinations(text: str) -> Iterator[Destination]:
    """Yield what reads like the destination of a link of Markdown, or of a node of Mermaid, and says where it leads."""
    for match in _UNPARSED.finditer(text):
        group = str(match.lastgroup)
        href = SeenText(match[group]).text
        if _LEADS_AWAY.match(href) or group == "clicked":
            yield Destination(href, *match.span(group))


def tag_destinations(text: str) -> Iterator[Destination]:
    """Yield the destinations in the tags of a text, also in those that are no HTML for a parser of Markdown."""
    for tag in _ODD_TAG.finditer(text):
        if "=" not in tag[0]:
            continue
        for destination in html_destinations(tag[0]):
            start, end = tag.start() + destination.start, tag.start() + destination.end
            yield replace(destination, start=start, end=end)


def anchor_text(html: str, at: int) -> tuple[str, int, int] | None:
    """Return the text from the tag that a place is in to the end of its link, where that begins, and where it ends."""
    start = html.find(">", at) + 1
    end = _ANCHOR_END.search(html, start, start + _LONGEST_LABEL) if start else None
    if end is None:
        return None
    text = unescape(_TAG.sub("", html[start : end.start()]))
    if not text.strip():
        return None
    return text, start, end.start()


def _hrefs(name: str, value: str, depth: int) -> Iterator[str]:
    """The destinations in the value of an attribute."""
    if name.startswith("on"):
        yield "javascript:"
        return
    if name != "srcdoc":
        yield from _SPLITTERS.get(name, _whole)(value)
    elif depth < _MAX_DOCUMENTS:
        for destination in html_destinations(value, depth + 1):
            yield destination.href


def _whole(value: str) -> Iterator[str]:
    yield value


def _matches(pattern: re.Pattern[str]) -> Callable[[str], Iterator[str]]:
    return lambda value: (match[1] for match in pattern.finditer(value))


def _styles(value: str) -> Iterator[str]:
    r"""The URLs in a style sheet, behind its escapes: `u\72l(…)` (CSS Syntax Level 3, section 4.3.7)."""
    decoded = _STYLE_ESCAPE.sub(lambda match: chr(min(int(match[1], 16), 0x10FFFF)), value)
    return (match[1] for match in _STYLE_URL.finditer(decoded))


def _refresh(value: str) -> Iterator[str]:
    match = _REFRESH.match(value)
    if match:
        yield match[1]


_SPLITTERS: Final[dict[str, Callable[[str], Iterator[str]]]] = {
    **dict.fromkeys(("srcset", "imagesrcset"), _matches(_CANDIDATE)),
    "ping": lambda value: iter(value.split()),
    "values": lambda value: iter(value.split(";")),
    "content": _refresh,
    "style": _styles,
}

"""What a browser opens from the markup of an answer, and what its reader sees of its text.

Markdown tells the destinations of its own links. Those in HTML are found attribute by attribute, wherever one may stand
that a browser follows: also inside comments, scripts and broken tags, since more is judged than is opened, never less.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final
from unicodedata import normalize

from explainer.catalogs.links import HIDDEN_CHARACTERS

_SPACE: Final = r"[\t\n\f\r ]"
# attributes whose value, or a part of it, is opened or loaded (HTML Standard, "Attributes"; SVG 2, "Linking")
_ATTRIBUTE: Final = re.compile(
    r"(?<![\w:.-])(?P<name>(?:xlink:)?href|src|srcset|imagesrcset|srcdoc|action|formaction|data|poster|background|cite"
    r"|longdesc|codebase|classid|archive|manifest|ping|content|to|from|by|values|style|on[a-z]{3,20})"
    rf"{_SPACE}{{0,99}}={_SPACE}{{0,99}}"
    r"(?:\"(?P<double>[^\"]{0,4096})|'(?P<single>[^']{0,4096})|(?P<bare>[^\t\n\f\r >\"'][^\t\n\f\r >]{0,4096}))",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[^<>]{0,4096}>")
_IS_ANCHOR: Final = re.compile(r"a(?![a-z])")
_ANCHOR_END: Final = re.compile(r"</a\b|<a\b", re.IGNORECASE)
_LONGEST_LABEL: Final = 500
_REFRESH: Final = re.compile(r"[\s\d.]{0,40}[;,]?\s{0,40}(?:url\s{0,40}=)?\s{0,40}['\"]?([^'\"]*)", re.IGNORECASE)
_STYLE_URL: Final = re.compile(r"url\(\s{0,40}['\"]?([^'\")]{0,4096})", re.IGNORECASE)
# a URL of a `srcset` ends at a space, and what describes it at a comma
_CANDIDATE: Final = re.compile(r"[\s,]*(\S*[^\s,])(?:\s[^,]*)?")
# values of these are links only where they say so themselves: `content="width=device-width"`, `values="0;1"`
_WHOLE_URLS: Final = frozenset({"content", "to", "from", "by", "values", "style", "data", "archive", "classid"})
_WHOLE_URL: Final = re.compile(r"[\s\x00-\x20]*+(?:[a-z][a-z0-9+.\s-]{0,60}:|[/\\]{2})", re.IGNORECASE)
_MAX_DOCUMENTS: Final = 3  # of `srcdoc` within `srcdoc`
# what stands for other characters: character references, backslash escapes, and what cannot be told from a letter
_ENCODED: Final = re.compile(
    r"&(?:#\d{1,8};?|#x[0-9a-f]{1,8};?|[a-z][a-z0-9]{1,31};)|\\[!-/:-@\[-`{-~]"
    rf"|[{HIDDEN_CHARACTERS}\u2024\uff0e\uff0f\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Destination:
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


def _decoded(encoded: str) -> str:
    if encoded[0] == "&":
        return unescape(encoded)
    if encoded[0] == "\\":
        return encoded[1]
    return normalize("NFKC", encoded) if encoded not in HIDDEN_CHARACTERS else ""


def html_destinations(html: str, depth: int = 1) -> Iterator[Destination]:
    """Yield the destinations in HTML, with their places in it."""
    position = 0
    while (match := _ATTRIBUTE.search(html, position)) is not None:
        position = match.end("name")
        group = str(match.lastgroup)
        name, value = match["name"].lower(), unescape(match[group])
        tag = html[html.rfind("<", 0, match.start()) : match.start()][1:8].lower()
        for href in _hrefs(name, value, depth):
            if name not in _WHOLE_URLS or _WHOLE_URL.match(href):
                yield Destination(href, *match.span(group), tag.startswith("base"), _IS_ANCHOR.match(tag) is not None)


def anchor_text(html: str, at: int) -> tuple[str, int, int] | None:
    """Return the text between the tag that a place is in and the end of its link, where that begins, and where it ends."""
    start = html.find(">", at) + 1
    end = _ANCHOR_END.search(html, start, start + _LONGEST_LABEL) if start else None
    if end is None:
        return None
    text = unescape(_TAG.sub("", html[start : end.start()]))
    return (text, start, end.start()) if text.strip() else None


def _hrefs(name: str, value: str, depth: int) -> Iterator[str]:
    """The destinations in the value of an attribute."""
    if name.startswith("on"):
        yield "javascript:"
        return
    if name == "srcdoc":
        if depth < _MAX_DOCUMENTS:
            for destination in html_destinations(value, depth + 1):
                yield destination.href
        return
    yield from _SPLITTERS.get(name, _whole)(value)


def _whole(value: str) -> Iterator[str]:
    yield value


def _matches(pattern: re.Pattern[str]) -> Callable[[str], Iterator[str]]:
    return lambda value: (match[1] for match in pattern.finditer(value))


def _refresh(value: str) -> Iterator[str]:
    match = _REFRESH.match(value)
    if match:
        yield match[1]


_SPLITTERS: Final[dict[str, Callable[[str], Iterator[str]]]] = {
    **dict.fromkeys(("srcset", "imagesrcset"), _matches(_CANDIDATE)),
    "ping": lambda value: iter(value.split()),
    "values": lambda value: iter(value.split(";")),
    "content": _refresh,
    "style": _matches(_STYLE_URL),
}

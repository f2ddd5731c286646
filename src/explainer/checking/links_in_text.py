"""Finds links in plain text, wherever they hide: URLs, addresses without a scheme, arXiv ids, DOIs, broken URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from explainer.catalogs.links import Link, arxiv_link, doi_link, identify

Form: TypeAlias = Literal["url", "bare", "arxiv", "doi", "number", "broken"]

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
_CLOSING: Final = {")": "(", "]": "["}


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


def spot_links(text: str, exact: Sequence[str] = ()) -> Iterator[LinkInText]:
    """Yield the links in a text, in order.

    Args:
        text: any text.
        exact: URLs that are taken as they are, even where they hold punctuation that usually ends a URL.
    """
    # an address without a scheme is rare, and looking for one takes longer than for all else
    starts = _WITH_OR_WITHOUT if _DOMAIN_HINT.search(_WHOLE_URL.sub(" ", text)) else _WITH_SCHEME
    at = 0
    while (match := starts.search(text, at)) is not None:
        spotted = _read(text, match, exact)
        if spotted is not None:
            yield spotted
        at = max(spotted.end if spotted else match.end(), match.start() + 1)


def _read(text: str, match: re.Match[str], exact: Sequence[str]) -> LinkInText | None:
    """The link that begins as a match says; None where nothing follows that makes it one."""
    kind, start = match.lastgroup, match.start()
    if kind == "number":
        return LinkInText(start, match.end(), match[0], "number", arxiv_link(match[0]))
    if kind == "arxiv":
        number = _ARXIV.match(text, match.end())
        if number is None:
            return None
        return LinkInText(start, number.end(), text[start : number.end()], "arxiv", arxiv_link(number[0]))
    run = _RUN.match(text, start, start + _LONGEST)
    written = run.group() if run is not None else match.group()
    return _read_address(str(kind), match, _exactly(written, exact) or _trimmed(written))


def _read_address(kind: str, match: re.Match[str], written: str) -> LinkInText | None:
    start, end = match.start(), match.start() + len(written)
    if kind == "doi":
        has_suffix = "/" in written.rstrip("/")
        return LinkInText(start, end, written, "doi", doi_link(written)) if has_suffix else None
    if kind == "broken":
        return LinkInText(start, end, written, "broken", None) if len(written) > len(match.group()) else None
    link = identify(written.replace("\\", ""))
    if kind == "bare":
        return LinkInText(start, end, written, "bare", link)
    return LinkInText(start, end, written, "broken" if link is None else "url", link)


def _exactly(run: str, exact: Sequence[str]) -> str | None:
    """The longest of some URLs that a run of characters begins with, if the run does not go on as a URL would."""
    fitting = [url for url in exact if run.startswith(url) and not _goes_on(run[len(url) :])]
    return max(fitting, key=len, default=None)


def _goes_on(rest: str) -> bool:
    rest = rest.lstrip(_TRAILING)
    return bool(rest) and (rest[0].isalnum() or rest[0] in "/-%&=?#+@(")


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

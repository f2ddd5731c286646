"""What bibliographies of all formats have in common: names, years, and the links of a publication."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from explainer.catalogs.links import arxiv_address, home_field, identify
from explainer.catalogs.loading import shipped_tasks
from explainer.curation.importers.record import as_text, first_of

_DOI_PREFIX: Final = re.compile(
    r"(?:(?:doi\s*:|https?://(?:dx\.|www\.)?doi\.org/|(?:dx\.)?doi\.org/)\s*)+", re.IGNORECASE
)
_YEAR: Final = re.compile(r"(?<!\d)(?:1[89]|2\d)\d\d(?!\d)")
# An arXiv id in a text that says what it is: `arXiv preprint arXiv:2401.10000`, `abs/1706.03763`.
_ARXIV: Final = re.compile(r"(?:abs/|arxiv[:.\s]*)((?:\d{4}\.\d{4,5}|[a-z-]+/\d{7})(?:v\d+)?)", re.IGNORECASE)
# Marks that publishers leave in titles and abstracts: HTML, and the JATS of Crossref.
_MARKUP: Final = re.compile(r"</?(?:i|b|em|strong|sup|sub|sc|span|scp|p|title|jats:[\w-]+|mml:[\w-]+)(?:\s[^<>]*)?/?>")
_WORD: Final = re.compile(r"[^\W_]+")
_CODE: Final = re.compile(r"(?:https?://)?(?:www\.)?github\.com/", re.IGNORECASE)


def doi_address(text: str) -> str | None:
    """Return the link of a DOI, which people write in many ways; what is none stays, to be pointed out."""
    match = _DOI_PREFIX.match(text.strip())
    number = text.strip()[match.end() :] if match else text.strip()
    if number.startswith("10."):
        return f"https://doi.org/{number}"
    return text or None


def mentioned_arxiv(text: str) -> str | None:
    """Return the link of the preprint whose id a text mentions."""
    match = _ARXIV.search(text)
    return match and arxiv_address(match[1])


def year_of(*texts: str) -> str | None:
    """Return the first year in some texts, also that of `2016a`; a first text without one stays, to be pointed out."""
    for text in texts:
        match = _YEAR.search(text)
        if match is not None:
            return match.group()
    return texts[0] or None


def in_order(parts: Iterable[str]) -> str:
    """Return `Last, First, Jr.` as people say it."""
    last, *others = [part.strip() for part in parts] or [""]
    return " ".join([*others[:1], last, *others[1:]])


def without_markup(value: Any) -> str | None:
    """Return a text without the marks of HTML; of a list of titles the first one."""
    if isinstance(value, list):
        value = next(iter(value), None)
    text = as_text(value)
    return text and " ".join(_MARKUP.sub("", text).split())


def is_code(link: str | None) -> bool:
    """Whether a link leads to a repository."""
    return link is not None and _CODE.match(link) is not None


def _is_weights(link: str) -> bool:
    return home_field(link) == "huggingface"


def _place_of(link: str) -> str:
    """What a link leads to, in whichever spelling."""
    meant = identify(link)
    return link if meant is None else meant.key + meant.detail


def reference_links(pages: Sequence[str | None], others: Iterable[str | None] = ()) -> Mapping[str, Any]:
    """Return the links of a publication by the keys of catalogs.

    Args:
        pages: links that may be the paper's own, the best one first.
        others: links that belong to it otherwise.
    """
    by_place: dict[str, str] = {}
    for link in filter(None, [*pages, *others]):
        by_place.setdefault(_place_of(link), link)
    links = list(by_place.values())
    own = {"github": first_of(filter(is_code, links)), "huggingface": first_of(filter(_is_weights, links))}
    pages_left = [link for link in links if link not in own.values()]
    own["paper"] = first_of(link for link in pages_left if link in pages)
    return {**own, "links": [link for link in links if link not in own.values()]}


def task_of(words: str | None) -> str | None:
    """Return the task that some words mean (`Image Classification`, `text-to-image`), of those that ship."""
    plain = _plain(words or "")
    tasks = (task.id for task in shipped_tasks() if plain in map(_plain, (task.id, *task.aliases)))
    return next(tasks, None)


def _plain(words: str) -> str:
    return " ".join(_WORD.findall(words.casefold()))

"""What a link of an answer leads to: what was offered, in this or another spelling, or something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from explainer.catalogs.links import Link, identify, is_placeholder, resembles
from explainer.checking.answer import Cited, LinkInText
from explainer.checking.offered import Offered, OwnLink
from explainer.checking.verdict import Match, Verdict

MAX_RESEMBLANCES: Final = 60
"""Foreign links of one answer that are compared with the offered ones, for a did-you-mean."""

# forms that give an id and no URL, so that there is no spelling to insist on
_BY_NUMBER: Final = frozenset({"arxiv", "doi", "number"})
_AS_ADDRESS: Final = frozenset({"url", "bare"})


def judge_links(citations: Sequence[Cited], offered: Offered) -> Iterator[tuple[Cited, Verdict]]:
    """Yield the links of an answer, each with what it is."""
    compared = 0
    for cited in citations:
        verdict = _judge_link(cited.spotted, offered)
        if verdict.match is Match.FOREIGN and cited.spotted.link is not None and compared < MAX_RESEMBLANCES:
            compared += 1
            verdict = _resembling(cited.spotted.link, offered) or verdict
        yield cited, verdict


def _judge_link(spotted: LinkInText, offered: Offered) -> Verdict:
    link = spotted.link
    if link is None:
        return _broken(spotted, offered)
    owners = offered.owners(link)
    if owners:
        return _offered(spotted, owners)
    known = offered.known_owners(link)
    if known:
        return _owned(Match.KNOWN, known)
    if link.key in offered.question_keys:
        return Verdict(Match.QUESTION)
    catalogued = offered.lookup.by_link(link) if offered.lookup is not None else None
    if catalogued:
        return Verdict(Match.CATALOGUED, (), catalogued)
    is_unfilled = spotted.form in _AS_ADDRESS and is_placeholder(spotted.text)
    return Verdict(Match.INVALID if is_unfilled else Match.FOREIGN)


def _offered(spotted: LinkInText, owners: Sequence[tuple[int, OwnLink]]) -> Verdict:
    spellings = (spotted.text, spotted.text.replace("\\", ""))  # Markdown may escape signs of a URL
    exact = [(index, own_link) for index, own_link in owners if own_link.url in spellings]
    is_exact = bool(exact) or spotted.form in _BY_NUMBER
    return _owned(Match.OFFERED if is_exact else Match.RESPELLED, exact or owners)


def _owned(match: Match, owners: Sequence[tuple[int, OwnLink]]) -> Verdict:
    sources, spellings = zip(*owners, strict=True)
    return Verdict(match, sources, None, spellings)


def _broken(spotted: LinkInText, offered: Offered) -> Verdict:
    """A broken URL may have been an offered one before it broke."""
    _, _, address = spotted.text.partition("/")
    link = identify("https://" + address.lstrip("/"))
    owners = offered.owners(link) if link is not None else []
    return Verdict(Match.INVALID, (), owners[0][1].url if owners else None)


def _resembling(link: Link, offered: Offered) -> Verdict | None:
    own_links = (own_link for source in offered.sources for own_link in source.links)
    meant = next((own_link.url for own_link in own_links if resembles(link, own_link.link)), None)
    return Verdict(Match.ALTERED, (), meant) if meant is not None else None

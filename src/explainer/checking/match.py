"""What a name, a title or a link of an answer is, measured by what was offered: the vocabulary, and links judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Final

from explainer.catalogs.links import Link, identify, is_placeholder, resembles
from explainer.checking.answer import Cited
from explainer.checking.offered import Offered, OwnLink
from explainer.checking.spotting import LinkInText


class Match(StrEnum):
    """How a citation fits what was offered. The value is its status in reports."""

    OFFERED = "offered"
    RESPELLED = "respelled"
    KNOWN = "known"
    SHORTENED = "shortened"
    REWORDED = "reworded"
    QUESTION = "question"
    ALTERED = "altered"
    CATALOGUED = "catalogued"
    FOREIGN = "foreign"
    INVALID = "invalid"
    MISATTRIBUTED = "misattributed"
    NO_CITATION = "none"


CERTAIN: Final = frozenset({Match.OFFERED, Match.KNOWN, Match.SHORTENED})
"""Names that leave no doubt about which entry is meant."""
OWN: Final = frozenset({Match.OFFERED, Match.RESPELLED, Match.KNOWN})
"""Links that are rightly of an offered entry."""
GOOD: Final = frozenset({*CERTAIN, *OWN, Match.REWORDED})
"""What a citation of an offered entry may be."""
# Foreign links are compared with the offered ones, for a did-you-mean, among the first links of an answer only.
_MAX_RESEMBLANCES: Final = 60
# forms that give an id and no URL, so that there is no spelling to insist on
_URL: Final = attrgetter("url")
_BY_NUMBER: Final = frozenset({"arxiv", "doi", "number"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on one name or link.

    Attributes:
        match: how it fits.
        sources: the offered entries that it means or resembles, by their places; of a link, those whose link it is.
        meant: the name that it means or resembles; of a link, the offered URL that it should or was meant to be.
        spellings: the links of `sources` in their own spelling, for a link.
    """

    match: Match
    sources: tuple[int, ...] = ()
    meant: str | None = None
    spellings: tuple[OwnLink, ...] = ()

    @property
    def good_sources(self) -> tuple[int, ...]:
        """The offered entries that it is rightly of."""
        return self.sources if self.match in GOOD else ()


def judge_links(citations: Sequence[Cited], offered: Offered) -> Iterator[tuple[Cited, Verdict]]:
    """Yield the links of an answer, each with what it is."""
    for number, cited in enumerate(citations):
        link = cited.spotted.link
        if link is None:
            yield cited, _broken(cited.spotted, offered)
            continue
        verdict = _judge(link, cited.spotted, offered)
        if verdict.match is Match.FOREIGN and number < _MAX_RESEMBLANCES:
            verdict = _resembling(link, offered)
        yield cited, verdict


def _judge(link: Link, spotted: LinkInText, offered: Offered) -> Verdict:
    owners = offered.owners(link)
    if owners:
        return _offered(spotted, owners)
    known = offered.known_owners(link)
    if known:
        return _owned(Match.KNOWN, known, next(map(_URL, offered.sources[known[0][0]].links), None))
    if link.key in offered.question_keys:
        return Verdict(Match.QUESTION)
    catalogued = offered.lookup.by_link(link)
    if catalogued:
        return Verdict(Match.CATALOGUED, (), catalogued)
    is_unfilled = spotted.form not in _BY_NUMBER and is_placeholder(spotted.url)
    return Verdict(Match.INVALID if is_unfilled else Match.FOREIGN)


def _offered(spotted: LinkInText, owners: Sequence[tuple[int, OwnLink]]) -> Verdict:
    exact = [(index, own_link) for index, own_link in owners if own_link.url == spotted.url]
    if exact or spotted.form in _BY_NUMBER:
        return _owned(Match.OFFERED, exact or owners)
    return _owned(Match.RESPELLED, owners, owners[0][1].url)


def _owned(match: Match, owners: Sequence[tuple[int, OwnLink]], meant: str | None = None) -> Verdict:
    sources, spellings = zip(*owners, strict=True)
    return Verdict(match, sources, meant, spellings)


def _broken(spotted: LinkInText, offered: Offered) -> Verdict:
    """A broken URL may have been an offered one before it broke."""
    _, _, address = spotted.text.partition("/")
    link = identify("https://" + address.lstrip("/"))
    owners = offered.owners(link) if link else ()
    return Verdict(Match.INVALID, (), next((own_link.url for _, own_link in owners), None))


def _resembling(link: Link, offered: Offered) -> Verdict:
    for source in offered.sources:
        for own_link in source.links:
            if resembles(link, own_link.link):
                return Verdict(Match.ALTERED, (), own_link.url)
    return Verdict(Match.FOREIGN)

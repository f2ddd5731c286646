"""The one vocabulary of judgement: what a name, a title or a link of an answer is, measured by what was offered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from explainer.checking.offered import OwnLink


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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on one name or link.

    Attributes:
        match: how it fits.
        sources: the offered entries that it means or resembles, by their places; of a link, those whose link it is.
        meant: the name that it means or resembles; of a link, the offered URL that it was probably meant to be.
        spellings: the links of `sources` in their own spelling, for a link.
    """

    match: Match
    sources: tuple[int, ...] = ()
    meant: str | None = None
    spellings: tuple[OwnLink, ...] = ()

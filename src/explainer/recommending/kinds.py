"""What a question has in hand and what it wants (a photo, text, sound …), and which signatures fit that.

A CNAPS signature names kinds of data on both sides of a `2`: `Txt2Img` makes images of texts, `ImgMsk2Img` images of
images and masks. A question seldom says so in these words, but “typed” tells of a text in hand, “portrait” of an image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from explainer.recommending.terms import term
from explainer.signature import Signature, builtin_ports

__all__ = ["Wish", "leading_signature"]

_IN_HAND: Final = {
    "Img": "photo photograph picture image selfie snapshot pic scan uploaded shot took snapped camera face",
    "Txt": "typed wrote write entered prompt sentence words text phrase described article document paragraph email",
    "Snd": "recording recorded audio spoke spoken dictated speech podcast voicemail song said",
    "Vid": "video clip footage filmed",
}
_WANTED: Final = {
    "Img": "photo photograph picture image portrait drew drawn painted painting illustration poster landscape",
    "Txt": "caption transcript transcribed subtitles summary summarized describes translation label tagged identified",
    "Snd": "voice aloud narrator narrated audiobook music melody sang pronounced intonation",
    "Vid": "video clip animation animated movie",
}


def leading_signature(text: str) -> Signature | None:
    """Read `ImgTxt2Img`, also at the beginning of a longer name; None when it is no signature of built-in ports."""
    return builtin_ports().parse_start(text)


@cache
def _votes(side: bool) -> Mapping[str, str]:
    """The kind that each telling term speaks for; True is what is in hand."""
    table = _IN_HAND if side else _WANTED
    return {term(word): kind for kind, found in table.items() for word in found.split()}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a question has in hand and what it wants: for each side the share of each kind among the words that tell."""

    in_hand: Mapping[str, float]
    wanted: Mapping[str, float]

    @classmethod
    def of(cls, question: Iterable[str]) -> Wish:
        """Read it from the terms of a question."""
        found = list(question)
        return cls(_shares(found, _votes(True)), _shares(found, _votes(False)))

    def fit(self, signature: Signature | None) -> float:
        """Return how well a signature fits, from -1/2 to 1/2; 0 when the question or the signature does not tell."""
        if signature is None:
            return 0.0
        given = sum(share for kind, share in self.in_hand.items() if kind in signature.inputs)
        made = sum(share for kind, share in self.wanted.items() if kind in signature.outputs)
        possible = bool(self.in_hand) + bool(self.wanted)
        return (given + made) / 2 - possible / 4


def _shares(question: Iterable[str], votes: Mapping[str, str]) -> dict[str, float]:
    kinds = [votes[one] for one in question if one in votes]
    return {kind: kinds.count(kind) / len(kinds) for kind in dict.fromkeys(kinds)}

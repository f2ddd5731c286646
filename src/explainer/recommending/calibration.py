"""The score that a question must reach before anything is offered: what questions about other things reach.

How much a score says depends on the catalog: where entries carry many examples, every question finds some of its words.
So the bar is not a fixed figure. It is what calibration questions from everyday life, none of them about models or
papers, reach in the same catalog (the cohort normalisation of speaker recognition: Auckenthaler, Carey and
Lloyd-Thomas, "Score normalization for text-independent speaker verification systems", 2000).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Final

from explainer.recommending.terms import terms

Reaches = Callable[[Sequence[str]], float]
"""The terms of a question to what it reaches."""

# How many calibration questions are asked as one: a longer question finds more words by chance.
LENGTHS: Final = (1, 2, 4, 8, 16)
# The part of the calibration questions that must stay below the bar, chosen on the questions of docs/recommend.md:
# a higher one refuses some of the lay one-liners too.
PART: Final = 0.8
_QUESTIONS: Final = """
How do I boil an egg?
What can I cook with leftover pumpkin?
How much salt belongs in a litre of pasta water?
How do I get a red wine stain out of a white shirt?
Can my landlord raise the rent twice in one year?
What is the difference between a lease and a loan?
How do I open a bank account abroad?
Why does my knee hurt when I climb stairs?
Is it dangerous to take aspirin every day?
How do I train for a marathon in twelve weeks?
What are the rules of offside?
How often must I water a cactus?
What do hedgehogs eat in winter?
How old do tortoises get?
How do I descale a kettle?
How do I bleed a radiator?
How do I patch a flat bicycle tyre?
How often should engine oil be changed?
Do I need a visa for Japan?
Where is the nearest pharmacy?
Why did the Roman Empire fall?
When was the Berlin wall built?
Why is the sea salty?
What makes thunder rumble?
Which metals are magnetic?
What should I say at my best friend's wedding?
My neighbour plays the drums at midnight, what are my rights?
What is a good present for a retired teacher?
Which shoes go with a brown suit?
What is the plot of Hamlet?
Who composed the Moonlight Sonata?
Is it "fewer people" or "less people"?
How do I learn vocabulary faster?
Should I buy shares or gold?
Who pays when a tree falls on my car?
How do I get my deposit back when I move out?
Can I bring honey on a plane?
What is the best way to peel a mango?
Where can I have old slides printed cheaply?
How do I clean a dusty lens?
"""


class Calibration:
    """The bar of one list of entries, for questions of every length."""

    def __init__(self, reaches: Reaches, bars: Mapping[int, float] | None = None) -> None:
        """Prepare to measure bars when they are first needed.

        Args:
            reaches: says how much a question reaches.
            bars: bars that were measured before, by the number of questions asked as one.
        """
        self._reaches = reaches
        self._bars: dict[int, float] = dict(bars or {})

    def bar(self, size: int) -> float:
        """Return what a question of so many terms must reach."""
        return self.bar_of(min(LENGTHS, key=lambda length: (abs(_mean_size(length) - size), length)))

    def bar_of(self, length: int) -> float:
        """Return what is reached by chance when so many calibration questions are asked as one."""
        if length not in self._bars:
            reached = sorted(map(self._reaches, _joined(length)))
            self._bars[length] = reached[int(PART * len(reached))]
        return self._bars[length]


@cache
def _joined(length: int) -> tuple[tuple[str, ...], ...]:
    """The terms of every so many neighbouring calibration questions, each term once."""
    single = list(map(terms, _QUESTIONS.strip().splitlines()))
    # the last ones have the first ones as neighbours
    circle = single + single[:length]
    joined = []
    for start in range(len(single)):
        neighbours = circle[start : start + length]
        joined.append(tuple(dict.fromkeys(chain.from_iterable(neighbours))))
    return tuple(joined)


@cache
def _mean_size(length: int) -> float:
    questions = _joined(length)
    return sum(map(len, questions)) / len(questions)

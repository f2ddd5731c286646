"""What questions about other things reach in a catalog, so that a question must reach more before anything is offered.

How much a score says depends on the catalog: where entries carry many examples, every question finds some of its words.
So the bar is not a fixed figure. It is what a cohort of questions from everyday life, none of them about models or
papers, reaches in the same catalog (the cohort normalisation of speaker recognition: Auckenthaler, Carey and
Lloyd-Thomas, "Score normalization for text-independent speaker verification systems", 2000).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

from explainer.recommending.terms import terms

Reaches = Callable[[Sequence[str]], float]
"""The terms of a question → what it reaches."""

LENGTHS: Final = (1, 2, 4, 8, 16)
"""How many questions of the cohort are asked as one: a longer question finds more words by chance."""

PART: Final = 0.8
"""The part of the cohort that must stay below the bar."""

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
        """Take what says how much a question reaches, which is asked when a bar is first needed; or the bars."""
        self._reaches = reaches
        self._bars: dict[int, float] = dict(bars or {})

    def bar(self, size: int) -> float:
        """Return what a question of so many terms must reach."""
        return self.bar_of(min(LENGTHS, key=lambda one: (abs(_mean_size(one) - size), one)))

    def bar_of(self, length: int) -> float:
        """Return what is reached by chance when so many questions of the cohort are asked as one."""
        if length not in self._bars:
            reached = sorted(self._reaches(question) for question in _joined(length))
            self._bars[length] = reached[int(PART * len(reached))]
        return self._bars[length]


@cache
def _joined(length: int) -> tuple[tuple[str, ...], ...]:
    """The terms of every so many neighbours of the cohort, each term once."""
    single = [terms(question) for question in _QUESTIONS.strip().splitlines()]
    return tuple(
        tuple(dict.fromkeys(term for step in range(length) for term in single[(at + step) % len(single)]))
        for at in range(len(single))
    )


@cache
def _mean_size(length: int) -> float:
    questions = _joined(length)
    return sum(len(question) for question in questions) / len(questions)

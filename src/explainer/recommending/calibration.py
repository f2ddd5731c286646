"""The score that a question must reach before anything is offered: what questions about other things reach.

How much a score says depends on the catalog: where entries carry many examples, every question finds some of its words.
So the bar is not a fixed figure. It is what calibration questions from everyday life, none of them about models or
papers, reach in the same catalog (the cohort normalisation of speaker recognition: Auckenthaler, Carey and
Lloyd-Thomas, "Score normalization for text-independent speaker verification systems", 2000).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from explainer.recommending.query import Query

Reaches = Callable[[Query], float]
"""A question to what it reaches."""

# How many calibration questions are asked as one: a longer question finds more words by chance.
LENGTHS: Final = (1, 2, 4, 8, 16)
# The part of the calibration questions that must stay below the bar: with the odds that `recommend.suffices` weighs, of
# 195 questions about other things 175 are refused so.
PART: Final = 0.9
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
The onions in the garden have rotted after all the rain.
My father wants to sell his old motorbike.
The dishwasher leaves white spots on the glasses.
I twisted my ankle at volleyball yesterday.
We are moving to a bigger flat in spring.
The cake collapsed as soon as I opened the oven.
My sister's parrot repeats every telephone call.
The tax office sent me a reminder that I do not understand.
I would like to read more novels this winter.
The heating bangs every night at three.
Our train was two hours late and nobody paid us back.
The teacher says my daughter talks too much in class.
I have had a headache since the weather changed.
There are ants in the kitchen, and honey does not keep them away.
My trousers are too long since I lost weight.
The supermarket gave me the wrong change.
Grandpa tells the same joke at every birthday.
The roof of the garage leaks when it snows.
I am looking for a dentist who works on Saturdays.
The cheese sauce turned out lumpy again.
My bicycle squeaks on every hill.
The tickets for the concert were sold out in minutes.
We planted an apple tree, but it has never borne fruit.
I owe my brother money and he wants interest.
The neighbours complain about our rooster.
My passport expires the day before we fly.
The milk boiled over while I was on the phone.
He snores so loudly that I sleep on the sofa.
The jacket that I ordered is too tight at the shoulders.
I want to climb a mountain before I turn sixty.
The fish in our pond hide when a heron comes.
Two players were sent off in the first half.
My gums bleed when I brush my teeth.
The paint in the hallway peels off the damp wall.
She asked me to be the godmother of her twins.
The lawn mower starts only on the tenth pull.
I have to give a speech at my uncle's funeral.
The coffee tastes bitter whatever beans I buy.
Our tent was full of water after the storm.
The elections are on Sunday, and I have no idea whom to vote for.
"""


@cache
def other_topics() -> tuple[str, ...]:
    """Return questions that no task is about: everyday ones, some about AI, some for models of other kinds."""
    text = Path(__file__).with_name("other_topics.txt").read_text(encoding="utf-8")
    return (*_QUESTIONS.strip().splitlines(), *text.splitlines())


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
        """Return what a question of so many terms must reach; between two lengths, what lies between their bars."""
        shorter, longer = _neighbours(size)
        if shorter == longer:
            return self.bar_of(shorter)
        part = (size - _mean_size(shorter)) / (_mean_size(longer) - _mean_size(shorter))
        return (1 - part) * self.bar_of(shorter) + part * self.bar_of(longer)

    def bar_of(self, length: int) -> float:
        """Return what is reached by chance when so many calibration questions are asked as one."""
        if length not in self._bars:
            reached = sorted(map(self._reaches, _joined(length)))
            self._bars[length] = reached[int(PART * len(reached))]
        return self._bars[length]


def _neighbours(size: int) -> tuple[int, int]:
    """The lengths between whose mean sizes a question lies; twice the same one at either end."""
    shorter = LENGTHS[0]
    for length in LENGTHS:
        if _mean_size(length) >= size:
            return shorter, length
        shorter = length
    return shorter, shorter


@cache
def _joined(length: int) -> tuple[Query, ...]:
    """Every so many neighbouring calibration questions, as one."""
    single = _single()
    # the last ones have the first ones as neighbours
    circle = single + single[:length]
    return tuple(Query.joined(circle[start : start + length]) for start in range(len(single)))


@cache
def _single() -> tuple[Query, ...]:
    return tuple(map(Query.of, _QUESTIONS.strip().splitlines()))


@cache
def _mean_size(length: int) -> float:
    questions = _joined(length)
    return sum(len(question.words) for question in questions) / len(questions)

"""Costs of asking: calls, tokens, money. Prices are the user's: none is known here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import astuple

from explainer.asking.conversation import (
    AskResult,
    AskSettings,
    PreparedQuestion,
    Request,
    Round,
    Usage,
)

_MILLION: Final = 1_000_000  # prices are for so many tokens
# What servers call the limit of an answer's tokens.
_LIMITS: Final = (
    "max_completion_tokens",
    "max_tokens",
    "n_predict",
)
# Characters of a point of a repair prompt, at most.
_POINT: Final = 600
# Points of a repair prompt, at most.
_POINTS: Final = 41
_AROUND_LINK: Final = 12  # characters of the list around a link
_CHARACTERS_PER_TOKEN: Final = 4  # of English, as tokenizers have it


class Prices(Struct, frozen=True):
    """Money for a million tokens, by the name of the model; the empty name is for all others.

    Attributes:
        prompt: for tokens that are sent.
        completion: for tokens that come back.
    """

    prompt: Mapping[str, float] = {}
    completion: Mapping[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self.prompt or self.completion)

    def cost(self, model: str, usage: Usage) -> float | None:
        """Return what an exchange costs, or None where its price is not known."""
        price_in = self.prompt.get(model, self.prompt.get(""))
        price_out = self.completion.get(model, self.completion.get(""))
        if price_in is None or price_out is None:
            return None
        return (usage.prompt * price_in + usage.completion * price_out) / _MILLION


class Totals(Struct):
    """Totals of a run so far.

    Attributes:
        questions: how many there are; `settled`: those that are done.
        grounded: accepted answers; `ungrounded`: those that are kept, but not accepted; `failed`: no answer came.
        paid: answers that were asked for in this run; `remembered`: those that the journal had.
        retries: requests that had to be sent again.
        prompt: tokens sent in this run; `completion`: tokens that came back.
        estimated: some of them were counted here.
        cost: what it costs; None where a price is not known.
    """

    questions: int = 0
    settled: int = 0
    grounded: int = 0
    ungrounded: int = 0
    failed: int = 0
    paid: int = 0
    remembered: int = 0
    retries: int = 0
    prompt: int = 0
    completion: int = 0
    estimated: bool = False
    cost: float | None = 0.0

    def settle(self, result: AskResult) -> None:
        """Count a question that is done."""
        self.settled += 1
        self.failed += result.chosen is None
        self.grounded += result.grounded
        self.ungrounded += result.chosen is not None and not result.grounded

    def pay(self, usage: Usage, cost: float | None) -> None:
        """Count an answer that was asked for in this run."""
        self.paid += 1
        self.prompt += usage.prompt
        self.completion += usage.completion
        self.estimated |= usage.estimated
        self.cost = _sum(self.cost, cost)


class Forecast(Struct, frozen=True):
    """What asking will take: at least, when each answer is accepted as it comes; at most, when none ever is.

    Attributes:
        least: calls; `most`: calls, retries of failed ones not counted.
        prompt_least: tokens sent; `prompt_most`: None where answers have no limit.
        completion_most: tokens that come back; None where answers have no limit.
        cost_least: for the prompts alone; None where a price is not known.
        cost_most: None where it has no limit or a price is not known.
    """

    least: int = 0
    most: int = 0
    prompt_least: int = 0
    prompt_most: int | None = 0
    completion_most: int | None = 0
    cost_least: float | None = 0.0
    cost_most: float | None = 0.0

    def __add__(self, term: Forecast) -> Forecast:
        return Forecast(*map(_sum, astuple(self), astuple(term)))


def _known(combine: Callable[[Sequence[Any]], Any], *numbers: Any) -> Any:
    """The sum or the greatest of some numbers; None where one of them is not known."""
    return None if None in numbers else combine(numbers)


_sum: Final = partial(_known, sum)


def answer_limit(parameters: Mapping[str, Any]) -> int | None:
    """Return the tokens that an answer may have, as a request says."""
    limits: list[int] = []
    for name in _LIMITS:
        limit = parameters.get(name)
        if type(limit) is int and limit >= 0:  # True is no number of tokens
            limits.append(limit)
    return min(limits, default=None)


def forecast(
    prepared: PreparedQuestion,
    settings: AskSettings,
    request: Request,
    rounds: Sequence[Round],
    count: Callable[[str], int],
    prices: Prices,
) -> Forecast:
    """Return what a question will take with one model, from its next request on.

    Args:
        prepared: the question.
        settings: how often it may be sent back.
        request: what is asked next.
        rounds: the answers that are there already.
        count: counts tokens.
        prices: of models.
    """
    calls = 1 + settings.rounds - len(rounds)
    prompt = count(request.text)
    first = answer_limit(request.parameters)
    later = answer_limit({**settings.parameters, **settings.repair_parameters})
    completion_most, prompt_most = first, _sum(prompt)
    if calls > 1:
        # Each answer that is sent back stands in the next prompt.
        repair = _sum(_repair_prompt_tokens(prepared, count), _known(max, first, later))
        completion_most = _sum(first, *[later] * (calls - 1))
        prompt_most = _sum(prompt, *[repair] * (calls - 1))
    cost_most = None
    if prompt_most is not None and completion_most is not None:
        cost_most = prices.cost(request.model, Usage(prompt_most, completion_most))
    cost_least = prices.cost(request.model, Usage(prompt, 0))
    return Forecast(1, calls, prompt, prompt_most, completion_most, cost_least, cost_most)


def _repair_prompt_tokens(prepared: PreparedQuestion, count: Callable[[str], int]) -> int:
    """The tokens that sending an answer back may take: the prompt, all points, and all sources with their links."""
    names = sum(len(source.name) for source in prepared.offered.sources)
    links = sum(
        len(link.url) + _AROUND_LINK for source in prepared.offered.sources for link in source.links
    )
    characters = _POINTS * _POINT + names + links
    return count(prepared.text) + math.ceil(characters / _CHARACTERS_PER_TOKEN)

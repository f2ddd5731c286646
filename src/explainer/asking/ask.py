"""The use case: orders → answers, so many at once, each asked, checked, sent back and settled, none asked twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from explainer.asking.chat import Reply, Request
from explainer.asking.conversation import AskSettings, ModelAnswer, PreparedQuestion, Round, choose, judge, step
from explainer.asking.costs import Forecast, Prices, Totals, forecast
from explainer.asking.endpoint import RequestFailedError, StreamObserver
from explainer.asking.journal import Journal
from explainer.asking.results import AskResult
from explainer.asking.retries import RequestFailure
from explainer.checking.check import unchecked
from explainer.diagnostics.finding import Finding, Location


class SupportsAsk(Protocol):
    """Whoever answers: `endpoint.Endpoint`."""

    async def ask(self, request: Request, ear: StreamObserver) -> Reply:
        """Return the whole answer to a request, or raise `RequestFailedError`."""


class AskObserver(Protocol):
    """Is told what happens, as it happens."""

    def asks(self, order: PreparedQuestion, model: str, number: int, attempt: int) -> None:
        """A question is asked: its round, from 1, and the attempt at it."""

    def hears(self, order: PreparedQuestion, model: str, piece: str) -> None:
        """A piece of an answer came."""

    def waits(self, order: PreparedQuestion, model: str, why: str, seconds: float) -> None:
        """An answer did not come; it is asked for again after so many seconds."""

    def judges(self, order: PreparedQuestion, model: str, number: int, round_: Round, *, known: bool) -> None:
        """An answer was checked; it is known when the journal had it."""


class UnusableError(Exception):
    """Nothing that is asked of the endpoint will be answered; `trouble` says why."""

    def __init__(self, trouble: RequestFailure) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


class _AnswerObserver:
    """Hears for a watcher what is said about one request."""

    def __init__(self, watcher: AskObserver, tally: Totals, order: PreparedQuestion, model: str, number: int) -> None:
        self._watcher = watcher
        self._tally = tally
        self._about = order, model
        self._number = number

    def tries(self, attempt: int) -> None:
        self._watcher.asks(*self._about, self._number, attempt)

    def hears(self, piece: str) -> None:
        self._watcher.hears(*self._about, piece)

    def waits(self, why: str, seconds: float) -> None:
        self._tally.retries += 1
        self._watcher.waits(*self._about, why, seconds)


class AskRun:
    """One run.

    Args:
        plan: how answers are sought.
        prices: of models.
        ledger: the journal; it is open.
        watcher: is told what happens.
        concurrency: questions that are worked on at once.
    """

    def __init__(
        self, plan: AskSettings, prices: Prices, ledger: Journal, watcher: AskObserver, concurrency: int
    ) -> None:
        self.tally = Totals()
        self._plan = plan
        self._prices = prices
        self._ledger = ledger
        self._watcher = watcher
        self._concurrency = concurrency
        self._answered: set[str] = set()
        self._one_at_a_time: dict[str, asyncio.Lock] = {}

    async def run(
        self, orders: Sequence[PreparedQuestion], endpoint: SupportsAsk, settled: Callable[[int, AskResult], None]
    ) -> None:
        """Ask all questions.

        Args:
            orders: the questions.
            endpoint: whoever answers.
            settled: called with the number of a question and what became of it, in the order in which they end.

        Raises:
            UnusableError: when the endpoint answers nothing.
            OSError: when the journal or an answer cannot be written.
        """
        self.tally.questions = len(orders)
        waiting = iter(enumerate(orders))

        async def work() -> None:
            for number, order in waiting:
                outcome = await self._settle(order, endpoint)
                self._count(outcome)
                settled(number, outcome)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._concurrency, len(orders))):
                    group.create_task(work())
        except BaseExceptionGroup as errors:
            raise _first(errors) from None

    async def _settle(self, order: PreparedQuestion, endpoint: SupportsAsk) -> AskResult:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._converse(order, model, endpoint)) for model in self._plan.models]
        candidates = tuple(task.result() for task in tasks)
        return AskResult(order, candidates, choose(candidates))

    async def _converse(self, order: PreparedQuestion, model: str, endpoint: SupportsAsk) -> ModelAnswer:
        rounds: list[Round] = []
        while isinstance(what := step(order, self._plan, model, rounds), Request):
            ear = _AnswerObserver(self._watcher, self.tally, order, model, len(rounds) + 1)
            try:
                reply, known = await self._reply(what, ear, endpoint)
            except RequestFailedError as error:
                return self._without(order, model, rounds, error.trouble)
            self._answered.add(model)
            rounds.append(judge(order, what, reply))
            self._watcher.judges(order, model, len(rounds), rounds[-1], known=known)
        return what

    async def _reply(self, request: Request, ear: StreamObserver, endpoint: SupportsAsk) -> tuple[Reply, bool]:
        """Return the answer that is in the journal, or ask for it; and which. Two that ask the same ask once."""
        async with self._one_at_a_time.setdefault(request.key, asyncio.Lock()):
            known = self._ledger.find(request.key)
            if known is not None:
                self.tally.known += 1
                return known, True
            reply = await endpoint.ask(request, ear)
            self._ledger.keep(request.key, request.model, reply)
            self.tally.pay(reply.usage, self._prices.cost(request.model, reply.usage))
            return reply, False

    def _without(
        self, order: PreparedQuestion, model: str, rounds: Sequence[Round], trouble: RequestFailure
    ) -> ModelAnswer:
        """What is left of a question when its answer does not come."""
        if trouble.kind in ("unreachable", "unusable") or (trouble.at_first and model not in self._answered):
            raise UnusableError(trouble)
        message = f"{model} did not answer: {trouble.message}"
        finding = Finding("R801", Location(order.id), message, "ask again: what has been answered is not asked twice")
        return ModelAnswer(model, tuple(rounds), unchecked(order.id, order.id, [finding]), trouble=trouble.message)

    def _count(self, outcome: AskResult) -> None:
        self.tally.done += 1
        if outcome.chosen is None:
            self.tally.failed += 1
        elif outcome.grounded:
            self.tally.grounded += 1
        else:
            self.tally.ungrounded += 1


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of the errors that ended some tasks."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def foresee(
    orders: Sequence[PreparedQuestion], plan: AskSettings, ledger: Journal, count: Callable[[str], int], prices: Prices
) -> Iterator[Forecast]:
    """Yield what each question will take, beyond what the journal has; nothing is asked."""
    for order in orders:
        for model in plan.models:
            rounds: list[Round] = []
            while isinstance(what := step(order, plan, model, rounds), Request):
                known = ledger.find(what.key)
                if known is None:
                    yield forecast(order, plan, what, rounds, count, prices)
                    break
                rounds.append(judge(order, what, known))

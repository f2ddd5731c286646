"""Questions to checked answers: made ready, asked so many at once, sent back, settled, and none asked twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import filterfalse
from operator import attrgetter
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from explainer.asking.conversation import (
    AskResult,
    AskSettings,
    Message,
    ModelAnswer,
    PreparedQuestion,
    Reply,
    Request,
    Round,
    as_printed,
    choose,
    judge,
    line_ends,
    step,
)
from explainer.asking.costs import Forecast, Prices, Totals, forecast
from explainer.asking.endpoint import (
    Address,
    Endpoint,
    RequestFailedError,
    RequestFailure,
    StreamObserver,
    exposed_key,
)
from explainer.asking.outputs import Answers, Journal, proof_of, record_data, verdict
from explainer.asking.redaction import Redactor
from explainer.batching.open_source import open_source
from explainer.batching.renderer import id_of_file, name_fault, no_question, on_line
from explainer.batching.sources import QuestionSource, Skipped, SourceItem, folded, no_question_in
from explainer.batching.tokens import Counter
from explainer.build import BuildResult, SupportsRender, build, semantic_model
from explainer.catalogs.library import Library, SourceCounts
from explainer.catalogs.loading import CatalogLoader, asked_question, repeated_id
from explainer.catalogs.parsing import LoadedQuestion, parse_question, parse_question_line
from explainer.checking.check import unchecked
from explainer.checking.offered import lookup_of, offered_by_sources
from explainer.diagnostics.finding import (
    ExitStatus,
    Finding,
    Location,
    Parsed,
    errors_in,
    exit_status,
)
from explainer.diagnostics.text import shorten
from explainer.documents.document import decode
from explainer.files import STDIN, display_path, read_file
from explainer.recommending.recommend import SupportsMeanings
from explainer.rendering.templates import EVIDENCE_TEMPLATE, renderer_of


class QuestionPreparer(Struct):
    """Makes questions ready to be asked.

    Attributes:
        loader: reads their catalogs.
        renderer: the template.
        counts: how many entries are chosen where a question names none.
        semantic: a second opinion on what fits.
        strict: a question with a warning is not asked.
        files: ids become the names of files.
        prints_all: the template prints all links of the entries, and the summaries of models.
    """

    loader: CatalogLoader
    renderer: SupportsRender
    counts: SourceCounts
    semantic: SupportsMeanings | None = None
    strict: bool = False
    files: bool = True
    prints_all: bool = False
    _ids: dict[str, tuple[str, Location]] = {}

    def prepare(self, loaded: LoadedQuestion, base: Path) -> Parsed[PreparedQuestion]:
        """Make one question ready.

        Args:
            loaded: the question.
            base: the folder that its `catalog:` is relative to.
        """
        said_before = set(self.loader.findings)
        library = self.loader.for_question(loaded.question, base)
        new = [finding for finding in library.findings if finding not in said_before]
        findings = errors_in(new)
        if library.value is None:
            return Parsed(None, findings)
        built = build(loaded, library.value, self.renderer, self.counts, self.semantic)
        findings += (*built.findings, *self._claim_id(loaded))
        if built.value is None or exit_status(findings, strict=self.strict) is not ExitStatus.OK:
            return Parsed(None, findings)
        return Parsed(built.value, findings).then(partial(self._offer, loaded, library.value))

    def _offer(
        self, loaded: LoadedQuestion, library: Library, built: BuildResult
    ) -> Parsed[PreparedQuestion]:
        """The question with what was offered to it, if that is anything."""
        question = loaded.question.question
        offered = offered_by_sources(
            built.sources, question, lookup_of(library), prints_all=self.prints_all
        )
        if not offered.sources:
            message = "nothing is offered, so no answer could be checked: it is not asked"
            return Parsed(
                None,
                (Finding("A102", loaded.document.locate(()), message, "name models or papers"),),
            )
        prompt = tuple(Message(segment.role, segment.text) for segment in built.rendering.segments)
        return Parsed(PreparedQuestion(loaded.id, question, prompt, offered))

    def prepare_all(self, source: QuestionSource) -> Iterator[Parsed[PreparedQuestion] | Skipped]:
        """Make all questions of a source ready, in their order.

        Raises:
            OSError: when the source cannot be read.
        """
        for item in source:
            yield item if isinstance(item, Skipped) else self._prepare_item(item, source)

    def _prepare_item(
        self, item: SourceItem, source: QuestionSource
    ) -> Parsed[PreparedQuestion] | Skipped:
        loaded = _load(item, lines=source.lines)
        if isinstance(loaded, Skipped):
            return loaded
        folder, _, _ = str(item.source).rpartition("/")
        return loaded.then(lambda question: self.prepare(question, source.base / folder))

    def _claim_id(self, loaded: LoadedQuestion) -> Iterator[Finding]:
        """Take an id for a question; a finding when another one has it, or when no file can be called so."""
        id_, place = loaded.id, loaded.document.locate(("id",))
        name = id_
        if self.files:
            name = folded(id_)
            fault = name_fault(id_)
            if fault:
                yield Finding(
                    "B703",
                    place,
                    f"the id {shorten(id_)!r} {fault}",
                    "give the question another id",
                )
        first_id, first_place = self._ids.setdefault(name, (id_, place))
        if first_place != place:
            yield repeated_id(id_, place, first_id, f"at {first_place}")


def _load(item: SourceItem, *, lines: bool) -> Parsed[LoadedQuestion] | Skipped:
    if isinstance(item.raw, Finding):
        return Parsed(None, (item.raw,))
    text = decode(item.raw, item.file)
    if text.value is None:
        return Parsed(None, on_line(text.findings, item.source))
    if lines and isinstance(item.source, int):
        return parse_question_line(text.value, item.file, item.source)
    return _load_file(text.value, item)


def _load_file(text: str, item: SourceItem) -> Parsed[LoadedQuestion] | Skipped:
    name = str(item.source)
    loaded = parse_question(text, item.file, default_id=id_of_file(name))
    if loaded.value is not None and not loaded.value.partial:
        return loaded
    # a question is read as well as can be: only one that was not read in full may be no question at all
    why_none = no_question(text, item.file)
    return Skipped(name, why_none) if why_none else loaded


# Seconds between two looks at the time that is shown.
_TICK: Final = 0.5


class AskConfig(Struct, frozen=True):
    """Everything that decides a run.

    Attributes:
        question: where the questions are; None: `text` is the only one.
        text: a question in plain text.
        alone: there is one question.
        out: where the user wants the answers.
        answers: the place that this means.
        catalogs: the catalogs of the command line.
        template: the name or the file of the template.
        counts: how many entries are chosen where a question names none.
        semantic: the embedding model for that, if any.
        settings: how answers are sought.
        prices: of models.
        address: where and how to ask.
        redact: keeps the key out of what a server says, and the environment.
        count: counts tokens.
        force: answers of earlier runs are not used again.
    """

    question: Path | None
    text: str | None
    alone: bool
    out: Path | None
    answers: Answers
    catalogs: Sequence[Path]
    template: str
    counts: SourceCounts
    semantic: str | None
    settings: AskSettings
    prices: Prices
    address: Address
    redact: Redactor
    count: Counter
    force: bool


class AskObserver(Protocol):
    """Is told what happens, as it happens."""

    def on_findings(self, findings: Sequence[Finding]) -> None:
        """Something was found."""

    def on_note(self, line: str) -> None:
        """Something is to be said that is no finding."""

    def on_prepared(self, files_read: Sequence[str], skipped: Sequence[Skipped]) -> None:
        """All questions are ready; these catalogs were read, and these are no questions."""

    def on_start(self, totals: Totals) -> None:
        """Asking begins; the totals change while it lasts."""

    def on_tick(self) -> None:
        """Time has passed."""

    def on_request(self, prepared: PreparedQuestion, model: str, number: int, attempt: int) -> None:
        """A question is asked: its round, from 1, and the attempt at it."""

    def on_text(self, prepared: PreparedQuestion, model: str, piece: str) -> None:
        """A piece of an answer came."""

    def on_retry(self, prepared: PreparedQuestion, model: str, why: str, seconds: float) -> None:
        """An answer did not come; it is asked for again after so many seconds."""

    def on_wait(self, prepared: PreparedQuestion, model: str, seconds: float) -> None:
        """Nothing of an answer came for long; it is waited for so many seconds more at most."""

    def on_checked(
        self,
        prepared: PreparedQuestion,
        model: str,
        number: int,
        round_: Round,
        *,
        from_journal: bool,
    ) -> None:
        """An answer was checked."""

    def on_end(self) -> None:
        """Asking has ended, whether or not all was asked."""


class UnusableError(RequestFailedError):
    """Nothing that is asked of the endpoint will be answered; `failure` says why."""


class TerminatedError(Exception):
    """The run was told to end before all was asked."""


def run(
    config: AskConfig, observer: AskObserver
) -> list[tuple[PreparedQuestion, AskResult | None]]:
    """Ask all questions, and put their answers in their place.

    Returns:
        The questions that could be asked, each with its result; None where the run ended before.

    Raises:
        TerminatedError, KeyboardInterrupt: when it is told to end; what was answered is in the journal.
    """
    results: dict[int, AskResult] = {}
    questions: list[PreparedQuestion] = []
    with _failures_told(config, observer):
        questions += prepare(config, observer)
        if questions:
            _ask_all(config, questions, observer, results)
    return [(question, results.get(number)) for number, question in enumerate(questions)]


def foresee(config: AskConfig, observer: AskObserver) -> tuple[int, Forecast] | None:
    """Return how many questions there are, and what asking them will take; nothing is asked, and nothing is written.

    None when that cannot be known; the observer is told why.
    """
    with _failures_told(config, observer):
        questions = prepare(config, observer)
        path = config.answers.journal
        journal = Journal(path, lambda: None)
        if path is not None and path.exists() and not config.force:
            journal.learn(read_file(path))
        return len(questions), sum(_forecasts(config, questions, journal), Forecast())
    return None


def _forecasts(
    config: AskConfig, questions: Sequence[PreparedQuestion], journal: Journal
) -> Iterator[Forecast]:
    """What each question will take of each model, beyond what the journal has."""
    for prepared in questions:
        for model in config.settings.models:
            rounds: list[Round] = []
            while isinstance(request := step(prepared, config.settings, model, rounds), Request):
                reply = journal.find(request.key)
                if reply is None:
                    yield forecast(
                        prepared, config.settings, request, rounds, config.count, config.prices
                    )
                    break
                rounds.append(judge(prepared, request, reply))


@contextlib.contextmanager
def _failures_told(config: AskConfig, observer: AskObserver) -> Iterator[None]:
    """Turn what can end a run early into findings; whatever was answered by then is in the journal."""
    try:
        yield
    except (
        RequestFailedError
    ) as error:  # of nothing that is asked there: a failure of one question is its own
        observer.on_findings([_unusable_endpoint(error.failure)])
    except OSError as error:
        file = display_path(Path(os.fsdecode(error.filename))) if error.filename else "--out"
        observer.on_findings(
            [Finding("F105", Location(file), f"the run was stopped: {error.strerror or error}")]
        )
    except (KeyboardInterrupt, SystemExit, TerminatedError):
        advice = (
            "; what was answered is in the journal: run it again to go on"
            if config.answers.journal
            else ""
        )
        observer.on_note(f"stopped{advice}")
        raise


def _unusable_endpoint(failure: RequestFailure) -> Finding:
    advice = "check the URL (it mostly ends in /v1), the key and the model's name"
    if failure.kind == "unreachable":
        advice = "check that the endpoint is running, and its URL"
    return Finding(
        "R802", Location("--base-url"), failure.message, f"{advice}; run it again to go on"
    )


def prepare(config: AskConfig, observer: AskObserver) -> list[PreparedQuestion]:
    """Make all questions ready before the first is paid; a question with mistakes costs that question only."""
    with ExitStack() as stack:
        renderer = renderer_of(config.template, stack)
        semantic = semantic_model(config.semantic)
        observer.on_findings(renderer.findings + semantic.findings)
        if renderer.value is None or (config.semantic is not None and semantic.value is None):
            return []
        loader = CatalogLoader(config.catalogs)
        preparer = QuestionPreparer(
            loader, renderer.value, config.counts, semantic.value,
            strict=config.settings.strict, files=config.answers.files, prints_all=config.template == EVIDENCE_TEMPLATE,
        )  # fmt: skip
        questions, skipped = list[PreparedQuestion](), list[Skipped]()
        prepared_items = _prepared_one if config.alone else _prepared_items
        for item in prepared_items(config, preparer, observer):
            if isinstance(item, Skipped):
                skipped.append(item)
                continue
            observer.on_findings(item.findings)
            if item.value is not None:
                questions.append(item.value)
    observer.on_prepared(loader.files_read, skipped)
    return questions


def _prepared_items(
    config: AskConfig, preparer: QuestionPreparer, observer: AskObserver
) -> Iterator[Parsed[PreparedQuestion] | Skipped]:
    source = open_source(config.question or Path(STDIN), config.out or Path(STDIN))
    observer.on_findings(source.findings)
    if source.value is None:
        return
    count = skipped = 0
    for item in preparer.prepare_all(source.value):
        count += 1
        skipped += isinstance(item, Skipped)
        yield item
    if count == skipped:
        observer.on_findings([no_question_in(source.value, skipped)])


def _prepared_one(
    config: AskConfig,
    preparer: QuestionPreparer,
    observer: AskObserver,  # noqa: ARG001  # as of many
) -> Iterator[Parsed[PreparedQuestion]]:
    path = config.question or Path(STDIN)
    loaded = asked_question(path, config.text)
    yield loaded.then(lambda question: preparer.prepare(question, path.parent))


def _ask_all(
    config: AskConfig,
    questions: Sequence[PreparedQuestion],
    observer: AskObserver,
    results: dict[int, AskResult],
) -> None:
    answers = config.answers
    observer.on_findings(exposed_key(config.address))

    def waiting() -> None:
        observer.on_note("waiting for another run on the same target")

    def keep(number: int, result: AskResult) -> None:
        results[number] = result
        place = answers.put(
            number, result, record_data(result, config.settings, config.prices, config.redact)
        )
        observer.on_findings(list(_findings_of(result, place, alone=config.alone)))

    with Journal(answers.journal, waiting, config.redact, forget=config.force) as journal:
        answers.prepare()
        if not config.force:
            # what the journal has was asked by an earlier run, which wrote the files
            new = filterfalse(partial(_was_asked, config, journal), questions)
            answers.refuse_foreign(answer.id for answer in new)
        if journal.damaged:
            message = f"{journal.damaged:,} lines cannot be read: those answers are asked for again"
            observer.on_findings(
                [Finding("R806", Location(display_path(answers.journal or Path())), message)]
            )
        session = AskRun(config, journal, observer)
        observer.on_start(session.totals)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(session.run(questions, keep))
            if session.totals.settled < len(questions):
                raise TerminatedError
            answers.complete("".join(proof_of(results[number]) for number in sorted(results)))
        finally:
            observer.on_end()


def _was_asked(config: AskConfig, journal: Journal, prepared: PreparedQuestion) -> bool:
    """Whether the journal has an answer of one of the models to a question."""
    for model in config.settings.models:
        request = step(prepared, config.settings, model, [])
        if isinstance(request, Request) and journal.find(request.key):
            return True
    return False


def _findings_of(result: AskResult, place: str, *, alone: bool) -> Iterator[Finding]:
    """What there is to say about the answer of a question."""
    for candidate in filter(attrgetter("failure"), result.candidates):
        yield from candidate.report.findings
    if result.chosen is not None:
        yield from _findings_of_answer(result.chosen, place, alone=alone)


def _findings_of_answer(chosen: ModelAnswer, place: str, *, alone: bool) -> Iterator[Finding]:
    text = chosen.rounds[chosen.chosen].reply.text
    if as_printed(text) != line_ends(text):
        yield Finding(
            "R804", Location(place), "control characters in an answer are replaced by U+FFFD"
        )
    if chosen.grounded:
        return
    if alone:
        yield from chosen.report.faults
    too_strict = "too bad for --strict, though it is " if chosen.report.grounded else ""
    message = f"the answer is kept, but it is {too_strict}{verdict(chosen.report)}"
    yield Finding("R803", Location(place), message, "fix it by hand, or ask another model")


class _AnswerObserver:
    """Tells the observer of a run what happens to one request."""

    def __init__(
        self,
        observer: AskObserver,
        totals: Totals,
        prepared: PreparedQuestion,
        model: str,
        number: int,
    ) -> None:
        self._observer = observer
        self._totals = totals
        self._about = prepared, model
        self._number = number

    def on_attempt(self, attempt: int) -> None:
        self._observer.on_request(*self._about, self._number, attempt)

    def on_text(self, piece: str) -> None:
        self._observer.on_text(*self._about, piece)

    def on_retry(self, why: str, seconds: float) -> None:
        self._totals.retries += 1
        self._observer.on_retry(*self._about, why, seconds)

    def on_wait(self, seconds: float) -> None:
        self._observer.on_wait(*self._about, seconds)


class AskRun:
    """Session in which questions are asked, so many at once.

    Args:
        config: how answers are sought.
        journal: it is open.
        observer: is told what happens.
    """

    def __init__(self, config: AskConfig, journal: Journal, observer: AskObserver) -> None:
        self.totals = Totals()
        self._config = config
        self._settings = config.settings
        self._journal = journal
        self._observer = observer
        self._answering_models: set[str] = set()
        # By the key of a request: two that ask the same ask once.
        self._locks: dict[str, asyncio.Lock] = {}

    async def run(
        self, questions: Sequence[PreparedQuestion], keep: Callable[[int, AskResult], None]
    ) -> None:
        """Ask all questions, until the process is told to end.

        Args:
            questions: they are ready.
            keep: called with the number of a question and its result, in the order in which they end.

        Raises:
            UnusableError: when the endpoint answers nothing.
            OSError: when the journal or an answer cannot be written.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # this is a coroutine
        # Windows; another thread
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with Endpoint(
            self._config.address, self._config.redact, self._config.count
        ) as endpoint:
            ticking = asyncio.create_task(self._tick())
            try:
                await self._ask(questions, endpoint, keep)
            finally:
                ticking.cancel()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self._observer.on_tick()

    async def _ask(
        self,
        questions: Sequence[PreparedQuestion],
        endpoint: Endpoint,
        keep: Callable[[int, AskResult], None],
    ) -> None:
        self.totals.questions = len(questions)
        waiting = iter(enumerate(questions))

        async def work() -> None:
            for number, prepared in waiting:
                result = await self._settle(prepared, endpoint)
                self.totals.settle(result)
                keep(number, result)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._config.address.concurrency, len(questions))):
                    group.create_task(work())
        except BaseExceptionGroup as errors:
            raise _first(errors) from None

    async def _settle(self, prepared: PreparedQuestion, endpoint: Endpoint) -> AskResult:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._converse(prepared, model, endpoint))
                for model in self._settings.models
            ]
        candidates = tuple(map(asyncio.Task.result, tasks))
        return AskResult(prepared, candidates, choose(candidates))

    async def _converse(
        self, prepared: PreparedQuestion, model: str, endpoint: Endpoint
    ) -> ModelAnswer:
        rounds: list[Round] = []
        while isinstance(action := step(prepared, self._settings, model, rounds), Request):
            observer = _AnswerObserver(
                self._observer, self.totals, prepared, model, len(rounds) + 1
            )
            try:
                reply, from_journal = await self._reply(action, observer, endpoint)
            except RequestFailedError as error:
                return self._unanswered(prepared, model, rounds, error.failure)
            self._answering_models.add(model)
            rounds.append(judge(prepared, action, reply))
            self._observer.on_checked(
                prepared, model, len(rounds), rounds[-1], from_journal=from_journal
            )
        return action

    async def _reply(
        self, request: Request, observer: StreamObserver, endpoint: Endpoint
    ) -> tuple[Reply, bool]:
        """Return the answer that is in the journal, or ask for it; and which."""
        async with self._locks.setdefault(request.key, asyncio.Lock()):
            reply = self._journal.find(request.key)
            if reply is not None:
                self.totals.remembered += 1
                return reply, True
            reply = await endpoint.ask(request, observer)
            self._journal.keep(request.key, request.model, reply)
            self.totals.pay(reply.usage, self._config.prices.cost(request.model, reply.usage))
            return reply, False

    def _unanswered(
        self,
        prepared: PreparedQuestion,
        model: str,
        rounds: Sequence[Round],
        failure: RequestFailure,
    ) -> ModelAnswer:
        """What is left of a question when its answer does not come."""
        is_first = failure.at_first and model not in self._answering_models
        if is_first or failure.kind in ("unreachable", "unusable"):
            raise UnusableError(failure)
        message = f"{model} did not answer: {failure.message}"
        hint = "ask again: what has been answered is not asked twice"
        report = unchecked(
            prepared.id, prepared.id, [Finding("R801", Location(prepared.id), message, hint)]
        )
        return ModelAnswer(model, tuple(rounds), report, failure=failure.message)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of the errors that ended some tasks."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

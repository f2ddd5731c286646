"""`explainer ask`: questions → answers of language models that are checked, sent back, and kept with their proof."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import typer

from explainer.asking.ask import AskRun, UnusableError, foresee
from explainer.asking.chat import as_printed, line_ends
from explainer.asking.conversation import AskSettings, PreparedQuestion
from explainer.asking.costs import Forecast, Prices
from explainer.asking.endpoint import Address, Endpoint, is_installed
from explainer.asking.journal import Journal
from explainer.asking.outputs import Answers, FileAnswers, FolderAnswers, LinesAnswers, NoAnswers
from explainer.asking.prepare import QuestionPreparer
from explainer.asking.redaction import Redactor
from explainer.asking.results import AskResult, answer_text, proof_of, record_data
from explainer.batching.open_source import open_source
from explainer.batching.sources import Skipped
from explainer.batching.tokens import Counter, UnknownTokenizerError, counter
from explainer.catalogs.library import SourceCounts
from explainer.catalogs.loading import load_question
from explainer.catalogs.question import question_from_text
from explainer.checking.check import CheckReport, unchecked
from explainer.checking.reports import render_report
from explainer.cli.app import new_app
from explainer.cli.ask_display import AskDisplay, closing, forecast_lines, verdict
from explainer.cli.ask_options import (
    ONE_FILE,
    AskedModelOption,
    BaseUrlOption,
    ConcurrencyOption,
    DeadlineOption,
    DryRunOption,
    FixOption,
    ForceOption,
    KeyEnvOption,
    OutOption,
    PriceInOption,
    PriceOutOption,
    QuestionArgument,
    RepairBodyOption,
    ReportOption,
    RetriesOption,
    RoundsOption,
    TextOption,
    TimeoutOption,
    TokenizerOption,
    address_of,
    exposed_key,
    prices_of,
    refuse_odd_report,
    refuse_odd_text,
    refuse_wrong_usage,
)
from explainer.cli.build import renderer_of, settle_template
from explainer.cli.options import (
    BodyOption,
    CatalogOption,
    FindingsOption,
    ModelCountOption,
    PaperCountOption,
    SemanticOption,
    StrictOption,
    TemplateOption,
    VerboseOption,
    body_of,
    semantic_of,
)
from explainer.cli.run import TERMINATED
from explainer.cli.terminal import write_product, write_stdout
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.rules import Severity
from explainer.files import STDIN, display_path

app = new_app()

_TAKEN: Final = ("model", "messages", "stream", "n")
_TICK: Final = 0.5


@dataclass
class _Run:
    """One call: its options, made ready, and what came of it."""

    screen: AskDisplay
    plan: AskSettings
    prices: Prices
    answers: Answers
    alone: bool
    settled: dict[int, AskResult] = field(default_factory=dict)


@app.command()
def run(
    question: QuestionArgument = None,
    text: TextOption = None,
    out: OutOption = None,
    model: AskedModelOption = None,
    base_url: BaseUrlOption = None,
    key_env: KeyEnvOption = None,
    rounds: RoundsOption = 2,
    fix: FixOption = True,
    body: BodyOption = None,
    repair_body: RepairBodyOption = None,
    dry_run: DryRunOption = False,
    price_in: PriceInOption = None,
    price_out: PriceOutOption = None,
    concurrency: ConcurrencyOption = 4,
    retries: RetriesOption = 5,
    timeout: TimeoutOption = 120.0,
    deadline: DeadlineOption = 1800.0,
    report: ReportOption = None,
    force: ForceOption = False,
    catalog: CatalogOption = None,
    template: TemplateOption = None,
    models: ModelCountOption = 1,
    papers: PaperCountOption = 3,
    semantic: SemanticOption = None,
    tokenizer: TokenizerOption = "estimate",
    strict: StrictOption = False,
    findings: FindingsOption = "text",
    verbose: VerboseOption = False,
) -> None:
    """Ask language models, check their answers, send back what is not grounded, keep the proof.

    An answer that cites anything but its sources goes back with its faults; what stays not grounded is marked so and
    ends with 1. One accepted answer goes to stdout, or to --out. What was answered is never asked twice: run it again
    to go on. The key comes from the environment alone.
    """
    alone = refuse_wrong_usage(question, text, out, model, dry_run=dry_run)
    refuse_odd_report(report, question, out)
    address = address_of(
        base_url, key_env, timeout=timeout, deadline=deadline, retries=retries, concurrency=concurrency, dry=dry_run
    )
    mask = Redactor(address.key)
    parameters, sent_back = body_of(body, "--body", _TAKEN), body_of(repair_body, "--repair-body", _TAKEN)
    refuse_odd_text(model or (), parameters, sent_back)
    plan = AskSettings(tuple(dict.fromkeys(model or ())), parameters, sent_back, rounds, fix, strict)
    screen = AskDisplay(findings, mask, alone=alone, strict=strict, verbose=verbose)
    if not dry_run and not is_installed():
        hint = "pip install 'cnaps-explainer[ask]'"
        screen.report([Finding("E704", Location("ask"), "asking needs the package httpx2", hint)])
        screen.end()
        raise typer.Exit(screen.status)
    one = _Run(screen, plan, prices_of(price_in, price_out), _answers(out, mask), alone)
    _, template = settle_template("prompt", template)
    wishes = _AskOptions(question, text, catalog or [], template, SourceCounts(models, papers), semantic)
    count = _counter(tokenizer)
    with _ended(one):
        orders = _orders(one, wishes, out, verbose=verbose)
        if dry_run:
            _foretell(one, orders, count, forget=force)
        elif orders:
            _ask(one, orders, address, count, forget=force)
            _show(one, orders, report)
        elif not screen.statuses:
            screen.say("no questions: nothing was asked")
    raise typer.Exit(screen.status)


def _counter(tokenizer: str) -> Counter:
    try:
        return counter(tokenizer)
    except UnknownTokenizerError as error:
        raise typer.BadParameter(str(error), param_hint="--tokenizer") from None


@dataclass(frozen=True)
class _AskOptions:
    """Which questions, and what may be used to answer them."""

    question: Path | None
    text: str | None
    catalogs: Sequence[Path]
    template: str
    wanted: SourceCounts
    semantic: str | None


def _answers(out: Path | None, mask: Redactor) -> Answers:
    if out is None or str(out) == STDIN:
        return NoAnswers()
    if out.suffix == ".jsonl":
        return LinesAnswers(out, mask)
    return FileAnswers(out, mask) if out.suffix in ONE_FILE else FolderAnswers(out, mask)


def _orders(one: _Run, wishes: _AskOptions, out: Path | None, *, verbose: bool) -> list[PreparedQuestion]:
    """Make all orders before the first is paid; a question with mistakes costs that question only."""
    screen, orders, skipped = one.screen, list[PreparedQuestion](), 0
    with contextlib.ExitStack() as stack:
        renderer = renderer_of(wishes.template, stack)
        found = list(renderer.findings)
        semantic = semantic_of(wishes.semantic, found)
        screen.report(found)
        if renderer.value is None or (wishes.semantic is not None and semantic is None):
            return []
        desk = QuestionPreparer(
            wishes.catalogs, renderer.value, wishes.wanted, semantic, strict=one.plan.strict, files=one.answers.files
        )
        for item in _asked(one, desk, wishes, out):
            if isinstance(item, Skipped):
                skipped += item.why != "hidden"
                if verbose:
                    screen.say(f"skipped: {item.name} ({item.why})")
                continue
            screen.report(item.findings)
            orders += [item.value] if item.value is not None else []
    for name in desk.catalogs if verbose else ():
        screen.say(f"catalog: {name}")
    if skipped and not verbose:
        screen.say(f"{skipped:,} skipped (no questions); -v names them")
    return orders


def _asked(
    one: _Run, desk: QuestionPreparer, wishes: _AskOptions, out: Path | None
) -> Iterator[Parsed[PreparedQuestion] | Skipped]:
    path = wishes.question
    if one.alone:
        loaded = (
            question_from_text(wishes.text, file="--text")
            if wishes.text is not None
            else load_question(path or Path(STDIN))
        )
        order = (
            desk.one(loaded.value, path.parent if path is not None and str(path) != STDIN else Path())
            if loaded.value
            else None
        )
        yield Parsed(order.value if order else None, loaded.findings + (order.findings if order else ()))
        return
    opened = open_source(path or Path(), out or Path(STDIN))
    one.screen.report(opened.findings)
    if opened.value is not None:
        yield from desk.many(opened.value)


@contextlib.contextmanager
def _ended(one: _Run) -> Iterator[None]:
    """Turn what can end a run early into findings; whatever was answered by then is in the journal."""
    try:
        yield
    except UnusableError as error:
        one.screen.report([Finding("R802", Location("--base-url"), error.trouble.message, _advice(error.trouble.kind))])
    except OSError as error:
        file = display_path(Path(os.fsdecode(error.filename))) if error.filename else "--out"
        one.screen.report([Finding("F105", Location(file), f"the run was stopped: {error.strerror or error}")])
    except (KeyboardInterrupt, SystemExit):
        kept = "; what was answered is in the journal: run it again to go on" if one.answers.journal else ""
        one.screen.say(f"stopped{kept}")
        one.screen.end()
        raise
    one.screen.end()


def _advice(kind: str) -> str:
    if kind == "unreachable":
        return "see that the endpoint runs and that the URL is right; run it again to go on"
    return "see that the URL (it mostly ends in /v1), the key and the model's name are right; run it again to go on"


def _foretell(one: _Run, orders: Sequence[PreparedQuestion], count: Counter, *, forget: bool) -> None:
    """Print what a run would take; nothing is asked, and nothing is written."""
    ledger = Journal(one.answers.journal, lambda: None)
    with contextlib.suppress(FileNotFoundError):
        if one.answers.journal is not None and not forget:
            ledger.learn(one.answers.journal.read_bytes())
    total = sum(foresee(orders, one.plan, ledger, count, one.prices), Forecast())
    write_stdout("".join(f"{line}\n" for line in forecast_lines(total, len(orders), one.plan, priced=bool(one.prices))))


def _ask(one: _Run, orders: Sequence[PreparedQuestion], address: Address, count: Counter, *, forget: bool) -> None:
    screen, answers = one.screen, one.answers
    screen.report(exposed_key(address))
    waiting = lambda: screen.say("waiting for another run on the same target")  # noqa: E731
    with Journal(answers.journal, waiting, screen.mask, forget=forget) as ledger:
        answers.prepare()
        if ledger.damaged:
            message = f"{ledger.damaged:,} lines cannot be read: those answers are asked for again"
            screen.report([Finding("R806", Location(display_path(answers.journal or Path())), message)])
        inquiry = AskRun(one.plan, one.prices, ledger, screen, address.concurrency)
        screen.tally = inquiry.tally
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(_work(one, inquiry, orders, address, count))
            if inquiry.tally.done < len(orders):
                sys.exit(TERMINATED)
            answers.complete("".join(proof_of(one.settled[number]) for number in sorted(one.settled)))
        finally:
            if inquiry.tally.done or inquiry.tally.asked:
                screen.say(closing(inquiry.tally, priced=bool(one.prices)))


async def _work(
    one: _Run, inquiry: AskRun, orders: Sequence[PreparedQuestion], address: Address, count: Counter
) -> None:
    async def tick() -> None:
        while True:
            await asyncio.sleep(_TICK)
            one.screen.tick()

    whole = asyncio.current_task()
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # Windows; another thread
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, whole.cancel if whole else sys.exit)
    async with Endpoint(address, one.screen.mask, count) as endpoint:
        ticking = asyncio.create_task(tick())
        try:
            await inquiry.run(orders, endpoint, lambda number, settled: _keep(one, number, settled))
        finally:
            ticking.cancel()


def _keep(one: _Run, number: int, settled: AskResult) -> None:
    """Put an answer in its place, and say what is wrong with it."""
    one.settled[number] = settled
    record = record_data(settled, one.plan, one.prices)
    place = one.answers.put(number, settled, record)
    found = [finding for candidate in settled.candidates if candidate.trouble for finding in candidate.report.findings]
    chosen = settled.chosen
    if chosen is not None:
        came = chosen.rounds[chosen.chosen].reply.text
        if as_printed(came) != line_ends(came):
            found.append(Finding("R804", Location(place), "control characters in an answer are replaced by U+FFFD"))
        if not chosen.grounded:
            found += [
                finding for finding in chosen.report.findings if one.alone and finding.severity is not Severity.NOTE
            ]
            strictly = "too bad for --strict, though it is " if chosen.report.grounded else ""
            message = f"the answer is kept, but it is {strictly}{verdict(chosen.report)}"
            found.append(Finding("R803", Location(place), message, "mend it by hand, or ask another model"))
    one.screen.report(found)


def _show(one: _Run, orders: Sequence[PreparedQuestion], report: Path | None) -> None:
    """Give the one answer to stdout, when it is accepted and has no other place; write the report."""
    reports = [_report_of(one.settled.get(number), order) for number, order in enumerate(orders)]
    if report is not None:
        page = one.screen.mask(render_report("html", reports))
        problem = write_product(page, report)
        one.screen.report([problem] if problem else [])
    if not isinstance(one.answers, NoAnswers) or 0 not in one.settled:
        return
    settled = one.settled[0]
    one.screen.pane.clear()
    if settled.grounded:
        write_stdout(one.screen.mask(answer_text(settled)))
    elif settled.chosen is not None:
        one.screen.say("--- not grounded, so not on stdout; with --out DEST it is kept, marked ---")
        for line in answer_text(settled).splitlines():
            one.screen.say(line)


def _report_of(settled: AskResult | None, order: PreparedQuestion) -> CheckReport:
    if settled is None:
        return unchecked(order.id, order.id, [Finding("R801", Location(order.id), "it was not asked")])
    return (settled.chosen or settled.candidates[0]).report

"""`explainer ask`: questions → answers of language models that are checked, sent back, and kept with their proof."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import typer

from explainer.asking.ask import AskConfig, TerminatedError, foresee
from explainer.asking.ask import run as ask
from explainer.asking.conversation import AskResult, AskSettings, PreparedQuestion
from explainer.asking.endpoint import is_installed
from explainer.asking.outputs import answers_in
from explainer.asking.redaction import Redactor
from explainer.batching.tokens import Counter, UnknownTokenizerError, counter
from explainer.catalogs.library import SourceCounts
from explainer.checking.check import CheckReport, unchecked
from explainer.checking.reports import render_report
from explainer.cli.app import new_app
from explainer.cli.ask_display import AskDisplay, forecast_lines
from explainer.cli.ask_options import (
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
    prices_of,
    refuse_odd_report,
    refuse_odd_text,
    refuse_wrong_usage,
)
from explainer.cli.build import settle_template
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
)
from explainer.cli.run import TERMINATED
from explainer.cli.terminal import write_product, write_stdout
from explainer.diagnostics.finding import NOWHERE, ExitStatus, Finding, Location

app = new_app()

# Keys of a request that `ask` sets itself.
_TAKEN: Final = ("model", "messages", "stream", "n")


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
    redact = Redactor(address.key)
    parameters, repair_parameters = body_of(body, "--body", _TAKEN), body_of(repair_body, "--repair-body", _TAKEN)
    refuse_odd_text(model or (), parameters, repair_parameters)
    settings = AskSettings(tuple(dict.fromkeys(model or ())), parameters, repair_parameters, rounds, fix, strict)
    prices = prices_of(price_in, price_out)
    display = AskDisplay(findings, redact, alone=alone, strict=strict, verbose=verbose, priced=bool(prices))
    if not dry_run and not is_installed():
        hint = "pip install 'cnaps-explainer[ask]'"
        display.on_findings([Finding("E704", NOWHERE, "asking needs the package httpx2", hint)])
        display.close()
        raise typer.Exit(display.status or ExitStatus.OK)
    _, template = settle_template("prompt", template)
    config = AskConfig(
        question, text, alone, out, answers_in(out, redact), catalog or (), template, SourceCounts(models, papers),
        semantic, settings, prices, address, redact, _counter(tokenizer), force,
    )  # fmt: skip
    try:
        if dry_run:
            _show_forecast(config, display)
        else:
            _show_results(config, ask(config, display), display, report)
    except TerminatedError:
        sys.exit(TERMINATED)
    finally:
        display.close()
    raise typer.Exit(display.status or ExitStatus.OK)


def _counter(tokenizer: str) -> Counter:
    try:
        return counter(tokenizer)
    except UnknownTokenizerError as error:
        raise typer.BadParameter(str(error), param_hint="--tokenizer") from None


def _show_forecast(config: AskConfig, display: AskDisplay) -> None:
    outcome = foresee(config, display)
    if outcome is not None:
        count, total = outcome
        lines = forecast_lines(total, count, config.settings, priced=bool(config.prices))
        write_stdout("".join(f"{line}\n" for line in lines))


def _show_results(
    config: AskConfig,
    results: Sequence[tuple[PreparedQuestion, AskResult | None]],
    display: AskDisplay,
    report: Path | None,
) -> None:
    """Write the report; give the one answer to stdout, when it is accepted and has no other place."""
    if not results:
        if display.status is None:
            display.on_note("no questions: nothing was asked")
        return
    if report is not None:
        page = render_report("html", [_report_of(prepared, result) for prepared, result in results])
        display.on_findings(list(filter(None, [write_product(config.redact(page), report)])))
    _, result = results[0]
    if result is None or result.chosen is None or config.answers.journal is not None:
        return
    display.pane.clear()
    if result.grounded:
        write_stdout(config.redact(result.text))
        return
    display.on_note("--- not grounded, so not on stdout; with --out DEST it is kept, marked ---")
    for line in result.text.splitlines():
        display.on_note(line)


def _report_of(prepared: PreparedQuestion, result: AskResult | None) -> CheckReport:
    if result is None:
        return unchecked(prepared.id, prepared.id, [Finding("R801", Location(prepared.id), "it was not asked")])
    return (result.chosen or result.candidates[0]).report

"""`explainer ask`: its options, what cannot be meant by them, one call, and what is shown.

A key is never in an option, and never shown.
"""

from __future__ import annotations

import math
import os
import re
import signal
import sys
from collections.abc import Sequence
from itertools import chain, starmap
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from explainer.asking.ask import AskConfig, TerminatedError, foresee
from explainer.asking.ask import run as ask
from explainer.asking.conversation import AskResult, AskSettings, PreparedQuestion
from explainer.asking.costs import Prices
from explainer.asking.endpoint import Address, is_installed
from explainer.asking.outputs import ONE_FILE, answers_in
from explainer.asking.redaction import Redactor
from explainer.batching.tokens import TOKENIZERS
from explainer.catalogs.library import SourceCounts
from explainer.catalogs.loading import CATALOG_SUFFIXES
from explainer.checking.check import CheckReport, unchecked
from explainer.checking.reports import render_report
from explainer.cli.app import new_app
from explainer.cli.ask_display import AskDisplay, forecast_lines
from explainer.cli.options import (
    BodyOption,
    CatalogOption,
    FindingsOption,
    ModelCountOption,
    NoSemanticOption,
    PaperCountOption,
    SemanticOption,
    StrictOption,
    TemplateOption,
    TextOption,
    VerboseOption,
    body_of,
    choice,
    counter_of,
    is_same_file,
    one_question,
    refuse,
    refuse_contradictions,
    refuse_if,
    refuse_odd_text,
    settle_template,
)
from explainer.cli.terminal import write_product, write_stdout
from explainer.diagnostics.finding import NOWHERE, ExitStatus, Finding, Location
from explainer.diagnostics.text import is_plain, lazy_regex, printable
from explainer.files import STDIN
from explainer.rendering.templates import EVIDENCE_TEMPLATE

_KEY: Final = "OPENAI_API_KEY"
_URL: Final = "OPENAI_BASE_URL"
# Capitals alone: a key that is given by mistake has others.
_NAME: Final = lazy_regex(r"[A-Z_][A-Z0-9_]*+", re.ASCII)
# Printable ASCII without a space: all that a header takes as one word.
_HEADER_VALUE: Final = lazy_regex(r"[!-~]*+")
_NOWHERE: Final = "http://localhost/v1"  # a dry run needs an address, and sends nothing


def address_of(
    base_url: str | None, key_env: str | None, *, timeout: float, deadline: float, retries: int, concurrency: int,
    dry: bool,
) -> Address:  # fmt: skip
    """Return where and how to ask; a dry run asks nowhere.

    Raises:
        typer.BadParameter: when that is not said, or cannot be used.
    """
    url = base_url or os.environ.get(_URL) or _NOWHERE * dry
    _refuse_bad_url(url)
    refuse_if(
        not math.isfinite(timeout + deadline), "give a number of seconds", "--timeout/--deadline"
    )
    return Address(url, None if dry else _key(key_env), timeout, deadline, retries, concurrency)


def _refuse_bad_url(url: str) -> None:
    refuse_if(
        not url, f"say where to ask: --base-url URL, or {_URL} in the environment", "--base-url"
    )
    message = (
        "that is not the URL of an endpoint: it begins with http:// or https://, and a host follows"
    )
    try:
        parts = urlsplit(url)
        has_port_zero = parts.port == 0
    except ValueError:
        refuse(message, "--base-url")
    usable = parts.scheme in ("http", "https") and parts.hostname and is_plain(url)
    refuse_if(not usable or has_port_zero, message, "--base-url")
    # A password with a slash in it reads as a path.
    message = (
        f"a URL with a user or a password gets into logs: give it without, and the key by {_KEY}"
    )
    refuse_if("@" in parts.netloc + parts.path, message, "--base-url")


def _key(name: str | None) -> str | None:
    """The key in an environment variable, or in the usual one, which may be empty."""
    variable = name or _KEY
    key = os.environ.get(variable, "").strip()
    if name is not None:
        message = (
            "give the name of an environment variable (capitals, digits, _), not the key itself"
        )
        refuse_if(not _NAME.fullmatch(name), message, "--key-env")
        refuse_if(not key, f"the environment variable {name} is not set, or is empty", "--key-env")
    message = f"the value of {variable} cannot be a key: it has spaces or other characters that no header takes"
    refuse_if(not _HEADER_VALUE.fullmatch(key), message, "--key-env")
    return key or None


def prices_of(price_in: list[str] | None, price_out: list[str] | None) -> Prices:
    """Return prices from `PRICE` for all models and `MODEL=PRICE` for one.

    Raises:
        typer.BadParameter: when one is no price.
    """
    return Prices(_prices(price_in, "--price-in"), _prices(price_out, "--price-out"))


def _prices(values: list[str] | None, option: str) -> dict[str, float]:
    prices: dict[str, float] = {}
    for value in values or ():
        model, _, number = value.rpartition("=")
        try:
            price = float(number)
        except ValueError:
            price = math.nan
        message = f"{printable(value)!r} is no price for a million tokens, such as 0.15 or gpt-4o-mini=0.15"
        refuse_if(not 0 <= price < math.inf, message, option)
        prices[model] = price
    return prices


QuestionsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="QUESTION",
        help="A question file (YAML), - for stdin, or the question itself; or many: a folder, a .jsonl.",
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DEST", help="A folder, a .jsonl, or one .md; one answer may go to stdout."
    ),
]
AskedModelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model", metavar="NAME", help="The model to ask; may be repeated: the best answer counts."
    ),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="The endpoint, as http://localhost:8080/v1; else OPENAI_BASE_URL.",
    ),
]
KeyEnvOption = Annotated[
    str | None,
    typer.Option(
        "--key-env",
        metavar="NAME",
        help="The environment variable that holds the key; else OPENAI_API_KEY.",
    ),
]
RoundsOption = Annotated[
    int,
    typer.Option(
        "--rounds",
        min=0,
        max=20,
        metavar="N",
        help="How often an answer that is not grounded is sent back, at most.",
    ),
]
FixOption = Annotated[
    bool, typer.Option("--fix/--no-fix", help="Fix what is safe, if that makes an answer grounded.")
]
RepairBodyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--repair-body",
        metavar="KEY=VALUE",
        help="As --body, for requests that send an answer back.",
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Estimate calls and tokens, and send nothing.")
]
PriceInOption = Annotated[
    list[str] | None,
    typer.Option(
        "--price-in", metavar="[MODEL=]PRICE", help="The price of a million tokens that are sent."
    ),
]
PriceOutOption = Annotated[
    list[str] | None,
    typer.Option(
        "--price-out", metavar="[MODEL=]PRICE", help="The price of a million tokens of answers."
    ),
]
ConcurrencyOption = Annotated[
    int,
    typer.Option(
        "--concurrency", min=1, max=256, metavar="N", help="How many requests run at once."
    ),
]
RetriesOption = Annotated[
    int,
    typer.Option(
        "--retries",
        min=0,
        max=100,
        metavar="N",
        help="How often a failed request is sent again, at most.",
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        min=0.1,
        max=604_800,
        metavar="SECONDS",
        help="How long an endpoint may be silent.",
    ),
]
DeadlineOption = Annotated[
    float,
    typer.Option(
        "--deadline", min=0.1, max=604_800, metavar="SECONDS", help="How long one answer may take."
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="PATH", help="Write the check of all answers as one HTML page."
    ),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Ask again, even where the journal has an answer.")
]
TokenizerOption = Annotated[
    str, choice("--tokenizer", TOKENIZERS, "How tokens are counted where the server does not say.")
]


# Places that are none for many answers, and what to give instead.
_MANY_NEED: Final = {
    "nowhere": "many answers need a place: a folder, or a .jsonl",
    "stdout": "many answers need a folder or a .jsonl, with their journal beside them",
    "file": "many answers do not fit one file: give a folder, or a .jsonl",
}


def refuse_wrong_usage(
    question: Path | None, out: Path | None, models: list[str] | None, *, dry_run: bool
) -> bool:
    """Refuse what cannot be meant; return whether there is one question alone.

    Raises:
        typer.BadParameter: says what is missing, or which options do not go together.
    """
    refuse_if(not models, "name the model to ask, as the endpoint calls it", "--model")
    alone = question is None or _is_one_question(question)
    place = _kind_of_place(out)
    if not alone and not (place == "nowhere" and dry_run):
        refuse_if(place in _MANY_NEED, _MANY_NEED.get(place, ""), "--out")
    if out is None:
        return alone
    is_folder = place in ("file", "lines") and out.is_dir()
    is_source = question is not None and is_same_file(out, question)
    refuse_contradictions(
        (
            is_folder,
            "this is a folder, and its name is that of a file: give another place",
            "--out",
        ),
        (is_source, "the source would be overwritten: choose another place", "--out"),
    )
    return alone


def _is_one_question(path: Path) -> bool:
    return str(path) == STDIN or (path.suffix in CATALOG_SUFFIXES and not path.is_dir())


def _kind_of_place(out: Path | None) -> str:
    if out is None:
        return "nowhere"
    places = {"-": "stdout", ".jsonl": "lines", **dict.fromkeys(ONE_FILE, "file")}
    return places.get(str(out)) or places.get(out.suffix, "folder")


def refuse_odd_report(report: Path | None, out: Path | None) -> None:
    """Refuse a report in the place of something else.

    Raises:
        typer.BadParameter: says what is there.
    """
    if report is None:
        return
    if str(report) == STDIN:
        # there is one stdout: two products in it could not be told apart
        message = "the answer goes to stdout: give the report a file, or the answer a place (--out)"
        refuse_if(_kind_of_place(out) in ("nowhere", "stdout"), message, "--report")
        return
    refuse_if(report.is_dir(), "this is a folder: give the report a file", "--report")
    answers = answers_in(out)
    places = [
        answers.journal,
        *chain.from_iterable((record, *files) for record, files in answers.places(())),
    ]
    is_taken = any(is_same_file(report, path) for path in filter(None, places))
    refuse_if(is_taken, "this is where answers are written: choose another place", "--report")


app = new_app()

# Keys of a request that `ask` sets itself.
_TAKEN: Final = ("model", "messages", "stream", "n")


@app.command(
    epilog="explainer ask portrait.yaml --base-url http://localhost:8080/v1 --model NAME\n"
    "explainer ask questions --out answers --model NAME --dry-run"
)
def run(
    question: QuestionsArgument = None,
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
    no_semantic: NoSemanticOption = False,  # noqa: ARG001
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
    source, text = one_question(question, text)
    alone = refuse_wrong_usage(source, out, model, dry_run=dry_run)
    refuse_odd_report(report, out)
    address = address_of(
        base_url,
        key_env,
        timeout=timeout,
        deadline=deadline,
        retries=retries,
        concurrency=concurrency,
        dry=dry_run,
    )
    redact = Redactor(address.key)
    parameters, repair_parameters = (
        body_of(body, "--body", _TAKEN),
        body_of(repair_body, "--repair-body", _TAKEN),
    )
    asked_models = tuple(dict.fromkeys(model or ()))
    refuse_odd_text(asked_models, parameters, repair_parameters, options="--body/--repair-body")
    settings = AskSettings(asked_models, parameters, repair_parameters, rounds, fix, strict)
    prices = prices_of(price_in, price_out)
    display = AskDisplay(findings, alone=alone, strict=strict, verbose=verbose, priced=bool(prices))
    if not dry_run:
        _end_without_client(display)
    # a template that prints all there is: what is not printed, an answer cannot quote
    _, template = settle_template("prompt", template or EVIDENCE_TEMPLATE)
    config = AskConfig(
        source, text, alone, out, answers_in(out), catalog or (), template, SourceCounts(models, papers),
        semantic, settings, prices, address, redact, counter_of(tokenizer), force,
    )  # fmt: skip
    try:
        if dry_run:
            _show_forecast(config, display)
        else:
            _show_results(config, ask(config, display), display, report)
    except TerminatedError:
        sys.exit(128 + signal.SIGTERM)
    finally:
        display.close()
    raise typer.Exit(display.status or ExitStatus.OK)


def _end_without_client(display: AskDisplay) -> None:
    """End the command where the package that asks is not installed."""
    if is_installed():
        return
    hint = "pip install 'cnaps-explainer[ask]'"
    display.on_findings([Finding("E704", NOWHERE, "asking needs the package httpx2", hint)])
    display.close()
    raise typer.Exit(display.status or ExitStatus.OK)


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
        page = render_report("html", list(starmap(_report_of, results)))
        display.on_findings(write_product(page, report))
    if config.answers.journal is None:  # the answer has no other place than stdout
        _show_answer(results[0][1], display)


def _show_answer(result: AskResult | None, display: AskDisplay) -> None:
    if result is None or result.chosen is None:
        return
    display.pane.clear()
    if result.grounded:
        write_stdout(result.text)
        return
    # an answer that was paid for is shown, even beside a JSON document
    display.show_text(
        "--- not grounded, so not on stdout; with --out DEST it is kept, marked ---\n" + result.text
    )


def _report_of(prepared: PreparedQuestion, result: AskResult | None) -> CheckReport:
    if result is None:
        return unchecked(
            prepared.id, prepared.id, [Finding("R801", Location(prepared.id), "it was not asked")]
        )
    return (result.chosen or result.candidates[0]).report

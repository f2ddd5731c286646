"""The options that say where to ask, with which key, at what price. A key is never in an option, and never shown.

The options of `explainer ask`, each written once, and what cannot be meant by them.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from explainer.asking.costs import Prices
from explainer.asking.endpoint import Address
from explainer.asking.outputs import ONE_FILE
from explainer.batching.tokens import TOKENIZERS
from explainer.catalogs.loading import CATALOG_SUFFIXES
from explainer.cli.options import choice
from explainer.diagnostics.text import is_plain, printable
from explainer.files import STDIN

_KEY: Final = "OPENAI_API_KEY"
_URL: Final = "OPENAI_BASE_URL"
_NAME: Final = re.compile(r"[A-Z_][A-Z0-9_]*+", re.ASCII)
_NOWHERE: Final = "http://localhost/v1"


def address_of(
    base_url: str | None, key_env: str | None, *, timeout: float, deadline: float, retries: int, concurrency: int,
    dry: bool,
) -> Address:  # fmt: skip
    """Return where and how to ask; a dry run asks nowhere.

    Raises:
        typer.BadParameter: when that is not said, or cannot be used.
    """
    url = base_url or os.environ.get(_URL) or (_NOWHERE if dry else "")
    _refuse_bad_url(url)
    if not (math.isfinite(timeout) and math.isfinite(deadline)):
        message = "give a number of seconds"
        raise typer.BadParameter(message, param_hint="--timeout/--deadline")
    return Address(url, None if dry else _key(key_env), timeout, deadline, retries, concurrency)


def _refuse_bad_url(url: str) -> None:
    if not url:
        message = f"say where to ask: --base-url URL, or {_URL} in the environment"
        raise typer.BadParameter(message, param_hint="--base-url")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain(url) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        message = "that is not the URL of an endpoint: it begins with http:// or https://, and a host follows"
        raise typer.BadParameter(message, param_hint="--base-url")
    if "@" in parts.netloc + parts.path:  # a password with a slash in it reads as a path
        message = f"a URL with a user or a password gets into logs: give it without, and the key by {_KEY}"
        raise typer.BadParameter(message, param_hint="--base-url")


def _key(name: str | None) -> str | None:
    if name is not None and not _NAME.fullmatch(name):
        message = "give the name of an environment variable (capitals, digits, _), not the key itself"
        raise typer.BadParameter(message, param_hint="--key-env")
    key = os.environ.get(name or _KEY, "").strip()
    if name is not None and not key:
        message = f"there is no {name} in the environment, or it is empty"
        raise typer.BadParameter(message, param_hint="--key-env")
    if not key.isascii() or not key.isprintable() or " " in key:
        message = f"the value of {name or _KEY} cannot be a key: it has spaces or other characters that no header takes"
        raise typer.BadParameter(message, param_hint="--key-env")
    return key or None


def prices_of(price_in: list[str] | None, price_out: list[str] | None) -> Prices:
    """Return prices from `PRICE` for all models and `MODEL=PRICE` for one.

    Raises:
        typer.BadParameter: when one is no price.
    """
    return Prices(_prices(price_in, "--price-in"), _prices(price_out, "--price-out"))


def _prices(given: list[str] | None, option: str) -> dict[str, float]:
    prices: dict[str, float] = {}
    for one in given or ():
        model, _, price = one.rpartition("=")
        try:
            prices[model] = float(price)
        except ValueError:
            prices[model] = -1.0
        if not (math.isfinite(prices[model]) and prices[model] >= 0):
            message = f"{printable(one)!r} is no price for a million tokens, such as 0.15 or gpt-4o-mini=0.15"
            raise typer.BadParameter(message, param_hint=option)
    return prices


QuestionArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="QUESTION", readable=False, help="A question file (YAML), - for stdin; or many: a folder, a .jsonl."
    ),
]
TextOption = Annotated[str | None, typer.Option("--text", help="Ask this, instead of a question file.")]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DEST", help="A folder, a .jsonl, or one .md; one answer may go to stdout."),
]
AskedModelOption = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="NAME", help="The model to ask; may be repeated: the best answer counts."),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="The endpoint, as http://localhost:8080/v1; else OPENAI_BASE_URL."),
]
KeyEnvOption = Annotated[
    str | None,
    typer.Option("--key-env", metavar="NAME", help="The environment variable that holds the key; else OPENAI_API_KEY."),
]
RoundsOption = Annotated[
    int,
    typer.Option(
        "--rounds", min=0, max=20, metavar="N", help="How often an answer that is not grounded is sent back, at most."
    ),
]
FixOption = Annotated[bool, typer.Option("--fix/--no-fix", help="Mend what is safe, if that makes an answer grounded.")]
RepairBodyOption = Annotated[
    list[str] | None,
    typer.Option("--repair-body", metavar="KEY=VALUE", help="As --body, for requests that send an answer back."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say how many calls and tokens it will be, and ask nothing.")
]
PriceInOption = Annotated[
    list[str] | None,
    typer.Option("--price-in", metavar="[MODEL=]PRICE", help="The price of a million tokens that are sent."),
]
PriceOutOption = Annotated[
    list[str] | None,
    typer.Option("--price-out", metavar="[MODEL=]PRICE", help="The price of a million tokens of answers."),
]
ConcurrencyOption = Annotated[
    int, typer.Option("--concurrency", min=1, max=256, metavar="N", help="How many answers are on their way at once.")
]
RetriesOption = Annotated[
    int,
    typer.Option("--retries", min=0, max=100, metavar="N", help="How often a failed request is sent again, at most."),
]
TimeoutOption = Annotated[
    float,
    typer.Option("--timeout", min=0.1, max=604_800, metavar="SECONDS", help="How long an endpoint may say nothing."),
]
DeadlineOption = Annotated[
    float, typer.Option("--deadline", min=0.1, max=604_800, metavar="SECONDS", help="How long one answer may take.")
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="PATH", help="Write the check of all answers as one HTML page.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Ask again what the journal has an answer for.")]
TokenizerOption = Annotated[
    str, choice("--tokenizer", TOKENIZERS, "How tokens are counted where the server does not say.")
]


def refuse_wrong_usage(
    question: Path | None, text: str | None, out: Path | None, models: list[str] | None, *, dry_run: bool
) -> bool:
    """Refuse what cannot be meant; return whether there is one question alone.

    Raises:
        typer.BadParameter: says what is missing, or which options do not go together.
    """
    if (question is None) == (text is None):
        message = "give a question file, - for stdin, a folder, a .jsonl, or --text"
        raise typer.BadParameter(message, param_hint="QUESTION")
    if not models:
        message = "say which model to ask; the endpoint's own name for it"
        raise typer.BadParameter(message, param_hint="--model")
    alone = (
        question is None or str(question) == STDIN or (question.suffix in CATALOG_SUFFIXES and not question.is_dir())
    )
    if out is not None and str(out) == STDIN and not alone:
        message = "many answers need a folder or a .jsonl, where their journal stands beside them"
        raise typer.BadParameter(message, param_hint="--out")
    if out is None and not alone and not dry_run:
        message = "many answers need a place: a folder, or a .jsonl"
        raise typer.BadParameter(message, param_hint="--out")
    if out is not None and out.suffix in ONE_FILE and not alone:
        message = "many answers do not fit one file: give a folder, or a .jsonl"
        raise typer.BadParameter(message, param_hint="--out")
    if out is not None and out.suffix in (*ONE_FILE, ".jsonl") and out.is_dir():
        message = "this is a folder, and its name is that of a file: give another place"
        raise typer.BadParameter(message, param_hint="--out")
    if out is not None and question is not None and os.path.realpath(out) == os.path.realpath(question):
        message = "the source would be overwritten: give another place"
        raise typer.BadParameter(message, param_hint="--out")
    return alone


def refuse_odd_report(report: Path | None, question: Path | None, out: Path | None) -> None:
    """Refuse a report in the place of something else.

    Raises:
        typer.BadParameter: says what is there.
    """
    if report is None:
        return
    if str(report) == STDIN and (out is None or str(out) == STDIN):
        message = "the answer goes to stdout: give the report a file, or the answer a place (--out)"
        raise typer.BadParameter(message, param_hint="--report")
    others = [os.path.realpath(path) for path in (question, out) if path is not None and str(path) != STDIN]
    if str(report) != STDIN and os.path.realpath(report) in others:
        message = "the question or the answer would be overwritten: give another place"
        raise typer.BadParameter(message, param_hint="--report")


def refuse_odd_text(models: Sequence[str], *parameters: Mapping[str, Any]) -> None:
    """Refuse what no file and no terminal can show: it will be in records.

    Raises:
        typer.BadParameter: says which option holds it.
    """
    if not all(is_plain(model) and model.strip() for model in models):
        message = "the name of a model is plain text"
        raise typer.BadParameter(message, param_hint="--model")
    try:
        json.dumps(parameters, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        message = "a value is not text: it holds half a character"
        raise typer.BadParameter(message, param_hint="--body/--repair-body") from None

"""The options of `explainer ask`, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from explainer.batching.tokens import TOKENIZERS
from explainer.cli.options import choice

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
    float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="How long an endpoint may say nothing.")
]
DeadlineOption = Annotated[
    float, typer.Option("--deadline", min=0.1, metavar="SECONDS", help="How long one answer may take.")
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="PATH", help="Write the check of all answers as one HTML page.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Ask again what the journal has an answer for.")]
TokenizerOption = Annotated[
    str, choice("--tokenizer", TOKENIZERS, "How tokens are counted where the server does not say.")
]

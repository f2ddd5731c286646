"""`explainer publish` and `explainer cite`: what becomes of checked answers."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from explainer.checking.run import CheckConfig, CheckRun, run_check
from explainer.cli.app import new_app
from explainer.cli.check import refuse_wrong_usage
from explainer.cli.options import CatalogOption, FileOption, choice, format_of, refuse, refuse_if
from explainer.cli.terminal import complain, say, show_findings, write_product
from explainer.diagnostics.codes import Severity
from explainer.diagnostics.finding import ExitStatus, exit_status
from explainer.diagnostics.text import counted, refused_characters, replace_refused
from explainer.files import STDIN
from explainer.publishing.references import (
    FORMATS,
    FORMATS_BY_ENDING,
    StyleError,
    references,
    with_footnotes,
)

app = new_app()

AnswersArgument = Annotated[
    list[Path],
    typer.Argument(metavar="ANSWERS", help="Answers: a folder, .jsonl (such as proofs), files."),
]
QuestionOption = Annotated[
    Path | None,
    typer.Option(
        "--question", metavar="PATH", help="Their questions: a folder, .jsonl, or one file."
    ),
]
PromptOption = Annotated[
    Path | None,
    typer.Option("--prompt", metavar="PATH", help="Their prompts: a folder, .jsonl, or one file."),
]


@app.command(
    "publish",
    epilog="explainer publish answers --question questions --out site\nexplainer publish proofs.jsonl --out site",
)
def publish(
    answers: AnswersArgument,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="SITE", help="The folder of the site.")
    ],
    question: QuestionOption = None,
    prompt: PromptOption = None,
    catalog: CatalogOption = None,
    title: Annotated[
        str, typer.Option("--title", help="The title of the front page.")
    ] = "Checked answers",
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="Where the site will be, for its feeds.")
    ] = "",
) -> None:
    """Make a static site of checked answers: a page for each, and one for each model and paper.

    Its pages need no server and no script, and load nothing from elsewhere. What is not grounded is published too, and
    marked; an answer that cannot be checked has no page. Run it again, and only what changed is written. The exit
    status is 0 when all answers are grounded, 1 when one is not.
    """
    # pages are made by this command alone
    from explainer.publishing.site import SiteConfig, processes
    from explainer.publishing.site import publish as made

    from_stdin = Path(STDIN) in (*answers, question, prompt)
    refuse_if(from_stdin, "answers are read more than once: give a file", "ANSWERS")
    base = _address(url)
    config = _config(answers, question, prompt, catalog)
    site = made(SiteConfig(config, out, _now(), replace_refused(title), base, processes()))
    show_findings(site.findings, "text")
    status = exit_status(site.findings)
    if status is ExitStatus.UNUSABLE or not site.rows:
        raise typer.Exit(status or ExitStatus.NOTHING_CHECKED)
    # as in `check`: what is refuted or not grounded fails the run
    states = Counter(row.state for row in site.rows)
    refuted = f", {states['refuted']} refuted" * bool(states["refuted"])
    say(
        f"{out / 'index.html'}: {counted(len(site.rows), 'answer')}, {states['faulty']} not grounded{refuted}"
    )
    say(f"{counted(site.written, 'file')} written, {site.removed} removed")
    if states["faulty"] + states["refuted"]:
        status = max(status, ExitStatus.ERRORS)
    raise typer.Exit(status)


def _address(url: str) -> str:
    """The address of a site, with a slash at its end; empty when none was given."""
    if not url:
        return url
    # names of pages are put behind it
    address = url.rstrip("/") + "/"
    is_usable = address.startswith(("http://", "https://")) and not any(refused_characters(address))
    refuse_if(not is_usable, "not an http or https URL", "--url")
    return address


def _now() -> str:
    """The time, or the one that a reproducible build sets (reproducible-builds.org, SOURCE_DATE_EPOCH)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        moment = dt.datetime.fromtimestamp(int(epoch or time.time()), tz=dt.UTC)
    except (ValueError, OverflowError, OSError):
        refuse("not a number of seconds since 1970", "SOURCE_DATE_EPOCH")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@app.command(
    "cite",
    epilog="explainer cite proofs.jsonl --out references.bib\n"
    "explainer cite answers --question questions --style apa --out cited.md",
)
def cite(
    answers: AnswersArgument,
    question: QuestionOption = None,
    prompt: PromptOption = None,
    catalog: CatalogOption = None,
    output_format: Annotated[
        str | None,
        choice("--format", FORMATS, "The format; by default that of --out, else markdown."),
    ] = None,
    style: Annotated[
        str | None,
        typer.Option(
            "--style",
            metavar="NAME|FILE.csl",
            help="A citation style for the notes (markdown; extra cite).",
        ),
    ] = None,
    out: FileOption = None,
) -> None:
    """Write the references of what answers cite and the check proves.

    CSL-JSON, RIS and BibTeX hold each proved entry once. Markdown is the answers themselves, with a footnote for each
    entry; Pandoc makes a Word document or a PDF of it. The exit status is that of `explainer check`.
    """
    output_format = format_of(output_format, out, FORMATS_BY_ENDING, "markdown")
    has_own_style = style is not None and output_format != "markdown"
    refuse_if(
        has_own_style,
        "it is for --format markdown; other programs bring their own styles",
        "--style",
    )
    run = run_check(_config(answers, question, prompt, catalog))
    run.findings += write_product(_references(run, output_format, style), out)
    _say_what_is_not_proved(run)
    show_findings(run.findings, "text")
    raise typer.Exit(run.status(Severity.ERROR, strict=False))


def _config(
    answers: list[Path], question: Path | None, prompt: Path | None, catalog: list[Path] | None
) -> CheckConfig:
    config = CheckConfig(tuple(answers), question, prompt, tuple(catalog or ()))
    refuse_wrong_usage(config)
    return config


def _references(run: CheckRun, output_format: str, style: str | None) -> str:
    # what could not be checked proves nothing
    answers = [
        (report, answer.offered) for answer, report in zip(run.answers, run.reports, strict=True)
    ]
    judged = [
        (report, offered) for report, offered in answers if offered is not None and report.text
    ]
    if output_format != "markdown":
        return references(judged, output_format)
    try:
        return with_footnotes(judged, style)
    except StyleError as error:
        refuse(str(error), "--style")


def _say_what_is_not_proved(run: CheckRun) -> None:
    from explainer.checking.reports.text import verdict_line

    faulty = [report for report in run.reports if not report.grounded]
    for report in faulty:
        if report.text:  # else it was not checked, and its findings say why
            complain(verdict_line(report), prefix="")
        else:
            show_findings(report.findings, "text")
    if faulty:
        say("only what is proved is cited; `explainer check` says what is wrong with the rest")

"""`explainer recommend`: which models and papers of the catalogs fit a question, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from explainer.choice_report import SCHEMA, choice_data, choice_text
from explainer.choose import fit_findings
from explainer.cli.app import new_app
from explainer.cli.options import (
    CatalogOption,
    FindingsOption,
    ModelCountOption,
    PaperCountOption,
    SemanticOption,
    StrictOption,
    VerboseOption,
    completing,
    one_of,
    semantic_of,
)
from explainer.cli.output import say, show_findings, write_product
from explainer.findings import ExitStatus, Finding, exit_status
from explainer.project import Shelf, catalogs_for, load_question_lines
from explainer.question import LoadedQuestion, question_from_text
from explainer.recommend import Choice, recommender_of
from explainer.resolve import Library
from explainer.text import printable, shorten
from explainer.workspace import STDIN, display_path

FORMATS = ("text", "json", "jsonl")

_OTHERS = ("model", "paper", "task")
"""What a line of labels has besides a question: the same file does for `catalog eval`."""

app = new_app()


@app.command()
def run(
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="The question, in your own words.")] = None,
    questions: Annotated[
        Path | None,
        typer.Option("--questions", metavar="FILE", help='Questions, a line of JSON each: {"id", "question"}.'),
    ] = None,
    catalog: CatalogOption = None,
    models: ModelCountOption = 5,
    papers: PaperCountOption = 5,
    explain: Annotated[bool, typer.Option("--explain", help="Show what each word adds to each score.")] = False,
    semantic: SemanticOption = None,
    output_format: Annotated[
        str,
        typer.Option(
            "--format", metavar="|".join(FORMATS), help="The format of the output.",
            callback=one_of(FORMATS), autocompletion=completing(FORMATS),
        ),
    ] = "text",
    out: Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Write to a file, not to stdout.")] = None,
    strict: StrictOption = False,
    findings: FindingsOption = "text",
    verbose: VerboseOption = False,
) -> None:  # fmt: skip
    """Rank the models and papers of the catalogs for a question in lay words, and say why.

    Nothing is downloaded and nothing leaves this machine. Where nothing fits, nothing is invented: exit status 1.
    """
    if (text is None) == (questions is None):
        message = "give a question as text, or a file with --questions"
        raise typer.BadParameter(message, param_hint="TEXT")
    found: list[Finding] = []
    opinion = semantic_of(semantic, found)
    kinds = [kind for kind, number in (("models", models), ("papers", papers)) if number]
    shelf = Shelf()
    chosen: list[tuple[LoadedQuestion, Choice]] = []
    for one in _asked(text, questions, found):
        library = _library(shelf, one, questions, catalog or [], found, verbose=verbose and not chosen)
        if library is None:
            continue
        choice = recommender_of(library, opinion).recommend(one.question.question, models=models, papers=papers)
        found += fit_findings(choice, kinds, one.document)
        chosen.append((one, choice))
    if exit_status(found, strict=strict) != ExitStatus.UNUSABLE:
        problem = write_product(_product(chosen, output_format, explain=explain, many=questions is not None), out)
        found += [problem] if problem else []
    show_findings(dict.fromkeys(found), findings)
    raise typer.Exit(exit_status(found, strict=strict))


def _asked(text: str | None, questions: Path | None, found: list[Finding]) -> list[LoadedQuestion]:
    """The questions of the command line."""
    if questions is not None:
        many = load_question_lines(questions, passed_over=_OTHERS)
        found += many.findings
        return many.value or []
    one = question_from_text(text or "", file="TEXT")
    found += one.findings
    return [one.value] if one.value is not None else []


def _library(
    shelf: Shelf, asked: LoadedQuestion, questions: Path | None, given: list[Path], found: list[Finding], *,
    verbose: bool,
) -> Library | None:  # fmt: skip
    base = Path() if questions is None or str(questions) == STDIN else questions.parent
    paths = catalogs_for(given, asked.question.catalog, base)
    found += paths.findings
    if verbose:
        for path in paths.value or []:
            say(f"catalog: {display_path(path.path)}")
    library = shelf.library(paths.value or [])
    found += library.findings
    return library.value


def _product(
    chosen: list[tuple[LoadedQuestion, Choice]], output_format: str, *, explain: bool, many: bool
) -> str:
    if output_format == "text":
        parts = [choice_text(choice, explain=explain) for _, choice in chosen]
        if not many:
            return "".join(parts)
        heads = [f"{one.id}: {printable(shorten(one.question.question, 100))}\n" for one, _ in chosen]
        return "\n".join(f"{head}{part}" for head, part in zip(heads, parts, strict=True))
    rows = [choice_data(one.id, choice, explain=explain) for one, choice in chosen]
    if output_format == "jsonl":
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    document = {"schema": SCHEMA, "questions": rows}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"

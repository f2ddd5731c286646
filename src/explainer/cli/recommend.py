"""`explainer recommend`: which models and papers of the catalogs fit a question, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from explainer.catalogs.library import SourceCounts
from explainer.cli.app import new_app
from explainer.cli.options import (
    CatalogOption,
    FileOption,
    FindingsOption,
    ModelCountOption,
    NoSemanticOption,
    PaperCountOption,
    SemanticOption,
    StrictOption,
    VerboseOption,
    choice,
    refuse_if,
    semantic_of,
)
from explainer.cli.terminal import say, say_catalogs, show_findings, write_product
from explainer.diagnostics.finding import ExitStatus, Finding, exit_status
from explainer.recommending.choice import FORMATS, choices_output
from explainer.recommending.questions import RecommendConfig, RecommendResult, recommend_questions

app = new_app()


@app.command(
    epilog="explainer recommend remove the background of a photo\n"
    "explainer recommend --questions questions.jsonl --format jsonl --models 1 --papers 3"
)
def run(
    text: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="The question, in your words; quotes are optional.")
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions", metavar="FILE",
            help='Questions as JSON Lines: {"id", "question"}.',
        ),
    ] = None,
    catalog: CatalogOption = None,
    models: ModelCountOption = 5,
    papers: PaperCountOption = 5,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what each word adds to each score.")
    ] = False,
    semantic: SemanticOption = None,
    no_semantic: NoSemanticOption = False,  # noqa: ARG001
    index: Annotated[
        bool,
        typer.Option(
            "--index", help="Keep an index of large catalogs on disk, and search that."
        ),
    ] = False,
    output_format: Annotated[
        str,
        choice("--format", FORMATS, "The format of the output."),
    ] = "text",
    out: FileOption = None,
    strict: StrictOption = False,
    findings: FindingsOption = "text",
    verbose: VerboseOption = False,
) -> None:  # fmt: skip
    """Rank the models and papers of the catalogs for a question in lay words, and say why.

    Nothing is downloaded and nothing leaves this machine. Where nothing fits, nothing is invented: exit status 1.
    """
    _refuse_wrong_usage(text or [], questions, index=index, semantic=semantic)
    problems: list[Finding] = []
    config = RecommendConfig(
        text=" ".join(text or ()),
        questions=questions,
        catalogs=tuple(catalog or ()),
        counts=SourceCounts(models, papers),
        semantic=None if index else semantic_of(semantic, problems),
        use_index=index,
        progress=_show_progress,
    )
    result = RecommendResult((), tuple(problems), ()) if problems else recommend_questions(config)
    if verbose:
        say_catalogs(result.catalogs)
    problems = list(result.findings)
    if exit_status(problems, strict=strict) != ExitStatus.UNUSABLE:
        output = choices_output(result.choices, output_format, explain=explain, headings=questions is not None)
        problem = write_product(output, out)
        problems += [problem] if problem else []
    show_findings(problems, findings)
    raise typer.Exit(exit_status(problems, strict=strict))


def _refuse_wrong_usage(words: list[str], questions: Path | None, *, index: bool, semantic: object) -> None:
    message = "give a question as text, or a file with --questions"
    refuse_if(bool(words) == (questions is not None), message, "TEXT")
    text = " ".join(words)
    is_file = len(words) == 1 and text.endswith((".yaml", ".yml"))
    refuse_if(is_file, f"{text!r} is a file; give the question as text, or JSON Lines with --questions", "TEXT")
    refuse_if(index and semantic is not None, "--semantic reads all entries, and --index does not", "--index")


def _show_progress(count: int) -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        say(f"indexed {count:,} entries")

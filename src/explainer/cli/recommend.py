"""`explainer recommend`: which models and papers of the catalogs fit a question, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explainer.build import semantic_model
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
    refuse_contradictions,
)
from explainer.cli.terminal import finish, say, say_catalogs, write_product
from explainer.diagnostics.finding import ExitStatus, Parsed, exit_status
from explainer.recommending.choice import FORMATS, choices_output
from explainer.recommending.questions import RecommendConfig, RecommendResult, recommend_questions

if TYPE_CHECKING:
    from explainer.recommending.recommend import SupportsMeanings

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
    words = text or []
    _refuse_wrong_usage(words, questions, index=index, semantic=semantic)
    # an index is searched by words alone
    model: Parsed[SupportsMeanings] = Parsed(None) if index else semantic_model(semantic)
    config = RecommendConfig(
        text=" ".join(words),
        questions=questions,
        catalogs=tuple(catalog or ()),
        counts=SourceCounts(models, papers),
        semantic=model.value,
        use_index=index,
        progress=_show_progress,
    )
    result = (
        RecommendResult((), model.findings, ()) if model.findings else recommend_questions(config)
    )
    if verbose:
        say_catalogs(result.catalogs)
    # where a file cannot be used, a ranking of the others would mislead
    reported = result.findings
    if exit_status(reported, strict=strict) != ExitStatus.UNUSABLE:
        output = choices_output(
            result.choices, output_format, explain=explain, headings=questions is not None
        )
        reported += write_product(output, out)
    finish(reported, findings, strict=strict)


def _refuse_wrong_usage(
    words: list[str], questions: Path | None, *, index: bool, semantic: object
) -> None:
    text = " ".join(words)
    is_file = len(words) == 1 and text.endswith((".yaml", ".yml"))
    refuse_contradictions(
        (
            bool(words) == (questions is not None),
            "give a question as text, or a file with --questions",
            "TEXT",
        ),
        (
            is_file,
            f"{text!r} is a file; give the question as text, or JSON Lines with --questions",
            "TEXT",
        ),
        (
            index and semantic is not None,
            "--semantic reads all entries, and --index does not",
            "--index",
        ),
    )


def _show_progress(count: int) -> None:
    if sys.stderr is not None and sys.stderr.isatty():  # a log needs no progress
        say(f"indexed {count:,} entries")

"""`explainer recommend`: which models and papers of the catalogs fit a question, and why."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogLoader, CatalogPath, catalogs_for, load_question_lines
from explainer.catalogs.question import LoadedQuestion, question_from_text
from explainer.cli.app import new_app
from explainer.cli.options import (
    CatalogOption,
    FindingsOption,
    ModelCountOption,
    PaperCountOption,
    SemanticOption,
    StrictOption,
    VerboseOption,
    choice,
    semantic_of,
)
from explainer.cli.terminal import say, show_findings, write_product
from explainer.diagnostics.finding import ExitStatus, Finding, exit_status
from explainer.diagnostics.text import printable, shorten
from explainer.files import STDIN, display_path
from explainer.recommending.choice import SCHEMA, choice_data, choice_text, fit_findings
from explainer.recommending.recommend import Choice, recommender_of

if TYPE_CHECKING:
    from explainer.recommending.disk_index import IndexedRecommender

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
    index: Annotated[
        bool, typer.Option("--index", help="Keep an index of large catalogs on disk, and search that.")
    ] = False,
    output_format: Annotated[
        str,
        choice("--format", FORMATS, "The format of the output."),
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
    if index and semantic is not None:
        message = "--semantic reads all entries, and --index does not"
        raise typer.BadParameter(message, param_hint="--index")
    found: list[Finding] = []
    opinion = semantic_of(semantic, found)
    kinds = [kind for kind, number in (("models", models), ("papers", papers)) if number]
    shelf = CatalogLoader()
    chosen: list[tuple[LoadedQuestion, Choice]] = []
    usable = exit_status(found) is ExitStatus.OK  # the model of --semantic
    for one in _asked(text, questions, found) if usable else ():
        paths = _catalogs(one, questions, catalog or [], found, verbose=verbose and not chosen)
        if index:
            chosen_from = _search(paths, shelf, one.question.question, models, papers, found)
        else:
            library = _library(paths, shelf, found)
            chosen_from = None
            if library is not None:
                recommender = recommender_of(library, opinion)
                choice = recommender.recommend(one.question.question, models=models, papers=papers)
                chosen_from = choice, recommender.kinds
        if chosen_from is None:
            continue
        choice, there = chosen_from
        found += fit_findings(choice, [kind for kind in kinds if kind in there] or kinds, one.document)
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


def _catalogs(
    asked: LoadedQuestion, questions: Path | None, given: list[Path], found: list[Finding], *, verbose: bool
) -> tuple[CatalogPath, ...]:
    base = Path() if questions is None or str(questions) == STDIN else questions.parent
    paths = catalogs_for(given, asked.question.catalog, base)
    found += paths.findings
    if verbose:
        for path in paths.value or []:
            say(f"catalog: {display_path(path.path)}")
    return tuple(paths.value or ())


def _library(paths: tuple[CatalogPath, ...], shelf: CatalogLoader, found: list[Finding]) -> Library | None:
    library = shelf.library(paths)
    found += library.findings
    return None if exit_status(library.findings) is ExitStatus.UNUSABLE else library.value


def _search(
    paths: tuple[CatalogPath, ...], shelf: CatalogLoader, question: str, models: int, papers: int, found: list[Finding]
) -> tuple[Choice, tuple[str, ...]] | None:
    """Recommend from the index on disk, which is built again when it turns out to be damaged; and say what it holds."""
    for anew in (False, True):
        opened = _indexed(paths, shelf, found, anew)
        if opened is None:
            return None
        try:
            return opened.recommend(question, models=models, papers=papers), opened.kinds
        except ValueError:
            _OPEN.clear()
    return None


_OPEN: dict[tuple[CatalogPath, ...], IndexedRecommender] = {}


def _indexed(
    paths: tuple[CatalogPath, ...],
    shelf: CatalogLoader,
    found: list[Finding],
    anew: bool,  # one of two tries
) -> IndexedRecommender | None:
    if paths not in _OPEN:
        from explainer.recommending.disk_index import open_indexed

        def progress(count: int) -> None:
            if sys.stderr is not None and sys.stderr.isatty():
                say(f"indexed {count:,} entries")

        files = [path.path for path in paths]
        opened = open_indexed(files, lambda: _library(paths, shelf, found), progress, anew=anew)
        found += opened.findings
        if opened.value is None:
            return None
        _OPEN[paths] = opened.value
    return _OPEN[paths]


def _product(chosen: list[tuple[LoadedQuestion, Choice]], output_format: str, *, explain: bool, many: bool) -> str:
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

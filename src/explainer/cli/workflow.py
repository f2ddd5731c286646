"""`explainer workflow`: the workflows that the models of a question can form, composed by their types, and drawn."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from explainer.build import offer
from explainer.catalogs.library import Library, SourceCounts
from explainer.catalogs.loading import CatalogLoader, load_question
from explainer.catalogs.question import LoadedQuestion, question_from_text
from explainer.cli.app import new_app
from explainer.cli.options import (
    CatalogOption,
    FileOption,
    FindingsOption,
    ModelCountOption,
    QuestionArgument,
    StrictOption,
    TextOption,
    VerboseOption,
    choice,
    one_question,
    refuse,
)
from explainer.cli.terminal import say, say_catalogs, show_findings, write_product
from explainer.diagnostics.finding import ExitStatus, Parsed, exit_status
from explainer.files import STDIN
from explainer.workflows.compose import LARGEST, MOST_MODELS
from explainer.workflows.planning import Tasks, WorkflowPlan, left_out_findings, plan_findings, plan_workflows

FORMATS = ("text", "mermaid", "svg", "json")
# Formats of one drawing, in which the models that are in no workflow cannot be told.
_ONE_ONLY = frozenset(("mermaid", "svg"))
# Columns of a drawing on a wider terminal: beyond, the eye loses the line.
_WIDEST = 100

app = new_app()


@app.command(
    epilog="explainer workflow questions/portrait.yaml\n"
    "explainer workflow portrait.yaml --format svg --out portrait.svg"
)
def run(
    question: QuestionArgument = None,
    text: TextOption = None,
    catalog: CatalogOption = None,
    output_format: Annotated[
        str, choice("--format", FORMATS, "How workflows are drawn; mermaid and svg draw one.")
    ] = "text",
    max_models: Annotated[
        int, typer.Option("--max-models", min=1, max=LARGEST, metavar="N", help="Models of one workflow, at most.")
    ] = MOST_MODELS,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, metavar="N", help="Workflows, at most.")] = 3,
    pick: Annotated[
        int | None, typer.Option("--pick", min=1, max=100, metavar="N", help="Only the Nth workflow, 1 for the best.")
    ] = None,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Draw the text with ASCII alone.")] = False,
    width: Annotated[
        int | None,
        typer.Option("--width", min=40, metavar="N", help="Columns of the text; by default those of the terminal."),
    ] = None,
    out: FileOption = None,
    models: ModelCountOption = 1,
    strict: StrictOption = False,
    findings: FindingsOption = "text",
    verbose: VerboseOption = False,
) -> None:
    """Compose the workflows that the models of a question can form, best first, and draw them.

    Models are joined by their signatures, from what the question has (input) to what it wants (output); what it does
    not say is read from the signatures. Where the models cannot be joined, it says why: exit status 1.
    """
    given, text = one_question(question, text)
    file = given or Path(STDIN)
    parsed = load_question(file) if text is None else question_from_text(text, file="--text")
    reported = list(parsed.findings)
    plan = None
    if parsed.value is not None:
        loader = CatalogLoader(catalog or ())
        if verbose:
            say_catalogs(loader.files(parsed.value.question.catalog, file.parent).value)
        read = loader.usable(parsed.value.question, file.parent)
        reported += read.findings
        library = read.value
        if library is not None:
            planned = _plan(parsed.value, library, models, max_models, max(limit, pick or 1), verbose=verbose)
            reported += planned.findings
            plan = planned.value
    if plan is not None and exit_status(reported, strict=strict) == ExitStatus.OK:
        if output_format in _ONE_ONLY:
            limit = 1
            reported += left_out_findings(plan)
        columns = width or min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
        drawing = _drawn(plan, _places(plan, limit, pick), output_format, columns, ascii_only=ascii_only)
        reported += filter(None, [write_product(drawing, out)])
    show_findings(reported, findings)
    raise typer.Exit(exit_status(reported, strict=strict))


def _plan(
    loaded: LoadedQuestion, library: Library, models: int, max_models: int, limit: int, *, verbose: bool
) -> Parsed[WorkflowPlan]:
    """Compose the workflows of a question; why there are none is a finding."""
    offered = offer(loaded, library, SourceCounts(models, 0))
    if offered.value is None:
        return Parsed(None, offered.findings)
    sources, selection = offered.value
    if verbose and selection is not None:
        for ranked in selection.models:
            say(f"recommended model: {ranked.entry.label} ({ranked.why})")
    plan = plan_workflows(loaded, sources.models, library, Tasks.of(library), max_models=max_models, limit=limit)
    return Parsed(plan, (*offered.findings, *plan_findings(plan, max_models, recommended=selection is not None)))


def _places(plan: WorkflowPlan, limit: int, pick: int | None) -> list[int]:
    """The places of the workflows that are shown."""
    count = len(plan.composition.workflows)
    if pick is None:
        return list(range(min(count, limit)))
    if pick > count:
        number = "is one workflow" if count == 1 else f"are {count} workflows"
        message = f"there {number} only"
        refuse(message, "--pick")
    return [pick - 1]


def _drawn(plan: WorkflowPlan, places: list[int], output_format: str, columns: int, *, ascii_only: bool) -> str:
    from explainer.workflows import output

    drawings = {"json": output.as_json, "mermaid": output.as_mermaid, "svg": output.as_svg}
    if output_format in drawings:
        return drawings[output_format](plan, places)
    from rich.cells import cell_len

    return output.as_text(plan, places, columns, cell_len, ascii_only=ascii_only)

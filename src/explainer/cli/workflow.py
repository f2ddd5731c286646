"""`explainer workflow`: the workflows that the models of a question can form, composed by their types, and drawn."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from explainer.build import offer
from explainer.catalogs.library import Library, SourceCounts
from explainer.catalogs.loading import CatalogLoader, asked_question
from explainer.catalogs.parsing import LoadedQuestion
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
    refuse_if,
)
from explainer.cli.terminal import finish, say_catalogs, say_choice, write_product
from explainer.diagnostics.finding import ExitStatus, Parsed, exit_status
from explainer.files import STDIN
from explainer.workflows.compose import LARGEST, MOST_MODELS
from explainer.workflows.planning import (
    Tasks,
    WorkflowPlan,
    left_out_findings,
    plan_findings,
    plan_workflows,
)

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
        int,
        typer.Option(
            "--max-models", min=1, max=LARGEST, metavar="N", help="Models of one workflow, at most."
        ),
    ] = MOST_MODELS,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=100, metavar="N", help="Workflows, at most.")
    ] = 3,
    pick: Annotated[
        int | None,
        typer.Option(
            "--pick", min=1, max=100, metavar="N", help="Only the Nth workflow, 1 for the best."
        ),
    ] = None,
    ascii_only: Annotated[
        bool, typer.Option("--ascii", help="Draw the text with ASCII alone.")
    ] = False,
    width: Annotated[
        int | None,
        typer.Option(
            "--width",
            min=40,
            metavar="N",
            help="Columns of the text; by default those of the terminal.",
        ),
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
    named_file, text = one_question(question, text)
    file = named_file or Path(STDIN)
    loader = CatalogLoader(catalog or ())
    # --pick 5 needs five of them, whatever --limit says
    limits = _Limits(models, max_models, max(limit, pick or 1))
    planned = asked_question(file, text).then(
        lambda loaded: _planned(loaded, file.parent, loader, limits, verbose=verbose)
    )
    reported = list(planned.findings)
    plan = planned.value
    if plan is not None and exit_status(reported, strict=strict) == ExitStatus.OK:
        if output_format in _ONE_ONLY:
            limit = 1
            reported += left_out_findings(plan)
        columns = width or min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
        drawing = _drawn(
            plan, _places(plan, limit, pick), output_format, columns, ascii_only=ascii_only
        )
        reported += write_product(drawing, out)
    finish(reported, findings, strict=strict)


class _Limits(NamedTuple):
    """How many models are recommended, how many one workflow has, and how many workflows there are: at most."""

    recommended: int
    models: int
    workflows: int


def _planned(
    loaded: LoadedQuestion, base: Path, loader: CatalogLoader, limits: _Limits, *, verbose: bool
) -> Parsed[WorkflowPlan]:
    """The workflows of a question, from the catalogs that it is answered from."""
    if verbose:
        say_catalogs(loader.files(loaded.question.catalog, base).value)
    library = loader.usable(loaded.question, base)
    return library.then(lambda entries: _plan(loaded, entries, limits, verbose=verbose))


def _plan(
    loaded: LoadedQuestion, library: Library, limits: _Limits, *, verbose: bool
) -> Parsed[WorkflowPlan]:
    """Compose the workflows of a question; why there are none is a finding."""
    offered = offer(loaded, library, SourceCounts(limits.recommended, 0))
    if offered.value is None:
        return Parsed(None, offered.findings)
    sources, selection = offered.value
    if verbose:
        say_choice(selection)
    plan = plan_workflows(
        loaded,
        sources.models,
        library,
        Tasks.of(library),
        max_models=limits.models,
        limit=limits.workflows,
    )
    return Parsed(
        plan,
        (*offered.findings, *plan_findings(plan, limits.models, recommended=selection is not None)),
    )


def _places(plan: WorkflowPlan, limit: int, pick: int | None) -> list[int]:
    """The places of the workflows that are shown."""
    count = len(plan.composition.workflows)
    if pick is None:
        return list(range(min(count, limit)))
    number = "is one workflow" if count == 1 else f"are {count} workflows"
    refuse_if(pick > count, f"there {number} only", "--pick")
    return [pick - 1]


def _drawn(
    plan: WorkflowPlan, places: list[int], output_format: str, columns: int, *, ascii_only: bool
) -> str:
    from explainer.workflows import output

    drawings = {"json": output.as_json, "mermaid": output.as_mermaid, "svg": output.as_svg}
    if output_format in drawings:
        return drawings[output_format](plan, places)
    from rich.cells import cell_len

    return output.as_text(plan, places, columns, cell_len, ascii_only=ascii_only)

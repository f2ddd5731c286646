"""`explainer workflow`: the workflows that the models of a question can form, composed by their types, and drawn."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from explainer.build import offer
from explainer.catalogs.library import Library, SourceCounts
from explainer.catalogs.loading import CatalogLoader, load_question
from explainer.catalogs.question import LoadedQuestion, question_from_text
from explainer.cli.app import new_app
from explainer.cli.build import library_of
from explainer.cli.options import CatalogOption, FindingsOption, ModelCountOption, StrictOption, VerboseOption, choice
from explainer.cli.terminal import say, show_findings, write_product
from explainer.diagnostics.finding import ExitStatus, Finding, exit_status
from explainer.diagnostics.text import printable, shorten
from explainer.files import STDIN
from explainer.workflows.compose import LARGEST, MOST_MODELS
from explainer.workflows.graph import WorkflowGraph
from explainer.workflows.planning import Tasks, WorkflowPlan, plan_workflows, what_is_missing, why_useless

FORMATS = ("text", "mermaid", "svg", "json")
SCHEMA = "explainer/workflow/1"
_WIDEST = 100
_FEW = 4
"""Alternatives of a step that are named in the text."""

app = new_app()


@app.command()
def run(
    question: Annotated[
        Path | None, typer.Argument(metavar="QUESTION", readable=False, help="A question file (YAML), or - for stdin.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Ask this, instead of a question file.")] = None,
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
    out: Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Write to a file, not to stdout.")] = None,
    models: ModelCountOption = 1,
    strict: StrictOption = False,
    findings: FindingsOption = "text",
    verbose: VerboseOption = False,
) -> None:
    """Compose the workflows that the models of a question can form, best first, and draw them.

    Models are joined by their signatures, from what the question has (input) to what it wants (output); what it does
    not say is read from the signatures. Where the models cannot be joined, it says why: exit status 1.
    """
    if (question is None) == (text is None):
        message = "give a question file, - for stdin, or --text"
        raise typer.BadParameter(message, param_hint="QUESTION")
    found: list[Finding] = []
    loaded = question_from_text(text, file="--text") if text is not None else load_question(question or Path(STDIN))
    found += loaded.findings
    plan = None
    if loaded.value is not None:
        base = Path() if question is None or str(question) == STDIN else question.parent
        read = library_of(loaded.value, base, CatalogLoader(catalog or ()), verbose=verbose)
        found += read.findings
        library = read.value
        if library is not None:
            wanted = SourceCounts(models, 0)
            plan = _plan(loaded.value, library, wanted, max_models, max(limit, pick or 1), found, verbose=verbose)
    if plan is not None and exit_status(found, strict=strict) == ExitStatus.OK:
        shown = _shown(plan, limit, pick, one=output_format in ("mermaid", "svg"))
        if output_format in ("mermaid", "svg") and loaded.value is not None:
            found += _remarks(plan, loaded.value)
        columns = width or min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
        asked = loaded.value.question.question if loaded.value is not None else ""
        problem = write_product(_product(plan, shown, output_format, columns, asked, ascii_only=ascii_only), out)
        found += [problem] if problem else []
    show_findings(found, findings)
    raise typer.Exit(exit_status(found, strict=strict))


def _plan(
    loaded: LoadedQuestion, library: Library, wanted: SourceCounts, max_models: int, limit: int, found: list[Finding],
    *, verbose: bool,
) -> WorkflowPlan | None:  # fmt: skip
    """Compose the workflows of a question; why there are none is a finding."""
    offered = offer(loaded, library, wanted)
    found += offered.findings
    if offered.value is None:
        return None
    sources, choice = offered.value
    if verbose and choice is not None:
        for one in choice.models:
            say(f"recommended model: {one.entry.label} ({one.why})")
    plan = plan_workflows(loaded, sources.models, library, Tasks.of(library), max_models=max_models, limit=limit)
    missing = what_is_missing(plan, max_models)
    if missing is not None:
        found.append(
            Finding("W603", loaded.document.locate(("models",)), missing, _hint(plan, recommended=choice is not None))
        )
    elif not plan.composition.complete:
        message = "there are more workflows than were looked at"
        found.append(Finding("W606", loaded.document.locate(("models",)), message, "offer fewer models"))
    return plan


def _hint(plan: WorkflowPlan, *, recommended: bool) -> str:
    """What the question may change."""
    if recommended:
        return "the models were recommended; --models N recommends more, `models:` in the question names them"
    if not plan.models:
        return "give models with a `signature`, such as Txt2Img"
    have = ", ".join(map(plan.ports.describe, plan.composition.inputs)) or "nothing"
    wanted = ", ".join(map(plan.ports.describe, plan.composition.outputs)) or "nothing"
    return f"in hand: {have}; wanted: {wanted}; `input:` and `output:` of the question change that"


def _remarks(plan: WorkflowPlan, loaded: LoadedQuestion) -> list[Finding]:
    """The models that are in no workflow."""
    where = loaded.document.locate(("models",))
    notes = [Finding("W605", where, f"{shorten(one.name)!r} has no signature", text=one.name) for one in plan.untyped]
    for place, lacking in plan.composition.useless:
        name = plan.models[place].name
        message = f"{shorten(name)!r} is in no workflow: {why_useless(plan, lacking)}"
        notes.append(Finding("W604", where, message, text=name))
    return notes


def _shown(plan: WorkflowPlan, limit: int, pick: int | None, *, one: bool) -> list[int]:
    """The places of the workflows that are printed."""
    there = len(plan.composition.workflows)
    if pick is not None and there:
        if pick > there:
            message = f"there {'is one workflow' if there == 1 else f'are {there} workflows'} only"
            raise typer.BadParameter(message, param_hint="--pick")
        return [pick - 1]
    return list(range(min(there, 1 if one else limit)))


def _product(
    plan: WorkflowPlan, shown: list[int], output_format: str, columns: int, asked: str, *, ascii_only: bool
) -> str:
    workflows = plan.composition.workflows
    if output_format == "json":
        return json.dumps(_data(plan, shown), ensure_ascii=False, indent=2) + "\n"
    if output_format == "text":
        return _text(plan, shown, columns, ascii_only=ascii_only)
    if output_format == "mermaid":
        from explainer.workflows.mermaid import mermaid

        return "".join(mermaid(workflows[at]) for at in shown)
    from explainer.workflows.svg import svg

    return "".join(svg(workflows[at], shorten(asked, 120)) for at in shown)


def _text(plan: WorkflowPlan, shown: list[int], columns: int, *, ascii_only: bool) -> str:
    from rich.cells import cell_len

    from explainer.workflows.boxes import boxes

    blocks = []
    for at in shown:
        workflow = plan.composition.workflows[at]
        models = "1 model" if len(workflow.steps) == 1 else f"{len(workflow.steps)} models"
        drawing = boxes(_printable(workflow), columns, cell_len, ascii_only=ascii_only)
        others = "".join(_others(plan, at))
        blocks.append(f"Workflow {at + 1} ({models})\n\n{drawing}{others}")
    blocks.append("".join(_left_out(plan)))
    text = "\n".join(block for block in blocks if block)
    return text.encode("ascii", "backslashreplace").decode() if ascii_only else text


def _printable(workflow: WorkflowGraph) -> WorkflowGraph:
    """The same workflow with labels that are safe for a terminal."""
    return replace(
        workflow,
        inputs=tuple(replace(end, label=printable(end.label)) for end in workflow.inputs),
        steps=tuple(replace(step, label=printable(step.label)) for step in workflow.steps),
        outputs=tuple(replace(end, label=printable(end.label)) for end in workflow.outputs),
    )


def _others(plan: WorkflowPlan, at: int) -> Iterator[str]:
    """For each step the models that could do the same."""
    alternatives = dict(plan.composition.alternatives)
    for number, place in enumerate(plan.composition.uses[at], 1):
        names = [printable(plan.models[other].name) for other in alternatives.get(place, ())]
        if names:
            more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
            yield f"Instead of {number}: {', '.join(names[:_FEW])}{more}\n"


def _left_out(plan: WorkflowPlan) -> Iterator[str]:
    for one in plan.untyped:
        yield f"Untyped, so in no workflow: {printable(one.name)}\n"
    for place, lacking in plan.composition.useless:
        yield f"In no workflow: {printable(plan.models[place].name)} ({why_useless(plan, lacking)})\n"


def _data(plan: WorkflowPlan, shown: list[int]) -> dict[str, Any]:
    composition = plan.composition
    alternatives = dict(composition.alternatives)
    return {
        "schema": SCHEMA,
        "input": list(composition.inputs),
        "output": list(composition.outputs),
        "workflows": [_workflow_data(plan, at, alternatives) for at in shown],
        "untyped": [one.name for one in plan.untyped],
        "unused": [
            {"model": plan.models[place].name, "lacks": list(lacking), "why": why_useless(plan, lacking)}
            for place, lacking in composition.useless
        ],
        "complete": composition.complete,
    }


def _workflow_data(plan: WorkflowPlan, at: int, alternatives: dict[int, tuple[int, ...]]) -> dict[str, Any]:
    workflow = plan.composition.workflows[at]
    steps = zip(workflow.steps, plan.composition.uses[at], strict=True)
    return {
        "inputs": [{"key": end.key, "port": end.port, "label": end.label} for end in workflow.inputs],
        "steps": [
            {
                "key": step.key,
                "model": step.label,
                "signature": str(step.signature),
                "alternatives": [plan.models[other].name for other in alternatives.get(place, ())],
            }
            for step, place in steps
        ],
        "outputs": [{"key": end.key, "port": end.port, "label": end.label} for end in workflow.outputs],
        "edges": [{"from": edge.source, "to": edge.target, "port": edge.port} for edge in workflow.edges],
    }

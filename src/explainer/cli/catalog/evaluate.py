"""`explainer catalog eval`: how often the catalogs offer what would be right, and what they never offer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from explainer.cli.options import CatalogOption, FindingsOption, SemanticOption, choice, semantic_of
from explainer.cli.terminal import complain, show_findings, write_stdout

_FORMATS = ("text", "json")


def run(
    labels: Annotated[
        Path, typer.Argument(metavar="LABELS", help='Lines of JSON: {"question"} and model(s), paper(s) or task; or -.')
    ],
    catalog: CatalogOption = None,
    semantic: SemanticOption = None,
    misses: Annotated[int, typer.Option("--misses", min=0, metavar="N", help="How many misses are listed.")] = 20,
    output_format: Annotated[
        str,
        choice("--format", _FORMATS, "The format of the output."),
    ] = "text",
    findings: FindingsOption = "text",
) -> None:  # fmt: skip
    """Measure how well the catalogs answer labelled questions: hit rates, the misses, and what is never offered."""
    from explainer.catalogs.loading import CatalogLoader, load_lines
    from explainer.diagnostics.finding import ExitStatus, exit_status, has_errors
    from explainer.recommending.evaluate import evaluate_kinds, evaluations_json, evaluations_text, read_labels
    from explainer.recommending.recommend import recommender_of

    library = CatalogLoader(catalog or []).for_named()
    problems = [*library.findings]
    second_opinion = semantic_of(semantic, problems)
    if library.value is None or has_errors(problems):
        show_findings(problems, findings)
        raise typer.Exit(exit_status(problems))
    recommender = recommender_of(library.value, second_opinion)
    lines = load_lines(labels)
    read, label_problems = read_labels(lines.value or (), library.value, recommender.taxonomy)
    problems += [*lines.findings, *label_problems]
    evaluations = evaluate_kinds(read, library.value, recommender)
    write_stdout(evaluations_json(evaluations) if output_format == "json" else evaluations_text(evaluations, misses))
    show_findings(problems, findings)
    if not read and not problems:
        complain(f"{labels} holds no labels")
        raise typer.Exit(ExitStatus.NOTHING_CHECKED)
    raise typer.Exit(exit_status(problems))

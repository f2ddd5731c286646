"""`explainer catalog eval`: how often the catalogs offer what would be right, and what they never offer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explainer.cli.options import CatalogOption, FindingsOption, SemanticOption, choice, semantic_of
from explainer.cli.terminal import complain, show_findings, write_stdout
from explainer.diagnostics.text import printable, shorten

if TYPE_CHECKING:
    from explainer.catalogs.library import Library
    from explainer.diagnostics.finding import Finding
    from explainer.recommending.evaluate import Evaluation, Label, Outcome
    from explainer.recommending.recommend import Recommender

_FORMATS = ("text", "json")
_WIDTH = 76

SCHEMA = "explainer/catalog-eval/1"
"""The version of the JSON document."""


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
    from explainer.catalogs.loading import CatalogLoader
    from explainer.diagnostics.finding import ExitStatus, exit_status, has_errors
    from explainer.recommending.recommend import recommender_of

    library = CatalogLoader(catalog or []).for_named()
    found = [*library.findings]
    opinion = semantic_of(semantic, found)
    wanted: list[Label] = []
    if library.value is not None and not has_errors(found):
        recommender = recommender_of(library.value, opinion)
        wanted = _labels(labels, library.value, recommender, found)
        done = {}
        for kind in ("models", "papers"):
            chosen = [label for label in wanted if label.kind == kind]
            if chosen:
                done[kind] = _evaluate(chosen, recommender, library.value)
        write_stdout(_document(done) if output_format == "json" else _page(done, misses))
    show_findings(found, findings)
    if not wanted and not found:
        complain(f"{labels} holds no labels")
        raise typer.Exit(ExitStatus.NOTHING_CHECKED)
    raise typer.Exit(exit_status(found))


def _labels(path: Path, library: Library, recommender: Recommender, found: list[Finding]) -> list[Label]:
    from explainer.catalogs.loading import load_lines
    from explainer.recommending.evaluate import label_of, parse_label

    lines = load_lines(path)
    found += lines.findings
    labels = []
    for text, file, number in lines.value or ():
        parsed = parse_label(text, file, number)
        if parsed.value is None:
            found += parsed.findings
            continue
        label = label_of(parsed.value, library, recommender.taxonomy)
        found += label.document.findings
        if label.names:
            labels.append(label)
    return labels


def _evaluate(labels: Sequence[Label], recommender: Recommender, library: Library) -> Evaluation:
    from explainer.recommending.evaluate import DEPTH, evaluate

    def offered(label: Label) -> list[str]:
        if label.kind == "models":
            models = recommender.recommend(label.question, models=DEPTH, papers=0).models
            return [one.entry.label for one in models]
        papers = recommender.recommend(label.question, models=0, papers=DEPTH).papers
        return [one.entry.label for one in papers]

    return evaluate(labels, offered, library.models if labels[0].kind == "models" else library.papers)


def _page(done: Mapping[str, Evaluation], misses: int) -> str:
    return "".join(f"{line}\n" for kind, evaluation in done.items() for line in _lines(evaluation, kind, misses))


def _document(done: Mapping[str, Evaluation]) -> str:
    document = {"schema": SCHEMA, "evaluations": [_data(evaluation, kind) for kind, evaluation in done.items()]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _missed(evaluation: Evaluation) -> list[Outcome]:
    """What was not first, and of that what was not offered at all before the rest."""
    missed = [one for one in evaluation.outcomes if one.rank != 1]
    return sorted(missed, key=lambda one: (one.rank is not None, -(one.rank or 0)))


def _lines(evaluation: Evaluation, kind: str, misses: int) -> list[str]:
    from explainer.recommending.evaluate import METRICS

    missed = _missed(evaluation)
    size = len(evaluation.outcomes)
    lines = [f"{kind}: {size} question{'' if size == 1 else 's'}, 95 % intervals"]
    for name in METRICS:
        figure = evaluation.metric(name)
        scale = 1 if name == "MRR" else 100
        values = [scale * value for value in (figure.mean, figure.low, figure.high)]
        shown = "{:.3f}  [{:.3f}, {:.3f}]" if name == "MRR" else "{:5.1f}  [{:.1f}, {:.1f}]"
        lines.append(f"  {name:<12} {shown.format(*values)}  n={figure.count}" if figure.count else f"  {name:<12} -")
    if missed and misses:
        lines.append(f"not first ({len(missed)}):")
        for one in missed[:misses]:
            place = f"place {one.rank}" if one.rank else "not offered"
            lines.append(f"  {printable(one.label.id)}: {printable(shorten(one.label.question, _WIDTH))}")
            lines.append(f"    wanted {printable(shorten(min(one.label.names), _WIDTH))}: {place}")
            lines.append(f"    offered {printable(shorten(one.offered[0], _WIDTH)) if one.offered else 'nothing'}")
    if evaluation.never:
        lines.append(f"never among the first five ({len(evaluation.never)}):")
        lines += [f"  {printable(shorten(name, _WIDTH))}" for name in evaluation.never[:misses]]
    return lines


def _data(evaluation: Evaluation, kind: str) -> dict[str, Any]:
    from explainer.recommending.evaluate import METRICS

    figures = {name: evaluation.metric(name) for name in METRICS}
    return {
        "kind": kind,
        "metrics": {
            name: {"mean": one.mean, "low": one.low, "high": one.high, "count": one.count}
            for name, one in figures.items()
        },
        "misses": [
            {"id": one.label.id, "wanted": sorted(one.label.names), "offered": list(one.offered), "rank": one.rank}
            for one in _missed(evaluation)
        ],
        "never": list(evaluation.never),
    }

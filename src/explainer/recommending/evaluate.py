"""How well a catalog answers labelled questions: hit rates with intervals, the misses, what is never offered.

A label says which entries, or which task, would be right for a question. The intervals are bootstrap percentiles (Efron
and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13), drawn with a fixed seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import starmap
from operator import attrgetter, methodcaller
from typing import Annotated, Any, Final

from msgspec import Struct
from msgspec.structs import asdict, replace
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from explainer.catalogs.library import EntryIndex, Library
from explainer.catalogs.schema import SOURCE_KINDS, Entry, Kind, PaperEntry
from explainer.catalogs.validation import Line, SafeId, Text, validate
from explainer.diagnostics.finding import Finding, Parsed
from explainer.diagnostics.text import json_document, printable, shorten
from explainer.documents.document import Document
from explainer.documents.json_reader import read_json_line
from explainer.recommending.intent import Taxonomy
from explainer.recommending.ranking import bare_link, task_label
from explainer.recommending.recommend import Recommender, entries_of

# How many entries are asked for.
DEPTH: Final = 10
# How many papers are judged: so many come with a model in `build`.
PAPERS: Final = 3
METRICS: Final = (
    "hit@1",
    "hit@5",
    "MRR",
    "same task@1",
    "hit@1, twins right",
    "hit@5, twins right",
    "papers of the task",
)
_HIT_DEPTHS: Final = {"hit@1": 1, "hit@5": 5}
_TWIN_DEPTHS: Final = {"hit@1, twins right": 1, "hit@5, twins right": 5}
# Resamples of a bootstrap: with 2,000, an end of a 95 % interval is the 50th of one side.
_RESAMPLES: Final = 2_000

_Names = Annotated[tuple[Line, ...], BeforeValidator(lambda value: () if value is None else value)]


class _LabelLine(BaseModel):
    """One line of a file of labels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: Text
    id: SafeId | None = None
    model: Line | None = None
    models: _Names = ()
    paper: Line | None = None
    papers: _Names = ()
    task: Line | None = Field(None)


class Label(Struct, frozen=True):
    """A question and what would be right for it.

    Attributes:
        id: the id of the line.
        question: the question.
        kind: whether models or papers are right for it.
        names: the right entries, any of them.
        task: the right task, where the label tells it.
        document: the line.
    """

    id: str
    question: str
    kind: Kind
    names: frozenset[str]
    task: str | None
    document: Document


class Outcome(Struct, frozen=True):
    """What was offered for one label.

    Attributes:
        label: the label.
        offered: the labels of the entries, the best first.
        rank: the place of the first right one, from 1; None when there is none.
        same_task: whether the first one is for the right task; None when that is not known.
        twin_rank: the place of the first one that is right or the twin of a right one: for the same task, by the same
            paper, so that no question tells them apart.
        papers: the part of the papers offered with a model that are for the right task; None when that is not known.
    """

    label: Label
    offered: tuple[str, ...]
    rank: int | None
    same_task: bool | None
    twin_rank: int | None = None
    papers: float | None = None

    def value(self, metric: str) -> float | None:
        """Return what this outcome counts for one of `METRICS`; None when it does not count."""
        if metric in _TWIN_DEPTHS:
            return _hit(self.twin_rank, _TWIN_DEPTHS[metric])
        if metric in _HIT_DEPTHS:
            return _hit(self.rank, _HIT_DEPTHS[metric])
        reciprocal_rank = 1 / self.rank if self.rank else 0.0
        return {
            "papers of the task": self.papers,
            "same task@1": self.same_task,
            "MRR": reciprocal_rank,
        }[metric]


def _hit(rank: int | None, depth: int) -> float:
    """1 for a place among the first so many; 0 for a later one, or none."""
    return float(rank is not None and rank <= depth)


class Interval(Struct, frozen=True):
    """A mean with its 95 % bootstrap interval, over `count` questions."""

    mean: float
    low: float
    high: float
    count: int


class Evaluation(Struct, frozen=True):
    """All outcomes, and the names of the entries that were never among the first five."""

    outcomes: tuple[Outcome, ...]
    never: tuple[str, ...]

    def metric(self, name: str) -> Interval:
        """Return one of `METRICS`."""
        values = map(methodcaller("value", name), self.outcomes)
        return bootstrap([value for value in values if value is not None])

    @property
    def misses(self) -> list[Outcome]:
        """What was not first: what was not offered at all, then the rest, the farthest from the top first."""
        misses = [outcome for outcome in self.outcomes if outcome.rank != 1]
        return sorted(misses, key=lambda outcome: (outcome.rank is not None, -(outcome.rank or 0)))


def parse_label(text: str, file: str, line: int) -> Parsed[Label]:
    """Read a label: `{"id", "question"}` and one of `model`, `models`, `paper`, `papers`, `task`."""
    document = read_json_line(text, file, line)
    parsed = validate(document, _LabelLine)
    if parsed.value is None:
        return Parsed(None, parsed.findings)
    row = parsed.value
    models = frozenset(filter(None, (row.model, *row.models)))
    papers = frozenset(filter(None, (row.paper, *row.papers)))
    if not (models or papers or row.task):
        document.report(
            "S202", (), "a label needs one of the keys 'model', 'models', 'paper', 'papers', 'task'"
        )
        return Parsed(None, tuple(document.findings))
    kind, names = Kind.MODELS, models
    if papers and not models:
        kind, names = Kind.PAPERS, papers
    label = Label(row.id or f"line-{line}", row.question, kind, names, row.task, document)
    return Parsed(label, tuple(document.findings))


_UNKNOWN_NAME: Final = {Kind.MODELS: "Q401", Kind.PAPERS: "Q402"}


def label_of(label: Label, library: Library, taxonomy: Taxonomy) -> Label:
    """Return a label by the names of entries, whatever it was given: ids and aliases, or a task."""
    if not label.names:
        return replace(label, names=_names_of_task(label, library, taxonomy))
    index: EntryIndex[Any] = getattr(library, label.kind)
    names: set[str] = set()
    for name in label.names:
        entries = index.find(name)
        names.update(entry.label for entry in entries)
        if not entries:
            key = label.kind.singular
            label.document.report(
                _UNKNOWN_NAME[label.kind], (key,), f"unknown {key} {name!r}", text=name
            )
    return replace(label, names=frozenset(names))


def _names_of_task(label: Label, library: Library, taxonomy: Taxonomy) -> frozenset[str]:
    """The models for the task of a label; reported when there are none."""
    task = label.task or ""
    number = taxonomy.find(task)
    names: set[str] = set()
    for entry in library.models:
        if number is not None and taxonomy.find(task_label(entry)) == number:
            names.add(entry.label)
    if not names:
        label.document.report("C303", ("task",), f"no entry has the task {task!r}", text=task)
    return frozenset(names)


def read_labels(
    lines: Iterable[tuple[str, str, int]], library: Library, taxonomy: Taxonomy
) -> tuple[list[Label], list[Finding]]:
    """Read labels, and find out which entries they name.

    Args:
        lines: the text of each line, its file and its number.
        library: the entries.
        taxonomy: the tasks.

    Returns:
        The labels that name entries, and what there is to say about all lines.
    """
    labels: list[Label] = []
    findings: list[Finding] = []
    for text, file, number in lines:
        parsed = parse_label(text, file, number)
        if parsed.value is None:
            findings += parsed.findings
            continue
        label = label_of(parsed.value, library, taxonomy)
        findings += label.document.findings
        if label.names:
            labels.append(label)
    return labels, findings


def evaluate_kinds(
    labels: Sequence[Label], library: Library, recommender: Recommender
) -> dict[Kind, Evaluation]:
    """Ask a recommender for every label, and judge models and papers by themselves.

    Args:
        labels: what would be right, by the names of entries.
        library: all entries that may be offered.
        recommender: is asked.
    """

    def offered(label: Label) -> list[str]:
        of_models = label.kind == Kind.MODELS
        choice = recommender.recommend(
            label.question, models=DEPTH * of_models, papers=DEPTH * (not of_models)
        )
        return list(map(attrgetter("entry.label"), getattr(choice, label.kind)))

    def papers_of(label: Label) -> list[PaperEntry]:
        if label.kind != Kind.MODELS:
            return []
        return list(
            entries_of(recommender.recommend(label.question, models=1, papers=PAPERS).papers)
        )

    evaluations: dict[Kind, Evaluation] = {}
    for kind in SOURCE_KINDS:
        of_kind = [label for label in labels if label.kind == kind]
        if of_kind:
            evaluations[kind] = evaluate(of_kind, offered, getattr(library, kind), papers_of)
    return evaluations


def evaluate(
    labels: Iterable[Label],
    recommend: Callable[[Label], Sequence[str]],
    entries: Iterable[Entry],
    papers_of: Callable[[Label], Sequence[PaperEntry]] = lambda _: (),
) -> Evaluation:
    """Ask for every label.

    Args:
        labels: what would be right, by the names of entries.
        recommend: the names of the entries offered for a label, the best first.
        entries: all entries that may be offered.
        papers_of: the papers offered for a label, beside one model.
    """
    by_name = {entry.label: entry for entry in entries}
    outcomes = []
    never = set(by_name)
    for label in labels:
        outcome = _outcome(label, tuple(recommend(label))[:DEPTH], by_name, papers_of(label))
        never.difference_update(outcome.offered[: _HIT_DEPTHS["hit@5"]])
        outcomes.append(outcome)
    return Evaluation(tuple(outcomes), tuple(sorted(never)))


def _outcome(
    label: Label,
    offered: tuple[str, ...],
    by_name: Mapping[str, Entry],
    papers: Sequence[PaperEntry],
) -> Outcome:
    """Judge what was offered for a label, given all entries by name."""
    right_entries = _named(label.names, by_name)
    offered_entries = _named(offered, by_name)
    right_twins = {_twin_key(entry) for entry in right_entries} - {None}
    twin_names = {entry.label for entry in offered_entries if _twin_key(entry) in right_twins}
    rank = _first_rank(offered, label.names)
    outcome = Outcome(label, offered, rank, None, _first_rank(offered, label.names | twin_names))
    right_tasks = {_task(entry) for entry in right_entries} - {""}
    if not right_tasks:
        return outcome
    same_task = not right_tasks.isdisjoint(map(_task, offered_entries[:1]))
    return replace(outcome, same_task=same_task, papers=_share_of_tasks(papers, right_tasks))


def _named(names: Iterable[str], by_name: Mapping[str, Entry]) -> list[Entry]:
    return [by_name[name] for name in names if name in by_name]


def _share_of_tasks(papers: Sequence[PaperEntry], tasks: Collection[str]) -> float | None:
    """Which part of the papers is about one of some tasks; None where there are no papers."""
    if not papers:
        return None
    return sum(_task(paper) in tasks for paper in papers) / len(papers)


def _task(entry: Entry) -> str:
    return (entry.task or "").strip().casefold()


def _twin_key(entry: Entry) -> tuple[str, str] | None:
    """What twins share; None for an entry that can have none."""
    if not entry.paper:
        return None
    return bare_link(entry.paper), _task(entry)


def _first_rank(offered: Sequence[str], names: frozenset[str]) -> int | None:
    """The place of the first of some names, from 1."""
    return next((rank for rank, name in enumerate(offered, 1) if name in names), None)


def bootstrap(values: Sequence[float]) -> Interval:
    """Return the mean of some values with its 95 % interval; for a paired comparison, give it the differences."""
    count = len(values)
    if not count:
        return Interval(0.0, 0.0, 0.0, 0)
    draw = random.Random(0)  # noqa: S311  # statistics, not secrets
    means = sorted(sum(draw.choices(values, k=count)) / count for _ in range(_RESAMPLES))
    return Interval(
        sum(values) / count, means[_RESAMPLES // 40], means[-_RESAMPLES // 40 - 1], count
    )


SCHEMA: Final = "explainer/catalog-eval/1"
"""The version of the JSON document."""

# Characters of a question or a name that are shown.
_WIDTH: Final = 76
_METRIC_WIDTH: Final = max(map(len, METRICS))


def evaluations_json(evaluations: Mapping[Kind, Evaluation]) -> str:
    """Return evaluations as one JSON document."""
    rows = list(starmap(_evaluation_data, evaluations.items()))
    return json_document({"schema": SCHEMA, "evaluations": rows})


def _evaluation_data(kind: Kind, evaluation: Evaluation) -> dict[str, Any]:
    return {
        "kind": kind.value,
        "metrics": {name: asdict(evaluation.metric(name)) for name in METRICS},
        "misses": [
            {
                "id": miss.label.id,
                "wanted": sorted(miss.label.names),
                "offered": list(miss.offered),
                "rank": miss.rank,
            }
            for miss in evaluation.misses
        ],
        "never": list(evaluation.never),
    }


def evaluations_text(evaluations: Mapping[Kind, Evaluation], misses: int) -> str:
    """Return evaluations as text, with so many misses at most."""
    lines: list[str] = []
    for kind, evaluation in evaluations.items():
        size = len(evaluation.outcomes)
        lines.append(f"{kind}: {size} question{'s' * (size != 1)}, 95 % intervals")
        lines += map(_metric_line, METRICS, map(evaluation.metric, METRICS))
        lines += _miss_lines(evaluation.misses, misses)
        if evaluation.never:
            lines.append(f"never among the first five ({len(evaluation.never)}):")
            lines += [f"  {_shown(name)}" for name in evaluation.never[:misses]]
    return "\n".join([*lines, ""])


def _metric_line(name: str, figure: Interval) -> str:
    if not figure.count:
        return f"  {name:<{_METRIC_WIDTH}} -"
    # a mean reciprocal rank is a fraction, all others are shares in per cent
    if name == "MRR":
        values = f"{figure.mean:.3f}  [{figure.low:.3f}, {figure.high:.3f}]"
    else:
        values = f"{100 * figure.mean:5.1f}  [{100 * figure.low:.1f}, {100 * figure.high:.1f}]"
    return f"  {name:<{_METRIC_WIDTH}} {values}  n={figure.count}"


def _miss_lines(misses: Sequence[Outcome], limit: int) -> list[str]:
    if not misses or not limit:
        return []
    lines = [f"not first ({len(misses)}):"]
    for miss in misses[:limit]:
        lines.append(f"  {printable(miss.label.id)}: {_shown(miss.label.question)}")
        rank = f"place {miss.rank}" if miss.rank else "not offered"
        lines.append(f"    wanted {_shown(min(miss.label.names))}: {rank}")
        lines.append(f"    offered {_shown(miss.offered[0]) if miss.offered else 'nothing'}")
    return lines


def _shown(text: str) -> str:
    return printable(shorten(text, _WIDTH))

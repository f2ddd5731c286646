"""How well a catalog answers labelled questions: hit rates with intervals, the misses, what is never offered.

A label says which entries, or which task, would be right for a question. The intervals are bootstrap percentiles (Efron
and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13), drawn with a fixed seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from explainer.catalogs.library import Library
from explainer.catalogs.schema import Entry, Line, SafeId, Text
from explainer.catalogs.validation import validate
from explainer.diagnostics.finding import Parsed
from explainer.documents.document import Document
from explainer.documents.json_reader import read_json_line
from explainer.recommending.intent import Taxonomy
from explainer.recommending.ranking import task_label

Kind = Literal["models", "papers"]

DEPTH: Final = 10
"""How many entries are asked for."""

METRICS: Final = ("hit@1", "hit@5", "MRR", "same task@1")
_RESAMPLES: Final = 2_000
_HIT_DEPTH: Final = 5


class _LabelLine(BaseModel):
    """One line of a file of labels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: Text
    id: SafeId | None = None
    model: Line | None = None
    models: Annotated[tuple[Line, ...], BeforeValidator(lambda value: () if value is None else value)] = ()
    paper: Line | None = None
    papers: Annotated[tuple[Line, ...], BeforeValidator(lambda value: () if value is None else value)] = ()
    task: Line | None = Field(None)


@dataclass(frozen=True, slots=True)
class Label:
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was offered for one label.

    Attributes:
        label: the label.
        offered: the labels of the entries, the best first.
        rank: the place of the first right one, from 1; None when there is none.
        same_task: whether the first one is for the right task; None when that is not known.
    """

    label: Label
    offered: tuple[str, ...]
    rank: int | None
    same_task: bool | None

    def value(self, metric: str) -> float | None:
        """Return what this outcome counts for one of `METRICS`; None when it does not count."""
        if metric == "same task@1":
            return None if self.same_task is None else float(self.same_task)
        if metric == "MRR":
            return 1 / self.rank if self.rank else 0.0
        return float(self.rank is not None and self.rank <= (1 if metric == "hit@1" else _HIT_DEPTH))


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % bootstrap interval, over `count` questions."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All outcomes, and the names of the entries that were never among the first five."""

    outcomes: tuple[Outcome, ...]
    never: tuple[str, ...]

    def metric(self, name: str) -> Interval:
        """Return one of `METRICS`."""
        return bootstrap([value for one in self.outcomes if (value := one.value(name)) is not None])


def parse_label(text: str, file: str, line: int) -> Parsed[Label]:
    """Read a label: `{"id", "question"}` and one of `model`, `models`, `paper`, `papers`, `task`."""
    document = read_json_line(text, file, line)
    parsed = validate(document, _LabelLine)
    if parsed.value is None:
        return Parsed(None, parsed.findings)
    given = parsed.value
    models = frozenset(filter(None, (given.model, *given.models)))
    papers = frozenset(filter(None, (given.paper, *given.papers)))
    if not (models or papers or given.task):
        document.report("S202", (), "a label needs one of the keys 'model', 'models', 'paper', 'papers', 'task'")
        return Parsed(None, tuple(document.findings))
    kind: Kind = "papers" if papers and not models else "models"
    names = papers if kind == "papers" else models
    return Parsed(
        Label(given.id or f"line-{line}", given.question, kind, names, given.task, document), tuple(document.findings)
    )


def label_of(label: Label, library: Library, taxonomy: Taxonomy) -> Label:
    """Return a label by the names of entries, whatever it was given: ids and aliases, or a task."""
    index = library.papers if label.kind == "papers" else library.models
    names: set[str] = set()
    for name in label.names:
        found = [entry.label for entry in index.find(name)]
        if not found:
            one = label.kind.removesuffix("s")
            code = "Q402" if label.kind == "papers" else "Q401"
            label.document.report(code, (one,), f"unknown {one} {name!r}", text=name)
        names.update(found)
    if not label.names and label.task:
        wanted = taxonomy.find(label.task)
        if wanted is not None:
            names.update(entry.label for entry in index if taxonomy.find(task_label(entry)) == wanted)
        if not names:
            label.document.report("C303", ("task",), f"no entry has the task {label.task!r}", text=label.task)
    return Label(label.id, label.question, label.kind, frozenset(names), label.task, label.document)


def evaluate(
    labels: Iterable[Label], recommend: Callable[[Label], Sequence[str]], entries: Iterable[Entry]
) -> Evaluation:
    """Ask for every label.

    Args:
        labels: what would be right, by the names of entries.
        recommend: the names of the entries offered for a label, the best first.
        entries: all entries that may be offered.
    """
    tasks = {entry.label: (entry.task or "").strip().casefold() for entry in entries}
    outcomes = []
    offered_ever: set[str] = set()
    for label in labels:
        offered = tuple(recommend(label))[:DEPTH]
        offered_ever.update(offered[:_HIT_DEPTH])
        rank = next((at for at, name in enumerate(offered, 1) if name in label.names), None)
        right = {tasks.get(name, "") for name in label.names} - {""}
        same = tasks.get(offered[0]) in right if offered and right else (False if right else None)
        outcomes.append(Outcome(label, offered, rank, same))
    return Evaluation(tuple(outcomes), tuple(sorted(set(tasks) - offered_ever)))


def bootstrap(values: Sequence[float]) -> Interval:
    """Return the mean of some values with its 95 % interval; for a paired comparison, give it the differences."""
    count = len(values)
    if not count:
        return Interval(0.0, 0.0, 0.0, 0)
    draw = random.Random(0)  # noqa: S311  # statistics, not secrets
    means = sorted(sum(draw.choices(values, k=count)) / count for _ in range(_RESAMPLES))
    return Interval(sum(values) / count, means[_RESAMPLES // 40], means[-_RESAMPLES // 40 - 1], count)

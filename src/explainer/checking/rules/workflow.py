"""Rules about the workflows of an answer: diagrams that do not parse, models not offered, data that is missing.

Names are errors where they are certain, as everywhere. What is said of types, of unused outputs and of cycles is a
warning: an answer describes a workflow for people, who leave out what is plain to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Final

from explainer.checking.analysis import AnswerAnalysis, Violation
from explainer.checking.workflow.naming import StepFit, StepMatch
from explainer.checking.workflow.reading import Flow, DescribedLink
from explainer.diagnostics.text import shorten

_FINAL: Final = re.compile(r"\b(?:final|outputs?|results?|end|deliver\w*)\b", re.IGNORECASE)
_INSTEAD: Final = "take an offered model, or leave the step out"


def diagrams(review: AnswerAnalysis) -> Iterator[Violation]:
    """A801, A802 and A811: a diagram that does not parse, that is no flowchart, or that names no offered model."""
    for flow, judged in review.flows:
        for start, end, finding in flow.problems:
            yield Violation(finding.code, start, end, finding.message, finding.hint)
        named = {index for one in judged for index in one.sources}
        if not flow.whole:  # a name may stand where nothing could be read
            named |= {index for at, index in review.mentions if flow.start <= at < flow.end}
        if flow.kind == "mermaid" and judged and not named & _wanted(review) and not _said_of_section(review):
            message = "this diagram of the workflow names no model that was offered"
            end = flow.start + len(review.answer.body[flow.start : flow.end].split("\n", 1)[0].rstrip())
            yield Violation("A811", flow.start, end, message, f"put {_some_name(review)} into it")


def _wanted(review: AnswerAnalysis) -> set[int]:
    """The offered models, or all entries where no model was offered."""
    models = {index for index, source in enumerate(review.offered.sources) if source.kind == "model"}
    return models or set(range(len(review.offered.sources)))


def _some_name(review: AnswerAnalysis) -> str:
    return repr(shorten(review.offered.sources[min(_wanted(review))].name, 60))


def _said_of_section(review: AnswerAnalysis) -> bool:
    """Whether A121 says already that the whole section names no model."""
    section = review.sections.found.get("workflow")
    return section is not None and not _wanted(review) & review.named_in(section.first, section.last)


def flow_names(review: AnswerAnalysis) -> Iterator[Violation]:
    """A301-A303 and A815: models that a workflow uses, and that were not offered."""
    for _, judged in review.flows:
        for one in judged:
            name = shorten(one.name or "")
            start, end = _place(review, one)
            if one.fit is StepFit.CATALOGUED:
                if not review.is_run(one.name or ""):
                    yield Violation("A303", start, end, f"{name!r} is catalogued but was not offered", _INSTEAD)
            elif one.fit is StepFit.ALTERED:
                message = f"the workflow uses {name!r}, which is not as it was offered"
                yield Violation("A302", start, end, message, f"did you mean {one.meant!r}?")
            elif one.fit is StepFit.FOREIGN:
                yield Violation("A301", start, end, f"the workflow uses {name!r}, which was not offered", _INSTEAD)
            elif one.fit is StepFit.DOUBTFUL:
                message = f"{name!r} reads like the name of a model that was not offered"
                yield Violation("A815", start, end, message, "leave it out, unless it is no model")


def _place(review: AnswerAnalysis, one: StepMatch) -> tuple[int, int]:
    """Where the name stands within its step, or the whole step."""
    at = review.answer.body.find(one.name, one.step.start, one.step.end) if one.name else -1
    return (at, at + len(one.name)) if at >= 0 and one.name else (one.step.start, one.step.end)


def flow_types(review: AnswerAnalysis) -> Iterator[Violation]:
    """A812-A814: models that are not fed, outputs that nothing uses, cycles."""
    for flow, judged in review.flows:
        if not flow.whole:
            continue
        graph = _Graph(flow, judged)
        if flow.kind == "mermaid" and flow.links:
            yield from _cycles(graph)
            yield from _unused(graph, review)
        yield from _unfed(graph, review)


class _Graph:
    """The steps of one workflow with what leads to each and away from it."""

    def __init__(self, flow: Flow, judged: Sequence[StepMatch]) -> None:
        self.flow = flow
        self.steps = {one.step.key: one for one in judged if one.step.role != "edge"}
        self.into: dict[str, list[tuple[str, DescribedLink]]] = {key: [] for key in self.steps}
        self.out: dict[str, list[str]] = {key: [] for key in self.steps}
        for link in flow.links:
            for source, target in ((link.source, link.target), (link.target, link.source)):
                if source in self.steps and target in self.steps:
                    self.into[target].append((source, link))
                    self.out[source].append(target)
                if not link.both:
                    break

    def entered(self, key: str) -> bool:
        """Whether anything leads to a step, or to a group that it stands in."""
        return bool(self.into[key]) or any(self.into.get(group) for group in self.steps[key].step.inside)

    def left(self, key: str) -> bool:
        """Whether anything leads away from a step, or from a group that it stands in."""
        return bool(self.out[key]) or any(self.out.get(group) for group in self.steps[key].step.inside)

    @cached_property
    def upstream(self) -> dict[str, frozenset[str]]:
        """The kinds of data that exist before a step, anywhere on the ways to it; nothing for steps on a cycle."""
        try:
            order = list(
                TopologicalSorter({key: [s for s, _ in found] for key, found in self.into.items()}).static_order()
            )
        except CycleError:
            return {}
        found: dict[str, frozenset[str]] = {}
        for key in order:
            sources = [source for source, _ in self.into[key]]
            found[key] = frozenset().union(*(found[s] | (self.steps[s].gives or frozenset()) for s in sources))
        return found


def _cycles(graph: _Graph) -> Iterator[Violation]:
    before: dict[str, set[str]] = {key: set() for key in graph.steps}
    for link in graph.flow.links:
        if not link.both and link.source in before and link.target in before:
            before[link.target].add(link.source)
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        keys = list(error.args[1])
        pairs = set(pairwise(keys))
        closing = max(
            (k for k in graph.flow.links if (k.source, k.target) in pairs), key=lambda k: k.start, default=None
        )
        if closing is not None:
            names = [shorten(" ".join(graph.steps[key].step.text.split()), 40) for key in keys[:6]]
            message = f"the workflow runs in a circle: {' → '.join(names)}{' → …' if len(keys) > len(names) else ''}"
            hint = "a workflow leads from what is given to what is wanted"
            yield Violation("A814", closing.start, closing.end, message, hint)


def _unused(graph: _Graph, review: AnswerAnalysis) -> Iterator[Violation]:
    """A813: steps that stand alone, and ends of the workflow beside one that is meant to be its end."""
    steps = [one for one in graph.steps.values() if one.step.role == "step"]
    ends = [one for one in steps if graph.entered(one.step.key) and not graph.left(one.step.key)]
    products = [one for one in ends if one.fit in (StepFit.OTHER, StepFit.DOUBTFUL)]
    named = any(_FINAL.search(one.step.text) for one in products)
    useless = {one.step.key for one in products if named and not _FINAL.search(one.step.text)}
    useless |= {one.step.key for one in ends if products and _is_model(one, review)}
    for one in steps:
        text = shorten(" ".join(one.step.text.split()), 60)
        if not graph.entered(one.step.key) and not graph.left(one.step.key):
            message, hint = f"nothing leads to {text!r} or away from it", "join it to the workflow, or leave it out"
        elif one.step.key in useless:
            message, hint = f"nothing uses what {text!r} gives", "lead it on, or leave the step out"
        else:
            continue
        yield Violation("A813", one.step.start, one.step.end, message, hint)


def _is_model(one: StepMatch, review: AnswerAnalysis) -> bool:
    """Whether a step is a model, offered or not; a paper beside a step only says where its method is from."""
    return bool(set(one.sources) & _wanted(review)) or one.fit in (StepFit.CATALOGUED, StepFit.ALTERED, StepFit.FOREIGN)


def _unfed(graph: _Graph, review: AnswerAnalysis) -> Iterator[Violation]:
    """A812: models that nothing feeds, that are fed with something else, or that lack one of their inputs."""
    for key, one in graph.steps.items():
        if one.fit is not StepFit.OFFERED or one.takes is None or one.step.role in ("input", "output"):
            continue
        name = shorten(review.offered.sources[one.sources[0]].name, 60)
        ports = review.offered.ports
        takes = " and ".join(ports.describe(port) for port in sorted(one.takes))
        if not graph.into[key]:
            begins = one.step.role == "step" and graph.left(key) and not graph.entered(key)
            if graph.flow.kind == "mermaid" and begins:
                message = f"nothing leads to {name!r}, which takes {takes}"
                yield Violation("A812", *_model_place(review, one), message, "begin with what it takes")
            continue
        brought = _brought(graph, key, review)
        if brought is None:
            continue
        missing = one.takes - brought
        if brought & one.takes:
            missing -= graph.upstream.get(key, one.takes)
        if missing and (missing == one.takes or (graph.flow.kind == "mermaid" and len(one.sources) == 1)):
            lacking = " and ".join(ports.describe(port) for port in sorted(missing))
            given = " and ".join(ports.describe(port) for port in sorted(brought))
            message = f"{name!r} takes {takes}, and is given {given}: nothing gives {lacking}"
            yield Violation("A812", *_model_place(review, one), message, f"add a step that gives {lacking}")


def _brought(graph: _Graph, key: str, review: AnswerAnalysis) -> frozenset[str] | None:
    """The kinds of data that lead to a step; None where that is not known of all that leads to it."""
    found: set[str] = set()
    if any(graph.into.get(group) for group in graph.steps[key].step.inside):
        return None
    for source, link in graph.into[key]:
        one = graph.steps[source]
        carried = review.offered.ports.find(link.label) if link.label else None
        if carried is not None and (one.fit is not StepFit.OFFERED or one.gives is None or carried in one.gives):
            found.add(carried)
        elif one.gives is None or not _is_sure(graph, source, one):
            return None
        else:
            found |= one.gives
    return frozenset(found)


def _is_sure(graph: _Graph, key: str, one: StepMatch) -> bool:
    """Whether it is certain what a step gives: a typed model does, and what the workflow begins with."""
    return one.fit is StepFit.OFFERED or (one.step.role in ("step", "input") and not graph.entered(key))


def _model_place(review: AnswerAnalysis, one: StepMatch) -> tuple[int, int]:
    """Where a step calls its model, which in an item may be lines below its label."""
    if one.step.role == "model":
        for at, index in review.mentions:
            if index == one.sources[0] and one.step.start <= at < one.step.end:
                name = review.offered.sources[index].name
                whole = review.answer.body.startswith(name, at)
                return at, at + (len(name) if whole else 1)
    return one.step.start, one.step.end

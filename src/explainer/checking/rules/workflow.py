"""Rules about the workflows of an answer: diagrams that do not parse, models not offered, data that is missing.

Names are errors where they are certain, as everywhere. What is said of types, of unused outputs and of cycles is a
warning: an answer describes a workflow for people, who leave out what is plain to them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain, pairwise
from operator import attrgetter, itemgetter
from typing import Final

from explainer.catalogs.signature import Ports
from explainer.checking.analysis import AnswerAnalysis, Violation
from explainer.checking.workflow.described import DescribedLink, DescribedStep
from explainer.checking.workflow.naming import StepFit, StepMatch
from explainer.checking.workflow.reading import Flow
from explainer.diagnostics.text import shorten

_INSTEAD: Final = "take an offered model, or leave the step out"
# What is said of a name that is not an offered one: code, message, hint.
_NAME_RULES: Final = {
    StepFit.CATALOGUED: ("A303", "{name} is catalogued but was not offered", _INSTEAD),
    StepFit.ALTERED: ("A302", "the workflow uses {name}, which is not as it was offered", "did you mean {meant}?"),
    StepFit.FOREIGN: ("A301", "the workflow uses {name}, which was not offered", _INSTEAD),
    StepFit.DOUBTFUL: (
        "A815", "{name} reads like the name of a model that was not offered", "leave it out, unless it is no model",
    ),
}  # fmt: skip
# Steps that are no models: as ends of a workflow they are its results.
_WORK: Final = frozenset((StepFit.OTHER, StepFit.DOUBTFUL))
_NOT_OFFERED: Final = frozenset((StepFit.CATALOGUED, StepFit.ALTERED, StepFit.FOREIGN))
# Steps that are not asked what feeds them: data that is named after a model, and boxes around several steps.
_NOT_FED: Final = frozenset(("input", "output", "group"))
# Steps of a cycle that are named; of a longer one the reader sees the rest in the diagram.
_NAMED_STEPS: Final = 6


def diagrams(review: AnswerAnalysis) -> Iterator[Violation]:
    """A801, A802 and A811: a diagram that does not parse, that is no flowchart, or that names no offered model."""
    for flow, matches in review.flows:
        for start, end, finding in flow.problems:
            yield Violation(finding.code, start, end, finding.message, finding.hint)
        if flow.kind == "mermaid" and matches:
            yield from _nameless(flow, matches, review)


def _nameless(flow: Flow, matches: Sequence[StepMatch], review: AnswerAnalysis) -> Iterator[Violation]:
    """A811, unless A121 says already that the whole section names no model."""
    models = _models(review)
    if not models.isdisjoint(_named_in(flow, matches, review)):
        return
    section = review.sections.found.get("workflow")
    if section is not None and models.isdisjoint(review.named_in(section.first, section.last)):
        return
    first_line = review.answer.body[flow.start : flow.end].partition("\n")[0].rstrip()
    message = "this diagram of the workflow names no model that was offered"
    for index in sorted(models)[:1]:  # nothing was offered to an answer without any
        hint = f"put {shorten(review.offered.sources[index].name, 60)!r} into it"
        yield Violation("A811", flow.start, flow.start + len(first_line), message, hint)


def _named_in(flow: Flow, matches: Sequence[StepMatch], review: AnswerAnalysis) -> set[int]:
    """The offered entries that a diagram names; where a line could not be read, a name may stand in it."""
    named = set(chain.from_iterable(map(attrgetter("sources"), matches)))
    if not flow.whole:
        named.update(index for position, index in review.mentions if flow.start <= position < flow.end)
    return named


def _models(review: AnswerAnalysis) -> set[int]:
    """The offered models, or all entries where no model was offered."""
    sources = review.offered.sources
    models = {index for index, source in enumerate(sources) if source.kind == "model"}
    return models or set(range(len(sources)))


def flow_names(review: AnswerAnalysis) -> Iterator[Violation]:
    """A301-A303 and A815: models that a workflow uses, and that were not offered."""
    for _, matches in review.flows:
        for match in matches:
            # The rules about names say A303 already of a name that stands in the text word by word.
            if match.fit not in _NAME_RULES or (match.fit is StepFit.CATALOGUED and review.is_run(match.name)):
                continue
            code, message, hint = _NAME_RULES[match.fit]
            message = message.format(name=repr(shorten(match.name)))
            place = _place(review, match.step, match.name)
            yield Violation(code, *place, message, hint.format(meant=repr(match.meant)))


def _place(review: AnswerAnalysis, step: DescribedStep, name: str) -> tuple[int, int]:
    """Where a name stands within a step, or the whole step."""
    start = review.answer.body.find(name, step.start, step.end)
    if start < 0:
        return step.start, step.end
    return start, start + len(name)


def flow_types(review: AnswerAnalysis) -> Iterator[Violation]:
    """A812-A814: models that are not fed, outputs that nothing uses, cycles."""
    for flow, matches in review.flows:
        if not flow.whole:
            continue
        graph = _Graph(flow, matches)
        if flow.kind == "mermaid" and flow.links:
            yield from _cycles(graph)
            yield from _unused(graph, review)
        for match in graph.matches.values():
            if match.takes is not None and match.step.role not in _NOT_FED:
                yield from _unfed(graph, match, match.takes, review)


class _Graph:
    """The steps of one workflow with what leads to each of them.

    Attributes:
        matches: the steps by their keys, without the texts of arrows.
        into: for each step what leads to it: the key of a step, and the arrow.
    """

    def __init__(self, flow: Flow, matches: Iterable[StepMatch]) -> None:
        self.branches: Final = flow.kind == "mermaid"  # lines and items cannot
        self.links: Final = flow.links
        self.matches = {match.step.key: match for match in matches if match.step.role != "edge"}
        self.into: defaultdict[str, list[tuple[str, DescribedLink]]] = defaultdict(list)
        self._entered: set[str] = set()
        self._left: set[str] = set()
        for link in flow.links:
            self._add(link.source, link.target, link)
            if link.both:
                self._add(link.target, link.source, link)

    def _add(self, source: str, target: str, link: DescribedLink) -> None:
        if self.matches.keys() >= {source, target}:
            self.into[target].append((source, link))
            self._left.add(source)
            self._entered.add(target)

    def entered_around(self, step: DescribedStep) -> bool:
        """Whether anything leads to a group that a step stands in."""
        return not self._entered.isdisjoint(step.inside)

    def entered(self, step: DescribedStep) -> bool:
        """Whether anything leads to a step, or to a group that it stands in."""
        return not self._entered.isdisjoint((step.key, *step.inside))

    def left(self, step: DescribedStep) -> bool:
        """Whether anything leads away from a step, or from a group that it stands in."""
        return not self._left.isdisjoint((step.key, *step.inside))

    def last_steps(self) -> Iterator[StepMatch]:
        """The steps from which nothing leads away."""
        for match in self.matches.values():
            if match.step.role == "step" and not self.left(match.step):
                yield match

    def given_before(self, step: DescribedStep) -> set[str]:
        """The kinds of data that exist before a step, anywhere on the ways to it."""
        kinds: set[str] = set()
        before = {step.key}
        waiting = [step.key]
        while waiting:
            sources = set(map(itemgetter(0), self.into[waiting.pop()])) - before
            before |= sources
            waiting += sources
            for source in sources:
                kinds |= self.matches[source].gives or frozenset()
        return kinds


def _cycles(graph: _Graph) -> Iterator[Violation]:
    """A814: a workflow that runs in a circle, at the arrow that closes it."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for key in graph.matches:
        sorter.add(key, *(source for source, link in graph.into[key] if not link.both))
    try:
        sorter.prepare()
    except CycleError as error:
        yield _circle(graph, error.args[1])


def _circle(graph: _Graph, keys: Sequence[str]) -> Violation:
    ways = set(pairwise(keys))
    closing = [link for link in graph.links if (link.source, link.target) in ways][-1]
    names = [_shown(graph.matches[key].step, 40) for key in keys[:_NAMED_STEPS]]
    names += ["…"] * (len(keys) > _NAMED_STEPS)
    message = f"the workflow runs in a circle: {' → '.join(names)}"
    return Violation("A814", closing.start, closing.end, message, "a workflow leads from an input to an output")


def _shown(step: DescribedStep, longest: int = 60) -> str:
    return shorten(" ".join(step.text.split()), longest)


def _unused(graph: _Graph, review: AnswerAnalysis) -> Iterator[Violation]:
    """A813: steps that stand alone, and models at an end of a workflow that has other ends.

    Which of several ends are meant is not always said, so ends that are no models are never called useless.
    """
    ends: list[StepMatch] = []
    for match in graph.last_steps():
        step = match.step
        if graph.entered(step):
            ends.append(match)
        else:
            message = f"nothing leads to {_shown(step)!r} or away from it"
            yield Violation("A813", step.start, step.end, message, "join it to the workflow, or leave it out")
    if _WORK.isdisjoint(map(attrgetter("fit"), ends)):
        return
    models = _models(review)
    for match in ends:
        # A paper beside a step only says where its method is from.
        if match.fit in _NOT_OFFERED or not models.isdisjoint(match.sources):
            message = f"nothing uses what {_shown(match.step)!r} gives"
            yield Violation("A813", match.step.start, match.step.end, message, "lead it on, or leave the step out")


def _unfed(graph: _Graph, match: StepMatch, takes: frozenset[str], review: AnswerAnalysis) -> Iterator[Violation]:
    """A812: a model that nothing feeds, that is fed with something else, or that lacks one of its inputs."""
    step, ports = match.step, review.offered.ports
    model = review.offered.sources[match.sources[0]].name
    place = _call(review, step, match.sources[0])
    needs = f"takes {_listed(takes, ports)}"
    if not graph.into[step.key]:
        # Lines and items may begin with the model; a step that nothing leads to or away from is A813.
        if graph.branches and graph.left(step) and not graph.entered(step):
            message = f"nothing leads to {shorten(model, 60)!r}, which {needs}"
            yield Violation("A812", *place, message, "begin with what it takes")
        return
    brought = _brought(graph, step, ports)
    if brought is None:
        return
    missing = _missing(graph, match, takes, brought)
    if missing:
        lacking = _listed(missing, ports)
        message = f"{shorten(model, 60)!r} {needs}, and is given {_listed(brought, ports)}: nothing gives {lacking}"
        yield Violation("A812", *place, message, f"add a step that gives {lacking}")


def _listed(kinds: Iterable[str], ports: Ports) -> str:
    return " and ".join(map(ports.describe, sorted(kinds)))


def _missing(graph: _Graph, match: StepMatch, takes: frozenset[str], brought: frozenset[str]) -> frozenset[str]:
    """What a model takes and does not get.

    Something that it takes must lead to it; the rest may come from any step before. Lines and items cannot branch, and
    a step of several models is one of them at a time: there it is enough that something fits.
    """
    missing = takes - brought
    if missing == takes:
        return missing
    if not graph.branches or len(match.sources) > 1:
        return frozenset()
    return missing - graph.given_before(match.step)


def _brought(graph: _Graph, step: DescribedStep, ports: Ports) -> frozenset[str] | None:
    """The kinds of data that lead to a step; None where that is not known of all that leads to it."""
    if graph.entered_around(step):
        return None
    brought: set[str] = set()
    for source, link in graph.into[step.key]:
        kinds = _carried(graph, graph.matches[source], ports.find(link.label))
        if kinds is None:
            return None
        brought |= kinds
    return frozenset(brought)


def _carried(graph: _Graph, match: StepMatch, port: str | None) -> frozenset[str] | None:
    """What an arrow from a step carries: what a typed model gives, else what the arrow says; None for who knows."""
    if match.takes is not None:
        return match.gives
    if port is not None:
        return frozenset((port,))
    # Of other steps it is only certain what those give with which the workflow begins.
    if match.step.role == "group" or graph.entered(match.step):
        return None
    return match.gives


def _call(review: AnswerAnalysis, step: DescribedStep, model: int) -> tuple[int, int]:
    """Where a step calls its model: the whole step, but of an item, which is prose of several lines, the name in it."""
    if step.role == "model":
        name = review.offered.sources[model].name
        for start, index in review.mentions:
            if index == model and step.start <= start < step.end:
                # A part of the name is called by itself: its first letter is where to look.
                return start, start + (len(name) if review.answer.body.startswith(name, start) else 1)
    return step.start, step.end

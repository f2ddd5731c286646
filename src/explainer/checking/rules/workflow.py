"""Rules about the workflows of an answer: diagrams that do not parse, models not offered, data that is missing.

Names are errors where they are certain, as everywhere. What is said of types, of unused outputs and of cycles is a
warning: an answer describes a workflow for people, who leave out what is plain to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Final

from explainer.catalogs.signature import Ports
from explainer.checking.analysis import AnswerAnalysis, Violation
from explainer.checking.workflow.described import DescribedLink
from explainer.checking.workflow.naming import StepFit, StepMatch
from explainer.checking.workflow.reading import Flow
from explainer.diagnostics.text import shorten

# An end of a workflow that says that it is the end, so that the other ends are none.
_FINAL: Final = re.compile(r"\b(?:final|outputs?|results?|end|deliver\w*)\b", re.IGNORECASE)
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
# Steps of a cycle that are named; of a longer one the reader sees the rest in the diagram.
_NAMED_STEPS: Final = 6


def diagrams(review: AnswerAnalysis) -> Iterator[Violation]:
    """A801, A802 and A811: a diagram that does not parse, that is no flowchart, or that names no offered model."""
    for flow, matches in review.flows:
        for start, end, finding in flow.problems:
            yield Violation(finding.code, start, end, finding.message, finding.hint)
        if flow.kind != "mermaid" or not matches:
            continue
        if _models(review).isdisjoint(_named_in(flow, matches, review)) and not _said_of_section(review):
            name = review.offered.sources[min(_models(review))].name
            end = flow.start + len(review.answer.body[flow.start : flow.end].split("\n", 1)[0].rstrip())
            message = "this diagram of the workflow names no model that was offered"
            yield Violation("A811", flow.start, end, message, f"put {shorten(name, 60)!r} into it")


def _named_in(flow: Flow, matches: Sequence[StepMatch], review: AnswerAnalysis) -> set[int]:
    """The offered entries that a diagram names; where a line could not be read, a name may stand in it."""
    named: set[int] = set()
    for match in matches:
        named.update(match.sources)
    if not flow.whole:
        named.update(index for at, index in review.mentions if flow.start <= at < flow.end)
    return named


def _models(review: AnswerAnalysis) -> set[int]:
    """The offered models, or all entries where no model was offered."""
    sources = review.offered.sources
    models = {index for index, source in enumerate(sources) if source.kind == "model"}
    return models or set(range(len(sources)))


def _said_of_section(review: AnswerAnalysis) -> bool:
    """Whether A121 says already that the whole section names no model."""
    section = review.sections.found.get("workflow")
    return section is not None and _models(review).isdisjoint(review.named_in(section.first, section.last))


def flow_names(review: AnswerAnalysis) -> Iterator[Violation]:
    """A301-A303 and A815: models that a workflow uses, and that were not offered."""
    for _, matches in review.flows:
        for match in matches:
            rule = _NAME_RULES.get(match.fit)
            name = match.name or ""
            # The rules about names say A303 already of a name that stands in the text word by word.
            if rule is None or (match.fit is StepFit.CATALOGUED and review.is_run(name)):
                continue
            code, message, hint = rule
            message = message.format(name=repr(shorten(name)))
            yield Violation(code, *_place(review, match), message, hint.format(meant=repr(match.meant)))


def _place(review: AnswerAnalysis, match: StepMatch) -> tuple[int, int]:
    """Where the name stands within its step, or the whole step."""
    name = match.name or ""
    start = review.answer.body.find(name, match.step.start, match.step.end)
    return (start, start + len(name)) if name and start >= 0 else (match.step.start, match.step.end)


def flow_types(review: AnswerAnalysis) -> Iterator[Violation]:
    """A812-A814: models that are not fed, outputs that nothing uses, cycles."""
    for flow, matches in review.flows:
        if not flow.whole:
            continue
        graph = _Graph(flow, matches)
        if flow.kind == "mermaid" and flow.links:
            yield from _cycles(graph)
            yield from _unused(graph, review)
        yield from _unfed(graph, review)


class _Graph:
    """The steps of one workflow with what leads to each and away from it."""

    def __init__(self, flow: Flow, matches: Iterable[StepMatch]) -> None:
        self.flow = flow
        self.matches = {match.step.key: match for match in matches if match.step.role != "edge"}
        self.into: dict[str, list[tuple[str, DescribedLink]]] = {key: [] for key in self.matches}
        self._left: set[str] = set()
        for link in flow.links:
            self._add(link.source, link.target, link)
            if link.both:
                self._add(link.target, link.source, link)

    def _add(self, source: str, target: str, link: DescribedLink) -> None:
        if self.matches.keys() >= {source, target}:
            self.into[target].append((source, link))
            self._left.add(source)

    def group_entered(self, key: str) -> bool:
        """Whether anything leads to a group that a step stands in."""
        return any(self.into.get(group) for group in self.matches[key].step.inside)

    def entered(self, key: str) -> bool:
        """Whether anything leads to a step, or to a group that it stands in."""
        return bool(self.into[key]) or self.group_entered(key)

    def alone(self, key: str) -> bool:
        """Whether nothing leads to a step or away from it."""
        return not self.entered(key) and not self.left(key)

    def left(self, key: str) -> bool:
        """Whether anything leads away from a step, or from a group that it stands in."""
        return not self._left.isdisjoint((key, *self.matches[key].step.inside))

    @cached_property
    def upstream(self) -> dict[str, frozenset[str]]:
        """The kinds of data that exist before a step, anywhere on the ways to it; nothing where there is a cycle."""
        sources = {key: [source for source, _ in links] for key, links in self.into.items()}
        try:
            order = list(TopologicalSorter(sources).static_order())
        except CycleError:
            return {}
        kinds: dict[str, frozenset[str]] = {}
        for key in order:
            before: set[str] = set()
            for source in sources[key]:
                before |= kinds[source] | (self.matches[source].gives or frozenset())
            kinds[key] = frozenset(before)
        return kinds


def _cycles(graph: _Graph) -> Iterator[Violation]:
    """A814: a workflow that runs in a circle, at the arrow that closes it."""
    sources: dict[str, list[str]] = {key: [] for key in graph.matches}
    for link in graph.flow.links:
        if not link.both and {link.source, link.target} <= sources.keys():
            sources[link.target].append(link.source)
    try:
        TopologicalSorter(sources).prepare()
    except CycleError as error:
        keys = list(error.args[1])
        pairs = set(pairwise(keys))
        closing = max(
            (link for link in graph.flow.links if (link.source, link.target) in pairs), key=lambda link: link.start
        )
        names = [_shown(graph.matches[key], 40) for key in keys[:_NAMED_STEPS]]
        names += ["…"] if len(keys) > len(names) else []
        message = f"the workflow runs in a circle: {' → '.join(names)}"
        hint = "a workflow leads from what is given to what is wanted"
        yield Violation("A814", closing.start, closing.end, message, hint)


def _shown(match: StepMatch, longest: int) -> str:
    return shorten(" ".join(match.step.text.split()), longest)


def _unused(graph: _Graph, review: AnswerAnalysis) -> Iterator[Violation]:
    """A813: steps that stand alone, and ends of the workflow beside one that is meant to be its end."""
    steps = {key: match for key, match in graph.matches.items() if match.step.role == "step"}
    ends = [match for key, match in steps.items() if graph.entered(key) and not graph.left(key)]
    useless = _useless(ends, review)
    for key, match in steps.items():
        place = match.step.start, match.step.end
        text = repr(_shown(match, 60))
        if graph.alone(key):
            message = f"nothing leads to {text} or away from it"
            yield Violation("A813", *place, message, "join it to the workflow, or leave it out")
        elif key in useless:
            yield Violation("A813", *place, f"nothing uses what {text} gives", "lead it on, or leave the step out")


def _useless(ends: Sequence[StepMatch], review: AnswerAnalysis) -> set[str]:
    """The ends that are not meant as ends: beside a final result the other results, beside results the models."""
    results = [end for end in ends if end.fit in (StepFit.OTHER, StepFit.DOUBTFUL)]
    final = {end.step.key for end in results if _FINAL.search(end.step.text)}
    useless = {end.step.key for end in results} - final if final else set()
    if results:
        useless.update(end.step.key for end in ends if _is_model(end, review))
    return useless


def _is_model(match: StepMatch, review: AnswerAnalysis) -> bool:
    """Whether a step is a model, offered or not; a paper beside a step only says where its method is from."""
    not_offered = match.fit in (StepFit.CATALOGUED, StepFit.ALTERED, StepFit.FOREIGN)
    return not_offered or not _models(review).isdisjoint(match.sources)


def _unfed(graph: _Graph, review: AnswerAnalysis) -> Iterator[Violation]:
    """A812: models that nothing feeds, that are fed with something else, or that lack one of their inputs."""
    for match in graph.matches.values():
        if match.fit is not StepFit.OFFERED or match.takes is None or match.step.role in ("input", "output"):
            continue
        fault = _feeding_fault(graph, match, review)
        if fault is not None:
            yield Violation("A812", *_model_place(review, match), *fault)


def _feeding_fault(graph: _Graph, match: StepMatch, review: AnswerAnalysis) -> tuple[str, str] | None:
    """What is wrong with what leads to a model, and what to do about it."""
    key, ports = match.step.key, review.offered.ports
    name = repr(shorten(review.offered.sources[match.sources[0]].name, 60))
    takes = f"takes {_listed(match.takes or (), ports)}"
    if not graph.into[key]:
        nothing = f"nothing leads to {name}, which {takes}", "begin with what it takes"
        return nothing if _begins(graph, key) else None
    brought = _brought(graph, key, ports)
    if brought is None:
        return None
    missing = _missing(graph, match, brought)
    if not missing:
        return None
    lacking = _listed(missing, ports)
    message = f"{name} {takes}, and is given {_listed(brought, ports)}: nothing gives {lacking}"
    return message, f"add a step that gives {lacking}"


def _listed(kinds: Iterable[str], ports: Ports) -> str:
    return " and ".join(map(ports.describe, sorted(kinds)))


def _begins(graph: _Graph, key: str) -> bool:
    """Whether a diagram begins with a step; lines and items may begin with the model, and a group may feed it."""
    is_step = graph.flow.kind == "mermaid" and graph.matches[key].step.role == "step"
    return is_step and graph.left(key) and not graph.entered(key)


def _missing(graph: _Graph, match: StepMatch, brought: frozenset[str]) -> frozenset[str]:
    """What a step takes and does not get.

    Something that it takes must lead to it; the rest may come from any step before. Lines and items cannot branch, and
    a step of several models is one of them at a time: there it is enough that something fits.
    """
    takes = match.takes or frozenset()
    missing = takes - brought
    if missing == takes:
        return missing
    if graph.flow.kind != "mermaid" or len(match.sources) > 1:
        return frozenset()
    return missing - graph.upstream.get(match.step.key, takes)


def _brought(graph: _Graph, key: str, ports: Ports) -> frozenset[str] | None:
    """The kinds of data that lead to a step; None where that is not known of all that leads to it."""
    if graph.group_entered(key):
        return None
    brought: set[str] = set()
    for source, link in graph.into[key]:
        kinds = _carried(graph, source, ports.find(link.label))
        if kinds is None:
            return None
        brought |= kinds
    return frozenset(brought)


def _carried(graph: _Graph, key: str, port: str | None) -> frozenset[str] | None:
    """What an arrow from a step carries: what it says, unless a typed model gives no such thing; else what is given."""
    match = graph.matches[key]
    typed = match.fit is StepFit.OFFERED
    if port is not None and (not typed or match.gives is None or port in match.gives):
        return frozenset((port,))
    # It is certain what a typed model gives, and what the workflow begins with.
    begins = match.step.role in ("step", "input") and not graph.entered(key)
    return match.gives if typed or begins else None


def _model_place(review: AnswerAnalysis, match: StepMatch) -> tuple[int, int]:
    """Where a step calls its model, which in an item may be lines below its label."""
    start, end = match.step.start, match.step.end
    if match.step.role != "model":
        return start, end
    for at, index in review.mentions:
        if index == match.sources[0] and start <= at < end:
            name = review.offered.sources[index].name
            # A part of the name is called by itself: its first letter is where to look.
            return at, at + (len(name) if review.answer.body.startswith(name, at) else 1)
    return start, end

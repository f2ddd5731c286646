"""Rules about the workflows of an answer: diagrams that Mermaid would not draw, and models that were not offered.

Names are errors where they are certain, as everywhere. What a diagram leads to what is not judged: answers leave out
what is plain to people, and of the warnings about data that is missing, most were wrong on real answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from explainer.checking.analysis import AnswerAnalysis, Violation, is_within
from explainer.checking.workflow.naming import StepFit, StepMatch, StepNames, hyphenated_words
from explainer.checking.workflow.reading import DescribedStep, Flow
from explainer.diagnostics.text import shorten

_INSTEAD: Final = "take an offered model, or leave the step out"
# What is said of a name that is not an offered one: code, message, hint.
_NAME_RULES: Final = {
    StepFit.CATALOGUED: ("A303", "{name} is catalogued but was not offered", _INSTEAD),
    StepFit.ALTERED: ("A302", "the workflow uses {name}, which differs from what was offered", "did you mean {meant}?"),
    StepFit.FOREIGN: ("A301", "the workflow uses {name}, which was not offered", _INSTEAD),
    StepFit.DOUBTFUL: (
        "A815", "{name} looks like the name of a model that was not offered", "leave it out, unless it is not a model",
    ),
}  # fmt: skip


def diagrams(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A801, A802 and A811: a diagram that does not parse, that is no flowchart, or that names no offered model."""
    for flow, matches in analysis.flows:
        for start, end, finding in flow.problems:
            yield Violation(finding.code, start, end, finding.message, finding.hint)
        if flow.kind == "mermaid" and matches:
            yield from _nameless(flow, matches, analysis)


def _nameless(
    flow: Flow, matches: Sequence[StepMatch], analysis: AnswerAnalysis
) -> Iterator[Violation]:
    """A811, unless A121 says already that the whole section names no model."""
    models = analysis.offered.models
    if not models.isdisjoint(_named_in(flow, matches, analysis)):
        return
    section = analysis.sections.found.get("workflow")
    if section is not None and models.isdisjoint(analysis.named_in(section.first, section.last)):
        return
    first_line = analysis.answer.body[flow.start : flow.end].partition("\n")[0].rstrip()
    message = "this diagram of the workflow names no model that was offered"
    for index in sorted(models)[:1]:  # nothing was offered to an answer without any
        hint = f"put {shorten(analysis.offered.sources[index].name, 60)!r} into it"
        yield Violation("A811", flow.start, flow.start + len(first_line), message, hint)


def _named_in(flow: Flow, matches: Sequence[StepMatch], analysis: AnswerAnalysis) -> set[int]:
    """The offered entries that a diagram names; where a line could not be read, a name may stand in it."""
    named = set(chain.from_iterable(match.sources for match in matches))
    named.update(
        index for position, index in analysis.mentions if flow.start <= position < flow.end
    )
    return named


def flow_names(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A301-A303 and A815: models that a workflow uses, and that were not offered."""
    for _, matches in analysis.flows:
        for match in matches:
            if match.fit not in _NAME_RULES:
                continue
            # The rules about names say A303 already of a name that stands in the text word by word.
            if match.fit is StepFit.CATALOGUED and analysis.is_run(match.name):
                continue
            start, end = _place(analysis, match.step, match.name)
            yield _violation(match.fit, start, end, match.name, match.meant)


def altered_endings(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A815: in the prose about the workflow, an offered model with the ending of another one, such as `-v2`."""
    section = analysis.sections.found.get("workflow")
    if section is None:
        return
    answer, names = analysis.answer, StepNames(analysis.offered)
    starts = [*answer.line_starts, len(answer.body)]
    for start, name in hyphenated_words(answer.body, starts[section.first], starts[section.last]):
        if names.model_of_variant(name) is not None and not _is_judged_elsewhere(analysis, start):
            yield _violation(StepFit.DOUBTFUL, start, start + len(name), name)


def _violation(
    fit: StepFit, start: int, end: int, name: str, meant: str | None = None
) -> Violation:
    """What is said of a name that is not an offered one."""
    code, message, hint = _NAME_RULES[fit]
    message = message.format(name=repr(shorten(name)))
    return Violation(code, start, end, message, hint.format(meant=repr(meant)))


def _is_judged_elsewhere(analysis: AnswerAnalysis, position: int) -> bool:
    """Whether a place is in a step, a reference or a link."""
    flows = ((flow.start, flow.end) for flow, _ in analysis.flows)
    references = ((reference.start, reference.end) for reference in analysis.references)
    links = ((cited.spotted.start, cited.spotted.end) for cited, _ in analysis.links)
    return is_within(position, chain(flows, references, links))


def _place(analysis: AnswerAnalysis, step: DescribedStep, name: str) -> tuple[int, int]:
    """Where a name stands within a step, or the whole step."""
    start = analysis.answer.body.find(name, step.start, step.end)
    if start < 0:
        return step.start, step.end
    return start, start + len(name)

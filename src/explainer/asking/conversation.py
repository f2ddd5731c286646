"""The way of one answer: asked, checked, sent back, mended where that is safe, accepted or kept as not grounded. Pure.

`judge` checks what came, `step` says what comes next, `choose` picks the best of several models' answers. Whoever
drives them asks the network, or the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from explainer.asking.chat import WHOLE, Message, Reply, Request, as_printed
from explainer.checking.check import CheckReport, check_answer
from explainer.checking.mending import apply_fixes, repair_prompt
from explainer.checking.offered import Offered
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.rules import Severity


@dataclass(frozen=True)
class PreparedQuestion:
    """A question that is ready to be asked.

    Attributes:
        id: its id.
        question: what was asked.
        prompt: the messages of its prompt.
        offered: what the answer may cite.
    """

    id: str
    question: str
    prompt: tuple[Message, ...]
    offered: Offered = field(compare=False, repr=False)

    @property
    def text(self) -> str:
        """The whole prompt."""
        return "".join(message.content for message in self.prompt)


@dataclass(frozen=True)
class AskSettings:
    """How answers are sought.

    Attributes:
        models: each of them is asked.
        parameters: further keys of a request's body.
        repair_parameters: further keys for requests that send an answer back; they win over `parameters`.
        rounds: how often an answer is sent back, at most.
        fix: mend what is safe, when that makes the answer grounded.
        strict: a warning is as bad as an error.
    """

    models: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    repair_parameters: Mapping[str, Any] = field(default_factory=dict)
    rounds: int = 2
    fix: bool = True
    strict: bool = False


@dataclass(frozen=True)
class Round:
    """Answer as it came, and what was found about it.

    Attributes:
        key: of the request.
        reply: what came.
        report: what the check says of it; its text is the answer as it is printed.
    """

    key: str
    reply: Reply
    report: CheckReport


@dataclass(frozen=True)
class ModelAnswer:
    """Result of asking one model.

    Attributes:
        model: its name.
        rounds: all its answers.
        report: the check of the answer that counts.
        chosen: which of the rounds that answer is from, counting from 0.
        grounded: whether it passes.
        fixed: whether it was mended here.
        failure: why it could not be asked any further; it is no answer then.
    """

    model: str
    rounds: tuple[Round, ...]
    report: CheckReport
    chosen: int = 0
    grounded: bool = False
    fixed: bool = False
    failure: str = ""


@dataclass(frozen=True)
class AskResult:
    """Result of asking one question.

    Attributes:
        prepared: the question.
        candidates: the answer of each model.
        chosen: the best answer; None when none came.
    """

    prepared: PreparedQuestion
    candidates: tuple[ModelAnswer, ...]
    chosen: ModelAnswer | None

    @property
    def grounded(self) -> bool:
        """Whether there is an answer that is accepted."""
        return self.chosen is not None and self.chosen.grounded

    @property
    def text(self) -> str:
        """The answer as it is written; empty when none came."""
        return self.chosen.report.text if self.chosen is not None else ""


def judge(prepared: PreparedQuestion, request: Request, reply: Reply) -> Round:
    """Check an answer that has come."""
    report = check_answer(as_printed(reply.text), prepared.offered, answer_id=prepared.id, file=prepared.id)
    if reply.finish_reason not in WHOLE:
        why = "at its greatest length" if reply.finish_reason == "length" else f"({reply.finish_reason})"
        cut = Finding("A104", Location(prepared.id), f"the answer was cut off {why}", "allow more tokens")
        report = replace(report, findings=(cut, *report.findings))
    return Round(request.key, reply, report)


def step(
    prepared: PreparedQuestion, settings: AskSettings, model: str, rounds: Sequence[Round]
) -> Request | ModelAnswer:
    """Return what to ask next, or what has become of it.

    The first request is the prompt. An answer that passes is accepted. One that does not is sent back with its faults,
    at most `settings.rounds` times, and not again when it comes back the same. Then it is mended, when safe changes
    make it pass; the newest answer is tried first. Else the best of the answers is kept, and is not grounded.
    """
    if not rounds:
        return Request(model, prepared.prompt, settings.parameters)
    last = rounds[-1]
    if _passes(last.report, settings):
        return ModelAnswer(model, tuple(rounds), last.report, len(rounds) - 1, grounded=True)
    is_unchanged = len(rounds) > 1 and last.report.text == rounds[-2].report.text
    if len(rounds) <= settings.rounds and not is_unchanged:
        again = (Message("assistant", last.report.text), Message("user", repair_prompt(last.report, prepared.offered)))
        return Request(model, (*prepared.prompt, *again), {**settings.parameters, **settings.repair_parameters})
    return _mended(prepared, settings, model, tuple(rounds)) or _kept(model, tuple(rounds))


def _passes(report: CheckReport, settings: AskSettings) -> bool:
    return report.grounded and not (settings.strict and _count(report, Severity.WARNING))


def _count(report: CheckReport, severity: Severity) -> int:
    return sum(finding.severity is severity for finding in report.findings)


def _mended(
    prepared: PreparedQuestion, settings: AskSettings, model: str, rounds: tuple[Round, ...]
) -> ModelAnswer | None:
    if not settings.fix:
        return None
    for number, round_ in reversed([*enumerate(rounds)]):
        report = round_.report
        text = apply_fixes(report.text, [fix for _, fix in report.fixes])
        if text == report.text or round_.reply.finish_reason not in WHOLE:  # nothing to mend, or mended in vain
            continue
        again = check_answer(text, prepared.offered, answer_id=prepared.id, file=prepared.id)
        if _passes(again, settings):
            return ModelAnswer(model, rounds, again, number, grounded=True, fixed=True)
    return None


def _kept(model: str, rounds: tuple[Round, ...]) -> ModelAnswer:
    best = min(range(len(rounds)), key=lambda number: (*_faults(rounds[number].report), -number))
    return ModelAnswer(model, rounds, rounds[best].report, best)


def _faults(report: CheckReport) -> tuple[int, int]:
    return _count(report, Severity.ERROR), _count(report, Severity.WARNING)


def choose(candidates: Sequence[ModelAnswer]) -> ModelAnswer | None:
    """Return the best answer: grounded first, then by errors, by warnings, unmended, in the order of the models."""
    answers = [candidate for candidate in candidates if not candidate.failure]
    return min(answers, key=lambda answer: (not answer.grounded, *_faults(answer.report), answer.fixed), default=None)

"""The use case: an answer and what was offered to it → proof that it cites nothing else, or what is wrong with it.

What it proves: every link, title and name that the answer gives as a source is one that was offered, written as it was
offered, and no name stands with another's link. What it does not prove: that the prose is true, or that it follows from
the sources. Knowledge from elsewhere that is not cited passes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from explainer.checking.analysis import AnswerAnalysis, Fix, Violation, review_of
from explainer.checking.names import NameFit
from explainer.checking.offered import Offered, OfferedEntry
from explainer.checking.rules.links import (
    link_status,
    misattributed,
    odd_destinations,
    repository_ids,
    spoofed,
    wrong_place,
)
from explainer.checking.rules.names import author_years, catalogued_names, claimed_names, phrases
from explainer.checking.rules.sections import completeness, coverage, order, refusal, sections, workflow
from explainer.checking.rules.workflow import diagrams, flow_names, flow_types
from explainer.checking.workflow.naming import StepFit
from explainer.diagnostics.finding import ExitStatus, Finding, Location
from explainer.diagnostics.rules import RULES, Severity
from explainer.diagnostics.text import shorten

MAX_STEP_TEXT: Final = 200
"""Characters of a step's text that reports show."""

Check: TypeAlias = Callable[[AnswerAnalysis], Iterator[Violation]]

CHECKS: Final[tuple[Check, ...]] = (
    completeness,
    refusal,
    sections,
    order,
    workflow,
    link_status,
    odd_destinations,
    spoofed,
    claimed_names,
    phrases,
    catalogued_names,
    author_years,
    repository_ids,
    misattributed,
    wrong_place,
    diagrams,
    flow_names,
    flow_types,
    coverage,
)
"""All rules. A rule is a function from the review of an answer to the faults that it finds."""


@dataclass(frozen=True, slots=True)
class Citation:
    """One source that the answer cites.

    Attributes:
        text: the link, title or name, as written.
        kind: `link`, `title` (given as one) or `name` (the text of a link, a lead).
        status: offered, respelled, shortened, reworded, known, question; altered, catalogued, foreign, invalid,
            misattributed.
        entry: the name of the entry that it means, if any.
        line: where it is; `column`, too.
        start: its place in the text; `end`: the end of that.
    """

    text: str
    kind: str
    status: str
    entry: str | None
    line: int
    column: int
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """One step of a workflow that the answer describes.

    Attributes:
        text: what it is called, on one line.
        role: step, group (a box around steps), edge (what is written on an arrow), input, model, output.
        status: `model` or `paper` for an offered entry; catalogued, altered, foreign, doubtful; or `other` for work
            that is no catalogued model, such as masking, and for what goes in and comes out.
        entries: the names of the offered entries that it uses.
        takes: the kinds of data that it takes, by id, where they are known; `gives`: the same for what it gives.
        line: where it is; `column`, too.
    """

    key: str
    text: str
    role: str
    status: str
    entries: tuple[str, ...]
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow that the answer describes.

    Attributes:
        kind: `mermaid` for a flowchart, `arrows` for a line with arrows, `items` for Input, Model and Output.
        line: where it begins.
        steps: its steps, in the order of the text.
        links: what leads to what, by the keys of steps.
    """

    kind: str
    line: int
    steps: tuple[WorkflowStep, ...]
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CheckReport:
    """What was found about one answer.

    Attributes:
        id: its id.
        file: the name of its file.
        findings: what is wrong, in the order of the text.
        citations: all links, titles and names that it gives as sources.
        text: the answer, as it was given.
        fixes: safe changes, by the code of the finding that they mend.
        sources: all offered entries.
        used: the names of those that it uses.
        waived: findings that a reviewed file waives.
        line: the line of its file that the whole answer stands on (a line of JSON); 0 for a file of its own.
        workflow: the workflows that it describes.
    """

    id: str
    file: str
    findings: tuple[Finding, ...]
    citations: tuple[Citation, ...] = ()
    text: str = ""
    fixes: tuple[tuple[str, Fix], ...] = ()
    sources: tuple[OfferedEntry, ...] = ()
    used: tuple[str, ...] = ()
    waived: tuple[Finding, ...] = field(default=())
    line: int = 0
    workflow: tuple[Workflow, ...] = ()

    @property
    def offered(self) -> tuple[str, ...]:
        """The names of all offered entries."""
        return tuple(source.name for source in self.sources)

    @property
    def grounded(self) -> bool:
        """Whether something was checked and no error stands."""
        return not any(finding.is_error for finding in self.findings)


def unchecked(answer_id: str, file: str, findings: Collection[Finding], text: str = "", line: int = 0) -> CheckReport:
    """Return the report of an answer that could not be checked; at least one of the findings is an error."""
    return CheckReport(answer_id, file, tuple(findings), text=text, line=line)


def check_answer(
    text: str, offered: Offered, *, answer_id: str = "answer", file: str = "<answer>", line: int = 0
) -> CheckReport:
    """Check one answer against what was offered to it.

    Args:
        text: the answer, exactly as it was given.
        offered: what it may cite.
        answer_id: its id in reports.
        file: the name that findings give it.
        line: the line of the file that it stands on, when that holds several answers.
    """
    if not offered.sources:
        finding = Finding(
            "A102",
            Location(file),
            "nothing was offered, so no citation can be checked",
            "name models or papers",
        )
        return unchecked(answer_id, file, [finding], text, line)
    review = review_of(text, offered)
    if not any(char.isalnum() for char in review.answer.body):
        finding = Finding(
            "A101",
            Location(file),
            "the answer is empty: there is nothing to check",
            "ask for the answer again",
        )
        return unchecked(answer_id, file, [finding], text, line)
    faults = sorted(
        {fault for check in CHECKS for fault in check(review)},
        key=lambda fault: (
            RULES[fault.code].severity is Severity.NOTE,
            fault.start,
            fault.code,
            fault.end,
            fault.message,
        ),
    )
    used = review.named_in(0, review.answer.lines)
    return CheckReport(
        answer_id,
        file,
        tuple(_finding(fault, review, file) for fault in faults),
        tuple(_citations(review, faults)),
        text,
        tuple((fault.code, fault.fix) for fault in faults if fault.fix is not None),
        offered.sources,
        tuple(source.name for index, source in enumerate(offered.sources) if index in used),
        line=line,
        workflow=tuple(_workflows(review)),
    )


def _finding(fault: Violation, review: AnswerAnalysis, file: str) -> Finding:
    location = Location(file, *review.answer.position(fault.start))
    return Finding(fault.code, location, fault.message, fault.hint, review.answer.text[fault.start : fault.end])


_FIT_STATUS: Final = {
    NameFit.EXACT: "offered",
    NameFit.KNOWN: "known",
    NameFit.SHORT: "shortened",
    NameFit.REWORDED: "reworded",
    NameFit.ALTERED: "altered",
    NameFit.CATALOGUED: "catalogued",
    NameFit.FOREIGN: "foreign",
}


def _citations(review: AnswerAnalysis, faults: Collection[Violation]) -> Iterator[Citation]:
    names = [source.name for source in review.offered.sources]
    wrong = {fault.start for fault in faults if fault.code in ("A401", "A402")}
    found: list[Citation] = []
    for verdict in review.links:
        spotted = verdict.cited.spotted
        status = "misattributed" if spotted.start in wrong else verdict.status
        entry = names[verdict.owners[0][0]] if verdict.owners else verdict.meant if status == "catalogued" else None
        place = review.answer.position(spotted.start)
        found.append(Citation(spotted.text, "link", status, entry, *place, spotted.start, spotted.end))
    for claim, judged in review.verdicts:
        if judged.fit is not NameFit.NO_NAME:
            kind = "title" if claim.strict else "name"
            place = review.answer.position(claim.start)
            entry = names[judged.sources[0]] if judged.sources else judged.meant
            found.append(Citation(claim.text, kind, _FIT_STATUS[judged.fit], entry, *place, claim.start, claim.end))
    yield from sorted(found, key=lambda citation: (citation.start, citation.end))


def _workflows(review: AnswerAnalysis) -> Iterator[Workflow]:
    sources = review.offered.sources
    for flow, judged in review.flows:
        steps = []
        for one in judged:
            status = str(one.fit) if one.fit is not StepFit.OFFERED else sources[one.sources[0]].kind
            text = shorten(" ".join(one.step.text.split()), MAX_STEP_TEXT)
            entries = tuple(sources[index].name for index in one.sources)
            takes, gives = (tuple(sorted(kinds or ())) for kinds in (one.takes, one.gives))
            place = review.answer.position(one.step.start)
            steps.append(WorkflowStep(one.step.key, text, one.step.role, status, entries, takes, gives, *place))
        links = tuple((link.source, link.target) for link in flow.links)
        yield Workflow(flow.kind, review.answer.position(flow.start)[0], tuple(steps), links)


def status_of(reports: Collection[CheckReport], *, fail_on: Severity = Severity.ERROR) -> ExitStatus:
    """Return the exit status of a run over answers: 2 beats 1 beats 3; no answer at all is 3."""
    levels = list(Severity)
    counted = levels[: levels.index(fail_on) + 1]
    status = ExitStatus.OK if reports else ExitStatus.NOTHING_CHECKED
    for report in reports:
        failing = [finding for finding in report.findings if finding.severity in counted]
        if any(RULES[finding.code].unusable_file for finding in failing):
            return ExitStatus.UNUSABLE
        if any(not RULES[finding.code].nothing_checked for finding in failing):
            status = ExitStatus.ERRORS
        elif failing and status is ExitStatus.OK:
            status = ExitStatus.NOTHING_CHECKED
    return status

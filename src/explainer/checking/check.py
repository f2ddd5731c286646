"""The use case: an answer and what was offered to it → proof that it cites nothing else, or what is wrong with it.

What it proves: every link, title and name that the answer gives as a source is one that was offered, written as it was
offered, and no name stands with another's link. What it does not prove: that the prose is true, or that it follows from
the sources. Knowledge from elsewhere that is not cited passes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain, filterfalse, starmap
from operator import attrgetter
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from explainer.checking.analysis import AnswerAnalysis, Fix, Violation, analyse
from explainer.checking.answer import UnreadableAnswerError
from explainer.checking.evidence.judging import JudgedStatement, StatementVerdict, judge_statements
from explainer.checking.evidence.provider_citations import CitedSpan, strange_documents
from explainer.checking.match import Match, Verdict
from explainer.checking.offered import Offered, OfferedEntry
from explainer.checking.references import Reference
from explainer.checking.rules import CHECKS
from explainer.checking.rules.links import RESPELLED_CODE
from explainer.checking.spotting import LinkInText
from explainer.checking.workflow.naming import StepFit, StepMatch
from explainer.checking.workflow.reading import Flow
from explainer.diagnostics.codes import RULES, Severity
from explainer.diagnostics.finding import ExitStatus, Finding, Location, exit_status, has_errors
from explainer.diagnostics.text import shorten

# why an answer cannot be checked, and what to do about it
_NOTHING_OFFERED: Final = (
    "nothing was offered, so no citation can be checked",
    "name models or papers",
)
_EMPTY_ANSWER: Final = (
    "the answer is empty: there is nothing to check",
    "ask for the answer again",
)
MAX_STEP_TEXT: Final = 200
"""Characters of a step's text that reports show."""


class Citation(Struct, frozen=True):
    """One source that the answer cites.

    Attributes:
        text: the link, title or name, as written.
        kind: `link`, `title` (given as one) or `name` (the text of a link, a lead).
        status: a value of `Match`, such as offered, respelled or foreign.
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


class WorkflowStep(Struct, frozen=True):
    """One step of a workflow that the answer describes.

    Attributes:
        text: what it is called, on one line.
        role: step, group (a box around steps), edge (what is written on an arrow), input, model, output.
        status: `model` or `paper` for an offered entry; catalogued, altered, foreign, doubtful; or `other` for work
            that is no catalogued model, such as masking, and for what goes in and comes out.
        entries: the names of the offered entries that it uses.
        line: where it is; `column`, too.
    """

    text: str
    role: str
    status: str
    entries: tuple[str, ...]
    line: int
    column: int


class Workflow(Struct, frozen=True):
    """One workflow that the answer describes.

    Attributes:
        kind: `mermaid` for a flowchart, `arrows` for a line with arrows, `items` for Input, Model and Output.
        line: where it begins.
        steps: its steps, in the order of the text.
    """

    kind: str
    line: int
    steps: tuple[WorkflowStep, ...]


class CheckedStatement(Struct, frozen=True):
    """What the answer says of offered entries in one sentence or item, beside the passage that bears on it.

    Attributes:
        text: the sentence, on one line.
        verdict: `refuted`, `proved` or `open`.
        entries: the names of the entries that it is about.
        entry: the name of the entry that the passage is from; None without a passage.
        passage: the sentence of that entry that carries or refutes it, or else is nearest to it.
        support: the share of its terms that its entries have, from 0 to 1: shown, never judged.
        codes: the codes of what is wrong with it.
        line: where it is; `column`, too.
        start: its place in the text; `end`: the end of that.
    """

    text: str
    verdict: StatementVerdict
    entries: tuple[str, ...]
    entry: str | None
    passage: str
    support: float
    codes: tuple[str, ...]
    line: int
    column: int
    start: int = 0
    end: int = 0


class CheckReport(Struct, frozen=True):
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
        statements: what it says of offered entries, in the order of the text.
        question: the question that was asked; empty when nothing was checked.
    """

    id: str
    file: str
    findings: tuple[Finding, ...]
    citations: tuple[Citation, ...] = ()
    text: str = ""
    fixes: tuple[tuple[str, Fix], ...] = ()
    sources: tuple[OfferedEntry, ...] = ()
    used: tuple[str, ...] = ()
    waived: tuple[Finding, ...] = ()
    line: int = 0
    workflow: tuple[Workflow, ...] = ()
    statements: tuple[CheckedStatement, ...] = ()
    question: str = ""

    @property
    def offered(self) -> tuple[str, ...]:
        """The names of all offered entries."""
        return tuple(source.name for source in self.sources)

    @property
    def faults(self) -> tuple[Finding, ...]:
        """Its errors and warnings."""
        return tuple(finding for finding in self.findings if finding.severity is not Severity.NOTE)

    @property
    def grounded(self) -> bool:
        """Whether something was checked and no error stands; errors of statements belong to `claims`."""
        return not has_errors(filterfalse(_is_about_statement, self.findings))

    @property
    def claims(self) -> StatementVerdict:
        """The verdict on its statements: refuted when one is, proved when all are, else open."""
        if has_errors(filter(_is_about_statement, self.findings)):
            return StatementVerdict.REFUTED
        verdicts = {statement.verdict for statement in self.statements}
        return (
            StatementVerdict.PROVED
            if verdicts == {StatementVerdict.PROVED}
            else StatementVerdict.OPEN
        )

    def count(self, verdict: StatementVerdict) -> int:
        """Return how many statements have a verdict."""
        return sum(statement.verdict is verdict for statement in self.statements)


def _is_about_statement(finding: Finding) -> bool:
    return RULES[finding.code].about_statement


def unchecked(
    answer_id: str, file: str, findings: Collection[Finding], text: str = "", line: int = 0
) -> CheckReport:
    """Return the report of an answer that could not be checked; at least one of the findings is an error."""
    return CheckReport(answer_id, file, tuple(findings), text=text, line=line)


def check_answer(
    text: str,
    offered: Offered,
    *,
    answer_id: str = "answer",
    file: str = "<answer>",
    line: int = 0,
    strict_links: bool = False,
    spans: Sequence[CitedSpan] = (),
) -> CheckReport:
    """Check one answer against what was offered to it.

    Args:
        text: the answer, exactly as it was given.
        offered: what it may cite.
        answer_id: its id in reports.
        file: the name that findings give it.
        line: the line of the file that it stands on, when that holds several answers.
        strict_links: note the offered links that are spelled otherwise, though they lead to the same thing.
        spans: the spans of it that its provider cites documents for.
    """

    def impossible(code: str, message: str, hint: str | None = None) -> CheckReport:
        return unchecked(
            answer_id, file, [Finding(code, Location(file), message, hint)], text, line
        )

    if not offered.sources:
        return impossible("A102", *_NOTHING_OFFERED)
    try:
        analysis, statements, violations = _judged(text, offered, tuple(spans))
    except UnreadableAnswerError as error:
        return impossible("F104", f"the answer cannot be read as Markdown: {error}")
    # thoughts and rules of Markdown are no answer
    if not any(map(str.isalnum, analysis.answer.body)):
        return impossible("A101", *_EMPTY_ANSWER)
    if not strict_links:
        violations = list(filterfalse(_is_respelling, violations))
    # every place is made a line and a column here, once
    return CheckReport(
        id=answer_id,
        file=file,
        findings=tuple(map(partial(_finding, analysis, file), violations)),
        citations=tuple(_citations(analysis, violations)),
        text=text,
        fixes=tuple(_fixes(violations)),
        sources=offered.sources,
        used=tuple(map(offered.names.__getitem__, sorted(analysis.used))),
        line=line,
        workflow=tuple(starmap(partial(_workflow, analysis), analysis.flows)),
        statements=tuple(map(partial(_checked_statement, analysis), statements)),
        question=offered.question,
    )


def _is_respelling(violation: Violation) -> bool:
    return violation.code == RESPELLED_CODE


def _fixes(violations: Iterable[Violation]) -> Iterator[tuple[str, Fix]]:
    for violation in violations:
        if violation.fix is not None:
            yield violation.code, violation.fix


@lru_cache(maxsize=1)  # a record is proved, and then reported on: the same answer twice
def _judged(
    text: str, offered: Offered, spans: tuple[CitedSpan, ...]
) -> tuple[AnswerAnalysis, Sequence[JudgedStatement], Sequence[Violation]]:
    analysis = analyse(text, offered)
    statements = judge_statements(analysis, spans)
    return analysis, statements, find_violations(analysis, statements, spans)


def find_violations(
    analysis: AnswerAnalysis,
    statements: Iterable[JudgedStatement] = (),
    spans: Iterable[CitedSpan] = (),
) -> list[Violation]:
    """Return what all rules find, and what is wrong with statements, each thing once: in the order of the text.

    Notes come behind all else.
    """
    # a set: two rules may say the same of one place
    violations = set(strange_documents(analysis, spans))
    for judged in statements:
        violations.update(judged.violations)
    for check in CHECKS:
        violations.update(check(analysis))
    return sorted(filterfalse(partial(_is_said_already, violations), violations), key=_order)


# What is a guess by the look of a name: a rule that knows more of the same place says it better.
_GUESSES: Final = frozenset({"A431", "A815"})


def _is_said_already(violations: Collection[Violation], violation: Violation) -> bool:
    """Whether a name that is only guessed at is found as a citation or as a step, too."""
    if violation.code not in _GUESSES:
        return False
    overlapping = (
        finding
        for finding in violations
        if _overlap(finding, violation) and finding.code != violation.code
    )
    return not all(RULES[finding.code].about_statement for finding in overlapping)


def _overlap(first: Violation, second: Violation) -> bool:
    return first.start < second.end and second.start < first.end


def _order(violation: Violation) -> tuple[bool, int, str, int, str, str]:
    is_note = RULES[violation.code].severity is Severity.NOTE
    # two rules may say the same of one place and hint at different ways out, so the hint decides last
    return (
        is_note,
        violation.start,
        violation.code,
        violation.end,
        violation.message,
        violation.hint or "",
    )


def _finding(analysis: AnswerAnalysis, file: str, violation: Violation) -> Finding:
    answer = analysis.answer
    location = Location(file, *answer.position(violation.start))
    text = answer.text[violation.start : violation.end]
    return Finding(violation.code, location, violation.message, violation.hint, text)


def _citations(analysis: AnswerAnalysis, violations: Iterable[Violation]) -> list[Citation]:
    """All links and names that the answer gives as sources, in the order of the text."""
    citations = [*_cited_links(analysis, violations), *_cited_names(analysis)]
    return sorted(citations, key=attrgetter("start", "end"))


def _cited_links(analysis: AnswerAnalysis, violations: Iterable[Violation]) -> Iterator[Citation]:
    # the name of another entry stands beside them, or they stand in the field of another link
    misattributed = {
        violation.start for violation in violations if violation.code in ("A401", "A402")
    }
    for cited, verdict in analysis.links:
        is_wrong = cited.spotted.start in misattributed
        judged = replace(verdict, match=Match.MISATTRIBUTED) if is_wrong else verdict
        yield _citation(cited.spotted, "link", judged, analysis)


def _cited_names(analysis: AnswerAnalysis) -> Iterator[Citation]:
    for reference, verdict in analysis.verdicts:
        if verdict.match is not Match.NO_CITATION:
            yield _citation(reference, "title" if reference.strict else "name", verdict, analysis)


def _citation(
    item: LinkInText | Reference, kind: str, verdict: Verdict, analysis: AnswerAnalysis
) -> Citation:
    place = analysis.answer.position(item.start)
    entry = analysis.entry_name(verdict)
    return Citation(item.text, kind, verdict.match.value, entry, *place, item.start, item.end)


def _checked_statement(analysis: AnswerAnalysis, judged: JudgedStatement) -> CheckedStatement:
    names, statement = analysis.offered.names, judged.statement
    return CheckedStatement(
        statement.text,
        judged.verdict,
        tuple(map(names.__getitem__, statement.entries)),
        None if judged.entry is None else names[judged.entry],
        judged.passage,
        judged.support,
        tuple(dict.fromkeys(violation.code for violation in judged.violations)),
        *analysis.answer.position(statement.start),
        statement.start,
        statement.end,
    )


def _workflow(analysis: AnswerAnalysis, flow: Flow, matches: Iterable[StepMatch]) -> Workflow:
    # what an arrow carries is no step: `flows` has left it out
    steps = tuple(map(partial(_workflow_step, analysis), matches))
    return Workflow(flow.kind, analysis.answer.position(flow.start)[0], steps)


def _workflow_step(analysis: AnswerAnalysis, match: StepMatch) -> WorkflowStep:
    offered = analysis.offered
    return WorkflowStep(
        shorten(" ".join(match.step.text.split()), MAX_STEP_TEXT),
        match.step.role,
        offered.sources[match.sources[0]].kind if match.fit is StepFit.OFFERED else str(match.fit),
        tuple(map(offered.names.__getitem__, match.sources)),
        *analysis.answer.position(match.step.start),
    )


def claims_data(report: CheckReport) -> dict[str, Any]:
    """Return what was found about the statements of an answer as plain data: the verdict, counts, and each statement.

    The support of the whole answer is the mean of its statements; None without any.
    """
    supports = [statement.support for statement in report.statements]
    return {
        "verdict": str(report.claims),
        **{str(verdict): report.count(verdict) for verdict in StatementVerdict},
        "support": round(sum(supports) / len(supports), 3) if supports else None,
        "statements": list(map(_statement_row, report.statements)),
    }


def _statement_row(statement: CheckedStatement) -> dict[str, Any]:
    # where it stands in the text is for pages alone
    keys = ("text", "line", "column", "entry", "passage", "support")
    row = {key: getattr(statement, key) for key in keys}
    return {
        **row,
        "verdict": str(statement.verdict),
        "entries": [*statement.entries],
        "codes": [*statement.codes],
    }


def status_of(
    reports: Collection[CheckReport], *, strict: bool = False, least: Severity = Severity.ERROR
) -> ExitStatus:
    """Return the exit status of a run over answers; no answer at all counts as one that could not be checked.

    Args:
        reports: what was found about them.
        strict: count warnings as errors.
        least: the lowest severity that fails the run.
    """
    if not reports:
        return ExitStatus.NOTHING_CHECKED
    findings = chain.from_iterable(report.findings for report in reports)
    return exit_status(findings, strict=strict, least=least)

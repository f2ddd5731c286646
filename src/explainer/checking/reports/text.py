"""The reports for terminals, and for the log of a workflow on GitHub."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from explainer.checking.check import CheckReport, Workflow, WorkflowStep
from explainer.checking.evidence.judging import StatementVerdict
from explainer.checking.match import GOOD
from explainer.checking.reports.json import DEFINITIONS, all_of, code_counts, metrics_data
from explainer.checking.workflow.reading import PLACES
from explainer.diagnostics.codes import RULES, Severity
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.report import REPORTERS
from explainer.diagnostics.text import counted, printable, shorten

# findings after which it helps to see what was offered
_NOT_OFFERED: Final = frozenset({"A201", "A207", "A208", "A209", "A301", "A303", "A308"})
_VERDICTS: Final = {True: "grounded", False: "not grounded"}
# codes about a line of JSON, or about the files beside it, and not about the text of the answer in it
_ABOUT_ROW: Final = ("A6", "A9")
_SEVERITY_MARKS: Final = {
    Severity.ERROR: "",
    Severity.WARNING: "warning: ",
    Severity.NOTE: "note: ",
}
_MAX_LINE: Final = 100  # characters of a source line that are shown around a finding
_MARGIN: Final = 20  # characters that are shown before a finding in a longer line
_MAX_NAMES: Final = 400  # characters of a list of names that a line shows


def as_text(reports: Sequence[CheckReport]) -> str:
    """Return findings with their source lines and a verdict for each answer; of several, one line about all at the end.

    Of several, nothing is said of those without an error or a warning.
    """
    lines: Iterable[str] = ()
    if len(reports) == 1:
        lines = _alone(reports[0])
    elif reports:
        lines = chain(chain.from_iterable(map(_among_several, reports)), [_summary_line(reports)])
    return "".join(f"{line}\n" for line in lines)


def as_statistics(reports: Sequence[CheckReport]) -> str:
    """Return how often each code was found and in how many answers, the figures, and one line about all answers."""
    rows = code_counts(reports)
    lines = list(map("{count:>6}  {code}  {meaning} (in {answers})".format_map, rows))
    lines += ["", *_metrics_lines(reports), "", _summary_line(reports)]
    return "".join(f"{line}\n" for line in lines[not rows :])


def _alone(report: CheckReport) -> Iterator[str]:
    yield from _findings_lines(report, report.findings)
    yield from _what_was_offered(report)
    yield from chain.from_iterable(map(_workflow_lines, report.workflow))
    yield verdict_line(report)


def _among_several(report: CheckReport) -> Iterator[str]:
    """The faults of one answer of several; nothing when it has none."""
    if report.faults:
        yield from _findings_lines(report, report.faults)
        yield from (*_what_was_offered(report), verdict_line(report), "")


def _what_was_offered(report: CheckReport) -> Iterator[str]:
    """The sources that may be cited, once, when something else was."""
    if _NOT_OFFERED.isdisjoint(finding.code for finding in report.findings):
        return
    yield "  offered are:"
    for source in report.sources:
        links = ", ".join(map(attrgetter("url"), source.field_links)) or "no link"
        yield printable(f"    {source.name}: {links}")


def _workflow_lines(workflow: Workflow) -> Iterator[str]:
    """A workflow in a line or two: its models, and its steps without one."""
    models = dict.fromkeys(chain.from_iterable(map(attrgetter("entries"), workflow.steps)))
    steps = dict.fromkeys(map(attrgetter("text"), filter(_is_other_step, workflow.steps)))
    # prose with an arrow in it is a workflow only when it has a model among its steps
    if workflow.kind != "mermaid" and not (models and steps):
        return
    names = ", ".join(models) or "no offered model"
    yield printable(f"  workflow on line {workflow.line}: {shorten(names, _MAX_NAMES)}")
    if steps:
        yield printable(
            f"    steps without a model: {shorten(', '.join(map(repr, steps)), _MAX_NAMES)}"
        )


def _is_other_step(step: WorkflowStep) -> bool:
    if (step.status, step.role) != ("other", "step"):
        return False
    return step.text.casefold() not in PLACES


def verdict_line(report: CheckReport) -> str:
    """Return the outcome of one answer in one line."""
    verdict, claims = _VERDICTS[report.grounded], _claims(report)
    if any(RULES[finding.code].unusable_file for finding in report.findings):
        verdict = "not checked"
    elif report.grounded and report.claims is StatementVerdict.REFUTED:
        verdict, claims = f"{verdict}, but {claims}", ""
    parts = [" and ".join(_counts(report.findings))]
    if report.sources:  # else nothing was checked
        parts.append(cited_in_words(report))
    parts.append(claims)
    if report.waived:
        parts.append(f"{len(report.waived)} waived")
    return printable(f"{_place(report)}: {verdict}: {'; '.join(filter(None, parts))}")


def _place(report: CheckReport) -> str:
    """The file of an answer, its line where it has one, and its id where the name of the file does not say it."""
    place = report.file
    if report.line:
        place = f"{place}:{report.line}"
    if f"/{report.id}." in f"/{report.file}" or report.id == report.file:
        return place
    return f"{place} ({report.id})"


def cited_in_words(report: CheckReport) -> str:
    """Return how many of the citations of an answer are correct."""
    count = len(report.citations)
    right = sum(citation.status in GOOD for citation in report.citations)
    if not count:
        return "nothing is cited"
    if right < count:
        return f"{right} of {counted(count, 'citation')} {('are', 'is')[right == 1]} correct"
    whose = f"all {count} citations are" if count > 1 else "the only citation is"
    return f"{whose} offered, correctly named and linked"


def _claims(report: CheckReport) -> str:
    """The verdict on what the answer says of its sources, with the number of statements that it rests on."""
    if not report.statements and report.claims is not StatementVerdict.REFUTED:
        return ""
    count = report.count(report.claims)
    numbers = f" ({count} of {counted(len(report.statements), 'statement')})" if count else ""
    return f"claims {report.claims}{numbers}"


def _counts(findings: Iterable[Finding]) -> list[str]:
    """How many errors, warnings and notes there are, of those that there are."""
    counts = Counter(finding.severity for finding in findings)
    return [counted(counts[severity], severity) for severity in Severity if counts[severity]]


def _summary_line(reports: Sequence[CheckReport]) -> str:
    """The outcome of several answers in one line."""
    grounded = sum(report.grounded for report in reports)
    outcome = f"{grounded} grounded, {len(reports) - grounded} not grounded"
    if grounded == len(reports):
        outcome = "all grounded"
    counts = ", ".join(_counts(all_of(reports, "findings"))) or "no findings"
    return f"{counted(len(reports), 'answer')} checked: {outcome}; {counts}"


def _findings_lines(report: CheckReport, findings: Iterable[Finding]) -> Iterator[str]:
    """Findings about one answer, each with the line of the answer that it is about and what to do."""
    source_lines = report.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for finding in findings:
        placed = in_file(report, finding)
        severity = _SEVERITY_MARKS[finding.severity]
        yield f"{printable(str(placed.location))}: {finding.code} {severity}{printable(placed.message)}"
        line = finding.location.line
        if _is_about_text(finding) and finding.text and line <= len(source_lines):
            yield from _excerpt(finding, source_lines[line - 1])
        if finding.hint:
            yield f"    {printable(finding.hint)}"


def _excerpt(finding: Finding, line: str) -> Iterator[str]:
    """The line of a finding, cut around it where it is long, with carets under the text that it is about."""
    start = finding.location.column - 1
    length = max(1, min(len(finding.text.splitlines()[0]), len(line) - start))
    first = 0
    if len(line) > _MAX_LINE:
        first = max(0, start - _MARGIN)
    shown = line[first : first + _MAX_LINE]
    before, marked = shown[: start - first], shown[start - first : start - first + length]
    lead = "…" * (first > 0)
    tail = "…" * (first + _MAX_LINE < len(line))
    yield f"{finding.location.line:>5} | {lead}{printable(shown)}{tail}"
    pad = " " * (len(lead) + _columns(printable(before)))
    yield f"{' ' * 5} | {pad}{'^' * max(1, _columns(printable(marked)))}"


def _metrics_lines(reports: Sequence[CheckReport]) -> Iterator[str]:
    """The figures, with what they mean."""
    data = metrics_data(reports)
    yield _metric_line(
        "grounded", data["share_grounded"], f" ({data['grounded']} of {data['answers']})"
    )
    yield _metric_line("precision", data["citation_precision"], f" ({data['citations']} citations)")
    yield _metric_line("recall", data["citation_recall"])
    yield _metric_line("coverage", data["source_coverage"])


def _metric_line(name: str, share: float | None, count: str = "") -> str:
    figure = "none" if share is None else f"{share:.1%}"
    return f"{name + ':':11}{figure:>7}  {DEFINITIONS[name]}{count}"


def _columns(text: str) -> int:
    """The columns of a terminal that a text takes."""
    return sum(map(_width, text))


def _width(char: str) -> int:
    """The columns that a character takes: East Asian wide ones take two, combining ones none."""
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 1 + (unicodedata.east_asian_width(char) in "WF")


def as_github(reports: Sequence[CheckReport]) -> str:
    """A line for each finding."""
    findings: list[Finding] = []
    for report in reports:
        findings += map(partial(in_file, report), report.findings)
    return REPORTERS["github"](findings)


def in_file(report: CheckReport, finding: Finding) -> Finding:
    """Return a finding with its place in the file: an answer in a line of JSON has its own lines and columns."""
    if not report.line or not _is_about_text(finding):
        return finding
    place = finding.location
    message = f"{report.id}:{place.line}:{place.column}: {finding.message}"
    return replace(finding, location=Location(place.file, report.line), message=message)


def _is_about_text(finding: Finding) -> bool:
    """Whether a finding is about the text of an answer: those of other letters are about a question or a catalog."""
    return finding.code.startswith("A") and not finding.code.startswith(_ABOUT_ROW)

"""One run of `check` over many answers: read them, check them, mend what is safe, let pass what is waived."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from explainer.catalogs.loading import CatalogLoader, load_lines
from explainer.checking.check import CheckReport, status_of
from explainer.checking.inputs import (
    LINES_SUFFIXES,
    MAX_ANSWER_BYTES,
    AnswerInput,
    AnswerReader,
    check_input,
)
from explainer.checking.offered import Offered
from explainer.checking.proof import proof_line, proof_record, recorded_answers, without_record
from explainer.diagnostics.codes import Severity
from explainer.diagnostics.finding import (
    ExitStatus,
    Finding,
    Parsed,
    errors_in,
    exit_status,
    worst_status,
)
from explainer.files import STDIN, display_path, read_text

T = TypeVar("T")


class CheckConfig(Struct, frozen=True):
    """What a run of `check` is to do.

    Attributes:
        answers: files, folders, lines of JSON, or `-` for stdin.
        question: the question or questions of the answers, if they are given by themselves.
        prompt: the prompt or prompts instead.
        catalogs: the catalogs of the command line.
        selected: codes that count, all when empty; `ignored`: codes that do not.
        strict_links: note offered links in another spelling that leads to the same thing.
        fix: mend what is safe, in place.
        waivers: a file of reviewed exceptions.
        baseline: a file of findings that are known.
        provenance: the proof that the answers must be those of.
    """

    answers: tuple[Path, ...]
    question: Path | None = None
    prompt: Path | None = None
    catalogs: tuple[Path, ...] = ()
    selected: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    strict_links: bool = False
    fix: bool = False
    waivers: Path | None = None
    baseline: Path | None = None
    provenance: Path | None = None

    def check(self, answer: AnswerInput) -> CheckReport:
        """Check one answer."""
        return check_input(answer, strict_links=self.strict_links)

    def holds_lines(self, path: Path) -> bool:
        """Whether a path holds many answers as lines of JSON; so does stdin, when nothing says what one was offered."""
        if str(path) != STDIN:
            return path.suffix in LINES_SUFFIXES
        source = self.question or self.prompt
        return source is None or source.is_dir() or source.suffix in LINES_SUFFIXES


class CheckRun(Struct):
    """What a run of `check` gave.

    Attributes:
        answers: the answers, in the order in which they were read.
        reports: what was found about each.
        findings: what is wrong with the files of the run, not with the answers.
        mended: the places that were mended, by file.
        files_read: the catalogs that were read.
    """

    answers: list[AnswerInput]
    reports: list[CheckReport]
    findings: list[Finding] = []
    mended: dict[str, int] = {}
    files_read: tuple[str, ...] = ()

    def status(self, least: Severity, *, strict: bool) -> ExitStatus:
        """Return how the run ends; see `status_of`. What is wrong with its files has no other severity that fails."""
        of_answers = status_of(self.reports, strict=strict, least=least)
        return worst_status((of_answers, exit_status(self.findings, strict=strict)))


def run_check(config: CheckConfig) -> CheckRun:
    """Check all answers of a configuration. Only `fix` writes anything: the mended answers."""
    loader = CatalogLoader(config.catalogs)
    reader = AnswerReader(loader.for_named, catalogs_given=bool(config.catalogs))
    answers = list(read_answers(config, reader))
    run = CheckRun(answers, list(map(config.check, answers)))
    if config.fix:
        _mend(run, config)
    if config.provenance is not None:
        _compare_with_proof(run, config.provenance, reader)
    # behind the fixes, which may have mended what is waived
    if any((config.selected, config.ignored, config.waivers, config.baseline)):
        _let_pass(run, config)
    # what is wrong with catalogs is known when all answers were read, and said first
    run.findings = [*reader.findings, *run.findings]
    run.files_read = loader.files_read
    return run


def read_answers(config: CheckConfig, reader: AnswerReader) -> Iterator[AnswerInput]:
    """Yield the answers of a configuration, each with what was offered to it, in their order."""
    offered: Parsed[Offered] | None = None
    for path in config.answers:
        if config.holds_lines(path):
            yield from reader.lines(path, config.question, config.prompt)
        elif str(path) != STDIN and path.is_dir():
            yield from reader.folder(path, config.question, config.prompt)
        else:
            # several answers to one question: it is read once, for it may come from stdin
            offered = offered or _offered(config, path, reader)
            yield reader.single(path, offered)


def _offered(config: CheckConfig, path: Path, reader: AnswerReader) -> Parsed[Offered]:
    """What was offered to single answers: as their question says, else as their prompt prints."""
    if config.question is not None:
        return reader.by_question(config.question)
    return reader.by_prompt(config.prompt or path)


def _mend(run: CheckRun, config: CheckConfig) -> None:
    from explainer.checking.mending import mend_files  # noqa: PLC0415  # few runs mend
    from explainer.checking.waivers import select  # noqa: PLC0415

    # what is not selected is not mended either
    fixable = select(run.reports, config.selected, config.ignored)
    mended = mend_files(run.answers, run.reports, fixable, config.check)
    run.reports, run.mended = mended.reports, mended.counts
    run.findings += mended.findings


def _let_pass(run: CheckRun, config: CheckConfig) -> None:
    """Set apart what is not selected, waived, or known."""
    from explainer.checking import waivers  # noqa: PLC0415  # few runs waive anything

    run.reports = waivers.select(run.reports, config.selected, config.ignored)
    if config.waivers is not None:
        reviewed = _parse_file(config.waivers, waivers.parse_waivers)
        today = dt.datetime.now(tz=dt.UTC).date()
        run.reports, findings = waivers.apply_waivers(run.reports, reviewed.value or [], today)
        run.findings += (*reviewed.findings, *findings)
    if config.baseline is not None:
        baseline = _parse_file(config.baseline, waivers.parse_baseline)
        run.reports = waivers.apply_baseline(run.reports, baseline.value or Counter())
        run.findings += baseline.findings


def _parse_file(path: Path, parse: Callable[[str, str], Parsed[T]]) -> Parsed[T]:
    return read_text(path, limit=MAX_ANSWER_BYTES).then(
        lambda text: parse(text, display_path(path))
    )


def _compare_with_proof(run: CheckRun, path: Path, reader: AnswerReader) -> None:
    """Say of which answers the proof has no record, and what is wrong with its records."""
    lines = load_lines(path)
    run.findings += lines.findings
    if lines.value is None:
        return
    # a record is a line of answers, too: it is proved anew
    for answer in reader.lines(path):
        run.findings += errors_in(answer.findings)
    recorded = recorded_answers(map(itemgetter(0), lines.value))
    for number, report in enumerate(run.reports):
        missing = without_record(report, recorded)
        if missing is not None:
            run.reports[number] = replace(report, findings=(missing, *report.findings))


def proofs(run: CheckRun) -> tuple[str, list[str]]:
    """Return the records of the answers that were checked against whole entries, and the ids of the other answers."""
    lines, unproved = [], []
    for answer, report in zip(run.answers, run.reports, strict=True):
        if answer.text is None or answer.offered is None or answer.offered.entries is None:
            unproved.append(report.id)
        else:
            lines.append(
                proof_line(proof_record(report, answer.offered.question, answer.offered.entries))
            )
    return "".join(lines), unproved

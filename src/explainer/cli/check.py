"""`explainer check`: answers → proof that they cite only what was offered to them, or what is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from explainer.checking.check import CheckReport, check_answer, status_of, unchecked
from explainer.checking.inputs import LINES_SUFFIXES, MAX_ANSWER_BYTES, AnswerInput, AnswerReader
from explainer.checking.offered import Offered
from explainer.checking.reports.text import CHECK_FORMATS, render_report, verdict_line
from explainer.cli.app import new_app
from explainer.cli.options import CatalogOption, StrictOption, VerboseOption, choice
from explainer.cli.terminal import complain, say, show_findings, write_product, write_stdout
from explainer.diagnostics.finding import ExitStatus, Finding, Parsed, exit_status
from explainer.diagnostics.rules import RULES, Severity
from explainer.files import STDIN, display_path, read_text, write_bytes

app = new_app()
_SEVERITIES = tuple(map(str, Severity))


@dataclass
class _CheckOptions:
    """The options of one call, as they were given."""

    question: Path | None
    prompt: Path | None
    select: list[str]
    ignore: list[str]
    waivers: Path | None = None
    baseline: Path | None = None
    problems: list[Finding] = field(default_factory=list)


@app.command()
def run(
    answers: Annotated[
        list[Path] | None, typer.Argument(metavar="ANSWER", help="Answers: files, a folder, .jsonl, or - for stdin.")
    ] = None,
    question: Annotated[
        Path | None,
        typer.Option("--question", metavar="PATH", help="The question that was asked; a folder or .jsonl for many."),
    ] = None,
    prompt: Annotated[
        Path | None,
        typer.Option("--prompt", metavar="PATH", help="The prompt that was sent; for many: folder, .jsonl, manifest."),
    ] = None,
    catalog: CatalogOption = None,
    output_format: Annotated[
        str,
        choice("--format", CHECK_FORMATS, "The format of the report."),
    ] = "text",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="Write the report to a file, not to stdout.")
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", metavar="CODE", help="Report these codes only, such as A2 or A203; may be repeated."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="CODE", help="Leave these codes out; may be repeated.")
    ] = None,
    strict: StrictOption = False,
    fail_on: Annotated[
        str,
        choice("--fail-on", _SEVERITIES, "The least severity that fails the run."),
    ] = "error",
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what is safe, in place: spellings of links, near-miss titles.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair-prompt", help="Print the follow-up that tells an LLM what to mend, and no report."),
    ] = False,
    waivers: Annotated[
        Path | None,
        typer.Option("--waivers", metavar="FILE", help="Reviewed exceptions (YAML: id, code, reason, until)."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="Findings that are known already; only new ones count."),
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", metavar="FILE", help="Write what is found now as a baseline.")
    ] = None,
    provenance: Annotated[
        Path | None,
        typer.Option("--provenance", metavar="FILE", help="The proof of the answers: they must be those it is of."),
    ] = None,
    write_provenance: Annotated[
        Path | None,
        typer.Option(
            "--write-provenance", metavar="FILE", help="Write which citation rests on which entry, to be checked again."
        ),
    ] = None,
    explain: Annotated[str | None, typer.Option("--explain", metavar="CODE", help="Say what a code means.")] = None,
    verbose: VerboseOption = False,
) -> None:  # fmt: skip
    """Prove that answers cite only the sources that they were given, named and linked rightly.

    It needs no network and no LLM, and says the same each time. It proves the citations, not the prose: what an answer
    claims without citing anything passes. The report goes to stdout (or to --out). The exit status is 0 when all
    answers are grounded, 1 when one is not, 2 for wrong usage or a file that cannot be used, 3 when nothing could be
    checked.
    """
    if explain is not None:
        _explain(explain)
        raise typer.Exit
    paths = answers or []
    wishes = _CheckOptions(question, prompt, _codes(select, "--select"), _codes(ignore, "--ignore"), waivers, baseline)
    _refuse_wrong_usage(paths, wishes, fix=fix)
    if write_provenance is not None and prompt is not None:
        message = "a prompt does not hold the whole entries: give --question"
        raise typer.BadParameter(message, param_hint="--write-provenance")
    intake = AnswerReader(catalog or [], wishes.problems)
    given = list(_given(paths, wishes, intake))
    reports = [_checked(one) for one in given]
    if fix:
        from explainer.cli.fix import mend

        reports = mend(given, reports, wishes.select, wishes.ignore, wishes.problems)
    reports = _let_pass(_with_proofs(reports, provenance, intake, wishes.problems), wishes)
    if verbose:
        for name in intake.catalogs:
            say(f"catalog: {name}")
    if write_baseline is not None:
        from explainer.checking.waivers import baseline_text

        problem = write_bytes(write_baseline, baseline_text(reports).encode())
        wishes.problems += [problem] if problem else []
    if write_provenance is not None:
        wishes.problems += _write_proofs(given, reports, write_provenance)
    problem = write_product(_product(output_format, given, reports, repair=repair), out)
    wishes.problems += [problem] if problem else []
    if out is not None and str(out) != STDIN and problem is None:
        for report in reports[:1] if len(reports) == 1 else ():
            say(verdict_line(report))
    show_findings(wishes.problems, "text")
    least = Severity.WARNING if strict and fail_on == "error" else Severity(fail_on)
    raise typer.Exit(_status(reports, wishes.problems, least, strict=strict))


def _explain(code: str) -> None:
    rule = RULES.get(code.upper())
    if rule is None:
        from explainer.diagnostics.text import suggest

        meant = suggest(code.upper(), RULES)
        message = f"there is no code {code!r}" + (f"; did you mean {meant}?" if meant else "")
        raise typer.BadParameter(message, param_hint="--explain")
    write_stdout(f"{code.upper()} ({rule.severity}): {rule.meaning}\n")


def _codes(given: list[str] | None, option: str) -> list[str]:
    codes = [code.strip().upper() for part in given or [] for code in part.split(",") if code.strip()]
    for code in codes:
        if not any(known.startswith(code) for known in RULES):
            message = f"no code begins with {code!r}; --explain CODE says what a code means"
            raise typer.BadParameter(message, param_hint=option)
    return codes


def _refuse_wrong_usage(paths: Sequence[Path], wishes: _CheckOptions, *, fix: bool) -> None:
    if not paths:
        message = "give an answer: a file, a folder, .jsonl, or - for stdin"
        raise typer.BadParameter(message, param_hint="ANSWER")
    if wishes.question is not None and wishes.prompt is not None:
        message = "give one of the two: what was offered is what the prompt printed, or what the question names"
        raise typer.BadParameter(message, param_hint="--question/--prompt")
    sources = [str(path) for path in (*paths, wishes.question, wishes.prompt) if path is not None]
    if sources.count(STDIN) > 1:
        message = "stdin can be read once only"
        raise typer.BadParameter(message, param_hint="-")
    lines = [path for path in paths if _holds_lines(path, wishes)]
    if fix and Path(STDIN) in paths and (lines or len(paths) > 1):
        message = "--fix mends files in place, and one answer on stdin; lines of JSON on stdin have no place"
        raise typer.BadParameter(message, param_hint="ANSWER")
    if len(lines) < len(paths) and wishes.question is None and wishes.prompt is None:
        message = "say what was offered: --question Q.yaml or --prompt PROMPT.txt"
        raise typer.BadParameter(message, param_hint="--question/--prompt")


def _holds_lines(path: Path, wishes: _CheckOptions) -> bool:
    """Whether a path holds many answers as lines of JSON; so does stdin, when nothing says what one was offered."""
    if str(path) == STDIN:
        source = wishes.question or wishes.prompt
        return source is None or source.is_dir() or source.suffix in LINES_SUFFIXES
    return path.suffix in LINES_SUFFIXES


def _given(paths: Sequence[Path], wishes: _CheckOptions, intake: AnswerReader) -> Iterator[AnswerInput]:
    alone: Parsed[Offered] | None = None
    for path in paths:
        if _holds_lines(path, wishes):
            yield from intake.lines(path, wishes.question, wishes.prompt)
        elif str(path) != STDIN and path.is_dir():
            yield from intake.folder(path, wishes.question, wishes.prompt)
        else:
            if alone is None:
                alone = (
                    intake.by_question(wishes.question) if wishes.question else intake.by_prompt(wishes.prompt or path)
                )
            yield intake.single(path, alone)


def _checked(given: AnswerInput) -> CheckReport:
    if given.text is None or given.offered is None:
        return unchecked(given.id, given.file, given.findings, given.text or "", given.line)
    report = check_answer(given.text, given.offered, answer_id=given.id, file=given.file, line=given.line)
    if not given.findings:
        return report
    from dataclasses import replace

    return replace(report, findings=(*given.findings, *report.findings))


def _let_pass(reports: list[CheckReport], wishes: _CheckOptions) -> list[CheckReport]:
    if not (wishes.select or wishes.ignore or wishes.waivers or wishes.baseline):
        return reports
    from explainer.checking import waivers

    reports = waivers.select(reports, wishes.select, wishes.ignore)
    if wishes.waivers is not None:
        text = read_text(wishes.waivers, limit=MAX_ANSWER_BYTES)
        parsed = waivers.parse_waivers(text.value, display_path(wishes.waivers)) if text.value is not None else text
        wishes.problems += parsed.findings
        if isinstance(parsed.value, list):
            today = dt.datetime.now(tz=dt.UTC).date()
            reports, found = waivers.apply_waivers(reports, parsed.value, today)
            wishes.problems += found
    if wishes.baseline is not None:
        text = read_text(wishes.baseline, limit=MAX_ANSWER_BYTES)
        known = waivers.parse_baseline(text.value, display_path(wishes.baseline)) if text.value is not None else None
        wishes.problems += (known or text).findings
        if known is not None and known.value is not None:
            reports = waivers.apply_baseline(reports, known.value)
    return reports


def _with_proofs(
    reports: list[CheckReport], path: Path | None, intake: AnswerReader, problems: list[Finding]
) -> list[CheckReport]:
    """The reports, with what is to say about those whose answer has no record; what is wrong with records is told."""
    if path is None:
        return reports
    from dataclasses import replace

    from explainer.catalogs.loading import load_lines
    from explainer.checking.proof import recorded_answers, without_record

    lines = load_lines(path)
    problems += lines.findings
    if lines.value is None:
        return reports
    problems += [finding for one in intake.lines(path) for finding in one.findings if finding.is_error]
    answers = recorded_answers(line for line, _, _ in lines.value)
    missing = [without_record(report, answers) for report in reports]
    return [
        replace(report, findings=(finding, *report.findings)) if finding else report
        for report, finding in zip(reports, missing, strict=True)
    ]


def _write_proofs(given: Sequence[AnswerInput], reports: Sequence[CheckReport], path: Path) -> Iterator[Finding]:
    """Write the record of each answer that was checked against whole entries."""
    from explainer.checking.proof import proof_line, proof_record

    lines = []
    for one, report in zip(given, reports, strict=True):
        if one.text is None or one.offered is None or one.offered.entries is None:
            say(f"{report.id}: no record: whole entries and an answer are needed")
            continue
        lines.append(proof_line(proof_record(report, one.offered.question, one.offered.entries)))
    problem = write_product("".join(lines), path)
    if problem is not None:
        yield problem


def _product(output_format: str, given: Sequence[AnswerInput], reports: Sequence[CheckReport], *, repair: bool) -> str:
    if not repair:
        return render_report(output_format, reports)
    from explainer.cli.fix import repair_prompts

    text = repair_prompts(given, reports)
    if not text:
        complain("nothing to mend", prefix="")
    return text


def _status(
    reports: Sequence[CheckReport], problems: Sequence[Finding], least: Severity, *, strict: bool
) -> ExitStatus:
    """2 beats 1 beats 3 beats 0."""
    statuses = {status_of(reports, fail_on=least), exit_status(problems, strict=strict)}
    order = (ExitStatus.UNUSABLE, ExitStatus.ERRORS, ExitStatus.NOTHING_CHECKED)
    return next((status for status in order if status in statuses), ExitStatus.OK)

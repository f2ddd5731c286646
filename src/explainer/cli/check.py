"""`explainer check`: answers → proof that they cite only what was offered to them, or what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from explainer.checking.reports import FORMATS_BY_ENDING, REPORTERS, render_report
from explainer.checking.reports.text import as_statistics
from explainer.checking.run import CheckConfig, CheckRun, proofs, run_check
from explainer.cli.app import new_app
from explainer.cli.options import (
    CatalogOption,
    StrictOption,
    VerboseOption,
    choice,
    code_option,
    comma_separated,
    format_of,
    refuse,
    refuse_contradictions,
    refuse_if,
    refuse_missing,
)
from explainer.cli.terminal import (
    complain,
    say,
    say_catalogs,
    show_findings,
    write_product,
    write_stdout,
)
from explainer.diagnostics.codes import RULES, Severity
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.text import counted, did_you_mean
from explainer.files import STDIN, write_bytes

app = new_app()
_SEVERITIES = tuple(map(str, Severity))
# what to do where --fix does nothing
_OTHER_WAYS = "; correct the answer by hand, or send the model what --repair-prompt prints"


def _path(option: str, help_text: str, metavar: str = "FILE") -> Any:
    return typer.Option(option, metavar=metavar, help=help_text)


@app.command(
    epilog="explainer check answer.md --question questions/portrait.yaml\n"
    "explainer check answers.jsonl --format sarif --out report.sarif"
)
def run(
    answers: Annotated[
        list[Path] | None, typer.Argument(metavar="ANSWER", help="Answers: files, a folder, .jsonl, or - for stdin.")
    ] = None,
    question: Annotated[
        Path | None, _path("--question", "The question that was asked; a folder or .jsonl for many.", "PATH")
    ] = None,
    prompt: Annotated[
        Path | None, _path("--prompt", "The prompt that was sent; for many: folder, .jsonl, manifest.", "PATH")
    ] = None,
    catalog: CatalogOption = None,
    output_format: Annotated[
        str | None, choice("--format", REPORTERS, "The format of the report; by default that of --out, else text.")
    ] = None,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Count findings by code, instead of showing them.")
    ] = False,
    out: Annotated[Path | None, _path("--out", "Write the report to a file, not to stdout.", "PATH")] = None,
    select: Annotated[
        list[str] | None,
        code_option("--select", "Report these codes only, such as A2 or A203; may be repeated."),
    ] = None,
    ignore: Annotated[
        list[str] | None, code_option("--ignore", "Leave these codes out; may be repeated.")
    ] = None,
    strict: StrictOption = False,
    strict_links: Annotated[
        bool, typer.Option("--strict-links", help="Note offered links in another spelling; --fix respells them.")
    ] = False,
    fail_on: Annotated[str, choice("--fail-on", _SEVERITIES, "The lowest severity that fails the run.")] = "error",
    fix: Annotated[
        bool, typer.Option("--fix", help="Fix what is safe, in place: near-miss titles, spellings of links.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair-prompt", help="Print the follow-up that tells an LLM what to correct, and no report."),
    ] = False,
    waivers: Annotated[Path | None, _path("--waivers", "Reviewed exceptions (YAML: id, code, reason, until).")] = None,
    baseline: Annotated[
        Path | None, _path("--baseline", "Findings that are known already; only new ones count.")
    ] = None,
    write_baseline: Annotated[Path | None, _path("--write-baseline", "Write what is found now as a baseline.")] = None,
    provenance: Annotated[
        Path | None, _path("--provenance", "A proof: the answers must be the ones that it was written for.")
    ] = None,
    write_provenance: Annotated[
        Path | None, _path("--write-provenance", "Write which citation rests on which entry, to be checked again.")
    ] = None,
    explain: Annotated[str | None, code_option("--explain", "Say what a code means.")] = None,
    verbose: VerboseOption = False,
) -> None:  # fmt: skip
    """Check that answers cite only the sources they were given, under the right names and links.

    It needs no network and no LLM, and gives the same result each time. It proves the citations. Of the prose, it
    compares quotations and figures with the sources (the verdict "claims"); anything else the prose says passes. The
    report goes to stdout, or to --out; then a summary goes to stderr. The exit status is 0 when all answers are
    grounded and nothing is refuted, 1 when an answer is not grounded or a statement is refuted, 2 for wrong usage or a
    file that cannot be used, 3 when nothing could be checked.
    """
    if explain is not None:  # whoever asks that has no answers yet
        _explain(explain)
    config = CheckConfig(
        answers=tuple(answers or ()),
        question=question,
        prompt=prompt,
        catalogs=tuple(catalog or ()),
        selected=_codes(select, "--select"),
        ignored=_codes(ignore, "--ignore"),
        strict_links=strict_links,
        fix=fix,
        waivers=waivers,
        baseline=baseline,
        provenance=provenance,
    )
    refuse_wrong_usage(config)
    is_no_text = out is None and output_format not in (None, "text")
    lacks_entries = "a prompt does not hold the whole entries: give --question"
    refuse_contradictions(
        (
            statistics and is_no_text,
            "it is a text: --format json has the same counts as 'summary'",
            "--statistics",
        ),
        (write_provenance is not None and prompt is not None, lacks_entries, "--write-provenance"),
    )
    run = run_check(config)
    _say_what_was_done(run, fix=fix, verbose=verbose)
    run.findings += _write_baseline(run, write_baseline)
    run.findings += _write_proofs(run, write_provenance)
    if repair:
        run.findings += write_product(_repair_prompts(run), out)
    else:
        style = format_of(output_format, out, FORMATS_BY_ENDING, "text")
        run.findings += _write_report(run, style, out, statistics=statistics)
    # last, where they are seen: they say what else decides the exit status
    show_findings(run.findings, "text")
    raise typer.Exit(run.status(Severity(fail_on), strict=strict))


def _explain(code: str) -> NoReturn:
    """Say what a code means, and end the command."""
    rule = RULES.get(code.upper())
    if rule is None:
        sentences = (f"unknown code {code!r}", did_you_mean(code.upper(), RULES))
        refuse("; ".join(filter(None, sentences)), "--explain")
    write_stdout(f"{code.upper()} ({rule.severity}): {rule.meaning}\n")
    raise typer.Exit


def _codes(values: list[str] | None, option: str) -> tuple[str, ...]:
    codes = tuple(map(str.upper, comma_separated(values)))
    for code in codes:
        is_unknown = not any(rule_code.startswith(code) for rule_code in RULES)
        refuse_if(
            is_unknown,
            f"no code begins with {code!r}; --explain CODE says what a code means",
            option,
        )
    return codes


def refuse_wrong_usage(config: CheckConfig) -> None:
    """Refuse answers without what was offered to them, and what else cannot be meant.

    Raises:
        typer.BadParameter: when that is so.
    """
    if not config.answers:
        refuse_missing("give a file, a folder, .jsonl, or - for stdin", "ANSWER")
    lines = list(filter(config.holds_lines, config.answers))
    sources = list(filter(None, (config.question, config.prompt)))
    has_several = bool(lines) or len(config.answers) > 1
    both = "give one of the two: what was offered is what the prompt printed, or what the question names"
    in_place = "--fix changes files in place, and one answer on stdin; lines of JSON on stdin have no place"
    refuse_contradictions(
        (len(sources) > 1, both, "--question/--prompt"),
        ([*config.answers, *sources].count(Path(STDIN)) > 1, "stdin can be read once only", "-"),
        (config.fix and has_several and Path(STDIN) in config.answers, in_place, "ANSWER"),
    )
    # lines may hold their own prompts; a file holds an answer alone
    if not sources and len(lines) < len(config.answers):
        refuse_missing(
            "give --question Q.yaml or --prompt PROMPT.txt, to say what was offered",
            "--question/--prompt",
        )


def _say_what_was_done(run: CheckRun, *, fix: bool, verbose: bool) -> None:
    for file, count in run.mended.items():
        say(f"{file}: fixed {counted(count, 'place')}")
    if fix and not run.mended:
        has_findings = any(report.findings for report in run.reports)
        say(f"nothing fixed: no finding has a safe fix{_OTHER_WAYS * has_findings}")
    if verbose:
        say_catalogs(run.files_read)


def _write_baseline(run: CheckRun, path: Path | None) -> Iterable[Finding]:
    """Write what is found now; why it could not be written is returned, as by all that write a file here."""
    if path is None:
        return ()
    from explainer.checking.waivers import baseline_text

    return filter(None, [write_bytes(path, baseline_text(run.reports).encode())])


def _write_proofs(run: CheckRun, path: Path | None) -> Iterable[Finding]:
    if path is None:
        return ()
    text, unproved = proofs(run)
    for name in unproved:
        say(f"{name}: no record: whole entries and an answer are needed")
    return write_product(text, path)


def _repair_prompts(run: CheckRun) -> str:
    from explainer.checking.mending import repair_prompts

    text = repair_prompts(run.answers, run.reports)
    if not text:
        complain("nothing to fix", prefix="")
    return text


def _write_report(
    run: CheckRun, output_format: str, out: Path | None, *, statistics: bool
) -> Iterable[Finding]:
    """Write the report; when it goes to a file, say on stderr what was found."""
    to_file = out not in (None, Path(STDIN))
    text = ""
    # The text of thousands of answers takes a while: it is made only where somebody reads it.
    if to_file or output_format == "text":
        text = as_statistics(run.reports) if statistics else render_report("text", run.reports)
    product = text if output_format == "text" else render_report(output_format, run.reports)
    problems = write_product(product, out)
    if to_file and not problems:
        complain(*text.splitlines(), prefix="")
    return problems

"""`explainer catalog lint`: what validation cannot say about catalogs. Its findings are the product."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from explainer.cli.app import new_app
from explainer.cli.options import (
    FINDINGS_STYLES,
    StrictOption,
    choice,
    code_option,
    comma_separated,
    refuse_if,
)
from explainer.cli.terminal import say, show_findings, shows_colors, write_stdout
from explainer.curation.lint import LINT_CODES, LintResult, fix_catalogs, lint, read_catalogs
from explainer.curation.lint_rules import MOST_ASKED
from explainer.diagnostics.finding import ExitStatus, Finding, exit_status, has_errors
from explainer.diagnostics.report import report
from explainer.diagnostics.text import counted

app = new_app()


@app.command("lint", epilog="explainer catalog lint catalogs --select L7 --fix")
def run(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Catalog files and folders; by default this project's."),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Make the fixes that are safe; comments and order stay.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show the fixes as a diff, and write nothing.")] = False,
    select: Annotated[
        list[str] | None,
        code_option("--select", "Only these codes, such as L702 or L70; may be repeated."),
    ] = None,
    ignore: Annotated[
        list[str] | None, code_option("--ignore", "Leave these codes out; may be repeated.")
    ] = None,
    output_format: Annotated[
        str,
        choice("--format", FINDINGS_STYLES, "How findings are written to stdout."),
    ] = "text",
    strict: StrictOption = False,
) -> None:  # fmt: skip
    """Find what validation cannot say: misplaced links, poor summaries, contradictions, what is never recommended.

    Warnings alone end with 0, unless --strict. With --fix the safe fixes are made, and what is left is reported.
    """
    codes = _chosen(select, ignore)
    catalogs, findings = read_catalogs(paths or [])
    fixed = 0
    if fix or diff:
        result = fix_catalogs(catalogs, codes, write=not diff)
        catalogs, fixed = result.catalogs, result.count
        findings += result.findings
        write_stdout(result.diff)
    # stdout holds the diff already: what stood in its way goes to stderr
    if diff:
        show_findings(findings, output_format)
        say(f"{fixed} would be fixed")
        raise typer.Exit(exit_status(findings, strict=strict))
    linted = lint(catalogs, codes)
    findings += linted.findings
    write_stdout(report(findings, output_format, colored=shows_colors(sys.stdout)))
    say(_summary(len(catalogs), findings, fixed, linted))
    status = exit_status(findings, strict=strict)
    # in CI a check of nothing must not pass
    if not catalogs and status is ExitStatus.OK:
        status = ExitStatus.NOTHING_CHECKED
    raise typer.Exit(status)


def _chosen(select: list[str] | None, ignore: list[str] | None) -> tuple[str, ...]:
    """The codes that the options leave; a prefix stands for all that begin with it."""
    # what is ignored is left out, even where it is selected, too
    selected = _codes("--select", select) or set(LINT_CODES)
    return tuple(sorted(selected - _codes("--ignore", ignore)))


def _codes(option: str, values: list[str] | None) -> set[str]:
    """The codes that an option means: given one by one, or several with commas between."""
    chosen: set[str] = set()
    for prefix in comma_separated(values):
        matching = {code for code in LINT_CODES if code.startswith(prefix.upper())}
        refuse_if(
            not matching, f"unknown rule {prefix!r}; the rules are {', '.join(LINT_CODES)}", option
        )
        chosen |= matching
    return chosen


def _summary(files: int, findings: Sequence[Finding], fixed: int, linted: LintResult) -> str:
    """One line that says what was looked at and how it went."""
    verdict = counted(len(findings), "finding") if findings else "no issues found"
    if has_errors(findings):
        verdict += "; catalogs with errors were not looked at"
    if linted.unasked:
        verdict += f"; L709 was not looked for: there are more than {MOST_ASKED:,} entries"
    line = f"{counted(files, 'catalog')}: {verdict}"
    if fixed:
        line += f", {fixed} fixed"
    if linted.fixable:
        line += f", {linted.fixable} fixable with --fix"
    return line

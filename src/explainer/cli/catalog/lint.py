"""`explainer catalog lint`: what validation cannot say about catalogs. Its findings are the product."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from explainer.catalogs.loading import catalogs_for
from explainer.cli.app import new_app
from explainer.cli.options import FINDINGS_STYLES, StrictOption, choice
from explainer.cli.terminal import say, show_findings, write_stdout
from explainer.curation.lint.lint import LINT_CODES, CatalogText, lint, mend
from explainer.diagnostics.finding import ExitStatus, Finding, exit_status, has_errors
from explainer.diagnostics.report import report
from explainer.documents.edits import whole_diff
from explainer.files import MAX_CATALOG_BYTES, display_path, read_text, write_bytes

app = new_app()


@app.command("lint")
def run(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Catalog files and folders; by default this project's."),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Make the fixes that are safe; comments and order stay.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show the fixes as a diff, and write nothing.")] = False,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", metavar="CODE", help="Only these rules, such as L702 or L70; may be repeated."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="CODE", help="Not these rules; may be repeated.")
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
    found: list[Finding] = []
    files = catalogs_for(paths or [], None, Path())
    found += files.findings
    texts: dict[Path, CatalogText] = {}
    for path in dict.fromkeys(file.path for file in files.value or []):
        text = read_text(path, limit=MAX_CATALOG_BYTES)
        found += text.findings
        if text.value is not None:
            texts[path] = CatalogText(display_path(path), text.value)
    fixed = _mend(texts, codes, found, show=diff) if fix or diff else 0
    if diff:
        show_findings(found, output_format)
        say(f"{fixed} would be fixed")
        raise typer.Exit(exit_status(found, strict=strict))
    result = lint(list(texts.values()), codes)
    found += result.findings
    write_stdout(report(found, output_format))
    say(_summary(len(texts), found, fixed, result.fixable))
    raise typer.Exit(_status(found, texts, strict=strict))


def _status(found: Sequence[Finding], texts: dict[Path, CatalogText], *, strict: bool) -> ExitStatus:
    status = exit_status(found, strict=strict)
    return ExitStatus.NOTHING_CHECKED if not texts and status is ExitStatus.OK else status


def _chosen(select: list[str] | None, ignore: list[str] | None) -> tuple[str, ...]:
    """The codes that the options leave; a prefix stands for all that begin with it."""
    select, ignore = _split(select), _split(ignore)
    for name, given in (("--select", select), ("--ignore", ignore)):
        for code in given:
            if not any(known.startswith(code.upper()) for known in LINT_CODES):
                message = f"{code!r} is none of the rules {', '.join(LINT_CODES)}"
                raise typer.BadParameter(message, param_hint=name)
    wanted = tuple(code.upper() for code in select or ["L"])
    unwanted = tuple(code.upper() for code in ignore)
    return tuple(
        code for code in LINT_CODES if code.startswith(wanted) and not (unwanted and code.startswith(unwanted))
    )


def _split(given: list[str] | None) -> list[str]:
    """Codes that were given one by one, or several with commas between."""
    return [code.strip() for one in given or () for code in one.split(",") if code.strip()]


def _mend(texts: dict[Path, CatalogText], codes: tuple[str, ...], found: list[Finding], *, show: bool) -> int:
    """Make or show the fixes of all files; return how many there are."""
    fixed = 0
    for path, one in texts.items():
        mended = mend(one, codes)
        found += mended.findings
        if mended.value is None:
            continue
        if show:
            write_stdout(whole_diff(one.text, mended.value.text, one.file))
        elif problem := write_bytes(path, mended.value.text.encode()):
            found.append(problem)
            continue
        fixed += mended.value.count
        texts[path] = CatalogText(one.file, mended.value.text)
    return fixed


def _summary(files: int, found: Sequence[Finding], fixed: int, fixable: int) -> str:
    """One line that says what was looked at and how it went."""
    catalogs = f"{files} catalog" if files == 1 else f"{files} catalogs"
    verdict = f"{len(found)} finding{'' if len(found) == 1 else 's'}" if found else "nothing to say"
    if has_errors(found):
        verdict += "; catalogs with errors were not looked at"
    parts = [f"{catalogs}: {verdict}"]
    parts += [f"{fixed} fixed"] if fixed else []
    parts += [f"{fixable} fixable with --fix"] if fixable else []
    return ", ".join(parts)

"""`explainer catalog used-by`, `diff` and `rename`: how to change a catalog that many questions stand on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from explainer.catalogs.schema import SOURCE_KINDS
from explainer.cli.app import new_app
from explainer.cli.catalog.browse import FormatOption, write_json
from explainer.cli.options import CatalogOption, EntryArgument, FindingsOption, choice
from explainer.cli.terminal import finish, say, show_findings, write_stdout
from explainer.curation.change import (
    Change,
    Comparison,
    Use,
    compare_catalogs,
    plan_renaming,
    write_changes,
)
from explainer.curation.change import used_by as find_uses
from explainer.diagnostics.finding import ExitStatus, exit_status, has_errors
from explainer.diagnostics.text import counted, printable, shorten

app = new_app()

# How a change is marked, in the order in which changes are counted.
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": ">"}
# Characters of a value that are shown: with its indent it fits a wide terminal, and a summary is still told by it.
_WIDTH = 100

QuestionsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--questions",
        metavar="PATH",
        help="Question files or folders; may be repeated. By default the folder questions.",
    ),
]
KindOption = Annotated[
    str | None,
    choice("--kind", SOURCE_KINDS, "Whether a model or a paper is meant."),
]  # fmt: skip


@app.command("used-by", epilog="explainer catalog used-by whisper-large-v3")
def used_by(
    name: EntryArgument,
    questions: QuestionsOption = None,
    catalog: CatalogOption = None,
    kind: KindOption = None,
    output_format: FormatOption = "text",
    findings: FindingsOption = "text",
) -> None:
    """List the questions that name an entry, by its name, its id or an alias.

    Questions that leave their models or papers out name nothing: what is recommended to them may change.
    """
    uses, mistakes = find_uses(name, kind, questions or [], catalog or [])
    if output_format == "json":
        rows = list(map(_use_data, uses))
        write_json({"schema": "explainer/used-by/1", "name": name, "questions": rows})
    else:
        _write_lines(f"{use.location}: {use.question} names {use.item!r}" for use in uses)
    finish(mistakes, findings)


@app.command("diff", epilog="explainer catalog diff old.yaml new.yaml")
def diff(
    old: Annotated[Path, typer.Argument(metavar="A", help="A catalog file or a folder of them.")],
    new: Annotated[Path, typer.Argument(metavar="B", help="The catalog to compare it with.")],
    questions: QuestionsOption = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when something differs.")
    ] = False,
    output_format: FormatOption = "text",
    findings: FindingsOption = "text",
) -> None:
    """Compare two catalogs: which entries were added, removed, renamed or changed, and in which fields.

    With --questions also which prompts change: every question is built from A and from B.
    """
    result = compare_catalogs(old, new, questions or [])
    status = exit_status(result.findings)
    # what has errors was not compared: a result without differences would mislead
    if not has_errors(result.findings):
        if output_format == "json":
            write_json(_diff_data(result))
        else:
            _write_lines([*_change_lines(result.changes), *_prompt_lines(result)])
        if exit_code and result.differs:
            status = ExitStatus.ERRORS
    # both catalogs may say the same of a file that both read
    show_findings(dict.fromkeys(result.findings), findings)
    raise typer.Exit(status)


@app.command("rename", epilog="explainer catalog rename OLD NEW --dry-run")
def rename_entry(
    old: EntryArgument,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
    alias: Annotated[
        bool,
        typer.Option(
            "--alias", help="Keep the old name as an alias, and leave the questions as they are."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the changes as a diff, and write nothing.")
    ] = False,
    questions: QuestionsOption = None,
    catalog: CatalogOption = None,
    kind: KindOption = None,
    findings: FindingsOption = "text",
) -> None:
    """Rename an entry in its catalog, and in every question that names it; comments and order stay.

    All files are changed, or none: with a mistake in any of them nothing is written.
    """
    plan = plan_renaming(old, new, kind, questions or [], catalog or [], keep_alias=alias)
    verb = "changed"
    if dry_run:
        verb = "would change"
        write_stdout(plan.diff)
    else:
        plan.findings += write_changes(plan)
    if not has_errors(plan.findings) and findings != "json":
        files = counted(len(plan.changes), "file")
        say(f"{verb} {files}; {counted(plan.questions, 'question')} named {plan.label!r}")
    finish(dict.fromkeys(plan.findings), findings)


def _write_lines(lines: Iterable[str]) -> None:
    """Write lines to stdout; names in them come from files, and nothing of them may steer the terminal."""
    write_stdout("".join(f"{printable(line)}\n" for line in lines))


def _use_data(use: Use) -> dict[str, Any]:
    place = use.location
    return {
        "question": use.question,
        "item": use.item,
        "file": place.file,
        "line": place.line,
        "column": place.column,
    }


def _diff_data(result: Comparison) -> dict[str, Any]:
    prompts = [
        {"question": prompt.question, "file": prompt.file, "change": prompt.what}
        for prompt in result.prompts
    ]
    entries = list(map(_change_data, result.changes))
    return {"schema": "explainer/catalog-diff/1", "entries": entries, "prompts": prompts}


def _change_data(change: Change) -> dict[str, Any]:
    fields = [{"key": key, "old": old, "new": new} for key, old, new in change.fields]
    return {
        "kind": change.kind.singular,
        "name": change.name,
        "change": change.what,
        "fields": fields,
    }


def _change_lines(changes: Sequence[Change]) -> Iterator[str]:
    """The entries that differ, each with its fields, then their numbers."""
    if not changes:
        yield "no entry differs"
        return
    for change in changes:
        yield f"{_SIGNS[change.what]} {change.kind.singular} {change.name}"
        for key, before, after in change.fields:
            yield f"    {key}:"
            yield f"      - {_shown(before)}"
            yield f"      + {_shown(after)}"
    yield ""
    counts = Counter(change.what for change in changes)
    yield ", ".join(f"{counts[what]} {what}" for what in _SIGNS if counts[what])


def _prompt_lines(result: Comparison) -> Iterator[str]:
    """The prompts that change, where questions were compared at all."""
    if not result.questions:
        return
    for prompt in result.prompts:
        yield f"{prompt.file}: the prompt of {prompt.question} is {prompt.what}"
    yield f"{len(result.prompts)} of {counted(result.questions, 'prompt')} would change"


def _shown(value: Any) -> str:
    """A value of a field, on one line."""
    if value in (None, ()):
        return "(none)"
    if isinstance(value, tuple):
        value = ", ".join(value)
    return shorten(str(value), _WIDTH)

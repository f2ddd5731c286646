"""`explainer catalog used-by`, `diff` and `rename`: how to change a catalog that many questions stand on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from explainer.catalogs.kinds import SOURCE_KINDS
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogLoader
from explainer.cli.app import new_app
from explainer.cli.catalog.browse import FormatOption
from explainer.cli.options import CatalogOption, FindingsOption, choice
from explainer.cli.terminal import say, show_findings, write_stdout
from explainer.curation.compare import Change, PromptChange, compare, compare_prompts
from explainer.curation.rename import QuestionFile, Shelves, find_uses, load_questions, rename, write_changes
from explainer.curation.usage import Use, index_of
from explainer.diagnostics.finding import ExitStatus, Finding, Location, exit_status, has_errors
from explainer.diagnostics.text import printable, shorten
from explainer.rendering.templates import builtin_renderer

app = new_app()

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": ">"}
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


@app.command("used-by")
def used_by(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name, title, id or an alias of an entry.")],
    questions: QuestionsOption = None,
    catalog: CatalogOption = None,
    kind: KindOption = None,
    output_format: FormatOption = "text",
    findings: FindingsOption = "text",
) -> None:
    """List the questions that name an entry, by its name, its id or an alias.

    Questions that leave their models or papers out name nothing: what is recommended to them may change.
    """
    files, found = _questions(questions)
    shelves = Shelves(catalog or [])
    used: list[Use] = []
    for one, label in _entries(shelves, name, kind, found):
        used += find_uses(files, shelves, one, label)
    found += shelves.findings
    if output_format == "json":
        rows = [{"question": use.question, "item": use.item, **_place(use.location)} for use in used]
        _write_json({"schema": "explainer/used-by/1", "name": name, "questions": rows})
    else:
        write_stdout("".join(printable(f"{use.location}: {use.question} names {use.item!r}") + "\n" for use in used))
    show_findings(dict.fromkeys(found), findings)
    raise typer.Exit(exit_status(found))


@app.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(metavar="A", help="A catalog file or a folder of them.")],
    new: Annotated[Path, typer.Argument(metavar="B", help="The other one.")],
    questions: QuestionsOption = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 when something differs.")] = False,
    output_format: FormatOption = "text",
    findings: FindingsOption = "text",
) -> None:
    """Compare two catalogs: which entries were added, removed, renamed or changed, and in which fields.

    With --questions also which prompts change: every question is built from A and from B.
    """
    found: list[Finding] = []
    libraries = [_library(path, found) for path in (old, new)]
    files: list[QuestionFile] = []
    if questions:
        files, more = _questions(questions)
        found += more
    if has_errors(found) or libraries[0] is None or libraries[1] is None:
        show_findings(dict.fromkeys(found), findings)
        raise typer.Exit(exit_status(found))
    changes = compare(libraries[0], libraries[1])
    loaded = [one for file in files for one in file.questions]
    prompts = compare_prompts(loaded, libraries[0], libraries[1], builtin_renderer("prompt"))
    if output_format == "json":
        rows = [{"question": one.question, "file": one.file, "change": one.what} for one in prompts]
        entries = [_change_data(change) for change in changes]
        _write_json({"schema": "explainer/catalog-diff/1", "entries": entries, "prompts": rows})
    else:
        write_stdout(_diff_text(changes, prompts, len(loaded)))
    show_findings(dict.fromkeys(found), findings)
    differs = bool(changes or prompts)
    raise typer.Exit(ExitStatus.ERRORS if exit_code and differs else exit_status(found))


@app.command("rename")
def rename_entry(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name, title, id or an alias of an entry.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name that it gets.")],
    alias: Annotated[
        bool, typer.Option("--alias", help="Keep the old name as an alias, and leave the questions as they are.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes as a diff, and write nothing.")] = False,
    questions: QuestionsOption = None,
    catalog: CatalogOption = None,
    kind: KindOption = None,
    findings: FindingsOption = "text",
) -> None:
    """Rename an entry in its catalog, and in every question that names it; comments and order stay.

    All files are changed, or none: with a mistake in any of them nothing is written.
    """
    files, found = _questions(questions)
    entries = _entries(Shelves(catalog or []), old, kind, found)
    if len(entries) > 1:
        message = f"{shorten(old)!r} is a model and a paper"
        found.append(Finding("Q403", Location("OLD"), message, "say which with --kind models or --kind papers", old))
    if has_errors(found) or not entries:
        show_findings(dict.fromkeys(found), findings)
        raise typer.Exit(exit_status(found))
    one, label = entries[0]
    plan = rename((label, new), one, catalog or [], files, keep_alias=alias)
    found += plan.findings
    if not has_errors(found):
        if dry_run:
            write_stdout("".join(change.diff for change in plan.changes))
        else:
            found += write_changes(plan.changes)
    if not has_errors(found):
        done = "would change" if dry_run else "changed"
        say(f"{done} {_counted(len(plan.changes), 'file')}; {_counted(plan.questions, 'question')} named {label!r}")
    show_findings(dict.fromkeys(found), findings)
    raise typer.Exit(exit_status(found))


def _questions(paths: list[Path] | None) -> tuple[list[QuestionFile], list[Finding]]:
    loaded = load_questions(paths or [])
    return loaded.value or [], list(loaded.findings)


def _library(path: Path, found: list[Finding]) -> Library | None:
    library = CatalogLoader([path]).for_named()
    found += library.findings
    return library.value


def _entries(shelves: Shelves, name: str, kind: str | None, found: list[Finding]) -> list[tuple[str, str]]:
    """The kinds and names of the entries that a name means; a finding when there are none."""
    library = shelves.library(shelves.paths())
    found += shelves.findings
    kinds = [kind] if kind else list(SOURCE_KINDS)
    entries = list(dict.fromkeys((one, entry.label) for one in kinds for entry in index_of(library, one).find(name)))
    if not entries and not has_errors(found):
        meant = next((near for one in kinds if (near := index_of(library, one).suggestion(name))), None)
        message = f"no model and no paper is called {shorten(name)!r}"
        hint = f"did you mean {meant!r}?" if meant else None
        found.append(Finding("Q402" if kind == "papers" else "Q401", Location("NAME"), message, hint, name))
    return entries


def _diff_text(changes: list[Change], prompts: list[PromptChange], questions: int) -> str:
    lines: list[str] = []
    for change in changes:
        lines.append(f"{_SIGNS[change.what]} {change.kind.removesuffix('s')} {change.name}")
        for key, before, after in change.fields:
            lines += [f"    {key}:", f"      - {_shown(before)}", f"      + {_shown(after)}"]
    if changes:
        lines.append("")
    counts = {what: sum(1 for change in changes if change.what == what) for what in _SIGNS}
    lines.append(", ".join(f"{number} {what}" for what, number in counts.items() if number) or "no entry differs")
    if questions:
        lines += [f"{one.file}: the prompt of {one.question} is {one.what}" for one in prompts]
        lines.append(f"{len(prompts)} of {_counted(questions, 'prompt')} would change")
    return "".join(f"{printable(line)}\n" for line in lines)


def _shown(value: Any) -> str:
    """A value of a field, on one line."""
    if value is None or value == ():
        return "(none)"
    return shorten(", ".join(value) if isinstance(value, tuple) else str(value), _WIDTH)


def _change_data(change: Change) -> dict[str, Any]:
    fields = [{"key": key, "old": old, "new": new} for key, old, new in change.fields]
    return {"kind": change.kind.removesuffix("s"), "name": change.name, "change": change.what, "fields": fields}


def _place(location: Location) -> dict[str, Any]:
    return {"file": location.file, "line": location.line, "column": location.column}


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _write_json(document: dict[str, Any]) -> None:
    write_stdout(json.dumps(document, ensure_ascii=False, indent=2) + "\n")

"""`explainer catalog`: what is in the catalogs, and the schemas of the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from explainer.catalogs.library import EntryIndex, Library, unknown_entry
from explainer.catalogs.loading import CatalogLoader
from explainer.catalogs.schema import (
    SOURCE_KINDS,
    Catalog,
    Entry,
    Kind,
    ModelEntry,
    PortEntry,
    Question,
    Task,
    plain_data,
)
from explainer.catalogs.signature import Signature
from explainer.cli.app import LazyGroup, new_app
from explainer.cli.options import (
    CatalogOption,
    EntryArgument,
    FileOption,
    FindingsOption,
    NoSemanticOption,
    SemanticOption,
    choice,
    complete_tasks,
    format_of,
)
from explainer.cli.terminal import complain, finish, show_findings, write_product, write_stdout
from explainer.diagnostics.finding import ExitStatus, has_errors
from explainer.diagnostics.text import json_document, printable


class CatalogGroup(LazyGroup):
    """The subcommands by which curators keep catalogs, beside those of this module."""

    lazy: ClassVar[Mapping[str, tuple[str, str]]] = {
        "lint": (
            "explainer.cli.catalog.lint",
            "Find what validation cannot find, and fix what is safe to fix.",
        ),
        "import": (
            "explainer.cli.catalog.exchange",
            "Make or refresh a catalog from a list kept elsewhere.",
        ),
        "export": (
            "explainer.cli.catalog.exchange",
            "Write catalogs as JSON Lines, CSV or BibTeX.",
        ),
        "used-by": ("explainer.cli.catalog.change", "List the questions that name an entry."),
        "diff": (
            "explainer.cli.catalog.change",
            "Compare two catalogs: which entries, and which prompts, change.",
        ),
        "rename": (
            "explainer.cli.catalog.change",
            "Rename an entry, and every question that names it.",
        ),
    }


app = new_app(
    cls=CatalogGroup,
    no_args_is_help=True,
    help="List, show, import, lint, compare, rename and export what catalogs hold.",
)

_FORMATS = ("text", "json")
_STATS_SUFFIXES = {".json": "json", ".html": "html", ".htm": "html"}
# Where names begin, at most: one long id must not push all names off the screen.
_ID_COLUMN = 48
FormatOption = Annotated[
    str,
    choice("--format", _FORMATS, "The format of the output."),
]  # fmt: skip


def open_library(catalog: list[Path] | None, findings: str) -> Library:
    """Return the library of the catalogs given, or of those that are found from here; end the command on errors."""
    library = CatalogLoader(catalog or []).for_named()
    if library.value is None or has_errors(library.findings):
        finish(library.findings, findings)
    if library.findings:
        show_findings(library.findings, findings)
    return library.value


@app.command(
    "list",
    short_help="List models, papers and tasks: kind, id and name.",
    epilog="explainer catalog list --kind models",
)
def list_entries(
    catalog: CatalogOption = None,
    kind: Annotated[
        str | None,
        choice("--kind", tuple(Kind), "Only entries of this kind."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task", metavar="TASK", autocompletion=complete_tasks, help="Only models and papers of this task."
        ),
    ] = None,
    output_format: FormatOption = "text",
    findings: FindingsOption = "text",
) -> None:  # fmt: skip
    """List models, papers, tasks and ports: kind, id and name."""
    library = open_library(catalog, findings)
    rows = list(
        chain.from_iterable(_rows(library, listed) for listed in ([Kind(kind)] if kind else Kind))
    )
    if task is not None:
        rows = list(filter(partial(_is_of_task, library, _task_id(task, library)), rows))
    if output_format == "json":
        write_json({"schema": "explainer/catalog-list/1", "entries": rows})
        return
    width = min(max((len(row["id"]) for row in rows), default=0), _ID_COLUMN)
    write_stdout(
        "".join(
            f"{row['kind']:<5}  {row['id']:<{width}}  {row['name']}".rstrip() + "\n" for row in rows
        )
    )


def _is_of_task(library: Library, task_id: str, row: Mapping[str, Any]) -> bool:
    return row["task"] is not None and _task_id(row["task"], library) == task_id


def _task_id(name: str, library: Library) -> str:
    """The id of a task that is called by its id or an alias; what is no task is its own id."""
    for task in library.tasks:
        if name.casefold() in map(str.casefold, (task.id, *task.aliases)):
            return task.id
    return name


def _rows(library: Library, kind: Kind) -> Iterator[dict[str, Any]]:
    """What is listed of the entries of one kind; of several entries of one name only those that can be found by it."""
    if kind in SOURCE_KINDS:
        index: EntryIndex[Any] = getattr(library, kind)
        for entry in index:
            yield {
                "kind": kind.singular,
                "id": index.id_of(entry),
                "name": entry.label,
                "task": entry.task,
            }
        return
    # tasks and ports have no name beside their id: what they are is the better heading
    described_entries: Sequence[Task | PortEntry] = (
        library.tasks if kind is Kind.TASKS else library.own_ports
    )
    for described in described_entries:
        name = described.description or described.id
        yield {"kind": kind.singular, "id": described.id, "name": name, "task": None}


@app.command(
    "show",
    short_help="Show an entry, as YAML that is itself a catalog.",
    epilog="explainer catalog show whisper-large-v3",
)
def show_entry(
    name: EntryArgument,
    catalog: CatalogOption = None,
    output_format: FormatOption = "text",
    findings: FindingsOption = "text",
) -> None:
    """Show an entry, as YAML that is itself a catalog."""
    library = open_library(catalog, findings)
    listed: dict[str, list[Any]] = {}
    for kind in SOURCE_KINDS:
        index: EntryIndex[Any] = getattr(library, kind)
        listed[kind.value] = [_data(kind, entry, index) for entry in index.find(name)]
    if not any(listed.values()):
        finish([unknown_entry(name, library)], findings)
    # without its ports a signature of the catalog's own would mean nothing elsewhere
    listed["ports"] = _ports_of(library.models.find(name), library)
    shown = {kind: entries for kind, entries in listed.items() if entries}
    if output_format == "json":
        write_json({"schema": "explainer/entries/1", **shown})
        return
    # slow to load, and the JSON does without
    import yaml

    write_stdout(yaml.safe_dump(shown, allow_unicode=True, sort_keys=False, width=100))


def _ports_of(models: Sequence[ModelEntry], library: Library) -> list[dict[str, Any]]:
    """The ports that signatures name and a catalog of their own would lack, as plain data."""
    used: set[str] = set()
    for model in models:
        signature = library.ports.parse(model.signature or "")
        if isinstance(signature, Signature):
            used.update(signature.inputs, signature.outputs)
    # of one id the earliest counts
    by_id: dict[str, dict[str, Any]] = {}
    for port in reversed(library.own_ports):
        if port.id in used:
            by_id[port.id] = plain_data(port)
    return list(by_id.values())


def _data(kind: Kind, entry: Entry, index: EntryIndex[Any]) -> dict[str, Any]:
    """An entry as plain data, its name and its id first, without what it does not say."""
    return {kind.name_key: entry.label, "id": index.id_of(entry)} | plain_data(entry)


@app.command(
    "schema",
    short_help="Print the JSON Schema of catalog files, for editors.",
    epilog="explainer catalog schema --question",
)
def print_schema(
    question: Annotated[
        bool, typer.Option("--question", help="The schema of question files.")
    ] = False,
    names: Annotated[
        bool,
        typer.Option("--names", help="The schema of question files, with names for completion."),
    ] = False,
    catalog: CatalogOption = None,
) -> None:
    """Print the JSON Schema of catalog files, for editors.

    Aliases and ids are valid in a question as well, and so are names that are added later.
    """
    from explainer.catalogs.validation import json_schema, named_schema

    if not names:
        write_json(json_schema(Question if question else Catalog))
        return
    library = open_library(catalog, "text")
    label = attrgetter("label")
    write_json(
        named_schema({kind: list(map(label, library.index_of(kind))) for kind in SOURCE_KINDS})
    )


@app.command(
    "eval",
    short_help="Measure how well the catalogs answer labelled questions.",
    epilog="explainer catalog eval labels.jsonl",
)
def evaluate(
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS",
            help='Lines of JSON: {"question"} and model(s), paper(s) or task; or -.',
        ),
    ],
    catalog: CatalogOption = None,
    semantic: SemanticOption = None,
    no_semantic: NoSemanticOption = False,  # noqa: ARG001
    misses: Annotated[
        int, typer.Option("--misses", min=0, metavar="N", help="How many misses are listed.")
    ] = 20,
    output_format: FormatOption = "text",
    findings: FindingsOption = "text",
) -> None:
    """Measure how well the catalogs answer labelled questions: hit rates, the misses, and what is never offered."""
    # the recommender is loaded for this command alone
    from explainer.build import semantic_model
    from explainer.catalogs.loading import load_lines
    from explainer.recommending.evaluate import (
        evaluate_kinds,
        evaluations_json,
        evaluations_text,
        read_labels,
    )
    from explainer.recommending.recommend import recommender_of

    library = CatalogLoader(catalog or []).for_named()
    second_opinion = semantic_model(semantic)
    problems = [*library.findings, *second_opinion.findings]
    if library.value is None or has_errors(problems):
        finish(problems, findings)
    recommender = recommender_of(library.value, second_opinion.value)
    lines = load_lines(labels)
    read, label_problems = read_labels(lines.value or (), library.value, recommender.taxonomy)
    problems += [*lines.findings, *label_problems]
    evaluations = evaluate_kinds(read, library.value, recommender)
    write_stdout(
        evaluations_json(evaluations)
        if output_format == "json"
        else evaluations_text(evaluations, misses)
    )
    # nothing was measured: figures of nothing must not pass a check in CI
    if not read and not problems:
        show_findings(problems, findings)
        complain(f"no labels in {labels}")
        raise typer.Exit(ExitStatus.NOTHING_CHECKED)
    finish(problems, findings)


@app.command(
    "stats",
    short_help="Count entries by task, by signature and by what they lack.",
    epilog="explainer catalog stats -o counts.html",
)
def stats(
    catalog: CatalogOption = None,
    output_format: Annotated[
        str | None,
        choice("--format", ("text", "json", "html"), "The format; by default that of the output's name."),
    ] = None,
    out: FileOption = None,
    findings: FindingsOption = "text",
) -> None:  # fmt: skip
    """Count the entries of the catalogs: by task, by signature, and by what they lack.

    html is one page with a picture of the counts: it runs no script and loads nothing.
    """
    # for this command alone
    from explainer.curation.stats import count, stats_data, stats_page, stats_text

    library = open_library(catalog, findings)
    chosen = format_of(output_format, out, _STATS_SUFFIXES, "text")
    counts = count(library.models, library.papers)
    if chosen == "text":
        # the names come from catalogs, which may be somebody else's: nothing of them may steer the terminal
        lines = map(printable, stats_text(counts).splitlines())
        write_or_end("".join(f"{line}\n" for line in lines), out, findings)
    else:
        page = stats_page(counts) if chosen == "html" else json_document(stats_data(counts))
        write_or_end(page, out, findings)


def write_or_end(text: str, out: Path | None, findings: str) -> None:
    """Write a product; end the command where that cannot be done."""
    problems = write_product(text, out)
    if problems:
        finish(problems, findings)


def write_json(document: dict[str, Any]) -> None:
    """Write a document as JSON to stdout."""
    write_stdout(json_document(document))

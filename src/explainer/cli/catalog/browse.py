"""`explainer catalog`: what is in the catalogs, and the schemas of the files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from explainer.catalogs.kinds import Kind
from explainer.catalogs.library import EntryIndex, Library
from explainer.catalogs.loading import CatalogLoader
from explainer.catalogs.schema import Catalog, Entry, ModelEntry, PortEntry, Question, Task, json_schema
from explainer.catalogs.signature import Signature
from explainer.cli.app import LazyGroup, new_app
from explainer.cli.catalog import evaluate
from explainer.cli.options import CatalogOption, FindingsOption, choice
from explainer.cli.terminal import show_findings, write_stdout
from explainer.diagnostics.finding import NOWHERE, Finding, exit_status, has_errors
from explainer.diagnostics.text import shorten


class CatalogGroup(LazyGroup):
    """The subcommands by which curators keep catalogs, beside those of this module."""

    lazy: ClassVar[Mapping[str, tuple[str, str]]] = {
        "stats": ("explainer.cli.catalog.stats", "Count entries by task, by signature and by what they lack."),
        "lint": ("explainer.cli.catalog.lint", "Find what validation cannot say, and mend what is safe to mend."),
        "import": ("explainer.cli.catalog.importing", "Make or refresh a catalog from a list kept elsewhere."),
        "export": ("explainer.cli.catalog.export", "Write catalogs as JSON Lines, CSV or BibTeX."),
        "used-by": ("explainer.cli.catalog.change", "List the questions that name an entry."),
        "diff": ("explainer.cli.catalog.change", "Compare two catalogs: which entries, and which prompts, change."),
        "rename": ("explainer.cli.catalog.change", "Rename an entry, and every question that names it."),
    }


app = new_app(
    cls=CatalogGroup,
    no_args_is_help=True,
    help="List, show, import, lint, compare, rename and export what catalogs hold.",
)

_FORMATS = ("text", "json")
# Where names begin, at most: one long id must not push all names off the screen.
_ID_COLUMN = 48
FormatOption = Annotated[
    str,
    choice("--format", _FORMATS, "The format of the output."),
]  # fmt: skip


def open_library(catalog: list[Path] | None, findings: str) -> Library:
    """Return the library of the catalogs given, or of those that are found from here; end the command on errors."""
    library = CatalogLoader(catalog or []).for_named()
    if library.findings:
        show_findings(library.findings, findings)
    if library.value is None or has_errors(library.findings):
        raise typer.Exit(exit_status(library.findings))
    return library.value


@app.command("list", short_help="List models, papers and tasks: kind, id and name.")
def list_entries(
    catalog: CatalogOption = None,
    kind: Annotated[
        str | None,
        choice("--kind", tuple(Kind), "Only entries of this kind."),
    ] = None,
    output_format: FormatOption = "text",
    findings: FindingsOption = "text",
) -> None:  # fmt: skip
    """List models, papers, tasks and ports: kind, id and name."""
    library = open_library(catalog, findings)
    rows = list(_rows(library, [Kind(kind)] if kind else list(Kind)))
    if output_format == "json":
        write_json({"schema": "explainer/catalog-list/1", "entries": rows})
        return
    width = min(max((len(row["id"]) for row in rows), default=0), _ID_COLUMN)
    write_stdout("".join(f"{row['kind']:<5}  {row['id']:<{width}}  {row['name']}".rstrip() + "\n" for row in rows))


def _rows(library: Library, kinds: Sequence[Kind]) -> Iterator[dict[str, Any]]:
    if Kind.MODELS in kinds:
        yield from _source_rows("model", library.models)
    if Kind.PAPERS in kinds:
        yield from _source_rows("paper", library.papers)
    if Kind.TASKS in kinds:
        yield from _described_rows("task", library.tasks)
    if Kind.PORTS in kinds:
        yield from _described_rows("port", library.own_ports)


def _source_rows(kind: str, index: EntryIndex[Any]) -> Iterator[dict[str, Any]]:
    for entry in index:
        yield {"kind": kind, "id": index.id_of(entry), "name": entry.label, "task": entry.task}


def _described_rows(kind: str, entries: Iterable[Task | PortEntry]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        yield {"kind": kind, "id": entry.id, "name": entry.description or entry.id, "task": None}


@app.command("show", short_help="Show an entry, as YAML that is itself a catalog.")
def show_entry(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name, title, id or an alias of an entry.")],
    catalog: CatalogOption = None,
    output_format: FormatOption = "text",
    findings: FindingsOption = "text",
) -> None:
    """Show an entry, as YAML that is itself a catalog."""
    library = open_library(catalog, findings)
    models, papers = library.models.find(name), library.papers.find(name)
    if not models and not papers:
        problem = _unknown(name, library)
        show_findings([problem], findings)
        raise typer.Exit(exit_status([problem]))
    listed = {
        "models": [_data("name", entry, library.models) for entry in models],
        "papers": [_data("title", entry, library.papers) for entry in papers],
        "ports": [port.model_dump(mode="json", exclude_defaults=True) for port in _ports_of(models, library)],
    }
    shown = {kind: entries for kind, entries in listed.items() if entries}
    if output_format == "json":
        write_json({"schema": "explainer/entries/1", **shown})
        return
    import yaml

    write_stdout(yaml.safe_dump(shown, allow_unicode=True, sort_keys=False, width=100))


def _unknown(name: str, library: Library) -> Finding:
    meant = library.models.suggestion(name) or library.papers.suggestion(name)
    hint = f"did you mean {meant!r}?" if meant else None
    return Finding("Q401", NOWHERE, f"no model and no paper is called {shorten(name)!r}", hint, name)


def _ports_of(models: Sequence[ModelEntry], library: Library) -> list[PortEntry]:
    """The ports that signatures name and a catalog of their own would lack."""
    used: set[str] = set()
    for model in models:
        signature = library.ports.parse(model.signature or "")
        if isinstance(signature, Signature):
            used.update(signature.inputs, signature.outputs)
    # of one id the earliest counts
    by_id = {port.id: port for port in reversed(library.own_ports) if port.id in used}
    return list(by_id.values())


def _data(name_key: str, entry: Entry, index: EntryIndex[Any]) -> dict[str, Any]:
    """An entry as plain data, its name first, without what it does not say."""
    data = entry.model_dump(mode="json", exclude_defaults=True)
    return {name_key: entry.label, "id": index.id_of(entry)} | {
        key: data[key] for key in data if key not in (name_key, "id")
    }


@app.command("schema", short_help="Print the JSON Schema of catalog files, for editors.")
def print_schema(
    question: Annotated[bool, typer.Option("--question", help="The schema of question files.")] = False,
) -> None:
    """Print the JSON Schema of catalog files, for editors."""
    write_json(json_schema(Question if question else Catalog))


def write_json(document: dict[str, Any]) -> None:
    """Write a document as JSON to stdout."""
    write_stdout(json_text(document))


def json_text(document: dict[str, Any]) -> str:
    """Return a document as JSON."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


app.command("eval", short_help="Measure how well the catalogs answer labelled questions.")(evaluate.run)

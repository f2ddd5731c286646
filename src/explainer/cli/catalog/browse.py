"""`explainer catalog`: what is in the catalogs, and the schemas of the files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from explainer.catalogs.kinds import Kind
from explainer.catalogs.library import EntryIndex, Library
from explainer.catalogs.loading import CatalogLoader
from explainer.catalogs.schema import Catalog, ModelEntry, PaperEntry, PortEntry, Question, json_schema
from explainer.catalogs.signature import Signature
from explainer.cli.app import LazyGroup, new_app
from explainer.cli.catalog import evaluate
from explainer.cli.options import CatalogOption, FindingsOption, choice
from explainer.cli.terminal import show_findings, write_stdout
from explainer.diagnostics.finding import Finding, Location, exit_status, has_errors
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
_ID_COLUMN = 48
"""Where names begin, at most: one long id shall not push all names off the screen."""

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
    rows = list(_rows(open_library(catalog, findings), kind))
    if output_format == "json":
        _write_json({"schema": "explainer/catalog-list/1", "entries": rows})
        return
    width = min(max((len(row["id"]) for row in rows), default=0), _ID_COLUMN)
    write_stdout("".join(f"{row['kind']:<5}  {row['id']:<{width}}  {row['name']}".rstrip() + "\n" for row in rows))


def _rows(library: Library, kind: str | None) -> Iterator[dict[str, Any]]:
    models: tuple[str, EntryIndex[Any]] = ("model", library.models)
    papers: tuple[str, EntryIndex[Any]] = ("paper", library.papers)
    for name, index in (models, papers):
        if kind in (None, f"{name}s"):
            for entry in index:
                yield {"kind": name, "id": index.id_of(entry), "name": entry.label, "task": entry.task}
    if kind in (None, "tasks"):
        for loaded in library.catalogs:
            for task in loaded.catalog.tasks:
                yield {"kind": "task", "id": task.id, "name": task.description or task.id, "task": None}
    if kind in (None, "ports"):
        for port in library.own_ports:
            yield {"kind": "port", "id": port.id, "name": port.description or port.id, "task": None}


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
        message = f"no model and no paper is called {shorten(name)!r}"
        found = Finding("Q401", Location("NAME"), message, _hint(library, name), name)
        show_findings([found], findings)
        raise typer.Exit(exit_status([found]))
    shown = {"models": [_data(library.models, entry) for entry in models],
             "papers": [_data(library.papers, entry) for entry in papers]}  # fmt: skip
    shown["ports"] = [port.model_dump(mode="json", exclude_defaults=True) for port in _ports_of(models, library)]
    shown = {kind: entries for kind, entries in shown.items() if entries}
    if output_format == "json":
        _write_json({"schema": "explainer/entries/1", **shown})
        return
    import yaml

    write_stdout(yaml.safe_dump(shown, allow_unicode=True, sort_keys=False, width=100))


def _ports_of(models: list[ModelEntry], library: Library) -> list[PortEntry]:
    """The ports that signatures name and a catalog of their own would lack."""
    read = [library.ports.parse(model.signature) for model in models if model.signature]
    used = {port for one in read if isinstance(one, Signature) for port in (*one.inputs, *one.outputs)}
    return list({port.id: port for port in reversed(library.own_ports) if port.id in used}.values())


def _hint(library: Library, name: str) -> str | None:
    meant = library.models.suggestion(name) or library.papers.suggestion(name)
    return f"did you mean {meant!r}?" if meant else None


def _data(index: EntryIndex[Any], entry: ModelEntry | PaperEntry) -> dict[str, Any]:
    """An entry as plain data, its name first, without what it does not say."""
    data = entry.model_dump(mode="json", exclude_defaults=True)
    key = "name" if isinstance(entry, ModelEntry) else "title"
    return {key: data.pop(key), "id": index.id_of(entry), **{name: data[name] for name in data if name != "id"}}


@app.command("schema", short_help="Print the JSON Schema of catalog files, for editors.")
def print_schema(
    question: Annotated[bool, typer.Option("--question", help="The schema of question files.")] = False,
) -> None:
    """Print the JSON Schema of catalog files, for editors."""
    _write_json(json_schema(Question if question else Catalog))


def _write_json(document: dict[str, Any]) -> None:
    write_stdout(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


app.command("eval", short_help="Measure how well the catalogs answer labelled questions.")(evaluate.run)

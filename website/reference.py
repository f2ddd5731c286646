"""The reference of the site, made from the code: the help of each command, the keys of files, the Python API."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import explainer
from explainer.catalogs.schema import (
    Catalog,
    ModelEntry,
    PaperEntry,
    PortEntry,
    Question,
    SchemaValue,
    Settings,
    Task,
)
from explainer.catalogs.validation import RULES
from explainer.cli.app import COMMANDS

# Names of an earlier version, which stand for others.
_OLD = {"Built", "Checked", "Printed", "__version__"}
_FILES: tuple[tuple[str, type[SchemaValue]], ...] = (
    ("A catalog", Catalog),
    ("A model", ModelEntry),
    ("A paper", PaperEntry),
    ("A task", Task),
    ("A kind of data", PortEntry),
    ("A question", Question),
    ("A project file", Settings),
)


def _help(*command: str) -> str:
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    arguments = [sys.executable, "-m", "explainer", *command, "--help"]
    process = subprocess.run(  # noqa: S603
        arguments, env=environment, capture_output=True, text=True, check=True
    )
    return process.stdout


def _helps() -> Iterator[tuple[str, str]]:
    """Each command and its help."""
    yield "explainer", _help()
    for command in COMMANDS:
        text = _help(command)
        yield f"explainer {command}", text
        for subcommand in re.findall(
            r"^  (\w[\w-]*)", text.partition("\nCommands:\n")[2], re.MULTILINE
        ):
            yield f"explainer {command} {subcommand}", _help(command, subcommand)


def commands_page() -> str:
    """Return what `--help` prints, for each command."""
    lines = ["# Commands", "", "What `--help` prints, for each command."]
    for name, text in _helps():
        lines += ["", f"## `{name}`", "", "```text", text.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def files_page() -> str:
    """Return the keys of the files that people write, as their schemas describe them."""
    lines = [
        "# Files",
        "",
        "`explainer catalog schema` prints the same as JSON Schema, for editors.",
    ]
    for title, shape in _FILES:
        model = RULES[shape]
        lines += [
            "",
            f"## {title}",
            "",
            inspect.getdoc(model) or "",
            "",
            "| key | what it holds |",
            "|---|---|",
        ]
        for key, field in model.model_fields.items():
            required = " Required." * field.is_required()
            lines.append(f"| `{key}` | {field.description}{required} |")
    return "\n".join(lines) + "\n"


def api_page() -> str:
    """Return the public names, each with its signature and its docstring."""
    lines = [
        "# Python",
        "",
        "What `explainer.__all__` names; everything else may change without notice.",
    ]
    for name in sorted(set(explainer.__all__) - _OLD):
        lines += ["", f"## `{name}`", "", *_described(name, getattr(explainer, name))]
    return "\n".join(lines) + "\n"


def _described(name: str, thing: object) -> Iterator[str]:
    yield from ("```text", _signature(name, thing), "", inspect.getdoc(thing) or "", "```")
    if not inspect.isclass(thing):
        return
    for method, function in inspect.getmembers(thing, inspect.isfunction):
        is_own = not method.startswith("_") and function.__module__.startswith("explainer.")
        if is_own:
            documentation = inspect.getdoc(function) or ""
            yield from (
                "",
                "```text",
                _signature(f"{name}.{method}", function),
                "",
                documentation,
                "```",
            )


def _signature(name: str, thing: object) -> str:
    try:
        # annotations are texts, and would stand in quotes
        return f"{name}{inspect.signature(thing)}".replace("'", "")  # type: ignore[arg-type]  # others raise
    except (TypeError, ValueError):
        return name

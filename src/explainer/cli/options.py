"""Options that several commands share, each written once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated

import typer

FINDINGS_STYLES = ("text", "json", "github")
KINDS = ("prompt", "answer")


def one_of(choices: Collection[str]) -> Callable[[str | None], str | None]:
    """Return an option callback that accepts one of some words, and suggests the one that was meant."""

    def check(value: str | None) -> str | None:
        if value is None or value in choices:
            return value
        from explainer.text import suggest

        meant = suggest(value, choices)
        message = f"{value!r} is not one of {', '.join(choices)}" + (f"; did you mean {meant!r}?" if meant else "")
        raise typer.BadParameter(message)

    return check


def completing(choices: Collection[str]) -> Callable[[str], list[str]]:
    """Return a completion function for an option that takes one of some words."""
    return lambda incomplete: [choice for choice in choices if choice.startswith(incomplete)]


CatalogOption = Annotated[
    list[Path] | None,
    typer.Option("--catalog", metavar="PATH", readable=False, help="A catalog file or folder; may be repeated, the first one wins."),
]
FindingsOption = Annotated[
    str,
    typer.Option(
        "--findings", metavar="|".join(FINDINGS_STYLES), help="How findings are written to stderr.",
        callback=one_of(FINDINGS_STYLES), autocompletion=completing(FINDINGS_STYLES),
    ),
]  # fmt: skip
KindOption = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="|".join(KINDS), help="What to build; a prompt, unless the template says otherwise.",
        callback=one_of(KINDS), autocompletion=completing(KINDS),
    ),
]  # fmt: skip
TemplateOption = Annotated[
    str | None,
    typer.Option("--template", metavar="NAME|FILE", help="A built-in template, or a Jinja template of your own."),
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Count warnings as errors.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say which files are read.")]

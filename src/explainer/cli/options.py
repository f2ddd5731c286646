"""Options that several commands share, each written once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from explainer.findings import Finding
    from explainer.recommending.recommend import SupportsScores

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


def choice(flag: str, choices: Collection[str], text: str) -> Any:
    """Return an option that takes one of some words, names them in the help, completes and checks them."""
    return typer.Option(
        flag, metavar="|".join(choices), help=text, callback=one_of(choices), autocompletion=completing(choices)
    )


FileOption = Annotated[Path | None, typer.Option("-o", "--out", metavar="PATH", help="Write to a file, not to stdout.")]
CatalogOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--catalog",
        metavar="PATH",
        readable=False,
        help="A catalog file or folder; may be repeated, the first one wins.",
    ),
]
FindingsOption = Annotated[
    str,
    choice("--findings", FINDINGS_STYLES, "How findings are written to stderr."),
]  # fmt: skip
KindOption = Annotated[
    str | None,
    choice("--as", KINDS, "What to build; a prompt, unless the template says otherwise."),
]  # fmt: skip
TemplateOption = Annotated[
    str | None,
    typer.Option("--template", metavar="NAME|FILE", help="A built-in template, or a Jinja template of your own."),
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Count warnings as errors.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say which files are read.")]
ModelCountOption = Annotated[
    int, typer.Option("--models", min=0, metavar="N", help="How many models are recommended, at most.")
]
PaperCountOption = Annotated[
    int, typer.Option("--papers", min=0, metavar="N", help="How many papers are recommended, at most.")
]
SemanticOption = Annotated[
    str | None,
    typer.Option(
        "--semantic", metavar="DIR|wheel",
        help="Compare meanings too: with the embedding model in a folder, or 'wheel' for the installed one.",
    ),
]  # fmt: skip


def semantic_of(where: str | None, found: list[Finding]) -> SupportsScores | None:
    """Return the second opinion that `--semantic` asks for.

    Args:
        where: the value of the option.
        found: takes a finding when the model cannot be used.
    """
    if where is None:
        return None
    from explainer.recommending.semantic import load_semantic

    loaded = load_semantic(where)
    found += loaded.findings
    return loaded.value

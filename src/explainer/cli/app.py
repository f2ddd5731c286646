"""The command `explainer` and its subcommands, each loaded only when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

import typer
from typer.core import TyperGroup

COMMANDS: Final = {
    "build": "Build the prompt or the answer skeleton of one question.",
    "batch": "Build the prompts or answer skeletons of many questions.",
    "check": "Prove that answers cite only the sources that they were given, named and linked rightly.",
    "workflow": "Compose the workflows that the models of a question can form, and draw them.",
    "ask": "Ask language models, check their answers, send back what is not grounded, keep the proof.",
    "publish": "Make a static site of checked answers and their sources.",
    "cite": "Write the references of what answers cite, for reference managers and word processors.",
    "recommend": "Rank models and papers for a question in lay words, with reasons.",
    "validate": "Check catalogs, questions and templates, all in one pass.",
    "catalog": "List, show, import, lint, compare, rename and export what catalogs hold.",
    "init": "Make a new project folder that builds at once.",
}
"""Subcommands and what they do, in the order of `--help`. Each is a module of this package."""
# The modules of subcommands that are not called like these.
_MODULES: Final = {"catalog": "catalog.browse", "cite": "publishing", "publish": "publishing"}


class LazyGroup(TyperGroup):
    """A group that imports a subcommand's module when the subcommand is asked for: start-up time is a feature."""

    lazy: ClassVar[Mapping[str, tuple[str, str]]] = {
        name: (f"explainer.cli.{_MODULES.get(name, name)}", text) for name, text in COMMANDS.items()
    }
    """The module of each subcommand, and what it does."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # its signature
        """Return the names of the subcommands: those that are loaded anyway, then the others."""
        return list(dict.fromkeys([*(name for name in self.commands if name not in self.lazy), *self.lazy]))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # its signature
        """Return a subcommand, or None; a name that does not exist loads them all, for the suggestion."""
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        # Of a name that does not exist, Typer suggests one of those that are loaded.
        for name in [cmd_name] if cmd_name in self.lazy else self.lazy:
            if name not in self.commands:
                self.commands[name] = _load(name, *self.lazy[name])
        return self.commands.get(cmd_name)


def _load(name: str, module: str, text: str) -> Any:
    command = typer.main.get_command(importlib.import_module(module).app)
    if module.rpartition(".")[2] != name and name in getattr(command, "commands", {}):
        command = command.commands[name]  # type: ignore[attr-defined]  # one module holds several subcommands
    # A module does not know what the command line calls it.
    command.name = name
    command.help = command.help or text
    command.short_help = text
    return command


def new_app(**settings: Any) -> typer.Typer:
    """Return a Typer application with the settings that all commands share."""
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,  # help and usage errors quote strangers' text: nothing in it is markup
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )


def _show_version(show: bool) -> None:  # Typer's callback
    if show:
        from explainer._package import __version__
        from explainer.cli.terminal import write_stdout

        write_stdout(f"explainer {__version__}\n")
        raise typer.Exit


_app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)


@_app.callback()
def _explainer(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Build grounded prompts from questions and a catalog of AI models and papers."""


def command() -> Any:
    """Return the command line as one command."""
    return typer.main.get_command(_app)

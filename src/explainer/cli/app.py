"""The command `explainer` and its subcommands, each loaded only when it is called."""

from __future__ import annotations

import importlib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, NamedTuple, get_args, get_origin

import typer
from msgspec.structs import asdict
from typer.core import TyperCommand, TyperGroup

from explainer.diagnostics.text import lazy_regex

if TYPE_CHECKING:
    from explainer.catalogs.loading import ProjectFile
    from explainer.diagnostics.finding import Finding, Parsed

COMMANDS: Final = {
    "build": "Build the prompt or the answer skeleton of one question.",
    "batch": "Build the prompts or answer skeletons of many questions.",
    "check": "Check that answers cite only the sources they were given, under the right names and links.",
    "workflow": "Compose the workflows that the models of a question can form, and draw them.",
    "ask": "Ask language models, check their answers, send back what is not grounded, keep the proof.",
    "publish": "Make a static site of checked answers and their sources.",
    "cite": "Write the references of what answers cite, for reference managers and word processors.",
    "recommend": "Rank models and papers for a question in lay words, with reasons.",
    "validate": "Check catalogs, questions and templates, all in one pass.",
    "catalog": "List, show, import, lint, compare, rename and export what catalogs hold.",
    "init": "Make a new project folder that builds at once.",
}
"""Subcommands and what they do, in the order of `--help`."""
# The modules of subcommands, where they are not called like these.
_MODULES: Final = {
    "catalog": "catalog.browse",
    "cite": "publishing",
    "init": "project",
    "publish": "publishing",
    "validate": "project",
}


class LazyGroup(TyperGroup):
    """A group that imports a subcommand's module when the subcommand is asked for: start-up time is a feature."""

    lazy: ClassVar[Mapping[str, tuple[str, str]]] = {
        name: (f"explainer.cli.{_MODULES.get(name, name)}", text) for name, text in COMMANDS.items()
    }
    """The module of each subcommand, and what it does."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, which convert plain values themselves."""
        return _converting(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # its signature
        """Return the names of the subcommands: those that are loaded anyway, then the others."""
        return [*(name for name in self.commands if name not in self.lazy), *self.lazy]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # its signature
        """Return a subcommand, or None; a name that does not exist loads them all, for the suggestion."""
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        # Of a name that does not exist, Typer suggests one of those that are loaded.
        for name in [cmd_name] if cmd_name in self.lazy else self.lazy:
            if name not in self.commands:
                self.commands[name] = _load(name, *self.lazy[name])
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write what the subcommands do, as the table says: loading them takes three times as long."""
        rows: list[tuple[str, str]] = []
        for name in self.list_commands(ctx):
            if name in self.lazy:
                rows.append((name, self.lazy[name][1]))
            else:
                rows.append((name, self.commands[name].get_short_help_str()))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _load(name: str, module: str, text: str) -> Any:
    command = typer.main.get_command(importlib.import_module(module).app)
    if module.rpartition(".")[2] != name and name in getattr(command, "commands", {}):
        command = command.commands[name]  # type: ignore[attr-defined]  # one module holds several subcommands
    # A module does not know what the command line calls it.
    command.name = name
    command.help = command.help or text
    command.short_help = text
    return command


class ProjectCommand(TyperCommand):
    """A command whose options get defaults from the project file, and whose help shows groups and examples.

    Its `epilog` is its examples, one a line.
    """

    stops_at_bad_settings: ClassVar[bool] = True
    """Whether a project file with mistakes ends the command; one that reports findings anyway goes on."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, which convert plain values themselves."""
        return _converting(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line; what it leaves out is what the project file says."""
        # the shell asks for completions while somebody types
        if ctx.resilient_parsing or _SETTINGS.isdisjoint(str(param.name) for param in self.params):
            return super().parse_args(ctx, args)
        typed, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        project = _project_of(typed)
        ctx.default_map = self._defaults(project.value, typed)
        unparsed = super().parse_args(ctx, args)
        # not before: --help and wrong usage end the command, whatever the file says
        if self.stops_at_bad_settings:
            _stop_at(project.findings, ctx.params.get("findings", "text"))
        if ctx.params.get("findings") == "json" and "verbose" in ctx.params:
            ctx.params["verbose"] = False  # stderr holds one document, and nothing else
        if ctx.params.get("verbose"):
            _say_origins(ctx, project.value)
        return unparsed

    def invoke(self, ctx: Any) -> Any:
        """Run the command, unless it would write over something that it reads."""
        _refuse_overwriting(ctx.params)
        return super().invoke(ctx)

    def _defaults(self, project: ProjectFile | None, typed: Mapping[str, Any]) -> dict[str, Any]:
        """The defaults that a project file gives to the options of this command."""
        if project is None:
            return {}
        options = {param.name: param for param in self.params}
        settings = _settings_said(project)
        settings.pop("catalogs", None)
        defaults: dict[str, Any] = {}
        for name, value in settings.items():
            if _is_unsuited(name, typed, options.keys()):
                continue
            takes_several = getattr(options.get(name), "multiple", False)
            defaults[name] = [value] if takes_several else value
        return defaults

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, and the options in groups."""
        groups: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                # Typer adds the type in Python, such as <list[str]>
                groups[_group_of(param)].append((record[0].partition(" <")[0], record[1]))
        for group in ("Arguments", *_GROUPS, "Options"):
            if groups[group]:
                with formatter.section(group):
                    formatter.write_dl(groups[group])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  # its signature
        """Write the examples, each on a line that can be copied."""
        lines = (self.epilog or "").splitlines()
        if lines:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line.strip()}\n" for line in lines))


def _converting(params: list[Any]) -> list[Any]:
    """Let parameters convert plain values here, and all others in the way of Typer.

    That way builds a validator of Pydantic for each parameter, and loading what builds them takes a quarter of a build.
    """
    for param in params:
        # a Typer that converts in another way goes on in that way
        is_known = hasattr(param, "get_runtime_param") and hasattr(param, "type_descriptor")
        if is_known and "get_runtime_param" not in vars(param):
            param.get_runtime_param = partial(_Conversion, param.get_runtime_param)
    return params


class _Conversion(NamedTuple):
    """Converts the value of a parameter.

    Attributes:
        typers_way: makes what converts in the way of Typer, and refuses what is wrong.
    """

    typers_way: Callable[[], Any]

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return a value as its parameter needs it; it may be a text of the command line, a default, or missing."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        descriptor = param.type_descriptor
        try:
            return _converted(value, descriptor.annotation, descriptor.parameter_info)
        except _NotPlainError:
            return self.typers_way().coerce(value, param=param, ctx=ctx)


class _NotPlainError(Exception):
    """A value is none that calling its type surely converts as Typer does."""


def _converted(value: Any, kind: Any, limits: Any) -> Any:
    """A plain value, or a list of them, as its type.

    Raises:
        _NotPlainError: for any other.
    """
    if get_origin(kind) is list and isinstance(value, list | tuple):
        (item_kind,) = get_args(kind)
        return [_converted(item, item_kind, limits) for item in value]
    if not _is_plain_value(value, kind, limits):
        raise _NotPlainError
    return kind(value)


def _is_plain_value(value: Any, kind: Any, limits: Any) -> bool:
    """Whether a value is surely one that Typer accepts, and that calling its type converts."""
    if kind is int:
        return _is_plain_number(value, limits)
    if not (isinstance(value, str | Path) and str(value).isprintable()):
        return False
    if kind is Path:
        # Typer asks whether a file can be read
        return not limits.readable or not os.path.exists(value) or os.access(value, os.R_OK)  # noqa: PTH110
    return kind is str


def _is_plain_number(value: Any, limits: Any) -> bool:
    if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value):
        value = int(value)
    if type(value) is not int or value < (limits.min or 0):
        return False
    return limits.max is None or value <= limits.max


_PLAIN_NUMBER: Final = lazy_regex("[0-9]{1,9}")


# The options whose value is written, and what is written beside it.
_OUTPUTS: Final = ("out", "write_baseline", "write_provenance", "report")
_BESIDE: Final = ("manifest.jsonl", "records.jsonl", "provenance.jsonl", "ask.journal.jsonl")


def _is_unsuited(setting: str, typed: Mapping[str, Any], options: Collection[str | None]) -> bool:
    """Whether a setting is not for what is built: the template is one of prompts, and only requests name a model."""
    if setting == "template":
        return typed.get("kind") == "answer"
    if setting != "model" or "output_format" not in options:
        return False
    from explainer.rendering.formats import FORMATS

    output_format = FORMATS.get(str(typed.get("output_format")))
    return output_format is None or not output_format.names_model


def _refuse_overwriting(params: Mapping[str, Any]) -> None:
    """Refuse an output that would take the place of an input or of another output, before anything is read."""
    outputs = [params[name] for name in _OUTPUTS if isinstance(params.get(name), Path)]
    if not outputs:
        return
    from explainer.cli.options import is_same_file, refuse, refuse_if
    from explainer.files import display_path, overwritten_input

    message = "two outputs have one name, so one would be overwritten: choose another place for it"
    files = [path for path in outputs if not _is_stream(path)]
    is_one_file = any(is_same_file(*pair) for pair in combinations(files, 2))
    refuse_if(is_one_file, message, "--out")
    meeting = overwritten_input(list(_with_beside(outputs)), list(_inputs_in(params)))
    if meeting is not None:
        output, path = map(display_path, meeting)
        refuse(
            f"{path!r} is an input, and would be overwritten by {output!r}: choose another place",
            "--out",
        )


def _is_stream(path: Path) -> bool:
    """Whether a path is a device or a pipe: what goes there takes the place of nothing."""
    return path.exists() and not (path.is_file() or path.is_dir())


def _with_beside(outputs: Sequence[Path]) -> Iterator[Path]:
    """Outputs, and what is written beside lines of JSON."""
    for path in outputs:
        yield path
        if path.suffix == ".jsonl":
            yield from (path.with_name(f"{path.stem}.{name}") for name in _BESIDE)


def _inputs_in(params: Mapping[str, Any]) -> Iterator[Path]:
    """What the values of options may mean that is read: paths, and words that may be the name of a file."""
    for name, value in params.items():
        if name not in _OUTPUTS:
            yield from _paths_in(value if isinstance(value, list | tuple) else [value])
    if not _SETTINGS.isdisjoint(params):
        from explainer.catalogs.settings import PROJECT_FILES

        yield from map(Path, PROJECT_FILES)
    # where a question is answered from when nobody says it
    if "catalog" in params and not params["catalog"]:
        yield Path("catalogs")


def _paths_in(values: Sequence[Any]) -> Iterator[Path]:
    for value in values:
        if isinstance(value, str) and "\0" in value:
            # no file is called so
            continue
        if isinstance(value, Path | str):
            yield Path(value)


# The groups of options in the help; those that are in none come last.
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Sources": (
        "--text", "--question", "--questions", "--prompt", "--catalog", "--models", "--papers", "--semantic", "--index",
        "--pin", "--kind", "--from", "--map", "--source", "--licence", "--retrieved",
    ),
    "Output": (
        "--as", "--template", "--format", "--out", "--max-tokens", "--tokenizer", "--report", "--explain", "--width",
        "--ascii", "--dry-run", "--diff", "--repair-prompt", "--write-provenance", "--write-baseline",
    ),
    "Requests": (
        "--model", "--base-url", "--key-env", "--body", "--repair-body", "--rounds", "--concurrency", "--retries",
        "--timeout", "--deadline", "--price-in", "--price-out",
    ),
    "Findings": (
        "--select", "--ignore", "--waivers", "--baseline", "--provenance", "--strict", "--fail-on", "--findings",
        "--statistics", "--quiet", "--verbose",
    ),
}  # fmt: skip


def _group_of(param: Any) -> str:
    if param.param_type_name == "argument":
        return "Arguments"
    for group, flags in _GROUPS.items():
        if not set(flags).isdisjoint(param.opts):
            return group
    return "Options"


# The parameters that depend on a project file. Catalogs are found for each question by itself, and what a question says
# goes before those of the file; so they are no defaults.
_SETTINGS: Final = frozenset({"template", "model", "models", "papers", "strict", "catalog"})
# The parameters that say which project a command is about: the first that is a path.
_SUBJECTS: Final = ("question", "questions", "source", "answers", "paths")


def _project_of(typed: Mapping[str, Any]) -> Parsed[ProjectFile]:
    """The project file of what a command is about, with its template found; see `loading.project_file`."""
    from explainer.catalogs.loading import project_file
    from explainer.rendering.templates import with_template

    # words of a question are no paths, and may be longer than a path can be, which Path.exists() does not forgive
    base = Path(next(filter(os.path.exists, _subjects(typed)), ""))
    return with_template(project_file(base if base.is_dir() else base.parent))


def _subjects(typed: Mapping[str, Any]) -> Iterator[str]:
    for name in _SUBJECTS:
        value = typed.get(name)
        if isinstance(value, str):
            yield value
        elif isinstance(value, Sequence):  # of some commands it is a flag
            yield from value


def _stop_at(findings: Sequence[Finding], style: str) -> None:
    """End the command with what is wrong with its project file, if anything is."""
    if findings:
        from explainer.cli.terminal import finish

        finish(findings, style)


def _settings_said(project: ProjectFile) -> dict[str, Any]:
    """The settings that a project file says, by their keys."""
    return {key: value for key, value in asdict(project.settings).items() if value is not None}


def _say_origins(ctx: Any, project: ProjectFile | None) -> None:
    """Say which options have their value from the project file, and where there."""
    if project is None:
        return
    from explainer.cli.terminal import say

    for name, value in _settings_said(project).items():
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "DEFAULT_MAP":
            place = project.place_of(name)
            # true, as the file says it
            shown = value if isinstance(value, str) else json.dumps(value)
            say(f"{name}: {shown} ({place.file}:{place.line})")


class _App(typer.Typer):
    def command(
        self, name: str | None = None, *, cls: type[TyperCommand] | None = None, **settings: Any
    ) -> Any:
        return super().command(name, cls=cls or ProjectCommand, **settings)


def new_app(**settings: Any) -> typer.Typer:
    """Return a Typer application with the settings that all commands share."""
    return _App(
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
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Build grounded prompts from questions and a catalog of AI models and papers."""


def command() -> Any:
    """Return the command line as one command."""
    return typer.main.get_command(_app)

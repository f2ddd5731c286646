"""Options that several commands share, each written once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from explainer.diagnostics.text import did_you_mean, is_plain, printable
from explainer.files import MODEL_VARIABLE, NO_MODEL, STDIN

if TYPE_CHECKING:
    from explainer.batching.tokens import Counter
    from explainer.catalogs.library import EntryIndex, Library

ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="The model that requests name (openai-batch, anthropic-batch).",
    ),
]
BodyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--body", metavar="KEY=VALUE", help="A further key of a request's body; may be repeated."
    ),
]
QuestionArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="QUESTION", help="A question file (YAML), or - for stdin, or the question itself."
    ),
]
TextOption = Annotated[
    str | None,
    typer.Option("--text", metavar="TEXT", help="The question itself, instead of a file."),
]
# The formats whose outputs are requests; that of Anthropic has a model of its own where none is named.
_REQUESTS = ("openai-batch", "anthropic-batch", "gemini-batch")
# Keys of a request that are set by `--model`, and by the prompt itself.
_TAKEN = ("model", "messages")


def refuse(message: str, option: str | None = None) -> NoReturn:
    """Refuse wrong usage: exit status 2.

    Args:
        message: what is wrong, in a sentence without a full stop.
        option: the option or argument that it is about.

    Raises:
        typer.BadParameter: always.
    """
    raise typer.BadParameter(message, param_hint=option)


def refuse_if(is_wrong: object, message: str, option: str) -> None:
    """Refuse wrong usage where it is such; see `refuse`."""
    if is_wrong:
        refuse(message, option)


def refuse_contradictions(*rows: tuple[object, str, str]) -> None:
    """Refuse options that do not go together, or that cannot be meant.

    Args:
        rows: what is wrong when it is true, what to say then, and the option that it is about; the first one counts.

    Raises:
        typer.BadParameter: says which it is.
    """
    for is_wrong, message, option in rows:
        refuse_if(is_wrong, message, option)


class _MissingError(typer.BadParameter):
    """What a command needs and was not given, in the words that Typer uses for its own."""

    def format_message(self) -> str:
        """Return what is missing, and what to type."""
        kind = "option" if str(self.param_hint).startswith("-") else "argument"
        return f"Missing {kind} {self.param_hint}: {self.message}"


def refuse_missing(message: str, option: str) -> NoReturn:
    """Refuse a command that lacks an option or argument: exit status 2; see `refuse`."""
    raise _MissingError(message, param_hint=option)


# Files of other programs, which would not open what is written here.
_FOREIGN_ENDINGS: Final = frozenset(
    {".doc", ".docx", ".odt", ".pdf", ".xls", ".xlsx", ".ods", ".parquet"}
)


def format_of(
    named: str | None, out: Path | None, by_ending: Mapping[str, str], default: str
) -> str:
    """Return the format of an output.

    Args:
        named: the value of `--format`: it counts, where there is one.
        out: the file, whose ending may ask for a format.
        by_ending: the formats that endings ask for.
        default: the format for stdout, and for any other ending.

    Raises:
        typer.BadParameter: when the ending is that of a file that no command writes.
    """
    if named is not None:
        return named
    ending = Path(out or "").suffix.lower()
    if ending in _FOREIGN_ENDINGS:
        refuse(
            f"a {ending} cannot be written: end the name in {', '.join(by_ending)}, or give --format",
            "--out",
        )
    return by_ending.get(ending, default)


def request_body(output_format: str, model: str | None, pairs: list[str] | None) -> dict[str, Any]:
    """Return the further keys of a request's body; a value is JSON where it reads as such, else text.

    Raises:
        typer.BadParameter: when an option is no KEY=VALUE, or when the format has no requests.
    """
    if output_format not in _REQUESTS:
        # what nobody reads is a mistake: the user means another format
        message = f"--model and --body are for the formats {', '.join(_REQUESTS)}"
        refuse_if(pairs or model is not None, message, "--format")
        return {}
    from explainer.rendering.formats import FORMATS

    message = "say which model the requests are for, such as --model gpt-4o-mini"
    refuse_if(FORMATS[output_format].names_model and model is None, message, "--model")
    body = body_of(pairs, "--body")
    refuse_odd_text(filter(None, [model]), body)
    return body


def refuse_odd_text(
    models: Iterable[str], *parameters: Mapping[str, Any], options: str = "--body"
) -> None:
    """Refuse what no file and no terminal can show: it will be in records.

    Raises:
        typer.BadParameter: says which option holds it.
    """
    is_shown = all(is_plain(model) and model.strip() for model in models)
    refuse_if(not is_shown, "the name of a model is plain text", "--model")
    try:
        json.dumps(parameters, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        refuse("a value is not text: it holds half a character", options)


def body_of(
    pairs: list[str] | None, option: str, taken: Collection[str] = _TAKEN
) -> dict[str, Any]:
    """Return keys of a request's body; see `request_body`.

    Args:
        pairs: each KEY=VALUE.
        option: the option that they were given by.
        taken: keys that are set by other options, or not at all.
    """
    body: dict[str, Any] = {}
    for pair in pairs or ():
        key, sign, value = pair.partition("=")
        refuse_if(not (sign and key), f"{printable(pair)!r} is not KEY=VALUE", option)
        advice = "; use --model" * (key == "model")
        refuse_if(key in taken, f"{key!r} is set already{advice}", option)
        body[key] = _value(value)
    return body


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=str)  # NaN and Infinity are no JSON
    except (ValueError, RecursionError):
        return text


def counter_of(tokenizer: str) -> Counter:
    """Return what counts tokens.

    Raises:
        typer.BadParameter: when there is no such tokenizer, or its package is not installed.
    """
    from explainer.batching.tokens import UnknownTokenizerError, counter

    try:
        return counter(tokenizer)
    except UnknownTokenizerError as error:
        refuse(str(error), "--tokenizer")


def comma_separated(values: Iterable[str] | None) -> list[str]:
    """Return the words of an option that takes one, or several with commas between, and may be repeated."""
    words = map(str.strip, ",".join(values or ()).split(","))
    # what stands between two commas may be empty: nobody means that
    return [word for word in words if word]


def is_same_file(first: Path, second: Path) -> bool:
    """Whether two paths lead to one file; stdin and stdout are none."""
    if STDIN in (str(first), str(second)):
        return False
    return os.path.realpath(first) == os.path.realpath(second)


def typed_question(words: Sequence[str]) -> str | None:
    """Return the question that the arguments of a command are, or None where they are files.

    People type a question without `--text`, with quotes around it or not. One or two words may be misspelt files, so
    they take a question mark to be a question.
    """
    first = words[0]
    # not Path.exists(): it raises for a text that is longer than a path can be
    if first == STDIN or Path(first).suffix in _FILE_SUFFIXES:
        return None
    if os.path.exists(first):  # noqa: PTH110
        return None
    if any(map(os.path.isfile, words)):
        return None
    text = " ".join(words)
    if not text.endswith("?") and len(text.split()) < _FEWEST_WORDS:
        return None
    return text


_FEWEST_WORDS = 3
# The endings of files that are given to commands: what begins with such a word is no question.
_FILE_SUFFIXES = frozenset({".yaml", ".yml", ".json", ".jsonl", ".csv", ".txt", ".md", ".j2"})


def question_files(words: Sequence[str] | None, text: str | None) -> tuple[list[Path], str | None]:
    """Return the files that the arguments of a command are, or else the text of its question.

    Raises:
        typer.BadParameter: when there is neither, or both.
    """
    if words and text is None:
        text = typed_question(words)
        words = words if text is None else ()
    message = "give a question file, - for stdin, or the question itself"
    refuse_if(bool(words) == (text is not None), message, "QUESTION")
    return list(map(Path, words or ())), text


def one_question(words: Sequence[str] | None, text: str | None) -> tuple[Path | None, str | None]:
    """Return the file of a question or its text, for a command that takes one; see `question_files`.

    Raises:
        typer.BadParameter: when there is more than one, too.
    """
    files, text = question_files(words, text)
    message = "give one question; to ask in a few words, end with a question mark or use --text"
    refuse_if(len(files) > 1, message, "QUESTION")
    return next(iter(files), None), text


FINDINGS_STYLES = ("text", "json", "github")
KINDS = ("prompt", "answer")


def refuse_answers(output_format: str, kind: str) -> None:
    """Refuse the skeleton of an answer in a format of prompts."""
    from explainer.rendering.formats import FORMATS

    message = f"the format {output_format!r} is for prompts, not for answers"
    refuse_if(FORMATS[output_format].chat and kind == "answer", message, "--format")


def one_of(choices: Collection[str]) -> Callable[[str | None], str | None]:
    """Return an option callback that accepts one of some words, and suggests the one that was meant."""

    # a choice of Typer's would only list the words
    def check(value: str | None) -> str | None:
        if value is None or value in choices:
            return value
        message = f"{value!r} is not one of {', '.join(choices)}"
        # a kind of entries is a word that shows as itself only when it is made a plain one
        if hint := did_you_mean(value, map(str, choices)):
            message += f"; {hint}"
        refuse(message)

    return check


def completing(choices: Collection[str]) -> Callable[[str], list[str]]:
    """Return a completion function for an option that takes one of some words."""
    return lambda incomplete: [choice for choice in choices if choice.startswith(incomplete)]


def complete_templates(incomplete: str) -> list[str]:
    """Complete the names of built-in templates, folders, and files that end as templates do."""
    from explainer.rendering.templates import BUILTIN_TEMPLATES

    folder, begin = os.path.split(incomplete)
    names = completing(BUILTIN_TEMPLATES)(incomplete)
    for path in sorted(Path(folder).glob(f"{escape(begin)}*")):
        if path.suffix == ".j2":
            names.append(str(path))
        elif path.is_dir() and not path.name.startswith("."):
            names.append(f"{path}/")
    return names


def complete_codes(incomplete: str) -> list[tuple[str, str]]:
    """Complete the codes of findings, with what they mean."""
    from explainer.diagnostics.codes import RULES

    return _matching(((code, rule.meaning) for code, rule in RULES.items()), incomplete)


def complete_entries(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Complete the names of models and papers; by their ids, where names have spaces, which shells take apart."""
    from explainer.catalogs.schema import SOURCE_KINDS

    library = _library_of(ctx)
    words: dict[str, str] = {}
    for kind in SOURCE_KINDS:
        index: EntryIndex[Any] = library.index_of(kind)
        # of a model and a paper with one name, one word completes both
        for entry in index:
            word = index.id_of(entry) if " " in entry.label else entry.label
            words[word] = entry.label
    return _matching(words.items(), incomplete)


def complete_tasks(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Complete the ids of tasks."""
    tasks = _library_of(ctx).tasks
    return _matching(((task.id, task.description or "") for task in tasks), incomplete)


def _library_of(ctx: typer.Context) -> Library:
    """The catalogs of a command line that is still being typed."""
    from explainer.catalogs.library import Library
    from explainer.catalogs.loading import CatalogLoader

    return CatalogLoader(
        list(map(Path, ctx.params.get("catalog") or ()))
    ).for_named().value or Library([])


def _matching(words: Iterable[tuple[str, str]], incomplete: str) -> list[tuple[str, str]]:
    return [(word, meaning) for word, meaning in words if word.startswith(incomplete)]


def code_option(flag: str, text: str) -> Any:
    """Return an option that takes the code of a finding, and completes it."""
    return typer.Option(flag, metavar="CODE", help=text, autocompletion=complete_codes)


def choice(flag: str, choices: Collection[str], text: str) -> Any:
    """Return an option that takes one of some words, names them in the help, completes and checks them."""
    return typer.Option(
        flag,
        metavar="|".join(choices),
        help=text,
        callback=one_of(choices),
        autocompletion=completing(choices),
    )


FileOption = Annotated[
    Path | None,
    typer.Option("-o", "--out", metavar="PATH", help="Write to a file, not to stdout."),
]
EntryArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        autocompletion=complete_entries,
        help="The name, title, id or an alias of an entry.",
    ),
]
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
]
KindOption = Annotated[
    str | None,
    choice("--as", KINDS, "What to build; a prompt, unless the template says otherwise."),
]  # fmt: skip
TemplateOption = Annotated[
    str | None,
    typer.Option(
        "--template", metavar="NAME|FILE", autocompletion=complete_templates,
        help="A built-in template, or a Jinja template of your own.",
    ),
]  # fmt: skip
StrictOption = Annotated[
    bool,
    typer.Option("--strict/--no-strict", show_default=False, help="Count warnings as errors."),
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show which files and settings are used.")
]
ModelCountOption = Annotated[
    int,
    typer.Option("--models", min=0, metavar="N", help="How many models are recommended, at most."),
]
PaperCountOption = Annotated[
    int,
    typer.Option("--papers", min=0, metavar="N", help="How many papers are recommended, at most."),
]
SemanticOption = Annotated[
    str | None,
    typer.Option(
        "--semantic", metavar="DIR|wheel",
        help="Compare meanings too: with the embedding model in a folder, or 'wheel' for the installed one.",
    ),
]  # fmt: skip


def _switch_off(value: bool) -> bool:
    """Tell this process, and those that it starts, not to compare meanings."""
    # by the environment: workers inherit it
    if value:
        os.environ[MODEL_VARIABLE] = NO_MODEL
    return value


NoSemanticOption = Annotated[
    bool,
    typer.Option(
        "--no-semantic",
        callback=_switch_off,
        help="Compare words alone, even if a model is installed.",
    ),
]


def settle_template(kind: str | None, template: str | None) -> tuple[str, str]:
    """Return what is built and by which template; see `templates.settle_template`.

    Raises:
        typer.BadParameter: when no template can be meant.
    """
    from explainer.rendering import templates

    try:
        return templates.settle_template(kind, template)
    except templates.TemplateChoiceError as error:
        refuse(str(error), error.option)

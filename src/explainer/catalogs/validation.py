"""Plain data with positions → a value of `schema`, or findings in the words of people who edit YAML.

The rules are models of Pydantic. Loading Pydantic takes as long as building a prompt, so what is plainly right is known
before: see `parsing.read_value`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StringConstraints,
    Tag,
    ValidationError,
    WithJsonSchema,
)

from explainer.catalogs.schema import (
    Catalog,
    Kind,
    ModelEntry,
    PaperEntry,
    PortEntry,
    Question,
    SchemaValue,
    Settings,
    Task,
)
from explainer.diagnostics.finding import Finding, Parsed
from explainer.diagnostics.text import lazy_regex, meant_hint, shorten, suggest
from explainer.documents.document import Document, KeyPath
from explainer.documents.yaml_writer import scalar

# Patterns that Rust's regex crate (pydantic) and JSON Schema both know: no look-around, no possessive quantifiers.
_LINE_PATTERN = r"^[^\n]*[^\s][^\n]*$"
_SAFE_ID = r"^[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}._-]*(?:/[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}._-]*)*$"
# The same for editors as far as their dialect can say it: not a sign of ASCII.
_ID_START = r"[^\x00-/:-@\[-^`{-\x7f]"
_ID_REST = r"[^\x00-,/:-@\[-^`{-\x7f]"
_LANGUAGE = r"^[a-z]{2,3}$"
_PORT_ID = r"^[0-9]*[A-Z][A-Za-z0-9]*$"
_URL_PATTERN = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#@\\<>\"`]+(?:[/?#][^\s\\<>\"`]*)?$"


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


def _none_is_empty(value: Any) -> Any:
    return () if value is None else value


def _four_digits(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch("[0-9]{4}", value):
        message = "a year has four digits"
        raise ValueError(message)
    return value


def _none_is_nothing(value: Any) -> Any:
    return {} if value is None else value


def _one_is_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Line = Annotated[str, StringConstraints(strict=True, pattern=_LINE_PATTERN)]
"""Text on one line, with at least one visible character; kept exactly as written."""
Text = Annotated[str, StringConstraints(strict=True, pattern=r"\S")]
"""Text with at least one visible character, line breaks allowed; kept exactly as written."""
Url = Annotated[str, StringConstraints(strict=True, pattern=_URL_PATTERN)]
"""An http or https URL without user name, spaces or quotes; kept exactly as written."""
SafeId = Annotated[
    str,
    StringConstraints(strict=True, pattern=_SAFE_ID, max_length=200),
    # editors read JavaScript's dialect of patterns, where \p needs a flag
    WithJsonSchema(
        {"type": "string", "pattern": f"^{_ID_START}{_ID_REST}*(/{_ID_START}{_ID_REST}*)*$"}
    ),
]
"""A relative path of letters, digits and `._-`, whose parts begin with a letter, a digit or `_`."""
PortId = Annotated[str, StringConstraints(strict=True, pattern=_PORT_ID, max_length=40)]
"""Letters and digits of ASCII, the first letter a capital: names of this form can be told apart in `Txt23D`."""

Language = Annotated[str, StringConstraints(strict=True, pattern=_LANGUAGE)]
"""The code of a language in ISO 639, such as `ko`."""

_OptionalLine = Annotated[Line | None, BeforeValidator(_empty_is_none)]
_OptionalText = Annotated[Text | None, BeforeValidator(_empty_is_none)]
_OptionalUrl = Annotated[Url | None, BeforeValidator(_empty_is_none)]
_OptionalId = Annotated[SafeId | None, BeforeValidator(_empty_is_none)]
_Lines = Annotated[tuple[Line, ...], BeforeValidator(_none_is_empty)]
_Texts = Annotated[tuple[Text, ...], BeforeValidator(_none_is_empty)]
_Urls = Annotated[tuple[Url, ...], BeforeValidator(_none_is_empty)]


_OneOrMany = Annotated[
    tuple[Line, ...],
    BeforeValidator(_one_is_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
_Count = Annotated[int, Field(strict=True, ge=0)]


class _Rules(BaseModel):
    # building a validator takes milliseconds: not before it is used
    model_config = ConfigDict(
        extra="forbid",
        defer_build=True,
        model_title_generator=lambda rules: _SHAPES[rules].__name__,
    )


class TaskRules(_Rules):
    """What a model does, in the words of the platform and of the people who ask for it."""

    id: SafeId = Field(description="The name by which entries refer to the task.")
    description: _OptionalText = Field(None, description="What the task is, in one sentence.")
    aliases: _Lines = Field((), description="Other names of the task, lay words included.")
    vocabulary: Annotated[dict[Language, _Lines], BeforeValidator(_none_is_nothing)] = Field(
        {},
        description="What people say when they mean the task, by language: names, lay words, short questions.",
    )
    examples: _Texts = Field((), description="Whole questions that people ask about the task.")


class PortRules(_Rules):
    """A kind of data that models take and give, such as images."""

    id: PortId = Field(description="The short name by which signatures refer to it.")
    description: _OptionalLine = Field(None, description="What it is, with its article: an image.")
    aliases: _Lines = Field((), description="Other names of it, lay words included.")


class EntryRules(_Rules):
    """What models and papers have in common."""

    id: _OptionalId = Field(None, description="A short id; by default the slug of the name.")
    aliases: _Lines = Field((), description="Other names that an answer may use.")
    category: _OptionalLine = Field(None, description="Free text.")
    task: _OptionalLine = Field(None, description="The id or an alias of a task.")
    dataset: _OptionalLine = Field(None, description="The data set it was trained or measured on.")
    paper: _OptionalUrl = Field(None, description="The URL of the paper.")
    github: _OptionalUrl = Field(None, description="The URL of the code.")
    huggingface: _OptionalUrl = Field(None, description="The URL on Hugging Face.")
    links: _Urls = Field((), description="Any other URL that belongs to this entry.")
    summary: _OptionalText = Field(None, description="What it is, in a few sentences.")
    examples: _Texts = Field(
        (), description="Questions that people ask and that this entry answers."
    )
    deprecated: _OptionalText = Field(
        None, description="Why it should not be used any more, or what replaces it."
    )


class ModelRules(EntryRules):
    """One AI model of a catalog."""

    name: Line = Field(description="The name of the model, as it is printed.")
    signature: _OptionalLine = Field(
        None, description="CNAPS type signature: inputs2outputs, such as Txt2Img."
    )


class PaperRules(EntryRules):
    """One paper of a catalog."""

    title: Line = Field(description="The title of the paper, as it is printed.")
    year: Annotated[int, Field(ge=1800, le=2999), BeforeValidator(_four_digits)] | None = Field(
        None, description="The year of publication."
    )
    authors: _Lines = Field((), description="The authors, in order.")


class CatalogRules(_Rules):
    """Which AI models and papers may be used to answer questions."""

    models: Annotated[tuple[ModelRules, ...], BeforeValidator(_none_is_empty)] = Field(
        (), description="AI models."
    )
    papers: Annotated[tuple[PaperRules, ...], BeforeValidator(_none_is_empty)] = Field(
        (), description="Papers."
    )
    tasks: Annotated[tuple[TaskRules, ...], BeforeValidator(_none_is_empty)] = Field(
        (), description="Tasks."
    )
    ports: Annotated[tuple[PortRules, ...], BeforeValidator(_none_is_empty)] = Field(
        (), description="Kinds of data that signatures name, beside the built-in ones."
    )


def _kind_of_item(value: Any) -> str:
    return "entry" if isinstance(value, dict) else "name"


_ModelItem = Annotated[
    Annotated[Line, Tag("name")] | Annotated[ModelRules, Tag("entry")], Discriminator(_kind_of_item)
]
_PaperItem = Annotated[
    Annotated[Line, Tag("name")] | Annotated[PaperRules, Tag("entry")], Discriminator(_kind_of_item)
]

# what editors are told: in a YAML file only names; whole entries are for lines of JSON
_NAMES_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
)


class QuestionRules(_Rules):
    """What a person asked, and which entries may be used to answer it."""

    question: Text = Field(description="The question, exactly as it was asked.")
    id: _OptionalId = Field(
        None, description="A safe relative path; by default the name of the file."
    )
    models: Annotated[tuple[_ModelItem, ...] | None, _NAMES_SCHEMA] = Field(
        None,
        description="Names, ids or aliases of the models that may be used; recommended when left out.",
    )
    papers: Annotated[tuple[_PaperItem, ...] | None, _NAMES_SCHEMA] = Field(
        None,
        description="Titles, ids or aliases of the papers that may be used; recommended when left out.",
    )
    catalog: _OneOrMany | None = Field(
        None,
        description="A catalog file or folder, or a list of them, relative to the question's file.",
    )
    input: _OneOrMany | None = Field(
        None,
        description="The input, such as photo or [photo, text]; read from the signatures when left out.",
    )
    output: _OneOrMany | None = Field(
        None, description="The output, such as video; read from the signatures when left out."
    )


class SettingsRules(_Rules):
    """Each key is the default of the option of its name, in every command that has it.

    There is no key for the endpoint that `ask` sends a key to: a project file may come from a stranger.
    """

    catalogs: Annotated[_OneOrMany, Field(min_length=1)] | None = Field(
        None, description="Catalog files and folders, relative to this file; the first one wins."
    )
    template: Line | None = Field(
        None, description="The template of prompts: a built-in one, or a file."
    )
    model: Line | None = Field(None, description="The model that is asked, and that requests name.")
    models: _Count | None = Field(None, description="How many models are recommended, at most.")
    papers: _Count | None = Field(None, description="How many papers are recommended, at most.")
    strict: StrictBool | None = Field(None, description="Count warnings as errors.")


def json_schema(shape: type[SchemaValue]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a kind of file, for editors."""
    schema = RULES[shape].model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def named_schema(names: Mapping[Kind, Sequence[str]]) -> dict[str, Any]:
    """Return the JSON Schema of questions, with names that editors offer; any other text stays valid.

    Args:
        names: the names of entries, by kind.
    """
    schema = json_schema(Question)
    for kind, labels in names.items():
        item = {"anyOf": [{"enum": list(dict.fromkeys(labels))}, {"type": "string"}]}
        schema["properties"][kind]["anyOf"][0]["items"] = item
    return schema


M = TypeVar("M", bound=BaseModel)
V = TypeVar("V", bound=SchemaValue)

ITEMS: Final[dict[str, type[BaseModel]]] = {
    Kind.MODELS: ModelRules, Kind.PAPERS: PaperRules, Kind.TASKS: TaskRules, Kind.PORTS: PortRules,
}  # fmt: skip
"""The rules of the items of a catalog, by kind."""
RULES: Final[dict[type[SchemaValue], type[BaseModel]]] = {
    Task: TaskRules, PortEntry: PortRules, ModelEntry: ModelRules, PaperEntry: PaperRules,
    Catalog: CatalogRules, Question: QuestionRules, Settings: SettingsRules,
}  # fmt: skip
"""The rules of each kind of value."""
_SHAPES: Final[dict[type[BaseModel], type[SchemaValue]]] = {
    rules: shape for shape, rules in RULES.items()
}
# A model has a name and a paper a title: who swaps them makes no typing error, so spelling finds no suggestion.
_SWAPPED: Final = {"name": "title", "title": "name"}
_URL: Final = (
    "S204", "{subject} is not an http or https URL: {value}",
    "a link begins with http:// or https://, without spaces, quotes or a user name",
)  # fmt: skip
_ONE_LINE: Final = ("S206", "{subject} has line breaks", "write it on one line")
_ONE_LINE_IN_YAML: Final = (*_ONE_LINE[:2], "fold it into one line with '>-'")
# What is wrong with a text that does not match the pattern of its key: code, message and hint.
_PATTERNS: Final = {
    **dict.fromkeys(("paper", "github", "huggingface", "links"), _URL),
    "vocabulary": (
        "S208", "the language {value} is not valid",
        "use the code of a language in two or three small letters, such as ko",
    ),
    "id of a port": (
        "S207", "the id {value} is not valid for a port",
        "use letters and digits of ASCII, the first letter a capital, such as Msk or 3D",
    ),
    "id": (
        "S207", "the id {value} is not safe",
        "use letters, digits, '.', '_' and '-', with '/' between parts that begin with a letter, digit or '_'",
    ),
}  # fmt: skip
# Findings of a file that say what was probably meant: the first show what is wrong, and looking up takes time.
_MOST_HINTS: Final = 1_000
_UNKNOWN_KEY: Final = "extra_forbidden"
# Pydantic's errors about types, and what should stand there instead.
_WRONG_TYPES: Final = {
    "string_type": "text",
    "tuple_type": "a list",
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "model_attributes_type": "a mapping",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
}


def validate(document: Document, model: type[M]) -> Parsed[M]:
    """Validate the data of a document.

    Returns:
        The model, or None and one finding for each mistake, at its place. The document's own findings come first.
    """
    try:
        return Parsed(model.model_validate(document.data), tuple(document.findings))
    except ValidationError as error:
        if document.readable:
            _report_mistakes(document, model, _mistakes_in(document, error))
        return Parsed(None, tuple(document.findings))


def validate_value(document: Document, shape: type[V]) -> Parsed[V]:
    """Validate the data of a document by the rules of a kind of value; see `validate`."""
    parsed = validate(document, RULES[shape])
    return Parsed(None if parsed.value is None else _value_of(parsed.value), parsed.findings)


def _value_of(data: Any) -> Any:
    """What a model of rules says, as values."""
    if isinstance(data, BaseModel):
        shape = _SHAPES[type(data)]
        return shape(**{key: _value_of(value) for key, value in data})
    if isinstance(data, tuple):
        return tuple([_value_of(item) for item in data])
    return data


def validate_item(document: Document, model: type[M]) -> tuple[Finding, ...]:
    """Validate data that is one entry by itself, not a file; return only what is wrong with it."""
    try:
        model.model_validate(document.data)
    except ValidationError as error:
        for mistake in _mistakes_in(document, error):
            _report_value(document, mistake)
    return tuple(document.findings)


class _Mistake(NamedTuple):
    """An error as pydantic tells it.

    Attributes:
        kind: pydantic's name for it.
        path: where it is.
        value: what stands there.
        message: pydantic's own words.
    """

    kind: str
    path: KeyPath
    value: Any
    message: str


def _mistakes_in(document: Document, error: ValidationError) -> Iterator[_Mistake]:
    for details in error.errors(include_url=False, include_context=False):
        path = _without_tags(document.data, details["loc"])
        yield _Mistake(details["type"], path, details["input"], details["msg"])


def _without_tags(data: Any, loc: KeyPath) -> KeyPath:
    """The path that pydantic means: its locations also name the branches of unions, which are not in the data."""
    path: list[str | int] = []
    for step in loc:
        if _is_in(data, step):
            data = data[step]
            path.append(step)
        elif isinstance(data, dict) and step is loc[-1]:  # a key that is missing
            path.append(step)
    return tuple(path)


def _is_in(data: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(data, list)
    return isinstance(data, dict) and step in data


def _report_mistakes(
    document: Document, model: type[BaseModel], mistakes: Iterable[_Mistake]
) -> None:
    if isinstance(document.data, str):
        _report_plain_text(document, model, document.data)
        return
    misspelt: set[KeyPath] = set()
    # Unknown keys first: a key that is there under a wrong name is one mistake, not two.
    for mistake in sorted(mistakes, key=lambda mistake: mistake.kind != _UNKNOWN_KEY):
        if mistake.kind == _UNKNOWN_KEY:
            misspelt.add((*mistake.path[:-1], _report_unknown_key(document, model, mistake.path)))
        elif mistake.kind != "missing":
            _report_value(document, mistake)
        elif mistake.path not in misspelt:
            document.report("S202", mistake.path[:-1], f"missing key {mistake.path[-1]!r}")


def _report_plain_text(document: Document, model: type[BaseModel], text: str) -> None:
    """Report a file that is one text, and what to type to make it a mapping."""
    hint = f"write an object with the keys {', '.join(model.model_fields)}"
    if document.is_yaml:
        hint = _hint_about_plain_text(model, text)
    document.report("S203", (), "a file of this kind must be a mapping, not text", hint)


def _hint_about_plain_text(model: type[BaseModel], text: str) -> str:
    keys = model.model_fields
    key, colon, value = text.partition(":")
    if colon and key.strip() in keys:
        return f"put a space after the colon: {key.strip()}: {shorten(value.strip())}"
    if "question" in keys:
        return f"write the key before the text: question: {scalar(shorten(text))}"
    return f"begin with one of the keys {', '.join(keys)}, each with a colon"


def _report_unknown_key(document: Document, model: type[BaseModel], path: KeyPath) -> str:
    """Report an unknown key; return the one that was probably meant, or nothing."""
    key = str(path[-1])
    if len(path) > 1:
        model = ITEMS[str(path[0])]
    allowed = model.model_fields
    meant = _meant_key(document, key, allowed)
    if not _is_mistaken_character(document, key):
        hint = meant_hint(meant) or f"the keys are {', '.join(allowed)}"
        document.report("S201", path, f"unknown key {shorten(key)!r}", hint, key=True, text=key)
    return meant or ""


def _meant_key(document: Document, key: str, allowed: Collection[str]) -> str | None:
    """The key that an unknown one probably stands for."""
    swapped = _SWAPPED.get(key)
    if swapped in allowed:
        return swapped
    # looking for the nearest takes long: of very many mistakes the first show what is wrong
    if len(document.findings) >= _MOST_HINTS:
        return None
    return suggest(key, allowed)


def _is_mistaken_character(document: Document, text: str) -> bool:
    """Whether refused characters, which were replaced, are the mistake of a text: there is a finding about them."""
    return "\ufffd" in text and _has_refused_characters(document)


def _has_refused_characters(document: Document) -> bool:
    return "Y108" in (finding.code for finding in document.findings)


def _report_value(document: Document, mistake: _Mistake) -> None:
    """Report a value, in the way of its kind of mistake."""
    report = _report_invalid
    if mistake.kind in _WRONG_TYPES:
        report = _report_type
    report = _REPORTS.get(mistake.kind, report)
    report(document, mistake)


def _report_half(document: Document, mistake: _Mistake) -> None:
    """Report half a character, unless there is a finding about it; of a key pydantic does not even say which it is."""
    if not _has_refused_characters(document):
        _report_invalid(document, mistake)


def _report_type(document: Document, mistake: _Mistake) -> None:
    kind, path, value, _ = mistake
    message = f"{_subject(path)} must be {_WRONG_TYPES[kind]}, not {_describe(value)}"
    hints = _YAML_HINTS if document.is_yaml else _HINTS
    document.report("S203", path, message, hints.get((kind, type(value))))


def _report_invalid(document: Document, mistake: _Mistake) -> None:
    shown = shorten(str(mistake.value), 40)
    hint = _FOREIGN_WORDS.sub(_in_our_words, mistake.message)
    document.report("S208", mistake.path, f"{_subject(mistake.path)} is not valid: {shown!r}", hint)


# How pydantic begins some of its messages: errors of our own validators, numbers out of range, and empty lists.
_FOREIGN_WORDS: Final = lazy_regex(
    "Value error, |Input should be (?P<limit>greater|less) than or equal to "
    "|(?P<empty>(?:Tuple|Value) should have at least 1 .*)"
)


def _in_our_words(begin: re.Match[str]) -> str:
    if begin["empty"]:
        return "name at least one"
    return {"greater": "write at least ", "less": "write at most "}.get(begin["limit"], "")


def _report_text(document: Document, mistake: _Mistake) -> None:
    """Report a text that does not match the pattern of its key."""
    _, path, value, _ = mistake
    if _is_mistaken_character(document, value):
        return
    if not value.strip():
        document.report(
            "S205", path, f"{_subject(path)} is empty", "leave it out, or fill it in", text=value
        )
        return
    one_line = _ONE_LINE_IN_YAML if document.is_yaml else _ONE_LINE
    code, message, hint = _PATTERNS.get(_pattern_key(path), one_line)
    document.report(
        code,
        path,
        message.format(subject=_subject(path), value=repr(shorten(value))),
        hint,
        text=value,
    )


def _pattern_key(path: KeyPath) -> str:
    """What the pattern of a text is called: mostly the last key of its path."""
    if path[-2:-1] == ("vocabulary",):
        return "vocabulary"
    key = next(filter(_is_key, reversed(path)))
    if (path[0], key) == (Kind.PORTS, "id"):
        return "id of a port"
    return str(key)


def _is_key(step: str | int) -> bool:
    return isinstance(step, str)


# How mistakes are reported that are not about the type of a value.
_REPORTS: Final = {
    "string_unicode": _report_half, "string_pattern_mismatch": _report_text, "string_too_long": _report_text,
}  # fmt: skip


def _subject(path: KeyPath) -> str:
    """What a path is called in a message: `'paper'`, `item 2 of 'aliases'`."""
    if not path:
        return "a file of this kind"
    last = path[-1]
    if isinstance(last, int):
        return f"item {last + 1} of {str(path[-2])!r}"
    return repr(last)


def _describe(value: Any) -> str:
    return _DESCRIPTIONS.get(type(value), "a date")  # of the kinds that YAML, JSON and TOML know


_DESCRIPTIONS: Final[dict[type, str]] = {
    type(None): "nothing",
    bool: "true or false",
    int: "a number",
    float: "a decimal number",
    str: "text",
    list: "a list",
    dict: "a mapping",
}


_UNQUOTED: Final = "quote it, so that it stays the text that you wrote"
# What to do about a value, by pydantic's error and the type of the value: in YAML, and in JSON and TOML.
_YAML_HINTS: Final[dict[tuple[str, type], str]] = {
    ("string_type", dict): "quote a text that holds ': '",
    ("string_type", type(None)): "write the text; quote it if it is the word null",
    ("string_type", bool): _UNQUOTED,
    ("string_type", int): _UNQUOTED,
    ("string_type", float): _UNQUOTED,
    ("tuple_type", str): "begin each item with '- ' on a line of its own, or write [one, two]",
}
_HINTS: Final[dict[tuple[str, type], str]] = {
    ("string_type", bool): _UNQUOTED,
    ("string_type", int): _UNQUOTED,
    ("string_type", float): _UNQUOTED,
    ("tuple_type", str): 'put it in brackets, as in ["one", "two"]',
}

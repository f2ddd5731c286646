"""The shape of catalogs, questions and settings: frozen models that forbid unknown keys, and the kinds of entries.

Values only, no behaviour, no files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StringConstraints,
    Tag,
    WithJsonSchema,
)

# Patterns that Rust's regex crate (pydantic) and JSON Schema both know: no look-around, no possessive quantifiers.
_ONE_LINE = r"^[^\n]*[^\s][^\n]*$"
_SAFE_ID = r"^[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}._-]*(?:/[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}._-]*)*$"
# The same for editors as far as their dialect can say it: not a sign of ASCII.
_ID_START = r"[^\x00-/:-@\[-^`{-\x7f]"
_ID_REST = r"[^\x00-,/:-@\[-^`{-\x7f]"
_LANGUAGE = r"^[a-z]{2,3}$"
_PORT_ID = r"^[0-9]*[A-Z][A-Za-z0-9]*$"
_URL = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#@\\<>\"`]+(?:[/?#][^\s\\<>\"`]*)?$"


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


Line = Annotated[str, StringConstraints(strict=True, pattern=_ONE_LINE)]
"""Text on one line, with at least one visible character; kept exactly as written."""
Text = Annotated[str, StringConstraints(strict=True, pattern=r"\S")]
"""Text with at least one visible character, line breaks allowed; kept exactly as written."""
Url = Annotated[str, StringConstraints(strict=True, pattern=_URL)]
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


class _Strict(BaseModel):
    # Values are shared and used as keys. Building a validator takes milliseconds: not before it is used.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Task(_Strict):
    """What a model does, in the words of the platform and of the people who ask for it."""

    id: SafeId = Field(description="The name by which entries refer to the task.")
    description: _OptionalText = Field(None, description="What the task is, in one sentence.")
    aliases: _Lines = Field((), description="Other names of the task, lay words included.")
    vocabulary: Annotated[dict[Language, _Lines], BeforeValidator(_none_is_nothing)] = Field(
        {},
        description="What people say when they mean the task, by language: names, lay words, short questions.",
    )
    examples: _Texts = Field((), description="Whole questions that people ask about the task.")


class PortEntry(_Strict):
    """A kind of data that models take and give, such as images."""

    id: PortId = Field(description="The short name by which signatures refer to it.")
    description: _OptionalLine = Field(None, description="What it is, with its article: an image.")
    aliases: _Lines = Field((), description="Other names of it, lay words included.")


class Entry(_Strict):
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

    @property
    def label(self) -> str:
        """The name of a model, the title of a paper."""
        raise NotImplementedError


class ModelEntry(Entry):
    """One AI model of a catalog."""

    name: Line = Field(description="The name of the model, as it is printed.")
    signature: _OptionalLine = Field(
        None, description="CNAPS type signature: inputs2outputs, such as Txt2Img."
    )

    @property
    def label(self) -> str:
        """The name."""
        return self.name


class PaperEntry(Entry):
    """One paper of a catalog."""

    title: Line = Field(description="The title of the paper, as it is printed.")
    year: Annotated[int, Field(ge=1800, le=2999), BeforeValidator(_four_digits)] | None = Field(
        None, description="The year of publication."
    )
    authors: _Lines = Field((), description="The authors, in order.")

    @property
    def label(self) -> str:
        """The title."""
        return self.title


class Catalog(_Strict):
    """Which AI models and papers may be used to answer questions."""

    models: Annotated[tuple[ModelEntry, ...], BeforeValidator(_none_is_empty)] = Field(
        (), description="AI models."
    )
    papers: Annotated[tuple[PaperEntry, ...], BeforeValidator(_none_is_empty)] = Field(
        (), description="Papers."
    )
    tasks: Annotated[tuple[Task, ...], BeforeValidator(_none_is_empty)] = Field(
        (), description="Tasks."
    )
    ports: Annotated[tuple[PortEntry, ...], BeforeValidator(_none_is_empty)] = Field(
        (), description="Kinds of data that signatures name, beside the built-in ones."
    )


def _kind_of_item(value: Any) -> str:
    return "entry" if isinstance(value, dict) else "name"


_ModelItem = Annotated[
    Annotated[Line, Tag("name")] | Annotated[ModelEntry, Tag("entry")], Discriminator(_kind_of_item)
]
_PaperItem = Annotated[
    Annotated[Line, Tag("name")] | Annotated[PaperEntry, Tag("entry")], Discriminator(_kind_of_item)
]

# what editors are told: in a YAML file only names; whole entries are for lines of JSON
_NAMES_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
)


class Question(_Strict):
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


class Settings(_Strict):
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


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a kind of file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}


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


class Kind(StrEnum):
    """One kind of entry. Its value is the key under which a catalog lists the entries of this kind."""

    MODELS = "models"
    PAPERS = "papers"
    TASKS = "tasks"
    PORTS = "ports"

    @property
    def name_key(self) -> str:
        """The key that names an entry of this kind."""
        return _NAME_KEYS[self]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of an entry of this kind, in the order in which they are written."""
        return _KEYS[self]

    def keys_before(self, key: str) -> tuple[str, ...]:
        """Return the keys that are written before a key."""
        return self.keys[: self.keys.index(key)]

    @property
    def singular(self) -> str:
        """The word for one entry of this kind."""
        return self.value.removesuffix("s")


_NAME_KEYS: Final = {Kind.MODELS: "name", Kind.PAPERS: "title", Kind.TASKS: "id", Kind.PORTS: "id"}

# The order in which people read an entry: what it is called, what it does, where it is, what is said about it.
_KEYS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.MODELS: (
        "name", "id", "aliases", "signature", "task", "category", "dataset", "paper", "github", "huggingface", "links",
        "summary", "examples", "deprecated",
    ),
    Kind.PAPERS: (
        "title", "id", "aliases", "authors", "year", "task", "category", "dataset", "paper", "github", "huggingface",
        "links", "summary", "examples", "deprecated",
    ),
    Kind.TASKS: ("id", "description", "aliases", "vocabulary", "examples"),
    Kind.PORTS: ("id", "description", "aliases"),
}  # fmt: skip

SOURCE_KINDS: Final = (Kind.MODELS, Kind.PAPERS)
"""The kinds whose entries can be offered to a question as sources."""

ENTRY_KEYS: Final = tuple(dict.fromkeys(key for kind in Kind for key in kind.keys))
"""Every key that an entry of some kind can have, each once."""


def entry_record(kind: Kind, entry: Entry | Task | PortEntry) -> dict[str, Any]:
    """Return what an entry says as plain data: its keys in the order of `Kind.keys`, without what it leaves out."""
    data = entry.model_dump(mode="json", exclude_defaults=True)
    return {key: data[key] for key in kind.keys if key in data}

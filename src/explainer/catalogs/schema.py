"""The shape of catalogs, questions and settings: frozen values, and the kinds of entries.

Values only, no behaviour, no files. What people may write for them, and what they are told otherwise: `validation`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

_Year: TypeAlias = Annotated[int, Meta(ge=1800, le=2999)]
_Count: TypeAlias = Annotated[int, Meta(ge=0)]


class SchemaValue(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What all values have in common: they are shared and used as keys; written down, they leave out what is empty."""


class Task(SchemaValue, frozen=True, kw_only=True):
    """What a model does, in the words of the platform and of the people who ask for it.

    Attributes:
        id: the name by which entries refer to it.
        description: what it is, in one sentence.
        aliases: its other names, lay words included.
        vocabulary: what people say when they mean it, by language.
        examples: whole questions that people ask about it.
    """

    id: str
    description: str | None = None
    aliases: tuple[str, ...] = ()
    vocabulary: dict[str, tuple[str, ...]] = {}
    examples: tuple[str, ...] = ()


class PortEntry(SchemaValue, frozen=True, kw_only=True):
    """A kind of data that models take and give, such as images.

    Attributes:
        id: the short name by which signatures refer to it.
        description: what it is, with its article.
        aliases: its other names, lay words included.
    """

    id: str
    description: str | None = None
    aliases: tuple[str, ...] = ()


class Entry(SchemaValue, frozen=True, kw_only=True):
    """What models and papers have in common.

    Attributes:
        id: its id, where it has one of its own.
        aliases: other names that an answer may use.
        category: free text.
        task: the id or an alias of a task.
        dataset: what it was trained or measured on.
        paper: the URL of the paper.
        github: the URL of the code.
        huggingface: its URL on Hugging Face.
        links: any other URL that belongs to it.
        summary: what it is, in a few sentences.
        examples: questions that it answers.
        deprecated: why it should not be used any more, or what replaces it.
    """

    id: str | None = None
    aliases: tuple[str, ...] = ()
    category: str | None = None
    task: str | None = None
    dataset: str | None = None
    paper: str | None = None
    github: str | None = None
    huggingface: str | None = None
    links: tuple[str, ...] = ()
    summary: str | None = None
    examples: tuple[str, ...] = ()
    deprecated: str | None = None

    @property
    def label(self) -> str:
        """The name of a model, the title of a paper."""
        raise NotImplementedError


class ModelEntry(Entry, frozen=True, kw_only=True):
    """One AI model of a catalog.

    Attributes:
        name: its name, as it is printed.
        signature: its CNAPS type signature, such as `Txt2Img`.
    """

    name: str
    signature: str | None = None

    @property
    def label(self) -> str:
        """The name."""
        return self.name


class PaperEntry(Entry, frozen=True, kw_only=True):
    """One paper of a catalog.

    Attributes:
        title: its title, as it is printed.
        year: the year of publication.
        authors: its authors, in order.
    """

    title: str
    year: _Year | None = None
    authors: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The title."""
        return self.title


class Catalog(SchemaValue, frozen=True, kw_only=True):
    """Which AI models and papers may be used to answer questions."""

    models: tuple[ModelEntry, ...] = ()
    papers: tuple[PaperEntry, ...] = ()
    tasks: tuple[Task, ...] = ()
    ports: tuple[PortEntry, ...] = ()


class Question(SchemaValue, frozen=True, kw_only=True):
    """What a person asked, and which entries may be used to answer it.

    Attributes:
        question: the question, exactly as it was asked.
        id: its id, where it has one of its own.
        models: names of the models that may be used, or whole entries; None where they are recommended.
        papers: the same of papers.
        catalog: the catalogs to answer from, relative to the question's file.
        input: the kinds of data that go in, in words.
        output: the kinds of data that come out, in words.
    """

    question: str
    id: str | None = None
    models: tuple[str | ModelEntry, ...] | None = None
    papers: tuple[str | PaperEntry, ...] | None = None
    catalog: tuple[str, ...] | None = None
    input: tuple[str, ...] | None = None
    output: tuple[str, ...] | None = None


class Settings(SchemaValue, frozen=True, kw_only=True):
    """Each is the default of the option of its name, in every command that has it."""

    catalogs: Annotated[tuple[str, ...], Meta(min_length=1)] | None = None
    template: str | None = None
    model: str | None = None
    models: _Count | None = None
    papers: _Count | None = None
    strict: bool | None = None


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


def plain_data(value: SchemaValue) -> dict[str, Any]:
    """Return what a value says as plain data, in the order of its fields, without what it leaves out."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return data


def entry_record(kind: Kind, entry: Entry | Task | PortEntry) -> dict[str, Any]:
    """Return what an entry says as plain data: its keys in the order of `Kind.keys`, without what it leaves out."""
    data = plain_data(entry)
    return {key: data[key] for key in kind.keys if key in data}

"""Plain data with positions → a model of `schema`, or findings in the words of people who edit YAML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from explainer.catalogs.schema import ModelEntry, PaperEntry, PortEntry, Task
from explainer.diagnostics.finding import Finding, Parsed
from explainer.diagnostics.text import shorten, suggest
from explainer.documents.document import Document, KeyPath

M = TypeVar("M", bound=BaseModel)

ITEMS: Final[dict[str, type[BaseModel]]] = {
    "models": ModelEntry, "papers": PaperEntry, "tasks": Task, "ports": PortEntry,
}  # fmt: skip
"""The kinds of items of a catalog."""
_SWAPPED: Final = {"name": "title", "title": "name"}
_URL_KEYS: Final = frozenset({"paper", "github", "huggingface", "links"})
_ONE_LINE_KEYS: Final = frozenset({"name", "title", "category", "task", "dataset", "signature", "aliases", "authors"})
_WRONG_TYPES: Final = {
    "string_type": "text",
    "tuple_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
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
            _report_faults(document, model, error.errors(include_url=False, include_context=False))
        return Parsed(None, tuple(document.findings))


def validate_item(document: Document, model: type[M]) -> tuple[Finding, ...]:
    """Validate data that is one entry by itself, not a file; return only what is wrong with it."""
    try:
        model.model_validate(document.data)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False):
            _report_value(document, _without_tags(document.data, fault["loc"]), fault)
    return tuple(document.findings)


def _report_faults(document: Document, model: type[BaseModel], faults: Sequence[Any]) -> None:
    misspelt: set[KeyPath] = set()
    for fault in faults:
        path = _without_tags(document.data, fault["loc"])
        if fault["type"] == "extra_forbidden":
            misspelt.add((*path[:-1], _report_unknown(document, model, path)))
    for fault in faults:
        path = _without_tags(document.data, fault["loc"])
        if fault["type"] == "missing":
            if path not in misspelt:  # a key that is there under a wrong name is one mistake, not two
                document.report("S202", path[:-1], f"the key {path[-1]!r} is missing")
        elif fault["type"] != "extra_forbidden":
            _report_value(document, path, fault)


def _report_unknown(document: Document, model: type[BaseModel], path: KeyPath) -> str:
    """Report an unknown key; return the one that was probably meant, or nothing."""
    key = str(path[-1])
    allowed = list((ITEMS[str(path[0])] if len(path) > 1 else model).model_fields)
    meant = _SWAPPED.get(key) if _SWAPPED.get(key) in allowed else suggest(key, allowed)
    if "\ufffd" in key and any(finding.code == "Y108" for finding in document.findings):
        return meant or ""
    hint = f"did you mean {meant!r}?" if meant else f"the keys are {', '.join(allowed)}"
    document.report("S201", path, f"unknown key {shorten(key)!r}", hint, key=True, text=key)
    return meant or ""


def _report_value(document: Document, path: KeyPath, fault: Any) -> None:
    kind, value = fault["type"], fault["input"]
    if kind in ("string_pattern_mismatch", "string_too_long"):
        if "\ufffd" not in value or not any(finding.code == "Y108" for finding in document.findings):
            _report_text(document, path, str(value))  # else its refused characters are the mistake
    elif kind in _WRONG_TYPES:
        subject = _subject(path) if path else "a file of this kind"
        message = f"{subject} must be {_WRONG_TYPES[kind]}, not {_describe(value)}"
        document.report("S203", path, message, _type_hint(kind, value))
    else:
        document.report("S208", path, f"{_subject(path)} is not valid: {shorten(str(value), 40)!r}", _hint_of(fault))


def _without_tags(data: Any, loc: KeyPath) -> KeyPath:
    """The path that pydantic means: its locations also name the branches of unions, which are not in the data."""
    path: list[str | int] = []
    for step in loc:
        inside = isinstance(data, list) if isinstance(step, int) else isinstance(data, dict) and step in data
        if inside:
            data = data[step]
        if inside or (isinstance(data, dict) and step is loc[-1]):  # the last step may be a key that is missing
            path.append(step)
    return tuple(path)


def _hint_of(fault: Any) -> str:
    """Pydantic's own words."""
    return str(fault["msg"]).removeprefix("Value error, ")


def _report_text(document: Document, path: KeyPath, value: str) -> None:
    """A text that does not match the pattern of its key."""
    key = _key(path)
    if not value.strip():
        document.report("S205", path, f"{_subject(path)} is empty", "leave it out, or fill it in", text=value)
    elif key in _URL_KEYS:
        message = f"{_subject(path)} is not an http or https URL: {shorten(value)!r}"
        hint = "a link begins with http:// or https:// and holds no space, quote or user name"
        document.report("S204", path, message, hint, text=value)
    elif key == "id" and path[0] == "ports":
        hint = "use letters and digits of ASCII, the first letter a capital, such as Msk or 3D"
        document.report("S207", path, f"the id {shorten(value)!r} is none of a port", hint, text=value)
    elif key == "id":
        hint = "use letters, digits, '.', '_' and '-', with '/' between parts that begin with a letter, digit or '_'"
        document.report("S207", path, f"the id {shorten(value)!r} is not safe", hint, text=value)
    else:
        hint = "fold it into one line with '>-'"
        document.report("S206", path, f"{_subject(path)} has line breaks", hint, text=value)


def _key(path: KeyPath) -> str:
    return next(step for step in reversed(path) if isinstance(step, str))


def _subject(path: KeyPath) -> str:
    """What a path is called in a message: `'paper'`, `item 2 of 'aliases'`."""
    last = path[-1]
    return f"item {last + 1} of {str(path[-2])!r}" if isinstance(last, int) else repr(last)


def _describe(value: Any) -> str:
    if value is None:
        return "nothing"
    names = ((bool, "true or false"), (int, "a number"), (float, "a number"), (str, "text"), (dict, "a mapping"))
    return next((name for kind, name in names if isinstance(value, kind)), "a list")


def _type_hint(kind: str, value: Any) -> str | None:
    if kind == "string_type" and isinstance(value, dict):
        return "quote a text that holds ': '"
    if kind == "string_type" and value is None:
        return "write the text; quote it if it is the word null"
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "quote it, so that it stays the text that you wrote"
    if kind == "tuple_type" and isinstance(value, str):
        return "begin each item with '- ' on a line of its own, or write [one, two]"
    return None

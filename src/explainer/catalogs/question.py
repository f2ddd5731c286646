"""One question: a YAML file, a line of JSON, or plain text → `LoadedQuestion`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from explainer.catalogs.schema import SOURCE_KINDS, Kind, Question
from explainer.catalogs.validation import validate
from explainer.diagnostics.finding import Parsed, has_errors
from explainer.documents.document import Document, as_mapping, character_findings, is_text, items_of
from explainer.documents.json_reader import read_json_line
from explainer.documents.yaml_reader import read_yaml


@dataclass(frozen=True, slots=True)
class LoadedQuestion:
    """A question and where it comes from.

    Attributes:
        id: its own id, or the default that its source gives it.
        question: the question as it was written.
        document: the way back from its values to their places.
        partial: it has mistakes, and parts of it may be left out. Its names can be resolved, to find their mistakes
            too; it cannot be rendered.
    """

    id: str
    question: Question
    document: Document = field(compare=False, repr=False)
    partial: bool = False


def parse_question(text: str, file: str, *, default_id: str) -> Parsed[LoadedQuestion]:
    """Read a question from YAML text.

    Args:
        text: the text of the file.
        file: the name that findings give it.
        default_id: the id of a question that has none of its own.
    """
    return question_from(read_yaml(text, file), default_id=default_id)


def question_from(document: Document, *, default_id: str) -> Parsed[LoadedQuestion]:
    """Read a question from a document of YAML; see `parse_question`."""
    for kind in SOURCE_KINDS:
        _report_mappings(document, kind)
    return load_document(document, default_id)


def _report_mappings(document: Document, kind: Kind) -> None:
    """Report the mappings in a list of names."""
    for index, item in enumerate(items_of(document.data, kind)):
        if isinstance(item, dict):
            message = f"item {index + 1} of {kind.value!r} must be a name, not a mapping"
            hint = "quote a title that holds ': '; whole entries belong in a catalog"
            document.report("S203", (kind, index), message, hint)
            # One mistake is one finding: what else the schema says about the mapping is not worth saying.
            document.unreliable.add((kind, index))


def parse_question_line(
    text: str, file: str, line: int, *, passed_over: Collection[str] = ()
) -> Parsed[LoadedQuestion]:
    """Read a question from a line of JSON, where items of `models` and `papers` may be whole entries.

    Args:
        text: the line.
        file: the name that findings give its file.
        line: its number, from 1; the default id is `line-N`.
        passed_over: keys that a line may have for other readers.
    """
    document = read_json_line(text, file, line)
    for key in passed_over:
        as_mapping(document.data).pop(key, None)
    return load_document(document, f"line-{line}")


def question_from_text(
    text: str, *, default_id: str = "question", file: str = "<text>"
) -> Parsed[LoadedQuestion]:
    """Make a question of plain text, with nothing said about models and papers."""
    return load_document(
        Document(file, {"question": text}, character_findings(text, file, source=False)), default_id
    )


def load_document(document: Document, default_id: str) -> Parsed[LoadedQuestion]:
    """Make a question of plain data that was read already."""
    parsed = validate(document, Question)
    if parsed.value is not None:
        partial = has_errors(parsed.findings)
        return Parsed(
            LoadedQuestion(parsed.value.id or default_id, parsed.value, document, partial),
            parsed.findings,
        )
    if not document.readable or not isinstance(document.data, dict):
        return Parsed(None, parsed.findings)
    usable = _without_mistakes(document.data)
    return Parsed(LoadedQuestion(default_id, usable, document, partial=True), parsed.findings)


def _without_mistakes(data: dict[str, Any]) -> Question:
    """What can be used of a question with mistakes: its catalogs and its names. Other items become empty names."""
    usable: dict[str, Any] = {"question": "", "catalog": _catalogs_named(data.get("catalog"))}
    for kind in SOURCE_KINDS:
        if isinstance(data.get(kind), list):
            usable[kind] = tuple(map(_name_in, data[kind]))
    return Question.model_construct(**usable)


def _name_in(item: Any) -> str:
    """An item of a list of names, or an empty name for what is none, or has lost characters that were refused."""
    if is_text(item) and "\ufffd" not in item:
        return item
    return ""


def _catalogs_named(value: Any) -> tuple[str, ...] | None:
    """The paths of `catalog:`, or None when one of them cannot be one."""
    try:
        return Question(question="?", catalog=value).catalog or None
    except ValidationError:
        return None

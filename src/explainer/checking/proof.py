"""The proof of one answer, as a line of JSON: which citation rests on which entry, with all that it takes to prove it.

A record holds the answer, the question, and the entries that were offered, whole: `check` reads it as it reads any line
of answers, and needs neither the model nor the catalogs of the day. Hashes are SHA-256 (FIPS 180-4) of UTF-8, so that
`sha256sum answer.md` says the same. A record is written in one way only: a byte that differs is a change.

What a hash cannot do: whoever writes a record anew, with new hashes, has written another record. Against that stand the
files that it speaks of: the published answer, the prompt, and the catalogs (`check … --catalog`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explainer._package import __version__
from explainer.catalogs.library import EntryIndex, Library, Sources
from explainer.catalogs.links import Link
from explainer.catalogs.schema import Entry, ModelEntry, PaperEntry
from explainer.checking.answer_lines import clean
from explainer.checking.check import CheckReport, Citation, check_answer
from explainer.checking.links_in_text import spot_links
from explainer.checking.offered import Offered, OfferedEntry, offered_by_sources
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import shorten

SCHEMA: Final = "explainer/provenance/1"
"""The version of the records."""

_FAMILY: Final = "explainer/provenance/"
_TOOL: Final = f"explainer {__version__}"
# a line with all of these keys is a record, even when somebody took its schema away
_OTHER_MARKS: Final = frozenset({"answer_sha256", "prompt_sha256", "citations", "sha256"})
_TELLING_KEYS: Final = frozenset({"schema", "id", "answer", "question"})  # without them nothing can be proved


class _Record(BaseModel):
    """The keys of a record. What most of them hold is proved by computing it again, not by its shape."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: Literal["explainer/provenance/1"] = Field(alias="schema")
    tool: Any
    id: str
    grounded: Any
    answer: str
    answer_sha256: Any
    prompt_sha256: Any
    question: str
    models: Any
    papers: Any
    citations: Any
    sha256: Any
    about: Any = None


def proof_record(
    report: CheckReport,
    question: str,
    sources: Sources,
    *,
    prompt: str | None = None,
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the record of a checked answer.

    Args:
        report: the answer, checked.
        question: the question, as it was asked.
        sources: the entries that were offered to it.
        prompt: the whole text of the prompt, if there was one; the record keeps its hash.
        about: what else is worth keeping, such as the model that answered; plain JSON.
    """
    answer = clean(report.text)
    offered = offered_by_sources(sources, question)
    again = check_answer(answer, offered)
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "tool": _TOOL,
        "id": report.id,
        "grounded": report.grounded and again.grounded,
        "answer": answer,
        "answer_sha256": sha256_of(answer),
        "prompt_sha256": sha256_of(prompt) if prompt is not None else None,
        "question": question,
        "models": [_plain(entry) for entry in sources.models],
        "papers": [_plain(entry) for entry in sources.papers],
        "citations": list(_citations(again, offered, sources)),
    }
    if about:
        record["about"] = dict(about)
    record["sha256"] = sha256_of(_text(record))
    return record


def proof_line(record: Mapping[str, Any]) -> str:
    """Return a record as the line that it is written as."""
    return _text(record) + "\n"


def is_record(data: Mapping[str, Any]) -> bool:
    """Whether a line of JSON is such a record, of whatever version; also when the key that says so was changed."""
    schema = data.get("schema")
    return (isinstance(schema, str) and schema.startswith(_FAMILY)) or set(data) >= _OTHER_MARKS


def verify_record(data: Mapping[str, Any], line: str, sources: Sources, place: Location) -> tuple[Finding, ...]:
    """Prove a record anew, from what it holds.

    Args:
        data: the record, as it was read.
        line: the line that it was read from.
        sources: its entries.
        place: where it stands.

    Returns:
        What does not hold. Whether its answer is grounded is for `check_answer` to say.
    """
    try:
        record = _Record.model_validate(data)
    except ValidationError as error:
        return (_shape_fault(error, place),)
    return tuple(_faults(record, data, line.strip(), sources, place))


def _shape_fault(error: ValidationError, place: Location) -> Finding:
    # Pydantic names no place for a key that holds half a character.
    places = [fault["loc"] for fault in error.errors(include_url=False, include_context=False)]
    keys = {str(path[0]) for path in places if path}
    if keys & _TELLING_KEYS:
        return Finding("A901", place, f"not a whole record of the version {SCHEMA!r}", f"this is {_TOOL}")
    quoted = ", ".join(repr(shorten(key)) for key in sorted(keys))
    return Finding("A901", place, f"keys are missing or unknown: {quoted}")


def _faults(
    record: _Record, data: Mapping[str, Any], line: str, sources: Sources, place: Location
) -> Iterator[Finding]:
    if not _as_written(data, line):
        message = "the record is not as it was written: its hash is another one"
        yield Finding("A902", place, message, "take it from where it was written, or ask again")
    if record.answer_sha256 != sha256_of(record.answer):
        yield Finding("A903", place, "the hash of the answer is not that of the answer that stands there")
    offered = offered_by_sources(sources, record.question)
    proved = check_answer(record.answer, offered)
    if record.citations != list(_citations(proved, offered, sources)):
        message = "what the record says of its citations does not follow from its answer and its entries"
        yield Finding("A903", place, message, f"this is {_TOOL}, it was written by {shorten(str(record.tool))}")
    if record.grounded is not True:
        yield Finding("A904", place, "the record itself says that the answer is not grounded")


def _as_written(data: Mapping[str, Any], line: str) -> bool:
    try:
        hashed = {key: value for key, value in data.items() if key != "sha256"}
        return bool(data["sha256"] == sha256_of(_text(hashed)) and line == _text(data))
    except (ValueError, RecursionError):  # what is no JSON, or nested without end, was never written
        return False


def recorded_answers(lines: Iterable[str]) -> frozenset[str]:
    """Return the answers of the records among some lines of JSON."""
    answers = set()
    for line in lines:
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            continue  # whoever reads the records says so
        answer = data.get("answer") if isinstance(data, dict) and is_record(data) else None
        if isinstance(answer, str):
            answers.add(answer)
    return frozenset(answers)


def without_record(report: CheckReport, answers: Collection[str]) -> Finding | None:
    """Return what to say of an answer that is none of those recorded; None when it is one, byte for byte."""
    if clean(report.text) in answers:
        return None
    message = "the proof is of another answer, or of this one before it was changed"
    return Finding("A907", Location(report.file), message, f"the SHA-256 of this one is {sha256_of(report.text)}")


def changed_since(sources: Sources, cited: Mapping[str, Any], library: Library, place: Location) -> Iterator[Finding]:
    """Compare the entries of a record with the catalogs of today.

    Args:
        sources: the entries, as they were offered.
        cited: the record; an entry that it cites must still be there.
        library: the catalogs.
        place: where the record stands.
    """
    cited_names = _cited_names(cited)
    for entry, today in (*_today(sources.models, library.models), *_today(sources.papers, library.papers)):
        name = shorten(entry.label)
        is_missed = library.complete and entry.label not in library.broken and entry.label in cited_names
        if today is None and is_missed:
            yield Finding("A906", place, f"the catalogs no longer have {name!r}, which the answer cites")
        elif today is not None and today != entry:
            keys = ", ".join(key for key, value in entry if getattr(today, key) != value)
            message = f"{name!r} has changed since in the catalogs: {keys}"
            yield Finding("A905", place, message, "the answer is checked against the entry of today")


def _cited_names(record: Mapping[str, Any]) -> list[Any]:
    """The names of the entries that a record cites, as far as it can be read: `verify_record` says what is wrong."""
    rows = record.get("citations")
    return [row.get("entry") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def as_catalogued(sources: Sources, library: Library) -> Sources:
    """Return the entries as the catalogs have them today; those that they do not have, as they were."""
    return Sources(
        tuple(today or entry for entry, today in _today(sources.models, library.models)),
        tuple(today or entry for entry, today in _today(sources.papers, library.papers)),
    )


def _today(entries: Sequence[Any], index: EntryIndex[Any]) -> Iterator[tuple[Any, Any]]:
    """Each entry with what the catalogs have for it today, if they have it: the same, or one of its id, or its name."""
    for entry in entries:
        named = index.find(entry.label)
        by_id = index.find(entry.id) if entry.id else []
        same = [entry] if entry in named else []
        yield entry, next(iter((*same, *by_id, *named)), None)


def _citations(report: CheckReport, offered: Offered, sources: Sources) -> Iterator[dict[str, Any]]:
    """What each citation rests on: the entry that it means, and the link of that entry that stands for it."""
    entries: Sequence[ModelEntry | PaperEntry] = (*sources.models, *sources.papers)
    for citation in report.citations:
        index = _meant(citation, offered)
        yield {
            "text": citation.text,
            "kind": citation.kind,
            "status": citation.status,
            "line": citation.line,
            "column": citation.column,
            "entry": citation.entry,
            "entry_sha256": sha256_of(_text(_plain(entries[index]))) if index is not None else None,
            "link": _link(citation, index, offered) if index is not None else None,
        }


def _meant(citation: Citation, offered: Offered) -> int | None:
    """The offered entry that a citation means; of a model and a paper of one name, the one whose link it is."""
    named = [index for index, source in enumerate(offered.sources) if source.name == citation.entry]
    link = _linked(citation, offered)
    owning = [index for index in named if _spelling(offered.sources[index], link) is not None]
    return next(iter([*owning, *named]), None)


def _link(citation: Citation, index: int, offered: Offered) -> str | None:
    """The URL of an entry that a citation rests on, as it was offered: the same link, else the entry's first."""
    source, link = offered.sources[index], _linked(citation, offered)
    if link is not None:
        return _spelling(source, link)
    return source.links[0].url if source.links else None


def _linked(citation: Citation, offered: Offered) -> Link | None:
    """What a citation that is a link leads to."""
    if citation.kind != "link":
        return None
    return next((spotted.link for spotted in spot_links(citation.text, offered.urls)), None)


def _spelling(source: OfferedEntry, link: Link | None) -> str | None:
    """How a source spells a link of its own."""
    own_links = (own_link for own_link in (*source.links, *source.known) if link and own_link.link.key == link.key)
    return next((own_link.url for own_link in own_links), None)


def _plain(entry: Entry) -> dict[str, Any]:
    """An entry as a catalog writes it: keys that say nothing are left out."""
    return entry.model_dump(mode="json", exclude_defaults=True)


_text: Final[Callable[[Any], str]] = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
"""JSON in the one way in which records are written."""


def sha256_of(text: str) -> str:
    """Return the hexadecimal SHA-256 hash of a text, as `sha256sum` says it of its UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

"""The proof of one answer, as a line of JSON: which citation rests on which entry, with all that it takes to prove it.

A record holds the answer, the question, and the entries that were offered, whole: `check` reads it as it reads any line
of answers, and needs neither the model nor the catalogs of the day. Hashes are SHA-256 (FIPS 180-4) of UTF-8, so that
`sha256sum answer.md` says the same. A record is written in one way only: a byte that differs is a change.

What a hash cannot do: whoever writes a record anew, with new hashes, has written another record. Against that stand the
files that it speaks of: the published answer, the prompt, and the catalogs (`check … --catalog`).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from explainer._package import __version__
from explainer.catalogs.library import EntryIndex, Library, Sources
from explainer.catalogs.links import Link
from explainer.catalogs.schema import SOURCE_KINDS, Entry, plain_data
from explainer.checking.answer import clean
from explainer.checking.check import CheckReport, Citation, check_answer, claims_data
from explainer.checking.offered import Offered, OfferedEntry, offered_by_sources
from explainer.checking.spotting import spot_links
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import shorten
from explainer.documents.document import is_text, mappings_in

SCHEMA: Final = "explainer/provenance/1"
"""The version of the records."""

_FAMILY: Final = "explainer/provenance/"
_TOOL: Final = f"explainer {__version__}"
# a line with two of these keys is a record, even when somebody took its schema and others of them away: what is missing
# is a failure; one is enough beside entries that are whole, as only records and questions of one's own have them
_OTHER_MARKS: Final = frozenset({"citations", "claims", "tool", "grounded"})
_HASHES: Final = frozenset({"answer_sha256", "prompt_sha256", "sha256"})
_HASH_LENGTH: Final = 64
_FEWEST_MARKS: Final = 2
_REQUIRED: Final = frozenset(
    {"schema", "tool", "id", "grounded", "answer", "answer_sha256", "prompt_sha256", "question"}
    | {"models", "papers", "citations", "sha256"}
)
_OPTIONAL: Final = frozenset({"claims", "about"})
# without them nothing can be proved
_TELLING_KEYS: Final = frozenset({"schema", "id", "answer", "question"})


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
        "models": list(map(plain_data, sources.models)),
        "papers": list(map(plain_data, sources.papers)),
        "citations": list(_citations(again, offered)),
        "claims": claims_data(again),
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
    hashes = sum(_may_be_hash(data[key]) for key in data.keys() & _HASHES)
    marks = len(data.keys() & _OTHER_MARKS) + hashes + holds_entries(data)
    return str(data.get("schema")).startswith(_FAMILY) or marks >= _FEWEST_MARKS


def _may_be_hash(value: Any) -> bool:
    """Whether a value is one of a hash in a record; lines of others use such keys, too."""
    return value is None or (isinstance(value, str) and len(value) == _HASH_LENGTH)


def holds_entries(data: Mapping[str, Any]) -> bool:
    """Whether a line of JSON has entries of its own, whole and not only their names."""
    return any(mappings_in(data.get(kind)) for kind in SOURCE_KINDS)


def verify_record(
    data: Mapping[str, Any], line: str, offered: Offered, place: Location
) -> tuple[Finding, ...]:
    """Prove a record anew, from what it holds.

    Args:
        data: the record, as it was read.
        line: the line that it was read from.
        offered: its entries, whole.
        place: where it stands.

    Returns:
        What does not hold. Whether its answer is grounded is for `check_answer` to say.
    """
    wrong = _wrong_keys(data)
    if wrong:
        return (_shape_fault(wrong, place),)
    return tuple(_faults(data, line.strip(), offered, place))


def _wrong_keys(data: Mapping[str, Any]) -> set[str]:
    """The keys that are missing, unknown, or of no use for what they hold; most of that is proved, not looked at."""
    wrong = set(_REQUIRED ^ (data.keys() - _OPTIONAL))
    wrong.update(key for key in ("id", "answer", "question") if not is_text(data.get(key)))
    if data.get("schema") != SCHEMA:
        wrong.add("schema")
    return wrong


def _shape_fault(keys: Collection[str], place: Location) -> Finding:
    if not _TELLING_KEYS.isdisjoint(keys):
        return Finding(
            "A901", place, f"not a whole record of the version {SCHEMA!r}", f"this is {_TOOL}"
        )
    quoted = ", ".join(map(repr, map(shorten, sorted(keys))))
    return Finding("A901", place, f"keys are missing or unknown: {quoted}")


def _faults(
    record: Mapping[str, Any], line: str, offered: Offered, place: Location
) -> Iterator[Finding]:
    if not _as_written(record, line):
        message = "the record was changed: its hash does not match"
        yield Finding("A902", place, message, "take it from where it was written, or ask again")
    if record["answer_sha256"] != sha256_of(record["answer"]):
        yield Finding("A903", place, "the hash of the answer does not match the answer")
    proved = check_answer(record["answer"], offered)
    expected: dict[str, tuple[Any, Any]] = {
        "its citations": (record["citations"], list(_citations(proved, offered)))
    }
    # records of earlier versions have none
    if "claims" in record:
        expected["the statements"] = (record["claims"], claims_data(proved))
    for subject, (recorded, follows) in expected.items():
        if recorded != follows:
            message = (
                f"what the record says of {subject} does not follow from its answer and its entries"
            )
            yield Finding(
                "A903",
                place,
                message,
                f"this is {_TOOL}, it was written by {shorten(str(record['tool']))}",
            )
    if record["grounded"] is not True:
        yield Finding("A904", place, "the record itself says that the answer is not grounded")


def _as_written(data: Mapping[str, Any], line: str) -> bool:
    hashed = dict(data)
    sha256 = hashed.pop("sha256")
    try:
        return bool(sha256 == sha256_of(_text(hashed)) and line == _text(data))
    # what is no JSON, or nested without end, was never written
    except (
        ValueError,
        RecursionError,
    ):
        return False


def recorded_answers(lines: Iterable[str]) -> frozenset[str]:
    """Return the answers of the records among some lines of JSON."""
    answers = set()
    for line in lines:
        # whoever reads the records says what is wrong with a line
        with contextlib.suppress(ValueError, RecursionError):
            data = json.loads(line)
            if isinstance(data, dict) and is_record(data):
                answers.add(str(data.get("answer")))
    return frozenset(answers)


def without_record(report: CheckReport, answers: Collection[str]) -> Finding | None:
    """Return what to say of an answer that is none of those recorded; None when it is one, byte for byte."""
    if clean(report.text) in answers:
        return None
    message = "the proof is of another answer, or of this one before it was changed"
    return Finding(
        "A907",
        Location(report.file),
        message,
        f"the SHA-256 of this one is {sha256_of(report.text)}",
    )


def changed_since(
    sources: Sources, cited: Mapping[str, Any], library: Library, place: Location
) -> Iterator[Finding]:
    """Compare the entries of a record with the catalogs of today.

    Args:
        sources: the entries, as they were offered.
        cited: the record; an entry that it cites must still be there.
        library: the catalogs.
        place: where the record stands.
    """
    needed = _cited_names(cited) - library.broken
    for entry, today in _with_today(sources, library):
        name = shorten(entry.label)
        # citations name an entry without the spaces around its name
        is_missing = library.complete and entry.label.strip() in needed
        if today is None and is_missing:
            yield Finding(
                "A906", place, f"the catalogs no longer have {name!r}, which the answer cites"
            )
        elif today not in (None, entry):
            message = f"{name!r} has changed since in the catalogs: {', '.join(_changed_keys(entry, today))}"
            yield Finding(
                "A905", place, message, "the answer is checked against the entry of today"
            )


def _changed_keys(entry: Entry, today: Entry) -> Iterator[str]:
    for key in entry.__struct_fields__:
        if getattr(today, key) != getattr(entry, key):
            yield key


def _cited_names(record: Mapping[str, Any]) -> frozenset[Any]:
    """The names of the entries that a record cites; none where it cannot be read: `verify_record` says why."""
    try:
        return frozenset(map(itemgetter("entry"), record["citations"]))
    except (LookupError, TypeError):
        return frozenset()


def as_catalogued(sources: Sources, library: Library) -> Sources:
    """Return the entries as the catalogs have them today; those that they do not have, as they were."""
    entries = tuple(today or entry for entry, today in _with_today(sources, library))
    models = len(sources.models)
    return Sources(entries[:models], entries[models:])


def _with_today(sources: Sources, library: Library) -> Iterator[tuple[Any, Any]]:
    """Each entry, with what the catalogs have for it today, if they have it."""
    for entry in sources.models:
        yield entry, _current(entry, library.models)
    for paper in sources.papers:
        yield paper, _current(paper, library.papers)


def _current(entry: Entry, index: EntryIndex[Any]) -> Entry | None:
    """What the catalogs have for an entry today, if they have it: the same, or one of its id, or its name."""
    named = index.find(entry.label.strip())
    if entry in named:
        return entry
    return next(iter((*index.find(entry.id or ""), *named)), None)


def _citations(report: CheckReport, offered: Offered) -> Iterator[dict[str, Any]]:
    """What each citation rests on: the entry that it means, and the link of that entry that stands for it."""
    sources = offered.entries or Sources()
    entries: Sequence[Entry] = (*sources.models, *sources.papers)
    for citation in report.citations:
        row = {
            key: getattr(citation, key)
            for key in ("text", "kind", "status", "line", "column", "entry")
        }
        yield {**row, "entry_sha256": None, "link": None, **_basis(citation, offered, entries)}


def cited_source(citation: Citation, offered: Offered) -> int | None:
    """Return the place of the offered entry that a citation means; None when it means none.

    Of a model and a paper of one name, it is the one whose link it is.
    """
    places = [index for index, name in enumerate(offered.names) if name == citation.entry]
    if len(places) < 2:  # noqa: PLR2004  # nearly always, and reading the link takes longer than all else
        return next(iter(places), None)
    link = _linked(citation, offered)
    return min(
        places,
        key=lambda index: link is not None and _spelling(offered.sources[index], link) is None,
    )


def _basis(citation: Citation, offered: Offered, entries: Sequence[Entry]) -> dict[str, str | None]:
    """The offered entry that a citation means, and its URL that stands for it; nothing when it means none."""
    index = cited_source(citation, offered)
    if index is None:
        return {}
    link = _spelling(offered.sources[index], _linked(citation, offered))
    return {"entry_sha256": sha256_of(_text(plain_data(entries[index]))), "link": link}


def _linked(citation: Citation, offered: Offered) -> Link | None:
    """What a citation that is a link leads to."""
    if citation.kind != "link":
        return None
    return next((spotted.link for spotted in spot_links(citation.text, offered.urls)), None)


def _spelling(source: OfferedEntry, link: Link | None) -> str | None:
    """How a source spells a link of its own; the first link of the source where it is about none."""
    if link is None:
        return next((link.url for link in source.links), None)
    return next(
        (own_link.url for own_link in source.own_links if own_link.link.key == link.key), None
    )


_text: Final[Callable[[Any], str]] = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
"""JSON in the one way in which records are written."""


def sha256_of(text: str) -> str:
    """Return the hexadecimal SHA-256 hash of a text, as `sha256sum` says it of its UTF-8."""
    import hashlib  # noqa: PLC0415  # some milliseconds, and most answers have no proof

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

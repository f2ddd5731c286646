"""What a run keeps on the disk: the record of each answer, where answers go, and the journal that resumes a run.

Answers go to a folder, one file or one `.jsonl`; nothing is ever half written. The journal has a line for each whole
answer, which is never lost and never asked for again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import starmap
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from msgspec.structs import asdict
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explainer.asking.conversation import (
    MOST_TOKENS,
    AskResult,
    AskSettings,
    ModelAnswer,
    Reply,
    Round,
    Usage,
)
from explainer.asking.costs import Prices
from explainer.asking.redaction import NO_REDACTION, Redactor
from explainer.checking.proof import proof_line, proof_record, sha256_of
from explainer.checking.reports.json import finding_row, report_data
from explainer.diagnostics.text import counted, json_document, lazy_regex, shorten
from explainer.files import (
    STDIN,
    FileLock,
    display_path,
    make_folder_below,
    open_file,
    open_handle,
    read_file,
    remove_stale,
    remove_stale_of,
    write_all,
    write_whole,
)

if TYPE_CHECKING:
    from explainer.checking.check import CheckReport
    from explainer.checking.offered import OfferedEntry

# The version of the record.
SCHEMA: Final = "explainer/ask/1"
# How a record and a proof begin, and in how many of its bytes that shows.
_OWN_SCHEMA: Final = lazy_regex(rb'\{\s*+"schema":\s*+"explainer/')
_START: Final = 100
# Endings of a target that is one file.
ONE_FILE: Final = (".md", ".txt", ".markdown")
# What the file of an answer that is not accepted ends in: it is never taken for a good one.
UNGROUNDED: Final = ".ungrounded.md"
_ANSWER: Final = ".answer.md"
_PROMPT: Final = ".prompt.md"
_RECORD: Final = ".record.json"
_JOURNAL: Final = "ask.journal.jsonl"  # beside the answers: whoever moves them moves it too
_PROVENANCE: Final = "provenance.jsonl"  # `explainer check` reads it


def record_data(
    result: AskResult, settings: AskSettings, prices: Prices, redact: Redactor = NO_REDACTION
) -> dict[str, Any]:
    """Return the record of an answer as plain data; docs/ask.md lists the keys.

    Args:
        result: the answer.
        settings: how it was sought.
        prices: of the models.
        redact: keeps the key out of the keys of requests: some services take it there.
    """
    prepared = result.prepared
    usages = list(_usages(result))
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "id": prepared.id,
        "question": prepared.question,
        "grounded": result.grounded,
        **_chosen_data(result),
        "prompt_sha256": sha256_of(prepared.text),
        "sources": list(map(_source_data, prepared.offered.sources)),
        "parameters": redact.values(settings.parameters),
        "repair_parameters": redact.values(settings.repair_parameters),
        "usage": _usage_data(_sum(list(map(itemgetter(1), usages)))),
    }
    if prices:
        costs = list(starmap(prices.cost, usages))
        data["cost"] = None if None in costs else round(sum(filter(None, costs)), 9)
    if result.chosen is not None:
        report = report_data(result.chosen.report)
        data |= {"findings": report["findings"], "citations": report["citations"]}
    data["candidates"] = list(map(_candidate_data, result.candidates))
    return data


def _usages(result: AskResult) -> Iterator[tuple[str, Usage]]:
    """The models that were asked, with what each of their answers took."""
    for answer in result.candidates:
        for round_ in answer.rounds:
            yield answer.model, round_.reply.usage


def _chosen_data(result: AskResult) -> dict[str, Any]:
    chosen = result.chosen
    if chosen is None:
        return {"model": None, "round": None, "fixed": False, "answer_sha256": None}
    sha256 = sha256_of(result.text)
    return {
        "model": chosen.model,
        "round": chosen.chosen + 1,
        "fixed": chosen.fixed,
        "answer_sha256": sha256,
    }


def _source_data(source: OfferedEntry) -> dict[str, Any]:
    links = [link.url for link in source.links if link.role != "summary"]
    return {"kind": source.kind, "name": source.name, "links": links}


def _candidate_data(answer: ModelAnswer) -> dict[str, Any]:
    data: dict[str, Any] = {
        "model": answer.model, "grounded": answer.grounded, "fixed": answer.fixed, "round": answer.chosen + 1,
    }  # fmt: skip
    if answer.failure:
        data["trouble"] = answer.failure
    data["rounds"] = list(map(_round_data, answer.rounds))
    if answer.fixed:
        data["answer"] = answer.report.text
    return data


def _round_data(round_: Round) -> dict[str, Any]:
    reply = round_.reply
    return {
        "key": round_.key,
        "finish_reason": reply.finish_reason,
        "usage": _usage_data(reply.usage),
        "seconds": round(reply.seconds, 3),
        "attempts": reply.attempts,
        "endpoint": reply.endpoint,
        "served": reply.served,
        "grounded": round_.report.grounded,
        "findings": list(map(finding_row, round_.report.findings)),
        "answer": round_.report.text,
    }


def _sum(usages: Sequence[Usage]) -> Usage:
    prompt, completion = (
        sum(usage.prompt for usage in usages),
        sum(usage.completion for usage in usages),
    )
    return Usage(prompt, completion, any(usage.estimated for usage in usages))


def _usage_data(usage: Usage) -> dict[str, Any]:
    data = {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion}
    return data | {"estimated": True} if usage.estimated else data


def proof_of(result: AskResult) -> str:
    """Return the line of provenance of an answer: `explainer check` proves it again, by itself; empty without one."""
    prepared, chosen = result.prepared, result.chosen
    if chosen is None or prepared.offered.entries is None:
        return ""
    reply = chosen.rounds[chosen.chosen].reply
    about = {
        "model": chosen.model,
        "served": reply.served,
        "endpoint": reply.endpoint,
        "round": chosen.chosen + 1,
        "fixed": chosen.fixed,
    }
    return proof_line(
        proof_record(
            chosen.report,
            prepared.question,
            prepared.offered.entries,
            prompt=prepared.text,
            about=about,
        )
    )


def answer_line(result: AskResult) -> str:
    """Return an answer as a line that `explainer check` takes: it holds its own prompt."""
    data = {
        "id": result.prepared.id,
        "answer": result.text,
        "grounded": result.grounded,
        "model": result.chosen.model if result.chosen else None,
        "prompt": result.prepared.text,
    }
    return json.dumps(data, ensure_ascii=False) + "\n"


def verdict(report: CheckReport) -> str:
    """Return what the check says of an answer, in a few words."""
    grounded = "not " * (not report.grounded) + "grounded"
    if not report.faults:
        return grounded
    counts = sorted(Counter(finding.severity for finding in report.faults).items())  # errors first
    counts_in_words = ", ".join(counted(count, severity) for severity, count in counts)
    codes = " ".join(dict.fromkeys(finding.code for finding in report.faults))
    return f"{grounded}: {counts_in_words} ({shorten(codes, 60)})"


def answers_in(out: Path | None) -> Answers:
    """Return the place for answers that a path means.

    Args:
        out: the path; None or `-`: stdout.
    """
    if out is None or str(out) == STDIN:
        return Answers()
    places = {".jsonl": LinesAnswers, **dict.fromkeys(ONE_FILE, FileAnswers)}
    return places.get(out.suffix, FolderAnswers)(out)


class Answers:
    """Place for answers; this one keeps none: the answer that there is goes to stdout.

    Attributes:
        journal: where the journal of its run is.
        files: ids become names of files.
    """

    journal: Path | None = None
    files = False

    def prepare(self) -> None:
        """Remove what a killed run left; the journal is open, so no other run is at work here."""

    def places(self, ids: Iterable[str]) -> Iterable[tuple[Path, Sequence[Path]]]:  # noqa: ARG002
        """The file with the record of each answer of some questions, and the files that are written beside it."""
        return ()

    def refuse_foreign(self, ids: Iterable[str]) -> None:
        """Leave files alone that stand where answers belong, and that no run has written: it writes a record first.

        Raises:
            OSError: when there is one.
        """
        for record, files in self.places(ids):
            if not _is_record(record):
                _refuse_content(record, record)
                for file in files:
                    _refuse_content(file, record)

    def put(self, number: int, result: AskResult, record: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Take the answer of the question of this number, and its record; return what the place is called.

        Raises:
            OSError: when it cannot be written.
        """
        return result.prepared.id

    def complete(self, proofs: str) -> None:
        """All answers are there, and this is their provenance.

        Raises:
            OSError: when they cannot be written.
        """


def _is_record(path: Path) -> bool:
    """Whether a file is a record or a proof, or lines of such."""
    try:
        with open_file(path) as stream:
            return _OWN_SCHEMA.match(stream.read(_START)) is not None
    except FileNotFoundError:
        return False


def _refuse_content(path: Path, record: Path) -> None:
    """Refuse to write over a file that has something in it.

    Raises:
        OSError: when it has.
    """
    if os.path.lexists(path) and (not path.is_file() or path.stat().st_size):
        message = (
            f"no {record.name} says that a run wrote this file; move it away, or run with --force"
        )
        raise OSError(0, message, str(path))


class _Files(Answers):
    """Answers in files of their own, each with its prompt and its record beside it."""

    files = True
    provenance: Path

    def _names(self, id_: str) -> tuple[Path, Path]:
        """Return the file of an answer, and what the names of the other files begin with."""
        raise NotImplementedError

    def put(self, number: int, result: AskResult, record: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Write the answer, its prompt and its record; an answer that is not grounded has another name."""
        accepted, stem = self._names(result.prepared.id)
        ungrounded = stem.with_name(stem.name + UNGROUNDED)
        if result.chosen is None:
            return display_path(accepted)
        # it says whose the others are
        self._write(stem.with_name(stem.name + _RECORD), json_document(record))
        self._write(stem.with_name(stem.name + _PROMPT), result.prepared.text)
        current, outdated = (accepted, ungrounded) if result.grounded else (ungrounded, accepted)
        self._write(current, result.text)
        outdated.unlink(missing_ok=True)
        return display_path(current)

    def _write(self, path: Path, text: str) -> None:
        data = text.encode()
        is_own_file = path.is_file() and not path.is_symlink()
        if is_own_file and read_file(path) == data:
            return
        write_whole(str(path), data)

    def complete(self, proofs: str) -> None:
        """Write the provenance; all else is in its place already."""
        self._write(self.provenance, proofs)


class FolderAnswers(_Files):
    """A folder: `ID.answer.md` or `ID.ungrounded.md`, `ID.prompt.md`, `ID.record.json`, and the journal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.journal = folder / _JOURNAL
        self.provenance = folder / _PROVENANCE

    def prepare(self) -> None:
        """Remove temporary files of killed runs."""
        if self._folder.is_dir():
            remove_stale(self._folder)

    def places(self, ids: Iterable[str]) -> Iterator[tuple[Path, Sequence[Path]]]:
        """The files of each answer, and the proofs of all."""
        yield self.provenance, ()
        for id_ in ids:
            files = [self._folder / f"{id_}{ending}" for ending in (_ANSWER, UNGROUNDED, _PROMPT)]
            yield self._folder / f"{id_}{_RECORD}", files

    def complete(self, proofs: str) -> None:
        """Write the provenance: of this run, behind that of the other answers that are still here."""
        new: set[str] = set()
        for line in proofs.splitlines():
            proof = _proof_in(line)
            if proof is not None:
                new.add(proof.id)
        lines: list[str] = []
        with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
            lines = read_file(self.provenance).decode().split("\n")
        earlier = [line for line in lines if self._is_current(_proof_in(line), new)]
        super().complete("".join(f"{line}\n" for line in earlier) + proofs)

    def _is_current(self, proof: _Proof | None, new: Collection[str]) -> bool:
        """Whether the answer that was proved is here as it was, and is not proved anew."""
        if proof is None or not proof.id:
            return False
        if proof.id in new:
            return False
        answers = (self._folder / f"{proof.id}{ending}" for ending in (_ANSWER, UNGROUNDED))
        return proof.answer_sha256 in map(_sha256, answers)

    def _names(self, id_: str) -> tuple[Path, Path]:
        stem = self._folder / id_
        make_folder_below(self._folder, stem.parent, stem)
        return stem.with_name(stem.name + _ANSWER), stem


class _Proof(BaseModel):
    """A line of provenance, as far as it is needed here."""

    id: str
    answer_sha256: str


def _proof_in(line: str) -> _Proof | None:
    try:
        return _Proof.model_validate_json(line)
    except ValidationError:
        return None


def _sha256(path: Path) -> str:
    """The hash of a file; empty when it is not there, or when an odd id names no file."""
    try:
        return hashlib.sha256(read_file(path)).hexdigest()
    except (OSError, ValueError):
        return ""


def _beside(path: Path, ending: str) -> Path:
    """What stands beside a file, called like it but for its ending."""
    return path.with_name(path.with_suffix("").name + ending)


class FileAnswers(_Files):
    """One file for one answer, with the others beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stem = path.with_suffix("")
        self.journal = _beside(path, f".{_JOURNAL}")
        self.provenance = _beside(path, f".{_PROVENANCE}")

    def prepare(self) -> None:
        """Remove temporary files of killed runs; the rest of the folder is not ours."""
        beside = map(partial(_beside, self._path), (UNGROUNDED, _PROMPT, _RECORD))
        remove_stale_of(self._path, self.provenance, *beside)

    def places(self, ids: Iterable[str]) -> Iterable[tuple[Path, Sequence[Path]]]:  # noqa: ARG002  # there is one
        """The file of the answer, and those beside it."""
        beside = map(partial(_beside, self._path), (UNGROUNDED, _PROMPT))
        return [(_beside(self._path, _RECORD), [self._path, *beside, self.provenance])]

    def _names(self, id_: str) -> tuple[Path, Path]:  # noqa: ARG002  # there is one
        return self._path, self._stem


class LinesAnswers(Answers):
    """One `.jsonl` with a line for each answer, in the order of the questions, and one with their records."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[int, tuple[str, str]] = {}
        self.journal = _beside(path, f".{_JOURNAL}")
        self.records = _beside(path, ".records.jsonl")
        self.provenance = _beside(path, f".{_PROVENANCE}")

    def prepare(self) -> None:
        """Remove temporary files of killed runs; the rest of the folder is not ours."""
        remove_stale_of(self._path, self.records, self.provenance)

    def places(self, ids: Iterable[str]) -> Iterable[tuple[Path, Sequence[Path]]]:  # noqa: ARG002  # lines of one file
        """The file of all answers, and those beside it."""
        return [(self.records, [self._path, self.provenance])]

    def put(self, number: int, result: AskResult, record: Mapping[str, Any]) -> str:
        """Take a line: the file appears when all are there."""
        if result.chosen is not None:
            self._lines[number] = (
                answer_line(result),
                json.dumps(record, ensure_ascii=False) + "\n",
            )
        return f"{display_path(self._path)} ({result.prepared.id})"

    def complete(self, proofs: str) -> None:
        """Write all files."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        in_order = [self._lines[number] for number in sorted(self._lines)]
        texts = {
            self.records: "".join(record for _, record in in_order),
            self._path: "".join(answer for answer, _ in in_order),
            self.provenance: proofs,
        }
        for path, text in texts.items():
            write_whole(str(path), text.encode())


# A journal of another version is left alone.
JOURNAL_SCHEMA: Final = "explainer/ask-journal/1"
_HEADER: Final = json.dumps({"schema": JOURNAL_SCHEMA}).encode() + b"\n"
# O_NOFOLLOW: a link in the journal's place may lead anywhere.
_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)

_Tokens = Annotated[int, Field(ge=0, lt=MOST_TOKENS)]


class _UsageRow(BaseModel):
    model_config = ConfigDict(strict=True)

    prompt_tokens: _Tokens
    completion_tokens: _Tokens
    estimated: bool


class JournalRow(BaseModel):
    """Row of the journal: one reply, and the key of its request. Keys that it does not know are passed over."""

    model_config = ConfigDict(strict=True)

    key: str
    model: str
    finish_reason: str
    usage: _UsageRow
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    attempts: int
    endpoint: str
    served: str
    text: str

    @classmethod
    def of(cls, key: str, model: str, reply: Reply) -> Self:
        """Return the row of a reply.

        Args:
            key: of the request.
            model: the name that was asked for.
            reply: what came.
        """
        counts = reply.usage
        usage = _UsageRow(
            prompt_tokens=counts.prompt,
            completion_tokens=counts.completion,
            estimated=counts.estimated,
        )
        return cls(
            key=key,
            model=model,
            **{**asdict(reply), "usage": usage, "seconds": round(reply.seconds, 3)},
        )

    @property
    def reply(self) -> Reply:
        """The reply."""
        usage = Usage(self.usage.prompt_tokens, self.usage.completion_tokens, self.usage.estimated)
        return Reply(**self.model_dump(exclude={"key", "model", "usage"}), usage=usage)


class ForeignJournalError(OSError):
    """The file in the journal's place is something else; it is left as it is."""


class Journal:
    """A file that grows by a line for each answer. Use it as a context manager; one run at a time has it.

    A line that a killed run left torn is cut away. Answers outlive the process, and the power: each one was paid for.
    Without a path it holds what it is given by `learn`.

    Args:
        path: the file; None: nothing is kept.
        waiting: called once when another run has to end first.
        redact: takes the key out of what it holds from earlier runs.
        forget: answers of earlier runs are not used again.
    """

    def __init__(
        self,
        path: Path | None,
        waiting: Callable[[], None],
        redact: Redactor = NO_REDACTION,
        *,
        forget: bool = False,
    ) -> None:
        self._path = path
        self._waiting = waiting
        self._redact = redact
        self._forget = forget
        self._replies: dict[str, Reply] = {}
        self._handle: int | None = None
        self._open_files = contextlib.ExitStack()
        # Lines that could not be read: those answers are asked for again.
        self.damaged = 0

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            stack.enter_context(
                FileLock(self._path.with_name(f".{self._path.name}.lock"), self._waiting)
            )
            self._handle = open_handle(self._path, _FLAGS)
            stack.callback(os.close, self._handle)
            self._read(self._handle)
            self._open_files = stack.pop_all()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._handle = None
        self._open_files.close()

    def _read(self, handle: int) -> None:
        with os.fdopen(os.dup(handle), "rb") as stream:
            data = stream.read()
        end = data.rfind(b"\n") + 1  # of the last whole line
        self.learn(data)
        if end < len(data):  # a file that is whole keeps its date
            os.ftruncate(handle, end)
        os.lseek(handle, end, os.SEEK_SET)
        if not end:
            write_all(handle, _HEADER)

    def learn(self, data: bytes) -> None:
        """Take the answers of a journal over.

        Raises:
            ForeignJournalError: when it is none that this version understands.
        """
        # what stands behind the last line break is torn, the header too
        lines = data.split(b"\n")[:-1]
        if not (data.startswith(_HEADER) or _HEADER.startswith(data)):
            message = "not a journal of answers that this version can resume"
            raise ForeignJournalError(0, message, str(self._path))
        if self._forget:
            return
        for line in lines[1:]:
            try:
                row = JournalRow.model_validate_json(line)
            except ValidationError:
                self.damaged += 1
            else:
                self._replies[row.key] = row.reply.redacted(self._redact)

    def find(self, key: str) -> Reply | None:
        """Return the answer to a request, when there is one."""
        return self._replies.get(key)

    def keep(self, key: str, model: str, reply: Reply) -> None:
        """Write an answer down; when this returns it is safe.

        Raises:
            OSError: when it cannot be written.
        """
        self._replies[key] = reply
        if self._handle is None:
            return
        row: dict[str, Any] = JournalRow.of(key, model, reply).model_dump()
        try:
            write_all(self._handle, json.dumps(row).encode() + b"\n")
            os.fsync(self._handle)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None

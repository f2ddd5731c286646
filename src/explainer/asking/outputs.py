"""Where answers go: a folder, one file, one `.jsonl`. Nothing is ever half written."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from explainer.asking.redaction import Redactor
from explainer.asking.results import AskResult, answer_line, answer_text, record_text
from explainer.batching.storage import remove_stale, remove_stale_of, replace_file
from explainer.batching.target import UnsafePathError
from explainer.files import display_path

UNGROUNDED: Final = ".ungrounded.md"
"""What the file of an answer that is not accepted ends in: it is never taken for a good one."""

_JOURNAL: Final = "ask.journal.jsonl"
_PROVENANCE: Final = "provenance.jsonl"


class Answers(Protocol):
    """A place for answers."""

    journal: Path | None
    """Where the journal of its run is."""
    files: bool
    """Ids become names of files."""

    def prepare(self) -> None:
        """Remove what a killed run left; the journal is open, so no other run is at work here."""

    def put(self, number: int, settled: AskResult, record: Mapping[str, Any]) -> str:
        """Take the answer of the question of this number, and its record; return what the place is called.

        Raises:
            OSError: when it cannot be written.
        """

    def complete(self, proofs: str) -> None:
        """All answers are there, and this is their provenance.

        Raises:
            OSError: when they cannot be written.
        """


class NoAnswers:
    """Answers are kept nowhere: the one that there is goes to stdout."""

    journal: Path | None = None
    files = False

    def prepare(self) -> None:
        """Nothing is there."""

    def put(self, number: int, settled: AskResult, record: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Nothing is kept."""
        return settled.order.id

    def complete(self, proofs: str) -> None:
        """Nothing is kept."""


class _Files:
    """Answers in files of their own, each with its prompt and its record beside it."""

    files = True
    provenance: Path

    def __init__(self, mask: Redactor) -> None:
        self._mask = mask

    def _names(self, id_: str) -> tuple[Path, Path]:
        """Return the file of an answer, and what the names of the other files begin with."""
        raise NotImplementedError

    def put(self, number: int, settled: AskResult, record: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Write the answer, its prompt and its record; an answer that is not grounded has another name."""
        accepted, stem = self._names(settled.order.id)
        kept = stem.with_name(stem.name + UNGROUNDED)
        if settled.chosen is None:
            return display_path(accepted)
        self._write(stem.with_name(stem.name + ".prompt.md"), settled.order.text)
        self._write(stem.with_name(stem.name + ".record.json"), record_text(record))
        here, gone = (accepted, kept) if settled.grounded else (kept, accepted)
        self._write(here, answer_text(settled))
        with contextlib.suppress(FileNotFoundError):
            gone.unlink()
        return display_path(here)

    def _write(self, path: Path, text: str) -> None:
        data = self._mask(text).encode()
        if not (path.is_file() and not path.is_symlink() and path.read_bytes() == data):
            replace_file(str(path), data)

    def complete(self, proofs: str) -> None:
        """Write the provenance; all else is in its place already."""
        self._write(self.provenance, proofs)


class FolderAnswers(_Files):
    """A folder: `ID.answer.md` or `ID.ungrounded.md`, `ID.prompt.md`, `ID.record.json`, and the journal."""

    def __init__(self, folder: Path, mask: Redactor) -> None:
        super().__init__(mask)
        self._folder = folder
        self.journal: Path | None = folder / _JOURNAL
        self.provenance = folder / _PROVENANCE

    def prepare(self) -> None:
        """Remove temporary files of killed runs."""
        if self._folder.is_dir():
            remove_stale(self._folder)

    def complete(self, proofs: str) -> None:
        """Write the provenance: of this run, behind that of the other answers that are still here."""
        told = {_proved(line)[0] for line in proofs.splitlines()}
        others: list[str] = []
        with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
            others = self.provenance.read_text(encoding="utf-8").split("\n")
        kept = [line for line in others if _proved(line)[0] not in told and self._has(*_proved(line))]
        super().complete("".join(f"{line}\n" for line in kept) + proofs)

    def _has(self, id_: str, sha256: str) -> bool:
        """Whether the answer that a line proves is here, as it was."""
        for ending in (".answer.md", UNGROUNDED):
            with contextlib.suppress(OSError, ValueError):
                if id_ and hashlib.sha256((self._folder / f"{id_}{ending}").read_bytes()).hexdigest() == sha256:
                    return True
        return False

    def _names(self, id_: str) -> tuple[Path, Path]:
        stem = self._folder / id_
        stem.parent.mkdir(parents=True, exist_ok=True)
        root = os.path.realpath(self._folder)
        if os.path.commonpath([root, os.path.realpath(stem.parent)]) != root:
            message = "lies outside the target, through a link in it"
            raise UnsafePathError(0, message, str(stem))
        return stem.with_name(f"{stem.name}.answer.md"), stem


def _proved(line: str) -> tuple[str, str]:
    """Return the id of a line of provenance and the hash of its answer; empty when it is none."""
    try:
        data = json.loads(line)
        return str(data["id"]), str(data["answer_sha256"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", ""


class FileAnswers(_Files):
    """One file for one answer, with the others beside it."""

    def __init__(self, path: Path, mask: Redactor) -> None:
        super().__init__(mask)
        self._path = path
        self._stem = path.with_suffix("")
        self.journal: Path | None = path.with_name(f"{self._stem.name}.{_JOURNAL}")
        self.provenance = path.with_name(f"{self._stem.name}.{_PROVENANCE}")

    def prepare(self) -> None:
        """Remove temporary files of killed runs; the rest of the folder is not ours."""
        answer, stem = self._names("")
        beside = (UNGROUNDED, ".prompt.md", ".record.json")
        remove_stale_of(answer, self.provenance, *(stem.with_name(stem.name + ending) for ending in beside))

    def _names(self, id_: str) -> tuple[Path, Path]:  # noqa: ARG002  # there is one
        return self._path, self._stem


class LinesAnswers:
    """One `.jsonl` with a line for each answer, in the order of the questions, and one with their records."""

    files = False

    def __init__(self, path: Path, mask: Redactor) -> None:
        self._path = path
        self._mask = mask
        self._lines: dict[int, tuple[str, str]] = {}
        stem = path.with_suffix("")
        self.journal: Path | None = path.with_name(f"{stem.name}.{_JOURNAL}")
        self.records = path.with_name(f"{stem.name}.records.jsonl")
        self.provenance = path.with_name(f"{stem.name}.{_PROVENANCE}")

    def prepare(self) -> None:
        """Remove temporary files of killed runs; the rest of the folder is not ours."""
        remove_stale_of(self._path, self.records, self.provenance)

    def put(self, number: int, settled: AskResult, record: Mapping[str, Any]) -> str:
        """Take a line: the file appears when all are there."""
        if settled.chosen is not None:
            self._lines[number] = (answer_line(settled), json.dumps(record, ensure_ascii=False) + "\n")
        return f"{display_path(self._path)} ({settled.order.id})"

    def complete(self, proofs: str) -> None:
        """Write all files."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        for path, which in ((self._path, 0), (self.records, 1)):
            text = "".join(self._lines[number][which] for number in sorted(self._lines))
            replace_file(str(path), self._mask(text).encode())
        replace_file(str(self.provenance), self._mask(proofs).encode())

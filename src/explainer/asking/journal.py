"""The journal of what was asked and answered: a line for each whole answer, never lost, never asked for again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from explainer.asking.chat import Reply, reply_of, row_of
from explainer.asking.redaction import NO_MASK, Redactor
from explainer.batching.storage import TargetLock, write_all

SCHEMA: Final = "explainer/ask-journal/1"
_HEADER: Final = json.dumps({"schema": SCHEMA}).encode() + b"\n"
_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


class ForeignJournalError(OSError):
    """The file in the journal's place is something else; it is left as it is."""


class Journal:
    """A file that grows by a line for each answer. Use it as a context manager; one run at a time has it.

    A line that a killed run left torn is cut away. Answers outlive the process, and the power: each one was paid for.
    Without a path it holds what it is given by `learn`.

    Args:
        path: the file; None: nothing is kept.
        waiting: called once when another run has to end first.
        mask: keeps the key out of it.
        forget: answers of earlier runs are not used again.
    """

    def __init__(
        self, path: Path | None, waiting: Callable[[], None], mask: Redactor = NO_MASK, *, forget: bool = False
    ) -> None:
        self._path = path
        self._mask = mask
        self._forget = forget
        self._replies: dict[str, Reply] = {}
        self._handle = -1
        self._lock = TargetLock(path.with_name(f".{path.name}.lock"), waiting) if path is not None else None
        self.damaged = 0
        """Lines that could not be read: those answers are asked for again."""

    def __enter__(self) -> Self:
        if self._path is None or self._lock is None:
            return self
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.__enter__()
        try:
            self._handle = os.open(self._path, _FLAGS, 0o666)
            self._read()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        if self._lock is not None:
            self._lock.__exit__(None, None, None)

    def _read(self) -> None:
        with os.fdopen(os.dup(self._handle), "rb") as stream:
            data = stream.read()
        whole = data.rfind(b"\n") + 1
        self.learn(data)
        if whole < len(data):
            os.ftruncate(self._handle, whole)
        os.lseek(self._handle, whole, os.SEEK_SET)
        if not whole:
            write_all(self._handle, _HEADER)

    def learn(self, data: bytes) -> None:
        """Take the answers of a journal over.

        Raises:
            ForeignJournalError: when it is none that this version understands.
        """
        lines = data.split(b"\n")[:-1]  # what stands behind the last line break is torn
        header = _loads(lines[0]) if lines else {"schema": SCHEMA}
        ours = isinstance(header, dict) and header.get("schema") == SCHEMA and (lines or _HEADER.startswith(data))
        if not ours:
            message = "this is no journal of answers that this version can go on with"
            raise ForeignJournalError(0, message, str(self._path))
        for line in lines[1:] if not self._forget else ():
            row = _loads(line)
            reply = reply_of(row)
            if reply is None:
                self.damaged += 1
            else:
                self._replies[str(row["key"])] = reply

    def find(self, key: str) -> Reply | None:
        """Return the answer to a request, when there is one."""
        return self._replies.get(key)

    def keep(self, key: str, model: str, reply: Reply) -> None:
        """Write an answer down; when this returns it is safe.

        Raises:
            OSError: when it cannot be written.
        """
        self._replies[key] = reply
        if self._handle < 0:
            return
        line = self._mask(json.dumps(row_of(key, model, reply))).encode() + b"\n"
        try:
            write_all(self._handle, line)
            os.fsync(self._handle)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None


def _loads(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None

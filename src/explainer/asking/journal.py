"""The journal of what was asked and answered: a line for each whole answer, never lost, never asked for again."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explainer.asking.conversation import MOST_TOKENS, Reply, Usage
from explainer.asking.redaction import NO_REDACTION, Redactor
from explainer.files import FileLock, open_handle, write_all

SCHEMA: Final = "explainer/ask-journal/1"  # a journal of another version is left alone
_HEADER: Final = json.dumps({"schema": SCHEMA}).encode() + b"\n"
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
        lines = data.split(b"\n")[
            :-1
        ]  # what stands behind the last line break is torn, the header too
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

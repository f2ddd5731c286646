"""What can go wrong between a client and an endpoint, one value for each; `proxy.FaultProxy` makes it happen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TypeAlias

NEVER = 10**9


@dataclass(frozen=True)
class Pass:
    """Nothing: what the server behind the proxy says, as it says it.

    Attributes:
        delay: seconds before each piece of the answer (a chunk of a stream; the whole, where it is not streamed).
        dies_after: the connection is reset after so many pieces of a stream; a whole answer is cut in its middle.
        grammar: a grammar of llama.cpp that the request gets on its way: what the answer must be.
        max_tokens: what the request's greatest length becomes on its way; None leaves it as it is.
    """

    delay: float = 0.0
    dies_after: int = NEVER
    grammar: str | None = None
    max_tokens: int | None = None


@dataclass(frozen=True)
class Canned:
    """An answer that the proxy makes itself, the same each time, as a server would send it: streamed if asked for.

    Attributes:
        text: the answer.
        finish_reason: why it ended; `length` for one that was cut off.
        delay: seconds before each piece.
        dies_after: the connection is reset after so many pieces of a stream; a whole answer is cut in its middle.
        pieces: into how many a stream is cut.
        usage: whether the tokens are counted.
    """

    text: str
    finish_reason: str = "stop"
    delay: float = 0.0
    dies_after: int = NEVER
    pieces: int = 8
    usage: bool = True


@dataclass(frozen=True)
class Status:
    """An HTTP error, with the body that such servers send.

    Attributes:
        code: 429, 500, 502, 503, 401, 400 …
        retry_after: the header `Retry-After`, as it is sent.
        message: what the body says.
    """

    code: int
    retry_after: str | None = None
    message: str = "no luck today"


@dataclass(frozen=True)
class Reset:
    """The connection is reset: before anything is sent, or behind the headers."""

    after_headers: bool = False


@dataclass(frozen=True)
class Hang:
    """Nothing is sent for so many seconds; then the connection is closed."""

    seconds: float


@dataclass(frozen=True)
class SourceRecord:
    """Status 200 and a body of one's own: garbage, another content type, or less than was announced.

    Attributes:
        body: the bytes.
        content_type: what the header says that they are.
        announced: what the header `Content-Length` says, when that is not the truth.
    """

    body: bytes
    content_type: str = "application/json"
    announced: int | None = None


@dataclass(frozen=True)
class Dribble:
    """Pieces that come slowly and have no end.

    Attributes:
        piece: what comes again and again.
        begin: what comes first; a status line, if no headers are to come.
        seconds: before each piece.
        content_type: what the header says that they are.
        status: of HTTP; 0 for no headers but those in `begin`.
    """

    piece: bytes
    begin: bytes = b""
    seconds: float = 0.02
    content_type: str = "text/event-stream"
    status: int = 200


@dataclass(frozen=True)
class Redirect:
    """The client is sent elsewhere."""

    location: str
    code: int = 302


Fault: TypeAlias = Pass | Canned | Status | Reset | Hang | SourceRecord | Dribble | Redirect

GARBAGE = SourceRecord(b'{"choices": [{"message": {"content": ')
NOT_JSON = SourceRecord(b"<html><body>Bad gateway</body></html>", "text/html")
NO_CHOICES = SourceRecord(b'{"id": "x", "object": "chat.completion", "choices": []}')
TRUNCATED = SourceRecord(b'{"choices": [{"message": {"content": "half of an ans', announced=4096)


def too_many(seconds: float) -> Status:
    """429, and when to come again, in seconds."""
    return Status(429, f"{seconds:g}", "rate limit reached")


def too_many_until(seconds: int) -> Status:
    """429, and when to come again, as a date of HTTP (RFC 9110, 5.6.7)."""
    when = dt.datetime.now(tz=dt.UTC) + dt.timedelta(seconds=seconds)
    return Status(429, format_datetime(when, usegmt=True), "rate limit reached")

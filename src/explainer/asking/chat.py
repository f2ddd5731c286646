"""Requests to a language model and its replies, as values; the events of a streamed completion → a reply.

What a server sends is a stranger's: every field is taken only when it has the type that it should have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar

from explainer.batching.manifest import content_hash
from explainer.diagnostics.text import replace_refused

# Reasons to end of an answer that is whole; every other says that it was cut off.
WHOLE: Final = frozenset({"stop", "eos", "end_turn", ""})
# Tokens that no exchange takes: what is said to be more is no count.
MOST_TOKENS: Final = 10**12
_MOST_NAME: Final = 200  # all that a server says is quoted in records and on terminals: it is cut
_MOST_REASON: Final = 40
_MOST_CODE: Final = 80
_MOST_MESSAGE: Final = 500  # of an error: some servers send a whole page
T = TypeVar("T")


class Message(NamedTuple):
    """One message of a chat: who says it, and what."""

    role: str
    content: str


@dataclass(frozen=True)
class Request:
    """What a model is asked.

    Attributes:
        model: its name.
        messages: the chat so far.
        parameters: further keys of the body.
    """

    model: str
    messages: tuple[Message, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """The hash of all of it: the same request has the same answer in the journal, whoever serves the model."""
        parts = [self.model, [list(message) for message in self.messages], dict(self.parameters)]
        return content_hash(json.dumps(parts, sort_keys=True).encode())

    @property
    def body(self) -> dict[str, Any]:
        """The body of a request for a chat completion, streamed and with its tokens counted; a null drops its key."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [message._asdict() for message in self.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            **self.parameters,
        }
        return {key: value for key, value in body.items() if value is not None}

    @property
    def text(self) -> str:
        """All messages, joined."""
        return "".join(message.content for message in self.messages)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one exchange.

    Attributes:
        prompt: those of the messages.
        completion: those of the answer.
        estimated: the server did not say, so they are counted here.
    """

    prompt: int
    completion: int
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer.

    Attributes:
        text: as it came.
        finish_reason: why it ended: `stop`; or `length` and others for one that was cut off.
        usage: what it took.
        seconds: how long it took, the attempt that succeeded.
        attempts: how often it was asked until it came whole.
        endpoint: where it was asked.
        served: what the server calls the model.
    """

    text: str
    finish_reason: str
    usage: Usage
    seconds: float = 0.0
    attempts: int = 1
    endpoint: str = ""
    served: str = ""


def as_printed(text: str) -> str:
    """Return an answer whose lines end in a line feed, the last one too, with U+FFFD for what could hide or forge text.

    A model may have been told to write anything: what controls a terminal is in no file and on no terminal.
    """
    return replace_refused(line_ends(text))


def line_ends(text: str) -> str:
    """Return a text with lines that end in a line feed, the last one too, and without a byte order mark."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return lines.removesuffix("\n") + "\n"


# Characters of one answer; one that does not end is cut off here.
MAX_ANSWER: Final = 1024 * 1024


class StreamAccumulator:
    """What came of an answer so far."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.served = ""
        # The server said that nothing more comes.
        self.done = False

    @property
    def whole(self) -> bool:
        """Whether the answer came to an end, and did not just break off."""
        return self.finish_reason is not None or (self.done and bool(self._pieces))

    @property
    def full(self) -> bool:
        """Whether it is as long as an answer may be."""
        return self._size >= MAX_ANSWER

    @property
    def text(self) -> str:
        """All of it; a character that came as two halves (UTF-16, as in JSON) is one again."""
        joined = "".join(self._pieces)[:MAX_ANSWER]
        return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def take(self, data: Any) -> str:
        """Take one event, or the whole body of a completion that is not streamed; return the text in it."""
        self.served = _plain(_field(data, "model", str), _MOST_NAME) or self.served
        self.usage = _usage(_field(data, "usage", dict)) or self.usage
        choice = next(iter(_field(data, "choices", list) or ()), None)
        if not isinstance(choice, dict):
            return ""
        piece = _text(_content(choice))
        reason = _field(choice, "finish_reason", str)
        if reason is not None:
            self.finish_reason = _plain(reason, _MOST_REASON)
        self._pieces.append(piece)
        self._size += len(piece)
        return piece


def _field(data: Any, key: str, kind: type[T]) -> T | None:
    """The value of a key when it has the type that it should have."""
    if not isinstance(data, dict) or not isinstance(data.get(key), kind):
        return None
    value: T = data[key]
    return value


def _plain(text: str | None, limit: int) -> str:
    return replace_refused((text or "")[:limit])


def _content(choice: Any) -> Any:
    """The content of a choice: of a piece of a stream, of a whole message, or of a plain completion."""
    message = _field(choice, "delta", dict) or _field(choice, "message", dict)
    return message.get("content") if message is not None else _field(choice, "text", str)


def _text(content: Any) -> str:
    """The text of a content; some servers send it in parts, with what the model thought in others."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(_field(part, "text", str) or "" for part in content if _field(part, "type", str) == "text")


def _usage(data: Any) -> Usage | None:
    prompt, completion = _tokens(data, "prompt_tokens"), _tokens(data, "completion_tokens")
    return None if prompt is None or completion is None else Usage(prompt, completion)


def _tokens(data: Any, key: str) -> int | None:
    number = _field(data, key, int)
    # A bool is an int, too, and is no number of tokens.
    return number if type(number) is int and 0 <= number < MOST_TOKENS else None


def error_in(data: Any) -> tuple[str, str] | None:
    """Return the message and the code of the error in a body or an event, or None when it holds none."""
    error = data.get("error") if isinstance(data, dict) else None
    if not error:
        return None
    if not isinstance(error, dict):
        error = {"message": error}
    kind = error.get("type")
    message = error.get("message") or kind or "an error without a message"
    return _plain(str(message), _MOST_MESSAGE), str(error.get("code") or kind or "")[:_MOST_CODE]

"""What goes to a language model and what comes back: requests, replies, the tokens that were counted. Values only.

The events of a streamed chat completion → its text, why it ended, its tokens. Pure; what comes is a stranger's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeGuard

from explainer.batching.manifest import content_hash
from explainer.diagnostics.text import replace_refused

WHOLE: Final = frozenset({"stop", "eos", "end_turn", ""})
"""Reasons to end of an answer that is whole; every other says that it was cut off."""


_MANY: Final = 10**12
"""Tokens that no exchange takes."""


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


def is_count(value: Any) -> TypeGuard[int]:
    """Whether a value may be a number of tokens; what is said to be more than there can be is no count."""
    return type(value) is int and 0 <= value < _MANY


def as_printed(text: str) -> str:
    """Return an answer whose lines end in a line feed, the last one too, with U+FFFD for what could hide or forge text.

    A model may have been told to write anything: what controls a terminal is in no file and on no terminal.
    """
    return replace_refused(line_ends(text))


def line_ends(text: str) -> str:
    """Return a text with lines that end in a line feed, the last one too, and without a byte order mark."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return lines if lines.endswith("\n") else f"{lines}\n"


def row_of(key: str, model: str, reply: Reply) -> dict[str, Any]:
    """Return a reply as a row of the journal."""
    usage = {"prompt_tokens": reply.usage.prompt, "completion_tokens": reply.usage.completion}
    return {
        "key": key,
        "model": model,
        "finish_reason": reply.finish_reason,
        "usage": {**usage, "estimated": reply.usage.estimated},
        "seconds": round(reply.seconds, 3),
        "attempts": reply.attempts,
        "endpoint": reply.endpoint,
        "served": reply.served,
        "text": reply.text,
    }


def reply_of(row: Any) -> Reply | None:
    """Return the reply in a row of the journal, or None when it is damaged."""
    try:
        usage = row["usage"]
        counted = Usage(usage["prompt_tokens"], usage["completion_tokens"], bool(usage["estimated"]))
        if not (is_count(counted.prompt) and is_count(counted.completion)):
            return None
        return Reply(
            str(row["text"]), str(row["finish_reason"]), counted, float(row["seconds"]), int(row["attempts"]),
            str(row["endpoint"]), str(row["served"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return None


MAX_ANSWER: Final = 1024 * 1024
"""Characters of one answer; one that does not end is cut off here."""


class StreamAccumulator:
    """What was heard of an answer so far."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.served = ""
        self.done = False
        """The server said that nothing more comes."""

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
        if not isinstance(data, dict):
            return ""
        if isinstance(data.get("model"), str):
            self.served = replace_refused(data["model"][:200])
        self.usage = _usage(data.get("usage")) or self.usage
        choices = data.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return ""
        choice = choices[0]
        message = choice.get("delta") or choice.get("message")
        content = message.get("content") if isinstance(message, dict) else choice.get("text")
        piece = _text(content)
        self._pieces.append(piece)
        self._size += len(piece)
        if isinstance(choice.get("finish_reason"), str):
            self.finish_reason = replace_refused(choice["finish_reason"][:40])
        return piece


def _text(content: Any) -> str:
    """Return the text of a content; some servers send it in parts, with what the model thought in others."""
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(text for text in texts if isinstance(text, str))


def _usage(data: Any) -> Usage | None:
    if not isinstance(data, dict):
        return None
    prompt, completion = data.get("prompt_tokens"), data.get("completion_tokens")
    if is_count(prompt) and is_count(completion):
        return Usage(prompt, completion)
    return None


def error_in(data: Any) -> tuple[str, str] | None:
    """Return the message and the code of the error in a body or an event, or None when it holds none."""
    error = data.get("error") if isinstance(data, dict) else None
    if not error:
        return None
    if not isinstance(error, dict):
        return replace_refused(str(error)[:500]), ""
    message = error.get("message") or error.get("type") or "an error without a message"
    return replace_refused(str(message)[:500]), str(error.get("code") or error.get("type") or "")[:80]

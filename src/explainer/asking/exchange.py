"""What goes to a language model and what comes back: requests, replies, the tokens that were counted. Values only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeGuard

from explainer.batching.manifest import content_hash
from explainer.text import replace_refused

__all__ = ["Message", "Reply", "Request", "Usage", "as_printed", "is_count", "line_ends", "reply_of", "row_of"]

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

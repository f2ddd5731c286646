"""The events of a streamed chat completion → its text, why it ended, its tokens. Pure; what comes is a stranger's."""

from __future__ import annotations

from typing import Any, Final

from explainer.asking.exchange import Usage, is_count
from explainer.text import replace_refused

__all__ = ["MAX_ANSWER", "Heard", "error_in"]

MAX_ANSWER: Final = 1024 * 1024
"""Characters of one answer; one that does not end is cut off here."""


class Heard:
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

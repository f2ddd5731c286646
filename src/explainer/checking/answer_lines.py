"""Lines of JSON by whoever wrote them: the answer in a line, and the prompt in a line.

Read are the lines of this project, and those of OpenAI's and vLLM's batches: requests (`custom_id`, `body`) and what
came back (`custom_id`, `response`, `error`). Other programs write them, so nothing is taken for granted of their shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from explainer.diagnostics.finding import Finding, Location, Parsed

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_OK: Final = 200  # HTTP
_ANSWER_PLACES: Final[tuple[tuple[str | int, ...], ...]] = (
    ("answer",),
    ("response", "body", "choices", 0, "text"),
    ("response", "body", "choices", 0, "message", "content"),
)
_MESSAGE_PLACES: Final = (("messages",), ("body", "messages"), ("body", "input"))


def clean(text: str) -> str:
    """Return a text without half characters, which JSON can hold and no output can."""
    return _SURROGATE.sub("\ufffd", text)


def _value_at(data: Any, *path: str | int) -> Any:
    """The value at a path of keys and indexes; None where there is none."""
    for step in path:
        try:
            data = data[step]
        except (LookupError, TypeError):
            return None
    return data


def answer_in(data: Mapping[str, Any], place: Location) -> Parsed[str]:
    """Return the answer of a line: its own, or that of a batch's response; A601 or A605 when there is none."""
    if "answer" in data:
        if isinstance(data["answer"], str):
            return Parsed(clean(data["answer"]))
        return Parsed(None, (Finding("A601", place, "'answer' must be text"),))
    if "response" not in data and "error" not in data:
        return Parsed(None, (Finding("A601", place, "the line has no answer", "add the key 'answer'"),))
    response = data.get("response")
    failure = _failure(response, data.get("error"))
    if failure is not None:
        return Parsed(None, (Finding("A605", place, f"the request failed: {failure}", "send it again"),))
    text, is_cut = _completion(_value_at(response, "body"))
    if text is None:
        return Parsed(None, (Finding("A605", place, "the response holds no text", "send it again"),))
    cut = Finding("A104", place, "the answer was cut off at its greatest length", "allow more tokens")
    return Parsed(clean(text), (cut,) if is_cut else ())


def _failure(response: Any, error: Any) -> str | None:
    """Why a request got no answer; None when it got one."""
    status = response.get("status_code", _OK) if isinstance(response, dict) else None
    if not error and status == _OK:
        return None
    detail = error.get("message", error) if isinstance(error, dict) else error
    return clean(str(detail)) if detail else f"status {status}"


def with_answer(line: str, old: str, new: str) -> str | None:
    """Return a line of JSON with another answer in the place of the old one; None where that is not one plain text."""
    data = json.loads(line)
    for *path, key in _ANSWER_PLACES:
        answer = _value_at(data, *path, key)
        if isinstance(answer, str) and clean(answer) == old:
            _value_at(data, *path)[key] = new
            return json.dumps(data, ensure_ascii=False)
    return None


def prompt_in(data: Mapping[str, Any]) -> str | None:
    """Return the prompt of a line that a batch wrote: its text, its messages, or those of a request."""
    if isinstance(data.get("text"), str):
        return str(data["text"])
    messages = next((_value_at(data, *path) for path in _MESSAGE_PLACES if _value_at(data, *path) is not None), None)
    if not isinstance(messages, list):
        return messages if isinstance(messages, str) else None
    asked = (message for message in messages if _value_at(message, "role") != "assistant")
    return "".join(_joined(_value_at(message, "content")) or "" for message in asked)


def _completion(body: Any) -> tuple[str | None, bool]:
    """The text of a chat completion, a completion or a response, and whether it was cut off."""
    choice = _value_at(body, "choices", 0)
    if isinstance(choice, dict):
        is_chat = isinstance(choice.get("message"), dict)
        content = choice["message"].get("content") if is_chat else choice.get("text")
        return _joined(content), choice.get("finish_reason") == "length"
    output = _value_at(body, "output")
    items = output if isinstance(output, list) else []
    text = "".join(_joined(_value_at(item, "content")) or "" for item in items)
    return text or None, _value_at(body, "status") == "incomplete"


def _joined(content: Any) -> str | None:
    """The text of a message, which may come in parts."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else None
    parts = (part for part in content if isinstance(part, dict))
    return "".join(str(part.get("text", "")) for part in parts) or None

"""Lines of JSON by whoever wrote them: the answer in a line, and the prompt in a line.

Read are the lines of this project, and those of OpenAI's and vLLM's batches: requests (`custom_id`, `body`) and what
came back (`custom_id`, `response`, `error`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from explainer.diagnostics.finding import Finding, Location, Parsed

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_OK: Final = 200  # HTTP


def clean(text: str) -> str:
    """Return a text without half characters, which JSON can hold and no output can."""
    return _SURROGATE.sub("\ufffd", text)


def answer_in(data: Mapping[str, Any], place: Location) -> Parsed[str]:
    """Return the answer of a line: its own, or that of a batch's response; A601 or A605 when there is none."""
    if "answer" in data:
        answer = data["answer"]
        if isinstance(answer, str):
            return Parsed(clean(answer))
        return Parsed(None, (Finding("A601", place, "'answer' must be text"),))
    if "response" not in data and "error" not in data:
        return Parsed(
            None,
            (Finding("A601", place, "the line has no answer", "add the key 'answer'"),),
        )
    response = data.get("response")
    error = data.get("error")
    status = response.get("status_code", _OK) if isinstance(response, dict) else None
    if error or status != _OK:
        detail = error.get("message", error) if isinstance(error, dict) else error
        message = f"the request failed: {clean(str(detail)) if detail else f'status {status}'}"
        return Parsed(None, (Finding("A605", place, message, "send it again"),))
    text, reason = _completion(response.get("body") if isinstance(response, dict) else None)
    if text is None:
        return Parsed(None, (Finding("A605", place, "the response holds no text", "send it again"),))
    cut = Finding("A104", place, "the answer was cut off at its greatest length", "allow more tokens")
    return Parsed(clean(text), (cut,) if reason == "length" else ())


def with_answer(line: str, old: str, new: str) -> str | None:
    """Return a line of JSON with another answer in the place of the old one; None where that is not one plain text."""
    data = json.loads(line)
    for holder, key in _places(data):
        if isinstance(holder.get(key), str) and clean(holder[key]) == old:
            holder[key] = new
            return json.dumps(data, ensure_ascii=False)
    return None


def _places(data: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Where the answer of a line may stand."""
    yield data, "answer"
    response = data.get("response")
    body = response.get("body") if isinstance(response, dict) else None
    choices = body.get("choices") if isinstance(body, dict) else None
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        yield choices[0], "text"
        if isinstance(choices[0].get("message"), dict):
            yield choices[0]["message"], "content"


def prompt_in(data: Mapping[str, Any]) -> str | None:
    """Return the prompt of a line that a batch wrote: its text, its messages, or those of a request."""
    if isinstance(data.get("text"), str):
        return str(data["text"])
    body = data.get("body")
    messages = data.get("messages", body.get("messages", body.get("input")) if isinstance(body, dict) else None)
    if isinstance(messages, str):
        return messages
    if isinstance(messages, list):
        return "".join(
            _joined(m.get("content")) or "" for m in messages if isinstance(m, dict) and m.get("role") != "assistant"
        )
    return None


def _completion(body: Any) -> tuple[str | None, str | None]:
    """The text of a chat completion, a completion or a response, and why it ended."""
    if not isinstance(body, dict):
        return None, None
    choices = body.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        message = choices[0].get("message")
        content = message.get("content") if isinstance(message, dict) else choices[0].get("text")
        return _joined(content), choices[0].get("finish_reason")
    output = body.get("output")
    parts = (
        [_joined(item.get("content")) for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    )
    return "".join(part for part in parts if part) or None, "length" if body.get("status") == "incomplete" else None


def _joined(content: Any) -> str | None:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict)) or None
    return None

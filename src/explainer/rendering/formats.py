"""A rendering → the text of a file, or one line of a `.jsonl`. A format is two functions and one line of `FORMATS`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from explainer.diagnostics.text import json_document, lazy_regex
from explainer.rendering.layout import PrintedEntry, parse_prompt, print_entry

_MOST_TOKENS: Final = 4_096  # of an answer: that API wants a limit, and answers have some 1,200
_LONGEST_ID: Final = 64  # signs of the id of a request to that API

# Characters that one rendering may have; a prompt has a few thousand.
MAX_OUTPUT: Final = 8 * 1024 * 1024

Role: TypeAlias = Literal["system", "user"]
LISTS: Final = ("models", "papers")
# The variables of a template, and what it sees of an entry.
Context: TypeAlias = dict[str, Any]
EntryData: TypeAlias = dict[str, Any]


class Segment(msgspec.Struct, frozen=True):
    """A part of a prompt that belongs to one role of a chat."""

    role: Role
    text: str


class Rendering(msgspec.Struct, frozen=True):
    """What a template made of one question: segments whose texts, joined, are the whole text."""

    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join([segment.text for segment in self.segments])

    def text_of(self, role: Role) -> str:
        """Return what belongs to one role."""
        return "".join([segment.text for segment in self.segments if segment.role == role])


NOTHING: Final = Rendering(())


class FormatOptions(NamedTuple):
    """What a format may be told.

    Attributes:
        model: the model that a request names.
        body: further keys of a request's body.
    """

    model: str | None = None
    body: Mapping[str, Any] = MappingProxyType({})


NO_OPTIONS: Final = FormatOptions()


class Output(NamedTuple):
    """One rendering, and what goes with it.

    Attributes:
        id: the id of the question.
        custom_id: the id and a short hash of what the rendering was made of.
        rendering: the rendering.
        completion: the answer that belongs to it, for formats that need one.
    """

    id: str
    custom_id: str
    rendering: Rendering
    completion: Rendering = NOTHING


Write: TypeAlias = Callable[[Output, FormatOptions], bytes]
Escape: TypeAlias = Callable[[str], bytes]


# It writes each character as `json` does (tests/rendering/test_formats.py), in a quarter of the time.
_encode: Final = msgspec.json.Encoder().encode


def json_escape(text: str) -> bytes:
    """Return the inside of a text's JSON string, as `json.dumps(…, ensure_ascii=False)` writes it."""
    return _encode(text)[1:-1]


class Format(NamedTuple):
    """One output format.

    Attributes:
        file: makes the bytes of a file of one rendering; they end in a line break.
        line: makes a line of a `.jsonl`; None when the format has no lines.
        suffix: the ending of its files.
        file_escape: how a text stands in a file; None where more depends on it than what stands in its place.
        line_escape: the same of a line.
        chat: it is made of roles, so it is for prompts only.
        completes: it needs the answer too.
        names_model: each request names the model that is to answer it.
    """

    file: Write
    line: Write | None
    suffix: str
    file_escape: Escape | None = None
    line_escape: Escape | None = None
    chat: bool = False
    completes: bool = False
    names_model: bool = False


def _json_line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode() + b"\n"


def _text_file(output: Output, _options: FormatOptions) -> bytes:
    return output.rendering.text.encode()


def _text_line(output: Output, _options: FormatOptions) -> bytes:
    return _json_line({"id": output.id, "text": output.rendering.text})


def _messages(rendering: Rendering) -> list[dict[str, str]]:
    return [{"role": segment.role, "content": segment.text} for segment in rendering.segments]


def _messages_file(output: Output, _options: FormatOptions) -> bytes:
    return _indented(_messages(output.rendering))


def _messages_line(output: Output, _options: FormatOptions) -> bytes:
    return _json_line({"id": output.id, "messages": _messages(output.rendering)})


def _batch_line(output: Output, options: FormatOptions) -> bytes:
    """A request of OpenAI's Batch API, which `vllm run-batch` takes too."""
    body = {"model": options.model or "", "messages": _messages(output.rendering), **options.body}
    request = {
        "custom_id": output.custom_id,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": body,
    }
    return _json_line(request)


def _promptfoo_line(output: Output, _options: FormatOptions) -> bytes:
    """A test of promptfoo, which renders variables as Nunjucks templates, and opens files that they name.

    What would begin a template is printed by one, sign by sign. Its `raw` blocks are no help: a variable that seems to
    use an undefined one is not rendered at all, and goes out with the marks around it (0.121.20).
    """
    prompt = _MEANT.sub(r"{{ '\g<0>' }}", output.rendering.text)
    metadata = {"question_id": output.id, "custom_id": output.custom_id}
    return _json_line({"description": output.id, "vars": {"prompt": prompt}, "metadata": metadata})


def _anthropic_line(output: Output, options: FormatOptions) -> bytes:
    """A request of Anthropic's Message Batches API that hands the entries over as documents, to be cited by spans."""
    documents = [
        {
            "type": "document",
            "source": {
                "type": "text",
                "media_type": "text/plain",
                "data": entry.summary or entry.name,
            },
            "title": entry.name,
            "context": print_entry(replace(entry, summary=None)),
            "citations": {"enabled": True},
        }
        for entry in _printed_entries(output)
    ]
    text = {"type": "text", "text": output.rendering.text_of("user")}
    params: dict[str, Any] = {
        "model": options.model or "",
        "max_tokens": _MOST_TOKENS,
        "messages": [{"role": "user", "content": [*documents, text]}],
        **options.body,
    }
    if system := output.rendering.text_of("system"):
        params["system"] = system
    # what the API allows in an id
    custom_id = re.sub(r"[^A-Za-z0-9_-]", "-", output.custom_id)[-_LONGEST_ID:]
    return _json_line({"custom_id": custom_id, "params": params})


def _gemini_line(output: Output, options: FormatOptions) -> bytes:
    """A request of Gemini's batch mode that hands the entries over as plain files."""
    files = [
        {
            "inlineData": {
                "mimeType": "text/plain",
                "data": base64.b64encode(print_entry(entry).encode()).decode(),
            }
        }
        for entry in _printed_entries(output)
    ]
    text = {"text": output.rendering.text_of("user")}
    request: dict[str, Any] = {"contents": [{"role": "user", "parts": [*files, text]}]}
    if system := output.rendering.text_of("system"):
        request["systemInstruction"] = {"parts": [{"text": system}]}
    return _json_line({"key": output.custom_id, "request": {**request, **options.body}})


def _printed_entries(output: Output) -> tuple[PrintedEntry, ...]:
    """The entries that a prompt prints; none in the layout of a template of one's own."""
    content = parse_prompt(output.rendering.text).value
    return () if content is None else (*content.models, *content.papers)


# What means something to promptfoo in a variable: what begins a template, a comment's end, a file's address.
_MEANT: Final = lazy_regex(r"\{(?=[{%#])|#(?=\})|\Af(?=ile://)")


def promptfoo_config(tests: str, *, pattern: bool = False) -> bytes:
    """Return a configuration of promptfoo that runs the tests of a file.

    Args:
        tests: the name of the file.
        pattern: it is a pattern for the names of several; promptfoo takes one in a list only.
    """
    where = json.dumps("file://" + tests, ensure_ascii=False)
    return (
        "# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json\n"
        "# Written by explainer batch; give it your providers and assertions in a file of your own.\n"
        "description: prompts of explainer\n"
        "prompts: ['{{prompt}}']\n"
        "providers: [echo]\n"
        f"tests: {f'[{where}]' if pattern else where}\n"
    ).encode()


def _chat_row(output: Output, _options: FormatOptions) -> bytes:
    """A row of TRL's conversational prompt-completion data sets: the loss is on the completion alone."""
    return _json_line({
        "prompt": _messages(output.rendering),
        "completion": [{"role": "assistant", "content": output.completion.text}],
        "metadata": {"id": output.id, "custom_id": output.custom_id},
    })  # fmt: skip


def _llm_file(output: Output, _options: FormatOptions) -> bytes:
    """A template of the command `llm`: it fills `$name` in, so a dollar is written twice."""
    texts = {
        "system": output.rendering.text_of("system"),
        "prompt": output.rendering.text_of("user"),
    }
    return "".join(
        f"{key}: {_yaml_string(text.replace('$', '$$'))}\n" for key, text in texts.items() if text
    ).encode()


def _yaml_string(text: str) -> str:
    """Return a text as a YAML scalar: a block, as people write it, where that is exact; else a quoted string."""
    lines = text.removesuffix("\n").split("\n")
    if not _BLOCK.match(text) or not all(map(str.isprintable, lines)):
        quoted = json.dumps(text, ensure_ascii=False)
        return _NOT_IN_YAML.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)
    line_ends = len(text) - len(text.rstrip("\n"))
    chomping = ("-", "", "+")[min(line_ends, 2)]
    return f"|{chomping}\n" + "\n".join("  " * bool(line) + line for line in lines)


# Several lines of which the first has no indentation: a block would take that for its own.
_BLOCK: Final = lazy_regex(r"[^ \n][^\n]*+\n")


# What a JSON string may hold as it is, and a YAML text may not, or would read as a line break.
_NOT_IN_YAML: Final = lazy_regex("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def _indented(data: Any) -> bytes:
    return json_document(data).encode()


def _file_of(line: Write) -> Write:
    """The file of a format whose files are its lines, laid out for people."""
    return lambda output, options: _indented(json.loads(line(output, options)))


FORMATS: Final[dict[str, Format]] = {
    "text": Format(_text_file, _text_line, ".md", file_escape=str.encode, line_escape=json_escape),
    "messages": Format(_messages_file, _messages_line, ".json", line_escape=json_escape, chat=True),
    "openai-batch": Format(
        _batch_line, _batch_line, ".json", json_escape, json_escape, chat=True, names_model=True
    ),
    "anthropic-batch": Format(
        _anthropic_line, _anthropic_line, ".json", chat=True, names_model=True
    ),
    "gemini-batch": Format(_gemini_line, _gemini_line, ".json", chat=True),
    "llm": Format(_llm_file, None, ".yaml", chat=True),
    "promptfoo": Format(_file_of(_promptfoo_line), _promptfoo_line, ".json", chat=True),
    "hf-chat": Format(
        _chat_row, _chat_row, ".json", json_escape, json_escape, chat=True, completes=True
    ),
}

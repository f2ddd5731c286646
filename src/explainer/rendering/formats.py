"""A rendering → the text of a file, or one line of a `.jsonl`. A format is one class and one line of `FORMATS`.

A format makes bytes of pieces of text. Prompts share most of their pieces, so each is encoded once: `Encoder` keeps
what comes again, and a rendering costs little more than joining bytes.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from explainer.diagnostics.text import json_document, lazy_regex
from explainer.rendering.layout import PrintedEntry, parse_prompt, print_entry

if TYPE_CHECKING:
    from explainer.rendering.fastpath import Parts
    from explainer.rendering.renderer import Rendering

_MOST_TOKENS: Final = 4_096  # of an answer: that API wants a limit, and answers have some 1,200
_LONGEST_ID: Final = 64  # signs of the id of a request to that API
_MOST_PIECES: Final = 10_000  # with the longest pieces that is some 40 MB for each of two encodings
# Characters of a piece that is worth keeping: the block of a paper has some 1,500.
_LONGEST_PIECE: Final = 4_096


@dataclass(frozen=True, slots=True)
class Options:
    """What a format may be told.

    Attributes:
        model: the model that a request names.
        body: further keys of a request's body.
    """

    model: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


NO_OPTIONS: Final = Options()


class Output(NamedTuple):
    """One rendering, and what goes with it.

    Attributes:
        id: the id of the question.
        custom_id: the id and a short hash of what the rendering was made of.
        parts: the rendering, piece by piece.
        completion: the answer that belongs to it, for formats that need one.
    """

    id: str
    custom_id: str
    parts: Parts
    completion: Parts


def parts_of(rendering: Rendering) -> Parts:
    """Return a rendering as parts."""
    return [(segment.role, [segment.text]) for segment in rendering.segments]


class Encoder:
    """Encodes pieces of text as UTF-8 or as the inside of a JSON string, and keeps those that come again.

    Attributes:
        options: what the format was told.
        string: encodes a text as a JSON string, as `json.dumps(…, ensure_ascii=False)` writes it.
    """

    def __init__(self, options: Options = NO_OPTIONS) -> None:
        import msgspec  # noqa: PLC0415  # a cold build of a text needs none, which saves it 2 ms

        self.options = options
        self.string = string = msgspec.json.Encoder().encode
        self._json = _Encodings(lambda text: string(text)[1:-1])
        self._utf8 = _Encodings(str.encode)

    def json(self, pieces: list[str]) -> bytes:
        """Return the inside of the JSON string of joined pieces: escaping a text is escaping its parts."""
        return b"".join([self._json[piece] for piece in pieces])

    def utf8(self, pieces: list[str]) -> bytes:
        """Return joined pieces as UTF-8."""
        return b"".join([self._utf8[piece] for piece in pieces])


class _Encodings(dict[str, bytes]):
    """The encodings of pieces that came before.

    Prompts of one catalog share most of their pieces, and encoding a whole prompt takes 3.5 µs of the 22 µs that a line
    takes. Long pieces are not kept, and there are never many, so the memory is bounded.
    """

    def __init__(self, encode: Callable[[str], bytes]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, piece: str) -> bytes:
        data = self._encode(piece)
        if len(piece) < _LONGEST_PIECE:
            if len(self) >= _MOST_PIECES:
                self.clear()
            self[piece] = data
        return data


@dataclass(frozen=True, slots=True)
class Format:
    """One output format.

    Attributes:
        file: makes the bytes of a file of one rendering; they end in a line break.
        line: makes a line of a `.jsonl`; None when the format has no lines.
        suffix: the ending of its files.
        chat: it is made of roles, so it is for prompts only.
        completes: it needs the answer too.
        names_model: each request names the model that is to answer it.
    """

    file: Callable[[Output, Encoder], bytes]
    line: Callable[[Output, Encoder], bytes] | None
    suffix: str
    chat: bool = False
    completes: bool = False
    names_model: bool = False


def _pieces(output: Output) -> list[str]:
    return [piece for _, pieces in output.parts for piece in pieces]


def _text_file(output: Output, encoder: Encoder) -> bytes:
    return encoder.utf8(_pieces(output))


def _text_line(output: Output, encoder: Encoder) -> bytes:
    return b'{"id": %b, "text": "%b"}\n' % (encoder.string(output.id), encoder.json(_pieces(output)))


def _messages(parts: Parts, encoder: Encoder) -> bytes:
    messages = [b'{"role": "%b", "content": "%b"}' % (role.encode(), encoder.json(pieces)) for role, pieces in parts]
    return b"[%b]" % b", ".join(messages)


def _messages_file(output: Output, _encoder: Encoder) -> bytes:
    messages = [{"role": role, "content": "".join(pieces)} for role, pieces in output.parts]
    return _indented(messages)


def _messages_line(output: Output, encoder: Encoder) -> bytes:
    return b'{"id": %b, "messages": %b}\n' % (encoder.string(output.id), _messages(output.parts, encoder))


def _batch_line(output: Output, encoder: Encoder) -> bytes:
    """A request of OpenAI's Batch API, which `vllm run-batch` takes too."""
    options = encoder.options
    body = json.dumps(dict(options.body), ensure_ascii=False)[1:-1]
    return (
        b'{"custom_id": %b, "method": "POST", "url": "/v1/chat/completions", '
        b'"body": {"model": %b, "messages": %b%b}}\n'
    ) % (
        encoder.string(output.custom_id), encoder.string(options.model or ""), _messages(output.parts, encoder),
        (", " * bool(body) + body).encode(),
    )  # fmt: skip


def _promptfoo_line(output: Output, encoder: Encoder) -> bytes:
    """A test of promptfoo, which renders variables as Nunjucks templates, and opens files that they name.

    What would begin a template is printed by one, sign by sign. Its `raw` blocks are no help: a variable that seems to
    use an undefined one is not rendered at all, and goes out with the marks around it (0.121.20).
    """
    pieces = _pieces(output)
    text = "".join(pieces)
    if _MEANT.search(text):
        pieces = [_MEANT.sub(r"{{ '\g<0>' }}", text)]
    return b'{"description": %b, "vars": {"prompt": "%b"}, "metadata": {"question_id": %b, "custom_id": %b}}\n' % (
        encoder.string(output.id), encoder.json(pieces), encoder.string(output.id), encoder.string(output.custom_id),
    )  # fmt: skip


def _anthropic_line(output: Output, encoder: Encoder) -> bytes:
    """A request of Anthropic's Message Batches API that hands the entries over as documents, to be cited by spans."""
    texts = _texts_of(output)
    documents = [
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": entry.summary or entry.name},
            "title": entry.name,
            "context": print_entry(replace(entry, summary=None)),
            "citations": {"enabled": True},
        }
        for entry in _printed_entries(output)
    ]
    params: dict[str, Any] = {
        "model": encoder.options.model or "",
        "max_tokens": _MOST_TOKENS,
        "messages": [{"role": "user", "content": [*documents, {"type": "text", "text": texts["user"]}]}],
        **encoder.options.body,
    }
    if texts["system"]:
        params["system"] = texts["system"]
    # what the API allows in an id
    custom_id = re.sub(r"[^A-Za-z0-9_-]", "-", output.custom_id)[-_LONGEST_ID:]
    return json.dumps({"custom_id": custom_id, "params": params}, ensure_ascii=False).encode() + b"\n"


def _gemini_line(output: Output, encoder: Encoder) -> bytes:
    """A request of Gemini's batch mode that hands the entries over as plain files."""
    texts = _texts_of(output)
    files = [
        {"inlineData": {"mimeType": "text/plain", "data": base64.b64encode(print_entry(entry).encode()).decode()}}
        for entry in _printed_entries(output)
    ]
    request: dict[str, Any] = {"contents": [{"role": "user", "parts": [*files, {"text": texts["user"]}]}]}
    if texts["system"]:
        request["systemInstruction"] = {"parts": [{"text": texts["system"]}]}
    line = {"key": output.custom_id, "request": {**request, **encoder.options.body}}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _texts_of(output: Output) -> dict[str, str]:
    """The system text and the user's text of a rendering."""
    texts = dict.fromkeys(("system", "user"), "")
    for role, pieces in output.parts:
        texts[role] += "".join(pieces)
    return texts


def _printed_entries(output: Output) -> tuple[PrintedEntry, ...]:
    """The entries that a prompt prints; none in the layout of a template of one's own."""
    content = parse_prompt("".join(_pieces(output))).value
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


def _chat_row(output: Output, encoder: Encoder) -> bytes:
    """A row of TRL's conversational prompt-completion data sets: the loss is on the completion alone."""
    completion = b"".join([encoder.json(pieces) for _, pieces in output.completion])
    return (
        b'{"prompt": %b, "completion": [{"role": "assistant", "content": "%b"}], '
        b'"metadata": {"id": %b, "custom_id": %b}}\n'
    ) % (_messages(output.parts, encoder), completion, encoder.string(output.id), encoder.string(output.custom_id))


def _llm_file(output: Output, _encoder: Encoder) -> bytes:
    """A template of the command `llm`: it fills `$name` in, so a dollar is written twice."""
    texts = {role: text.replace("$", "$$") for role, text in _texts_of(output).items()}
    keys = {"system": texts["system"], "prompt": texts["user"]}
    return "".join(f"{key}: {_yaml_string(text)}\n" for key, text in keys.items() if text).encode()


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


def _file_of(line: Callable[[Output, Encoder], bytes]) -> Callable[[Output, Encoder], bytes]:
    """The file of a format whose files are its lines, laid out for people."""
    return lambda output, encoder: _indented(json.loads(line(output, encoder)))


FORMATS: Final[dict[str, Format]] = {
    "text": Format(_text_file, _text_line, ".md"),
    "messages": Format(_messages_file, _messages_line, ".json", chat=True),
    "openai-batch": Format(_batch_line, _batch_line, ".json", chat=True, names_model=True),
    "anthropic-batch": Format(_anthropic_line, _anthropic_line, ".json", chat=True, names_model=True),
    "gemini-batch": Format(_gemini_line, _gemini_line, ".json", chat=True),
    "llm": Format(_llm_file, None, ".yaml", chat=True),
    "promptfoo": Format(_file_of(_promptfoo_line), _promptfoo_line, ".json", chat=True),
    "hf-chat": Format(_chat_row, _chat_row, ".json", chat=True, completes=True),
}

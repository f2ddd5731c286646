"""Citations that providers return beside an answer: which span of it rests on which document, and on what of that.

Read as their batches write them: Anthropic (`cited_text`), OpenAI (annotations), Gemini (grounding supports, whose
places count bytes) and Bedrock (Anthropic's messages, or those of Converse). Other programs write them, so nothing is
taken for granted of their shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import filterfalse
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from explainer.catalogs.links import identify
from explainer.checking.analysis import AnswerAnalysis, Violation
from explainer.checking.evidence.statements import Quoted, Statement, shown, words_of
from explainer.checking.titles import canonical
from explainer.documents.document import mappings_in, value_at
from explainer.recommending.terms import terms

_WHOLE: Final = frozenset({"succeeded", None})
# Why an answer may end before its end: its greatest length is reached, or somebody stops it, too.
AT_LENGTH: Final = frozenset({"max_tokens", "MAX_TOKENS", "length", "max_output_tokens"})
_NO_TEXT: Final = "the response has no text"
_CUT: Final = AT_LENGTH.union(
    "content_filter content_filtered guardrail_intervened refusal "  # noqa: SIM905
    "SAFETY RECITATION LANGUAGE BLOCKLIST PROHIBITED_CONTENT SPII OTHER".split()
)


class CitedSpan(Struct, frozen=True):
    """A span of an answer that its provider cites a document for.

    Attributes:
        start: where it begins in the answer; `end`: where it ends.
        quoted: what it quotes of the document; empty when the provider does not say.
        title: the title of the document, if it has one; `url`: its address.
    """

    start: int
    end: int
    quoted: str = ""
    title: str = ""
    url: str = ""


class NativeAnswer(Struct, frozen=True):
    """An answer as a provider's batch holds it.

    Attributes:
        text: the answer; None when the request failed.
        spans: its cited spans.
        failure: why there is no answer.
        cut: why it ends before its end; empty when it is whole.
    """

    text: str | None
    spans: tuple[CitedSpan, ...] = ()
    failure: str = ""
    cut: str = ""


def read_native(data: Mapping[str, Any]) -> NativeAnswer | None:
    """Return the answer in a line of a batch of Anthropic, Gemini or Bedrock; None for any other line."""
    if isinstance(data.get("result"), dict):
        return _anthropic(data["result"])
    if isinstance(value_at(data, "response", "candidates"), list):
        return _gemini(data["response"]["candidates"])
    # a record of Bedrock that failed has an error in the place of its output
    if "modelOutput" in data or data.keys() >= {"recordId", "error"}:
        return _bedrock(data)
    return None


def cut_by(reason: Any) -> str:
    """Return the reason for which an answer ended, if it ended before its end."""
    return reason if isinstance(reason, str) and reason in _CUT else ""


def without_thoughts(items: Any) -> list[dict[str, Any]]:
    """Return the items of a response, or parts of a message, but for what a model thought before it answered."""
    return list(filterfalse(_is_thought, mappings_in(items)))


def _is_thought(item: Mapping[str, Any]) -> bool:
    return str(item.get("type")).startswith(
        ("reasoning", "thinking", "redacted_thinking", "summary")
    )


def openai_spans(data: Mapping[str, Any]) -> tuple[CitedSpan, ...]:
    """Return the annotated spans of an answer in a line of OpenAI's batches: of responses, or of chat completions."""
    body = value_at(data, "response", "body")
    spans = [*_spans_of_parts(body), *_spans_of_message(body)]
    return tuple(span for span in spans if span.url and span.end > span.start)


def _spans_of_parts(body: Any) -> Iterator[CitedSpan]:
    """The spans of responses, each of which counts from the beginning of its part."""
    offset = 0
    for item in without_thoughts(value_at(body, "output")):
        for part in without_thoughts(item.get("content")):
            for row in mappings_in(part.get("annotations")):
                yield _annotated(row, offset)
            offset += len(str(part.get("text", "")))


def _spans_of_message(body: Any) -> Iterator[CitedSpan]:
    """The spans of chat completions."""
    for row in mappings_in(value_at(body, "choices", 0, "message", "annotations")):
        yield _annotated(value_at(row, "url_citation") or {}, 0)


def _annotated(row: Mapping[str, Any], offset: int) -> CitedSpan:
    start, end = _number(row.get("start_index")), _number(row.get("end_index"))
    return CitedSpan(
        offset + start, offset + end, "", _text(row.get("title")), _text(row.get("url"))
    )


def _anthropic(result: Mapping[str, Any]) -> NativeAnswer:
    message = result.get("message")
    if result.get("type") in _WHOLE and isinstance(message, dict):
        return _message(message)
    reasons = (
        value_at(result, "error", "error", "message"),
        value_at(result, "error", "message"),
        result.get("type"),
    )
    return NativeAnswer(None, failure=_first_text(*reasons, "no message"))


def _message(message: Mapping[str, Any]) -> NativeAnswer:
    """An answer in blocks, some of which have citations."""
    text, spans = "", list[CitedSpan]()
    for block in mappings_in(message.get("content")):
        own, citations = _block(block)
        spans += (_cited(citation, len(text), len(text) + len(own)) for citation in citations)
        text += own
    if not text:
        return NativeAnswer(None, failure=_NO_TEXT)
    return NativeAnswer(text, tuple(spans), cut=cut_by(message.get("stop_reason")))


def _block(block: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The text of a block and its citations: Anthropic's, or Converse's `citationsContent`."""
    inner = block.get("citationsContent")
    if isinstance(inner, dict):
        text = "".join(_text(part.get("text")) for part in mappings_in(inner.get("content")))
        return text, mappings_in(inner.get("citations"))
    is_text = block.get("type", "text") == "text"
    text = _text(block.get("text")) if is_text else ""
    return text, mappings_in(block.get("citations"))


def _cited(citation: Mapping[str, Any], start: int, end: int) -> CitedSpan:
    sources = " … ".join(
        _text(part.get("text")) for part in mappings_in(citation.get("sourceContent"))
    )
    title = _first_text(citation.get("document_title"), citation.get("title"))
    return CitedSpan(
        start,
        end,
        _first_text(citation.get("cited_text"), sources),
        title,
        _text(citation.get("url")),
    )


def _gemini(candidates: Sequence[Any]) -> NativeAnswer:
    candidate = next(iter(mappings_in(candidates)), {})
    parts = [
        part
        for part in mappings_in(value_at(candidate, "content", "parts"))
        if not part.get("thought")
    ]
    text = "".join(_text(part.get("text")) for part in parts)
    if not text:
        return NativeAnswer(None, failure=_first_text(candidate.get("finishReason"), _NO_TEXT))
    metadata = candidate.get("groundingMetadata")
    chunks = value_at(metadata, "groundingChunks")
    spans: list[CitedSpan] = []
    for support in mappings_in(value_at(metadata, "groundingSupports")):
        spans += map(partial(_grounded, text, support), _chunks_of(support, chunks))
    return NativeAnswer(text, tuple(spans), cut=cut_by(candidate.get("finishReason")))


def _chunks_of(support: Mapping[str, Any], chunks: Any) -> Iterator[dict[str, Any]]:
    indices = support.get("groundingChunkIndices")
    if not isinstance(indices, list):
        return
    for chunk in mappings_in([value_at(chunks, index) for index in indices]):
        yield next(iter(mappings_in(list(chunk.values()))), {})


def _grounded(text: str, support: Mapping[str, Any], chunk: Mapping[str, Any]) -> CitedSpan:
    """A span whose places count bytes of UTF-8."""
    encoded = text.encode()
    start, end = (_number(value_at(support, "segment", key)) for key in ("startIndex", "endIndex"))
    first = len(encoded[:start].decode(errors="ignore"))
    last = len(encoded[:end].decode(errors="ignore"))
    return CitedSpan(
        first, last, _text(chunk.get("text")), _text(chunk.get("title")), _text(chunk.get("uri"))
    )


def _bedrock(data: Mapping[str, Any]) -> NativeAnswer:
    output = data.get("modelOutput")
    if not isinstance(output, dict):
        return NativeAnswer(
            None, failure=_first_text(value_at(data, "error", "errorMessage"), "no output")
        )
    message = value_at(output, "output", "message")
    return _message(message if isinstance(message, dict) else output)


def with_spans(
    analysis: AnswerAnalysis, statements: Sequence[Statement], spans: Iterable[CitedSpan]
) -> list[Statement]:
    """Return the statements, with what a provider cites documents for: bound to their entries, with what it quotes."""
    result = list(statements)
    for span in spans:
        entry = _entry_of(analysis, span)
        if entry is not None:
            _bind(analysis, result, span, entry)
    return sorted(result, key=lambda statement: statement.start)


def _bind(
    analysis: AnswerAnalysis, statements: list[Statement], span: CitedSpan, entry: int
) -> None:
    quotations = (Quoted(span.start, span.end, span.quoted),) if span.quoted else ()
    for number, statement in enumerate(statements):
        if statement.start < span.end and span.start < statement.end:
            entries = tuple(dict.fromkeys((entry, *statement.entries)))
            statements[number] = replace(
                statement, entries=entries, quotations=(*statement.quotations, *quotations)
            )
            return
    text = shown(analysis.answer.body[span.start : span.end])
    said = frozenset(terms(text))
    statements.append(
        Statement(
            text, span.start, span.end, (entry,), (), quotations, tuple(words_of(text)), said, said
        )
    )


def strange_documents(analysis: AnswerAnalysis, spans: Iterable[CitedSpan]) -> Iterator[Violation]:
    """Spans that are cited to a document that was not offered."""
    for span in spans:
        code, document = ("A201", span.url) if span.url else ("A301", span.title)
        if document and _entry_of(analysis, span) is None:
            message = f"this is cited to {document!r}, which was not offered"
            yield Violation(code, span.start, span.end, message)


def _entry_of(analysis: AnswerAnalysis, span: CitedSpan) -> int | None:
    """The offered entry that a document is: by its address, else by its title."""
    link = identify(span.url) if span.url else None
    owners = [] if link is None else analysis.offered.owners(link)
    if owners:
        index, _ = owners[0]
        return index
    if not span.title:
        return None
    titled_so = analysis.offered.by_key.get(canonical(span.title), ())
    return next(iter(titled_so), None)


def _first_text(*values: Any) -> str:
    """The first of some values that is a text and not empty."""
    return next(filter(None, map(_text, values)), "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int:
    if not isinstance(value, int):
        return 0
    return max(value, 0)

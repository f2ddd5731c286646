"""Answers with their provider's own citations: read with their spans, each proved; and requests that ask for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from explainer.checking.check import CheckReport
from explainer.checking.inputs import AnswerReader, check_input
from explainer.rendering.formats import FORMATS, NO_OPTIONS, Output, Rendering, Segment
from tests.helpers.statements import answer_about
from tests.helpers.support import ROOT, explainer

PAPERS = [
    json.loads(line)
    for line in (ROOT / "tests/data/summaries.jsonl").read_text(encoding="utf-8").splitlines()
][:3]
SAID = "The network — small as it is — brightens them on a phone."
TEXT = answer_about(PAPERS, [(0, SAID)])
START, END = TEXT.index(SAID), TEXT.index(SAID) + len(SAID)
GOOD, BAD = (
    "a small network that brightens them on a phone",
    "a large network that brightens them on a phone",
)


def row(**answer: Any) -> dict[str, Any]:
    return {"question": "How?", "models": [], "papers": PAPERS, **answer}


def anthropic(quoted: str, title: str) -> dict[str, Any]:
    citation = {
        "type": "char_location",
        "cited_text": quoted,
        "document_index": 0,
        "document_title": title,
    }
    blocks = [{"type": "text", "text": TEXT[:START]}, {"type": "text", "text": SAID, "citations": [citation]},
              {"type": "text", "text": TEXT[END:]}]  # fmt: skip
    return row(
        custom_id="a",
        result={"type": "succeeded", "message": {"content": blocks, "stop_reason": "end_turn"}},
    )


def bedrock(quoted: str, title: str) -> dict[str, Any]:
    cited = {
        "citationsContent": {
            "content": [{"text": SAID}],
            "citations": [{"title": title, "sourceContent": [{"text": quoted}]}],
        }
    }
    message = {
        "role": "assistant",
        "content": [{"text": TEXT[:START]}, cited, {"text": TEXT[END:]}],
    }
    return row(recordId="a", modelOutput={"output": {"message": message}})


def gemini(quoted: str, title: str) -> dict[str, Any]:
    places = {
        "startIndex": len(TEXT[:START].encode()),
        "endIndex": len(TEXT[:END].encode()),
        "text": SAID,
    }
    metadata = {"groundingChunks": [{"retrievedContext": {"title": title, "text": quoted, "uri": ""}}],
                "groundingSupports": [{"segment": places, "groundingChunkIndices": [0]}]}  # fmt: skip
    candidate = {
        "content": {"parts": [{"text": TEXT}]},
        "groundingMetadata": metadata,
        "finishReason": "STOP",
    }
    return row(key="a", response={"candidates": [candidate]})


def checked(data: dict[str, Any]) -> CheckReport:
    return check_input(next(AnswerReader().row(data, "<rows>")))


def codes(report: CheckReport) -> list[str]:
    return [finding.code for finding in report.findings if finding.is_error]


PROVIDERS = pytest.mark.parametrize("provider", [anthropic, bedrock, gemini])


@PROVIDERS
def test_a_span_with_a_passage_of_its_entry_is_proved(provider: Any) -> None:
    report = checked(provider(GOOD, PAPERS[0]["title"]))
    assert (report.id, codes(report)) == ("a", [])
    statement = next(one for one in report.statements if one.start <= START < one.end)
    assert str(statement.verdict) == "proved"


@PROVIDERS
def test_a_span_whose_passage_is_altered_is_refuted(provider: Any) -> None:
    assert codes(checked(provider(BAD, PAPERS[0]["title"]))) == ["A411"]


@PROVIDERS
def test_a_span_that_is_cited_to_a_foreign_document_is_found(provider: Any) -> None:
    assert codes(checked(provider(GOOD, "A Paper That Nobody Offered"))) == ["A301"]


def openai(url: str) -> dict[str, Any]:
    note = {
        "type": "url_citation",
        "start_index": START,
        "end_index": END,
        "url": url,
        "title": "x",
    }
    part = {"type": "output_text", "text": TEXT, "annotations": [note]}
    body = {"output": [{"type": "message", "content": [part]}], "status": "completed"}
    return row(custom_id="a", response={"status_code": 200, "body": body})


def test_annotations_bind_a_span_to_the_entry_of_their_address() -> None:
    assert codes(checked(openai(PAPERS[0]["paper"]))) == []
    assert codes(checked(openai("https://foreign.example.org/paper"))) == ["A201"]


def test_thoughts_before_an_answer_move_no_span() -> None:
    data = openai(PAPERS[0]["paper"])
    plain = [(statement.start, statement.entries) for statement in checked(data).statements]
    thought = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Hm. " * 20}]}
    data["response"]["body"]["output"].insert(0, thought)
    assert [(statement.start, statement.entries) for statement in checked(data).statements] == plain


def ended(provider: Any, reason: str) -> dict[str, Any]:
    """An answer in the form of a provider that says why it ended."""
    data: dict[str, Any] = provider(GOOD, PAPERS[0]["title"])
    if provider is gemini:
        data["response"]["candidates"][0]["finishReason"] = reason
    else:
        data["result"]["message"]["stop_reason"] = reason
    return data


def chat(reason: str) -> dict[str, Any]:
    choice = {"message": {"content": TEXT}, "finish_reason": reason}
    return row(custom_id="a", response={"status_code": 200, "body": {"choices": [choice]}})


@pytest.mark.parametrize(
    ("data", "is_cut"),
    [
        (chat("stop"), False),
        (chat("length"), True),
        (chat("content_filter"), True),
        (ended(anthropic, "stop_sequence"), False),
        (ended(anthropic, "max_tokens"), True),
        (ended(anthropic, "refusal"), True),
        (ended(gemini, "MAX_TOKENS"), True),
        (ended(gemini, "SAFETY"), True),
    ],
)
def test_an_answer_that_was_stopped_is_said_to_be_cut_off(
    data: dict[str, Any], is_cut: bool
) -> None:
    assert ("A104" in [finding.code for finding in checked(data).findings]) == is_cut


@pytest.mark.parametrize(
    "data",
    [
        row(
            custom_id="a", result={"type": "errored", "error": {"error": {"message": "overloaded"}}}
        ),
        row(key="a", response={"candidates": [{"finishReason": "SAFETY"}]}),
        row(recordId="a", error={"errorMessage": "throttled"}),
        row(custom_id="a", result={"type": "succeeded", "message": {"content": "no list"}}),
        row(key="a", response={"candidates": [17]}),
    ],
)
def test_a_failed_request_is_no_pass(data: dict[str, Any]) -> None:
    assert codes(checked(data)) == ["A605"]


def request_of(name: str) -> dict[str, Any]:
    rendering = Rendering(
        (Segment("system", "Be exact.\n\n"), Segment("user", prompt().partition("\n\n")[2]))
    )
    return json.loads(FORMATS[name].line(Output("q/1", "q/1-abcd", rendering), NO_OPTIONS))  # type: ignore[misc,no-any-return]


def prompt() -> str:
    question = Path("q.jsonl")
    question.write_text(
        json.dumps({"id": "q", "question": "How?", "models": [], "papers": PAPERS}),
        encoding="utf-8",
    )
    assert explainer("batch", question, "--out", "p.jsonl", "--template", "evidence").status == 0
    return str(json.loads(Path("p.jsonl").read_text(encoding="utf-8").splitlines()[0])["text"])


def test_requests_hand_the_entries_over_as_documents() -> None:
    request = request_of("anthropic-batch")
    *documents, text = request["params"]["messages"][0]["content"]
    assert request["custom_id"] == "q-1-abcd"
    assert [document["title"] for document in documents] == [paper["title"] for paper in PAPERS]
    assert all(document["citations"] == {"enabled": True} for document in documents)
    assert text["text"].startswith("A user has asked")
    request = request_of("gemini-batch")
    assert request["key"] == "q/1-abcd"
    assert len(request["request"]["contents"][0]["parts"]) == len(PAPERS) + 1


def test_requests_say_what_was_offered() -> None:
    for name in ("anthropic-batch", "gemini-batch"):
        Path("requests.jsonl").write_text(json.dumps(request_of(name)) + "\n", encoding="utf-8")
        answer = {
            "custom_id": {"anthropic-batch": "q-1-abcd"}.get(name, "q/1-abcd"),
            "answer": TEXT,
        }
        Path("answers.jsonl").write_text(json.dumps(answer) + "\n", encoding="utf-8")
        outcome = explainer("check", "answers.jsonl", "--prompt", "requests.jsonl")
        assert outcome.status == 0, outcome.out


def test_requests_are_those_of_the_client_libraries() -> None:
    anthropic_types = pytest.importorskip("anthropic.types.messages.batch_create_params")
    genai_types = pytest.importorskip("google.genai.types")
    from pydantic import TypeAdapter

    TypeAdapter(anthropic_types.Request).validate_python(request_of("anthropic-batch"))
    for content in request_of("gemini-batch")["request"]["contents"]:
        genai_types.Content.model_validate(content)

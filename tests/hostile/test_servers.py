"""Servers that never end, never say anything, or say what no client expects: bounded, said, and the next one goes on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.endpoint.faults import Canned, Fault, SourceRecord, Status
from tests.endpoint.proxy import FaultProxy
from tests.helpers.ask import GOOD, ask, project

pytest.importorskip("httpx2")
STREAM = "text/event-stream"
PIECE = b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n'
NOTHING: dict[str, Fault] = {
    "comments": SourceRecord(b": ping\n\n" * 400_000, STREAM),
    "empty events": SourceRecord(b"data: \n\n" * 400_000, STREAM),
    "empty objects": SourceRecord(b"data: {}\n\n" * 300_000, STREAM),
    "roles": SourceRecord(b'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\n' * 60_000, STREAM),
    "empty pieces": SourceRecord(b'data: {"choices": [{"delta": {"content": ""}}]}\n\n' * 60_000, STREAM),
    "line breaks": SourceRecord(b"\n" * 3_000_000, STREAM),
    "ids": SourceRecord(b"id: 1\n\n" * 400_000, STREAM),
    "retry": SourceRecord(b"retry: 1\n\n" * 300_000, STREAM),
    "one long line": SourceRecord(b"data: " + b"x" * 3_000_000, STREAM),
    "numbers": SourceRecord(b"data: 1\n\n" * 300_000, STREAM),
    "nesting": SourceRecord(b"data: " + b"[" * 500_000 + b"\n\n", STREAM),
    "comments behind a piece": SourceRecord(PIECE + b": ping\n\n" * 400_000, STREAM),
    "zlib": SourceRecord(PIECE + b"data: [DONE]\n\n", f"{STREAM}; charset=zlib"),
    "unknown charset": SourceRecord(PIECE + b"data: [DONE]\n\n", f"{STREAM}; charset=nobody-knows"),
    "hex": SourceRecord(PIECE + b"data: [DONE]\n\n", f"{STREAM}; charset=hex"),
    "utf-7": SourceRecord(PIECE + b"data: [DONE]\n\n", f"{STREAM}; charset=utf-7"),
    "no charset": SourceRecord(PIECE + b"data: [DONE]\n\n", f"{STREAM}; charset="),
    "zlib body": SourceRecord(b'{"choices": [{"message": {"content": "x"}}]}', "application/json; charset=zlib"),
    "bytes": SourceRecord(bytes(range(256)) * 100, STREAM),
    "surrogate": SourceRecord(b'data: {"choices": [{"delta": {"content": "\\ud800"}}]}\n\ndata: [DONE]\n\n', STREAM),
    "digits": SourceRecord(b'{"choices": ' + b"1" * 10_000 + b"}"),
    "fourteen minutes": Status(429, "840"),
    "year 9999": Status(429, "Fri, 31 Dec 9999 23:59:59 GMT"),
    "far year": Status(503, "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"),
    "header": Status(500, "\x85\xff"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_the_next_question_goes_on(
    name: str, canned: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.chdir(project(tmp_path / "p", "rain", "snow"))
    canned.otherwise = Canned(GOOD)
    canned.rule(lambda seen: NOTHING[name] if "rain" in seen.said else None)
    begun = time.process_time()
    outcome = ask(canned, "questions", "--out", "out", "--retries", "0", "--concurrency", "1")
    assert time.process_time() - begun < 15
    assert outcome.status in (0, 1), outcome.err
    assert Path("out/snow.answer.md").is_file()
    assert len(outcome.err) < 3_000

"""Servers that never end, never say anything, or say what no client expects: bounded, said, and the next one goes on."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.endpoint.faults import Canned, Dribble, Fault, SourceRecord, Status
from tests.endpoint.proxy import FaultProxy
from tests.helpers.ask import GOOD, ask, project
from tests.hostile.support import time_limit

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

SLOW_PIECES = {
    "comments": Dribble(b": ping\n\n"),
    "empty events": Dribble(b"data: {}\n\n"),
    "comments behind a piece": Dribble(b": ping\n\n", PIECE),
    "blanks": Dribble(b" ", content_type="application/json"),
    "an error": Dribble(b"x", status=500, content_type="text/plain"),
    "headers": Dribble(b"X-A: b\r\n", b"HTTP/1.1 200 OK\r\n", status=0),
}


@pytest.mark.parametrize("name", SLOW_PIECES)
def test_pieces_that_come_slowly_are_given_up(
    name: str, canned: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setattr("explainer.asking.endpoint._TOLD_AFTER", 0.2)
    monkeypatch.chdir(project(tmp_path / "p", "rain", "snow"))
    canned.otherwise = Canned(GOOD)
    canned.rule(lambda seen: SLOW_PIECES[name] if "does rain fall" in seen.said else None)
    with time_limit(20):
        outcome = ask(canned, "questions", "--out", "out", "--concurrency", "1", "--timeout", "0.1")
    assert outcome.status == 1, outcome.err
    assert "nothing of the answer came for 0.5 s" in outcome.err
    assert ("Ctrl-C stops" in outcome.err) is ("piece" not in name), outcome.err
    assert Path("out/snow.answer.md").is_file()


def test_what_follows_an_answer_does_not_take_it_back(
    canned: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.chdir(project(Path("p"), "rain"))
    end = (
        b'data: {"choices": [{"delta": {"content": %s}, "finish_reason": "stop"}]}\n\n'
        % json.dumps(GOOD).encode()
    )
    for comments in (
        SourceRecord(end + b": ping\n\n" * 400_000, STREAM),
        Dribble(b": ping\n\n", end),
    ):
        canned.script(comments)
        assert ask(canned, "questions/rain.yaml", "--timeout", "0.1", "--force").status == 0


@pytest.mark.parametrize("name", NOTHING)
def test_the_next_question_goes_on(
    name: str, canned: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.chdir(project(tmp_path / "p", "rain", "snow"))
    canned.otherwise = Canned(GOOD)
    canned.rule(lambda seen: NOTHING[name] if "does rain fall" in seen.said else None)
    begun = time.process_time()
    outcome = ask(canned, "questions", "--out", "out", "--retries", "0", "--concurrency", "1")
    assert time.process_time() - begun < 15
    assert outcome.status in (0, 1), outcome.err
    assert Path("out/snow.answer.md").is_file()
    assert len(outcome.err) < 3_000

"""Each fault is what it says, seen from a client; and the proxy remembers every request."""

from __future__ import annotations

import http.client
import json
import threading
import time
from email.utils import parsedate_to_datetime

import pytest

from tests.endpoint.client import chat, content, post
from tests.endpoint.faults import (
    GARBAGE,
    NOT_JSON,
    TRUNCATED,
    Canned,
    Hang,
    Redirect,
    Reset,
    Status,
    too_many,
    too_many_until,
)
from tests.endpoint.proxy import FaultProxy

TEXT = "Zwölf “Zeilen” → 🧠\n\n- eins\n"


@pytest.mark.parametrize("streaming", [False, True])
def test_a_canned_answer_arrives_as_it_was_written(canned: FaultProxy, streaming: bool) -> None:
    canned.script(Canned(TEXT), Canned("abc", "length", pieces=2))
    options = {"stream": streaming, "stream_options": {"include_usage": True}}
    status, headers, body = post(canned.base_url, chat("Why?", **options))
    assert (status, content(body)) == (200, TEXT)
    assert headers["content-type"] == ("text/event-stream" if streaming else "application/json")
    assert b'"total_tokens"' in body
    assert b'"finish_reason": "length"' in post(canned.base_url, chat("Why?", **options))[2]
    assert content(post(canned.base_url, chat("And now?", **options))[2]) == "A canned answer."
    assert canned.asked == canned.answered == {"Why?": 2, "And now?": 1}


def test_errors_have_their_status_and_say_when_to_come_again(canned: FaultProxy) -> None:
    canned.script(*(Status(code) for code in (500, 502, 503)), too_many(1.5), too_many_until(90))
    assert [post(canned.base_url, chat("a"))[0] for _ in range(3)] == [500, 502, 503]
    status, headers, body = post(canned.base_url, chat("a"))
    assert (status, headers["retry-after"]) == (429, "1.5")
    assert json.loads(body)["error"]["message"] == "rate limit reached"
    status, headers, _ = post(canned.base_url, chat("a"))
    until = parsedate_to_datetime(headers["retry-after"])
    assert (status, 0 < until.timestamp() - time.time() <= 90) == (429, True)
    assert (canned.asked["a"], canned.answered["a"]) == (5, 0)


def test_connections_are_reset(canned: FaultProxy) -> None:
    canned.script(
        Reset(), Reset(after_headers=True), Canned(TEXT, dies_after=3), Canned(TEXT, dies_after=3)
    )
    for streaming in (False, False, True, False):
        with pytest.raises(ConnectionResetError):
            post(canned.base_url, chat("a", stream=streaming))
    assert canned.answered["a"] == 0


def test_a_stream_dies_half_way(canned: FaultProxy) -> None:
    canned.script(Canned("abcdefgh", dies_after=5))
    address = canned.base_url.removeprefix("http://").removesuffix("/v1")
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("POST", "/v1/chat/completions", json.dumps(chat("a", stream=True)).encode())
    response = connection.getresponse()
    lines = [response.readline() for _ in range(10)]
    assert content(b"".join(lines)) == "abcd"
    with pytest.raises(ConnectionResetError):
        response.read()
    connection.close()


def test_bodies_are_garbage_cut_or_of_another_type(canned: FaultProxy) -> None:
    canned.script(GARBAGE, NOT_JSON, TRUNCATED, Redirect("http://127.0.0.1:1/v1"), Hang(0.1))
    with pytest.raises(ValueError, match=r"line 1|Expecting"):
        json.loads(post(canned.base_url, chat("a"))[2])
    assert post(canned.base_url, chat("a"))[1]["content-type"] == "text/html"
    with pytest.raises(http.client.IncompleteRead):
        post(canned.base_url, chat("a"))
    status, headers, _ = post(canned.base_url, chat("a"))
    assert (status, headers["location"]) == (302, "http://127.0.0.1:1/v1")
    with pytest.raises(http.client.RemoteDisconnected):
        post(canned.base_url, chat("a"))


def test_a_slow_stream_takes_its_time_and_requests_run_side_by_side(canned: FaultProxy) -> None:
    canned.rule(lambda seen: Canned("abcd", pieces=2, delay=0.2) if "slow" in seen.said else None)
    took: list[float] = []

    def ask_slowly() -> None:
        begun = time.monotonic()
        assert content(post(canned.base_url, chat("slow", stream=True))[2]) == "abcd"
        took.append(time.monotonic() - begun)

    threads = [threading.Thread(target=ask_slowly) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert content(post(canned.base_url, chat("quick"))[2]) == "A canned answer."
    for thread in threads:
        thread.join()
    assert (len(took), min(took) >= 0.2 * 5) == (2, True)
    assert canned.most_at_once >= 2
    assert canned.answered == {"slow": 2, "quick": 1}


def test_requests_are_remembered_with_what_they_brought(canned: FaultProxy) -> None:
    post(canned.base_url, chat("a", temperature=0.5), key="sk-mine")
    (seen,) = canned.seen
    assert (seen.headers["authorization"], seen.body["temperature"], seen.said) == (
        "Bearer sk-mine",
        0.5,
        "a",
    )
    canned.forget()
    assert not canned.seen

"""The real server: it answers, streams, asks for a key, does what a grammar says, and comes back after its end."""

from __future__ import annotations

import threading

import pytest

from tests.endpoint.client import chat, content, post
from tests.endpoint.faults import Pass
from tests.endpoint.grammar import grammar_for
from tests.endpoint.proxy import FaultProxy
from tests.endpoint.running import Endpoint

FORCED = '# 🧠 “Two”\n\n1. **a\\b** → [x "y"](https://arxiv.org/abs/2401.1)\n'


def test_a_real_model_answers_the_same_each_time(endpoint: Endpoint) -> None:
    asked = chat("The capital of France is", max_tokens=8)
    answers = [
        content(post(endpoint.base_url, {**asked, "stream": streaming})[2])
        for streaming in (False, True)
    ]
    assert answers[0].strip()
    assert answers[0] == answers[1]


def test_without_the_key_there_is_no_answer(endpoint: Endpoint) -> None:
    assert post(endpoint.base_url, chat("Hello"), key="sk-wrong")[0] == 401


def test_a_grammar_forces_one_text_upon_the_model(endpoint: Endpoint) -> None:
    status, _, body = post(
        endpoint.base_url, chat("What?", grammar=grammar_for(FORCED), max_tokens=100)
    )
    assert (status, content(body)) == (200, FORCED)
    grammar = grammar_for("yes", "no")
    assert content(post(endpoint.base_url, chat("Is water wet?", grammar=grammar))[2]) in (
        "yes",
        "no",
    )


def test_the_proxy_puts_a_grammar_into_a_request_on_its_way(proxy: FaultProxy) -> None:
    proxy.script(Pass(), Pass(grammar=grammar_for("grounded\n"), max_tokens=20))
    asked = chat("Once upon a time", max_tokens=4)
    assert content(post(proxy.base_url, asked)[2]) != "grounded\n"
    assert content(post(proxy.base_url, asked)[2]) == "grounded\n"
    assert content(post(proxy.base_url, {**asked, "stream": True})[2]) != ""
    assert proxy.answered == {"Once upon a time": 3}


def test_the_proxy_cuts_the_stream_of_a_real_answer(proxy: FaultProxy) -> None:
    proxy.script(Pass(dies_after=2), Pass(dies_after=0))
    for streaming in (True, False):
        with pytest.raises(ConnectionResetError):
            post(proxy.base_url, chat("Once upon a time", max_tokens=4, stream=streaming))
    assert not proxy.answered


def test_two_are_answered_at_once(proxy: FaultProxy) -> None:
    asked = [chat(f"{word} are", max_tokens=8, stream=True) for word in ("Cats", "Dogs")]
    threads = [threading.Thread(target=post, args=(proxy.base_url, one)) for one in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert proxy.most_at_once == 2
    assert proxy.answered == {"Cats are": 1, "Dogs are": 1}


def test_a_server_that_ended_comes_back_where_it_was(endpoint: Endpoint, proxy: FaultProxy) -> None:
    before = endpoint.pid
    endpoint.stop()
    with pytest.raises(ConnectionResetError):
        post(proxy.base_url, chat("Hello"))
    endpoint.start()
    assert endpoint.pid != before
    assert post(proxy.base_url, chat("Hello", max_tokens=2))[0] == 200

"""The pure parts of asking: masks, waits, what is heard, which answer is best, what it will take."""

from __future__ import annotations

import datetime as dt
import json
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from explainer.asking.conversation import (
    AskSettings,
    Message,
    ModelAnswer,
    PreparedQuestion,
    Reply,
    Request,
    Round,
    StreamAccumulator,
    Usage,
    as_printed,
    choose,
    error_in,
    judge,
    step,
)
from explainer.asking.costs import Prices, answer_limit, forecast
from explainer.asking.endpoint import failure_of_status, parse_retry_after, wait_before
from explainer.asking.outputs import JournalRow
from explainer.asking.redaction import HIDDEN, Redactor, StreamRedactor, public_url
from explainer.catalogs.library import Sources
from explainer.catalogs.schema import ModelEntry
from explainer.checking.offered import offered_by_sources
from explainer.diagnostics.text import refused_characters
from tests.helpers.ask import BAD, GOOD, WARNED
from tests.helpers.support import examples

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
KEY = "sk-a/b+c=d-secret-key"
SOURCES = Sources((ModelEntry(name="Beta", paper="https://example.org/beta"),))
ORDER = PreparedQuestion(
    "q", "How?", (Message("user", "How does it fall?"),), offered_by_sources(SOURCES, "How?")
)


# --- masks ---


@given(st.lists(st.sampled_from([*KEY, KEY, KEY[:7], KEY[3:], "x", " "]), max_size=30))
@settings(max_examples=examples(200, 2000))
def test_a_key_in_pieces_is_as_hidden_as_a_whole_one(pieces: list[str]) -> None:
    mask = Redactor(KEY)
    stream = StreamRedactor(mask)
    shown = "".join(stream.feed(piece) for piece in pieces)
    assert KEY not in shown
    assert mask("".join(pieces)).startswith(shown)


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        "sk-a%2Fb%2Bc%3Dd-secret-key",
        "sk-a/b%2Bc%3Dd-secret-key",
        "sk-a\\/b+c=d-secret-key",
        f"Bearer {KEY}",
    ],
)
def test_a_key_is_hidden_in_every_form(form: str) -> None:
    assert Redactor(KEY)(f"({form})") in (f"({HIDDEN})", f"(Bearer {HIDDEN})")


def test_a_word_that_local_servers_take_for_a_key_hides_nothing() -> None:
    assert Redactor("none")("There is none.") == "There is none."


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:pw@host:80/v1?key=x#y", "http://host:80/v1"),
        ("https://[::1]:8/v1", "https://[::1]:8/v1"),
        ("http://h:99999/", "(not a URL)"),
        ("/v2/chat?key=x", "/v2/chat"),
    ],
)
def test_a_url_is_shown_without_what_is_private(url: str, shown: str) -> None:
    assert public_url(url) == shown


# --- waits ---


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None), ("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("nan", None), ("inf", None), ("", None),
        (format_datetime(NOW + dt.timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - dt.timedelta(hours=1), usegmt=True), 0.0),
        ("Sun, 99 Nov 9999 99:99:99 GMT", None), ("1e308", 1e9),
    ],
)  # fmt: skip
def test_when_to_come_again_is_a_number_or_a_date(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_no_header_breaks_it(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(1, 100), st.none() | st.floats(0, 900), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_shorter_than_asked_for_nor_longer_than_bearable(
    attempt: int, after: float | None, dice: float
) -> None:
    wait = wait_before(attempt, after, dice)
    assert max(after or 0.0, 0.25) <= wait <= max(30.0, (after or 0.0) + 1)


def test_waits_double() -> None:
    assert [wait_before(attempt, None, 0.0) for attempt in (1, 2, 3, 4, 20)] == [
        0.25,
        0.5,
        1.0,
        2.0,
        15.0,
    ]


@pytest.mark.parametrize(
    ("status", "code", "kind", "again"),
    [
        (429, "", "busy", True), (500, "", "busy", True), (529, "", "busy", True), (408, "", "busy", True),
        (400, "", "refused", False), (404, "", "refused", False), (401, "", "unusable", False),
        (307, "", "unusable", False), (429, "insufficient_quota", "unusable", False),
    ],
)  # fmt: skip
def test_only_what_passes_is_asked_again(status: int, code: str, kind: str, again: bool) -> None:
    trouble = failure_of_status(status, "", code, None)
    assert (trouble.kind, trouble.again) == (kind, again)


# --- what is heard ---


def test_an_answer_is_put_together_and_half_characters_are_joined() -> None:
    heard = StreamAccumulator()
    halves = json.loads('["\\ud83e", "\\udde0", "\\ud800"]')
    for piece in ("A ", *halves, None):
        heard.take({"choices": [{"delta": {"content": piece}}], "usage": None})
    assert not heard.whole
    heard.take({"choices": [{"delta": {}, "finish_reason": "stop"}], "model": "m-1"})
    heard.take({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
    assert (heard.text, heard.whole, heard.served) == ("A 🧠\ufffd", True, "m-1")
    assert heard.usage == Usage(3, 2)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["choices", "delta", "message", "content", "text", "usage", "finish_reason", "model", "error", "code"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


def test_an_answer_in_parts_is_its_text_without_what_the_model_thought() -> None:
    heard = StreamAccumulator()
    parts = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "A "},
        {"type": "text", "text": "B"},
        1,
    ]
    assert (
        heard.take({"choices": [{"message": {"content": parts}, "finish_reason": "stop"}]}) == "A B"
    )


@pytest.mark.parametrize("tokens", [-1, 10**12, 10**400, 1.5, "9", True, None])
def test_tokens_that_cannot_be_are_not_counted(tokens: object) -> None:
    heard = StreamAccumulator()
    heard.take({"usage": {"prompt_tokens": tokens, "completion_tokens": 1}})
    assert heard.usage is None
    row = JournalRow.of("k", "m", Reply("x", "stop", Usage(1, 1))).model_dump()
    with pytest.raises(ValidationError):
        JournalRow.model_validate({**row, "usage": {**row["usage"], "completion_tokens": tokens}})


def test_a_byte_order_mark_is_no_part_of_an_answer() -> None:
    assert as_printed("\ufeff" + GOOD) == GOOD


@given(st.lists(json_values, max_size=4))
def test_nothing_that_a_server_sends_breaks_it(events: list[object]) -> None:
    heard = StreamAccumulator()
    for event in events:
        assert isinstance(heard.take(event), str)
        error_in(event)
    heard.text.encode()
    assert not list(refused_characters(heard.served + (heard.finish_reason or ""), source=True))


@given(st.text())
def test_a_printed_answer_holds_nothing_that_forges(text: str) -> None:
    printed = as_printed(text)
    assert not list(refused_characters(printed, source=True))
    assert "\r" not in printed
    assert printed.endswith("\n")
    assert as_printed(printed) == printed


@given(st.text(), st.sampled_from(["stop", "length"]), st.integers(0, 9), st.booleans())
def test_a_reply_comes_back_from_the_journal_as_it_was(
    text: str, reason: str, tokens: int, guessed: bool
) -> None:
    reply = Reply(
        as_printed(text), reason, Usage(tokens, tokens, guessed), 1.5, 2, "http://h/v1", "m-1"
    )
    row = json.dumps(JournalRow.of("k", "m", reply).model_dump())
    assert JournalRow.model_validate_json(row).reply == reply


@given(json_values)
def test_a_damaged_row_is_none(row: object) -> None:
    with pytest.raises(ValidationError):
        JournalRow.model_validate_json(json.dumps(row))


# --- rounds ---


def reply(text: str, reason: str = "stop") -> Reply:
    return Reply(text, reason, Usage(1, 1))


def rounds(*texts: str) -> list[Round]:
    return [judge(ORDER, Request("m", ORDER.prompt), reply(text)) for text in texts]


def test_a_conversation_ends_in_at_most_so_many_requests_whatever_comes() -> None:
    for limit in range(4):
        plan = AskSettings(("m",), rounds=limit)
        so_far: list[Round] = []
        asked = 0
        while isinstance(what := step(ORDER, plan, "m", so_far), Request):
            asked += 1
            so_far += rounds(f"{BAD}\n{asked}")
        assert asked == 1 + limit
        assert (what.grounded, what.report.text) == (False, f"{BAD}\n{asked}\n"), (
            "of equal ones the newest"
        )


def test_the_last_answer_and_its_faults_are_sent_back_not_all_of_them() -> None:
    request = step(
        ORDER,
        AskSettings(("m",), {"a": 1, "b": 1}, {"b": 2}),
        "m",
        rounds(BAD + "\n1", BAD + "\n2"),
    )
    assert isinstance(request, Request)
    assert [message.role for message in request.messages] == ["user", "assistant", "user"]
    assert request.messages[1].content.endswith("2\n")
    assert request.parameters == {"a": 1, "b": 2}


def candidate(name: str, text: str, *, fixed: bool = False) -> ModelAnswer:
    (one,) = rounds(text)
    return ModelAnswer(name, (one,), one.report, grounded=one.report.grounded, fixed=fixed)


def test_the_best_is_grounded_then_without_errors_then_without_warnings_then_unmended_then_first() -> (
    None
):
    bad, worse = candidate("bad", BAD), candidate("worse", BAD + "https://github.com/a/a\n")
    warned, good, fixed = (
        candidate("warned", WARNED),
        candidate("good", GOOD),
        candidate("fixed", GOOD, fixed=True),
    )
    order = [good, fixed, warned, bad, worse]
    for start in range(len(order)):
        assert choose(list(reversed(order[start:]))) is order[start]
    assert choose([good, candidate("later", GOOD)]) is good
    assert choose([]) is None


@given(st.permutations(["stop", "length", "content_filter"]))
def test_what_was_cut_off_never_passes(reasons: list[str]) -> None:
    for reason in reasons:
        one = judge(ORDER, Request("m", ORDER.prompt), reply(GOOD, reason))
        assert one.report.grounded == (reason == "stop")


# --- keys and accounts ---


def test_the_key_of_a_request_is_of_its_model_messages_and_parameters_alone() -> None:
    one = Request("m", ORDER.prompt, {"a": 1, "b": [2]})
    assert one.key == Request("m", ORDER.prompt, {"b": [2], "a": 1}).key
    others = [
        Request("n", ORDER.prompt, {"a": 1, "b": [2]}), Request("m", ORDER.prompt, {"a": 2, "b": [2]}),
        Request("m", (*ORDER.prompt, Message("user", "")), {"a": 1, "b": [2]}),
    ]  # fmt: skip
    assert len({request.key for request in [one, *others]}) == 4


def test_what_it_will_take_is_bounded_by_what_answers_may_have() -> None:
    first = Request("m", ORDER.prompt, {"max_tokens": 10})
    plan = AskSettings(("m",), {"max_tokens": 10}, {"max_tokens": 30}, rounds=2)
    seen = forecast(ORDER, plan, first, [], len, Prices({"": 1_000_000}, {"m": 2_000_000}))
    assert (seen.least, seen.most, seen.prompt_least) == (1, 3, len(ORDER.text))
    assert seen.completion_most == 10 + 30 + 30
    assert seen.prompt_most is not None
    assert seen.cost_least == seen.prompt_least
    assert seen.cost_most == seen.prompt_most + 2 * 70
    free = forecast(ORDER, AskSettings(("m",)), Request("m", ORDER.prompt), [], len, Prices())
    assert (free.prompt_most, free.completion_most, free.cost_least) == (None, None, None)
    assert answer_limit({"max_tokens": True, "max_completion_tokens": "9"}) is None

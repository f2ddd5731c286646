"""`explainer ask` when the network or the endpoint fails, and where the key must never be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from explainer.asking import endpoint
from tests.endpoint import faults
from tests.endpoint.faults import Canned, Fault, Hang, Redirect, Reset, SourceRecord, Status
from tests.endpoint.proxy import FaultProxy
from tests.endpoint.running import free_port
from tests.helpers.ask import BAD, GOOD, ask, journal, project, record
from tests.helpers.support import Outcome, explainer

pytest.importorskip("httpx2")

_EVENT = b'data: {"choices": [{"delta": {"content": "a piece"}}]}\n\n'
SECRET = "sk-this/is+the=secret-0123456789"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_FIRST", 0.02)  # the first wait, in seconds
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.chdir(project(tmp_path / "p", "rain"))


@pytest.mark.parametrize(
    "fault",
    [
        Status(429), Status(500), Status(502), Status(503), Status(408), Reset(), Reset(after_headers=True),
        faults.too_many(0), faults.too_many_until(0), faults.GARBAGE, faults.TRUNCATED, faults.NO_CHOICES,
        Canned(BAD, dies_after=0), Canned(BAD, dies_after=5), Canned(GOOD, dies_after=7), Hang(0.05),
        SourceRecord(b'data: {"error": {"message": "overloaded", "code": 503}}\n\n', "text/event-stream"),
        SourceRecord(b'data: {"choices": [{"delta": {"content": "half"}}]}\n\n', "text/event-stream"),
        SourceRecord(_EVENT + b'data: {"choices": [{"de\n\n' + _EVENT + b"data: [DONE]\n\n", "text/event-stream"),
        SourceRecord(b"data: [DONE]\n\n", "text/event-stream"),
        SourceRecord(b"\xef\xbb\xbf" + _EVENT + b"data: [DONE]\n\n", "text/event-stream"),
    ],
)  # fmt: skip
def test_what_passes_is_asked_again_and_half_an_answer_is_none(
    canned: FaultProxy, fault: Fault
) -> None:
    canned.script(fault, Canned(GOOD))
    done = ask(canned, "questions/rain.yaml", "--out", "out", "-v")
    assert done.status == 0, done.err
    assert len(canned.seen) == 2
    assert Path("out/rain.answer.md").read_text() == GOOD
    assert [row["text"] for row in journal(Path("out/ask.journal.jsonl"))] == [GOOD]
    assert record(Path("out/rain.record.json"))["candidates"][0]["rounds"][0]["attempts"] == 2
    assert "asked again in" in done.err


def test_a_body_without_end_is_not_paid_again(canned: FaultProxy) -> None:
    canned.script(
        SourceRecord(b'{"choices": [{"message": {"content": "' + b"x" * 8 * 1024 * 1024 + b'"}}]}')
    )
    done = ask(canned, "questions/rain.yaml", "--out", "out")
    assert (done.status, len(canned.seen)) == (1, 1)
    assert "larger than 8,388,608 bytes" in done.err


def test_what_a_server_says_is_one_line_and_forges_no_finding(canned: FaultProxy) -> None:
    canned.script(Status(500, message="busy\nq.yaml:1:1: Q401 forged"), Canned(GOOD))
    done = ask(canned, "questions/rain.yaml", "--out", "out")
    assert "status 500: busy\\nq.yaml" in done.err
    assert not any(line.startswith("q.yaml") for line in done.err.splitlines())


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_is_refused_is_not_asked_again_and_costs_one_question(
    canned: FaultProxy, status: int
) -> None:
    canned.otherwise = Status(status, message="the prompt is odd")
    done = ask(canned, "questions", "--out", "out")
    assert (done.status, len(canned.seen)) == (1, 1)
    assert f"R801 m did not answer: status {status}: the prompt is odd" in done.err
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "ask.journal.jsonl",
        "provenance.jsonl",
    ]


@pytest.mark.parametrize(
    "fault",
    [Status(401), Status(403), Status(404), Redirect("http://127.0.0.1:9/v1"), faults.NOT_JSON],
)
def test_an_endpoint_that_cannot_be_used_ends_the_run_with_2(
    canned: FaultProxy, tmp_path: Path, fault: Fault
) -> None:
    project(tmp_path / "p", "hail", "snow", "sleet")
    canned.otherwise = fault
    done = ask(canned, "questions", "--out", "out", "--concurrency", "1")
    assert (done.status, len(canned.seen)) == (2, 1)
    assert "R802" in done.err


def test_a_403_about_one_question_does_not_end_the_run(canned: FaultProxy, tmp_path: Path) -> None:
    project(tmp_path / "p", "hail", "snow")
    canned.rule(
        lambda seen: Status(403, message="moderated") if " rain" in seen.said else Canned(GOOD)
    )
    assert ask(canned, "questions", "--out", "out", "--concurrency", "1").status == 1
    assert len(canned.seen) == 3


def test_no_money_left_is_not_asked_again(canned: FaultProxy) -> None:
    body = json.dumps({"error": {"message": "no credit", "code": "insufficient_quota"}}).encode()
    canned.script(SourceRecord(b"data: " + body + b"\n\n", "text/event-stream"), Status(429))
    assert ask(canned, "questions/rain.yaml", "--retries", "0").status in (1, 2)


def test_retries_end(canned: FaultProxy) -> None:
    canned.otherwise = Status(503)
    done = ask(canned, "questions/rain.yaml", "--retries", "2")
    assert (done.status, len(canned.seen)) == (1, 3)


def test_a_limit_is_waited_for_by_all(canned: FaultProxy, tmp_path: Path) -> None:
    project(tmp_path / "p", *(f"n{number}" for number in range(5)))
    canned.script(faults.too_many(1))
    canned.otherwise = Canned(GOOD)
    assert ask(canned, "questions", "--out", "out", "--concurrency", "1").status == 0
    first, second = canned.seen[:2]
    assert second.begun - first.begun >= 1.0
    assert len(canned.seen) == 7


def test_a_wait_of_hours_is_for_the_user_to_decide(canned: FaultProxy) -> None:
    canned.otherwise = faults.too_many(86400)
    done = ask(canned, "questions/rain.yaml")
    assert (done.status, len(canned.seen)) == (1, 1)
    assert "86,400 s" in done.err


def test_silence_is_not_waited_for_for_ever(canned: FaultProxy) -> None:
    canned.script(Hang(1.5), Canned(GOOD))
    done = ask(canned, "questions/rain.yaml", "--timeout", "0.3")
    assert (done.status, done.out) == (0, GOOD)
    assert "no data for 0.3 s" in done.err


def test_an_answer_that_trickles_has_a_deadline(canned: FaultProxy) -> None:
    canned.script(Canned(GOOD, delay=0.3, pieces=50), Canned(GOOD))
    done = ask(canned, "questions/rain.yaml", "--deadline", "0.7")
    assert (done.status, done.out) == (0, GOOD)
    assert "longer than 0.7 s" in done.err


def test_a_slow_stream_is_whole_in_the_end(canned: FaultProxy) -> None:
    canned.script(Canned(GOOD, delay=0.1))
    assert ask(canned, "questions/rain.yaml", "--timeout", "1").out == GOOD


def test_an_answer_that_has_ended_is_not_held_up_by_what_never_follows(
    canned: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "_AFTERWORD", 0.1)
    canned.script(Canned(GOOD, delay=0.3, pieces=1))
    assert ask(canned, "questions/rain.yaml", "--out", "out").status == 0
    assert record(Path("out/rain.record.json"))["usage"]["estimated"] is True
    assert len(canned.seen) == 1


def test_nobody_there_ends_with_2_and_says_where() -> None:
    port = free_port()
    done = explainer(
        "ask",
        "questions/rain.yaml",
        "--model",
        "m",
        "--base-url",
        f"http://127.0.0.1:{port}/v1",
        "--retries",
        "1",
    )
    assert (done.status, done.out) == (2, "")
    assert f"cannot connect to http://127.0.0.1:{port}/v1" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "url",
    [
        "http://a b/v1",
        "http://../v1",
        "http://[::1]:99999/v1",
        "http://%zz/v1",
        f"http://{'x' * 70}.test/v1",
        "http://ü..x/v1",
    ],
)
def test_an_odd_url_is_said_to_be_one(url: str) -> None:
    done = explainer(
        "ask", "questions/rain.yaml", "--model", "m", "--base-url", url, "--retries", "0"
    )
    assert done.status == 2
    assert done.err


def test_as_many_are_asked_at_once_as_is_said_and_no_more(
    canned: FaultProxy, tmp_path: Path
) -> None:
    project(tmp_path / "p", *(f"n{number}" for number in range(7)))
    canned.otherwise = Canned(GOOD, delay=0.05)
    assert ask(canned, "questions", "--out", "out", "--concurrency", "3").status == 0
    assert canned.most_at_once == 3
    canned.forget()
    canned.otherwise = Canned(GOOD)
    models = ("--model", "a", "--model", "b")
    assert (
        ask(canned, "questions", "--out", "two", "--concurrency", "1", *models, model=None).status
        == 0
    )
    assert canned.most_at_once == 1


def test_an_endpoint_may_be_given_in_the_environment_or_whole(
    canned: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    canned.otherwise = Canned(GOOD)
    monkeypatch.setenv("OPENAI_BASE_URL", canned.base_url + "/")
    assert explainer("ask", "questions/rain.yaml", "--model", "m").status == 0
    whole = canned.base_url + "/chat/completions"
    assert explainer("ask", "questions/rain.yaml", "--model", "m", "--base-url", whole).status == 0
    assert [seen.path for seen in canned.seen] == 2 * ["/v1/chat/completions"]


# --- the key ---


def without_key(done: Outcome, folder: Path = Path()) -> bool:
    """Whether the key is nowhere: in no output, in no file, in no form."""
    forms = [
        SECRET.encode(),
        json.dumps(SECRET)[1:-1].replace("/", "\\/").encode(),
        b"sk-this%2Fis%2Bthe%3Dsecret",
    ]
    texts = [
        done.stdout,
        done.stderr,
        *(path.read_bytes() for path in folder.rglob("*") if path.is_file()),
    ]
    return not any(form in text for form in forms for text in texts)


def test_the_key_goes_to_the_endpoint_in_its_header_alone(canned: FaultProxy) -> None:
    canned.otherwise = Canned(GOOD)
    done = ask(canned, "questions/rain.yaml", "--out", "out", "-v", "--report", "r.html")
    assert canned.seen[0].headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in json.dumps(canned.seen[0].body)
    assert SECRET not in canned.seen[0].path
    assert without_key(done)


@pytest.mark.parametrize(
    "fault",
    [
        Status(401, message=f"Incorrect API key provided: {SECRET}."),
        Status(400, message=f"header was 'Bearer {SECRET}'"),
        Status(500, message=SECRET),
        Redirect(f"http://127.0.0.1:9/{SECRET}?key={SECRET}"),
        SourceRecord(
            f'data: {{"error": {{"message": "bad {SECRET}"}}}}\n\n'.encode(), "text/event-stream"
        ),
        SourceRecord(SECRET.encode(), "text/plain"),
        Canned(f"{BAD}\nYour key is {SECRET}, keep it.\n", pieces=60),
        Canned(f"{GOOD.rstrip()} `{SECRET}`\n", pieces=60),
    ],
)
@pytest.mark.parametrize("place", [("--out", "out"), ()])
def test_a_key_that_the_server_says_back_is_nowhere(
    canned: FaultProxy, fault: Fault, place: tuple[str, ...]
) -> None:
    canned.otherwise = fault
    done = ask(canned, "questions/rain.yaml", "--retries", "1", "--report", "r.html", "-v", *place)
    assert canned.seen
    assert without_key(done)
    assert "Traceback" not in done.err


def test_a_key_is_never_carried_along_to_another_host(canned: FaultProxy) -> None:
    with FaultProxy(None, Canned(GOOD)) as elsewhere:
        for code in (301, 302, 307, 308):
            canned.script(Redirect(f"{elsewhere.base_url}/chat/completions", code))
            done = ask(canned, "questions/rain.yaml")
            assert (done.status, elsewhere.seen) == (2, [])
            assert "redirects to" in done.err


def test_another_variable_may_hold_the_key(
    canned: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "another-secret-key\n")
    canned.otherwise = Canned(GOOD)
    assert ask(canned, "questions/rain.yaml", "--key-env", "MY_KEY").status == 0
    assert canned.seen[0].headers["authorization"] == "Bearer another-secret-key"


def test_without_a_key_there_is_no_header(
    canned: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    canned.otherwise = Canned(GOOD)
    assert ask(canned, "questions/rain.yaml").status == 0
    assert "authorization" not in canned.seen[0].headers


@pytest.mark.parametrize(
    "arguments",
    [
        ("--key-env", SECRET),
        ("--base-url", f"http://user:{SECRET}@127.0.0.1:9/v1"),
        ("--base-url", f"http://{SECRET}@127.0.0.1:9/v1"),
        ("--base-url", f"ftp://{SECRET}@127.0.0.1/v1"),
        ("--base-url", "http://127.0.0.1:9/v1", "--key-env", "NOT_THERE"),
    ],
)
def test_a_key_in_the_wrong_place_is_refused_and_not_said(arguments: tuple[str, ...]) -> None:
    done = explainer("ask", "questions/rain.yaml", "--model", "m", *arguments)
    assert done.status == 2
    assert without_key(done)


def test_a_key_that_no_header_takes_is_refused_and_not_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{SECRET} and\nmore")
    done = explainer(
        "ask", "questions/rain.yaml", "--model", "m", "--base-url", "http://127.0.0.1:9/v1"
    )
    assert done.status == 2
    assert without_key(done)
    assert "OPENAI_API_KEY" in done.err


def test_a_key_in_the_clear_to_another_machine_gets_a_warning() -> None:
    done = explainer(
        "ask", "questions/rain.yaml", "--model", "m", "--retries", "0", "--timeout", "0.5",
        "--base-url", "http://llm.invalid/v1?key=x",
    )  # fmt: skip
    assert done.status == 2
    assert "http://llm.invalid/v1:1:1: R805 warning" in done.err

"""A proxy on loopback that makes the faults of `faults` happen, and remembers what was asked of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, TypeAlias

from tests.endpoint.faults import (
    NEVER,
    Canned,
    Dribble,
    Fault,
    Hang,
    Pass,
    Redirect,
    Reset,
    SourceRecord,
    Status,
)

UPSTREAM_SECONDS = 600


@dataclass
class Deduplicator:
    """One request that reached the proxy.

    Attributes:
        number: how many came before it.
        path: what was asked for.
        headers: its headers, with names in lower case: the key is in `authorization`.
        body: what was sent, as JSON; None when it was none.
        fault: what it got.
        begun: when it came, by the monotonic clock; `ended`: when it was done with, 0.0 while it is not.
        whole: whether the whole answer was sent.
    """

    number: int
    path: str
    headers: dict[str, str]
    body: Any
    fault: Fault
    begun: float
    ended: float = 0.0
    whole: bool = False

    @property
    def messages(self) -> list[dict[str, str]]:
        """The messages of a chat."""
        found: list[dict[str, str]] = self.body["messages"]
        return found

    @property
    def said(self) -> str:
        """All messages, joined."""
        return "".join(message["content"] for message in self.messages)


Rule: TypeAlias = Callable[[Deduplicator], "Fault | None"]


@dataclass
class _State:
    script: deque[Fault] = field(default_factory=deque)
    rule: Rule | None = None
    seen: list[Deduplicator] = field(default_factory=list)
    # a rule may look at what was seen
    lock: threading.RLock = field(default_factory=threading.RLock)
    running: int = 0
    most: int = 0


class FaultProxy:
    """The proxy, in a thread. Use it as a context.

    What a request for a completion gets: what `rule` says of it, if that says anything; else the next of `script`;
    else `otherwise`. All other requests go to the server behind it.

    Args:
        upstream: the port of the server; None: there is none, and `otherwise` must be something that needs none.
        otherwise: what requests get when the script has come to its end.
    """

    def __init__(self, upstream: int | None, otherwise: Fault) -> None:
        self._upstream = upstream
        self._state = _State()
        self.otherwise = otherwise
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def base_url(self) -> str:
        """What clients call the base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def upstream(self) -> int | None:
        """The port of the server behind it."""
        return self._upstream

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def script(self, *faults: Fault) -> None:
        """Say what the next requests get, one after the other."""
        with self._state.lock:
            self._state.script.extend(faults)

    def rule(self, rule: Rule | None) -> None:
        """Say what a request gets by what it is: for those that come at once, in any order."""
        self._state.rule = rule

    def forget(self) -> None:
        """Forget the requests, the script and the rule."""
        with self._state.lock:
            self._state.seen.clear()
            self._state.script.clear()
            self._state.rule = None
            self._state.most = 0

    @property
    def seen(self) -> list[Deduplicator]:
        """The requests for completions, in the order in which they came."""
        with self._state.lock:
            return [one for one in self._state.seen if one.path.endswith("/completions")]

    @property
    def asked(self) -> Counter[str]:
        """How often each conversation was asked; by what was said in it."""
        return Counter(one.said for one in self.seen)

    @property
    def answered(self) -> Counter[str]:
        """How often each conversation was answered, whole."""
        return Counter(one.said for one in self.seen if one.whole)

    @property
    def most_at_once(self) -> int:
        """The greatest number of requests that were open at once."""
        return self._state.most

    @contextlib.contextmanager
    def _noted(self, path: str, headers: dict[str, str], body: Any) -> Iterator[Deduplicator]:
        """Note a request, and choose what it gets."""
        state = self._state
        with state.lock:
            seen = Deduplicator(len(state.seen), path, headers, body, Pass(), time.monotonic())
            if path.endswith("/completions"):
                chosen = state.rule(seen) if state.rule is not None else None
                seen.fault = chosen or (state.script.popleft() if state.script else self.otherwise)
            state.seen.append(seen)
            state.running += 1
            state.most = max(state.most, state.running)
        try:
            yield seen
        finally:
            with state.lock:
                seen.ended = time.monotonic()
                state.running -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    proxy: FaultProxy


class _ResetError(Exception):
    """The connection is to be reset."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(data) if data else None
        except ValueError:
            body = None
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.proxy._noted(self.path, headers, body) as seen:
            try:
                self._answer(seen, data)
            except _ResetError:
                self._reset(seen)
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                seen.whole = False  # the client has gone
                self.close_connection = True

    def _answer(self, seen: Deduplicator, data: bytes) -> None:
        """Answer as the fault says."""
        fault = seen.fault
        if isinstance(fault, Pass):
            self._pass_on(seen, fault, data)
        elif isinstance(fault, Canned):
            self._canned(seen, fault)
        elif isinstance(fault, SourceRecord):
            self._whole(200, fault.body, fault.content_type, announced=fault.announced)
        elif isinstance(fault, Dribble):
            self._dribble(fault)
        elif isinstance(fault, Status):
            error = {"error": {"message": fault.message, "type": "error", "code": fault.code}}
            extra = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
            self._whole(fault.code, json.dumps(error).encode(), "application/json", extra)
        elif isinstance(fault, Redirect):
            self._whole(fault.code, b"", "text/plain", {"Location": fault.location})
        elif isinstance(fault, Hang):
            time.sleep(fault.seconds)
            self.close_connection = True
        elif isinstance(fault, Reset):
            if fault.after_headers:
                self._headers(200, "application/json", {"Content-Length": "1000"})
            raise _ResetError

    def _pass_on(self, seen: Deduplicator, fault: Pass, data: bytes) -> None:
        if self.server.proxy.upstream is None:
            self._whole(404, b"{}", "application/json")
            return
        if isinstance(seen.body, dict) and (
            fault.grammar is not None or fault.max_tokens is not None
        ):
            data = json.dumps(_changed(seen.body, fault)).encode()
        dropped = ("host", "connection", "content-length", "accept-encoding")
        headers = {name: value for name, value in seen.headers.items() if name not in dropped}
        behind = http.client.HTTPConnection(
            "127.0.0.1", self.server.proxy.upstream, timeout=UPSTREAM_SECONDS
        )
        try:
            behind.request(self.command, self.path, data, headers)
            response = behind.getresponse()
            self._forward(seen, response, fault)
        except (http.client.HTTPException, ConnectionError):
            raise _ResetError from None
        finally:
            behind.close()

    def _forward(self, seen: Deduplicator, response: http.client.HTTPResponse, fault: Pass) -> None:
        kind = response.getheader("Content-Type") or "application/json"
        if not kind.startswith("text/event-stream"):
            body = response.read()
            time.sleep(fault.delay)
            self._cut(seen, response.status, body, kind, fault.dies_after)
        else:
            self._stream(seen, _events(response), fault.delay, fault.dies_after)

    def _canned(self, seen: Deduplicator, fault: Canned) -> None:
        streaming = bool(seen.body.get("stream"))
        counting = (seen.body.get("stream_options") or {}).get("include_usage", False)
        if streaming:
            self._stream(
                seen, _canned_events(seen, fault, counting=counting), fault.delay, fault.dies_after
            )
            return
        time.sleep(fault.delay)
        message = {"role": "assistant", "content": fault.text}
        data = _envelope(
            seen, "chat.completion", [_choice("message", message, fault.finish_reason)]
        )
        if fault.usage:
            data["usage"] = _usage(seen, fault)
        self._cut(
            seen,
            200,
            json.dumps(data, ensure_ascii=False).encode(),
            "application/json",
            fault.dies_after,
        )

    def _cut(
        self, seen: Deduplicator, status: int, body: bytes, kind: str, dies_after: int
    ) -> None:
        if dies_after == NEVER:
            seen.whole = status == 200
            self._whole(status, body, kind)
            return
        self._headers(status, kind, {"Content-Length": str(len(body))})
        self.wfile.write(body[: len(body) // 2])
        raise _ResetError

    def _stream(
        self, seen: Deduplicator, events: Iterator[bytes], delay: float, dies_after: int
    ) -> None:
        self._headers(200, "text/event-stream", {"Transfer-Encoding": "chunked"})
        for number, event in enumerate(events):
            if number >= dies_after:
                raise _ResetError
            time.sleep(delay)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
            self.wfile.flush()
        seen.whole = True  # noted first: the client may look at once
        self.wfile.write(b"0\r\n\r\n")

    def _dribble(self, fault: Dribble) -> None:
        """Send pieces for a minute, or until the client has gone."""
        self.close_connection = True
        if fault.status:
            self._headers(fault.status, fault.content_type, {"Connection": "close"})
        self.wfile.write(fault.begin)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(fault.seconds)
            self.wfile.write(fault.piece)
            self.wfile.flush()

    def _whole(
        self,
        status: int,
        body: bytes,
        kind: str,
        extra: dict[str, str] | None = None,
        announced: int | None = None,
    ) -> None:
        length = len(body) if announced is None else announced
        self._headers(status, kind, {**(extra or {}), "Content-Length": str(length)})
        self.wfile.write(body)
        self.close_connection = self.close_connection or length != len(body)

    def _headers(self, status: int, kind: str, extra: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **extra}.items():
            self.send_header(name, value)
        self.end_headers()

    def _reset(self, seen: Deduplicator) -> None:
        """Close with a reset instead of a farewell: what is lost in between is lost (SO_LINGER of 0 seconds)."""
        seen.whole = False
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            time.sleep(0.05)  # what was sent before arrives before
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()


def _changed(body: dict[str, Any], fault: Pass) -> dict[str, Any]:
    """A request with what the fault puts into it; the greatest length has two names, and the newer one would win."""
    own = {
        key: value
        for key, value in body.items()
        if fault.max_tokens is None or key != "max_completion_tokens"
    }
    put = {"grammar": fault.grammar, "max_tokens": fault.max_tokens}
    return {**own, **{key: value for key, value in put.items() if value is not None}}


def _events(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The server-sent events of a response, each with the empty line that ends it."""
    event = b""
    while line := response.readline():
        event += line
        if not line.strip():
            yield event
            event = b""
    if event:
        raise http.client.IncompleteRead(event)


def _canned_events(seen: Deduplicator, fault: Canned, *, counting: bool) -> Iterator[bytes]:
    size = max(1, -(-len(fault.text) // fault.pieces))
    pieces = [fault.text[at : at + size] for at in range(0, len(fault.text), size)]
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant"}, None)]
    deltas += [({"content": piece}, None) for piece in pieces]
    deltas.append(({}, fault.finish_reason))
    for delta, reason in deltas:
        yield _event(_envelope(seen, "chat.completion.chunk", [_choice("delta", delta, reason)]))
    if counting and fault.usage:
        yield _event({**_envelope(seen, "chat.completion.chunk", []), "usage": _usage(seen, fault)})
    yield b"data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _choice(key: str, value: dict[str, str], reason: str | None) -> dict[str, Any]:
    return {"index": 0, key: value, "finish_reason": reason}


def _envelope(seen: Deduplicator, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    model = seen.body.get("model", "canned")
    return {
        "id": f"canned-{seen.number}",
        "object": kind,
        "created": 1_700_000_000,
        "model": model,
        "choices": choices,
    }


def _usage(seen: Deduplicator, fault: Canned) -> dict[str, int]:
    """Four signs are a token, as nearly as it matters."""
    prompt, completion = len(seen.said) // 4, len(fault.text) // 4
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }

"""The one module that talks to the network: an OpenAI-compatible endpoint, asked until the answer is whole.

The client is httpx2 (BSD-3-Clause, maintained, built on by OpenAI's own package): it streams, bounds events and keeps
the connections. What is here is what no client knows: which failures pass, and that half an answer is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import math
import random
import time
from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime
from functools import partial
from importlib.util import find_spec
from ipaddress import ip_address
from socket import inet_aton, inet_ntoa
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, Protocol, Self
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct
from msgspec.structs import replace

from explainer._package import __version__
from explainer.asking.conversation import Reply, Request, StreamAccumulator, Usage, error_in
from explainer.asking.redaction import Redactor, StreamRedactor, public_url
from explainer.batching.tokens import Counter
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import reason_of
from explainer.documents.document import value_at
from explainer.documents.json_reader import parse_json

if TYPE_CHECKING:
    from types import TracebackType

    import httpx2

_OK: Final = 200
_MAX_EVENT: Final = 1024 * 1024  # bytes; a piece of an answer has a few
# Characters of a stream, and of those that may come one after the other without a word of the answer or of thoughts:
# comments that keep a connection open have 20 every few seconds.
_MAX_STREAM: Final = 256 * 1024 * 1024
_MAX_IDLE: Final = 1024 * 1024
_MAX_BODY: Final = 8 * 1024 * 1024  # bytes; an answer is cut off at a million characters
_MAX_ERROR: Final = 64 * 1024  # bytes of a body that says what is wrong
_CONNECT: Final = 10.0  # seconds; silence may last longer once there is a connection
# How many times `--timeout` a server may keep a connection open without a word of the answer, by comments, headers or
# blanks that come slowly: a model that thinks in silence takes minutes, and 600 s are what clients wait by default.
_WORDLESS: Final = 5
# Seconds without a word of the answer after which whoever looks on is told.
_TOLD_AFTER: Final = 30.0
# Seconds that a server has for counting tokens when an answer has ended.
_AFTERWORD: Final = 5.0
# Seconds that it has for closing the stream when it has said that nothing follows.
_FAREWELL: Final = 1.0
_PATH: Final = "/chat/completions"

FailureKind = Literal["unreachable", "unusable", "refused", "busy", "broken"]

# When to ask again, and how long to wait before.
_FIRST: Final = 0.5  # seconds; they double with each attempt
_LONGEST: Final = 30.0  # seconds between two attempts, when the server asks for none
# Seconds that a server may ask to be left alone; a longer wait is for the user to decide: the next question goes on.
MAX_RETRY_AFTER: Final = 120.0

# Seconds: no wait is longer, so that none is too long to be said.
_FOR_EVER: Final = 1e9
_AGAIN: Final = frozenset({408, 409, 425, 429})  # a timeout, a conflict, too early, too many
# No key, no money, no proxy: the same for every question.
_UNUSABLE: Final = frozenset({401, 402, 407})
_UNUSABLE_AT_FIRST: Final = frozenset({403, 404, 405})  # perhaps a wrong URL or model
_SERVER: Final = 500  # the fault of the server, so it may pass
_REDIRECTS: Final = range(300, 400)  # not followed: a key is for one host
# Codes of status 429 that do not pass.
_QUOTA: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class RequestFailure(Struct, frozen=True):
    """Why an answer did not come.

    Attributes:
        kind: `unreachable`: no connection. `unusable`: nothing that is asked there will be answered. `refused`: this
            request will not be. `busy`: later. `broken`: what came was not whole.
        message: what to say; it may quote the server.
        again: asking again may help.
        after: seconds that the server wants to be left alone.
        at_first: unusable, unless the model has answered something before: then it is this request that is refused.
    """

    kind: FailureKind
    message: str
    again: bool = False
    after: float | None = None
    at_first: bool = False


def failure_of_status(status: int, said: str, code: str, after: float | None) -> RequestFailure:
    """Return the trouble that an HTTP status means (RFC 9110, 15; RFC 6585, 4).

    Args:
        status: anything but 200.
        said: what the body says.
        code: the machine-readable code in the body.
        after: seconds from the header `Retry-After`.
    """
    message = f"status {status}" + f": {said}" * bool(said)
    if status in _REDIRECTS:
        return RequestFailure(
            "unusable", f"{message}; redirects are not followed, to keep the key safe"
        )
    if status in _UNUSABLE or code in _QUOTA:
        return RequestFailure("unusable", message)
    if status in _AGAIN or status >= _SERVER:
        return _busy(message, after)
    return RequestFailure("refused", message, at_first=status in _UNUSABLE_AT_FIRST)


def _busy(message: str, after: float | None) -> RequestFailure:
    """What a server says that may answer later; it is not waited for for long."""
    if after is not None and after > MAX_RETRY_AFTER:
        return RequestFailure("busy", f"{message}; it asks to wait {after:,.0f} s")
    return RequestFailure("busy", message, again=True, after=after)


def parse_retry_after(value: str | None, now: dt.datetime) -> float | None:
    """Return the seconds that a header `Retry-After` asks for (RFC 9110, 10.2.3): a number of them, or a date."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, now)
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), _FOR_EVER)


def _seconds_until(date: str, now: dt.datetime) -> float:
    """The seconds from now to a date of HTTP; no number where it is no date, which is no reason to wait."""
    # Years of twenty digits, offsets of days: the library has errors of five kinds for what is no date.
    try:
        when = parsedate_to_datetime(date)
        if when.tzinfo is None:
            when = when.replace(tzinfo=dt.UTC)
        return when.timestamp() - now.timestamp()
    except Exception:  # noqa: BLE001
        return math.nan


def wait_before(attempt: int, after: float | None, dice: float) -> float:
    """Return the seconds to wait before asking again.

    They double each time, and are drawn evenly from the upper half ("equal jitter", M. Brooker, Exponential Backoff
    and Jitter, 2015), so that many who were turned away together do not come back together. What the server asks for
    is the least; a little is added.

    Args:
        attempt: how many were made.
        after: what the server asks for.
        dice: a number from 0 up to 1.
    """
    wait = min(_LONGEST, _FIRST * 2.0 ** min(attempt - 1, 10)) * (1 + dice) / 2
    if after is None:
        return wait
    return max(wait, after + min(1.0, after / 10) * dice)


class RequestFailedError(Exception):
    """An answer did not come; `failure` says why."""

    def __init__(self, failure: RequestFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class StreamObserver(Protocol):
    """Is told what happens while an answer comes."""

    def on_attempt(self, attempt: int) -> None:
        """It is asked, for this time; what was received before does not count."""

    def on_text(self, piece: str) -> None:
        """A piece of the answer."""

    def on_retry(self, why: str, seconds: float) -> None:
        """It did not come; it will be asked again after so many seconds."""

    def on_wait(self, seconds: float) -> None:
        """Nothing of it came so far; it is waited for so many seconds at most."""


class Address(Struct, frozen=True):
    """Where and how to ask.

    Attributes:
        base_url: as the user gave it.
        key: for the header `Authorization`; None sends none.
        timeout: seconds of silence.
        deadline: seconds for one whole answer.
        retries: how often a request is sent again.
        concurrency: requests that are open at once.
    """

    base_url: str
    key: str | None
    timeout: float
    deadline: float
    retries: int
    concurrency: int

    @property
    def url(self) -> str:
        """The URL that requests are sent to."""
        parts = urlsplit(self.base_url)
        path = parts.path.rstrip("/").removesuffix(_PATH) + _PATH
        return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))

    @property
    def name(self) -> str:
        """How it is called where everybody may read it."""
        return Redactor(self.key)(public_url(self.base_url))


def exposed_key(address: Address) -> list[Finding]:
    """Return a warning when the key goes to another machine for all between to read."""
    parts = urlsplit(address.base_url)
    if address.key is None or parts.scheme == "https":
        return []
    # what stays on this machine nobody reads on the way
    if _is_loopback(parts.hostname or ""):
        return []
    message = "the key is sent without encryption, for all on the way to read"
    return [Finding("R805", Location(address.name), message, "use https")]


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine, in any of its spellings."""
    # `127.1`, `0x7f000001` and `017700000001`, as the resolver reads them; after a space it reads nothing
    with contextlib.suppress(OSError, UnicodeError):
        host = inet_ntoa(inet_aton(host)) if " " not in host else host
    try:
        address = ip_address(host)
    except ValueError:
        return f".{host.casefold().rstrip('.')}".endswith(".localhost")
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified  # a connection to 0.0.0.0 or :: stays here


def is_installed() -> bool:
    """Whether the client is there."""
    return find_spec("httpx2") is not None


class Endpoint:
    """An endpoint. Use it as an asynchronous context manager.

    Args:
        address: where and how to ask.
        redact: keeps the key out of what is said.
        count: counts tokens, where the server does not.
    """

    def __init__(self, address: Address, redact: Redactor, count: Counter) -> None:
        self._address = address
        self._redact = redact
        self._count = count
        self._open_at = 0.0
        self._slots = asyncio.Semaphore(address.concurrency)
        self.name = address.name

    async def __aenter__(self) -> Self:
        import httpx2

        headers = {"User-Agent": f"explainer/{__version__}", "Accept-Encoding": "identity"}
        headers["Content-Type"] = "application/json"
        if self._address.key is not None:
            headers["Authorization"] = f"Bearer {self._address.key}"
        timeout = httpx2.Timeout(
            self._address.timeout, connect=min(_CONNECT, self._address.timeout), pool=None
        )
        try:
            self._client = httpx2.AsyncClient(
                headers=headers, follow_redirects=False,  # a key is for the host that it was given for
                timeout=timeout, limits=httpx2.Limits(max_connections=self._address.concurrency),
                # what is meant for this machine goes to no proxy of the environment, least of all the key
                trust_env=not _is_loopback(urlsplit(self._address.base_url).hostname or ""),
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001  # a proxy's scheme that it does not know, a package that it lacks
            reason = reason_of(error, self._redact)
            message = f"the client cannot be set up; see the proxies in the environment: {reason}"
            raise RequestFailedError(RequestFailure("unusable", message)) from None
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self._client.aclose()

    async def ask(self, request: Request, observer: StreamObserver) -> Reply:
        """Return the whole answer to a request.

        Raises:
            RequestFailedError: when it does not come, however often it is asked for.
        """
        async with self._slots:
            attempt = 1
            while True:
                await self._until_open()
                observer.on_attempt(attempt)
                try:
                    reply = await self._once(request, observer)
                    return replace(reply, attempts=attempt)
                except RequestFailedError as error:
                    failure = error.failure
                if not failure.again or attempt > self._address.retries:
                    raise RequestFailedError(failure)
                seconds = wait_before(attempt, failure.after, random.random())  # noqa: S311  # no secret
                if failure.after is not None:  # the limit is everybody's
                    self._open_at = max(self._open_at, time.monotonic() + failure.after)
                observer.on_retry(failure.message, seconds)
                await asyncio.sleep(seconds)
                attempt += 1

    async def _until_open(self) -> None:
        while (seconds := self._open_at - time.monotonic()) > 0:
            # not all at the same moment
            await asyncio.sleep(seconds + random.random() * min(1.0, seconds))  # noqa: S311

    async def _once(self, request: Request, observer: StreamObserver) -> Reply:
        received = StreamAccumulator()
        begun = time.monotonic()
        async with (
            self._failures(received),
            asyncio.timeout(self._address.deadline),
            _Patience(_WORDLESS * self._address.timeout, received, observer) as patience,
            self._client.stream(
                "POST", self._address.url, content=json.dumps(request.body)
            ) as response,
        ):
            if response.status_code != _OK:
                raise RequestFailedError(await self._refusal(response))
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind == "text/event-stream":
                await self._listen(response, received, observer, patience)
            else:
                await self._read(response, self._redact(kind), received, observer)
        if not received.whole:
            _raise_broken("the answer broke off")
        usage = received.usage or Usage(
            self._count(request.text), self._count(received.text), estimated=True
        )
        seconds, reason = time.monotonic() - begun, received.finish_reason or ""
        reply = Reply(received.text, reason, usage, seconds, 1, self.name, received.served)
        return reply.redacted(self._redact)

    async def _listen(
        self,
        response: httpx2.Response,
        received: StreamAccumulator,
        observer: StreamObserver,
        patience: _Patience,
    ) -> None:
        """Take the events of a stream, to its end or to the greatest length of an answer."""
        shown = StreamRedactor(self._redact)
        await self._take_events(
            response, received, lambda piece: observer.on_text(shown.feed(piece)), patience
        )
        if remainder := shown.finish():
            observer.on_text(remainder)

    async def _take_events(
        self, response: httpx2.Response, received: StreamAccumulator, show: Callable[[str], None],
        patience: _Patience,
    ) -> None:  # fmt: skip
        import httpx2

        stream = _BoundedStream(response, received)
        # it takes what has the text, the headers and the request of a response
        async for event in httpx2.EventSource(stream, max_event_size=_MAX_EVENT):  # type: ignore[arg-type]
            if received.done:
                continue  # read to its end, the connection can be used again
            if event.data.startswith("[DONE]"):
                received.done = True
                patience.end_in(_FAREWELL)
                continue
            data = self._data_of(event.data)
            piece = received.take(data)
            if piece:
                show(piece)
            if _is_word(data, piece):
                stream.idle = 0
                patience.renew()
            if received.full:
                received.finish_reason = "length"
                return
            if received.finish_reason is not None:  # the tokens may follow
                patience.end_in(_AFTERWORD)

    def _data_of(self, event: str) -> Any:
        """The data of one event of a stream."""
        data = _loads(event)
        if data is None and event.strip():  # a piece is missing: the others are not the answer
            _raise_broken("an event of the stream cannot be parsed")
        self._raise_error_in(data)
        return data

    async def _read(
        self,
        response: httpx2.Response,
        kind: str,
        received: StreamAccumulator,
        observer: StreamObserver,
    ) -> None:
        """Take a body that is not streamed: some servers know no other."""
        body = await _bounded(response, _MAX_BODY + 1)
        if len(body) > _MAX_BODY:
            raise RequestFailedError(
                RequestFailure("refused", f"the response is larger than {_MAX_BODY:,} bytes")
            )
        data = _loads(body.decode("utf-8", "replace"))
        self._raise_error_in(data)
        if not isinstance(data, dict):
            message = f"the response is not an answer but {kind or 'something without a type'}"
            if kind.endswith("json"):  # it was to be an answer
                _raise_broken(message)
            raise RequestFailedError(RequestFailure("refused", message, at_first=True))
        observer.on_text(self._redact(received.take(data)))
        if not received.whole and received.text:
            received.finish_reason = "stop"  # the body was whole: JSON that is not does not parse
        if not received.whole:
            _raise_broken("the response has no answer")

    async def _refusal(self, response: httpx2.Response) -> RequestFailure:
        body = (await _bounded(response, _MAX_ERROR)).decode("utf-8", "replace")
        said, code = error_in(_loads(body), self._redact) or (
            _plain(response, self._redact(body)),
            "",
        )
        if response.has_redirect_location:
            said = f"it redirects to {public_url(response.headers['location'])}"
        after = parse_retry_after(response.headers.get("retry-after"), dt.datetime.now(tz=dt.UTC))
        return failure_of_status(response.status_code, self._redact(said), code, after)

    def _raise_error_in(self, data: Any) -> None:
        """Raise the error that a stream or a body of status 200 holds."""
        error = error_in(data, self._redact)
        if error is not None:
            message, code = error
            if code.isdecimal() and int(code) != _OK:
                raise RequestFailedError(failure_of_status(int(code), message, code, None))
            _raise_broken(f"the server says: {message}")

    @contextlib.asynccontextmanager
    async def _failures(self, received: StreamAccumulator) -> AsyncIterator[None]:
        """Turn what a client raises into a failure; an answer that was whole by then has not broken off."""
        try:
            yield
        except RequestFailedError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever the client, or a library below it, raises
            failure = self._failure_of(error)
            if failure.kind != "broken" or not received.whole:
                raise RequestFailedError(failure) from None

    def _failure_of(self, error: Exception) -> RequestFailure:
        import httpx2

        reason = reason_of(error, self._redact)
        if isinstance(
            error,
            httpx2.ConnectError
            | httpx2.ConnectTimeout
            | httpx2.ProxyError
            | httpx2.UnsupportedProtocol,
        ):
            # A certificate, or a protocol that the client does not know, will be no other the next time.
            is_final = "certificate" in reason.casefold() or isinstance(
                error, httpx2.UnsupportedProtocol
            )
            message = f"cannot connect to {self.name}: {reason if str(error) else 'no answer'}"
            return RequestFailure("unreachable", message, again=not is_final)
        if isinstance(error, httpx2.InvalidURL | UnicodeError):
            return RequestFailure("unusable", f"not a URL: {reason}")
        if isinstance(error, httpx2.SSEError):
            return RequestFailure("refused", "one event of the stream is too large")
        message = f"the answer broke off: {reason}"
        if isinstance(error, httpx2.TimeoutException):
            message = f"no data for {self._address.timeout:g} s"
        elif isinstance(error, TimeoutError):
            message = f"the answer took longer than {self._address.deadline:g} s"
        return RequestFailure("broken", message, again=True)


def _raise_broken(message: str) -> NoReturn:
    """An answer did not come whole: it may the next time."""
    raise RequestFailedError(RequestFailure("broken", message, again=True))


class _Patience:
    """How long a server may send what is no word of the answer. Use it as an asynchronous context manager.

    Args:
        seconds: from one word to the next.
        received: what came of the answer.
        observer: is told of a long wait.
    """

    def __init__(
        self, seconds: float, received: StreamAccumulator, observer: StreamObserver
    ) -> None:
        self._seconds = seconds
        self._received = received
        self._observer = observer
        self._is_ending = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        notice = partial(self._observer.on_wait, self._seconds - _TOLD_AFTER)
        self._notice = self._loop.call_later(_TOLD_AFTER, notice)
        self._timeout = asyncio.timeout(self._seconds)
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._notice.cancel()
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            if self._received.whole:
                raise
            message = f"nothing of the answer came for {self._seconds:g} s, though the connection was kept open"
            raise RequestFailedError(RequestFailure("broken", message)) from None

    def renew(self) -> None:
        """A word of the answer came."""
        self._notice.cancel()
        if not self._is_ending:
            self._timeout.reschedule(self._loop.time() + self._seconds)

    def end_in(self, seconds: float) -> None:
        """The answer is whole: only so much time is left for what may follow."""
        if not self._is_ending or seconds < _AFTERWORD:
            self._timeout.reschedule(self._loop.time() + seconds)
        self._is_ending = True


class _BoundedStream:
    """The text of a response that is streamed, which ends when too much of it says nothing.

    Attributes:
        idle: characters since the last word of the answer; whoever reads the events sets it back.
    """

    def __init__(self, response: httpx2.Response, received: StreamAccumulator) -> None:
        response.encoding = (
            "utf-8"  # of every event stream (HTML, section 9.2.5), whatever the header says
        )
        self._response = response
        self._received = received
        self.headers, self.request = response.headers, response.request
        self.idle = 0

    async def aiter_text(self) -> AsyncIterator[str]:
        size = 0
        async for chunk in self._response.aiter_text():
            size += len(chunk)
            self.idle += len(chunk)
            if self.idle > _MAX_IDLE or size > _MAX_STREAM:
                if self._received.whole:
                    return
                _raise_broken("the stream does not end, and sends only empty events and comments")
            yield chunk


def _is_word(data: Any, piece: str) -> bool:
    """Whether an event holds a piece of the answer, or of what a model thinks before, as each server calls it."""
    if piece:
        return True
    delta = value_at(data, "choices", 0, "delta")
    if not isinstance(delta, dict):
        return False
    # the role says who speaks, not what
    return any(value for key, value in delta.items() if key != "role")


async def _bounded(response: httpx2.Response, most: int) -> bytes:
    """Return the body, or as much of it as it may have."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > most:
            break
    return bytes(body[:most])


def _plain(response: httpx2.Response, body: str) -> str:
    """What a body without JSON says, when it is for people: one line of plain text."""
    if response.headers.get("content-type", "").startswith("text/plain"):
        return " ".join(body.split())[:200]
    return ""


def _loads(text: str) -> Any:
    try:
        return parse_json(text)
    except ValueError:
        return None

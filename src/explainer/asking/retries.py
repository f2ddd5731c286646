"""When to ask again, and how long to wait before. Pure: the clock and the dice are arguments."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, Literal

Kind = Literal["unreachable", "unusable", "refused", "busy", "broken"]

_FIRST: Final = 0.5  # seconds; they double with each attempt
_LONGEST: Final = 30.0  # seconds between two attempts, when the server asks for none
# Seconds that a server may ask to be left alone; a longer wait is for the user to decide: the next question goes on.
MAX_RETRY_AFTER: Final = 120.0

# Seconds: no wait is longer, so that none is too long to be said.
_FOR_EVER: Final = 1e9
_AGAIN: Final = frozenset({408, 409, 425, 429})  # a timeout, a conflict, too early, too many
_UNUSABLE: Final = frozenset(
    {401, 402, 407}
)  # no key, no money, no proxy: the same for every question
_UNUSABLE_AT_FIRST: Final = frozenset({403, 404, 405})  # perhaps a wrong URL or model
_SERVER: Final = 500  # the fault of the server, so it may pass
_REDIRECTS: Final = range(300, 400)  # not followed: a key is for one host
_QUOTA: Final = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached"}
)  # codes of status 429 that do not pass


@dataclass(frozen=True, slots=True)
class RequestFailure:
    """Why an answer did not come.

    Attributes:
        kind: `unreachable`: no connection. `unusable`: nothing that is asked there will be answered. `refused`: this
            request will not be. `busy`: later. `broken`: what came was not whole.
        message: what to say; it may quote the server.
        again: asking again may help.
        after: seconds that the server wants to be left alone.
        at_first: unusable, unless the model has answered something before: then it is this request that is refused.
    """

    kind: Kind
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
        # Years of twenty digits, offsets of days: the library raises more than it says, and a date that is none is no
        # reason to wait.
        try:
            when = parsedate_to_datetime(value)
            seconds = (
                when if when.tzinfo else when.replace(tzinfo=dt.UTC)
            ).timestamp() - now.timestamp()
        except Exception:  # noqa: BLE001  # the library has errors of five kinds for what is no date
            return None
    return min(max(seconds, 0.0), _FOR_EVER) if math.isfinite(seconds) else None


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
    return wait if after is None else max(wait, after + min(1.0, after / 10) * dice)

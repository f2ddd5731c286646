"""The options that say where to ask, with which key, at what price. A key is never in an option, and never shown."""

from __future__ import annotations

import math
import os
import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import typer

from explainer.asking.accounts import Prices
from explainer.asking.endpoint import Address
from explainer.asking.masking import public_url
from explainer.findings import Finding, Location
from explainer.text import is_plain, printable

_KEY: Final = "OPENAI_API_KEY"
_URL: Final = "OPENAI_BASE_URL"
_NAME: Final = re.compile(r"[A-Z_][A-Z0-9_]*+", re.ASCII)
_NOWHERE: Final = "http://localhost/v1"


def address_of(
    base_url: str | None, key_env: str | None, *, timeout: float, deadline: float, retries: int, concurrency: int,
    dry: bool,
) -> Address:  # fmt: skip
    """Return where and how to ask; a dry run asks nowhere.

    Raises:
        typer.BadParameter: when that is not said, or cannot be used.
    """
    url = base_url or os.environ.get(_URL) or (_NOWHERE if dry else "")
    _refuse_bad_url(url)
    if not (math.isfinite(timeout) and math.isfinite(deadline)):
        message = "give a number of seconds"
        raise typer.BadParameter(message, param_hint="--timeout/--deadline")
    return Address(url, None if dry else _key(key_env), timeout, deadline, retries, concurrency)


def _refuse_bad_url(url: str) -> None:
    if not url:
        message = f"say where to ask: --base-url URL, or {_URL} in the environment"
        raise typer.BadParameter(message, param_hint="--base-url")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain(url) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        message = "that is not the URL of an endpoint: it begins with http:// or https://, and a host follows"
        raise typer.BadParameter(message, param_hint="--base-url")
    if "@" in parts.netloc + parts.path:  # a password with a slash in it reads as a path
        message = f"a URL with a user or a password gets into logs: give it without, and the key by {_KEY}"
        raise typer.BadParameter(message, param_hint="--base-url")


def _key(name: str | None) -> str | None:
    if name is not None and not _NAME.fullmatch(name):
        message = "give the name of an environment variable (capitals, digits, _), not the key itself"
        raise typer.BadParameter(message, param_hint="--key-env")
    key = os.environ.get(name or _KEY, "").strip()
    if name is not None and not key:
        message = f"there is no {name} in the environment, or it is empty"
        raise typer.BadParameter(message, param_hint="--key-env")
    if not key.isascii() or not key.isprintable() or " " in key:
        message = f"the value of {name or _KEY} cannot be a key: it has spaces or other characters that no header takes"
        raise typer.BadParameter(message, param_hint="--key-env")
    return key or None


def exposed_key(address: Address) -> list[Finding]:
    """Return a warning when the key goes to another machine for all between to read."""
    parts = urlsplit(address.base_url)
    if address.key is None or parts.scheme == "https" or _is_loopback(parts.hostname or ""):
        return []
    place = Location(public_url(address.base_url))
    return [Finding("R805", place, "the key is sent without encryption, for all on the way to read", "use https")]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def prices_of(price_in: list[str] | None, price_out: list[str] | None) -> Prices:
    """Return prices from `PRICE` for all models and `MODEL=PRICE` for one.

    Raises:
        typer.BadParameter: when one is no price.
    """
    return Prices(_prices(price_in, "--price-in"), _prices(price_out, "--price-out"))


def _prices(given: list[str] | None, option: str) -> dict[str, float]:
    prices: dict[str, float] = {}
    for one in given or ():
        model, _, price = one.rpartition("=")
        try:
            prices[model] = float(price)
        except ValueError:
            prices[model] = -1.0
        if not (math.isfinite(prices[model]) and prices[model] >= 0):
            message = f"{printable(one)!r} is no price for a million tokens, such as 0.15 or gpt-4o-mini=0.15"
            raise typer.BadParameter(message, param_hint=option)
    return prices

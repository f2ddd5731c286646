"""The smallest client of an endpoint: what the tests of the endpoint itself ask with."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from tests.endpoint.running import KEY

SECONDS = 120


def post(
    base_url: str, body: dict[str, Any], *, key: str = KEY
) -> tuple[int, dict[str, str], bytes]:
    """Ask for a completion of a chat; return the status, the headers (in lower case) and the body."""
    address = urlsplit(base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=SECONDS)
    try:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        connection.request(
            "POST", f"{address.path}/chat/completions", json.dumps(body).encode(), headers
        )
        response = connection.getresponse()
        return (
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
        )
    finally:
        connection.close()


def chat(text: str, **options: Any) -> dict[str, Any]:
    """Return the body of a request."""
    return {
        "model": "gemma-3-270m",
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 16,
        **options,
    }


def content(body: bytes) -> str:
    """Return the answer in the body of a response, streamed or not."""
    if not body.startswith(b"data:"):
        return str(json.loads(body)["choices"][0]["message"]["content"])
    events = [
        line.removeprefix(b"data: ") for line in body.splitlines() if line.startswith(b"data: {")
    ]
    deltas = [
        choice["delta"].get("content") or ""
        for event in events
        for choice in json.loads(event)["choices"]
    ]
    return "".join(deltas)

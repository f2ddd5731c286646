"""Keeps a key out of everything that is shown or written, also where a server says it back."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

# Characters of a key that is worth hiding: local servers take any word, such as `none`, and answers hold words.
SHORTEST: Final = 8

HIDDEN: Final = "[key]"  # stands in the place of a key


class Redactor:
    """Replaces a key, in all the forms in which it may come back.

    Args:
        key: the key; None or a short one hides nothing.
    """

    def __init__(self, key: str | None) -> None:
        self._forms: tuple[str, ...] = ()
        if key is not None and len(key) >= SHORTEST:
            forms = {key, quote(key, safe=""), quote(key), quote_plus(key), json.dumps(key)[1:-1]}
            forms.add(json.dumps(key)[1:-1].replace("/", "\\/"))
            self._forms = tuple(sorted(forms, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """Return the text without the key."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text

    def begins_at_end(self, text: str) -> int:
        """Return how many characters at the end of a text may be the beginning of the key."""
        longest = 0
        for form in self._forms:
            sizes = range(min(len(form) - 1, len(text)), longest, -1)
            longest = next((size for size in sizes if text.endswith(form[:size])), longest)
        return longest


NO_REDACTION: Final = Redactor(None)


class StreamRedactor:
    """Redacts a text that comes in pieces: what may be the beginning of the key waits for the next piece."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact
        self._waiting = ""

    def feed(self, piece: str) -> str:
        """Return what of the text so far is safe to show."""
        text = self._redact(self._waiting + piece)
        safe = len(text) - self._redact.begins_at_end(text)
        self._waiting = text[safe:]
        return text[:safe]


def public_url(url: str) -> str:
    """Return a URL as it may be shown: without a user, a password, a query and a fragment."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" * bool(parts.port)
    except ValueError:
        return "(not a URL)"
    host = parts.hostname
    if not host:
        return parts.path
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{parts.path}"

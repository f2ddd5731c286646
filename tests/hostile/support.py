"""What the attacks of this folder share: runs that must end in time, and values that no file of ours ever holds."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from explainer.diagnostics.text import refused_characters
from tests.helpers.support import Outcome, explainer, write_tree

CATALOG = (
    "models:\n  - name: M\n    github: https://example.org/m\npapers:\n  - {title: P, summary: S}\n"
)
QUESTION = "question: Why?\nmodels: [M]\npapers: [P]\n"
DEEP = 100_000
"""Levels of nesting at which every parser that calls itself fails."""

ODD_VALUES: dict[str, str] = {
    "infinite": "Infinity",
    "huge": "1" + "0" * 400,
    "too many digits": "1" * 5_000,
    "float": "1e999",
    "negative": "-1",
    "none": "null",
    "list": '["a", ["b"]]',
    "mapping": '{"a": {"b": 1}}',
    "nested": "[" * 5_000 + "]" * 5_000,
    "surrogate": '"\\ud800"',
    "control": '"\\u0000\\u001b[31m"',
    "outside": '"../../victim"',
    "absolute": '"/etc/passwd"',
    "long": f'"{"x" * 5_000}"',
    "empty": '""',
    "true": "true",
}
"""JSON that stands where a number, a name or a path belongs."""

ODD_FILES: dict[str, bytes] = {
    "empty": b"",
    "line break": b"\n",
    "zeros": bytes(1_000),
    "latin": b"caf\xe9\n",
    "utf-16": '{"a": 1}\n'.encode("utf-16"),
    "surrogate": b"\xed\xa0\x80\n",
    "torn": b'{"schema": "expl',
    "list": b"[1, 2]\n",
    "number": b"1e999\n",
    "word": b"null\n",
    "nested": b"[" * DEEP + b"\n",
    "closed": b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"\n",
    "binary": bytes(range(256)) * 16,
}
"""Files that are none of ours at all."""


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Fail, instead of waiting for a run that does not end."""

    def fail(_number: int, _frame: FrameType | None) -> None:
        message = f"not ended after {seconds} seconds"
        raise TimeoutError(message)

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def attack(*arguments: str | Path, stdin: bytes = b"", seconds: int = 20) -> Outcome:
    """Run a command that must end in time, with a status of its own, and show nothing that moves a terminal."""
    with time_limit(seconds):
        outcome = explainer(*arguments, stdin=stdin)
    assert outcome.status in (0, 1, 2, 3), outcome
    for text in (outcome.out, outcome.err):
        shown = [char for _, char in refused_characters(text.replace("\r\n", "\n"))]
        assert not shown, (arguments, shown[:5])
    return outcome


def project(**files: str) -> Path:
    """A small project in the working folder; `__` in a name stands for a dot."""
    others = {name.replace("__", "."): text for name, text in files.items()}
    return write_tree(
        Path(), {"pyproject.toml": "", "catalogs/c.yaml": CATALOG, "q/a.yaml": QUESTION, **others}
    )


def with_value(line: str, key: str, value: str) -> str:
    """A line of JSON with other JSON under one key, written as it is: no encoder would write it."""
    import json

    data: dict[str, Any] = json.loads(line)
    data[key] = "\ue000"
    return json.dumps(data, ensure_ascii=False).replace('"\ue000"', value)

"""The process that renders a stranger's template, under limits that it cannot lift.

No engine can bound a template from inside: one expression may take minutes or all memory, and Jinja's documentation
says so. This process can be ended: it gets a template on its first line of input, contexts on the
following ones, and answers each of those with a message of `explainer.rendering.worker_protocol`.
`explainer.rendering.isolated` starts it and ends it.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import describe_character, refused_characters
from explainer.rendering.fastpath import EntryData
from explainer.rendering.renderer import Parts, Renderer
from explainer.rendering.worker_protocol import Sender

# An escape, or a way to format a number as a character (an operator never touches a brace as `{%` does); and such a
# character itself.
_MAKES_CHARACTERS = re.compile(
    r"\\|(?<!\{)%(?!\})|format|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)


def main() -> None:
    """Serve renderings until the input ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    setup = json.loads(requests.readline())
    _limit_once(setup["memory_bytes"])
    files = _Files(setup)
    renderer = Renderer(setup["name"], files.find)
    limit = _CpuLimit(setup["cpu_seconds"])
    entries: dict[str, EntryData] = {}
    sender = Sender()
    for line in requests:
        request = json.loads(line)
        if request["forget"]:
            entries.clear()
        entries.update((number, EntryData(data)) for number, data in request["entries"].items())
        outcomes = []
        for question, models, papers, more in request["contexts"]:
            limit.renew()
            outcome = renderer.render_parts({
                "question": question,
                "models": [entries[str(number)] for number in models],
                "papers": [entries[str(number)] for number in papers],
                **more,
            })  # fmt: skip
            outcomes.append(_without_refused(outcome, setup["name"]) if files.can_make_characters else outcome)
        answers.writelines(sender.message(outcomes))
        answers.flush()


class _Files:
    """Finds templates: the one that was sent, the built-in ones, and files in the template's own folder.

    Attributes:
        can_make_characters: a template was found that could print a character which is nowhere in its data.
    """

    def __init__(self, setup: dict[str, Any]) -> None:
        self._setup = setup
        self._folder = Path(setup["folder"]).resolve()
        self.can_make_characters = False

    def find(self, name: str) -> str | None:
        """Return the source of a template, or None."""
        if name in self._setup["builtin"]:
            return str(self._setup["builtin"][name])
        source = str(self._setup["source"]) if name == self._setup["name"] else self._read(name)
        if source is not None and _MAKES_CHARACTERS.search(source):
            self.can_make_characters = True
        return source

    def _read(self, name: str) -> str | None:
        try:
            path = (self._folder / name).resolve()
            if not path.is_relative_to(self._folder) or not path.is_file():
                return None
            hidden = any(part.startswith(".") for part in path.relative_to(self._folder).parts)
            if hidden or path.stat().st_size > self._setup["source_bytes"]:
                return None
            return path.read_text(encoding="utf-8-sig")
        except (OSError, ValueError):  # an impossible name, or bytes that are no text
            return None


def _without_refused(outcome: Parts | Finding, name: str) -> Parts | Finding:
    """Refuse output with a character that loading would refuse in data: it can only come from the template."""
    if isinstance(outcome, Finding):
        return outcome
    for _, pieces in outcome:
        for _, char in refused_characters("".join(pieces)):
            message = f"the template writes {describe_character(char)}, which is not allowed"
            return Finding("T504", Location(name), message)
    return outcome


def _limit_once(memory_bytes: int) -> None:
    """Bound the memory. macOS accepts the call and ignores it; Windows has no such call."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  # not there on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


class _CpuLimit:
    """Lets the kernel end this process when one rendering takes more than so many seconds of CPU."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._limit = 0

    def renew(self) -> None:
        """Allow that much again, from now on."""
        wanted = math.ceil(time.process_time()) + self._seconds
        if wanted == self._limit:
            return
        with contextlib.suppress(ImportError, ValueError, OSError):
            import resource  # noqa: PLC0415  # not there on Windows

            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (wanted, hard))
        self._limit = wanted


if __name__ == "__main__":
    main()

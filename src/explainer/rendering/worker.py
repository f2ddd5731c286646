"""The process that renders a stranger's template, under limits that it cannot lift.

No engine can bound a template from inside: one expression may take minutes or all memory, and Jinja's documentation
says so. This process can be ended. `explainer.rendering.isolated` starts it and ends it. Each message is a line
of JSON, which cannot run anything where it is read: first the template, then requests, each of which is answered by a
list of outcomes: the parts of a rendering, or a finding.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import describe_character, refused_characters
from explainer.rendering.fastpath import EntryData, Parts
from explainer.rendering.formats import fast_encoding
from explainer.rendering.renderer import Renderer

LISTS: Final = ("models", "papers")
# Bytes of a template; the largest built-in one has some 4,000.
SOURCE_BYTES: Final = 1024 * 1024
# An escape, or a way to format a number as a character (an operator never touches a brace as `{%` does); and such a
# character itself.
_MAKES_CHARACTERS = re.compile(
    r"\\|(?<!\{)%(?!\})|format|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A user's template.

    Attributes:
        name: how findings call it.
        folder: where the templates that it includes lie.
        source: its text.
        builtin: the built-in templates that it may extend or include, by name.
    """

    name: str
    folder: Path
    source: str
    builtin: dict[str, str]

    def find(self, name: str) -> str | None:
        """Return the source of this template, of a built-in one, or of a file in its folder; else None."""
        if name in self.builtin:
            return self.builtin[name]
        return self.source if name == self.name else self._read(name)

    def _read(self, name: str) -> str | None:
        try:
            folder = self.folder.resolve()
            path = (folder / name).resolve()
            if not path.is_relative_to(folder) or not path.is_file() or path.stat().st_size > SOURCE_BYTES:
                return None
            if "/." in f"/{path.relative_to(folder).as_posix()}":  # what is hidden is no template
                return None
            return path.read_text(encoding="utf-8-sig")
        except (OSError, ValueError):  # an impossible name, or bytes that are no text
            return None


def main() -> None:
    """Serve renderings until the input ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    setup = json.loads(requests.readline())
    _limit_once(setup["memory_bytes"])
    template = TemplateFile(**{**setup["template"], "folder": Path(setup["template"]["folder"])})
    makers: set[str] = set()  # templates that could print a character which is nowhere in their data

    def find(name: str) -> str | None:
        source = template.find(name)
        if name not in template.builtin and _MAKES_CHARACTERS.search(source or ""):
            makers.add(name)
        return source

    renderer = Renderer(template.name, find)
    limit = _CpuLimit(setup["cpu_seconds"])
    entries: dict[int, EntryData] = {}
    for line in requests:
        request = json.loads(line)
        if request["forget"]:
            entries.clear()
        entries.update((number, EntryData(data)) for number, data in request["entries"])
        outcomes = []
        for context in request["contexts"]:
            limit.renew()
            lists = {kind: [entries[number] for number in context[kind]] for kind in LISTS}
            outcome = renderer.render_parts({**context, **lists})
            outcomes.append(_encoded(_without_refused(outcome, template.name) if makers else outcome))
        answers.write(b"[%b]\n" % b",".join(outcomes))
        answers.flush()


def _encoded(outcome: Parts | Finding) -> bytes:
    """An outcome as JSON; `outcome_of` reads it back."""
    if isinstance(outcome, Finding):
        place = [outcome.location.file, outcome.location.line, outcome.location.column]
        finding = [outcome.code, outcome.message, outcome.hint]
        return json.dumps({"finding": finding, "place": place}).encode()
    return b"[%b]" % b",".join(
        [b'["%b",[%b]]' % (role.encode(), _encoded_pieces(pieces)[1:]) for role, pieces in outcome]
    )


# Each piece with a comma before it, so that the first comma is one too many. Most pieces were printed before: encoding
# all of them anew takes 11 µs a prompt, where this takes 3.
_encoded_pieces = fast_encoding(lambda piece: f",{json.dumps(piece)}".encode())


def outcome_of(data: Any) -> Parts | Finding:
    """Return the outcome that is sent as this data.

    Raises:
        ValueError, TypeError, KeyError: when it is something else.
    """
    if isinstance(data, dict):
        code, message, hint = data["finding"]
        return Finding(code, Location(*data["place"]), message, hint)
    return [(role, pieces) for role, pieces in data]


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
        limit = math.ceil(time.process_time()) + self._seconds
        if limit == self._limit:
            return
        with contextlib.suppress(ImportError, ValueError, OSError):
            import resource  # noqa: PLC0415  # not there on Windows

            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
        self._limit = limit


if __name__ == "__main__":
    main()

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
        except (OSError, ValueError, RuntimeError):  # an impossible name, a link to itself, or bytes that are no text
            return None


def main() -> None:
    """Serve renderings until the input ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    setup = json.loads(requests.readline())
    _limit_once(setup["memory_bytes"])
    template = TemplateFile(**{**setup["template"], "folder": Path(setup["template"]["folder"])})
    renderer = Renderer(template.name, template.find)
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
            outcomes.append(_encoded(renderer.render_parts({**context, **lists}), template.name))
        answers.write(b"[%b]\n" % b",".join(outcomes))
        answers.flush()


def _encoded(outcome: Parts | Finding, name: str) -> bytes:
    """An outcome as JSON; `outcome_of` reads it back. Output is judged as input is: it can forge and hide nothing."""
    if isinstance(outcome, Finding):
        place = [outcome.location.file, outcome.location.line, outcome.location.column]
        finding = [outcome.code, outcome.message, outcome.hint]
        return json.dumps({"finding": finding, "place": place}).encode()
    try:
        parts = [b'["%b",[%b]]' % (role.encode(), _encoded_pieces(pieces)[1:]) for role, pieces in outcome]
    except _RefusedCharacterError as error:
        message = f"the template writes {describe_character(error.char)}, which is not allowed"
        return _encoded(Finding("T504", Location(name), message), name)
    return b"[%b]" % b",".join(parts)


class _RefusedCharacterError(ValueError):
    """A piece of output holds a character that loading would refuse in data: it can only come from the template."""

    def __init__(self, char: str) -> None:
        super().__init__(char)
        self.char = char


def _encoded_piece(piece: str) -> bytes:
    for _, char in refused_characters(piece):
        raise _RefusedCharacterError(char)
    return f",{json.dumps(piece)}".encode()


# Each piece with a comma before it, so that the first comma is one too many. Most pieces were printed before: encoding
# all of them anew takes 11 µs a prompt, where this takes 3. What was judged once need not be judged again.
_encoded_pieces = fast_encoding(_encoded_piece)


def outcome_of(data: Any) -> Parts | Finding:
    """Return the outcome that is sent as this data.

    Raises:
        ValueError, TypeError, KeyError: when it is something else.
    """
    if isinstance(data, dict):
        code, message, hint = data["finding"]
        return Finding(code, Location(*data["place"]), message, hint)
    return [(role, pieces) for role, pieces in data]


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

"""The process that renders a stranger's template, under limits that it cannot lift.

No engine can bound a template from inside: one expression may take minutes or all memory, and Jinja's documentation
says so. This process can be ended. `explainer.rendering.isolated` starts it and ends it. Each message is a line of JSON
that is decoded into the types below, so nothing but these can come out of it: first a `TemplateSetup`, then each
`RenderRequest` is answered by a `RenderAnswer`. Entries, and the texts that they print, come again and again: each side
sends them once.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import describe_character, refused_characters
from explainer.rendering.fastpath import Context, EntryData, Parts, Role
from explainer.rendering.processes import CpuLimit, limit_memory
from explainer.rendering.renderer import Renderer

LISTS: Final = ("models", "papers")
# A text that is shorter costs no more than its number.
_SHORT: Final = 12
# Characters of the texts that both sides remember; then they forget all, which bounds their memory.
_MOST_CHARACTERS: Final = 16 * 1024 * 1024
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


class TemplateSetup(msgspec.Struct):
    """What the process is told first: the template, whose folder may have a name that is no UTF-8, and the limits."""

    name: str
    folder: bytes
    source: str
    builtin: dict[str, str]
    cpu_seconds: int
    memory_bytes: int


class RenderRequest(msgspec.Struct):
    """Renderings that are asked for.

    Attributes:
        entries: entries that the process does not know yet, by their numbers.
        contexts: the variables of each rendering, with numbers in the place of entries.
        forget: forget all entries that came before.
    """

    entries: list[tuple[int, dict[str, Any]]]
    contexts: list[dict[str, Any]]
    forget: bool = False


class RenderAnswer(msgspec.Struct):
    """What became of the renderings of one request, in their order.

    Attributes:
        texts: texts that come for the first time; each gets the next number.
        outcomes: the parts of each rendering, with numbers in the place of texts that came before; or what is wrong.
        forget: forget all texts that came before.
    """

    texts: list[str]
    outcomes: list[Finding | list[tuple[Role, list[int | str]]]]
    forget: bool = False


def main() -> None:
    """Serve renderings until the input ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    setup = msgspec.json.decode(requests.readline(), type=TemplateSetup)
    limit_memory(setup.memory_bytes)
    template = TemplateFile(setup.name, Path(os.fsdecode(setup.folder)), setup.source, setup.builtin)
    renderer = Renderer(template.name, template.find)
    limit = CpuLimit(setup.cpu_seconds)
    texts = _NumberedTexts()
    entries: dict[int, EntryData] = {}
    decoder = msgspec.json.Decoder(RenderRequest)
    for line in requests:
        request = decoder.decode(line)
        if request.forget:
            entries.clear()
        entries.update((number, EntryData(data)) for number, data in request.entries)
        outcomes: list[Parts | Finding] = []
        for context in request.contexts:
            limit.renew()
            outcome = renderer.render_parts(_with_entries(context, entries))
            outcomes.append(texts.judged(outcome, template.name))
        answers.write(msgspec.json.encode(texts.answer(outcomes)) + b"\n")
        answers.flush()


def _with_entries(context: Context, entries: dict[int, EntryData]) -> Context:
    """A context with entries in the place of their numbers."""
    return context | {kind: [entries[number] for number in context[kind]] for kind in LISTS}


class _NumberedTexts:
    """Which texts the other process has: most of what is printed was printed before, and is sent as a number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._new: list[str] = []
        self._characters = 0

    def judged(self, outcome: Parts | Finding, name: str) -> Parts | Finding:
        """Return an outcome, or a finding about a character in it that loading would refuse in data.

        What was sent before was judged then; and no two pieces make a character that neither has.
        """
        if isinstance(outcome, Finding):
            return outcome
        for _, pieces in outcome:
            for piece in pieces:
                if piece not in self._numbers and (char := next(refused_characters(piece), None)):
                    message = f"the template writes {describe_character(char[1])}, which is not allowed"
                    return Finding("T504", Location(name), message)
        return outcome

    def answer(self, outcomes: list[Parts | Finding]) -> RenderAnswer:
        """Return outcomes with numbers in the place of texts."""
        forget = self._characters > _MOST_CHARACTERS
        if forget:
            self._numbers.clear()
            self._characters = 0
        numbered = [outcome if isinstance(outcome, Finding) else self._parts(outcome) for outcome in outcomes]
        new, self._new = self._new, []
        return RenderAnswer(new, numbered, forget)

    def _parts(self, parts: Parts) -> list[tuple[Role, list[int | str]]]:
        return [(role, [self._numbered(piece) for piece in pieces]) for role, pieces in parts]

    def _numbered(self, piece: str) -> int | str:
        if len(piece) < _SHORT:
            return piece
        number = self._numbers.get(piece)
        if number is None:
            number = self._numbers[piece] = len(self._numbers)
            self._new.append(piece)
            self._characters += len(piece)
        return number


if __name__ == "__main__":
    main()

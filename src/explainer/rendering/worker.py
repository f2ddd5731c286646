"""The process that renders a stranger's template, under limits that it cannot lift.

No engine can bound a template from inside: one expression may take minutes or all memory, and Jinja's documentation
says so. This process can be ended. `explainer.rendering.isolated` starts it and ends it. Each message is a line of JSON
that is decoded into the types below, so nothing but these can come out of it: first a `TemplateSetup`, then each
`RenderRequest` is answered by a list of outcomes. Entries come again and again: each is sent once.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import describe_character, refused_characters
from explainer.rendering.formats import LISTS, Context, EntryData, Rendering, Segment
from explainer.rendering.processes import CpuLimit, limit_memory
from explainer.rendering.renderer import Renderer

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
            if (
                not path.is_relative_to(folder)
                or not path.is_file()
                or path.stat().st_size > SOURCE_BYTES
            ):
                return None
            if "/." in f"/{path.relative_to(folder).as_posix()}":  # what is hidden is no template
                return None
            return path.read_text(encoding="utf-8-sig")
        # an impossible name, a link to itself, or bytes that are no text
        except (
            OSError,
            ValueError,
            RuntimeError,
        ):
            return None


class TemplateSetup(msgspec.Struct):
    """What the process is told first: the template, whose folder may have a name that is no UTF-8, and the limits."""

    name: str
    folder: bytes
    source: str
    builtin: dict[str, str]
    cpu_seconds: int
    memory_bytes: int


# What is rendered: the whole template, its outline, or a loop of it, by its number, for the first model.
Part: TypeAlias = int | Literal["whole", "outline"]


class RenderRequest(msgspec.Struct):
    """Renderings that are asked for.

    Attributes:
        entries: entries that the process does not know yet, by their numbers.
        contexts: the variables of each rendering, with numbers in the place of entries.
        forget: forget all entries that came before.
        part: what is rendered.
    """

    entries: list[tuple[int, EntryData]]
    contexts: list[Context]
    forget: bool = False
    part: Part = "whole"


# What became of one rendering: its segments, or what is wrong.
Outcome: TypeAlias = tuple[Segment, ...] | Finding


def main() -> None:
    """Serve renderings until the input ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    setup = msgspec.json.decode(requests.readline(), type=TemplateSetup)
    limit_memory(setup.memory_bytes)
    template = TemplateFile(
        setup.name, Path(os.fsdecode(setup.folder)), setup.source, setup.builtin
    )
    renderer = Renderer(template.name, template.find)
    limit = CpuLimit(setup.cpu_seconds)
    entries: dict[int, EntryData] = {}
    decoder = msgspec.json.Decoder(RenderRequest)
    for line in requests:
        request = decoder.decode(line)
        if request.forget:
            entries.clear()
        entries.update(request.entries)
        outcomes: list[Outcome] = []
        for context in request.contexts:
            limit.renew()
            outcomes.append(_outcome(renderer, request.part, _with_entries(context, entries)))
        answers.write(msgspec.json.encode(outcomes) + b"\n")
        answers.flush()


def _outcome(renderer: Renderer, part: Part, context: Context) -> Outcome:
    if part == "whole":
        rendered = renderer.render(context)
    elif part == "outline":
        rendered = renderer.render_outline(context)
    else:
        rendered = renderer.render_loop(part, context["models"][0])
    return (
        rendered.findings[0] if rendered.value is None else _judged(rendered.value, renderer.name)
    )


def _with_entries(context: Context, entries: dict[int, EntryData]) -> Context:
    """A context with entries in the place of their numbers."""
    return context | {kind: [entries[number] for number in context[kind]] for kind in LISTS}


def _judged(rendering: Rendering, name: str) -> Outcome:
    """The segments of a rendering, or a finding about a character in it that loading would refuse in data."""
    text = rendering.text
    if text.replace(
        "\n", ""
    ).isprintable():  # nearly all are, and no such character is; this takes half the time
        return rendering.segments
    char = next(refused_characters(text), None)
    if char is None:
        return rendering.segments
    return Finding(
        "T504",
        Location(name),
        f"the template writes {describe_character(char[1])}, which is not allowed",
    )


if __name__ == "__main__":
    main()

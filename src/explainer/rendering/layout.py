r"""The layout of the built-in prompt: what untrusted text may not forge, and how a prompt is read back.

Text from strangers is printed exactly as it is, but for one rule. A line of it, other than its first, that would read
as a part of the layout gets a backslash before its first visible character:

    \### Related Papers:

and loses one when the prompt is read back. A line that begins with backslashes before such a part gets one more, so
that the rule can always be undone. The first line of a text needs no such care: it never starts a line of the prompt.

What reads as a part of the layout: a heading or its underline, a code fence, the beginning of an HTML block that
swallows lines or is a heading, one of the layout's fields (`Model:`, `Paper:`, `GitHub:`, `Summary:`, `Answer:`), and
the layout's own sentences around the question; each also behind quote and list markers, emphasis and spaces, in any
letter case, in full-width forms, and with invisible characters in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Final, Literal

from msgspec import Struct

from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import lazy_regex, shorten

QUESTION_INTRO: Final = "A user has asked the following question:"
INSTRUCTIONS_INTRO: Final = "Based on the following recommended models, explain:"
# What the prompt that asks for evidence says in its place where no model is offered.
NO_MODELS_INTRO: Final = "Based on the following sources, explain:"
MODELS_HEADING: Final = "### Recommended AI Models:"
PAPERS_HEADING: Final = "### Related Papers:"
ANSWER_FIELD: Final = "Answer:"
FURTHER_FIELDS: Final = ("Hugging Face", "Link", "Task", "Data set", "Signature", "Year")
"""What the prompt that asks for evidence prints of an entry beside its links and before its summary, on a line each."""
NO_LINK: Final = "None"  # printed for an entry without a paper
# An item of the list of signatures. A signature has no spaces, so the last colon divides it from the name.
_LISTED: Final = lazy_regex(r"- (?P<name>.*): (?P<signature>[^ ]+)", re.DOTALL)


@cache
def _forging() -> re.Pattern[str]:
    """What reads as a part of the layout, in lower case. Compiled for the first text of several lines."""
    # Possessive quantifiers (`*+`) keep this linear: no text makes it go back and try again.
    markers = r"(?:(?:>|[-+*•](?=\s++\S)|\d{1,9}[.)](?=\s))\s*+)*+"
    emphasis = r"""[*_~`"']*+"""
    return re.compile(
        rf"""{markers}(?:
            \#{{1,6}}(?:\s|$)                      # an ATX heading
          | (?:=++|-++)\s*+$                       # the underline of a setext heading
          | `{{3}} | ~{{3}}                        # a fence
          | <(?:!--|\?|![a-z]|!\[cdata\[|/?h[1-6r]\b|/?(?:script|pre|style|textarea)\b)
          | \#{{0,6}}\s*+{emphasis}\s*+(?:model|paper|github|summary|answer)\s*+{emphasis}\s*+:
          | {re.escape(QUESTION_INTRO.casefold())}
          | {re.escape(INSTRUCTIONS_INTRO.casefold())}
          | {re.escape(NO_MODELS_INTRO.casefold())}
        )""",
        re.VERBOSE,
    )


def _forges(core: str) -> bool:
    """Whether a line without its indentation and leading backslashes reads as a part of the layout."""
    if core.isascii():
        return _forging().match(core.lower().lstrip()) is not None
    visible = "".join(
        char for char in unicodedata.normalize("NFKC", core) if unicodedata.category(char) != "Cf"
    )
    return _forging().match(visible.casefold().lstrip()) is not None


def _split(line: str) -> tuple[str, str, str]:
    """Split a line into indentation, leading backslashes and the rest."""
    unindented = line.lstrip()
    core = unindented.lstrip("\\")
    start, end = len(line) - len(unindented), len(line) - len(core)
    return line[:start], line[start:end], core


def neutralise(text: str) -> str:
    """Return the text with a backslash before each line, but the first, that would forge the layout."""
    if "\n" not in text:
        return text
    first, *following = text.split("\n")
    return "\n".join([first, *map(_neutral_line, following)])


def _neutral_line(line: str) -> str:
    indent, slashes, core = _split(line)
    return f"{indent}\\{slashes}{core}" if _forges(core) else line


def restore(text: str) -> str:
    """Undo `neutralise`: `restore(neutralise(text)) == text` for every text."""
    if "\n" not in text:
        return text
    first, *following = text.split("\n")
    return "\n".join([first, *map(_restored_line, following)])


def _restored_line(line: str) -> str:
    indent, slashes, core = _split(line)
    return f"{indent}{slashes[1:]}{core}" if slashes and _forges(core) else line


@dataclass(frozen=True, slots=True)
class PrintedEntry:
    """What a prompt prints of an entry: its name or title, its links, a paper's summary, a model's signature."""

    kind: Literal["model", "paper"]
    name: str
    paper: str | None = None
    github: str | None = None
    summary: str | None = None
    # The line of the prompt on which it begins, from 1.
    line: int = field(default=0, compare=False)
    # What a list above the entries says that a model takes and gives, as the prompt of workflows has one.
    signature: str | None = field(default=None, compare=False)
    # What is printed in the fields of `FURTHER_FIELDS`: label and value.
    further: tuple[tuple[str, str], ...] = ()


class PromptContent(Struct, frozen=True):
    """What a prompt in the built-in layout says: the question, and what is offered."""

    question: str
    models: tuple[PrintedEntry, ...]
    papers: tuple[PrintedEntry, ...]


def print_entry(entry: PrintedEntry) -> str:
    """Return an entry in the fields of the built-in layout, as `parse_prompt` reads them back."""
    fields = {
        "Model": entry.name,
        "Paper": entry.paper or NO_LINK,
        "GitHub": entry.github,
    }
    rows = [*fields.items(), *entry.further, ("Summary", neutralise(entry.summary or ""))]
    return "".join(f"{label}: {text}\n" for label, text in rows if text)


def parse_prompt(text: str, file: str = "<prompt>") -> Parsed[PromptContent]:
    """Read back a prompt in the built-in layout, by whoever it was rendered.

    Args:
        text: the prompt; CRLF line breaks and a missing last line break are forgiven.
        file: the name that findings give it.

    Returns:
        Exactly the question and the entries that were rendered; P601 and P602 for what is not in the layout.
    """
    return _PromptReader(text.replace("\r\n", "\n"), file).read()


class _PromptReader:
    """Reads a prompt line by line, from the top."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._lines = text.split("\n")
        self._findings: list[Finding] = []
        self._signatures: dict[str, str] = {}

    def read(self) -> Parsed[PromptContent]:
        intro = self._expected(QUESTION_INTRO, self._find(0, QUESTION_INTRO))
        if intro is None:
            return Parsed(None, tuple(self._findings))
        instructions = self._expected(
            INSTRUCTIONS_INTRO, self._find(intro + 1, INSTRUCTIONS_INTRO, NO_MODELS_INTRO)
        )
        if instructions is None:
            return Parsed(None, tuple(self._findings))
        question = self._question(intro + 1, instructions)
        models_heading = self._find(instructions, MODELS_HEADING)
        papers_heading = self._find(models_heading or instructions, PAPERS_HEADING)
        self._expected(PAPERS_HEADING, papers_heading)
        end = self._expected(ANSWER_FIELD, self._find_last(ANSWER_FIELD, instructions)) or len(
            self._lines
        )
        self._signatures = dict(self._listed(instructions, models_heading or instructions))
        models = self._entries("model", models_heading, papers_heading or end)
        papers = self._entries("paper", papers_heading, end - 1)
        return Parsed(PromptContent(question, models, papers), tuple(self._findings))

    def _listed(self, start: int, end: int) -> Iterator[tuple[str, str]]:
        """The items of lists between two lines, `- name: signature`; the last colon divides them."""
        for line in self._lines[start:end]:
            match = _LISTED.fullmatch(line)
            if match:
                yield match["name"], match["signature"]

    def _find(self, start: int, *headings: str) -> int | None:
        """The first line, from a place on, that is one of some headings."""
        lines = enumerate(self._lines[start:], start)
        return next((index for index, line in lines if line.rstrip() in headings), None)

    def _find_last(self, heading: str, start: int) -> int | None:
        lines = range(len(self._lines) - 1, start, -1)
        return next((index for index in lines if self._lines[index].rstrip() == heading), None)

    def _expected(self, heading: str, index: int | None) -> int | None:
        """The place of a line that must be there; a finding when it is not."""
        if index is None:
            message = f"not a prompt in the built-in layout: the line {heading!r} is missing"
            self._findings.append(Finding("P601", Location(self._file), message))
        return index

    def _question(self, start: int, end: int) -> str:
        block = self._lines[start:end]
        if block and block[-1] == "":
            block.pop()  # the layout puts a blank line behind the question
        text = "\n".join(block)
        if len(text) < 2 or text[0] != '"' or text[-1] != '"':  # noqa: PLR2004  # the two quotes
            location = Location(self._file, start + 1)
            message = "not a prompt in the built-in layout: the question is not in quotes"
            self._findings.append(Finding("P601", location, message))
            return restore(text.strip().strip('"'))
        return restore(text[1:-1])

    def _entries(
        self, kind: Literal["model", "paper"], heading: int | None, end: int
    ) -> tuple[PrintedEntry, ...]:
        """The entries below a heading. Each begins with `Model:`, and the layout ends it with a blank line."""
        if heading is None:
            return ()
        begins = [
            index for index in range(heading + 1, end) if self._lines[index].startswith("Model: ")
        ]
        self._note_strays(heading + 1, begins[0] if begins else end)
        return tuple(
            self._entry(kind, begin, following) for begin, following in pairwise([*begins, end])
        )

    def _entry(self, kind: Literal["model", "paper"], start: int, end: int) -> PrintedEntry:
        fields: dict[str, str] = {}
        index = start
        for label in ("Model", "Paper", "GitHub"):
            prefix = f"{label}: "
            if index < end and self._lines[index].startswith(prefix):
                fields[label] = self._lines[index].removeprefix(prefix)
                index += 1
        further = tuple(self._further(index, end))
        index += len(further)
        summary = self._summary(index, end)
        if summary is None:
            self._note_strays(index, end)
        paper = fields.get("Paper", NO_LINK)
        return PrintedEntry(
            kind,
            fields["Model"],
            None if paper == NO_LINK else paper,
            fields.get("GitHub"),
            summary,
            line=start + 1,
            signature=self._signature(fields["Model"], further) if kind == "model" else None,
            further=further,
        )

    def _signature(self, name: str, further: tuple[tuple[str, str], ...]) -> str | None:
        """What a model takes and gives: as its own field says, else as a list above the entries does."""
        printed = dict(further).get("Signature")
        return printed.partition(" ")[0] if printed else self._signatures.get(name)

    def _further(self, start: int, end: int) -> Iterator[tuple[str, str]]:
        """The fields between an entry's links and its summary; what stands in the summary is none of them."""
        for line in self._lines[start:end]:
            label, colon, value = line.partition(": ")
            if not colon or label not in FURTHER_FIELDS:
                return
            yield label, value

    def _summary(self, start: int, end: int) -> str | None:
        """The summary that begins on a line, up to the blank line that ends the entry."""
        text = "\n".join(self._lines[start:end])
        if not text.startswith("Summary: "):
            return None
        return restore(text.removeprefix("Summary: ").removesuffix("\n"))

    def _note_strays(self, start: int, end: int) -> None:
        for index in range(start, end):
            if self._lines[index].strip():
                message = (
                    f"this line does not belong to any entry: {shorten(self._lines[index], 60)!r}"
                )
                self._findings.append(Finding("P602", Location(self._file, index + 1), message))

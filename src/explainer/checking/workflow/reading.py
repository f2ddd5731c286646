"""The workflows that an answer describes: Mermaid flowcharts, lines with arrows, items such as `Input: …`.

Flowcharts are read wherever they stand, lines and items in the section about the workflow. A step keeps its place in
the answer; which entry it names is for `naming` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from explainer.checking.answer import Answer
from explainer.checking.sections import Section
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.text import lazy_regex

FlowKind: TypeAlias = Literal["mermaid", "arrows", "items"]
StepRole: TypeAlias = Literal["step", "group", "edge", "input", "model", "output"]

MAX_DIAGRAMS: Final = 50
"""Flowcharts of one answer that are read."""
MAX_STEPS: Final = 2_000
"""Steps of one line with arrows that are read."""

_FENCE: Final = lazy_regex(
    r"^[\s>]*+(?:[-*+]\s++|\d{1,9}[.)]\s++)?(`{3,}+|~{3,}+)\s*+\{?\.?(\S*)", re.MULTILINE
)
# The margin of a quotation on each line, and a line that has none.
_MARGIN: Final = lazy_regex(r"^[^\S\n]*+>[^\S\n>]*+(?:>[^\S\n>]*+)*+", re.MULTILINE)
_NOT_QUOTED: Final = lazy_regex(r"^[^\S\n]*+[^\s>]", re.MULTILINE)
_FLOWCHART: Final = lazy_regex(r"\s*(?:flowchart|graph)\s+(?:TB|TD|BT|LR|RL)\b")
# Arrows of ASCII, Unicode, HTML and TeX; some of Unicode's stand with a selector that makes them pictures.
_ARROW: Final = lazy_regex(
    r"(?:(?<!\s)\s++)?(?:[-–—=]{1,3}+>|[→⟶➙➛➜➝➞➔➡⇒⟹⮕🠖🡒]\ufe0f?|&rarr;"
    r"|\$?\\(?:(?:long)?rightarrow|(?:Long)?Rightarrow|to)(?![A-Za-z])\$?)\s*+"
)
_END: Final = lazy_regex(r"\Z")
# A line of nothing but an arrow down joins the lines above and below it.
_DOWN: Final = lazy_regex(r"[\s>*_`|]*+[↓⬇⇓🡓]\ufe0f?[\s*_`|]*+", needs=tuple("↓⬇⇓🡓"))
# What Markdown and habit put before a step, and behind it: list marks, numbers, emphasis, quotes.
_MARKS: Final = lazy_regex(r"[\s>*_`#|]*+(?:(?:[-+*•]|\(?\d{1,3}[.)])\s++)?[\s*_`\"“]*+")
_TAIL: Final = ' \t\r*_`"”|.;,'
_EMPHASIS: Final = lazy_regex(r"[*_`]{1,3}")
# `- **Input** (a photo): …`, `2. 🧠 The model: …`: a label with what answers put around it, then its text.
_ITEM: Final = lazy_regex(
    r"[\s>]*+(?:[-+*•–—]\s++|\(?\d{1,3}[.)]\s++)?[^\w\s]{0,4}+(?:\s[^\w\s]{0,4}+)?"
    r"(?:user\s|final\s|the\s)?(?P<label>inputs?|models?|process(?:ing)?|outputs?)(?P<more>(?:\s\w{1,20}){0,2}?)\s?"
    r"(?:\([^()\n]{0,80}\)\s?)?[*_`]{0,3}\s?[:：][*_`]{0,3}\s*+(?P<value>.*)",
    re.IGNORECASE,
)
# By the first letter of a label; the others, `Model` and `Process`, are models.
_ROLES: Final[dict[str, StepRole]] = {"i": "input", "o": "output"}
PLACES: Final = frozenset(("", "input", "inputs", "model", "models", "output", "outputs"))
"""What stands for the steps of a workflow before there are any."""
# Characters of a line in which arrows and items are looked for.
_LONGEST: Final = 4_000


class DescribedStep(Struct, frozen=True):
    """A step of a workflow.

    Attributes:
        text: what it is called.
        start: where that stands in the answer; `end`: where it ends.
        role: a step, a box around steps, or what is written on an arrow; of items, which one.
    """

    text: str
    start: int
    end: int
    role: StepRole = "step"


class Flow(Struct, frozen=True):
    """One workflow as the answer describes it.

    Attributes:
        kind: how.
        start: where it begins; `end`: where it ends.
        steps: its steps, in the order of the text.
        problems: what is wrong with its text, each with its place in the answer.
    """

    kind: FlowKind
    start: int
    end: int
    steps: tuple[DescribedStep, ...] = ()
    problems: tuple[tuple[int, int, Finding], ...] = ()


def read_flows(answer: Answer, section: Section | None) -> list[Flow]:
    """Read the workflows of an answer.

    Args:
        answer: the answer.
        section: the section about the workflow, if there is one.
    """
    flows = list(islice(_diagrams(answer), MAX_DIAGRAMS))
    if section is not None:
        free = set(range(section.first, section.last))
        for flow in flows:
            free.difference_update(range(answer.line_of(flow.start), answer.line_of(flow.end) + 1))
        lines = sorted(free)
        flows += _arrow_lines(answer, lines)
        flows += _items(answer, lines)
    return sorted(flows, key=lambda flow: flow.start)


def _diagrams(answer: Answer) -> Iterator[Flow]:
    """The flowcharts: fenced blocks that say that they are Mermaid, or that begin like a flowchart."""
    for language, start, end in _fenced_blocks(answer):
        if language:
            is_diagram = language.rstrip("}").casefold() == "mermaid"
        else:
            is_diagram = _FLOWCHART.match(answer.body, start, end) is not None
        if is_diagram:
            yield _diagram(answer, start, end)


def _fenced_blocks(answer: Answer) -> Iterator[tuple[str, int, int]]:
    """The language of each fenced block, and where its text begins and ends."""
    # One line behind the last: a fence that is never closed ends with the answer.
    starts = [*answer.line_starts, len(answer.body)]
    end = 0
    for line in sorted(answer.code_lines):
        opening = _FENCE.match(answer.line(line))
        if opening is not None and line >= end:  # else it is a line of the block before
            end = _end_of_block(answer, line + 1, opening[1])
            yield opening[2], starts[line + 1], starts[end]
            end += 1


def _end_of_block(answer: Answer, line: int, mark: str) -> int:
    """The line that closes a block, or the first one that is no code."""
    while line in answer.code_lines and not _closes(answer.line(line), mark):
        line += 1
    return line


def _closes(line: str, mark: str) -> bool:
    bare = line.strip(" \t>")
    return bare.startswith(mark) and not bare.strip(mark[0])


def _diagram(answer: Answer, start: int, end: int) -> Flow:
    from explainer.checking.workflow.mermaid import parse_flowchart  # noqa: PLC0415  # few answers have a diagram

    parsed = parse_flowchart(_without_quote_marks(answer.body[start:end]), offset=start)
    first = answer.line_of(start)
    problems = []
    for finding in parsed.findings:
        line = min(first + finding.location.line - 1, answer.lines - 1)
        place = answer.line_starts[line] + finding.location.column - 1
        problems.append((place, place + len(finding.text), finding))
    steps = tuple(DescribedStep(*drawn) for drawn in parsed.value or ())
    return Flow("mermaid", start, end, steps, tuple(problems))


def _without_quote_marks(text: str) -> str:
    """A diagram in a quotation, without the `>` before each line, at its full length."""
    if _NOT_QUOTED.search(text):
        return text
    return _MARGIN.sub(lambda match: " " * len(match.group()), text)


Place: TypeAlias = tuple[int, int]


def _arrow_lines(answer: Answer, lines: list[int]) -> Iterator[Flow]:
    """Lines such as `photo → model → picture`; one that begins with an arrow goes on from the one before."""
    chain: list[Place] = []
    is_joined = False
    for line in lines:
        text = answer.line(line)[:_LONGEST]
        if _DOWN.fullmatch(text):
            is_joined = True
        elif text.strip():  # a blank line parts nothing
            begins_with_arrow, places = _places(text, answer.line_starts[line])
            if not (begins_with_arrow or is_joined):
                yield from _chain(answer, chain)
                chain = []
            chain += places
            is_joined = False
    yield from _chain(answer, chain)


def _places(text: str, offset: int) -> tuple[bool, list[Place]]:
    """Whether a line begins with an arrow, and where the parts between its arrows stand, without Markdown's marks."""
    places: list[Place] = []
    if "<!--" in text:  # the end of a comment looks like an arrow
        return False, places
    begins = False
    start = 0
    for arrow in (*_ARROW.finditer(text), *_END.finditer(text)):
        unmarked = _MARKS.sub("", text[start : arrow.start()], count=1)
        part = unmarked.rstrip(_TAIL)
        if part:
            first = offset + arrow.start() - len(unmarked)
            places.append((first, first + len(part)))
        elif start == 0:
            begins = arrow.end() > arrow.start()
        start = arrow.end()
    return begins, places


def _chain(answer: Answer, places: list[Place]) -> Iterator[Flow]:
    """The workflow of a chain of parts, unless it only says `Input → Model → Output`."""
    steps = [
        DescribedStep(_EMPHASIS.sub("", answer.body[start:end]), start, end)
        for start, end in places[:MAX_STEPS]
    ]
    if len(steps) > 1 and not all(map(_is_place, steps)):
        yield _in_a_row("arrows", steps)


def _is_place(step: DescribedStep) -> bool:
    return step.text.casefold() in PLACES


def _in_a_row(kind: FlowKind, steps: Sequence[DescribedStep]) -> Flow:
    return Flow(kind, steps[0].start, steps[-1].end, tuple(steps))


def _items(answer: Answer, lines: list[int]) -> Iterator[Flow]:
    """Items labelled Input, Model and Output, each up to the next one; another Input begins another workflow."""
    items: list[DescribedStep] = []
    for line in lines:
        text = answer.line(line)
        end = answer.line_starts[line] + len(text)
        match = _ITEM.fullmatch(text[:_LONGEST])
        if _is_over(items, match, text):
            yield from _labelled(items)
            items = []
        if match is not None:
            role = _ROLES.get(match["label"][0].casefold(), "model")
            items.append(
                DescribedStep(match["value"], end - len(text) + match.start("value"), end, role)
            )
        elif items:
            items[-1] = replace(
                items[-1], text=f"{items[-1].text}\n{text}"[:_LONGEST].rstrip(), end=end
            )
    yield from _labelled(items)


def _is_over(items: list[DescribedStep], match: re.Match[str] | None, text: str) -> bool:
    """Whether a workflow ends before a line: another input, or a blank line behind the output."""
    if match is not None:
        return match["label"][0].casefold() == "i"
    if text.strip() or not items:
        return False
    return items[-1].role == "output"


def _labelled(items: list[DescribedStep]) -> Iterator[Flow]:
    if {"input", "model"}.issubset(item.role for item in items):
        yield _in_a_row("items", items)

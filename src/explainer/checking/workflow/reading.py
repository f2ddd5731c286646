"""The workflows that an answer describes, as graphs: Mermaid flowcharts, lines with arrows, Input/Model/Output items.

Flowcharts are read wherever they stand, lines and items in the section about the workflow. A step keeps its place in
the answer. What a step is called, and whether it may stand where it stands, is for others to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from explainer.checking.answer import Answer
from explainer.checking.sections import Section
from explainer.diagnostics.finding import Finding

if TYPE_CHECKING:
    from explainer.checking.workflow.mermaid import Flowchart

FlowKind: TypeAlias = Literal["mermaid", "arrows", "items"]
StepRole: TypeAlias = Literal["step", "group", "edge", "input", "model", "output"]

MAX_DIAGRAMS: Final = 50
"""Flowcharts of one answer that are read."""
MAX_STEPS: Final = 2_000
"""Steps of one line with arrows that are read."""

_FENCE: Final = re.compile(r"^[\s>]*+(?:[-*+]\s++|\d{1,9}[.)]\s++)?(`{3,}+|~{3,}+)\s*+\{?\.?(\S*)", re.MULTILINE)
_MARGIN: Final = re.compile(r"[\s>]*+")
_ARROW: Final = re.compile(
    r"\s*+(?:[-–—=]{1,3}+>|[→⟶➙➛➜➝➞➔➡⇒⟹⮕🠖🡒]\ufe0f?|&rarr;"
    r"|\$?\\(?:(?:long)?rightarrow|(?:Long)?Rightarrow|to)(?![A-Za-z])\$?)\s*+"
)
_DOWN: Final = re.compile(r"[\s>*_`|]*+[↓⬇⇓🡓]\ufe0f?[\s*_`|]*+")
_MARKS: Final = re.compile(r"[\s>*_`#|]*+(?:(?:[-+*•]|\(?\d{1,3}[.)])\s++)?[\s*_`\"“]*+")
_TAIL: Final = ' \t\r*_`"”|.;,'
_ITEM: Final = re.compile(
    r"[\s>]*+(?:[-+*•–—]\s++|\(?\d{1,3}[.)]\s++)?[^\w\s]{0,4}+(?:\s[^\w\s]{0,4}+)?"
    r"(?:user\s|final\s|the\s)?(?P<label>inputs?|models?|process(?:ing)?|outputs?)(?P<more>(?:\s\w{1,20}){0,2}?)\s?"
    r"(?:\([^()\n]{0,80}\)\s?)?[*_`]{0,3}\s?[:：][*_`]{0,3}\s*+(?P<value>.*)",
    re.IGNORECASE,
)
PLACES: Final = frozenset(("", "input", "inputs", "model", "models", "output", "outputs"))
"""What stands for the steps of a workflow before there are any."""
_LONGEST: Final = 4_000
"""Characters of a line in which arrows and items are looked for."""


@dataclass(frozen=True, slots=True)
class DescribedStep:
    """A step of a workflow.

    Attributes:
        key: names it within its flow.
        text: what it is called.
        start: where that stands in the answer; `end`: where it ends.
        role: what it is: a step, a group of steps (a subgraph), what is written on an edge; of items, which one.
        inside: the keys of the groups that it stands in.
    """

    key: str
    text: str
    start: int
    end: int
    role: StepRole = "step"
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowLink:
    """What leads from one step to another; `both` says that it leads back, too, or that it has no direction."""

    source: str
    target: str
    label: str = ""
    both: bool = False
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """One workflow as the answer describes it.

    Attributes:
        kind: how.
        start: where it begins; `end`: where it ends.
        steps: its steps, in the order of the text.
        links: what leads to what.
        problems: what is wrong with its text, each with its place in the answer.
        whole: all of it was read.
    """

    kind: FlowKind
    start: int
    end: int
    steps: tuple[DescribedStep, ...] = ()
    links: tuple[WorkflowLink, ...] = ()
    problems: tuple[tuple[int, int, Finding], ...] = ()
    whole: bool = True


def read_flows(answer: Answer, section: Section | None) -> list[Flow]:
    """Read the workflows of an answer.

    Args:
        answer: the answer.
        section: the section about the workflow, if there is one.
    """
    flows = list(_diagrams(answer))
    if section is not None:
        taken = {line for flow in flows for line in range(answer.line_of(flow.start), answer.line_of(flow.end) + 1)}
        lines = [line for line in range(section.first, section.last) if line not in taken]
        flows += _arrow_lines(answer, lines)
        flows += _items(answer, lines)
    return sorted(flows, key=lambda flow: flow.start)


def _diagrams(answer: Answer) -> Iterator[Flow]:
    """The flowcharts: fenced blocks that say that they are Mermaid, or that begin like a flowchart."""
    line, found = 0, 0
    while line < answer.lines and found < MAX_DIAGRAMS:
        opening = _FENCE.match(answer.line(line)) if line in answer.code_lines else None
        if opening is None:
            line += 1
            continue
        first = line + 1
        line = first
        while line < answer.lines and line in answer.code_lines and not _closes(answer.line(line), opening[1]):
            line += 1
        named = opening[2].rstrip("}").casefold() == "mermaid"
        start = answer.line_starts[first] if first < answer.lines else len(answer.body)
        end = answer.line_starts[line] if line < answer.lines else len(answer.body)
        if named or (
            not opening[2] and re.match(r"\s*(?:flowchart|graph)\s+(?:TB|TD|BT|LR|RL)\b", answer.body[start:end])
        ):
            found += 1
            yield _diagram(answer, start, end)
        line += 1


def _closes(line: str, mark: str) -> bool:
    bare = line.strip(" \t>")
    return bare.startswith(mark) and not bare.strip(mark[0])


def _diagram(answer: Answer, start: int, end: int) -> Flow:
    from explainer.checking.workflow.mermaid import parse_flowchart  # noqa: PLC0415  # few answers have a diagram

    text = answer.body[start:end]
    if ">" in text[:200]:
        text = _without_quote_marks(text)
    parsed = parse_flowchart(text)
    first = answer.line_of(start)
    problems = []
    for finding in parsed.findings:
        place = finding.location
        at = answer.line_starts[min(first + place.line - 1, answer.lines - 1)] + place.column - 1
        problems.append((at, at + len(finding.text), finding))
    if parsed.value is None:
        return Flow("mermaid", start, end, problems=tuple(problems))
    return Flow("mermaid", start, end, *_graph(parsed.value, start), tuple(problems), parsed.value.whole)


def _without_quote_marks(text: str) -> str:
    """A diagram in a quotation, without the `>` before each line, at its full length."""
    lines = text.split("\n")
    if not all(line.lstrip().startswith(">") or not line.strip() for line in lines):
        return text
    return "\n".join(_MARGIN.sub(lambda match: " " * len(match.group()), line, count=1) for line in lines)


def _graph(chart: Flowchart, offset: int) -> tuple[tuple[DescribedStep, ...], tuple[WorkflowLink, ...]]:
    inside: dict[str, list[str]] = {}
    for subgraph in chart.subgraphs:
        for member in subgraph.members:
            inside.setdefault(member, []).append(f"subgraph {subgraph.id}")
    groups = {subgraph.id for subgraph in chart.subgraphs}
    steps = [
        DescribedStep(
            node.id, node.label, offset + node.start, offset + node.end, "step", tuple(inside.get(node.id, ()))
        )
        for node in chart.nodes
        if node.id not in groups
    ]
    steps += [
        DescribedStep(
            f"subgraph {s.id}", s.title, offset + s.start, offset + s.end, "group", tuple(inside.get(s.id, ()))
        )
        for s in chart.subgraphs
    ]
    links = []
    for number, edge in enumerate(chart.edges):
        if edge.arrow == "hidden":
            continue
        source, target = (f"subgraph {key}" if key in groups else key for key in (edge.source, edge.target))
        place = (offset + edge.start, offset + edge.end)
        links.append(WorkflowLink(source, target, edge.label, edge.arrow == "both", *place))
        if edge.label and (not links[:-1] or links[-2].start != links[-1].start):
            steps.append(DescribedStep(f"edge {number}", edge.label, *place, "edge"))
    return tuple(sorted(steps, key=lambda step: step.start)), tuple(links)


def _arrow_lines(answer: Answer, lines: list[int]) -> Iterator[Flow]:
    """Lines such as `photo → model → picture`; one that begins with an arrow goes on from the one before."""
    chain: list[tuple[int, int]] = []
    before: tuple[int, int] | None = None
    joined = False
    for line in lines:
        text = answer.line(line)[:_LONGEST]
        if not text.strip():
            continue
        if _DOWN.fullmatch(text):
            chain = chain or ([before] if before else [])
            joined = bool(chain)
            continue
        parts = [] if "<!--" in text else list(_parts(text, answer.line_starts[line]))
        begins = len(parts) > 1 and parts[0][0] >= parts[0][1]
        parts = [part for part in parts if part[0] < part[1]]
        if (begins or joined) and (chain or before):
            chain = [*(chain or [before] if before else chain), *parts]
        elif len(parts) > 1:
            yield from _chain(answer, chain)
            chain = parts
        else:
            yield from _chain(answer, chain)
            chain = []
        joined = False
        before = parts[-1] if parts else None
    yield from _chain(answer, chain)


def _parts(text: str, offset: int) -> Iterator[tuple[int, int]]:
    """Where the parts between the arrows of a line stand, without Markdown's marks; an empty one has no length."""
    at = 0
    for match in (*_ARROW.finditer(text), None):
        end = match.start() if match else len(text)
        marks = _MARKS.match(text, at, end)
        start = marks.end() if marks else at
        yield offset + start, offset + max(start, start + len(text[start:end].rstrip(_TAIL)))
        at = match.end() if match else end


def _chain(answer: Answer, places: list[tuple[int, int]]) -> Iterator[Flow]:
    if len(places) < 2:  # noqa: PLR2004
        return
    steps = [
        DescribedStep(f"{number}", re.sub(r"[*_`]{1,3}", "", answer.body[start:end]), start, end)
        for number, (start, end) in enumerate(places[:MAX_STEPS])
    ]
    links = [
        WorkflowLink(one.key, other.key, "", both=False, start=other.start, end=other.end)
        for one, other in pairwise(steps)
    ]
    if all(step.text.casefold() in PLACES for step in steps):
        return
    yield Flow("arrows", steps[0].start, steps[-1].end, tuple(steps), tuple(links))


def _items(answer: Answer, lines: list[int]) -> Iterator[Flow]:
    """Items labelled Input, Model and Output, each up to the next one; another Input begins another workflow."""
    found: list[DescribedStep] = []
    for line in [*lines, None]:
        match = _ITEM.fullmatch(answer.line(line)[:_LONGEST]) if line is not None else None
        role = _role(match["label"]) if match else None
        if (line is None or role == "input") and found:
            yield from _labelled(found)
            found = []
        if line is None:
            return
        if found and found[-1].role == "output" and not answer.line(line).strip():
            yield from _labelled(found)
            found = []
        start, end = answer.line_starts[line], answer.line_starts[line] + len(answer.line(line))
        if match is not None and role is not None and (role == "input" or found):
            place = start + match.start("value")
            found.append(DescribedStep(f"{len(found)}", match["value"], place, end, role))
        elif found and end > start and len(found[-1].text) < _LONGEST:
            last = found[-1]
            found[-1] = DescribedStep(last.key, f"{last.text}\n{answer.line(line)}", last.start, end, last.role)


def _role(label: str) -> StepRole:
    label = label.casefold()
    return "input" if label.startswith("input") else "output" if label.startswith("output") else "model"


def _labelled(steps: list[DescribedStep]) -> Iterator[Flow]:
    if {step.role for step in steps} >= {"input", "model"}:
        links = [WorkflowLink(one.key, other.key) for one, other in pairwise(steps)]
        yield Flow("items", steps[0].start, steps[-1].end, tuple(steps), tuple(links))

"""The steps and links of a workflow, as an answer describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

StepRole: TypeAlias = Literal["step", "group", "edge", "input", "model", "output"]


@dataclass(frozen=True, slots=True)
class DescribedStep:
    """A step of a workflow.

    Attributes:
        key: names it within its workflow.
        text: what it is called.
        start: where that stands in the answer; `end`: where it ends.
        role: what it is: a step, a group of steps (a subgraph), what is written on an edge; of items, which one.
        inside: the keys of the groups that it stands in.
    """

    key: str
    text: str
    start: int = field(compare=False)
    end: int = field(compare=False)
    role: StepRole = "step"
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DescribedLink:
    """A link from one step to another, by key.

    Attributes:
        source: where it begins; `target`: where it ends.
        label: what is written on it.
        both: it leads back, too, or has no direction.
        hidden: it only moves its ends apart in the drawing.
        start: where it stands in the answer; `end`: where it ends.
    """

    source: str
    target: str
    label: str = ""
    both: bool = False
    hidden: bool = False
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

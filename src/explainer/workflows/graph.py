"""A workflow as a value: steps with ports, edges that carry data between them, its inputs and outputs.

Its text as a Mermaid flowchart (mermaid.js.org/syntax/flowchart.html), with labels that cannot break out of it, and
labels on several lines, for all drawings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from msgspec import Struct

from explainer.catalogs.signature import Signature
from explainer.diagnostics.text import lazy_regex, one_line


class End(Struct, frozen=True):
    """A place where data enters or leaves a workflow.

    Attributes:
        key: names it within its workflow; no other end or step has it.
        port: the id of the kind of data; None when nobody knows.
        label: how it is shown, such as “an image”.
    """

    key: str
    port: str | None
    label: str

    @property
    def gives(self) -> tuple[str, ...]:
        """The ports that it is sure to give: none, since data that is in hand need not be used."""
        return ()


class Step(Struct, frozen=True):
    """A model at work, or something that people do without one.

    Attributes:
        key: names it within its workflow.
        label: how it is shown: the name of the model.
        signature: what it takes and gives; None for an untyped step, which may take and give anything.
    """

    key: str
    label: str
    signature: Signature | None = None

    @property
    def gives(self) -> tuple[str, ...]:
        """The ports that it gives, whether anybody takes them or not; none when it is untyped."""
        return self.signature.outputs if self.signature is not None else ()


Node: TypeAlias = End | Step


class Edge(Struct, frozen=True):
    """Data on its way.

    Attributes:
        source: the key of an input or a step.
        target: the key of a step or an output.
        port: the kind of data; None when the edge does not say, then it carries whatever fits.
    """

    source: str
    target: str
    port: str | None = None


class WorkflowGraph(Struct, frozen=True):
    """A graph of steps. Nothing here promises that it makes sense; what `compose` returns does.

    Attributes:
        inputs: what is given.
        steps: the steps; a composed workflow has each behind the steps that feed it.
        outputs: what is asked for.
        edges: who feeds whom, in the order of the targets and of their ports.
    """

    inputs: tuple[End, ...]
    steps: tuple[Step, ...]
    outputs: tuple[End, ...]
    edges: tuple[Edge, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Inputs, steps and outputs, in this order."""
        return (*self.inputs, *self.steps, *self.outputs)

    def captions(self) -> Iterator[tuple[Node, str, str]]:
        """Yield each node with what drawings say of it: its kind, which is empty for a step, and its text."""
        for end in self.inputs:
            yield end, "input", end.label
        for number, step in enumerate(self.steps, 1):
            yield step, "", f"{number}. {step.label}"
        for end in self.outputs:
            yield end, "output", end.label

    def edges_into(self, key: str) -> tuple[Edge, ...]:
        """Return the edges that end at a node."""
        return tuple(edge for edge in self.edges if edge.target == key)

    def edges_from(self, key: str) -> tuple[Edge, ...]:
        """Return the edges that begin at a node."""
        return tuple(edge for edge in self.edges if edge.source == key)


def wrapped(text: str, room: float, width: Callable[[str], float], breaks: str) -> Iterator[str]:
    """Yield the lines of a text.

    Args:
        text: the text; runs of spaces count as one.
        room: how wide a line may be.
        width: measures a text.
        breaks: the characters behind which a line may end; a word that is too wide is cut anywhere.
    """
    # a word goes on up to a break, which stays at its end
    behind = re.escape(breaks)
    line = ""
    for word in re.findall(f"[^{behind}]*[{behind}]|[^{behind}]+", one_line(text)):
        if line and width(line) + width(word.rstrip()) > room:
            yield line.rstrip()
            line = ""
        rest_of_word = word
        while width(rest_of_word.rstrip()) > room:
            cut = _fitting(rest_of_word, room, width)
            yield rest_of_word[:cut]
            rest_of_word = rest_of_word[cut:]
        line += rest_of_word
    yield line.rstrip()


def _fitting(word: str, room: float, width: Callable[[str], float]) -> int:
    """How many characters fit; one at least, so that there is an end."""
    lengths = range(len(word) - 1, 1, -1)
    return next((length for length in lengths if width(word[:length]) <= room), 1)


# What ends a quoted label or means something inside it: quotes, entity codes, HTML, `markdown`, $$formulas$$, %%{…}%%.
_SPECIAL: Final = lazy_regex('["#&<>`$%\\\\]')
# Mermaid takes these for style statements and icons wherever they stand, and cuts or replaces what is behind the colon.
_COLON_MATTERS: Final = lazy_regex(r"style|classdef|\bfa[a-z]?:", re.IGNORECASE)

_SHAPES: Final[Mapping[type, str]] = {End: '(["{}"])', Step: '["{}"]'}


def escape_label(text: str) -> str:
    """Return a text for a quoted Mermaid label, on one line; special characters become entity codes."""
    line = one_line(text)
    escaped = _SPECIAL.sub(lambda match: f"#{ord(match.group())};", line)
    return escaped.replace(":", "#58;") if _COLON_MATTERS.search(line) else escaped


def mermaid(workflow: WorkflowGraph) -> str:
    """Return the Mermaid text of a workflow; it ends in a line break.

    Inputs and outputs are rounded, steps are boxes, and an edge is named by its port. Nodes go by their
    keys: those of composed workflows are `in1`, `s1`, `out1`.
    """
    lines = ["flowchart LR"]
    for node in workflow.nodes:
        label = escape_label(node.label) or "?"
        lines.append(f"    {node.key}{_SHAPES[type(node)].format(label)}")
    for edge in workflow.edges:
        arrow = "-->" if edge.port is None else f"-->|{edge.port}|"
        lines.append(f"    {edge.source} {arrow} {edge.target}")
    return "\n".join(lines) + "\n"

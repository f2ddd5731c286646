"""A workflow as a Mermaid flowchart (mermaid.js.org/syntax/flowchart.html), and labels that cannot break out of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from explainer.diagnostics.text import lazy_regex, one_line
from explainer.workflows.graph import End, Step, WorkflowGraph

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

"""A workflow as a Mermaid flowchart (mermaid.js.org/syntax/flowchart.html), and labels that cannot break out of one."""

from __future__ import annotations

import re
from typing import Final

from explainer.workflows.graph import End, WorkflowGraph

# What ends a quoted label or means something inside it: quotes, entity codes, HTML, `markdown`, $$formulas$$, %%{…}%%.
_SPECIAL: Final = re.compile('["#&<>`$%\\\\]')
# Mermaid takes these for style statements and icons wherever they stand, and cuts or replaces what is behind the colon.
_COLON_MATTERS: Final = re.compile(r"style|classdef|\bfa[a-z]?:", re.IGNORECASE)
_ENTITY: Final = re.compile(r"#(\d{1,7}|[A-Za-z]\w{0,30});")


def escape_label(text: str) -> str:
    """Return a text for a quoted Mermaid label, on one line; special characters become entity codes."""
    line = " ".join(text.split())
    escaped = _SPECIAL.sub(lambda found: f"#{ord(found.group())};", line)
    return escaped.replace(":", "#58;") if _COLON_MATTERS.search(line) else escaped


def unescape_label(text: str) -> str:
    """Undo `escape_label`, and any other entity codes of Mermaid."""
    return _ENTITY.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    import html  # noqa: PLC0415  # a table of two thousand names, for readers only

    code = found.group(1)
    return html.unescape(f"&#{code};" if code.isdigit() else f"&{code};")


def mermaid(workflow: WorkflowGraph) -> str:
    """Return the Mermaid text of a workflow; it ends in a line break.

    Inputs and outputs are rounded, steps are boxes, and an edge is named by its port. Nodes go by their
    keys: those of composed workflows are `in1`, `s1`, `out1`.
    """
    lines = ["flowchart LR"]
    for node in workflow.nodes:
        label = escape_label(node.label) or "?"
        lines.append(f'    {node.key}(["{label}"])' if isinstance(node, End) else f'    {node.key}["{label}"]')
    for edge in workflow.edges:
        port = f"|{edge.port}|" if edge.port is not None else ""
        lines.append(f"    {edge.source} -->{port} {edge.target}")
    return "\n".join(lines) + "\n"

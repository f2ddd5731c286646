"""What several tests of workflows use: edges as lines, parts from short texts, workflows made at random."""

from __future__ import annotations

from hypothesis import strategies as st

from explainer.catalogs.signature import BUILTIN_PORTS, Signature, builtin_ports
from explainer.workflows.compose import Component
from explainer.workflows.graph import WorkflowGraph

PORTS = builtin_ports()
HOSTILE_NAMES = (
    'a"b', "end", "subgraph x", "click s1 callback", "[x] (y) {z} ((w)) |v|", "%%{init: {}}%%", "%% comment",
    "</text><script>alert(1)</script>", "&amp; &lt;b&gt; &#35;", "#quot;", "`**bold**`", "a --> b", "a -->|x| b; c",
    "style s1 fill:#f00;", "classDef x fill:#f00;", "fa:fa-car", "$$x^2$$", "---", "```", "\\n \\u0041", "a<br/>b",
    "图像分割模型", "مولد الصور", "👩‍🔬 model", "flowchart LR", "s1", "in1", "\u200b", "'", "::: :::x", "@{ shape: rect }", "e1@",
)  # fmt: skip

_ids = st.sampled_from([port.id for port in BUILTIN_PORTS[:6]])
_sides = st.lists(_ids, min_size=1, max_size=3).map(tuple)
names = st.text(min_size=1, max_size=30).filter(lambda text: bool(text.split())) | st.sampled_from(
    HOSTILE_NAMES
)
parts = st.lists(
    st.builds(
        Component, names, st.builds(Signature, _sides, _sides), st.sampled_from(["", "a", "b"])
    ),
    max_size=7,
)
ends = st.none() | st.lists(_ids, min_size=1, max_size=3).map(tuple)


def part(text: str) -> Component:
    """A part from `NAME Txt2Img WORK`, or from a signature alone."""
    name, _, rest = text.partition(" ")
    signature, _, work = rest.partition(" ")
    read = PORTS.parse(signature or name)
    assert isinstance(read, Signature), text
    return Component(name, read, work)


def edge_lines(workflow: WorkflowGraph) -> set[str]:
    """The edges of a workflow as the cases write them: `input --Img--> NAME`."""
    label = {end.key: "input" for end in workflow.inputs}
    label |= {end.key: "output" for end in workflow.outputs}
    label |= {step.key: step.label for step in workflow.steps}
    return {
        f"{label[edge.source]} --{edge.port}--> {label[edge.target]}" for edge in workflow.edges
    }

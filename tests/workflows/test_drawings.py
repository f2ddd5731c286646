from __future__ import annotations

import html
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from explainer.workflows.compose import Component, compose
from explainer.workflows.graph import Edge, End, Step, WorkflowGraph, escape_label, mermaid
from explainer.workflows.output import LEAST_WIDTH, boxes
from explainer.workflows.svg import svg
from tests.helpers.support import examples
from tests.helpers.workflows import HOSTILE_NAMES, PORTS, ends, names, part, parts

_SVG = "{http://www.w3.org/2000/svg}"
_NODE = re.compile(r'^    (\w+)(?:\(\["([^"]*)"\]\)|\["([^"]*)"\])$')
_EDGE = re.compile(r"^    (\w+) -->(?:\|(\w+)\|)? (\w+)$")


def unescape_label(text: str) -> str:
    return html.unescape(re.sub(r"#(\d+);", r"&#\1;", text))


def workflow_of(*texts: str, inputs: str, outputs: str) -> WorkflowGraph:
    some = [part(text) for text in texts]
    return compose(some, PORTS, inputs=inputs.split(), outputs=outputs.split()).workflows[0]


def two_branches() -> WorkflowGraph:
    return workflow_of(
        "cut Img2Msk", "fill ImgMsk2Img", "see Img2Txt", inputs="Img", outputs="Img Txt"
    )


# --- Mermaid ---


def test_a_flowchart_names_nodes_and_what_edges_carry() -> None:
    assert mermaid(workflow_of("see Img2Txt", inputs="Img", outputs="Txt")) == (
        "flowchart LR\n"
        '    in1(["an image"])\n'
        '    s1["see"]\n'
        '    out1(["a text"])\n'
        "    in1 -->|Img| s1\n"
        "    s1 -->|Txt| out1\n"
    )


@given(st.text() | st.sampled_from(HOSTILE_NAMES))
@settings(max_examples=examples(300, 10_000))
def test_a_label_is_one_line_of_harmless_characters_and_reads_back(text: str) -> None:
    escaped = escape_label(text)
    assert unescape_label(escaped) == " ".join(text.split())
    assert not set('"<>`$%\\\n') & set(escaped)
    assert re.sub(r"#\d+;", "", escaped).count("#") == 0


@given(parts, ends, ends)
@settings(max_examples=examples(100, 2000), deadline=None)
def test_a_flowchart_reads_back_line_by_line(
    some: list[Component], inputs: tuple[str, ...] | None, outputs: tuple[str, ...] | None
) -> None:
    for workflow in compose(some, PORTS, inputs=inputs, outputs=outputs).workflows:
        first, *lines = mermaid(workflow).splitlines()
        nodes = {found[1]: found[2] or found[3] for line in lines if (found := _NODE.match(line))}
        edges = [
            Edge(found[1], found[3], found[2]) for line in lines if (found := _EDGE.match(line))
        ]
        assert first == "flowchart LR"
        assert len(nodes) + len(edges) == len(lines)
        assert {key: unescape_label(label) for key, label in nodes.items()} == {
            node.key: " ".join(node.label.split()) or "?" for node in workflow.nodes
        }
        assert tuple(edges) == workflow.edges


# --- boxes ---


def test_a_drawing_shows_rails_that_branch_and_merge() -> None:
    assert boxes(two_branches(), 46, cell_len) == (
        "      ┌──────────────────────────────────────┐\n"
        "┌─────┤ Img  input: an image                 │\n"
        "│     └──────────────────────────────────────┘\n"
        "│     ┌──────────────────────────────────────┐\n"
        "├────▶│ Img  1. cut                          │\n"
        "│ ┌───┤ Msk                                  │\n"
        "│ │   └──────────────────────────────────────┘\n"
        "│ │   ┌──────────────────────────────────────┐\n"
        "└─│──▶│ Img  2. fill                         │\n"
        "  └──▶│ Msk                                  │\n"
        "┌─────┤ Img                                  │\n"
        "│     └──────────────────────────────────────┘\n"
        "│     ┌──────────────────────────────────────┐\n"
        "├────▶│ Img  3. see                          │\n"
        "│ ┌───┤ Txt                                  │\n"
        "│ │   └──────────────────────────────────────┘\n"
        "│ │   ┌──────────────────────────────────────┐\n"
        "└─│──▶│ Img  output: an image                │\n"
        "  │   └──────────────────────────────────────┘\n"
        "  │   ┌──────────────────────────────────────┐\n"
        "  └──▶│ Txt  output: a text                  │\n"
        "      └──────────────────────────────────────┘\n"
    )


@given(parts, ends, ends, st.integers(LEAST_WIDTH, 120))
@settings(max_examples=examples(100, 2000), deadline=None)
def test_a_drawing_keeps_to_its_width_also_with_wide_characters(
    some: list[Component],
    inputs: tuple[str, ...] | None,
    outputs: tuple[str, ...] | None,
    width: int,
) -> None:
    plain = [
        one
        for one in some
        if one.name.isprintable() and not any("\u0300" <= char <= "\u036f" for char in one.name)
    ]
    for workflow in compose(plain, PORTS, inputs=inputs, outputs=outputs).workflows:
        lines = boxes(workflow, width, cell_len).splitlines()
        boxed = [line for line in lines if line.endswith(("│", "┐", "┘"))]
        assert max(map(cell_len, lines)) <= max(width, 60)
        assert len({cell_len(line) for line in boxed}) == 1
        assert len(boxed) == len(lines)


def test_ascii_is_ascii() -> None:
    text = boxes(
        workflow_of("图像 Img2Txt", inputs="Img", outputs="Txt"), 60, cell_len, ascii_only=True
    )
    assert text.isascii()
    assert "\\u56fe\\u50cf" in text


# --- SVG ---


@given(parts, ends, ends)
@settings(max_examples=examples(60, 1000), deadline=None)
def test_an_image_is_well_formed_and_holds_nothing_but_shapes_and_text(
    some: list[Component], inputs: tuple[str, ...] | None, outputs: tuple[str, ...] | None
) -> None:
    for workflow in compose(some, PORTS, inputs=inputs, outputs=outputs).workflows:
        root = ET.fromstring(svg(workflow, some[0].name))
        tags = {element.tag.removeprefix(_SVG) for element in root.iter()}
        assert tags <= {"svg", "title", "style", "rect", "path", "text"}
        attributes = {name for element in root.iter() for name in element.attrib}
        assert not any(name.startswith("on") or "href" in name for name in attributes)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_stay_text(name: str) -> None:
    workflow = WorkflowGraph(
        (End("in1", "Img", name),), (Step("s1", name),), (), (Edge("in1", "s1", "Img"),)
    )
    text = svg(workflow, name)
    ET.fromstring(text)
    assert "<script" not in text
    assert "url(" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_an_image_knows_light_and_dark_and_asks_for_nothing() -> None:
    text = svg(two_branches())
    assert "prefers-color-scheme: dark" in text
    assert "@import" not in text


def test_no_edge_runs_through_a_box() -> None:
    root = ET.fromstring(svg(two_branches()))
    rects = [element for element in root.iter(f"{_SVG}rect") if element.get("class") != "page"]
    spans = [(float(r.get("x", 0)), float(r.get("y", 0)), float(r.get("height", 0))) for r in rects]
    straight = []
    for path in root.iter(f"{_SVG}path"):
        found = re.findall(r"([\d.]+) ([\d.]+) H([\d.]+)", path.get("d", ""))
        straight += [(float(x), float(y), float(end)) for x, y, end in found]
    assert straight
    for begin, y, end in straight:
        assert not any(
            begin < x + 190 and end > x + 6 and top < y < top + height for x, top, height in spans
        )


@given(names)
@settings(max_examples=examples(100, 1000))
def test_any_name_can_be_drawn(name: str) -> None:
    workflow = WorkflowGraph((), (Step("s1", name),), (), ())
    ET.fromstring(svg(workflow, name))
    assert boxes(workflow, 60, cell_len)
    assert mermaid(workflow).count("\n") == 2

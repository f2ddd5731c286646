"""Flowcharts read as Mermaid reads them: tests/data/flowcharts.jsonl says what Mermaid 11 made of each text."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.checking.workflow.mermaid import parse_flowchart
from explainer.workflows.graph import End, Step, WorkflowGraph, mermaid
from tests.helpers.support import ROOT, examples
from tests.helpers.workflows import names

TABLE = [
    json.loads(line)
    for line in (ROOT / "tests/data/flowcharts.jsonl").read_text(encoding="utf-8").splitlines()
    if line
]


def shown(text: str) -> str:
    """What a label of Mermaid's shows, in one line: entities decoded, without tags and Markdown."""
    text = re.sub(r"<br\s*/?>", " ", text)
    return " ".join(html.unescape(re.sub(r"</?[a-z]+>", "", text)).split())


@pytest.mark.parametrize(
    "row", TABLE, ids=lambda row: row["text"][:60].encode("unicode_escape").decode()
)
def test_what_mermaid_draws_is_no_mistake_and_read_the_same(row: dict[str, Any]) -> None:
    parsed = parse_flowchart(row["text"])
    if row["parses"]:
        assert parsed.findings == ()
        texts = {" ".join(drawn.text.split()) for drawn in parsed.unwrap()}
        groups = {shown(text) for key, text in row["nodes"] if f"subgraph {key}" in row["text"]}
        assert texts - groups >= {shown(text) for _, text in row["nodes"]} - groups
        assert texts >= {shown(text) for _, _, text in row["edges"] if text}


@pytest.mark.parametrize(
    ("text", "place", "text_of_finding"),
    [
        ("flowchart LR\n  A[x (y)] --> B", (2, 4), "["),
        ("flowchart LR\nA --> B\nB --> C[open", (3, 8), "["),
        ("flowchart LR\nA -->", (2, 3), "-->"),
        ("flowchart LR\nA --> end", (2, 7), "end"),
        ("flowchart LR\nmy node --> B", (2, 4), "node"),
        ("flowchart LR\nA --> B\nend", (3, 1), "end"),
        ("flowchart LR\nsubgraph one\nA --> B", (2, 1), "subgraph"),
        ("flowchart LR\nsubgraph a (b)\nA --> B\nend", (2, 12), "("),
        ("flowchart LR\nA -> B", (2, 3), "->"),
        ("A --> B", (1, 1), "A"),
    ],
)
def test_a_mistake_has_its_place(text: str, place: tuple[int, int], text_of_finding: str) -> None:
    first = parse_flowchart(text, "answer.md").findings[0]
    assert (first.code, first.location.file, first.text) == ("A801", "answer.md", text_of_finding)
    assert (first.location.line, first.location.column) == place


@pytest.mark.parametrize(
    "text",
    [
        "flowchart LR\nA[a] -> |x| B[b]\nB => C[c]",
        "flowchart LR\nA[a]→|x|B[b]\nB ⇒ C[c]",
        "A[a] -->|x| B[b]\nB --> C[c]",
        "Graph LR\nA[a] -->|x| B[b]\nB --> C[c]",
        "FlowChart LR;\nA[a] -- x --> B[b]\nB --> C[c]",
        "flowchart LR\nA[a (x)] --> B{b [c]}\nC[c",
    ],
)
def test_behind_a_mistake_names_are_read_all_the_same(text: str) -> None:
    parsed = parse_flowchart(text)
    assert [finding.code for finding in parsed.findings] == ["A801"], (
        "only the first mistake is said"
    )
    assert {drawn.text.strip() for drawn in parsed.unwrap()} >= {"a", "x", "b", "c"}


@pytest.mark.parametrize("text", ["", "photo", "digraph { a -> b }"])
def test_what_is_no_flowchart_is_not_read(text: str) -> None:
    parsed = parse_flowchart(text)
    assert parsed.value is None
    assert [finding.code for finding in parsed.findings] == ["A801"]


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ('P["mAP@0.5"]', "mAP@0.5"),
        ("P[mAP@0.5]", "mAP@0.5"),
        ('P[<font color="red">red</font>]', "red"),
        ("P[\"<font color='red'>red</font><br/>(x)\"]", "red\n(x)"),
        ('P["a #quot;b#quot; #35;1 &amp; c"]', 'a "b" #1 & c'),
        ('P["`**bold** x`"]', "**bold** x"),
        ('P@{ shape: rounded, label: "a (b)" }', "a (b)"),
    ],
)
def test_a_label_is_what_it_shows(label: str, shown: str) -> None:
    parsed = parse_flowchart(f"flowchart LR\n{label} --> B")
    assert parsed.findings == ()
    assert parsed.unwrap()[0].text == shown


def test_what_is_said_about_an_edge_is_no_node() -> None:
    chart = parse_flowchart(
        "flowchart LR\nA e1@--> B\ne1@{ animate: true }\nC@{ shape: rect }"
    ).unwrap()
    assert [drawn.text for drawn in chart] == ["A", "B", "C"]


def test_most_of_what_mermaid_refuses_is_a_finding() -> None:
    refused = [row["text"] for row in TABLE if not row["parses"]]
    assert sum(bool(parse_flowchart(text).findings) for text in refused) >= len(refused) * 0.8


def test_every_place_lies_in_the_text() -> None:
    text = "---\ntitle: t\n---\n%% c\nflowchart LR\n subgraph s [T]\n  Ä[深 x] -->|y| B\n end\n"
    chart = parse_flowchart(text).unwrap()
    assert [(drawn.role, text[drawn.start : drawn.end]) for drawn in chart] == [
        ("group", "T"), ("step", "深 x"), ("edge", "-->|y|"), ("step", "B"),
    ]  # fmt: skip


def test_another_kind_of_diagram_is_no_mistake() -> None:
    parsed = parse_flowchart("sequenceDiagram\n  A->>B: hello")
    assert parsed.value is None
    assert [finding.code for finding in parsed.findings] == ["A802"]


def test_very_many_nodes_and_mistakes_are_read_in_bounds() -> None:
    joined = " & ".join(f"n{number}" for number in range(3000))
    parsed = parse_flowchart(f"flowchart LR\n{joined} --> {joined}\n")
    assert (len(parsed.unwrap()), parsed.findings) == (3000, ())
    for hostile in (
        "A[(\n" * 5000,
        "A -.x\n" * 5000,
        "A ==x\n" * 5000,
        'A["' * 9000,
        "A[x](" * 6000,
        "e@" * 9000,
    ):
        assert len(parse_flowchart(f"flowchart LR\n{hostile}").findings) == 1


@settings(max_examples=examples(150, 5000), deadline=None)
@given(names, names)
def test_any_name_drawn_is_read_back(one: str, other: str) -> None:
    workflow = WorkflowGraph((End("in1", "Img", one),), (Step("s1", other),), (), ())
    parsed = parse_flowchart(mermaid(workflow))
    assert parsed.findings == ()
    steps = [drawn.text for drawn in parsed.unwrap() if drawn.role == "step"]
    assert steps == [" ".join(node.label.split()) or "?" for node in workflow.nodes]


SIGNS = 'A B --> --- [ ] ( ) { } " | ; subgraph end %% x ::: style @{ }%% %%{ -- == -. ~~~ 深 #quot; <br/>'
PIECES = st.sampled_from([*SIGNS.split(), " & ", "\n", " ", "\u200b", "\r", "\x00"])


@settings(max_examples=examples(200, 20_000), deadline=None)
@given(st.lists(PIECES | st.characters(), max_size=60).map("".join))
def test_no_text_breaks_the_reader(text: str) -> None:
    for whole in (text, f"flowchart LR\n{text}"):
        parsed = parse_flowchart(whole)
        lines = re.split(r"\r\n|\r|\n", whole)
        for finding in parsed.findings:
            assert 1 <= finding.location.line <= len(lines)
            assert finding.location.column <= len(lines[finding.location.line - 1]) + 1
        for drawn in parsed.value or ():
            assert 0 <= drawn.start <= drawn.end <= len(whole)

"""Flowcharts, read by the real mermaid (npm). Install it with: npm install --prefix tests/interop/mermaid

EXPLAINER_NODE_MODULES names another folder `node_modules` that holds mermaid and jsdom.
"""

from __future__ import annotations

import html
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from explainer.catalogs.signature import Signature
from explainer.checking.workflow.mermaid import parse_flowchart
from explainer.workflows.compose import Component, compose
from explainer.workflows.graph import End, Step, WorkflowGraph, mermaid
from tests.helpers.support import ROOT, examples, explainer
from tests.helpers.workflows import HOSTILE_NAMES, PORTS

HERE = ROOT / "tests" / "interop" / "mermaid"
MODULES = Path(os.environ.get("EXPLAINER_NODE_MODULES", HERE / "node_modules"))
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (MODULES / "mermaid").is_dir() or not (MODULES / "jsdom").is_dir(),
    reason="needs Node and: npm install --prefix tests/interop/mermaid",
)


def read(texts: list[str]) -> list[dict[str, Any]]:
    """What mermaid reads in some texts."""
    done = subprocess.run(
        [str(NODE), str(HERE / "parse.mjs"), str(MODULES)],
        input=json.dumps(texts).encode(), capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


def assert_reads_back(workflows: list[WorkflowGraph]) -> None:
    for workflow, found in zip(workflows, read([mermaid(one) for one in workflows]), strict=True):
        assert "error" not in found, found
        assert [[key, html.unescape(text), kind] for key, text, kind in found["nodes"]] == [
            [
                node.key,
                " ".join(node.label.split()) or "?",
                "stadium" if isinstance(node, End) else "square",
            ]
            for node in workflow.nodes
        ]
        assert [tuple(edge) for edge in found["edges"]] == [
            (edge.source, edge.target, edge.port) for edge in workflow.edges
        ]


def test_hostile_labels_stay_labels() -> None:
    names = [
        *HOSTILE_NAMES,
        *(f"x {name} y" for name in HOSTILE_NAMES),
        *(name * 3 for name in HOSTILE_NAMES),
    ]
    assert_reads_back(
        [WorkflowGraph((End("in1", "Img", name),), (Step("s1", name),), (), ()) for name in names]
    )


def test_composed_workflows_read_back() -> None:
    made: list[WorkflowGraph] = []
    for seed in range(examples(40, 1500)):
        rng = random.Random(seed)
        ids = list(PORTS.ports)[:6]

        def side(rng: random.Random = rng, ids: list[str] = ids) -> tuple[str, ...]:
            return tuple(rng.choices(ids, k=rng.randint(1, 2)))

        some = [
            Component(rng.choice(HOSTILE_NAMES), Signature(side(), side()))
            for _ in range(rng.randint(1, 6))
        ]
        made += compose(some, PORTS).workflows
    assert len(made) > 20
    assert_reads_back(made)


@pytest.mark.parametrize(
    "case", sorted((ROOT / "tests" / "cases" / "workflow").iterdir()), ids=lambda path: path.name
)
def test_what_the_command_draws_is_what_mermaid_reads(case: Path) -> None:
    outcome = explainer("workflow", case / "question.yaml", "--format", "mermaid")
    if outcome.status == 0:
        (found,) = read([outcome.out])
        assert "error" not in found, found
        assert len(found["edges"]) == outcome.out.count("-->")


def test_the_table_of_flowcharts_says_what_mermaid_says() -> None:
    lines = (ROOT / "tests/data/flowcharts.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for row, found in zip(rows, read([row["text"] for row in rows]), strict=True):
        assert row["parses"] is ("error" not in found), row["text"]
        if row["parses"]:
            assert row["nodes"] == [[key, text] for key, text, _ in found["nodes"]], row["text"]
            assert row["edges"] == found["edges"], row["text"]


def test_what_mermaid_draws_is_never_a_mistake_and_most_that_it_refuses_is() -> None:
    rng = random.Random(11)
    good = [
        "A --> B",
        "A[x] --> B[y]",
        "B -->|t| C",
        "C{q} -- y --> D",
        "A & B --> C",
        'D["q (x)"]',
        "A ==> B -.-> C",
    ]
    signs = [
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "|",
        "-->",
        "--",
        "\n",
        " ",
        "B",
        "end",
        '"t"',
        "|t|",
        "x",
        ";",
        "深",
        ".",
    ]
    texts = []
    for _ in range(examples(300, 3000)):
        body = "\n".join(rng.choice(good) for _ in range(rng.randint(1, 3)))
        at = rng.randrange(len(body) + 1)
        body = (
            body[:at] + rng.choice(signs) + body[at:]
            if rng.random() < 0.6
            else body[:at] + body[at + 1 :]
        )
        texts.append(f"flowchart LR\n{body}\n")
    refused = ["error" in found for found in read(texts)]
    findings = [bool(parse_flowchart(text).findings) for text in texts]
    verdicts = list(zip(texts, refused, findings, strict=True))
    assert [text for text, is_refused, is_found in verdicts if is_found and not is_refused] == []
    missed = [text for text, is_refused, is_found in verdicts if is_refused and not is_found]
    assert len(missed) <= sum(refused) * 0.2, missed

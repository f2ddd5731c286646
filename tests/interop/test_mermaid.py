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

from explainer.signature import Signature
from explainer.workflows.compose import Part, compose
from explainer.workflows.graph import End, Step, Workflow
from explainer.workflows.mermaid import mermaid
from tests.support import ROOT, SLOW, explainer
from tests.workflows import HOSTILE_NAMES, PORTS

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


def assert_reads_back(workflows: list[Workflow]) -> None:
    for workflow, found in zip(workflows, read([mermaid(one) for one in workflows]), strict=True):
        assert "error" not in found, found
        assert [[key, html.unescape(text), kind] for key, text, kind in found["nodes"]] == [
            [node.key, " ".join(node.label.split()) or "?", "stadium" if isinstance(node, End) else "square"]
            for node in workflow.nodes
        ]
        assert [tuple(edge) for edge in found["edges"]] == [
            (edge.source, edge.target, edge.port) for edge in workflow.edges
        ]


def test_hostile_labels_stay_labels() -> None:
    names = [*HOSTILE_NAMES, *(f"x {name} y" for name in HOSTILE_NAMES), *(name * 3 for name in HOSTILE_NAMES)]
    assert_reads_back([Workflow((End("in1", "Img", name),), (Step("s1", name),), (), ()) for name in names])


def test_composed_workflows_read_back() -> None:
    made: list[Workflow] = []
    for seed in range(1500 if SLOW else 40):
        rng = random.Random(seed)
        ids = list(PORTS.ports)[:6]

        def side(rng: random.Random = rng, ids: list[str] = ids) -> tuple[str, ...]:
            return tuple(rng.choices(ids, k=rng.randint(1, 2)))

        some = [Part(rng.choice(HOSTILE_NAMES), Signature(side(), side())) for _ in range(rng.randint(1, 6))]
        made += compose(some, PORTS).workflows
    assert len(made) > 20
    assert_reads_back(made)


@pytest.mark.parametrize("case", sorted((ROOT / "tests" / "cases" / "workflow").iterdir()), ids=lambda path: path.name)
def test_what_the_command_draws_is_what_mermaid_reads(case: Path) -> None:
    outcome = explainer("workflow", case / "question.yaml", "--format", "mermaid")
    if outcome.status == 0:
        (found,) = read([outcome.out])
        assert "error" not in found, found
        assert len(found["edges"]) == outcome.out.count("-->")

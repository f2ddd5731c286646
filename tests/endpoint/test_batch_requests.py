"""The requests of a batch are sent, as they are, to a real server; what comes back is joined by `custom_id` and checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.endpoint.client import post
from tests.endpoint.faults import Pass, Status
from tests.endpoint.grammar import grammar_for
from tests.endpoint.proxy import FaultProxy
from tests.helpers.support import explainer, slow, write_tree

CATALOG = "models:\n- {name: Alpha-Net, paper: https://arxiv.org/abs/2101.00001}\n"
GROUNDED = "1. Task\nTo see.\n2. Workflow\nText → Alpha-Net → price.\n3. References\n- Alpha-Net: https://arxiv.org/abs/2101.00001\n"


def sent(requests: Path, base_url: str) -> list[dict[str, Any]]:
    """Send each request; return the rows that OpenAI's Batch API and `vllm run-batch` write, the last one first."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(requests.read_text(encoding="utf-8").splitlines()):
        request = json.loads(line)
        status, _, body = post(base_url, request["body"])
        response = {"status_code": status, "request_id": f"r{number}", "body": json.loads(body)}
        rows.insert(
            0,
            {
                "id": f"b{number}",
                "custom_id": request["custom_id"],
                "response": response,
                "error": None,
            },
        )
    return rows


@slow
def test_a_batch_goes_through_a_real_server_and_comes_back_checked(
    tmp_path: Path, proxy: FaultProxy
) -> None:
    asked = [
        {"id": f"q{n}", "question": f"Why {n}?", "models": ["Alpha-Net"], "papers": []}
        for n in range(3)
    ]
    root = write_tree(
        tmp_path,
        {"catalogs/c.yaml": CATALOG, "q.jsonl": "".join(json.dumps(one) + "\n" for one in asked)},
    )
    options = (
        "--format",
        "openai-batch",
        "--model",
        "gemma-3-270m",
        "--body",
        "max_completion_tokens=12",
    )
    assert (
        explainer("batch", root / "q.jsonl", "--out", root / "requests.jsonl", *options).status == 0
    )
    proxy.script(Pass(), Status(500), Pass(grammar=grammar_for(GROUNDED), max_tokens=200))
    rows = sent(root / "requests.jsonl", proxy.base_url)
    (root / "answers.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    done = explainer(
        "check", root / "answers.jsonl", "--prompt", root / "requests.jsonl", "--format", "jsonl"
    )
    reports = {
        report["id"].partition(".")[0]: report for report in map(json.loads, done.out.splitlines())
    }
    assert (done.status, list(reports)) == (1, ["q2", "q1", "q0"])
    assert [reports[name]["grounded"] for name in ("q0", "q1", "q2")] == [False, False, True]
    codes = {
        name: {finding["code"] for finding in report["findings"]}
        for name, report in reports.items()
    }
    assert codes["q1"] == {"A605"}
    assert "A104" in codes["q0"], codes["q0"]

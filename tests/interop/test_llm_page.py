"""Every command of docs/llm.md is run, as it stands there, in a new project."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.endpoint.client import post
from tests.endpoint.faults import Canned
from tests.endpoint.proxy import FaultProxy
from tests.endpoint.running import KEY
from tests.helpers.support import ROOT, explainer, slow
from tests.interop.llm_command import Llm
from tests.interop.test_promptfoo import evaluated

PAGE = (ROOT / "docs" / "llm.md").read_text(encoding="utf-8")
UNGROUNDED = "## 1. Task\nIt is old.\n## 2. Workflow\nImage → resnet-50 → name.\n## 3. References\n- [A paper](https://arxiv.org/abs/1706.03762)\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project with one question, which stands at `q.yaml` too."""
    assert explainer("init", tmp_path / "demo").status == 0
    question, *others = sorted((tmp_path / "demo" / "questions").glob("*.yaml"))
    shutil.copy(question, tmp_path / "demo" / "q.yaml")
    for other in others:
        other.unlink()
    return tmp_path / "demo"


def skeleton(project: Path) -> str:
    return explainer("build", project / "q.yaml", "--as", "answer").out


def answer_the_batch(project: Path, base_url: str) -> None:
    """Do what a batch service does with a file of requests; the answers come in another order."""
    rows: list[Any] = []
    for line in (project / "requests.jsonl").read_text(encoding="utf-8").splitlines():
        request = json.loads(line)
        status, _, body = post(base_url, request["body"])
        response = {"status_code": status, "request_id": "r", "body": json.loads(body)}
        rows.insert(
            0, {"id": "b", "custom_id": request["custom_id"], "response": response, "error": None}
        )
    (project / "answers.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )


@slow
def test_every_command_of_the_page_runs(project: Path, tmp_path: Path, canned: FaultProxy) -> None:
    llm = Llm(tmp_path / "llm", project)
    llm.connect(canned.base_url)
    answer = skeleton(project)

    now = {"text": answer}
    canned.rule(
        lambda seen: Canned(
            answer if "has these errors" in seen.messages[-1]["content"] else now["text"]
        )
    )
    for line in "".join(blocks("sh")).splitlines():
        ungrounded = "tee answer.md" in line
        now["text"] = UNGROUNDED if ungrounded else answer
        if "answers.jsonl" in line:
            answer_the_batch(project, canned.base_url)
        done = llm.shell(f"set +o pipefail; {line}")
        assert done.status == int(ungrounded), f"{line}\n{done.out}\n{done.err}"
    assert (project / "answer-2.md").read_text(encoding="utf-8").strip() == answer.strip()
    assert {seen.headers["authorization"] for seen in canned.seen} == {f"Bearer {KEY}"}


def test_the_configuration_of_an_endpoint_is_one_of_llm(
    project: Path, tmp_path: Path, canned: FaultProxy
) -> None:
    llm = Llm(tmp_path / "llm", project)
    llm.connect(canned.base_url)
    text = blocks("yaml")[0].replace("http://127.0.0.1:8080/v1", canned.base_url)
    assert yaml.safe_load(text)[0]["api_base"] == canned.base_url
    (llm.home / "extra-openai-models.yaml").write_text(text, encoding="utf-8")
    done = llm.shell("llm -m local hello")
    assert (done.status, done.out) == (0, "A canned answer.\n"), done.err


def test_check_is_an_assertion_of_promptfoo(project: Path, tmp_path: Path) -> None:
    assert (
        explainer(
            "batch",
            project / "questions",
            "--out",
            project / "tests.jsonl",
            "--format",
            "promptfoo",
        ).status
        == 0
    )
    (project / "grounded.py").write_text(blocks("python")[0], encoding="utf-8")
    text = blocks("yaml")[1].replace("openai:gpt-4o-mini", "echo")
    (project / "own.yaml").write_text(text, encoding="utf-8")
    status, (row,) = evaluated(project / "own.yaml", tmp_path)
    assert (status, row["success"]) == (100, False)
    assert "section" in row["gradingResult"]["reason"], row["gradingResult"]

"""promptfoo itself runs what `--format promptfoo` writes; it is an npm package, and the tests skip where it is not on PATH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.batches import golden, lines, project
from tests.helpers.support import explainer, write_tree
from tests.interop.test_clients import HOSTILE

OFFLINE = {
    "PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
    "PROMPTFOO_DISABLE_SHARING": "1", "NODE_NO_WARNINGS": "1", "PROMPTFOO_PYTHON": sys.executable,
}  # fmt: skip


def evaluated(config: Path, folder: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Run promptfoo on a configuration; return its exit status and its rows, in their order."""
    program = shutil.which("promptfoo")
    if program is None:
        pytest.skip("promptfoo is not here: npm install -g promptfoo")
    done = subprocess.run(
        [program, "eval", "-c", config.name, "-o", "out.json", "--no-cache", "--no-progress-bar", "--no-table", *arguments],
        cwd=config.parent, capture_output=True, check=False, timeout=300,
        env={**os.environ, **OFFLINE, "PROMPTFOO_CONFIG_DIR": str(folder / "promptfoo")},
    )  # fmt: skip
    assert (config.parent / "out.json").exists(), done.stderr.decode()[-2000:]
    found = json.loads((config.parent / "out.json").read_text(encoding="utf-8"))["results"][
        "results"
    ]
    return done.returncode, sorted(found, key=lambda row: int(row["testIdx"]))


def arriving(text: str) -> str:
    """A prompt as promptfoo sends it: it takes the last line break of a variable away."""
    return text.removesuffix("\n")


def test_each_prompt_arrives_as_it_was_built(tmp_path: Path) -> None:
    root = project(tmp_path / "p", 12)
    hostile = {"id": "hostile", "question": HOSTILE, "models": ["Alpha"], "papers": ["Shade"]}
    asked = (root / "q.jsonl").read_text(encoding="utf-8") + lines(hostile)
    write_tree(root, {"q.jsonl": asked})
    assert (
        explainer(
            "batch", root / "q.jsonl", "--out", root / "tests.jsonl", "--format", "promptfoo"
        ).status
        == 0
    )
    assert explainer("batch", root / "q.jsonl", "--out", root / "text.jsonl").status == 0
    status, rows = evaluated(root / "tests.promptfoo.yaml", tmp_path)
    assert status == 0
    built = [
        json.loads(line) for line in (root / "text.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [row["response"]["output"] for row in rows] == [arriving(one["text"]) for one in built]
    assert [row["testCase"]["description"] for row in rows] == [one["id"] for one in built]
    assert [row["testCase"]["metadata"]["question_id"] for row in rows] == [
        one["id"] for one in built
    ]


NUNJUCKS = (
    "{{prompt}} {{ prompt }}", "{{ env.HOME }}", "{{{", "{{{{%", "{%", "{#", "{", "}} %} #}", "{%- if x -%}", "{{ x | safe }}",
    "{{ '{' }}", "{%raw%}{{", "{{\n}}", "a {{", "{% endraw %}", "{{ 'a", "\\{{", "$ref", "{{ x", "{ {", "{{}}", "{% for a in b %}",
)  # fmt: skip


def test_nothing_that_reads_as_a_template_is_one(tmp_path: Path) -> None:
    questions = [*NUNJUCKS, *(f"{a}{b}" for a in NUNJUCKS[2:10] for b in NUNJUCKS[2:10])]
    asked = [
        {"id": f"q{number}", "question": text, "models": ["Alpha"], "papers": []}
        for number, text in enumerate(questions)
    ]
    root = write_tree(
        project(tmp_path / "p", 1), {"h.jsonl": lines(*asked), "bare.j2": "{{ question }}"}
    )
    options = ("--template", root / "bare.j2")
    assert (
        explainer(
            "batch", root / "h.jsonl", "--out", root / "t.jsonl", "--format", "promptfoo", *options
        ).status
        == 0
    )
    status, rows = evaluated(root / "t.promptfoo.yaml", tmp_path)
    assert (status, [row["response"]["output"] for row in rows]) == (0, questions)


def test_a_question_that_names_a_file_is_text(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    asked = {
        "id": "q",
        "question": f"file://{tmp_path}/secret.txt",
        "models": ["Alpha"],
        "papers": [],
    }
    root = write_tree(
        project(tmp_path / "p", 1), {"h.jsonl": lines(asked), "bare.j2": "{{ question }}"}
    )
    done = explainer(
        "batch",
        root / "h.jsonl",
        "--out",
        root / "t.jsonl",
        "--format",
        "promptfoo",
        "--template",
        root / "bare.j2",
    )
    assert done.status == 0
    assert [
        row["response"]["output"] for row in evaluated(root / "t.promptfoo.yaml", tmp_path)[1]
    ] == [asked["question"]]


def test_a_folder_of_tests_is_run_too(tmp_path: Path) -> None:
    root = project(tmp_path / "p", 3)
    asked = {
        "question": HOSTILE,
        "models": ["Alpha"],
        "papers": ["Shade"],
        "catalog": "../catalogs/c.yaml",
    }
    write_tree(
        root,
        {
            "qs/a.yaml": json.dumps(asked),
            "qs/b/c.yaml": json.dumps(
                {**asked, "question": "Why?", "catalog": "../../catalogs/c.yaml"}
            ),
        },
    )
    assert (
        explainer("batch", root / "qs", "--out", root / "out", "--format", "promptfoo").status == 0
    )
    (config,) = (root / "out").glob("*promptfoo*.yaml")
    status, rows = evaluated(config, tmp_path)
    assert status == 0
    found = {row["testCase"]["metadata"]["question_id"]: row["response"]["output"] for row in rows}
    assert found == {
        name: arriving(explainer("build", root / f"qs/{name}.yaml").out) for name in ("a", "b/c")
    }


def test_the_golden_prompts_arrive(tmp_path: Path) -> None:
    some = golden()[:10]
    write_tree(
        tmp_path,
        {
            "q.jsonl": lines(
                *({key: one[key] for key in ("id", "question", "models", "papers")} for one in some)
            )
        },
    )
    assert (
        explainer(
            "batch", tmp_path / "q.jsonl", "--out", tmp_path / "t.jsonl", "--format", "promptfoo"
        ).status
        == 0
    )
    status, rows = evaluated(tmp_path / "t.promptfoo.yaml", tmp_path)
    assert (status, [row["response"]["output"] for row in rows]) == (
        0,
        [arriving(one["prompt"]) for one in some],
    )

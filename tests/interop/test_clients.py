"""Each format is read by the program that it is for. Packages of the extra `interop`; a test skips where its is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from explainer.rendering.formats import FORMATS, NO_OPTIONS, Output, Rendering, Segment
from tests.helpers.batches import golden, lines, project
from tests.helpers.support import Outcome, explainer, write_tree

HOSTILE = "Costs $5 or ${x} or $$; {{ 7*7 }} {% raw %} {% endraw %} {# no #} \\ \" ' `\n# heading\n  indented: yes\n--- \n…\u00a0“end”"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = project(tmp_path / "p", 40)
    asked = {"id": "hostile", "question": HOSTILE, "models": ["Alpha"], "papers": ["Shade"]}
    return write_tree(
        root,
        {"h.jsonl": lines(asked), "h.yaml": json.dumps({**asked, "catalog": "catalogs/c.yaml"})},
    )


def built(root: Path, *arguments: str) -> Outcome:
    done = explainer("build", root / "h.yaml", *arguments)
    assert done.status == 0, done.err
    return done


def messages(root: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(built(root, "--format", "messages").stdout)
    assert "".join(message["content"] for message in found).encode() == built(root).stdout
    return found


def test_batch_lines_are_requests_of_openai(root: Path) -> None:
    pytest.importorskip("openai")
    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
    from pydantic import TypeAdapter

    requests = TypeAdapter(CompletionCreateParamsNonStreaming)
    keys = (
        CompletionCreateParamsNonStreaming.__required_keys__
        | CompletionCreateParamsNonStreaming.__optional_keys__
    )
    options = (
        "--format",
        "openai-batch",
        "--model",
        "m/1",
        "--body",
        "max_completion_tokens=800",
        "--body",
        "user=me",
    )
    for source in ("q.jsonl", "h.jsonl"):
        assert explainer("batch", root / source, "--out", root / "o.jsonl", *options).status == 0
        seen = set()
        for line in (root / "o.jsonl").read_text(encoding="utf-8").splitlines():
            request = json.loads(line)
            assert set(request) == {"custom_id", "method", "url", "body"}
            assert (request["method"], request["url"]) == ("POST", "/v1/chat/completions")
            assert set(request["body"]) <= keys
            checked: Any = requests.validate_python(request["body"])
            assert (checked["model"], checked["max_completion_tokens"], checked["user"]) == (
                "m/1",
                800,
                "me",
            )
            assert list(checked["messages"])
            seen.add(request["custom_id"])
        assert len(seen) == (40 if source == "q.jsonl" else 1)
    assert request["body"]["messages"] == messages(root)


def test_llm_runs_a_template_with_both_parts_intact(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("llm")
    pytest.importorskip("llm_echo")
    template = built(root, "--format", "llm").stdout
    home = tmp_path / "llm"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "llm", "-t", "/dev/stdin", "-m", "echo", "--no-stream", "--no-log"],
        input=template, capture_output=True, check=False, timeout=60,
        env={**os.environ, "LLM_USER_PATH": str(home), "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    echoed = json.loads(done.stdout)
    system, user = messages(root)
    # llm itself takes the white space around a system part away
    assert (echoed["system"], echoed["prompt"]) == (system["content"].strip(), user["content"])


@pytest.mark.parametrize("text", [
    HOSTILE, "a", "a\n", "a\n\n", "a\n\n\nb\n", " a\n", "\n", "\na\n", "a\tb\n", "a: b #c\n- d\n", "é\U0001f9e0\u2028x\x85y\ufeffz\n", "a \n \n",
])  # fmt: skip
def test_a_template_of_llm_is_yaml_for_exactly_its_text(text: str) -> None:
    rendering = Rendering((Segment("system", text), Segment("user", f"b{text}")))
    data = FORMATS["llm"].file(Output("x", "x.1", rendering), NO_OPTIONS)
    read = yaml.safe_load(data)
    assert {key: value.replace("$$", "$") for key, value in read.items()} == {
        "system": text,
        "prompt": "b" + text,
    }


def test_chat_rows_load_as_a_data_set(root: Path) -> None:
    datasets = pytest.importorskip("datasets")
    asked = [
        {
            "id": "given",
            "question": "Why?",
            "models": ["Alpha"],
            "papers": [],
            "answer": "Because “so”.\n",
        },
        {"id": "skeleton", "question": "Why?", "models": ["Alpha"], "papers": []},
    ]
    write_tree(root, {"a.jsonl": lines(*asked)})
    assert (
        explainer(
            "batch", root / "a.jsonl", "--out", root / "rows.jsonl", "--format", "hf-chat"
        ).status
        == 0
    )
    rows = datasets.load_dataset(
        "json", data_files=str(root / "rows.jsonl"), split="train", cache_dir=str(root / "cache")
    )
    assert rows.column_names == ["prompt", "completion", "metadata"]
    assert [message["role"] for message in rows[0]["prompt"]] == ["system", "user"]
    assert rows[0]["completion"] == [{"role": "assistant", "content": "Because “so”.\n"}]
    write_tree(root, {"s.yaml": json.dumps({**asked[1], "catalog": "catalogs/c.yaml"})})
    assert (
        rows[1]["completion"][0]["content"].encode()
        == explainer("build", root / "s.yaml", "--as", "answer").stdout
    )
    assert rows[1]["metadata"]["id"] == "skeleton"


def test_promptfoo_tests_have_its_shape(root: Path) -> None:
    assert (
        explainer(
            "batch", root / "h.jsonl", "--out", root / "tests.jsonl", "--format", "promptfoo"
        ).status
        == 0
    )
    config = yaml.safe_load((root / "tests.promptfoo.yaml").read_text())
    assert (config["prompts"], config["tests"]) == (["{{prompt}}"], "file://tests.jsonl")
    (row,) = [json.loads(line) for line in (root / "tests.jsonl").read_text().splitlines()]
    assert set(row) == {"description", "vars", "metadata"}
    assert row["vars"]["prompt"].startswith("You are an AI scientist.")
    assert (
        "; {{ '{' }}{ 7*7 }} {{ '{' }}% raw %} {{ '{' }}% endraw %} {{ '{' }}# no {{ '#' }}} "
        in row["vars"]["prompt"]
    )


def test_exact_tokens_are_counted_offline() -> None:
    pytest.importorskip("rs_bpe")
    from explainer.batching.tokens import counter

    assert counter("o200k")("hello world") == 2
    assert counter("estimate")("hello world") == 3


def test_the_golden_prompts_are_one_text_in_every_format(tmp_path: Path) -> None:
    for one in golden()[:5]:
        write_tree(
            tmp_path,
            {"q.jsonl": lines({key: one[key] for key in ("id", "question", "models", "papers")})},
        )
        for name in ("messages", "openai-batch", "hf-chat"):
            model = ("--model", "m/1") if name == "openai-batch" else ()
            outcome = explainer(
                "batch",
                tmp_path / "q.jsonl",
                "--out",
                tmp_path / f"{name}.jsonl",
                "--format",
                name,
                *model,
            )
            assert outcome.status == 0, outcome.err
            row = json.loads((tmp_path / f"{name}.jsonl").read_text())
            found = row.get("messages") or row.get("prompt") or row["body"]["messages"]
            assert "".join(message["content"] for message in found) == one["prompt"]

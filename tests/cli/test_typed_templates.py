from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.support import explainer, write_tree

CATALOG = """
models:
  - {name: See, signature: Img2Txt, task: captioning, dataset: Photos-1k, paper: "https://example.org/see.pdf"}
  - {name: Say, signature: Txt2Snd}
  - {name: Feel, signature: Txt2Mood}
  - {name: Old}
tasks:
  - {id: captioning, description: Describe a picture.}
ports:
  - {id: Mood, description: a mood}
"""
LINES = [
    {"id": "a", "question": "How?", "models": ["See", "Say"], "papers": []},
    {"id": "b", "question": "How?", "models": ["Say"], "papers": []},
    {
        "id": "c",
        "question": "How?",
        "models": ["See", "Say"],
        "papers": [],
        "input": "photo",
        "output": ["text", "sound"],
    },
    {"id": "d", "question": "How?", "models": ["Feel"], "papers": []},
]
OWN = "{% for step in workflow.steps %}{{ step.model.name }}:{{ step.gives[0].id }} {% endfor %}{{ tasks | length }}"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(f"{json.dumps(line)}\n" for line in LINES)
    monkeypatch.chdir(
        write_tree(tmp_path, {"catalogs/c.yaml": CATALOG, "q.jsonl": lines, "own.md.j2": OWN})
    )


def batch(template: str, *options: str) -> str:
    outcome = explainer("batch", "q.jsonl", "--template", template, "--out", "out.jsonl", *options)
    assert outcome.status == 0, outcome.err
    return outcome.err


def texts() -> dict[str, str]:
    lines = Path("out.jsonl").read_text(encoding="utf-8").splitlines()
    return {data["id"]: data["text"] for data in map(json.loads, lines)}


def test_a_batch_of_typed_skeletons_has_the_facts_of_each() -> None:
    batch("typed")
    found = texts()
    assert "- **captioning**: Describe a picture." in found["a"]
    assert "Data set: Photos-1k" in found["a"]
    assert "s1 -->|Txt| s2" in found["a"]
    assert "Output: a sound (Snd)." in found["b"]
    assert "s1 -->|Txt| out1" in found["c"]
    assert "a mood (Mood)" in found["d"]


def test_a_template_of_ones_own_gets_the_same_variables() -> None:
    batch("own.md.j2")
    assert texts() == {
        "a": "See:Txt Say:Snd 1",
        "b": "Say:Snd 0",
        "c": "See:Txt Say:Snd 1",
        "d": "Feel:Mood 0",
    }


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("Describe a picture.", "Say what is seen.", 2),
        ("a mood", "a feeling", 1),
        ("Photos-1k", "Photos-2k", 2),
    ],
)
@pytest.mark.parametrize("template", ["typed", "workflow"])
def test_what_a_template_says_of_tasks_and_ports_makes_an_output_out_of_date(
    old: str, new: str, again: int, template: str
) -> None:
    batch(template)
    Path("catalogs/c.yaml").write_text(CATALOG.replace(old, new), encoding="utf-8")
    assert f"{again} rendered, {4 - again} unchanged" in batch(template)
    assert new in Path("out.jsonl").read_text(encoding="utf-8") or template == "workflow"


def test_the_seeds_templates_do_not_care_about_tasks() -> None:
    batch("answer")
    Path("catalogs/c.yaml").write_text(
        CATALOG.replace("Describe a picture.", "x").replace("a mood", "y"), encoding="utf-8"
    )
    assert "0 rendered, 4 unchanged" in batch("answer")


def test_a_batch_and_a_build_make_the_same(tmp_path: Path) -> None:
    batch("typed")
    Path("q.yaml").write_text("question: How?\nmodels: [See, Say]\npapers: []\n", encoding="utf-8")
    assert explainer("build", "q.yaml", "--template", "typed").out == texts()["a"]


def test_a_request_for_a_workflow_has_the_same_id_in_both(tmp_path: Path) -> None:
    options = ["--template", "workflow", "--format", "openai-batch", "--model", "m"]
    Path("one.jsonl").write_text(json.dumps(LINES[0]), encoding="utf-8")
    explainer("batch", "one.jsonl", *options, "--out", "o.jsonl")
    Path("a.yaml").write_text("question: How?\nmodels: [See, Say]\npapers: []\n", encoding="utf-8")
    one = json.loads(explainer("build", "a.yaml", *options).out)
    assert json.loads(Path("o.jsonl").read_text(encoding="utf-8"))["custom_id"] == one["custom_id"]


def test_a_built_in_name_knows_what_it_builds() -> None:
    assert explainer("build", "--text", "x", "--template", "typed", "--as", "prompt").status == 2
    assert explainer("build", "--text", "x", "--template", "workflow", "--as", "answer").status == 2
    assert "did you mean 'typed'" in explainer("build", "--text", "x", "--template", "typd").err


def test_a_system_part_is_marked() -> None:
    Path("q.yaml").write_text("question: How?\nmodels: [See, Say]\npapers: []\n", encoding="utf-8")
    found = json.loads(
        explainer("build", "q.yaml", "--template", "workflow", "--format", "messages").out
    )
    messages = found["messages"] if isinstance(found, dict) else found
    assert [message["role"] for message in messages] == ["system", "user"]


def test_a_template_that_names_the_variables_validates() -> None:
    outcome = explainer("validate", "own.md.j2")
    assert (outcome.status, outcome.out) == (0, "")

"""Workflows of answers: what is read of them, which faults are found, and which harmless forms are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from explainer.catalogs.library import resolve
from explainer.catalogs.parsing import parse_question_line
from explainer.checking.check import CheckReport, Workflow, check_answer
from explainer.checking.offered import CatalogLookup, Offered, offered_by_prompt, offered_by_sources
from explainer.diagnostics.codes import Severity
from explainer.project import parse_catalog
from explainer.rendering.layout import parse_prompt
from tests.helpers.support import explainer, write_tree

CATALOG = """
models:
  - {name: Txt2Img-Moonlight, github: "https://github.com/paint/moon"}
  - {name: Outline-Anything, signature: Img2Msk, aliases: [Outliner]}
  - {name: Fill-The-Gap, signature: ImgMsk2Img}
  - {name: Say-What-You-See, signature: Img2Txt}
  - {name: Read-It-Aloud, signature: Txt2Snd}
  - {name: Wonder-Net, github: "https://github.com/paint/wonder"}
  - {name: Other-Model, signature: Img2Img}
  - {name: Warm-Eye, signature: Heat2Img}
ports:
  - {id: Heat, description: a heat picture, aliases: [heat picture]}
papers:
  - {title: "GlowNet: Learning to Relight Portraits", summary: "GlowNet beats ShineGAN."}
"""
NAMES = [
    "Txt2Img-Moonlight",
    "Outline-Anything",
    "Fill-The-Gap",
    "Say-What-You-See",
    "Read-It-Aloud",
]


def offered(*names: str, **more: Any) -> Offered:
    library = parse_catalog(CATALOG).unwrap()
    question = {"question": "How?", "models": list(names) or NAMES, "papers": [], **more}
    loaded = parse_question_line(json.dumps(question), "<test>", 1).unwrap()
    return offered_by_sources(resolve(loaded, library).unwrap(), "How?", CatalogLookup(library))


def report(flow: str, given_models: Offered | None = None) -> CheckReport:
    text = f"## 1. Task\n\nPaint.\n\n## 2. Workflow\n\n{flow}\n\n## 3. References\n\n" + "".join(
        f"- **Model**: {source.name}\n" for source in (given_models or offered()).sources
    )
    return check_answer(text, given_models or offered())


def codes(flow: str, given_models: Offered | None = None) -> list[str]:
    findings = report(flow, given_models).findings
    return [
        f.code
        for f in findings
        if f.severity is not Severity.NOTE and f.code not in ("A503", "A121")
    ]


def chart(*lines: str) -> str:
    return "```mermaid\nflowchart LR\n" + "\n".join(f"    {line}" for line in lines) + "\n```"


GOOD = {
    "branch and merge": chart(
        "P([photo]) --> O[Outline-Anything] --> F[Fill-The-Gap]", "P --> F", "F --> S[Say-What-You-See]",
        "F --> R([final picture])", "S --> R",
    ),
    "exact names and kinds on the arrows": chart(
        'in1(["an image"])', 's1["Outline-Anything"]', 's2["Fill-The-Gap"]', 'out1(["an image"])',
        "in1 -->|Img| s1", "in1 -->|Img| s2", "s1 -->|Msk| s2", "s2 -->|Img| out1",
    ),
    "an alias and a remark": chart('P[photo] --> O["Outliner<br/>(finds the shape)"] --> M[mask]'),
    "a name and what it does": chart('P[photo] --> O["Say-What-You-See: writes a caption"] --> M[caption]'),
    "given as a model": chart("P[photo] --> O[Model: Say-What-You-See] --> M[caption]"),
    "work without a model": chart(
        "P[photo] --> D[mark the car by hand] --> F[Fill-The-Gap]", "P --> F", "F --> X{good enough?}", "X --> E[done]"
    ),
    "an unknown kind of data": chart("U[the user] --> T[Txt2Img-Moonlight] --> E[done]"),
    "a box named after a model": chart(
        "subgraph Txt2Img-Moonlight", "a[encode] --> b[decode]", "end", "T[text prompt] --> a", "b --> E[picture]"
    ),
    "a box that is led to": chart("P[photo] --> S1", "subgraph S1 [look]", "O[Say-What-You-See]", "end", "S1 --> E[text]"),
    "a box that is left": chart(
        "subgraph Txt2Img-Moonlight", "a[encode]", "end", "T[text prompt] --> a", "Txt2Img-Moonlight --> E[picture]"
    ),
    "a box that is led to, with more inside": chart(
        "P[photo] --> S1", "subgraph S1 [look]", "T[note] --> O[Say-What-You-See]", "end", "O --> E[text]"
    ),
    "several ends": chart("P[photo] --> O[Outline-Anything] --> M[mask]", "P --> S[Say-What-You-See] --> T[text]"),
    "several ends, one of them final": chart("P[photo] --> O[Outline-Anything] --> E[final mask]", "P --> X[notes]"),
    "models as ends": chart("P[photo] --> O[Outline-Anything]", "P --> S[Say-What-You-See]"),
    "a fence without a language": chart("P[photo] --> S[Say-What-You-See] --> T[text]").replace("mermaid", ""),
    "a term with a signature": chart("P[photo] --> S[Img2Txt step: Say-What-You-See] --> T[Img2Txt result]"),
    "a formatted line": "**photo** → *Outline-Anything* → `mask` (Fill-The-Gap comes next)",
    "a line of ASCII arrows": "1. photo -> Say-What-You-See --> caption => Read-It-Aloud",
    "lines below each other": "photo\n\n↓\n\nSay-What-You-See\n\n↓\n\ncaption",
    "lines that begin with arrows": "photo\n→ Say-What-You-See\n→ caption",
    "prose with arrows": "A low value -> dark pixels; ReLU → sparse features, see SAM 2 → masks. Say-What-You-See helps.",
    "the three places": "**Input → Model → Output**\n\nSay-What-You-See names it.",
    "items": "- **Input**: a photo\n- **Model**: Say-What-You-See\n- **Output**: a text",
    "items with prose": (
        "- Input: Ideas and wishes that require a photo-like picture\n- Model:\n  - Txt2Img-Moonlight paints.\n"
        "- Output: a picture"
    ),
    "items with work and terms": (
        "- Input: a photo\n- Model: an RNN/LSTM or CNN for Image-to-Text\n- Output: a text\n\n"
        "- Input: a voice\n- Model: an ASR AI-Model\n- Output: a text\n\n"
        "Say-What-You-See does it."
    ),
    "names in other spellings": (
        "- Input: a photo\n- Model: Say_What_You_See’s sister Say-What-You-See-based, Say-What-\\You-See—yes, saywhat-you-see.\n"
        "- Output: Outline-Anything/Fill-The-Gap"
    ),
    "arrows of TeX and HTML": "photo $\\rightarrow$ Say-What-You-See $\\to$ caption &rarr; Read-It-Aloud",
    "offered names as parts of words": (
        chart("P[photo] --> O[Say-What-You-See-based caption] --> R[Read-It-Aloud-Modell] --> E[voice]")
        + "\n\nThe Say-What-You-See-based part writes, the Read-It-aloud part speaks, see say-what. Das Read-It-Modell liest."
    ),
    "two offered models in a step": chart("P[photo] --> O[Say-What-You-See and Read-It-Aloud] --> E[voice]"),
    "an HTML comment": "<!-- photo --> Say-What-You-See <!-- text -->",
}  # fmt: skip


@pytest.mark.parametrize("flow", GOOD.values(), ids=GOOD)
def test_harmless_forms_are_no_faults(flow: str) -> None:
    assert codes(flow) == []


BAD = {
    "catalogued": (chart("P[photo] --> O[Other-Model] --> E[Say-What-You-See]"), ["A303"]),
    "catalogued, quoted": (
        chart('P["photo"] --> O["Other-Model"] --> E["Say-What-You-See"]'),
        ["A303"],
    ),
    "catalogued, quoted, and of many words": (
        chart(
            'P["photo"] --> O["GlowNet: Learning to Relight Portraits"] --> E["Say-What-You-See"]'
        ),
        ["A303"],
    ),
    "catalogued, in a line": ("photo → Other-Model → Say-What-You-See", ["A303"]),
    "catalogued, on an arrow": (
        chart("P[photo] -->|Other-Model| E[picture]", "E --> S[Say-What-You-See]"),
        ["A303"],
    ),
    "invented": (chart("T[text] --> O[Txt2Img-Sunlight] --> S[Say-What-You-See]"), ["A301"]),
    "given as a model": (
        chart("P[photo] --> O[Model: ShadowNet] --> S[Say-What-You-See]"),
        ["A301"],
    ),
    "altered": (
        chart("P[photo] --> O[Say-What-You-Saw] --> E[text]", "E --> R[Read-It-Aloud]"),
        ["A302"],
    ),
    "altered, in an item": (
        "- Input: a photo\n- Model: Say-What-You-Saw.\n- Output: Read-It-Aloud",
        ["A302"],
    ),
    "written like a model": (chart("P[photo] --> O[ShadowNet] --> S[Say-What-You-See]"), ["A815"]),
    "another version": (chart("P[photo] --> O[Say-What-You-See-v2] --> E[text]"), ["A815"]),
    "another ending": (chart("T[text] --> R[Read-It-Silently] --> E[voice]"), ["A815"]),
    "another ending, in a line": ("text → Read-It-Silently → voice", ["A815"]),
    "another ending, in prose": (
        "photo → Say-What-You-See → text\n\nThen Read-It-Silently speaks.",
        ["A815"],
    ),
    "a second model in a step": (
        chart("P[photo] --> O[Say-What-You-See and GFPGAN] --> E[text]"),
        ["A815"],
    ),
    "a second model in an item": (
        "- Input: a photo\n- Model: Say-What-You-See or moon/mask-repair\n- Output: a text",
        ["A815"],
    ),
    "no model": ("Say-What-You-See is used:\n\n" + chart("P[photo] --> E[text]"), ["A811"]),
    "does not parse": (chart("P[photo (mine)] --> S[Say-What-You-See] --> E[text]"), ["A801"]),
    "does not parse, and cannot be read on": (
        "```mermaid\nflowchart LR\nP[photo --> S[Say-What-You-See]\n```",
        ["A801"],
    ),
    "no arrows of Mermaid": (
        chart("P[photo] -> O[Txt2Img-Sunlight] --> S[Say-What-You-See]"),
        ["A801", "A301"],
    ),
    "no header": (
        "```mermaid\nP[photo] --> O[Txt2Img-Sunlight] --> S[Say-What-You-See]\n```",
        ["A801", "A301"],
    ),
    "written like a model, in an item": (
        "- Input: a photo\n- **Model:** `ShadowNet 3`\n  It paints.\n- Output: a picture\n\nSay-What-You-See helps.",
        ["A815"],
    ),
    "is empty": ("Say-What-You-See is used:\n\n```mermaid\n```", ["A801"]),
}


@pytest.mark.parametrize(("flow", "expected"), BAD.values(), ids=BAD)
def test_a_fault_is_found(flow: str, expected: list[str]) -> None:
    assert codes(flow) == expected


def test_only_names_that_were_certainly_not_offered_are_errors() -> None:
    errors = {name for name, (flow, _) in BAD.items() if not report(flow).grounded}
    assert errors == {
        name for name, (_, found) in BAD.items() if {"A301", "A302", "A303"} & set(found)
    }


def test_a_catalogued_name_that_anybody_may_write_is_no_certain_one() -> None:
    library = parse_catalog(CATALOG.replace("Other-Model", "Style Transfer")).unwrap()
    loaded = parse_question_line(
        json.dumps({"question": "How?", "models": NAMES, "papers": []}), "<test>", 1
    ).unwrap()
    given_models = offered_by_sources(
        resolve(loaded, library).unwrap(), "How?", CatalogLookup(library)
    )
    assert codes(chart("P[photo] --> S[style transfer] --> C[Say-What-You-See]"), given_models) == [
        "A815"
    ]


def test_models_without_types_are_models_and_papers_are_not() -> None:
    given_models = offered(
        "Wonder-Net", "Outline-Anything", papers=["GlowNet: Learning to Relight Portraits"]
    )
    beside = chart("P[photo] --> O[Outline-Anything] --> M[final mask]", "O -.-> G[GlowNet]")
    assert codes(beside, given_models) == []
    quoted = chart(
        'P["photo"] --> G["GlowNet: Learning to Relight Portraits<br/>(2024)"] --> W["Wonder-Net"]'
    )
    assert codes(quoted, given_models) == []


def test_what_the_offered_texts_name_is_no_invention() -> None:
    given_models = offered("Wonder-Net", papers=["GlowNet: Learning to Relight Portraits"])
    assert codes(chart("P[photo] --> S[ShineGAN step] --> N[Wonder-Net]"), given_models) == []
    assert codes(chart("P[photo] --> S[GloomGAN step] --> N[Wonder-Net]"), given_models) == ["A815"]


def steps_of(workflow: Workflow) -> list[tuple[str, str]]:
    return [(step.text, step.status) for step in workflow.steps]


def test_steps_that_are_no_models_are_listed_as_such() -> None:
    found = report(GOOD["work without a model"]).workflow
    assert [workflow.kind for workflow in found] == ["mermaid"]
    assert steps_of(found[0]) == [
        ("photo", "other"), ("mark the car by hand", "other"), ("Fill-The-Gap", "model"), ("good enough?", "other"),
        ("done", "other"),
    ]  # fmt: skip
    model = found[0].steps[2]
    assert model.entries == ("Fill-The-Gap",)
    assert (found[0].line, model.line, model.column) == (8, 9, 48)


def test_lines_and_items_are_workflows_too() -> None:
    found = report(f"{GOOD['items']}\n\n{GOOD['lines that begin with arrows']}").workflow
    assert [workflow.kind for workflow in found] == ["items", "arrows"]
    assert steps_of(found[0]) == [
        ("a photo", "other"),
        ("Say-What-You-See", "model"),
        ("a text", "other"),
    ]
    assert steps_of(found[1]) == [
        ("photo", "other"),
        ("Say-What-You-See", "model"),
        ("caption", "other"),
    ]


def test_a_quoted_and_indented_diagram_keeps_its_places() -> None:
    flow = chart("P[photo] --> O[Other-Model] --> E[Say-What-You-See]")
    quoted = "\n".join(f"> {line}" for line in flow.split("\n"))
    listed = "- Here:\n\n" + "\n".join(f"  {line}" for line in flow.split("\n"))
    for text, column in ((quoted, 22), (listed, 22)):
        finding = next(f for f in report(text).findings if f.code == "A303")
        assert finding.text == "Other-Model"
        assert finding.location.column == column


def test_a_prompt_that_asks_for_a_workflow_says_the_signatures(tmp_path: Any) -> None:
    files = {
        "q.yaml": "question: How?\nmodels: [Fill-The-Gap, Outline-Anything]\npapers: []\n",
        "catalogs/c.yaml": CATALOG,
    }
    write_tree(tmp_path, {**files, ".git/x": ""})
    prompt = explainer("build", tmp_path / "q.yaml", "--template", "workflow").out
    content = parse_prompt(prompt).unwrap()
    assert [model.signature for model in content.models] == ["ImgMsk2Img", "Img2Msk"]
    given_models = offered_by_prompt(content)
    assert (
        codes(GOOD["branch and merge"].replace("Say-What-You-See", "tell it"), given_models) == []
    )


def test_ten_thousand_nodes_are_too_many_and_said_to_be() -> None:
    lines = "\n".join(f"n{number} --> n{number + 1}" for number in range(10_000))
    found = report(f"```mermaid\nflowchart LR\n{lines}\n```").findings
    assert "A105" in {finding.code for finding in found}
    joined = " & ".join(f"n{number}" for number in range(2000))
    assert len(report(chart(f"{joined} --> {joined}")).findings) < 100


def test_reports_show_the_workflow(tmp_path: Any) -> None:
    write_tree(
        tmp_path,
        {
            "q.yaml": f"question: How?\nmodels: {json.dumps(NAMES)}\npapers: []\n",
            "catalogs/c.yaml": CATALOG,
        },
    )
    write_tree(
        tmp_path,
        {
            ".git/x": "",
            "a.md": f"## 1. Task\n\nx\n\n## 2. Workflow\n\n{GOOD['work without a model']}\n",
        },
    )
    arguments = ("check", tmp_path / "a.md", "--question", tmp_path / "q.yaml")
    text = explainer(*arguments).out
    assert "  workflow on line 8: Fill-The-Gap\n" in text
    assert (
        "    steps without a model: 'photo', 'mark the car by hand', 'good enough?', 'done'\n"
        in text
    )
    steps = json.loads(explainer(*arguments, "--format", "json").out)["workflow"][0]["steps"]
    assert steps[2]["status"] == "model"
    page = explainer(*arguments, "--format", "html").out
    assert "Workflow on line 8" in page
    assert "mark the car by hand" in page

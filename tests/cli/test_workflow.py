from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len

from tests.helpers.support import explainer, process, write_tree

CATALOG = """
models:
  - {name: Cut, signature: Img2Msk, task: segmentation}
  - {name: Fill, signature: ImgMsk2Img, task: inpainting}
  - {name: Fill-Two, signature: ImgMsk2Img, task: inpainting}
  - {name: 看图说话, signature: Img2Txt}
  - {name: Hear, signature: Snd2Txt}
  - {name: Old, task: unknown}
tasks:
  - {id: segmentation}
  - {id: inpainting}
"""
QUESTION = """
question: Where did the car go?
models: [Cut, Fill]
papers: []
input: photo
output: picture
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_tree(tmp_path, {"catalogs/c.yaml": CATALOG, "q.yaml": QUESTION}))
    monkeypatch.setenv("COLUMNS", "60")


def ask(**changes: str) -> Path:
    """A question file with some lines changed."""
    lines = dict(line.split(": ", 1) for line in QUESTION.strip().splitlines())
    path = Path("asked.yaml")
    path.write_text(
        "".join(f"{key}: {value}\n" for key, value in {**lines, **changes}.items()),
        encoding="utf-8",
    )
    return path


def test_workflows_are_drawn_as_text() -> None:
    outcome = explainer("workflow", "q.yaml")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith("Workflow 1 (2 models)\n\n")
    assert "1. Cut" in outcome.out
    assert "2. Fill" in outcome.out


def test_the_text_keeps_to_the_width_also_with_wide_characters() -> None:
    outcome = explainer("workflow", ask(models="[Cut, Fill, 看图说话]", output="[picture, text]"))
    assert {cell_len(line) for line in outcome.out.splitlines() if line.endswith("│")} == {60}
    narrow = explainer("workflow", "asked.yaml", "--width", "44")
    assert max(map(cell_len, narrow.out.splitlines())) == 44


def test_ascii_alone_when_asked() -> None:
    outcome = explainer("workflow", ask(models="[Cut, Fill, 看图说话]", output="text"), "--ascii")
    assert outcome.status == 0
    assert outcome.out.isascii()


def test_alternatives_and_what_is_left_out_are_named() -> None:
    outcome = explainer("workflow", ask(models="[Cut, Fill, Fill-Two, Hear, Old]"))
    assert "Instead of 2: Fill-Two\n" in outcome.out
    assert "Untyped, so in no workflow: Old\n" in outcome.out
    assert "In no workflow: Hear (nothing turns Img or Msk into Snd)\n" in outcome.out


def test_a_drawing_alone_leaves_the_remarks_to_stderr() -> None:
    outcome = explainer("workflow", ask(models="[Cut, Fill, Hear, Old]"), "--format", "mermaid")
    assert outcome.status == 0
    assert outcome.out.splitlines()[0] == "flowchart LR"
    assert "W605 note: 'Old' has no signature" in outcome.err
    assert "W604 note: 'Hear' is in no workflow" in outcome.err


def test_an_image_is_written_to_a_file() -> None:
    outcome = explainer("workflow", "q.yaml", "--format", "svg", "--out", "w.svg")
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")
    assert ET.parse("w.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_json_has_a_schema_and_says_everything() -> None:
    data = json.loads(
        explainer(
            "workflow", ask(models="[Cut, Fill, Fill-Two, Hear, Old]"), "--format", "json"
        ).out
    )
    assert data["schema"] == "explainer/workflow/1"
    assert (data["input"], data["output"], data["untyped"]) == (["Img"], ["Img"], ["Old"])
    assert data["unused"] == [
        {"model": "Hear", "lacks": ["Snd"], "why": "nothing turns Img or Msk into Snd"}
    ]
    assert data["workflows"][0]["steps"][1]["alternatives"] == ["Fill-Two"]
    assert data["workflows"][0]["edges"][0] == {"from": "in1", "to": "s1", "port": "Img"}


def test_models_that_cannot_be_joined_end_with_1_and_say_why() -> None:
    outcome = explainer("workflow", ask(models="[Fill]"))
    assert (outcome.status, outcome.out) == (1, "")
    assert (
        "asked.yaml:2:9: W603 these models cannot be joined because nothing turns Img into Msk"
        in outcome.err
    )


@pytest.mark.parametrize(
    ("models", "message"),
    [("[]", "the question offers no models"), ("[Old]", "none of the models has a signature")],
)
def test_a_question_without_typed_models_has_no_workflow(models: str, message: str) -> None:
    outcome = explainer("workflow", ask(models=models))
    assert outcome.status == 1
    assert message in outcome.err


def test_a_question_that_wants_nothing_has_no_workflow_and_is_told_so() -> None:
    outcome = explainer("workflow", ask(output="[]"))
    assert (outcome.status, outcome.out) == (1, "")
    assert "W603 the question wants nothing\n" in outcome.err


def test_more_steps_than_allowed_are_refused_with_how_many_it_takes() -> None:
    outcome = explainer("workflow", "q.yaml", "--max-models", "1")
    assert outcome.status == 1
    assert "cannot be joined by at most 1 of them; 2 can do it" in outcome.err


def test_one_of_several_can_be_picked() -> None:
    path = ask(models="[Cut, Fill, 看图说话]", output="[picture, text]")
    second = explainer("workflow", path, "--pick", "2")
    assert second.out.startswith("Workflow 2 ")
    assert second.out.count("Workflow") == 1
    assert explainer("workflow", path, "--pick", "99").status == 2


def test_a_question_may_be_text_or_stdin() -> None:
    assert (
        explainer("workflow", "-", stdin=QUESTION.encode()).out
        == explainer("workflow", "q.yaml").out
    )
    assert explainer("workflow", "--text", "photo segmentation", "--models", "1").out.startswith(
        "Workflow 1 (1 model)"
    )
    assert explainer("workflow").status == 2
    assert explainer("workflow", "q.yaml", "--text", "x").status == 2


def test_a_kind_of_data_that_nobody_knows_is_an_error_with_a_suggestion() -> None:
    outcome = explainer("workflow", ask(input="fotos"))
    assert outcome.status == 1
    assert (
        "asked.yaml:4:8: W602 unknown kind of data 'fotos'\n    did you mean 'photos'?"
        in outcome.err
    )


def test_the_bytes_are_the_same_in_a_pipe() -> None:
    assert (
        process("workflow", "q.yaml", env={"COLUMNS": "60"}).stdout
        == explainer("workflow", "q.yaml").stdout
    )


def test_a_catalog_of_many_models_still_answers() -> None:
    ports = ["Img", "Txt", "Snd", "Vid", "Msk", "Depth", "3D"]
    models = "".join(
        f"  - {{name: M{n}, signature: {ports[n % 7]}{ports[n % 5]}2{ports[n * 3 % 7]}}}\n"
        for n in range(200)
    )
    Path("big.yaml").write_text(f"models:\n{models}", encoding="utf-8")
    names = ", ".join(f"M{n}" for n in range(200))
    outcome = explainer(
        "workflow",
        ask(models=f"[{names}]", catalog="big.yaml", input="[photo, text]", output="[Vid, Depth]"),
    )
    assert outcome.status == 0, outcome.err


def test_recommended_models_that_cannot_be_joined_say_how_to_offer_more() -> None:
    Path("left-out.yaml").write_text(
        "question: inpainting, please\ninput: text\noutput: sound\n", encoding="utf-8"
    )
    outcome = explainer("workflow", "left-out.yaml")
    assert outcome.status == 1
    assert "the models were recommended; --models N recommends more" in outcome.err


def test_the_question_may_be_words() -> None:
    done = explainer("workflow", "Which", "model", "cuts", "a", "photo", "(segmentation)?")
    assert (
        done.out == explainer("workflow", "--text", "Which model cuts a photo (segmentation)?").out
    )
    assert done.out
    for words in (["how", "now"], ["a.yaml", "b.yaml"]):
        assert "give one question" in explainer("workflow", *words).err
    assert explainer("workflow", "gone.yaml").status == 2

"""Answers by authors who knew what the documentation says, and no code: forms that hide sources, and statements about them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from explainer import project as api
from explainer.checking.check import CheckReport
from explainer.diagnostics.codes import Severity

ROOT = Path(__file__).parents[2]
FORMS = yaml.safe_load((ROOT / "tests/data/outside_forms.yaml").read_text(encoding="utf-8"))
ANSWERS = sorted((ROOT / "tests/data/outside_answers").glob("*.md"))
LABEL = re.compile(r" ~(?P<label>T|F:[a-z]+)(?=\s*\|?\s*$)")

QUESTION = {
    "question": "How did it fill in the scratches on grandma's photo, and read the letter on the back aloud?",
    "models": ["Inpainting-LatentDiffusion", "Inpainting-CTSDG-Paris"],
    "papers": [
        "High-Resolution Image Synthesis with Latent Diffusion Models",
        "Free-Form Image Inpainting with Gated Convolution",
        "Context Encoders: Feature Learning by Inpainting",
        "Deep Flow-Guided Video Inpainting",
        "BRIO: Bringing Order to Abstractive Summarization",
    ],
}
TASK = "## 1. The task\n\nThe scratches in an old photo are painted over with what surrounds them: inpainting.\n"
WORKFLOW = """## 2. The workflow

Photo and mask → Inpainting-LatentDiffusion → restored photo

Photo and mask → Inpainting-CTSDG-Paris → restored photo
"""
REFERENCES = """- Inpainting-LatentDiffusion, https://github.com/CompVis/latent-diffusion
- Inpainting-CTSDG-Paris, https://github.com/xiefan-guo/ctsdg
- [High-Resolution Image Synthesis with Latent Diffusion Models](https://arxiv.org/abs/2112.10752)
- [Free-Form Image Inpainting with Gated Convolution](https://arxiv.org/abs/1806.03589)
- [Context Encoders: Feature Learning by Inpainting](https://openaccess.thecvf.com/content_cvpr_2016/html/Pathak_Context_Encoders_Feature_CVPR_2016_paper.html)
- [Deep Flow-Guided Video Inpainting](https://github.com/nbei/Deep-Flow-Guided-Video-Inpainting)
- [BRIO: Bringing Order to Abstractive Summarization](https://aclanthology.org/2022.acl-long.207/)
"""


def answer_with(where: str, text: str) -> str:
    if where == "A":
        return text
    task = f"{TASK}\n{text}\n" if where == "t" else TASK
    workflow = f"{WORKFLOW}\n{text}\n" if where == "w" else WORKFLOW
    references = {"R": f"{text}\n", "r": f"{REFERENCES}{text}\n"}.get(where, REFERENCES)
    return f"{task}\n{workflow}\n## 3. References\n\n{references}"


@cache
def project() -> api.Project:
    return api.Project()


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outside") / "question.yaml"
    path.write_text(yaml.safe_dump(QUESTION), encoding="utf-8")
    return path


@pytest.mark.parametrize("expected", ["caught", "clean", "missed", "warned"])
def test_forms_of_an_outside_author(question: Path, expected: str) -> None:
    forms = [form for form in FORMS if form["expect"] == expected]
    wrong = [form["text"] for form in forms if verdict(form, question) != expected]
    assert wrong == []


def verdict(form: dict[str, str], question: Path) -> str:
    report = project().check(answer_with(form["where"], form["text"]), question)
    # a list of references that leaves out a model of the workflow is incomplete, whatever stands in it
    judged = [
        finding
        for finding in report.findings
        if finding.severity is not Severity.NOTE and finding.code != "A501"
    ]
    if form["expect"] in ("caught", "missed"):
        return "caught" if judged else "missed"
    if not report.grounded:
        return "not grounded"
    return "warned" if judged else "clean"


@cache
def checked(path: Path) -> tuple[dict[int, str], CheckReport]:
    """The labels of the lines of an answer, and the report about it without them."""
    lines = path.read_text(encoding="utf-8").split("\n")
    labels = {
        number: match["label"]
        for number, line in enumerate(lines, 1)
        if (match := LABEL.search(line))
    }
    text = "\n".join(LABEL.sub("", line) for line in lines)
    return labels, project().check(text, ROOT / "questions" / f"{path.stem}.yaml")


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_no_true_statement_of_an_outside_author_is_an_error(path: Path) -> None:
    labels, report = checked(path)
    errors = {finding.location.line for finding in report.findings if finding.is_error}
    assert report.grounded
    assert [number for number, label in labels.items() if label == "T" and number in errors] == []


def test_false_statements_of_an_outside_author_are_found() -> None:
    errors = warnings = 0
    for labels, report in map(checked, ANSWERS):
        false = {number for number, label in labels.items() if label != "T"}
        lines = {
            finding.location.line
            for finding in report.findings
            if finding.severity is not Severity.NOTE
        }
        wrong = {finding.location.line for finding in report.findings if finding.is_error}
        errors += len(false & wrong)
        warnings += len(false & lines - wrong)
    # of 120; most others are paraphrases without a figure, a name or a quotation
    assert errors >= 21
    assert warnings >= 14

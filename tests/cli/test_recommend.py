from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.helpers.support import ROOT, explainer, write_tree

CATALOGS = ROOT / "catalogs"
OLD_PHOTOS = "How does AI colourise old photos?"
OCR_PAPER = "Real-time Scene Text Detection with Differentiable Binarization"
SHIPPED = ROOT / "tests" / "data" / "shipped_questions.jsonl"
HARD = {"caption-for-the-blind", "photo-to-figurine", "picture-to-winter", "skin-shadow"}
"""Questions whose words lead elsewhere; the right task is among the first five for most of them."""


def test_colorization_comes_first_with_its_reason() -> None:
    outcome = explainer("recommend", OLD_PHOTOS, "--catalog", CATALOGS)
    assert outcome.status == 0
    lines = outcome.out.splitlines()
    assert lines[0] == "Models:"
    assert lines[1].startswith("  1. Colorization-")
    assert "“colourise”" in lines[2]
    assert "Papers:" in lines


def test_what_is_offered_is_known_before_it_is_used() -> None:
    outcome = explainer(
        "recommend", OLD_PHOTOS, "--catalog", CATALOGS, "--models", "1", "--papers", "1"
    )
    lines = outcome.out.splitlines()
    assert lines[3].split() == ["colorization,", "Img2Img"]
    assert lines[4].strip().startswith("https://")
    document = json.loads(
        explainer("recommend", OLD_PHOTOS, "--catalog", CATALOGS, "--format", "json").out
    )
    (question,) = document["questions"]
    first = question["models"][0]
    assert (first["task"], first["signature"]) == ("colorization", "Img2Img")
    assert first["links"]["paper"].startswith("https://")
    assert question["papers"][0]["task"] == "colorization"
    assert question["papers"][0]["signature"] is None


def test_a_refusal_names_the_nearest_tasks() -> None:
    outcome = explainer("recommend", "How do I fold a paper plane?", "--catalog", CATALOGS)
    assert (outcome.status, outcome.out) == (1, "")
    assert "the nearest tasks are " in outcome.err


def test_each_line_of_questions_gives_a_line_of_choices() -> None:
    lines = [
        {"id": "a/b", "question": OLD_PHOTOS},
        {"question": "swap two faces", "model": "whatever"},
    ]
    Path("q.jsonl").write_text(
        "".join(json.dumps(line) + "\n\n" for line in lines), encoding="utf-8"
    )
    counts = ("--models", "2", "--papers", "1")
    outcome = explainer(
        "recommend", "--questions", "q.jsonl", "--format", "jsonl", "--catalog", CATALOGS, *counts
    )
    assert (outcome.status, outcome.err) == (0, "")
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [row["id"] for row in rows] == ["a/b", "line-3"]
    assert [(len(row["models"]), len(row["papers"])) for row in rows] == [(2, 1), (2, 1)]
    assert set(rows[0]["models"][0]) == {"name", "score", "why", "task", "signature", "links"}
    assert set(rows[0]["papers"][0]) == {"title", "score", "why", "task", "signature", "links"}


def test_where_nothing_fits_the_exit_status_is_1_and_stdout_is_empty() -> None:
    outcome = explainer("recommend", "What is the capital of Australia?", "--catalog", CATALOGS)
    assert (outcome.status, outcome.out) == (1, "")
    assert "Q406 nothing in the catalogs fits this question" in outcome.err


def test_a_question_that_nothing_fits_keeps_its_line_in_a_batch() -> None:
    Path("q.jsonl").write_text(
        '{"question": "sourdough"}\n{"question": "swap faces"}\n', encoding="utf-8"
    )
    outcome = explainer(
        "recommend", "--questions", "q.jsonl", "--format", "jsonl", "--catalog", CATALOGS
    )
    assert outcome.status == 1
    assert [bool(json.loads(line)["models"]) for line in outcome.out.splitlines()] == [False, True]
    assert outcome.err.startswith("q.jsonl:1:14: Q406")


def test_the_explanation_shows_what_adds_up_to_the_score() -> None:
    outcome = explainer(
        "recommend", OLD_PHOTOS, "--catalog", CATALOGS, "--explain", "--format", "json"
    )
    document = json.loads(outcome.out)
    assert document["schema"] == "explainer/recommend/1"
    for one in document["questions"][0]["models"]:
        total = sum(word["own"] + word["kin"] + word["task"] for word in one["words"]) + sum(
            one["gains"].values()
        )
        assert one["score"] == pytest.approx(total * one["near_duplicate_factor"], abs=0.02)
    text = explainer("recommend", OLD_PHOTOS, "--catalog", CATALOGS, "--explain").out
    assert "found in" in text


def test_zero_of_a_kind_is_none_of_it() -> None:
    outcome = explainer("recommend", OLD_PHOTOS, "--catalog", CATALOGS, "--papers", "0")
    assert "Papers" not in outcome.out
    assert outcome.status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("text", "--questions", "q.jsonl"),
        ("text", "--format", "xml"),
        ("text", "--models", "-1"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...]) -> None:
    assert explainer("recommend", *arguments).status == 2


def test_a_file_that_is_not_there_is_all_that_is_said() -> None:
    outcome = explainer("recommend", "swap faces", "--catalog", "none.yaml")
    assert (outcome.status, outcome.out, outcome.err) == (
        2,
        "",
        "none.yaml:1:1: F101 no such file\n",
    )


def test_a_file_that_is_not_there_is_2() -> None:
    assert explainer("recommend", "--questions", "none.jsonl", "--catalog", CATALOGS).status == 2
    assert explainer("recommend", "text", "--catalog", "none.yaml").status == 2


def test_bidi_and_control_characters_of_a_question_are_refused() -> None:
    assert explainer("recommend", "photo \x1b[31m red \u202e", "--catalog", CATALOGS).status == 1


def test_build_recommends_what_a_question_leaves_out_and_v_says_why() -> None:
    outcome = explainer("build", "--text", OLD_PHOTOS, "--catalog", CATALOGS, "-v")
    assert outcome.status == 0
    assert outcome.out.count("\nModel: ") == 4  # one model and three papers
    assert "recommended model: Colorization-" in outcome.err


def test_the_options_say_how_many_are_recommended() -> None:
    outcome = explainer(
        "build", "--text", OLD_PHOTOS, "--catalog", CATALOGS, "--models", "2", "--papers", "0"
    )
    assert outcome.out.count("\nModel: ") == 2


def test_named_models_stay_and_papers_are_found_for_them() -> None:
    question = "question: Why is it so?\nmodels: [Colorization-DISCO-rand]\n"
    write_tree(Path(), {"q.yaml": question})
    outcome = explainer("build", "q.yaml", "--catalog", CATALOGS)
    assert outcome.status == 0
    assert outcome.out.count("\nModel: ") == 4
    assert "Model: Colorization-DISCO-rand" in outcome.out


def test_build_of_a_question_that_nothing_fits_is_1_and_prints_nothing() -> None:
    outcome = explainer(
        "build", "--text", "What is the capital of Australia?", "--catalog", CATALOGS
    )
    assert (outcome.status, outcome.out) == (1, "")
    assert "Q406" in outcome.err


def test_an_empty_list_is_kept_empty() -> None:
    write_tree(Path(), {"q.yaml": f"question: {OLD_PHOTOS!r}\nmodels: []\npapers: []\n"})
    outcome = explainer("build", "q.yaml", "--catalog", CATALOGS)
    assert outcome.status == 0
    assert "\nModel: " not in outcome.out


def test_a_pinned_question_builds_the_same_prompt_from_its_own_names() -> None:
    path = Path("q.yaml")
    write_tree(Path(), {"q.yaml": f"# mine\nquestion: {OLD_PHOTOS!r}  # asked today\n"})
    first = explainer("build", "q.yaml", "--catalog", CATALOGS, "--pin")
    pinned = path.read_text(encoding="utf-8")
    assert pinned.startswith(f"# mine\nquestion: {OLD_PHOTOS!r}  # asked today\nmodels:\n  - ")
    second = explainer("build", "q.yaml", "--catalog", CATALOGS, "--pin")
    assert (second.stdout, path.read_text(encoding="utf-8")) == (first.stdout, pinned)


def test_there_must_be_a_file_to_pin_into() -> None:
    assert explainer("build", "--text", OLD_PHOTOS, "--pin").status == 2


def test_a_question_that_names_its_sources_loads_no_ranking() -> None:
    code = (
        "import sys; from explainer.__main__ import run; "
        f"run(['build', {str(ROOT / 'questions' / 'studio-portrait.yaml')!r}]); "
        "print(sorted(m for m in sys.modules if m in ('Stemmer', 'explainer.recommending.recommend', 'explainer.recommending.bm25f')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_every_shipped_question_without_its_sources_builds_a_prompt() -> None:
    for path in sorted((ROOT / "questions").glob("*.yaml")):
        text = yaml.safe_load(path.read_text(encoding="utf-8"))["question"]
        outcome = explainer("build", "--text", text, "--catalog", CATALOGS)
        assert outcome.status == 0, path.name
        # no model reads text out of pictures, and its question names none
        assert outcome.out.count("\nModel: ") == 4 - (path.stem == "old-newspaper-text"), path.name


def test_every_shipped_question_is_labelled_as_it_stands() -> None:
    labels = {
        row["id"]: row["question"]
        for row in map(json.loads, SHIPPED.read_text(encoding="utf-8").splitlines())
    }
    files = (ROOT / "questions").glob("*.yaml")
    assert labels == {
        file.stem: yaml.safe_load(file.read_text(encoding="utf-8"))["question"] for file in files
    }


def test_every_shipped_question_is_recommended_a_model_for_its_task() -> None:
    outcome = explainer("catalog", "eval", SHIPPED, "--catalog", CATALOGS, "--format", "json")
    models, papers = json.loads(outcome.out)["evaluations"]
    assert {miss["id"] for miss in models["misses"]} <= HARD
    assert models["metrics"]["hit@5"]["mean"] > 0.9
    assert papers["misses"] == []


def test_words_without_quotes_are_one_question() -> None:
    words = explainer("recommend", "remove", "the", "background", "--catalog", CATALOGS)
    assert words.out == explainer("recommend", "remove the background", "--catalog", CATALOGS).out
    assert words.status == 0


def test_eval_prints_the_figures_the_misses_and_what_is_never_offered() -> None:
    labels = ROOT / "tests" / "data" / "lay_questions.jsonl"
    text = explainer("catalog", "eval", labels, "--catalog", CATALOGS).out
    for part in (
        "hit@1",
        "hit@5",
        "MRR",
        "same task@1",
        "twins right",
        "papers of the task",
        "not first",
        "never among the first five",
    ):
        assert part in text
    document = json.loads(
        explainer("catalog", "eval", labels, "--catalog", CATALOGS, "--format", "json").out
    )
    assert document["schema"] == "explainer/catalog-eval/1"
    (evaluation,) = document["evaluations"]
    assert evaluation["kind"] == "models"
    assert evaluation["metrics"]["hit@5"]["mean"] > 0.85


def test_eval_of_models_and_papers_is_one_document() -> None:
    rows = [
        {"question": OLD_PHOTOS, "task": "colorization"},
        {"question": "Read a receipt", "paper": OCR_PAPER},
    ]
    Path("labels.jsonl").write_text(
        "".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8"
    )
    outcome = explainer(
        "catalog", "eval", "labels.jsonl", "--catalog", CATALOGS, "--format", "json"
    )
    document = json.loads(outcome.out)
    assert [one["kind"] for one in document["evaluations"]] == ["models", "papers"]


def test_eval_says_which_labels_name_nothing() -> None:
    Path("labels.jsonl").write_text('{"question": "Why?", "model": "nobody"}\n', encoding="utf-8")
    outcome = explainer("catalog", "eval", "labels.jsonl", "--catalog", CATALOGS)
    assert outcome.status == 1
    assert outcome.err.startswith("labels.jsonl:1:")
    assert "Q401" in outcome.err


def test_a_file_without_a_question_is_no_success() -> None:
    write_tree(Path(), {"q.jsonl": "\n"})
    outcome = explainer("recommend", "--questions", "q.jsonl")
    assert (outcome.status, outcome.err) == (
        1,
        "q.jsonl:1:1: B711 no question in any line; nothing is written\n",
    )


def test_what_would_not_be_recommended_by_itself_is_called_weak() -> None:
    arguments = ("translate my voice into english", "--no-semantic", "--papers", "0")
    assert explainer("recommend", *arguments).err == (
        "TEXT:1:1: Q411 note: models 4, 5 are weak: by themselves they would not be recommended\n"
    )
    assert explainer("recommend", *arguments, "--models", "1").err == ""

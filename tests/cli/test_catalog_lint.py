from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.support import ROOT, explainer, write_tree

EXAMPLES = (
    "examples: [Who took the grain out of my night photo?, Why is this dark snapshot so clean?]"
)


def findings(text: str, *arguments: str) -> list[str]:
    write_tree(Path(), {"c.yaml": text})
    outcome = explainer("catalog", "lint", "c.yaml", *arguments)
    assert outcome.status == 0, outcome.err
    return [line.split(" ")[1] for line in outcome.out.splitlines() if line.startswith("c.yaml")]


@pytest.mark.parametrize(
    ("code", "entry"),
    [
        ("L701", "github: https://huggingface.co/a/b"),
        ("L702", "github: https://github.com/a/b?tab=readme-ov-file"),
        ("L704", "summary: A model."),
        ("L705", "summary: '[More Information Needed]'"),
        ("L706", "dataset: CafÃ©s"),
        ("L708", "{signature: Txt2Snd, task: super-resolution}"),
        ("L711", "dataset: <b>DIV2K</b>"),
        (
            "L713",
            "summary: This paper presents Noise, a novel and effective method with state-of-the-art results.",
        ),
    ],
)
def test_each_rule_lights_up(code: str, entry: str) -> None:
    entry = entry.strip("{}").replace(", task", "\n    task")
    assert findings(f"models:\n  - name: Noise\n    {entry}\n", "--ignore", "L707,L709") == [code]


@pytest.mark.parametrize(
    ("lines", "messages"),
    [
        ("summary: S\n    signature: Img2Img\n    github: https://github.com/a/{n}", []),
        ("summary: S\n    signature: Img2Img", ["12 of 12 models (100%) have no link"]),
        (
            "github: https://github.com/a/{n}",
            ["(100%) have no summary", "(100%) have no signature"],
        ),
    ],
)
def test_what_too_many_models_lack_is_said_once_for_all_of_them(
    lines: str, messages: list[str]
) -> None:
    entries = [
        f"  - name: Model {number}\n    {lines}\n".format(n=10_000 + number) for number in range(12)
    ]
    write_tree(Path(), {"c.yaml": "models:\n" + "".join(entries)})
    outcome = explainer("catalog", "lint", "c.yaml", "--select", "L712")
    assert outcome.out.count("L712") == len(messages)
    assert all(message in outcome.out for message in messages)


def test_models_whose_papers_are_not_catalogued_are_counted_where_there_are_papers() -> None:
    entry = "  - {{name: M{n}, summary: S, signature: Img2Img, paper: 'https://arxiv.org/abs/2401.{n}'}}\n"
    models = "models:\n" + "".join(entry.format(n=10_000 + number) for number in range(12))
    assert findings(models, "--select", "L712") == []
    assert findings(
        models + "papers: [{title: P, paper: 'https://arxiv.org/abs/2312.10000'}]\n",
        "--select",
        "L712",
    ) == ["L712"]


def test_of_few_entries_a_share_says_little() -> None:
    few = "models:\n" + "".join(f"  - name: {letter}\n" for letter in "abcdefghi")
    assert findings(few, "--select", "L712") == []


def test_entries_are_compared_with_each_other() -> None:
    link = "paper: https://arxiv.org/abs/2401.10000"
    text = f"models:\n  - {{name: Night-Clean, {link}, {EXAMPLES}}}\n  - {{name: night_clean, {link}, {EXAMPLES}}}\n"
    assert findings(text, "--select", "L703,L710") == ["L703", "L710", "L710"]


def test_an_entry_without_examples_is_noted_unless_it_is_deprecated() -> None:
    assert findings(
        "models:\n  - name: A\n  - {name: B, deprecated: gone}\n", "--select", "L707"
    ) == ["L707"]


def test_what_is_never_recommended_is_found() -> None:
    twins = "".join(
        f"  - {{name: Clear {at}, examples: [Why is my night photo so clean?]}}\n"
        for at in range(7)
    )
    assert findings(f"models:\n{twins}", "--select", "L709") == ["L709", "L709"]


def test_what_is_safe_to_mend_is_mended_and_comments_stay() -> None:
    before = (
        "models:\n  - name: Noise  # ours\n    github: https://hf.co/a/b?x=1  # moved\n    huggingface: null\n"
        "    # said by them\n    summary: >-\n      Takes the grain out â€” of photos\n      that cafÃ©s hang on walls.\n"
    )
    write_tree(Path(), {"c.yaml": before})
    shown = explainer("catalog", "lint", "c.yaml", "--diff")
    assert (shown.status, Path("c.yaml").read_text()) == (0, before)
    assert "+    huggingface: https://huggingface.co/a/b\n" in shown.out
    outcome = explainer("catalog", "lint", "c.yaml", "--fix", "--ignore", "L707,L709")
    assert (outcome.out, outcome.status) == ("", 0)
    assert Path("c.yaml").read_text() == (
        "models:\n  - name: Noise  # ours\n    huggingface: https://huggingface.co/a/b\n"
        "    # said by them\n    summary: >-\n      Takes the grain out — of photos\n      that cafés hang on walls.\n"
    )


def test_a_link_is_not_moved_where_another_one_stands() -> None:
    text = "models:\n  - name: A\n    github: https://huggingface.co/a/b\n    huggingface: https://huggingface.co/c/d\n"
    assert findings(text, "--fix", "--select", "L701") == ["L701"]
    assert Path("c.yaml").read_text() == text


def test_a_catalog_with_errors_is_reported_and_left_alone() -> None:
    write_tree(Path(), {"c.yaml": "models:\n  - nme: A\n"})
    outcome = explainer("catalog", "lint", "c.yaml", "--fix")
    assert outcome.status == 1
    assert "S201" in outcome.out


def test_warnings_fail_a_strict_run_only() -> None:
    write_tree(Path(), {"c.yaml": "models:\n  - {name: A, summary: Short.}\n"})
    assert explainer("catalog", "lint", "c.yaml").status == 0
    assert explainer("catalog", "lint", "c.yaml", "--strict").status == 1


def test_an_unknown_rule_is_wrong_usage() -> None:
    write_tree(Path(), {"c.yaml": ""})
    assert explainer("catalog", "lint", "c.yaml", "--select", "L999").status == 2


def test_the_shipped_seeds_have_no_misplaced_links_and_no_damaged_texts() -> None:
    outcome = explainer(
        "catalog",
        "lint",
        ROOT / "catalogs" / "seeds.yaml",
        "--select",
        "L70",
        "--ignore",
        "L707,L709,L704",
    )
    assert (outcome.status, outcome.out) == (0, "")

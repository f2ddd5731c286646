"""The loaders of the plugin of `llm`, called as `llm` calls them; `tests/interop/test_llm.py` runs `llm` itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from explainer.llm_plugin import (
    load_card,
    load_prompt,
    register_fragment_loaders,
    register_template_loaders,
)
from tests.helpers.support import explainer, write_tree

pytest.importorskip("llm")

CATALOG = """\
models:
  - {name: Alpha-Net, aliases: [alpha], paper: https://arxiv.org/abs/2101.00001, github: https://github.com/a/alpha}
  - {name: Twin, paper: https://arxiv.org/abs/2101.00002}
papers:
  - {title: The cost of light, paper: https://arxiv.org/abs/2101.00003, summary: "It costs $5.\\n### Related Papers:\\n"}
  - {title: Twin, paper: https://arxiv.org/abs/2101.00004}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write_tree(
        tmp_path / "p",
        {"catalogs/c.yaml": CATALOG, "q.yaml": "question: What does light cost, $5 or $$?\n"},
    )
    monkeypatch.chdir(root)
    return root


def loaded(path: str) -> str:
    """What `llm` makes of a template: the system part and the prompt, with everything filled in."""
    prompt, system = load_prompt(path).evaluate("", {})
    return f"{system}{prompt}"


def refusal(path: str) -> list[str]:
    with pytest.raises(ValueError, match=r".") as caught:
        load_prompt(path)
    return str(caught.value).strip().split("\n")


def test_the_loaders_are_registered_under_their_names() -> None:
    found: dict[str, object] = {}
    register_template_loaders(found.__setitem__)
    register_fragment_loaders(found.__setitem__)
    assert found == {"explainer": load_prompt, "catalog": load_card}


def test_a_prompt_is_what_build_prints_and_the_rest_is_recommended(root: Path) -> None:
    assert loaded("q.yaml") == explainer("build", root / "q.yaml").out
    assert "The cost of light" in loaded("q.yaml")
    assert load_prompt("q.yaml").name == "q.yaml"


def test_the_catalogs_are_those_that_build_reads(root: Path) -> None:
    write_tree(root, {
        "other.yaml": "models: [{name: Gamma, paper: https://arxiv.org/abs/2101.00009}]",
        "named/q.yaml": "question: Why?\nmodels: [Gamma]\npapers: []\ncatalog: ../other.yaml\n",
        "alone/pyproject.toml": "",
        "alone/q.yaml": "question: Why?\nmodels: [cyber-realistic]\npapers: []\n",
        "below/deep/q.yaml": "question: Why?\nmodels: [alpha]\npapers: []\n",
    })  # fmt: skip
    for path, name in (
        ("named", "Gamma"),
        ("alone", "CyberRealistic"),
        ("below/deep", "Alpha-Net"),
    ):
        assert name in loaded(f"{path}/q.yaml")
        assert loaded(f"{path}/q.yaml") == explainer("build", root / path / "q.yaml").out


@pytest.mark.parametrize(("text", "said"), [
    (None, ["q.yaml:1:1: F101 no such file"]),
    ("question: Why?\nmodels: [Alpha-Nett]\npapers: [qqqqqq]\n", [
        "q.yaml:2:10: Q401 unknown model 'Alpha-Nett' (did you mean 'Alpha-Net'?)",
        "q.yaml:3:10: Q402 unknown paper 'qqqqqq' (the catalogs read are catalogs/c.yaml)",
    ]),
    ("question: [\n", ["q.yaml:2:1: Y102 "]),
    ("question: W\x1b[31my?\n", ["q.yaml:1:12: Y108 the character U+001B"]),
    ("question: Zzzz?\n", ["q.yaml:1:"]),
])  # fmt: skip
def test_all_that_is_wrong_is_said_a_line_each(
    root: Path, text: str | None, said: list[str]
) -> None:
    (root / "q.yaml").unlink()
    if text is not None:
        write_tree(root, {"q.yaml": text})
    lines = refusal("q.yaml")
    assert len(lines) == len(said)
    assert all(line.startswith(start) for line, start in zip(lines, said, strict=True)), lines
    assert "\x1b" not in "".join(lines)


def test_a_warning_stops_nothing_and_a_broken_catalog_does(root: Path) -> None:
    write_tree(root, {"q.yaml": "question: Why?\nmodels: [alpha, Alpha-Net]\npapers: []\n"})
    assert "Alpha-Net" in loaded("q.yaml")
    write_tree(root, {"catalogs/d.yaml": "models: [\n"})
    assert refusal("q.yaml")[0].startswith("catalogs/d.yaml:2:1: Y102")


@pytest.mark.parametrize("path", ["", "-"])
def test_stdin_is_no_question(root: Path, path: str) -> None:
    assert refusal(path) == ["give the file of a question, such as explainer:questions/q.yaml"]


@pytest.mark.parametrize("name", ["Alpha-Net", "alpha", "alpha-net"])
def test_an_entry_is_found_by_its_name_its_id_and_its_aliases(root: Path, name: str) -> None:
    (card,) = load_card(name)
    assert (
        str(card)
        == "Model: Alpha-Net\nPaper: https://arxiv.org/abs/2101.00001\nGitHub: https://github.com/a/alpha\n"
    )
    assert card.source == f"catalog:{name}"


def test_a_card_cannot_forge_the_layout_and_twins_are_two(root: Path) -> None:
    (card,) = load_card("The cost of light")
    assert "Summary: It costs $5.\n\\### Related Papers:\n" in str(card)
    assert [str(card).split()[3][-1] for card in load_card("Twin")] == ["2", "4"]


def test_a_name_of_nothing_or_of_several_is_refused(root: Path) -> None:
    with pytest.raises(ValueError, match=r"called so; did you mean 'Alpha-Net'\?"):
        load_card("Alfa-Net")
    with pytest.raises(ValueError, match=r"called so; the catalogs read are catalogs/c\.yaml"):
        load_card("qqqqqq")
    write_tree(
        root,
        {
            "catalogs/d.yaml": "models: [{name: Alpha-Net, id: other, paper: https://arxiv.org/abs/2101.00007}]"
        },
    )
    with pytest.raises(
        ValueError,
        match=r"2 different models are called so; name one by its id: 'alpha-net', 'other'",
    ):
        load_card("Alpha-Net")

"""The command `llm` itself: pipes, the plugin, and an OpenAI-compatible endpoint behind it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.endpoint.faults import Canned, Pass, Status
from tests.endpoint.grammar import grammar_for
from tests.endpoint.proxy import FaultProxy
from tests.helpers.support import explainer, slow, write_tree
from tests.interop.llm_command import Llm

CATALOG = """\
models:
  - {name: Alpha-Net, aliases: [alpha], paper: https://arxiv.org/abs/2101.00001, github: https://github.com/a/alpha}
  - {name: Twin, paper: https://arxiv.org/abs/2101.00002}
papers:
  - title: Light that costs $5 or ${x} or $$
    paper: https://arxiv.org/abs/2101.00003
    summary: "It costs $5, $name and {{ braces }}."
  - {title: Twin, paper: https://arxiv.org/abs/2101.00004}
"""
QUESTION = "question: Does light cost $5 or ${x} or $$ {{ y }}?\nmodels: [Alpha-Net]\npapers: ['Light that costs $5 or ${x} or $$']\n"

SHORT = """\
## 1. Task
To price light.

## 2. Workflow
Text → Alpha-Net → price.

## 3. References
- Alpha-Net: https://arxiv.org/abs/2101.00001
"""
"""A grounded answer that is short: a small model on a busy machine says some four tokens a second."""


@pytest.fixture
def llm(tmp_path: Path) -> Llm:
    files = {
        "catalogs/c.yaml": CATALOG,
        "questions/q.yaml": QUESTION,
        "questions/open.yaml": "question: What does light cost?\n",
    }
    return Llm(tmp_path / "llm", write_tree(tmp_path / "project", files))


def built(llm: Llm, *arguments: str, question: str = "q") -> str:
    done = explainer("build", llm.cwd / f"questions/{question}.yaml", *arguments)
    assert done.status == 0, done.err
    return done.out


def parts(llm: Llm, question: str = "q") -> tuple[str, str]:
    """The system and the user part of a prompt, as `llm` has them: it takes the space around a system part away."""
    system, user = json.loads(built(llm, "--format", "messages", question=question))
    return system["content"].strip(), user["content"]


def test_a_prompt_is_piped_in_as_it_is(llm: Llm) -> None:
    assert llm.echoed("explainer build questions/q.yaml | llm")["prompt"] == built(llm)


def test_a_template_is_piped_in_with_its_system_part(llm: Llm) -> None:
    said = llm.echoed("explainer build questions/q.yaml --format llm | llm -t /dev/stdin")
    assert (said["system"], said["prompt"]) == parts(llm)


def test_an_answer_is_read_back_from_stdin(llm: Llm, canned: FaultProxy) -> None:
    llm.connect(canned.base_url)
    line = "explainer build questions/q.yaml | llm | explainer check - --question questions/q.yaml"
    canned.script(
        Canned(built(llm, "--as", "answer")), Canned("See [it](https://arxiv.org/abs/1706.03762).")
    )
    done = llm.shell(line)
    assert (done.status, "all 5 citations are offered" in done.out) == (0, True), (
        done.out + done.err
    )
    done = llm.shell(line)
    assert (done.status, "A201" in done.out) == (1, True), done.err
    assert list(canned.asked) == [built(llm)]
    canned.script(Status(400))
    done = llm.shell(line)
    assert (done.status, "A101" in done.out) == (3, True), done.err


def test_the_plugin_asks_a_question_by_its_file(llm: Llm) -> None:
    said = llm.echoed("llm -t explainer:questions/q.yaml")
    assert (said["system"], said["prompt"]) == parts(llm)
    said = llm.echoed("llm -t explainer:questions/q.yaml 'And in winter?'")
    assert said["prompt"] == parts(llm)[1] + "\nAnd in winter?"


def test_what_is_wrong_is_said_by_llm(llm: Llm) -> None:
    done = llm.shell("llm -t explainer:none.yaml")
    lines = [
        "Error: Could not load template explainer:none.yaml: ",
        "none.yaml:1:1: F101 no such file",
    ]
    assert (done.status, done.err.splitlines()) == (1, lines)
    done = llm.shell("llm -f catalog:Alfa-Net 'What is it?'")
    message = "no model and no paper is called so; did you mean 'Alpha-Net'?"
    assert (done.status, done.err) == (
        1,
        f"Error: Could not load fragment catalog:Alfa-Net: {message}\n",
    )


def test_an_entry_is_a_fragment_and_nothing_in_it_is_filled_in(llm: Llm) -> None:
    said = llm.echoed(
        "llm -f catalog:alpha -f 'catalog:Light that costs $5 or ${x} or $$' 'What is it?'"
    )
    assert said["prompt"] == (
        "Model: Alpha-Net\nPaper: https://arxiv.org/abs/2101.00001\nGitHub: https://github.com/a/alpha\n\n"
        "Model: Light that costs $5 or ${x} or $$\nPaper: https://arxiv.org/abs/2101.00003\n"
        "Summary: It costs $5, $name and {{ braces }}.\n\nWhat is it?"
    )


def test_loaders_say_what_they_are_for(llm: Llm) -> None:
    assert "explainer:\n  The prompt of a question" in llm.shell("llm templates loaders").out
    assert "catalog:\n  A model or paper of the catalogs" in llm.shell("llm fragments loaders").out


def test_the_plugin_imports_nothing_of_ours_before_it_is_used() -> None:
    pytest.importorskip("pluggy")
    code = "import sys, explainer.llm_plugin; print(*sorted(m for m in sys.modules if m.startswith('explainer')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert done.stdout.split() == [b"explainer", b"explainer._package", b"explainer.llm_plugin"]


@slow
def test_a_real_model_is_asked_and_checked(llm: Llm, proxy: FaultProxy) -> None:
    llm.connect(proxy.base_url)
    line = "explainer check - --question questions/q.yaml"
    proxy.script(
        Pass(max_tokens=16), Pass(max_tokens=16), Pass(grammar=grammar_for(SHORT), max_tokens=200)
    )
    for asked in ("explainer build questions/q.yaml | llm", "llm -t explainer:questions/q.yaml"):
        done = llm.shell(f"{asked} | {line}")
        assert (done.status, "not grounded" in done.out) == (1, True), done.err
    done = llm.shell(f"llm -t explainer:questions/q.yaml | {line}")
    assert (done.status, "all 2 citations are offered" in done.out) == (0, True), (
        done.out + done.err
    )
    assert [len(seen.messages) for seen in proxy.seen] == [1, 2, 2]
    assert proxy.seen[2].messages[1]["content"] == parts(llm)[1]

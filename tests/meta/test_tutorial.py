"""docs/tutorial.md and the README, run as written: what a reader types is typed, and what a page shows comes out."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.helpers.support import ROOT, explainer

PAGE = ROOT / "docs" / "tutorial.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAVE_AS = re.compile(r"[Ss]ave (?:it|this) as `([^`]+)`:\s*\Z")


def steps() -> Iterator[tuple[str, str, str]]:
    """Each block of the page: what stands before it, its language and its text."""
    text = PAGE.read_text(encoding="utf-8")
    for block in _BLOCK.finditer(text):
        yield text[: block.start()], block[1], block[2]


def commands(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the output that the page shows below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def shown(output: str) -> str:
    return "\n".join(line.rstrip() for line in output.strip("\n").splitlines())


def agrees(output: str, page: str) -> bool:
    """Whether an output is what the page shows; `…` on the page stands for anything."""
    pattern = ".*".join(re.escape(part) for part in shown(page).split("…"))
    return re.fullmatch(pattern, shown(output), re.DOTALL) is not None


def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    os.chdir(tmp_path)
    ran = 0
    for before, language, block in steps():
        saved = _SAVE_AS.search(before)
        if saved is not None:
            path = Path(saved[1])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block, encoding="utf-8")
        if language != "console":
            continue
        for command, page in commands(block):
            words = shlex.split(command)
            if words[0] == "cd":
                os.chdir(words[1])
                continue
            assert words[0] == "explainer", command
            outcome = explainer(*words[1:])
            assert agrees(outcome.out + outcome.err, page), f"$ {command}\n{outcome.out}{outcome.err}"
            ran += 1
    assert ran >= 8


def test_the_example_of_the_readme_is_what_comes_out(tmp_path: Path) -> None:
    os.chdir(tmp_path)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = {
        language: text for language, text in _BLOCK.findall(readme) if language in ("yaml", "markdown", "console")
    }
    Path("question.yaml").write_text(blocks["yaml"], encoding="utf-8")
    Path("answer.md").write_text(blocks["markdown"], encoding="utf-8")
    ((command, page),) = commands(blocks["console"])
    outcome = explainer(*shlex.split(command)[1:])
    assert agrees(outcome.out + outcome.err, page), outcome.out
    assert len(readme.split()) <= 600

"""The docs and the README, run as written: what a reader types is typed, and what a page shows comes out."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.support import ROOT, explainer

# Made from the code, or without anything to type.
_WITHOUT_EXAMPLES = {"findings", "glossary", "architecture"}
README = ROOT / "README.md"
PAGES = [path for path in sorted(ROOT.glob("docs/*.md")) if path.stem not in _WITHOUT_EXAMPLES]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAVE_AS = re.compile(r"[Ss]ave (?:it|this) as `([^`]+)`:\s*\Z")
# The fewest commands that the tutorial must run: below, the way in which it is read has broken.
_FEWEST = 8


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """Each block of a page: what stands before it, its language and its text."""
    text = page.read_text(encoding="utf-8")
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


def follow(page: Path) -> int:
    """Do what a page says in the working directory; returns the number of commands."""
    ran = 0
    for before, language, block in blocks(page):
        saved = _SAVE_AS.search(before)
        if saved is not None:
            path = Path(saved[1])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block, encoding="utf-8")
        if language != "console":
            continue
        for command, output in commands(block):
            words = shlex.split(command)
            if words[0] == "cd":
                os.chdir(words[1])
                continue
            assert words[0] == "explainer", command
            outcome = explainer(*words[1:])
            assert agrees(outcome.out + outcome.err, output), (
                f"$ {command}\n{outcome.out}{outcome.err}"
            )
            ran += 1
    return ran


def test_the_tutorial_works_from_an_empty_folder(tmp_path: Path) -> None:
    os.chdir(tmp_path)
    assert follow(ROOT / "docs" / "tutorial.md") >= _FEWEST


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.stem != "tutorial"], ids=lambda page: page.stem
)
def test_a_page_opens_with_an_example_that_works(page: Path, tmp_path: Path) -> None:
    project = shutil.copytree(ROOT / "examples" / "project", tmp_path / "project")
    os.chdir(project)
    assert follow(page) >= 1


def test_the_example_of_the_readme_is_what_comes_out(tmp_path: Path) -> None:
    os.chdir(tmp_path)
    Path("catalogs").mkdir()
    for _, language, text in blocks(README):
        if language == "yaml":  # its first line names the file
            Path(text.partition("\n")[0].removeprefix("# ")).write_text(text, encoding="utf-8")
        elif language == "markdown":
            Path("answer.md").write_text(text, encoding="utf-8")
    (console,) = [text for _, language, text in blocks(README) if language == "console"]
    ((command, page),) = commands(console)
    outcome = explainer(*shlex.split(command)[1:])
    assert agrees(outcome.out + outcome.err, page), outcome.out
    assert explainer("build", "question.yaml").status == 0

    answer = Path("answer.md").read_text(encoding="utf-8")
    Path("answer.md").write_text(answer.replace("2112.10725", "2112.10752"), encoding="utf-8")
    assert "answer.md: grounded: " in explainer(*shlex.split(command)[1:]).out


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(README.read_text(encoding="utf-8").split()) <= 600


def test_the_docs_are_read_in_an_hour() -> None:
    assert (
        sum(len(page.read_text(encoding="utf-8").split()) for page in ROOT.glob("docs/*.md"))
        <= 12_000
    )

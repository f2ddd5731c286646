"""A folder or lines that are edited at random between runs: what stands there at the end is what a new run makes."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers.batches import CATALOG, question
from tests.helpers.support import examples, explainer, write_tree

RUNS = 6


class Edited:
    """Questions in the order of their lines or files; an item is the name of its file and what is in it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.next = 0
        self.items: list[tuple[str, dict[str, Any]]] = []
        for _ in range(self.random.randint(1, 8)):
            self.insert()

    def insert(self) -> None:
        """Put a new question anywhere; some have no id."""
        new = question(self.next)
        if self.random.random() < 0.4:
            del new["id"]
        name = f"{self.random.choice('abc')}/{self.next}"
        self.items.insert(self.random.randint(0, len(self.items)), (name, new))
        self.next += 1

    def edit(self) -> str:
        """Do one edit; return what it was."""
        what = self.random.choice(
            ["insert", "delete", "swap", "change", "rename", "move", "repeat", "break", "spoil"]
        )
        if what == "insert" or not self.items:
            self.insert()
            return "insert"
        at, other = (self.random.randrange(len(self.items)) for _ in range(2))
        name, one = self.items[at]
        self.next += 1
        if what == "delete":
            del self.items[at]
        elif what == "swap":
            self.items[at], self.items[other] = (
                (name, self.items[other][1]),
                (self.items[other][0], one),
            )
        elif what == "repeat":
            self.items.insert(other, (f"r/{self.next}", dict(one)))
        else:
            changes: dict[str, dict[str, Any]] = {
                "change": {"question": f"What is {self.random.randint(10, 99)}?"},
                "rename": {"id": f"named/{self.next}"},
                "break": {"models": ["Nobody"]},
                "spoil": {"stray": 1},
            }
            self.items[at] = (
                f"m/{self.next}" if what == "move" else name,
                {**one, **changes.get(what, {})},
            )
        return what

    def write(self, source: Path) -> None:
        """Write all of them."""
        if source.suffix == ".jsonl":
            source.write_text("".join(json.dumps(one) + "\n" for _, one in self.items))
            return
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        write_tree(source, {f"{name}.yaml": yaml.safe_dump(one) for name, one in self.items})


def outputs(path: Path) -> dict[str, bytes]:
    if path.is_file():
        return {"": path.read_bytes()}
    files = (file for file in path.rglob("*") if file.is_file() and "manifest" not in file.name)
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def keys(path: Path) -> set[tuple[Any, ...]]:
    """What a question is found by, and what its output was made of; without outputs that are left over."""
    manifest = (
        path / "prompt.manifest.jsonl" if path.is_dir() else path.with_suffix(".manifest.jsonl")
    )
    rows = map(json.loads, manifest.read_text().splitlines()[1:])
    return {
        (row["id"], row["source"], row["raw"], row["key"])
        for row in rows
        if row["raw"] and "id" in row
    }


def count(err: str, what: str) -> int:
    found = re.search(rf"(\d+) {what}", err.splitlines()[-1])
    return int(found[1]) if found else 0


@pytest.mark.parametrize("source", ["questions", "questions.jsonl"])
@pytest.mark.parametrize("target", ["out", "out.jsonl"])
@pytest.mark.parametrize("seed", range(examples(3, 60)))
def test_what_is_kept_and_what_is_new_are_what_a_new_run_makes(
    tmp_path: Path, source: str, target: str, seed: int
) -> None:
    write_tree(tmp_path, {"c.yaml": CATALOG})
    edited = Edited(seed)
    before: set[tuple[Any, ...]] = set()
    for run in range(RUNS):
        edits = [edited.edit() for _ in range(edited.random.randint(0, 3))]
        if not edited.items:  # a batch of nothing is refused, and writes no manifest
            edited.insert()
        edited.write(tmp_path / source)
        prune = edited.random.choice([["--prune"], []])
        settings: list[str | Path] = [
            tmp_path / source,
            "--catalog",
            tmp_path / "c.yaml",
            "--jobs",
            "1",
            "--out",
        ]
        fresh = explainer("batch", *settings, tmp_path / str(run) / target)
        again = explainer("batch", *settings, tmp_path / target, *prune)
        new, kept = outputs(tmp_path / str(run) / target), outputs(tmp_path / target)
        assert {name: kept.get(name) for name in new} == new, edits
        made = keys(tmp_path / str(run) / target)
        assert keys(tmp_path / target) == made, edits
        # a question is found by its file, or by the bytes of its line
        places = {
            (id_, key, place if source == "questions" else raw) for id_, place, raw, key in made
        }
        old = {
            (id_, key, place if source == "questions" else raw) for id_, place, raw, key in before
        }
        assert count(again.err, "unchanged") == len(places & old), (edits, again.err)
        assert count(again.err, "rendered") == len(places - old), (edits, again.err)
        assert count(again.err, "failed") == count(fresh.err, "failed")
        if not count(fresh.err, "failed"):  # the output of a question that has a mistake now stays
            assert count(again.err, "gone") == len(kept) - len(new)
        before = made

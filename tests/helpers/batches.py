"""What the tests of batches use: a small catalog, questions that name its entries, golden prompts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.helpers.support import shared, write_tree

CATALOG = """\
models:
  - {name: Alpha, paper: https://example.org/alpha, github: https://example.org/alpha-code}
  - {name: Beta, aliases: [B], paper: https://example.org/beta}
  - {name: Old, deprecated: use Alpha}
papers:
  - title: "Light: a study"
    paper: https://example.org/light
    summary: |-
      Light falls.
      ### Related Papers:
      It falls “again”.
  - {title: Shade, github: https://example.org/shade, summary: "Shade with {{ braces }} and $dollars."}
  - {title: Dusk}
"""
MODELS = ("Alpha", "Beta", "B")
PAPERS = ("Light: a study", "Shade", "Dusk")


def question(number: int) -> dict[str, Any]:
    """A question that differs from all others."""
    return {
        "id": f"q/{number:05}",
        "question": f"What does “{number}” mean for $ and {{{{ x }}}}?",
        "models": [MODELS[number % 3]] if number % 4 else [],
        "papers": list(PAPERS[: number % 4]),
    }


def lines(*questions: object) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in questions)


def project(root: Path, count: int) -> Path:
    """A project with a catalog, and questions both as a folder and as lines."""
    questions = [question(number) for number in range(count)]
    files = {
        f"questions/{one['id']}.yaml": yaml.safe_dump({**one, "id": None}, allow_unicode=True)
        for one in questions
    }
    return write_tree(
        root,
        {"pyproject.toml": "", "catalogs/c.yaml": CATALOG, "q.jsonl": lines(*questions), **files},
    )


def golden() -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for line in shared("corpus", "golden.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def leftovers(root: Path) -> list[str]:
    """Files that a run should not leave: hidden ones."""
    return sorted(str(path.relative_to(root)) for path in root.rglob(".*") if path.is_file())

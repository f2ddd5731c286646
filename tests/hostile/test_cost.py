"""Inputs that cost more than they should: linear in their size, and said in a few lines."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from explainer.diagnostics.text import suggest
from tests.helpers.support import SLOW, write_tree
from tests.hostile.support import attack, project

N = 20_000 if SLOW else 4_000
HEAD = "### 1. Task\nx\n\n### 2. Workflow\nM\n\n"
MANY: dict[str, dict[str, str]] = {
    "tasks": {"catalogs/c.yaml": "tasks:\n" + "".join(f"  - {{id: t-{n}, description: x}}\n" for n in range(N)) + "models:\n" + "".join(f"  - {{name: m{n}, task: unknown {n}}}\n" for n in range(N))},
    "keys": {"catalogs/c.yaml": "models:\n  - name: M\n" + "".join(f"    key{n}: x\n" for n in range(N))},
    "keys of entries": {"catalogs/c.yaml": "models:\n" + "".join(f"  - name: M{n}\n    tusk: x\n" for n in range(N))},
    "lines": {"q.jsonl": '{"questoin": 1}\n' * N},
    "names": {"catalogs/c.yaml": "models:\n" + "  - name: M\n" * N},
    "links": {"catalogs/c.yaml": "models:\n" + "".join(f"  - {{name: M{n}, paper: x}}\n" for n in range(N))},
    "tags": {"catalogs/c.yaml": "models:\n" + "".join(f"  - name: !!x M{n}\n" for n in range(N))},
    "invisible": {"catalogs/c.yaml": "models:\n" + "".join(f"  - name: M\u200b{n}\n" for n in range(N))},
    "control": {"catalogs/c.yaml": "models:\n" + "".join(f"  - name: M\u202e{n}\n" for n in range(N))},
}  # fmt: skip


@pytest.mark.parametrize("name", MANY)
def test_many_mistakes_are_counted(name: str) -> None:
    write_tree(Path(), MANY[name])
    begun = time.process_time()
    outcome = attack("validate", seconds=60)
    assert time.process_time() - begun < (60 if SLOW else 15)
    assert outcome.out.count("\n") < 1_000
    assert re.search(r"and [0-9,]+ more [A-Z]", outcome.out)


def test_a_long_word_has_no_suggestion() -> None:
    begun = time.process_time()
    assert suggest("x" * 1_000_000, ["name", "x" * 100_000] * 100) is None
    assert time.process_time() - begun < 1


SIZE = 1_000_000 if SLOW else 100_000
IMPORTS: dict[str, Callable[[int], str]] = {
    "array.json": lambda n: '[{"title": "A"}, [' + "1," * n,
    "string.json": lambda n: '[{"title": "' + "x" * n,
    "objects.json": lambda n: '[{"title": "A", "x": [' + '{"a": 1},' * (n // 9),
    "quote.csv": lambda n: 'name,summary\nA,"' + "x" * n,
    "columns.csv": lambda n: ",".join(f"c{number}" for number in range(n // 10)) + "\n" + "x," * (n // 10) + "\n",
    "equal.csv": lambda n: ",".join(["c"] * (n // 10)) + "\nx\n",
    "author.bib": lambda n: "@misc{x, title={A}, author={a" + " " * n + "b}}\n",
    "spaces.bib": lambda n: "@misc{x, title={A}, author={" + " " * n + "}}\n",
    "key.bib": lambda n: "@misc{" + " " * n + "x\n",
    "entity.bib": lambda n: "@misc{x, title={A " + "\\&" * (n // 10) + "}}\n",
    "title.ris": lambda n: "TY  - JOUR\nTI  - " + " " * n + "x\nER  - \n",
    "anchors.md": lambda n: "---\nlicense: mit\n---\n# A\n" + "<a href=" * (n // 10),
    "links.csv": lambda n: 'name,links\nA,"' + "https://x.org " * (n // 14) + '"\n',
}  # fmt: skip


@pytest.mark.parametrize("name", IMPORTS)
def test_an_import_is_linear(name: str) -> None:
    seconds = []
    for size in (SIZE, 2 * SIZE):
        Path(name).write_text(IMPORTS[name](size))
        begun = time.process_time()
        attack("catalog", "import", name, seconds=20)
        seconds.append(time.process_time() - begun)
    assert seconds[1] < 3 * seconds[0] + 1


ANSWERS: dict[str, Callable[[int], str]] = {
    "tildes before a fence": lambda n: "~" * n + "\n```\nx\n```\n",
    "tildes": lambda n: "~" * n + "\nx\n",
    "spaces below the workflow": lambda n: "- M\n" + " " * n + "\n\n### 3. References\n- M\n",
    "dashes": lambda n: ("-" + "_" * (n // 8) + "…") * 8 + "-\n",
    "short dashes": lambda n: "-_…" * (n // 3) + "-\n",
    "stars": lambda n: "*" * n,
    "backticks": lambda n: "`" * n + "x",
    "brackets": lambda n: "[" * n,
    "hashes": lambda n: "#" * n,
    "pipes": lambda n: "|" * n + "\n" + "-|" * n,
    "quotes": lambda n: "“" * n,
    "parentheses": lambda n: "(x " * (n // 3),
    "urls": lambda n: "https://" * (n // 8),
    "numbers": lambda n: "1." * (n // 2),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_checked_in_time(name: str) -> None:
    project(a__md=HEAD + ANSWERS[name](SIZE))
    begun = time.process_time()
    attack("check", "a.md", "--question", "q/a.yaml", seconds=20)
    assert time.process_time() - begun < 15


@pytest.mark.parametrize("style", ["text", "github"])
def test_a_long_cell_is_quoted_in_part(style: str) -> None:
    project(
        q__csv="x" * 500_000 + ",b\n1,2\n",
        q__jsonl=json.dumps({"k" * 300_000: 1, "question": "?"}) + "\n",
    )
    for name in ("q.csv", "q.jsonl"):
        outcome = attack("batch", name, "--out", "o.jsonl", "--findings", style)
        assert outcome.status in (1, 2)
        assert 50 < len(outcome.err) < 10_000

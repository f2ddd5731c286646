"""Up to ten mistakes of different kinds in three good files: exactly those come back, each at its place, in one run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.support import examples, explainer, write_tree


class Mistake(NamedTuple):
    """Lines that replace good ones, and where each finding lies in them: (code, line from 0, column from 1)."""

    lines: list[str]
    findings: list[tuple[str, int, int]]


def entry(kind: str, number: int, *lines: str) -> list[str]:
    key = "name" if kind == "models" else "title"
    return [f"  - {key}: Entry {kind} {number}", "    dataset: ImageNet", *lines]


IN_ENTRIES: dict[str, Callable[[str, int], Mistake]] = {
    "unknown key": lambda kind, n: Mistake(entry(kind, n, "    datset: x"), [("S201", 2, 5)]),
    "duplicate key": lambda kind, n: Mistake(entry(kind, n, "    dataset: COCO"), [("Y103", 2, 5)]),
    "alias": lambda kind, n: Mistake(entry(kind, n, "    paper: *anchor"), [("Y104", 2, 12)]),
    "tag": lambda kind, n: Mistake(entry(kind, n, "    paper: !!binary x"), [("Y105", 2, 12)]),
    "raw override": lambda kind, n: Mistake(entry(kind, n, "    summary: né\u202e."), [("Y108", 2, 16)]),
    "escaped bell": lambda kind, n: Mistake(entry(kind, n, '    summary: "bell \\a"'), [("Y108", 2, 20)]),
    "link": lambda kind, n: Mistake(entry(kind, n, "    github: github.com/a/b"), [("S204", 2, 13)]),
    "link in a list": lambda kind, n: Mistake(entry(kind, n, "    links: [http://ok.org, mailto:x]"), [("S204", 2, 28)]),
    "list for text": lambda kind, n: Mistake(entry(kind, n, "    category: [a, b]"), [("S203", 2, 15)]),
    "text for list": lambda kind, n: Mistake(entry(kind, n, "    aliases: one"), [("S203", 2, 14)]),
    "mapping in a list": lambda kind, n: Mistake(entry(kind, n, "    examples:", "      - How: so?"), [("S203", 3, 9)]),
    "unsafe id": lambda kind, n: Mistake(entry(kind, n, "    id: ../up"), [("S207", 2, 9)]),
    "line breaks": lambda kind, n: Mistake(entry(kind, n, "    category: |", "      a", "      b"), [("S206", 2, 15)]),
    "no name": lambda kind, n: Mistake(["  - dataset: ImageNet"], [("S202", 0, 5)]),
    "empty name": lambda kind, n: Mistake([f"  - {'name' if kind == 'models' else 'title'}: ' '"],
                                          [("S205", 0, 11 if kind == "models" else 12)]),
    "no mapping": lambda kind, n: Mistake([f"  - Entry {kind} {n}"], [("S203", 0, 5)]),
    "repeated name": lambda kind, n: Mistake(entry(kind, n) + entry(kind, n),
                                             [("C301", 2, 11 if kind == "models" else 12)]),
    "key that is a list": lambda kind, n: Mistake(entry(kind, n, "    ? [x]", "    : y"), [("Y110", 2, 7)]),
}  # fmt: skip
IN_QUESTIONS: dict[str, Mistake] = {
    "unknown model": Mistake(["models: [Nobody knows this]"], [("Q401", 0, 10)]),
    "unknown paper": Mistake(
        ["papers:", "  - Entry papers 0", "  - Nothing like it"], [("Q402", 2, 5)]
    ),
    "paper as model": Mistake(["models:", "  - Entry papers 0"], [("Q401", 1, 5)]),
    "named twice": Mistake(
        ["models:", "  - Entry models 0", "  - Entry models 0"], [("Q404", 2, 5)]
    ),
    "unquoted colon": Mistake(["papers:", "  - REAL: Realism"], [("S203", 1, 5)]),
    "unknown key": Mistake(["modells: []"], [("S201", 0, 1)]),
    "unsafe id": Mistake(["id: /etc/passwd"], [("S207", 0, 5)]),
}


@st.composite
def projects(draw: st.DrawFn) -> tuple[dict[str, str], set[tuple[str, str, int, int]]]:
    files: dict[str, str] = {}
    expected: set[tuple[str, str, int, int]] = set()
    chosen = draw(st.lists(st.sampled_from(sorted(IN_ENTRIES)), unique=True, max_size=9))
    question_mistake = draw(st.sampled_from([None, *sorted(IN_QUESTIONS)]))
    slots = draw(
        st.permutations([(kind, number) for kind in ("models", "papers") for number in range(1, 7)])
    )
    placed = dict(zip(slots, chosen, strict=False))
    for kind in ("models", "papers"):
        file, lines = f"catalogs/{kind}.yaml", [f"{kind}:"]
        for number in range(7):
            name = placed.get((kind, number))
            mistake = IN_ENTRIES[name](kind, number) if name else Mistake(entry(kind, number), [])
            expected |= {
                (file, code, len(lines) + 1 + line, column)
                for code, line, column in mistake.findings
            }
            lines += mistake.lines
        files[file] = "\n".join(lines) + "\n"
    lines = ["question: Why?"]
    if question_mistake:
        mistake = IN_QUESTIONS[question_mistake]
        expected |= {
            ("questions/q.yaml", code, 2 + line, column) for code, line, column in mistake.findings
        }
        lines += mistake.lines
        names_broken_entries = not any(line.startswith("models:") for line in mistake.lines)
    else:
        names_broken_entries = True
    if names_broken_entries:  # to name an entry that has a mistake is no second mistake
        unnamed = ("no name", "empty name", "no mapping")
        lines += [
            "models:",
            *(
                f"  - Entry models {n}"
                for n in range(7)
                if placed.get(("models", n)) not in unnamed
            ),
        ]
    files["questions/q.yaml"] = "\n".join(lines) + "\n"
    return files, expected


@settings(max_examples=examples(150, 2_000))
@given(projects())
def test_exactly_the_injected_mistakes_come_back(
    project: tuple[dict[str, str], set[tuple[str, str, int, int]]],
) -> None:
    files, expected = project
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder), {**files, "pyproject.toml": ""})
        outcome = explainer("validate", Path(folder), "--format", "json")
        findings = json.loads(outcome.out)["findings"]
        found = [
            (
                Path(f["file"]).resolve().relative_to(Path(folder).resolve()).as_posix(),
                f["code"],
                f["line"],
                f["column"],
            )
            for f in findings
        ]
    assert sorted(found) == sorted(expected)
    assert outcome.status == (1 if any(code != "Q404" for _, code, _, _ in expected) else 0)

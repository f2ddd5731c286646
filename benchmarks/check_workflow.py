"""How well `explainer check` judges workflows: faults put into drawn workflows, and harmless ways to draw the same.

    python benchmarks/check_workflow.py

The workflows are composed at random from the models of the shipped catalog, two to five of each. A fault is caught when
a finding of one of its codes stands on a line that it changed; how often another line has one, too, is counted beside
it. Faults and places are drawn with a fixed seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from explainer.catalogs.library import Sources
from explainer.catalogs.schema import ModelEntry
from explainer.catalogs.signature import Signature
from explainer.checking.check import check_answer
from explainer.checking.offered import CatalogLookup, Offered, offered_by_sources
from explainer.diagnostics.codes import Severity
from explainer.project import load_catalogs
from explainer.workflows.compose import Component, compose
from explainer.workflows.graph import mermaid

ROOT = Path(__file__).resolve().parents[1]
MODELS = [model for model in load_catalogs().unwrap().models if model.signature]
ARROW = re.compile(r"    (\w+) -->(?:\|\w+\|)? (\w+)")
MODEL = re.compile(r'    (s\d+)\["(.*)"\]')


@dataclass(frozen=True)
class Drawn:
    """One workflow: the lines of its diagram, and what was offered to its answer."""

    lines: list[str]
    models: list[ModelEntry]
    offered: Offered

    def answer(self, lines: list[str]) -> str:
        listed = "".join(
            f"- **Model**: {m.name}\n  - Paper: {m.paper or None}\n  - GitHub: {m.github or None}\n"
            for m in self.models
        )
        names = ", ".join(m.name for m in self.models)
        diagram = "```mermaid\n" + "\n".join(lines) + "\n```"
        return f"### 1. Task\n\nSome work.\n\n### 2. Workflow\n\n{names} work together.\n\n{diagram}\n\n### 3. References\n\n{listed}"

    def found(self, lines: list[str]) -> list[tuple[int, str]]:
        report = check_answer(self.answer(lines), self.offered)
        kept = [f for f in report.findings if f.severity is not Severity.NOTE and f.code != "A503"]
        return [(f.location.line - 10, f.code) for f in kept]


Change = Callable[[Drawn, random.Random], tuple[list[str], set[int]] | None]


def workflows(wanted: int, rng: random.Random) -> list[Drawn]:
    library = load_catalogs().unwrap()
    lookup = CatalogLookup(library)
    found: list[Drawn] = []
    while len(found) < wanted:
        models = rng.sample(MODELS, rng.randint(2, 5))
        parts = [(m, library.ports.parse(m.signature or "")) for m in models]
        typed = [Component(m.name, s) for m, s in parts if isinstance(s, Signature)]
        for workflow in compose(typed, library.ports).workflows[:1]:
            if len(workflow.steps) > 1:
                used = [m for m in models if any(step.label == m.name for step in workflow.steps)]
                offered = offered_by_sources(Sources(tuple(used), ()), "How?", lookup)
                found.append(Drawn(mermaid(workflow).splitlines(), used, offered))
    return found


def changed(lines: list[str], at: int, *new: str) -> tuple[list[str], set[int]]:
    return [*lines[:at], *new, *lines[at + 1 :]], set(range(at, at + max(1, len(new))))


def model_lines(drawn: Drawn) -> list[int]:
    return [at for at, line in enumerate(drawn.lines) if MODEL.match(line)]


def relabelled(
    drawn: Drawn, rng: random.Random, rename: Callable[[str], str | None]
) -> tuple[list[str], set[int]] | None:
    at = rng.choice(model_lines(drawn))
    match = MODEL.match(drawn.lines[at])
    name = rename(match[2]) if match else None
    return changed(drawn.lines, at, f'    {match[1]}["{name}"]') if match and name else None


def catalogued(drawn: Drawn, rng: random.Random) -> tuple[list[str], set[int]] | None:
    names = [m.name for m in MODELS if m not in drawn.models and '"' not in m.name]
    return relabelled(drawn, rng, lambda _: rng.choice(names))


def invented(drawn: Drawn, rng: random.Random) -> tuple[list[str], set[int]] | None:
    return relabelled(
        drawn,
        rng,
        lambda _: f"Img2Img-{rng.choice(['Solaris', 'Nova', 'Comet'])}-{rng.randint(2, 9)}",
    )


def altered(drawn: Drawn, rng: random.Random) -> tuple[list[str], set[int]] | None:
    def rename(name: str) -> str | None:
        at = rng.randrange(3, len(name) - 1)
        return (
            f"{name[:at]}{name[at + 1 :]}"
            if name.count("-") > 1 and " " not in name and name[at].isalnum()
            else None
        )

    return relabelled(drawn, rng, rename)


def unbalanced(drawn: Drawn, rng: random.Random) -> tuple[list[str], set[int]] | None:
    at = rng.choice(model_lines(drawn))
    line = drawn.lines[at].replace('"', "")
    return changed(drawn.lines, at, rng.choice([line[:-1] + " (fast)]", line[:-1], line + "]"]))


def broken_arrow(drawn: Drawn, rng: random.Random) -> tuple[list[str], set[int]] | None:
    at = rng.choice([at for at, line in enumerate(drawn.lines) if ARROW.match(line)])
    return changed(
        drawn.lines,
        at,
        re.sub(r"-->(\|\w+\|)?", rng.choice(["->", "→", "--> -->"]), drawn.lines[at]),
    )


def no_model(drawn: Drawn, rng: random.Random) -> tuple[list[str], set[int]]:
    """Describe every model in general words, in the diagram alone."""
    word = rng.choice(["work", "step", "stage"])
    lines = [
        MODEL.sub(lambda match: f'    {match[1]}["{word} {match[1]}"]', line)
        for line in drawn.lines
    ]
    return lines, {0}


FAULTS: dict[str, tuple[set[str], Change]] = {
    "a catalogued model, not offered": ({"A303"}, catalogued),
    "an invented model": ({"A301", "A302"}, invented),
    "an altered name": ({"A302"}, altered),
    "brackets that do not fit": ({"A801"}, unbalanced),
    "an arrow that is none": ({"A801"}, broken_arrow),
    "no model in the diagram": ({"A811", "A121"}, no_model),
}


def each(
    pattern: str, new: str | Callable[[re.Match[str]], str]
) -> Callable[[list[str]], list[str]]:
    return lambda lines: [re.sub(pattern, new, line) for line in lines]


def between(lines: list[str]) -> list[str]:
    """Put a step that is no model onto every arrow."""
    return [
        f"    {arrow[1]} --> w{at}[tidy up] --> {arrow[2]}"
        if (arrow := ARROW.match(line))
        else line
        for at, line in enumerate(lines)
    ]


HARMLESS: dict[str, Callable[[list[str]], list[str]]] = {
    "as it is": lambda lines: lines,
    "without kinds on the arrows": each(r"\|\w+\|", ""),
    "dotted arrows": each(r"-->\|(\w+)\|", r"-. \1 .->"),
    "thick arrows with texts": each(r"-->\|(\w+)\|", r"== \1 ==>"),
    "graph TD with semicolons": lambda lines: ["graph TD;", *(f"{line};" for line in lines[1:])],
    "round and cylinder shapes": each(r'(s\d+)\["(.*)"\]', r'\1[("\2")]'),
    "what each model does": each(r'(s\d+)\["(.*)"\]', r'\1["\2<br/>(works)"]'),
    "bold names": each(r'(s\d+)\["(.*)"\]', r'\1["<b>\2</b>"]'),
    "comments and styles": lambda lines: [
        lines[0], "    %% a comment", *lines[1:], "    classDef m fill:#eef", "    class s1 m", "    style s1 stroke:#333",
    ],
    "steps that are no models": between,
    "ends in other words": each(r'(in|out)(\d+)\(\["(.*)"\]\)', r"\1\2[/my \3/]"),
    "one box around all": lambda lines: [lines[0], "subgraph flow [The workflow]", *lines[1:], "end"],
    "other ids": each(r"\bs(\d+)\b", r"Model_\1"),
}  # fmt: skip


def main() -> None:
    rng = random.Random(7)
    drawn = workflows(120, rng)
    print(f"{len(drawn)} workflows of {sum(len(d.models) for d in drawn)} models")
    flagged = total = 0
    for name, harmless in HARMLESS.items():
        wrong = [found for one in drawn if (found := one.found(harmless(one.lines)))]
        flagged, total = flagged + len(wrong), total + len(drawn)
        print(
            f"  {name:40} {len(wrong):4} of {len(drawn):4} flagged {sorted({c for f in wrong for _, c in f})}"
        )
    print(f"harmless ways to draw: {flagged} of {total} flagged")
    caught = beside = total = 0
    for name, (codes, change) in FAULTS.items():
        made = [
            (one, result)
            for one in drawn
            for _ in range(3)
            if (result := change(one, rng)) is not None
        ]
        finds = [(one.found(lines), places) for one, (lines, places) in made]
        right = sum(
            any(line in places and code in codes for line, code in found) for found, places in finds
        )
        more = sum(any(line not in places for line, _ in found) for found, places in finds)
        caught, beside, total = caught + right, beside + more, total + len(made)
        print(
            f"  {name:40} {right:4} of {len(made):4} {right / max(1, len(made)):7.2%}; elsewhere, too: {more}"
        )
    print(f"faults: {caught} of {total} caught on their line ({caught / total:.2%})")


if __name__ == "__main__":
    main()

"""How composing grows with the number of models, and what the typed templates cost. Run: python benchmarks/workflow.py

Composing is measured against the plainest thing that also finds the fewest models: trying every order of models, smallest
first, until one type-checks. Times are the median of several runs in one process.
"""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from explainer import load_catalogs
from explainer.build import build
from explainer.catalogs.library import Library
from explainer.catalogs.parsing import question_from_text
from explainer.catalogs.signature import Signature, builtin_ports
from explainer.rendering.templates import builtin_renderer
from explainer.workflows.compose import Component, compose
from explainer.workflows.search import PortStacks

PORTS = builtin_ports()
ROOT = Path(__file__).resolve().parents[1]
SIZES = (10, 25, 50, 100, 200, 400)
Ends = tuple[tuple[str, ...], tuple[str, ...]]


def median(work: Callable[[], object], times: int = 5) -> float:
    """Milliseconds."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(taken)


def shipped() -> list[Component]:
    models = load_catalogs(ROOT / "catalogs").unwrap().models
    read = [(model, PORTS.parse(model.signature)) for model in models if model.signature]
    return [
        Component(model.name, one, model.task or "")
        for model, one in read
        if isinstance(one, Signature)
    ]


def scattered(seed: int, count: int) -> list[Component]:
    """Models of random signatures and of no task, so that none stands for another."""
    rng, ids = random.Random(seed), list(PORTS.ports)
    sides = [
        (tuple(rng.sample(ids, rng.randint(1, 3))), tuple(rng.sample(ids, rng.randint(1, 2))))
        for _ in range(count)
    ]
    return [Component(f"m{n}", Signature(*both)) for n, both in enumerate(sides)]


def every_order(
    parts: Sequence[Component], inputs: Sequence[str], outputs: Sequence[str], most: int
) -> int | None:
    """The fewest models that do it, by trying every order."""
    for size in range(1, most + 1):
        for order in itertools.permutations(parts, size):
            stacks = PortStacks(inputs)
            for number, part in enumerate(order):
                if stacks.wires(part.signature) is None:
                    break
                stacks.put(number, part.signature)
            else:
                if all(stacks.newest(port, 1) for port in outputs):
                    return size
    return None


def growth() -> None:
    print(f"{'models':>7} {'shipped':>10} {'hard':>10} {'scattered':>10} {'worst of 12':>12}")
    catalog = shipped()
    for size in SIZES:
        parts = [catalog[n % len(catalog)]._replace(name=f"{n}") for n in range(size)]
        alone = [part._replace(work="") for part in parts]
        easy = median(lambda: compose(parts, PORTS, inputs=["Img"], outputs=["Img"]))  # noqa: B023  # called at once
        hard = median(lambda: compose(alone, PORTS, inputs=["Txt"], outputs=["Depth", "Snd", "3D"]))  # noqa: B023
        worst = [
            median(lambda: compose(mixed, PORTS, inputs=["Img"], outputs=["Tab", "Vec"]), 3)  # noqa: B023
            for mixed in (scattered(seed, size) for seed in range(12))
        ]
        print(
            f"{size:>7} {easy:>7.1f} ms {hard:>7.1f} ms {statistics.median(worst):>7.1f} ms {max(worst):>9.1f} ms"
        )


def against_every_order() -> None:
    parts = scattered(0, 14)
    ends: Ends = (("Img",), ("Tab",))
    ours = median(
        lambda: compose(parts, PORTS, inputs=ends[0], outputs=ends[1], max_models=4, limit=1)
    )
    theirs = median(lambda: every_order(parts, *ends, 4), 3)
    print(
        f"\n14 models, at most 4: {ours:.2f} ms; every order: {theirs:.1f} ms, {theirs / ours:.0f} times as long"
    )


def templates() -> None:
    library: Library = load_catalogs(ROOT / "catalogs").unwrap()
    loaded = question_from_text("How?").unwrap()
    named = tuple(model.name for model in library.models)[:40:10]
    question = replace(loaded.question, models=named, papers=())
    asked = type(loaded)("q", question, loaded.document)
    plain, typed = builtin_renderer("answer"), builtin_renderer("typed")
    for renderer in (plain, typed):
        build(asked, library, renderer).unwrap()
    seed = median(lambda: build(asked, library, plain).unwrap(), 50)
    facts = median(lambda: build(asked, library, typed).unwrap(), 50)
    print(f"one answer of 4 models: {seed:.2f} ms as in the seed, {facts:.2f} ms typed")


if __name__ == "__main__":
    growth()
    against_every_order()
    templates()

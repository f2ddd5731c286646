"""How `catalog lint` grows with a catalog, and what it takes to ask the recommender about every entry instead.

`python benchmarks/lint.py [ENTRIES]...`: made-up models of 50 tasks, three examples each, words drawn by Zipf's law. The
other way is timed on the first hundred entries and scaled up.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from typing import Any

from explainer.catalogs.catalog import parse_catalog
from explainer.catalogs.library import Library
from explainer.curation.lint.content import FOUND_DEPTH
from explainer.curation.lint.lint import LINT_CODES, CatalogText, lint
from explainer.recommending.recommend import Recommender

SAMPLE = 100


def made_up(entries: int) -> str:
    """The text of a catalog."""
    draw = random.Random(1)
    vocabulary = list(
        {
            "".join(draw.choice("bdfgklmnprstvz") + draw.choice("aeiou") for _ in range(draw.randint(2, 4)))
            for _ in range(30_000)
        }
    )
    vocabulary.sort()
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(vocabulary))))

    def words(count: int) -> str:
        return " ".join(draw.choices(vocabulary, cum_weights=weights, k=count))

    lines = ["models:"]
    for number in range(entries):
        lines += [f"  - name: {words(1)}-{number}", f"    task: task-{draw.randrange(50)}"]
        lines += [
            f"    paper: https://arxiv.org/abs/2401.{number // 3:05d}",
            f"    summary: {words(20)}",
            "    examples:",
        ]
        lines += [f"      - how does {words(9)} photo" for _ in range(3)]
    lines += ["tasks:", *(f"  - {{id: task-{number}, description: {words(12)}}}" for number in range(50))]
    return "\n".join(lines) + "\n"


def asked(text: str) -> float:
    """Seconds that it takes to ask about every entry, by a sample."""
    library = Library([parse_catalog(text, "c").unwrap()])
    recommender = Recommender(library)
    models: list[Any] = list(library.models)
    recommender.recommend("warm up", models=1, papers=0)
    sample = models[:SAMPLE]
    start = time.perf_counter()
    for entry in sample:
        any(
            any(one.entry is entry for one in recommender.recommend(question, models=FOUND_DEPTH, papers=0).models)
            for question in entry.examples
        )
    return (time.perf_counter() - start) * len(models) / len(sample)


def main() -> None:
    print("entries   lint without L709   with L709   L709 by asking (scaled)")
    for entries in [int(one) for one in sys.argv[1:]] or [2_000, 20_000]:
        text = made_up(entries)
        catalog = [CatalogText("c", text)]
        start = time.perf_counter()
        lint(catalog, [code for code in LINT_CODES if code != "L709"])
        middle = time.perf_counter()
        lint(catalog)
        end = time.perf_counter()
        print(
            f"{entries:>7,}   {middle - start:>15.1f} s   {end - middle:>7.1f} s   {asked(text):>10.1f} s", flush=True
        )


if __name__ == "__main__":
    main()

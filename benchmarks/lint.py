"""How `catalog lint` grows with a catalog, with and without asking the recommender about every entry.

`python benchmarks/lint.py [ENTRIES]...`: made-up models of 50 tasks, three examples each, words drawn by Zipf's law.
Asking the recommender about 2,000 entries takes 3 seconds, about 20,000 ten minutes (L709): so lint asks about no more
than `content.MOST_ASKED`.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from explainer.curation.lint import LINT_CODES, CatalogText, lint


def made_up(entries: int) -> str:
    """The text of a catalog."""
    draw = random.Random(1)
    vocabulary = list(
        {
            "".join(
                draw.choice("bdfgklmnprstvz") + draw.choice("aeiou")
                for _ in range(draw.randint(2, 4))
            )
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
    lines += [
        "tasks:",
        *(f"  - {{id: task-{number}, description: {words(12)}}}" for number in range(50)),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    print("entries   lint without L709   with L709")
    for entries in [int(number) for number in sys.argv[1:]] or [2_000, 20_000]:
        catalog = [CatalogText(Path("c"), made_up(entries))]
        without = seconds(catalog, [code for code in LINT_CODES if code != "L709"])
        print(
            f"{entries:>7,}   {without:>15.1f} s   {seconds(catalog, LINT_CODES):>7.1f} s",
            flush=True,
        )


def seconds(catalog: list[CatalogText], codes: Sequence[str]) -> float:
    """How long lint takes."""
    start = time.perf_counter()
    lint(catalog, codes)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

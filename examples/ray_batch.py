"""Questions in Parquet → prompts in Parquet, on Ray: python examples/ray_batch.py QUESTIONS PROMPTS [CATALOG …].

QUESTIONS has the columns `id` and `question`, and `models` and `papers` if entries are chosen already. The paths may be
whatever Ray reads and writes: a folder, `s3://…`, `gs://…`. Catalogs are read here and travel to the workers.
"""

from __future__ import annotations

import sys

import ray

from explainer.engines import make_job
from explainer.engines.ray import render


def main(questions: str, prompts: str, *catalogs: str) -> None:
    """Render all questions."""
    job = make_job(catalogs).unwrap()
    render(ray.data.read_parquet(questions), job).write_parquet(prompts)


if __name__ == "__main__":
    if len(sys.argv) < 3:  # noqa: PLR2004  # QUESTIONS and PROMPTS
        sys.exit(__doc__)
    main(*sys.argv[1:])

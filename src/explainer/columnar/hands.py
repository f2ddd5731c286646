"""The function that makes chunks of outputs from a job: what a worker of an engine runs, which has no files of ours."""

from __future__ import annotations

from explainer.batching.batch import Shop
from explainer.batching.shop import Worker, worker_of
from explainer.columnar.job import Job
from explainer.columnar.workshop import open_job

__all__ = ["make_chunk_worker"]


def make_chunk_worker(job: Job, shop: Shop) -> Worker:
    """Return the function that makes a chunk of outputs.

    Args:
        job: what decides them.
        shop: says whether they become files, and what the questions are; nothing is read from its paths.
    """
    return worker_of(open_job(job).press(files=shop.files), lines=shop.lines)

"""Gives an engine the job of another version, and prints what comes of it: python refusing.py ENGINE FOLDER."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from explainer.engines.job import Job, JobContent, make_job


def on_ray(questions: Path, job: Job) -> Any:
    import ray

    from explainer.engines.ray import render

    ray.init(
        address="local", num_cpus=2, object_store_memory=256 * 1024 * 1024, include_dashboard=False
    )
    return render(ray.data.read_parquet(str(questions)), job).count()


def on_spark(questions: Path, job: Job) -> Any:
    os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    from pyspark.sql import SparkSession

    from explainer.engines import spark

    # the driver would refuse the job, too: here it is only workers that see it
    spark.render_schema = lambda job: schema  # type: ignore[attr-defined]
    session = (
        SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    )
    return spark.render(session.read.parquet(str(questions)), job).count()


if __name__ == "__main__":
    engine, folder = sys.argv[1], Path(sys.argv[2])
    from explainer.engines.columns import render_schema

    good = make_job([folder / "c.yaml"]).unwrap()
    schema = render_schema(good)
    pieces = JobContent.unpack(good)
    other = replace(pieces, options=replace(pieces.options, version="99.0")).pack()
    try:
        sys.stdout.write(
            f"{ {'ray': on_ray, 'spark': on_spark}[engine](folder / 'q.parquet', other) } rows\n"
        )
    except Exception as error:  # noqa: BLE001  # every engine has its own
        sys.stdout.write(f"refused: {error}\n")

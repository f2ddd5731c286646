"""Questions in Parquet → prompts in Parquet, on Spark: python examples/spark_batch.py QUESTIONS PROMPTS [CATALOG …].

QUESTIONS has the columns `id` and `question`, and `models` and `papers` if entries are chosen already. The paths may be
whatever Spark reads and writes: a folder, `hdfs://…`, `s3a://…`. Catalogs are read here and travel to the workers.
On a cluster: spark-submit examples/spark_batch.py …, where every worker's Python has this package.
"""

from __future__ import annotations

import os
import sys

from pyspark.sql import SparkSession

from explainer.engines import make_job
from explainer.engines.spark import render


def main(questions: str, prompts: str, *catalogs: str) -> None:
    """Render all questions."""
    # without a cluster, workers run where this runs
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.appName("prompts").getOrCreate()
    job = make_job(catalogs).unwrap()
    render(spark.read.parquet(questions), job).write.parquet(prompts)
    spark.stop()


if __name__ == "__main__":
    if len(sys.argv) < 3:  # noqa: PLR2004  # QUESTIONS and PROMPTS
        sys.exit(__doc__)
    main(*sys.argv[1:])

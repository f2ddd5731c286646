"""Spark: questions or answers of a data frame → a data frame of prompts, of verdicts, of recommendations.

Example:
    frame = spark.read.parquet("questions/")
    render(frame, make_job(["catalogs/"]).unwrap()).write.parquet("prompts/")
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from explainer.columnar.check import check_batches, check_schema
from explainer.columnar.job import Job
from explainer.columnar.recommend import recommend_batches, recommend_schema
from explainer.columnar.render import check_columns, render_batches, render_schema

__all__ = ["check", "recommend", "render"]


def render(frame: DataFrame, job: Job) -> DataFrame:
    """Return the prompts of a data frame of questions; see `columnar.render_batches` for the columns."""
    check_columns(frame.columns)
    return _map(frame, render_batches, job, render_schema(job))


def check(frame: DataFrame, job: Job) -> DataFrame:
    """Return the verdicts on a data frame of answers; see `columnar.check_batches` for the columns."""
    return _map(frame, check_batches, job, check_schema())


def recommend(frame: DataFrame, job: Job) -> DataFrame:
    """Return what fits a data frame of questions; see `columnar.recommend_batches` for the columns."""
    return _map(frame, recommend_batches, job, recommend_schema())


def _map(frame: Any, batches: Any, job: Job, schema: pa.Schema) -> Any:
    return frame.mapInArrow(partial(batches, job=job), from_arrow_schema(schema))

"""Engines side by side, on this machine: `python -m benchmarks.engines [--rows N] [--runs N]`.

Questions in Parquet become prompts in Parquet: by one process, by the command with two jobs, on Ray and on Spark with two
workers each, through the adapters and through the command. Beside them stands what an engine itself costs: the same
pipeline with a function that gives back what it gets. Sides take turns, and figures are medians. Seconds on the clock
depend on who else is at work; the processor time of all processes of a side, which stands beside them, hardly does. The corpus is looked for beside the checkout (`../shared`, or EXPLAINER_SHARED); without it, entries of
the same size are made up. Starting an engine is measured once, and apart.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.figures import kind_mix, write_catalog

from explainer.engines.columns import render_batches, render_schema
from explainer.engines.job import Job, make_job

GROUP = 10_000


def take_turns(runs: int, **sides: Callable[[], object]) -> dict[str, float]:
    """Seconds of each side by the clock: the median of runs that take turns."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, side in sides.items():
            start = time.perf_counter()
            side()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


STORE = 256 * 1024 * 1024


def write_questions(folder: Path, rows: int) -> Path:
    """Questions that name one model and three papers of the catalog."""
    write_catalog(folder / "c.yaml")
    path = folder / "q.parquet"
    table = pa.Table.from_pylist(list(kind_mix(rows)))
    pq.write_table(table, path, row_group_size=GROUP)
    return path


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def in_one_process(questions: Path, out: Path, job: Job) -> None:
    with (
        pq.ParquetWriter(out, render_schema(job), compression="zstd") as writer,
        pq.ParquetFile(questions) as source,
    ):
        for batch in render_batches(source.iter_batches(4096), job):
            writer.write_batch(batch)


def command(folder: Path, out: str, *options: str) -> None:
    arguments = [
        "batch",
        folder / "q.parquet",
        "--catalog",
        folder / "c.yaml",
        "--out",
        fresh(folder / out),
    ]
    environment = {**os.environ, "RAY_ADDRESS": "local"}
    subprocess.run(
        [sys.executable, "-m", "explainer", *map(str, arguments), "--jobs", "2", *options],
        check=True,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def same(block: Any) -> Any:
    return block


def ray_sides(folder: Path, job: Job) -> tuple[dict[str, Callable[[], object]], Callable[[], None]]:
    import ray

    from explainer.engines.ray import render

    ray.init(
        address="local", num_cpus=2, object_store_memory=STORE, include_dashboard=False, log_to_driver=False,
        logging_level="error",
    )  # fmt: skip
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False

    def read() -> Any:
        return ray.data.read_parquet(str(folder / "q.parquet"))

    pool = ray.data.ActorPoolStrategy(min_size=1, max_size=2)
    return {
        "ray": lambda: render(read(), job, compute=pool).write_parquet(str(fresh(folder / "ray"))),
        "ray identity": lambda: read().map_batches(same, batch_format="pyarrow", batch_size=4096).write_parquet(
            str(fresh(folder / "ray0"))
        ),
    }, ray.shutdown  # fmt: skip


def same_batches(batches: Iterator[Any]) -> Iterator[Any]:
    yield from batches


def spark_sides(
    folder: Path, job: Job
) -> tuple[dict[str, Callable[[], object]], Callable[[], None]]:
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    from explainer.engines.spark import render

    settings = {
        "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.driver.memory": "1g",
        "spark.log.level": "ERROR", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false",
        "spark.sql.files.maxPartitionBytes": "1m",
    }  # fmt: skip
    spark = SparkSession.builder.master("local[2,4]").config(map=settings).getOrCreate()

    def read() -> Any:
        return spark.read.parquet(str(folder / "q.parquet"))

    return {
        "spark": lambda: render(read(), job).write.parquet(str(fresh(folder / "spark"))),
        "spark identity": lambda: read().mapInArrow(same_batches, read().schema).write.parquet(
            str(fresh(folder / "spark0"))
        ),
    }, spark.stop  # fmt: skip


def processor_seconds() -> dict[int, float]:
    """The processor time of this process and of each below it, from Linux's /proc; the children that each has buried count
    as its own. One that ends unburied is not told any more, so what is made of two such tables is a lower bound."""
    ticks = os.sysconf("SC_CLK_TCK")
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
            used[int(folder.name)] = sum(map(int, fields[11:15])) / ticks
    ours: dict[int, float] = {}
    for pid, seconds in used.items():
        one = pid
        while one not in (0, os.getpid()):
            one = parents.get(one, 0)
        if one:
            ours[pid] = seconds
    return ours


def measure(title: str, rows: int, runs: int, sides: Mapping[str, Callable[[], object]]) -> None:
    for side in sides.values():
        side()  # workers start, and read their job
    busy: dict[str, list[float]] = {name: [] for name in sides}

    def counted(name: str, side: Callable[[], object]) -> None:
        before = processor_seconds()
        side()
        after = processor_seconds()
        busy[name].append(
            sum(max(0.0, seconds - before.get(pid, 0.0)) for pid, seconds in after.items())
        )

    clock = take_turns(runs, **{name: partial(counted, name, side) for name, side in sides.items()})
    for name, seconds in clock.items():
        cost = statistics.median(busy[name]) / rows
        print(
            f"{title:<6} {name:<24} {seconds:7.1f} s {rows / seconds:9,.0f} rows/s on the clock, "
            f"{cost * 1e6:7.0f} µs of processor a row, {1 / cost:8,.0f} rows per core second",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        questions = write_questions(folder, options.rows)
        job = make_job([folder / "c.yaml"]).value
        assert job is not None
        print(
            f"{options.rows:,} questions, {questions.stat().st_size / 1e6:.1f} MB; job {len(job.content) / 1e6:.1f} MB"
        )
        one = {"one process": lambda: in_one_process(questions, folder / "one.parquet", job)}
        local: dict[str, Callable[[], object]] = {
            **one,
            "command, 2 jobs": lambda: command(folder, "local.parquet"),
        }
        measure("local", options.rows, options.runs, local)
        size = sum(path.stat().st_size for path in (folder / "local.parquet").iterdir())
        print(f"{'':<12} the prompts are {size / 1e6:.1f} MB of Parquet")
        for engine, sides_of in (("ray", ray_sides), ("spark", spark_sides)):
            begun = time.perf_counter()
            sides, stop = sides_of(folder, job)
            print(f"{engine:<12} started in {time.perf_counter() - begun:.1f} s")
            measure(engine, options.rows, options.runs, {**one, **sides})
            stop()
            begun = time.perf_counter()
            # its processes are gone when they could be counted
            command(folder, f"{engine}.parquet", "--engine", engine)
            seconds = time.perf_counter() - begun
            print(
                f"{engine:<6} command, start and all   {seconds:6.1f} s {options.rows / seconds:9,.0f} rows/s on the clock"
            )


if __name__ == "__main__":
    main()

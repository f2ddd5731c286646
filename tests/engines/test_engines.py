"""The command line on real engines: local Ray and local Spark, with two workers each."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.support import ROOT, slow

pytest.importorskip("pyarrow")

from tests.engines.support import (
    COUNT,
    ROWS,
    batch,
    engine_process,
    java,
    kill_one,
    project,
    same_tree,
    watch,
)

IS_WORKER: dict[str, Callable[[str], bool]] = {
    "ray": lambda command: command.startswith("ray::_TaskActor"),
    "spark": lambda command: "pyspark.daemon" in command or "pyspark/daemon" in command,
}


def _is_here(engine: str) -> bool:
    package = {"ray": "ray", "spark": "pyspark"}[engine]
    return importlib.util.find_spec(package) is not None and (engine != "spark" or java())


@pytest.fixture(scope="module", params=["ray", "spark"])
def engine(request: pytest.FixtureRequest) -> str:
    """The name of an engine that runs in this process; skipped where it is not installed."""
    if not _is_here(request.param):
        pytest.skip(f"{request.param} is not here")
    return str(request.param)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions, and what the local engine makes of them."""
    root = project(tmp_path_factory.mktemp("engines"), COUNT)
    for out in ("local.parquet", "local.jsonl"):
        assert batch(root, out) == 1  # some rows are poisoned
    return root


def run(engine: str, root: Path, out: str) -> int:
    process = engine_process(engine, root, out)
    _, err = process.communicate(timeout=1200)
    assert b"Traceback" not in err, err.decode()
    return process.returncode


@slow
def test_every_engine_writes_the_same_bytes(engine: str, root: Path) -> None:
    process = engine_process(engine, root, f"{engine}.parquet")
    held = watch(process, IS_WORKER[engine])
    assert process.wait() == 1
    if process.stderr is not None:
        process.stderr.close()
    assert same_tree(root / f"{engine}.parquet", root / "local.parquet")
    busy = [sizes for sizes in held.values() if max(sizes) > 50 and len(sizes) >= 8]
    assert busy, held
    for sizes in busy:  # what a worker holds after a third of its work is what it holds at the end
        third = len(sizes) // 3
        assert max(sizes[2 * third :]) <= max(sizes[: 2 * third]) * 1.15 + 16, sizes


@slow
def test_lines_that_come_back_are_the_same_bytes(engine: str, root: Path) -> None:
    assert run(engine, root, f"{engine}.jsonl") == 1
    for ending in ("jsonl", "manifest.jsonl"):
        assert (root / f"{engine}.{ending}").read_bytes() == (root / f"local.{ending}").read_bytes()


@slow
def test_a_worker_that_is_killed_costs_nothing(engine: str, root: Path) -> None:
    process = engine_process(engine, root, f"{engine}-killed.parquet")
    kill_one(
        process, IS_WORKER[engine], lambda: any((root / f"{engine}-killed.parquet").glob("part-*"))
    )
    _, err = process.communicate(timeout=1200)
    assert process.returncode == 1, err.decode()
    assert same_tree(root / f"{engine}-killed.parquet", root / "local.parquet")


@slow
def test_a_folder_of_files_is_the_same(engine: str, tmp_path: Path) -> None:
    small = project(tmp_path / "small", 300)
    assert batch(small, "local") == 1
    assert run(engine, small, engine) == 1
    assert same_tree(small / engine, small / "local")


def test_a_few_questions_are_the_same_rows(engine: str, tmp_path: Path) -> None:
    small = project(tmp_path / "small", 60)
    assert batch(small, "local.parquet") == 1
    assert run(engine, small, f"{engine}.parquet") == 1
    assert same_tree(small / f"{engine}.parquet", small / "local.parquet")


def example(name: str, *arguments: Any) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name, *map(str, arguments)],
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]


@slow
def test_the_example_runs_as_it_stands(engine: str, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from explainer.engines.columns import render_batches
    from explainer.engines.job import make_job

    small = project(tmp_path / "small", 2 * ROWS // 10)
    example(f"{engine}_batch.py", small / "q.parquet", small / "prompts", small / "c.yaml")
    made = pq.read_table(small / "prompts")
    job = make_job([small / "c.yaml"]).unwrap()
    local = pa.Table.from_batches(
        render_batches(pq.read_table(small / "q.parquet").to_batches(), job)
    )
    keys = [("custom_id", "ascending"), ("id", "ascending")]
    assert made.cast(local.schema).sort_by(keys).equals(local.sort_by(keys))


@slow
def test_a_worker_that_sees_another_version_ends_the_run(engine: str, tmp_path: Path) -> None:
    small = project(tmp_path / "small", 40)
    command = [sys.executable, "-m", "tests.engines.refusing", engine, str(small)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert "refused: " in done.stdout, done.stderr[-3000:]
    assert "made by explainer 99.0" in done.stdout + done.stderr


@slow
def test_answers_of_a_server_are_checked(tmp_path: Path) -> None:
    for name in ("ray", "aiohttp"):
        pytest.importorskip(name)
    import pyarrow as pa
    import pyarrow.parquet as pq

    from explainer.engines.columns import check_batches
    from explainer.engines.job import make_job
    from tests.engines.server import serving

    small = project(tmp_path / "small", 40)
    with serving() as url:
        options = ("--catalog", small / "c.yaml", "--model", "m", "--url", url)
        example("ray_to_inference.py", small / "q.parquet", small / "out", *options)
    answers = pq.read_table(small / "out" / "answers")
    verdicts = pq.read_table(small / "out" / "verdicts").sort_by("id")
    assert answers.num_rows == 37  # three rows cannot be asked
    job = make_job([small / "c.yaml"]).unwrap()
    expected = pa.Table.from_batches(check_batches(answers.to_batches(), job)).sort_by("id")
    assert verdicts.cast(expected.schema).equals(expected)
    assert {
        citation["status"] for row in verdicts.to_pylist() for citation in row["citations"]
    } == {"offered"}


@slow
def test_requests_for_a_batch_are_lines(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    small = project(tmp_path / "small", 40)
    options = ("--catalog", small / "c.yaml", "--model", "m")
    example("ray_to_inference.py", small / "q.parquet", small / "requests.jsonl", *options)
    rows = [
        json.loads(line)
        for line in (small / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert {row["url"] for row in rows} == {"/v1/chat/completions"}
    assert len({row["custom_id"] for row in rows}) == len(rows) == 37

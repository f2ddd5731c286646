"""What the tests of engines use: tables of questions, and the processes that work for this one."""

from __future__ import annotations

import filecmp
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.helpers.batches import CATALOG, question
from tests.helpers.support import SLOW, THOROUGH, explainer, write_tree

COUNT = 200_000 if THOROUGH else 100_000 if SLOW else 600
"""Questions of the large table; a part has 25,000 rows."""
POISONED: dict[int, dict[str, Any]] = {
    11: {"models": ["Nobody"]},
    12: {"question": ""},
    13: {"id": None},
    14: {"id": "q/00010"},
}
"""Rows with mistakes, by their place from 0; one has no id, which its number stands in for, and one another's."""
ROWS = 20_000


def write_questions(path: Path, count: int) -> Path:
    """Write a table of questions with some poisoned ones."""
    writer = None
    for first in range(0, count, ROWS):
        rows = [
            {**question(n), **POISONED.get(n, {})} for n in range(first, min(first + ROWS, count))
        ]
        table = pa.Table.from_pylist(rows)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return path


def project(root: Path, count: int) -> Path:
    """A folder with a catalog and a table of questions."""
    write_tree(root, {"c.yaml": CATALOG})
    write_questions(root / "q.parquet", count)
    return root


def batch(root: Path, out: str, *options: str) -> int:
    """Run the command in this process."""
    arguments: list[str | Path] = [
        "batch",
        root / "q.parquet",
        "--catalog",
        root / "c.yaml",
        "--out",
        root / out,
        "--jobs",
        "2",
        *options,
    ]
    return explainer(*arguments).status


def same_tree(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files with the same bytes."""
    names = sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file())
    others = sorted(str(path.relative_to(other)) for path in other.rglob("*") if path.is_file())
    return names == others and filecmp.cmpfiles(one, other, names, shallow=False)[1:] == ([], [])


def engine_process(engine: str, root: Path, out: str) -> subprocess.Popen[bytes]:
    """Start the command in a process of its own, with a cluster of its own on this machine."""
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "explainer",
        "batch",
        root / "q.parquet",
        "--catalog",
        root / "c.yaml",
    ]
    command += ["--out", root / out, "--jobs", "2", "--engine", engine]
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_ADDRESS": "local"}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes that a process has started, and those that these have."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(folder.name))
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), ()):
            yield child
            waiting.append(child)


def workers(pid: int, is_worker: Callable[[str], bool]) -> list[int]:
    """The workers of an engine below a process, by their command lines."""
    found = []
    for child in descendants(pid):
        try:
            command = (
                Path(f"/proc/{child}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
            )
        except OSError:
            continue
        if is_worker(command):
            found.append(child)
    return found


def resident(pid: int) -> int:
    """The megabytes that a process holds; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(lines[0].split()[1]) // 1024 if lines else 0


def watch(
    process: subprocess.Popen[bytes], is_worker: Callable[[str], bool]
) -> dict[int, list[int]]:
    """Return what each worker holds, over time, until the process ends."""
    held: dict[int, list[int]] = {}
    while process.poll() is None:
        for pid in workers(process.pid, is_worker):
            held.setdefault(pid, []).append(resident(pid))
        time.sleep(0.125)
    return held


def kill_one(
    process: subprocess.Popen[bytes], is_worker: Callable[[str], bool], when: Callable[[], Any]
) -> int:
    """Kill one worker, the one that holds most, as soon as something is so; return its id."""
    while not when():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.05)
    victim = max(workers(process.pid, is_worker), key=resident)
    os.kill(victim, signal.SIGKILL)
    return victim


def java() -> bool:
    """Whether a JVM is here."""
    home = os.environ.get("JAVA_HOME", "")
    return shutil.which("java") is not None or Path(home, "bin", "java").is_file()

"""What native code reads of a stranger: whatever becomes of its process, the run goes on, in time and in memory."""

from __future__ import annotations

import io
import random
import resource
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.support import SLOW, examples
from tests.hostile.spreadsheets import HOSTILE
from tests.hostile.support import attack, project


@pytest.mark.parametrize("name", HOSTILE)
def test_a_spreadsheet_ends_no_run(name: str) -> None:
    pytest.importorskip("python_calamine")
    Path(name).write_bytes(HOSTILE[name])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = attack("catalog", "import", name, "--out", "new.yaml", seconds=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert outcome.status in (0, 1)
    assert outcome.err
    assert after.ru_utime - before.ru_utime < 8
    # it is the most that any child took so far
    assert after.ru_maxrss <= max(before.ru_maxrss, 1_200_000)


def _tables() -> dict[str, bytes]:
    """Tables of a few bytes that ask for much, and broken ones."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")

    def packed(cells: object) -> bytes:
        stream = io.BytesIO()
        parquet.write_table(arrow.table({"question": cells}), stream, compression="zstd")
        return stream.getvalue()

    nested: Any = arrow.array(["x"])
    for _ in range(300):
        nested = arrow.ListArray.from_arrays([0, 1], nested)
    sound = packed(["Why?"] * 50)
    dice = random.Random(22)  # no secret
    broken = [bytearray(sound) for _ in range(examples(1, 20))]
    for raw in broken:
        raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    large = {
        "one cell that fills memory": packed(["x" * 300_000_000]),
        "a long cell in each of many rows": packed(arrow.repeat("x" * 100_000, 6_000)),
    }
    return {
        **(large if SLOW else {}),
        "rows without end": packed(arrow.repeat("Why?", 3_000_000)),
        "deep": packed(nested),
        "huge footer": sound[:-8] + b"\xff\xff\xff\x7fPAR1",
        "zeros": b"PAR1" + bytes(5_000) + b"\x10\0\0\0PAR1",
        "cut": sound[: len(sound) // 2],
        **{f"flipped {number}": bytes(raw) for number, raw in enumerate(broken)},
    }


def test_a_table_ends_no_run() -> None:
    project()
    for name, raw in list(_tables().items())[:: 1 if SLOW else 3]:
        Path("q.parquet").write_bytes(raw)
        outcome = attack("batch", "q.parquet", "--out", "o.jsonl", "--force", seconds=60)
        if not name.startswith("flipped"):
            assert outcome.status == 2, name
            assert "q.parquet" in outcome.err, name


@pytest.mark.parametrize("ending", [-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGKILL, 1])
def test_a_reader_of_tables_that_is_gone_is_a_finding(
    ending: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    project()
    parquet.write_table(arrow.table({"question": ["Why?"]}), "q.parquet")
    end = f"os._exit({ending})" if ending > 0 else f"os.kill(os.getpid(), {-ending})"
    monkeypatch.setattr("explainer.rendering.processes._BOOT", f"import os; {end}")
    outcome = attack("batch", "q.parquet", "--out", "o.jsonl")
    assert outcome.status == 2
    assert "q.parquet" in outcome.err

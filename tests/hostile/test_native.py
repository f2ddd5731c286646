"""What native code reads of a stranger: whatever becomes of its process, the run goes on, in time and in memory."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.hostile.spreadsheets import HOSTILE
from tests.hostile.support import attack


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
    assert after.ru_maxrss <= max(before.ru_maxrss, 1_200_000)  # it is the most that any child took so far

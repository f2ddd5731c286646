from __future__ import annotations

import subprocess
import sys

from tests.helpers.support import ROOT, examples


def test_no_bytes_crash_the_reader_and_every_refusal_has_a_position() -> None:
    count = examples(2_000, 20_000)
    done = subprocess.run(
        [sys.executable, "-m", "tests.properties.fuzz_yaml", str(count)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.endswith(f"{count} inputs\n")

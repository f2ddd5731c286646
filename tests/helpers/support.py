"""What several tests use: the shared corpus, trees of files, the command line in this process and in one of its own."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from explainer.__main__ import run

ROOT = Path(__file__).resolve().parents[2]
THOROUGH = os.environ.get("EXPLAINER_SLOW") == "all"
SLOW = THOROUGH or os.environ.get("EXPLAINER_SLOW") == "1"
slow = pytest.mark.skipif(not SLOW, reason="slow: set EXPLAINER_SLOW=1")


def shared(*parts: str) -> Path:
    """A file of the shared corpus; the test is skipped where that is missing."""
    folder = Path(os.environ.get("EXPLAINER_SHARED", ROOT.parent / "shared"))
    path = folder.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    return path


def examples(default: int, thorough: int) -> int:
    """How many examples are tried: few on every run, a fifth of a thorough run in CI, which has 25 minutes."""
    if THOROUGH:
        return thorough
    return max(default, thorough // 5) if SLOW else default


def write_tree(root: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder from a mapping of path to text."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return root


@dataclass(frozen=True)
class Outcome:
    """How a run of the command line ended."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def err(self) -> str:
        return self.stderr.decode()


@contextmanager
def _streams(stdin: bytes) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    saved = sys.stdin, sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
    sys.stdout = io.TextIOWrapper(out, encoding="ascii", write_through=True)
    sys.stderr = io.TextIOWrapper(err, encoding="ascii", write_through=True)
    try:
        yield out, err
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.detach()  # what it wraps is read after it has gone
        sys.stdin, sys.stdout, sys.stderr = saved


def explainer(*arguments: str | Path, stdin: bytes = b"") -> Outcome:
    """Run the command line in this process. Its streams speak ASCII, so that only bytes written as bytes come out."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with _streams(stdin) as (out, err):
            status = run([str(argument) for argument in arguments])
        return Outcome(int(status), out.getvalue(), err.getvalue())
    finally:
        signal.signal(signal.SIGTERM, handler)


def process(
    *arguments: str | Path, env: Mapping[str, str] | None = None, **options: object
) -> Outcome:
    """Run the command line in a process of its own."""
    command: Sequence[str] = [
        sys.executable,
        "-m",
        "explainer",
        *(str(argument) for argument in arguments),
    ]
    done = subprocess.run(  # type: ignore[call-overload]
        command,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **(env or {})},
        **options,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)

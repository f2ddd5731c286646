"""Processes of our own for what no library can bound from inside: a stranger's template, spreadsheet or table.

On Linux the kernel enforces CPU time and memory. macOS enforces CPU time, and ignores the memory limit. Windows has
neither.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

# Starts the process on our own files, wherever they were found, and on nothing that the environment names.
_BOOT: Final = (
    "import sys; from importlib import import_module; module, ours, *others = sys.argv[1:]; "
    "sys.path[:0] = [ours] if ours not in sys.path else []; "
    "sys.path += [home for home in others if home not in sys.path]; import_module(module).main()"
)


def start_process(module: str, libraries: Sequence[ModuleType]) -> subprocess.Popen[bytes]:
    """Start the function `main` of a module of ours, deaf to the environment, with pipes to and from it.

    Args:
        module: the module; it limits itself by `limit_memory` and `CpuLimit` before it reads what a stranger wrote.
        libraries: what it needs beside the standard library.
    """
    files = [str(library.__file__) for library in libraries]
    homes = [
        str(Path(__file__).resolve().parents[2]),
        *(str(Path(file).resolve().parents[1]) for file in files),
    ]
    return subprocess.Popen(  # noqa: S603  # our own module, by the interpreter that runs us, and deaf to others
        [sys.executable, "-I", "-c", _BOOT, module, *homes],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a process, whatever it does."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # what was still to be sent to a process that is gone
            pipe.close()  # type: ignore[union-attr]  # it was started with pipes


def exceeded_cpu(status: int) -> bool:
    """Whether a process that ended with this status was ended for its CPU time."""
    return hasattr(signal, "SIGXCPU") and status == -signal.SIGXCPU


def used_memory() -> int:
    """The bytes that this process has reserved so far; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * mmap.PAGESIZE
    except OSError:  # pragma: no cover - macOS, Windows
        return 0


def limit_memory(size: int) -> None:
    """Bound the memory of this process, in bytes. macOS accepts the call and ignores it; Windows has no such call."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  # not there on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


class CpuLimit:
    """Lets the kernel end this process when one piece of work takes more than so many seconds of CPU."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._limit = 0

    def renew(self) -> None:
        """Allow that much again, from now on."""
        limit = math.ceil(time.process_time()) + self._seconds
        if limit == self._limit:
            return
        with contextlib.suppress(ImportError, ValueError, OSError):
            import resource  # noqa: PLC0415  # not there on Windows

            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
        self._limit = limit

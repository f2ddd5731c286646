"""The process that renders a stranger's template, under limits that it cannot lift.

No engine can bound a template from inside: one expression may take minutes or all memory, and Jinja's documentation
says so. This process, `python -m explainer.template_worker`, can be ended: it gets a template on its first line of
input, contexts on the following ones, and answers each of those with a message of `explainer.wire`.
`explainer.isolation` starts it and ends it.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

from explainer.memo import EntryData
from explainer.render import Renderer
from explainer.wire import Sender


def main() -> None:
    """Serve renderings until the input ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    setup = json.loads(requests.readline())
    _limit_once(setup["memory_bytes"])
    renderer = Renderer(setup["name"], _finder(setup))
    limit = _CpuLimit(setup["cpu_seconds"])
    entries: dict[str, EntryData] = {}
    sender = Sender()
    for line in requests:
        request = json.loads(line)
        if request["forget"]:
            entries.clear()
        entries.update((number, EntryData(data)) for number, data in request["entries"].items())
        outcomes = []
        for question, models, papers in request["contexts"]:
            limit.renew()
            outcomes.append(renderer.render_parts({
                "question": question,
                "models": [entries[str(number)] for number in models],
                "papers": [entries[str(number)] for number in papers],
            }))  # fmt: skip
        answers.writelines(sender.message(outcomes))
        answers.flush()


def _finder(setup: dict[str, Any]) -> Any:
    """Find templates: the one that was sent, the built-in ones, and files in the template's own folder."""
    folder = Path(setup["folder"]).resolve()

    def find(name: str) -> str | None:
        if name == setup["name"]:
            return str(setup["source"])
        if name in setup["builtin"]:
            return str(setup["builtin"][name])
        path = (folder / name).resolve()
        if not path.is_relative_to(folder) or not path.is_file() or path.stat().st_size > setup["source_bytes"]:
            return None
        return path.read_text(encoding="utf-8")

    return find


def _limit_once(memory_bytes: int) -> None:
    """Bound the memory. macOS accepts the call and ignores it; Windows has no such call."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  # not there on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


class _CpuLimit:
    """Lets the kernel end this process when one rendering takes more than so many seconds of CPU."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._limit = 0

    def renew(self) -> None:
        """Allow that much again, from now on."""
        wanted = math.ceil(time.process_time()) + self._seconds
        if wanted == self._limit:
            return
        with contextlib.suppress(ImportError, ValueError, OSError):
            import resource  # noqa: PLC0415  # not there on Windows

            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (wanted, hard))
        self._limit = wanted


if __name__ == "__main__":
    main()

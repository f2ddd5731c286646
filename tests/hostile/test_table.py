"""The table of threats in SECURITY.md names tests that are there."""

from __future__ import annotations

import re

from tests.helpers.support import ROOT


def test_each_row_names_a_test_that_exists() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    named = [re.search(r"`(tests/[\w/]+\.py)::(test_\w+)` \|$", row) for row in rows]
    assert len(rows) >= 30
    assert all(named), [row for row, name in zip(rows, named, strict=True) if not name]
    for name in filter(None, named):
        assert f"def {name[2]}(" in (ROOT / name[1]).read_text(encoding="utf-8"), name[0]

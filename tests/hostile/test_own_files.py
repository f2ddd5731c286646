"""Files that the tool itself writes, as a stranger would write them: each is read as input, not as the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.support import SLOW
from tests.hostile.support import ODD_FILES, ODD_VALUES, attack, project, with_value

LINES = '{"question": "Why?", "models": ["M"], "papers": ["P"]}\n{"question": "How?", "models": ["M"], "papers": []}\n'
ROW_KEYS = ("id", "source", "raw", "key", "library", "catalogs", "size", "output", "out")
HEADER_KEYS = ("schema", "version", "as", "template", "suffix", "recipe")
MODES = {
    "again": (), "check": ("--check",), "prune": ("--prune",), "force": ("--force",),
}  # fmt: skip


def _batched(source: str, out: str) -> Path:
    project(q__jsonl=LINES)
    Path("victim").write_text("precious")
    assert attack("batch", source, "--out", out).status == 0
    return Path("out/prompt.manifest.jsonl") if out == "out" else Path("o.manifest.jsonl")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("source", "out"), [("q", "out"), ("q.jsonl", "o.jsonl")])
@pytest.mark.parametrize("key", [*ROW_KEYS, *HEADER_KEYS])
def test_a_manifest_with_odd_values(source: str, out: str, key: str, mode: str) -> None:
    manifest = _batched(source, out)
    header, *rows = manifest.read_text().splitlines()
    for name, value in list(ODD_VALUES.items())[:: 1 if SLOW else 3]:
        lines = (
            [with_value(header, key, value), *rows]
            if key in HEADER_KEYS
            else [header, *[with_value(r, key, value) for r in rows]]
        )
        manifest.write_text("".join(f"{line}\n" for line in lines))
        attack("batch", source, "--out", out, *MODES[mode])
        assert Path("victim").read_text() == "precious", name
        assert attack("batch", source, "--out", out, "--force").status == 0
        assert attack("batch", source, "--out", out, "--check").status == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ODD_FILES)
@pytest.mark.parametrize(("source", "out"), [("q", "out"), ("q.jsonl", "o.jsonl")])
def test_a_manifest_that_is_none(source: str, out: str, name: str, mode: str) -> None:
    manifest = _batched(source, out)
    header = manifest.read_bytes().splitlines()[0]
    for data in (ODD_FILES[name], header + b"\n" + ODD_FILES[name]):
        manifest.write_bytes(data)
        attack("batch", source, "--out", out, *MODES[mode])
        manifest.unlink(missing_ok=True)


@pytest.mark.parametrize("name", ODD_FILES)
def test_other_files_of_ours_that_are_none(name: str) -> None:
    project()
    path = Path("odd.json")
    path.write_bytes(ODD_FILES[name])
    answer = Path("a.md")
    answer.write_text("### 1. Task\nx\n\n### 2. Workflow\nM\n\n### 3. References\n- M\n")
    attack("check", "a.md", "--question", "q/a.yaml", "--baseline", path)
    attack("check", "--provenance", path, "a.md")
    attack("check", path)
    attack("check", path.rename("odd.jsonl"))
    attack("check", "a.md", "--prompt", "odd.jsonl")
    attack("catalog", "import", "odd.jsonl", "--out", "new.yaml")
    Path("catalogs/c.sources.jsonl").write_bytes(ODD_FILES[name])
    Path("more.csv").write_text("name\nX\n")
    attack("catalog", "import", "more.csv", "--out", "catalogs/c.yaml")
    attack("catalog", "list")
    attack("validate", ".")

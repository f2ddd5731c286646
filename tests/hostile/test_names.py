"""Ids that meet on a disk, or that no disk takes: a finding, and all other questions are done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.endpoint.proxy import FaultProxy
from tests.helpers.ask import ask
from tests.hostile.support import attack, project

PAIRS = [
    ("x", "x.prompt.md/y"), ("x", "X.Prompt.MD/y"), ("x", "X"), ("é", "e\u0301"), ("straße", "STRASSE"), ("a/b", "A/b"), ("ﬁ", "fi"),
    ("x", "prompt.manifest.jsonl/y"), ("x", "promptfooconfig.yaml/y"), ("x", "ask.journal.jsonl/y"), ("x", "provenance.jsonl/y"),
    ("x", "x.answer.md/y"), ("x", "x.record.json/y"), ("x", "x.ungrounded.md/y"), ("x", "é" * 123), ("x", "é" * 128 + "/y"),
    ("x", "w" * 199), ("x", "con"), ("x", "a/NUL"), ("x", "aux.b/c"), ("x", "com1"), ("x", "lpt9.txt"), ("x", "a./b"), ("x", "a."),
    ("x", "ü/" * 99 + "y"), ("Å", "A\u030a"),
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[1][:20].replace("/", "|"))
def test_ids_that_meet(pair: tuple[str, str], canned: FaultProxy) -> None:
    pytest.importorskip("httpx2")
    lines = "".join(
        json.dumps({"id": id_, "question": f"Why {id_[:9]}?", "models": ["M"], "papers": ["P"]})
        + "\n"
        for id_ in pair
    )
    project(q__jsonl=lines)
    for other in ("text", "promptfoo"):
        outcome = attack("batch", "q.jsonl", "--out", other, "--format", other)
        suffix = "md" if other == "text" else "json"
        assert Path(f"{other}/{pair[0]}.prompt.{suffix}").is_file()
        assert Path(f"{other}/prompt.manifest.jsonl").is_file()
        rows = Path(f"{other}/prompt.manifest.jsonl").read_text().splitlines()[1:]
        assert len(rows) == (1 if outcome.status else 2)
        for row in map(json.loads, rows):
            assert Path(f"{other}/{row['id']}.prompt.{suffix}").is_file()
    assert ask(canned, "q.jsonl", "--out", "answers").status in (0, 1)


@pytest.mark.parametrize(
    "name",
    [
        "a:b",
        "a?",
        "a|b",
        'a"b',
        "a<b",
        "a\\b",
        "a\tb",
        "con",
        "a.",
        "a ",
        "é" * 122,
        "con.x",
        "CONOUT$",
    ],
)
def test_files_whose_names_are_no_names_elsewhere(name: str) -> None:
    project()
    Path("q", f"{name}.yaml").write_text("question: Why?\nmodels: [M]\npapers: [P]\n")
    outcome = attack("batch", "q", "--out", "out")
    assert outcome.status == 1
    assert "B703" in outcome.err
    assert Path("out/a.prompt.md").is_file()

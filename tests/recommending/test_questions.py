from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from explainer.recommending.questions import RecommendConfig, recommend_questions

CATALOG = "models: [{name: Rain-Away, task: rain}, {name: Snow-Away, task: snow}]\ntasks: [{id: rain, aliases: [drizzle]}]\n"


def test_an_index_that_turns_out_to_be_damaged_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tantivy")
    monkeypatch.setenv("EXPLAINER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
    config = RecommendConfig(
        text="rain and drizzle", catalogs=(tmp_path / "catalog.yaml",), use_index=True
    )
    before = recommend_questions(config)
    for path in (tmp_path / "cache").rglob("tables.db"):
        with sqlite3.connect(path) as base:
            base.execute("UPDATE entries SET terms = x'00'")
        base.close()
    assert [one.entry.label for one in before.choices[0][1].models] == ["Rain-Away"]
    assert recommend_questions(config).choices[0][1] == before.choices[0][1]


def test_catalogs_that_cannot_be_read_cost_their_questions_alone(tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
    lines = '{"question": "rain", "catalog": ["none.yaml"]}\n{"question": "rain", "catalog": ["catalog.yaml"]}\n'
    (tmp_path / "q.jsonl").write_text(lines * 2, encoding="utf-8")
    result = recommend_questions(RecommendConfig(questions=tmp_path / "q.jsonl"))
    assert [loaded.id for loaded, _ in result.choices] == ["line-2", "line-4"]
    assert [finding.code for finding in result.findings if finding.code == "F101"] == ["F101"]
    assert [Path(file.split(" (")[0]).name for file in result.catalogs] == [
        "none.yaml",
        "catalog.yaml",
    ]

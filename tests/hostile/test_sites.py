"""The state that `publish` keeps in a site, as a stranger would write it; and folders where links stand."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from explainer.diagnostics.text import refused_characters
from tests.helpers.support import SLOW
from tests.hostile.support import ODD_FILES, ODD_VALUES, attack, project, with_value

ANSWER = "### 1. Task\nx\n\n### 2. Workflow\nM\n\n### 3. References\n- M: https://example.org/m\n"
PUBLISH = ("publish", "answers", "--question", "q", "--out", "site")
STATE = Path("site/.explainer-site.json")
ROW_KEYS = (
    "id",
    "page",
    "title",
    "state",
    "verdict",
    "models",
    "cited",
    "offered",
    "drawing",
    "digest",
    "updated",
)


def _published() -> str:
    """Publish a new site; return its state, which others may write to."""
    shutil.rmtree("site", ignore_errors=True)
    for path in ("q/b.yaml", "answers/b.md"):
        Path(path).unlink(missing_ok=True)
    project(**{"answers/a__md": ANSWER})
    Path("victim").write_text("precious")
    assert attack(*PUBLISH).status == 0
    Path("site/mine.html").write_text("precious")
    return STATE.read_text()


def _go_on() -> None:
    """Publish again, and once more with another answer; nothing of others is gone, and the pages are there."""
    attack(*PUBLISH)
    Path("q/b.yaml").write_text("question: How?\nmodels: [M]\npapers: []\n")
    Path("answers/b.md").write_text(ANSWER)
    assert attack(*PUBLISH).status == 0
    assert Path("victim").read_text() == Path("site/mine.html").read_text() == "precious"
    assert "javascript:" not in "".join(path.read_text() for path in Path("site/entries").iterdir())
    assert Path("site/answers/b.html").is_file()


@pytest.mark.parametrize("name", ODD_FILES)
def test_a_state_that_is_none(name: str) -> None:
    _published()
    STATE.write_bytes(ODD_FILES[name])
    _go_on()


@pytest.mark.parametrize(
    "key", ["schema", "environment", "catalogs", "answers", "entries", "files"]
)
def test_a_state_with_odd_values(key: str) -> None:
    for value in (
        *list(ODD_VALUES.values())[:: 1 if SLOW else 5],
        "[[1]]",
        '[["k", {}]]',
        '{"../victim": "x"}',
        '{"mine.html": "x"}',
        '{"a": {"kind": 1}}',
    ):
        state = _published()
        STATE.write_text(with_value(state, key, value))
        _go_on()


@pytest.mark.parametrize("key", ROW_KEYS)
def test_a_row_with_odd_values(key: str) -> None:
    for value in (*list(ODD_VALUES.values())[:: 1 if SLOW else 5], '["../x"]', '"<script>"'):
        state = json.loads(_published())
        row = with_value(json.dumps(state["answers"][0][1]), key, value)
        state["answers"][0][1] = "\ue000"
        STATE.write_text(json.dumps(state, ensure_ascii=False).replace('"\ue000"', row))
        _go_on()


ENTRIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "script": lambda entry: entry.update(paper="javascript:alert(1)"),
    "links": lambda entry: entry.update(links=["javascript:alert(1)"]),
    "no kind": lambda entry: entry.pop("kind"),
    "kind": lambda entry: entry.update(kind=["models"]),
    "other kind": lambda entry: entry.update(kind="papers"),
    "no name": lambda entry: entry.pop("name", entry.pop("title", None)),
    "nothing": lambda entry: entry.clear(),
    "key": lambda entry: entry.update({"x": 1}),
    "summary": lambda entry: entry.update(summary={"a": [1]}),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_of_a_stranger(name: str) -> None:
    state = json.loads(_published())
    for entry in state["entries"].values():
        ENTRIES[name](entry)
    STATE.write_text(json.dumps(state))
    _go_on()


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
@pytest.mark.parametrize("folder", ["answers", "entries", "drawings"])
def test_nothing_is_written_through_a_link(folder: str) -> None:
    _published()
    for path in Path("site", folder).iterdir():
        path.unlink()
    Path("site", folder).rmdir()
    Path("far").mkdir()
    Path("site", folder).symlink_to("../far")
    assert "F105" in attack(*PUBLISH).err
    assert not list(Path("far").iterdir())


def test_a_page_that_was_edited_is_not_removed() -> None:
    _published()
    Path("site/answers/a.html").write_text("edited by hand")
    Path("answers/a.md").rename("answers/b.md")
    Path("q/a.yaml").rename("q/b.yaml")
    attack(*PUBLISH)
    assert Path("site/answers/a.html").read_text() == "edited by hand"


@pytest.mark.parametrize("out", ["file", "file/site", "loop", "x" * 300, "answers", "."])
def test_a_site_that_cannot_be(out: str) -> None:
    project(**{"answers/a__md": ANSWER})
    Path("file").write_text("precious")
    if os.name != "nt":
        Path("loop").symlink_to("loop")
    assert attack(*PUBLISH[:-1], out).status == 2
    assert Path("file").read_text() == "precious"


@pytest.mark.parametrize(
    "name", ["con", "\u0061\u0301", "\U00020000" * 90, "é" * 90, "a" * 200, "..", "%2e", "a\0"]
)
def test_names_of_pages(name: str) -> None:
    project(answers__jsonl=json.dumps({"id": name, "answer": ANSWER}) + "\n")
    assert attack("publish", "answers.jsonl", "--question", "q/a.yaml", "--out", "site").status == 0
    (page,) = Path("site/answers").iterdir()
    assert page.stem != "con"


@pytest.mark.parametrize("seconds", ["9" * 30, "99999999999999", "x", "1e5"])
def test_a_time_that_is_none(seconds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
    project(**{"answers/a__md": ANSWER})
    assert attack(*PUBLISH).status == 2


@pytest.mark.parametrize("text", ["\ud800", "\x1b[31m", "\u202e", "<b>"])
def test_a_title_of_odd_characters(text: str) -> None:
    project(**{"answers/a__md": ANSWER})
    assert attack(*PUBLISH, "--title", text).status == 0
    assert attack(*PUBLISH, "--url", f"https://x.org/{text}").status in (0, 2)
    for path in filter(Path.is_file, Path("site").rglob("*")):
        assert not list(refused_characters(path.read_text()))

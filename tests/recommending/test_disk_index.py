from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer import load_catalogs, parse_catalog
from explainer.catalogs.library import Library
from explainer.diagnostics.finding import Parsed
from explainer.recommending.disk_index import IndexedRecommender, open_indexed
from explainer.recommending.reasons import Recommendation
from explainer.recommending.recommend import Recommender
from tests.helpers.support import ROOT, examples

pytest.importorskip("tantivy")

CATALOG = """\
models:
  - {name: Upscale-Net-2x, task: super-resolution, summary: Enlarges pictures.}
  - {name: Upscale-Net-3x, task: super-resolution, summary: Enlarges pictures.}
  - {name: Big-Picture, task: super-resolution, summary: Enlarges pictures.}
  - {name: Rain-Away, task: weather-removal}
  - {name: Snow-Away, task: weather-removal, deprecated: use Rain-Away}
papers: [{title: Removing rain from pictures, task: weather-removal}]
tasks:
  - {id: super-resolution, aliases: [enlarge, bigger]}
  - {id: weather-removal, aliases: [rain, snow, drizzle]}
"""


class Catalogs:
    """A catalog file, and how often it was read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reads = 0
        path.write_text(CATALOG, encoding="utf-8")

    def load(self) -> Parsed[Library]:
        self.reads += 1
        return Parsed(
            Library(parse_catalog(self.path.read_text(encoding="utf-8")).unwrap().catalogs)
        )

    def open(self, *, rebuild: bool = False) -> IndexedRecommender:
        return open_indexed([self.path], self.load, lambda _: None, rebuild=rebuild).unwrap()


@pytest.fixture
def catalogs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogs:
    monkeypatch.setenv("EXPLAINER_CACHE", str(tmp_path / "cache"))
    return Catalogs(tmp_path / "catalog.yaml")


def names(recommender: IndexedRecommender, question: str) -> list[str]:
    return [one.entry.label for one in recommender.recommend(question).models]


def test_the_index_finds_what_the_words_and_the_task_say(catalogs: Catalogs) -> None:
    opened = catalogs.open()
    assert names(opened, "snow, rain and drizzle") == ["Rain-Away"]
    assert names(opened, "enlarge it, make it bigger")[:2] == ["Big-Picture", "Upscale-Net-2x"]
    assert [one.entry.label for one in opened.recommend("rain and drizzle").papers] == [
        "Removing rain from pictures"
    ]
    assert names(opened, "sourdough") == names(opened, "") == []


QUESTIONS = [
    "How does AI colourise old photos?",
    "My picture is blurred because my hand shook",
    "make a tiny picture 4× bigger for a poster",
    "snow and fog in my photo, and a person I want to erase",
    "a voice that reads stories, with a microphone and a robot",
    "How do I boil an egg?",
    "text to speech",
    "turn a sketch into a photo, not a photo into a sketch",
    "enlarge it four times",
    "colurise an old phtoograph (13)",
    "photogrammetry",
]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recommender, IndexedRecommender]:
    paths = sorted((ROOT / "catalogs").glob("*.yaml"))
    library = load_catalogs(ROOT / "catalogs").unwrap()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLAINER_CACHE", str(tmp_path_factory.mktemp("cache")))
        return Recommender(library), open_indexed(
            paths, lambda: Parsed(library), lambda _: None
        ).unwrap()


def shown(one: Recommendation[Any]) -> tuple[object, ...]:
    """All that is said of a recommendation; figures to the digits that are shown."""
    shares = {
        (
            word,
            share.term,
            *(round(each, 3) for each in (share.in_entry, share.same_task, share.task)),
        )
        for word, share in one.shares
    }
    gains = {reason: round(gain, 3) for reason, gain in one.gains.items()}
    return one.entry, one.score, one.why, shares, one.places, gains, one.demotion


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_index_recommends_what_the_same_catalogs_in_memory_do(
    both: tuple[Recommender, IndexedRecommender], question: str
) -> None:
    in_memory, on_disk = (one.recommend(question, models=3, papers=3) for one in both)
    for one, other in ((on_disk.models, in_memory.models), (on_disk.papers, in_memory.papers)):
        assert [shown(each) for each in one] == [shown(each) for each in other]


@settings(max_examples=examples(50, 5_000))
@given(question=st.text(max_size=300))
def test_no_question_of_an_index_raises(
    both: tuple[Recommender, IndexedRecommender], question: str
) -> None:
    assert both[1].recommend(question) == both[1].recommend(question)


def test_papers_go_with_models_that_somebody_else_chose(
    both: tuple[Recommender, IndexedRecommender],
) -> None:
    chosen = both[0].recommend(QUESTIONS[0], models=1, papers=0).models[0].entry
    in_memory, on_disk = (
        one.recommend("Is it true?", models=0, papers=3, chosen=[chosen]) for one in both
    )
    assert [shown(one) for one in on_disk.papers] == [shown(one) for one in in_memory.papers]
    assert len(on_disk.papers) == 3


def test_a_catalog_is_read_once_until_it_changes(catalogs: Catalogs) -> None:
    catalogs.open()
    catalogs.open()
    assert catalogs.reads == 1
    catalogs.path.write_text(CATALOG.replace("Rain-Away,", "Dry-Sky,"), encoding="utf-8")
    assert names(catalogs.open(), "rain and drizzle") == ["Dry-Sky"]
    assert catalogs.reads == 2


@pytest.mark.parametrize("garbage", [b"", b"garbage", None])
def test_a_damaged_index_is_built_again(
    catalogs: Catalogs, garbage: bytes | None, tmp_path: Path
) -> None:
    before = names(catalogs.open(), "rain and drizzle")
    for path in sorted((tmp_path / "cache").rglob("*")):
        if path.is_file() and path.suffix != ".lock":
            if garbage is None:
                path.unlink()
            else:
                path.write_bytes(garbage)
    try:
        after = names(catalogs.open(), "rain and drizzle")
    except ValueError:
        after = names(catalogs.open(rebuild=True), "rain and drizzle")
    assert after == before


def test_quotes_and_operators_are_only_words(catalogs: Catalogs) -> None:
    opened = catalogs.open()
    for question in (
        '"rain" AND (drizzle',
        "words:rain drizzle",
        "rain^9 drizzle~2",
        "task:1 rain [a TO z] drizzle",
    ):
        assert names(opened, question) == ["Rain-Away"]


def test_a_cache_folder_that_others_can_write_to_is_not_used(
    catalogs: Catalogs, tmp_path: Path
) -> None:
    before = names(catalogs.open(), "rain and drizzle")
    (tmp_path / "cache").chmod(0o777)
    refused = open_indexed([catalogs.path], catalogs.load, lambda _: None)
    assert (refused.value, [finding.code for finding in refused.findings]) == (None, ["F105"])
    (tmp_path / "cache").chmod(0o700)
    assert names(catalogs.open(), "rain and drizzle") == before

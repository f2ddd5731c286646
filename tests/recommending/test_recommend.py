from __future__ import annotations

import json
import os
import random
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer import load_catalogs, parse_catalog
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogLoader
from explainer.catalogs.schema import Entry
from explainer.recommending.bm25f import FieldedIndex, IndexTables, Postings
from explainer.recommending.ranking import Ranking
from explainer.recommending.reasons import Recommendation
from explainer.recommending.recommend import Choice, MeaningScale, Recommender, recommender_of
from tests.helpers.support import ROOT, examples, write_tree

E = TypeVar("E", bound=Entry)
CATALOG = """\
models:
  - {name: Upscale-Net-2x, task: super-resolution, summary: Enlarges pictures.}
  - {name: Upscale-Net-3x, task: super-resolution, summary: Enlarges pictures.}
  - {name: Upscale-Net-4x, task: super-resolution, summary: Enlarges pictures.}
  - {name: Big-Picture, task: super-resolution, summary: Enlarges pictures.}
  - {name: Rain-Away, signature: Img2Img, task: weather-removal, paper: https://arxiv.org/abs/2401.00001}
  - {name: Snow-Away, task: weather-removal, deprecated: use Rain-Away}
papers:
  - {title: A study of umbrellas, paper: https://arxiv.org/pdf/2401.00001v2.pdf}
  - {title: Removing rain from pictures}
  - {title: Sourdough}
tasks:
  - {id: super-resolution, aliases: [enlarge, bigger]}
  - {id: weather-removal, aliases: [rain, snow, drizzle]}
"""


def library(text: str = CATALOG) -> Library:
    found = parse_catalog(text).unwrap()
    # without the shipped vocabulary, so that the cases above say it all
    return Library(found.catalogs)


def names(found: Sequence[Recommendation[Any]]) -> list[str]:
    return [one.entry.label for one in found]


@pytest.mark.parametrize(
    "question", ["How does AI colourise old photos?", "How does AI colorize old photos?"]
)
def test_colourising_old_photos_is_colorization_in_either_spelling(question: str) -> None:
    shipped = load_catalogs(ROOT / "catalogs").unwrap()
    first = Recommender(shipped).recommend(question, models=1, papers=1)
    assert first.models[0].entry.task == "colorization"
    assert "fit the task colorization" in first.models[0].why


def test_lay_words_of_the_task_find_an_entry_that_has_none_of_them() -> None:
    assert names(Recommender(library()).recommend("rain and drizzle spoilt my holiday").models) == [
        "Rain-Away"
    ]


def test_near_duplicates_stand_below_an_entry_that_is_as_good() -> None:
    found = names(
        Recommender(library()).recommend("enlarge my picture, make it bigger", models=4).models
    )
    assert found[:2] == ["Big-Picture", "Upscale-Net-2x"]
    assert set(found[2:]) == {"Upscale-Net-3x", "Upscale-Net-4x"}


def test_deprecated_entries_are_offered_only_when_they_are_named() -> None:
    assert "Snow-Away" not in names(Recommender(library()).recommend("snow and drizzle").models)


def test_papers_go_with_the_chosen_models() -> None:
    choice = Recommender(library()).recommend(
        "rain and drizzle spoilt my holiday", models=1, papers=3
    )
    assert sorted(names(choice.papers)) == ["A study of umbrellas", "Removing rain from pictures"]
    assert (
        "it is the paper of a chosen model"
        in {one.entry.label: one.why for one in choice.papers}["A study of umbrellas"]
    )


@pytest.mark.parametrize(
    "question", ["How do I bake sourdough?", "", "...", "how does AI do it?", "قهوة", "\x00"]
)
def test_where_nothing_fits_nothing_is_offered(question: str) -> None:
    assert Recommender(library()).recommend(question, papers=0).models == ()


def test_equally_good_entries_stand_in_the_order_of_their_names_wherever_they_stand_in_the_catalog() -> (
    None
):
    texts = [f"  - {{name: {name}, task: weather-removal}}" for name in "CABED"]
    for seed in range(5):
        random.Random(seed).shuffle(texts)
        text = "models:\n" + "\n".join(texts) + "\n" + CATALOG[CATALOG.index("tasks:") :]
        assert names(Recommender(library(text)).recommend("snow and drizzle").models) == list(
            "ABCDE"
        )


def test_a_score_is_the_sum_of_its_reasons() -> None:
    shipped = load_catalogs(ROOT / "catalogs").unwrap()
    found = Recommender(shipped).recommend(
        "my great aunt's blurry wedding picture made sharp", models=9, papers=9
    )
    every: list[Recommendation[Any]] = [*found.models, *found.papers]
    for one in every:
        total = sum(share.total for _, share in one.shares) + sum(one.gains.values())
        assert one.score == pytest.approx(total * one.demotion, abs=0.001)
        assert one.why


@dataclass(frozen=True)
class Likes:
    """A second opinion on questions in one language: it finds one entry near, and all others far."""

    language: str
    label: str
    scale = MeaningScale(weight=8.0, usual=0.5, bars=3.0)

    def for_language(self, language: str) -> Likes | None:
        return self if language == self.language else None

    def scores(
        self, question: str, ranking: Ranking[E], candidates: Sequence[int]
    ) -> dict[int, float]:
        return {number: float(ranking.entries[number].label == self.label) for number in candidates}


def test_a_language_without_vocabulary_is_read_by_its_meaning_where_a_model_knows_it() -> None:
    question = "Как увеличить картинку?"
    choice = Recommender(library(), semantic=Likes("ru", "Upscale-Net-4x")).recommend(
        question, models=1, papers=0
    )
    assert [chosen.entry.label for chosen in choice.models] == ["Upscale-Net-4x"]
    assert "the question was read as Russian" in choice.models[0].why
    far = Recommender(library(), semantic=Likes("ru", "no entry")).recommend(
        question, models=1, papers=0
    )
    assert (far.models, far.unreadable) == ((), False)
    unread = Recommender(library(), semantic=Likes("ko", "Upscale-Net-4x")).recommend(
        question, models=1, papers=0
    )
    assert (unread.models, unread.unreadable) == ((), True)


def test_a_second_opinion_is_added_to_the_score() -> None:
    semantic = Likes("en", "Upscale-Net-4x")
    found = (
        Recommender(library(), semantic=semantic)
        .recommend("enlarge it, make it bigger", models=5, papers=0)
        .models
    )
    assert found[0].entry.label == "Upscale-Net-4x"
    assert "its meaning is near" in found[0].why
    for one in found:
        total = sum(share.total for _, share in one.shares) + sum(one.gains.values())
        assert one.score == pytest.approx(total * one.demotion, abs=0.001)


def test_two_rare_words_of_an_example_do_not_win_over_the_task_that_all_words_speak_for() -> None:
    question = (
        "My aunt from the estate wants the walls of her village church measured from pictures"
    )
    (first,) = (
        Recommender(load_catalogs(ROOT / "catalogs").unwrap())
        .recommend(question, models=1, papers=0)
        .models
    )
    assert first.entry.task == "3d-reconstruction"
    assert "its task fits best by single words and by all together" in first.gains


@pytest.mark.parametrize("name", ["photogrammetry", "deblurring", "SVG", "lidar", "binocular"])
def test_a_name_of_a_task_is_enough_by_itself(name: str) -> None:
    recommender = Recommender(load_catalogs(ROOT / "catalogs").unwrap())
    (first,) = recommender.recommend(name, models=1, papers=0).models
    assert recommender.taxonomy.find(first.entry.task or "") == recommender.taxonomy.find(name)
    assert "the question names its task" in first.why


def test_a_stated_scale_is_that_of_the_first_model() -> None:
    recommender = Recommender(library())
    for question, name in (
        ("enlarge it 3x", "Upscale-Net-3x"),
        ("make it four times bigger", "Upscale-Net-4x"),
    ):
        (first,) = recommender.recommend(question, models=1, papers=0).models
        assert first.entry.label == name
        assert "its scale is the one that is asked for" in first.why


PAPERS = """\
models: [{name: Dry, task: rain, paper: "https://arxiv.org/abs/2401.00001", summary: It takes streaks away by attention.}]
papers:
  - {title: A, task: rain, summary: Puddles.}
  - {title: B, task: rain, summary: Streaks and attention.}
  - {title: Rain and drizzle in snow, task: snow}
  - {title: Z, task: wind, paper: "https://arxiv.org/pdf/2401.00001v3"}
  - {title: Drizzle}
tasks: [{id: rain, aliases: [drizzle]}, {id: snow}, {id: wind}]
"""


def test_papers_are_the_models_own_and_those_of_its_task_ordered_by_what_they_say() -> None:
    papers = (
        Recommender(library(PAPERS))
        .recommend("take the drizzle and rain out of my photo", papers=5)
        .papers
    )
    assert names(papers) == ["Z", "B", "A", "Drizzle"]
    said = {paper.entry.label: paper.why for paper in papers}
    assert "it is the paper of a chosen model" in said["Z"]
    assert "it is about the task of the chosen model" in said["B"]
    for other in ("Z", "Drizzle"):
        assert "about the task" not in said[other]


@settings(max_examples=examples(150, 5_000))
@given(st.text(max_size=300))
def test_no_question_raises_and_the_order_is_stable(question: str) -> None:
    recommender = Recommender(library())
    assert recommender.recommend(question) == recommender.recommend(question)


# without `not` and `to`, which are words of the language: they say what is not wanted, and what becomes what
OPERATORS = "colour photo rain AND OR \" ' ( ) * : ^ ~ -rain +snow NEAR/2 name:rain [a b]"


@settings(max_examples=examples(60, 5_000))
@given(st.lists(st.sampled_from(OPERATORS.split())))
def test_nothing_in_a_question_is_a_query_operator(parts: list[str]) -> None:
    loud = Recommender(library()).recommend(" ".join(parts), papers=0).models
    bare = "".join(char if char.isalnum() else " " for char in " ".join(parts))
    quiet = Recommender(library()).recommend(bare, papers=0)
    assert names(loud) == names(quiet.models)


def index_files() -> list[Path]:
    return sorted(Path(os.environ["XDG_CACHE_HOME"]).glob("explainer/index-*"))


@pytest.mark.parametrize("damage", [b"", b"explainer/index/", None])
def test_the_index_of_a_catalog_file_is_kept_and_recommends_the_same(
    tmp_path: Path, damage: bytes | None
) -> None:
    write_tree(tmp_path, {"c.yaml": CATALOG})

    def choice() -> Choice:
        library = CatalogLoader([tmp_path / "c.yaml"]).for_named().unwrap()
        return recommender_of(library).recommend("make my rainy picture bigger", models=3, papers=3)

    first = choice()
    (file,) = index_files()
    whole = file.read_bytes()
    assert choice() == first
    file.write_bytes(whole[:-1] + b"!" if damage is None else damage)
    assert choice() == first
    assert file.read_bytes() == whole
    write_tree(tmp_path, {"c.yaml": CATALOG.replace("Enlarges", "Dries")})
    assert choice() != first
    assert len(index_files()) == 2


def _first(numbers: array[int]) -> array[int]:
    return array("I", [0] * len(numbers))


FORGED: dict[str, Callable[[str, array[int], array[float]], tuple[str, Postings]]] = {
    "other words": lambda word, numbers, values: (f"x{word}", (numbers, values)),
    "reversed": lambda word, numbers, values: (word, (numbers[::-1], values)),
    "all of the first": lambda word, numbers, values: (word, (_first(numbers), values)),
    "huge": lambda word, numbers, values: (word, (numbers, array("d", [1e308] * len(values)))),
    "large": lambda word, numbers, values: (word, (numbers, array("d", [999.0] * len(values)))),
    "nothing": lambda word, numbers, values: (word, (numbers, array("d", [0.0] * len(values)))),
    "half": lambda word, numbers, values: (
        word,
        (numbers[: len(numbers) // 2], values[: len(numbers) // 2]),
    ),
}


def _forged(table: FieldedIndex) -> Iterator[FieldedIndex]:
    """A table in which nothing is wrong but that it is not that of its entries."""
    rows = list(table.postings())
    words, postings = [word for word, _ in rows], [row for _, row in rows]
    yield FieldedIndex(table.size, ())
    yield FieldedIndex(table.size, zip(reversed(words), postings, strict=True))
    for forge in FORGED.values():
        yield FieldedIndex(table.size, starmap(forge, ((word, *row) for word, row in rows)))


def _packed(tables: Mapping[str, FieldedIndex]) -> bytes:
    again = IndexTables(tables)
    for name, table in tables.items():
        again.get(name, table.size, partial(FieldedIndex, 0, ()))
    return again.packed()


@pytest.mark.parametrize("name", ["phrases", "task words", "models words", "models same task", "models prior", "models bars",
                                  "papers words", "papers same task", "papers prior"])  # fmt: skip
def test_an_index_that_does_not_fit_its_entries_raises_nothing(tmp_path: Path, name: str) -> None:
    write_tree(tmp_path, {"c.yaml": CATALOG})
    library = CatalogLoader([tmp_path / "c.yaml"]).for_named().unwrap()
    first = recommender_of(library).recommend("make my rainy picture bigger", models=3, papers=3)
    store = library.index_store
    assert store is not None
    tables = dict(IndexTables.unpacked(store.get() or b"")._kept)
    for table in _forged(tables[name]):
        store.put(_packed({**tables, name: table}))
        recommender_of.cache_clear()
        for question in (
            "make my rainy picture bigger",
            "rain",
            "photogrammetry of a snowy street",
        ):
            recommender_of(library).recommend(question, models=3, papers=3)
    index_files()[0].unlink()
    recommender_of.cache_clear()
    again = recommender_of(library).recommend("make my rainy picture bigger", models=3, papers=3)
    assert again == first


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_an_index_that_others_can_write_to_is_not_read(tmp_path: Path, mode: int) -> None:
    write_tree(tmp_path, {"c.yaml": CATALOG})
    library = CatalogLoader([tmp_path / "c.yaml"]).for_named().unwrap()
    recommender_of(library)
    assert library.index_store is not None
    (file,) = index_files()
    file.chmod(mode)
    assert library.index_store.get() is None
    file.chmod(0o600)
    assert library.index_store.get() is not None
    if os.getuid() == 0:
        os.chown(file, 65534, 65534)
        assert library.index_store.get() is None


def test_an_index_without_end_is_refused_at_once_and_built_again(tmp_path: Path) -> None:
    write_tree(tmp_path, {"c.yaml": CATALOG})
    library = CatalogLoader([tmp_path / "c.yaml"]).for_named().unwrap()
    old = os.umask(0)
    try:
        recommender_of(library)
        (file,) = index_files()
        whole = file.read_bytes()
        os.truncate(file, 20_000_000_000)
        recommender_of.cache_clear()
        begun = time.process_time()
        recommender_of(library)
    finally:
        os.umask(old)
    assert time.process_time() - begun < 5
    assert file.read_bytes() == whole
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_index_in_a_folder_that_others_can_write_to_is_not_read(tmp_path: Path) -> None:
    write_tree(tmp_path, {"c.yaml": CATALOG})
    library = CatalogLoader([tmp_path / "c.yaml"]).for_named().unwrap()
    recommender_of(library)
    assert library.index_store is not None
    assert library.index_store.get() is not None
    index_files()[0].parent.chmod(0o777)
    assert library.index_store.get() is None


def asked(name: str) -> list[dict[str, str]]:
    return list(map(json.loads, (ROOT / "tests" / "data" / name).read_text().splitlines()))


def test_lay_questions_get_a_model_of_their_task_and_others_get_none() -> None:
    recommender = Recommender(load_catalogs(ROOT / "catalogs").unwrap())

    def task_of(question: str) -> str | None:
        models = recommender.recommend(question, models=1, papers=0).models
        return models[0].entry.task if models else None

    lay = asked("fresh_lay_questions.jsonl")
    offered = [task_of(row["question"]) for row in lay]
    assert sum(task == row["task"] for task, row in zip(offered, lay, strict=True)) >= 0.88 * len(
        lay
    )
    assert offered.count(None) <= 0.07 * len(lay)
    off_topic = [row["question"] for row in asked("fresh_off_topic_questions.jsonl")]
    assert list(map(task_of, off_topic)).count(None) >= 0.85 * len(off_topic)


@pytest.mark.parametrize(
    "question", ["picture of a receipt to text", "turn my photographed pages into text"]
)
def test_a_task_that_only_papers_have_gets_papers_and_no_model(question: str) -> None:
    choice = Recommender(load_catalogs(ROOT / "catalogs").unwrap()).recommend(
        question, models=1, papers=3
    )
    assert choice.models == ()
    assert {paper.entry.task for paper in choice.papers} == {"ocr"}

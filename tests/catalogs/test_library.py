from __future__ import annotations

import pytest

from explainer.catalogs.library import Library, Sources, resolve
from explainer.catalogs.parsing import LoadedCatalog, parse_catalog, parse_question
from explainer.diagnostics.finding import Parsed


def library(*texts: str, ranked: bool = True) -> Library:
    loaded: list[LoadedCatalog] = []
    for number, text in enumerate(texts):
        value = parse_catalog(text, f"c{number}", rank=number if ranked else 0).value
        assert value is not None
        loaded.append(value)
    return Library(loaded)


def resolved(question: str, shelf: Library) -> Parsed[Sources]:
    return resolve(parse_question(f"question: x\n{question}", "q", default_id="q").unwrap(), shelf)


SHELF = library(
    "models:\n"
    "  - {name: Alpha, id: a, aliases: [first, shared]}\n"
    "  - {name: Beta, aliases: [shared]}\n"
    "  - {name: 'C++'}\n"
    "  - {name: 'C'}\n"
    "  - {name: Old, deprecated: use Alpha}\n"
    "papers:\n"
    "  - {title: 'Alpha', id: paper-a}\n"
    "  - {title: 'Deep Things: a Study'}\n"
)


@pytest.mark.parametrize("name", ["Alpha", "a", "first"])
def test_a_name_an_id_and_an_alias_mean_the_entry(name: str) -> None:
    assert [model.name for model in resolved(f"models: [{name}]\n", SHELF).unwrap().models] == [
        "Alpha"
    ]


def test_the_default_id_is_the_slug() -> None:
    assert (
        resolved("papers: [deep-things-a-study]\n", SHELF).unwrap().papers[0].title
        == "Deep Things: a Study"
    )


def test_entries_stand_in_the_order_of_the_question() -> None:
    sources = resolved("models: [Beta, a]\n", SHELF).unwrap()
    assert [model.name for model in sources.models] == ["Beta", "Alpha"]


def test_slugs_that_collide_are_told_apart() -> None:
    ids = {SHELF.models.id_of(entry) for entry in SHELF.models}
    assert len(ids) == 5
    assert all(SHELF.models.find(entry_id) for entry_id in ids)


@pytest.mark.parametrize(
    ("question", "code", "hint"),
    [
        ("models: [Alhpa]\n", "Q401", "did you mean 'Alpha'?"),
        ("models: [paper-a]\n", "Q401", "it is one of the papers: move it there"),
        ("papers: [Beta]\n", "Q402", "it is one of the models: move it there"),
        ("papers: [zzz]\n", "Q402", "the catalogs read are c0"),
        ("models: [shared]\n", "Q403", None),
    ],
)
def test_a_name_that_means_nothing_or_too_much_is_a_finding(
    question: str, code: str, hint: str | None
) -> None:
    parsed = resolved(question, SHELF)
    assert parsed.value is None
    assert [(f.code, f.location.line, f.location.column) for f in parsed.findings] == [
        (code, 2, 10)
    ]
    assert hint is None or parsed.findings[0].hint == hint


def test_all_unknown_names_are_reported_at_once() -> None:
    assert [f.code for f in resolved("models: [x1, x2]\npapers: [x3]\n", SHELF).findings] == [
        "Q401",
        "Q401",
        "Q402",
    ]


def test_named_twice_and_deprecated_are_warnings() -> None:
    parsed = resolved("models: [Alpha, a, Old]\n", SHELF)
    assert parsed.ok
    assert [f.code for f in parsed.findings] == ["Q404", "Q405"]


def test_the_earlier_catalog_wins() -> None:
    shelf = library("models: [{name: X, dataset: one}]\n", "models: [{name: X, dataset: two}]\n")
    assert resolved("models: [X]\n", shelf).unwrap().models[0].dataset == "one"


def test_without_an_order_unequal_entries_are_ambiguous_and_equal_ones_are_one() -> None:
    unequal = library(
        "models: [{name: X, dataset: one}]\n", "models: [{name: X, dataset: two}]\n", ranked=False
    )
    equal = library(
        "models: [{name: X, dataset: one}]\n", "models: [{name: X, dataset: one}]\n", ranked=False
    )
    (finding,) = resolved("models: [X]\n", unequal).findings
    assert finding.code == "Q403"
    assert finding.message.endswith(" differ in dataset")
    assert len(resolved("models: [X]\n", equal).unwrap().models) == 1


def test_an_ambiguous_name_that_nobody_uses_is_no_finding() -> None:
    shelf = library(
        "models: [{name: X, dataset: a}, {name: Y}]\n",
        "models: [{name: X, dataset: b}]\n",
        ranked=False,
    )
    assert resolved("models: [Y]\n", shelf).ok


def test_naming_a_broken_entry_is_not_a_second_mistake() -> None:
    shelf = library("models: [{name: Bad, nope: 1}]\n")
    parsed = resolved("models: [Bad]\n", shelf)
    assert parsed.value is None
    assert not parsed.findings

from __future__ import annotations

import json

import pytest

from explainer import parse_catalog
from explainer.catalogs.library import Library
from explainer.recommending.evaluate import Label, bootstrap, evaluate, label_of, parse_label
from explainer.recommending.intent import Taxonomy
from explainer.recommending.recommend import Recommender

CATALOG = """\
models:
  - {name: A, id: a, task: rain}
  - {name: B, aliases: [bee], task: rain}
  - {name: C, task: snow}
  - {name: D}
papers: [{title: P}]
tasks: [{id: rain}, {id: snow}]
"""


def library() -> Library:
    return parse_catalog(CATALOG).unwrap()


def label(**fields: object) -> Label:
    parsed = parse_label(json.dumps({"question": "Why?", **fields}), "labels.jsonl", 7)
    return label_of(parsed.unwrap(), library(), Recommender(library()).taxonomy)


def test_a_label_names_entries_by_name_id_or_alias_or_by_task() -> None:
    assert label(model="a").names == {"A"}
    assert label(models=["bee", "C"]).names == {"B", "C"}
    assert label(task="rain").names == {"A", "B"}
    assert label(paper="P").kind == "papers"
    assert label(paper="P").names == {"P"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"model": "nobody"}, "Q401"), ({"paper": "nothing"}, "Q402"), ({"task": "hail"}, "C303")],
)
def test_a_label_that_names_nothing_is_a_finding(fields: dict[str, str], code: str) -> None:
    found = label(**fields)
    assert [finding.code for finding in found.document.findings] == [code]
    assert found.document.findings[0].location.line == 7


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"question": "Why?"}', "S202"),
        ('{"question": "Why?", "modle": "A"}', "S201"),
        ("{", "Y102"),
        ("", "Y109"),
    ],
)
def test_a_line_that_is_no_label_is_a_finding(line: str, code: str) -> None:
    assert [finding.code for finding in parse_label(line, "labels.jsonl", 1).findings] == [code]


def test_the_figures_are_what_they_say() -> None:
    labels = [label(model="A"), label(model="B"), label(model="C"), label(model="D")]
    offered = dict(
        zip(map(id, labels), (["A"], ["A", "B"], [], ["A", "B", "C", "C", "C", "D"]), strict=True)
    )
    found = evaluate(labels, lambda one: offered[id(one)], library().models)
    assert [one.rank for one in found.outcomes] == [1, 2, None, 6]
    assert found.metric("hit@1").mean == 1 / 4
    assert found.metric("hit@5").mean == 2 / 4
    assert found.metric("MRR").mean == pytest.approx((1 + 1 / 2 + 1 / 6) / 4)
    assert found.metric("same task@1").mean == pytest.approx(2 / 3)
    assert found.metric("same task@1").count == 3
    assert found.never == ("D",)


TWINS = """\
models:
  - {name: A, task: rain, paper: "https://arxiv.org/abs/2401.00001"}
  - {name: A-large, task: rain, paper: "https://arxiv.org/pdf/2401.00001v2.pdf"}
  - {name: A-snow, task: snow, paper: "https://arxiv.org/abs/2401.00001"}
  - {name: B, task: rain}
papers: [{title: P, task: rain}, {title: Q, task: snow}]
tasks: [{id: rain}, {id: snow}]
"""


def test_twins_have_the_same_paper_and_task_and_count_both_ways() -> None:
    twins = parse_catalog(TWINS).unwrap()
    for asked, offered, rank, twin_rank in (
        ("A", ["B", "A-large", "A"], 3, 2),
        ("A-large", ["A"], None, 1),
        ("A", ["A-snow", "B"], None, None),
        ("B", ["A", "B"], 2, 2),
    ):
        right = label_of(
            parse_label(json.dumps({"question": "Why?", "model": asked}), "l", 1).unwrap(),
            twins,
            Taxonomy(twins.tasks),
        )
        (outcome,) = evaluate([right], lambda _, offered=offered: offered, twins.models).outcomes  # type: ignore[misc]
        assert (outcome.rank, outcome.twin_rank) == (rank, twin_rank)


def test_papers_are_judged_by_the_task_of_the_label() -> None:
    twins = parse_catalog(TWINS).unwrap()
    right = label_of(
        parse_label('{"question": "Why?", "model": "A"}', "l", 1).unwrap(),
        twins,
        Taxonomy(twins.tasks),
    )
    found = evaluate([right], lambda _: ["A"], twins.models, lambda _: list(twins.papers))
    assert found.metric("papers of the task").mean == 1 / 2
    assert evaluate([right], lambda _: ["A"], twins.models).metric("papers of the task").count == 0


def test_an_interval_holds_the_mean_and_is_the_same_every_time() -> None:
    values = [0.0, 1.0] * 50
    found = bootstrap(values)
    assert found.low < found.mean == 0.5 < found.high
    assert found == bootstrap(values)
    assert bootstrap([]).count == 0

from __future__ import annotations

import pytest

from explainer.catalogs.parsing import parse_catalog

GOOD = """\
models:
  - name: One
    id: one
    aliases: [uno]
    signature: Img2Img
    paper: https://example.org/1
papers:
  - title: "Two: a paper"
    year: 2024
    authors: [A. Author]
tasks:
  - id: deblur
    aliases: [sharpen]
"""


def found(text: str) -> list[tuple[str, int, int]]:
    return [(f.code, f.location.line, f.location.column) for f in parse_catalog(text, "c").findings]


def test_a_good_catalog_is_read_whole() -> None:
    catalog = parse_catalog(GOOD, "c").unwrap().catalog
    assert catalog.models[0].name == "One"
    assert catalog.papers[0].year == 2024
    assert catalog.tasks[0].aliases == ("sharpen",)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("    id: one", "    idd: one", ("S201", 3, 5)),
        ("  - name: One\n    id: one", "  - id: one", ("S202", 2, 5)),
        ("    aliases: [uno]", "    aliases: uno", ("S203", 4, 14)),
        ("    aliases: [uno]", "    aliases: [uno, [x]]", ("S203", 4, 20)),
        ("    paper: https://example.org/1", "    paper: ftp://example.org", ("S204", 6, 12)),
        ("    paper: https://example.org/1", "    paper: javascript:alert(1)", ("S204", 6, 12)),
        (
            "    paper: https://example.org/1",
            "    paper: https://user:pw@example.org",
            ("S204", 6, 12),
        ),
        ("    paper: https://example.org/1", "    links: [https://x.org, 'a b']", ("S204", 6, 28)),
        ("name: One", 'name: "  "', ("S205", 2, 11)),
        ("name: One", 'name: "a\\nb"', ("S206", 2, 11)),
        ("id: one", "id: ../one", ("S207", 3, 9)),
        ("id: one", "id: /one", ("S207", 3, 9)),
        ("id: one", "id: a/../b", ("S207", 3, 9)),
        ("year: 2024", "year: soon", ("S208", 9, 11)),
        ("year: 2024", "year: 20_20", ("S208", 9, 11)),
        ("year: 2024", "year: [2024]", ("S203", 9, 11)),
        ("year: 2024", "year: 12", ("S208", 9, 11)),
        ("tasks:", "task:", ("S201", 11, 1)),
        ("models:", "models:\n  - name: One", ("C301", 3, 11)),
        ("models:", "models:\n  - {name: Other, id: one}", ("C302", 4, 9)),
        ("models:\n", "models: x\nextra:\n", ("S203", 1, 9)),
    ],
)
def test_each_mistake_has_its_code_and_place(
    before: str, after: str, expected: tuple[str, int, int]
) -> None:
    assert before in GOOD
    assert expected in found(GOOD.replace(before, after, 1))


def test_an_unknown_key_suggests_the_one_that_was_meant() -> None:
    finding = parse_catalog("papers:\n  - titel: x\n    title: y\n", "c").findings[0]
    assert finding.hint == "did you mean 'title'?"


@pytest.mark.parametrize(
    ("wrong", "right"), [("models:\n  - title: x\n", "name"), ("papers:\n  - name: x\n", "title")]
)
def test_a_name_for_a_title_is_one_mistake(wrong: str, right: str) -> None:
    findings = parse_catalog(wrong, "c").findings
    assert [(f.code, f.hint) for f in findings] == [("S201", f"did you mean {right!r}?")]


def test_a_hidden_character_in_an_id_or_a_key_is_one_mistake() -> None:
    assert [
        code for code, *_ in found("models:\n  - {name: x, id: 'a\u202eb', 'ke\u202ey': z}\n")
    ] == ["Y108", "Y108"]


def test_entries_with_mistakes_are_left_out_and_remembered() -> None:
    parsed = parse_catalog("models:\n  - name: Good\n  - {name: Bad, nme: x, id: bad-id}\n", "c")
    assert parsed.value is not None
    assert [model.name for model in parsed.value.catalog.models] == ["Good"]
    assert {"Bad", "bad-id"} <= parsed.value.broken


def test_an_empty_value_says_nothing() -> None:
    catalog = (
        parse_catalog(
            'models:\n  - {name: x, paper: "", summary: "", aliases: null, links: }\n', "c"
        )
        .unwrap()
        .catalog
    )
    assert catalog.models[0].paper is None
    assert catalog.models[0].summary is None
    assert catalog.models[0].aliases == ()


@pytest.mark.parametrize("text", ["models:\n", "models: []\n", "models:\npapers:\ntasks:\n"])
def test_a_catalog_may_be_empty(text: str) -> None:
    assert parse_catalog(text, "c").ok


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "42\n"])
def test_what_is_no_mapping_is_no_catalog(text: str) -> None:
    assert found(text)[0][0] == "S203"


def test_a_model_and_a_paper_may_share_a_name() -> None:
    assert parse_catalog("models:\n  - name: X\npapers:\n  - title: X\n", "c").ok

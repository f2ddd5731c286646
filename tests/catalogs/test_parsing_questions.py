from __future__ import annotations

import json

from explainer.catalogs.parsing import parse_question, parse_question_line, question_from_text


def found(text: str) -> list[tuple[str, int, int]]:
    return [
        (f.code, f.location.line, f.location.column)
        for f in parse_question(text, "q", default_id="q").findings
    ]


def test_a_question_keeps_its_text_as_written() -> None:
    text = '“Quotes”, "more", C:\\path, {{ braces }} and — dashes?'
    loaded = parse_question(f"question: {json.dumps(text)}\n", "q", default_id="q").unwrap()
    assert loaded.question.question == text
    assert loaded.id == "q"


def test_its_own_id_wins() -> None:
    assert parse_question("question: x\nid: a/b\n", "q", default_id="q").unwrap().id == "a/b"


def test_left_out_is_not_empty() -> None:
    question = parse_question("question: x\nmodels: []\n", "q", default_id="q").unwrap().question
    assert question.models == ()
    assert question.papers is None


def test_a_catalog_is_a_path_or_a_list() -> None:
    one = parse_question("question: x\ncatalog: a.yaml\n", "q", default_id="q").unwrap().question
    two = (
        parse_question("question: x\ncatalog: [a.yaml, b]\n", "q", default_id="q").unwrap().question
    )
    assert one.catalog == ("a.yaml",)
    assert two.catalog == ("a.yaml", "b")


def test_an_unquoted_title_with_a_colon_is_explained() -> None:
    finding = parse_question(
        "question: x\npapers:\n  - REAL: Realism\n", "q", default_id="q"
    ).findings[0]
    assert (finding.code, finding.location.line, finding.location.column) == ("S203", 3, 5)
    assert "quote" in (finding.hint or "")


def test_mistakes_have_codes_and_places() -> None:
    assert found("questoin: x\n") == [("S201", 1, 1)]
    assert found("text: x\n") == [("S201", 1, 1), ("S202", 1, 1)]
    assert found("question: ''\n") == [("S205", 1, 11)]
    assert found("question: [x]\n") == [("S203", 1, 11)]
    assert found("question: x\nmodels: [1, null]\n") == [("S203", 2, 13)]
    assert found("question: x\nid: a b\n") == [("S207", 2, 5)]
    assert found("question: x\ncatalog: {a: b}\n") == [("S203", 2, 10)]


def test_a_line_of_json_may_hold_whole_entries() -> None:
    line = json.dumps(
        {"question": "x", "models": [{"name": "M"}, "N"], "papers": [{"title": "P", "year": 2020}]}
    )
    question = parse_question_line(line, "q.jsonl", 4).unwrap()
    assert question.id == "line-4"
    assert question.question.models is not None
    assert [item if isinstance(item, str) else item.label for item in question.question.models] == [
        "M",
        "N",
    ]


def test_mistakes_in_a_line_have_their_column() -> None:
    line = '{"question": "x", "models": [{"nam": "M"}]}'
    found = parse_question_line(line, "q.jsonl", 2).findings
    assert {(f.code, f.location.line, f.location.column) for f in found} == {("S201", 2, 31)}


def test_a_number_in_a_line_never_becomes_another_text() -> None:
    found = parse_question_line('{"question": "x", "papers": [2401.10000]}', "q.jsonl", 1).findings
    assert [(f.code, f.location.column) for f in found] == [("S203", 30)]


def test_plain_text_is_a_question_that_names_nothing() -> None:
    loaded = question_from_text("How?").unwrap()
    assert loaded.question.question == "How?"
    assert loaded.question.models is None


def test_what_is_wrong_with_plain_text_is_placed_in_that_text() -> None:
    found = question_from_text("a\nb\u202ec", file="--text").findings
    assert [(f.code, str(f.location)) for f in found] == [("Y108", "--text:2:2")]
    assert [(f.code, str(f.location)) for f in question_from_text(" ", file="--text").findings] == [
        ("S205", "--text:1:1")
    ]
    assert [f.code for f in question_from_text("a\rb").findings] == ["Y108"]


def test_plain_text_at_the_top_is_told_what_to_type() -> None:
    for text, hint in (
        (
            "How did they\nvanish?\n",
            'write the key before the text: question: "How did they vanish?"',
        ),
        ("question:How?\n", "put a space after the colon: question: How?"),
        ("question:\xa0How?\n", "put a space after the colon: question: How?"),
        ("'Is it: so?'\n", 'write the key before the text: question: "Is it: so?"'),
    ):
        [finding] = parse_question(text, "q", default_id="q").findings
        assert (finding.code, finding.hint) == ("S203", hint)


def test_half_a_character_in_a_line_of_json_is_one_mistake() -> None:
    for line in (
        r'{"question": "A photo?", "\udfaa": 0}',
        r'{"question": "A photo?", "models": [{"name": "a", "\udfaa": 0}]}',
        r'{"\ud800": 0}',
        r'{"question": "A \ud800photo?"}',
        r'{"question": "A photo?", "papers": [{"title": "\udfaa"}]}',
    ):
        parsed = parse_question_line(line, "q.jsonl", 3)
        assert [(finding.code, finding.location.line) for finding in parsed.findings] == [
            ("Y108", 3)
        ], line

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.documents.document import Document
from explainer.documents.yaml_reader import read_yaml
from tests.helpers.support import examples


def found(document: Document) -> list[tuple[str, int, int]]:
    return [(f.code, f.location.line, f.location.column) for f in document.findings]


@pytest.mark.parametrize(
    "scalar",
    ["2401.10000", "0704.0001", "no", "NO", "yes", "on", "off", "true", "False", "1e3", "12:30", "12:30:45", "010", "0x1F",
     "1_000", "+1", ".5", "-.inf", ".nan", "2024-13-45", "2001-12-14", "=", "<<", "0o17", "1.10", "00", "y", "N"],
)  # fmt: skip
def test_a_plain_scalar_stays_the_text_that_was_written(scalar: str) -> None:
    assert read_yaml(f"key: {scalar}\n", "f").data == {"key": scalar}


@pytest.mark.parametrize("null", ["null", "Null", "NULL", "~", ""])
def test_only_the_nulls_of_yaml_1_2_are_null(null: str) -> None:
    assert read_yaml(f"key: {null}\n", "f").data == {"key": None}
    assert read_yaml(f'key: "{null}"\n', "f").data == {"key": null}


def test_keys_that_other_loaders_take_for_booleans_stay_text() -> None:
    assert read_yaml("no: 1\nnull: 2\n~: 3\n", "f").data == {"no": "1", "null": "2", "~": "3"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", [("Y103", 2, 1)]),
        ("x:\n  - {a: 1, b: 2, a: 3}\n", [("Y103", 2, 18)]),
        ("a: &x 1\nb: *x\n", [("Y104", 2, 4)]),
        ("a: &x {k: v}\nb:\n  <<: *x\n", [("Y104", 3, 7)]),
        ("*x : 1\n", [("Y104", 1, 1)]),
        ("a: &amp x\n", [("Y104", 1, 4)]),
        ("a: &b [1]\n", [("Y104", 1, 4)]),
        ("a: 'never closed\nb: 1\n", [("Y102", 1, 4)]),
        ("a: !!python/object/apply:os.system [id]\n", [("Y105", 1, 4)]),
        ("a: !!str 1\n", [("Y105", 1, 4)]),
        ("a: !!bool x\n", [("Y105", 1, 4)]),
        ("a: ! 1\n", [("Y105", 1, 4)]),
        ("a: 1\n---\nb: 2\n", [("Y107", 2, 1)]),
        ("", [("Y109", 1, 1)]),
        ("# only a comment\n", [("Y109", 1, 1)]),
        ("a: [1, 2\nb: 3\n", [("Y102", 2, 2)]),
        ("a: b: c\n", [("Y102", 1, 5)]),
        ("\ta: 1\n", [("Y102", 1, 1)]),
        ("? [1]\n: 2\n", [("Y110", 1, 3)]),
        ("{a: 1}: 2\n", [("Y110", 1, 1)]),
        ("a: x\u202ey\n", [("Y108", 1, 5)]),
        ("é🧠: x\x07\n", [("Y108", 1, 6)]),
        ('a: "x\\u202ey"\n', [("Y108", 1, 6)]),
        ('a: "\\e[31m"\n', [("Y108", 1, 5)]),
        ('a: "\\0"\nb: "\\x41\\N"\n', [("Y108", 1, 5), ("Y108", 2, 9)]),
        ('a: "\\\\e"\n', []),
        ("a: 'x\\e'\n", []),
        ("a: x\u200by\n", [("Y111", 1, 5)]),
        ("a: \U000e0041\n", [("Y108", 1, 4)]),
    ],
)
def test_every_refusal_has_a_code_and_a_position(
    text: str, expected: list[tuple[str, int, int]]
) -> None:
    assert found(read_yaml(text, "f")) == expected


def test_reading_goes_on_behind_what_is_refused() -> None:
    document = read_yaml("a: x\x07\nb: *y\nc: !!int 3\nd: 4\na: 5\n", "f")
    assert [code for code, *_ in found(document)] == ["Y108", "Y104", "Y105", "Y103"]
    assert document.data["d"] == "4"


@pytest.mark.parametrize("depth", [33, 1_000, 30_000, 1_000_000])
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_depth_is_bounded_before_anything_recurses(opening: str, depth: int) -> None:
    document = read_yaml(opening * depth, "f")
    assert document.findings[-1].code in ("Y106", "Y102")
    assert not document.readable


def test_thirty_two_levels_are_enough_and_allowed() -> None:
    assert not read_yaml("[" * 32 + "]" * 32, "f").findings


def test_thousands_of_mistakes_are_found_in_one_pass() -> None:
    escapes = read_yaml('a: "' + "\\u0001" * 100_000 + '"\n', "f")
    assert len(escapes.findings) == 100_000
    repeated = read_yaml("a: 1\n" * 20_000, "f")
    assert repeated.findings[-1].location.line == 20_000


def test_line_breaks_of_every_kind_give_the_same_data_and_positions() -> None:
    text = "question: |\n  one\n  two\nmodels:\n  - a\n  - a: b\n"
    expected = read_yaml(text, "f")
    for line_break in ("\r\n", "\r"):
        document = read_yaml(text.replace("\n", line_break), "f")
        assert document.data == expected.data
        assert document.locate(("models", 1, "a")) == expected.locate(("models", 1, "a"))


def test_values_keys_and_missing_values_have_places() -> None:
    document = read_yaml("a:\n  - b: 1\n    c: [x, y]\n", "f")
    assert str(document.locate(("a", 0, "c", 1))) == "f:3:12"
    assert str(document.locate(("a", 0, "c"), key=True)) == "f:3:5"
    assert str(document.locate(("a", 0, "missing"))) == "f:2:5"
    assert str(document.locate(())) == "f:1:1"


_plain = st.recursive(
    st.none()
    | st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "S")), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=examples(200, 5_000))
@given(st.dictionaries(st.sampled_from("abcdef"), _plain, min_size=1))
def test_what_a_writer_wrote_comes_back(data: object) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    document = read_yaml(text, "f")
    if all(f.code == "Y111" for f in document.findings):
        assert document.data == data


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("question: Why is my model ranked #1 on the list?\n", 34),
        ("- What does the model's #tag mean?\n", 25),
        ("question: What is C #\n", 21),
        ("name: Model #2\n", 13),
        ("question: #1 model of all?\n", 11),
        ("question: Which key is # on a phone?\n", 24),
        ("question: Is C # better than C++ for this\n", 16),
        ("title: On the #MeToo movement\n", 15),
        ("question: Is it (or #3) better?\n", 21),
        ("question: Why is it\n  ranked #1?\n", 10),
        ("names: [the #1, b\n  ]\n", 13),
    ],
)
def test_a_sentence_that_a_comment_cuts_is_reported(text: str, column: int) -> None:
    findings = [finding for finding in read_yaml(text, "f").findings if finding.code == "Y112"]
    assert [(f.severity, f.location.column) for f in findings] == [("warning", column)]
    assert findings[0].hint is not None
    assert findings[0].hint.startswith("quote the text: '")


@pytest.mark.parametrize(
    "line",
    [
        "name: alpha # the old one", "name: alpha  # the old one", "name: alpha  #old", "name: alpha #old",
        "task: image-segmentation # TODO check", "task: two words #TODO check", "github: https://example.org/a #12",
        "year: 2020 # is this right?", "title: A Title of Words # from the PDF", "name: alpha ##########",
        "name: alpha #---", "models: # those of 2020", "question: 'Why #1?'", 'question: "Why #1?" # good',
        "question: >-\n  Why is it #1?", "question: |\n  Why is it #1?", "question: Why is a#1 x?",
    ],
)  # fmt: skip
def test_comments_as_curators_write_them_are_fine(line: str) -> None:
    assert read_yaml(f"{line}\n", "f").findings == []


KEY_HINT = "write 'key: text', and indent the further lines of a text, or write it behind '>-'"


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ('question: "Why is it\n', (1, 11), 'close the quotation mark: "Why is it"'),
        ("question: 'Why is it\nmodels:\n  - a\n", (1, 11), "close the quotation mark: 'Why is it'"),
        ('question: "Why?\nmodels:\n  - "a"\n', (1, 11), 'close the quotation mark: "Why?"'),
        ('models:\n  - name: "A\n    task: x\n', (2, 11), 'close the quotation mark: "A"'),
        ("question: 'It's fine'\n", (1, 15), "quote the whole text: 'It''s fine'"),
        ("question: 'It's fine\nmodels: [a]\n", (1, 15), "quote the whole text: 'It''s fine'"),
        ('question: "He said "hi" to me"\n', (1, 21), "quote the whole text: 'He said \"hi\" to me'"),
        ('question: "a" is what?\n', (1, 15), "quote the whole text: '\"a\" is what?'"),
        ("question:How?\nmodels: [a]\n", (1, 10), "put a space after the colon: question: How?"),
        ("models:\n  - name:A\n    task: x\n", (2, 10), "put a space after the colon: name: A"),
        ("question: Why: because?\n", (1, 14), "quote the text: question: 'Why: because?'"),
        ("question: @x?\n", (1, 11), "quote the text: '@x?'"),
        ("question: `x` is what?\n", (1, 11), "quote the text: '`x` is what?'"),
        ("question: * star?\n", (1, 11), "quote the text: '* star?'"),
        ("models:\n\xa0\xa0- a\n", (2, 1), "indent with plain spaces: this is U+00A0 NO-BREAK SPACE"),
        ("models:\n  - a\n \u3000- b\nx\n", (3, 2), "indent with plain spaces: this is U+3000 IDEOGRAPHIC SPACE"),
        ("question: [How?\n", (1, 11), "close the bracket, or quote a text that begins with one"),
        ("How: really?\nAnd how?\n", (2, 1), KEY_HINT),
        ("  question: How?\nmodels: [a]\n", (2, 1), "begin all keys at the top in one column"),
    ],
)  # fmt: skip
def test_a_syntax_error_says_what_to_type_at_the_right_line(
    text: str, place: tuple[int, int], hint: str
) -> None:
    [finding] = read_yaml(text, "f").findings
    assert (finding.code, finding.location.line, finding.location.column) == ("Y102", *place)
    assert finding.hint == hint


def test_a_key_that_is_indented_with_a_wide_space_is_one_mistake() -> None:
    [finding] = read_yaml("question: Why?\n\xa0models: [a]\n", "f").findings
    assert (finding.code, finding.location.line, finding.hint) == (
        "Y110",
        2,
        "indent with plain spaces",
    )

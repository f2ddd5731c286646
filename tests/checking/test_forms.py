"""Forms in which answers are written: layouts, references and remarks, as data with the verdict that each must get.

The rows stand in tests/data/check_*.yaml. Each is a form, and is filled in with what the small world below offers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import pytest
import yaml

from explainer.catalogs.library import resolve
from explainer.catalogs.parsing import parse_question_line
from explainer.checking.check import CheckReport, check_answer
from explainer.checking.offered import CatalogLookup, Offered, offered_by_sources
from explainer.checking.titles import reads_like_title
from explainer.diagnostics.codes import RULES, Severity
from explainer.project import parse_catalog
from tests.helpers.support import ROOT, SLOW


def read_forms(name: str) -> dict[str, Any]:
    text = (ROOT / "tests" / "data" / name).read_text(encoding="utf-8")
    forms: dict[str, Any] = yaml.safe_load(text)
    return forms


WORLD = read_forms("check_world.yaml")
REFERENCES = read_forms("check_references.yaml")
REMARKS = read_forms("check_remarks.yaml")
HIDDEN = read_forms("check_hidden.yaml")
LAYOUTS = read_forms("check_layouts.yaml")
STYLES = read_forms("check_styles.yaml")
BESIDE = read_forms("check_beside.yaml")
SHORT = read_forms("check_short_names.yaml")


def _offered(world: dict[str, Any], catalog: str = "models: []") -> Offered:
    question = json.dumps({"question": WORLD["question"], **world["offered"]})
    loaded = parse_question_line(question, "<test>", 1).unwrap()
    library = parse_catalog(catalog).unwrap()
    return offered_by_sources(
        resolve(loaded, library).unwrap(), WORLD["question"], CatalogLookup(library)
    )


OFFERED = _offered(WORLD)


def filled(form: str, values: dict[str, str]) -> str:
    for mark, value in values.items():
        form = form.replace(mark, value)
    return form


def judged(text: str) -> CheckReport:
    return check_answer(text, OFFERED)


def _layouts() -> Iterator[tuple[str, str]]:
    known, unknown = LAYOUTS["languages"], LAYOUTS["unknown"]
    for group in ("numbered", "unnumbered", "unnumbered, by words"):
        for name in LAYOUTS[group]:
            for language in known if group.endswith("words") else {**known, **unknown}:
                yield f"{group}/{name}", language


def _in_layout(form: str, language: str) -> str:
    headings = {**LAYOUTS["languages"], **LAYOUTS["unknown"]}[language]
    marks = dict(zip(("{1}", "{2}", "{3}"), headings, strict=True))
    parts = {
        "{t}": WORLD["task"],
        "{w}": WORLD["workflow"],
        "{r}": WORLD["references"],
        "{i}": WORLD["inline"],
    }
    return filled(form, {**marks, **parts})


@pytest.mark.parametrize(("layout", "language"), list(_layouts())[:: 1 if SLOW else 3])
def test_a_good_answer_is_grounded_in_any_layout_and_language(layout: str, language: str) -> None:
    group, _, name = layout.partition("/")
    form = LAYOUTS[group][name]
    report = judged(_in_layout(form.replace("§", ""), language))
    findings = [finding for finding in report.findings if finding.severity is not Severity.NOTE]
    assert findings == []
    sections = form.split("§")
    for left_out in range(len(sections) if len(sections) == 3 else 0):
        rest = "".join(section for number, section in enumerate(sections) if number != left_out)
        assert not judged(_in_layout(rest, language)).grounded, (
            f"section {left_out + 1} is not missed"
        )


ENTRIES = [*WORLD["offered"]["models"], *WORLD["offered"]["papers"]]
LINKS = {entry.get("title", entry.get("name")): entry["paper"] for entry in ENTRIES}
LANTERN, LANTERN_NET, SURVEY = LINKS


def assert_no_doubt_about_statements(report: CheckReport) -> None:
    """No error or warning says that a good answer states something wrong."""
    assert [finding for finding in report.faults if RULES[finding.code].about_statement] == []


def with_references(references: str) -> str:
    return f"### 1. Task\n\n{WORLD['task']}\n\n### 2. Workflow\n\n{WORLD['workflow']}\n\n### 3. References\n\n{references}\n"


def in_sentence_case(title: str) -> str:
    first, *rest = title.split(" ")
    return " ".join(
        [first, *(word if word[1:] != word[1:].lower() else word.lower() for word in rest)]
    )


def _around(style: str, item: str) -> Iterator[str]:
    """The references with one more item behind them, and before them where a blank line keeps them apart."""
    is_block = item.startswith("\n") or style.startswith(("heading", "BibTeX", "quotation", "HTML"))
    yield WORLD["references"] + ("\n\n" if style.startswith("heading") else "\n") + item
    yield item.lstrip() + ("\n\n" if is_block else "\n") + WORLD["references"]


@pytest.mark.parametrize("style", REFERENCES["foreign"]["styles"])
def test_a_foreign_title_is_found_in_every_style(style: str) -> None:
    _all_are_found(style, REFERENCES["foreign"]["styles"][style], REFERENCES["foreign"]["titles"])


@pytest.mark.parametrize("style", REFERENCES["foreign"]["name styles"])
def test_a_foreign_name_is_found_in_every_style(style: str) -> None:
    _all_are_found(
        style, REFERENCES["foreign"]["name styles"][style], REFERENCES["foreign"]["names"]
    )


def _all_are_found(style: str, form: str, titles: list[str]) -> None:
    doubtful = 0
    for title in titles:
        # as headings of prose are written, too
        if style == "heading, bold line" and not reads_like_title(title):
            continue
        for references in _around(
            style, filled(form, {"{T}": title, "{t}": in_sentence_case(title)})
        ):
            report = judged(with_references(references))
            codes = {finding.code for finding in report.findings}
            assert codes & {"A301", "A302", "A307", "A304"}, (title, references)
            doubtful += report.grounded
    # what stands as a heading or a paragraph of its own, and may be a remark, is a warning
    assert doubtful == 0 or style.startswith(
        ("heading", "paragraph", "HTML", "quotation", "bold line", "field Publication")
    )


@pytest.mark.parametrize("style", REFERENCES["altered"]["styles"])
def test_a_title_with_words_added_or_taken_away_is_altered_in_every_style(style: str) -> None:
    for title in REFERENCES["altered"]["titles"]:
        entry = (
            LANTERN
            if title.startswith("Txt2Img")
            else LANTERN_NET
            if title.startswith("Lantern")
            else SURVEY
        )
        for references in _around(
            style,
            filled(REFERENCES["altered"]["styles"][style], {"{T}": title, "{L}": LINKS[entry]}),
        ):
            report = judged(with_references(references))
            assert not report.grounded, (title, references)
            assert title not in {
                c.text for c in report.citations if c.status in ("offered", "shortened")
            }


PLACES = ("  - {}", "    {}", "  {}", "    - {}", "  * {}")


@pytest.mark.parametrize("remark", REMARKS["nested"])
def test_a_remark_below_a_right_reference_is_no_fault(remark: str) -> None:
    lines = WORLD["references"].split("\n")
    forms = [
        [*lines[:at], place.format(remark), *lines[at:]] for place in PLACES for at in (3, 5, 7)
    ]
    forms.append(
        [
            f"- [{LANTERN_NET}]({LINKS[LANTERN_NET]})  ",
            f"  {remark}",
            f"- [{SURVEY}]({LINKS[SURVEY]})  ",
            f"  {remark}",
        ]
    )
    forms.append(
        [
            f"#### [{LANTERN_NET}]({LINKS[LANTERN_NET]})",
            f"- {remark}",
            "",
            f"#### [{SURVEY}]({LINKS[SURVEY]})",
            f"- {remark}",
        ]
    )
    forms.append(
        [
            f"**Model:** {LANTERN}",
            f"**Paper:** {LINKS[LANTERN]}",
            remark,
            "",
            f"**Model:** {SURVEY}",
            remark,
        ]
    )
    forms.append([f"- {LANTERN_NET} — {remark}", f"- **{SURVEY}**: {remark}"])
    for form in forms:
        report = judged(with_references("\n".join(form)))
        assert report.grounded, (form, report.findings)


@pytest.mark.parametrize("remark", [*REMARKS["paragraphs"], *REMARKS["offers"], *REMARKS["items"]])
def test_a_remark_beside_right_references_is_no_fault(remark: str) -> None:
    gap = "\n" if remark in REMARKS["items"] else "\n\n"
    for references in (
        f"{remark}{gap}{WORLD['references']}",
        f"{WORLD['references']}{gap}{remark}",
    ):
        report = judged(with_references(references))
        assert report.grounded, report.findings
        assert_no_doubt_about_statements(report)
        assert remark not in REMARKS["offers"] or not report.faults


@pytest.mark.parametrize("style", REMARKS["good"])
def test_right_references_are_grounded_in_every_style(style: str) -> None:
    report = judged(with_references(REMARKS["good"][style]))
    assert report.grounded, report.findings
    assert_no_doubt_about_statements(report)


@pytest.mark.parametrize("form", REMARKS["swapped"])
def test_swapped_links_are_found_and_right_ones_are_not(form: str) -> None:
    for one, other in ((LANTERN_NET, SURVEY), (SURVEY, LANTERN_NET), (LANTERN, SURVEY)):
        titles = {"{A}": one, "{B}": other}
        right = {**titles, "{a}": LINKS[one], "{b}": LINKS[other]}
        swapped = {**titles, "{a}": LINKS[other], "{b}": LINKS[one]}
        assert judged(with_references(filled(REMARKS["swapped"][form], right))).grounded
        codes = {
            finding.code
            for finding in judged(
                with_references(filled(REMARKS["swapped"][form], swapped))
            ).findings
        }
        assert "A401" in codes


def in_prose(text: str) -> CheckReport:
    return judged(
        f"## Task\n\n{text}\n\n## Workflow\n\n{WORLD['workflow']}\n\n## References\n\n{WORLD['references']}\n"
    )


PROSE = REFERENCES["prose"]


@pytest.mark.parametrize("form", [*PROSE["styles"].values(), *PROSE["only swapped"].values()])
def test_a_link_in_prose_belongs_to_the_name_beside_it(form: str) -> None:
    assert in_prose(filled(form, {"{T}": LANTERN_NET, "{L}": LINKS[LANTERN_NET]})).faults == ()
    codes = {
        finding.code
        for finding in in_prose(filled(form, {"{T}": LANTERN_NET, "{L}": LINKS[LANTERN]})).faults
    }
    assert "A401" in codes


@pytest.mark.parametrize("form", PROSE["styles"].values())
def test_another_title_beside_an_offered_link_in_prose_is_found(form: str) -> None:
    for title in PROSE["longer"]:
        codes = {
            finding.code
            for finding in in_prose(filled(form, {"{T}": title, "{L}": LINKS[LANTERN_NET]})).faults
        }
        assert codes & {"A302", "A304", "A307"}, title


@pytest.mark.parametrize("text", PROSE["good"])
def test_a_link_in_prose_beside_another_name_is_no_fault(text: str) -> None:
    assert in_prose(text).faults == ()


def test_the_number_behind_a_title_is_that_of_its_item() -> None:
    form = '### 1. Task\nPaint.\n\n### 2. Workflow\nTxt2Img-PaperLantern paints. **{A}** [1], then "{B}" [{n}].\n\n'
    form += "### 3. References\n[1] {A}. {a}\n[2] {B}. {b}\n"
    values = {"{A}": LANTERN_NET, "{B}": SURVEY, "{a}": LINKS[LANTERN_NET], "{b}": LINKS[SURVEY]}
    found = {
        number: judged(filled(form, {**values, "{n}": number}))
        for number in ("1", "2", "1, 2", "3")
    }
    codes = {
        number: {finding.code for finding in report.faults} & {"A310", "A401"}
        for number, report in found.items()
    }
    assert codes == {"1": {"A401"}, "2": set(), "1, 2": set(), "3": {"A310"}}


@pytest.mark.parametrize("number", range(len(HIDDEN["good"])))
def test_a_good_answer_in_a_style_of_its_own_is_grounded(number: int) -> None:
    report = judged(HIDDEN["good"][number])
    assert report.grounded, report.findings
    assert_no_doubt_about_statements(report)


OFFERED_BY_QUESTION = {
    key: _offered({"offered": entries}) for key, entries in STYLES["offered"].items()
}


@pytest.mark.parametrize("row", STYLES["answers"], ids=itemgetter("style"))
def test_an_answer_in_a_style_of_chat_models_has_no_fault(row: dict[str, Any]) -> None:
    report = check_answer(row["answer"], OFFERED_BY_QUESTION[row["question"]])
    assert report.grounded, report.findings
    assert [finding.code for finding in report.faults] == row.get("warnings", []), report.faults


@pytest.mark.parametrize("form", [*HIDDEN["error"], *HIDDEN["warned"]])
def test_a_foreign_title_does_not_hide(form: str) -> None:
    good = WORLD["references"]
    for references in (f"{good}\n{form}", f"{good}\n\n{form}", f"{form}\n\n{good}"):
        report = judged(with_references(references))
        assert {finding.code for finding in report.findings} & {"A301", "A302", "A304", "A307"}
        assert not (report.grounded and form in HIDDEN["error"])


CATALOGUED = "Deep Rivers Teach Machines to Swim"
BESIDE_VALUES = {
    "{M}": LANTERN,
    "{m}": "https://github.com/acme/lantern",
    "{T}": LANTERN_NET,
    "{t}": LINKS[LANTERN_NET],
    "{U}": SURVEY,
    "{u}": LINKS[SURVEY],
    "{F}": "Dancing Robots Learn Painting From Rain",
    "{C}": CATALOGUED,
}


OFFERED_BESIDE = _offered(
    WORLD, f"papers:\n- title: {CATALOGUED}\n  paper: https://arxiv.org/abs/2404.40000"
)


def _faults_beside(form: str, *, in_text: bool = False, closing: bool = False) -> list[Any]:
    line = filled(form, BESIDE_VALUES)
    answer = with_references(
        f"{WORLD['references']}{chr(10) * (1 + closing)}{line if not in_text else ''}"
    )
    if in_text:
        answer = answer.replace("### 2. Workflow", f"{line}\n\n### 2. Workflow")
    return list(check_answer(answer, OFFERED_BESIDE).faults)


@pytest.mark.parametrize("form", BESIDE["error"])
def test_another_title_beside_or_within_an_offered_one_is_an_error(form: str) -> None:
    assert {fault.code for fault in _faults_beside(form) if fault.is_error} & {
        "A301",
        "A302",
        "A303",
    }


@pytest.mark.parametrize("form", BESIDE["warning"])
def test_what_may_be_another_source_beside_an_offered_one_is_a_warning(form: str) -> None:
    assert {fault.code for fault in _faults_beside(form)} & {
        "A204",
        "A301",
        "A302",
        "A307",
        "A308",
        "A401",
    }


@pytest.mark.parametrize("form", BESIDE["clean"])
def test_what_belongs_to_a_right_reference_is_no_fault(form: str) -> None:
    assert _faults_beside(form) == []


@pytest.mark.parametrize("form", BESIDE["closing"])
def test_a_closing_remark_is_no_fault(form: str) -> None:
    assert _faults_beside(form, closing=True) == []


@pytest.mark.parametrize("form", BESIDE["prose"])
def test_another_title_or_link_in_the_text_is_found(form: str) -> None:
    assert _faults_beside(form, in_text=True)


def test_words_in_capitals_are_no_names_and_a_letter_may_name_its_sections() -> None:
    workflow = f"INPUT → {LANTERN} → OUTPUT: RESTORED PICTURE"
    letter = f"Task. {WORLD['task']}\n\nWorkflow. {workflow}\n\nReferences. {LANTERN}, https://github.com/acme/lantern."
    assert judged(letter).faults == ()


OFFERED_SHORT = _offered(SHORT)


def _faults_of_short(references: str, workflow: str | None = None) -> set[str]:
    answer = filled(SHORT["answer"], {"{R}": references.strip()})
    if workflow is not None:
        answer = answer.replace("Photo → BLIP → text → VITS → speech", workflow)
    return {finding.code for finding in check_answer(answer, OFFERED_SHORT).faults}


@pytest.mark.parametrize("form", SHORT["named links"])
def test_a_short_name_before_a_bare_link_is_no_label(form: str) -> None:
    first, second = ({"{N}": model["name"]} for model in SHORT["offered"]["models"])
    urls = [model["github"] for model in SHORT["offered"]["models"]]
    for other, codes in ((urls, set()), (urls[::-1], {"A401"})):
        items = [
            filled(form, {**name, "{U}": url})
            for name, url in zip((first, second), other, strict=True)
        ]
        assert _faults_of_short("\n".join(items)) == codes
        assert _faults_of_short(SHORT["references"] + items[0]) == codes


@pytest.mark.parametrize(("item", "code"), SHORT["faults"].items())
def test_what_stands_behind_right_references_is_read(item: str, code: str) -> None:
    assert code in _faults_of_short(SHORT["references"] + item)
    in_markdown = (
        SHORT["answer"]
        .replace("1. TASK", "## Task")
        .replace("2. WORK", "## Work")
        .replace("3. REF", "## REF")
    )
    report = check_answer(filled(in_markdown, {"{R}": SHORT["references"] + item}), OFFERED_SHORT)
    assert code in {finding.code for finding in report.faults}


@pytest.mark.parametrize("references", SHORT["good"])
def test_right_references_of_short_names_have_no_finding(references: str) -> None:
    assert _faults_of_short(references) == set()


@pytest.mark.parametrize("workflow", SHORT["workflows"])
def test_example_data_and_authors_in_a_workflow_are_no_fault(workflow: str) -> None:
    assert _faults_of_short(SHORT["references"], workflow) == set()


@pytest.mark.parametrize("model", SHORT["foreign models"])
def test_a_well_known_model_that_was_not_offered_is_no_step(model: str) -> None:
    for workflow in (
        f"Photo → {model} → text → VITS → speech",
        f"- Input: photo\n- Model: {model}\n- Output: text",
    ):
        assert "A815" in _faults_of_short(SHORT["references"], workflow)


@pytest.mark.parametrize("part", SHORT["parts of steps"])
def test_what_only_speaks_of_a_well_known_model_may_be_a_step(part: str) -> None:
    workflow = f"Photo → BLIP → {part} → text → VITS → speech"
    assert "A815" not in _faults_of_short(SHORT["references"], workflow)

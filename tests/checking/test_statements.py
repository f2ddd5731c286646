"""What an answer says of its sources: bound to entries, and held against what these print."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from explainer import project as api
from explainer.checking.check import CheckReport, check_answer
from explainer.checking.evidence.figures import figures_in
from explainer.checking.evidence.judging import StatementVerdict
from explainer.checking.evidence.passages import QuotationFit, compare, entry_text, read_quotation
from explainer.checking.offered import Offered, offered_by_prompt
from explainer.diagnostics.codes import RULES, Severity
from explainer.diagnostics.finding import Finding
from explainer.rendering.layout import parse_prompt
from tests.helpers.statements import (
    SENTENCE_FAULTS,
    MadeAnswer,
    answer_about,
    faithful_answers,
    faulty_answers,
    offered_of,
    quotations,
)
from tests.helpers.support import ROOT, SLOW, examples, shared, slow


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


PAPERS = read_jsonl(ROOT / "tests/data/summaries.jsonl")
LUMEN, RAIN, GRANITE, QUIET, ORCHARD, MAPS, TIDE, FOLDING = range(8)
NUMBER = 300 if SLOW else 60


def checked(paper: int, statement: str) -> CheckReport:
    return check_answer(answer_about(PAPERS, [(paper, statement)]), offered_of(PAPERS))


def codes(report: CheckReport) -> list[str]:
    return [finding.code for finding in about_statements(report)]


def about_statements(report: CheckReport) -> list[Finding]:
    return [finding for finding in report.findings if RULES[finding.code].about_statement]


@pytest.mark.parametrize(
    ("paper", "statement", "expected"),
    [
        # quotations
        (LUMEN, 'It is "a small network that brightens them on a phone".', []),
        (LUMEN, "It is “A small network\n    that brightens them on a phone.”", []),
        (LUMEN, 'It is "a small network … on a phone".', []),
        (LUMEN, 'It is "a small network that darkens them on a phone".', ["A411"]),
        (LUMEN, 'It is "a network that brightens them on a phone".', ["A411"]),
        (LUMEN, 'It has "photographs that are taken at night for its training".', ["A412"]),
        (LUMEN, 'It "lose detail in the dark parts a correlation of up to 0.62".', ["A412"]),
        (LUMEN, 'It writes that "drops on a lens distort what stands behind them".', ["A413"]),
        (LUMEN, 'It writes that "satellites have always been the better choice here".', ["A414"]),
        (LUMEN, 'It takes prompts such as "make the sky look like a green sea".', []),
        (LUMEN, 'It answers "How can a picture be made clearer" for phones.', []),
        (LUMEN, "It is worth a look:\n    > A small network that brightens them on a phone.", []),
        (LUMEN, "It is worth a look:\n    > A small network that\n    > darkens them on a phone. — LUMEN", ["A411"]),
        (LUMEN, "It is worth a look.\n    > A small network that darkens them on a phone.", ["A411"]),
        (LUMEN, "The authors write:\n    > Satellites have always been the better choice here.", ["A414"]),
        (LUMEN, "It is worth a look.\n    > Satellites have always been the better choice here.", []),
        (LUMEN, "It is worth a look:\n    > **Note:** a good choice for photographs in the dark.", []),
        (LUMEN, 'It is a network:\n    > "A small network\n    > that brightens them on a phone".', []),
        (LUMEN, '<span title="Satellites are always the better choice">It</span> brightens photographs.', []),
        (LUMEN, 'It says that "[p]hotographs that are taken at night lose detail".', []),
        (LUMEN, "It is ‘a small network that darkens them on a phone’.", ["A411"]),
        (LUMEN, "It is „a small network that darkens them on a phone“.", ["A411"]),
        # figures
        (LUMEN, "Die correlation with the judgement of people ist 0,62.", []),
        (LUMEN, "Die correlation with the judgement of people ist 0,92.", ["A421"]),
        (LUMEN, "We test it on 3 photographs, and hold 50% of these back.", ["A425"]),
        (RAIN, "Die collection hat 14.500 photographs of drops.", []),
        (ORCHARD, "Walking the rows is 15 times slower than ORCHARD for the data.", []),
        (ORCHARD, "ORCHARD is at least 15 times slower than walking.", ["A423"]),
        (LUMEN, "It runs 20 times faster than its teacher network.", []),
        (LUMEN, "It runs twenty times faster than its teacher network.", []),
        (LUMEN, "It runs 20x faster than its teacher network.", []),
        (LUMEN, "It runs 200 times faster than its teacher network.", ["A421"]),
        (LUMEN, "It runs 20 times slower than its teacher network.", ["A423"]),
        (LUMEN, "It reaches a correlation of .62 with the judgement of people.", []),
        (LUMEN, "It reaches a correlation of .92 with the judgement of people.", ["A421"]),
        (LUMEN, "It reaches a correlation of at least 0.62 with the judgement of people.", ["A423"]),
        (LUMEN, "It lowers the noise by 11.3 times on the set.", ["A422"]),
        (LUMEN, "It lowers the noise by 11 percent.", []),
        (LUMEN, "It has 1,200,000 parameters.", []),
        (LUMEN, "It has 12 million parameters and brightens photographs on a phone.", ["A421"]),
        (GRANITE, "It answers within 0.25 s on one processor.", []),
        (GRANITE, "It answers within 250 s on one processor.", ["A421"]),
        (ORCHARD, "It reduces the error of the estimate from 22 to 6%.", []),
        (ORCHARD, "It counts 91.5% of the drops that detectors find in the collection.", ["A424"]),
        (MAPS, "It took 12 GB in a trial.", ["A425"]),
        # words
        (RAIN, "The collection is free for research, and for products.", ["A426"]),
        (RAIN, "The collection is free for research.", []),
        (LUMEN, "LUMEN does need pairs of dark and bright photographs for its training.", ["A426"]),
        (MAPS, "Smaller drawings improve the result, while colours have no effect.", ["A426"]),
        (MAPS, "Growers estimate their harvest by walking the rows.", ["A441"]),
        # names
        (LUMEN, '<b id="DeepGlow-III">III.</b> Its signature is Txt2Snd, or ImgMsk2Vid.', []),
        (LUMEN, "It was compared with the DeepGlow network.", ["A431"]),
        (GRANITE, "It is a Graph Surface Network (GSN).", []),
        (GRANITE, "It is a Granular Stone Navigator (GSN).", ["A432"]),
        (GRANITE, "GSN stands for Graph Surface Network.", []),
        (GRANITE, "It is called GSN, the Granular Stone Navigator, by its authors.", ["A432"]),
        (GRANITE, "It is called GSN, which spells out as Granular Stone Navigator.", ["A432"]),
        (LUMEN, "It uses a Large Language Model (LLM) and a CNN.", []),
        (LUMEN, "It uses an LLM, or Large Language Model.", []),
        (LUMEN, "It is built on a Gated Luma Tensor (GLT).", ["A433", "A431"]),
    ],
)  # fmt: skip
def test_a_statement_is_judged_by_what_its_entry_prints(
    paper: int, statement: str, expected: list[str]
) -> None:
    assert codes(checked(paper, statement)) == expected


SWIFT = {
    "title": "Swift Classifiers for Small Computers",
    "paper": "https://arxiv.org/abs/2405.01234",
    "github": None,
    "summary": "The classifier is 8.4 times smaller and 6.1 times faster than the best network before. On a large card it "
    "handles 13.2 pictures per second.",
}  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("The classifier is 6.1 times faster and 8.4 times smaller than the best network.", []),
        ("The best network before is 6.1 times slower than it.", []),
        ("The classifier is 6.1 times slower than the best network.", ["A423", "A426"]),
        (
            "The classifier is 8.4 times faster and 6.1 times smaller than the best network.",
            ["A421", "A421"],
        ),
        ("On a large card it handles 13.2 FPS.", []),
        ("On a large card it handles 13,2 Bilder pro Sekunde.", []),
        ("On a large card it handles 31.2 images/s.", ["A421"]),
    ],
)
def test_figures_are_compared_on_their_own_scales(statement: str, expected: list[str]) -> None:
    assert (
        codes(check_answer(answer_about([SWIFT], [(0, statement)]), offered_of([SWIFT])))
        == expected
    )


STATEMENTS = yaml.safe_load((ROOT / "tests/data/statements.yaml").read_text(encoding="utf-8"))
ENTRIES = [*PAPERS, *STATEMENTS["further"]]
NAMES = [
    "LUMEN",
    "RAIN",
    "GRANITE",
    "QUIET",
    "ORCHARD",
    "MAPS",
    "TIDE",
    "FOLDING",
    "SPARROW",
    "BOTTLES",
]


def found_in(name: str, text: str) -> list[Finding]:
    answer = answer_about(ENTRIES, [(NAMES.index(name), text)])
    return about_statements(check_answer(answer, offered_of(ENTRIES)))


@pytest.mark.parametrize("name", STATEMENTS["faithful"])
def test_no_way_to_say_the_same_is_an_error(name: str) -> None:
    for text in STATEMENTS["faithful"][name]:
        found = found_in(name, text)
        assert all(finding.severity is Severity.NOTE for finding in found), (text, found)


@pytest.mark.parametrize("name", STATEMENTS["distorted"])
def test_what_is_false_is_found_however_it_is_put(name: str) -> None:
    for text, *expected in STATEMENTS["distorted"][name]:
        found = {finding.code for finding in found_in(name, text)}
        assert set(expected) <= found, (text, found)


LABELLED = {
    f"{question} ({name})": (question, labelled)
    for name in ("shipped_statements", "fresh_statements")
    for question, labelled in yaml.safe_load(
        (ROOT / f"tests/data/{name}.yaml").read_text(encoding="utf-8")
    ).items()
}


@pytest.mark.parametrize("name", LABELLED)
def test_statements_about_entries_that_ship_are_refuted_where_they_are_false(name: str) -> None:
    question, labelled = LABELLED[name]
    texts = [*labelled.get("faithful", ()), *labelled.get("refuted", ())]
    body = "".join(f"{text}\n\n" for text in texts)
    path = ROOT / "questions" / f"{question}.yaml"
    report = api.Project().check(
        f"## 1. Task\n\nSee the question.\n\n## 2. Workflow\n\n{body}", path
    )
    lines = {finding.location.line for finding in about_statements(report) if finding.is_error}
    refuted = [text for number, text in enumerate(texts) if 7 + 2 * number in lines]
    assert refuted == labelled.get("refuted", [])


def test_a_statement_is_bound_by_item_by_name_and_by_pronoun() -> None:
    text = (
        "## 1. Task\n\nBright pictures.\n\n## 2. Workflow\n\n"
        "LUMEN brightens photographs on a phone. It has 7 million parameters for that.\n\n"
        "Brightness matters to people. It has 7 million parameters for that.\n\n"
        "#### A Study of Rain on Lenses\n\n- Drops are found in 12 cities.\n\n## 3. References\n\n"
        f"- **Model**: {PAPERS[LUMEN]['title']}\n  - Paper: {PAPERS[LUMEN]['paper']}\n  - It took 9 hours of GPU time.\n"
    )
    report = check_answer(text, offered_of(PAPERS))
    bound = {statement.text: statement.entries for statement in report.statements}
    lumen, rain = PAPERS[LUMEN]["title"], PAPERS[RAIN]["title"]
    assert bound == {
        "LUMEN brightens photographs on a phone.": (lumen,),
        "It has 7 million parameters for that.": (lumen,),
        "Drops are found in 12 cities.": (rain,),
        "It took 9 hours of GPU time.": (lumen,),
    }


FALSE = "With 7 million parameters a small network brightens photographs."


@pytest.mark.parametrize(
    ("written", "is_bound"),
    [
        ("{said}[^1]\n\n[^1]: {name}, {link}", True),
        ("{said} [^1] Rain is another matter.\n\n[^1]: [{name}]({link})", True),
        ("Rain is another matter. [^1] {said}\n\n[^1]: [{name}]({link})", False),
        ("{said} [2].", True),
        ("{said} [1, 2] More is not needed.", True),
        ("{said} [3]", False),
        ("{said} ({name})", True),
        ("**{name}**\n\n{said}", True),
        ("**{name}**\n\n**Evidence:** Good pictures of it.\n\n- {said}", True),
        ("**{name}**\n\nGood pictures.\n\n**Step 2: Clean the lens**\n\n{said}", False),
        ("**{name}**\n\nGood pictures.\n\nOverall, {said}", False),
        ("- **Source:** {name}\n- **What it shows:** {said}", True),
        ("- **Source:** {name}\n- {said}", False),
        ("### Step 1\n\n**Paper:** [{name}]({link})\n\n**Evidence:** {said}", True),
        ("- Candidate: [{name}]({link})\n  - {said}", True),
        ("| Step | Paper | Why |\n|---|---|---|\n| Light | {name} | {said} |", True),
    ],
)
def test_a_statement_is_bound_by_what_cites_its_source(written: str, is_bound: bool) -> None:
    paper = PAPERS[LUMEN]
    body = written.format(said=FALSE, name=paper["title"], link=paper["paper"])
    references = "".join(
        f"{number}. {PAPERS[index]['title']}. {PAPERS[index]['paper']}\n"
        for number, index in ((1, RAIN), (2, LUMEN))
    )
    text = f"## 1. Task\n\nLight.\n\n## 2. Workflow\n\n{body}\n\n## 3. References\n\n{references}"
    report = check_answer(text, offered_of(PAPERS))
    assert [
        one
        for one in report.statements
        if "7 million" in one.text and paper["title"] in one.entries
    ] or not is_bound
    assert ("A421" in codes(report)) == is_bound


ATTACKS = yaml.safe_load((ROOT / "tests/data/statement_attacks.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "attack", ATTACKS["answers"], ids=[attack["name"] for attack in ATTACKS["answers"]]
)
def test_answers_that_mislead_have_an_error_where_they_are_false_and_nowhere_else(
    attack: dict[str, Any],
) -> None:
    papers = ATTACKS["papers"]
    names = {f"title{number}": paper["title"] for number, paper in enumerate(papers)}
    links = {f"link{number}": paper["paper"] for number, paper in enumerate(papers)}
    text, notes = (attack.get(key, "").format(**names, **links) for key in ("text", "notes"))
    references = "".join(
        f"{number}. {paper['title']}. {paper['paper']}\n" for number, paper in enumerate(papers, 1)
    )
    answer = f"## 1. Task\n\nCount.\n\n## 2. Workflow\n\n{text}\n## 3. References\n\n{references}\n{notes}"
    refuted = [
        one.text
        for one in check_answer(answer, offered_of(papers)).statements
        if one.verdict == "refuted"
    ]
    expected = attack.get("refuted", [])
    assert all(any(fragment in one for one in refuted) for fragment in expected), refuted
    assert all(any(fragment in one for fragment in expected) for one in refuted), refuted


def test_a_line_of_steps_is_no_statement() -> None:
    flow = "dark photograph → LUMEN brightens it on a phone → bright photograph"
    for line in (flow, f"- {flow}", f"1. **Flow**: {flow.replace('→', '->')}"):
        report = check_answer(
            f"## 1. Task\n\nLight.\n\n## 2. Workflow\n\n{line}\n", offered_of(PAPERS)
        )
        assert report.statements == (), line


def test_a_statement_keeps_its_dashes_and_hyphens() -> None:
    sentences = [
        "LUMEN brightens CNN- or grid-based photographs.",
        "LUMEN runs on phones – without a network.",
    ]
    report = check_answer(
        f"# Workflow\n\n- {sentences[0]}\n\n1. {sentences[1]}\n", offered_of(PAPERS)
    )
    assert [statement.text for statement in report.statements] == sentences


def test_claims_are_a_verdict_of_their_own() -> None:
    refuted = checked(LUMEN, "It runs 200 times faster than its teacher network.")
    assert (refuted.grounded, refuted.claims) == (True, StatementVerdict.REFUTED)
    statement = next(one for one in refuted.statements if one.verdict is StatementVerdict.REFUTED)
    assert statement.entry == PAPERS[LUMEN]["title"]
    assert "runs 20 times faster" in statement.passage
    proved = checked(LUMEN, 'It is "a small network that brightens them on a phone".')
    assert proved.count(StatementVerdict.PROVED) == 1
    assert proved.count(StatementVerdict.REFUTED) == 0
    likely = checked(LUMEN, "A small network brightens photographs, on a phone.")
    assert {one.verdict for one in likely.statements} == {StatementVerdict.OPEN}
    assert max(one.support for one in likely.statements) > 0.9


def test_an_answer_to_another_question_is_told() -> None:
    text = "This answers the user's question about the price of copper wire in northern ports. It is high.\n"
    assert "A442" in codes(check_answer(text, offered_of(PAPERS)))
    text = "This answers the user's question about how a picture can be made clearer with tools. It can.\n"
    assert "A442" not in codes(check_answer(text, offered_of(PAPERS)))


def test_faithful_answers_have_no_error_and_hardly_a_warning() -> None:
    warned = 0
    for made in faithful_answers(PAPERS, NUMBER):
        severities = {
            finding.severity for finding in about_statements(check_answer(made.text, made.offered))
        }
        assert Severity.ERROR not in severities, made.text
        warned += Severity.WARNING in severities
    assert warned <= NUMBER / 100


SHARES = {"figure": 0.98, "unit": 0.98, "quotation": 0.98, "another entry": 0.98, "direction": 0.8, "negation": 0.8,
          "expansion": 0.9}  # fmt: skip


@pytest.mark.parametrize("kind", [*SENTENCE_FAULTS, "another entry"])
def test_seeded_faults_are_found(kind: str) -> None:
    made = list(faulty_answers(PAPERS, kind, NUMBER))
    assert share_found(made) >= SHARES[kind]


@slow
@pytest.mark.parametrize("kind", [*SENTENCE_FAULTS, "another entry"])
def test_seeded_faults_in_statements_of_real_summaries_are_found(kind: str) -> None:
    made = list(faulty_answers(read_jsonl(shared("corpus/papers.jsonl")), kind, 300))
    assert share_found(made) >= SHARES[kind]


def share_found(made: list[MadeAnswer]) -> float:
    return sum(bool(codes(check_answer(one.text, one.offered))) for one in made) / len(made)


def test_generated_quotations_get_the_verdict_that_they_were_made_for() -> None:
    number = examples(400, 10_000)
    wrong = []
    for text, entries, expected in quotations(PAPERS, number):
        fit, place = compare(
            read_quotation(text), [entry_text(one["title"], one["summary"]) for one in entries]
        )
        expected_place = {"another entry": 1}.get(
            expected, place if expected in ("absent", "stitched") else 0
        )
        fit_expected = "verbatim" if expected == "another entry" else expected
        if (fit, place) != (QuotationFit(fit_expected), expected_place):
            wrong.append((expected, text, fit, place))
    assert wrong == []


def test_real_answers_are_judged_as_their_labels_say() -> None:
    """Errors are labelled ones; what is found beside them is, too; no figure, quotation or name is missed."""
    labels = yaml.safe_load(
        (ROOT / "tests/data/llm_answer_statements.yaml").read_text(encoding="utf-8")
    )
    kinds = {
        "A41": "quotation",
        "A42": "figure",
        "A431": "name",
        "A432": "expansion",
        "A433": "expansion",
        "A442": "question",
    }
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for row in read_jsonl(shared("corpus/llm_answers.jsonl")):
        report = check_answer(row["answer"], offered_of_prompt(row))
        for finding in about_statements(report):
            kind = next(
                (kind for code, kind in kinds.items() if finding.code.startswith(code)),
                "contradiction",
            )
            total[finding.severity] += 1
            right[finding.severity] += is_labelled(row, labels.get(row["id"], ()), finding, kind)
    assert right[Severity.ERROR] == total[Severity.ERROR] == 1
    assert right[Severity.WARNING] >= 0.9 * total[Severity.WARNING]


def offered_of_prompt(row: dict[str, Any]) -> Offered:
    return offered_by_prompt(parse_prompt(row["prompt"]).unwrap())


def is_labelled(
    row: dict[str, Any], labels: list[dict[str, str]], finding: Finding, kind: str
) -> bool:
    line = row["answer"].split("\n")[finding.location.line - 1]
    return any(
        label["kind"] == kind and (label["at"] in line or finding.text in label["at"])
        for label in labels
    )


def test_the_skeletons_of_the_corpus_have_no_finding_about_statements() -> None:
    for row in read_jsonl(shared("corpus/golden.jsonl")):
        assert (
            codes(check_answer(row["answer"] or row["other_answer"], offered_of_prompt(row))) == []
        )


FALSE_ANSWER = """\
### 1. What task is the user trying to perform?

Realistic portraits.

### 2. How does the model work in a CNAPS AI-like workflow?

- **Txt2Img-StableDiffusionV1-CyberRealistic** paints the portrait.
- **REAL** rates realism with a correlation of .92 in alignment with human judgement, along seven dimensions, and its
  high-scoring images improve F1 scores of image classification by at least 11.3%.
- **AGAP** is 200 times slower per edit than existing NeRF-based editing methods.
- **Internet Explorer** writes that it uses "a single GPU desktop to passively query the Internet".

### 3. Referenced Models and Tools

- **Model**: REAL: Realism Evaluation of Text-to-Image Generation Models for Effective Data Augmentation
  - Paper: http://arxiv.org/pdf/2502.10663v1.pdf
- **Model**: Learning Naturally Aggregated Appearance for Efficient 3D Editing
  - Paper: http://arxiv.org/pdf/2312.06657v2.pdf
- **Model**: Internet Explorer: Targeted Representation Learning on the Open Web
  - Paper: http://arxiv.org/pdf/2302.14051v2.pdf
"""


def test_an_answer_with_right_links_and_false_statements_is_refuted() -> None:
    prompt = shared("seeds/prompt.txt").read_text(encoding="utf-8")
    report = check_answer(FALSE_ANSWER, offered_by_prompt(parse_prompt(prompt).unwrap()))
    assert report.grounded
    assert report.claims is StatementVerdict.REFUTED
    errors = [finding.code for finding in about_statements(report) if finding.is_error]
    assert sorted(errors) == ["A411", "A421", "A421", "A421", "A423"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("up to 0.62", [("decimal", 0.62)]),
        ("30--40 hours", [("measure", 108_000), ("measure", 144_000)]),
        ("4.5-6.5s", [("measure", 4.5), ("measure", 6.5)]),
        ("fifteen million pairs", [("count", 15_000_000)]),
        ("1.5 million pairs", [("count", 1_500_000)]),
        ("11K frames", [("count", 11_000)]),
        ("twenty-two workers", [("count", 22)]),
        ("a 20-fold gain", [("factor", 20)]),
        ("an order of magnitude", [("factor", 10)]),
        ("twice as fast", [("factor", 2)]),
        ("5 percentage points", [("percent", 5)]),
        ("the 1st place", [("rank", 1)]),
        ("in 2023", [("year", 2023)]),
        ("GPT-4, 3D, ResNet50, COCO-2017, v1.5, 4DGS", []),
    ],
)
def test_figures_are_read_with_their_units(text: str, expected: list[tuple[str, float]]) -> None:
    figures = figures_in(text)
    assert [figure.kind for figure in figures] == [kind for kind, _ in expected]
    assert [figure.amount for figure in figures] == pytest.approx(
        [amount for _, amount in expected]
    )

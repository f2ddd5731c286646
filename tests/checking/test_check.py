"""The check as a whole: real answers against their labels, skeletons, hostile text, and single rules."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explainer.catalogs.library import resolve
from explainer.catalogs.links import doi_link
from explainer.catalogs.parsing import parse_question_line
from explainer.checking.analysis import AnswerAnalysis, Violation, analyse
from explainer.checking.answer import parse_answer
from explainer.checking.check import check_answer, find_violations, status_of
from explainer.checking.mending import apply_fixes, repair_prompt
from explainer.checking.offered import CatalogLookup, Offered, offered_by_prompt, offered_by_sources
from explainer.checking.reports.json import metrics_data
from explainer.checking.spotting import spot_links
from explainer.diagnostics.codes import Severity
from explainer.diagnostics.finding import ExitStatus
from explainer.project import build_answer, parse_catalog
from explainer.rendering.layout import parse_prompt
from tests.helpers.support import examples

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("EXPLAINER_SHARED", ROOT.parent / "shared"))
with_data = pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data")
EXAMPLES = examples(60, 10_000)

TITLE = "GlowNet: Learning to Relight Portraits from a Single Photo"
OTHER = "A Survey of Brush Strokes in Neural Painting"
ENTRIES: dict[str, Any] = {
    "models": [{"name": "NST-fast-style-mosaic", "github": "https://github.com/rrmina/fast-style"}],
    "papers": [
        {
            "title": TITLE,
            "aliases": ["Portrait Glow"],
            "paper": "http://arxiv.org/pdf/2401.10000v1.pdf",
            "github": "https://github.com/lightlab/glownet",
            "huggingface": "https://huggingface.co/lightlab/glow",
            "summary": "Code: https://gitlab.com/lightlab/extra",
            "authors": ["Ada Lumen"],
        },
        {"title": OTHER, "paper": "http://arxiv.org/pdf/2402.20000v2.pdf"},
    ],
}


def offered(question: str = "How?", **entries: Any) -> Offered:
    line = json.dumps({"question": question, **(entries or ENTRIES)})
    loaded = parse_question_line(line, "<test>", 1).unwrap()
    library = parse_catalog("models: []").unwrap()
    return offered_by_sources(resolve(loaded, library).unwrap(), question, CatalogLookup(library))


def answer(references: str, workflow: str = "NST-fast-style-mosaic paints.") -> str:
    return f"## 1. Task\n\nPaint.\n\n## 2. Workflow\n\n{workflow}\n\n## 3. Papers and tools\n\n{references}\n"


def codes(text: str, given: Offered | None = None) -> set[str]:
    report = check_answer(text, given or offered())
    return {finding.code for finding in report.findings if finding.severity is not Severity.NOTE}


REFERENCES = (
    f"- **Model**: {TITLE}\n  - Paper: http://arxiv.org/pdf/2401.10000v1.pdf\n"
    f"- **Model**: {OTHER}\n  - Paper: http://arxiv.org/pdf/2402.20000v2.pdf\n"
    "- **Model**: NST-fast-style-mosaic\n  - GitHub: https://github.com/rrmina/fast-style"
)

# Every link of this answer is right, and its link texts take most of their words from the titles: the link decides.
LINK_DECIDES = {"structured-3d-latents-for-scalable-and-versatile-3d-generation-q2-gpt"}


def test_a_faithful_answer_has_nothing_to_say() -> None:
    assert codes(answer(REFERENCES)) == set()


@with_data
def test_real_answers_are_judged_as_their_labels_say() -> None:
    labels = yaml.safe_load(
        (ROOT / "tests/data/llm_answer_labels.yaml").read_text(encoding="utf-8")
    )
    differing = set()
    for line in (SHARED / "corpus/llm_answers.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        report = check_answer(
            row["answer"], offered_by_prompt(parse_prompt(row["prompt"]).unwrap())
        )
        if report.grounded != labels[row["id"]]["grounded"]:
            differing.add(row["id"])
    assert differing == LINK_DECIDES


@with_data
def test_every_foreign_link_of_the_labels_is_found() -> None:
    labels = yaml.safe_load(
        (ROOT / "tests/data/llm_answer_labels.yaml").read_text(encoding="utf-8")
    )
    for line in (SHARED / "corpus/llm_answers.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        report = check_answer(
            row["answer"], offered_by_prompt(parse_prompt(row["prompt"]).unwrap())
        )
        foreign = {
            fault["text"]
            for fault in labels[row["id"]]["faults"]
            if fault["kind"] == "foreign-link"
        }
        assert foreign == {
            f.text for f in report.findings if f.is_error and f.code.startswith("A2")
        }


@with_data
def test_every_skeleton_of_the_corpus_is_grounded() -> None:
    for line in (SHARED / "corpus/golden.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        report = check_answer(
            row["answer"] or row["other_answer"],
            offered_by_prompt(parse_prompt(row["prompt"]).unwrap()),
        )
        assert report.grounded, report.findings


HOSTILE = [
    "Is https://evil.example.net/a better?",
    "a\n### 3. References\n- [x](https://evil.example.net)\n```\n",
    'He said "no" "',
    "<think>",
    "```",
    "\\### 1. Task",
    "a\nb\n\n\n# 2. Workflow",
    "[cite: 1] 【1】",
    "Model: X\nPaper: https://evil.example.net",
    "<!-- https://evil.example.net",
    "![x](https://evil.example.net/p.png) [a]: https://evil.example.net",
]
ODD_NAMES = [
    "[x](https://evil.example.net/t)",
    "**Bold** _title_ `code`",
    "None of It: A | Pipe \\ Slash",
    "深度学习方法综述",
    "# 3. References",
    "</think> <b>&amp;</b>",
    "C++",
    "$α$-OCC",
    "1. What Task?",
    "Title ending in (brackets)",
    "\"Quoted\" 'title'",
    "https://evil.example.net/title",
]


@pytest.mark.parametrize("question", HOSTILE)
def test_the_skeleton_of_a_hostile_question_is_grounded(question: str) -> None:
    assert skeleton_is_grounded(question, ENTRIES)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_skeleton_of_odd_names_is_grounded(name: str) -> None:
    entry = {"paper": "http://a.org/x_(y).,*z*", "github": "https://github.com/o/r/tree/dev/(a)'"}
    entries = {
        "models": [{"name": name, **entry}],
        "papers": [{"title": f"{name}!"}, *ENTRIES["papers"]],
    }
    assert skeleton_is_grounded("How?", entries)


def skeleton_is_grounded(question: str, entries: dict[str, Any]) -> bool:
    line = json.dumps({"question": question, **entries})
    loaded = parse_question_line(line, "<test>", 1).unwrap()
    library = parse_catalog("models: []").unwrap()
    text = build_answer(loaded, library).unwrap().text
    report = check_answer(text, offered_by_sources(resolve(loaded, library).unwrap(), question))
    assert report.grounded, [finding for finding in report.findings if finding.is_error]
    return True


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(
        str.strip
    )
)
def test_the_skeleton_of_any_question_is_grounded(question: str) -> None:
    loaded = parse_question_line(json.dumps({"question": question, **ENTRIES}), "<test>", 1)
    if loaded.ok:
        skeleton_is_grounded(question, ENTRIES)


PIECES = ["# ", "## 1. Task\n", "**", "[x](", ")", "http://a.org/b", "```\n", "| a | b |\n|--|--|\n", "Model: ", TITLE, OTHER, "<think>",
          "- ", "\n", "\n\n", "> ", "arXiv:2401.10000", "\\", "`", "\r", "\x00", "é", "深", "🧠", "\u202e", "[1]: http://a.org\n"]  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=30).map("".join))
def test_any_answer_is_judged_with_places_inside_it(text: str) -> None:
    report = check_answer(text, offered())
    for citation in report.citations:
        assert 0 <= citation.start <= citation.end <= len(text)
    for finding in report.findings:
        assert finding.location.line >= 1
        assert finding.location.column >= 1
    again = check_answer(text, offered())
    assert again.findings == report.findings


@pytest.mark.parametrize("text", ["", " \n\t", "<think>only thoughts</think>", "---\n***"])
def test_nothing_to_check_is_never_a_pass(text: str) -> None:
    report = check_answer(text, offered())
    assert not report.grounded
    assert status_of([report]) is ExitStatus.NOTHING_CHECKED


def test_nothing_offered_is_never_a_pass() -> None:
    report = check_answer(answer("none"), offered(models=[], papers=[]))
    assert {finding.code for finding in report.findings} == {"A102"}
    assert status_of([report]) is ExitStatus.NOTHING_CHECKED


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("2401.10000v1", "2401.10001v1"), {"A202"}),
        (("http://arxiv.org/pdf/2401.10000v1.pdf", "https://arxiv.org/abs/1706.03762"), {"A201"}),
        (("http://arxiv.org/pdf/2401.10000v1.pdf", "https://arxiv.org/abs/2401.10000v3"), set()),
        (("http://arxiv.org/pdf/2401.10000v1.pdf", "https://example.com/paper"), {"A204"}),
        (
            ("http://arxiv.org/pdf/2401.10000v1.pdf", "http//arxiv.org/pdf/2401.10000v1.pdf"),
            {"A204"},
        ),
        (("http://arxiv.org/pdf/2401.10000v1.pdf", "https://gitlab.com/lightlab/extra"), set()),
        (
            ("http://arxiv.org/pdf/2401.10000v1.pdf", "https://github.com/lightlab/glownet"),
            {"A402"},
        ),
        (
            ("http://arxiv.org/pdf/2401.10000v1.pdf", "http://arxiv.org/pdf/2402.20000v2.pdf"),
            {"A401"},
        ),
        (("from a Single Photo", "from a Single Image"), {"A302"}),
        (("to Relight Portraits", "to Portraits"), {"A302"}),
        ((TITLE, "Attention Is All You Need"), {"A301"}),
        ((TITLE, "Portrait Glow"), set()),
        ((TITLE, "GlowNet"), set()),
        ((TITLE, f"{TITLE} (2024)"), set()),
        ((TITLE, f"**{TITLE.upper()}.**"), set()),
        (("paints", "paints, as Ada Lumen et al. (2024) say"), set()),
        (("paints", "paints, as Nobody et al. (2024) say"), {"A306"}),
        (("paints", "paints with `otherlab/glownet`"), {"A309"}),
        (("paints", "paints with `some/thing`"), {"A308"}),
        (("paints", "paints with some/thing#12"), {"A308"}),
        (("paints", f"paints with some/thing@{'0f' * 20}"), {"A308"}),
        (("paints", "paints with lightlab/glownet#12"), set()),
        (("paints", "paints with otherlab/glownet#12"), {"A309"}),
        (("paints", "paints with and/or without"), set()),
        (("## 2. Workflow", "## 2. Overview"), set()),
        (("## 3. Papers", "## 4. Papers"), set()),
        (("Paint.", ""), {"A112"}),
    ],
)
def test_one_change_gives_one_kind_of_finding(change: tuple[str, str], expected: set[str]) -> None:
    assert codes(answer(REFERENCES).replace(*change)) == expected


def test_a_catalogued_link_that_was_not_printed_is_a_note() -> None:
    text = answer(REFERENCES).replace(
        "http://arxiv.org/pdf/2401.10000v1.pdf", "https://huggingface.co/lightlab/glow"
    )
    notes = [
        finding.code for finding in check_answer(text, offered()).findings if finding.code != "A502"
    ]
    assert codes(text) == set()
    assert notes == ["A206"]


def test_a_link_of_several_entries_is_right_for_each() -> None:
    shared = "https://github.com/rrmina/fast-style"
    world = offered(
        models=[{"name": f"NST-style-{n}", "github": shared} for n in ("candy", "mosaic")],
        papers=[],
    )
    text = answer(
        f"- Model: NST-style-candy\n  - GitHub: {shared}\n- Model: NST-style-mosaic\n  - GitHub: {shared}",
        "NST-style-candy",
    )
    assert codes(text, world) == set()


def test_a_catalogued_link_of_an_entry_without_offered_links_has_a_hint() -> None:
    link = "https://huggingface.co/lightlab/glow"
    world = offered(models=[{"name": "GlowNet-relight", "huggingface": link}], papers=[])
    report = check_answer(
        answer(f"- Model: GlowNet-relight\n  - GitHub: {link}", "GlowNet-relight"), world
    )
    assert [(finding.code, finding.hint) for finding in report.findings] == [
        ("A206", "remove it: no link was offered")
    ]


def test_an_answer_cut_off_in_a_title_is_truncated_not_altered() -> None:
    found = codes(answer(REFERENCES)[: answer(REFERENCES).index("Brush") + 3])
    assert "A104" in found
    assert "A302" not in found


def test_two_answers_in_one_text_are_no_answer() -> None:
    assert "A116" in codes(answer(REFERENCES) + "\n" + answer(REFERENCES))


def test_another_section_is_said_once_and_is_no_fault() -> None:
    text = answer(REFERENCES).replace("## 3. Papers", "## 3. Remarks\n\nIt paints.\n\n## 4. Papers")
    report = check_answer(text, offered())
    assert [(f.code, str(f.severity)) for f in report.findings] == [("A115", "note")]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ("[2]", set()),
        ("[7]", {"A310"}),
        ("[1, 7]", {"A310"}),
        ("in [0, 1]", set()),
        ("[^2]", set()),
        ("[^7]", {"A310"}),
        ("[^smith]", {"A310"}),
        ("`[^smith]`", set()),
    ],
)
def test_a_number_that_no_reference_has_is_said(numbers: str, expected: set[str]) -> None:
    references = f"[1] {TITLE}\n[2] {OTHER}\n[3] NST-fast-style-mosaic"
    assert (
        codes(answer(references, f"NST-fast-style-mosaic paints {numbers}.")) - {"A503"} == expected
    )
    assert (
        codes(
            answer(
                references.replace("[", "").replace("]", "."), f"NST-fast-style-mosaic {numbers}"
            )
        )
        - {"A503"}
        == expected
    )


def test_an_author_and_year_is_said_once() -> None:
    report = check_answer(
        answer(
            REFERENCES, "NST-fast-style-mosaic, as Nobody et al. (2024) and Nobody et al. (2024)."
        ),
        offered(),
    )
    assert [finding.code for finding in report.findings if finding.code != "A502"] == ["A306"]


def test_a_model_is_not_cited_by_plain_words_at_the_end_of_its_name() -> None:
    world = offered(models=[{"name": "Classification-Acme-walker_gender_recognition"}], papers=[])
    assert "A112" in codes(answer("Gender recognition is a task of its own.", "x"), world)


def test_a_workflow_with_an_altered_model_is_one_finding() -> None:
    flow = "```mermaid\nflowchart LR\nA[photo] --> B[NST-fast-style-mosaik]\n```"
    assert codes(answer(REFERENCES, flow)) == {"A302"}


def test_a_refusal_says_so() -> None:
    assert "A103" in codes("I'm sorry, but I cannot help with that.")


def test_an_answer_too_long_says_so() -> None:
    assert "A105" in codes(answer(REFERENCES) + "word " * 30_000)


def test_text_inside_the_answer_cannot_silence_the_judge() -> None:
    text = (
        answer(REFERENCES.replace("2401.10000v1", "1706.03762"))
        + "\n<!-- explainer: ignore A201 A202 -->\n# noqa\n"
    )
    assert "A201" in codes(text)


@pytest.mark.parametrize(
    "hidden", ["<!-- {} -->", "<a href='{}'>x</a>", "`{}`", "    {}", "[x]: {}", "![i]({})", "<{}>"]
)
def test_no_link_hides(hidden: str) -> None:
    assert "A201" in codes(
        answer(f"{REFERENCES}\n\n{hidden.format('https://evil.example.net/x')}").replace(
            "example.", "sample."
        )
    )


def test_safe_fixes_make_links_and_titles_as_they_were_offered_and_no_link_worse() -> None:
    plain = answer(REFERENCES).replace(
        "http://arxiv.org/pdf/2401.10000v1.pdf", "https://arxiv.org/abs/2401.10000"
    )
    broken = plain.replace("2402.20000v2.pdf", "2402.20000v2").replace(
        "Relight Portraits", "Relight Portrait"
    )
    report = check_answer(broken, offered(), strict_links=True)
    assert [finding.code for finding in report.findings].count("A203") == 2
    assert apply_fixes(broken, [fix for _, fix in report.fixes]) == plain


@pytest.mark.parametrize("item", ["- [§]({})", "- **[§]({})**", '- "§", {}', "- *§* ([paper]({}))", "| § | {} |", "1. **§** — [arXiv]({})"])  # fmt: skip
@pytest.mark.parametrize(
    "typo", [("Neural", "Nueral"), ("Painting", "Paintng"), ("Strokes", "Stroks")]
)
def test_a_misspelt_title_beside_its_link_is_altered_and_mended(
    item: str, typo: tuple[str, str]
) -> None:
    before, behind = REFERENCES.split(
        f"- **Model**: {OTHER}\n  - Paper: http://arxiv.org/pdf/2402.20000v2.pdf\n"
    )
    right = answer(
        f"{before}{behind}\n\n{item.replace('§', OTHER).format('http://arxiv.org/pdf/2402.20000v2.pdf')}"
    )
    misspelt = right.replace(*typo)
    assert codes(right) == set()
    report = check_answer(misspelt, offered())
    assert "A302" in codes(misspelt)
    assert apply_fixes(misspelt, [fix for _, fix in report.fixes]) == right


LISTED = ["Papers: [{}]({}), [{}]({}).", "- **Papers:** [{}]({}); [{}]({})", "Papers: {} ({}), {} ({})", "| Kind | Sources |\n|---|---|\n| Papers | [{}]({}), [{}]({}) |", "论文：[{}]({})；[{}]({})"]  # fmt: skip


@pytest.mark.parametrize("field", LISTED)
def test_a_field_of_several_sources_gives_each_its_own_link(field: str) -> None:
    first, second = "http://arxiv.org/pdf/2401.10000v1.pdf", "http://arxiv.org/pdf/2402.20000v2.pdf"
    model = "- Model: NST-fast-style-mosaic https://github.com/rrmina/fast-style\n\n"
    assert codes(answer(model + field.format(TITLE, first, OTHER, second))) == set()
    assert "A401" in codes(answer(model + field.format(TITLE, second, OTHER, first)))


@pytest.mark.parametrize("remark", [
    "Note: {} has no paper, so only its GitHub link is given.", "*Note: {} does not have an associated paper.*",
    "There is no paper for {} in the list.", "{} was offered without a paper.", "> {} has no associated paper.",
    'Note: The paper for {} is listed as "None".', "Note: For {} only the code was offered.", "({} has no paper.)",
    "In short: {} paints.",
])  # fmt: skip
def test_a_closing_remark_about_an_offered_source_is_no_source(remark: str) -> None:
    assert codes(answer(f"{REFERENCES}\n\n{remark.format('NST-fast-style-mosaic')}")) == set()
    foreign = remark.format(
        "Deep Residual Learning for Image Recognition and NST-fast-style-mosaic, **GPT-4**"
    )
    assert check_answer(answer(f"{REFERENCES}\n\n- {foreign}"), offered()).findings


def test_a_title_behind_its_authors_is_not_mended_with_them() -> None:
    text = answer(
        f"{REFERENCES}\n- Doe, J. (2024). {OTHER.replace('Neural', 'Nueral')}. http://arxiv.org/pdf/2402.20000v2.pdf"
    )
    assert list(check_answer(text, offered()).fixes) == []


def test_the_repair_prompt_names_every_fault_and_every_source() -> None:
    world = offered()
    report = check_answer(answer(REFERENCES.replace("2401.10000v1", "1706.03762")), world)
    text = repair_prompt(report, world)
    assert "http://arxiv.org/pdf/1706.03762.pdf" in text
    assert all(source.name in text for source in world.sources)
    assert repair_prompt(check_answer(answer(REFERENCES), world), world) == ""


def test_figures_over_a_set() -> None:
    world = offered()
    good, bad = answer(REFERENCES), answer(REFERENCES.replace("2401.10000v1", "1706.03762"))
    figures = metrics_data([check_answer(good, world), check_answer(bad, world)])
    assert figures["grounded"] == 1
    assert figures["citations"] == 12
    assert figures["citation_precision"] == round(11 / 12, 4)
    assert figures["citation_recall"] == 1
    assert metrics_data([])["share_grounded"] is None


FORMS = {
    "numbered refs": '1. NST-fast-style-mosaic - https://github.com/rrmina/fast-style\n2. "§T§" (2024), http://arxiv.org/pdf/2401.10000v1.pdf\n3. §O§. arXiv:2402.20000',
    "bold dash": "- **§T§** — A method for faces. [Paper](http://arxiv.org/pdf/2401.10000v1.pdf) | [Code](https://github.com/lightlab/glownet)\n- **§O§**: A survey that lists Many Things. [arXiv](http://arxiv.org/pdf/2402.20000v2.pdf)",
    "descr": "- **Model**: §T§\n  - **Paper**: http://arxiv.org/pdf/2401.10000v1.pdf\n  - **Relevance**: Shows How Light Moves Across Faces In Photos\n  - **Why It Matters**: Key Insight",
    "paper title": "**Papers:**\n- Paper: §T§\n  Link: http://arxiv.org/pdf/2401.10000v1.pdf\n- Paper: §O§ (http://arxiv.org/pdf/2402.20000v2.pdf)",
    "wrapped": "- **Model**: GlowNet: Learning to Relight Portraits\n  from a Single Photo\n  - Paper: http://arxiv.org/pdf/2401.10000v1.pdf",
    "authors": "- Ada Lumen. *§T§*. arXiv preprint arXiv:2401.10000, 2024.",
    "footnote": "[^1]: §T§. http://arxiv.org/pdf/2401.10000v1.pdf",
    "subhead": "#### §T§\n- Paper: http://arxiv.org/pdf/2401.10000v1.pdf\n- GitHub: https://github.com/lightlab/glownet\n\n#### §O§\n- Paper: http://arxiv.org/pdf/2402.20000v2.pdf",
    "generic bold": "**Primary Model**\n\n- NST-fast-style-mosaic: https://github.com/rrmina/fast-style\n\n**Supporting Research Papers And Tools**\n\n- §T§: http://arxiv.org/pdf/2401.10000v1.pdf",
    "project": "- §T§\n  - Project Page: https://gitlab.com/lightlab/extra\n  - Official Implementation: https://github.com/lightlab/glownet\n  - PDF: http://arxiv.org/pdf/2401.10000v1.pdf",
    "inline": "The answer rests on §T§ (http://arxiv.org/pdf/2401.10000v1.pdf) and §O§ (http://arxiv.org/pdf/2402.20000v2.pdf).",
    "table2": "| Type | Name | Paper | Code |\n|---|---|---|---|\n| Model | NST-fast-style-mosaic | N/A | [GitHub](https://github.com/rrmina/fast-style) |\n| Paper | §T§ | [arXiv](http://arxiv.org/pdf/2401.10000v1.pdf) | [GitHub](https://github.com/lightlab/glownet) |",
    "code block": "```\nModel: §T§\nPaper: http://arxiv.org/pdf/2401.10000v1.pdf\n```",
    "json": '{"title": "§T§", "paper": "http://arxiv.org/pdf/2401.10000v1.pdf"}',
    "emoji": "🔹 **Model:** NST-fast-style-mosaic\n🔗 https://github.com/rrmina/fast-style\n🔹 **Paper:** §T§\n🔗 http://arxiv.org/pdf/2401.10000v1.pdf",
    "model note": "- **Model**: NST-fast-style-mosaic (neural style transfer model)\n  - GitHub: https://github.com/rrmina/fast-style\n- **Model**: §T§ – relights portraits\n  - Paper: http://arxiv.org/pdf/2401.10000v1.pdf",
    "none remark": "- **Model**: §O§\n  - Paper: http://arxiv.org/pdf/2402.20000v2.pdf\n  - GitHub: Not provided in the prompt",
    "html": '<ul><li><a href="http://arxiv.org/pdf/2401.10000v1.pdf">§T§</a></li></ul>',
}


def in_form(form: str) -> str:
    return answer(FORMS[form].replace("§T§", TITLE).replace("§O§", OTHER))


@pytest.mark.parametrize("form", FORMS)
def test_references_may_have_many_forms(form: str) -> None:
    report = check_answer(in_form(form), offered())
    assert report.grounded, report.findings


@pytest.mark.parametrize("form", FORMS)
def test_a_foreign_link_is_found_in_every_form(form: str) -> None:
    text = in_form(form).replace("2401.10000", "1706.03762").replace("2402.20000", "1810.04805")
    assert codes(text) & {"A201", "A202"}


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"inline", "json", "footnote", "wrapped"}))
def test_an_altered_title_is_found_in_every_form_that_marks_it(form: str) -> None:
    assert "A302" in codes(
        in_form(form)
        .replace("Relight Portraits", "Repaint Portraits")
        .replace("of Brush", "on Brush")
    )


@pytest.mark.parametrize("form", ["{}", "**{}**", "**Candy ({})**", "`{}`", "“{}”", "the {} model"])
def test_a_catalogued_name_that_was_not_offered_is_found_in_prose(form: str) -> None:
    catalog = {
        "models": [*ENTRIES["models"], {"name": "NST-fast-style-candy"}],
        "papers": ENTRIES["papers"],
    }
    library = parse_catalog(json.dumps(catalog)).unwrap()
    names = {"models": ["NST-fast-style-mosaic"], "papers": [TITLE, OTHER]}
    loaded = parse_question_line(json.dumps({"question": "How?", **names}), "<test>", 1).unwrap()
    world = offered_by_sources(resolve(loaded, library).unwrap(), "How?", CatalogLookup(library))
    workflow = f"NST-fast-style-mosaic paints, and {form.format('NST-fast-style-candy')} too."
    assert codes(answer(REFERENCES, workflow), world) == {"A303"}
    assert codes(answer(REFERENCES), world) == set()


def test_violations_that_differ_in_their_hint_alone_have_one_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hints = [f"hint {number:02}" for number in range(40)]

    def rule(_: AnswerAnalysis) -> Iterator[Violation]:
        return (Violation("A303", 0, 4, "said twice", hint) for hint in hints)

    monkeypatch.setattr("explainer.checking.check.CHECKS", (rule,))
    assert [violation.hint for violation in find_violations(analyse("text", Offered([])))] == hints


def test_a_mark_of_a_chat_that_goes_over_two_lines_moves_no_line() -> None:
    answer = parse_answer("A [cite: 1,\n2] mark.\nSee https://example.org/x.\n")
    assert (answer.lines, answer.position(answer.citations[0].spotted.start)) == (4, (3, 5))


def test_a_doi_may_be_escaped_as_markdown_asks() -> None:
    (spotted,) = spot_links(r"see 10.1000/a\_b for more")
    assert (spotted.text, spotted.link) == (r"10.1000/a\_b", doi_link("10.1000/a_b"))

"""What the check prints: each format by its own rules, hostile text included, and the page in a real browser."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from explainer.checking.answer import judged_markdown
from explainer.checking.check import CheckReport, check_answer
from explainer.checking.inputs import AnswerReader
from explainer.checking.reports import REPORTERS, render_report
from explainer.diagnostics.html import TextMark, TextMarks, markdown_html
from tests.helpers.browser import measured, needs_browser

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests/cases/check"
HOSTILE = "\x1b[31m\u202e<script>alert(1)</script><img src=x onerror=alert(1)>]]>\x00\ufffe%0A::error::x\n"


@pytest.fixture(scope="module")
def reports() -> list[CheckReport]:
    found = []
    for folder in sorted(path for path in CASES.iterdir() if path.is_dir()):
        offered = AnswerReader().by_question(folder / "question.yaml").unwrap()
        text = (folder / "answer.md").read_text(encoding="utf-8")
        found.append(
            check_answer(text, offered, answer_id=folder.name, file=f"{folder.name}/answer.md")
        )
        hostile = (
            text.replace("Model**: ", f"Model**: {HOSTILE.strip()}", 1)
            + HOSTILE
            + f"[{HOSTILE.strip()}](javascript:alert(1))\n"
        )
        found.append(
            check_answer(
                hostile,
                offered,
                answer_id=f"{folder.name}-{HOSTILE}",
                file="odd name é,:.md",
                line=3,
            )
        )
    return found


def test_the_json_document_has_the_keys_that_it_promises(reports: list[CheckReport]) -> None:
    data = json.loads(render_report("json", reports[:1]))
    assert set(data) == {"schema", "id", "grounded", "claims", "findings", "citations", "workflow"}
    every = json.loads(render_report("json", reports))["answers"]
    assert [row["id"] for row in every] == [report.id for report in reports]
    for row in every:
        for finding in row["findings"]:
            assert set(finding) == {"code", "severity", "line", "column", "message", "text", "hint"}
        for citation in row["citations"]:
            assert set(citation) == {"text", "kind", "status", "entry", "line", "column"}
        for workflow in row["workflow"]:
            assert set(workflow) == {"kind", "line", "steps"}
            for step in workflow["steps"]:
                assert set(step) == {"text", "role", "status", "entries", "line", "column"}


def test_jsonl_is_a_line_for_each_answer_in_order(reports: list[CheckReport]) -> None:
    lines = render_report("jsonl", reports).split("\n")
    assert lines.pop() == ""
    assert [json.loads(line)["id"] for line in lines] == [report.id for report in reports]


def test_sarif_is_valid_by_its_schema(reports: list[CheckReport]) -> None:
    # sarif-schema-2.1.0.json of github.com/oasis-tcs/sarif-spec, without its descriptions
    schema = json.loads(
        (ROOT / "tests/data/sarif-schema-2.1.0.min.json").read_text(encoding="utf-8")
    )
    data = json.loads(render_report("sarif", reports))
    jsonschema.Draft4Validator(schema).validate(data)
    assert len(data["runs"][0]["results"]) == sum(len(report.findings) for report in reports)


def test_junit_is_xml_in_which_no_faulty_answer_passes(reports: list[CheckReport]) -> None:
    suite = ET.fromstring(render_report("junit", reports))[0]
    for case, report in zip(suite, reports, strict=True):
        failed = case.find("failure") is not None or case.find("error") is not None
        assert failed is not report.grounded


def test_annotations_stay_on_their_lines(reports: list[CheckReport]) -> None:
    lines = render_report("github", reports).splitlines()
    assert len(lines) == sum(len(report.findings) for report in reports)
    assert all(re.match(r"::(error|warning|notice) file=", line) for line in lines)


@pytest.mark.parametrize("name", ["text", "github"])
def test_nothing_moves_a_terminal(name: str, reports: list[CheckReport]) -> None:
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", render_report(name, reports)
    )


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.hrefs += [value or "" for name, value in attrs if name in ("href", "src")]


def test_the_page_runs_nothing_and_loads_nothing(reports: list[CheckReport]) -> None:
    page = _Page()
    html = render_report("html", reports)
    page.feed(html)
    assert page.tags.isdisjoint(
        {"script", "img", "iframe", "object", "embed", "link", "form", "base"}
    )
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}
    assert all(href.startswith("#") for href in page.hrefs)
    assert "default-src 'none'" in html


def test_the_page_shows_every_character_of_an_answer_once(reports: list[CheckReport]) -> None:
    from explainer.checking.reports.html import _pieces
    from explainer.diagnostics.text import replace_refused

    for report in reports:
        assert "".join(piece.text for piece in _pieces(report)) == replace_refused(report.text)


def test_the_page_shows_the_question_and_the_answer_as_it_is_read_the_failing_ones_first(
    reports: list[CheckReport],
) -> None:
    html = render_report("html", reports)
    assert reports[0].question in html
    assert "<h4>" in html  # a heading of an answer
    first_good = html.index('class="answer is-clean"')
    assert html.index('class="answer is-faulty" open') < first_good
    assert "is-faulty" not in html[first_good:]
    assert "open" not in html[first_good:].partition(">")[0]


HOSTILE_MARKDOWN = [
    "[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))", "[a](&#106;avascript:alert(1))", "<javascript:alert(1)>",
    "![a](https://evil.example/x.png)", "<img src=x onerror=alert(1)>", "<script>alert(1)</script>",
    "[a](data:text/html;base64,PHNjcmlwdD4=)", '[a](https://x.example/"onmouseover="alert(1))',
    "[a](//evil.example)", "[a](file:///etc/passwd)", "```<script>\n</code></pre><script>\n```", "`<b>`",
    "| a |\n|---|\n| <script>alert(1)</script> |", "[x]: javascript:alert(1)\n\n[x]", "<a href='https://x'>y</a>",
    "[a [b](https://in.example)](https://out.example)", "\x1b[31m\u202e<b>", "[a](vbscript:x) [b](mailto:x@y.example)",
]  # fmt: skip


@pytest.mark.parametrize("text", [*HOSTILE_MARKDOWN, "\n\n".join(HOSTILE_MARKDOWN)])
def test_markdown_of_strangers_becomes_harmless_html(text: str) -> None:
    marks = TextMarks(
        {"a": TextMark("c", '"><script>', "entries/x.html"), "alert": TextMark("<", "'")}
    )
    page = _Page()
    page.feed(markdown_html(judged_markdown(text, ()), marks))
    assert page.tags <= {
        "p", "a", "span", "mark", "code", "pre", "em", "strong", "ul", "ol", "li", "div", "table", "thead", "tbody", "tr",
        "th", "td", "br", "hr", "blockquote",
    }  # fmt: skip
    assert page.attributes <= {"class", "title", "href", "tabindex"}
    assert set(page.hrefs) <= {"entries/x.html"}


def test_a_long_line_is_cut_around_the_place(reports: list[CheckReport]) -> None:
    offered = AnswerReader().by_question(CASES / "faithful/question.yaml").unwrap()
    text = (
        (CASES / "faithful/answer.md").read_text(encoding="utf-8")
        + "深 " * 200
        + "https://evil.example.net/x "
        + "y" * 500
    )
    shown = render_report("text", [check_answer(text, offered)]).splitlines()
    at = next(index for index, line in enumerate(shown) if "A204" in line)
    assert "https://evil.example.net/x" in shown[at + 1]
    assert shown[at + 2].count("^") == len("https://evil.example.net/x")
    assert len(shown[at + 1]) < 130


@pytest.mark.parametrize("name", REPORTERS)
def test_no_answers_are_a_report_too(name: str) -> None:
    assert isinstance(render_report(name, []), str)


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("width", [360, 1400])
def test_the_page_fits_a_real_browser(
    width: int, tmp_path: Path, reports: list[CheckReport]
) -> None:
    expressions = (
        "d.documentElement.scrollWidth,d.querySelectorAll('.answer').length,"
        "getComputedStyle(d.querySelector('.tile')).borderTopStyle"
    )
    found = measured(render_report("html", reports), width, expressions, tmp_path)
    assert int(found[0]) <= width
    assert int(found[1]) == len(reports)
    assert found[2] == "solid"  # the style sheet passed the page's own policy

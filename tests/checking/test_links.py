"""Links as a browser opens them, and what is no part of an answer: forms from data, each with its verdict."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer.catalogs.library import resolve
from explainer.catalogs.parsing import parse_question_line
from explainer.checking.answer import parse_answer
from explainer.checking.check import CheckReport, check_answer
from explainer.checking.mending import apply_fixes
from explainer.checking.offered import Offered, offered_by_sources
from explainer.project import parse_catalog
from tests.helpers import link_forms
from tests.helpers.link_forms import ANYWHERE, DATA, FOREIGN, HTML, MARKDOWN, OFFERED, Form
from tests.helpers.support import SLOW, examples

MODEL, PAPER = "Txt2Img-Foo", "Painting Pictures With Noise And Words"
ENTRIES = {
    "models": [{"name": MODEL, "signature": "Txt2Img", "paper": OFFERED[0], "github": OFFERED[1]}],
    "papers": [{"title": PAPER, "paper": OFFERED[2]}],
}
FIRST = "### 1. Task\n\nMaking a picture from a text.\n"
SECOND = f"""### 2. Workflow

text → {MODEL} → picture

### 3. References

- **Model**: {MODEL}
  - Paper: {OFFERED[0]}
  - GitHub: {OFFERED[1]}
- **Paper**: {PAPER}
  - Paper: {OFFERED[2]}
"""
# ways to write a URL that change its structure, and ways to write each of its characters
STRUCTURAL = sorted(name for name, encode in ANYWHERE.items() if "&" not in encode(FOREIGN[0]))
BY_REFERENCE = ("all decimal", "all hexadecimal", "every second")
ATTACKS = yaml.safe_load((DATA.parent / "link_attacks.yaml").read_text(encoding="utf-8"))
HIDDEN_PARTS = yaml.safe_load((DATA.parent / "hidden_parts.yaml").read_text(encoding="utf-8"))


def offered(entries: dict[str, list[dict[str, str]]]) -> Offered:
    loaded = parse_question_line(json.dumps({"question": "How?", **entries}), "<test>", 1).unwrap()
    return offered_by_sources(
        resolve(loaded, parse_catalog("models: []").unwrap()).unwrap(), "How?"
    )


WORLD = offered(ENTRIES)


def judge(text: str) -> CheckReport:
    return check_answer(f"{FIRST}\n{text}\n\n{SECOND}", WORLD)


def forms_by_encoding() -> dict[str, list[Form]]:
    forms = defaultdict(list)
    rows = map(json.loads, DATA.read_text(encoding="utf-8").splitlines())
    for form in link_forms.forms() if SLOW else (Form(*row) for row in rows):
        forms[form.encoding].append(form)
    return forms


@pytest.mark.parametrize(
    ("encoding", "forms"), forms_by_encoding().items(), ids=lambda item: str(item)[:40]
)
def test_a_foreign_link_is_found_in_every_form_and_an_offered_one_is_left_alone(
    encoding: str, forms: list[Form]
) -> None:
    missed = [form for form in forms if judge(form.foreign).grounded and not _is_unopened(form)]
    assert not missed
    flagged = [
        form for form in forms if form.shell != "as a label" and _accuses(judge(form.offered), form)
    ]
    assert not flagged


def _is_unopened(form: Form) -> bool:
    """Whether a form is one of those that no browser opens, which only the whole set holds."""
    return SLOW and form not in _in_data()


def _in_data() -> set[Form]:
    return {Form(*json.loads(row)) for row in DATA.read_text(encoding="utf-8").splitlines()}


def _accuses(report: CheckReport, form: Form) -> bool:
    return any(finding.code.startswith("A2") for finding in report.findings) and not _is_unopened(
        form
    )


@settings(max_examples=examples(60, 3_000), deadline=None)
@given(st.data())
def test_encodings_on_encodings_hide_no_link(data: st.DataObject) -> None:
    at = data.draw(st.sampled_from(range(len(FOREIGN))))
    name, by_reference = (
        data.draw(st.sampled_from(STRUCTURAL)),
        data.draw(st.sampled_from(BY_REFERENCE)),
    )
    markup = data.draw(st.sampled_from([*MARKDOWN.values(), *HTML.values()]))
    foreign, right = (
        ANYWHERE[by_reference](ANYWHERE[name](urls[at])) for urls in (FOREIGN, OFFERED)
    )
    assert not judge(markup.format(foreign)).grounded
    assert judge(markup.format(right)).grounded


@pytest.mark.parametrize("text", HIDDEN_PARTS["grounded"])
def test_what_is_no_part_of_the_answer_is_left_out(text: str) -> None:
    report = check_answer(_filled(text), WORLD)
    assert report.grounded, report.findings


@pytest.mark.parametrize("text", HIDDEN_PARTS["not grounded"])
def test_what_only_looks_like_it_is_judged(text: str) -> None:
    assert not check_answer(_filled(text), WORLD).grounded


def _filled(text: str) -> str:
    parts = {
        "<answer>": f"{FIRST}\n{SECOND}",
        "<first>": FIRST,
        "<second>": SECOND,
        "<foreign>": FOREIGN[0],
    }
    for name, part in parts.items():
        text = text.replace(name, part)
    return text


def test_a_finding_points_at_the_raw_text_of_the_link() -> None:
    text = "> a [paper](https&#58;//elsewhere.museum/x 'paper') and\n> <a\n> href='//elsewhere.museum/y'>more</a>"
    answer = parse_answer(text)
    written = [answer.text[cited.spotted.start : cited.spotted.end] for cited in answer.citations]
    assert written == ["https&#58;//elsewhere.museum/x", "//elsewhere.museum/y"]
    assert [cited.label.text for cited in answer.citations if cited.label] == ["paper", "more"]


@pytest.mark.parametrize(
    ("link", "code"),
    [
        (f"[{OFFERED[0]}]({OFFERED[1]})", "A205"),
        (f"[arXiv:2401.10000]({OFFERED[1]})", "A205"),
        (f"<a href='{OFFERED[1]}'>https&#58;//<b>arxiv</b>.org/abs/2401.10000</a>", "A205"),
        (f"[www.project.acme-lab.science/foo/page]({OFFERED[1]})", "A205"),
        ("[x](javascript&colon;alert(1))", "A204"),
        ("<a href='#' onclick='go()'>x</a>", "A204"),
        ("<a href='page.html'>x</a>", "A204"),
        ("[x](DATA:text/html,x)", "A204"),
        ("<base href='https://arxiv.org/'>\n\n[x](abs/1706.03762)", "A201"),
    ],
)
def test_a_link_that_misleads_is_found(link: str, code: str) -> None:
    assert code in {finding.code for finding in judge(link).findings}


@pytest.mark.parametrize("form", ["{}", "[paper]({})", "<{}>", "`{}`", "<a href='{}'>paper</a>"])
@pytest.mark.parametrize(
    "scheme",
    [
        "htp://",
        "ttps://",
        "https//",
        "hhtps://",
        "httpss://",
        "htttps://",
        "https;//",
        "hxxps://",
        "xttps://",
        "hts://",
        "https.://",
        "https>://",
        "http：//",
    ],
)
def test_a_link_with_a_broken_scheme_is_found(scheme: str, form: str) -> None:
    broken = OFFERED[0].replace("https://", scheme)
    assert "A204" in {finding.code for finding in judge(form.format(broken)).findings}


@pytest.mark.parametrize("scheme", ["https:/", "https:", "https:\\\\", "HTTPS:///"])
def test_a_destination_that_browsers_mend_is_judged_by_where_it_leads(scheme: str) -> None:
    for link, is_offered in ((OFFERED[0], True), ("https://elsewhere.museum/x", False)):
        assert judge(f"[paper]({link.replace('https://', scheme)})").grounded == is_offered


@pytest.mark.parametrize(
    "link",
    [
        f"[arXiv:2401.10000]({OFFERED[0]})",
        f"[{OFFERED[1].upper()}]({OFFERED[1]})",
        "[2401.10000v2](http://arxiv.org/pdf/2401.10000v1.pdf)",
        "[the task](#1-task) and <a name='x'></a><a href='#x'>x</a>",
        f"<a data-page='x.html' title='y' href='{OFFERED[0]}'>2401.10000</a>",
    ],
)
def test_a_link_that_says_where_it_leads_is_left_alone(link: str) -> None:
    assert [finding.code for finding in judge(link).findings if finding.code.startswith("A2")] == []


@settings(max_examples=examples(40, 2_000), deadline=None)
@given(st.integers(min_value=0))
def test_random_edits_are_judged_and_mended_once(seed: int) -> None:
    rng = random.Random(seed)
    text = f"{FIRST}\n{rng.choice(list(HTML.values())).format(OFFERED[0])}\n{SECOND}"
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(text))
        text = (
            text[:at]
            + rng.choice(
                ["", "<", "](", "&#", "\\", "`", "```\n", "<a href=", '"', "\x00", "http:"]
            )
            + text[at + 1 :]
        )
    report = check_answer(text, WORLD, strict_links=True)
    mended = apply_fixes(text, [fix for _, fix in report.fixes])
    again = check_answer(mended, WORLD, strict_links=True)
    assert again.grounded or not report.grounded
    assert apply_fixes(mended, [fix for _, fix in again.fixes]) == mended


SAMPLES = [
    "```python\nr = get(\"https://images.samples.dev/cat\", url='https://api.vendor.dev/v1')\n```",
    "```bash\ncurl -X POST https://api.vendor.dev/v1/x -d @x.json\nwget http://localhost:8000/\n```",
    "```\nhttps://images.samples.dev/cat.jpg\n```",
    "`https://example.com/image.jpg`, `image/jpeg`, `src/train.py`, `application/json`",
]
CITED_IN_CODE = [
    "```python\n# see https://elsewhere.museum/x\n```",
    "```python\nx = 1  # see 'https://elsewhere.museum/x'\n```",
    "```python\nx = 'https://arxiv.org/abs/1706.03762'\n```",
    "```bash\ngit clone https://github.com/other/repo\n```",
    "```text\nhttps://elsewhere.museum/x\n```",
    '```json\n{"source": "https://elsewhere.museum/x"}\n```',
    "`https://elsewhere.museum/x`",
]


@pytest.mark.parametrize("code", SAMPLES)
def test_a_sample_in_code_is_no_citation(code: str) -> None:
    assert judge(code).findings == ()
    assert check_answer(f"{FIRST}\n{SECOND}\n{code}\n", WORLD).findings == ()


@pytest.mark.parametrize("code", CITED_IN_CODE)
def test_a_source_in_code_is_one(code: str) -> None:
    assert "A201" in {finding.code for finding in judge(code).findings}


@pytest.mark.parametrize(
    ("paper", "reference"),
    [
        (
            {"summary": r"See \url{https://lab.org/x_y}, \href{https://lab.org/code}{code}."},
            "https://lab.org/code",
        ),
        (
            {"summary": '<a href="https://lab.org/k">code</a> https://lab.org/m&nbsp;here'},
            "https://lab.org/m",
        ),
        ({"paper": "https://lab.org/p?a=1&amp;b=2"}, "https://lab.org/p?a=1&b=2"),
        ({"paper": "https://lab.org/p?a=1&amp;b=2"}, "https://lab.org/p?a=1&amp;b=2"),
        ({"title": "Questions &amp; Answers on Pictures"}, "Questions & Answers on Pictures"),
        ({"title": "Questions & Answers on Pictures"}, "Questions &amp; Answers on Pictures"),
        ({"title": "Fast Sampling of Numbers in [0, 1)"}, ""),
        ({"title": "Fast Sampling of Numbers in [0, 1)", "paper": OFFERED[0]}, OFFERED[0]),
        ({"paper": "https://doi.org/10.1016/x[0,1)"}, "https://doi.org/10.1016/x[0,1)"),
        (
            {"paper": "https://doi.org/10.1016/S0893(05)80023-1"},
            "[10.1016/S0893(05)80023-1](https://doi.org/10.1016/S0893(05)80023-1)",
        ),
        (
            {"paper": "https://doi.org/10.1145/3394486.3403046"},
            "https://dl.acm.org/doi/pdf/10.1145/3394486.3403046",
        ),
        ({"paper": "https://openreview.net/forum?id=aB_1"}, "https://openreview.net/pdf?id=aB_1"),
    ],
)
def test_what_was_offered_is_read_as_curators_write_it(
    paper: dict[str, str], reference: str
) -> None:
    title = paper.get("title", PAPER)
    world = offered({"models": [{"name": MODEL}], "papers": [{"title": title, **paper}]})
    name = reference if "title" in paper and reference and "://" not in reference else title
    lines = [f"- **Paper**: {name}", f"  - Link: {reference}"][: 1 + ("://" in reference)]
    text = SECOND[: SECOND.index("- **Model**")] + "\n".join([f"- **Model**: {MODEL}", *lines])
    assert [
        f.code for f in check_answer(f"{FIRST}\n{text}", world).findings if f.code != "A502"
    ] == []


def _repeated(text: str) -> str:
    return re.sub(r"<(\d+)\*(.+?)>", lambda match: match[2] * int(match[1]), text, flags=re.DOTALL)


@pytest.mark.parametrize("text", ATTACKS["found"])
def test_no_way_to_hide_a_link_works(text: str) -> None:
    assert not judge(_repeated(text)).grounded


@pytest.mark.parametrize("text", ATTACKS["left alone"])
def test_what_only_looks_like_hiding_is_left_alone(text: str) -> None:
    assert [finding for finding in judge(text).findings if finding.code.startswith("A2")] == []

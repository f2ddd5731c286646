"""What `explainer cite` writes, read back by the programs that it is for."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from explainer.catalogs.schema import Kind, PaperEntry
from explainer.publishing.references import plain_notes
from tests.helpers.support import explainer, slow, write_tree

PANDOC = shutil.which("pandoc")
needs_pandoc = pytest.mark.skipif(PANDOC is None, reason="needs pandoc")

CATALOG = """\
models:
  - {name: Txt2Img-Lantern, signature: Txt2Img, paper: "https://arxiv.org/abs/2401.10000", github: "https://github.com/acme/lantern"}
  - {name: Img2Txt-Herald, signature: Img2Txt, paper: "https://arxiv.org/abs/2402.20000"}
papers:
  - title: "Ünïcode & 50 % of {Braces}: a_study of $x$ and *stars*"
    paper: https://example.org/a_b
    year: 2021
    authors: [Ana López, Bo Li]
  - {title: Never Cited At All, paper: "https://example.org/never"}
"""
QUESTION = """\
question: How was the picture made?
models: [Txt2Img-Lantern, Img2Txt-Herald]
papers: ["Ünïcode & 50 % of {Braces}: a_study of $x$ and *stars*", Never Cited At All]
catalog: c.yaml
"""
ANSWER = """\
### 1. Task
A picture from a text.

### 2. Workflow
text → Txt2Img-Lantern → picture

```mermaid
flowchart LR
  t[text] --> m[Txt2Img-Lantern]
```

### 3. References
- **Model**: [Txt2Img-Lantern](https://arxiv.org/abs/2401.10000)
- **Paper**: Ünïcode & 50 % of {Braces}: a_study of $x$ and *stars*
  - Paper: https://example.org/a_b
"""
TITLES = ["Txt2Img-Lantern", "Ünïcode & 50 % of {Braces}: a_study of $x$ and *stars*"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_tree(tmp_path, {"c.yaml": CATALOG, "q.yaml": QUESTION, "a.md": ANSWER})


def pandoc(text: str, *arguments: str) -> str:
    command = [str(PANDOC), *arguments]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=120, check=True
    ).stdout


def cite(*arguments: str, status: int = 0) -> str:
    outcome = explainer("cite", "a.md", "--question", "q.yaml", *arguments)
    assert outcome.status == status, outcome.err
    return outcome.out


def titles_of(items: list[dict[str, Any]]) -> list[str]:
    return [re.sub(r"</?span[^>]*>", "", item["title"]) for item in items]


@pytest.mark.usefixtures("project")
def test_only_what_is_cited_and_proved_is_there() -> None:
    items = json.loads(cite("--format", "csl-json"))
    assert titles_of(items) == TITLES
    assert [item["URL"] for item in items] == [
        "https://arxiv.org/abs/2401.10000",
        "https://example.org/a_b",
    ]
    assert len({item["id"] for item in items}) == 2


def test_an_answer_that_is_not_grounded_keeps_what_is_proved(project: Path) -> None:
    (project / "a.md").write_text(
        ANSWER + "- [Txt2Img-Evil](https://evil.example/x)\n", encoding="utf-8"
    )
    assert titles_of(json.loads(cite("--format", "csl-json", status=1))) == TITLES
    text = cite(status=1)
    assert "**Not grounded: " in text
    assert "evil" not in "".join(line for line in text.splitlines() if line.startswith("[^"))


Facts = set[tuple[str, str, tuple[str, ...], int | None]]
FACTS: Facts = {
    (TITLES[0], "https://arxiv.org/abs/2401.10000", (), None),
    (TITLES[1], "https://example.org/a_b", ("Ana López", "Bo Li"), 2021),
}


def facts_of(items: list[dict[str, Any]]) -> Facts:
    """What CSL-JSON says of its entries: title, URL, authors, year."""
    facts = set()
    for item, title in zip(items, titles_of(items), strict=True):
        authors = [
            " ".join([one.get("given", ""), one.get("family", one.get("literal"))])
            for one in item.get("author", [])
        ]
        year = item["issued"]["date-parts"][0][0] if "issued" in item else None
        facts.add((title, item["URL"], tuple(map(str.strip, authors)), year))
    return facts


@needs_pandoc
@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("written", "reader"), [("csl-json", "csljson"), ("bibtex", "bibtex")])
def test_pandoc_reads_what_was_written(written: str, reader: str) -> None:
    assert (
        facts_of(json.loads(pandoc(cite("--format", written), "-f", reader, "-t", "csljson")))
        == FACTS
    )


@pytest.mark.usefixtures("project")
def test_a_reader_of_ris_reads_what_was_written() -> None:
    rispy = pytest.importorskip("rispy")
    facts = set()
    for entry in rispy.loads(cite("--format", "ris")):
        year = int(entry["year"]) if "year" in entry else None
        facts.add((entry["title"], entry["urls"][0], tuple(entry.get("authors", ())), year))
    assert facts == FACTS


@pytest.mark.usefixtures("project")
def test_a_csl_processor_reads_what_was_written() -> None:
    citeproc = pytest.importorskip("citeproc.source.json")
    items = json.loads(cite("--format", "csl-json"))
    for item in items:
        item.pop("custom", None)  # the library knows no such variable
    facts = set()
    for entry in citeproc.CiteProcJSON(items).values():
        authors = tuple(author["literal"] for author in entry.get("author", ()))
        year = entry["issued"]["year"] if "issued" in entry else None
        facts.add(("".join(entry["title"]), "".join(entry["URL"]), authors, year))
    assert facts == FACTS


@needs_pandoc
def test_pandoc_makes_a_document_with_a_note_for_each_entry(project: Path) -> None:
    text = cite("--out", "cited.md") or (project / "cited.md").read_text(encoding="utf-8")
    html = pandoc(text, "-f", "markdown-smart", "-t", "html", "--wrap=none")
    assert html.count('role="doc-noteref"') >= 2
    assert "[^" not in html
    for title in TITLES:
        assert f"<em>{title.replace('&', '&amp;')}</em>" in html
    pandoc(text, "-o", "cited.docx")
    plain = pandoc("", "-f", "docx", "-t", "plain", "--wrap=none", "cited.docx")
    assert all(title in plain for title in TITLES)


@slow
@needs_pandoc
@pytest.mark.usefixtures("project")
def test_pandoc_makes_a_pdf_with_the_notes() -> None:
    pypdf = pytest.importorskip("pypdf")
    engine = shutil.which(
        "weasyprint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if engine is None:
        pytest.skip("needs weasyprint")
    cite("--out", "cited.md")
    pandoc("", "cited.md", "-o", "cited.pdf", f"--pdf-engine={engine}")
    text = "".join(page.extract_text() for page in pypdf.PdfReader("cited.pdf").pages)
    assert all("".join(title.split()) in "".join(text.split()) for title in TITLES)


HOSTILE = [
    r"\input{/etc/hostname}", r"$\input{/etc/hostname}$", r"$$x$$", "<script>alert(1)</script>", "<b>bold</b>",
    "![x](/etc/hostname)", "![x](https://evil.example/x.png)", "`x`{=latex}", r"`\input{x}`{=latex}",
    "```{=latex}\n\\input{x}\n```", "``` {=html}\n<b>\n```", "~~~ {=html}\n<b>\n~~~", "---\ntitle: mine\n---", "text\n---\nx: 1\n---",
    "\\`\\input{/etc/hostname}\\`", "```\n\\input{unclosed}", "see @smith2020 and [@a; @b]", "\\begin{x}y\\end{x}",
    "> ```{=latex}\n> \\input{x}\n> ```", "- a\n\n      \\input{x}", "``a`\\input{x}``", "[![x](y.png)](z)",
]  # fmt: skip


def is_only_text(project: Path, hostile: str, reader: str) -> bool:
    (project / "a.md").write_text(f"{hostile}\n\n{ANSWER}\n{hostile}", encoding="utf-8")
    outcome = explainer("cite", "a.md", "--question", "q.yaml")
    tree = json.loads(pandoc(outcome.out, "-f", reader, "-t", "json"))
    means_more = re.search(
        r'"t":\s*"(RawInline|RawBlock|Math|Image|Cite)"', json.dumps(tree["blocks"])
    )
    return tree["meta"] == {} and means_more is None


@needs_pandoc
@pytest.mark.parametrize("reader", ["markdown", "commonmark_x"])
def test_nothing_in_an_answer_is_more_than_text_to_pandoc(reader: str, project: Path) -> None:
    assert is_only_text(project, "\n\n".join(HOSTILE), reader)


@slow
@needs_pandoc
@pytest.mark.parametrize("reader", ["markdown", "commonmark_x"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_is_more_than_text_alone(hostile: str, reader: str, project: Path) -> None:
    assert is_only_text(project, hostile, reader)


@pytest.mark.usefixtures("project")
def test_a_style_is_that_of_a_csl_processor() -> None:
    if importlib.util.find_spec("citeproc") is None:
        assert (
            "cnaps-explainer[cite]"
            in explainer("cite", "a.md", "--question", "q.yaml", "--style", "apa").err
        )
        return
    apa = cite("--style", "apa")
    assert "(2021)" in apa
    assert "López" in apa
    outcome = explainer("cite", "a.md", "--question", "q.yaml", "--style", "no-such-style")
    assert (outcome.status, outcome.out) == (2, "")
    assert "no-such-style" in outcome.err


@pytest.mark.usefixtures("project")
def test_wrong_usage_is_refused() -> None:
    assert explainer("cite", "a.md").status == 2
    assert (
        explainer(
            "cite", "a.md", "--question", "q.yaml", "--style", "apa", "--format", "ris"
        ).status
        == 2
    )


def test_a_note_shows_every_sign_of_a_title() -> None:
    entry = PaperEntry(title="*a* [b](c) `d` <e> $f$ \\g", paper="https://example.org/")
    assert plain_notes([(Kind.PAPERS, entry)]) == [
        r"*\*a\* \[b\](c) \`d\` \<e\> \$f\$ \\g*. <https://example.org/>."
    ]

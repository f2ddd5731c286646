"""The site that `explainer publish` makes: what its pages hold, what they never hold, and what a second run writes."""

from __future__ import annotations

import json
import os
import re
import shutil
import socketserver
import subprocess
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from explainer.diagnostics.text import refused_characters
from explainer.publishing import pages, site
from tests.helpers.browser import CHROMIUM, FLAGS, measured, needs_browser
from tests.helpers.support import ROOT, explainer, slow, write_tree

NODE_MODULES = Path(
    os.environ.get("EXPLAINER_NODE_MODULES", ROOT / "tests" / "interop" / "html" / "node_modules")
)
CASE = ROOT / "tests" / "cases" / "check"
GOOD = (CASE / "faithful" / "answer.md").read_text(encoding="utf-8")
BAD = (CASE / "foreign-link" / "answer.md").read_text(encoding="utf-8")
QUESTION = (CASE / "faithful" / "question.yaml").read_text(encoding="utf-8")
TAGS = frozenset(
    "html head meta title link body a header nav main footer section article aside h1 h2 h3 h4 h5 h6 p b q span mark div "  # noqa: SIM905
    "ul ol li details summary blockquote pre code em strong hr br img table thead tbody tr th td".split()
)
MARKUP = "<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) ![i](https://evil.example/x.png)"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    hostile_question = QUESTION.replace("question: ", f"question: {json.dumps(MARKUP)} #")
    return write_tree(tmp_path, {
        "catalog.yaml": (CASE / "catalog.yaml").read_text(encoding="utf-8"),
        "q/good.yaml": QUESTION.replace("../", ""), "a/good.md": GOOD,
        "q/bad.yaml": QUESTION.replace("../", ""), "a/bad.md": BAD,
        "q/deep/Hostile.yaml": hostile_question.replace("../", ""), "a/deep/Hostile.md": f"{GOOD}\n{MARKUP}\n",
    })  # fmt: skip


def publish(*arguments: str, status: int = 1) -> str:
    outcome = explainer(
        "publish", "a", "--question", "q", "--catalog", "catalog.yaml", "--out", "site", *arguments
    )
    assert (outcome.status, outcome.out) == (status, ""), outcome.err
    return outcome.err


def snapshot() -> dict[str, tuple[bytes, int]]:
    files = [
        path for path in Path("site").rglob("*") if path.is_file() and path.name != site.STATE_FILE
    ]
    return {path.as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


class _Page(HTMLParser):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.loaded: set[str] = set()
        self.links: set[str] = set()
        self.handlers: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            elif name in {"src", "srcset", "data", "poster", "action"} or (
                tag == "link" and name == "href"
            ):
                self.loaded.add(value or "")
            elif name == "href":
                self.links.add(value or "")
            elif name.startswith("on") or name == "style":
                self.handlers.add(name)


def every_page() -> Iterator[tuple[Path, _Page]]:
    for path in sorted(Path("site").rglob("*.html")):
        yield path, _Page(path)


@pytest.mark.usefixtures("project")
def test_no_page_runs_or_loads_anything_of_a_stranger() -> None:
    publish()
    for path, page in every_page():
        text = path.read_text(encoding="utf-8")
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
        assert policy
        assert policy[1].startswith("default-src 'none'; ")
        is_front = path.name == "index.html"
        assert ("script-src 'self'" if is_front else "script-src 'none'") in policy[1]
        assert page.handlers == set()
        assert page.tags.count("script") == 2 * is_front
        assert set(page.tags).isdisjoint(
            {"iframe", "object", "embed", "base", "form", "style", "svg"}
        )
        assert not [
            target for target in page.loaded if urlsplit(target).scheme or target.startswith("//")
        ]
        if path.parent.name != "entries":
            assert not [
                target
                for target in page.links
                if urlsplit(target).scheme or target.startswith("//")
            ]
    for name in ("search-index.js", "feed.xml"):
        assert b"<script" not in (Path("site") / name).read_bytes()


STRANGE = [
    "<script>alert(1)</script>", "<svg onload=alert(1)><animate onbegin=alert(1)>", "<style>.alert{display:none}</style>",
    "<base href=https://evil.example/>", "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<form action=https://evil.example><input type=submit>", "[x](javascript:alert(1))", "[x](JaVaScRiPt&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)", "![x](data:image/svg+xml,<svg/onload=alert(1)>)", "<javascript:alert(1)>",
    "</article></main><main><h1>Grounded</h1>", "<!-- never closed", "<details><summary>Fold", "<textarea>", "<plaintext>",
    "<title>", "<noscript>", "<template>", "<xmp>", "<iframe srcdoc='<script>alert(1)</script>'>", "<![CDATA[ x ]]>", "<?php",
    "<math><mtext></p><style><img src=x onerror=alert(1)>", "[x]: javascript:alert(1)\n\n[x]", "<!DOCTYPE html><html>",
    "&#x202E;gnp.exe &#x2066;x &#x85; &#x2028; &#x9b;31m", "\u202e\u2066 \x9b31m \x1b[0m \ud800", "`` ` ``</code><script>`",
    "[a](https://x.example 'onmouseover=alert(1) \"x')", '```"><script>alert(1)</script>\nx\n```', "<div id=main class=alert>",
    "| a | b |\n|:-:|--:|\n| <b onclick=alert(1)> | c |", "<x style='position:fixed;inset:0'>", "{{ 7 * 7 }}{% raw %}",
    "- " * 60 + "deep", "> " * 60 + "deep", "7. x\n8. y", "<a\nhref=x\nonclick=alert(1)>", "*" * 900, "[" * 3000,
]  # fmt: skip


@pytest.mark.usefixtures("project")
def test_no_text_of_a_stranger_is_more_than_text_or_hides_what_is_wrong() -> None:
    answer = f"{GOOD}\n\n- [Evil Paper](https://evil.example/p)\n"
    rows = [
        {"id": f"n{number}", "answer": f"{text}\n\n{answer}\n{text}"}
        for number, text in enumerate(STRANGE)
    ]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    given = ("--question", "q/good.yaml", "--catalog", "catalog.yaml")
    assert explainer("publish", "rows.jsonl", *given, "--out", "site").status == 1
    pages_of_answers = [
        (path, page) for path, page in every_page() if path.parent.name == "answers"
    ]
    assert len(pages_of_answers) == len(STRANGE)
    for path, page in pages_of_answers:
        text = path.read_text(encoding="utf-8")
        shown = text[text.index('<article class="answer">') : text.index("</article>")]
        assert 'class="alert"' in text
        assert (text.count("</article>"), text.count("</main>"), page.tags.count("h1")) == (1, 1, 1)
        assert set(page.tags) <= TAGS, (path, set(page.tags) - TAGS)
        assert page.handlers == set()
        assert not [target for target in page.links | page.loaded if ":" in target]
        assert list(refused_characters(text, source=True)) == []
        assert "Evil" in shown, path


@pytest.mark.usefixtures("project")
def test_every_link_of_the_site_leads_somewhere() -> None:
    publish()
    for path, page in every_page():
        for target in page.links | page.loaded:
            parts = urlsplit(target)
            if not parts.scheme and parts.path:
                assert (path.parent / unquote(parts.path)).is_file(), (path, target)
            elif not parts.scheme:
                assert parts.fragment in page.ids


@pytest.mark.usefixtures("project")
def test_what_is_not_grounded_is_marked_wherever_it_is_shown() -> None:
    assert "3 answers, 2 not grounded" in publish()
    bad = Path("site/answers/bad.html").read_text(encoding="utf-8")
    assert 'class="alert"' in bad
    assert re.search(r'<mark class="[cf]-(foreign|error)"[^>]*>https://[^<]+</mark>', bad)
    assert 'class="alert"' not in Path("site/answers/good.html").read_text(encoding="utf-8")
    front = Path("site/index.html").read_text(encoding="utf-8")
    assert front.count('<span class="chip faulty">not grounded: ') == 2
    titles = [
        entry.findtext(f"{ATOM}title")
        for entry in ET.parse("site/not-grounded.xml").iter(f"{ATOM}entry")
    ]
    assert len(titles) == 2
    assert len(list(ET.parse("site/feed.xml").iter(f"{ATOM}entry"))) == 3
    data = json.loads(
        Path("site/search-index.js")
        .read_text(encoding="ascii")
        .removeprefix("self.ANSWERS=")
        .rstrip(";\n")
    )
    assert sorted(row[2] for row in data).count("faulty") == 2


@pytest.mark.usefixtures("project")
def test_citations_lead_to_entries_and_entries_to_the_answers_that_cite_them() -> None:
    publish()
    good = _Page(Path("site/answers/good.html"))
    entries = {link.removeprefix("../") for link in good.links if "/entries/" in link}
    assert len(entries) >= 2
    citing = [
        name for name in entries if "../answers/good.html" in _Page(Path("site") / name).links
    ]
    assert citing
    index = _Page(Path("site/entries.html"))
    assert entries <= index.links


@pytest.mark.usefixtures("project")
def test_a_second_run_writes_what_changed_and_nothing_else() -> None:
    publish()
    before = snapshot()
    assert "0 files written, 0 removed" in publish()
    assert snapshot() == before
    Path("a/good.md").write_text(GOOD + "\nA new end.\n", encoding="utf-8")
    publish()
    changed = {name for name, value in snapshot().items() if before.get(name) != value}
    assert "site/answers/good.html" in changed
    assert "site/answers/bad.html" not in changed
    before = snapshot()
    Path("a/bad.md").unlink()
    Path("q/bad.yaml").unlink()
    publish()
    assert before.keys() - snapshot().keys() == {"site/answers/bad.html"}


@pytest.mark.usefixtures("project")
def test_a_changed_question_or_catalog_is_seen() -> None:
    publish()
    question = Path("q/good.yaml")
    question.write_text(
        question.read_text(encoding="utf-8").replace("question: ", "question: Now, "),
        encoding="utf-8",
    )
    publish()
    assert "Now, " in Path("site/answers/good.html").read_text(encoding="utf-8")
    catalog = Path("catalog.yaml")
    old = re.search(r"https://github\.com/[^\s}]+", catalog.read_text(encoding="utf-8"))
    assert old
    catalog.write_text(
        catalog.read_text(encoding="utf-8").replace(old[0], f"{old[0]}-moved"), encoding="utf-8"
    )
    assert "0 not grounded" not in publish()
    assert old[0] + "-moved" in "".join(
        path.read_text(encoding="utf-8") for path in Path("site/entries").iterdir()
    )


@pytest.mark.usefixtures("project")
def test_a_site_is_the_same_whatever_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    publish()
    alone = {name: content for name, (content, _) in snapshot().items()}
    shutil.rmtree("site")
    monkeypatch.setattr(site, "_FEW", 1)
    monkeypatch.setattr(site, "processes", lambda: 2)
    publish()
    assert {name: content for name, (content, _) in snapshot().items()} == alone
    Path("site", site.STATE_FILE).write_text("{", encoding="utf-8")
    publish()
    assert {name: content for name, (content, _) in snapshot().items()} == alone


@pytest.mark.usefixtures("project")
def test_a_page_that_somebody_took_away_comes_back() -> None:
    publish()
    before = snapshot()
    Path("site/answers/good.html").unlink()
    Path("site/style.css").unlink()
    publish()
    assert snapshot().keys() == before.keys()


@pytest.mark.usefixtures("project")
def test_a_folder_with_something_else_is_left_alone() -> None:
    write_tree(Path("site"), {"index.html": "mine"})
    assert "F105" in publish(status=2)
    assert Path("site/index.html").read_text(encoding="utf-8") == "mine"
    assert len(list(Path("site").iterdir())) == 1


def test_lines_with_faults_have_no_page_and_are_said(project: Path) -> None:
    rows = [{"id": name, "answer": GOOD} for name in ("one", "a/b", "a-b", "ONE", "one")]
    lines = [json.dumps(row).encode() for row in rows]
    (project / "rows.jsonl").write_bytes(b"\n".join([*lines, b"\xff", b'{"id": "x"}']))
    outcome = explainer(
        "publish",
        "rows.jsonl",
        "--question",
        "q/good.yaml",
        "--catalog",
        "catalog.yaml",
        "-o",
        "site",
    )
    assert outcome.status == 1
    assert {code for code in ("A603", "Y101", "A601") if code in outcome.err} == {
        "A603",
        "Y101",
        "A601",
    }
    assert "4 answers, 0 not grounded" in outcome.err
    assert len(list(Path("site/answers").iterdir())) == 4


def test_a_site_of_no_answers_is_not_a_success(project: Path) -> None:
    write_tree(project, {"none.jsonl": ""})
    assert explainer("publish", "none.jsonl", "--out", "site").status == 3


@pytest.mark.usefixtures("project")
def test_answers_are_files() -> None:
    assert explainer("publish", "-", "--out", "site", "--question", "q/good.yaml").status == 2
    assert explainer("publish", "a", "--out", "site").status in (1, 2)


def test_many_answers_have_several_pages_of_lists() -> None:
    row = pages.AnswerRow("x", "x", "Why?", "grounded", "grounded: fine", (), (), (), ())
    listed = pages.list_pages([row] * (2 * pages.PER_PAGE + 1), "Title")
    assert list(listed) == ["index.html", "page-2.html", "page-3.html"]
    assert all(
        'href="page-3.html"' in page for name, page in listed.items() if name != "page-3.html"
    )
    assert "script-src 'none'" in listed["page-2.html"]


def test_a_page_shows_statements_with_the_passages_behind_them(tmp_path: Path) -> None:
    line = "{title: Quick Paint, paper: 'https://example.org/p', summary: 'Quick Paint reaches an accuracy of 91.2 % on <i>Strokes</i>.'}"
    question = "question: How?\nmodels: []\npapers: [Quick Paint]\ncatalog: c.yaml\n"
    answer = (
        "# 1. Task\nPainting.\n\n# 2. Workflow\nphoto → Quick Paint → picture\n\nQuick Paint reaches an accuracy of {} % on Strokes.\n\n"
        "# 3. References\n- [Quick Paint](https://example.org/p)\n"
    )
    write_tree(
        tmp_path,
        {
            "c.yaml": f"papers: [{line}]\n",
            "q.yaml": question,
            "a/t.md": answer.format("91.2"),
            "a/f.md": answer.format("55.5"),
        },
    )
    outcome = explainer(
        "publish", tmp_path / "a", "--question", tmp_path / "q.yaml", "--out", tmp_path / "site"
    )
    assert (outcome.status, "2 answers, 0 not grounded, 1 refuted" in outcome.err) == (1, True), (
        outcome.err
    )
    page = (tmp_path / "site/answers/f.html").read_text(encoding="utf-8")
    assert 'class="alert"' in page
    assert '<details class="statement v-refuted" open>' in page
    assert "&lt;i&gt;Strokes&lt;/i&gt;" in page
    assert 'class="alert"' not in (tmp_path / "site/answers/t.html").read_text(encoding="utf-8")


def test_report_and_site_show_refuted_statements_first_with_their_passages(tmp_path: Path) -> None:
    write_tree(tmp_path, {
        "c.yaml": "papers: [{title: Quick Paint, paper: 'https://example.org/p', summary: 'It reaches an accuracy of 91.2 % on <i>Strokes</i>.'}]",
        "q.yaml": "question: How?\nmodels: []\npapers: [Quick Paint]\ncatalog: c.yaml\n",
        "a/f.md": "# 1. Task\nPainting.\n\n# 2. Workflow\nphoto → Quick Paint → picture\n\nQuick Paint reaches an accuracy of 91.2 % on Strokes.\n\n"
        "Quick Paint reaches an accuracy of 55.5 % on Strokes.\n\n# 3. References\n- [Quick Paint](https://example.org/p)\n",
    })  # fmt: skip
    given = (tmp_path / "a", "--question", tmp_path / "q.yaml")
    explainer("publish", *given, "--out", tmp_path / "site")
    report = explainer("check", *given, "--format", "html").out
    for page in (report, (tmp_path / "site/answers/f.html").read_text(encoding="utf-8")):
        statements = page[page.index('class="statement') :]
        assert statements.index("55.5 %") < statements.index("91.2 % on Strokes.")
        assert re.search(r"an accuracy of 91.2 % on .{0,9}Strokes.{0,10}\.?</", statements), (
            statements[:1500]
        )


def test_the_shipped_questions_stand_as_a_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    questions = ROOT / "questions"
    assert (
        explainer(
            "batch", questions, "--as", "answer", "--template", "typed", "--out", "answers"
        ).status
        == 0
    )
    outcome = explainer("publish", "answers", "--question", questions, "--out", "site")
    assert outcome.status == 0, outcome.err
    assert len(list(Path("site/answers").iterdir())) == len(list(questions.rglob("*.yaml")))
    assert list(Path("site/drawings").iterdir())


def in_browser(page: Path, folder: Path, *flags: str) -> str:
    command = [
        str(CHROMIUM),
        *FLAGS,
        *flags,
        f"--user-data-dir={folder}/profile",
        "--dump-dom",
        page.absolute().as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@slow
@needs_browser
@pytest.mark.parametrize("width", [360, 1400])
def test_pages_fit_a_real_browser(width: int, project: Path) -> None:
    publish()
    style = f"<style>{Path('site/style.css').read_text(encoding='utf-8')}</style>"
    for path in ("site/index.html", "site/answers/bad.html", "site/entries.html"):
        text = (
            Path(path)
            .read_text(encoding="utf-8")
            .replace('<link rel="stylesheet"', f'{style}<link rel="x"')
        )
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        found = measured(
            text,
            width,
            "d.documentElement.scrollWidth,d.querySelectorAll('h1').length,'x'",
            project,
        )
        assert int(found[0]) <= width
        assert int(found[1]) == 1


@slow
@needs_browser
def test_the_search_works_from_a_disk(project: Path) -> None:
    publish()
    front = in_browser(Path("site/index.html"), project)
    assert '<div id="search" role="search">' in front  # the script ran, in spite of the policy
    assert re.search(
        r'<select id="model"><option value="">any</option><option value="[^"]+">', front
    )


def report_of_the_site() -> Path:
    """The report of `check` about the same answers, among the pages of the site."""
    explainer(
        "check",
        "a",
        "--question",
        "q",
        "--catalog",
        "catalog.yaml",
        "--format",
        "html",
        "--out",
        "site/report.html",
    )
    return Path("site/report.html")


@slow
@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_accessibility_checker_has_nothing_against_the_pages(theme: str, project: Path) -> None:
    axe = NODE_MODULES / "axe-core" / "axe.min.js"
    if not axe.is_file():
        pytest.skip("needs: npm install --prefix tests/interop/html")
    publish()
    entry = next(iter(sorted(Path("site/entries").iterdir())))
    names = [
        "index.html",
        "entries.html",
        f"entries/{entry.name}",
        "answers/bad.html",
        "answers/good.html",
        report_of_the_site().name,
    ]
    shutil.copy(axe, "site/axe.js")
    frames = []
    for number, name in enumerate(names):
        root = "../" * name.count("/")
        script = (
            f"<script src='{root}axe.js'></script><script>axe.run().then(result=>parent.postMessage(['{name}',"
            "result.violations.map(found=>[found.id,found.nodes[0].html])],'*'))</script></body>"
        )
        page = Path("site", name)
        text = re.sub(
            r'<meta http-equiv="Content-Security-Policy"[^>]*>',
            "",
            page.read_text(encoding="utf-8"),
        )
        page.with_name(f"axe-{page.name}").write_text(
            text.replace("</body>", script), encoding="utf-8"
        )
        frames.append(
            f"<iframe src='site/{name[: -len(page.name)]}axe-{page.name}' title='{number}'></iframe>"
        )
    # one start of the browser for all pages
    listen = "<pre id=axe></pre><script>onmessage=e=>{axe.textContent+=JSON.stringify(e.data)+'\\n'}</script>"
    Path("frame.html").write_text(listen + "".join(frames), encoding="utf-8")
    dark = ["--blink-settings=preferredColorScheme=0"] if theme == "dark" else []
    found = re.search(
        r'<pre id="axe">(.*?)</pre>',
        in_browser(Path("frame.html"), project, "--virtual-time-budget=20000", *dark),
        re.DOTALL,
    )
    assert found
    assert dict(map(json.loads, found[1].splitlines())) == {name: [] for name in names}


@slow
@needs_browser
def test_a_browser_asks_nobody_for_anything(project: Path) -> None:
    publish()
    Path("control.html").write_text("<img src=http://evil.example/seen.png>", encoding="utf-8")
    asked: list[bytes] = []
    with socketserver.TCPServer(("127.0.0.1", 0), _recorder(asked)) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        through = f"--proxy-server=127.0.0.1:{proxy.server_address[1]}"
        in_browser(Path("site/answers/deep-hostile.html"), project, through)
        in_browser(Path("site/index.html"), project, through)
        assert not [line for line in asked if b"evil.example" in line]
        in_browser(Path("control.html"), project, through)
        proxy.shutdown()
    assert [line for line in asked if b"evil.example" in line]


def _recorder(asked: list[bytes]) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline())

    return Handler


@slow
def test_a_validator_has_nothing_against_the_pages(project: Path) -> None:
    command = NODE_MODULES / ".bin" / "html-validate"
    if not command.exists():
        pytest.skip("needs: npm install --prefix tests/interop/html")
    publish()
    report_of_the_site()
    write_tree(
        project,
        {".htmlvalidate.json": json.dumps({"root": True, "extends": ["html-validate:standard"]})},
    )
    done = subprocess.run(
        [str(command), "site/**/*.html"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout

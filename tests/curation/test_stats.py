"""The page of `catalog stats`: right lengths, hostile names, nothing that runs or loads."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from explainer.catalogs.parsing import parse_catalog
from explainer.curation.stats import MAX_BARS, count, stats_page
from tests.helpers.browser import measured, needs_browser
from tests.helpers.support import explainer, write_tree

HOSTILE = "</title><script>alert(1)</script>\"'&"
CATALOG = f"""\
models:
  - {{name: A, task: deblur, signature: Img2Img, github: "https://github.com/a/a"}}
  - {{name: B, task: deblur, deprecated: gone}}
  - {{name: C, task: '{HOSTILE.replace("'", "''")}', signature: Txt2Img}}
papers:
  - {{title: P, task: deblur}}
"""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.bars: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        given = dict(attrs)
        if tag == "rect" and given["class"] != "track":
            self.bars.append((str(given["class"]), str(given["x"]), str(given["width"])))


def page_of(catalog: str) -> str:
    loaded = parse_catalog(catalog, "c").unwrap().catalog
    return stats_page(count(loaded.models, loaded.papers))


def read(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    return page


def test_bars_are_as_long_as_their_counts() -> None:
    bars = read(page_of(CATALOG)).bars
    assert bars[:3] == [
        ("models", "0.0%", "66.67%"),
        ("papers", "66.67%", "33.33%"),
        ("models", "0.0%", "33.33%"),
    ]


def test_gaps_are_shares_of_their_kind() -> None:
    html = page_of(CATALOG)
    assert "<title>github: 67 % · 100 %</title>" in html
    assert "<title>signature: 33 % · –</title>" in html
    assert '<th scope="row">github</th><td>2 of 3</td><td>1 of 1</td>' in html


def test_the_page_runs_nothing_and_loads_nothing_whatever_names_say() -> None:
    html = page_of(CATALOG)
    page = read(html)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert page.tags.isdisjoint(
        {"script", "img", "image", "use", "a", "iframe", "object", "link", "form", "base"}
    )
    assert not {
        name
        for name in page.attributes
        if name.startswith("on") or name in ("style", "href", "src")
    }
    assert "default-src 'none'" in html
    assert "http" not in html.replace("http-equiv", "")


def test_long_and_wide_labels_are_cut_and_stand_whole_in_the_table() -> None:
    html = page_of(
        f"models:\n  - {{name: A, task: {'字' * 40}}}\n  - {{name: B, task: {'a' * 31}}}\n"
    )
    assert re.findall(r'<text x="0" y="\d+">(字+…)<', html) == ["字" * 14 + "…"]
    assert re.findall(r'<text x="0" y="\d+">(a+…)<', html) == ["a" * 29 + "…"]
    assert f'<th scope="row">{"字" * 40}</th>' in html


def test_many_tasks_share_the_last_row() -> None:
    entries = "".join(
        f"  - {{name: m{number}, task: t{number:03}}}\n" for number in range(MAX_BARS + 5)
    )
    html = page_of(f"models:\n{entries}")
    assert (
        '>5 rows more</text><text class="figure" x="100%" y="2414" text-anchor="end">5 + 0</text>'
        in html
    )
    assert '<th scope="row">t064</th>' in html


def test_a_catalog_of_nothing_has_a_page() -> None:
    assert "There is nothing to count." in page_of("models: []\n")


@pytest.mark.parametrize("arguments", [("--format", "html"), ("-o", "stats.html")])
def test_the_command_writes_the_page(arguments: tuple[str, ...]) -> None:
    write_tree(Path(), {"catalogs/c.yaml": CATALOG})
    outcome = explainer("catalog", "stats", *arguments)
    written = outcome.out or Path("stats.html").read_text(encoding="utf-8")
    assert (outcome.status, outcome.err) == (0, "")
    assert written == page_of(CATALOG)


def test_a_page_that_cannot_be_written_is_a_finding() -> None:
    write_tree(Path(), {"catalogs/c.yaml": CATALOG})
    Path("taken.html").mkdir()
    outcome = explainer("catalog", "stats", "-o", "taken.html")
    assert (outcome.status, outcome.out) == (2, "")
    assert "F105" in outcome.err


@needs_browser
@pytest.mark.parametrize("width", [360, 1400])
def test_the_page_fits_a_real_browser(width: int, tmp_path: Path) -> None:
    wide = CATALOG.replace("task: deblur", f"task: {'字' * 60}").replace(
        "Img2Img", "ImgMskTxtDepth2ImgTxtSndVidDepthMsk3D"
    )
    bar = "d.querySelector('rect.models').getBBox().width/d.querySelector('svg').clientWidth"
    expressions = f"d.documentElement.scrollWidth,Math.round(100*{bar}),getComputedStyle(d.querySelector('.tile')).borderTopStyle"
    found = measured(page_of(wide), width, expressions, tmp_path)
    assert int(found[0]) <= width
    # bars are shares; the style sheet passed the page's own policy
    assert (int(found[1]), found[2]) == (
        67,
        "solid",
    )

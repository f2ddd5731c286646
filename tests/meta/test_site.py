"""The site that `website.build` makes: every entry has a page, every link leads somewhere, nothing comes from elsewhere."""

from __future__ import annotations

import html.parser
import importlib.util
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import explainer as package
from tests.helpers.support import ROOT, slow

pytestmark = [
    slow,
    pytest.mark.skipif(
        importlib.util.find_spec("furo") is None, reason="the extra `site` is not installed"
    ),
]

_LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src")}


class _Targets(html.parser.HTMLParser):
    """What a page links to, and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if (tag, name) in _LOADED:
                self.loaded.add(value or "")
            elif (tag, name) == ("a", "href"):
                self.links.add(value or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "website.build", str(out)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return out


def test_the_site(site: Path) -> None:
    library = package.load_catalogs().unwrap()
    assert len(list(site.glob("catalog/models/*.html"))) == len(list(library.models))
    assert len(list(site.glob("catalog/papers/*.html"))) == len(list(library.papers))
    assert "stablediffusion" in (site / "searchindex.js").read_text(encoding="utf-8").lower()
    for page in site.rglob("*.html"):
        targets = _Targets()
        targets.feed(page.read_text(encoding="utf-8"))
        assert [target for target in targets.loaded if urlsplit(target).netloc] == [], page
        local = {
            urlsplit(target).path
            for target in targets.links | targets.loaded
            if not urlsplit(target).scheme
        }
        missing = [path for path in local if path and not (page.parent / unquote(path)).exists()]
        assert missing == [], page

"""Links: one place in many spellings, and different places that look alike."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainer.catalogs.links import (
    arxiv_address,
    arxiv_link,
    home_field,
    identify,
    is_placeholder,
    opened_url,
    resembles,
    short_spelling,
)
from explainer.checking.spotting import spot_links

SHARED = Path(os.environ.get("EXPLAINER_SHARED", Path(__file__).resolve().parents[3] / "shared"))

SAME = [
    [
        "http://arxiv.org/pdf/2401.10000v2.pdf",
        "https://arxiv.org/pdf/2401.10000",
        "https://www.arxiv.org/abs/2401.10000v1",
        "arxiv.org/abs/2401.10000/",
        "https://export.arxiv.org/abs/2401.10000",
        "https://arxiv.org/html/2401.10000v3",
        "https://ar5iv.labs.arxiv.org/html/2401.10000",
        "https://alphaxiv.org/abs/2401.10000",
        "https://huggingface.co/papers/2401.10000",
        "https://doi.org/10.48550/arXiv.2401.10000",
    ],
    ["https://arxiv.org/abs/hep-th/9901001", "http://arxiv.org/pdf/hep-th/9901001v1.pdf"],
    ["https://doi.org/10.1000/ABC", "http://dx.doi.org/10.1000/abc"],
    [
        "https://github.com/Owner/Repo",
        "http://www.github.com/owner/repo.git",
        "https://github.com/owner/repo/",
        "https://github.com/owner/repo?tab=readme-ov-file#install",
        "https://github.com/owner/repo/tree/main",
        "git@github.com:owner/repo.git",
        "github.com/owner/repo",
    ],
    ["https://openreview.net/forum?id=aB_1", "http://openreview.net/pdf?id=aB_1"],
    [
        "https://aclanthology.org/2020.acl-main.1/",
        "https://aclanthology.org/2020.acl-main.1.pdf",
        "https://www.aclweb.org/anthology/2020.acl-main.1",
        "https://doi.org/10.18653/v1/2020.acl-main.1",
    ],
    ["https://aclanthology.org/P18-1001", "https://aclweb.org/anthology/P/P18/P18-1001.pdf"],
    [
        "https://papers.nips.cc/paper/2017/hash/3f5ee243547dee91fbd053c1c4a845aa-Abstract.html",
        "https://proceedings.neurips.cc/paper_files/paper/2017/file/3f5ee243547dee91fbd053c1c4a845aa-Paper.pdf",
    ],
    [
        "https://papers.nips.cc/paper/7181-attention",
        "http://papers.nips.cc/paper/7181-attention.pdf",
    ],
    [
        "https://doi.org/10.1145/3394486.3403046",
        "https://dl.acm.org/doi/10.1145/3394486.3403046",
        "https://dl.acm.org/doi/pdf/10.1145/3394486.3403046",
    ],
    [
        "https://doi.org/10.1007/978-3-030-58452-8_1",
        "https://link.springer.com/chapter/10.1007/978-3-030-58452-8_1",
        "https://link.springer.com/content/pdf/10.1007/978-3-030-58452-8_1.pdf",
    ],
    [
        "https://doi.org/10.1038/s41586-021-03819-2",
        "https://www.nature.com/articles/s41586-021-03819-2.pdf",
    ],
    [
        "https://doi.org/10.1371/journal.pone.1",
        "https://journals.plos.org/plosone/article?id=10.1371/journal.pone.1",
    ],
    [
        "https://doi.org/10.3389/fnins.2020.1",
        "https://www.frontiersin.org/articles/10.3389/fnins.2020.1/full",
    ],
    [
        "https://doi.org/10.1101/2020.01.01.123",
        "https://www.biorxiv.org/content/10.1101/2020.01.01.123v1.full.pdf",
    ],
    [
        "https://ieeexplore.ieee.org/document/9156942",
        "https://ieeexplore.ieee.org/stamp/stamp.jsp?tp=&arnumber=9156942",
    ],
    [
        "https://openaccess.thecvf.com/content_cvpr_2018/html/A_B_CVPR_2018_paper.html",
        "http://openaccess.thecvf.com/content_cvpr_2018/papers/A_B_CVPR_2018_paper.pdf",
    ],
    [
        "https://proceedings.mlr.press/v70/a17a.html",
        "http://proceedings.mlr.press/v70/a17a/a17a.pdf",
    ],
    [
        "https://jmlr.org/papers/v3/blei03a.html",
        "https://www.jmlr.org/papers/volume3/blei03a/blei03a.pdf",
    ],
    ["https://huggingface.co/o/m", "https://hf.co/o/m", "https://huggingface.co/o/m/tree/main?x=1"],
    [
        "https://a.org/x/",
        "http://www.a.org/x",
        "https://a.org:443/x?utm_source=llm",
        "https://A.org/x#top",
    ],
]


@pytest.mark.parametrize("urls", SAME, ids=lambda urls: urls[0])
def test_spellings_of_one_place_have_one_key(urls: list[str]) -> None:
    assert len({link.key for link in map(identify, urls) if link}) == 1


def test_different_places_keep_different_keys() -> None:
    urls = [group[0] for group in SAME] + [
        "https://arxiv.org/abs/2401.10001",
        "https://arxiv.org/abs/2401.1000",
        "https://github.com/other/repo",
        "https://github.com/owner/repo2",
        "https://owner.github.io/repo",
        "https://gist.github.com/owner/repo",
        "https://huggingface.co/datasets/o/m",
        "https://huggingface.co/spaces/o/m",
        "https://huggingface.co/m",
        "https://a.org/x?id=2",
        "https://a.org/X",
        "https://openreview.net/forum?id=ab_1",
        "https://github.com/owner/repo/../../other/repo2",
        "https://github.com/owner/repo/%2e%2e/repo3",
        "https://elsewhere.org/doi/10.1145/3394486.3403046",
        "https://papers.nips.cc/paper/2017/hash/3f5ee243547dee91fbd053c1c4a845aa-Supplemental.zip",
        "https://arxiv.org@elsewhere.org/abs/2401.10000",
        "https://\u0430rxiv.org/abs/2401.10000",
    ]
    assert len({link.key for link in map(identify, urls) if link}) == len(urls)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#",
        "None",
        "not a link",
        "javascript:alert(1)",
        "ftp://a.org/x",
        "https://",
        "http://[::1",
        "a b.org/x",
    ],
)
def test_what_is_no_web_address_has_no_identity(text: str) -> None:
    assert identify(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://arxiv.org/abs/2401.10000", "https://arxiv.org/abs/2401.10007"),
        ("https://github.com/owner/repo", "https://github.com/facebook/repo"),
        ("https://github.com/owner/repository", "https://github.com/owner/repositry"),
        ("https://a.org/some/long/page", "https://a.org/some/long/pages"),
    ],
)
def test_a_slip_resembles_what_was_meant(one: str, other: str) -> None:
    first, second = identify(one), identify(other)
    assert first
    assert second
    assert first.key != second.key
    assert resembles(first, second)


def test_another_paper_resembles_nothing() -> None:
    one, other = arxiv_link("2401.10000"), arxiv_link("1706.03762")
    assert one
    assert other
    assert not resembles(one, other)


def test_links_are_found_wherever_they_hide() -> None:
    text = (
        "(http://a.org/b), **https://c.org/d**. 見 https://e.org/f。 <a href='https://g.org/h'> `https://i.org/j` "
        "arXiv:1603.08511v5 10.1000/ab.c; github.com/x/y, [t](http://k.org/l_(m)) https//broken.org/x [x](javascript:alert(1))"
    )
    assert [(s.text, s.form) for s in spot_links(text)] == [
        ("http://a.org/b", "url"),
        ("https://c.org/d", "url"),
        ("https://e.org/f", "url"),
        ("https://g.org/h", "url"),
        ("https://i.org/j", "url"),
        ("arXiv:1603.08511v5", "arxiv"),
        ("10.1000/ab.c", "doi"),
        ("github.com/x/y", "bare"),
        ("http://k.org/l_(m)", "url"),
        ("https//broken.org/x", "broken"),
        ("javascript:alert(1)", "broken"),
    ]


def test_an_offered_url_is_found_with_all_its_punctuation() -> None:
    odd = "https://a.org/x).,*y.("
    assert [s.text for s in spot_links(f"see {odd}.", [odd])] == [odd]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/p",
        "https://github.com/your-name/repo",
        "https://arxiv.org/abs/xxxx.xxxxx",
    ],
)
def test_placeholders_are_known(url: str) -> None:
    assert is_placeholder(url)


@given(st.text(max_size=60))
def test_any_text_is_read_and_every_link_found_lies_where_it_says(text: str) -> None:
    identify(text)
    for spotted in spot_links(text):
        assert text[spotted.start : spotted.end] == spotted.text


@given(
    st.from_regex(
        r"https?://[a-zA-Z0-9.-]{1,20}(?:/[a-zA-Z0-9._~%-]{0,10}){0,4}(?:\?[a-z=&]{0,8})?",
        fullmatch=True,
    )
)
def test_identity_is_idempotent(url: str) -> None:
    link = identify(url)
    if link is not None and link.kind == "web":
        again = identify(f"https://{link.key}")
        assert again is None or again.key == link.key or again.kind != "web"


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data")
def test_no_two_papers_of_a_catalog_share_a_paper_link_that_differs() -> None:
    rows = [
        json.loads(line)
        for line in (SHARED / "corpus/papers.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    keys: dict[str, set[str]] = {}
    for row in rows:
        link = identify(row["paper"]) if row["paper"] else None
        if link:
            keys.setdefault(link.key, set()).add(row["paper"])
    merged = {
        key: urls
        for key, urls in keys.items()
        if len({url.split("v")[0].lower() for url in urls}) > 1
    }
    assert not {key: urls for key, urls in merged.items() if not key.startswith("arxiv:")}


@pytest.mark.parametrize(
    ("url", "short"),
    [
        ("https://github.com/a/b?tab=readme-ov-file", "https://github.com/a/b"),
        ("http://www.github.com/a/b.git/", "https://github.com/a/b"),
        ("https://github.com/a/b/tree/main#usage", "https://github.com/a/b"),
        ("https://github.com/a/b/blob/master/README.md", "https://github.com/a/b"),
        (
            "https://github.com/a/b/tree/main/configs/x",
            "https://github.com/a/b/tree/main/configs/x",
        ),
        ("https://hf.co/a/b/tree/main", "https://huggingface.co/a/b"),
        ("https://arxiv.org/abs/2401.10000?context=cs", "https://arxiv.org/abs/2401.10000"),
        ("http://arxiv.org/pdf/2502.10663v1.pdf", "http://arxiv.org/pdf/2502.10663v1.pdf"),
        ("https://x.org/p?utm_source=a&id=1", "https://x.org/p?id=1"),
        ("https://x.org/p?id=1#part", "https://x.org/p?id=1#part"),
    ],
)
def test_links_have_one_short_spelling(url: str, short: str) -> None:
    assert short_spelling(url) == short
    assert short_spelling(short) == short


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("https://huggingface.co/a/b", "huggingface"),
        ("https://github.com/a/b", "github"),
        ("https://github.com/a/b/raw/main/paper.pdf", None),
        ("https://arxiv.org/abs/2401.10000", "paper"),
        ("https://huggingface.co/papers/2401.10000", "paper"),
        ("https://a.github.io/b", None),
    ],
)
def test_a_host_tells_where_a_link_belongs(url: str, field: str | None) -> None:
    assert home_field(url) == field


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("2401.10000", "https://arxiv.org/abs/2401.10000"),
        ("arXiv:2401.10000v2", "https://arxiv.org/abs/2401.10000v2"),
        ("0704.0001", "https://arxiv.org/abs/0704.0001"),
        ("hep-th/9901001", "https://arxiv.org/abs/hep-th/9901001"),
        ("2401.1", None),
        ("2401.1000", None),
        ("704.0001", None),
        ("12.5", None),
    ],
)
def test_an_id_that_lost_a_zero_is_no_id(text: str, link: str | None) -> None:
    assert arxiv_address(text) == link


@pytest.mark.parametrize(
    ("href", "base", "url"),
    [
        (" \x01https://A.org\n/b ", None, "https://a.org/b"),
        ("https:\\\\a.org\\b?c\\d", None, "https://a.org/b?c\\d"),
        ("https:a.org/b", None, "https://a.org/b"),
        ("https:b", "https://a.org/c/d", "https://a.org/c/b"),
        ("//user@a.org:443/./x/../b/%2E%2e/c/.", None, "https://a.org/c/"),
        ("http://\uff41.org\u3002", None, "http://a.org."),
        ("b", "https://a.org/c?d", "https://a.org/b"),
        ("?x", "https://a.org/c?d", "https://a.org/c?x"),
        ("https:ftp://b.org/x", "https://a.org/c", None),
        ("https:http://b.org/x", "https://a.org/c", "http://b.org/x"),
        ("b", None, None),
        ("java\tscript:alert(1)", "https://a.org", None),
        ("https://a b.org", None, None),
    ],
)
def test_a_destination_is_read_as_a_browser_reads_it(
    href: str, base: str | None, url: str | None
) -> None:
    assert opened_url(href, base) == url

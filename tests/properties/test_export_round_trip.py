from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from explainer.catalogs.catalog import parse_catalog
from explainer.catalogs.schema import Catalog, Entry, Kind, ModelEntry, PaperEntry, PortEntry, Task, entry_record
from explainer.curation.export import guard, unguard
from explainer.documents.yaml_writer import entry_block
from tests.helpers.strategies import layout_text, one_line
from tests.helpers.support import examples, explainer

_HOSTILE = st.sampled_from(
    ["=1+1", "'=x", "''@y", "-1", "+", "@a", "'", "1e3", "no", "2401.10000", "null", "None", "[a]", '["b"]', ";", "|"]
)
_line = one_line() | _HOSTILE
_text = layout_text() | _HOSTILE
_lists = st.lists(_line, max_size=3).map(tuple)
_urls = st.sampled_from(
    ["https://example.org/a", "http://arxiv.org/abs/2401.10000v2", "https://github.com/a/b?tab=x#y", None]
)
_common: dict[str, Any] = {
    "aliases": _lists, "category": st.none() | _line, "task": st.none() | _line, "dataset": st.none() | _line,
    "paper": _urls, "github": _urls, "huggingface": _urls, "links": st.lists(_urls.filter(bool), max_size=2).map(tuple),
    "summary": st.none() | _text, "examples": st.lists(_text, max_size=2).map(tuple), "deprecated": st.none() | _text,
}  # fmt: skip
_models = st.builds(
    ModelEntry, name=_line, signature=st.sampled_from([None, "Txt2Img", "ImgMsk2Img", "Img23D", "Voice2Txt"]), **_common
)
_papers = st.builds(PaperEntry, title=_line, year=st.none() | st.integers(1800, 2999), authors=_lists, **_common)
_tasks = st.builds(Task, id=st.sampled_from(["t", "u"]), description=st.none() | _text, aliases=_lists)


def _unique(entries: list[Any]) -> tuple[Any, ...]:
    return tuple({(getattr(entry, "label", None) or entry.id): entry for entry in entries}.values())


_ports = st.builds(PortEntry, id=st.sampled_from(["Mood", "4D"]), description=st.none() | _line, aliases=_lists)

catalogs = st.builds(
    Catalog,
    models=st.lists(_models, max_size=2).map(_unique),
    papers=st.lists(_papers, max_size=2).map(_unique),
    tasks=st.lists(_tasks, max_size=2).map(_unique),
    ports=st.lists(_ports, max_size=2).map(_unique),
).filter(lambda catalog: any((catalog.models, catalog.papers, catalog.tasks, catalog.ports)))


def as_yaml(catalog: Catalog) -> str:
    text = ""
    for kind in Kind:
        entries: tuple[Entry | Task | PortEntry, ...] = getattr(catalog, kind)
        text += f"{kind}:\n" * bool(entries) + "".join(entry_block(entry_record(kind, one)) for one in entries)
    return text


@given(catalogs)
@settings(max_examples=examples(60, 2000))
def test_a_catalog_that_is_written_reads_back_the_same(catalog: Catalog) -> None:
    parsed = parse_catalog(as_yaml(catalog), "c.yaml")
    assert parsed.value is not None
    assert parsed.value.catalog == catalog


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
@given(catalog=catalogs)
@settings(
    phases=[Phase.reuse, Phase.generate],
    max_examples=examples(25, 500),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_exported_is_imported_without_a_loss(suffix: str, catalog: Catalog) -> None:
    for name in ("back.yaml", "back.sources.jsonl"):
        Path(name).unlink(missing_ok=True)
    Path("c.yaml").write_bytes(as_yaml(catalog).encode())
    exported = explainer("catalog", "export", "--catalog", "c.yaml", "-o", f"out.{suffix}")
    assert exported.status == 0, exported.err
    outcome = explainer("catalog", "import", f"out.{suffix}", "-o", "back.yaml")
    assert outcome.status == 0, outcome.err
    assert parse_catalog(Path("back.yaml").read_text(encoding="utf-8"), "back").unwrap().catalog == catalog


@given(st.text())
def test_no_guarded_cell_is_a_formula(text: str) -> None:
    assert not guard(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguard(guard(text)) == text


@given(
    st.lists(
        st.tuples(one_line(), st.none() | st.integers(1800, 2999)),
        min_size=1,
        max_size=3,
        unique_by=lambda pair: pair[0].strip(),
    )
)
@settings(max_examples=examples(15, 300), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bibtex_can_be_read_again_by_its_own_importer(papers: list[tuple[str, int | None]]) -> None:
    for name in ("back.yaml", "back.sources.jsonl"):
        Path(name).unlink(missing_ok=True)
    entries = tuple(PaperEntry(title=title, year=year) for title, year in papers)
    Path("c.yaml").write_bytes(as_yaml(Catalog(papers=entries)).encode())
    assert explainer("catalog", "export", "--catalog", "c.yaml", "-o", "out.bib").status == 0
    outcome = explainer("catalog", "import", "out.bib", "-o", "back.yaml")
    assert outcome.status in (0, 1)
    assert "Traceback" not in outcome.err
    if outcome.status == 1:
        return  # a title of spaces only, or two that differ in nothing else
    back = parse_catalog(Path("back.yaml").read_text(encoding="utf-8"), "back").unwrap().catalog.papers
    assert [(entry.title, entry.year) for entry in back] == [(" ".join(title.split()), year) for title, year in papers]


_paper = PaperEntry(
    title="Unbalanced { brace ^ hat } -- `` '' ?` \\x ~ $x^2$ & # % _ <a> &amp; \"q\" {\\L}",
    authors=("Apples and Pears", "A, B", "others", "{x", "Ludwig van Beethoven", "D'Ark--Z", "Émile Zola"),
    year=2024,
    category="a, b",
    paper="https://example.org/a_b%20c~d^e$f$g#h&i=1",
    github="https://github.com/acme/my_tool",
    summary="One line with 50% of { and `quotes''.",
)


def test_a_paper_with_every_sign_of_latex_reads_back_equal_from_bibtex() -> None:
    Path("c.yaml").write_bytes(as_yaml(Catalog(papers=(_paper,))).encode())
    assert explainer("catalog", "export", "--catalog", "c.yaml", "-o", "out.bib").status == 0
    outcome = explainer("catalog", "import", "out.bib", "-o", "back.yaml")
    assert outcome.status == 0, outcome.err
    assert parse_catalog(Path("back.yaml").read_text(encoding="utf-8"), "back").unwrap().catalog.papers == (_paper,)

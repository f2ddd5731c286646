from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from explainer.catalogs.parsing import parse_catalog
from explainer.catalogs.schema import (
    Catalog,
    Entry,
    Kind,
    ModelEntry,
    PaperEntry,
    PortEntry,
    Task,
    entry_record,
)
from explainer.curation.export import guard, unguard
from explainer.documents.yaml_writer import entry_block
from tests.helpers.strategies import layout_text, one_line
from tests.helpers.support import examples, explainer

_HOSTILE = st.sampled_from(
    [
        "=1+1",
        "'=x",
        "''@y",
        "-1",
        "+",
        "@a",
        "'",
        "1e3",
        "no",
        "2401.10000",
        "null",
        "None",
        "[a]",
        '["b"]',
        ";",
        "|",
    ]
)
_line = one_line() | _HOSTILE
_text = layout_text() | _HOSTILE
_lists = st.lists(_line, max_size=3).map(tuple)
_urls = st.sampled_from(
    [
        "https://example.org/a",
        "http://arxiv.org/abs/2401.10000v2",
        "https://github.com/a/b?tab=x#y",
        None,
    ]
)
_common: dict[str, Any] = {
    "aliases": _lists, "category": st.none() | _line, "task": st.none() | _line, "dataset": st.none() | _line,
    "paper": _urls, "github": _urls, "huggingface": _urls, "links": st.lists(_urls.filter(bool), max_size=2).map(tuple),
    "summary": st.none() | _text, "examples": st.lists(_text, max_size=2).map(tuple), "deprecated": st.none() | _text,
}  # fmt: skip
_models = st.builds(
    ModelEntry,
    name=_line,
    signature=st.sampled_from([None, "Txt2Img", "ImgMsk2Img", "Img23D", "Voice2Txt"]),
    **_common,
)
_papers = st.builds(
    PaperEntry, title=_line, year=st.none() | st.integers(1800, 2999), authors=_lists, **_common
)
_tasks = st.builds(
    Task, id=st.sampled_from(["t", "u"]), description=st.none() | _text, aliases=_lists
)


def _unique(entries: list[Any]) -> tuple[Any, ...]:
    return tuple({(getattr(entry, "label", None) or entry.id): entry for entry in entries}.values())


_ports = st.builds(
    PortEntry, id=st.sampled_from(["Mood", "4D"]), description=st.none() | _line, aliases=_lists
)

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
        text += f"{kind}:\n" * bool(entries) + "".join(
            entry_block(entry_record(kind, one)) for one in entries
        )
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
    assert (
        parse_catalog(Path("back.yaml").read_text(encoding="utf-8"), "back").unwrap().catalog
        == catalog
    )


@given(st.text())
def test_no_guarded_cell_is_a_formula(text: str) -> None:
    assert not guard(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguard(guard(text)) == text


_REFERENCE_FORMATS = {"bibtex": "out.bib", "ris": "out.ris", "csl-json": "out.json"}
# Names as people have them, and some with signs that mean something in one of the formats.
_names = st.sampled_from([
    "Jane Doe", "Ludwig van Beethoven", "Apples and Pears", "A, B", "Apple, Inc.", "others", "Doe, JR", "{x", "D'Ark--Z", "Émile Zola",
    "Doe, Jane, Jr.", "王小明", "X", "R&D <i> & Co.",
])  # fmt: skip
# A dash by itself is what people write into an empty field.
_sentence = one_line().map(lambda text: f"On {' '.join(text.split())}".strip())
_references = st.builds(
    PaperEntry,
    title=_sentence,
    year=st.none() | st.integers(1800, 2999),
    authors=st.lists(_names, max_size=3).map(tuple),
    category=st.none() | st.sampled_from(["cs.CV", "a, b", "x & y"]),
    paper=st.sampled_from([
        None, "https://example.org/a_b%20c~d^e$f$g#h&i=1", "https://doi.org/10.1000/a_b", "http://arxiv.org/abs/2401.10000v2",
    ]),
    github=st.sampled_from([None, "https://github.com/acme/my_tool"]),
    huggingface=st.sampled_from([None, "https://huggingface.co/acme/net"]),
    links=st.sampled_from([(), ("https://example.org/demo",), ("https://a.example/1", "https://doi.org/10.1000/other")]),
    summary=st.none() | _sentence,
)  # fmt: skip


def read_back(paper: PaperEntry, output_format: str) -> tuple[PaperEntry, ...]:
    for name in ("back.yaml", "back.sources.jsonl"):
        Path(name).unlink(missing_ok=True)
    file = _REFERENCE_FORMATS[output_format]
    Path("c.yaml").write_bytes(as_yaml(Catalog(papers=(paper,))).encode())
    exported = explainer(
        "catalog", "export", "--catalog", "c.yaml", "--format", output_format, "-o", file
    )
    assert exported.status == 0, exported.err
    outcome = explainer("catalog", "import", file, "-o", "back.yaml")
    assert outcome.status == 0, outcome.err
    return (
        parse_catalog(Path("back.yaml").read_text(encoding="utf-8"), "back").unwrap().catalog.papers
    )


@pytest.mark.parametrize("output_format", _REFERENCE_FORMATS)
@given(paper=_references)
@settings(
    phases=[Phase.reuse, Phase.generate],
    max_examples=examples(5, 150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_references_read_back_equal(output_format: str, paper: PaperEntry) -> None:
    assert read_back(paper, output_format) == (paper,)


@pytest.mark.parametrize("output_format", _REFERENCE_FORMATS)
def test_a_paper_with_every_sign_reads_back_equal(output_format: str) -> None:
    paper = PaperEntry(
        title="Unbalanced { brace ^ hat } -- `` '' ?` \\x ~ $x^2$ & # % _ <a> &amp; \"q\" {\\L} a<b <i>x</i>",
        authors=(
            "Apples and Pears",
            "A, B",
            "others",
            "{x",
            "Ludwig van Beethoven",
            "D'Ark--Z",
            "Émile Zola",
        ),
        year=2024,
        category="a, b",
        paper="https://example.org/a_b%20c~d^e$f$g#h&i=1",
        github="https://github.com/acme/my_tool",
        links=("https://example.org/demo", "https://example.org/slides"),
        summary="One line with 50% of { and `quotes''.",
    )
    assert read_back(paper, output_format) == (paper,)

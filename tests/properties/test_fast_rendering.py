"""The short ways (known texts, remembered blocks, encoded pieces, typed lines) give what the long ways give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from explainer.batching.manifest import RenderOptions
from explainer.batching.renderer import BatchRenderer, PreparedLibrary, RenderResult
from explainer.batching.sources import SourceItem
from explainer.catalogs.catalog import parse_catalog
from explainer.catalogs.library import Library
from explainer.rendering.fastpath import EntryData
from explainer.rendering.formats import FORMATS, Encoder, Options, Output
from explainer.rendering.isolated import IsolatedRenderer
from explainer.rendering.renderer import Renderer, render_context
from explainer.rendering.templates import builtin_renderer
from explainer.rendering.worker import TemplateFile
from tests.helpers.batches import CATALOG
from tests.helpers.support import ROOT, examples

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
ENTRY = st.fixed_dictionaries(
    {"name": TEXT, "title": TEXT, "paper": st.none() | TEXT, "github": st.none() | TEXT, "summary": st.none() | TEXT}
)
ENTRIES = st.lists(ENTRY, max_size=3)

OWN = [
    "{{ question }}",
    "{% for m in models %}{{ loop.index }} {{ m.name }} {{ m.paper or 'None' }}{% if m.github %} {{ m.github }}{% endif %}\n{% endfor %}{{ question }}",
    "{% for p in papers + models %}{{ p.title|upper }}{% else %}none{% endfor %}{% if not models and papers %}x{% elif models or papers %}y{% else %}z{% endif %}",
    "{% set n = models|length %}{% for m in models %}{{ m.name }} of {{ n }}{% set m = 'shadow' %}{{ m }}{{ m|upper }}{% endfor %}",
    "{% block system %}S {{ question }}{% for m in models %}[{{ m.name }}]{% endfor %}{% endblock %}U{% for p in papers %}{{ p.title }}{% for c in p.summary or '' %}{{ c }}-{% endfor %}{% endfor %}",
    "{% for m in models %}{% for p in papers %}{{ m.name }}{{ p.title }}{% endfor %}{{ m.name }}{% endfor %}",
    "{% for m in models if m.paper %}{{ m.name }}{% endfor %}{% macro f(e) %}<{{ e.name }}>{% endmacro %}{% for m in models %}{{ f(m) }}{{ m.name }}{% endfor %}",
    "{% for name, e in [('a', 1)] %}{{ name }}{{ e }}{% endfor %}{% for m in models %}{{ question }}{{ m.name ~ m.title }}{{ m['paper'] }}{% endfor %}",
    "{% for m in models recursive %}{{ m.name }}{% endfor %}{% for m in models %}{% include 'part' %}{{ m.name }}{% endfor %}",
]
PART = "({{ m.name }}{{ question }})"


def plain(source: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({"x": source, "part": PART}), keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    return environment.get_template("x")


SHIPPED = [(ROOT / "templates" / f"{name}.md.j2").read_text(encoding="utf-8") for name in ("prompt", "answer")]


@pytest.mark.parametrize("source", [*SHIPPED, *OWN])
def test_every_template_renders_as_with_plain_jinja(source: str) -> None:
    renderer = Renderer("x", {"x": source, "part": PART}.get)
    template = plain(source)
    kept: dict[str, EntryData] = {}

    def entry(data: dict[str, Any]) -> EntryData:
        return kept.setdefault(json.dumps(data), EntryData(data))  # the same object again, as in a batch

    @settings(max_examples=examples(30, 1000))
    @given(question=TEXT, models=ENTRIES, papers=ENTRIES)
    def check(question: str, models: list[dict[str, Any]], papers: list[dict[str, Any]]) -> None:
        context = {"question": question, "models": list(map(entry, models)), "papers": list(map(entry, papers))}
        expected = template.render(question=question, models=models, papers=papers)
        for _ in range(2):
            rendered = renderer.render(context)
            assert rendered.value is not None, rendered.findings
            assert rendered.value.text == expected

    check()


@pytest.mark.parametrize("source", [SHIPPED[0], OWN[1], OWN[4]])
def test_a_process_renders_as_this_one_does(source: str, tmp_path: Path) -> None:
    here = Renderer("x", {"x": source}.get)
    entries = [
        EntryData({"name": f"N{n}", "title": f"T{n}", "paper": None, "github": "", "summary": "s" * n})
        for n in range(5)
    ]
    contexts = [render_context(f"“{n}”?", entries[: n % 4], entries[n % 5 :]) for n in range(200)]
    with IsolatedRenderer(TemplateFile("x", tmp_path, source, {})) as there:
        assert there.render_all(contexts) == [
            [(role, pieces) for role, pieces in outcome]  # type: ignore[union-attr]
            for outcome in here.render_all(contexts)
        ]


def test_one_question_that_exceeds_a_limit_costs_one_question(tmp_path: Path) -> None:
    source = "{{ question }}{% if question == 'bomb' %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{% endif %}"
    texts = ["bomb" if number in (2, 100) else f"q{number}" for number in range(150)]
    with IsolatedRenderer(TemplateFile("x", tmp_path, source, {})) as renderer:
        outcomes = renderer.render_all([render_context(text, [], []) for text in texts])
    assert [outcome if isinstance(outcome, list) else outcome.code for outcome in outcomes] == [
        "T505" if text == "bomb" else [("user", [text])] for text in texts
    ]


@settings(max_examples=examples(200, 5000))
@given(st.lists(st.lists(TEXT, max_size=4), max_size=4), TEXT, TEXT)
def test_encoding_piece_by_piece_is_encoding_the_whole(pieces: list[list[str]], id_: str, answer: str) -> None:
    encoder = Encoder(Options("m", {"n": 1}))
    text = "".join(map("".join, pieces))
    output = Output(id_, id_ + ".1", [("user", some) for some in pieces], [("user", [answer])])
    for _ in range(3):  # a piece is kept when it comes again
        assert FORMATS["text"].file(output, encoder).decode() == text
        for name, path in (("text", ["text"]), ("messages", ["messages"]), ("openai-batch", ["body", "messages"])):
            line = FORMATS[name].line
            assert line is not None
            data = json.loads(line(output, encoder))
            assert line(output, encoder).find(b"\n") == len(line(output, encoder)) - 1
            for step in path:
                data = data[step]
            assert data == (text if name == "text" else [{"role": "user", "content": "".join(some)} for some in pieces])


NAMES = st.sampled_from(["Alpha", "Beta", "B", "beta", "Old", "Light: a study", "Shade", "nope", ""])
VALUE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | TEXT | st.lists(NAMES, max_size=3)
LINE = st.one_of(
    st.fixed_dictionaries(
        {"question": TEXT | VALUE, "models": st.lists(NAMES, max_size=3), "papers": st.lists(NAMES, max_size=3)},
        optional={
            "id": st.sampled_from(["a", "a/b", "", "../a", "é", "x" * 201]) | VALUE,
            "catalog": VALUE,
            "nope": VALUE,
        },
    ),
    st.dictionaries(st.sampled_from(["question", "models", "papers", "id"]), VALUE),
).map(json.dumps)
# What decoders that know the types are known to overlook: keys that stand twice, in whatever spelling; bytes that are no
# text; numbers, surrogates and names that no line may have; what stands before and behind an object.
TRAPS = {
    "a key twice": lambda line: line[:-1] + b', "question": "again"}',
    "a key twice, with spaces": lambda line: line[:-1] + b', "models" \t\r: []}',
    "a key twice, escaped": lambda line: line[:-1] + b', "\\u0071uestion": "again"}',
    "a key twice, empty": lambda line: line[:-1] + b', "id": ""}',
    "an unknown key, escaped": lambda line: line[:-1] + b', "nope\\n": 1}',
    "a number of many digits": lambda line: line.replace(b'"question": "', b'"question": 123456789012345678901234567890, "x": "'),
    "not a number": lambda line: line[:-1] + b', "id": NaN}',
    "infinity": lambda line: line[:-1] + b', "id": -Infinity}',
    "half a pair": lambda line: line.replace(b'"question": "', b'"question": "\\ud800 '),
    "both halves": lambda line: line.replace(b'"question": "', b'"question": "\\ud83e\\udde0 '),
    "null": lambda line: line.replace(b'"question": "', b'"question": "\\u0000'),
    "a raw control character": lambda line: line.replace(b'"question": "', b'"question": "\x01'),
    "a raw delete": lambda line: line.replace(b'"question": "', b'"question": "\x7f'),
    "no UTF-8": lambda line: line.replace(b'"question": "', b'"question": "\xff'),
    "a surrogate as UTF-8": lambda line: line.replace(b'"question": "', b'"question": "\xed\xa0\x80'),
    "beyond Unicode": lambda line: line.replace(b'"question": "', b'"question": "\xf4\x90\x80\x80'),
    "an invisible character": lambda line: line.replace(b'"question": "', "\"question\": \"\u200b".encode()),
    "a byte order mark": lambda line: b"\xef\xbb\xbf" + line,
    "something behind": lambda line: line + b"x",
    "another object behind": lambda line: line + b" {}",
    "a no-break space behind": lambda line: line + b"\xc2\xa0",
    "a comma too many": lambda line: line[:-1] + b",}",
    "a comment": lambda line: line[:-1] + b"/**/}",
    "an answer": lambda line: line[:-1] + b', "answer": "because"}',
    "an id that is a number": lambda line: line[:-1] + b', "id": 7}',
    "a colon and quotes in a text": lambda line: line.replace(b'"question": "', b'"question": "\\": \\" : '),
    "cut short": lambda line: line[: len(line) // 2],
    "deep": lambda line: line.replace(b'"models": [', b'"models": [' + b"[" * 5000),
}  # fmt: skip


def _long_way(line: bytes, renderer: BatchRenderer) -> list[RenderResult]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BatchRenderer, "_fast_path", lambda self, item, raw: None)
        return renderer.run([(SourceItem(3, "q.jsonl", line), None)], lines=True)


def _takes_one_way(line: bytes) -> None:
    for renderer in _RENDERERS:
        assert renderer.run([(SourceItem(3, "q.jsonl", line), None)], lines=True) == _long_way(line, renderer)


# EXPLAINER_SLOW=all tries 200,000 lines.
@settings(max_examples=examples(1000, 100_000))
@given(LINE, st.sampled_from([None, *TRAPS]), st.booleans())
@example('{"models": [], "id": false, "papers": [], "question": "again"}', None, True)
@example('{"models": [], "id": "", "papers": [], "question": "again"}', None, True)
def test_the_fast_path_through_a_line_is_the_long_way(line: str, trap: str | None, is_ascii: bool) -> None:
    data = json.loads(line)
    raw = json.dumps(data, ensure_ascii=is_ascii).encode("utf-8", "replace")
    _takes_one_way(TRAPS[trap](raw).strip() if trap else raw)


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("names", [{"id": "a", "models": ["Alpha"]}, {"models": []}])
def test_what_a_typed_decoder_overlooks_is_found(trap: str, names: dict[str, Any]) -> None:
    data = {"question": "How “so”?", "papers": ["Shade"], **names}
    for is_ascii in (True, False):
        _takes_one_way(TRAPS[trap](json.dumps(data, ensure_ascii=is_ascii).encode()).strip())


def test_a_line_that_is_plainly_right_takes_the_fast_path() -> None:
    for id_ in ({}, {"id": "a/b"}):
        data = {"question": 'How “so”: like "this"?', "models": ["Alpha"], "papers": ["Shade"], **id_}
        line = json.dumps(data, ensure_ascii=False).encode().replace(b'\\":', b'\\" :')
        item = SourceItem(3, "q.jsonl", line)
        assert _RENDERERS[0]._fast_path(item, line) is not None


_LOADED = parse_catalog(CATALOG, "c.yaml")
assert _LOADED.value is not None
_OFFERED = PreparedLibrary(Library([_LOADED.value]), "hash")
_RENDERERS = [
    BatchRenderer(
        RenderOptions("1", "prompt", "prompt", "hash", format_), lambda named, source: _OFFERED, builtin_renderer("prompt"),
        files=False,
    )
    for format_ in ("text", "hf-chat")
]  # fmt: skip

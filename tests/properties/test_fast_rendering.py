"""The short ways (what a template prints of any question, lines of a known type) give what the long ways give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from explainer.batching.manifest import RenderOptions
from explainer.batching.renderer import BatchRenderer, PreparedLibrary
from explainer.batching.sources import SourceItem
from explainer.catalogs.library import Library
from explainer.catalogs.parsing import parse_catalog
from explainer.rendering.formats import FORMATS, FormatOptions, Output, Rendering, Segment
from explainer.rendering.isolated import IsolatedRenderer
from explainer.rendering.outline import OutputOutline
from explainer.rendering.renderer import Renderer, render_context
from explainer.rendering.templates import builtin_renderer
from explainer.rendering.worker import TemplateFile
from tests.helpers.batches import CATALOG
from tests.helpers.support import ROOT, SLOW, examples

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
ENTRY = st.fixed_dictionaries(
    {
        "name": TEXT,
        "title": TEXT,
        "paper": st.none() | TEXT,
        "github": st.none() | TEXT,
        "summary": st.none() | TEXT,
    }
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


SHIPPED = [
    (ROOT / "templates" / f"{name}.md.j2").read_text(encoding="utf-8")
    for name in ("prompt", "answer")
]


# Of these all is known but for the question and the entries; the others are rendered for each question.
OUTLINED = [*SHIPPED, "Q: {{ question }}", OWN[1].replace("{{ loop.index }} ", ""), """
{% block system %}S {{ question }}{% for m in models %}[{{ m.name }}]{% endfor %}{% endblock %}U
{% for p in papers + models %}{{ p.title|upper }}{% for c in p.summary or "" %}{{ c }}{{ loop.index }}{% endfor %}{% endfor %}
{% if not models and papers %}x{% elif models or papers %}y{% else %}z{% endif %}
"""]  # fmt: skip


@pytest.mark.parametrize("source", [*OUTLINED, *OWN])
def test_every_template_renders_as_with_plain_jinja(source: str) -> None:
    renderer = Renderer("x", {"x": source, "part": PART}.get)
    template = plain(source)

    @settings(max_examples=examples(30, 1000))
    @given(question=TEXT, models=ENTRIES, papers=ENTRIES)
    def check(question: str, models: list[dict[str, Any]], papers: list[dict[str, Any]]) -> None:
        rendered = renderer.render({"question": question, "models": models, "papers": papers})
        assert rendered.unwrap().text == template.render(
            question=question, models=models, papers=papers
        )

    check()


class Offered:
    """An entry; the same object again, as in a batch."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


VERBATIM = [name for name, format_ in FORMATS.items() if format_.line_escape]


@pytest.mark.parametrize("source", OUTLINED)
@pytest.mark.parametrize(("name", "lines"), [("text", False), *((name, True) for name in VERBATIM)])
def test_an_outline_that_is_filled_is_the_output_of_the_rendering(
    source: str, name: str, lines: bool
) -> None:
    renderer, skeletons = Renderer("x", {"x": source}.get), builtin_renderer("answer")
    format_, options = FORMATS[name], FormatOptions("m", {"n": 1})
    write, escape = (
        (format_.line, format_.line_escape) if lines else (format_.file, format_.file_escape)
    )
    prompt, skeleton = renderer.outline, skeletons.outline
    assert prompt is not None
    assert write is not None
    assert escape is not None
    outline = OutputOutline(prompt, skeleton if format_.completes else None, write, escape, options)
    kept: dict[str, Offered] = {}

    @settings(max_examples=examples(10, 1000))
    @given(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=30),
        st.tuples(TEXT, TEXT, TEXT),
        ENTRIES,
        ENTRIES,
    )
    def check(
        question: str,
        texts: tuple[str, str, str],
        models: list[dict[str, Any]],
        papers: list[dict[str, Any]],
    ) -> None:
        id_, custom_id, answer = texts
        context = render_context(question, models, papers)
        completion = (
            skeletons.render(context).unwrap()
            if not answer
            else Rendering((Segment("user", answer),))
        )
        written = write(
            Output(id_, custom_id, renderer.render(context).unwrap(), completion), options
        )
        entries = [
            [kept.setdefault(json.dumps(data), Offered(data)) for data in group]
            for group in (models, papers)
        ]
        for _ in range(2):
            assert outline.fill((id_, custom_id, context["question"], answer), entries) == written

    check()


@pytest.mark.parametrize("source", [*OWN[1:4], *OWN[5:]])
def test_a_template_that_does_more_has_no_outline(source: str) -> None:
    assert Renderer("x", {"x": source, "part": PART}.get).outline is None


def test_an_outline_leaves_what_fails_to_the_template() -> None:
    renderer = Renderer(
        "x",
        {
            "x": "{{ question }}: {% for m in models %}{{ m.nope }}{{ m.name * 9000000 }}{% endfor %}"
        }.get,
    )
    outline = renderer.outline
    assert outline is not None
    filled = OutputOutline(outline, None, FORMATS["text"].file, str.encode, FormatOptions())
    assert filled.fill(("", "", "Why?", ""), ([], [])) == b"Why?: "
    assert filled.fill(("", "", "Why?", ""), ([Offered({"name": "a"})], [])) is None
    assert filled.fill(("", "", "Why?", ""), ([Offered({"name": "a", "nope": ""})], [])) is None


@pytest.mark.parametrize("source", [SHIPPED[0], OWN[1], OWN[4]])
def test_a_process_renders_as_this_one_does(source: str, tmp_path: Path) -> None:
    here = Renderer("x", {"x": source}.get)
    entries = [
        {"name": f"N{n}", "title": f"T{n}", "paper": None, "github": "", "summary": "s" * n}
        for n in range(5)
    ]
    contexts = [render_context(f"“{n}”?", entries[: n % 4], entries[n % 5 :]) for n in range(200)]
    with IsolatedRenderer(TemplateFile("x", tmp_path, source, {})) as there:
        assert there.render_all(contexts) == here.render_all(contexts)


def test_one_question_that_exceeds_a_limit_costs_one_question(tmp_path: Path) -> None:
    source = "{{ question }}{% if question == 'bomb' %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{% endif %}"
    bombs = (2, 100) if SLOW else (100,)  # each takes seconds, twice
    texts = ["bomb" if number in bombs else f"q{number}" for number in range(150)]
    with IsolatedRenderer(TemplateFile("x", tmp_path, source, {})) as renderer:
        outcomes = renderer.render_all([render_context(text, [], []) for text in texts])
    assert [
        outcome.value.text if outcome.value else outcome.findings[0].code for outcome in outcomes
    ] == ["T505" if text == "bomb" else text for text in texts]


NAMES = st.sampled_from(
    ["Alpha", "Beta", "B", "beta", "Old", "Light: a study", "Shade", "nope", ""]
)
VALUE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | TEXT
    | st.lists(NAMES, max_size=3)
)
LINE = st.one_of(
    st.fixed_dictionaries(
        {
            "question": TEXT | VALUE,
            "models": st.lists(NAMES, max_size=3),
            "papers": st.lists(NAMES, max_size=3),
        },
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


def _takes_one_way(line: bytes) -> None:
    for quick, slow in _RENDERERS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(slow, "_outline", None)
            patch.setattr(slow, "_fast_path", lambda item, raw: None)
            long_way = slow.run([(SourceItem(3, "q.jsonl", line), None)], lines=True)
        assert quick.run([(SourceItem(3, "q.jsonl", line), None)], lines=True) == long_way


# EXPLAINER_SLOW=all tries 200,000 lines.
@settings(max_examples=examples(1000, 100_000))
@given(LINE, st.sampled_from([None, *TRAPS]), st.booleans())
@example('{"models": [], "id": false, "papers": [], "question": "again"}', None, True)
@example('{"models": [], "id": "", "papers": [], "question": "again"}', None, True)
def test_the_fast_path_through_a_line_is_the_long_way(
    line: str, trap: str | None, is_ascii: bool
) -> None:
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
        data = {
            "question": 'How “so”: like "this"?',
            "models": ["Alpha"],
            "papers": ["Shade"],
            **id_,
        }
        line = json.dumps(data, ensure_ascii=False).encode().replace(b'\\":', b'\\" :')
        item = SourceItem(3, "q.jsonl", line)
        assert _RENDERERS[0][0]._fast_path(item, line) is not None
        assert _RENDERERS[0][0]._outline is not None


_LOADED = parse_catalog(CATALOG, "c.yaml")
assert _LOADED.value is not None
_OFFERED = PreparedLibrary(Library([_LOADED.value]), "hash")


def _renderer(format_: str) -> BatchRenderer:
    options = RenderOptions("1", "prompt", "prompt", "hash", format_)
    return BatchRenderer(
        options, lambda named, source: _OFFERED, builtin_renderer("prompt"), files=False
    )


_RENDERERS = [(_renderer(format_), _renderer(format_)) for format_ in ("text", "hf-chat")]

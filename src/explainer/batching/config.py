"""Sets up what makes the outputs of a batch, once in each of its processes."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from explainer.batching.batch import BatchConfig, Chunk, Task
from explainer.batching.fingerprint import hash_of_catalogs
from explainer.batching.renderer import BatchRenderer, PreparedLibrary, SupportsRenderAll
from explainer.batching.sources import SourceItem
from explainer.batching.tokens import counter
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogLoader, CatalogPath
from explainer.diagnostics.finding import ExplainerError, Finding
from explainer.diagnostics.rules import RULES
from explainer.rendering.templates import BUILTIN_TEMPLATES, builtin_renderer, user_renderer

Worker: TypeAlias = Callable[[Sequence[Task]], Chunk]

_warm: dict[int, Worker] = {}
"""Workers of built-in templates: a process that is forked off goes on with what was loaded before."""


def make_worker(shop: BatchConfig) -> Worker:
    """Return the function that makes a chunk of outputs, beside the findings about catalogs that were read for it.

    Raises:
        ExplainerError: when the template cannot be read.
        UnknownTokenizerError: when the tokenizer is not there.
    """
    if id(shop) in _warm:
        return _warm[id(shop)]
    catalogs = _Catalogs(shop)
    recipe = shop.recipe
    press = BatchRenderer(
        recipe, catalogs.offered, renderer_of(shop.template), builtin_renderer("answer"),
        counter(recipe.tokenizer) if recipe.max_tokens is not None else None, files=shop.files,
    )  # fmt: skip

    work = worker_of(press, lines=shop.lines, drain=catalogs.drain)
    if shop.template in BUILTIN_TEMPLATES:
        _warm[id(shop)] = work
    return work


def worker_of(press: BatchRenderer, *, lines: bool, drain: Callable[[], tuple[Finding, ...]] = tuple) -> Worker:
    """Return the function that makes a chunk of outputs on a press.

    Args:
        press: makes them.
        lines: questions are lines of JSON, not YAML files.
        drain: gives the findings about catalogs that are new.
    """

    def work(chunk: Sequence[Task]) -> Chunk:
        made = press.run([(SourceItem(*item), known) for item, known in chunk], lines=lines)
        bulk = [data for one in made for data in one.bulk]
        return ([tuple(one[:-1]) for one in made], drain()), bulk

    return work


def renderer_of(template: str) -> SupportsRenderAll:
    """Return the renderer of a built-in template or of a file, whose process ends with this one."""
    if template in BUILTIN_TEMPLATES:
        return builtin_renderer(template)
    renderer = user_renderer(Path(template))
    if renderer.value is None:
        raise ExplainerError(renderer.findings)
    atexit.register(renderer.value.close)
    return renderer.value


class _Catalogs:
    """The entries that questions may use, by the catalogs that they are read from."""

    def __init__(self, shop: BatchConfig) -> None:
        self._shop = shop
        self._shelf = CatalogLoader()
        self._by_place: dict[tuple[tuple[str, ...] | None, str], PreparedLibrary] = {}
        self._by_paths: dict[tuple[CatalogPath, ...], PreparedLibrary] = {}
        self._usual: PreparedLibrary | None = None
        """The entries for every line that has no `catalog:` of its own."""
        self._findings: list[Finding] = []

    def offered(self, named: Sequence[str] | None, source: str | int) -> PreparedLibrary:
        """Return the entries for a question, from its own `catalog:` and its place in the source.

        Raises:
            ExplainerError: when a catalog that is not the question's own choice cannot be read.
        """
        if named is None and type(source) is int and self._usual is not None:
            return self._usual
        key = (None if named is None else tuple(named), source.rpartition("/")[0] if isinstance(source, str) else "")
        if key not in self._by_place:
            paths, findings = self._shop.catalogs(named, source)
            self._findings += findings
            if paths not in self._by_paths:
                hash_ = hash_of_catalogs(paths)
                library = self._shelf.library(paths)
                self._findings += library.findings
                unusable = [f for f in (*findings, *library.findings) if RULES[f.code].unusable_file]
                if unusable and named is None:  # no question can do without it
                    raise ExplainerError(unusable)
                self._by_paths[paths] = PreparedLibrary(library.value or Library([]), hash_, unusable)
            self._by_place[key] = self._by_paths[paths]
            if named is None and isinstance(source, int):
                self._usual = self._by_place[key]
        return self._by_place[key]

    def drain(self) -> tuple[Finding, ...]:
        """Return the findings about catalogs that are new."""
        found = tuple(self._findings)
        self._findings.clear()
        return found

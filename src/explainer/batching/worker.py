"""What each process of a batch runs: it loads catalogs and a template once, and renders chunks of questions."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from explainer.batching.manifest import ManifestRow, RenderOptions, hash_of_catalogs
from explainer.batching.sources import SourceItem
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogLoader, CatalogPath
from explainer.diagnostics.finding import ExplainerError, Finding
from explainer.diagnostics.rules import RULES

if TYPE_CHECKING:
    from explainer.batching.renderer import BatchRenderer, PreparedLibrary, RenderResult, SupportsRenderAll

# A question to render, and what an earlier run knew of it.
Task: TypeAlias = tuple[SourceItem, ManifestRow | None]


class ChunkResult(NamedTuple):
    """The results of a chunk of questions, in their order, and the findings about catalogs read for it."""

    results: list[RenderResult]
    findings: tuple[Finding, ...] = ()


_ANY_PROCESS: Final = 0

# Renders a chunk of questions. It can be sent to another process.
Worker: TypeAlias = Callable[[Sequence[Task]], ChunkResult]


@dataclass(frozen=True)
class RenderSetup:
    """What every process of a batch needs in order to render.

    Attributes:
        options: what decides an output, but for the question and its entries.
        catalogs: the catalogs of the command line.
        base: the source's folder.
        lines: the source's items are lines of JSON.
        files: outputs become files.
    """

    options: RenderOptions
    catalogs: tuple[Path, ...]
    base: Path
    lines: bool
    files: bool

    def folder_of(self, source: str | int) -> Path:
        """Return the folder of a question: that of its file, or that of all lines."""
        return self.base if isinstance(source, int) else self.base / source.rpartition("/")[0]


class RenderWorker:
    """Renders chunks of questions on this machine. It loads what it needs with the first chunk, in each process."""

    def __init__(self, setup: RenderSetup) -> None:
        self._setup = setup
        self._catalogs = PreparedCatalogs(setup)
        self._renderer: BatchRenderer | None = None
        self._process = _ANY_PROCESS

    def __reduce__(self) -> tuple[type[RenderWorker], tuple[RenderSetup]]:
        """Travel without what was loaded."""
        return RenderWorker, (self._setup,)

    def __call__(self, chunk: Sequence[Task]) -> ChunkResult:
        """Render a chunk.

        Raises:
            ExplainerError: when the template or a catalog that all questions need cannot be read.
        """
        if not chunk:  # a run that finds nothing to render loads nothing
            return ChunkResult([])
        results = self._open().run(chunk, lines=self._setup.lines)
        return ChunkResult(results, self._catalogs.new_findings())

    def _open(self) -> BatchRenderer:
        if self._renderer is not None and self._process in (_ANY_PROCESS, os.getpid()):
            return self._renderer
        from explainer.batching.renderer import BatchRenderer  # noqa: PLC0415  # loads all that renders
        from explainer.batching.tokens import counter  # noqa: PLC0415
        from explainer.rendering.templates import BUILTIN_TEMPLATES, builtin_renderer  # noqa: PLC0415

        options = self._setup.options
        count = counter(options.tokenizer) if options.max_tokens is not None else None
        self._renderer = BatchRenderer(
            options, self._catalogs.library_for, renderer_of(options.template), builtin_renderer("answer"), count,
            files=self._setup.files,
        )  # fmt: skip
        # a forked process goes on with what was loaded; only the template of a user has a process of its own
        self._process = _ANY_PROCESS if options.template in BUILTIN_TEMPLATES else os.getpid()
        return self._renderer


def renderer_of(template: str) -> SupportsRenderAll:
    """Return the renderer of a built-in template or of a file, whose process ends with this one.

    Raises:
        ExplainerError: when the template cannot be read.
    """
    import atexit  # noqa: PLC0415

    from explainer.rendering.templates import BUILTIN_TEMPLATES, builtin_renderer, user_renderer  # noqa: PLC0415

    if template in BUILTIN_TEMPLATES:
        return builtin_renderer(template)
    renderer = user_renderer(Path(template))
    if renderer.value is None:
        raise ExplainerError(renderer.findings)
    atexit.register(renderer.value.close)
    return renderer.value


class PreparedCatalogs:
    """The entries that questions may use, by the catalogs that they are read from."""

    def __init__(self, setup: RenderSetup) -> None:
        self._setup = setup
        self._loader = CatalogLoader(setup.catalogs)
        self._libraries: dict[tuple[CatalogPath, ...], PreparedLibrary] = {}
        self._for_lines: PreparedLibrary | None = None
        self._reported = 0

    def library_for(self, named: Sequence[str] | None, source: str | int) -> PreparedLibrary:
        """Return the entries for a question, from its own `catalog:` and its place in the source.

        Raises:
            ExplainerError: when a catalog that is not the question's own choice cannot be read.
        """
        # lines without a `catalog:` of their own share one library: nothing is looked up for them
        if self._for_lines is not None and named is None and isinstance(source, int):
            return self._for_lines
        library = self._prepare(named, self._setup.folder_of(source))
        if named is None and isinstance(source, int):
            self._for_lines = library
        return library

    def _prepare(self, named: Sequence[str] | None, folder: Path) -> PreparedLibrary:
        from explainer.batching.renderer import PreparedLibrary  # noqa: PLC0415

        library = self._loader.for_named(named, folder)
        paths = self._loader.files(named, folder).value or ()
        if paths not in self._libraries:
            unusable = [finding for finding in library.findings if RULES[finding.code].unusable_file]
            if unusable and named is None:  # no question can do without it
                raise ExplainerError(unusable)
            self._libraries[paths] = PreparedLibrary(library.value or Library([]), hash_of_catalogs(paths), unusable)
        return self._libraries[paths]

    def new_findings(self) -> tuple[Finding, ...]:
        """Return the findings about catalogs that this has not returned yet."""
        findings = self._loader.findings[self._reported :]
        self._reported += len(findings)
        return findings

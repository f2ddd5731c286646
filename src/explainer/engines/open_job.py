"""A job, unpacked once in each worker process: libraries, templates and what renders them.

What a worker of an engine runs, which has no files of ours.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from explainer._package import __version__
from explainer.batching.manifest import hash_of_contents
from explainer.batching.renderer import BatchRenderer, PreparedLibrary
from explainer.batching.workers import ChunkResult, Task
from explainer.catalogs.catalog import LoadedCatalog
from explainer.catalogs.library import Library
from explainer.catalogs.loading import read_catalog, shipped_tasks
from explainer.catalogs.schema import Catalog
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.engines.job import Job, JobContent, PackedCatalogs, shipped_hash, version_error
from explainer.rendering.isolated import IsolatedRenderer
from explainer.rendering.templates import AnyRenderer, builtin_renderer, builtin_sources
from explainer.rendering.worker import TemplateFile

if TYPE_CHECKING:
    from explainer.checking.inputs import AnswerReader

# Jobs that a process keeps open: some engines keep a worker process from one job to the next.
_MOST_OPEN: Final = 4
_opening = threading.Lock()


class OpenJob:
    """What makes the outputs of one job. Use it under its `lock`: some engines work in threads of one process.

    Args:
        job: the job.

    Raises:
        JobError: when this worker would not do what the one who made the job would.
    """

    def __init__(self, job: Job) -> None:
        content = JobContent.unpack(job)
        if content.options.version != __version__:
            raise version_error(content.options.version)
        if content.shipped != shipped_hash():
            raise version_error(content.options.version, " with other templates or tasks")
        self.options = content.options
        self.lock = threading.Lock()
        self._content = content
        self._libraries: dict[tuple[str, ...] | None, PreparedLibrary] = {}
        self._renderers: dict[tuple[bool, bool], BatchRenderer] = {}

    def library_for(self, named: Sequence[str] | None, source: str | int = 0) -> PreparedLibrary:  # noqa: ARG002
        """Return the entries for a question, from its own `catalog:`, wherever it is."""
        names = None if named is None or self._content.overrides else tuple(named)
        if names not in self._libraries:
            catalogs = self._content.catalogs.get(names)
            missing = names or ("<catalogs>",)
            self._libraries[names] = _prepare(catalogs) if catalogs else _unusable(missing, "is not in the job")
        return self._libraries[names]

    def renderer(self, *, files: bool = False, offers: bool = False) -> BatchRenderer:
        """Return what makes outputs.

        Args:
            files: outputs become files, not rows or lines.
            offers: rows of the manifest say what was offered, also where the questions say it.
        """
        if (files, offers) not in self._renderers:
            self._renderers[files, offers] = BatchRenderer(
                self.options,
                self.library_for,
                self._template,
                files=files,
                offers=offers,
            )
        return self._renderers[files, offers]

    @cached_property
    def answer_reader(self) -> AnswerReader:
        """What reads answers and what was offered to them."""
        from explainer.checking.inputs import AnswerReader  # noqa: PLC0415  # those who render need none of it

        def load(named: Sequence[str] | None, _: Path) -> Parsed[Library]:
            prepared = self.library_for(named)
            return Parsed(None if prepared.unusable else prepared.library)

        return AnswerReader(load)

    @cached_property
    def _template(self) -> AnyRenderer:
        name = self._content.template
        if name is None:
            return builtin_renderer(self.options.template)
        folder = Path(tempfile.mkdtemp(prefix="explainer-")).resolve()
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        for relative, raw in self._content.files.items():
            path = folder / relative
            # a job may come from anyone: it writes nothing outside its folder
            if relative and path.resolve().is_relative_to(folder):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(raw)
        source = self._content.files[""].decode()
        renderer = IsolatedRenderer(TemplateFile(name, folder, source, builtin_sources()))
        weakref.finalize(self, renderer.close)
        return renderer


def _prepare(catalogs: PackedCatalogs) -> PreparedLibrary:
    """The entries of some catalogs; their findings were said where the job was made."""
    if catalogs.unreadable:
        return _unusable(catalogs.unreadable, "cannot be read")
    loaded = []
    for file, rank, raw in catalogs.files:
        parsed = read_catalog(raw, file, rank=rank)
        loaded.append(parsed.value or LoadedCatalog(file, Catalog(), rank, complete=False))
    hash_ = hash_of_contents((file.rank, file.raw) for file in catalogs.files)
    return PreparedLibrary(Library(loaded, vocabulary=shipped_tasks), hash_)


def _unusable(files: Sequence[str], why: str) -> PreparedLibrary:
    findings = [Finding("F104", Location(file), why) for file in files]
    return PreparedLibrary(Library([]), "", findings)


def open_job(job: Job) -> OpenJob:
    """Return a job unpacked, which this process does once.

    Raises:
        JobError: see `OpenJob`.
    """
    with _opening:
        return _open_job(job)


_open_job = lru_cache(_MOST_OPEN)(OpenJob)


class JobWorker:
    """Renders chunks of questions from a job; nothing is read from the paths of the machine that made it.

    Args:
        job: what decides the outputs.
        files: they become files.
        lines: the questions are lines of JSON.
    """

    def __init__(self, job: Job, *, files: bool, lines: bool) -> None:
        self._job = job
        self._files = files
        self._lines = lines

    def __call__(self, chunk: Sequence[Task]) -> ChunkResult:
        """Render a chunk."""
        if not chunk:
            return ChunkResult([])
        return ChunkResult(open_job(self._job).renderer(files=self._files).run(chunk, lines=self._lines))

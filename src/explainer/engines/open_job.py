"""A job, unpacked once in each worker process: libraries, templates and what renders them.

The function that makes chunks of outputs from a job: what a worker of an engine runs, which has no files of ours.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from explainer._version import __version__
from explainer.batching.batch import BatchConfig
from explainer.batching.config import Worker, worker_of
from explainer.batching.fingerprint import hash_of_contents
from explainer.batching.renderer import BatchRenderer, PreparedLibrary, SupportsRenderAll
from explainer.batching.tokens import counter
from explainer.catalogs.catalog import LoadedCatalog
from explainer.catalogs.library import Library
from explainer.catalogs.loading import read_catalog, shipped_tasks
from explainer.catalogs.schema import Catalog
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.engines.job import CatalogFile, Job, JobContent, JobError, shipped_hash
from explainer.rendering.isolated import IsolatedRenderer
from explainer.rendering.templates import builtin_renderer, builtin_sources
from explainer.rendering.worker import TemplateFile

if TYPE_CHECKING:
    from explainer.checking.inputs import AnswerReader

_MOST_OPEN: Final = 4
_open: dict[str, OpenJob] = {}
"""By hash: some engines keep a worker process from one job to the next."""
_opening = threading.Lock()


class OpenJob:
    """What makes the outputs of one job. Use it under its `lock`: some engines work in threads of one process.

    Args:
        job: the job.

    Raises:
        JobError: when this worker would not do what the one who made the job would.
    """

    def __init__(self, job: Job) -> None:
        pieces = JobContent.unpack(job)
        if pieces.recipe.version != __version__ or pieces.shipped != shipped_hash():
            message = (
                f"the job was made by explainer {pieces.recipe.version}, and this worker has {__version__}"
                f"{'' if pieces.recipe.version != __version__ else ' with other templates or tasks'}: "
                "install one version everywhere"
            )
            raise JobError(message)
        self.job = job
        self.recipe = pieces.recipe
        self.lock = threading.Lock()
        self._pieces = pieces
        self._offered: dict[tuple[str, ...] | None, PreparedLibrary] = {}
        self._presses: dict[bool, BatchRenderer] = {}
        self._renderer: IsolatedRenderer | None = None

    def offered(self, named: Sequence[str] | None, source: str | int = 0) -> PreparedLibrary:  # noqa: ARG002  # any place
        """Return the entries for a question, from its own `catalog:`."""
        key = None if named is None or self._pieces.given else tuple(named)
        if key not in self._offered:
            shelf = self._pieces.shelves.get(key)
            self._offered[key] = _strangers(key) if shelf is None else _offered(shelf)
        return self._offered[key]

    def press(self, *, files: bool = False) -> BatchRenderer:
        """Return what makes outputs.

        Args:
            files: outputs become files, not rows or lines.
        """
        if files not in self._presses:
            recipe = self.recipe
            count = counter(recipe.tokenizer) if recipe.max_tokens is not None else None
            self._presses[files] = BatchRenderer(
                recipe, self.offered, self._template(), builtin_renderer("answer"), count, files=files
            )
        return self._presses[files]

    @cached_property
    def intake(self) -> AnswerReader:
        """What reads answers and what was offered to them."""
        from explainer.checking.inputs import AnswerReader  # noqa: PLC0415  # those who render need none of it

        def load(named: Sequence[str] | None, _: Path) -> Parsed[Library]:
            offered = self.offered(named)
            return Parsed(None if offered.unusable else offered.library)

        return AnswerReader(load)

    def _template(self) -> SupportsRenderAll:
        name = self._pieces.template
        if name is None:
            return builtin_renderer(self.recipe.template)
        if self._renderer is None:
            folder = Path(tempfile.mkdtemp(prefix="explainer-")).resolve()
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            for relative, raw in self._pieces.files.items():
                path = folder / relative
                if relative and path.resolve().is_relative_to(folder):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(raw)
            source = self._pieces.files[""].decode()
            self._renderer = IsolatedRenderer(TemplateFile(name, folder, source, builtin_sources()))
            weakref.finalize(self, self._renderer.close)
        return self._renderer


def _offered(files: Sequence[CatalogFile]) -> PreparedLibrary:
    """The entries of some catalogs; their findings were said where the job was made."""
    unusable = [Finding("F104", Location(one.file), "cannot be read") for one in files if one.raw is None]
    loaded = []
    for one in files:
        parsed = read_catalog(one.raw or b"", one.file, rank=one.rank)
        loaded.append(parsed.value or LoadedCatalog(one.file, Catalog(), one.rank, complete=False))
    hash_ = hash_of_contents((one.rank, one.raw or b"") for one in files)
    return PreparedLibrary(Library(loaded, vocabulary=shipped_tasks), hash_, unusable)


def _strangers(named: tuple[str, ...] | None) -> PreparedLibrary:
    """What a question is offered whose catalogs the job did not bring along."""
    missing = [Finding("F104", Location(name), "is not in the job") for name in named or ("<catalogs>",)]
    return PreparedLibrary(Library([]), "", missing)


def open_job(job: Job) -> OpenJob:
    """Return the workshop of a job, which this process sets up once.

    Raises:
        JobError: see `OpenJob`.
    """
    with _opening:
        known = _open.get(job.hash)
        if known is not None:
            return known
        workshop = OpenJob(job)
        if len(_open) >= _MOST_OPEN:
            del _open[next(iter(_open))]
        _open[job.hash] = workshop
        return workshop


def make_chunk_worker(job: Job, shop: BatchConfig) -> Worker:
    """Return the function that makes a chunk of outputs.

    Args:
        job: what decides them.
        shop: says whether they become files, and what the questions are; nothing is read from its paths.
    """
    return worker_of(open_job(job).press(files=shop.files), lines=shop.lines)

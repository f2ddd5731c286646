"""A recommender that reads large catalogs once: an index on disk for each content of the catalogs."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from explainer.findings import Finding, Location, Parsed
from explainer.recommending.diskindex import FORMAT, DiskIndex, available
from explainer.recommending.recommend import Recommender
from explainer.recommending.taxonomy import Taxonomy
from explainer.resolve import Library
from explainer.schema import ModelEntry, PaperEntry, Task
from explainer.workspace import cache_folder, display_path

__all__ = ["IndexedRecommender", "open_indexed"]

_INSTALL: Final = "pip install 'cnaps-explainer[index]'"


class IndexedRecommender(Recommender):
    """Recommends from two indexes on disk, as `recommend.Recommender` does from a library."""

    def __init__(self, models: DiskIndex[ModelEntry], papers: DiskIndex[PaperEntry], taxonomy: Taxonomy) -> None:
        super().__init__(Library(()))
        self.taxonomy = taxonomy
        self._models_on_disk = models
        self._papers_on_disk = papers

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of which there are entries."""
        pairs = (("models", self.models), ("papers", self.papers))
        return tuple(kind for kind, found in pairs if len(found))

    @property
    def models(self) -> DiskIndex[ModelEntry]:
        """The models that may be recommended."""
        return self._models_on_disk

    @property
    def papers(self) -> DiskIndex[PaperEntry]:
        """The papers that may be recommended."""
        return self._papers_on_disk


def open_indexed(
    paths: Sequence[Path], load: Callable[[], Library | None], progress: Callable[[int], None], *, anew: bool = False
) -> Parsed[IndexedRecommender]:
    """Open the indexes of some catalog files, and build them first where they are missing or damaged.

    Args:
        paths: the files; their content is the key.
        load: reads them; called only to build. None when they cannot be read.
        progress: is told how many entries are indexed.
        anew: build, whatever is there.

    Returns:
        The recommender; None when the catalogs cannot be read, or with a finding when the engine is missing.
    """
    if not available():
        return Parsed(None, (Finding("E703", Location("--index"), "the index on disk needs tantivy", _INSTALL),))
    try:
        key = _key(paths)
    except OSError:
        load()  # it says what is wrong with the files
        return Parsed(None)
    try:
        folder = cache_folder() / "index" / key
        if not anew:
            try:
                return Parsed(_open(folder))
            except (OSError, ValueError):
                pass  # not there, or damaged: it is built
        library = load()
        return Parsed(_build(folder, library, progress) if library is not None else None)
    except OSError as error:
        where = display_path(Path(error.filename)) if error.filename else "--index"
        message = f"the index cannot be written: {error.strerror or error}"
        return Parsed(None, (Finding("F105", Location(where), message),))


def _key(paths: Sequence[Path]) -> str:
    whole = hashlib.blake2b(FORMAT.encode(), digest_size=16)
    for path in paths:
        whole.update(hashlib.blake2b(path.read_bytes()).digest())
    return whole.hexdigest()


def _open(folder: Path) -> IndexedRecommender:
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    taxonomy = Taxonomy(Task.model_validate(task) for task in tasks)
    models = DiskIndex(folder / "models", ModelEntry, taxonomy)
    return IndexedRecommender(models, DiskIndex(folder / "papers", PaperEntry, taxonomy), taxonomy)


def _build(folder: Path, library: Library, progress: Callable[[int], None]) -> IndexedRecommender:
    shutil.rmtree(folder, ignore_errors=True)
    taxonomy = Taxonomy((*library.tasks, *library.vocabulary()))
    models = [entry for entry in library.models if not entry.deprecated]
    papers = [entry for entry in library.papers if not entry.deprecated]
    found = IndexedRecommender(
        DiskIndex.build(folder / "models", models, ModelEntry, taxonomy, progress),
        DiskIndex.build(folder / "papers", papers, PaperEntry, taxonomy, progress),
        taxonomy,
    )
    tasks = [task.model_dump(mode="json") for task in taxonomy.tasks]
    (folder / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")  # last: without it nothing is opened
    return found

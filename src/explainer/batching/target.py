"""Where the outputs of a batch go: a folder of files, one `.jsonl`, or stdout. Nothing is ever seen half written."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeAlias

from explainer.batching.manifest import ManifestRow
from explainer.batching.previous_run import ManifestFile, PreviousRun, is_intact
from explainer.batching.storage import Appender, TargetLock, left_parts, new_token, remove_stale, replace_file, token_of
from explainer.diagnostics.finding import ExplainerError

Bytes: TypeAlias = bytes | memoryview
Output: TypeAlias = tuple[Bytes, str, Bytes | ManifestRow]
"""A row of the manifest; the file below the target folder; and the output, or what is known of an unchanged one."""

MANIFEST: Final = "manifest.jsonl"


class UnsafePathError(OSError):
    """An output would be written outside the target, through a link in it."""


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """What a target needs to know of a run.

    Attributes:
        kind: prompt or answer: a folder may hold both, each with its manifest.
        recipe: the hash of the recipe: only outputs of the same recipe are used again.
        header: the first line of the manifest.
        by_place: questions are found again by their place, not by their bytes.
        force: nothing is used again.
        waiting: called when another run has to end first.
        beside: further files that belong to the outputs.
        shard: what the name of the manifest has more when the run is about a part of the source: `.2-of-8`.
    """

    kind: str
    recipe: str
    header: bytes
    by_place: bool
    force: bool
    waiting: Callable[[], None]
    beside: tuple[tuple[Path, bytes], ...] = ()
    shard: str = ""


def shards_of(whole: Path, ending: str) -> list[Path]:
    """Return the files that shards made of a whole, in their order: `NAME.2-of-8.jsonl` for `NAME.jsonl`."""
    name = re.compile(rf"{re.escape(whole.name.removesuffix(f'.{ending}'))}\.(\d+)-of-(\d+)\.{re.escape(ending)}")
    try:
        with os.scandir(whole.parent) as scan:
            found = [(match, entry.path) for entry in scan if (match := name.fullmatch(entry.name))]
    except FileNotFoundError:
        return []
    return [Path(path) for _, path in sorted(found, key=lambda one: (int(one[0][2]), int(one[0][1])))]


class Target:
    """A place for outputs, with a manifest that grows beside it until all is complete. Use it as a context manager.

    Leaving the context without `complete` leaves what is finished for the next run; after an error of the disk nothing
    is left.
    """

    files: bool
    manifest: Path

    def __init__(self, plan: TargetPlan) -> None:
        self._recipe = "" if plan.force else plan.recipe
        self._header = plan.header
        self._by_place = plan.by_place
        self._beside = plan.beside
        self._lock = TargetLock(self.manifest.with_name(f".{self.manifest.name}.lock"), plan.waiting)
        self._appenders: list[Appender] = []
        self._old_parts: list[Path] = []
        self._rows: Appender | None = None
        self.past = PreviousRun([], self._recipe, by_place=self._by_place)
        self.interrupted = False
        """An earlier run was killed."""

    def __enter__(self) -> Self:
        self.manifest.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._lock)
            self._old_parts = left_parts(self.manifest)
            self.interrupted = bool(self._old_parts)
            self._clean()
            self.past = PreviousRun(self._volumes(), self._recipe, by_place=self._by_place)
            stack.callback(self.past.close)
            stack.push(self._close)
            self._begin(new_token())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._stack.__exit__(None if error is None else type(error), error, trace)  # type: ignore[arg-type]

    def _begin(self, token: str) -> None:
        self._rows = Appender(self.manifest, token)
        self._appenders.append(self._rows)
        self._rows.append(self._header)

    def _close(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        for appender in self._appenders:
            if isinstance(error, OSError | ExplainerError):
                appender.discard()
            else:
                appender.leave()

    def _clean(self) -> None:
        """Remove what a killed run left and nobody can use."""

    def _volumes(self) -> list[ManifestFile]:
        """What earlier runs made; the newest comes last."""
        raise NotImplementedError

    def is_intact(self, known: ManifestRow) -> bool:
        """Whether an output is still there as it was written."""
        raise NotImplementedError

    def put(self, outputs: list[Output]) -> None:
        """Take some outputs, each with its row, and the bytes or what is known of the unchanged output."""
        raise NotImplementedError

    def keep(self, row: bytes) -> None:
        """Take a row over that stands for no output of this run."""
        if self._rows is not None:
            self._rows.append(row)

    def own_rows(self) -> Iterator[bytes]:
        """The rows that this run has written so far."""
        if self._rows is not None:
            with self._rows.path.open("rb") as stream:
                yield from stream

    def complete(self) -> None:
        """Put everything in its place."""
        for path, data in self._beside:
            if not path.is_file() or path.read_bytes() != data:
                replace_file(str(path), data)
        for appender in self._appenders:
            appender.publish()
        self._appenders.clear()
        for part in self._old_parts:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()

    def remove(self, known: ManifestRow) -> None:
        """Remove the output of a question that is gone."""
        raise NotImplementedError


class FolderTarget(Target):
    """A folder with a file for each output."""

    files = True

    def __init__(self, folder: Path, plan: TargetPlan) -> None:
        self.folder = folder
        self.manifest = folder / f"{plan.kind}{plan.shard}.{MANIFEST}"
        self._is_shard = bool(plan.shard)
        self._shards: list[Path] = []
        self._root = str(folder)
        self._made: set[str] = set()
        super().__init__(plan)

    def _clean(self) -> None:
        if not self._is_shard:
            self._shards = shards_of(self.manifest, MANIFEST)
        if (self.interrupted or self._shards) and not self._is_shard:  # what is stale to one shard is fresh to another
            remove_stale(self.folder)

    def _volumes(self) -> list[ManifestFile]:
        earlier = [*self._shards, self.manifest] if self._shards else [self.manifest]
        return [ManifestFile(rows, None) for rows in (*earlier, *self._old_parts)]

    def complete(self) -> None:
        """Put everything in its place; the manifests of shards are in the whole one then."""
        super().complete()
        for shard in self._shards:
            shard.unlink(missing_ok=True)

    def is_intact(self, known: ManifestRow) -> bool:
        """Whether a file is still there as it was written."""
        return is_intact(f"{self._root}/{known.out}", known, self.past.volumes[known.volume].written)

    def put(self, outputs: list[Output]) -> None:
        """Write files."""
        for _, out, data in outputs:
            if not isinstance(data, ManifestRow):
                path = f"{self._root}/{out}"
                self._make_folder(path.rpartition("/")[0])
                replace_file(path, data)
        self.keep(b"".join([row for row, _, _ in outputs]))

    def _make_folder(self, folder: str) -> None:
        if folder in self._made:
            return
        Path(folder).mkdir(parents=True, exist_ok=True)
        root = os.path.realpath(self._root)
        if os.path.commonpath([root, os.path.realpath(folder)]) != root:
            message = "lies outside the target, through a link in it"
            raise UnsafePathError(0, message, folder)
        self._made.add(folder)

    def remove(self, known: ManifestRow) -> None:
        """Remove a file, and the folders that are empty then."""
        path = Path(self._root, known.out)
        if known.out.startswith("/") or ".." in Path(known.out).parts:
            return
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        for folder in path.parents:
            if folder == self.folder:
                break
            try:
                folder.rmdir()
            except OSError:
                break


class LinesTarget(Target):
    """One `.jsonl`, which appears whole."""

    files = False

    def __init__(self, path: Path, plan: TargetPlan) -> None:
        self.path = path
        self.manifest = path.with_name(f"{path.stem}.{MANIFEST}")
        super().__init__(plan)

    def _begin(self, token: str) -> None:
        self._lines = Appender(self.path, token)
        self._appenders.append(self._lines)
        super()._begin(token)

    def _clean(self) -> None:
        tokens = {token_of(part) for part in self._old_parts}
        self._old_data = {token_of(part): part for part in left_parts(self.path)}
        for token, part in list(self._old_data.items()):
            if token not in tokens:  # killed before its manifest began
                part.unlink()
                del self._old_data[token]

    def _volumes(self) -> list[ManifestFile]:
        # without its lines, a manifest was left between the two steps of `complete`: they are the target already
        parts = [ManifestFile(part, self._old_data.get(token_of(part), self.path)) for part in self._old_parts]
        shards = [
            ManifestFile(shard.with_name(f"{shard.stem}.{MANIFEST}"), shard, complete=True)
            for shard in shards_of(self.path, "jsonl")
        ]
        return [*shards, ManifestFile(self.manifest, self.path, complete=True), *parts]

    def is_intact(self, known: ManifestRow) -> bool:
        """Whether a line is still there as it was written."""
        return self.past.volumes[known.volume].line(known) is not None

    def put(self, outputs: list[Output]) -> None:
        """Append lines."""
        lines: list[Bytes] = []
        for _, _, data in outputs:
            line = data if not isinstance(data, ManifestRow) else self.past.volumes[data.volume].line(data)
            if line is None:
                message = "was changed while it was read"
                raise OSError(0, message, str(self.path))
            lines.append(line)
        self._lines.append(b"".join(lines))
        self.keep(b"".join([row for row, _, _ in outputs]))

    def complete(self) -> None:
        """Put everything in its place."""
        super().complete()
        for part in self._old_data.values():
            with contextlib.suppress(FileNotFoundError):
                part.unlink()

    def remove(self, known: ManifestRow) -> None:
        """A line that is gone is not there any more."""


class StdoutTarget(Target):
    """Lines to stdout: nothing is kept, so nothing can be resumed."""

    files = False

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self.past = PreviousRun([], "", by_place=False)
        self.interrupted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        return None

    def put(self, outputs: list[Output]) -> None:
        """Write lines."""
        self._write(b"".join([data for _, _, data in outputs if not isinstance(data, ManifestRow)]))

    def keep(self, row: bytes) -> None:
        """There is no manifest."""

    def own_rows(self) -> Iterator[bytes]:
        """There is no manifest."""
        return iter(())

    def complete(self) -> None:
        """Nothing is left to do."""

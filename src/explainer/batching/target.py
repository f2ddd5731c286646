"""Where the outputs of a batch go: a folder of files, one `.jsonl`, or stdout. Nothing is ever seen half written.

A run that was killed goes on here: `ResumableTarget` takes over what it left.

With `--check` they go nowhere: what is in a target is compared byte for byte with what a run would put there.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import msgspec

from explainer.batching.manifest import ManifestRow, read_row
from explainer.batching.previous_run import EarlierRow, ManifestFile, PreviousRun, is_intact
from explainer.diagnostics.finding import ExplainerError, Finding, Location
from explainer.files import (
    PART,
    STDIN,
    Appender,
    Buffer,
    FileLock,
    display_path,
    left_parts,
    make_folder_below,
    new_token,
    open_file,
    read_file,
    remove_stale,
    token_of,
    write_whole,
)
from explainer.rendering.formats import FORMATS, promptfoo_config

if TYPE_CHECKING:
    from explainer.batching.workers import BatchConfig, BatchReporter, RenderSetup

MANIFEST: Final = "manifest.jsonl"
# What the names of outputs end in.
_ENDINGS: Final = tuple(
    f".{kind}{each.suffix}" for kind in ("prompt", "answer") for each in FORMATS.values()
)


class TargetOutput(msgspec.Struct, gc=False):
    """An output on its way to a target.

    Attributes:
        row: its row of the manifest.
        file: its file below the target folder.
        data: its bytes; None when it is unchanged.
        earlier: what an earlier run says of an unchanged one.
    """

    row: bytes
    file: str
    data: Buffer | None = None
    earlier: EarlierRow | None = None


def open_target(config: BatchConfig, setup: RenderSetup, reporter: BatchReporter) -> Target:
    """Return the target of a batch, which is not entered yet."""
    if str(config.out) == STDIN:
        return StdoutTarget(reporter)
    if config.check and setup.files:
        return FolderComparison(config.out, setup.options.kind, reporter)
    if config.check:
        return LinesComparison(config.out, reporter)
    target = FolderTarget if setup.files else LinesTarget
    return target(config, setup, reporter)


def shards_of(path: Path, ending: str) -> list[Path]:
    """Return the files that shards made of a file, in their order: `NAME.2-of-8.jsonl` for `NAME.jsonl`."""
    stem = re.escape(path.name.removesuffix(f".{ending}"))
    name = re.compile(rf"{stem}\.(?P<number>\d+)-of-(?P<total>\d+)\.{re.escape(ending)}")
    shards: list[tuple[int, int, Path]] = []
    with contextlib.suppress(FileNotFoundError), os.scandir(path.parent) as scan:
        for entry in scan:
            match = name.fullmatch(entry.name)
            if match is not None:
                shards.append((int(match["total"]), int(match["number"]), Path(entry.path)))
    return [path for _, _, path in sorted(shards)]


class Target:
    """A place for outputs. Use it as a context manager; this one remembers nothing from run to run.

    Attributes:
        manifest: where the manifest is, or would be.
        past: what earlier runs made.
    """

    manifest: Path
    past = PreviousRun([], "", by_place=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        return None

    def is_intact(self, earlier: EarlierRow) -> bool:  # noqa: ARG002
        """Whether an output is still there as it was written."""
        return False

    def is_foreign(self, file: str, data: Buffer) -> bool:  # noqa: ARG002
        """Whether something stands in the place of an output that no run has written."""
        return False

    def put(self, outputs: list[TargetOutput]) -> None:
        """Take some outputs."""
        raise NotImplementedError

    @property
    def takes_lines(self) -> bool:
        """Whether outputs may come as lines in one piece: nothing is compared with what an earlier run made."""
        return False

    def put_lines(self, rows: bytes, outputs: Buffer) -> None:
        """Take outputs that are lines, and their rows."""
        raise NotImplementedError

    def keep(self, rows: bytes) -> None:
        """Take rows over that stand for no output of this run."""

    def own_rows(self) -> Iterator[bytes] | None:
        """The rows that this run has written so far; None when it writes none."""
        return None

    def complete(self) -> None:
        """Put everything in its place."""

    def remove(self, earlier: ManifestRow) -> bool:  # noqa: ARG002
        """Remove the output of a question that is gone; a line that is gone is not there any more."""
        return True


class ResumableTarget(Target):
    """A target with a manifest that grows beside it until all is complete.

    Leaving the context without `complete` leaves what is finished for the next run; after an error of the disk nothing
    is left.
    """

    _suffix = ""
    """What the names of outputs end in, when each has a file."""
    _beside: tuple[Path, bytes]
    """The configuration that promptfoo needs beside its tests."""

    def __init__(
        self, manifest: Path, config: BatchConfig, setup: RenderSetup, reporter: BatchReporter
    ) -> None:
        self.manifest = manifest
        self._config = config
        self._options = setup.options
        # a line may have moved, so lines are found by their bytes
        self._by_place = not setup.lines
        self._lock = FileLock(manifest.with_name(f".{manifest.name}.lock"), reporter.wait)
        self._appenders: list[Appender] = []
        self._old_parts: list[Path] = []
        """Manifests that killed runs left."""
        self._rows: Appender

    def __enter__(self) -> Self:
        self.manifest.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._lock)
            self._old_parts = left_parts(self.manifest)
            self._clean()
            recipe = "" if self._config.force else self._options.hash
            self.past = PreviousRun(self._volumes(), recipe, by_place=self._by_place)
            stack.callback(self.past.close)
            self._refuse_foreign()
            stack.push(self._close)
            self._begin(new_token())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._stack.__exit__(None if error is None else type(error), error, trace)  # type: ignore[arg-type]

    def _begin(self, token: str) -> None:
        self._rows = Appender(self.manifest, token)
        self._appenders.append(self._rows)
        self._rows.append(self._options.header(self._suffix))

    def _close(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        for appender in self._appenders:
            if isinstance(error, OSError | ExplainerError):
                appender.discard()
            else:
                appender.leave()

    def _clean(self) -> None:
        """Remove what a killed run left and nobody can use."""

    def _refuse_foreign(self) -> None:
        """Leave a file alone that stands where the output belongs, and that no run has written.

        Raises:
            ExplainerError: when there is one.
        """

    def _volumes(self) -> list[ManifestFile]:
        """What earlier runs made; the newest comes last."""
        raise NotImplementedError

    def keep(self, rows: bytes) -> None:
        """Take rows over that stand for no output of this run."""
        self._rows.append(rows)

    def own_rows(self) -> Iterator[bytes]:
        """The rows that this run has written so far."""
        with self._rows.path.open("rb") as stream:
            yield from stream

    def complete(self) -> None:
        """Put everything in its place."""
        if self._options.format == "promptfoo":
            path, data = self._beside
            if self._config.force or not path.exists():  # people edit it
                write_whole(str(path), data)
        for appender in self._appenders:
            appender.publish()
        self._appenders.clear()
        for part in self._old_parts:
            part.unlink(missing_ok=True)


class FolderTarget(ResumableTarget):
    """A folder with a file for each output."""

    def __init__(self, config: BatchConfig, setup: RenderSetup, reporter: BatchReporter) -> None:
        kind, folder = setup.options.kind, config.out
        shard = config.shard.infix if config.shard is not None else ""
        super().__init__(folder / f"{kind}{shard}.{MANIFEST}", config, setup, reporter)
        self.folder = folder
        self._suffix = f".{kind}{FORMATS[setup.options.format].suffix}"
        self._beside = (
            folder / "promptfooconfig.yaml",
            promptfoo_config("**/*.prompt.json", pattern=True),
        )
        self._shards: list[Path] = []
        """Manifests of shards that this run of the whole takes over."""
        self._root = str(folder)
        self._recorded: set[str] | None = None
        """Files that any manifest here records, once something stands in the place of an output."""
        self._safe_folders: set[str] = set()

    def _clean(self) -> None:
        if self._config.shard is not None:  # what is stale to one shard is fresh to another
            return
        self._shards = shards_of(self.manifest, MANIFEST)
        if self._old_parts or self._shards:
            remove_stale(self.folder)

    def _volumes(self) -> list[ManifestFile]:
        force = self._config.force
        return [
            ManifestFile(rows, None, forgiving=force)
            for rows in (*self._shards, self.manifest, *self._old_parts)
        ]

    def complete(self) -> None:
        """Put everything in its place; the manifests of shards are in the whole one then."""
        super().complete()
        for shard in self._shards:
            shard.unlink(missing_ok=True)

    def is_intact(self, earlier: EarlierRow) -> bool:
        """Whether a file is still there as it was written."""
        written = 0 if self._config.verify else self.past.volumes[earlier.volume].written
        return is_intact(f"{self._root}/{earlier.row.out}", earlier.row, written)

    def is_foreign(self, file: str, data: Buffer) -> bool:
        """Whether something stands in the place of an output that no run has written.

        What a run was about to write when it was killed is in no manifest: the same bytes, or a file that is not older
        than what this run left of its manifest.
        """
        path = f"{self._root}/{file}"
        if self._config.force or not os.path.lexists(path):
            return False
        if file in self._own_files():
            return False
        begun = min((part.stat().st_mtime_ns for part in self._old_parts), default=None)
        # a killed run may have written it
        if begun is not None and os.lstat(path).st_mtime_ns >= begun:
            return False
        # a folder, or a link to nowhere, holds no output
        if not os.path.isfile(path):  # noqa: PTH113
            return True
        return read_file(Path(path)) != data

    def _own_files(self) -> set[str]:
        """The files that this run, and all before it with other shards or formats, have recorded."""
        if self._recorded is None:
            manifests = [
                path for path in self.folder.iterdir() if path.name.endswith((MANIFEST, PART))
            ]
            past = PreviousRun(
                [ManifestFile(path, None, forgiving=True) for path in manifests], "", by_place=True
            )
            self._recorded = {earlier.row.out for earlier in past.rows()}
            past.close()
        return self._recorded

    def put(self, outputs: list[TargetOutput]) -> None:
        """Write files."""
        for output in outputs:
            if output.data is not None:
                path = f"{self._root}/{output.file}"
                self._make_folder(path.rpartition("/")[0])
                write_whole(path, output.data)
        self.keep(b"".join([output.row for output in outputs]))

    def _make_folder(self, folder: str) -> None:
        if folder not in self._safe_folders:
            make_folder_below(self._root, folder, folder)
            self._safe_folders.add(folder)

    def remove(self, earlier: ManifestRow) -> bool:
        """Remove a file, and the folders that are empty then; return whether it was what the row says.

        A manifest is a file that anyone can edit. Removed is only what it may have written: a regular file below the
        target, reached without a link, that is called like an output and has the hash that the manifest recorded.
        """
        path = self.folder / earlier.out
        root = os.path.realpath(self.folder)
        is_below = os.path.realpath(path) == os.path.join(root, earlier.out)  # noqa: PTH118
        if not (is_below and earlier.out.endswith(_ENDINGS) and is_intact(str(path), earlier, 0)):
            return False
        path.unlink(missing_ok=True)
        # a folder that is not empty stays, and so do those above it
        with contextlib.suppress(OSError):
            for folder in path.relative_to(self.folder).parents[:-1]:
                (self.folder / folder).rmdir()
        return True


class LinesTarget(ResumableTarget):
    """One `.jsonl`, which appears whole."""

    def __init__(self, config: BatchConfig, setup: RenderSetup, reporter: BatchReporter) -> None:
        path = config.out if config.shard is None else config.shard.of(config.out)
        super().__init__(path.with_name(f"{path.stem}.{MANIFEST}"), config, setup, reporter)
        self.path = path
        self._beside = path.with_name(f"{path.stem}.promptfoo.yaml"), promptfoo_config(path.name)

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
        parts = [
            ManifestFile(part, self._old_data.get(token_of(part), self.path))
            for part in self._old_parts
        ]
        ends = [
            ManifestFile(
                path.with_name(f"{path.stem}.{MANIFEST}"),
                path,
                complete=True,
                forgiving=self._config.force,
            )
            for path in (*shards_of(self.path, "jsonl"), self.path)
        ]
        return [*ends, *parts]

    def _refuse_foreign(self) -> None:
        is_own = any(volume.data == self.path for volume in self.past.volumes)
        if is_own or self._config.force:
            return
        # where nothing is, nothing can be lost
        if not self.path.exists() or not self.path.stat().st_size:
            return
        message = f"the batch was stopped: the file is there, and no {self.manifest.name} says that a run wrote it"
        hint = "move the file away, or run with --force to write over it"
        raise ExplainerError([Finding("F105", Location(display_path(self.path)), message, hint)])

    def is_intact(self, earlier: EarlierRow) -> bool:
        """Whether a line is still there as it was written."""
        return self.past.volumes[earlier.volume].line(earlier) is not None

    @property
    def takes_lines(self) -> bool:
        """Whether there is no earlier run."""
        return not self.past

    def put_lines(self, rows: bytes, outputs: Buffer) -> None:
        """Append lines."""
        self._lines.append(outputs)
        self.keep(rows)

    def put(self, outputs: list[TargetOutput]) -> None:
        """Append lines."""
        self._lines.append(
            b"".join([output.data or self._earlier_line(output) for output in outputs])
        )
        self.keep(b"".join([output.row for output in outputs]))

    def _earlier_line(self, output: TargetOutput) -> bytes:
        earlier = output.earlier
        line = self.past.volumes[earlier.volume].line(earlier) if earlier is not None else None
        if line is None:
            message = "was changed while it was read"
            raise OSError(0, message, str(self.path))
        return line

    def complete(self) -> None:
        """Put everything in its place."""
        super().complete()
        for part in self._old_data.values():
            part.unlink(missing_ok=True)


class StdoutTarget(Target):
    """Lines to stdout: nothing is kept, so nothing can be resumed."""

    def __init__(self, reporter: BatchReporter) -> None:
        self._reporter = reporter

    def put(self, outputs: list[TargetOutput]) -> None:
        """Write lines."""
        self._reporter.write(b"".join([output.data or b"" for output in outputs]))

    @property
    def takes_lines(self) -> bool:
        """Always."""
        return True

    def put_lines(self, rows: bytes, outputs: Buffer) -> None:  # noqa: ARG002
        """Write lines."""
        self._reporter.write(outputs)


class _Comparison(Target):
    """A target that only looks."""

    def __init__(self, out: Path, manifest: Path, reporter: BatchReporter) -> None:
        self.manifest = manifest
        self._out = out
        self._reporter = reporter

    def _report(self, line: int, message: str, path: Path | None = None) -> None:
        location = Location(display_path(path or self._out), line)
        self._reporter.report(
            [Finding("B705", location, message, "run explainer batch without --check")]
        )


class FolderComparison(_Comparison):
    """Compares the files of a folder."""

    def __init__(self, folder: Path, kind: str, reporter: BatchReporter) -> None:
        super().__init__(folder, folder / f"{kind}.{MANIFEST}", reporter)
        self._compared: set[str] = set()

    def put(self, outputs: list[TargetOutput]) -> None:
        """Compare files."""
        for output in outputs:
            self._compared.add(output.file)
            path = self._out / output.file
            try:
                if read_file(path) != output.data:
                    self._report(1, "the output is out of date", path)
            except FileNotFoundError:
                self._report(1, "the output is missing", path)

    def complete(self) -> None:
        """Report the outputs of questions that are gone."""
        past = PreviousRun([ManifestFile(self.manifest, None)], "", by_place=True)
        for earlier in (known.row for known in past.rows()):
            path = self._out / earlier.out
            if earlier.out not in self._compared and path.is_file():
                message = f"its question ({earlier.source}) is gone"
                self._reporter.report(
                    [
                        Finding(
                            "B706", Location(display_path(path)), message, "remove it with --prune"
                        )
                    ]
                )
        past.close()


# The id in a line of any format; in its texts, quotes have a backslash before them.
_ID: Final = re.compile(rb'"(?:id|key|question_id|custom_id)": ("(?:[^"\\]|\\.)*")')
# What a `custom_id` has behind the id; not every service takes a point there.
_HASH: Final = re.compile(rb'[.-][0-9a-f]{8}"$')


def _hash_of_id(line: Buffer) -> int:
    """The hash of the id of a line; lines without one share one hash."""
    match = _ID.search(line)
    return hash(_HASH.sub(b'"', match[1])) if match else 0


class _Line(NamedTuple):
    """The number of a line, and the hash of its bytes."""

    number: int
    hash: int


class LinesComparison(_Comparison):
    """Compares the lines of a `.jsonl`: one after the other, and from the first that differs on by their ids."""

    def __init__(self, path: Path, reporter: BatchReporter) -> None:
        super().__init__(path, path.with_name(f"{path.stem}.{MANIFEST}"), reporter)
        self._line = 0
        """The number of the last line that has its question."""
        self._by_id: dict[int, _Line] | None = None
        """The lines that have no question yet, by the hashes of their ids, once one differs."""
        self._is_reordered = False

    def __enter__(self) -> Self:
        self._stream = open_file(self._out) if self._out.exists() else io.BytesIO()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._stream.close()

    def put(self, outputs: list[TargetOutput]) -> None:
        """Compare lines."""
        for output in outputs:
            if self._by_id is None:
                line = self._stream.readline()
                if line == output.data:
                    self._line += 1
                    continue
                self._by_id = self._index(line)
            self._compare(output, self._by_id)

    def _index(self, first: bytes) -> dict[int, _Line]:
        """The lines from the one that was read last on, by the hashes of their ids."""
        lines = enumerate(itertools.chain([first] if first else [], self._stream), self._line + 1)
        return {_hash_of_id(line): _Line(number, hash(line)) for number, line in lines}

    def _compare(self, output: TargetOutput, by_id: dict[int, _Line]) -> None:
        """Compare an output with the line that has its id."""
        data = output.data or b""
        line = by_id.pop(_hash_of_id(data), None)
        if line is None:
            self._report(self._line + 1, f"the output of {_id_of(output)!r} is missing")
            return
        if line.hash != hash(data):
            self._report(line.number, f"the output of {_id_of(output)!r} is out of date")
        self._is_reordered |= line.number < self._line
        self._line = max(self._line, line.number)

    def complete(self) -> None:
        """Report what is left over, and lines in another order."""
        by_id = self._index(self._stream.readline()) if self._by_id is None else self._by_id
        if by_id:
            first = min(line.number for line in by_id.values())
            self._report(first, "there is more here than the source asks for")
        if self._is_reordered:
            self._report(1, "the lines are in another order than the questions")


def _id_of(output: TargetOutput) -> str:
    row = read_row(output.row)
    return row.id if row else ""

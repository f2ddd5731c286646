"""`batch --check`: what is in a target, compared byte for byte with what a run would put there. Nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self

from explainer.batching.previous_run import ManifestFile, PreviousRun
from explainer.batching.target import MANIFEST, Output, Target
from explainer.diagnostics.finding import Finding, Location
from explainer.files import display_path

PRUNE = "remove it with --prune"
Report = Callable[[Iterable[Finding]], None]


class _Comparison(Target):
    """A target that only looks."""

    def __init__(self, manifest: Path, report: Report) -> None:
        self.manifest = manifest
        self.past = PreviousRun([], "", by_place=False)
        self.interrupted = False
        self._report = report

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        return None

    def keep(self, row: bytes) -> None:
        """Nothing is kept."""

    def own_rows(self) -> Iterator[bytes]:
        """No row is written."""
        return iter(())

    def _outdated(self, path: Path, line: int, what: str) -> None:
        self._report([Finding("B705", Location(display_path(path), line), what, "run explainer batch without --check")])


class FolderComparison(_Comparison):
    """Compares the files of a folder."""

    files = True

    def __init__(self, folder: Path, kind: str, report: Report) -> None:
        super().__init__(folder / f"{kind}.{MANIFEST}", report)
        self._folder = folder
        self._outs: set[str] = set()

    def put(self, outputs: list[Output]) -> None:
        """Compare files."""
        for _, out, data in outputs:
            self._outs.add(out)
            path = self._folder / out
            try:
                if path.read_bytes() != data:
                    self._outdated(path, 1, "the output is out of date")
            except FileNotFoundError:
                self._outdated(path, 1, "the output is missing")

    def complete(self) -> None:
        """Report the outputs of questions that are gone."""
        volume = ManifestFile(self.manifest, None)
        past = PreviousRun([volume], "", by_place=True)
        for known, _ in past.rows():
            if known.out not in self._outs and (self._folder / known.out).is_file():
                place = Location(display_path(self._folder / known.out))
                self._report([Finding("B706", place, f"its question ({known.source}) is gone", PRUNE)])
        past.close()


class LinesComparison(_Comparison):
    """Compares the lines of a `.jsonl`."""

    files = False

    def __init__(self, path: Path, report: Report) -> None:
        super().__init__(path.with_name(f"{path.stem}.{MANIFEST}"), report)
        self._path = path
        self._stream: Any = None
        self._line = 0

    def __enter__(self) -> Self:
        if self._path.exists():
            self._stream = self._path.open("rb")
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def put(self, outputs: list[Output]) -> None:
        """Compare lines."""
        for row, _, data in outputs:
            self._line += 1
            if self._stream is not None and self._stream.readline() != data:
                self._outdated(self._path, self._line, f"the output of {json.loads(bytes(row))['id']!r} is out of date")

    def complete(self) -> None:
        """Report what is missing, and what is left over."""
        if self._stream is None:
            self._outdated(self._path, 1, "the output is missing")
        elif self._stream.readline():
            self._outdated(self._path, self._line + 1, "there is more here than the source asks for")

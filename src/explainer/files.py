"""The only room that touches the disk: reading within limits, finding catalogs, packaged data, writing whole files."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.documents.document import decode

STDIN: Final = "-"
MAX_CATALOG_BYTES: Final = 256 * 1024 * 1024
MAX_QUESTION_BYTES: Final = 4 * 1024 * 1024
_CHUNK: Final = 1024 * 1024


def display_path(path: Path) -> str:
    """Return a path as findings show it: relative to the working folder where it lies below it."""
    with contextlib.suppress(ValueError, OSError):
        return str(path.absolute().relative_to(Path.cwd()))
    return str(path)


def read_text(path: Path, *, limit: int) -> Parsed[str]:
    """Read a whole regular file as text.

    Args:
        path: the file; devices, pipes and folders are refused without being opened.
        limit: the number of bytes that it may have.
    """
    raw = read_raw(path, limit=limit)
    return Parsed(None, raw.findings) if raw.value is None else decode(raw.value, display_path(path))


def read_raw(path: Path, *, limit: int) -> Parsed[bytes]:
    """Read a whole regular file as bytes; see `read_text`."""
    file = display_path(path)
    try:
        mode = path.stat()
        if not stat.S_ISREG(mode.st_mode):
            what = "a folder" if stat.S_ISDIR(mode.st_mode) else "not a regular file"
            return _unusable("F102", file, f"this is {what}")
        if mode.st_size > limit:
            return _too_large(file, limit)
        with path.open("rb") as stream:
            raw = stream.read(limit + 1)
    except FileNotFoundError:
        return _unusable("F101", file, "no such file")
    except (OSError, ValueError) as error:
        return _unusable("F104", file, f"cannot be read: {_reason(error)}")
    return _too_large(file, limit) if len(raw) > limit else Parsed(raw)


def read_stdin(*, limit: int) -> Parsed[str]:
    """Read stdin to its end as text."""
    if sys.stdin is None:
        return _unusable("F104", "<stdin>", "cannot be read: stdin is closed")
    try:
        raw = sys.stdin.buffer.read(limit + 1)
    except (OSError, ValueError) as error:
        return _unusable("F104", "<stdin>", f"cannot be read: {_reason(error)}")
    return _too_large("<stdin>", limit) if len(raw) > limit else decode(raw, "<stdin>")


def _too_large(file: str, limit: int) -> Parsed[Any]:
    return _unusable("F103", file, f"larger than {limit:,} bytes")


def _unusable(code: str, file: str, message: str, hint: str | None = None) -> Parsed[Any]:
    return Parsed(None, (Finding(code, Location(file), message, hint),))


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def builtin_folder(name: str) -> Path:
    """Return the packaged folder `templates` or `catalogs`: inside an installed package, else of the checkout."""
    installed = Path(__file__).parent / "data" / name
    return installed if installed.is_dir() else Path(__file__).resolve().parents[2] / name


def cache_folder() -> Path:
    """Return the folder for what can be computed again: of `EXPLAINER_CACHE`, else of the XDG base directories."""
    given = os.environ.get("EXPLAINER_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "explainer"


def is_private(folder: Path) -> bool:
    """Whether a folder belongs to the user, and nobody else can write to it: only then its files can be trusted.

    Raises:
        OSError: when there is no such folder.
    """
    if sys.platform == "win32":
        return folder.is_dir()
    status = folder.lstat()  # a link may lead to a folder of somebody else
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


def files_below(
    folder: Path, suffixes: Sequence[str], *, unreadable: Callable[[Path, OSError], None] | None = None
) -> Iterator[Path]:
    """Yield the files of a folder with one of the suffixes, in the order of their paths; hidden ones are left out.

    A link to a folder that it lies in is not followed.

    Args:
        folder: the folder.
        suffixes: endings of files.
        unreadable: is told of each folder that cannot be listed; without it that is raised.

    Raises:
        OSError: when a folder cannot be listed.
    """
    yield from _files_below(folder, suffixes, unreadable, ())


def _files_below(
    folder: Path,
    suffixes: Sequence[str],
    unreadable: Callable[[Path, OSError], None] | None,
    above: tuple[Path, ...],
) -> Iterator[Path]:
    try:
        children = sorted(folder.iterdir(), key=lambda child: child.name)
    except OSError as error:
        if unreadable is None:
            raise
        unreadable(folder, error)
        return
    above = (*above, folder.resolve())
    for child in children:
        if child.name.startswith("."):
            continue
        if child.is_dir():
            if not (child.is_symlink() and child.resolve() in above):
                yield from _files_below(child, suffixes, unreadable, above)
        elif child.suffix in suffixes:
            yield child


def cannot_read(path: Path, error: OSError) -> Finding:
    """Return the finding about a file or folder that cannot be read."""
    return Finding("F104", Location(display_path(path)), f"cannot be read: {_reason(error)}")


def write_bytes(path: Path, data: bytes) -> Finding | None:
    """Write a file whole or not at all: a temporary file beside it takes its place when it is complete.

    Returns:
        None, or a finding when it cannot be written; an old file is then as it was.
    """
    return _replace(path, lambda stream: stream.write(data))


def write_together(files: Sequence[tuple[Path, bytes]]) -> Finding | None:
    """Write several files, all of them or none, as far as a file system can promise that.

    All new contents are on the disk before the first file is replaced, and each old file keeps a second name until the
    last one is. When something fails, what was replaced is put back. Only a machine that stops in the middle of the
    renaming leaves some files new and others old.

    Returns:
        None, or a finding when one cannot be written; all files are then as they were.
    """
    prepared: list[_Replacement] = []
    done: list[_Replacement] = []
    path = Path()
    try:
        for path, data in files:
            prepared.append(_Replacement(path.resolve()))
            prepared[-1].prepare(data)
        for one in prepared:
            path = one.path
            done.append(one)
            one.new.replace(one.path)
    except (OSError, ValueError) as error:
        kept = [where for one in reversed(done) if (where := one.put_back()) is not None]
        hint = f"what it held before is in {', '.join(display_path(where) for where in kept)}" if kept else None
        return Finding("F105", Location(display_path(path)), f"cannot be written: {_reason(error)}", hint)
    except BaseException:  # an interrupt: nobody is told, but all is put back
        for one in reversed(done):
            one.put_back()
        raise
    finally:
        for one in prepared:
            one.tidy()
    return None


class _Replacement:
    """A file that is replaced together with others: its new content, and its old one, under names beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.new = self.old = path.with_name(f".{path.name[:40]}.{os.getpid()}")
        self._was_there = False

    def prepare(self, data: bytes) -> None:
        """Write the new content, and give the old one a second name."""
        handle, name = tempfile.mkstemp(prefix=f".{self.path.name[:40]}.", suffix=".tmp", dir=self.path.parent)
        self.new, self.old = Path(name), Path(f"{name}.old")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        self.new.chmod(_permissions(self.path))
        self._was_there = self.path.exists()
        if self._was_there:
            try:
                self.old.hardlink_to(self.path)
            except OSError:  # a file system without hard links
                shutil.copy2(self.path, self.old)

    def put_back(self) -> Path | None:
        """Undo the replacement; return where the old content is when that fails."""
        try:
            if self.new.exists():
                pass  # it was never replaced
            elif self._was_there:
                self.old.replace(self.path)
            else:
                self.path.unlink(missing_ok=True)
        except OSError:
            kept, self.old = self.old, self.new  # it is all that is left: do not tidy it away
            return kept
        return None

    def tidy(self) -> None:
        """Remove what is left beside the file."""
        for name in (self.new, self.old):
            with contextlib.suppress(OSError):
                name.unlink(missing_ok=True)


def _replace(path: Path, fill: Callable[[BinaryIO], object]) -> Finding | None:
    temporary: str | None = None
    try:
        if path.exists() and not path.is_file():
            if path.is_dir():
                return Finding("F105", Location(display_path(path)), "cannot be written: it is a folder")
            with path.open("wb") as stream:  # a device or a pipe is written to, never replaced
                fill(stream)
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            fill(stream)
        Path(temporary).chmod(_permissions(path))
        Path(temporary).replace(path)
    except (OSError, ValueError) as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        return Finding("F105", Location(display_path(path)), f"cannot be written: {_reason(error)}")
    return None


def replace_file(path: Path, text: TextIO) -> Finding | None:
    """Write a file of any size whole or not at all, from an open text file; see `write_bytes`."""

    def fill(stream: BinaryIO) -> None:
        while chunk := text.read(_CHUNK):
            stream.write(chunk.encode())

    return _replace(path, fill)


def _permissions(path: Path) -> int:
    """The permissions of the file that is replaced, else those that a new file would get."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask

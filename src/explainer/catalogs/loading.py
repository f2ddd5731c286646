"""Questions and catalogs, found on the disk and read into values.

Catalogs that were read and found right are kept, so that a large one is read once. A kept one is found by the hash of
its bytes. The types of its values are looked at again, its texts are not: they were found right before. A file of the
cache can be deleted or damaged at any time, then the catalog is read as always. Only folders that belong to the user
alone are trusted.

Finding catalogs needs no schema and no YAML, and a batch that finds nothing to render only finds them: what reads is
imported where a file is read, which saves such a run 50 ms of 250.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from explainer._package import __version__
from explainer.catalogs.settings import PROJECT_FILES, parse_settings
from explainer.diagnostics.finding import Finding, Location, Parsed, errors_in, has_errors
from explainer.diagnostics.text import shorten
from explainer.files import (
    MAX_CATALOG_BYTES,
    MAX_QUESTION_BYTES,
    STDIN,
    as_text,
    builtin_folder,
    cache_folder,
    cannot_read,
    display_path,
    files_below,
    input_name,
    read_input,
    read_private,
    read_raw,
    read_text,
    write_private,
)

if TYPE_CHECKING:
    from explainer.catalogs.library import Library
    from explainer.catalogs.parsing import LoadedCatalog, LoadedQuestion
    from explainer.catalogs.schema import Catalog, Kind, Question, Settings, Task
    from explainer.documents.document import Document

CATALOG_SUFFIXES: Final = (".yaml", ".yml")
SOURCES_SUFFIX: Final = ".sources.jsonl"
"""What stands in the place of `.yaml` in the name of a catalog's record of sources."""
# What lies in the root of a project: above that, a folder `catalogs` belongs to something else.
_ROOT_MARKERS: Final = (".git", *PROJECT_FILES)

LEAST_BYTES: Final = 16 * 1024
"""Smaller catalogs are not worth a file: reading 17 KB of YAML takes 1 ms, and the cache 0.1 ms."""
# Files of the cache by kind, and what their names end with.
_SUFFIXES: Final = {"catalog": ".json", "index": ".bin"}
# Files of one kind that are kept; the oldest go first.
_MOST_FILES: Final = 32


def load_question(path: Path) -> Parsed[LoadedQuestion]:
    """Read a question from a YAML file, or from stdin when the path is `-`."""
    from explainer.catalogs.parsing import parse_question  # noqa: PLC0415

    text = read_input(path, limit=MAX_QUESTION_BYTES)
    if text.value is None:
        return Parsed(None, text.findings)
    default_id = "stdin" if str(path) == STDIN else as_text(path.stem)
    return parse_question(text.value, input_name(path), default_id=default_id)


def asked_question(path: Path, words: str | None) -> Parsed[LoadedQuestion]:
    """Read the question that a command was given: its words, or where there are none, its file."""
    from explainer.catalogs.parsing import question_from_text  # noqa: PLC0415

    return load_question(path) if words is None else question_from_text(words, file="--text")


def load_lines(path: Path) -> Parsed[list[tuple[str, str, int]]]:
    """Read a file of JSON lines, or stdin when the path is `-`: the text of each, its file and its number.

    Empty lines are passed over.
    """
    text = read_input(path, limit=MAX_CATALOG_BYTES)
    if text.value is None:
        return Parsed(None, text.findings)
    file = input_name(path)
    numbered = enumerate(text.value.split("\n"), 1)
    return Parsed(
        [(line, file, number) for number, line in numbered if line.strip()], text.findings
    )


def load_question_lines(
    path: Path, *, passed_over: Collection[str] = ()
) -> Parsed[list[LoadedQuestion]]:
    """Read the questions of a file of JSON lines, or of stdin when the path is `-`.

    Args:
        path: the file.
        passed_over: keys that a line may have for other readers.
    """
    from explainer.catalogs.parsing import parse_question_line  # noqa: PLC0415

    lines = load_lines(path)
    if lines.value is None:
        return Parsed(None, lines.findings)
    loaded: dict[str, LoadedQuestion] = {}
    findings = list(lines.findings)
    for line, file, number in lines.value:
        parsed = parse_question_line(line, file, number, passed_over=passed_over)
        findings += parsed.findings
        if parsed.value is None:
            continue
        if parsed.value.id in loaded:
            message = f"duplicate id {shorten(parsed.value.id)!r}: an earlier line has it"
            findings.append(
                Finding(
                    "Q407", Location(file, number), message, "give each question an id of its own"
                )
            )
        else:
            loaded[parsed.value.id] = parsed.value
    return Parsed(list(loaded.values()), tuple(findings))


def repeated_id(id_: str, location: Location, earlier: str, where: str) -> Finding:
    """Return the finding about an id that an earlier question has, or that is the file name of one.

    Args:
        id_: the id.
        location: its place.
        earlier: the id of the earlier question.
        where: where that is, in words, such as `on line 3`.
    """
    if earlier == id_:
        return Finding(
            "Q407",
            location,
            f"duplicate id {id_!r}, first {where}",
            "give one of the two another id",
            id_,
        )
    message = f"the ids {id_!r} and {earlier!r} ({where}) are the same file name on many systems"
    return Finding("B702", location, message, "rename one of the two", id_)


def empty_source(file: str, where: str = "in any line", hint: str | None = None) -> Finding:
    """Return the finding about a source in which nothing is a question; `where` says where one was looked for."""
    return Finding("B711", Location(file), f"no question {where}; nothing is written", hint)


def load_catalog(path: Path, *, rank: int = 0) -> Parsed[LoadedCatalog]:
    """Read a catalog from a YAML file, or from the cache when the same bytes were read and found right before."""
    raw = read_raw(path, limit=MAX_CATALOG_BYTES)
    if raw.value is None:
        return Parsed(None, raw.findings)
    parsed = read_catalog(raw.value, display_path(path), rank=rank)
    if parsed.value is None:
        return parsed
    return Parsed(replace(parsed.value, find_place=_Places(path).find), parsed.findings)


class _Places:
    """Finds entries in a catalog file, which is read once more when a mistake first asks for one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _document(self) -> Document:
        from explainer.documents.yaml_reader import read_yaml  # noqa: PLC0415

        text = read_text(self._path, limit=MAX_CATALOG_BYTES)
        return read_yaml(text.value or "", display_path(self._path))

    def find(self, kind: Kind, name: str) -> Location:
        """Return the place of an entry; the file alone where it has changed meanwhile."""
        from explainer.documents.document import items_of  # noqa: PLC0415

        for index, item in enumerate(items_of(self._document.data, kind)):
            if isinstance(item, dict) and item.get(kind.name_key) == name:
                return self._document.locate((kind, index))
        return Location(display_path(self._path))


def read_catalog(raw: bytes, file: str, *, rank: int = 0) -> Parsed[LoadedCatalog]:
    """Read a catalog from the bytes of a YAML file; see `load_catalog`."""
    from explainer.catalogs.parsing import LoadedCatalog, parse_catalog  # noqa: PLC0415
    from explainer.documents.document import decode  # noqa: PLC0415

    # A cached catalog had no findings, so there is nothing to say and no position to find.
    cached = cached_catalog(raw)
    if cached is not None:
        return Parsed(LoadedCatalog(file, cached, rank, raw=raw))
    text = decode(raw, file)
    if text.value is None:
        return Parsed(None, text.findings)
    parsed = parse_catalog(text.value, file, rank=rank)
    if parsed.value is None:
        return parsed
    if not parsed.findings:
        keep_catalog(raw, parsed.value.catalog)
    return Parsed(replace(parsed.value, raw=raw), parsed.findings)


def _digest(raw: bytes) -> str:
    # The version belongs to the key: another one may find mistakes where this one found none.
    return _sha256(__version__.encode(), b"/", raw)


def _sha256(*parts: bytes) -> str:
    # an import of some milliseconds, for catalogs that are kept and for recommending
    from hashlib import sha256  # noqa: PLC0415

    return sha256(b"".join(parts)).hexdigest()


class _CacheFile(Struct, frozen=True):
    """A file of the cache: its kind, the hash of what it holds, and that.

    Attributes:
        prefix: what the names of all files of its kind begin with.
        key: what its own name goes on with.
    """

    prefix: str
    key: str

    @property
    def _path(self) -> Path:
        return cache_folder() / f"{self.prefix}-{self.key}{_SUFFIXES[self.prefix]}"

    def _head(self, body: bytes) -> bytes:
        return b"explainer/%s/%s\n" % (self.prefix.encode(), _sha256(body).encode())

    def get(self) -> bytes | None:
        """Return what the file holds; None where there is none, or it is damaged, or somebody else can write to it."""
        with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: there is no home folder
            head, line_end, body = read_private(self._path).partition(b"\n")
            if head + line_end == self._head(body):
                return body
        return None

    def put(self, body: bytes) -> None:
        """Write the file, and delete the oldest of its kind; what goes wrong goes unsaid."""
        with contextlib.suppress(OSError, RuntimeError):
            write_private(self._path, self._head(body) + body)
            files = sorted(
                self._path.parent.glob(f"{self.prefix}-*"), key=lambda file: file.stat().st_mtime_ns
            )
            for old in files[:-_MOST_FILES]:
                old.unlink()


@contextlib.contextmanager
def _no_garbage() -> Iterator[None]:
    """Look for no circles while thousands of values are made that have none: it takes as long as making them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def cached_catalog(raw: bytes) -> Catalog | None:
    """Return the catalog that these bytes are, or None when it is not in the cache."""
    if len(raw) < LEAST_BYTES:
        return None
    from explainer.catalogs.schema import Catalog  # noqa: PLC0415

    body = _CacheFile("catalog", _digest(raw)).get()
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError), _no_garbage():
        return None if body is None else msgspec.json.decode(body, type=Catalog)
    return None


def keep_catalog(raw: bytes, catalog: Catalog) -> None:
    """Put a catalog about which there is nothing to say into the cache; what goes wrong goes unsaid."""
    if len(raw) >= LEAST_BYTES:
        _CacheFile("catalog", _digest(raw)).put(msgspec.json.encode(catalog))


class _IndexStore:
    """Keeps the index of some catalogs that were read from files, and of the shipped tasks.

    Which file of the cache that is takes a while to find out, and only recommending asks.
    """

    def __init__(self, catalogs: Sequence[tuple[bytes, int]]) -> None:
        """Keep an index of catalogs, given by their bytes and their ranks."""
        self._catalogs = catalogs

    def get(self) -> bytes | None:
        """Return the index; see `_CacheFile`."""
        return self._file.get()

    def put(self, body: bytes) -> None:
        """Keep the index; see `_CacheFile`."""
        self._file.put(body)

    @cached_property
    def _file(self) -> _CacheFile:
        parts = [_code_version()]
        for raw, rank in self._catalogs:
            parts.append(f"{rank} {_digest(raw)} ".encode())
        parts.append((builtin_folder("catalogs") / "tasks.yaml").read_bytes())
        return _CacheFile("index", _sha256(*parts))


def _code_version() -> bytes:
    """What changes with the code that makes an index: the version, and in a checkout its files."""
    folder = Path(__file__).parent.parent / "recommending"
    files = sorted(
        (path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in folder.glob("*.py")
    )
    return repr((__version__, sys.byteorder, files)).encode()


@cache
def shipped_tasks() -> tuple[Task, ...]:
    """Return the tasks that ship with the package: general knowledge of which words mean which task."""
    return load_catalog(builtin_folder("catalogs") / "tasks.yaml").unwrap().catalog.tasks


class ProjectFile(Struct, frozen=True):
    """A file of settings, `explainer.toml` or `pyproject.toml`.

    Attributes:
        path: the file.
        settings: what it says.
        document: knows where it says it.
    """

    path: Path
    settings: Settings
    document: Document

    def place_of(self, key: str) -> Location:
        """Return where a key stands."""
        return self.document.locate((key,), key=True)


def project_file(base: Path) -> Parsed[ProjectFile]:
    """Return the nearest project file at or above a folder, but not above the project's root; see `find_catalogs`.

    Returns:
        The file, or None: then there is none, or the findings say what is wrong with it.
    """
    for folder in _project_folders(base):
        project = _project_file_in(folder)
        if project.value is not None or project.findings:
            return project
    return Parsed(None)


def _project_folders(base: Path) -> Iterator[Path]:
    """The folders of a project at and above `base`, up to its root: a folder with one of the markers."""
    start = Path(os.path.normpath(base.absolute()))  # `a/..` is no folder above `b`
    for folder in (start, *start.parents):
        yield folder
        if any((folder / marker).exists() for marker in _ROOT_MARKERS):
            return


def _project_file_in(folder: Path) -> Parsed[ProjectFile]:
    """The settings in a folder: those of the first project file that is there and has any."""
    for name in PROJECT_FILES:
        path = folder / name
        if not path.is_file():
            continue
        text = read_text(path, limit=MAX_QUESTION_BYTES)
        if text.value is None:
            return Parsed(None, text.findings)
        parsed = parse_settings(text.value, display_path(path), name)
        if parsed.value is not None:
            return Parsed(ProjectFile(path, *parsed.value), parsed.findings)
        if parsed.findings:
            return Parsed(None, parsed.findings)
    return Parsed(None)


@dataclass(frozen=True, slots=True)
class CatalogPath:
    """A catalog file to read. Catalogs of one rank have no order among themselves.

    Attributes:
        path: the file.
        rank: its place in the order.
        origin: why it is read, for `-v`.
    """

    path: Path
    rank: int
    origin: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{display_path(self.path)} ({self.origin})"


def find_catalogs(base: Path) -> Parsed[list[CatalogPath]]:
    """Return the catalogs for a question in the folder `base` that names none, and gets none from the command line.

    They are those of the nearest project file with `catalogs`, or of the nearest folder `catalogs`, at or above `base`,
    but not above the project's root (a folder with `.git`, `pyproject.toml` or `explainer.toml`); else those that ship
    with the package.
    """
    for folder in _project_folders(base):
        project = _project_file_in(folder)
        if project.findings:
            return Parsed([], project.findings)
        if project.value is not None and project.value.settings.catalogs is not None:
            return _catalogs_of(project.value)
        if (folder / "catalogs").is_dir():
            nearest = files_below(folder / "catalogs", CATALOG_SUFFIXES)
            return Parsed(_ranked(nearest, 0, "the nearest catalogs folder"))
    shipped = files_below(builtin_folder("catalogs"), CATALOG_SUFFIXES)
    return Parsed(_ranked(shipped, 0, "shipped with explainer"))


def _catalogs_of(project: ProjectFile) -> Parsed[list[CatalogPath]]:
    """The catalogs that a project file names; one that is not there is a finding in that file."""
    place = project.place_of("catalogs")
    paths = list(map(project.path.parent.joinpath, project.settings.catalogs or ()))
    # not Path.exists: it raises for names that no file can have
    missing = [path for path in paths if not os.path.exists(path)]  # noqa: PTH110
    if missing:
        findings = [
            Finding("F101", place, f"no such catalog: {display_path(path)}") for path in missing
        ]
        return Parsed([], tuple(findings))
    return catalog_paths(paths, f"{place.file}:{place.line}")


def _ranked(files: Iterable[Path], rank: int, origin: str) -> list[CatalogPath]:
    return [CatalogPath(file, rank, origin) for file in files]


def catalog_paths(named: Sequence[Path], origin: str = "--catalog") -> Parsed[list[CatalogPath]]:
    """Return the catalog files of a list of files and folders; what comes first has the smaller rank."""
    paths: list[CatalogPath] = []
    findings: list[Finding] = []
    for rank, path in enumerate(named):
        files = _files_in(path) if path.is_dir() else Parsed([path])
        paths += _ranked(files.value or (), rank, origin)
        findings += files.findings
    return Parsed(paths, tuple(findings))


def _files_in(folder: Path) -> Parsed[list[Path]]:
    """Return the catalog files of a folder, and what is wrong with it."""
    findings: list[Finding] = []

    def report(unreadable: Path, error: OSError) -> None:
        findings.append(cannot_read(unreadable, error))

    files = list(files_below(folder, CATALOG_SUFFIXES, unreadable=report))
    if not files and not findings:
        message = f"no catalog in the folder ({', '.join(CATALOG_SUFFIXES)})"
        findings.append(Finding("F106", Location(display_path(folder)), message))
    return Parsed(files, tuple(findings))


def catalogs_for(
    on_command_line: Sequence[Path], named: Sequence[str] | None, base: Path
) -> Parsed[list[CatalogPath]]:
    """Return the catalogs that a question is answered from.

    Args:
        on_command_line: those of the command line; they win.
        named: the `catalog:` of the question, relative to `base`.
        base: the folder of the question.
    """
    if on_command_line:
        return catalog_paths(on_command_line)
    if named is not None:
        return catalog_paths([base / name for name in named], "named by the question")
    return find_catalogs(base)


def sources_path(catalog: Path) -> Path:
    """Return the file beside a catalog that records where its imported entries come from."""
    return catalog.with_name(catalog.stem + SOURCES_SUFFIX)


class CatalogLoader:
    """Finds and reads the catalogs that questions are answered from, each file once.

    It alone knows which catalogs a question gets: those of the command line, else those that the question names, else
    the nearest folder `catalogs`, else those that ship with the package.

    Attributes:
        given: the catalogs of the command line; they win over all others.
    """

    def __init__(
        self, catalogs: Sequence[Path] = (), *, changed: Mapping[Path, str] | None = None
    ) -> None:
        """Prepare to read.

        Args:
            catalogs: the catalog files and folders of the command line.
            changed: texts that stand for files which are not written yet.
        """
        self.given = tuple(catalogs)
        self._changed = {path.absolute(): text for path, text in (changed or {}).items()}
        self._files: dict[tuple[tuple[str, ...] | None, Path], Parsed[tuple[CatalogPath, ...]]] = {}
        self._catalogs: dict[CatalogPath, Parsed[LoadedCatalog]] = {}
        self._libraries: dict[tuple[CatalogPath, ...], Parsed[Library]] = {}
        self._findings: dict[Finding, None] = {}
        self._read: dict[str, None] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found so far, each finding once however many questions share its catalog."""
        return tuple(self._findings)

    @property
    def files_read(self) -> tuple[str, ...]:
        """The catalogs that were read so far and why, in the order in which they were first read."""
        return tuple(self._read)

    def files(
        self, named: Sequence[str] | None = None, base: Path = Path()
    ) -> Parsed[tuple[CatalogPath, ...]]:
        """Return the catalog files of a question; nothing is read but folders.

        Args:
            named: the `catalog:` of the question, or None.
            base: the folder that the question lies in.
        """
        key = (None if named is None else tuple(named), base)
        if key not in self._files:
            paths = catalogs_for(self.given, named, base)
            self._files[key] = Parsed(tuple(paths.value or ()), paths.findings)
        return self._files[key]

    def for_question(self, question: Question, base: Path = Path()) -> Parsed[Library]:
        """Return the library that a question is answered from, beside all findings about its catalogs.

        Args:
            question: the question.
            base: the folder that the question lies in.
        """
        return self.for_named(question.catalog, base)

    def for_named(self, named: Sequence[str] | None = None, base: Path = Path()) -> Parsed[Library]:
        """Return the library of the catalogs that `files` gives, beside all findings about them; None without any."""
        files = self.files(named, base)
        self._findings.update(dict.fromkeys(files.findings))
        # all names would be unknown, for no other reason
        if has_errors(files.findings) and not files.value:
            return Parsed(None, files.findings)
        library = self.library(files.value or ())
        return Parsed(library.value, files.findings + library.findings)

    def usable(self, question: Question, base: Path = Path()) -> Parsed[Library]:
        """Return the library of a question, for those who want an answer and no review of its catalogs.

        Of the findings about these only errors are given: the rest is for `validate` to say.
        """
        library = self.for_question(question, base)
        errors = errors_in(library.findings)
        # where no catalog could be read nothing fits, for that reason alone
        if (
            errors
            and library.value is not None
            and not [*library.value.models, *library.value.papers]
        ):
            return Parsed(None, errors)
        return Parsed(library.value, errors)

    def library(self, paths: Sequence[CatalogPath]) -> Parsed[Library]:
        """Return the library of some catalog files, beside the findings of all of them."""
        key = tuple(paths)
        if key not in self._libraries:
            self._libraries[key] = self._load(key)
        return self._libraries[key]

    def _load(self, paths: Sequence[CatalogPath]) -> Parsed[Library]:
        from explainer.catalogs.library import Library  # noqa: PLC0415
        from explainer.catalogs.parsing import LoadedCatalog  # noqa: PLC0415
        from explainer.catalogs.schema import Catalog  # noqa: PLC0415

        loaded: list[LoadedCatalog] = []
        findings: list[Finding] = []
        for path in paths:
            parsed = self._catalog(path)
            findings += parsed.findings
            unreadable = LoadedCatalog(
                display_path(path.path), Catalog(), path.rank, complete=False
            )
            loaded.append(parsed.value or unreadable)
        self._findings.update(dict.fromkeys(findings))
        store = None
        contents = [(catalog.raw, catalog.rank) for catalog in loaded if catalog.raw is not None]
        if len(contents) == len(loaded):
            store = _IndexStore(contents)
        library = Library(loaded, vocabulary=shipped_tasks, index_store=store)
        return Parsed(library, tuple(findings))

    def _catalog(self, path: CatalogPath) -> Parsed[LoadedCatalog]:
        if path not in self._catalogs:
            self._read[str(path)] = None
            self._catalogs[path] = self._load_catalog(path.path, path.rank)
        return self._catalogs[path]

    def _load_catalog(self, path: Path, rank: int) -> Parsed[LoadedCatalog]:
        text = self._changed.get(path.absolute())
        if text is None:
            return load_catalog(path, rank=rank)
        from explainer.catalogs.parsing import parse_catalog  # noqa: PLC0415

        return parse_catalog(text, display_path(path), rank=rank)

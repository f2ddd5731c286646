"""A folder of pages from checked answers: read, rendered in as many processes as it takes, written where they changed.

What a run knows, it leaves in a file of the site, so that the next one renders only what is new: an answer whose text,
question and catalogs are what they were is neither checked nor written again.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial, reduce
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from explainer._package import __version__
from explainer.batching.workers import usable_cores
from explainer.catalogs.loading import CATALOG_SUFFIXES, CatalogLoader
from explainer.catalogs.schema import SOURCE_KINDS
from explainer.catalogs.validation import ITEMS
from explainer.checking.inputs import AnswerInput, AnswerReader, check_input
from explainer.checking.run import CheckConfig, read_answers
from explainer.diagnostics.finding import Finding, Location, errors_in
from explainer.diagnostics.html import template_text
from explainer.diagnostics.text import digest
from explainer.files import cannot_write, display_path, read_file, real_path, write_whole
from explainer.publishing import pages
from explainer.publishing.pages import AnswerRow

STATE_FILE: Final = ".explainer-site.json"
"""What a run leaves for the next one."""
_SCHEMA: Final = "explainer/site/1"
_FOLDERS: Final = ("answers", "entries", "drawings")
# answers that one process renders sooner than others are started
_FEW: Final = 200
# beyond, the disk is what takes time
_MOST_PROCESSES: Final = 8


class SiteConfig(Struct, frozen=True):
    """What is published, and where.

    Attributes:
        answers: the answers, as for `check`.
        out: the folder of the site.
        now: when it is published (RFC 3339).
        title: of the front page.
        base: the address of the site, for feeds; empty where it is not known.
        processes: how many render, at most.
    """

    answers: CheckConfig
    out: Path
    now: str
    title: str = "Checked answers"
    base: str = ""
    processes: int = 1


class PublishedSite(Struct):
    """What a run made of a site.

    Attributes:
        rows: the answers that have a page, in their order.
        written: how many files are new or changed.
        removed: how many files are gone.
        findings: what is wrong with files, and with answers that have no page.
    """

    rows: list[AnswerRow] = []
    written: int = 0
    removed: int = 0
    findings: list[Finding] = []


# What pages are called; a state file is one that anyone can edit, and what it names is written to and deleted.
_FileName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A(?:(?:answers|entries|drawings)/)?\w[\w-]*\.(?:html|svg|xml|css|js)\Z"
    ),
]


class _Memory(Struct):
    """What the last run knew: its answers with their keys, its entries, and a hash of each file of the site."""

    schema: Literal["explainer/site/1"] = _SCHEMA
    environment: str = ""
    catalogs: list[str] = []
    answers: list[tuple[str, AnswerRow]] = []
    entries: dict[str, dict[str, Any]] = {}
    files: dict[_FileName, str] = {}

    def __post_init__(self) -> None:
        """Refuse what no run has written.

        Raises:
            ValueError: for a row that has another page, or names what is not there; for an entry that is none.
        """
        for _, row in self.answers:
            if row.page != pages.page_name(row.id) or row.state not in pages.STATES:
                message = f"not a row: {row.id}"
                raise ValueError(message)
            _offered_entries([row], self.entries)
        for record in self.entries.values():
            kind = SOURCE_KINDS[SOURCE_KINDS.index(record["kind"])]
            ITEMS[kind].model_validate({key: record[key] for key in record.keys() - {"kind"}})


class _Share(Struct):
    """What one process rendered: rows with their keys by the places of their answers, and what else it met."""

    rows: dict[int, tuple[str, AnswerRow]] = {}
    entries: dict[str, dict[str, Any]] = {}
    written: set[str] = set()
    findings: list[Finding] = []
    catalogs: set[str] = set()


class _Job(Struct, frozen=True):
    """What one process is to render: of the answers that nobody knows, every so many.

    Attributes:
        config: what is published.
        rendered: the keys of answers that are not rendered again.
        files: the hashes of the files that are there.
        number: of the process; `count`: how many there are.
    """

    config: SiteConfig
    rendered: frozenset[str]
    files: Mapping[str, str]
    number: int = 0
    count: int = 1

    def leaves_out(self, key: str) -> bool:
        """Whether an answer is known, or another process renders it."""
        return key in self.rendered or int(key[:8], 16) % self.count != self.number


def publish(config: SiteConfig) -> PublishedSite:
    """Publish answers as a site; what is the same as before is not written again."""
    try:
        memory = _remembered(config.out)
        if memory is None:
            message = "the folder holds something else: a site needs a folder of its own"
            return PublishedSite(
                findings=[Finding("F105", Location(display_path(config.out)), message)]
            )
        for folder in _FOLDERS:
            _make_folder(config.out, folder)
        if not (config.out / STATE_FILE).exists():
            # a run that is stopped leaves a site that the next one may go on with
            _remember(config.out, memory)
        return _publish(config, memory)
    except OSError as error:
        return PublishedSite(findings=[cannot_write(Path(error.filename or config.out), error)])


def _make_folder(out: Path, name: str) -> None:
    """Make a folder of a site.

    Raises:
        OSError: when a link is in its place: nothing is written or deleted where that leads.
    """
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    if real_path(folder) != real_path(out) / name:
        message = "this is a link: delete it"
        raise OSError(0, message, str(folder))


def _publish(config: SiteConfig, memory: _Memory) -> PublishedSite:
    _forget_missing(config.out, memory.files)
    share = _share_of_all(config, memory)
    answers = _dated(share, memory, config.now)
    rows = [row for _, row in answers]
    # an empty folder is a wrong path more often than a wish to lose all pages
    if not rows:
        return PublishedSite(findings=share.findings)
    entries = _offered_entries(rows, {**memory.entries, **share.entries})
    files = _answer_files(rows)
    written = len(share.written)
    for name, content in _common_files(config, rows, entries):
        files[name] = digest(content, 16)
        written += _write(config.out, name, content, files[name], memory.files)
    removed = _remove_stale(config.out, memory.files, files)
    catalogs = sorted({*memory.catalogs, *share.catalogs})
    _remember(
        config.out,
        _Memory(_SCHEMA, _environment(config, catalogs), catalogs, answers, entries, files),
    )
    return PublishedSite(rows, written, removed, share.findings)


def _forget_missing(out: Path, files: dict[str, str]) -> None:
    """Forget the files that somebody took away: they are written again."""
    for name in list(files):
        if not (out / name).is_file():
            del files[name]


def _share_of_all(config: SiteConfig, memory: _Memory) -> _Share:
    """All answers: those that are known from the last run, and those that are rendered now."""
    rendered = _known(config, memory)
    keys = list(_keys(config))
    unknown = len(set(keys) - rendered.keys())
    share = _rendered(_Job(config, frozenset(rendered), memory.files), unknown)
    for place, key in enumerate(keys):
        if key in rendered:
            share.rows[place] = (key, rendered[key])
    return share


def _remove_stale(out: Path, files_before: Mapping[str, str], files: Collection[str]) -> int:
    """Remove what the last run wrote and this one did not; return how many files that are."""
    removed = 0
    for name in files_before.keys() - set(files):
        if _is_own(out / name, files_before[name]):
            (out / name).unlink()
            removed += 1
    return removed


def _offered_entries(
    rows: Iterable[AnswerRow], entries: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The records of the entries that the answers were offered, by the names of their pages."""
    names = sorted(set(chain.from_iterable(row.offered for row in rows)))
    return {name: entries[name] for name in names}


def _answer_files(rows: Iterable[AnswerRow]) -> dict[str, str]:
    """The files that are about one answer, with their hashes."""
    files: dict[str, str] = {}
    for row in rows:
        files |= dict.fromkeys(_files_of(row), row.digest)
    return files


def _known(config: SiteConfig, memory: _Memory) -> dict[str, AnswerRow]:
    """The answers by their keys that need not be rendered again."""
    if memory.environment != _environment(config, memory.catalogs):
        return {}
    return dict(filter(partial(_is_whole, memory.files.keys()), memory.answers))


def _is_whole(files: Collection[str], answer: tuple[str, AnswerRow]) -> bool:
    """Whether an answer has a key, and its files are there."""
    key, row = answer
    return bool(key) and all(name in files for name in _files_of(row))


def _files_of(row: AnswerRow) -> list[str]:
    """The page of an answer and its drawing, which others may show too."""
    files = [f"answers/{row.page}.html"]
    if row.drawing:
        files.append(f"drawings/{row.drawing}")
    return files


def _keys(config: SiteConfig) -> Iterator[str]:
    """The keys of all answers, in their order, without judging any."""
    reader = AnswerReader(passes_over=lambda _: True)
    return map(attrgetter("key"), read_answers(config.answers, reader))


def _rendered(job: _Job, unknown: int) -> _Share:
    """Render the answers that nobody knows: here, or in several processes when they are many."""
    count = min(job.config.processes, unknown // _FEW + 1)
    if count == 1:
        return _render(job)
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415  # for large sites only
    from multiprocessing import get_context  # noqa: PLC0415

    context = get_context("fork" if sys.platform == "linux" else "spawn")
    jobs = [replace(job, number=number, count=count) for number in range(count)]
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        return reduce(_joined, pool.map(_render, jobs))


def _joined(total: _Share, share: _Share) -> _Share:
    """Two shares as one; what both found is said once."""
    total.rows |= share.rows
    total.entries |= share.entries
    total.written |= share.written
    total.catalogs |= share.catalogs
    total.findings = list(dict.fromkeys([*total.findings, *share.findings]))
    return total


def _render(job: _Job) -> _Share:
    """Check and render one share of the answers, and write their pages."""
    config = job.config
    loader = CatalogLoader(config.answers.catalogs)
    reader = AnswerReader(
        loader.for_named, catalogs_given=bool(config.answers.catalogs), passes_over=job.leaves_out
    )
    share = _Share()
    for place, answer in enumerate(read_answers(config.answers, reader)):
        # answers without a key, such as broken lines, are shared out by their places
        if job.leaves_out(answer.key or f"{place:x}"):
            continue
        if _has_page(answer):
            _render_answer(answer, place, job, share)
        else:
            share.findings += errors_in(answer.findings)
    share.findings += reader.findings
    share.catalogs = set(loader.files_read)
    return share


def _has_page(answer: AnswerInput) -> bool:
    """Whether an answer can be shown: it was read and checked, and no other one has its id."""
    if answer.text is None or answer.offered is None:
        return False
    codes = {finding.code for finding in answer.findings}
    return "A603" not in codes


def _render_answer(answer: AnswerInput, place: int, job: _Job, share: _Share) -> None:
    assert answer.offered is not None  # noqa: S101  # see `_has_page`
    page = pages.answer_page(check_input(answer), answer.offered)
    contents = [page.html, *filter(None, [page.drawing])]
    for name, content in zip(_files_of(page.row), contents, strict=True):
        if name not in share.written and _write(
            job.config.out, name, content, page.row.digest, job.files
        ):
            share.written.add(name)
    share.rows[place] = (answer.key, page.row)
    share.entries |= page.entries


def _dated(share: _Share, memory: _Memory, now: str) -> list[tuple[str, AnswerRow]]:
    """The answers in their order, each with the time at which its page changed last."""
    times: dict[tuple[str, str], str] = {}
    for _, row in memory.answers:
        times[row.page, row.digest] = row.updated
    answers: list[tuple[str, AnswerRow]] = []
    for _, (key, row) in sorted(share.rows.items()):
        answers.append((key, replace(row, updated=times.get((row.page, row.digest), now))))
    return answers


def _common_files(
    config: SiteConfig, rows: list[AnswerRow], entries: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """The files of a site that are about several answers, or about none."""
    yield from pages.static_files().items()
    yield from pages.list_pages(rows, config.title).items()
    yield "entries.html", pages.entries_page(entries, rows, config.title)
    yield "search-index.js", pages.search_index(rows)
    yield "feed.xml", pages.feed(rows, config.title, "feed.xml", config.base)
    wrong = list(filter(pages.is_wrong, rows))
    title = f"{config.title}: not grounded, or refuted"
    yield "not-grounded.xml", pages.feed(wrong, title, "not-grounded.xml", config.base)
    citing = _citing(rows)
    for name, record in entries.items():
        yield f"entries/{name}.html", pages.entry_page(record, citing[name])


def _citing(rows: Iterable[AnswerRow]) -> Mapping[str, list[AnswerRow]]:
    """The answers that cite an entry, by the name of its page."""
    citing: dict[str, list[AnswerRow]] = defaultdict(list)
    for row in rows:
        for name in row.cited:
            citing[name].append(row)
    return citing


def _write(out: Path, name: str, content: str, value: str, files: Mapping[str, str]) -> bool:
    """Write a file of the site; nothing when it is there already."""
    if files.get(name) == value:
        return False
    write_whole(out / name, content.encode("utf-8", "backslashreplace"))
    return True


def _is_own(path: Path, value: str) -> bool:
    """Whether a file is what a run wrote, by its hash; that of a drawing is its name."""
    if path.is_symlink() or not path.is_file():
        return False
    text = read_file(path).decode("utf-8", "replace")
    if digest(text, 16) == value:
        return True
    return f"{digest(text, 8)}.svg" == path.name


def _environment(config: SiteConfig, catalogs: Iterable[str]) -> str:
    """A hash of what makes an answer's page, but for the answer and its question: templates, and the catalogs."""
    paths = map(str, config.answers.catalogs)
    texts = map(partial(template_text, pages.PACKAGE), pages.RESOURCES)
    files = filter(Path.is_file, sorted(_catalog_files(config, catalogs)))
    return digest("\0".join([__version__, *paths, *texts, *map(_file_text, files)]), 16)


def _catalog_files(config: SiteConfig, catalogs: Iterable[str]) -> set[Path]:
    """The catalogs that were read, and those that would be read from the same folders today."""
    files = set(map(Path, catalogs))
    folders = {*map(attrgetter("parent"), files), *config.answers.catalogs}
    for folder in filter(Path.is_dir, folders):
        for suffix in CATALOG_SUFFIXES:
            files.update(folder.glob(f"*{suffix}"))
    return files


def _file_text(path: Path) -> str:
    return f"{path}\0{path.read_bytes().decode('latin-1')}"  # any bytes, each as one character


def _remembered(out: Path) -> _Memory | None:
    """What the last run knew of a site; None when the folder is not one.

    Raises:
        OSError: when the folder cannot be read.
    """
    path = out / STATE_FILE
    if not path.is_file():
        return None if out.exists() and any(out.iterdir()) else _Memory()
    try:
        return msgspec.json.decode(read_file(path), type=_Memory)
    except (ValueError, KeyError, RecursionError):
        return _Memory()  # it is of another version, or of somebody else: all is made anew


def _remember(out: Path, memory: _Memory) -> None:
    write_whole(out / STATE_FILE, msgspec.json.encode(memory))


def processes() -> int:
    """Return how many processes may render here."""
    return min(_MOST_PROCESSES, usable_cores())

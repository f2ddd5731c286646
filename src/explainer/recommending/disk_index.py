"""Entries of one kind in an index on disk, for catalogs too large to be read for every question (extra: tantivy).

The index is a copy of what the catalogs say, kept under a key that is the hash of their content: a changed catalog gets
a new one, and a deleted or damaged one is built again. A search engine finds the entries that a question may concern.
What is known of these is then ranked by the same code as in memory, with the same figures: how rare a term is, how long
fields are and what kin say is that of all entries.

A recommender that reads large catalogs once: an index on disk for each content of the catalogs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from explainer.catalogs.library import Library
from explainer.catalogs.schema import Entry, ModelEntry, PaperEntry, Task
from explainer.catalogs.signature import Signature
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.files import cache_folder, display_path
from explainer.recommending.bm25f import FieldedIndex, Saturation, rarity
from explainer.recommending.calibration import LENGTHS, Calibration
from explainer.recommending.disk_tables import PostingRow, SameTaskTable, Tables, TablesWriter, key_of, packed
from explainer.recommending.intent import Taxonomy
from explainer.recommending.ranking import (
    BACKGROUND,
    FIELD_WEIGHTS,
    KIN_WEIGHT,
    TASK_WEIGHT,
    Ranking,
    TaskIndex,
    bare_link,
    entry_fields,
    kin_weight,
    signature_of,
    task_label,
    task_number,
)
from explainer.recommending.recommend import Recommender
from explainer.recommending.terms import terms

E = TypeVar("E", bound=Entry)

FORMAT: Final = "3"
"""A part of every key: raise it when what is indexed changes."""

_CANDIDATES: Final = 50
_CANDIDATES_EACH: Final = 8
"""Entries that the engine finds for a question: so many, and no fewer than so many for each that is shown."""

_ENGINE_SCALE: Final = 2.2
"""The engine multiplies every score of BM25 by k1 + 1, which changes no order; what is added must be, too."""

_LARGE: Final = 100_000
_TERMS: Final = 8
"""Terms of a question that are searched in an index that is large."""

_MORE: Final = 0.5
"""What a further term counts in the search."""

_LINK: Final = 3.0
_LIKELY: Final = 5
"""Labels of tasks whose entries are looked at first: those that fit the question best."""

_HEAP: Final = 128_000_000
_PROGRESS: Final = 10_000


def available() -> bool:
    """Whether the engine is installed."""
    import importlib.util

    return importlib.util.find_spec("tantivy") is not None


class DiskIndex(Generic[E]):
    """An index that is open for questions."""

    def __init__(self, folder: Path, entry_type: type[E], taxonomy: Taxonomy) -> None:
        """Open an index.

        Raises:
            ValueError: when there is none, or it is damaged.
        """
        import tantivy

        try:
            index = tantivy.Index.open(str(folder / "words"))
            self.searcher = index.searcher()
            self.schema = index.schema
            self.tables = Tables(folder / "tables.db")
            facts = self.tables.facts
            self.groups: list[tuple[int, int]] = [(kin, task) for kin, task in facts["groups"]]
            self.signatures = [_signature(one) for one in facts["signatures"]]
            self.averages: list[float] = facts["averages"]
            self.kin = SameTaskTable(self.tables, facts["kin"])
        except Exception as error:
            message = f"no index in {folder}"
            raise ValueError(message) from error
        self.entry_type = entry_type
        self.taxonomy = taxonomy
        self.has_tasks = any(task >= 0 for _, task in self.groups)
        self._frequencies: dict[str, int] = {}
        self._cohort: Calibration | None = None

    def __len__(self) -> int:
        return int(self.searcher.num_docs)

    def around(
        self, question: Sequence[str], limit: int, more: Sequence[str] = (), links: Iterable[str] = ()
    ) -> Ranking[E]:
        """Return the entries that a question, and more terms or links, may concern, ready to be scored.

        Raises:
            ValueError: when the index turns out to be damaged.
        """
        wanted = max(_CANDIDATES, _CANDIDATES_EACH * limit)
        try:
            hits = self.searcher.search(self._search(question, more, links), wanted, count=False).hits
            found = self.searcher.fast_field_values("number", [address for _, address in hits]) if hits else []
            numbers = [int(number) for number in found if number is not None]
        except Exception as error:
            message = "the index is damaged"
            raise ValueError(message) from error
        return _Candidates(self, self.tables.rows(sorted(numbers)))

    def bar(self, size: int) -> float:
        """Return what a question of so many terms must reach; see `cohort.Cohort`."""
        if self._cohort is None:
            bars = self.tables.facts["bars"].items()
            self._cohort = Calibration(lambda _: 0.0, {int(length): bar for length, bar in bars})
        return self._cohort.bar(size)

    def frequency(self, term: str) -> int:
        """Return how many entries have a term."""
        if term not in self._frequencies:
            if len(self._frequencies) >= _LARGE:
                self._frequencies.clear()
            self._frequencies[term] = self.searcher.doc_freq("words", term)
        return self._frequencies[term]

    def _search(self, question: Sequence[str], more: Sequence[str], links: Iterable[str]) -> Any:
        """The query of the engine: any of the terms, and what the likeliest tasks and a link add."""
        from tantivy import Occur, Query

        def fixed(field: str, value: str, score: float) -> Any:
            return Query.const_score_query(Query.term_query(self.schema, field, value), _ENGINE_SCALE * score)

        def word(term: str) -> Any:
            return Query.term_query(self.schema, "words", term)

        parts = [word(term) for term in self._telling(question)]
        parts += [Query.boost_query(word(term), _MORE) for term in self._telling(more)]
        parts += [fixed("group", str(group), score) for group, score in self._likely(question)]
        parts += [fixed("link", link, _LINK) for link in links]
        return Query.boolean_query([(Occur.Should, part) for part in parts])

    def _telling(self, question: Iterable[str]) -> list[str]:
        """The terms that are searched: the rarest, because a common word is in many entries and tells little."""
        found = sorted((count, term) for term in question if (count := self.frequency(term)))
        return [term for _, term in found[: _TERMS if len(self) > _LARGE else None]]

    def _likely(self, question: Sequence[str]) -> list[tuple[int, float]]:
        """The labels whose kin and task fit a question best, and how well."""
        kin = [*self.kin.scores(question), 0.0]
        tasks = [*self.taxonomy.scores(question), 0.0]
        scores = ((at, KIN_WEIGHT * kin[k] + TASK_WEIGHT * tasks[t]) for at, (k, t) in enumerate(self.groups))
        return sorted((one for one in scores if one[1] > 0), key=lambda one: (-one[1], one[0]))[:_LIKELY]

    @classmethod
    def build(
        cls, folder: Path, entries: Iterable[E], entry_type: type[E], taxonomy: Taxonomy,
        progress: Callable[[int], None] | None = None,
    ) -> DiskIndex[E]:  # fmt: skip
        """Build an index, whole or not at all, and open it.

        Args:
            folder: where it will stand; what stands there is replaced.
            entries: the entries.
            entry_type: their type.
            taxonomy: the tasks; the same ones must be given when it is opened again.
            progress: is told how many entries are done, every now and then.

        Raises:
            OSError: when it cannot be written.
        """
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name[:40]}.", dir=folder.parent))
        try:
            _write(temporary, entries, taxonomy, progress or (lambda _: None))
            _write_bars(temporary / "tables.db", cls(temporary, entry_type, taxonomy))
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
        except BaseException:
            with contextlib.suppress(OSError):
                shutil.rmtree(temporary)
            raise
        return cls(folder, entry_type, taxonomy)


class _Candidates(Ranking[E]):
    """Some entries of an index on disk, scored as they would be among all of them."""

    def __init__(self, index: DiskIndex[E], rows: Sequence[PostingRow]) -> None:
        self._disk = index
        self._rows = rows
        self.taxonomy = index.taxonomy
        self.entries = _Entries(index, [row.number for row in rows])
        self._index = _Words(index, rows)
        self._kin_index = index.kin
        self._kin = [index.groups[row.group][0] for row in rows]
        self._tasks = [row.task for row in rows]
        self._kinds = [row.signature for row in rows]
        self._kin_weights = [kin_weight(row.examples) for row in rows]
        self._signatures = index.signatures

    @property
    def has_tasks(self) -> bool:
        """Whether any entry of the index has a task that the taxonomy knows."""
        return self._disk.has_tasks

    def bar(self, size: int) -> float:
        """Return what a question of so many terms must reach among all entries."""
        return self._disk.bar(size)

    def label(self, number: int) -> str:
        """Return the name or the title of an entry."""
        return self._rows[number].label

    def with_links(self, links: Iterable[str]) -> list[int]:
        """Return the numbers of the entries whose paper has one of some bare links."""
        wanted = frozenset(links) - {""}
        return [at for at, row in enumerate(self._rows) if row.link in wanted]


class _Entries(Sequence[E]):
    """Entries that are read when they are looked at."""

    def __init__(self, index: DiskIndex[E], numbers: Sequence[int]) -> None:
        self._index = index
        self._numbers = numbers
        self._read: dict[int, E] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        if at not in self._read:
            raw = self._index.tables.entry(self._numbers[at])
            self._read[at] = self._index.entry_type.model_validate_json(raw)
        return self._read[at]


class _Words:
    """The terms of some entries, each worth what it is worth among all of them; see `ranking.SupportsTerms`."""

    def __init__(self, index: DiskIndex[Any], rows: Sequence[PostingRow]) -> None:
        self._index = index
        self._rows = rows
        self._saturation = Saturation()
        self._known: frozenset[int] = frozenset()
        self._found: list[dict[int, float]] = [{} for _ in rows]
        rest, each = self._saturation.length, []
        for weight, average in zip(FIELD_WEIGHTS.values(), index.averages, strict=True):
            each.append((weight, 1 - rest, rest / average))
        self._worths = [
            [
                weight / (least + slope * length)
                for (weight, least, slope), length in zip(each, row.lengths, strict=True)
            ]
            for row in rows
        ]

    def __contains__(self, term: str) -> bool:
        return self._index.frequency(term) > 0

    def scores(self, terms: Iterable[str]) -> list[float]:
        """Return the score of every entry."""
        self._look_up(terms)
        return [sum(worths.values()) for worths in self._found]

    def score_of(self, term: str, number: int) -> float:
        """Return what one term adds to the score of one entry."""
        key = key_of(term)
        if key not in self._known:
            self._look_up([term])
        return self._found[number].get(key, 0.0)

    def _look_up(self, terms: Iterable[str]) -> None:
        """Keep what each of some terms is worth in each entry, by key."""
        weights = {key_of(term): self._weight(term) for term in terms}
        slow = self._saturation.frequency
        self._known = frozenset(weights)
        self._found = [
            {key: weights[key] * found / (slow + found) for key, found in row.frequencies(self._known, worths)}
            for row, worths in zip(self._rows, self._worths, strict=True)
        ]

    def _weight(self, term: str) -> float:
        found = self._index.frequency(term)
        return rarity(found, max(len(self._index), BACKGROUND)) if found else 0.0


def _write(folder: Path, entries: Iterable[E], taxonomy: Taxonomy, progress: Callable[[int], None]) -> None:
    """Write the words for the engine, and the tables."""
    import tantivy

    (folder / "words").mkdir()
    index = tantivy.Index(_schema(tantivy), path=str(folder / "words"))
    writer = index.writer(heap_size=_HEAP, num_threads=1)
    shelves = _Shelves(folder / "tables.db", taxonomy)
    for number, entry in enumerate(entries):
        writer.add_document(tantivy.Document(number=number, **shelves.add(number, entry)))
        if (number + 1) % _PROGRESS == 0:
            progress(number + 1)
    shelves.close()
    writer.commit()
    writer.wait_merging_threads()


def _write_bars(path: Path, index: DiskIndex[E]) -> None:
    """Write what questions about other things reach in a new index."""
    cohort = Calibration(lambda question: index.around(question, 1).reach(question))
    index.tables.write_facts(path, {"bars": {length: cohort.bar_of(length) for length in LENGTHS}})


class _Shelves:
    """What is gathered from all entries while they are written."""

    def __init__(self, path: Path, taxonomy: Taxonomy) -> None:
        self._writer = TablesWriter(path)
        self._taxonomy = taxonomy
        self._groups: dict[str, int] = {}
        self._sizes: list[int] = []
        self._tasks: list[int] = []
        self._signatures: dict[Signature | None, int] = {}
        self._lengths = dict.fromkeys(FIELD_WEIGHTS, 0)
        self._having = dict.fromkeys(FIELD_WEIGHTS, 0)
        self._together = TaskIndex()

    def add(self, number: int, entry: Entry) -> dict[str, str]:
        """Write an entry to the tables; return its fields for the engine, the terms of a heavier field more often."""
        fields = {name: terms(text) for name, text in entry_fields(entry).items()}
        for name, found in fields.items():
            self._lengths[name] += len(found)
            self._having[name] += bool(found)
        group = self._group(task_label(entry))
        self._together.add(fields, group)
        signature = signature_of(entry, self._tasks[group], self._taxonomy)
        place = self._signatures.setdefault(signature, len(self._signatures))
        link = bare_link(entry.paper) if entry.paper else ""
        raw = packed(fields, group, self._tasks[group], place, len(entry.examples))
        self._writer.add(number, entry.label, link, raw, entry.model_dump_json(exclude_defaults=True))
        heavy = (
            term for name, found in fields.items() for term in found for _ in range(round(2 * FIELD_WEIGHTS[name]))
        )
        return {"words": " ".join(heavy), "group": str(group), "link": link}

    def close(self) -> None:
        """Write what is the same for all entries."""
        kin = [group for label, group in self._groups.items() if label and self._sizes[group] > 1]
        numbers = {group: at for at, group in enumerate(kin)}
        every = self._together.documents(len(self._sizes))
        index = FieldedIndex([every[group] for group in kin], FIELD_WEIGHTS)
        averages = [self._lengths[name] / self._having[name] if self._having[name] else 1.0 for name in FIELD_WEIGHTS]
        facts = {
            "groups": [(numbers.get(group, -1), task) for group, task in enumerate(self._tasks)],
            "signatures": [one and [one.inputs, one.outputs] for one in self._signatures],
            "averages": averages,
            "kin": len(kin),
        }
        self._writer.close(index, facts)

    def _group(self, label: str) -> int:
        group = self._groups.setdefault(label.casefold(), len(self._groups))
        if group == len(self._sizes):
            self._sizes.append(0)
            self._tasks.append(task_number(label, self._taxonomy))
        self._sizes[group] += 1
        return group


def _signature(given: Sequence[Sequence[str]] | None) -> Signature | None:
    return None if given is None else Signature(tuple(given[0]), tuple(given[1]))


def _schema(tantivy: Any) -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("words", stored=False, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("group", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("link", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("number", stored=False, indexed=False, fast=True)
    return builder.build()


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

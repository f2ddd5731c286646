"""An index on disk, for catalogs too large to be read for every question (extra: tantivy).

The index is a copy of what the catalogs say, kept under a key that is the hash of their content: a changed catalog gets
a new one, and a deleted or damaged one is built again. A search engine finds the entries that a question may concern.
What is known of these is then ranked by the same code as in memory, with the same figures: how rare a term is, how long
fields are and what the entries of a task say together is that of all entries.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain, repeat
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec

from explainer.catalogs.library import Library
from explainer.catalogs.schema import SOURCE_KINDS, Entry, Kind, ModelEntry, PaperEntry, Task
from explainer.catalogs.signature import Signature
from explainer.diagnostics.finding import (
    NOWHERE,
    ExitStatus,
    Finding,
    Location,
    Parsed,
    exit_status,
)
from explainer.diagnostics.text import reason_of
from explainer.files import (
    cache_folder,
    display_path,
    is_private,
    make_private,
    read_file,
    read_private,
    write_private,
)
from explainer.recommending.bm25f import LENGTH_PENALTY, SATURATION, FieldedIndex, rarity
from explainer.recommending.calibration import LENGTHS, Calibration, other_topics
from explainer.recommending.disk_tables import (
    Facts,
    PostingRow,
    SameTaskTable,
    Tables,
    TablesWriter,
    key_of,
    packed_row,
    replace_facts,
)
from explainer.recommending.intent import TaskCounter, TaskPrior, Taxonomy
from explainer.recommending.query import Query
from explainer.recommending.ranking import (
    BACKGROUND,
    FIELD_WEIGHTS,
    NO_TASK,
    SAME_TASK_WEIGHT,
    Ranking,
    TaskIndex,
    bare_link,
    field_terms,
    fits_of,
    same_task_weight,
    signature_of,
    task_label,
    task_number,
    task_scores,
)
from explainer.recommending.recommend import (
    MODEL_WEIGHT,
    NO_SUBJECT,
    OTHER_PAPER,
    OWN_PAPER,
    SUMMARY_WEIGHT,
    TASK_GAIN,
    Choice,
    Recommender,
    Subject,
    current,
)

E = TypeVar("E", bound=Entry)
Progress = Callable[[int], object]
"""Is told how many entries are done, every now and then."""

# A part of every key: raise it when what is indexed changes.
FORMAT: Final = "8"
# Entries that the engine finds for a question: so many, and no fewer than so many for each that is shown. With these
# the first three of 14,851 papers were those of the ranking in memory each time (benchmarks/README.md).
_CANDIDATES: Final = 50
_CANDIDATES_EACH: Final = 8
# The engine multiplies every score of BM25 by k1 + 1, which changes no order; what is added must be, too.
_ENGINE_SCALE: Final = 2.2
# Terms of a question that are searched in an index that is large.
_LARGE: Final = 100_000
_TERMS: Final = 8
# Labels of tasks whose entries are looked at first: those that fit the question best.
_LIKELY: Final = 5
# Bytes that the engine gathers before it writes them.
_HEAP: Final = 128_000_000
_PROGRESS: Final = 10_000
_INSTALL: Final = "pip install 'cnaps-explainer[index]'"
_TASKS: Final = msgspec.json.Decoder(tuple[tuple[Task, ...], tuple[Task, ...]])


class DiskIndex(Generic[E]):
    """Entries of one kind in an index that is open for questions."""

    def __init__(self, folder: Path, entry_type: type[E], taxonomy: Taxonomy) -> None:
        """Open an index.

        Args:
            folder: where it is.
            entry_type: the type of the entries.
            taxonomy: the tasks with which it was built.

        Raises:
            ValueError: when there is none, or it is damaged.
        """
        import tantivy

        try:
            index = tantivy.Index.open(str(folder / "words"))
            self.searcher = index.searcher()
            self.tables = Tables(folder / "tables.db")
        except (KeyboardInterrupt, SystemExit):
            raise
        except (
            BaseException
        ) as error:  # a panic of tantivy, about a file that is cut, is no Exception
            message = f"no index in {folder}"
            raise ValueError(message) from error
        self.schema = index.schema
        self.facts = self.tables.facts
        self.same_task = SameTaskTable(self.tables)
        self.entry_type = entry_type
        self.taxonomy = taxonomy
        tasks = list(map(itemgetter(1), self.facts.groups))
        postings = lru_cache(_LARGE)(partial(self.tables.postings, "prior"))
        self.prior = TaskPrior(postings, self.facts.prior_offsets, tasks)
        self.has_tasks = not {NO_TASK}.issuperset(tasks)
        self.frequency: Callable[[str], int] = lru_cache(_LARGE)(
            partial(self.searcher.doc_freq, "words")
        )

    def __len__(self) -> int:
        return int(self.searcher.num_docs)

    def uses(self, term: str) -> int:
        """Return how many entries and tasks have a term."""
        return self.frequency(term) + self.taxonomy.frequency(term)

    def around(self, query: Query, limit: int, subject: Subject = NO_SUBJECT) -> Ranking[E]:
        """Return the entries that a question may concern, or that go with a subject, ready to be scored.

        Args:
            query: the question.
            limit: how many entries will be shown.
            subject: what papers should be about.
        """
        candidates = max(_CANDIDATES, _CANDIDATES_EACH * limit)
        hits = self.searcher.search(self._search(query, subject), candidates, count=False).hits
        addresses = list(map(itemgetter(1), hits))
        # the engine takes no empty list
        values: list[Any] = self.searcher.fast_field_values("number", addresses) if hits else []
        return _Candidates(self, self.tables.rows(sorted(map(int, values))))

    def _search(self, query: Query, subject: Subject) -> Any:
        """The query of the engine: any of the terms, and what the likeliest tasks and a subject add."""
        from tantivy import Occur
        from tantivy import Query as EngineQuery

        def fixed(field: str, value: str, score: float) -> Any:
            term = EngineQuery.term_query(self.schema, field, value)
            return EngineQuery.const_score_query(term, _ENGINE_SCALE * score)

        word = partial(EngineQuery.term_query, self.schema, "words")
        scale = (f"{query.scale}x", f"x{query.scale}") if query.scale else ()
        parts = list(map(word, self._telling((*query.words, *scale))))
        for related, weight in (
            (subject.terms, MODEL_WEIGHT),
            (subject.summary_terms, SUMMARY_WEIGHT),
        ):
            parts += map(EngineQuery.boost_query, map(word, self._telling(related)), repeat(weight))
        for field, value, score in chain(self._likely_groups(query), self._of_subject(subject)):
            parts.append(fixed(field, value, score))
        return EngineQuery.boolean_query(list(zip(repeat(Occur.Should), parts, strict=False)))

    def _likely_groups(self, query: Query) -> Iterator[tuple[str, str, float]]:
        """The groups of entries whose tasks are likely, each with what that adds."""
        for group, score in self._likely(query):
            yield "group", str(group), score

    def _of_subject(self, subject: Subject) -> Iterator[tuple[str, str, float]]:
        """The groups and the links that go with a subject, each with what that adds."""
        for group, (_, task) in enumerate(self.facts.groups):
            if task == subject.task:
                yield "group", str(group), TASK_GAIN
        for link in subject.links:
            yield "link", link, OTHER_PAPER
        for link in subject.own_links:
            yield "link", link, OWN_PAPER

    def _telling(self, question: Iterable[str]) -> list[str]:
        """The terms that are searched: the rarest, because a common word is in many entries and tells little."""
        terms = sorted(
            filter(self.frequency, set(question)), key=lambda term: (self.frequency(term), term)
        )
        if len(self) > _LARGE:
            del terms[_TERMS:]
        return terms

    def _likely(self, query: Query) -> list[tuple[int, float]]:
        """The labels whose entries and task fit a question best, and how well."""
        # the last place is what the number -1 finds
        same_task = [*self.same_task.scores(query.words), 0.0]
        tasks = [*task_scores(self.taxonomy, self.prior, query), 0.0]
        fits = fits_of(query, self.facts.signatures)
        scores = []
        groups = zip(self.facts.groups, self.facts.group_signatures, strict=True)
        for group, ((number, task), signature) in enumerate(groups):
            score = SAME_TASK_WEIGHT * same_task[number] + tasks[task] + fits[signature]
            if score > 0:
                scores.append((group, score))
        return sorted(scores, key=lambda pair: (-pair[1], pair[0]))[:_LIKELY]

    @classmethod
    def build(
        cls, folder: Path, entries: Iterable[E], entry_type: type[E], taxonomy: Taxonomy,
        progress: Progress = lambda _: None,
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
            _write(temporary, entries, taxonomy, progress)
            _write_bars(temporary / "tables.db", cls(temporary, entry_type, taxonomy))
            _close(temporary)
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        return cls(folder, entry_type, taxonomy)


class _Candidates(Ranking[E]):
    """Some entries of an index on disk, scored as they would be among all of them."""

    def __init__(self, index: DiskIndex[E], rows: Sequence[PostingRow]) -> None:
        self._rows = rows
        self._has_tasks = index.has_tasks
        self._calibration = Calibration(lambda _: 0.0, index.facts.bars)
        self._prior = index.prior
        self.taxonomy = index.taxonomy
        self.entries = _Entries(index.entry_type, rows)
        self._index = _Words(index, rows)
        self._same_task_index = index.same_task
        self._same_task = [index.facts.groups[row.group][0] for row in rows]
        self._same_task_weights = [same_task_weight(row.examples) for row in rows]
        self._tasks = [row.task for row in rows]
        self._signatures = index.facts.signatures
        self._signature_numbers = [row.signature for row in rows]

    @property
    def has_tasks(self) -> bool:
        """Whether any entry of the index has a task that the taxonomy knows."""
        return self._has_tasks

    def label(self, number: int) -> str:
        """Return the name or the title of an entry."""
        return self._rows[number].label

    def with_links(self, links: Iterable[str]) -> list[int]:
        """Return the numbers of the entries whose paper has one of some bare links."""
        bare_links = frozenset(links) - {""}
        return [number for number, row in enumerate(self._rows) if row.link in bare_links]


class _Entries(Sequence[E]):
    """Entries that are read when they are looked at."""

    def __init__(self, entry_type: type[E], rows: Sequence[PostingRow]) -> None:
        self._entry_type = entry_type
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: Any) -> Any:
        return msgspec.json.decode(self._rows[number].entry, type=self._entry_type)


class _Words:
    """The terms of some entries, each worth what it is worth among all of them; see `ranking.SupportsTerms`."""

    def __init__(self, index: DiskIndex[Any], rows: Sequence[PostingRow]) -> None:
        self._index = index
        self._rows = rows
        self._keys: frozenset[int] = frozenset()
        self._worths: list[dict[int, float]] = [{}] * len(rows)
        self._field_worths = list(map(self._worths_of_fields, rows))

    def _worths_of_fields(self, row: PostingRow) -> list[float]:
        """What a term of each field of an entry counts: less, the longer the field is against the average."""
        averages = self._index.facts.averages
        worths = []
        for weight, average, length in zip(
            FIELD_WEIGHTS.values(), averages, row.lengths, strict=True
        ):
            worths.append(weight / (1 - LENGTH_PENALTY + LENGTH_PENALTY / average * length))
        return worths

    def __contains__(self, term: str) -> bool:
        return self._index.frequency(term) > 0

    def frequency(self, term: str) -> int:
        """Return how many entries of the index have a term."""
        return self._index.frequency(term)

    def scores(self, terms: Iterable[str]) -> list[float]:
        """Return the score of every entry."""
        self._look_up(terms)
        return list(map(sum, map(dict.values, self._worths)))

    def score_of(self, term: str, number: int) -> float:
        """Return what one term adds to the score of one entry."""
        key = key_of(term)
        if key not in self._keys:
            self._look_up([term])
        return self._worths[number].get(key, 0.0)

    def _look_up(self, terms: Iterable[str]) -> None:
        """Keep what each of some terms is worth in each entry, by key."""
        weights = {key_of(term): self._rarity(term) for term in terms}
        self._keys = frozenset(weights)
        self._worths = []
        for row, field_worths in zip(self._rows, self._field_worths, strict=True):
            worths = {}
            for key, frequency in row.frequencies(self._keys, field_worths):
                worths[key] = weights[key] * frequency / (SATURATION + frequency)
            self._worths.append(worths)

    def _rarity(self, term: str) -> float:
        frequency = self._index.frequency(term)
        # the key of an unknown term may be that of a known one
        return rarity(frequency, max(len(self._index), BACKGROUND)) if frequency else 0.0


def _write(folder: Path, entries: Iterable[E], taxonomy: Taxonomy, progress: Progress) -> None:
    """Write the words for the engine, and the tables."""
    import tantivy

    (folder / "words").mkdir()
    index = tantivy.Index(_schema(tantivy), path=str(folder / "words"))
    writer = index.writer(heap_size=_HEAP, num_threads=1)
    collector = _Collector(folder / "tables.db", taxonomy)
    for number, entry in enumerate(entries):
        writer.add_document(tantivy.Document(number=number, **collector.add(number, entry)))
        if (number + 1) % _PROGRESS == 0:
            progress(number + 1)
    collector.close()
    writer.commit()
    writer.wait_merging_threads()


def _schema(tantivy: Any) -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("words", stored=False, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("group", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("link", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("number", stored=False, indexed=False, fast=True)
    return builder.build()


def _write_bars(path: Path, index: DiskIndex[E]) -> None:
    """Write what calibration questions reach in a new index."""
    calibration = Calibration(lambda query: index.around(query, 1).reach(query))
    bars = {length: calibration.bar_of(length) for length in LENGTHS}
    replace_facts(path, msgspec.structs.replace(index.facts, bars=bars))


def weighted_terms(fields: Mapping[str, list[str]]) -> list[str]:
    """Return the terms of an entry, those of a heavier field more often: the engine knows no fields."""
    weighted: list[str] = []
    for name, terms in fields.items():
        weighted += terms * round(2 * FIELD_WEIGHTS[name])
    return weighted


class _Collector:
    """Writes entries to the tables, and what is known of all of them together at the end."""

    def __init__(self, path: Path, taxonomy: Taxonomy) -> None:
        self._writer = TablesWriter(path)
        self._taxonomy = taxonomy
        self._groups: dict[str, int] = {}
        self._sizes: Counter[int] = Counter()
        self._tasks: list[int] = []
        self._signatures: dict[Signature | None, int] = {}
        self._total_lengths: Counter[str] = Counter()
        self._filled_fields: Counter[str] = Counter()
        self._by_task = TaskIndex()
        self._counter = TaskCounter(taxonomy.phrases(), other_topics())
        self._group_signatures: dict[int, int] = {}

    def add(self, number: int, entry: Entry) -> dict[str, str]:
        """Write an entry to the tables; return its fields for the engine."""
        fields = field_terms(entry)
        for name, terms in fields.items():
            self._total_lengths[name] += len(terms)
            self._filled_fields[name] += bool(terms)
        group = self._group(task_label(entry))
        self._sizes[group] += 1
        self._by_task.add(fields, group)
        task = self._tasks[group]
        signature = signature_of(entry, task, self._taxonomy)
        signature_number = self._signatures.setdefault(signature, len(self._signatures))
        self._group_signatures.setdefault(group, signature_number)
        self._counter.add(task, fields["examples"])
        row = packed_row(fields, group, task, signature_number, len(entry.examples))
        link = bare_link(entry.paper or "")
        self._writer.add((number, entry.label, link, row, msgspec.json.encode(entry).decode()))
        return {"words": " ".join(weighted_terms(fields)), "group": str(group), "link": link}

    def close(self) -> None:
        """Write what is known of all entries together."""
        numbers: dict[int, int] = {}
        for label, group in self._groups.items():
            # what an entry that is alone with its task says was counted as its own already
            if label and self._sizes[group] > 1:
                numbers[group] = len(numbers)
        documents = self._by_task.documents(len(self._tasks))
        index = FieldedIndex.of((documents[group] for group in numbers), FIELD_WEIGHTS)
        facts = Facts(
            groups=[(numbers.get(group, NO_TASK), task) for group, task in enumerate(self._tasks)],
            signatures=list(self._signatures),
            averages=[self._average_length(name) for name in FIELD_WEIGHTS],
            group_signatures=list(self._group_signatures.values()),
            same_task=len(numbers),
            prior_offsets=self._counter.offsets(),
        )
        self._writer.close(index, self._counter.postings(), facts)

    def _average_length(self, name: str) -> float:
        return self._total_lengths[name] / max(1, self._filled_fields[name]) or 1.0

    def _group(self, label: str) -> int:
        group = self._groups.setdefault(label.casefold(), len(self._groups))
        if group == len(self._tasks):
            self._tasks.append(task_number(self._taxonomy, label))
        return group


class IndexedRecommender(Recommender):
    """Recommends from two indexes on disk, as `recommend.Recommender` does from a library."""

    def __init__(
        self, models: DiskIndex[ModelEntry], papers: DiskIndex[PaperEntry], taxonomy: Taxonomy
    ) -> None:
        super().__init__(Library(()))
        self.taxonomy = taxonomy
        self.models = models
        self.papers = papers

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of which there are entries."""
        return tuple(filter(partial(getattr, self), SOURCE_KINDS))

    def recommend(
        self,
        question: str,
        *,
        models: int = 5,
        papers: int = 5,
        chosen: Sequence[ModelEntry] | None = None,
    ) -> Choice:
        """Choose from the indexes; see `Recommender.recommend`.

        Raises:
            ValueError: when one turns out to be damaged.
        """
        try:
            return super().recommend(question, models=models, papers=papers, chosen=chosen)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of tantivy is no Exception; nor do all figures fit what they are about
            message = "the index is damaged"
            raise ValueError(message) from error


def open_indexed(
    paths: Sequence[Path],
    load: Callable[[], Parsed[Library]],
    progress: Progress,
    *,
    rebuild: bool = False,
) -> Parsed[IndexedRecommender]:
    """Open the indexes of some catalog files, and build them first where they are missing or damaged.

    Args:
        paths: the files; their content is the key.
        load: reads them; called only to build.
        progress: is told how many entries are indexed.
        rebuild: build, whatever is there.

    Returns:
        The recommender, beside what was said about catalogs that had to be read; None when they cannot be read, or
        with a finding when the engine is missing or the index cannot be written.
    """
    if importlib.util.find_spec("tantivy") is None:
        missing = Finding("E703", NOWHERE, "the index on disk needs tantivy", _INSTALL)
        return Parsed(None, (missing,))
    try:
        key = _key(paths)
    except OSError:
        return Parsed(None, load().findings)  # they say what is wrong with the files
    folder = cache_folder() / "index" / key
    if not rebuild:
        # not there, or damaged: it is built
        with contextlib.suppress(OSError, ValueError):
            return Parsed(_open(_trusted(folder)))
    library = load()
    if library.value is None or exit_status(library.findings) is ExitStatus.UNUSABLE:
        return Parsed(None, library.findings)
    try:
        make_private(cache_folder())
        make_private(folder.parent)
        return Parsed(_build(folder, library.value, progress), library.findings)
    except Exception as error:  # noqa: BLE001  # the engine has errors of its own
        return Parsed(None, (*library.findings, _cannot_write(error)))


def _cannot_write(error: Exception) -> Finding:
    """The finding about an index that could not be built; an error of the system says at which file."""
    name = getattr(error, "filename", None)
    place = display_path(Path(name)) if name else "--index"
    reason = getattr(error, "strerror", None) or reason_of(error)
    return Finding("F105", Location(place), f"the index cannot be written: {reason}")


def _key(paths: Sequence[Path]) -> str:
    hasher = hashlib.blake2b(FORMAT.encode(), digest_size=16)
    for path in paths:
        hasher.update(hashlib.blake2b(read_file(path)).digest())
    return hasher.hexdigest()


def _trusted(folder: Path) -> Path:
    """Return the folder of an index, under the same rule as the catalogs of the cache.

    Raises:
        OSError: when others can write to it, or to anything in it.
    """
    make_private(folder.parent.parent)
    make_private(folder.parent)
    for path in folder.rglob("*"):
        if not is_private(path):
            raise PermissionError(errno.EACCES, "others can write to it", str(path))
    return folder


def _close(folder: Path) -> None:
    """Let nobody else write to anything in a folder, whatever the umask is."""
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _open(folder: Path) -> IndexedRecommender:
    catalogued, vocabulary = _TASKS.decode(read_private(folder / "tasks.json"))
    taxonomy = Taxonomy(catalogued, vocabulary)
    models = DiskIndex(folder / "models", ModelEntry, taxonomy)
    return IndexedRecommender(models, DiskIndex(folder / "papers", PaperEntry, taxonomy), taxonomy)


def _build(folder: Path, library: Library, progress: Progress) -> IndexedRecommender:
    shutil.rmtree(folder, ignore_errors=True)
    taxonomy = Taxonomy(library.tasks, library.vocabulary())
    models = DiskIndex.build(
        folder / "models", current(library.models), ModelEntry, taxonomy, progress
    )
    papers = DiskIndex.build(
        folder / "papers", current(library.papers), PaperEntry, taxonomy, progress
    )
    # last: without it nothing is opened
    write_private(
        folder / "tasks.json", msgspec.json.encode((library.tasks, tuple(library.vocabulary())))
    )
    return IndexedRecommender(models, papers, taxonomy)

"""Entries of one kind in an index on disk, for catalogs too large to be read for every question (extra: tantivy).

The index is a copy of what the catalogs say, kept under a key that is the hash of their content: a changed catalog gets
a new one, and a deleted or damaged one is built again. It knows the entries' own words and their tasks, not their kin.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from explainer.recommending.ranking import FIELD_WEIGHTS, TASK_WEIGHT, Ranking, entry_fields, family_name, task_label
from explainer.recommending.reasons import Query, Recommendation, explained
from explainer.recommending.recommend import FLOOR, NEAR_DUPLICATE
from explainer.recommending.taxonomy import Taxonomy
from explainer.recommending.terms import terms
from explainer.schema import Entry

__all__ = ["FORMAT", "DiskIndex", "available"]

E = TypeVar("E", bound=Entry)

FORMAT: Final = "1"
"""A part of every key: raise it when what is indexed changes."""

_CANDIDATES: Final = 20
_SCALE: Final = 1 / 2.2
"""The engine multiplies every score of BM25 by k1 + 1, which changes no order; here it would outweigh the tasks."""

_LARGE: Final = 100_000
_TERMS: Final = 8
"""Terms of a question that are searched in an index that is large."""

_LIKELY_TASKS: Final = 3
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
            self._index = tantivy.Index.open(str(folder))
            self._searcher = self._index.searcher()
        except Exception as error:
            message = f"no index in {folder}"
            raise ValueError(message) from error
        self._schema = self._index.schema
        self._entry_type = entry_type
        self._taxonomy = taxonomy

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def recommend(self, question: str, limit: int) -> tuple[Recommendation[E], ...]:
        """Return the entries that fit a question, the best first.

        Raises:
            ValueError: when the index turns out to be damaged.
        """
        query = Query.of(question)
        try:
            found = self._candidates(query, max(_CANDIDATES, 4 * limit))
        except Exception as error:
            message = "the index is damaged"
            raise ValueError(message) from error
        ordered = sorted(found, key=_order)
        seen: Counter[tuple[str, str]] = Counter()
        picked: list[tuple[float, E, float]] = []
        for score, entry in ordered:
            family = task_label(entry).casefold(), family_name(entry.label)
            demotion = NEAR_DUPLICATE ** seen[family]
            seen[family] += 1
            if score >= FLOOR:
                picked.append((score * demotion, entry, demotion))
        picked = sorted(picked, key=_order)[:limit]
        ranking = Ranking([entry for _, entry, _ in picked], self._taxonomy)
        return tuple(
            explained(ranking, query, at, score, {}, demotion=demotion)
            for at, (score, _, demotion) in enumerate(picked)
        )

    def _candidates(self, query: Query, limit: int) -> list[tuple[float, E]]:
        """The best entries by their own words, and the best ones of the likeliest tasks, with what the tasks add."""
        import tantivy

        telling = self._telling(query)
        words = [(tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "words", term)) for term in telling]
        scores = self._taxonomy.scores(list(query.words))
        likely = sorted((at for at, score in enumerate(scores) if score > 0), key=lambda at: -scores[at])[
            :_LIKELY_TASKS
        ]
        searches = [tantivy.Query.boolean_query(words)] if words else []
        for number in likely:
            task = tantivy.Query.boost_query(tantivy.Query.term_query(self._schema, "task", str(number)), 0.0)
            searches.append(tantivy.Query.boolean_query([(tantivy.Occur.Must, task), *words]))
        found: dict[tuple[int, int], tuple[float, str]] = {}
        for search in searches:
            for own, address in self._searcher.search(search, limit, count=False).hits:
                key = (address.segment_ord, address.doc)
                if key not in found:
                    document = self._searcher.doc(address)
                    number = int(str(document["task"][0]))
                    total = _SCALE * own + (TASK_WEIGHT * scores[number] if number >= 0 else 0.0)
                    found[key] = (total, str(document["entry"][0]))
        best = sorted(found.values(), key=lambda one: -one[0])[:limit]
        return [(score, self._entry_type.model_validate_json(raw)) for score, raw in best]

    def _telling(self, query: Query) -> list[str]:
        """The terms that are searched: the rarest, because a common word is in many entries and tells little."""
        frequencies = [(self._searcher.doc_freq("words", term), term) for term in query.words]
        present = sorted(one for one in frequencies if one[0])
        return [term for _, term in present[: _TERMS if len(self) > _LARGE else None]]

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
        import tantivy

        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name[:40]}.", dir=folder.parent))
        try:
            index = tantivy.Index(_schema(tantivy), path=str(temporary))
            writer = index.writer(heap_size=_HEAP, num_threads=1)
            for count, entry in enumerate(entries, 1):
                writer.add_document(tantivy.Document(**_document(entry, taxonomy)))
                if progress is not None and count % _PROGRESS == 0:
                    progress(count)
            writer.commit()
            writer.wait_merging_threads()
            del writer, index
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
        except BaseException:
            with contextlib.suppress(OSError):
                shutil.rmtree(temporary)
            raise
        return cls(folder, entry_type, taxonomy)


def _order(one: tuple[Any, ...]) -> tuple[float, str]:
    """The best first; equally good ones by name."""
    return -round(one[0], 6), one[1].label


def _schema(tantivy: Any) -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("words", stored=False, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("task", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("entry", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def _document(entry: Entry, taxonomy: Taxonomy) -> Mapping[str, str]:
    """The terms of an entry, those of a heavier field more often; its task; itself."""
    found = [
        term
        for name, text in entry_fields(entry).items()
        for term in terms(text)
        for _ in range(max(1, round(FIELD_WEIGHTS[name])))
    ]
    number = taxonomy.find(task_label(entry))
    task = "-1" if number is None else str(number)
    return {"words": " ".join(found), "task": task, "entry": entry.model_dump_json(exclude_defaults=True)}

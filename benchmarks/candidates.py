"""Prints how three search engines find candidates: how fast they are built, how large, how fast they answer, what they find.

    python -m benchmarks.candidates           the 15,269 papers of the corpus
    python -m benchmarks.candidates --full    1,000,000 synthetic records, too

All get the same terms and search for any of the terms of a question; of a large index, for the eight rarest. What is found
is compared with the ten best entries of the ranking in memory. Needs tantivy, bm25s and an SQLite with FTS5.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

from benchmarks.recommend import all_papers, labels_chosen, library_of, lines, synthetic

from explainer.catalogs.schema import Entry
from explainer.recommending.disk_index import weighted_terms
from explainer.recommending.query import Query
from explainer.recommending.ranking import field_terms
from explainer.recommending.recommend import Recommender

FOUND = 60
# Of an index that is large only the rarest terms of a question are searched.
TELLING = 8
Search = Callable[[Sequence[str]], Sequence[int]]


def weighted(entry: Entry) -> list[str]:
    """The terms of an entry, those of a heavier field more often."""
    return weighted_terms(field_terms(entry))


def with_tantivy(folder: Path, documents: Iterable[list[str]]) -> Callable[[], Search]:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("words", stored=False, tokenizer_name="whitespace", index_option="freq")
    builder.add_integer_field("number", stored=False, indexed=False, fast=True)
    writer = tantivy.Index(builder.build(), path=str(folder)).writer(
        heap_size=128_000_000, num_threads=1
    )
    for number, terms in enumerate(documents):
        writer.add_document(tantivy.Document(number=number, words=" ".join(terms)))
    writer.commit()
    writer.wait_merging_threads()

    def load() -> Search:
        index = tantivy.Index.open(str(folder))
        searcher, schema = index.searcher(), index.schema

        def search(question: Sequence[str]) -> Sequence[int]:
            parts = [
                (tantivy.Occur.Should, tantivy.Query.term_query(schema, "words", term))
                for term in question
            ]
            hits = searcher.search(tantivy.Query.boolean_query(parts), FOUND, count=False).hits
            addresses = [address for _, address in hits]
            return (
                [int(number or 0) for number in searcher.fast_field_values("number", addresses)]
                if hits
                else []
            )

        return search

    return load


def with_bm25s(folder: Path, documents: Iterable[list[str]]) -> Callable[[], Search]:
    import bm25s

    vocabulary: dict[str, int] = {}

    def numbers_of(terms: list[str]) -> list[int]:
        return [vocabulary.setdefault(term, len(vocabulary)) for term in terms]

    index = bm25s.BM25()
    index.index((list(map(numbers_of, documents)), vocabulary), show_progress=False)
    index.save(str(folder))

    def load() -> Search:
        loaded = bm25s.BM25.load(str(folder), mmap=True)

        def search(question: Sequence[str]) -> Sequence[int]:
            indexed = list(filter(loaded.vocab_dict.__contains__, question))
            if not indexed:
                return []
            numbers, _ = loaded.retrieve([indexed], k=FOUND, show_progress=False)
            return list(map(int, numbers[0]))

        return search

    return load


def with_fts5(folder: Path, documents: Iterable[list[str]]) -> Callable[[], Search]:
    path = folder / "index.db"
    base = sqlite3.connect(path, isolation_level=None)
    base.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;")
    base.execute("CREATE VIRTUAL TABLE words USING fts5(terms, content='')")
    for row in enumerate(map(" ".join, documents)):
        base.execute("INSERT INTO words (rowid, terms) VALUES (?, ?)", row)
    base.execute("INSERT INTO words (words) VALUES ('optimize')")
    base.execute("COMMIT")
    base.close()

    def load() -> Search:
        loaded = sqlite3.connect(path)
        statement = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?"

        def search(question: Sequence[str]) -> Sequence[int]:
            if not question:
                return []
            quoted = " OR ".join('"' + term.replace('"', '""') + '"' for term in question)
            return list(chain.from_iterable(loaded.execute(statement, (quoted, FOUND))))

        return search

    return load


ENGINES: dict[str, Callable[[Path, Iterable[list[str]]], Callable[[], Search]]] = {
    "Tantivy": with_tantivy,
    "bm25s": with_bm25s,
    "SQLite FTS5": with_fts5,
}


def size_of(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def measured(
    search: Search, questions: Sequence[Sequence[str]]
) -> tuple[list[Sequence[int]], float, float]:
    """What is found, and the median and the 95th percentile of the milliseconds of one core."""
    results, times = [], []
    for question in questions:
        start = time.thread_time()
        results.append(search(question))
        times.append(1000 * (time.thread_time() - start))
    return results, statistics.median(times), sorted(times)[int(0.95 * len(times))]


def shared_part(results: Sequence[Sequence[int]], right: Sequence[set[int]], depth: int) -> float:
    """How many of the right ones are among the first so many, in per cent."""
    parts = [
        len(best & set(result[:depth])) / len(best)
        for result, best in zip(results, right, strict=True)
        if best
    ]
    return 100 * statistics.fmean(parts)


def compare(
    title: str, documents: Callable[[], Iterable[list[str]]], questions: Any, right: Any
) -> None:
    print(
        f"{title}\n  {'engine':<12} {'built':>8} {'size':>9} {'opened':>9} {'median':>9} {'p95':>9}  ten best: in 60, in 10"
    )
    for name, build in ENGINES.items():
        folder = Path(tempfile.mkdtemp())
        try:
            start = time.perf_counter()
            load = build(folder, documents())
            built = time.perf_counter() - start
            start = time.perf_counter()
            search = load()
            opened = 1000 * (time.perf_counter() - start)
            results, median, slow = measured(search, questions)
            cells = f"  {name:<12} {built:>6.1f} s {size_of(folder):>6.1f} MB {opened:>6.0f} ms {median:>6.2f} ms {slow:>6.2f} ms"
            if right is not None:
                cells += f"  {shared_part(results, right, FOUND):5.1f} %  {shared_part(results, right, 10):5.1f} %"
            print(cells, flush=True)
        except ImportError as error:
            print(f"  {name:<12} {error}")
        finally:
            shutil.rmtree(folder)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description="Three engines for candidates.")
    parser.add_argument("--full", action="store_true", help="also a million synthetic records")
    options = parser.parse_args()
    texts = list(map(itemgetter("question"), lines("corpus", "questions_dev.jsonl")))
    questions = [list(Query.of(text).words) for text in texts]
    papers = all_papers()
    recommender = Recommender(library_of(papers=papers))
    numbers = {paper.label: number for number, paper in enumerate(papers)}
    right = []
    for text in texts:
        best = labels_chosen(recommender.recommend(text, models=0, papers=10).papers)
        right.append(set(map(numbers.__getitem__, best)))
    compare(f"{len(papers)} papers", lambda: map(weighted, papers), questions, right)
    if options.full:
        size = 1_000_000
        frequencies: Counter[str] = Counter()
        for entry in synthetic(20_000, texts):
            frequencies.update(set(weighted(entry)))

        def rarest(question: Iterable[str]) -> list[str]:
            return sorted(filter(frequencies.get, question), key=frequencies.__getitem__)[:TELLING]

        compare(
            f"{size} synthetic records",
            lambda: map(weighted, synthetic(size, texts)),
            list(map(rarest, questions)),
            None,
        )


if __name__ == "__main__":
    main()

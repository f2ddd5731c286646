"""Prints how well and how fast `recommend` is, against a plain BM25.

    python -m benchmarks.recommend            quality and speed, with core dependencies alone
    python -m benchmarks.recommend --semantic the same, and with the embedding model that is installed
    python -m benchmarks.recommend --size N   the index on disk (where tantivy is installed) also with N synthetic records
    python -m benchmarks.recommend --quality  quality alone; --speed: speed alone

Questions and models that the project may not ship lie in a folder `shared` beside the repository, or where
EXPLAINER_SHARED says.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.baseline import BM25

from explainer.catalogs.catalog import LoadedCatalog
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogLoader, catalog_paths, shipped_tasks
from explainer.catalogs.schema import Catalog, Entry, ModelEntry, PaperEntry
from explainer.recommending.evaluate import Label, Outcome, bootstrap, evaluate, label_of, parse_label
from explainer.recommending.intent import Taxonomy
from explainer.recommending.ranking import entry_fields
from explainer.recommending.recommend import Choice, Recommender, SupportsScores

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("EXPLAINER_SHARED", ROOT.parent / "shared"))
DATA = ROOT / "tests" / "data"
METRICS = ("hit@1", "hit@5", "same task@1")
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """Questions with one right answer each, and the library that should give it."""

    name: str
    library: Library
    labels: list[Label]


def lines(*parts: str) -> Rows:
    return [json.loads(line) for line in SHARED.joinpath(*parts).read_text().splitlines()]


def library_of(models: Iterable[ModelEntry] = (), papers: Iterable[PaperEntry] = ()) -> Library:
    catalog = Catalog(models=tuple(models), papers=tuple(papers))
    return Library([LoadedCatalog("benchmark", catalog)], vocabulary=shipped_tasks)


def corpus_models(examples: Mapping[str, str]) -> Library:
    entries: dict[str, ModelEntry] = {}
    for row in lines("corpus", "models.jsonl"):
        fields = {key: value for key, value in row.items() if value}
        if row["name"] in examples:
            fields["examples"] = [examples[row["name"]]]
        entries.setdefault(row["name"], ModelEntry.model_validate(fields))
    return library_of(entries.values())


def labels_of(questions: Iterable[tuple[str, str]], library: Library) -> list[Label]:
    found = []
    for at, (question, name) in enumerate(questions, 1):
        parsed = parse_label(json.dumps({"question": question, "model": name}), "benchmark", at)
        found.append(label_of(parsed.unwrap(), library, Recommender(library).taxonomy))
    return found


def other_questions(known: set[str], names: Sequence[str]) -> list[tuple[str, str]]:
    """The questions of the prompts that come with the corpus, with the model that their id names."""
    by_slug = {re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"): name for name in names}
    found: dict[str, str] = {}
    rows = [(row["id"].rsplit("-query", 1)[0], row["prompt"]) for row in lines("corpus", "golden.jsonl")]
    rows += [(re.sub(r"-q\d-\w+$", "", row["id"]), row["prompt"]) for row in lines("corpus", "llm_answers.jsonl")]
    for slug, prompt in rows:
        question = prompt.split('question:\n"', 1)[1].split('"\n\nBased on', 1)[0]
        if " ".join(question.split()) not in known:
            found.setdefault(question, by_slug[slug])
    return list(found.items())


def corpus_cases() -> list[Case]:
    dev = [(row["question"], row["model"]) for row in lines("corpus", "questions_dev.jsonl")]
    plain = corpus_models({})
    known = {" ".join(question.split()) for question, _ in dev}
    other = other_questions(known, [entry.label for entry in plain.models])
    of_dev = {name: question for question, name in dev}
    of_other = {name: question for question, name in reversed(other)}
    first, second = corpus_models(of_dev), corpus_models({**of_dev, **of_other})
    return [
        Case("corpus, as it is, dev questions", plain, labels_of(dev, plain)),
        Case("corpus, as it is, other questions", plain, labels_of(other, plain)),
        Case("with an example each, other questions", first, labels_of(other, first)),
        Case("with another example, dev questions", second, labels_of([d for d in dev if d[1] in of_other], second)),
    ]


def shipped_cases() -> list[Case]:
    paths = catalog_paths([ROOT / "catalogs"]).unwrap()
    library = CatalogLoader().library(paths).unwrap()
    taxonomy = Recommender(library).taxonomy
    cases = []
    for name, file in (("own lay questions", "lay_questions.jsonl"), ("shipped questions", "shipped_questions.jsonl")):
        rows = (DATA / file).read_text().splitlines()
        labels = [parse_label(line, file, at).unwrap() for at, line in enumerate(rows, 1)]
        wanted = [label_of(one, library, taxonomy) for one in labels if one.kind == "models"]
        cases.append(Case(f"shipped catalog, {name}", library, wanted))
    if SHARED.is_dir():
        names = {entry.label for entry in library.models}
        dev = [(row["question"], row["model"]) for row in lines("corpus", "questions_dev.jsonl")]
        cases.append(
            Case("shipped catalog, dev questions", library, labels_of([d for d in dev if d[1] in names], library))
        )
    return cases


def gorilla() -> tuple[Library, list[tuple[str, set[str]]]]:
    entries = [
        ModelEntry(name=row["_id"], task=row["domain"], category=row["functionality"], summary=row["text"])
        for row in lines("retrieval", "gorilla-th", "corpus.jsonl")
    ]
    right: dict[str, set[str]] = {}
    for line in SHARED.joinpath("retrieval", "gorilla-th", "qrels.tsv").read_text().splitlines()[1:]:
        query, record, _ = line.split("\t")
        right.setdefault(query, set()).add(record)
    queries = lines("retrieval", "gorilla-th", "queries.jsonl")
    return library_of(entries), [(row["text"], right[row["_id"]]) for row in queries]


def plain_text(entry: Entry) -> str:
    return " ".join(entry_fields(entry).values())


def rankers(library: Library, semantic: SupportsScores | None) -> dict[str, Callable[[str, int], list[str]]]:
    entries = list(library.models)
    baseline = BM25([plain_text(entry) for entry in entries])
    found: dict[str, Callable[[str, int], list[str]]] = {
        "BM25": lambda question, limit: [entries[at].label for at in baseline.best(question, limit)]
    }
    for name, opinion in (("ours", None), ("ours + semantic", semantic)):
        if name == "ours" or opinion is not None:
            recommender = Recommender(library, semantic=opinion)

            def offered(question: str, limit: int, recommender: Recommender = recommender) -> list[str]:
                models = recommender.recommend(question, models=limit, papers=0).models
                return [one.entry.label for one in models]

            found[name] = offered
    return found


def print_quality(groups: Sequence[Sequence[Case]], semantic: SupportsScores | None) -> None:
    """One table for each group of cases; the questions of all cases of a group count together."""
    print("per cent; in brackets the gain over BM25 with its 95 % interval, paired by question\n")
    seeds = seed_offers() if SHARED.is_dir() else {}
    for group in groups:
        found = [outcomes_of(case, semantic) for case in group]
        print(f"{' and '.join(case.name for case in group)} (n={sum(len(case.labels) for case in group)})")
        known = [one for case in group for one in seed_outcomes(case, seeds)]
        if known:
            print_row(f"seed's own, {len(known)} known", known, None)
        base = [one for outcomes in found for one in outcomes["BM25"]]
        for name in found[0]:
            now = [one for outcomes in found for one in outcomes[name]]
            print_row(name, now, None if name == "BM25" else base)
            if name == "ours + semantic":
                print_row("  over ours", now, [one for outcomes in found for one in outcomes["ours"]])
        print()


def outcomes_of(case: Case, semantic: SupportsScores | None) -> dict[str, tuple[Outcome, ...]]:
    """What each ranker offers."""
    found: dict[str, tuple[Outcome, ...]] = {}
    for name, ranker in rankers(case.library, semantic).items():
        offered = {id(one): ranker(one.question, 10) for one in case.labels}

        def look_up(label: Label, offered: dict[int, list[str]] = offered) -> list[str]:
            return offered[id(label)]

        found[name] = evaluate(case.labels, look_up, case.library.models).outcomes
    return found


def seed_offers() -> dict[str, str]:
    """What the seed's own system offered first, for the questions whose prompts are known."""
    found: dict[str, str] = {}
    for row in (*lines("corpus", "golden.jsonl"), *lines("corpus", "llm_answers.jsonl")):
        question = row["prompt"].split('question:\n"', 1)[1].split('"\n\nBased on', 1)[0]
        first = re.search(r"^Model: (.*)$", row["prompt"], re.MULTILINE)
        if first is not None:
            found.setdefault(" ".join(question.split()), first[1])
    return found


def seed_outcomes(case: Case, offers: Mapping[str, str]) -> tuple[Outcome, ...]:
    known = [one for one in case.labels if " ".join(one.question.split()) in offers]
    return evaluate(known, lambda label: [offers[" ".join(label.question.split())]], case.library.models).outcomes


def print_row(name: str, now: Sequence[Outcome], base: Sequence[Outcome] | None) -> None:
    cells = []
    for metric in METRICS:
        values = [one.value(metric) for one in now]
        known = [value for value in values if value is not None]
        cell = f"{metric} {100 * statistics.fmean(known):5.1f}" if known else f"{metric}   -  "
        if base is not None and known:
            before = [one.value(metric) for one in base]
            pairs = zip(values, before, strict=True)
            gain = bootstrap([a - b for a, b in pairs if a is not None and b is not None])
            cell += f" ({100 * gain.mean:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}])"
        cells.append(cell)
    print(f"  {name:<20} " + "  ".join(cells))


def print_refusals() -> None:
    """How many questions are offered nothing: those about other things should be, the others should not."""
    shipped = [case for case in shipped_cases() if case.labels]
    off_topic = [json.loads(line)["question"] for line in (DATA / "off_topic_questions.jsonl").read_text().splitlines()]
    asked = {"off topic, one line": off_topic[:40], "off topic, a story": off_topic[40:]}
    asked |= {case.name: [label.question for label in case.labels] for case in shipped}
    recommender = Recommender(shipped[0].library)
    print("offered nothing by the shipped catalog")
    for name, questions in asked.items():
        choices = [recommender.recommend(question, models=1, papers=3) for question in questions]
        refused = sum(not (choice.models or choice.papers) for choice in choices)
        print(f"  {name:<40} {refused:>3} of {len(questions)}")
    print()


def print_gorilla(semantic: SupportsScores | None) -> None:
    library, queries = gorilla()
    domain = {entry.label: entry.task for entry in library.models}
    print(f"gorilla-th, one right of many near-duplicates (n={len(queries)})")
    for name, ranker in rankers(library, semantic).items():
        offered = [ranker(question, 10) for question, _ in queries]
        found = [bool(right & set(names)) for (_, right), names in zip(queries, offered, strict=True)]
        first = [bool(names) and names[0] in right for (_, right), names in zip(queries, offered, strict=True)]
        same = [
            bool({domain[name] for name in names[:5]} & {domain[name] for name in right})
            for (_, right), names in zip(queries, offered, strict=True)
        ]
        figures = [100 * statistics.fmean(values) for values in (found, first, same)]
        print(f"  {name:<16} recall@10 {figures[0]:5.1f}  hit@1 {figures[1]:5.1f}  same domain in 5 {figures[2]:5.1f}")
    print()


def milliseconds(work: Callable[[str], object], questions: Sequence[str]) -> str:
    """The time of one core, whatever else runs on the machine."""
    taken = []
    for question in questions:
        start = time.thread_time()
        work(question)
        taken.append(1000 * (time.thread_time() - start))
    return f"median {statistics.median(taken):.2f} ms, p95 {sorted(taken)[int(0.95 * len(taken))]:.2f} ms"


def all_papers() -> list[PaperEntry]:
    """The papers of the corpus; of those with the same title the first."""
    titles: dict[str, PaperEntry] = {}
    for row in lines("corpus", "arxiv_papers.jsonl"):
        fields = {key: value for key, value in row.items() if value and key in ("title", "category", "task", "paper")}
        titles.setdefault(row["title"], PaperEntry.model_validate(fields))
    return list(titles.values())


def print_speed() -> None:
    questions = [row["question"] for row in lines("corpus", "questions_dev.jsonl")]
    papers = all_papers()
    recommender = Recommender(library_of(papers=papers))
    start = time.perf_counter()
    recommender.recommend("warm up", models=0, papers=3)
    print(f"{len(papers)} papers in memory: indexed in {time.perf_counter() - start:.2f} s")
    print("  warm query:", milliseconds(lambda one: recommender.recommend(one, models=0, papers=3), questions))


def print_cold() -> None:
    """The time of one core from start to end, the median of some runs."""
    python, catalogs = sys.executable, str(ROOT / "catalogs")
    commands = {
        "build": ["build", str(ROOT / "questions" / "studio-portrait.yaml"), "--catalog", catalogs],
        "recommend": ["recommend", "How does AI colourise old photos?", "--catalog", catalogs],
        "build, sources left out": ["build", "--text", "How does AI colourise old photos?", "--catalog", catalogs],
    }
    medians = {}
    for name, arguments in commands.items():
        taken = []
        for _ in range(7):
            before = children_seconds()
            subprocess.run([python, "-m", "explainer", *arguments], check=True, capture_output=True)
            taken.append(children_seconds() - before)
        medians[name] = statistics.median(taken)
        print(f"cold {name}: {1000 * medians[name]:.0f} ms ({medians[name] / medians['build']:.2f} x build)")


def children_seconds() -> float:
    used = os.times()
    return used.children_user + used.children_system


def print_index(size: int) -> None:
    """The index on disk: the papers, and as many synthetic records of 60 words, drawn as words are (Zipf's law)."""
    from explainer.recommending.disk_index import DiskIndex, IndexedRecommender

    questions = [row["question"] for row in lines("corpus", "questions_dev.jsonl")]
    taxonomy = Taxonomy(shipped_tasks())
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        papers = DiskIndex.build(Path(folder) / "papers", all_papers(), PaperEntry, taxonomy)
        print(f"{len(papers)} papers in the index on disk: built in {time.perf_counter() - start:.1f} s")
        none = DiskIndex.build(Path(folder) / "none", [], ModelEntry, taxonomy)
        indexed = IndexedRecommender(none, papers, taxonomy)
        print("  warm query:", milliseconds(lambda one: indexed.recommend(one, models=0, papers=3), questions))
        in_memory = Recommender(library_of(papers=all_papers()))
        same = [
            titles(indexed.recommend(one, models=0)) == titles(in_memory.recommend(one, models=0)) for one in questions
        ]
        print(f"  the same five as in memory: {100 * statistics.fmean(same):.1f} %")
        if size:
            start = time.perf_counter()
            records = DiskIndex.build(Path(folder) / "records", synthetic(size, questions), ModelEntry, taxonomy)
            disk = sum(file.stat().st_size for file in (Path(folder) / "records").rglob("*") if file.is_file())
            print(
                f"{len(records)} synthetic records: built in {time.perf_counter() - start:.0f} s, {disk / 1e6:.0f} MB"
            )
            large = IndexedRecommender(records, papers, taxonomy)
            print("  warm query:", milliseconds(lambda one: large.recommend(one, models=3, papers=0), questions))


def titles(choice: Choice) -> list[str]:
    return [one.entry.label for one in choice.papers]


def synthetic(size: int, questions: Sequence[str]) -> Iterator[ModelEntry]:
    draw = random.Random(1)
    summaries = [row["summary"] or "" for row in lines("corpus", "models.jsonl")]
    vocabulary = sorted({word for text in (*questions, *summaries) for word in text.split()})
    draw.shuffle(vocabulary)
    weights = list(accumulate(1 / (rank + 10) for rank in range(len(vocabulary))))
    tasks = [task.id for task in shipped_tasks()]
    for number in range(size):
        found = draw.choices(vocabulary, cum_weights=weights, k=60)
        yield ModelEntry(name=f"Synthetic-{number}", task=tasks[number % len(tasks)], summary=" ".join(found))


def main() -> None:
    parser = argparse.ArgumentParser(description="Quality and speed of recommend.")
    parser.add_argument("--semantic", action="store_true", help="also with the installed embedding model")
    parser.add_argument("--size", type=int, default=0, help="synthetic records for the index on disk")
    parser.add_argument("--quality", action="store_true", help="quality alone")
    parser.add_argument("--speed", action="store_true", help="speed alone")
    given = parser.parse_args()
    if not given.speed:
        print_all_quality(semantic=given.semantic)
    if not given.quality:
        print_all_speed(given.size)


def print_all_quality(*, semantic: bool) -> None:
    opinion: SupportsScores | None = None
    if semantic:
        from explainer.recommending.semantic import load_semantic

        opinion = load_semantic("wheel").unwrap()
    groups = [[case] for case in shipped_cases()]
    if SHARED.is_dir():
        plain, other, first, second = corpus_cases()
        groups = [[plain], [other], [first, second], [first], [second], *groups]
    print_quality(groups, opinion)
    print_refusals()
    if SHARED.is_dir():
        print_gorilla(opinion)


def print_all_speed(size: int) -> None:
    if SHARED.is_dir():
        print_speed()
        if importlib.util.find_spec("tantivy") is not None:
            print_index(size)
    print_cold()


if __name__ == "__main__":
    main()

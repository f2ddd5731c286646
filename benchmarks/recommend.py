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
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, zip_longest
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

import msgspec
from benchmarks.baseline import BM25

from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogLoader, load_lines, shipped_tasks
from explainer.catalogs.parsing import LoadedCatalog
from explainer.catalogs.schema import Catalog, Entry, Kind, ModelEntry, PaperEntry
from explainer.diagnostics.finding import Parsed
from explainer.recommending.evaluate import DEPTH, Label, Outcome, bootstrap, evaluate, read_labels
from explainer.recommending.intent import Taxonomy
from explainer.recommending.ranking import entry_fields
from explainer.recommending.reasons import Recommendation
from explainer.recommending.recommend import Recommender, SupportsMeanings

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("EXPLAINER_SHARED", ROOT.parent / "shared"))
DATA = ROOT / "tests" / "data"
METRICS = ("hit@1", "hit@5", "same task@1")
Rows = list[dict[str, Any]]
Ranker = Callable[[str, int], list[str]]


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
        entries.setdefault(row["name"], msgspec.convert(fields, ModelEntry))
    return library_of(entries.values())


def labels_of(questions: Iterable[tuple[str, str]], library: Library) -> list[Label]:
    rows = []
    for number, (question, name) in enumerate(questions, 1):
        rows.append((json.dumps({"question": question, "model": name}), "benchmark", number))
    return labels_in(rows, library)


def labels_in(rows: Iterable[tuple[str, str, int]], library: Library) -> list[Label]:
    labels, findings = read_labels(rows, library, Recommender(library).taxonomy)
    return Parsed(labels, tuple(findings)).unwrap()


def spaces_folded(text: str) -> str:
    return " ".join(text.split())


def question_in(prompt: str) -> str:
    return prompt.split('question:\n"', 1)[1].split('"\n\nBased on', 1)[0]


def dev_questions() -> list[tuple[str, str]]:
    return list(map(itemgetter("question", "model"), lines("corpus", "questions_dev.jsonl")))


def other_questions(dev: Iterable[tuple[str, str]], names: Iterable[str]) -> list[tuple[str, str]]:
    """The questions of the prompts that come with the corpus, with the model that their id names."""
    dev_texts = {spaces_folded(question) for question, _ in dev}
    by_slug = {re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"): name for name in names}
    questions: dict[str, str] = {}
    for row in (*lines("corpus", "golden.jsonl"), *lines("corpus", "llm_answers.jsonl")):
        # an id is that of the model, and then of the question: `-query…` or `-q1-…`
        slug = re.sub(r"-q\d-\w+$", "", row["id"].rsplit("-query", 1)[0])
        question = question_in(row["prompt"])
        if spaces_folded(question) not in dev_texts:
            questions.setdefault(question, by_slug[slug])
    return list(questions.items())


def corpus_cases() -> list[Case]:
    dev = dev_questions()
    plain = corpus_models({})
    other = other_questions(dev, map(attrgetter("label"), plain.models))
    example_of_dev = {name: question for question, name in dev}
    # the first question of a model is its example
    example_of_other = {name: question for question, name in reversed(other)}
    first, second = (
        corpus_models(example_of_dev),
        corpus_models({**example_of_dev, **example_of_other}),
    )
    dev_with_other = [pair for pair in dev if pair[1] in example_of_other]
    return [
        Case("corpus, as it is, dev questions", plain, labels_of(dev, plain)),
        Case("corpus, as it is, other questions", plain, labels_of(other, plain)),
        Case("with an example each, other questions", first, labels_of(other, first)),
        Case("with another example, dev questions", second, labels_of(dev_with_other, second)),
    ]


def shipped_cases() -> list[Case]:
    library = CatalogLoader([ROOT / "catalogs"]).for_named().unwrap()
    cases = []
    for name, file in (
        ("own lay questions", "lay_questions.jsonl"),
        ("shipped questions", "shipped_questions.jsonl"),
    ):
        labels = labels_in(load_lines(DATA / file).unwrap(), library)
        about_models = [label for label in labels if label.kind == Kind.MODELS]
        cases.append(Case(f"shipped catalog, {name}", library, about_models))
    if SHARED.is_dir():
        names = set(map(attrgetter("label"), library.models))
        about_shipped = [pair for pair in dev_questions() if pair[1] in names]
        cases.append(
            Case("shipped catalog, dev questions", library, labels_of(about_shipped, library))
        )
    return cases


def gorilla() -> tuple[Library, list[tuple[str, set[str]]]]:
    entries = []
    for row in lines("retrieval", "gorilla-th", "corpus.jsonl"):
        fields = {
            "name": row["_id"],
            "task": row["domain"],
            "category": row["functionality"],
            "summary": row["text"],
        }
        entries.append(msgspec.convert(fields, ModelEntry))
    right: dict[str, set[str]] = defaultdict(set)
    for line in (
        SHARED.joinpath("retrieval", "gorilla-th", "qrels.tsv").read_text().splitlines()[1:]
    ):
        query, record, _ = line.split("\t")
        right[query].add(record)
    queries = lines("retrieval", "gorilla-th", "queries.jsonl")
    return library_of(entries), [(row["text"], right[row["_id"]]) for row in queries]


def plain_text(entry: Entry) -> str:
    return " ".join(entry_fields(entry).values())


def rankers(library: Library, semantic: SupportsMeanings | None) -> dict[str, Ranker]:
    entries = list(library.models)
    baseline = BM25(list(map(plain_text, entries)))

    def of_baseline(question: str, limit: int) -> list[str]:
        return [entries[number].label for number in baseline.best(question, limit)]

    def of_recommender(recommender: Recommender, question: str, limit: int) -> list[str]:
        return labels_chosen(recommender.recommend(question, models=limit, papers=0).models)

    by_name: dict[str, Ranker] = {
        "BM25": of_baseline,
        "ours": partial(of_recommender, Recommender(library)),
    }
    if semantic is not None:
        by_name["ours + semantic"] = partial(
            of_recommender, Recommender(library, semantic=semantic)
        )
    return by_name


def labels_chosen(recommendations: Iterable[Recommendation[Any]]) -> list[str]:
    return list(map(attrgetter("entry.label"), recommendations))


def print_quality(groups: Sequence[Sequence[Case]], semantic: SupportsMeanings | None) -> None:
    """One table for each group of cases; the questions of all cases of a group count together."""
    print("per cent; in brackets the gain over BM25 with its 95 % interval, paired by question\n")
    offers = seed_offers() if SHARED.is_dir() else {}
    for group in groups:
        outcomes: dict[str, list[Outcome]] = defaultdict(list)
        with_offer: list[Outcome] = []
        for case in group:
            with_offer += seed_outcomes(case, offers)
            for name, ranker in rankers(case.library, semantic).items():
                outcomes[name] += outcomes_of(case, ranker)
        print(f"{' and '.join(case.name for case in group)} (n={len(outcomes['BM25'])})")
        if with_offer:
            print_row(f"seed's own, {len(with_offer)} known", with_offer)
        baseline, ours, with_meaning = (
            outcomes["BM25"],
            outcomes["ours"],
            outcomes["ours + semantic"],
        )
        print_row("BM25", baseline)
        print_row("ours", ours, baseline)
        if semantic is not None:
            print_row("ours + semantic", with_meaning, baseline)
            print_row("  over ours", with_meaning, ours)
        print()


def outcomes_of(case: Case, ranker: Ranker) -> tuple[Outcome, ...]:
    """What a ranker offers."""
    return evaluate(
        case.labels, lambda label: ranker(label.question, DEPTH), case.library.models
    ).outcomes


def seed_offers() -> dict[str, str]:
    """What the seed's own system offered first, for the questions whose prompts are known."""
    offers: dict[str, str] = {}
    for row in (*lines("corpus", "golden.jsonl"), *lines("corpus", "llm_answers.jsonl")):
        first = re.search(r"^Model: (.*)$", row["prompt"], re.MULTILINE)
        if first is not None:
            offers.setdefault(spaces_folded(question_in(row["prompt"])), first[1])
    return offers


def seed_outcomes(case: Case, offers: Mapping[str, str]) -> tuple[Outcome, ...]:
    labels = [label for label in case.labels if spaces_folded(label.question) in offers]
    return evaluate(
        labels, lambda label: [offers[spaces_folded(label.question)]], case.library.models
    ).outcomes


def print_row(name: str, outcomes: Sequence[Outcome], baseline: Sequence[Outcome] = ()) -> None:
    cells = [metric_cell(metric, outcomes, baseline) for metric in METRICS]
    print(f"  {name:<20} " + "  ".join(cells))


def metric_cell(metric: str, outcomes: Sequence[Outcome], baseline: Sequence[Outcome]) -> str:
    """The mean of a metric, with what is gained over the outcomes of a baseline for the same questions."""
    values: list[float] = []
    gains: list[float] = []
    for outcome, before in zip_longest(outcomes, baseline):
        value = outcome.value(metric)
        if value is None:
            continue
        values.append(value)
        base_value = None if before is None else before.value(metric)
        if base_value is not None:
            gains.append(value - base_value)
    if not values:
        return f"{metric}   -  "
    cell = f"{metric} {100 * statistics.fmean(values):5.1f}"
    if baseline:
        gain = bootstrap(gains)
        cell += f" ({100 * gain.mean:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}])"
    return cell


def print_refusals() -> None:
    """How many questions are offered nothing: those about other things should be, the others should not."""
    shipped = shipped_cases()
    off_topic = [
        json.loads(line)["question"]
        for line in (DATA / "off_topic_questions.jsonl").read_text().splitlines()
    ]
    # the file holds forty one-liners, and then the stories
    questions = {"off topic, one line": off_topic[:40], "off topic, a story": off_topic[40:]}
    for row in map(json.loads, (DATA / "everyday_questions.jsonl").read_text().splitlines()):
        questions.setdefault(f"everyday, a {row['style']}", []).append(row["question"])
    for case in shipped:
        questions[case.name] = list(map(attrgetter("question"), case.labels))
    recommender = Recommender(shipped[0].library)
    print("offered nothing by the shipped catalog")
    for name, texts in questions.items():
        refused = 0
        for text in texts:
            choice = recommender.recommend(text, models=1, papers=3)
            refused += not (choice.models or choice.papers)
        print(f"  {name:<40} {refused:>3} of {len(texts)}")
    print()


def print_gorilla(semantic: SupportsMeanings | None) -> None:
    library, queries = gorilla()
    domain = {entry.label: entry.task for entry in library.models}
    print(f"gorilla-th, one right of many near-duplicates (n={len(queries)})")
    for name, ranker in rankers(library, semantic).items():
        recalled = first = same_domain = 0
        for question, right in queries:
            names = ranker(question, DEPTH)
            recalled += not right.isdisjoint(names)
            first += not right.isdisjoint(names[:1])
            same_domain += not set(map(domain.get, right)).isdisjoint(map(domain.get, names[:5]))
        figures = [100 * count / len(queries) for count in (recalled, first, same_domain)]
        print(
            f"  {name:<16} recall@10 {figures[0]:5.1f}  hit@1 {figures[1]:5.1f}  same domain in 5 {figures[2]:5.1f}"
        )
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
        fields = {
            key: value
            for key, value in row.items()
            if value and key in ("title", "category", "task", "paper")
        }
        titles.setdefault(row["title"], msgspec.convert(fields, PaperEntry))
    return list(titles.values())


def print_speed() -> None:
    questions = list(map(itemgetter("question"), lines("corpus", "questions_dev.jsonl")))
    papers = all_papers()
    recommender = Recommender(library_of(papers=papers))
    start = time.perf_counter()
    recommender.recommend("warm up", models=0, papers=3)
    print(f"{len(papers)} papers in memory: indexed in {time.perf_counter() - start:.2f} s")
    print(
        "  warm query:", milliseconds(partial(recommender.recommend, models=0, papers=3), questions)
    )


def print_cold() -> None:
    """The time of one core from start to end, the median of some runs."""
    python, catalogs = sys.executable, str(ROOT / "catalogs")
    commands = {
        "build": ["build", str(ROOT / "questions" / "studio-portrait.yaml"), "--catalog", catalogs],
        "recommend": ["recommend", "How does AI colourise old photos?", "--catalog", catalogs],
        "build, sources left out": [
            "build",
            "--text",
            "How does AI colourise old photos?",
            "--catalog",
            catalogs,
        ],
    }
    medians = {}
    for name, arguments in commands.items():
        taken = []
        for _ in range(7):
            before = children_seconds()
            subprocess.run([python, "-m", "explainer", *arguments], check=True, capture_output=True)
            taken.append(children_seconds() - before)
        medians[name] = statistics.median(taken)
        print(
            f"cold {name}: {1000 * medians[name]:.0f} ms ({medians[name] / medians['build']:.2f} x build)"
        )


def children_seconds() -> float:
    used = os.times()
    return used.children_user + used.children_system


def print_index(size: int) -> None:
    """The index on disk: the papers, and as many synthetic records of 60 words, drawn as words are (Zipf's law)."""
    from explainer.recommending.disk_index import DiskIndex, IndexedRecommender

    questions = list(map(itemgetter("question"), lines("corpus", "questions_dev.jsonl")))
    taxonomy = Taxonomy(shipped_tasks())
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        papers = DiskIndex.build(Path(folder) / "papers", all_papers(), PaperEntry, taxonomy)
        print(
            f"{len(papers)} papers in the index on disk: built in {time.perf_counter() - start:.1f} s"
        )
        none = DiskIndex.build(Path(folder) / "none", [], ModelEntry, taxonomy)
        indexed = IndexedRecommender(none, papers, taxonomy)
        print(
            "  warm query:", milliseconds(partial(indexed.recommend, models=0, papers=3), questions)
        )
        in_memory = Recommender(library_of(papers=all_papers()))
        same = 0
        for question in questions:
            on_disk = labels_chosen(indexed.recommend(question, models=0).papers)
            same += on_disk == labels_chosen(in_memory.recommend(question, models=0).papers)
        print(f"  the same five as in memory: {100 * same / len(questions):.1f} %")
        if size:
            start = time.perf_counter()
            records = DiskIndex.build(
                Path(folder) / "records", synthetic(size, questions), ModelEntry, taxonomy
            )
            disk = sum(
                file.stat().st_size
                for file in (Path(folder) / "records").rglob("*")
                if file.is_file()
            )
            print(
                f"{len(records)} synthetic records: built in {time.perf_counter() - start:.0f} s, {disk / 1e6:.0f} MB"
            )
            large = IndexedRecommender(records, papers, taxonomy)
            print(
                "  warm query:",
                milliseconds(partial(large.recommend, models=3, papers=0), questions),
            )


def synthetic(size: int, questions: Sequence[str]) -> Iterator[ModelEntry]:
    draw = random.Random(1)
    summaries = [row["summary"] or "" for row in lines("corpus", "models.jsonl")]
    vocabulary = sorted({word for text in (*questions, *summaries) for word in text.split()})
    draw.shuffle(vocabulary)
    weights = list(accumulate(1 / (rank + 10) for rank in range(len(vocabulary))))
    tasks = [task.id for task in shipped_tasks()]
    for number in range(size):
        words = draw.choices(vocabulary, cum_weights=weights, k=60)
        yield ModelEntry(
            name=f"Synthetic-{number}", task=tasks[number % len(tasks)], summary=" ".join(words)
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Quality and speed of recommend.")
    parser.add_argument(
        "--semantic", action="store_true", help="also with the installed embedding model"
    )
    parser.add_argument(
        "--size", type=int, default=0, help="synthetic records for the index on disk"
    )
    parser.add_argument("--quality", action="store_true", help="quality alone")
    parser.add_argument("--speed", action="store_true", help="speed alone")
    options = parser.parse_args()
    if not options.speed:
        print_all_quality(semantic=options.semantic)
    if not options.quality:
        print_all_speed(options.size)


def print_all_quality(*, semantic: bool) -> None:
    opinion: SupportsMeanings | None = None
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

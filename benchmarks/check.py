"""How well and how fast `explainer check` judges: mutations of faithful answers, near-miss titles, hostile text, speed.

Run it with a folder of data beside the repository, or named by EXPLAINER_SHARED:

    python benchmarks/check.py [--quick]

Every answer that is mutated is faithful to begin with: the answer skeletons of `corpus/golden.jsonl`, and the answers
of `corpus/llm_answers.jsonl` that were labelled as grounded by reading. Mutations are drawn with a fixed seed. Speeds
are measured in one run, so their ratios say more than their seconds.
"""

# ruff: noqa: ARG001, ARG005  # every mutation takes an answer and a generator, and not all need both
from __future__ import annotations

import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from explainer.checking.check import check_answer
from explainer.checking.offered import Offered, offered_by_prompt
from explainer.checking.titles import canonical, similarity
from explainer.rendering.layout import parse_prompt

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("EXPLAINER_SHARED", ROOT.parent / "shared"))


@dataclass(frozen=True)
class Faithful:
    """A faithful answer, and what was offered to it."""

    id: str
    text: str
    offered: Offered


Mutation = Callable[[Faithful, random.Random], "str | None"]


def read_lines(*parts: str) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for line in SHARED.joinpath(*parts).read_text(encoding="utf-8").splitlines()
    ]


def faithful_answers() -> list[Faithful]:
    import yaml

    labels = yaml.safe_load(
        (ROOT / "tests/data/llm_answer_labels.yaml").read_text(encoding="utf-8")
    )
    found = []
    for row in read_lines("corpus", "golden.jsonl"):
        text = row["answer"] or row["other_answer"]
        found.append(Faithful(str(row["id"]), str(text), _offered(str(row["prompt"]))))
    real = (
        row for row in read_lines("corpus", "llm_answers.jsonl") if labels[row["id"]]["grounded"]
    )
    found += [
        Faithful(str(row["id"]), str(row["answer"]), _offered(str(row["prompt"]))) for row in real
    ]
    return found


def _offered(prompt: str) -> Offered:
    return offered_by_prompt(parse_prompt(prompt).unwrap())


TITLES = (
    [str(row["title"]) for row in read_lines("corpus", "papers.jsonl")] if SHARED.is_dir() else []
)
URLS = (
    [
        str(row[key])
        for row in read_lines("corpus", "papers.jsonl")
        for key in ("paper", "github")
        if row[key]
    ]
    if SHARED.is_dir()
    else []
)
_URL = re.compile(r"https?://[^\s)\]>]+")


# --- harmless rewrites ------------------------------------------------------------------------------------------------


def each_url(change: Callable[[str], str]) -> Mutation:
    return lambda answer, rng: _URL.sub(lambda match: change(match.group()), answer.text)


def _abs(url: str) -> str:
    return re.sub(r"/pdf/([\w.]+?)(?:\.pdf)?$", r"/abs/\1", url) if "arxiv.org" in url else url


def _git(url: str) -> str:
    return url + ".git" if re.fullmatch(r"https?://github\.com/[\w.-]+/[\w.-]+", url) else url


def each_title(change: Callable[[str], str]) -> Mutation:
    def mutate(answer: Faithful, rng: random.Random) -> str:
        text = answer.text
        for source in answer.offered.sources:
            if source.kind == "paper":
                text = text.replace(source.name, change(source.name))
        return text

    return mutate


def _levels(answer: Faithful, rng: random.Random) -> str:
    return re.sub(r"^#{2,4} ", "# ", answer.text, flags=re.MULTILINE)


def _bold_headings(answer: Faithful, rng: random.Random) -> str:
    return re.sub(r"^#{1,6} (.*)$", r"**\1**", answer.text, flags=re.MULTILINE)


def _plain_headings(answer: Faithful, rng: random.Random) -> str:
    return re.sub(r"^#{1,6} (.*)$", r"\1", answer.text, flags=re.MULTILINE)


def _link_syntax(answer: Faithful, rng: random.Random) -> str:
    return re.sub(
        r"(?<![(<\[])https?://[^\s)\]>]+",
        lambda match: f"[{match.group()}]({match.group()})",
        answer.text,
    )


def _markdown_titles(answer: Faithful, rng: random.Random) -> str:
    pattern = r"^(\s*[-*] )\*\*Model:?\*\*:? (.+)\n\s*[-*] \**Paper:?\**:? (http\S+)"
    return re.sub(pattern, r"\1[\2](\3)", answer.text, flags=re.MULTILINE)


def _table(answer: Faithful, rng: random.Random) -> str | None:
    lines, rows = answer.text.split("\n"), []
    starts = [
        at
        for at, line in enumerate(lines[:-2])
        if line.startswith("- **Model**: ") and lines[at + 1].startswith("  - Paper: ")
    ]
    for at in starts:
        cells = [lines[at][13:], lines[at + 1].partition(": ")[2], lines[at + 2].partition(": ")[2]]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    if not starts:
        return None
    table = ["| Model | Paper | GitHub |", "|---|---|---|", *rows]
    return "\n".join([*lines[: starts[0]], *table, *lines[starts[-1] + 3 :]])


HARMLESS: dict[str, Mutation] = {
    "as it is": lambda answer, rng: answer.text,
    "https": each_url(lambda url: url.replace("http://", "https://")),
    "/abs instead of /pdf": each_url(_abs),
    "another version": each_url(lambda url: re.sub(r"v\d(?=\.pdf$)", "v9", url)),
    ".git": each_url(_git),
    "trailing slash": each_url(lambda url: url + "/"),
    "<autolinks>": lambda answer, rng: re.sub(
        r"(?<![(<\[])https?://[^\s)\]>]+", lambda m: f"<{m.group()}>", answer.text
    ),
    "[links](links)": _link_syntax,
    "[titles](links)": _markdown_titles,
    "a table": _table,
    "CRLF": lambda answer, rng: answer.text.replace("\n", "\r\n"),
    "heading level": _levels,
    "bold headings": _bold_headings,
    "plain headings": _plain_headings,
    "titles in lower case": each_title(str.lower),
    "titles in bold": each_title(lambda title: f"**{title}**"),
    "titles in quotes": each_title(lambda title: f"“{title}”"),
    "titles with a full stop": each_title(lambda title: f"{title}."),
    "dashes in titles": each_title(lambda title: title.replace("-", "–")),
    "in one fence": lambda answer, rng: (
        f"```markdown\n{answer.text}\n```" if "```" not in answer.text else None
    ),
    "<think> before": lambda answer, rng: (
        f"<think>\nMaybe https://arxiv.org/abs/1706.03762?\n</think>\n\n{answer.text}"
    ),
}


# --- faults -----------------------------------------------------------------------------------------------------------


def one_url(change: Callable[[str, random.Random], str | None]) -> Mutation:
    def mutate(answer: Faithful, rng: random.Random) -> str | None:
        found = list(_URL.finditer(answer.text))
        rng.shuffle(found)
        for match in found:
            url = match.group().rstrip(".,")
            changed = change(url, rng)
            if changed is not None and changed != url:
                return (
                    answer.text[: match.start()] + changed + answer.text[match.start() + len(url) :]
                )
        return None

    return mutate


def _digit(url: str, rng: random.Random) -> str | None:
    match = re.search(r"\d{4}\.\d{4,5}", url)
    if match is None:
        return None
    at = rng.choice([at for at in range(match.start(), match.end()) if url[at].isdigit()])
    return url[:at] + rng.choice([d for d in "0123456789" if d != url[at]]) + url[at + 1 :]


def _owner(url: str, rng: random.Random) -> str | None:
    owner = rng.choice(["facebookresearch", "openai", "google-research", "someone"])
    return re.sub(r"(github\.com|huggingface\.co)/[\w.-]+/", rf"\1/{owner}/", url, count=1)


def _letter(url: str, rng: random.Random) -> str | None:
    match = re.search(r"github\.com/[\w.-]+/([\w.-]{4,})", url)
    if match is None:
        return None
    at = rng.randrange(match.start(1), match.end(1) - 1)
    return url[:at] + url[at + 1 :] if rng.random() < 0.5 else url[:at] + "x" + url[at:]


def _foreign(url: str, rng: random.Random) -> str:
    return rng.choice(
        [
            "https://arxiv.org/abs/1706.03762",
            "https://github.com/openai/CLIP",
            "https://www.nature.com/articles/s41586",
        ]
    )


LINK_FAULTS: dict[str, Mutation] = {
    "a digit changed": one_url(_digit),
    "another owner": one_url(_owner),
    "a letter more or less": one_url(_letter),
    "a foreign link": one_url(_foreign),
    "the link of another entry of the corpus": one_url(lambda url, rng: rng.choice(URLS)),
    "a placeholder": one_url(
        lambda url, rng: rng.choice(
            ["https://example.com/paper", "https://github.com/your-username/repo"]
        )
    ),
    "a broken scheme": one_url(
        lambda url, rng: url.replace("://", rng.choice([":/", "//", ":"]), 1)
    ),
    "cut short": one_url(lambda url, rng: url[: len(url) - rng.randint(7, 12)]),
}


def one_title(
    change: Callable[[str, random.Random], str | None], *, no_urls: bool = False
) -> Mutation:
    def mutate(answer: Faithful, rng: random.Random) -> str | None:
        sources = [source for source in answer.offered.sources if source.name in answer.text]
        rng.shuffle(sources)
        for source in sources:
            changed = change(source.name, rng)
            if changed is None or canonical(changed) == source.key:
                continue
            text = answer.text.replace(source.name, changed)
            if no_urls:
                text = re.sub(r"\]\(https?://[^)]*\)", "]", text)
                text = re.sub(r"^.*(?:Paper|GitHub)\W+https?://.*\n?", "", text, flags=re.MULTILINE)
                text = _URL.sub("", text)
            return text
        return None

    return mutate


def _word_replaced(title: str, rng: random.Random) -> str | None:
    words = title.split(" ")
    long = [at for at, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    if not long:
        return None
    words[rng.choice(long)] = rng.choice(
        ["Adaptive", "Robust", "Hierarchical", "Contrastive", "Efficient", "Temporal"]
    )
    return " ".join(words)


def _word_dropped(title: str, rng: random.Random) -> str | None:
    words = title.split(" ")
    if len(words) < 4:
        return None
    del words[rng.randrange(len(words))]
    return " ".join(words)


def _words_swapped(title: str, rng: random.Random) -> str | None:
    words = title.split(" ")
    if len(words) < 4:
        return None
    at = rng.randrange(len(words) - 1)
    words[at], words[at + 1] = words[at + 1], words[at]
    return " ".join(words)


def _letter_changed(title: str, rng: random.Random) -> str | None:
    at = rng.choice([at for at, char in enumerate(title) if char.isalpha()])
    return title[:at] + rng.choice("aeioust") + title[at + 1 :]


def _word_added(title: str, rng: random.Random) -> str:
    words = title.split(" ")
    words.insert(
        rng.randrange(len(words) + 1), rng.choice(["Robust", "Unified", "Revisited", "Scalable"])
    )
    return " ".join(words)


def _foreign_title(title: str, rng: random.Random) -> str:
    return rng.choice(
        [
            "Attention Is All You Need",
            "Denoising Diffusion Probabilistic Models",
            *rng.sample(TITLES, 8),
        ]
    )


TITLE_FAULTS: dict[str, Callable[[str, random.Random], str | None]] = {
    "a word replaced": _word_replaced,
    "a word dropped": _word_dropped,
    "two words swapped": _words_swapped,
    "a letter changed": _letter_changed,
    "a word added": _word_added,
    "a foreign title": _foreign_title,
}


def _swap_links(role: str) -> Mutation:
    def mutate(answer: Faithful, rng: random.Random) -> str | None:
        urls = {
            own.url
            for source in answer.offered.sources
            for own in source.links
            if own.role == role and own.url in answer.text
        }
        keys = {
            url: {o.link.key for s in answer.offered.sources for o in s.links if o.url == url}
            for url in urls
        }
        found = sorted(urls)
        rng.shuffle(found)
        for one in found:
            for other in found:
                if keys[one] != keys[other] and one not in other and other not in one:
                    return answer.text.replace(one, "\0").replace(other, one).replace("\0", other)
        return None

    return mutate


def _swap_titles(answer: Faithful, rng: random.Random) -> str | None:
    names = [source.name for source in answer.offered.sources if f"{source.name}\n" in answer.text]
    if len(names) < 2:
        return None
    one, other = rng.sample(names, 2)
    return (
        answer.text.replace(f"{one}\n", "\0\n")
        .replace(f"{other}\n", f"{one}\n")
        .replace("\0\n", f"{other}\n")
    )


SWAPS: dict[str, Mutation] = {
    "papers' links swapped": _swap_links("paper"),
    "code links swapped": _swap_links("github"),
    "titles swapped": _swap_titles,
}

_SECTION = re.compile(r"^(?:#{1,6} |\*\*)?\d\. .*$", re.MULTILINE)


def section_fault(which: int, *, keep_heading: bool) -> Mutation:
    def mutate(answer: Faithful, rng: random.Random) -> str | None:
        headings = list(_SECTION.finditer(answer.text))
        if len(headings) not in (3, 4):
            return None
        index = which if which < 2 else len(headings) - 1
        start = headings[index].end() + 1 if keep_heading else headings[index].start()
        end = headings[index + 1].start() if index + 1 < len(headings) else len(answer.text)
        return answer.text[:start] + answer.text[end:]

    return mutate


SECTIONS: dict[str, Mutation] = {
    f"section {number + 1} {what}": section_fault(number, keep_heading=keep)
    for number in range(3)
    for what, keep in (("removed", False), ("emptied", True))
}


# --- tables -----------------------------------------------------------------------------------------------------------


def measure(
    answers: list[Faithful], mutations: dict[str, Mutation], rounds: int
) -> dict[str, tuple[int, int, list[str]]]:
    """For each mutation: how many answers it made ungrounded, of how many; and the ids of the others."""
    result = {}
    for name, mutate in mutations.items():
        flagged, others = 0, []
        total = 0
        for answer in answers:
            for turn in range(rounds):
                text = mutate(answer, random.Random(f"{answer.id}{name}{turn}"))
                if text is None:
                    continue
                total += 1
                if check_answer(text, answer.offered).grounded:
                    others.append(answer.id)
                else:
                    flagged += 1
        result[name] = (flagged, total, others)
    return result


def table(title: str, rows: dict[str, tuple[int, int, list[str]]], wanted: str) -> None:
    flagged, total = sum(row[0] for row in rows.values()), sum(row[1] for row in rows.values())
    print(
        f"\n{title}: {flagged} of {total} flagged ({flagged / max(total, 1):.2%}); wanted {wanted}"
    )
    for name, (hit, count, _) in rows.items():
        print(f"  {name:42} {hit:5} of {count:5}  {hit / max(count, 1):7.2%}")


def hallmark() -> None:
    """Near-miss titles of HALLMARK against their true title, harmless retyping, and titles of other papers."""
    rows = read_lines("hallmark", "dev_public.jsonl")
    fields = [row["fields"] for row in rows if row.get("label") == "VALID"]
    titles = [
        str(field["title"]) for field in fields if isinstance(field, dict) and field.get("title")
    ]
    retyped = [
        t
        for title in titles
        for t in (
            title.upper(),
            title + ".",
            f'"{title}"',
            title.replace("-", "–"),
            title.replace(":", " -"),
        )
    ]
    sources = [title for title in titles for _ in range(5)]
    same = sum(
        canonical(one) == canonical(other) for one, other in zip(retyped, sources, strict=True)
    )
    near = []
    for row in rows:
        found = re.search(r"\(original: ['\"](.+)['\"]\)", str(row.get("explanation", "")))
        field = row["fields"]
        if row.get("hallucination_type") == "near_miss_title" and found and isinstance(field, dict):
            near.append((str(field["title"]), found[1]))
    caught = sum(canonical(one) != canonical(other) for one, other in near)
    rng = random.Random(7)
    others = [(one, rng.sample(titles, 10)) for one in titles]
    foreign = sum(
        all(
            canonical(one) == canonical(o) or similarity(canonical(one), canonical(o)) < 0.8
            for o in ten
        )
        for one, ten in others
    )
    print(
        f"\nHALLMARK: {same} of {len(retyped)} retyped titles equal; {caught} of {len(near)} near misses unequal;"
    )
    print(f"  {foreign} of {len(others)} titles not near any of ten others")


METACHARACTERS = [
    ")http://x", "[", "](", "![", "*", "_", "`", "<", ">", "- ", "#", "~", "|", "&", "\\", "(", "[[](", "**a", "a_",
    "[a](", "a\n", "|\n|-\n", "[x]: y\n", "http://a/ ", "arXiv:1234.5678 ", "10.1000/x ", '"', "- **Model:** a\n",
    "<think>", "【", "a.b/c ", "1. task\n",
]  # fmt: skip


def hostile(answer: Faithful) -> None:
    """The longest time for 1 MB of each of some marks, alone and inside an answer."""
    slowest = (0.0, "")
    for mark in METACHARACTERS:
        for text in (
            mark * (1_000_000 // len(mark)),
            answer.text[:2000] + mark * (1_000_000 // len(mark)),
        ):
            start = time.perf_counter()
            check_answer(text, answer.offered)
            slowest = max(slowest, (time.perf_counter() - start, repr(mark)))
    print(
        f"\n1 MB of each of {len(METACHARACTERS)} marks: {slowest[0]:.2f} s at most ({slowest[1]}); wanted < 1 s"
    )


def many(answers: list[Faithful]) -> None:
    chosen = (answers * (2000 // len(answers) + 1))[:2000]
    start = time.process_time()
    for answer in chosen:
        check_answer(answer.text, answer.offered)
    print(f"2,000 answers: {time.process_time() - start:.1f} s of one core; wanted < 10 s")


def cold(rounds: int) -> None:
    """Whole processes, in pairs: `check` of one answer against `build` of its prompt, in CPU time, compiled as installed."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        question, answer = ROOT / "questions/studio-portrait.yaml", Path(folder) / "answer.md"
        tool = [sys.executable, "-m", "explainer"]
        answer.write_bytes(
            subprocess.run(
                [*tool, "build", str(question), "--as", "answer"], check=True, capture_output=True
            ).stdout
        )
        build, check = (
            [*tool, "build", str(question)],
            [*tool, "check", str(answer), "--question", str(question)],
        )
        ratios, seconds = [], []
        for turn in range(rounds + 2):
            times = []
            for command in (build, check):
                start = _children_seconds()
                subprocess.run(command, check=True, capture_output=True, env=environment)
                times.append(_children_seconds() - start)
            if turn >= 2:
                ratios.append(times[1] / times[0])
                seconds.append(times[1])
    ratio = statistics.median(ratios)
    print(f"cold check of one answer: {statistics.median(seconds):.3f} s, {ratio:.2f} times a cold build "
          f"(median of {rounds} pairs); wanted <= 1.5")  # fmt: skip


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> Iterator[str] | None:
    if not SHARED.is_dir():
        print(f"no data at {SHARED}")
        return None
    rounds = 1 if "--quick" in sys.argv else 4
    answers = faithful_answers()
    print(f"{len(answers)} faithful answers")
    groups = defaultdict(dict)  # type: ignore[var-annotated]
    for name, change in TITLE_FAULTS.items():
        groups["with"][name] = one_title(change)
        groups["without"][name] = one_title(change, no_urls=True)
    results = {
        "Harmless rewrites of faithful answers": (measure(answers, HARMLESS, 1), "<= 1 %"),
        "Link faults": (measure(answers, LINK_FAULTS, rounds), ">= 98 %"),
        "Altered and foreign titles": (measure(answers, groups["with"], rounds), ">= 90 %"),
        "The same, with every URL removed": (
            measure(answers, groups["without"], rounds),
            ">= 80 %",
        ),
        "Swapped links": (measure(answers, SWAPS, rounds), ">= 95 %"),
        "Sections removed or emptied": (measure(answers, SECTIONS, 1), "100 %"),
    }
    for title, (rows, wanted) in results.items():
        table(title, rows, wanted)
    if "--show" in sys.argv:
        for rows, _ in results.values():
            for name, (_, _, others) in rows.items():
                print(name, sorted(set(others))[:6])
    hallmark()
    hostile(answers[0])
    many(answers)
    cold(15)
    return None


if __name__ == "__main__":
    main()

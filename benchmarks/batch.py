"""Batches, side by side with what one would write by hand: `python benchmarks/batch.py [--full]`.

Every figure is a ratio of medians of runs that take turns, so that a busy machine slows both sides. The corpus is looked
for beside the checkout (`../shared`, or EXPLAINER_SHARED); without it, entries of the same size are made up.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import yaml

from explainer.catalogs.loading import load_catalog
from explainer.catalogs.schema import ModelEntry, PaperEntry
from explainer.rendering.isolated import IsolatedRenderer
from explainer.rendering.renderer import Renderer, entry_data, render_context
from explainer.rendering.worker import TemplateFile

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("EXPLAINER_SHARED", ROOT.parent / "shared"))

LINES_SCRIPT = """\
import json, sys, yaml, jinja2
catalog = yaml.load(open(sys.argv[1]), yaml.CSafeLoader)
models = {entry["name"]: entry for entry in catalog["models"]}
papers = {entry["title"]: entry for entry in catalog["papers"]}
loader = jinja2.FileSystemLoader(sys.argv[4])
template = jinja2.Environment(loader=loader, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True).get_template("prompt.md.j2")
with open(sys.argv[2]) as lines, open(sys.argv[3], "w") as out:
    for q in map(json.loads, lines):
        text = template.render(question=q["question"], models=[models[n] for n in q["models"]], papers=[papers[n] for n in q["papers"]])
        out.write(json.dumps({"id": q["id"], "text": text}, ensure_ascii=False) + "\\n")
"""
FILES_SCRIPT = """\
import os, sys, yaml, jinja2
catalog = yaml.load(open(sys.argv[1]), yaml.CSafeLoader)
models = {entry["name"]: entry for entry in catalog["models"]}
papers = {entry["title"]: entry for entry in catalog["papers"]}
loader = jinja2.FileSystemLoader(sys.argv[4])
template = jinja2.Environment(loader=loader, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True).get_template("prompt.md.j2")
os.makedirs(sys.argv[3], exist_ok=True)
for name in sorted(os.listdir(sys.argv[2])):
    with open(os.path.join(sys.argv[2], name)) as stream:
        q = yaml.load(stream, yaml.CSafeLoader)
    text = template.render(question=q["question"], models=[models[n] for n in q["models"]], papers=[papers[n] for n in q["papers"]])
    with open(os.path.join(sys.argv[3], name[:-5] + ".prompt.md"), "w") as out:
        out.write(text)
"""
OWN = """\
You are terse.
{% for model in models %}
{{ loop.index }}. {{ model.name }} ({{ model.paper or "no paper" }})
{% endfor %}
{{ question }}
{% for paper in papers %}
{{ loop.index }}. {{ paper.title|upper }} <{{ paper.paper }}>{% if paper.github %}, code {{ paper.github }}{% endif %}

{{ paper.summary }}
{% endfor %}
Answer:
"""


def corpus() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Models and papers, each name once."""
    folder = SHARED / "corpus"
    if not folder.is_dir():
        words = "light depth image text model sparse robust of a the with “and” é".split()
        rng = random.Random(1)
        models = [{"name": f"Model {n}", "paper": f"https://example.org/m{n}"} for n in range(200)]
        papers = [
            {"title": f"Paper {n}", "paper": f"https://example.org/{n}", "summary": " ".join(rng.choices(words, k=230))}
            for n in range(600)
        ]
        return models, papers
    found = []
    for name, key in (("models", "name"), ("papers", "title")):
        entries = map(json.loads, (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
        found.append(list({one[key]: {k: v for k, v in one.items() if v} for one in entries}.values()))
    return found[0], [paper for paper in found[1] if "summary" in paper]


def take_turns(runs: int, **sides: Callable[[], object]) -> dict[str, float]:
    """Seconds of each side: the median of runs that take turns."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, side in sides.items():
            gc.collect()
            begun = time.perf_counter()
            side()
            times[name].append(time.perf_counter() - begun)
    return {name: statistics.median(values) for name, values in times.items()}


def show(what: str, ratio: float, wanted: str, rest: str) -> None:
    print(f"{what:<58} {ratio:6.2f}  {wanted:<8} {rest}", flush=True)


def rendering(count: int, runs: int) -> None:
    models, papers = corpus()
    ready = [entry_data(ModelEntry(**one)) for one in models], [entry_data(PaperEntry(**one)) for one in papers]
    rng = random.Random(2)
    contexts = [
        render_context(f"How does “{n}” work?", [rng.choice(ready[0])], rng.sample(ready[1], 3)) for n in range(count)
    ]
    as_dicts = [{k: v if k == "question" else [dict(e) for e in v] for k, v in one.items()} for one in contexts]
    environment = jinja2.Environment(keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True)
    sources = {
        name: (ROOT / "templates" / f"{name}.md.j2").read_text(encoding="utf-8") for name in ("prompt", "answer")
    }
    for name, source in {**sources, "own": OWN}.items():
        plain = environment.from_string(source)
        renderer = Renderer("x", {"x": source}.get)
        first = renderer.render(contexts[0]).value
        assert first is not None
        assert first.text == plain.render(as_dicts[0])
        sides: dict[str, Callable[[], object]] = {
            "plain": lambda plain=plain: [len(plain.render(one)) for one in as_dicts],  # type: ignore[misc]
            "ours": lambda r=renderer: [len(r.render(one).unwrap().text) for one in contexts],  # type: ignore[misc]
        }
        with IsolatedRenderer(TemplateFile("x", ROOT, source, {})) as isolated:
            if name == "own":
                sides["isolated"] = lambda i=isolated: len(i.render_all(contexts))  # type: ignore[misc]
            seconds = take_turns(runs, **sides)
        wanted = ">= 0.7" if name == "own" else ">= 2"
        rate = f"{count / seconds['ours']:,.0f}/s against {count / seconds['plain']:,.0f}/s"
        show(f"template {name}: in this process, against plain Jinja", seconds["plain"] / seconds["ours"], wanted, rate)
        if "isolated" in seconds:
            ratio = seconds["plain"] / seconds["isolated"]
            show(
                f"template {name}: in its own process (as batch does it)",
                ratio,
                wanted,
                f"{count / seconds['isolated']:,.0f}/s",
            )


def run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def explainer(*arguments: object) -> None:
    run(sys.executable, "-m", "explainer", "batch", *arguments)


def write_catalog(folder: Path) -> tuple[list[str], list[str]]:
    models, papers = corpus()
    (folder / "c.yaml").write_text(yaml.safe_dump({"models": models, "papers": papers}, allow_unicode=True), "utf-8")
    return [one["name"] for one in models], [one["title"] for one in papers]


def ask(number: int, names: tuple[list[str], list[str]], rng: random.Random) -> dict[str, Any]:
    return {
        "id": f"q-{number:06}", "question": f"Question {number}: how does AI keep the light so “real”, and with which steps?",
        "models": [rng.choice(names[0])], "papers": rng.sample(names[1], 3),
    }  # fmt: skip


def lines(folder: Path, count: int, runs: int) -> None:
    names, rng = write_catalog(folder), random.Random(3)
    with (folder / "q.jsonl").open("w", encoding="utf-8") as stream:
        for number in range(count):
            stream.write(json.dumps(ask(number, names, rng), ensure_ascii=False) + "\n")
    (folder / "script.py").write_text(LINES_SCRIPT)

    def ours(jobs: int) -> None:
        for path in folder.glob("ours.*"):
            path.unlink()
        explainer(folder / "q.jsonl", "--catalog", folder / "c.yaml", "--out", folder / "ours.jsonl", "--jobs", jobs)

    def script() -> None:
        run(
            sys.executable,
            folder / "script.py",
            folder / "c.yaml",
            folder / "q.jsonl",
            folder / "s.jsonl",
            ROOT / "templates",
        )

    seconds = take_turns(runs, script=script, one=lambda: ours(1), two=lambda: ours(2))
    assert (folder / "s.jsonl").read_bytes() == (folder / "ours.jsonl").read_bytes()
    for jobs, wanted in (("one", ">= 2"), ("two", ">= 3")):
        rest = f"{count:,} lines: {seconds[jobs]:.2f} s against {seconds['script']:.2f} s"
        show(
            f".jsonl → .jsonl, {jobs} job{'s' * (jobs == 'two')}, against a ten-line script",
            seconds["script"] / seconds[jobs],
            wanted,
            rest,
        )


def files(folder: Path, count: int, runs: int) -> None:
    names, rng = write_catalog(folder), random.Random(4)
    (folder / "q").mkdir()
    for number in range(count):
        asked = ask(number, names, rng)
        (folder / "q" / f"{asked.pop('id')}.yaml").write_text(yaml.safe_dump(asked, allow_unicode=True), "utf-8")
    (folder / "script.py").write_text(FILES_SCRIPT)

    def ours() -> None:
        explainer(folder / "q", "--catalog", folder / "c.yaml", "--out", folder / "ours")

    def script() -> None:
        shutil.rmtree(folder / "s", ignore_errors=True)
        run(sys.executable, folder / "script.py", folder / "c.yaml", folder / "q", folder / "s", ROOT / "templates")

    def first() -> None:
        shutil.rmtree(folder / "ours", ignore_errors=True)
        ours()

    seconds = take_turns(runs, script=script, first=first, second=ours)
    rest = f"{count:,} files: {seconds['first']:.2f} s against {seconds['script']:.2f} s"
    show("files → files, time against a bare loop", seconds["first"] / seconds["script"], "<= 1.6", rest)
    show(
        "the unchanged second run, time against the first",
        seconds["second"] / seconds["first"],
        "<= 0.15",
        f"{seconds['second']:.2f} s",
    )


def catalog(folder: Path, count: int, runs: int) -> None:
    rng = random.Random(5)
    words = "light depth image text model sparse robust of a the with and learning to see".split()
    path = folder / "big.yaml"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("papers:\n")
        for number in range(count):
            summary = " ".join(rng.choices(words, k=300))[:1300].strip()
            stream.write(
                f"  - title: 'Paper {number}'\n    paper: https://example.org/{number}\n    summary: >-\n      {summary}\n"
            )
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")

    def first() -> None:
        shutil.rmtree(folder / "cache", ignore_errors=True)
        assert not load_catalog(path).findings

    seconds = take_turns(runs, first=first, second=lambda: load_catalog(path))
    rest = f"{count:,} papers, {path.stat().st_size / 1e6:.0f} MB: {seconds['second']:.2f} s against {seconds['first']:.2f} s"
    show("a large catalog, second load against the first", seconds["second"] / seconds["first"], "<= 0.2", rest)


def memory(folder: Path, counts: tuple[int, int]) -> None:
    if not Path("/proc/self/status").exists():
        return
    names, rng = write_catalog(folder), random.Random(6)
    code = (
        "import sys; from explainer.cli.run import run; run(sys.argv[1:]); "
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    peaks = []
    for count in counts:
        with (folder / "m.jsonl").open("w", encoding="utf-8") as stream:
            for number in range(count):
                stream.write(json.dumps(ask(number, names, rng), ensure_ascii=False) + "\n")
        arguments = [
            "batch",
            folder / "m.jsonl",
            "--catalog",
            folder / "c.yaml",
            "--out",
            folder / f"m{count}.jsonl",
            "--jobs",
            "1",
        ]
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout) * 1024)
        (folder / f"m{count}.jsonl").unlink()
    each = (peaks[1] - peaks[0]) / (counts[1] - counts[0])
    show(
        f"bytes of memory a question, from {counts[0]:,} to {counts[1]:,}",
        each,
        "<= 128",
        f"peak {peaks[1] / 1e6:.0f} MB",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the sizes that the README quotes; some ten minutes")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    full = options.full
    print(f"{'what':<58} {'ratio':>6}  {'wanted':<8}")
    rendering(10_000 if full else 3_000, options.runs)
    parts: list[Callable[[Path], None]] = [
        lambda folder: lines(folder, 100_000 if full else 20_000, options.runs),
        lambda folder: files(folder, 10_000 if full else 3_000, options.runs),
        lambda folder: catalog(folder, 15_269 if full else 5_000, options.runs),
        lambda folder: memory(folder, (10_000, 300_000) if full else (5_000, 50_000)),
    ]
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            part(Path(folder))


if __name__ == "__main__":
    main()

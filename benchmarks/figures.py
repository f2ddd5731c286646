"""Every figure of benchmarks/SPEED.md, as its table: `python benchmarks/figures.py [--quick] [--before REVISION] [PART …]`.

One process is measured by its CPU time, several by the clock; a ratio is the median over runs that take turns. A part
that cannot be measured is a line on stderr, and the others go on. On two idle cores all of it takes some five minutes. Entries
and questions are those of `../shared/corpus` (or of EXPLAINER_SHARED): the questions of `golden.jsonl`, again and again,
and, which is kinder, one sentence with entries drawn at random. Without that folder, both are made up.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

import jinja2
import yaml

from explainer.catalogs.schema import ModelEntry, PaperEntry
from explainer.rendering.formats import FORMATS, LISTS, NO_OPTIONS, Context
from explainer.rendering.isolated import IsolatedRenderer
from explainer.rendering.outline import OutputOutline
from explainer.rendering.renderer import Renderer, entry_data, render_context
from explainer.rendering.worker import TemplateFile

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("EXPLAINER_SHARED", ROOT.parent / "shared"))
QUESTION = ROOT / "questions" / "studio-portrait.yaml"

# What every command imports, idle.
FLOOR = """\
import jinja2.sandbox, typer, yaml
from pydantic import BaseModel
"""
HEAD = """\
import json, os, sys, yaml, jinja2
catalog = yaml.load(open(sys.argv[1]), yaml.CSafeLoader)
models = {entry["name"]: entry for entry in catalog["models"]}
papers = {entry["title"]: entry for entry in catalog["papers"]}
loader = jinja2.FileSystemLoader(sys.argv[4])
template = jinja2.Environment(loader=loader, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True).get_template("prompt.md.j2")
def render(q):
    return template.render(question=q["question"], models=[models[n] for n in q["models"]], papers=[papers[n] for n in q["papers"]])
"""
LINES_SCRIPT = f"""{HEAD}
with open(sys.argv[2]) as lines, open(sys.argv[3], "w") as out:
    for q in map(json.loads, lines):
        out.write(json.dumps({{"id": q["id"], "text": render(q)}}, ensure_ascii=False) + "\\n")
"""
FILES_SCRIPT = f"""{HEAD}
os.makedirs(sys.argv[3])
for name in sorted(os.listdir(sys.argv[2])):
    with open(os.path.join(sys.argv[2], name)) as stream:
        text = render(yaml.load(stream, yaml.CSafeLoader))
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

Entry: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Times:
    """What one run of a program took."""

    cpu: float
    wall: float


# --- how things are measured ---


def run(*command: object, tree: Path = ROOT) -> Times:
    """Run a program with the package of a checkout, and its bytecode cached; it and its children are measured."""
    # by words alone: which models of language are installed is not what is measured
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "EXPLAINER_SEMANTIC": "off"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=tree,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Times(usage.ru_utime + usage.ru_stime, time.perf_counter() - start)


def explainer(*arguments: object, tree: Path = ROOT) -> Times:
    return run(sys.executable, "-m", "explainer", *arguments, tree=tree)


Sides: TypeAlias = dict[str, Callable[[], Times]]
Rounds: TypeAlias = list[dict[str, Times]]


def rounds(runs: int, sides: Sides) -> Rounds:
    """What each side took, in runs that take turns."""
    return [{name: side() for name, side in sides.items()} for _ in range(runs)]


def ratio(
    taken: Rounds, side: str, against: str, by: Callable[[Times], float] = attrgetter("cpu")
) -> float | None:
    """The time of one side by that of another: the median over all rounds; None for a side that was not measured."""
    if side not in taken[0] or against not in taken[0]:
        return None
    return statistics.median(by(row[side]) / by(row[against]) for row in taken)


def show(
    what: str,
    against: str,
    bound: str,
    now: float | None,
    before: float | None = None,
    unit: str = "×",
) -> None:
    before_shown, now_shown = (
        "" if value is None else f"{value:.2f} {unit}" for value in (before, now)
    )
    print(f"| {what} | {against} | {bound} | {before_shown} | {now_shown} |", flush=True)


# --- what is rendered ---


def corpus() -> tuple[dict[str, Entry], dict[str, Entry], list[Entry]]:
    """Models by name, papers by title, and questions that name them."""
    models: dict[str, Entry] = {}
    papers: dict[str, Entry] = {}
    folder = SHARED / "corpus"
    if not folder.is_dir():
        return made_up()
    questions = []
    for line in (folder / "golden.jsonl").read_text("utf-8").splitlines():
        asked = json.loads(line)
        for model in asked["models"]:
            models.setdefault(model["name"], filled(model))
        for paper in asked["papers"]:
            papers.setdefault(paper["title"], filled(paper))
        names = {
            "models": [m["name"] for m in asked["models"]],
            "papers": [p["title"] for p in asked["papers"]],
        }
        questions.append({"id": asked["id"][:100], "question": asked["question"], **names})
    for name, key, entries in (("models", "name", models), ("papers", "title", papers)):
        for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines():
            entry = json.loads(line)
            entries.setdefault(entry[key], filled(entry))
    return models, papers, questions


def filled(entry: Entry) -> Entry:
    return {key: value for key, value in entry.items() if value}


def made_up() -> tuple[dict[str, Entry], dict[str, Entry], list[Entry]]:
    words = "light depth image text model sparse robust of a the with “and” é".split()
    draw = random.Random(1)
    models = {
        f"Model {n}": {"name": f"Model {n}", "paper": f"https://example.org/m{n}"}
        for n in range(200)
    }
    papers = {
        f"Paper {n}": {"title": f"Paper {n}", "paper": f"https://example.org/{n}", "summary": " ".join(draw.choices(words, k=230))}
        for n in range(600)
    }  # fmt: skip
    names = list(models), list(papers)
    questions = [
        {"id": f"q{n}", "question": " ".join(draw.choices(words, k=25)), "models": draw.sample(names[0], 1), "papers": draw.sample(names[1], 3)}
        for n in range(50)
    ]  # fmt: skip
    return models, papers, questions


def write_catalog(path: Path) -> list[Entry]:
    models, papers, questions = corpus()
    entries = {"models": list(models.values()), "papers": list(papers.values())}
    path.write_text(yaml.dump(entries, Dumper=yaml.CSafeDumper, allow_unicode=True), "utf-8")
    return questions


def golden_mix(count: int) -> Iterator[Entry]:
    _, _, questions = corpus()
    for number in range(count):
        asked = questions[number % len(questions)]
        yield {**asked, "id": f"{asked['id']}-{number}"}


def kind_mix(count: int) -> Iterator[Entry]:
    models, papers, _ = corpus()
    names, draw = (list(models), list(papers)), random.Random(3)
    for number in range(count):
        question = f"Question {number}: how does AI keep the light so “real”, and with which steps?"
        yield {
            "id": f"q-{number:06}", "question": question, "models": [draw.choice(names[0])],
            "papers": draw.sample(names[1], 3),
        }  # fmt: skip


def write_lines(path: Path, questions: Iterator[Entry]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(question, ensure_ascii=False) + "\n" for question in questions)


# --- the figures ---


@dataclass(frozen=True)
class Settings:
    """How much is measured, and beside what."""

    quick: bool
    before: Path | None

    def size(self, full: int) -> int:
        return full // 10 if self.quick else full

    def trees(self) -> dict[str, Path]:
        return {"now": ROOT} | ({"before": self.before} if self.before else {})


def startup(settings: Settings, folder: Path) -> None:
    answer = folder / "answer.md"
    explainer("build", QUESTION, "--as", "answer", "--out", answer)
    (folder / "one" / "questions").mkdir(parents=True)
    shutil.copy(QUESTION, folder / "one" / "questions")
    shutil.copytree(ROOT / "catalogs", folder / "one" / "catalogs")
    asked = "How does AI colourise old photos?"
    commands: dict[str, tuple[str, list[object]]] = {
        "a cold `build`": ("≤ 1.10", ["build", QUESTION]),
        "a cold `check`": ("≤ 1.10", ["check", answer, "--question", QUESTION]),
        "a cold `validate`": ("≤ 1.10", ["validate", folder / "one" / "questions"]),
        "`--help`": ("≤ 1.10", ["--help"]),
        "a `build` that recommends by words": ("≤ 1.5", ["build", "--text", asked]),
    }
    for what, (bound, arguments) in commands.items():
        sides: Sides = {"floor": lambda: run(sys.executable, "-c", FLOOR)}
        for name, tree in settings.trees().items():
            sides[name] = partial(explainer, *arguments, tree=tree)
        rounds(1, sides)  # bytecode and catalogs are cached from now on
        taken = rounds(5 if settings.quick else 21, sides)
        now, before = ratio(taken, "now", "floor"), ratio(taken, "before", "floor")
        show(what, "its libraries, imported and idle", bound, now, before)


def rendering(settings: Settings, _folder: Path) -> None:
    models, papers, _ = corpus()
    entries = (
        [entry_data(ModelEntry(**model)) for model in models.values()],
        [entry_data(PaperEntry(**paper)) for paper in papers.values() if "summary" in paper],
    )
    draw = random.Random(2)
    contexts = [
        render_context(
            f"How does “{n}” work?", [draw.choice(entries[0])], draw.sample(entries[1], 3)
        )
        for n in range(settings.size(10_000))
    ]
    environment = jinja2.Environment(
        keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    shipped = (ROOT / "templates" / "prompt.md.j2").read_text("utf-8")

    def plain(source: str) -> Callable[[], Times]:
        template = environment.from_string(source)
        return lambda: cpu_of(lambda: deque(map(template.render, contexts), maxlen=0))

    outline = Renderer("x", {"x": shipped}.get).outline
    assert outline is not None
    prepared = OutputOutline(outline, None, FORMATS["text"].file, str.encode, NO_OPTIONS)
    offered = {id(entry): SimpleNamespace(data=entry) for group in entries for entry in group}

    def filled(context: Context) -> bytes | None:
        models, papers = ([offered[id(entry)] for entry in context[kind]] for kind in LISTS)
        return prepared.fill(("", "", context["question"], ""), (models, papers))

    here = rounds(
        5,
        {
            "plain": plain(shipped),
            "now": lambda: cpu_of(lambda: deque(map(filled, contexts), maxlen=0)),
        },
    )
    rate = ratio(here, "plain", "now")
    show(
        "rendering the shipped prompt in this process, rate",
        "plain precompiled Jinja2",
        "≥ 2",
        rate,
    )

    def whole(contexts: list[Context]) -> float:
        start = used()
        with IsolatedRenderer(TemplateFile("x", ROOT, OWN, {})) as renderer:
            renderer.render_all(contexts)
        return used() - start  # a child's time is known when it has ended

    def isolated() -> Times:
        return Times(whole(contexts) - whole(contexts[:50]), 0)  # without its start

    rate = ratio(rounds(5, {"plain": plain(OWN), "now": isolated}), "plain", "now")
    show(
        "rendering a template of one's own that counts its loops, in its process, rate",
        "the same",
        "",
        rate,
    )


def cpu_of(work: Callable[[], object]) -> Times:
    """What some work takes in this process and in the children that it ended."""
    start = used()
    work()
    return Times(used() - start, 0)


def used() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def lines(settings: Settings, folder: Path) -> None:
    write_catalog(folder / "c.yaml")
    (folder / "script.py").write_text(LINES_SCRIPT)
    count = settings.size(100_000)

    def script() -> Times:
        command = (
            folder / "script.py",
            folder / "c.yaml",
            folder / "q.jsonl",
            folder / "s.jsonl",
            ROOT / "templates",
        )
        return run(sys.executable, *command)

    def batch(jobs: int, tree: Path) -> Times:
        for path in folder.glob("ours.*"):
            path.unlink()
        target = ("--catalog", folder / "c.yaml", "--out", folder / "ours.jsonl", "--jobs", jobs)
        return explainer("batch", folder / "q.jsonl", *target, tree=tree)

    for mix, questions in (("golden", golden_mix), ("kind", kind_mix)):
        write_lines(folder / "q.jsonl", questions(count))
        sides: Sides = {"script": script}
        for name, tree in settings.trees().items():
            sides[name] = partial(batch, 1, tree)
            if mix == "golden":
                sides[f"two jobs {name}"] = partial(batch, 2, tree)
        taken = rounds(3, sides)
        assert (folder / "s.jsonl").read_bytes() == (folder / "ours.jsonl").read_bytes()
        what = f"{count:,} lines → lines ({mix} mix)"
        now, before = ratio(taken, "script", "now"), ratio(taken, "script", "before")
        show(f"{what}, one job, rate in CPU time", "a ten-line script", "≥ 4", now, before)
        if mix == "golden":
            show_clock(what, taken)


def show_clock(what: str, taken: Rounds) -> None:
    """Show two jobs by the clock, which says something on a machine that does nothing else."""
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    for against, bound, one in (
        (f"the same script ({load})", "≥ 7", "script"),
        ("one job", "≥ 1.8", ""),
    ):
        now = ratio(taken, one or "now", "two jobs now", attrgetter("wall"))
        before = ratio(taken, one or "before", "two jobs before", attrgetter("wall"))
        show(f"{what}, two jobs, rate by the clock", against, bound, now, before)


def files(settings: Settings, folder: Path) -> None:
    write_catalog(folder / "c.yaml")
    (folder / "script.py").write_text(FILES_SCRIPT)
    (folder / "q").mkdir()
    count = settings.size(10_000)
    for asked in golden_mix(count):
        (folder / "q" / f"{asked.pop('id')}.yaml").write_text(
            yaml.dump(asked, Dumper=yaml.CSafeDumper, allow_unicode=True), "utf-8"
        )

    def script() -> Times:
        shutil.rmtree(folder / "s", ignore_errors=True)
        command = (
            folder / "script.py",
            folder / "c.yaml",
            folder / "q",
            folder / "s",
            ROOT / "templates",
        )
        return run(sys.executable, *command)

    def first(tree: Path) -> Times:
        shutil.rmtree(folder / "ours", ignore_errors=True)
        return again(tree)

    def again(tree: Path) -> Times:
        target = ("--catalog", folder / "c.yaml", "--out", folder / "ours", "--jobs", 1)
        return explainer("batch", folder / "q", *target, tree=tree)

    sides: Sides = {"script": script}
    for name, tree in settings.trees().items():
        sides[name] = partial(first, tree)
        sides[f"second {name}"] = partial(again, tree)
    taken = rounds(3, sides)
    now, before = ratio(taken, "now", "script"), ratio(taken, "before", "script")
    show(f"{count:,} files → files, CPU time", "a bare loop", "≤ 1.6", now, before)
    now, before = ratio(taken, "second now", "now"), ratio(taken, "second before", "before")
    show("the same again, nothing changed", "the first run", "≤ 0.15", now, before)


def validation(settings: Settings, folder: Path) -> None:
    draw = random.Random(5)
    words = "light depth image text model sparse robust of a the with and learning to see".split()
    (folder / "catalogs").mkdir()
    (folder / "questions").mkdir()
    catalog = folder / "catalogs" / "big.yaml"
    with catalog.open("w", encoding="utf-8") as stream:
        stream.write("papers:\n")
        for number in range(settings.size(15_000)):
            summary = " ".join(draw.choices(words, k=240))
            stream.write(
                f"  - title: Paper {number}\n    paper: https://example.org/{number}\n    summary: {summary}\n"
            )
    for number in range(settings.size(1_000)):
        text = f"question: How does {number} work?\nmodels: []\npapers: [Paper {number}]\n"
        (folder / "questions" / f"q{number}.yaml").write_text(text)
    code = f"import glob, yaml\nfor file in glob.glob({str(folder)!r} + '/*/*.yaml'): yaml.load(open(file), yaml.CSafeLoader)"

    sides: Sides = {"yaml": lambda: run(sys.executable, "-c", code)}
    for name, tree in settings.trees().items():
        sides[name] = partial(explainer, "validate", folder, tree=tree)
    taken = rounds(3, sides)
    what = f"`validate` of {settings.size(1_000):,} questions and {catalog.stat().st_size / 1e6:.0f} MB of catalog"
    show(
        what,
        "`yaml.load` with libyaml",
        "≤ 1.2",
        ratio(taken, "now", "yaml"),
        ratio(taken, "before", "yaml"),
    )


def memory(settings: Settings, folder: Path) -> None:
    write_catalog(folder / "c.yaml")
    code = (
        "import resource, sys; from explainer.__main__ import run; run(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    counts = (settings.size(10_000), settings.size(300_000))
    for count in counts:
        write_lines(folder / "q.jsonl", golden_mix(count))
        target = [
            "--catalog",
            str(folder / "c.yaml"),
            "--out",
            str(folder / f"{count}.jsonl"),
            "--jobs",
            "1",
        ]
        command = [sys.executable, "-c", code, "batch", str(folder / "q.jsonl"), *target]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) * 1024)
        (folder / f"{count}.jsonl").unlink()
    each = (peaks[1] - peaks[0]) / (counts[1] - counts[0])
    show(
        f"memory for each question, {counts[1]:,} instead of {counts[0]:,}",
        "",
        "≤ 128",
        each,
        unit="bytes",
    )


PARTS = {
    "startup": startup, "rendering": rendering, "lines": lines, "files": files, "validation": validation, "memory": memory,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; by default all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes")
    parser.add_argument(
        "--before", metavar="REVISION", help="measure another revision beside this one"
    )
    options = parser.parse_args()
    print("| what | against | wanted | before | now |\n|---|---|---|---|---|")
    failed = False
    with tempfile.TemporaryDirectory() as checkout:
        before = exported(options.before, Path(checkout)) if options.before else None
        for name in options.parts or PARTS:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    PARTS[name](Settings(options.quick, before), Path(folder))
                except (AssertionError, OSError, subprocess.CalledProcessError) as error:
                    print(f"{name} could not be measured: {error!r}", file=sys.stderr)
                    failed = True
    sys.exit(failed)


def exported(revision: str, folder: Path) -> Path:
    """Write the files of a revision into a folder."""
    archive = subprocess.run(
        ["git", "archive", revision], cwd=ROOT, check=True, capture_output=True
    )
    subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True)
    return folder


if __name__ == "__main__":
    main()

"""Build the static site: the docs, the reference, and a page for each task, model and paper of the shipped catalogs.

    pip install -e '.[site]' && python -m website.build OUT

The pages need no server: search works from a disk, and nothing is loaded from elsewhere.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sphinx.cmd.build import build_main
from website.reference import api_page, commands_page, files_page

from explainer import Library, ModelEntry, PaperEntry, Signature, Task, load_catalogs, load_question
from explainer.diagnostics.text import slugify
from explainer.workflows.compose import Component, compose
from explainer.workflows.svg import svg

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent

AnyEntry: TypeAlias = ModelEntry | PaperEntry

# Every sign that Markdown may read as markup; CommonMark lets each be escaped (spec 0.31.2, section 2.4).
_MARKUP = re.compile(r"([!-/:-@\[-`{-~])")
# Pages that the repository keeps elsewhere than in docs/, and their names on the site.
_BESIDE_THE_DOCS = {
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "SECURITY.md": "SECURITY.md",
    "catalogs/SOURCES.md": "sources.md",
    "benchmarks/README.md": "measured.md",
    "benchmarks/SPEED.md": "speed.md",
}
# A link from a page of the docs to a file of the repository.
_TO_CODE = re.compile(r"\[([^\]]*)\]\(\.\./[^)]*\)")
# Labels of links, in the order in which a reader wants them.
_LINKS = {"paper": "Paper", "github": "Code", "huggingface": "Hugging Face"}


@dataclass(frozen=True, slots=True)
class EntryPage:
    """What the page of an entry shows.

    Attributes:
        entry: the model or paper.
        path: the place of the page below the site, without suffix.
        task: its task, where the catalogs know it.
        links: the label and the URL of each link.
        related: models for a paper, papers for a model: those that share a link with it.
        questions: the shipped questions that name it.
    """

    entry: AnyEntry
    path: str
    task: Task | None
    links: Sequence[tuple[str, str]]
    related: Sequence[tuple[str, str]]
    questions: Sequence[str]


def escaped(text: str) -> str:
    """Return text on one line that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def site_text(path: Path) -> str:
    """Return a page of the repository as one of the site, where pages are at the root and code has none."""
    text = path.read_text(encoding="utf-8")
    for page, name in _BESIDE_THE_DOCS.items():
        text = text.replace(f"](../{page}", f"]({name}").replace(f"]({page}", f"]({name}")
    return _TO_CODE.sub(r"\1", text.replace("](docs/", "]("))


def links_of(entry: AnyEntry) -> list[tuple[str, str]]:
    """Return the links of an entry, each with its label."""
    labelled = [(label, getattr(entry, field)) for field, label in _LINKS.items()]
    return [(label, url) for label, url in labelled if url] + [("More", url) for url in entry.links]


def path_of(library: Library, entry: AnyEntry) -> str:
    """Return the place of an entry's page; the id is unique within a kind."""
    if isinstance(entry, ModelEntry):
        return f"catalog/models/{slugify(library.models.id_of(entry))}"
    return f"catalog/papers/{slugify(library.papers.id_of(entry))}"


def questions_by_name(folder: Path) -> dict[str, list[str]]:
    """Return the texts of the shipped questions, by the names of the entries that they name."""
    questions: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.glob("*.yaml")):
        question = load_question(path).unwrap().question
        for named in (*(question.models or ()), *(question.papers or ())):
            questions[str(named)].append(question.question)
    return questions


def entry_pages(library: Library, questions: dict[str, list[str]]) -> Iterator[EntryPage]:
    """Return the pages of all models and papers."""
    tasks = tasks_by_name(library)
    entries: list[AnyEntry] = [*library.models, *library.papers]
    sharing: defaultdict[str, list[AnyEntry]] = defaultdict(list)
    for entry in entries:
        if entry.paper:
            sharing[entry.paper].append(entry)
    for entry in entries:
        sharers = sharing[entry.paper] if entry.paper else []
        related = [
            (other.label, path_of(library, other))
            for other in sharers
            if type(other) is not type(entry)
        ]
        task = tasks.get(entry.task or "")
        yield EntryPage(
            entry,
            path_of(library, entry),
            task,
            links_of(entry),
            related,
            questions.get(entry.label, ()),
        )


def tasks_by_name(library: Library) -> dict[str, Task]:
    """Return the tasks of the catalogs by id and alias."""
    by_alias = {alias: task for task in library.tasks for alias in task.aliases}
    return by_alias | {task.id: task for task in library.tasks}


def draw(library: Library, model: ModelEntry, path: Path) -> bool:
    """Draw what a model takes and gives; returns whether there is anything to draw."""
    signature = library.ports.parse(model.signature or "")
    if not isinstance(signature, Signature):
        return False
    workflows = compose([Component(model.name, signature)], library.ports).workflows
    if not workflows:
        return False
    path.write_text(svg(workflows[0], model.name), encoding="utf-8")
    return True


class SiteSource:
    """The folder of Markdown from which Sphinx builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Pages are Markdown, so what is inserted is escaped by hand, where it is text.
        self._jinja = Environment(  # noqa: S701
            loader=FileSystemLoader(HERE / "_templates"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.filters["escaped"] = escaped
        self._jinja.filters["slug"] = slugify

    def write(self, template: str, path: str, **values: object) -> None:
        """Write the page of a template."""
        target = self.folder / f"{path}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self._jinja.get_template(template).render(**values), encoding="utf-8")

    def copy_docs(self) -> None:
        """Copy the docs, and the README as the first page."""
        shutil.copytree(ROOT / "docs" / "images", self.folder / "images")
        pages = {path: path.name for path in ROOT.glob("docs/*.md")}
        pages |= {ROOT / page: name for page, name in _BESIDE_THE_DOCS.items()}
        for path, name in pages.items():
            (self.folder / name).write_text(site_text(path), encoding="utf-8")
        self.write("index.md.j2", "index", readme=site_text(ROOT / "README.md"))

    def write_reference(self) -> None:
        """Write the pages that are made from the code."""
        for name, page in (("commands", commands_page), ("files", files_page), ("api", api_page)):
            (self.folder / f"{name}.md").write_text(page(), encoding="utf-8")

    def write_catalog(self, library: Library) -> None:
        """Write the pages of tasks and entries."""
        pages = list(entry_pages(library, questions_by_name(ROOT / "questions")))
        by_task: defaultdict[str, list[EntryPage]] = defaultdict(list)
        drawings = self.folder / "catalog" / "drawings"
        drawings.mkdir(parents=True)
        for page in pages:
            drawing = drawings / f"{Path(page.path).name}.svg"
            drawn = isinstance(page.entry, ModelEntry) and draw(library, page.entry, drawing)
            self.write("entry.md.j2", page.path, page=page, drawing=drawing.name if drawn else None)
            by_task[page.task.id if page.task else ""].append(page)
        tasks = sorted(library.tasks, key=lambda task: task.id)
        for task in tasks:
            models, papers = by_kind(by_task[task.id])
            self.write(
                "task.md.j2",
                f"catalog/tasks/{slugify(task.id)}",
                task=task,
                models=models,
                papers=papers,
            )
        counts = [(task, *map(len, by_kind(by_task[task.id]))) for task in tasks]
        self.write("catalog.md.j2", "catalog/index", counts=counts)


def by_kind(pages: Iterable[EntryPage]) -> tuple[list[EntryPage], list[EntryPage]]:
    """Return the pages of models and those of papers."""
    models: list[EntryPage] = []
    papers: list[EntryPage] = []
    for page in pages:
        (models if isinstance(page.entry, ModelEntry) else papers).append(page)
    return models, papers


def main() -> int:
    """Build the site into a folder; returns the exit status of Sphinx."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path, help="the folder of the site")
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as temporary:
        source = SiteSource(Path(temporary))
        source.copy_docs()
        source.write_reference()
        source.write_catalog(load_catalogs().unwrap())
        doctrees = source.folder / "_doctrees"
        arguments = [
            "-b",
            "html",
            "-c",
            str(HERE),
            "-d",
            str(doctrees),
            "-j",
            "auto",
            "-W",
            "--keep-going",
            "-q",
        ]
        return int(build_main([*arguments, str(source.folder), str(out)]))


if __name__ == "__main__":
    sys.exit(main())

"""Paths that are no regular files: pipes, devices, sockets, links without end, folders without end."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.support import SLOW, write_tree
from tests.hostile.support import QUESTION, attack, project

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link_to_pipe(path: Path) -> None:
    target = path.absolute().with_name("hidden.pipe")
    os.mkfifo(target)
    path.symlink_to(target)


def _socket(path: Path) -> None:
    home = Path.cwd()
    os.chdir(path.parent)  # the name of a socket has room for a hundred bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(home)


NO_FILES: dict[str, Callable[[Path], None]] = {
    "pipe": _pipe,
    "link to a pipe": _link_to_pipe,
    "endless device": lambda path: path.symlink_to("/dev/zero"),
    "empty device": lambda path: path.symlink_to("/dev/null"),
    "full device": lambda path: path.symlink_to("/dev/full"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
    "folder": lambda path: path.mkdir(),
    "loop": lambda path: path.symlink_to(path.name),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "socket": _socket,
    "process": lambda path: path.symlink_to("/proc/self/mem"),
}

READS = {
    "template": ("t.j2", ("build", "q/a.yaml", "--template", "t.j2")),
    "batch template": ("t.j2", ("batch", "q", "--out", "out", "--template", "t.j2")),
    "included": ("in.j2", ("batch", "q", "--out", "out", "--template", "includes.j2")),
    "question": ("x.yaml", ("build", "x.yaml")),
    "source": ("x.jsonl", ("batch", "x.jsonl", "--out", "o.jsonl")),
    "table": ("x.csv", ("batch", "x.csv", "--out", "o.jsonl")),
    "columns": ("x.parquet", ("batch", "x.parquet", "--out", "o.jsonl")),
    "below": ("q/x.yaml", ("batch", "q", "--out", "out")),
    "catalog": ("catalogs/x.yaml", ("build", "q/a.yaml")),
    "given catalog": ("x.yaml", ("catalog", "list", "--catalog", "x.yaml")),
    "batch catalog": ("catalogs/x.yaml", ("batch", "q", "--out", "out")),
    "validated": ("q/x.yaml", ("validate", ".")),
    "validated lines": ("q/x.jsonl", ("validate", ".")),
    "validated template": ("q/x.j2", ("validate", ".")),
    "manifest": ("out/prompt.manifest.jsonl", ("batch", "q", "--out", "out")),
    "compared": ("out/prompt.manifest.jsonl", ("batch", "q", "--out", "out", "--check")),
    "manifest of lines": ("o.manifest.jsonl", ("batch", "q.jsonl", "--out", "o.jsonl")),
    "output": ("out/a.prompt.md", ("batch", "q", "--out", "out", "--check")),
    "lines": ("o.jsonl", ("batch", "q.jsonl", "--out", "o.jsonl", "--check")),
    "answer": ("x.md", ("check", "x.md", "--question", "q/a.yaml")),
    "answers": ("answers/x.md", ("check", "answers", "--question", "q")),
    "answer lines": ("x.jsonl", ("check", "x.jsonl")),
    "prompt": ("x.txt", ("check", "a.md", "--prompt", "x.txt")),
    "waivers": ("x.yaml", ("check", "a.md", "--question", "q/a.yaml", "--waivers", "x.yaml")),
    "baseline": ("x.json", ("check", "a.md", "--question", "q/a.yaml", "--baseline", "x.json")),
    "proof": ("x.jsonl", ("check", "a.md", "--question", "q/a.yaml", "--provenance", "x.jsonl")),
    "import": ("x.csv", ("catalog", "import", "x.csv")),
    "merged": ("x.yaml", ("catalog", "import", "more.csv", "--out", "x.yaml")),
    "origins": (
        "catalogs/c.sources.jsonl",
        ("catalog", "import", "more.csv", "--out", "catalogs/c.yaml"),
    ),
    "card": ("cards/README.md", ("catalog", "import", "cards")),
    "questions": ("x.jsonl", ("recommend", "--questions", "x.jsonl")),
    "evaluation": ("x.jsonl", ("recommend", "--evaluate", "x.jsonl")),
    "linted": ("catalogs/x.yaml", ("catalog", "lint", "catalogs")),
    "renamed": ("q/x.yaml", ("catalog", "rename", "M", "N")),
    "workflow": ("x.yaml", ("workflow", "x.yaml")),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_no_file_where_one_is_read(kind: str) -> None:
    for name, (place, arguments) in READS.items():
        if (
            not SLOW
            and kind not in ("pipe", "loop")
            and name not in ("batch template", "manifest", "card", "answer")
        ):
            continue
        folder = Path(name)
        write_tree(folder, {
            "pyproject.toml": "", "q/a.yaml": QUESTION, "catalogs/c.yaml": "models:\n  - name: M\npapers:\n  - title: P\n",
            "q.jsonl": '{"question": "Why?", "models": ["M"], "papers": []}\n', "includes.j2": "{% include 'in.j2' %}",
            "a.md": "### 1. Task\nx\n", "more.csv": "name\nX\n",
        })  # fmt: skip
        os.chdir(folder)
        Path(place).parent.mkdir(exist_ok=True)
        NO_FILES[kind](Path(place))
        attack(*arguments, seconds=8)
        os.chdir("..")


WRITES = {
    "build": ("build", "q/a.yaml", "--out", "x"),
    "report": ("check", "a.md", "--question", "q/a.yaml", "--out", "x"),
    "baseline": ("check", "a.md", "--question", "q/a.yaml", "--write-baseline", "x"),
    "export": ("catalog", "export", "--format", "csv", "--out", "x"),
    "import": ("catalog", "import", "more.csv", "--out", "x"),
    "lines": ("batch", "q", "--out", "x.jsonl"),
    "folder": ("batch", "q", "--out", "x"),
}


@pytest.mark.parametrize(
    "kind",
    [kind for kind in NO_FILES if kind not in ("pipe", "link to a pipe", "terminal", "process")],
)
def test_no_file_where_one_is_written(kind: str) -> None:
    project(a__md="### 1. Task\nx\n", more__csv="name\nX\n")
    for arguments in WRITES.values():
        place = Path(arguments[-1])
        NO_FILES[kind](place)
        attack(*arguments, seconds=8)
        if place.is_dir() and not place.is_symlink():
            place.rename(f"gone-{arguments[0]}-{arguments[-1]}")
        else:
            place.unlink()


def test_links_that_double_are_listed_once() -> None:
    project()
    Path("d").mkdir()
    os.chdir("d")
    for number in range(24):
        Path(f"{number:02}").mkdir()
        for name in "ab":
            Path(f"{number:02}/{name}").symlink_to(f"../{number + 1:02}")
    Path("24").mkdir()
    Path("24/x.yaml").write_text(QUESTION)
    os.chdir("..")
    for arguments in (
        ("validate", "d"),
        ("catalog", "list", "--catalog", "d"),
        ("batch", "d", "--out", "out"),
        ("check", "d", "--question", "q"),
    ):
        attack(*arguments, seconds=10)
    assert attack("validate", "d").out.startswith("no") or True


def test_links_outside_that_double_are_listed_once() -> None:
    project()
    for number in range(24):
        Path(f"far/{number:02}").mkdir(parents=True)
        for name in "ab":
            Path(f"far/{number:02}/{name}").symlink_to(Path(f"far/{number + 1:02}").absolute())
    Path("near").mkdir()
    Path("near/link").symlink_to(Path("far/00").absolute())
    attack("validate", "near", seconds=10)


def test_folders_without_end() -> None:
    project()
    home = Path.cwd()
    levels = 1_050  # more than calls may be nested
    for _ in range(levels):
        Path("d").mkdir()
        os.chdir("d")
    Path("x.yaml").write_text(QUESTION)
    os.chdir(home)
    try:
        for arguments in (("validate", "d"), ("batch", "d", "--out", "out")):
            attack(*arguments)
    finally:  # what cleans up after tests calls itself, too
        os.chdir("/".join(["d"] * levels))
        Path("x.yaml").unlink()
        for _ in range(levels):
            os.chdir("..")
            Path("d").rmdir()

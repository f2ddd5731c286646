"""The plan of the package: what docs/architecture.md shows is what stands in src/explainer."""

from __future__ import annotations

import ast
import graphlib
import re
import tomllib
from collections import defaultdict
from collections.abc import Container, Iterator
from pathlib import Path

import pytest

from tests.helpers.support import ROOT

SOURCE = ROOT / "src" / "explainer"
PAGE = ROOT / "docs" / "architecture.md"
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
BRANCHES = (ast.If, ast.For, ast.While, ast.IfExp, ast.ExceptHandler, ast.Assert, ast.match_case)
MOST_BRANCHES = 15
"""The functions of the codebases that this one is measured against have fewer, but for a few tables of options."""


def packages() -> list[str]:
    return sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))


def modules_beside_packages() -> list[str]:
    return sorted(path.stem for path in SOURCE.glob("*.py"))


def layers() -> list[set[str]]:
    """The layers that the linter enforces, from the ground up."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    return [set(layer.split(" | ")) for layer in reversed(contract["layers"])]


def rows_of_the_page() -> list[tuple[str, str]]:
    """The rows of the page's table of packages: a name and what it is for."""
    return re.findall(
        r"^\| `([\w.]+)` \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )


def module_files() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def branches(function: ast.AST) -> int:
    count = 0
    for node in ast.walk(function):
        if isinstance(node, BRANCHES):
            count += 1
        elif isinstance(node, ast.comprehension):
            count += 1 + len(node.ifs)
        elif isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
    return count


def test_the_page_names_every_package_once_in_the_order_of_the_layers() -> None:
    named = [name for name, _ in rows_of_the_page() if name in packages()]
    assert sorted(named) == packages()
    rank = {name: number for number, layer in enumerate(layers()) for name in layer}
    assert [rank[name] for name in named] == sorted(rank[name] for name in named)


@pytest.mark.parametrize("package", packages())
def test_the_page_says_of_a_package_what_the_package_says_of_itself(package: str) -> None:
    docstring = ast.get_docstring(
        ast.parse((SOURCE / package / "__init__.py").read_text(encoding="utf-8"))
    )
    assert docstring
    assert dict(rows_of_the_page())[package] == docstring.splitlines()[0]


def test_the_plan_shows_at_the_root() -> None:
    assert len(packages()) <= 13
    assert len(modules_beside_packages()) <= 8
    assert len(list(SOURCE.rglob("*.py"))) <= 165


def test_every_file_and_name_on_the_page_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    paths = re.findall(
        r"`((?:src|tests|docs|templates|catalogs|questions|benchmarks)/[\w./*-]*)`", text
    )
    assert paths
    for path in paths:
        assert list(ROOT.glob(path.rstrip("/"))), path
    for path, name in re.findall(r"`(src/[\w./-]+\.py)`, `(\w+)`", text):
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8")), (
            f"{name} in {path}"
        )


def test_no_two_public_classes_have_one_name() -> None:
    places = defaultdict(list)
    for path, tree in module_files():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(SOURCE)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_no_function_has_more_branches_than_a_reader_can_hold() -> None:
    dense = {}
    for path, tree in module_files():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                and branches(node) > MOST_BRANCHES
            ):
                dense[f"{path.relative_to(SOURCE)}:{node.name}"] = branches(node)
    assert dense == {}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not even late, or for the sake of types alone."""
    names = {module_name(path): tree for path, tree in module_files()}
    imports = {
        name: {
            target
            for node in ast.walk(tree)
            for target in imported_modules(node, names)
            if target != name
        }
        for name, tree in names.items()
    }
    # raises CycleError, which names the circle
    list(graphlib.TopologicalSorter(imports).static_order())


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def imported_modules(node: ast.AST, names: Container[str]) -> Iterator[str]:
    """Modules of the package that an import names; a package counts only where it is itself the source of a name."""
    if not isinstance(node, ast.ImportFrom) or node.module is None:
        return
    for alias in node.names:
        submodule = f"{node.module}.{alias.name}"
        if submodule in names:
            yield submodule
        elif node.module in names:
            yield node.module

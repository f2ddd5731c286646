"""Remembers what a template prints of an entry, so that an entry of many questions is rendered once.

A template stays plain Jinja. While it is compiled, each loop is looked at: what a stretch of its body prints for an
entry is the same each time when it depends on nothing but the loop's own variable, and is kept with the entry. What
uses anything else (`loop`, another variable, a macro, `set`, an include, the filter `random`) is rendered as always.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, groupby
from typing import Any, Final

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

__all__ = ["EntryData", "MemoisingGenerator", "depends_only_on", "next_number", "recall", "remember"]

_PURE: Final = (
    nodes.Output, nodes.TemplateData, nodes.If, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Filter,
    nodes.Test, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.Add,
    nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.List, nodes.Tuple,
    nodes.Dict, nodes.Pair, nodes.Keyword, nodes.Slice, nodes.For, nodes.Call,
)  # fmt: skip
_IMPURE_FILTERS: Final = frozenset({"random"})
_NUMBERS: Final = count()


class EntryData(dict[str, Any]):
    """What a template sees of an entry: a mapping that also keeps what was printed of it, by the number of the loop."""

    __slots__ = ("_blocks",)  # the sandbox hides names that begin with an underscore

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self._blocks: dict[int, str] = {}


def next_number() -> int:
    """Return a number for a loop; no other loop of this process has it."""
    return next(_NUMBERS)


def recall(entry: Any, number: int) -> str | None:
    """Return what a loop's body printed of an entry, or None when that is not known yet."""
    return entry._blocks.get(number) if type(entry) is EntryData else None  # noqa: SLF001  # its keeper


def remember(entry: Any, number: int, text: str) -> str:
    """Keep what a loop's body printed of an entry; return it."""
    if type(entry) is EntryData:
        entry._blocks[number] = text  # noqa: SLF001
    return text


def depends_only_on(name: str, body: list[nodes.Node]) -> bool:
    """Whether what some nodes print is decided by the value of one variable alone."""
    known = {name}
    for root in body:
        for node in (root, *root.find_all(nodes.For)):
            if isinstance(node, nodes.For):
                known.update(target.name for target in (node.target, *node.target.find_all(nodes.Name))
                             if isinstance(target, nodes.Name))  # fmt: skip
    return "loop" not in known and all(_is_pure(node, known) for root in body for node in _all_nodes(root))


def _all_nodes(root: nodes.Node) -> list[nodes.Node]:
    return [root, *root.find_all(nodes.Node)]


def _is_pure(node: nodes.Node, known: set[str]) -> bool:
    if not isinstance(node, _PURE):
        return False
    if isinstance(node, nodes.Name):
        return node.name in known
    if isinstance(node, nodes.Filter):
        return node.name not in _IMPURE_FILTERS
    return not (isinstance(node, nodes.For) and node.recursive)


def _pieces(body: list[nodes.Node]) -> Iterator[nodes.Node]:
    """The statements of a body; a statement that prints several things becomes several."""
    for node in body:
        if isinstance(node, nodes.Output):
            yield from (nodes.Output([part], lineno=part.lineno) for part in node.nodes)
        else:
            yield node


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and all(isinstance(part, nodes.TemplateData) for part in node.nodes)


def _sets(name: str, body: list[nodes.Node]) -> bool:
    """Whether some nodes give a variable another value."""
    names = (found for root in body for found in _all_nodes(root) if isinstance(found, nodes.Name))
    return any(found.name == name and found.ctx != "load" for found in names)


class MemoisingGenerator(CodeGenerator):
    """Jinja's compiler, but that the body of a loop whose output depends on the entry alone asks `recall` first."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._variables: dict[int, str] = {}
        """The loop variable of each body that is remembered, by the identity of its node."""
        self._scopes: list[nodes.Scope] = []
        """Those nodes, kept alive."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        """Compile a loop."""
        target = node.target
        if isinstance(target, nodes.Name) and not node.recursive and not _sets(target.name, node.body):
            node.body = list(self._remembering(target.name, node.body))
        super().visit_For(node, frame)

    def _remembering(self, name: str, body: list[nodes.Node]) -> Iterator[nodes.Node]:
        """The body of a loop; each stretch of it that depends on the loop's variable alone becomes one node."""
        for pure, group in groupby(_pieces(body), lambda node: depends_only_on(name, [node])):
            stretch = list(group)
            if pure and not all(_is_text(node) for node in stretch):
                scope = nodes.Scope(stretch, lineno=stretch[0].lineno)
                self._variables[id(scope)] = name
                self._scopes.append(scope)
                yield scope
            else:
                yield from stretch

    def visit_Scope(self, node: nodes.Scope, frame: Frame) -> None:  # noqa: N802
        """Compile the body of a loop as: what is remembered, or else what it prints now."""
        name = self._variables.get(id(node))
        if name is None:
            super().visit_Scope(node, frame)
            return
        entry, number, text = frame.symbols.ref(name), next_number(), self.temporary_identifier()
        inner = frame.inner()
        inner.symbols.analyze_node(node)
        self.writeline(f"{text} = environment.recall({entry}, {number})")
        self.writeline(f"if {text} is None:")
        self.indent()
        self.enter_frame(inner)
        self.buffer(inner)
        self.blockvisit(node.body, inner)
        self.writeline(f"{text} = environment.remember({entry}, {number}, concat({inner.buffer}))")
        self.leave_frame(inner)
        self.outdent()
        self.simple_write(text, frame, node)

"""Remembers what a template prints of an entry, so that an entry of many questions is rendered once.

A template stays plain Jinja. While it is compiled, each loop is looked at: what a stretch of its body prints for an
entry is the same each time when it depends on nothing but the loop's own variable, and is kept with the entry. What
uses anything else (`loop`, another variable, a macro, `set`, an include, the filter `random`) is rendered as always.

Evaluates a template in part, once, so that rendering it is little more than putting texts that are known in a row.

Most templates are texts, the question, and loops over the entries whose bodies depend on the entry alone. What such a
template prints is settled by which of the lists are empty, but for the question and for the entries' blocks: a tape. A
template that does anything else has no tape and is rendered by Jinja as always, and so is whatever a tape fails on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, groupby, product
from typing import Any, Final, Literal, TypeAlias

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

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


_LISTS: Final = ("models", "papers")
_QUESTION: Final = object()
_SYSTEM_BEGINS: Final = object()
_SYSTEM_ENDS: Final = object()
_Role: TypeAlias = Literal["system", "user"]


class _NoTapeError(Exception):
    """The template does something that a tape cannot express."""


class _Loop:
    """A loop over lists of entries: the compiled body, and the lists' names."""

    def __init__(self, environment: jinja2.Environment, node: nodes.For) -> None:
        if node.else_ or node.test or node.recursive or not isinstance(node.target, nodes.Name):
            raise _NoTapeError
        if not depends_only_on(node.target.name, node.body):
            raise _NoTapeError
        self.lists = tuple(_lists(node.iter))
        self.number = next_number()
        self._variable = node.target.name
        body = nodes.Template(node.body, lineno=1).set_environment(environment)
        self._body = environment.from_string(body)  # type: ignore[arg-type]  # typed as text, documented as either

    def block(self, entry: Any) -> str:
        """Return what the body prints of an entry."""
        known = recall(entry, self.number)
        if known is not None:
            return known
        return remember(entry, self.number, "".join(self._body.root_render_func(self._scope(entry))))

    def _scope(self, entry: Any) -> jinja2.runtime.Context:
        return self._body.new_context({self._variable: entry})


def _lists(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Add):
        yield from _lists(node.left)
        yield from _lists(node.right)
    elif isinstance(node, nodes.Name) and node.name in _LISTS:
        yield node.name
    else:
        raise _NoTapeError


class Tape:
    """What a template prints, by which of the lists are empty: parts of one role, of texts, the question and loops."""

    def __init__(self, shapes: Mapping[tuple[bool, ...], list[tuple[_Role, list[Any]]]]) -> None:
        self._shapes = shapes

    def play(self, context: Mapping[str, Any]) -> list[tuple[_Role, list[str]]]:
        """Return the parts of a rendering.

        Raises:
            Exception: whatever Jinja raises; render the template as a whole to learn where.
        """
        parts: list[tuple[_Role, list[str]]] = []
        for role, steps in self._shapes[bool(context["models"]), bool(context["papers"])]:
            pieces: list[str] = []
            for step in steps:
                if type(step) is str:
                    pieces.append(step)
                elif step is _QUESTION:
                    pieces.append(str(context["question"]))
                else:
                    number = step.number
                    for name in step.lists:
                        entries = context[name]
                        try:
                            pieces += [entry._blocks[number] for entry in entries]  # noqa: SLF001  # `recall`, at once
                        except (AttributeError, KeyError):
                            pieces += map(step.block, entries)
            if any(pieces):
                parts.append((role, pieces))
        return parts


def make_tape(environment: jinja2.Environment, template: nodes.Template) -> Tape | None:
    """Return the tape of a parsed template, or None when it has none."""
    loops: dict[int, _Loop] = {}
    try:
        shapes = {}
        for shape in product((False, True), repeat=len(_LISTS)):
            steps = _steps(environment, template.body, dict(zip(_LISTS, shape, strict=True)), loops)
            shapes[shape] = _by_role(steps)
    except _NoTapeError:
        return None
    return Tape(shapes)


def _steps(
    environment: jinja2.Environment, body: list[nodes.Node], filled: Mapping[str, bool], loops: dict[int, _Loop]
) -> Iterator[Any]:
    for node in body:
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                yield _printed(part)
        elif isinstance(node, nodes.If):
            yield from _steps(environment, _branch(node, filled), filled, loops)
        elif isinstance(node, nodes.For):
            if id(node) not in loops:
                loops[id(node)] = _Loop(environment, node)
            yield loops[id(node)]
        elif isinstance(node, nodes.Block):
            is_system = node.name == "system"
            yield _SYSTEM_BEGINS if is_system else ""
            yield from _steps(environment, node.body, filled, loops)
            yield _SYSTEM_ENDS if is_system else ""
        else:
            raise _NoTapeError


def _printed(part: nodes.Node) -> Any:
    if isinstance(part, nodes.TemplateData):
        return part.data
    if isinstance(part, nodes.Name) and part.name == "question":
        return _QUESTION
    raise _NoTapeError


def _branch(node: nodes.If, filled: Mapping[str, bool]) -> list[nodes.Node]:
    for branch in (node, *node.elif_):
        if _holds(branch.test, filled):
            return branch.body
    return node.else_


def _holds(test: nodes.Node, filled: Mapping[str, bool]) -> bool:
    if isinstance(test, nodes.Name) and test.name in filled:
        return filled[test.name]
    if isinstance(test, nodes.Not):
        return not _holds(test.node, filled)
    if isinstance(test, nodes.And):
        return _holds(test.left, filled) & _holds(test.right, filled)
    if isinstance(test, nodes.Or):
        return _holds(test.left, filled) | _holds(test.right, filled)
    raise _NoTapeError


def _by_role(steps: Iterator[Any]) -> list[tuple[_Role, list[Any]]]:
    """The steps of each role, with neighbouring texts joined."""
    parts: list[tuple[_Role, list[Any]]] = [("user", [])]
    depth = 0
    for step in steps:
        if step is _SYSTEM_BEGINS or step is _SYSTEM_ENDS:
            depth += 1 if step is _SYSTEM_BEGINS else -1
            parts.append(("system" if depth else "user", []))
        elif isinstance(step, str) and parts[-1][1] and isinstance(parts[-1][1][-1], str):
            parts[-1][1][-1] += step
        else:
            parts[-1][1].append(str(step) if isinstance(step, str) else step)
    return [(role, own) for role, own in parts if own]

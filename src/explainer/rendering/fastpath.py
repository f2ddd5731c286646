"""The shortcuts of rendering one template many times. Each prints exactly what the template prints, only sooner.

Prompts of one catalog share their entries, so most of what a template prints was printed before: what a loop prints of
an entry is kept. `tests/properties/test_fast_rendering.py` proves each way equal to plain Jinja.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby, product
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import jinja2
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables
from jinja2.visitor import NodeTransformer

Context: TypeAlias = dict[str, Any]
Role: TypeAlias = Literal["system", "user"]
# A rendering as its template printed it: what belongs to each role, piece by piece.
Parts: TypeAlias = list[tuple[Role, list[str]]]

if TYPE_CHECKING:
    # The parts of a rendering: texts, each with what fills the hole behind it.
    _Case: TypeAlias = "list[tuple[Role, list[tuple[str, _Filling]]]]"

_LISTS: Final = ("models", "papers")
# Statements that print the same for the same variables: no expression of the sandbox has an effect, but for two.
_REPEATABLE: Final = (nodes.Expr, nodes.Helper, nodes.Output, nodes.If, nodes.For)
_RANDOM: Final = frozenset({"random", "lipsum"})  # another text each time
# What may stand around loops when it is to be decided by which lists are empty.
_SETTLED: Final = (
    nodes.Output, nodes.TemplateData, nodes.If, nodes.Block, nodes.Name, nodes.Not, nodes.And, nodes.Or,
)  # fmt: skip
# Stands on both sides of a hole's number: a code point that Unicode gives to no character.
_HOLE: Final = "\ufdd0"
_MOST_TEXTS: Final = 50_000  # bounds the memory: entries of questions themselves come once


class EntryData(dict[str, Any]):
    """What a template sees of an entry. Nobody changes it, so what is printed of it can be used again."""

    __slots__ = ()


class FastTemplate:
    """A template that is rendered the fastest way that it allows.

    Preparing that way costs more than one rendering, so the first one goes the slow way: most commands render one
    prompt. What fails goes the slow way too, which says what is wrong, and where.

    Args:
        environment: compiles templates.
        name: the template's name.
        render: the slow twin: renders a template as a whole.
    """

    def __init__(
        self, environment: jinja2.Environment, name: str, render: Callable[[jinja2.Template, Context], Parts]
    ) -> None:
        self._environment = environment
        self._name = name
        self._render = render
        self._slow = partial(render, environment.get_template(name))
        self._fast: Callable[[Context], Parts] = self._slow
        self._has_rendered = False
        self._is_prepared = False

    def parts(self, context: Context) -> Parts:
        """Return the parts of a rendering."""
        try:
            if self._has_rendered and not self._is_prepared:
                self._is_prepared = True
                self._fast = self._prepared()
            self._has_rendered = True
            return self._fast(context)
        except Exception:  # noqa: BLE001  # a stranger's template can raise anything
            return self._slow(context)

    def _prepared(self) -> Callable[[Context], Parts]:
        with contextlib.suppress(_UnsuitableError):
            return self._joining()
        tree = _BlockMaker(self._environment).visit(self._parsed())
        return partial(self._render, _compiled(self._environment, tree))

    def _parsed(self) -> nodes.Template:
        assert self._environment.loader is not None  # noqa: S101  # it loaded the template
        source, _, _ = self._environment.loader.get_source(self._environment, self._name)
        return self._environment.parse(source)

    def _joining(self) -> Callable[[Context], Parts]:
        """Return what joins texts that are known before: no template runs any more.

        Most templates are texts, the question, and loops over entries. What such a template prints is decided by which
        of the lists are empty, but for the question and the blocks of the entries: each of the four cases is rendered
        once, with holes for these. A prompt of a batch takes 30 µs with this, and 38 µs with blocks alone.
        """
        maker = _HoleMaker(self._environment)
        template = _compiled(self._environment, maker.made(self._parsed()))
        cases: dict[tuple[bool, ...], _Case] = {}
        for filled in product((False, True), repeat=len(_LISTS)):
            parts = self._render(template, dict(zip(_LISTS, filled, strict=True)))
            cases[filled] = [(role, list(maker.steps("".join(pieces)))) for role, pieces in parts]
        return partial(_joined, cases)


class _UnsuitableError(Exception):
    """The template prints something that cannot be known before."""


def _joined(cases: dict[tuple[bool, ...], _Case], context: Context) -> Parts:
    """The parts of a rendering: the texts of its case, with the holes filled."""
    parts: Parts = []
    for role, steps in cases[bool(context["models"]), bool(context["papers"])]:
        pieces: list[str] = []
        for text, filling in steps:
            pieces.append(text)
            pieces += filling(context)
        if any(pieces):
            parts.append((role, pieces))
    return parts


def _compiled(environment: jinja2.Environment, tree: nodes.Template) -> jinja2.Template:
    return environment.from_string(tree.set_environment(environment))  # type: ignore[arg-type]  # documented as either


class _Block:
    """Statements about one variable, and what they printed of entries."""

    def __init__(self, environment: jinja2.Environment, variable: str, statements: list[nodes.Node]) -> None:
        self._variable = variable
        self._template = _compiled(environment, nodes.Template(statements, lineno=1))
        self._texts: dict[int, str] = {}
        # The entries of `_texts`, kept alive, so that their identities stay theirs.
        self._entries: list[EntryData] = []

    def text(self, entry: Any) -> str:
        """Return what the statements print of an entry."""
        text = self._texts.get(id(entry))
        if text is not None:
            return text
        text = "".join(self._template.root_render_func(self._template.new_context({self._variable: entry})))
        if type(entry) is EntryData:  # anything else may change
            self._remember(entry, text)
        return text

    def _remember(self, entry: EntryData, text: str) -> None:
        if len(self._texts) >= _MOST_TEXTS:
            self._texts.clear()
            self._entries.clear()
        self._texts[id(entry)] = text
        self._entries.append(entry)

    def of_lists(self, names: tuple[str, ...], context: Context) -> list[str]:
        """Return what the statements print of each entry of some lists."""
        texts = self._texts
        # looked up here too, which saves a call for each entry
        return [texts.get(id(entry)) or self.text(entry) for name in names for entry in context[name]]


class _BlockMaker(NodeTransformer):
    """Puts a filter that remembers in the place of what a loop's body prints of an entry.

    Only what depends on the entry alone is remembered: `loop`, another variable, a macro, `set` and an include are
    rendered each time. A prompt of a template of one's own takes 45 µs with this, and 54 µs without.
    """

    def __init__(self, environment: jinja2.Environment) -> None:
        self._environment = environment

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  # Jinja's name
        if isinstance(node.target, nodes.Name):
            node.body = list(self._rewritten(node.target.name, node.body))
        return self.generic_visit(node)

    def _rewritten(self, variable: str, body: list[nodes.Node]) -> Iterator[nodes.Node]:
        for repeatable, group in groupby(_statements(body), lambda node: self._is_repeatable([node], variable)):
            statements = list(group)
            if repeatable and not all(map(_is_text, statements)):
                yield nodes.Output([self._remembered(variable, statements)])
            else:
                yield from statements

    def _is_repeatable(self, statements: list[nodes.Node], variable: str) -> bool:
        """Whether what some statements print is decided by the value of one variable alone."""
        tree = nodes.Template(statements, lineno=1)
        tree.set_environment(self._environment)
        return find_undeclared_variables(tree) <= {variable} and all(
            isinstance(node, _REPEATABLE) and getattr(node, "name", "") not in _RANDOM
            for node in tree.find_all(nodes.Node)
        )

    def _remembered(self, variable: str, statements: list[nodes.Node]) -> nodes.Filter:
        name = f"block {len(self._environment.filters)}"  # with a space: no template can call it
        self._environment.filters[name] = _Block(self._environment, variable, statements).text
        return nodes.Filter(nodes.Name(variable, "load"), name, [], [], None, None)


def _statements(body: list[nodes.Node]) -> Iterator[nodes.Node]:
    """The statements of a body; a statement that prints several things becomes several."""
    for node in body:
        if isinstance(node, nodes.Output):
            yield from (nodes.Output([part], lineno=part.lineno) for part in node.nodes)
        else:
            yield node


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and isinstance(node.nodes[0], nodes.TemplateData)


# Gives the pieces that belong into a hole.
_Filling: TypeAlias = "Callable[[Context], list[str]]"


class _HoleMaker(_BlockMaker):
    """Puts numbered holes in the place of loops and of the question."""

    def __init__(self, environment: jinja2.Environment) -> None:
        super().__init__(environment)
        self._fillings: list[_Filling] = []

    def made(self, tree: nodes.Template) -> nodes.Template:
        """Return a parsed template with holes.

        Raises:
            _UnsuitableError: when it does anything but print texts, the question and entries.
        """
        self.visit(tree)
        _require({name.name for name in tree.find_all(nodes.Name)} <= set(_LISTS))
        _require(all(isinstance(node, _SETTLED) for node in tree.find_all(nodes.Node)))
        return tree

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        _require(not node.else_ and not node.test)
        variable = _name(node.target)
        _require(self._is_repeatable(node.body, variable))
        names = tuple(_list_names(node.iter))
        return nodes.Output([self._hole(partial(_Block(self._environment, variable, node.body).of_lists, names))])

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802
        for index, part in enumerate(node.nodes):
            if isinstance(part, nodes.Name) and part.name == "question":
                node.nodes[index] = self._hole(_question)
            else:
                _require(isinstance(part, nodes.TemplateData) and _HOLE not in part.data)
        return node

    def _hole(self, filling: _Filling) -> nodes.TemplateData:
        self._fillings.append(filling)
        return nodes.TemplateData(f"{_HOLE}{len(self._fillings) - 1}{_HOLE}")

    def steps(self, printed: str) -> Iterator[tuple[str, _Filling]]:
        """Yield the texts of what such a template printed, each with what fills the hole behind it."""
        pieces = printed.split(_HOLE)
        fillings = [self._fillings[int(number)] for number in pieces[1::2]]
        yield from zip(pieces[::2], [*fillings, _nothing], strict=True)


def _require(condition: bool) -> None:
    if not condition:
        raise _UnsuitableError


def _question(context: Context) -> list[str]:
    return [str(context["question"])]


def _nothing(_context: Context) -> list[str]:
    return []


def _list_names(node: nodes.Node) -> Iterator[str]:
    """The names of the lists that a loop goes over: `models`, `papers`, or a sum of them."""
    if isinstance(node, nodes.Add):
        yield from _list_names(node.left)
        yield from _list_names(node.right)
    else:
        _require(_name(node) in _LISTS)
        yield _name(node)


def _name(node: nodes.Node) -> str:
    if not isinstance(node, nodes.Name):
        raise _UnsuitableError
    return node.name

"""What a template prints of any question: texts, with holes for the question and for the entries.

Most templates are texts, the question, and loops that print the fields of an entry. What such a template prints is
decided by which of the two lists are empty, but for the question and the blocks of the entries. It is rendered once for
each of these four cases, with marks in the place of the holes, and each loop once for each entry: an output is then
bytes with holes that are filled. A template that does anything else has no outline; it is rendered for each question.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import jinja2
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables
from jinja2.visitor import NodeTransformer

from explainer.rendering.formats import (
    LISTS,
    MAX_OUTPUT,
    Context,
    EntryData,
    Escape,
    FormatOptions,
    Output,
    Rendering,
    Segment,
    Write,
)  # fmt: skip

# The texts that belong to one question; each gives its name to the holes that it fills.
_QUESTION: Final = "question"
_TEXTS: Final = ("id", "custom_id", _QUESTION, "answer")
# Stands on both sides of the name of a hole: a code point that Unicode gives to no character.
_MARK: Final = "\ufdd0"
# What a loop may hold. It prints the same for the same entry: no expression has an effect, and one filter is random.
_IN_LOOPS: Final = (nodes.Expr, nodes.Helper, nodes.Output, nodes.If, nodes.For)
_RANDOM: Final = "random"
# What may stand around loops: it is decided by which lists are empty.
_AROUND_LOOPS: Final = (
    nodes.Output, nodes.TemplateData, nodes.If, nodes.Block, nodes.Name, nodes.Not, nodes.And, nodes.Or,
)  # fmt: skip
_MOST_BLOCKS: Final = 50_000  # bounds the memory: entries that questions bring themselves come once

# Which of the two lists have entries.
Case: TypeAlias = tuple[bool, bool]
CASES: Final[tuple[Case, ...]] = ((False, False), (False, True), (True, False), (True, True))


class Outline(NamedTuple):
    """What a template prints of any question.

    Attributes:
        name: the name of the template.
        cases: the renderings, by which lists have entries, with marks in the place of holes.
        printed: prints what a loop has for an entry, by the number of the loop.
    """

    name: str
    cases: Mapping[Case, Rendering]
    printed: Callable[[int, EntryData], str]


def outline_of(
    environment: jinja2.Environment,
    name: str,
    source: str,
    render: Callable[[jinja2.Template, Context], Rendering],
) -> Outline | None:
    """Return the outline of a template that can be rendered, or None when it has none.

    Args:
        environment: compiles templates.
        name: the name of the template.
        source: its text.
        render: renders a compiled template.
    """
    marker = _Marker(environment, name)
    try:
        template = marker.marked(environment.parse(source))
    except _NoOutlineError:
        return None
    cases = {case: render(template, dict(zip(LISTS, case, strict=True))) for case in CASES}
    for rendering in cases.values():
        # what is empty for some questions is no segment of their renderings
        if not all(map(_has_text, rendering.segments)):
            return None
    return Outline(name, cases, lambda loop, entry: marker.loops[loop](entry))


def _hole(name: str) -> str:
    """A mark that stands for what is filled in under a name."""
    return f"{_MARK}{name}{_MARK}"


def _has_text(segment: Segment) -> bool:
    """Whether a segment has a text whatever fills its holes: a question is never empty."""
    pieces = segment.text.split(_MARK)
    return any(pieces[::2]) or _QUESTION in pieces[1::2]


class _NoOutlineError(Exception):
    """The template prints something that cannot be known before there is a question."""


def _require(condition: bool) -> None:
    if not condition:
        raise _NoOutlineError


class _Marker(NodeTransformer):
    """Puts marks in the place of the question and of loops over entries.

    Attributes:
        loops: what prints an entry, for each loop.
    """

    def __init__(self, environment: jinja2.Environment, name: str) -> None:
        self.loops: list[Callable[[EntryData], str]] = []
        self._environment = environment
        self._name = name

    def marked(self, tree: nodes.Template) -> jinja2.Template:
        """Return a parsed template, compiled with marks.

        Raises:
            _NoOutlineError: when it does anything but print texts, the question and entries.
        """
        self.visit(tree)
        _require({name.name for name in tree.find_all(nodes.Name)} <= set(LISTS))
        _require(all(isinstance(node, _AROUND_LOOPS) for node in tree.find_all(nodes.Node)))
        return self._compiled(tree)

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802  # Jinja's name
        for index, part in enumerate(node.nodes):
            if isinstance(part, nodes.Name) and part.name == _QUESTION:
                node.nodes[index] = nodes.TemplateData(_hole(_QUESTION))
            else:
                _require(isinstance(part, nodes.TemplateData) and _MARK not in part.data)
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        _require(not node.else_ and not node.test)
        self.loops.append(self._printer(_name(node.target), node.body))
        number = len(self.loops) - 1
        marks = [
            nodes.TemplateData(_hole(f"{over} {number} {self._name}")) for over in _lists(node.iter)
        ]
        return nodes.Output(marks)

    def _printer(self, variable: str, body: list[nodes.Node]) -> Callable[[EntryData], str]:
        """What prints the body of a loop, which must depend on the entry alone."""
        tree = nodes.Template(body, lineno=1)
        tree.set_environment(self._environment)
        _require(find_undeclared_variables(tree) <= {variable})
        for node in tree.find_all(nodes.Node):
            _require(isinstance(node, _IN_LOOPS) and getattr(node, "name", "") != _RANDOM)
        template = self._compiled(tree)
        return lambda entry: "".join(
            template.root_render_func(template.new_context({variable: entry}))
        )

    def _compiled(self, tree: nodes.Template) -> jinja2.Template:
        tree.set_environment(self._environment)
        return self._environment.from_string(tree)


def _lists(node: nodes.Node) -> Iterator[str]:
    """The names of the lists that a loop goes over: `models`, `papers`, or a sum of them."""
    if isinstance(node, nodes.Add):
        yield from _lists(node.left)
        yield from _lists(node.right)
        return
    _require(_name(node) in LISTS)
    yield _name(node)


def _name(node: nodes.Node) -> str:
    if not isinstance(node, nodes.Name):
        raise _NoOutlineError
    return node.name


class _Blocks(dict[Any, bytes]):
    """What a loop prints of each entry, as it stands in a format."""

    def __init__(self, outline: Outline, loop: int, escape: Escape) -> None:
        super().__init__()
        self._outline = outline
        self._loop = loop
        self._escape = escape

    def __missing__(self, entry: Any) -> bytes:
        if len(self) >= _MOST_BLOCKS:
            self.clear()
        block = self[entry] = self._escape(self._outline.printed(self._loop, entry.data))
        return block


class _Marked(NamedTuple):
    """The bytes of an output with holes.

    Attributes:
        pieces: the bytes between the holes at even places, and nothing at odd ones.
        texts: the places of holes for texts of the question, and which of them.
        blocks: the places of holes for blocks of entries, the list of these, and the blocks.
    """

    pieces: list[bytes]
    texts: list[tuple[int, int]]
    blocks: list[tuple[int, int, _Blocks]]


def is_unmarked(options: FormatOptions) -> bool:
    """Whether nothing that a format was told could be taken for the mark of a hole."""
    return _MARK not in json.dumps([options.model, dict(options.body)], ensure_ascii=False)


class OutputOutline:
    """A template and a format, prepared: the bytes of an output, with holes.

    Args:
        prompt: what is rendered.
        skeleton: what stands beside it where a question brings no answer, for formats that need one.
        write: writes an output in the format.
        escape: how a text stands in it.
        options: what the format was told; it `is_unmarked`.
    """

    def __init__(
        self,
        prompt: Outline,
        skeleton: Outline | None,
        write: Write,
        escape: Escape,
        options: FormatOptions,
    ) -> None:
        self._escape = escape
        self._outlines = {
            outline.name: outline for outline in (prompt, skeleton) if outline is not None
        }
        given = Rendering((Segment("user", _hole("answer")),))
        self._cases: dict[tuple[bool, bool, bool], _Marked] = {}
        for case, rendering in prompt.cases.items():
            for has_answer in (False, True):
                completion = skeleton.cases[case] if skeleton and not has_answer else given
                output = Output(_hole("id"), _hole("custom_id"), rendering, completion)
                self._cases[(*case, has_answer)] = self._split(
                    write(output, options).split(_MARK.encode())
                )

    def _split(self, pieces: list[bytes]) -> _Marked:
        marked = _Marked(pieces, [], [])
        for place in range(1, len(pieces), 2):
            name = pieces[place].decode()
            if name in _TEXTS:
                marked.texts.append((place, _TEXTS.index(name)))
                continue
            over, loop, template = name.split(" ", 2)
            blocks = _Blocks(self._outlines[template], int(loop), self._escape)
            marked.blocks.append((place, LISTS.index(over), blocks))
        return marked

    def fill(self, texts: Sequence[str], entries: Sequence[Sequence[Any]]) -> bytes | None:
        """Return an output.

        Args:
            texts: the id of the question, that of the output, the question, and the answer that it brings.
            entries: the models and the papers that are offered, each the same object each time, with its `data`.

        Returns:
            Its bytes; None where only the template can say what is wrong with it.
        """
        models, papers = entries
        marked = self._cases[bool(models), bool(papers), bool(texts[-1])]
        pieces = marked.pieces.copy()
        for place, number in marked.texts:
            pieces[place] = self._escape(texts[number])
        try:
            for place, number, blocks in marked.blocks:
                pieces[place] = b"".join([blocks[entry] for entry in entries[number]])
        except Exception:  # noqa: BLE001  # a field that an entry lacks, or whatever else a template can raise
            return None
        output = b"".join(pieces)
        # the limit is one of characters: what has more bytes may be allowed
        return output if len(output) <= MAX_OUTPUT else None

"""Evaluates a template in part, once, so that rendering it is little more than putting texts that are known in a row.

Most templates are texts, the question, and loops over the entries whose bodies depend on the entry alone. What such a
template prints is settled by which of the lists are empty, but for the question and for the entries' blocks: a tape. A
template that does anything else has no tape and is rendered by Jinja as always, and so is whatever a tape fails on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final, Literal, TypeAlias

import jinja2
from jinja2 import nodes

from explainer.memo import depends_only_on, next_number, recall, remember

__all__ = ["Tape", "make_tape"]

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

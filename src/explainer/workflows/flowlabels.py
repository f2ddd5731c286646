"""The labels of Mermaid flowcharts: how they are bracketed, what is wrong with one, and what it shows."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Final

__all__ = ["SHAPES", "Label", "plain_label", "read_label"]

SHAPES: Final[tuple[tuple[str, tuple[tuple[str, str], ...]], ...]] = (
    ("(((", ((")))", "doublecircle"),)),
    ("([", (("])", "stadium"),)),
    ("((", (("))", "circle"),)),
    ("(-", (("-)", "ellipse"),)),
    ("(", ((")", "round"),)),
    ("[[", (("]]", "subroutine"),)),
    ("[(", ((")]", "cylinder"),)),
    ("[/", (("/]", "lean_right"), ("\\]", "trapezoid"))),
    ("[\\", (("\\]", "lean_left"), ("/]", "inv_trapezoid"))),
    ("[", (("]", "square"),)),
    ("{{", (("}}", "hexagon"),)),
    ("{", (("}", "diamond"),)),
    (">", (("]", "odd"),)),
)
"""How a shape begins, how it may end, and what Mermaid calls it; longer beginnings first."""
_CLOSER_OF: Final = {"(": ")", "[": "]", "{": "}"}

_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_BREAK: Final = re.compile(r"<br\s{0,8}/?>|\\n", re.IGNORECASE)
_ENTITY: Final = re.compile(r"[&#]#?(\w{1,31});")

_STRING: Final = re.compile(r'"([^"]++)"')
_PLAIN: Final = re.compile(r'[^\[\](){}|"]{1,2000}+')
_SLANTED: Final = re.compile(r"(?:[^\\\[\](){}/\"]|[/\\](?!\])){1,2000}+")
_BRACKET: Final = re.compile(r'[\[\](){}|"\n]')
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Label:
    """A label as it was read.

    Attributes:
        text: what it shows.
        shape: Mermaid's name of its shape; empty when the label could not be read at all.
        start: where its text begins; `end`: where that ends.
        after: where its brackets end.
        problem: where Mermaid stops, what the label has or is, and what to write (`ID` stands for the node's id).
    """

    text: str
    shape: str
    start: int = 0
    end: int = 0
    after: int = 0
    problem: tuple[int, str, str] | None = None


def read_label(text: str, at: int) -> Label | None:
    """Read a label in its brackets, as Mermaid does, or what a label that it refuses probably is.

    Args:
        text: the whole diagram.
        at: where the brackets begin; None is returned when none begin there.
    """
    shape = next((shape for shape in SHAPES if text.startswith(shape[0], at)), None)
    if shape is None:
        return None
    opening, closings = shape
    begin = at + len(opening)
    quoted = _STRING.match(text, begin)
    inner = (_SLANTED if opening in ("[/", "[\\") else _PLAIN).match(text, quoted.end() if quoted else begin)
    end = inner.end() if inner else quoted.end() if quoted else begin
    if opening == "(-" and quoted is None and text[begin:end].endswith("-"):
        end -= 1
    for closing, name in closings if end > begin else ():
        if text.startswith(closing, end) and not _is_longer(text[end : end + 3], closing):
            after = end + len(closing)
            if quoted is None:
                return Label(plain_label(text[begin:end]), name, begin, end, after)
            shown = plain_label(quoted[1] + text[quoted.end() : end])
            return Label(shown, name, quoted.start(1), quoted.end(1), after)
    return _mended(text, opening, begin)


def _is_longer(found: str, closing: str) -> bool:
    """Whether Mermaid reads a longer bracket where this one would close, such as `]]` for `]`."""
    longer = {"]": ("]]", "])"), ")": (")]", ")))"), "))": (")))",)}
    return found.startswith(longer.get(closing, ()))


def _mended(text: str, opening: str, begin: int) -> Label:
    """What a label that Mermaid refuses probably is: what stands up to where its brackets come out even on its line."""
    stack = [_CLOSER_OF[char] for char in opening if char in _CLOSER_OF] or ["]"]
    depth = len(stack)
    wrong: int | None = None
    for match in _BRACKET.finditer(text, begin):
        char, at = match.group(), match.start()
        if char == "\n":
            break
        if char in _CLOSER_OF:
            stack.append(_CLOSER_OF[char])
            wrong = at if wrong is None else wrong
        elif char == stack[-1]:
            stack.pop()
            if not stack:
                return _refused(text, begin, at + 1 - depth, at + 1, wrong)
        elif wrong is None:
            wrong = at
    hint = f"close it with {_closing_of(opening)!r}"
    return Label("", "", problem=(begin - len(opening), "is not closed on its line", hint))


def _refused(text: str, begin: int, end: int, after: int, wrong: int | None) -> Label:
    label = text[begin:end].strip().strip('"')
    if not label.strip():
        problem = (begin, "has no text", "write a text, or no brackets")
    elif wrong is None or wrong >= end:
        problem = (end, "is not closed as it was opened", "use one pair of brackets: ID[text]")
    else:
        shown = label.replace('"', "#quot;")
        shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
        problem = (wrong, f"has {text[wrong]!r} in it and is not quoted", f'write ID["{shown}"]')
    return Label(plain_label(label), "square", begin, end, after, problem)


def plain_label(text: str) -> str:
    """Return what a label shows: entities decoded, a line break for `<br/>`, no other tags, no Markdown quotes."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == "`":
        text = text[1:-1]
    if "<" in text or "\\n" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    if ";" in text:
        text = _ENTITY.sub(_decoded, text)
    return text.strip()


def _decoded(match: re.Match[str]) -> str:
    name = match[1]
    entity = f"&#{name};" if name.isdigit() or re.fullmatch(r"x[0-9A-Fa-f]+", name) else f"&{name};"
    found = html.unescape(entity)
    return match.group() if found == entity else found


def _closing_of(opening: str) -> str:
    """The brackets that close what brackets open."""
    return "".join(_CLOSER_OF.get(char, "]" if char == ">" else char) for char in reversed(opening))

"""A Mermaid flowchart as a value: nodes, edges, subgraphs, by the names of Mermaid 11.

What Mermaid passes over before it reads a flowchart: front matter, directives and comments.

The labels of Mermaid flowcharts: how they are bracketed, what is wrong with one, and what it shows.

Reads Mermaid flowcharts: text → nodes, edges and subgraphs, with a finding for each place that Mermaid refuses.

The grammar is that of Mermaid 11 (`flow.jison` in its sources) as far as it decides what is drawn; styles, classes and
clicks are passed over. Mermaid stops at the first mistake; this reader says what is wrong, takes what was probably
meant, and goes on, so that a diagram with a bracket too many can still be checked. Each character is looked at a
bounded number of times.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import Lines, shorten

MAX_EDGES: Final = 500
"""Edges that Mermaid draws unless it is configured otherwise (`maxEdges`)."""
OTHER_DIAGRAMS: Final = frozenset(
    "architecture-beta block block-beta C4Component C4Container C4Context C4Deployment C4Dynamic classDiagram "  # noqa: SIM905
    "classDiagram-v2 erDiagram gantt gitGraph journey kanban mindmap packet packet-beta pie quadrantChart radar-beta "
    "requirement requirementDiagram sankey sankey-beta sequenceDiagram stateDiagram stateDiagram-v2 timeline "
    "treemap-beta xychart xychart-beta zenuml".split()
)
"""The first words of diagrams that are no flowcharts."""

Arrow: TypeAlias = Literal["forward", "both", "none", "hidden"]


@dataclass(frozen=True, slots=True)
class FlowNode:
    """A node: its id, what it shows, its shape by Mermaid's name, and where that stands in the text."""

    id: str
    label: str
    shape: str = "rect"
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class FlowEdge:
    """An edge between two nodes (or subgraphs), by id, with its text and which of its ends have a head."""

    source: str
    target: str
    label: str = ""
    arrow: Arrow = "forward"
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A box around nodes: its id, its title, what stands in it by id, and where its title stands."""

    id: str
    title: str
    members: tuple[str, ...] = ()
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Flowchart:
    """What a flowchart draws, in the order of its text.

    Attributes:
        direction: as written: `TD`, `LR`, or None.
        nodes: its nodes; `edges`: its edges; `subgraphs`: its boxes.
        whole: nothing was passed over that could not be read.
    """

    direction: str | None = None
    nodes: tuple[FlowNode, ...] = ()
    edges: tuple[FlowEdge, ...] = ()
    subgraphs: tuple[Subgraph, ...] = ()
    whole: bool = True


_FRONT_MATTER: Final = re.compile(
    r"\s*+---[ \t]*+\r?\n(?:(?!---[ \t]*+\r?$)[^\n]*+\n)*+---[ \t]*+(?:\r?\n|\Z)", re.MULTILINE
)
_COMMENT: Final = re.compile(r"^[ \t]*+%%(?!\{)[^\n]*+", re.MULTILINE)
_NOT_A_BREAK: Final = re.compile(r"[^\r\n]")


def without_comments(text: str) -> str:
    """Return the text with front matter, directives and comments blanked out, so that nothing moves."""
    front = _FRONT_MATTER.match(text)
    if front is not None:
        text = _blank(front.group()) + text[front.end() :]
    if "%%" not in text:
        return text
    pieces, at = [], 0
    while (start := text.find("%%{", at)) >= 0 and (end := text.find("}%%", start)) >= 0:
        pieces += [text[at:start], _blank(text[start : end + 3])]
        at = end + 3
    return _COMMENT.sub(lambda match: _blank(match.group()), "".join(pieces) + text[at:])


def _blank(text: str) -> str:
    return _NOT_A_BREAK.sub(" ", text)


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
class MermaidLabel:
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


def read_label(text: str, at: int) -> MermaidLabel | None:
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
                return MermaidLabel(plain_label(text[begin:end]), name, begin, end, after)
            shown = plain_label(quoted[1] + text[quoted.end() : end])
            return MermaidLabel(shown, name, quoted.start(1), quoted.end(1), after)
    return _mended(text, opening, begin)


def _is_longer(found: str, closing: str) -> bool:
    """Whether Mermaid reads a longer bracket where this one would close, such as `]]` for `]`."""
    longer = {"]": ("]]", "])"), ")": (")]", ")))"), "))": (")))",)}
    return found.startswith(longer.get(closing, ()))


def _mended(text: str, opening: str, begin: int) -> MermaidLabel:
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
    return MermaidLabel("", "", problem=(begin - len(opening), "is not closed on its line", hint))


def _refused(text: str, begin: int, end: int, after: int, wrong: int | None) -> MermaidLabel:
    label = text[begin:end].strip().strip('"')
    if not label.strip():
        problem = (begin, "has no text", "write a text, or no brackets")
    elif wrong is None or wrong >= end:
        problem = (end, "is not closed as it was opened", "use one pair of brackets: ID[text]")
    else:
        shown = label.replace('"', "#quot;")
        shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
        problem = (wrong, f"has {text[wrong]!r} in it and is not quoted", f'write ID["{shown}"]')
    return MermaidLabel(plain_label(label), "square", begin, end, after, problem)


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


MAX_FINDINGS: Final = 40
"""Findings about one diagram; what comes after so many is left unsaid."""
MAX_READ: Final = 20_000
"""Edges of one diagram that are read: ` & ` between many nodes on both sides makes very many of a short text."""

_HEADER: Final = re.compile(r"\s*+(?:flowchart-elk|flowchart|graph)\b")
_MEANT_HEADER: Final = re.compile(
    r"(?:\s*+(?:flowchart|graph)(?![\w-]):?)|(?=\s*+[^\W\d_][^\n]*?(?:--[->]|==[=>]|-\.-))", re.IGNORECASE
)
_DIRECTION: Final = re.compile(r"[ \t]*+(TB|TD|BT|RL|LR|BR|<|>|\^|v)(?![\w-])")
_FIRST_WORD: Final = re.compile(r"\s*+([\w-]*+)")
_EMPTY: Final = re.compile(r"[\s;]*+")
_SPACES: Final = re.compile(r"[ \t]*+")
_MORE_SPACES: Final = re.compile(r"[ \t]++")
_LINE_END: Final = re.compile(r"[ \t\r]*+(?:;|\n|\Z)")
_REST: Final = re.compile(r'(?:"[^"\n]*+"|[^\n;"])*+')
_KEYWORD: Final = re.compile(r"(?:style|linkStyle|classDef|class|click)[ \t]++(?!--|==|-\.)")
_END: Final = re.compile(r"end(?![\w-])(?![ \t]*+(?:--|==|-\.|&|\[|\())")
_LINK_STYLE: Final = re.compile(r"linkStyle[ \t]++(\d{1,6}(?:[ \t]*+,[ \t]*+\d{1,6})*+)[ \t]")
_RESERVED: Final = re.compile(
    r"(?:end|style|linkStyle|classDef|class|graph|flowchart|subgraph|_self|_blank|_parent|_top)\b|(?:click|call|href)\s"
)
_ACCESSIBILITY: Final = re.compile(r"accTitle\s*+:[^\n]*+|accDescr\s*+(?::[^\n]*+|\{[^}]*+\})")
_DIRECTED: Final = re.compile(r"direction[ \t]++(?:TB|BT|RL|LR|TD)[^\n]*+")
_ID: Final = re.compile(r"""(?!")(?:[\w!"#$%&'*+.`?\\/,]|-(?=[^>\-.])|:(?!::))++""")
_CLASS: Final = re.compile(r":::(?:[\w!#$%'*+.`?\\/]|-(?=[^>\-.]))++")
_DATA: Final = re.compile(r'@\{((?:"[^"]*+"|[^"}])*+)\}')
_DATA_LABEL: Final = re.compile(r"""\blabel[ \t]*+:[ \t]*+(?:"([^"]*+)"|'([^'\n]*+)'|([^,\n}]++))""")
_TITLE: Final = re.compile(r'[^\n;\["]*+')
_NOT_IN_TITLE: Final = re.compile(r"[(){}|<>,]")
_SIGN: Final = re.compile(r"[^\s;]")
_SIGNS: Final = re.compile(r"[^\s;]{1,20}+")
_AND: Final = re.compile(r"[ \t]++&[ \t]++")
_EDGE_ID: Final = re.compile(r'[ \t]*+[\w-]{1,64}+@(?=[^{"])')
_LINK: Final = re.compile(r"\s*+([xo<]?)(?:--+([-xo>])|==+([=xo>])|-?\.++-([xo>]?)|(~)~~++)\s*+")
_OPENING: Final = re.compile(r"\s*+([xo<]?)(--|==|-\.)\s*+")
_ARROW_OF_OTHERS: Final = re.compile(r"\s*+([-=–—]>|[–—]{2}>|[→⟶➔➙➛➜➝➞⇒⟹])[ \t]*+")
_QUOTED_STRING: Final = re.compile(r'"([^"]++)"')
_PIPED: Final = re.compile(r'\|(?:"([^"]++)"|(?!"))([^\[\](){}|"]*+)(?<!\|)\|[ \t]?')


def parse_flowchart(text: str, file: str = "<flowchart>") -> Parsed[Flowchart]:
    """Read a flowchart.

    Args:
        text: the diagram, without a Markdown fence around it.
        file: how findings call it.

    Returns:
        The flowchart beside a finding for each place where Mermaid would stop (A801); None where the text is no
        flowchart at all (A801), or a diagram of another kind (A802).
    """
    return _Reader(text, file).read()


class _Reader:
    """Walks through one text; every method moves `_at` on, or leaves it and returns nothing."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._lines = Lines(text)
        self._text = without_comments(text)
        self._at = 0
        self._findings: list[Finding] = []
        self._whole = True
        self._nodes: dict[str, FlowNode] = {}
        self._edges: list[FlowEdge] = []
        self._subgraphs: list[Subgraph] = []
        self._open: list[tuple[int, Subgraph, dict[str, None]]] = []

    def read(self) -> Parsed[Flowchart]:
        """Read it all."""
        header = _HEADER.match(self._text)
        if header is None:
            header = self._no_flowchart()
            if header is None:
                return Parsed(None, tuple(self._findings))
        self._at = header.end()
        direction = self._direction() if header.group().strip() else None
        while self._move(_EMPTY) is not None and self._at < len(self._text):
            before = self._at
            self._statement()
            if self._at == before:  # nothing fits: go on behind the line
                self._skip_line()
        for start, subgraph, _ in self._open:
            self._report(start, start + len("subgraph"), f"the subgraph {shorten(subgraph.title, 40)!r} has no 'end'")
        self._open = []
        if len(self._edges) > MAX_EDGES:
            extra = self._edges[MAX_EDGES]
            self._report(
                extra.start, extra.end, f"Mermaid draws at most {MAX_EDGES} edges, here are {len(self._edges)}"
            )
        whole = self._whole and len(self._edges) < MAX_READ
        chart = Flowchart(direction, tuple(self._nodes.values()), tuple(self._edges), tuple(self._subgraphs), whole)
        return Parsed(chart, tuple(self._findings))

    def _no_flowchart(self) -> re.Match[str] | None:
        """Say that the text is no flowchart; return where to read on when it was probably meant to be one."""
        match = _FIRST_WORD.match(self._text)
        word = match[1] if match else ""
        start = match.start(1) if match else 0
        if word in OTHER_DIAGRAMS:
            self._report(start, start + len(word), f"a {word} is no flowchart, so it was not read", code="A802")
            return None
        hint = "begin it with 'flowchart LR'"
        self._report(start, start + len(word), "the diagram does not say that it is a flowchart", hint)
        return _MEANT_HEADER.match(self._text)

    def _direction(self) -> str | None:
        match = self._move(_DIRECTION)
        if match is None and not _LINE_END.match(self._text, self._at):
            self._report(self._at, self._at + 1, "behind 'flowchart' stands no direction", "write 'flowchart LR'")
            self._skip_line()
        elif match is not None and not _LINE_END.match(self._text, self._at):
            self._report(self._at, self._at + 1, "the direction is not followed by a new line", "begin a new line")
        return match[1] if match else None

    def _statement(self) -> None:
        if self._text.startswith("subgraph", self._at) and not self._text[self._at + 8 : self._at + 9].isalnum():
            self._subgraph()
        elif _END.match(self._text, self._at):
            self._close()
        elif self._move(_ACCESSIBILITY) or self._move(_DIRECTED):
            return
        elif _KEYWORD.match(self._text, self._at):
            self._passed_over()
        else:
            self._chain()

    def _passed_over(self) -> None:
        """Styles, classes and clicks: only a style of an edge that is not there is a mistake that stops Mermaid."""
        style = _LINK_STYLE.match(self._text, self._at)
        for number in re.finditer(r"\d+", style[1]) if style else ():
            if style and int(number.group()) >= len(self._edges):
                start = style.start(1) + number.start()
                message = f"a style for edge {number.group()}, and {len(self._edges)} edges stand before it"
                self._report(start, start + len(number.group()), message, "edges are counted from 0")
        self._move(_REST)

    def _subgraph(self) -> None:
        start = self._at
        self._at += len("subgraph")
        self._move(_SPACES)
        begin = self._at
        rest = _TITLE.match(self._text, begin)
        name = rest.group().strip() if rest else ""
        self._at = rest.end() if rest else begin
        bad = _NOT_IN_TITLE.search(name)
        title = name
        if bad is not None:
            at = begin + bad.start()
            self._report(at, at + 1, f"{bad.group()!r} in a title that is not quoted", f'write subgraph id ["{name}"]')
        opening = self._text[self._at : self._at + 1]
        if opening == '"' and not name:
            quoted = self._move(_QUOTED_STRING)
            title = name = plain_label(quoted[1]) if quoted else ""
        elif opening == "[":
            found = self._shape(name)
            title = found.text if found else name
        if not title:
            self._report(start, self._at, "a subgraph without a title", "write subgraph id [title]")
        name = name or f"subGraph{len(self._subgraphs) + len(self._open)}"
        self._open.append((start, Subgraph(name, plain_label(title), (), begin, self._at), {}))
        self._end_of_statement()

    def _close(self) -> None:
        start = self._at
        self._at += len("end")
        if not self._open:
            self._report(start, self._at, "'end' closes no subgraph", "remove it")
            return
        _, subgraph, members = self._open.pop()
        done = replace(subgraph, members=tuple(members))
        self._subgraphs.append(done)
        if self._open:
            self._open[-1][2][done.id] = None

    def _chain(self) -> None:
        sources = self._group()
        while sources:
            link = self._link()
            if link is None:
                self._end_of_statement()
                return
            label, arrow, start, end = link
            targets = self._group()
            if not targets:
                self._report(start, end, "an arrow that leads to no node", "write the node behind it")
                self._skip_line()
                return
            for source in sources:
                if len(self._edges) < MAX_READ:
                    self._edges += [FlowEdge(source, target, label, arrow, start, end) for target in targets]
            sources = targets

    def _group(self) -> list[str]:
        """The ids of one node, or of several with ` & ` between them."""
        found: list[str] = []
        while (node := self._node(after_and=bool(found))) is not None:
            found.append(node)
            if self._move(_AND) is None:
                break
        return found

    def _node(self, *, after_and: bool) -> str | None:
        start = self._at
        match = self._move(_ID)
        if match is None:
            if found := _SIGN.match(self._text, self._at):
                self._report(start, found.end(), f"{found.group()!r} where a node's id is expected")
            elif after_and:
                self._report(start - 1, start, "an & that no node follows")
            return None
        name = match.group()
        self._glued(start)
        if _RESERVED.match(self._text, start):
            word = re.split(r"\W", name, maxsplit=1)[0]
            self._report(start, match.end(), f"{word!r} is a word of Mermaid's own and no id", "use another id")
        shape = self._shape(name)
        self._class()
        data = self._move(_DATA)
        if data is not None and (label := _DATA_LABEL.search(data[1])):
            at = data.start(1)
            place = next(group for group in (1, 2, 3) if label[group] is not None)
            shape = MermaidLabel(plain_label(label[place]), "data", at + label.start(place), at + label.end(place))
        self._declare(name, shape, start, match.end())
        return name

    def _class(self) -> None:
        match = self._move(_CLASS)
        if match is not None:
            self._glued(match.start() + len(":::"))

    def _glued(self, start: int) -> None:
        """Mermaid takes the `x` of `x-->` for a part of the arrow, unless a space stands between."""
        if _LINK.match(self._text, start):
            self._report(start, start + 1, "x and o before an arrow are read as its end", "put a space between them")

    def _declare(self, name: str, shape: MermaidLabel | None, start: int, end: int) -> None:
        """Note a node: the last label that it is given is the one that is drawn."""
        if shape is not None:
            self._nodes[name] = FlowNode(name, shape.text, shape.shape, shape.start, shape.end)
        elif name not in self._nodes:
            self._nodes[name] = FlowNode(name, name, "rect", start, end)
        if self._open:
            self._open[-1][2][name] = None

    def _shape(self, name: str) -> MermaidLabel | None:
        """What brackets behind an id say."""
        read = read_label(self._text, self._at)
        if read is None:
            return None
        if read.problem is not None:
            start, what, hint = read.problem
            hint = hint.replace("ID", name, 1)
            self._report(start, start + 1, f"the label of {shorten(name, 40)!r} {what}", hint)
        if not read.shape:
            self._skip_line()
            return None
        self._at = read.after
        return read

    def _link(self) -> tuple[str, Arrow, int, int] | None:
        """An arrow with its text, which stands in it or between bars behind it."""
        start = self._at
        self._move(_EDGE_ID)
        match = self._move(_LINK)
        if match is None:
            self._at = start if not _OPENING.match(self._text, self._at) else self._at
            return self._link_around_text(start)
        label = self._piped()
        return label, _arrow(match[1], match), *self._trimmed(start, self._at)

    def _piped(self) -> str:
        """What bars behind an arrow say."""
        if not self._text.startswith("|", self._at):
            return ""
        piped = self._move(_PIPED)
        if piped is None:
            self._mend_pipes()
            return ""
        if spaces := self._move(_MORE_SPACES):
            self._report(*spaces.span(), "several spaces behind the text of an arrow", "write one")
        return plain_label((piped[1] or "") + piped[2])

    def _arrow_of_others(self, start: int) -> tuple[str, Arrow, int, int] | None:
        """An arrow that Mermaid does not know, such as `->`."""
        match = self._move(_ARROW_OF_OTHERS)
        if match is None:
            return None
        self._report(*match.span(1), f"{match[1]!r} is no arrow of Mermaid's", "write -->")
        return self._piped(), "forward", *self._trimmed(start, self._at)

    def _link_around_text(self, start: int) -> tuple[str, Arrow, int, int] | None:
        opening = self._move(_OPENING)
        if opening is None:
            return self._arrow_of_others(start)
        quoted = _QUOTED_STRING.match(self._text, self._at)
        begin = self._at
        mark = {"--": "--", "==": "==", "-.": ".-"}[opening[2]]
        end = self._text.find(mark, quoted.end() if quoted else begin)
        link = _LINK.match(self._text, end - (self._text[end - 1] in "xo<")) if end > 0 else None
        link = link or (_LINK.match(self._text, end) if end >= 0 else None)
        if link is None:
            self._report(
                opening.start(2), opening.end(2), "an arrow with a text that is never closed", "write A -->|text| B"
            )
            self._at = opening.end()
            return "", "forward", *self._trimmed(start, opening.end())
        label = quoted[1] if quoted else self._text[begin : link.start()]
        if not label.strip():
            self._report(opening.start(2), opening.end(2), "an arrow with an empty text", "write A --> B")
        elif not quoted and '"' in label:
            at = begin + label.index('"')
            self._report(at, at + 1, "a quote inside the text of an arrow", "quote the whole text")
        self._at = link.end()
        return plain_label(label), _arrow(opening[1], link), *self._trimmed(start, link.end())

    def _mend_pipes(self) -> None:
        start = self._at
        end = self._text.find("|", start + 1)
        line = self._text.find("\n", start)
        whole = end > 0 and (line < 0 or end < line)
        message = "the text of an arrow has brackets or quotes in it" if whole else "the text of an arrow is not closed"
        self._report(start, start + 1, message, 'write -->|"text"|')
        self._at = end + 1 if whole else start + 1
        self._move(_SPACES)

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        """The place of an arrow without the spaces around it."""
        text = self._text[start:end]
        return start + len(text) - len(text.lstrip()), end - (len(text) - len(text.rstrip()))

    def _end_of_statement(self) -> None:
        if _LINE_END.match(self._text, self._at):
            return
        self._move(_SPACES)
        found = _SIGNS.match(self._text, self._at)
        shown = found.group() if found else ""
        hint = 'put a text that holds brackets or spaces in quotes: A["text"]'
        self._report(
            self._at, self._at + max(1, len(shown)), f"{shown!r} where an arrow or a new line is expected", hint
        )
        self._skip_line()

    def _skip_line(self) -> None:
        self._whole = False
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end

    def _move(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def _report(self, start: int, end: int, message: str, hint: str | None = None, *, code: str = "A801") -> None:
        if len(self._findings) < MAX_FINDINGS:
            place = Location(self._file, *self._lines.position(start))
            self._findings.append(Finding(code, place, message, hint, self._text[start:end].strip("\n")))


def _arrow(tail: str, link: re.Match[str]) -> Arrow:
    """Which ends have a head: an arrow's, or a circle or cross; `~~~` is not drawn at all."""
    head = next((group for group in link.groups()[1:] if group), "")
    if head == "~":
        return "hidden"
    if head in ("", "-", "="):
        return "none"
    return "both" if tail else "forward"

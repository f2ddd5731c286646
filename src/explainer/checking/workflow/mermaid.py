"""A lenient reader of Mermaid flowcharts: nodes, edges, subgraphs, and the first place where Mermaid surely stops.

The patterns are those of Mermaid 11 (`flow.jison` in its sources) as far as they decide what is drawn; styles, classes
and clicks are passed over. What Mermaid draws is never called a mistake; some of what it refuses is read all the same.
Behind the first mistake, what was probably meant is read on, so that a diagram with a bracket too many can be checked.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace
from itertools import filterfalse, islice, product
from typing import Final, TypeAlias

from explainer.checking.workflow.described import DescribedLink, DescribedStep
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import Lines, shorten

MAX_EDGES: Final = 500
"""Edges that Mermaid draws unless it is configured otherwise (`maxEdges`)."""
MAX_READ: Final = 20_000
"""Edges of one diagram that are read: ` & ` between many nodes on both sides makes very many of a short text."""
OTHER_DIAGRAMS: Final = frozenset(
    "architecture-beta block block-beta C4Component C4Container C4Context C4Deployment C4Dynamic classDiagram "  # noqa: SIM905
    "classDiagram-v2 erDiagram gantt gitGraph journey kanban mindmap packet packet-beta pie quadrantChart radar-beta "
    "requirement requirementDiagram sankey sankey-beta sequenceDiagram stateDiagram stateDiagram-v2 timeline "
    "treemap-beta xychart xychart-beta zenuml".split()
)
"""The first words of diagrams that are not flowcharts."""


@dataclass(frozen=True, slots=True)
class Flowchart:
    """What a flowchart draws, in the order of its text; `whole` unless a line had to be passed over."""

    nodes: tuple[DescribedStep, ...] = ()
    groups: tuple[DescribedStep, ...] = ()
    links: tuple[DescribedLink, ...] = ()
    whole: bool = True


@dataclass(slots=True)
class _Subgraph:
    """A box around nodes: its id, its title and where that stands, and the ids in it."""

    name: str
    title: str
    start: int
    end: int
    members: dict[str, None] = field(default_factory=dict)


_PASSED_OVER: Final = re.compile(
    r"\A\s*+---[ \t]*+\r?\n(?:(?!---[ \t]*+\r?$)[^\n]*+\n)*+---[ \t]*+(?:\r?\n|\Z)"  # front matter
    r"|%%\{(?:(?!\}%%)[\s\S]){0,2000}+\}%%"  # directives, within a line, too; the bound keeps many openings linear
    r"|^[ \t]*+%%(?!\{)[^\n]*+",  # comments, which may not
    re.MULTILINE,
)
# `<font color="red">` stands in labels without quotes: Mermaid makes its quotes single ones before it reads on.
_START_TAG: Final = re.compile(r"<\w[^<>]*+>")
_ATTRIBUTE: Final = re.compile(r'="([^"]*+)"')
_HEADER: Final = re.compile(r"\s*+(?:flowchart-elk|flowchart|graph)\b")
# A header that Mermaid refuses (`Graph LR`, `flowchart: LR`), or none before a line with an arrow.
_MEANT_HEADER: Final = re.compile(
    r"(?:\s*+(?:flowchart|graph)(?![\w-]):?)|(?=\s*+[^\W\d_][^\n]*?(?:--[->]|==[=>]|-\.-))", re.IGNORECASE
)
_DIRECTION: Final = re.compile(r"[ \t]*+(?:TB|TD|BT|RL|LR|BR|<|>|\^|v)(?![\w-])")
_FIRST_WORD: Final = re.compile(r"\s*+([\w-]*+)")
_EMPTY: Final = re.compile(r"[\s;]*+")
_LINE_END: Final = re.compile(r"[ \t\r]*+(?:;|\n|\Z)")
_LINE: Final = re.compile(r"[^\n]*+\n?")
_SIGNS: Final = re.compile(r"[ \t]*+([^\s;]{0,20}+)")
# Statements without nodes. Mermaid takes `direction LR` wherever it stands on its line.
_IGNORED: Final = re.compile(
    r"accTitle\s*+:[^\n]*+|accDescr\s*+(?::[^\n]*+|\{[^}]*+\})|[^\n]*?direction[ \t]++(?:TB|BT|RL|LR|TD)[^\n]*+"
    r'|(?:style|linkStyle|classDef|class|click)[ \t]++(?!--|==|-\.)(?:"[^"\n]*+"|[^\n;"])*+'
)
_SUBGRAPH: Final = re.compile(r'subgraph(?![^\W_])[ \t]*+([^\n;\["]*+)')
_QUOTED: Final = re.compile('"([^"]++)"')
_NOT_IN_TITLE: Final = re.compile(r"[(){}|<>,]")
_END: Final = re.compile(r"end(?![\w-])(?![ \t]*+(?:--|==|-\.|&|\[|\())")
_RESERVED: Final = re.compile(r"(?:end|style|linkStyle|classDef|class|graph|flowchart|subgraph)\b")
# An id may hold a dash or a colon, unless an arrow or a class begins there.
_WORD: Final = r"""(?:[\w!"#$%&'*+.`?\\/,]|-(?=[^>\-.])|:(?!::))++"""
_ID: Final = re.compile(rf'(?!"){_WORD}')
_CLASS: Final = re.compile(f":::{_WORD}")
_DATA: Final = re.compile(r'@\{((?:"[^"]*+"|[^"}])*+)\}')
_DATA_LABEL: Final = re.compile(r"""\blabel[ \t]*+:[ \t]*+(?:"([^"]*+)"|'([^'\n]*+)'|([^,\n}]++))""")
_AND: Final = re.compile(r"[ \t]++&[ \t]++")

# What a label may hold: signs in quotes, with words behind; without quotes no brackets, bars and quotes.
_TEXT: Final = r'("[^"]++"(?:[^\[\](){}|"]|"")*+|[^\[\](){}|"]++)'
_SLANTED: Final = r'((?:"[^"]++")?(?:[^\\\[\](){}/"]|[/\\](?!\]))*+)'
_LABEL: Final = re.compile(
    "|".join((
        rf"\(\(\({_TEXT}\)\)\)", rf"\(\[{_TEXT}\]\)", rf"\(\({_TEXT}\)\)", r'\(-([^\[\](){}|"]+?)-\)', rf"\({_TEXT}\)",
        rf"\[\[{_TEXT}\]\]", rf"\[\({_TEXT}\)\]", rf"\[[/\\]{_SLANTED}[/\\]\]", rf"\[{_TEXT}\]",
        rf"\{{\{{{_TEXT}\}}\}}", rf"\{{{_TEXT}\}}", rf">{_TEXT}\]",
    ))
)  # fmt: skip
_BRACKET: Final = re.compile(r'[\[\](){}|"]')
_OPENING_BRACKET: Final = re.compile(r"[\[({>]")
# A label that Mermaid refuses reaches to the brackets behind which its line ends or goes on with an arrow.
_MEANT_LABEL: Final = re.compile(
    r"[\[({>]([^\n]*?)[\])}](?=[ \t\r]*+(?:$|[;&→⟶⇒]|:::|@\{|[xo<]?(?:--|==|-\.|~~~)|[-=–—]{1,2}>))",
    re.MULTILINE,
)
_MARKDOWN: Final = re.compile(r"\A`(.*)`\Z", re.DOTALL)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_BREAK: Final = re.compile(r"<br\s{0,8}/?>|\\n", re.IGNORECASE)
_ENTITY: Final = re.compile(r"[&#]#?(\w{1,31});")
# Characters of a label that a hint repeats.
_SHOWN: Final = 60

_EDGE_ID: Final = re.compile(r'[ \t]*+([^\s"]{1,64})@(?=[^{"])')
_LINK: Final = re.compile(r"\s*+([xo<]?)(?:--+([-xo>])|==+([=xo>])|-?\.++-([xo>]?)|(~)~~++)\s*+")
_OPENED_LINK: Final = re.compile(r"\s*+([xo<]?)(--|==|-\.)")
# `A -- text --> B`: the text ends where the arrow goes on. The bound keeps a text of many openings linear.
_LINKS_WITH_TEXT: Final = {
    mark: re.compile(rf'((?:"[^"]*+"|(?![xo<]?{tip})[^"]){{1,2000}}+)[xo<]?{tip}\s*+')
    for mark, tip in {"--": "--+([-xo>])", "==": "==+([=xo>])", "-.": r"-?\.+-([xo>]?)"}.items()
}
_LINK_OF_OTHERS: Final = re.compile(r"\s*+([-=–—]>|[–—]{2}>|[→⟶➔➙➛➜➝➞⇒⟹])[ \t]*+")
_PIPED: Final = re.compile(r'\|((?:"[^"]++")?[^\[\](){}|"]*+)\|[ \t]*+')
_MEANT_PIPED: Final = re.compile(r"\|([^\n|]*+)\|[ \t]*+")
_HEADS: Final = frozenset("xo>")


def parse_flowchart(text: str, file: str = "<flowchart>", offset: int = 0) -> Parsed[Flowchart]:
    """Read a flowchart.

    Args:
        text: the diagram, without a Markdown fence around it.
        file: how the finding calls it.
        offset: where the text stands in its answer.

    Returns:
        The flowchart, with a finding where Mermaid would stop (A801); None where the text is no flowchart at all
        (A801), or a diagram of another kind (A802).
    """
    return _Reader(text, file, offset).read()


def plain_label(text: str) -> str:
    """Return what a label shows: entities decoded, a line break for `<br/>`, no other tags, no Markdown quotes."""
    text = _MARKDOWN.sub(r"\1", text.strip())
    return _ENTITY.sub(_decoded, _TAG.sub("", _BREAK.sub("\n", text))).strip()


def _decoded(match: re.Match[str]) -> str:
    name = match[1]
    for entity in (f"&#{name};", f"&{name};"):
        character = html.unescape(entity)
        if character != entity:
            return character
    return match.group()


def _blanked(match: re.Match[str]) -> str:
    """As many spaces, and the same line breaks: nothing may move, since findings have places."""
    return re.sub(r"[^\r\n]", " ", match.group())


def _single_quoted(match: re.Match[str]) -> str:
    return _ATTRIBUTE.sub(r"='\1'", match.group())


# A text, and where it stands without its quotes.
_Label: TypeAlias = tuple[str, int, int]


class _Refused(Exception):  # noqa: N818  # a refusal of Mermaid's
    """A place behind which a line cannot be read on: start, end, message and hint."""

    def __init__(self, start: int, end: int, message: str, hint: str | None = None) -> None:
        super().__init__(start, end, message, hint)


class _Reader:
    """Walks through one text; what matches at `_at` moves it on."""

    def __init__(self, text: str, file: str, offset: int) -> None:
        self._file = file
        self._offset = offset
        self._lines = Lines(text)
        self._text = _START_TAG.sub(_single_quoted, _PASSED_OVER.sub(_blanked, text))
        self._at = 0
        self._mistake: Finding | None = None
        self._whole = True
        self._labels: dict[str, _Label] = {}
        self._links: list[DescribedLink] = []
        self._edge_ids: set[str] = set()
        self._subgraphs: list[_Subgraph] = []
        self._open: list[_Subgraph] = []

    def read(self) -> Parsed[Flowchart]:
        """Read it all."""
        if not self._header():
            return self._parsed(None)
        self._move(_EMPTY)
        while self._at < len(self._text):
            try:
                self._statement()
            except _Refused as refusal:
                self._report(*refusal.args)
                self._whole = False
                self._move(_LINE)
            self._move(_EMPTY)
        for subgraph in self._open:
            message = f"the subgraph {shorten(subgraph.title, 40)!r} has no 'end'"
            start = self._text.rindex("subgraph", 0, subgraph.start)
            self._report(start, start + len("subgraph"), message)
        if len(self._links) > MAX_EDGES:
            start = self._links[MAX_EDGES].start - self._offset
            message = f"Mermaid draws at most {MAX_EDGES} edges, here are {len(self._links)}"
            self._report(start, self._links[MAX_EDGES].end - self._offset, message)
        return self._parsed(self._flowchart())

    def _flowchart(self) -> Flowchart:
        """The nodes, groups and links; only now it is known which ids are those of subgraphs."""
        keys = {subgraph.name: f"subgraph {subgraph.name}" for subgraph in self._subgraphs}
        inside: dict[str, tuple[str, ...]] = {}
        for subgraph in self._subgraphs:
            for member in subgraph.members:
                inside[member] = (*inside.get(member, ()), keys[subgraph.name])
        nodes: list[DescribedStep] = []
        for name in filterfalse(keys.__contains__, self._labels):
            text, start, end = self._labels[name]
            place = self._offset + start, self._offset + end
            nodes.append(DescribedStep(name, text, *place, "step", inside.get(name, ())))
        groups: list[DescribedStep] = []
        for subgraph in self._subgraphs:
            place = self._offset + subgraph.start, self._offset + subgraph.end
            around = inside.get(subgraph.name, ())
            groups.append(DescribedStep(keys[subgraph.name], subgraph.title, *place, "group", around))
        links: list[DescribedLink] = []
        for link in self._links:
            source, target = keys.get(link.source, link.source), keys.get(link.target, link.target)
            links.append(replace(link, source=source, target=target))
        whole = self._whole and len(links) < MAX_READ
        return Flowchart(tuple(nodes), tuple(groups), tuple(links), whole)

    def _parsed(self, chart: Flowchart | None) -> Parsed[Flowchart]:
        return Parsed(chart, tuple(filter(None, (self._mistake,))))

    def _header(self) -> bool:
        """Move behind the first line; whether the text is, or was probably meant to be, a flowchart."""
        if self._move(_HEADER) is None:
            return self._meant_header()
        self._move(_DIRECTION)
        if not _LINE_END.match(self._text, self._at):
            message = "the direction is not followed by a new line"
            self._report(self._at, self._at + 1, message, "write 'flowchart LR' on a line of its own")
        return True

    def _meant_header(self) -> bool:
        word = _FIRST_WORD.match(self._text)
        start, end = word.span(1) if word else (0, 0)
        kind = self._text[start:end]
        if kind in OTHER_DIAGRAMS:
            self._report(start, end, f"a {kind} is no flowchart, so it was not read", code="A802")
            return False
        hint = "begin it with 'flowchart LR'"
        self._report(start, end, "the diagram does not say that it is a flowchart", hint)
        header = self._move(_MEANT_HEADER)
        if header is not None and header.group():
            self._move(_DIRECTION)
        return header is not None

    def _statement(self) -> None:
        if self._move(_IGNORED):
            return
        if title := self._move(_SUBGRAPH):
            self._subgraph(title)
        elif end := self._move(_END):
            self._close(end)
        else:
            self._chain()

    def _subgraph(self, match: re.Match[str]) -> None:
        name = match[1].strip()
        wrong = _NOT_IN_TITLE.search(match[1])
        if wrong is not None:
            at = match.start(1) + wrong.start()
            hint = f'write subgraph id ["{name}"]'
            self._report(at, at + 1, f"{wrong.group()!r} in a title that is not quoted", hint)
        title = name
        if quoted := self._move(_QUOTED):
            title = name = quoted[1]
        elif label := self._label(name):
            title = label[0]
        name = name or f"subGraph{len(self._subgraphs) + len(self._open)}"
        self._open.append(_Subgraph(plain_label(name), plain_label(title), match.start(1), self._at))

    def _close(self, end: re.Match[str]) -> None:
        if not self._open:
            self._report(*end.span(), "'end' closes no subgraph", "remove it")
            return
        subgraph = self._open.pop()
        self._subgraphs.append(subgraph)
        self._note_member(subgraph.name)

    def _note_member(self, name: str) -> None:
        if self._open:
            self._open[-1].members[name] = None

    def _chain(self) -> None:
        """Nodes with arrows between them, each arrow between all nodes on its two sides."""
        sources = self._group()
        while link := self._link():
            if not _ID.match(self._text, self._at):
                place = link.start - self._offset, link.end - self._offset
                raise _Refused(*place, "an arrow that leads to no node", "write the node behind it")
            targets = self._group()
            for source, target in islice(product(sources, targets), MAX_READ - len(self._links)):
                self._links.append(replace(link, source=source, target=target))
            sources = targets
        self._end_statement()

    def _group(self) -> list[str]:
        """The ids of one node, or of several with ` & ` between them."""
        names = [self._node()]
        while self._move(_AND):
            names.append(self._node())
        return names

    def _node(self) -> str:
        start = self._at
        match = self._move(_ID)
        if match is None:
            sign = self._text[start : start + 1]
            raise _Refused(start, start + 1, f"{sign!r} where a node's id is expected")
        name = match.group()
        if word := _RESERVED.match(name):
            message = f"{word.group()!r} is a word of Mermaid's own and no id"
            self._report(*match.span(), message, "use another id")
        label = self._label(name)
        self._move(_CLASS)
        label = self._data_label() or label
        if name in self._edge_ids:  # `e1@{ animate: true }` is about an edge that was given this id
            return name
        # The last label that a node is given is the one that is drawn.
        self._labels[name] = label or self._labels.get(name) or (name, *match.span())
        self._note_member(name)
        return name

    def _label(self, name: str) -> _Label | None:
        """The text in the brackets behind an id."""
        match = self._move(_LABEL)
        if match is None:
            return self._meant_label(name)
        start, end = match.span(match.lastindex or 0)
        text = self._text[start:end]
        if text.startswith('"'):
            start, end = start + 1, self._text.index('"', start + 1)
        return plain_label(text.replace('"', "")), start, end

    def _meant_label(self, name: str) -> _Label | None:
        """A label that Mermaid refuses."""
        opening = _OPENING_BRACKET.match(self._text, self._at)
        if opening is None:
            return None
        shown = shorten(name, 40)
        match = self._move(_MEANT_LABEL)
        if match is None:
            message = f"the label of {shown!r} is not closed on its line"
            raise _Refused(opening.start(), opening.start() + 1, message, f'write {name}["text"]')
        label = match[1].strip().strip('"')
        message, hint = (
            f"the label of {shown!r} is not closed as it was opened",
            f"use one pair of brackets: {name}[text]",
        )
        at = match.end(1)
        if wrong := _BRACKET.search(self._text, match.start(1), match.end(1)):
            at = wrong.start()
            message = f"the label of {shown!r} has {wrong.group()!r} in it and is not quoted"
            quoted = shorten(label.replace('"', "#quot;"), _SHOWN)
            hint = f'write {name}["{quoted}"]'
        self._report(at, at + 1, message, hint)
        return plain_label(label), *match.span(1)

    def _data_label(self) -> _Label | None:
        """The label of `A@{ shape: rounded, label: "text" }`."""
        data = self._move(_DATA)
        if data is None:
            return None
        label = _DATA_LABEL.search(self._text, *data.span(1))
        if label is None:
            return None
        group = label.lastindex or 0
        return plain_label(label[group]), *label.span(group)

    def _link(self) -> DescribedLink | None:
        """An arrow with its text, which stands in it or between bars behind it; its ends are not known yet."""
        start = self._at
        edge_id = self._move(_EDGE_ID)
        link = self._move(_LINK)
        if link is not None:
            if edge_id is not None:
                self._edge_ids.add(edge_id[1])
            return self._drawn(start, link[1], link[link.lastindex or 1], self._piped())
        opened = self._move(_OPENED_LINK)
        if opened is not None:
            return self._link_with_text(start, opened)
        self._at = start
        foreign = self._move(_LINK_OF_OTHERS)
        if foreign is None:
            return None
        self._report(*foreign.span(1), f"{foreign[1]!r} is no arrow of Mermaid's", "write -->")
        return self._drawn(start, "", ">", self._piped())

    def _link_with_text(self, start: int, opened: re.Match[str]) -> DescribedLink:
        link = self._move(_LINKS_WITH_TEXT[opened[2]])
        if link is None:
            message = "an arrow with a text that is never closed"
            raise _Refused(*opened.span(2), message, "write A -->|text| B")
        return self._drawn(start, opened[1], link[2], link[1].strip().replace('"', ""))

    def _drawn(self, start: int, tail: str, head: str, text: str) -> DescribedLink:
        """An arrow of known shape, at its place without the spaces around it."""
        both = head not in _HEADS or tail != ""
        written = self._text[start : self._at]
        begin = self._offset + start + len(written) - len(written.lstrip())
        return DescribedLink("", "", plain_label(text), both, head == "~", begin, begin + len(written.strip()))

    def _piped(self) -> str:
        """What bars behind an arrow say."""
        if not self._text.startswith("|", self._at):
            return ""
        start = self._at
        match = self._move(_PIPED)
        if match is not None:
            return match[1].replace('"', "")
        match = self._move(_MEANT_PIPED)
        hint = 'write -->|"text"|'
        if match is None:
            raise _Refused(start, start + 1, "the text of an arrow is not closed", hint)
        self._report(start, start + 1, "the text of an arrow has brackets or quotes in it", hint)
        return match[1]

    def _end_statement(self) -> None:
        if _LINE_END.match(self._text, self._at):
            return
        start = self._at
        if signs := self._move(_SIGNS):
            start = signs.start(1)
        shown = self._text[start : self._at]
        hint = 'put a text that holds brackets or spaces in quotes: A["text"]'
        raise _Refused(start, self._at, f"{shown!r} where an arrow or a new line is expected", hint)

    def _move(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def _report(self, start: int, end: int, message: str, hint: str | None = None, code: str = "A801") -> None:
        """Note the first mistake: behind it Mermaid reads nothing, so what comes after may only follow from it."""
        if self._mistake is None:
            place = Location(self._file, *self._lines.position(start))
            self._mistake = Finding(code, place, message, hint, self._text[start:end].strip("\n"))

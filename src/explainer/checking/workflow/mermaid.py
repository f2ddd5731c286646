"""A lenient reader of Mermaid flowcharts: what they say, and the first place where Mermaid surely stops.

The patterns are those of Mermaid 11 (`flow.jison` in its sources) as far as they decide what is drawn; styles, classes
and clicks are passed over. What Mermaid draws is never called a mistake; some of what it refuses is read all the same.
What leads to what is not kept: only the names in a diagram are judged.
"""

from __future__ import annotations

import html
import re
from operator import attrgetter
from typing import Final, Literal, NamedTuple, TypeAlias

from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import lazy_regex, shorten
from explainer.documents.document import Lines

OTHER_DIAGRAMS: Final = frozenset(
    "architecture-beta block block-beta C4Component C4Container C4Context C4Deployment C4Dynamic classDiagram "  # noqa: SIM905
    "classDiagram-v2 erDiagram gantt gitGraph journey kanban mindmap packet packet-beta pie quadrantChart radar-beta "
    "requirement requirementDiagram sankey sankey-beta sequenceDiagram stateDiagram stateDiagram-v2 timeline "
    "treemap-beta xychart xychart-beta zenuml".split()
)
"""The first words of diagrams that are not flowcharts."""


class Drawn(NamedTuple):
    """A text that a flowchart shows: of a node, of a box around nodes, or on an arrow; and where it stands."""

    text: str
    start: int
    end: int
    role: Literal["step", "group", "edge"] = "step"


_PASSED_OVER: Final = lazy_regex(
    r"\A\s*+---[ \t]*+\r?\n(?:(?!---[ \t]*+\r?$)[^\n]*+\n)*+---[ \t]*+(?:\r?\n|\Z)"  # front matter
    r"|%%\{(?:(?!\}%%)[\s\S]){0,2000}+\}%%"  # directives, within a line, too; the bound keeps many openings linear
    r"|^[ \t]*+%%(?!\{)[^\n]*+",  # comments, which may not
    re.MULTILINE,
)
# `<font color="red">` stands in labels without quotes: Mermaid makes its quotes single ones before it reads on.
_START_TAG: Final = lazy_regex(r"<\w[^<>]*+>")
_ATTRIBUTE: Final = lazy_regex(r'="([^"]*+)"')
_HEADER: Final = lazy_regex(r"\s*+(?:flowchart-elk|flowchart|graph)\b")
_DIRECTION: Final = lazy_regex(r"[ \t]*+(?:TB|TD|BT|RL|LR|BR|<|>|\^|v)(?![\w-])")
_FIRST_WORD: Final = lazy_regex(r"\s*+([\w-]*+)")
_EMPTY: Final = lazy_regex(r"[\s;]*+")
_LINE_END: Final = lazy_regex(r"[ \t\r]*+(?:;|\n|\Z)")
_SPACES: Final = lazy_regex(r"[ \t]*+")
# Statements without nodes. Mermaid takes `direction LR` wherever it stands on its line.
_IGNORED: Final = lazy_regex(
    r"accTitle\s*+:[^\n]*+|accDescr\s*+(?::[^\n]*+|\{[^}]*+\})|[^\n]*?direction[ \t]++(?:TB|BT|RL|LR|TD)[^\n]*+"
    r'|(?:style|linkStyle|classDef|class|click)[ \t]++(?!--|==|-\.)(?:"[^"\n]*+"|[^\n;"])*+'
)
_SUBGRAPH: Final = lazy_regex(r'subgraph(?![^\W_])[ \t]*+([^\n;\["]*+)')
_QUOTED: Final = lazy_regex('"([^"]++)"')
_NOT_IN_TITLE: Final = lazy_regex(r"[(){}|<>,]")
_END: Final = lazy_regex(r"end(?![\w-])(?![ \t]*+(?:--|==|-\.|&|\[|\())")
_RESERVED: Final = lazy_regex(r"(?:end|style|linkStyle|classDef|class|graph|flowchart|subgraph)\b")
# An id may hold a dash or a colon, unless an arrow or a class begins there.
_WORD: Final = r"""(?:[\w!"#$%&'*+.`?\\/,]|-(?=[^>\-.])|:(?!::))++"""
_ID: Final = lazy_regex(rf'(?!"){_WORD}')
_CLASS: Final = lazy_regex(f":::{_WORD}")
_DATA: Final = lazy_regex(r'@\{((?:"[^"]*+"|[^"}])*+)\}')
_DATA_LABEL: Final = lazy_regex(
    r"""\blabel[ \t]*+:[ \t]*+(?:"([^"]*+)"|'([^'\n]*+)'|([^,\n}]++))"""
)
_AND: Final = lazy_regex(r"[ \t]++&[ \t]++")

# What a label may hold: signs in quotes, with words behind; without quotes no brackets, bars and quotes.
_TEXT: Final = r'("[^"]++"(?:[^\[\](){}|"]|"")*+|[^\[\](){}|"]++)'
_SLANTED: Final = r'((?:"[^"]++")?(?:[^\\\[\](){}/"]|[/\\](?!\]))*+)'
_LABEL: Final = lazy_regex(
    "|".join((
        rf"\(\(\({_TEXT}\)\)\)", rf"\(\[{_TEXT}\]\)", rf"\(\({_TEXT}\)\)", r'\(-([^\[\](){}|"]+?)-\)', rf"\({_TEXT}\)",
        rf"\[\[{_TEXT}\]\]", rf"\[\({_TEXT}\)\]", rf"\[[/\\]{_SLANTED}[/\\]\]", rf"\[{_TEXT}\]",
        rf"\{{\{{{_TEXT}\}}\}}", rf"\{{{_TEXT}\}}", rf">{_TEXT}\]",
    ))
)  # fmt: skip
_MARKDOWN: Final = lazy_regex(r"\A`(.*)`\Z", re.DOTALL)
_TAG: Final = lazy_regex(r"</?[A-Za-z][^<>]{0,200}>")
_BREAK: Final = lazy_regex(r"<br\s{0,8}/?>|\\n", re.IGNORECASE)
_ENTITY: Final = lazy_regex(r"[&#]#?(\w{1,31});")

_EDGE_ID: Final = lazy_regex(r'[ \t]*+([^\s"]{1,64})@(?=[^{"])')
_LINK: Final = lazy_regex(r"\s*+[xo<]?(?:--+[-xo>]|==+[=xo>]|-?\.++-[xo>]?|~~~++)\s*+")
_OPENED_LINK: Final = lazy_regex(r"\s*+[xo<]?(--|==|-\.)")
# `A -- text --> B`: the text ends where the arrow goes on. The bound keeps a text of many openings linear.
_LINKS_WITH_TEXT: Final = {
    mark: lazy_regex(rf'((?:"[^"]*+"|(?![xo<]?{tip})[^"]){{1,2000}}+)[xo<]?{tip}\s*+')
    for mark, tip in {"--": "--+[-xo>]", "==": "==+[=xo>]", "-.": r"-?\.+-[xo>]?"}.items()
}
_PIPED: Final = lazy_regex(r'\|((?:"[^"]++")?[^\[\](){}|"]*+)\|[ \t]*+')
# A diagram without its first line is one all the same when it has an arrow of Mermaid's.
_ANY_ARROW: Final = lazy_regex(r"--[->]|==[=>]|-\.-")
# Behind a mistake the rest of the line is read for what stands in brackets or quotes, closed or not.
_LOOSE_LABEL: Final = lazy_regex(r"""[\[({>|"]\s*+([^\[\](){}|"\n]++)""")
_REST_OF_LINE: Final = lazy_regex(r"[^\n]*+\n?")


def parse_flowchart(
    text: str, file: str = "<flowchart>", offset: int = 0
) -> Parsed[tuple[Drawn, ...]]:
    """Read a flowchart.

    Args:
        text: the diagram, without a Markdown fence around it.
        file: how the finding calls it.
        offset: where the text stands in its answer.

    Returns:
        What it shows, in the order of the text, with a finding where Mermaid would stop (A801); None where the text is
        no flowchart at all (A801), or a diagram of another kind (A802).
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


_QUOTE_IT: Final = 'put a text that holds brackets or quotes in quotes: A["text"]'
# what stands where Mermaid stops reading, and what to write there
_REFUSED_SIGNS: Final = (
    (lazy_regex(r"(?:[-=–—]>|[–—]{2}>|[→⟶➔➙➛➜➝➞⇒⟹])"), "is not an arrow in Mermaid", "write -->"),
    (
        lazy_regex(r"--|==|-\."),
        "is an arrow with a text that is never closed",
        "write A -->|text| B",
    ),
    (lazy_regex(r"\|"), "opens the text of an arrow that Mermaid cannot read", 'write -->|"text"|'),
    (lazy_regex(r"[\[({>]"), "opens a label that Mermaid cannot read", _QUOTE_IT),
    (lazy_regex(r"[^\s;]{1,20}"), "is not an arrow or a new line", _QUOTE_IT),
)
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
        self._nodes: dict[str, Drawn] = {}
        self._others: list[Drawn] = []
        self._edge_ids: set[str] = set()
        self._groups: set[str] = set()
        self._open_groups: list[re.Match[str]] = []

    def read(self) -> Parsed[tuple[Drawn, ...]]:
        if not self._header():
            return self._parsed(None)
        self._move(_EMPTY)
        while self._at < len(self._text):
            self._statement()
            self._move(_EMPTY)
        for opening in self._open_groups:
            message = f"the subgraph {shorten(opening[1].strip(), 40)!r} has no 'end'"
            self._report(opening.start(), opening.start() + len("subgraph"), message)
        # a box that arrows lead to is no step
        nodes = map(self._nodes.__getitem__, self._nodes.keys() - self._groups)
        return self._parsed(tuple(sorted((*nodes, *self._others), key=attrgetter("start"))))

    def _parsed(self, drawn: tuple[Drawn, ...] | None) -> Parsed[tuple[Drawn, ...]]:
        return Parsed(drawn, tuple(filter(None, (self._mistake,))))

    def _header(self) -> bool:
        """Move behind the first line; whether the text is, or was probably meant to be, a flowchart."""
        if self._move(_HEADER):
            self._move(_DIRECTION)
            if not _LINE_END.match(self._text, self._at):
                message = "the direction is not followed by a new line"
                self._report(
                    self._at, self._at + 1, message, "write 'flowchart LR' on a line of its own"
                )
            return True
        word = _FIRST_WORD.match(self._text)
        start, end = word.span(1) if word else (0, 0)
        kind = self._text[start:end]
        if kind in OTHER_DIAGRAMS:
            self._report(
                start, end, f"a {kind} is not a flowchart, so it was not read", code="A802"
            )
            return False
        self._report(
            start,
            end,
            "the diagram does not say that it is a flowchart",
            "begin it with 'flowchart LR'",
        )
        return _ANY_ARROW.search(self._text) is not None

    def _statement(self) -> None:
        """Read one statement; behind a mistake in it, read the rest of its line loosely."""
        start = self._at
        try:
            self._read_statement()
        except _Refused as refusal:
            self._report(*refusal.args)
            self._at = max(start, self._at)
            line = self._move(_REST_OF_LINE)
            for label in _LOOSE_LABEL.finditer(self._text, start, line.end() if line else start):
                self._show(plain_label(label[1]), *label.span(1))

    def _read_statement(self) -> None:
        if self._move(_IGNORED):
            return
        if title := self._move(_SUBGRAPH):
            self._subgraph(title)
        elif end := self._move(_END):
            if not self._open_groups:
                self._report(*end.span(), "'end' closes no subgraph", "remove it")
            self._open_groups = self._open_groups[:-1]
        else:
            self._chain()

    def _subgraph(self, match: re.Match[str]) -> None:
        wrong = _NOT_IN_TITLE.search(match[1])
        if wrong is not None:
            place = match.start(1) + wrong.start()
            hint = f'write subgraph id ["{match[1].strip()}"]'
            self._report(place, place + 1, f"{wrong.group()!r} in a title that is not quoted", hint)
        name = plain_label(match[1])
        title, start, end = name, *match.span(1)
        if quoted := self._move(_QUOTED):
            title, start, end = quoted[1], *quoted.span(1)
            name = plain_label(title)
        elif label := self._label():
            title, start, end = label
        self._groups.add(name)
        self._open_groups.append(match)
        self._show(plain_label(title), start, end, "group")

    def _chain(self) -> None:
        """Nodes with arrows between them, each arrow between all nodes on its two sides."""
        self._joined_nodes()
        while link := self._link():
            if self._text.startswith("|", self._at):
                raise self._refusal()
            if not _ID.match(self._text, self._at):
                raise _Refused(*link, "an arrow that leads to no node", "write the node after it")
            self._joined_nodes()
        if not _LINE_END.match(self._text, self._at):
            raise self._refusal()

    def _refusal(self) -> _Refused:
        """Say what stands at the place where a statement cannot be read on."""
        self._move(_SPACES)
        for pattern, what, hint in _REFUSED_SIGNS:
            signs = pattern.match(self._text, self._at)
            if signs is not None:
                return _Refused(*signs.span(), f"{signs.group()!r} {what}", hint)
        return _Refused(self._at, self._at + 1, "the rest of the line cannot be read", _QUOTE_IT)

    def _joined_nodes(self) -> None:
        """Read one node, or several with ` & ` between them."""
        self._node()
        while self._move(_AND):
            self._node()

    def _node(self) -> None:
        match = self._move(_ID)
        if match is None:
            raise self._refusal()
        name = match.group()
        if word := _RESERVED.match(name):
            self._report(
                *match.span(),
                f"{word.group()!r} is a keyword of Mermaid, not an id",
                "use another id",
            )
        label = self._label()
        self._move(_CLASS)
        label = self._data_label() or label
        if name in self._edge_ids:  # `e1@{ animate: true }` is about an edge that was given this id
            return
        # The last label that a node is given is the one that is drawn.
        if label is not None or name not in self._nodes:
            text, start, end = label or (name, *match.span())
            self._nodes[name] = Drawn(text, self._offset + start, self._offset + end)

    def _label(self) -> _Label | None:
        """The text in the brackets behind an id."""
        match = self._move(_LABEL)
        if match is None:
            return None
        start, end = match.span(match.lastindex or 0)
        text = self._text[start:end]
        if text.startswith('"'):
            start, end = start + 1, self._text.index('"', start + 1)
        return plain_label(text.replace('"', "")), start, end

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

    def _link(self) -> tuple[int, int] | None:
        """Where an arrow stands; its text, in it or between bars behind it, is noted."""
        start = self._at
        edge_id = self._move(_EDGE_ID)
        if self._move(_LINK):
            if edge_id is not None:
                self._edge_ids.add(edge_id[1])
            text = self._move(_PIPED)
        elif opened := self._move(_OPENED_LINK):
            text = self._move(_LINKS_WITH_TEXT[opened[1]])
            if text is None:
                self._at = opened.start(1)
                raise self._refusal()
        else:
            self._at = start
            return None
        written = self._text[start : self._at]
        place = start + len(written) - len(written.lstrip()), start + len(written.rstrip())
        if text is not None and text[1].strip():
            self._show(plain_label(text[1].replace('"', "")), *place, "edge")
        return place

    def _show(
        self, text: str, start: int, end: int, role: Literal["step", "group", "edge"] = "step"
    ) -> None:
        self._others.append(Drawn(text, self._offset + start, self._offset + end, role))

    def _move(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def _report(
        self, start: int, end: int, message: str, hint: str | None = None, code: str = "A801"
    ) -> None:
        """Note the first mistake: behind it Mermaid reads nothing, so what comes after may only follow from it."""
        if self._mistake is None:
            place = Location(self._file, *self._lines.position(start))
            self._mistake = Finding(code, place, message, hint, self._text[start:end].strip("\n"))

"""The references of an answer as claims: a name, and the links given for it.

Fields (`Model:`, `Paper:`, `GitHub:`), link texts, leads in bold or quotes, rows of tables and plain lines are read
alike: whatever names something opens a claim, and what follows belongs to it until the next one opens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain, pairwise
from operator import attrgetter, itemgetter
from typing import Final, Literal, TypeAlias, TypeVar

from explainer.checking.answer import Answer, Cited, Phrase
from explainer.checking.sections import Sections
from explainer.checking.spotting import is_link
from explainer.checking.titles import content_words, is_nothing, reads_like_title, words

T = TypeVar("T")
LinkRole: TypeAlias = Literal["paper", "github", "any"]
FieldKind: TypeAlias = Literal["name", "paper", "code", "link"]

_LABELS: Final[dict[FieldKind, str]] = {
    "name": "model title name tool framework method dataset system library architecture",
    "paper": "paper papers arxiv pdf doi publication article preprint",
    "code": "github code repo repository implementation hugging huggingface gitlab",
    "link": "link links url website homepage page project source demo reference",
}
_WORD_KINDS: Final = {word: kind for kind, labels in _LABELS.items() for word in labels.split()}
# words of a label that say nothing when another word is there: `Official code link`
_MINOR_WORDS: Final = frozenset(
    "primary main core base recommended supporting related the official referenced key link links url name title page "  # noqa: SIM905
    "source face or and".split()
)
_KINDS: Final[dict[frozenset[FieldKind | None], FieldKind]] = {
    frozenset({"name"}): "name",
    frozenset({"paper"}): "paper",
    frozenset({"code"}): "code",
    frozenset({"link"}): "link",
    # `Paper / Code`
    frozenset({"paper", "code"}): "link",
    frozenset({"paper", "link"}): "link",
    frozenset({"code", "link"}): "link",
    frozenset({"paper", "code", "link"}): "link",
}
_ROLES: Final[dict[FieldKind, LinkRole]] = {"name": "any", "paper": "paper", "code": "github", "link": "any"}
_START: Final = attrgetter("start")
_MIN_TITLE: Final = 3  # words of what stands behind `Paper:`, or in a list without a link, to be a title and no remark
_NEAR_START: Final = 3  # characters behind the mark of a list within which a phrase begins its line
_LONGEST: Final = 2_000  # characters of a line within which a field or a name is looked for
_SEPARATORS: Final = " \t([:：,;<|*_-–—"
# `- **Model:** …`, `> 2) GitHub link: …`, with ornaments of up to any length before the label, and emphasis around it
_FIELD: Final = re.compile(
    r"[\s>|]*+(?:[-+*•–—]\s++|\(?\d{1,3}[.)]\s++)?[^\w\[(`\"“<]*+"
    r"(?P<label>[A-Za-z][A-Za-z /&()'-]{1,31}?(?:\s?\d{1,2})?)\s{0,3}"
    r"[*_`]{0,3}\s{0,3}[:：][*_`]{0,3}(?P<value>.*)"
)
# what may stand before the first words of a line: quotation marks of Markdown, a bullet or number, ornaments
_LEAD: Final = re.compile(r"\A[\s>|]*(?:[-+*•–—]\s+|\(?\[?\d{1,3}[.)\]]\s+)?[^\w\[(`\"“«「《]*")
_MARK: Final = r"(?:[-+*•–—]\s|\(?\[?\d{1,3}[.)\]]\s)"  # the bullet or number of an item
# a row of a table, or an item of a list
_LISTED: Final = re.compile(rf"\s*\||[\s>]*{_MARK}")
# an indented line below that begins no item of its own may be the rest of a wrapped title
_WRAPPED: Final = re.compile(rf"\s++(?!{_MARK})\S")
# what a cell of a table says
_CELL: Final = re.compile(r"[^|\s](?:[^|]*[^|\s])?")
# `[1]: https://…` only says where a reference link leads, the link stands elsewhere
_DEFINITION: Final = re.compile(r" {0,3}\[[^\]\n]{1,200}\]:\s")


@dataclass(slots=True)
class Claim:
    """Something that the answer presents as a source.

    Attributes:
        text: what it is called.
        start: where that begins; `end`: where it ends.
        strict: it is given as a title or a name (`Model: …`), not in passing.
        links: its links, each with the place that its label gives it.
        listed: it stands in the references.
        continued: its text with the line below, which may be the rest of it.
    """

    text: str
    start: int
    end: int
    strict: bool = False
    links: list[tuple[Cited, LinkRole]] = field(default_factory=list)
    listed: bool = True
    continued: str | None = None

    @property
    def cited(self) -> list[Cited]:
        """Its links alone."""
        return [cited for cited, _ in self.links]

    @property
    def asks_for_link(self) -> bool:
        """Whether it is given as a title in the references, and has no link."""
        return self.listed and self.strict and not self.links

    @property
    def in_passing(self) -> bool:
        """Whether it is neither given as a title nor has a link."""
        return not self.strict and not self.links


def read_claims(answer: Answer, sections: Sections) -> list[Claim]:
    """Return all claims: those of the references, and every link text elsewhere."""
    return _ClaimReader(answer, sections).read()


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the references: its number, where it begins, and what stands on it.

    Attributes:
        links: its links that lead somewhere.
        labels: the link texts on it that name something, of those links and then of others.
        phrases: what stands out on it and is no link text, but names something.
        in_table: it is a row of a table.
    """

    number: int
    start: int
    text: str
    links: list[Cited]
    labels: list[Phrase]
    phrases: list[Phrase]
    in_table: bool

    def before_link(self, begin: int) -> str:
        """What stands behind a place in its text, up to its first link."""
        if not self.links:
            return self.text[begin:].rstrip()
        return self.text[begin : max(begin, _place(self.links[0]) - self.start)].rstrip(_SEPARATORS)

    def claim(self, begin: int, text: str, *, strict: bool = False, continued: str | None = None) -> Claim:
        """Return a claim that is called as a part of the line, which begins at a place in the line's text."""
        name = text.lstrip()
        end = self.start + begin + len(text)
        return Claim(name, end - len(name), end, strict, continued=continued)


class _ClaimReader:
    def __init__(self, answer: Answer, sections: Sections) -> None:
        self._answer = answer
        self._claims: list[Claim] = []
        self._subject = Claim("", 0, 0)  # what the next links belong to; at first nothing
        self._lines = sections.lines("references")
        self._links = _by_line(answer, answer.citations, _place)
        self._phrases = _by_line(answer, answer.phrases, _START)
        self._odd_labels = _by_line(answer, map(itemgetter(1), answer.odd_hrefs), _START)

    def read(self) -> list[Claim]:
        for number in self._lines:
            if not self._answer.is_program(number):
                self._read_line(self._line(number))
        for cited in self._answer.citations:
            label = cited.label
            if label is not None and _names(label.text) and self._answer.line_of(label.start) not in self._lines:
                self._claims.append(_labelled(label, [(cited, "any")], listed=False))
        return sorted(self._claims, key=_START)

    def _line(self, number: int) -> _Line:
        links = self._links.get(number, [])
        labels = chain(filter(None, map(attrgetter("label"), links)), self._odd_labels.get(number, []))
        return _Line(
            number,
            self._answer.line_starts[number],
            self._answer.line(number),
            links,
            list(filter(_is_naming, labels)),
            [phrase for phrase in self._phrases.get(number, []) if phrase.kind != "label" and _is_naming(phrase)],
            number in self._answer.tables,
        )

    def _read_line(self, line: _Line) -> None:
        if _DEFINITION.match(line.text):
            return
        kind, value_at = _field(line.text)
        if kind is not None:
            self._read_field(line, kind, value_at)
        elif line.number in self._answer.headings and not line.links:
            self._read_heading(line)
        elif line.labels:
            self._read_link_texts(line)
        else:
            self._read_plain_line(line)

    def _below(self, number: int) -> str:
        return self._answer.body[self._answer.start_of(number + 1) : self._answer.start_of(number + 2)]

    def _read_heading(self, line: _Line) -> None:
        """A heading ends a claim; it opens one when links follow at once, as under the title of a paper."""
        title = line.text.strip().strip("#*_ :：")
        self._subject = line.claim(line.text.index(title), title)
        below = line.number + 1
        while below in self._lines and not self._answer.line(below).strip():
            below += 1
        if self._links.get(below) and _names(title) and not names_source(self._answer.line(below)):
            self._claims.append(self._subject)

    def _read_field(self, line: _Line, kind: FieldKind, value_at: int) -> None:
        """A field names something, or gives links of what was named before."""
        before_link = line.before_link(value_at)
        if kind != "name" and not (kind == "paper" and _is_title(before_link)):
            for label in line.labels:
                if reads_like_title(label.text):
                    self._open(_labelled(label, []))
            self._attach(line.links, _ROLES[kind])
            return
        if line.labels:
            self._open(_labelled(line.labels[0], [], strict=True))
        elif not is_nothing(before_link):
            continued = self._continued(line, line.text[value_at:])
            self._open(line.claim(value_at, before_link, strict=True, continued=continued))
        self._attach(line.links, "any")

    def _continued(self, line: _Line, value: str) -> str | None:
        """A value with the line below it, when that may be the rest of a title that was wrapped."""
        below = self._below(line.number)
        if _WRAPPED.match(below) is None or _field(below)[0]:
            return None
        return f"{value.strip()} {below.strip()}"

    def _read_link_texts(self, line: _Line) -> None:
        """Each text names something; links with other texts, such as `Paper`, belong to the last one."""
        for label in line.labels:
            self._open(_labelled(label, []))
            self._attach([cited for cited in line.links if cited.label is label], "any")
        self._attach([cited for cited in line.links if cited.label not in line.labels], "any")

    def _read_plain_line(self, line: _Line) -> None:
        lead = self._lead(line)
        if lead is not None:
            self._open(lead)
        self._attach(line.links[:1], "any")
        for previous, cited in pairwise(line.links):
            begin, end = previous.spotted.end - line.start, _place(cited) - line.start
            between = line.text[begin:end]
            if _names(between) and not line.in_table:
                self._open(Claim(between, line.start + begin, line.start + end))
            self._attach([cited], "any")

    def _lead(self, line: _Line) -> Claim | None:
        """What a line without link texts begins with, when that names something."""
        offset = len(line.text) - len(_LEAD.sub("", line.text))
        for phrase in line.phrases:
            if phrase.start > line.start + offset + _NEAR_START:
                break
            if line.links or len(content_words(phrase.text)) > 1 or reads_like_title(phrase.text):
                return Claim(phrase.text.rstrip(" :：.,"), phrase.start, phrase.end)
            if phrase.kind == "strong":
                return None  # a label: `**Relevance**: …`
        if line.in_table:
            return _first_cell(line)
        return _plain_lead(line, offset, line.before_link(offset).rstrip(_SEPARATORS))

    def _open(self, claim: Claim) -> None:
        self._claims.append(claim)
        self._subject = claim

    def _attach(self, links: Iterable[Cited], role: LinkRole) -> None:
        """Give links to the claim that is open, in the role of their field, or else of their own text."""
        for cited in links:
            self._subject.links.append((cited, _role_of(cited) if role == "any" else role))


def _plain_lead(line: _Line, begin: int, plain: str) -> Claim | None:
    """What a line names by plain words: those before its links, or a title in a list."""
    is_named = line.links or (_LISTED.match(line.text) and _is_title(plain))
    if not is_named or len(plain) > _LONGEST or not _names(plain):
        return None
    return line.claim(begin, plain)


def _first_cell(line: _Line) -> Claim | None:
    """The first cell of a table's row that names something, when the row is of a source."""
    for cell in _CELL.finditer(line.text):
        if _names(cell[0]):
            return _plain_lead(line, cell.start(), cell[0])
    return None


def _place(cited: Cited) -> int:
    """Where a link stands for its reader: a reference link where its text is, not where it is defined."""
    return cited.label.start if cited.label is not None else cited.spotted.start


def _by_line(answer: Answer, items: Iterable[T], place: Callable[[T], int]) -> dict[int, list[T]]:
    lines: dict[int, list[T]] = {}
    for item in items:
        lines.setdefault(answer.line_of(place(item)), []).append(item)
    return lines


def _field(text: str) -> tuple[FieldKind | None, int]:
    """The kind of a field line, if it is one, and where its value begins."""
    match = _FIELD.match(text, 0, _LONGEST)
    if match is None:
        return None, 0
    return _field_kind(_letters(match["label"])), match.start("value")


def _field_kind(label: list[str]) -> FieldKind | None:
    """What the words of a label, of which there is at least one, say that the field is."""
    telling = [word for word in label if word not in _MINOR_WORDS] or label[-1:]
    return _KINDS.get(frozenset(map(_WORD_KINDS.get, telling)))


def _letters(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def _is_title(value: str) -> bool:
    """Whether a text is a title, and no remark."""
    return len(words(value)) >= _MIN_TITLE and reads_like_title(value) and not is_nothing(value)


def names_source(text: str) -> bool:
    """Whether a line is a field that names a source, such as `Model: …`."""
    kind, value_at = _field(text)
    return kind == "name" and not is_nothing(text[value_at:])


def _role_of(cited: Cited) -> LinkRole:
    """The role that the text of a link gives it, such as `Paper`; none when it speaks of more, or names a source."""
    if cited.label is None or _names(cited.label.text):
        return "any"
    kinds = frozenset(map(_WORD_KINDS.get, _letters(cited.label.text)))
    return _ROLES[_KINDS.get(kinds & {"paper", "code"}, "link")]


def _names(text: str) -> bool:
    """Whether a text says more than `Paper`, `GitHub` or `here`, and is no URL."""
    return bool(content_words(text)) and "://" not in text and not is_nothing(text) and not is_link(text)


def _is_naming(phrase: Phrase) -> bool:
    return _names(phrase.text)


def _labelled(
    label: Phrase, links: list[tuple[Cited, LinkRole]], *, strict: bool = False, listed: bool = True
) -> Claim:
    return Claim(label.text, label.start, label.end, strict, links, listed=listed)

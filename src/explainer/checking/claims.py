"""The references of an answer as claims: a name, and the links given for it.

Fields (`Model:`, `Paper:`, `GitHub:`), link texts, leads in bold or quotes, rows of tables and plain lines are read
alike: whatever names something opens a claim, and what follows belongs to it until the next one opens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal, TypeAlias, TypeVar

from explainer.checking.answer import Answer, Cited, Phrase
from explainer.checking.names import is_nothing, reads_like_title
from explainer.checking.sections import Sections
from explainer.checking.titles import content_words, words

T = TypeVar("T")
LinkRole: TypeAlias = Literal["paper", "github", "any"]
FieldKind: TypeAlias = Literal["name", "paper", "code", "link"]

_NAME_LABELS: Final = frozenset(
    "model title name tool framework method dataset system library architecture".split()  # noqa: SIM905
)
_PAPER_LABELS: Final = frozenset("paper papers arxiv pdf doi publication article preprint".split())  # noqa: SIM905
_CODE_LABELS: Final = frozenset("github code repo repository implementation huggingface gitlab".split())  # noqa: SIM905
_LINK_LABELS: Final = frozenset("link links url website homepage page project source demo reference".split())  # noqa: SIM905
# words of a label that say nothing when another word is there: `Official code link`
_MINOR_WORDS: Final = frozenset(
    "primary main core base recommended supporting related the official referenced key link links url name title page "  # noqa: SIM905
    "source hugging face or and source".split()
)
_KINDS: Final[tuple[tuple[FieldKind, frozenset[str]], ...]] = (
    ("name", _NAME_LABELS),
    ("paper", _PAPER_LABELS),
    ("code", _CODE_LABELS),
    ("link", _LINK_LABELS),
    ("link", _PAPER_LABELS | _CODE_LABELS | _LINK_LABELS),  # `Paper / Code`
)
_ROLES: Final[dict[FieldKind, LinkRole]] = {"name": "any", "paper": "paper", "code": "github", "link": "any"}
# labels that name something, although their words could also be those of a link
_NAMING: Final = ("paper title", "paper name", "model name", "title", "name")
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
_LEAD: Final = re.compile(r"[\s>|]*(?:[-+*•–—]\s+|\(?\[?\d{1,3}[.)\]]\s+)?[^\w\[(`\"“«「《]*")
# a line below that begins so is an entry of its own, not the rest of a wrapped title
_ITEM: Final = re.compile(r"[\s>]*(?:[-+*•–—]\s|\(?\[?\d{1,3}[.)\]]\s)")
# `[1]: https://…` only says where a reference link leads, the link stands elsewhere
_DEFINITION: Final = re.compile(r" {0,3}\[[^\]\n]{1,200}\]:\s")
# the line under the head of a table
_RULE: Final = re.compile(r"[\s|:*_=+-]*")


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
        has_label: it holds some link text.
        in_table: it is a row of a table.
    """

    number: int
    start: int
    text: str
    links: list[Cited]
    labels: list[Phrase]
    phrases: list[Phrase]
    has_label: bool
    in_table: bool

    @property
    def first_link(self) -> int:
        """Where its first link stands in its text; where it ends without any."""
        return _place(self.links[0]) - self.start if self.links else len(self.text)


class _ClaimReader:
    def __init__(self, answer: Answer, sections: Sections) -> None:
        self._answer = answer
        self._claims: list[Claim] = []
        self._subject: Claim | None = None
        section = sections.found.get("references")
        self._lines = range(section.first, section.last) if section else range(0)
        self._links = _by_line(answer, ((_place(cited), cited) for cited in answer.citations))
        self._phrases = _by_line(answer, ((phrase.start, phrase) for phrase in answer.phrases))
        self._odd_labels = _by_line(answer, ((label.start, label) for _, label in answer.odd_hrefs))

    def read(self) -> list[Claim]:
        for number in self._lines:
            self._read_line(self._line(number))
        for cited in self._answer.citations:
            label = cited.label
            if label is not None and self._answer.line_of(label.start) not in self._lines and _names(label.text):
                self._claims.append(_labelled(label, [(cited, "any")], listed=False))
        return sorted(self._claims, key=lambda claim: claim.start)

    def _line(self, number: int) -> _Line:
        links = self._links.get(number, [])
        phrases = self._phrases.get(number, [])
        labels = [*(cited.label for cited in links if cited.label is not None), *self._odd_labels.get(number, [])]
        return _Line(
            number,
            self._answer.line_starts[number],
            self._answer.line(number),
            links,
            [label for label in labels if _names(label.text)],
            [phrase for phrase in phrases if phrase.kind != "label" and _names(phrase.text)],
            any(phrase.kind == "label" for phrase in phrases),
            number in self._answer.tables,
        )

    def _read_line(self, line: _Line) -> None:
        if not line.text.strip() or _DEFINITION.match(line.text) or self._is_header(line):
            return
        field_line = _field(line.text)
        if field_line is not None:
            self._read_field(line, *field_line)
        elif line.number in self._answer.headings and not line.links and not line.has_label:
            self._read_heading(line)
        elif line.labels:
            self._read_link_texts(line)
        else:
            self._read_plain_line(line)

    def _is_header(self, line: _Line) -> bool:
        """Whether a line is the head of a table: the next one is its rule."""
        below = self._below(line)
        return line.in_table and "-" in below and _RULE.fullmatch(below) is not None

    def _below(self, line: _Line) -> str:
        return self._answer.line(line.number + 1) if line.number + 1 < self._answer.lines else ""

    def _read_heading(self, line: _Line) -> None:
        """A heading ends a claim; it opens one when links follow at once, as under the title of a paper."""
        self._subject = None
        title = line.text.strip().strip("#*_ :：")
        lines_below = range(line.number + 1, self._lines.stop)
        below = next((number for number in lines_below if self._answer.line(number).strip()), line.number)
        if self._links.get(below) and _names(title) and not names_source(self._answer.line(below)):
            start = line.start + line.text.index(title)
            self._open(Claim(title, start, start + len(title)))

    def _read_field(self, line: _Line, kind: FieldKind, value_at: int) -> None:
        """A field names something, or gives links of what was named before."""
        value = line.text[value_at:]
        before_link = line.text[value_at : max(value_at, line.first_link)]
        if kind == "name" or (kind == "paper" and _is_title(before_link)):
            if line.labels:
                self._open(_labelled(line.labels[0], [], strict=True))
            elif not is_nothing(before_link):
                self._open(self._value(line, value_at, value))
            self._attach(line.links, "any")
        elif line.links or not is_nothing(value):
            for label in line.labels:
                if reads_like_title(label.text):
                    self._open(_labelled(label, []))
            self._attach(line.links, _ROLES[kind])

    def _value(self, line: _Line, value_at: int, value: str) -> Claim:
        """What a field says, up to its first link unless the link is all that it says."""
        start = line.start + value_at
        text = value.rstrip()
        if line.links and start <= line.links[0].spotted.start < start + len(text):
            before = value[: line.links[0].spotted.start - start]
            text = before.rstrip(_SEPARATORS) if content_words(before) else text
        name = text.lstrip()
        end = start + len(text)
        return Claim(name, end - len(name), end, strict=True, continued=self._continued(line, value))

    def _continued(self, line: _Line, value: str) -> str | None:
        """A value with the line below it, when that may be the rest of a title that was wrapped."""
        below = self._below(line)
        is_indented = below[:1].isspace() and below.strip()
        if not is_indented or _ITEM.match(below) or _field(below):
            return None
        return f"{value.strip()} {below.strip()}"

    def _read_link_texts(self, line: _Line) -> None:
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
            start, end = previous.spotted.end, _place(cited)
            between = line.text[start - line.start : end - line.start]
            if _names(between) and not line.in_table:
                self._open(Claim(between, start, end))
            self._attach([cited], "any")

    def _lead(self, line: _Line) -> Claim | None:
        """What a line without link texts begins with, when that names something."""
        match = _LEAD.match(line.text)
        offset = match.end() if match else 0
        for phrase in line.phrases:
            if phrase.start > line.start + offset + _NEAR_START:
                continue
            if line.links or len(content_words(phrase.text)) > 1 or reads_like_title(phrase.text):
                return Claim(phrase.text.rstrip(" :：.,"), phrase.start, phrase.end)
            if phrase.kind == "strong":
                return None  # a label: `**Relevance**: …`
        start, end = _first_cell(line.text) if line.in_table else (offset, max(offset, line.first_link))
        plain = line.text[start:end].rstrip(_SEPARATORS)
        if len(plain) > _LONGEST or not _names(plain) or not (line.links or _is_listed_title(line, plain)):
            return None
        return Claim(plain, line.start + start, line.start + start + len(plain))

    def _open(self, claim: Claim) -> None:
        self._claims.append(claim)
        self._subject = claim

    def _attach(self, links: Iterable[Cited], role: LinkRole) -> None:
        """Give links to the claim that is open, in the role of their field, or else of their own text."""
        if self._subject is None:
            return
        for cited in links:
            label = cited.label.text if cited.label is not None and role == "any" else ""
            self._subject.links.append((cited, _role_of_label(label) if label and not _names(label) else role))


def _is_listed_title(line: _Line, plain: str) -> bool:
    """Whether plain words are a title in a list or a table, and no sentence."""
    is_listed = line.in_table or _ITEM.match(line.text) is not None
    return is_listed and not plain.endswith((".", "。")) and _is_title(plain)


def _first_cell(text: str) -> tuple[int, int]:
    """Where the first cell of a table's row that names something begins and ends."""
    at = 0
    for cell in text.split("|"):
        if _names(cell):
            return at + len(cell) - len(cell.lstrip()), at + len(cell.rstrip())
        at += len(cell) + 1
    return 0, 0


def _place(cited: Cited) -> int:
    """Where a link stands for its reader: a reference link where its text is, not where it is defined."""
    return cited.label.start if cited.label is not None else cited.spotted.start


def _by_line(answer: Answer, items: Iterable[tuple[int, T]]) -> dict[int, list[T]]:
    lines: dict[int, list[T]] = {}
    for start, item in items:
        lines.setdefault(answer.line_of(start), []).append(item)
    return lines


def _field(text: str) -> tuple[FieldKind, int] | None:
    """The kind of a field line and where its value begins."""
    match = _FIELD.match(text, 0, _LONGEST)
    if match is None:
        return None
    kind = _field_kind(_letters(match["label"].lower()))
    return None if kind is None else (kind, match.start("value"))


def _field_kind(label: list[str]) -> FieldKind | None:
    """What the words of a label, of which there is at least one, say that the field is."""
    parts = ["huggingface" if part == "hugging" else part for part in label]
    telling = [part for part in parts if part not in _MINOR_WORDS] or parts[-1:]
    names_paper = telling == ["paper"] and "title" in parts  # `Supporting paper title`
    if " ".join(parts) in _NAMING or names_paper:
        return "name"
    return next((kind for kind, labels in _KINDS if labels.issuperset(telling)), None)


def _letters(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text)


def _is_title(value: str) -> bool:
    """Whether a text is a title, and no remark."""
    return len(words(value)) >= _MIN_TITLE and reads_like_title(value) and not is_nothing(value)


def names_source(text: str) -> bool:
    """Whether a line is a field that names a source, such as `Model: …`."""
    kind, value_at = _field(text) or ("", 0)
    return kind == "name" and not is_nothing(text[value_at:])


def _role_of_label(text: str) -> LinkRole:
    parts = set(_letters(text.lower()))
    is_code, is_paper = bool(parts & _CODE_LABELS), bool(parts & _PAPER_LABELS)
    if is_code == is_paper:
        return "any"
    return "github" if is_code else "paper"


def _names(text: str) -> bool:
    """Whether a text says more than `Paper`, `GitHub` or `here`, and is no URL."""
    return bool(content_words(text)) and "://" not in text and not is_nothing(text)


def _labelled(
    label: Phrase, links: list[tuple[Cited, LinkRole]], *, strict: bool = False, listed: bool = True
) -> Claim:
    return Claim(label.text, label.start, label.end, strict, links, listed=listed)

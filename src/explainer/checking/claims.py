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

_FIELD: Final = re.compile(
    r"[\s>|]*+(?:[-+*•–—]\s++|\(?\d{1,3}[.)]\s++)?[^\w\[(`\"“<]*+"
    r"(?P<label>[A-Za-z][A-Za-z /&()'-]{1,31}?(?:\s?\d{1,2})?)\s{0,3}"
    r"[*_`]{0,3}\s{0,3}[:：][*_`]{0,3}(?P<value>.*)"
)
_NAME_LABELS: Final = frozenset(
    "model title name tool framework method dataset system library architecture".split()  # noqa: SIM905
)
_PAPER_LABELS: Final = frozenset("paper papers arxiv pdf doi publication article preprint".split())  # noqa: SIM905
_CODE_LABELS: Final = frozenset("github code repo repository implementation huggingface gitlab".split())  # noqa: SIM905
_LINK_LABELS: Final = frozenset("link links url website homepage page project source demo reference".split())  # noqa: SIM905
_MINOR_WORDS: Final = frozenset(
    "primary main core base recommended supporting related the official referenced key link links url name title page "  # noqa: SIM905
    "source hugging face or and source".split()
)
_LEAD: Final = re.compile(r"[\s>|]*(?:[-+*•–—]\s+|\(?\[?\d{1,3}[.)\]]\s+)?[^\w\[(`\"“«「《]*")
_ITEM: Final = re.compile(r"[\s>]*(?:[-+*•–—]\s|\(?\[?\d{1,3}[.)\]]\s)")
_SEPARATORS: Final = " \t([:：,;<|*_-–—"
_LONGEST: Final = 2_000
"""Characters of a line within which a field or a name is looked for."""
_DEFINITION: Final = re.compile(r" {0,3}\[[^\]\n]{1,200}\]:\s")
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


def read_claims(answer: Answer, sections: Sections) -> list[Claim]:
    """Return all claims: those of the references, and every link text elsewhere."""
    return _ClaimReader(answer, sections).read()


class _ClaimReader:
    def __init__(self, answer: Answer, sections: Sections) -> None:
        self._answer = answer
        self._claims: list[Claim] = []
        self._subject: Claim | None = None
        section = sections.found.get("references")
        self._lines = range(section.first, section.last) if section else range(0)
        self._links = _by_line(answer, ((_place(cited), cited) for cited in answer.citations))
        self._phrases = _by_line(answer, ((phrase.start, phrase) for phrase in answer.phrases))

    def read(self) -> list[Claim]:
        for line in self._lines:
            self._read_line(line)
        for cited in self._answer.citations:
            label = cited.label
            if label is not None and self._answer.line_of(label.start) not in self._lines and _names(label.text):
                self._claims.append(_labelled(label, [(cited, "any")], listed=False))
        return sorted(self._claims, key=lambda claim: claim.start)

    def _read_line(self, line: int) -> None:
        text = self._answer.line(line)
        links = self._links.get(line, [])
        if not text.strip() or _DEFINITION.match(text) or (line in self._answer.tables and self._is_header(line)):
            return
        found = _field(text)
        if found is not None:
            self._read_field(line, *found, links)
        elif (
            line in self._answer.headings
            and not links
            and not any(p.kind == "label" for p in self._phrases.get(line, []))
        ):
            self._read_heading(line, text)
        else:
            self._read_free_line(line, text, links)

    def _read_heading(self, line: int, text: str) -> None:
        """A heading ends a claim; it opens one when links follow at once, as under the title of a paper."""
        self._subject = None
        below = next((at for at in range(line + 1, self._lines.stop) if self._answer.line(at).strip()), line)
        title = text.strip().strip("#*_ :：")
        if self._links.get(below) and _names(title) and not names_source(self._answer.line(below)):
            start = self._answer.line_starts[line] + text.index(title)
            self._open(Claim(title, start, start + len(title)))

    def _is_header(self, line: int) -> bool:
        following = self._answer.line(line + 1) if line + 1 < self._answer.lines else ""
        return "-" in following and _RULE.fullmatch(following) is not None

    def _read_field(self, line: int, kind: str, value_at: int, links: list[Cited]) -> None:
        at = self._answer.line_starts[line] + value_at
        value = self._answer.line(line)[value_at:]
        role: LinkRole = "paper" if kind == "paper" else "github" if kind == "code" else "any"
        labels = [c.label for c in links if c.label is not None] + self._odd_labels(line)
        before = value[: max(0, _place(links[0]) - at)] if links else value
        if kind == "name" or (role == "paper" and not is_nothing(before) and _is_title(before)):
            named = [label for label in labels if _names(label.text)]
            if named:
                self._open(_labelled(named[0], [], strict=True))
            elif not is_nothing(before):
                claim = self._value(at, value, links)
                claim.continued = self._continued(line, value)
                self._open(claim)
            self._attach(links, "any")
        elif links or not is_nothing(value):
            for label in labels:
                if _names(label.text) and reads_like_title(label.text):
                    self._open(_labelled(label, []))
            self._attach(links, role)

    def _value(self, at: int, value: str, links: list[Cited]) -> Claim:
        end = len(value.rstrip())
        if links and at <= links[0].spotted.start < at + end:
            before = value[: links[0].spotted.start - at]
            if content_words(before):
                end = len(before.rstrip(_SEPARATORS))
        start = len(value) - len(value.lstrip())
        return Claim(value[start:end], at + start, at + end, strict=True)

    def _read_free_line(self, line: int, text: str, links: list[Cited]) -> None:
        labels = [c.label for c in links if c.label is not None] + self._odd_labels(line)
        named = [label for label in labels if _names(label.text)]
        if named:
            for label in named:
                self._open(_labelled(label, []))
                self._attach([cited for cited in links if cited.label is label], "any")
            self._attach([cited for cited in links if cited.label not in named], "any")
            return
        lead = self._lead(line, text, links)
        if lead is not None:
            self._open(lead)
        self._attach(links[:1], "any")
        begin = self._answer.line_starts[line]
        for previous, cited in pairwise(links):
            start, end = previous.spotted.end, _place(cited)
            if _names(text[start - begin : end - begin]) and line not in self._answer.tables:
                self._open(Claim(text[start - begin : end - begin], start, end))
            self._attach([cited], "any")

    def _continued(self, line: int, value: str) -> str | None:
        """A value with the line below it, when that may be the rest of a title that was wrapped."""
        below = self._answer.line(line + 1) if line + 1 < self._answer.lines else ""
        if not below[:1].isspace() or not below.strip() or _ITEM.match(below) or _field(below):
            return None
        return f"{value.strip()} {below.strip()}"

    def _lead(self, line: int, text: str, links: list[Cited]) -> Claim | None:
        """What a line without link texts begins with, when that names something."""
        match = _LEAD.match(text)
        offset = match.end() if match else 0
        begin = self._answer.line_starts[line]
        for phrase in self._phrases.get(line, []):
            if phrase.kind != "label" and phrase.start - begin <= offset + 3 and _names(phrase.text):
                named = content_words(phrase.text)
                if links or len(named) > 1 or reads_like_title(phrase.text):
                    return Claim(phrase.text.rstrip(" :：.,"), phrase.start, phrase.end)
                if phrase.kind == "strong":
                    return None  # a label: `**Relevance**: …`
        end = max(offset, _place(links[0]) - begin) if links else len(text)
        if line in self._answer.tables:
            offset, end = _first_cell(text)
        plain = text[offset:end].rstrip(_SEPARATORS)
        if len(plain) > _LONGEST or not _names(plain) or (not links and plain.endswith((".", "。"))):
            return None
        listed = line in self._answer.tables or _ITEM.match(text)
        if not links and not (listed and len(words(plain)) > 2 and reads_like_title(plain)):  # noqa: PLR2004
            return None
        return Claim(plain, begin + offset, begin + offset + len(plain))

    def _odd_labels(self, line: int) -> list[Phrase]:
        start = self._answer.line_starts[line]
        return [
            label
            for _, label in self._answer.odd_hrefs
            if start <= label.start and self._answer.line_of(label.start) == line
        ]

    def _open(self, claim: Claim) -> None:
        self._claims.append(claim)
        self._subject = claim

    def _attach(self, links: Iterable[Cited], role: LinkRole) -> None:
        for cited in links:
            if self._subject is not None:
                label = _role_of_label(cited.label.text) if cited.label and not _names(cited.label.text) else "any"
                self._subject.links.append((cited, label if role == "any" else role))


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
    found: dict[int, list[T]] = {}
    for start, item in items:
        found.setdefault(answer.line_of(start), []).append(item)
    return found


def _field(text: str) -> tuple[str, int] | None:
    """The kind of a field line (`name`, `paper`, `code`, `link`) and where its value begins."""
    match = _FIELD.match(text, 0, _LONGEST)
    if match is None:
        return None
    parts = [part for part in re.split(r"[^a-z]+", match["label"].lower()) if part]
    if "hugging" in parts:
        parts = ["huggingface" if part == "hugging" else part for part in parts]
    telling = [part for part in parts if part not in _MINOR_WORDS] or parts[-1:]
    if parts in (["paper", "title"], ["paper", "name"], ["model", "name"], ["title"], ["name"]):
        return "name", match.start("value")
    if telling in (["paper"], ["title"]) and "title" in parts:
        return "name", match.start("value")
    for kind, labels in (
        ("name", _NAME_LABELS),
        ("paper", _PAPER_LABELS),
        ("code", _CODE_LABELS),
        ("link", _LINK_LABELS),
    ):
        if telling and all(part in labels for part in telling):
            return kind, match.start("value")
    if telling and all(part in _PAPER_LABELS | _CODE_LABELS | _LINK_LABELS for part in telling):
        return "link", match.start("value")
    return None


def _is_title(value: str) -> bool:
    """Whether what stands behind `Paper:` is a title, and no remark."""
    return len(words(value)) > 2 and reads_like_title(value)  # noqa: PLR2004


def names_source(text: str) -> bool:
    """Whether a line is a field that names a source, such as `Model: …`."""
    found = _field(text)
    return found is not None and found[0] == "name" and not is_nothing(text[found[1] :])


def _role_of_label(text: str) -> LinkRole:
    parts = {part for part in re.split(r"[^a-z]+", text.lower()) if part}
    if parts & _CODE_LABELS and not parts & _PAPER_LABELS:
        return "github"
    return "paper" if parts & _PAPER_LABELS and not parts & _CODE_LABELS else "any"


def _names(text: str) -> bool:
    """Whether a text says more than `Paper`, `GitHub` or `here`, and is no URL."""
    return bool(content_words(text)) and "://" not in text and not is_nothing(text)


def _labelled(
    label: Phrase, links: list[tuple[Cited, LinkRole]], *, strict: bool = False, listed: bool = True
) -> Claim:
    return Claim(label.text, label.start, label.end, strict, links, listed=listed)

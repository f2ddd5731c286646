"""The lines of a list of references, cut into what stands on them: labels, names, links, link texts, emphasis, cells.

A line is a line of the section, or a part of one that HTML, JSON or BibTeX sets apart. What its words may be is told by
the words in `reference_words.txt`, by capitals, and by the signs of a publication.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain, islice, pairwise, product
from operator import attrgetter, itemgetter
from typing import Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar, cast

from msgspec import Struct

from explainer.checking.answer import Answer, Cited, Phrase
from explainer.checking.sections import Section
from explainer.checking.spotting import is_link
from explainer.checking.titles import (
    acronyms,
    canonical,
    content_words,
    is_nothing,
    reads_like_title,
    words,
)
from explainer.diagnostics.text import lazy_regex
from explainer.files import text_beside

T = TypeVar("T")
LinkRole: TypeAlias = Literal["paper", "github", "any"]
LabelKind: TypeAlias = Literal[
    "name", "source", "paper", "code", "link", "remark", "place", "weights", "unlisted", "unknown"
]
Span: TypeAlias = tuple[int, int]

MIN_TITLE: Final = 3
"""Words of what stands behind `Paper:`, or below an item, to be a title and no remark."""
FAR: Final = 80
"""Characters beside a name in which the words that join it to others are looked for."""
LONGEST: Final = 2_000
"""Characters of a line within which a label or a name is looked for."""

_ROLES: Final[dict[LabelKind | None, LinkRole]] = {"paper": "paper", "code": "github"}
_START: Final = attrgetter("start")
# kinds of labels that may share a field: `Paper / Code`
_LINKING: Final = frozenset({"paper", "code", "link"})
_NAMING: Final = frozenset({"name", "source"}) | _LINKING
_LETTERS: Final = lazy_regex(r"[^\W\d_]+")
_SITE: Final = lazy_regex("https?://[^/]+", re.IGNORECASE)
_MAX_BREAKS: Final = 12  # between the parts of a reference that are looked at
_AROUND_PART: Final = " *_\"“”'`.,)"
_SEPARATORS: Final = " \t([{:：,;<|*_-–—→=\"'"
_SUBJECT: Final = lazy_regex(
    r"\W*[a-z-]{2,8}\.[A-Z]{2}\W*", needs=(".",)
)  # the subject of a preprint: `[cs.CV]`
# the bullet, number or letter of an item
_MARK: Final = r"(?:[-+*•–—]\s++|\(?(?:\d{1,3}|[a-z]|[ivx]{2,4})[.)]\s++|\[\^?\d{1,3}\]:?\s*+)"
# what may stand before the first words of a line: quotation marks of Markdown, a bullet or number, ornaments
_LEAD: Final = lazy_regex(
    rf"(?P<indent>[\s>|]*+(?:#{{1,6}}\s++)?)(?P<mark>{_MARK})?(?P<ornaments>[^\w\[(`\"“«「《@{{]*+)"
)
_LIST_TAG: Final = lazy_regex(r"<li\b", needs=("<li",))
_NUMBER_OF_ROW: Final = lazy_regex(r"\s*\|\s*\[?(\d{1,3})[.\]]?\s*\|", needs=("|",))
_NUMBER: Final = lazy_regex(r"[\[(]?\^?(\d{1,3})")
_QUOTE_MARK: Final = lazy_regex(r"\s*>", needs=(">",))
# `Model: …`, `"title": "…"`, `title = {…}`, with emphasis around the label
_LABELLED: Final = lazy_regex(
    r"[^\w\[(`“<]{0,12}+(?P<label>[^\W\d_](?:[^\W_]|[ /&()'’-]){0,31}?(?:\s?\d{1,2})?)[\"'*_`]{0,4}\s{0,3}"
    r"(?:[:：]|[-=]>|[→⇒➜]|(?P<assigned>=))[*_`]{0,3}(?P<value>.*)"
)
_LABEL_ENDS: Final = ":：=→⇒➜>"
# `moon-mask-v2`, and no other word
_CHECKPOINT: Final = lazy_regex(r"[*_`\"]*+[A-Za-z]{3,}+[-_][\w.]++(?:-[\w.]++)*+[*_`\"]*+")
_CELL: Final = lazy_regex(r"[^|\s](?:[^|]*[^|\s])?")
# what is struck out or not shown
_HIDDEN: Final = lazy_regex(
    r"(?P<struck>~~[^~\n]{1,500}~~|<!--[^<>\n]{1,500}-->)|<(?P<tag>s|del|strike|span|div|p|i|b)\b(?P<style>[^<>]{0,300})>[^<\n]{1,500}</(?P=tag)>",
    needs=("~~", "<"),
)
_STRUCK: Final = frozenset({"s", "del", "strike"})
_UNSEEN: Final = lazy_regex(
    r"display\s*:\s*none|visibility\s*:\s*hidden|\bhidden\b|opacity\s*:\s*0|font-size\s*:\s*0"
)
# tags of HTML, which say nothing; those that begin another piece of text, as fields of JSON and BibTeX do
_TAG: Final = lazy_regex(r"</?[A-Za-z][A-Za-z0-9]{0,15}(?:\s[^<>]{0,1000})?/?>", needs=("<",))
_PIECES: Final = lazy_regex(
    r"<(?:li|br|p|tr|dt|dd)\b|(?<=[{,])\s*(?=\"\w{1,20}\"\s?:)|(?<=,)\s*(?=\w{1,20}\s?=\s?[{\"])|(?=\{\")"
)
_PIECE_MARK: Final = lazy_regex("[<{=]")
# what is shown of a tag: the text in a form; and the reading of a character, which is set in brackets
_SHOWN: Final = lazy_regex(
    r"\s(?:value|placeholder|alt)\s?=\s?(?P<mark>[\"'])(?P<value>(?:(?!(?P=mark))[^<>])*)(?P=mark)"
)
_READING: Final = {"<rt>": "(   ", "</rt>": ")    "}
_VISIBLE: Final = lazy_regex(r"[^\W_]")
# punctuation and small words around a name in prose: `and on …`, `… is at`
_SMALL_WORDS: Final = r"and|or|also|see|is|are|at|for|in|on|of|from|with|to|by|respectively"
_BEFORE_NAME: Final = lazy_regex(rf"(?:(?:\W|\b(?:{_SMALL_WORDS}|the)\b)++)?", re.IGNORECASE)
_SPACES: Final = lazy_regex(r"\s*")
_BEHIND_NAME: Final = lazy_regex(
    rf"(?:(?:[\s,;:(<–—-]|\b(?:{_SMALL_WORDS}|available|here)\b)++)?\Z", re.IGNORECASE
)
# `Paper: …`, `GitHub – …` at the beginning of the text of a link
_LABEL_OF_NAME: Final = lazy_regex(r"(?P<label>[^\W\d_]+)\s?(?:[:：|]|\s[–—-]\s)\s*(?=\S)")
# a venue behind a title in quotes: `"LanternNet." *arXiv*,`
_BEHIND_QUOTE: Final = lazy_regex(r"[\s,.;]*(?:[*_(][^\"]*)?")
QUOTED: Final = lazy_regex(
    '"([^"]{3,300})"|“([^“”]{3,300})”|«([^«»]{3,300})»|「([^「」]{2,300})」|《([^《》]{2,300})》'
    "|„([^„“”]{3,300})[“”]|»([^«»]{3,300})«|『([^『』]{2,300})』|(?<!\\w)‘([^‘’]{3,300})’(?!\\w)"
)
"""Text in quotation marks."""
BREAK: Final = lazy_regex(
    r"(?<=[^\W\d_]{2})[.?!,]\s+|(?<=[)\]”\"])[.,:]?\s+|(?<!\s)\s++[–—/-]{1,2}\s+|\s?[:：][*_]{0,3}\s+"
    r"|(?:(?<!\s)\s++)?[(（;]|,?(?<!\s)\s++by\s+(?=[A-Z])"
)
"""Where the parts of a reference end: a sentence (but no initial), a year, a dash, a colon, a bracket, a slash."""
BIBLIOGRAPHIC: Final = lazy_regex(
    r"\bet al\b|\b(?:19|20)\d\d\b|\b[A-Z][^\W\d_]+,? (?:[A-Z]\.? ?){1,3}(?:,|\.|&|and\b)"
    r"|\b(?:Proc\.|Proceedings|Journal|Trans\.|arXiv preprint|pp\.|vol\.|doi\b)"
)
"""A name with initials, a year, `et al.`, pages: what only stands in the reference of a publication."""
_AUTHORS: Final = lazy_regex(r".*et al.*|\s*[A-Z][^\W\d_]+,? (?:[A-Z]\.? ?){1,3}\s*", re.DOTALL)
_ASKING: Final = frozenset("how why what when where if".split())  # noqa: SIM905
_ASKED_ABOUT: Final = frozenset({"", "they", "these", "this", "those", "the"})
_ADVISED: Final = frozenset({"to", "you", "it", "each", "we", "i"})
# behind such a phrase: `Limitations and …`, `Tips for …`
_AND_SO_ON: Final = frozenset(
    "for on to of about and with before out when you für zu und pour sur et para y e ed per su voor en do и".split()  # noqa: SIM905
)
_MAX_PHRASE: Final = 4  # words of such a phrase
_MAX_QUALIFIERS: Final = 2  # words before it: `Some practical tips`


# --- words


@cache
def _vocabulary() -> dict[str, list[str]]:
    """The lines of the list of words beside this module, by their kind."""
    vocabulary: dict[str, list[str]] = {}
    lines: list[str] = []
    text = text_beside(__file__, "reference_words.txt")
    for line in text.splitlines():
        if line.startswith("["):
            lines = vocabulary.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            lines.append(line)
    return vocabulary


@cache
def _words_of(kind: str) -> frozenset[str]:
    return frozenset(" ".join(_vocabulary()[kind]).split())


@cache
def _kinds_of_words() -> dict[str, LabelKind]:
    """What each word of a label says that the field is."""
    kinds: tuple[LabelKind, ...] = ("name", "source", "paper", "code", "link", "remark", "place")
    return {word: kind for kind in kinds for word in _words_of(kind)}


@cache
def link_words() -> frozenset[str]:
    """Return the words of link texts that name no source: `[código](…)`, `[CVPR 2018](…)`."""
    return frozenset(canonical(word) for kind in (*_LINKING, "venue") for word in _words_of(kind))


@cache
def label_words() -> frozenset[str]:
    """Return the words that say what stands beside them, or where it was published, and name no source."""
    said = chain(_kinds_of_words(), _words_of("official"))
    return link_words() | {canonical(word) for word in said}


@cache
def remark_headings() -> frozenset[str]:
    """Return the headings and labels of remarks and advice."""
    phrases = " ".join(_vocabulary()["remark heading"]).split(",")
    return frozenset(filter(None, map(str.strip, phrases)))


def letters(text: str) -> list[str]:
    """Return the words of a text in small letters, without digits."""
    return _LETTERS.findall(text.lower())


def _kinds_in(said: Iterable[str]) -> set[LabelKind | None]:
    """What some words of a label say; None for those that say nothing."""
    return set(map(_kinds_of_words().get, said))


def kind_of_label(label: str) -> LabelKind | None:
    """Return what the words of a label say that the field is; None for words that are no label."""
    said = letters(label)
    if not said:
        return None
    telling = set(said) - _words_of("minor")
    kinds = _kinds_in(telling or said[-1:])
    if len(kinds) == 1:
        return kinds.pop()
    if not kinds.isdisjoint(("remark", "place")):
        return "remark"
    if kinds <= _LINKING:  # `Paper / Code`
        return "link"
    return None


def kind_of_column(head: str) -> LabelKind | None:
    """Return what the head of a column says that stands in it; one word that names sources is enough."""
    kind = kind_of_label(head)
    if kind is not None:
        return kind
    kinds = _kinds_in(letters(head))
    if kinds.isdisjoint(("name", "paper")):
        return None
    return "source"


def role_of(kind: LabelKind | None) -> LinkRole:
    """Return the role that the links of a field have."""
    return _ROLES.get(kind, "any")


def role_of_link(cited: Cited) -> LinkRole:
    """Return the role that the text of a link gives it, such as `Paper`; none when it tells more, or names a source."""
    if cited.label is None or names_something(cited.label.text):
        return "any"
    kinds = _kinds_in(letters(cited.label.text)) & _ROLES.keys()
    if len(kinds) != 1:
        return "any"
    return role_of(kinds.pop())


# --- what a text may be


def names_something(text: str) -> bool:
    """Whether a text says more than a number, `Paper`, `GitHub` or `here`, and is no URL."""
    if "://" in text:
        return False
    if is_nothing(text) or is_link(text):
        return False
    if _SUBJECT.fullmatch(text):
        return False
    telling = set(content_words(text)) - link_words()
    return not all(map(str.isdigit, telling))


def is_title(text: str) -> bool:
    """Whether a text is a title, and no remark."""
    # `Accessed: 2025-11-02` is one word
    is_long = len(words(text)) >= MIN_TITLE and len(letters(text)) > 1
    return is_long and reads_like_title(text) and not is_nothing(text)


def is_author(text: str) -> bool:
    """Whether a text is the authors of a work, and nothing else."""
    return _AUTHORS.fullmatch(text) is not None


def is_publication(text: str) -> bool:
    """Whether a text has what only stands in the reference of a publication."""
    return BIBLIOGRAPHIC.search(text) is not None


def calls_for_remarks(text: str) -> bool:
    """Whether a heading or a label says that remarks follow, with words before or behind the phrase for that."""
    asking, asked_about, *_ = *letters(text), "", ""
    if asking in _ASKING:  # but no title, such as `How to Train Your Robot`
        if asked_about in _ASKED_ABOUT:
            return True
        return asked_about in _ADVISED and not reads_like_title(text)
    spans = product(range(_MAX_QUALIFIERS + 1), range(1, _MAX_PHRASE + 1))
    said = letters(text)
    return any(_is_remark_heading(said, first, first + count) for first, count in spans)


def _is_remark_heading(said: list[str], first: int, last: int) -> bool:
    """Whether some words of a heading, behind so many others, are a phrase for remarks, and no other words follow."""
    if " ".join(said[first:last]) not in remark_headings():
        return False
    next_word = said[last : last + 1]  # or nothing
    return _AND_SO_ON.issuperset(next_word)


def parts_of_reference(text: str) -> tuple[str, ...]:
    """Return the parts that may be its title: quoted, between breaks, and from its beginning up to each."""
    parts: list[str] = []
    for quotation in QUOTED.finditer(text):
        quoted = next(filter(None, quotation.groups()))  # one group for each kind of marks
        parts.append(quoted.rstrip(" .,"))
    breaks = list(islice(BREAK.finditer(text), _MAX_BREAKS))
    starts = [0, *map(re.Match.end, breaks)]
    ends = [*map(re.Match.start, breaks), len(text)]
    for start, end in zip(starts, ends, strict=True):
        parts += [text[start:end], text[:end]]
    # a title may have a colon or a full stop of its own: two parts in a row
    cuts = [*starts, len(text)]
    for start, end in zip(cuts, cuts[2:], strict=False):
        parts.append(text[start:end].rstrip(" .,:;(–—-"))
    telling = filter(content_words, dict.fromkeys(parts))
    return tuple(part.strip(_AROUND_PART) for part in telling)


# --- labels


class FieldLabel(Struct, frozen=True):
    """What stands before a colon, an arrow or an equals sign: the kind of field, and where its value begins."""

    kind: LabelKind | None
    value_at: int


_NO_LABEL: Final = FieldLabel(None, 0)


@lru_cache(maxsize=4096)  # a line is asked again for each line above it that may head it
def read_label(text: str) -> FieldLabel:
    """Return the label at the beginning of a line; its kind is None where nothing says that it is one."""
    if not any(sign in text for sign in _LABEL_ENDS):  # a look is cheaper than the pattern
        return _NO_LABEL
    match = _LABELLED.match(text, _lead_of(text).start("ornaments"), LONGEST)
    if match is None or match["value"].lstrip().startswith("//"):  # the scheme of a URL is no label
        return _NO_LABEL
    return FieldLabel(_kind_of_field(match), match.start("value"))


def _kind_of_field(labelled: re.Match[str]) -> LabelKind | None:
    """What a field is by the words of its label, or else by its value."""
    kind = kind_of_label(labelled["label"])
    if kind is not None:
        return kind
    if labelled["assigned"]:  # another field of BibTeX: `publisher = {…}`
        return "remark"
    return _unknown_kind(labelled["label"], labelled["value"].strip())


def _unknown_kind(label: str, value: str) -> LabelKind | None:
    """What a label is whose words tell nothing (`Next steps: …`); None where it is the name itself, or prose."""
    if value.startswith("http"):
        return _kind_before_url(label)
    last_word = letters(label)[-1:]
    if _words_of("weights").issuperset(last_word):
        if _CHECKPOINT.fullmatch(value):
            return "weights"
        return "remark"
    is_name = bool(acronyms(label)) or is_author(label)
    if is_title(value) and not is_name:
        return "unknown"
    if calls_for_remarks(label):
        return "remark"
    return None


def _kind_before_url(label: str) -> LabelKind | None:
    """What a label before a link is: the words of a URL are no title, so that it is the name, or a remark."""
    is_name = bool(acronyms(label)) or reads_like_title(label)
    return None if is_name else "unlisted"


def names_source(text: str) -> bool:
    """Whether a line is a field that names a source, such as `Model: …`."""
    label = read_label(text)
    return label.kind == "name" and not is_nothing(text[label.value_at :])


# --- lines


class Name(NamedTuple):
    """A text that may name a source, and where it stands."""

    text: str
    start: int
    end: int


class ReferenceLine(Struct, frozen=True):
    """A line of the section, or a part of one.

    Attributes:
        index: its place among them.
        number: the line of the answer.
        start: where it begins in the answer.
        text: what it says, with tags of HTML blank.
        indent: the spaces before it.
        lead: the indentation, the mark of an item and ornaments before the first words.
        links: its links that lead somewhere.
        link_texts: the link texts on it that name something, of those links and then of others.
        phrases: what stands out on it and is no link text, but names something.
        names: where the whole names of offered entries stand on it.
        follows: it goes on from the line above, without a blank line between.
        is_marked: a bullet, a number or a tag of HTML begins an item.
        is_heading: it is a heading of Markdown.
    """

    index: int
    number: int
    start: int
    text: str
    indent: int
    lead: re.Match[str]
    links: list[Cited]
    link_texts: list[Phrase]
    phrases: list[Phrase]
    names: list[Span]
    follows: bool
    is_marked: bool
    is_heading: bool

    @property
    def label(self) -> FieldLabel:
        """The label at its beginning."""
        return read_label(self.text)

    @property
    def goes_on(self) -> bool:
        """Whether it is the rest of what the line above says."""
        return self.follows and not (self.is_marked or self.is_heading)

    @property
    def item_number(self) -> str:
        """The number of the item that it begins, or of its row; empty without one."""
        number = _NUMBER.match(self.lead["mark"] or "") or _NUMBER_OF_ROW.match(self.text)
        return number[1] if number else ""

    @property
    def is_name(self) -> bool:
        """Whether it is the whole name of an offered entry and nothing else."""
        return any(
            not _VISIBLE.search(self.text[:begin] + self.text[end:]) for begin, end in self.names
        )

    @property
    def names_source(self) -> bool:
        """Whether it names a source for certain: an offered one, or in a field for that."""
        return bool(self.names) or names_source(self.text)

    @property
    def link_spans(self) -> list[Span]:
        """Where its links begin and end, in its text."""
        return [self.within(*span_of(cited)) for cited in self.links]

    @property
    def gaps(self) -> list[tuple[Span, Name]]:
        """The text before, between and behind its links, each with what it may name."""
        spans = self.around(self.link_spans)
        names = [self._leading_name(*spans[0]), *(self.name(*span) for span in spans[1:])]
        return list(zip(spans, names, strict=True))

    @property
    def cells(self) -> list[Name]:
        """Its cells, as a row of a table, with their places in its text."""
        return [Name(cell[0], *cell.span()) for cell in _CELL.finditer(self.text)]

    def within(self, start: int, end: int) -> Span:
        """A span of the answer, in the text."""
        return start - self.start, end - self.start

    def around(self, spans: Sequence[Span]) -> list[Span]:
        """The text before, between and behind some spans of it, from its first words."""
        starts, ends = zip(*spans, strict=True)
        return list(zip((self.lead.end(), *ends), (*starts, len(self.text)), strict=True))

    def whole(self, begin: int, end: int) -> Name:
        """A part of the text, as a name."""
        text = self.text[begin:end].rstrip(" \t*_")
        name = text.lstrip(" \t*_")
        start = self.start + begin + len(text) - len(name)
        return Name(name, start, start + len(name))

    def name(self, begin: int, end: int, *, leads: bool = False) -> Name:
        """A part of the text, as a name, without what stands around names in prose, behind it alone if it `leads`."""
        text = self.text[begin:end].rstrip()
        first = _end_of_match(_SPACES if leads else _BEFORE_NAME, text)
        last = cast("re.Match[str]", _BEHIND_NAME.search(text, max(first, len(text) - FAR))).start()
        return Name(text[first:last], self.start + begin + first, self.start + begin + last)

    def before_link(self, begin: int) -> Name:
        """What stands behind a place in the text, up to the first link."""
        text = self.text[begin:].rstrip(" \t,}\"'")
        if self.links:
            text = self.text[begin : max(begin, self.link_spans[0][0])].rstrip(_SEPARATORS)
        value = text.lstrip(" \t{\"'")
        start = self.start + begin + len(text) - len(value)
        title, _, behind = value.partition('"')
        if _BEHIND_QUOTE.fullmatch(behind):
            value = title
        return Name(value, start, start + len(value))

    def _leading_name(self, begin: int, end: int) -> Name:
        """What it begins with: what stands out there, else the words up to a place."""
        for phrase in self.phrases[:1]:
            if begin < end and phrase.start - self.start <= begin + 3:
                return Name(phrase.text.rstrip(" :：.,"), phrase.start, phrase.end)
        name = self.name(begin, min(end, begin + LONGEST), leads=True)
        text = name.text.rstrip(_SEPARATORS)
        return Name(text, name.start, name.start + len(text))


def _lead_of(text: str) -> re.Match[str]:
    return cast("re.Match[str]", _LEAD.match(text))  # every text has one, perhaps empty


def _is_marked(text: str) -> bool:
    """Whether a line has a bullet, a number or the tag of an item, and is no heading."""
    lead = _lead_of(text)
    if "#" in lead["indent"]:
        return False
    return bool(lead["mark"]) or _LIST_TAG.match(text, lead.end("indent")) is not None


def _end_of_match(pattern: re.Pattern[str], text: str) -> int:
    """Where a pattern that also fits nothing ends, at the beginning of a text."""
    return cast("re.Match[str]", pattern.match(text)).end()


class ByPlace(Generic[T]):
    """Parts of an answer, in the order in which its reader meets them."""

    def __init__(self, items: Iterable[T], place: Callable[[T], int]) -> None:
        self._items = sorted(items, key=place)
        self.places = list(map(place, self._items))

    def within(self, start: int, end: int) -> list[T]:
        """Return those that begin between two places."""
        return self._items[bisect_left(self.places, start) : bisect_left(self.places, end)]


class LineCutter:
    """Cuts the lines of an answer into what stands on them.

    Args:
        answer: the answer.
        mentions: where the names of offered entries stand in it, whole.
    """

    def __init__(self, answer: Answer, mentions: Sequence[Span]) -> None:
        self._answer = answer
        self._links = ByPlace(answer.citations, place_of)
        self._phrases = ByPlace(answer.phrases, _START)
        self._odd_labels = ByPlace(map(itemgetter(1), answer.odd_hrefs), _START)
        self.names = ByPlace(mentions, itemgetter(0))

    def linked_lines(self) -> set[int]:
        """Return the lines with links."""
        return set(map(self._answer.line_of, self._links.places))

    def cut(self, section: Section, numbers: Iterable[int]) -> list[ReferenceLine]:
        """Return the lines of a section that say something, cut where HTML, JSON or BibTeX sets pieces apart."""
        lines: list[ReferenceLine] = []
        for number in numbers:
            if self._answer.is_program(number):
                continue
            text = section.line(self._answer, number)
            is_next = number > section.first and self._goes_on(text, self._answer.line(number - 1))
            for begin, piece in _pieces(text):
                follows = _piece_follows(piece, is_first=begin == 0, is_next=is_next)
                lines.append(self.line(number, begin, piece, len(lines), follows=follows))
        return lines

    @staticmethod
    def _goes_on(text: str, above: str) -> bool:
        """Whether a line goes on from the one above: that is not blank, and both are quoted or none is."""
        said = _TAG.sub("", above)
        if not said.strip():
            return False
        is_quoted, was_quoted = _QUOTE_MARK.match(text), _QUOTE_MARK.match(said)
        return bool(is_quoted) == bool(was_quoted)

    def line(
        self, number: int, begin: int, text: str, index: int = 0, *, follows: bool = False
    ) -> ReferenceLine:
        """Return a part of a line of the answer that begins at a column, with what stands on it."""
        start = self._answer.line_starts[number] + begin
        # what stands before may be the heading of the section
        indent = len(text) - len(text.lstrip())
        inside = (start + indent, start + len(text))
        links = self._links.within(*inside)
        link_texts = [*filter(None, map(naming_text, links)), *self._odd_labels.within(*inside)]
        names = [(first - start, last - start) for first, last in self.names.within(*inside)]
        seen, names = _without_hidden(text, names)
        plain = _TAG.sub(_shown, seen) if "<" in seen else seen
        return ReferenceLine(
            index=index,
            number=number,
            start=start,
            text=plain,
            indent=indent,
            lead=_lead_of(plain),
            links=links,
            link_texts=[phrase for phrase in link_texts if names_something(phrase.text)],
            phrases=[phrase for phrase in self._phrases.within(*inside) if _stands_out(phrase)],
            names=names,
            follows=follows,
            is_marked=_is_marked(text),
            is_heading=number in self._answer.headings,
        )

    def continued(self, line: ReferenceLine, value: str) -> str | None:
        """A value with the line below it, when that may be the rest of a title that was wrapped.

        Such a line is indented, and begins no item of its own.
        """
        below = self._answer.body[
            self._answer.start_of(line.number + 1) : self._answer.start_of(line.number + 2)
        ]
        rest = below.lstrip()
        if len(rest) in (0, len(below)) or _lead_of(rest).start("mark") == 0:
            return None
        if read_label(below).kind:
            return None
        return f"{value.strip()} {below.strip()}"


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _shown(tag: re.Match[str]) -> str:
    """What is shown of a tag of HTML: a title in a field of a form or beside an image, and else nothing."""
    match = _SHOWN.search(tag[0])
    if match is None or not is_title(match["value"]):
        return _READING.get(tag[0].lower(), _blank(tag))
    start, end = match.span("value")
    return " " * start + match["value"] + " " * (len(tag[0]) - end)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """The pieces of a line that say something, each behind its place."""
    cuts = [0]
    if _PIECE_MARK.search(text):  # few lines: a look is cheaper than the pattern
        cuts += map(_beginning_of_piece, _PIECES.finditer(text))
    # two cuts in one place have nothing between them
    for begin, end in pairwise((*cuts, len(text))):
        piece = text[begin:end]
        if piece.strip():
            yield begin, piece


def _beginning_of_piece(match: re.Match[str]) -> int:
    """Where the piece begins that a match of the pattern tells: with the tag, or behind the space before a field."""
    if match[0].isspace():
        return match.end()
    return match.start()


def _piece_follows(piece: str, *, is_first: bool, is_next: bool) -> bool:
    """Whether a piece of a line goes on from what stands before it; its line does from the one above if `is_next`."""
    # a paragraph goes on from nothing, a description from the term before it
    if piece.startswith("<p"):
        return False
    if is_next:
        return True
    return not is_first and piece.startswith("<dd")


def _without_hidden(text: str, names: list[Span]) -> tuple[str, list[Span]]:
    """A text and the names on it, without what is struck out or not shown and holds a name: nobody reads it."""
    if not names:
        return text, names
    for match in _HIDDEN.finditer(text):
        start, end = match.span()
        seen = [name for name in names if not overlaps((start, end), name)]
        if len(seen) == len(names):
            continue
        if not _is_unread(match):
            continue
        names = seen
        text = text[:start] + _blank(match) + text[end:]
    return text, names


def _is_unread(match: re.Match[str]) -> bool:
    """Whether what may be hidden is: struck out, in a comment, or by its style."""
    if match["struck"]:
        return True
    if match["tag"] in _STRUCK:
        return True
    return _UNSEEN.search(match["style"]) is not None


def _stands_out(phrase: Phrase) -> bool:
    return phrase.kind != "label" and names_something(phrase.text)


# --- links


def place_of(cited: Cited) -> int:
    """Return where a link stands for its reader: a reference link where its text is, not where it is defined."""
    return cited.label.start if cited.label is not None else cited.spotted.start


def span_of(cited: Cited) -> Span:
    """Return where a link begins and ends for its reader, its text and its URL where they stand together."""
    start, end = cited.spotted.start, cited.spotted.end
    if cited.label is None:
        return start, end
    is_near = 0 <= start - cited.label.end < LONGEST
    return cited.label.start, end if is_near else cited.label.end


def naming_text(cited: Cited) -> Phrase | None:
    """Return the text of a link, if it names something more than the site: `[PMLR](https://proceedings.mlr.press/…)`."""
    label = cited.label
    if label is None:
        return None
    if not names_something(label.text):
        return None
    if len(words(label.text)) >= MIN_TITLE:
        return label
    site = _SITE.match(cited.spotted.url)
    if site is None:
        return label
    if canonical(label.text) in canonical(site[0]):
        return None
    return label


def behind_label(phrase: Phrase) -> Name:
    """Return what the text of a link names: `[Paper: X](…)` names X."""
    text = _HIDDEN.sub(_read_text, phrase.text)
    match = _LABEL_OF_NAME.match(text)
    if match is None or _kinds_of_words().get(match["label"].lower()) not in _NAMING:
        return Name(text, phrase.start, phrase.end)
    return Name(text[match.end() :], phrase.start, phrase.end)


def _read_text(match: re.Match[str]) -> str:
    return "" if _is_unread(match) else match[0]


def overlaps(span: Span, other: Span) -> bool:
    """Whether two spans have a place in common."""
    return other[0] < span[1] and span[0] < other[1]


def is_free(span: Span, others: Iterable[Span]) -> bool:
    """Whether a span has no place in common with some others."""
    return not any(overlaps(span, other) for other in others)

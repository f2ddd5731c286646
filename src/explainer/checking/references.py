"""The references of an answer: each is a name, perhaps with authors, year and venue, and its links.

An item is what stands in a list, a row of a table, a heading with links below, or a paragraph. Fields (`Model: …`, also
of BibTeX and JSON), link texts and leads name it; what is indented below it, or labelled otherwise, is a remark. Each
line is cut into what stands on it (`reference_lines`), and tables below say what that makes of it: the first row counts
all of whose signs it shows.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, repeat, starmap, takewhile
from operator import attrgetter
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from explainer.checking.answer import Answer, Cited, Phrase
from explainer.checking.reference_lines import (
    BREAK,
    FAR,
    MIN_TITLE,
    QUOTED,
    LabelKind,
    LineCutter,
    LinkRole,
    Name,
    ReferenceLine,
    Span,
    behind_label,
    calls_for_remarks,
    is_free,
    is_publication,
    is_title,
    kind_of_column,
    kind_of_label,
    letters,
    names_something,
    naming_text,
    overlaps,
    parts_of_reference,
    place_of,
    read_label,
    remark_headings,
    role_of,
    role_of_link,
    span_of,
)
from explainer.checking.sections import Sections, lists_references
from explainer.checking.titles import (
    FILLERS,
    acronyms,
    content_words,
    longer_title,
    reads_like_title,
    words,
)
from explainer.diagnostics.text import lazy_regex, without_case

V = TypeVar("V")
Standing: TypeAlias = Literal["source", "doubtful", "remark"]
Place: TypeAlias = Literal["within", "beginning", "beside"]

_START: Final = attrgetter("start")
_MAX_BELOW: Final = 20  # lines below a heading or an item that are looked at, for what it is
_PAIR: Final = 2  # cells of a row that is a field: `| Model | … |`
# the column of an item whose name is a heading: all that follows is indented more
_BELOW_HEADING: Final = -1
_MAX_TITLE: Final = 12  # words of a paragraph that may be a title and nothing else
_LONG_TITLE: Final = 5  # content words of a title that is told from a remark by its length
_MAX_HEADING: Final = 100  # characters of a heading of remarks
# characters before a link, or a name, in which words that name something are looked for
_LONGEST_RUN: Final = 200
# what names a row
_COLUMN_RANKS: Final[dict[LabelKind | None, int]] = {"name": 0, "paper": 1, "source": 1, None: 2}
_REMARKS: Final = frozenset({"remark", "place"})
_TITLE_COLUMNS: Final = frozenset({"name", "paper", "source"})

# --- lines that name nothing themselves

# `[1]: https://…` only says where a reference link leads, the link stands elsewhere; a fence only opens or closes code;
# a line without letters or digits only parts others
_SILENT: Final = lazy_regex(
    r" {0,3}\[[^\]\n]{1,200}\]:\s*<?https?:\S*\s*|[\s>]*(?:```|~~~)[`~]*[\w+-]*\s*|[\W_]*"
)
_OBJECT: Final = lazy_regex(r"[\s,}\]\[]*+(?:@\w+\s*\{[^\s,{}]*,?|\{)\s*", needs=("{",))
# between the heads of columns and the first row of a table
_RULE: Final = lazy_regex(r"[\s|:>]*-[\s|:>-]*")
# a line of heads of columns, of a few words each, and where the table begins
_COLUMN_HEADS: Final = lazy_regex(
    r"(?:\s|<(?:table|thead|tr)\b[^<>]{0,200}>|</(?:thead|tr)>|<th\b[^<>]{0,200}>[^<>]{1,30}</th>)++"
)
_HEADS_GO_ON: Final = lazy_regex(r"\s*<(?:th|tr|thead)\b")
_TABLE_BEGINS: Final = lazy_regex(r"<table\b[^<>]{0,200}>")
# how letters end, before the name of who wrote them
_REGARDS: Final = lazy_regex(
    r"(?:(?:with )?(?:kind|best|warm) (?:regards|wishes)|(?:yours )?sincerely|yours|cheers|all the best|best"
    r"|(?:mit )?(?:freundliche|beste|viele)n? grüßen?|cordialement|bien à vous|(?:un )?saludos?|atentamente"
    r"|cordiali saluti|atenciosamente|abraços|met vriendelijke groet|с уважением)[,.!]?",
    re.IGNORECASE,
    needs=tuple(
        "regards wishes sincerely yours cheers best gr cordial bien salud aten abra met уважением".split()  # noqa: SIM905
    ),
)
_LONGEST_REGARDS: Final = 25  # characters that they have
# in bold, as a heading, before a colon; or a question, but no sentence
_SET_APART: Final = lazy_regex(r"[#<].*|.*[*_:：]|\W*(?:how|why|what)\b.*[^.]", re.IGNORECASE)

# --- remarks

# how remarks begin that stand as an item of a list or as a paragraph: words for what was said, verbs, and advice. As a
# pattern, so many words take 2 ms to compile
_REMARK_WORDS: Final = frozenset(
    "this these those they it we i you all both each every no none not note notes remark remarks comment "  # noqa: SIM905
    "comments see here together only for as since because if when while where how why what although thus "
    "hence overall finally additionally moreover however other please let na provide provides show shows "
    "introduce introduces demonstrate demonstrates explain explains describe describes support supports help "
    "helps use uses enable enables offer offers present presents propose proposes improve improves allow "
    "allows combine combines cover covers discusses explore explores focuses give gives illustrate "
    "illustrates investigate investigates list lists make makes reduces report reports serve serves studies "
    "validates contains includes hope would could should shall want do does need add adjust apply avoid begin "
    "check choose collect consider crop download ensure evaluate expect experiment finetune increase install "
    "keep load pick prepare read reduce remember replace resize review run start swap try upgrade validate "
    "verify".split()
)
_REMARK_PHRASE: Final = lazy_regex(
    r"(?:n\.\s?b|n/a|the (?:above|following|answer|combination|provided|links?|models?|papers?|works?|sources?|"
    r"references?|code|survey|method|authors?)|(?:useful|best|used|based|trained|helpful|suitable|ideal) \w+"
    r"|key takeaways?|links? (?:is|are|were)|there (?:is|are)|that(?:['’]s| is| was)"
    r"|feel free|happy to|fine-tune)\b(?!-)",
    re.IGNORECASE,
)
# what such phrases begin with
_REMARK_PHRASES: Final = frozenset(
    "n the useful best used based trained helpful suitable ideal key link links there that feel happy fine".split()  # noqa: SIM905
)
_SEE: Final = lazy_regex("see ", re.IGNORECASE)
_ASIDE: Final = lazy_regex(r"(?:p\.?\s?s|n\.?\s?b|fyi|tl;?\s?dr|btw|eli5)\b", re.IGNORECASE)
# what is said to the reader: a question, or a sentence with a word for you or me
_ASKS: Final = lazy_regex(r"[?!]\W*\Z", needs=("?", "!"))
_FOR_READER: Final = frozenset(
    "i me you your ich mir du dir dich sie ihnen je me vous tu te toi yo usted ustedes quieres puedo eu você "  # noqa: SIM905
    "vocês io ti lei vuoi posso ik je jij u ja mogę я мне вам вы тебе ты".split()
)
_WORD: Final = lazy_regex(r"\w+")
_SENTENCE_BREAK: Final = lazy_regex(r"(?<=[^\W\d_]{3})[.!?]\s+")
_CASELESS: Final = lazy_regex("[\u0590-\u109f\u3040-\ud7ff]{4}")
# how sentences end in scripts without capitals, and titles in them do not
_CASELESS_END: Final = lazy_regex(r"(?:[。！？।۔؟]|[\u0590-\u109f\uac00-\ud7a3][.!?])\W*\Z")
# what goes on behind a name in a sentence about it
_SAID: Final = lazy_regex(
    r"[*_`\"”’]{0,3}\s(?:is|are|was|were|has|have|had|does|do|did|can|will)\b"
)
_SENTENCE_END: Final = lazy_regex(r"[.!)][*_)\s]{0,3}\Z")
_ANNOUNCES: Final = lazy_regex(
    r"(?:\*\*|__|[:：])\s*\Z", needs=("**", "__", ":", "：")
)  # in bold, or before a colon
_MIN_BEFORE: Final = 3  # words before a name that is not the subject of its line

# --- names beside others

# what stands between a name and its link in prose, and between a link that begins a line and its name
_LEADS_TO_LINK: Final = lazy_regex(
    r"(?:[^\w.!?\s\0]|[\s_]++|\0++|\.(?!\s)|(?:19|20)\d\d\b|\band(?= \0)"
    r"|\b(?:see|also|at|on|here|links?|paper|code|source|original|its|the|arxiv|github|available|doi|pdf|is|was|are|in|by"
    r"|under|from|est|décrit|dans|cet|article|se|describe|este|artículo|wird|ist|diesem|im|described|introduced|presented|proposed|published|released|explained|detailed|found)\b){0,40}",
    re.IGNORECASE,
)
_BLANK: Final = "\0"
_LEADS_TO_NAME: Final = lazy_regex(
    r"(?:[\s)\]:–—*_\"“-]|\b(?:is|describes|presents|introduces|proposes|explains|for|of)\b){1,20}"
)
# a row of words in capitals before a link: `Deep Residual Learning for Image Recognition (https://…)`
_TITLE_BEFORE_LINK: Final = lazy_regex(
    r"(?<![\w-])(?P<name>[A-Z][\w.+-]*(?:(?: |: )(?:(?:an?|and|at|by|for|from|in|of|on|the|to|using|via|with) ){0,2}"
    r"[A-Z\d][\w.+-]*){0,14})[*_\"”]{0,3} {0,6}(?:,? ?see )?(?:[(\[]|[:–—-] ){1,2}\Z"
)
_BETWEEN_SEMICOLONS: Final = lazy_regex(r"[^;；]+")
# between a link and a title that follows it without a sign: `[LanternNet](…) Dancing Robots Learn …`
_DIRECTLY_BEHIND: Final = lazy_regex(r"[)>\]]?(?:\s|&#10;)+(?=[A-Z\d])")
# in brackets, or apart by a slash or a bar, beside a name: `LanternNet (Dancing Robots Learn …)`, and behind it
_SET_BEHIND: Final = lazy_regex(
    r"(?:[*_\"”\s]{0,12}[(\[/|]){1,2}(?P<title>[^()\[\]/|]{12,200}+)(?:[)\]/|]|\Z)",
    needs=("(", "[", "/", "|"),
)
_SET_BEFORE: Final = lazy_regex(
    r"(?:\A|(?<=[()\[\]/|]))(?P<title>[^()\[\]/|]*+)[(\[/|][ *_\"“]*\Z", needs=("(", "[", "/", "|")
)
_VENUE: Final = lazy_regex(
    r"\b(?:Conference|Journal|Transactions|Symposium|Workshop|Universit\w+|Institut\w*|Lab|Proceedings|Advances|Letters"
    r"|Meeting|Annual|International|Association|Society|Press|Magazine|Lecture|Findings|IEEE|ACM|Konferenz|Conférence"
    r"|Conferencia|Revista|Revue|Zeitschrift)\b"
)
# what joins another source to a name or a link before it, and to one behind it
_JOINED: Final = lazy_regex(
    r"[*_\"”`)\]]*\s*(?:[,;/+&]|and\b|\(see also:?|see also:?)\s",
    re.IGNORECASE,
    needs=(",", ";", "/", "+", "&", "and", "see also"),
)
_JOINING: Final = lazy_regex(
    r"(?:(?<![*_\"”`\s])[*_\"”`]*+\s*+)?(?:[,;/+&]|\band)\s*+[*_\"“`\[]*+\Z",
    re.IGNORECASE,
    needs=(",", ";", "/", "+", "&", "and"),
)
# `LanternNet-XL (` before a name
_LEADING_NAME: Final = lazy_regex(r"[*_`]*[^\W_][^()\[\]:,;]{1,60}\(\Z")
# one word that is a name and no other: two capitals, or one and a digit
_NAME_LIKE: Final = lazy_regex(r"(?=[\w-]*[A-Z][\w-]*[A-Z\d])[\w-]+\Z")


class Reference(Struct):
    """Something that the answer presents as a source.

    Attributes:
        text: what it is called.
        start: where that begins; `end`: where it ends.
        strict: it is given as a title or a name (`Model: …`), not in passing.
        links: its links, each with the place that its label gives it.
        listed: it stands in the section for references.
        continued: its text with the line below, which may be the rest of it.
        is_item: it is an item of that section as a whole, of which a part may be the title.
        doubtful: it may be a remark.
        number: the number of its item.
        in_prose: it stands in prose, with a link beside it.
        in_remark: it counts only where a catalog has it, word for word.
    """

    text: str
    start: int
    end: int
    strict: bool = False
    links: list[tuple[Cited, LinkRole]] = []
    listed: bool = True
    continued: str | None = None
    is_item: bool = False
    doubtful: bool = False
    number: int | None = None
    in_prose: bool = False
    in_remark: bool = False

    @property
    def cited(self) -> list[Cited]:
        """Its links alone."""
        return [cited for cited, _ in self.links]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of it that may be the title."""
        return parts_of_reference(self.text)

    @property
    def asks_for_link(self) -> bool:
        """Whether it is given as a title in the section, and has no link."""
        if not self.listed or self.links:
            return False
        return self.strict or self.is_item

    @property
    def in_passing(self) -> bool:
        """Whether it is neither given as a title nor has a link."""
        return not (self.strict or self.is_item or self.links)


def read_references(
    answer: Answer,
    sections: Sections,
    mentions: Sequence[Span],
    call_names: frozenset[str] = frozenset(),
) -> list[Reference]:
    """Return all references: items of the section, every link text elsewhere, and names with a link beside them.

    Args:
        answer: the answer.
        sections: its sections.
        mentions: where the names of offered entries stand in it, whole.
        call_names: what those entries are called, in canonical form.
    """
    cutter = LineCutter(answer, mentions)
    listed = sections.lines("references")
    references: list[Reference] = []
    section = sections.found.get("references")
    if section is not None:
        # a row that holds the whole section is read as a line
        rows = answer.tables - ({section.first} if section.text_at > 0 else set())
        references = _ListReader(answer, cutter, rows, call_names).read(cutter.cut(section, listed))
    outside = _ProseReader(answer, cutter).read(set(range(answer.lines)).difference(listed))
    return sorted([*references, *outside], key=_START)


def _in_doubt(name: Name) -> Reference:
    """A text that may be a title, and may be a remark."""
    return Reference(*name, is_item=True, doubtful=True)


def _whole(phrase: Phrase) -> Name:
    """What stands out in a line, as a name."""
    return Name(phrase.text, phrase.start, phrase.end)


# --- what a part of a line is


class _Item(Struct):
    """The item that is read, as far as it is known.

    Attributes:
        subject: what was named last, which the next links belong to; at first nothing.
        column: where the item begins; None when it has ended.
        awaits_name: it has links, and no name yet.
        early: these links.
    """

    subject: Reference = field(default_factory=partial(Reference, "", 0, 0))
    column: int | None = None
    awaits_name: bool = False
    early: list[tuple[Cited, LinkRole]] = []

    @property
    def links(self) -> list[tuple[Cited, LinkRole]]:
        """Where its next links go."""
        return self.early if self.awaits_name else self.subject.links

    def close(self) -> None:
        """End it; links that stand in it without any name belong to what was named before, if that has none."""
        if not self.subject.links:
            self.subject.links += self.early
        self.column, self.awaits_name, self.early = None, False, []

    def name(self, reference: Reference, column: int) -> None:
        """Give it a name, which has the links that came before it; a column if it has none."""
        reference.links += self.early
        self.subject, self.awaits_name, self.early = reference, False, []
        if self.column is None:
            self.column = column


class _Part(Struct, frozen=True):
    """A part of a line that may name a source, in the light of what was read before it.

    Attributes:
        answer: the answer that it stands in.
        line: the line.
        text: the part, without what stands around names.
        item: the item that was named last.
        kind: what a label before it says; None without one.
        is_nested: it tells more of the item.
    """

    answer: Answer
    line: ReferenceLine
    text: str
    item: _Item
    kind: LabelKind | None = None
    is_nested: bool = False

    @property
    def said(self) -> str:
        """The line from its first words."""
        return self.line.text[self.line.lead.end() :].lstrip("*_\"'“(`")

    @property
    def behind(self) -> str:
        """What follows the first offered name on the line."""
        return self.line.text[self.line.names[0][1] :]

    @property
    def words_before(self) -> int:
        """The words before that name."""
        return len(words(self.line.text[self.line.lead.end() : self.line.names[0][0]]))

    @property
    def is_json(self) -> bool:
        """Whether the line is a field of JSON, which puts each value into quotes."""
        return self.line.text.startswith('"', self.line.lead.end())

    @property
    def is_beside_link(self) -> bool:
        """Whether what was named last has a link on its own line."""
        lines = {self.answer.line_of(place_of(cited)) for cited in self.item.subject.cited}
        return self.answer.line_of(self.item.subject.start) in lines


_SIGNS: Final[dict[str, Callable[[_Part], object]]] = {
    "anything": lambda _: True,
    # what stands on the line
    "offered": lambda part: part.line.names,
    "linked": lambda part: part.line.links,
    "marked": lambda part: part.line.is_marked,
    "heading": lambda part: part.line.is_heading,
    "whole name": lambda part: part.line.is_name,
    # what its label says
    "unlabelled": lambda part: part.kind is None,
    "name": lambda part: part.kind == "name",
    "paper": lambda part: part.kind == "paper",
    "source": lambda part: part.kind == "source",
    "unknown label": lambda part: part.kind == "unknown",
    "remark label": lambda part: part.kind in _REMARKS,
    "place": lambda part: part.kind == "place",
    "weights": lambda part: part.kind == "weights",
    # where it stands
    "goes on": lambda part: part.line.goes_on,
    "apart": lambda part: part.line.is_marked or not part.line.follows,
    "item": lambda part: part.item.column is not None,
    "no item": lambda part: part.item.column is None,
    "indented": lambda part: part.item.column is not None and part.line.indent > part.item.column,
    "nested": lambda part: part.is_nested,
    "top": lambda part: not part.is_nested,
    "after links": lambda part: part.item.awaits_name,
    "after field": lambda part: part.item.subject.strict,
    "after no field": lambda part: not part.item.subject.strict,
    "after linked name": lambda part: part.is_beside_link,
    "after unlinked name": lambda part: not part.item.subject.links,
    # what it says
    "nothing": lambda part: not names_something(part.text),
    "title": lambda part: is_title(part.text),
    "no title": lambda part: not is_title(part.text),
    "long title": lambda part: len(content_words(part.text)) >= _LONG_TITLE,
    "venue": lambda part: _VENUE.search(part.text),
    "title first": lambda part: is_title(BREAK.split(part.text)[0]),
    "publication": lambda part: is_publication(part.text),
    "quotation": lambda part: QUOTED.search(part.text),
    "quoted": lambda part: not part.is_json and QUOTED.search(part.line.text),
    "long": lambda part: len(words(part.text)) > _MAX_TITLE,
    "bold or colon": lambda part: (
        _ANNOUNCES.search(part.line.text) and not reads_like_title(part.text)
    ),
    "colon": lambda part: part.text.endswith((":", "：")),
    "regards": lambda part: len(part.text) <= _LONGEST_REGARDS and _REGARDS.fullmatch(part.text),
    "with phrase for remarks": lambda part: calls_for_remarks(part.text),
    "set apart": lambda part: _SET_APART.fullmatch(part.text),
    "phrase for remarks": lambda part: " ".join(letters(part.text)) in remark_headings(),
    "to reader": lambda part: _is_for_reader(part.text) and not reads_like_title(part.text),
    "sentence without capitals": lambda part: (
        not part.text.isascii() and _CASELESS_END.search(part.text)
    ),
    # how its line begins
    "see": lambda part: _SEE.match(part.said),
    "aside": lambda part: _ASIDE.match(part.said),
    "remark": lambda part: _begins_as_remark(part.said),
    "plain remark": lambda part: _begins_as_remark(part.said) and not is_title(part.text),
    "fragment": lambda part: (
        part.said[:1].islower() and part.said.islower() and len(words(part.said)) > 1
    ),
    # around the first offered name
    "title behind": lambda part: reads_like_title(part.behind),
    "said to be": lambda part: _SAID.match(part.behind),
    "sentence": lambda part: _SENTENCE_END.search(part.behind),
    "word before": lambda part: part.words_before > 0,
    "other subject": lambda part: part.words_before >= _MIN_BEFORE,
}


def _begins_as_remark(text: str) -> bool:
    first = _WORD.match(text)
    if first is None:
        return False
    word = without_case(first[0])
    # `use-case` is another word
    if word in _REMARK_WORDS and not text.startswith("-", first.end()):
        return True
    return word in _REMARK_PHRASES and _REMARK_PHRASE.match(text) is not None


def _is_for_reader(text: str) -> bool:
    said = map(without_case, _WORD.findall(text))
    return not _FOR_READER.isdisjoint(said) or _ASKS.search(text) is not None


class _Table(Generic[V]):
    """Rows of signs and what they say of a part: the first row counts all of whose signs it shows.

    Args:
        rows: the names of signs, with commas between, and what they say together; everything shows the last one.
    """

    def __init__(self, rows: Mapping[str, V]) -> None:
        self._rows = [
            ([_SIGNS[name] for name in row.split(", ")], verdict) for row, verdict in rows.items()
        ]

    def verdict(self, part: _Part) -> V:
        """Return what the table says of a part."""
        for signs, verdict in self._rows:
            # loops of its own: `all` would build a generator some ten times for each line
            for shows in signs:
                if not shows(part):
                    break
            else:
                return verdict
        raise LookupError(part)


# whether a line stands in the item that was named last, or begins another
_PLACES: Final = _Table[Place](
    {
        "item, goes on, unlabelled, whole name": "beginning",
        "item, goes on": "within",
        "item, indented": "within",
        "goes on, after links": "beside",  # the name of the item whose links came first
        "unlabelled": "beginning",
        "heading": "beginning",
        "name": "beginning",
        "source": "beginning",
        "unknown label, after no field": "beginning",
        "anything": "beside",
    },
)
# whether a line is a heading below which remarks follow: `**Next steps**`, `Why these papers`, `If you like, I can:`
_HEADS_REMARKS: Final = _Table[bool](
    {
        "regards": True,
        "phrase for remarks": True,
        "with phrase for remarks, set apart": True,
        "colon, to reader": True,
        "anything": False,
    },
)
# whether the value of a field names an item of its own, may do so, or tells more of the one before
_FIELDS: Final = _Table[Standing](
    {
        "name": "source",
        "paper, title": "source",
        "paper, top": "source",
        "source, top": "source",
        "unknown label, top, no item": "source",
        "linked": "remark",
        "nothing": "remark",
        "paper": "doubtful",
        "weights": "doubtful",  # `Checkpoint: moon-mask-v2`
        "no title": "remark",
        "place, venue": "remark",
        "place, long title": "doubtful",  # `Venue: Deep Residual Learning for Image Recognition`
        "source": "doubtful",
        "unknown label": "doubtful",
        "remark label, no item": "doubtful",
        "remark label, quoted": "doubtful",
        "remark label, publication": "doubtful",
        "anything": "remark",
    },
)
# whether the links of such a field are of the item: that may have its own, and a label such as `Dataset` never says so
_ARE_LINKS_OF_ITEM: Final = _Table[bool](
    {
        "after links": True,
        "after unlinked name": True,
        "remark label": False,
        "nested": True,
        "after field": True,
        "apart, after linked name": False,
        "anything": True,
    },
)
# whether an item without links is given as a source
_STANDINGS: Final = _Table[Standing](
    {
        "nothing": "remark",
        # a sentence about an offered source names nothing: `BLIP has no paper`; but `- BLIP is the model here` does
        "offered, title behind": "source",
        "offered, marked, see": "source",
        "offered, marked, said to be, remark": "remark",
        "offered, marked": "source",
        "offered, said to be": "remark",
        "offered, sentence, other subject": "remark",
        "offered, see": "source",
        "offered, sentence, remark, word before": "remark",
        "offered": "source",
        "aside": "remark",
        # `See Doe, A. (2021). "Dancing Robots".`
        "plain remark, publication, quotation": "source",
        "plain remark": "remark",
        "publication": "source",
        "marked, fragment": "doubtful",
        "marked": "source",
        "after links, fragment": "doubtful",
        "after links": "source",
        # a paragraph is prose, unless it begins with a title
        "sentence without capitals": "remark",
        "to reader": "remark",
        "title first": "source",
        "bold or colon": "remark",
        "long": "remark",
        "anything": "doubtful",
    },
)


class _ListReader:
    """Reads the section for references, line by line: which item a line begins, or tells more of.

    Args:
        answer: the answer.
        cutter: what cut its lines.
        rows: the lines that are rows of a table.
        call_names: what offered entries are called, in canonical form.
    """

    def __init__(
        self, answer: Answer, cutter: LineCutter, rows: set[int], call_names: frozenset[str]
    ) -> None:
        self._answer = answer
        self._cutter = cutter
        self._rows = rows
        self._call_names = call_names
        self._lines: list[ReferenceLine] = []
        self._references: list[Reference] = []
        self._item = _Item()
        self._numbered: dict[str, Reference] = {}
        self._columns: list[LabelKind | None] = []
        # what a line is, the first that fits, and how it is read
        self._readers: tuple[
            tuple[Callable[[ReferenceLine], bool], Callable[[ReferenceLine], None]], ...
        ] = (
            (self._heads_columns, self._pass_over),
            (_opens_object, self._open_object),
            (_is_silent, self._pass_over),
            (self._heads_remarks, self._begin_remarks),
            (self._is_head_of_table, self._note_columns),
            (self._is_field_row, self._read_field_row),
            (self._answers_number, self._attach_by_number),
            (self._is_row, self._read_row),
            (bool, self._read_line),
        )

    def read(self, lines: list[ReferenceLine]) -> list[Reference]:
        """Return the references that some lines give."""
        self._lines = lines
        for line in lines:
            read = next(read for fits, read in self._readers if fits(line))
            read(line)
        self._item.close()
        return self._references

    def _below(self, line: ReferenceLine) -> Iterable[ReferenceLine]:
        return self._lines[line.index + 1 : line.index + 1 + _MAX_BELOW]

    # --- lines that name nothing themselves

    def _pass_over(self, line: ReferenceLine) -> None:
        pass

    def _open_object(self, _line: ReferenceLine) -> None:
        """The beginning of an entry of BibTeX or JSON, in which links may come first."""
        self._item.close()
        self._item.awaits_name = True

    def _heads_remarks(self, line: ReferenceLine) -> bool:
        if line.links or line.names or len(line.text) > _MAX_HEADING:
            return False
        return _HEADS_REMARKS.verdict(self._part(line, line.text.strip()))

    def _begin_remarks(self, _line: ReferenceLine) -> None:
        """`Summary:`: what follows are remarks on no source in particular."""
        self._item.close()
        self._item = _Item(column=_BELOW_HEADING)

    def _heads_columns(self, line: ReferenceLine) -> bool:
        """Whether a line heads the columns of HTML, in the first row of its table: `<th>Name</th>`."""
        if line.names or line.links:
            return False
        heads = self._answer.line(line.number)
        if "<" not in heads or not _COLUMN_HEADS.fullmatch(heads):
            return False
        above = line.number
        while above > 0 and _HEADS_GO_ON.match(self._answer.line(above)):
            above -= 1
        return _TABLE_BEGINS.search(self._answer.line(above)) is not None

    def _answers_number(self, line: ReferenceLine) -> bool:
        """Whether a line only gives the links of an item by its number: `[1] https://…`."""
        if line.item_number not in self._numbered or line.link_texts:
            return False
        return not names_something(line.before_link(line.lead.end()).text)

    def _attach_by_number(self, line: ReferenceLine) -> None:
        self._numbered[line.item_number].links += _with_roles(line.links)

    # --- where items begin and end

    def _open(self, line: ReferenceLine, reference: Reference) -> None:
        """Note a reference as the name of an item."""
        self._references.append(reference)
        self._item.name(reference, _BELOW_HEADING if line.is_heading else line.indent)
        if line.item_number:
            reference.number = int(line.item_number)
            self._numbered.setdefault(line.item_number, reference)

    def _attach(self, links: Iterable[Cited], role: LinkRole = "any") -> None:
        """Give links to the item, in the role of their field, or else of their own text."""
        self._item.links.extend(_with_roles(links, role))

    def _part(self, line: ReferenceLine, text: str, kind: LabelKind | None = None) -> _Part:
        return _Part(self._answer, line, text, self._item, kind)

    def _enter(self, line: ReferenceLine, kind: LabelKind | None) -> bool:
        """Begin another item, unless the line goes on within the last one; return whether it does."""
        place = _PLACES.verdict(self._part(line, line.text, kind))
        if place == "beginning":
            self._item.close()
        return place == "within"

    def _divides(self, line: ReferenceLine) -> bool:
        """Whether a heading, or an item, only stands above others that name sources."""
        if line.names:
            return False
        below = list(takewhile(partial(self._is_below, line), self._below(line)))
        if not below:
            return False
        if _is_remark_of_item(below[0]):
            return False
        return any(other.names_source for other in below)

    @staticmethod
    def _is_below(line: ReferenceLine, other: ReferenceLine) -> bool:
        """Whether a later line belongs under a heading or an item: by level, by indent, or as its list."""
        if other.is_heading:
            return False
        if line.is_heading or other.indent > line.indent:
            return True
        # a list without an indent is that of the line right above it, unless that is an item, too
        if line.is_marked or not other.is_marked:
            return False
        return other.follows and other.index == line.index + 1

    # --- lines

    def _read_line(self, line: ReferenceLine) -> None:
        kind = self._kind_in_context(line)
        is_nested = self._enter(line, kind)
        names = list(_names_beside_names(line))
        self._references += chain(names, _remarks_beside_names(line, names))
        if line.is_heading and not line.links:
            self._read_heading(line)
        elif kind is not None:
            self._read_field(line, kind, line.label.value_at, is_nested=is_nested)
        elif line.links:
            self._read_linked(line)
        elif is_nested:
            self._read_remark(line)
        else:
            self._read_item(line)

    def _kind_in_context(self, line: ReferenceLine) -> LabelKind | None:
        """The kind of field that a line is, in the light of the names on it and before it; None for the name itself."""
        kind, value_at = line.label.kind, line.label.value_at
        if not is_free((value_at, value_at), line.names):
            return None  # the colon is one of the name: `LanternNet: Painting …`
        if kind in _REMARKS and self._is_called(line.text[:value_at]):
            return None  # `Context Encoders: …` is no label `Context`
        if kind == "unknown" and line.names:
            return "source"
        if kind != "unlisted":
            return kind
        has_name = not is_free((0, value_at), line.names)
        if has_name or self._is_sibling(line):
            return None
        return "remark"

    def _is_called(self, label: str) -> bool:
        """Whether a label of several words is what an offered entry is called."""
        said = letters(label)
        return len(said) > 1 and "".join(said) in self._call_names

    def _is_sibling(self, line: ReferenceLine) -> bool:
        """Whether a label before a link stands in a column with one that named the last item, or before any name."""
        if not self._item.subject.text:
            return True
        is_in_column = line.indent == self._item.column
        return is_in_column and self._part(line, line.text).is_beside_link  # `LaMa: https://…`

    def _read_heading(self, line: ReferenceLine) -> None:
        """A heading ends an item; it is one itself when links or remarks follow it, and no other items."""
        title = line.whole(line.lead.end(), len(line.text))
        name = title._replace(text=title.text.strip("#*_ :："))
        self._item.subject = Reference(*name)
        if not names_something(name.text) or lists_references(name.text):
            return
        if self._divides(line):
            return
        following = self._lines[line.index + 1 : line.index + 2]
        links_follow = any(below.links for below in following)
        self._open(line, Reference(*name, is_item=True, doubtful=not links_follow))

    def _read_field(
        self, line: ReferenceLine, kind: LabelKind, value_at: int, *, is_nested: bool
    ) -> None:
        """A field names something, gives links of what is named, or is a remark."""
        if len(line.names) > 1 and len(line.links) > 1:  # `Papers: A (…), B (…)`
            self._read_linked(line)
            return
        value = line.before_link(value_at)
        part = replace(self._part(line, value.text, kind), is_nested=is_nested)
        standing = _FIELDS.verdict(part)
        if standing == "source":
            self._read_name(part, value)
            return
        if standing == "doubtful":
            self._references.append(_in_doubt(value))
        self._read_attribute(part)

    def _read_name(self, part: _Part, value: Name) -> None:
        """A field that names an item: by the text of its link, or by its value."""
        line, kind = part.line, part.kind
        is_named = names_something(value.text)
        if line.link_texts:
            self._open(line, _of_link_text(line.link_texts[0], strict=kind == "name"))
        elif is_named:
            self._open(line, self._of_value(part, value))
        self._attach(line.links, "any" if is_named else role_of(kind))

    def _of_value(self, part: _Part, value: Name) -> Reference:
        """The reference that the value of a field makes."""
        line, kind = part.line, part.kind
        if kind == "unknown":  # the label may be a part of the title: `Palette: Image-to-Image …`
            return Reference(*line.whole(line.lead.end(), value.end - line.start), is_item=True)
        is_item = kind != "name" and not is_title(value.text)
        continued = self._cutter.continued(line, line.text[line.label.value_at :])
        return Reference(*value, strict=True, is_item=is_item, continued=continued)

    def _read_attribute(self, part: _Part) -> None:
        """A field that tells more of an item: the texts of its links may be titles, and the links those of the item."""
        for phrase in part.line.link_texts:
            if reads_like_title(phrase.text):
                self._open(part.line, _of_link_text(phrase))
        if _ARE_LINKS_OF_ITEM.verdict(part):
            self._attach(part.line.links, role_of(part.kind))

    def _read_linked(self, line: ReferenceLine) -> None:
        """A line with links: each belongs to the name beside it."""
        names = self._names_beside_links(line)
        if not names:
            begins_item = self._item.column is None and not line.goes_on
            if begins_item:
                self._item.awaits_name = True
            self._attach(line.links)
            return
        for reference, links in _paired(names, line.links):
            if reference is not None:
                self._open(line, reference)
            self._attach(links)

    def _names_beside_links(self, line: ReferenceLine) -> list[Reference]:
        """The names on a line with links: link texts, offered names, and what stands around the links."""
        references = [_of_link_text(phrase) for phrase in line.link_texts]
        covered = [line.within(reference.start, reference.end) for reference in references]
        for span in line.names:
            if is_free(span, covered):
                longer = _longer_name(line, *span)
                references.append(Reference(*line.whole(*longer)))
                covered.append(longer)
        if line.names or not line.link_texts:
            references += self._names_in_gaps(line, covered)
        return sorted(references, key=_START)

    def _names_in_gaps(self, line: ReferenceLine, covered: list[Span]) -> list[Reference]:
        """What names something before, between or behind the links of a line, where no other name stands."""
        *before, behind = line.gaps
        names = _telling(before, covered)
        # behind the links of something named stands a remark
        if names or covered:
            return names
        if self._item.column is not None:
            return names
        return _telling([behind], covered)

    def _read_remark(self, line: ReferenceLine) -> None:
        """A line below an item is a remark, and in doubt a title when it stands out as one or reads like one."""
        for phrase in line.phrases:
            if phrase.kind == "quote" and is_title(phrase.text):
                self._references.append(_in_doubt(_whole(phrase)))
                return
        name = line.whole(line.lead.end(), len(line.text))
        if _begins_as_remark(name.text):
            return
        # without capitals, nothing tells a title from a sentence
        if not name.text.isascii() and _CASELESS.search(name.text):
            return
        sentences = _SENTENCE_BREAK.split(name.text)
        if any(map(is_title, sentences)):
            self._references.append(_in_doubt(name))

    def _read_item(self, line: ReferenceLine) -> None:
        """An item of the list without links: it names a source, unless it is a remark."""
        if self._divides(line):
            return
        titles = [phrase for phrase in line.phrases if is_title(phrase.text)]
        if len(titles) > 1:
            for phrase in titles:
                self._open(line, Reference(*_whole(phrase), is_item=True))
            return
        for span in _names_listed(line):
            self._read_unlinked(line, line.whole(*span))

    def _read_unlinked(self, line: ReferenceLine, name: Name) -> None:
        standing = _STANDINGS.verdict(self._part(line, name.text))
        if standing == "remark":
            return
        reference = Reference(*name, is_item=True, doubtful=standing == "doubtful")
        reference.continued = self._cutter.continued(line, name.text)
        self._open(line, reference)

    # --- tables

    def _is_row(self, line: ReferenceLine) -> bool:
        return line.number in self._rows

    def _is_head_of_table(self, line: ReferenceLine) -> bool:
        below = self._lines[line.index + 1 : line.index + 2]
        return self._is_row(line) and any(_RULE.fullmatch(other.text) for other in below)

    def _is_field_row(self, line: ReferenceLine) -> bool:
        """Whether a row has two cells, and the first one is a label."""
        if not self._is_row(line) or len(line.cells) != _PAIR:
            return False
        label = line.cells[0].text
        return kind_of_label(label) is not None and not names_something(label)

    def _note_columns(self, line: ReferenceLine) -> None:
        self._columns = [kind_of_column(cell.text) for cell in line.cells]
        # a head that is a title hides a source
        long = [cell for cell in line.cells if len(content_words(cell.text)) >= _LONG_TITLE]
        self._references += _titles_in_cells(line, long)

    def _read_field_row(self, line: ReferenceLine) -> None:
        """A row that is a field: `| Model | … |`."""
        label, value = line.cells
        kind = kind_of_label(label.text)
        if kind is not None:
            self._read_field(line, kind, value.start, is_nested=False)

    def _read_row(self, line: ReferenceLine) -> None:
        """A row of a table: the cell that names a source, and the links of the row."""
        self._item.close()
        cells = dict(zip(line.cells, chain(self._columns, repeat(None)), strict=False))
        naming = _naming_cell(line, cells)
        names = self._names_beside_links(line)[:1] if line.link_texts else []
        if naming is not None and not names:
            names = [Reference(*line.whole(naming.start, naming.end), is_item=not line.links)]
        for reference in names:
            self._open(line, reference)
            self._attach(line.links)
        if naming is not None:
            # what reads like a title in another column for titles: `| BLIP | Denoising Diffusion Models |`
            del cells[naming]
            titles = [cell for cell, kind in cells.items() if kind in _TITLE_COLUMNS]
            self._references += _titles_in_cells(line, titles)
        self._item.column = None


def _naming_cell(line: ReferenceLine, cells: Mapping[Name, LabelKind | None]) -> Name | None:
    """The cell of a row that names a source: with an offered name, in the column for names, or the first."""
    if line.names:
        return _cell_at(line.names[0], cells)
    ranks: dict[Name, int] = {}
    for cell, kind in cells.items():
        # a column for remarks, links or code names no source
        if kind not in _COLUMN_RANKS:
            continue
        if names_something(cell.text):
            ranks[cell] = _COLUMN_RANKS[kind]
    return min(ranks, key=ranks.__getitem__, default=None)


def _cell_at(span: Span, cells: Iterable[Name]) -> Name | None:
    """The first cell that has a place in common with a span."""
    for cell in cells:
        if overlaps((cell.start, cell.end), span):
            return cell
    return None


def _titles_in_cells(line: ReferenceLine, cells: Iterable[Name]) -> Iterator[Reference]:
    """The cells that read like titles, and like nothing else."""
    for cell in cells:
        if not is_title(cell.text):
            continue
        if "://" in cell.text or is_publication(cell.text):
            continue
        yield _in_doubt(line.whole(cell.start, cell.end))


def _is_remark_of_item(line: ReferenceLine) -> bool:
    """Whether what stands below a name is a remark on it: an item that names no source."""
    return line.is_marked and not line.names_source


def _with_roles(links: Iterable[Cited], role: LinkRole = "any") -> list[tuple[Cited, LinkRole]]:
    """Links with the role of their field, or else of their own text."""
    return [(cited, role_of_link(cited) if role == "any" else role) for cited in links]


def _opens_object(line: ReferenceLine) -> bool:
    return _OBJECT.fullmatch(line.text) is not None


def _is_silent(line: ReferenceLine) -> bool:
    return _SILENT.fullmatch(line.text) is not None


# --- names beside names


def _names_beside_names(line: ReferenceLine) -> Iterator[Reference]:
    """What may be another source beside an offered name: joined to it or its link, in brackets, behind a bar."""
    if not line.names:
        return
    candidates = chain(
        _joined_before(line), _directly_behind(line), _joined_behind(line), _set_apart(line)
    )
    for begin, end, least in candidates:
        name = line.whole(begin, end)
        if _is_another_name(name.text.strip(' .:;,()`"“”'), least):
            yield _in_doubt(name)


def _remarks_beside_names(line: ReferenceLine, others: list[Reference]) -> Iterator[Reference]:
    """What stands around the names and links of a line: a title in small letters may be a remark."""
    covered = [line.within(other.start, other.end) for other in others]
    for begin, end in _around_names(line):
        name = line.name(begin, end)
        if len(words(name.text)) < MIN_TITLE:
            continue
        if is_free((begin, end), covered):
            yield Reference(*name, doubtful=True, in_remark=True)


def _around_names(line: ReferenceLine) -> list[Span]:
    """The text before, between and behind the names and links of a line that has a name."""
    if not (line.names or line.link_texts):
        return []
    spans = sorted([*line.names, *line.link_spans])
    if not spans:  # the text of a link that leads nowhere
        return []
    return line.around(spans)


def _is_another_name(text: str, least: int) -> bool:
    """Whether a text reads like a name: a title of some content words at least, or one like `GPT-4`."""
    if not names_something(text) or is_publication(text):
        return False
    is_long = len(content_words(text)) >= least
    if is_long and is_title(text):
        return True
    return _NAME_LIKE.match(text) is not None


# Each yields where a candidate begins and ends, and the content words that a title has at least there.
Candidates: TypeAlias = Iterator[tuple[int, int, int]]


def _joined_before(line: ReferenceLine) -> Candidates:
    first = line.names[0][0]
    joining = _JOINING.search(line.text, max(line.lead.end(), first - FAR), first)
    if joining is not None:
        yield line.lead.end(), joining.start(), MIN_TITLE


def _end_of_names(line: ReferenceLine) -> int:
    """Where the last offered name, or the last link, of a line ends."""
    return max(end for _, end in (*line.names, *line.link_spans))


def _directly_behind(line: ReferenceLine) -> Candidates:
    """A title that follows a link without a sign between them."""
    if not line.links:
        return
    direct = _DIRECTLY_BEHIND.match(line.text, _end_of_names(line))
    if direct is not None:
        yield direct.end(), len(line.text), _LONG_TITLE


def _joined_behind(line: ReferenceLine) -> Candidates:
    joined = _JOINED.match(line.text, _end_of_names(line))
    if joined is None:
        return
    least = MIN_TITLE
    if ";" in joined[0]:
        if not line.links:  # `A; B` is read as a list
            return
    elif not QUOTED.match(line.text, joined.end()):
        # behind a comma, three words may be a remark: `…, Free-Form Masks`
        least += 1
    yield joined.end(), len(line.text), least


def _set_apart(line: ReferenceLine) -> Candidates:
    """What stands in brackets, or apart by a slash or a bar, right behind or before an offered name."""
    for begin, end in line.names:
        behind = _SET_BEHIND.match(line.text, end)
        if behind is not None and not _VENUE.search(behind["title"]):
            yield *behind.span("title"), _LONG_TITLE
        first = max(line.lead.end(), begin - _LONGEST_RUN)
        before = _SET_BEFORE.search(line.text[first:begin])
        if before is not None:
            yield first + before.start("title"), first + before.end("title"), _LONG_TITLE


def _of_link_text(phrase: Phrase, **facts: Any) -> Reference:
    """The text of a link as a name; `[Paper: X](…)` names X, unless all of it is a title."""
    name = behind_label(phrase)
    whole = phrase.text if name.text != phrase.text else None
    return Reference(*name, continued=whole, **facts)


def _longer_name(line: ReferenceLine, begin: int, end: int) -> Span:
    """A name with what makes it another one, up to the next name; or with the one whose bracket it stands in."""
    span = longer_title(line.text, begin, end)
    others = [name for name in line.names if name != (begin, end)]
    if not is_free(span, others):
        return begin, end
    if not line.text.startswith(")", end):
        return span
    # `LanternNet-XL (LanternNet)`
    lead = _LEADING_NAME.match(line.text, line.lead.end(), begin)
    if lead is None:
        return span
    return lead.start(), end + 1


def _telling(gaps: Iterable[tuple[Span, Name]], covered: list[Span]) -> list[Reference]:
    """What names something between links, where no other name stands."""
    references: list[Reference] = []
    for gap, name in gaps:
        if not is_free(gap, covered):
            continue
        if names_something(name.text):
            references.append(Reference(*name))
    return references


def _names_listed(line: ReferenceLine) -> list[Span]:
    """The names on a line without links: parts between semicolons, several offered ones; else the whole."""
    begin = line.lead.end()
    between = [match.span() for match in _BETWEEN_SEMICOLONS.finditer(line.text, begin)]
    if len(between) > 1 and _is_list(line, between):
        return between
    if len(line.names) > 1:
        return line.names
    whole = [(begin, len(line.text))]
    if line.is_marked or not line.names:
        return whole
    first, _ = line.names[0]
    # in a sentence, only the name is a name
    if _is_prose(line.text[begin:first]):
        return line.names
    return whole


def _is_list(line: ReferenceLine, spans: list[Span]) -> bool:
    """Whether all of some parts of a line read like titles, or one is an offered name."""
    texts = {line.text[slice(*span)].strip(" .") for span in spans}
    offered = {line.text[slice(*span)] for span in line.names}
    return not offered.isdisjoint(texts) or all(map(reads_like_title, texts))


def _is_prose(text: str) -> bool:
    """Whether the text before a name is that of a sentence, and names nothing: `In contrast, …`."""
    if acronyms(text):
        return False
    # titles have only small words without a capital
    uncapitalised = filter(str.islower, words(text))
    return not FILLERS.issuperset(uncapitalised)


def _paired(
    names: list[Reference], links: list[Cited]
) -> list[tuple[Reference | None, list[Cited]]]:
    """Each name with its links, behind it or before it; links before any name stand with none."""
    if _are_listed_alike(names, links):
        return [(name, [cited]) for name, cited in zip(names, links, strict=True)]
    starts = list(map(_START, names))
    groups: list[list[Cited]] = [[] for _ in (None, *names)]
    # each link follows its name, or all of them come first
    are_before = _are_before(links, names)
    for cited in links:
        number = _number_of_name(place_of(cited), starts, is_before=are_before)
        groups[number].append(cited)
    return list(zip((None, *names), groups, strict=True))


def _number_of_name(place: int, starts: list[int], *, is_before: bool) -> int:
    """Which name a link belongs to, counted from 1: the next one if it stands before it, else the last; 0 for none."""
    if is_before:
        return bisect_left(starts, place) + 1
    return bisect_right(starts, place)


def _are_listed_alike(names: list[Reference], links: list[Cited]) -> bool:
    """Whether several names are followed by as many links: `A and B: link of A and link of B, respectively`."""
    if len(names) != len(links):
        return False
    if len(names) <= 1:
        return False
    last = max(name.end for name in names)
    return last <= place_of(links[0])


def _are_before(links: list[Cited], names: list[Reference]) -> bool:
    """Whether both the first and the last of some links stand before that of some names."""
    if not links or not names:
        return False
    pairs = (links[0], names[0]), (links[-1], names[-1])
    return all(span_of(cited)[1] <= name.start for cited, name in pairs)


# --- names in prose


class _ProseReader:
    """Reads lines outside the section: there link texts are references, and names with a link close by."""

    def __init__(self, answer: Answer, cutter: LineCutter) -> None:
        self._answer = answer
        self._cutter = cutter

    def read(self, numbers: Iterable[int]) -> list[Reference]:
        """Return the references on some lines."""
        linked = self._cutter.linked_lines()
        references: list[Reference] = []
        for number in sorted(numbers):
            text = self._answer.line(number)
            if number in linked:
                references += self._read_linked(self._cutter.line(number, 0, text))
            elif read_label(text).kind == "paper" and number not in self._answer.code_lines:
                references += self._read_field(self._cutter.line(number, 0, text))
        return references

    def _read_linked(self, line: ReferenceLine) -> list[Reference]:
        references, unnamed = list[Reference](), list[Cited]()
        for cited in line.links:
            phrase = naming_text(cited)
            if phrase is None:
                unnamed.append(cited)
            else:
                references.append(_of_link_text(phrase, links=[(cited, "any")], listed=False))
        names = self._names(line)
        _give_close_links(line, names, unnamed)
        return references + [name for name in names if name.links]

    @staticmethod
    def _read_field(line: ReferenceLine) -> list[Reference]:
        """What a field names outside the section, if that is a long title: `Key paper: …`."""
        value = line.before_link(line.label.value_at)
        is_long = len(content_words(value.text)) >= _LONG_TITLE
        if line.names:
            return []
        if not is_long or not is_title(value.text):
            return []
        return [Reference(*value, is_item=True, doubtful=True, listed=False)]

    def _names(self, line: ReferenceLine) -> list[Reference]:
        """The whole names on a line of prose, and what stands before links; else the name that ends the line above."""
        offered = [longer_title(line.text, *span) for span in line.names]
        others = [span for span in _titles_before_links(line) if is_free(span, offered)]
        spans = sorted(offered + others)
        names = list(starmap(line.whole, spans))
        if not names:
            names = self._above(line)
        return [Reference(*name, listed=False, in_prose=True) for name in names]

    def _above(self, line: ReferenceLine) -> list[Name]:
        """The whole name that the text before a line with a link alone ends with: `LanternNet is published at`."""
        if words(_masked(line, line.link_spans)):
            return []
        body = self._answer.body
        return [
            Name(body[start:end], start, end)
            for start, end in self._cutter.names.within(line.start - _LONGEST_RUN, line.start)[-1:]
            if _LEADS_TO_LINK.fullmatch(body, end, line.start)
        ]


def _give_close_links(line: ReferenceLine, names: list[Reference], unnamed: list[Cited]) -> None:
    """Give the names on a line of prose those of its links that stand close by."""
    name_spans = [line.within(name.start, name.end) for name in names]
    link_spans = [line.within(*span_of(cited)) for cited in unnamed]
    # a remark on one of several names and links is none of another
    masked = _masked(line, name_spans + link_spans)
    for name, links in _paired(names, unnamed):
        if name is None:
            continue
        for cited in links:
            if _is_close(line, masked, name, cited):
                name.links.append((cited, "any"))


def _titles_before_links(line: ReferenceLine) -> Iterator[Span]:
    for place, _ in line.link_spans:
        match = _TITLE_BEFORE_LINK.search(line.text, max(0, place - _LONGEST_RUN), place)
        if match is not None:
            yield match.span("name")


def _masked(line: ReferenceLine, spans: Iterable[Span]) -> str:
    """The text of a line with some of its spans blank."""
    text = line.text
    for start, end in spans:
        first, last = max(0, start), max(0, min(len(text), end))
        text = text[:first] + _BLANK * (last - first) + text[last:]
    return text


def _is_close(line: ReferenceLine, masked: str, name: Reference, cited: Cited) -> bool:
    """Whether a link stands beside a name with hardly a word between, or below it: `X (https://…)`."""
    begin, end = line.within(name.start, name.end)
    if not 0 <= begin < len(line.text):  # the line below, which is the link and nothing else
        return not words(masked[line.lead.end() :])
    first, last = line.within(*span_of(cited))
    if first >= begin:
        return _LEADS_TO_LINK.fullmatch(masked, end, first) is not None
    # `https://… is X`, and no more
    is_alone = not words(masked[:first] + masked[end:])
    return is_alone and _LEADS_TO_NAME.fullmatch(masked, last, begin) is not None

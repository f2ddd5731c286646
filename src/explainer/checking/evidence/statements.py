"""What an answer says of its sources: its sentences and items, each bound to the entries that it is about.

A statement is bound by what it names, by the item or heading that it stands under, and by a pronoun only where the
sentence before it is about one entry alone. What is bound to nothing is no statement about a source.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, product
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from explainer.checking.analysis import AnswerAnalysis
from explainer.checking.answer import Answer
from explainer.checking.evidence.passages import CITATION_MARK, sentence_spans, without_tags
from explainer.checking.offered import OfferedEntry
from explainer.checking.titles import acronyms, canonical
from explainer.diagnostics.text import lazy_regex
from explainer.recommending.terms import term, tokens_of
from explainer.recommending.terms import words as word_runs

_ITEM: Final = lazy_regex(r"(?<![ \t>])(?P<indent>[ \t>]*+)(?P<mark>[-+*•–]|\(?\d{1,3}[.)])[ \t]+")
# an item whose text begins with residue such as `[cite_start]`, which is blanked out: Markdown takes it for code
_BLANKED_ITEM: Final = lazy_regex(r"\s*[-+*]\s{5,}\S")
_RULE: Final = lazy_regex(r"\s*(?:[-*_]\s*){3,}\Z")
# a field that gives a name or a link says nothing of the entry
_FIELD: Final = lazy_regex(
    r"[\s>*_+•–-]*+(?:\d{1,3}[.)]\s*+)?\W{0,6}"
    r"(?:model|title|name|paper|arxiv|pdf|doi|github|hugging ?face|code|repository|link|url)s?"
    r"\W{0,6}[:：]",
    re.IGNORECASE,
)
_DOWNWARD: Final = lazy_regex(r"[\s>*_-]*+(?:input|output)s?\W{0,6}[:：]", re.IGNORECASE)
_PRONOUN: Final = lazy_regex(
    r"(?:it|its|they|their|(?:this|the) (?:model|method|approach|framework|work|paper|system|network|technique|tool|"
    r"study|dataset|data set|authors?|architecture|algorithm|benchmark))\b",
    re.IGNORECASE,
)
# what stands before the words of a sentence
_ORNAMENTS: Final = lazy_regex(r"[^\w\"“(\[]*")
_QUOTE: Final = lazy_regex(
    r"\"(?P<straight>[^\"]{3,600})\"|“(?P<curly>[^“”]{3,600})”|«(?P<angled>[^«»]{3,600})»"
    r"|„(?P<low>[^„“”]{3,600})[“”]|‘(?P<single>(?:[^‘’\n]|’(?=\w)){8,600})’(?!\w)"
)
_QUOTE_MARK: Final = lazy_regex(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE, needs=(">",))
# a remark that is set apart like a quotation (`> **Note:** …`, `> [!TIP]`, `> 💡 …`), and who is quoted, behind it
_REMARK: Final = lazy_regex(r"\s*(?:\*\*|\[|[^\w\s\"“«(]|\w+\s?:)")
_CREDIT: Final = lazy_regex(r"\s(?:[—–]|--|\(|\[)[^—–\n]{1,200}\Z")
_INTRODUCED: Final = lazy_regex(r"[:：]\W*\Z")
# words right before an entry that is compared with, and how many characters they may be
_COMPARED: Final = lazy_regex(
    r"\b(?:than|compared (?:with|to)|in comparison (?:with|to)|relative to|unlike|versus|vs|against)\W+(?:the\W+)?\Z",
    re.IGNORECASE,
)
_COMPARED_BEFORE: Final = 32
COMPARING: Final = frozenset("than compared comparison relative unlike versus vs against".split())  # noqa: SIM905
"""Words by which one thing is compared with another."""
# `less accurate than its large version`, but not `faster than its rivals`
_COMPARED_ITSELF: Final = lazy_regex(
    r"\bthan (?:(?:it|this (?:model|method|one))\b|its (?:\w+ )?(?:version|variant|model|core)\b)",
    re.IGNORECASE,
)
_URL: Final = lazy_regex(r"(?:https?://|www\.)\S+")
# the name of a link, and the address behind it
_LINK: Final = lazy_regex(r"\[(?P<label>[^\[\]\n]{1,300})\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)")
# the space that residue leaves before a full stop
_SPACED: Final = lazy_regex(r" ([.,;:](?:\s|\Z))", needs=(" .", " ,", " ;", " :"))
_CITATION_MARK: Final = lazy_regex(CITATION_MARK, needs=("[",))
_CITED_ID: Final = lazy_regex(r"[\^\w-]+")
# the line of a footnote, or of a numbered reference, that a mark sends to
_DEFINITION: Final = lazy_regex(
    r"^[ \t>]*(?:[-*+][ \t]+)?\[(?P<id>\^[\w-]{1,40}|\d{1,3})\](?:[:：]|[ \t])", re.MULTILINE
)
# a label before what an item or a paragraph says, such as `**What it shows:**`
_LABELLED: Final = lazy_regex(
    r"[\s>*_+•–-]*(?:\(?\d{1,3}[.)]\s*)?[*_]{0,3}(?P<label>[^\W\d_][\w '/&-]{1,40}?)[*_]{0,3}\s?[:：](?!//)[*_]{0,3}"
)
# a paragraph that is bold, or a link, as a whole: it titles what follows
_TITLE: Final = lazy_regex(
    r"\s*(?:\*\*[^*\n]{1,300}[^*:：\n]\*\*|\[[^\[\]\n]{1,300}\]\([^\s]{1,300}\))[\s.]*\Z"
)
# how a paragraph begins that no longer is about what was titled before it alone
_SUMMING_UP: Final = lazy_regex(
    r"\W*(?:overall|together|finally|altogether|both|combined|in (?:short|summary|total|sum|conclusion|combination)|"
    r"to sum up|taken together|all (?:of )?(?:these|them|two|three|four|five))\b",
    re.IGNORECASE,
    needs=(
        "all",
        "together",
        "both",
        "combined",
        "in s",
        "in total",
        "in con",
        "in combination",
        "sum up",
    ),
)
_NAME: Final = lazy_regex(r"[^\W_]+(?:[-+#][^\W_]+)*[+#]*")
# words by which a summary calls its own work, with the name behind them
_COINED: Final = lazy_regex(
    r"\b(?:propos|introduc|present|develop|describ|contribut|releas|offer|dubb|call|nam|term|build|built|construct|"
    r"achiev|we )\w*",
    re.IGNORECASE,
)
# characters behind such a word, in the same sentence, within which the name stands
_COINED_WITHIN: Final = 80
# of the shipped summaries 8 give their work no name but in this way, and it is theirs in all of them
_SUBJECT: Final = lazy_regex(r"(?:\A|[.!?]\s)([A-Z][A-Za-z-]{1,30})\s(?=[a-z]{1,20}s\s)")
_OUR_WORK: Final = lazy_regex(r"\b(?:we|our|us|this\s(?:paper|work|study))\b", re.IGNORECASE)
# characters at the beginning of an item within which a colon ends what it is about
_LEAD: Final = 160
_LEADING: Final = 24  # characters that name it where nothing marks the end of the name
_COLON: Final = lazy_regex(r"[:：](?=[\s*_]|\Z)")
_HARD_BREAK: Final = lazy_regex(r"  \r?\n")
_BEGINNING: Final = lazy_regex(r"[\s>|]*(?:[-+*•–]|\(?\d{1,3}[.)])?[^\w*_\[`\"“]*")
_MARKED: Final = lazy_regex(
    r"\*\*[^*\n]{1,300}\*\*|\[[^\[\]\n]{1,300}\]|[\"“][^\"”\n]{1,300}[\"”]|_[^_\n]{1,300}_"
)
# what follows the first words of a title, and how many of these name it
_TITLE_TAIL: Final = lazy_regex(
    r":?\s(?:with|for|by|via|from|using|through|in|on|of)\s|:\s", re.IGNORECASE
)
_MIN_TITLE_WORDS: Final = 3
_BESIDE_NAME: Final = 100
_OUTERMOST: Final = -9  # further out than any line
_MIN_TERMS: Final = 2  # terms of a sentence, its names aside, that say something


class Quoted(Struct, frozen=True):
    """What an answer quotes.

    Attributes:
        start: where it begins in the answer; `end`: where it ends.
        text: its words.
        is_sure: whether it is surely a quotation; what is set apart as a block may be a remark.
    """

    start: int
    end: int
    text: str
    is_sure: bool = True


class Statement(Struct, frozen=True):
    """What the answer says in one sentence, or one item.

    Attributes:
        text: the sentence, on one line, without the addresses of links.
        start: where it begins in the answer; `end`: where it ends.
        entries: the offered entries that it is about, by their places; those that it names come first.
        context: those of them that the item or heading is about.
        quotations: what it quotes.
        words: its words in lower case.
        terms: their stems, without names of the entries.
        all_terms: their stems.
        named: the entries that it names, with the places of their names in the answer.
        is_reversed: it compares something else with an entry: `the older network is slower than EfficientNet`.
    """

    text: str
    start: int
    end: int
    entries: tuple[int, ...] = ()
    context: tuple[int, ...] = ()
    quotations: tuple[Quoted, ...] = ()
    words: tuple[str, ...] = ()
    terms: frozenset[str] = frozenset()
    all_terms: frozenset[str] = frozenset()
    named: tuple[tuple[int, int], ...] = ()
    is_reversed: bool = False


class _Said(NamedTuple):
    """A sentence, before it is read: its place, the entries that it and its block are about, and what it quotes."""

    start: int
    end: int
    entries: tuple[int, ...]
    context: tuple[int, ...]
    quotations: tuple[Quoted, ...]


class _Line(Struct, frozen=True):
    """A line of the answer."""

    number: int
    text: str


class _Block(Struct):
    """Lines that belong together: an item of a list, a paragraph, a heading."""

    start: int
    end: int
    indent: int
    kind: str  # gap, field, heading, item, quote, or more: a paragraph

    @property
    def is_paragraph(self) -> bool:
        """Whether it is a paragraph."""
        return self.kind == "more"

    def goes_on_with(self, kind: str) -> bool:
        """Whether a line of some kind belongs to it; what stands right below a heading is a block of its own."""
        if self.kind in ("gap", "field", "heading"):
            return False
        return kind == "more" or (kind, self.kind) == ("quote", "quote")


class _Scope(Struct, frozen=True):
    """The entries that what follows is about, up to an item or heading that is not further in.

    Where a label gives them (`**Source:** LUMEN`), the labels beside it are about them, too.
    """

    indent: int
    entries: tuple[int, ...]
    spans_labels: bool = False

    def is_closed_by(self, indent: int, *, is_labelled: bool) -> bool:
        """Whether a line ends it: one that is not further in, but for a label beside the one that gives its source."""
        if is_labelled and self.spans_labels:
            return self.indent > indent
        return self.indent >= indent


def read_statements(analysis: AnswerAnalysis) -> list[Statement]:
    """Return the sentences of an answer that are about entries, or quote something."""
    return _StatementReader(analysis).read()


class _StatementReader:
    def __init__(self, analysis: AnswerAnalysis) -> None:
        self._answer = analysis.answer
        self._text = without_quote_marks(without_tags(analysis.answer.body))
        self._is_quoted_whole = _is_quoted_whole(analysis.answer)
        self._places = sorted(_places(analysis))
        self._places = sorted({*self._places, *self._cited_places(analysis)})
        self._names = [name_terms(source) for source in analysis.offered.sources]
        # characters that a name may have with a link, and its marks; what is longer says more, and needs no reading
        self._longest = [2 * len(source.name) + _BESIDE_NAME for source in analysis.offered.sources]
        self._scopes = [_Scope(_OUTERMOST, ())]  # the first one is of the heading, and never closed
        self._statements: list[Statement] = []
        self._before: tuple[int, ...] = ()  # the entries that the sentence before is about
        self._line_kinds: tuple[tuple[str, Callable[[_Line], bool]], ...] = (
            ("gap", self._is_gap),
            ("heading", self._is_heading),
            ("field", _is_field),
            ("item", self._is_item),
            ("quote", self._is_quote),
        )

    def read(self) -> list[Statement]:
        for block in self._blocks():
            if block.kind == "heading":
                self._scopes = [_Scope(_OUTERMOST, self._named(block.start, block.end))]
            elif block.kind == "field":
                self._note_field(block)
            elif block.kind != "gap":  # code, too, is no statement
                self._read_block(block)
        return self._statements

    # --- what marks cite -----------------------------------------------------------------------------------------

    def _cited_places(self, analysis: AnswerAnalysis) -> Iterator[tuple[int, int]]:
        """Where marks such as `[^1]` and `[2]` stand, with the entries of the footnotes or references they send to."""
        if _CITATION_MARK.search(self._text) is None:
            return
        definitions = list(_DEFINITION.finditer(self._text))
        defined = self._entries_by_id(definitions, analysis)
        places_of_definitions = {definition.start("id") for definition in definitions}
        for mark in _CITATION_MARK.finditer(self._text):
            if mark.start() + 1 in places_of_definitions:
                continue
            for number in _CITED_ID.findall(mark[0]):
                yield from product((mark.start(),), defined.get(number, ()))

    def _entries_by_id(
        self, definitions: Iterable[re.Match[str]], analysis: AnswerAnalysis
    ) -> dict[str, set[int]]:
        """The entries that each footnote, or reference with a number, is about; of two with one id, the first."""
        defined: dict[str, set[int]] = {}
        for definition in definitions:
            defined.setdefault(definition["id"], self._defined_by(definition))
        # what the references are known to name goes before what is read here
        for number, entries in analysis.numbered_sources.items():
            defined[str(number)] = entries
        return defined

    def _defined_by(self, definition: re.Match[str]) -> set[int]:
        """The entries that a footnote names in its paragraph, or a numbered reference in its line."""
        is_footnote = definition["id"].startswith("^")
        end_mark = "\n\n" if is_footnote else "\n"
        end = self._text.find(end_mark, definition.end())
        if end < 0:
            end = len(self._text)
        return set(self._named(definition.end(), end))

    # --- blocks --------------------------------------------------------------------------------------------------

    def _blocks(self) -> Iterator[_Block]:
        block = _Block(0, 0, 0, "gap")
        for number in range(self._answer.lines):
            line = _Line(number, self._answer.line(number))
            start, end = self._answer.span(number)
            kind = self._kind(line)
            if block.goes_on_with(kind):
                block.end = end
                continue
            yield block
            block = _Block(start, end, _indent(line.text), kind)
        yield block

    def _kind(self, line: _Line) -> str:
        """What a line is: the first kind whose test it passes."""
        return next((kind for kind, is_of in self._line_kinds if is_of(line)), "more")

    def _is_gap(self, line: _Line) -> bool:
        if line.number in self._answer.code_lines:
            return not _BLANKED_ITEM.match(line.text)
        return not line.text.strip()

    def _is_heading(self, line: _Line) -> bool:
        return line.number in self._answer.headings or _RULE.fullmatch(line.text) is not None

    def _is_item(self, line: _Line) -> bool:
        return line.number in self._answer.tables or _ITEM.match(line.text) is not None

    def _is_quote(self, line: _Line) -> bool:
        return not self._is_quoted_whole and _QUOTE_MARK.match(line.text) is not None

    # --- what a block is about -----------------------------------------------------------------------------------

    def _note_field(self, field: _Block) -> None:
        """A field that names an entry opens a scope: what is said below it, and by labels beside it, is about it."""
        named = self._named(field.start, field.end)
        if len(named) == 1:
            self._open_scope(_Scope(field.indent, named, spans_labels=True))

    def _open_scope(self, scope: _Scope) -> None:
        self._close_scopes(scope.indent)
        self._scopes.append(scope)

    def _close_scopes(self, indent: int, *, is_labelled: bool = False) -> None:
        while self._scopes[-1].is_closed_by(indent, is_labelled=is_labelled):
            self._scopes.pop()

    def _read_block(self, block: _Block) -> None:
        text = self._text[block.start : block.end]
        label = _LABELLED.match(text)
        self._close_scopes(block.indent, is_labelled=label is not None)
        titled = self._titled_by(block, text, label)
        if titled is not None:
            self._open_scope(titled)
        context = self._context_of(block, text)
        if _DOWNWARD.match(text):  # what goes in and comes out is nobody's claim
            context = ()
        quotes = self._quotations_in(block, text)
        self._before = ()
        # most blocks are about no entry, and need no dividing into sentences
        if context or quotes or self._places_between(block.start, block.end):
            self._read_sentences(block, text, context, quotes)

    def _titled_by(self, block: _Block, text: str, label: re.Match[str] | None) -> _Scope | None:
        """The scope that a block opens which is no more than a title, or a label with the name of its source.

        What is titled goes on up to another title, or to a paragraph that sums up.
        """
        if block.kind == "quote" or "\n" in text.strip():
            return None
        named = self._named(block.start, block.end)
        if len(named) > 1:  # what is titled by several is of none of them alone
            named = ()
        scope = _Scope(block.indent, named)
        if self._is_title(block, text):
            return replace(scope, indent=block.indent - block.is_paragraph)
        if label is not None and self._names_alone(block.start + label.end(), block.end):
            return replace(scope, spans_labels=True)
        if block.is_paragraph and _SUMMING_UP.match(text):
            return _Scope(block.indent - 1, ())
        return None

    def _is_title(self, block: _Block, text: str) -> bool:
        if self._names_alone(block.start, block.end):
            return True
        return block.is_paragraph and _TITLE.match(text) is not None

    def _names_alone(self, start: int, end: int) -> bool:
        """Whether a part of the answer is the name of one entry, or a link to it, and nothing else."""
        named = self._named(start, end)
        if len(named) != 1 or end - start > self._longest[named[0]]:
            return False
        said = _terms_in(words_of(shown(self._text[start:end])))
        return said <= self._names[named[0]]

    def _context_of(self, block: _Block, text: str) -> tuple[int, ...]:
        """The entries that a block is about as a whole; an item opens a scope for those below it."""
        outer = self._scopes[-1]
        if block.kind == "quote":
            return outer.entries or self._before
        if block.kind != "item":
            return outer.entries
        lead = self._named(
            block.start, block.start + _lead_length(text, has_context=bool(outer.entries))
        )
        context = lead or outer.entries
        if lead or not outer.spans_labels:
            self._scopes.append(_Scope(block.indent, context))
        return context

    # --- quotations and sentences --------------------------------------------------------------------------------

    def _quotations_in(self, block: _Block, text: str) -> list[Quoted]:
        quotes = [
            _quote(match, block.start) for match in _QUOTE.finditer(text) if "\n\n" not in match[0]
        ]
        if quotes or block.kind != "quote":
            return quotes
        return self._block_quotation(block, text)

    def _block_quotation(self, block: _Block, text: str) -> list[Quoted]:
        """What is quoted as a block, without the name of its author behind it."""
        if _REMARK.match(text):
            return []
        credit = _CREDIT.search(text)
        end = credit.start() if credit else len(text)
        is_introduced = bool(
            _INTRODUCED.search(self._text[max(0, block.start - _LEAD) : block.start])
        )
        return [Quoted(block.start, block.start + end, text[:end], is_introduced)]

    def _read_sentences(
        self, block: _Block, text: str, context: tuple[int, ...], quotes: Sequence[Quoted]
    ) -> None:
        for start, end in self._with_credits(_sentences(text, block.start, quotes)):
            named = self._named(start, end)
            entries = tuple(dict.fromkeys((*named, *context)))
            if not entries:
                entries = self._meant_by_pronoun(start, end)
            self._before = entries
            within = tuple(quoted for quoted in quotes if start <= quoted.start < end)
            if entries or within:
                self._add_statement(_Said(start, end, entries, context, within), named)

    def _meant_by_pronoun(self, start: int, end: int) -> tuple[int, ...]:
        """The one entry of the sentence before, where a sentence goes on about it with a pronoun."""
        if len(self._before) != 1 or not _begins_with_pronoun(self._text[start:end]):
            return ()
        return self._before

    def _with_credits(self, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """The sentences, each with the source in brackets behind its full stop: `It runs on a phone. (LUMEN)`."""
        sentences: list[tuple[int, int]] = []
        for start, end in spans:
            if (
                sentences
                and self._text.startswith(("(", "["), start)
                and self._names_alone(start, end)
            ):
                start, _ = sentences.pop()  # noqa: PLW2901
            sentences.append((start, end))
        return sentences

    def _add_statement(self, said: _Said, entries: Iterable[int]) -> None:
        """Add a statement with its words, unless it has hardly any beside the names of entries."""
        text = shown(self._text[said.start : said.end])
        words = tuple(words_of(text))
        all_terms = _terms_in(words)
        terms = all_terms.difference(*(self._names[index] for index in entries))
        # `It takes 45 minutes` says something, the mark `1.` of an item does not
        is_short = len(terms) < _MIN_TERMS and not any(map(str.isdigit, text))
        if is_short or all(map(str.isdigit, terms)):
            return
        named = tuple(self._places_between(said.start, said.end))
        is_reversed = not COMPARING.isdisjoint(words) and self._is_reversed(said.start, said.end)
        self._statements.append(Statement(text, *said, words, terms, all_terms, named, is_reversed))

    def _is_reversed(self, start: int, end: int) -> bool:
        """Whether an entry is what something else is compared with."""
        if _COMPARED_ITSELF.search(self._text, start, end):
            return True
        places = (place for place, _ in self._places_between(start, end))
        return any(
            _COMPARED.search(self._text, max(start, place - _COMPARED_BEFORE), place)
            for place in places
        )

    # --- names ---------------------------------------------------------------------------------------------------

    def _places_between(self, start: int, end: int) -> Sequence[tuple[int, int]]:
        first = bisect_left(self._places, (start,))
        if first == len(self._places) or self._places[first][0] >= end:  # most parts name none
            return ()
        return self._places[first : bisect_left(self._places, (end,), first)]

    def _named(self, start: int, end: int) -> tuple[int, ...]:
        """The entries that are named or linked between two places, in their order."""
        return tuple(dict.fromkeys(index for _, index in self._places_between(start, end)))


def _is_field(line: _Line) -> bool:
    # a look is cheaper than the pattern
    if ":" not in line.text and "：" not in line.text:
        return False
    return _FIELD.match(line.text) is not None


def _places(analysis: AnswerAnalysis) -> set[tuple[int, int]]:
    """Where the answer names or links an entry beyond doubt, and which one."""
    places = {*_called_places(analysis), *_shortened_titles(analysis)}
    for reference, verdict in analysis.verdicts:
        places.update((reference.start, index) for index in verdict.good_sources)
    for cited, verdict in analysis.links:
        places.update((cited.spotted.start, index) for index in verdict.good_sources)
    return places


def _called_places(analysis: AnswerAnalysis) -> Iterator[tuple[int, int]]:
    """Where the answer calls an entry by a name that is surely its own."""
    sources, body = analysis.offered.sources, analysis.answer.body
    weak = [_weak_names(source, sources) for source in sources]
    for place, index in analysis.mentions:
        if not _begins_with(weak[index], body, place):
            yield place, index


def _begins_with(names: frozenset[str], body: str, place: int) -> bool:
    """Whether the word at a place is one of some names."""
    if not names:
        return False
    word = _NAME.match(body, place)
    return word is not None and canonical(word[0]) in names


def _shortened_titles(analysis: AnswerAnalysis) -> Iterator[tuple[int, int]]:
    """Where the first words of a title stand without what follows: `Robust High-Resolution Video Matting`."""
    sources, body = analysis.offered.sources, analysis.answer.body
    for index, source in enumerate(sources):
        first = _TITLE_TAIL.split(source.name, maxsplit=1)[0]
        if first == source.name or len(first.split()) < _MIN_TITLE_WORDS:
            continue
        if _is_start_of_another(first, source, sources):
            continue
        for match in re.finditer(re.escape(first), body):
            yield match.start(), index


def _is_start_of_another(first: str, source: OfferedEntry, sources: Iterable[OfferedEntry]) -> bool:
    return any(other.name.startswith(first) and other.name != source.name for other in sources)


def _weak_names(source: OfferedEntry, sources: Sequence[OfferedEntry]) -> frozenset[str]:
    """Names in an entry's summary that are not surely its own: of what it builds on, or compares itself with."""
    doubtful = source.nicknames - source.call_names
    if not doubtful:
        return doubtful
    others = frozenset(
        chain.from_iterable(other.nicknames for other in sources if other is not source)
    )
    return doubtful - (coined_names(source.text) - others)


@lru_cache(maxsize=1024)
def coined_names(text: str) -> frozenset[str]:
    """Return the names in a summary that it gives its own work, in canonical form: `we propose REAL`, `dubbed AGAP`."""
    names = set()
    for match in _COINED.finditer(text):
        behind = text[match.end() : match.end() + _COINED_WITHIN]
        names.update(acronyms(re.split(r"[.;]\s", behind, maxsplit=1)[0])[:1])
    return frozenset(map(canonical, names or _only_subject(text)))


def _only_subject(text: str) -> set[str]:
    """The one name that sentences of a summary begin with: `YOLO looks once`; none where it speaks of `our` work."""
    subjects = set(_SUBJECT.findall(text)).intersection(acronyms(text))
    if len(subjects) != 1 or _OUR_WORK.search(text):
        return set()
    return subjects


@lru_cache(maxsize=4096)  # of the entries that many answers are about
def _terms_of_name(name: str) -> frozenset[str]:
    return _terms_in(tokens_of(name.replace("-", " ")))


def _terms_in(said: Iterable[str]) -> frozenset[str]:
    return frozenset(term(word) for word in said) - {""}


def name_terms(source: OfferedEntry) -> frozenset[str]:
    """Return the terms of an entry's name: that a sentence has them says only which entry it is about."""
    return _terms_of_name(source.name)


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case; compounds with a hyphen are several."""
    return [word.lower() for word in word_runs(text.replace("-", " "))]


def shown(text: str) -> str:
    """Return a part of an answer as its reader sees it, on one line: without marks of emphasis and addresses."""
    if "[" in text:
        text = _CITATION_MARK.sub("", _LINK.sub(lambda match: match["label"], text))
    if "://" in text or "www." in text:
        text = _URL.sub("", text)
    text = text.replace("**", "").replace("`", "")
    mark = _ITEM.match(text)
    if mark is not None:
        text = text[mark.end() :]
    return _SPACED.sub(r"\1", " ".join(text.split()))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t>"))


def _begins_with_pronoun(sentence: str) -> bool:
    return _PRONOUN.match(_ORNAMENTS.sub("", sentence, count=1)) is not None


def without_quote_marks(text: str) -> str:
    """Return a text with the marks of block quotes blanked out."""
    if ">" not in text:
        return text
    return _QUOTE_MARK.sub(lambda mark: " " * len(mark[0]), text)


def _is_quoted_whole(answer: Answer) -> bool:
    """Whether most lines are in block quotes: that is how the answer is set, then, and nothing is quoted."""
    if ">" not in answer.body:
        return False
    written = list(filter(None, map(str.strip, answer.body.splitlines())))
    return 2 * sum(line.startswith(">") for line in written) > len(written)


def _quote(match: re.Match[str], offset: int) -> Quoted:
    group = match.lastgroup or 0
    return Quoted(offset + match.start(group), offset + match.end(group), match[group])


def _lead_length(text: str, *, has_context: bool) -> int:
    """How far an item names what it is about: to a colon, or to the end of what is bold or a link.

    Where nothing marks that, it is a few words; none where the item stands under another one, which says it.
    """
    colon = _COLON.search(text, 0, _LEAD)
    if colon:
        return colon.end()
    begin = _BEGINNING.match(text)
    beginning = begin.end() if begin else 0
    marked = _MARKED.match(text, beginning)
    if marked:
        return marked.end()
    if has_context:
        return 0
    return beginning + _LEADING


def _sentences(text: str, offset: int, quotes: Iterable[Quoted]) -> Iterator[tuple[int, int]]:
    """The sentences of a block that begins at a place; a quotation is never divided, and a hard line break divides."""
    start = offset
    for line_start, line_end in _hard_lines(text):
        for first, last in sentence_spans(text[line_start:line_end]):
            end = offset + line_start + last
            if any(quote.start < end < quote.end for quote in quotes):
                continue
            yield max(start, offset + line_start + first), end
            start = end
        if text[start - offset : line_end].strip():
            yield start, offset + line_end
        start = max(start, offset + line_end)


def _hard_lines(text: str) -> Iterator[tuple[int, int]]:
    """The parts of a block between hard line breaks: two spaces at the end of a line."""
    start = 0
    for match in _HARD_BREAK.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)

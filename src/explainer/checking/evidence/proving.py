"""Statements held against the passages of their entries: what refutes them, what carries them, what stays open.

What is exact decides: a quotation, a figure, a word of comparison. Likeness of words may refute a statement, as one
that says of an entry what another one prints; it never confirms one. A statement is *proved* when a passage that it
quotes, or its own words, stand in its entry word for word; *refuted* when an error stands in it; else it is *open*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, partial
from itertools import chain, filterfalse, starmap
from operator import attrgetter
from typing import Final, NamedTuple

from explainer.checking.analysis import AnswerAnalysis, Violation
from explainer.checking.evidence.figures import (
    DECIMAL_COMMA,
    Figure,
    PlacedFigure,
    directions,
    figures_in,
    may_have_figures,
    placed_figures,
    tell_apart,
)
from explainer.checking.evidence.native import CitedSpan, with_spans
from explainer.checking.evidence.passages import (
    EntryText,
    QuotationFit,
    Sentence,
    compare,
    entry_text,
    plain,
    read_quotation,
    tokens,
)
from explainer.checking.evidence.statements import Quoted, Statement, read_statements, words_of
from explainer.checking.offered import OfferedEntry
from explainer.checking.titles import reads_like_title
from explainer.diagnostics.codes import RULES, Severity
from explainer.diagnostics.text import lazy_regex, shorten
from explainer.recommending.terms import term, terms

MIN_QUOTED: Final = 4
"""Words from which a quotation is one: shorter ones are names, or words that their author keeps at a distance."""

_MIN_SHARED: Final = 2  # terms that a statement and a sentence share, for their figures to be about one thing
_MIN_SHARED_EQUAL: Final = 1  # the same where the figure itself is printed, so that it surely is the one that is meant
_NEAR: Final = 40  # characters on either side of a figure
# the share of a statement's terms that a sentence of another entry has, for a figure to be taken from there
_OTHERS_SHARE: Final = 0.4
_VERBATIM_SUPPORT: Final = 0.8  # of such a statement's terms its entries have all, but for compounds read otherwise
_MIN_VERBATIM: Final = 8  # words of a statement that stands in its entry word for word
# the share of a statement's terms that one sentence has, for the statement to be in its words (chosen on statements
# made of 660 summaries: below it, sentences of one field begin to resemble each other)
_SAME_WORDS: Final = 0.75
_MIN_SAME: Final = 4  # terms of such a statement
_CLOSED: Final = 0.8  # of the terms of a passage that a statement repeats, for a missing `not` to turn it round
_BESIDE: Final = 3  # words beside a passage among which its `not` stands: `does not need pairs`
# a statement is another entry's when a sentence there has so much more of its terms than its own entry has
_OWN_SHARE: Final = 0.6
_MIN_FOREIGN: Final = 5
_SHOWN_SHARE: Final = 0.3  # of a statement's terms that a sentence has, to be shown beside it
# what is quoted behind these words is an example or somebody's request, and no passage
_EXAMPLE: Final = lazy_regex(
    r"(?:\b(?:like|such as|e\.g\.,?|for example|for instance|i\.e\.,?|prompts?|typ(?:e|ed|ing)|ask(?:s|ed)?|"
    r"instructions?|quer(?:y|ies)|request(?:s|ed)?|commands?|question|say(?:s|ing)? to|labell?ed|called|"
    r"entitled|titled)"
    r"|[:：]?\s*\((?:e\.g\.|implied)[^()]{0,30})\W{0,4}\Z",
    re.IGNORECASE,
)
# words before a number that is a label
_LABEL: Final = lazy_regex(
    r"(?:(?<=[^.!?:\s]\s)[A-Z][\w-]*|\b(?i:step|section|stage|phase|version|level|figure|fig\.|table|tier|part|chapter|"
    r"option|item|no\.|top|rank))[\s-]\Z"
)
_LARGEST_LABEL: Final = 1000
_BEFORE: Final = 160  # characters on either side of a figure, or a quotation, in which its phrase is looked for
# what ends a phrase, and the words of one that says nothing of an entry
_PHRASE_END: Final = lazy_regex(r"[,;:()—–|]|\b(?:so|because|and|but|while|which)\b")
_SUPPOSED: Final = lazy_regex(
    r"\b(?:you|your|the user(?! stud)|would|could|might|should|suppose|imagine|let['’]s|e\.g\.|such as|"
    r"if|for (?:example|instance)|usually|typically|generally|in general|maybe|perhaps|expect|recommend)\b",
    re.IGNORECASE,
)
# how a sentence begins that tells its reader what to do: `Start with 100 images`, `Label 200 tablets first`
_INSTRUCTION: Final = lazy_regex(
    r"\W*(?:use|try|train|start|begin|collect|keep|choose|take|pick|prepare|plan|label|sample|test|give|generate|annotate)\s"
    r"(?:it|them|with|on|at|for|about|around|roughly|at least|some|your|\d)",
    re.IGNORECASE,
)
# words by which a figure is for each of several, of all together, or reckoned from others
_DERIVED: Final = lazy_regex(
    r"\b(?:per|each|every|average|mean|median|all|total|altogether|together|sum|combined|i\.e|that is|that makes|means|"
    r"equals|corresponds|amounts|ratio|half|difference)\b|[=≈→]",
    re.IGNORECASE,
)
# words before a figure by which it is of something else that is compared with
_OTHERS: Final = lazy_regex(
    r"\b(?:than|unlike|compared|versus|vs|against|beside|besides|instead|rather|others?|rivals?|typical|usual|known)\b",
    re.IGNORECASE,
)
# `45 minutes for 60 objects` is no other value of 45 seconds for each
_FOR_SEVERAL: Final = lazy_regex(r"\s(?:for|of|with)\s(?:\w+\s)?(?:\d|all\b|several\b|many\b)")
# a name: a word with a capital behind another word, or with several capitals
_PROPER: Final = lazy_regex(r"(?<=\w )[A-Z][\w-]+|\b[\w-]*[a-z\d-][A-Z][\w-]*|\b[A-Z]{2}[\w-]*")
_CLAUSE_START: Final = lazy_regex(r"[,;:(|]\s|\.\s")
_BESIDE_SHARE: Final = 0.6  # of the terms beside a figure that the sentence has whose figure it is compared with
_THAN: Final = lazy_regex(r"\b(?:than|compared (?:with|to)|over)\s(?P<compared>(?:[\w-]+\s?){1,6})", re.IGNORECASE)
# words that present what follows as the words of a source; what else is quoted may be the author's own, at a distance
_REPORTED: Final = lazy_regex(
    r"\b(?:sa(?:ys|id)|stat(?:es?|ed|ing)|writes?|wrote|writing|not(?:es?|ed)|report(?:s|ed)?|argu(?:es?|ed|ing)|"
    r"claim(?:s|ed)?|mention(?:s|ed)?|describ(?:es?|ed)|explain(?:s|ed)?|highlight(?:s|ed)?|emphasi[sz](?:es?|ed)|"
    r"conclud(?:es?|ed)|according|authors?|abstract|summary|quot\w+|puts? it|calls? itself|words|evidence|passage)\b"
    r"[^.!?\n]{0,60}\Z",
    re.IGNORECASE,
)
_QUOTATION_MARKS: Final = ('"', "“", "„", "«", "‘")
_USERS_WORDS: Final = lazy_regex(r"\b(?:users?|you|your)\b[^.!?\n]{0,60}\Z", re.IGNORECASE)
# a mark, a name or a word of a source behind a quotation: `“…” [2]`, `(“…”, LUMEN)`, `“…” — LUMEN`, `“…”, it says`
_CITED_BEHIND: Final = lazy_regex(
    r"[\"”’«».]{0,3}(?:\s?\[\^?\d|\s?\[\^?\w+\]|,\s[^,.;)\n]{2,160}\)|\s(?:[—–]|--)\s[A-Z]|\s\([A-Z]|"
    r",?\s(?:\w+\s){1,3}(?:says?|states?|writes?|wrote|notes?|reports?|claims?|argues?|explains?|concludes?)\b)"
)
# what a step takes or gives, as in `BLIP → "a dog on a beach"`, is data
_ARROW: Final = r"(?:->|=>|[→⟶⇒➡]\ufe0f?)"
_BEFORE_DATA: Final = lazy_regex(rf"{_ARROW}\W{{0,4}}\Z")
_BEHIND_DATA: Final = lazy_regex(rf"\W{{0,4}}{_ARROW}")
# what is wrong with a quotation that is bound to entries: as for one that is word for word, it is another entry's
_QUOTATION_FAULTS: Final = {
    QuotationFit.VERBATIM: ("A413", "this quotation is from {entry}, not from {own}"),
    QuotationFit.ALTERED: ("A411", "altered quotation of {entry}"),
    QuotationFit.STITCHED: ("A412", "stitched quotation: these passages are not next to each other"),
}
_NEGATIONS_TEXT: Final = """
    not no never without cannot neither nor nobody none hardly fails fail failed failing unable lacks lack lacking
"""
_NEGATIONS: Final = frozenset(_NEGATIONS_TEXT.split())
_OPPOSITES: Final = {
    one: other
    for pair in (
        "supervised unsupervised", "labeled unlabeled", "labelled unlabelled", "with without", "before after",
        "online offline", "indoor outdoor", "static dynamic", "minimize maximize", "minimizes maximizes",
        "minimizing maximizing", "encoder decoder", "positive negative", "simple complex", "rich sparse",
        "robust fragile", "efficient inefficient", "effective ineffective", "reliable unreliable",
        "accurate inaccurate", "sufficient insufficient", "possible impossible", "similar dissimilar", "easy hard",
        "cheap expensive", "global local", "strong weak", "excels fails", "succeeds fails", "enables prevents",
        "allows prevents", "requires needs-no", "increases decreases", "includes excludes", "including excluding",
        "adds removes", "confirm refute", "confirms refutes", "open closed", "public private", "always never",
    )
    for one, other in (pair.split(), reversed(pair.split()))
}  # fmt: skip


class StatementVerdict(StrEnum):
    """What was found about a statement."""

    REFUTED = "refuted"
    PROVED = "proved"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class JudgedStatement:
    """A statement about entries, with what was found about it.

    Attributes:
        statement: what the answer says.
        verdict: what was found.
        entry: the entry whose passage bears on it, by its place; None without a passage.
        passage: that passage.
        support: the share of its terms that its entries have: shown, and never judged.
        violations: what is wrong with it.
    """

    statement: Statement
    verdict: StatementVerdict
    entry: int | None = None
    passage: str = ""
    support: float = 0.0
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What bears on a statement: a fault and the passage that shows it, or a passage that carries it."""

    entry: int | None
    passage: str
    violation: Violation | None = None


class _Printed(NamedTuple):
    """A figure that is printed of an entry, with its sentence."""

    entry: int
    figure: Figure
    sentence: Sentence


class _Alike(NamedTuple):
    """A sentence of an entry, and how many terms a statement shares with it."""

    entry: int
    sentence: Sentence
    shared: int


_NOTHING_ALIKE: Final = _Alike(0, Sentence(""), 0)


class _Claim(NamedTuple):
    """A figure that a statement gives, and the statement as it is read for figures: without what it quotes."""

    statement: Statement
    text: str
    figure: Figure

    @property
    def phrase(self) -> tuple[str, str]:
        """What stands before the figure, and behind it, in its phrase."""
        return _phrase(self.text, self.figure)

    def count_shared(self, row: _Printed) -> int:
        """How many terms the statement shares with the sentence of a printed figure; numbers are none."""
        return sum(not shared.isdigit() for shared in row.sentence.terms & self.statement.terms)

    def is_placed_at(self, placed: PlacedFigure) -> bool:
        """Whether a figure of the statement is this one."""
        return placed.figure.start == self.figure.start


def judge_statements(analysis: AnswerAnalysis, spans: Iterable[CitedSpan] = ()) -> list[JudgedStatement]:
    """Return the statements of an answer that are about offered entries, each with what was found about it.

    Args:
        analysis: the answer.
        spans: spans that its provider cites documents for.
    """
    texts = [entry_text(source.name, evidence_of(source)) for source in analysis.offered.sources]
    statements = with_spans(analysis, read_statements(analysis), spans)
    prover = _Prover(analysis, texts, statements)
    judged = map(prover.judge, filter(prover.is_about_entries, statements))
    return list(filterfalse(partial(_is_flow, analysis), judged))


def _is_flow(analysis: AnswerAnalysis, judged: JudgedStatement) -> bool:
    """Whether a statement is a line of steps with arrows, in which nothing is quoted or wrong."""
    if judged.verdict is not StatementVerdict.OPEN or judged.violations:
        return False
    start, end = judged.statement.start, judged.statement.end
    lines = [flow for flow, _ in analysis.flows if flow.kind == "arrows"]
    return any(min(end, line.end) - max(start, line.start) > (end - start) / 2 for line in lines)


def evidence_of(source: OfferedEntry) -> str:
    """Return all that is known to be printed of an entry beside its name."""
    return ". ".join(filter(None, (source.text.rstrip(". "), *source.details, *source.aliases)))


@dataclass
class _Prover:
    analysis: AnswerAnalysis
    texts: list[EntryText]
    statements: list[Statement]

    @cached_property
    def _question(self) -> EntryText:
        return entry_text("", self.analysis.offered.question)

    def is_about_entries(self, statement: Statement) -> bool:
        """Whether a statement is about an entry, or quotes at such length that it may be."""
        if statement.entries:
            return True
        return any(self._stands_anywhere(quoted.text) for quoted in statement.quotations)

    def _stands_anywhere(self, text: str) -> bool:
        quotation = read_quotation(text)
        return len(quotation.tokens) >= MIN_QUOTED and any(map(quotation.stands_in, self.texts))

    def judge(self, statement: Statement) -> JudgedStatement:
        """Return what was found about a statement."""
        evidence = [*self._quotations(statement), *self._figures(statement), *self._opposite(statement)]
        if not any(map(_faulty, evidence)):
            evidence += self._words_of_another(statement)
        faulty = list(filter(_faulty, evidence))
        refuting = list(filter(_refutes, faulty))
        carrying = list(filterfalse(_faulty, evidence))
        if not refuting and not carrying:
            carrying += self._verbatim(statement)
        shown = next(iter((*refuting, *carrying, *faulty)), None) or self._nearest(statement)
        verdict = StatementVerdict.OPEN
        if refuting:
            verdict = StatementVerdict.REFUTED
        elif carrying:
            verdict = StatementVerdict.PROVED
        violations = tuple(filter(None, map(_VIOLATION, faulty)))
        return JudgedStatement(statement, verdict, shown.entry, shown.passage, self._support(statement), violations)

    # --- quotations ----------------------------------------------------------------------------------------------

    def _quotations(self, statement: Statement) -> Iterator[_Evidence]:
        if not statement.quotations:
            return
        order = self._likeliest_first(statement)
        texts = [self.texts[index] for index in order]
        for quoted in statement.quotations:
            quotation = read_quotation(quoted.text)
            if len(quotation.tokens) < MIN_QUOTED:
                continue
            fit, place = compare(quotation, texts)
            entry = None if place is None else order[place]
            if fit is QuotationFit.VERBATIM or not self._is_no_passage(quoted, entry):
                yield from self._judged_quotation(statement, quoted, fit, entry)

    def _is_no_passage(self, quoted: Quoted, entry: int | None) -> bool:
        """Whether a quotation is an example, a title (of an entry, or of something else), or the user's own words."""
        body = self.analysis.answer.body
        before = body[max(0, quoted.start - 60) : quoted.start].rstrip('"“«')
        text = quoted.text
        is_title = reads_like_title(text) and (entry is None or self._passage(entry, text) == self._title(entry))
        is_data = _BEFORE_DATA.search(before) or _BEHIND_DATA.match(body, quoted.end)
        if is_title or is_data or _EXAMPLE.search(before) or self.analysis.in_diagram(quoted.start):
            return True
        fit, _ = compare(read_quotation(text), [self._question])
        return fit is not QuotationFit.ABSENT

    def _is_presented(self, quoted: Quoted) -> bool:
        """Whether a quotation is presented as the words of a source, or the answer has quoted one elsewhere."""
        body = self.analysis.answer.body
        before = body[max(0, quoted.start - _BEFORE) : quoted.start]
        if not before.endswith(_QUOTATION_MARKS):  # a block, or what a provider cites
            return True
        if _USERS_WORDS.search(before):
            return False
        is_cited = _REPORTED.search(before) or _CITED_BEHIND.match(body, quoted.end)
        return bool(is_cited) or self._quotes_sources

    @cached_property
    def _quotes_sources(self) -> bool:
        """Whether the answer quotes an entry word for word."""
        quotations = chain.from_iterable(statement.quotations for statement in self.statements)
        return any(self._stands_anywhere(quoted.text) for quoted in quotations)

    def _passage(self, entry: int, text: str) -> str:
        return self.texts[entry].sentence_with(tokens(plain(text)))

    def _title(self, entry: int) -> str:
        return self.texts[entry].sentences[0].text

    def _likeliest_first(self, statement: Statement) -> list[int]:
        return list(dict.fromkeys((*statement.entries, *range(len(self.texts)))))

    def _judged_quotation(
        self, statement: Statement, quoted: Quoted, fit: QuotationFit, entry: int | None
    ) -> Iterator[_Evidence]:
        own = statement.entries
        if fit is QuotationFit.VERBATIM and (not own or entry in own):
            yield _Evidence(entry, self._passage(entry or 0, quoted.text))
        elif fit is QuotationFit.ABSENT:
            yield from self._absent_quotation(statement, quoted)
        elif fit in _QUOTATION_FAULTS and own:
            code, message = _QUOTATION_FAULTS[fit]
            message = message.format(entry=self._name(entry), own=self._name(own[0]))
            yield self._quotation_fault(code, quoted, message, entry)

    def _absent_quotation(self, statement: Statement, quoted: Quoted) -> Iterator[_Evidence]:
        """A quotation that nothing offered has is invented where a text is known of all that it may be of."""
        if not statement.entries or not self._has_text(statement):
            return
        if quoted.is_sure and self._is_presented(quoted):
            yield self._quotation_fault("A414", quoted, "no offered text contains this quotation", None)

    def _quotation_fault(self, code: str, quoted: Quoted, message: str, entry: int | None) -> _Evidence:
        passage = "" if entry is None else self._passage(entry, quoted.text)
        return self._fault(code, quoted.start, quoted.end, message, entry, passage)

    # --- figures -------------------------------------------------------------------------------------------------

    def _figures(self, statement: Statement) -> Iterator[_Evidence]:
        if not statement.entries or not may_have_figures(statement.text, statement.words):
            return
        text = plain(_without_quotations(statement))
        printed = list(self._printed(statement.entries))
        for figure in _claimed_figures(text):
            fault = self._fault_of_figure(_Claim(statement, text, figure), printed)
            if fault is not None:
                yield fault

    def _fault_of_figure(self, claim: _Claim, printed: Sequence[_Printed]) -> _Evidence | None:
        figure = claim.figure
        if any(_has_unit_by_another_name(figure, row.figure) for row in printed):
            return None
        equal = [row for row in printed if figure.equals(row.figure)]
        if equal:
            return self._compared_otherwise(claim, equal)
        if not _is_comparable(figure) or self._is_as_good_as_printed(claim, printed):
            return None
        return self._counterpart(claim, printed) or self._strange_figure(claim)

    def _is_as_good_as_printed(self, claim: _Claim, printed: Sequence[_Printed]) -> bool:
        """Whether a figure bounds a printed one, is of the question, or follows from printed ones."""
        figure = claim.figure
        if any(_is_of_kind(figure, row.figure) and figure.bounds(row.figure) for row in printed):
            return True
        if any(figure.equals(asked) for asked, _ in self._question.figures):
            return True
        # what is printed with another unit follows from other figures by chance
        if any(_has_other_unit(figure, row.figure) for row in printed):
            return False
        derived = chain.from_iterable(self.texts[index].derived for index in claim.statement.entries)
        return any(map(figure.covers, derived))

    def _printed(self, entries: Iterable[int]) -> Iterator[_Printed]:
        for index in entries:
            yield from starmap(partial(_Printed, index), self.texts[index].figures)

    def _compared_otherwise(self, claim: _Claim, equal: Sequence[_Printed]) -> _Evidence | None:
        """A figure that its entry has, but for the opposite, or for something else than it is given for."""
        figure, nearest = claim.figure, max(equal, key=claim.count_shared)
        if all(figure.contradicts(row.figure) for row in equal):
            is_opposite = claim.count_shared(nearest) >= _MIN_SHARED_EQUAL and not _is_turned(claim, nearest)
            return self._figure_fault("A423", claim, nearest) if is_opposite else None
        if _is_swapped(figure, nearest.figure, nearest.sentence):
            return self._figure_fault("A421", claim, nearest)
        return self._exchanged(claim) if len(equal) == 1 else None

    def _exchanged(self, claim: _Claim) -> _Evidence | None:
        """A figure that its entry prints for something else than the words beside it: `X 62 and Y 92` the wrong way."""
        claimed = next(filter(claim.is_placed_at, placed_figures(claim.text)), None)
        rows = [row for index in claim.statement.entries for row in self.texts[index].placed]
        printed = next((placed for placed, _ in rows if claim.figure.equals(placed.figure)), None)
        if claimed is None or printed is None:
            return None
        for rival, sentence in rows:
            is_rival = _may_be_exchanged(claim.figure, rival.figure)
            if is_rival and _is_of_rival(claim, claimed, printed, rival, sentence):
                row = _Printed(claim.statement.entries[0], rival.figure, sentence)
                return self._figure_fault("A421", claim, row)
        return None

    def _counterpart(self, claim: _Claim, printed: Sequence[_Printed]) -> _Evidence | None:
        """Another figure of an entry that stands where a statement about it has this one."""
        rows = [row for row in printed if _is_scaled_otherwise(claim, row)]
        rows = rows or [row for row in printed if _has_its_place(claim, row) and not self._is_unsure(claim, row)]
        if not rows:
            return None
        likeliest = max(rows, key=lambda row: claim.count_shared(row) + _is_of_kind(claim.figure, row.figure))
        code = "A421" if _is_of_kind(claim.figure, likeliest.figure) else "A422"
        return self._figure_fault(code, claim, likeliest)

    def _is_unsure(self, claim: _Claim, row: _Printed) -> bool:
        """Whether a figure may be of something else than the printed one that it is to stand for."""
        before, behind = claim.phrase
        printed = frozenset().union(*(self.texts[index].terms for index in claim.statement.entries))
        beside = frozenset(terms(f"{before} {behind}"))
        # a small count is of the same thing only where the rest of its phrase is
        expected = printed if claim.figure.is_telling else row.sentence.terms
        if len(beside & expected) < _BESIDE_SHARE * len(beside):
            return True
        if _says_only(_DERIVED, claim.text, row.sentence.text) or _says_only(_OTHERS, before, row.sentence.text):
            return True
        clause = _CLAUSE_START.split(claim.text[: claim.figure.start])[-1]
        names = map(terms, _PROPER.findall(f"{clause} {behind}"))
        return any(map(printed.isdisjoint, filter(None, names)))

    def _strange_figure(self, claim: _Claim) -> _Evidence | None:
        """A figure that its own entries do not have: another entry may have it, or none."""
        if not claim.figure.is_telling:
            return None
        statement, own = claim.statement, claim.statement.entries[0]
        least_shared = max(_MIN_SHARED, _OTHERS_SHARE * len(statement.terms))
        for row in self._printed(sorted(set(range(len(self.texts))).difference(statement.entries))):
            if claim.figure.equals(row.figure) and claim.count_shared(row) >= least_shared:
                message = f"this figure is from {self._name(row.entry)}, not from {self._name(own)}"
                return self._figure_fault("A424", claim, row, message)
        if not self._has_text(statement):
            return None
        start, end = self._place_of_figure(claim)
        return self._fault("A425", start, end, f"{self._name(own)} contains no such figure", own, "")

    def _figure_fault(self, code: str, claim: _Claim, row: _Printed, message: str = "") -> _Evidence:
        says = f"{self._name(row.entry)} says: {_around(row.sentence.text, row.figure)!r}"
        start, end = self._place_of_figure(claim)
        return self._fault(code, start, end, message or says, row.entry, row.sentence.text)

    def _place_of_figure(self, claim: _Claim) -> tuple[int, int]:
        """Where a figure stands in the answer; the whole statement where its text was changed for reading."""
        written, statement = claim.figure.text, claim.statement
        start = self.analysis.answer.body.find(written, statement.start, statement.end)
        return (start, start + len(written)) if start >= 0 else (statement.start, statement.end)

    # --- words ---------------------------------------------------------------------------------------------------

    def _opposite(self, statement: Statement) -> Iterator[_Evidence]:
        """A statement in the words of a sentence, turned round by a `not` or a word of the opposite meaning."""
        said = statement.all_terms
        # what is quoted is compared word by word
        if len(said) < _MIN_SAME or statement.quotations or statement.is_reversed:
            return
        for index, sentence, _ in self._alike(said, statement.entries, max(_MIN_SAME, _SAME_WORDS * len(said))):
            if _is_turned_round(statement, sentence, sentence.terms & said):
                message = f"{self._name(index)} says the opposite: {shorten(sentence.text, 160)!r}"
                yield self._fault("A426", statement.start, statement.end, message, index, sentence.text)
                return

    def _words_of_another(self, statement: Statement) -> Iterator[_Evidence]:
        """A statement that says of its entries what another entry prints."""
        own = statement.context or statement.entries
        if not own or not self._have_text(own) or self._is_of(statement, own):
            return
        others = sorted(set(range(len(self.texts))).difference(own))
        least_shared = max(1, _SAME_WORDS * len(statement.terms))
        index, sentence, shared = self._most_alike(statement, others, least_shared)
        if not shared:
            return
        # an entry that the sentence names may be what it compares with, unless it says all that in its own words
        is_loose = index in statement.entries or len(statement.terms) < _MIN_FOREIGN
        if is_loose and not self._repeats(statement, index):
            return
        message = f"these are the words of {self._name(index)}, not of {self._name(own[0])}"
        yield self._fault("A441", statement.start, statement.end, message, index, sentence.text)

    def _is_of(self, statement: Statement, own: Sequence[int]) -> bool:
        """Whether a statement may be in the words of its own entries: one sentence there has enough of its terms."""
        return any(self._alike(statement.terms, own, _OWN_SHARE * len(statement.terms) + 1e-9))

    def _repeats(self, statement: Statement, index: int) -> bool:
        """Whether a statement stands in an entry word for word."""
        return self.texts[index].find(tokens(plain(statement.text).rstrip("."))) is not None

    def _most_alike(self, statement: Statement, entries: Iterable[int], least_shared: float) -> _Alike:
        """The sentence of some entries that shares most terms with a statement, and at least so many."""
        likely = self._alike(statement.terms, entries, least_shared)
        return max(likely, key=attrgetter("shared"), default=_NOTHING_ALIKE)

    def _alike(self, said: frozenset[str], entries: Iterable[int], least_shared: float) -> Iterator[_Alike]:
        """The sentences of some entries that share so many terms with a statement."""
        for index in entries:
            # one look spares comparing with each sentence: most entries have too few of the terms in all
            if len(self.texts[index].terms & said) < least_shared:
                continue
            for sentence in self.texts[index].sentences:
                shared = len(sentence.terms & said)
                if shared >= least_shared:
                    yield _Alike(index, sentence, shared)

    def _verbatim(self, statement: Statement) -> Iterator[_Evidence]:
        """A statement whose own words stand in its entry in a row."""
        # most statements have words that their entries lack, and need no comparing word by word
        if self._support(statement) < _VERBATIM_SUPPORT:
            return
        words = tokens(plain(statement.text).rstrip("."))
        if len(words) < _MIN_VERBATIM:
            return
        for index in statement.entries:
            if self.texts[index].find(words) is not None:
                yield _Evidence(index, self.texts[index].sentence_with(words))
                return

    def _nearest(self, statement: Statement) -> _Evidence:
        """The sentence that shares most with a statement, to be shown beside it; none where that is little."""
        least_shared = max(1, _SHOWN_SHARE * len(statement.terms))
        index, sentence, shared = self._most_alike(statement, statement.entries, least_shared)
        return _Evidence(index, sentence.text) if shared else _Evidence(None, "")

    def _support(self, statement: Statement) -> float:
        supported = frozenset().union(*(statement.terms & self.texts[index].terms for index in statement.entries))
        return round(len(supported) / max(1, len(statement.terms)), 3)

    def _has_text(self, statement: Statement) -> bool:
        """Whether a text is known of all entries that a statement is about, so that what they do not say is known."""
        return self._have_text(statement.entries)

    def _have_text(self, entries: Iterable[int]) -> bool:
        return all(self.analysis.offered.sources[index].text for index in entries)

    def _name(self, index: int | None) -> str:
        return self.analysis.quoted_name(index or 0, 60)

    def _fault(self, code: str, start: int, end: int, message: str, entry: int | None, passage: str) -> _Evidence:
        hint = f"the passage is: {shorten(passage, 300)!r}" if passage else None
        return _Evidence(entry, passage, Violation(code, start, end, message, hint))


_VIOLATION: Final = attrgetter("violation")


def _faulty(evidence: _Evidence) -> bool:
    return evidence.violation is not None


def _refutes(evidence: _Evidence) -> bool:
    return evidence.violation is not None and RULES[evidence.violation.code].severity is Severity.ERROR


def _without_quotations(statement: Statement) -> str:
    text = statement.text
    for quoted in statement.quotations:
        text = text.replace(" ".join(quoted.text.split()), " ")
    return text


def _claimed_figures(text: str) -> Iterator[Figure]:
    """The figures of a statement: no parts of `3 of 5`, none of names, and none that its reader has, or may choose."""
    figures = figures_in(text)
    in_shares = set(
        chain.from_iterable(range(figure.start, figure.end) for figure in figures if figure.kind == "share")
    )
    for figure in figures:
        is_part = figure.kind != "share" and figure.start in in_shares
        if not is_part and not _is_label(text, figure) and not _is_supposed(text, figure):
            yield figure


def _is_label(text: str, figure: Figure) -> bool:
    """Whether a number belongs to a name, or counts something off: `SAM 2`, `step 3`."""
    is_small = figure.kind in ("count", "decimal") and figure.amount < _LARGEST_LABEL
    return is_small and _LABEL.search(text, max(0, figure.start - _BEFORE), figure.start) is not None


def _is_supposed(text: str, figure: Figure) -> bool:
    """Whether a figure is of an example, of its reader, or of what might be: `with your 24 photographs`."""
    before, behind = _phrase(text, figure)
    return _SUPPOSED.search(f"{before}{figure.text}{behind}") is not None or _INSTRUCTION.match(text) is not None


def _phrase(text: str, figure: Figure) -> tuple[str, str]:
    """What stands before a figure, and behind it, in its phrase."""
    before = _PHRASE_END.split(text[max(0, figure.start - _BEFORE) : figure.start])[-1]
    behind = _PHRASE_END.split(text[figure.end : figure.end + _BEFORE], maxsplit=1)[0]
    return before, behind


def _says_only(pattern: re.Pattern[str], said: str, printed: str) -> bool:
    """Whether a statement has words of a kind that a printed sentence has not."""
    return not set(pattern.findall(said)) <= set(pattern.findall(printed))


def _is_turned(claim: _Claim, row: _Printed) -> bool:
    """Whether a statement is about what its entry compares itself with: `the second-best detector is slower`."""
    printed = row.sentence.text
    than = _THAN.search(printed, row.figure.end)
    if claim.statement.is_reversed or than is None:
        return claim.statement.is_reversed
    compared = set(terms(than["compared"])) - set(terms(printed[: row.figure.start]))
    return not compared.isdisjoint(terms(claim.text[: claim.figure.start]))


def _is_comparable(figure: Figure) -> bool:
    """Whether another figure in its place would be another claim: a small number without a noun counts nothing."""
    if not figure.amount:  # the beginning of a range: `between 0 and 40 ms`
        return False
    return figure.kind != "count" or bool(figure.nouns) or figure.is_telling


def _has_its_place(claim: _Claim, row: _Printed) -> bool:
    """Whether a printed figure may be the one that a statement gives otherwise."""
    figure, printed = claim.figure, row.figure
    if claim.count_shared(row) < _MIN_SHARED or _is_pair(claim, row):
        return False
    # `52 seconds more` is no other value of `60 seconds`, nor `two networks` of `one network sees, the other writes`
    if printed.is_article or (figure.is_difference and not (printed.is_difference or printed.directions)):
        return False
    if not _is_of_kind(figure, printed) and not _has_other_unit(figure, printed):
        return False
    # a word beside it, not only one far off in its statement, is of the sentence
    beside = terms(claim.text[max(0, figure.start - _NEAR) : figure.end + _NEAR])
    return not row.sentence.terms.isdisjoint(beside)


def _is_scaled_otherwise(claim: _Claim, row: _Printed) -> bool:
    """Whether a printed number has another scale or unit of time: `157 billion` for `157 million`."""
    figure, printed = claim.figure, row.figure
    if figure.amount == printed.amount:
        return False
    if figure.kind == printed.kind == "count":
        # words have no digits: `a billion` for `a million`
        number, printed_number = (_number(text) or text.split()[0] for text in (figure.text, printed.text))
        return number == printed_number and not figure.nouns.isdisjoint(printed.nouns)
    number = _number(figure.text)
    if number in ("", "0", "1") or number != _number(printed.text):
        return False
    if {figure.unit, printed.unit} <= {"s", "fps"} and "" not in (figure.unit, printed.unit):
        return _FOR_SEVERAL.match(claim.text, figure.end) is None
    return figure.unit == printed.unit == "px"


def _is_pair(claim: _Claim, row: _Printed) -> bool:
    """Whether a printed factor may be told as two times: `20 seconds where AGAP takes one` for `20 times faster`."""
    return claim.figure.unit == "s" and row.figure.kind == "factor" and not claim.figure.directions


def _may_be_exchanged(figure: Figure, rival: Figure) -> bool:
    """Whether two different figures may stand in each other's place: a factor stands in that of factors only."""
    return (figure.kind == "factor") == (rival.kind == "factor") and not figure.equals(rival)


def _is_swapped(figure: Figure, equal: Figure, sentence: Sentence) -> bool:
    """Whether a sentence prints a figure for another scale, and another figure for the scale that it is given for."""
    if not figure.scales or not equal.scales or figure.scales & equal.scales:
        return False
    rivals = (other for other in sentence.figures if other.kind == figure.kind and other.scales & figure.scales)
    return any(not figure.equals(rival) for rival in rivals)


def _is_of_rival(
    claim: _Claim, claimed: PlacedFigure, printed: PlacedFigure, rival: PlacedFigure, sentence: Sentence
) -> bool:
    """Whether a figure stands with words that its entry prints beside another figure only, and that one with its words.

    Where the other figure is not in the statement, this has to be the other one's sentence but for the figure.
    """
    own, others = tell_apart(printed, rival)
    if not own or claimed.terms.isdisjoint(others) or not claimed.terms.isdisjoint(own):
        return False
    for partner in placed_figures(claim.text):
        if partner.figure.equals(rival.figure):
            return partner.terms.isdisjoint(others) and not partner.terms.isdisjoint(own)
    is_sentence = len(claimed.terms & sentence.terms) >= _SAME_WORDS * len(claimed.terms)
    return is_sentence and others <= claimed.terms and claim.statement.all_terms.isdisjoint(own)


def _is_of_kind(one: Figure, other: Figure) -> bool:
    """Whether two figures say how much of the same thing there is."""
    if one.kind != other.kind or one.unit != other.unit:
        return False
    if one.kind in ("percent", "factor"):  # faster by 40 % is no other value of 95 % found
        return bool(one.scales & other.scales) or one.scales == other.scales
    if one.kind in ("count", "share"):
        return bool(one.nouns & other.nouns) or one.nouns == other.nouns
    return one.kind != "size"


def _has_other_unit(one: Figure, other: Figure) -> bool:
    """Whether two figures are one number with different units."""
    # a number without a unit may have one by another name: `13.2 words per minute`
    if {one.kind, other.kind} & {"year", "rank", "count", "decimal"}:
        return False
    return _number(one.text) == _number(other.text) and bool(_number(one.text))


def _number(text: str) -> str:
    match = re.match(r"[\d.,]+", text)
    number = match[0].rstrip(".,") if match else ""
    return number.replace(",", ".") if DECIMAL_COMMA.fullmatch(number) else number


def _has_unit_by_another_name(one: Figure, other: Figure) -> bool:
    """Whether a number is printed with a unit that is not read where it is said: `13,2 Bilder pro Sekunde`.

    A side of `1024x576` may be given as `1024 pixels`.
    """
    kinds = {one.kind, other.kind}
    is_side = kinds == {"size", "measure"} and "px" in (one.unit, other.unit)
    is_bare = kinds == {"decimal", "measure"} or (kinds == {"count", "measure"} and "fps" in (one.unit, other.unit))
    return (is_side or is_bare) and _number(one.text) == _number(other.text) != ""


def _around(text: str, figure: Figure, width: int = 50) -> str:
    """A part of a sentence around a figure of it."""
    first, last = max(0, figure.start - width), min(len(text), figure.end + width)
    lead, tail = "…" * (first > 0), "…" * (last < len(text))
    return f"{lead}{text[first:last].strip()}{tail}"


def _is_turned_round(statement: Statement, sentence: Sentence, shared: frozenset[str]) -> bool:
    """Whether a statement in the words of a sentence has an opposite in the place of one of these, or a `not`."""
    passage = _window(sentence.text, shared)
    own, other = frozenset(statement.words), frozenset(passage)
    only_said, only_printed = own - other, other - own
    if any(_OPPOSITES.get(word) in only_said for word in only_printed):
        return True
    opposite = {(scale, -sign) for scale, sign in directions(only_said)}
    if opposite & directions(only_printed):
        return True
    passage_terms = frozenset(filter(None, map(term, passage)))
    said, printed = _negations(statement.words), _negations(passage)
    if said > printed:
        return _is_about(statement.words, shared)
    # one `not` less may be of a part of the passage that the statement leaves out
    return said < printed and len(shared) >= _CLOSED * len(passage_terms)


def _is_about(words: Sequence[str], shared: frozenset[str]) -> bool:
    """Whether a `not` stands right before a word that the passage has; else it is of what the answer adds."""
    places = [number for number, word in enumerate(words) if _negations([word])]
    behind = (next(filter(None, map(term, words[place + 1 :])), "") for place in places)
    return any(following in shared for following in behind)


def _negations(words: Iterable[str]) -> int:
    return sum(word in _NEGATIONS or word.endswith(("n't", "n’t")) for word in words)


def _window(text: str, shared: frozenset[str]) -> list[str]:
    """The words of a sentence from the first to the last that a statement shares with it, and some around them."""
    words = words_of(text)
    places = [number for number, word in enumerate(words) if term(word) in shared]
    return words[max(0, places[0] - _BESIDE) : places[-1] + 1 + _BESIDE] if places else []

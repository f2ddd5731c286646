"""Statements held against the passages of their entries: what refutes them, what carries them, what stays open.

What is exact decides: a quotation, a figure, a word of comparison. Likeness of words may refute a statement, as one
that says of an entry what another one prints; it never confirms one. A statement is *proved* when a passage that it
quotes, or its own words, stand in its entry word for word; *refuted* when an error stands in it; else it is *open*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Final

from msgspec import Struct

from explainer.checking.analysis import AnswerAnalysis, Violation
from explainer.checking.evidence.figures import (
    Figure,
    PlacedFigure,
    Relation,
    directions,
    figures_in,
    may_have_figures,
    placed_figures,
    relation_of,
    tell_apart,
    turned,
    turns_change_round,
    whole_figures_in,
)
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
from explainer.checking.evidence.provider_citations import CitedSpan, with_spans
from explainer.checking.evidence.statements import (
    COMPARING,
    Quoted,
    Statement,
    read_statements,
    words_of,
)
from explainer.checking.offered import OfferedEntry
from explainer.checking.titles import reads_like_title
from explainer.diagnostics.codes import RULES, Severity
from explainer.diagnostics.text import lazy_regex, shorten
from explainer.recommending.terms import term, terms

MIN_QUOTED: Final = 4
"""Words from which a quotation is one: shorter ones are names, or words that their author keeps at a distance."""

# terms that a statement and a sentence share, for their figures to be about one thing
_MIN_SHARED: Final = 2
# the same where the figure itself is printed, so that it surely is the one that is meant
_MIN_SHARED_EQUAL: Final = 1
_NEAR: Final = 40  # characters on either side of a figure
# the share of a statement's terms that a sentence of another entry has, for a figure to be taken from there
_OTHERS_SHARE: Final = 0.4
# of such a statement's terms its entries have all, but for compounds read otherwise
_VERBATIM_SUPPORT: Final = 0.8
_MIN_VERBATIM: Final = 8  # words of a statement that stands in its entry word for word
# the share of a statement's terms that one sentence has, for the statement to be in its words (chosen on statements
# made of 660 summaries: below it, sentences of one field begin to resemble each other)
_SAME_WORDS: Final = 0.75
_MIN_SAME: Final = 4  # terms of such a statement
# of the terms of a passage that a statement repeats, for a missing `not` to turn it round
_PASSAGE_SHARE: Final = 0.8
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
# characters on either side of a figure, or a quotation, in which its phrase is looked for
_PHRASE_REACH: Final = 160
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
_WORDS_OF_OTHERS: Final = lazy_regex(
    r"\b(?:than|unlike|compared|versus|vs|against|beside|besides|instead|rather|others?|rivals?|typical|usual|known)\b",
    re.IGNORECASE,
)
# where another part of a sentence begins, with a name of its own
_NEXT_PART: Final = lazy_regex(r"[,;]\s|\b(?:and|while|whereas|but)\b")
# a name: a word with a capital behind another word, or with several capitals
_PROPER: Final = lazy_regex(r"(?<=\w )[A-Z][\w-]+|\b[\w-]*[a-z\d-][A-Z][\w-]*|\b[A-Z]{2}[\w-]*")
_CLAUSE_START: Final = lazy_regex(r"[,;:(|]\s|\.\s")
# of the terms beside a figure that the sentence has whose figure it is compared with
_BESIDE_SHARE: Final = 0.6
_THAN: Final = lazy_regex(
    r"\b(?:than|compared (?:with|to)|over)\s(?P<compared>(?:[\w-]+\s?){1,6})", re.IGNORECASE
)
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
    QuotationFit.STITCHED: (
        "A412",
        "stitched quotation: these passages are not next to each other",
    ),
}
_NEGATIONS_TEXT: Final = """
    not no never without cannot neither nor nobody none hardly fails fail failed failing unable lacks lack lacking
"""
_NEGATIONS: Final = frozenset(_NEGATIONS_TEXT.split())
_CONTRACTED_NOT: Final = ("n't", "n’t")
_OPPOSITES_TEXT: Final = (
    "supervised unsupervised", "labeled unlabeled", "labelled unlabelled", "with without", "before after",
    "online offline", "indoor outdoor", "static dynamic", "minimize maximize", "minimizes maximizes",
    "minimizing maximizing", "encoder decoder", "positive negative", "simple complex", "rich sparse",
    "robust fragile", "efficient inefficient", "effective ineffective", "reliable unreliable",
    "accurate inaccurate", "sufficient insufficient", "possible impossible", "similar dissimilar", "easy hard",
    "cheap expensive", "global local", "strong weak", "excels fails", "succeeds fails", "enables prevents",
    "allows prevents", "requires needs-no", "increases decreases", "includes excludes", "including excluding",
    "adds removes", "confirm refute", "confirms refutes", "open closed", "public private", "always never",
)  # fmt: skip
_OPPOSITE_PAIRS: Final = [pair.split() for pair in _OPPOSITES_TEXT]
_OPPOSITES: Final = {
    first: second for pair in _OPPOSITE_PAIRS for first, second in (pair, pair[::-1])
}


class StatementVerdict(StrEnum):
    """What was found about a statement."""

    REFUTED = "refuted"
    PROVED = "proved"
    OPEN = "open"


class JudgedStatement(Struct, frozen=True):
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


class _Evidence(Struct, frozen=True):
    """What bears on a statement: a passage that carries it."""

    entry: int | None
    passage: str


class _Fault(_Evidence, frozen=True):
    """What is wrong with a statement, and the passage that shows it."""

    violation: Violation

    @property
    def refutes(self) -> bool:
        """Whether it is an error."""
        return RULES[self.violation.code].severity is Severity.ERROR


def _tokens_of(statement: Statement) -> list[str]:
    return tokens(plain(statement.text).rstrip("."))


class _Printed(Struct, frozen=True):
    """A figure that is printed of an entry, with its sentence, and how a stated figure stands to it."""

    entry: int
    figure: Figure
    sentence: Sentence
    relation: Relation


class _Side(Struct, frozen=True):
    """A name in a statement, and the entries that it may be of."""

    start: int
    entries: set[int]


def _sides(named: Iterable[tuple[int, int]]) -> list[_Side]:
    """The names in a statement, without what stands within them."""
    sides: list[_Side] = []
    for place, entry in named:
        if sides and (place == sides[-1].start or entry in sides[-1].entries):
            sides[-1].entries.add(entry)
        else:
            sides.append(_Side(place, {entry}))
    return sides


class _Alike(Struct, frozen=True):
    """A sentence of an entry, and how many terms a statement shares with it."""

    entry: int
    sentence: Sentence
    shared: int


_NOTHING_ALIKE: Final = _Alike(0, Sentence(""), 0)


def judge_statements(
    analysis: AnswerAnalysis, spans: Iterable[CitedSpan] = ()
) -> list[JudgedStatement]:
    """Return the statements of an answer that are about offered entries, each with what was found about it.

    Args:
        analysis: the answer.
        spans: spans that its provider cites documents for.
    """
    statements = with_spans(analysis, read_statements(analysis), spans)
    texts = [entry_text(source.name, evidence_of(source)) for source in analysis.offered.sources]
    judge = _StatementJudge(analysis, texts, statements)
    about_entries = filter(judge.is_about_entries, statements)
    return [judged for judged in map(judge.judge, about_entries) if not _is_flow(analysis, judged)]


def _is_flow(analysis: AnswerAnalysis, judged: JudgedStatement) -> bool:
    """Whether a statement is a line of steps with arrows, in which nothing is quoted or wrong."""
    if judged.verdict is not StatementVerdict.OPEN or judged.violations:
        return False
    start, end = judged.statement.start, judged.statement.end
    for flow, _ in analysis.flows:
        if flow.kind != "arrows":
            continue
        overlap = min(end, flow.end) - max(start, flow.start)
        if overlap > (end - start) / 2:
            return True
    return False


def evidence_of(source: OfferedEntry) -> str:
    """Return all that the prompt or the catalogs say of an entry beside its name."""
    parts = (source.text.rstrip(". "), *source.details, *source.aliases)
    return ". ".join(part for part in parts if part)


class _StatementJudge(Struct, dict=True):
    """Judges the statements of one answer, one at a time, by what is printed of the offered entries.

    A statement is checked in this order, and the first fault that refutes it is the one to be shown:
    what it quotes, its figures, and whether it says the opposite of a sentence of its entries. Where none of these
    finds a fault, it may be in the words of another entry. Last, its own words may stand in its entry word for word.
    """

    analysis: AnswerAnalysis
    texts: list[EntryText]
    statements: list[Statement]

    @cached_property
    def _question(self) -> EntryText:
        return entry_text("", self.analysis.offered.question)

    def is_about_entries(self, statement: Statement) -> bool:
        """Whether a statement is about an entry, or quotes at such length that it may be."""
        return bool(statement.entries) or self._quotes_an_entry(statement)

    def _quotes_an_entry(self, statement: Statement) -> bool:
        for quoted in statement.quotations:
            quotation = read_quotation(quoted.text)
            if len(quotation.tokens) < MIN_QUOTED:
                continue
            if any(map(quotation.stands_in, self.texts)):
                return True
        return False

    def judge(self, statement: Statement) -> JudgedStatement:
        """Return what was found about a statement."""
        support = self._support(statement)
        evidence = self._evidence_on(statement)
        faults = [item for item in evidence if isinstance(item, _Fault)]
        refuting = [fault for fault in faults if fault.refutes]
        carrying = [item for item in evidence if not isinstance(item, _Fault)]
        carrying += self._verbatim(statement, support)
        if refuting:
            verdict = StatementVerdict.REFUTED
        elif carrying:
            verdict = StatementVerdict.PROVED
        else:
            verdict = StatementVerdict.OPEN
        most_telling = [*refuting, *carrying, *faults]
        shown = most_telling[0] if most_telling else self._nearest(statement)
        violations = tuple(fault.violation for fault in faults)
        return JudgedStatement(statement, verdict, shown.entry, shown.passage, support, violations)

    def _evidence_on(self, statement: Statement) -> list[_Evidence]:
        """All that bears on a statement; whose words it has is asked where nothing else is wrong."""
        evidence: list[_Evidence] = [
            *self._quotations(statement),
            *self._figures(statement),
            *self._opposite(statement),
        ]
        if not any(isinstance(item, _Fault) for item in evidence):
            evidence += self._words_of_another(statement)
        return evidence

    # --- quotations ----------------------------------------------------------------------------------------------

    def _quotations(self, statement: Statement) -> Iterator[_Evidence]:
        if not statement.quotations:
            return
        likeliest_first = list(dict.fromkeys((*statement.entries, *range(len(self.texts)))))
        for quoted in statement.quotations:
            if len(read_quotation(quoted.text).tokens) >= MIN_QUOTED:
                yield from self._quotation(statement, quoted, likeliest_first)

    def _quotation(
        self, statement: Statement, quoted: Quoted, order: Sequence[int]
    ) -> Iterator[_Evidence]:
        quotation, texts = read_quotation(quoted.text), [self.texts[index] for index in order]
        # most of what stands in no entry is no passage, and need not be compared
        if not any(map(quotation.stands_in, texts)) and self._is_of_no_source(quoted):
            return
        fit, place = compare(quotation, texts)
        entry = None if place is None else order[place]
        if fit is not QuotationFit.VERBATIM and self._is_title(quoted.text, entry):
            return
        yield from self._judged_quotation(statement, quoted, fit, entry)

    def _is_of_no_source(self, quoted: Quoted) -> bool:
        """Whether a quotation is an example, what a step takes or gives, or the user's own words."""
        body = self.analysis.answer.body
        before = body[max(0, quoted.start - 60) : quoted.start].rstrip('"“«')
        if _EXAMPLE.search(before):
            return True
        if self.analysis.in_diagram(quoted.start):
            return True
        if _BEFORE_DATA.search(before) or _BEHIND_DATA.match(body, quoted.end):
            return True
        fit, _ = compare(read_quotation(quoted.text), [self._question])
        return fit is not QuotationFit.ABSENT

    def _is_title(self, text: str, entry: int | None) -> bool:
        """Whether a quotation reads like a title (of an entry, or of something else), and is not of a summary."""
        if not reads_like_title(text):
            return False
        if entry is None:
            return True
        return self._passage(entry, text) == self.texts[entry].sentences[0].text

    def _is_presented(self, quoted: Quoted) -> bool:
        """Whether a quotation is presented as the words of a source, or the answer has quoted one elsewhere."""
        body = self.analysis.answer.body
        before = body[max(0, quoted.start - _PHRASE_REACH) : quoted.start]
        if not before.endswith(_QUOTATION_MARKS):  # a block, or what a provider cites
            return True
        if _USERS_WORDS.search(before):
            return False
        if _REPORTED.search(before) or _CITED_BEHIND.match(body, quoted.end):
            return True
        return self._quotes_sources

    @cached_property
    def _quotes_sources(self) -> bool:
        """Whether the answer quotes an entry word for word."""
        return any(map(self._quotes_an_entry, self.statements))

    def _passage(self, entry: int, text: str) -> str:
        return self.texts[entry].sentence_with(tokens(plain(text)))

    def _judged_quotation(
        self, statement: Statement, quoted: Quoted, fit: QuotationFit, entry: int | None
    ) -> Iterator[_Evidence]:
        own = statement.entries
        if fit is QuotationFit.ABSENT:
            yield from self._absent_quotation(statement, quoted)
            return
        if fit is QuotationFit.VERBATIM and (not own or entry in own):
            yield _Evidence(entry, self._passage(entry or 0, quoted.text))
            return
        if fit not in _QUOTATION_FAULTS or not own:
            return
        code, message = _QUOTATION_FAULTS[fit]
        message = message.format(entry=self._name(entry), own=self._name(own[0]))
        yield self._quotation_fault(code, quoted, message, entry)

    def _absent_quotation(self, statement: Statement, quoted: Quoted) -> Iterator[_Evidence]:
        """A quotation that nothing offered has is invented where a text is known of all that it may be of."""
        if not statement.entries or not self._have_text(statement.entries):
            return
        if quoted.is_sure and self._is_presented(quoted):
            yield self._quotation_fault(
                "A414", quoted, "no offered text contains this quotation", None
            )

    def _quotation_fault(
        self, code: str, quoted: Quoted, message: str, entry: int | None
    ) -> _Evidence:
        passage = "" if entry is None else self._passage(entry, quoted.text)
        return self._fault(code, quoted.start, quoted.end, message, entry, passage)

    # --- figures -------------------------------------------------------------------------------------------------

    def _figures(self, statement: Statement) -> Iterator[_Evidence]:
        if not statement.entries or not may_have_figures(statement.text, statement.words):
            return
        text = plain(_without_quotations(statement))
        own_texts = [self.texts[index] for index in statement.entries]
        for figure in _claimed_figures(text):
            fault = self._fault_of_figure(_Claim(statement, text, figure, own_texts))
            if fault is not None:
                yield fault

    def _fault_of_figure(self, claim: _Claim) -> _Fault | None:
        rows = list(self._printed(claim, claim.statement.entries))
        relations = {row.relation for row in rows}
        if Relation.UNREAD_UNIT in relations:
            return None
        if Relation.SAME in relations:
            equal = [row for row in rows if row.relation is Relation.SAME]
            return self._fault_of_printed_figure(claim, equal)
        if self._is_as_good_as_printed(claim, relations):
            return None
        return self._counterpart(claim, rows) or self._strange_figure(claim)

    def _printed(self, claim: _Claim, entries: Iterable[int]) -> Iterator[_Printed]:
        """The figures that are printed of some entries, each with how the stated one stands to it."""
        for index in entries:
            for figure, sentence in self.texts[index].figures:
                yield _Printed(index, figure, sentence, relation_of(claim.figure, figure))

    def _is_as_good_as_printed(self, claim: _Claim, relations: set[Relation]) -> bool:
        """Whether a figure counts nothing, bounds a printed one, is of the question, or follows from printed ones."""
        if Relation.BOUND in relations or not _is_comparable(claim.figure):
            return True
        if any(claim.figure.equals(figure) for figure, _ in self._question.figures):
            return True
        # what is printed with another unit follows from other figures by chance
        if not relations.isdisjoint(_OTHER_UNITS):
            return False
        return any(map(claim.figure.covers, claim.derived))

    def _fault_of_printed_figure(self, claim: _Claim, equal: Sequence[_Printed]) -> _Fault | None:
        """A figure that its entry has, but for the opposite, or for something else than it is given for."""
        nearest = max(equal, key=claim.count_shared)
        if all(claim.figure.contradicts(row.figure) for row in equal):
            return self._opposite_direction(claim, nearest)
        if _swaps_ends_of_change(claim, nearest):
            return self._figure_fault("A421", claim, nearest)
        return self._exchanged(claim, equal) or self._told_of_other(claim, equal)

    def _opposite_direction(self, claim: _Claim, row: _Printed) -> _Fault | None:
        """A figure that is printed for the opposite, unless it is of something else, or said from the other side."""
        if claim.count_shared(row) < _MIN_SHARED_EQUAL:
            return None
        if _is_told_from_other_side(claim, row):
            return None
        return self._figure_fault("A423", claim, row)

    def _exchanged(self, claim: _Claim, equal: Sequence[_Printed]) -> _Fault | None:
        """A figure that its entry prints for something else than the words beside it: `X 62 and Y 92` the wrong way."""
        if len(equal) > 1:  # it is printed of several things
            return None
        stated = claim.placed
        if stated is None:
            return None
        rows = list(chain.from_iterable(text.placed for text in claim.own_texts))
        printed = [row for row, _ in rows if claim.figure.equals(row.figure)]
        if not printed:
            return None
        for rival, sentence in rows:
            if _is_exchanged(claim, stated, printed[0], rival, sentence):
                row = _Printed(
                    claim.statement.entries[0], rival.figure, sentence, Relation.OTHER_VALUE
                )
                return self._figure_fault("A421", claim, row)
        return None

    def _told_of_other(self, claim: _Claim, equal: Sequence[_Printed]) -> _Fault | None:
        """A figure behind the name of one entry that is printed of another one, which is given that of the first."""
        statement = claim.statement
        sides = _sides(statement.named)
        if len(sides) != 2 or not COMPARING.isdisjoint(statement.words):  # noqa: PLR2004
            return None
        figures = [figure for figure in whole_figures_in(claim.text) if figure.is_telling]
        if not self._stand_in_turn(statement, sides, figures):
            return None
        if any(map(self._is_printed_of, figures, sides)):
            return None
        # each figure has to be printed of the other name
        if not all(map(self._is_printed_of, figures, reversed(sides))):
            return None
        is_first = figures[0].start == claim.figure.start
        own = sides[0] if is_first else sides[1]
        row = next(row for row in equal if row.entry not in own.entries)
        message = (
            f"this figure is from {self._name(row.entry)}, not from {self._name(min(own.entries))}"
        )
        return self._figure_fault("A424", claim, row, message)

    def _stand_in_turn(
        self, statement: Statement, sides: Sequence[_Side], figures: Sequence[Figure]
    ) -> bool:
        """Whether each of two names has its figure behind it, and another part begins with the second name."""
        if len(figures) != len(sides):
            return False
        body = self.analysis.answer.body
        first, second = (
            body.find(figure.text, statement.start, statement.end) for figure in figures
        )
        if not sides[0].start < first < sides[1].start < second:
            return False
        return _NEXT_PART.search(body, first + len(figures[0].text), sides[1].start) is not None

    def _is_printed_of(self, figure: Figure, side: _Side) -> bool:
        printed = chain.from_iterable(self.texts[index].figures for index in side.entries)
        return any(figure.equals(other) for other, _ in printed)

    def _counterpart(self, claim: _Claim, rows: Sequence[_Printed]) -> _Fault | None:
        """Another figure of an entry that stands where a statement about it has this one."""
        counterparts = [row for row in rows if row.relation is Relation.RESCALED]
        if not counterparts:
            counterparts = [row for row in rows if _has_its_place(claim, row)]
        if not counterparts:
            return None
        likeliest = max(counterparts, key=claim.likeness)
        code = "A421" if claim.figure.is_of_kind(likeliest.figure) else "A422"
        return self._figure_fault(code, claim, likeliest)

    def _strange_figure(self, claim: _Claim) -> _Fault | None:
        """A figure that its own entries do not have: another entry may have it, or none."""
        if not claim.figure.is_telling:
            return None
        statement, own = claim.statement, claim.statement.entries[0]
        least_shared = max(_MIN_SHARED, _OTHERS_SHARE * len(statement.terms))
        for row in self._printed(claim, self._others(statement.entries)):
            if row.relation is not Relation.SAME or claim.count_shared(row) < least_shared:
                continue
            message = f"this figure is from {self._name(row.entry)}, not from {self._name(own)}"
            return self._figure_fault("A424", claim, row, message)
        if not self._have_text(statement.entries):
            return None
        start, end = self._place_of_figure(claim)
        return self._fault(
            "A425", start, end, f"{self._name(own)} contains no such figure", own, ""
        )

    def _figure_fault(self, code: str, claim: _Claim, row: _Printed, message: str = "") -> _Fault:
        says = f"{self._name(row.entry)} says: {_around(row.sentence.text, row.figure)!r}"
        start, end = self._place_of_figure(claim)
        return self._fault(code, start, end, message or says, row.entry, row.sentence.text)

    def _place_of_figure(self, claim: _Claim) -> tuple[int, int]:
        """Where a figure stands in the answer; the whole statement where its text was changed for reading."""
        written, statement = claim.figure.text, claim.statement
        start = self.analysis.answer.body.find(written, statement.start, statement.end)
        if start < 0:
            return statement.start, statement.end
        return start, start + len(written)

    # --- words ---------------------------------------------------------------------------------------------------

    def _opposite(self, statement: Statement) -> Iterator[_Evidence]:
        """A statement in the words of a sentence, turned round by a `not` or a word of the opposite meaning."""
        said = statement.all_terms
        # what is quoted is compared word by word
        if statement.quotations or statement.is_reversed:
            return
        least_shared = max(_MIN_SAME, _SAME_WORDS * len(said))
        for alike in self._alike(said, statement.entries, least_shared):
            index, sentence = alike.entry, alike.sentence
            if not _says_the_opposite(statement, sentence, sentence.terms & said):
                continue
            message = f"{self._name(index)} says the opposite: {shorten(sentence.text, 160)!r}"
            yield self._fault("A426", statement.start, statement.end, message, index, sentence.text)
            return

    def _words_of_another(self, statement: Statement) -> Iterator[_Evidence]:
        """A statement that says of its entries what another entry prints."""
        own = statement.context or statement.entries
        if not own or not self._have_text(own):
            return
        if self._is_of(statement, own):
            return
        other = self._most_alike(statement, self._others(own), _SAME_WORDS)
        if not other.shared or self._may_be_compared_with(statement, other.entry):
            return
        message = f"these are the words of {self._name(other.entry)}, not of {self._name(own[0])}"
        place = statement.start, statement.end
        yield self._fault("A441", *place, message, other.entry, other.sentence.text)

    def _may_be_compared_with(self, statement: Statement, index: int) -> bool:
        """Whether a statement may only compare with an entry: it names it, or is short, and has other words than it."""
        if index not in statement.entries and len(statement.terms) >= _MIN_FOREIGN:
            return False
        return self.texts[index].find(_tokens_of(statement)) is None

    def _others(self, entries: Iterable[int]) -> list[int]:
        """The offered entries but some."""
        return sorted(set(range(len(self.texts))).difference(entries))

    def _is_of(self, statement: Statement, own: Sequence[int]) -> bool:
        """Whether a statement may be in the words of its own entries: one sentence there has enough of its terms."""
        return any(self._alike(statement.terms, own, _OWN_SHARE * len(statement.terms) + 1e-9))

    def _most_alike(
        self, statement: Statement, entries: Iterable[int], least_share: float
    ) -> _Alike:
        """The sentence of some entries that has most of a statement's terms, and at least a share of them."""
        likely = self._alike(statement.terms, entries, max(1, least_share * len(statement.terms)))
        return max(likely, key=attrgetter("shared"), default=_NOTHING_ALIKE)

    def _alike(
        self, said: frozenset[str], entries: Iterable[int], least_shared: float
    ) -> Iterator[_Alike]:
        """The sentences of some entries that share so many terms with a statement."""
        for index in entries:
            # one look spares comparing with each sentence: most entries have too few of the terms in all
            if len(self.texts[index].terms & said) < least_shared:
                continue
            for sentence in self.texts[index].sentences:
                shared = len(sentence.terms & said)
                if shared >= least_shared:
                    yield _Alike(index, sentence, shared)

    def _verbatim(self, statement: Statement, support: float) -> Iterator[_Evidence]:
        """A statement whose own words stand in its entry in a row."""
        # most statements have words that their entries lack, and need no comparing word by word
        if support < _VERBATIM_SUPPORT:
            return
        words = _tokens_of(statement)
        if len(words) < _MIN_VERBATIM:
            return
        for index in statement.entries:
            if self.texts[index].find(words) is not None:
                yield _Evidence(index, self.texts[index].sentence_with(words))
                return

    def _nearest(self, statement: Statement) -> _Evidence:
        """The sentence that shares most with a statement, to be shown beside it; none where that is little."""
        nearest = self._most_alike(statement, statement.entries, _SHOWN_SHARE)
        if not nearest.shared:
            return _Evidence(None, "")
        return _Evidence(nearest.entry, nearest.sentence.text)

    def _support(self, statement: Statement) -> float:
        printed = frozenset[str]().union(*(self.texts[index].terms for index in statement.entries))
        return round(len(statement.terms & printed) / max(1, len(statement.terms)), 3)

    def _have_text(self, entries: Iterable[int]) -> bool:
        """Whether a text is known of all of some entries, so that what they do not say is known."""
        return all(self.analysis.offered.sources[index].text for index in entries)

    def _name(self, index: int | None) -> str:
        return self.analysis.quoted_name(index or 0, 60)

    def _fault(
        self, code: str, start: int, end: int, message: str, entry: int | None, passage: str
    ) -> _Fault:
        hint = f"the passage is: {shorten(passage, 300)!r}" if passage else None
        return _Fault(entry, passage, Violation(code, start, end, message, hint))


# --- a figure that is stated ---------------------------------------------------------------------------------------


class _Claim(Struct, dict=True):
    """A figure that a statement gives, with the statement as it is read for figures: without what it quotes."""

    statement: Statement
    text: str
    figure: Figure
    own_texts: list[EntryText]

    @cached_property
    def phrase(self) -> tuple[str, str]:
        """What stands before the figure, and behind it, in its phrase."""
        return _phrase(self.text, self.figure)

    @property
    def placed(self) -> PlacedFigure | None:
        """The figure with the words beside it; None where it cannot be known by these."""
        for row in placed_figures(self.text):
            if row.figure.start == self.figure.start:
                return row
        return None

    @cached_property
    def printed_terms(self) -> frozenset[str]:
        """All terms that are printed of its entries."""
        return frozenset[str]().union(*(text.terms for text in self.own_texts))

    @property
    def derived(self) -> Iterator[Figure]:
        """What follows from the figures of its entries."""
        return chain.from_iterable(text.derived for text in self.own_texts)

    def count_shared(self, row: _Printed) -> int:
        """How many terms the statement shares with the sentence of a printed figure; numbers are none."""
        return sum(not shared.isdigit() for shared in row.sentence.terms & self.statement.terms)

    def likeness(self, row: _Printed) -> int:
        """How likely it stands for a printed figure."""
        return self.count_shared(row) + self.figure.is_of_kind(row.figure)


def _without_quotations(statement: Statement) -> str:
    text = statement.text
    for quoted in statement.quotations:
        text = text.replace(" ".join(quoted.text.split()), " ")
    return text


def _claimed_figures(text: str) -> list[Figure]:
    """The figures of a statement: no parts of `3 of 5`, none of names, and none that its reader has, or may choose."""
    if _INSTRUCTION.match(text):
        return []
    return [
        figure
        for figure in whole_figures_in(text)
        if not _is_label(text, figure) and not _is_supposed(text, figure)
    ]


def _is_label(text: str, figure: Figure) -> bool:
    """Whether a number belongs to a name, or counts something off: `SAM 2`, `step 3`."""
    if figure.kind not in ("count", "decimal") or figure.amount >= _LARGEST_LABEL:
        return False
    return _LABEL.search(text, max(0, figure.start - _PHRASE_REACH), figure.start) is not None


def _is_supposed(text: str, figure: Figure) -> bool:
    """Whether a figure is of an example, of its reader, or of what might be: `with your 24 photographs`."""
    before, behind = _phrase(text, figure)
    return _SUPPOSED.search(f"{before}{figure.text}{behind}") is not None


def _phrase(text: str, figure: Figure) -> tuple[str, str]:
    """What stands before a figure, and behind it, in its phrase."""
    before = _PHRASE_END.split(text[max(0, figure.start - _PHRASE_REACH) : figure.start])[-1]
    behind = _PHRASE_END.split(text[figure.end : figure.end + _PHRASE_REACH], maxsplit=1)[0]
    return before, behind


def _is_comparable(figure: Figure) -> bool:
    """Whether another figure in its place would be another claim: a small number without a noun counts nothing."""
    if not figure.amount:  # the beginning of a range: `between 0 and 40 ms`
        return False
    if figure.is_telling or figure.kind != "count":
        return True
    return bool(figure.nouns)


def _is_told_from_other_side(claim: _Claim, row: _Printed) -> bool:
    """Whether a statement is about what its entry compares itself with: `the second-best detector is slower`."""
    if claim.statement.is_reversed:
        return True
    printed = row.sentence.text
    than = _THAN.search(printed, row.figure.end)
    if than is None:
        return False
    compared = set(terms(than["compared"])) - set(terms(printed[: row.figure.start]))
    return not compared.isdisjoint(terms(claim.text[: claim.figure.start]))


def _swaps_ends_of_change(claim: _Claim, row: _Printed) -> bool:
    """Whether a figure is one end of a change that is printed the other way round."""
    if not claim.figure.change:
        return False
    return turns_change_round(figures_in(claim.text), row.sentence.figures)


def _is_exchanged(
    claim: _Claim,
    claimed: PlacedFigure,
    printed: PlacedFigure,
    rival: PlacedFigure,
    sentence: Sentence,
) -> bool:
    """Whether a figure stands with words that its entry prints beside another figure only, and that one with its words.

    Where the other figure is not in the statement, this has to be the other one's sentence but for the figure.
    """
    if not claim.figure.may_be_exchanged_with(rival.figure):
        return False
    own, others = tell_apart(printed, rival)
    if not own:
        return False
    for partner in placed_figures(claim.text):
        if partner.figure.equals(rival.figure):
            return _are_exchanged(claimed, partner, own, others)
    if not claim.figure.is_telling or not _stands_with(claimed.terms, others, own):
        return False
    if len(claimed.terms & sentence.terms) < _SAME_WORDS * len(claimed.terms):
        return False
    return others <= claimed.terms and claim.statement.all_terms.isdisjoint(own)


def _are_exchanged(
    claimed: PlacedFigure, partner: PlacedFigure, own: frozenset[str], others: frozenset[str]
) -> bool:
    """Whether each of two figures has the words of the other one: `four artificial collections and one real one`."""
    both = claimed.terms & partner.terms
    if not _stands_with(claimed.terms - both, others, own):
        return False
    return _stands_with(partner.terms - both, own, others)


def _stands_with(
    beside: frozenset[str], some_terms: frozenset[str], no_terms: frozenset[str]
) -> bool:
    """Whether a figure has some terms beside it, and none of others."""
    if beside.isdisjoint(some_terms):
        return False
    return beside.isdisjoint(no_terms)


def _has_its_place(claim: _Claim, row: _Printed) -> bool:
    """Whether a printed figure is the one that a statement gives otherwise: nothing speaks against it."""
    if row.relation not in _OTHERWISE:
        return False
    return not any(speaks_against(claim, row) for speaks_against in _OBJECTIONS)


def _shares_little(claim: _Claim, row: _Printed) -> bool:
    return claim.count_shared(row) < _MIN_SHARED


def _is_told_as_pair(claim: _Claim, row: _Printed) -> bool:
    """Whether a printed factor may be told as two times: `20 seconds where AGAP takes one` for `20 times faster`."""
    if row.figure.kind != "factor":
        return False
    return claim.figure.unit == "s" and not claim.figure.directions


def _counts_nothing(_: _Claim, row: _Printed) -> bool:
    """Whether the printed figure is no number: `two networks` are no other value of `one network sees`."""
    return row.figure.is_article


def _is_how_much_more(claim: _Claim, row: _Printed) -> bool:
    """Whether only the statement says by how much two things differ: `52 seconds more` is no other `60 seconds`."""
    if not claim.figure.is_difference:
        return False
    return not row.figure.is_difference and not row.figure.directions


def _has_no_word_beside(claim: _Claim, row: _Printed) -> bool:
    """Whether no word beside the figure, but only ones far off, are of the sentence."""
    first, last = max(0, claim.figure.start - _NEAR), claim.figure.end + _NEAR
    return row.sentence.terms.isdisjoint(terms(claim.text[first:last]))


def _is_of_something_else(claim: _Claim, row: _Printed) -> bool:
    """Whether most words of the phrase are not printed."""
    beside = claim.statement.terms.intersection(terms(" ".join(claim.phrase)))
    # a small count is of the same thing only where the rest of its phrase is
    printed = claim.printed_terms if claim.figure.is_telling else row.sentence.terms
    return len(beside & printed) < _BESIDE_SHARE * len(beside)


def _is_reckoned(claim: _Claim, row: _Printed) -> bool:
    """Whether only the statement has words by which a figure is reckoned from others."""
    return not set(_DERIVED.findall(claim.text)) <= set(_DERIVED.findall(row.sentence.text))


def _is_of_rival(claim: _Claim, row: _Printed) -> bool:
    """Whether only the statement has words before the figure by which it is of what is compared with."""
    return not set(_WORDS_OF_OTHERS.findall(claim.phrase[0])) <= set(
        _WORDS_OF_OTHERS.findall(row.sentence.text)
    )


def _has_strange_name(claim: _Claim, _: _Printed) -> bool:
    """Whether a name stands beside the figure of which nothing is printed."""
    clause = _CLAUSE_START.split(claim.text[: claim.figure.start])[-1]
    names = [set(terms(name)) for name in _PROPER.findall(f"{clause} {claim.phrase[1]}")]
    return any(name and name.isdisjoint(claim.printed_terms) for name in names)


# what speaks against comparing a stated figure with a printed one, the cheapest first
_OBJECTIONS: Final[tuple[Callable[[_Claim, _Printed], bool], ...]] = (
    *(_shares_little, _is_told_as_pair, _counts_nothing, _is_how_much_more, _has_no_word_beside),
    *(_is_of_something_else, _is_reckoned, _is_of_rival, _has_strange_name),
)
_OTHER_UNITS: Final = frozenset({Relation.RESCALED, Relation.OTHER_UNIT})
_OTHERWISE: Final = frozenset({Relation.OTHER_UNIT, Relation.OTHER_VALUE})


def _around(text: str, figure: Figure, width: int = 50) -> str:
    """A part of a sentence around a figure of it."""
    first, last = max(0, figure.start - width), min(len(text), figure.end + width)
    lead, tail = "…" * (first > 0), "…" * (last < len(text))
    return f"{lead}{text[first:last].strip()}{tail}"


# --- words of the opposite meaning ---------------------------------------------------------------------------------


def _says_the_opposite(statement: Statement, sentence: Sentence, shared: frozenset[str]) -> bool:
    """Whether a statement in the words of a sentence has an opposite in the place of one of these, or a `not`."""
    passage = _window(sentence.text, shared)
    only_said = set(statement.words).difference(passage)
    only_printed = set(passage).difference(statement.words)
    if not only_said.isdisjoint(map(_OPPOSITES.get, only_printed)):
        return True
    if not turned(directions(only_said)).isdisjoint(directions(only_printed)):
        return True
    said, printed = _negations(statement.words), _negations(passage)
    if said > printed:
        return _is_about(statement.words, shared)
    if said == printed:
        return False
    # one `not` less may be of a part of the passage that the statement leaves out
    passage_terms = {term(word) for word in passage} - {""}
    return len(shared) >= _PASSAGE_SHARE * len(passage_terms)


def _is_about(words: Sequence[str], shared: frozenset[str]) -> bool:
    """Whether a `not` stands right before a word that the passage has; else it is of what the answer adds."""
    following = ""  # the term of the next word that has one
    for word in reversed(words):
        if following in shared and _is_negation(word):
            return True
        following = term(word) or following
    return False


def _negations(words: Iterable[str]) -> int:
    return sum(_is_negation(word) for word in words)


def _is_negation(word: str) -> bool:
    return word in _NEGATIONS or word.endswith(_CONTRACTED_NOT)


def _window(text: str, shared: frozenset[str]) -> list[str]:
    """The words of a sentence from the first to the last that a statement shares with it, and some around them."""
    words = words_of(text)
    places = [number for number, word in enumerate(words) if term(word) in shared]
    if not places:
        return []
    first, last = max(0, places[0] - _BESIDE), places[-1] + _BESIDE
    return words[first : last + 1]

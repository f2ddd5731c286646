"""One answer under review: everything that the rules look at, read and judged once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property, partial
from itertools import chain, filterfalse
from operator import itemgetter
from typing import Final

from msgspec import Struct

from explainer.checking.answer import Answer, Cited, parse_answer
from explainer.checking.match import (
    CERTAIN,
    MIN_TITLE_WORDS,
    Match,
    Verdict,
    judge_item,
    judge_links,
    judge_name,
)
from explainer.checking.offered import Offered
from explainer.checking.reference_lines import names_source
from explainer.checking.references import Reference, read_references
from explainer.checking.sections import Sections, find_sections
from explainer.checking.titles import canonical, content_words, words, words_in
from explainer.checking.workflow.naming import StepFit, StepMatch, StepNames
from explainer.checking.workflow.reading import Flow, read_flows
from explainer.diagnostics.text import lazy_regex, shorten

_NAME_BEGINS: Final = lazy_regex(r"(?<!\w)")
_NAME_ENDS: Final = lazy_regex(r"(?!\w|-\w)")


class Fix(Struct, frozen=True):
    """A safe change of the answer: the characters from `start` to `end` become `text`."""

    start: int
    end: int
    text: str


class Violation(Struct, frozen=True):
    """What a rule finds wrong, by positions in the answer.

    Rules know no files and no lines: `check_answer` sorts the violations and makes a `Finding` of each.

    Attributes:
        code: a key of `explainer.diagnostics.codes.RULES`.
        start: where the text begins that it is about; `end`: where it ends.
        message: one sentence without a full stop.
        hint: what to do about it.
        fix: a change that is safe to make without asking.
    """

    code: str
    start: int
    end: int
    message: str
    hint: str | None = None
    fix: Fix | None = None


class AnswerAnalysis(Struct, dict=True):
    """An answer, what was offered to it, and what it says.

    Attributes:
        answer: the answer, read.
        offered: what it may cite.
        sections: its three sections.
        references: what it presents as sources by name.
        links: its links, each with what it is.
        whole_names: where the names of offered entries stand in it, whole.
    """

    answer: Answer
    offered: Offered
    sections: Sections
    references: list[Reference]
    links: list[tuple[Cited, Verdict]]
    whole_names: list[tuple[int, int]]

    def link_verdict(self, cited: Cited) -> Verdict:
        """What a link of the answer is."""
        return self._link_verdicts[cited.spotted.start]

    @cached_property
    def _link_verdicts(self) -> dict[int, Verdict]:
        return {cited.spotted.start: verdict for cited, verdict in self.links}

    def owners(self, cited: Cited) -> frozenset[int]:
        """The sources that a link is rightly of."""
        return frozenset(self.link_verdict(cited).good_sources)

    @cached_property
    def verdicts(self) -> list[tuple[Reference, Verdict]]:
        """What each reference names, in the light of its links."""
        return [(reference, self._judge(reference)) for reference in self.references]

    @cached_property
    def numbered_sources(self) -> dict[int, set[int]]:
        """The offered entries that the numbered items of the references certainly name."""
        listed: dict[int, set[int]] = {}
        for reference, verdict in self.verdicts:
            if not reference.listed or reference.number is None:
                continue
            if verdict.match in CERTAIN:
                listed.setdefault(reference.number, set()).update(verdict.sources)
        return listed

    def _judge(self, reference: Reference) -> Verdict:
        # a name beside its own link may be shorter than elsewhere
        right = tuple(
            dict.fromkeys(chain.from_iterable(map(sorted, map(self.owners, reference.cited))))
        )
        if reference.continued:
            joined = judge_name(reference.continued, self.offered, strict=True, right=right)
            if joined.match is Match.OFFERED:
                return joined
        if reference.in_remark:
            return self._judge_remark(reference)
        if reference.is_item:
            return judge_item(reference.text, reference.parts, self.offered, right)
        verdict = judge_name(reference.text, self.offered, strict=reference.strict, right=right)
        # such as `Why it matters:`
        is_label = reference.in_passing and len(content_words(reference.text)) < MIN_TITLE_WORDS
        if is_label and verdict.match is Match.FOREIGN:
            return Verdict(Match.NO_CITATION)
        return verdict

    def _judge_remark(self, reference: Reference) -> Verdict:
        """What stands beside a name: a catalogued one in any letters, unless prose is searched for it as written."""
        for meant in filter(
            None, map(self.offered.lookup.by_name, map(canonical, reference.parts))
        ):
            if meant not in reference.text or not self.is_run(meant):
                return Verdict(Match.CATALOGUED, (), meant)
        return Verdict(Match.NO_CITATION)

    @cached_property
    def set_apart(self) -> list[tuple[int, int]]:
        """Where code and the texts of links stand."""
        phrases = self.answer.phrases_of("code", "label")
        labels = [cited.label for cited in self.answer.citations if cited.label]
        return [(phrase.start, phrase.end) for phrase in (*phrases, *labels)]

    def in_references(self, position: int) -> bool:
        """Whether a place is in the section of the references."""
        return self.answer.line_of(position) in self.sections.lines("references")

    @cached_property
    def words(self) -> list[re.Match[str]]:
        """The words of the text, each with its place."""
        return list(words_in(self.answer.body))

    @cached_property
    def _written(self) -> list[str]:
        return [word[0] for word in self.words]

    @cached_property
    def mentions(self) -> list[tuple[int, int]]:
        """Where the text calls an offered source by a name: (position, source)."""
        calls = self.offered.called_by(self._written)
        return [(self.words[number].start(), index) for number, index, _ in calls]

    @cached_property
    def flows(self) -> list[tuple[Flow, list[StepMatch]]]:
        """The workflows that the text describes, and what each of their steps is."""
        names = StepNames(self.offered)
        flows = read_flows(self.answer, self.sections.found.get("workflow"))
        return [
            (flow, list(filterfalse(_is_edge_label, map(names.judge, flow.steps))))
            for flow in flows
        ]

    def in_diagram(self, position: int) -> bool:
        """Whether a place is in a flowchart, whose quotes are no quotations."""
        flows = map(itemgetter(0), self.flows)
        return is_within(
            position, ((flow.start, flow.end) for flow in flows if flow.kind == "mermaid")
        )

    @property
    def runs(self) -> Mapping[str, list[tuple[tuple[str, ...], str]]]:
        """The catalogued names that prose is searched for word by word: (words, name), by their first word."""
        return self.offered.lookup.runs

    def is_run(self, name: str) -> bool:
        """Whether a name is one that prose is searched for word by word, so that nobody needs to say it twice."""
        parts = tuple(words(name))
        return parts in map(itemgetter(0), self.runs.get("".join(parts[:1]), ()))

    def catalogued_runs(self) -> Iterator[tuple[str, int, int]]:
        """Yield where the text holds catalogued names that the prompt does not: (name, start, end)."""
        runs, written = self.runs, self._written
        beginnings = [position for position, word in enumerate(written) if word in runs]
        for position in beginnings:
            for parts, name in runs[written[position]]:
                last = position + len(parts) - 1
                if tuple(written[position : last + 1]) != parts:
                    continue
                # what the prompt itself says of a catalogued entry invents no source
                if canonical(name) not in self.offered.text:
                    yield name, self.words[position].start(), self.words[last].end()
                    break

    @cached_property
    def _named_lines(self) -> dict[int, set[int]]:
        """The sources that are named or linked, by the line, from 0."""
        lines: dict[int, set[int]] = defaultdict(set)
        for position, index in self.mentions:
            lines[self.answer.line_of(position)].add(index)
        for position, sources in self._cited_places():
            lines[self.answer.line_of(position)].update(sources)
        return lines

    def _cited_places(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Where a reference or a link stands, and the offered sources that it rightly names."""
        for reference, verdict in self.verdicts:
            yield reference.start, verdict.good_sources
        for cited, verdict in self.links:
            yield cited.spotted.start, verdict.good_sources

    @cached_property
    def _cited_lines(self) -> set[int]:
        """The lines, from 0, that cite an offered source: by a reference, a link, or its whole name; a word is none."""
        cited = filter(itemgetter(1), self._cited_places())
        return set(map(self.answer.line_of, map(itemgetter(0), chain(cited, self.whole_names))))

    @property
    def used(self) -> set[int]:
        """The sources that are named or linked anywhere."""
        return set().union(*self._named_lines.values())

    def named_in(self, first: int, last: int) -> set[int]:
        """The sources that are named or linked in the lines from the first up to the second, from 0."""
        named: set[int] = set()
        for line in self._named_lines.keys() & range(first, last):
            named |= self._named_lines[line]
        return named

    def cited_in(self, first: int, last: int) -> bool:
        """Whether the lines from the first up to the second cite an offered source; see `_cited_lines`."""
        return not self._cited_lines.isdisjoint(range(first, last))

    def entry_name(self, verdict: Verdict) -> str | None:
        """The name of the entry that a citation means; what it only resembles is a URL, or no name at all."""
        for index in verdict.sources:  # of several that are meant, the first
            return self.offered.sources[index].name
        return verdict.meant if verdict.match is Match.CATALOGUED else None

    def quoted_name(self, index: int, width: int = 80) -> str:
        """The name of an offered source as messages quote it."""
        return repr(shorten(self.offered.sources[index].name, width))


def is_within(position: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether a place is in one of some parts of a text."""
    return any(start <= position < end for start, end in spans)


def _is_edge_label(match: StepMatch) -> bool:
    """Whether a step is only what an arrow carries, such as `|Img|`."""
    return match.step.role == "edge" and match.fit is StepFit.OTHER


def _whole_names(answer: Answer, offered: Offered) -> list[tuple[int, int]]:
    """Where the names of offered entries stand in an answer, whole; where two overlap, the longer one."""
    body = answer.body.lower()
    spans: list[tuple[int, int]] = []
    # a letter whose small form is longer, such as `İ`, moves all that follows
    if len(body) != len(answer.body):
        body = answer.body
    for name in sorted(set(map(str.lower, offered.names)), key=len, reverse=True):
        for start in _places_of(name, body):
            if not is_within(start, spans):
                spans.append((start, start + len(name)))
    return sorted(spans)


def _places_of(name: str, text: str) -> Iterator[int]:
    """Where a name stands in a text, set apart; a pattern for each name would take longer to compile than to search."""
    start = text.find(name)
    while start >= 0:
        if _NAME_BEGINS.match(text, start) and _NAME_ENDS.match(text, start + len(name)):
            yield start
        start = text.find(name, start + len(name))


def _citing_lines(answer: Answer) -> frozenset[int]:
    """The lines of an answer, from 0, that cite something: by a link, or by a field that names a source."""
    linked = (answer.line_of(cited.spotted.start) for cited in answer.citations)
    named = filter(lambda line: names_source(answer.line(line)), range(answer.lines))
    return frozenset(chain(linked, named))


def analyse(text: str, offered: Offered) -> AnswerAnalysis:
    """Read an answer in the light of what was offered to it."""
    answer = parse_answer(text, echoes=offered.echoes, urls=offered.urls)
    # most headings say what follows: then nobody asks
    citing = cache(partial(_citing_lines, answer))
    sections = find_sections(
        answer, lambda first, last: not citing().isdisjoint(range(first, last))
    )
    answer.cite_samples(sections.lines("references"))  # a list of sources shows none
    names = _whole_names(answer, offered)
    # names that a reference may begin with: `SAM: …`
    call_names = frozenset(chain.from_iterable(source.call_names for source in offered.sources))
    references = read_references(answer, sections, names, call_names)
    return AnswerAnalysis(
        answer, offered, sections, references, list(judge_links(answer.citations, offered)), names
    )

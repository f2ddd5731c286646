"""One answer under review: everything that the rules look at, read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from explainer.catalogs.links import identify, is_placeholder, resembles
from explainer.checking.answer import Answer, Cited, parse_answer
from explainer.checking.claims import Claim, names_source, read_claims
from explainer.checking.names import NameFit, NameMatch, judge_name
from explainer.checking.offered import Offered, OwnLink
from explainer.checking.sections import Sections, find_sections
from explainer.checking.titles import content_words, words
from explainer.checking.workflow.naming import StepFit, StepMatch, StepNames
from explainer.checking.workflow.reading import Flow, read_flows

MAX_RESEMBLANCES: Final = 60
"""Foreign links of one answer that are compared with the offered ones, for a did-you-mean."""

MIN_TITLE_WORDS: Final = 4
"""Content words of a lead without a link from which it is taken for a title."""

LinkStatus = str


@dataclass(frozen=True, slots=True)
class Fix:
    """A safe change of the answer: the characters from `start` to `end` become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Violation:
    """What a rule found, by positions in the answer; `check` makes a finding of it."""

    code: str
    start: int
    end: int
    message: str
    hint: str | None = None
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class LinkMatch:
    """What one link of the answer is.

    Attributes:
        cited: the link.
        status: offered, respelled, known, question, altered, catalogued, foreign or invalid.
        owners: the sources whose link it is, with their own spelling.
        meant: the offered URL that it was probably meant to be, or the catalogued entry that it belongs to.
    """

    cited: Cited
    status: LinkStatus
    owners: tuple[tuple[int, OwnLink], ...] = ()
    meant: str | None = None


@dataclass
class AnswerAnalysis:
    """An answer, what was offered to it, and what it says."""

    answer: Answer
    offered: Offered
    sections: Sections
    claims: list[Claim]
    links: list[LinkMatch] = field(default_factory=list)

    @cached_property
    def link_by_start(self) -> dict[int, LinkMatch]:
        """The verdict on the link that begins at a character."""
        return {verdict.cited.spotted.start: verdict for verdict in self.links}

    def owners(self, cited: Cited) -> set[int]:
        """The sources that a link is rightly of."""
        verdict = self.link_by_start.get(cited.spotted.start)
        return (
            {index for index, _ in verdict.owners}
            if verdict and verdict.status in ("offered", "respelled", "known")
            else set()
        )

    @cached_property
    def verdicts(self) -> list[tuple[Claim, NameMatch]]:
        """What each claim names, in the light of its links."""
        judged = []
        for claim in self.claims:
            right = dict.fromkeys(index for cited, _ in claim.links for index in sorted(self.owners(cited)))
            verdict = judge_name(claim.text, self.offered, strict=claim.strict, right=tuple(right))
            if claim.continued and verdict.fit not in (NameFit.EXACT, NameFit.KNOWN):
                whole = judge_name(claim.continued, self.offered, strict=True, right=tuple(right))
                verdict = whole if whole.fit is NameFit.EXACT else verdict
            loose = not claim.strict and not claim.links and len(content_words(claim.text)) < MIN_TITLE_WORDS
            if verdict.fit is NameFit.FOREIGN and loose:
                verdict = NameMatch(NameFit.NO_NAME)  # a label such as `Why it matters:`
            judged.append((claim, verdict))
        return judged

    @cached_property
    def mentions(self) -> list[tuple[int, int]]:
        """Where the text calls an offered source by a name: (position, source)."""
        return list(self.offered.called_in(self.answer.body))

    @cached_property
    def flows(self) -> list[tuple[Flow, list[StepMatch]]]:
        """The workflows that the text describes, and what each of their steps is."""
        names = StepNames(self.offered)
        flows = read_flows(self.answer, self.sections.found.get("workflow"))
        judged = [(flow, [names.judge(step) for step in flow.steps]) for flow in flows]
        return [(flow, [one for one in steps if not _says_nothing(one)]) for flow, steps in judged]

    def in_diagram(self, at: int) -> bool:
        """Whether a place is in a flowchart, whose quotes are no quotations."""
        return any(start <= at < end for start, end in self._diagrams)

    @cached_property
    def _diagrams(self) -> list[tuple[int, int]]:
        return [(flow.start, flow.end) for flow, _ in self.flows if flow.kind == "mermaid"]

    def is_run(self, name: str) -> bool:
        """Whether a name is one that prose is searched for word by word, so that nobody needs to say it twice."""
        gazetteer, parts = self.offered.gazetteer, tuple(words(name))
        return gazetteer is not None and any(
            parts == run for run, _ in gazetteer.runs.get(parts[0] if parts else "", ())
        )

    @cached_property
    def _named_lines(self) -> list[tuple[int, int]]:
        """The lines, from 0, on which a source is named or linked: (line, source)."""
        line_of = self.answer.line_of
        found = [(line_of(at), index) for at, index in self.mentions]
        for claim, verdict in self.verdicts:
            if verdict.fit in (NameFit.EXACT, NameFit.KNOWN, NameFit.SHORT, NameFit.REWORDED):
                found += [(line_of(claim.start), index) for index in verdict.sources]
        for link in self.links:
            found += [(line_of(link.cited.spotted.start), index) for index in self.owners(link.cited)]
        return list(dict.fromkeys(found))

    def named_in(self, first: int, last: int) -> set[int]:
        """The sources that are named or linked in the lines from the first up to the second, from 0."""
        return {index for line, index in self._named_lines if first <= line < last}


def _says_nothing(judged: StepMatch) -> bool:
    """Whether a step is only what an arrow carries, such as `|Img|`."""
    return judged.step.role == "edge" and judged.fit is StepFit.OTHER


def review_of(text: str, offered: Offered) -> AnswerAnalysis:
    """Read an answer in the light of what was offered to it."""
    answer = parse_answer(text, echoes=offered.echoes, urls=offered.urls)
    lines = {answer.line_of(cited.spotted.start) for cited in answer.citations}
    lines |= {line for line in range(answer.lines) if names_source(answer.line(line))}
    sections = find_sections(answer, lambda first, last: any(first <= line < last for line in lines))
    review = AnswerAnalysis(answer, offered, sections, read_claims(answer, sections))
    review.links = list(_judge_links(answer, offered))
    return review


def _judge_links(answer: Answer, offered: Offered) -> Iterator[LinkMatch]:
    compared = 0
    for cited in answer.citations:
        verdict = _judge_link(cited, offered)
        if verdict.status == "foreign" and compared < MAX_RESEMBLANCES:
            compared += 1
            verdict = _resembling(verdict, offered)
        yield verdict


def _judge_link(cited: Cited, offered: Offered) -> LinkMatch:  # noqa: PLR0911
    spotted = cited.spotted
    if spotted.link is None:
        return _broken(cited, offered)
    owners = tuple(offered.owners(spotted.link))
    if owners:
        written = spotted.text if "\\" not in spotted.text else spotted.text.replace("\\", "")  # Markdown's escapes
        exact = tuple((index, own) for index, own in owners if own.url in (written, spotted.text))
        named = spotted.form in ("arxiv", "doi", "number")
        return LinkMatch(cited, "offered" if exact or named else "respelled", exact or owners)
    known = tuple(offered.known_owners(spotted.link))
    if known:
        return LinkMatch(cited, "known", known)
    if spotted.link.key in offered.question_keys:
        return LinkMatch(cited, "question")
    catalogued = offered.gazetteer.by_link(spotted.link) if offered.gazetteer else None
    if catalogued:
        return LinkMatch(cited, "catalogued", (), catalogued)
    if spotted.form in ("url", "bare") and is_placeholder(spotted.text):
        return LinkMatch(cited, "invalid")
    return LinkMatch(cited, "foreign")


def _broken(cited: Cited, offered: Offered) -> LinkMatch:
    """A broken URL may have been an offered one before it broke."""
    _, _, rest = cited.spotted.text.partition("/")
    link = identify("https://" + rest.lstrip("/"))
    owners = offered.owners(link) if link else []
    return LinkMatch(cited, "invalid", (), owners[0][1].url if owners else None)


def _resembling(verdict: LinkMatch, offered: Offered) -> LinkMatch:
    link = verdict.cited.spotted.link
    for source in offered.sources:
        for own in source.links:
            if link is not None and resembles(link, own.link):
                return LinkMatch(verdict.cited, "altered", (), own.url)
    return verdict

"""Rules about names: titles and models as they were offered, altered, catalogued elsewhere, or made up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, filterfalse, islice
from operator import attrgetter
from typing import Final

from explainer.checking.analysis import AnswerAnalysis, Fix, Violation, is_within
from explainer.checking.answer import Phrase
from explainer.checking.match import Match, Verdict, judge_name
from explainer.checking.references import Reference
from explainer.checking.titles import canonical, own_words, reads_like_title, similarity, words
from explainer.diagnostics.text import lazy_regex, shorten

# `Vaswani et al. (2017)`, `He and Sun, 2015`; a name alone with a year, such as `COCO 2017`, is none
_AUTHOR_YEAR: Final = lazy_regex(
    r"(?<!\w)(?P<name>[A-Z][^\W\d_]{1,24}(?:-[A-Z][^\W\d_]{1,24})?)"
    r"(?:\s(?:and|&|und|et|y|e|i|en|och|og|и)\s[A-Z][^\W\d_]{1,24}|,?\set\sal\.?)(?:,?\s[\[(]?|\s?[\[(])(?P<year>(?:19|20)\d\d)(?!\d)"
)
# `[7]`, `[1, 3]`, `[2-4]` behind words, and no text of a link
_CITATION_NUMBERS: Final = lazy_regex(r"(?<![\[\]!\\])\[(\d{1,3}(?:\s?[,;–-]\s?\d{1,3}){0,20})\](?![(\[:\]])")
# marks between a title and the number behind it
_BEFORE_NUMBER: Final = lazy_regex(r"(?<![\s*_\"”»’'`(])[\s*_\"”»’'`(]*+(?:<sup>)?\Z")
_MAX_BEFORE: Final = 12  # characters that such marks have
_DIGITS: Final = lazy_regex(r"\d+")
_ITEM_NUMBER: Final = lazy_regex(r"[\s>|*_#-]*+(?:\[\^?|\()?(?P<number>\d{1,3})[\]).:|\s]")
# anything but the marks that may close a title
_VISIBLE: Final = lazy_regex(r"[^\s*_`\"']")
_ENDING: Final = lazy_regex(r"[-_](?:[vV]?\d[\w.]*\w|[vV]?\d|[A-Z][A-Za-z\d]*)(?![\w/-])")  # `-v2`, `-XL`
# what a note holds that stands in the text: `[^1]: …`, `^[…]`, `\footnote{…}`
_NOTE: Final = lazy_regex(
    r"^ {0,3}\[\^[^\]\n]{1,30}\]:\s*(?P<foot>[^\n.,;:()\[]{12,200})"
    r"|\^\[(?P<inline>[^\n.,;:()\[\]]{12,200})|\\footnote\{(?P<latex>[^{}\n.,;:]{12,200})",
    re.MULTILINE,
)
_SPAN: Final = attrgetter("start", "end")
_LABEL: Final = attrgetter("label")
_TITLE_KINDS: Final = frozenset({"quote", "emphasis"})  # how titles stand out in prose
_NO_TITLE_END: Final = lazy_regex(r"[:：,.]\s*\Z")  # what sentences and labels end with, and titles do not
_LONG_TITLE: Final = 5  # words of a title that is mended, or that is told from other words in quotes
_MIN_PHRASE: Final = 3  # words of a phrase in the text that may be a title
_MAX_CALLED: Final = 300  # characters from where an entry is called by its name to the authors behind it
_MIN_KEY: Final = 4  # canonical characters of a text that is looked for in other texts: shorter ones are in most
_SAFE: Final = 0.9  # the similarity from which an altered title is mended unasked: a letter or two, no word
_SHARED_HALF: Final = 0.5  # the share of words of an offered title from which a quotation may be of that title
_INSTEAD: Final = "remove it, or cite one of the offered entries"
_CATALOGUED: Final = "is catalogued but was not offered"
_ALTERED: Final = "differs from what was offered"
_MEANT: Final = "did you mean {meant!r}?"
# what is wrong with a name in the references: code, message behind the name, hint
_FAULTS: Final = {
    Match.CATALOGUED: ("A303", _CATALOGUED, _INSTEAD),
    Match.ALTERED: ("A302", _ALTERED, _MEANT),
    Match.FOREIGN: ("A301", "was not offered", _INSTEAD),
    Match.REWORDED: ("A304", "is not the name of the entry", "write {meant!r}"),
}
_FOREIGN_TITLE: Final = ("A307", "looks like a title that was not offered", "leave it out, unless it is not a source")
# the same where it may be a remark, which may hold words of titles
_DOUBTFUL_FAULTS: Final = {**_FAULTS, Match.ALTERED: _FAULTS[Match.REWORDED], Match.FOREIGN: _FOREIGN_TITLE}
# the same of what stands out in the text
_PHRASE_FAULTS: Final = {
    Match.CATALOGUED: ("A303", _CATALOGUED, "leave it out"),
    Match.ALTERED: ("A302", _ALTERED, _MEANT),
    Match.FOREIGN: _FOREIGN_TITLE,
}
_REWORDED_PHRASE: Final = ("A304", _ALTERED, _MEANT)


def referenced_names(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A301-A304: what the references, and the texts of links, call their sources."""
    for reference, verdict in analysis.verdicts:
        faults = _DOUBTFUL_FAULTS if reference.doubtful or reference.in_prose else _FAULTS
        if verdict.match not in faults or _is_said_in_passing(reference, verdict):
            continue
        if reference.in_prose and not _is_wrong_in_prose(reference, verdict, analysis):
            continue
        if is_cut_off(analysis, reference) or _is_prompts_word(reference, verdict, analysis):
            continue
        yield _violation(reference, faults[verdict.match], verdict, _fix(reference, verdict, analysis))


def _is_said_in_passing(reference: Reference, verdict: Verdict) -> bool:
    """Whether words of a sentence are the text of a right link: `[one photo](…)`."""
    return verdict.match is Match.REWORDED and not reference.listed and reference.text.islower()


def _violation(
    item: Reference | Phrase, fault: tuple[str, str, str], verdict: Verdict, fix: Fix | None = None
) -> Violation:
    code, message, hint = fault
    hint = hint.format(meant=verdict.meant)
    return Violation(code, item.start, item.end, f"{shorten(item.text)!r} {message}", hint, fix)


def _fix(reference: Reference, verdict: Verdict, analysis: AnswerAnalysis) -> Fix | None:
    """The right title, where a near miss is very near, and its links are those of the entry that it resembles."""
    meant = verdict.meant or ""
    if verdict.match is not Match.ALTERED or len(words(meant)) < _LONG_TITLE:
        return None
    # elsewhere than behind `Title:`, authors or a year may stand beside the title
    is_title_alone = reference.strict or (reference.cited and len(words(reference.text)) == len(words(meant)))
    if not is_title_alone:
        return None
    if any(map(frozenset(verdict.sources).isdisjoint, map(analysis.owners, reference.cited))):
        return None
    if similarity(canonical(reference.text), canonical(meant)) < _SAFE:
        return None
    return Fix(reference.start, reference.end, meant)


def _is_wrong_in_prose(reference: Reference, verdict: Verdict, analysis: AnswerAnalysis) -> bool:
    """Whether words before a link in prose certainly name something else than what the link leads to."""
    is_linked_rightly = any(map(analysis.owners, reference.cited))  # of another link it is said that it is foreign
    is_longer = verdict.match is Match.ALTERED and len(words(reference.text)) >= _LONG_TITLE
    return is_linked_rightly and (is_longer or verdict.match in (Match.CATALOGUED, Match.FOREIGN))


def _is_prompts_word(reference: Reference, verdict: Verdict, analysis: AnswerAnalysis) -> bool:
    """Whether the prompt's summaries use a foreign name themselves: naming it in passing invents no source."""
    if verdict.match is not Match.FOREIGN or not reference.in_passing:
        return False
    key = canonical(reference.text)
    return len(key) >= _MIN_KEY and key in analysis.offered.text


def is_cut_off(analysis: AnswerAnalysis, reference: Reference) -> bool:
    """Whether a reference is an offered title that ends where the answer ends: cut off, not altered."""
    key = canonical(reference.text)
    if not reference.strict or len(key) < _MIN_KEY or _VISIBLE.search(analysis.answer.body, reference.end):
        return False
    return any(source.key.startswith(key) and key not in source.call_names for source in analysis.offered.sources)


def phrases(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A302-A304 and A307: what stands out in the text, outside the references and diagrams."""
    cited = set(
        chain.from_iterable(verdict.sources for _, verdict in analysis.verdicts if verdict.match is Match.OFFERED)
    )
    for phrase in _loose_phrases(analysis):
        verdict = judge_name(phrase.text, analysis.offered, strict=False)
        fault = _PHRASE_FAULTS.get(verdict.match)
        if verdict.match is Match.FOREIGN and not _is_foreign_title(phrase, analysis):
            fault = None
        # an entry that is cited by its right name elsewhere is only reworded here
        if verdict.match is Match.ALTERED and not cited.isdisjoint(verdict.sources):
            fault = _REWORDED_PHRASE
        if fault is not None:
            yield _violation(phrase, fault, verdict)
    yield from _variants(analysis)


def _variants(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A304: the name of an offered model with another ending, in the text: `LanternNet-v2`."""
    body = analysis.answer.body
    references = analysis.sections.lines("references")
    for source in analysis.offered.sources:
        place = body.find(source.name) if source.kind == "model" and len(source.name) >= _MIN_KEY else -1
        while place >= 0:
            # what stands behind a slash is the end of a link
            ending = None if body[max(0, place - 1) : place] == "/" else _ENDING.match(body, place + len(source.name))
            if ending and canonical(source.name + ending[0]) not in analysis.offered.text:
                name = Phrase("strong", source.name + ending[0], place, ending.end())
                if analysis.answer.line_of(place) not in references and not _is_in_phrase(name, analysis):
                    yield _violation(name, _REWORDED_PHRASE, Verdict(Match.REWORDED, (), source.name))
            place = body.find(source.name, place + len(source.name))


def _is_in_phrase(name: Phrase, analysis: AnswerAnalysis) -> bool:
    """Whether a name is what code, a link or a diagram says: other rules judge that."""
    spans = ((phrase.start, phrase.end) for phrase in analysis.answer.phrases if phrase.kind in ("code", "label"))
    return is_within(name.start, spans) or analysis.answer.line_of(name.start) in analysis.answer.code_lines


def _loose_phrases(analysis: AnswerAnalysis) -> Iterator[Phrase]:
    """Phrases that read like titles, but that no reference and no step of a diagram stands for."""
    referenced = set(map(_SPAN, analysis.references))
    references = analysis.sections.lines("references")
    for phrase in chain(analysis.answer.phrases, _notes(analysis.answer.body)):
        if phrase.kind == "label" or _SPAN(phrase) in referenced:
            continue
        if not _has_words(phrase, _MIN_PHRASE, analysis) or not reads_like_title(phrase.text):
            continue
        if analysis.answer.line_of(phrase.start) not in references and not analysis.in_diagram(phrase.start):
            yield phrase


def _notes(body: str) -> Iterator[Phrase]:
    """The beginnings of notes, which may be titles."""
    if "[^" in body or "^[" in body or "\\footnote" in body:
        for match in _NOTE.finditer(body):
            group = match.lastgroup or 0
            yield Phrase("quote", match[group], *match.span(group))


def _has_words(phrase: Phrase, least: int, analysis: AnswerAnalysis) -> bool:
    """Whether a phrase has some words, or stands in the Chinese marks of titles, where no spaces part words."""
    is_chinese_title = analysis.answer.body[phrase.start - 1 : phrase.start] == "《"
    return len(words(phrase.text)) >= least or (is_chinese_title and len(phrase.text) > _LONG_TITLE)


def _is_foreign_title(phrase: Phrase, analysis: AnswerAnalysis) -> bool:
    if phrase.kind not in _TITLE_KINDS or not _has_words(phrase, _LONG_TITLE, analysis):
        return False
    if _NO_TITLE_END.search(phrase.text) or canonical(phrase.text) in analysis.offered.text:
        return False
    shares = map(partial(own_words, phrase.text), map(attrgetter("vocabulary"), analysis.offered.sources))
    return max(shares, default=0.0) < _SHARED_HALF


def catalogued_names(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A303: a catalogued name anywhere in the text, word for word as the catalog has it, that was not offered."""
    spans = list(_judged_spans(analysis))
    for name, start, end in analysis.catalogued_runs():
        if not is_within(start, spans):
            message = f"{shorten(name)!r} {_CATALOGUED}"
            yield Violation("A303", start, end, message, "leave it out, or cite an offered entry")


def _judged_spans(analysis: AnswerAnalysis) -> Iterator[tuple[int, int]]:
    """What other rules find: references at fault, and phrases in the text that are a catalogued name and nothing else.

    A right reference is no shelter: a catalogued title may stand beside its own, in brackets or in quotes.
    """
    for reference, verdict in analysis.verdicts:
        if verdict.match in _FAULTS:
            yield _SPAN(reference)
    for phrase in _loose_phrases(analysis):
        if analysis.offered.lookup.by_name(canonical(phrase.text)):
            yield _SPAN(phrase)


def author_years(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A306: `Author et al. (2023)`, when no offered paper, and no summary, knows the author."""
    authors = chain.from_iterable(map(attrgetter("authors"), analysis.offered.sources))
    known = canonical(" ".join(authors)) + analysis.offered.text
    hint = "cite an offered paper by its title, or leave it out"
    judged = [_SPAN(reference) for reference, verdict in analysis.verdicts if verdict.match in _FAULTS]
    said: set[str] = set()
    for match in _AUTHOR_YEAR.finditer(analysis.answer.body):
        author = canonical(match["name"])
        work = author + match["year"]
        if author in known or work in said or is_within(match.start(), judged):
            continue
        said.add(work)
        if _is_of_entry_without_authors(analysis, match.start(), match.end()):
            continue
        yield Violation("A306", *match.span(), f"{match.group()!r} is not a paper that was offered", hint)


def _is_of_entry_without_authors(analysis: AnswerAnalysis, at: int, end: int) -> bool:
    """Whether an offered entry is called by its name right beside a place, and nothing says who its authors are."""
    for start, index in analysis.mentions:
        is_right_behind = 0 <= start - end <= _MAX_BEFORE and not words(analysis.answer.body[end:start])
        if is_right_behind and not analysis.offered.sources[index].authors:
            return True
        source = analysis.offered.sources[index]
        if source.authors or not 0 < at - start <= _MAX_CALLED:
            continue
        called = canonical(analysis.answer.body[start:at])
        if called == source.key or called in source.call_names:
            return True
    return False


def citation_numbers(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A310: `[7]` in the text, where the references have no item of that number, and fewer than seven items."""
    listed = _listed_numbers(analysis)
    for match in _numbers_in_text(analysis):
        numbers = list(map(int, _DIGITS.findall(match[1])))
        if 0 in numbers:  # `[0, 1]` is a range
            continue
        for number in islice(filterfalse(listed.__contains__, numbers), 1):
            message = f"the references have no item {number}"
            yield Violation("A310", *match.span(), message, "cite an item of the references, or leave the number out")


def swapped_numbers(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A401: the title of an offered paper with the number of another one: `LanternNet … [2]`, which is item 1."""
    listed = analysis.numbered_sources
    papers = dict(_ends_of_papers(analysis)) if listed else {}
    for match in _numbers_in_text(analysis):
        before = _BEFORE_NUMBER.search(analysis.answer.body, max(0, match.start() - _MAX_BEFORE), match.start())
        index = papers.get(before.start()) if before else None
        right = [number for number, sources in listed.items() if index in sources]
        cited = [listed.get(int(number)) for number in _DIGITS.findall(match[1])]
        if index is None or not right or None in cited:
            continue
        others = set[int]().union(*filter(None, cited))
        if index not in others and not _share_link(analysis, index, others):
            message = f"this number is of {analysis.quoted_name(min(others))}, not of {analysis.quoted_name(index)}"
            yield Violation("A401", *match.span(), message, f"write [{right[0]}]")


def _ends_of_papers(analysis: AnswerAnalysis) -> Iterator[tuple[int, int]]:
    """Where the titles of offered papers end in the text, whole, and which paper each is."""
    for start, end in analysis.whole_names:
        for index in analysis.offered.by_key.get(canonical(analysis.answer.body[start:end]), ()):
            if analysis.offered.sources[index].kind == "paper":
                yield end, index


def _share_link(analysis: AnswerAnalysis, index: int, others: Iterable[int]) -> bool:
    """Whether an entry has a link that one of some others has too: they are one work."""
    keys = {own_link.link.key for own_link in analysis.offered.sources[index].links}
    return any(own_link.link.key in keys for other in others for own_link in analysis.offered.sources[other].links)


def _listed_numbers(analysis: AnswerAnalysis) -> set[int]:
    """The numbers of the items of the references; where none is numbered, their places."""
    lines = map(analysis.answer.line, analysis.sections.lines("references"))
    numbered = {int(match["number"]) for match in map(_ITEM_NUMBER.match, lines) if match}
    return numbered or set(range(1, 1 + sum(reference.listed for reference in analysis.references)))


def _numbers_in_text(analysis: AnswerAnalysis) -> Iterator[re.Match[str]]:
    """Numbers in brackets outside the references and code, that are no text of a link."""
    answer = analysis.answer
    elsewhere = {*analysis.sections.lines("references"), *answer.code_lines}
    labels = filter(None, map(_LABEL, answer.citations))
    spans = [_SPAN(phrase) for phrase in chain(answer.phrases, labels) if phrase.kind in ("code", "label")]
    for match in _CITATION_NUMBERS.finditer(answer.body):
        if answer.line_of(match.start()) not in elsewhere and not is_within(match.start() + 1, spans):
            yield match

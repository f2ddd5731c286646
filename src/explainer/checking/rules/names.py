"""Rules about names: titles and models as they were offered, altered, catalogued elsewhere, or made up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import attrgetter
from typing import Final, TypeAlias

from explainer.checking.analysis import AnswerAnalysis, Fix, Violation, is_within
from explainer.checking.answer import Phrase
from explainer.checking.match import Match, Verdict, judge_name
from explainer.checking.offered import OfferedEntry
from explainer.checking.references import Reference
from explainer.checking.titles import canonical, own_words, reads_like_title, similarity, words
from explainer.diagnostics.text import lazy_regex, shorten

# `Vaswani et al. (2017)`, `He and Sun, 2015`; a name alone with a year, such as `COCO 2017`, is none
_AUTHOR_YEAR: Final = lazy_regex(
    r"(?<!\w)(?P<name>[A-Z][^\W\d_]{1,24}(?:-[A-Z][^\W\d_]{1,24})?)"
    r"(?:\s(?:and|&|und|et|y|e|i|en|och|og|и)\s[A-Z][^\W\d_]{1,24}|,?\set\sal\.?)(?:,?\s[\[(]?|\s?[\[(])(?P<year>(?:19|20)\d\d)(?!\d)",
    needs=("19", "20"),
)
# `[7]`, `[1, 3]`, `[2-4]` behind words, and no text of a link
_CITATION_NUMBERS: Final = lazy_regex(
    r"(?<![\[\]!\\])\[(\d{1,3}(?:\s?[,;–-]\s?\d{1,3}){0,20})\](?![(\[:\]])", needs=("[",)
)
# the mark of a footnote, `[^smith]`, and with a colon behind it the footnote
_NOTE_MARK: Final = lazy_regex(
    r"(?<!\\)\[\^(?P<label>[^\]\s^]{1,80})\](?P<colon>:?)", needs=("[^",)
)
# marks between a title and the number behind it
_BEFORE_NUMBER: Final = lazy_regex(r"(?<![\s*_\"”»’'`(])[\s*_\"”»’'`(]*+(?:<sup>)?\Z")
_MAX_BEFORE: Final = 12  # characters that such marks have
_DIGITS: Final = lazy_regex(r"\d+")
_ITEM_NUMBER: Final = lazy_regex(r"[\s>|*_#-]*+(?:\[\^?|\()?(?P<number>\d{1,3})[\]).:|\s]")
# anything but the marks that may close a title
_VISIBLE: Final = lazy_regex(r"[^\s*_`\"']")
# `-v2`, `-XL`
_ENDING: Final = lazy_regex(r"[-_](?:[vV]?\d[\w.]*\w|[vV]?\d|[A-Z][A-Za-z\d]*)(?![\w/-])")
# what a note holds that stands in the text: `[^1]: …`, `^[…]`, `\footnote{…}`
_NOTE: Final = lazy_regex(
    r"^ {0,3}\[\^[^\]\n]{1,30}\]:\s*(?P<foot>[^\n.,;:()\[]{12,200})"
    r"|\^\[(?P<inline>[^\n.,;:()\[\]]{12,200})|\\footnote\{(?P<latex>[^{}\n.,;:]{12,200})",
    re.MULTILINE,
    needs=("[^", "^[", "footnote{"),
)
_SPAN: Final = attrgetter("start", "end")
_TITLE_KINDS: Final = frozenset({"quote", "emphasis"})  # how titles stand out in prose
# what sentences and labels end with, and titles do not
_NO_TITLE_END: Final = lazy_regex(r"[:：,.]\s*\Z")
# words of a title that is mended, or that is told from other words in quotes
_LONG_TITLE: Final = 5
_MIN_PHRASE: Final = 3  # words of a phrase in the text that may be a title
# characters from where an entry is called by its name to the authors behind it
_MAX_CALLED: Final = 300
# canonical characters of a text that is looked for in other texts: shorter ones are in most
_MIN_KEY: Final = 4
# the similarity from which an altered title is mended unasked: a letter or two, no word
_SAFE: Final = 0.9
# the share of words of an offered title from which a quotation may be of that title
_SHARED_HALF: Final = 0.5
_INSTEAD: Final = "remove it, or cite one of the offered entries"
_CATALOGUED: Final = "is catalogued but was not offered"
_ALTERED: Final = "differs from what was offered"
_MEANT: Final = "did you mean {meant!r}?"
_Fault: TypeAlias = tuple[str, str, str]
# what is wrong with a name in the references: code, message behind the name, hint
_FAULTS: Final = {
    Match.CATALOGUED: ("A303", _CATALOGUED, _INSTEAD),
    Match.ALTERED: ("A302", _ALTERED, _MEANT),
    Match.FOREIGN: ("A301", "was not offered", _INSTEAD),
    Match.REWORDED: ("A304", "is not the name of the entry", "write {meant!r}"),
}
_FOREIGN_TITLE: Final = (
    "A307",
    "looks like a title that was not offered",
    "leave it out, unless it is not a source",
)
# the same where it may be a remark, which may hold words of titles
_DOUBTFUL_FAULTS: Final = {
    **_FAULTS,
    Match.ALTERED: _FAULTS[Match.REWORDED],
    Match.FOREIGN: _FOREIGN_TITLE,
}
# the same of what stands out in the text
_PHRASE_FAULTS: Final = {
    Match.CATALOGUED: ("A303", _CATALOGUED, "leave it out"),
    Match.ALTERED: ("A302", _ALTERED, _MEANT),
    Match.FOREIGN: _FOREIGN_TITLE,
}
_REWORDED_PHRASE: Final = ("A304", _ALTERED, _MEANT)


# --- names in the references -------------------------------------------------------------------------------------


def referenced_names(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A301-A304: what the references, and the texts of links, call their sources."""
    for reference, verdict in analysis.verdicts:
        fault = _fault_of_reference(analysis, reference, verdict)
        if fault is not None:
            yield _violation(reference, fault, verdict, _fix(reference, verdict, analysis))


def _fault_of_reference(
    analysis: AnswerAnalysis, reference: Reference, verdict: Verdict
) -> _Fault | None:
    for excuses in _EXCUSES:
        if excuses(analysis, reference, verdict):
            return None
    if reference.doubtful or reference.in_prose:
        return _DOUBTFUL_FAULTS.get(verdict.match)
    return _FAULTS.get(verdict.match)


def _is_said_in_passing(_: AnswerAnalysis, reference: Reference, verdict: Verdict) -> bool:
    """Whether words of a sentence are the text of a right link: `[one photo](…)`."""
    if verdict.match is not Match.REWORDED:
        return False
    return reference.text.islower() and not reference.listed


def _is_right_in_prose(analysis: AnswerAnalysis, reference: Reference, verdict: Verdict) -> bool:
    """Whether words before a link in prose may name what the link leads to."""
    if not reference.in_prose:
        return False
    # of another link it is said that it is foreign
    if not any(analysis.owners(cited) for cited in reference.cited):
        return True
    if verdict.match is Match.ALTERED:
        return len(words(reference.text)) < _LONG_TITLE
    return verdict.match not in (Match.CATALOGUED, Match.FOREIGN)


def is_cut_off(analysis: AnswerAnalysis, reference: Reference) -> bool:
    """Whether a reference is an offered title that ends where the answer ends: cut off, not altered."""
    if not reference.strict:
        return False
    key = canonical(reference.text)
    if len(key) < _MIN_KEY:
        return False
    if _VISIBLE.search(analysis.answer.body, reference.end):
        return False
    # a title may begin with what the entry is called: that is whole
    begun = [source for source in analysis.offered.sources if source.key.startswith(key)]
    return any(key not in source.call_names for source in begun)


def _is_broken_off(analysis: AnswerAnalysis, reference: Reference, _: Verdict) -> bool:
    return is_cut_off(analysis, reference)


def _is_prompts_word(analysis: AnswerAnalysis, reference: Reference, verdict: Verdict) -> bool:
    """Whether the prompt's summaries use a foreign name themselves: naming it in passing invents no source."""
    if verdict.match is not Match.FOREIGN:
        return False
    if not reference.in_passing:
        return False
    key = canonical(reference.text)
    return len(key) >= _MIN_KEY and key in analysis.offered.text


_EXCUSES: Final[tuple[Callable[[AnswerAnalysis, Reference, Verdict], bool], ...]] = (
    *(_is_said_in_passing, _is_right_in_prose, _is_broken_off, _is_prompts_word),
)


def _violation(
    item: Reference | Phrase, fault: _Fault, verdict: Verdict, fix: Fix | None = None
) -> Violation:
    code, message, hint = fault
    hint = hint.format(meant=verdict.meant)
    return Violation(code, item.start, item.end, f"{shorten(item.text)!r} {message}", hint, fix)


def _fix(reference: Reference, verdict: Verdict, analysis: AnswerAnalysis) -> Fix | None:
    """The right title, where a near miss is very near, and its links are those of the entry that it resembles."""
    if verdict.match is not Match.ALTERED:
        return None
    meant = verdict.meant or ""
    if not _is_title_alone(reference, meant):
        return None
    if any(analysis.owners(cited).isdisjoint(verdict.sources) for cited in reference.cited):
        return None
    if similarity(canonical(reference.text), canonical(meant)) < _SAFE:
        return None
    return Fix(reference.start, reference.end, meant)


def _is_title_alone(reference: Reference, meant: str) -> bool:
    """Whether nothing stands beside the title: elsewhere than behind `Title:`, authors or a year may."""
    length = len(words(meant))
    if length < _LONG_TITLE:
        return False
    if reference.strict:
        return True
    return bool(reference.cited) and len(words(reference.text)) == length


# --- names in the text -------------------------------------------------------------------------------------------


def phrases(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A302-A304 and A307: what stands out in the text, outside the references and diagrams."""
    cited = set[int]()
    for _, verdict in analysis.verdicts:
        if verdict.match is Match.OFFERED:
            cited.update(verdict.sources)
    for phrase in _loose_phrases(analysis):
        verdict = judge_name(phrase.text, analysis.offered, strict=False)
        fault = _fault_of_phrase(analysis, phrase, verdict, cited)
        if fault is not None:
            yield _violation(phrase, fault, verdict)
    yield from _variants(analysis)


def _fault_of_phrase(
    analysis: AnswerAnalysis, phrase: Phrase, verdict: Verdict, cited: set[int]
) -> _Fault | None:
    # an entry that is cited by its right name elsewhere is only reworded here
    if verdict.match is Match.ALTERED and not cited.isdisjoint(verdict.sources):
        return _REWORDED_PHRASE
    fault = _PHRASE_FAULTS.get(verdict.match)
    if fault is _FOREIGN_TITLE and not _is_foreign_title(phrase, analysis):
        return None
    return fault


def _loose_phrases(analysis: AnswerAnalysis) -> Iterator[Phrase]:
    """Phrases that read like titles, but that no reference and no step of a diagram stands for."""
    referenced = {_SPAN(reference) for reference in analysis.references}
    standing_out = analysis.answer.phrases_of("strong", "emphasis", "code", "quote")
    for phrase in chain(standing_out, _notes(analysis.answer.body)):
        if not _has_words(phrase, _MIN_PHRASE, analysis):
            continue
        if not reads_like_title(phrase.text):
            continue
        if _SPAN(phrase) in referenced or analysis.in_references(phrase.start):
            continue
        if not analysis.in_diagram(phrase.start):
            yield phrase


def _notes(body: str) -> Iterator[Phrase]:
    """The beginnings of notes, which may be titles."""
    for match in _NOTE.finditer(body):
        group = match.lastgroup or 0
        yield Phrase("quote", match[group], *match.span(group))


def _has_words(phrase: Phrase, least: int, analysis: AnswerAnalysis) -> bool:
    """Whether a phrase has some words, or stands in the Chinese marks of titles, where no spaces part words."""
    if len(words(phrase.text)) >= least:
        return True
    if analysis.answer.body[phrase.start - 1 : phrase.start] != "《":
        return False
    return len(phrase.text) > _LONG_TITLE


def _is_foreign_title(phrase: Phrase, analysis: AnswerAnalysis) -> bool:
    """Whether a phrase stands out as titles do, and nothing offered accounts for its words."""
    if phrase.kind not in _TITLE_KINDS:
        return False
    if not _has_words(phrase, _LONG_TITLE, analysis):
        return False
    if _NO_TITLE_END.search(phrase.text):
        return False
    if canonical(phrase.text) in analysis.offered.text:
        return False
    vocabularies = (source.vocabulary for source in analysis.offered.sources)
    return all(own_words(phrase.text, vocabulary) < _SHARED_HALF for vocabulary in vocabularies)


def _variants(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A304: the name of an offered model with another ending, in the text: `LanternNet-v2`."""
    for source in analysis.offered.sources:
        if source.kind != "model" or len(source.name) < _MIN_KEY:
            continue
        verdict = Verdict(Match.REWORDED, (), source.name)
        for name in _with_endings(source.name, analysis.answer.body):
            if _is_judged_elsewhere(analysis, name):
                continue
            yield _violation(name, _REWORDED_PHRASE, verdict)


def _with_endings(name: str, body: str) -> Iterator[Phrase]:
    """Where a name stands with another ending; what stands behind a slash is the end of a link."""
    place = body.find(name)
    while place >= 0:
        end = place + len(name)
        ending = _ENDING.match(body, end)
        if ending and body[max(0, place - 1) : place] != "/":
            yield Phrase("strong", name + ending[0], place, ending.end())
        place = body.find(name, end)


def _is_judged_elsewhere(analysis: AnswerAnalysis, name: Phrase) -> bool:
    """Whether a name was offered, or is of the references, or of what code, a link or a diagram says."""
    if canonical(name.text) in analysis.offered.text:
        return True
    if analysis.answer.line_of(name.start) in analysis.answer.code_lines:
        return True
    if analysis.in_references(name.start):
        return True
    return is_within(name.start, map(_SPAN, analysis.answer.phrases_of("code", "label")))


def catalogued_names(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A303: a catalogued name anywhere in the text, word for word as the catalog has it, that was not offered."""
    runs = list(analysis.catalogued_runs())
    spans = list(_judged_spans(analysis)) if runs else []
    for name, start, end in runs:
        if not is_within(start, spans):
            message = f"{shorten(name)!r} {_CATALOGUED}"
            yield Violation("A303", start, end, message, "leave it out, or cite an offered entry")


def _judged_spans(analysis: AnswerAnalysis) -> Iterator[tuple[int, int]]:
    """What other rules find: references at fault, and phrases in the text that are a catalogued name and nothing else.

    A right reference is no shelter: a catalogued title may stand beside its own, in brackets or in quotes.
    """
    yield from _faulty_spans(analysis)
    for phrase in _loose_phrases(analysis):
        if analysis.offered.lookup.by_name(canonical(phrase.text)):
            yield _SPAN(phrase)


def _faulty_spans(analysis: AnswerAnalysis) -> Iterator[tuple[int, int]]:
    """Where the references at fault stand."""
    for reference, verdict in analysis.verdicts:
        if verdict.match in _FAULTS:
            yield _SPAN(reference)


# --- authors and numbers -----------------------------------------------------------------------------------------


def author_years(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A306: `Author et al. (2023)`, when no offered paper, and no summary, knows the author."""
    hint = "cite an offered paper by its title, or leave it out"
    for match in _unknown_works(analysis).values():
        if not _is_of_entry_without_authors(analysis, match.start(), match.end()):
            yield Violation(
                "A306", *match.span(), f"{match.group()!r} is not a paper that was offered", hint
            )


def _unknown_works(analysis: AnswerAnalysis) -> dict[str, re.Match[str]]:
    """The works of authors whom nothing offered knows, each where the text first cites it."""
    offered, judged = analysis.offered, list(_faulty_spans(analysis))
    works: dict[str, re.Match[str]] = {}
    for match in _AUTHOR_YEAR.finditer(analysis.answer.body):
        author = canonical(match["name"])
        is_known = author in offered.authors or author in offered.text
        if not is_known and not is_within(match.start(), judged):
            works.setdefault(author + match["year"], match)
    return works


def _is_of_entry_without_authors(analysis: AnswerAnalysis, start: int, end: int) -> bool:
    """Whether an offered entry is called by its name right beside a place, and nothing says who its authors are."""
    for place, index in analysis.mentions:
        source = analysis.offered.sources[index]
        if source.authors:
            continue
        if _stands_before(analysis, end, place):
            return True
        if _calls(source, analysis.answer.body[place:start]):
            return True
    return False


def _stands_before(analysis: AnswerAnalysis, end: int, place: int) -> bool:
    """Whether only marks stand between two places."""
    if not 0 <= place - end <= _MAX_BEFORE:
        return False
    return not words(analysis.answer.body[end:place])


def _calls(source: OfferedEntry, text: str) -> bool:
    """Whether a text is a name of an entry."""
    if not 0 < len(text) <= _MAX_CALLED:
        return False
    called = canonical(text)
    return called == source.key or called in source.call_names


def citation_numbers(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A310: `[7]` in the text, where the references have no item of that number, and fewer than seven items."""
    listed = _listed_numbers(analysis)
    for match in _marks_in_text(analysis, _CITATION_NUMBERS):
        numbers = _numbers_in(match)
        if 0 in numbers:  # `[0, 1]` is a range
            continue
        strange = [number for number in numbers if number not in listed]
        if strange:
            yield _unlisted(match, str(strange[0]), "number")


def citation_notes(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A310: `[^smith]` in the text, where no footnote and no item of the references has that label."""
    listed = _labels_of_notes(analysis)
    for match in _marks_in_text(analysis, _NOTE_MARK):
        if match["label"] not in listed:
            yield _unlisted(match, repr(match["label"]), "mark")


def _unlisted(match: re.Match[str], item: str, mark: str) -> Violation:
    message = f"the references have no item {item}"
    hint = f"cite an item of the references, or leave the {mark} out"
    return Violation("A310", *match.span(), message, hint)


def _numbers_in(match: re.Match[str]) -> list[int]:
    return [int(number) for number in _DIGITS.findall(match[1])]


def _labels_of_notes(analysis: AnswerAnalysis) -> set[str]:
    """The labels of footnotes, of marks that stand in the references, and of their numbered items."""
    labels = set(map(str, _listed_numbers(analysis)))
    for mark in _NOTE_MARK.finditer(analysis.answer.body):
        if mark["colon"] or analysis.in_references(mark.start()):
            labels.add(mark["label"])
    return labels


def swapped_numbers(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A401: the title of an offered paper with the number of another one: `LanternNet … [2]`, which is item 1."""
    papers = dict(_ends_of_papers(analysis))
    for match in _marks_in_text(analysis, _CITATION_NUMBERS):
        index = papers.get(_end_of_words(analysis.answer.body, match.start()))
        if index is not None:
            yield from _swapped_number(analysis, match, index)


def _end_of_words(body: str, place: int) -> int:
    """Where the words before a number end, without the marks between."""
    before = _BEFORE_NUMBER.search(body, max(0, place - _MAX_BEFORE), place)
    if before is None:
        return place
    return before.start()


def _swapped_number(
    analysis: AnswerAnalysis, match: re.Match[str], index: int
) -> Iterator[Violation]:
    """A number behind the title of a paper that is none of its own."""
    listed = analysis.numbered_sources
    numbers, right = _numbers_in(match), _number_of(analysis, index)
    if right is None or not listed.keys() >= set(numbers):
        return
    others = set[int]().union(*(listed[number] for number in numbers))
    if index in others:
        return
    if _share_link(analysis, index, others):
        return
    message = f"this number is of {analysis.quoted_name(min(others))}, not of {analysis.quoted_name(index)}"
    yield Violation("A401", *match.span(), message, f"write [{right}]")


def _number_of(analysis: AnswerAnalysis, index: int) -> int | None:
    """The number of the first item of the references that names an entry."""
    for number, sources in analysis.numbered_sources.items():
        if index in sources:
            return number
    return None


def _ends_of_papers(analysis: AnswerAnalysis) -> Iterator[tuple[int, int]]:
    """Where the titles of offered papers end in the text, whole, and which paper each is."""
    for start, end in analysis.whole_names:
        for index in analysis.offered.by_key.get(canonical(analysis.answer.body[start:end]), ()):
            if analysis.offered.sources[index].kind == "paper":
                yield end, index


def _share_link(analysis: AnswerAnalysis, index: int, others: Iterable[int]) -> bool:
    """Whether an entry has a link that one of some others has too: they are one work."""
    keys = _link_keys(analysis, index)
    return not all(keys.isdisjoint(_link_keys(analysis, other)) for other in others)


def _link_keys(analysis: AnswerAnalysis, index: int) -> frozenset[str]:
    return frozenset(own_link.link.key for own_link in analysis.offered.sources[index].links)


def _listed_numbers(analysis: AnswerAnalysis) -> set[int]:
    """The numbers of the items of the references; where none is numbered, their places."""
    numbered = set[int]()
    for line in analysis.sections.lines("references"):
        item = _ITEM_NUMBER.match(analysis.answer.line(line))
        if item is not None:
            numbered.add(int(item["number"]))
    items = sum(reference.listed for reference in analysis.references)
    return numbered or set(range(1, items + 1))


def _marks_in_text(analysis: AnswerAnalysis, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Numbers or labels in brackets outside the references and code, that are no text of a link."""
    for match in pattern.finditer(analysis.answer.body):
        start = match.start()
        if analysis.answer.line_of(start) in analysis.answer.code_lines:
            continue
        if analysis.in_references(start):
            continue
        if not is_within(start + 1, analysis.set_apart):
            yield match

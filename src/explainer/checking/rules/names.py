"""Rules about names: titles and models as they were offered, altered, catalogued elsewhere, or made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from explainer.checking.analysis import AnswerAnalysis, Fix, Violation
from explainer.checking.answer import Phrase
from explainer.checking.claims import Claim
from explainer.checking.names import judge_name
from explainer.checking.offered import CatalogLookup
from explainer.checking.titles import canonical, own_words, reads_like_title, similarity, words, words_in
from explainer.checking.verdict import Match, Verdict
from explainer.diagnostics.text import shorten

# `Vaswani et al. (2017)`, `He and Sun, 2015`; a name alone with a year, such as `COCO 2017`, is none
_AUTHOR_YEAR: Final = re.compile(
    r"(?<!\w)(?P<name>[A-Z][^\W\d_]{1,24}(?:-[A-Z][^\W\d_]{1,24})?)"
    r"(?:\s(?:and|&)\s[A-Z][^\W\d_]{1,24}|,?\set\sal\.?)(?:,?\s[\[(]?|\s?[\[(])(?P<year>(?:19|20)\d\d)(?!\d)"
)
_MIN_TITLE: Final = 5  # words of a title that is mended, or that is told from other words in quotes
_MIN_PHRASE: Final = 3  # words of a phrase in the text that may be a title
_MIN_KEY: Final = 4  # canonical characters of a text that is looked for in other texts: shorter ones are in most
_SAFE: Final = 0.9  # the similarity from which an altered title is mended unasked: a letter or two, no word
_SHARED_HALF: Final = 0.5  # the share of words of an offered title from which a quotation may be of that title
_INSTEAD: Final = "remove it, or cite one of the offered entries"
# what is wrong with a name in the references: code, message behind the name, hint
_FAULTS: Final = {
    Match.CATALOGUED: ("A303", "is catalogued but was not offered", _INSTEAD),
    Match.ALTERED: ("A302", "is not as it was offered", "did you mean {meant!r}?"),
    Match.FOREIGN: ("A301", "was not offered", _INSTEAD),
    Match.REWORDED: ("A304", "is not the name of the entry", "write {meant!r}"),
}


def claimed_names(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A301-A304: what the references, and the texts of links, call their sources."""
    for claim, verdict in analysis.verdicts:
        if verdict.match not in _FAULTS or is_cut_off(analysis, claim) or _is_prompts_word(claim, verdict, analysis):
            continue
        code, message, hint = _FAULTS[verdict.match]
        meant = verdict.meant or ""
        fix = Fix(claim.start, claim.end, meant) if _is_safe_to_mend(claim, verdict, analysis) else None
        yield _at(claim, code, message, hint.format(meant=meant), fix)


def _at(item: Claim | Phrase, code: str, message: str, hint: str, fix: Fix | None = None) -> Violation:
    return Violation(code, item.start, item.end, f"{shorten(item.text)!r} {message}", hint, fix)


def _is_safe_to_mend(claim: Claim, verdict: Verdict, analysis: AnswerAnalysis) -> bool:
    """Whether a near miss is very near, and its links are those of the entry that it resembles."""
    if verdict.match is not Match.ALTERED or not claim.strict:
        return False
    if any(analysis.owners(cited).isdisjoint(verdict.sources) for cited, _ in claim.links):
        return False
    meant = verdict.meant or ""
    return similarity(canonical(claim.text), canonical(meant)) >= _SAFE and len(words(meant)) >= _MIN_TITLE


def _is_prompts_word(claim: Claim, verdict: Verdict, analysis: AnswerAnalysis) -> bool:
    """Whether the prompt's summaries use a foreign name themselves: naming it in passing invents no source."""
    if verdict.match is not Match.FOREIGN or not claim.in_passing:
        return False
    key = canonical(claim.text)
    return len(key) >= _MIN_KEY and key in analysis.offered.text


def is_cut_off(analysis: AnswerAnalysis, claim: Claim) -> bool:
    """Whether a claim is an offered title that ends where the answer ends: cut off, not altered."""
    if not claim.strict or analysis.answer.body[claim.end :].strip(" \t\r\n*_`\"'"):
        return False
    key = canonical(claim.text)
    if len(key) < _MIN_KEY:
        return False
    longer = (source for source in analysis.offered.sources if source.key.startswith(key) and source.key != key)
    return any(key not in source.call_names for source in longer)


def phrases(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A302-A304 and A307: what stands out in the text, outside the references and diagrams."""
    offered = (verdict.sources for _, verdict in analysis.verdicts if verdict.match is Match.OFFERED)
    cited = frozenset().union(*offered)
    for phrase in _loose_phrases(analysis):
        verdict = judge_name(phrase.text, analysis.offered, strict=False)
        if verdict.match is Match.CATALOGUED:
            yield _at(phrase, "A303", "is catalogued but was not offered", "leave it out")
        elif verdict.match is Match.ALTERED:
            # an entry that is cited by its right name elsewhere is only reworded here
            code = "A302" if cited.isdisjoint(verdict.sources) else "A304"
            yield _at(phrase, code, "is not as it was offered", f"did you mean {verdict.meant!r}?")
        elif verdict.match is Match.FOREIGN and _is_foreign_title(phrase, analysis):
            message = "reads like a title that was not offered"
            yield _at(phrase, "A307", message, "leave it out, unless it is no source")


def _loose_phrases(analysis: AnswerAnalysis) -> Iterator[Phrase]:
    """Phrases that read like titles, but that no claim and no step of a diagram stands for."""
    claimed = {(claim.start, claim.end) for claim in analysis.claims}
    for phrase in analysis.answer.phrases:
        if phrase.kind == "label" or (phrase.start, phrase.end) in claimed or analysis.in_diagram(phrase.start):
            continue
        if analysis.sections.holds("references", analysis.answer.line_of(phrase.start)):
            continue
        if len(words(phrase.text)) >= _MIN_PHRASE and reads_like_title(phrase.text):
            yield phrase


def _is_foreign_title(phrase: Phrase, analysis: AnswerAnalysis) -> bool:
    if phrase.kind not in ("quote", "emphasis") or len(words(phrase.text)) < _MIN_TITLE:
        return False
    if phrase.text.rstrip().endswith((":", "：", ",", ".")) or canonical(phrase.text) in analysis.offered.text:
        return False
    return all(own_words(phrase.text, source.vocabulary) < _SHARED_HALF for source in analysis.offered.sources)


def catalogued_names(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A303: a catalogued name anywhere in the text, word for word as the catalog has it, that was not offered."""
    lookup = analysis.offered.lookup
    if lookup is None or not lookup.runs:
        return
    judged_elsewhere = _judged_spans(analysis, lookup)
    for name, start, end in _runs_in(analysis.answer.body, lookup, analysis.offered.text):
        if not any(first <= start < last for first, last in judged_elsewhere):
            message = f"{shorten(name)!r} is catalogued but was not offered"
            yield Violation("A303", start, end, message, "leave it out, or cite an offered entry")


def _judged_spans(analysis: AnswerAnalysis, lookup: CatalogLookup) -> list[tuple[int, int]]:
    """What other rules judge: claims, and phrases outside diagrams that are a catalogued name and nothing else."""
    names = (phrase for phrase in analysis.answer.phrases if lookup.by_name(canonical(phrase.text)))
    phrases_outside = (name for name in names if not analysis.in_diagram(name.start))
    items: list[Claim | Phrase] = [*analysis.claims, *phrases_outside]
    return [(item.start, item.end) for item in items]


def _runs_in(body: str, lookup: CatalogLookup, offered_text: str) -> Iterator[tuple[str, int, int]]:
    """Where a text holds catalogued names that the prompt does not: (name, start, end); none overlap."""
    body_words = list(words_in(body))
    texts = tuple(text for text, _, _ in body_words)
    behind = 0
    for position, (word, start, _) in enumerate(body_words):
        runs = lookup.runs.get(word, ()) if start >= behind else ()
        for parts, name in runs:
            if texts[position : position + len(parts)] == parts and canonical(name) not in offered_text:
                behind = body_words[position + len(parts) - 1][2]
                yield name, start, behind
                break


def author_years(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A306: `Author et al. (2023)`, when no offered paper, and no summary, knows the author."""
    known = canonical(" ".join(author for source in analysis.offered.sources for author in source.authors))
    hint = "cite an offered paper by its title, or leave it out"
    for match in _AUTHOR_YEAR.finditer(analysis.answer.body):
        key = canonical(match["name"])
        if key not in known and key not in analysis.offered.text:
            yield Violation("A306", *match.span(), f"{match.group()!r} is no paper that was offered", hint)

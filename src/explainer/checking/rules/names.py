"""Rules about names: titles and models as they were offered, altered, catalogued elsewhere, or made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from explainer.checking.analysis import AnswerAnalysis, Fix, Violation
from explainer.checking.answer import Phrase
from explainer.checking.claims import Claim
from explainer.checking.names import NameFit, NameMatch, judge_name, reads_like_title
from explainer.checking.titles import canonical, own_words, similarity, words
from explainer.diagnostics.text import shorten

_AUTHOR_YEAR: Final = re.compile(
    r"(?<!\w)(?P<name>[A-Z][^\W\d_]{1,24}(?:-[A-Z][^\W\d_]{1,24})?)"
    r"(?:\s(?:and|&)\s[A-Z][^\W\d_]{1,24}|,?\set\sal\.?)(?:,?\s[\[(]?|\s?[\[(])(?P<year>(?:19|20)\d\d)(?!\d)"
)
_TITLE_WORDS: Final = 5
_SAFE: Final = 0.9
_INSTEAD: Final = "remove it, or cite one of the offered entries"


def claimed_names(review: AnswerAnalysis) -> Iterator[Violation]:
    """A301-A304: what the references, and the texts of links, call their sources."""
    for claim, verdict in review.verdicts:
        if verdict.fit in (NameFit.EXACT, NameFit.KNOWN, NameFit.NO_NAME) or is_cut_off(review, claim):
            continue
        text = shorten(claim.text)
        if verdict.fit is NameFit.CATALOGUED:
            yield Violation("A303", claim.start, claim.end, f"{text!r} is catalogued but was not offered", _INSTEAD)
        elif verdict.fit is NameFit.ALTERED:
            yield _altered(claim, verdict, text, review)
        elif verdict.fit is NameFit.FOREIGN and not _said_by_prompt(claim.text, claim, review):
            yield Violation("A301", claim.start, claim.end, f"{text!r} was not offered", _INSTEAD)
        elif verdict.fit is NameFit.REWORDED:
            message = f"{text!r} is not the name of the entry"
            yield Violation("A304", claim.start, claim.end, message, f"write {verdict.meant!r}")


def _altered(claim: Claim, verdict: NameMatch, text: str, review: AnswerAnalysis) -> Violation:
    """A near miss is safe to mend when it is very near and its links are those of the entry that it resembles."""
    fix = None
    if verdict.meant and claim.strict and all(review.owners(cited) & set(verdict.sources) for cited, _ in claim.links):
        near = (
            similarity(canonical(claim.text), canonical(verdict.meant)) >= _SAFE
            and len(words(verdict.meant)) >= _TITLE_WORDS
        )
        fix = Fix(claim.start, claim.end, verdict.meant) if near else None
    return Violation(
        "A302",
        claim.start,
        claim.end,
        f"{text!r} is not as it was offered",
        f"did you mean {verdict.meant!r}?",
        fix,
    )


def _said_by_prompt(text: str, claim: Claim, review: AnswerAnalysis) -> bool:
    """Whether the prompt's summaries use a name themselves: naming it in passing invents no source."""
    key = canonical(text)
    return not claim.strict and not claim.links and len(key) > 3 and key in review.offered.text  # noqa: PLR2004


def is_cut_off(review: AnswerAnalysis, claim: Claim) -> bool:
    """Whether a claim is an offered title that ends where the answer ends: cut off, not altered."""
    if not claim.strict or review.answer.body[claim.end :].strip(" \t\r\n*_`\"'"):
        return False
    key = canonical(claim.text)
    return len(key) > 3 and any(  # noqa: PLR2004
        source.key.startswith(key) and source.key != key and key not in source.call_names
        for source in review.offered.sources
    )


def phrases(review: AnswerAnalysis) -> Iterator[Violation]:
    """A302-A304 and A307: what stands out in the text, outside the references and diagrams."""
    cited = {index for claim, verdict in review.verdicts if verdict.fit is NameFit.EXACT for index in verdict.sources}
    claimed = {(claim.start, claim.end) for claim in review.claims}
    for phrase in review.answer.phrases:
        section = review.sections.of_line(review.answer.line_of(phrase.start))
        if phrase.kind == "label" or section == "references" or (phrase.start, phrase.end) in claimed:
            continue
        if review.in_diagram(phrase.start):
            continue  # what steps are called is judged as such
        if len(words(phrase.text)) < 3 or not reads_like_title(phrase.text):  # noqa: PLR2004
            continue
        verdict = judge_name(phrase.text, review.offered, strict=False)
        if verdict.fit is NameFit.CATALOGUED:
            message = f"{shorten(phrase.text)!r} is catalogued but was not offered"
            yield Violation("A303", phrase.start, phrase.end, message, "leave it out")
        elif verdict.fit is NameFit.ALTERED:
            code = "A304" if cited & set(verdict.sources) else "A302"
            message = f"{shorten(phrase.text)!r} is not as it was offered"
            yield Violation(code, phrase.start, phrase.end, message, f"did you mean {verdict.meant!r}?")
        elif verdict.fit is NameFit.FOREIGN and _is_title(phrase, review):
            message = f"{shorten(phrase.text)!r} reads like a title that was not offered"
            yield Violation("A307", phrase.start, phrase.end, message, "leave it out, unless it is no source")


def _is_title(phrase: Phrase, review: AnswerAnalysis) -> bool:
    if phrase.kind not in ("quote", "emphasis") or len(words(phrase.text)) < _TITLE_WORDS:
        return False
    if phrase.text.rstrip().endswith((":", "：", ",", ".")) or canonical(phrase.text) in review.offered.text:
        return False
    return all(own_words(phrase.text, source.vocabulary) < 0.5 for source in review.offered.sources)  # noqa: PLR2004


def catalogued_names(review: AnswerAnalysis) -> Iterator[Violation]:
    """A303: a catalogued name anywhere in the text, word for word as the catalog has it, that was not offered."""
    gazetteer = review.offered.gazetteer
    if gazetteer is None or not gazetteer.runs:
        return
    body = review.answer.body
    found = [(match.group(), match.start(), match.end()) for match in re.finditer(r"[^\W_]+(?:[+#]+(?!\w))?", body)]
    # what other rules judge: claims, and phrases that are the name and nothing else
    spans = [(claim.start, claim.end) for claim in review.claims]
    others = (p for p in review.answer.phrases if not review.in_diagram(p.start))
    spans += [(p.start, p.end) for p in others if gazetteer.by_name(canonical(p.text))]
    end = 0
    for position, (word, start, _) in enumerate(found):
        for parts, name in gazetteer.runs.get(word, ()) if start >= end else ():
            window = found[position : position + len(parts)]
            if tuple(item[0] for item in window) != parts or canonical(name) in review.offered.text:
                continue
            end = window[-1][2]
            if not any(first <= start < last for first, last in spans):
                message = f"{shorten(name)!r} is catalogued but was not offered"
                yield Violation("A303", start, end, message, "leave it out, or cite an offered entry")
            break


def author_years(review: AnswerAnalysis) -> Iterator[Violation]:
    """A306: `Author et al. (2023)`, when no offered paper, and no summary, knows the author."""
    authors = canonical(" ".join(author for source in review.offered.sources for author in source.authors))
    for match in _AUTHOR_YEAR.finditer(review.answer.body):
        key = canonical(match["name"])
        if key in authors or key in review.offered.text:
            continue
        message = f"{match.group()!r} is no paper that was offered"
        yield Violation(
            "A306", match.start(), match.end(), message, "cite an offered paper by its title, or leave it out"
        )

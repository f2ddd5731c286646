"""Rules about links: offered or not, altered, spelled otherwise, under another's name, in another's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from explainer.catalogs.links import identify
from explainer.checking.analysis import AnswerAnalysis, Fix, LinkMatch, Violation
from explainer.checking.names import NameFit, is_nothing
from explainer.diagnostics.text import shorten


def link_status(review: AnswerAnalysis) -> Iterator[Violation]:
    """A201-A204, A206-A209: what each link is."""
    for verdict in review.links:
        describe = _DESCRIPTIONS.get(verdict.status)
        if describe is not None:
            yield from describe(verdict, review)


def _fault(code: str, verdict: LinkMatch, message: str, hint: str | None = None, fix: str | None = None) -> Violation:
    spotted = verdict.cited.spotted
    return Violation(
        code, spotted.start, spotted.end, message, hint, Fix(spotted.start, spotted.end, fix) if fix else None
    )


def _respelled(verdict: LinkMatch, review: AnswerAnalysis) -> Iterator[Violation]:
    index, own = verdict.owners[0]
    message = f"this spelling differs from the offered link of {_called(review, index)}"
    fix = own.url if verdict.cited.spotted.form in ("url", "bare") else None
    yield _fault("A203", verdict, message, f"write {own.url}", fix)


def _known(verdict: LinkMatch, review: AnswerAnalysis) -> Iterator[Violation]:
    index, _ = verdict.owners[0]
    message = f"this is a catalogued link of {_called(review, index)}, but not one that the prompt offered"
    own = review.offered.sources[index].links
    yield _fault("A206", verdict, message, f"write {own[0].url}" if own else None)


def _altered(verdict: LinkMatch, review: AnswerAnalysis) -> Iterator[Violation]:  # noqa: ARG001
    yield _fault(
        "A202",
        verdict,
        "this link was not offered, but looks like one that was",
        f"did you mean {verdict.meant}?",
    )


def _catalogued(verdict: LinkMatch, review: AnswerAnalysis) -> Iterator[Violation]:
    message = f"this is the link of {shorten(verdict.meant or '')!r}, which is catalogued but was not offered"
    yield _fault("A207", verdict, message, _offered_hint(review))


def _foreign(verdict: LinkMatch, review: AnswerAnalysis) -> Iterator[Violation]:
    if verdict.cited.spotted.form == "number":
        yield _fault(
            "A209",
            verdict,
            "this reads like the arXiv id of a paper that was not offered",
            _offered_hint(review),
        )
    else:
        yield _fault("A201", verdict, "this link was not offered", _offered_hint(review))


def _invalid(verdict: LinkMatch, review: AnswerAnalysis) -> Iterator[Violation]:
    hint = f"did you mean {verdict.meant}?" if verdict.meant else _offered_hint(review)
    yield _fault("A204", verdict, "this is no link that leads anywhere", hint)


def _asked(verdict: LinkMatch, review: AnswerAnalysis) -> Iterator[Violation]:
    yield _fault(
        "A208",
        verdict,
        "the question mentions this link, but it was not offered as a source",
        _offered_hint(review),
    )


_DESCRIPTIONS: Final[dict[str, Callable[[LinkMatch, AnswerAnalysis], Iterator[Violation]]]] = {
    "respelled": _respelled,
    "known": _known,
    "altered": _altered,
    "catalogued": _catalogued,
    "foreign": _foreign,
    "invalid": _invalid,
    "question": _asked,
}


def _called(review: AnswerAnalysis, index: int) -> str:
    return repr(shorten(review.offered.sources[index].name))


def _offered_hint(review: AnswerAnalysis) -> str:
    some = any(own.role != "summary" for source in review.offered.sources for own in source.links)
    return "remove it, or cite one of the offered entries" if some else "remove it: no link was offered"


def odd_destinations(review: AnswerAnalysis) -> Iterator[Violation]:
    """A204: a Markdown link that leads nowhere, such as `[code](#)`; `[GitHub](None)` says so itself."""
    for href, label in review.answer.odd_hrefs:
        if (href and is_nothing(href)) or (href.startswith("#") and len(href) > 1):
            continue
        message = f"the link {shorten(label.text, 60)!r} leads nowhere: {shorten(href, 60)!r}"
        yield Violation("A204", label.start, label.end, message, "write an offered link, or none")


def spoofed(review: AnswerAnalysis) -> Iterator[Violation]:
    """A205: the text of a link is a URL, and it leads to another one."""
    for verdict in review.links:
        label, link = verdict.cited.label, verdict.cited.spotted.link
        if label is None or link is None or not label.text.strip().lower().startswith(("http://", "https://", "www.")):
            continue
        shown = identify(label.text)
        if shown is not None and shown.key != link.key:
            spotted = verdict.cited.spotted
            message = f"the text of this link is {shorten(label.text)}, but it leads elsewhere"
            yield Violation("A205", spotted.start, spotted.end, message, "make both the same")


def misattributed(review: AnswerAnalysis) -> Iterator[Violation]:
    """A401: the name of one entry with the link of another."""
    for claim, verdict in review.verdicts:
        if verdict.fit not in (NameFit.EXACT, NameFit.KNOWN, NameFit.SHORT):
            continue
        for cited, _ in claim.links:
            owners = review.owners(cited)
            if not owners or owners & set(verdict.sources):
                continue
            owner = _called(review, min(owners))
            message = f"this link is of {owner}, not of {shorten(verdict.meant or '')!r}"
            own = [
                o.url for index in verdict.sources for o in review.offered.sources[index].links if o.role != "summary"
            ]
            hint = f"write {' or '.join(own)}" if own else "no link was offered for it: write None"
            yield Violation("A401", cited.spotted.start, cited.spotted.end, message, hint)


def wrong_place(review: AnswerAnalysis) -> Iterator[Violation]:
    """A402: the paper's link where the code belongs, or the other way round."""
    for claim, verdict in review.verdicts:
        for cited, role in claim.links:
            judged = review.link_by_start.get(cited.spotted.start)
            if role == "any" or judged is None or verdict.fit not in (NameFit.EXACT, NameFit.KNOWN, NameFit.SHORT):
                continue
            roles = {own.role for index, own in judged.owners if index in verdict.sources}
            other = {"paper": "github", "github": "paper"}[role]
            if judged.status in ("offered", "respelled") and roles == {other}:
                what = {"paper": "paper", "github": "code"}
                message = f"this is the link of the {what[other]}, given as the {what[role]}"
                right = [
                    own.url
                    for index in verdict.sources
                    for own in review.offered.sources[index].links
                    if own.role == role
                ]
                hint = f"write {right[0]}" if right else f"no link of the {what[role]} was offered: write None"
                yield Violation("A402", cited.spotted.start, cited.spotted.end, message, hint)


def repository_ids(review: AnswerAnalysis) -> Iterator[Violation]:
    """A308 and A309: ids such as `owner/name` in code."""
    offered = review.offered
    own = {o.link.key.rpartition(":")[2] for s in offered.sources for o in (*s.links, *s.known) if "/" in o.link.key}
    names = {key.partition("/")[2]: key for key in own}
    for phrase in review.answer.phrases:
        text = phrase.text.strip()
        owner, slash, name = text.partition("/")
        if phrase.kind != "code" or not slash or "/" in name or not _is_id(owner) or not _is_id(name):
            continue
        key = text.casefold()
        if key in own or key in offered.question.casefold() or any(key in s.text.casefold() for s in offered.sources):
            continue
        if name.casefold() in names:
            hint = f"did you mean {names[name.casefold()]}?"
            yield Violation("A309", phrase.start, phrase.end, "this repository was offered under another owner", hint)
        else:
            yield Violation(
                "A308",
                phrase.start,
                phrase.end,
                "this reads like a repository that was not offered",
                _offered_hint(review),
            )


def _is_id(text: str) -> bool:
    return len(text) > 1 and text[0].isalnum() and all(char.isalnum() or char in "._-" for char in text)

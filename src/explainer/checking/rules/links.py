"""Rules about links: offered or not, altered, spelled otherwise, under another's name, in another's place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from explainer.catalogs.links import identify
from explainer.checking.analysis import AnswerAnalysis, Fix, Violation
from explainer.checking.answer import Cited, LinkInText
from explainer.checking.names import is_nothing
from explainer.checking.offered import Offered
from explainer.checking.verdict import CERTAIN, Match, Verdict
from explainer.diagnostics.text import shorten

_URL_STARTS: Final = ("http://", "https://", "www.")
_OTHER_ROLE: Final[dict[str, Literal["paper", "github"]]] = {"paper": "github", "github": "paper"}
_ROLE_NAMES: Final = {"paper": "paper", "github": "code"}
# what is wrong with a link; `name` is the entry that it belongs to
_FAULTS: Final = {
    Match.RESPELLED: ("A203", "this spelling differs from the offered link of {name}"),
    Match.KNOWN: ("A206", "this is a catalogued link of {name}, but not one that the prompt offered"),
    Match.ALTERED: ("A202", "this link was not offered, but looks like one that was"),
    Match.CATALOGUED: ("A207", "this is the link of {name}, which is catalogued but was not offered"),
    Match.FOREIGN: ("A201", "this link was not offered"),
    Match.INVALID: ("A204", "this is no link that leads anywhere"),
    Match.QUESTION: ("A208", "the question mentions this link, but it was not offered as a source"),
}
_NUMBER_FAULT: Final = ("A209", "this reads like the arXiv id of a paper that was not offered")


def link_status(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A201-A204, A206-A209: what each link is."""
    for cited, verdict in analysis.links:
        if verdict.match not in _FAULTS:
            continue
        spotted = cited.spotted
        is_number = verdict.match is Match.FOREIGN and spotted.form == "number"
        code, message = _NUMBER_FAULT if is_number else _FAULTS[verdict.match]
        name = analysis.quoted_name(verdict.sources[0]) if verdict.sources else repr(shorten(verdict.meant or ""))
        is_mendable = verdict.match is Match.RESPELLED and spotted.form in ("url", "bare")
        fix = Fix(spotted.start, spotted.end, verdict.spellings[0].url) if is_mendable else None
        yield _at(spotted, code, message.format(name=name), _hint(verdict, analysis.offered), fix)


def _at(spotted: LinkInText, code: str, message: str, hint: str | None = None, fix: Fix | None = None) -> Violation:
    return Violation(code, spotted.start, spotted.end, message, hint, fix)


def _hint(verdict: Verdict, offered: Offered) -> str | None:
    """What to do about a link: write that of its entry, or the one that was meant, or none."""
    if verdict.sources:
        is_respelled = verdict.match is Match.RESPELLED
        offered_links = verdict.spellings if is_respelled else offered.sources[verdict.sources[0]].links
        return f"write {offered_links[0].url}" if offered_links else None
    if verdict.meant and verdict.match is not Match.CATALOGUED:
        return f"did you mean {verdict.meant}?"
    return _instead(offered)


def _instead(offered: Offered) -> str:
    """What to do about a link that was not offered."""
    has_links = any(source.field_links for source in offered.sources)
    return "remove it, or cite one of the offered entries" if has_links else "remove it: no link was offered"


def odd_destinations(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A204: a Markdown link that leads nowhere, such as `[code](#)`."""
    for href, label in analysis.answer.odd_hrefs:
        is_anchor = href.startswith("#") and href != "#"
        says_nothing = href != "" and is_nothing(href)  # `[GitHub](None)` says itself that there is no link
        if not is_anchor and not says_nothing:
            message = f"the link {shorten(label.text, 60)!r} leads nowhere: {shorten(href, 60)!r}"
            yield Violation("A204", label.start, label.end, message, "write an offered link, or none")


def spoofed(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A205: the text of a link is a URL, and it leads to another one."""
    for cited, _ in analysis.links:
        label, link = cited.label, cited.spotted.link
        if label is None or link is None or not label.text.strip().lower().startswith(_URL_STARTS):
            continue
        shown = identify(label.text)
        if shown is not None and shown.key != link.key:
            message = f"the text of this link is {shorten(label.text)}, but it leads elsewhere"
            yield _at(cited.spotted, "A205", message, "make both the same")


def misattributed(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A401: the name of one entry with the link of another."""
    for cited, _, verdict in _links_of_named(analysis):
        owners = analysis.owners(cited)
        if owners and owners.isdisjoint(verdict.sources):
            message = f"this link is of {analysis.quoted_name(min(owners))}, not of {shorten(verdict.meant or '')!r}"
            urls = " or ".join(analysis.offered.field_urls(verdict.sources))
            hint = f"write {urls}" if urls else "no link was offered for it: write None"
            yield _at(cited.spotted, "A401", message, hint)


def wrong_place(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A402: the paper's link where the code belongs, or the other way round."""
    for cited, role, verdict in _links_of_named(analysis):
        other = _OTHER_ROLE.get(role)
        if other is not None and _roles(analysis.link_verdict(cited), verdict) == {other}:
            expected, actual = _ROLE_NAMES[role], _ROLE_NAMES[other]
            urls = analysis.offered.field_urls(verdict.sources, role)
            hint = f"write {urls[0]}" if urls else f"no link of the {expected} was offered: write None"
            yield _at(cited.spotted, "A402", f"this is the link of the {actual}, given as the {expected}", hint)


def _links_of_named(analysis: AnswerAnalysis) -> Iterator[tuple[Cited, str, Verdict]]:
    """The links beside names that leave no doubt: the link, the role that its place gives it, what the name means."""
    for claim, verdict in analysis.verdicts:
        if verdict.match in CERTAIN:
            yield from ((cited, role, verdict) for cited, role in claim.links)


def _roles(link: Verdict, named: Verdict) -> set[str]:
    """The roles that an offered link has for the entries that are named."""
    if link.match not in (Match.OFFERED, Match.RESPELLED):
        return set()
    owners = zip(link.sources, link.spellings, strict=True)
    return {own_link.role for index, own_link in owners if index in named.sources}


def repository_ids(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A308 and A309: ids such as `owner/name` in code."""
    by_name = dict(_repositories(analysis.offered))
    offered_ids = {key for _, key in _repositories(analysis.offered)}
    for phrase in analysis.answer.phrases:
        key = phrase.text.strip().casefold()
        if phrase.kind != "code" or not _is_repository_id(phrase.text.strip()):
            continue
        if key in offered_ids or _is_in_prompt(key, analysis.offered):
            continue
        meant = by_name.get(key.partition("/")[2])
        if meant is not None:
            message = "this repository was offered under another owner"
            yield Violation("A309", phrase.start, phrase.end, message, f"did you mean {meant}?")
        else:
            message = "this reads like a repository that was not offered"
            yield Violation("A308", phrase.start, phrase.end, message, _instead(analysis.offered))


def _repositories(offered: Offered) -> Iterator[tuple[str, str]]:
    """The repositories of the sources: name, and id with the owner, both case-folded."""
    for source in offered.sources:
        for own_link in (*source.links, *source.known):
            key = own_link.link.key.rpartition(":")[2]
            if "/" in own_link.link.key:
                yield key.partition("/")[2], key


def _is_in_prompt(key: str, offered: Offered) -> bool:
    """Whether the prompt itself writes an id: what may be an id is often a path or two words, such as `and/or`."""
    texts = [offered.question, *(source.text for source in offered.sources)]
    return any(key in text.casefold() for text in texts)


def _is_repository_id(text: str) -> bool:
    owner, slash, name = text.partition("/")
    return bool(slash) and _is_id_part(owner) and _is_id_part(name)


def _is_id_part(text: str) -> bool:
    return len(text) > 1 and text[0].isalnum() and all(char.isalnum() or char in "._-" for char in text)

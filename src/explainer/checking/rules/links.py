"""Rules about links: offered or not, altered, spelled otherwise, under another's name, in another's place.

What a link means is found in `match`; here it becomes a violation, or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from explainer.catalogs.links import Link, identify
from explainer.checking.analysis import AnswerAnalysis, Fix, Violation
from explainer.checking.answer import Answer, Cited
from explainer.checking.match import CERTAIN, OWN, Match, Verdict
from explainer.checking.offered import Offered
from explainer.checking.spotting import LinkInText, spot_links
from explainer.checking.titles import is_nothing
from explainer.diagnostics.text import lazy_regex, shorten

# an issue or a commit, of which GitHub makes a link ("Autolinked references and URLs")
_REFERENCE: Final = lazy_regex(
    r"(?<![\w/.:@#-])(?P<id>[a-z\d][a-z\d-]{0,38}/[\w.-]{1,100})(?:#\d{1,9}|@[\da-f]{7,40})(?!\w)",
    re.IGNORECASE,
)
_REFERENCE_END: Final = lazy_regex(r"#\d|@[\da-f]{7}", re.IGNORECASE)
# what a program loads by such an id
_LOADED: Final = lazy_regex(
    r"(?:from_pretrained|pipeline|hub\.load|snapshot_download|hf_hub_download|load_dataset)\([^()\n]{0,200}?[\"']"
    r"(?P<id>[a-z\d][\w.-]{0,99}/[\w.-]{1,100})[\"']",
    re.IGNORECASE,
    needs=("pretrained(", "pipeline(", "load(", "download(", "dataset("),
)
# an id that is given as one: `GitHub: owner/name`, `on GitHub (owner/name)`
_GIVEN: Final = lazy_regex(
    r"[:：(（][*_`\s]{0,4}(?P<id>[a-z\d][\w-]{0,38}/[\w.-]{1,99}\w)(?![\w/])", re.IGNORECASE
)
# what is said before it, and how many characters that may be
_GIVING: Final = lazy_regex(
    r"\b(?:github|gitlab|hugging\s?face|hf|repo|repository|(?:quell)?code|weights|checkpoints?|implementation|código"
    r"|codice|dépôt|код)[*_`]{0,3}\s?\Z",
    re.IGNORECASE,
)
_LONGEST_GIVING: Final = 20
# a part of an item of the references, with a hyphen or a digit: `LanternNet, owner/name-2`
_LISTED: Final = lazy_regex(
    r"[,;–—] (?P<id>[a-z\d][a-z\d-]{1,38}/(?=[\w.]*[-\d])[\w.-]{2,99}\w)(?=\s*(?:[,;]|\Z))",
    re.IGNORECASE,
    needs=(", ", "; ", "– ", "— "),
)
# an id such as `owner/name`, of parts that begin with a letter or digit
_REPOSITORY_ID: Final = lazy_regex(
    # no media type (RFC 6838), and no path of a file or folder
    r"\A(?!(?:(?:application|audio|font|image|message|model|multipart|text|video|src|path|data|dataset|datasets|usr|etc|home"
    r"|bin|tests?|docs?|configs?|scripts?|checkpoints|weights|outputs?|inputs?|train|examples?)/.*"
    r"|.*\.(?:c|cc|cfg|cpp|csv|gif|h|html|ini|ipynb|jpe?g|js|jsonl?|lock|md|mp[34]|npy|pdf|png|pt|pth|py|rst|sh|svg|toml"
    r"|ts|txt|wav|xml|ya?ml|zip))\Z)"
    # nor what is given as an alternative: `Code: Python/PyTorch`
    r"(?!(?:(?:c|cpp|cuda|jax|julia|keras|matlab|numpy|onnx|python|pytorch|tensorflow|no|yes)(?:/|\Z)){2}\Z)"
    r"[^\W_][\w.-]+/[^\W_][\w.-]+"
)
_ANCHOR: Final = lazy_regex("#.")
_OTHER_ROLE: Final = {"paper": "github", "github": "paper"}
_ROLE_NAMES: Final = {"paper": "paper", "github": "code"}
_INSTEAD: Final = "{instead}"
_MEANT: Final = "did you mean {meant}?"
_WRITE: Final = "write {meant}"
RESPELLED_CODE: Final = "A203"
"""The code for another spelling of an offered link: it leads to the same thing, so it counts only on request."""
# what would end a link in Markdown or HTML, if it were written there
_ENDS_LINK: Final = lazy_regex(r"[\s<>()\"'`|,]")
# what is wrong with a link, and what to do; `name` is the entry that it belongs to
_FAULTS: Final = {
    Match.RESPELLED: (
        RESPELLED_CODE,
        "this spelling differs from the offered link of {name!r}",
        _WRITE,
    ),
    Match.KNOWN: (
        "A206",
        "this link of {name!r} is catalogued, but the prompt does not print it",
        _WRITE,
    ),
    Match.ALTERED: ("A202", "this link was not offered, but looks like one that was", _MEANT),
    Match.CATALOGUED: (
        "A207",
        "this is the link of {name!r}, which is catalogued but was not offered",
        _INSTEAD,
    ),
    Match.FOREIGN: ("A201", "this link was not offered", _INSTEAD),
    Match.INVALID: ("A204", "this is not a working link", _MEANT),
    Match.QUESTION: (
        "A208",
        "the question mentions this link, but it was not offered as a source",
        _INSTEAD,
    ),
}
_FOREIGN_NUMBER: Final = (
    "A209",
    "this looks like the arXiv id of a paper that was not offered",
    _INSTEAD,
)
_FOREIGN_REPOSITORY: Final = ("A308", "this looks like a repository that was not offered", _INSTEAD)
_OTHER_OWNER: Final = ("A309", "this repository was offered under another owner", _MEANT)
_FAULTS_BY_FORM: Final = {"number": {**_FAULTS, Match.FOREIGN: _FOREIGN_NUMBER}}


def link_status(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A201-A204, A206-A209: what each link is."""
    instead = _instead(analysis.offered)
    for cited, verdict in analysis.links:
        spotted = cited.spotted
        fault = _FAULTS_BY_FORM.get(spotted.form, _FAULTS).get(verdict.match)
        if fault is None:
            continue
        code, message, hint = fault
        message = message.format(name=shorten(analysis.entry_name(verdict) or ""))
        hint = (hint if verdict.meant else _INSTEAD).format(meant=verdict.meant, instead=instead)
        before = analysis.answer.body[max(0, spotted.start - 1) : spotted.start]
        yield _at(spotted, code, message, hint, _respelling(spotted, verdict, before))


# What ends the text before a link that is only the rest of a longer one, such as `https:/\\arxiv.org/abs/…`.
_INSIDE_LINK: Final = ("/", "\\")


def _at(
    spotted: LinkInText, code: str, message: str, hint: str, fix: Fix | None = None
) -> Violation:
    return Violation(code, spotted.start, spotted.end, message, hint, fix)


def _respelling(spotted: LinkInText, verdict: Verdict, before: str) -> Fix | None:
    """A link as it was offered, where only its spelling differs: never changed to http, to a PDF, or to one version."""
    if verdict.match is not Match.RESPELLED or before in _INSIDE_LINK:
        return None
    offered = verdict.spellings[0].url
    if _ENDS_LINK.search(spotted.text + offered):
        return None
    merits = zip(_merits(spotted.url), _merits(offered), strict=True)
    is_no_worse = all(as_written <= as_offered for as_written, as_offered in merits)
    if not is_no_worse:
        return None
    return Fix(spotted.start, spotted.end, offered)


def _merits(url: str) -> tuple[bool, bool, bool]:
    link = identify(url)
    is_pdf = "/pdf" in url or url.lower().endswith(".pdf")
    return not url.lower().startswith("http:"), not is_pdf, not (link and link.detail)


def _instead(offered: Offered) -> str:
    """What to do about a link that was not offered."""
    has_links = offered.field_urls(range(len(offered.sources)))
    return (
        "remove it, or cite one of the offered entries"
        if has_links
        else "remove it: no link was offered"
    )


def odd_destinations(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A204: a Markdown link that leads nowhere, such as `[code](#)`."""
    for href, label in analysis.answer.odd_hrefs:
        if _ANCHOR.match(href):  # `#section` leads somewhere
            continue
        if href and is_nothing(href):  # `[GitHub](None)` says itself that there is no link
            continue
        message = f"the link {shorten(label.text, 60)!r} leads nowhere: {shorten(href, 60)!r}"
        yield Violation("A204", label.start, label.end, message, "write an offered link, or none")


def spoofed(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A205: the text of a link reads as a link, and it leads to another one."""
    for cited, verdict in analysis.links:
        label, spotted = cited.label, cited.spotted
        # of a link that was not offered it is said that it was not
        if label is None or verdict.match not in OWN:
            continue
        if label.start <= spotted.start < label.end:  # the text is the link itself
            continue
        if _shows_other_link(label.text, verdict.spellings[0].link):
            message = f"the text of this link is {shorten(label.text)}, but it leads elsewhere"
            yield _at(spotted, "A205", message, "make both the same")


def _shows_other_link(text: str, link: Link) -> bool:
    """Whether the text of a link has links in it, and none that leads to the same thing."""
    keys = {shown.link.key for shown in spot_links(text) if shown.link}
    return bool(keys) and link.key not in keys


def misattributed(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A401: the name of one entry with the link of another."""
    for cited, _, verdict in _links_of_named(analysis):
        owners = analysis.owners(cited)
        if owners and owners.isdisjoint(verdict.sources):
            message = f"this link is of {analysis.quoted_name(min(owners))}, not of {shorten(verdict.meant or '')!r}"
            urls = analysis.offered.field_urls(verdict.sources)
            yield _at(cited.spotted, "A401", message, _write(urls, "no link was offered for it"))


def wrong_place(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A402: the paper's link where the code belongs, or the other way round."""
    for cited, role, verdict in _links_of_named(analysis):
        other = _OTHER_ROLE.get(role, "")
        if _roles(analysis.link_verdict(cited), verdict) == {other}:
            expected, actual = _ROLE_NAMES[role], _ROLE_NAMES[other]
            message = f"this is the link of the {actual}, given as the {expected}"
            urls = analysis.offered.field_urls(verdict.sources, role)[:1]
            hint = _write(urls, f"no link of the {expected} was offered")
            yield _at(cited.spotted, "A402", message, hint)


def _write(urls: Sequence[str], otherwise: str) -> str:
    if not urls:
        return f"{otherwise}: write None"
    return f"write {' or '.join(urls)}"


def _links_of_named(analysis: AnswerAnalysis) -> Iterator[tuple[Cited, str, Verdict]]:
    """The links beside names that leave no doubt: the link, the role that its place gives it, what the name means."""
    for reference, verdict in analysis.verdicts:
        if verdict.match in CERTAIN:
            yield from ((cited, role, verdict) for cited, role in reference.links)


def _roles(link: Verdict, named: Verdict) -> set[str]:
    """The roles that an offered link has for the entries that are named."""
    if link.match not in (Match.OFFERED, Match.RESPELLED):
        return set()
    owners = zip(link.sources, link.spellings, strict=True)
    return {own_link.role for index, own_link in owners if index in named.sources}


def repository_ids(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A308 and A309: ids such as `owner/name` in code, and `owner/name#1` or `pipeline("owner/name")` anywhere."""
    offered_ids = _repositories(analysis.offered)
    by_name = {_without_owner(key): key for key in offered_ids}
    for text, start, end in _possible_ids(analysis.answer, analysis.sections.lines("references")):
        key = text.strip().casefold()
        # what may be an id is often a path or two words, such as `and/or`: what the prompt writes itself is none
        if key in offered_ids or key in analysis.offered.said:
            continue
        if _REPOSITORY_ID.fullmatch(key) is None:
            continue
        meant = by_name.get(_without_owner(key))
        code, message, hint = _OTHER_OWNER if meant else _FOREIGN_REPOSITORY
        hint = hint.format(meant=meant, instead=_instead(analysis.offered))
        yield Violation(code, start, end, message, hint)


def _possible_ids(answer: Answer, references: Iterable[int]) -> Iterator[tuple[str, int, int]]:
    """What may be the id of a repository, and where it begins and ends."""
    for phrase in answer.phrases_of("code"):
        yield phrase.text, phrase.start, phrase.end
    loaded = _LOADED.finditer(answer.body)
    for match in chain(_references_in(answer), loaded, _given_in(answer.body)):
        yield match["id"], *match.span("id")
    for number in references:
        start, line = answer.line_starts[number], answer.line(number)
        for match in _LISTED.finditer(line) if "/" in line else ():
            yield match["id"], start + match.start("id"), start + match.end("id")


def _given_in(body: str) -> Iterator[re.Match[str]]:
    for match in _GIVEN.finditer(body):
        first = max(0, match.start() - _LONGEST_GIVING)
        if _GIVING.search(body, first, match.start()):
            yield match


def _references_in(answer: Answer) -> Iterator[re.Match[str]]:
    """Issues and commits outside code."""
    # few answers have what these end with, and looking for that takes a tenth of the time
    if _REFERENCE_END.search(answer.body) is None:
        return
    for match in _REFERENCE.finditer(answer.body):
        if answer.line_of(match.start()) not in answer.code_lines:
            yield match


def _without_owner(key: str) -> str:
    return key.partition("/")[2]


def _repositories(offered: Offered) -> set[str]:
    """The ids of the repositories of the sources, case-folded."""
    keys = [own_link.link.key for own_link in offered.own_links]
    return {key.rpartition(":")[2] for key in keys if "/" in key}

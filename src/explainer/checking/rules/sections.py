"""Rules about the answer as a whole: its three sections, what is missing, cut off, refused or never used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from explainer.checking.analysis import AnswerAnalysis, Violation
from explainer.checking.names import NameFit
from explainer.checking.rules.names import is_cut_off
from explainer.checking.sections import KINDS, NAMES
from explainer.diagnostics.text import shorten

_REFUSAL: Final = re.compile(
    r"\bI(?:['’]m| am)\s+(?:sorry|unable|not able)|\bI\s+(?:can(?:no|['’])t|cannot|won['’]t|will not|must decline)\b"
    r"|\bas an AI\b|\bI apologi[sz]e\b",
    re.IGNORECASE,
)
_SHORT_ANSWER: Final = 800
_OPEN_LINK: Final = re.compile(r"\[[^\]\n]{0,300}$|\]\([^)\s]{0,500}$")
_EMPTY_FIELD: Final = re.compile(
    r"\s*[-*+]\s+\*{0,2}(?:Model|Paper|GitHub|Title|Link)\s?:?\*{0,2}\s?:?\s*", re.IGNORECASE
)
_VISIBLE: Final = re.compile(r"[^\W_]")


def sections(review: AnswerAnalysis) -> Iterator[Violation]:
    """A111 and A112: the three sections are there, and say something."""
    answer = review.answer
    for kind in KINDS:
        section = review.sections.found.get(kind)
        if section is None:
            hint = "give each of the three parts a heading, numbered 1 to 3"
            yield Violation("A111", 0, 0, f"{NAMES[kind]}: missing", hint)
            continue
        start = answer.line_starts[section.heading.line]
        end = start + len(answer.line(section.heading.line))
        lines = range(section.first, section.last)
        if not any(line not in answer.headings and _VISIBLE.search(answer.line(line)) for line in lines):
            yield Violation("A112", start, end, f"{NAMES[kind]}: empty", "write it, or ask for it again")
        elif kind == "references" and not review.named_in(section.first, section.last):
            yield Violation(
                "A112",
                start,
                end,
                f"{NAMES[kind]}: cites nothing that was offered",
                "list the entries that support the answer",
            )


def order(review: AnswerAnalysis) -> Iterator[Violation]:
    """A113-A115: order, numbers and headings of the sections."""
    found = [review.sections.found[kind] for kind in KINDS if kind in review.sections.found]
    starts = [section.heading.line for section in found]
    answer = review.answer
    if starts != sorted(starts):
        start = answer.line_starts[min(starts)]
        yield Violation(
            "A113",
            start,
            start,
            "the sections stand in another order than task, workflow, references",
            "move them",
        )
    for kind, section in review.sections.found.items():
        number, expected = section.heading.number, KINDS.index(kind) + 1
        start = answer.line_starts[section.heading.line]
        end = start + len(answer.line(section.heading.line))
        if number not in (None, expected):
            yield Violation(
                "A114", start, end, f"this is section {expected}, numbered {number}", f"number it {expected}"
            )
        elif not section.by_words:
            title = shorten(section.heading.title, 60)
            yield Violation("A114", start, end, f"the heading {title!r} does not say that this is {NAMES[kind]}")
    for heading in review.sections.extra:
        start = answer.line_starts[heading.line]
        end = start + len(answer.line(heading.line))
        yield Violation(
            "A115",
            start,
            end,
            f"a section too many: {shorten(heading.title, 60)!r}",
            "answer in three sections",
        )


def workflow(review: AnswerAnalysis) -> Iterator[Violation]:
    """A121: the workflow names a model that was offered, or any entry where no model was."""
    section = review.sections.found.get("workflow")
    if section is None:
        return
    wanted = {index for index, source in enumerate(review.offered.sources) if source.kind == "model"}
    wanted = wanted or set(range(len(review.offered.sources)))
    if not wanted & review.named_in(section.first, section.last):
        start = review.answer.line_starts[section.heading.line]
        end = start + len(review.answer.line(section.heading.line))
        names = ", ".join(repr(shorten(review.offered.sources[index].name, 60)) for index in sorted(wanted)[:3])
        yield Violation(
            "A121", start, end, "the workflow names no model that was offered", f"say what {names} does in it"
        )


def completeness(review: AnswerAnalysis) -> Iterator[Violation]:
    """A104 and A105: the answer was read whole, and does not end in the middle."""
    answer = review.answer
    if answer.cut:
        yield Violation("A105", 0, 0, "the answer is too long to be read whole", "what was not read was not checked")
        return
    body = answer.body.rstrip()
    last_line = body[body.rfind("\n") + 1 :]
    hint = "ask for the answer again, with more room"
    if answer.unclosed_fence is not None:
        at = answer.unclosed_fence
        yield Violation("A104", at, at + 3, "a code fence is opened here and never closed", hint)
        return
    cut = next((claim for claim in review.claims if is_cut_off(review, claim)), None)
    if cut is not None:
        yield Violation("A104", cut.start, cut.end, "the answer ends in the middle of a title", hint)
    elif _OPEN_LINK.search(last_line) or _EMPTY_FIELD.fullmatch(last_line) or _ends_in_url(review, body):
        yield Violation("A104", len(body) - len(last_line), len(body), "the answer ends in the middle", hint)


def _ends_in_url(review: AnswerAnalysis, body: str) -> bool:
    """Whether the last thing is the beginning of an offered URL, and no URL that was offered itself."""
    if not review.links:
        return False
    last = review.links[-1]
    spotted = last.cited.spotted
    if spotted.end < len(body) or last.status not in ("foreign", "altered", "invalid"):
        return False
    return any(url.startswith(spotted.text) for url in review.offered.urls)


def refusal(review: AnswerAnalysis) -> Iterator[Violation]:
    """A103: a short text with no section that says that it will not answer."""
    body = review.answer.body.strip()
    match = _REFUSAL.search(review.answer.body)
    if match and len(body) < _SHORT_ANSWER and len(review.sections.found) < 2 and not review.links:  # noqa: PLR2004
        yield Violation("A103", match.start(), match.end(), "the answer refuses", "ask again")


def coverage(review: AnswerAnalysis) -> Iterator[Violation]:
    """A501-A503: what the text relies on is listed with a link, and what was offered is used."""
    answer, section = review.answer, review.sections.found.get("references")
    everywhere = review.named_in(0, answer.lines)
    listed = review.named_in(section.first, section.last) if section else set()
    linked = {index for verdict in review.links for index in review.owners(verdict.cited)}
    first_mention: dict[int, int] = {}
    for at, index in review.mentions:
        first_mention.setdefault(index, at)
    for index, source in enumerate(review.offered.sources):
        name = shorten(source.name)
        if index not in everywhere:
            yield Violation("A502", 0, 0, f"{name!r} was offered but is never used")
        elif section and index not in listed and index in first_mention:
            at = first_mention[index]
            yield Violation(
                "A501",
                at,
                at,
                f"{name!r} is used here, but the references do not list it",
                "list it with its link",
            )
    for claim, verdict in review.verdicts:
        if claim.listed and claim.strict and verdict.fit is NameFit.EXACT and not claim.links:
            own = [
                o.url for index in verdict.sources for o in review.offered.sources[index].links if o.role != "summary"
            ]
            if own and not linked & set(verdict.sources):
                yield Violation("A503", claim.start, claim.end, "listed without its link", f"add {own[0]}")

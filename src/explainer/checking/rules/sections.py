"""Rules about the answer as a whole: its three sections, what is missing, cut off, refused or never used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from explainer.checking.analysis import AnswerAnalysis, Violation
from explainer.checking.match import Match
from explainer.checking.rules.names import is_cut_off
from explainer.checking.sections import KINDS, NAMES, Section
from explainer.checking.titles import words
from explainer.checking.workflow.naming import NOT_OFFERED
from explainer.diagnostics.text import lazy_regex, shorten

# the phrases of models that decline; `I cannot` also stands in answers, so length and sections count, too
_REFUSAL: Final = lazy_regex(
    r"\bI(?:['’]m| am)\s+(?:sorry|unable|not able)|\bI\s+(?:can(?:no|['’])t|cannot|won['’]t|will not|must decline)\b"
    r"|\bas an AI\b|\bI apologi[sz]e\b",
    re.IGNORECASE,
)
# characters of a refusal; a longer text that says `I cannot` answers, and says what it cannot
_MAX_REFUSAL: Final = 800
_MIN_TASK: Final = 2  # words of a task
# in what the prompt asks, which headings repeat
_PROMPTS_WORDS: Final = frozenset({"task", "user"})
_MAX_NAMED: Final = 3  # models that the hint of A121 names
# the last line opens a Markdown link that it never closes, or is a field of the references without its value
_OPEN_END: Final = lazy_regex(
    r"(?:\[[^\]\n]{0,300}|\]\([^)\s]{0,500}"
    r"|^\s*[-*+]\s+\*{0,2}(?:Model|Paper|GitHub|Title|Link)\s?:?\*{0,2}\s?:?\s*)\Z",
    re.IGNORECASE | re.MULTILINE,
    needs=("[", "](", "-", "*", "+"),
)
_LONGEST_END: Final = 600  # characters that such an end has
_CUT_LINKS: Final = frozenset({Match.FOREIGN, Match.ALTERED, Match.INVALID})
_VISIBLE: Final = lazy_regex(r"[^\W_]")
_FENCE_MARK: Final = len("```")


def sections(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A111 and A112: the three sections are there, and say something."""
    for kind in KINDS:
        section = analysis.sections.found.get(kind)
        if section is None:
            hint = "give each of the three parts a heading, numbered 1 to 3"
            yield Violation("A111", 0, 0, f"{NAMES[kind]}: missing", hint)
        elif not _says_something(analysis, section) and not _is_task_in_heading(section):
            hint = "write it, or ask for it again"
            yield _at(section, analysis, "A112", f"{NAMES[kind]}: empty", hint)
        elif kind == "references" and not analysis.cited_in(section.first, section.last):
            message = f"{NAMES[kind]}: cites nothing that was offered"
            hint = "list the entries that support the answer"
            yield _at(section, analysis, "A112", message, hint)


def _at(
    section: Section, analysis: AnswerAnalysis, code: str, message: str, hint: str | None = None
) -> Violation:
    return Violation(code, *analysis.answer.span(section.heading.line), message, hint)


def _says_something(analysis: AnswerAnalysis, section: Section) -> bool:
    headings = analysis.answer.headings.keys() - {section.heading.line}
    numbers = sorted(set(range(section.first, section.last)) - headings)
    return any(_VISIBLE.search(section.line(analysis.answer, number)) for number in numbers)


def _is_task_in_heading(section: Section) -> bool:
    """Whether the heading of the first section says the task itself: `1. Task: Image Dehazing`."""
    task = words(section.heading.title.casefold().partition(":")[2])
    return section.kind == "task" and len(task) >= _MIN_TASK and _PROMPTS_WORDS.isdisjoint(task)


def order(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A113-A116: order and number of the sections, sections besides, and a second answer behind the first."""
    answer, ordered = analysis.answer, analysis.sections.found.values()
    lines = [section.heading.line for section in ordered]
    if lines != sorted(lines):
        start = answer.line_starts[min(lines)]
        message = "the sections are not in the order task, workflow, references"
        yield Violation("A113", start, start, message, "move them")
    for heading in analysis.sections.extra:
        message = f"another section: {shorten(heading.title, 60)!r}"
        yield Violation("A115", *answer.span(heading.line), message)
    for section in ordered:
        number = section.heading.number
        # another section between them says already why the numbers differ
        if number not in (None, section.number) and not analysis.sections.extra:
            message = f"this is section {section.number}, numbered {number}"
            yield _at(section, analysis, "A114", message, f"number it {section.number}")
    for heading in analysis.sections.repeated[:1]:
        message = "a second answer begins here: each of the three sections is there again"
        hint = "keep one answer: only one of them was checked"
        yield Violation("A116", *answer.span(heading.line), message, hint)


def workflow(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A121: the workflow names a model that was offered, or any entry where no model was."""
    section = analysis.sections.found.get("workflow")
    models = analysis.offered.models
    if section is None:
        return
    if not models.isdisjoint(analysis.named_in(section.first, section.last)):
        return
    if _uses_strange_names(analysis):
        return  # a model that was not offered, or a name that was altered, is said there
    names = ", ".join(analysis.quoted_name(index, 60) for index in sorted(models)[:_MAX_NAMED])
    message = "the workflow names no model that was offered"
    yield _at(section, analysis, "A121", message, f"say what {names} does in it")


def _uses_strange_names(analysis: AnswerAnalysis) -> bool:
    matches = chain.from_iterable(matches for _, matches in analysis.flows)
    return not NOT_OFFERED.isdisjoint(match.fit for match in matches)


def completeness(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A104 and A105: the answer was read whole, and does not end in the middle."""
    answer = analysis.answer
    if answer.cut:
        message = "the answer is too long to be read whole"
        yield Violation("A105", 0, 0, message, "what was not read was not checked")
        return
    for start, end, message in islice(_broken_endings(analysis), 1):
        yield Violation("A104", start, end, message, "ask for the answer again, with more room")


def _broken_endings(analysis: AnswerAnalysis) -> Iterator[tuple[int, int, str]]:
    """Where an answer ends in the middle of something, and of what; the most certain first."""
    fence = analysis.answer.unclosed_fence
    if fence is not None:
        yield fence, fence + _FENCE_MARK, "a code fence is opened here and never closed"
    for reference in analysis.references:
        if is_cut_off(analysis, reference):
            yield reference.start, reference.end, "the answer ends in the middle of a title"
    body = analysis.answer.body.rstrip()
    start = body.rfind("\n") + 1
    line = _without_offered(analysis, body[start:])
    is_open = _OPEN_END.search(line, max(0, len(line) - _LONGEST_END)) is not None
    if is_open or _ends_in_url(analysis, len(body)):
        yield start, len(body), "the answer ends in the middle"


def _without_offered(analysis: AnswerAnalysis, line: str) -> str:
    """A line without what was offered, which may itself look like the beginning of a link: `Numbers in [0, 1)`."""
    for text in (*(source.name for source in analysis.offered.sources), *analysis.offered.urls):
        line = line.replace(text, "-")
    return line


def _ends_in_url(analysis: AnswerAnalysis, end: int) -> bool:
    """Whether the last thing is the beginning of an offered URL, and no URL that was offered itself."""
    if not analysis.links:
        return False
    cited, verdict = analysis.links[-1]
    if cited.spotted.end < end:
        return False
    if verdict.match not in _CUT_LINKS:
        return False
    return any(url.startswith(cited.spotted.text) for url in analysis.offered.urls)


def refusal(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A103: a short text with hardly a section that says that it will not answer."""
    body = analysis.answer.body
    if len(body.strip()) >= _MAX_REFUSAL:
        return
    if len(analysis.sections.found) > 1 or analysis.links:
        return
    match = _REFUSAL.search(body)
    if match is not None:
        yield Violation("A103", *match.span(), "the answer refuses", "ask again")


def unused(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A502: what was offered is used."""
    for index in sorted(set(range(len(analysis.offered.sources))) - analysis.used):
        yield Violation("A502", 0, 0, f"{analysis.quoted_name(index)} was offered but not used")


def unlisted(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A501: what the text relies on is listed."""
    section = analysis.sections.found.get("references")
    if section is None:
        return
    reported = analysis.named_in(section.first, section.last)
    for place, index in analysis.mentions:
        if index not in reported:
            reported.add(index)
            name = analysis.quoted_name(index)
            message = f"{name} is used here, but the references do not list it"
            yield Violation("A501", place, place, message, "list it with its link")


def unlinked(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """A503: what is listed stands there with a link, when it has one."""
    linked: set[int] = set()
    for _, link_verdict in analysis.links:
        linked.update(link_verdict.good_sources)
    for reference, verdict in analysis.verdicts:
        if verdict.match is not Match.OFFERED or not reference.asks_for_link:
            continue
        urls = analysis.offered.field_urls(verdict.sources)
        if urls and linked.isdisjoint(verdict.sources):
            message = "listed without its link"
            yield Violation("A503", reference.start, reference.end, message, f"add {urls[0]}")

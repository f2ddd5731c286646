"""Answers mended: safe changes in place, and for the rest the follow-ups that tell LLMs exactly what to mend."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from explainer.checking.analysis import Fix
from explainer.checking.check import CheckReport
from explainer.checking.inputs import AnswerInput, with_answer
from explainer.checking.offered import Offered, OfferedEntry
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import printable, shorten
from explainer.files import cannot_read, read_file, write_in_place

_MARK: Final = b"\xef\xbb\xbf"  # the byte order mark of UTF-8
_MOST_POINTS: Final = 40  # findings that a follow-up lists: more of them are seldom mended at once
_FIELD_NAMES: Final = {"paper": "Paper", "github": "GitHub"}


class MendedFiles(Struct):
    """What mending gave.

    Attributes:
        reports: all reports, those of mended answers made anew.
        counts: the places that were mended, by file.
        findings: what cannot be read or written.
    """

    reports: list[CheckReport]
    counts: dict[str, int] = {}
    findings: list[Finding] = []


def mend_files(
    answers: Sequence[AnswerInput],
    reports: Sequence[CheckReport],
    fixable: Sequence[CheckReport],
    check: Callable[[AnswerInput], CheckReport],
) -> MendedFiles:
    """Mend answers in place and check them again.

    Args:
        answers: the answers.
        reports: what was found about each.
        fixable: the same reports, with those fixes only that are to be made.
        check: how answers are checked.
    """
    result = MendedFiles(list(reports))
    numbers_by_file: dict[str, list[int]] = defaultdict(list)
    for number, report in enumerate(fixable):
        text = fixed_text(report)
        if text != report.text:
            result.reports[number] = check(replace(answers[number], text=text, findings=()))
            numbers_by_file[answers[number].file].append(number)
    # an answer from there has no place: its report holds the mended text
    numbers_by_file.pop("<stdin>", None)
    for file, numbers in numbers_by_file.items():
        mended = [(answers[number], result.reports[number].text) for number in numbers]
        problem = _write(Path(file), mended)
        if problem is None:
            result.counts[file] = sum(_places_to_mend(reports[number]) for number in numbers)
            continue
        result.findings.append(problem)
        for number in numbers:  # what is not written is not mended
            result.reports[number] = reports[number]
    return result


def _places_to_mend(report: CheckReport) -> int:
    return len(set(map(itemgetter(1), report.fixes)))


def _write(path: Path, answers: Sequence[tuple[AnswerInput, str]]) -> Finding | None:
    """Write mended answers back: one as the whole file, or several into their lines; all else stays byte for byte."""
    try:
        before = read_file(path)
    except OSError as error:
        return cannot_read(path, error)
    content = before.removeprefix(_MARK)
    mark = before.removesuffix(content)
    if not answers[0][0].line:
        return write_in_place(path, mark + answers[0][1].encode())
    lines = content.split(b"\n")
    for answer, text in answers:
        line = lines[answer.line - 1].decode()
        changed = with_answer(line, str(answer.text), text)
        if changed is None:
            message = f"the answer {answer.id!r} is in several pieces, so it was not fixed"
            return Finding("A601", Location(str(path), answer.line), message, "fix it by hand")
        lines[answer.line - 1] = (changed + "\r" * line.endswith("\r")).encode()
    return write_in_place(path, mark + b"\n".join(lines))


def fixed_text(report: CheckReport) -> str:
    """Return the text of an answer with all its fixes made."""
    return apply_fixes(report.text, map(itemgetter(1), report.fixes))


def apply_fixes(text: str, fixes: Iterable[Fix]) -> str:
    """Return the text with all fixes made; of two that overlap, the first one is."""
    pieces: list[str] = []
    end = 0
    for fix in sorted(set(fixes), key=attrgetter("start", "end", "text")):
        if fix.start >= end:
            pieces += [text[end : fix.start], fix.text]
            end = fix.end
    return "".join(pieces) + text[end:]


def repair_prompts(answers: Sequence[AnswerInput], reports: Iterable[CheckReport]) -> str:
    """Return the follow-ups for what can be mended: texts, or a line of JSON each for answers in lines of JSON."""
    prompts: list[dict[str, str]] = []
    for answer, report in zip(answers, reports, strict=True):
        if answer.offered is None or not report.faults:
            continue
        text = repair_prompt(report, answer.offered)
        prompts.append({"id": answer.id, "text": text})
    if not any(map(attrgetter("line"), answers)):
        return "\n".join(map(itemgetter("text"), prompts))
    return "".join(json.dumps(prompt, ensure_ascii=False) + "\n" for prompt in prompts)


def repair_prompt(report: CheckReport, offered: Offered) -> str:
    """Return the follow-up for an LLM: each error and warning, what to do about it, and what may be cited.

    An answer with no error or warning gets an empty text: there is nothing to fix.
    """
    points = report.faults
    if not points:
        return ""
    lines = [
        "Your answer has these errors. Correct exactly these, change nothing else, and give the whole answer again.",
        "",
    ]
    for number, finding in enumerate(points[:_MOST_POINTS], start=1):
        lines.append(f"{number}. {_point(finding)}")
    if len(points) > _MOST_POINTS:
        lines.append(
            f"{_MOST_POINTS + 1}. And {len(points) - _MOST_POINTS} more of the same kinds."
        )
    lines += ["", "Cite only these sources, with exactly these names and links, and no other:", ""]
    lines += chain.from_iterable(map(_source_lines, offered.sources))
    return "\n".join(lines) + "\n"


def _point(finding: Finding) -> str:
    """A finding as one sentence, or two with what to do about it."""
    text = finding.text.strip()
    quoted = f" `{printable(shorten(text, 200))}`:" if text else ""
    sentence = f"Line {finding.location.line}:{quoted} {printable(finding.message)}"
    if not finding.hint:
        return f"{sentence}."
    hint = printable(finding.hint[0].upper() + finding.hint[1:])
    return f"{sentence}. {hint}{'.' * (not hint.endswith('?'))}"


def _source_lines(source: OfferedEntry) -> Iterator[str]:
    yield f"- {printable(source.name)}"
    for link in source.field_links:
        yield f"  - {_FIELD_NAMES[link.role]}: {link.url}"
    if not source.field_links:
        yield "  - no link: write None"

"""Answers mended where they are kept: safe changes in place, and the follow-ups that tell LLMs what else to mend."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from explainer.checking.check import CheckReport, check_answer
from explainer.checking.inputs import AnswerInput, with_answer
from explainer.checking.repair import apply_fixes, repair_prompt
from explainer.diagnostics.finding import Finding, Location
from explainer.files import cannot_read, write_bytes

_MARK = b"\xef\xbb\xbf"  # the byte order mark of UTF-8


@dataclass(slots=True)
class MendedFiles:
    """What mending gave.

    Attributes:
        reports: all reports, those of mended answers made anew.
        counts: the places that were mended, by file.
        findings: what cannot be read or written.
    """

    reports: list[CheckReport]
    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def mend_files(
    answers: Sequence[AnswerInput], reports: Sequence[CheckReport], fixable: Sequence[CheckReport]
) -> MendedFiles:
    """Mend answers in place and check them again; one on stdin has no place, its report holds the mended text.

    Args:
        answers: the answers.
        reports: what was found about each.
        fixable: the same reports, with those fixes only that are to be made.
    """
    result = MendedFiles(list(reports))
    numbers_by_file: dict[str, list[int]] = {}
    for number, (answer, report) in enumerate(zip(answers, fixable, strict=True)):
        text = apply_fixes(report.text, (fix for _, fix in report.fixes))
        if answer.offered is None or text == report.text:
            continue
        result.reports[number] = check_answer(
            text, answer.offered, answer_id=answer.id, file=answer.file, line=answer.line
        )
        if answer.file != "<stdin>":
            numbers_by_file.setdefault(answer.file, []).append(number)
    for file, numbers in numbers_by_file.items():
        problem = _write(Path(file), [(answers[number], result.reports[number].text) for number in numbers])
        if problem is None:
            result.counts[file] = sum(_places_to_mend(reports[number]) for number in numbers)
            continue
        result.findings.append(problem)
        for number in numbers:
            result.reports[number] = reports[number]
    return result


def _places_to_mend(report: CheckReport) -> int:
    return len({fix for _, fix in report.fixes})


def _write(path: Path, answers: Sequence[tuple[AnswerInput, str]]) -> Finding | None:
    """Write mended answers back: one as the whole file, or several into their lines; all else stays byte for byte."""
    try:
        before = path.read_bytes()
    except OSError as error:
        return cannot_read(path, error)
    mark = _MARK if before.startswith(_MARK) else b""
    if not answers[0][0].line:
        return write_bytes(path, mark + answers[0][1].encode())
    lines = before.removeprefix(_MARK).split(b"\n")
    for answer, text in answers:
        line = lines[answer.line - 1].decode()
        changed = with_answer(line, answer.text or "", text)
        if changed is None:
            message = f"the answer {answer.id!r} stands in several pieces, so it was not mended"
            return Finding("A601", Location(str(path), answer.line), message, "mend it by hand")
        lines[answer.line - 1] = (changed + "\r" * line.endswith("\r")).encode()
    return write_bytes(path, mark + b"\n".join(lines))


def repair_prompts(answers: Sequence[AnswerInput], reports: Iterable[CheckReport]) -> str:
    """Return the follow-ups for what can be mended: texts, or a line of JSON each for answers in lines of JSON."""
    prompts: dict[int, str] = {}
    for number, (answer, report) in enumerate(zip(answers, reports, strict=True)):
        if answer.offered is not None:
            prompts[number] = repair_prompt(report, answer.offered)
    texts = [(answers[number].id, text) for number, text in prompts.items() if text]
    if not any(answer.line for answer in answers):
        return "\n".join(text for _, text in texts)
    rows = (json.dumps({"id": name, "text": text}, ensure_ascii=False) for name, text in texts)
    return "".join(f"{row}\n" for row in rows)

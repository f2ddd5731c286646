"""`explainer check --fix` and `--repair-prompt`: answers mended in place, and what to tell an LLM about the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from explainer.checking.answer_lines import with_answer
from explainer.checking.check import CheckReport, check_answer
from explainer.checking.inputs import AnswerInput
from explainer.checking.repair import apply_fixes, repair_prompt
from explainer.checking.waivers import select
from explainer.cli.terminal import say
from explainer.diagnostics.finding import Finding, Location
from explainer.files import write_bytes

_MARK = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8."""


def mend(
    given: Sequence[AnswerInput],
    reports: Sequence[CheckReport],
    selected: Sequence[str],
    ignored: Sequence[str],
    problems: list[Finding],
) -> list[CheckReport]:
    """Mend the answers in place and check them again; an answer on stdin goes, mended, to stdout as the product.

    Args:
        given: the answers.
        reports: what was found about each.
        selected: codes to mend, all when empty.
        ignored: codes to leave.
        problems: takes what cannot be read or written.
    """
    mended = list(reports)
    files: dict[str, list[int]] = {}
    for number, (one, report) in enumerate(zip(given, select(reports, selected, ignored), strict=True)):
        text = apply_fixes(report.text, (fix for _, fix in report.fixes)) if one.offered else report.text
        if text == report.text or one.offered is None:
            continue
        mended[number] = check_answer(text, one.offered, answer_id=one.id, file=one.file, line=one.line)
        if one.file != "<stdin>":
            files.setdefault(one.file, []).append(number)
    for file, numbers in files.items():
        problem = _write(Path(file), [(given[number], mended[number].text) for number in numbers])
        if problem is not None:
            problems.append(problem)
            for number in numbers:
                mended[number] = reports[number]
            continue
        count = sum(len({fix for _, fix in reports[number].fixes}) for number in numbers)
        say(f"{file}: mended {count} place{'s' * (count != 1)}")
    return mended


def _write(path: Path, answers: Sequence[tuple[AnswerInput, str]]) -> Finding | None:
    """Write mended answers back: one as the whole file, or several into their lines; all else stays byte for byte."""
    try:
        before = path.read_bytes()
    except OSError as error:
        return Finding("F104", Location(str(path)), f"cannot be read: {error.strerror or error}")
    mark = _MARK if before.startswith(_MARK) else b""
    if not answers[0][0].line:
        return write_bytes(path, mark + answers[0][1].encode())
    lines = before.removeprefix(_MARK).split(b"\n")
    for one, text in answers:
        line = lines[one.line - 1].decode()
        changed = with_answer(line, one.text or "", text)
        if changed is None:
            message = f"the answer {one.id!r} stands in several pieces, so it was not mended"
            return Finding("A601", Location(str(path), one.line), message, "mend it by hand")
        lines[one.line - 1] = (changed + "\r" * line.endswith("\r")).encode()
    return write_bytes(path, mark + b"\n".join(lines))


def repair_prompts(given: Sequence[AnswerInput], reports: Sequence[CheckReport]) -> str:
    """Return the follow-ups for what can be mended: texts, or a line of JSON each for answers in lines of JSON."""
    texts = [
        (one, repair_prompt(report, one.offered))
        for one, report in zip(given, reports, strict=True)
        if one.offered is not None
    ]
    texts = [(one, text) for one, text in texts if text]
    if any(one.line for one in given):
        rows = (json.dumps({"id": one.id, "text": text}, ensure_ascii=False) for one, text in texts)
        return "".join(f"{row}\n" for row in rows)
    return "\n".join(text for _, text in texts)

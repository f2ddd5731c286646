"""Mends an answer: safe changes at once, and for the rest the follow-up that tells an LLM exactly what to mend."""

from __future__ import annotations

from collections.abc import Iterable

from explainer.checking.analysis import Fix
from explainer.checking.check import CheckReport
from explainer.checking.offered import Offered, OfferedEntry
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.rules import Severity
from explainer.diagnostics.text import printable, shorten

_MOST_POINTS = 40  # findings that a follow-up lists: more of them are seldom mended at once


def apply_fixes(text: str, fixes: Iterable[Fix]) -> str:
    """Return the text with all fixes made; of two that overlap, the first one is."""
    pieces: list[str] = []
    end = 0
    for fix in sorted(set(fixes), key=lambda fix: (fix.start, fix.end, fix.text)):
        if fix.start >= end:
            pieces += [text[end : fix.start], fix.text]
            end = fix.end
    return "".join(pieces) + text[end:]


def repair_prompt(report: CheckReport, offered: Offered) -> str:
    """Return the follow-up for an LLM: each error and warning, what to do about it, and what may be cited.

    An answer with no error or warning gets an empty text: there is nothing to mend.
    """
    points = [finding for finding in report.findings if finding.severity is not Severity.NOTE]
    if not points:
        return ""
    lines = [
        "Your answer has these faults. Mend exactly them, change nothing else, and give the whole answer again.",
        "",
        *(f"{number}. {_point(finding)}" for number, finding in enumerate(points[:_MOST_POINTS], start=1)),
    ]
    if len(points) > _MOST_POINTS:
        lines.append(f"{_MOST_POINTS + 1}. And {len(points) - _MOST_POINTS} more of the same kinds.")
    lines += ["", "Cite only these sources, with exactly these names and links, and no other:", ""]
    for source in offered.sources:
        lines += [f"- {printable(source.name)}", *(_link_lines(source) or ["  - no link: write None"])]
    return "\n".join(lines) + "\n"


def _point(finding: Finding) -> str:
    """A finding as one sentence, or two with what to do about it."""
    text = finding.text.strip()
    quoted = f" `{printable(shorten(text, 200))}`:" if text else ""
    sentences = f"Line {finding.location.line}:{quoted} {printable(finding.message)}"
    if finding.hint:
        sentences += f". {printable(finding.hint[0].upper() + finding.hint[1:])}"
    return sentences if finding.hint and sentences.endswith("?") else f"{sentences}."


def _link_lines(source: OfferedEntry) -> list[str]:
    return [f"  - {'Paper' if link.role == 'paper' else 'GitHub'}: {link.url}" for link in source.field_links]

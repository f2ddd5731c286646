"""Mends an answer: safe changes at once, and for the rest the follow-up that tells an LLM exactly what to mend."""

from __future__ import annotations

from collections.abc import Iterable

from explainer.checking.analysis import Fix
from explainer.checking.check import CheckReport
from explainer.checking.offered import Offered
from explainer.diagnostics.rules import Severity
from explainer.diagnostics.text import printable, shorten

_MOST_POINTS = 40


def apply_fixes(text: str, fixes: Iterable[Fix]) -> str:
    """Return the text with all fixes made; of two that overlap, the first one is."""
    pieces: list[str] = []
    at = 0
    for fix in sorted(set(fixes), key=lambda fix: (fix.start, fix.end, fix.text)):
        if fix.start >= at:
            pieces += [text[at : fix.start], fix.text]
            at = fix.end
    return "".join(pieces) + text[at:]


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
    ]
    for number, finding in enumerate(points[:_MOST_POINTS], start=1):
        quoted = f" `{printable(shorten(finding.text.strip(), 200))}`:" if finding.text.strip() else ""
        hint = f". {printable(finding.hint[0].upper() + finding.hint[1:])}" if finding.hint else ""
        end = "" if hint.endswith("?") else "."
        lines.append(f"{number}. Line {finding.location.line}:{quoted} {printable(finding.message)}{hint}{end}")
    if len(points) > _MOST_POINTS:
        lines.append(f"{_MOST_POINTS + 1}. And {len(points) - _MOST_POINTS} more of the same kinds.")
    lines += ["", "Cite only these sources, with exactly these names and links, and no other:", ""]
    for source in offered.sources:
        lines.append(f"- {printable(source.name)}")
        links = [own for own in source.links if own.role != "summary"]
        lines += [f"  - {'Paper' if own.role == 'paper' else 'GitHub'}: {own.url}" for own in links]
        lines += [] if links else ["  - no link: write None"]
    return "\n".join(lines) + "\n"

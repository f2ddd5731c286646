"""Findings → text for people, for programs and for GitHub's annotations. A format is one function and one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from explainer.diagnostics.codes import Severity
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.text import json_document, printable, shorten

SCHEMA: Final = "explainer/findings/1"
"""The version of the JSON document."""


# Select Graphic Rendition of ECMA-48: what a terminal shows in which colour.
_COLORS: Final = {
    Severity.ERROR: "\x1b[31m",
    Severity.WARNING: "\x1b[33m",
    Severity.NOTE: "\x1b[36m",
}
_DIM: Final = "\x1b[2m"
_RESET: Final = "\x1b[0m"


def _text(findings: Sequence[Finding]) -> str:
    return "".join(_lines_of(finding, "", "", "") for finding in findings)


def _colored_text(findings: Sequence[Finding]) -> str:
    return "".join(
        _lines_of(finding, _COLORS[finding.severity], _DIM, _RESET) for finding in findings
    )


def _lines_of(finding: Finding, color: str, dim: str, reset: str) -> str:
    """The lines of a finding, the parts of which are colored by what is put before and behind them."""
    severity = f"{finding.severity}: "
    if finding.is_error:  # the usual case needs no word
        severity = ""
    place = printable(f"{finding.location}: ").removeprefix(": ")
    lines = f"{place}{color}{finding.code}{reset} {severity}{_shown(finding.message)}\n"
    if finding.hint:
        lines += f"    {dim}{_shown(finding.hint)}{reset}\n"
    return lines


# Characters of a message that people are shown: what it quotes may be a cell or a key of a megabyte.
_MOST_SHOWN: Final = 2_000


def _shown(text: str) -> str:
    return printable(shorten(text, _MOST_SHOWN))


def finding_data(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain data."""
    return {
        "file": finding.location.file,
        "line": finding.location.line,
        "column": finding.location.column,
        "code": finding.code,
        "severity": str(finding.severity),
        "message": finding.message,
        "hint": finding.hint,
        "text": finding.text,
    }


def _json(findings: Sequence[Finding]) -> str:
    return json_document(
        {"schema": SCHEMA, "findings": [finding_data(finding) for finding in findings]}
    )


_GITHUB_LEVELS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


def _github(findings: Sequence[Finding]) -> str:
    """Workflow commands of GitHub Actions, which show as annotations of a pull request."""
    lines = []
    for finding in findings:
        place = finding.location
        where = f"title={finding.code}"
        if place.file:
            where = f"file={_property(place.file)},line={place.line},col={place.column},{where}"
        message = finding.message + (f" ({finding.hint})" if finding.hint else "")
        lines.append(f"::{_GITHUB_LEVELS[finding.severity]} {where}::{_escape(_shown(message))}\n")
    return "".join(lines)


def _escape(text: str) -> str:
    # The percent sign first, or it would escape the others' escapes.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escape(printable(text)).replace(":", "%3A").replace(",", "%2C")


REPORTERS: Final[dict[str, Callable[[Sequence[Finding]], str]]] = {
    "text": _text,
    "json": _json,
    "github": _github,
}


def report(findings: Iterable[Finding], style: str, *, colored: bool = False) -> str:
    """Return findings in one of the formats of `REPORTERS`, in the order of their places.

    Args:
        findings: the findings.
        style: the format.
        colored: color the text for a terminal; the formats for programs have no colors.
    """
    reporter = _colored_text if colored and style == "text" else REPORTERS[style]
    in_order = sorted(findings, key=lambda finding: (finding.location, finding.code))
    if style == "json":  # a program counts by itself
        return reporter(in_order)
    shown, counted = _first_of_each_kind(in_order)
    return reporter(shown) + "".join(map(_SUMMARIES.get(style, _said_in_text), counted))


# Findings of one kind in one file that are shown: nobody reads more, and a hostile file may have a million.
_MOST_OF_A_KIND: Final = 100


def _first_of_each_kind(
    findings: Sequence[Finding],
) -> tuple[list[Finding], list[tuple[Finding, int]]]:
    """The first hundred findings of each kind in each file; one of each kind that has more, and how many more."""
    counts: Counter[tuple[str, str]] = Counter()
    shown: list[Finding] = []
    last: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        kind = finding.location.file, finding.code
        counts[kind] += 1
        if counts[kind] <= _MOST_OF_A_KIND:
            shown.append(finding)
        else:
            last[kind] = finding
    return shown, [(finding, counts[kind] - _MOST_OF_A_KIND) for kind, finding in last.items()]


def _said_in_text(kind: tuple[Finding, int]) -> str:
    finding, count = kind
    return printable(f"{finding.location.file}: and {count:,} more {finding.code}") + "\n"


def _said_on_github(kind: tuple[Finding, int]) -> str:
    finding, count = kind
    where = f"file={_property(finding.location.file)},title={finding.code}"
    return f"::{_GITHUB_LEVELS[finding.severity]} {where}::and {count:,} more {finding.code}\n"


_SUMMARIES: Final = {"github": _said_on_github}

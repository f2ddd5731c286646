"""Findings as values: what every part of the project says about a file, and how a run ends because of it.

Nothing here raises or prints. A parser returns `Parsed`: a value, if there is one, beside *all* of its findings.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import IntEnum
from typing import Final, Generic, TypeVar

from msgspec import Struct, field

from explainer.diagnostics.codes import RULES, Rule, Severity

T = TypeVar("T")
U = TypeVar("U")


class Location(Struct, frozen=True, order=True):
    """A place in a file. `line` and `column` count from 1; columns count characters, not bytes."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.file else ""


NOWHERE: Final = Location("")
"""The place of a finding that is about no file, such as a name that was typed."""


class Finding(Struct, frozen=True):
    """One diagnostic.

    Attributes:
        code: a key of `explainer.diagnostics.codes.RULES`, such as `S201`.
        location: where it is.
        message: one sentence without a full stop; may quote untrusted text, so print it through `text.printable`.
        hint: what to do about it, or None.
        text: the exact text that it is about, when there is one.
    """

    code: str
    location: Location
    message: str
    hint: str | None = None
    text: str = ""

    @property
    def severity(self) -> Severity:
        """How bad it is, as the rule says."""
        return RULES[self.code].severity

    @property
    def is_error(self) -> bool:
        """Whether it is an error, not a warning or a note."""
        return self.severity is Severity.ERROR


class ExitStatus(IntEnum):
    """How a command ends; where several apply, `worst_status` picks one."""

    OK = 0
    ERRORS = 1
    UNUSABLE = 2
    NOTHING_CHECKED = 3


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether at least one of the findings is an error."""
    return any(finding.is_error for finding in findings)


def errors_in(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the errors among findings, in their order."""
    return tuple(finding for finding in findings if finding.is_error)


# A file that cannot be used says nothing about what is in it, so it beats every error that was found elsewhere.
_BY_WEIGHT: Final = (
    ExitStatus.OK,
    ExitStatus.NOTHING_CHECKED,
    ExitStatus.ERRORS,
    ExitStatus.UNUSABLE,
)


def worst_status(statuses: Iterable[ExitStatus]) -> ExitStatus:
    """Return the exit status that counts of several: 2 beats 1 beats 3 beats 0."""
    return max(statuses, key=_BY_WEIGHT.index, default=ExitStatus.OK)


def exit_status(
    findings: Iterable[Finding], *, strict: bool = False, least: Severity = Severity.ERROR
) -> ExitStatus:
    """The exit status that these findings ask for; see `worst_status`.

    Args:
        findings: all findings of a run.
        strict: count warnings as errors.
        least: the lowest severity that fails a run.
    """
    severities = list(Severity)
    lowest = max(severities.index(least), severities.index(Severity.WARNING) if strict else 0)
    failing = severities[: lowest + 1]
    codes = {finding.code for finding in findings}  # of a million findings there are few kinds
    return worst_status(_status_of_rule(RULES[code], failing) for code in codes)


def _status_of_rule(rule: Rule, failing: Collection[Severity]) -> ExitStatus:
    if rule.unusable_file:
        return ExitStatus.UNUSABLE
    if rule.nothing_checked:
        return ExitStatus.NOTHING_CHECKED
    return ExitStatus.ERRORS if rule.severity in failing else ExitStatus.OK


class ExplainerError(Exception):
    """What `Parsed.unwrap` raises: carries every finding, and reads as all of them, a line each."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            "\n".join(
                f"{f.location}: {f.code} {f.message}".removeprefix(": ") for f in self.findings
            )
        )

    # By default an exception is made again of its message, which would lose the findings.
    def __reduce__(self) -> tuple[type[ExplainerError], tuple[tuple[Finding, ...]]]:
        """Travel between processes with the findings."""
        return ExplainerError, (self.findings,)


class Parsed(Struct, Generic[T], frozen=True):
    """The outcome of reading something: `value` is None only if errors made one impossible."""

    value: T | None
    findings: tuple[Finding, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether there is a value and no finding is an error."""
        return self.value is not None and not has_errors(self.findings)

    def then(self, make: Callable[[T], Parsed[U]]) -> Parsed[U]:
        """Return what is made of the value, with the findings of both; nothing is made without one."""
        if self.value is None:
            return Parsed(None, self.findings)
        result = make(self.value)
        return Parsed(result.value, self.findings + result.findings)

    def unwrap(self) -> T:
        """The value.

        Raises:
            ExplainerError: when there is none, or when a finding is an error.
        """
        if self.value is None or has_errors(self.findings):
            raise ExplainerError(self.findings)
        return self.value

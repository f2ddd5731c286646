"""What people see while models answer: the answer as it comes, or how far many questions are; and what was decided."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from explainer.asking.conversation import AskSettings, PreparedQuestion, Round
from explainer.asking.costs import Forecast, Totals
from explainer.asking.redaction import Redactor
from explainer.checking.check import CheckReport
from explainer.cli.progress import LiveDisplay, tail
from explainer.cli.terminal import say, show_findings
from explainer.diagnostics.finding import ExitStatus, Finding, exit_status
from explainer.diagnostics.rules import RULES, Severity
from explainer.diagnostics.text import printable, shorten

_KEPT = 8192
_TEXT_LINES = 8


class AskDisplay:
    """Says what there is to say on stderr, as it comes, and remembers how the run ends.

    Args:
        style: how findings are written.
        mask: keeps the key out of everything that is said.
        alone: there is one question: its answer is shown as it comes.
        strict: a warning is as bad as an error.
        verbose: say what becomes of each round of each question.
    """

    def __init__(self, style: str, mask: Redactor, *, alone: bool, strict: bool, verbose: bool) -> None:
        self.pane = LiveDisplay()
        self.mask = mask
        self.tally = Totals()
        self.statuses: set[ExitStatus] = set()
        self._style = style
        self._alone = alone
        self._strict = strict
        self._verbose = verbose
        self._begun = time.monotonic()
        self._heads: dict[tuple[str, str], str] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._kept: list[Finding] = []

    def report(self, findings: Iterable[Finding]) -> None:
        """Say what was found."""
        found = [_masked(finding, self.mask) for finding in findings]
        if not found:
            return
        serious = [finding for finding in found if not RULES[finding.code].nothing_checked]
        self.statuses.add(exit_status(serious, strict=self._strict))
        self.statuses |= {ExitStatus.NOTHING_CHECKED} if len(serious) < len(found) else set()
        if self._style == "json":  # one document
            self._kept += found
        else:
            self.pane.clear()
            show_findings(found, self._style)

    def say(self, line: str) -> None:
        """Say something that is no finding."""
        self.pane.clear()
        say(self.mask(line))

    def end(self) -> None:
        """Leave nothing on the terminal, and say what was kept for the end."""
        self.pane.clear()
        if self._style == "json":
            show_findings(self._kept, self._style)

    @property
    def status(self) -> ExitStatus:
        """The exit status: 2 beats 1 beats 3."""
        order = (ExitStatus.UNUSABLE, ExitStatus.ERRORS, ExitStatus.NOTHING_CHECKED)
        return next((status for status in order if status in self.statuses), ExitStatus.OK)

    def asks(self, order: PreparedQuestion, model: str, number: int, attempt: int) -> None:
        """A question is asked."""
        again = f", attempt {attempt}" if attempt > 1 else ""
        self._heads[order.id, model] = f"{model} answers" + (f", sent back {number - 1}×" if number > 1 else "") + again
        self._texts[order.id, model] = ""
        self.tick(now=True)

    def hears(self, order: PreparedQuestion, model: str, piece: str) -> None:
        """A piece of an answer came."""
        if self._alone and self.pane.active:
            self._texts[order.id, model] = (self._texts.get((order.id, model), "") + piece)[-_KEPT:]
        self.tick()

    def waits(self, order: PreparedQuestion, model: str, why: str, seconds: float) -> None:
        """An answer did not come."""
        line = printable(f"{model}: {why}; asked again in {seconds:.1f} s")  # one line, whatever the server says
        self._heads[order.id, model] = line
        if self._alone or self._verbose:
            self.say(line if self._alone else f"{order.id}: {line}")
        self.tick(now=True)

    def judges(self, order: PreparedQuestion, model: str, number: int, round_: Round, *, known: bool) -> None:
        """An answer was checked."""
        self._heads.pop((order.id, model), None)
        self._texts.pop((order.id, model), None)
        if self._alone or self._verbose:
            took = f"{round_.reply.usage.completion:,} tokens, {round_.reply.seconds:.1f} s"
            took = "from the journal" if known else took
            about = model if self._alone else f"{order.id}: {model}"
            self.say(f"{about}, answer {number} ({took}): {verdict(round_.report)}")
        self.tick(now=True)

    def tick(self, *, now: bool = False) -> None:
        """Draw what can be seen at this moment."""
        self.pane.show(self._lines, now=now)

    def _lines(self, width: int) -> Sequence[str]:
        seconds = time.monotonic() - self._begun
        if not self._alone:
            return (f"{progress(self.tally)} · {seconds:,.0f} s",)
        lines: list[str] = []
        most = max(1, _TEXT_LINES // max(1, len(self._heads)))
        for key, head in list(self._heads.items()):
            lines += [f"{head} · {seconds:,.0f} s", *tail(self._texts.get(key, ""), width, most)]
        return lines


def _masked(finding: Finding, mask: Redactor) -> Finding:
    hint = mask(finding.hint) if finding.hint else finding.hint
    place = replace(finding.location, file=mask(finding.location.file))
    return Finding(finding.code, place, mask(finding.message), hint, mask(finding.text))


def verdict(report: CheckReport) -> str:
    """Return what the check says of an answer, in a few words."""
    counts = Counter(finding.severity for finding in report.findings)
    parts = [
        f"{counts[severity]} {severity}{'s' * (counts[severity] != 1)}"
        for severity in (Severity.ERROR, Severity.WARNING) if counts[severity]
    ]  # fmt: skip
    codes = dict.fromkeys(finding.code for finding in report.findings if finding.severity is not Severity.NOTE)
    named = f" ({shorten(' '.join(codes), 60)})" if codes else ""
    return f"{'grounded' if report.grounded else 'not grounded'}{': ' if parts else ''}{', '.join(parts)}{named}"


def progress(tally: Totals) -> str:
    """Return how far a run is, in one line; what matters most comes first, since a terminal may be narrow."""
    parts = [f"{tally.done:,} of {tally.questions:,}", f"{tally.grounded:,} grounded"]
    more = ((tally.ungrounded, "not grounded"), (tally.failed, "failed"), (tally.retries, "asked again"))
    parts += [f"{count:,} {what}" for count, what in more if count]
    parts.append(f"{tally.prompt:,} tokens in, {tally.completion:,} out")
    return " · ".join(parts)


def closing(tally: Totals, *, priced: bool) -> str:
    """Return what became of a run, and what it took."""
    done = f"{tally.done:,} of {tally.questions:,}" if tally.done < tally.questions else f"{tally.done:,}"
    parts = [f"{done} settled: {tally.grounded:,} grounded, {tally.ungrounded:,} not grounded, {tally.failed:,} failed"]
    asked = f"{tally.asked:,} answers paid, {tally.known:,} from the journal"
    parts.append(asked + (f", {tally.retries:,} asked again" if tally.retries else ""))
    tokens = f"{tally.prompt:,} tokens in, {tally.completion:,} out"
    parts.append(tokens + (" (in part estimated)" if tally.estimated else ""))
    if priced:
        parts.append("cost: no price for some models" if tally.cost is None else f"cost {tally.cost:,.6g}")
    return "; ".join(parts)


def forecast_lines(total: Forecast, questions: int, plan: AskSettings, *, priced: bool) -> list[str]:
    """Return what a run would take, as lines."""
    asked = f"{questions:,} question{'s' * (questions != 1)}, {len(plan.models)} model{'s' * (len(plan.models) != 1)}"
    back = f"sent back {plan.rounds}× at most"
    unlimited = "no limit (give --body max_completion_tokens=N)"
    lines = [
        f"{asked}, {back}",
        f"calls: {total.least:,} at least, {total.most:,} at most (without retries of failed ones)",
        f"tokens in: about {total.prompt_least:,} at least, {_number(total.prompt_most, unlimited)} at most",
        f"tokens out: {_number(total.completion_most, unlimited)} at most",
    ]
    if priced:
        lines.append(f"cost: {_cost(total)}")
    return lines


def _cost(total: Forecast) -> str:
    if total.cost_least is None:
        return "unknown, since a model has no --price-in or no --price-out"
    most = "no limit" if total.cost_most is None else f"{total.cost_most:,.6g}"
    return f"{total.cost_least:,.6g} at least (the prompts alone), {most} at most"


def _number(count: int | None, otherwise: str) -> str:
    return otherwise if count is None else f"{count:,}"

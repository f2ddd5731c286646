"""Progress of `explainer ask`: the answer as it comes, or how far many questions are; and what was decided."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from explainer.asking.conversation import AskSettings, PreparedQuestion, Round
from explainer.asking.costs import Forecast, Totals
from explainer.asking.outputs import verdict
from explainer.batching.sources import Skipped
from explainer.cli.terminal import LiveDisplay, say, show_findings, tail
from explainer.diagnostics.finding import ExitStatus, Finding, exit_status, worst_status
from explainer.diagnostics.text import printable

# Of an answer that comes: more than a terminal shows of it.
_KEPT_CHARACTERS = 8192
_TEXT_LINES = 8  # shared by all models that answer at once


# Seconds of waiting that whoever looks on is told of, and how to stop it.
_LONG_WAIT: Final = 10.0


class AskDisplay:
    """Observer that says on stderr what happens, as it happens, and remembers how the run ends.

    Args:
        style: how findings are written.
        alone: there is one question: its answer is shown as it comes.
        strict: a warning is as bad as an error.
        verbose: say which files are read, and what becomes of each round of each question.
        priced: say what it costs.
    """

    def __init__(
        self, style: str, *, alone: bool, strict: bool, verbose: bool, priced: bool
    ) -> None:
        self.pane = LiveDisplay()
        self._totals = Totals()
        self.status: ExitStatus | None = None  # nothing was found
        self._style = style
        self._alone = alone
        self._strict = strict
        self._verbose = verbose
        self._priced = priced
        self._begun = time.monotonic()
        self._heads: dict[tuple[str, str], str] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._unsaid: list[Finding] = []
        self._has_waited = False

    def on_findings(self, findings: Sequence[Finding]) -> None:
        """Say what was found."""
        if not findings:
            return
        self.status = worst_status(
            (self.status or ExitStatus.OK, exit_status(findings, strict=self._strict))
        )
        if self._style == "json":  # one document
            self._unsaid += findings
        else:
            self.pane.clear()
            show_findings(findings, self._style)

    def on_note(self, line: str) -> None:
        """Say something that is no finding; beside a JSON document there is no room for it."""
        if self._style == "json":
            return
        self.show_text(line)

    def show_text(self, text: str) -> None:
        """Show a text on stderr, line by line."""
        self.pane.clear()
        for line in text.splitlines():
            say(line)

    def close(self) -> None:
        """Leave nothing on the terminal, and say what was left for the end."""
        self.pane.clear()
        if self._style == "json":
            show_findings(self._unsaid, self._style)

    def on_prepared(self, files_read: Sequence[str], skipped: Sequence[Skipped]) -> None:
        """Say which files were read."""
        if self._verbose:
            for item in skipped:
                self.on_note(f"skipped: {item.name} ({item.why})")
            for name in files_read:
                self.on_note(f"catalog: {name}")
            return
        count = sum(item.why != "hidden" for item in skipped)
        if count:
            self.on_note(f"{count:,} skipped (no questions); -v names them")

    def on_start(self, totals: Totals) -> None:
        """Show these totals from now on."""
        self._totals = totals

    def on_end(self) -> None:
        """Say how many questions are settled, and what they took."""
        if self._totals.settled or self._totals.paid:
            self.on_note(closing(self._totals, priced=self._priced))

    def on_request(self, prepared: PreparedQuestion, model: str, number: int, attempt: int) -> None:
        """A question is asked."""
        sent_back = f", sent back {number - 1}×" * (number > 1)
        again = f", attempt {attempt}" * (attempt > 1)
        self._heads[prepared.id, model] = f"{model} answers{sent_back}{again}"
        self._texts[prepared.id, model] = ""
        self._draw(now=True)

    def on_text(self, prepared: PreparedQuestion, model: str, piece: str) -> None:
        """A piece of an answer came."""
        if self._alone and self.pane.active:
            text = self._texts.get((prepared.id, model), "") + piece
            self._texts[prepared.id, model] = text[-_KEPT_CHARACTERS:]
        self._draw()

    def on_retry(self, prepared: PreparedQuestion, model: str, why: str, seconds: float) -> None:
        """An answer did not come."""
        # one line, whatever the server says
        line = printable(f"{model}: {why}; asked again in {seconds:.1f} s")
        self._heads[prepared.id, model] = line
        if seconds >= _LONG_WAIT and not self._alone and not self._verbose:
            self.on_note(f"{prepared.id}: {line}; Ctrl-C stops, and what was answered is kept")
        else:
            self._say_of(prepared, line)
        self._draw(now=True)

    def on_wait(self, prepared: PreparedQuestion, model: str, seconds: float) -> None:
        """Nothing of an answer came for long: said once, since it may be so with each of many questions."""
        if not self._has_waited:
            line = printable(
                f"{model}: nothing of an answer yet; waiting up to {seconds:,.0f} s more"
            )
            self.on_note(f"{prepared.id}: {line}; Ctrl-C stops, and what was answered is kept")
        self._has_waited = True

    def on_checked(
        self,
        prepared: PreparedQuestion,
        model: str,
        number: int,
        round_: Round,
        *,
        from_journal: bool,
    ) -> None:
        """An answer was checked."""
        self._heads.pop((prepared.id, model), None)
        self._texts.pop((prepared.id, model), None)
        source = f"{round_.reply.usage.completion:,} tokens, {round_.reply.seconds:.1f} s"
        if from_journal:
            source = "from the journal"
        self._say_of(prepared, f"{model}, answer {number} ({source}): {verdict(round_.report)}")
        self._draw(now=True)

    def _say_of(self, prepared: PreparedQuestion, line: str) -> None:
        """Say something about a question: of many, only when everything is to be said."""
        if self._alone:
            self.on_note(line)
        elif self._verbose:
            self.on_note(f"{prepared.id}: {line}")

    def on_tick(self) -> None:
        """Draw what can be seen at this moment."""
        self._draw()

    def _draw(self, *, now: bool = False) -> None:
        self.pane.show(self._lines, now=now)

    def _lines(self, width: int) -> Sequence[str]:
        seconds = time.monotonic() - self._begun
        if not self._alone:
            return (f"{progress(self._totals)} · {seconds:,.0f} s",)
        lines: list[str] = []
        height = max(1, _TEXT_LINES // max(1, len(self._heads)))
        for key, head in list(self._heads.items()):
            lines += [f"{head} · {seconds:,.0f} s", *tail(self._texts.get(key, ""), width, height)]
        return lines


def progress(totals: Totals) -> str:
    """Return how far a run is, in one line; what matters most comes first, since a terminal may be narrow."""
    counts = {
        "not grounded": totals.ungrounded,
        "failed": totals.failed,
        "asked again": totals.retries,
    }
    parts = [f"{totals.settled:,} of {totals.questions:,}", f"{totals.grounded:,} grounded"]
    parts += [f"{count:,} {name}" for name, count in counts.items() if count]
    parts.append(f"{totals.prompt:,} tokens in, {totals.completion:,} out")
    return " · ".join(parts)


def closing(totals: Totals, *, priced: bool) -> str:
    """Return how many questions are settled, and what they took."""
    count = f"{totals.settled:,}" + f" of {totals.questions:,}" * (
        totals.settled < totals.questions
    )
    again = f", {totals.retries:,} asked again" * bool(totals.retries)
    estimated = " (in part estimated)" * totals.estimated
    parts = [
        f"{count} settled: {totals.grounded:,} grounded, {totals.ungrounded:,} not grounded, {totals.failed:,} failed",
        f"{totals.paid:,} answers paid, {totals.remembered:,} from the journal{again}",
        f"{totals.prompt:,} tokens in, {totals.completion:,} out{estimated}",
    ]
    if priced:
        parts.append(
            "cost: no price for some models" if totals.cost is None else f"cost {totals.cost:,.6g}"
        )
    return "; ".join(parts)


def forecast_lines(
    total: Forecast, questions: int, settings: AskSettings, *, priced: bool
) -> list[str]:
    """Return what a run would take, as lines."""
    models = len(settings.models)
    unlimited = "no limit (give --body max_completion_tokens=N)"
    lines = [
        f"{_count_of(questions, 'question')}, {_count_of(models, 'model')}, sent back {settings.rounds}× at most",
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


def _count_of(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _number(count: int | None, otherwise: str) -> str:
    return otherwise if count is None else f"{count:,}"

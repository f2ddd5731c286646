"""What leaves the program: the product as bytes on stdout, everything else on stderr.

What is shown while a command works is drawn anew in its place, on a terminal only, and gone when the product comes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

from explainer.diagnostics.text import printable

if TYPE_CHECKING:
    from rich.live import Live

    from explainer.diagnostics.finding import Finding
    from explainer.recommending.recommend import Choice

_UNUSABLE: Final = 2
_PIPE_CLOSED: Final = 1
_RED: Final = "\x1b[31m"
_RESET: Final = "\x1b[0m"
# Seconds between two drawings: more would only flicker, and drawing takes time from the work.
_INTERVAL: Final = 0.1


class ClosedOutputError(Exception):
    """Stdout cannot take the product: closed, on a full disk, or a pipe whose reader has gone.

    Attributes:
        message: what to say, empty for a reader that has gone: it wants to hear no more.
        status: the exit status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def write_stdout(text: str) -> None:
    r"""Write the product: UTF-8 and `\n`, whatever stdout is connected to.

    Raises:
        ClosedOutputError: when stdout cannot take it.
    """
    if sys.stdout is None:
        message = "stdout is closed"
        raise ClosedOutputError(message, _UNUSABLE)
    # Bytes, past the text layer: it would write the line breaks and the encoding of the platform.
    try:
        sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
        sys.stdout.buffer.flush()
    except OSError as error:
        _discard_rest()
        if error.errno == errno.EPIPE:
            nothing = ""
            raise ClosedOutputError(nothing, _PIPE_CLOSED) from None
        message = f"cannot write to stdout: {error.strerror or error}"
        raise ClosedOutputError(message, _UNUSABLE) from None


def _discard_rest() -> None:
    """Let the interpreter's last flush go nowhere, instead of failing once more (docs.python.org, module signal)."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_product(text: str, out: Path | None) -> tuple[Finding, ...]:
    """Write the product to a file, whole or not at all, or to stdout when `out` is None or `-`.

    Returns:
        Why it could not be written, if it could not: the command goes on, and ends with what else there is to say.
    """
    if out is None or str(out) == "-":
        write_stdout(text)
        return ()
    from explainer.files import write_bytes

    problem = write_bytes(out, text.encode())
    return () if problem is None else (problem,)


def shows_colors(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that shows colors, and nobody asked for none (https://no-color.org)."""
    if stream is None or os.environ.get("NO_COLOR"):
        return False
    if not stream.isatty():
        return False
    return os.environ.get("TERM", "dumb") != "dumb"


def complain(*lines: str, prefix: str = "Error: ") -> None:
    """Say something on stderr, in lines that are safe for a terminal."""
    if prefix and shows_colors(sys.stderr):
        prefix = f"{_RED}{prefix}{_RESET}"
    for line in lines:
        if not line and not prefix:
            _write_stderr("\n")
        for part in line.splitlines():
            _write_stderr(f"{prefix}{printable(part)}\n")


def say(line: str) -> None:
    """Say something on stderr that is no error."""
    complain(line, prefix="")


def say_catalogs(catalogs: Iterable[object] | None) -> None:
    """Say which catalogs are read, and why."""
    for catalog in catalogs or ():
        say(f"catalog: {catalog}")


def say_choice(choice: Choice | None) -> None:
    """Say what was recommended, and why."""
    if choice is None:
        return
    for kind, recommended in (("model", choice.models), ("paper", choice.papers)):
        for entry in recommended:
            say(f"recommended {kind}: {entry.entry.label} ({entry.why})")


def show_findings(findings: Iterable[Finding], style: str) -> None:
    """Report findings on stderr, in one of the formats of `report.REPORTERS`."""
    listed = tuple(findings)
    if not listed and style != "json":  # no findings are a document too
        return
    from explainer.diagnostics.report import report

    _write_stderr(report(listed, style, colored=shows_colors(sys.stderr)))


def finish(findings: Iterable[Finding], style: str = "text", *, strict: bool = False) -> NoReturn:
    """Report what was found, and end the command with the exit status that it asks for.

    Raises:
        typer.Exit: always.
    """
    import typer

    from explainer.diagnostics.finding import exit_status

    listed = tuple(findings)
    show_findings(listed, style)
    raise typer.Exit(exit_status(listed, strict=strict))


def _write_stderr(text: str) -> None:
    """Write to stderr if it is there; that it cannot take a message must not change how a command ends."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError):
        sys.stderr.buffer.write(text.encode(errors="backslashreplace"))
        sys.stderr.buffer.flush()


class LiveDisplay:
    """Shows lines on stderr when that is a terminal, and nothing anywhere else."""

    def __init__(self, *, enabled: bool = True) -> None:
        is_terminal = (
            sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        )
        self.active = enabled and is_terminal
        self._live: Live | None = None
        self._drawn_at = 0.0

    def show(self, lines: Callable[[int], Sequence[str]], *, now: bool = False) -> None:
        """Draw some lines in the place of those before.

        Args:
            lines: makes them, for a width in columns.
            now: draw them even if others were drawn a moment ago.
        """
        moment = time.monotonic()
        if not self.active or (not now and moment - self._drawn_at < _INTERVAL):
            return
        self._drawn_at = moment
        from rich.text import Text

        live = self._live or _start()
        self._live = live
        live.console.size = _terminal_size()
        width = max(live.console.width - 1, 10)  # a full line would wrap on some terminals
        text = "\n".join(printable(line) for line in lines(width))
        live.update(Text(text, no_wrap=True, overflow="crop"), refresh=True)

    def clear(self) -> None:
        """Take the lines away, before anything else is said."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _terminal_size() -> tuple[int, int]:
    """The columns and lines of the terminal that stderr is; stdin and stdout, which rich asks first, may be others."""
    columns, lines = 0, 0
    with contextlib.suppress(OSError, ValueError):
        columns, lines = os.get_terminal_size(sys.stderr.fileno())
    chosen = os.environ.get("COLUMNS", "")
    if chosen.isdecimal():
        columns = int(chosen)
    return columns or 80, lines or 24  # what a terminal has that does not say it


def _start() -> Live:
    """Return a display that vanishes when it stops."""
    # rich takes longer to import than a prompt to build: on terminals only
    from rich.console import (
        Console,
    )
    from rich.live import Live

    console = Console(stderr=True, force_terminal=True, color_system=None)
    live = Live(
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    live.start()
    console.show_cursor()  # a run that is terminated would leave the terminal without one
    return live


class Progress:
    """Shows in one line how far a run is, at which rate, and how long it will take.

    Args:
        noun: what is counted, in the plural; nothing when that is clear.
        enabled: show nothing when it is False.
    """

    def __init__(self, noun: str = "", *, enabled: bool = True) -> None:
        self._display = LiveDisplay(enabled=enabled)
        self._noun = f" {noun}" if noun else ""
        self._begun = time.monotonic()

    @property
    def active(self) -> bool:
        """Whether anything is shown."""
        return self._display.active

    def update(self, count: int, size: int | None = None) -> None:
        """Say that so many are done, of so many if that is known."""
        self._display.show(lambda _: [self._line(count, size)])

    def clear(self) -> None:
        """Take the line away, before anything else is said."""
        self._display.clear()

    def _line(self, count: int, size: int | None) -> str:
        rate = count / max(time.monotonic() - self._begun, 1e-9)
        if not size:
            return f"{count:,}{self._noun} · {rate:,.0f}/s"
        seconds = max(size - count, 0) / max(rate, 1e-9)
        return f"{count:,} of {size:,}{self._noun} · {rate:,.0f}/s · {seconds:,.0f} s left"


def tail(text: str, width: int, most: int) -> list[str]:
    """Return the end of a text as lines that are no wider than a terminal, and so many at most."""
    from rich.cells import chop_cells

    lines: list[str] = []
    # no more fits, even if all of it is double width
    for line in text[-4 * width * most :].split("\n"):
        lines += chop_cells(line, width) or [""]
    return lines[-most:]

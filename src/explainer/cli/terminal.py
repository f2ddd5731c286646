"""What leaves the program: the product as bytes on stdout, everything else on stderr, nothing that moves a terminal."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from explainer.diagnostics.text import printable

if TYPE_CHECKING:
    from explainer.diagnostics.finding import Finding

_UNUSABLE: Final = 2
_PIPE_CLOSED: Final = 1


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


def write_product(text: str, out: Path | None) -> Finding | None:
    """Write the product to a file, whole or not at all, or to stdout when `out` is None or `-`."""
    if out is None or str(out) == "-":
        write_stdout(text)
        return None
    from explainer.files import write_bytes

    return write_bytes(out, text.encode())


def complain(*lines: str, prefix: str = "Error: ") -> None:
    """Say something on stderr, in lines that are safe for a terminal."""
    for line in lines:
        if not line and not prefix:
            _write_stderr("\n")
        for part in line.splitlines():
            _write_stderr(f"{prefix}{printable(part)}\n")


def say(line: str) -> None:
    """Say something on stderr that is no error."""
    complain(line, prefix="")


def show_findings(findings: Iterable[Finding], style: str) -> None:
    """Report findings on stderr, in one of the formats of `report.REPORTERS`."""
    listed = tuple(findings)
    if not listed and style != "json":  # no findings are a document too
        return
    from explainer.diagnostics.report import report

    _write_stderr(report(listed, style))


def _write_stderr(text: str) -> None:
    """Write to stderr if it is there; that it cannot take a message must not change how a command ends."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError):
        sys.stderr.buffer.write(text.encode(errors="backslashreplace"))
        sys.stderr.buffer.flush()

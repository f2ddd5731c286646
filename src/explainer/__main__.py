"""`python -m explainer` and the command `explainer`: one way in and one way out.

Every ending of a command becomes an exit status here, and never a traceback. Imports are late, because a Ctrl-C while
modules load is a Ctrl-C too.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Final

# The statuses of a run that a signal ends, as shells have them: this, and the number of the signal.
_SIGNALLED: Final = 128
_INTERRUPTED: Final = _SIGNALLED + signal.SIGINT
# What Typer says of a text where a number belongs.
_NO_NUMBER: Final = r"Input should be a valid (integer|number), unable to parse.*"
# What Typer says of a number outside of the range of an option, in the words of people who write programs.
_OUTSIDE_RANGE: Final = r"Input should be (greater|less) than or equal to ([\d.]*\d)"


def main() -> None:
    """Run the command line and end the process with its exit status."""
    # modules are no garbage: looking for some among them took 17 ms of a cold build, and 38 of one that recommends
    gc.set_threshold(200_000)
    try:
        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = _INTERRUPTED
    gc.freeze()  # nor are they at the end: the interpreter's last collection need not walk through them
    sys.exit(status)


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: what stands behind `explainer` on the command line.

    Returns:
        The exit status: 0 fine, 1 an error was found, 2 wrong usage or an unusable file, 3 nothing could be checked,
        130 interrupted, 143 terminated.
    """
    # looking for plugins reads all installed packages
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # A terminated run ends like any other: files in the making are removed, and children end too.
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, _terminate)
    from explainer.cli.app import command
    from explainer.diagnostics.finding import ExitStatus

    if arguments[:1] == ["help"]:  # as people type it who know git
        arguments = [*arguments[1:], "--help"]
    try:
        status = command().main(args=list(arguments), prog_name="explainer", standalone_mode=False)
    except Exception as error:  # noqa: BLE001  # the one place that turns endings into statuses
        return _status_of(error)
    return status if isinstance(status, int) else ExitStatus.OK  # a command that returns went well


def _status_of(error: Exception) -> int:
    """Say what ended a command, and return its exit status; what is a bug is raised again."""
    from typer.exceptions import Abort, TyperException

    from explainer.cli.terminal import ClosedOutputError, complain, show_findings
    from explainer.diagnostics.finding import ExitStatus, ExplainerError, exit_status
    from explainer.diagnostics.text import reason_of

    if isinstance(error, ClosedOutputError):
        complain(error.message)
        return error.status
    if isinstance(error, Abort):
        return _INTERRUPTED
    if isinstance(error, MemoryError):
        complain("not enough memory")
        return ExitStatus.ERRORS
    if isinstance(error, OSError):
        complain(reason_of(error))
        return ExitStatus.UNUSABLE
    if isinstance(error, ExplainerError):  # a model that could be loaded, and then failed
        show_findings(error.findings, "text")
        return exit_status(error.findings)
    if isinstance(error, TyperException):
        _explain_usage(error)
        return error.exit_code
    raise error


def _explain_usage(error: Exception) -> None:
    """Say what is wrong with a command line, in the words of people who write programs."""
    from explainer.cli.terminal import complain

    context = getattr(error, "ctx", None)
    message = str(getattr(error, "format_message", lambda: error)())
    message = re.sub(_OUTSIDE_RANGE, _say_range, message)
    message = re.sub(_NO_NUMBER, "must be a number", message)
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the whole help
        complain(message, prefix="")
        return
    if context is not None:
        complain(context.get_usage(), f"Try '{context.command_path} --help' for help.", prefix="")
    complain(message)


def _say_range(refusal: re.Match[str]) -> str:
    limit = {"greater": "{} or more", "less": "{} or less"}[refusal[1]]
    return f"must be {limit.format(refusal[2])}"


def _terminate(number: int, _frame: FrameType | None) -> None:
    sys.exit(_SIGNALLED + number)


if __name__ == "__main__":
    main()

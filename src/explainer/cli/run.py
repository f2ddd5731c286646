"""One way in and one way out: every ending of a command becomes an exit status here, and never a traceback."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Final

INTERRUPTED: Final = 130
TERMINATED: Final = 143
_UNUSABLE: Final = 2


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: what stands behind `explainer` on the command line.

    Returns:
        The exit status: 0 fine, 1 an error was found, 2 wrong usage or an unusable file, 3 nothing could be checked,
        130 interrupted, 143 terminated.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for plugins reads all installed packages
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, _terminate)
    from explainer.cli.app import command
    from explainer.cli.output import ClosedOutputError, complain

    try:
        status = command().main(args=list(arguments), prog_name="explainer", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except ClosedOutputError as error:
        if error.message:
            complain(error.message)
        return error.status
    except (KeyboardInterrupt, EOFError):
        return INTERRUPTED
    except MemoryError:
        complain("not enough memory")
        return 1
    except OSError as error:
        complain(str(error))
        return _UNUSABLE
    except Exception as error:
        from typer.exceptions import TyperException

        if not isinstance(error, TyperException):
            raise
        context = getattr(error, "ctx", None)
        if context is not None:
            complain(context.get_usage(), f"Try '{context.command_path} --help' for help.", prefix="")
        complain(error.format_message())
        return error.exit_code


def _terminate(_number: int, _frame: FrameType | None) -> None:
    sys.exit(TERMINATED)

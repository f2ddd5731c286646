"""`python -m explainer` and the command `explainer`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and end the process with its exit status."""
    # modules are no garbage: looking for some among them took 17 ms of a cold build, and 38 of one that recommends
    gc.set_threshold(200_000)
    try:
        from explainer.cli.run import run  # noqa: PLC0415  # a Ctrl-C while modules load is a Ctrl-C too

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    gc.freeze()  # nor are they at the end: the interpreter's last collection need not walk through them
    sys.exit(status)


if __name__ == "__main__":
    main()

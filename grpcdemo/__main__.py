"""The program `grpcdemo` and `python -m grpcdemo`. It starts before the command line is imported, which takes a moment,
so that Ctrl-C never ends in a traceback."""

import gc
import sys

from grpcdemo.cli.encoding import prepare
from grpcdemo.errors import ExitCode

ALLOCATIONS = 100_000
"""Between two garbage collections. Imports allocate much that stays: Python's 700 cost a fifth of a command's start."""


def run() -> None:
    gc.set_threshold(ALLOCATIONS)
    for stream in (sys.stdout, sys.stderr):
        prepare(stream)
    try:
        from grpcdemo.cli.app import main

        code = main()
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    gc.freeze()  # the process ends: there is nothing to collect for
    sys.exit(code)


if __name__ == "__main__":
    run()

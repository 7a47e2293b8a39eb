"""The program `grpcdemo` and `python -m grpcdemo`. It starts before the command line is imported, which takes a moment,
so that Ctrl-C never ends in a traceback."""

import sys
from io import TextIOWrapper

from grpcdemo.errors import ExitCode


def run() -> None:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # do not fail on a bar that the encoding lacks
    try:
        from grpcdemo.cli.app import main

        code = main()
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    run()

"""The program `grpcdemo` and `python -m grpcdemo`. It starts before the command line is imported, which takes a moment,
so that Ctrl-C never ends in a traceback."""

import sys

from grpcdemo.cli.encoding import prepare
from grpcdemo.errors import ExitCode


def run() -> None:
    for stream in (sys.stdout, sys.stderr):
        prepare(stream)
    try:
        from grpcdemo.cli.app import main

        code = main()
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    run()

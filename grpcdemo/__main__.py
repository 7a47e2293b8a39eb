"""The program `grpcdemo`, and `python -m grpcdemo`: it is there before the command line is, which takes a moment to
import, so that Ctrl-C ends it without a traceback then, too."""

import sys
from io import TextIOWrapper

from grpcdemo.errors import ExitCode


def run() -> None:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a bar that the encoding does not have is no reason to fail
    try:
        from grpcdemo.cli.app import main

        code = main()
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    run()

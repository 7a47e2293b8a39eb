"""Ctrl-Z at a live picture."""

import os
import signal
import subprocess
import sys

DRAWS = """
import signal
from grpcdemo.cli.suspension import Suspension
suspension = Suspension()
suspension.begin()
print("drawing", flush=True)
while not suspension.was_suspended():
    signal.sigtimedwait([], 0.01)
print("drawing anew", suspension.was_suspended())
suspension.end()
"""


def test_it_gives_the_cursor_back_stops_and_draws_anew_when_it_continues() -> None:
    started = subprocess.Popen(
        [sys.executable, "-c", DRAWS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_as_a_shell_starts_it,
    )
    with started as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"drawing\n"
        os.kill(process.pid, signal.SIGTSTP)
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        os.kill(process.pid, signal.SIGCONT)
        assert process.stdout.readline() == b"drawing anew False\n"
        assert process.stderr.read() == b"\x1b[?25h"


def _as_a_shell_starts_it() -> None:
    """In a process group of its own, without which nothing stops it."""
    os.setpgrp()
    signal.signal(signal.SIGTSTP, signal.SIG_DFL)

"""`grpcdemo` without the second of processor time that its imports take: forked from a process that has done them.

The program is what a user starts: a process with its own arguments, environment and folder, which takes signals, writes
to pipes, and ends with an exit code. A test of how Python starts it, or of a terminal, starts the real one.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

FORK_SERVER = Path(__file__).with_name("fork_server.py")


class ForkedProgram:
    """Has what the tests use of subprocess.Popen."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair()
        self.stdout, out = _pipe()
        self.stderr, err = _pipe()
        socket.send_fds(_fork_server(), [b"+"], [theirs.fileno(), out, err])
        for number in (theirs.detach(), out, err):
            os.close(number)
        self._talk = self._control.makefile("rw", encoding="utf-8")
        request = {"arguments": arguments, "env": dict(env), "cwd": os.fspath(Path.cwd())}
        print(json.dumps(request), file=self._talk, flush=True)
        self.pid = int(self._talk.readline())
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._end_within(0)

    def wait(self, timeout: float) -> int:
        code = self._end_within(timeout)
        if code is None:
            raise TimeoutError(f"process {self.pid} still runs")
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _end_within(self, seconds: float) -> int | None:
        if self._code is None and select.select([self._control], [], [], seconds)[0]:
            self._code = int(self._talk.readline())
            self._talk.close()
            self._control.close()
        return self._code


def _pipe() -> tuple[IO[str], int]:
    """The end to read from, and the descriptor to write to."""
    reading, writing = os.pipe()
    return os.fdopen(reading), writing


@cache
def _fork_server() -> socket.socket:
    """The server of this test run, which ends with it."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, FORK_SERVER, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    @atexit.register
    def end() -> None:
        ours.close()
        process.wait()

    return ours

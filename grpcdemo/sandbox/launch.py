"""Runs first in every child process, and makes sure that the child dies with the sandbox.

Its arguments are the sandbox's process id, and one of these:

    module NAME ARG…   run a Python module in this process, which saves starting a second one
    exec FILE ARG…     become another program
    guard FILE ARG…    start another program, and stay as its parent

On Linux the kernel kills a process with its parent on request. Elsewhere, and for a program that may start others,
the script stays, and kills the process group when the pipe on stdin closes. Every child waits for this script, so it
imports little.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

PR_SET_PDEATHSIG = 1
STOPPING = (signal.SIGTERM, signal.SIGINT)


def main(argv: Sequence[str]) -> int:
    """Return the child's exit code."""
    parent, how, command = int(argv[0]), argv[1], list(argv[2:])
    if how != "guard" and die_with(parent):
        _close_stdin()
    else:
        how = "guard" if how == "exec" else how  # another program would not watch the pipe
        _watch(os.dup(0))
        _close_stdin()
    if how == "guard":
        return guard(command)
    if how == "exec":
        os.execv(command[0], command)
    run_module(command)
    return 0


def die_with(parent: int) -> bool:
    """Ask the kernel for SIGKILL when *parent* ends; False if it cannot."""
    if sys.platform != "linux":
        return False
    import ctypes

    if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        return False
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return True


def run_module(command: Sequence[str]) -> None:
    import runpy

    sys.argv = list(command)
    sys.path[0] = ""  # as for `python -m`
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


def guard(command: Sequence[str]) -> int:
    """Run *command* to its end; return the exit code as a shell would."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # until there is a child to forward them to
    child = os.posix_spawnp(command[0], list(command), os.environ, setsigmask=())

    def forward(number: int, _: FrameType | None) -> None:
        os.kill(child, number)

    for number in STOPPING:
        signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _watch(pipe: int) -> None:
    """Kill the group when *pipe* closes, from a thread that blocks signals: an unhandled one would end it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    threading.Thread(target=_kill_group_after, args=(pipe,), daemon=True).start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _kill_group_after(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def _close_stdin() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

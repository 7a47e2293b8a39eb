"""The first thing that runs in a child process: sees to it that the child dies with the sandbox.

Run as a script, it is given the process id of the sandbox, how to go on, and with what:

    module NAME ARG…   run a Python module in this very process, which saves starting a second one
    exec FILE ARG…     become another program
    guard FILE ARG…    start another program, and stay as its parent

On Linux the kernel kills a process whose parent is gone, if it asks for that. Elsewhere, and for a program
that may start others, somebody has to stay who notices that the pipe on stdin has closed, and then kills the
whole process group. It imports nothing of ours, and little else, because every child waits for it.
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
    """*argv* is the sandbox's process id, how to go on, and with what; the exit code is the child's."""
    parent, how, command = int(argv[0]), argv[1], list(argv[2:])
    if how != "guard" and die_with(parent):
        _close_stdin()
    else:
        how = "guard" if how == "exec" else how  # who has become another program watches nothing
        _watch(os.dup(0))
        _close_stdin()
    if how == "guard":
        return guard(command)
    if how == "exec":
        os.execv(command[0], command)
    run_module(command)
    return 0


def die_with(parent: int) -> bool:
    """Ask the kernel for SIGKILL when *parent* ends; False where it knows no such wish."""
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
    """Run *command* to its end, and return the exit code that a shell would."""
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
    """Kill the group when *pipe* ends, from a thread that takes no signal: it would die of one without a handler."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    threading.Thread(target=_kill_group_at_end_of, args=(pipe,), daemon=True).start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _kill_group_at_end_of(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def _close_stdin() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

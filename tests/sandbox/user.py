"""A user of the sandbox, with a state folder of their own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from grpcdemo.sandbox.state import State
from tests.contract.tools import Result, Running, RunningProgram
from tests.sandbox.processes import find_processes, wait_until_gone

PROGRAM = (sys.executable, "-m", "grpcdemo")
ENOUGH = 34
"""Responses after which a window is judged."""


class SandboxUser:
    """Keeps the sandbox in *folder*. A context manager: whatever runs in it at the end is stopped, also where the
    tests themselves are killed, because the one who stops it waits for the end of a pipe from them."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder / "grpcdemo" / "sandbox")
        self.environment = {
            **os.environ,
            "GRPCDEMO_TARGET": "sandbox",
            "PYTHONDONTWRITEBYTECODE": "1",  # under a limit on the size of files, Python caches half a module
            "XDG_STATE_HOME": str(folder),
        }

    def __enter__(self) -> SandboxUser:
        waiting = ("sh", "-c", 'cat && exec "$@"', "sh", *PROGRAM, "sandbox", "stop")
        self._stopping = subprocess.Popen(
            waiting, env=self.environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopping.communicate()
        assert self._stopping.returncode == 0

    def run(self, *arguments: str, code: int = 0) -> Result:
        return self.start(*arguments).result().check(code)

    def start(self, *arguments: str) -> Running:
        return RunningProgram(arguments, self.environment)

    def on_it(self, *arguments: str) -> Result:
        return self.run(*arguments, "--kubeconfig", str(self.state.kubeconfig))

    def processes(self) -> set[int]:
        """The processes that have the sandbox's folder in their command line, or work in it."""
        root = bytes(self.state.root)
        return find_processes(
            lambda process: root in (process / "cmdline").read_bytes() + bytes((process / "cwd").readlink())
        )

    def wait_until_gone(self) -> None:
        """Wait until all its processes have ended."""
        for pid in self.processes():
            wait_until_gone(pid)


class Observing(RunningProgram):
    """An `observe` without an end of its own."""

    def __init__(self, sandbox: SandboxUser) -> None:
        super().__init__(("observe", "--output", "json"), sandbox.environment)
        self._counted = 0

    def count(self) -> int:
        """How many responses the next line counts."""
        self._counted = int(self.wait_for(" responses").partition(": ")[2].partition(" ")[0])
        return self._counted

    def wait_for_responses(self) -> None:
        """Wait until the current window has enough for a verdict."""
        while self.count() < ENOUGH:
            pass

    def wait_for_new_window(self) -> None:
        """Wait until the count starts again, and for enough responses."""
        before = self._counted
        while (now := self.count()) >= before:
            before = now
        self.wait_for_responses()

    def last(self) -> Any:
        """The observation after Ctrl-C."""
        self.interrupt()
        return self.result().check(130).json


FAKE = """
import os, signal, sys
from pathlib import Path
from grpcdemo.sandbox.state import *
lock = acquire(State(Path(sys.argv[1]))); lock.write(str(os.getpid())); lock.flush()
"""


async def start_fake(state: State, then: str) -> asyncio.subprocess.Process:
    """Something that holds the folder as a daemon does."""
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{FAKE}{then}; print('ready', flush=True); signal.pause()", str(state.root), stdout=-1
    )
    assert daemon.stdout
    await daemon.stdout.readline()
    return daemon

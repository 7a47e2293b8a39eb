"""A user of the sandbox, as its commands see one: with a home of their own, and processes that can be counted."""

from __future__ import annotations

import asyncio
import json
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from grpcdemo.sandbox.state import State

PROGRAM = (sys.executable, "-m", "grpcdemo")
GONE_WITHIN_S = 120
ENOUGH = 34
"""Responses after which a window is judged."""


class SandboxUser:
    """Keeps the sandbox in *folder*. A context manager: whatever runs in it at the end is stopped, also where the
    tests themselves are killed, because the one who stops it waits for the end of a pipe from them."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder / "grpcdemo" / "sandbox")
        self.environment = {**os.environ, "GRPCDEMO_TARGET": "sandbox", "XDG_STATE_HOME": str(folder)}

    def __enter__(self) -> SandboxUser:
        waiting = ("sh", "-c", 'cat && exec "$@"', "sh", *PROGRAM, "sandbox", "stop")
        self._stopping = subprocess.Popen(
            waiting, env=self.environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopping.communicate()
        assert self._stopping.returncode == 0

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([*PROGRAM, *arguments], env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def on_it(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(*arguments, "--kubeconfig", str(self.state.kubeconfig))

    def processes(self) -> set[int]:
        """Whatever process knows the sandbox's folder."""
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                told = (folder / "cmdline").read_bytes() + bytes((folder / "cwd").readlink())
            except OSError:
                continue
            if str(self.state.root).encode() in told:
                found.add(int(folder.name))
        return found

    def wait_until_gone(self) -> None:
        """Until none of its processes is left."""
        for pid in self.processes():
            wait_until_gone(pid)


class Observing:
    """An `observe`, or another command, that runs meanwhile. A context manager."""

    def __init__(self, sandbox: SandboxUser, *words: str) -> None:
        command = [*PROGRAM, *(words or ("observe", "--output", "json"))]
        self._process = subprocess.Popen(
            command, env=sandbox.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.said: list[str] = []

    def __enter__(self) -> Observing:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()
        self._process.communicate()

    def wait_for(self, pattern: str) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self.said.append(line.rstrip("\n"))
            if re.search(pattern, line):
                return
        raise AssertionError(f"it ended without {pattern!r}: {self.said}")

    def count(self) -> int:
        """How many responses it tells of next."""
        self.wait_for(" responses")
        return self._told()

    def _told(self) -> int:
        return int(self.said[-1].partition(": ")[2].partition(" ")[0])

    def wait_for_responses(self) -> None:
        """Until there are enough for a verdict in the present window."""
        while self.count() < ENOUGH:
            pass

    def wait_for_new_window(self) -> None:
        """Until it counts fewer than it has told of, and then enough again."""
        before = self._told()
        while (now := self.count()) >= before:
            before = now
        self.wait_for_responses()

    def end(self) -> tuple[int, str]:
        """The exit code, and what was printed on stdout."""
        out, err = self._process.communicate()
        self.said += err.splitlines()
        return self._process.returncode, out

    def result(self) -> Any:
        """What it has seen, after Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        code, out = self.end()
        assert code == 130, self.said
        return json.loads(out)


def wait_until_gone(pid: int) -> None:
    """Wait for a process that is not our child; its end is told by the kernel."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ready, _, _ = select.select([descriptor], [], [], GONE_WITHIN_S)
    os.close(descriptor)
    assert ready, f"process {pid} outlived the sandbox"


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

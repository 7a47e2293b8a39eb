"""Starting, stopping and hearing the processes of the sandbox: each in a session of its own, none of which
outlives the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LAUNCH = str(Path(__file__).with_name("launch.py"))
CHUNK = 64 * 1024
LAST_OUTPUT_S = 2.0
"""How long to read on after the end: somebody who left the process group may hold the pipe open."""

PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG")
"""All that a process gets of our own environment: what it takes to find and start programs."""

Write = Callable[[str, bytes], None]
"""Takes what came on `stdout` or `stderr`."""


@dataclass(frozen=True)
class Command:
    """What to run, and how `launch` is to run it."""

    how: Literal["module", "exec", "guard"]
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path


class RunningProcess:
    """A process that was started; `ended` is its exit code, once all that it wrote was read."""

    def __init__(self, process: Process, write: Write) -> None:
        self._process = process
        self.pid = process.pid
        self.ended: asyncio.Task[int] = asyncio.create_task(self._wait(write))

    def signal(self, number: signal.Signals) -> None:
        """To the process; SIGKILL to all of its session."""
        if self._process.returncode is not None:
            return
        if number == signal.SIGKILL:
            kill_group(self.pid)
        else:
            self._process.send_signal(number)

    async def stop(self, grace_s: float) -> None:
        """SIGTERM, and SIGKILL where that was not enough."""
        self.signal(signal.SIGTERM)
        await asyncio.wait({self.ended}, timeout=grace_s)
        self.signal(signal.SIGKILL)
        await asyncio.wait({self.ended})

    async def _wait(self, write: Write) -> int:
        out, err = self._process.stdout, self._process.stderr
        assert out and err
        reading = [asyncio.create_task(_read(out, "stdout", write)), asyncio.create_task(_read(err, "stderr", write))]
        try:
            code = await self._process.wait()
            kill_group(self.pid)
            await asyncio.wait(reading, timeout=LAST_OUTPUT_S)
            return code
        finally:
            kill_group(self.pid)
            for task in reading:
                task.cancel()


async def start_process(command: Command, write: Write) -> RunningProcess:
    """Raises OSError where the system will not."""
    flags = [] if command.how == "module" else ["-I", "-S"]  # another program needs no Python packages
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *flags,
        LAUNCH,
        str(os.getpid()),
        command.how,
        *command.argv,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=base_environment() | dict(command.env),
        cwd=command.cwd,
        start_new_session=True,
        limit=CHUNK,
    )
    return RunningProcess(process, write)


def base_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


async def _read(stream: asyncio.StreamReader, name: str, write: Write) -> None:
    while chunk := await stream.read(CHUNK):
        write(name, chunk)

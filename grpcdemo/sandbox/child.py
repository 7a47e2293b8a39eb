"""Starts and stops child processes: containers and Envoys. Each has its own session; none outlives the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LAUNCH = Path(__file__).with_name("launch.py")
LAST_OUTPUT_S = 2.0
"""How long to read after the end: a process that left the group may hold the pipe open."""

PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG")
"""The variables that a process inherits: what it takes to find and start programs."""

Write = Callable[[str, bytes], None]
"""Takes output, and whether it is from `stdout` or `stderr`."""


@dataclass(frozen=True)
class Command:
    """What to run, and how `launch` runs it."""

    how: Literal["module", "exec", "guard"]
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path


class RunningProcess(asyncio.SubprocessProtocol):
    """A started process; `ended` is its exit code, once all output is read."""

    def __init__(self, write: Write) -> None:
        loop = asyncio.get_running_loop()
        self._write = write
        self._exited: asyncio.Future[None] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()
        self._transport: asyncio.SubprocessTransport | None = None
        self.ended: asyncio.Task[int] = asyncio.create_task(self._wait())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        assert isinstance(data, bytes)
        self._write("stdout" if fd == 1 else "stderr", data)

    def process_exited(self) -> None:
        self._exited.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed.done():
            self._closed.set_result(None)

    def signal(self, number: signal.Signals) -> None:
        """Signal the process, or with SIGKILL its whole session."""
        if self._transport is None or self.ended.done():
            return
        if number == signal.SIGKILL:
            kill_group(self._transport.get_pid())
        else:
            with contextlib.suppress(ProcessLookupError):
                self._transport.send_signal(number)

    async def stop(self, grace_s: float) -> None:
        """SIGTERM, and SIGKILL after *grace_s*."""
        self.signal(signal.SIGTERM)
        await asyncio.wait({self.ended}, timeout=grace_s)
        self.signal(signal.SIGKILL)
        await asyncio.wait({self.ended})

    async def _wait(self) -> int:
        try:
            await self._exited
            self.signal(signal.SIGKILL)  # what it left behind
            await asyncio.wait({self._closed}, timeout=LAST_OUTPUT_S)
        finally:
            self.signal(signal.SIGKILL)
            if self._transport is not None:
                self._transport.close()
        assert self._transport is not None
        code = self._transport.get_returncode()
        assert code is not None
        return code


async def start_process(
    command: Command, write: Write, *, launch: Path = LAUNCH, pass_fds: Sequence[int] = ()
) -> RunningProcess:
    """Raises OSError if the system refuses."""
    flags = [] if command.how == "module" else ["-I", "-S"]  # only a module needs Python packages
    process = RunningProcess(write)
    try:
        await asyncio.get_running_loop().subprocess_exec(
            lambda: process,
            sys.executable,
            *flags,
            launch,
            str(os.getpid()),
            command.how,
            *command.argv,
            env=build_process_env(command),
            cwd=command.cwd,
            start_new_session=True,
            pass_fds=pass_fds,
        )
    except BaseException:
        process.ended.cancel()
        raise
    return process


def build_process_env(command: Command) -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | dict(command.env)


def kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)

"""Starts our images' programs as forks of a process that has imported them: imports take most of the time of a start.

That process is in `forking`. Where the system cannot do it, and what would notice, starts afresh.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import select
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from grpcdemo.sandbox.child import LAUNCH, Command, RunningProcess, Write, build_process_env, start_process

MODULE = "grpcdemo.sandbox.kubelet.forking"
READ_AT_START = ("PYTHON", "LD_", "LANG", "LC_", "TZ", "GRPC_", "MALLOC_", "GLIBC_")
"""How the names of variables begin that Python or a library may read before the fork."""

STOP_S = 1.0
PIECE = 64 * 1024

log = logging.getLogger(__name__)


def can_fork() -> bool:
    """Whether this is a Linux with pidfds, thus since 5.3."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


@dataclass(frozen=True)
class _Server:
    """The process that forks, and our end of its socket."""

    process: RunningProcess
    requests: socket.socket

    def has_died(self) -> bool:
        """Whether the socket has an end to read: the server writes nothing to it."""
        waiting = select.poll()
        waiting.register(self.requests, select.POLLIN)
        return bool(waiting.poll(0))


class ForkServer:
    """Starts its process with the first program, and again if it has died, which ends every program that it forked.

    *modules* are the programs that it can run, and *env* the variables that every program has. *folder* is its own.
    """

    def __init__(self, modules: Sequence[str], env: Mapping[str, str], folder: Path, *, launch: Path = LAUNCH) -> None:
        self._modules = modules
        self._env = env
        self._folder = folder
        self._launch = launch
        self._starting = asyncio.Lock()
        self._server: _Server | None = None

    def can_run(self, command: Command) -> bool:
        """Whether it has the program, which would not notice that it is forked."""
        known = command.how == "module" and command.argv[0] in self._modules
        special = {name: value for name, value in command.env.items() if name.startswith(READ_AT_START)}
        return known and special.items() <= self._env.items()

    async def start(self, command: Command, write: Write) -> RunningProcess:
        """Raises OSError if the system refuses, or the server dies."""
        requests = await self._connect()
        with ExitStack() as stack:
            control, outputs = _ask(requests, stack)
            pid = await asyncio.get_running_loop().sock_recv(control, PIECE)
            if not pid:
                raise OSError("the fork server has ended")
            control.send(_write_request(command))
            process = RunningProcess(write)
            process.connection_made(_Transport(int(pid), process, control, outputs))
            stack.pop_all()
        return process

    async def close(self) -> None:
        """End the server, and every program that still runs."""
        if self._server is not None:
            await self._server.process.stop(STOP_S)
            self._server.requests.close()

    async def _connect(self) -> socket.socket:
        """The server's socket. A request waits there until the server has done its imports."""
        async with self._starting:
            if self._server is not None and self._server.has_died():
                self._server.requests.close()
                self._server = None
            if self._server is None:
                self._server = await self._start_server()
            return self._server.requests

    async def _start_server(self) -> _Server:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        requests, theirs = socket.socketpair()
        with theirs, ExitStack() as stack:
            stack.enter_context(requests)
            descriptor = theirs.fileno()
            command = Command("module", [MODULE, str(descriptor), *self._modules], self._env, self._folder)
            process = await start_process(command, _log, launch=self._launch, pass_fds=(descriptor,))
            stack.pop_all()
        return _Server(process, requests)


class _Transport(asyncio.SubprocessTransport):
    """Tells *process* of a forked program's output and end, as asyncio does of a subprocess.

    *outputs* are our ends of the pipes, by the program's descriptor.
    """

    def __init__(
        self, pid: int, process: RunningProcess, control: socket.socket, outputs: Mapping[int, BinaryIO]
    ) -> None:
        super().__init__()
        self._pid = pid
        self._process = process
        self._control = control
        self._code: int | None = None
        self._open: set[BinaryIO | socket.socket] = {control, *outputs.values()}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(control, self._end)
        for number, pipe in outputs.items():
            self._loop.add_reader(pipe, self._read, number, pipe)

    def get_pid(self) -> int:
        return self._pid

    def get_returncode(self) -> int | None:
        return self._code

    def send_signal(self, signal: int) -> None:
        os.kill(self._pid, signal)

    def close(self) -> None:
        for end in tuple(self._open):
            self._close(end)

    def _read(self, number: int, pipe: BinaryIO) -> None:
        data = pipe.read(PIECE)
        if data:
            self._process.pipe_data_received(number, data)
        elif data is not None:
            self._close(pipe)

    def _end(self) -> None:
        """Take the exit code; there is none if the server has died, and thereby the program."""
        self._code = int(self._control.recv(PIECE) or -signal.SIGKILL)
        self._close(self._control)
        self._process.process_exited()

    def _close(self, end: BinaryIO | socket.socket) -> None:
        self._loop.remove_reader(end)
        end.close()
        self._open.discard(end)
        if not self._open:
            self._process.connection_lost(None)


def _ask(requests: socket.socket, stack: ExitStack) -> tuple[socket.socket, dict[int, BinaryIO]]:
    """Ask for a fork; our ends of its control socket and its outputs, which do not block, and which *stack* closes."""
    control, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    stack.enter_context(control)
    outputs: dict[int, BinaryIO] = {}
    with theirs, ExitStack() as sent:
        descriptors = [theirs.fileno()]
        for number in (1, 2):
            reading, writing = os.pipe()
            sent.callback(os.close, writing)
            descriptors.append(writing)
            outputs[number] = stack.enter_context(os.fdopen(reading, "rb", buffering=0))
            os.set_blocking(reading, False)
        socket.send_fds(requests, [b"+"], descriptors)
    control.settimeout(0)
    return control, outputs


def _write_request(command: Command) -> bytes:
    module, *arguments = command.argv
    where = {"env": build_process_env(command), "folder": os.fspath(command.cwd)}
    return json.dumps({"module": module, "arguments": arguments, **where}).encode()


def _log(stream: str, data: bytes) -> None:
    log.warning("%s of the fork server: %s", stream, data.decode(errors="replace"))

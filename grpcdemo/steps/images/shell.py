"""Runs other programs: none outlives us, and a failure shows the end of the program's output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass

from grpcdemo.durations import format_duration
from grpcdemo.errors import GrpcdemoError
from grpcdemo.model.progress import Reporter, StepEvent
from grpcdemo.steps.images.hints import find_hint, find_install_hint
from grpcdemo.waiting import done_within

GRACE_S = 5.0
"""How long a program may take to end after SIGTERM."""
TAIL_LINES = 20
QUICK_S = 30.0
"""How long a question may take: an engine on a remote machine that is gone never answers."""

Line = Callable[[str], None]


class ProgramFailed(GrpcdemoError):
    """A program could not be run, failed, or took too long; *tail* is the end of its output."""

    def __init__(self, message: str, *, hint: str | None, tail: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((message, *tail)), hint=hint)
        self.tail = tail

    @property
    def reason(self) -> str:
        """The last line of the output, which usually says why."""
        return self.tail[-1] if self.tail else self.message


@dataclass(frozen=True, kw_only=True)
class Shell:
    """How the steps run other programs and report what they do."""

    report: Reporter
    line: Line = lambda line: None
    """Gets each line that a program prints while it works."""
    dry_run: Line | None = None
    """Gets each command instead of running it. Questions are still asked: they change nothing."""

    def tell(self, event: StepEvent) -> None:
        """Report *event*, except in a dry run, in which nothing is done."""
        if self.dry_run is None:
            self.report(event)

    async def run(self, *command: str) -> None:
        """Run *command*, which changes something."""
        if self.dry_run is not None:
            self.dry_run(shlex.join(command))
        else:
            self.line(f"$ {shlex.join(command)}")
            await execute(command, line=self.line)

    async def ask(self, *command: str) -> str:
        """The output of *command*, which changes nothing."""
        return await execute(command, line=lambda line: None, timeout_s=QUICK_S)


def is_installed(program: str) -> bool:
    return shutil.which(program) is not None


def find_program(name: str) -> str:
    """The path of the program *name*. Raises ProgramFailed if it is not installed."""
    path = shutil.which(name)
    if path is None:
        raise ProgramFailed(f"{name} is not installed", hint=find_install_hint(name))
    return path


async def execute(
    command: tuple[str, ...], *, line: Line, timeout_s: float | None = None, grace_s: float = GRACE_S
) -> str:
    """Run *command* to its end and return its stdout. Raises ProgramFailed.

    A cancellation or timeout ends the program and everything that it started.
    """
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    output: list[str] = []

    async def follow(stream: asyncio.StreamReader | None, kept: list[str] | None = None) -> None:
        assert stream is not None
        async for text in _lines(stream):
            tail.append(text)
            line(text)
            if kept is not None:
                kept.append(text)

    async def start() -> Running:
        process = await _start(command)
        work = (follow(process.stdout, output), follow(process.stderr), process.wait())
        return Running(process, tuple(asyncio.ensure_future(part) for part in work))

    async with _until_ended(start(), grace_s) as running:
        done, pending = await asyncio.wait(running.work, timeout=timeout_s, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    if pending and timeout_s is not None:
        message = f"{command[0]} did not end within {format_duration(timeout_s)}"
        raise ProgramFailed(message, hint=None, tail=tuple(tail))
    if code := running.process.returncode:
        reason = f"{command[0]} failed with exit code {code}:"
        raise ProgramFailed(reason, hint=find_hint(command[0], tail), tail=tuple(tail))
    return "\n".join(output)


@dataclass(frozen=True)
class Running:
    """A started program, and the tasks that follow its output and wait for its end."""

    process: asyncio.subprocess.Process
    work: tuple[asyncio.Future[int | None], ...]


@asynccontextmanager
async def _until_ended(start: Coroutine[None, None, Running], grace_s: float) -> AsyncIterator[Running]:
    """The program that *start* starts; at the end, stop what still runs of it."""
    # A task of its own is not interrupted by a cancellation: a start cut short would leave processes behind.
    starting = asyncio.create_task(start)
    try:
        await asyncio.wait([starting])
        yield starting.result()
    finally:
        while not starting.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([starting])
        if starting.exception() is None:
            await _end(starting.result(), grace_s)


async def _start(command: tuple[str, ...]) -> asyncio.subprocess.Process:
    path = find_program(command[0])
    try:
        return await asyncio.create_subprocess_exec(
            path,
            *command[1:],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramFailed(f"cannot run {path}: {error.strerror}", hint=f"reinstall {command[0]}") from error


async def _end(running: Running, grace_s: float) -> None:
    """End what still runs of the program and of its children, which share its process group."""
    try:
        if not all(task.done() for task in running.work):
            await _kill(running.process, grace_s)
    finally:
        for task in running.work:
            task.cancel()
        await asyncio.gather(*running.work, return_exceptions=True)


async def _kill(process: asyncio.subprocess.Process, grace_s: float) -> None:
    _signal(process, signal.SIGTERM)
    try:
        with contextlib.suppress(asyncio.TimeoutError):
            await done_within(process.wait(), grace_s)
    finally:
        # Also if a second interrupt ends the wait. A killed process must be reaped, which takes no time.
        _signal(process, signal.SIGKILL)
        await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS raises the latter for a zombie
        os.killpg(process.pid, number)


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """The nonblank lines as they come, of any length; a progress bar's `\\r` also ends a line."""
    rest = b""
    while chunk := await stream.read(65536):
        *whole, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            if line.strip():
                yield line.decode(errors="replace").rstrip()
    if rest.strip():
        yield rest.decode(errors="replace").rstrip()

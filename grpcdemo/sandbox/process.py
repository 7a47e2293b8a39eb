"""Starting and stopping the daemon from outside: a command that needs it waits until it is ready."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox.state import (
    State,
    claim,
    clear,
    clear_when_free,
    folder_errors,
    lock_at_once,
    prepare,
    running,
)

START_S = 90.0
STOP_S = 15.0
LOOK_AGAIN_S = 0.1
ENDING_S = 3.0
"""A daemon that is killed is not gone at once: its connections may break a moment before its lock is free."""
LAST_LINES = 8
PROGRAM = (sys.executable, "-m", "grpcdemo")
"""This grpcdemo, whatever the PATH says."""


async def start(state: State, *, by_itself: bool = False) -> bool:
    """Make sure that a daemon runs; False where one did already. Raises GrpcdemoError with its last words.

    One that was started *by_itself* is marked so; the mark goes when somebody starts it by hand.
    """
    prepare(state)
    async with _turn(state):
        if running(state):
            if not by_itself:
                state.by_itself.unlink(missing_ok=True)
            return False
        claim(state).close()  # an error about the folder is ours to tell, not the daemon's
        process, reading = _spawn(state)
        heard = None
        try:
            heard = await _hear(reading)
        finally:
            if not heard:
                await _end(process)
                clear(state)
        if not heard:
            raise _failure(state.log, "did not start" if heard == b"" else f"did not start within {START_S:g} s")
        if by_itself:
            state.by_itself.touch()
        return True


async def stop(state: State) -> bool:
    """End the daemon, and with it every pod and proxy; False where none ran."""
    pid = running(state)
    if pid is None:
        return False
    _signal(pid, signal.SIGTERM)
    ended = asyncio.ensure_future(asyncio.to_thread(clear_when_free, state))
    done, _ = await asyncio.wait([ended], timeout=STOP_S)
    if not done:
        _signal(pid, signal.SIGKILL)
    await ended
    return True


async def is_ending(state: State) -> bool:
    """Whether the daemon, which has not answered, has ended or is about to."""
    for _ in range(round(ENDING_S / LOOK_AGAIN_S)):
        if running(state) is None:
            return True
        await asyncio.sleep(LOOK_AGAIN_S)
    return False


@asynccontextmanager
async def ending_unused(
    state: State, is_empty: Callable[[], Awaitable[bool]], *, ended: Callable[[], None]
) -> AsyncIterator[None]:
    """Around a command that changes something: afterwards a daemon that was started by itself, that no other
    such command uses, and that *is_empty*, is ended, and *ended* called.

    Whoever comes while it ends waits, and finds none.
    """
    prepare(state)
    async with _held(state.root, fcntl.LOCK_SH) as use:
        try:
            yield
        finally:
            if lock_at_once(use, fcntl.LOCK_EX):
                async with _turn(state):
                    if state.by_itself.exists() and running(state) and await is_empty():
                        await stop(state)
                        ended()


def _turn(state: State) -> AbstractAsyncContextManager[int]:
    """One command starts the sandbox at a time. The others wait, and find it running."""
    return _held(state.root.parent, fcntl.LOCK_EX)


@asynccontextmanager
async def _held(folder: Path, how: int) -> AsyncIterator[int]:
    """The folder's lock, as soon as it can be had."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while True:
            if lock_at_once(descriptor, how):
                break
            await asyncio.sleep(LOOK_AGAIN_S)  # a lock that is waited for could not be given up on Ctrl-C
        yield descriptor
    finally:
        os.close(descriptor)


def _spawn(state: State) -> tuple[subprocess.Popen[bytes], int]:
    """The daemon, and the pipe on which it says that it is ready.

    Not as a process of asyncio's, whose loop would wait for the end of one that outlives it, and complain.
    """
    reading, writing = os.pipe()
    try:
        with folder_errors(state), state.log.open("wb") as log:
            process = subprocess.Popen(
                [*PROGRAM, "sandbox", "serve", str(state.root), str(writing)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(writing,),
                cwd=state.root,
            )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return process, reading


async def _hear(descriptor: int) -> bytes | None:
    """The byte that the daemon writes when it serves; nothing where it has ended, None where it says nothing."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    waiting = asyncio.ensure_future(reader.read(1))
    try:
        await asyncio.wait([waiting], timeout=START_S)
        return waiting.result() if waiting.done() else None
    finally:
        waiting.cancel()
        transport.close()


async def _end(process: subprocess.Popen[bytes]) -> None:
    """End a daemon that nobody waits for any more: what it has started ends with it."""
    process.kill()
    await asyncio.to_thread(process.wait)


def _failure(log: Path, what: str) -> GrpcdemoError:
    """What the daemon told of its end, or else its last words."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    told = {kind: text for kind, _, text in (line.partition(": ") for line in lines) if kind in ("error", "hint")}
    words = told.get("error") or " | ".join(lines[-LAST_LINES:]) or "it said nothing"
    return GrpcdemoError(f"the sandbox {what}: {words}", hint=told.get("hint") or f"see {log}")


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)

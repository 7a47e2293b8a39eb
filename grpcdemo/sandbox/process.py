"""Starting and stopping the daemon from outside: a command that needs it waits until it is ready."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox.state import State, claim, running, wait_until_free

START_S = 30.0
STOP_S = 15.0
LAST_LINES = 8
PROGRAM = (sys.executable, "-c", "from grpcdemo.cli.app import run; run()")
"""This grpcdemo, whatever the PATH says."""


async def start(state: State, *, by_itself: bool = False) -> bool:
    """Make sure that a daemon runs; False where one did already. Raises GrpcdemoError with its last words.

    One that was started *by_itself* is marked so; the mark goes when somebody starts it by hand.
    """
    if running(state):
        if not by_itself:
            state.by_itself.unlink(missing_ok=True)
        return False
    claim(state).close()  # an error about the folder is ours to tell, not the daemon's
    reading, writing = os.pipe()
    with state.log.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            "sandbox",
            "serve",
            str(state.root),
            str(writing),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(writing,),
        )
    os.close(writing)
    if await _said_ready(reading):
        if by_itself:
            state.by_itself.touch()
        return True
    if process.returncode is None:
        process.kill()
        await process.wait()
    raise GrpcdemoError(f"the sandbox did not start: {_last_words(state.log)}", hint=f"see {state.log}")


async def stop(state: State) -> bool:
    """End the daemon, and with it every pod and proxy; False where none ran."""
    pid = running(state)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    ended = asyncio.ensure_future(asyncio.to_thread(wait_until_free, state))
    done, _ = await asyncio.wait([ended], timeout=STOP_S)
    if not done:
        os.kill(pid, signal.SIGKILL)
    await ended
    return True


async def _said_ready(descriptor: int) -> bool:
    """Wait for the byte that the daemon writes when it serves; a closed pipe means that it ended."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    waiting = asyncio.ensure_future(reader.read(1))
    try:
        await asyncio.wait([waiting], timeout=START_S)
        return waiting.done() and bool(waiting.result())
    finally:
        waiting.cancel()
        transport.close()


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return " | ".join(lines[-LAST_LINES:]) or "it said nothing"

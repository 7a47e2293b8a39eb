"""Starting and stopping the daemon from outside: a command that needs it waits until it is ready."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from grpcdemo.durations import format_duration
from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox.ready_pipe import read_document
from grpcdemo.sandbox.state import (
    State,
    acquire,
    clear,
    clear_when_free,
    folder_errors,
    hold_turn,
    last_lines,
    prepare,
    running,
)

START_S = 90.0
STOP_S = 15.0
PROGRAM = (sys.executable, "-m", "grpcdemo.sandbox")
"""This grpcdemo, whatever the PATH says."""


async def start(
    state: State, *, auto: bool = False, program: Sequence[str] = PROGRAM, within_s: float = START_S
) -> bool:
    """Make sure that a daemon runs; False if one ran already. Raises GrpcdemoError with the reason for a failure.

    A command that needs a daemon starts it with *auto*, which marks it; starting it by hand removes the mark.
    """
    prepare(state)
    async with hold_turn(state):
        if running(state):
            if not auto:
                state.auto_started.unlink(missing_ok=True)
            return False
        acquire(state).close()  # an error about the folder is ours to tell, not the daemon's
        process, reading = _spawn(state, program)
        document = None
        try:
            document = await read_document(reading, timeout_s=within_s)
        finally:
            if not (started := bool(document and document["ready"])):
                await _end(process)
                clear(state)
        if not started:
            raise _failure(state.log, document, within_s)
        if auto:
            state.auto_started.touch()
        return True


async def stop(state: State, *, grace_s: float = STOP_S) -> bool:
    """End the daemon, and with it every pod and proxy; False where none ran."""
    pid = running(state)
    if pid is None:
        return False
    _signal(pid, signal.SIGTERM)
    ended = asyncio.ensure_future(asyncio.to_thread(clear_when_free, state))
    done, _ = await asyncio.wait([ended], timeout=grace_s)
    if not done:
        _signal(pid, signal.SIGKILL)
    await ended
    return True


def _spawn(state: State, program: Sequence[str]) -> tuple[subprocess.Popen[bytes], int]:
    """The daemon, and the pipe on which it says that it is ready.

    Not as a process of asyncio's, whose loop would wait for the end of one that outlives it, and complain.
    """
    reading, writing = os.pipe()
    try:
        with folder_errors(state), state.log.open("wb") as log:
            process = subprocess.Popen(
                [*program, str(state.root), str(writing)],
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


async def _end(process: subprocess.Popen[bytes]) -> None:
    """End a daemon that nobody waits for any more: what it has started ends with it."""
    process.kill()
    await asyncio.to_thread(process.wait)


def _failure(log: Path, document: dict[str, Any] | None, within_s: float) -> GrpcdemoError:
    """What the daemon said of its failure, or else the end of its log."""
    if document:
        return GrpcdemoError(f"the sandbox did not start: {document['message']}", hint=document["hint"] or f"see {log}")
    within = "" if document is not None else f" within {format_duration(within_s)}"
    return GrpcdemoError(f"the sandbox did not start{within}: {last_lines(log)}", hint=f"see {log}")


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)

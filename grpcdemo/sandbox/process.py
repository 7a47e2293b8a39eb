"""Starts and stops the daemon from a command, which waits until it is ready."""

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
"""This grpcdemo, whatever is on the PATH."""


async def start(
    state: State, *, auto: bool = False, program: Sequence[str] = PROGRAM, within_s: float = START_S
) -> bool:
    """Start a daemon unless one runs; False if one did. Raises GrpcdemoError with the reason for a failure.

    *auto* marks a daemon that a command starts because it needs one; starting it by hand removes the mark.
    """
    prepare(state)
    async with hold_turn(state):
        if running(state):
            if not auto:
                state.auto_started.unlink(missing_ok=True)
            return False
        acquire(state).close()  # report an error about the folder here, not in the daemon's log
        process, reading = _spawn(state, program)
        document = None
        try:
            document = await read_document(reading, timeout_s=within_s)
        finally:
            if not (started := bool(document and document["ready"])):
                process.kill()
                await asyncio.to_thread(process.wait)
                clear(state)
        if not started:
            raise _failure(state.log, document, within_s)
        if auto:
            state.auto_started.touch()
        return True


async def stop(state: State, *, grace_s: float = STOP_S) -> bool:
    """Stop the daemon, and with it every pod and proxy; False if none ran."""
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
    """Start the daemon; return it, and the pipe on which it reports that it is ready.

    It is no process of asyncio's: the event loop would complain about one that outlives it.
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


def _failure(log: Path, document: dict[str, Any] | None, within_s: float) -> GrpcdemoError:
    """The daemon's own report of its failure, or the end of its log."""
    if document:
        return GrpcdemoError(f"the sandbox did not start: {document['message']}", hint=document["hint"] or f"see {log}")
    within = "" if document is not None else f" within {format_duration(within_s)}"
    return GrpcdemoError(f"the sandbox did not start{within}: {last_lines(log)}", hint=f"see {log}")


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)

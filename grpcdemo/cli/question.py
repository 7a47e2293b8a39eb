"""A question at the terminal, which Ctrl-C ends as it ends any other work."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios

from grpcdemo.errors import GrpcdemoError

LINE_LIMIT = 4096
"""Bytes of one line, as a terminal hands them out; what is typed after it stays for the shell."""


def can_ask() -> bool:
    """Whether somebody sits at a terminal, sees a question, and can answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


async def confirm(question: str) -> bool:
    """Whether the answer is `y` or `yes`. Anything else, and the end of the input (Ctrl-D), is a no."""
    return (await _ask(f"{question} [y/N]: ")).strip().lower() in ("y", "yes")


async def wait_for_enter(request: str) -> bool:
    """Wait until a line is typed after the *request*, not before; False at the end of the input (Ctrl-D)."""
    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    return (await _ask(f"{request}: ")).endswith("\n")


async def _ask(text: str) -> str:
    """The line that is typed after *text*, without its end at the end of the input."""
    _print(text)
    line = ""
    try:
        line = await _read_line(sys.stdin.fileno())
    finally:
        if not line.endswith("\n"):  # the cursor stands behind the question
            with contextlib.suppress(OSError):  # unless its terminal is gone
                _print("\n")
    return line


async def _read_line(terminal: int) -> str:
    """Wait as for anything else, and read only then: a read that waits would keep signals from ending the command."""
    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(terminal, typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(terminal)
    return os.read(terminal, LINE_LIMIT).decode(errors="replace")


async def require_consent(question: str, refusal: GrpcdemoError) -> None:
    """Ask the *question*. Where nobody can answer, raise *refusal*, which names the option that answers it."""
    if not can_ask():
        raise refusal
    if not await confirm(question):
        raise GrpcdemoError("nothing was changed", hint=refusal.hint)


def _print(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)  # noqa: T201  (stderr is where a question belongs)

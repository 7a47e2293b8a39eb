"""Ctrl-Z: the shell gets its cursor back, and whoever draws learns of it afterwards."""

from __future__ import annotations

import os
import signal
import sys

SHOW_CURSOR = b"\x1b[?25h"
STOP = getattr(signal, "SIGTSTP", None)
"""Windows has none."""


class Suspension:
    """Between `begin` and `end`, Ctrl-Z shows the cursor before it stops the process."""

    def __init__(self) -> None:
        self._suspended = False
        self._began = False

    def begin(self) -> None:
        """Where the shell has no job control, it ignores the signal, and so do we."""
        if STOP is not None and signal.getsignal(STOP) is signal.SIG_DFL:
            signal.signal(STOP, self._suspend)
            self._began = True

    def end(self) -> None:
        if STOP is not None and self._began:
            signal.signal(STOP, signal.SIG_DFL)

    def was_suspended(self) -> bool:
        """Whether the process was stopped since the last time that this was asked."""
        suspended, self._suspended = self._suspended, False
        return suspended

    def _suspend(self, number: int, _: object) -> None:
        """Stop as if nobody handled the signal. Past the buffer: this may interrupt a write to it."""
        os.write(sys.stderr.fileno(), SHOW_CURSOR)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self._suspend)
        self._suspended = True

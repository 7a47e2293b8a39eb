"""A kubectl that goes on printing, as with `--watch` and `--follow`, read line by line."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.contract.tools import find_program

PATIENCE_S = 120
"""How long to wait for a line that must come, whatever others come before it."""


class Lines:
    """What it prints; the test waits for the next line, and no longer than is reasonable."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def next(self) -> str:
        return self.until(lambda _: True)[0]

    def until(self, wanted: Callable[[str], bool]) -> list[str]:
        """The lines up to the first one that is *wanted*."""
        found: list[str] = []
        deadline = time.monotonic() + PATIENCE_S
        while not found or not wanted(found[-1]):
            try:
                found.append(self._lines.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                pytest.fail("kubectl never printed what was waited for, but:\n" + "\n".join(found))
        return found

    def join(self) -> None:
        """Wait for its end."""
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            for line in stdout:
                self._lines.put(line.rstrip("\n"))


@contextmanager
def kubectl_stream(*arguments: str) -> Iterator[Lines]:
    process = subprocess.Popen([find_program("kubectl"), *arguments], stdout=subprocess.PIPE, text=True)
    lines = Lines(process)
    try:
        yield lines
    finally:
        process.kill()
        lines.join()

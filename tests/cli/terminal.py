"""A terminal of 80 columns, as far as a program can tell."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import pytest


class Terminal(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.question = "[y/N]"
        self.at_question: Callable[[], None] = lambda: None
        """What the user does when the question is shown."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.question in text:
            self.at_question()
        return super().write(text)


@contextmanager
def keyboard(typed: str) -> Iterator[TextIO]:
    """A real terminal's input."""
    us, them = os.openpty()
    try:
        with open(them, encoding="utf-8") as stdin:  # noqa: PTH123  (a descriptor has no path)
            os.write(us, typed.encode())
            yield stdin
    finally:
        os.close(us)


@contextmanager
def on_terminal(typed: str = "", **environment: str) -> Iterator[Terminal]:
    """Put stdin, stdout and stderr on a terminal, at which the user has *typed*; what it shows."""
    shown = Terminal()
    with pytest.MonkeyPatch.context() as patch, keyboard(typed) as stdin:
        for name, value in {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environment}.items():
            patch.setenv(name, value)
        patch.setattr("sys.stdin", stdin)
        patch.setattr("sys.stdout", shown)
        patch.setattr("sys.stderr", shown)
        yield shown

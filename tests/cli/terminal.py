"""A terminal of 80 columns, as far as a program can tell."""

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TextIO

import pytest


class Terminal(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.type: Callable[[str], None] = lambda _: None
        """Type on its keyboard."""
        self.question = "[y/N]"
        self.at_question: Callable[[], None] = lambda: None
        """What the user does when the question is shown."""

    @property
    def text(self) -> str:
        """What was written, without its escape sequences."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.getvalue())

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.question in text:
            self.at_question()
        return super().write(text)


@contextmanager
def keyboard() -> Iterator[tuple[TextIO, Callable[[str], None]]]:
    """A real terminal's input, and what types on it."""
    us, them = os.openpty()
    try:
        with open(them, encoding="utf-8") as stdin:  # noqa: PTH123  (a descriptor has no path)
            yield stdin, partial(_type, us)
    finally:
        os.close(us)


def _type(keys: int, text: str) -> None:
    os.write(keys, text.encode())


@contextmanager
def on_terminal(typed: str = "", **environment: str) -> Iterator[Terminal]:
    """Put stdin, stdout and stderr on a terminal, at which the user has *typed*; what it shows."""
    shown = Terminal()
    with pytest.MonkeyPatch.context() as patch, keyboard() as (stdin, shown.type):
        shown.type(typed)
        for name, value in {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environment}.items():
            patch.setenv(name, value)
        patch.setattr("sys.stdin", stdin)
        patch.setattr("sys.stdout", shown)
        patch.setattr("sys.stderr", shown)
        yield shown

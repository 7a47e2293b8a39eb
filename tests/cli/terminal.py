"""A terminal of 80 columns, as far as a program can tell."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def on_terminal(typed: str = "", **environment: str) -> Iterator[Terminal]:
    """Put stdin, stdout and stderr on a terminal, at which the user has *typed*; what it shows."""
    shown = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environment}.items():
            patch.setenv(name, value)
        patch.setattr("sys.stdin", Terminal(typed))
        patch.setattr("sys.stdout", shown)
        patch.setattr("sys.stderr", shown)
        yield shown

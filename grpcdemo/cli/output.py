"""Where words go: the result to stdout, everything else to stderr; colour and redrawing only on a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from grpcdemo.cli.options import Format
from grpcdemo.model import Done, Event, Waiting, Warned

UNBOUNDED = 10_000
"""Width of what must not be cut: a pipe has no edge, and a terminal wraps a long line by itself."""
LINE_S = 1.0
"""Where nothing can be redrawn, an observation is a line this often."""


def console(*, stderr: bool = False) -> Console:
    """Results are never cut; what is redrawn in place on a terminal has to fit its width."""
    redrawn = stderr and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return Console(stderr=stderr, width=None if redrawn else UNBOUNDED, highlight=False, markup=False, soft_wrap=True)


def result_width() -> int | None:
    """How many cells a line on stdout has; None where it has no edge."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def show(result: RenderableType, document: Mapping[str, Any] | list[Any], form: Format) -> None:
    """Print the result of a command: the picture, or the document."""
    if form is Format.JSON:
        print(json.dumps(document, indent=2))  # noqa: T201  (stdout is where a result belongs)
    else:
        _print(result)


def _print(result: RenderableType) -> None:
    out = console()
    if out.is_terminal:
        out.print(result)
        return
    with out.capture() as captured:
        out.print(result)
    for line in captured.get().splitlines():
        print(line.rstrip())  # noqa: T201


class Progress:
    """What a step tells while it runs, on stderr. A context manager.

    On a terminal a line at the bottom says what is being waited for; elsewhere it is a line each time.
    Where nobody reads any more (a closed pipe, a lost terminal) it raises OSError once, so that the work
    ends, and is silent from then on, so that cleaning up goes on.
    """

    def __init__(self, *, dry_run: bool = False) -> None:
        self._console = console(stderr=True)
        self._dry_run = dry_run
        self._live: Live | None = None
        self._unread = False
        self._waiting = ""
        self._drawn = -LINE_S

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._live:
            with contextlib.suppress(OSError):
                self._live.stop()

    def report(self, event: Event) -> None:
        if isinstance(event, Waiting):
            self._wait(f"waiting for {event.text}")
        elif isinstance(event, Warned):
            self._say(Text.assemble(("! ", "yellow"), event.text))
        elif isinstance(event, Done):
            suffix = " (dry run)" if self._dry_run else ""
            self._say(Text.assemble(("✓ ", "green"), event.text, suffix))

    def draw(self, picture: RenderableType, line: str) -> None:
        """Show *picture* in place on a terminal; elsewhere say *line*, once a second at most."""
        if self._console.is_terminal:
            self._redraw(Group(Text(""), picture))
        elif time.monotonic() - self._drawn >= LINE_S:
            self._drawn = time.monotonic()
            self._print(line)

    def _wait(self, text: str) -> None:
        if self._console.is_terminal:
            self._redraw(Spinner("dots", Text(text)))
        elif text != self._waiting:
            self._print(text)
        self._waiting = text

    def _redraw(self, picture: RenderableType) -> None:
        """Begins to redraw with the first picture, and no sooner: a question must not be painted over."""
        if self._live is None:
            self._live = Live(console=self._console, transient=True, refresh_per_second=10)
            self._live.start()
        self._live.update(picture)

    def _say(self, text: Text) -> None:
        if self._live:
            self._live.update(Text(""))
        self._print(text)

    def _print(self, text: RenderableType) -> None:
        if self._unread:
            return
        try:
            self._console.print(text)
        except OSError:
            self._unread = True
            raise

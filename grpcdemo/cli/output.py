"""Results go to stdout, everything else to stderr; only a terminal gets color and redrawing."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from grpcdemo.cli.invocation import Invocation
from grpcdemo.cli.options import Format
from grpcdemo.cli.suspension import Suspension
from grpcdemo.errors import Kubectl
from grpcdemo.model.progress import Done, StepEvent, Waiting, Warned
from grpcdemo.views.styles import BAD, GOOD, QUIET

UNBOUNDED = 10_000
"""The width of results: a pipe has no edge, and a terminal wraps long lines."""
LINE_S = 1.0
"""How often an observation is a line, where nothing can be redrawn."""
DRAW_S = 0.1
"""A picture is redrawn this often at most, and no more often than leaves nine tenths of the time to the work."""
DRAWING_PART = 0.1
BEGIN_FRAME, END_FRAME = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronized output: a terminal that supports it shows only whole frames; others ignore it."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise it: Rich would end the process, and leave stderr to fail again at exit."""
        raise


Picture = Callable[[int, int], RenderableType]
"""Takes the width in cells and the height in lines."""


def console(*, stderr: bool = False) -> Console:
    """Results are never cut; what is redrawn in place must fit the terminal's width."""
    draws = (sys.stderr if stderr else sys.stdout).isatty() and os.environ.get("TERM") != "dumb"
    return _Console(
        stderr=stderr,
        width=None if stderr and draws else UNBOUNDED,
        # Rich takes a TERM without "256color", such as screen, for one of 16 colors, in which pods look alike.
        color_system="256" if draws or os.environ.get("FORCE_COLOR") else "auto",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def result_size() -> tuple[int | None, int | None]:
    """How many cells and lines stdout has, with one for the prompt below left out; None if it is no terminal."""
    if not sys.stdout.isatty():
        return None, None
    size = shutil.get_terminal_size()
    return size.columns, size.lines - 1


def result_width() -> int | None:
    """How many cells a line on stdout has; None if stdout is no terminal."""
    return result_size()[0]


def show(result: RenderableType, document: Mapping[str, Any] | list[Any], form: Format) -> None:
    """Print the result of a command: the picture, or the document."""
    if form is Format.JSON:
        show_document(document)
    else:
        show_picture(result)


def show_document(document: Mapping[str, Any] | list[Any]) -> None:
    show_text(json.dumps(document, indent=2) + "\n")


def show_text(text: str) -> None:
    print(text, end="")  # noqa: T201  (stdout is where a result belongs)


def show_page(html: str) -> None:
    """In ASCII, so that it is the same in every encoding of stdout."""
    show_text(html.encode("ascii", "xmlcharrefreplace").decode())


def show_picture(result: RenderableType) -> None:
    out = console()
    if sys.stdout.isatty():
        out.print(result)
        return
    with out.capture() as captured:
        out.print(result)
    for line in captured.get().splitlines():
        print(line.rstrip())  # noqa: T201  (stdout is where a result belongs)


class Progress:
    """Shows a step's events on stderr while it runs. A context manager.

    On a terminal, the bottom line says what the step waits for. Elsewhere, and with *plain*, each wait is a line. A dry
    run says what would be done. With *commands_of* an invocation, each event is followed by the kubectl commands that
    do the same on its target.
    When its reader is gone (a closed pipe, a lost terminal), it raises OSError once, so that the work ends, and then
    stays silent, so that the cleanup continues.
    """

    def __init__(self, *, dry_run: bool = False, plain: bool = False, commands_of: Invocation | None = None) -> None:
        self._console = console(stderr=True)
        self._dry_run = dry_run
        self._commands_of = commands_of
        self._in_place = sys.stderr.isatty() and not self._console.is_dumb_terminal and not plain
        self._spinner = "dots" if self._console.encoding.startswith("utf") else "line"
        self._live: Live | None = None
        self._unread = False
        self._waiting = ""
        self._next_draw = 0.0
        self._size: tuple[int, int] | None = None
        """Of the terminal at the last frame, in cells and lines."""
        self._suspension = Suspension()
        self._latest: Picture | None = None
        """What was drawn last, or came too soon to be drawn, and does not stand yet."""

    def __enter__(self) -> Progress:
        if self._in_place:
            self._suspension.begin()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._clear()
        self._suspension.end()

    def report(self, event: StepEvent) -> None:
        if isinstance(event, Waiting):
            self._wait(f"waiting for {event.text}")
        elif isinstance(event, Warned):
            self.say(Text.assemble(("! ", BAD), event.text))
        elif self._dry_run:
            self.say(Text(f"would {event.would}" if event.would else event.text))
        else:
            self.say(Text.assemble(("✓ ", GOOD), event.text))
        if isinstance(event, Done):
            self.show_commands(event.commands)

    def show_commands(self, commands: Iterable[Kubectl]) -> None:
        """Print the *commands* that do the same by hand, if they are asked for; unwrapped, to be copied."""
        if self._commands_of:
            for command in commands:
                self._print_above(Text(f"  $ {command.text(self._commands_of.kubectl_flags)}", QUIET))

    def draw(self, picture: Picture, line: Callable[[], str]) -> None:
        """Show the *picture* in place on a terminal; elsewhere print the *line*, at most once a second.

        Skip one that comes too soon after the last: drawing must not slow the work down.
        """
        self._latest = picture
        began = time.monotonic()
        if began < self._next_draw or self._unread:
            return
        if not self._in_place:
            self._next_draw = began + LINE_S
            self._print(line())
            return
        with self._reader():
            self._frame(picture)
        took = time.monotonic() - began
        self._next_draw = began + max(DRAW_S, took / DRAWING_PART)

    def stand(self) -> bool:
        """On a terminal, leave the latest picture where it is: nothing is drawn over it any more. False without one."""
        picture, self._latest = self._latest, None
        if picture and self._in_place:
            self._clear()
            width, height = self._console.size
            self._print(Group(Text(""), picture(width, height - 2)))
            return True
        return False

    def say(self, text: Text) -> None:
        """Print a paragraph, wrapped between words."""
        self._print_above(text, wrapped=True)

    def sketch(self, sketch: Callable[[int], RenderableType | None]) -> None:
        """Print what *sketch* makes of the width, if anything, where pictures are drawn."""
        if self._in_place and (drawing := sketch(self._console.width)):
            self._print_above(drawing)

    def _frame(self, picture: Picture) -> None:
        """Draw the picture as one frame, below an empty line, in the size that the terminal has now.

        Where the last frame begins is unknown in a terminal that became narrower, and wrapped it, or higher or lower,
        and scrolled it, and after `fg`: then clear the screen. Without a frame, what stands there remains.
        """
        width, height = self._console.size
        self._console.file.write(BEGIN_FRAME)
        was_suspended = self._suspension.was_suspended()
        if self._live and self._size and (width < self._size[0] or height != self._size[1] or was_suspended):
            self._live.update(Text(""))
            self._clear()
            self._console.clear()
        live = self._live_display(animated=False)
        self._size = width, height
        live.update(Group(Text(""), picture(width, height - 2)), refresh=True)
        self._console.file.write(END_FRAME)
        self._console.file.flush()

    def _wait(self, text: str) -> None:
        if self._in_place:
            self._live_display(animated=True).update(Spinner(self._spinner, Text(text)))
        elif text != self._waiting:
            self._print(text)
        self._waiting = text

    def _live_display(self, *, animated: bool) -> Live:
        """Start redrawing with the first picture: earlier, it would paint over a question. Only spinners animate."""
        if self._live is None or self._live.auto_refresh is not animated:
            self._clear()
            self._live = Live(console=self._console, transient=True, auto_refresh=animated, refresh_per_second=10)
            self._live.start()
        return self._live

    def _clear(self) -> None:
        if self._live:
            with contextlib.suppress(OSError):
                self._live.stop()
            self._live, self._size = None, None

    def _print_above(self, text: RenderableType, *, wrapped: bool = False) -> None:
        """In place of what is redrawn, which goes on below."""
        if self._live:
            self._live.update(Text(""), refresh=True)
        self._print(text, wrapped=wrapped)

    def _print(self, text: RenderableType, *, wrapped: bool = False) -> None:
        if not self._unread:
            with self._reader():
                self._console.print(text, soft_wrap=not wrapped)

    @contextlib.contextmanager
    def _reader(self) -> Iterator[None]:
        """Remember that the reader is gone."""
        try:
            yield
        except OSError:
            self._unread = True
            raise

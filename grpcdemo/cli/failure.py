"""Print on stderr why a command failed, and what helps."""

from __future__ import annotations

import contextlib

from rich.text import Text

from grpcdemo.cli.output import console
from grpcdemo.views.styles import BAD, HELP


def tell(message: str, hint: str | None) -> None:
    """Print an error, if stderr can be written to. A terminal gets color, and lines that break between words."""
    with contextlib.suppress(OSError):
        stderr = console(stderr=True)
        stderr.print(Text.assemble(("error:", BAD), f" {message}"), soft_wrap=False)
        if hint:
            stderr.print(Text.assemble(("hint:", HELP), f" {hint}"), soft_wrap=False)

"""Whether the terminal is large enough for the demo, and shows its characters."""

from __future__ import annotations

import os
import sys

from grpcdemo.errors import Hint
from grpcdemo.model.check import Check, State

COLUMNS, LINES = 80, 24


def check_terminal() -> Check:
    if not sys.stdout.isatty():
        return Check("terminal", State.UNKNOWN, "not checked: the output goes to no terminal")
    size = os.get_terminal_size(sys.stdout.fileno())
    summary = f"{size.columns}x{size.lines}, {sys.stdout.encoding}"
    if size.columns < COLUMNS or size.lines < LINES:
        advice = Hint(f"make it {COLUMNS}x{LINES} or larger; a smaller one gets fewer columns")
        return Check("terminal", State.WARNING, f"{summary}: small", advice=advice)
    if sys.stdout.encoding.lower().replace("-", "") != "utf8":
        return Check("terminal", State.WARNING, f"{summary}: bars are ASCII", advice=Hint("set LC_ALL=C.UTF-8"))
    return Check("terminal", State.OK, summary)

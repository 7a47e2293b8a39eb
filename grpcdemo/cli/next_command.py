"""The closing line of a command: which command to run next, on the same target."""

from __future__ import annotations

import shlex

from grpcdemo.cli.output import console
from grpcdemo.cli.target_options import TargetOptions


def suggest_next(target: TargetOptions, text: str, *commands: str) -> None:
    """Print *text* on stderr, where each `{}` stands for one of the *commands*."""
    flags = [" ", shlex.join(target.flags)] if target.flags else []
    typed = ["".join(("`grpcdemo ", command, *flags, "`")) for command in commands]
    console(stderr=True).print(f"next: {text.format(*typed)}", soft_wrap=False)

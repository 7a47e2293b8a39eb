"""One run of the command line: what was typed, and which target it reached. `app.main` makes it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grpcdemo.model.target import Target


@dataclass
class Invocation:
    """The command line that runs, and the target that it has reached, for the hints that repeat them."""

    arguments: tuple[str, ...]
    target: Target | None = None

    @property
    def command_line(self) -> str:
        """What was typed, ready to be typed again."""
        return shlex.join(["grpcdemo", *self.arguments])

    @property
    def kubectl_flags(self) -> tuple[str, ...]:
        """What brings kubectl to the target of this command."""
        return self.target.kubectl_flags if self.target else ()

"""One run of the command line: what was typed, and which target it reached. `app.main` makes it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grpcdemo.errors import Hint

if TYPE_CHECKING:
    from grpcdemo.model.target import Target


@dataclass(frozen=True)
class Gone:
    """The demo in *namespace* was deleted by the command itself, or has ended with its sandbox."""

    namespace: str
    advice: str | None = None
    """What helps instead of looking at it."""


@dataclass
class Invocation:
    """The command line that runs, and the target that it has reached, for the hints that repeat them."""

    arguments: tuple[str, ...]
    target: Target | None = None
    gone: Gone | None = None

    @property
    def command_line(self) -> str:
        """What was typed, ready to be typed again."""
        return shlex.join(["grpcdemo", *self.arguments])

    def word(self, hint: Hint) -> str | None:
        """What is printed of *hint*: nothing that tells to look at what is gone."""
        if self.gone and hint.is_about(self.gone.namespace):
            return self.gone.advice
        return hint.text(self.kubectl_flags)

    @property
    def kubectl_flags(self) -> tuple[str, ...]:
        """What brings kubectl to the target of this command."""
        return self.target.kubectl_flags if self.target else ()

"""How a step reports its progress: in words for people. Facts are in the step's result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grpcdemo.errors import Kubectl


@dataclass(frozen=True)
class Done:
    """What a step finished, in the past tense; or a fact."""

    text: str
    would: str | None = None
    """The same after *would*, for a dry run. None for a fact, which is the same there."""
    commands: tuple[Kubectl, ...] = ()
    """What does the same, or shows it, by hand."""


@dataclass(frozen=True)
class Waiting:
    """What a step waits for now; replaces the previous one."""

    text: str


@dataclass(frozen=True)
class Warned:
    """What the user should know although it is not an error, or could not be checked."""

    text: str


StepEvent = Done | Waiting | Warned
Reporter = Callable[[StepEvent], None]
"""How a step reports its progress: in words for people. Facts are in the step's result."""


def unreported(_: StepEvent) -> None:
    """Where nobody looks."""

"""What `check` looked at before a demo, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.errors import Hint
from grpcdemo.word import Word


class State(Word):
    """What came of looking."""

    OK = "ok"
    WARNING = "warning"
    """The demo works, but something is to be known."""
    FAILED = "failed"
    """The demo would fail."""
    UNKNOWN = "unknown"
    """It could not be looked at."""


@dataclass(frozen=True)
class Check:
    """One thing that a demo needs."""

    id: str
    """Stable, for scripts."""
    state: State
    summary: str
    evidence: tuple[str, ...] = ()
    """What was seen, where the summary does not say it all."""
    advice: Hint | None = None
    """What helps."""


def failed(name: str, summary: str, advice: Hint | str | None, *evidence: str) -> Check:
    return Check(name, State.FAILED, summary, evidence, Hint(advice) if isinstance(advice, str) else advice)

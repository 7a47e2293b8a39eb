"""Reading what a step told."""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.model import Done, StepEvent, Warned
from tests.fakes.script import Asked


def done(events: Iterable[StepEvent]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Done))


def warned(events: Iterable[StepEvent]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Warned))


def is_dry(change: Asked) -> bool:
    """Whether the API would persist nothing; of a DELETE with a body it reads the body only."""
    if change.method == "DELETE" and change.body:
        return bool(change.body.get("dryRun") == ["All"])
    return change.query.get("dryRun") == "All"

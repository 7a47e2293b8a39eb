"""A step that the API interrupts half way says which command continues: what was done stays done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from grpcdemo.errors import ApiError
from grpcdemo.model.progress import Done, Reporter, StepEvent, Warned


class Notes:
    """Passes events on to *report*, and remembers whether anything was done."""

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self.is_done = False
        """Whether anything was."""

    def __call__(self, event: StepEvent) -> None:
        self.is_done = self.is_done or isinstance(event, Done)
        self._report(event)


@contextmanager
def unfinished(report: Reporter, warning: str) -> Iterator[Reporter]:
    """Report *warning* if the API fails after something was reported as done to the reporter that this yields."""
    notes = Notes(report)
    try:
        yield notes
    except ApiError:
        if notes.is_done:
            report(Warned(warning))
        raise

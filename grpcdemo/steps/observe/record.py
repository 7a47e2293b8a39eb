"""Everything that was counted so far: the current window, and the timeline across all windows."""

from __future__ import annotations

from collections.abc import Callable

from grpcdemo.model.observation import Slice, Tally
from grpcdemo.steps.observe.batch import Batch
from grpcdemo.steps.observe.blindness import BLIND_S, Blindness
from grpcdemo.steps.observe.timeline import TimelineCounter
from grpcdemo.steps.observe.window import Window


class Record:
    """Begins without a window. Times are seconds of the event loop's clock."""

    def __init__(self, began: float, new_window: Callable[[], Window] = Window, blind_s: float = BLIND_S) -> None:
        self._new_window = new_window
        self.window_began = began
        self.window = new_window()
        self.windows = 0
        """How many windows have begun."""
        self.appeared: dict[str, None] = {}
        """The server pods, in the order in which they appeared."""
        self.timeline = TimelineCounter(began)
        self.blindness = Blindness(blind_s)

    def begin_window(self, at: float) -> None:
        """Begin a new window; no call before counts in it."""
        self.windows += 1
        self.window = self._new_window()
        self.window_began = at
        self.timeline.add(Slice(windows=1), at)

    def add(self, batch: Batch) -> bool:
        """Count *batch* in the current window, or in a new one if its client restarted; False if the window is full."""
        if self.window.is_full:
            return False
        if batch.restarted:
            self.begin_window(batch.at)
        if batch.missed and batch.previous_at is not None:
            self.blindness.miss(batch.client, batch.previous_at, batch.at)
        self.timeline.add(self.window.add(batch), batch.at)
        return True

    def tally(self, now: float) -> Tally:
        """What was counted in the window up to *now*."""
        began = self.window_began if self.window.began is None else min(self.window_began, self.window.began)
        return self.window.tally(now, *self.blindness.of_clients(began, now))

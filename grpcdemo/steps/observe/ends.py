"""When an observation ends."""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.manifests import defaults
from grpcdemo.model.observation import Observation
from grpcdemo.verdict import Outcome


@dataclass(frozen=True, kw_only=True)
class Ends:
    """What ends it, whichever comes first. Without any end, it goes on until it is cancelled."""

    requests: int | None = None
    """End with this many responses in one window."""
    seconds: float | None = None
    """End after this long."""
    expect: Outcome | None = None
    """End as soon as the verdict is certain, whichever it is."""
    least_s: float = 0.0
    """With *expect*: do not end before this long with a verdict."""
    timeout_s: float = defaults.TIMEOUT_S
    """With *expect*: end after this long, also without a verdict."""
    look_again_s: float = 1.0
    """Yield an observation after this long even if nothing was counted or changed."""

    def are_reached(self, observation: Observation, elapsed_s: float) -> bool:
        if self.requests is not None and observation.tally.responses >= self.requests:
            return True
        if self.seconds is not None and elapsed_s >= self.seconds:
            return True
        if self.expect is None:
            return False
        watched_s = observation.timeline.seconds
        is_certain = observation.verdict.outcome is not Outcome.INCONCLUSIVE and watched_s >= self.least_s
        return is_certain or observation.is_over or elapsed_s >= self.timeout_s

    def until_next(self, elapsed_s: float) -> float:
        """Seconds until the next observation if there is no news."""
        ends = [self.seconds, self.timeout_s if self.expect else None]
        return max(0.0, min([self.look_again_s, *(end - elapsed_s for end in ends if end is not None)]))

"""What to observe, and when to end."""

from __future__ import annotations

from dataclasses import dataclass, field

from grpcdemo.kube.streams.logs import FollowTiming
from grpcdemo.manifests import defaults
from grpcdemo.model.pods import CLIENT_CONTAINER
from grpcdemo.steps.observe.blindness import BLIND_S
from grpcdemo.steps.observe.ends import Ends
from grpcdemo.verdict import Criteria


@dataclass(frozen=True)
class ObserveConfig:
    """The demo in a namespace, and what its client logs."""

    namespace: str = defaults.NAMESPACE
    ends: Ends = field(default_factory=Ends)
    since_s: float | None = None
    """Also count calls that were logged up to this long ago."""
    selector: str | None = None
    """The label selector of the client pods; by default, the demo's client."""
    container: str | None = None
    """The container that logs the calls; by default, the demo client's."""
    criteria: Criteria = field(default_factory=Criteria)
    snapshot_s: float = 0.1
    """The pause between two observations."""
    gap_s: float = 2.0
    """The pause between two looks at what the demo lacks, while nobody answers."""
    change_s: float = 30.0
    """How long nothing is called skewed while server pods come or go, counted from their last change."""
    blind_s: float = BLIND_S
    """How long calls may not be readable before it is said."""
    follow: FollowTiming = field(default_factory=FollowTiming)

    @property
    def log_container(self) -> str:
        """The name of the container that logs the calls."""
        return self.container or CLIENT_CONTAINER

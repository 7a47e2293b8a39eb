"""What to compare, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field

from grpcdemo.cures import CURES
from grpcdemo.cures.cure import Change, Cure
from grpcdemo.errors import UsageError
from grpcdemo.kube.demo.lease import LeaseTiming
from grpcdemo.kube.demo.namespace import comparison_prefix
from grpcdemo.manifests import defaults
from grpcdemo.manifests.compute import Resources, check_resources
from grpcdemo.verdict import Criteria
from grpcdemo.verdict.evidence import fewest_for_even

CLIENTS = 2
ROUNDS = 3
RATE = 50.0
"""Calls per second of each client: half of the demo's, so that the changes of four cures can be watched at once."""
SEED = 1
LONGEST_NAME = 63
"""Of a namespace."""


@dataclass(frozen=True)
class Timing:
    """How long each part takes, in seconds."""

    warm_up_s: float = 1.0
    """After each client's first answer: new connections are slow, and are not what is compared."""
    window_s: float = 4.0
    new_pod_s: float = 40.0
    """How long a new pod may wait for its calls: a client looks up names again every 30 s at most."""
    settle_s: float = 8.0
    """How long the clients are watched after any other change."""
    keep_s: float = 10.0
    """How long Ctrl-C may take to read the logs of the changes that are over."""
    cleanup_s: float = 60.0
    """How long the cleanup after a failure or Ctrl-C may take."""


@dataclass(frozen=True)
class CompareConfig:
    """Raises UsageError if there is nothing to compare, or too little for a verdict."""

    cures: tuple[Cure, ...] = CURES
    namespace: str = defaults.NAMESPACE
    """The prefix of the namespaces, one for each cure."""
    servers: int = defaults.SERVERS
    clients: int = CLIENTS
    rate: float = RATE
    rounds: int = ROUNDS
    seed: int = SEED
    image_prefix: str | None = None
    envoy_image: str | None = None
    """For the cure of an Envoy in the middle; None for the image that the injector adds."""
    resources: Resources | None = None
    may_change: frozenset[Change] = frozenset(Change)
    """What the user could change, for the recommendation."""
    timeout_s: float = defaults.TIMEOUT_S
    """How long each wait may take."""
    timing: Timing = field(default_factory=Timing)
    lease: LeaseTiming = field(default_factory=LeaseTiming)

    def __post_init__(self) -> None:
        check_resources(self.resources or {})
        if self.servers < 2:
            raise UsageError("one server leaves nothing to balance over", hint="use --servers 2 or more")
        calls = self.rate * self.clients * self.timing.window_s * self.rounds
        needed = fewest_for_even(self.servers, Criteria.tolerance, Criteria.error_rate)
        if calls < needed:
            raise UsageError(
                f"{calls:.0f} calls of each cure are too few: it takes {needed} to tell balanced from uneven",
                hint=f"use --rate {max(1, round(2 * needed / calls * self.rate)):g}, or more --clients or --rounds",
            )
        longest = max((self.namespace_of(cure) for cure in self.cures), key=len)
        if len(longest) > LONGEST_NAME:
            raise UsageError(f"{longest} is too long for the name of a namespace", hint="choose a shorter --namespace")

    def namespace_of(self, cure: Cure) -> str:
        return f"{comparison_prefix(self.namespace)}{cure.name.replace('+', '-')}"

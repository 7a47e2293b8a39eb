"""What any source answers."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from grpcdemo.diagnosis.fan_out import Connections
from grpcdemo.diagnosis.traffic import Counters
from grpcdemo.model.observation import CountedBy, SourceName
from grpcdemo.resources.metrics_ports import MetricsPort
from grpcdemo.steps.sources.around import Around
from grpcdemo.word import Word


class Choice(Word):
    """Which source the user asks for."""

    AUTO = "auto"
    """The first one that can be read."""
    ENVOY = "envoy"
    LINKERD = "linkerd"
    ISTIO = "istio"
    APP = "app"
    LOG = "log"
    CONNECTIONS = "connections"


ANYBODY = "unknown"
"""Who calls, where nobody knows it."""
PARTLY_READ = "not all server pods can be read"
"""Why servers do not tell clients apart, where some of them are silent."""


@dataclass(frozen=True)
class SourceConfig:
    """Who is to count, and what a source cannot know by itself."""

    choice: Choice = Choice.AUTO
    metrics_port: MetricsPort | None = None
    """Where the servers have their metrics, if not where their pods say."""
    log_match: re.Pattern[str] | None = None
    """Which lines of the servers' logs are requests."""
    probes: Mapping[str, str] = field(default_factory=dict)
    """By the UID of a server pod, the container that was added to count there: then nobody else counts."""

    @property
    def is_chosen(self) -> bool:
        """The user has named who is to count."""
        return self.choice is not Choice.AUTO or bool(self.probes)


@dataclass(frozen=True)
class Reading:
    """One poll."""

    source: SourceName
    counters: Mapping[str, Counters] = field(default_factory=dict)
    """By client, the requests to each address."""
    told: Sequence[str] = ()
    """The pods that have told theirs."""
    all_pods: int = 0
    """How many there are."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """By pod that has counters which could not be read now, why."""
    is_awaited: bool = False
    """One of them is silent, and may answer yet."""
    uncounted: Mapping[str, str] = field(default_factory=dict)
    """By pod whose requests nobody counts, why."""
    nobody: str = ""
    """Why there is nothing to read at all."""
    is_unmeshed: bool = False
    """Because no pod has the proxy that would count."""
    are_pods: bool = True
    """The clients are pods; otherwise, workloads."""
    untold: str = ""
    """Why no verdict on clients can be given, but only on the load of the servers."""
    idle: str = ""
    """What there is in place of requests, where there are none."""
    connections: Connections | None = None
    """Those of the servers, if they were looked at."""
    why: str = ""
    """Why no better source could be used."""

    @property
    def counted_by(self) -> CountedBy:
        also_connected = self.connections is not None and self.source != "connections"
        return CountedBy(self.source, len(self.told), self.all_pods, self.why, also_connected)

    @property
    def basis(self) -> Hashable:
        """Counts on another basis cannot be added to these."""
        return self.source, self.are_pods


class Source(Protocol):
    """Counters of the requests to one port of one Service."""

    async def read(self, around: Around) -> Reading:
        """The counters as they are now. Raises Unreadable if the user lacks the right."""

    async def close(self) -> None:
        """Close the connections that it keeps from one reading to the next."""

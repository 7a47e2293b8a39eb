"""To which server pods each client is connected, and was, from one look at the servers' connections to the next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from grpcdemo.verdict import Verdict, judge_connections
from grpcdemo.verdict.connections import LOOKS, Reach

OUTSIDE = ""
"""Stands for everybody who is not a client pod that is known."""
LASTING = 2
"""A connection from outside that is seen so often is no probe of a kubelet's."""


@dataclass(frozen=True)
class Connection:
    """As its server pod sees it."""

    server: str
    address: str
    port: int
    """The caller's."""


@dataclass(frozen=True)
class Connections:
    """Those that are open at one moment."""

    by_client: Mapping[str, Collection[Connection]] = field(default_factory=dict)
    """By client pod, or OUTSIDE."""
    unseen: str = ""
    """Why there may be others."""


class FanOut:
    """What was seen since the servers are the same."""

    def __init__(self) -> None:
        self._looks = 0
        self._seen: dict[str, dict[Connection, int]] = {}
        """By client, how often in a row each of its connections of now was seen."""
        self._reached: dict[str, set[str]] = defaultdict(set)
        self._at_once = Counter[str]()
        self._unseen = ""
        self._latest: Connections | None = None

    def add(self, connections: Connections) -> None:
        """The same look, which holds until the next one, counts once."""
        if connections is self._latest:
            return
        self._latest = connections
        self._looks += 1
        self._unseen = connections.unseen
        for client, open_now in connections.by_client.items():
            before, servers = self._seen.get(client, {}), {one.server for one in open_now}
            self._seen[client] = {one: before.get(one, 0) + 1 for one in open_now}
            self._reached[client] |= servers
            self._at_once[client] = max(self._at_once[client], len(servers))
        for client in self._seen.keys() - connections.by_client.keys():
            self._seen[client] = {}

    @property
    def is_known(self) -> bool:
        """The connections of all servers were seen."""
        return self._looks > 0 and not self._unseen

    @property
    def is_young(self) -> bool:
        """Too young to tell whether a connection stays."""
        return self.is_known and self._looks < LOOKS

    @property
    def by_client(self) -> dict[str, dict[str, int]]:
        """The connections of now by client pod and server pod."""
        return {
            client: dict(Counter(one.server for one in seen))
            for client, seen in sorted(self._seen.items())
            if seen and client != OUTSIDE
        }

    def verdict(self, pods: int) -> Verdict:
        """On connections to so many ready *pods*."""
        reaches = {
            client: Reach(len(self._reached[client]), self._at_once[client], max(self._seen[client].values()), number)
            for client, counts in self.by_client.items()
            for number in (sum(counts.values()),)
        }
        outside = sum(looks >= LASTING for looks in self._seen.get(OUTSIDE, {}).values())
        return judge_connections(reaches, pods, outside)

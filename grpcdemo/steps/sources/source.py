"""What any source answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from grpcdemo.diagnosis.traffic import Counters
from grpcdemo.resources.objects import Object


@dataclass(frozen=True)
class Reading:
    """One poll of some client pods, each called as `client_names` calls it."""

    counters: Mapping[str, Counters]
    """By pod, the requests to each address."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """By pod that has counters which could not be read now, why."""
    uncounted: Sequence[str] = ()
    """Pods whose requests nobody counts."""


def client_names(pods: Sequence[Object]) -> dict[str, str]:
    """How each pod is called, by its UID: its name, after its namespace where another one has the same name."""
    count = Counter(pod["metadata"]["name"] for pod in pods)
    return {
        str(pod["metadata"]["uid"]): name if count[name] == 1 else f"{pod['metadata']['namespace']}/{name}"
        for pod in pods
        for name in (str(pod["metadata"]["name"]),)
    }


class Source(Protocol):
    """Counters of the requests to one port of one Service."""

    name: str

    async def read(self, pods: Sequence[Object]) -> Reading:
        """The counters of these client *pods*, as they are now. Raises Unreadable if the user lacks the right."""

    async def close(self) -> None:
        """Close the connections that it keeps from one reading to the next."""

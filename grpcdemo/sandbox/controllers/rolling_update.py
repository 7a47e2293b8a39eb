"""How many pods each ReplicaSet of a Deployment should have next: the arithmetic of a rolling update.

Pure: Deployment and ReplicaSets in, sizes out. The words are the Deployment controller's own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from grpcdemo.resources.deployments import by_age
from grpcdemo.resources.objects import Object, annotations_of
from grpcdemo.sandbox.controllers.revision import DESIRED_REPLICAS, MAX_REPLICAS

Sizes = list[tuple[Object, int]]
"""ReplicaSets, with how many replicas each should have."""
DEFAULT = "25%"


def max_surge(deployment: Object) -> int:
    return _bounds(deployment)[0]


def max_unavailable(deployment: Object) -> int:
    replicas: int = deployment["spec"]["replicas"]
    return min(_bounds(deployment)[1], replicas)


def is_rolling(deployment: Object) -> bool:
    return bool((deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


def _bounds(deployment: Object) -> tuple[int, int]:
    """Surge (rounded up) and unavailable (rounded down); both zero would never get anywhere."""
    if not is_rolling(deployment):
        return 0, 0
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    replicas = deployment["spec"]["replicas"]
    surge = _scaled(rolling.get("maxSurge", DEFAULT), replicas, up=True)
    unavailable = _scaled(rolling.get("maxUnavailable", DEFAULT), replicas, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _scaled(value: int | str, replicas: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    hundredths = int(value.rstrip("%")) * replicas
    return -(-hundredths // 100) if up else hundredths // 100


def max_replicas(deployment: Object) -> int:
    replicas: int = deployment["spec"]["replicas"]
    return replicas + max_surge(deployment) if replicas else 0


def size_of(replica_set: Object) -> int:
    replicas: int = replica_set["spec"].get("replicas", 1)
    return replicas


def total_size(replica_sets: Collection[Object]) -> int:
    return sum(map(size_of, replica_sets))


def count(replica_sets: Collection[Object], field: str) -> int:
    """The sum of one number in the statuses, such as `availableReplicas`."""
    return sum((found.get("status") or {}).get(field, 0) for found in replica_sets)


def active(replica_sets: Collection[Object]) -> list[Object]:
    return [found for found in replica_sets if size_of(found) > 0]


def new_size(deployment: Object, new: Object | None, replica_sets: Collection[Object]) -> int:
    """How large the new ReplicaSet (None before it is made) may be now."""
    wanted: int = deployment["spec"]["replicas"]
    size = size_of(new) if new else 0
    if size >= wanted or not is_rolling(deployment):
        return wanted
    room = wanted + max_surge(deployment) - total_size(replica_sets)
    return size + max(0, min(room, wanted - size))


def old_sizes(deployment: Object, new: Object, old: Collection[Object]) -> Sizes:
    """Which old ReplicaSets may shrink now: what is not available first, then as many as are available to spare."""
    min_available = deployment["spec"]["replicas"] - max_unavailable(deployment)
    pending = size_of(new) - count([new], "availableReplicas")
    may_go = total_size([new, *old]) - min_available - pending
    oldest_first = sorted(active(old), key=by_age)
    sizes = [size_of(found) for found in oldest_first]
    unhealthy = [max(0, size_of(found) - count([found], "availableReplicas")) for found in oldest_first]
    for limits in (unhealthy, sizes):
        for index, limit in enumerate(limits):
            gone = max(0, min(may_go, limit))
            sizes[index] -= gone
            may_go -= gone
    return list(zip(oldest_first, sizes, strict=True))


def is_scaling(deployment: Object, replica_sets: Collection[Object]) -> bool:
    """Whether the Deployment's size has changed since its ReplicaSets were sized."""
    wanted = str(deployment["spec"]["replicas"])
    return any(annotations_of(found).get(DESIRED_REPLICAS, wanted) != wanted for found in active(replica_sets))


def scaled_sizes(deployment: Object, new: Object | None, old: Sequence[Object]) -> Sizes:
    """The sizes after scaling alone: in the middle of a rollout, each ReplicaSet gets its share of the change."""
    everything = [*old, *([new] if new else [])]
    running = active(everything)
    wanted = deployment["spec"]["replicas"]
    if len(running) <= 1:
        target = running or ([new] if new else sorted(old, key=by_age)[-1:])
        return [(found, wanted) for found in target]
    if new and _is_saturated(deployment, new):
        return [(found, 0) for found in active(old)]
    return _proportional(deployment, running) if is_rolling(deployment) else []


def _is_saturated(deployment: Object, new: Object) -> bool:
    wanted = deployment["spec"]["replicas"]
    desired = int(annotations_of(new).get(DESIRED_REPLICAS, -1))
    return bool(size_of(new) == desired == count([new], "availableReplicas") == wanted)


def _proportional(deployment: Object, running: list[Object]) -> Sizes:
    """Larger ReplicaSets first, newer ones first when growing, older ones first when shrinking."""
    to_add = max_replicas(deployment) - total_size(running)
    by_size = sorted(running, key=by_age, reverse=to_add > 0)
    by_size.sort(key=size_of, reverse=True)
    sizes, added = [], 0
    for found in by_size:
        share = _share(deployment, found)
        share = min(share, to_add - added) if to_add > 0 else max(share, to_add - added)
        share = share if to_add else 0
        sizes.append(size_of(found) + share)
        added += share
    sizes[0] = max(0, sizes[0] + to_add - added)
    return list(zip(by_size, sizes, strict=True))


def _share(deployment: Object, replica_set: Object) -> int:
    size = size_of(replica_set)
    before = int(annotations_of(replica_set).get(MAX_REPLICAS) or deployment["status"].get("replicas") or size)
    return math.floor(size * max_replicas(deployment) / before + 0.5) - size

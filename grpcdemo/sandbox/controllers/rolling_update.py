"""The arithmetic of a rolling update: the next size of each ReplicaSet of a Deployment.

Pure functions: a Deployment and its ReplicaSets in, sizes out.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from grpcdemo.resources.deployments import by_age
from grpcdemo.resources.objects import Object, annotations_of
from grpcdemo.sandbox.controllers.revision import DESIRED_REPLICAS, MAX_REPLICAS

Sizes = list[tuple[Object, int]]
"""ReplicaSets, and the replicas that each should have."""
DEFAULT = "25%"


def max_surge(deployment: Object) -> int:
    return _bounds(deployment)[0]


def max_unavailable(deployment: Object) -> int:
    replicas: int = deployment["spec"]["replicas"]
    return min(_bounds(deployment)[1], replicas)


def is_rolling(deployment: Object) -> bool:
    return bool((deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


def _bounds(deployment: Object) -> tuple[int, int]:
    """maxSurge, rounded up, and maxUnavailable, rounded down; never both zero, which would block the rollout."""
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
    """The sum of one count in the statuses, such as `availableReplicas`."""
    return sum((replica_set.get("status") or {}).get(field, 0) for replica_set in replica_sets)


def active(replica_sets: Collection[Object]) -> list[Object]:
    return [replica_set for replica_set in replica_sets if size_of(replica_set) > 0]


def new_size(deployment: Object, new: Object | None, replica_sets: Collection[Object]) -> int:
    """How large the new ReplicaSet (None until it exists) may be now."""
    desired: int = deployment["spec"]["replicas"]
    size = size_of(new) if new else 0
    if size >= desired or not is_rolling(deployment):
        return desired
    room = desired + max_surge(deployment) - total_size(replica_sets)
    return size + max(0, min(room, desired - size))


def old_sizes(deployment: Object, new: Object, old: Collection[Object]) -> Sizes:
    """How far the old ReplicaSets may shrink now: unavailable pods first, then what minAvailable leaves."""
    min_available = deployment["spec"]["replicas"] - max_unavailable(deployment)
    pending = size_of(new) - count([new], "availableReplicas")
    may_go = total_size([new, *old]) - min_available - pending
    oldest_first = sorted(active(old), key=by_age)
    sizes = [size_of(replica_set) for replica_set in oldest_first]
    available = [count([replica_set], "availableReplicas") for replica_set in oldest_first]
    unhealthy = [max(0, size - ready) for size, ready in zip(sizes, available, strict=True)]
    for limits in (unhealthy, sizes):
        for index, limit in enumerate(limits):
            gone = max(0, min(may_go, limit))
            sizes[index] -= gone
            may_go -= gone
    return list(zip(oldest_first, sizes, strict=True))


def is_scaling(deployment: Object, replica_sets: Collection[Object]) -> bool:
    """Whether the Deployment's size has changed since its ReplicaSets were sized."""
    desired = str(deployment["spec"]["replicas"])
    sized_for = [annotations_of(replica_set).get(DESIRED_REPLICAS, desired) for replica_set in active(replica_sets)]
    return any(replicas != desired for replicas in sized_for)


def scaled_sizes(deployment: Object, new: Object | None, old: Sequence[Object]) -> Sizes:
    """Sizes after scaling: during a rollout, each ReplicaSet takes its share of the change."""
    everything = [*old, *([new] if new else [])]
    running = active(everything)
    replicas = deployment["spec"]["replicas"]
    if len(running) <= 1:
        target = running or ([new] if new else sorted(old, key=by_age)[-1:])
        return [(replica_set, replicas) for replica_set in target]
    if new and _is_saturated(deployment, new):
        return [(replica_set, 0) for replica_set in active(old)]
    return _proportional(deployment, running) if is_rolling(deployment) else []


def _is_saturated(deployment: Object, new: Object) -> bool:
    replicas = deployment["spec"]["replicas"]
    desired = int(annotations_of(new).get(DESIRED_REPLICAS, -1))
    return bool(size_of(new) == desired == count([new], "availableReplicas") == replicas)


def _proportional(deployment: Object, running: list[Object]) -> Sizes:
    """Larger ReplicaSets first, newer ones first when growing, older ones first when shrinking."""
    to_add = max_replicas(deployment) - total_size(running)
    by_size = sorted(running, key=by_age, reverse=to_add > 0)
    by_size.sort(key=size_of, reverse=True)
    sizes, added = [], 0
    for replica_set in by_size:
        share = _share(deployment, replica_set)
        share = min(share, to_add - added) if to_add > 0 else max(share, to_add - added)
        share = share if to_add else 0
        sizes.append(size_of(replica_set) + share)
        added += share
    sizes[0] = max(0, sizes[0] + to_add - added)
    return list(zip(by_size, sizes, strict=True))


def _share(deployment: Object, replica_set: Object) -> int:
    size = size_of(replica_set)
    before = int(annotations_of(replica_set).get(MAX_REPLICAS) or deployment["status"].get("replicas") or size)
    return math.floor(size * max_replicas(deployment) / before + 0.5) - size

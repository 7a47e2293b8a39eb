"""The effect of preferring nearby endpoints: on one node, or in one zone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from grpcdemo.diagnosis.finding import Severity
from grpcdemo.diagnosis.scene import Endpoint, Scene
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import NODES

ZONE = "topology.kubernetes.io/zone"
Level = Literal["node", "zone"]


@dataclass(frozen=True)
class Locality:
    """How far a preference for near endpoints goes."""

    severity: Severity
    effect: str


def judge_preference(scene: Scene, level: Level, *, strict: bool = False) -> Locality | None:
    """The effect of a preference, or None if it has none. A *strict* one takes no endpoint elsewhere.

    Raises Unreadable if the zones of the client's nodes are needed and cannot be read.
    """
    ready = scene.ready_endpoints
    places = Counter(place for endpoint in ready if (place := _place(endpoint, level)))
    if len(places) < 2 and not (strict and scene.callers):
        return None
    if not scene.callers:
        return Locality(Severity.MAY_PIN, f"a client gets only the pods of its own {level}")
    worst: Locality | None = None
    for place in sorted({_caller_place(scene, pod, level) for pod in scene.callers}):
        near = places.get(place, 0)
        where = f"on the client's {level} {place}"
        if near == 0 and strict:
            return Locality(Severity.ERRORS, f"no ready pod is {where}, so its calls fail")
        if near == 1 < len(ready):
            return Locality(Severity.PINS, f"one of {len(ready)} ready pods is {where}, and gets all its calls")
        if near < len(ready) and near:
            worst = Locality(Severity.MAY_PIN, f"{near} of {len(ready)} ready pods are {where}, the others get none")
    return worst


def _place(endpoint: Endpoint, level: Level) -> str | None:
    return endpoint.node if level == "node" else endpoint.zone


def _caller_place(scene: Scene, pod: Object, level: Level) -> str:
    node = str(pod["spec"].get("nodeName") or "")
    if level == "node":
        return node
    obj = scene.inventory.find(NODES, node)
    return labels_of(obj).get(ZONE, "") if obj else ""
